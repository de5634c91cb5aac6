"""Tornado: the mean of a result with each assumption at a low and at a high value, the largest effect at the top."""

from collections.abc import Iterator, Sequence
from functools import singledispatch
from math import isnan, nan
from textwrap import shorten, wrap
from typing import NamedTuple

import plotly.graph_objects as go

from octoplan.explore.findings import Result
from octoplan.explore.impact import HALF_WIDTH_ERRORS
from octoplan.explore.results import TornadoBar
from octoplan.outcomes.format import digits, scaled
from octoplan.outcomes.sensitivity import MIN_Z, Sensitivity
from octoplan.outcomes.view import Measure
from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.descriptions import row_reference, unit_text
from octoplan.scenario.descriptions import subject as name_in_words
from octoplan.show.provenance import row_anchor
from octoplan.show.theme import BLACK, BLUE, GREY, GRID_COLOUR, ORANGE, capitalised, label, new_figure

MAX_ASSUMPTIONS = 12
"""Maximum number of assumptions in a tornado."""
ROW_HEIGHT = 40
"""Height of a row of a tornado in pixels."""
LABEL_WIDTH, MAX_LABEL, MIN_MEANING = 44, 84, 30
"""Characters of a line of the name of an assumption, of the whole name, and of what remains of its meaning at least."""
AXIS_MARGIN = 0.14
"""Margin at either end of the axis, as a share of its range."""
MONTHS = "months after the first"
"""Unit of a measure that is a month, whose mean has fractions."""

CAPTION = (
    "One assumption at a time, from the futures of this run: the mean over the fifth of futures in which the "
    "assumption is lowest (orange) and over the fifth in which it is highest (blue, hatched). Grey bars, marked n.s., "
    f"lie within {MIN_Z} standard errors and are not distinguishable from zero. Lines at the ends: the 95 % confidence "
    "interval of the length of the bar. Correlated assumptions share their effect; an interaction of two assumptions "
    "is not shown. The numbers at the ends of a bar are the assumption's P10 and P90."
)
SIMULATED_CAPTION = (
    "One assumption at a time, simulated at its P10 (orange) and at its P90 (blue, hatched), whose values are at the "
    "ends of the bars; the others are as drawn, in the same futures. Lines at the ends: the 95 % confidence interval "
    "of the length of the bar. Grey bars, marked n.s., are not distinguishable from zero. Dotted line: the mean with "
    "all assumptions as drawn, over those futures. An interaction of two assumptions is not shown."
)


class Row(NamedTuple):
    """One bar of a tornado.

    Attributes:
        assumption: The assumption.
        low: Mean result with the assumption at its low value.
        high: Mean result with the assumption at its high value.
        half_width: Half-width of the 95 % confidence interval of the difference.
        ends: P10 and P90 of the assumption in its unit.
        is_distinguishable: True if the difference is distinguishable from zero.
        unchanged: Mean result with all assumptions as drawn; ``nan`` if unknown.
        names: Names of the low and the high value.

    """

    assumption: Assumption
    low: float
    high: float
    half_width: float
    ends: tuple[float, float]
    is_distinguishable: bool
    unchanged: float
    names: tuple[str, str]

    @property
    def middle(self) -> float:
        """Midpoint between the two means."""
        return 0.5 * (self.low + self.high)


@singledispatch
def row_of(item: Sensitivity | TornadoBar, scenario: Scenario) -> Row:  # noqa: ARG001
    """The bar of an effect estimated from the futures of a run, or of one simulated."""
    raise TypeError(f"a {type(item).__name__} is no effect of an assumption")


@row_of.register
def _(item: Sensitivity, scenario: Scenario) -> Row:  # noqa: ARG001
    return Row(
        item.assumption, item.low, item.high, HALF_WIDTH_ERRORS * item.error, item.p10_p90, item.distinguishable, nan,
        ("lowest fifth", "highest fifth"),
    )  # fmt: skip


@row_of.register
def _(item: TornadoBar, scenario: Scenario) -> Row:
    assumption = scenario.assumptions[scenario.columns.index(item.name)]
    half_width = (item.difference.high - item.difference.low) / 2.0
    return Row(
        assumption, item.low.value, item.high.value, half_width, item.ends, item.difference.sign != 0, item.unchanged,
        ("P10", "P90"),
    )  # fmt: skip


