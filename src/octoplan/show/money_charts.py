"""Charts of cost and benefit: S-curve with contingency, spend, cost-effectiveness, discount rates, cost per kill."""

from math import isinf, isnan

import numpy as np
import plotly.graph_objects as go

from octoplan.campaign.tally import (
    BIAS,
    CAPITAL,
    COSTS,
    CREWS,
    FREIGHT,
    KITS,
    LABOUR,
    MAKERS,
    OVERHEAD,
    PARTS,
    ROYALTY,
    TRAINING,
)
from octoplan.outcomes.finance import (
    CONFIDENCE_LEVELS,
    CostEstimate,
    leakers_prevented,
    present_values_by_rate,
    programme_cost,
)
from octoplan.outcomes.format import digits
from octoplan.outcomes.intervals import Interval, interval
from octoplan.outcomes.measures import missile_equivalent, money_measures
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import View, by_future, mean_over_futures, view_of
from octoplan.scenario.arrays import Floats
from octoplan.show.rounding import number
from octoplan.show.series import median
from octoplan.show.theme import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    GRID_COLOUR,
    MILLION,
    ORANGE,
    VERMILION,
    add_bars,
    fit_legend,
    label,
    new_figure,
    with_opacity,
)

PROGRAMME_COSTS = (PARTS, LABOUR, OVERHEAD, ROYALTY, FREIGHT, CAPITAL, BIAS)
COSTS_BY_PURPOSE = {
    "the programme's plants": PROGRAMME_COSTS,
    "other makers": (MAKERS,),
    "crews, training": (CREWS, TRAINING),
    "kits": (KITS,),
}
"""Categories of spend on interceptors, crews and kits, by purpose."""
MAX_POINTS = 1500
"""Number of points that a scatter plot aims for; with more futures, only every n-th future is drawn."""
MAX_CURVE_POINTS = 200
"""Maximum number of points of an S-curve."""


def cost_s_curve(cost: CostEstimate, unit: str) -> go.Figure:
    """S-curve of cost: share of futures in which the programme costs no more than an amount, with and without bias.

    >>> import octoplan as op
    >>> from octoplan.outcomes.run_results import RunResults
    >>> cost = RunResults(op.simulate("pocket", futures=4)).cost_estimate
    >>> op.show.cost_s_curve(cost, "GBP (2025)").data[0].name
    'with optimism bias'
    """
    chart = new_figure(s_curve_title(cost, unit), height=430)
    for name, values, hex_colour, dash in (
        ("with optimism bias", cost.values, BLUE, "solid"),
        ("without optimism bias", cost.values_without_bias, ORANGE, "dash"),
    ):
        ordered = np.sort(values) / MILLION
        share = 100.0 * (np.arange(len(ordered)) + 0.5) / len(ordered)
        sampled_rows = np.unique(np.linspace(0, len(ordered) - 1, MAX_CURVE_POINTS).astype(int))
        chart.add_trace(
            go.Scatter(
                x=ordered[sampled_rows],
                y=share[sampled_rows],
                name=name,
                mode="lines",
                line={"color": hex_colour, "width": 2.5, "dash": dash},
                hovertemplate=f"{name}: %{{y:.0f}} % of futures cost %{{x:,.1f}} M or less<extra></extra>",
            )
        )
    add_confidence_levels(chart, cost)
    chart.add_vline(
        x=cost.point_estimate / MILLION,
        line={"color": BLACK, "width": 1.5, "dash": "dot"},
        annotation={
            "text": f"point estimate: {number(cost.point_estimate / MILLION)}",
            "font": {"size": 12},
            "yanchor": "bottom",
        },
        annotation_position="top left",
    )
    costs = np.concatenate([trace.x for trace in chart.data])
    chart.update_xaxes(
        title=f"cost of the programme, M {unit}",
        tickformat=",",
        hoverformat=",.1f",
        showgrid=True,
        gridcolor=GRID_COLOUR,
        range=[costs.min(), costs.max() + 0.25 * np.ptp(costs)],
    )
    chart.update_yaxes(title="% of futures that cost no more", range=[0, 102])
    return fit_legend(chart.update_layout(hovermode="closest"), axis_title=True)


