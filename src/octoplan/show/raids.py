"""The page of a record of raids: charts, the fit of its last days, and the corrections made in reading it."""

from collections.abc import Iterator, Sequence
from html import escape
from math import isnan, sqrt

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from scipy.stats import binomtest

from octoplan.raids.fit import Fit
from octoplan.raids.fit_file import FITTED_PARAMETERS
from octoplan.raids.process import DRONES_ROUTINE_MEAN, WANDER, constrain_parameters, fixed_generator, simulate_counts
from octoplan.raids.read.alerts import Exposure
from octoplan.raids.read.record import MISSILES, Record
from octoplan.raids.stopped_share import StoppedShare, last_spans, stopped_shares
from octoplan.scenario.arrays import Floats, Ints
from octoplan.show.html import PageFigure, render
from octoplan.show.theme import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    VERMILION,
    add_bars,
    colour,
    fit_legend,
    new_figure,
    with_opacity,
)

DISTRIBUTION_DRAWS = 20_000
"""Number of days drawn from the fitted process for the chart of its distribution."""
MIN_LAUNCHED = 10
"""Minimum number of weapons launched in a month for its stopped share to be charted."""
SALVO_THRESHOLD = 0.5
"""Minimum probability of a salvo day for a day to be marked as one."""
SHARE_CLASSES = ("drones", "cruise", "ballistic")
"""Classes whose stopped shares are charted."""
CLASS_LABELS = {"antiship": "anti-ship", "other": "other missiles"}

EXPOSURE_CAPTION = (
    "Alerts show where people were warned of a threat, whatever its type and destination. A region between the "
    "border and a destination is warned often. Alerts therefore measure exposure, and no distribution of raids over "
    "regions is fitted to them."
)
NUMBER_WORDS = ("no", "one", "two", "three")


def page(record: Record, fit: Fit, days: slice, exposure: Exposure | None = None) -> str:
    """Return the page as HTML text.

    Args:
        record: The record.
        fit: The fit.
        days: The days of the record that were fitted.
        exposure: Alerts by region to draw; None for no chart of alerts.

    """
    figures = list(charts(record, fit, days))
    if exposure is not None:
        figures.append(PageFigure("regions", region_chart(exposure), EXPOSURE_CAPTION))
    quantiles = [fit.posterior.quantiles(probability) for probability in (0.1, 0.5, 0.9)]
    narrowing = [f"{100 * (1 - sqrt(1 - share)):.0f} %" for share in fit.diagnostics.variance_reduction]
    fitted_period = record.days[days]
    return render(
        "raids.html",
        title=f"Record of raids: {record.source}",
        details=f"{len(record):,} days, {record.days[0]} to {record.days[-1]} · SHA-256 {record.digest[:12]}",
        figures=figures,
        warnings=[*record.outliers, *fit.diagnostics.warnings()],
        caption=(
            f"Parameters of the raid process and the slow log-intensity on the last day (raids.begin), fitted to "
            f"{len(fitted_period)} days, {fitted_period[0]} to {fitted_period[-1]}. Narrowing: reduction of the "
            "standard deviation from prior to posterior."
        ),
        head=("parameter", "P10", "P50", "P90", "narrowing"),
        rows=[
            (parameter.name, *(f"{value:.4g}" for value in values), text)
            for parameter, *values, text in zip(FITTED_PARAMETERS, *quantiles, [*narrowing, ""], strict=True)
        ],
        corrections=record.corrections,
        reporting_rules=[
            f"{rule.first} to {rule.last or 'now'}, {rule.measure}: {rule.reason}" for rule in record.reporting_rules
        ],
    )


def charts(record: Record, fit: Fit, days: slice) -> Iterator[PageFigure]:
    """The charts of a record, in the order in which the page shows them."""
    yield PageFigure(
        "daily",
        daily_chart(record, fit, days),
        "A day is marked as a salvo day if its fitted probability of being one is at least one half; days before the "
        "fitted period are not classified. The line is the fitted mean of a routine day, which follows the slow "
        f"intensity. Days with an unknown launched count are omitted{unknown_days(record)}. Dotted: breaks in "
        "reporting.",
    )
    yield PageFigure(
        "weekly",
        weekly_chart(record),
        "Totals of consecutive periods of seven days, beginning with the first day of the record. Incomplete weeks and "
        "weeks with an unknown launched count are omitted.",
    )
    yield PageFigure(
        "distribution",
        distribution_chart(record, fit, days),
        "Cumulative distribution of daily drones: the fitted days, days drawn from the fitted process with the "
        "uncertainty of its parameters, and a Poisson distribution with the same mean for comparison.",
    )
    if record.missiles.any():
        yield PageFigure(
            "classes",
            class_chart(record),
            "Missiles by class as reported; a mixed report names several classes. The bars exclude unknown launched "
            "counts.",
        )
    yield PageFigure(
        "stopped",
        stopped_chart(record),
        f"Destroyed and lost as a share of launched, with Wilson 95 % intervals. Months with fewer than {MIN_LAUNCHED} "
        "launched, and days with an unknown launched count, are omitted. Dashed, with its 95 % interval: the mean "
        "share of a day, from a beta-binomial distribution fitted to each span between breaks in reporting. "
        "Dotted: breaks in reporting.",
    )


