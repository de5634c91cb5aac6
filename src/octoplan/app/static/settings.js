// The settings of the page in words, for paper.
import {titleOf} from "./state.js";

/**
 * The settings of the page as lines: scenario, version, address, and each change, or that there is none.
 * @param {{panels: NamedInputs & {title: string, hash: string, version: string}, changes: Changes}} shown
 * @param {string} link
 */
export function settingsLines({panels, changes}, link) {
  const names = Object.keys(changes).sort();
  const lines = names.map(name => `${name.startsWith("d.") ? "decision" : "assumption"}: ${titleOf(name, panels)} ${changes[name]}`);
  return [`Scenario: ${panels.title} (${panels.hash.slice(0, 12)}), octoplan ${panels.version}`,
    ...lines.length ? lines : ["No changes: this is the baseline."], `Address: ${link}`];
}
