"""The page of a comparison of forecasters: charts for drones and for missiles."""

from collections.abc import Iterator, Sequence
from html import escape
from math import isnan

import numpy as np
import plotly.graph_objects as go
from scipy.stats import binom

from octoplan.raids.comparison import INTERVAL_LEVELS, ScoreDifference, coverage, pit_p_value, score_difference
from octoplan.raids.read.record import Record
from octoplan.raids.score import QUANTILES, SERIES, Scores
from octoplan.show.html import PageFigure, render
from octoplan.show.theme import (
    BLACK,
    BLUE,
    GREY,
    LEGEND_STYLE,
    PALETTE,
    VERMILION,
    join_names,
    new_figure,
    with_opacity,
)

HORIZON_COLOURS = ("#9ECAE1", "#56A0D3", "#0072B2", "#08306B")
"""Colours of the horizons, lighter for shorter horizons; fewer horizons have the last colours."""
MARKER_SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "star", "x", "pentagon")
PIT_HORIZON, FORECAST_HORIZON = 7, 30
"""Horizons in days of the PIT histograms and of the chart of forecasts; the nearest scored horizon is drawn."""
RATIO_TICKS = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
MIN_RATIO = RATIO_TICKS[0]
"""Ratio of scores at which intervals are cut off."""
SIGNIFICANCE_LEVEL = 0.05
"""p-value below which calibration is rejected."""
LINE_HEIGHT = 20
"""Height of a line of a legend, in pixels."""

CAPTIONS = {
    "ratio": (
        "Continuous ranked probability score (CRPS) of the sum over the days of the horizon, relative to that of the "
        "{first} for the same origins; above 1 the benchmark is worse. Logarithmic axis. Lines are 95 % "
        "block-bootstrap intervals of the difference, cut off at 0.2; a marker is filled if its interval excludes 1. A "
        "marker without a line has fewer than two blocks of origins."
    ),
    "coverage": (
        "Share of observed sums within the central interval. Grey: binomial 95 % limits for a calibrated forecast, "
        "computed from the number of origins whose sums have no day in common. Coverage is adequate if it is within "
        "these limits, or within five percentage points of the level."
    ),
    "pit": (
        "Probability integral transform (PIT) of observed sums in the forecast of {horizon}. The bars of a calibrated "
        "forecast have the same expected height; high bars at both ends show a forecast that is too narrow, high bars "
        "at one end a biased forecast. Grey: sampling variation of a single bar (95 %). p: p-value of a chi-squared "
        "test of uniformity; bars are red if it is below 0.05."
    ),
    "forecasts": (
        "Forecasts of the {first} from each origin, and the observed sums over the following days. Observed sums are "
        "missing if they include days after the end of the record or unknown counts."
    ),
}


def page(scores: Sequence[Scores], record: Record) -> str:
    """Return the page as HTML text; all other forecasters are compared with the first."""
    first = scores[0]
    return render(
        "scores.html",
        title=f"Scores of forecasts: {record.source}",
        details=(
            f"{len(first.days)} origins, {first.days[0]} to {first.days[-1]}, every {first.step_days} days · "
            f"{first.draws:,} draws, seed {first.seed} · record to {record.days[-1]}, SHA-256 {record.digest[:12]}"
        ),
        sections=[
            (series.capitalize(), list(charts(scores, series)))
            for series in SERIES
            if np.nansum(first.observed[..., SERIES.index(series)])
        ],
    )


def charts(scores: Sequence[Scores], series: str) -> Iterator[PageFigure]:
    """Charts for drones or for missiles, in the order in which the page shows them."""
    pit_horizon, forecast_horizon = (nearest_horizon(scores[0], days) for days in (PIT_HORIZON, FORECAST_HORIZON))
    drawings = {
        "ratio": ratio_chart(scores, series),
        "coverage": coverage_chart(scores, series),
        "pit": pit_chart(scores, series, pit_horizon),
        "forecasts": forecast_chart(scores[0], series, forecast_horizon),
    }
    for name, chart in drawings.items():
        caption = CAPTIONS[name].format(first=scores[0].name, horizon=days_text(pit_horizon))
        yield PageFigure(f"{series}-{name}", chart, caption)


def nearest_horizon(scores: Scores, days: int) -> int:
    """The scored horizon nearest to a number of days."""
    return min(scores.horizons, key=lambda horizon: abs(horizon - days))


def days_text(horizon: int) -> str:
    return "1 day" if horizon == 1 else f"{horizon} days"


