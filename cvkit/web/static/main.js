// The page: which room and which view is seen, and who tells whom.

import * as api from "./api.js";
import { calm, complain, find, say } from "./dom.js";
import { Editor } from "./editor.js";
import { startGenerator } from "./generator.js";
import { Grid } from "./grid.js";
import { Pictures } from "./pictures.js";

find("#message button").addEventListener("click", calm);

try {
  start(await api.catalogue());
} catch (fault) {
  complain(fault);
}

function start(known) {
  const editor = new Editor(known);
  const grid = new Grid(known, open);
  const pictures = new Pictures(known, choose);

  function choose(picture) {
    editor.leave();
    find("#editor").hidden = true;
    find("#all").hidden = false;
    grid.show(picture);
  }

  function open(picture, steps) {
    find("#all").hidden = true;
    find("#editor").hidden = false;
    editor.open(picture, steps);
    find("#editor-title").focus();
  }

  function back() {
    editor.leave();
    find("#editor").hidden = true;
    find("#all").hidden = false;
    if (grid.truth !== grid.picture.truth) grid.show(grid.picture);
    grid.focus();
  }

  find("#back").addEventListener("click", back);
  find("#editor").addEventListener("keydown", (event) => {
    if (event.key === "Escape") back();
  });
  pictures.truthAdded = (picture) => (find("#all").hidden ? editor.open(picture, editor.steps) : grid.show(picture));
  if (known.generators.length) rooms(known);
  say("Ready: drop a picture, or choose one.");
  document.body.classList.add("ready");
}

function rooms(known) {
  const buttons = { segment: find("#room-segment"), generate: find("#room-generate") };
  find("#rooms").hidden = false;
  startGenerator(known.generators);
  for (const [name, button] of Object.entries(buttons)) {
    button.addEventListener("click", () => {
      for (const [other, its] of Object.entries(buttons)) {
        find(`#${other}`).hidden = other !== name;
        its.setAttribute("aria-pressed", other === name);
      }
    });
  }
}
