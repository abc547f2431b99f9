// How often each value occurs in what the method saw, and where it drew the line.

import { find, short, svg } from "./dom.js";

const [WIDTH, HEIGHT] = [512, 96];

export function showHistogram(histogram) {
  const figure = find("#histogram");
  figure.hidden = !histogram;
  find("svg", figure)?.remove();
  if (!histogram) return;
  const { counts, low, high, thresholds } = histogram;
  const most = Math.sqrt(Math.max(...counts)); // roots: the few pixels of small objects are seen, too
  const bar = WIDTH / counts.length;
  const path = counts.map((count, at) => {
    const top = HEIGHT - (HEIGHT * Math.sqrt(count)) / most;
    return `M${at * bar} ${HEIGHT}V${top.toFixed(1)}h${bar}V${HEIGHT}`;
  });
  const place = (value) => (WIDTH * (value - low + 0.5 * ((high - low) / counts.length))) / (high - low || 1);
  const lines = thresholds.map((value) => svg("path", { class: "line", d: `M${place(value).toFixed(1)} 0V${HEIGHT}` }));
  const said = thresholds.length
    ? `threshold ${thresholds.map(short).join(", ")}`
    : "no single threshold";
  const label = `Histogram of the values from ${short(low)} to ${short(high)}; ${said}`;
  const drawing = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": label };
  figure.prepend(svg("svg", drawing, svg("path", { class: "bars", d: path.join("") }), ...lines));
  find("figcaption", figure).textContent = `Values ${short(low)} to ${short(high)}, ${said}`;
}
