// Results for a change: lines of JSON, each over more futures than the line before; a new change aborts the previous request.
import {$, changeParts, changeText, formatNumber, el, tableOf} from "./format.js";
import {drawCharts} from "./charts.js";
import {showImpacts} from "./log.js";
import {post, showProblems} from "./server.js";
import {state} from "./state.js";

export const VIEWS_WITHOUT_ANSWER = new Set(["plan", "runs", "compare"]);
let pending = null;

export async function requestAnswer() {
  pending?.abort();
  const current = pending = new AbortController();
  document.body.dataset.futures = document.body.dataset.settled = "";
  $("progress").textContent ||= "Simulating the first futures …";
  const version = new URLSearchParams(location.search).get("with");
  const response = await post("/api/answer", {with: version, view: state.view, next: state.next}, {signal: current.signal});
  if (!response) {
    if (!current.signal.aborted) $("progress").textContent = "";
    return;
  }
  showProblems([]);
  try {
    await readLines(response, current.signal);
  } catch (error) {
    if (error.name !== "AbortError") showProblems(["The connection was closed before the results were complete; change an input to simulate again."]);
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
    for (const line of lines) showAnswer(JSON.parse(line));
  }
}

function showAnswer(answer) {
  if (answer.problems) {
    $("progress").textContent = "";
    showProblems(answer.problems);
    return;
  }
  const isSettled = answer.futures >= answer.settled;
  document.body.dataset.futures = answer.futures;
  document.body.dataset.settled = isSettled ? "yes" : "";
  $("progress").textContent = progressText(answer, isSettled);
  $("top-results").replaceChildren(...answer.top_results.map(row => topResult(row, answer.futures, answer.rests_on[row.key])));
  if (answer.summary) $("summary").textContent = answer.summary;
  showWarnings("change-warnings", answer.warnings);
  if (answer.summary && !VIEWS_WITHOUT_ANSWER.has(state.view)) showView(answer);
}

function progressText(answer, isSettled) {
  const more = answer.futures < answer.most ? `; more are being simulated, up to ${answer.most}` : "";
  const number = isSettled ? `${answer.futures} futures simulated${more}` : `${answer.futures} of ${answer.settled} futures simulated`;
  const failed = answer.failed ? `; ${answer.failed} failed and are excluded` : "";
  const changed = Object.keys(state.changes).length > 0;
  return number + failed + (changed ? "; the baseline is simulated over the same futures, and each change is the mean difference from the baseline ± its 95 % CI" : "");
}

export function showWarnings(id, warnings) {
  $(id).replaceChildren(...warnings.map(text => el("li", {textContent: text})));
}

const unbroken = value => el("span", {className: "unbroken", textContent: formatNumber(value)});

function topResult(row, futures, restsOn) {
  const changed = Object.keys(state.changes).length > 0;
  const unit = row.unit && row.unit !== "1" ? `, ${row.unit}` : "";
  const [change, note] = !changed ? ["", ""] : row.form === "month" ? [`baseline: ${formatNumber(row.baseline?.p50)}`, ""]
    : changeParts(row.change, futures);
  const label = change && row.form !== "month" && row.change?.half > 0 ? "change " : "";
  return el("div", {className: "top-result"},
    el("div", {className: "measure", textContent: row.title + unit}),
    el("div", {className: "median", textContent: formatNumber(row.value?.p50)}),
    el("div", {className: "range"}, "P10 to P90: ", unbroken(row.value?.p10), " to ", unbroken(row.value?.p90)),
    el("div", {className: "change", textContent: label + change}), el("div", {className: "note", textContent: note}),
    restsOn?.length ? el("details", {}, el("summary", {textContent: "■ red assumptions"}),
      el("p", {className: "small", textContent: `The result rests on assumptions rated red and not informed by observations: ${restsOn.join("; ")}.`})) : null);
}

function showView(answer) {
  const box = $("view");
  if (state.view === "log") return answer.impacts ? showImpacts(answer.impacts) : undefined;
  if (state.view === "results") return showResults(box, answer);
  let plots = box.querySelector(":scope > .plots");
  if (!plots) box.append(plots = el("div", {className: "plots"}));
  drawCharts(plots, answer.charts);
  if (state.view === "sensitivity") showSwitchingValues(box, answer);
}

function showResults(box, answer) {
  const rows = answer.results.filter(row => row.value).map(row => el("tr", {},
    el("td", {textContent: row.title}), ...["p10", "p50", "p90"].map(q => el("td", {className: "unbroken", textContent: formatNumber(row.value[q])})),
    el("td", {textContent: changeText(row.change, answer.futures)}),
    el("td", {className: "text", textContent: row.unit === "1" ? "" : row.unit})));
  const heads = ["measure", "P10", "P50", "P90", "change against baseline, mean ± 95 % CI", "unit"];
  box.replaceChildren(el("h3", {textContent: "Key results"}), tableOf(heads, rows));
}

function showSwitchingValues(box, answer) {
  let section = box.querySelector(".switching-values");
  if (!section) box.append(section = el("div", {className: "switching-values"}));
  const none = answer.futures < answer.most ? "Too few futures have been simulated so far; more are being simulated."
    : "No assumption has a switching value within its range.";
  const lines = answer.switching_values?.length ? answer.switching_values : [none];
  section.replaceChildren(el("h3", {textContent: "Switching values"}),
    el("ul", {}, ...lines.map(line => el("li", {textContent: line}))));
}
