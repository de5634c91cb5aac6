// The charts of a report on narrow screens and in print, and the links of their bars. chart_fit.js precedes this script in the page.

const PRINTED_WIDTH = 860;  // pixels, as in page.css
const CONFIG = {displaylogo: false, responsive: true};

/** @typedef {HTMLElement & Figure & {on: (event: string, handler: (event: {points: Json[]}) => void) => void}} Drawn A chart that plotly has drawn. */
const allPlots = () => /** @type {NodeListOf<Drawn>} */ (document.querySelectorAll(".js-plotly-plot"));

addEventListener("beforeprint", () => allPlots().forEach(plot => plot.data[0]?.type === "sankey"
  ? Plotly.newPlot(plot, plot.data, {...plot.layout, width: PRINTED_WIDTH}, {displaylogo: false})
  : Plotly.relayout(plot, {width: PRINTED_WIDTH})));
addEventListener("afterprint", () => allPlots().forEach(plot => Plotly.relayout(plot, {width: null, autosize: true})));
addEventListener("load", () => innerWidth <= NARROW_SCREEN && allPlots().forEach(plot => {
  const {layout, scrolls} = fittedToScreen(plot, innerWidth);
  if (plot.parentElement) plot.parentElement.style.minHeight = `${layout.height}px`;
  plot.style.height = `${layout.height}px`;
  Plotly.newPlot(plot, plot.data, layout, {...CONFIG, responsive: !scrolls});
}));
addEventListener("load", () => allPlots().forEach(plot => plot.on("plotly_click", ({points}) => {
  const anchor = [points[0]?.customdata].flat().find(text => String(text).startsWith("row-"));  // of a bar of a tornado
  if (anchor && document.getElementById(anchor)) location.hash = anchor;
})));
