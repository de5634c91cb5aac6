// The effects of the changes: paired differences from the baseline, shown after the first futures and narrowed by further ones.
import {$, all, changeText, el, formatNumber, meanWithInterval} from "./format.js";
import {presetOf, shownName} from "./presets.js";
import {markEarlier} from "./sentences.js";
import {state} from "./state.js";

const NOT_YET = "not yet distinguishable", NEVER = "not distinguishable from zero";
const GOOD_IF_LESS = new Set(["leakers", "loss"]);  // of the others, neither sign is good or bad

// Mark the effects as those of earlier changes; without changes there are none.
export function markEffects() {
  if (!Object.keys(state.changes).length) $("effects").hidden = true;
  else for (const cell of all(".effect")) markEarlier(cell, true);
}

/** @param {AnswerLine} answer */
export function showEffects({effects, levels, most_levels: most}) {
  const {panels: {presets}, changes} = state, preset = presetOf(presets, changes);
  $("effects").hidden = !effects.length;
  $("effects-head").textContent = `Effect of ${preset ? `“${preset.title}”` : shownName(presets, changes)} against the baseline, over the same ${levels} futures (mean ± 95 % CI)`;
  $("effect-cells").replaceChildren(...effects.map(effect => effectCell(effect, levels, levels >= most)));
}

/** @type {(effect: Effect, futures: number, isFinal: boolean) => HTMLElement} */
function effectCell({key, title, unit, change, sign}, futures, isFinal) {
  const cell = el("div", {className: "effect"}, el("div", {className: "measure", textContent: title + (unit && `, ${unit}`)}),
    el("div", {className: "change", textContent: effectText(change, sign, futures, isFinal)}), effectBar(key, change, sign),
    el("div", {className: "range", textContent: change ? rangeText(change) : ""}));
  cell.dataset.key = key;
  cell.dataset.sign = String(sign);
  return cell;
}

/**
 * The mean with its interval if its sign is distinguishable, otherwise words without a sign.
 * @type {(change: Change | null, sign: number, futures: number, isFinal: boolean) => string}
 */
export function effectText(change, sign, futures, isFinal) {
  if (!change) return "–";
  if (sign) return meanWithInterval(change);
  if (!isFinal) return NOT_YET;
  return change.half === 0 ? changeText(change, futures) : NEVER;
}

/** @type {(change: Change) => string} */
export const rangeText = ({mean, half}) => half === 0 ? "" : `95 % CI: ${signed(mean - half)} to ${signed(mean + half)}`;

/** @type {(x: number) => string} */
const signed = x => (x > 0 ? "+" : "") + formatNumber(x, 2);

/**
 * Positions on a bar whose middle is zero, in per cent: the ends of the interval and, between them, the mean.
 * @type {(change: Change) => [number, number, number]}
 */
export function barPositions({mean, half}) {
  const size = Math.abs(mean) + half || 1, position = (/** @type {number} */ x) => 50 + 50 * x / size;
  return [position(mean - half), position(mean), position(mean + half)];
}

/** @type {(key: string, change: Change | null, sign: number) => HTMLElement} */
function effectBar(key, change, sign) {
  const bar = el("div", {className: "effect-bar"}, el("span", {className: "zero"}));
  bar.setAttribute("aria-hidden", "true");
  if (!change) return bar;
  const [low, mean, high] = barPositions(change), tone = !GOOD_IF_LESS.has(key) ? "neutral" : sign < 0 ? "good" : "bad";
  if (sign) bar.append(part(tone, Math.min(50, mean), Math.max(50, mean)));
  bar.append(part("interval", low, high));
  return bar;
}

/** @type {(className: string, left: number, right: number) => HTMLElement} */
function part(className, left, right) {
  const span = el("span", {className});
  span.style.left = `${left}%`;
  span.style.width = `${right - left}%`;
  return span;
}