def split_name(name: str) -> str:
    """A long name in two lines, divided at the space nearest to its middle."""
    if len(name) < 18:
        return name
    spaces = [index for index, character in enumerate(name) if character == " "]
    split = min(spaces, key=lambda index: abs(index - len(name) / 2), default=0)
    return f"{name[:split]}<br>{name[split + 1 :]}" if split else name


def with_list_legend(chart: go.Figure, lines: int, axis_height: int) -> go.Figure:
    """Place the legend of a chart below it, with one entry per line, and return the chart.

    Args:
        chart: The chart.
        lines: Number of entries.
        axis_height: Pixels that the lowest axis needs above the legend.

    """
    height = chart.layout.height + LINE_HEIGHT * lines
    chart.update_layout(
        height=height,
        margin={"b": axis_height + LINE_HEIGHT * lines + 10},
        legend={**LEGEND_STYLE, "orientation": "v", "x": 0.0, "y": (LINE_HEIGHT * lines + 10) / height},
    )
    return chart


def observed_horizons(scores: Scores, series: str) -> list[int]:
    """Horizons for which at least one observed sum is known."""
    return [horizon for horizon in scores.horizons if len(scores.known_pits(horizon, series))]


def differences_by_horizon(scores: Sequence[Scores], series: str) -> dict[int, list[ScoreDifference]]:
    """Score differences of the benchmarks from the first forecaster, by horizon.

    The list of a horizon is empty if the scores of the first forecaster are 0 or unknown at all origins.
    """
    first, benchmarks = scores[0], scores[1:]
    return {
        horizon: [score_difference(benchmark, first, horizon, series) for benchmark in benchmarks]
        if np.nansum(first.losses(horizon, series))
        else []
        for horizon in first.horizons
    }


def ratio_chart(scores: Sequence[Scores], series: str) -> go.Figure:
    """Chart of the CRPS of each benchmark relative to the first forecaster by horizon, with 95 % intervals."""
    first, benchmarks = scores[0], scores[1:]
    names = [benchmark.name for benchmark in benchmarks]
    differences = differences_by_horizon(scores, series)
    chart = new_figure(ratio_title(differences, names, first.name), height=130 + 58 * len(benchmarks))
    limits = [0.9, 1.1]
    for h, horizon in enumerate(first.horizons):
        score_differences = differences[horizon]
        first_score = float(np.nanmean(first.losses(horizon, series))) if score_differences else np.nan
        ratios, low, high = (
            1 + np.array([getattr(difference, key) for difference in score_differences], np.float64) / first_score
            for key in ("mean", "low", "high")
        )
        low = np.minimum(ratios, np.maximum(low, MIN_RATIO))
        limits += [value for value in (*ratios, *low, *high) if not isnan(value)]
        color = HORIZON_COLOURS[(h + max(0, len(HORIZON_COLOURS) - len(first.horizons))) % len(HORIZON_COLOURS)]
        chart.add_trace(
            go.Scatter(
                x=ratios, y=np.arange(len(ratios)) + 0.17 * (h - (len(first.horizons) - 1) / 2), mode="markers",
                name=days_text(horizon), customdata=names,
                error_x={
                    "type": "data", "symmetric": False, "array": high - ratios, "arrayminus": ratios - low,
                    "color": color, "thickness": 1.6, "width": 0,
                },
                marker={
                    "size": 9,
                    "color": [color if difference.is_significant else "white" for difference in score_differences],
                    "line": {"color": color, "width": 2},
                },
                hovertemplate=f"%{{customdata}}, {days_text(horizon)}: %{{x:.2f}}<extra></extra>",
            )
        )  # fmt: skip
    chart.add_vline(x=1, line={"color": BLACK, "width": 1.2})
    chart.update_layout(hovermode="closest")
    chart.update_xaxes(
        title=f"CRPS, {first.name} = 1", type="log", tickformat="", hoverformat=".2f",
        range=[np.log10(min(limits) / 1.05), np.log10(max(limits) * 1.05)], showgrid=True, gridcolor="#E3E3E3",
        tickvals=RATIO_TICKS, ticktext=[f"{tick:g}" for tick in RATIO_TICKS],
    )  # fmt: skip
    chart.update_yaxes(
        tickvals=list(range(len(names))), ticktext=[split_name(escape(name)) for name in names],
        range=[len(names) - 0.5, -0.5], showgrid=False, zeroline=False, automargin=True, tickformat="",
    )  # fmt: skip
    return with_list_legend(chart, len(first.horizons), 62)


