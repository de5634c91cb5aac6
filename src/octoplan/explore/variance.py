"""First-order indices of many assumptions for many results, from the draws of a run and without further simulation.

The first-order index of an assumption is the share of the variance of a result that is removed, on average, if the
assumption is known: Var(E[Y | X]) / Var(Y) (Sobol' 1993). The futures are grouped into bins of equal probability of
the assumption, and the index is the share of variance between bins (a correlation ratio; Pearson 1905, McKay 1995).
The ratio itself would be above 0 for an assumption without any effect, because the means of bins differ by chance:
with b bins and n futures by (b - 1) / n. Epsilon squared (Kelley 1935) subtracts the expected sum of squares of
chance, and is without this bias. Bins are used instead of a smooth regression because they need no assumption on the
form of the effect, one sort per assumption serves all results, and discrete assumptions are treated alike.
"""

from dataclasses import dataclass

import numpy as np

from octoplan.explore.resampling import LEVELS, MIN_BLOCKS, block_numbers, check_finite, resampled_counts
from octoplan.explore.results import Estimate
from octoplan.scenario.arrays import Floats, Ints

MAX_BINS = 256
MIN_FUTURES = 16
"""Minimum number of futures for an index."""


@dataclass(frozen=True, eq=False)
class FirstOrder:
    """First-order indices of assumptions for results, with the ends of their 95 % confidence intervals.

    Attributes:
        values: (assumptions, results) indices. The estimator is unbiased for an assumption without an effect, so that
            a small index can be slightly negative. ``nan`` if the result is the same in all futures, or if there are
            fewer than ``MIN_FUTURES`` futures; 0 for an assumption with the same value in all futures.
        low: (assumptions, results) lower ends.
        high: (assumptions, results) upper ends.

    """

    values: Floats
    low: Floats
    high: Floats

    def estimate(self, assumption: int, result: int) -> Estimate:
        """The index of one assumption for one result, by their columns."""
        return Estimate(*(float(array[assumption, result]) for array in (self.values, self.low, self.high)))


def given_first_order(draws: Floats, values: Floats, futures: Ints, seed: int) -> FirstOrder:
    """First-order indices of all assumptions for all results, from given draws.

    Intervals are from a bootstrap of whole blocks of futures. Replicates are centred on the estimate, because they
    resample the sampling error of the bin means, and are too large by its expectation. If the basic interval, of which
    each end is at the distance of the opposite quantile, excludes 0, the interval is the percentile one, which is
    better for skewed results. Otherwise it is the basic one, and deviations are reduced: for an assumption without
    an effect the variance of replicates is 6 (b - 1) (1 - S)^2 / n^2 instead of 2 (b - 1) (1 - S)^2 / n^2.

    Args:
        draws: (n, k) draws of the assumptions.
        values: (n, m) results.
        futures: (n,) number of each future in its sample.
        seed: Seed of the bootstrap.

    Returns:
        Indices of k assumptions for m results.

    Raises:
        ValueError: If a draw or a value is not finite.

    """
    check_finite(draws=draws, values=values)
    n, k, m = *draws.shape, values.shape[1]
    estimates = FirstOrder(*(np.full((k, m), np.nan) for _ in range(3)))
    spread = np.ptp(values, axis=0) if n else np.zeros(m)
    if n < MIN_FUTURES or not spread.any():
        return estimates
    scaled = (values - values.mean(axis=0)) / np.where(spread > 0.0, values.std(axis=0), 1.0)
    blocks = block_numbers(futures)
    counts = resampled_counts(int(blocks.max()) + 1, seed, "first-order indices")
    weights = np.concatenate([np.ones((1, counts.shape[1])), counts])
    total = _sums_of_squares(weights, scaled, blocks)
    for column in range(k):
        bins = bins_of(draws[:, column])
        indices = _replicates(weights, scaled, blocks, bins, total)
        value, low, high = _interval(indices, int(bins.max()), n)
        if counts.shape[1] < MIN_BLOCKS:
            low = high = np.full(m, np.nan)
        for array, row in ((estimates.values, value), (estimates.low, low), (estimates.high, high)):
            array[column] = np.where(spread > 0.0, row, np.nan)
    return estimates


