"""Sensitivity analysis of one result: tornado of the assumptions, and sentences on their switching values."""

from collections.abc import Sequence

import plotly.graph_objects as go

from octoplan.outcomes.format import digits
from octoplan.outcomes.sensitivity import MIN_Z, Sensitivity
from octoplan.scenario import Scenario
from octoplan.scenario.descriptions import describe, row_reference
from octoplan.show.theme import BLUE, GREY, GRID_COLOUR, ORANGE, capitalised, label, new_figure

MAX_ASSUMPTIONS = 12
"""Maximum number of assumptions in a tornado."""
ROW_HEIGHT = 34
"""Height of a row of a tornado in pixels."""
BAR_HEIGHT = 0.8
"""Height of a bar, as a share of its row."""
AXIS_MARGIN = 0.12
"""Margin at either end of the axis, as a share of its range."""

CAPTION = (
    "One assumption at a time, from the futures of this run: the mean over the fifth of futures in which the "
    "assumption is lowest (orange) and over the fifth in which it is highest (blue, hatched). Grey bars, marked n.s., "
    f"lie within {MIN_Z} standard errors and are not distinguishable from zero. Correlated assumptions share their "
    "effect; an interaction of two assumptions is not shown. The numbers at the ends of a bar are the assumption's P10 "
    "and P90."
)


def tornado(
    scenario: Scenario, sensitivities: Sequence[Sensitivity], subject: str, unit: str, *, size: float = 1.0
) -> go.Figure:
    """Tornado: mean of a result where an assumption is low and where it is high, the largest effect at the top.

    subject
        Name of the result in a sentence, such as "the net benefit".
    size
        Divisor that converts the values of the result to ``unit``.

    >>> import octoplan as op
    >>> from octoplan.outcomes.run_results import RunResults
    >>> run = op.simulate(op.load("pocket").change({"threats.drone.damage": "50000 to 200000"}), futures=64)
    >>> effects = RunResults(run).net_benefit_sensitivity
    >>> op.show.tornado(run.scenario, effects, "the net benefit", "GBP (2025)").data[0].name
    'assumption in its lowest fifth'
    """
    rows = list(sensitivities[:MAX_ASSUMPTIONS])
    chart = new_figure(
        tornado_title(scenario, sensitivities, subject, unit, size), height=140 + ROW_HEIGHT * max(1, len(rows))
    )
    for significant in (True, False):
        row_numbers = [row for row, item in enumerate(rows) if item.distinguishable == significant]
        for end, hex_colour in (("low", ORANGE), ("high", BLUE)):
            if row_numbers:
                add_half_bars(chart, rows, row_numbers, end, hex_colour if significant else GREY, unit, size)
    for row, item in enumerate(rows):
        for value, quantile in ((item.low, item.p10_p90[0]), (item.high, item.p10_p90[1])):
            left = value < midpoint(item)
            chart.add_annotation(
                x=value / size,
                y=row,
                text=digits(quantile),
                showarrow=False,
                xshift=-4 if left else 4,
                xanchor="right" if left else "left",
                font={"size": 11},
            )
    chart.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=[row_label(item) for item in rows],
        autorange="reversed",
        zeroline=False,
        rangemode="normal",
        showgrid=False,
        automargin=True,
        tickfont={"size": 12},
    )
    value_axis(chart, [value / size for item in rows for value in (item.low, item.high)], subject, unit)
    return chart.update_layout(barmode="overlay", hovermode="closest", margin={"l": 12, "b": 56})


def value_axis(chart: go.Figure, values: Sequence[float], subject: str, unit: str) -> None:
    """Set the range and title of the value axis, and mark zero if it is within the range."""
    ends = list(values) or [0.0, 1.0]
    margin = AXIS_MARGIN * (max(ends) - min(ends) or 1.0)
    chart.update_xaxes(
        title=f"mean of {subject}{f', {unit}' if unit else ''}",
        tickformat=",",
        hoverformat=",",
        showgrid=True,
        gridcolor=GRID_COLOUR,
        range=[min(ends) - margin, max(ends) + margin],
        zeroline=False,
    )
    if min(ends) - margin < 0.0 < max(ends) + margin:
        chart.add_vline(x=0.0, line={"color": GREY, "width": 1, "dash": "dot"})


