"""The L-shaped method compared with closed forms, enumeration and the extensive form, on several threads."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import linprog

from octoplan.errors import PlanError
from octoplan.plan.solver import extensive_form as extensive
from octoplan.plan.solver import lshaped, recourse
from octoplan.plan.solver.risk import Risk, cvar
from octoplan.plan.solver.two_stage import MIN_GAP, Floats, Realisation, Scenarios, TwoStage, with_entries
from tests.plan.programmes import alike, columns, farmer, fixed_total, newsvendor, random_programme


def second_stage_by_scipy(problem: TwoStage, realisation: Realisation, x: Floats) -> float:
    """Cost of the second stage of one scenario, computed by scipy; infinite if infeasible."""
    W = with_entries(problem.recourse, problem.random_recourse, realisation.recourse).toarray()
    T = with_entries(problem.technology, problem.random_technology, realisation.technology).toarray()
    q = problem.second.cost.copy()
    q[problem.random_cost] = realisation.cost
    lower, upper = realisation.lower - T @ x, realisation.upper - T @ x
    rows = np.vstack([W[np.isfinite(upper)], -W[np.isfinite(lower)]])
    sides = np.concatenate([upper[np.isfinite(upper)], -lower[np.isfinite(lower)]])
    result = linprog(q, rows, sides, bounds=list(zip(problem.second.lower, problem.second.upper, strict=True)))
    return float(result.fun or 0.0) if result.success else np.inf


def test_farmer() -> None:
    """The farmer's plan: 170, 80 and 250 acres, a profit of 108,390."""
    problem, scenarios = farmer()
    plan = lshaped.solve(problem, scenarios, gap=MIN_GAP)
    assert plan.upper == pytest.approx(-108390, rel=1e-7)
    assert plan.lower == pytest.approx(-108390, rel=1e-7)
    assert plan.x == pytest.approx([170, 80, 250], abs=1e-4)
    assert plan.status == "optimal"


def test_a_search_from_a_given_start_ends_at_its_iteration_limit() -> None:
    """The start is evaluated first; at the limit the best solution so far is returned, with valid bounds."""
    problem, scenarios = farmer()
    start = np.array([100.0, 100.0, 300.0])
    first = lshaped.solve(problem, scenarios, start=start, max_iterations=1)
    assert (first.status, first.iterations) == ("iteration limit", 1)
    assert (first.x == start).all()
    assert first.lower <= -108390 < first.upper
    complete = lshaped.solve(problem, scenarios, start=start)
    assert complete.status == "optimal"
    assert complete.upper == pytest.approx(-108390, rel=1e-6)
    assert (complete.start_costs == first.costs).all()


@pytest.mark.parametrize(("cost", "price", "salvage"), [(5.0, 9.0, 1.0), (2.0, 10.0, 0.0), (8.0, 9.0, 7.5)])
def test_newsvendor(cost: float, price: float, salvage: float) -> None:
    """The order is the critical quantile of demand, (price - cost) / (price - salvage)."""
    demand = np.random.default_rng(4).gamma(4.0, 25.0, 201)
    problem, scenarios = newsvendor(demand, cost, price, salvage)
    order = np.quantile(demand, (price - cost) / (price - salvage), method="inverted_cdf")
    profit = np.mean(price * np.minimum(demand, order) + salvage * np.maximum(order - demand, 0.0)) - cost * order
    plan = lshaped.solve(problem, scenarios, gap=MIN_GAP)
    assert plan.upper == pytest.approx(-profit, rel=1e-7)
    assert plan.x[0] == pytest.approx(order, abs=1e-4)


