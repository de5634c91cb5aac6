// Where a change stands on the slider of a decision or an assumption.

/** @type {(text: string) => number[]} */
const numbers = text => text.split(",").map(Number);

/** @type {(values: number[], months: number) => number} */
const total = (values, months) => Array.from({length: months}, (_, month) => values[Math.min(month, values.length - 1)]).reduce((a, b) => a + b, 0);

/**
 * The position of a change: the factor of "x1.5", the middle of a range such as "5 to 9", the value of a number. Monthly values of a
 * decision stand at their ratio to those of the baseline, the last of which applies to all later months. NaN if there is none.
 * @param {string} text
 * @param {string} [monthly] the monthly values of a decision in the baseline
 */
export function positionOf(text, monthly) {
  if (/^[x×]/.test(text)) return Number(text.slice(1));
  if (monthly === undefined) {
    const ends = text.split(/\s+to\s+/).map(parseFloat);
    return ends.reduce((a, b) => a + b, 0) / ends.length;
  }
  const [values, baseline] = [numbers(text), numbers(monthly)], months = Math.max(values.length, baseline.length);
  const before = total(baseline, months), after = total(values, months);
  return before > 0 ? after / before : after > 0 ? Infinity : 1;
}
