// The assumption log: every row with its rating, its effect on the net benefit, and a field to change it.
import {$, formatNumber, el, meanWithInterval, tableOf, within} from "./format.js";
import {rowOf} from "./panels.js";
import {setChange, state} from "./state.js";

/** @type {(keyof Assumption)[]} */
const COLUMNS = ["title", "p10", "p50", "p90", "unit", "quality", "impact", "effect", "owner", "date", "line"];
/** @type {Set<keyof Assumption>} */
const UNBROKEN = new Set(["quality", "impact", "date"]);
/** @type {Record<string, string>} */
const RATINGS = {green: "● green", amber: "▲ amber", red: "■ red"};
const NOTE = "A value typed here changes the assumption, as a slider does. The effect is the mean net benefit over the fifth of futures "
  + "in which the assumption is highest, minus that over the fifth in which it is lowest, with its 95 % CI. The impact is red if the "
  + "programme clearly pays on one side of a value between P10 and P90 and clearly not on the other, amber if the effect on the net "
  + "benefit or on the leakers prevented is clear and at least a tenth of the largest, otherwise green. Assumptions from raids.toml "
  + "were fitted to a record of raids and cannot be changed here.";
const CALIBRATED_NOTE = " The quantiles of a calibrated assumption are those of its posterior, with those of its prior below.";
/** @type {[keyof Assumption, number]} */
let sortOrder = ["title", 1];
/** @type {(() => void) | null} */
let fillTable = null;

export function showLog() {
  const filter = el("input", {type: "search", ariaLabel: "Filter the assumption log"});
  /** @type {Record<string, string>} */
  const headings = {title: "assumption", line: "row", p10: "P10", p50: "P50, value", p90: "P90", effect: `effect on net benefit, M ${state.panels.currency}`};
  const heads = COLUMNS.map(column => el("th", {scope: "col"}, el("button", {type: "button", textContent: headings[column] ?? column,
    onclick: () => { sortOrder = [column, sortOrder[0] === column ? -sortOrder[1] : 1]; fill(); }})));
  const table = tableOf(heads, []);
  const fill = fillTable = () => within(table, "tbody").replaceChildren(...sorted(filter.value).map(tableRow));
  filter.addEventListener("input", fill);
  const {assumptions} = state.panels, red = assumptions.filter(item => item.quality === "red").length;
  $("view").replaceChildren(el("h3", {textContent: `${assumptions.length} assumptions, ${red} of them rated red`}),
    el("p", {className: "small", textContent: NOTE + (assumptions.some(item => item.prior) ? CALIBRATED_NOTE : "")}), el("label", {textContent: "Filter "}, filter), table);
  fill();
}

/** @param {Impacts} impacts */
export function showImpacts(impacts) {
  for (const item of state.panels.assumptions)
    Object.assign(item, {impact: item.fixed ? "not rated" : "", effect: undefined}, impacts[item.name]);
  fillTable?.();
}

/** @param {string} text */
function sorted(text) {
  const word = text.toLowerCase(), [column, direction] = sortOrder;
  const key = (/** @type {Assumption} */ item) => column === "effect" ? Math.abs(item.effect ?? 0) : item[column] ?? "";
  return state.panels.assumptions
    .filter(item => [item.title, item.name, item.quality, item.owner, item.note].join(" ").toLowerCase().includes(word))
    .sort((a, b) => direction * (key(a) > key(b) ? 1 : key(a) < key(b) ? -1 : 0));
}

/** @param {Assumption} item */
function tableRow(item) {
  const value = state.changes["a." + item.name] ?? String(+item.p50.toPrecision(6));
  const field = el("input", {type: "text", value, ariaLabel: `value of ${item.title}`, disabled: !item.editable});
  field.addEventListener("change", () => setChange("a." + item.name, field.value.trim() || null));
  return el("tr", {}, ...COLUMNS.map(column => column === "p50" ? el("td", {}, field, priorLine(item, column))
    : el("td", {className: UNBROKEN.has(column) ? "text unbroken" : typeof item[column] === "number" ? "" : "text"}, cellText(item, column),
      column === "title" ? el("div", {className: "small", textContent: item.name}) : priorLine(item, column))));
}

/**
 * Below a quantile of a calibrated assumption, that of its prior; a prior without a range has a value only.
 * @type {(item: Assumption, column: keyof Assumption) => HTMLElement | null}
 */
function priorLine(item, column) {
  if (!item.prior || column !== "p10" && column !== "p50" && column !== "p90" || item.prior.fixed && column !== "p50") return null;
  const prices = item.prior.prices && column === "p50" ? `, prices of ${item.prior.prices}` : "";
  return el("div", {className: "small unbroken", textContent: `prior ${formatNumber(item.prior[column])}${prices}`});
}

/** @type {(item: Assumption, column: keyof Assumption) => string} */
function cellText(item, column) {
  if (column === "effect") return item.effect === undefined ? "" : meanWithInterval({mean: item.effect, half: 1.96 * (item.error ?? 0)});
  if (column === "quality") return RATINGS[item.quality];
  if (column === "impact") return RATINGS[item.impact ?? ""] ?? item.impact ?? "";
  if (column === "line") return rowOf(item);
  const value = item[column];
  return typeof value === "number" ? formatNumber(value) : String(value ?? "");
}
