"""Waterfall of threats from launched, through each layer of the defence, to leakers; with and without the programme."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from octoplan.answer.totals import effect
from octoplan.outcomes.finance import leakers_prevented
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import View, by_future, view_of
from octoplan.scenario.arrays import Floats
from octoplan.show.rounding import number, plus_minus
from octoplan.show.series import month_total
from octoplan.show.theme import BLUE, GRID_COLOUR, ORANGE, fit_legend, label, new_figure

ROW_HEIGHT = 50
"""Height of a row in pixels."""


class Flow(NamedTuple):
    """Mean numbers of threats: launched, stopped by each layer, (layers,), and leakers."""

    launched: float
    stopped: Floats
    leaked: float


def waterfall(run: Run) -> go.Figure | None:
    """Waterfall of the threats that each layer stops, with and without the programme, means over futures.

    Decoys have a separate panel. Layers are in the order in which they engage.
    None if no threat is launched.

    >>> import octoplan as op
    >>> op.show.waterfall(op.simulate("pocket", futures=4)).data[0].name
    'without the programme'
    """
    if not month_total(run, "launched").any():
        return None
    view = view_of(run)
    decoys = ~view.not_decoys
    groups = [("excluding decoys", view.not_decoys), *([("decoys", decoys)] if decoys.any() else [])]
    flows = [[flow(run, classes, counterfactual=absent) for absent in (True, False)] for _, classes in groups]
    layers = used_layers(run, [item for pair in flows for item in pair])
    names = ["launched", *(label(view.title("layers", view.names.layers[i])) for i in layers), "leakers"]
    panels = tuple(f"threats, {name}" for name, _ in groups) if len(groups) > 1 else ("",)
    height = 120 + (ROW_HEIGHT * len(names) + 60) * len(groups)
    chart = new_figure(waterfall_title(run, flows[0]), panels, rows=len(groups), height=height)
    for panel, pair in enumerate(flows, start=1):
        for name, item, hex_colour, shape in zip(
            ("without the programme", "with the programme"), pair, (ORANGE, BLUE), ("/", ""), strict=True
        ):
            add_steps(chart, panel, name, steps(item, layers), hex_colour, shape)
        largest = max(item.launched for item in pair)
        chart.update_xaxes(range=[0.0, 1.18 * max(largest, 1.0)], row=panel, col=1)
    chart.update_yaxes(
        tickvals=list(range(len(names))), ticktext=names, range=[len(names) - 0.4, -0.6], showgrid=False,
        zeroline=False, automargin=True, rangemode="normal",
    )  # fmt: skip
    chart.update_xaxes(tickformat=",", hoverformat=",.0f", showgrid=True, gridcolor=GRID_COLOUR)
    chart.update_xaxes(title="threats, mean over futures")
    chart.update_annotations(x=0.0, xanchor="left")
    chart.update_layout(hovermode="closest", barmode="group", margin={"l": 14})
    return fit_legend(chart, axis_title=True)


def waterfall_title(run: Run, pair: Sequence[Flow]) -> str:
    """Title with the threats launched, the leakers with and without the programme, and their paired difference."""
    without, item = pair
    prevented = effect(leakers_prevented(run), run.finished_futures)
    return (
        f"Of {number(item.launched)} threats, {number(item.leaked)} reach their targets, "
        f"{number(without.leaked)} without the programme; leakers prevented: {plus_minus(prevented)}"
    )


def flow(run: Run, classes: NDArray[np.bool_], *, counterfactual: bool) -> Flow:
    """Mean numbers of threats of some classes, launched, stopped by layer, and leaked."""

    def of_view(view: View) -> Floats:
        stopped = view.tally("stopped_by", counterfactual=counterfactual)[..., classes].sum(axis=(1, 3))
        others = [
            view.tally(name, counterfactual=counterfactual)[..., classes].sum(axis=(1, 2, 3))[:, None]
            for name in ("launched", "leaked")
        ]
        return np.concatenate([*others, stopped], axis=1).astype(np.float64)

    launched, leaked, *stopped = by_future(run, of_view).mean(axis=0).tolist()
    return Flow(launched, np.array(stopped), leaked)


def used_layers(run: Run, flows: Sequence[Flow]) -> list[int]:
    """The layers that stop threats, in the order in which they engage, on average over the classes of threat."""
    orders = run.compiled.plan.layer_order.tolist()
    used = [i for i in range(len(flows[0].stopped)) if any(item.stopped[i] > 0.0 for item in flows)]
    positions = {i: [order.index(i) for order in orders if i in order] for i in used}
    return sorted(used, key=lambda i: (sum(positions[i]) / len(positions[i]), i))


def steps(item: Flow, layers: Sequence[int]) -> tuple[Floats, Floats]:
    """Start and length of the bar of each row: launched, stopped by each layer, and leaked."""
    stopped = item.stopped[list(layers)]
    remaining = item.launched - np.cumsum(stopped)
    return np.array([0.0, *remaining, 0.0]), np.array([item.launched, *stopped, item.leaked])


def add_steps(
    chart: go.Figure, panel: int, name: str, bars: tuple[Floats, Floats], hex_colour: str, shape: str
) -> None:
    """Add the bars of the flow with or without the programme to a panel."""
    start, length = bars
    chart.add_trace(
        go.Bar(
            orientation="h", x=length, base=start, y=list(range(len(length))), name=name, offsetgroup=name,
            marker={"color": hex_colour, "pattern": {"shape": shape, "solidity": 0.25}, "line": {"width": 0}},
            text=[number(value) for value in length], textposition="outside", cliponaxis=False,
            textfont={"size": 11}, customdata=length, showlegend=panel == 1, legendgroup=name,
            hovertemplate=f"{name}: %{{customdata:,.0f}}<extra></extra>",
        ), row=panel, col=1,
    )  # fmt: skip
