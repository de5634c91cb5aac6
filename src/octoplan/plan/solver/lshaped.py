"""The L-shaped method for two-stage stochastic programmes (Benders decomposition).

Cuts are aggregated by clusters of scenarios (Van Slyke and Wets 1969; multi-cut, Birge and Louveaux 1988). The first
stage evaluated next lies between the best first stage so far and the solution of the master problem (in-out
separation, Ben-Ameur and Neto 2007), so that second-stage bases change little. Integrality is relaxed until the cuts
are tight, and then required in the master problem. Lower and upper bounds are valid at every iteration.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from math import inf
from time import perf_counter

import highspy
import numpy as np
from scipy import sparse

from octoplan.errors import PlanError
from octoplan.plan.solver import extensive_form as extensive
from octoplan.plan.solver.highs import (
    SIMPLEX,
    Options,
    Outcome,
    column_values,
    load,
    lower_bound,
    run,
    run_interruptible,
)
from octoplan.plan.solver.recourse import Cuts, SecondStage, SolveStopped
from octoplan.plan.solver.risk import NEUTRAL, Risk, risk_measure, value_at_risk
from octoplan.plan.solver.two_stage import (
    INFEASIBLE_SECOND_STAGE,
    TOLERANCE,
    UNBOUNDED_COST,
    Columns,
    Floats,
    Ints,
    Scenarios,
    Solution,
    TwoStage,
    check_gap,
    check_scenarios,
    checked_first_stage,
    coefficient_warnings,
    mean_scenario,
    relative_gap,
)

DEFAULT_CLUSTERS = 200
"""Default number of clusters of scenarios; with more clusters there are fewer, but slower, iterations."""

CENTRE_WEIGHT = 0.5
"""Weight of the best first stage so far in the first stage evaluated next."""

MIP_TOLERANCE, MAX_MIP_TOLERANCE = 1e-9, 1e-6
"""Smallest and largest feasibility tolerance of the master problem with integers; the largest is HiGHS's default."""

MASTER_TOLERANCES: Options = {
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
    "mip_feasibility_tolerance": MIP_TOLERANCE,
}
"""Tolerances of the master problem, tighter than those of the second stage, so that its solution satisfies the cuts."""

ROUNDING = 1e-13
"""Feasibility tolerance relative to a row's bounds below which rounding alone may exceed it. HiGHS computes the rows of
a mixed-integer solution again, and fails if one of them violates a bound by the tolerance or more."""

FULL_STEP_SHARE = 0.9
"""Share of the predicted decrease above which the solution of the master problem is evaluated next."""

MAX_RADIUS = 1e12
"""Half-width of the box around the origin beyond which the problem counts as unbounded."""

INFEASIBLE_FIRST_STAGE = "the first stage is infeasible: no x satisfies its rows and bounds; relax one of them"
NO_SOLUTION_IN_TIME = "no solution was found within the time limit; allow more time"
TIME_LIMIT, ITERATION_LIMIT = "time limit", "iteration limit"
"""Status of a search that ended at a limit before its bounds were within the gap."""


class IterationLimitReached(Exception):
    """Raised if the search has made its maximum number of iterations."""


Progress = Callable[[int, float, float], None]


@dataclass(frozen=True)
class Proposal:
    """A solution of the master problem.

    x, point, lower
        First stage; values of all columns (x, eta, largest group mean, costs of clusters); lower bound on the optimum.
    """

    x: Floats
    point: Floats
    lower: float


