"""Money as reviewers ask for it: the S-curve with contingency, optimism bias, discount rates, what a pound buys."""

import numpy as np
import plotly.graph_objects as go

from octoplan.outcomes.finance import LEVELS, CostEstimate, by_discount_rate, leakers_prevented, programme_cost
from octoplan.outcomes.format import digits
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.measures import measures
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import view_of
from octoplan.show.theme import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    VERMILION,
    M,
    faded,
    fit_legend,
    new_figure,
)


def scurve(cost: CostEstimate, unit: str) -> go.Figure:
    """Share of futures in which the programme costs no more, with optimism bias and without; the point estimate."""
    need = cost.contingency(0.8)
    chart = new_figure(
        f"The central estimate, {cost.point / M:,.0f} M {unit}, is kept in {100 * cost.percentile:.0f} % of futures; "
        + (f"to be kept in 80 % it needs {need / M:,.0f} M more" if need > 0.0 else "it is kept in 80 % as it stands"),
        height=430,
    )
    for name, values, hexed, dash in (
        ("with optimism bias", cost.values, BLUE, "solid"), ("without it", cost.without_bias, ORANGE, "dash"),
    ):  # fmt: skip
        ordered = np.sort(values) / M
        share = 100.0 * (np.arange(len(ordered)) + 0.5) / len(ordered)
        keep = np.unique(np.linspace(0, len(ordered) - 1, 200).astype(int))
        chart.add_trace(
            go.Scatter(
                x=ordered[keep], y=share[keep], name=name, mode="lines",
                line={"color": hexed, "width": 2.5, "dash": dash},
                hovertemplate=f"{name}: %{{y:.0f}} % of futures cost %{{x:,.1f}} M or less<extra></extra>",
            )
        )  # fmt: skip
    for level in LEVELS:
        at = (cost.point + cost.contingency(level)) / M
        chart.add_trace(
            go.Scatter(
                x=[at], y=[100 * level], mode="markers+text", marker={"color": BLUE, "size": 9}, showlegend=False,
                name=f"P{100 * level:.0f}",
                text=[f"P{100 * level:.0f}: {at:,.0f} ({cost.contingency(level) / M:+,.0f})"],
                textposition="bottom right", textfont={"size": 12},
                hovertemplate=f"P{100 * level:.0f}: {at:,.1f} M<extra></extra>",
            )
        )  # fmt: skip
    chart.add_vline(
        x=cost.point / M, line={"color": BLACK, "width": 1.5, "dash": "dot"},
        annotation={"text": f"all at medians: {cost.point / M:,.0f}", "font": {"size": 12}, "yanchor": "bottom"},
        annotation_position="top left",
    )  # fmt: skip
    costs = np.concatenate([trace.x for trace in chart.data])
    room = [costs.min(), costs.max() + 0.25 * np.ptp(costs)]
    chart.update_xaxes(title=f"cost of the programme, M {unit}", tickformat=",", hoverformat=",.1f", showgrid=True,
                       gridcolor="#E3E3E3", range=room)  # fmt: skip
    chart.update_yaxes(title="% of futures at or below", range=[0, 102])
    chart.update_layout(hovermode="closest")
    return settled_row(chart)


def settled_row(chart: go.Figure) -> go.Figure:
    """Settled, with room for a title of the axis above the legend."""
    room = 26
    made = fit_legend(chart)
    margin = made.layout.margin.b + room
    return made.update_layout(height=made.layout.height + room, margin={"b": margin})


