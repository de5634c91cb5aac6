// The page: what is moved stands in the address, each move asks for an answer, and a newer move drops an older one.
const $ = id => document.getElementById(id);
const el = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children.filter(child => child !== null));
  return made;
};
const VIEWS = [["headlines", "Headlines"], ["raids", "Raids"], ["supply", "Supply"], ["defence", "Defence"], ["money", "Money"],
  ["plan", "Plan and split"], ["matters", "What matters"], ["log", "Log"], ["compare", "Compare"], ["runs", "Large runs"]];
const LOCAL = new Set(["plan", "runs", "compare"]);
const EARLY = 12, HOLD = 80;

let panels, changes = {}, view = "headlines", past = [], asking = null, sort = ["name", 1], variants = [];

// --- numbers as people read them
const digits = (x, figures = 3) => {
  if (x === null || x === undefined) return "–";
  if (typeof x === "string") return x;
  const size = Math.abs(x);
  if (size >= 1e9) return rounded(x / 1e9, figures) + " bn";
  if (size >= 1e6) return rounded(x / 1e6, figures) + " M";
  if (size >= 1e4) return Math.round(x / 100) * 100 === 0 ? "0" : (Math.round(x / 100) / 10).toLocaleString("en-GB") + " k";
  if (size >= 100) return Math.round(x).toLocaleString("en-GB");
  return size === 0 ? "0" : String(+x.toPrecision(figures));
};
const rounded = (x, figures) => Math.abs(x) >= 10 ** figures ? String(Math.round(x)) : Math.abs(x) >= 10 ** (figures - 1) ? String(+x.toPrecision(figures)) : x.toPrecision(figures);
const apart = ({mean, half}) => {
  if (!(half > 0) || half >= 100 || Math.abs(mean) >= 1e4) return `${signed(mean)} ± ${digits(half, 2)}`;
  const places = Math.min(20, Math.max(0, 1 - Math.floor(Math.log10(half)))), near = +mean.toFixed(places);
  return `${sign(near)}${Math.abs(near).toLocaleString("en-GB", {maximumFractionDigits: places})} ± ${digits(half, 2)}`;
};
const sign = x => x > 0 ? "+" : x < 0 ? "−" : "";
const signed = x => sign(x) + digits(Math.abs(x));

// --- the address is the state
const address = () => {
  const query = new URLSearchParams();
  query.set("view", view);
  query.set("of", panels.hash.slice(0, 16));
  query.set("with", panels.version);
  for (const name of Object.keys(changes).sort()) query.set(name, changes[name]);
  return "?" + query.toString();
};
const fromAddress = () => {
  const query = new URLSearchParams(location.search);
  changes = {};
  for (const [name, text] of query) if (/^[bd]\./.test(name)) changes[name] = text;
  view = VIEWS.some(each => each[0] === query.get("view")) ? query.get("view") : "headlines";
  return query;
};
const keep = () => {
  history.replaceState(null, "", address());
  $("download").href = "/api/folder" + address();
  $("workbook").href = "/api/folder" + address() + "&as=xlsx";
  $("undo").disabled = !past.length;
  $("reset").disabled = !Object.keys(changes).length;
  try { localStorage.setItem("octoplan-variants-" + panels.hash, JSON.stringify(variants)); } catch { /* private mode */ }
};

function change(name, text) {
  past.push({...changes});
  if (text === null) delete changes[name]; else changes[name] = text;
  settle();
}
function settle() {
  keep(); marked(); listed(); ask(); refly?.();
}

// --- asking
function problems(lines) {
  const box = $("problems");
  box.hidden = !lines.length;
  box.replaceChildren(...(lines.length ? [el("strong", {textContent: lines.length === 1 ? "This cannot be:" : `${lines.length} problems:`}),
    el("ul", {}, ...lines.map(line => el("li", {textContent: line})))] : []));
}
async function ask() {
  asking?.abort();
  const mine = asking = new AbortController();
  const query = new URLSearchParams(location.search);
  $("progress").textContent = "Flying the first futures …";
  try {
    const body = JSON.stringify({of: panels.hash, with: query.get("with"), changes, view});
    const response = await fetch("/api/answer", {method: "POST", body, signal: mine.signal});
    if (!response.ok) {
      $("progress").textContent = "";
      return problems((await response.json()).problems);
    }
    problems([]);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const {value, done} = await reader.read();
      if (done || mine.signal.aborted) break;
      rest += value;
      const lines = rest.split("\n");
      rest = lines.pop();
      for (const line of lines) show(JSON.parse(line));
    }
  } catch (error) {
    if (error.name !== "AbortError") problems(["The server does not answer; is octoplan app still running?"]);
  }
}

