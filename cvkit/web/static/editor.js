// One pipeline on one picture: its steps and their sliders, and what comes out.

import * as api from "./api.js";
import { calm, complain, el, enough, find, percent, time } from "./dom.js";
import { showHistogram } from "./histogram.js";
import { Steps } from "./steps.js";
import { Table } from "./table.js";
import { downloads, showTexts } from "./take.js";
import { numbers, Viewer } from "./viewer.js";

const SCORES = { dice: "Dice", iou: "IoU", precision: "precision", recall: "recall", ap50: "AP at IoU .5", mean_iou: "mean IoU" };

export class Editor {
  constructor(known) {
    this.viewer = new Viewer((id) => this.pick(id));
    this.table = new Table((id) => this.viewer.choose(id));
    this.list = new Steps(known, () => this.refresh(), (text) => this.read(text));
    this.turn = 0;
    downloads(() => this);
  }

  get steps() {
    return this.list.steps;
  }

  open(picture, steps) {
    this.leave();
    Object.assign(this, { picture, answer: null, truth: null });
    this.truth = picture.truthBitmap && numbers(picture.truthBitmap);
    const judged = this.truth && picture.truth.kind !== "classes";
    find("#look [value=errors]").disabled = !judged;
    if (!judged && find("#look").value === "errors") find("#look").value = "fill";
    this.viewer.show(picture.bitmap, null, "mask", null);
    this.list.open(steps, { unit: picture.unit, side: Math.max(picture.width, picture.height) });
    this.refresh();
  }

  leave() {
    this.turn += 1; // what is still on its way is for nobody
    this.busy = this.again = false;
  }

  // One question at a time; of those that come meanwhile the last one is asked.
  async refresh() {
    if (this.busy) {
      this.again = true;
      return;
    }
    this.busy = true;
    const turn = this.turn;
    do {
      this.again = false;
      await this.ask(this.steps, turn);
    } while (this.again && turn === this.turn);
    if (turn === this.turn) this.busy = false;
  }

  async ask(steps, turn) {
    find("#editor").setAttribute("aria-busy", "true");
    try {
      const asked = { picture: this.picture.id, steps, results: steps.length > 1 };
      const answer = await api.question("segment", asked);
      const [ids, background] = await Promise.all([
        api.picture(answer.picture).then(numbers),
        answer.background ? api.picture(answer.background) : this.picture.bitmap,
      ]);
      if (turn !== this.turn) return;
      calm();
      this.show(answer, ids, background);
      await this.list.showResults(answer.results);
    } catch (fault) {
      if (turn === this.turn) complain(fault);
    }
    if (turn === this.turn) find("#editor").setAttribute("aria-busy", String(this.again));
  }

  async read(text) {
    const turn = this.turn;
    try {
      const answer = await api.question("segment", { picture: this.picture.id, steps: text });
      if (turn !== this.turn) return;
      this.list.open(answer.steps, this.list.context);
      this.refresh();
    } catch (fault) {
      complain(fault);
    }
  }

  show(answer, ids, background) {
    this.answer = answer;
    this.viewer.show(background, ids, answer.kind, this.truth);
    find("#editor-title").textContent = this.list.method;
    const found = [answer.objects === null ? "classes" : enough(answer.objects, "object"), percent(answer.coverage), time(answer.seconds)];
    const scores = Object.entries(answer.scores ?? {}).filter(([name, value]) => name in SCORES && value !== null);
    const judged = scores.map(([name, value]) => el("span", {}, `${SCORES[name]} `, el("b", { textContent: value.toFixed(3) })));
    find("#numbers").replaceChildren(el("span", { textContent: found.join(" · ") }), ...judged);
    if (answer.fault) find("#numbers").append(el("span", { textContent: answer.fault }));
    find("#canvas").setAttribute("aria-label", `${this.picture.name} with ${found.join(", ")}`);
    if (answer.histogram) this.list.fit([answer.histogram.low, answer.histogram.high]);
    showHistogram(answer.histogram);
    this.table.show(answer.table);
    showTexts(answer);
    for (const button of find("#downloads").children) {
      button.disabled = answer.kind === "classes" && ["labels", "table"].includes(button.dataset.what);
    }
  }

  pick(id) {
    this.table.pick(id);
    this.viewer.choose(id);
  }
}

