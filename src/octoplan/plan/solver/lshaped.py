"""The L-shaped method: a first stage found by cuts that tell it what the second will cost.

Cuts are gathered by clusters of scenarios (Van Slyke and Wets 1969; multi-cut, Birge and Louveaux 1988). The next
first stage to price lies between the best one known and the one the cuts propose (in-out, Ben-Ameur and Neto 2007),
which keeps the second stage's bases near. Whole columns are relaxed until the cuts are tight, then asked of the master.
The bounds hold at every step.
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
from octoplan.plan.solver.highs import SIMPLEX, Options, Outcome, bound, load, run, run_interruptible, values
from octoplan.plan.solver.recourse import Cuts, SecondStage, Stopped
from octoplan.plan.solver.risk import NEUTRAL, Risk, measured, value_at_risk
from octoplan.plan.solver.two_stage import (
    ENDLESS,
    NO_SECOND,
    TOLERANCE,
    Columns,
    Floats,
    Ints,
    Scenarios,
    Solved,
    TwoStage,
    check,
    mean,
    relative_gap,
    remarks,
    sound,
)

CLUSTERS = 200
"""Cuts taken at a step unless told: more make fewer, dearer steps."""

INWARD = 0.5
"""Share of the best first stage known in the next one priced."""

EXACT: Options = {
    "primal_feasibility_tolerance": 1e-9,
    "dual_feasibility_tolerance": 1e-9,
    "mip_feasibility_tolerance": 1e-9,
}
"""The master keeps its cuts more strictly than the second stage judges them, lest the two disagree for ever."""

FORETOLD = 0.9
"""Share of the saving hoped for which, once had, lets the next step go all the way."""

FARTHEST = 1e12
"""A first stage sought farther out than this has no end."""

NO_FIRST = "the first stage contradicts itself: no x meets its rows and bounds; relax one of them"
NO_TIME = "the search ended before it had found any plan; give it more time"

Progress = Callable[[int, float, float], None]


@dataclass(frozen=True)
class Proposal:
    """A first stage x, the master's whole point (x, eta, costs of clusters), and the bound that it proves."""

    x: Floats
    point: Floats
    lower: float


