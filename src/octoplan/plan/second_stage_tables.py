"""The second stage of every future under a given first stage, as tables by month."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from octoplan.errors import PlanError
from octoplan.plan.model import Model
from octoplan.plan.parameters import Parameters
from octoplan.plan.solver.highs import Outcome, column_values, row_duals, run
from octoplan.plan.solver.recourse import Chunk
from octoplan.plan.solver.two_stage import Floats
from octoplan.plan.units import CREW_SCALE, MONEY_SCALE, UNIT_SCALE
from octoplan.scenario import limiting_factors

Axes = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class FutureTable:
    """A quantity in each future: its unit, the labels along each named axis, and its values, (futures, *axes)."""

    unit: str
    axes: Axes
    values: Floats


def second_stages(model: Model, x: Floats) -> tuple[Floats, Floats]:
    """The second stage of every future under the first stage x, (futures, y), and its duals, (futures, rows).

    Raises PlanError if the second stage of a future is infeasible.
    """
    problem, scenarios = model.problem, model.scenarios
    chunk = Chunk(problem, scenarios, np.arange(len(scenarios)))
    solutions, prices = [], []
    for realisation in scenarios:
        chunk.load_scenario(realisation, x)
        if run(chunk.solver) is not Outcome.OPTIMAL:
            raise PlanError("a future has no feasible second stage under the plan; allow shortages at a price")
        solutions.append(column_values(chunk.solver))
        prices.append(row_duals(chunk.solver))
    return np.array(solutions), np.array(prices)


def block(model: Model, second_stage: Floats, name: str) -> Floats:
    """(futures, *shape) values of one block of columns of the second stage.

    second_stage
        (futures, y) second stage.
    """
    return second_stage[:, model.builder.y.blocks[name]]


def tables_of(parameters: Parameters, second_stage: Floats, model: Model) -> dict[str, FutureTable]:
    """Monthly quantities of the linear model by name, in units of one interceptor, part, crew, threat or currency unit.

    second_stage
        (futures, y) second stage.
    """
    names, months = parameters.runs.compiled.names, parameters.runs.months
    month: Axes = {"month": months}
    plant: Axes = {"plant": names.plants, "month": months}
    part: Axes = {"month": months, "part": names.parts}
    lanes = parameters.runs.compiled.links.plant_lanes.tolist()
    arcs = tuple(
        f"{names.plants[p]} {names.lanes[w]}" for p, plant_lanes in enumerate(lanes) for w in plant_lanes if w >= 0
    )
    quantities: tuple[tuple[str, str, Axes, float], ...] = (
        ("requested", "unit", plant, UNIT_SCALE), ("produced", "unit", plant, UNIT_SCALE),
        ("bought", "part", part, UNIT_SCALE), ("part stock", "part", part, UNIT_SCALE),
        ("not produced", "unit", plant, UNIT_SCALE), ("plant stock", "unit", plant, UNIT_SCALE),
        ("shipped", "unit", {"plant and lane": arcs, "month": months}, UNIT_SCALE),
        ("used", "unit", month, UNIT_SCALE), ("stock", "unit", month, UNIT_SCALE),
        ("equipped", "crew", month, CREW_SCALE),
        ("losses avoided", "money", month, MONEY_SCALE),
        ("shortfall", "unit", month, UNIT_SCALE),
        ("threats stopped", "threat", month, UNIT_SCALE),
    )  # fmt: skip
    tables = {
        name: FutureTable(unit, axes, block(model, second_stage, name) * scale)
        for name, unit, axes, scale in quantities
        if name in model.builder.y.blocks
    }
    part_of = np.asarray(parameters.runs.compiled.template.suppliers["part"])
    by_supplier = tables["bought"].values[:, :, part_of] * parameters.supplier_shares
    tables["bought by supplier"] = FutureTable("part", {"month": months, "supplier": names.suppliers}, by_supplier)
    return tables


def shadow_prices(model: Model, duals_of_rows: Floats, parameters: Parameters) -> dict[str, FutureTable]:
    """Shadow price of each limiting factor in each future, in money, or in threats if the objective counts threats.

    Prices are per part, per interceptor, per crew-month or per kit-month.

    duals_of_rows
        (futures, rows) duals of the second stage.
    """
    names, months = parameters.runs.compiled.names, parameters.runs.months
    axes_of: Mapping[str, Axes] = {
        "part": {"month": months, "part": names.parts},
        "plant": {"plant": names.plants, "month": months},
        "lane": {"lane": names.lanes, "month": months},
        "": {"month": months},
    }
    tables = {}
    for constraint in limiting_factors.reported_constraints():
        scale = UNIT_SCALE if constraint.axis else CREW_SCALE
        price = -duals_of_rows[:, model.builder.rows[constraint.name]] * model.objective_unit / scale
        tables[constraint.name] = FutureTable(constraint.unit, axes_of[constraint.axis], np.maximum(0.0, price))
    return tables
