"""Forecasts of raids judged by proper scores on days they have not seen, origin by origin, and beside one another.

A forecaster is handed the counts up to an origin and draws possible futures; what is scored is the sums of drones and
of missiles over the days that follow. A score is a loss: less is better. Its parts are in three steps: the rules for
one forecast (``crps``, ``energy``, ``log_loss``, ``pit``), the origins (``score``), and what the scores say
(``difference``, ``coverage``, ``pit_test``, ``table``).
"""

import csv
import io
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import astuple, dataclass, fields, replace
from math import ceil, isnan, log, nan, sqrt
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from scipy.special import ndtr
from scipy.stats import binom, chisquare, t

from octoplan.executors import results
from octoplan.scenario.arrays import Floats, Ints

Days = NDArray[np.datetime64]

CLASSES = ("drones", "missiles")
PAIR = "pair"
HORIZONS = (1, 7, 30, 90)
LEVELS = (0.5, 0.8, 0.95)
POINTS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
"""Quantiles that are kept of a forecast: its median, and the ends of its intervals."""
FEWEST_IN_A_BLOCK = 4
"""Origins; what is left of a slow drift between neighbouring origins stays inside a block."""
UNIT_DAYS = 365


class Forecaster(Protocol):
    """Anything that draws possible futures from the past."""

    @property
    def name(self) -> str: ...

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Possible futures: (draws, horizon, 2) drones and missiles of the days after those in counts (n, 2)."""


def crps(ensemble: Floats, observed: float) -> float:
    """Continuous ranked probability score of an ensemble, in its unit: E|X - y| - E|X - X'|/2.

    Both expectations are over the ensemble as it stands, divided by m and m² (the score of its empirical distribution,
    not the fair one); Gneiting and Raftery 2007, eq. 21. Exact, by the order statistics.
    """
    ordered = np.sort(ensemble)
    m = len(ordered)
    spread = float((2 * np.arange(m) + 1 - m) @ ordered) / m**2
    return float(np.abs(ordered - observed).mean()) - spread


def energy(ensemble: Floats, observed: Floats) -> float:
    """Energy score of an ensemble (m, classes) of scaled counts: E‖X - y‖ - E‖X - X'‖/2, all m² pairs counted.

    Gneiting and Raftery 2007, eq. 22. In one dimension it is the CRPS.
    """
    m = len(ensemble)
    pairs = sum(float(cdist(ensemble[i : i + 256], ensemble).sum()) for i in range(0, m, 256))
    return float(np.linalg.norm(ensemble - observed, axis=1).mean()) - pairs / (2 * m**2)


def log_loss(ensemble: Floats, observed: float) -> float:
    """Minus the log, in nats, of the smoothed chance an ensemble of counts gives to the count observed.

    The smoothing is on the scale z = log(count + 1/2), on which count k holds the cell from log k to log(k + 1) and
    nought all below: normal kernels about each draw, with Silverman's bandwidth (1986, eq. 3.31). A share 1/(m + 1)
    of the chance is a Cauchy law of scale 1 about the median of z, so that no count has none.
    """
    z = np.log(ensemble + 0.5)
    m = len(z)
    quartiles = np.quantile(z, (0.25, 0.5, 0.75))
    spread = min(float(z.std()), float(quartiles[2] - quartiles[0]) / 1.34) or float(z.std())
    width = max(0.9 * spread * m**-0.2, 1e-3)
    low, high = log(observed) if observed > 0 else -np.inf, log(observed + 1)
    kernels = float((ndtr((high - z) / width) - ndtr((low - z) / width)).mean())
    tail = float(np.arctan(high - quartiles[1]) - np.arctan(low - quartiles[1])) / np.pi
    return -log((m * kernels + tail) / (m + 1))


def pit(ensemble: Floats, observed: float, luck: float) -> float:
    """Randomised probability integral transform: uniform on 0 to 1 where what is observed is one more of the draws.

    (draws below + luck·(draws equal + 1))/(m + 1) with luck uniform; Czado, Gneiting and Held 2009 for counts.
    """
    below, equal = int((ensemble < observed).sum()), int((ensemble == observed).sum())
    return (below + luck * (equal + 1)) / (len(ensemble) + 1)


@dataclass(frozen=True, eq=False)
class Scores:
    """One forecaster at each origin o, horizon h and class c (drones, missiles).

    name        of the forecaster
    days        (o,) datetime64[D] origins: the last day known to the forecast
    horizons    days summed
    draws, seed of each forecast
    units       (o, c) weapons: the units of the pair, mean absolute deviation of daily counts (``deviations``)
    observed    (o, h, c) weapons; nan, as all scores are, where a day of the sum is beyond the record or not known
    mean        (o, h, c) weapons expected
    quantiles   (o, h, c, ``POINTS``) weapons
    crps        (o, h, c) weapons
    log_loss    (o, h, c) nats
    pit         (o, h, c) 0 to 1
    energy      (o, h) of the pair, each class in its unit
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
    log_loss: Floats
    pit: Floats
    energy: Floats

    @property
    def step(self) -> int:
        """Days from an origin to the next, the least there are."""
        return int(np.diff(self.days).astype(np.int64).min()) if len(self.days) > 1 else max(self.horizons)

    def at(self, horizon: int) -> int:
        """Place of a horizon; raises ValueError where it was not scored."""
        if horizon not in self.horizons:
            raise ValueError(f"horizon {horizon} was not scored; there are {', '.join(map(str, self.horizons))}")
        return self.horizons.index(horizon)

    def overlap(self, horizon: int) -> int:
        """Origins whose sums share days with those of the first of them, itself counted."""
        return ceil(horizon / self.step)

    def losses(self, horizon: int, of: str = "drones") -> Floats:
        """CRPS of a class, energy score of the pair, at each origin: (o,)."""
        h = self.at(horizon)
        losses: Floats = self.energy[:, h] if of == PAIR else self.crps[:, h, place(of)]
        return losses

    def pits(self, horizon: int, of: str = "drones") -> Floats:
        """PIT at each origin whose sum is known."""
        values = self.pit[:, self.at(horizon), place(of)]
        return values[~np.isnan(values)]

    def histogram(self, horizon: int, of: str = "drones", bins: int = 10) -> Ints:
        """Origins whose PIT is in each of equal bins from 0 to 1: (bins,)."""
        counts: Ints = np.histogram(self.pits(horizon, of), bins=bins, range=(0, 1))[0]
        return counts


