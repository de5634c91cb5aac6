"""Compare forecasters over all origins: score differences with intervals, coverage, calibration, and a score table."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isnan, nan, sqrt

import numpy as np
from scipy.stats import binom, chisquare, t

from octoplan.raids.score import PAIR, SERIES, Scores, series_index
from octoplan.scenario.arrays import Floats
from octoplan.tables import Cell, Column, Table

INTERVAL_LEVELS = (0.5, 0.8, 0.95)
"""Levels of the central intervals whose coverage is reported."""
MIN_BLOCK_LENGTH = 4
"""Minimum number of origins in a block, so that blocks contain the dependence between successive origins."""
COVERAGE_TOLERANCE = 0.05
"""Absolute difference between coverage and level that is accepted for any number of origins."""
MIN_PITS = 10
"""Minimum number of observed sums for a test of calibration."""
MAX_BINS, PITS_PER_BIN = 10, 5
"""Maximum number of bins in the chi-squared test of calibration, and minimum number of PITs per bin."""


@dataclass(frozen=True)
class ScoreDifference:
    """Mean difference between the scores of two forecasters; negative values mean that the first is better.

    Args:
        mean: Mean difference over the origins.
        low: Lower end of its 95 % interval; nan if there are fewer than two blocks.
        high: Upper end of its 95 % interval.
        blocks: Number of blocks of origins from which the interval is estimated.

    """

    mean: float
    low: float
    high: float
    blocks: float

    @property
    def is_significant(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low > 0 or self.high < 0


def score_difference(a: Scores, b: Scores, horizon: int, series: str = "drones") -> ScoreDifference:
    """Mean score of forecaster a minus that of forecaster b over the origins scored for both.

    The score is the CRPS of drones or missiles, or the energy score of the pair.

    Raises:
        ValueError: The two forecasters were not scored on the same origins and days.

    """
    if not np.array_equal(a.days, b.days) or not np.array_equal(
        a.observed[:, a.horizon_index(horizon)], b.observed[:, b.horizon_index(horizon)], equal_nan=True
    ):
        raise ValueError(f"{a.name} and {b.name} were not scored on the same origins and counts")
    differences = a.losses(horizon, series) - b.losses(horizon, series)
    return block_mean(differences[~np.isnan(differences)], max(a.overlapping_origins(horizon), MIN_BLOCK_LENGTH))


def block_mean(values: Floats, length: int) -> ScoreDifference:
    """Mean, with a 95 % interval, of a stationary series whose dependence extends over fewer than ``length`` steps.

    The standard error is the limit of the circular moving-block bootstrap (Politis and Romano 1992) for infinitely many
    resamples: the standard deviation of the means of all blocks, divided by sqrt(blocks). No random number is needed.
    Because there are few blocks, the interval uses Student's t with blocks - 1 degrees of freedom, and the standard
    error is multiplied by sqrt(blocks/(blocks - 1)). With four blocks of moving averages this interval covers 93 %;
    quantiles of resampled means cover 70 %.

    Args:
        values: (n,) the series.
        length: Number of elements in a block.

    """
    n = len(values)
    mean = float(values.mean()) if n else nan
    blocks = n / length
    if blocks < 2:
        return ScoreDifference(mean, nan, nan, blocks)
    circular_values = np.concatenate([values, values[: length - 1]]) - mean
    means = np.convolve(circular_values, np.full(length, 1 / length), "valid")
    half_width = float(t.ppf(0.975, blocks - 1)) * sqrt(float((means**2).mean()) / (blocks - 1))
    return ScoreDifference(mean, mean - half_width, mean + half_width, blocks)


@dataclass(frozen=True)
class Coverage:
    """Share of origins whose observed sum lies within the central forecast interval of a level.

    Args:
        level: Level of the interval.
        share: Share of the observed sums within the interval.
        low: Lower binomial 95 % limit of the share for a calibrated forecast, from ``independent_origins``.
        high: Upper binomial 95 % limit of the share.
        independent_origins: Number of origins whose sums have no day in common.

    """

    level: float
    share: float
    low: float
    high: float
    independent_origins: int

    @property
    def is_adequate(self) -> bool:
        """Whether the share is within ``COVERAGE_TOLERANCE`` of the level, or within the binomial limits."""
        return abs(self.share - self.level) <= COVERAGE_TOLERANCE or self.low <= self.share <= self.high


def coverage(scores: Scores, horizon: int, series: str = "drones") -> tuple[Coverage, ...]:
    """Coverage of the central intervals at ``LEVELS``.

    A sum counts as inside an interval if its randomised PIT is between the probabilities of the ends. A sum equal to an
    end therefore counts with the probability for which the coverage of a calibrated forecast equals the level.
    """
    pits = scores.known_pits(horizon, series)
    independent_origins = ceil(len(pits) / scores.overlapping_origins(horizon))
    coverages = []
    for level in INTERVAL_LEVELS:
        share = float((np.abs(pits - 0.5) <= level / 2).mean()) if len(pits) else nan
        low, high = (
            float(count) / max(independent_origins, 1) for count in binom.interval(0.95, independent_origins, level)
        )
        coverages.append(Coverage(level, share, low, high, independent_origins))
    return tuple(coverages)


def pit_p_value(scores: Scores, horizon: int, series: str = "drones") -> float:
    """p-value of a chi-squared test that the PITs are uniform, with ten bins (fewer for fewer than 50 origins).

    The value is nan if the sums of successive origins have days in common, or there are fewer than ``MIN_PITS`` PITs.
    """
    n = len(scores.known_pits(horizon, series))
    if scores.overlapping_origins(horizon) > 1 or n < MIN_PITS:
        return nan
    bins = min(MAX_BINS, n // PITS_PER_BIN)
    return float(chisquare(scores.pit_histogram(horizon, series, bins=bins)).pvalue)


SCORE_COLUMNS = (
    Column("horizon", "integer", "number of days over which weapons are summed", "day"),
    Column("series", "string", "drones, missiles, or both as a pair"),
    Column("forecaster", "string", "name of the forecaster"),
    Column("origins", "integer", "number of origins whose observed sum is known"),
    Column("score", "number", "mean CRPS of a series in weapons, or mean energy score of the pair"),
    Column(
        "difference", "number", "mean score minus that of the first forecaster; positive if this forecaster is worse"
    ),
    Column("low", "number", "lower end of the 95 % interval of the difference"),
    Column("high", "number", "upper end of the 95 % interval of the difference"),
    Column("blocks", "number", "number of blocks of origins from which the interval of the difference is estimated"),
    Column("log_score", "number", "mean logarithmic score, in nats"),
    Column("mean", "number", "mean forecast of the sum", "weapons"),
    Column("observed", "number", "mean observed sum", "weapons"),
    Column("cover50", "number", "share of observed sums within the central 50 % interval"),
    Column("cover80", "number", "share of observed sums within the central 80 % interval"),
    Column("cover95", "number", "share of observed sums within the central 95 % interval"),
    Column("pit_p", "number", "p-value of the test that the forecasts are calibrated"),
)
"""Columns of the table of scores; undefined values are empty cells."""


def score_table(scores: Sequence[Scores]) -> Table:
    """Table of scores by horizon, series and forecaster; each is compared with the first forecaster."""
    first = scores[0]
    groups = [(horizon, series) for horizon in first.horizons for series in (*SERIES, PAIR)]
    rows = [score_row(forecaster, first, horizon, series) for horizon, series in groups for forecaster in scores]
    return Table.from_rows("scores", "Scores of forecasts of raids", SCORE_COLUMNS, rows)


def score_row(scores: Scores, first: Scores, horizon: int, series: str) -> tuple[Cell, ...]:
    """One row of the table of scores, in the order of ``SCORE_COLUMNS``."""
    losses = scores.losses(horizon, series)
    is_scored = ~np.isnan(losses)
    difference = score_difference(scores, first, horizon, series)
    mean = float(losses[is_scored].mean()) if is_scored.any() else nan
    values = [mean, difference.mean, difference.low, difference.high, difference.blocks]
    if series == PAIR or not is_scored.any():
        values += [nan] * 7
    else:
        indices = (is_scored, scores.horizon_index(horizon), series_index(series))
        values += [float(array[indices].mean()) for array in (scores.log_score, scores.mean, scores.observed)]
        values += [level.share for level in coverage(scores, horizon, series)]
        values.append(pit_p_value(scores, horizon, series))
    cells = (None if isnan(value) else value for value in values)
    return (horizon, series, scores.name, int(is_scored.sum()), *cells)


def table_text(table: Table) -> str:
    """Text of a table of scores for a terminal: three decimals below 10, otherwise one; a dash for undefined values."""
    rows = [tuple(column.name for column in table.columns), *(tuple(map(cell_text, row)) for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("  ".join(map(str.rjust, row, widths)) for row in rows)


def cell_text(cell: Cell) -> str:
    """A cell of the table of scores as text."""
    if isinstance(cell, float):
        return f"{cell:.3f}" if abs(cell) < 10 else f"{cell:,.1f}"
    return "–" if cell is None else str(cell)
