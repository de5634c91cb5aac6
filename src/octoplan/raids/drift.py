"""Tests of whether the raid process has changed since an earlier fit, from the new days of a record."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from octoplan.raids import process
from octoplan.raids.fit import FORECAST_DRAWS, Posterior, one_day_ahead_pits
from octoplan.raids.process import Floats, Ints

SIGNIFICANCE_LEVEL = 0.01
"""False-alarm probability of each test if the raids follow the fitted process."""

SIMULATIONS = 249
"""Number of futures simulated from the fit to obtain the null distribution of each test statistic."""

MIN_NEW_DAYS = 2
"""Minimum number of new days with known counts, the number that a sample variance needs."""


@dataclass(frozen=True)
class DriftTests:
    """Tests of whether days after a fit follow the fitted process.

    The score of a day is the standard normal quantile of the one-day-ahead PIT of its drones. Scores are standard
    normal if the raids follow the fitted process.

    Args:
        days: Number of new days with known counts.
        mean: Mean score.
        mean_p: Two-sided p-value of the mean score.
        variance: Variance of the scores.
        variance_p: Two-sided p-value of the variance.
        change_day: Index among the new days of the last day before the most likely change of level.
        change_p: p-value of a change of level (CUSUM statistic).

    """

    days: int
    mean: float
    mean_p: float
    variance: float
    variance_p: float
    change_day: int
    change_p: float

    def warnings(self) -> Iterator[str]:
        """Yield one sentence for each test with a p-value below ``SIGNIFICANCE_LEVEL``."""
        if self.mean_p < SIGNIFICANCE_LEVEL:
            direction = "more" if self.mean > 0 else "fewer"
            yield (
                f"the {self.days} new days have {direction} drones than the earlier fit predicts "
                f"(p = {self.mean_p:.2g})"
            )
        if self.variance_p < SIGNIFICANCE_LEVEL:
            direction = "more" if self.variance > 1 else "less"
            yield f"the new days vary {direction} than the earlier fit predicts (p = {self.variance_p:.2g})"
        if self.change_p < SIGNIFICANCE_LEVEL:
            yield (
                f"the level of raids changed after day {self.change_day + 1} of the new data "
                f"(p = {self.change_p:.2g}); consider fitting only later days"
            )


def drift_tests(posterior: Posterior, counts: Ints, is_known: NDArray[np.bool_], first: int) -> DriftTests:
    """Test whether the days from index ``first`` follow the process at the posterior median.

    Each p-value compares the statistic with its values in ``SIMULATIONS`` futures simulated from the posterior, which
    accounts for the uncertainty of the parameters.

    Args:
        posterior: Posterior of the earlier fit.
        counts: (days, 2) drones and missiles; the days before ``first`` are used only to estimate the hidden state.
        is_known: (days,) False for days with unknown counts.
        first: Index of the first new day.

    """
    p = process.constrain_parameters(posterior.mean[:-1])
    rng = process.fixed_generator()
    parameters, initial_x, salvo = posterior.draw(SIMULATIONS, rng)
    futures = process.simulate_counts(parameters, initial_x, salvo, len(counts) - first, rng)
    scores = normal_scores(p, counts, is_known, first)
    simulated = np.array(
        [
            drift_statistics(normal_scores(p, np.concatenate([counts[:first], future]), is_known, first))
            for future in futures
        ]
    )
    distance, variance, cusum = drift_statistics(scores)
    upper_p = (1 + np.sum(simulated >= [distance, variance, cusum], axis=0)) / (1 + SIMULATIONS)
    variance_lower_p = (1 + np.sum(simulated[:, 1] <= variance)) / (1 + SIMULATIONS)
    return DriftTests(
        days=len(scores),
        mean=float(scores.mean()),
        mean_p=float(upper_p[0]),
        variance=variance,
        variance_p=float(min(1.0, 2.0 * min(upper_p[1], variance_lower_p))),
        change_day=int(np.flatnonzero(is_known[first:])[np.abs(np.cumsum(scores - scores.mean())).argmax()]),
        change_p=float(upper_p[2]),
    )


def normal_scores(p: Floats, counts: Ints, is_known: NDArray[np.bool_], first: int) -> Floats:
    """Standard normal quantiles of the one-day-ahead PITs of the known days from index ``first``: (known days,)."""
    pits = one_day_ahead_pits(counts, is_known, p, process.filter_states(counts, is_known, p), first)
    return np.asarray(norm.ppf(np.clip(pits, 0.5 / FORECAST_DRAWS, 1.0 - 0.5 / FORECAST_DRAWS)))


def drift_statistics(scores: Floats) -> tuple[float, float, float]:
    """Absolute mean, sample variance, and largest absolute cumulative sum (CUSUM) of the scores about their mean."""
    deviations = scores - scores.mean()
    variance = float(deviations @ deviations / (len(scores) - 1))
    return float(abs(scores.mean())), variance, float(np.abs(np.cumsum(deviations)).max())
