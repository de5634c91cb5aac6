"""Charts of the assumptions of a calibration: prior and posterior, levels by month, and pairs not distinguished."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from scipy import special

from octoplan.calibrate.evidence import BAND, Evidence, Learned, Pair, Quantiles
from octoplan.outcomes.format import digits
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.descriptions import is_level, month_text, subject, unit_text
from octoplan.show.calibration_text import count, named_with_unit, quantiles_text, with_unit, wrapped
from octoplan.show.theme import (
    BLUE,
    GREY,
    GRID_COLOUR,
    LEGEND_STYLE,
    capitalised,
    label,
    label_months,
    new_figure,
    with_opacity,
)

MAX_ASSUMPTIONS = 20
"""Maximum number of assumptions in the chart of priors and posteriors; the table has all of them."""
MAX_PAIRS = 4
"""Maximum number of pairs of assumptions that are charted."""
LINE_HEIGHT, CHARACTER_WIDTH = 16, 7
"""Height of a line and width of a character of the names of assumptions, in pixels."""
LABEL_WIDTH, AXIS_TITLE_WIDTH = 56, 44
"""Characters in a line of the name of an assumption."""
MOVED, NARROWED = 0.5, 0.75
"""Shift in prior standard deviations, and posterior over prior standard deviation, that the title counts."""
PRIOR_TICKS = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)
"""Probabilities of the quantiles of the prior at which the axis has ticks."""
POINTS = 400
"""Number of draws in a scatter plot of the prior, and of the posterior."""
WIDE_QUANTILES = (0.002, 0.998)
"""Quantiles of the draws between which a scatter plot extends."""
LEGEND_ROOM = 32
"""Height in pixels of a legend in one line, below the title of the lowest axis."""


def with_legend_below(chart: go.Figure, axis_height: int) -> go.Figure:
    """Place a legend of one line below a chart, whose lowest axis needs a number of pixels, and return the chart."""
    height = chart.layout.height + LEGEND_ROOM
    legend = {**LEGEND_STYLE, "orientation": "h", "x": 0.0, "y": LEGEND_ROOM / height}
    return chart.update_layout(height=height, margin={"b": axis_height + LEGEND_ROOM}, legend=legend)


def score_quantiles(evidence: Evidence) -> dict[str, tuple[Quantiles, Quantiles]]:
    """P10, P50 and P90 of the prior and of the posterior of each assumption, on the standard normal scale of the prior.

    On this scale every prior is standard normal, so that a value is a number of prior standard deviations.
    """
    assumptions = evidence.setup.assumptions
    names = [assumptions.scenario.assumptions[column].name for column in assumptions.columns]
    quantiles = [np.quantile(values, BAND, axis=0).T.tolist() for values in evidence.standardised]
    return {name: (tuple(prior), tuple(posterior)) for name, prior, posterior in zip(names, *quantiles, strict=True)}


def learned_chart(evidence: Evidence, rows: Sequence[Learned]) -> go.Figure:
    """Chart of the prior and the posterior of assumptions, the first at the top, on the scale of the prior.

    Args:
        evidence: The calibration.
        rows: The informed assumptions, the most informed first; at most ``MAX_ASSUMPTIONS`` are drawn.

    """
    charted, scores, scenario = rows[:MAX_ASSUMPTIONS], score_quantiles(evidence), evidence.setup.scenario
    names = [wrapped(label(capitalised(subject(scenario, row.assumption))), LABEL_WIDTH) for row in charted]
    row_height = LINE_HEIGHT * max(2, *(1 + name.count("<br>") for name in names)) + 8
    chart = new_figure(learned_title(rows), height=80 + row_height * len(charted))
    for side, (name, hex_colour, shift) in enumerate((("prior", GREY, -0.14), ("posterior", BLUE, 0.14))):
        quantiles = np.array([scores[row.assumption.name][side] for row in charted], np.float64)
        texts = [with_unit(quantiles_text(getattr(row, name)), unit_text(row.assumption)) for row in charted]
        for trace in interval_traces(
            name, hex_colour, np.arange(len(charted), dtype=np.float64) + shift, quantiles, names, texts
        ):
            chart.add_trace(trace)
    medians = [
        label(with_unit(f"{digits(row.prior[1])} → {digits(row.posterior[1])}", unit_text(row.assumption)))
        for row in charted
    ]
    for position, text in enumerate(medians):
        chart.add_annotation(
            x=1.0, xref="paper", xanchor="left", xshift=8, y=position, showarrow=False, text=text, font={"size": 12}
        )
    limit = max(2.5, *(0.15 + abs(value) for row in charted for q in scores[row.assumption.name] for value in q))
    chart.update_xaxes(
        title="quantile of the prior", tickvals=special.ndtri(PRIOR_TICKS), tickformat="", range=[-limit, limit],
        ticktext=[f"P{100 * tick:g}" for tick in PRIOR_TICKS], showgrid=True, gridcolor=GRID_COLOUR, zeroline=False,
    )  # fmt: skip
    chart.update_yaxes(
        tickvals=list(range(len(charted))), range=[len(charted) - 0.5, -0.5], zeroline=False, showgrid=False,
        ticktext=names, automargin=True, tickfont={"size": 12}, tickformat="", rangemode="normal",
    )  # fmt: skip
    chart.update_layout(hovermode="closest", margin={"l": 12, "r": 16 + CHARACTER_WIDTH * max(map(len, medians))})
    return with_legend_below(chart, 58)


def interval_traces(
    name: str, hex_colour: str, positions: Floats, quantiles: Floats, names: Sequence[str], texts: Sequence[str]
) -> list[go.Scatter]:
    """Horizontal bars from P10 to P90 with a dot at P50.

    Args:
        name: Name in the legend.
        hex_colour: Colour, #RRGGBB.
        positions: (rows,) vertical positions.
        quantiles: (rows, 3) P10, P50 and P90.
        names: Names of the rows for the hover text.
        texts: Numbers of the rows for the hover text.

    """
    low, middle, high = quantiles.T
    gap = np.full(len(positions), np.nan)
    bars = go.Scatter(
        x=np.stack([low, high, gap], axis=-1).ravel(), y=np.repeat(positions, 3), mode="lines", name=name,
        line={"color": hex_colour, "width": 6}, legendgroup=name, hoverinfo="skip",
    )  # fmt: skip
    dots = go.Scatter(
        x=middle, y=positions, mode="markers", name=f"{name}, P50", legendgroup=name, showlegend=False,
        marker={"color": "white", "size": 7, "line": {"color": hex_colour, "width": 2.5}},
        customdata=list(zip(names, texts, strict=True)),
        hovertemplate=f"%{{customdata[0]}}<br>{name}: %{{customdata[1]}}<extra></extra>",
    )  # fmt: skip
    return [bars, dots]


def learned_title(rows: Sequence[Learned]) -> str:
    """Title with the numbers of assumptions that are moved, and whose range is narrower."""
    moved = sum(abs(row.shift) >= MOVED for row in rows)
    narrower = sum(row.narrowing <= NARROWED for row in rows)
    informed = f"{count(len(rows), 'assumption')} {'is' if len(rows) == 1 else 'are'} informed"
    return (
        f"{informed}: {moved or 'none'} moved by half a prior standard deviation or more, {narrower or 'none'} with a "
        "range narrower by a quarter or more"
    )


def levels_by_layer(rows: Sequence[Learned]) -> dict[str, list[Learned]]:
    """Levels by layer, in the order of the months; empty if none is informed."""
    levels = [row for row in rows if is_level(row.assumption)]
    if not any(row.is_informed for row in levels):
        return {}
    layers = sorted({row.assumption.entities[0] for row in levels})
    ordered = sorted(levels, key=lambda row: row.assumption.entities[1])
    return {layer: [row for row in ordered if row.assumption.entities[0] == layer] for layer in layers}


def levels_chart(scenario: Scenario, layers: dict[str, list[Learned]]) -> go.Figure:
    """Chart of the prior and posterior levels by month, with a panel for each layer."""
    titles = [label(scenario.titles.get(f"layers.{layer}", layer)) for layer in layers]
    columns = min(2, len(layers))
    rows = -(-len(layers) // columns)
    chart = new_figure(levels_title(scenario, layers), titles, rows=rows, height=110 + 280 * rows)
    for index, levels in enumerate(layers.values()):
        panel = {"row": index // columns + 1, "col": index % columns + 1}
        months = [f"{level.assumption.entities[1]}-01" for level in levels]
        for name, hex_colour in (("prior", GREY), ("posterior", BLUE)):
            low, middle, high = np.array([getattr(level, name) for level in levels]).T
            chart.add_trace(
                go.Scatter(
                    x=[*months, *reversed(months)], y=[*high, *reversed(low)], mode="lines", fill="toself",
                    fillcolor=with_opacity(hex_colour, 0.25), line={"width": 0}, hoverinfo="skip",
                    name=f"{name}, P10 to P90", showlegend=False, legendgroup=name,
                ), **panel,
            )  # fmt: skip
            chart.add_trace(
                go.Scatter(
                    x=months, y=middle, name=f"{name}, P50 with P10 to P90", mode="lines+markers",
                    legendgroup=name, showlegend=index == 0, line={"color": hex_colour, "width": 2.5},
                    customdata=np.stack([low, high], axis=-1),
                    hovertemplate=f"{name}: %{{y:.2f}} (%{{customdata[0]:.2f}} to %{{customdata[1]:.2f}})",
                ), **panel,
            )  # fmt: skip
        label_months(chart, [month[:7] for month in months], panel["row"], panel["col"])
    chart.update_yaxes(title="level, logit scale", tickformat=".2~f", rangemode="normal", zeroline=True)
    return with_legend_below(chart, 44)


def levels_title(scenario: Scenario, layers: dict[str, list[Learned]]) -> str:
    """Title with the months of the lowest and the highest level of the layer that varies most."""
    layer, levels = max(layers.items(), key=lambda item: np.ptp([level.posterior[1] for level in item[1]]))
    ordered = sorted(levels, key=lambda level: level.posterior[1])
    title = label(scenario.titles.get(f"layers.{layer}", layer))
    low, high = (
        f"{level.posterior[1]:.2f} in {month_text(level.assumption.entities[1])}" for level in (ordered[0], ordered[-1])
    )
    return f"Level of {title}: {low}" if len(levels) == 1 else f"The level of {title} varies most: from {low} to {high}"


def pairs_chart(evidence: Evidence, pairs: Sequence[Pair]) -> go.Figure:
    """Chart of prior and posterior draws of the first ``MAX_PAIRS`` pairs of assumptions, in the units of the rows."""
    charted, scenario = pairs[:MAX_PAIRS], evidence.setup.scenario
    columns = min(2, len(charted))
    rows = -(-len(charted) // columns)
    titles = [f"correlation {pair.correlation:.2f}" for pair in charted] if len(charted) > 1 else [""]
    chart = new_figure(pairs_title(pairs), titles, rows=rows, height=110 + 390 * rows)
    for index, pair in enumerate(charted):
        panel = {"row": index // columns + 1, "col": index % columns + 1}
        for name, hex_colour, draws in (
            ("prior", GREY, evidence.prior_draws),
            ("posterior", BLUE, evidence.posterior_draws),
        ):
            step = max(1, len(draws) // POINTS)
            x, y = (column_of(evidence, assumption, draws)[::step] for assumption in (pair.first, pair.second))
            chart.add_trace(
                go.Scatter(
                    x=x, y=y, mode="markers", legendgroup=name, name=f"draws of the {name}", showlegend=index == 0,
                    marker={"color": hex_colour, "size": 5, "opacity": 0.35 if name == "prior" else 0.6},
                    hovertemplate=f"{name}: %{{x:.4g}}, %{{y:.4g}}<extra></extra>",
                ), **panel,
            )  # fmt: skip
        for axis, assumption in ((chart.update_xaxes, pair.first), (chart.update_yaxes, pair.second)):
            title = label(capitalised(named_with_unit(scenario, assumption)))
            axis(
                title={"text": wrapped(title, AXIS_TITLE_WIDTH), "font": {"size": 12}}, tickformat="~g",
                range=wide_range(evidence, assumption), showgrid=True, gridcolor=GRID_COLOUR, zeroline=False, **panel,
            )  # fmt: skip
    chart.update_layout(hovermode="closest")
    return with_legend_below(chart, 74)


def column_of(evidence: Evidence, assumption: Assumption, draws: Floats) -> Floats:
    """(draws,) values of an assumption."""
    return draws[:, evidence.setup.assumptions.scenario.columns.index(assumption.name)]


def wide_range(evidence: Evidence, assumption: Assumption) -> list[float]:
    """Range of an axis that has nearly all draws of an assumption."""
    values = [column_of(evidence, assumption, draws) for draws in (evidence.prior_draws, evidence.posterior_draws)]
    low, high = np.quantile(np.concatenate(values), WIDE_QUANTILES).tolist()
    return [low - 0.03 * (high - low), high + 0.03 * (high - low)]


def pairs_title(pairs: Sequence[Pair]) -> str:
    """Title with the number of pairs that the observations do not distinguish, and the strongest correlation."""
    strongest = f"correlation {pairs[0].correlation:.2f}"
    if len(pairs) == 1:
        return f"The observations do not distinguish two assumptions: {strongest}"
    return f"The observations do not distinguish {len(pairs)} pairs of assumptions; the strongest has {strongest}"
