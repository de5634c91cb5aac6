// Requests to the server, and display of the problems it reports.
import {$, el} from "./format.js";
import {state} from "./state.js";

const NO_RESPONSE = "The server does not answer; check that octoplan app is still running.";

export function showProblems(lines) {
  const box = $("problems");
  box.hidden = !lines.length;
  const heading = lines.length === 1 ? "Error:" : `${lines.length} errors:`;
  box.replaceChildren(...(lines.length ? [el("strong", {textContent: heading}),
    el("ul", {}, ...lines.map(line => el("li", {textContent: line})))] : []));
}

// The problems in an error response.
export async function problemsOf(response) {
  try { return (await response.json()).problems; }
  catch { return [`The server answered ${response.status} ${response.statusText}.`]; }
}

// A successful response; null, with the problems displayed, if the request fails.
export async function request(path, options = {}) {
  try {
    const response = await fetch(path, options);
    if (response.ok) return response;
    showProblems(await problemsOf(response));
  } catch (error) {
    if (error.name !== "AbortError") showProblems([NO_RESPONSE]);
  }
  return null;
}

export const post = (path, body, options = {}) =>
  request(path, {method: "POST", body: JSON.stringify({of: state.panels.hash, changes: state.changes, ...body}), ...options});
