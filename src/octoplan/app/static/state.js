// State of the page: scenario, changes and view. The address contains all of it, so that a link reproduces the page.
import {$} from "./format.js";

export const VIEWS = [["results", "Key results"], ["raids", "Raids"], ["supply", "Supply"], ["defence", "Defence"],
  ["money", "Costs"], ["plan", "Plan"], ["sensitivity", "Sensitivity"], ["log", "Assumption log"],
  ["compare", "Compare"], ["runs", "Large runs"]];

// next: the changes that are likely to be asked for next.
export const state = {panels: null, changes: {}, next: [], view: VIEWS[0][0], undo: [], variants: []};

export function address() {
  const query = new URLSearchParams();
  query.set("view", state.view);
  query.set("of", state.panels.hash.slice(0, 16));
  query.set("with", state.panels.version);
  for (const name of Object.keys(state.changes).sort()) query.set(name, state.changes[name]);
  return "?" + query.toString();
}

export function readAddress() {
  const query = new URLSearchParams(location.search);
  state.changes = {};
  for (const [name, text] of query) if (/^[a-z]\./.test(name)) state.changes[name] = text;
  if (VIEWS.some(([name]) => name === query.get("view"))) state.view = query.get("view");
  return query;
}

const variantsKey = () => "octoplan-variants-" + state.panels.hash;

export function readVariants() {
  try { state.variants = JSON.parse(localStorage.getItem(variantsKey())) ?? []; } catch { state.variants = []; }
}

// Write the state into the address, the links and the browser's storage.
export function saveState() {
  history.replaceState(null, "", address());
  $("download").href = "/api/folder" + address();
  $("workbook").href = "/api/folder" + address() + "&as=xlsx";
  $("undo").disabled = !state.undo.length;
  $("reset").disabled = !Object.keys(state.changes).length;
  try { localStorage.setItem(variantsKey(), JSON.stringify(state.variants)); } catch { /* a private window */ }
}

const CHANGED = "octoplan-changed";

export const onChange = listener => document.addEventListener(CHANGED, listener);

export function setChanges(changes, next = []) {
  state.undo.push({...state.changes});
  state.changes = changes;
  state.next = next;
  document.dispatchEvent(new Event(CHANGED));
}

// Change one assumption or decision; null returns it to the baseline.
export function setChange(name, text, next = []) {
  const changes = {...state.changes};
  if (text === null) delete changes[name]; else changes[name] = text;
  setChanges(changes, next);
}

export function undo() {
  if (!state.undo.length) return;
  state.changes = state.undo.pop();
  state.next = [];
  document.dispatchEvent(new Event(CHANGED));
}
