// Sliders, switches and choices, made from what the server says of each parameter.

import { el, option } from "./dom.js";

const RARE = ["border", "compat", "nan", "exact", "connectivity", "engine", "precision"];
let made = 0;

// `context` holds `unit`: the range of the values that the method sees, `side`: the longer side of the picture, and
// `fits`, which are called when `unit` has changed.
export function controlsOf(entry, values, context, changed) {
  const rows = { often: [], rarely: [] };
  for (const control of entry.controls) {
    const set = (value) => {
      if (value === control.default) delete values[control.name];
      else values[control.name] = value;
      changed();
    };
    const row = rowOf(control, values[control.name] ?? control.default, context, set);
    rows[RARE.includes(control.name) ? "rarely" : "often"].push(row);
  }
  if (!rows.rarely.length) return rows.often;
  const open = RARE.some((name) => name in values);
  return [...rows.often, el("details", { open }, el("summary", { textContent: "More" }), ...rows.rarely)];
}

function rowOf(control, value, context, set) {
  const id = `control-${(made += 1)}`;
  const label = el("label", { for: id, textContent: control.name });
  const kinds = { whole: number, number, switch: toggle, choice, text };
  const fields = kinds[control.kind](control, value, context, set, id);
  fields[0].title = control.help;
  return el("div", { class: "control", title: control.help }, label, ...fields);
}

function spanOf({ low, high, step, span }, value, context) {
  if (span === "pixels") [low, high, step] = [0, context.side, 1];
  if (span === "unit") {
    const wide = context.unit[1] - context.unit[0] || 1;
    [low, high, step] = [Math.min(0, context.unit[0]), context.unit[1], 10 ** Math.floor(Math.log10(wide / 50))];
  }
  return { low: Math.min(low, value ?? low), high: Math.max(high, value ?? high), step };
}

function number(control, value, context, set, id) {
  // A value that a browser would round to its grid is kept as it is typed.
  const slider = el("input", { type: "range", id });
  const field = el("input", { type: "number", step: "any", "aria-label": `${control.name}, typed` });
  const whole = control.kind === "whole";
  const written = (text) => (text === "" ? null : whole ? Math.round(Number(text)) : Number(Number(text).toPrecision(12)));
  const show = (now) => {
    value = now;
    slider.value = now ?? (Number(slider.min) + Number(slider.max)) / 2;
    field.value = now ?? "";
    field.placeholder = control.optional ? "auto" : "";
    slider.classList.toggle("auto", now === null);
  };
  const fit = () => {
    const { low, high, step } = spanOf(control, value, context);
    Object.assign(slider, { min: low, max: high, step });
    show(value);
  };
  fit();
  if (control.span === "unit") context.fits.push(fit);
  slider.addEventListener("input", () => {
    const now = written(slider.value);
    show(now);
    set(now);
  });
  field.addEventListener("change", () => {
    const now = written(field.value);
    if (now === null && !control.optional) {
      show(control.default);
      set(control.default);
      return;
    }
    if (now !== null) {
      slider.min = Math.min(slider.min, now);
      slider.max = Math.max(slider.max, now);
    }
    show(now);
    set(now);
  });
  return [slider, field];
}

function toggle(control, value, _, set, id) {
  return [el("input", { type: "checkbox", id, checked: value, onchange: (event) => set(event.target.checked) })];
}

function choice(control, value, _, set, id) {
  const choices = [...(control.optional ? [null] : []), ...control.choices];
  const box = el("select", { id }, ...choices.map((one, at) => option(at, one === null ? "none" : one)));
  box.value = choices.indexOf(value);
  box.addEventListener("change", () => set(choices[box.value]));
  return [box];
}

function text(control, value, _, set, id) {
  return [el("input", { type: "text", id, value, onchange: (event) => set(event.target.value || control.default) })];
}
