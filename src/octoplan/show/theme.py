"""Common style of the figures: palette that is safe for colour blindness, bands, bars and legends."""

from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from math import ceil
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from octoplan.scenario.arrays import Floats, Ints

BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY, YELLOW, GREY, BLACK = (
    "#0072B2",
    "#E69F00",
    "#009E73",
    "#D55E00",
    "#CC79A7",
    "#56B4E9",
    "#F0E442",
    "#999999",
    "#222222",
)
PALETTE = (BLUE, ORANGE, GREEN, PURPLE, VERMILION, SKY, YELLOW, GREY)
"""Colours of Okabe and Ito (2008), distinct with any colour vision; further series are distinguished by hatching."""
HATCHES = ("", "/", ".", "x")
LEGEND_STYLE = {"yref": "container", "yanchor": "top", "y": 0.0, "xanchor": "left", "traceorder": "normal"}
GRID_COLOUR = "#E3E3E3"
MILLION = 1e6
"""Divisor of amounts of money, which charts and tables give in millions."""
FONT = "system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', Arial, sans-serif"

LEGEND_WIDTH, LEGEND_LINE_HEIGHT = 800, 22
"""Width of a legend below a figure, and height of one of its lines, in pixels."""
MAX_LABELLED_MONTHS = 6
"""Maximum number of months for which an axis labels every month."""
AXIS_TITLE_HEIGHT = 26
"""Height in pixels of the title of an axis above the legend."""


def label(text: str) -> str:
    """Text escaped for plotly, which otherwise interprets ``<b>`` as markup and ``%{x}`` as a number."""
    return escape(text, quote=False).replace("%{", "&#37;{")


def colour(index: int) -> str:
    """Colour of the index-th series."""
    return PALETTE[index % len(PALETTE)]