@pytest.mark.parametrize("integer", [False, True])
@pytest.mark.parametrize("shortage", [True, False])
@pytest.mark.parametrize("clusters", [1, 200])
def test_agrees_with_the_extensive_form(integer: bool, shortage: bool, clusters: int) -> None:
    """On random problems both methods give the same cost, or both report infeasibility."""
    met = unmet = 0
    for seed in range(25):
        problem, scenarios = random_programme(seed, integer=integer, shortage=shortage)
        try:
            exact = extensive.solve(problem, scenarios, gap=MIN_GAP)
        except PlanError:
            with pytest.raises(PlanError, match="no first stage"):
                lshaped.solve(problem, scenarios, clusters=clusters)
            unmet += 1
            continue
        plan = lshaped.solve(problem, scenarios, gap=MIN_GAP, clusters=clusters)
        assert plan.status == "optimal"
        assert plan.upper == pytest.approx(exact.upper, rel=3e-7)
        assert plan.lower <= exact.upper * (1 + 1e-8)
        met += 1
    assert met >= 14
    assert unmet == 0 if shortage else unmet >= 3


@pytest.mark.parametrize("unit", [1e-6, 1e-7])
def test_costs_in_small_units_do_not_change_the_plan(unit: float) -> None:
    """Plans with integers are optimal if costs are so large that rounding of the cuts exceeds a tolerance of 1e-9."""
    for seed in range(25):
        problem, scenarios = random_programme(seed, integer=True, shortage=True)
        exact = extensive.solve(problem, scenarios, gap=MIN_GAP)
        plan = lshaped.solve(*in_unit(problem, scenarios, unit), gap=1e-5)
        assert plan.status == "optimal"
        assert plan.upper * unit == pytest.approx(exact.upper, rel=1.1e-5)
        assert plan.lower * unit <= exact.upper * (1 + 1e-8)


@pytest.mark.parametrize("unit", [1e-5, 1e-6])
def test_rows_in_small_units_do_not_change_the_plan(unit: float) -> None:
    """Plans with integers are optimal if a row is so large that its rounding exceeds a tolerance of 1e-9."""
    for seed in range(12):
        exact = extensive.solve(*fixed_total(seed, 1.0), gap=1e-6)
        plan = lshaped.solve(*fixed_total(seed, unit), gap=1e-5)
        assert plan.status == "optimal"
        assert plan.upper == pytest.approx(exact.upper, rel=2e-5)
        assert plan.lower <= exact.upper * (1 + 1e-8)


def test_only_rows_with_large_bounds_are_scaled() -> None:
    """Scales are powers of two; rounding of a scaled row is below the tolerance; small and infinite bounds stay."""
    lower = np.array([0.0, -np.inf, 9e3, 99707.11144183476, -np.inf, -3e8])
    upper = np.array([0.0, 5e3, np.inf, 99707.11144183476, np.inf, 1.0])
    scale = lshaped.row_scale(lower, upper)
    assert scale.tolist() == [1.0, 1.0, 1.0, 1 / 16, 1.0, 2.0**-15]
    for bound in (99707.11144183476 * scale[3], 3e8 * scale[5]):
        assert 0.5 < lshaped.ROUNDING * bound / lshaped.MIP_TOLERANCE <= 1.0


def in_unit(problem: TwoStage, scenarios: Scenarios, unit: float) -> tuple[TwoStage, Scenarios]:
    """The problem and its scenarios with costs in another unit."""

    def realise(s: int) -> Realisation:
        realisation = scenarios.realise(s)
        return replace(realisation, cost=realisation.cost / unit)

    first, second = (replace(stage, cost=stage.cost / unit) for stage in (problem.first, problem.second))
    return replace(problem, first=first, second=second), Scenarios(scenarios.probability, realise)


@pytest.mark.parametrize("integer", [False, True])
def test_cvar_agrees_with_the_extensive_form(integer: bool) -> None:
    """With a positive weight of the CVaR, both methods give the same cost."""
    for seed in range(18):
        problem, scenarios = random_programme(seed, integer=integer, shortage=True)
        risk = Risk([0.3, 1.0][seed % 2], [0.0, 0.5, 0.9][seed % 3])
        exact = extensive.solve(problem, scenarios, risk=risk, gap=MIN_GAP)
        plan = lshaped.solve(problem, scenarios, risk=risk, gap=MIN_GAP, clusters=[1, 3, 200][seed % 3])
        assert plan.status == "optimal"
        assert plan.upper == pytest.approx(exact.upper, rel=3e-7)