def add_confidence_levels(chart: go.Figure, cost: CostEstimate) -> None:
    """Add a marker at each level of confidence, labelled with the cost and the contingency."""
    for level in CONFIDENCE_LEVELS:
        contingency = cost.contingency(level)
        total, added = (cost.point_estimate + contingency) / MILLION, number(contingency / MILLION, 2)
        chart.add_trace(
            go.Scatter(
                x=[total],
                y=[100 * level],
                mode="markers+text",
                marker={"color": BLUE, "size": 9},
                showlegend=False,
                name=f"P{100 * level:.0f}",
                text=[f"P{100 * level:.0f}: {number(total)} ({'+' if contingency > 0.0 else ''}{added})"],
                textposition="bottom right",
                textfont={"size": 12},
                hovertemplate=f"P{100 * level:.0f}: {total:,.1f} M<extra></extra>",
            )
        )


def s_curve_title(cost: CostEstimate, unit: str) -> str:
    """Title with the share of futures that do not exceed the point estimate, and the contingency for P80."""
    contingency = cost.contingency(0.8) / MILLION
    rest = f"P80 needs a contingency of {number(contingency, 2)} M" if contingency > 0.0 else "P80 needs no contingency"
    return (
        f"The point estimate, {number(cost.point_estimate / MILLION)} M {unit}, is not exceeded in "
        f"{100 * cost.confidence_level:.0f} % of futures; {rest}"
    )


def spend(run: Run, *, nominal: bool = False) -> go.Figure:
    """Chart of mean monthly spend on interceptors, crews and kits by payer and purpose, and on plants by category.

    >>> import octoplan as op
    >>> op.show.spend(op.simulate("pocket", futures=4)).data[0].name
    'treasury'
    """
    view = view_of(run, nominal=nominal)
    months, categories = view.names.months, [cost for costs in COSTS_BY_PURPOSE.values() for cost in costs]
    means = mean_over_futures(run, lambda part: part.money("spend"), nominal=nominal) / MILLION

    def spent(costs: list[int]) -> Floats:
        return by_future(run, lambda part: part.money("spend")[:, :, costs].sum(axis=(1, 2, 3)), nominal=nominal)

    total, programme = spent(categories) / MILLION, spent(list(PROGRAMME_COSTS)) / MILLION
    chart = new_figure(
        f"Interceptors, crews and kits cost {number(median(total))} M {view.run.scenario.currency} in total (P50), "
        f"the programme's plants {number(median(programme))} M",
        ("by payer", "by purpose", "the programme's plants"),
        height=470,
    )
    index = 0
    for i, payer in enumerate(view.names.payers):
        name = label(view.title("payers", payer))
        add_bars(chart, months, means[:, categories, i].sum(axis=1), name, index, number_format=",.2f")
        index += 1
    for name, costs in COSTS_BY_PURPOSE.items():
        add_bars(chart, months, means[:, list(costs)].sum(axis=(1, 2)), name, index, column=2, number_format=",.2f")
        index += 1
    for cost in PROGRAMME_COSTS:
        name = COSTS[cost].replace("-", " ")
        add_bars(chart, months, means[:, cost].sum(axis=1), name, index, column=3, number_format=",.2f")
        index += 1
    chart.update_yaxes(title=f"M {view.unit} a month, mean", col=1)
    return fit_legend(chart)


