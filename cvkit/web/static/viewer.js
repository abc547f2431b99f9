// The picture and what was found in it: opacity, before and after, zoom, and the object under the pointer.

import { el, find } from "./dom.js";

const PALETTE = [[230, 159, 0], [86, 180, 233], [0, 158, 115], [240, 228, 66], [213, 94, 0], [204, 121, 167], [0, 114, 178]];
const [HIT, MISSED, FALSE, CHOSEN] = [[255, 255, 255], [0, 114, 178], [230, 159, 0], [255, 255, 255]];
const FAR = 64; // pixels of the screen that one of the picture may take
const STEP = 1.25;

// What number a pixel holds: red, green and blue are its three bytes.
export function numbers(bitmap) {
  const pen = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d", { willReadFrequently: true });
  pen.drawImage(bitmap, 0, 0);
  const bytes = new Uint32Array(pen.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);
  return { ids: bytes.map((four) => four & 0xffffff), width: bitmap.width, height: bitmap.height };
}

export class Viewer {
  constructor(picked) {
    this.canvas = find("#canvas");
    this.pen = this.canvas.getContext("2d");
    this.picked = picked;
    this.scale = this.left = this.top = 0;
    this.chosen = 0;
    for (const name of ["look", "opacity", "split"]) find(`#${name}`).addEventListener("input", () => this.paint());
    const [nearer, farther, fit] = find("#zoom").children;
    nearer.addEventListener("click", () => this.zoom(STEP));
    farther.addEventListener("click", () => this.zoom(1 / STEP));
    fit.addEventListener("click", () => this.fit());
    this.listen();
    new ResizeObserver(() => this.background && this.fit()).observe(this.canvas);
  }

