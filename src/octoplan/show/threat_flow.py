"""Sankey diagrams of threats through the layers of the defence, over all futures and on one day; leakers by day."""

import numpy as np
import plotly.graph_objects as go
import xarray as xr
from numpy.typing import NDArray

from octoplan.outcomes.run import Run
from octoplan.outcomes.view import View, total, view_of
from octoplan.scenario import limiting_factors
from octoplan.show.theme import BLACK, SKY, VERMILION, colour, label, new_figure, with_opacity


def threat_flow(run: Run) -> go.Figure:
    """Sankey diagram of threats from their class to the layer that stops them, or to leakers; means over futures.

    >>> import octoplan as op
    >>> op.show.threat_flow(op.simulate("pocket", futures=4)).data[0].type
    'sankey'
    """
    view = view_of(run)
    launched, leaked = (total(run, name, "month", "region").mean(axis=0) for name in ("launched", "leaked"))
    stopped = total(run, "stopped_by", "month").mean(axis=0)
    if not launched.sum():
        return sankey(view, "No threat is launched", stopped, leaked, "mean over futures")
    top = int(np.argmax(stopped.sum(axis=1)))
    share = stopped[top].sum() / max(stopped.sum(), 1.0)
    name = label(view.title("layers", view.names.layers[top]))
    by = f"{'most of them' if share > 0.5 else 'the largest share'} by: {name} ({100 * share:.0f} %)"
    title = f"{100 * stopped.sum() / launched.sum():.0f} % of threats are stopped{f', {by}' if share else ''}"
    return sankey(view, title, stopped, leaked, "mean over futures")


def threat_flow_on_day(run: Run, days: xr.Dataset, day: int) -> go.Figure:
    """Sankey diagram of the threats on one day of one future.

    days
        Daily tallies of the future, from ``outcomes.daily.daily_tallies``.
    day
        Index of the day.

    >>> import octoplan as op
    >>> from octoplan.outcomes.daily import daily_tallies
    >>> run = op.simulate("pocket", futures=4)
    >>> op.show.threat_flow_on_day(run, daily_tallies(run, 0), day=10).data[0].type
    'sankey'
    """
    view = view_of(run)
    leaked, stopped = days["leaked"].values[day].sum(axis=0), days["stopped_by"].values[day]
    launched, date = int(leaked.sum() + stopped.sum()), str(days["day"].values[day])[:10]
    regions_by_factor = days["nights"].values[day].sum(axis=0)
    top = int(np.argmax(regions_by_factor[1:])) + 1 if regions_by_factor[1:].sum() else 0
    factor = limiting_factors.NIGHT_LIMITS[top]
    limited = (
        f"; {regions_by_factor[top]} of {regions_by_factor.sum()} regions limited by {factor.title}"
        if factor.is_limiting
        else ""
    )
    title = f"{date}, future {days.attrs['future']}: {launched:,} launched, {int(leaked.sum()):,} leakers{limited}"
    return sankey(view, title, stopped.astype(float), leaked.astype(float), "counts of one day")


def sankey(view: View, title: str, stopped: NDArray[np.float64], leaked: NDArray[np.float64], unit: str) -> go.Figure:
    """Sankey diagram from classes to layers and leakers; ``customdata`` of a link is the layer's order in the doctrine.

    stopped, leaked
        Threats by layer and class, (layers, threats), and by class, (threats,).
    unit
        Meaning of the numbers, such as "mean over futures".
    """
    sources = [k for k, count in enumerate(stopped.sum(axis=0) + leaked) if count > 0.0]
    targets = [i for i, counts in enumerate(stopped) if counts.sum() > 0.0]
    links = flow_links(view, stopped, leaked, sources, targets)
    chart = new_figure(title, height=430)
    chart.add_trace(
        go.Sankey(
            arrangement="snap",
            valueformat=",.0f",
            valuesuffix=" threats",
            node={
                "label": node_labels(view, stopped, leaked, sources, targets),
                "pad": 18,
                "thickness": 16,
                "line": {"color": BLACK, "width": 0.5},
                "color": [*(colour(k) for k in sources), *(SKY for _ in targets), VERMILION],
            },
            link={
                "source": [source for source, *_ in links],
                "target": [target for _, target, *_ in links],
                "value": [value for _, _, value, _, _ in links],
                "color": [with_opacity(colour(k), 0.35) for *_, k in links],
                "customdata": [order for *_, order, _ in links],
            },
            textfont={"color": BLACK, "size": 13},
        )
    )
    chart.add_annotation(
        text=f"threats, {unit}",
        x=0.0,
        y=-0.1,
        xref="paper",
        yref="paper",
        showarrow=False,
        xanchor="left",
        font={"size": 12, "color": "#555555"},
    )
    chart.update_xaxes(visible=False)
    chart.update_yaxes(visible=False)
    return chart.update_layout(margin={"l": 12, "r": 12, "b": 44})


def node_labels(
    view: View, stopped: NDArray[np.float64], leaked: NDArray[np.float64], sources: list[int], targets: list[int]
) -> list[str]:
    """Labels of the nodes: classes, layers and leakers, with their numbers of threats."""
    launched = stopped.sum(axis=0) + leaked
    classes = [f"{label(view.title('threats', view.names.threats[k]))}: {launched[k]:,.0f}" for k in sources]
    layers = [f"{label(view.title('layers', view.names.layers[i]))}: {stopped[i].sum():,.0f}" for i in targets]
    return [*classes, *layers, f"leakers: {leaked.sum():,.0f}"]


def flow_links(
    view: View, stopped: NDArray[np.float64], leaked: NDArray[np.float64], sources: list[int], targets: list[int]
) -> list[tuple[int, int, float, int, int]]:
    """Links of a Sankey diagram: source node, target node, threats, order in the doctrine, and index of the class."""
    order = view.run.compiled.plan.layer_order.tolist()
    links = [
        (source, len(sources) + target, float(stopped[i, k]), order[k].index(i), k)
        for target, i in enumerate(targets)
        for source, k in enumerate(sources)
        if stopped[i, k] > 0.0
    ]
    leaker_node = len(sources) + len(targets)
    links += [
        (source, leaker_node, float(leaked[k]), len(stopped), k) for source, k in enumerate(sources) if leaked[k] > 0.0
    ]
    return links


def leakers_by_day(run: Run, days: xr.Dataset) -> NDArray[np.int64]:
    """(days, regions) leakers in one future, excluding decoys."""
    leaked: NDArray[np.int64] = days["leaked"].values[..., view_of(run).not_decoys].sum(axis=2)
    return leaked


def worst_day(days: xr.Dataset) -> int:
    """Index of the day of a future on which most threats are launched."""
    return int(np.argmax(days["launched"].values.sum(axis=(1, 2))))
