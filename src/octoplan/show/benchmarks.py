"""A plan beside others: its rivals through unseen futures, and the frontier of one country's share."""

from html import escape

import numpy as np
import plotly.graph_objects as go

from octoplan.outcomes.format import digits
from octoplan.outcomes.intervals import Interval, interval
from octoplan.plan.results.evaluation import WIDE, Flights
from octoplan.plan.results.frontier import WORST, Frontier, tail_values
from octoplan.plan.solver.two_stage import Floats
from octoplan.show.plan import ROW, legend_line, listed
from octoplan.show.theme import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    faded,
    joined,
    new_figure,
)


def half(difference: Interval) -> float:
    """Half of the 95 % interval of a mean, 0 where one future leaves it unknown."""
    return 0.0 if np.isnan(difference.se_mean) else WIDE * difference.se_mean


def rivals(flights: Flights, currency: str) -> go.Figure:
    """Cost of each rival less the plan's with its 95 % interval, and P10 to P90 of the regret of all."""
    others = sorted((n for n in flights.flown if n != "plan"), key=lambda name: flights.difference(name).mean)
    every = ["plan", *others]
    chart = new_figure(
        rival_words(flights, others, currency), ("cost less the plan's, 95 % interval",
        "regret, mean with P10 to P90"), rows=2, height=170 + ROW * (len(others) + len(every)),
    )  # fmt: skip
    chart.update_annotations(x=0.0, xanchor="left", font={"size": 13})
    for place, name in enumerate(others):
        gone = flights.difference(name)
        worse, better = gone.mean - half(gone) > 0.0, gone.mean + half(gone) < 0.0
        chart.add_trace(
            go.Scatter(
                x=[gone.mean], y=[place], name=name, mode="markers", showlegend=False,
                marker={"color": BLUE if worse else VERMILION if better else GREY, "size": 11},
                error_x={"type": "data", "array": [half(gone)], "thickness": 2, "width": 6},
                hovertemplate=f"{name}: %{{x:,.1f}} ± {half(gone):,.1f} M {currency}<extra></extra>",
            ), row=1, col=1,
        )  # fmt: skip
    for place, name in enumerate(every):
        regret = flights.regret(name)
        range_of = f"({regret.p10:,.1f} to {regret.p90:,.1f})"
        chart.add_trace(
            go.Scatter(
                x=[regret.p10, regret.p90], y=[place, place], mode="lines", hoverinfo="skip", showlegend=False,
                line={"color": faded(ORANGE, 0.5), "width": 9},
            ), row=2, col=1,
        )  # fmt: skip
        chart.add_trace(
            go.Scatter(
                x=[regret.mean], y=[place], name=name, mode="markers", showlegend=False,
                marker={"color": ORANGE, "size": 11},
                hovertemplate=f"{name}: %{{x:,.1f}} {range_of} M {currency}<extra></extra>",
            ), row=2, col=1,
        )  # fmt: skip
    most = max(flights.regret(name).p90 for name in every)
    chart.update_xaxes(range=[-0.02 * most, 1.05 * most] if most > 0.0 else None, zeroline=False, row=2, col=1)
    listed(chart, [escape(name) for name in others])
    listed(chart, ["the plan", *map(escape, others)], row=2)
    chart.add_vline(x=0.0, line={"color": BLACK, "width": 1}, row=1, col=1)
    chart.update_xaxes(title=f"M {currency}", tickformat=",", hoverformat=",", showgrid=True, gridcolor="#E3E3E3")
    return chart.update_layout(hovermode="closest", margin={"l": 14, "b": 60})


def rival_words(flights: Flights, others: list[str], currency: str) -> str:
    """Which rivals are cheaper beyond luck, or how near the next one comes; ``others`` by cost."""
    gone = {name: flights.difference(name) for name in others}
    cheaper = [name for name in others if gone[name].mean + half(gone[name]) < 0.0]
    if cheaper:
        best = gone[cheaper[0]]
        return (
            f"{cheaper[0]} is cheaper than the plan by {digits(-best.mean)} ± {digits(half(best), 2)} M {currency}: "
            "do not prefer the plan"
        )
    if not others:
        return "The plan has no rival"
    near = gone[others[0]]
    return (
        f"No rival is cheaper than the plan beyond luck; {others[0]} comes nearest, "
        f"{'+' if near.mean > 0.0 else ''}{digits(near.mean)} ± {digits(half(near), 2)} M {currency}"
    )


LEAST_SPAN = 1.0
"""Percentage points that the axis of a share spans at least, so that nothing looks like much."""


