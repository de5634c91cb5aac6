"""The second stage under a given first stage: its cost in each scenario, and the cuts of the L-shaped method.

By weak duality a cut is valid for any duals of the rows, up to the tolerance at which a reduced cost counts as zero.
With optimal duals the cut is tight (Van Slyke and Wets 1969). Scenarios are divided into chunks with one solver each,
and the last optimal basis of each scenario is kept as a warm start. The division depends only on the number of
scenarios, so results do not depend on the number of threads.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from time import perf_counter
from typing import Any

import numpy as np

from octoplan.errors import PlanError
from octoplan.plan.solver.highs import SIMPLEX, Options, Outcome, load, objective, row_duals, run
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

SECOND_STAGE_OPTIONS: Options = SIMPLEX | {"simplex_dual_edge_weight_strategy": 0}
"""Options for the second stage: the dual simplex method with Dantzig pricing. Near the last basis it takes a few cheap
iterations, for which steepest-edge weights cost more than they save."""

MAX_CHUNKS = 32
"""Maximum number of solvers, a compromise between parallelism and memory."""


class SolveStopped(Exception):
    """Raised if the second stage was not completed, because of a time limit or an interruption."""


@dataclass(frozen=True)
class Cuts:
    """Second-stage costs of a first stage x, and a cut for each scenario.

    costs
        (scenarios,) Q(x, s), infinite if the second stage is infeasible.
    constant, slope
        (scenarios,) and (scenarios, first): an optimality cut Q(z, s) >= constant + slope z for every z; if the cost is
        infinite, a feasibility cut 0 >= constant + slope z for every feasible z, violated by x.
    """

    costs: Floats
    constant: Floats
    slope: Floats


def cut(
    problem: TwoStage, realisation: Realisation, technology: Floats, recourse: Floats, pi: Floats, cost: Floats
) -> tuple[float, Floats]:
    """Constant and slope of the cut: the minimum over y within its bounds of cost y + pi (row bounds - T x - W y).

    technology, recourse
        Random entries of T and W, less their values stored in the problem.
    pi
        (second rows,) duals of the rows; those that refer to an infinite bound are set to 0.
    """
    pi = np.where((pi > 0.0) & (realisation.lower == -np.inf) | (pi < 0.0) & (realisation.upper == np.inf), 0.0, pi)
    active_bounds = np.where(pi > 0.0, realisation.lower, np.where(pi < 0.0, realisation.upper, 0.0))
    reduced = cost - problem.transposed[1] @ pi
    if len(recourse):
        positions = problem.random_recourse
        np.subtract.at(reduced, positions[:, 1], pi[positions[:, 0]] * recourse)
    second = problem.second
    best_bounds = np.where(reduced > 0.0, second.lower, np.where(reduced < 0.0, second.upper, 0.0))
    # an optimal basis leaves no negative reduced cost on an unbounded column, except within the solver's tolerance
    constant = float(pi @ active_bounds + reduced @ np.where(np.isfinite(best_bounds), best_bounds, 0.0))
    slope = -(problem.transposed[0] @ pi)
    if len(technology):
        positions = problem.random_technology
        np.subtract.at(slope, positions[:, 1], pi[positions[:, 0]] * technology)
    return constant, slope


class Chunk:
    """A subset of the scenarios that shares one solver. ``indices``: indices of its scenarios.

    Only coefficients that differ from those of the scenario loaded before are passed to the solver.
    """

    def __init__(self, problem: TwoStage, scenarios: Scenarios, indices: Ints) -> None:
        second = problem.second
        relaxed = Columns(second.cost, second.lower, second.upper, np.zeros(len(second), bool))
        infinite = np.full(problem.recourse.shape[0], np.inf)
        self.problem, self.scenarios, self.indices = problem, scenarios, indices
        self.technology = entries(problem.technology, problem.random_technology)
        self.recourse = entries(problem.recourse, problem.random_recourse)
        self.rows = np.arange(len(infinite), dtype=np.int32)
        self.cost_columns = problem.random_cost.astype(np.int32)
        self.solver = load(relaxed, problem.recourse, -infinite, infinite, SECOND_STAGE_OPTIONS)
        self.loaded_recourse, self.loaded_cost = self.recourse, second.cost[problem.random_cost]
        self.basis: dict[int, Any] = {}

    def load_scenario(self, realisation: Realisation, x: Floats) -> None:
        """Load the second stage of a scenario under the first stage x into the solver."""
        problem = self.problem
        activity = problem.technology @ x
        if len(self.technology):
            positions = problem.random_technology
            np.add.at(activity, positions[:, 0], (realisation.technology - self.technology) * x[positions[:, 1]])
        self.solver.changeRowsBounds(
            len(self.rows), self.rows, realisation.lower - activity, realisation.upper - activity
        )
        if not np.array_equal(realisation.cost, self.loaded_cost):
            self.solver.changeColsCost(len(self.cost_columns), self.cost_columns, realisation.cost)
            self.loaded_cost = realisation.cost
        changed = np.flatnonzero(realisation.recourse != self.loaded_recourse)
        positions = problem.random_recourse[changed].tolist()
        for (i, j), value in zip(positions, realisation.recourse[changed].tolist(), strict=True):
            self.solver.changeCoeff(i, j, value)
        self.loaded_recourse = realisation.recourse

    def solve(self, x: Floats, stop: Callable[[], bool]) -> Cuts:
        """Cuts of the chunk's scenarios at x. Raises Stopped, or PlanError if a second stage is unbounded or fails."""
        problem = self.problem
        costs, constant = np.empty(len(self.indices)), np.empty(len(self.indices))
        slope = np.empty((len(self.indices), len(x)))
        for k, s in enumerate(self.indices.tolist()):
            if stop():
                raise SolveStopped
            realisation = self.scenarios.realise(s)
            self.load_scenario(realisation, x)
            if s in self.basis:
                self.solver.setBasis(self.basis[s])
            outcome = run(self.solver)
            differences = realisation.technology - self.technology, realisation.recourse - self.recourse
            if outcome is Outcome.OPTIMAL:
                self.basis[s] = self.solver.getBasis()
                costs[k] = objective(self.solver)
                constant[k], slope[k] = cut(
                    problem, realisation, *differences, row_duals(self.solver), recourse_cost(problem, realisation)
                )
            elif outcome is Outcome.INFEASIBLE:
                costs[k] = np.inf
                constant[k], slope[k] = self.feasibility_cut(realisation, differences, x, s)
            elif outcome is Outcome.UNBOUNDED:
                raise PlanError(
                    f"the second stage of scenario {s} is unbounded; "
                    "check for a column with negative net cost and no upper bound"
                )
            else:
                raise PlanError(
                    f"HiGHS cannot solve the second stage of scenario {s}; rescale the units so that the coefficients "
                    "are of similar magnitude"
                )
        return Cuts(costs, constant, slope)

    def feasibility_cut(
        self, realisation: Realisation, differences: tuple[Floats, Floats], x: Floats, s: int
    ) -> tuple[float, Floats]:
        """A feasibility cut that excludes x, computed from a Farkas ray of the infeasible scenario s."""
        zero_costs = np.zeros(len(self.problem.second))
        for _ in range(2):
            _, exists, ray = self.solver.getDualRay()
            if exists:
                ray = np.array(ray) / np.abs(ray).max()
                cuts = [cut(self.problem, realisation, *differences, sign * ray, zero_costs) for sign in (1.0, -1.0)]
                constant, slope = max(cuts, key=lambda candidate: candidate[0] + float(candidate[1] @ x))
                if constant + float(slope @ x) > 0.0:
                    return constant, slope
            self.solver.clearSolver()
            run(self.solver)
        raise PlanError(
            f"HiGHS reports scenario {s} as infeasible but returns no Farkas ray; "
            "rescale the units so that the coefficients are of similar magnitude"
        )


class SecondStage:
    """The second stages of all scenarios, solved in the calling thread or by a pool, with bit-identical results."""

    def __init__(self, problem: TwoStage, scenarios: Scenarios, executor: ThreadPoolExecutor | None) -> None:
        count = min(MAX_CHUNKS, len(scenarios))
        self.chunks = [Chunk(problem, scenarios, n) for n in np.array_split(np.arange(len(scenarios)), count)]
        self.executor = executor

    def solve(self, x: Floats, deadline: float) -> Cuts:
        """Cuts of all scenarios at x. Raises Stopped after the deadline; KeyboardInterrupt is not caught."""
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


def second_stage_costs(
    problem: TwoStage, scenarios: Scenarios, x: Floats, executor: ThreadPoolExecutor | None = None
) -> Floats:
    """Second-stage costs Q(x, s), (scenarios,), infinite if infeasible; integrality of y is relaxed."""
    return SecondStage(problem, scenarios, executor).solve(x, np.inf).costs
