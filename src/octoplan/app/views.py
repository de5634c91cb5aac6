"""The figures of each view, drawn by the functions that also draw the report."""

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
from octoplan.show.theme import M

BASE_CASE_FUTURES = 32
"""Futures from which on figures are drawn that need a simulation at medians."""
RAIDS_NOTE = "Dots are published months, from the sources in the documentation; the band is what the scenario draws."
S_CURVE_NOTE = "In brackets: the contingency to be added to the point estimate."


@dataclass(frozen=True)
class Figure:
    """A chart with its name and its note; ``overlay`` says whether the baseline's lines are drawn behind it."""

    name: str
    chart: go.Figure
    note: str
    overlay: bool = True


def charts_of(run: Run, *names: str, overlay: bool = True) -> list[Figure]:
    """Charts of the report by name, without those that have nothing to draw."""
    return [Figure(item.name, item.chart, item.caption, overlay) for item in page_figures(run, *names)]


def raids(run: Run) -> list[Figure]:
    """Threats launched by month against the published record."""
    return [Figure("launches", forecast.launches(run), RAIDS_NOTE)]


def supply(run: Run) -> list[Figure]:
    """Deliveries, production by plant, limiting factors of the plants, and stock."""
    return charts_of(run, "deliveries", "production", "plant-limits", "stock")


def defence(run: Run) -> list[Figure]:
    """Threats through the layers, leakers, sorties and crews."""
    flow = charts_of(run, "threat-flow", overlay=False)
    return flow + charts_of(run, "night-limits", "stopped-share", "leakers-by-region", "kills-per-sortie", "crews")


def costs(run: Run) -> list[Figure]:
    """Spending, cost per kill and cost-effectiveness; from enough futures on also the S-curve and discounting."""
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
        ("tornado-net-benefit", NET_BENEFIT, net_benefit(run), M, f"M {unit}"),
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
"""Views with line charts, behind which those of the baseline can be read."""

DEEP = ("sensitivity", "log")
"""Views that need more futures than the others."""


def impacts_by_assumption(run: Run) -> dict[str, dict[str, Any]]:
    """By assumption: its effect on the net benefit in millions, the standard error, and its class of impact."""
    effects = sensitivities(run, net_benefit(run))
    classes = impacts(run, effects)
    return {
        effect.assumption.name: {
            "impact": classes[effect.assumption.name], "effect": effect.size / M, "error": effect.error / M,
        }
        for effect in effects
    }  # fmt: skip


def switching_values(run: Run) -> list[str]:
    """Sentences on the value of an assumption at which the net benefit, or the leakers prevented, change sign."""
    of_net = sensitivity.switching_values(run.scenario, sensitivities(run, net_benefit(run)), NET_BENEFIT)
    return [
        *of_net,
        *sensitivity.switching_values(run.scenario, sensitivities(run, leakers_prevented(run)), LEAKERS_PREVENTED),
    ]