def place(of: str) -> int:
    if of not in CLASSES:
        raise ValueError(f"{of!r} is no class of a forecast; there are {', '.join(CLASSES)}")
    return CLASSES.index(of)


def origins(days: Days, first: str, last: str, step_days: int) -> Ints:
    """Rows of the origins in a record: every step_days from first, none after last.

    Raises ValueError where the days have a gap, or first or last is no day of the record.
    """
    if not len(days) or (np.diff(days) != np.timedelta64(1, "D")).any():
        raise ValueError("the days of a record follow one another without a gap")
    start, stop = (int((np.datetime64(day, "D") - days[0]).astype(np.int64)) for day in (first, last))
    if not 0 <= start <= stop < len(days) or step_days < 1:
        raise ValueError(f"{first} to {last} every {step_days} days: the record is from {days[0]} to {days[-1]}")
    return np.arange(start, stop + 1, step_days)


def deviations(counts: Ints) -> Floats:
    """Units in which the two classes of a pair are alike: (2,) weapons, from what is known at the origin.

    Mean absolute deviation of daily counts about their mean over the last ``UNIT_DAYS`` days; at least one weapon.
    """
    recent = counts[-UNIT_DAYS:].astype(np.float64)
    units: Floats = np.maximum(np.abs(recent - recent.mean(axis=0)).mean(axis=0), 1.0)
    return units


