"""How many futures are enough: the number for a wanted standard error of the mean of each key result.

``outcomes.precision.simulate_to_precision`` simulates until the standard errors are reached.
"""

from math import ceil, isfinite

from scipy.special import chdtri

from octoplan.explore.results import SampleSize
from octoplan.outcomes.intervals import MIN_BLOCKS
from octoplan.outcomes.key_results import KeyResult, KeyResults
from octoplan.outcomes.precision import Precision, futures_needed, largest_error, restricted_keys, whole_blocks
from octoplan.outcomes.sampling import BLOCK_FUTURES


def sample_sizes(results: KeyResults, precision: Precision) -> tuple[SampleSize, ...]:
    """Futures needed for the wanted standard errors of the means of the key results, the most demanding first.

    The standard error of a mean over n futures is sd sqrt(d / n), with the design effect d of the blocks of futures
    (``intervals.design_effect``); n increases with the square of the ratio of the error to the one wanted. Measures
    that a precision does not restrict, and those without a standard error of the mean, such as months, are omitted.

    Args:
        results: Key results of a run.
        precision: Wanted standard errors: a share of the mean, or by key of the measure.

    Raises:
        RunError: If the precision names a measure that the run does not have.

    """
    restricted = restricted_keys(results, precision)
    sizes = [sample_size(row, precision, results.futures) for row in results if row.key in restricted]
    return tuple(sorted((size for size in sizes if size is not None), key=lambda size: -size.needed))


def sample_size(row: KeyResult, precision: Precision, futures: int) -> SampleSize | None:
    """Futures needed for the wanted standard error of one key result; None if it has no error or none is wanted."""
    error, limit = row.interval.se_mean, largest_error(row, precision, row.interval.mean)
    if not (isfinite(error) and isfinite(limit) and limit > 0.0):
        return None
    needed = futures_needed(futures, error, limit)
    low, high = (max(BLOCK_FUTURES, whole_blocks(needed * factor)) for factor in variance_factors(row.interval.futures))
    return SampleSize(
        row.key, row.measure, row.unit, error, futures, limit, max(BLOCK_FUTURES, whole_blocks(needed)), low, high
    )


def variance_factors(futures: int) -> tuple[float, float]:
    """Ends of the 95 % confidence interval of a variance over its estimate, from the chi-square distribution.

    The degrees of freedom are those of the blocks of futures if the variance is estimated from them.

    >>> tuple(round(factor, 2) for factor in variance_factors(800))
    (0.77, 1.35)
    """
    blocks = ceil(futures / BLOCK_FUTURES)
    degrees = (blocks if blocks >= MIN_BLOCKS else futures) - 1
    return degrees / float(chdtri(degrees, 0.025)), degrees / float(chdtri(degrees, 0.975))
