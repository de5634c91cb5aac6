"""Quantiles and means over futures with their standard errors; values may be infinite (never) or undefined."""

from dataclasses import dataclass
from math import ceil, inf, nan, sqrt

import numpy as np
from scipy.special import betainc, stdtrit

from octoplan.outcomes.sampling import BLOCK_FUTURES, block_of
from octoplan.scenario.arrays import Floats, Ints

QUANTILE_LEVELS = (0.1, 0.5, 0.9)
MIN_BLOCKS = 16
"""Minimum number of blocks of futures from which a design effect is estimated."""


@dataclass(frozen=True)
class Interval:
    """P10, P50, P90 and mean of a measure over the futures in which it is defined, each with its standard error.

    Standard errors account for the sampling in blocks of futures (``design_effect``); that of a quantile is Maritz and
    Jarrett's (1978). Undefined numbers are ``nan``: the mean of values that include both inf and -inf, and the
    standard error of an infinite estimate.

    futures
        Number of futures in which the measure is defined; infinite values (never) are defined.
    """

    p10: float
    p50: float
    p90: float
    mean: float
    se_mean: float
    se_p10: float
    se_p50: float
    se_p90: float
    futures: int


def half_width(result: Interval, level: float = 0.95) -> float:
    """Half-width of the confidence interval of a mean, from Student's t.

    The degrees of freedom are those of the blocks of futures if the standard error is estimated from them.

    >>> round(half_width(interval(np.array([1.0, 2.0, 3.0]))), 2)
    2.48
    """
    blocks = ceil(result.futures / BLOCK_FUTURES)
    degrees = (blocks if blocks >= MIN_BLOCKS else result.futures) - 1
    return float(stdtrit(degrees, 0.5 + 0.5 * level)) * result.se_mean if degrees > 0 else nan


def interval(values: Floats, *, ordinal: bool = False, futures: Ints | None = None) -> Interval:
    """Quantiles and mean of a measure over futures, with their standard errors.

    values
        (futures,) value in each future; undefined values (``nan``) are excluded, and ``inf`` stands for never.
    ordinal
        If True, or if a value is infinite, quantiles are order statistics; otherwise they are interpolated.
    futures
        (futures,) number of each future in its sample; 0, 1, 2, ... by default.

    >>> interval(np.array([1.0, 2.0, 3.0])).p50
    2.0
    >>> result = interval(np.array([2.0, float("inf"), float("nan")]))
    >>> result.mean, result.futures
    (inf, 2)
    """
    defined = ~np.isnan(values)
    data = values[defined]
    blocks = block_of(np.arange(len(values)) if futures is None else futures)[defined]
    n = len(data)
    if not n:
        return Interval(nan, nan, nan, nan, nan, nan, nan, nan, 0)
    ordered = np.sort(data)
    finite = bool(np.isfinite(ordered[0]) and np.isfinite(ordered[-1]))
    if ordinal or not finite:
        quantiles = [float(ordered[quantile_rank(n, level) - 1]) for level in QUANTILE_LEVELS]
    else:
        quantiles = [float(x) for x in np.quantile(ordered, QUANTILE_LEVELS)]
    effects = [design_effect((data <= ordered[quantile_rank(n, level) - 1]) * 1.0, blocks) for level in QUANTILE_LEVELS]
    errors = [quantile_error(ordered, level, effect) for level, effect in zip(QUANTILE_LEVELS, effects, strict=True)]
    error = standard_error(data, blocks) if finite else nan
    return Interval(
        quantiles[0], quantiles[1], quantiles[2], mean_of_sorted(ordered), error, errors[0], errors[1], errors[2], n
    )


def design_effect(values: Floats, blocks: Ints) -> float:
    """Variance of the mean of a sample in blocks over that of as many independent values (Kish 1965).

    The variance of the mean is estimated from the B blocks: B / (B - 1) sum of (sum of deviations in a block)^2 / n^2.
    With fewer than ``MIN_BLOCKS`` blocks the estimate would be unreliable, and the effect is taken as 1, which
    overstates the error of a stratified sample.

    Args:
        values: (n,) finite values.
        blocks: (n,) block of each value.

    """
    n, deviation = len(values), values - values.mean()
    _, block = np.unique(blocks, return_inverse=True)
    sums = np.bincount(block, deviation)
    squares = float(deviation @ deviation)
    if len(sums) < MIN_BLOCKS or squares == 0.0:
        return 1.0
    effect = len(sums) / (len(sums) - 1) * float(sums @ sums) / squares * (n - 1) / n
    return max(effect, 1.0 / n)


