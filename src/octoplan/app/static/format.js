// Helpers for page elements, and formatting of numbers.

/** @type {(id: string) => HTMLElement} */
export const $ = id => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {(id: string) => HTMLInputElement} */
export const inputOf = id => /** @type {HTMLInputElement} */ ($(id));

/** @type {(id: string) => HTMLButtonElement} */
export const buttonOf = id => /** @type {HTMLButtonElement} */ ($(id));

/** @type {(id: string) => HTMLAnchorElement} */
export const linkOf = id => /** @type {HTMLAnchorElement} */ ($(id));

/**
 * The elements that a selector matches.
 * @type {(selector: string, box?: ParentNode) => HTMLElement[]}
 */
export const all = (selector, box = document) => [...box.querySelectorAll(/** @type {"div"} */ (selector))];

/**
 * The first element of a box that a selector matches; one that the page always has.
 * @type {(box: ParentNode, selector: string) => HTMLElement}
 */
export const within = (box, selector) => /** @type {HTMLElement} */ (box.querySelector(selector));

/**
 * A new element with properties and children; children that are null are omitted.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {{[P in keyof HTMLElementTagNameMap[K]]?: HTMLElementTagNameMap[K][P] | number}} properties
 * @param {...(Node | string | null)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function el(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter(child => child !== null));
  return element;
}

/** @type {(table: HTMLTableElement) => HTMLElement} */
export const scrollable = table => el("div", {className: "wide", tabIndex: 0, role: "region", ariaLabel: "Table"}, table);

/**
 * A table; heads are texts or elements. A head is aligned as the cells below it.
 * @param {(string | HTMLElement)[]} heads
 * @param {HTMLTableRowElement[]} rows
 */
export function tableOf(heads, rows) {
  const header = heads.map((text, i) => typeof text !== "string" ? text
    : el("th", {scope: "col", className: rows[0]?.cells[i]?.classList.contains("text") ? "text" : "", textContent: text}));
  return scrollable(el("table", {}, el("thead", {}, el("tr", {}, ...header)), el("tbody", {}, ...rows)));
}

const SPACE = "\u00a0", MINUS = "−";
/** @type {[number, string][]} */
const SCALES = [[1e9, "bn"], [1e6, "M"], [1e3, "k"]];

/**
 * The factor and the suffix of a number; numbers below 10,000 have no suffix, and 999.9 k becomes 1 M.
 * @type {(size: number) => [number, string]}
 */
const scaleOf = size => size >= 1e4 && SCALES.find(([factor]) => size >= 0.9995 * factor) || [1, ""];

/** @type {(x: number, significantDigits: number) => string} */
function rounded(x, significantDigits) {
  const size = Math.abs(x);
  if (size >= 10 ** significantDigits) return Math.round(x).toLocaleString("en-GB");
  return String(+x.toPrecision(significantDigits));
}

/**
 * A number with a few significant digits; text, such as a month, is not changed.
 * @param {Level | undefined} x
 */
export function formatNumber(x, significantDigits = 3) {
  if (x === null || x === undefined) return "–";
  if (typeof x === "string") return x;
  const [factor, suffix] = scaleOf(Math.abs(x));
  return rounded(x / factor, significantDigits).replace("-", MINUS) + (suffix && SPACE + suffix);
}

/**
 * A number as the sentences of the answer write it, below a million: 12,100 instead of 12.1 k.
 * @param {Level | undefined} x
 */
export function formatLevel(x) {
  if (typeof x !== "number" || Math.abs(x) >= 999500) return formatNumber(x);
  return (+x.toPrecision(3)).toLocaleString("en-GB", {maximumFractionDigits: 6}).replace("-", MINUS);
}

/**
 * P10, P50 and P90 of an assumption before calibration.
 * @param {Prior} prior
 */
export function priorText(prior) {
  const prices = prior.prices ? ` (prices of ${prior.prices})` : "";
  if (prior.fixed) return `${formatNumber(prior.p50)}, no range${prices}`;
  return [prior.p10, prior.p50, prior.p90].map(x => formatNumber(x)).join(", ") + prices;
}

/** @type {(x: number) => string} */
const sign = x => x > 0 ? "+" : x < 0 ? MINUS : "";

/**
 * A mean with the half-width of its confidence interval, to the decimals that the interval supports; the mean alone if it does not vary.
 * @param {Change} change
 */
export function meanWithInterval({mean, half}) {
  if (half === 0) return sign(mean) + formatNumber(Math.abs(mean));
  const [factor, suffix] = scaleOf(Math.max(Math.abs(mean), half)), [m, h] = [mean / factor, half / factor];
  const decimals = Math.min(20, Math.max(0, 1 - Math.floor(Math.log10(h))));
  const text = (/** @type {number} */ x) => Math.abs(x).toLocaleString("en-GB", {minimumFractionDigits: decimals, maximumFractionDigits: decimals});
  return `${sign(+m.toFixed(decimals))}${text(m)}${SPACE}±${SPACE}${text(h)}${suffix && SPACE + suffix}`;
}

export const NO_CHANGE = "no change";
const NOT_DISTINGUISHABLE = "not distinguishable from zero";

/**
 * A change against the baseline: its mean with its interval, and a note on it, empty if there is none.
 * @param {Change | null | undefined} change
 * @param {number} futures
 * @returns {[string, string]}
 */
export function changeParts(change, futures) {
  if (!change) return ["", ""];
  if (change.mean === 0 && change.half === 0) return [NO_CHANGE, ""];
  const notes = [];
  if (change.futures !== undefined && change.futures < futures) notes.push(`over the ${change.futures} of ${futures} futures in which both values are defined`);
  if (Math.abs(change.mean) <= change.half) notes.push(NOT_DISTINGUISHABLE);
  return [meanWithInterval(change), notes.join("; ")];
}

/** @type {(change: Change | null, futures: number) => string} */
export function changeText(change, futures) {
  const [text, note] = changeParts(change, futures);
  return note ? `${text} (${note})` : text;
}

/** @type {(name: string, content: BlobPart, type?: string) => void} */
export function saveFile(name, content, type = "text/csv") {
  const link = el("a", {href: URL.createObjectURL(new Blob([content], {type})), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
