"""A record of raids at a glance: one page of figures, beside the process fitted to its last days."""

from collections.abc import Iterator, Sequence
from html import escape
from math import sqrt

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from octoplan.raids.fit import Fit
from octoplan.raids.fit_file import named
from octoplan.raids.process import COORDINATES, M0, WANDER, draw, natural, steady
from octoplan.raids.read.alerts import Exposure
from octoplan.raids.read.record import MISSILES, Record
from octoplan.raids.stopped_share import Stopped, latest, shares
from octoplan.scenario.arrays import Floats, Ints
from octoplan.show.frame import framed, paged
from octoplan.show.theme import (
    BLACK,
    BLUE,
    GREY,
    ORANGE,
    VERMILION,
    add_bars,
    colour,
    faded,
    fit_legend,
    new_figure,
)

DRAWS = 20_000
FEWEST = 10
"""Launched in a month, below which a stopped share is not shown."""
Z = 1.959964
HALF = 0.5
STOPPED = ("drones", "cruise", "ballistic")
WORDS = {"drones": "drones", "antiship": "anti-ship", "other": "other missiles", "mixed": "mixed"}


EXPOSED = (
    "Alerts say where people were warned, of whatever crossed and wherever it went. A region between the border and a "
    "target is warned often; so this is exposure, and no split of raids between targets is fitted to it."
)
NUMBERS = ("no", "one", "two", "three")


def page(record: Record, fitted: Fit, days: slice, exposure: Exposure | None = None) -> str:
    """The page as text; ``days`` are those of the record that were fitted."""
    figures = "".join(framed(name, made, note) for name, made, note in charts(record, fitted, days))
    title = f"Record of raids: {record.source}"
    facts = f"{len(record):,} days, {record.days[0]} to {record.days[-1]} · SHA-256 {record.digest[:12]}"
    if exposure is not None:
        figures += framed("regions", regions(exposure), EXPOSED)
    return paged(
        title,
        f"<h1>{escape(title)}</h1><p class='facts'>{escape(facts)}</p>{figures}"
        f"<h2>The fit</h2>{fit_table(record, fitted, days)}<h2>What was read</h2>{reading(record)}",
    )


def charts(record: Record, fitted: Fit, days: slice) -> Iterator[tuple[str, go.Figure, str]]:
    """Name, figure and note of each figure in reading order."""
    yield (
        "daily",
        daily(record, fitted, days),
        (
            "Salvo days are more likely salvo than routine by the fit; days before those fitted are not told apart. "
            "The line is the fitted mean of a routine day, moved by the slow intensity. Dotted: breaks in reporting."
        ),
    )
    yield (
        "weekly",
        weekly(record),
        "Sums of seven days, from the first day on; a part week is left out.",
    )
    yield (
        "spread",
        spread(record, fitted, days),
        (
            "Share of days with at most so many drones: the days fitted, days drawn from the fitted process with its "
            "uncertainty, and a Poisson law of the same mean for scale."
        ),
    )
    if record.missiles.any():
        yield "mix", mix(record), "Missiles by class as reported; a mixed report names several classes."
    yield (
        "stopped",
        stopped(record),
        (
            f"Destroyed and lost over launched, with Wilson 95 % intervals; months below {FEWEST} are left out, "
            "as are days whose launched count is hidden. Dashed, with its 95 % interval: the share of a day, few or "
            "many launched, fitted by a beta-binomial to each span between changes of what is counted. "
            "Dotted: breaks in reporting."
        ),
    )


def months_of(record: Record) -> tuple[NDArray[np.datetime64], Ints]:
    """The months of a record, and the place of each day's month among them."""
    months, place = np.unique(record.days.astype("datetime64[M]"), return_inverse=True)
    return months.astype("datetime64[D]"), np.asarray(place, np.int64)


