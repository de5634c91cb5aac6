addEventListener('beforeprint', () => document.querySelectorAll('.js-plotly-plot').forEach(p =>
  p.data[0]?.type === 'sankey' ? Plotly.newPlot(p, p.data, {...p.layout, width: 860}, {displaylogo: false})
    : Plotly.relayout(p, {width: 860})));
addEventListener('afterprint', () => document.querySelectorAll('.js-plotly-plot').forEach(
  p => Plotly.relayout(p, {width: null, autosize: true})));
const barred = p => p.data[0]?.type === 'bar' && p.layout.yaxis.ticktext;
const broad = p => p.data.some(trace => ['sankey', 'heatmap'].includes(trace.type)) || p.layout.xaxis2
  || p.layout.yaxis?.tickvals && !barred(p);
addEventListener('load', () => innerWidth < 640 && document.querySelectorAll('.js-plotly-plot').forEach(p => {
  if (broad(p)) return p.data[0].type === 'sankey'
    ? Plotly.newPlot(p, p.data, {...p.layout, width: 720}, {displaylogo: false}) : Plotly.relayout(p, {width: 720});
  if (barred(p)) {
    const {annotations, height, xaxis: {range: [low, high]}, yaxis: {ticktext}} = p.layout, room = 0.12 * (high - low);
    const above = ticktext.map((text, y) => (
      {text, y, xref: 'paper', x: 0, xanchor: 'left', yshift: 15, showarrow: false, font: {size: 11}}));
    p.parentElement.style.minHeight = height + 10 * above.length + 'px';
    Plotly.relayout(p, {'margin.l': 12, bargap: 0.6, 'yaxis.showticklabels': false, 'xaxis.tickangle': 0,
      'xaxis.nticks': 5, 'xaxis.range': [low - room, high + room], height: height + 10 * above.length,
      annotations: [...annotations, ...above]});
  }
  const named = p.data.filter(trace => trace.name && trace.showlegend !== false).length;
  const {height, margin, legend, showlegend, xaxis} = p.layout, title = xaxis.title?.text ?? '';
  const listed = showlegend !== false && legend.orientation === 'h' && named > 1, long = title.length > 38;
  if (!listed && !long) return;
  const more = (listed ? 20 * (named - 1) : 0) + (long ? 16 : 0), tall = height + more;
  p.parentElement.style.minHeight = tall + 'px';
  const list = {'legend.orientation': 'v', 'legend.y': (margin.b + more - (long ? 62 : 46)) / tall};
  Plotly.relayout(p, {height: tall, 'margin.b': margin.b + more, ...(listed ? list : {}),
    ...(long ? {'xaxis.title.text': title.replace(/^(.{1,38}) /, '$1<br>')} : {})});
}));
