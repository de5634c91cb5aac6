// Plans and large runs: background jobs whose results survive a reload of the page.
import {$, changesText, formatNumber, el, meanWithInterval, saveFile, within} from "./format.js";
import {drawPlot, drawCharts, cssColour} from "./charts.js";
import {post, request, showProblems} from "./server.js";
import {state} from "./state.js";

const POLL_INTERVAL = 400;  // milliseconds
/** @type {Record<Kind, string[]>} */
const TEXTS = {
  plan: ["A plan, and the frontier of a country's share", "Find a plan",
    "Searches for the output, lines, crew intake and kits with the least expected cost and losses, starting from the "
    + "scenario with the current changes. Name a country to compute the frontier of cost against its share. The job runs in the background; its result survives a reload."],
  run: ["A large run", "Simulate",
    "Simulates many more futures than the results above, for results with small sampling error. The job runs in the background."],
};

/** @typedef {[HTMLLabelElement, HTMLInputElement]} Field A label and the input in it. */
/** @typedef {HTMLElement & {attach: (plot: Plot) => void}} Explorer What follows a point of the frontier, once its chart is drawn. */

/** @type {(label: string, properties: Record<string, string>) => Field} */
function field(label, properties) {
  const input = el("input", properties);
  return [el("label", {}, label + " ", input), input];
}

/** @type {(kind: Kind) => Record<string, Field>} */
const fieldsOf = kind => kind === "plan" ? {
  futures: field("Futures", {type: "number", value: "40", min: "2", max: "400"}),
  target: field("Target, units per month", {type: "number", min: "0"}),
  by: field("By month", {type: "text", placeholder: state.panels.months[8] ?? state.panels.months[0]}),
  frontier: field("Share of country", {type: "text", placeholder: state.panels.countries[0]}),
} : {futures: field("Futures", {type: "number", value: "10000", min: "1", max: "100000"})};

/** @param {Kind} kind */
export function showJobs(kind) {
  const [title, action, note] = TEXTS[kind], fields = fieldsOf(kind), list = el("div"), result = el("div");
  const form = el("form", {className: "job"}, ...Object.values(fields).map(([label]) => label), el("button", {textContent: action}));
  const watcher = new Watcher(kind, list, result);
  form.addEventListener("submit", async event => {
    event.preventDefault();
    /** @type {Record<string, string | number>} */
    const options = {};
    for (const [name, [, input]] of Object.entries(fields))
      if (input.value) options[name] = input.type === "number" ? +input.value : input.value;
    if (await post("/api/jobs", {kind, options})) showProblems([]);
    watcher.update();
  });
  $("view").replaceChildren(el("h3", {textContent: title}), el("p", {className: "small", textContent: note}), form, list, result);
  watcher.update();
}

class Watcher {
  timer = 0;
  shown = "";

  /**
   * @param {Kind} kind
   * @param {HTMLElement} list
   * @param {HTMLElement} result
   */
  constructor(kind, list, result) {
    this.kind = kind;
    this.list = list;
    this.result = result;
  }

  async update() {
    if (!this.list.isConnected) return;
    const response = await request("/api/jobs");
    if (!response) return;
    /** @type {JobStatus[]} */
    const statuses = await response.json();
    const jobs = statuses.filter(job => job.kind === this.kind && job.of === state.panels.hash).reverse();
    this.list.replaceChildren(...jobs.map(job => this.row(job)));
    const done = jobs.find(job => job.state === "done");
    if (done && this.shown !== done.id) {
      this.shown = done.id;
      await this.showResult(done);
    }
    clearTimeout(this.timer);
    if (jobs.some(job => job.state === "running")) this.timer = setTimeout(() => this.update(), POLL_INTERVAL);
  }

