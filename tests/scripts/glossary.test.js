// Terms in a text: whole words in any case, the longest form first, each term once.
import assert from "node:assert/strict";
import {test} from "node:test";
import {pieces} from "../../src/octoplan/app/static/glossary.js";

const terms = [{forms: ["crews", "crew"], meaning: "people"}, {forms: ["crew intake"], meaning: "number"}, {forms: ["P10 to P90", "P10"], meaning: "range"}];
const termsIn = text => pieces(text, terms, new Set()).filter(piece => piece.name).map(piece => [piece.text, piece.name]);

test("the pieces of a text are the text", () => {
  for (const text of ["", "Crew intake, crews and P10 to P90.", "crew", "no term"])
    assert.equal(pieces(text, terms, new Set()).map(piece => piece.text).join(""), text);
});

test("a term is found as a whole word, in any case, and the longest form first", () => {
  assert.deepEqual(termsIn("Crew intake of crews: P10 to P90"), [["Crew intake", "crew intake"], ["crews", "crews"], ["P10 to P90", "P10 to P90"]]);
  assert.deepEqual(termsIn("screws and P100"), []);
  assert.deepEqual(termsIn("crew\u00a0intake"), [["crew\u00a0intake", "crew intake"]]);
});

test("a term is marked once", () => {
  assert.deepEqual(termsIn("crew, crews, crew"), [["crew", "crews"]]);
  assert.deepEqual(pieces("crew", terms, new Set(["crews"])), [{text: ""}, {text: "crew"}, {text: ""}]);
});
