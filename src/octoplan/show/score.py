"""What a comparison of forecasters came to: one page of figures, for drones and for missiles."""

from collections.abc import Iterator, Sequence
from html import escape
from math import isnan

import numpy as np
import plotly.graph_objects as go
from scipy.stats import binom

from octoplan.raids.read.record import Record
from octoplan.raids.score import CLASSES, LEVELS, POINTS, Scores, coverage, difference, pit_test
from octoplan.show.frame import framed, paged
from octoplan.show.theme import (
    BLACK,
    BLUE,
    GREY,
    LEGEND,
    PALETTE,
    VERMILION,
    faded,
    joined,
    new_figure,
)

SHADES = ("#9ECAE1", "#56A0D3", "#0072B2", "#08306B")
"""Light to dark with the horizon, of which the last four are drawn."""
SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "star", "x", "pentagon")
WEEK, MONTH = 7, 30
TICKS = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
LEAST = TICKS[0]
"""Ratio at which an interval that reaches farther is cut."""
REJECTED = 0.05
LINE = 20
"""Pixels of a line of a legend."""

NOTES = {
    "ratio": (
        "Continuous ranked probability score (CRPS, log scale) of the sum over the days of the horizon, over that of "
        "the {first} on the same origins: right of 1 the rival is worse. Lines are 95 % block-bootstrap intervals of "
        "the difference, cut at 0.2; a mark is filled where its line keeps to one side of 1. No line: less than two "
        "blocks."
    ),
    "coverage": (
        "Share of sums inside the central interval. Grey: what luck explains for a right forecast, 95 % binomial "
        "limits over as many origins as have sums that share no day. An interval holds where its share is in the "
        "grey, or within five points of its level."
    ),
    "pit": (
        "Where what came stood in the forecast of {horizon}, from its lowest (0) to its highest (1). A right forecast "
        "has bars alike; one too narrow, high ends; one that leans, a high side. Grey: what luck explains of one bar "
        "(95 %). p: chance of bars as uneven from a right forecast, red where below 0.05."
    ),
    "came": (
        "Forecast of the {first} from each origin, and the sum of the days that followed. Where those days are not all "
        "in the record, or not known, the forecast stands alone."
    ),
}


def page(scores: Sequence[Scores], record: Record) -> str:
    """The page as text; the first of the scores is what the others are compared with."""
    first = scores[0]
    title = f"Forecasts scored: {record.source}"
    facts = (
        f"{len(first.days)} origins, {first.days[0]} to {first.days[-1]}, every {first.step} days · {first.draws:,} "
        f"draws, seed {first.seed} · record to {record.days[-1]}, SHA-256 {record.digest[:12]}"
    )
    parts = "".join(
        f"<h2>{of.capitalize()}</h2>"
        + "".join(framed(f"{of}-{name}", made, note) for name, made, note in charts(scores, of))
        for of in CLASSES
        if np.nansum(first.observed[..., CLASSES.index(of)])
    )
    nothing = "<p>No sum of any horizon is known: nothing was scored.</p>"
    return paged(title, f"<h1>{escape(title)}</h1><p class='facts'>{escape(facts)}</p>{parts or nothing}")


def charts(scores: Sequence[Scores], of: str) -> Iterator[tuple[str, go.Figure, str]]:
    """Name, figure and note of each figure of a class, in reading order."""
    week, month = (nearest(scores[0], days) for days in (WEEK, MONTH))
    made = {
        "ratio": ratio(scores, of),
        "coverage": covered(scores, of),
        "pit": pits(scores, of, week),
        "came": came(scores[0], of, month),
    }
    for name, chart in made.items():
        yield name, chart, NOTES[name].format(first=scores[0].name, horizon=spell(week))


def nearest(scores: Scores, days: int) -> int:
    """The horizon that was scored nearest to some days."""
    return min(scores.horizons, key=lambda horizon: abs(horizon - days))


def spell(horizon: int) -> str:
    return "1 day" if horizon == 1 else f"{horizon} days"


