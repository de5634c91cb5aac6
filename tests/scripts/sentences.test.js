// Which sentences of the answer stay while others arrive, and what is said about them.
import assert from "node:assert/strict";
import {test} from "node:test";
import {stateText, textOfTopic} from "../../src/octoplan/app/static/sentences.js";

test("a topic that has not arrived keeps its text until the answer is complete", () => {
  assert.equal(textOfTopic({makes: "It makes 5."}, "makes", false), "It makes 5. ");
  assert.equal(textOfTopic({makes: "It makes 5."}, "next_step", false), null);
  assert.equal(textOfTopic({makes: "It makes 5."}, "next_step", true), "");
});

test("sentences of earlier settings are said to be such; a complete answer needs no remark", () => {
  assert.equal(stateText(true, true), "");
  assert.match(stateText(false, true), /grey are those of the earlier settings; those of the new settings follow/);
  assert.match(stateText(false, false), /follow, once small changes have been simulated/);
});