def add_half_bars(
    chart: go.Figure,
    rows: Sequence[Sensitivity],
    row_numbers: Sequence[int],
    end: str,
    hex_colour: str,
    unit: str,
    size: float,
) -> None:
    """Add the halves of the bars from the midpoint to the mean at one end.

    row_numbers
        Rows of the tornado to which halves are added, from 0 at the top.
    end
        ``low`` or ``high``.
    """
    items = [rows[number] for number in row_numbers]
    values = [getattr(item, end) for item in items]
    fifth = "lowest fifth" if end == "low" else "highest fifth"
    hover = [
        (label(item.assumption.name), digits(value / size), digits(item.error / size, 2))
        for item, value in zip(items, values, strict=True)
    ]
    chart.add_trace(
        go.Bar(
            y=list(row_numbers),
            x=[(value - midpoint(item)) / size for item, value in zip(items, values, strict=True)],
            base=[midpoint(item) / size for item in items],
            orientation="h",
            name=f"assumption in its {fifth}",
            showlegend=False,
            customdata=hover,
            width=BAR_HEIGHT,
            marker={
                "color": hex_colour,
                "line": {"width": 0},
                "pattern": {"shape": "" if end == "low" else "/", "solidity": 0.2},
            },
            hovertemplate=f"%{{customdata[0]}}, {fifth}: %{{customdata[1]}} {unit} "
            "(standard error of the difference %{customdata[2]})<extra></extra>",
        )
    )


def midpoint(item: Sensitivity) -> float:
    """Midpoint between the mean at the low end and the mean at the high end."""
    return 0.5 * (item.low + item.high)


def row_label(item: Sensitivity) -> str:
    """The name of an assumption with its unit, marked n.s. if its effect is not distinguishable from zero."""
    unit = f", {item.assumption.unit}" if item.assumption.unit not in ("", "1") else ""
    return label(f"{item.assumption.name}{unit}{'' if item.distinguishable else ' (n.s.)'}")


def tornado_title(
    scenario: Scenario, sensitivities: Sequence[Sensitivity], subject: str, unit: str, size: float
) -> str:
    """Title with the assumption of largest effect and the number of others with a significant effect."""
    significant = [item for item in sensitivities if item.distinguishable]
    if not significant:
        return f"No single assumption has an effect on {subject} that is distinguishable from zero"
    top = significant[0]
    scale = max(abs(top.low), abs(top.high)) / size
    ends = " to ".join(f"{round(x / size):,}" if scale >= 10.0 else digits(x / size) for x in (top.low, top.high))
    number = len(significant) - 1
    others = f"; {number} other{'s have' if number > 1 else ' has'} a significant effect" if number else ""
    name = capitalised(label(describe(scenario, top.assumption)))
    return f"{name} has the largest effect on {subject}: from {ends}{f' {unit}' if unit else ''}{others}"


def switching_values(scenario: Scenario, sensitivities: Sequence[Sensitivity], subject: str) -> list[str]:
    """Sentences on switching values: values of an assumption at which the mean of a result is zero."""
    sentences = []
    for item in sensitivities:
        if item.switching_value is None:
            continue
        assumption, (low, high) = item.assumption, map(digits, item.p10_p90)
        unit = "" if assumption.unit == "1" else f" {assumption.unit}"
        sentences.append(
            f"{capitalised(subject)} would be zero on average if the {describe(scenario, assumption)} were "
            f"{digits(item.switching_value)} ± {digits(2 * item.switching_value_error, 2)}{unit} (assumed: P10 {low}, "
            f"P90 {high}; {row_reference(assumption)})."
        )
    if sentences or not any(item.distinguishable for item in sensitivities):
        return sentences
    return [f"No single assumption has a switching value between its P1 and P99 at which {subject} would be zero."]
