"""Charts of a plan's alternatives over unseen futures, and of the frontier of one country's share."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go

from octoplan.outcomes.format import digits
from octoplan.outcomes.intervals import Interval, interval
from octoplan.plan.results.evaluation import Z_95, Evaluation
from octoplan.plan.results.frontier import WORST_FUTURES_SHARE, Frontier, tail_values
from octoplan.plan.solver.two_stage import Floats
from octoplan.show.plan import ROW_HEIGHT, add_legend_below, add_row_labels
from octoplan.show.theme import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    VERMILION,
    join_names,
    label,
    new_figure,
    with_opacity,
)


def half_width(difference: Interval) -> float:
    """Half-width of the 95 % confidence interval of a mean; 0 if it is undefined because there is one future."""
    return 0.0 if np.isnan(difference.se_mean) else Z_95 * difference.se_mean


def alternatives(evaluation: Evaluation, currency: str) -> go.Figure:
    """Chart of the cost of each alternative minus that of the plan, and of the regret of all plans."""
    others = sorted((n for n in evaluation.plans if n != "plan"), key=lambda name: evaluation.difference(name).mean)
    names = ["plan", *others]
    chart = new_figure(
        alternatives_title(evaluation, others, currency), ("cost minus the plan's, 95 % interval",
        "regret, mean with P10 to P90"), rows=2, height=170 + ROW_HEIGHT * (len(others) + len(names)),
    )  # fmt: skip
    chart.update_annotations(x=0.0, xanchor="left", font={"size": 13})
    for row, name in enumerate(others):
        cost = evaluation.difference(name)
        worse, better = cost.mean - half_width(cost) > 0.0, cost.mean + half_width(cost) < 0.0
        chart.add_trace(
            go.Scatter(
                x=[cost.mean], y=[row], name=name, mode="markers", showlegend=False,
                marker={"color": BLUE if worse else VERMILION if better else GREY, "size": 11},
                error_x={"type": "data", "array": [half_width(cost)], "thickness": 2, "width": 6},
                hovertemplate=f"{name}: %{{x:,.1f}} ± {half_width(cost):,.1f} M {currency}<extra></extra>",
            ), row=1, col=1,
        )  # fmt: skip
    for row, name in enumerate(names):
        regret = evaluation.regret(name)
        range_text = f"({regret.p10:,.1f} to {regret.p90:,.1f})"
        chart.add_trace(
            go.Scatter(
                x=[regret.p10, regret.p90], y=[row, row], mode="lines", hoverinfo="skip", showlegend=False,
                line={"color": with_opacity(ORANGE, 0.5), "width": 9},
            ), row=2, col=1,
        )  # fmt: skip
        chart.add_trace(
            go.Scatter(
                x=[regret.mean], y=[row], name=name, mode="markers", showlegend=False,
                marker={"color": ORANGE, "size": 11},
                hovertemplate=f"{name}: %{{x:,.1f}} {range_text} M {currency}<extra></extra>",
            ), row=2, col=1,
        )  # fmt: skip
    largest_regret = max(evaluation.regret(name).p90 for name in names)
    chart.update_xaxes(
        range=[-0.02 * largest_regret, 1.05 * largest_regret] if largest_regret > 0.0 else None,
        zeroline=False,
        row=2,
        col=1,
    )
    add_row_labels(chart, [label(name) for name in others])
    add_row_labels(chart, ["the plan", *map(label, others)], row=2)
    chart.add_vline(x=0.0, line={"color": BLACK, "width": 1}, row=1, col=1)
    chart.update_xaxes(title=f"M {currency}", tickformat=",", hoverformat=",", showgrid=True, gridcolor="#E3E3E3")
    return chart.update_layout(hovermode="closest", margin={"l": 14, "b": 60})


def alternatives_title(evaluation: Evaluation, others: list[str], currency: str) -> str:
    """Title of the chart: the cheapest alternative if significantly cheaper than the plan, else the closest.

    others
        Names of the alternatives, sorted by cost.
    """
    costs = {name: evaluation.difference(name) for name in others}
    others = [name for name in others if name in evaluation.replacements]
    cheaper = [name for name in others if costs[name].mean + half_width(costs[name]) < 0.0]
    if cheaper:
        best = costs[cheaper[0]]
        return (
            f"The alternative “{cheaper[0]}” is cheaper than the plan by {digits(-best.mean)} ± "
            f"{digits(half_width(best), 2)} M {currency}; the plan is not recommended"
        )
    if not others:
        return "The plan has no alternative"
    closest = costs[others[0]]
    return (
        f"No alternative is significantly cheaper than the plan; the closest is “{others[0]}”, "
        f"{'+' if closest.mean > 0.0 else ''}{digits(closest.mean)} ± {digits(half_width(closest), 2)} M {currency}"
    )


MIN_AXIS_SPAN = 1.0
"""Smallest range of the resilience axis in percentage points, so that small differences do not look large."""


def frontier(front: Frontier, currency: str, titles: Mapping[str, str] | None = None) -> go.Figure:
    """Chart of cost, threats stopped, resilience, first month with the output rate, and jobs, by a country's share.

    titles
        Titles of a scenario's entities, in which ``countries.NAME`` is that of a country.
    """
    shares, cheapest = 100.0 * front.shares, front.cheapest
    panel_titles = (
        f"cost minus that at {shares[cheapest]:.0f} %, 95 % interval",
        f"threats stopped minus those at {shares[cheapest]:.0f} %, 95 % interval",
        "mean share stopped in the worst tenth of futures",
        f"first month with {front.rate:,.0f} units, P50 with P10 to P90",
        "direct jobs, mean over horizon and futures",
    )
    title = country_label(front.country, titles)
    chart = new_figure(frontier_title(front, title), panel_titles, rows=len(panel_titles), height=1130)
    for row, values, unit in ((1, front.cost, f"M {currency}"), (2, front.stopped, "threats")):
        differences = [interval(share_values - values[cheapest]) for share_values in values]
        means, errors = (np.array(list(map(f, differences))) for f in (lambda d: d.mean, half_width))
        add_share_points(chart, front, row, means, errors, unit=unit)
    resilience_percent = 100.0 * resilience(front)
    add_share_points(chart, front, 3, resilience_percent, None, unit="% of threats")
    padding = 0.5 * max(0.0, MIN_AXIS_SPAN - np.ptp(resilience_percent))
    chart.update_yaxes(
        range=[resilience_percent.min() - padding - 0.1, resilience_percent.max() + padding + 0.1], row=3, col=1
    )
    add_rate_months(chart, front)
    for index, (country, jobs) in enumerate(front.jobs.items()):
        hex_colour = (BLUE, ORANGE, GREEN, PURPLE)[index % 4]
        chart.add_trace(
            go.Scatter(
                x=shares, y=jobs.mean(1), name=f"jobs, {country_label(country, titles)}", mode="lines+markers",
                line={"color": hex_colour, "width": 2},
                hovertemplate=f"{country_label(country, titles)}: %{{y:,.0f}} jobs<extra></extra>",
            ), row=5, col=1,
        )  # fmt: skip
    chart.update_yaxes(title="jobs", row=5, col=1)
    for row in range(1, len(panel_titles) + 1):
        chart.add_vline(x=shares[cheapest], line={"color": GREEN, "width": 1.5, "dash": "dot"}, row=row, col=1)
    chart.update_xaxes(
        tickformat=",", hoverformat=",.0f", ticksuffix=" %", zeroline=False, range=[shares.min() - 4, shares.max() + 4]
    )
    chart.update_xaxes(title=f"share of the units requested made in {title}, %", row=len(panel_titles), col=1)
    return add_legend_below(chart.update_layout(hovermode="closest"))


def resilience(front: Frontier) -> Floats:
    """(n,) resilience of each share: mean share of threats stopped in the worst tenth of futures."""
    return np.array([tail_values(shares, WORST_FUTURES_SHARE).mean() for shares in front.stopped_share])


def add_share_points(
    chart: go.Figure, front: Frontier, row: int, values: Floats, error: Floats | None, *, unit: str
) -> None:
    """Add a point for each share to a panel, with error bars if given; dominated shares are hollow and grey."""
    chart.add_trace(
        go.Scatter(
            x=100.0 * front.shares, y=values, mode="lines+markers", showlegend=False,
            line={"color": with_opacity(BLUE, 0.5), "width": 1.5}, marker=share_markers(front),
            error_y=None if error is None else {"type": "data", "array": error, "thickness": 1.5, "width": 5},
            customdata=np.zeros_like(values) if error is None else error,
            hovertemplate="%{x:.0f}: %{y:,.1f}" + (" ± %{customdata:,.1f}" if error is not None else "")
            + f" {unit}<extra></extra>",
        ), row=row, col=1,
    )  # fmt: skip
    chart.update_yaxes(title=unit, rangemode="normal", row=row, col=1)


def share_markers(front: Frontier) -> dict[str, object]:
    """Marker style of the shares: filled and blue, or hollow and grey if dominated."""
    return {
        "size": 10,
        "symbol": ["circle-open" if worse else "circle" for worse in front.dominated.tolist()],
        "color": [GREY if worse else BLUE for worse in front.dominated.tolist()],
        "line": {"width": 2, "color": [GREY if worse else BLUE for worse in front.dominated.tolist()]},
    }


def add_rate_months(chart: go.Figure, front: Frontier) -> None:
    """Fill the panel with the first month with the output rate; "never" is drawn on a line above all months."""
    low, middle, high = (
        np.quantile(front.months_to_rate, share, axis=1, method="inverted_cdf") + 1.0 for share in (0.1, 0.5, 0.9)
    )
    months = np.concatenate([low, middle, high])
    latest = float(months[np.isfinite(months)].max(initial=1.0))
    never_height = np.ceil(1.15 * latest + 1.0)
    heights = [np.where(np.isfinite(month), month, never_height) for month in (low, middle, high)]
    chart.add_trace(
        go.Scatter(
            x=100.0 * front.shares, y=heights[1], mode="markers", showlegend=False, marker=share_markers(front),
            error_y={
                "type": "data", "symmetric": False, "array": heights[2] - heights[1],
                "arrayminus": heights[1] - heights[0], "thickness": 1.5, "width": 5, "color": with_opacity(BLUE, 0.6),
            },
            text=[", ".join(map(month_or_never, quantiles)) for quantiles in zip(low, middle, high, strict=True)],
            hovertemplate="%{x:.0f}: P10, P50, P90 %{text}<extra></extra>",
        ), row=4, col=1,
    )  # fmt: skip
    step = max(1, int(np.ceil(latest / 4.0)))
    ticks = list(range(step, int(latest) + 1, step))
    if not np.isfinite(months).all():
        chart.add_hline(y=never_height, line={"color": GREY, "width": 1, "dash": "dash"}, row=4, col=1)
        chart.update_yaxes(tickvals=[*ticks, never_height], ticktext=[*map(str, ticks), "never"], row=4, col=1)
    chart.update_yaxes(title="month, from 1", range=[0.0, 1.1 * never_height], row=4, col=1)


def month_or_never(month: float) -> str:
    """Text of a month counted from 1, or "never" if infinite."""
    return f"month {month:.0f}" if np.isfinite(month) else "never"


def country_label(country: str, titles: Mapping[str, str] | None = None) -> str:
    """Title of a country for display; without one its name, in which codes of up to three letters are in capitals."""
    if titles and f"countries.{country}" in titles:
        return label(titles[f"countries.{country}"])
    return label(country.upper() if len(country) <= 3 else country.capitalize())


def frontier_title(front: Frontier, country: str) -> str:
    """Title of the frontier: the cheapest share, and the dominated shares.

    country
        Title of the country.
    """
    cheapest = 100.0 * float(front.shares[front.cheapest])
    least = f"Cost is least with {cheapest:.0f} % of the units from {country}"
    dominated, others = (
        join_names([f"{100.0 * share:.0f} %" for share in front.shares[selected].tolist()])
        for selected in (front.dominated, ~front.dominated)
    )
    if not dominated:
        return f"{least}; no share is dominated in cost, threats stopped and resilience"
    if not others:
        return f"{least}; every share is dominated by another"
    if 2 * front.dominated.sum() > len(front.shares):
        return f"{least}; every share but {others} is dominated by another"
    return f"{least}; {dominated} {'is' if front.dominated.sum() == 1 else 'are'} dominated by another share"