@dataclass(frozen=True)
class Forecast:
    """One forecast to make and score: the past, and the days that came after it.

    counts      (n, 2) up to the origin, a copy: nothing after it can be reached from it
    observed    (horizons, 2) sums that came; nan where not known
    key         what its random numbers are drawn from: the seed and the day
    """

    forecaster: Forecaster
    counts: Ints
    observed: Floats
    horizons: tuple[int, ...]
    draws: int
    key: tuple[int, int]

    def sums(self) -> Ints:
        """Sums of the drawn futures over each horizon: (draws, horizons, 2); raises ValueError where they are none."""
        seed = int(np.random.SeedSequence((*self.key, 0)).generate_state(1, np.uint64)[0] >> np.uint64(1))
        reach = max(self.horizons)
        paths = self.forecaster.paths(self.counts, reach, self.draws, seed)
        if paths.shape != (self.draws, reach, 2) or paths.dtype.kind not in "iu" or (paths < 0).any():
            found = f"{paths.dtype} {paths.shape}"
            raise ValueError(f"{self.forecaster.name} drew {found}, expected counts {(self.draws, reach, 2)}")
        sums: Ints = paths.cumsum(axis=1, dtype=np.int64)[:, np.array(self.horizons) - 1]
        return sums


def judged(forecast: Forecast) -> tuple[Floats, ...]:
    """One origin's row of each array of ``Scores``, in their order from units on."""
    sums, units, seen = forecast.sums().astype(np.float64), deviations(forecast.counts), forecast.observed
    luck = np.random.default_rng((*forecast.key, 1)).random(seen.shape)
    ranked, logs, pits = np.full((3, *seen.shape), nan)
    pair = np.full(len(seen), nan)
    for h in np.flatnonzero(~np.isnan(seen).any(axis=1)):
        pair[h] = energy(sums[:, h] / units, seen[h] / units)
        for c, count in enumerate(seen[h]):
            drawn = sums[:, h, c]
            ranked[h, c], logs[h, c] = crps(drawn, count), log_loss(drawn, count)
            pits[h, c] = pit(drawn, count, luck[h, c])
    quantiles = np.moveaxis(np.quantile(sums, POINTS, axis=0), 0, -1)
    return units, seen, sums.mean(axis=0), quantiles, ranked, logs, pits, pair


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
    """Score a forecaster at each origin, on an executor (this thread if none is given): the same bits on any.

    counts
        (n, 2) drones and missiles of each day in days.
    rows
        (o,) rows of the origins, as ``origins`` gives them; the forecaster sees the days up to and with the row.
    known
        (n,) False on days whose counts are hidden: no sum that holds one is scored. Raises ValueError where one lies
        before an origin, since a forecaster would take it for a count.
    progress
        called with the origins done and their total after each.
    """
    if executor is None:
        with ThreadPoolExecutor(1) as alone:
            return score(
                counts, days, forecaster, rows, horizons=horizons, draws=draws, seed=seed, known=known,
                executor=alone, progress=progress,
            )  # fmt: skip
    sums = observations(counts, np.ones(len(days), bool) if known is None else known, days, rows, horizons)
    dates = (days[rows] - np.datetime64("0001-01-01")).astype(np.int64)
    parts: list[tuple[Floats, ...]] = [()] * len(rows)

    def submit(i: int) -> Future[tuple[Floats, ...]]:
        past = counts[: rows[i] + 1].astype(np.int64)
        return executor.submit(judged, Forecast(forecaster, past, sums[i], horizons, draws, (seed, int(dates[i]))))

    with results(submit, range(len(rows))) as judgements:
        for done, (i, part) in enumerate(judgements, 1):
            parts[i] = part
            if progress is not None:
                progress(done, len(rows))
    return Scores(forecaster.name, days[rows], horizons, draws, seed, *map(np.stack, zip(*parts, strict=True)))


