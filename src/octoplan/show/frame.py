"""The frame that every page of figures shares: its style, and a figure under the sentence that says what is seen."""

from html import escape

import plotly.graph_objects as go
from plotly.offline import get_plotlyjs

from octoplan.show.theme import FONT

STYLE = f"""
body {{ font: 15px/1.5 {FONT}; color: #222; background: #fff; margin: 0 auto; padding: 24px; max-width: 1152px; }}
h1 {{ font-size: 27px; margin: 0; }} h2 {{ font-size: 20px; margin: 26px 0 8px; }}
h3 {{ font-size: 16px; margin: 18px 0 4px; }}
p.question {{ font-size: 19px; margin: 6px 0; max-width: 80ch; }} main p, main li {{ max-width: 110ch; }}
a {{ color: #00588C; }} pre.lines {{ white-space: pre-wrap; font-size: 12.5px; }}
p.facts, p.also, figcaption, caption, .small {{ color: #555; font-size: 13px; }}
p.verdict {{ font-size: 17px; border-left: 5px solid #0072B2; padding: 4px 14px; margin: 18px 0; }}
p.failed {{ color: #8A2A00; font-weight: 600; }}
figure {{ margin: 26px 0 34px; }} p.seen {{ font-size: 17px; line-height: 1.3; margin: 0; padding: 0 12px; }}
p.also {{ margin: 2px 0 0; padding: 0 12px; }} figcaption {{ max-width: 96ch; padding: 8px 12px 0; }}
table {{ border-collapse: collapse; margin: 0 0 14px; font-size: 13px; font-variant-numeric: tabular-nums;
  width: 100%; }}
caption {{ text-align: left; padding-bottom: 6px; }}
th, td {{ padding: 2px 8px; border-bottom: 1px solid #e4e4e4; text-align: right; white-space: nowrap; }}
th[scope=row], td:last-child, th:last-child, th:first-child {{ text-align: left; }}
th[scope=row] {{ font-weight: 400; white-space: normal; }} td:nth-child(3) {{ font-weight: 600; }}
table.options td, table.options th:last-child {{ text-align: right; font-weight: 400; }}
main p, main li {{ overflow-wrap: anywhere; }}
table.ledger thead th {{ font-weight: 700; }} table.signed td, table.signed th {{ text-align: left; }}
table.facts td {{ overflow-wrap: anywhere; }} table.signed td {{ height: 34px; min-width: 130px; }}
table.whole td, table.whole th {{ white-space: normal; text-align: left; overflow-wrap: anywhere; font-size: 12px; }}
table.whole td:nth-child(3) {{ font-weight: 400; }} table.log td:nth-child(3) {{ font-weight: 400; }}
tr.group th {{ padding-top: 12px; border-bottom: 1px solid #888; }}
div.wide, figure > div {{ overflow-x: auto; }}
div.wide th[scope=row] {{ min-width: 150px; }} table.log {{ width: auto; }}
table.log td {{ white-space: normal; text-align: left; }} table.log td:last-child {{ min-width: 170px; }}
@page {{ size: A4 portrait; margin: 12mm; }}
table.ledger td, table.ledger th {{ text-align: left; font-size: 12px; font-weight: 400; padding: 2px 5px; }}
table.ledger th[scope=row], table.ledger td:nth-child(9) {{ overflow-wrap: anywhere; white-space: normal; }}
@media screen {{ table.whole, table.ledger {{ min-width: 960px; }} }}
@media print {{ body {{ padding: 0; max-width: none; width: 860px; font-size: 14px; }}
  section.annex {{ break-before: page; }} div.wide {{ overflow: visible; }}
  #checks, #assurance {{ break-before: auto; }} a {{ color: inherit; text-decoration: none; }}
  div.front h2 {{ margin: 16px 0 4px; }} div.front p.verdict {{ font-size: 15px; margin: 8px 0; }}
  div.front h3 {{ margin: 8px 0 2px; }} div.front ul {{ margin: 4px 0; }}
  table.whole td, table.ledger td, table.ledger th {{ font-size: 11px; }}
  figure, tr {{ break-inside: avoid; }} figure {{ margin: 14px 0; }} h2, h3 {{ break-after: avoid; }}
  .modebar {{ display: none; }} thead {{ display: table-header-group; }} th, td {{ padding: 1px 6px; }} }}
"""

RESIZE = """
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
"""
"""On paper a figure is as wide as the text; on a narrow screen one with panels or long names can be scrolled sideways,
names of bars stand above them, and a legend in a line becomes a list."""

TITLE_ROOM = 44
"""Pixels of the margin that a title takes inside a figure."""


def paged(title: str, body: str) -> str:
    """A whole page that needs no network, with a title (text) and a body (HTML)."""
    return (
        f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>{escape(title)}</title>"
        f"<meta name='viewport' content='width=device-width'><style>{STYLE}</style>"
        f"<script>{get_plotlyjs()}</script></head>\n<body>{body}<script>{RESIZE}</script></body></html>\n"
    )


def untitled(figure: go.Figure) -> tuple[str, str, go.Figure]:
    """The title, the subtitle, and the figure without them and without their room."""
    title = figure.layout.title
    bare = go.Figure(figure).update_layout(title=None, margin={"t": figure.layout.margin.t - TITLE_ROOM})
    return title.text, title.subtitle.text or "", bare


def framed(name: str, figure: go.Figure, note: str) -> str:
    """A figure with its note; its title stands above it as text of the page, which breaks lines on a narrow screen."""
    title, said, bare = untitled(figure)
    drawn = bare.to_html(
        full_html=False,
        include_plotlyjs=False,
        div_id=f"chart-{name}",
        config={"displaylogo": False, "responsive": True},
    )
    also = f"<p class='also'>{escape(said)}</p>" if said else ""
    return (
        f"<figure id='{name}'><p class='seen'>{escape(title)}</p>{also}{drawn}"
        f"<figcaption>{escape(note)}</figcaption></figure>"
    )
