// How charts fit narrow screens: the same rule for the page and for reports.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";
import {fittedToScreen, needsWidth, NARROW_SCREEN, ONE_COLUMN} from "../../src/octoplan/show/templates/chart_fit.js";

const PHONE = 390;
const layout = (more = {}) => ({height: 300, margin: {l: 90, r: 40, t: 20, b: 50}, xaxis: {range: [0, 10]}, yaxis: {}, ...more});
const lines = [{type: "scatter", name: "with"}, {type: "scatter", name: "without"}, {type: "scatter", name: "band", showlegend: false}];

test("on a wide screen a chart keeps its layout", () => {
  const figure = {data: lines, layout: layout()};
  assert.deepEqual(fittedToScreen(figure, NARROW_SCREEN + 1), {layout: figure.layout, scrolls: false});
});

test("the style sheet of the page has one column at the same limit, and no other limit", () => {
  const css = readFileSync(new URL("../../src/octoplan/app/static/style.css", import.meta.url), "utf-8");
  const limits = [...css.matchAll(/\((min|max)-width: (\d+)px\)/g)].map(([, kind, width]) => kind === "max" ? +width : width - 1);
  assert.ok(limits.length > 3);
  assert.deepEqual([...new Set(limits)], [ONE_COLUMN]);
});

test("the legend of a chart on a phone is vertical, below, with room for each entry but the first", () => {
  const figure = {data: lines, layout: layout({legend: {orientation: "h"}})}, before = structuredClone(figure);
  const {layout: fitted, scrolls} = fittedToScreen(figure, PHONE);
  assert.equal(scrolls, false);
  assert.equal(fitted.height, 320);
  assert.equal(fitted.margin.b, 70);
  assert.deepEqual(fitted.margin, {l: 52, r: 8, t: 20, b: 70});
  assert.equal(fitted.legend.orientation, "v");
  assert.deepEqual(figure, before, "the figure itself is not changed");
  assert.equal(fittedToScreen({data: lines.slice(0, 1), layout: layout()}, PHONE).layout.height, 300);
  assert.equal(fittedToScreen({data: lines, layout: layout({showlegend: false})}, PHONE).layout.height, 300);
});

test("labels right of the lines of a chart on a phone keep their margin", () => {
  const label = {text: "target", x: 1, xref: "x domain", xanchor: "left", y: 1, yref: "y"};
  assert.equal(fittedToScreen({data: lines, layout: layout({annotations: [label]})}, PHONE).layout.margin.r, 40);
});

test("a low chart has its height, no legend, and room for its panel titles only", () => {
  const figure = {data: lines, layout: layout({legend: {y: 0.1}, yaxis: {title: {text: "units"}}})}, before = structuredClone(figure);
  for (const width of [PHONE, NARROW_SCREEN + 1]) {
    const {layout: fitted, scrolls} = fittedToScreen(figure, width, 200);
    assert.equal(scrolls, false);
    assert.deepEqual([fitted.height, fitted.showlegend, fitted.margin.t, fitted.margin.b], [200, false, 10, 30]);
    assert.deepEqual(fitted.yaxis.title, {text: "units", font: {size: 12}});
    assert.equal(fittedToScreen({data: lines, layout: layout({meta: ["units"]})}, width, 200).layout.margin.t, 28);
  }
  assert.deepEqual(figure, before, "the figure itself is not changed");
});

test("a long title of the axis has two lines", () => {
  const title = {text: "net benefit at the low end less that at the high end"};
  const {layout: fitted} = fittedToScreen({data: [], layout: layout({xaxis: {title}})}, PHONE);
  assert.equal(fitted.xaxis.title.text, "net benefit at the low end less that<br>at the high end");
  assert.equal(fitted.height, 316);
});

test("names of bars stand above them, within the chart", () => {
  const figure = {data: [{type: "bar"}], layout: layout({yaxis: {tickvals: [0, 1], ticktext: ["crews", "kits"]}})};
  const {layout: fitted, scrolls} = fittedToScreen(figure, PHONE);
  assert.equal(scrolls, false);
  assert.deepEqual(fitted.annotations.map(({text, y}) => [text, y]), [["crews", 0], ["kits", 1]]);
  assert.equal(fitted.yaxis.showticklabels, false);
  assert.equal(fitted.margin.l, 12);
  assert.equal(fitted.height, 320);
  assert.deepEqual(fitted.xaxis.range, [-1.2, 11.2]);
});

