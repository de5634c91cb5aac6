// Where a change stands on its slider.
import assert from "node:assert/strict";
import {test} from "node:test";
import {positionOf} from "../../src/octoplan/app/static/position.js";

test("factors, numbers and ranges", () => {
  assert.equal(positionOf("x1.5", "60, 80"), 1.5);
  assert.equal(positionOf("×2", "0"), 2);
  assert.equal(positionOf("0.35"), 0.35);
  assert.equal(positionOf("5 to 9"), 7);
  assert.equal(positionOf("5 to 9 days"), 7);
});

test("monthly values stand at their ratio to the baseline, whose last value applies to later months", () => {
  assert.equal(positionOf("30, 40", "60, 80"), 0.5);
  assert.equal(positionOf("60", "60, 60, 60"), 1);
  assert.equal(positionOf("0, 0, 300", "100"), 1);
  assert.equal(positionOf("5", "0"), Infinity);
  assert.equal(positionOf("0", "0, 0"), 1);
  assert.ok(Number.isNaN(positionOf("some", "60")));
});
