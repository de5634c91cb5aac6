"""The extensive form (deterministic equivalent): all scenarios in a single linear programme."""

from math import inf
from time import perf_counter

import numpy as np
from scipy import sparse

from octoplan.errors import PlanError
from octoplan.plan.solver.highs import Outcome, Solver, column_values, load, lower_bound, run_interruptible
from octoplan.plan.solver.risk import NEUTRAL, Risk, risk_measure
from octoplan.plan.solver.two_stage import (
    INFEASIBLE_SECOND_STAGE,
    UNBOUNDED_COST,
    Columns,
    Floats,
    Scenarios,
    Solution,
    TwoStage,
    check_gap,
    check_scenarios,
    checked_first_stage,
    coefficient_warnings,
    recourse_cost,
    with_entries,
)


def assemble(problem: TwoStage, scenarios: Scenarios, risk: Risk = NEUTRAL) -> Solver:
    """A HiGHS solver with columns x, y of scenario 0, y of scenario 1, ..., and columns of the risk measure.

    For a CVaR with positive weight these are the threshold eta and the excess v_s >= max(0, q_s y - eta) of each
    scenario (Rockafellar and Uryasev 2000); for several groups of scenarios, the largest group mean.
    """
    p, count, first, second = scenarios.probability, len(scenarios), problem.first, problem.second
    realisations = list(scenarios)
    costs = np.array([recourse_cost(problem, r) for r in realisations])
    technology = [with_entries(problem.technology, problem.random_technology, r.technology) for r in realisations]
    recourse = [with_entries(problem.recourse, problem.random_recourse, r.recourse) for r in realisations]
    cost, lower, upper = [first.cost, ((1.0 - risk.weight) * p[:, None] * costs).ravel()], [first.lower], [first.upper]
    lower.append(np.tile(second.lower, count))
    upper.append(np.tile(second.upper, count))
    integer = [first.integer, np.tile(second.integer, count)]
    blocks = [[problem.rows, None], [sparse.vstack(technology), sparse.block_diag(recourse)]]
    row_lower = [problem.row_lower, *(r.lower for r in realisations)]
    row_upper = [problem.row_upper, *(r.upper for r in realisations)]
    if risk.groups > 1:
        cost = [first.cost, np.zeros(count * len(second)), np.ones(1)]
        lower.append(np.full(1, -inf))
        upper.append(np.full(1, inf))
        integer.append(np.zeros(1, bool))
        in_group = np.repeat(np.arange(risk.groups), count // risk.groups) == np.arange(risk.groups)[:, None]
        group_weights = in_group * p / (in_group @ p)[:, None]
        means = sparse.csr_array(group_weights) @ sparse.block_diag(costs[:, None, :])
        blocks = [[*blocks[0], None], [*blocks[1], None], [None, -means, np.ones((risk.groups, 1))]]
        row_lower.append(np.zeros(risk.groups))
        row_upper.append(np.full(risk.groups, inf))
    if risk.weight > 0.0:
        cost.append(risk.weight * np.append(1.0, p / (1.0 - risk.level)))
        lower.append(np.append(-inf, np.zeros(count)))
        upper.append(np.full(count + 1, inf))
        integer.append(np.zeros(count + 1, bool))
        excess = sparse.hstack([sparse.csr_array(np.ones((count, 1))), sparse.eye_array(count)])
        blocks = [[*blocks[0], None], [*blocks[1], None], [None, -sparse.block_diag(costs[:, None, :]), excess]]
        row_lower.append(np.zeros(count))
        row_upper.append(np.full(count, inf))
    columns = Columns(*(np.concatenate(part) for part in (cost, lower, upper, integer)))
    rows = sparse.block_array(blocks, format="csr")
    return load(columns, rows, np.concatenate(row_lower), np.concatenate(row_upper))


def solve(
    problem: TwoStage, scenarios: Scenarios, *, risk: Risk = NEUTRAL, gap: float = 1e-6, time_limit: float = inf
) -> Solution:
    """Solve the problem over all scenarios at once; either stage may have integer columns.

    gap
        Relative optimality gap at which the solver may stop if there are integer columns, at least ``MIN_GAP``.
    time_limit
        Time limit in seconds.

    Raises PlanError if the problem is infeasible or unbounded, or if no solution is found within the time limit.
    """
    check_gap(gap)
    check_scenarios(problem, scenarios)
    solver = assemble(problem, scenarios, risk)
    solver.setOptionValue("mip_rel_gap", gap)
    outcome = run_interruptible(solver, perf_counter() + time_limit)
    if outcome is Outcome.INFEASIBLE:
        raise PlanError(INFEASIBLE_SECOND_STAGE)
    if outcome is Outcome.UNBOUNDED:
        raise PlanError(UNBOUNDED_COST)
    solution = solver.getSolution()
    if outcome is Outcome.FAILED or not solution.value_valid:
        raise PlanError("no solution was found within the time limit; allow more time, or use fewer scenarios")
    point, n = column_values(solver), len(problem.first)
    x = point[:n]
    y = point[n : n + len(scenarios) * len(problem.second)].reshape(len(scenarios), -1)
    costs: Floats = np.array([recourse_cost(problem, r) @ row for r, row in zip(scenarios, y, strict=True)])
    integer = bool(problem.first.integer.any() or problem.second.integer.any())
    upper = float(problem.first.cost @ x) + risk_measure(risk, costs, scenarios.probability)
    optimal = outcome is Outcome.OPTIMAL
    lower = lower_bound(solver, integer) if optimal or integer else -inf
    return Solution(
        checked_first_stage(problem, x), min(lower, upper), upper, costs, "optimal" if optimal else "time limit", 1,
        coefficient_warnings(problem, scenarios),
    )  # fmt: skip