def plane(run: Run) -> go.Figure:
    """The cost-effectiveness plane: leakers fewer against the programme's cost, a point a future."""
    view = view_of(run)
    gain, paid = leakers_prevented(run), programme_cost(view).sum(axis=1) / M
    shares = {
        "stops more and costs more": (gain > 0) & (paid > 0), "stops more and costs less": (gain > 0) & (paid <= 0),
        "stops no more and costs more": (gain <= 0) & (paid > 0),
        "stops no more and costs no more": (gain <= 0) & (paid <= 0),
    }  # fmt: skip
    top = max(shares, key=lambda name: shares[name].mean())
    chart = new_figure(f"In {100 * shares[top].mean():.0f} % of futures the programme {top}", height=440)
    step = max(1, len(gain) // 1500)
    for name, hexed, symbol in zip(shares, (BLUE, GREEN, VERMILION, GREY), ("circle", "square", "x", "diamond"),
                                   strict=True):  # fmt: skip
        here = np.flatnonzero(shares[name])[::step]
        if len(here):
            chart.add_trace(
                go.Scatter(
                    x=gain[here], y=paid[here], mode="markers", name=f"{name}: {100 * shares[name].mean():.0f} %",
                    marker={"color": faded(hexed, 0.55), "size": 6, "symbol": symbol, "line": {"width": 0}},
                    hovertemplate=f"%{{x:,.0f}} leakers fewer for %{{y:,.1f}} M {view.unit}<extra></extra>",
                )
            )  # fmt: skip
    chart.add_vline(x=0.0, line={"color": BLACK, "width": 1})
    chart.update_xaxes(title="leakers fewer than without the programme, decoys left out", tickformat=",",
                       hoverformat=",", showgrid=True, gridcolor="#E3E3E3")  # fmt: skip
    chart.update_yaxes(title=f"cost of the programme, M {view.unit}")
    chart.update_layout(hovermode="closest")
    return settled_row(chart)


def discounted(run: Run) -> go.Figure:
    """Present cost of the programme and present net benefit at several discount rates, P50 with P10 to P90."""
    found, unit = by_discount_rate(run), view_of(run).unit
    signs = {rate: np.sign(interval(gain).p50) for rate, (_, gain) in found.items()}
    same = len(set(signs.values())) == 1
    word = "below nil" if max(signs.values()) < 0 else "above nil" if min(signs.values()) > 0 else "near nil"
    chart = new_figure(
        f"The net benefit (P50) is {word} at every discount rate tried" if same
        else "The sign of the net benefit (P50) depends on the discount rate",
        height=360,
    )  # fmt: skip
    labels = [f"{100 * rate:g} %" for rate in found]
    for index, (name, hexed) in enumerate((("programme's cost", ORANGE), ("damage avoided less cost", BLUE))):
        points = [interval(pair[index] / M) for pair in found.values()]
        chart.add_trace(
            go.Scatter(
                x=[place + 0.16 * (index - 0.5) for place in range(len(points))], y=[p.p50 for p in points],
                mode="markers+text", name=name,
                marker={"color": hexed, "size": 10, "symbol": ("square", "circle")[index]},
                text=[f"{p.p50:,.0f}" for p in points], textposition="middle right", textfont={"size": 12},
                error_y={"type": "data", "symmetric": False, "array": [p.p90 - p.p50 for p in points],
                         "arrayminus": [p.p50 - p.p10 for p in points], "thickness": 1.6, "width": 5},
                hovertemplate=f"{name}: %{{y:,.1f}} M<extra></extra>",
            )
        )  # fmt: skip
    chart.update_xaxes(title="discount rate a year", tickvals=list(range(len(labels))), ticktext=labels,
                       range=[-0.5, len(labels) - 0.3])  # fmt: skip
    chart.update_yaxes(title=f"present value, M {unit}", rangemode="normal")
    chart.add_hline(y=0.0, line={"color": BLACK, "width": 1})
    chart.update_layout(hovermode="closest")
    return settled_row(chart)


def kill(run: Run) -> go.Figure | None:
    """Cost a kill of the interceptors beside that of the missile layer, over futures; None without a missile layer."""
    found = {each.key: each for each in measures(run)}
    if "missiles/kill" not in found:
        return None
    ours, theirs = found["cost/kill"], found["missiles/kill"]
    less = theirs.values / ours.values
    less = less[np.isfinite(less)]
    if not len(less):
        return None
    p10, p50, p90 = np.quantile(less, (0.1, 0.5, 0.9))
    title = f"A kill by missile costs {p50:,.0f} times one by interceptor (P10 {p10:,.0f}, P90 {p90:,.0f})"
    chart = new_figure(title, height=260)
    for place, (each, hexed, name) in enumerate(((ours, BLUE, "interceptors"), (theirs, ORANGE, "missiles"))):
        point = interval(each.values[np.isfinite(each.values)] / 1e3)
        chart.add_trace(
            go.Scatter(
                x=[point.p50], y=[place], mode="markers+text", marker={"color": hexed, "size": 12}, showlegend=False,
                name=name,
                text=[f"{digits(point.p50)} k"], textposition="top center",
                error_x={"type": "data", "symmetric": False, "array": [point.p90 - point.p50],
                         "arrayminus": [point.p50 - point.p10], "thickness": 2, "width": 7},
                hovertemplate=f"{name}: %{{x:,.1f}} k ({digits(point.p10)} to {digits(point.p90)})<extra></extra>",
            )
        )  # fmt: skip
    chart.update_xaxes(type="log", title=f"cost a kill, k {ours.unit}, P50 with P10 to P90", tickformat=",",
                       hoverformat=",.1f", showgrid=True, gridcolor="#E3E3E3", dtick=1)  # fmt: skip
    chart.update_yaxes(tickvals=[0, 1], ticktext=["interceptors", "missiles"], range=[-0.6, 1.8], showgrid=False,
                       zeroline=False, automargin=True, rangemode="normal")  # fmt: skip
    return chart.update_layout(hovermode="closest", margin={"b": 60})
