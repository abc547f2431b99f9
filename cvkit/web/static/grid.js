// Every method on one picture: a card for each, filled as it is done.

import * as api from "./api.js";
import { calm, complain, el, enough, find, percent, say, time } from "./dom.js";
import { save, stem } from "./take.js";

const AT_ONCE = 5; // questions; a browser keeps six lines to a server
const SIDE = 360;
const OVER = [230, 159, 0];
const COSTLY = 2; // seconds; a report runs each method twice

export class Grid {
  constructor(known, open) {
    this.methods = known.methods;
    this.open = open;
    this.cards = [];
    this.last = null;
    find("#side").addEventListener("change", () => this.fill());
    find("#sort").addEventListener("change", () => this.sort());
    find("#style").addEventListener("change", () => this.cards.forEach((card) => this.draw(card)));
    find("#report").addEventListener("click", () => this.report());
  }

  show(picture) {
    if (this.picture !== picture) find(`#side input[value=${picture.foreground}]`).checked = true;
    Object.assign(this, { picture, truth: picture.truth });
    find("#sort [value=dice]").disabled = !picture.truth;
    find("#sort").value = picture.truth ? "dice" : "name";
    this.fill();
  }

  focus() {
    (this.last && this.last.isConnected ? this.last : find("#cards button"))?.focus();
  }

  stepsOf(method) {
    const side = find("#side input:checked").value;
    const takes = method.controls.some((control) => control.name === "foreground");
    return [[method.name, side === "dark" && takes ? { foreground: "dark" } : {}]];
  }

  async fill() {
    this.stop?.abort();
    const stop = (this.stop = new AbortController());
    calm();
    this.cards = this.methods.map((method) => this.card(method));
    find("#cards").replaceChildren(...this.cards.map((card) => card.item));
    const row = [...this.cards].sort((one, other) => one.method.model - other.method.model || one.method.cost - other.method.cost);
    const began = performance.now();
    let done = 0;
    const lines = Array.from({ length: AT_ONCE }, async () => {
      for (let card = row.shift(); card && !stop.signal.aborted; card = row.shift()) {
        await this.ask(card, stop.signal);
        if (stop.signal.aborted) return;
        done += 1;
        find("#progress").textContent = `${done} of ${this.cards.length}`;
      }
    });
    await Promise.all(lines);
    if (stop.signal.aborted) return;
    find("#progress").textContent = `${this.cards.length} methods, ${time((performance.now() - began) / 1000)}`;
    say("All methods are done.");
    this.sort();
  }

  async ask(card, signal) {
    try {
      card.found = await api.question("thumbnail", { picture: this.picture.id, steps: card.steps }, signal);
      card.bitmap = await api.picture(card.found.picture);
    } catch (fault) {
      if (signal.aborted) return;
      card.fault = fault.message;
      if (fault.code === "picture-gone") complain(fault);
    }
    this.draw(card);
  }

  card(method) {
    const steps = this.stepsOf(method);
    const canvas = el("canvas", { class: "waiting", width: 8, height: 8 });
    const text = el("span", { class: "soft", textContent: "…" });
    const title = el("strong", { textContent: method.name }, method.model ? el("em", { textContent: "model" }) : null);
    const button = el("button", { type: "button", title: method.summary }, canvas, title, text);
    const card = { method, steps, canvas, text, title, button, item: el("li", {}, button), found: null, fault: "" };
    const scale = Math.min(1, SIDE / Math.max(this.picture.width, this.picture.height));
    canvas.width = Math.max(1, Math.round(this.picture.width * scale));
    canvas.height = Math.max(1, Math.round(this.picture.height * scale));
    canvas.style.aspectRatio = Math.min(2, Math.max(0.8, canvas.width / canvas.height));
    button.addEventListener("click", () => {
      this.last = button;
      this.open(this.picture, steps);
    });
    return card;
  }

  draw(card) {
    if (!card.found) {
      card.text.textContent = card.fault || "…";
      card.item.classList.toggle("failed", Boolean(card.fault));
      card.canvas.classList.toggle("waiting", !card.fault);
      return;
    }
    const { objects, coverage, seconds, scores, fault } = card.found;
    const lines = [objects === null ? "classes" : enough(objects, "object"), percent(coverage), time(seconds)];
    card.text.textContent = lines.join(" · ");
    if (scores) card.text.append(el("br"), this.judged(scores));
    else if (fault) card.text.append(el("br"), "not to be scored");
    card.canvas.classList.remove("waiting");
    this.paint(card);
  }

  judged(scores) {
    const named = { dice: "Dice", ap50: "AP", mean_iou: "mean IoU" };
    const parts = Object.keys(named).filter((name) => Number.isFinite(scores[name]));
    return el("b", { textContent: parts.map((name) => `${named[name]} ${scores[name].toFixed(3)}`).join(" · ") });
  }

  paint(card) {
    const { canvas, bitmap } = card;
    const pen = canvas.getContext("2d");
    if (find("#style").value === "alone") {
      pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      return;
    }
    const mask = new OffscreenCanvas(bitmap.width, bitmap.height);
    const inner = mask.getContext("2d");
    inner.drawImage(bitmap, 0, 0);
    const pixels = inner.getImageData(0, 0, bitmap.width, bitmap.height);
    for (let at = 0; at < pixels.data.length; at += 4) {
      pixels.data[at + 3] = 0.7 * pixels.data[at];
      pixels.data.set(OVER, at);
    }
    inner.putImageData(pixels, 0, 0);
    pen.drawImage(this.picture.bitmap, 0, 0, canvas.width, canvas.height);
    pen.drawImage(mask, 0, 0, canvas.width, canvas.height);
  }

  sort() {
    const by = find("#sort").value;
    const value = (card) => (by === "dice" ? -(card.found?.scores?.dice ?? -1) : (card.found?.[by] ?? Infinity));
    const order = [...this.cards];
    if (by !== "name") order.sort((one, other) => value(one) - value(other));
    const best = by === "dice" ? value(order[0]) : NaN;
    for (const card of order) card.item.classList.toggle("best", value(card) === best && best < 0);
    const focused = document.activeElement;
    find("#cards").replaceChildren(...order.map((card) => card.item));
    if (this.cards.some((card) => card.button === focused)) focused.focus();
  }

  async report() {
    const done = this.cards.filter((card) => card.found);
    const found = done.filter((card) => card.found.seconds < COSTLY).map((card) => card.steps);
    const slow = done.filter((card) => card.found.seconds >= COSTLY).map((card) => card.method.name);
    const button = find("#report");
    button.disabled = true;
    try {
      save(await api.file("report", { picture: this.picture.id, methods: found }), `${stem(this.picture.name)}-report.html`);
      if (slow.length) this.tell(`Not in the report, for they take longer than ${COSTLY} s: ${slow.join(", ")}.`);
    } catch (fault) {
      complain(fault);
    }
    button.disabled = false;
  }

  tell(text) {
    find("#progress").textContent = text;
    say(text);
  }
}
