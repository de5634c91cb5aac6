// The answer in sentences. Those of earlier settings stay, marked, until those of the new settings replace them.
import {$, all, el, within} from "./format.js";
import {state} from "./state.js";

const EARLIER = "Sentences in grey are those of the earlier settings";
const WAITING = "What limits the result, how sure it is and what to do next follow, once small changes have been simulated.";

const spans = () => all("#sentences span");

// An empty place for each topic, in paragraphs.
export function showTopics() {
  $("sentences").replaceChildren(...state.panels.paragraphs.map(topics => el("p", {}, ...topics.map(topic => {
    const span = el("span");
    span.dataset.topic = topic;
    return span;
  }))));
}

/**
 * The text of a topic when texts arrive; null if its earlier text stays, because the answer is not complete.
 * @param {Record<string, string>} texts
 * @param {string} topic
 * @param {boolean} complete
 */
export const textOfTopic = (texts, topic, complete) => topic in texts ? texts[topic] + " " : complete ? "" : null;

/**
 * What is said about the state of the sentences: of other settings, waited for, or nothing.
 * @param {boolean} complete
 * @param {boolean} hasEarlier
 */
export function stateText(complete, hasEarlier) {
  if (complete) return "";
  return hasEarlier ? EARLIER + "; those of the new settings follow when they are simulated." : WAITING;
}

// Mark every sentence as one of earlier settings.
export function markSentences() {
  for (const span of spans()) markEarlier(span, true);
  showNote();
}

/** @type {(element: HTMLElement, isEarlier: boolean) => void} */
export function markEarlier(element, isEarlier) {
  element.classList.toggle("earlier", isEarlier);
  if (isEarlier) element.setAttribute("aria-busy", "true"); else element.removeAttribute("aria-busy");
}

/**
 * Replace the sentences on results, or with a note, when the answer is complete, all sentences.
 * @param {Record<string, string>} texts
 * @param {string} [note]
 */
export function showSentences(texts, note) {
  const complete = note !== undefined;
  for (const span of spans()) {
    const text = textOfTopic(texts, span.dataset.topic ?? "", complete);
    if (text === null) continue;
    span.textContent = text;
    markEarlier(span, false);
  }
  showNote(note);
}

// The server has refused the settings: nothing is simulated for them.
export function stopSentences() {
  if (spans().some(span => span.textContent)) showState(EARLIER + ".");
}

/** @param {string} [note] */
function showNote(note) {
  const hasEarlier = spans().some(span => span.classList.contains("earlier") && Boolean(span.textContent));
  showState(stateText(note !== undefined, hasEarlier), note);
}

/** @type {(text: string, note?: string) => void} */
function showState(text, note = "") {
  $("answer-state").textContent = text;
  $("answer-note").hidden = !note;
  within($("answer-note"), "p").textContent = note;
}