def cost_effectiveness(run: Run) -> go.Figure:
    """Cost-effectiveness plane: the programme's cost against leakers prevented, with a point for each future.

    >>> import octoplan as op
    >>> op.show.cost_effectiveness(op.simulate("pocket", futures=4)).data[0].name
    'stops more and costs more: 100 %'
    """
    view = view_of(run)
    prevented = leakers_prevented(run)
    cost = by_future(run, lambda part: programme_cost(part).sum(axis=1)) / MILLION
    quadrants = {
        "stops more and costs more": (prevented > 0) & (cost > 0),
        "stops more and costs no more": (prevented > 0) & (cost <= 0),
        "stops no more and costs more": (prevented <= 0) & (cost > 0),
        "stops no more and costs no more": (prevented <= 0) & (cost <= 0),
    }
    most_frequent = max(quadrants, key=lambda name: quadrants[name].mean())
    chart = new_figure(
        f"In {100 * quadrants[most_frequent].mean():.0f} % of futures the programme {most_frequent}", height=440
    )
    step = max(1, len(prevented) // MAX_POINTS)
    for name, hex_colour, symbol in zip(
        quadrants, (BLUE, GREEN, VERMILION, GREY), ("circle", "square", "x", "diamond"), strict=True
    ):
        futures = np.flatnonzero(quadrants[name])[::step]
        if len(futures):
            chart.add_trace(
                go.Scatter(
                    x=prevented[futures],
                    y=cost[futures],
                    mode="markers",
                    name=f"{name}: {100 * quadrants[name].mean():.0f} %",
                    marker={"color": with_opacity(hex_colour, 0.55), "size": 6, "symbol": symbol, "line": {"width": 0}},
                    hovertemplate=f"%{{x:,.0f}} leakers prevented for %{{y:,.1f}} M {view.unit}<extra></extra>",
                )
            )
    chart.add_vline(x=0.0, line={"color": BLACK, "width": 1})
    chart.update_xaxes(
        title="leakers prevented, excluding decoys",
        tickformat=",",
        hoverformat=",",
        showgrid=True,
        gridcolor=GRID_COLOUR,
    )
    chart.update_yaxes(title=f"cost of the programme, M {view.unit}")
    return fit_legend(chart.update_layout(hovermode="closest"), axis_title=True)


def present_values(run: Run) -> go.Figure:
    """Chart of the present values of the programme's cost and net benefit by discount rate, P50 with P10 to P90.

    >>> import octoplan as op
    >>> op.show.present_values(op.simulate("pocket", futures=4)).data[0].name
    "programme's cost"
    """
    by_rate, unit = present_values_by_rate(run), view_of(run).unit
    benefits = [interval(benefit).p50 for _, benefit in by_rate.values()]
    sign = "negative" if max(benefits) < 0 else "positive" if min(benefits) > 0 else "zero"
    chart = new_figure(
        f"The net benefit (P50) is {sign} at every discount rate"
        if len(set(np.sign(benefits))) == 1
        else "The sign of the net benefit (P50) depends on the discount rate",
        height=360,
    )
    for index, (name, hex_colour) in enumerate((("programme's cost", ORANGE), ("net benefit", BLUE))):
        intervals = [interval(values[index] / MILLION) for values in by_rate.values()]
        chart.add_trace(
            go.Scatter(
                x=[rate + 0.16 * (index - 0.5) for rate in range(len(intervals))],
                y=[p.p50 for p in intervals],
                mode="markers+text",
                name=name,
                marker={"color": hex_colour, "size": 10, "symbol": ("square", "circle")[index]},
                text=[f"{p.p50:,.0f}" for p in intervals],
                textposition="middle right",
                textfont={"size": 12},
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [p.p90 - p.p50 for p in intervals],
                    "arrayminus": [p.p50 - p.p10 for p in intervals],
                    "thickness": 1.6,
                    "width": 5,
                },
                hovertemplate=f"{name}: %{{y:,.1f}} M<extra></extra>",
            )
        )
    chart.update_xaxes(
        title="discount rate a year",
        tickvals=list(range(len(by_rate))),
        ticktext=[f"{100 * r:g} %" for r in by_rate],
        range=[-0.5, len(by_rate) - 0.3],
    )
    chart.update_yaxes(title=f"present value, M {unit}", rangemode="normal")
    chart.add_hline(y=0.0, line={"color": BLACK, "width": 1})
    return fit_legend(chart.update_layout(hovermode="closest"), axis_title=True)


