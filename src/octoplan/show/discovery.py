"""Scenario discovery in words, charts and a table: in which futures a requirement is missed."""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import inf, isfinite, isinf
from textwrap import shorten

import numpy as np
import plotly.graph_objects as go

from octoplan.explore.findings import Points
from octoplan.explore.results import Box, Discovery, Estimate, Leaf, Limit
from octoplan.outcomes.format import digits
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.descriptions import is_share, row_reference, subject, unit_text
from octoplan.show.provenance import TableText
from octoplan.show.rounding import percent
from octoplan.show.theme import (
    BLACK,
    BLUE,
    GREY,
    GRID_COLOUR,
    VERMILION,
    capitalised,
    fit_legend,
    join_names,
    label,
    new_figure,
    with_opacity,
)

MAX_PAIRED = 3
"""Maximum number of assumptions in the pair plot."""
MAX_POINTS = 800
"""Maximum number of futures drawn in the pair plot."""
AXIS_QUANTILES = (0.005, 0.995)
"""Quantiles of an assumption at the ends of its axis."""
BARS = 20
"""Number of intervals of an assumption if the box restricts only one."""
LINE_WIDTH, WIDE, MAX_NAME = 40, 90, 64
"""Characters of a line of the name of an axis, of the horizontal axis of a wide panel, and of a name in a title."""
PANELS = ((0.0, 0.25), (0.375, 0.625), (0.75, 1.0))
"""Horizontal extent of each of three panels."""
FEW_HALVES = 0.7
"""Share of the random halves of the futures below which a limit is read with care."""

TRADE_OFF_CAPTION = (
    "Each dot is a step of peeling: a box with fewer futures, more of which fail. Its density is overstated, as its "
    "limits were chosen to make it high. Dashed: boxes made in the same way from four fifths of the futures, evaluated "
    "on the rest. The box described has only the limits that are significant; lines are 95 % confidence intervals in "
    "held-out futures. Dotted: the share of all futures that fail."
)
PAIR_CAPTION = (
    "Each mark is a future, by its values of the assumptions that the box restricts, at most three of them and 800 "
    "futures. The rectangle is the box; a failure outside it is one that the box does not describe. Each axis holds "
    "99 % of the futures."
)
TREE_CAPTION = (
    "Classification tree: at most three questions, in the order of the tree, divide the futures. It is pruned so that "
    "only questions are left that help in held-out futures. Coverage: share of all failures."
)


def assumption_of(scenario: Scenario, name: str) -> Assumption:
    """The assumption with a name."""
    return scenario.assumptions[scenario.columns.index(name)]


def name_of(scenario: Scenario, name: str) -> str:
    """An assumption in words, with its entities, or otherwise with its kind, such as "kits"."""
    assumption = assumption_of(scenario, name)
    text = subject(scenario, assumption)
    return text if assumption.entities else f"{text} ({assumption.kind})"


def amount_text(assumption: Assumption, value: float) -> str:
    """A value of an assumption with its unit; a share as a percentage."""
    if is_share(assumption):
        return f"{digits(100.0 * value)} %"
    unit = unit_text(assumption)
    return f"{digits(value)} {unit}" if unit else digits(value)


def bounds_text(assumption: Assumption, limit: Limit) -> str:
    """The bounds of an assumption in words, such as "above 63.0 days"."""
    if isinf(limit.low):
        return f"below {amount_text(assumption, limit.high)}"
    if isinf(limit.high):
        return f"above {amount_text(assumption, limit.low)}"
    return f"between {amount_text(assumption, limit.low)} and {amount_text(assumption, limit.high)}"


def limit_text(scenario: Scenario, limit: Limit) -> str:
    """A limit in the words of the scenario."""
    return f"{name_of(scenario, limit.name)} {bounds_text(assumption_of(scenario, limit.name), limit)}"


def rule_text(texts: Sequence[str]) -> str:
    """Limits in words, joined by "and", and by semicolons if there are more than two."""
    return "; and ".join(["; ".join(texts[:-1]), texts[-1]]) if len(texts) > 2 else join_names(texts)


def box_of(discovery: Discovery) -> Box:
    """The box that is described."""
    return discovery.trajectory[discovery.chosen]


def share_missed(discovery: Discovery) -> str:
    """Share of the futures in which the requirement is missed."""
    return percent(discovery.cases / discovery.futures)


def sentences(scenario: Scenario, discovery: Discovery) -> list[str]:
    """Where a requirement is missed, in sentences; without a box, that there is none."""
    if not discovery.chosen:
        texts = [f"{capitalised(discovery.missed_text)} in {share_missed(discovery)} of futures. {discovery.note}"]
    else:
        texts = [box_sentence(scenario, discovery), *care_sentences(scenario, box_of(discovery))]
    if discovery.excluded:
        number = f"{discovery.excluded:,} future{' is' if discovery.excluded == 1 else 's are'}"
        texts.append(f"{number} excluded, because the result is undefined or the simulation failed.")
    return texts


