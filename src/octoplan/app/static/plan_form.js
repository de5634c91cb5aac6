// The form for the goals of a plan, and the goals that are entered in it.
import {el} from "./format.js";
import {state} from "./state.js";

const GOALS = [["least-cost", "Least expected cost and losses"], ["most-stopped", "Most threats stopped within the budgets"]];
const LIMITS = {futures: [2, 400], percent: [0, 100]};

/** @type {(name: string, label: string, unit: string, value: number | null | undefined, more?: object) => HTMLLabelElement} */
const numberField = (name, label, unit, value, more = {}) => el("label", {}, el("span", {textContent: label}),
  el("span", {className: "entry"}, el("input", {type: "number", name, min: "0", step: "any", value: String(value ?? ""), ...more}),
    ` ${unit}`));

/** @type {(name: string, label: string, options: (string | undefined)[][], value: string | null | undefined) => HTMLLabelElement} */
const choice = (name, label, options, value) => el("label", {}, el("span", {textContent: label}), el("select", {name},
  ...options.map(([key, text]) => el("option", {value: key, textContent: text ?? key, selected: key === value}))));

/** @type {(name: string, label: string, checked: boolean) => HTMLLabelElement} */
const checkBox = (name, label, checked) => el("label", {className: "check"}, el("input", {type: "checkbox", name, checked}), " " + label);

/** @type {(legend: string, ...fields: Node[]) => HTMLFieldSetElement} */
const group = (legend, ...fields) => el("fieldset", {}, el("legend", {textContent: legend}), ...fields);

/** @type {(share: number | null | undefined) => number | null} */
const percent = share => share === null || share === undefined ? null : +(100 * share).toPrecision(6);

// The form, filled with the goals of the scenario.
export function planForm() {
  const {plan: {payers, countries, plants, goals, kept}, months, currency} = state.panels;
  const percentEnds = {max: String(LIMITS.percent[1])};
  const [least, most] = LIMITS.futures.map(String);
  const isFixed = (/** @type {string} */ name) => goals.fixed.includes(name) || goals.fixed.includes(name.split(".")[0]);
  return el("form", {className: "plan"},
    group("Goal", choice("objective", "Find the decisions with", GOALS, goals.objective),
      numberField("target", "Target", "good units per month", goals.target),
      choice("by", "reached by", months.map(month => [month]), goals.by ?? months[Math.min(8, months.length - 1)]),
      numberField("stopped", "Threats stopped, at least", "%", percent(goals.stopped), percentEnds),
      numberField("confidence", "Goals reached in at least", "% of futures", percent(goals.confidence), percentEnds)),
    group("Budgets over the horizon", ...payers.map(({name, title}) =>
      numberField(`budget.${name}`, title, `M ${currency}`, goals.budget[name]))),
    group("Search", numberField("futures", "Futures", "in the search", 40, {min: least, max: most, step: "1", required: true}),
      choice("frontier", "Frontier of the share of", [["", "no country"], ...countries.map(({name, title}) => [name, title])], "")),
    el("details", {}, el("summary", {textContent: "Constraints: what stays as it is, largest outputs, shares of countries"}),
      group("Leave as in the scenario", checkBox("fixed.crews", "Crew intake", isFixed("crews")), checkBox("fixed.kits", "Kits ordered", isFixed("kits")),
        ...plants.flatMap(({name, title}) => [checkBox(`fixed.output.${name}`, `Output, ${title}`, isFixed(`output.${name}`)),
          checkBox(`fixed.lines.${name}`, `Lines, ${title}`, isFixed(`lines.${name}`))])),
      group("Largest output", ...plants.map(({name, title}) => numberField(`most.${name}`, title, "good units per month", goals.most[name]))),
      group("Share of the units requested", ...countries.flatMap(({name, title}) => [
        numberField(`low.${name}`, `${title}, at least`, "%", percent(goals.share[name]?.[0]), percentEnds),
        numberField(`high.${name}`, `${title}, at most`, "%", percent(goals.share[name]?.[1]), percentEnds)])),
      kept.length ? el("p", {className: "small", textContent: `Also in force, from [plan] in decisions.toml: ${kept.join(", ")}.`}) : null),
    el("button", {textContent: "Find a plan"}));
}

/**
 * The options of a job from the entries of the form, by name; empty entries are omitted.
 * @param {[string, string][]} entries names and values of the fields; check boxes only if they are checked
 */
export function planOptions(entries) {
  const filled = entries.filter(([, value]) => value !== ""), values = new Map(filled);
  const number = (/** @type {string} */ name, scale = 1) => values.has(name) ? Number(values.get(name)) / scale : undefined;
  const namesOf = (/** @type {string} */ kind) => filled.filter(([name]) => name.startsWith(kind + ".")).map(([name]) => name.slice(kind.length + 1));
  const numbers = (/** @type {string} */ kind) => Object.fromEntries(namesOf(kind).map(name => [name, Number(values.get(`${kind}.${name}`))]));
  const share = Object.fromEntries([...new Set([...namesOf("low"), ...namesOf("high")])].map(name =>
    [name, [number(`low.${name}`, 100) ?? 0, number(`high.${name}`, 100) ?? 1]]));
  const goals = {objective: values.get("objective"), target: number("target"), by: values.has("target") ? values.get("by") : undefined,
    stopped: number("stopped", 100), confidence: number("confidence", 100), budget: numbers("budget"), most: numbers("most"), share, fixed: namesOf("fixed")};
  return {futures: number("futures"), frontier: values.get("frontier"), goals};
}

/**
 * The entries of a form as names and texts.
 * @type {(form: HTMLFormElement) => [string, string][]}
 */
export const entriesOf = form => [...new FormData(form)].map(([name, value]) => [name, String(value)]);