def mean_of_sorted(ordered: Floats) -> float:
    """Mean of sorted values: infinite if a value is infinite, ``nan`` if both inf and -inf occur."""
    if np.isfinite(ordered[0]) and np.isfinite(ordered[-1]):
        return float(ordered.mean())
    if ordered[0] == -inf and ordered[-1] == inf:
        return nan
    return inf if ordered[-1] == inf else -inf


def standard_error(values: Floats, blocks: Ints | None = None) -> float:
    """Standard error of the mean of values in blocks, sd sqrt(design effect / n); exactly 0 if all values are equal.

    Args:
        values: (n,) finite values; a single value has no standard error (``nan``).
        blocks: (n,) block of each value; by default, values are those of the futures 0, 1, 2, ...

    """
    n = len(values)
    if n < 2:
        return nan
    blocks = block_of(np.arange(n)) if blocks is None else blocks
    return 0.0 if np.ptp(values) == 0.0 else float(values.std(ddof=1)) * sqrt(design_effect(values, blocks) / n)


def quantile_rank(n: int, level: float) -> int:
    """Rank, from 1, of the order statistic that estimates the quantile of n values at a probability."""
    return min(max(ceil(n * level), 1), n)


def quantile_error(ordered: Floats, level: float, effect: float = 1.0) -> float:
    """Standard error of a quantile of sorted values (Maritz and Jarrett 1978, JASA 73, 194-196).

    The variance of the order statistic X(k) under the empirical distribution: sum of w(i) (x(i) - centre)^2 with the
    weights w(i) = F(i/n) - F((i-1)/n), F the distribution function of Beta(k, n - k + 1). For a sample in blocks, both
    parameters are divided by the design effect of the share of values up to the quantile, as for a sample of n / effect
    independent values. (``scipy.stats.mstats.mjci`` uses Beta(k - 1, n - k), which is not the distribution of the order
    statistic, and refuses infinite values.) The error is ``nan`` if an infinite value has a weight above 1e-9.
    """
    n = len(ordered)
    if n < 2:
        return nan
    if ordered[0] == ordered[-1]:
        return 0.0 if np.isfinite(ordered[0]) else nan
    weights = order_statistic_weights(n, quantile_rank(n, level), effect)
    relevant = weights > 1e-9
    values = ordered[relevant]
    if not np.isfinite(values).all():
        return nan
    if np.ptp(values) == 0.0:
        return 0.0
    relative_weights = weights[relevant] / weights[relevant].sum()
    centre = float(relative_weights @ values)
    return sqrt(max(float(relative_weights @ (values - centre) ** 2), 0.0))


def order_statistic_weights(n: int, k: int, effect: float = 1.0) -> Floats:
    """(n,) probability that the k-th order statistic of a bootstrap sample equals each of the n sorted values."""
    return np.diff(betainc(k / effect, (n - k + 1) / effect, np.arange(n + 1) / n))


def probability_interval(values: Floats, futures: Ints | None = None) -> Interval:
    """Estimate of a probability from a 0 or 1 in each future: the mean with its standard error.

    The standard error is the binomial one, with the design effect of a sample in blocks.

    futures
        (futures,) number of each future in its sample; 0, 1, 2, ... by default.
    """
    defined = ~np.isnan(values)
    outcomes = values[defined]
    blocks = block_of(np.arange(len(values)) if futures is None else futures)[defined]
    n = len(outcomes)
    if not n:
        return Interval(nan, nan, nan, nan, nan, nan, nan, nan, 0)
    mean = float(outcomes.mean())
    error = sqrt(mean * (1 - mean) / n * design_effect(outcomes, blocks))
    return Interval(nan, nan, nan, mean, error, nan, nan, nan, n)
