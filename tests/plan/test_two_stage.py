"""Validation of two-stage problems and of their first-stage solutions."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from octoplan.errors import PlanError
from octoplan.plan.solver import lshaped
from octoplan.plan.solver.risk import Risk
from octoplan.plan.solver.two_stage import Scenarios, checked_first_stage, mean_scenario, violations
from tests.plan.programmes import columns, farmer, newsvendor, random_programme


def test_shapes_and_bounds_are_checked() -> None:
    """Inconsistent shapes and bounds are refused with a message that states the expected ones."""
    problem, scenarios = farmer()
    with pytest.raises(PlanError, match=r"technology has the shape \(2, 3\); its stages need \(3, 3\)"):
        replace(problem, technology=sparse.csr_matrix((2, 3)))
    with pytest.raises(PlanError, match=r"row 0 of the first stage is bounded by 600\.0 and 500\.0"):
        replace(problem, row_lower=np.array([600.0]))
    with pytest.raises(PlanError, match="a cost of the first stage is not a finite number"):
        replace(problem, first=columns([1.0, np.nan, 2.0]))
    with pytest.raises(PlanError, match="rows holds an entry that is not"):
        replace(problem, rows=sparse.csr_matrix([[1.0, np.inf, 1.0]]))
    with pytest.raises(PlanError, match=r"sum to 0\.8999"):
        lshaped.solve(problem, Scenarios(np.full(3, 0.3), scenarios.realise))
    for broken, message in (
        (replace(scenarios.realise(1), technology=np.ones(2)), r"scenario 0 gives technology in the shape \(2,\)"),
        (replace(scenarios.realise(1), technology=np.full(3, np.nan)), "scenario 0 gives technology an entry"),
        (replace(scenarios.realise(1), lower=np.full(3, np.nan)), "row 0 of scenario 0 is bounded by nan and inf"),
    ):
        with pytest.raises(PlanError, match=message):
            lshaped.solve(problem, Scenarios(np.ones(1), lambda _, broken=broken: broken))  # type: ignore[misc]
    with pytest.raises(PlanError, match="level from 0 to below 1"):
        Risk(0.5, 1.0)


def test_violations_of_the_first_stage() -> None:
    """A first stage is checked against bounds, rows and integrality."""
    problem, _ = farmer()
    assert violations(problem, np.array([170.0, 80.0, 250.0])) == []
    assert violations(problem, np.array([170.0, 80.0, 250.0 + 1e-5])) == []
    assert violations(problem, np.array([170.0, 80.0, 251.0])) == ["row 0 is 501.0, outside -inf to 500.0"]
    assert violations(problem, np.array([-1.0, 80.0, 250.0])) == ["column 0 is -1.0, outside 0.0 to inf"]
    integer = replace(problem, first=columns([150.0, 230.0, 260.0], integer=True))
    assert violations(integer, np.array([170.5, 80.0, 249.0])) == ["column 0 is 170.5, not an integer"]
    assert "not 3 finite numbers" in violations(problem, np.array([1.0, np.nan, 0.0]))[0]
    with pytest.raises(PlanError, match=r"column 0 is 170\.5, not an integer"):
        checked_first_stage(integer, np.array([170.5, 80.0, 249.0]))


def test_each_side_of_a_row_is_checked() -> None:
    """A row below its lower bound is reported, like one above its upper bound."""
    problem, _ = farmer()
    at_least = replace(problem, row_lower=np.array([400.0]))
    assert violations(at_least, np.array([100.0, 100.0, 200.0])) == []
    assert violations(at_least, np.array([100.0, 100.0, 200.0 - 1e-5])) == []
    assert violations(at_least, np.array([100.0, 100.0, 199.0])) == ["row 0 is 399.0, outside 400.0 to 500.0"]


def test_bounds_that_no_value_satisfies_are_refused() -> None:
    """A lower bound of infinity, an upper bound of minus infinity, and columns of unequal length are refused."""
    problem, _ = farmer()
    for lower, upper in ((np.inf, np.inf), (-np.inf, -np.inf)):
        with pytest.raises(PlanError, match="row 0 of the first stage is bounded by"):
            replace(problem, row_lower=np.array([lower]), row_upper=np.array([upper]))
    with pytest.raises(PlanError, match="differ in length"):
        replace(problem, first=replace(problem.first, upper=np.array([1.0])))


def test_the_mean_scenario_of_every_random_value() -> None:
    """Bounds, costs and random entries of the mean scenario are means weighted by probability."""
    problem, scenarios = random_programme(8, integer=False, shortage=True)
    average = mean_scenario(scenarios).realise(0)
    for name in ("lower", "technology", "recourse", "cost"):
        values = np.array([getattr(r, name) for r in scenarios])
        with np.errstate(invalid="ignore"):
            expected = (scenarios.probability[:, None] * values).sum(0)
        assert getattr(average, name) == pytest.approx(expected), name
    assert len(problem.random_cost) == len(average.cost) > 0


def test_a_wide_range_of_coefficients_is_reported() -> None:
    """A range of more than a million is reported for constraints and for costs, including random entries."""
    problem, scenarios = farmer()
    assert lshaped.solve(problem, scenarios).numerical_warnings == ()
    wide_rows = replace(problem, rows=sparse.csr_matrix([[1e-4, 1e-4, 1e4]]), row_upper=np.array([1e6]))
    assert [r.split(" range")[0] for r in lshaped.solve(wide_rows, scenarios).numerical_warnings] == [
        "coefficients of the constraints"
    ]
    expensive = replace(problem, first=columns([150.0, 230.0, 3e8]))
    assert [r.split(" range")[0] for r in lshaped.solve(expensive, scenarios).numerical_warnings] == [
        "coefficients of the costs"
    ]
    tiny = Scenarios(np.ones(1), lambda _: replace(scenarios.realise(0), technology=np.array([2.5, 3.0, 1e-6])))
    assert "constraints range from 1e-06 to 3" in lshaped.solve(problem, tiny).numerical_warnings[0]


def test_mean_scenario() -> None:
    """Random values of the mean scenario are weighted by probability."""
    problem, scenarios = farmer()
    assert mean_scenario(scenarios).realise(0).technology == pytest.approx([2.5, 3.0, 20.0])
    skewed = Scenarios(np.array([0.5, 0.5, 0.0]), scenarios.realise)
    assert mean_scenario(skewed).realise(0).technology == pytest.approx(0.9 * np.array([2.5, 3.0, 20.0]))
    assert mean_scenario(skewed).realise(0).upper.tolist() == [np.inf] * 3
    assert len(problem.second) == 6


def test_a_scenario_of_probability_zero_does_not_count() -> None:
    """An infeasible scenario of probability 0 does not change the optimum."""
    problem, scenarios = newsvendor(np.array([40.0, -1.0]), 5.0, 9.0, 1.0)
    with pytest.raises(PlanError, match="no first stage"):
        lshaped.solve(problem, scenarios)
    plan = lshaped.solve(problem, Scenarios(np.array([1.0, 0.0]), scenarios.realise))
    assert plan.x[0] == pytest.approx(40.0)
    assert plan.upper == pytest.approx(-160.0)
    problem, scenarios = random_programme(2, integer=False, shortage=True)
    p = scenarios.probability
    padded = Scenarios(np.append(p, 0.0), lambda s: scenarios.realise(s % len(p)))
    assert lshaped.solve(problem, padded).upper == pytest.approx(lshaped.solve(problem, scenarios).upper, rel=2e-6)
