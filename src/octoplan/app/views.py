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
from octoplan.show import annexes, forecast, layers, money, sensitivity
from octoplan.show.answer import FEWER, NET
from octoplan.show.charts import CHARTS
from octoplan.show.provenance import impacts
from octoplan.show.theme import M

BASE_CASE_FUTURES = 32
"""Futures from which on figures are drawn that need a simulation at medians."""
RAIDS_NOTE = "Dots are published months, from the sources in the documentation; the band is what the scenario draws."
SCURVE_NOTE = "In brackets: the amount to be added to the central estimate."


@dataclass(frozen=True)
class Figure:
    """A chart with its name and its note; ``overlay`` says whether the baseline's lines are drawn behind it."""

    name: str
    chart: go.Figure
    note: str
    overlay: bool = True


def charts_of(run: Run, *names: str) -> list[Figure]:
    """Charts of the report by name."""
    return [Figure(name, CHARTS[name][0](run), CHARTS[name][1]) for name in names]


def raids(run: Run) -> list[Figure]:
    """Threats launched by month against the published record."""
    return [Figure("launches", forecast.launches(run), RAIDS_NOTE)]


def supply(run: Run) -> list[Figure]:
    """Production by plant, stock, and the fan of output."""
    return [Figure("fan", layers.fan(run), annexes.FAN), *charts_of(run, "production", "plants", "stock")]


def defence(run: Run) -> list[Figure]:
    """Threats through the layers, leakers, sorties and crews."""
    flow = Figure("flow", layers.flow(run), annexes.FLOW, overlay=False)
    return [flow, *charts_of(run, "nights", "stopped", "leakers", "sorties", "crews")]


def costs(run: Run) -> list[Figure]:
    """Spending, cost per kill and cost-effectiveness; from enough futures on also the S-curve and discounting."""
    figures = charts_of(run, "spend")
    price = money.kill(run)
    if price is not None:
        figures.append(Figure("kill", price, annexes.KILL, overlay=False))
    figures.append(Figure("plane", money.plane(run), annexes.PLANE, overlay=False))
    if run.futures >= BASE_CASE_FUTURES:
        medians = run_at_medians(run)
        if not medians.status.any():
            curve = money.scurve(cost_estimate(run, medians), view_of(run).unit)
            figures.insert(0, Figure("scurve", curve, SCURVE_NOTE, overlay=False))
        figures.append(Figure("discounted", money.discounted(run), annexes.RATES, overlay=False))
    return figures


def tornados(run: Run) -> list[Figure]:
    """Tornados of the net benefit and of the leakers prevented."""
    unit = view_of(run).unit
    figures = []
    for name, title, values, size, value_unit in (
        ("tornado-net", NET, net_benefit(run), M, f"M {unit}"),
        ("tornado-kept", FEWER, leakers_prevented(run), 1.0, "leakers"),
    ):  # fmt: skip
        effects = sensitivities(run, values)
        if effects:
            chart = sensitivity.tornado(run.scenario, effects, title, value_unit, size=size)
            figures.append(Figure(name, chart, sensitivity.METHOD, overlay=False))
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
    of_net = sensitivity.switching(run.scenario, sensitivities(run, net_benefit(run)), NET)
    return [*of_net, *sensitivity.switching(run.scenario, sensitivities(run, leakers_prevented(run)), FEWER)]