test("flows, maps, panels in rows, rows with names and rows of several bars scroll", () => {
  for (const figure of [{data: [{type: "sankey"}], layout: layout()}, {data: [{type: "heatmap"}], layout: layout()},
    {data: lines, layout: layout({xaxis2: {}})}, {data: lines, layout: layout({yaxis: {tickvals: [0], ticktext: ["a"]}})},
    {data: [{type: "bar"}, {type: "bar"}], layout: layout({barmode: "group", yaxis: {tickvals: [0], ticktext: ["a"]}})}]) {
    assert.equal(needsWidth(figure), true);
    const {layout: fitted, scrolls} = fittedToScreen(figure, PHONE);
    assert.equal(scrolls, true);
    assert.equal(fitted.width, 720);
    assert.deepEqual(fitted.margin, figure.layout.margin);
  }
  assert.equal(needsWidth({data: lines, layout: layout()}), false);
});

const TITLES = ["units", "leakers"].map((text, i) => ({text, x: i ? 0.78 : 0.22, y: 1, xref: "paper", yref: "paper"}));
const TARGET = {text: "target<br>40", x: 1, xref: "x domain", xanchor: "left", y: 40, yref: "y", yanchor: "middle"};
const TWO_PANELS = {data: lines, layout: layout({
  annotations: [...TITLES, TARGET], meta: ["units", "leakers"], xaxis: {domain: [0, 0.44]}, xaxis2: {domain: [0.56, 1]},
  yaxis: {domain: [0, 1]}, yaxis2: {domain: [0, 1]}, legend: {x: 0, y: 0.1, yref: "container"}, legend2: {x: 0.56, y: 0.1, yref: "container"},
})};
/** @type {(layout: Json) => number[]} */
const panelHeights = ({height, margin, yaxis, yaxis2}) => [yaxis, yaxis2].map(({domain: [low, high]}) => Math.round((high - low) * (height - margin.t - margin.b)));

test("of two charts side by side the second is below the first, as high as before, with its title and legend", () => {
  const before = structuredClone(TWO_PANELS);
  assert.equal(needsWidth(TWO_PANELS), false);
  const {layout: fitted, scrolls} = fittedToScreen(TWO_PANELS, PHONE);
  assert.deepEqual(TWO_PANELS, before, "the figure itself is not changed");
  assert.equal(scrolls, false);
  assert.equal(fitted.height, 600);
  assert.deepEqual(panelHeights(fitted), [230, 230]);
  assert.ok(fitted.yaxis2.domain[1] < fitted.yaxis.domain[0]);
  assert.deepEqual([fitted.xaxis.domain, fitted.xaxis2.domain], [[0, 1], [0, 1]]);
  const [title, title2, target] = fitted.annotations;
  assert.deepEqual([title, title2].map(note => [note.x.toFixed(2), note.y]), [["0.50", 1], ["0.50", fitted.yaxis2.domain[1]]]);
  assert.deepEqual(target, TARGET);
  // A legend in parts of the container other than its lower half would take the room above or below it from the panels.
  assert.deepEqual([fitted.legend.yref, fitted.legend2.yref, fitted.legend2.x], ["paper", "paper", 0]);
  const bottoms = [fitted.yaxis, fitted.yaxis2].map(axis => axis.domain[0]), inside = 600 - 20 - 50;
  assert.deepEqual([fitted.legend, fitted.legend2].map(({y}, i) => Math.round((bottoms[i] - y) * inside)), [20, 20], "20 pixels below the panel");
  const third = {data: lines, layout: {...TWO_PANELS.layout, xaxis3: {}}};
  assert.equal(fittedToScreen(third, PHONE).scrolls, true);
});

test("two low charts below each other share the labels of the months and have room for their titles", () => {
  const before = structuredClone(TWO_PANELS), {layout: fitted} = fittedToScreen(TWO_PANELS, PHONE, 200);
  assert.deepEqual(TWO_PANELS, before, "the figure itself is not changed");
  assert.deepEqual([fitted.height, fitted.showlegend], [200, false]);
  const [first, second] = panelHeights(fitted), {t, b} = fitted.margin;
  assert.equal(first, second);
  assert.ok(first >= 50 && t >= 20);
  assert.equal(2 * first + 2 * t + b, 200, "the second title has as much room as the first");
  assert.deepEqual([fitted.xaxis.showticklabels, fitted.xaxis.matches, fitted.xaxis2.showticklabels], [false, "x2", undefined]);
  assert.deepEqual(fitted.annotations[2], {...TARGET, yanchor: "bottom", yshift: -4}, "the label leaves room for one below it");
  assert.deepEqual(fittedToScreen(TWO_PANELS, NARROW_SCREEN + 1, 200).layout.xaxis.domain, [0, 0.44], "side by side on a wide screen");
});
