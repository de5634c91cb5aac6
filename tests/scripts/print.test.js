// The settings that a printed page has.
import assert from "node:assert/strict";
import {test} from "node:test";
import {settingsLines} from "../../src/octoplan/app/static/settings.js";

const panels = {title: "Pocket", hash: "0123456789abcdef", version: "0.2.0",
  decisions: [{name: "kits.order", title: "Kits ordered"}], assumptions: [{name: "crews.on_duty", title: "Crews on duty"}]};

test("changes are listed by name, between scenario and address", () => {
  assert.deepEqual(settingsLines({panels, changes: {"d.kits.order": "x2", "a.crews.on_duty": "0.5"}}, "http://127.0.0.1/?x"),
    ["Scenario: Pocket (0123456789ab), octoplan 0.2.0", "assumption: Crews on duty 0.5", "decision: Kits ordered x2", "Address: http://127.0.0.1/?x"]);
  assert.equal(settingsLines({panels, changes: {}}, "x")[1], "No changes: this is the baseline.");
});