def mark_breaks(chart: go.Figure, record: Record, *, column: int = 1) -> None:
    """A dotted line where each known break begins, if that is inside the record."""
    for day in sorted({each.first for each in record.breaks}):
        if record.days[0] < np.datetime64(day):
            chart.add_vline(x=str(day), line={"color": GREY, "width": 1.5, "dash": "dot"}, row=1, col=column)


def daily(record: Record, fitted: Fit, days: slice) -> go.Figure:
    """Drones and missiles of each day, salvo days told apart."""
    chosen, salvo = record.days[days], fitted.salvo >= HALF
    chart = new_figure(
        f"{int(salvo.sum())} of the last {len(chosen)} days were salvo days, and brought "
        f"{100 * record.drones[days][salvo].sum() / max(1, record.drones[days].sum()):.0f} % of their drones",
        ("drones a day", "missiles a day"), height=460,
    )  # fmt: skip
    is_salvo = np.zeros(len(record), bool)
    is_salvo[days] = salvo
    p = natural(fitted.mode)
    for column, counts in enumerate((record.drones, record.missiles), start=1):
        for name, rows, hexed in (
            ("salvo day", is_salvo, VERMILION),
            ("other day, or before the fit", ~is_salvo, BLUE),
        ):
            chart.add_trace(
                go.Scattergl(
                    x=record.days[rows].astype(str), y=counts[rows], name=name, mode="markers", legendgroup=name,
                    showlegend=column == 1, marker={"color": hexed, "size": 5 if rows is is_salvo else 3.5},
                    hovertemplate="%{x}: %{y:,}<extra></extra>",
                ), row=1, col=column,
            )  # fmt: skip
        mark_breaks(chart, record, column=column)
    level = p[M0] * np.exp(fitted.level - 0.5 * p[WANDER] ** 2)
    line = {"color": BLACK, "width": 2}
    chart.add_trace(go.Scatter(x=chosen.astype(str), y=level, name="fitted routine day", line=line), row=1, col=1)
    chart.update_layout(hovermode="closest")
    chart.update_yaxes(title="launched", col=1)
    return fit_legend(chart)


def weekly(record: Record) -> go.Figure:
    """Weekly sums of drones and missiles."""
    weeks = len(record) // 7
    starts = record.days[: 7 * weeks : 7].astype(str)
    drones, missiles = (
        counts[: 7 * weeks].reshape(weeks, 7).sum(axis=1) for counts in (record.drones, record.missiles)
    )
    last = min(8, weeks)
    chart = new_figure(
        f"{drones[-last:].mean():,.0f} drones and {missiles[-last:].mean():,.0f} missiles a week, of the last {last}",
        ("drones a week", "missiles a week"),
    )
    for column, (name, counts) in enumerate((("drones", drones), ("missiles", missiles)), start=1):
        add_bars(chart, starts.tolist(), counts.astype(np.float64), name, column - 1, column=column)
    chart.update_layout(bargap=0.0, showlegend=False)
    chart.update_yaxes(title="launched", col=1)
    return fit_legend(chart)


def spread(record: Record, fitted: Fit, days: slice) -> go.Figure:
    """Distribution of daily drones: record, fitted process, Poisson."""
    counts = np.sort(record.drones[days])
    rng = steady()
    p, _, salvo = fitted.posterior.draw(DRAWS, rng)
    drawn = np.sort(draw(p, rng.standard_normal(DRAWS), salvo, 2, rng)[:, 1, 0])
    mean, variance = float(counts.mean()), float(counts.var())
    chart = new_figure(
        f"Daily drones vary {variance / mean:,.0f} times as much as chance alone would have them", height=400
    )
    poisson = np.sort(rng.poisson(mean, DRAWS))
    for name, values, line in (
        ("fitted process", drawn, {"color": ORANGE, "width": 2.5}),
        ("Poisson of the same mean", poisson, {"color": GREY, "width": 2, "dash": "dash"}),
        (f"record, last {len(counts)} days", counts, {"color": BLUE, "width": 2, "shape": "hv"}),
    ):
        rank = np.linspace(0, len(values) - 1, min(400, len(values))).astype(int)
        chart.add_trace(go.Scatter(x=values[rank], y=100.0 * (rank + 1) / len(values), name=name, line=line))
    most = 1.15 * max(float(counts[-1]), float(np.quantile(drawn, 0.99)))
    chart.update_xaxes(title="drones a day", tickformat=",", hoverformat=",", range=[0, most])
    chart.update_yaxes(title="% of days", range=[0, 101])
    return fit_legend(chart)


