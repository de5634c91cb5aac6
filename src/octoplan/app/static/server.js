// Requests to the server, and display of the problems it reports.
import {$, el} from "./format.js";
import {state} from "./state.js";

const NO_RESPONSE = "The server does not answer; check that octoplan app is still running.";

/**
 * Show problems; with a heading, such as the name of a file, in front of their number.
 * @param {string[]} lines
 * @param {string} heading
 */
export function showProblems(lines, heading = "") {
  const box = $("problems");
  box.hidden = !lines.length;
  const count = lines.length === 1 ? "Error:" : `${lines.length} errors:`;
  box.replaceChildren(...(lines.length ? [el("strong", {textContent: heading ? `${heading}: ${count.toLowerCase()}` : count}),
    el("ul", {}, ...lines.map(line => el("li", {textContent: line})))] : []));
}

/**
 * The problems in an error response.
 * @param {Response} response
 * @returns {Promise<string[]>}
 */
export async function problemsOf(response) {
  try { return (await response.json()).problems; }
  catch { return [`The server answered ${response.status} ${response.statusText}.`]; }
}

/**
 * A successful response; null, with the problems displayed, if the request fails.
 * @param {string} path
 * @param {RequestInit} options
 * @param {string} heading
 */
export async function request(path, options = {}, heading = "") {
  try {
    const response = await fetch(path, options);
    if (response.ok) return response;
    showProblems(await problemsOf(response), heading);
  } catch (error) {
    if (!isAbort(error)) showProblems([NO_RESPONSE], heading);
  }
  return null;
}

/** @param {unknown} error */
export const isAbort = error => error instanceof Error && error.name === "AbortError";

/** @type {(path: string, body: object, options?: RequestInit) => Promise<Response | null>} */
export const post = (path, body, options = {}) =>
  request(path, {method: "POST", body: JSON.stringify({of: state.panels.hash, changes: state.changes, ...body}), ...options});
