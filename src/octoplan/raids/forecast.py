"""The forecast: the fitted process, its level over the coming weeks that of a combination of forecasters.

The process knows the shape of raids, but its level returns to the mean of the days it was fitted to. On days it has
not seen, an equal combination with three simple forecasters knows the level better (decision 8), as combinations do
(Bates and Granger 1969). So the shape is the process's, and the level the combination's.
"""

from dataclasses import dataclass, replace

import numpy as np

from octoplan.raids import process
from octoplan.raids.benchmarks import NegativeBinomialTrend, Resampled
from octoplan.raids.fit import MEMORY, Fit, fit
from octoplan.raids.process import Floats, Ints

OTHERS = (Resampled(28), Resampled(90), NegativeBinomialTrend(180))
"""What the process is combined with, each with the weight of the process itself."""

AHEAD = 30
"""Days over which the level is compared."""

ENOUGH = 90
"""Known days below which a trend is not to be trusted, and the level stays the process's own."""

DRAWS = 2000
"""Futures of each of those combined."""

MEANS = ([process.M0, process.M1], [process.N0, process.N1])
"""Where the means of drones and of missiles stand, on routine and on salvo days."""


def levelled(fitted: Fit, counts: Ints) -> Fit:
    """The fit with the level of drones and that of missiles moved to the combination's, and as uncertain.

    counts
        (days, 2) known days up to the eve, not only those that were fitted.

    The log of the sum of each package over ``AHEAD`` days gets the combination's mean, and its variance where that is
    the larger: its means of routine and salvo days move together. Unchanged below ``ENOUGH`` days. The draws come
    from a fixed key.
    """
    if len(counts) < ENOUGH:
        return fitted
    rng = process.steady()
    p, begin, salvo = fitted.posterior.draw(DRAWS, rng)
    own = log_sums(process.draw(p, begin, salvo, AHEAD, rng))
    every = np.concatenate([own, *(log_sums(each.paths(counts, AHEAD, DRAWS, process.KEY)) for each in OTHERS)])
    shift, wider = every.mean(axis=0) - own.mean(axis=0), np.maximum(0.0, every.var(axis=0) - own.var(axis=0))
    mean, covariance = fitted.posterior.mean.copy(), fitted.posterior.covariance.copy()
    for package, both in enumerate(MEANS):
        mean[both] += shift[package]
        covariance[np.ix_(both, both)] += wider[package]
    moved = replace(fitted.posterior, mean=mean, covariance=covariance)
    return replace(fitted, posterior=moved, shift=(float(shift[0]), float(shift[1])))


def log_sums(paths: Ints) -> Floats:
    """Log of the sums of drones and of missiles of each future, (draws, 2); a sum of 0 counts as 1."""
    logs: Floats = np.log(np.maximum(paths.sum(axis=1), 1).astype(np.float64))
    return logs


@dataclass(frozen=True)
class Fitted:
    """The fitted process as a forecaster: fitted to the last ``memory`` days before each origin, then levelled."""

    memory: int = MEMORY
    name: str = "fitted process"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Futures after the last day of a record, (draws, horizon, 2); each with parameters of its own."""
        rng = np.random.Generator(np.random.Philox(key=seed))
        p, begin, salvo = levelled(fit(counts[-self.memory :]), counts).posterior.draw(draws, rng)
        return process.draw(p, begin, salvo, horizon, rng)
