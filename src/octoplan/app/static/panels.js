// The panels: a slider and a field for each decision and assumption, and the list of changes.
import {$, all, formatNumber, el, inputOf, priorText} from "./format.js";
import {markTerms} from "./glossary.js";
import {positionOf} from "./position.js";
import {setChange, state, titleOf} from "./state.js";

const MAX_LISTED = 12, MAX_LISTED_IN_SEARCH = 40;
const MIN_INTERVAL = 80;  // milliseconds between two changes from one slider
const NEXT_POSITIONS = [1, 2, -1, 3, 4, -2];  // steps from the position of a slider, simulated before they are asked for

/** @typedef {HTMLElement & {update?: () => void}} Row A row of a panel, and what brings it up to date. */

const RATING_MEANINGS = {green: "● green: the source can be asked", amber: "▲ amber: derived from a source", red: "■ red: an estimate without evidence"};

export function showPanels() {
  $("decisions").replaceChildren(...grouped(state.panels.decisions, decisionSlider));
  showAssumptions();
}

// The inputs that the search matches; without a search, all decisions and the assumptions that are listed first.
export function showAssumptions() {
  const query = inputOf("search").value;
  const editable = state.panels.assumptions.filter(item => item.editable);
  const matching = editable.filter(item => query.trim() ? matches(item, query) : item.listed_first || ("a." + item.name) in state.changes);
  const limit = query.trim() ? MAX_LISTED_IN_SEARCH : MAX_LISTED;
  const listed = (matching.length || query.trim() ? matching : editable).slice(0, limit);
  $("assumptions").replaceChildren(...grouped(listed, assumptionSlider));
  if (query.trim() && matching.length > limit)
    $("assumptions").append(el("p", {className: "small", textContent: `and ${matching.length - limit} more; type another word to shorten the list`}));
  showMatchingDecisions(query);
  updateSliders();
  markTerms();
}

/**
 * Decisions that the search does not match are hidden, unless it matches none.
 * @param {string} query
 */
function showMatchingDecisions(query) {
  const matching = new Set(state.panels.decisions.filter(item => matches(item, query)).map(item => "d." + item.name));
  for (const row of all(".row", $("decisions"))) row.hidden = matching.size > 0 && !matching.has(row.dataset.name ?? "");
  for (const head of all(".group", $("decisions")))
    head.hidden = !all(".row", $("decisions")).some(row => row.dataset.group === head.textContent && !row.hidden);
}

/**
 * Whether every word of a search occurs in the name, notes, sources or everyday words of an input.
 * @type {(item: {search: string}, query: string) => boolean}
 */
export const matches = (item, query) => query.trim().toLowerCase().split(/\s+/).every(word => item.search.includes(word));

/**
 * Rows under the titles of their groups, in the order in which the groups begin.
 * @template {{group: string}} T
 * @param {T[]} items
 * @param {(item: T) => Row} row
 */
function grouped(items, row) {
  const groups = [...new Set(items.map(item => item.group))];
  return groups.flatMap(group => [el("h3", {className: "group", textContent: group}), ...items.filter(item => item.group === group).map(row)]);
}

export function updateSliders() {
  for (const row of all(".row")) /** @type {Row} */ (row).update?.();
}

export function listChanges() {
  const names = Object.keys(state.changes).sort();
  $("changed").replaceChildren(...(names.length ? names.map(name => el("li", {},
    `${name.startsWith("d.") ? "◆ decision" : "? assumption"}: `, el("span", {title: name.slice(2), textContent: titleOf(name)}), ` ${state.changes[name]} `,
    el("button", {type: "button", textContent: "revert", ariaLabel: `revert ${titleOf(name)}`, onclick: () => setChange(name, null)})))
    : [el("li", {textContent: "None: this is the baseline."})]));
}

/**
 * The text of a slider's value. "1.234" gets a fourth decimal: with three it could be read as 1,234.
 * @type {(x: number | string, isDecision: boolean) => string}
 */
export function valueText(x, isDecision) {
  if (isDecision) return "x" + (+(+x).toPrecision(3));
  const text = String(+(+x).toPrecision(4));
  return /^-?[1-9]\d{0,2}\.\d{3}$/.test(text) ? text + "0" : text;
}

/** @param {Decision} item */
const decisionSlider = item => slider(item, "d.", item.unit, [0, item.max_factor, 1], 0.05, [],
  `${rowOf(item)}, by month`, el("p", {className: "small", textContent: `${item.unit}, by month: ${item.monthly}`}));

/** @param {Assumption} item */
const assumptionSlider = item => slider(item, "a.", item.unit, [item.low, item.high, item.p50],
  (item.high - item.low) / 200, [item.p10, item.p90], `${rowOf(item)}, ${item.quality}`, sourceDetails(item));

/**
 * The row of an input, or that the scenario has none, because its default value applies.
 * @type {(item: {file: string, line: number}) => string}
 */
export const rowOf = ({file, line}) => line ? `${file.split("/").at(-1)}:${line}` : "default value";