// --- the answer
function show(told) {
  document.body.dataset.futures = told.futures;
  const failed = told.failed ? `, ${told.failed} failed and count nowhere` : "";
  $("progress").textContent = `${told.futures} of ${told.most} futures${failed}; the same in both worlds`;
  $("heads").replaceChildren(...told.heads.map(head));
  if (told.verdict) $("verdict").textContent = told.verdict;
  if (told.futures > 2 && !LOCAL.has(view)) drawView(told);
}
function head(row) {
  const gone = row.difference, moved = Object.keys(changes).length > 0;
  const range = q => q ? `${digits(q.p10)} to ${digits(q.p90)}` : "–";
  const words = gone && moved ? apart(gone) : moved && row.form === "month" ? `before: ${digits(row.before?.p50)}` : "";
  const sure = gone && Math.abs(gone.mean) > gone.half, same = gone && gone.mean === 0 && gone.half === 0;
  return el("div", {className: "head"},
    el("div", {className: "what", textContent: `${row.title}${row.unit && row.unit !== "1" ? ", " + row.unit : ""}`}),
    el("div", {className: "now", textContent: digits(row.after.p50)}),
    el("div", {className: "was", textContent: `P10 to P90: ${range(row.after)}`}),
    el("div", {className: "gone", textContent: same && moved ? "the same" : words + (words && gone && !sure ? " (no difference beyond luck)" : "")}));
}
const scroller = table => el("div", {className: "wide", tabIndex: 0, role: "region", ariaLabel: "Table"}, table);
function drawView(told) {
  const box = $("view");
  if (view === "log") return told.impacts ? effects(told.impacts) : undefined;
  if (view === "headlines") {
    const body = told.rows.filter(row => row.after).map(row => el("tr", {},
      el("td", {textContent: row.title}), ...["p10", "p50", "p90"].map(q => el("td", {textContent: digits(row.after[q])})),
      el("td", {textContent: row.difference ? apart(row.difference) : ""}),
      el("td", {className: "text", textContent: row.unit})));
    const top = ["measure", "P10", "P50", "P90", "less the scenario's own, mean ± 95 %", "unit"];
    box.replaceChildren(el("h3", {textContent: "Every measure"}), scroller(el("table", {},
      el("thead", {}, el("tr", {}, ...top.map(text => el("th", {scope: "col", textContent: text})))), el("tbody", {}, ...body))));
    return;
  }
  let plots = box.querySelector(":scope > .plots");
  if (!plots) box.append(plots = el("div", {className: "plots"}));
  figures(plots, told.figures);
  if (view === "matters") {
    let turns = box.querySelector(".turns");
    if (!turns) box.append(turns = el("div", {className: "turns"}));
    const more = told.futures < told.most ? "Too few futures so far; more are being flown." : "No assumption has one within its range.";
    turns.replaceChildren(el("h3", {textContent: "Switching values"}), el("ul", {}, ...(told.lines?.length ? told.lines : [more]).map(line => el("li", {textContent: line}))));
  }
}
const drawer = new Promise(ready => {
  if (window.Plotly) ready(); else $("plotly").addEventListener("load", ready);
});
async function figures(box, list) {
  await drawer;
  if (!box.isConnected) return;
  const there = new Map([...box.querySelectorAll("figure")].map(each => [each.dataset.name, each]));
  if (list.some(each => !there.has(each.name)) || there.size !== list.length) {
    for (const old of box.querySelectorAll(".plot")) Plotly.purge(old);
    box.replaceChildren(...list.map(frame));
  }
  for (const each of list) {
    const figure = [...box.querySelectorAll("figure")].find(one => one.dataset.name === each.name);
    figure.querySelector("h3").textContent = each.title;
    figure.querySelector(".also").textContent = each.also;
    const plot = figure.querySelector(".plot");
    plot.setAttribute("aria-label", `${each.title}. The numbers are behind CSV.`);
    plot.made = each.figure;
    draw(plot);
  }
}
function draw(plot) {
  const {data, layout} = recoloured(plot.made), scroll = innerWidth <= 640 && broad(plot.made);
  const shown = themed(layout, data);
  if (scroll) Object.assign(shown, {width: 720, autosize: false});
  plot.tabIndex = scroll ? 0 : -1;
  plot.style.height = `${shown.height}px`;
  Plotly.react(plot, data, shown, {displayModeBar: false, responsive: !scroll});
}
const tone = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
function recoloured(figure) {
  if (!dark()) return structuredClone(figure);
  return JSON.parse(JSON.stringify(figure).replaceAll("#222222", tone("--text")).replaceAll("rgba(255,255,255,0.75)", "rgba(0,0,0,0)"));
}
function frame(each) {
  const plot = el("div", {className: "plot"});
  plot.setAttribute("role", "img");
  const act = (words, go) => el("button", {type: "button", textContent: words, onclick: go, ariaLabel: `${words}: ${each.title}`});
  const picture = format => Plotly.downloadImage(plot, {format, width: 1100, height: plot.made.layout.height, filename: `octoplan-${each.name}`});
  const made = el("figure", {}, el("h3"), el("p", {className: "small also"}), plot, el("figcaption", {textContent: each.note}),
    el("div", {className: "acts"}, act("CSV", () => save(`octoplan-${each.name}.csv`, table(plot.made))),
      act("SVG", () => picture("svg")), act("PNG", () => picture("png")),
      act("Sources", () => { open("log"); }), act("Copy link", () => copy())));
  made.dataset.name = each.name;
  return made;
}
const values = x => x && x.bdata ? [...typed(x)] : x ?? [];
function typed({dtype, bdata}) {
  const bytes = Uint8Array.from(atob(bdata), c => c.charCodeAt(0)).buffer;
  const kinds = {f8: Float64Array, f4: Float32Array, i4: Int32Array, i2: Int16Array, i1: Int8Array, u1: Uint8Array, u2: Uint16Array, u4: Uint32Array};
  return new kinds[dtype](bytes);
}
function table({data, layout}) {
  const panels = layout.meta?.length > 1, [first] = data;
  const heads = HEADS[first?.type] ?? [...panels ? ["panel"] : [], "series", "x", "y"];
  const rows = data.flatMap((trace, i) => (TABLES[trace.type] ?? points)({name: `series ${i + 1}`, ...trace}, layout, panels));
  return [heads, ...rows].map(row => row.map(quoted).join(",")).join("\n") + "\n";
}
const HEADS = {sankey: ["from", "to", "number"], heatmap: ["where", "value"]};
const TABLES = {
  sankey: ({node, link}) => values(link.value).map((amount, j) => [node.label[values(link.source)[j]], node.label[values(link.target)[j]], amount]),
  heatmap: ({text}) => text.flat().filter(Boolean).map(words => words.split(/: (?=[^:]*$)/)),
};
function points({name, fill, x, y, xaxis = "x", yaxis = "y", error_x, error_y}, layout, panels) {
  const along = told(values(x), layout, xaxis), ys = told(values(y), layout, yaxis), half = ys.length / 2;
  const which = j => fill !== "toself" ? name : j < half ? `${name}, upper end` : `${name}, lower end`;
  const panel = panels ? [layout.meta[(yaxis.slice(1) || 1) - 1]] : [];
  const ends = (error, from, j, row) => !error ? [] : [["lower", -values(error.arrayminus ?? error.array)[j]], ["upper", values(error.array)[j]]]
    .map(([end, by]) => row(`${name}, ${end} end`, values(from)[j] + by));
  return [...ys].flatMap((value, j) => [[which(j), along[j] ?? j, value],
    ...ends(error_x, x, j, (name, at) => [name, at, value]), ...ends(error_y, y, j, (name, at) => [name, along[j], at])])
    .map(row => [...panel, ...row]);
}
function told(list, layout, axis) {
  const {tickvals, ticktext} = layout[axis[0] + "axis" + axis.slice(1)] ?? {};
  if (!ticktext) return list;
  const ticks = [...values(tickvals)];
  return Array.from(list, value => (ticktext[ticks.indexOf(Math.round(value))] ?? String(value)).replaceAll(/<[^>]*>/g, " "));
}
const quoted = cell => /[",\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : cell;
function save(name, text) {
  const link = el("a", {href: URL.createObjectURL(new Blob([text], {type: "text/csv"})), download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
async function copy() {
  try { await navigator.clipboard.writeText(location.href); $("link").textContent = "Copied"; }
  catch { prompt("The link:", location.href); }
  setTimeout(() => { $("link").textContent = "Copy link"; }, 1500);
}
function themed(layout, data) {
  const made = layout;
  delete made.width;
  Object.assign(made, {paper_bgcolor: tone("--page"), plot_bgcolor: tone("--page"), font: {...made.font, color: tone("--text")}});
  for (const key of Object.keys(made)) if (/^[xy]axis/.test(key))
    Object.assign(made[key], {gridcolor: tone("--grid"), linecolor: tone("--quiet"), zerolinecolor: tone("--line")});
  return narrow(made, data);
}

const broad = ({data, layout}) => data.some(trace => ["sankey", "heatmap"].includes(trace.type)) || layout.xaxis2 || layout.yaxis?.tickvals && !barred(data, layout);
const barred = (data, layout) => data[0]?.type === "bar" && layout.yaxis?.ticktext;
function narrow(made, data) {
  if (innerWidth > 640) return made;
  const axes = Object.keys(made).filter(key => /^xaxis/.test(key));
  made.font = {...made.font, size: 11};
  made.margin = {...made.margin, l: Math.min(made.margin.l, 52), r: 8};
  if (axes.length > 1) return made;
  if (barred(data, made)) {
    const above = made.yaxis.ticktext.map((text, y) => ({text, y, xref: "paper", x: 0, xanchor: "left", yshift: 15, showarrow: false, font: {size: 11}}));
    Object.assign(made, {bargap: 0.6, margin: {...made.margin, l: 12}, annotations: [...made.annotations ?? [], ...above], height: made.height + 10 * above.length});
    made.yaxis = {...made.yaxis, showticklabels: false};
    const [low, high] = made.xaxis.range, room = 0.12 * (high - low);
    made.xaxis = {...made.xaxis, tickangle: 0, nticks: 5, range: [low - room, high + room]};
  }
  const named = data.filter(trace => trace.name && trace.showlegend !== false && made.showlegend !== false).length;
  const title = made.xaxis.title?.text ?? "", lines = title.length > 38 ? 1 : 0, more = 20 * Math.max(0, named - 1) + 16 * lines;
  if (lines) made.xaxis.title = {...made.xaxis.title, text: title.replace(/^(.{1,38}) /, "$1<br>")};
  made.height += more;
  made.margin.b += more;
  if (named > 1) made.legend = {...made.legend, orientation: "v", y: (made.margin.b - 46 - 16 * lines) / made.height};
  return made;
}

// --- panels
function slider(each, prefix) {
  const name = prefix + each.name, decision = prefix === "d.";
  const [low, high, own] = decision ? [0, each.most, 1] : [each.low, each.high, each.p50];
  const id = "slide-" + name.replaceAll(/[^A-Za-z0-9]/g, "-");
  const range = el("input", {type: "range", id, min: low, max: high, step: decision ? 0.05 : (high - low) / 200, value: own});
  const typedIn = el("input", {type: "text", ariaLabel: `${each.title ?? each.name}: type a value`});
  const place = x => `${Math.min(100, Math.max(0, 100 * (x - low) / (high - low || 1)))}%`;
  const shade = decision ? null : el("span", {className: "range"});
  if (shade) { shade.style.left = place(each.p10); shade.style.width = `calc(${place(each.p90)} - ${place(each.p10)})`; }
  const tick = el("span", {className: "tick"});
  tick.style.left = place(own);
  const text = x => decision ? "x" + (+(+x).toPrecision(3)) : String(+(+x).toPrecision(4));
  let waiting = null, moved = 0;
  range.addEventListener("input", () => {
    typedIn.value = text(range.value);
    clearTimeout(waiting);
    const wait = Math.max(0, moved + HOLD - performance.now());
    const go = () => { moved = performance.now(); change(name, text(range.value)); };
    if (wait) waiting = setTimeout(go, wait); else go();
  });
  typedIn.addEventListener("change", () => change(name, typedIn.value.trim() || null));
  const back = el("button", {type: "button", textContent: "↺", ariaLabel: `Back to the default: ${each.title ?? each.name}`, onclick: () => change(name, null)});
  const about = decision ? `${each.unit}, by month: ${each.own}` : "";
  const row = el("div", {className: "row"},
    el("label", {htmlFor: id, textContent: (each.title ?? each.name) + (each.unit && !decision ? `, ${each.unit}` : "")}),
    el("div", {className: "set"}, el("div", {className: "slide"}, range, shade, tick), typedIn, back),
    el("details", {}, el("summary", {textContent: decision ? "By month" : `Source, ${each.quality}`}), decision ? el("p", {className: "small", textContent: about}) : source(each)));
  row.dataset.name = name;
  row.put = () => {
    const now = changes[name];
    row.classList.toggle("moved", now !== undefined);
    const figure = now === undefined ? own : parseFloat(now.replace(/^[x×]/, ""));
    if (Number.isFinite(figure) && document.activeElement !== range) range.value = figure;
    if (document.activeElement !== typedIn) typedIn.value = now ?? text(own);
    range.setAttribute("aria-valuetext", typedIn.value + (each.unit ? " " + each.unit : ""));
  };
  return row;
}
function source(each) {
  const marks = {green: "● green: somebody can be asked", amber: "▲ amber: derived", red: "■ red: a guess"};
  return el("div", {}, el("p", {className: "rag", textContent: marks[each.quality]}),
    el("p", {textContent: each.note}),
    ...each.sources.map(s => el("p", {textContent: `${s.title}${s.publisher ? ", " + s.publisher : ""}${s.date ? ", " + s.date : ""} ${s.url}`})),
    el("p", {className: "small", textContent: `${each.file}:${each.line}, ${each.distribution}, P10 ${digits(each.p10)}, P50 ${digits(each.p50)}, P90 ${digits(each.p90)} ${each.unit}; ${each.owner}, ${each.date}`}));
}
function panelsOf() {
  $("decisions").replaceChildren(...panels.decisions.map(each => slider(each, "d.")));
  assumptionList();
}
function assumptionList() {
  const word = $("search").value.trim().toLowerCase();
  const fit = panels.assumptions.filter(each => !each.fixed && (word ? (each.name + " " + each.note).toLowerCase().includes(word) : each.early || ("b." + each.name) in changes));
  const few = fit.length || word ? fit.slice(0, word ? 40 : EARLY) : panels.assumptions.filter(each => !each.fixed).slice(0, EARLY);
  $("assumptions").replaceChildren(...few.map(each => slider(each, "b.")));
  if (word && fit.length > 40) $("assumptions").append(el("p", {className: "small", textContent: `and ${fit.length - 40} more; write more of the name`}));
  marked();
}
function marked() { for (const row of document.querySelectorAll(".row")) row.put?.(); }
function listed() {
  const names = Object.keys(changes).sort();
  $("changed").replaceChildren(...(names.length ? names.map(name => el("li", {},
    `${name.startsWith("d.") ? "◆ decision" : "? assumption"} ${name.slice(2)}: ${changes[name]} `,
    el("button", {type: "button", textContent: "take back", ariaLabel: `take back ${name.slice(2)}`, onclick: () => change(name, null)})))
    : [el("li", {textContent: "Nothing: this is the scenario as it stands."})]));
}

// --- views
function tabs() {
  $("tabs").replaceChildren(...VIEWS.map(([name, words]) => {
    const tab = el("button", {type: "button", id: "tab-" + name, textContent: words, onclick: () => open(name)});
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", "view");
    return tab;
  }));
  $("tabs").addEventListener("keydown", event => {
    const step = {ArrowRight: 1, ArrowLeft: -1}[event.key];
    if (!step) return;
    const at = VIEWS.findIndex(each => each[0] === view);
    open(VIEWS[(at + step + VIEWS.length) % VIEWS.length][0]);
    $("tab-" + view).focus();
  });
}
function open(name) {
  view = name;
  refly = null;
  for (const plot of $("view").querySelectorAll(".plot")) Plotly.purge(plot);
  $("view").replaceChildren();
  $("view").setAttribute("aria-labelledby", "tab-" + name);
  for (const [each] of VIEWS) {
    $("tab-" + each).setAttribute("aria-selected", each === name);
    $("tab-" + each).tabIndex = each === name ? 0 : -1;
  }
  keep();
  ({log, compare, plan: () => jobs("plan"), runs: () => jobs("run"), defence: replay})[name]?.();
  if (!LOCAL.has(name)) ask();
}
function log() {
  const columns = ["name", "p10", "p50", "p90", "unit", "quality", "impact", "effect", "owner", "date", "line"];
  const word = el("input", {type: "search", ariaLabel: "Filter the log"});
  const body = el("tbody");
  const fill = () => {
    const rows = panels.assumptions.filter(each => (each.name + each.quality + each.owner + each.note).toLowerCase().includes(word.value.toLowerCase()));
    const by = row => sort[0] === "effect" ? Math.abs(row.effect ?? 0) : row[sort[0]] ?? "";
    rows.sort((a, b) => sort[1] * (by(a) > by(b) ? 1 : by(a) < by(b) ? -1 : 0));
    body.replaceChildren(...rows.map(each => {
      const edit = el("input", {type: "text", value: changes["b." + each.name] ?? String(+each.p50.toPrecision(6)), ariaLabel: `value of ${each.name}`, disabled: each.fixed});
      edit.addEventListener("change", () => change("b." + each.name, edit.value.trim() || null));
      const shown = name => name === "effect" ? each.effect === undefined ? "" : apart({mean: each.effect, half: 2 * each.error})
        : name === "quality" ? MARKS[each.quality] : typeof each[name] === "number" && name !== "line" ? digits(each[name]) : each[name] ?? "";
      return el("tr", {}, ...columns.map(name => name === "p50" ? el("td", {}, edit) : el("td", {className: typeof each[name] === "number" ? "" : "text", textContent: shown(name)})));
    }));
  };
  word.addEventListener("input", fill);
  refill = fill;
  const heads = {p50: "value", effect: `effect on net benefit, M ${panels.currency}`};
  const top = columns.map(name => el("th", {scope: "col"}, el("button", {type: "button", textContent: heads[name] ?? name,
    onclick: () => { sort = [name, sort[0] === name ? -sort[1] : 1]; fill(); }})));
  const note = "Every number with its rating; a new value is a changed assumption, as with a slider, and what it does stands in the strip above. The effect is the mean net benefit where the row is high less where it is low, from the futures flown so far; impact is large, some or none seen beyond luck. Rows of raids.toml were fitted and stay.";
  $("view").replaceChildren(el("h3", {textContent: `${panels.assumptions.length} numbers are believed, ${panels.assumptions.filter(b => b.quality === "red").length} of them red`}),
    el("p", {className: "small", textContent: note}), el("label", {textContent: "Filter "}, word), scroller(el("table", {}, el("thead", {}, el("tr", {}, ...top)), body)));
  fill();
}
let refill = null;
const MARKS = {green: "● green", amber: "▲ amber", red: "■ red"};
function effects(impacts) {
  for (const each of panels.assumptions) Object.assign(each, impacts[each.name] ?? {impact: each.known ? "no range" : ""});
  refill?.();
}

// --- one future day by day
let refly = null;
async function flown() {
  const response = await fetch("/api/days", {method: "POST", body: JSON.stringify({of: panels.hash, changes})});
  return response.ok ? response.json() : null;
}
async function replay() {
  const box = el("section", {className: "days", ariaLabel: "One future day by day"}, el("h3", {textContent: "One future, day by day"}), el("p", {className: "small", textContent: "Flying it …"}));
  $("view").append(box, el("div", {className: "plots"}));
  let told = await flown(), newest = 0;
  if (!box.isConnected) return;
  if (!told) return box.remove();
  const [across, down] = [0, 1].map(i => told.regions.map(each => each.tile[i]));
  const [left, top] = [Math.min(...across), Math.min(...down)];
  const tiles = told.regions.map(each => {
    const tile = el("div", {className: "tile"}, el("span", {textContent: each.name.replace(/ oblast.*| \(.*/, "")}), el("b"));
    tile.style.gridColumn = each.tile[0] - left + 1;
    tile.style.gridRow = each.tile[1] - top + 1;
    return tile;
  });
  const head = el("p", {className: "day"});
  const range = el("input", {type: "range", min: 0, max: told.days.length - 1, value: told.worst, id: "day"});
  const night = el("div", {className: "plots"});
  let playing = null, waiting = null;
  const layers = async () => {
    const mine = newest, day = range.value;
    const response = await fetch("/api/night", {method: "POST", body: JSON.stringify({of: panels.hash, changes, day: +day})});
    const found = response.ok ? await response.json() : null;
    if (found && night.isConnected && mine === newest && day === range.value) staged(night, found);
  };
  refly = async () => {
    const mine = ++newest;
    box.classList.add("stale");
    const found = await flown();
    if (mine !== newest || !box.isConnected || !found) return;
    told = found;
    box.classList.remove("stale");
    put();
  };
  const put = () => {
    const most = Math.max(1, ...told.leaked.map(day => Math.max(...day)));
    const day = +range.value, row = told.leaked[day], sum = row.reduce((a, b) => a + b, 0);
    head.textContent = `${told.days[day]}: ${told.launched[day].toLocaleString("en-GB")} launched, ${sum.toLocaleString("en-GB")} reach a target (decoys left out)`;
    range.setAttribute("aria-valuetext", head.textContent);
    told.regions.forEach((each, i) => {
      const count = row[each.row], share = Math.sqrt(count / most), hot = share >= 0.5;
      tiles[i].lastChild.textContent = count;
      tiles[i].style.background = `color-mix(in srgb, var(--heat) ${Math.round(hot ? 40 + 60 * share : 80 * share)}%, var(--card))`;
      tiles[i].classList.toggle("hot", hot);
    });
    clearTimeout(waiting);
    waiting = setTimeout(layers, playing ? 1200 : 250);
  };
  const play = el("button", {type: "button", textContent: "Play", onclick: () => {
    if (playing) { clearInterval(playing); playing = null; play.textContent = "Play"; put(); return; }
    play.textContent = "Stop";
    playing = setInterval(() => {
      if (!range.isConnected || +range.value >= told.days.length - 1) { clearInterval(playing); playing = null; play.textContent = "Play"; return; }
      range.value = +range.value + 1; put();
    }, matchMedia("(prefers-reduced-motion: reduce)").matches ? 1000 : 220);
  }});
  range.addEventListener("input", put);
  box.replaceChildren(el("h3", {textContent: "One future, day by day"}),
    el("p", {className: "small", textContent: "One square a region; leakers of the day. Counts, not places, of the first future; another future has other days."}),
    head, el("div", {className: "set"}, el("label", {htmlFor: "day", textContent: "Day"}), range, play), el("div", {className: "tiles"}, ...tiles), night);
  put();
}
function staged(box, each) {
  const {link, node} = each.figure.data[0], turns = values(link.customdata), all = Math.max(...turns);
  let range = box.querySelector("#turn");
  if (!range) {
    range = el("input", {type: "range", min: 0, id: "turn"});
    const again = el("button", {type: "button", textContent: "Replay the night", onclick: () => {
      range.value = 0; range.put();
      const step = setInterval(() => {
        if (!range.isConnected || +range.value >= +range.max) return clearInterval(step);
        range.value = +range.value + 1; range.put();
      }, 900);
    }});
    box.append(el("div", {className: "set"}, el("label", {htmlFor: "turn", textContent: "Layers passed"}), range, again), el("div", {className: "plots"}));
    range.addEventListener("input", () => range.put());
  }
  range.max = range.value = all;
  range.put = () => {
    const at = +range.value, sum = turns.reduce((total, turn, j) => total + (turn < at ? 0 : values(link.value)[j]), 0);
    range.setAttribute("aria-valuetext", at < all ? `${at} of ${all} layers passed, ${digits(sum)} still flying` : "the end of the night");
    figures(box.lastChild, [at < all ? {...each, figure: before(each.figure, turns, at, sum)} : each]);
  };
  range.put();
}
function before(figure, turns, at, sum) {
  const made = structuredClone(figure), {link, node} = made.data[0], end = node.label.length - 1;
  link.target = Array.from(values(link.target), (target, j) => turns[j] < at ? target : end);
  node.label[end] = `still flying: ${digits(sum)}`;
  return made;
}
const wordsOf = changes => Object.entries(changes).map(([name, text]) => `${name.slice(2)} ${text}`).join("; ") || "the scenario as it stands";
function compare() {
  const box = $("view");
  const add = el("button", {type: "button", textContent: "Keep what is set now as a variant", disabled: variants.length >= 3, onclick: () => {
    variants.push({name: `variant ${variants.length + 1}`, changes: {...changes}}); keep(); compare(); }});
  box.replaceChildren(el("h3", {textContent: "Up to three variants, on the same futures"}), add, ...variants.map((each, i) => el("p", {},
    `${each.name}: ${wordsOf(each.changes)} `,
    el("button", {type: "button", textContent: "show", ariaLabel: `show ${each.name}`, onclick: () => { past.push({...changes}); changes = {...each.changes}; settle(); }}),
    el("button", {type: "button", textContent: "remove", ariaLabel: `remove ${each.name}`, onclick: () => { variants.splice(i, 1); keep(); compare(); }}))));
  if (variants.length) compared(box);
}
async function compared(box) {
  const told = await Promise.all(variants.map(async each => {
    const response = await fetch("/api/answer", {method: "POST", body: JSON.stringify({of: panels.hash, changes: each.changes, view: "headlines", most: 32})});
    return JSON.parse((await response.text()).trim().split("\n").pop());
  }));
  if (view !== "compare" || !told[0].rows) return;
  const body = told[0].rows.filter(row => row.after).map(row => el("tr", {}, el("td", {textContent: row.title}), ...told.map(each => {
    const own = each.rows.find(one => one.key === row.key);
    return el("td", {textContent: own?.after ? `${digits(own.after.p50)}${own.difference ? ` (${apart(own.difference)})` : ""}` : "–"});
  }), el("td", {className: "text", textContent: row.unit})));
  box.append(el("p", {className: "small", textContent: `P50 over ${told[0].futures} futures; in brackets the mean difference to the scenario as it stands, with its 95 % interval.`}),
    scroller(el("table", {}, el("thead", {}, el("tr", {}, ...["measure", ...variants.map(v => v.name), "unit"].map(text => el("th", {scope: "col", textContent: text})))), el("tbody", {}, ...body))));
}
function field(words, properties) {
  const input = el("input", properties);
  return [el("label", {}, words + " ", input), input];
}
function jobs(kind) {
  const fields = kind === "plan"
    ? {futures: field("Futures", {type: "number", value: 40, min: 2, max: 400}), target: field("Units a month to reach", {type: "number", min: 0}),
      by: field("By month", {type: "text", placeholder: panels.months[8] ?? panels.months[0]}), frontier: field("Share of country", {type: "text", placeholder: panels.countries[0]})}
    : {futures: field("Futures", {type: "number", value: 10000, min: 1, max: 100000})};
  const form = el("form", {className: "job"}, ...Object.values(fields).map(each => each[0]), el("button", {textContent: kind === "plan" ? "Find a plan" : "Fly them"}));
  const list = el("div"), result = el("div");
  form.addEventListener("submit", async event => {
    event.preventDefault();
    const options = {};
    for (const [name, [, input]] of Object.entries(fields)) if (input.value) options[name] = input.type === "number" ? +input.value : input.value;
    const response = await fetch("/api/jobs", {method: "POST", body: JSON.stringify({of: panels.hash, changes, kind, options})});
    problems(response.ok ? [] : (await response.json()).problems);
    watch();
  });
  let shown = null;
  const watch = async () => {
    if (!list.isConnected) return;
    const every = (await (await fetch("/api/jobs")).json()).filter(job => job.kind === kind && job.of === panels.hash);
    list.replaceChildren(...every.reverse().map(job => {
      const row = el("p", {className: "jobrow"}, `${job.kind}: ${job.state}, ${job.seconds} s, ${job.state === "at work" ? job.what ?? "" : wordsOf(job.changes)} `);
      if (job.state === "at work") row.append(el("progress", {max: job.total || 1, ...(job.total ? {value: job.done} : {}), ariaLabel: "Progress"}),
        el("button", {type: "button", textContent: "Cancel", onclick: async () => { await fetch(`/api/jobs/${job.id}`, {method: "DELETE"}); watch(); }}));
      if (job.error) row.append(el("span", {className: "wrong", textContent: job.error.split("\n").pop()}));
      return row;
    }));
    const done = every.find(job => job.state === "done");
    if (done && shown !== done.id) {
      shown = done.id;
      const told = await (await fetch(`/api/jobs/${done.id}/result`)).json();
      const plots = el("div"), slide = told.front ? along(told.front) : null;
      result.replaceChildren(el("h3", {textContent: "What was found"}), lined(told.lines), ...(told.decisions ? [el("button", {type: "button", textContent: "Save its decisions.toml", onclick: () => save("decisions.toml", told.decisions)})] : []),
        ...(slide ? [slide] : []), plots);
      await figures(plots, told.figures);
      if (plots.isConnected) slide?.across(plots.querySelector("[data-name=frontier] .plot"));
    }
    if (every.some(job => job.state === "at work")) setTimeout(watch, 400);
  };
  const words = kind === "plan"
    ? "The search for output, lines, crews and kits of least expected cost and losses, with what is changed here as its start. Name a country for the frontier of its share. It goes on while you do other things, and its result survives a reload."
    : "Many more futures than the strip above flies, for figures to quote. It goes on while you do other things.";
  $("view").replaceChildren(el("h3", {textContent: kind === "plan" ? "The plan, and who makes how much" : "A large run"}), el("p", {className: "small", textContent: words}), form, list, result);
  watch();
}

function lined(lines) {
  const box = el("div", {className: "lines"});
  for (const line of lines) {
    const row = line.startsWith("  ");
    if (!row) box.append(el("p", {textContent: line}));
    else if (box.lastChild?.tagName === "PRE") box.lastChild.textContent += "\n" + line;
    else box.append(el("pre", {tabIndex: 0, textContent: line}));
  }
  return box;
}
function along(front) {
  const range = el("input", {type: "range", min: 0, max: front.points.length - 1, value: front.cheapest, id: "share"});
  const said = el("p", {className: "day"});
  const made = el("section", {ariaLabel: "Along the frontier"}, el("h3", {textContent: "Along the frontier"}),
    el("label", {htmlFor: "share", textContent: `Share made in ${front.country}; drag here or across the chart`}), range, said);
  let chart = null, shapes = [];
  made.put = () => {
    const point = front.points[range.value];
    said.textContent = `${front.country} makes ${digits(point.share)} %: ${apart({mean: point.cost, half: point.half})} M ${panels.currency} against the cheapest share, `
      + `${digits(point.stopped, 4)} % of threats stopped, ${digits(point.worst, 4)} % in the worst tenth of futures, ${front.rate} a month ${point.reached === "never" ? "in no month" : "first in " + point.reached}; jobs: ${point.jobs}${point.dominated ? "; dominated by another share" : ""}`;
    range.setAttribute("aria-valuetext", said.textContent);
    if (!chart) return;
    const line = {width: 3, color: tone("--choice")};
    chart.made.layout.shapes = [...shapes, {type: "line", xref: "x", yref: "paper", x0: point.share, x1: point.share, y0: 0, y1: 1, line}];
    draw(chart);
  };
  made.across = plot => {
    chart = plot;
    chart.classList.add("drawn");
    chart.made.layout.dragmode = false;
    shapes = chart.made.layout.shapes;
    const nearest = event => {
      const axis = chart._fullLayout.xaxis, share = axis.p2d(event.clientX - chart.getBoundingClientRect().left - axis._offset);
      const gone = front.points.map(point => Math.abs(point.share - share));
      range.value = gone.indexOf(Math.min(...gone));
      made.put();
    };
    chart.addEventListener("pointerdown", event => { chart.setPointerCapture(event.pointerId); nearest(event); }, true);
    chart.addEventListener("pointermove", event => { if (event.buttons & 1) nearest(event); }, true);
    made.put();
  };
  range.addEventListener("input", made.put);
  made.put();
  return made;
}

// --- looks, folders, start
const dark = () => document.documentElement.dataset.theme === "dark";
function theme(isDark) {
  document.documentElement.dataset.theme = isDark ? "dark" : "light";
  $("theme").setAttribute("aria-pressed", isDark);
  for (const plot of document.querySelectorAll(".plot")) if (plot.made) draw(plot);
}
async function start() {
  const query = fromAddress();
  theme(matchMedia("(prefers-color-scheme: dark)").matches);
  const response = await fetch("/api/panels?of=" + encodeURIComponent(query.get("of") ?? ""));
  if (!response.ok) return problems((await response.json()).problems);
  panels = await response.json();
  const made = query.get("with");
  if (made && made !== panels.version) return problems([`The link was made with octoplan ${made}, this is ${panels.version}: its numbers may differ. Leave out 'with' to go on.`]);
  try { variants = JSON.parse(localStorage.getItem("octoplan-variants-" + panels.hash)) ?? []; } catch { variants = []; }
  document.title = `${panels.title}: octoplan`;
  $("title").textContent = panels.title;
  $("facts").textContent = `${panels.months[0]} to ${panels.months.at(-1)} · scenario ${panels.hash.slice(0, 12)} · octoplan ${panels.version}`;
  tabs(); panelsOf(); listed(); open(view);
  if (LOCAL.has(view)) ask();
  document.body.dataset.ready = "yes";
}
$("search").addEventListener("input", assumptionList);
$("undo").addEventListener("click", () => { if (past.length) { changes = past.pop(); settle(); } });
$("reset").addEventListener("click", () => { past.push({...changes}); changes = {}; settle(); });
$("link").addEventListener("click", copy);
$("theme").addEventListener("click", () => theme(!dark()));
$("upload").addEventListener("change", async () => {
  const file = $("upload").files[0];
  if (!file) return;
  const response = await fetch("/api/folder", {method: "POST", body: file});
  const told = await response.json();
  $("upload").value = "";
  if (!response.ok) return problems(told.problems);
  location.search = "?of=" + told.hash.slice(0, 16);
});
start();
