"""Charts of an exploration: ranking, convergence, value of information, robustness, and best mix."""

from collections.abc import Sequence
from math import isfinite
from textwrap import shorten, wrap
from typing import Any, NamedTuple

import plotly.graph_objects as go

from octoplan.explore.findings import Exploration, Findings
from octoplan.explore.results import CHANCE, OTHERS, Estimate, InfoGap, Information, InformationValues, Ranking, Share
from octoplan.outcomes.format import digits, scaled
from octoplan.scenario import Scenario
from octoplan.show.explore_text import (
    best_first,
    best_sizes,
    factor_title,
    first_of,
    interval_text,
    is_large,
    main_ranking,
    money_scale,
    share_text,
    shares_of,
    short_title,
)
from octoplan.show.theme import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    GRID_COLOUR,
    MILLION,
    ORANGE,
    capitalised,
    colour,
    fit_legend,
    label,
    new_figure,
    with_opacity,
)

ROW_HEIGHT, TWO_BAR_ROW = 40, 52
"""Height of a row with one bar, and with two, in pixels."""
GROUP_GAP, GROUP_SHIFT = 0.24, 0.19
"""Gap between rows of two bars, and distance of each bar from the middle, as shares of a row."""
TITLE_WIDTH, MAX_TITLE = 46, 90
"""Characters of a line of the name of a row, and of the whole name."""
MAX_ROWS = 14
"""Maximum number of rows of a chart; the tables have all of them."""
MAX_LINES = 6
"""Maximum number of lines of a chart."""
DASHES = ("solid", "dash", "dot", "dashdot")

RANK_CAPTION = (
    "First-order index: the share of the variance of the result that knowing the factor would remove, estimated from "
    "the futures of the run. Total index: the share that would remain if everything else were known, interactions "
    "included, from a designed sample. Lines are 95 % confidence intervals. Chance is what remains if all assumptions "
    "are known: raids, weather, outages and other events."
)
CONVERGENCE_CAPTION = (
    "First-order indices estimated from more and more futures of the designed sample, with 95 % confidence intervals. "
    "An estimate that still moves by more than its interval has not converged."
)
INFORMATION_CAPTION = (
    "Expected gain from knowing an assumption before deciding, if the decision is then changed whenever another one is "
    "better (expected value of perfect information). Lines are 95 % confidence intervals; grey bars are not "
    "distinguishable from zero. The value of knowing all assumptions is an upper bound on any study."
)
TRIAL_CAPTION = (
    "Expected value of the result of a trial by its size (expected value of sample information), with 95 % confidence "
    "intervals, and its cost as a dashed line. The largest value less cost is marked."
)
REGRET_CAPTION = (
    "Regret of a decision in a future: net benefit of the best of these decisions in that future less its own. A "
    "robust decision has little regret in most futures. Lines are 95 % confidence intervals."
)
INFO_GAP_CAPTION = (
    "All main assumptions are moved together from their medians (0) to their unfavourable P10 or P90 (1) and beyond. "
    "Bands are 95 % confidence intervals of the mean net benefit. A dashed line marks the error at which "
    "the programme first costs more than it avoids, on average."
)
MIX_CAPTION = (
    "What to buy with each further step of the budget, in order: each was the best of all purchases tested given those "
    "above it. Lines are 95 % confidence intervals from paired futures; in a grey row another purchase may be as good."
)


class Bar(NamedTuple):
    """A row of a bar chart: name, estimate, colour, and the text next to the bar."""

    name: str
    estimate: Estimate
    hex_colour: str
    text: str


def wrapped(title: str) -> str:
    """A name in lines, shortened if it is long."""
    return "<br>".join(map(label, wrap(shorten(title, MAX_TITLE, placeholder=" …"), TITLE_WIDTH)))


def errors(items: Sequence[Estimate], size: float) -> dict[str, Any]:
    """Error bars of estimates with asymmetric intervals."""
    return {
        "type": "data", "symmetric": False, "thickness": 1.6, "width": 5, "color": BLACK,
        "array": [arm(item.high - item.value) / size for item in items],
        "arrayminus": [arm(item.value - item.low) / size for item in items],
    }  # fmt: skip


def arm(length: float) -> float:
    """Length of an arm of an error bar; 0 if it is undefined."""
    return max(0.0, length) if isfinite(length) else 0.0


