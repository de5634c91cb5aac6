// How the effects of changes are written and drawn.
import assert from "node:assert/strict";
import {test} from "node:test";
import {barPositions, effectText, rangeText} from "../../src/octoplan/app/static/effects.js";

const SPACE = "\u00a0";

test("an effect has a sign only if its interval excludes zero", () => {
  assert.equal(effectText({mean: -175, half: 28}, -1, 128, true), `−175${SPACE}±${SPACE}28`);
  assert.equal(effectText({mean: 175, half: 280}, 0, 2, false), "not yet distinguishable");
  assert.equal(effectText({mean: 175, half: 280}, 0, 128, true), "not distinguishable from zero");
  assert.equal(effectText({mean: 0, half: 0}, 0, 2, false), "not yet distinguishable");
  assert.equal(effectText({mean: 0, half: 0}, 0, 128, true), "no change");
  assert.equal(effectText(null, 0, 2, false), "–");
});

test("an interval has both ends with their signs", () => {
  assert.equal(rangeText({mean: 10, half: 20}), "95 % CI: −10 to +30");
  assert.equal(rangeText({mean: 10, half: 0}), "");
});

test("the middle of a bar is zero and an interval ends inside it", () => {
  assert.deepEqual(barPositions({mean: 10, half: 10}), [50, 75, 100]);
  assert.deepEqual(barPositions({mean: -10, half: 30}), [0, 37.5, 75]);
  assert.deepEqual(barPositions({mean: 0, half: 0}), [50, 50, 50]);
});
