"""New days against an older fit: quiet when the process goes on, words when it does not; the fit's file read back."""

import tomllib
from datetime import date

import numpy as np
import pytest

from octoplan.errors import FitError
from octoplan.raids.drift import drift
from octoplan.raids.fit import Fit, fit
from octoplan.raids.fit_file import posterior_of, text_of
from tests.raids.test_process import simulated
from tests.scenario.test_raids import record

OLD, NEW = 180, 90


@pytest.fixture(scope="module")
def fitted() -> Fit:
    return fit(simulated(OLD + NEW, 31)[:OLD])


def test_the_same_process_raises_no_alarm(fitted: Fit) -> None:
    """Days that the fitted process itself went on to draw are as expected."""
    found = drift(fitted.posterior, simulated(OLD + NEW, 31), np.ones(OLD + NEW, bool), OLD)
    assert found.days == NEW
    assert not list(found.words())


@pytest.mark.parametrize(("times", "way"), [(3.0, "more drones"), (0.3, "fewer drones")])
def test_another_level_is_told(fitted: Fit, times: float, way: str) -> None:
    """Three times, or a third, of the drones on half of the new days is a change that the words name."""
    counts = simulated(OLD + NEW, 31)
    counts[OLD:, 0] = counts[OLD:, 0] * times
    said = " ".join(drift(fitted.posterior, counts, np.ones(OLD + NEW, bool), OLD).words())
    assert way in said


def test_a_turn_is_dated(fitted: Fit) -> None:
    """A change in the middle of the new days is dated to within two weeks."""
    counts = simulated(OLD + NEW, 31)
    counts[OLD + NEW // 2 :, 0] *= 6
    found = drift(fitted.posterior, counts, np.ones(OLD + NEW, bool), OLD)
    assert abs(found.turn - NEW // 2) <= 14


def test_a_fit_is_read_back() -> None:
    """The posterior in the file is the posterior that was written."""
    found = fit(simulated(90, 21))
    tree = tomllib.loads(text_of(found, record(), slice(0, 90), date(2026, 1, 2)))
    again = posterior_of(tree)
    assert again.mean == pytest.approx(found.posterior.mean, rel=1e-9, abs=1e-9)
    assert again.covariance == pytest.approx(found.posterior.covariance, rel=1e-7, abs=1e-9)
    with pytest.raises(FitError, match="holds no fit"):
        posterior_of({"assumptions": {}})
