"""Estimated optimality gap, VSS and EVPI, compared with closed forms."""

import numpy as np
import pytest

from octoplan.errors import PlanError
from octoplan.plan.solver import lshaped
from octoplan.plan.solver import optimality_gap as gap
from octoplan.plan.solver.risk import Risk
from octoplan.plan.solver.two_stage import Floats, Scenarios
from tests.plan.programmes import farmer, newsvendor, random_programme


class UniformDemand:
    """Newsvendor scenarios with demand uniform over 0 to 100."""

    def sample(self, n: int, seed: int) -> Scenarios:
        return newsvendor(np.random.default_rng(seed).uniform(0.0, 100.0, n), 5.0, 9.0, 1.0)[1]


PROBLEM = newsvendor(np.array([50.0]), 5.0, 9.0, 1.0)[0]


def true_cost(order: float) -> float:
    """Expected cost of an order under uniform demand; expected sales are order - order^2 / 200."""
    sold = order - order**2 / 200.0
    return 5.0 * order - 9.0 * sold - (order - sold)


def test_vss_and_evpi_of_the_farmer() -> None:
    """EVPI is 7,016 and VSS 1,150."""
    values = gap.information_values(*farmer())
    assert values.here_and_now == pytest.approx(-108390, abs=0.5)
    assert values.wait_and_see == pytest.approx(-115406, abs=0.5)
    assert values.evpi == pytest.approx(7016, abs=0.5)
    assert values.vss == pytest.approx(1150, abs=0.5)


def test_gap_of_a_newsvendor() -> None:
    """The bound on the gap of a poor order is above the true gap and close to it; for the best order it is near 0."""
    bad = gap.estimate(PROBLEM, UniformDemand(), np.array([80.0]), size=60, seed=1, batches=12)
    truth = true_cost(80.0) - true_cost(50.0)
    assert truth <= bad.upper_bound(0.95) < 1.5 * truth
    lower, upper = bad.optimal_cost_interval(0.95)
    assert lower < true_cost(50.0) < upper
    best = gap.estimate(PROBLEM, UniformDemand(), np.array([50.0]), size=60, seed=1, batches=12)
    assert 0.0 <= best.mean <= best.upper_bound(0.95) < 0.1 * truth


def test_gap_of_each_batch_by_its_quantile() -> None:
    """The best order of a batch is the (9 - 5) / (9 - 1) quantile, the median, of its demand; costs follow exactly."""
    estimate = gap.estimate(PROBLEM, UniformDemand(), np.array([80.0]), size=61, seed=7, batches=5)
    for batch, seed in enumerate(np.random.SeedSequence(7).generate_state(5).tolist()):
        demand = np.random.default_rng(seed).uniform(0.0, 100.0, 61)

        def cost(order: float, demand: Floats = demand) -> float:
            sold = np.minimum(demand, order)
            return float(np.mean(5.0 * order - 9.0 * sold - (order - sold)))

        assert estimate.plan_costs[batch].mean() == pytest.approx(cost(80.0), rel=1e-9)
        assert estimate.lower_bounds[batch].mean() == pytest.approx(cost(float(np.median(demand))), rel=2e-6)
        assert estimate.batch_solutions[batch, 0] == pytest.approx(np.median(demand), rel=1e-4)
    assert estimate.mean == pytest.approx(np.mean(estimate.plan_costs - estimate.lower_bounds))


def test_each_batch_has_its_own_scenarios() -> None:
    """No plan costs less than the optimum of the same batch; another seed draws other scenarios."""
    first = gap.estimate(PROBLEM, UniformDemand(), np.array([60.0]), size=20, seed=1, batches=10)
    assert np.all(first.plan_costs.mean(1) >= first.lower_bounds.mean(1) - 1e-6)
    assert len(set(first.lower_bounds.mean(1))) == 10
    again = gap.estimate(PROBLEM, UniformDemand(), np.array([60.0]), size=20, seed=1, batches=10)
    assert (again.plan_costs == first.plan_costs).all()
    assert (again.lower_bounds == first.lower_bounds).all()
    second = gap.estimate(PROBLEM, UniformDemand(), np.array([60.0]), size=20, seed=2, batches=10)
    assert not set(second.lower_bounds.mean(1)) & set(first.lower_bounds.mean(1))