def broken(name: str) -> str:
    """A name in two lines where it is long, parted after a comma or near its middle."""
    if len(name) < 18:
        return name
    cuts = [place for place, sign in enumerate(name) if sign == " "]
    cut = min(cuts, key=lambda place: abs(place - len(name) / 2), default=0)
    return f"{name[:cut]}<br>{name[cut + 1 :]}" if cut else name


def below(chart: go.Figure, lines: int, room: int) -> go.Figure:
    """The figure grown by a legend in a list below it; ``room`` is what the last axis needs above the legend."""
    height = chart.layout.height + LINE * lines
    chart.update_layout(
        height=height,
        margin={"b": room + LINE * lines + 10},
        legend={**LEGEND, "orientation": "v", "x": 0.0, "y": (LINE * lines + 10) / height},
    )
    return chart


def ratio(scores: Sequence[Scores], of: str) -> go.Figure:
    """CRPS of each rival over that of the first, at each horizon, with the interval of the difference."""
    first, rivals = scores[0], scores[1:]
    better, worse, pairs, ends = [], 0, 0, [0.9, 1.1]
    chart = new_figure("", height=130 + 58 * len(rivals))
    for h, horizon in enumerate(first.horizons):
        base = float(np.nanmean(first.losses(horizon, of))) if known(first, horizon, of) else 0.0
        rows = []
        for place, rival in enumerate(rivals if base else ()):
            gap = difference(rival, first, horizon, of)
            pairs += not isnan(gap.low)
            worse += gap.low > 0
            if gap.high < 0:
                better.append(f"{rival.name} at {spell(horizon)}")
            middle, low, high = (1 + each / base for each in (gap.mean, gap.low, gap.high))
            low = min(middle, max(low, LEAST))
            ends += [value for value in (middle, low, high) if not isnan(value)]
            offset = place + 0.17 * (h - (len(first.horizons) - 1) / 2)
            rows.append((offset, middle, high - middle, middle - low, gap.settled, rival.name))
        hexed = SHADES[(h + max(0, len(SHADES) - len(first.horizons))) % len(SHADES)]
        offsets, middles, up, down, settled, names = zip(*rows, strict=True) if rows else ((),) * 6
        chart.add_trace(
            go.Scatter(
                x=middles, y=offsets, mode="markers", name=spell(horizon), customdata=names,
                error_x={
                    "type": "data", "symmetric": False, "array": up, "arrayminus": down, "color": hexed,
                    "thickness": 1.6, "width": 0,
                },
                marker={
                    "size": 9, "color": [hexed if each else "white" for each in settled],
                    "line": {"color": hexed, "width": 2},
                },
                hovertemplate=f"%{{customdata}}, {spell(horizon)}: %{{x:.2f}}<extra></extra>",
            )
        )  # fmt: skip
    chart.add_vline(x=1, line={"color": BLACK, "width": 1.2})
    chart.update_layout(title_text=summary(better, worse, pairs, first.name), hovermode="closest")
    chart.update_xaxes(
        title=f"CRPS, {first.name} = 1", type="log", tickformat="", hoverformat=".2f",
        range=[np.log10(min(ends) / 1.05), np.log10(max(ends) * 1.05)], showgrid=True, gridcolor="#E3E3E3",
        tickvals=TICKS, ticktext=[f"{tick:g}" for tick in TICKS],
    )  # fmt: skip
    chart.update_yaxes(
        tickvals=list(range(len(rivals))), ticktext=[broken(escape(rival.name)) for rival in rivals],
        range=[len(rivals) - 0.5, -0.5], showgrid=False, zeroline=False, automargin=True, tickformat="",
    )  # fmt: skip
    return below(chart, len(first.horizons), 62)


def known(scores: Scores, horizon: int, of: str) -> bool:
    return len(scores.pits(horizon, of)) > 0