def box_sentence(scenario: Scenario, discovery: Discovery) -> str:
    """The box that is described, with its coverage and density."""
    box = box_of(discovery)
    limits = [
        f"{limit_text(scenario, limit)} ({row_reference(assumption_of(scenario, limit.name))})" for limit in box.limits
    ]
    return (
        f"{capitalised(discovery.missed_text)} most often with {rule_text(limits)}: "
        f"{percent(box.coverage)} of the failures are there (coverage), and of the futures there "
        f"{percent(box.density)} fail (density), against {share_missed(discovery)} of all."
    )


def short_box_sentence(scenario: Scenario, discovery: Discovery) -> str:
    """The box that is described, with coverage and density in held-out futures where they are estimated."""
    box = box_of(discovery)
    held_out = box.held_out_coverage, box.held_out_density
    coverage, density = (
        item.value if item is not None and isfinite(item.value) else in_sample
        for item, in_sample in zip(held_out, (box.coverage, box.density), strict=True)
    )
    rule = rule_text([limit_text(scenario, limit) for limit in box.limits])
    return (
        f"{capitalised(discovery.missed_text)} in {share_missed(discovery)} of futures, and in {percent(density)} of "
        f"those with {rule}, where {percent(coverage)} of the failures are."
    )


def care_sentences(scenario: Scenario, box: Box) -> Iterator[str]:
    """Yield coverage and density in held-out futures, and which limits random halves of the futures seldom have."""
    if box.held_out_coverage is not None and box.held_out_density is not None:
        yield (
            "In futures that were not used to choose the limits, which is what to expect of new ones, coverage is "
            f"{held_out_text(box.held_out_coverage)} and density {held_out_text(box.held_out_density)}."
        )
    uncertain = [limit for limit in box.limits if limit.reproduced < FEW_HALVES]
    for limit in uncertain:
        share = percent(limit.reproduced)
        yield f"Read with care: only {share} of random halves of the futures restrict {name_of(scenario, limit.name)}."


def held_out_text(item: Estimate) -> str:
    """A share with its confidence interval."""
    if not isfinite(item.value):
        return "not estimated, as no such box has futures"
    return f"{100 * item.value:.0f} % ({100 * item.low:.0f} to {100 * item.high:.0f})"


def trade_off(discovery: Discovery) -> go.Figure | None:
    """Coverage and density of the steps of peeling, with the box described; None if nothing was peeled.

    Args:
        discovery: Where a requirement is missed.

    """
    steps = discovery.trajectory[: discovery.chosen] if discovery.chosen else discovery.trajectory
    if len(steps) < 2:
        return None
    chart = new_figure(trade_off_title(discovery), height=430)
    chart.add_trace(
        go.Scatter(
            x=[step.coverage for step in steps], y=[step.density for step in steps], mode="lines+markers",
            name="steps of peeling", line={"color": BLUE, "width": 1.5}, marker={"size": 6},
            text=[step_text(number, step) for number, step in enumerate(steps)],
            hovertemplate="%{text}: coverage %{x:.0%}, density %{y:.0%}<extra></extra>",
        )
    )  # fmt: skip
    pairs = [(step.held_out_coverage, step.held_out_density) for step in steps]
    held_out = [(a.value, b.value) for a, b in pairs if a is not None and b is not None and isfinite(b.value)]
    chart.add_trace(
        go.Scatter(
            x=[coverage for coverage, _ in held_out], y=[density for _, density in held_out], mode="lines",
            name="the same in held-out futures", line={"color": GREY, "width": 2, "dash": "dash"}, hoverinfo="skip",
        )
    )  # fmt: skip
    if discovery.chosen:
        for trace in box_marks(box_of(discovery)):
            chart.add_trace(trace)
    chart.add_hline(y=discovery.cases / discovery.futures, line={"color": GREY, "width": 1, "dash": "dot"})
    axis = {"tickformat": ".0%", "hoverformat": ".0%", "range": [0.0, 1.04], "showgrid": True, "gridcolor": GRID_COLOUR}
    chart.update_xaxes(title="coverage: share of all failures in the box", **axis)
    chart.update_yaxes(title="density: share of its futures that fail", **axis)
    return fit_legend(chart.update_layout(hovermode="closest"), axis_title=True)


def trade_off_title(discovery: Discovery) -> str:
    """Title with the coverage and density of the box described."""
    if not discovery.chosen:
        return "No box has more failures in held-out futures than random futures have"
    box = box_of(discovery)
    return (
        f"The box described has {percent(box.coverage)} of the failures, and {percent(box.density)} of its futures fail"
    )


