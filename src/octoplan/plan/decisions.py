"""A plan as the text of a ``decisions.toml`` that ``octoplan run`` flies as it is."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from octoplan.plan.fixed_costs import calendar_of
from octoplan.plan.fixed_decisions import LINES, OUTPUT, windows_from
from octoplan.plan.model import Model
from octoplan.plan.solver.two_stage import Floats, Ints
from octoplan.plan.units import CREW, UNIT
from octoplan.scenario import Scenario
from octoplan.scenario.files import DECISIONS
from octoplan.scenario.toml_text import with_values

Series = list[int]


def monthly(own: Floats | Ints, windows: tuple[int, ...], values: Floats) -> Series:
    """Whole numbers by month, the last of which runs on: the scenario's own up to the first window, then the values."""
    first = windows[0] if windows else len(own)
    months = np.arange(first, len(own))
    decided = values[np.searchsorted(np.array(windows), months, "right") - 1] if windows else np.zeros(0)
    found: Series = np.round(np.concatenate([own[:first], decided])).astype(np.int64).tolist()
    while len(found) > 1 and found[-1] == found[-2]:
        found.pop()
    return found


def chosen(model: Model, x: Floats, plants: tuple[str, ...]) -> dict[str, Any]:
    """The tables that a first stage decides: output, lines, crews, kits."""
    given, plan = model.given, model.given.plan
    block = {name: x[numbers] for name, numbers in model.sheet.x.blocks.items()}
    output, lines = {}, {}
    for p, plant in enumerate(plants):
        windows = windows_from(OUTPUT, int(given.output_from[p]), given.months)
        output[plant] = monthly(plan.output[p], windows, block["asked"][p] * UNIT)
        windows = windows_from(LINES, int(given.lines_from[p]), given.months)
        lines[plant] = monthly(plan.lines[p], windows, block["lines"][p])
    crews, kits = (calendar_of(name, given) for name in ("crews", "kits"))
    return {
        "output": output,
        "lines": lines,
        "crews": {"intake": monthly(plan.intake, crews, block["intake"] * CREW)},
        "kits": {"order": monthly(plan.kit_orders, kits, block["kits"] * CREW)},
    }


def rewritten(scenario: Scenario, tables: Mapping[str, Any]) -> str:
    """The scenario's ``decisions.toml`` with some tables changed; everything else stays, comments too."""
    return with_values(scenario.files[DECISIONS], tables)
