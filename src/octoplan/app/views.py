"""The charts of each view of the page, drawn by the same functions as those of the report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from octoplan.answer.answer import Answer
from octoplan.outcomes.finance import cost_estimate, leakers_prevented, net_benefit
from octoplan.outcomes.median_case import run_at_medians
from octoplan.outcomes.run import Run
from octoplan.outcomes.sensitivity import acts_on_threats, sensitivities
from octoplan.outcomes.view import view_of
from octoplan.show import forecast, marginal_chart, sensitivity
from octoplan.show.charts import page_figures
from octoplan.show.front import LEAKERS_PREVENTED, NET_BENEFIT
from octoplan.show.money_charts import cost_s_curve
from octoplan.show.provenance import impacts
from octoplan.show.theme import MILLION
from octoplan.show.tornado import CAPTION as TORNADO_CAPTION
from octoplan.show.tornado import tornado

MIN_FUTURES_FOR_BASE_CASE = 32
"""Minimum number of futures at which charts that need the base case are drawn."""
RAIDS_NOTE = "Dots: published monthly totals, with sources in the documentation. Band: P10 to P90 of simulated totals."
S_CURVE_NOTE = "In brackets: the contingency to be added to the point estimate."


@dataclass(frozen=True)
class CaptionedChart:
    """A chart with its name and the note below it; ``overlay``: whether the baseline is added in grey."""

    name: str
    chart: go.Figure
    note: str
    overlay: bool = True


def charts_of(run: Run, *names: str, overlay: bool = True) -> list[CaptionedChart]:
    """Charts of the report by name; charts without data are omitted."""
    return [CaptionedChart(item.name, item.chart, item.caption, overlay) for item in page_figures(run, *names)]


def raid_charts(run: Run) -> list[CaptionedChart]:
    """Chart of the threats launched by month, compared with published totals."""
    return [CaptionedChart("launches", forecast.launches(run), RAIDS_NOTE)]


def first_chart(run: Run) -> list[CaptionedChart]:
    """The chart with the key results: deliveries against the targets, and leakers with and without the programme."""
    return charts_of(run, "deliveries-and-leakers")


def supply_charts(run: Run) -> list[CaptionedChart]:
    """Charts of deliveries, production by plant, limiting factors of the plants, and stock."""
    return charts_of(run, "deliveries", "production", "plant-limits", "stock")


def defence_charts(run: Run) -> list[CaptionedChart]:
    """Charts of the flow of threats through the layers, leakers, sorties and crews."""
    flows = charts_of(run, "waterfall", "leakers-by-region", "damage-by-region", "threat-flow", overlay=False)
    return flows + charts_of(run, "night-limits", "stopped-share", "kills-per-sortie", "crews")


def cost_charts(run: Run) -> list[CaptionedChart]:
    """Charts of spend, cost per kill and cost-effectiveness; with enough futures, S-curve and present values too."""
    charts = charts_of(run, "spend") + charts_of(
        run, "cost-and-benefit", "cost-per-kill", "cost-effectiveness", overlay=False
    )
    if run.futures >= MIN_FUTURES_FOR_BASE_CASE:
        medians = run_at_medians(run)
        if not medians.status.any():
            curve = cost_s_curve(cost_estimate(run, medians), view_of(run).unit)
            charts.insert(0, CaptionedChart("cost-s-curve", curve, S_CURVE_NOTE, overlay=False))
        charts += charts_of(run, "present-values", overlay=False)
    return charts


def answer_charts(answer: Answer) -> list[CaptionedChart]:
    """The chart of the marginal million, which needs the answer of a run; none if no change was tested."""
    million = marginal_chart.marginal_million(answer)
    if million is None:
        return []
    return [CaptionedChart("marginal-million", million, marginal_chart.CAPTION, overlay=False)]


def tornado_charts(run: Run) -> list[CaptionedChart]:
    """Tornado charts of the net benefit and of the leakers prevented."""
    unit = view_of(run).unit
    charts = []
    for name, title, values, scale, unit_label in (
        ("tornado-net-benefit", NET_BENEFIT, net_benefit(run), MILLION, f"M {unit}"),
        ("tornado-leakers-prevented", LEAKERS_PREVENTED, leakers_prevented(run), 1.0, ""),
    ):  # fmt: skip
        effects = sensitivities(run, values)
        if effects:
            chart = tornado(run.scenario, effects, title, unit_label, size=scale)
            charts.append(CaptionedChart(name, chart, TORNADO_CAPTION, overlay=False))
    return charts


CHARTS_BY_VIEW: Mapping[str, Callable[[Run], Sequence[CaptionedChart]]] = {
    "results": first_chart, "raids": raid_charts, "supply": supply_charts, "defence": defence_charts,
    "money": cost_charts, "sensitivity": tornado_charts,
}  # fmt: skip

OVERLAID_VIEWS = ("results", "raids", "supply", "defence")
"""Views with charts to which the lines of the baseline are added."""

VIEWS_WITH_MORE_FUTURES = ("sensitivity", "log")
"""Views that need more futures than the others."""


def impacts_by_assumption(run: Run) -> dict[str, dict[str, Any]]:
    """Effect of each assumption on the net benefit, in millions, with standard error, and its impact."""
    net = net_benefit(run)
    effects = sensitivities(run, net)
    leakers = [
        item for item in sensitivities(run, leakers_prevented(run)) if acts_on_threats(run.scenario, item.assumption)
    ]
    ratings = impacts(run, net, effects, leakers)
    return {
        effect.assumption.name: {
            "impact": ratings[effect.assumption.name].rating, "effect": effect.difference / MILLION,
            "error": effect.error / MILLION,
        }
        for effect in effects
    }  # fmt: skip


def switching_values(run: Run) -> list[str]:
    """Sentences that state switching values: where the net benefit or the leakers prevented change sign."""
    net_benefit_sentences = sensitivity.switching_values(
        run.scenario, sensitivities(run, net_benefit(run)), NET_BENEFIT
    )
    return [
        *net_benefit_sentences,
        *sensitivity.switching_values(run.scenario, sensitivities(run, leakers_prevented(run)), LEAKERS_PREVENTED),
    ]
