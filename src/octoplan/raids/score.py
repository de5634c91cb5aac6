"""Score forecasts of raids on days after each of a series of origins (rolling-origin evaluation).

A forecaster receives the counts up to an origin and draws futures; the sums of drones and of missiles over the
following days are scored. ``scoring_rules`` has the scores of one forecast, ``comparison`` what they say together.
"""

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from math import ceil, nan
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from octoplan.executors import results
from octoplan.raids.scoring_rules import crps, energy_score, log_score, pit
from octoplan.scenario.arrays import Floats, Ints

Days = NDArray[np.datetime64]

SERIES = ("drones", "missiles")
PAIR = "pair"
"""Drones and missiles as one vector."""
HORIZONS = (1, 7, 30, 90)
"""Numbers of days whose sums are scored."""
QUANTILES = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Quantiles that are kept of a forecast: its median and the ends of its central 50, 80 and 95 % intervals."""
UNIT_DAYS = 365
"""Days from which the units of the energy score are taken."""


class Forecaster(Protocol):
    """Anything that draws futures of raids from the past."""

    @property
    def name(self) -> str: ...

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Futures of the days after a record: (draws, horizon, 2) drones and missiles.

        Args:
            counts: (n, 2) drones and missiles of the past.
            horizon: Days to draw.
            draws: Number of futures.
            seed: Seed of the random numbers.

        """


@dataclass(frozen=True, eq=False)
class Scores:
    """Scores of one forecaster by origin o, horizon h and series c (drones, missiles).

    An observed sum, and its scores, are nan where one of its days is after the end of the record or has no known count.

    Args:
        name: The forecaster.
        days: (o,) datetime64[D] origins, the last day that the forecast uses.
        horizons: Numbers of days summed.
        draws: Futures of each forecast.
        seed: Seed of the random numbers.
        units: (o, c) weapons, the unit of each series in the energy score (``mean_absolute_deviations``).
        observed: (o, h, c) weapons.
        mean: (o, h, c) weapons, mean of the forecast.
        quantiles: (o, h, c, ``QUANTILES``) weapons.
        crps: (o, h, c) weapons.
        log_score: (o, h, c) nats.
        pit: (o, h, c) from 0 to 1.
        energy: (o, h) energy score of the pair.

    """

    name: str
    days: Days
    horizons: tuple[int, ...]
    draws: int
    seed: int
    units: Floats
    observed: Floats
    mean: Floats
    quantiles: Floats
    crps: Floats
    log_score: Floats
    pit: Floats
    energy: Floats

    @property
    def step(self) -> int:
        """Days between neighbouring origins, the smallest number if they differ."""
        return int(np.diff(self.days).astype(np.int64).min()) if len(self.days) > 1 else max(self.horizons)

    def horizon_index(self, horizon: int) -> int:
        """Index of a horizon; raises ValueError where it was not scored."""
        if horizon not in self.horizons:
            raise ValueError(f"horizon {horizon} was not scored; there are {', '.join(map(str, self.horizons))}")
        return self.horizons.index(horizon)

    def overlap(self, horizon: int) -> int:
        """Number of successive origins whose sums share days with those of the first of them."""
        return ceil(horizon / self.step)

    def losses(self, horizon: int, series: str = "drones") -> Floats:
        """CRPS of a series, or energy score of the pair, at each origin: (o,)."""
        h = self.horizon_index(horizon)
        losses: Floats = self.energy[:, h] if series == PAIR else self.crps[:, h, series_index(series)]
        return losses

    def known_pits(self, horizon: int, series: str = "drones") -> Floats:
        """PIT at each origin whose sum was observed."""
        values = self.pit[:, self.horizon_index(horizon), series_index(series)]
        return values[~np.isnan(values)]

    def pit_histogram(self, horizon: int, series: str = "drones", bins: int = 10) -> Ints:
        """Number of origins whose PIT is in each of equal bins from 0 to 1: (bins,)."""
        counts: Ints = np.histogram(self.known_pits(horizon, series), bins=bins, range=(0, 1))[0]
        return counts


