// Presets: named scenarios, each a set of changes. The changes in the address are those of a preset if they are all the same.
import {$, el} from "./format.js";
import {setChanges, state} from "./state.js";

const BASELINE = "", OWN = "own";

/**
 * The preset whose changes are the given ones.
 * @type {(presets: Preset[], changes: Changes) => Preset | undefined}
 */
export function presetOf(presets, changes) {
  const names = Object.keys(changes);
  return presets.find(preset => names.length === Object.keys(preset.changes).length && names.every(name => changes[name] === preset.changes[name]));
}

/**
 * Name of what is shown: that of a preset, or a description of other changes.
 * @type {(presets: Preset[], changes: Changes) => string}
 */
export function shownName(presets, changes) {
  const count = Object.keys(changes).length;
  if (!count) return "the baseline";
  return presetOf(presets, changes)?.title ?? (count === 1 ? "1 change" : `${count} changes`);
}

// The list of presets, and the name of what is shown.
export function showPresets() {
  const {panels: {presets}, changes} = state, preset = presetOf(presets, changes), select = /** @type {HTMLSelectElement} */ ($("preset"));
  const isOwn = !preset && Object.keys(changes).length > 0;
  select.replaceChildren(el("option", {value: BASELINE, textContent: "The baseline"}),
    ...presets.map(({name, title}) => el("option", {value: name, textContent: title})),
    ...(isOwn ? [el("option", {value: OWN, textContent: `Your own: ${shownName(presets, changes)}`})] : []));
  select.value = isOwn ? OWN : preset?.name ?? BASELINE;
  $("preset-note").textContent = preset?.note ?? "";
}

export function choosePreset() {
  const {value} = /** @type {HTMLSelectElement} */ ($("preset"));
  if (value !== OWN) setChanges({...state.panels.presets.find(preset => preset.name === value)?.changes});
}

let unknown = "";

// The problem of a link with an unknown preset, until an input is changed.
export const presetProblems = () => unknown ? [unknown] : [];
export const forgetUnknownPreset = () => { unknown = ""; };

/**
 * A link may name a preset instead of its changes. If the scenario does not have the preset, the page is shown without it, with the reason.
 * @param {URLSearchParams} query
 */
export function readPreset(query) {
  const name = query.get("preset"), {presets} = state.panels, preset = presets.find(candidate => candidate.name === name);
  if (preset) state.changes = {...preset.changes, ...state.changes};
  else if (name) unknown = `This scenario has no preset '${name}'; it has ${presets.map(candidate => candidate.name).join(", ") || "none"}. The results are those without the preset.`;
}
