"""Compare new days of a record with an earlier fit: has the process changed since?"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from octoplan.raids import process
from octoplan.raids.fit import PATHS, Posterior, one_day_ahead_pits
from octoplan.raids.process import Floats, Ints

SIGNIFICANCE = 0.01
"""Probability of a false alarm of each test if the fit is true."""

SIMULATIONS = 249
"""Simulated futures of the fit that give the distribution of each test statistic."""

MIN_NEW_DAYS = 2
"""Known new days below which there is no variance of their scores."""


@dataclass(frozen=True)
class Drift:
    """Tests of whether days after a fit follow the fitted process.

    A score is the normal quantile of the one-day-ahead PIT of a day's drones, standard normal if the fit is true.

    Args:
        days: Number of new days with known counts.
        mean: Mean score.
        mean_p: p-value of its distance from 0.
        variance: Variance of the scores.
        variance_p: Two-sided p-value of the variance.
        change_day: Index of the last new day before the most likely change of level.
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
        """A sentence for each test that is significant at ``SIGNIFICANCE``."""
        if self.mean_p < SIGNIFICANCE:
            direction = "more" if self.mean > 0 else "fewer"
            yield (
                f"the {self.days} new days have {direction} drones than the earlier fit predicts "
                f"(p = {self.mean_p:.2g})"
            )
        if self.variance_p < SIGNIFICANCE:
            direction = "more" if self.variance > 1 else "less"
            yield f"the new days vary {direction} than the earlier fit predicts (p = {self.variance_p:.2g})"
        if self.change_p < SIGNIFICANCE:
            yield (
                f"the level changed after new day {self.change_day + 1} (p = {self.change_p:.2g}): "
                "consider a fit from there on"
            )


def detect_drift(posterior: Posterior, counts: Ints, known: NDArray[np.bool_], first: int) -> Drift:
    """Test the days from ``first`` on against the process at the median of a posterior.

    The p-values compare each statistic with that of ``SIMULATIONS`` futures drawn from the posterior, so that the
    uncertainty of the parameters raises no alarm.

    Args:
        posterior: Posterior of the earlier fit.
        counts: (days, 2) drones and missiles; the days before ``first`` only give the state from which it is forecast.
        known: (days,) False for a day whose counts are not known.
        first: Index of the first new day.

    """
    p = process.constrain(posterior.mean[:-1])
    rng = process.fixed_generator()
    parameters, initial, salvo = posterior.draw(SIMULATIONS, rng)
    futures = process.draw(parameters, initial, salvo, len(counts) - first, rng)
    scores = normal_scores(p, counts, known, first)
    simulated = np.array(
        [statistics(normal_scores(p, np.concatenate([counts[:first], future]), known, first)) for future in futures]
    )
    distance, variance, cusum = statistics(scores)
    above = (1 + np.sum(simulated >= [distance, variance, cusum], axis=0)) / (1 + SIMULATIONS)
    below = (1 + np.sum(simulated[:, 1] <= variance)) / (1 + SIMULATIONS)
    return Drift(
        days=len(scores),
        mean=float(scores.mean()),
        mean_p=float(above[0]),
        variance=variance,
        variance_p=float(min(1.0, 2.0 * min(above[1], below))),
        change_day=int(np.flatnonzero(known[first:])[np.abs(np.cumsum(scores - scores.mean())).argmax()]),
        change_p=float(above[2]),
    )


def normal_scores(p: Floats, counts: Ints, known: NDArray[np.bool_], first: int) -> Floats:
    """Normal quantiles of the one-day-ahead PITs of the known days from ``first`` on."""
    pits = one_day_ahead_pits(counts, known, p, process.filter_states(counts, known, p), first)
    return np.asarray(norm.ppf(np.clip(pits, 0.5 / PATHS, 1.0 - 0.5 / PATHS)))


def statistics(scores: Floats) -> tuple[float, float, float]:
    """Distance of the mean score from 0, variance of the scores, and largest value of their CUSUM."""
    deviations = scores - scores.mean()
    variance = float(deviations @ deviations / (len(scores) - 1))
    return float(abs(scores.mean())), variance, float(np.abs(np.cumsum(deviations)).max())