def mix(record: Record) -> go.Figure:
    """Missiles by class and month."""
    months, place = months_of(record)
    by_class = {name: np.bincount(place, record.launched[:, record.classes.index(name)]) for name in MISSILES}
    recent = {name: counts[-6:].sum() for name, counts in by_class.items()}
    largest = max(recent, key=lambda name: float(recent[name]))
    part = 100 * recent[largest] / max(1, sum(recent.values()))
    chart = new_figure(
        f"{part:.0f} % of the missiles of the last {min(6, len(months))} months were {WORDS.get(largest, largest)}"
    )
    for index, (name, counts) in enumerate(by_class.items()):
        if counts.any():
            add_bars(chart, months.astype(str).tolist(), counts.astype(np.float64), WORDS.get(name, name), index)
    chart.update_yaxes(title="launched a month")
    return fit_legend(chart)


def wilson(hits: Floats, trials: Floats) -> tuple[Floats, Floats]:
    """Ends of the 95 % interval of a share (Wilson 1927)."""
    middle = (hits + Z * Z / 2) / (trials + Z * Z)
    half = Z * np.sqrt(hits * (trials - hits) / trials + Z * Z / 4) / (trials + Z * Z)
    return middle - half, middle + half


def stopped(record: Record) -> go.Figure:
    """Stopped share of each class by month."""
    months, place = months_of(record)
    monthly = {}
    for name in STOPPED:
        column = record.classes.index(name)
        known = record.known[:, column]
        sent, held = (
            np.bincount(place, counts[:, column] * known, minlength=len(months))
            for counts in (record.launched, record.stopped)
        )
        enough = sent >= FEWEST
        if enough.any():
            monthly[name] = (months[enough], held[enough], sent[enough])
    said = ", ".join(
        f"{100 * held[-1] / sent[-1]:.0f} % of {WORDS.get(name, name)}" for name, (_, held, sent) in monthly.items()
    )
    chart = new_figure(
        f"Last stopped: {said}" if said else "No month has enough launched to show a stopped share", height=440
    )
    for index, (name, (when, held, sent)) in enumerate(monthly.items()):
        low, high = wilson(held.astype(np.float64), sent.astype(np.float64))
        dates = when.astype(str).tolist()
        chart.add_trace(
            go.Scatter(
                x=[*dates, *reversed(dates)], y=[*(100 * high), *reversed(100 * low)], fill="toself",
                fillcolor=faded(colour(index), 0.18), line={"width": 0}, hoverinfo="skip", showlegend=False,
                name=f"{WORDS.get(name, name)}, 95 % interval",
            )
        )  # fmt: skip
        chart.add_trace(
            go.Scatter(
                x=dates, y=100 * held / sent, name=WORDS.get(name, name), mode="lines+markers",
                line={"color": colour(index), "width": 2}, hovertemplate="%{y:.0f} %",
            )
        )  # fmt: skip
    fitted = [each for each in shares(record) if each.klass in monthly]
    for each in fitted:
        mark_share(chart, each, colour(list(monthly).index(each.klass)))
    chart.update_layout(title_subtitle_text=alike(latest(fitted)))
    mark_breaks(chart, record)
    chart.update_yaxes(title="stopped, %", range=[0, 101])
    return fit_legend(chart)


