// Numbers, changes and intervals as the page writes them.
import assert from "node:assert/strict";
import {test} from "node:test";
import {changeParts, changeText, formatLevel, formatNumber, meanWithInterval, priorText} from
  "../../src/octoplan/app/static/format.js";

test("numbers have three significant digits and a suffix from ten thousand", () => {
  assert.equal(formatNumber(0), "0");
  assert.equal(formatNumber(9999), "9,999");
  assert.equal(formatNumber(12345), "12.3\u00a0k");
  assert.equal(formatNumber(999949), "1\u00a0M");
  assert.equal(formatNumber(-2.5e9), "−2.5\u00a0bn");
  assert.equal(formatNumber(0.012345), "0.0123");
  assert.equal(formatNumber("2026-05"), "2026-05");
  assert.equal(formatNumber(null), "–");
  assert.equal(formatNumber(undefined), "–");
});

test("levels below a million are written as in the sentences", () => {
  assert.equal(formatLevel(12149), "12,100");
  assert.equal(formatLevel(999499), "999,000");
  assert.equal(formatLevel(999500), "1\u00a0M");
  assert.equal(formatLevel(-0.5), "−0.5");
  assert.equal(formatLevel("never"), "never");
});

test("a mean has the decimals that its interval supports", () => {
  assert.equal(meanWithInterval({mean: 1.23456, half: 0.321}), "+1.23\u00a0±\u00a00.32");
  assert.equal(meanWithInterval({mean: -1234.5, half: 56}), "−1,235\u00a0±\u00a056");
  assert.equal(meanWithInterval({mean: 2_000_000, half: 150_000}), "+2.00\u00a0±\u00a00.15\u00a0M");
  assert.equal(meanWithInterval({mean: 0.001, half: 5}), "0.0\u00a0±\u00a05.0");
  assert.equal(meanWithInterval({mean: 3, half: 0}), "+3");
});

test("no change has a scale beyond the largest suffix", () => {
  assert.match(meanWithInterval({mean: 4e15, half: 1e12}), /bn$/);
});

test("a change whose interval holds zero is said to be not distinguishable from it", () => {
  assert.deepEqual(changeParts({mean: 1, half: 2, futures: 8}, 8), ["+1.0\u00a0±\u00a02.0", "not distinguishable from zero"]);
  assert.deepEqual(changeParts({mean: 3, half: 2, futures: 8}, 8), ["+3.0\u00a0±\u00a02.0", ""]);
  assert.deepEqual(changeParts({mean: 0, half: 0, futures: 8}, 8), ["no change", ""]);
  assert.deepEqual(changeParts(null, 8), ["", ""]);
  assert.equal(changeText({mean: 3, half: 2, futures: 6}, 8),
    "+3.0\u00a0±\u00a02.0 (over the 6 of 8 futures in which both values are defined)");
});

test("a prior without a range has a value only", () => {
  const prior = {p10: 1, p50: 2, p90: 3, fixed: false, prices: null};
  assert.equal(priorText(prior), "1, 2, 3");
  assert.equal(priorText({...prior, fixed: true, prices: "2024"}), "2, no range (prices of 2024)");
});
