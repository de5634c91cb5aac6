// The options of a search from the entries of its form, and shades of the calendar.
import assert from "node:assert/strict";
import {test} from "node:test";
import {shade} from "../../src/octoplan/app/static/calendar.js";
import {planOptions} from "../../src/octoplan/app/static/plan_form.js";

const plain = value => JSON.parse(JSON.stringify(value));
const empty = [["objective", "least-cost"], ["target", ""], ["by", "2026-03"], ["stopped", ""], ["confidence", ""], ["budget.treasury", ""],
  ["futures", "40"], ["frontier", ""], ["most.bench", ""], ["low.home", ""], ["high.home", ""]];

test("an empty form states the objective only; a month without a target is none", () => {
  assert.deepEqual(plain(planOptions(empty)),
    {futures: 40, goals: {objective: "least-cost", budget: {}, most: {}, share: {}, fixed: []}});
});

test("per cents become shares, and one end of a share has the other at its limit", () => {
  const entries = new Map([...empty, ["objective", "most-stopped"], ["target", "1500"], ["stopped", "62.5"], ["confidence", "90"],
    ["budget.treasury", "0"], ["frontier", "home"], ["most.bench", "300"], ["low.home", "20"], ["high.away", "50"], ["fixed.crews", "on"],
    ["fixed.output.bench", "on"]]);
  assert.deepEqual(plain(planOptions([...entries])), {futures: 40, frontier: "home", goals: {
    objective: "most-stopped", target: 1500, by: "2026-03", stopped: 0.625, confidence: 0.9, budget: {treasury: 0}, most: {bench: 300},
    share: {home: [0.2, 1], away: [0, 0.5]}, fixed: ["crews", "output.bench"]}});
});

test("the largest value of a row has the darkest shade, zero none", () => {
  assert.deepEqual([0, 1, 4].map(value => shade(value, 4)), [0, 23, 45]);
  assert.equal(shade(0, 0), 0);
});
