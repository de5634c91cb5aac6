"""The extensive form: every scenario's second stage in one programme, handed to HiGHS as arrays."""

from math import inf
from time import perf_counter

import numpy as np
from scipy import sparse

from octoplan.errors import PlanError
from octoplan.plan.solver.highs import Outcome, Solver, bound, load, run_interruptible, values
from octoplan.plan.solver.risk import NEUTRAL, Risk, measured
from octoplan.plan.solver.two_stage import (
    ENDLESS,
    NO_SECOND,
    Columns,
    Floats,
    Scenarios,
    Solved,
    TwoStage,
    check,
    remarks,
    replaced,
    second_cost,
    sound,
)


def assemble(problem: TwoStage, scenarios: Scenarios, risk: Risk = NEUTRAL) -> Solver:
    """HiGHS with columns x, y of scenario 0, y of scenario 1, … and under a tail eta and one excess for each scenario.

    Of several groups the last column is the dearest mean. The excess v of a scenario is at least 0 and q y - eta
    (Rockafellar and Uryasev 2000).
    """
    p, count, first, second = scenarios.probability, len(scenarios), problem.first, problem.second
    realisations = list(scenarios)
    costs = np.array([second_cost(problem, r) for r in realisations])
    technology = [replaced(problem.technology, problem.random_technology, r.technology) for r in realisations]
    recourse = [replaced(problem.recourse, problem.random_recourse, r.recourse) for r in realisations]
    cost, lower, upper = [first.cost, ((1.0 - risk.weight) * p[:, None] * costs).ravel()], [first.lower], [first.upper]
    lower.append(np.tile(second.lower, count))
    upper.append(np.tile(second.upper, count))
    whole = [first.integer, np.tile(second.integer, count)]
    blocks = [[problem.rows, None], [sparse.vstack(technology), sparse.block_diag(recourse)]]
    row_lower = [problem.row_lower, *(r.lower for r in realisations)]
    row_upper = [problem.row_upper, *(r.upper for r in realisations)]
    if risk.groups > 1:
        cost = [first.cost, np.zeros(count * len(second)), np.ones(1)]
        lower.append(np.full(1, -inf))
        upper.append(np.full(1, inf))
        whole.append(np.zeros(1, bool))
        each = np.repeat(np.arange(risk.groups), count // risk.groups) == np.arange(risk.groups)[:, None]
        mean_of = each * p / (each @ p)[:, None]
        means = sparse.csr_array(mean_of) @ sparse.block_diag(costs[:, None, :])
        blocks = [[*blocks[0], None], [*blocks[1], None], [None, -means, np.ones((risk.groups, 1))]]
        row_lower.append(np.zeros(risk.groups))
        row_upper.append(np.full(risk.groups, inf))
    if risk.weight > 0.0:
        cost.append(risk.weight * np.append(1.0, p / (1.0 - risk.level)))
        lower.append(np.append(-inf, np.zeros(count)))
        upper.append(np.full(count + 1, inf))
        whole.append(np.zeros(count + 1, bool))
        excess = sparse.hstack([sparse.csr_array(np.ones((count, 1))), sparse.eye_array(count)])
        blocks = [[*blocks[0], None], [*blocks[1], None], [None, -sparse.block_diag(costs[:, None, :]), excess]]
        row_lower.append(np.zeros(count))
        row_upper.append(np.full(count, inf))
    columns = Columns(*(np.concatenate(part) for part in (cost, lower, upper, whole)))
    rows = sparse.block_array(blocks, format="csr")
    return load(columns, rows, np.concatenate(row_lower), np.concatenate(row_upper))


def solve(
    problem: TwoStage, scenarios: Scenarios, *, risk: Risk = NEUTRAL, gap: float = 1e-6, time_limit: float = inf
) -> Solved:
    """The optimum over the scenarios in one solve, whole columns of either stage included.

    gap
        Relative, at which a solve with whole columns may stop.
    time_limit
        Seconds. Raises PlanError where no plan is possible, none is best, or none was found in time.
    """
    check(problem, scenarios)
    solver = assemble(problem, scenarios, risk)
    solver.setOptionValue("mip_rel_gap", gap)
    outcome = run_interruptible(solver, perf_counter() + time_limit)
    if outcome is Outcome.INFEASIBLE:
        raise PlanError(NO_SECOND)
    if outcome is Outcome.UNBOUNDED:
        raise PlanError(ENDLESS)
    solution = solver.getSolution()
    if outcome is Outcome.FAILED or not solution.value_valid:
        raise PlanError("no plan was found in time; give more seconds, or fewer scenarios")
    found, n = values(solver), len(problem.first)
    x = found[:n]
    y = found[n : n + len(scenarios) * len(problem.second)].reshape(len(scenarios), -1)
    costs: Floats = np.array([second_cost(problem, r) @ row for r, row in zip(scenarios, y, strict=True)])
    whole = bool(problem.first.integer.any() or problem.second.integer.any())
    upper = float(problem.first.cost @ x) + measured(risk, costs, scenarios.probability)
    done = outcome is Outcome.OPTIMAL
    lower = bound(solver, whole) if done or whole else -inf
    return Solved(
        sound(problem, x), min(lower, upper), upper, costs, "optimal" if done else "time limit", 1,
        remarks(problem, scenarios),
    )  # fmt: skip
