// The plan view: a form for the goals; then what speaks against the plan, its change, its calendar, tables and frontier.
import {changeText, formatNumber, el, saveFile, tableOf, within} from "./format.js";
import {drawCharts} from "./charts.js";
import {calendarTable} from "./calendar.js";
import {frontierExplorer} from "./frontier.js";
import {showJobs, textLines} from "./jobs.js";
import {entriesOf, planForm, planOptions} from "./plan_form.js";
import {setChanges, state} from "./state.js";

const NOTE = "Searches for the output, lines, crew intake and kits that achieve the goal best, starting from the scenario with the current changes. "
  + "Empty fields set no goal. The job runs in the background; its result survives a reload.";
const APPLIED = "The plan is loaded into the decisions. The results above are of the plan, with the paired change against the baseline; Undo returns.";

export function showPlan() {
  const form = planForm();
  showJobs("plan", form, () => planOptions(entriesOf(form)), showResult,
    el("h3", {textContent: "Find a plan"}), el("p", {className: "small", textContent: NOTE}));
}

/** @type {(result: PlanResult, job: JobStatus, box: HTMLElement) => void} */
function showResult(result, job, box) {
  const plots = el("div"), said = el("p", {className: "small", role: "status"});
  const load = (/** @type {Changes} */ decisions) => {
    setChanges({...job.changes, ...decisions});
    said.textContent = APPLIED;
  };
  const explorer = result.frontier ? frontierExplorer(result.frontier, point => load(point.changes)) : null;
  box.replaceChildren(el("h3", {textContent: "Result"}), ...conclusion(result),
    el("div", {className: "actions"},
      el("button", {type: "button", textContent: "Apply this plan", onclick: () => load(result.changes)}),
      el("button", {type: "button", textContent: "Save decisions.toml", onclick: () => saveFile("decisions.toml", result.decisions, "text/plain")})),
    said, ...tables(result), ...(explorer ? [explorer] : []), plots,
    el("details", {}, el("summary", {textContent: "The whole result as text"}), textLines(result.lines)));
  drawCharts(plots, result.charts).then(() => {
    if (plots.isConnected) explorer?.attach(within(plots, "[data-name=frontier] .plot"));
  });
}

/** @param {PlanResult} result */
function conclusion({cautions, conclusion: sentences}) {
  const against = el("div", {className: "cautions"}, el("strong", {textContent: "What speaks against this plan:"}),
    el("ul", {}, ...cautions.map(text => el("li", {textContent: text}))));
  return [...(cautions.length ? [against] : []), ...sentences.map(text => el("p", {textContent: text}))];
}

/** @type {(text: string) => HTMLTableCellElement} */
const cell = textContent => el("td", {textContent});
/** @type {(text: string) => HTMLTableCellElement} */
const label = textContent => el("td", {className: "text", textContent});

/** @param {PlanResult} result */
function tables({paired, unseen, calendar, constraints, alternatives, limits, remarks}) {
  const currency = state.panels.currency;
  const section = (/** @type {string} */ title, /** @type {(Node | string)[]} */ ...parts) => [el("h3", {textContent: title}), ...parts];
  const list = (/** @type {string[]} */ texts) => el("ul", {}, ...texts.map(textContent => el("li", {textContent})));
  return [
    ...section(`Change against the scenario's decisions, paired over ${unseen} futures that the search did not use`,
      tableOf(["measure", "change, mean ± 95 % CI", "unit"], paired.map(({title, unit, change}) =>
        el("tr", {}, label(title), cell(changeText(change, unseen)), label(unit))))),
    ...section("Calendar", ...calendar.rows.length
      ? [el("p", {className: "small", textContent: "Means over the futures of the search; darker cells have larger values."}), calendarTable(calendar)]
      : [el("p", {textContent: "The plan makes no unit, trains no crew and orders no kit in any month."})]),
    ...section("Alternatives minus the plan", tableOf([`alternative`, `cost, M ${currency}`, "threats stopped", "leakers", `mean regret, M ${currency}`],
      alternatives.map(({name, cost, stopped, leaked, regret, preferred}) => el("tr", {className: preferred ? "better" : ""}, label(name),
        ...[cost, stopped, leaked].map(change => cell(changeText(change, unseen))), cell(formatNumber(regret)))))),
    ...(constraints.length ? section("Constraints", tableOf(["constraint", "in the plan"], constraints.map(({name, text}) =>
      el("tr", {}, label(name), label(text))))) : []),
    ...(limits.length ? section("What limits the plan", list(limits)) : []),
    ...(remarks.length ? section("Remarks", list(remarks)) : []),
  ];
}
