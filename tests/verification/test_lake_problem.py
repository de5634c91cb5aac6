"""The shallow lake problem of Carpenter, Ludwig and Brock (1999), with published and independently computed robustness.

The phosphorus x in a lake changes each year by the inflow a of a policy, recycling x^q / (1 + x^q), and losses b x.
Above the critical value, the unstable equilibrium without inflow, the lake does not recover. For b = 0.42 and q = 2 it
is 0.54454 (by root finding in Quinn, Reed and Keller 2017, Environmental Modelling & Software 92).
"""

import numpy as np
import pytest
from scipy.optimize import brentq, minimize_scalar

from octoplan.explore.info_gap import HORIZONS, info_gap, moved_assumption, value_at
from octoplan.explore.robustness import robustness
from octoplan.outcomes.sampling import latin_hypercube

YEARS = 400
LOSS, RECYCLING = 0.42, 2.0
"""Loss rate b and exponent q of the published case."""
POLICIES = (0.02, 0.03, 0.04, 0.05)
"""Constant inflows of four policies."""
SIZE = 800
FUTURES = np.arange(SIZE)
LOSSES = 0.3 + 0.2 * latin_hypercube(1, ("b",), SIZE)[:, 0]
"""(futures,) loss rates, uniform from 0.3 to 0.5."""


def critical_value(loss: float, recycling: float) -> float:
    """Unstable equilibrium of the lake without inflow: the smallest x > 0 at which recycling is as large as losses."""
    return float(brentq(lambda x: x**recycling / (1.0 + x**recycling) - loss * x, 0.01, 1.0 if loss < 0.5 else 1.5))


def phosphorus(losses: np.ndarray, inflow: float, years: int = YEARS) -> np.ndarray:
    """(futures,) phosphorus after some years from a clean lake with a constant inflow."""
    level = np.zeros(len(losses))
    for _ in range(years):
        level += inflow + level**RECYCLING / (1.0 + level**RECYCLING) - losses * level
    return level


def critical_loss(inflow: float) -> float:
    """Loss rate below which a lake with a constant inflow passes the critical value, from the equilibria.

    The lake stays below it if somewhere below it losses are at least recycling and inflow.
    """

    def margin(loss: float) -> float:
        limit = critical_value(loss, RECYCLING)
        best = minimize_scalar(lambda x: x**2 / (1.0 + x**2) - loss * x, bounds=(0.0, limit), method="bounded")
        return -float(best.fun) - inflow

    return float(brentq(margin, 0.2, 0.4999))


def margins(losses: np.ndarray, inflow: float) -> np.ndarray:
    """(futures,) 1 where the lake stays below its critical value, otherwise -1."""
    limits = np.array([critical_value(loss, RECYCLING) for loss in losses])
    return np.where(phosphorus(losses, inflow) < limits, 1.0, -1.0)


def test_the_critical_value_is_the_published_one() -> None:
    """0.54454 for b = 0.42 and q = 2, and the smaller root of b x^2 - x + b = 0 for q = 2."""
    assert critical_value(LOSS, RECYCLING) == pytest.approx(0.54454, abs=5e-6)
    for loss in (0.2, 0.3, 0.45):
        exact = (1.0 - np.sqrt(1.0 - 4.0 * loss**2)) / (2.0 * loss)
        assert critical_value(loss, RECYCLING) == pytest.approx(exact, rel=1e-9)


def test_the_critical_value_divides_the_lakes() -> None:
    """Without inflow a lake a little below the critical value recovers, and one a little above does not."""
    levels = np.array([0.99, 1.01]) * critical_value(LOSS, RECYCLING)
    for _ in range(YEARS):
        levels += levels**RECYCLING / (1.0 + levels**RECYCLING) - LOSS * levels
    assert levels[0] < 0.01
    assert levels[1] > 1.0


def test_the_satisficing_share_is_that_of_the_critical_loss() -> None:
    """The share of uniform loss rates above the critical one is met to 1.5 %, and lies in the interval."""
    met = np.column_stack([margins(LOSSES, inflow) > 0.0 for inflow in POLICIES])
    names = tuple(map(str, POLICIES))
    rows = robustness(names, names, np.where(met, np.array(POLICIES), -1.0), met, FUTURES, 1)
    for inflow, row in zip(POLICIES, rows, strict=True):
        expected = (0.5 - critical_loss(inflow)) / 0.2
        assert row.satisficing.value == pytest.approx(min(expected, 1.0), abs=0.015)
        assert row.satisficing.low <= min(expected, 1.0) <= row.satisficing.high


def test_the_critical_horizon_is_that_of_the_critical_loss() -> None:
    """The loss rate falls from its median towards P10 and P1; the margin of the equilibrium is lost at its horizon.

    The result is the losses that exceed recycling and inflow at best, which is linear enough between horizons.
    """
    item = moved_assumption("b", LOSSES, increases=False)
    for inflow in (0.03, 0.035):

        def margin(draws: np.ndarray, inflow: float = inflow) -> np.ndarray:
            losses, index = np.unique(draws[:, 0], return_inverse=True)
            grid = np.linspace(0.0, 0.6, 6001)
            best = [float((loss * grid - grid**2 / (1.0 + grid**2)).max()) - inflow for loss in losses]
            return np.array(best)[index]

        result = info_gap("x", margin, LOSSES[:64, None], (item,), (0,), 0.0, FUTURES[:64], 1, at_least=True)
        exact = brentq(lambda horizon, a=inflow: value_at(item, horizon) - critical_loss(a), 0.0, HORIZONS[-1])
        assert result.critical == pytest.approx(exact, abs=0.01)
        lake = [
            margins(np.array([value_at(item, h)]), inflow)[0] for h in (result.critical - 0.05, result.critical + 0.05)
        ]
        assert lake == [1.0, -1.0]


def test_a_smaller_inflow_is_more_robust() -> None:
    """The less flows in, the larger is the satisficing share."""
    shares = [float((margins(LOSSES, inflow) > 0.0).mean()) for inflow in POLICIES]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > shares[-1]
