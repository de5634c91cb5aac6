// The numbers of charts as CSV.
import assert from "node:assert/strict";
import {test} from "node:test";
import {chartCsv} from "../../src/octoplan/app/static/chart_csv.js";

const rows = figure => chartCsv(figure).trimEnd().split("\n");

test("a band has its upper and its lower end, and cells with commas are quoted", () => {
  const data = [{type: "scatter", name: "P10 to P90, of all", fill: "toself", x: [1, 2, 2, 1], y: [5, 6, 3, 2]}];
  assert.deepEqual(rows({data, layout: {}}), ["series,x,y", '"P10 to P90, of all, upper end",1,5', '"P10 to P90, of all, upper end",2,6',
    '"P10 to P90, of all, lower end",2,3', '"P10 to P90, of all, lower end",1,2']);
});

test("typed arrays are decoded, and ticks have their names", () => {
  const bdata = Buffer.from(Float64Array.from([0, 1]).buffer).toString("base64");
  const data = [{type: "bar", name: "effect", x: {dtype: "f8", bdata}, y: [0, 1]}];
  const layout = {yaxis: {tickvals: [0, 1], ticktext: ["crews<br>on duty", "kits"]}};
  assert.deepEqual(rows({data, layout}), ["series,x,y", "effect,0,crews on duty", "effect,1,kits"]);
});

test("flows have origin, destination and number; error bars have their ends; panels their names", () => {
  const flow = {type: "sankey", node: {label: ["drones", "stopped"]}, link: {source: [0], target: [1], value: [7]}};
  assert.deepEqual(rows({data: [flow], layout: {}}), ["from,to,number", "drones,stopped,7"]);
  const points = {name: "cost", x: [1], y: [4], yaxis: "y2", error_y: {array: [2]}};
  assert.deepEqual(rows({data: [points], layout: {meta: ["left", "right"]}}), ["panel,series,x,y", "right,cost,1,4",
    'right,"cost, lower end",1,2', 'right,"cost, upper end",1,6']);
});