class Master:
    """x, under a tail eta, of groups the dearest, and the cost of each cluster of scenarios, held up by cuts."""

    def __init__(self, problem: TwoStage, scenarios: Scenarios, risk: Risk, clusters: int) -> None:
        self.problem, self.p, self.risk = problem, scenarios.probability, risk
        groups = np.split(np.arange(len(scenarios)), risk.groups)
        self.members = [own for group in groups for own in np.array_split(group, max(1, clusters // risk.groups))]
        clusters = len(self.members)
        self.n, self.tail, self.dearest = len(problem.first), int(risk.weight > 0.0), int(risk.groups > 1)
        self.free = np.zeros(clusters, bool)  # of a cluster without a cut nothing is known: its cost is held at 0
        self.whole, self.radius = False, 1e2
        first, more = problem.first, self.tail + self.dearest + clusters
        each = np.zeros(clusters) if self.dearest else np.ones(clusters)
        columns = Columns(
            np.concatenate([first.cost, [risk.weight] * self.tail, [1.0] * self.dearest, each]),
            np.concatenate([first.lower, np.zeros(more)]),
            np.concatenate([first.upper, np.zeros(more)]),
            np.zeros(self.n + more, bool),
        )
        rows = sparse.hstack([problem.rows, sparse.csr_array((len(problem.row_lower), more))], format="csr")
        lower, upper = problem.row_lower, problem.row_upper
        if self.dearest:
            above = np.zeros((risk.groups, self.n + more))
            above[:, self.n] = 1.0
            for g, group in enumerate(groups):
                own = [k for k, members in enumerate(self.members) if members[0] in group]
                above[g, [self.n + 1 + k for k in own]] = -1.0 / self.p[group].sum()
            rows = sparse.vstack([rows, sparse.csr_array(above)], format="csr")
            lower = np.concatenate([lower, np.zeros(risk.groups)])
            upper = np.concatenate([upper, np.full(risk.groups, inf)])
        self.solver = load(columns, rows, lower, upper, SIMPLEX | EXACT)

    def ask_whole(self, gap: float, tolerance: float) -> None:
        """From here on whole columns are whole."""
        self.whole = True
        for j in np.flatnonzero(self.problem.first.integer):
            self.solver.changeColIntegrality(int(j), highspy.HighsVarType.kInteger)
        told: Options = {
            "solver": "choose",
            "presolve": "choose",
            "mip_rel_gap": gap,
            "mip_abs_gap": tolerance,
        }
        for name, value in told.items():
            self.solver.setOptionValue(name, value)

    def add(self, cuts: Cuts, etas: list[float], proposal: Proposal | None) -> bool:
        """Cuts of each cluster at each threshold, and those that forbid what a scenario cannot meet.

        Says whether one of them breaks the proposal.
        """
        n, first_cost = self.n, self.n + self.tail + self.dearest
        rows: list[tuple[float, Floats]] = []
        width = first_cost + len(self.members)
        for s in np.flatnonzero((self.p > 0.0) & np.isinf(cuts.costs)):
            size = max(1e-12, float(np.abs(cuts.slope[s]).max()))
            row = np.zeros(width)
            row[:n] = -cuts.slope[s] / size
            rows.append((cuts.constant[s] / size, row))
        for k, own in enumerate(self.members):
            possible = own[self.p[own] > 0.0]
            if np.isinf(cuts.costs[possible]).any():
                continue
            for eta in [-inf, *etas] if self.tail and not self.free[k] else etas:
                weight, past = self.weights(possible, cuts.costs[possible], eta)
                row = np.zeros(width)
                row[:n], row[n : n + self.tail], row[first_cost + k] = -weight @ cuts.slope[possible], past, 1.0
                rows.append((float(weight @ cuts.constant[possible]), row))
            self.free[k] = True
        if not rows:
            return False
        body = sparse.csr_array(np.array([row for _, row in rows]))
        bounds = np.array([least for least, _ in rows])
        self.solver.addRows(
            len(rows), bounds, np.full(len(rows), inf), body.nnz,
            body.indptr[:-1].astype(np.int32), body.indices.astype(np.int32), body.data,
        )  # fmt: skip
        return proposal is None or bool(
            np.any(bounds - body @ proposal.point > 1e-10 * np.maximum(1.0, np.abs(bounds)))
        )

    def weights(self, own: Ints, costs: Floats, eta: float) -> tuple[Floats, float]:
        """Weight of each scenario's cost in its cluster's, and of eta: the slope of the mixture at a threshold."""
        p, risk = self.p[own], self.risk
        if not self.tail:
            return p, 0.0
        beyond = p * (costs > eta) * risk.weight / (1.0 - risk.level)
        return (1.0 - risk.weight) * p + beyond, float(beyond.sum())

    def propose(self, deadline: float) -> Proposal:
        """The best first stage under the cuts. Raises Stopped, or PlanError where there is none or none is best.

        Where the cuts do not yet bound it, it is sought in a box that grows, and proves no bound.
        """
        n, first, free = self.n, self.problem.first, self.free
        known = bool(free.all())
        eta = np.full(self.tail + self.dearest, inf if known else 0.0)
        lower = np.concatenate([first.lower, -eta, np.where(free, -inf, 0.0)])
        upper = np.concatenate([first.upper, eta, np.where(free, inf, 0.0)])
        self.bound(lower, upper)
        outcome = self.run(deadline)
        endless = outcome is Outcome.UNBOUNDED
        if endless:
            self.radius *= 10.0
            if self.radius > FARTHEST:
                raise PlanError(ENDLESS)
            far = self.radius + np.abs(np.concatenate([lower, upper])[np.isfinite(np.concatenate([lower, upper]))]).max(
                initial=0.0
            )
            boxed = np.arange(len(lower)) < n + self.tail + self.dearest
            self.bound(np.where(boxed, np.maximum(lower, -far), lower), np.where(boxed, np.minimum(upper, far), upper))
            outcome = self.run(deadline)
        if outcome is Outcome.STOPPED:
            raise Stopped
        if outcome is Outcome.INFEASIBLE:
            raise PlanError(NO_SECOND)
        if outcome is not Outcome.OPTIMAL:
            raise PlanError("HiGHS finds no end to the master programme; bring the coefficients closer together")
        point = values(self.solver)
        x = np.clip(point[:n], first.lower, first.upper)
        if self.whole:
            x = np.where(first.integer, np.round(x), x)
        return Proposal(x, point, bound(self.solver, self.whole) if known and not endless else -inf)

    def run(self, deadline: float) -> Outcome:
        return run_interruptible(self.solver, deadline) if self.whole else run(self.solver, deadline)

    def bound(self, lower: Floats, upper: Floats) -> None:
        self.solver.changeColsBounds(len(lower), np.arange(len(lower), dtype=np.int32), lower, upper)


@dataclass
class Search:
    """Where the method stands: the bounds, the best plan, and the point that steps are drawn towards.

    The centre is the best first stage with whole columns relaxed; without such columns it is the best plan.
    """

    second: SecondStage
    master: Master
    deadline: float
    gap: float
    tolerance: float | None
    progress: Progress | None
    lower: float = -inf
    upper: float = inf
    x: Floats | None = None
    costs: Floats = field(default_factory=lambda: np.zeros(0))
    centre: Floats | None = None
    centre_cost: float = inf
    iterations: int = 0

    def met(self, upper: float) -> bool:
        """Whether the lower bound is near enough to an upper one."""
        if self.tolerance is not None:
            return upper - self.lower <= self.tolerance
        return relative_gap(self.lower, upper) <= self.gap

    def price(self, x: Floats, proposal: Proposal | None = None) -> bool:
        """Price x in every scenario and add its cuts; whether they break the proposal."""
        master = self.master
        first, p, risk = master.problem.first, master.p, master.risk
        cuts = self.second.solve(x, self.deadline)
        cost = float(first.cost @ x) + measured(risk, cuts.costs, p)
        if cost < self.centre_cost:
            self.centre, self.centre_cost = x, cost
        if cost < self.upper and not np.any(first.integer & (np.abs(x - np.round(x)) > TOLERANCE)):
            self.x, self.upper, self.costs = x, cost, cuts.costs
        etas = [0.0]
        if master.tail:
            etas = [value_at_risk(cuts.costs, p, risk.level)] + ([] if proposal is None else [proposal.point[master.n]])
        broken = master.add(cuts, etas, proposal)
        self.iterations += 1
        if self.progress is not None:
            self.progress(self.iterations, self.lower, self.upper)
        return broken

    def relaxed(self) -> bool:
        """Steps with whole columns relaxed, until the bounds of that meet; False if tolerances bar the way."""
        onward, foretold = True, False
        while True:
            before = self.lower, self.centre_cost
            proposal = self.master.propose(self.deadline)
            self.lower = max(self.lower, proposal.lower)
            if self.met(self.centre_cost):
                return True
            rising = self.lower - before[0] > 1e-3 * (self.centre_cost - self.lower)
            drawn = self.centre is not None and (onward or rising) and not foretold
            x = proposal.x
            if self.centre is not None and drawn:
                x = INWARD * self.centre + (1.0 - INWARD) * x
            broken = self.price(x, proposal)
            onward = self.centre_cost < before[1]
            hoped = (1.0 - INWARD) * (before[1] - proposal.lower)
            foretold = before[1] - self.centre_cost > FORETOLD * hoped
            if not drawn and not broken and proposal.lower > -inf:
                return self.met(self.centre_cost)

    def whole(self) -> bool:
        """Steps with whole columns whole, until the bounds meet; False if tolerances bar the way."""
        if self.tolerance is None:
            self.master.ask_whole(0.5 * self.gap, 1e-6)
        else:
            self.master.ask_whole(0.0, 0.5 * self.tolerance)
        while not self.met(self.upper):
            proposal = self.master.propose(self.deadline)
            self.lower = max(self.lower, proposal.lower)
            if not self.met(self.upper) and not self.price(proposal.x, proposal):
                break
        return self.met(self.upper)


def start(problem: TwoStage, scenarios: Scenarios, time_limit: float) -> Floats:
    """A first stage to begin with: that of the mean scenario, else any. Raises PlanError if there is none."""
    try:
        return extensive.solve(problem, mean(scenarios), gap=1e-3, time_limit=time_limit).x
    except PlanError:
        first = problem.first
        free = Columns(np.zeros(len(first)), first.lower, first.upper, first.integer)
        alone = load(free, problem.rows, problem.row_lower, problem.row_upper)
        outcome = run_interruptible(alone, perf_counter() + time_limit)
        if outcome is Outcome.OPTIMAL:
            return values(alone)
        raise PlanError(NO_FIRST if outcome is Outcome.INFEASIBLE else NO_TIME) from None


def solve(
    problem: TwoStage,
    scenarios: Scenarios,
    *,
    risk: Risk = NEUTRAL,
    gap: float = 1e-6,
    tolerance: float | None = None,
    time_limit: float = inf,
    clusters: int = CLUSTERS,
    executor: ThreadPoolExecutor | None = None,
    progress: Progress | None = None,
) -> Solved:
    """The least of first-stage cost and the risk of the second stage's, with bounds; Ctrl-C ends the search early.

    gap
        Relative distance of the bounds at which to stop.
    tolerance
        Distance of the bounds at which to stop, in units of cost, in place of the relative one.
    time_limit
        Seconds; the best plan until then is returned. Only a search that is cut off may differ from run to run.
    clusters
        Cuts taken at a step, at most one for each scenario.
    executor
        Threads that share the scenarios; this thread alone if none is given. The same bits either way.
    progress
        Told iteration, lower and upper bound at each step.

    Raises PlanError where no plan is possible, none is best, or none was found in time.
    """
    check(problem, scenarios)
    if len(scenarios) % risk.groups:
        raise PlanError(f"{len(scenarios)} scenarios are not {risk.groups} groups of one size; draw as many for each")
    if problem.second.integer.any():
        raise PlanError("cuts need a second stage that can be divided; use the extensive form for whole columns there")
    deadline = perf_counter() + time_limit
    clusters = max(1, min(clusters, len(scenarios)))
    master = Master(problem, scenarios, risk, clusters)
    search = Search(SecondStage(problem, scenarios, executor), master, deadline, gap, tolerance, progress)
    try:
        begin = start(problem, scenarios, time_limit)
        search.price(begin)
        reached = search.relaxed()
        if problem.first.integer.any():
            reached = search.whole()
        status = "optimal" if reached else "stalled"
    except Stopped:
        status = "time limit"
    except KeyboardInterrupt:
        status = "interrupted"
    if search.x is None:
        raise PlanError(NO_TIME)
    return Solved(
        sound(problem, search.x), min(search.lower, search.upper), search.upper, search.costs, status,
        search.iterations, remarks(problem, scenarios),
    )  # fmt: skip
