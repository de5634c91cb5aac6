"""Chart of the damage and spend that the programme avoids against its cost, by future, with the break-even line."""

import numpy as np
import plotly.graph_objects as go

from octoplan.answer.totals import effect
from octoplan.outcomes.finance import programme_effects
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import view_of
from octoplan.scenario.arrays import Floats
from octoplan.show.money_charts import MAX_POINTS
from octoplan.show.rounding import percent, plus_minus
from octoplan.show.series import month_total
from octoplan.show.theme import BLACK, BLUE, GRID_COLOUR, MILLION, VERMILION, fit_legend, new_figure, with_opacity

MARGIN = 0.05
"""Margin of an axis, as a share of the range of the values on it."""


def cost_and_benefit(run: Run) -> go.Figure | None:
    """Damage avoided and spend saved on other layers against the cost of the programme, and the break-even line.

    Each point is a future.

    None if no threat is launched.

    >>> import octoplan as op
    >>> op.show.cost_and_benefit(op.simulate("pocket", futures=4)).data[0].name
    'avoids more than it costs: 100 %'
    """
    if not month_total(run, "launched").any():
        return None
    unit = view_of(run).unit
    effects = programme_effects(run)
    cost, benefit = effects.cost / MILLION, (effects.damage_avoided + effects.saved) / MILLION
    pays = benefit > cost
    net = effect(benefit - cost, run.finished_futures)
    chart = new_figure(
        f"The programme avoids more than it costs in {percent(float(pays.mean()))} of futures; "
        f"mean net benefit {plus_minus(net)} M {run.scenario.currency}", height=440,
    )  # fmt: skip
    step = max(1, len(cost) // MAX_POINTS)
    for name, side, hex_colour, symbol in (
        ("avoids more than it costs", pays, BLUE, "circle"), ("avoids no more than it costs", ~pays, VERMILION, "x"),
    ):  # fmt: skip
        futures = np.flatnonzero(side)[::step]
        if len(futures):
            chart.add_trace(
                go.Scatter(
                    x=cost[futures], y=benefit[futures], mode="markers",
                    name=f"{name}: {percent(float(side.mean()))}",
                    marker={"color": with_opacity(hex_colour, 0.6), "size": 7, "symbol": symbol},
                    hovertemplate=f"cost %{{x:,.1f}}, damage and spend avoided %{{y:,.1f}} M {unit}<extra></extra>",
                )
            )  # fmt: skip
    ranges = [axis_range(values) for values in (cost, benefit)]
    add_break_even_line(chart, cost)
    is_outside = [(values < low) | (values > high) for values, (low, high) in zip((cost, benefit), ranges, strict=True)]
    outside = int(np.logical_or(*is_outside).sum())
    if outside:
        chart.update_layout(title={"subtitle": {"text": outside_note(outside, len(cost))}})
    chart.update_xaxes(
        range=ranges[0], title=f"cost of the programme, M {unit}", tickformat=",", hoverformat=",.1f", showgrid=True,
        gridcolor=GRID_COLOUR,
    )  # fmt: skip
    chart.update_yaxes(title=f"damage and spend avoided, M {unit}", range=ranges[1], rangemode="normal")
    return fit_legend(chart.update_layout(hovermode="closest"), axis_title=True)


def axis_range(values: Floats) -> tuple[float, float]:
    """The ends of an axis with zero and P1 to P99 of (futures,) values, and a margin beyond those."""
    quantiles = np.quantile(values, (0.01, 0.99))
    low, high = min(0.0, float(quantiles[0])), max(0.0, float(quantiles[1]))
    margin = MARGIN * max(high - low, 1e-6)
    return (low - margin if low < 0.0 else 0.0), high + margin


def outside_note(outside: int, futures: int) -> str:
    """A sentence on the number of futures outside of the axes."""
    return f"{outside:,} of {futures:,} futures {'lies' if outside == 1 else 'lie'} outside of the axes"


def add_break_even_line(chart: go.Figure, cost: Floats) -> None:
    """Add the line on which benefit equals cost; (futures,) cost in millions."""
    low, high = min(0.0, float(cost.min())), 1.05 * max(float(cost.max()), 1e-6)
    chart.add_trace(
        go.Scatter(
            x=[low, high], y=[low, high], mode="lines", name="break-even", hoverinfo="skip",
            line={"color": BLACK, "width": 1.5, "dash": "dash"},
        )
    )  # fmt: skip
