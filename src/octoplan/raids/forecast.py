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
from octoplan.raids.fit import DEFAULT_FIT_DAYS, Fit, fit
from octoplan.raids.process import Floats, Ints
from octoplan.raids.read.record import Record

COMBINED_BENCHMARKS = (ResampledDays(28), ResampledDays(90), NegativeBinomialTrend(180))
"""Benchmarks that are combined with the process, each with the same weight as the process."""

LEVEL_HORIZON = 30
"""Number of days over which weapons are summed to measure the level of a forecast."""

MIN_COMBINATION_DAYS = 90
"""Minimum number of days with known counts for a combination of levels; fewer cannot identify a trend."""

COMBINATION_DRAWS = 2000
"""Number of futures of each forecast in the combination."""

MEAN_INDICES = (
    [process.DRONES_ROUTINE_MEAN, process.DRONES_SALVO_MEAN],
    [process.MISSILES_ROUTINE_MEAN, process.MISSILES_SALVO_MEAN],
)
"""Indices of the mean parameters of drones and of missiles, each on routine and on salvo days."""


def fitted_days(record: Record, first: date | None, last: date | None) -> slice:
    """Slice of the days of a record to fit: from first to last, or the ``DEFAULT_FIT_DAYS`` days up to last.

    Args:
        record: The record.
        first: First day to fit; None to fit ``DEFAULT_FIT_DAYS`` days.
        last: Last day to fit; None for the last day of the record.

    Raises:
        RecordError: The record does not contain these days.

    """
    part = record.between(first or record.days[0], last or record.days[-1])
    start, stop = (int((day - record.days[0]).astype(np.int64)) for day in (part.days[0], part.days[-1]))
    return slice(start if first else max(0, stop + 1 - DEFAULT_FIT_DAYS), stop + 1)


def fit_record(record: Record, days: slice) -> Fit:
    """Fit the process to part of a record; days with unknown counts do not affect the fit."""
    return fit(record.packages[days], record.all_known[days], threads=2)


def fit_forecast(record: Record, days: slice, *, level_from_start: bool = True) -> Fit:
    """Fit the process to part of a record, and set its level to the level of the combined forecast.

    Args:
        record: The record.
        days: The days to fit.
        level_from_start: True if the benchmarks use all days of the record up to the last fitted day, False if they
            use only the fitted days.

    """
    past_days = slice(0 if level_from_start else days.start, days.stop)
    return combine_level(fit_record(record, days), record.packages[past_days][record.all_known[past_days]])


def combine_level(process_fit: Fit, counts: Ints) -> Fit:
    """Set the level of drones and of missiles to the level of an equally weighted combination of forecasts.

    The means of routine and salvo days are multiplied by a common factor, so that the log of the total of the package
    over ``LEVEL_HORIZON`` days has the mean of the mixture of forecasts. If the mixture has the larger variance, the
    variance is increased to that of the mixture. The seed of the random numbers is fixed.

    Args:
        process_fit: The fitted process.
        counts: (days, 2) counts of the known days up to the last fitted day. With fewer than
            ``MIN_COMBINATION_DAYS`` days the fit is returned unchanged.

    """
    if len(counts) < MIN_COMBINATION_DAYS:
        return process_fit
    rng = process.fixed_generator()
    parameters, initial_x, salvo = process_fit.posterior.draw(COMBINATION_DRAWS, rng)
    process_sums = log_sums(process.simulate_counts(parameters, initial_x, salvo, LEVEL_HORIZON, rng))
    benchmark_sums = [
        log_sums(benchmark.paths(counts, LEVEL_HORIZON, COMBINATION_DRAWS, process.FIXED_SEED))
        for benchmark in COMBINED_BENCHMARKS
    ]
    mixture = np.concatenate([process_sums, *benchmark_sums])
    shift = mixture.mean(axis=0) - process_sums.mean(axis=0)
    variance_increase = np.maximum(0.0, mixture.var(axis=0) - process_sums.var(axis=0))
    mean, covariance = process_fit.posterior.mean.copy(), process_fit.posterior.covariance.copy()
    for package, indices in enumerate(MEAN_INDICES):
        mean[indices] += shift[package]
        covariance[np.ix_(indices, indices)] += variance_increase[package]
    posterior = replace(process_fit.posterior, mean=mean, covariance=covariance)
    return replace(process_fit, posterior=posterior, level_shift=(float(shift[0]), float(shift[1])))


def log_sums(paths: Ints) -> Floats:
    """Logarithms of the total drones and missiles in each future, (draws, 2); a total of 0 counts as 1."""
    logs: Floats = np.log(np.maximum(paths.sum(axis=1), 1).astype(np.float64))
    return logs


@dataclass(frozen=True)
class FittedProcess:
    """Forecaster that fits the process to the ``fit_days`` days up to each origin and takes the combined level."""

    fit_days: int = DEFAULT_FIT_DAYS
    name: str = "fitted process"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Simulated counts for the days after the record: (draws, horizon, 2).

        Each future has its own draw of the parameters.
        """
        rng = np.random.Generator(np.random.Philox(key=seed))
        posterior = combine_level(fit(counts[-self.fit_days :]), counts).posterior
        parameters, initial_x, salvo = posterior.draw(draws, rng)
        return process.simulate_counts(parameters, initial_x, salvo, horizon, rng)
