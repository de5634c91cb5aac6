"""Sampled estimates of the optimality gap, VSS and EVPI.

The gap is estimated on batches of scenarios (Mak, Morton and Wood 1999). Its sampling error follows from the variance
between groups of scenarios within the batches, so that few batches are enough (Bayraksan and Morton 2006).
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import sqrt
from typing import Protocol

import numpy as np
from scipy.special import stdtrit

from octoplan.errors import PlanError
from octoplan.plan.solver import extensive_form as extensive
from octoplan.plan.solver import lshaped
from octoplan.plan.solver.recourse import second_stage_costs
from octoplan.plan.solver.risk import NEUTRAL, Risk, risk_measure, risk_values
from octoplan.plan.solver.two_stage import Floats, Scenarios, TwoStage, mean_scenario, violations


class Sampler(Protocol):
    """A source of equally likely, independent scenarios; the same seed gives the same scenarios."""

    def sample(self, n: int, seed: int) -> Scenarios:
        """Draw n scenarios."""


@dataclass(frozen=True)
class GapEstimate:
    """An estimate of the optimality gap of a first stage from batches of scenarios.

    plan_costs, lower_bounds
        (batches, groups) cost of the first stage, and a lower bound on the optimal cost of the batch, by independent
        group of scenarios in the batch. The expected optimal cost of a batch is at most the true optimal cost, so the
        mean difference overestimates the gap.
    batch_solutions
        (batches, x) first stage optimised for each batch.
    """

    plan_costs: Floats
    lower_bounds: Floats
    batch_solutions: Floats

    @property
    def mean(self) -> float:
        """Estimated optimality gap; its expected value is at least the true gap."""
        return float(np.mean(self.plan_costs - self.lower_bounds))

    def upper_bound(self, confidence: float = 0.95) -> float:
        """Upper confidence bound of the optimality gap (one-sided, Student's t)."""
        error, freedom = mean_error(self.plan_costs - self.lower_bounds)
        return max(0.0, self.mean + float(stdtrit(freedom, confidence)) * error)

    def optimal_cost_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """A confidence interval for the true optimal cost.

        The lower limit is computed from the lower bounds, the upper limit from the cost of the first stage, each with
        half of the error probability (Student's t).
        """
        limits = []
        for values, sign in ((self.lower_bounds, -1.0), (self.plan_costs, 1.0)):
            error, freedom = mean_error(values)
            limits.append(float(values.mean() + sign * stdtrit(freedom, 0.5 + 0.5 * confidence) * error))
        return limits[0], limits[1]


def mean_error(values: Floats) -> tuple[float, int]:
    """Standard error of the mean of (batches, groups) values, and its degrees of freedom.

    The error follows from the variance between groups within batches; with a single group from that between batches.
    """
    batches, groups = values.shape
    if groups == 1:
        return float(values.std(ddof=1)) / sqrt(batches), batches - 1
    return sqrt(float(values.var(1, ddof=1).mean()) / values.size), batches * (groups - 1)


def group_means(values: Floats, block: int) -> Floats:
    """Means of consecutive blocks of scenarios, (groups,); a single mean unless there are at least 2 whole blocks.

    block
        Number of consecutive scenarios that depend on each other.
    """
    if len(values) % block or len(values) < 2 * block:
        return np.array([values.mean()])
    return np.asarray(values.reshape(-1, block).mean(1))


def estimate(
    problem: TwoStage,
    sampler: Sampler,
    x: Floats,
    *,
    size: int,
    seed: int,
    batches: int = 30,
    block: int = 1,
    risk: Risk = NEUTRAL,
    gap: float = 1e-6,
    executor: ThreadPoolExecutor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> GapEstimate:
    """Estimate the optimality gap of a first stage x from batches of newly drawn scenarios, ``size`` in each.

    block
        Number of consecutive scenarios of a batch that depend on each other; blocks are independent.
    gap
        Relative gap at which the search on a batch may stop; the remaining gap increases the estimate.
    progress
        Called with the number of batches done and their total number.

    Raises PlanError if there are fewer than 2 batches, if x violates the first stage, or if a scenario is infeasible
    under x.
    """
    if batches < 2:
        raise PlanError(f"{batches} batches give no confidence interval; use at least 2")
    check_first_stage(problem, x)
    plan_costs, lower_bounds, solutions = [], [], np.empty((batches, len(x)))
    for k, batch_seed in enumerate(np.random.SeedSequence(seed).generate_state(batches).tolist()):
        scenarios = sampler.sample(size, batch_seed)
        best = lshaped.solve(problem, scenarios, risk=risk, gap=gap, start=x, executor=executor)
        if not np.isfinite(best.start_costs).all():
            raise PlanError(
                "a scenario drawn for the estimate is infeasible under the plan, so the gap is unbounded; "
                "allow shortages at a price"
            )
        plan_values = scenario_values(problem, scenarios, x, best.start_costs, risk)
        best_values = scenario_values(problem, scenarios, best.x, best.costs, risk) + best.lower - best.upper
        plan_costs.append(group_means(plan_values, block))
        lower_bounds.append(group_means(best_values, block))
        solutions[k] = best.x
        if progress is not None:
            progress(k + 1, batches)
    return GapEstimate(np.array(plan_costs), np.array(lower_bounds), solutions)


def scenario_values(problem: TwoStage, scenarios: Scenarios, x: Floats, costs: Floats, risk: Risk) -> Floats:
    """(scenarios,) values whose mean is the cost of x in equally likely scenarios under a risk measure.

    With several groups of scenarios they are those of the group with the largest mean.

    costs
        (scenarios,) cost of the second stage under x.
    """
    if risk.groups > 1:
        groups = np.split(costs, risk.groups)
        values = max(groups, key=np.mean)
    else:
        values = costs if risk.neutral else risk_values(risk, costs)
    exact = risk_measure(risk, costs, scenarios.probability)
    return float(problem.first.cost @ x) + values + (exact - float(values.mean()))


def check_first_stage(problem: TwoStage, x: Floats) -> None:
    """Raises PlanError if x violates a constraint of the first stage."""
    sentences = violations(problem, x)
    if sentences:
        raise PlanError(f"the plan violates the first stage: {sentences[0]}; correct the plan before evaluating it")


def cost(
    problem: TwoStage, scenarios: Scenarios, x: Floats, risk: Risk = NEUTRAL, executor: ThreadPoolExecutor | None = None
) -> float:
    """First-stage cost of x plus the risk measure of the second stage; infinite if a scenario is infeasible."""
    return float(problem.first.cost @ x) + risk_measure(
        risk, second_stage_costs(problem, scenarios, x, executor), scenarios.probability
    )


@dataclass(frozen=True)
class InformationValues:
    """Costs from which VSS and EVPI follow (Birge and Louveaux 2011, chapter 4).

    wait_and_see
        Mean cost if the first stage is optimised separately for each scenario.
    here_and_now
        Cost of the solution of the stochastic programme.
    expected_value_cost
        Expected cost of the solution for the mean scenario; infinite if it makes a scenario infeasible.
    expected_value_solution
        First stage of the solution for the mean scenario.
    """

    wait_and_see: float
    here_and_now: float
    expected_value_cost: float
    expected_value_solution: Floats

    @property
    def evpi(self) -> float:
        """Expected value of perfect information."""
        return self.here_and_now - self.wait_and_see

    @property
    def vss(self) -> float:
        """Value of the stochastic solution."""
        return self.expected_value_cost - self.here_and_now


def information_values(
    problem: TwoStage, scenarios: Scenarios, *, gap: float = 1e-6, executor: ThreadPoolExecutor | None = None
) -> InformationValues:
    """Costs from which VSS and EVPI follow. Raises PlanError if one of the problems is infeasible."""
    plan = lshaped.solve(problem, scenarios, gap=gap, executor=executor)
    mean_scenario_solution = expected_value_solution(problem, scenarios, gap)
    wait_and_see_cost = wait_and_see(problem, scenarios, gap, executor)
    return InformationValues(
        wait_and_see_cost,
        plan.upper,
        cost(problem, scenarios, mean_scenario_solution, NEUTRAL, executor),
        mean_scenario_solution,
    )


def expected_value_solution(problem: TwoStage, scenarios: Scenarios, gap: float = 1e-3) -> Floats:
    """The optimal first stage for the mean scenario."""
    return extensive.solve(problem, mean_scenario(scenarios), gap=gap).x


def wait_and_see(problem: TwoStage, scenarios: Scenarios, gap: float, executor: ThreadPoolExecutor | None) -> float:
    """Mean cost if the first stage is optimised separately for each scenario."""

    def separate_optimum(s: int) -> float:
        return extensive.solve(problem, Scenarios(np.ones(1), lambda _: scenarios.realise(s)), gap=gap).upper

    possible_scenarios = np.flatnonzero(scenarios.probability > 0.0).tolist()
    costs = (
        map(separate_optimum, possible_scenarios)
        if executor is None
        else executor.map(separate_optimum, possible_scenarios)
    )
    return float(scenarios.probability[possible_scenarios] @ np.array(list(costs)))
