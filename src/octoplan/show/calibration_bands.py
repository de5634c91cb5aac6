"""Charts of the observations of a calibration with the prior and posterior bands of their measures."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from octoplan.calibrate.evidence import Comparison
from octoplan.scenario import Scenario
from octoplan.scenario.distributions import Z_P90
from octoplan.show.calibration_charts import with_legend_below
from octoplan.show.calibration_text import (
    MONTH,
    Scale,
    count,
    measure_title,
    observation_title,
    period_of,
    scale_of,
    with_unit,
    wrapped,
)
from octoplan.show.theme import BLACK, BLUE, GREY, VERMILION, capitalised, label, new_figure

HELD_OUT = "held out"
BAND_WIDTH = 9
"""Width of a band in pixels."""
COLUMNS = {"periods": 2, "single": 3}
"""Panels in a row: measures observed in several periods, and in one period."""
MAX_TICK_LINES = 4
"""Lines of the labels of an axis above which each panel takes the whole width."""
PANEL_HEIGHT = 365
TITLE_WIDTH = {1: 90, 2: 42, 3: 28}
"""Characters in a line of the title of a panel, by number of panels in a row."""
TITLE_LINE = 18
"""Height in pixels of a line of the title of a panel."""
TICK_LINE = 16
"""Height in pixels of a line of the label of a period."""
AXIS_CHARACTERS = {1: 90, 2: 40, 3: 28}
"""Characters in the line of labels of an axis, by number of panels in a row."""
STYLES = ((True, BLACK, "diamond"), (False, VERMILION, "diamond-open"))
"""Colour and symbol of the observations used, and of those held out."""


def by_measure(comparisons: Sequence[Comparison]) -> list[list[Comparison]]:
    """Observations by measure, in the order of the days; those of other periods than a month come last."""
    groups: dict[object, list[Comparison]] = {}
    for row in comparisons:
        groups.setdefault(row.target.key, []).append(row)
    return [sorted(group, key=order_of) for group in groups.values()]


def order_of(comparison: Comparison) -> tuple[bool, int]:
    """Whether the days are no month, and the first day of a month."""
    period = comparison.target.label.partition(" ")[2]
    is_month = bool(MONTH.fullmatch(period))
    return not is_month, int(np.flatnonzero(comparison.target.days)[0]) if is_month else 0


def band_charts(scenario: Scenario, comparisons: Sequence[Comparison]) -> dict[str, go.Figure]:
    """Charts of measures observed in several periods (``periods``) and in one (``single``), as far as there are any."""
    groups = by_measure(comparisons)
    parts = {"periods": [g for g in groups if len(g) > 1], "single": [g for g in groups if len(g) == 1]}
    return {name: band_chart(scenario, panels, COLUMNS[name]) for name, panels in parts.items() if panels}


def band_chart(scenario: Scenario, groups: Sequence[Sequence[Comparison]], columns: int) -> go.Figure:
    """Chart of observations and bands with a panel for each measure."""
    columns = min(columns, len(groups))
    if tick_lines(groups, columns) > MAX_TICK_LINES:
        columns = 1
    rows = -(-len(groups) // columns)
    columns = -(-len(groups) // rows)
    titles = [wrapped(label(capitalised(panel_title(scenario, group))), TITLE_WIDTH[columns]) for group in groups]
    lines = max(1 + title.count("<br>") for title in titles)
    chart = new_figure(
        bands_title([row for group in groups for row in group]), titles, rows=rows, height=80 + PANEL_HEIGHT * rows
    )
    chart.update_annotations(font={"size": 13})
    in_legend: set[str] = set()
    for index, group in enumerate(groups):
        panel = {"row": index // columns + 1, "col": index % columns + 1}
        scale = scale_of(scenario, group)
        for trace in [*band_traces(scenario, group, scale), *observation_traces(scenario, group, scale)]:
            if trace.showlegend is not False:
                trace.showlegend = trace.name not in in_legend
                in_legend.add(trace.name)
            chart.add_trace(trace, **panel)
        chart.update_xaxes(
            tickvals=list(range(len(group))), tickformat="", tickangle=0,
            ticktext=tick_texts(group, columns),
            range=[-0.5, len(group) - 0.5], zeroline=False, tickfont={"size": 12}, **panel,
        )  # fmt: skip
    for index in range(len(groups), rows * columns):
        panel = {"row": index // columns + 1, "col": index % columns + 1}
        chart.update_xaxes(visible=False, **panel).update_yaxes(visible=False, **panel)
    chart.update_yaxes(tickformat=",~r", rangemode="normal", zeroline=False)
    chart.update_layout(hovermode="closest", margin={"t": 62 + TITLE_LINE * lines})
    return with_legend_below(chart, 32 + TICK_LINE * tick_lines(groups, columns))


def panel_title(scenario: Scenario, group: Sequence[Comparison]) -> str:
    """Title of a panel: the measure, its period if there is only one, and its unit."""
    target, unit = group[0].target, scale_of(scenario, group).axis
    title = observation_title(scenario, target) if len(group) == 1 else measure_title(scenario, target)
    return with_unit(f"{title},", unit) if unit else title


def tick_texts(group: Sequence[Comparison], columns: int) -> list[str]:
    """The periods of the observations of a measure in lines that do not overlap, marked if they are held out."""
    width = max(4, AXIS_CHARACTERS[columns] // len(group))
    texts = [wrapped(label(period_of(row.target)), width) for row in group]
    mark = f"<br><b>{wrapped(HELD_OUT, width)}</b>"
    return [f"{text}{'' if row.target.used else mark}" for text, row in zip(texts, group, strict=True)]


def tick_lines(groups: Sequence[Sequence[Comparison]], columns: int) -> int:
    """The largest number of lines of the labels of an axis."""
    return max(1 + text.count("<br>") for group in groups for text in tick_texts(group, columns))


def band_traces(scenario: Scenario, group: Sequence[Comparison], scale: Scale) -> list[go.Scatter]:
    """The prior and the posterior bands of one measure as vertical bars, with a dot at P50."""
    traces = []
    for name, hex_colour, shift in (("prior", GREY, -0.16), ("posterior", BLUE, 0.16)):
        bands = [getattr(row, name) for row in group]
        low, middle, high = np.array(bands, np.float64).T / scale.divisor
        positions, gap = np.arange(len(group)) + shift, np.full(len(group), np.nan)
        texts = [
            (label(observation_title(scenario, row.target)), f"{scale.text(band[1])} ({scale.band_text(band)})")
            for row, band in zip(group, bands, strict=True)
        ]
        traces += [
            go.Scatter(
                x=np.repeat(positions, 3), y=np.stack([low, high, gap], axis=-1).ravel(), mode="lines", name=name,
                legendgroup=name, line={"color": hex_colour, "width": BAND_WIDTH}, hoverinfo="skip",
            ),
            go.Scatter(
                x=positions, y=middle, mode="markers", name=f"{name}, P50", legendgroup=name, showlegend=False,
                marker={"color": "white", "size": 6, "line": {"color": hex_colour, "width": 1}}, customdata=texts,
                hovertemplate=f"%{{customdata[0]}}<br>{name}: %{{customdata[1]}}<extra></extra>",
            ),
        ]  # fmt: skip
    return traces


def observation_traces(scenario: Scenario, group: Sequence[Comparison], scale: Scale) -> list[go.Scatter]:
    """The observations of one measure that are used, and those that are held out, with their errors."""
    traces = []
    for used, hex_colour, symbol in STYLES:
        rows = [(position, row.target) for position, row in enumerate(group) if row.target.used == used]
        if not rows:
            continue
        texts = [
            (label(observation_title(scenario, t)), f"{scale.text(t.value)} ± {scale.error_text(t.sd)}")
            for _, t in rows
        ]
        name = "observed" if used else f"observed, {HELD_OUT}"
        traces.append(
            go.Scatter(
                x=[position for position, _ in rows], y=[target.value / scale.divisor for _, target in rows], name=name,
                mode="markers", legendgroup=name, customdata=texts,
                marker={"color": hex_colour, "size": 10, "symbol": symbol, "line": {"color": hex_colour, "width": 2}},
                error_y={
                    "type": "data", "array": [Z_P90 * target.sd / scale.divisor for _, target in rows],
                    "color": hex_colour, "thickness": 2, "width": 5,
                },
                hovertemplate=f"%{{customdata[0]}}<br>{name}: %{{customdata[1]}}<extra></extra>",
            )
        )  # fmt: skip
    return traces


def inside_text(comparisons: Sequence[Comparison]) -> str:
    """Number of observations inside the posterior band, of those used and those held out."""
    used = [row.is_inside for row in comparisons if row.target.used]
    held_out = [row.is_inside for row in comparisons if not row.target.used]
    parts = [f"{sum(used)} of {count(len(used), 'observation')} used"] if used else []
    if held_out:
        noun = f"{len(held_out)}" if used else count(len(held_out), "observation")
        parts.append(f"{sum(held_out)} of {noun} {HELD_OUT}")
    return " and ".join(parts)


def bands_title(comparisons: Sequence[Comparison]) -> str:
    """Title with the number of observations inside the posterior band."""
    return f"Inside the posterior 80 % band: {inside_text(comparisons)}"
