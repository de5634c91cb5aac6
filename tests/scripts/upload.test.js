// What the page says about an upload.
import assert from "node:assert/strict";
import {test} from "node:test";
import {differencesText} from "../../src/octoplan/app/static/upload.js";

test("an upload without differences is said to have none", () => {
  assert.match(differencesText(0, "Pocket"), /^No difference from Pocket/);
  assert.match(differencesText(2, "Pocket"), /^Differences from Pocket.*:$/);
});
