// Elements made and found. Texts are set as texts, never as HTML: a file may be called anything.

export const find = (selector, from = document) => from.querySelector(selector);

export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name.includes("-") || name === "class" || name === "role" || name === "for") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

export function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function option(value, text = value) {
  return el("option", { value, textContent: text });
}

export function say(text) {
  find("#status").textContent = text;
}

export function complain(fault) {
  if (fault.name === "AbortError") return;
  const message = find("#message");
  find("p", message).textContent = fault.message;
  message.hidden = false;
}

export function calm() {
  find("#message").hidden = true;
}

export function enough(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")}\u00a0${count === 1 ? one : many}`;
}

export function short(value) {
  if (value === null || value === undefined) return "";
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return Math.abs(value) >= 100 ? value.toFixed(0) : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function time(seconds) {
  return seconds < 1 ? `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)}\u00a0ms` : `${seconds.toFixed(1)}\u00a0s`;
}

export const percent = (share) => `${(100 * share).toFixed(1)}\u00a0%`;
