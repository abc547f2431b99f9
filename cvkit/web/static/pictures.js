// Pictures come in: dropped, chosen, or a sample; the one that is looked at, and its truth.

import * as api from "./api.js";
import { calm, complain, el, enough, find, percent, say } from "./dom.js";

const SIDE = 64; // of a picture on the shelf

export class Pictures {
  constructor(known, chosen) {
    this.known = known;
    this.chosen = chosen;
    this.truthAdded = () => {};
    this.list = [];
    this.current = null;
    this.listen();
    this.offerSamples(known.samples);
  }

  listen() {
    const [files, truth] = [find("#files"), find("#truth-file")];
    find("#choose").addEventListener("click", () => files.click());
    find("#add-truth").addEventListener("click", () => truth.click());
    files.addEventListener("change", () => this.take([...files.files]).then(() => (files.value = "")));
    truth.addEventListener("change", () => this.judge(truth.files[0]).then(() => (truth.value = "")));
    addEventListener("dragover", (event) => {
      event.preventDefault();
      document.body.classList.add("over");
    });
    addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) document.body.classList.remove("over");
    });
    addEventListener("drop", (event) => {
      event.preventDefault();
      document.body.classList.remove("over");
      this.take([...event.dataTransfer.files]);
    });
    addEventListener("paste", (event) => {
      if (event.clipboardData.files.length) this.take([...event.clipboardData.files]);
    });
  }

  offerSamples(names) {
    const samples = find("#samples");
    samples.hidden = !names.length;
    for (const name of names) {
      samples.append(el("button", { type: "button", textContent: name, onclick: () => this.sample(name) }));
    }
  }

  async sample(name) {
    calm();
    try {
      await this.add(await api.question("samples", { name }));
    } catch (fault) {
      complain(fault);
    }
  }

  async take(files, page = 0) {
    calm();
    for (const file of files) {
      say(`Reading ${file.name}`);
      try {
        const most = this.known.limits.bytes;
        if (file.size > most) throw new Error(`${file.name}: at most ${Math.round(most / 2 ** 20)} MB are taken.`);
        await this.add(await api.addPicture(file, { name: file.name, page }), file);
      } catch (fault) {
        complain(fault);
      }
    }
  }

  async add(facts, file = null) {
    const picture = { ...facts, file, bitmap: await api.shown({ picture: facts.id }), truthBitmap: null };
    if (picture.truth) picture.truthBitmap = await api.shown({ picture: facts.id, what: "truth" });
    this.list.push(picture);
    this.choose(picture);
  }

  choose(picture) {
    this.current = picture;
    document.body.classList.add("has-picture");
    this.tellAbout(picture);
    find("#shelf").replaceChildren(...(this.list.length > 1 ? this.list.map((one) => this.spine(one)) : []));
    say(`${picture.name}, ${picture.width} by ${picture.height}`);
    this.chosen(picture);
  }

  spine(picture) {
    const canvas = el("canvas", { width: SIDE, height: SIDE });
    const scale = Math.max(SIDE / picture.width, SIDE / picture.height);
    const [width, height] = [picture.width * scale, picture.height * scale];
    canvas.getContext("2d").drawImage(picture.bitmap, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
    const words = { type: "button", title: picture.name, "aria-label": picture.name, "aria-pressed": picture === this.current };
    return el("li", {}, el("button", { ...words, onclick: () => this.choose(picture) }, canvas));
  }

  tellAbout(picture) {
    find("#about").hidden = false;
    const facts = [`${picture.width} × ${picture.height}`, picture.type, ...picture.notes].join(", ");
    find("#facts").replaceChildren(el("strong", { textContent: picture.name }), ` ${facts}`);
    if (picture.pages > 1 && picture.file) find("#facts").append(" ", this.pages(picture));
    const truth = picture.truth;
    const found = truth && (truth.objects === null ? truth.kind : `${enough(truth.objects, "object")}, ${percent(truth.coverage)}`);
    find("#truth span").textContent = truth ? `Truth: ${truth.name}, ${found}` : "";
    find("#add-truth").textContent = truth ? "Change" : "Add a truth mask";
  }

  pages(picture) {
    const turn = (event) => this.take([picture.file], event.target.value);
    const field = { type: "number", min: 0, max: picture.pages - 1, value: picture.page, onchange: turn };
    return el("label", {}, "Page ", el("input", field), ` of ${picture.pages}, from 0`);
  }

  async judge(file) {
    const picture = this.current;
    calm();
    try {
      picture.truth = await api.addTruth(file, { picture: picture.id, name: file.name });
      picture.truthBitmap = await api.shown({ picture: picture.id, what: "truth" });
      this.tellAbout(picture);
      this.truthAdded(picture);
    } catch (fault) {
      complain(fault);
    }
  }
}
