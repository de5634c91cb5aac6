// The numbers of a chart as CSV: the points of its series, the flows of a Sankey diagram, or the cells of a map.

/**
 * The values of an array, which Plotly may hold as typed binary data.
 * @type {(array: Json) => Json}
 */
export const values = array => array && array.bdata ? [...typed(array)] : array ?? [];

/** @param {{dtype: string, bdata: string}} array */
function typed({dtype, bdata}) {
  const bytes = Uint8Array.from(atob(bdata), c => c.charCodeAt(0)).buffer;
  /** @type {Record<string, new (bytes: ArrayBuffer) => Iterable<number>>} */
  const kinds = {f8: Float64Array, f4: Float32Array, i4: Int32Array, i2: Int16Array, i1: Int8Array, u1: Uint8Array,
    u2: Uint16Array, u4: Uint32Array};
  return new kinds[dtype](bytes);
}

/** @type {Record<string, string[]>} */
const HEADS = {sankey: ["from", "to", "number"], heatmap: ["where", "value"]};
/** @type {Record<string, (trace: Json, layout: Json, panels: boolean) => Json[][]>} */
const ROWS = {
  sankey: ({node, link}) => values(link.value).map((/** @type {number} */ amount, /** @type {number} */ j) =>
    [node.label[values(link.source)[j]], node.label[values(link.target)[j]], amount]),
  heatmap: ({text}) => text.flat().filter(Boolean).map((/** @type {string} */ label) => label.split(/: (?=[^:]*$)/)),
};

/** @param {Figure} figure */
export function chartCsv({data, layout}) {
  const panels = layout.meta?.length > 1, [first] = data;
  const heads = HEADS[first?.type ?? ""] ?? [...panels ? ["panel"] : [], "series", "x", "y"];
  const rows = data.flatMap((trace, i) => (ROWS[trace.type ?? ""] ?? pointRows)({name: `series ${i + 1}`, ...trace}, layout, panels));
  return [heads, ...rows].map(row => row.map(quoted).join(",")).join("\n") + "\n";
}

/**
 * The points of a series, a band as its upper and lower end, and error bars as their ends.
 * @type {(trace: Json, layout: Json, panels: boolean) => Json[][]}
 */
function pointRows({name, fill, x, y, xaxis = "x", yaxis = "y", error_x, error_y}, layout, panels) {
  const xs = labelled(values(x), layout, xaxis), ys = labelled(values(y), layout, yaxis), half = ys.length / 2;
  const series = (/** @type {number} */ j) => fill !== "toself" ? name : j < half ? `${name}, upper end` : `${name}, lower end`;
  const panel = panels ? [layout.meta[(yaxis.slice(1) || 1) - 1]] : [];
  /** @type {(error: Json, from: Json, j: number, row: (name: string, at: number) => Json[]) => Json[][]} */
  const ends = (error, from, j, row) => !error ? []
    : [["lower", -values(error.arrayminus ?? error.array)[j]], ["upper", values(error.array)[j]]]
      .map(([end, by]) => row(`${name}, ${end} end`, values(from)[j] + by));
  return [...ys].flatMap((value, j) => [[series(j), xs[j] ?? j, value],
    ...ends(error_x, x, j, (name, at) => [name, at, value]), ...ends(error_y, y, j, (name, at) => [name, xs[j], at])])
    .map(row => [...panel, ...row]);
}

/**
 * Values of an axis; names of its ticks if they are named.
 * @type {(list: Json, layout: Json, axis: string) => Json}
 */
function labelled(list, layout, axis) {
  const {tickvals, ticktext} = layout[axis[0] + "axis" + axis.slice(1)] ?? {};
  if (!ticktext) return list;
  const ticks = [...values(tickvals)];
  return Array.from(list, value =>
    (ticktext[ticks.indexOf(Math.round(value))] ?? String(value)).replaceAll(/<[^>]*>/g, " "));
}

/** @param {unknown} cell */
const quoted = cell => /[",\n]/.test(String(cell)) ? `"${String(cell).replaceAll('"', '""')}"` : cell;