def finite(value: float) -> float:
    """A value for a chart; 0 if it is undefined."""
    return value if isfinite(value) else 0.0


def row_axis(chart: go.Figure, names: Sequence[str]) -> None:
    """The axis of the names of rows, the first at the top."""
    chart.update_yaxes(
        tickvals=list(range(len(names))), ticktext=[wrapped(name) for name in names], showgrid=False, zeroline=False,
        range=[len(names) - 0.4, -0.6], automargin=True, rangemode="normal",
    )  # fmt: skip
    chart.update_layout(hovermode="closest", margin={"l": 14, "b": 60})


def value_axis(chart: go.Figure, title: str, ends: Sequence[float], room: float = 0.3, **options: Any) -> None:
    """The axis of values, with room for the texts next to the bars."""
    low, high = min(0.0, *ends, 0.0), max(0.0, *ends, 0.0)
    span = (high - low) or 1.0
    chart.update_xaxes(
        title=title, range=[low - 0.05 * span if low < 0.0 else 0.0, high + room * span], showgrid=True,
        gridcolor=GRID_COLOUR, zeroline=True, zerolinecolor=BLACK, **{"tickformat": ",", **options},
    )  # fmt: skip


def bar_chart(title: str, rows: Sequence[Bar], axis: str, size: float, series: str) -> go.Figure:
    """Horizontal bars with intervals, and a text to the right of each."""
    chart = new_figure(title, height=130 + ROW_HEIGHT * len(rows))
    chart.add_trace(
        go.Bar(
            orientation="h",
            x=[finite(row.estimate.value) / size for row in rows],
            y=list(range(len(rows))),
            name=series,
            marker={"color": [row.hex_colour for row in rows], "line": {"width": 0}},
            showlegend=False,
            error_x=errors([row.estimate for row in rows], size),
            customdata=[[label(row.name)] for row in rows],
            hovertemplate="%{customdata[0]}: %{x:,.3g}<extra></extra>",
        )
    )
    for number_of_row, row in enumerate(rows):
        end = max(0.0, *(finite(value) for value in (row.estimate.value, row.estimate.high))) / size
        chart.add_annotation(
            x=end, y=number_of_row, text=label(row.text), showarrow=False, xanchor="left", xshift=5, font={"size": 12}
        )
    row_axis(chart, [row.name for row in rows])
    ends = [finite(end) / size for row in rows for end in (row.estimate.low, row.estimate.high)]
    value_axis(chart, axis, ends)
    return chart


def rank_chart(exploration: Exploration, ranking: Ranking) -> go.Figure:
    """Chart of the shares of the variance of one result, the largest first; chance and other factors come last."""
    scenario, shares = exploration.scenario, ordered(ranking)
    chart = new_figure(rank_title(scenario, ranking), height=120 + TWO_BAR_ROW * len(shares))
    has_total = any(share.total is not None for share in shares)
    for attribute, title, hex_colour, shape in (
        ("first", "first-order index", BLUE, ""), ("total", "total index", ORANGE, "/")
    ):  # fmt: skip
        rows = [(row, getattr(share, attribute)) for row, share in enumerate(shares) if getattr(share, attribute)]
        texts = [share_text(item) for _, item in rows]
        rows = [(row, as_share(item)) for row, item in rows]
        if not rows:
            continue
        shift = 0.0 if not has_total else -GROUP_SHIFT if attribute == "first" else GROUP_SHIFT
        estimates = [item for _, item in rows]
        chart.add_trace(
            go.Bar(
                orientation="h", x=[finite(item.value) for item in estimates], y=[row for row, _ in rows],
                name=title, error_x=errors(estimates, 1.0), showlegend=has_total,
                marker={"color": hex_colour, "line": {"width": 0}, "pattern": {"shape": shape, "solidity": 0.25}},
                customdata=[[label(factor_title(scenario, shares[row].name, shares[row].title))] for row, _ in rows],
                hovertemplate=f"%{{customdata[0]}}, {title}: %{{x:.1%}}<extra></extra>",
            )
        )  # fmt: skip
        for (row, item), text in zip(rows, texts, strict=True):
            chart.add_annotation(
                x=max(item.value, item.high), y=row + shift, text=text, showarrow=False, xanchor="left", xshift=5,
                font={"size": 11},
            )  # fmt: skip
    row_axis(chart, [row_name(scenario, share) for share in shares])
    items = [as_share(item) for share in shares for item in (share.first, share.total) if item is not None]
    ends = [max(item.value, item.high) for item in items]
    value_axis(chart, f"share of the variance of {short_title(ranking.title)}", ends, 0.22, tickformat=".0%")
    if max(ends, default=0.0) > 0.5:  # shares are at most 100 %
        percentages = range(0, 101, 20)
        chart.update_xaxes(tickvals=[p / 100 for p in percentages], ticktext=[f"{p}%" for p in percentages])
    chart.update_layout(barmode="group", bargap=GROUP_GAP)
    return fit_legend(chart, axis_title=True) if has_total else chart