def summary(better: Sequence[str], worse: int, pairs: int, first: str) -> str:
    """What the differences say, in a sentence."""
    if not pairs:
        return "No comparison rests on two blocks of origins: none can be told from luck"
    said = f"{worse} of {pairs} comparisons are worse beyond it"
    if not better:
        return f"No rival is better than the {first} beyond luck at any horizon; {said}"
    if len(better) > 2:
        return f"{len(better)} of {pairs} comparisons with the {first} are better beyond luck; {said}"
    return f"Better than the {first} beyond luck: {joined(better)}; {said}"


def covered(scores: Sequence[Scores], of: str) -> go.Figure:
    """Coverage of the intervals at each horizon, beside what luck explains."""
    first = scores[0]
    horizons = [horizon for horizon in first.horizons if known(first, horizon, of)]
    hold = [each.name for each in scores if all(c.holds for horizon in horizons for c in coverage(each, horizon, of))]
    chart = new_figure(holding(hold, scores), [f"{100 * level:.0f} % interval" for level in LEVELS], rows=3, height=740)
    wide = 0.8 / len(scores)
    for row, level in enumerate(LEVELS, start=1):
        for place, horizon in enumerate(horizons):
            limits = coverage(first, horizon, of)[row - 1]
            chart.add_shape(
                type="rect", x0=place - 0.44, x1=place + 0.44, y0=100 * limits.low, y1=100 * limits.high,
                fillcolor=faded(GREY, 0.25), line={"width": 0}, layer="below", row=row, col=1,
            )  # fmt: skip
        chart.add_hline(y=100 * level, line={"color": GREY, "width": 1.2, "dash": "dash"}, row=row, col=1)
        for index, each in enumerate(scores):
            shares = [100 * coverage(each, horizon, of)[row - 1].share for horizon in horizons]
            chart.add_trace(
                go.Scatter(
                    x=[place + wide * (index - (len(scores) - 1) / 2) for place in range(len(horizons))], y=shares,
                    mode="markers", name=escape(each.name), showlegend=row == 1, legendgroup=each.name,
                    marker={
                        "size": 11 if not index else 9, "symbol": SYMBOLS[index % len(SYMBOLS)],
                        "color": BLACK if not index else PALETTE[(index - 1) % len(PALETTE)],
                    },
                    hovertemplate=f"{escape(each.name)}: %{{y:.0f}} %<extra></extra>",
                ), row=row, col=1,
            )  # fmt: skip
    chart.update_layout(hovermode="closest")
    chart.update_xaxes(
        tickvals=list(range(len(horizons))), ticktext=[spell(horizon) for horizon in horizons], tickformat="",
        range=[-0.5, len(horizons) - 0.5], zeroline=False,
    )  # fmt: skip
    chart.update_yaxes(title="sums inside, %", range=[-7, 107], zeroline=False)
    return below(chart, len(scores), 34)


def holding(hold: Sequence[str], scores: Sequence[Scores]) -> str:
    """Whose intervals hold at every horizon, in a sentence."""
    first = scores[0].name
    others = len(hold) - (first in hold)
    if not hold:
        return "No forecaster has intervals that hold at every horizon"
    if not others:
        return f"Only the {first} has intervals that hold at every horizon"
    if first in hold:
        return (
            f"At every horizon the intervals of the {first} hold, as do those of {others} of {len(scores) - 1} rivals"
        )
    return (
        f"The intervals of the {first} do not hold at every horizon; those of {others} of {len(scores) - 1} rivals do"
    )


