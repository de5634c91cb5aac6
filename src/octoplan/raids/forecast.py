"""Forecasts of raids: the fitted process, with the level of a combination of forecasts.

The process describes the shape of raids, but its level returns to the mean of the fitted days. An equally weighted
combination with three benchmarks predicts the level of days not used in the fit better (decision 8), as combinations
often do (Bates and Granger 1969). A forecast takes its level from the combination and everything else from the process.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from octoplan.raids import process
from octoplan.raids.benchmarks import NegativeBinomialTrend, Resampled
from octoplan.raids.fit import MEMORY_DAYS, Fit, fit
from octoplan.raids.process import Floats, Ints
from octoplan.raids.read.record import Record

COMBINED = (Resampled(28), Resampled(90), NegativeBinomialTrend(180))
"""Benchmarks that are combined with the process, each with the same weight as the process."""

HORIZON = 30
"""Days over which the level is combined."""

MIN_DAYS = 90
"""Known days below which the level is not combined, since a trend cannot be estimated."""

DRAWS = 2000
"""Futures of each forecast in the combination."""

MEANS = ([process.M0, process.M1], [process.N0, process.N1])
"""Indices of the means of drones and of missiles, on routine and on salvo days."""


def fitted_days(record: Record, first: date | None, last: date | None) -> slice:
    """The days of a record to fit: from first to last, or the ``MEMORY_DAYS`` days up to last.

    Args:
        record: The record.
        first: First day; None for ``MEMORY_DAYS`` days.
        last: Last day; None for the last of the record.

    Raises:
        RecordError: The record does not hold these days.

    """
    part = record.between(first or record.days[0], last or record.days[-1])
    start, stop = (int((day - record.days[0]).astype(np.int64)) for day in (part.days[0], part.days[-1]))
    return slice(start if first else max(0, stop + 1 - MEMORY_DAYS), stop + 1)


def fit_record(record: Record, days: slice) -> Fit:
    """The process fitted to some days of a record; days whose counts are not known have no influence."""
    return fit(record.packages[days], record.all_known[days], threads=2)


def fit_forecast(record: Record, days: slice, *, level_from_start: bool = True) -> Fit:
    """The process fitted to some days of a record, with the level of the combined forecast.

    Args:
        record: The record.
        days: The days to fit.
        level_from_start: Whether the benchmarks use all days of the record up to the last fitted one, or only the
            fitted days.

    """
    past = slice(0 if level_from_start else days.start, days.stop)
    return combine_level(fit_record(record, days), record.packages[past][record.all_known[past]])


def combine_level(fitted: Fit, counts: Ints) -> Fit:
    """The fit with the level of drones and of missiles replaced by that of the combination of forecasts.

    The log of each package's sum over ``HORIZON`` days receives the mean of the equally weighted mixture of forecasts,
    and its variance where that is larger: the means of routine and salvo days move together by the same factor. The
    draws use a fixed key.

    Args:
        fitted: The fit.
        counts: (days, 2) known days up to the last fitted one; below ``MIN_DAYS`` the fit is returned as it is.

    """
    if len(counts) < MIN_DAYS:
        return fitted
    rng = process.fixed_generator()
    parameters, initial, salvo = fitted.posterior.draw(DRAWS, rng)
    process_sums = log_sums(process.draw(parameters, initial, salvo, HORIZON, rng))
    benchmark_sums = [log_sums(benchmark.paths(counts, HORIZON, DRAWS, process.KEY)) for benchmark in COMBINED]
    mixture = np.concatenate([process_sums, *benchmark_sums])
    shift = mixture.mean(axis=0) - process_sums.mean(axis=0)
    added_variance = np.maximum(0.0, mixture.var(axis=0) - process_sums.var(axis=0))
    mean, covariance = fitted.posterior.mean.copy(), fitted.posterior.covariance.copy()
    for package, indices in enumerate(MEANS):
        mean[indices] += shift[package]
        covariance[np.ix_(indices, indices)] += added_variance[package]
    posterior = replace(fitted.posterior, mean=mean, covariance=covariance)
    return replace(fitted, posterior=posterior, level_shift=(float(shift[0]), float(shift[1])))


def log_sums(paths: Ints) -> Floats:
    """Logarithms of the sums of drones and of missiles of each future, (draws, 2); a sum of 0 counts as 1."""
    logs: Floats = np.log(np.maximum(paths.sum(axis=1), 1).astype(np.float64))
    return logs


@dataclass(frozen=True)
class FittedProcess:
    """The process as a forecaster: fitted to the last ``memory`` days before each origin, with the combined level."""

    memory: int = MEMORY_DAYS
    name: str = "fitted process"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Futures after the last day of a record, (draws, horizon, 2), each with its own draw of the parameters."""
        rng = np.random.Generator(np.random.Philox(key=seed))
        posterior = combine_level(fit(counts[-self.memory :]), counts).posterior
        parameters, initial, salvo = posterior.draw(draws, rng)
        return process.draw(parameters, initial, salvo, horizon, rng)