def frontier(front: Frontier, currency: str) -> go.Figure:
    """Cost, threats stopped, resilience, months to the rate and jobs over the share that one country makes."""
    shares, cheapest = 100.0 * front.shares, front.cheapest
    panels = (
        f"cost less that at {shares[cheapest]:.0f} %, with 95 % interval",
        f"stopped less those at {shares[cheapest]:.0f} %, 95 % interval",
        "stopped in the worst tenth of futures, mean",
        f"month of the first {front.rate:,.0f} units, P50, P10 to P90",
        "jobs, mean over horizon and futures",
    )
    chart = new_figure(frontier_words(front), panels, rows=len(panels), height=1130)
    for row, values, unit in ((1, front.cost, f"M {currency}"), (2, front.stopped, "threats")):
        found = [interval(each - values[cheapest]) for each in values]
        points(chart, front, row, np.array([f.mean for f in found]), np.array([half(f) for f in found]), unit=unit)
    worst = 100.0 * resilience(front)
    points(chart, front, 3, worst, None, unit="% of threats")
    spare = 0.5 * max(0.0, LEAST_SPAN - np.ptp(worst))
    chart.update_yaxes(range=[worst.min() - spare - 0.1, worst.max() + spare + 0.1], row=3, col=1)
    months(chart, front)
    for index, (country, jobs) in enumerate(front.jobs.items()):
        hexed = (BLUE, ORANGE, GREEN, PURPLE)[index % 4]
        chart.add_trace(
            go.Scatter(
                x=shares, y=jobs.mean(1), name=f"jobs, {named(country)}", mode="lines+markers",
                line={"color": hexed, "width": 2}, hovertemplate=f"{escape(country)}: %{{y:,.0f}} jobs<extra></extra>",
            ), row=5, col=1,
        )  # fmt: skip
    chart.update_yaxes(title="jobs", row=5, col=1)
    for row in range(1, len(panels) + 1):
        chart.add_vline(x=shares[cheapest], line={"color": GREEN, "width": 1.5, "dash": "dot"}, row=row, col=1)
    chart.update_xaxes(
        tickformat=",", hoverformat=",.0f", ticksuffix=" %", zeroline=False, range=[shares.min() - 4, shares.max() + 4]
    )
    chart.update_xaxes(title=f"{named(front.country)} share of units asked, %", row=len(panels), col=1)
    return legend_line(chart.update_layout(hovermode="closest"))


def resilience(front: Frontier) -> Floats:
    """(n,) mean share of threats stopped in the worst tenth of the futures of each share."""
    return np.array([tail_values(each, WORST).mean() for each in front.stopped_share])


def points(chart: go.Figure, front: Frontier, row: int, values: Floats, error: Floats | None, *, unit: str) -> None:
    """One point a share, hollow and grey where another share dominates it."""
    chart.add_trace(
        go.Scatter(
            x=100.0 * front.shares, y=values, mode="lines+markers", showlegend=False,
            line={"color": faded(BLUE, 0.5), "width": 1.5}, marker=marks(front),
            error_y=None if error is None else {"type": "data", "array": error, "thickness": 1.5, "width": 5},
            customdata=np.zeros_like(values) if error is None else error,
            hovertemplate="%{x:.0f}: %{y:,.1f}" + (" ± %{customdata:,.1f}" if error is not None else "")
            + f" {unit}<extra></extra>",
        ), row=row, col=1,
    )  # fmt: skip
    chart.update_yaxes(title=unit, rangemode="normal", row=row, col=1)


def marks(front: Frontier) -> dict[str, object]:
    """Markers of the shares: full and blue, or hollow and grey where dominated."""
    return {
        "size": 10,
        "symbol": ["circle-open" if beaten else "circle" for beaten in front.dominated.tolist()],
        "color": [GREY if beaten else BLUE for beaten in front.dominated.tolist()],
        "line": {"width": 2, "color": [GREY if beaten else BLUE for beaten in front.dominated.tolist()]},
    }


def months(chart: go.Figure, front: Frontier) -> None:
    """Month of the programme, from 1, in which the rate is reached; what is never reached stands on a line above."""
    low, middle, high = (
        np.quantile(front.reached, share, axis=1, method="inverted_cdf") + 1.0 for share in (0.1, 0.5, 0.9)
    )
    ends = np.concatenate([low, middle, high])
    latest = float(ends[np.isfinite(ends)].max(initial=1.0))
    never = np.ceil(1.15 * latest + 1.0)
    shown = [np.where(np.isfinite(each), each, never) for each in (low, middle, high)]
    chart.add_trace(
        go.Scatter(
            x=100.0 * front.shares, y=shown[1], mode="markers", showlegend=False, marker=marks(front),
            error_y={
                "type": "data", "symmetric": False, "array": shown[2] - shown[1], "arrayminus": shown[1] - shown[0],
                "thickness": 1.5, "width": 5, "color": faded(BLUE, 0.6),
            },
            text=[", ".join(month_word(each) for each in three) for three in zip(low, middle, high, strict=True)],
            hovertemplate="%{x:.0f}: P10, P50, P90 %{text}<extra></extra>",
        ), row=4, col=1,
    )  # fmt: skip
    step = max(1, int(np.ceil(latest / 4.0)))
    ticks = list(range(step, int(latest) + 1, step))
    if not np.isfinite(ends).all():
        chart.add_hline(y=never, line={"color": GREY, "width": 1, "dash": "dash"}, row=4, col=1)
        chart.update_yaxes(tickvals=[*ticks, never], ticktext=[*map(str, ticks), "never"], row=4, col=1)
    chart.update_yaxes(title="month, from 1", range=[0.0, 1.1 * never], row=4, col=1)


def month_word(month: float) -> str:
    return f"month {month:.0f}" if np.isfinite(month) else "never"


def named(country: str) -> str:
    """A country's name as it is read: a short code in capitals."""
    return escape(country.upper() if len(country) <= 3 else country.capitalize())


def frontier_words(front: Frontier) -> str:
    """Where it costs least, and which shares another one beats."""
    cheapest = 100.0 * float(front.shares[front.cheapest])
    said = f"It costs least with {cheapest:.0f} % of the units made by {named(front.country)}"
    beaten, left = (
        joined([f"{100.0 * share:.0f} %" for share in front.shares[which].tolist()])
        for which in (front.dominated, ~front.dominated)
    )
    if not beaten:
        return f"{said}; no share is beaten in cost, threats stopped and resilience at once"
    if not left:
        return f"{said}; every share is beaten by another"
    if 2 * front.dominated.sum() > len(front.shares):
        return f"{said}; every share but {left} is beaten by another"
    return f"{said}; {beaten} {'is' if front.dominated.sum() == 1 else 'are'} beaten by another share"
