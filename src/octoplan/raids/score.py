"""Score forecasts of raids by rolling-origin evaluation.

A forecaster receives the counts up to each origin and draws futures. Its forecasts of the total drones and the total
missiles over the following days are scored. ``scoring_rules`` computes the scores of one forecast; ``comparison``
compares forecasters over all origins.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from math import ceil, nan
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from octoplan.executors import run_tasks
from octoplan.raids.scoring_rules import crps, energy_score, log_score, pit
from octoplan.scenario.arrays import Floats, Ints

Days = NDArray[np.datetime64]

SERIES = ("drones", "missiles")
PAIR = "pair"
"""Drones and missiles scored jointly, as a vector."""
HORIZONS = (1, 7, 30, 90)
"""Horizons: numbers of days over which weapons are summed."""
QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Forecast quantiles that are stored: the median and the ends of the central 50, 80 and 95 % intervals."""
SCALE_DAYS = 365
"""Number of days up to the origin from which the scales of the energy score are computed."""


class Forecaster(Protocol):
    """A method that draws future raids from past counts."""

    @property
    def name(self) -> str:
        """Name of the forecaster in tables and charts."""

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Simulate counts for the days after the record: (draws, horizon, 2) drones and missiles.

        Args:
            counts: (n, 2) drones and missiles on past days.
            horizon: Number of days to simulate.
            draws: Number of futures.
            seed: Seed of the random numbers.

        """


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of one forecaster by origin o, horizon h and series c (drones, missiles).

    An observed sum and its scores are nan if the sum includes a day after the end of the record or an unknown count.

    Args:
        name: Name of the forecaster.
        days: (o,) datetime64[D] origins, each the last day that a forecast uses.
        horizons: (h,) numbers of days over which weapons are summed.
        draws: Number of futures in each forecast.
        seed: Seed of the random numbers.
        scales: (o, c) weapons, divisors of the series in the energy score (``mean_absolute_deviations``).
        observed: (o, h, c) weapons, observed sums.
        mean: (o, h, c) weapons, mean of the forecast.
        quantiles: (o, h, c, ``QUANTILES``) weapons, quantiles of the forecast.
        crps: (o, h, c) weapons, continuous ranked probability score.
        log_score: (o, h, c) nats, logarithmic score.
        pit: (o, h, c) probability integral transform, from 0 to 1.
        energy_score: (o, h) energy score of the pair.

    """

    name: str
    days: Days
    horizons: tuple[int, ...]
    draws: int
    seed: int
    scales: Floats
    observed: Floats
    mean: Floats
    quantiles: Floats
    crps: Floats
    log_score: Floats
    pit: Floats
    energy_score: Floats

    @property
    def step_days(self) -> int:
        """Smallest number of days between successive origins."""
        return int(np.diff(self.days).astype(np.int64).min()) if len(self.days) > 1 else max(self.horizons)

    def horizon_index(self, horizon: int) -> int:
        """Index of a horizon in ``horizons``. Raises ValueError if the horizon was not scored."""
        if horizon not in self.horizons:
            raise ValueError(
                f"horizon {horizon} was not scored; the scored horizons are {', '.join(map(str, self.horizons))}"
            )
        return self.horizons.index(horizon)

    def overlapping_origins(self, horizon: int) -> int:
        """Number of successive origins whose sums have days in common with the sum of the first, which is included."""
        return ceil(horizon / self.step_days)

    def losses(self, horizon: int, series: str = "drones") -> Floats:
        """CRPS of a series in weapons, or energy score of the pair, at each origin: (o,)."""
        h = self.horizon_index(horizon)
        losses: Floats = self.energy_score[:, h] if series == PAIR else self.crps[:, h, series_index(series)]
        return losses

    def known_pits(self, horizon: int, series: str = "drones") -> Floats:
        """PITs at the origins whose observed sum is known: (such origins,)."""
        values = self.pit[:, self.horizon_index(horizon), series_index(series)]
        return values[~np.isnan(values)]

    def pit_histogram(self, horizon: int, series: str = "drones", bins: int = 10) -> Ints:
        """Number of origins in each of ``bins`` equal intervals of the PIT from 0 to 1: (bins,)."""
        counts: Ints = np.histogram(self.known_pits(horizon, series), bins=bins, range=(0, 1))[0]
        return counts


