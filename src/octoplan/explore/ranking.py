"""The ranking of a result: indices from the run, their convergence, Shapley effects, and how to read them."""

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite, sqrt

import numpy as np
from scipy.special import ndtr

from octoplan.explore.indices import LARGE, PARTS, DesignedIndices, convergence_note
from octoplan.explore.results import Convergence, Estimate, Ranking, Share
from octoplan.explore.shapley import MAX_FACTORS, shapley_effects
from octoplan.explore.variance import FirstOrder, given_first_order
from octoplan.outcomes.sampling import BLOCK_FUTURES
from octoplan.scenario.arrays import Floats, Ints

MAX_CONVERGENCE = 5
"""Number of assumptions whose convergence is shown."""
INTERVAL_WIDTH = 2 * 1.96
"""Width of a 95 % interval in standard errors."""


def rank_results(
    results: Sequence[tuple[str, str]], assumptions: Sequence[Share], draws: Floats, values: Floats, futures: Ints,
    *, excluded: int, seed: int,
) -> tuple[Ranking, ...]:  # fmt: skip
    """Rankings of results that are defined in the same futures, from the draws of a run.

    Args:
        results: Key and title of the measure of each result.
        assumptions: Name, title and correlation of each assumption; without indices.
        draws: (n, assumptions) draws.
        values: (n, results) values.
        futures: (n,) number of each future in the run, in ascending order.
        excluded: Number of futures of the run that are excluded.
        seed: Seed of the bootstrap.

    Raises:
        ValueError: If a draw or a value is not finite.

    """
    indices = given_first_order(draws, values, futures, seed)
    rankings = []
    for column, (key, title) in enumerate(results):
        order = np.argsort(-np.nan_to_num(indices.values[:, column]), kind="stable")
        shares = [replace(assumptions[row], first=indices.estimate(row, column)) for row in order.tolist()]
        ordered, result = draws[:, order], values[:, column]
        convergence = run_convergence(shares[:MAX_CONVERGENCE], ordered, result, futures, seed)
        effects, explained = shapley_shares(shares, ordered, result, futures, seed)
        notes = (
            convergence_note(shares[:MAX_CONVERGENCE], settled(shares), len(draws), "from the run"),
            correlation_note(shares[:MAX_CONVERGENCE]), explained,
        )  # fmt: skip
        note = " ".join(filter(None, notes))
        rankings.append(Ranking(key, title, len(draws), excluded, effects, convergence=convergence, note=note))
    return tuple(rankings)


def with_design(ranking: Ranking, designed: DesignedIndices) -> Ranking:
    """A ranking with the indices of a designed sample, whose convergence replaces that of the run."""
    count = designed.excluded
    excluded = f"{count:,} futures of the designed sample are excluded: the result is undefined in one of its blocks."
    note = " ".join(filter(None, (ranking.note, designed.note, excluded if count else "")))
    return replace(
        ranking, designed=designed.shares, convergence=designed.convergence, note=note,
        designed_futures=designed.futures,
    )  # fmt: skip


def run_convergence(
    shares: Sequence[Share], draws: Floats, values: Floats, futures: Ints, seed: int
) -> tuple[Convergence, ...]:
    """First-order indices by number of futures, of the assumptions in the first columns of the draws."""
    parts = [len(draws) // (part * BLOCK_FUTURES) * BLOCK_FUTURES for part in PARTS[:-1]]
    sizes = [size for size in parts if size > 0]
    columns = draws[:, : len(shares)]
    steps: list[FirstOrder] = [
        given_first_order(columns[:size], values[:size, None], futures[:size], seed) for size in sizes
    ]
    return tuple(
        Convergence(share.name, (*sizes, len(draws)), (*(step.estimate(i, 0) for step in steps), estimate_of(share)))
        for i, share in enumerate(shares)
    )


def estimate_of(share: Share) -> Estimate:
    """The first-order index of a share."""
    return Estimate(np.nan, np.nan, np.nan) if share.first is None else share.first


def settled(shares: Sequence[Share]) -> float:
    """Probability that the first of two assumptions, ordered by index, has the larger index; 1 if it is small.

    The errors of the two indices are taken as independent and normal.
    """
    if len(shares) < 2:
        return 1.0
    first, second = estimate_of(shares[0]), estimate_of(shares[1])
    error = sqrt((first.high - first.low) ** 2 + (second.high - second.low) ** 2) / INTERVAL_WIDTH
    if not first.value > LARGE or not error > 0.0 or not isfinite(error):
        return 1.0
    return float(ndtr((first.value - second.value) / error))


def correlation_note(shares: Sequence[Share]) -> str:
    """A sentence on the large assumptions that are correlated with others; '' without them."""
    correlated = [share.title for share in shares if share.is_correlated and estimate_of(share).low > 0.0]
    if not correlated:
        return ""
    more = f" and {len(correlated) - 1} more are" if len(correlated) > 1 else " is"
    return (
        f"Of the largest, {correlated[0]}{more} correlated with other assumptions: their first-order indices overlap "
        "and do not add up, while Shapley effects divide what they share."
    )


def shapley_shares(
    shares: Sequence[Share], draws: Floats, values: Floats, futures: Ints, seed: int
) -> tuple[tuple[Share, ...], str]:
    """Shares with Shapley effects of the largest, and a sentence with their sum.

    Assumptions are included whose index is above 0 beyond its interval. If there are more than ``MAX_FACTORS``, those
    after the first ``MAX_FACTORS - 1`` are one factor. With fewer than two there are no effects.

    Args:
        shares: Assumptions with first-order indices, the largest first.
        draws: (n, assumptions) draws in the order of the shares.
        values: (n,) result.
        futures: (n,) number of each future.
        seed: Seed of the bootstrap.

    """
    above = [i for i, share in enumerate(shares) if estimate_of(share).low > 0.0]
    if len(above) < 2:
        return tuple(shares), ""
    single = above if len(above) <= MAX_FACTORS else above[: MAX_FACTORS - 1]
    rest = above[len(single) :]
    factors = [[i] for i in single] + ([rest] if rest else [])
    effects = shapley_effects(draws, values, futures, factors, seed)
    with_effects = list(shares)
    for i, effect in zip(single, effects.effects, strict=False):
        with_effects[i] = replace(shares[i], shapley=effect)
    others = f" and of {len(rest)} others as one factor" if rest else ""
    note = (
        f"The Shapley effects of the {len(single)} largest assumptions{others} add up to "
        f"{100.0 * effects.explained.value:.0f} % of the variance; the rest is chance, and what a regression does not "
        "capture."
    )
    return tuple(with_effects), note
