"""Contingency, discounting and the run at medians, compared with direct sums."""

import numpy as np
import pytest

from octoplan.campaign.tally import LAYERS
from octoplan.outcomes.finance import (
    CONFIDENCE_LEVELS,
    DISCOUNT_RATES,
    CostEstimate,
    cost_estimate,
    damage_avoided,
    leakers_prevented,
    net_benefit,
    present_values_by_rate,
    programme_cost,
)
from octoplan.outcomes.main_measures import main_variant
from octoplan.outcomes.measures import measures
from octoplan.outcomes.median_case import run_at_medians
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import view_of
from octoplan.scenario.distributions import Sample
from tests.outcomes.runs import octopus, pocket


@pytest.fixture(scope="module", params=["pocket", "octopus"])
def run(request: pytest.FixtureRequest) -> Run:
    return {"pocket": pocket, "octopus": octopus}[request.param]()


def test_cost_and_net_benefit_are_those_of_the_measures(run: Run) -> None:
    """Cost, net benefit and leakers prevented equal the corresponding measures."""
    results = {measure.key: measure.values for measure in measures(run)}
    assert programme_cost(view_of(run)).sum(axis=1) == pytest.approx(results["programme/cost"])
    view = view_of(run)
    spend, without = view.money("spend"), view.money("spend", counterfactual=True)
    assert results["layers/saved"] == pytest.approx((without - spend)[:, :, LAYERS].sum(axis=(1, 2)))
    more_spend = (spend - without).sum(axis=(1, 2, 3))
    assert net_benefit(run) == pytest.approx(results["damage/avoided"] - more_spend)
    assert net_benefit(run) == pytest.approx(results["net-benefit"])
    assert leakers_prevented(run) == pytest.approx(results[main_variant("leakers-prevented", results)])


def test_cost_without_optimism_bias(run: Run) -> None:
    """Optimism bias is a share of plant spend, so the cost without bias is the cost divided by one plus this share."""
    view = view_of(run)
    share = run.assumption("finance", "optimism_bias")[:, :1]
    assert programme_cost(view, bias=False) * (1.0 + share) == pytest.approx(programme_cost(view), rel=1e-9, abs=1e-3)


def test_a_rate_discounts_each_month_to_the_start(run: Run) -> None:
    """At a rate r the cost of a month is divided by (1 + r)^t, with t the years to the middle of the month."""
    view, results = view_of(run), present_values_by_rate(run)
    days = run.compiled.links.month_days
    middle = (np.cumsum(days) - days / 2) / 365.25
    assert set(results) == set(DISCOUNT_RATES)
    for rate, (spent, gain) in results.items():
        assert spent == pytest.approx((programme_cost(view) / (1.0 + rate) ** middle).sum(axis=1))
        more_spend = (view.money("spend") - view.money("spend", counterfactual=True)).sum(axis=(2, 3))
        difference = damage_avoided(view) - more_spend
        assert gain == pytest.approx((difference / (1.0 + rate) ** middle).sum(axis=1), rel=1e-9)
        assert net_benefit(run, rate) == pytest.approx(gain, rel=1e-12)
    assert results[0.0][1] == pytest.approx(net_benefit(run))


def test_the_run_at_medians_has_every_assumption_at_its_median(run: Run) -> None:
    """In every future each assumption is at its median, a calibrated one at that of its draws, and no future fails."""
    middle, scenario = run_at_medians(run, 3), run.scenario
    half = scenario.quantiles(np.full((1, len(scenario.columns)), 0.5))
    for column, assumption in enumerate(scenario.assumptions):
        medians = middle.assumptions.values[:, column]
        if isinstance(assumption.marginal, Sample):
            draws = np.array(assumption.marginal.values)
            below, above = (draws < medians[0]).mean(), (draws > medians[0]).mean()
            assert below <= 0.5, assumption.name
            assert above <= 0.5, assumption.name
        assert (medians == (medians[0] if assumption.is_calibrated else half[0, column])).all(), assumption.name
    assert not middle.status.any()
    assert middle.data.sizes["future"] == 3


def test_contingency_reaches_its_level(run: Run) -> None:
    """The point estimate plus the contingency is the quantile of the cost at the confidence level."""
    results = cost_estimate(run, run_at_medians(run))
    for level in CONFIDENCE_LEVELS:
        assert results.point_estimate + results.contingency(level) == pytest.approx(np.quantile(results.values, level))
    assert results.confidence_level == np.mean(results.values <= results.point_estimate)
    assert (results.values_without_bias <= results.values + 1e-6).all()


def test_an_undefined_cost_has_no_confidence_level() -> None:
    """Without a counterfactual, confidence level and contingency are undefined, not 0 or 100 %."""
    estimate = CostEstimate(np.full(3, np.nan), np.full(3, np.nan), 5.0)
    assert np.isnan([estimate.confidence_level, estimate.contingency(0.8)]).all()
    partial = CostEstimate(np.array([1.0, np.nan, 3.0]), np.zeros(3), 2.0)
    assert (partial.confidence_level, partial.contingency(0.5)) == (0.5, 0.0)
    assert np.isnan(CostEstimate(np.ones(2), np.ones(2), np.nan).confidence_level)
