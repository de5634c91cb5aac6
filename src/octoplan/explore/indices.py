"""First-order and total indices of independent factors from a designed sample, with intervals and convergence.

With the results a, b and c of the samples A, B and A with one factor of B, and the variance V of a and b, the
first-order index is mean(b (c - a)) / V (Saltelli et al. 2010) and the total index mean((a - c)^2) / (2 V) (Jansen
1999), as in ``scipy.stats.sobol_indices``. That function is not called, because it resamples single futures instead of
blocks, needs a power of 2 of futures, and returns 0 for all indices if one result is not finite. The estimates are
adjusted by control variates (Owen 2013): the sample means of ab, a^2 - b^2 and c^2 - a^2 have the known mean 0, and
regression on them removes half of the variance of large indices, and more for skewed results.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from octoplan.explore.design import A, B, mixed
from octoplan.explore.factors import Factor
from octoplan.explore.resampling import LEVELS, MIN_BLOCKS, block_numbers, resampled_counts
from octoplan.explore.results import CHANCE, OTHERS, Convergence, Estimate, Share
from octoplan.outcomes.sampling import BLOCK_FUTURES
from octoplan.scenario.arrays import Floats, Ints

MIN_FUTURES_OF_CONTROLS = 32
"""Minimum number of futures from which the coefficients of control variates are estimated."""
WIDE = 0.1
"""Largest width of an interval that is precise enough."""
LARGE = 0.1
"""Smallest index of a factor whose interval must be precise."""
SETTLED = 0.95
"""Share of bootstrap samples in which the largest factor is the largest, from which the order is settled."""
FAR_MORE = 30
"""Factor on the number of futures from which no number is stated."""
PARTS = (4, 2, 1)
"""Convergence is shown at the number of futures divided by each of these."""


@dataclass(frozen=True)
class DesignedIndices:
    """Indices of factors for one result.

    Attributes:
        shares: Factors with first-order and total index, in the order of the factors given.
        futures: Futures in each block of the sample that are used.
        excluded: Futures excluded, because one of the blocks failed in them or the result is undefined.
        convergence: Indices of each factor by number of futures.
        note: A sentence if the indices have not converged; '' otherwise.

    """

    shares: tuple[Share, ...]
    futures: int
    excluded: int
    convergence: tuple[Convergence, ...]
    note: str


def indices(factors: Sequence[Factor], results: Mapping[str, Floats], seed: int) -> DesignedIndices:
    """First-order and total indices of factors for one result, with 95 % bootstrap intervals of whole blocks.

    A future that is not finite in one of the blocks is excluded from all of them, and counted.

    Args:
        factors: The factors of the design.
        results: (futures,) result in each block of the design, by its name; ``nan`` where the future failed.
        seed: Seed of the bootstrap.

    Raises:
        ValueError: If the blocks have different numbers of futures.

    """
    names = [A, B, *(mixed(factor.name) for factor in factors)]
    if len({len(results[name]) for name in names}) > 1:
        raise ValueError("the blocks of the design have different numbers of futures")
    table = np.column_stack([results[name] for name in names])
    finite = np.asarray(np.isfinite(table).all(axis=1))
    parts = [len(table) // (part * BLOCK_FUTURES) * BLOCK_FUTURES for part in PARTS[:-1]]
    sizes = [size for size in parts if size >= MIN_BLOCKS * BLOCK_FUTURES]
    steps = [sobol_indices(table[:size], finite[:size], seed) for size in (*sizes, len(table))]
    last = steps[-1]
    shares = tuple(
        Share(factor.name, factor.title, last.estimate(0, i), last.estimate(1, i)) for i, factor in enumerate(factors)
    )
    convergence = tuple(
        Convergence(
            factor.name,
            tuple(step.futures for step in steps),
            tuple(step.estimate(0, i) for step in steps),
            tuple(step.estimate(1, i) for step in steps),
        )
        for i, factor in enumerate(factors)
    )
    note = convergence_note(shares, last.leader_share(shares), last.futures, "of the designed sample")
    return DesignedIndices(shares, last.futures, int((~finite).sum()), convergence, note)


@dataclass(frozen=True, eq=False)
class SobolIndices:
    """First-order and total indices, (2, factors), of which ``replicates``, (replicates, 2, factors), are resampled."""

    futures: int
    values: Floats
    replicates: Floats

    def estimate(self, order: int, factor: int) -> Estimate:
        """The index of a factor (order 0: first-order, 1: total) with its percentile interval, at most 1."""
        value = min(float(self.values[order, factor]), 1.0)
        if not len(self.replicates):
            return Estimate(value, np.nan, np.nan)
        low, high = np.minimum(np.quantile(self.replicates[:, order, factor], LEVELS), 1.0)
        return Estimate(value, float(low), float(high))

    def leader_share(self, shares: Sequence[Share]) -> float:
        """Share of replicates in which the factor with the largest total index exceeds the second; 1 without one."""
        ranked = [i for i in np.argsort(-self.values[1], kind="stable") if shares[i].name not in (CHANCE, OTHERS)]
        if len(ranked) < 2 or not len(self.replicates) or not self.values[1, ranked[0]] > LARGE:
            return 1.0
        first, second = (self.replicates[:, 1, i] for i in ranked[:2])
        return float(np.mean(first > second))


def sobol_indices(table: Floats, finite: NDArray[np.bool_], seed: int) -> SobolIndices:
    """Indices of factors, of which ``table`` has the results in columns, (futures, 2 + factors): A, B and the mixed.

    Without variance, or with too few futures, indices are ``nan``.

    Args:
        table: Results of all futures.
        finite: (futures,) True for the futures that are used.
        seed: Seed of the bootstrap.

    """
    used, count = table[finite], table.shape[1] - 2
    if len(used) < 2 or np.ptp(used[:, :2]) == 0.0:
        return SobolIndices(len(used), np.full((2, count), np.nan), np.empty((0, 2, count)))
    centred = (used - used[:, :2].mean()) / used[:, :2].std()
    blocks = block_numbers(np.flatnonzero(finite))
    number = int(blocks.max()) + 1
    weights = np.ones((1, number))
    if number >= MIN_BLOCKS:
        weights = np.concatenate([weights, resampled_counts(number, seed, "designed indices")])
    columns = [adjusted(weights, centred[:, 0], centred[:, 1], mix, blocks) for mix in centred[:, 2:].T]
    replicates = np.stack(columns, axis=2)
    return SobolIndices(len(used), replicates[0], replicates[1:])


def adjusted(weights: Floats, a: Floats, b: Floats, c: Floats, blocks: Ints) -> Floats:
    """(replicates, 2) first-order and total index of one factor, with the blocks weighted.

    Args:
        weights: (replicates, blocks) weight of each block of futures.
        a: (futures,) centred results of the sample A.
        b: (futures,) centred results of the sample B.
        c: (futures,) centred results of A with the factor of B.
        blocks: (futures,) block of each future.

    """
    # 0 variance, 1 and 2 numerators of the indices, 3 to 5 control variates
    terms = np.column_stack(
        [(a**2 + b**2) / 2, b * (c - a), (a - c) ** 2 / 2, a * b, a**2 - b**2, c**2 - a**2]
    )  # fmt: skip
    futures = weights @ np.bincount(blocks)
    means = weights @ by_block(terms, blocks) / futures[:, None]
    variance = np.where(means[:, 0] > 0.0, means[:, 0], 1.0)[:, None]
    raw = means[:, 1:3] / variance
    if len(a) < MIN_FUTURES_OF_CONTROLS:
        return np.asarray(raw)
    products = (terms[:, 3:, None] * terms[:, None, :]).reshape(len(a), -1)
    mean_products = weights @ by_block(products, blocks) / futures[:, None]
    covariance = mean_products.reshape(-1, 3, 6) - means[:, 3:, None] * means[:, None, :]
    influence = covariance[:, :, 1:3] - covariance[:, :, :1] * raw[:, None, :]
    coefficients = np.linalg.pinv(covariance[:, :, 3:], rcond=1e-10, hermitian=True) @ influence
    controls = means[:, 3:] / variance
    return np.asarray(raw - (controls[:, None, :] @ coefficients)[:, 0])


def by_block(columns: Floats, blocks: Ints) -> Floats:
    """(blocks, columns) sums of columns, (futures, columns), over the futures of each block."""
    return np.column_stack([np.bincount(blocks, column) for column in columns.T])


def convergence_note(shares: Sequence[Share], leader_share: float, futures: int, sample: str) -> str:
    """A sentence if indices have not converged: wide intervals of large indices, or an unsettled order; else ''.

    Args:
        shares: Factors with their indices.
        leader_share: Probability that the largest factor exceeds the second, such as the share of bootstrap samples.
        futures: Futures from which the indices are estimated.
        sample: Where the indices are from, such as "from the run".

    """
    widths = {
        share.title: max(
            estimate.high - estimate.low
            for estimate in (share.first, share.total)
            if estimate is not None and estimate.value > LARGE
        )
        for share in shares
        if any(estimate is not None and estimate.value > LARGE for estimate in (share.first, share.total))
    }
    if any(np.isnan(width) for width in widths.values()):
        return f"{futures:,} futures are too few for intervals of the indices {sample}."
    wide = {title: width for title, width in widths.items() if width > WIDE}
    reasons = []
    if wide:
        title = max(wide, key=lambda key: (wide[key], key))
        reasons.append(f"the interval of {title} is {wide[title]:.2f} wide")
    if leader_share < SETTLED:
        reasons.append(f"which factor is the largest is not settled (probability {100.0 * leader_share:.0f} %)")
    if not reasons:
        return ""
    factor = (max(wide.values()) / WIDE) ** 2 if wide else 2.0
    needed = f"about {ceil(futures * factor / 100) * 100:,}" if factor < FAR_MORE else "far more"
    advice = f"; {needed} futures would be needed"
    return f"The indices {sample} have not converged at {futures:,} futures: {' and '.join(reasons)}{advice}."