def observations(counts: Ints, known: NDArray[np.bool_], days: Days, rows: Ints, horizons: tuple[int, ...]) -> Floats:
    """Sums that came after each origin: (o, horizons, 2), nan beyond the record or over a day that is not known.

    Raises ValueError for no origin or horizon, for shapes that do not fit, and for a hidden day before an origin.
    """
    if counts.shape != (len(days), 2) or known.shape != (len(days),):
        raise ValueError(f"counts have shape {counts.shape} and known {known.shape} for {len(days)} days, two classes")
    if not len(rows) or not horizons or min(horizons) < 1 or rows.min() < 0 or rows.max() >= len(days):
        raise ValueError(f"{len(rows)} origins and horizons {horizons}: nothing to score in {len(days)} days")
    hidden = np.flatnonzero(~known[: rows.max() + 1])
    if len(hidden):
        raise ValueError(f"the counts of {days[hidden[0]]} are hidden, before the origin of {days[rows.max()]}")
    found = np.full((len(rows), len(horizons), 2), nan)
    for i, row in enumerate(rows):
        for h, horizon in enumerate(horizons):
            after = slice(row + 1, row + 1 + horizon)
            if row + horizon < len(days) and known[after].all():
                found[i, h] = counts[after].sum(axis=0)
    return found


@dataclass(frozen=True)
class Difference:
    """Mean difference of two forecasters' scores, its 95 % interval, and the blocks of origins that it rests on.

    Below zero the first is better; ``nan`` ends where there are not two blocks.
    """

    mean: float
    low: float
    high: float
    blocks: float

    @property
    def settled(self) -> bool:
        """Whether the interval keeps to one side of zero."""
        return self.low > 0 or self.high < 0


def difference(a: Scores, b: Scores, horizon: int, of: str = "drones") -> Difference:
    """Score of a less that of b (CRPS of a class, energy of the pair), over the origins where both are known.

    Raises ValueError where they were not scored on the same origins and days.
    """
    if not np.array_equal(a.days, b.days) or not np.array_equal(
        a.observed[:, a.at(horizon)], b.observed[:, b.at(horizon)], equal_nan=True
    ):
        raise ValueError(f"{a.name} and {b.name} were not scored on the same origins and counts")
    gaps = a.losses(horizon, of) - b.losses(horizon, of)
    return block_mean(gaps[~np.isnan(gaps)], max(a.overlap(horizon), FEWEST_IN_A_BLOCK))


def block_mean(values: Floats, length: int) -> Difference:
    """Mean of a series whose values less than ``length`` apart hang together, with a 95 % interval.

    The standard error is that of the circular moving-block bootstrap (Politis and Romano 1992) after ever so many
    resamples, sd of the means of all blocks/sqrt(blocks), so it holds no random number. As the bootstrap knows the
    mean from few blocks only, the interval is Student's with as many degrees of freedom as blocks less one, the error
    times sqrt(blocks/(blocks - 1)): for four blocks of moving averages it covers 93 % where quantiles of resampled
    means cover 70 %.
    """
    n = len(values)
    mean = float(values.mean()) if n else nan
    blocks = n / length
    if blocks < 2:
        return Difference(mean, nan, nan, blocks)
    wrapped = np.concatenate([values, values[: length - 1]]) - mean
    means = np.convolve(wrapped, np.full(length, 1 / length), "valid")
    half = float(t.ppf(0.975, blocks - 1)) * sqrt(float((means**2).mean()) / (blocks - 1))
    return Difference(mean, mean - half, mean + half, blocks)


@dataclass(frozen=True)
class Coverage:
    """Share of origins whose sum is inside the central interval of a level, and the shares that luck alone explains.

    ``low`` and ``high`` are the binomial 95 % limits of the share of a right forecast, over as many ``independent``
    origins as have sums that share no day.
    """

    level: float
    share: float
    low: float
    high: float
    independent: int

    @property
    def holds(self) -> bool:
        """Within five points of the level, or within the binomial limits."""
        return abs(self.share - self.level) <= 0.05 or self.low <= self.share <= self.high


def coverage(scores: Scores, horizon: int, of: str = "drones") -> tuple[Coverage, ...]:
    """Coverage of the intervals of ``LEVELS``: a sum is inside where its randomised PIT is.

    So a count that equals an end of an interval is inside by its share of the chance, and the coverage of a right
    forecast is the level, for few counts too.
    """
    pits = scores.pits(horizon, of)
    independent = ceil(len(pits) / scores.overlap(horizon))
    found = []
    for level in LEVELS:
        share = float((np.abs(pits - 0.5) <= level / 2).mean()) if len(pits) else nan
        low, high = (float(x) / max(independent, 1) for x in binom.interval(0.95, independent, level))
        found.append(Coverage(level, share, low, high, independent))
    return tuple(found)