def ratio_title(differences: dict[int, list[ScoreDifference]], names: Sequence[str], first: str) -> str:
    """Title with the benchmarks that are significantly better and the number of significantly worse comparisons."""
    score_differences = [
        (f"{name} at {days_text(horizon)}", difference)
        for horizon, row in differences.items()
        for name, difference in zip(names, row or (), strict=bool(row))
        if not isnan(difference.low)
    ]
    if not score_differences:
        return "Differences cannot be tested: no comparison has two blocks of origins"
    better_labels = [label for label, difference in score_differences if difference.high < 0]
    worse_count = sum(difference.low > 0 for _, difference in score_differences)
    text = f"significantly worse in {worse_count} of {len(score_differences)} comparisons"
    if not better_labels:
        return f"No benchmark is significantly better than the {first}; benchmarks are {text}"
    if len(better_labels) > 2:
        return f"Benchmarks are significantly better than the {first} in {len(better_labels)} comparisons and {text}"
    return f"Significantly better than the {first}: {join_names(better_labels)}; {text}"


def coverage_chart(scores: Sequence[Scores], series: str) -> go.Figure:
    """Chart of the coverage of the central intervals by horizon, with the limits of a calibrated forecast."""
    first = scores[0]
    horizons = observed_horizons(first, series)
    panels = [f"{100 * level:.0f} % interval" for level in INTERVAL_LEVELS]
    chart = new_figure(coverage_title(scores, horizons, series), panels, rows=len(panels), height=740)
    width = 0.8 / len(scores)
    for row, level in enumerate(INTERVAL_LEVELS, start=1):
        for position, horizon in enumerate(horizons):
            limits = coverage(first, horizon, series)[row - 1]
            chart.add_shape(
                type="rect", x0=position - 0.44, x1=position + 0.44, y0=100 * limits.low, y1=100 * limits.high,
                fillcolor=with_opacity(GREY, 0.25), line={"width": 0}, layer="below", row=row, col=1,
            )  # fmt: skip
        chart.add_hline(y=100 * level, line={"color": GREY, "width": 1.2, "dash": "dash"}, row=row, col=1)
        for index, forecaster in enumerate(scores):
            shares = [100 * coverage(forecaster, horizon, series)[row - 1].share for horizon in horizons]
            name = escape(forecaster.name)
            chart.add_trace(
                go.Scatter(
                    x=[position + width * (index - (len(scores) - 1) / 2) for position in range(len(horizons))],
                    y=shares, mode="markers", name=name, showlegend=row == 1, legendgroup=name,
                    marker={
                        "size": 9 if index else 11, "symbol": MARKER_SYMBOLS[index % len(MARKER_SYMBOLS)],
                        "color": PALETTE[(index - 1) % len(PALETTE)] if index else BLACK,
                    },
                    hovertemplate=f"{name}: %{{y:.0f}} %<extra></extra>",
                ), row=row, col=1,
            )  # fmt: skip
    chart.update_layout(hovermode="closest")
    chart.update_xaxes(
        tickvals=list(range(len(horizons))), ticktext=[days_text(horizon) for horizon in horizons], tickformat="",
        range=[-0.5, len(horizons) - 0.5], zeroline=False,
    )  # fmt: skip
    chart.update_yaxes(title="sums in the interval, %", range=[-7, 107], zeroline=False)
    return with_list_legend(chart, len(scores), 34)


def coverage_title(scores: Sequence[Scores], horizons: Sequence[int], series: str) -> str:
    """Title that states which forecasters have adequate coverage at every level and horizon."""
    is_adequate = [
        all(level.is_adequate for horizon in horizons for level in coverage(forecaster, horizon, series))
        for forecaster in scores
    ]
    first, benchmarks = scores[0].name, f"{sum(is_adequate[1:])} of {len(scores) - 1} benchmarks"
    if not horizons:
        return "No observed sum is available"
    if is_adequate[0]:
        return f"Coverage is adequate at every horizon for the {first} and for {benchmarks}"
    return f"Coverage is not adequate at every horizon for the {first}; it is for {benchmarks}"


