// How a chart fits a narrow screen: the one rule for the interactive page and for the HTML reports.

export const NARROW_SCREEN = 640;  // pixels; a screen of at most this width is narrow
const SCROLLED_WIDTH = 720;  // pixels of a chart that scrolls sideways
const LONG_TITLE = 38;  // characters of an axis title that fit on a line

/** @type {(figure: Figure) => boolean} */
const hasNamedBars = ({data, layout}) => data[0]?.type === "bar" && Boolean(layout.yaxis?.ticktext);

/**
 * True if a chart is unreadable on a narrow screen: flows, maps, charts side by side, and rows with names.
 * @param {Figure} figure
 */
export function needsWidth(figure) {
  const {data, layout} = figure;
  return data.some(trace => ["sankey", "heatmap"].includes(trace.type ?? "")) || Boolean(layout.xaxis2)
    || Boolean(layout.yaxis?.tickvals) && !hasNamedBars(figure);
}

/**
 * The layout of a chart on a screen of a width in pixels. On a narrow screen a chart that needs width scrolls; in others
 * labels are above their bars, the legend is vertical, and a long axis title has two lines.
 * @param {Figure} figure
 * @param {number} width
 * @returns {{layout: Json, scrolls: boolean}}
 */
export function fittedToScreen(figure, width) {
  const {data, layout} = figure;
  if (width > NARROW_SCREEN) return {layout, scrolls: false};
  if (needsWidth(figure)) return {layout: {...layout, width: SCROLLED_WIDTH, autosize: false}, scrolls: true};
  const margin = {...layout.margin, l: Math.min(layout.margin.l, 52), r: 8};
  const narrow = {...layout, font: {...layout.font, size: 11}, margin};
  return {layout: withLegendBelow(hasNamedBars(figure) ? namedAbove(narrow) : narrow, data), scrolls: false};
}

/** @type {(layout: Json, data: Trace[]) => Json} */
function withLegendBelow(layout, data) {
  const listed = layout.showlegend === false ? [] : data.filter(trace => trace.name && trace.showlegend !== false);
  const text = layout.xaxis?.title?.text ?? "", breaks = text.length > LONG_TITLE ? 1 : 0;
  const more = 20 * Math.max(0, listed.length - 1) + 16 * breaks;
  const height = layout.height + more, margin = {...layout.margin, b: layout.margin.b + more};
  const broken = text.replace(new RegExp(`^(.{1,${LONG_TITLE}}) `), "$1<br>");
  return {
    ...layout, height, margin,
    ...breaks ? {xaxis: {...layout.xaxis, title: {...layout.xaxis.title, text: broken}}} : {},
    ...listed.length > 1 ? {legend: {...layout.legend, orientation: "v", y: (margin.b - 46 - 16 * breaks) / height}} : {},
  };
}

/** @type {(layout: Json) => Json} */
function namedAbove(layout) {
  const names = layout.yaxis.ticktext.map((/** @type {string} */ text, /** @type {number} */ y) =>
    ({text, y, xref: "paper", x: 0, xanchor: "left", align: "left", yanchor: "bottom", yshift: 6, showarrow: false, font: {size: 11}}));
  const [low, high] = layout.xaxis.range, room = 0.12 * (high - low);
  return {
    ...layout, bargap: 0.6, margin: {...layout.margin, l: 12}, height: layout.height + 10 * names.length,
    annotations: [...layout.annotations ?? [], ...names],
    yaxis: {...layout.yaxis, showticklabels: false},
    xaxis: {...layout.xaxis, tickangle: 0, nticks: 5, range: [low - room, high + room]},
  };
}
