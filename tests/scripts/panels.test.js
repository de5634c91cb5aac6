// How inputs are found.
import assert from "node:assert/strict";
import {test} from "node:test";
import {matches} from "../../src/octoplan/app/static/panels.js";

test("every word of a search has to occur, in any order and case", () => {
  const item = {search: "cost of an hour of work money factory"};
  for (const query of ["", "money", "  FACTORY ", "work cost", "fact mon"]) assert.ok(matches(item, query), query);
  for (const query of ["missile", "money missile"]) assert.ok(!matches(item, query), query);
});
