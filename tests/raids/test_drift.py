"""Tests of new days against an earlier fit: no alarm while the process continues, warnings when it changes."""

import numpy as np
import pytest

from octoplan.raids import process
from octoplan.raids.drift import DriftTests, drift_statistics, drift_tests, normal_scores
from octoplan.raids.fit import Fit, fit
from tests.raids.test_process import P, simulated

OLD, NEW = 180, 90
KNOWN = np.ones(OLD + NEW, bool)


@pytest.fixture(scope="module")
def fitted() -> Fit:
    return fit(simulated(OLD + NEW, 31)[:OLD])


def test_the_same_process_raises_no_alarm(fitted: Fit) -> None:
    """Days that the fitted process itself continued with agree with the fit."""
    drift = drift_tests(fitted.posterior, simulated(OLD + NEW, 31), KNOWN, OLD)
    assert drift.days == NEW
    assert not list(drift.warnings())


@pytest.mark.parametrize(("factor", "direction"), [(3.0, "more drones"), (0.3, "fewer drones")])
def test_another_level_is_reported(fitted: Fit, factor: float, direction: str) -> None:
    """Three times the drones, or three tenths, on the new days is reported with its direction."""
    counts = simulated(OLD + NEW, 31)
    counts[OLD:, 0] = counts[OLD:, 0] * factor
    warnings = " ".join(drift_tests(fitted.posterior, counts, KNOWN, OLD).warnings())
    assert direction in warnings


def test_a_change_is_dated(fitted: Fit) -> None:
    """A change in the middle of the new days is dated within two weeks, counted over all days."""
    counts = simulated(OLD + NEW, 31)
    counts[OLD + NEW // 2 :, 0] *= 6
    known = KNOWN.copy()
    known[OLD : OLD + 20] = False
    drift = drift_tests(fitted.posterior, counts, known, OLD)
    assert drift.days == NEW - 20
    assert abs(drift.change_day - (NEW // 2 - 1)) <= 14


def test_statistics_by_hand() -> None:
    """Scores 1, 3, 1 and 3 have a mean of 2, a variance of 4/3 and a CUSUM of at most 1."""
    assert drift_statistics(np.array([1.0, 3.0, 1.0, 3.0])) == pytest.approx((2.0, 4 / 3, 1.0))


def test_scores_of_the_true_process_are_standard_normal() -> None:
    """With the true parameters the scores of 600 days have mean 0 and variance 1, within four standard errors."""
    scores = normal_scores(P, simulated(600, 9), np.ones(600, bool), 1)
    assert abs(scores.mean()) < 4 / np.sqrt(599)
    assert abs(scores.var() - 1) < 4 * np.sqrt(2 / 599)
    assert process.FIXED_SEED == 20221010


def test_warnings_name_each_significant_test() -> None:
    """Each test below one percent has its sentence, and none above."""
    drift = DriftTests(30, mean=-1.2, mean_p=0.004, variance=0.5, variance_p=0.004, change_day=11, change_p=0.004)
    assert [warning.split(" (p = 0.004)")[0] for warning in drift.warnings()] == [
        "the 30 new days have fewer drones than the earlier fit predicts",
        "the new days vary less than the earlier fit predicts",
        "the level of raids changed after day 12 of the new data",
    ]
    assert not list(DriftTests(30, 1.2, 0.02, 2.0, 0.02, 11, 0.02).warnings())
