// Charts in the colours of the page, with downloads of their data as CSV and of their image.
import {$, el, save} from "./format.js";
import {chartCsv} from "./chart_csv.js";

const NARROW = 640;
const plotly = new Promise(resolve => {
  if (window.Plotly) resolve(); else $("plotly").addEventListener("load", resolve);
});
let openLog = () => {};
export const onSources = listener => { openLog = listener; };

// Draw figures in an element; existing ones are updated.
export async function figures(box, list) {
  await plotly;
  if (!box.isConnected) return;
  const frames = new Map([...box.querySelectorAll("figure")].map(frame => [frame.dataset.name, frame]));
  if (list.some(figure => !frames.has(figure.name)) || frames.size !== list.length) {
    purge(box);
    box.replaceChildren(...list.map(frameOf));
  }
  for (const figure of list) {
    const frame = [...box.querySelectorAll("figure")].find(candidate => candidate.dataset.name === figure.name);
    frame.querySelector("h3").textContent = figure.title;
    frame.querySelector(".subtitle").textContent = figure.subtitle;
    const plot = frame.querySelector(".plot");
    plot.setAttribute("aria-label", `${figure.title}. The numbers can be downloaded as CSV.`);
    plot.content = figure.figure;
    draw(plot);
  }
}

export function purge(box) {
  for (const plot of box.querySelectorAll(".plot")) window.Plotly?.purge(plot);
}

export function draw(plot) {
  const {data, layout} = recoloured(plot.content), scrolls = innerWidth <= NARROW && needsWidth(plot.content);
  const adapted = themed(layout, data);
  if (scrolls) Object.assign(adapted, {width: 720, autosize: false});
  plot.tabIndex = scrolls ? 0 : -1;
  plot.style.height = `${adapted.height}px`;
  Plotly.react(plot, data, adapted, {displayModeBar: false, responsive: !scrolls});
}

export function redrawAll() {
  for (const plot of document.querySelectorAll(".plot")) if (plot.content) draw(plot);
}

export const isDark = () => document.documentElement.dataset.theme === "dark";
export const tone = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function recoloured(figure) {
  if (!isDark()) return structuredClone(figure);
  const text = JSON.stringify(figure).replaceAll("#222222", tone("--text"));
  return JSON.parse(text.replaceAll("rgba(255,255,255,0.75)", "rgba(0,0,0,0)"));
}

function frameOf(figure) {
  const plot = el("div", {className: "plot"});
  plot.setAttribute("role", "img");
  const action = (text, onclick) => el("button", {type: "button", textContent: text, onclick, ariaLabel: `${text}: ${figure.title}`});
  const picture = format => Plotly.downloadImage(plot,
    {format, width: 1100, height: plot.content.layout.height, filename: `octoplan-${figure.name}`});
  const frame = el("figure", {}, el("h3"), el("p", {className: "small subtitle"}), plot,
    el("figcaption", {textContent: figure.note}),
    el("div", {className: "actions"}, action("CSV", () => save(`octoplan-${figure.name}.csv`, chartCsv(plot.content))),
      action("SVG", () => picture("svg")), action("PNG", () => picture("png")), action("Sources", () => openLog()),
      action("Copy link", copyLink)));
  frame.dataset.name = figure.name;
  return frame;
}

export async function copyLink() {
  try { await navigator.clipboard.writeText(location.href); $("link").textContent = "Copied"; }
  catch { prompt("The link:", location.href); }
  setTimeout(() => { $("link").textContent = "Copy link"; }, 1500);
}

function themed(layout, data) {
  delete layout.width;
  const page = tone("--page");
  Object.assign(layout, {paper_bgcolor: page, plot_bgcolor: page, font: {...layout.font, color: tone("--text")}});
  const colours = {gridcolor: tone("--grid"), linecolor: tone("--quiet"), zerolinecolor: tone("--line")};
  for (const key of Object.keys(layout)) if (/^[xy]axis/.test(key)) Object.assign(layout[key], colours);
  return narrowed(layout, data);
}

const hasNamedBars = (data, layout) => data[0]?.type === "bar" && layout.yaxis?.ticktext;

const needsWidth = ({data, layout}) => data.some(trace => ["sankey", "heatmap"].includes(trace.type)) || layout.xaxis2
  || layout.yaxis?.tickvals && !hasNamedBars(data, layout);

// On a narrow screen, labels are above their bars and the legend is vertical.
function narrowed(layout, data) {
  if (innerWidth > NARROW) return layout;
  layout.font = {...layout.font, size: 11};
  layout.margin = {...layout.margin, l: Math.min(layout.margin.l, 52), r: 8};
  if (Object.keys(layout).filter(key => /^xaxis/.test(key)).length > 1) return layout;
  if (hasNamedBars(data, layout)) nameBarsAbove(layout);
  const entries = data.filter(trace => trace.name && trace.showlegend !== false && layout.showlegend !== false).length;
  const title = layout.xaxis.title?.text ?? "", lines = title.length > 38 ? 1 : 0;
  const extra = 20 * Math.max(0, entries - 1) + 16 * lines;
  if (lines) layout.xaxis.title = {...layout.xaxis.title, text: title.replace(/^(.{1,38}) /, "$1<br>")};
  layout.height += extra;
  layout.margin.b += extra;
  const y = (layout.margin.b - 46 - 16 * lines) / layout.height;
  if (entries > 1) layout.legend = {...layout.legend, orientation: "v", y};
  return layout;
}

function nameBarsAbove(layout) {
  const names = layout.yaxis.ticktext.map((text, y) =>
    ({text, y, xref: "paper", x: 0, xanchor: "left", yshift: 15, showarrow: false, font: {size: 11}}));
  Object.assign(layout, {bargap: 0.6, margin: {...layout.margin, l: 12},
    annotations: [...layout.annotations ?? [], ...names], height: layout.height + 10 * names.length});
  layout.yaxis = {...layout.yaxis, showticklabels: false};
  const [low, high] = layout.xaxis.range, room = 0.12 * (high - low);
  layout.xaxis = {...layout.xaxis, tickangle: 0, nticks: 5, range: [low - room, high + room]};
}
