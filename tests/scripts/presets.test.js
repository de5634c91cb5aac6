// The name of what is shown is that of a preset if the changes are exactly its changes.
import assert from "node:assert/strict";
import {test} from "node:test";
import {presetOf, shownName} from "../../src/octoplan/app/static/presets.js";

const presets = [{name: "none", title: "No programme", note: "", changes: {"d.a": "x0", "d.b": "x0"}}];

test("changes are those of a preset only if all are the same", () => {
  assert.equal(presetOf(presets, {"d.b": "x0", "d.a": "x0"}), presets[0]);
  assert.equal(presetOf(presets, {"d.a": "x0"}), undefined);
  assert.equal(presetOf(presets, {"d.a": "x0", "d.b": "x1"}), undefined);
  assert.equal(presetOf(presets, {"d.a": "x0", "d.b": "x0", "d.c": "x0"}), undefined);
});

test("what is shown has a name", () => {
  assert.equal(shownName(presets, {}), "the baseline");
  assert.equal(shownName(presets, presets[0].changes), "No programme");
  assert.equal(shownName(presets, {"d.a": "x0"}), "1 change");
  assert.equal(shownName(presets, {"d.a": "x2", "d.c": "x2"}), "2 changes");
});
