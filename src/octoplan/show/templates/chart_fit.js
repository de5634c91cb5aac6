// How a chart fits a narrow screen: the one rule for the interactive page and for the HTML reports.

export const NARROW_SCREEN = 640;  // pixels; on a screen of at most this width, less than that of paper, charts are narrow
export const ONE_COLUMN = 800;  // pixels; on a screen of at most this width the page has one column, as in style.css
const SCROLLED_WIDTH = 720;  // pixels of a chart that scrolls sideways
const LONG_TITLE = 38;  // characters of an axis title that fit on a line
const PANEL_TITLE = 28, NO_TITLE = 10, STACKED_TITLE = 23, TICKS = 30, STACKED_TICKS = 38;  // pixels above and below the panels of a low chart
const LABEL_SHIFT = -4;  // pixels by which the last line of such a label is below the line that it labels

/** @type {(figure: Figure) => boolean} */
const hasNamedBars = ({data, layout}) =>
  data[0]?.type === "bar" && Boolean(layout.yaxis?.ticktext) && layout.barmode !== "group";  // names have no room above several bars

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
 * the second is below the first. With a height the chart is that low and has no legend, and of two charts below each
 * other only the second has the labels of the months.
 * @param {Figure} figure
 * @param {number} width
 * @param {number} [height]
 * @returns {{layout: Json, scrolls: boolean}}
 */
export function fittedToScreen(figure, width, height) {
  const {data, layout} = figure;
  if (width > NARROW_SCREEN) return {layout: height ? low(layout, height) : layout, scrolls: false};
  if (needsWidth(figure)) return {layout: {...layout, width: SCROLLED_WIDTH, autosize: false}, scrolls: true};
  const hasLabels = (layout.annotations ?? []).some((/** @type {Json} */ {x, xanchor}) => x === 1 && xanchor === "left");  // of lines and targets
  const margin = {...layout.margin, l: Math.min(layout.margin.l, 52), r: hasLabels ? layout.margin.r : hasTwoPanels(figure) ? 20 : 8};
  const narrow = {...layout, font: {...layout.font, size: 11}, margin};
  if (hasTwoPanels(figure)) return {layout: height ? lowStacked(narrow, height) : stacked(narrow), scrolls: false};
  if (height) return {layout: low(narrow, height), scrolls: false};
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
    ({text, y, xref: "paper", x: 0, xanchor: "left", align: "left", yanchor: "bottom", yshift: 11, showarrow: false, font: {size: 11}}));
  const [low, high] = layout.xaxis.range, room = 0.12 * (high - low);
  return {
    ...layout, bargap: 0.6, margin: {...layout.margin, l: 12}, height: layout.height + 10 * names.length,
    annotations: [...layout.annotations ?? [], ...names],
    yaxis: {...layout.yaxis, showticklabels: false},
    xaxis: {...layout.xaxis, tickangle: 0, nticks: 5, range: [low - room, high + room]},
  };
}

/**
 * A chart of a height without legend, with small margins.
 * @type {(layout: Json, height: number) => Json}
 */
function low(layout, height) {
  const t = (layout.meta ?? []).some(Boolean) ? PANEL_TITLE : NO_TITLE;  // meta: titles of the panels
  const axes = Object.keys(layout).filter(key => /^yaxis/.test(key));
  return {
    ...layout, height, showlegend: false, margin: {...layout.margin, t, b: TICKS},
    ...Object.fromEntries(axes.map(key => [key, {...layout[key], title: {...layout[key].title, font: {size: 12}}}])),
  };
}

/**
 * Two low panels below each other; a label of two lines right of a panel is above its line, to leave room for the next.
 * @type {(layout: Json, height: number) => Json}
 */
function lowStacked(layout, height) {
  const lower = low(layout, height), margin = {...lower.margin, t: STACKED_TITLE, b: STACKED_TICKS};
  const {xaxis, xaxis2, annotations, ...rest} = inRows({...lower, margin}, STACKED_TITLE);
  const spread = (/** @type {Json} */ note) => note.text.includes("<br>") ? {...note, yanchor: "bottom", yshift: LABEL_SHIFT} : note;
  return {...rest, annotations: annotations.map(spread), xaxis: {...xaxis, matches: "x2", showticklabels: false, ticks: ""}, xaxis2: {...xaxis2, automargin: false}};
}

/**
 * Two panels below each other, each as high as it was and with its legend below it.
 * @type {(layout: Json) => Json}
 */
function stacked(layout) {
  const {height, margin} = layout, rows = inRows({...layout, height: 2 * height}, margin.t + margin.b);
  const inside = 2 * height - margin.t - margin.b;
  const legend = (/** @type {"legend" | "legend2"} */ name, /** @type {Json} */ axis) => {
    const below = margin.b - (layout[name]?.y ?? 0) * height;  // pixels from the panel to the legend
    return {...layout[name], x: 0, yref: "paper", y: axis.domain[0] - below / inside};
  };
  return {...rows, legend: legend("legend", rows.yaxis), legend2: legend("legend2", rows.yaxis2)};
}

/**
 * Two panels in rows, with a gap in pixels between them and their annotations where they were in their panels.
 * @type {(layout: Json, gap: number) => Json}
 */
function inRows(layout, gap) {
  const {height, margin} = layout, inside = height - margin.t - margin.b, share = (inside - gap) / (2 * inside);
  const domains = [[1 - share, 1], [0, share]], bounds = [layout.xaxis.domain, layout.xaxis2.domain];
  const placed = (/** @type {Json} */ note) => {
    if (note.xref !== "paper" || note.yref !== "paper") return note;
    const panel = note.x > bounds[0][1] ? 1 : 0, [left, right] = bounds[panel], [bottom, top] = domains[panel];
    return {...note, x: (note.x - left) / (right - left), y: bottom + note.y * (top - bottom)};
  };
  return {
    ...layout, annotations: (layout.annotations ?? []).map(placed),
    xaxis: {...layout.xaxis, domain: [0, 1]}, xaxis2: {...layout.xaxis2, domain: [0, 1]},
    yaxis: {...layout.yaxis, domain: domains[0]}, yaxis2: {...layout.yaxis2, domain: domains[1]},
  };
}