def unknown_days(record: Record) -> str:
    """Number of days with an unknown launched count, as text in brackets; empty if there is none."""
    count = int((~record.all_known).sum())
    return f" ({count:,} of {len(record):,})" if count else ""


def months_of(record: Record) -> tuple[NDArray[np.datetime64], Ints]:
    """The first days of the months of a record, (months,), and the index of the month of each day, (n,)."""
    months, index = np.unique(record.days.astype("datetime64[M]"), return_inverse=True)
    return months.astype("datetime64[D]"), np.asarray(index, np.int64)


def mark_breaks(chart: go.Figure, record: Record, *, column: int = 1) -> None:
    """Draw a dotted line on each day within the record on which a reporting rule begins."""
    for day in sorted({rule.first for rule in record.reporting_rules}):
        if record.days[0] < np.datetime64(day):
            chart.add_vline(x=str(day), line={"color": GREY, "width": 1.5, "dash": "dot"}, row=1, col=column)


def are_known(record: Record, *classes: str) -> NDArray[np.bool_]:
    """Whether the launched counts of all the given classes are known, by day: (n,)."""
    columns = [record.classes.index(name) for name in classes]
    return np.asarray(record.is_known[:, columns].all(axis=1))


def daily_chart(record: Record, fit: Fit, days: slice) -> go.Figure:
    """Chart of daily drones and missiles, with salvo days in another colour and the fitted mean of a routine day."""
    period, is_salvo = record.days[days], fit.salvo_probability >= SALVO_THRESHOLD
    drones = record.drones[days]
    chart = new_figure(
        f"{int(is_salvo.sum())} of the {len(period)} fitted days were salvo days, which had "
        f"{100 * drones[is_salvo].sum() / max(1, drones.sum()):.0f} % of the drones",
        ("drones a day", "missiles a day"), height=460,
    )  # fmt: skip
    salvo_days = np.zeros(len(record), bool)
    salvo_days[days] = is_salvo
    panels = ((record.drones, are_known(record, "drones")), (record.missiles, are_known(record, *MISSILES)))
    for column, (counts, is_known) in enumerate(panels, start=1):
        for name, rows, color, size in (
            ("salvo day", salvo_days, VERMILION, 5.0),
            ("other day, or before the fitted period", ~salvo_days, BLUE, 3.5),
        ):
            chart.add_trace(
                go.Scattergl(
                    x=record.days[rows & is_known].astype(str), y=counts[rows & is_known], name=name, mode="markers",
                    legendgroup=name, showlegend=column == 1, marker={"color": color, "size": size},
                    hovertemplate="%{x}: %{y:,}<extra></extra>",
                ), row=1, col=column,
            )  # fmt: skip
        mark_breaks(chart, record, column=column)
    p = constrain_parameters(fit.mode)
    level = p[DRONES_ROUTINE_MEAN] * np.exp(fit.log_intensity - 0.5 * p[WANDER] ** 2)
    line = {"color": BLACK, "width": 2}
    chart.add_trace(go.Scatter(x=period.astype(str), y=level, name="fitted routine day", line=line), row=1, col=1)
    chart.update_layout(hovermode="closest")
    chart.update_yaxes(title="launched", col=1)
    return fit_legend(chart)