def pit_test(scores: Scores, horizon: int, of: str = "drones") -> float:
    """Chance of PITs as uneven as these from a right forecast: chi-square over ten bins, fewer below 50 origins.

    ``nan`` where the sums of neighbouring origins share days, or there are less than ten.
    """
    n = len(scores.pits(horizon, of))
    if scores.overlap(horizon) > 1 or n < 10:
        return nan
    return float(chisquare(scores.histogram(horizon, of, bins=min(10, n // 5))).pvalue)


@dataclass(frozen=True)
class Row:
    """What one forecaster's scores come to at a horizon, for drones, missiles or the pair, over its known origins.

    score       mean CRPS (weapons) of a class, mean energy score of the pair (in its units)
    difference  of the score from that of the first forecaster in the table, above zero where it is worse;
                low and high are its 95 % interval, blocks what it rests on
    log_loss    mean, nats; this and what follows of a class alone, ``nan`` for the pair
    mean        forecast, and observed: mean sum, weapons
    cover50     share inside the central interval, and cover80, cover95; for their limits see ``coverage``
    pit_p       p-value of ``pit_test``
    """

    horizon: int
    of: str
    forecaster: str
    origins: int
    score: float
    difference: float
    low: float
    high: float
    blocks: float
    log_loss: float = nan
    mean: float = nan
    observed: float = nan
    cover50: float = nan
    cover80: float = nan
    cover95: float = nan
    pit_p: float = nan


@dataclass(frozen=True)
class Table:
    """Forecasters beside the first of them: rows by horizon, class and forecaster; ``str`` for a terminal."""

    rows: tuple[Row, ...]

    def to_csv(self) -> str:
        """The table as CSV under the names of ``Row``; empty where a number is not defined."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(HEAD)
        writer.writerows([full(value) for value in astuple(row)] for row in self.rows)
        return out.getvalue()

    def __str__(self) -> str:
        lines = [HEAD, *(tuple(short(value) for value in astuple(row)) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join("  ".join(map(str.rjust, line, widths)) for line in lines)


HEAD = tuple(field.name for field in fields(Row))


def full(value: float | str) -> str:
    """A cell of the CSV."""
    if isinstance(value, float):
        return "" if isnan(value) else f"{value:.8g}"
    return str(value)


def short(value: float | str) -> str:
    """A cell for a terminal: three decimals below ten, one from there on."""
    if isinstance(value, float):
        return "–" if isnan(value) else f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}"
    return str(value)


def table(scores: Sequence[Scores]) -> Table:
    """All forecasters at every horizon, for each class and the pair; the first is what the others are compared with."""
    first = scores[0]
    kinds = [(horizon, of) for horizon in first.horizons for of in (*CLASSES, PAIR)]
    return Table(tuple(summary(each, first, horizon, of) for horizon, of in kinds for each in scores))


def summary(scores: Scores, first: Scores, horizon: int, of: str) -> Row:
    """One row of the table."""
    losses = scores.losses(horizon, of)
    scored = ~np.isnan(losses)
    gap = difference(scores, first, horizon, of)
    mean = float(losses[scored].mean()) if scored.any() else nan
    row = Row(horizon, of, scores.name, int(scored.sum()), mean, gap.mean, gap.low, gap.high, gap.blocks)
    if of == PAIR or not scored.any():
        return row
    here = (scored, scores.at(horizon), place(of))
    half, most, nearly = (each.share for each in coverage(scores, horizon, of))
    return replace(
        row,
        log_loss=float(scores.log_loss[here].mean()),
        mean=float(scores.mean[here].mean()),
        observed=float(scores.observed[here].mean()),
        cover50=half,
        cover80=most,
        cover95=nearly,
        pit_p=pit_test(scores, horizon, of),
    )