def ordered(ranking: Ranking) -> list[Share]:
    """The rows of a ranking: large factors by first-order index, then other factors, then chance."""
    shares = shares_of(ranking)
    designed = {share.name for share in ranking.designed}
    factors = [s for s in shares if s.name not in (CHANCE, OTHERS) and (s.name in designed or is_large(s))]
    ranked = sorted(factors, key=first_of, reverse=True)
    return ranked[:MAX_ROWS] + [share for name in (OTHERS, CHANCE) for share in shares if share.name == name]


def row_name(scenario: Scenario, share: Share) -> str:
    """Name of the row of a factor."""
    name = capitalised(factor_title(scenario, share.name, share.title))
    return f"{name} (correlated)" if share.is_correlated else name


def rank_title(scenario: Scenario, ranking: Ranking) -> str:
    """Title with the factor of the largest share."""
    factors = [share for share in ordered(ranking) if share.name not in (CHANCE, OTHERS)]
    title = label(short_title(ranking.title))
    if not factors or factors[0].first is None or factors[0].first.sign <= 0:
        return f"No factor explains a distinguishable share of the variance of the {title}"
    first = shorten(factor_title(scenario, factors[0].name, factors[0].title), MAX_TITLE, placeholder=" …")
    return f"Largest share of the variance of the {title}: {label(first)}, {share_text(factors[0].first)}"


def as_share(item: Estimate) -> Estimate:
    """An estimate of a share for a chart: its value and its ends between 0 and 1."""
    return Estimate(*(min(max(finite(end), 0.0), 1.0) for end in (item.value, item.low, item.high)))


def convergence_chart(exploration: Exploration, ranking: Ranking) -> go.Figure | None:
    """Chart of first-order indices by number of futures; None if they were not estimated for several numbers."""
    items = [item for item in ranking.convergence if len(item.futures) > 1]
    items = sorted(items, key=lambda item: -finite(item.first[-1].value))[:MAX_LINES]
    if not items:
        return None
    titles = {share.name: share.title for share in (*ranking.from_run, *ranking.designed)}
    chart = new_figure(f"Indices of {label(short_title(ranking.title))} by number of futures", height=360)
    for index, item in enumerate(items):
        name = factor_title(exploration.scenario, item.name, titles.get(item.name, item.name))
        text = label(shorten(capitalised(name), MAX_TITLE, placeholder=" …"))
        chart.add_trace(
            go.Scatter(
                x=[f"{futures:,}" for futures in item.futures],
                y=[first.value for first in map(as_share, item.first)],
                name=text,
                mode="lines+markers",
                line={"color": colour(index), "width": 2, "dash": DASHES[index % len(DASHES)]},
                error_y={**errors(list(map(as_share, item.first)), 1.0), "color": with_opacity(colour(index), 0.6)},
                hovertemplate=f"{text}: %{{y:.1%}}<extra></extra>",
            )
        )
    chart.update_yaxes(tickformat=".0%", title="first-order index", rangemode="tozero")
    chart.update_xaxes(title="futures", type="category")
    return fit_legend(chart, axis_title=True)


def information_chart(exploration: Exploration, information: InformationValues) -> go.Figure:
    """Chart of the values of perfect information, the largest first, with the upper bounds below them."""
    partial = sorted(information.partial, key=lambda item: -finite(item.value.value))[:MAX_ROWS]
    size, unit = money_scale(exploration.findings, [information.perfect, *(item.value for item in partial)])
    rows = [
        information_bar(factor_title(exploration.scenario, item.name, item.title), item.value, BLUE, size)
        for item in partial
    ]
    rows.append(information_bar("all assumptions", information.perfect, GREEN, size))
    worth = [row for row, item in zip(rows, partial, strict=False) if item.value.sign > 0]
    title = (
        f"{worth[0].name}: knowing it before deciding is worth most, {worth[0].text} {unit}"
        if worth
        else "No single assumption is clearly worth finding out for this choice"
    )
    return bar_chart(label(title), rows, f"value of information, {unit}", size, "value of information")


