"""Tests of new days against an earlier fit: no warning if the process continues, and warnings if it changes."""

import numpy as np
import pytest

from octoplan.raids import process
from octoplan.raids.drift import DriftTests, drift_statistics, drift_tests, normal_scores
from octoplan.raids.fit import Fit, fit
from tests.raids.test_process import P, simulated

OLD_DAYS, NEW_DAYS = 180, 90
ALL_KNOWN = np.ones(OLD_DAYS + NEW_DAYS, bool)


@pytest.fixture(scope="module")
def process_fit() -> Fit:
    return fit(simulated(OLD_DAYS + NEW_DAYS, 31)[:OLD_DAYS])


def test_the_same_process_gives_no_warning(process_fit: Fit) -> None:
    """New days from the same simulation as the fitted days give no warning."""
    drift = drift_tests(process_fit.posterior, simulated(OLD_DAYS + NEW_DAYS, 31), ALL_KNOWN, OLD_DAYS)
    assert drift.days == NEW_DAYS
    assert not list(drift.warnings())


@pytest.mark.parametrize(("factor", "direction"), [(3.0, "more drones"), (0.3, "fewer drones")])
def test_another_level_is_reported(process_fit: Fit, factor: float, direction: str) -> None:
    """New days with three times or three tenths of the drones give a warning with the direction."""
    counts = simulated(OLD_DAYS + NEW_DAYS, 31)
    counts[OLD_DAYS:, 0] = counts[OLD_DAYS:, 0] * factor
    warnings = " ".join(drift_tests(process_fit.posterior, counts, ALL_KNOWN, OLD_DAYS).warnings())
    assert direction in warnings


def test_a_change_is_dated(process_fit: Fit) -> None:
    """A change in the middle of the new days is dated within two weeks; the index includes days with unknown counts."""
    counts = simulated(OLD_DAYS + NEW_DAYS, 31)
    counts[OLD_DAYS + NEW_DAYS // 2 :, 0] *= 6
    is_known = ALL_KNOWN.copy()
    is_known[OLD_DAYS : OLD_DAYS + 20] = False
    drift = drift_tests(process_fit.posterior, counts, is_known, OLD_DAYS)
    assert drift.days == NEW_DAYS - 20
    assert abs(drift.change_day - (NEW_DAYS // 2 - 1)) <= 14


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
    """Each test with a p-value below 1 % has a sentence, and no other test."""
    drift = DriftTests(30, mean=-1.2, mean_p=0.004, variance=0.5, variance_p=0.004, change_day=11, change_p=0.004)
    assert [warning.split(" (p = 0.004)")[0] for warning in drift.warnings()] == [
        "the 30 new days have fewer drones than the earlier fit predicts",
        "the new days vary less than the earlier fit predicts",
        "the level of raids changed after day 12 of the new data",
    ]
    assert not list(DriftTests(30, 1.2, 0.02, 2.0, 0.02, 11, 0.02).warnings())
