"""The second stage under a given first one: its cost in each scenario, and the cuts that cost gives.

A cut holds for any multipliers of the rows, by weak duality, so one is never wrong by more than the tolerance at which
a reduced cost counts as zero; the solver's multipliers make it touch (Van Slyke and Wets 1969). Each chunk of
scenarios keeps a solver of its own, and each scenario the basis it ended with: the next first stage is a few pivots
away. Chunks depend on the number of scenarios alone, so neither their number nor their order follows the workers.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from time import perf_counter
from typing import Any

import numpy as np

from octoplan.errors import PlanError
from octoplan.plan.solver.highs import SIMPLEX, Outcome, duals, load, objective, run
from octoplan.plan.solver.two_stage import Columns, Floats, Ints, Realisation, Scenarios, TwoStage, entries, second_cost

CHUNKS = 32
"""Solvers held, at most: enough to share among any machine's cores, few enough for its memory."""


class Stopped(Exception):
    """The second stage was not seen through: time is up, or a stop was asked for."""


@dataclass(frozen=True)
class Cuts:
    """What a first stage x costs later, and why; rows are scenarios.

    costs
        (scenarios,) Q(x, s), infinite where the second stage cannot be met.
    constant, slope
        (scenarios,) and (scenarios, first): Q(z, s) >= constant + slope z for every z; where the cost is infinite,
        0 >= constant + slope z for every z that can be met, and x breaks it.
    """

    costs: Floats
    constant: Floats
    slope: Floats


def cut(
    problem: TwoStage, r: Realisation, technology: Floats, recourse: Floats, pi: Floats, cost: Floats
) -> tuple[float, Floats]:
    """Constant and slope of min over y in its bounds of cost y + pi (row bounds - T x - W y): a bound for any pi.

    technology, recourse
        Of the random entries, the difference to the problem's own.
    pi
        (second rows,) multipliers; those of a side without a bound are dropped.
    """
    pi = np.where((pi > 0.0) & (r.lower == -np.inf) | (pi < 0.0) & (r.upper == np.inf), 0.0, pi)
    side = np.where(pi > 0.0, r.lower, np.where(pi < 0.0, r.upper, 0.0))
    reduced = cost - problem.priced[1] @ pi
    if len(recourse):
        at = problem.random_recourse
        np.subtract.at(reduced, at[:, 1], pi[at[:, 0]] * recourse)
    second = problem.second
    best = np.where(reduced > 0.0, second.lower, np.where(reduced < 0.0, second.upper, 0.0))
    # no column can be taken without end at a gain, so a gain there is the solver's tolerance
    constant = float(pi @ side + reduced @ np.where(np.isfinite(best), best, 0.0))
    slope = -(problem.priced[0] @ pi)
    if len(technology):
        at = problem.random_technology
        np.subtract.at(slope, at[:, 1], pi[at[:, 0]] * technology)
    return constant, slope