def weekly_chart(record: Record) -> go.Figure:
    """Chart of weekly totals of drones and missiles; weeks with an unknown count are omitted."""
    weeks = len(record) // 7
    starts = record.days[: 7 * weeks : 7].astype(str)
    is_known = record.all_known[: 7 * weeks].reshape(weeks, 7).all(axis=1)
    drones, missiles = (
        np.where(is_known, counts[: 7 * weeks].reshape(weeks, 7).sum(axis=1), np.nan)
        for counts in (record.drones, record.missiles)
    )
    recent_weeks = np.flatnonzero(is_known)[-8:]
    title = (
        f"{drones[recent_weeks].mean():,.0f} drones and {missiles[recent_weeks].mean():,.0f} missiles a week, "
        f"mean of the last {len(recent_weeks)} weeks with known counts"
        if len(recent_weeks)
        else "No week has known counts on all its days"
    )
    chart = new_figure(title, ("drones a week", "missiles a week"))
    for column, (name, counts) in enumerate((("drones", drones), ("missiles", missiles)), start=1):
        add_bars(chart, starts.tolist(), counts, name, column - 1, column=column)
    chart.update_layout(bargap=0.0, showlegend=False)
    chart.update_yaxes(title="launched", col=1)
    return fit_legend(chart)


def distribution_chart(record: Record, fit: Fit, days: slice) -> go.Figure:
    """Chart of the distribution functions of daily drones: record, fitted process and Poisson distribution."""
    counts = np.sort(record.drones[days][are_known(record, "drones")[days]])
    rng = fixed_generator()
    parameters, _, salvo = fit.posterior.draw(DISTRIBUTION_DRAWS, rng)
    simulated_counts = np.sort(
        simulate_counts(parameters, rng.standard_normal(DISTRIBUTION_DRAWS), salvo, 2, rng)[:, 1, 0]
    )
    mean, variance = float(counts.mean()), float(counts.var())
    chart = new_figure(
        f"The variance of daily drones is {variance / mean:,.0f} times that of a Poisson distribution with their mean",
        height=400,
    )
    poisson = np.sort(rng.poisson(mean, DISTRIBUTION_DRAWS))
    for name, values, line in (
        ("fitted process", simulated_counts, {"color": ORANGE, "width": 2.5}),
        ("Poisson with the same mean", poisson, {"color": GREY, "width": 2, "dash": "dash"}),
        (f"record, {len(counts)} fitted days", counts, {"color": BLUE, "width": 2, "shape": "hv"}),
    ):
        rank = np.linspace(0, len(values) - 1, min(400, len(values))).astype(int)
        chart.add_trace(go.Scatter(x=values[rank], y=100.0 * (rank + 1) / len(values), name=name, line=line))
    largest = 1.15 * max(float(counts[-1]), float(np.quantile(simulated_counts, 0.99)))
    chart.update_xaxes(title="drones a day", tickformat=",", hoverformat=",", range=[0, largest])
    chart.update_yaxes(title="% of days", range=[0, 101])
    return fit_legend(chart)


def class_chart(record: Record) -> go.Figure:
    """Chart of missiles launched by class and month."""
    months, index = months_of(record)
    by_class = {
        name: np.bincount(index, (record.launched * record.is_known)[:, record.classes.index(name)])
        for name in MISSILES
    }
    recent_totals = {name: counts[-6:].sum() for name, counts in by_class.items()}
    most_frequent = max(recent_totals, key=lambda name: float(recent_totals[name]))
    share = 100 * recent_totals[most_frequent] / max(1, sum(recent_totals.values()))
    chart = new_figure(
        f"The most frequent class of missiles in the last {min(6, len(months))} months was "
        f"{CLASS_LABELS.get(most_frequent, most_frequent)}, with {share:.0f} %"
    )
    for series, (name, counts) in enumerate(by_class.items()):
        if counts.any():
            add_bars(
                chart, months.astype(str).tolist(), counts.astype(np.float64), CLASS_LABELS.get(name, name), series
            )
    chart.update_yaxes(title="launched a month")
    return fit_legend(chart)


def wilson_intervals(stopped: Ints, launched: Ints) -> tuple[Floats, Floats]:
    """Low and high ends of the 95 % intervals of shares (Wilson 1927), each (n,)."""
    tests = (binomtest(int(k), int(n)) for k, n in zip(stopped, launched, strict=True))
    intervals = [test.proportion_ci(0.95, method="wilson") for test in tests]
    return np.array([interval.low for interval in intervals]), np.array([interval.high for interval in intervals])


def monthly_counts(record: Record) -> dict[str, tuple[list[str], Ints, Ints]]:
    """Months, weapons stopped and weapons launched, by class; months with fewer than ``MIN_LAUNCHED`` are omitted."""
    months, index = months_of(record)
    monthly = {}
    for name in SHARE_CLASSES:
        column = record.classes.index(name)
        is_known = record.is_known[:, column]
        launched, stopped = (
            np.bincount(index, counts[:, column] * is_known, minlength=len(months)).astype(np.int64)
            for counts in (record.launched, record.stopped)
        )
        has_enough = launched >= MIN_LAUNCHED
        if has_enough.any():
            monthly[name] = (months[has_enough].astype(str).tolist(), stopped[has_enough], launched[has_enough])
    return monthly


