"""Forecasts of raids by the fitted process, with its level taken from a combination of forecasts.

The level of the fitted process reverts to the mean of the fitted days. An equally weighted combination of the process
with three benchmarks predicts the level out of sample better (docs/decisions/0008), as combinations often do (Bates and
Granger 1969). A forecast therefore takes its level from the combination and all other parameters from the process.
"""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from octoplan.raids import process
from octoplan.raids.benchmarks import NegativeBinomialTrend, ResampledDays
from octoplan.raids.fit import MEMORY_DAYS, Fit, fit
from octoplan.raids.process import Floats, Ints
from octoplan.raids.read.record import Record

COMBINED_BENCHMARKS = (ResampledDays(28), ResampledDays(90), NegativeBinomialTrend(180))
"""Benchmarks that are combined with the process, each with the same weight as the process."""

HORIZON = 30
"""Number of days over which weapons are summed to measure the level."""

MIN_DAYS = 90
"""Minimum number of known days for combining the level; with fewer days a trend cannot be estimated."""

DRAWS = 2000
"""Number of futures of each forecast in the combination."""

MEAN_INDICES = ([process.M0, process.M1], [process.N0, process.N1])
"""Indices of the mean parameters of drones and of missiles, each on routine and on salvo days."""


def fitted_days(record: Record, first: date | None, last: date | None) -> slice:
    """Slice of a record that is to be fitted: from first to last, or the ``MEMORY_DAYS`` days up to last.

    Args:
        record: The record.
        first: First day to fit; None to fit ``MEMORY_DAYS`` days.
        last: Last day to fit; None for the last day of the record.

    Raises:
        RecordError: The record does not contain these days.

    """
    part = record.between(first or record.days[0], last or record.days[-1])
    start, stop = (int((day - record.days[0]).astype(np.int64)) for day in (part.days[0], part.days[-1]))
    return slice(start if first else max(0, stop + 1 - MEMORY_DAYS), stop + 1)


def fit_record(record: Record, days: slice) -> Fit:
    """Fit the process to part of a record; days with unknown counts do not affect the fit."""
    return fit(record.packages[days], record.all_known[days], threads=2)


def fit_forecast(record: Record, days: slice, *, level_from_start: bool = True) -> Fit:
    """Fit the process to part of a record, and set its level to that of the combined forecast.

    Args:
        record: The record.
        days: The days to fit.
        level_from_start: True if the benchmarks use all days of the record up to the last fitted day, False if they
            use only the fitted days.

    """
    past = slice(0 if level_from_start else days.start, days.stop)
    return combine_level(fit_record(record, days), record.packages[past][record.all_known[past]])


def combine_level(fitted: Fit, counts: Ints) -> Fit:
    """Set the level of drones and of missiles to that of an equally weighted combination of forecasts.

    The means of routine and salvo days are multiplied by a common factor, so that the log of the package's sum over
    ``HORIZON`` days has the mean of the mixture of forecasts. Its variance is increased to that of the mixture if the
    mixture has the larger variance. The random numbers have a fixed seed.

    Args:
        fitted: The fit.
        counts: (days, 2) counts of the known days up to the last fitted day. With fewer than ``MIN_DAYS`` days the
            fit is returned unchanged.

    """
    if len(counts) < MIN_DAYS:
        return fitted
    rng = process.fixed_generator()
    parameters, initial, salvo = fitted.posterior.draw(DRAWS, rng)
    process_sums = log_sums(process.draw(parameters, initial, salvo, HORIZON, rng))
    benchmark_sums = [
        log_sums(benchmark.paths(counts, HORIZON, DRAWS, process.FIXED_SEED)) for benchmark in COMBINED_BENCHMARKS
    ]
    mixture = np.concatenate([process_sums, *benchmark_sums])
    shift = mixture.mean(axis=0) - process_sums.mean(axis=0)
    added_variance = np.maximum(0.0, mixture.var(axis=0) - process_sums.var(axis=0))
    mean, covariance = fitted.posterior.mean.copy(), fitted.posterior.covariance.copy()
    for package, indices in enumerate(MEAN_INDICES):
        mean[indices] += shift[package]
        covariance[np.ix_(indices, indices)] += added_variance[package]
    posterior = replace(fitted.posterior, mean=mean, covariance=covariance)
    return replace(fitted, posterior=posterior, level_shift=(float(shift[0]), float(shift[1])))


def log_sums(paths: Ints) -> Floats:
    """Logarithms of total drones and missiles in each future: (draws, 2); totals of 0 are replaced by 1."""
    logs: Floats = np.log(np.maximum(paths.sum(axis=1), 1).astype(np.float64))
    return logs


@dataclass(frozen=True)
class FittedProcess:
    """Forecaster that fits the process to the last ``memory`` days up to each origin and combines its level."""

    memory: int = MEMORY_DAYS
    name: str = "fitted process"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Simulated counts after the record, (draws, horizon, 2), with one draw of the parameters for each future."""
        rng = np.random.Generator(np.random.Philox(key=seed))
        posterior = combine_level(fit(counts[-self.memory :]), counts).posterior
        parameters, initial, salvo = posterior.draw(draws, rng)
        return process.draw(parameters, initial, salvo, horizon, rng)