def series_index(series: str) -> int:
    """Index of a series in ``SERIES``. Raises ValueError if there is no such series."""
    if series not in SERIES:
        raise ValueError(f"{series!r} is not a series of a forecast; the series are {', '.join(SERIES)}")
    return SERIES.index(series)


def origins(days: Days, first: str, last: str, step_days: int) -> Ints:
    """Indices of the origins in a record: every ``step_days`` days from first to last.

    Args:
        days: (n,) datetime64[D] days of the record.
        first: First origin, such as "2025-01-06".
        last: Latest permitted origin.
        step_days: Days between successive origins.

    Raises:
        ValueError: The days are not consecutive, ``step_days`` is below 1, or first or last is outside the record.

    """
    if not len(days) or (np.diff(days) != np.timedelta64(1, "D")).any():
        raise ValueError("the days of a record must follow one another without a gap")
    start, stop = (int((np.datetime64(day, "D") - days[0]).astype(np.int64)) for day in (first, last))
    if step_days < 1:
        raise ValueError(f"origins every {step_days} days: the step must be at least 1 day")
    if not 0 <= start <= stop < len(days):
        raise ValueError(f"origins from {first} to {last}: the record is from {days[0]} to {days[-1]}")
    return np.arange(start, stop + 1, step_days)


def mean_absolute_deviations(counts: Ints) -> Floats:
    """Mean absolute deviations by which drones and missiles are divided in the energy score: (2,) weapons.

    They are computed from the daily counts of the last ``SCALE_DAYS`` days and are at least 1.
    """
    recent_counts = counts[-SCALE_DAYS:].astype(np.float64)
    scales: Floats = np.maximum(np.abs(recent_counts - recent_counts.mean(axis=0)).mean(axis=0), 1.0)
    return scales


@dataclass(frozen=True)
class OriginTask:
    """Inputs for making and scoring the forecast at one origin.

    Args:
        forecaster: The forecaster.
        counts: (n, 2) counts up to the origin; a copy, so that the forecaster has no access to later days.
        observed: (horizons, 2) observed sums; nan if not known.
        horizons: Numbers of days over which weapons are summed.
        draws: Number of futures.
        seed_key: Seed of the comparison and number of the day, which determine all random numbers of the origin.

    """

    forecaster: Forecaster
    counts: Ints
    observed: Floats
    horizons: tuple[int, ...]
    draws: int
    seed_key: tuple[int, int]

    def sums(self) -> Ints:
        """Simulated sums over each horizon: (draws, horizons, 2).

        Raises:
            ValueError: The forecaster did not return non-negative integers of the expected shape.

        """
        seed = int(np.random.SeedSequence((*self.seed_key, 0)).generate_state(1, np.uint64)[0] >> np.uint64(1))
        longest = max(self.horizons)
        paths = self.forecaster.paths(self.counts, longest, self.draws, seed)
        if paths.shape != (self.draws, longest, 2) or paths.dtype.kind not in "iu" or (paths < 0).any():
            received, expected = f"{paths.dtype} of shape {paths.shape}", f"shape {(self.draws, longest, 2)}"
            raise ValueError(f"{self.forecaster.name} drew {received}; expected non-negative integers of {expected}")
        sums: Ints = paths.cumsum(axis=1, dtype=np.int64)[:, np.array(self.horizons) - 1]
        return sums


def score_origin(task: OriginTask) -> tuple[Floats, ...]:
    """Score one origin; return its elements of the arrays of ``Scores``, from ``scales`` to ``energy_score``."""
    sums, scales, observed = task.sums().astype(np.float64), mean_absolute_deviations(task.counts), task.observed
    uniform = np.random.default_rng((*task.seed_key, 1)).random(observed.shape)
    crps_values, log_scores, pits = np.full((3, *observed.shape), nan)
    energy_scores = np.full(len(observed), nan)
    for h in np.flatnonzero(~np.isnan(observed).any(axis=1)):
        energy_scores[h] = energy_score(sums[:, h] / scales, observed[h] / scales)
        for c, count in enumerate(observed[h]):
            ensemble = sums[:, h, c]
            crps_values[h, c], log_scores[h, c] = crps(ensemble, count), log_score(ensemble, count)
            pits[h, c] = pit(ensemble, count, uniform[h, c])
    quantiles = np.moveaxis(np.quantile(sums, QUANTILES, axis=0), 0, -1)
    return scales, observed, sums.mean(axis=0), quantiles, crps_values, log_scores, pits, energy_scores