class Chunk:
    """Some scenarios, by number, with the one solver that serves them in turn."""

    def __init__(self, problem: TwoStage, scenarios: Scenarios, numbers: Ints) -> None:
        second = problem.second
        relaxed = Columns(second.cost, second.lower, second.upper, np.zeros(len(second), bool))
        free = np.full(problem.recourse.shape[0], np.inf)
        self.problem, self.scenarios, self.numbers = problem, scenarios, numbers
        self.technology = entries(problem.technology, problem.random_technology)
        self.recourse = entries(problem.recourse, problem.random_recourse)
        self.rows = np.arange(len(free), dtype=np.int32)
        self.priced = problem.random_cost.astype(np.int32)
        self.solver = load(relaxed, problem.recourse, -free, free, SIMPLEX)
        self.basis: dict[int, Any] = {}

    def pose(self, realisation: Realisation, x: Floats) -> None:
        """Hand the solver what one scenario makes of the second stage."""
        problem = self.problem
        taken = problem.technology @ x
        if len(self.technology):
            at = problem.random_technology
            np.add.at(taken, at[:, 0], (realisation.technology - self.technology) * x[at[:, 1]])
        self.solver.changeRowsBounds(len(self.rows), self.rows, realisation.lower - taken, realisation.upper - taken)
        if len(self.priced):
            self.solver.changeColsCost(len(self.priced), self.priced, realisation.cost)
        for (i, j), value in zip(problem.random_recourse, realisation.recourse, strict=True):
            self.solver.changeCoeff(int(i), int(j), float(value))

    def solve(self, x: Floats, stop: Callable[[], bool]) -> Cuts:
        """Cuts of the chunk's scenarios at x. Raises Stopped, or PlanError for a cost that falls without end."""
        problem = self.problem
        costs, constant = np.empty(len(self.numbers)), np.empty(len(self.numbers))
        slope = np.empty((len(self.numbers), len(x)))
        for k, s in enumerate(self.numbers.tolist()):
            if stop():
                raise Stopped
            realisation = self.scenarios.realise(s)
            self.pose(realisation, x)
            if s in self.basis:
                self.solver.setBasis(self.basis[s])
            outcome = run(self.solver)
            changed = realisation.technology - self.technology, realisation.recourse - self.recourse
            if outcome is Outcome.OPTIMAL:
                self.basis[s] = self.solver.getBasis()
                costs[k] = objective(self.solver)
                constant[k], slope[k] = cut(
                    problem, realisation, *changed, duals(self.solver), second_cost(problem, realisation)
                )
            elif outcome is Outcome.INFEASIBLE:
                costs[k] = np.inf
                constant[k], slope[k] = self.forbidding(realisation, changed, x, s)
            elif outcome is Outcome.UNBOUNDED:
                raise PlanError(
                    f"the second stage of scenario {s} costs less without end; "
                    "look for a column that earns more than it costs and has no upper bound"
                )
            else:
                raise PlanError(
                    f"HiGHS finds no end to the second stage of scenario {s}; bring its coefficients closer together"
                )
        return Cuts(costs, constant, slope)

    def forbidding(
        self, realisation: Realisation, changed: tuple[Floats, Floats], x: Floats, s: int
    ) -> tuple[float, Floats]:
        """The cut that says why no y meets the scenario under x: a Farkas ray of its rows, of size one."""
        none = np.zeros(len(self.problem.second))
        for _ in range(2):
            _, there, ray = self.solver.getDualRay()
            if there:
                ray = np.array(ray) / np.abs(ray).max()
                found = [cut(self.problem, realisation, *changed, sign * ray, none) for sign in (1.0, -1.0)]
                constant, slope = max(found, key=lambda one: one[0] + float(one[1] @ x))
                if constant + float(slope @ x) > 0.0:
                    return constant, slope
            self.solver.clearSolver()
            run(self.solver)
        raise PlanError(
            f"HiGHS calls scenario {s} impossible and cannot say why; bring its coefficients closer together"
        )


class SecondStage:
    """All scenarios, chunk by chunk, in this thread or on a pool of threads: the same bits either way."""

    def __init__(self, problem: TwoStage, scenarios: Scenarios, executor: ThreadPoolExecutor | None) -> None:
        count = min(CHUNKS, len(scenarios))
        self.chunks = [Chunk(problem, scenarios, n) for n in np.array_split(np.arange(len(scenarios)), count)]
        self.executor = executor

    def solve(self, x: Floats, deadline: float) -> Cuts:
        """Cuts of all scenarios at x. Raises Stopped past the deadline; KeyboardInterrupt passes on."""
        asked = Event()

        def stop() -> bool:
            return asked.is_set() or perf_counter() > deadline

        if self.executor is None:
            found = [chunk.solve(x, stop) for chunk in self.chunks]
        else:
            futures = [self.executor.submit(chunk.solve, x, stop) for chunk in self.chunks]
            try:
                found = [future.result() for future in futures]
            finally:
                asked.set()
                for future in futures:
                    if not future.cancel():
                        future.exception()
        return Cuts(
            np.concatenate([part.costs for part in found]),
            np.concatenate([part.constant for part in found]),
            np.concatenate([part.slope for part in found]),
        )


def costs(problem: TwoStage, scenarios: Scenarios, x: Floats, executor: ThreadPoolExecutor | None = None) -> Floats:
    """Q(x, s) of each scenario, (scenarios,), infinite where the second stage cannot be met; whole y are relaxed."""
    return SecondStage(problem, scenarios, executor).solve(x, np.inf).costs
