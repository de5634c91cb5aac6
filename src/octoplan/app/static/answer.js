// Results for a change: lines of JSON, each over more futures than the line before; a new change aborts the previous request.
import {$, all, NO_CHANGE, changeParts, changeText, formatLevel, formatNumber, el, tableOf, within} from "./format.js";
import {drawCharts, isFolded, redrawAll} from "./charts.js";
import {markEffects, showEffects} from "./effects.js";
import {markTerms} from "./glossary.js";
import {showImpacts} from "./log.js";
import {markEarlier, markSentences, showSentences, stopSentences} from "./sentences.js";
import {presetProblems} from "./presets.js";
import {isAbort, post, showProblems} from "./server.js";
import {state} from "./state.js";

export const VIEWS_WITHOUT_ANSWER = new Set(["plan", "runs", "compare"]);
const ALWAYS_VISIBLE = 4;  // top results
const VIEW_RESULTS = ".plots, .answer-plots, .all-results, .switching-values";  // parts of a view that depend on the settings
/** @type {AbortController | null} */
let pending = null;
let settings = "";
let held = 0;  // futures of the results that the page shows; they are not replaced by results over fewer

export async function requestAnswer() {
  pending?.abort();
  markIfChanged();
  const current = pending = new AbortController();
  for (const name of ["futures", "settled", "levels", "answered"]) document.body.dataset[name] = "";
  $("progress").textContent ||= "Simulating the first futures …";
  const version = new URLSearchParams(location.search).get("with");
  const response = await post("/api/answer", {with: version, view: state.view, next: state.next, answer: true, held}, {signal: current.signal});
  if (!response) {
    if (!current.signal.aborted) stopAnswer();
    return;
  }
  showProblems(presetProblems());
  try {
    await readLines(response, current.signal);
  } catch (error) {
    if (!isAbort(error)) showProblems(["The connection was closed before the results were complete; change an input to simulate again."]);
  }
}

// Mark the effects, the sentences, the top results and the content of the view if they are of other settings.
function markIfChanged() {
  const current = JSON.stringify(state.changes);
  if (current === settings) return;
  settings = current;
  markSentences();
  markEffects();
  for (const part of [...all(".top-result"), ...all(VIEW_RESULTS, $("view"))]) markEarlier(part, true);
}

function stopAnswer() {
  $("progress").textContent = "";
  stopSentences();
}

/** @type {(response: Response, signal: AbortSignal) => Promise<void>} */
async function readLines(response, signal) {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const {value, done} = await reader.read();
    if (done || signal.aborted) return;
    rest += value;
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) showAnswer(JSON.parse(line));
  }
}

/** @param {AnswerLine} answer */
function showAnswer(answer) {
  if (answer.problems) {
    stopAnswer();
    showProblems(answer.problems);
    return;
  }
  if (answer.answer) {
    showSentences(answer.answer, answer.note);
    document.body.dataset.answered = "yes";
    if (state.view === "money") showAnswerCharts(answer.charts);
    markTerms();
    redrawAll();
    return;
  }
  document.body.dataset.futures = String(answer.futures);
  document.body.dataset.settled = answer.futures >= answer.settled ? "yes" : "";
  showEffects(answer);
  showWarnings("change-warnings", answer.warnings);
  $("progress").textContent = progressText(answer);
  if (answer.top_results) showLevels(answer);
  markTerms();
}

/** @param {AnswerLine} answer */
function showLevels(answer) {
  held = answer.levels;
  document.body.dataset.levels = String(held);
  showTopResults(answer);
  showSentences(answer.sentences ?? {});
  if (!VIEWS_WITHOUT_ANSWER.has(state.view)) showView(answer);
}

/** @type {(answer: AnswerLine) => string} */
function progressText(answer) {
  const failed = answer.failed ? `; ${answer.failed} failed and are excluded` : "";
  if (!answer.top_results && held > answer.levels)
    return `${answer.futures} of ${held} futures simulated${failed}; grey results are of the earlier settings until then`;
  return `${answer.futures} futures simulated${answer.futures < answer.most ? `; more are being simulated, up to ${answer.most}` : ""}${failed}`;
}

