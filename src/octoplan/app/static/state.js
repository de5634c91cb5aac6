// State of the page: scenario, changes and view. The address contains all of it, so that a link reproduces the page.
import {buttonOf, linkOf} from "./format.js";

export const VIEWS = [["results", "Key results"], ["raids", "Raids"], ["supply", "Supply"], ["defence", "Defence"],
  ["money", "Costs"], ["plan", "Plan"], ["sensitivity", "Sensitivity"], ["log", "Assumption log"],
  ["compare", "Compare"], ["runs", "Large runs"]];

/**
 * next: the changes that are likely to be asked for next; panels: filled in before anything is shown.
 * @type {State}
 */
export const state = {panels: /** @type {any} */ (null), changes: {}, next: [], view: VIEWS[0][0], undo: [], variants: []};

/**
 * The address of a state: view, scenario, version and changes.
 * @param {{view: string, changes: Changes, panels: {hash: string, version: string}}} shown
 */
export function addressOf({view, changes, panels}) {
  const query = new URLSearchParams({view, of: panels.hash.slice(0, 16), with: panels.version});
  for (const name of Object.keys(changes).sort()) query.set(name, changes[name]);
  return "?" + query.toString();
}

/**
 * The changes and the view in an address; an unknown view is null.
 * @param {URLSearchParams} query
 */
export function stateOf(query) {
  const changes = Object.fromEntries([...query].filter(([name]) => /^[a-z]\./.test(name)));
  return {changes, view: VIEWS.find(([name]) => name === query.get("view"))?.[0] ?? null};
}

export const address = () => addressOf(state);

export function readAddress() {
  const query = new URLSearchParams(location.search), {changes, view} = stateOf(query);
  Object.assign(state, {changes, view: view ?? state.view});
  return query;
}

const variantsKey = () => "octoplan-variants-" + state.panels.hash;

export function readVariants() {
  try { state.variants = JSON.parse(localStorage.getItem(variantsKey()) ?? "[]"); } catch { state.variants = []; }
}

// Write the state into the address, the links and the browser's storage.
export function saveState() {
  history.replaceState(null, "", address());
  linkOf("download").href = "/api/folder" + address();
  linkOf("workbook").href = "/api/folder" + address() + "&as=xlsx";
  buttonOf("undo").disabled = !state.undo.length;
  buttonOf("reset").disabled = !Object.keys(state.changes).length;
  try { localStorage.setItem(variantsKey(), JSON.stringify(state.variants)); } catch { /* a private window */ }
}

/**
 * Name that people know of the input of a change; its id if there is none.
 * @type {(change: string, panels?: NamedInputs) => string}
 */
export function titleOf(change, {decisions, assumptions} = state.panels) {
  const items = change.startsWith("d.") ? decisions : assumptions;
  return items.find(item => item.name === change.slice(2))?.title ?? change.slice(2);
}

/**
 * Changes in words.
 * @type {(changes: Changes) => string}
 */
export const changesText = changes =>
  Object.entries(changes).map(([name, text]) => `${titleOf(name)} ${text}`).join("; ") || "the baseline";

const CHANGED = "octoplan-changed";

/** @param {() => void} listener */
export const onChange = listener => document.addEventListener(CHANGED, listener);

/** @type {(changes: Changes, next?: Changes[]) => void} */
export function setChanges(changes, next = []) {
  state.undo.push({...state.changes});
  state.changes = changes;
  state.next = next;
  document.dispatchEvent(new Event(CHANGED));
}

/**
 * Change one assumption or decision; null returns it to the baseline.
 * @param {string} name
 * @param {string | null} text
 * @param {Changes[]} next
 */
export function setChange(name, text, next = []) {
  const changes = {...state.changes};
  if (text === null) delete changes[name]; else changes[name] = text;
  setChanges(changes, next);
}

export function undo() {
  const earlier = state.undo.pop();
  if (!earlier) return;
  state.changes = earlier;
  state.next = [];
  document.dispatchEvent(new Event(CHANGED));
}
