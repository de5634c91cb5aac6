// The frontier of a country's share: a slider and the chart select a share, and its plan can be loaded.
import {formatNumber, el, meanWithInterval} from "./format.js";
import {drawPlot, cssColour} from "./charts.js";
import {state} from "./state.js";

/** @typedef {HTMLElement & {attach: (plot: Plot) => void}} Explorer What follows a point of the frontier, once its chart is drawn. */

const CLICK_DISTANCE = 4;  // pixels between press and release up to which a press on the chart is a click

/** @type {(frontier: Frontier, point: FrontierPoint) => string} */
function pointText(frontier, point) {
  const cost = meanWithInterval({mean: point.cost, half: point.half});
  const reached = point.reached === "never" ? "never reached" : `first reached in ${point.reached}`;
  return `${frontier.country} makes ${formatNumber(point.share)} % of the units: cost ${cost} M ${state.panels.currency} relative to the cheapest share; `
    + `${formatNumber(point.stopped, 4)} % of threats stopped, ${formatNumber(point.worst, 4)} % in the worst tenth of futures; `
    + `${frontier.rate} units per month ${reached}; jobs: ${point.jobs}${point.dominated ? "; dominated by another share" : ""}`;
}

/**
 * The index of the point whose share is nearest to a share in per cent.
 * @type {(points: {share: number}[], share: number) => number}
 */
function nearest(points, share) {
  const distances = points.map(point => Math.abs(point.share - share));
  return distances.indexOf(Math.min(...distances));
}

/**
 * A slider that selects a share on the frontier; dragging across the chart moves it too. A click on the chart, or a button,
 * loads the plan of the selected share.
 * @param {Frontier} frontier
 * @param {(point: FrontierPoint) => void} load
 * @returns {Explorer}
 */
export function frontierExplorer(frontier, load) {
  const range = el("input", {type: "range", min: "0", max: String(frontier.points.length - 1), value: String(frontier.cheapest), id: "share"});
  const caption = el("p", {className: "day"});
  const selected = () => frontier.points[+range.value];
  const button = el("button", {type: "button", onclick: () => load(selected())});
  const section = el("section", {ariaLabel: "Along the frontier"}, el("h3", {textContent: "Along the frontier"}),
    el("label", {htmlFor: "share", textContent: `Share of the units made in ${frontier.country}; move the slider, or drag across or click on the chart`}),
    range, caption, button);
  /** @type {Plot | null} */
  let chart = null;
  /** @type {Json[]} */
  let shapes = [];
  const update = () => {
    const point = selected();
    caption.textContent = pointText(frontier, point);
    button.textContent = `Load the plan with ${formatNumber(point.share)} % made in ${frontier.country}`;
    range.setAttribute("aria-valuetext", caption.textContent);
    if (!chart?.content) return;
    const line = {width: 3, color: cssColour("--decision")};
    chart.content.layout.shapes = [...shapes,
      {type: "line", xref: "x", yref: "paper", x0: point.share, x1: point.share, y0: 0, y1: 1, line}];
    drawPlot(chart);
  };
  /** @type {(plot: Plot, event: PointerEvent) => void} */
  const selectNearest = (plot, event) => {
    const axis = plot._fullLayout.xaxis, share = axis.p2d(event.clientX - plot.getBoundingClientRect().left - axis._offset);
    range.value = String(nearest(frontier.points, share));
    update();
  };
  const attach = (/** @type {Plot} */ plot) => {
    if (!plot.content) return;
    chart = plot;
    plot.classList.add("draggable");
    plot.content.layout.dragmode = false;
    shapes = plot.content.layout.shapes ?? [];
    let pressedAt = 0;
    plot.addEventListener("pointerdown", event => {
      pressedAt = event.clientX;
      plot.setPointerCapture(event.pointerId);
      selectNearest(plot, event);
    }, true);
    plot.addEventListener("pointerup", event => { if (Math.abs(event.clientX - pressedAt) <= CLICK_DISTANCE) load(selected()); }, true);
    plot.addEventListener("pointermove", event => { if (event.buttons & 1) selectNearest(plot, event); }, true);
    update();
  };
  range.addEventListener("input", update);
  update();
  return Object.assign(section, {attach});
}
