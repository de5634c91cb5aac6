"""How far a plan is from the best, judged on samples (Mak, Morton and Wood 1999), and what knowing is worth."""

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
from octoplan.plan.solver.risk import NEUTRAL, Risk, measured
from octoplan.plan.solver.two_stage import Floats, Scenarios, TwoStage, faults, mean


class Sampler(Protocol):
    """Draws scenarios: equally likely and independent, the same for the same seed."""

    def sample(self, n: int, seed: int) -> Scenarios:
        """Some n scenarios."""


@dataclass(frozen=True)
class Gap:
    """Of a plan, batch by batch on the same scenarios: its cost, and a bound of the least cost, both (batches,).

    ``best`` is the first stage found for each batch, (batches, x). The bound of a batch is at most the least cost over
    its scenarios, whose mean is at most the true least cost.
    """

    plan: Floats
    least: Floats
    best: Floats

    @property
    def mean(self) -> float:
        """What the plan costs above the best, on average at most overstated."""
        return float(np.mean(self.plan - self.least))

    def below(self, confidence: float = 0.95) -> float:
        """The gap is at most this with the confidence given (one-sided, Student's t over batches)."""
        each = self.plan - self.least
        width = student.ppf(confidence, len(each) - 1) * each.std(ddof=1) / sqrt(len(each))
        return max(0.0, float(each.mean() + width))

    def least_cost(self, confidence: float = 0.95) -> tuple[float, float]:
        """An interval that holds the true least cost with at least the confidence given, each end half of the doubt.

        The lower end comes from the bounds, the upper one from the plan's own cost.
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
) -> Gap:
    """The gap of the plan x from batches of freshly drawn scenarios, ``size`` in each.

    gap
        At which each batch's own search may stop; what it leaves open counts against the plan.
    progress
        Told batches done and batches in all.

    Raises PlanError for fewer than 2 batches, a plan that breaks the first stage, or scenarios that it cannot meet.
    """
    if batches < 2:
        raise PlanError(f"an interval cannot come of {batches} batches; ask for 2 at least, better 30")
    allowed(problem, x)
    plan, least, found = np.empty(batches), np.empty(batches), np.empty((batches, len(x)))
    for k, batch_seed in enumerate(np.random.SeedSequence(seed).generate_state(batches).tolist()):
        scenarios = sampler.sample(size, batch_seed)
        best = lshaped.solve(problem, scenarios, risk=risk, gap=gap, executor=executor)
        plan[k] = cost(problem, scenarios, x, risk, executor)
        if plan[k] == inf:
            raise PlanError(
                "the plan leaves a scenario drawn that cannot be met, so its gap has no end; let a shortage be paid for"
            )
        least[k], found[k] = best.lower, best.x
        if progress is not None:
            progress(k + 1, batches)
    return Gap(plan, least, found)


def allowed(problem: TwoStage, x: Floats) -> None:
    """Raises PlanError where the plan x breaks the first stage."""
    found = faults(problem, x)
    if found:
        raise PlanError(f"the plan breaks the first stage: {found[0]}; mend it before it is judged")


def cost(
    problem: TwoStage, scenarios: Scenarios, x: Floats, risk: Risk = NEUTRAL, executor: ThreadPoolExecutor | None = None
) -> float:
    """First-stage cost of x and the risk of what follows; infinite if a scenario cannot be met."""
    return float(problem.first.cost @ x) + measured(
        risk, recourse.costs(problem, scenarios, x, executor), scenarios.probability
    )


@dataclass(frozen=True)
class Values:
    """What knowing the future and minding the chance are worth, in units of cost (Birge and Louveaux 2011, chapter 4).

    wait_and_see
        Mean cost if each scenario were known beforehand.
    here_and_now
        Cost of the stochastic plan.
    of_mean_plan
        Cost of the plan made for the mean scenario; infinite if it leaves a scenario that cannot be met.
    mean_plan
        That plan's first stage.
    """

    wait_and_see: float
    here_and_now: float
    of_mean_plan: float
    mean_plan: Floats

    @property
    def evpi(self) -> float:
        """Expected value of perfect information."""
        return self.here_and_now - self.wait_and_see

    @property
    def vss(self) -> float:
        """Value of the stochastic solution."""
        return self.of_mean_plan - self.here_and_now


def values(
    problem: TwoStage, scenarios: Scenarios, *, gap: float = 1e-6, executor: ThreadPoolExecutor | None = None
) -> Values:
    """The three costs of a problem over its scenarios, at mean cost. Raises PlanError where one has no plan."""
    plan = lshaped.solve(problem, scenarios, gap=gap, executor=executor)
    naive = mean_plan(problem, scenarios, gap)
    known = wait_and_see(problem, scenarios, gap, executor)
    return Values(known, plan.upper, cost(problem, scenarios, naive, NEUTRAL, executor), naive)


def mean_plan(problem: TwoStage, scenarios: Scenarios, gap: float = 1e-3) -> Floats:
    """The first stage that is best for the mean scenario."""
    return extensive.solve(problem, mean(scenarios), gap=gap, time_limit=60.0).x


def wait_and_see(problem: TwoStage, scenarios: Scenarios, gap: float, executor: ThreadPoolExecutor | None) -> float:
    """Mean cost if each scenario were known before the first stage is decided."""

    def known(s: int) -> float:
        return extensive.solve(problem, Scenarios(np.ones(1), lambda _: scenarios.realise(s)), gap=gap).upper

    possible = np.flatnonzero(scenarios.probability > 0.0).tolist()
    each = map(known, possible) if executor is None else executor.map(known, possible)
    return float(scenarios.probability[possible] @ np.array(list(each)))