def test_cvar_by_its_definition() -> None:
    """CVaR is the mean of the most expensive share of scenarios; the scenario at the quantile counts in part."""
    rng = np.random.default_rng(8)
    costs = rng.normal(100.0, 20.0, 40)
    ordered = np.sort(costs)
    alike_chances = np.full(40, 1 / 40)
    assert cvar(costs, alike_chances, 0.9) == pytest.approx(ordered[-4:].mean())
    assert cvar(costs, alike_chances, 0.0) == pytest.approx(costs.mean())
    partly = (ordered[-4:].sum() + 0.5 * ordered[-5]) / 4.5
    assert cvar(costs, alike_chances, 1 - 4.5 / 40) == pytest.approx(partly)
    chances = rng.dirichlet(np.ones(40))
    worst = linprog(-costs, A_eq=np.ones((1, 40)), b_eq=[1.0], bounds=[(0.0, p / 0.2) for p in chances])
    assert cvar(costs, chances, 0.8) == pytest.approx(-float(worst.fun or 0.0))


def test_cvar_of_the_newsvendor() -> None:
    """With weight 1 of the CVaR the order minimises the mean cost of the most expensive tenth."""
    demand = np.linspace(10.0, 109.0, 100)
    problem, scenarios = newsvendor(demand, 5.0, 9.0, 1.0)
    risk = Risk(1.0, 0.9)
    plan = lshaped.solve(problem, scenarios, risk=risk, gap=MIN_GAP)

    def tail(order: float) -> float:
        loss = 5.0 * order - 9.0 * np.minimum(demand, order) - np.maximum(order - demand, 0.0)
        return float(np.sort(loss)[-10:].mean())

    assert plan.upper == pytest.approx(min(tail(order) for order in np.arange(0.0, 110.0, 0.5)), rel=1e-6)
    assert plan.upper == pytest.approx(tail(float(plan.x[0])), rel=1e-8)
    assert plan.x[0] < lshaped.solve(problem, scenarios).x[0] - 10.0


def test_agrees_with_enumeration() -> None:
    """Of all 64 first stages of 6 plants, the method finds the cheapest that is feasible in every scenario."""
    rng = np.random.default_rng(12)
    n, count = 6, 7
    technology = np.vstack([-np.diag(rng.uniform(4, 6, n)), np.zeros((1, n))])
    problem = TwoStage(
        columns(rng.uniform(4, 9, n), upper=1.0, integer=True), sparse.csr_matrix(np.ones((1, n))), np.array([-np.inf]),
        np.array([4.0]), columns(rng.uniform(1, 4, n)), sparse.csr_matrix(technology),
        sparse.csr_matrix(np.vstack([np.eye(n), np.ones((1, n))])),
    )  # fmt: skip
    most = np.append(np.zeros(n), np.inf)
    scenarios = alike([Realisation(np.append(np.full(n, -np.inf), d), most) for d in rng.uniform(6, 14, count)])
    cheapest = np.inf
    for choice in product((0.0, 1.0), repeat=n):
        x = np.array(choice)
        if x.sum() <= 4.0:
            later = np.mean([second_stage_by_scipy(problem, r, x) for r in scenarios])
            cheapest = min(cheapest, float(problem.first.cost @ x + later))
    plan = lshaped.solve(problem, scenarios, gap=MIN_GAP)
    assert plan.upper == pytest.approx(cheapest, rel=1e-7)
    assert set(plan.x) <= {0.0, 1.0}


