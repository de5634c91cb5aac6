// The address of the page contains its state, and gives it back.
import assert from "node:assert/strict";
import {test} from "node:test";
import {addressOf, changesText, state, stateOf, VIEWS} from "../../src/octoplan/app/static/state.js";

const panels = {hash: "0123456789abcdef0123", version: "0.2.0"};
const read = address => stateOf(new URLSearchParams(address));

test("changes and view survive the address, whatever characters they have", () => {
  const changes = {"d.kits.order": "60, 60, 80", "a.x": "5 to 9", "a.engagement.*.p_contact": "50 % & more + 1", "a.ü": "−1=2"};
  for (const [view] of VIEWS) assert.deepEqual(read(addressOf({view, changes, panels})), {view, changes});
});

test("the address names scenario and version, and changes in the order of their names", () => {
  assert.equal(addressOf({view: "money", changes: {"d.b": "x2", "a.c": "1"}, panels}),
    "?view=money&of=0123456789abcdef&with=0.2.0&a.c=1&d.b=x2");
});

test("an unknown view is null, and other parameters are no changes", () => {
  assert.deepEqual(read("?view=nothing&of=1&with=2&x=3&plots.x=4"), {view: null, changes: {}});
});

test("changes are listed by the names of their inputs, and none is the baseline", () => {
  state.panels = {decisions: [{name: "kits.order", title: "Kits ordered each month"}], assumptions: [{name: "crews.washout", title: "Trainees"}]};
  assert.equal(changesText({"d.kits.order": "x2", "a.crews.washout": "0.1 to 0.2", "a.unknown": "1"}),
    "Kits ordered each month x2; Trainees 0.1 to 0.2; unknown 1");
  assert.equal(changesText({}), "the baseline");
});
