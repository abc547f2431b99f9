// Images of a trained generator: those of a seed, and the way from one to another.

import * as api from "./api.js";
import { calm, complain, el, find, option } from "./dom.js";
import { copied } from "./take.js";
import { small } from "./viewer.js";

export function startGenerator(generators) {
  const number = (id, value, more = {}) => el("input", { type: "number", id, value, min: 0, step: 1, ...more });
  const labelled = (text, field) => el("label", {}, `${text} `, field);
  const box = el("select", { id: "generator" }, ...generators.map((one) => option(one.name)));
  const kind = el("select", { id: "kind" });
  const [seed, count, other] = [number("seed", 0), number("count", 16, { min: 1, max: 64 }), number("other", 1)];
  const usual = el("input", { type: "range", id: "truncation", min: 0, max: 1, step: 0.05, value: 1 });
  const way = el("input", { type: "range", id: "way", min: 0, max: 24, value: 0 });
  const about = el("p", { class: "soft" });
  const [many, one, texts] = [el("div", { class: "made" }), el("div", { class: "made" }), el("div", { id: "generator-texts" })];
  const kindLabel = labelled("Class", kind);
  let strip = null;

  const chosen = () => generators.find((each) => each.name === box.value);
  const condition = () => (kind.value === "" ? null : Number(kind.value));
  const ask = async (fields) => api.question("generate", { name: box.value, condition: condition(), ...fields });
  const guarded = async (work) => {
    calm();
    try {
      await work();
    } catch (fault) {
      complain(fault);
    }
  };

  const sample = () => guarded(async () => {
    const fields = { seeds: [Number(seed.value)], count: Number(count.value), truncation: Number(usual.value) };
    const made = await ask(fields);
    many.replaceChildren(small(await api.picture(made.picture), `${count.value} images of seed ${seed.value}`));
    texts.replaceChildren(copied("Command", made.command), copied("Python", made.python));
  });

  const walk = () => guarded(async () => {
    const made = await ask({ seeds: [Number(seed.value), Number(other.value)] });
    strip = { bitmap: await api.picture(made.picture), frames: made.frames };
    way.max = made.frames - 1;
    frame();
  });

  function frame() {
    const side = strip.bitmap.height / strip.frames;
    const canvas = el("canvas", { width: strip.bitmap.width, height: side, role: "img", "aria-label": `Step ${way.value} of the way` });
    canvas.getContext("2d").drawImage(strip.bitmap, 0, -side * way.value);
    one.replaceChildren(canvas);
  }

  function choose() {
    const { summary, shape, classes } = chosen();
    about.textContent = `${summary} ${shape[1]} × ${shape[0]} pixels.`;
    kindLabel.hidden = !classes.length;
    kind.replaceChildren(option("", "all in turn"), ...classes.map((name, at) => option(at, name)));
    sample();
    walk();
  }

  for (const field of [kind, seed]) field.addEventListener("change", () => sample().then(walk));
  for (const field of [count, usual]) field.addEventListener("change", sample);
  other.addEventListener("change", walk);
  way.addEventListener("input", frame);
  box.addEventListener("change", choose);
  find("#generate").append(
    el("h2", { id: "generate-title", textContent: "Images of a generator" }),
    el("div", { class: "bar" }, labelled("Generator", box), kindLabel, labelled("Seed", seed), labelled("Images", count), labelled("Variety", usual)),
    about, many,
    el("h3", { textContent: "From one to another" }),
    el("div", { class: "bar" }, labelled("To the seed", other), labelled("On the way", way)),
    one, texts,
  );
  choose();
}
