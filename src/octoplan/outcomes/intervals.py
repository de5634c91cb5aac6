"""Quantiles and means over futures with their standard errors; values may be infinite (never) or undefined."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, inf, nan, sqrt

import numpy as np
from scipy.special import betainc

from octoplan.scenario.arrays import Floats

PROBABILITIES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Interval:
    """P10, P50, P90 and mean of a measure over the futures in which it is defined, each with its standard error.

    The standard error of the mean is sd/sqrt(n); that of a quantile is Maritz and Jarrett's (1978): the standard
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
        (futures,) value in each future; undefined values (``nan``) are excluded, and never is ``inf``.
    ordinal
        If True, or if a value is infinite, quantiles are order statistics; otherwise they are interpolated.

    >>> interval(np.array([1.0, 2.0, 3.0])).p50
    2.0
    >>> result = interval(np.array([2.0, float("inf"), float("nan")]))
    >>> result.mean, result.futures
    (inf, 2)
    """
    data = np.sort(values[~np.isnan(values)])
    n = len(data)
    if not n:
        return Interval(nan, nan, nan, nan, nan, nan, nan, nan, 0)
    finite = bool(np.isfinite(data[0]) and np.isfinite(data[-1]))
    if ordinal or not finite:
        quantiles = [float(data[rank(n, level) - 1]) for level in PROBABILITIES]
    else:
        quantiles = [float(x) for x in np.quantile(data, PROBABILITIES)]
    errors = [quantile_error(data, level) for level in PROBABILITIES]
    error = standard_error(data) if finite else nan
    return Interval(quantiles[0], quantiles[1], quantiles[2], mean_of(data), error, errors[0], errors[1], errors[2], n)


def mean_of(data: Floats) -> float:
    """Mean of sorted values: infinite if a value is infinite, ``nan`` if both inf and -inf occur."""
    if np.isfinite(data[0]) and np.isfinite(data[-1]):
        return float(data.mean())
    if data[0] == -inf and data[-1] == inf:
        return nan
    return inf if data[-1] == inf else -inf


def standard_error(data: Floats) -> float:
    """Standard error of the mean of sorted values, sd/sqrt(n); exactly 0 if all values are equal."""
    n = len(data)
    if n < 2:
        return nan
    return 0.0 if data[0] == data[-1] else float(data.std(ddof=1)) / sqrt(n)


def rank(n: int, level: float) -> int:
    """Rank, from 1, of the order statistic that is the quantile of n values at a probability."""
    return min(max(ceil(n * level), 1), n)


def quantile_error(data: Floats, level: float) -> float:
    """Standard error of a quantile of sorted values (Maritz and Jarrett 1978, JASA 73, 194-196).

    The variance of the order statistic X(k) under the empirical distribution: sum of w(i) (x(i) - centre)^2 with the
    weights w(i) = F(i/n) - F((i-1)/n), F the distribution function of Beta(k, n - k + 1). (``scipy.stats.mstats.mjci``
    takes Beta(k - 1, n - k), which is not the distribution of the order statistic, and no infinite values.) ``nan``
    if an infinite value has a weight above 1e-9.
    """
    n = len(data)
    if n < 2:
        return nan
    if data[0] == data[-1]:
        return 0.0 if np.isfinite(data[0]) else nan
    weights = order_weights(n, rank(n, level))
    relevant = weights > 1e-9
    values = data[relevant]
    if not np.isfinite(values).all():
        return nan
    share = weights[relevant] / weights[relevant].sum()
    centre = float(share @ values)
    return sqrt(max(float(share @ (values - centre) ** 2), 0.0))


@lru_cache(maxsize=32)
def order_weights(n: int, k: int) -> Floats:
    """(n,) probability that the k-th order statistic of a bootstrap sample equals each of the n sorted values."""
    weights: Floats = np.diff(betainc(k, n - k + 1, np.arange(n + 1) / n))
    weights.setflags(write=False)
    return weights


def probability_interval(values: Floats) -> Interval:
    """Estimate of a probability from 0 or 1 in each future: the mean with its binomial standard error."""
    defined = values[~np.isnan(values)]
    n = len(defined)
    mean = float(defined.mean()) if n else nan
    error = sqrt(mean * (1 - mean) / n) if n else nan
    return Interval(nan, nan, nan, mean, error, nan, nan, nan, n)
