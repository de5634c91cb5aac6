// Terms of the trade in the texts of the page: their meaning is shown on hover, on focus and on touch.
import {$, all, el} from "./format.js";
import {state} from "./state.js";

const SCOPES = "#sentences, #answer-note, #effects, .top-result, .all-results, .panel > .small, #decisions, #assumptions, #view > .small, figure";
const SKIPPED = ".term, button, a, summary, select, kbd, .row details, .plot";
const GAP = 6;  // pixels between a term and its meaning

/**
 * A text in pieces; those that are terms have their name. A term is a piece once; a longer form goes before a shorter one.
 * @param {string} text
 * @param {Term[]} terms
 * @param {Set<string>} used names of the terms that have been pieces already
 * @returns {{text: string, name?: string}[]}
 */
export function pieces(text, terms, used) {
  const names = new Map(terms.flatMap(({forms}) => forms.map(form => [form.toLowerCase(), forms[0]])));
  const forms = [...names.keys()].sort((a, b) => b.length - a.length).map(form => form.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll(" ", "\\s"));
  const parts = text.split(new RegExp(`(?<![\\p{L}\\d])(${forms.join("|")})(?![\\p{L}\\d])`, "giu"));
  return parts.map((part, i) => {
    const name = i % 2 ? names.get(part.toLowerCase().replace(/\s/g, " ")) : undefined;
    if (!name || used.has(name)) return {text: part};
    used.add(name);
    return {text: part, name};
  });
}

// Mark the terms in the texts of the page; each once in a sentence block, a card, a table, a panel or a chart.
export function markTerms() {
  for (const scope of all(SCOPES)) {
    const used = new Set(all(".term", scope).map(term => term.dataset.term ?? ""));
    for (const node of textNodes(scope)) markTermsIn(node, used);
  }
}

/** @type {(scope: HTMLElement) => Text[]} */
function textNodes(scope) {
  const walker = document.createTreeWalker(scope, NodeFilter.SHOW_TEXT), nodes = [];
  while (walker.nextNode()) nodes.push(/** @type {Text} */ (walker.currentNode));
  return nodes.filter(node => node.data.trim() && !node.parentElement?.closest(SKIPPED));
}

/** @type {(node: Text, used: Set<string>) => void} */
function markTermsIn(node, used) {
  const parts = pieces(node.data, state.panels.glossary, used);
  if (parts.some(part => part.name)) node.replaceWith(...parts.map(({text, name}) => name ? termElement(text, name) : text));
}

/**
 * A term is no button element, so that its words can be on two lines and it can be part of the label of a slider.
 * @type {(text: string, name: string) => HTMLElement}
 */
function termElement(text, name) {
  const element = el("span", {className: "term", tabIndex: 0, role: "button", title: "", textContent: text});
  element.dataset.term = name;
  return element;
}

/** @param {HTMLElement} term */
function showMeaning(term) {
  const tip = $("meaning"), box = term.getBoundingClientRect();
  tip.textContent = state.panels.glossary.find(({forms}) => forms[0] === term.dataset.term)?.meaning ?? "";
  tip.hidden = false;
  const left = Math.min(box.left, innerWidth - tip.offsetWidth - GAP), below = box.bottom + GAP;
  const top = below + tip.offsetHeight > innerHeight ? box.top - tip.offsetHeight - GAP : below;
  Object.assign(tip.style, {left: `${Math.max(GAP, left)}px`, top: `${Math.max(GAP, top)}px`});
  term.setAttribute("aria-describedby", "meaning");
}

function hideMeaning() {
  $("meaning").hidden = true;
  for (const term of all(".term[aria-describedby]")) term.removeAttribute("aria-describedby");
}

// The pointer may move from a term to its meaning; anything else, or Escape, hides the meaning.
export function listenForTerms() {
  for (const kind of ["mouseover", "focusin", "click"])
    document.addEventListener(kind, event => {
      const target = /** @type {Element} */ (event.target), term = target.closest(".term");
      if (target.closest("#meaning")) return;
      hideMeaning();
      if (!term) return;
      showMeaning(/** @type {HTMLElement} */ (term));
      if (kind === "click") event.preventDefault();  // in a label, a click would move the focus to the slider
    });
  document.addEventListener("keydown", event => { if (event.key === "Escape") hideMeaning(); });
  document.addEventListener("scroll", hideMeaning, {passive: true});
}
