// How a chart fits a narrow screen: the one rule for the interactive page and for the HTML reports.

export const NARROW_SCREEN = 640;  // pixels; a screen of at most this width is narrow
const SCROLLED_WIDTH = 720;  // pixels of a chart that scrolls sideways
const LONG_TITLE = 38;  // characters of an axis title that fit on a line

/** @type {(figure: Figure) => boolean} */
const hasNamedBars = ({data, layout}) => data[0]?.type === "bar" && Boolean(layout.yaxis?.ticktext);

/**
 * True if a chart is unreadable on a narrow screen: flows, maps, panels in rows and columns, and rows with names.
 * @param {Figure} figure
 */
export function needsWidth(figure) {
  const {data, layout} = figure;
  return data.some(trace => ["sankey", "heatmap"].includes(trace.type ?? "")) || Boolean(layout.xaxis2) && !hasTwoPanels(figure)
    || Boolean(layout.yaxis?.tickvals) && !hasNamedBars(figure);
}

/** @type {(figure: Figure) => boolean} */
const hasTwoPanels = ({data, layout}) => data.every(trace => (trace.type ?? "scatter") === "scatter") && Boolean(layout.xaxis2)
  && !layout.xaxis3 && [layout.yaxis, layout.yaxis2].every(axis => axis?.domain?.[0] === 0 && axis.domain[1] === 1 && !axis.overlaying);

/**
 * The layout of a chart on a screen of a width in pixels. On a narrow screen a chart that needs width scrolls; in others
 * labels are above their bars, the legend is vertical, a long axis title has two lines, and of two charts side by side
 * the second is below the first.
 * @param {Figure} figure
 * @param {number} width
 * @returns {{layout: Json, scrolls: boolean}}
 */
export function fittedToScreen(figure, width) {
  const {data, layout} = figure;
  if (width > NARROW_SCREEN) return {layout, scrolls: false};
  if (needsWidth(figure)) return {layout: {...layout, width: SCROLLED_WIDTH, autosize: false}, scrolls: true};
  const right = hasTwoPanels(figure) ? layout.margin.r : 8;  // labels of lines and targets
  const margin = {...layout.margin, l: Math.min(layout.margin.l, 52), r: right};
  const narrow = {...layout, font: {...layout.font, size: 11}, margin};
  if (hasTwoPanels(figure)) return {layout: stacked(narrow), scrolls: false};
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

/**
 * Two panels below each other, each as high as it was and with its legend below it.
 * @type {(layout: Json) => Json}
 */
function stacked(layout) {
  const {height, margin} = layout, plot = height - margin.t - margin.b, share = plot / (2 * height - margin.t - margin.b);
  const domains = [[1 - share, 1], [0, share]], bounds = [layout.xaxis.domain, layout.xaxis2.domain];
  const legendTop = (/** @type {Json} */ legend) => (legend?.y ?? 0) * height;
  const placed = (/** @type {Json} */ note) => {
    if (note.xref !== "paper" || note.yref !== "paper") return note;
    const panel = note.x > bounds[0][1] ? 1 : 0, [left, right] = bounds[panel], [low, high] = domains[panel];
    return {...note, x: (note.x - left) / (right - left), y: low + note.y * (high - low)};
  };
  return {
    ...layout, height: 2 * height,
    annotations: (layout.annotations ?? []).map(placed),
    xaxis: {...layout.xaxis, domain: [0, 1]}, xaxis2: {...layout.xaxis2, domain: [0, 1]},
    yaxis: {...layout.yaxis, domain: domains[0]}, yaxis2: {...layout.yaxis2, domain: domains[1]},
    legend: {...layout.legend, x: 0, y: (height + legendTop(layout.legend)) / (2 * height)},
    legend2: {...layout.legend2, x: 0, y: legendTop(layout.legend2) / (2 * height)},
  };
}
