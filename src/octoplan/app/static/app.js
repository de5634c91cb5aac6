// The page: tools, views and start-up.
import {$, el, saveFile} from "./format.js";
import {showUpload, upload} from "./upload.js";
import {requestAnswer, showWarnings, VIEWS_WITHOUT_ANSWER} from "./answer.js";
import {showCompare} from "./compare.js";
import {refreshDays, showDays, stopDays} from "./days.js";
import {copyLink, isDark, onShowSources, purgePlots, redrawAll} from "./charts.js";
import {listenForTerms, markTerms} from "./glossary.js";
import {showRuns} from "./jobs.js";
import {showLog} from "./log.js";
import {showPlan} from "./plan.js";
import {listChanges, showAssumptions, showPanels, updateSliders} from "./panels.js";
import {preparePrinting} from "./print.js";
import {choosePreset, forgetUnknownPreset, readPreset, showPresets} from "./presets.js";
import {showTopics} from "./sentences.js";
import {request, showProblems} from "./server.js";
import {saveState, onChange, readAddress, readVariants, setChanges, state, undo, VIEWS} from "./state.js";

/** @type {Record<string, () => unknown>} */
const SHOW_VIEW = {log: showLog, compare: showCompare, plan: showPlan, runs: showRuns, defence: showDays};

function showTabs() {
  $("tabs").replaceChildren(...VIEWS.map(([name, title]) => {
    const tab = el("button", {type: "button", id: "tab-" + name, textContent: title, onclick: () => openView(name)});
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", "view");
    return tab;
  }));
  $("tabs").addEventListener("keydown", event => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!step) return;
    const current = VIEWS.findIndex(([name]) => name === state.view);
    openView(VIEWS[(current + step + VIEWS.length) % VIEWS.length][0]);
    $("tab-" + state.view).focus();
  });
}

/** @param {string} name */
function openView(name) {
  state.view = name;
  stopDays();
  purgePlots($("view"));
  $("view").replaceChildren();
  $("view").setAttribute("aria-labelledby", "tab-" + name);
  for (const [other] of VIEWS) {
    $("tab-" + other).setAttribute("aria-selected", String(other === name));
    $("tab-" + other).tabIndex = other === name ? 0 : -1;
  }
  const tab = $("tab-" + name);
  $("tabs").scrollLeft = tab.offsetLeft - ($("tabs").offsetWidth - tab.offsetWidth) / 2;
  saveState();
  SHOW_VIEW[name]?.();
  if (!VIEWS_WITHOUT_ANSWER.has(name)) requestAnswer();
}

/** @param {boolean} dark */
function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  $("theme").setAttribute("aria-pressed", String(dark));
  redrawAll();
}

/**
 * Downloads use fetch, so that the page can display errors.
 * @param {MouseEvent} event
 */
async function download(event) {
  event.preventDefault();
  const response = await request(/** @type {HTMLAnchorElement} */ (event.currentTarget).href);
  if (!response) return;
  showProblems([]);
  const name = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "")?.[1] ?? "octoplan";
  saveFile(name, await response.blob(), response.headers.get("content-type") ?? "");
}

async function start() {
  const query = readAddress();
  setTheme(matchMedia("(prefers-color-scheme: dark)").matches);
  const response = await request("/api/panels?of=" + encodeURIComponent(query.get("of") ?? ""));
  if (!response) return;
  const panels = state.panels = await response.json(), version = query.get("with");
  if (version && version !== panels.version)
    return showProblems([`The link was made with octoplan ${version}, this is ${panels.version}: numbers may differ. Remove 'with' from the address to use the link nevertheless.`]);
  readVariants();
  readPreset(query);
  document.title = `${panels.title}: octoplan`;
  $("title").textContent = panels.title;
  $("scenario").textContent = `${panels.months[0]} to ${panels.months.at(-1)} · scenario ${panels.hash.slice(0, 12)} · octoplan ${panels.version}`;
  $("warnings").hidden = !panels.warnings.length;
  $("warnings-count").replaceChildren(panels.warnings.length === 1 ? "1 warning" : `${panels.warnings.length} warnings`, el("span", {textContent: " about the scenario"}));
  showWarnings("scenario-warnings", panels.warnings);
  showUpload(panels.upload);
  showTabs();
  showTopics();
  showPanels();
  listChanges();
  showPresets();
  openView(state.view);
  if (VIEWS_WITHOUT_ANSWER.has(state.view)) requestAnswer();
  markTerms();
  document.body.dataset.ready = "yes";
}

onChange(() => { forgetUnknownPreset(); saveState(); updateSliders(); listChanges(); showPresets(); requestAnswer(); refreshDays(); });
listenForTerms();
onShowSources(() => openView("log"));
$("search").addEventListener("input", showAssumptions);
$("preset").addEventListener("change", choosePreset);
$("undo").addEventListener("click", undo);
$("reset").addEventListener("click", () => setChanges({}));
$("link").addEventListener("click", copyLink);
$("theme").addEventListener("click", () => setTheme(!isDark()));
$("upload").addEventListener("change", upload);
for (const id of ["download", "workbook"]) $(id).addEventListener("click", download);
preparePrinting();
start();
