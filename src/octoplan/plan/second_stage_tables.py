"""A first stage followed in every future, and what that says month by month."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from octoplan.errors import PlanError
from octoplan.plan.model import Model
from octoplan.plan.parameters import Facts
from octoplan.plan.solver.highs import Outcome, duals, run, values
from octoplan.plan.solver.recourse import Chunk
from octoplan.plan.solver.two_stage import Floats
from octoplan.plan.units import CREW, MONEY, UNIT
from octoplan.scenario import limiting_factors


@dataclass(frozen=True)
class Table:
    """One quantity of the plan: its unit, the names along its axes, and values by future (futures, *axes)."""

    unit: str
    axes: Mapping[str, tuple[str, ...]]
    values: Floats


def follow(model: Model, x: Floats) -> tuple[Floats, Floats]:
    """The second stage of every future under a first stage, (futures, y), and its rows' multipliers, (futures, rows).

    Raises PlanError for a future that cannot be followed.
    """
    problem, scenarios = model.problem, model.scenarios
    chunk = Chunk(problem, scenarios, np.arange(len(scenarios)))
    found, prices = [], []
    for realisation in scenarios:
        chunk.pose(realisation, x)
        if run(chunk.solver) is not Outcome.OPTIMAL:
            raise PlanError("a future cannot be followed under the plan; let shortages be paid for")
        found.append(values(chunk.solver))
        prices.append(duals(chunk.solver))
    return np.array(found), np.array(prices)


def block(model: Model, followed: Floats, name: str) -> Floats:
    """(futures, *shape) one block of the second stage."""
    return followed[:, model.sheet.y.blocks[name]]


def tables_of(facts: Facts, followed: Floats, model: Model) -> dict[str, Table]:
    """What the model expects month by month, in plain units."""
    names, months = facts.pilot.compiled.names, facts.pilot.months
    month, plant = {"month": months}, {"plant": names.plants, "month": months}
    part = {"month": months, "part": names.parts}
    lanes = facts.pilot.compiled.links.plant_lanes.tolist()
    ways = tuple(f"{names.plants[p]} {names.lanes[w]}" for p, own in enumerate(lanes) for w in own if w >= 0)
    rows = (
        ("asked", "wanted", "unit", plant, UNIT), ("made", "made", "unit", plant, UNIT),
        ("bought", "bought", "part", part, UNIT), ("part stock", "part stock", "part", part, UNIT),
        ("missed", "missed", "unit", plant, UNIT), ("plant stock", "plant stock", "unit", plant, UNIT),
        ("shipped", "shipped", "unit", {"way": ways, "month": months}, UNIT),
        ("used", "used", "unit", month, UNIT), ("stock", "stock", "unit", month, UNIT),
        ("equipped", "equipped", "crew", month, CREW), ("saved", "saved", "money", month, MONEY),
        ("short", "short", "unit", month, UNIT), ("halted", "halted", "threat", month, UNIT),
    )  # fmt: skip
    found = {
        name: Table(unit, axes, block(model, followed, column) * scale)
        for name, column, unit, axes, scale in rows
        if column in model.sheet.y.blocks
    }
    seller = np.asarray(facts.pilot.compiled.template.suppliers["part"])
    by_supplier = found["bought"].values[:, :, seller] * facts.sourcing
    found["bought of"] = Table("part", {"month": months, "supplier": names.suppliers}, by_supplier)
    return found


def priced(model: Model, worth: Floats, facts: Facts) -> dict[str, Table]:
    """What one more of each limit is worth in its future, money (threats where the aim is to stop the most).

    Of a part, a unit, a crew for a month.
    """
    own, months = facts.pilot.compiled.names, facts.pilot.months
    month, plant = {"month": months}, {"plant": own.plants, "month": months}
    axes = {
        "part": {"month": months, "part": own.parts},
        "plant": plant,
        "lane": {"lane": own.lanes, "month": months},
        "": month,
    }
    found = {}
    for constraint in limiting_factors.constraints():
        scale = UNIT if constraint.axis else CREW
        price = -worth[:, model.sheet.rows[constraint.name]] * model.objective_unit / scale
        found[constraint.name] = Table(constraint.unit, axes[constraint.axis], np.maximum(0.0, price))
    return found