def pits(scores: Sequence[Scores], of: str, horizon: int) -> go.Figure:
    """PIT histograms of all forecasters."""
    first = scores[0]
    n, rows = len(first.pits(horizon, of)), -(-len(scores) // 2)
    bins = max(2, min(10, n // 5))
    values = [pit_test(each, horizon, of) for each in scores]
    panels = [
        f"{broken(escape(each.name))}{'' if isnan(p) else f'<br>p {p:.2f}' if p >= 0.005 else '<br>p < 0.01'}"
        for each, p in zip(scores, values, strict=True)
    ]
    chart = new_figure(evenness(values, first.name, horizon, n), panels, rows=rows, height=110 + 235 * rows)
    chart.update_annotations(font={"size": 12})
    independent = -(-n // first.overlap(horizon))
    low, high = (n / max(independent, 1) * float(end) for end in binom.interval(0.95, independent, 1 / bins))
    most = max([high, *(each.histogram(horizon, of, bins).max() for each in scores)])
    for index, each in enumerate(scores):
        where = {"row": index // 2 + 1, "col": index % 2 + 1}
        chart.add_trace(
            go.Bar(
                x=(np.arange(bins) + 0.5) / bins, y=each.histogram(horizon, of, bins), width=0.94 / bins,
                marker={"color": VERMILION if values[index] < REJECTED else BLUE}, showlegend=False,
                hovertemplate="%{y} origins<extra></extra>",
            ), **where,
        )  # fmt: skip
        chart.add_hrect(y0=low, y1=high, fillcolor=faded(GREY, 0.25), line={"width": 0}, layer="below", **where)
        chart.add_hline(y=n / bins, line={"color": BLACK, "width": 1, "dash": "dash"}, **where)
    if len(scores) % 2:
        chart.update_xaxes(visible=False, row=rows, col=2).update_yaxes(visible=False, row=rows, col=2)
    chart.update_layout(hovermode="closest", margin={"b": 60, "t": 108})
    chart.update_xaxes(range=[0, 1], tickvals=[0, 0.5, 1], tickformat="")
    for column in (1, 2):
        chart.update_xaxes(title="PIT, 0 to 1", row=-(-(len(scores) + 1 - column) // 2), col=column)
    chart.update_yaxes(range=[0, 1.05 * most], nticks=4)
    chart.update_yaxes(title="origins", col=1)
    return chart


def evenness(values: Sequence[float], first: str, horizon: int, n: int) -> str:
    """Whose PIT is as even as luck has it, in a sentence."""
    if isnan(values[0]):
        return f"{n} sums of {spell(horizon)} are too few, or share days: evenness is drawn and not tested"
    even = "is as even as luck has it" if values[0] >= REJECTED else "is more uneven than luck has it"
    out = sum(value < REJECTED for value in values[1:])
    return f"The PIT of the {first} {even} (p {values[0]:.2f}); of {len(values) - 1} rivals {out} rejected at 5 %"


def came(scores: Scores, of: str, horizon: int) -> go.Figure:
    """Quantiles of the forecasts over a horizon, origin by origin, and the sums that came."""
    at = scores.at(horizon), CLASSES.index(of)
    ends = scores.quantiles[:, at[0], at[1]].T
    observed, days = scores.observed[:, at[0], at[1]], scores.days.astype(str).tolist()
    inside = coverage(scores, horizon, of)[1]
    n = len(scores.pits(horizon, of))
    said = f"{inside.share * n:.0f} of {n} sums of {spell(horizon)} came inside the 80 % interval of the {scores.name}"
    chart = new_figure(said if n else f"No sum of {spell(horizon)} is known", height=430)
    for level, opacity in zip(reversed(LEVELS), (0.16, 0.22, 0.3), strict=True):
        low, high = (ends[POINTS.index(round(0.5 + side * level / 2, 3))] for side in (-1, 1))
        chart.add_trace(
            go.Scatter(
                x=[*days, *reversed(days)], y=[*high, *reversed(low)], fill="toself", fillcolor=faded(BLUE, opacity),
                line={"width": 0}, mode="lines", hoverinfo="skip", name=f"{100 * level:.0f} % interval",
            )
        )  # fmt: skip
    middle = ends[POINTS.index(0.5)]
    for name, values, hexed, mode in (
        ("median", middle, BLUE, "lines"),
        ("what came", observed, BLACK, "lines+markers"),
    ):
        chart.add_trace(
            go.Scatter(
                x=days, y=values, name=name, mode=mode, line={"color": hexed, "width": 2}, marker={"size": 5},
                hovertemplate=f"{name}: %{{y:,.0f}}",
            )
        )  # fmt: skip
    chart.update_xaxes(title="last day that the forecast knew", hoverformat="%Y-%m-%d")
    chart.update_yaxes(title=f"{of} in the {spell(horizon)} after")
    return below(chart, 5, 78)