def score(
    counts: Ints,
    days: Days,
    forecaster: Forecaster,
    origin_rows: Ints,
    *,
    horizons: tuple[int, ...] = HORIZONS,
    draws: int = 1000,
    seed: int = 1,
    is_known: NDArray[np.bool_] | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Scores:
    """Score a forecaster at each origin.

    Args:
        counts: (n, 2) drones and missiles of each day.
        days: (n,) datetime64[D] days.
        forecaster: The forecaster; it receives the counts up to and including the origin.
        origin_rows: (o,) indices of the origins, from ``origins``.
        horizons: Numbers of days over which weapons are summed.
        draws: Number of futures in each forecast.
        seed: Seed of the random numbers.
        is_known: (n,) False for days with unknown counts; sums that include such a day are not scored.
        executor: Executor that runs the forecasts, by default a single thread; it does not change the scores.
        progress: Called after each origin with the number of origins done and the total.

    Raises:
        ValueError: There is no origin or horizon, or a count up to an origin is unknown.

    """
    observed = observed_sums(
        counts, np.ones(len(days), bool) if is_known is None else is_known, days, origin_rows, horizons
    )
    day_numbers = (days[origin_rows] - np.datetime64("0001-01-01")).astype(np.int64)
    origin_scores: list[tuple[Floats, ...]] = [()] * len(origin_rows)

    def submit(i: int) -> Future[tuple[Floats, ...]]:
        past_counts = counts[: origin_rows[i] + 1].astype(np.int64)
        task = OriginTask(forecaster, past_counts, observed[i], horizons, draws, (seed, int(day_numbers[i])))
        return pool.submit(score_origin, task)

    with (
        nullcontext(executor) if executor else ThreadPoolExecutor(1) as pool,
        run_tasks(submit, range(len(origin_rows))) as completed,
    ):
        for done, (i, part) in enumerate(completed, 1):
            origin_scores[i] = part
            if progress is not None:
                progress(done, len(origin_rows))
    return Scores(
        forecaster.name, days[origin_rows], horizons, draws, seed, *map(np.stack, zip(*origin_scores, strict=True))
    )


def observed_sums(
    counts: Ints, is_known: NDArray[np.bool_], days: Days, origin_rows: Ints, horizons: tuple[int, ...]
) -> Floats:
    """Observed sums after each origin: (o, horizons, 2) weapons.

    A sum is nan if it extends beyond the end of the record or includes a day with unknown counts.

    Raises:
        ValueError: There is no origin or horizon, array shapes do not match, or a count up to an origin is unknown.

    """
    if counts.shape != (len(days), 2) or is_known.shape != (len(days),):
        raise ValueError(
            f"counts have shape {counts.shape} and is_known has shape {is_known.shape}; expected {(len(days), 2)} and "
            f"{(len(days),)}"
        )
    if (
        not len(origin_rows)
        or not horizons
        or min(horizons) < 1
        or origin_rows.min() < 0
        or origin_rows.max() >= len(days)
    ):
        raise ValueError(f"nothing to score in {len(days)} days: {len(origin_rows)} origins, horizons {horizons}")
    unknown = np.flatnonzero(~is_known[: origin_rows.max() + 1])
    if len(unknown):
        number = f"{len(unknown)} day{'s' * (len(unknown) > 1)}"
        last = days[origin_rows.max()]
        raise ValueError(
            f"the launched counts of {number} up to the last origin, {last}, are unknown, the first on "
            f"{days[unknown[0]]}; choose earlier origins, or use a record that begins after that day"
        )
    sums = np.full((len(origin_rows), len(horizons), 2), nan)
    for i, row in enumerate(origin_rows):
        for h, horizon in enumerate(horizons):
            after = slice(row + 1, row + 1 + horizon)
            if row + horizon < len(days) and is_known[after].all():
                sums[i, h] = counts[after].sum(axis=0)
    return sums
