"""The figures of each view: the same functions that the report draws with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from octoplan.outcomes.finance import cost_estimate, leakers_prevented, net_benefit
from octoplan.outcomes.median_case import run_at_medians
from octoplan.outcomes.run import Run
from octoplan.outcomes.sensitivity import Sensitivity, sensitivities
from octoplan.outcomes.view import view_of
from octoplan.show import annexes, forecast, layers, money
from octoplan.show import sensitivity as matter
from octoplan.show.answer import FEWER, NET
from octoplan.show.charts import CHARTS
from octoplan.show.provenance import impacts
from octoplan.show.theme import M

SLOW = 32
"""Futures from which on figures are drawn that need flights of their own."""
RAIDS = "Dots are months as published, from the sources in the documentation; the band is what the scenario draws."


@dataclass(frozen=True)
class Figure:
    """A figure with its name and what to read in it; ``ghost`` says whether the own scenario's is drawn behind."""

    name: str
    chart: go.Figure
    note: str
    ghost: bool = True


def charted(*names: str) -> Callable[[Run], list[Figure]]:
    """The charts of a run by name."""
    return lambda run: [Figure(name, CHARTS[name][0](run), CHARTS[name][1]) for name in names]


def raids(run: Run) -> list[Figure]:
    return [Figure("launches", forecast.launches(run), RAIDS)]


def supply(run: Run) -> list[Figure]:
    return [Figure("fan", layers.fan(run), annexes.FAN), *charted("production", "plants", "stock")(run)]


def defence(run: Run) -> list[Figure]:
    own = charted("nights", "stopped", "leakers", "sorties", "crews")(run)
    return [Figure("flow", layers.flow(run), annexes.FLOW, ghost=False), *own]


def spent(run: Run) -> list[Figure]:
    """Money; the S-curve once enough futures are there to be worth a run at medians."""
    found = charted("spend")(run)
    price = money.kill(run)
    if price is not None:
        found.append(Figure("kill", price, annexes.KILL, ghost=False))
    found.append(Figure("plane", money.plane(run), annexes.PLANE, ghost=False))
    if run.futures >= SLOW:
        medians = run_at_medians(run)
        if not medians.status.any():
            curve = money.scurve(cost_estimate(run, medians), view_of(run).unit)
            found.insert(0, Figure("scurve", curve, "In brackets what must be added to the central estimate.", False))
        found.append(Figure("discounted", money.discounted(run), annexes.RATES, ghost=False))
    return found


def matters(run: Run) -> list[Figure]:
    """Tornados of the net benefit and of the leakers kept from a target."""
    unit = view_of(run).unit
    found = []
    for name, what, values, size, own in (
        ("tornado-net", NET, net_benefit(run), M, f"M {unit}"),
        ("tornado-kept", FEWER, leakers_prevented(run), 1.0, "leakers"),
    ):  # fmt: skip
        moved = sensitivities(run, values)
        if moved:
            found.append(
                Figure(name, matter.tornado(run.scenario, moved, what, own, size=size), matter.METHOD, ghost=False)
            )
    return found


FIGURES: Mapping[str, Callable[[Run], Sequence[Figure]]] = {
    "raids": raids, "supply": supply, "defence": defence, "money": spent, "matters": matters,
}  # fmt: skip

GHOSTED = ("raids", "supply", "defence")
"""Views with lines, behind which those of the scenario as it stands can be read."""

DEEP = ("matters", "log")
"""Views that need more futures than the others."""


def logged(run: Run) -> dict[str, dict[str, Any]]:
    """The effect of each row on the net benefit, in millions, with its standard error and its class of impact."""
    moved = sensitivities(run, net_benefit(run))
    kinds = impacts(run, moved)
    return {each.assumption.name: {"impact": kinds[each.assumption.name], **sized(each)} for each in moved}


def sized(each: Sensitivity) -> dict[str, float]:
    return {"effect": each.size / M, "error": each.error / M}


def turns(run: Run) -> list[str]:
    """Switching values in words."""
    net_turns = matter.switching(run.scenario, sensitivities(run, net_benefit(run)), NET)
    return [*net_turns, *matter.switching(run.scenario, sensitivities(run, leakers_prevented(run)), FEWER)]
