"""The first chart of a run: deliveries against the scenario's targets, and leakers with and without the programme."""

import numpy as np
import plotly.graph_objects as go

from octoplan.answer.totals import effect_of
from octoplan.outcomes.finance import leakers_prevented
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import View, by_future, total, view_of
from octoplan.scenario.arrays import Floats
from octoplan.show.rounding import plus_minus
from octoplan.show.supply_charts import add_deliveries, deliveries_title
from octoplan.show.theme import BLUE, VERMILION, add_band, fit_legend, new_figure

HEIGHT = 340
"""Height of the panels in pixels."""
LABEL_SHIFT = 11
"""Distance in pixels between the end of a line and its label."""
MIN_LABEL_DISTANCE = 0.15
"""Distance between two lines, as a share of the axis, from which both have their labels above them."""


def deliveries_and_leakers(run: Run) -> go.Figure:
    """Chart of units delivered a month, with the targets, and of leakers a month with and without the programme.

    A scenario without raids has the deliveries alone.

    >>> import octoplan as op
    >>> chart = op.show.deliveries_and_leakers(op.simulate("pocket", futures=4))
    >>> [trace.name for trace in chart.data if trace.showlegend is not False][-2:]
    ['without the programme', 'with the programme']
    """
    view = view_of(run)
    delivered = total(run, "delivered", "plant")
    leaked, without = (monthly_leakers(run, counterfactual=absent) for absent in (False, True))
    title = deliveries_title(view, delivered, run.scenario.output_targets, brief=True)
    if not total(run, "launched", "month", "region", "threat").any():
        chart = new_figure(title, height=HEIGHT)
        add_deliveries(chart, run, delivered)
        return fit_legend(chart.update_yaxes(title="units a month"))
    prevented = plus_minus(effect_of(interval(leakers_prevented(run), futures=run.finished_futures)))
    chart = new_figure(
        f"{title}; leakers prevented: {prevented}",
        ("units delivered", "leakers, excluding decoys"),
        height=HEIGHT,
    )
    add_deliveries(chart, run, delivered)
    ends = float(np.median(without[:, -1])), float(np.median(leaked[:, -1]))
    below = ends[0] - ends[1] < MIN_LABEL_DISTANCE * float(np.quantile(without, 0.9, axis=0).max())
    for name, values, hex_colour, dash, end, shift in (
        ("without the programme", without, VERMILION, "dash", ends[0], LABEL_SHIFT),
        ("with the programme", leaked, BLUE, "solid", ends[1], -LABEL_SHIFT if below else LABEL_SHIFT),
    ):
        add_band(chart, view.names.months, values, name, hex_colour, column=2, dash=dash)
        label_line(chart, view.names.months[-1], end, name.split()[0], hex_colour, shift)
    chart.update_yaxes(title="units a month", col=1)
    chart.update_yaxes(title="threats a month", col=2)
    return fit_legend(chart)


def label_line(chart: go.Figure, month: str, value: float, text: str, hex_colour: str, shift: int) -> None:
    """Label the end of a line in the second panel, ``shift`` pixels above it."""
    chart.add_annotation(
        x=month, y=value, text=text, showarrow=False, xanchor="right", yshift=shift, xshift=-4,
        font={"size": 12, "color": hex_colour}, bgcolor="rgba(255,255,255,0.75)", row=1, col=2,
    )  # fmt: skip


def monthly_leakers(run: Run, *, counterfactual: bool) -> Floats:
    """(futures, months) leakers excluding decoys, with the programme or in the counterfactual."""

    def of_view(view: View) -> Floats:
        leaked = view.tally("leaked", counterfactual=counterfactual)
        return np.asarray(leaked[..., view.not_decoys].sum(axis=(2, 3)), np.float64)

    return by_future(run, of_view)