def information_bar(name: str, item: Estimate, hex_colour: str, size: float) -> Bar:
    """A row of the chart of information; grey if it is not distinguishable from zero."""
    return Bar(capitalised(name), item, hex_colour if item.sign > 0 else GREY, interval_text(item, size))


def trial_chart(findings: Findings, trials: Sequence[Information]) -> go.Figure:
    """Chart of the value and the cost of one trial by its size."""
    size, unit = scaled(findings.money, [value for t in trials for value in (t.value.high, t.cost) if isfinite(value)])
    (best,) = best_sizes(trials)
    sizes = [trial.size for trial in trials]
    pays = best.value.value > best.cost and best.value.sign > 0
    title = f"{best.title}: best size {best.size:,}" if pays else f"{best.title}: no size examined is worth its cost"
    chart = new_figure(label(title), height=360)
    chart.add_trace(
        go.Scatter(
            x=sizes, y=[finite(t.value.value) / size for t in trials], name="value", mode="lines+markers",
            line={"color": BLUE, "width": 2.5}, error_y=errors([t.value for t in trials], size),
            hovertemplate=f"value: %{{y:,.3g}} {unit}<extra></extra>",
        )
    )  # fmt: skip
    chart.add_trace(
        go.Scatter(
            x=sizes,
            y=[t.cost / size for t in trials],
            name="cost",
            mode="lines",
            line={"color": ORANGE, "width": 2, "dash": "dash"},
            hovertemplate=f"cost: %{{y:,.3g}} {unit}<extra></extra>",
        )
    )
    if pays:
        chart.add_trace(
            go.Scatter(
                x=[best.size], y=[best.value.value / size], name="largest value less cost", mode="markers",
                marker={"color": BLACK, "size": 13, "symbol": "circle-open", "line": {"width": 2.5}},
                hoverinfo="skip",
            )
        )  # fmt: skip
    chart.update_xaxes(title="size of the trial", tickformat=",", hoverformat=",", rangemode="tozero")
    chart.update_yaxes(title=unit)
    return fit_legend(chart, axis_title=True)


def regret_chart(findings: Findings) -> go.Figure:
    """Chart of the mean and the P90 of the regret of each decision, the best on average first."""
    decisions = best_first(findings.robustness)
    size, unit = money_scale(findings, [item.regret_p90 for item in decisions])
    least = min(decisions, key=lambda item: item.regret_mean.value)
    chart = new_figure(f"{label(least.title)} has the smallest mean regret", height=120 + TWO_BAR_ROW * len(decisions))
    for shift, title, hex_colour, shape, items in (
        (-GROUP_SHIFT, "mean regret", BLUE, "", [item.regret_mean for item in decisions]),
        (GROUP_SHIFT, "P90 of the regret", ORANGE, "/", [item.regret_p90 for item in decisions]),
    ):
        chart.add_trace(
            go.Bar(
                orientation="h", x=[finite(item.value) / size for item in items],
                y=list(range(len(items))), name=title, error_x=errors(items, size),
                marker={"color": hex_colour, "line": {"width": 0}, "pattern": {"shape": shape, "solidity": 0.25}},
                hovertemplate=f"{title}: %{{x:,.3g}} {unit}<extra></extra>",
            )
        )  # fmt: skip
        for row, item in enumerate(items):
            chart.add_annotation(
                x=max(0.0, finite(item.high), finite(item.value)) / size, y=row + shift, text=interval_text(item, size),
                showarrow=False, xanchor="left", xshift=5, font={"size": 11},
            )  # fmt: skip
    row_axis(chart, [item.title for item in decisions])
    ends = [finite(end) / size for d in decisions for i in (d.regret_mean, d.regret_p90) for end in (i.low, i.high)]
    value_axis(chart, f"regret, {unit}", ends)
    chart.update_layout(barmode="group", bargap=GROUP_GAP)
    return fit_legend(chart, axis_title=True)


