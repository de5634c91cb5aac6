"""Plans of the pocket that several tests look at, each made once."""

from dataclasses import replace
from functools import cache

import numpy as np

import octoplan as op
from octoplan.plan.goals import Goals, Target
from octoplan.plan.optimise import Plan, optimise
from octoplan.plan.results.evaluation import SimulatedPlan
from octoplan.plan.solver.two_stage import Floats

FUTURES = 4


@cache
def aimed() -> Plan:
    """A plan that is to make 250 units a month from February on."""
    return optimise(op.load("pocket"), Goals(target=Target(250.0, 1, 1000.0)), futures=FUTURES, gap=0.01)


@cache
def idle() -> Plan:
    """A plan that may have no line, and so makes no unit."""
    return optimise(op.load("pocket"), Goals(most_lines=0.0), futures=2, gap=0.01)


def believing(plan: Plan, kind: str, parameter: str, values: Floats | float) -> Plan:
    """The plan with draws of one number of its first entity replaced, (futures,) or one for all."""
    runs = plan.parameters.runs
    assumptions = runs.assumptions.copy()
    assumptions[:, runs.compiled.slots[kind, parameter][0]] = values
    return replace(plan, parameters=replace(plan.parameters, runs=replace(runs, assumptions=assumptions)))


def plan_with_costs(cost: list[float]) -> SimulatedPlan:
    """A plan of which only the cost is looked at."""
    nothing = np.zeros(len(cost))
    return SimulatedPlan(np.array(cost), *(nothing for _ in range(7)), *(np.zeros((len(cost), 1)) for _ in range(3)))
