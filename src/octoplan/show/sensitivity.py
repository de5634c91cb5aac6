"""What matters: the tornado of one figure, one assumption at a time, and switching values in words."""

from collections.abc import Sequence
from html import escape

import plotly.graph_objects as go

from octoplan.outcomes.format import digits
from octoplan.outcomes.sensitivity import SURE, Sensitivity
from octoplan.scenario import Scenario
from octoplan.show.provenance import describe, row_reference
from octoplan.show.theme import (
    BLUE,
    GREY,
    ORANGE,
    new_figure,
)

SHOWN = 12
"""Assumptions that a tornado shows."""
ROW = 34
"""Pixels of one of them."""


def tornado(scenario: Scenario, swings: Sequence[Sensitivity], what: str, unit: str, *, size: float = 1.0) -> go.Figure:
    """Mean of a figure where an assumption lies in its lowest and in its highest fifth of futures, the widest on top.

    what
        The figure's name in a sentence; ``size`` is what its values are divided by to be in ``unit``.
    """
    shown = list(swings[:SHOWN])
    sure = [each for each in swings if each.sure]
    chart = new_figure(tornado_words(scenario, sure, what, unit, size), height=140 + ROW * max(1, len(shown)))
    for certain in (True, False):
        rows = [place for place, each in enumerate(shown) if each.sure == certain]
        for name, hexed, part in (("lowest fifth", ORANGE, "low"), ("highest fifth", BLUE, "high")):
            if rows:
                bars(chart, shown, rows, name, hexed if certain else GREY, part, unit, size)
    for place, each in enumerate(shown):
        for value, at in ((each.low, each.at[0]), (each.high, each.at[1])):
            left = value < middle(each)
            chart.add_annotation(
                x=value / size, y=place, text=f"{digits(at)}", showarrow=False, xshift=-4 if left else 4,
                xanchor="right" if left else "left", font={"size": 11},
            )  # fmt: skip
    chart.update_yaxes(
        tickvals=list(range(len(shown))), ticktext=[labelled(each) for each in shown], autorange="reversed",
        zeroline=False, rangemode="normal", showgrid=False, automargin=True, tickfont={"size": 12},
    )  # fmt: skip
    ends = [value / size for each in shown for value in (each.low, each.high)] or [0.0, 1.0]
    spare = 0.12 * (max(ends) - min(ends) or 1.0)
    chart.update_xaxes(
        title=f"{what}, mean, {unit}", tickformat=",", hoverformat=",", showgrid=True, gridcolor="#E3E3E3",
        range=[min(ends) - spare, max(ends) + spare], zeroline=False,
    )  # fmt: skip
    if min(ends) - spare < 0.0 < max(ends) + spare:
        chart.add_vline(x=0.0, line={"color": GREY, "width": 1, "dash": "dot"})
    return chart.update_layout(barmode="overlay", hovermode="closest", margin={"l": 12, "b": 56})


def bars(
    chart: go.Figure, shown: Sequence[Sensitivity], rows: Sequence[int], name: str, hexed: str, part: str, unit: str,
    size: float,
) -> None:  # fmt: skip
    """One side of some of the bars."""
    own = [shown[place] for place in rows]
    ends = [getattr(each, part) for each in own]
    told = [
        (each.assumption.name, digits(end / size), digits(each.error / size, 2))
        for each, end in zip(own, ends, strict=True)
    ]
    chart.add_trace(
        go.Bar(
            y=rows, x=[(end - middle(each)) / size for each, end in zip(own, ends, strict=True)],
            base=[middle(each) / size for each in own], orientation="h", name=f"assumption in its {name}",
            showlegend=False, customdata=told,
            marker={"color": hexed, "line": {"width": 0},
                    "pattern": {"shape": "" if part == "low" else "/", "solidity": 0.2}},
            hovertemplate=f"%{{customdata[0]}}, {name}: %{{customdata[1]}} {unit} (± %{{customdata[2]}})"
            "<extra></extra>",
        )
    )  # fmt: skip


def middle(swing: Sensitivity) -> float:
    """Half-way between the two means."""
    return 0.5 * (swing.low + swing.high)


def labelled(swing: Sensitivity) -> str:
    """The name of an assumption with its unit, marked where luck may explain the swing."""
    unit = f", {swing.assumption.unit}" if swing.assumption.unit not in ("", "1") else ""
    return escape(f"{swing.assumption.name}{unit}{'' if swing.sure else ' (may be luck)'}")


def tornado_words(scenario: Scenario, sure: Sequence[Sensitivity], what: str, unit: str, size: float) -> str:
    """Which assumption moves the figure most, and how many do beyond luck."""
    if not sure:
        return f"No single assumption moves {what} beyond luck in these futures"
    top = sure[0]
    scale = max(abs(top.low), abs(top.high)) / size
    ends = " to ".join(f"{round(x / size):,}" if scale >= 10.0 else digits(x / size) for x in (top.low, top.high))
    others = f"; {len(sure) - 1} more do beyond luck" if len(sure) > 1 else ""
    return f"{sentence(describe(scenario, top.assumption))} moves {what} most, from {ends} {unit}{others}"


def switching(scenario: Scenario, swings: Sequence[Sensitivity], what: str) -> list[str]:
    """At what value of one assumption, all others as believed, the figure's mean would be zero."""
    found = []
    for swing in swings:
        if swing.switch is None:
            continue
        assumption, (low, high) = swing.assumption, map(digits, swing.at)
        unit = "" if assumption.unit == "1" else f" {assumption.unit}"
        found.append(
            f"{sentence(what)} would be nil if the {describe(scenario, assumption)} were {digits(swing.switch)} ± "
            f"{digits(2 * swing.switch_error, 2)}{unit} (believed {low} to {high}, P10 to P90; "
            f"{row_reference(assumption)})."
        )
    if found or not any(each.sure for each in swings):
        return found
    return [
        f"No single assumption, anywhere from its P1 to its P99 and the others as believed, would bring {what} to nil."
    ]


def sentence(words: str) -> str:
    """Words as the beginning of a sentence."""
    return words[:1].upper() + words[1:]


METHOD = (
    "One assumption at a time, from the run's own draws: the mean over the fifth of futures in which it was lowest "
    f"(orange) and the fifth in which it was highest (blue, hatched). Grey bars lie within {SURE} standard errors and "
    "may be luck. Assumptions that were drawn together share their swing, and what two do only jointly is not seen. "
    "Figures at the bars' ends are the assumption's P10 and P90."
)
