"""The optimality gap estimated on samples (Mak, Morton and Wood 1999), VSS and EVPI."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from math import inf, sqrt
from typing import Protocol

import numpy as np
from scipy.stats import t as student

from octoplan.errors import PlanError
from octoplan.plan.solver import extensive_form as extensive
from octoplan.plan.solver import lshaped, recourse
from octoplan.plan.solver.risk import NEUTRAL, Risk, risk_measure
from octoplan.plan.solver.two_stage import Floats, Scenarios, TwoStage, mean_scenario, violations


class Sampler(Protocol):
    """A source of equally likely, independent scenarios, the same for the same seed."""

    def sample(self, n: int, seed: int) -> Scenarios:
        """n scenarios."""


@dataclass(frozen=True)
class GapEstimate:
    """An estimate of the optimality gap of a first stage from batches of scenarios.

    plan, least
        (batches,) cost of the first stage, and a lower bound of the least cost over the same scenarios. The expected
        least cost of a batch is at most the true least cost, so that the mean difference overstates the gap.
    best
        (batches, x) the first stage found for each batch.
    """

    plan: Floats
    least: Floats
    best: Floats

    @property
    def mean(self) -> float:
        """Estimated optimality gap, on average not below the true one."""
        return float(np.mean(self.plan - self.least))

    def upper_bound(self, confidence: float = 0.95) -> float:
        """Upper confidence bound of the optimality gap (one-sided, Student's t over batches)."""
        gaps = self.plan - self.least
        width = student.ppf(confidence, len(gaps) - 1) * gaps.std(ddof=1) / sqrt(len(gaps))
        return max(0.0, float(gaps.mean() + width))

    def least_cost(self, confidence: float = 0.95) -> tuple[float, float]:
        """A confidence interval of the true least cost.

        Its lower end comes from the lower bounds, its upper end from the cost of the first stage, each with half of the
        error probability.
        """
        factor = student.ppf(0.5 + 0.5 * confidence, len(self.plan) - 1) / sqrt(len(self.plan))
        lower = self.least.mean() - factor * self.least.std(ddof=1)
        upper = self.plan.mean() + factor * self.plan.std(ddof=1)
        return float(lower), float(upper)


def estimate(
    problem: TwoStage,
    sampler: Sampler,
    x: Floats,
    *,
    size: int,
    seed: int,
    batches: int = 30,
    risk: Risk = NEUTRAL,
    gap: float = 1e-6,
    executor: ThreadPoolExecutor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> GapEstimate:
    """The optimality gap of a first stage x from batches of newly drawn scenarios, ``size`` in each.

    gap
        Relative gap at which the search of a batch may stop; what remains counts against x.
    progress
        Called with the batches done and all batches.

    Raises PlanError for fewer than 2 batches, an x that violates the first stage, or scenarios infeasible under x.
    """
    if batches < 2:
        raise PlanError(f"{batches} batches give no interval; ask for at least 2, better 30")
    check_first_stage(problem, x)
    plan, least, solutions = np.empty(batches), np.empty(batches), np.empty((batches, len(x)))
    for k, batch_seed in enumerate(np.random.SeedSequence(seed).generate_state(batches).tolist()):
        scenarios = sampler.sample(size, batch_seed)
        best = lshaped.solve(problem, scenarios, risk=risk, gap=gap, executor=executor)
        plan[k] = cost(problem, scenarios, x, risk, executor)
        if plan[k] == inf:
            raise PlanError(
                "a drawn scenario is infeasible under the plan: its gap is unbounded; allow a shortage at a price"
            )
        least[k], solutions[k] = best.lower, best.x
        if progress is not None:
            progress(k + 1, batches)
    return GapEstimate(plan, least, solutions)


def check_first_stage(problem: TwoStage, x: Floats) -> None:
    """Raises PlanError where x violates the first stage."""
    sentences = violations(problem, x)
    if sentences:
        raise PlanError(f"the plan violates the first stage: {sentences[0]}; correct it before it is evaluated")


def cost(
    problem: TwoStage, scenarios: Scenarios, x: Floats, risk: Risk = NEUTRAL, executor: ThreadPoolExecutor | None = None
) -> float:
    """First-stage cost of x and the risk measure of the second stage; infinite if a scenario is infeasible."""
    return float(problem.first.cost @ x) + risk_measure(
        risk, recourse.costs(problem, scenarios, x, executor), scenarios.probability
    )


@dataclass(frozen=True)
class InformationValues:
    """The costs behind VSS and EVPI (Birge and Louveaux 2011, chapter 4).

    wait_and_see
        Mean cost if the scenario were known before the first stage.
    here_and_now
        Cost of the solution of the stochastic programme.
    expected_value_cost
        Cost of the solution for the mean scenario; infinite if it leaves a scenario infeasible.
    expected_value_solution
        The first stage of that solution.
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
    """The costs behind VSS and EVPI of a problem. Raises PlanError where one of them has no solution."""
    plan = lshaped.solve(problem, scenarios, gap=gap, executor=executor)
    naive = expected_value_solution(problem, scenarios, gap)
    known = wait_and_see(problem, scenarios, gap, executor)
    return InformationValues(known, plan.upper, cost(problem, scenarios, naive, NEUTRAL, executor), naive)


def expected_value_solution(problem: TwoStage, scenarios: Scenarios, gap: float = 1e-3) -> Floats:
    """The optimal first stage for the mean scenario."""
    return extensive.solve(problem, mean_scenario(scenarios), gap=gap, time_limit=60.0).x


def wait_and_see(problem: TwoStage, scenarios: Scenarios, gap: float, executor: ThreadPoolExecutor | None) -> float:
    """Mean cost if the scenario were known before the first stage is decided."""

    def known(s: int) -> float:
        return extensive.solve(problem, Scenarios(np.ones(1), lambda _: scenarios.realise(s)), gap=gap).upper

    possible = np.flatnonzero(scenarios.probability > 0.0).tolist()
    costs = map(known, possible) if executor is None else executor.map(known, possible)
    return float(scenarios.probability[possible] @ np.array(list(costs)))