/** @type {(id: string, warnings: string[]) => void} */
export function showWarnings(id, warnings) {
  $(id).replaceChildren(...warnings.map(text => el("li", {textContent: text})));
}

/** @param {AnswerLine} answer */
function showTopResults(answer) {
  const cards = answer.top_results.map(row => topResult(row, answer.levels, answer.rests_on[row.key]));
  $("top-results").replaceChildren(...cards.slice(0, ALWAYS_VISIBLE));
  $("more-results").hidden = cards.length <= ALWAYS_VISIBLE;
  within($("more-results"), "div").replaceChildren(...cards.slice(ALWAYS_VISIBLE));
}

/** @param {Level | undefined} value */
const unbroken = value => el("span", {className: "unbroken", textContent: formatLevel(value)});

const isChanged = () => Object.keys(state.changes).length > 0;

/** @type {(row: Result, futures: number, restsOn?: string[]) => HTMLElement} */
function topResult(row, futures, restsOn) {
  const unit = row.unit && row.unit !== "1" ? `, ${row.unit}` : "";
  const [change, note] = !isChanged() ? ["", ""] : row.form === "month" ? [`baseline: ${formatNumber(row.baseline?.p50)}`, ""]
    : changeParts(row.change, futures);
  const label = change && row.form !== "month" && change !== NO_CHANGE ? "change " : "";
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

/** @param {AnswerLine} answer */
function showView(answer) {
  const box = $("view");
  if (state.view === "log") {
    if (answer.impacts) showImpacts(answer.impacts);
    return;
  }
  let [plots] = all(":scope > .plots", box);
  if (!plots) box.append(plots = el("div", {className: state.view === "results" ? "plots first-chart" : "plots"}));
  drawCharts(plots, answer.charts);
  if (state.view === "results") showResults(box, answer);
  if (state.view === "sensitivity") showSwitchingValues(box, answer);
  for (const part of all(VIEW_RESULTS, box)) markEarlier(part, false);
}

/**
 * Below the other charts of a view, those that need the complete answer.
 * @param {Chart[]} charts
 */
function showAnswerCharts(charts) {
  let [plots] = all(".answer-plots", $("view"));
  if (!plots) $("view").append(plots = el("div", {className: "answer-plots"}));
  drawCharts(plots, charts);
  markEarlier(plots, false);
}

/** @type {(box: HTMLElement, answer: AnswerLine) => void} */
function showResults(box, answer) {
  const rows = answer.results.flatMap(row => !row.value ? [] : el("tr", {},
    el("td", {textContent: row.title}),
    ...[row.value.p10, row.value.p50, row.value.p90].map(x => el("td", {className: "unbroken", textContent: formatNumber(x)})),
    isChanged() ? el("td", {textContent: changeText(row.change, answer.levels)}) : null,
    el("td", {className: "text unit", textContent: row.unit === "1" ? "" : row.unit})));
  const heads = ["measure", "P10", "P50", "P90", ...isChanged() ? ["change against baseline, mean ± 95 % CI"] : [], "unit"];
  let [section] = all(".all-results", box);
  if (!section) box.append(section = el("details", {className: "all-results", open: !isFolded()}, el("summary", {textContent: "All key results"}), el("div")));
  within(section, "div").replaceChildren(tableOf(heads, rows));
}

/** @type {(box: HTMLElement, answer: AnswerLine) => void} */
function showSwitchingValues(box, answer) {
  let [section] = all(".switching-values", box);
  if (!section) box.append(section = el("div", {className: "switching-values"}));
  const none = answer.futures < answer.most ? "Too few futures have been simulated so far; more are being simulated."
    : state.panels.assumptions.every(item => item.fixed) && !isChanged() ? "No assumption has a range, so that no effect of an assumption can be shown."
      : "No assumption has a switching value within its range.";
  const lines = answer.switching_values?.length ? answer.switching_values : [none];
  section.replaceChildren(el("h3", {textContent: "Switching values"}),
    el("ul", {}, ...lines.map(line => el("li", {textContent: line}))));
}
