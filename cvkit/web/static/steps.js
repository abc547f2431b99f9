// The steps of a pipeline as a list that can be changed, each with its controls and what it gave.

import * as api from "./api.js";
import { controlsOf } from "./controls.js";
import { el, find, option } from "./dom.js";
import { copier } from "./take.js";
import { small } from "./viewer.js";

export class Steps {
  constructor(known, changed, read) {
    this.entries = Object.fromEntries([...known.methods, ...known.steps].map((entry) => [entry.name, entry]));
    this.methods = known.methods.map((entry) => entry.name);
    this.changed = changed;
    this.steps = [];
    const text = el("input", { type: "text", id: "text", spellcheck: false, autocomplete: "off" });
    text.addEventListener("change", () => read(text.value));
    text.setAttribute("aria-label", "Pipeline as text");
    find("#steps").before(el("div", { class: "line" }, text, copier("Pipeline", () => text.value, () => text.select())));
    find("#add").addEventListener("change", (event) => this.add(event.target.value));
  }

  get place() {
    return this.steps.findIndex(([name]) => this.methods.includes(name));
  }

  get method() {
    return this.steps[this.place]?.[0] ?? "";
  }

  open(steps, context) {
    this.steps = steps.map(([name, values]) => [name, { ...values }]);
    this.context = context;
    this.draw();
  }

  // What the steps from the first to this one make of an image.
  kindAt(place) {
    let kind = "image";
    for (const [name] of this.steps.slice(0, place + 1)) {
      const { gives } = this.entries[name];
      if (gives !== "same") kind = gives;
    }
    return kind;
  }

  // The values that the method sees go from here to there.
  fit(unit) {
    if (String(unit) === String(this.context.unit)) return;
    this.context.unit = unit;
    for (const fit of this.context.fits) fit();
  }

  draw() {
    this.context.fits = [];
    this.items = this.steps.map((step, place) => this.item(step, place));
    find("#steps").replaceChildren(...this.items.map((item) => item.item));
    this.offer();
  }

  item([name, values], place) {
    const entry = this.entries[name];
    const act = (sign, title, work, off) =>
      el("button", { type: "button", textContent: sign, "aria-label": `${title} ${name}`, title, onclick: work, disabled: off });
    const is = place === this.place;
    const middle = this.place;
    const may = (to) => to >= 0 && to < this.steps.length && to !== middle;
    const buttons = is ? [] : [
      act("↑", "Move up", () => this.swap(place, place - 1), !may(place - 1)),
      act("↓", "Move down", () => this.swap(place, place + 1), !may(place + 1)),
      act("×", "Remove", () => this.remove(place), false),
    ];
    const title = is ? this.chooser(name) : el("h4", { textContent: name });
    const head = el("div", { class: "head" }, title, ...buttons);
    const seen = el("div", { class: "result" });
    const controls = controlsOf(entry, values, this.context, () => this.changed());
    const about = el("p", { class: "soft", textContent: entry.summary });
    return { seen, item: el("li", { class: is ? "method" : "" }, head, about, ...controls, seen) };
  }

  chooser(name) {
    const box = el("select", { "aria-label": "Method" }, ...this.methods.map((one) => option(one)));
    box.value = name;
    box.addEventListener("change", () => {
      const [was, values] = this.steps[this.place];
      const known = this.entries[box.value].controls.map((control) => control.name);
      const kept = was === box.value ? values : {};
      if ("foreground" in values && known.includes("foreground")) kept.foreground = values.foreground;
      this.steps[this.place] = [box.value, kept];
      this.draw();
      find(".method select").focus();
      this.changed();
    });
    return box;
  }

  offer() {
    const last = this.kindAt(this.steps.length - 1);
    const all = Object.values(this.entries).filter((entry) => !this.methods.includes(entry.name));
    const before = all.filter((entry) => entry.gives === "image");
    const after = all.filter((entry) => entry.gives !== "image" && entry.takes.includes(last));
    const group = (label, entries) => el("optgroup", { label }, ...entries.map((entry) => option(entry.name)));
    find("#add").replaceChildren(option("", "…"), group("before the method", before), group("after it", after));
  }

  add(name) {
    const step = [name, {}];
    if (this.entries[name].gives === "image") this.steps.splice(this.place, 0, step);
    else this.steps.push(step);
    this.redraw();
  }

  remove(place) {
    this.steps.splice(place, 1);
    this.redraw();
  }

  swap(place, other) {
    [this.steps[place], this.steps[other]] = [this.steps[other], this.steps[place]];
    this.redraw();
  }

  redraw() {
    this.draw();
    find("#add").focus();
    this.changed();
  }

  // A single method shows its result in the large picture alone.
  async showResults(results) {
    const items = this.items;
    const several = this.steps.length > 1 && results.length === this.steps.length + 1;
    const bitmaps = await Promise.all(results.map((result) => several && result.picture && api.picture(result.picture)));
    items.forEach(({ seen }, at) => {
      const { text, kind } = results[at + 1] ?? {};
      seen.replaceChildren(...(bitmaps[at + 1] ? [small(bitmaps[at + 1], `${kind} after ${text}`)] : []));
    });
  }
}