  listen() {
    const keys = { "+": () => this.zoom(STEP), "=": () => this.zoom(STEP), "-": () => this.zoom(1 / STEP), 0: () => this.fit() };
    const moves = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
    this.canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (keys[event.key]) keys[event.key]();
      else if (moves[event.key]) this.move(...moves[event.key]);
      else return;
      event.preventDefault();
    });
    this.canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.zoom(event.deltaY < 0 ? STEP : 1 / STEP, event.offsetX, event.offsetY);
    }, { passive: false });
    this.canvas.addEventListener("pointerdown", (event) => {
      if (!event.isPrimary) return; // a second finger is the browser's, to zoom the page
      this.canvas.setPointerCapture(event.pointerId);
      this.held = { x: event.clientX, y: event.clientY, far: 0 };
    });
    this.canvas.addEventListener("pointermove", (event) => this.point(event));
    this.canvas.addEventListener("pointerup", (event) => {
      if (!event.isPrimary) return;
      if (this.held && this.held.far < 4) this.picked(this.under(event));
      this.held = null;
    });
    this.canvas.addEventListener("pointercancel", () => (this.held = null));
  }

  point(event) {
    if (!event.isPrimary) return;
    if (this.held) {
      const [across, down] = [event.clientX - this.held.x, event.clientY - this.held.y];
      this.held = { x: event.clientX, y: event.clientY, far: this.held.far + Math.abs(across) + Math.abs(down) };
      this.move(across, down);
    } else if (this.answer) {
      const id = this.under(event);
      find("#under").textContent = id ? `${this.kind === "classes" ? "class" : "object"} ${id}` : "";
    }
  }

  under({ offsetX, offsetY }) {
    if (!this.answer) return 0;
    const { ids, width, height } = this.answer;
    const col = Math.floor(((offsetX - this.left) / this.scale) * (width / this.background.width));
    const row = Math.floor(((offsetY - this.top) / this.scale) * (height / this.background.height));
    return col >= 0 && row >= 0 && col < width && row < height ? ids[row * width + col] : 0;
  }

  // A new picture is fitted in; a new answer on the same is seen where the old one was.
  show(background, answer, kind, truth) {
    const other = !this.background || background.width !== this.background.width || background.height !== this.background.height;
    Object.assign(this, { background, answer, kind, truth, chosen: 0 });
    if (other || !this.scale) this.fit(false);
    this.paint();
  }

  choose(id) {
    this.chosen = id;
    this.paint();
  }

  fit(draw = true) {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth) return;
    const sharp = devicePixelRatio || 1;
    Object.assign(this.canvas, { width: clientWidth * sharp, height: clientHeight * sharp });
    this.scale = Math.min(clientWidth / this.background.width, clientHeight / this.background.height);
    this.left = (clientWidth - this.background.width * this.scale) / 2;
    this.top = (clientHeight - this.background.height * this.scale) / 2;
    this.whole = this.scale;
    if (draw) this.draw();
  }

  zoom(times, x = this.canvas.clientWidth / 2, y = this.canvas.clientHeight / 2) {
    const scale = Math.min(FAR, Math.max(0.02, this.scale * times));
    this.left = x - ((x - this.left) * scale) / this.scale;
    this.top = y - ((y - this.top) * scale) / this.scale;
    this.scale = scale;
    this.draw();
  }

  move(across, down) {
    this.left += across;
    this.top += down;
    this.draw();
  }

  // Colour the answer once; drawing it at another place or size is quick.
  paint() {
    if (!this.answer) return;
    const { ids, width, height } = this.answer;
    const look = find("#look").value;
    const made = new ImageData(width, height);
    const whole = new Uint32Array(made.data.buffer);
    const colour = ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red;
    const palette = (this.kind === "mask" ? PALETTE.slice(0, 1) : PALETTE).map(colour);
    const [black, white, grey] = [[0, 0, 0], [255, 255, 255], [128, 128, 128]].map(colour);
    const [hit, missed, wrong, chosen] = [HIT, MISSED, FALSE, CHOSEN].map(colour);
    const true_ = look === "errors" && this.truth?.ids.length === ids.length ? this.truth.ids : null;
    const edge = (at, id) => at % width === 0 || (at + 1) % width === 0 || at < width || at >= ids.length - width ||
      ids[at - 1] !== id || ids[at + 1] !== id || ids[at - width] !== id || ids[at + width] !== id;
    for (let at = 0; at < ids.length; at += 1) {
      const id = ids[at];
      if (true_) whole[at] = id ? (true_[at] ? hit : wrong) : true_[at] ? missed : black;
      else if (look === "alone") whole[at] = !id ? black : this.kind === "mask" ? white : palette[(id - 1) % palette.length];
      else if (id === 255 && this.kind === "classes") whole[at] = grey;
      else if (id && id === this.chosen) whole[at] = chosen;
      else if (id && (look === "fill" || edge(at, id))) whole[at] = palette[(id - 1) % palette.length];
    }
    this.layer = new OffscreenCanvas(width, height);
    this.layer.getContext("2d").putImageData(made, 0, 0);
    find("#legend").hidden = !true_;
    this.draw();
  }

  draw() {
    const { pen, canvas, background, scale, left, top } = this;
    if (!background || !this.layer) return;
    canvas.style.touchAction = scale > this.whole ? "none" : "pan-y pinch-zoom"; // a finger scrolls past the whole picture
    const sharp = devicePixelRatio || 1;
    const [width, height] = [background.width * scale, background.height * scale];
    pen.setTransform(sharp, 0, 0, sharp, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.imageSmoothingEnabled = scale < 2;
    pen.drawImage(background, left, top, width, height);
    const line = left + (width * find("#split").value) / 100;
    pen.save();
    pen.beginPath();
    pen.rect(line, top, left + width - line, height);
    pen.clip();
    pen.imageSmoothingEnabled = false;
    const look = find("#look").value;
    pen.globalAlpha = look === "alone" ? 1 : find("#opacity").value / 100;
    pen.drawImage(this.layer, left, top, width, height);
    pen.restore();
    if (find("#split").value > 0) {
      pen.fillStyle = getComputedStyle(canvas).color;
      pen.fillRect(line - 1, top, 2, height);
    }
  }
}

export function small(bitmap, title) {
  const canvas = el("canvas", { width: bitmap.width, height: bitmap.height, role: "img", "aria-label": title });
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  return canvas;
}