/**
 * A slider with a field. scale: the ends of the slider and the baseline; shaded: the ends of its shaded part, if any.
 * @type {(item: Decision | Assumption, prefix: string, unit: string, scale: [number, number, number], step: number, shaded: number[],
 *   heading: string, details: HTMLElement) => Row}
 */
function slider({name: key, title, group}, prefix, unit, [low, high, baseline], step, shaded, heading, details) {
  const isDecision = prefix === "d.", name = prefix + key, id = "slider-" + name.replaceAll(/[^A-Za-z0-9]/g, "-");
  const range = el("input", {type: "range", id, min: String(low), max: String(high), step: String(step), value: String(baseline)});
  const field = el("input", {type: "text", ariaLabel: `${title}: type a value`});
  const reset = el("button", {type: "button", textContent: "↺", ariaLabel: `Return to the baseline: ${title}`, onclick: () => setChange(name, null)});
  connectInputs(range, field, name, isDecision);
  /** @type {Row} */
  const row = el("div", {className: "row"},
    el("label", {htmlFor: id, title: key, textContent: title + (unit ? `, ${unit}` : "")}),
    el("div", {className: "controls"}, el("div", {className: "slide"}, range, ...marks(shaded, low, high, baseline)), field, reset),
    el("details", {}, el("summary", {textContent: heading}), details));
  Object.assign(row.dataset, {name, group});
  const monthly = state.panels.decisions.find(decision => "d." + decision.name === name)?.monthly;
  row.update = () => {
    const text = state.changes[name];
    row.classList.toggle("changed", text !== undefined);
    const value = text === undefined ? baseline : positionOf(text, monthly);
    if (!Number.isNaN(value) && document.activeElement !== range) range.value = String(Math.min(Math.max(value, low), high));
    if (document.activeElement !== field) field.value = text ?? valueText(baseline, isDecision);
    range.setAttribute("aria-valuetext", field.value + (unit && !isDecision ? " " + unit : ""));
  };
  return row;
}

/** @type {(range: HTMLInputElement, field: HTMLInputElement, name: string, isDecision: boolean) => void} */
function connectInputs(range, field, name, isDecision) {
  let timer = 0, last = 0;
  range.addEventListener("input", () => {
    field.value = valueText(range.value, isDecision);
    clearTimeout(timer);
    const wait = Math.max(0, last + MIN_INTERVAL - performance.now());
    const apply = () => {
      last = performance.now();
      const value = valueText(range.value, isDecision);
      setChange(name, value, nextChanges(range, name, isDecision));
    };
    if (wait) timer = setTimeout(apply, wait); else apply();
  });
  field.addEventListener("change", () => setChange(name, field.value.trim() || null));
}

/**
 * Changes that a further move of a slider would make: its next positions, most of them in the direction of the last move.
 * @type {(range: HTMLInputElement, name: string, isDecision: boolean) => Changes[]}
 */
function nextChanges(range, name, isDecision) {
  const [value, step] = [+range.value, +range.step], last = parseFloat((state.changes[name] ?? "").replace(/^[x×]/, ""));
  const direction = value < last ? -1 : 1;
  return NEXT_POSITIONS.map(steps => value + direction * steps * step)
    .filter(x => x > +range.min - step / 2 && x < +range.max + step / 2)
    .map(x => ({...state.changes, [name]: valueText(onStep(range, x), isDecision)}));
}

/**
 * The value that a slider has at a position, without the rounding error of adding steps.
 * @type {(range: HTMLInputElement, x: number) => string}
 */
function onStep(range, x) {
  const copy = /** @type {HTMLInputElement} */ (range.cloneNode());
  copy.value = String(x);
  return copy.value;
}

/**
 * On a slider: P10 to P90 as a shaded part, and the baseline as a tick.
 * @type {(shaded: number[], low: number, high: number, baseline: number) => HTMLElement[]}
 */
function marks(shaded, low, high, baseline) {
  const position = (/** @type {number} */ x) => `${Math.min(100, Math.max(0, 100 * (x - low) / (high - low || 1)))}%`;
  const tick = el("span", {className: "tick"});
  tick.style.left = position(baseline);
  if (!shaded.length) return [tick];
  const shade = el("span", {className: "shade"});
  shade.style.left = position(shaded[0]);
  shade.style.width = `calc(${position(shaded[1])} - ${position(shaded[0])})`;
  return [shade, tick];
}

/** @param {Assumption} item */
function sourceDetails(item) {
  const prior = item.prior ? [el("p", {textContent: `Calibrated; prior P10, P50, P90: ${priorText(item.prior)} ${item.unit}`})] : [];
  const quantiles = `P10 ${formatNumber(item.p10)}, P50 ${formatNumber(item.p50)}, P90 ${formatNumber(item.p90)} ${item.unit}`;
  return el("div", {}, el("p", {className: "rating", textContent: RATING_MEANINGS[item.quality]}),
    ...prior, el("p", {textContent: item.note}),
    ...item.sources.map(s => el("p", {textContent: [s.title, s.publisher, s.date].filter(Boolean).join(", ") + " " + s.url})),
    el("p", {className: "small", textContent: `${rowOf(item)}, ${item.distribution}, ${quantiles}; ${item.owner}, ${item.date}`}));
}
