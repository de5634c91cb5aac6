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

test("flows, maps, charts side by side and rows with names scroll", () => {
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