def hatch(index: int) -> str:
    """Hatching of the index-th bar series."""
    return HATCHES[index // len(PALETTE) % len(HATCHES)]


def with_opacity(hex_colour: str, opacity: float) -> str:
    """A colour, #RRGGBB, with an opacity."""
    red, green, blue = (int(hex_colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def new_figure(title: str, panel_titles: Sequence[str] = ("",), *, rows: int = 1, height: int = 430) -> go.Figure:
    """An empty figure with a title and one panel for each of ``panel_titles``."""
    columns = -(-len(panel_titles) // rows)
    panels = panel_grid(rows, columns, len(panel_titles) if any(panel_titles) else 0)
    layout = {
        **panels["layout"],
        "title": {
            "text": title, "x": 0.0, "xref": "container", "xanchor": "left", "pad": {"l": 12}, "font": {"size": 17},
        },
        "height": height,
        "margin": {"l": 70, "r": 20, "t": 80 if any(panel_titles) else 64, "b": 40},
        "meta": list(panel_titles),
    }  # fmt: skip
    if any(panel_titles):
        annotations = zip(panels["layout"]["annotations"], panel_titles, strict=True)
        layout["annotations"] = [annotation | {"text": text} for annotation, text in annotations if text]
    return go.Figure({**panels, "layout": layout})


@cache
def panel_grid(rows: int, columns: int, titles: int) -> Mapping[str, Any]:
    """An empty figure with a grid of panels in the common style, as the dictionary from which a figure is made.

    plotly takes several times as long to update a figure as to make it with its complete layout.

    titles
        Number of panels with a title, whose text is to be replaced.
    """
    grid = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=["title"] * titles or None,
        horizontal_spacing=0.12 if columns < 3 else 0.055,
        vertical_spacing=0.38 / rows if rows > 1 else 0.0,
    )
    grid.update_layout(
        font={"family": FONT, "size": 13, "color": BLACK},
        paper_bgcolor="white",
        plot_bgcolor="white",
        hovermode="x unified",
        barmode="stack",
        bargap=0.15,
        legend={**LEGEND_STYLE, "orientation": "h", "x": 0.0},
    )
    grid.update_annotations(font={"size": 14, "color": BLACK})
    grid.update_xaxes(showgrid=False, linecolor=BLACK, ticks="outside", tickformat="%b<br>%Y", hoverformat="%B %Y")
    grid.update_yaxes(gridcolor=GRID_COLOUR, zerolinecolor="#BBBBBB", rangemode="tozero", tickformat=",")
    _, (content, *_) = grid.__reduce__()
    return {**content, "layout": {key: value for key, value in content["layout"].items() if key != "template"}}


def fit_legend(figure: go.Figure, *, axis_title: bool = False) -> go.Figure:
    """Extend the figure by the height of its legends.

    One panel has a horizontal legend below it; several panels have a list below each of them.

    axis_title
        If True, leave space for the title of the x axis above the legend.
    """
    traces = [trace for trace in figure.data if trace.name and trace.showlegend is not False]
    axes = sorted({trace.xaxis or "x" for trace in figure.data}, key=lambda axis: int(axis[1:] or 1))
    if len(axes) < 2:
        lines = legend_lines([trace.name for trace in traces])
    else:
        lines = max(sum((trace.xaxis or "x") == axis for trace in traces) for axis in axes)
        for panel, axis in enumerate(axes, start=1):
            legend = f"legend{panel if panel > 1 else ''}"
            start = figure.layout[f"xaxis{axis[1:]}"].domain[0]
            figure.update_layout({legend: {**LEGEND_STYLE, "orientation": "v", "x": start}})
            figure.update_traces(legend=legend, selector=lambda trace, axis=axis: (trace.xaxis or "x") == axis)
    height, bottom_margin = figure.layout.height + LEGEND_LINE_HEIGHT * lines, 52 + LEGEND_LINE_HEIGHT * lines
    extra = AXIS_TITLE_HEIGHT if axis_title else 0
    figure.update_layout(height=height + extra, margin={"b": bottom_margin + extra})
    for panel in range(1, len(axes) + 1):
        figure.update_layout({f"legend{panel if panel > 1 else ''}": {"y": (bottom_margin - 46) / height}})
    return figure


def legend_lines(names: Sequence[str]) -> int:
    """Number of lines of a legend below a figure; names that do not fit in one line are set in columns."""
    widths = [45 + 7.5 * len(name) for name in names]
    if sum(widths) <= LEGEND_WIDTH:
        return int(bool(names))
    return ceil(len(names) / max(1, int(LEGEND_WIDTH / max(widths))))


def capitalised(text: str) -> str:
    """Text with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def join_names(names: Sequence[str]) -> str:
    """Names joined by commas and "and"; empty if there are none."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def monthly_quantiles(values: Floats, q: float) -> Floats:
    """(months,) quantiles of (futures, months) values over the futures in which the value is defined.

    A quantile is NaN if the value is defined in no future. Infinite values are included; if there are any in a month,
    the quantile is not interpolated.
    """
    if np.isfinite(values).all():
        return np.asarray(np.quantile(values, q, axis=0), np.float64)
    quantiles = np.full(values.shape[1], np.nan)
    for month in np.flatnonzero(count_defined(values)):
        column = values[~np.isnan(values[:, month]), month]
        if np.isfinite(column).all():
            quantiles[month] = np.quantile(column, q)
        else:
            quantiles[month] = np.quantile(column, q, method="inverted_cdf")
    return quantiles


def count_defined(values: Floats) -> Ints:
    """(months,) number of futures in which (futures, months) values are defined."""
    return np.asarray((~np.isnan(values)).sum(axis=0), np.int64)


def undefined_note(reason: str, series: Mapping[str, Floats]) -> str:
    """A sentence on the number of futures on which monthly quantiles are based, if some are undefined.

    Empty if all values are defined.

    reason
        Condition under which values are undefined, such as "without a sortie".
    series
        (futures, months) values by name.
    """
    ranges = []
    for name, values in series.items():
        futures, counts = len(values), count_defined(values)
        if counts.min(initial=futures) < futures:
            ranges.append(f"{counts.min():,} to {counts.max():,} of {futures:,} futures{f' ({name})' if name else ''}")
    return f"Undefined {reason}: monthly quantiles are based on {join_names(ranges)}." if ranges else ""


def label_months(figure: go.Figure, months: Sequence[str], row: int, column: int) -> None:
    """Label every month of a short axis, since plotly would repeat some labels."""
    if len(months) <= MAX_LABELLED_MONTHS:
        figure.update_xaxes(tick0=f"{months[0]}-01", dtick="M1", row=row, col=column)


def add_band(
    figure: go.Figure,
    months: Sequence[str],
    values: Floats,
    name: str,
    hex_colour: str,
    *,
    row: int = 1,
    column: int = 1,
    dash: str = "solid",
    legend: bool = True,
    number_format: str = ",.0f",
) -> None:
    """Add the P50 of (futures, months) values as a line, and P10 to P90 as a band around the line.

    If values are undefined in some futures of a month, the hover text gives the number of futures used.
    """
    low, middle, high = (monthly_quantiles(values, q) for q in (0.1, 0.5, 0.9))
    counts = count_defined(values).tolist()
    futures_notes = [f", {n:,} of {len(values):,} futures" if n < len(values) else "" for n in counts]
    band = go.Scatter(
        x=[*months, *reversed(months)],
        y=[*high, *reversed(low)],
        mode="lines",
        fill="toself",
        fillcolor=with_opacity(hex_colour, 0.18),
        line={"width": 0},
        hoverinfo="skip",
        name=f"{name}, P10 to P90",
        showlegend=False,
        legendgroup=name,
    )
    line = go.Scatter(
        x=list(months),
        y=middle,
        name=name,
        mode="lines",
        line={"color": hex_colour, "width": 2.5, "dash": dash},
        legendgroup=name,
        showlegend=legend,
        customdata=np.stack([low, high], axis=-1),
        text=futures_notes if any(futures_notes) else None,
        hovertemplate=f"{name}: %{{y:{number_format}}} "
        f"(%{{customdata[0]:{number_format}}} to %{{customdata[1]:{number_format}}})"
        f"{'%{text}' if any(futures_notes) else ''}<extra></extra>",
    )
    for trace in (band, line):
        figure.add_trace(trace, row=row, col=column)
    label_months(figure, months, row, column)


def add_bars(
    figure: go.Figure,
    months: Sequence[str],
    values: Floats,
    name: str,
    index: int,
    *,
    row: int = 1,
    column: int = 1,
    hex_colour: str | None = None,
    shape: str | None = None,
    number_format: str = ",.0f",
) -> None:
    """Add one series of stacked bars with (months,) values."""
    figure.add_trace(
        go.Bar(
            x=list(months),
            y=values,
            name=name,
            marker={
                "color": hex_colour or colour(index),
                "pattern": {
                    "shape": shape if shape is not None else "" if hex_colour else hatch(index),
                    "solidity": 0.25,
                },
                "line": {"width": 0},
            },
            hovertemplate=f"{name}: %{{y:{number_format}}}<extra></extra>",
        ),
        row=row,
        col=column,
    )
    label_months(figure, months, row, column)
