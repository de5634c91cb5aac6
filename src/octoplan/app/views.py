"""The figures of each view of the page, drawn by the same functions as in the report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from octoplan.outcomes.finance import cost_estimate, leakers_prevented, net_benefit
from octoplan.outcomes.median_case import run_at_medians
from octoplan.outcomes.run import Run
from octoplan.outcomes.sensitivity import sensitivities
from octoplan.outcomes.view import view_of
from octoplan.show import forecast, sensitivity
from octoplan.show.charts import page_figures
from octoplan.show.front import LEAKERS_PREVENTED, NET_BENEFIT
from octoplan.show.money_charts import cost_s_curve
from octoplan.show.provenance import impacts
from octoplan.show.theme import MILLION

BASE_CASE_FUTURES = 32
"""Minimum number of futures for figures that require a simulation at medians."""
RAIDS_NOTE = "Dots: published monthly totals, with sources in the documentation. Band: P10 to P90 of simulated totals."
S_CURVE_NOTE = "In brackets: the contingency to be added to the point estimate."


@dataclass(frozen=True)
class Figure:
    """A chart with its name and note; ``overlay`` is True if the lines of the baseline may be added in grey."""

    name: str
    chart: go.Figure
    note: str
    overlay: bool = True


def charts_of(run: Run, *names: str, overlay: bool = True) -> list[Figure]:
    """Charts of the report by name; charts without data are omitted."""
    return [Figure(item.name, item.chart, item.caption, overlay) for item in page_figures(run, *names)]


def raids(run: Run) -> list[Figure]:
    """Threats launched by month, compared with published totals."""
    return [Figure("launches", forecast.launches(run), RAIDS_NOTE)]


def supply(run: Run) -> list[Figure]:
    """Deliveries, production by plant, limiting factors of the plants, and stock."""
    return charts_of(run, "deliveries", "production", "plant-limits", "stock")


def defence(run: Run) -> list[Figure]:
    """Threats through the layers, leakers, sorties and crews."""
    flow = charts_of(run, "threat-flow", overlay=False)
    return flow + charts_of(run, "night-limits", "stopped-share", "leakers-by-region", "kills-per-sortie", "crews")


def costs(run: Run) -> list[Figure]:
    """Spend, cost per kill and cost-effectiveness; with enough futures also the cost S-curve and present values."""
    figures = charts_of(run, "spend") + charts_of(run, "cost-per-kill", "cost-effectiveness", overlay=False)
    if run.futures >= BASE_CASE_FUTURES:
        medians = run_at_medians(run)
        if not medians.status.any():
            curve = cost_s_curve(cost_estimate(run, medians), view_of(run).unit)
            figures.insert(0, Figure("cost-s-curve", curve, S_CURVE_NOTE, overlay=False))
        figures += charts_of(run, "present-values", overlay=False)
    return figures


def tornados(run: Run) -> list[Figure]:
    """Tornados of the net benefit and of the leakers prevented."""
    unit = view_of(run).unit
    figures = []
    for name, title, values, size, value_unit in (
        ("tornado-net-benefit", NET_BENEFIT, net_benefit(run), MILLION, f"M {unit}"),
        ("tornado-leakers-prevented", LEAKERS_PREVENTED, leakers_prevented(run), 1.0, ""),
    ):  # fmt: skip
        effects = sensitivities(run, values)
        if effects:
            chart = sensitivity.tornado(run.scenario, effects, title, value_unit, size=size)
            figures.append(Figure(name, chart, sensitivity.CAPTION, overlay=False))
    return figures


FIGURES: Mapping[str, Callable[[Run], Sequence[Figure]]] = {
    "raids": raids, "supply": supply, "defence": defence, "money": costs, "sensitivity": tornados,
}  # fmt: skip

OVERLAID = ("raids", "supply", "defence")
"""Views with line charts to which the lines of the baseline are added."""

VIEWS_WITH_MORE_FUTURES = ("sensitivity", "log")
"""Views that need more futures than the others."""


def impacts_by_assumption(run: Run) -> dict[str, dict[str, Any]]:
    """Effect of each assumption on the net benefit, in millions, with standard error and impact class."""
    effects = sensitivities(run, net_benefit(run))
    classes = impacts(run, effects)
    return {
        effect.assumption.name: {
            "impact": classes[effect.assumption.name], "effect": effect.difference / MILLION,
            "error": effect.error / MILLION,
        }
        for effect in effects
    }  # fmt: skip


def switching_values(run: Run) -> list[str]:
    """Sentences with the switching values of the net benefit and of the leakers prevented."""
    of_net = sensitivity.switching_values(run.scenario, sensitivities(run, net_benefit(run)), NET_BENEFIT)
    return [
        *of_net,
        *sensitivity.switching_values(run.scenario, sensitivities(run, leakers_prevented(run)), LEAKERS_PREVENTED),
    ]
