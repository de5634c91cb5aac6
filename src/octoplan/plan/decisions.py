"""A plan as the text of a ``decisions.toml`` file, which ``octoplan run`` can simulate unchanged."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from octoplan.plan.fixed_costs import calendar_windows
from octoplan.plan.fixed_decisions import LINE_WINDOWS, OUTPUT_WINDOWS, shifted_windows
from octoplan.plan.model import Model
from octoplan.plan.solver.two_stage import Floats, Ints
from octoplan.plan.units import CREW_SCALE, UNIT_SCALE
from octoplan.scenario import Scenario
from octoplan.scenario.files import DECISIONS
from octoplan.scenario.toml_text import with_values

Rounding = Callable[[Floats], Floats]

ROUNDING_TOLERANCE = 1e-6
"""Distance from the next whole number within which a value is rounded up to it, to allow for solver tolerances."""


def round_down(values: Floats) -> Floats:
    """Values rounded down; a value within ``ROUNDING_TOLERANCE`` below a whole number is rounded to that number."""
    return np.floor(values + ROUNDING_TOLERANCE)


def by_month(
    baseline: Floats | Ints, windows: tuple[int, ...], values: Floats, rounding: Rounding = np.round
) -> list[int]:
    """Decisions by month, rounded to whole numbers; the last value applies to all later months.

    baseline
        (months,) the scenario's decisions, kept until the first window begins.
    windows, values
        First month of each window, and (windows,) the decision in the window.
    rounding
        Rounds the decisions of the windows; those before the first window are rounded to the nearest whole number.
    """
    first_month = windows[0] if windows else len(baseline)
    months = np.arange(first_month, len(baseline))
    planned_values = values[np.searchsorted(np.array(windows), months, "right") - 1] if windows else np.zeros(0)
    series: list[int] = (
        np.concatenate([np.round(baseline[:first_month]), rounding(planned_values)]).astype(np.int64).tolist()
    )
    while len(series) > 1 and series[-1] == series[-2]:
        series.pop()
    return series


def decision_tables(
    model: Model, x: Floats, plants: tuple[str, ...], rounding: Rounding = np.round
) -> dict[str, Any]:  # fmt: skip
    """The tables of ``decisions.toml`` that the first stage x determines: output, lines, crews, kits."""
    fixed, plan = model.fixed, model.fixed.plan
    values_by_block = {name: x[numbers] for name, numbers in model.builder.x.blocks.items()}
    output, lines = {}, {}
    for p, plant in enumerate(plants):
        windows = shifted_windows(OUTPUT_WINDOWS, int(fixed.output_free_from[p]), fixed.months)
        output[plant] = by_month(plan.output[p], windows, values_by_block["output"][p] * UNIT_SCALE, rounding)
        windows = shifted_windows(LINE_WINDOWS, int(fixed.lines_free_from[p]), fixed.months)
        lines[plant] = by_month(plan.lines[p], windows, values_by_block["lines"][p])
    crews, kits = (calendar_windows(name, fixed) for name in ("crews", "kits"))
    return {
        "output": output,
        "lines": lines,
        "crews": {"intake": by_month(plan.intake, crews, values_by_block["intake"] * CREW_SCALE, rounding)},
        "kits": {"order": by_month(plan.kit_orders, kits, values_by_block["kits"] * CREW_SCALE, rounding)},
    }


def rewrite_decisions(scenario: Scenario, tables: Mapping[str, Any]) -> str:
    """Text of the scenario's ``decisions.toml`` with some tables replaced; other tables and comments are kept."""
    return with_values(scenario.files[DECISIONS], tables)
