// Charts in the colours of the page, with downloads of their data as CSV and of their image.
import {$, all, el, saveFile, within} from "./format.js";
import {chartCsv} from "./chart_csv.js";
import {fittedToScreen, ONE_COLUMN} from "./chart_fit.js";
import {markTerms} from "./glossary.js";

const MIN_HEIGHT = 200, LOW = 320, GAP = 4;  // pixels of the first chart, which has no legend if it is low, and below it
const plotly = new Promise(resolve => {
  if (window.Plotly) resolve(null); else $("plotly").addEventListener("load", resolve);
});
// Whether notes, tables and tools are folded to fit the screen; never on paper.
export const isFolded = () => matchMedia(`screen and (max-width: ${ONE_COLUMN}px)`).matches;
let openLog = () => {};
/** @param {() => void} listener */
export const onShowSources = listener => { openLog = listener; };

/**
 * Draw charts in an element; charts that it already has are updated.
 * @param {HTMLElement} box
 * @param {Chart[]} charts
 */
export async function drawCharts(box, charts) {
  await plotly;
  if (!box.isConnected) return;
  const frames = new Map(all("figure", box).map(frame => [frame.dataset.name, frame]));
  if (charts.some(chart => !frames.has(chart.name)) || frames.size !== charts.length) {
    purgePlots(box);
    box.replaceChildren(...charts.map(frameOf));
  }
  for (const chart of charts) {
    const frame = all("figure", box).find(candidate => candidate.dataset.name === chart.name);
    if (!frame) continue;
    setText(within(frame, "h3"), chart.title);
    setText(within(frame, ".subtitle"), chart.subtitle);
    const plot = /** @type {Plot} */ (within(frame, ".plot"));
    plot.setAttribute("aria-label", `${chart.title}. The numbers can be downloaded as CSV.`);
    plot.content = chart.figure;
    drawPlot(plot);
  }
  markTerms();
}

/**
 * Equal text stays, with the marks of its terms.
 * @type {(element: HTMLElement, text: string) => void}
 */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @type {(box?: HTMLElement | Document) => Plot[]} */
const plotsIn = (box = document) => all(".plot", box);

/**
 * Release the plots of an element; one that is still being drawn is released afterwards, because plotly would fail.
 * @param {HTMLElement} box
 */
export function purgePlots(box) {
  for (const plot of plotsIn(box)) Promise.resolve(plot.drawn).finally(() => window.Plotly?.purge(plot));
}

/** @param {Plot} plot */
export function drawPlot(plot) {
  if (!plot.content) return;
  const figure = inPageColours(plot.content);
  withPageColours(figure.layout);
  const {layout, scrolls} = fittedToView(plot, figure);
  plot.tabIndex = scrolls ? 0 : -1;
  plot.style.height = `${layout.height}px`;
  plot.drawn = Plotly.react(plot, figure.data, layout, {displayModeBar: false, responsive: !scrolls});
}

/**
 * The layout of a chart. That of the first view ends where the screen ends or, on a narrow screen, where the first
 * slider below it is still on the screen, if it can; it has no legend if it is low.
 * @type {(plot: Plot, figure: Figure) => {layout: Json, scrolls: boolean}}
 */
function fittedToView(plot, figure) {
  const fitted = fittedToScreen(figure, innerWidth), isNarrow = innerWidth <= ONE_COLUMN;
  if (!plot.closest(".first-chart")) return fitted;
  const {top, bottom} = plot.getBoundingClientRect(), [slider] = isNarrow ? all("#decisions .row:not([hidden]) .controls") : [];
  const below = slider ? slider.getBoundingClientRect().bottom - bottom : 0, room = Math.floor(innerHeight - top - scrollY - below - GAP);
  if (room >= fitted.layout.height) return fitted;
  if (isNarrow || room < LOW) return fittedToScreen(figure, innerWidth, Math.max(MIN_HEIGHT, room));
  return {...fitted, layout: {...fitted.layout, height: room}};
}

/**
 * Draw every chart with the width of the paper, in pixels, as on a wide screen.
 * @param {number} width
 */
export function drawForPaper(width) {
  for (const plot of plotsIn()) {
    if (!plot.content) continue;
    const {data, layout} = inPageColours(plot.content);
    withPageColours(layout);
    plot.style.height = `${layout.height}px`;
    plot.drawn = Plotly.newPlot(plot, data, {...layout, width, autosize: false}, {displayModeBar: false});
  }
}

export function redrawAll() {
  for (const plot of plotsIn()) drawPlot(plot);
}

export const isDark = () => document.documentElement.dataset.theme === "dark";
/** @param {string} name */
export const cssColour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** @type {(figure: Figure) => Figure} */
function inPageColours(figure) {
  if (!isDark()) return structuredClone(figure);
  const text = JSON.stringify(figure).replaceAll("#222222", cssColour("--text"));
  return JSON.parse(text.replaceAll("rgba(255,255,255,0.75)", "rgba(0,0,0,0)"));
}

/** @param {Chart} chart */
function frameOf(chart) {
  /** @type {Plot} */
  const plot = el("div", {className: "plot"});
  plot.setAttribute("role", "img");
  /** @type {(text: string, onclick: () => void) => HTMLButtonElement} */
  const action = (text, onclick) => el("button", {type: "button", textContent: text, onclick, ariaLabel: `${text}: ${chart.title}`});
  const downloadImage = (/** @type {string} */ format) => Plotly.downloadImage(plot,
    {format, width: 1100, height: plot.content?.layout.height, filename: `octoplan-${chart.name}`});
  const frame = el("figure", {}, el("h3"), el("p", {className: "small subtitle"}), plot,
    el("figcaption", {}, el("details", {open: !isFolded()}, el("summary", {textContent: "Notes and downloads"}), el("p", {textContent: chart.note}),
      el("div", {className: "actions"}, action("CSV", () => saveFile(`octoplan-${chart.name}.csv`, chartCsv(plot.content ?? chart.figure))),
        action("SVG", () => downloadImage("svg")), action("PNG", () => downloadImage("png")), action("Sources", () => openLog()),
        action("Copy link", copyLink)))));
  frame.dataset.name = chart.name;
  return frame;
}

export async function copyLink() {
  try { await navigator.clipboard.writeText(location.href); $("link").textContent = "Copied"; }
  catch { prompt("Copy this link:", location.href); }
  setTimeout(() => { $("link").textContent = "Copy link"; }, 1500);
}

/** @param {Json} layout */
function withPageColours(layout) {
  delete layout.width;
  const page = cssColour("--page");
  Object.assign(layout, {paper_bgcolor: page, plot_bgcolor: page, font: {...layout.font, color: cssColour("--text")}});
  const colours = {gridcolor: cssColour("--grid"), linecolor: cssColour("--quiet"), zerolinecolor: cssColour("--line")};
  for (const key of Object.keys(layout)) if (/^[xy]axis/.test(key)) Object.assign(layout[key], colours);
}