def series_index(series: str) -> int:
    if series not in SERIES:
        raise ValueError(f"{series!r} is not a series of a forecast; there are {', '.join(SERIES)}")
    return SERIES.index(series)


def origins(days: Days, first: str, last: str, step_days: int) -> Ints:
    """Indices of the origins in a record: every ``step_days`` days from first, none after last.

    Args:
        days: (n,) the days of the record.
        first: First origin, such as "2025-01-06".
        last: Latest day that can be an origin.
        step_days: Days between neighbouring origins.

    Raises:
        ValueError: The days have a gap, or first or last is not a day of the record.

    """
    if not len(days) or (np.diff(days) != np.timedelta64(1, "D")).any():
        raise ValueError("the days of a record must follow one another without a gap")
    start, stop = (int((np.datetime64(day, "D") - days[0]).astype(np.int64)) for day in (first, last))
    if step_days < 1:
        raise ValueError(f"origins every {step_days} days: at least 1 is needed")
    if not 0 <= start <= stop < len(days):
        raise ValueError(f"origins from {first} to {last}: the record is from {days[0]} to {days[-1]}")
    return np.arange(start, stop + 1, step_days)


def mean_absolute_deviations(counts: Ints) -> Floats:
    """Units that make drones and missiles comparable in the energy score: (2,) weapons, known at the origin.

    Mean absolute deviation of daily counts from their mean over the last ``UNIT_DAYS`` days; at least one weapon.
    """
    recent = counts[-UNIT_DAYS:].astype(np.float64)
    units: Floats = np.maximum(np.abs(recent - recent.mean(axis=0)).mean(axis=0), 1.0)
    return units


@dataclass(frozen=True)
class OriginTask:
    """One forecast to make and to score.

    Args:
        forecaster: Draws the futures.
        counts: (n, 2) up to the origin, a copy, so that no later day can be reached from it.
        observed: (horizons, 2) observed sums; nan where not known.
        horizons: Numbers of days summed.
        draws: Number of futures.
        key: Seed of the comparison and number of the day, from which all random numbers are drawn.

    """

    forecaster: Forecaster
    counts: Ints
    observed: Floats
    horizons: tuple[int, ...]
    draws: int
    key: tuple[int, int]

    def sums(self) -> Ints:
        """Sums of the futures over each horizon: (draws, horizons, 2).

        Raises:
            ValueError: The forecaster did not draw counts of the expected shape.

        """
        seed = int(np.random.SeedSequence((*self.key, 0)).generate_state(1, np.uint64)[0] >> np.uint64(1))
        longest = max(self.horizons)
        paths = self.forecaster.paths(self.counts, longest, self.draws, seed)
        if paths.shape != (self.draws, longest, 2) or paths.dtype.kind not in "iu" or (paths < 0).any():
            received = f"{paths.dtype} {paths.shape}"
            raise ValueError(f"{self.forecaster.name} drew {received}, expected counts {(self.draws, longest, 2)}")
        sums: Ints = paths.cumsum(axis=1, dtype=np.int64)[:, np.array(self.horizons) - 1]
        return sums


def score_origin(task: OriginTask) -> tuple[Floats, ...]:
    """One origin's element of each array of ``Scores``, in their order from units on."""
    sums, units, observed = task.sums().astype(np.float64), mean_absolute_deviations(task.counts), task.observed
    uniform = np.random.default_rng((*task.key, 1)).random(observed.shape)
    crps_values, log_scores, pits = np.full((3, *observed.shape), nan)
    energy = np.full(len(observed), nan)
    for h in np.flatnonzero(~np.isnan(observed).any(axis=1)):
        energy[h] = energy_score(sums[:, h] / units, observed[h] / units)
        for c, count in enumerate(observed[h]):
            ensemble = sums[:, h, c]
            crps_values[h, c], log_scores[h, c] = crps(ensemble, count), log_score(ensemble, count)
            pits[h, c] = pit(ensemble, count, uniform[h, c])
    quantiles = np.moveaxis(np.quantile(sums, QUANTILES, axis=0), 0, -1)
    return units, observed, sums.mean(axis=0), quantiles, crps_values, log_scores, pits, energy


