"""Plans of the scenario pocket that several tests use, computed once."""

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
def plan_with_target() -> Plan:
    """A plan with a target of 250 units a month from February."""
    return optimise(op.load("pocket"), Goals(target=Target(250.0, 1, 1000.0)), futures=FUTURES, gap=0.01)


@cache
def idle() -> Plan:
    """A plan without lines, and therefore without output."""
    return optimise(op.load("pocket"), Goals(max_lines=0.0), futures=2, gap=0.01)


def with_assumption(plan: Plan, kind: str, parameter: str, values: Floats | float) -> Plan:
    """The plan with the draws of a parameter of the first entity replaced by values, (futures,) or a scalar."""
    runs = plan.parameters.runs
    assumptions = runs.assumptions.copy()
    assumptions[:, runs.compiled.draw_columns[kind, parameter][0]] = values
    return replace(plan, parameters=replace(plan.parameters, runs=replace(runs, assumptions=assumptions)))


def plan_with_costs(cost: list[float], produced: float = 0.0) -> SimulatedPlan:
    """A simulated plan with given costs, a number of units produced, and zeros elsewhere."""
    nothing = np.zeros(len(cost))
    plan = SimulatedPlan(np.array(cost), *(nothing for _ in range(8)), *(np.zeros((len(cost), 1)) for _ in range(3)))
    return replace(plan, produced=np.full(len(cost), produced))
