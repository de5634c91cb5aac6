"""The first chart of a run: deliveries against the scenario's targets, and leakers with and without the programme."""

import numpy as np
import plotly.graph_objects as go

from octoplan.answer.totals import effect_of
from octoplan.outcomes.finance import leakers_prevented
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import View, by_future, total, view_of
from octoplan.scenario.arrays import Floats
from octoplan.show.rounding import with_half_width
from octoplan.show.supply_charts import add_deliveries, deliveries_title
from octoplan.show.theme import BLUE, VERMILION, add_band, fit_legend, new_figure

HEIGHT = 320
"""Height of the panels in pixels."""
LABEL_SHIFT, LABEL_WIDTH = 8, 54
"""Distance in pixels between the ends of two close lines and their labels, and width of the labels."""
MIN_LABEL_DISTANCE = 0.1
"""Distance between the ends of two lines, as a share of the axis, below which their labels are moved apart."""


def deliveries_and_leakers(run: Run) -> go.Figure:
    """Chart of units delivered a month, with the targets, and of leakers a month with and without the programme.

    A scenario without raids has the deliveries alone.

    >>> import octoplan as op
    >>> chart = op.show.deliveries_and_leakers(op.simulate("pocket", futures=4))
    >>> [trace.name for trace in chart.data if trace.showlegend is not False][-2:]
    ['without the programme (band: P10 to P90)', 'with the programme (band: P10 to P90)']
    """
    view = view_of(run)
    delivered = total(run, "delivered", "plant")
    leaked, without = (monthly_leakers(run, counterfactual=absent) for absent in (False, True))
    title = deliveries_title(view, delivered, run.scenario.output_targets, brief=True)
    if not total(run, "launched", "month", "region", "threat").any():
        chart = new_figure(title, height=HEIGHT)
        add_deliveries(chart, run, delivered)
        return fit_legend(chart.update_yaxes(title="units a month"))
    prevented = with_half_width(effect_of(interval(leakers_prevented(run), futures=run.finished_futures)))
    decoys = "" if view.not_decoys.all() else ", excluding decoys"
    chart = new_figure(
        f"{title}; leakers prevented: {prevented}",
        ("units that reach the regions", f"leakers a month{decoys}"),
        height=HEIGHT,
    )
    add_deliveries(chart, run, delivered)
    ends = float(np.median(without[:, -1])), float(np.median(leaked[:, -1]))
    is_close = abs(ends[0] - ends[1]) < MIN_LABEL_DISTANCE * float(np.quantile(without, 0.9, axis=0).max())
    shift = np.sign(ends[0] - ends[1] or 1.0) * LABEL_SHIFT if is_close else 0.0
    for name, values, hex_colour, dash, end, label_shift in (
        ("without the programme", without, VERMILION, "dash", ends[0], shift),
        ("with the programme", leaked, BLUE, "solid", ends[1], -shift),
    ):
        add_band(chart, view.names.months, values, name, hex_colour, column=2, dash=dash)
        if np.ptp(values, axis=0).any():
            chart.data[-1].name = f"{name} (band: P10 to P90)"
        label_line(chart, end, name.split()[0], hex_colour, label_shift)
    chart.update_yaxes(title="units a month", row=1, col=1)
    return fit_legend(chart.update_layout(margin={"r": LABEL_WIDTH}))


def label_line(chart: go.Figure, value: float, text: str, hex_colour: str, shift: float) -> None:
    """Label the end of a line right of the second panel, ``shift`` pixels above it."""
    chart.add_annotation(
        xref="x2 domain", x=1.0, yref="y2", y=value, text=text, showarrow=False, xanchor="left", yshift=shift,
        font={"size": 12, "color": hex_colour},
    )  # fmt: skip


def monthly_leakers(run: Run, *, counterfactual: bool) -> Floats:
    """(futures, months) leakers excluding decoys, with the programme or in the counterfactual."""

    def of_view(view: View) -> Floats:
        leaked = view.tally("leaked", counterfactual=counterfactual)
        return np.asarray(leaked[..., view.not_decoys].sum(axis=(2, 3)), np.float64)

    return by_future(run, of_view)
