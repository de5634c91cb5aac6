// The answer in sentences. Those of earlier settings stay, marked, until those of the new settings replace them.
import {$, el} from "./format.js";
import {state} from "./state.js";

const EARLIER = "Sentences in grey are those of the earlier settings";
const WAITING = "What limits the result, how sure it is and what to do next follow, once small changes have been simulated.";

const spans = () => [...document.querySelectorAll("#sentences span")];

// An empty place for each topic, in paragraphs.
export function showTopics() {
  $("sentences").replaceChildren(...state.panels.paragraphs.map(topics => el("p", {}, ...topics.map(topic => {
    const span = el("span");
    span.dataset.topic = topic;
    return span;
  }))));
}

// Mark every sentence as one of earlier settings.
export function markSentences() {
  for (const span of spans()) markEarlier(span, true);
  showNote();
}

export function markEarlier(element, isEarlier) {
  element.classList.toggle("earlier", isEarlier);
  if (isEarlier) element.setAttribute("aria-busy", "true"); else element.removeAttribute("aria-busy");
}

// Replace the sentences on results, or with a note, when the answer is complete, all sentences.
export function showSentences(texts, note) {
  const complete = note !== undefined;
  for (const span of spans()) {
    if (!complete && !(span.dataset.topic in texts)) continue;
    span.textContent = span.dataset.topic in texts ? texts[span.dataset.topic] + " " : "";
    markEarlier(span, false);
  }
  showNote(note);
}

// The server has refused the settings: nothing is simulated for them.
export function stopSentences() {
  if (spans().some(span => span.textContent)) showState(EARLIER + ".");
}

function showNote(note) {
  const hasEarlier = spans().some(span => span.classList.contains("earlier") && span.textContent);
  showState(note !== undefined ? "" : hasEarlier ? EARLIER + "; those of the new settings follow when they are simulated." : WAITING, note);
}

function showState(text, note = "") {
  $("answer-state").textContent = text;
  $("answer-note").hidden = !note;
  $("answer-note").querySelector("p").textContent = note;
}