  /** @param {JobStatus} job */
  row(job) {
    const running = job.state === "running", detail = running ? job.step ?? "" : changesText(job.changes);
    const row = el("p", {className: "jobrow"}, `${job.kind}: ${job.state}, ${job.seconds} s, ${detail} `);
    if (running) row.append(el("progress", {max: job.total || 1, ...(job.total ? {value: job.done} : {}), ariaLabel: "Progress"}),
      el("button", {type: "button", textContent: "Cancel",
        onclick: async () => { await request(`/api/jobs/${job.id}`, {method: "DELETE"}); this.update(); }}));
    if (job.problems) row.append(el("span", {className: "error", textContent: job.problems.join("; ")}));
    return row;
  }

  /** @param {JobStatus} job */
  async showResult(job) {
    const response = await request(`/api/jobs/${job.id}/result`);
    if (!response) return;
    /** @type {JobResult} */
    const content = await response.json();
    const {decisions} = content, plots = el("div"), explorer = content.frontier ? frontierExplorer(content.frontier) : null;
    const download = el("button", {type: "button", textContent: "Save decisions.toml",
      onclick: () => saveFile("decisions.toml", decisions ?? "", "text/plain")});
    this.result.replaceChildren(el("h3", {textContent: "Result"}), textLines(content.lines),
      ...(decisions ? [download] : []), ...(explorer ? [explorer] : []), plots);
    await drawCharts(plots, content.charts);
    if (plots.isConnected) explorer?.attach(within(plots, "[data-name=frontier] .plot"));
  }
}

/**
 * Sentences as paragraphs, indented lines as a table of fixed width.
 * @param {string[]} lines
 */
function textLines(lines) {
  const box = el("div", {className: "lines"});
  for (const line of lines) {
    if (!line.startsWith("  ")) box.append(el("p", {textContent: line}));
    else if (box.lastChild instanceof HTMLPreElement) box.lastChild.textContent += "\n" + line;
    else box.append(el("pre", {tabIndex: 0, textContent: line}));
  }
  return box;
}

/** @type {(frontier: Frontier, point: FrontierPoint) => string} */
function pointText(frontier, point) {
  const cost = meanWithInterval({mean: point.cost, half: point.half});
  const reached = point.reached === "never" ? "never reached" : `first reached in ${point.reached}`;
  return `${frontier.country} makes ${formatNumber(point.share)} % of the units: cost ${cost} M ${state.panels.currency} relative to the cheapest share; `
    + `${formatNumber(point.stopped, 4)} % of threats stopped, ${formatNumber(point.worst, 4)} % in the worst tenth of futures; `
    + `${frontier.rate} units per month ${reached}; jobs: ${point.jobs}${point.dominated ? "; dominated by another share" : ""}`;
}

/**
 * A slider that selects a share on the frontier; dragging across the chart moves it too.
 * @type {(frontier: Frontier) => Explorer}
 */
function frontierExplorer(frontier) {
  const range = el("input", {type: "range", min: "0", max: String(frontier.points.length - 1), value: String(frontier.cheapest), id: "share"});
  const caption = el("p", {className: "day"});
  const section = el("section", {ariaLabel: "Along the frontier"}, el("h3", {textContent: "Along the frontier"}),
    el("label", {htmlFor: "share", textContent: `Share of the units made in ${frontier.country}; move the slider or drag across the chart`}), range, caption);
  /** @type {Plot | null} */
  let chart = null;
  /** @type {Json[]} */
  let shapes = [];
  const update = () => {
    const point = frontier.points[+range.value];
    caption.textContent = pointText(frontier, point);
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
    const distances = frontier.points.map(point => Math.abs(point.share - share));
    range.value = String(distances.indexOf(Math.min(...distances)));
    update();
  };
  const attach = (/** @type {Plot} */ plot) => {
    if (!plot.content) return;
    chart = plot;
    plot.classList.add("draggable");
    plot.content.layout.dragmode = false;
    shapes = plot.content.layout.shapes ?? [];
    plot.addEventListener("pointerdown", event => { plot.setPointerCapture(event.pointerId); selectNearest(plot, event); }, true);
    plot.addEventListener("pointermove", event => { if (event.buttons & 1) selectNearest(plot, event); }, true);
    update();
  };
  range.addEventListener("input", update);
  update();
  return Object.assign(section, {attach});
}
