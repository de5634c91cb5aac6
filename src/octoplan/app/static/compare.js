// Up to three variants of the changes, simulated on the same futures.
import {$, changeText, formatNumber, el, tableOf} from "./format.js";
import {post} from "./server.js";
import {changesText, saveState, setChanges, state} from "./state.js";

const MAX_VARIANTS = 3, FUTURES = 128;  // as the results above, so that a figure has one value on the page

export function showCompare() {
  const box = $("view"), {variants} = state;
  const add = el("button", {type: "button", textContent: "Keep the current changes as a variant", disabled: variants.length >= MAX_VARIANTS,
    onclick: () => { variants.push({name: `variant ${variants.length + 1}`, changes: {...state.changes}}); saveState(); showCompare(); }});
  box.replaceChildren(el("h3", {textContent: "Up to three variants on the same futures"}), add,
    ...variants.map((variant, i) => el("p", {}, `${variant.name}: ${changesText(variant.changes)} `,
      el("button", {type: "button", textContent: "show", ariaLabel: `show ${variant.name}`, onclick: () => setChanges({...variant.changes})}),
      el("button", {type: "button", textContent: "remove", ariaLabel: `remove ${variant.name}`,
        onclick: () => { variants.splice(i, 1); saveState(); showCompare(); }}))));
  if (variants.length) showTable(box);
}

/** @type {(variant: Variant) => Promise<AnswerLine | null>} */
async function lastAnswer({changes}) {
  const response = await post("/api/answer", {changes, view: "results", most: FUTURES});
  return response && JSON.parse((await response.text()).trim().split("\n").pop() ?? "null");
}

/** @param {HTMLElement} box */
async function showTable(box) {
  const {variants} = state, waiting = el("p", {className: "small", role: "status", textContent: "Simulating …"});
  box.append(waiting);
  const answers = (await Promise.all(variants.map(lastAnswer))).flatMap(answer => answer?.results ? answer : []);
  if (!waiting.isConnected) return;
  waiting.remove();
  if (answers.length < variants.length) return;
  /** @type {(answer: AnswerLine, key: string) => HTMLElement} */
  const cell = (answer, key) => {
    const row = answer.results.find(candidate => candidate.key === key);
    const change = row?.change ? ` (${changeText(row.change, answer.levels)})` : "";
    return el("td", {textContent: row?.value ? formatNumber(row.value.p50) + change : "–"});
  };
  const rows = answers[0].results.filter(row => row.value).map(row => el("tr", {}, el("td", {textContent: row.title}),
    ...answers.map(answer => cell(answer, row.key)), el("td", {className: "text unit", textContent: row.unit === "1" ? "" : row.unit})));
  const note = `P50 over ${answers[0].futures} futures; in brackets: mean change against the baseline ± 95 % CI.`;
  box.append(el("p", {className: "small", textContent: note}),
    tableOf(["measure", ...variants.map(variant => variant.name), "unit"], rows));
}
