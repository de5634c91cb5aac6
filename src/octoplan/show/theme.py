"""One look for every figure: a colour-blind-safe palette, bands, and a layout that reads on screen and on paper."""

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from octoplan.scenario.arrays import Floats

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
"""Okabe and Ito (2008), told apart with any colour vision; beyond eight, hatching tells the next ones apart."""
HATCHES = ("", "/", ".", "x")
DASHES = ("solid", "dash", "dot", "dashdot")
LEGEND = {"yref": "container", "yanchor": "top", "y": 0.0, "xanchor": "left", "traceorder": "normal"}
M = 1e6
"""What money in charts is divided by."""
FONT = "system-ui, -apple-system, 'Segoe UI', 'Liberation Sans', Arial, sans-serif"


def colour(index: int) -> str:
    """Colour of the index-th series."""
    return PALETTE[index % len(PALETTE)]


def hatch(index: int) -> str:
    """Hatching of the index-th bar series."""
    return HATCHES[index // len(PALETTE) % len(HATCHES)]


def faded(hexed: str, opacity: float) -> str:
    """A colour with opacity."""
    red, green, blue = (int(hexed[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def figure(title: str, panels: Sequence[str] = ("",), *, rows: int = 1, height: int = 430) -> go.Figure:
    """An empty figure of so many panels, with the title that says what is seen."""
    columns = -(-len(panels) // rows)
    made = make_subplots(
        rows=rows,
        cols=columns,
        subplot_titles=[f"{text}" for text in panels] if any(panels) else None,
        horizontal_spacing=0.12 if columns < 3 else 0.055,
        vertical_spacing=0.38 / rows if rows > 1 else 0.0,
    )
    made.update_layout(
        title={"text": title, "x": 0.0, "xref": "container", "xanchor": "left", "pad": {"l": 12}, "font": {"size": 17}},
        font={"family": FONT, "size": 13, "color": BLACK},
        height=height,
        margin={"l": 70, "r": 20, "t": 92 if any(panels) else 64, "b": 40},
        paper_bgcolor="white",
        plot_bgcolor="white",
        hovermode="x unified",
        barmode="stack",
        bargap=0.15,
        meta=list(panels),
        legend={**LEGEND, "orientation": "h", "x": 0.0},
    )
    made.update_annotations(font={"size": 14, "color": BLACK})
    made.update_xaxes(showgrid=False, linecolor=BLACK, ticks="outside", tickformat="%b<br>%Y", hoverformat="%B %Y")
    made.update_yaxes(gridcolor="#E3E3E3", zerolinecolor="#BBBBBB", rangemode="tozero", tickformat=",")
    return made


def settled(made: go.Figure) -> go.Figure:
    """The figure grown by the room its legends need: one line below a single panel, a list below each of several."""
    named = [trace for trace in made.data if trace.name and trace.showlegend is not False]
    axes = sorted({trace.xaxis or "x" for trace in made.data}, key=lambda axis: int(axis[1:] or 1))
    if len(axes) == 1:
        lines = legend_lines([trace.name for trace in named])
    else:
        lines = max(sum((trace.xaxis or "x") == axis for trace in named) for axis in axes)
        for number, axis in enumerate(axes, start=1):
            legend = f"legend{number if number > 1 else ''}"
            start = made.layout[f"xaxis{axis[1:]}"].domain[0]
            made.update_layout({legend: {**LEGEND, "orientation": "v", "x": start}})
            made.update_traces(legend=legend, selector=lambda trace, axis=axis: (trace.xaxis or "x") == axis)
    height, room = made.layout.height + 22 * lines, 52 + 22 * lines
    made.update_layout(height=height, margin={"b": room})
    for number in range(1, len(axes) + 1):
        made.update_layout({f"legend{number if number > 1 else ''}": {"y": (room - 46) / height}})
    return made


def legend_lines(names: Sequence[str]) -> int:
    """Lines of a legend below a figure 800 pixels wide: one if they fit, else in columns as wide as the longest."""
    widths = [45 + 7.5 * len(name) for name in names]
    if sum(widths) <= 800:
        return int(bool(names))
    return ceil(len(names) / max(1, int(800 / max(widths))))


def joined(names: Sequence[str]) -> str:
    """Names joined as in a sentence; empty for none."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def quantile(values: Floats, q: float) -> Floats:
    """Quantile over futures of (futures, months), ignoring futures in which it is not defined."""
    defined = ~np.isnan(values).all(axis=0)
    found = np.full(values.shape[1], np.nan)
    if defined.any():
        found[defined] = np.nanquantile(values[:, defined], q, axis=0)
    return found


def band(
    figure: go.Figure,
    months: Sequence[str],
    values: Floats,
    name: str,
    hexed: str,
    *,
    row: int = 1,
    column: int = 1,
    dash: str = "solid",
    legend: bool = True,
    form: str = ",.0f",
) -> None:
    """Add the P50 of (futures, months) as a line and P10 to P90 as a band around it."""
    low, middle, high = (quantile(values, q) for q in (0.1, 0.5, 0.9))
    place: dict[str, Any] = {"row": row, "col": column}
    figure.add_trace(
        go.Scatter(
            x=[*months, *reversed(months)],
            y=[*high, *reversed(low)],
            mode="lines",
            fill="toself",
            fillcolor=faded(hexed, 0.18),
            line={"width": 0},
            hoverinfo="skip",
            name=f"{name}, P10 to P90",
            showlegend=False,
            legendgroup=name,
        ),
        **place,
    )
    figure.add_trace(
        go.Scatter(
            x=list(months),
            y=middle,
            name=name,
            mode="lines",
            line={"color": hexed, "width": 2.5, "dash": dash},
            legendgroup=name,
            showlegend=legend,
            customdata=np.stack([low, high], axis=-1),
            hovertemplate=f"{name}: %{{y:{form}}} "
            f"(%{{customdata[0]:{form}}} to %{{customdata[1]:{form}}})<extra></extra>",
        ),
        **place,
    )


def bars(
    figure: go.Figure,
    months: Sequence[str],
    values: Floats,
    name: str,
    index: int,
    *,
    row: int = 1,
    column: int = 1,
    hexed: str | None = None,
    shape: str | None = None,
    form: str = ",.0f",
) -> None:
    """Add one layer of stacked bars, (months,)."""
    figure.add_trace(
        go.Bar(
            x=list(months),
            y=values,
            name=name,
            marker={
                "color": hexed or colour(index),
                "pattern": {"shape": shape if shape is not None else "" if hexed else hatch(index), "solidity": 0.25},
                "line": {"width": 0},
            },
            hovertemplate=f"{name}: %{{y:{form}}}<extra></extra>",
        ),
        row=row,
        col=column,
    )
