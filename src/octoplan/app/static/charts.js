// Charts in the colours of the page, with downloads of their data as CSV and of their image.
import {$, el, saveFile} from "./format.js";
import {chartCsv} from "./chart_csv.js";

const NARROW_SCREEN = 640, MIN_HEIGHT = 200, LOW = 320;  // pixels; a lower chart has no legend
const plotly = new Promise(resolve => {
  if (window.Plotly) resolve(); else $("plotly").addEventListener("load", resolve);
});
let openLog = () => {};
export const onShowSources = listener => { openLog = listener; };

// Draw charts in an element; charts that it already has are updated.
export async function drawCharts(box, charts) {
  await plotly;
  if (!box.isConnected) return;
  const frames = new Map([...box.querySelectorAll("figure")].map(frame => [frame.dataset.name, frame]));
  if (charts.some(chart => !frames.has(chart.name)) || frames.size !== charts.length) {
    purgePlots(box);
    box.replaceChildren(...charts.map(frameOf));
  }
  for (const chart of charts) {
    const frame = [...box.querySelectorAll("figure")].find(candidate => candidate.dataset.name === chart.name);
    frame.querySelector("h3").textContent = chart.title;
    frame.querySelector(".subtitle").textContent = chart.subtitle;
    const plot = frame.querySelector(".plot");
    plot.setAttribute("aria-label", `${chart.title}. The numbers can be downloaded as CSV.`);
    plot.content = chart.figure;
    drawPlot(plot);
  }
}

// Release the plots of an element; one that is still being drawn is released afterwards, because plotly would fail.
export function purgePlots(box) {
  for (const plot of box.querySelectorAll(".plot")) Promise.resolve(plot.drawn).finally(() => window.Plotly?.purge(plot));
}

export function drawPlot(plot) {
  const {data, layout} = inPageColours(plot.content), scrolls = innerWidth <= NARROW_SCREEN && needsWidth(plot.content);
  const adapted = withPageColours(layout, data);
  if (plot.closest(".first-chart")) fitHeight(plot, adapted);
  if (scrolls) Object.assign(adapted, {width: 720, autosize: false});
  plot.tabIndex = scrolls ? 0 : -1;
  plot.style.height = `${adapted.height}px`;
  plot.drawn = Plotly.react(plot, data, adapted, {displayModeBar: false, responsive: !scrolls});
}

// The chart of the first view ends where the screen ends, if it can.
function fitHeight(plot, layout) {
  const top = plot.getBoundingClientRect().top + scrollY, room = Math.floor(innerHeight - top - 4);
  if (innerWidth <= NARROW_SCREEN || room >= layout.height) return;
  layout.height = Math.max(MIN_HEIGHT, room);
  if (layout.height < LOW) Object.assign(layout, 
    {showlegend: false, margin: {...layout.margin, t: 10, b: 30}, yaxis: {...layout.yaxis, title: {...layout.yaxis.title, font: {size: 12}}}});
}

export function redrawAll() {
  for (const plot of document.querySelectorAll(".plot")) if (plot.content) drawPlot(plot);
}

export const isDark = () => document.documentElement.dataset.theme === "dark";
export const cssColour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function inPageColours(figure) {
  if (!isDark()) return structuredClone(figure);
  const text = JSON.stringify(figure).replaceAll("#222222", cssColour("--text"));
  return JSON.parse(text.replaceAll("rgba(255,255,255,0.75)", "rgba(0,0,0,0)"));
}

function frameOf(chart) {
  const plot = el("div", {className: "plot"});
  plot.setAttribute("role", "img");
  const action = (text, onclick) => el("button", {type: "button", textContent: text, onclick, ariaLabel: `${text}: ${chart.title}`});
  const downloadImage = format => Plotly.downloadImage(plot,
    {format, width: 1100, height: plot.content.layout.height, filename: `octoplan-${chart.name}`});
  const frame = el("figure", {}, el("h3"), el("p", {className: "small subtitle"}), plot,
    el("figcaption", {textContent: chart.note}),
    el("div", {className: "actions"}, action("CSV", () => saveFile(`octoplan-${chart.name}.csv`, chartCsv(plot.content))),
      action("SVG", () => downloadImage("svg")), action("PNG", () => downloadImage("png")), action("Sources", () => openLog()),
      action("Copy link", copyLink)));
  frame.dataset.name = chart.name;
  return frame;
}

export async function copyLink() {
  try { await navigator.clipboard.writeText(location.href); $("link").textContent = "Copied"; }
  catch { prompt("Copy this link:", location.href); }
  setTimeout(() => { $("link").textContent = "Copy link"; }, 1500);
}

function withPageColours(layout, data) {
  delete layout.width;
  const page = cssColour("--page");
  Object.assign(layout, {paper_bgcolor: page, plot_bgcolor: page, font: {...layout.font, color: cssColour("--text")}});
  const colours = {gridcolor: cssColour("--grid"), linecolor: cssColour("--quiet"), zerolinecolor: cssColour("--line")};
  for (const key of Object.keys(layout)) if (/^[xy]axis/.test(key)) Object.assign(layout[key], colours);
  return fittedToScreen(layout, data);
}

const hasNamedBars = (data, layout) => data[0]?.type === "bar" && layout.yaxis?.ticktext;

const needsWidth = ({data, layout}) => data.some(trace => ["sankey", "heatmap"].includes(trace.type)) || layout.xaxis2
  || layout.yaxis?.tickvals && !hasNamedBars(data, layout);

// On a narrow screen, labels are above their bars and the legend is vertical.
function fittedToScreen(layout, data) {
  if (innerWidth > NARROW_SCREEN) return layout;
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
