// What is taken away: texts to copy, files to keep.

import * as api from "./api.js";
import { complain, el, find, say } from "./dom.js";

export const stem = (name) => name.replace(/\.[^.]*$/, "") || name;

export function save(blob, name) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// `read` gives the text; where there is no clipboard to write to, `mark` marks it to be copied by hand.
export function copier(title, read, mark) {
  const button = el("button", { type: "button", textContent: "Copy", "aria-label": `Copy: ${title}` });
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(read());
    } catch {
      mark();
      say("Press Ctrl-C to copy what is marked.");
      return;
    }
    button.textContent = "Copied";
    say(`${title} copied.`);
    setTimeout(() => (button.textContent = "Copy"), 1500);
  });
  return button;
}

export function copied(title, text) {
  const words = el("pre", { textContent: text, tabIndex: 0, "aria-label": title });
  const button = copier(title, () => text, () => getSelection().selectAllChildren(words));
  return el("div", { class: "copy" }, el("h4", { textContent: title }), button, words);
}

export function showTexts(answer) {
  const field = find("#text");
  const texts = [copied("Command", answer.command), copied("Python", answer.python)];
  find("#take").replaceChildren(...texts);
  if (field && document.activeElement !== field) field.value = answer.pipeline;
}

export function downloads(current) {
  const files = [
    ["answer", (answer) => `${answer.kind}.png`, "Answer (PNG)"],
    ["labels", () => "labels.png", "Labels (16-bit PNG)"],
    ["table", () => "table.csv", "Objects (CSV)"],
  ];
  const keep = async (question, fields, name) => {
    try {
      save(await api.file(question, fields), name);
    } catch (fault) {
      complain(fault);
    }
  };
  const buttons = files.map(([what, ending, title]) =>
    el("button", { type: "button", textContent: title, "data-what": what, onclick: () => {
      const { picture, steps, answer } = current();
      const only = what === "answer" ? steps.filter(([name]) => name !== "regions") : steps;
      return keep("download", { picture: picture.id, steps: only, what }, `${stem(picture.name)}-${ending(answer)}`);
    } }));
  const report = el("button", { type: "button", textContent: "Report (HTML)", onclick: () => {
    const { picture, steps } = current();
    const compared = steps.filter(([name]) => name !== "regions");
    return keep("report", { picture: picture.id, methods: [compared] }, `${stem(picture.name)}-report.html`);
  } });
  find("#downloads").replaceChildren(...buttons, report);
}
