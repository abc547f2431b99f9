// The objects, a row each; the one that is chosen here is seen in the picture, and the other way round.

import { el, find, short } from "./dom.js";

const SEEN = ["label", "area", "row", "col", "diameter", "eccentricity", "mean"];

export class Table {
  constructor(chosen) {
    this.chosen = chosen;
    this.by = "label";
    this.down = false;
  }

  show(table) {
    this.table = table;
    find("#objects").hidden = !table || !table.count;
    if (find("#objects").hidden) return;
    const [all, some] = [table.count.toLocaleString("en"), table.rows.length];
    find("#objects-title").textContent = some < table.count ? `Objects: the first ${some} of ${all}` : `Objects: ${all}`;
    find("#objects thead").replaceChildren(el("tr", {}, ...SEEN.map((name) => this.head(name))));
    this.fill();
  }

  head(name) {
    const order = this.by === name ? (this.down ? "descending" : "ascending") : "none";
    const sort = () => {
      this.down = this.by === name ? !this.down : name !== "label";
      this.by = name;
      this.show(this.table);
      find(`#objects th[data-name=${name}] button`).focus();
    };
    const button = el("button", { type: "button", textContent: name, onclick: sort });
    return el("th", { scope: "col", "aria-sort": order, "data-name": name }, button);
  }

  fill() {
    const place = Object.fromEntries(this.table.columns.map((name, at) => [name, at]));
    const sign = this.down ? -1 : 1;
    const rows = [...this.table.rows].sort((one, other) => sign * (one[place[this.by]] - other[place[this.by]]));
    const made = rows.map((row) => {
      const id = row[place.label];
      const pick = el("button", { type: "button", textContent: id, "aria-pressed": "false" });
      const cells = SEEN.slice(1).map((name) => el("td", { textContent: short(row[place[name]]) }));
      return el("tr", { "data-id": id, onclick: () => this.pick(id, true) }, el("th", { scope: "row" }, pick), ...cells);
    });
    find("#objects tbody").replaceChildren(...made);
  }

  pick(id, tell = false) {
    const rows = find("#objects tbody");
    const toggled = this.picked === id ? 0 : id;
    this.picked = tell ? toggled : id;
    for (const row of rows.children) {
      const is = Number(row.dataset.id) === this.picked;
      row.classList.toggle("chosen", is);
      find("button", row).setAttribute("aria-pressed", is);
      if (is && !tell) row.scrollIntoView({ block: "nearest" });
    }
    if (tell) this.chosen(this.picked);
  }
}
