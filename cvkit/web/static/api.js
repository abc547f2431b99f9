// Questions to the server. The token comes behind the # of the address, which no server and no log ever sees.

const KEY = "cvkit-token";
const kept = location.hash.slice(1) || sessionStorage.getItem(KEY) || "";
sessionStorage.setItem(KEY, kept);
history.replaceState(null, "", location.pathname);
const session = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const headers = { "X-Token": kept, "X-Session": session };

async function ask(method, path, body, signal) {
  let answer;
  try {
    answer = await fetch(path, { method, body, headers, signal });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new Error("The server does not answer. Is `cvkit web` still running?");
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => ({ error: `The server answered ${answer.status}.` }));
  throw Object.assign(new Error(said.error), { code: said.code });
}

const words = (fields) => new URLSearchParams(fields).toString();

export const catalogue = async () => (await ask("GET", "api/catalogue")).json();
export const addPicture = async (file, fields) => (await ask("POST", `api/pictures?${words(fields)}`, file)).json();
export const addTruth = async (file, fields) => (await ask("POST", `api/truths?${words(fields)}`, file)).json();
export const shown = async (fields) => bitmap(await (await ask("GET", `api/shown?${words(fields)}`)).blob());
export const question = async (path, fields, signal) =>
  (await ask("POST", `api/${path}`, JSON.stringify(fields), signal)).json();
export const file = async (path, fields) => (await ask("POST", `api/${path}`, JSON.stringify(fields))).blob();

// Numbers are in the pixels, so no colour may be corrected and no alpha multiplied.
export const bitmap = (blob) => createImageBitmap(blob, { colorSpaceConversion: "none", premultiplyAlpha: "none" });

export function picture(base64) {
  const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
  return bitmap(new Blob([bytes], { type: "image/png" }));
}

addEventListener("pagehide", (event) => {
  if (!event.persisted) fetch("api/session", { method: "DELETE", headers, keepalive: true });
});
