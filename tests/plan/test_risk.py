"""Risk measures compared with their definitions."""

import numpy as np
import pytest

from octoplan.errors import PlanError
from octoplan.plan.results import evaluation as results
from octoplan.plan.solver.risk import NEUTRAL, Risk, cvar, risk_measure, risk_values, value_at_risk
from tests.plan.pockets import plan_with_costs

FOUR = np.full(4, 0.25)


def test_the_largest_group_mean() -> None:
    """Of two groups with means 2 and 5 the second counts; four scenarios cannot be split into three groups."""
    assert risk_measure(Risk(0.0, 0.0, 2), np.array([1.0, 3.0, 4.0, 6.0]), np.full(4, 0.25)) == 5.0
    with pytest.raises(PlanError, match="two different risk measures"):
        Risk(0.5, 0.5, 2)


def test_the_mean_of_risk_values_is_the_risk_measure() -> None:
    """Of ten costs it is half the mean of all costs plus half the mean of the two largest."""
    costs = np.array([3.0, 1.0, 9.0, 4.0, 0.0, 7.0, 2.0, 8.0, 5.0, 6.0])
    assert risk_values(Risk(0.5, 0.8), costs).mean() == pytest.approx(0.5 * 4.5 + 0.5 * 8.5)
    evaluation = results.Evaluation(
        {"plan": plan_with_costs(costs.tolist()), "alternative": plan_with_costs((costs + 1.0).tolist())},
        Risk(0.5, 0.8),
    )
    assert evaluation.risk_difference("alternative").mean == pytest.approx(1.0)


def test_the_mixture_of_mean_and_cvar() -> None:
    """Of 1, 2, 3 and 6 the mean is 3 and the CVaR at level 0.5 is 4.5; with a weight of 0.25 the measure is 3.375."""
    costs = np.array([6.0, 1.0, 3.0, 2.0])
    assert risk_measure(NEUTRAL, costs, FOUR) == 3.0
    assert cvar(costs, FOUR, 0.5) == 4.5
    assert risk_measure(Risk(0.25, 0.5), costs, FOUR) == pytest.approx(3.375)
    assert risk_values(Risk(0.25, 0.5), costs).mean() == pytest.approx(3.375)


def test_value_at_risk_ignores_scenarios_of_probability_zero() -> None:
    """It is the smallest cost not exceeded with a probability of 0.75."""
    costs = np.array([6.0, 1.0, 3.0, 2.0, np.inf])
    probability = np.append(FOUR, 0.0)
    assert value_at_risk(costs, probability, 0.75) == 3.0
    assert value_at_risk(costs, probability, 0.76) == 6.0
    assert value_at_risk(costs, probability, 0.0) == 1.0
    assert risk_measure(NEUTRAL, costs, probability) == 3.0
    assert risk_measure(NEUTRAL, costs, np.full(5, 0.2)) == np.inf


@pytest.mark.parametrize(("weight", "level"), [(-0.1, 0.5), (1.1, 0.5), (0.5, -0.1), (0.5, 1.0), (float("nan"), 0.5)])
def test_measures_out_of_range_are_refused(weight: float, level: float) -> None:
    """The weight is from 0 to 1, the level from 0 to below 1."""
    with pytest.raises(PlanError, match="is out of range"):
        Risk(weight, level)
    assert Risk(0.0, 0.0).neutral
    assert not Risk(0.0, 0.0, 2).neutral
    assert not Risk(0.1, 0.0).neutral