def info_gap_chart(findings: Findings) -> go.Figure:
    """Chart of the mean net benefit by how far the main assumptions are from their medians."""
    items = findings.info_gap
    size, unit = money_scale(findings, [value for item in items for value in item.result])
    chart = new_figure(label(info_gap_title(findings, items)), height=380)
    for index, item in enumerate(items):
        name, hex_colour = label(findings.decision_title(item.decision)), colour(index)
        low, high = ([finite(getattr(value, end)) / size for value in item.result] for end in ("low", "high"))
        chart.add_trace(
            go.Scatter(
                x=[*item.horizon, *reversed(item.horizon)], y=[*high, *reversed(low)], fill="toself", mode="lines",
                fillcolor=with_opacity(hex_colour, 0.18), line={"width": 0}, hoverinfo="skip", showlegend=False,
            )
        )  # fmt: skip
        chart.add_trace(
            go.Scatter(
                x=list(item.horizon), y=[finite(value.value) / size for value in item.result], name=name,
                mode="lines+markers", line={"color": hex_colour, "width": 2.5, "dash": DASHES[index % len(DASHES)]},
                hovertemplate=f"{name}: %{{y:,.3g}} {unit}<extra></extra>",
            )
        )  # fmt: skip
        if isfinite(item.critical):
            chart.add_vline(x=item.critical, line={"color": hex_colour, "width": 1.5, "dash": "dash"})
            chart.add_annotation(
                x=item.critical, y=1.0, yref="paper", text=f" {digits(item.critical, 2)}", showarrow=False,
                xanchor="left", yanchor="top", font={"size": 12},
            )  # fmt: skip
    chart.update_xaxes(title="share of the way to the unfavourable P10 or P90", tickformat=".1f", hoverformat=".2f")
    chart.update_yaxes(title=f"mean net benefit, {unit}", rangemode="normal")
    chart.add_hline(y=0.0, line={"color": GREY, "width": 1, "dash": "dot"})
    return fit_legend(chart, axis_title=True)


def info_gap_title(findings: Findings, items: Sequence[InfoGap]) -> str:
    """Title with the decision that stands the largest error."""
    best = max(items, key=lambda item: item.critical)
    name = findings.decision_title(best.decision)
    if best.critical == 0.0:
        return "No decision of the programme pays on average with the main assumptions at their medians"
    if not isfinite(best.critical):
        return f"{name} pays on average at all errors examined"
    return f"{name} stands the largest error: {digits(best.critical, 2)} of the way to the unfavourable ends"


def mix_chart(findings: Findings) -> go.Figure:
    """Chart of the net benefit of each purchase of the best mix for its cost, in order."""
    rows = [
        Bar(
            f"{order}. {item.title}", item.per_million, BLUE if item.is_clear else GREY, interval_text(item.per_million)
        )
        for order, item in enumerate(findings.mix[:MAX_ROWS], 1)
    ]
    title = f"Buy first: {label(shorten(findings.mix[0].title, MAX_TITLE, placeholder=' …'))}"
    return bar_chart(title, rows, f"net benefit per {findings.money} spent", MILLION, "net benefit")


def main_charts(exploration: Exploration) -> dict[str, tuple[go.Figure, str]]:
    """The charts of an exploration with their captions, by name; those without data are omitted."""
    findings, charts = exploration.findings, dict[str, tuple[go.Figure, str]]()
    ranking = main_ranking(findings)
    if ranking is not None and shares_of(ranking):
        charts["rank"] = rank_chart(exploration, ranking), RANK_CAPTION
        if (convergence := convergence_chart(exploration, ranking)) is not None:
            charts["convergence"] = convergence, CONVERGENCE_CAPTION
    if findings.information is not None:
        charts["information"] = information_chart(exploration, findings.information), INFORMATION_CAPTION
        for name in dict.fromkeys(trial.name for trial in findings.information.trials):
            trials = [trial for trial in findings.information.trials if trial.name == name]
            charts[f"trial-{name}"] = trial_chart(findings, trials), TRIAL_CAPTION
    if len(findings.robustness) > 1:
        charts["regret"] = regret_chart(findings), REGRET_CAPTION
    if findings.info_gap:
        charts["info-gap"] = info_gap_chart(findings), INFO_GAP_CAPTION
    if findings.mix:
        charts["mix"] = mix_chart(findings), MIX_CAPTION
    return charts
