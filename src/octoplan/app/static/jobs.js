// Background jobs, whose results survive a reload of the page: their progress, and the form and result of large runs.
import {$, el, inputOf} from "./format.js";
import {drawCharts} from "./charts.js";
import {post, request, showProblems} from "./server.js";
import {changesText, state} from "./state.js";

const POLL_INTERVAL = 400;  // milliseconds
const RUN_NOTE = "Simulates many more futures than the results above, for results with small sampling error. The job runs in the background.";

/**
 * Show a form that starts jobs, the jobs of its kind, and the result of the newest that is done.
 * @param {Kind} kind
 * @param {HTMLFormElement} form
 * @param {() => object} optionsOf reads the options of a job from the form
 * @param {(result: Json, job: JobStatus, box: HTMLElement) => void} showResult
 * @param {...Node} head
 */
export function showJobs(kind, form, optionsOf, showResult, ...head) {
  const list = el("div"), box = el("div", {className: "job-result"});
  const watcher = new Watcher(kind, list, box, showResult);
  form.addEventListener("submit", async event => {
    event.preventDefault();
    if (await post("/api/jobs", {kind, options: optionsOf()})) showProblems([]);
    watcher.update();
  });
  $("view").replaceChildren(...head, form, list, box);
  watcher.update();
}

class Watcher {
  timer = 0;
  shown = "";

  /**
   * @param {Kind} kind
   * @param {HTMLElement} list
   * @param {HTMLElement} box
   * @param {(result: Json, job: JobStatus, box: HTMLElement) => void} showResult
   */
  constructor(kind, list, box, showResult) {
    this.kind = kind;
    this.list = list;
    this.box = box;
    this.showResult = showResult;
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
      const result = await request(`/api/jobs/${done.id}/result`);
      if (result) this.showResult(await result.json(), done, this.box);
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
}

export function showRuns() {
  const futures = el("input", {type: "number", id: "run-futures", value: "10000", min: "1", max: "100000", required: true});
  const form = el("form", {className: "job"}, el("label", {}, "Futures ", futures), el("button", {textContent: "Simulate"}));
  showJobs("run", form, () => ({futures: +inputOf("run-futures").value}), showRun,
    el("h3", {textContent: "A large run"}), el("p", {className: "small", textContent: RUN_NOTE}));
}

/** @type {(result: RunResult, job: JobStatus, box: HTMLElement) => void} */
function showRun({lines, charts}, job, box) {
  const plots = el("div");
  box.replaceChildren(el("h3", {textContent: "Result"}), textLines(lines), plots);
  drawCharts(plots, charts);
}

/**
 * Sentences as paragraphs, indented lines as a table of fixed width.
 * @param {string[]} lines
 */
export function textLines(lines) {
  const box = el("div", {className: "lines"});
  for (const line of lines) {
    if (!line.startsWith("  ")) box.append(el("p", {textContent: line}));
    else if (box.lastChild instanceof HTMLPreElement) box.lastChild.textContent += "\n" + line;
    else box.append(el("pre", {tabIndex: 0, textContent: line}));
  }
  return box;
}
