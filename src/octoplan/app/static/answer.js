// Results for a change: lines of JSON, each over more futures than the line before; a new change aborts the previous request.
import {$, changeParts, changeText, formatLevel, formatNumber, el, tableOf} from "./format.js";
import {drawCharts, redrawAll} from "./charts.js";
import {showImpacts} from "./log.js";
import {markEarlier, markSentences, showSentences, stopSentences} from "./sentences.js";
import {post, showProblems} from "./server.js";
import {state} from "./state.js";

export const VIEWS_WITHOUT_ANSWER = new Set(["plan", "runs", "compare"]);
const NARROW = 800;  // pixels; all key results are closed on narrower screens, where they would be above the sliders
const ALWAYS_VISIBLE = 4;  // top results
let pending = null, settings = null;

export async function requestAnswer() {
  pending?.abort();
  markIfChanged();
  const current = pending = new AbortController();
  document.body.dataset.futures = document.body.dataset.settled = document.body.dataset.answered = "";
  $("progress").textContent ||= "Simulating the first futures …";
  const version = new URLSearchParams(location.search).get("with");
  const response = await post("/api/answer", {with: version, view: state.view, next: state.next, answer: true}, {signal: current.signal});
  if (!response) {
    if (!current.signal.aborted) stopAnswer();
    return;
  }
  showProblems([]);
  try {
    await readLines(response, current.signal);
  } catch (error) {
    if (error.name !== "AbortError") showProblems(["The connection was closed before the results were complete; change an input to simulate again."]);
  }
}

// Mark the sentences and the top results if they are of other settings.
function markIfChanged() {
  const current = JSON.stringify(state.changes);
  if (current === settings) return;
  settings = current;
  markSentences();
  for (const card of document.querySelectorAll(".top-result")) markEarlier(card, true);
}

function stopAnswer() {
  $("progress").textContent = "";
  stopSentences();
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
    stopAnswer();
    showProblems(answer.problems);
    return;
  }
  if (answer.answer) {
    showSentences(answer.answer, answer.note);
    document.body.dataset.answered = "yes";
    redrawAll();
    return;
  }
  const isSettled = answer.futures >= answer.settled;
  document.body.dataset.futures = answer.futures;
  document.body.dataset.settled = isSettled ? "yes" : "";
  $("progress").textContent = progressText(answer, isSettled);
  showTopResults(answer);
  if (answer.sentences) showSentences(answer.sentences);
  showWarnings("change-warnings", answer.warnings);
  if (answer.sentences && !VIEWS_WITHOUT_ANSWER.has(state.view)) showView(answer);
}

function progressText(answer, isSettled) {
  const more = answer.futures < answer.most ? `; more are being simulated, up to ${answer.most}` : "";
  const number = isSettled ? `${answer.futures} futures simulated${more}` : `${answer.futures} of ${answer.settled} futures simulated`;
  const failed = answer.failed ? `; ${answer.failed} failed and are excluded` : "";
  const changed = Object.keys(state.changes).length > 0;
  return number + failed + (changed ? "; changes are paired differences from the baseline, mean ± 95 % CI" : "");
}

export function showWarnings(id, warnings) {
  $(id).replaceChildren(...warnings.map(text => el("li", {textContent: text})));
}

// The first figures lack those that need the counterfactual; the earlier ones stay until they are there.
function showTopResults(answer) {
  const earlier = new Map([...document.querySelectorAll(".top-result.earlier")].map(card => [card.dataset.key, card]));
  const cards = answer.top_results.map(row => !answer.sentences && !row.value && earlier.get(row.key)
    || topResult(row, answer.futures, answer.rests_on[row.key]));
  $("top-results").replaceChildren(...cards.slice(0, ALWAYS_VISIBLE));
  $("more-results").hidden = cards.length <= ALWAYS_VISIBLE;
  $("more-results").querySelector("div").replaceChildren(...cards.slice(ALWAYS_VISIBLE));
}

const unbroken = value => el("span", {className: "unbroken", textContent: formatLevel(value)});

function topResult(row, futures, restsOn) {
  const changed = Object.keys(state.changes).length > 0;
  const unit = row.unit && row.unit !== "1" ? `, ${row.unit}` : "";
  const [change, note] = !changed ? ["", ""] : row.form === "month" ? [`baseline: ${formatNumber(row.baseline?.p50)}`, ""]
    : changeParts(row.change, futures);
  const label = change && row.form !== "month" && row.change?.half > 0 ? "change " : "";
  const card = el("div", {className: "top-result"},
    el("div", {className: "measure", textContent: row.title + unit}),
    el("div", {className: "value", textContent: formatLevel(row.value?.mean ?? row.value?.p50)}),
    el("div", {className: "range"}, row.value && (row.value.mean ?? null) === null ? "median; P10 to P90: " : "P10 to P90: ", unbroken(row.value?.p10), " to ", unbroken(row.value?.p90)),
    el("div", {className: "change", textContent: label + change}), el("div", {className: "note", textContent: note}),
    restsOn?.length ? el("details", {}, el("summary", {textContent: "■ red", title: "Red assumptions on which this result rests"}),
      el("p", {className: "small", textContent: `The result rests on assumptions rated red and not informed by observations: ${restsOn.join("; ")}.`})) : null);
  card.dataset.key = row.key;
  return card;
}

function showView(answer) {
  const box = $("view");
  if (state.view === "log") return answer.impacts ? showImpacts(answer.impacts) : undefined;
  let plots = box.querySelector(":scope > .plots");
  if (!plots) box.append(plots = el("div", {className: state.view === "results" ? "plots first-chart" : "plots"}));
  drawCharts(plots, answer.charts);
  if (state.view === "results") showResults(box, answer);
  if (state.view === "sensitivity") showSwitchingValues(box, answer);
}

function showResults(box, answer) {
  const rows = answer.results.filter(row => row.value).map(row => el("tr", {},
    el("td", {textContent: row.title}), ...["p10", "p50", "p90"].map(q => el("td", {className: "unbroken", textContent: formatNumber(row.value[q])})),
    el("td", {textContent: changeText(row.change, answer.futures)}),
    el("td", {className: "text", textContent: row.unit === "1" ? "" : row.unit})));
  const heads = ["measure", "P10", "P50", "P90", "change against baseline, mean ± 95 % CI", "unit"];
  let section = box.querySelector(".all-results");
  if (!section) box.append(section = el("details", {className: "all-results", open: innerWidth > NARROW}, el("summary", {textContent: "All key results"}), el("div")));
  section.querySelector("div").replaceChildren(tableOf(heads, rows));
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