def tornado(
    scenario: Scenario, effects: Sequence[Sensitivity] | Sequence[TornadoBar], subject: str, unit: str, *,
    size: float = 1.0,
) -> go.Figure:  # fmt: skip
    """Tornado: mean of a result where an assumption is low and where it is high, the largest effect at the top.

    On a page with the assumptions log, a bar is a link to the row of its assumption.

    Args:
        scenario: The scenario.
        effects: Effects on one result, from the futures of a run or simulated; those without a difference are omitted.
        subject: Name of the result in a sentence, such as "the net benefit".
        unit: Unit of the axis.
        size: Divisor that converts the values of the result to ``unit``.

    >>> import octoplan as op
    >>> from octoplan.outcomes.run_results import RunResults
    >>> run = op.simulate(op.load("pocket").change({"threats.drone.damage": "50000 to 200000"}), futures=64)
    >>> effects = RunResults(run).net_benefit_sensitivity
    >>> op.show.tornado(run.scenario, effects, "the net benefit", "GBP (2025)").data[0].name
    'lowest fifth of the assumption'

    """
    ordered = ranked(row_of(item, scenario) for item in effects)
    rows = ordered[:MAX_ASSUMPTIONS]
    chart = new_figure(
        tornado_title(scenario, ordered, subject, unit, size), height=140 + ROW_HEIGHT * max(1, len(rows))
    )
    for significant in (True, False):
        numbers = [number for number, row in enumerate(rows) if row.is_distinguishable == significant]
        for end, hex_colour in enumerate((ORANGE, BLUE)):
            if numbers:
                chart.add_trace(
                    half_bars(scenario, rows, numbers, end, hex_colour if significant else GREY, unit, size)
                )
    for number, row in enumerate(rows):
        for end in (0, 1):
            chart.add_annotation(end_text(row, number, end, size))
    chart.update_yaxes(
        tickvals=list(range(len(rows))), ticktext=[row_label(scenario, row) for row in rows],
        range=[len(rows) - 0.4, -0.6], zeroline=False, rangemode="normal", showgrid=False, automargin=True,
        tickfont={"size": 12},
    )  # fmt: skip
    value_axis(chart, rows, f"mean of {subject}{f', {unit}' if unit else ''}", size)
    return chart.update_layout(barmode="overlay", bargap=0.35, hovermode="closest", margin={"l": 12, "b": 56})


def ranked(rows: Iterator[Row]) -> list[Row]:
    """The bars of some length: those distinguishable from zero by length, then the others."""
    bars = [row for row in rows if abs(row.high - row.low) > 0.0]
    return sorted(bars, key=lambda row: (not row.is_distinguishable, -abs(row.high - row.low)))


def value_axis(chart: go.Figure, rows: Sequence[Row], title: str, size: float) -> None:
    """Set the range and title of the value axis; mark zero if it is within the range, and the unchanged mean."""
    ends = [end / size for row in rows for end in interval_ends(row)] or [0.0, 1.0]
    margin = AXIS_MARGIN * (max(ends) - min(ends) or 1.0)
    low, high = min(ends) - margin, max(ends) + margin
    chart.update_xaxes(
        title=title, tickformat=",", hoverformat=",", showgrid=True, gridcolor=GRID_COLOUR, range=[low, high],
        zeroline=False,
    )  # fmt: skip
    if low < 0.0 < high:
        chart.add_vline(x=0.0, line={"color": BLACK, "width": 1})
    unchanged = [row.unchanged / size for row in rows if not isnan(row.unchanged)]
    if unchanged:
        chart.add_vline(x=unchanged[0], line={"color": GREY, "width": 1, "dash": "dot"})


def interval_ends(row: Row) -> tuple[float, float]:
    """Ends of a bar with the lines at them."""
    return min(row.low, row.high) - row.half_width / 2.0, max(row.low, row.high) + row.half_width / 2.0


def interval_part(row: Row, end: int, direction: float) -> float:
    """Length of the line at one end of a bar to the right (1) or to the left (-1), inwards at most to the midpoint."""
    half = row.half_width / 2.0
    to_middle = row.middle - (row.low, row.high)[end]
    return min(half, abs(to_middle)) if to_middle * direction > 0.0 else half