def stopped_chart(record: Record) -> go.Figure:
    """Chart of the stopped share by class and month, with the fitted mean share of each span between breaks."""
    monthly = monthly_counts(record)
    latest_shares = ", ".join(
        f"{100 * stopped[-1] / launched[-1]:.0f} % of {CLASS_LABELS.get(name, name)}"
        for name, (_, stopped, launched) in monthly.items()
    )
    chart = new_figure(
        f"Stopped in the last month drawn: {latest_shares}"
        if latest_shares
        else f"No month has {MIN_LAUNCHED} or more weapons launched, the minimum for a stopped share",
        height=440,
    )
    for series, (name, (months, stopped, launched)) in enumerate(monthly.items()):
        low, high = wilson_intervals(stopped, launched)
        label = CLASS_LABELS.get(name, name)
        chart.add_trace(
            go.Scatter(
                x=[*months, *reversed(months)], y=[*(100 * high), *reversed(100 * low)], fill="toself",
                fillcolor=with_opacity(colour(series), 0.18), line={"width": 0}, hoverinfo="skip", showlegend=False,
                name=f"{label}, 95 % interval",
            )
        )  # fmt: skip
        chart.add_trace(
            go.Scatter(
                x=months, y=100 * stopped / launched, name=label, mode="lines+markers",
                line={"color": colour(series), "width": 2}, hovertemplate="%{y:.0f} %",
            )
        )  # fmt: skip
    shares = [share for share in stopped_shares(record) if share.klass in monthly]
    for share in shares:
        draw_fitted_share(chart, share, colour(list(monthly).index(share.klass)))
    chart.update_layout(title_subtitle_text=correlation_sentence(last_spans(shares)))
    mark_breaks(chart, record)
    chart.update_yaxes(title="stopped, %", range=[0, 101])
    return fit_legend(chart)


def draw_fitted_share(chart: go.Figure, share: StoppedShare, color: str) -> None:
    """Draw the fitted share of a span as a dashed line within its interval."""
    first, last = str(share.first), str(share.last)
    low, value, high = (100 * number for number in (share.share.low, share.share.value, share.share.high))
    chart.add_trace(
        go.Scatter(
            x=[first, last, last, first], y=[high, high, low, low], fill="toself", fillcolor=with_opacity(color, 0.3),
            line={"width": 0}, mode="lines", hoverinfo="skip", showlegend=False, name=f"{share.klass} interval",
        )
    )  # fmt: skip
    chart.add_trace(
        go.Scatter(
            x=[first, last], y=[value, value], mode="lines", line={"color": color, "width": 2, "dash": "dash"},
            hoverinfo="skip", showlegend=False, name=f"{share.klass} fitted",
        )
    )  # fmt: skip


def correlation_sentence(shares: Sequence[StoppedShare]) -> str:
    """Sentence with the intra-day correlation of each class in its last span; empty if none is identified."""
    texts = ", ".join(
        f"{share.correlation} for {CLASS_LABELS.get(share.klass, share.klass)} {share.span}"
        for share in shares
        if not isnan(share.correlation.value)
    )
    return f"Correlation of outcomes on the same day: {texts}" if texts else ""


def region_chart(exposure: Exposure) -> go.Figure:
    """Chart of the share of all alerts by region, in descending order."""
    shares = 100 * exposure.shares
    count = min(3, len(shares))
    chart = new_figure(
        f"{NUMBER_WORDS[count].capitalize()} of {len(shares)} regions had {shares[:count].sum():.0f} % of all alerts "
        "(alerts measure exposure, not destinations)",
        height=90 + 21 * len(shares),
    )
    chart.add_trace(
        go.Bar(
            x=shares, y=[escape(name) for name in exposure.regions], orientation="h", marker={"color": BLUE},
            text=[f"{share:.1f}" for share in shares], textposition="outside", cliponaxis=False, showlegend=False,
            customdata=np.stack([exposure.alerts, exposure.hours], axis=-1),
            hovertemplate="%{y}: %{customdata[0]:,} alerts, %{customdata[1]:,.0f} hours<extra></extra>",
        )
    )  # fmt: skip
    chart.update_layout(hovermode="closest")
    chart.update_xaxes(title="share of all alerts, %", tickformat="", range=[0, 1.12 * shares.max()])
    chart.update_yaxes(autorange="reversed", automargin=True, tickformat="", showgrid=False)
    return fit_legend(chart)
