// One future by day: leakers by region on a tile map, and the flow of one day's threats through the layers.
import {$, all, formatNumber, el} from "./format.js";
import {drawCharts} from "./charts.js";
import {values} from "./chart_csv.js";
import {post} from "./server.js";

const NOTE = "One tile for each region, with the leakers of the day in the first future. Other futures differ.";
// Milliseconds before the flow of a selected day is requested, and between the steps of a replay.
const LAYER_DELAY = 250, LAYER_DELAY_PLAYING = 1200;
const DAY_STEP = 220, DAY_STEP_REDUCED_MOTION = 1000, LAYER_STEP = 900;
/** @type {(() => void) | null} */
let refresh = null;

export const refreshDays = () => refresh?.();
export const stopDays = () => { refresh = null; };

/** @typedef {HTMLInputElement & {update: () => void}} LayerRange The slider of the layers, and what shows its position. */

/** @type {() => Promise<Days | null>} */
const requestDays = async () => (await post("/api/days", {}))?.json() ?? null;

export async function showDays() {
  const box = el("section", {className: "days", ariaLabel: "One future day by day"},
    el("h3", {textContent: "One future, day by day"}), el("p", {className: "small", textContent: "Simulating …"}));
  $("view").append(box, el("div", {className: "plots"}));
  const days = await requestDays();
  if (!box.isConnected) return;
  if (!days) return box.remove();
  new DayMap(box, days);
}

class DayMap {
  newest = 0;
  timer = 0;
  playing = 0;

  /**
   * @param {HTMLElement} box
   * @param {Days} days
   */
  constructor(box, days) {
    this.box = box;
    this.days = days;
    this.tiles = tilesOf(days.regions);
    this.caption = el("p", {className: "day"});
    this.range = el("input", {type: "range", min: "0", max: String(days.days.length - 1), value: String(days.largest_raid), id: "day"});
    this.night = el("div", {className: "plots"});
    this.button = el("button", {type: "button", textContent: "Play", onclick: () => this.playing ? this.stop() : this.play()});
    this.range.addEventListener("input", () => this.update());
    box.replaceChildren(el("h3", {textContent: "One future, day by day"}), el("p", {className: "small", textContent: NOTE}),
      this.caption, el("div", {className: "controls"}, el("label", {htmlFor: "day", textContent: "Day"}), this.range, this.button),
      el("div", {className: "tiles"}, ...this.tiles), this.night);
    refresh = () => this.refresh();
    this.update();
  }

  async refresh() {
    const current = ++this.newest;
    this.box.classList.add("stale");
    const days = await requestDays();
    if (current !== this.newest || !this.box.isConnected || !days) return;
    this.days = days;
    this.box.classList.remove("stale");
    this.update();
  }

  update() {
    const {days, leaked, launched, regions} = this.days, day = +this.range.value, counts = leaked[day];
    const maximum = Math.max(1, ...leaked.map(row => Math.max(...row))), leakers = counts.reduce((a, b) => a + b, 0);
    this.caption.textContent = `${days[day]}: ${launched[day].toLocaleString("en-GB")} threats launched, `
      + `${leakers.toLocaleString("en-GB")} leakers (excluding decoys)`;
    this.range.setAttribute("aria-valuetext", this.caption.textContent);
    regions.forEach((region, i) => colourTile(this.tiles[i], counts[region.row], maximum));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.showNight(), this.playing ? LAYER_DELAY_PLAYING : LAYER_DELAY);
  }

  async showNight() {
    const current = this.newest, day = this.range.value;
    const response = await post("/api/night", {day: +day}), figure = response && await response.json();
    if (figure && this.night.isConnected && current === this.newest && day === this.range.value) showLayers(this.night, figure);
  }

  play() {
    const step = matchMedia("(prefers-reduced-motion: reduce)").matches ? DAY_STEP_REDUCED_MOTION : DAY_STEP;
    this.button.textContent = "Stop";
    this.playing = setInterval(() => {
      if (!this.range.isConnected || +this.range.value >= +this.range.max) return this.stop();
      this.range.value = String(+this.range.value + 1);
      this.update();
    }, step);
  }

  stop() {
    clearInterval(this.playing);
    this.playing = 0;
    this.button.textContent = "Play";
    this.update();
  }
}

/** @param {Region[]} regions */
function tilesOf(regions) {
  const left = Math.min(...regions.map(region => region.tile[0])), top = Math.min(...regions.map(region => region.tile[1]));
  return regions.map(region => {
    const tile = el("div", {className: "tile"}, el("span", {textContent: region.name.replace(/ oblast.*| \(.*/, "")}), el("b"));
    tile.style.gridColumn = String(region.tile[0] - left + 1);
    tile.style.gridRow = String(region.tile[1] - top + 1);
    return tile;
  });
}

/** @type {(tile: HTMLElement, count: number, maximum: number) => void} */
function colourTile(tile, count, maximum) {
  const share = Math.sqrt(count / maximum), dark = share >= 0.5;
  if (tile.lastChild) tile.lastChild.textContent = String(count);
  tile.style.background = `color-mix(in srgb, var(--heat) ${Math.round(dark ? 40 + 60 * share : 80 * share)}%, var(--card))`;
  tile.classList.toggle("hot", dark);
}

/**
 * Replay of the flow of one day's threats by layer; threats that later layers have yet to engage are airborne.
 * @type {(box: HTMLElement, figure: Chart) => void}
 */
function showLayers(box, figure) {
  /** @type {number[]} */
  const layerOf = values(figure.figure.data[0].link.customdata);
  const {link} = figure.figure.data[0], layers = Math.max(...layerOf);
  const [known] = all("#layer", box), range = known ? /** @type {LayerRange} */ (known) : layerControls(box);
  range.max = range.value = String(layers);
  range.update = () => {
    const passed = +range.value, ended = passed >= layers;
    const airborne = layerOf.reduce((total, layer, j) => total + (layer < passed ? 0 : values(link.value)[j]), 0);
    range.setAttribute("aria-valuetext", ended ? "the end of the night"
      : `${passed} of ${layers} layers passed, ${formatNumber(airborne)} threats airborne`);
    drawCharts(/** @type {HTMLElement} */ (box.lastChild), [ended ? figure : {...figure, figure: flowThroughLayers(figure.figure, layerOf, passed, airborne)}]);
  };
  range.update();
}

/** @type {(box: HTMLElement) => LayerRange} */
function layerControls(box) {
  const range = Object.assign(el("input", {type: "range", min: "0", id: "layer"}), {update: () => {}});
  const replay = el("button", {type: "button", textContent: "Replay the night", onclick: () => {
    range.value = "0";
    range.update();
    const timer = setInterval(() => {
      if (!range.isConnected || +range.value >= +range.max) return clearInterval(timer);
      range.value = String(+range.value + 1);
      range.update();
    }, LAYER_STEP);
  }});
  range.addEventListener("input", () => range.update());
  box.append(el("div", {className: "controls"}, el("label", {htmlFor: "layer", textContent: "Layers passed"}), range, replay),
    el("div", {className: "plots"}));
  return range;
}

/** @type {(figure: Figure, layerOf: number[], passed: number, airborne: number) => Figure} */
function flowThroughLayers(figure, layerOf, passed, airborne) {
  const copy = structuredClone(figure), {link, node} = copy.data[0], last = node.label.length - 1;
  link.target = Array.from(values(link.target), (/** @type {number} */ target, j) => layerOf[j] < passed ? target : last);
  node.label[last] = `airborne: ${formatNumber(airborne)}`;
  return copy;
}