class Master:
    """The master problem, with columns x, threshold eta of the CVaR, largest group mean, and cost of each cluster."""

    def __init__(self, problem: TwoStage, scenarios: Scenarios, risk: Risk, clusters: int) -> None:
        self.problem, self.p, self.risk = problem, scenarios.probability, risk
        groups = np.split(np.arange(len(scenarios)), risk.groups)
        self.cluster_members = [
            cluster for group in groups for cluster in np.array_split(group, max(1, clusters // risk.groups))
        ]
        clusters = len(self.cluster_members)
        self.n, self.tail_columns, self.group_columns = len(problem.first), int(risk.weight > 0.0), int(risk.groups > 1)
        self.has_cut = np.zeros(clusters, bool)  # the cost of a cluster without a cut is fixed at 0
        self.integer, self.radius = False, 1e2
        first, extra_columns = problem.first, self.tail_columns + self.group_columns + clusters
        weight = np.zeros(clusters) if self.group_columns else np.ones(clusters)
        columns = Columns(
            np.concatenate([first.cost, [risk.weight] * self.tail_columns, [1.0] * self.group_columns, weight]),
            np.concatenate([first.lower, np.zeros(extra_columns)]),
            np.concatenate([first.upper, np.zeros(extra_columns)]),
            np.zeros(self.n + extra_columns, bool),
        )
        rows = sparse.hstack([problem.rows, sparse.csr_array((len(problem.row_lower), extra_columns))], format="csr")
        lower, upper = problem.row_lower, problem.row_upper
        if self.group_columns:
            group_means = np.zeros((risk.groups, self.n + extra_columns))
            group_means[:, self.n] = 1.0
            for g, group in enumerate(groups):
                clusters_of = [
                    k for k, cluster_members in enumerate(self.cluster_members) if cluster_members[0] in group
                ]
                group_means[g, [self.n + 1 + k for k in clusters_of]] = -1.0 / self.p[group].sum()
            rows = sparse.vstack([rows, sparse.csr_array(group_means)], format="csr")
            lower = np.concatenate([lower, np.zeros(risk.groups)])
            upper = np.concatenate([upper, np.full(risk.groups, inf)])
        scale = row_scale(lower, upper)
        rows, lower, upper = (sparse.diags_array(scale) @ rows).tocsr(), scale * lower, scale * upper
        self.largest_bound = largest_finite(np.concatenate([lower, upper]))
        self.solver = load(columns, rows, lower, upper, SIMPLEX | MASTER_TOLERANCES)

    def require_integers(self, gap: float, tolerance: float) -> None:
        """Require integrality from now on, and set the relative and the absolute gap of the master problem."""
        self.integer = True
        for j in np.flatnonzero(self.problem.first.integer):
            self.solver.changeColIntegrality(int(j), highspy.HighsVarType.kInteger)
        options: Options = {
            "solver": "choose",
            "presolve": "choose",
            "mip_rel_gap": gap,
            "mip_abs_gap": tolerance,
        }
        for name, value in options.items():
            self.solver.setOptionValue(name, value)

    def add_cuts(self, cuts: Cuts, etas: list[float], proposal: Proposal | None) -> bool:
        """Add an optimality cut for each cluster and threshold eta, and feasibility cuts.

        Returns whether a new cut excludes the proposal.
        """
        n, first_cluster = self.n, self.n + self.tail_columns + self.group_columns
        rows: list[tuple[float, Floats]] = []
        width = first_cluster + len(self.cluster_members)
        for s in np.flatnonzero((self.p > 0.0) & np.isinf(cuts.costs)):
            size = max(1e-12, float(np.abs(cuts.slope[s]).max()))
            row = np.zeros(width)
            row[:n] = -cuts.slope[s] / size
            rows.append((cuts.constant[s] / size, row))
        for k, cluster_members in enumerate(self.cluster_members):
            possible_scenarios = cluster_members[self.p[cluster_members] > 0.0]
            if np.isinf(cuts.costs[possible_scenarios]).any():
                continue
            for eta in [-inf, *etas] if self.tail_columns and not self.has_cut[k] else etas:
                weight, tail_weight = self.weights(possible_scenarios, cuts.costs[possible_scenarios], eta)
                row = np.zeros(width)
                row[:n], row[n : n + self.tail_columns], row[first_cluster + k] = (
                    -weight @ cuts.slope[possible_scenarios],
                    tail_weight,
                    1.0,
                )
                rows.append((float(weight @ cuts.constant[possible_scenarios]), row))
            self.has_cut[k] = True
        if not rows:
            return False
        cut_matrix = sparse.csr_array(np.array([row for _, row in rows]))
        bounds = np.array([lower for lower, _ in rows])
        self.largest_bound = max(self.largest_bound, largest_finite(bounds))
        self.solver.addRows(
            len(rows), bounds, np.full(len(rows), inf), cut_matrix.nnz,
            cut_matrix.indptr[:-1].astype(np.int32), cut_matrix.indices.astype(np.int32), cut_matrix.data,
        )  # fmt: skip
        return proposal is None or bool(
            np.any(bounds - cut_matrix @ proposal.point > 1e-10 * np.maximum(1.0, np.abs(bounds)))
        )

    def weights(self, scenarios: Ints, costs: Floats, eta: float) -> tuple[Floats, float]:
        """Weights of the scenario costs and of eta in a cluster's cost, from a subgradient of the risk measure."""
        p, risk = self.p[scenarios], self.risk
        if not self.tail_columns:
            return p, 0.0
        tail_weights = p * (costs > eta) * risk.weight / (1.0 - risk.level)
        return (1.0 - risk.weight) * p + tail_weights, float(tail_weights.sum())

    def propose(self, deadline: float) -> Proposal:
        """Solve the master problem. Raises Stopped at the deadline, or PlanError if it is infeasible or unbounded.

        While the cuts leave the problem unbounded, it is solved in a box of increasing size, without a lower bound.
        """
        n, first, has_cut = self.n, self.problem.first, self.has_cut
        every_cluster_has_cut = bool(has_cut.all())
        eta = np.full(self.tail_columns + self.group_columns, inf if every_cluster_has_cut else 0.0)
        lower = np.concatenate([first.lower, -eta, np.where(has_cut, -inf, 0.0)])
        upper = np.concatenate([first.upper, eta, np.where(has_cut, inf, 0.0)])
        self.set_bounds(lower, upper)
        outcome = self.run(deadline)
        unbounded = outcome is Outcome.UNBOUNDED
        if unbounded:
            self.radius *= 10.0
            if self.radius > MAX_RADIUS:
                raise PlanError(UNBOUNDED_COST)
            bounds = np.concatenate([lower, upper])
            box_radius = self.radius + np.abs(bounds[np.isfinite(bounds)]).max(initial=0.0)
            in_box = np.arange(len(lower)) < n + self.tail_columns + self.group_columns
            self.set_bounds(
                np.where(in_box, np.maximum(lower, -box_radius), lower),
                np.where(in_box, np.minimum(upper, box_radius), upper),
            )
            outcome = self.run(deadline)
        if outcome is Outcome.STOPPED:
            raise SolveStopped
        if outcome is Outcome.INFEASIBLE:
            raise PlanError(INFEASIBLE_SECOND_STAGE)
        if outcome is not Outcome.OPTIMAL:
            raise PlanError(
                "HiGHS cannot solve the master problem; "
                "rescale the units so that the coefficients are of similar magnitude"
            )
        point = column_values(self.solver)
        x = np.clip(point[:n], first.lower, first.upper)
        if self.integer:
            x = np.where(first.integer, np.round(x), x)
        bound = lower_bound(self.solver, self.integer) if every_cluster_has_cut and not unbounded else -inf
        return Proposal(x, point, bound)

    def run(self, deadline: float) -> Outcome:
        """Solve the master problem until a deadline of ``perf_counter``."""
        if not self.integer:
            return run(self.solver, deadline)
        tolerance = min(max(MIP_TOLERANCE, ROUNDING * self.largest_bound), MAX_MIP_TOLERANCE)
        self.solver.setOptionValue("mip_feasibility_tolerance", tolerance)
        return run_interruptible(self.solver, deadline)

    def set_bounds(self, lower: Floats, upper: Floats) -> None:
        """Set the bounds of all columns."""
        self.solver.changeColsBounds(len(lower), np.arange(len(lower), dtype=np.int32), lower, upper)


def row_scale(lower: Floats, upper: Floats) -> Floats:
    """(rows,) powers of two by which rows are multiplied so that rounding stays below the tolerances of HiGHS.

    The tolerances are absolute; the rounding of a row grows with its bounds. Rows with small bounds are not scaled.
    """
    largest = np.maximum(*(np.where(np.isfinite(bound), np.abs(bound), 0.0) for bound in (lower, upper)))
    scale: Floats = np.exp2(-np.ceil(np.log2(np.maximum(1.0, ROUNDING / MIP_TOLERANCE * largest))))
    return scale


def largest_finite(values: Floats) -> float:
    """The largest absolute value of the finite values; 0 if there are none."""
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


@dataclass
class Search:
    """State of the search: bounds, best solution, and stability centre.

    The stability centre is the best first stage so far with integrality relaxed.
    """

    second: SecondStage
    master: Master
    deadline: float
    gap: float
    tolerance: float | None
    progress: Progress | None
    max_iterations: float = inf
    lower: float = -inf
    upper: float = inf
    x: Floats | None = None
    costs: Floats = field(default_factory=lambda: np.zeros(0))
    centre: Floats | None = None
    centre_cost: float = inf
    iterations: int = 0
    start_costs: Floats = field(default_factory=lambda: np.zeros(0))

    def within_gap(self, upper: float) -> bool:
        """Whether the difference between an upper bound and the lower bound is within the requested gap."""
        if self.tolerance is not None:
            return upper - self.lower <= self.tolerance
        return relative_gap(self.lower, upper) <= self.gap

    def evaluate(self, x: Floats, proposal: Proposal | None = None) -> bool:
        """Evaluate x in every scenario and add the cuts at x; returns whether the cuts exclude the proposal.

        Raises IterationLimitReached after ``max_iterations`` iterations.
        """
        if self.iterations >= self.max_iterations:
            raise IterationLimitReached
        master = self.master
        first, p, risk = master.problem.first, master.p, master.risk
        cuts = self.second.solve(x, self.deadline)
        cost = float(first.cost @ x) + risk_measure(risk, cuts.costs, p)
        if self.iterations == 0:
            self.start_costs = cuts.costs
        if cost < self.centre_cost:
            self.centre, self.centre_cost = x, cost
        if cost < self.upper and not np.any(first.integer & (np.abs(x - np.round(x)) > TOLERANCE)):
            self.x, self.upper, self.costs = x, cost, cuts.costs
        etas = [0.0]
        if master.tail_columns:
            etas = [value_at_risk(cuts.costs, p, risk.level)] + ([] if proposal is None else [proposal.point[master.n]])
        excluded = master.add_cuts(cuts, etas, proposal)
        self.iterations += 1
        if self.progress is not None:
            self.progress(self.iterations, self.lower, self.upper)
        return excluded

    def solve_relaxation(self) -> bool:
        """Iterate with integrality relaxed; returns False if progress stalls before the bounds are within the gap."""
        improved, full_step = True, False
        while True:
            lower, centre_cost = self.lower, self.centre_cost
            proposal = self.master.propose(self.deadline)
            self.lower = max(self.lower, proposal.lower)
            if self.within_gap(self.centre_cost):
                return True
            bound_rises = self.lower - lower > 1e-3 * (self.centre_cost - self.lower)
            interior = self.centre is not None and (improved or bound_rises) and not full_step
            x = proposal.x
            if self.centre is not None and interior:
                x = CENTRE_WEIGHT * self.centre + (1.0 - CENTRE_WEIGHT) * x
            excluded = self.evaluate(x, proposal)
            improved = self.centre_cost < centre_cost
            predicted = (1.0 - CENTRE_WEIGHT) * (centre_cost - proposal.lower)
            full_step = centre_cost - self.centre_cost > FULL_STEP_SHARE * predicted
            if not interior and not excluded and proposal.lower > -inf:
                return self.within_gap(self.centre_cost)

    def solve_integer(self) -> bool:
        """Iterate with integrality required; returns False if progress stalls before the bounds are within the gap."""
        if self.tolerance is None:
            self.master.require_integers(0.5 * self.gap, 1e-6)
        else:
            self.master.require_integers(0.0, 0.5 * self.tolerance)
        while not self.within_gap(self.upper):
            proposal = self.master.propose(self.deadline)
            self.lower = max(self.lower, proposal.lower)
            if not self.within_gap(self.upper) and not self.evaluate(proposal.x, proposal):
                break
        return self.within_gap(self.upper)


def initial_first_stage(problem: TwoStage, scenarios: Scenarios, time_limit: float) -> Floats:
    """An initial first stage: the optimum for the mean scenario, otherwise any feasible first stage.

    Raises PlanError if no feasible first stage exists or is found within the time limit.
    """
    try:
        return extensive.solve(problem, mean_scenario(scenarios), gap=1e-3, time_limit=time_limit).x
    except PlanError:
        first = problem.first
        columns = Columns(np.zeros(len(first)), first.lower, first.upper, first.integer)
        solver = load(columns, problem.rows, problem.row_lower, problem.row_upper)
        outcome = run_interruptible(solver, perf_counter() + time_limit)
        if outcome is Outcome.OPTIMAL:
            return column_values(solver)
        raise PlanError(INFEASIBLE_FIRST_STAGE if outcome is Outcome.INFEASIBLE else NO_SOLUTION_IN_TIME) from None


def solve(
    problem: TwoStage,
    scenarios: Scenarios,
    *,
    risk: Risk = NEUTRAL,
    gap: float = 1e-6,
    tolerance: float | None = None,
    time_limit: float = inf,
    max_iterations: float = inf,
    start: Floats | None = None,
    clusters: int = DEFAULT_CLUSTERS,
    executor: ThreadPoolExecutor | None = None,
    progress: Progress | None = None,
) -> Solution:
    """Minimise first-stage cost plus the risk measure of second-stage costs; Ctrl-C ends the search early.

    gap
        Relative optimality gap at which to stop, at least ``MIN_GAP``.
    tolerance
        Absolute optimality gap at which to stop, in units of cost; if given, the relative gap is not used.
    time_limit
        Time limit in seconds; the best solution found by then is returned, which may differ between runs.
    max_iterations
        Maximum number of iterations; the best solution found by then is returned, the same in every run.
    start
        (first,) feasible first stage that is evaluated first; by default the optimum for the mean scenario.
    clusters
        Number of clusters of scenarios, each with one cut in an iteration; at most the number of scenarios.
    executor
        Threads that share the scenarios; the calling thread if None. Results are bit-identical in both cases.
    progress
        Called after each iteration with its number, the lower and the upper bound.

    Raises PlanError if the gap is below the solver's tolerances, if the problem is infeasible or unbounded, or if no
    solution is found within the time limit.
    """
    check_gap(gap)
    if tolerance is not None and not 0.0 <= tolerance < inf:
        raise PlanError(f"an absolute gap of {tolerance:g} is out of range; write a finite number, 0 or more")
    check_scenarios(problem, scenarios)
    if len(scenarios) % risk.groups:
        raise PlanError(f"{len(scenarios)} scenarios cannot be split into {risk.groups} groups of equal size")
    if problem.second.integer.any():
        raise PlanError(
            "the L-shaped method needs a continuous second stage; use the extensive form for integer columns"
        )
    deadline = perf_counter() + time_limit
    clusters = max(1, min(clusters, len(scenarios)))
    master = Master(problem, scenarios, risk, clusters)
    search = Search(
        SecondStage(problem, scenarios, executor), master, deadline, gap, tolerance, progress, max_iterations
    )
    try:
        search.evaluate(initial_first_stage(problem, scenarios, time_limit) if start is None else start)
        converged = search.solve_relaxation()
        if problem.first.integer.any():
            converged = search.solve_integer()
        status = "optimal" if converged else "stalled"
    except SolveStopped:
        status = TIME_LIMIT
    except IterationLimitReached:
        status = ITERATION_LIMIT
    except KeyboardInterrupt:
        status = "interrupted"
    if search.x is None:
        raise PlanError(NO_SOLUTION_IN_TIME)
    return Solution(
        checked_first_stage(problem, search.x), min(search.lower, search.upper), search.upper, search.costs, status,
        search.iterations, coefficient_warnings(problem, scenarios), search.start_costs,
    )  # fmt: skip