def cost_per_kill(run: Run) -> go.Figure | None:
    """Chart of the cost per kill of interceptors and of the missile layer; None if there is no missile layer.

    >>> import octoplan as op
    >>> op.show.cost_per_kill(op.simulate("pocket", futures=4)).data[0].name
    'interceptors'
    """
    if missile_equivalent(view_of(next(run.parts()))) is None:
        return None
    view, (interceptor, missile) = view_of(run), by_future(run, costs_per_kill).T
    if np.isnan(missile).all():
        return None
    chart = new_figure(cost_per_kill_title(interceptor, missile), height=260)
    notes = []
    intervals = [interval(costs / 1e3) for costs in (interceptor, missile)]
    edge = 3.0 * max(p for i in intervals for p in (i.p10, i.p50, i.p90) if np.isfinite(p))
    for row, (name, hex_colour, costs, quantiles) in enumerate(
        zip(("interceptors", "missiles"), (BLUE, ORANGE), (interceptor, missile), intervals, strict=True)
    ):
        notes.append(undefined_cost(name, costs))
        add_cost_range(chart, row, name, hex_colour, quantiles, edge)
    chart.update_layout(title_subtitle_text=" ".join(filter(None, notes)))
    ticks = [digit * 10.0**power for power in range(-3, 7) for digit in (1, 2, 5)]
    chart.update_xaxes(
        type="log",
        title=f"cost per kill, k {view.unit}, P50 with P10 to P90",
        tickvals=ticks,
        ticktext=[f"{tick:,g}" for tick in ticks],
        showgrid=True,
        gridcolor=GRID_COLOUR,
    )
    chart.update_yaxes(
        tickvals=[0, 1],
        ticktext=["interceptors", "missiles"],
        range=[-0.6, 1.8],
        showgrid=False,
        zeroline=False,
        automargin=True,
        rangemode="normal",
    )
    return chart.update_layout(hovermode="closest", margin={"b": 60})


def costs_per_kill(view: View) -> Floats:
    """(futures, 2) costs per kill by interceptors and by missiles."""
    measures = {measure.key: measure.values for measure in money_measures(view)}
    return np.stack([measures["cost/kill"], measures["missiles/kill"]], axis=1)


def add_cost_range(chart: go.Figure, row: int, name: str, hex_colour: str, quantiles: Interval, edge: float) -> None:
    """Add the P50 and the P10 to P90 range of a cost per kill to a row of the chart.

    Infinite quantiles, of futures with spend and no kill, are drawn at ``edge``.
    """
    low, middle, high = (min(p, edge) for p in (quantiles.p10, quantiles.p50, quantiles.p90))
    chart.add_trace(
        go.Scatter(
            x=[middle],
            y=[row],
            mode="markers+text",
            marker={"color": hex_colour, "size": 12},
            showlegend=False,
            name=name,
            text=[f"{digits(quantiles.p50)} k" if not isinf(quantiles.p50) else "no kill"],
            textposition="top center",
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [high - middle],
                "arrayminus": [middle - low],
                "thickness": 2,
                "width": 0 if isinf(quantiles.p90) else 7,
            },
            hovertemplate=f"{name}: {digits(quantiles.p50)} k ({digits(quantiles.p10)} to {digits(quantiles.p90)}), "
            f"{quantiles.futures:,} futures<extra></extra>",
        )
    )


def cost_per_kill_title(interceptors: Floats, missile: Floats) -> str:
    """Title with the ratio of the cost per kill of missiles to that of interceptors, over futures that define both."""
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = interval(missile / interceptors)
    if not factor.futures or isnan(factor.p50):
        return "The costs per kill cannot be compared: no future has kills"
    return (
        f"A kill by missile costs {digits(factor.p50, 2)} times one by interceptor "
        f"(P10 {digits(factor.p10, 2)}, P90 {digits(factor.p90, 2)})"
    )


def undefined_cost(name: str, costs: Floats) -> str:
    """Sentences on the futures in which a cost per kill is undefined or infinite; empty if there are none."""
    undefined, infinite, total = int(np.isnan(costs).sum()), int(np.isinf(costs).sum()), len(costs)
    sentences = []
    if undefined:
        sentences.append(
            f"Undefined for {name} in {undefined:,} of {total:,} futures, which have no kill and no spend."
        )
    if infinite:
        sentences.append(f"Infinite for {name} in {infinite:,} of {total:,} futures, which have spend and no kill.")
    return " ".join(sentences)
