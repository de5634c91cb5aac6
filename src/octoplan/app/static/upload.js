// Uploads of scenarios: errors are listed with the name of the file; afterwards the page says what was loaded and what differs.
import {$, el, inputOf, within} from "./format.js";
import {request, showProblems} from "./server.js";
import {state} from "./state.js";

export async function upload() {
  const file = inputOf("upload").files?.[0];
  if (!file) return;
  const limit = state.panels?.max_upload, heading = `${file.name} was not loaded`;
  if (limit && file.size > limit) {
    showProblems([`it has ${file.size.toLocaleString("en-GB")} bytes; at most ${limit.toLocaleString("en-GB")} are accepted`], heading);
  } else {
    const response = await request("/api/folder", {method: "POST", body: file}, heading);
    if (response) location.search = "?of=" + (await response.json()).hash.slice(0, 16);
  }
  inputOf("upload").value = "";
}

/** @param {Upload | null} loaded null if the page shows the scenario with which it was started */
export function showUpload(loaded) {
  const box = /** @type {HTMLDetailsElement} */ ($("loaded"));
  box.hidden = !loaded;
  if (!loaded) return;
  const {loaded: content, served, differences} = loaded;
  within(box, "summary").textContent = `Loaded: ${content}. ${differencesText(differences.length, served)}`;
  within(box, "ul").replaceChildren(...differences.map(({text, name}) => el("li", {textContent: text, title: name})));
}

/** @type {(count: number, served: string) => string} */
export function differencesText(count, served) {
  if (!count) return `No difference from ${served}, with which the page was started.`;
  return `Differences from ${served}, with which the page was started:`;
}