def test_costs_and_cuts_of_the_second_stage() -> None:
    """Costs equal those of scipy; each cut is tight where it was computed and valid elsewhere."""
    infeasible = 0
    for seed in range(12):
        problem, scenarios = random_programme(seed, integer=False, shortage=seed % 2 == 0)
        rng = np.random.default_rng(seed)
        x, others = rng.uniform(0, 3, len(problem.first)), rng.uniform(0, 6, (6, len(problem.first)))
        result = recourse.SecondStage(problem, scenarios, None).solve(x, np.inf)
        for s, realisation in enumerate(scenarios):
            assert result.costs[s] == pytest.approx(second_stage_by_scipy(problem, realisation, x), rel=1e-7)
            at_x = result.constant[s] + result.slope[s] @ x
            if np.isinf(result.costs[s]):
                infeasible += 1
                assert at_x > 0.0
            else:
                assert at_x == pytest.approx(result.costs[s], rel=1e-7)
            for z in others:
                floor = 0.0 if np.isinf(result.costs[s]) else second_stage_by_scipy(problem, realisation, z)
                if np.isfinite(second_stage_by_scipy(problem, realisation, z)):
                    assert result.constant[s] + result.slope[s] @ z <= floor + 1e-6
    assert infeasible > 0


@pytest.mark.parametrize("risk", [Risk(0.0, 0.0), Risk(0.5, 0.7)])
def test_results_do_not_depend_on_the_number_of_threads(risk: Risk) -> None:
    """Solution, bounds and costs are bit-identical in the calling thread and with one, two or five threads."""
    demand = np.random.default_rng(4).gamma(4.0, 25.0, 150)
    vendor = newsvendor(demand, 5.0, 9.0, 1.0)
    for problem, scenarios in (
        vendor,
        random_programme(3, integer=True, shortage=True),
        random_programme(12, integer=False, shortage=False),
    ):
        alone = lshaped.solve(problem, scenarios, risk=risk)
        for threads in (1, 2, 5):
            with ThreadPoolExecutor(threads) as pool:
                shared = lshaped.solve(problem, scenarios, risk=risk, executor=pool)
            assert shared.x.tobytes() == alone.x.tobytes()
            assert shared.costs.tobytes() == alone.costs.tobytes()
            assert (shared.lower, shared.upper, shared.iterations) == (alone.lower, alone.upper, alone.iterations)


def test_progress_brackets_the_optimum() -> None:
    """At each iteration the bounds contain the optimum and only become tighter."""
    problem, scenarios = random_programme(5, integer=True, shortage=True)
    exact = extensive.solve(problem, scenarios, gap=MIN_GAP).upper
    steps: list[tuple[int, float, float]] = []
    lshaped.solve(problem, scenarios, progress=lambda *step: steps.append(step), gap=MIN_GAP)
    assert [step for step, _, _ in steps] == list(range(1, len(steps) + 1))
    assert all(lower <= exact * (1 + 1e-8) and upper >= exact * (1 - 1e-8) for _, lower, upper in steps)
    assert all(b[1] >= a[1] and b[2] <= a[2] for a, b in pairwise(steps))


@pytest.mark.parametrize("threads", [0, 2])
def test_interrupted(threads: int) -> None:
    """After Ctrl-C the best solution so far is returned, with bounds that contain the optimum."""
    demand = np.random.default_rng(4).gamma(4.0, 25.0, 150)
    problem, scenarios = newsvendor(demand, 5.0, 9.0, 1.0)
    exact = lshaped.solve(problem, scenarios).upper

    def interrupt(step: int, _lower: float, _upper: float) -> None:
        if step == 2:
            raise KeyboardInterrupt

    with ThreadPoolExecutor(max(1, threads)) as pool:
        plan = lshaped.solve(problem, scenarios, progress=interrupt, executor=pool if threads else None, clusters=1)
    assert plan.status == "interrupted"
    assert plan.iterations == 2
    assert plan.lower < exact < plan.upper


