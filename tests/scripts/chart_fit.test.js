// How charts fit narrow screens: the same rule for the page and for reports.
import assert from "node:assert/strict";
import {test} from "node:test";
import {fittedToScreen, needsWidth} from "../../src/octoplan/show/templates/chart_fit.js";

const PHONE = 390;
const layout = (more = {}) => ({height: 300, margin: {l: 90, r: 40, t: 20, b: 50}, xaxis: {range: [0, 10]}, yaxis: {}, ...more});
const lines = [{type: "scatter", name: "with"}, {type: "scatter", name: "without"}, {type: "scatter", name: "band", showlegend: false}];

test("on a wide screen a chart keeps its layout", () => {
  const figure = {data: lines, layout: layout()};
  assert.deepEqual(fittedToScreen(figure, 641), {layout: figure.layout, scrolls: false});
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

test("flows, maps, panels in rows and rows with names scroll", () => {
  for (const figure of [{data: [{type: "sankey"}], layout: layout()}, {data: [{type: "heatmap"}], layout: layout()},
    {data: lines, layout: layout({xaxis2: {}})}, {data: lines, layout: layout({yaxis: {tickvals: [0], ticktext: ["a"]}})}]) {
    assert.equal(needsWidth(figure), true);
    const {layout: fitted, scrolls} = fittedToScreen(figure, PHONE);
    assert.equal(scrolls, true);
    assert.equal(fitted.width, 720);
    assert.deepEqual(fitted.margin, figure.layout.margin);
  }
  assert.equal(needsWidth({data: lines, layout: layout()}), false);
});

test("of two charts side by side the second is below the first, as high as before, with its title and legend", () => {
  const [title, title2] = ["units", "leakers"].map((text, i) => ({text, x: i ? 0.78 : 0.22, y: 1, xref: "paper", yref: "paper"}));
  const label = {text: "with", x: 1, xref: "x2 domain", y: 40, yref: "y2"};
  const figure = {data: lines, layout: layout({
    annotations: [title, title2, label], xaxis: {domain: [0, 0.44]}, xaxis2: {domain: [0.56, 1]},
    yaxis: {domain: [0, 1]}, yaxis2: {domain: [0, 1]}, legend: {x: 0, y: 0.1}, legend2: {x: 0.56, y: 0.1},
  })}, before = structuredClone(figure);
  assert.equal(needsWidth(figure), false);
  const {layout: fitted, scrolls} = fittedToScreen(figure, PHONE);
  assert.deepEqual(figure, before, "the figure itself is not changed");
  assert.equal(scrolls, false);
  assert.equal(fitted.height, 600);
  const area = 600 - 20 - 50, heights = [fitted.yaxis, fitted.yaxis2].map(axis => Math.round((axis.domain[1] - axis.domain[0]) * area));
  assert.deepEqual(heights, [230, 230]);
  assert.ok(fitted.yaxis2.domain[1] < fitted.yaxis.domain[0]);
  assert.deepEqual([fitted.xaxis.domain, fitted.xaxis2.domain], [[0, 1], [0, 1]]);
  assert.deepEqual(fitted.annotations.map(note => [note.x.toFixed(2), note.y]),
    [["0.50", 1], ["0.50", fitted.yaxis2.domain[1]], ["1.00", 40]]);
  assert.deepEqual([fitted.legend.y, fitted.legend2.y].map(y => Math.round(600 * y)), [330, 30]);
  assert.equal(fitted.legend2.x, 0);
  const third = {data: lines, layout: {...figure.layout, xaxis3: {}}};
  assert.equal(fittedToScreen(third, PHONE).scrolls, true);
});
