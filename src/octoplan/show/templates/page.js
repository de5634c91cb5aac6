// The charts of a report on narrow screens and in print. chart_fit.js precedes this script in the page.

const PRINTED_WIDTH = 860;  // pixels, as in page.css
const CONFIG = {displaylogo: false, responsive: true};

/** @typedef {HTMLElement & Figure} Drawn A chart that plotly has drawn. */
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