def test_out_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time limit is reached, the best solution so far is returned; if there is none, an error is raised."""
    problem, scenarios = newsvendor(np.random.default_rng(4).gamma(4.0, 25.0, 150), 5.0, 9.0, 1.0)
    exact = lshaped.solve(problem, scenarios).upper
    realised = 0

    def counted(s: int) -> Realisation:
        nonlocal realised
        realised += 1
        return scenarios.realise(s)

    # read once to check, once for the mean, once for the first step; the clock strikes amid the second
    monkeypatch.setattr(recourse, "perf_counter", lambda: np.inf if realised > 3.5 * len(scenarios) else 0.0)
    plan = lshaped.solve(problem, Scenarios(scenarios.probability, counted), clusters=1, time_limit=1e6)
    assert plan.status == "time limit"
    assert plan.iterations == 1
    assert plan.lower < exact < plan.upper < np.inf
    with pytest.raises(PlanError, match="no solution was found within the time limit"):
        lshaped.solve(problem, scenarios, time_limit=0.0)


def test_unsolvable_problems_are_refused() -> None:
    """Each reason why a problem cannot be solved has its message."""
    problem, scenarios = newsvendor(np.array([3.0, 5.0]), 5.0, 9.0, 1.0)
    with pytest.raises(PlanError, match="there is no scenario"):
        lshaped.solve(problem, Scenarios(np.zeros(0), scenarios.realise))
    contradictory = replace(
        problem,
        rows=sparse.csr_matrix([[1.0]]),
        row_lower=np.array([4.0]),
        row_upper=np.array([5.0]),
        first=columns([5.0], 0.0, 1.0),
    )
    with pytest.raises(PlanError, match="the first stage is infeasible"):
        lshaped.solve(contradictory, scenarios)
    endless, _ = newsvendor(np.array([3.0, 5.0]), 0.5, 9.0, 1.0)
    for solve in (lshaped.solve, extensive.solve):
        with pytest.raises(PlanError, match="unbounded below"):
            solve(endless, scenarios)
    free = replace(problem, second=columns([-9.0, -1.0], -np.inf))
    free = replace(free, second=replace(free.second, cost=np.array([9.0, 1.0])))
    with pytest.raises(PlanError, match="unbounded"):
        lshaped.solve(free, scenarios)
    with pytest.raises(PlanError, match="extensive form"):
        lshaped.solve(replace(problem, second=columns([-9.0, -1.0], integer=True)), scenarios)


@pytest.mark.parametrize("integer", [False, True])
def test_largest_group_mean_agrees_with_the_extensive_form(integer: bool) -> None:
    """If the larger mean of two groups is minimised, both methods give the same cost."""
    compared = 0
    for seed in range(18):
        problem, scenarios = random_programme(seed, integer=integer, shortage=True)
        if len(scenarios) % 2 or len(scenarios) < 2:
            continue
        even = replace(scenarios, probability=np.full(len(scenarios), 1.0 / len(scenarios)))
        risk = Risk(0.0, 0.0, 2)
        exact = extensive.solve(problem, even, risk=risk, gap=MIN_GAP)
        plan_found = lshaped.solve(problem, even, risk=risk, gap=1e-7, clusters=[2, 6, 200][seed % 3])
        assert plan_found.status == "optimal"
        assert plan_found.upper == pytest.approx(exact.upper, rel=3e-7)
        assert plan_found.lower <= exact.upper + 1e-7 * abs(exact.upper)
        compared += 1
    assert compared >= 5


@pytest.mark.parametrize("solve", [lshaped.solve, extensive.solve])
@pytest.mark.parametrize("gap", [0.0, 1e-8, -1.0, 1.0, float("nan"), float("inf")])
def test_gaps_below_the_tolerances_of_the_solver_are_refused(solve: Callable[..., object], gap: float) -> None:
    """With a smaller gap an upper bound could lie below the optimum."""
    problem, scenarios = farmer()
    with pytest.raises(PlanError, match="an optimality gap of"):
        solve(problem, scenarios, gap=gap)


def test_bounds_at_the_smallest_gap_contain_the_optimum() -> None:
    """At the smallest gap the bounds of the farmer and of a newsvendor contain the known optimum."""
    demand = np.random.default_rng(4).gamma(4.0, 25.0, 201)
    order = np.quantile(demand, 0.5, method="inverted_cdf")
    profit = np.mean(9.0 * np.minimum(demand, order) + np.maximum(order - demand, 0.0)) - 5.0 * order
    for (problem, scenarios), optimum in ((farmer(), -108390.0), (newsvendor(demand, 5.0, 9.0, 1.0), -profit)):
        solution = lshaped.solve(problem, scenarios, gap=MIN_GAP)
        error = MIN_GAP * abs(optimum)
        assert solution.lower <= optimum + error
        assert solution.upper >= optimum - error


@pytest.mark.parametrize("tolerance", [float("nan"), float("inf"), -1.0])
def test_an_absolute_gap_is_checked(tolerance: float) -> None:
    """An absolute gap that is infinite, negative or NaN is refused."""
    with pytest.raises(PlanError, match="an absolute gap of"):
        lshaped.solve(*farmer(), tolerance=tolerance)


def test_an_absolute_gap_ends_the_search() -> None:
    """The bounds are within the absolute gap, and a wide gap ends the search earlier."""
    problem, scenarios = newsvendor(np.random.default_rng(4).gamma(4.0, 25.0, 150), 5.0, 9.0, 1.0)
    fine, coarse = (lshaped.solve(problem, scenarios, tolerance=tolerance, clusters=1) for tolerance in (0.01, 50.0))
    assert fine.upper - fine.lower <= 0.01
    assert 0.01 < coarse.upper - coarse.lower <= 50.0
    assert coarse.iterations < fine.iterations
    assert fine.status == coarse.status == "optimal"


def test_the_number_of_iterations_does_not_grow() -> None:
    """On fixed problems the number of iterations differs by at most one from that of in-out separation."""
    problem, scenarios = newsvendor(np.random.default_rng(4).gamma(4.0, 25.0, 150), 5.0, 9.0, 1.0)
    iterations = [lshaped.solve(problem, scenarios, gap=MIN_GAP, clusters=clusters).iterations for clusters in (1, 200)]
    iterations += [
        lshaped.solve(*random_programme(seed, integer=True, shortage=True), gap=MIN_GAP).iterations for seed in (3, 5)
    ]
    assert all(count <= limit for count, limit in zip(iterations, ITERATIONS, strict=True)), iterations


ITERATIONS = (10, 5, 5, 6)
"""Most iterations of the programmes above."""


def test_the_extensive_form_reports_its_status() -> None:
    """The status is optimal after one solve; without time there is no solution."""
    solution = extensive.solve(*farmer())
    assert (solution.status, solution.iterations) == ("optimal", 1)
    assert solution.lower <= solution.upper
    with pytest.raises(PlanError, match="no solution was found within the time limit"):
        extensive.solve(*random_programme(3, integer=True, shortage=True), time_limit=0.0)


def test_one_scenario_and_no_budget() -> None:
    """One scenario is a deterministic problem; with a budget of 0 nothing is built, at the cost of all shortages."""
    problem, scenarios = newsvendor(np.array([40.0]), 5.0, 9.0, 1.0)
    plan = lshaped.solve(problem, scenarios)
    assert plan.x[0] == pytest.approx(40.0)
    assert plan.upper == pytest.approx(-160.0)
    problem, scenarios = newsvendor(np.array([40.0, 60.0]), 5.0, 9.0, 1.0, upper=0.0)
    plan = lshaped.solve(problem, scenarios)
    assert plan.x[0] == 0.0
    assert plan.upper == pytest.approx(0.0)
    assert plan.status == "optimal"