def test_the_bound_uses_students_t() -> None:
    """One-sided bound: with one group in each of ten batches, the mean plus 1.833 standard errors of ten batches."""
    rng = np.random.default_rng(3)
    plan, least = rng.normal(12.0, 1.0, (10, 1)), rng.normal(10.0, 1.0, (10, 1))
    gaps = plan - least
    assert gap.GapEstimate(plan, least, np.zeros((10, 1))).upper_bound(0.95) == pytest.approx(
        gaps.mean() + 1.8331 * gaps.std(ddof=1) / 10**0.5, rel=1e-4
    )


def test_the_bound_uses_the_variance_within_batches() -> None:
    """With five groups in each of two batches: 1.8595 standard errors, from the pooled variance between groups."""
    plan = np.array([[1.0, 2.0, 3.0, 4.0, 5.0], [11.0, 11.0, 11.0, 11.0, 16.0]])
    estimate = gap.GapEstimate(plan, np.zeros((2, 5)), np.zeros((2, 1)))
    assert estimate.mean == pytest.approx(7.5)
    assert estimate.upper_bound(0.95) == pytest.approx(7.5 + 1.8595 * (0.5 * (2.5 + 5.0) / 10) ** 0.5, rel=1e-4)


def test_dependent_scenarios_form_groups() -> None:
    """A batch is split into its blocks if it holds at least two whole ones; otherwise it is one group."""
    values = np.arange(16.0)
    assert gap.group_means(values, 8).tolist() == [3.5, 11.5]
    assert gap.group_means(values[:12], 8).tolist() == [5.5]
    assert gap.group_means(values[:8], 8).tolist() == [3.5]


@pytest.mark.parametrize("risk", [Risk(0.0, 0.0), Risk(0.5, 0.8), Risk(0.0, 0.0, groups=2)])
def test_values_of_scenarios_have_the_cost_as_their_mean(risk: Risk) -> None:
    """The mean of the values of the scenarios is the cost of the order under the risk measure."""
    scenarios, order = UniformDemand().sample(40, 3), np.array([70.0])
    costs = lshaped.solve(PROBLEM, scenarios, start=order, max_iterations=1).start_costs
    values = gap.scenario_values(PROBLEM, scenarios, order, costs, risk)
    assert values.mean() == pytest.approx(gap.cost(PROBLEM, scenarios, order, risk))


def test_the_gap_uses_the_risk_measure() -> None:
    """Under CVaR the plan optimised for CVaR has a smaller gap than the risk-neutral plan."""
    tail = Risk(1.0, 0.9)
    scenarios = UniformDemand().sample(400, 7)
    careful, bold = (lshaped.solve(PROBLEM, scenarios, risk=risk).x for risk in (tail, Risk(0.0, 0.0)))
    small, large = (
        gap.estimate(PROBLEM, UniformDemand(), x, size=100, seed=1, batches=5, risk=tail).mean for x in (careful, bold)
    )
    assert small < 0.3 * large


def test_invalid_estimates_are_refused() -> None:
    """Too few batches, a first stage that violates a constraint, and an infeasible second stage are refused."""
    with pytest.raises(PlanError, match="1 batches"):
        gap.estimate(PROBLEM, UniformDemand(), np.array([60.0]), size=20, seed=1, batches=1)
    with pytest.raises(PlanError, match=r"the plan violates the first stage: column 0 is -3\.0"):
        gap.estimate(PROBLEM, UniformDemand(), np.array([-3.0]), size=20, seed=1, batches=2)
    problem, scenarios = random_programme(2, integer=False, shortage=False)

    class FixedScenarios:
        def sample(self, n: int, seed: int) -> Scenarios:
            assert n > 0
            assert seed >= 0
            return scenarios

    with pytest.raises(PlanError, match="infeasible under the plan"):
        gap.estimate(problem, FixedScenarios(), np.zeros(len(problem.first)), size=8, seed=1, batches=2)
