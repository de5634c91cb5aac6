"""Quantiles and means over futures with their standard errors; values may be infinite (never) or undefined."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, inf, nan, sqrt

import numpy as np
from scipy.special import betainc

from octoplan.scenario.arrays import Floats

QUANTILE_LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Interval:
    """P10, P50, P90 and mean of a measure over the futures in which it is defined, each with its standard error.

    The standard error of the mean is sd/sqrt(n); that of a quantile is that of Maritz and Jarrett (1978): the standard
    deviation of the order statistic under the empirical distribution. Undefined numbers are ``nan``: the mean of
    values that include both inf and -inf, and the standard error of an infinite estimate.

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


def interval(values: Floats, *, ordinal: bool = False) -> Interval:
    """Quantiles and mean of a measure over futures, with their standard errors.

    values
        (futures,) value in each future; undefined values (``nan``) are excluded, and ``inf`` stands for never.
    ordinal
        If True, or if a value is infinite, quantiles are order statistics; otherwise they are interpolated.

    >>> interval(np.array([1.0, 2.0, 3.0])).p50
    2.0
    >>> result = interval(np.array([2.0, float("inf"), float("nan")]))
    >>> result.mean, result.futures
    (inf, 2)
    """
    ordered = np.sort(values[~np.isnan(values)])
    n = len(ordered)
    if not n:
        return Interval(nan, nan, nan, nan, nan, nan, nan, nan, 0)
    finite = bool(np.isfinite(ordered[0]) and np.isfinite(ordered[-1]))
    if ordinal or not finite:
        quantiles = [float(ordered[quantile_rank(n, level) - 1]) for level in QUANTILE_LEVELS]
    else:
        quantiles = [float(x) for x in np.quantile(ordered, QUANTILE_LEVELS)]
    errors = [quantile_error(ordered, level) for level in QUANTILE_LEVELS]
    error = standard_error(ordered) if finite else nan
    return Interval(
        quantiles[0], quantiles[1], quantiles[2], mean_of_sorted(ordered), error, errors[0], errors[1], errors[2], n
    )


def mean_of_sorted(ordered: Floats) -> float:
    """Mean of sorted values: infinite if a value is infinite, ``nan`` if both inf and -inf occur."""
    if np.isfinite(ordered[0]) and np.isfinite(ordered[-1]):
        return float(ordered.mean())
    if ordered[0] == -inf and ordered[-1] == inf:
        return nan
    return inf if ordered[-1] == inf else -inf


def standard_error(ordered: Floats) -> float:
    """Standard error of the mean of sorted values, sd/sqrt(n); exactly 0 if all values are equal."""
    n = len(ordered)
    if n < 2:
        return nan
    return 0.0 if ordered[0] == ordered[-1] else float(ordered.std(ddof=1)) / sqrt(n)


def quantile_rank(n: int, level: float) -> int:
    """Rank, from 1, of the order statistic that estimates the quantile of n values at a probability."""
    return min(max(ceil(n * level), 1), n)


def quantile_error(ordered: Floats, level: float) -> float:
    """Standard error of a quantile of sorted values (Maritz and Jarrett 1978, JASA 73, 194-196).

    The variance of the order statistic X(k) under the empirical distribution: sum of w(i) (x(i) - centre)^2 with the
    weights w(i) = F(i/n) - F((i-1)/n), F the distribution function of Beta(k, n - k + 1). (``scipy.stats.mstats.mjci``
    uses Beta(k - 1, n - k), which is not the distribution of the order statistic, and refuses infinite values.) The
    error is ``nan`` if an infinite value has a weight above 1e-9.
    """
    n = len(ordered)
    if n < 2:
        return nan
    if ordered[0] == ordered[-1]:
        return 0.0 if np.isfinite(ordered[0]) else nan
    weights = order_statistic_weights(n, quantile_rank(n, level))
    relevant = weights > 1e-9
    values = ordered[relevant]
    if not np.isfinite(values).all():
        return nan
    relative_weights = weights[relevant] / weights[relevant].sum()
    centre = float(relative_weights @ values)
    return sqrt(max(float(relative_weights @ (values - centre) ** 2), 0.0))


@lru_cache(maxsize=32)
def order_statistic_weights(n: int, k: int) -> Floats:
    """(n,) probability that the k-th order statistic of a bootstrap sample equals each of the n sorted values."""
    weights: Floats = np.diff(betainc(k, n - k + 1, np.arange(n + 1) / n))
    weights.setflags(write=False)
    return weights


def probability_interval(values: Floats) -> Interval:
    """Estimate of a probability from a 0 or 1 in each future: the mean with its binomial standard error."""
    defined = values[~np.isnan(values)]
    n = len(defined)
    mean = float(defined.mean()) if n else nan
    error = sqrt(mean * (1 - mean) / n) if n else nan
    return Interval(nan, nan, nan, mean, error, nan, nan, nan, n)
