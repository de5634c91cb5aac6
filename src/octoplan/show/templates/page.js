addEventListener('beforeprint', () => document.querySelectorAll('.js-plotly-plot').forEach(p =>
  p.data[0]?.type === 'sankey' ? Plotly.newPlot(p, p.data, {...p.layout, width: 860}, {displaylogo: false})
    : Plotly.relayout(p, {width: 860})));
addEventListener('afterprint', () => document.querySelectorAll('.js-plotly-plot').forEach(
  p => Plotly.relayout(p, {width: null, autosize: true})));
const isBarChart = p => p.data[0]?.type === 'bar' && p.layout.yaxis.ticktext;
const isWide = p => p.data.some(trace => ['sankey', 'heatmap'].includes(trace.type)) || p.layout.xaxis2
  || p.layout.yaxis?.tickvals && !isBarChart(p);
addEventListener('load', () => innerWidth < 640 && document.querySelectorAll('.js-plotly-plot').forEach(p => {
  if (isWide(p)) return p.data[0].type === 'sankey'
    ? Plotly.newPlot(p, p.data, {...p.layout, width: 720}, {displaylogo: false}) : Plotly.relayout(p, {width: 720});
  if (isBarChart(p)) {
    const {annotations, height, xaxis: {range: [low, high]}, yaxis: {ticktext}} = p.layout, room = 0.12 * (high - low);
    const above = ticktext.map((text, y) => (
      {text, y, xref: 'paper', x: 0, xanchor: 'left', yshift: 15, showarrow: false, font: {size: 11}}));
    p.parentElement.style.minHeight = height + 10 * above.length + 'px';
    Plotly.relayout(p, {'margin.l': 12, bargap: 0.6, 'yaxis.showticklabels': false, 'xaxis.tickangle': 0,
      'xaxis.nticks': 5, 'xaxis.range': [low - room, high + room], height: height + 10 * above.length,
      annotations: [...annotations, ...above]});
  }
  const entries = p.data.filter(trace => trace.name && trace.showlegend !== false).length;
  const {height, margin, legend, showlegend, xaxis} = p.layout, title = xaxis.title?.text ?? '';
  const hasList = showlegend !== false && legend.orientation === 'h' && entries > 1, long = title.length > 38;
  if (!hasList && !long) return;
  const more = (hasList ? 20 * (entries - 1) : 0) + (long ? 16 : 0), tall = height + more;
  p.parentElement.style.minHeight = tall + 'px';
  const list = {'legend.orientation': 'v', 'legend.y': (margin.b + more - (long ? 62 : 46)) / tall};
  Plotly.relayout(p, {height: tall, 'margin.b': margin.b + more, ...(hasList ? list : {}),
    ...(long ? {'xaxis.title.text': title.replace(/^(.{1,38}) /, '$1<br>')} : {})});
}));
