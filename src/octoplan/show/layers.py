"""From launched to stopped or leaked: the flow through the layers, one night of it, and the regions day by day."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr
from numpy.typing import NDArray

from octoplan.outcomes.run import Run
from octoplan.outcomes.view import View, view_of
from octoplan.scenario import limiting_factors
from octoplan.show.theme import (
    BLACK,
    BLUE,
    SKY,
    VERMILION,
    colour,
    faded,
    fit_legend,
    new_figure,
)


def flow(run: Run) -> go.Figure:
    """Sankey of the means over futures: threats by class, to the layer that stops them or to their targets."""
    view = view_of(run)
    launched, leaked = (view.tally(name).sum(axis=(1, 2)).mean(axis=0) for name in ("launched", "leaked"))
    stopped = view.tally("stopped_by").sum(axis=1).mean(axis=0)
    top = int(np.argmax(stopped.sum(axis=1)))
    title = (
        f"{100 * stopped.sum() / max(launched.sum(), 1e-9):.0f} % of threats are stopped, most of them by: "
        f"{view.title('layers', view.names.layers[top])} ({100 * stopped[top].sum() / max(stopped.sum(), 1e-9):.0f} %)"
    )
    return sankey(view, title, stopped, leaked, "mean of all futures")


def night(run: Run, days: xr.Dataset, day: int) -> go.Figure:
    """One raid as counts: what was launched on a day of a future, by class, which layer stopped it, what leaked.

    days
        The future as ``outcomes.days.told_by_day`` tells it.
    """
    view = view_of(run)
    leaked = days["leaked"].values[day].sum(axis=0)
    stopped = days["stopped_by"].values[day]
    launched, when = int(leaked.sum() + stopped.sum()), str(days["day"].values[day])[:10]
    regions = days["nights"].values[day].sum(axis=0)
    top = int(np.argmax(regions[1:])) + 1 if regions[1:].sum() else 0
    factor = limiting_factors.NIGHT_LIMITS[top]
    worst = f"; {regions[top]} of {regions.sum()} regions limited by {factor.title}" if factor.limits else ""
    title = f"{when}, future {days.attrs['future']}: {launched:,} launched, {int(leaked.sum()):,} reach a target{worst}"
    return sankey(view, title, stopped.astype(float), leaked.astype(float), "counts of one day")


def sankey(view: View, title: str, stopped: NDArray[np.float64], leaked: NDArray[np.float64], what: str) -> go.Figure:
    """Classes on the left, layers and targets on the right; a link's customdata is its turn in the class's doctrine.

    stopped, leaked
        (layers, threats) and (threats,).
    """
    threats = [view.title("threats", name) for name in view.names.threats]
    layers = [view.title("layers", name) for name in view.names.layers]
    used = [i for i in range(len(layers)) if stopped[i].sum() > 0.0]
    sums = stopped.sum(axis=0) + leaked
    come = [k for k in range(len(threats)) if sums[k] > 0.0]
    left = {k: place for place, k in enumerate(come)}
    right = {i: len(come) + place for place, i in enumerate(used)}
    end = len(come) + len(used)
    order = view.run.compiled.plan.layer_order.tolist()
    links = [
        (left[k], right[i], stopped[i, k], order[k].index(i), k) for i in used for k in come if stopped[i, k] > 0.0
    ]
    links += [(left[k], end, leaked[k], len(layers), k) for k in come if leaked[k] > 0.0]
    names = [f"{threats[k]}: {sums[k]:,.0f}" for k in come]
    names += [f"{layers[i]}: {stopped[i].sum():,.0f}" for i in used] + [f"reach a target: {leaked.sum():,.0f}"]
    chart = new_figure(title, height=430)
    chart.add_trace(
        go.Sankey(
            arrangement="snap", valueformat=",.0f", valuesuffix=" threats",
            node={"label": names, "pad": 18, "thickness": 16, "line": {"color": BLACK, "width": 0.5},
                  "color": [*(colour(k) for k in come), *(SKY for _ in used), VERMILION]},
            link={"source": [a for a, *_ in links], "target": [b for _, b, *_ in links],
                  "value": [v for _, _, v, _, _ in links], "color": [faded(colour(k), 0.35) for *_, k in links],
                  "customdata": [turn for *_, turn, _ in links]},
            textfont={"color": BLACK, "size": 13},
        )
    )  # fmt: skip
    chart.add_annotation(text=f"threats, {what}", x=0.0, y=-0.1, xref="paper", yref="paper", showarrow=False,
                         xanchor="left", font={"size": 12, "color": "#555555"})  # fmt: skip
    chart.update_xaxes(visible=False)
    chart.update_yaxes(visible=False)
    return chart.update_layout(margin={"l": 12, "r": 12, "b": 44})


def fan(run: Run) -> go.Figure:
    """Units delivered a month as a fan, P5 to P95 in steps, against 1,000 and 2,000 a month."""
    view = view_of(run)
    months, sent = list(view.names.months), view.tally("delivered").sum(axis=2)
    lines = {q: np.quantile(sent, q, axis=0) for q in (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)}
    chart = new_figure(fan_words(view, sent), height=430)
    for low, high, opacity, name in (
        (0.05, 0.95, 0.13, "P5 to P95"), (0.1, 0.9, 0.16, "P10 to P90"), (0.25, 0.75, 0.22, "P25 to P75"),
    ):  # fmt: skip
        chart.add_trace(
            go.Scatter(
                x=[*months, *reversed(months)], y=[*lines[high], *reversed(lines[low])], fill="toself", mode="lines",
                fillcolor=faded(BLUE, opacity), line={"color": faded(BLUE, 0.55), "width": 0.8}, name=name,
                hoverinfo="skip",
            )
        )  # fmt: skip
    chart.add_trace(
        go.Scatter(
            x=months, y=lines[0.5], name="P50", mode="lines", line={"color": BLUE, "width": 2.8},
            customdata=np.stack([lines[0.1], lines[0.9]], axis=-1),
            hovertemplate="P50 %{y:,.0f} (P10 %{customdata[0]:,.0f}, P90 %{customdata[1]:,.0f})<extra></extra>",
        )
    )  # fmt: skip
    for rate in (1000, 2000):
        chart.add_hline(
            y=rate, line={"color": BLACK, "width": 1.2, "dash": "dash"},
            annotation={"text": f"{rate:,} a month", "font": {"size": 12}, "bgcolor": "rgba(255,255,255,0.75)"},
            annotation_position="top left",
        )  # fmt: skip
    chart.update_yaxes(title="units delivered a month", range=[0, 1.06 * max(2000.0, float(lines[0.95].max()))])
    return fit_legend(chart)


def fan_words(view: View, sent: NDArray[np.int64]) -> str:
    """In which month half of the futures, and nine in ten, deliver 2,000 a month."""
    months = view.names.months
    share = (np.maximum.accumulate(sent, axis=1) >= 2000).mean(axis=0)
    half, most = (next((months[i] for i in range(len(months)) if share[i] >= q), None) for q in (0.5, 0.9))
    if half is None:
        return f"{100 * share[-1]:.0f} % of futures have delivered 2,000 units in a month by {months[-1]}"
    rest = f", nine in ten by {most}" if most else f"; {100 * share[-1]:.0f} % do by {months[-1]}"
    return f"Half of the futures have delivered 2,000 units in a month by {half}{rest}"


def by_day(run: Run, days: xr.Dataset) -> NDArray[np.int64]:
    """(days, regions) leakers by day and region of one future, decoys left out."""
    decoy = run.compiled.template.threats["decoy"] == 1
    values: NDArray[np.int64] = days["leaked"].values[..., ~decoy].sum(axis=2)
    return values


def worst_day(days: xr.Dataset) -> int:
    """The day of a future on which most was launched."""
    return int(np.argmax(days["launched"].values.sum(axis=(1, 2))))