def score(
    counts: Ints,
    days: Days,
    forecaster: Forecaster,
    rows: Ints,
    *,
    horizons: tuple[int, ...] = HORIZONS,
    draws: int = 1000,
    seed: int = 1,
    known: NDArray[np.bool_] | None = None,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Scores:
    """Score a forecaster at each origin.

    Args:
        counts: (n, 2) drones and missiles of each day.
        days: (n,) the days.
        forecaster: Draws the futures; it receives the days up to and including the origin.
        rows: (o,) indices of the origins, as ``origins`` returns them.
        horizons: Numbers of days whose sums are scored.
        draws: Futures of each forecast.
        seed: Seed of the random numbers.
        known: (n,) False on days whose counts are not known; sums that include one are not scored.
        executor: Runs the forecasts; the scores are the same bits on any, and in this thread without one.
        progress: Called with the number of origins done and their total after each.

    Raises:
        ValueError: There is nothing to score, or a count before an origin is not known.

    """
    observed = observed_sums(counts, np.ones(len(days), bool) if known is None else known, days, rows, horizons)
    day_numbers = (days[rows] - np.datetime64("0001-01-01")).astype(np.int64)
    parts: list[tuple[Floats, ...]] = [()] * len(rows)

    def submit(i: int) -> Future[tuple[Floats, ...]]:
        past = counts[: rows[i] + 1].astype(np.int64)
        task = OriginTask(forecaster, past, observed[i], horizons, draws, (seed, int(day_numbers[i])))
        return pool.submit(score_origin, task)

    with (
        nullcontext(executor) if executor else ThreadPoolExecutor(1) as pool,
        results(submit, range(len(rows))) as completed,
    ):
        for done, (i, part) in enumerate(completed, 1):
            parts[i] = part
            if progress is not None:
                progress(done, len(rows))
    return Scores(forecaster.name, days[rows], horizons, draws, seed, *map(np.stack, zip(*parts, strict=True)))


def observed_sums(counts: Ints, known: NDArray[np.bool_], days: Days, rows: Ints, horizons: tuple[int, ...]) -> Floats:
    """Observed sums after each origin: (o, horizons, 2), nan after the end of the record or over an unknown day.

    Raises:
        ValueError: There is no origin or horizon, the shapes do not fit, or a count before an origin is not known.

    """
    if counts.shape != (len(days), 2) or known.shape != (len(days),):
        raise ValueError(f"counts have shape {counts.shape} and known {known.shape} for {len(days)} days, two series")
    if not len(rows) or not horizons or min(horizons) < 1 or rows.min() < 0 or rows.max() >= len(days):
        raise ValueError(f"{len(rows)} origins and horizons {horizons}: nothing to score in {len(days)} days")
    unknown = np.flatnonzero(~known[: rows.max() + 1])
    if len(unknown):
        number = f"{len(unknown)} day{'s' * (len(unknown) > 1)}"
        raise ValueError(
            f"the launched counts of {number} up to the last origin, {days[rows.max()]}, are not known, first on "
            f"{days[unknown[0]]}; choose earlier origins, or use a record that begins after it"
        )
    sums = np.full((len(rows), len(horizons), 2), nan)
    for i, row in enumerate(rows):
        for h, horizon in enumerate(horizons):
            after = slice(row + 1, row + 1 + horizon)
            if row + horizon < len(days) and known[after].all():
                sums[i, h] = counts[after].sum(axis=0)
    return sums