def bins_of(draws: Floats) -> Ints:
    """(n,) bin of each draw of one assumption, from 0 without gaps.

    There are sqrt(n) bins of equal probability, at most ``MAX_BINS``, or a bin for each value if there are no more
    values than bins. Equal draws are in one bin. With this number, the variance within bins that a smooth effect
    leaves, 1 / b^2 of its variance, is below its sampling error.
    """
    n = len(draws)
    count = int(np.clip(np.sqrt(n), 2, MAX_BINS))
    distinct, index, occurrences = np.unique(draws, return_inverse=True, return_counts=True)
    if len(distinct) <= count:
        return np.asarray(index, np.int64)
    mid_rank = np.cumsum(occurrences) - 0.5 * occurrences
    bins = np.floor(count * mid_rank / n).astype(np.int64)
    return np.asarray(np.unique(bins[index], return_inverse=True)[1], np.int64)


def _sums_of_squares(weights: Floats, values: Floats, blocks: Ints) -> tuple[Floats, Floats]:
    """(replicates,) weighted number of futures, and (replicates, m) sums of squares about the weighted mean."""
    columns = np.column_stack([np.ones(len(values)), values, values**2])
    m = values.shape[1]
    sums = weights @ _by_cell(columns, blocks, int(blocks.max()) + 1)
    size = sums[:, 0]
    return size, sums[:, 1 + m :] - sums[:, 1 : 1 + m] ** 2 / size[:, None]


def _replicates(weights: Floats, values: Floats, blocks: Ints, bins: Ints, total: tuple[Floats, Floats]) -> Floats:
    """(replicates, m) epsilon squared of one assumption, with the blocks weighted.

    Epsilon squared is (SSB - (b - 1) MSW) / SST with MSW = (SST - SSB) / (n - b).
    """
    m, b, count = values.shape[1], int(bins.max()) + 1, weights.shape[1]
    columns = np.column_stack([np.ones(len(values)), values])
    cells = _by_cell(columns, blocks * b + bins, count * b).reshape(count, b * (m + 1))
    sums = (weights @ cells).reshape(len(weights), b, m + 1)
    size, square = total
    futures_in_bin = sums[:, :, 0]
    divisor = np.where(futures_in_bin > 0.0, futures_in_bin, 1.0)[:, :, None]
    mean_correction = sums[:, :, 1:].sum(axis=1) ** 2 / size[:, None]
    between = (sums[:, :, 1:] ** 2 / divisor).sum(axis=1) - mean_correction
    occupied = (futures_in_bin > 0.0).sum(axis=1)
    degrees = np.maximum(size - occupied, 1.0)[:, None]
    chance = (occupied - 1)[:, None] * np.maximum(square - between, 0.0) / degrees
    return np.asarray((between - chance) / np.where(square > 0.0, square, 1.0))


def _by_cell(columns: Floats, cells: Ints, count: int) -> Floats:
    """(count, columns) sums of columns, (n, columns), over the rows of each cell."""
    return np.column_stack([np.bincount(cells, column, count) for column in columns.T])


def _interval(replicates: Floats, freedom: int, n: int) -> tuple[Floats, Floats, Floats]:
    """(m,) estimates, lower and upper ends, given replicates of which the first row is the estimate."""
    value, resampled = replicates[0], replicates[1:]
    deviation = resampled - resampled.mean(axis=0)
    variance = deviation.var(axis=0)
    noise = freedom * (1.0 - np.clip(value, 0.0, 1.0)) ** 2 / n**2
    reduced = np.maximum(variance - 4.0 * noise, np.minimum(2.0 * noise, variance))
    low, high = np.quantile(deviation, LEVELS, axis=0)
    factor = np.sqrt(reduced / np.where(variance > 0.0, variance, 1.0))
    is_clear = value > high
    lower = np.where(is_clear, value + low, value - factor * high)
    upper = np.where(is_clear, value + high, value - factor * low)
    return value, lower, np.maximum(upper, 0.0)
