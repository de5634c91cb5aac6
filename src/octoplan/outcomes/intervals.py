"""Quantiles, means and their standard errors over futures, with "never" kept honestly beyond the horizon."""

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, inf, isnan, nan, sqrt

import numpy as np
from scipy.special import betainc

from octoplan.scenario.arrays import Floats

LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class Interval:
    """P10, P50, P90 and mean of a measure over the futures in which it is defined, each with standard error.

    The standard error of the mean is sd/sqrt(n); of a quantile Maritz and Jarrett's (1978): the standard
    deviation of the order statistic, exact given the empirical distribution. ``nan`` where it is not known.
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
    """The interval of one number a future.

    values
        (futures,) one value a future; ``nan`` where it is not defined (left out), ``inf`` for never.
    ordinal
        True takes quantiles that are values themselves, never between two; so does any ``inf``.
    """
    data = np.sort(values[~np.isnan(values)])
    n = len(data)
    if not n:
        return Interval(nan, nan, nan, nan, nan, nan, nan, nan, 0)
    finite = bool(np.isfinite(data).all())
    if ordinal or not finite:
        quantiles = [float(data[rank(n, q) - 1]) for q in LEVELS]
    else:
        quantiles = [float(x) for x in np.quantile(data, LEVELS)]
    errors = [maritz_jarrett(data, q) for q in LEVELS]
    mean = float(data.mean()) if finite else inf
    error = standard_error(data) if finite else nan
    return Interval(quantiles[0], quantiles[1], quantiles[2], mean, error, errors[0], errors[1], errors[2], n)


def standard_error(data: Floats) -> float:
    """Standard error of the mean of sorted values, sd/sqrt(n); 0 for a constant whatever its rounding."""
    n = len(data)
    if n < 2:
        return nan
    return 0.0 if data[0] == data[-1] else float(data.std(ddof=1)) / sqrt(n)


def rank(n: int, q: float) -> int:
    """Rank, from 1, of the order statistic that is the quantile."""
    return min(max(ceil(n * q), 1), n)


def maritz_jarrett(data: Floats, q: float) -> float:
    """Standard error of a quantile from sorted values (Maritz and Jarrett 1978, JASA 73, 194-196).

    The variance of the order statistic under the empirical distribution: its weights on the values are
    increments of the Beta(k, n - k + 1) distribution function. Infinite values within reach give ``nan``.
    """
    n = len(data)
    if n < 2:
        return nan
    if data[0] == data[-1]:
        return 0.0
    weights = order_weights(n, rank(n, q))
    reached = weights > 1e-9
    values = data[reached]
    if not np.isfinite(values).all():
        return nan
    share = weights[reached] / weights[reached].sum()
    centre = float(share @ values)
    return sqrt(max(float(share @ (values - centre) ** 2), 0.0))


@lru_cache(maxsize=32)
def order_weights(n: int, k: int) -> Floats:
    """(n,) probability that the k-th of n resampled order statistics is each of the n values."""
    weights: Floats = np.diff(betainc(k, n - k + 1, np.arange(n + 1) / n))
    weights.setflags(write=False)
    return weights


def chance(values: Floats) -> Interval:
    """The interval of a chance: the mean of a truth value a future with its binomial standard error."""
    known = values[~np.isnan(values)]
    n = len(known)
    mean = float(known.mean()) if n else nan
    error = sqrt(mean * (1 - mean) / n) if n and not isnan(mean) else nan
    return Interval(nan, nan, nan, mean, error, nan, nan, nan, n)