def pit_chart(scores: Sequence[Scores], series: str, horizon: int) -> go.Figure:
    """Chart of the PIT histograms of all forecasters at a horizon."""
    first = scores[0]
    n, rows = len(first.known_pits(horizon, series)), -(-len(scores) // 2)
    bins = max(2, min(10, n // 5))
    p_values = [pit_p_value(forecaster, horizon, series) for forecaster in scores]
    panels = [
        f"{split_name(escape(forecaster.name))}{'' if isnan(p) else f'<br>p {p:.2f}' if p >= 0.005 else '<br>p < 0.01'}"
        for forecaster, p in zip(scores, p_values, strict=True)
    ]
    title = calibration_title(p_values, first.name, horizon, n)
    chart = new_figure(title, panels, rows=rows, height=110 + 235 * rows)
    chart.update_annotations(font={"size": 12})
    independent_origins = -(-n // first.overlapping_origins(horizon))
    low, high = (
        n / max(independent_origins, 1) * float(end) for end in binom.interval(0.95, independent_origins, 1 / bins)
    )
    histograms = [forecaster.pit_histogram(horizon, series, bins) for forecaster in scores]
    for index, (histogram, p) in enumerate(zip(histograms, p_values, strict=True)):
        panel = {"row": index // 2 + 1, "col": index % 2 + 1}
        chart.add_trace(
            go.Bar(
                x=(np.arange(bins) + 0.5) / bins, y=histogram, width=0.94 / bins,
                marker={"color": VERMILION if p < SIGNIFICANCE_LEVEL else BLUE}, showlegend=False,
                hovertemplate="%{y} origins<extra></extra>",
            ), **panel,
        )  # fmt: skip
        chart.add_hrect(y0=low, y1=high, fillcolor=with_opacity(GREY, 0.25), line={"width": 0}, layer="below", **panel)
        chart.add_hline(y=n / bins, line={"color": BLACK, "width": 1, "dash": "dash"}, **panel)
    if len(scores) % 2:
        chart.update_xaxes(visible=False, row=rows, col=2).update_yaxes(visible=False, row=rows, col=2)
    chart.update_layout(hovermode="closest", margin={"b": 60, "t": 108})
    chart.update_xaxes(range=[0, 1], tickvals=[0, 0.5, 1], tickformat="")
    for column in (1, 2):
        chart.update_xaxes(title="PIT", row=-(-(len(scores) + 1 - column) // 2), col=column)
    chart.update_yaxes(range=[0, 1.05 * max([high, *(histogram.max() for histogram in histograms)])], nticks=4)
    chart.update_yaxes(title="origins", col=1)
    return chart


def calibration_title(p_values: Sequence[float], first: str, horizon: int, n: int) -> str:
    """Title that states whether calibration is rejected for the first forecaster, and for how many benchmarks."""
    if isnan(p_values[0]):
        return f"Calibration was not tested: {n} sums of {days_text(horizon)} are too few, or have days in common"
    result = "is not rejected" if p_values[0] >= SIGNIFICANCE_LEVEL else "is rejected"
    rejected_count = sum(p < SIGNIFICANCE_LEVEL for p in p_values[1:])
    return (
        f"Calibration of the {first} {result} at 5 % (p = {p_values[0]:.2f}); it is rejected for {rejected_count} of "
        f"{len(p_values) - 1} benchmarks"
    )


def forecast_chart(scores: Scores, series: str, horizon: int) -> go.Figure:
    """Chart of the forecast quantiles and the observed sums over a horizon, by origin."""
    h, c = scores.horizon_index(horizon), SERIES.index(series)
    quantiles = scores.quantiles[:, h, c].T
    observed, days = scores.observed[:, h, c], scores.days.astype(str).tolist()
    interval_coverage = coverage(scores, horizon, series)[INTERVAL_LEVELS.index(0.8)]
    n = len(scores.known_pits(horizon, series))
    title = (
        f"{interval_coverage.share * n:.0f} of {n} observed sums of {days_text(horizon)} were within the 80 % interval "
        f"of the {scores.name}"
    )
    chart = new_figure(title if n else f"No sum of {days_text(horizon)} is known", height=430)
    for level, opacity in zip(reversed(INTERVAL_LEVELS), (0.16, 0.22, 0.3), strict=True):
        low, high = (quantiles[QUANTILES.index(round(0.5 + side * level / 2, 3))] for side in (-1, 1))
        chart.add_trace(
            go.Scatter(
                x=[*days, *reversed(days)], y=[*high, *reversed(low)], fill="toself",
                fillcolor=with_opacity(BLUE, opacity),
                line={"width": 0}, mode="lines", hoverinfo="skip", name=f"{100 * level:.0f} % interval",
            )
        )  # fmt: skip
    median = quantiles[QUANTILES.index(0.5)]
    for name, values, color, mode in (
        ("median", median, BLUE, "lines"),
        ("observed", observed, BLACK, "lines+markers"),
    ):
        chart.add_trace(
            go.Scatter(
                x=days, y=values, name=name, mode=mode, line={"color": color, "width": 2}, marker={"size": 5},
                hovertemplate=f"{name}: %{{y:,.0f}}",
            )
        )  # fmt: skip
    chart.update_xaxes(title="origin: last day that the forecast uses", hoverformat="%Y-%m-%d")
    chart.update_yaxes(title=f"{series} in the following {days_text(horizon)}")
    return with_list_legend(chart, 5, 78)