def step_text(number: int, box: Box) -> str:
    """A step with the number of assumptions that it restricts and its share of the futures."""
    count = len(box.limits)
    return f"step {number}, {count} assumption{'' if count == 1 else 's'}, {percent(box.mass)} of futures"


def box_marks(box: Box) -> Iterator[go.Scatter]:
    """Marks of the box described: in the futures from which it was made, and in held-out futures with intervals."""
    yield go.Scatter(
        x=[box.coverage], y=[box.density], mode="markers", name="the box described",
        marker={"symbol": "star", "size": 16, "color": VERMILION, "line": {"color": BLACK, "width": 1}},
        hovertemplate="the box described: coverage %{x:.0%}, density %{y:.0%}<extra></extra>",
    )  # fmt: skip
    coverage, density = box.held_out_coverage, box.held_out_density
    if coverage is None or density is None or not isfinite(density.value):
        return
    yield go.Scatter(
        x=[coverage.value], y=[density.value], mode="markers", name="the box described, in held-out futures",
        marker={"symbol": "star-open", "size": 14, "color": VERMILION, "line": {"width": 2}},
        error_x=interval_bar(coverage), error_y=interval_bar(density),
        hovertemplate="in held-out futures: coverage %{x:.0%}, density %{y:.0%}<extra></extra>",
    )  # fmt: skip


def interval_bar(item: Estimate) -> dict[str, object]:
    """The error bar of an estimate."""
    return {
        "type": "data", "symmetric": False, "array": [item.high - item.value], "arrayminus": [item.value - item.low],
        "color": VERMILION, "thickness": 1.4, "width": 4,
    }  # fmt: skip


def pair_plot(scenario: Scenario, discovery: Discovery, points: Points) -> go.Figure | None:
    """Futures by the assumptions that the box described restricts most significantly, failures marked, with the box.

    One assumption has a bar chart; two or three have a panel for each pair. None if no box is described.

    Args:
        scenario: The scenario.
        discovery: Where a requirement is missed.
        points: Draws of the restricted assumptions and failures, by future.

    """
    limits = sorted(box_of(discovery).limits, key=lambda limit: limit.p_value)[:MAX_PAIRED]
    if not limits:
        return None
    columns = {name: np.array(values) for name, values in zip(points.names, points.draws, strict=True)}
    cases = np.array(points.cases)
    if len(limits) == 1:
        return fit_legend(
            bars_with_box(scenario, discovery, limits[0], columns[limits[0].name], cases), axis_title=True
        )
    pairs = list(combinations(limits, 2))
    chart = new_figure(pair_title(scenario, limits), ("",) * len(pairs), height=440)
    for panel, (first, second) in enumerate(pairs, 1):
        for is_case in (False, True):
            rows = np.flatnonzero(cases[:MAX_POINTS] == is_case)
            chart.add_trace(marks(columns[first.name][rows], columns[second.name][rows], is_case, panel), 1, panel)
        draw_panel(chart, scenario, (first, second), (columns[first.name], columns[second.name]), panel, len(pairs))
    if len(pairs) > 1:
        chart.update_layout({f"xaxis{number or ''}": {"domain": PANELS[max(number - 1, 0)]} for number in (0, 2, 3)})
    return legend_above(chart)


def bars_with_box(scenario: Scenario, discovery: Discovery, limit: Limit, values: Floats, cases: Floats) -> go.Figure:
    """Numbers of failures and successes by intervals of one assumption, with its limits."""
    assumption = assumption_of(scenario, limit.name)
    low, high = (float(q) for q in np.quantile(values, AXIS_QUANTILES))
    edges = np.linspace(low, high, BARS + 1)
    chart = new_figure(pair_title(scenario, [limit]), height=400)
    for is_case, name, hex_colour in ((True, "fails", VERMILION), (False, "does not fail", with_opacity(BLUE, 0.45))):
        counts, _ = np.histogram(values[cases == is_case], edges)
        chart.add_trace(
            go.Bar(
                x=0.5 * (edges[1:] + edges[:-1]), y=counts, name=name, marker={"color": hex_colour},
                width=edges[1] - edges[0], hovertemplate=f"%{{y:,}} futures, {name}<extra></extra>",
            )
        )  # fmt: skip
    ends = bounded(limit, low, high)
    chart.add_vrect(x0=ends[0], x1=ends[1], line={"color": BLACK, "width": 2}, fillcolor="rgba(0,0,0,0)")
    chart.update_xaxes(title=axis_title(scenario, assumption, WIDE), range=[low, high], **number_axis(assumption))
    chart.update_yaxes(title=f"futures, of {discovery.futures:,}")
    return chart.update_layout(hovermode="closest", bargap=0.0)


