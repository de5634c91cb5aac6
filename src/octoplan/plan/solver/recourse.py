"""The second stage under a given first stage: its cost in each scenario, and the cuts of the L-shaped method.

By weak duality a cut is valid for any duals of the rows, up to the tolerance at which a reduced cost counts as zero;
with the optimal duals it is tight (Van Slyke and Wets 1969). Each chunk of scenarios keeps one solver, and each
scenario its last optimal basis, from which the next first stage is a few pivots away. Chunks depend on the number of
scenarios alone, so that results do not depend on the number of threads.
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
from octoplan.plan.solver.two_stage import (
    Columns,
    Floats,
    Ints,
    Realisation,
    Scenarios,
    TwoStage,
    entries,
    recourse_cost,
)

CHUNKS = 32
"""Most solvers kept: enough for the cores of any machine, few enough for its memory."""


class Stopped(Exception):
    """The second stage was not seen through: time is up, or a stop was asked for."""


@dataclass(frozen=True)
class Cuts:
    """Second-stage costs of a first stage x, and a cut for each scenario.

    costs
        (scenarios,) Q(x, s), infinite where the second stage is infeasible.
    constant, slope
        (scenarios,) and (scenarios, first): an optimality cut Q(z, s) >= constant + slope z for every z; where the cost
        is infinite, a feasibility cut 0 >= constant + slope z for every feasible z, which x violates.
    """

    costs: Floats
    constant: Floats
    slope: Floats


def cut(
    problem: TwoStage, r: Realisation, technology: Floats, recourse: Floats, pi: Floats, cost: Floats
) -> tuple[float, Floats]:
    """Constant and slope of the cut min over y in its bounds of cost y + pi (row bounds - T x - W y), valid for any pi.

    technology, recourse
        Random entries of T and W less the values stored in the problem.
    pi
        (second rows,) duals; those of a side without a bound are set to 0.
    """
    pi = np.where((pi > 0.0) & (r.lower == -np.inf) | (pi < 0.0) & (r.upper == np.inf), 0.0, pi)
    side = np.where(pi > 0.0, r.lower, np.where(pi < 0.0, r.upper, 0.0))
    reduced = cost - problem.transposed[1] @ pi
    if len(recourse):
        positions = problem.random_recourse
        np.subtract.at(reduced, positions[:, 1], pi[positions[:, 0]] * recourse)
    second = problem.second
    best = np.where(reduced > 0.0, second.lower, np.where(reduced < 0.0, second.upper, 0.0))
    # an optimal basis leaves no negative reduced cost on an unbounded column, except within the solver's tolerance
    constant = float(pi @ side + reduced @ np.where(np.isfinite(best), best, 0.0))
    slope = -(problem.transposed[0] @ pi)
    if len(technology):
        positions = problem.random_technology
        np.subtract.at(slope, positions[:, 1], pi[positions[:, 0]] * technology)
    return constant, slope


class Chunk:
    """Some scenarios, by number, with one solver for all of them."""

    def __init__(self, problem: TwoStage, scenarios: Scenarios, numbers: Ints) -> None:
        second = problem.second
        relaxed = Columns(second.cost, second.lower, second.upper, np.zeros(len(second), bool))
        free = np.full(problem.recourse.shape[0], np.inf)
        self.problem, self.scenarios, self.numbers = problem, scenarios, numbers
        self.technology = entries(problem.technology, problem.random_technology)
        self.recourse = entries(problem.recourse, problem.random_recourse)
        self.rows = np.arange(len(free), dtype=np.int32)
        self.cost_columns = problem.random_cost.astype(np.int32)
        self.solver = load(relaxed, problem.recourse, -free, free, SIMPLEX)
        self.basis: dict[int, Any] = {}

    def load_scenario(self, realisation: Realisation, x: Floats) -> None:
        """Set the solver to the second stage of a scenario under a first stage."""
        problem = self.problem
        activity = problem.technology @ x
        if len(self.technology):
            positions = problem.random_technology
            np.add.at(activity, positions[:, 0], (realisation.technology - self.technology) * x[positions[:, 1]])
        self.solver.changeRowsBounds(
            len(self.rows), self.rows, realisation.lower - activity, realisation.upper - activity
        )
        if len(self.cost_columns):
            self.solver.changeColsCost(len(self.cost_columns), self.cost_columns, realisation.cost)
        for (i, j), value in zip(problem.random_recourse, realisation.recourse, strict=True):
            self.solver.changeCoeff(int(i), int(j), float(value))

    def solve(self, x: Floats, stop: Callable[[], bool]) -> Cuts:
        """Cuts of the chunk's scenarios at x. Raises Stopped, or PlanError for an unbounded or failed second stage."""
        problem = self.problem
        costs, constant = np.empty(len(self.numbers)), np.empty(len(self.numbers))
        slope = np.empty((len(self.numbers), len(x)))
        for k, s in enumerate(self.numbers.tolist()):
            if stop():
                raise Stopped
            realisation = self.scenarios.realise(s)
            self.load_scenario(realisation, x)
            if s in self.basis:
                self.solver.setBasis(self.basis[s])
            outcome = run(self.solver)
            changed = realisation.technology - self.technology, realisation.recourse - self.recourse
            if outcome is Outcome.OPTIMAL:
                self.basis[s] = self.solver.getBasis()
                costs[k] = objective(self.solver)
                constant[k], slope[k] = cut(
                    problem, realisation, *changed, duals(self.solver), recourse_cost(problem, realisation)
                )
            elif outcome is Outcome.INFEASIBLE:
                costs[k] = np.inf
                constant[k], slope[k] = self.feasibility_cut(realisation, changed, x, s)
            elif outcome is Outcome.UNBOUNDED:
                raise PlanError(
                    f"the second stage of scenario {s} is unbounded; "
                    "look for a column that earns more than it costs and has no upper bound"
                )
            else:
                raise PlanError(
                    f"HiGHS cannot solve the second stage of scenario {s}; bring its coefficients closer together"
                )
        return Cuts(costs, constant, slope)

    def feasibility_cut(
        self, realisation: Realisation, changed: tuple[Floats, Floats], x: Floats, s: int
    ) -> tuple[float, Floats]:
        """The cut that excludes x, under which the scenario is infeasible, from a Farkas ray of its rows."""
        none = np.zeros(len(self.problem.second))
        for _ in range(2):
            _, exists, ray = self.solver.getDualRay()
            if exists:
                ray = np.array(ray) / np.abs(ray).max()
                cuts = [cut(self.problem, realisation, *changed, sign * ray, none) for sign in (1.0, -1.0)]
                constant, slope = max(cuts, key=lambda candidate: candidate[0] + float(candidate[1] @ x))
                if constant + float(slope @ x) > 0.0:
                    return constant, slope
            self.solver.clearSolver()
            run(self.solver)
        raise PlanError(
            f"HiGHS reports scenario {s} as infeasible without a Farkas ray; bring its coefficients closer together"
        )