def mark_share(chart: go.Figure, fitted: Stopped, hexed: str) -> None:
    """The fitted share of an epoch as a dashed line in its interval."""
    first, last = str(fitted.first), str(fitted.last)
    low, middle, high = (100 * each for each in (fitted.share.low, fitted.share.value, fitted.share.high))
    chart.add_trace(
        go.Scatter(
            x=[first, last, last, first], y=[high, high, low, low], fill="toself", fillcolor=faded(hexed, 0.3),
            line={"width": 0}, mode="lines", hoverinfo="skip", showlegend=False, name=f"{fitted.klass} interval",
        )
    )  # fmt: skip
    chart.add_trace(
        go.Scatter(
            x=[first, last], y=[middle, middle], mode="lines", line={"color": hexed, "width": 2, "dash": "dash"},
            hoverinfo="skip", showlegend=False, name=f"{fitted.klass} fitted",
        )
    )  # fmt: skip


def alike(fitted: Sequence[Stopped]) -> str:
    """How far the outcomes of one day resemble one another, class by class, in words."""
    said = ", ".join(
        f"{each.correlation} of {WORDS.get(each.klass, each.klass)} {each.epoch}"
        for each in fitted
        if not np.isnan(each.correlation.value)
    )
    return f"Outcomes of one day resemble one another, correlation {said}" if said else ""


def regions(exposure: Exposure) -> go.Figure:
    """Share of all alerts by region, most first."""
    share = 100 * exposure.share
    most = min(3, len(share))
    chart = new_figure(
        f"{NUMBERS[most].capitalize()} of {len(share)} regions hold {share[:most].sum():.0f} % of all alerts: "
        "exposure, not targets",
        height=90 + 21 * len(share),
    )
    chart.add_trace(
        go.Bar(
            x=share, y=[escape(name) for name in exposure.regions], orientation="h", marker={"color": BLUE},
            text=[f"{each:.1f}" for each in share], textposition="outside", cliponaxis=False, showlegend=False,
            customdata=np.stack([exposure.alerts, exposure.hours], axis=-1),
            hovertemplate="%{y}: %{customdata[0]:,} alerts, %{customdata[1]:,.0f} hours<extra></extra>",
        )
    )  # fmt: skip
    chart.update_layout(hovermode="closest")
    chart.update_xaxes(title="share of all alerts, %", tickformat="", range=[0, 1.12 * share.max()])
    chart.update_yaxes(autorange="reversed", automargin=True, tickformat="", showgrid=False)
    return fit_legend(chart)


def fit_table(record: Record, fitted: Fit, days: slice) -> str:
    """Parameters with P10, P50 and P90, what the record taught of each, and the warnings."""
    chosen = record.days[days]
    ends = [fitted.posterior.quantiles(share) for share in (0.1, 0.5, 0.9)]
    learned = [f"{100 * (1 - sqrt(1 - share)):.0f} %" for share in fitted.diagnostics.learned] + [""]
    rows = "".join(
        f"<tr><th scope='row'>{name}</th>{''.join(f'<td>{value:.4g}</td>' for value in values)}<td>{taught}</td></tr>"
        for (name, _), *values, taught in zip(named(), *ends, learned, strict=True)
    )
    warned = "".join(f"<p class='failed'>{escape(word)}</p>" for word in fitted.diagnostics.warnings())
    return (
        f"{warned}<table><caption>{len(COORDINATES)} parameters and the slow intensity on the last day, fitted to "
        f"{len(chosen)} days, {chosen[0]} to {chosen[-1]}. Narrower: by how much the record narrowed the prior."
        f"</caption><tr><th></th><th>P10</th><th>P50</th><th>P90</th><th>narrower</th></tr>{rows}</table>"
    )


def reading(record: Record) -> str:
    """What was repaired or assumed in reading, and the known breaks."""
    repairs = "".join(f"<li>{escape(str(repair))}</li>" for repair in record.repairs) or "<li>nothing was repaired</li>"
    known = "".join(
        f"<li>{each.first} to {each.last or 'now'}, {escape(each.measure)}: {escape(each.reason)}</li>"
        for each in record.breaks
    )
    return f"<ul>{repairs}</ul><p>Known breaks in reporting:</p><ul>{known or '<li>none in these days</li>'}</ul>"