def number_axis(assumption: Assumption) -> dict[str, object]:
    """Format of the axis of an assumption."""
    text = ".0%" if is_share(assumption) else ","
    return {"tickformat": text, "hoverformat": text, "showgrid": True, "gridcolor": GRID_COLOUR, "zeroline": False}


def marks(x: Floats, y: Floats, is_case: bool, panel: int) -> go.Scatter:
    """Marks of the futures that fail, or of the others."""
    name, style = (
        ("fails", {"symbol": "x", "size": 5, "color": VERMILION, "opacity": 0.75})
        if is_case
        else ("does not fail", {"symbol": "circle", "size": 4, "color": BLUE, "opacity": 0.35})
    )
    return go.Scatter(
        x=x, y=y, mode="markers", name=name, marker=style, showlegend=panel == 1, legendgroup=name, hoverinfo="skip"
    )


def draw_panel(
    chart: go.Figure, scenario: Scenario, limits: tuple[Limit, Limit], values: tuple[Floats, Floats], panel: int,
    panels: int,
) -> None:  # fmt: skip
    """Draw the box in a panel, of a number of panels, and set its axes."""
    ranges = [tuple(float(q) for q in np.quantile(column, AXIS_QUANTILES)) for column in values]
    (x0, x1), (y0, y1) = (bounded(limit, *ends) for limit, ends in zip(limits, ranges, strict=True))
    chart.add_shape(
        type="rect", x0=x0, x1=x1, y0=y0, y1=y1, line={"color": BLACK, "width": 2}, row=1, col=panel, layer="above"
    )
    axes = (chart.update_xaxes, WIDE if panels == 1 else LINE_WIDTH), (chart.update_yaxes, LINE_WIDTH)
    for limit, ends, (update, characters) in zip(limits, ranges, axes, strict=True):
        assumption = assumption_of(scenario, limit.name)
        margin = 0.02 * (ends[1] - ends[0])
        update(
            title={"text": axis_title(scenario, assumption, characters), "font": {"size": 12}}, rangemode="normal",
            range=[ends[0] - margin, ends[1] + margin], row=1, col=panel, **number_axis(assumption),
        )  # fmt: skip


def bounded(limit: Limit, low: float, high: float) -> tuple[float, float]:
    """The bounds of a limit within an axis."""
    return (low if limit.low == -inf else limit.low), (high if limit.high == inf else limit.high)


def legend_above(chart: go.Figure) -> go.Figure:
    """One legend for all panels, below the title."""
    chart.update_layout(
        hovermode=False, margin={"t": 96, "b": 84},
        legend={"orientation": "h", "x": 0.0, "xanchor": "left", "y": 1.02, "yref": "paper", "yanchor": "bottom"},
    )  # fmt: skip
    return chart


def axis_title(scenario: Scenario, assumption: Assumption, characters: int = LINE_WIDTH) -> str:
    """Meaning of an assumption with its unit, and below it its entities."""
    unit = "" if is_share(assumption) else unit_text(assumption)
    meaning, _, entities = name_of(scenario, assumption.name).partition(" (")
    first = shorten(capitalised(meaning), characters - len(unit), placeholder=" …") + (f", {unit}" if unit else "")
    second = shorten(entities.removesuffix(")"), characters, placeholder=" …")
    return "<br>".join(label(line) for line in (first, second) if line)


def pair_title(scenario: Scenario, limits: Sequence[Limit]) -> str:
    """Title with the bounds of the assumption whose limit is the most significant."""
    assumption = assumption_of(scenario, limits[0].name)
    name = name_of(scenario, assumption.name)
    if len(name) > MAX_NAME:
        parts = (shorten(part, LINE_WIDTH, placeholder=" …") for part in name.removesuffix(")").split(" (", 1))
        name = f"{' ('.join(parts)})" if " (" in name else shorten(name, MAX_NAME, placeholder=" …")
    others = len(limits) - 1
    text = f"Failures concentrate at {name} {bounds_text(assumption, limits[0])}"
    return label(f"{text}{f', within {others} other limit' if others else ''}{'s' if others > 1 else ''}")


def leaf_table(scenario: Scenario, discovery: Discovery) -> TableText | None:
    """The classification tree as a table of its leaves, the densest first; None if it asks no question."""
    if len(discovery.leaves) < 2:
        return None
    head = ("Futures with", "Share of futures", "Fail (density)", "Of all failures (coverage)")
    return TableText(head, [leaf_cells(scenario, discovery, leaf) for leaf in discovery.leaves])


def leaf_cells(scenario: Scenario, discovery: Discovery, leaf: Leaf) -> tuple[str, ...]:
    """Cells of a leaf."""
    shares = (leaf.futures / discovery.futures, leaf.density, leaf.coverage)
    rule = rule_text([limit_text(scenario, limit) for limit in leaf.limits])
    return (capitalised(rule), *map(percent, shares))