class SecondStage:
    """The second stages of all scenarios, in this thread or a pool, with the same results to the bit."""

    def __init__(self, problem: TwoStage, scenarios: Scenarios, executor: ThreadPoolExecutor | None) -> None:
        count = min(CHUNKS, len(scenarios))
        self.chunks = [Chunk(problem, scenarios, n) for n in np.array_split(np.arange(len(scenarios)), count)]
        self.executor = executor

    def solve(self, x: Floats, deadline: float) -> Cuts:
        """Cuts of all scenarios at x. Raises Stopped past the deadline; KeyboardInterrupt passes on."""
        stopping = Event()

        def stop() -> bool:
            return stopping.is_set() or perf_counter() > deadline

        if self.executor is None:
            cuts = [chunk.solve(x, stop) for chunk in self.chunks]
        else:
            futures = [self.executor.submit(chunk.solve, x, stop) for chunk in self.chunks]
            try:
                cuts = [future.result() for future in futures]
            finally:
                stopping.set()
                for future in futures:
                    if not future.cancel():
                        future.exception()
        return Cuts(
            np.concatenate([part.costs for part in cuts]),
            np.concatenate([part.constant for part in cuts]),
            np.concatenate([part.slope for part in cuts]),
        )


def costs(problem: TwoStage, scenarios: Scenarios, x: Floats, executor: ThreadPoolExecutor | None = None) -> Floats:
    """Q(x, s) of each scenario, (scenarios,), infinite where the second stage is infeasible; integer y are relaxed."""
    return SecondStage(problem, scenarios, executor).solve(x, np.inf).costs
