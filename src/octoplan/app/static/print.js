// Printing: the settings are on the paper, charts have its width and light colours, and nothing is folded or scrolled away.
import {$, all, el} from "./format.js";
import {drawForPaper, redrawAll} from "./charts.js";
import {settingsLines} from "./settings.js";
import {state} from "./state.js";

const PAPER_WIDTH = 690;  // pixels of A4 between margins of 12 mm, less a margin for rounding

/** @type {{details: HTMLDetailsElement[], theme: string}} */
const before = {details: [], theme: "light"};

function preparePaper() {
  $("settings").replaceChildren(el("h2", {textContent: "Settings"}),
    el("ul", {}, ...settingsLines(state, location.href).map(textContent => el("li", {textContent}))));
  before.details = /** @type {HTMLDetailsElement[]} */ (all("details:not([open])")).filter(details => !details.closest("aside"));
  for (const details of before.details) details.open = true;
  before.theme = document.documentElement.dataset.theme ?? "light";
  document.documentElement.dataset.theme = "light";
  drawForPaper(PAPER_WIDTH);
}

function returnToScreen() {
  for (const details of before.details) details.open = false;
  document.documentElement.dataset.theme = before.theme;
  redrawAll();
}

export function preparePrinting() {
  addEventListener("beforeprint", preparePaper);
  addEventListener("afterprint", returnToScreen);
}