def half_bars(
    scenario: Scenario, rows: Sequence[Row], numbers: Sequence[int], end: int, hex_colour: str, unit: str, size: float
) -> go.Bar:
    """The halves of some bars from the midpoint to the mean at one end, with half of the interval of the difference.

    Args:
        scenario: The scenario.
        rows: All bars.
        numbers: Numbers of the bars that are drawn, from 0 at the top.
        end: 0 for the low value, 1 for the high value.
        hex_colour: Colour.
        unit: Unit of the axis.
        size: Divisor of the values.

    """
    chosen = [rows[number] for number in numbers]
    values = [(row.low, row.high)[end] for row in chosen]
    hover = [
        (
            label(capitalised(name_in_words(scenario, row.assumption))),
            label(value_text(row, end)),
            digits((row.low, row.high)[end] / size),
            digits((row.high - row.low) / size),
            digits(row.half_width / size, 2),
            row_reference(row.assumption),
            row_anchor(row.assumption.name),
        )
        for row in chosen
    ]
    return go.Bar(
        y=list(numbers), x=[(value - row.middle) / size for row, value in zip(chosen, values, strict=True)],
        base=[row.middle / size for row in chosen], orientation="h", showlegend=False, customdata=hover,
        name=f"{chosen[0].names[end]} of the assumption",
        error_x={
            "type": "data", "symmetric": False, "color": BLACK, "thickness": 1.4, "width": 4,
            "array": [interval_part(row, end, 1.0) / size for row in chosen],
            "arrayminus": [interval_part(row, end, -1.0) / size for row in chosen],
        },
        marker={
            "color": hex_colour, "line": {"width": 0}, "pattern": {"shape": ("", "/")[end], "solidity": 0.2},
        },
        hovertemplate=f"%{{customdata[0]}}<br>{chosen[0].names[end]}%{{customdata[1]}}: mean %{{customdata[2]}} {unit}"
        f"<br>difference %{{customdata[3]}} ± %{{customdata[4]}} {unit}<br>%{{customdata[5]}}<extra></extra>",
    )  # fmt: skip


def value_text(row: Row, end: int) -> str:
    """The P10 or P90 of an assumption with its unit, for the text of a pointer over a bar."""
    unit = unit_text(row.assumption)
    return f" ({('P10', 'P90')[end]} {digits(row.ends[end])}{f' {unit}' if unit else ''})"


def end_text(row: Row, number: int, end: int, size: float) -> dict[str, object]:
    """The annotation with the P10 or P90 of an assumption next to its end of a bar."""
    is_left = (row.low > row.high) == bool(end)
    left, right = interval_ends(row)
    return {
        "x": (left if is_left else right) / size, "y": number, "text": digits(row.ends[end]), "showarrow": False,
        "xshift": -4 if is_left else 4, "xanchor": "right" if is_left else "left", "font": {"size": 11},
    }  # fmt: skip


def row_label(scenario: Scenario, row: Row) -> str:
    """An assumption in words with its unit, marked n.s. if its effect is not distinguishable from zero."""
    unit = unit_text(row.assumption)
    name = capitalised(name_in_words(scenario, row.assumption))
    meaning, bracket, entities = name.rpartition(" (") if name.endswith(")") else (name, "", "")
    rest = f"{bracket}{entities}{f', {unit}' if unit else ''}"
    meaning = shorten(meaning, max(MAX_LABEL - len(rest), MIN_MEANING), placeholder=" …")
    lines = wrap(shorten(meaning + rest, MAX_LABEL, placeholder=" …"), LABEL_WIDTH, break_on_hyphens=False)
    return "<br>".join(map(label, lines)) + ("" if row.is_distinguishable else " (n.s.)")


def tornado_title(scenario: Scenario, rows: Sequence[Row], result: str, unit: str, size: float) -> str:
    """Title with the assumption of largest effect and the number of others; ``result`` without its explanation."""
    result = result.partition(":")[0]
    significant = [row for row in rows if row.is_distinguishable]
    if not significant:
        return f"No single assumption has an effect on {result} that is distinguishable from zero"
    top = significant[0]
    scale = max(abs(top.low), abs(top.high)) / size
    ends = " to ".join(f"{round(x / size):,}" if scale >= 10.0 else digits(x / size) for x in (top.low, top.high))
    number = len(significant) - 1
    others = f"; {number} other{'s have' if number > 1 else ' has'} a significant effect" if number else ""
    name = capitalised(label(name_in_words(scenario, top.assumption)))
    return f"{name} has the largest effect on {result}: from {ends}{f' {unit}' if unit else ''}{others}"


def measure_tornado(scenario: Scenario, bars: Sequence[TornadoBar], result: Result | Measure) -> go.Figure | None:
    """Tornado of one result, of which the unit is scaled to the size of its means; None without a bar of some length.

    Args:
        scenario: The scenario.
        bars: Bars of any results; those of others are omitted.
        result: The result.

    """
    chosen = [bar for bar in bars if bar.measure == result.key and bar.difference.value != 0.0]
    chosen = [bar for bar in chosen if not isnan(bar.difference.value)]
    if not chosen:
        return None
    size, unit = scaled(result.unit, [mean.value for bar in chosen for mean in (bar.low, bar.high)])
    return tornado(scenario, chosen, result.title, MONTHS if result.form == "month" else unit, size=size)
