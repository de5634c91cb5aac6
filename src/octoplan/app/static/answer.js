// Results for a change: lines of JSON, each from more futures; a new change aborts the previous request.
import {$, changeParts, changeText, digits, el, tableOf} from "./format.js";
import {figures} from "./figures.js";
import {showImpacts} from "./log.js";
import {post, showProblems} from "./server.js";
import {state} from "./state.js";

export const WITHOUT_ANSWER = new Set(["plan", "runs", "compare"]);
const QUICK = 2;
let pending = null;

export async function ask() {
  pending?.abort();
  const current = pending = new AbortController();
  document.body.dataset.futures = "";
  $("progress").textContent = "Simulating the first futures …";
  const version = new URLSearchParams(location.search).get("with");
  const response = await post("/api/answer", {with: version, view: state.view}, {signal: current.signal});
  if (!response) {
    if (!current.signal.aborted) $("progress").textContent = "";
    return;
  }
  showProblems([]);
  try {
    await readLines(response, current.signal);
  } catch (error) {
    if (error.name !== "AbortError") showProblems(["The connection was closed before the results were complete; change something to simulate again."]);
  }
}

async function readLines(response, signal) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done || signal.aborted) return;
    rest += value;
    const lines = rest.split("\n");
    rest = lines.pop();
    for (const line of lines) show(JSON.parse(line));
  }
}

function show(answer) {
  if (answer.problems) {
    $("progress").textContent = "";
    showProblems(answer.problems);
    return;
  }
  document.body.dataset.futures = answer.futures;
  const changed = Object.keys(state.changes).length > 0;
  const explained = changed ? ", the same for the baseline; a change is the mean difference against the baseline, ± its 95 % CI" : "";
  const failed = answer.failed ? `; ${answer.failed} failed and are excluded` : "";
  $("progress").textContent = `${answer.futures} of ${answer.most} futures${explained}${failed}`;
  $("top-results").replaceChildren(...answer.top_results.map(row => topResult(row, answer.futures)));
  if (answer.summary) $("summary").textContent = answer.summary;
  showRemarks("change-remarks", answer.remarks);
  if (answer.futures > QUICK && !WITHOUT_ANSWER.has(state.view)) showView(answer);
}

export function showRemarks(id, remarks) {
  $(id).replaceChildren(...remarks.map(text => el("li", {textContent: text})));
}

const unbroken = value => el("span", {className: "unbroken", textContent: digits(value)});

function topResult(row, futures) {
  const changed = Object.keys(state.changes).length > 0;
  const unit = row.unit && row.unit !== "1" ? `, ${row.unit}` : "";
  const [change, remark] = !changed ? ["", ""] : row.form === "month" ? [`baseline: ${digits(row.baseline?.p50)}`, ""]
    : changeParts(row.change, futures);
  const label = change && row.form !== "month" && row.change?.half > 0 ? "change " : "";
  return el("div", {className: "top-result"},
    el("div", {className: "measure", textContent: row.title + unit}),
    el("div", {className: "median", textContent: digits(row.value.p50)}),
    el("div", {className: "range"}, "P10 to P90: ", unbroken(row.value.p10), " to ", unbroken(row.value.p90)),
    el("div", {className: "change", textContent: label + change}), el("div", {className: "remark", textContent: remark}));
}

function showView(answer) {
  const box = $("view");
  if (state.view === "log") return answer.impacts ? showImpacts(answer.impacts) : undefined;
  if (state.view === "results") return showResults(box, answer);
  let plots = box.querySelector(":scope > .plots");
  if (!plots) box.append(plots = el("div", {className: "plots"}));
  figures(plots, answer.figures);
  if (state.view === "sensitivity") showSwitchingValues(box, answer);
}

function showResults(box, answer) {
  const rows = answer.results.filter(row => row.value).map(row => el("tr", {},
    el("td", {textContent: row.title}), ...["p10", "p50", "p90"].map(q => el("td", {className: "unbroken", textContent: digits(row.value[q])})),
    el("td", {textContent: changeText(row.change, answer.futures)}),
    el("td", {className: "text", textContent: row.unit === "1" ? "" : row.unit})));
  const heads = ["measure", "P10", "P50", "P90", "change against baseline, mean ± 95 % CI", "unit"];
  box.replaceChildren(el("h3", {textContent: "Key results"}), tableOf(heads, rows));
}

function showSwitchingValues(box, answer) {
  let section = box.querySelector(".switching-values");
  if (!section) box.append(section = el("div", {className: "switching-values"}));
  const none = answer.futures < answer.most ? "Too few futures so far; more are being simulated."
    : "No assumption has a switching value within its range.";
  const lines = answer.switching_values?.length ? answer.switching_values : [none];
  section.replaceChildren(el("h3", {textContent: "Switching values"}),
    el("ul", {}, ...lines.map(line => el("li", {textContent: line}))));
}
