"""How decisions do over all futures, compared with one another: regret, satisficing, the worst tenth, and rank.

The measures of robustness are those reviewed by McPhail et al. (2018, Earth's Future 6, 169-191).
"""

from collections.abc import Callable, Sequence
from math import ceil

import numpy as np
from numpy.typing import NDArray

from octoplan.answer.totals import effect
from octoplan.errors import RunError
from octoplan.explore.resampling import LEVELS, REPLICATES, block_numbers, generator
from octoplan.explore.results import Estimate, Robustness
from octoplan.outcomes.intervals import MIN_BLOCKS, design_effect
from octoplan.outcomes.sampling import block_of
from octoplan.scenario.arrays import Floats, Ints

WORST_SHARE = 0.1
"""Share of futures, the worst, over which the tail is averaged."""
Z = 1.959963984540054
"""Standard normal quantile of 95 % intervals."""

Flags = NDArray[np.bool_]


def regrets(benefits: Floats) -> Floats:
    """Regret of each decision in each future: the largest net benefit in the future minus that of the decision.

    >>> regrets(np.array([[3.0, 1.0], [0.0, 2.0]])).tolist()
    [[0.0, 2.0], [2.0, 0.0]]

    Args:
        benefits: (futures, decisions) net benefit.

    """
    return np.asarray(benefits.max(axis=1, keepdims=True) - benefits)


def tail_mean(values: Floats, share: float = WORST_SHARE) -> Floats:
    """(columns,) mean of the smallest values of each column: conditional value at risk of the lower tail (CVaR).

    The tail has exactly the share of the futures: the last of them counts in part if the share is no whole number
    (Rockafellar and Uryasev 2002, Journal of Banking & Finance 26, proposition 8).

    >>> tail_mean(np.arange(25.0)[:, None]).tolist()
    [0.8]

    Args:
        values: (futures, columns) values.
        share: Share of futures in the tail, above 0 and at most 1.

    """
    size = share * len(values)
    weights = np.clip(size - np.arange(len(values)), 0.0, 1.0)[: ceil(size)]
    return np.asarray(weights @ np.sort(values, axis=0)[: ceil(size)] / size)


def best_shares(benefits: Floats) -> Floats:
    """(futures, decisions) 1 for the best decision of a future; decisions that are equally good have equal parts of it.

    >>> best_shares(np.array([[3.0, 1.0, 3.0], [0.0, 2.0, 1.0]])).tolist()
    [[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]
    """
    is_best = benefits == benefits.max(axis=-1, keepdims=True)
    return np.asarray(is_best / is_best.sum(axis=-1, keepdims=True))


def robustness(
    names: Sequence[str], titles: Sequence[str], benefits: Floats, is_met: Flags, futures: Ints, seed: int
) -> tuple[Robustness, ...]:
    """How each decision does over all futures compared with the others, in the order of the decisions.

    Intervals of the mean are Student's; those of regrets and of the tail are percentiles of ``REPLICATES`` bootstrap
    samples (``resamples``); those of shares are Wilson's (1927) with the design effect of the blocks of futures.

    Args:
        names: Names of the decisions, at least two.
        titles: The decisions in words.
        benefits: (futures, decisions) net benefits, paired: of the same futures; the larger, the better.
        is_met: (futures, decisions) True where the requirement is met.
        futures: (futures,) numbers of the futures in their sample.
        seed: Seed of the bootstrap.

    Raises:
        RunError: If there are fewer than two decisions.
        ValueError: If shapes differ, there is no future, or a net benefit is not finite.

    """
    check(names, titles, benefits, is_met, futures)
    regret, best = regrets(benefits), best_shares(benefits)
    rows = resamples(futures, seed, "robustness")
    means = np.array([benefits[row].mean(axis=0) for row in rows])
    bootstrapped = [
        estimates(statistic, values, rows)
        for statistic, values in ((mean_of_columns, regret), (p90_of_columns, regret), (tail_mean, benefits))
    ]
    first = best_shares(means).mean(axis=0)
    decisions = []
    for column, (name, title) in enumerate(zip(names, titles, strict=True)):
        mean = effect(benefits[:, column], futures)
        regret_mean, regret_p90, tail = (items[column] for items in bootstrapped)
        decisions.append(
            Robustness(
                name, title, Estimate(mean.mean, mean.low, mean.high), regret_mean, regret_p90,
                float(regret[:, column].max()), share(is_met[:, column].astype(float), futures), tail,
                share(best[:, column], futures), float(first[column]),
            )
        )  # fmt: skip
    return tuple(decisions)


def check(names: Sequence[str], titles: Sequence[str], benefits: Floats, is_met: Flags, futures: Ints) -> None:
    """Check the input of ``robustness``, and raise what it raises."""
    if len(names) < 2:
        raise RunError(
            f"regret compares decisions: two or more are needed, and there is {len(names)}; state another decision"
        )
    expected = (len(futures), len(names))
    if benefits.shape != expected or is_met.shape != expected or len(titles) != len(names):
        raise ValueError(
            f"{len(futures)} futures and {len(names)} decisions need arrays of shape {expected}, not "
            f"{benefits.shape} and {is_met.shape}"
        )
    if not len(futures) or not np.isfinite(benefits).all():
        raise ValueError("net benefits of at least one future are needed, all of them finite")


def mean_of_columns(values: Floats) -> Floats:
    """(columns,) means."""
    return np.asarray(values.mean(axis=0))


def p90_of_columns(values: Floats) -> Floats:
    """(columns,) P90."""
    return np.asarray(np.quantile(values, 0.9, axis=0))


def estimates(statistic: Callable[[Floats], Floats], values: Floats, rows: Sequence[Ints]) -> list[Estimate]:
    """A statistic of each column with its percentile bootstrap interval.

    Args:
        statistic: Computes (columns,) numbers from (futures, columns) values.
        values: (futures, columns) values.
        rows: The rows of each bootstrap sample.

    """
    low, high = np.quantile([statistic(values[row]) for row in rows], LEVELS, axis=0)
    return [Estimate(*map(float, item)) for item in zip(statistic(values), low, high, strict=True)]


def resamples(futures: Ints, seed: int, label: str, replicates: int = REPLICATES) -> list[Ints]:
    """Rows of bootstrap samples: whole blocks of futures, drawn with replacement.

    With fewer than ``MIN_BLOCKS`` blocks, single futures are drawn instead: the variance between so few blocks is
    unreliable, and that of single futures overstates the error of a stratified sample (``intervals.design_effect``).

    Args:
        futures: (futures,) numbers of the futures in their sample.
        seed: Seed of the bootstrap.
        label: Name of the statistic, so that several statistics have independent samples.
        replicates: Number of samples.

    """
    block = block_numbers(futures)
    if block.max() + 1 < MIN_BLOCKS:
        block = np.arange(len(futures))
    members = [np.flatnonzero(block == number) for number in range(block.max() + 1)]
    samples = generator(seed, label).integers(0, len(members), (replicates, len(members)))
    return [np.concatenate([members[number] for number in sample]) for sample in samples]


def share(values: Floats, futures: Ints) -> Estimate:
    """Mean of values from 0 to 1 with Wilson's interval, which does not vanish if all are 0 or all are 1.

    The number of futures is divided by the design effect of their blocks (``intervals.design_effect``), at least 1 so
    that the interval is not too narrow where a share is near 0 or 1.

    >>> item = share(np.ones(10), np.arange(10))
    >>> item.value, round(item.low, 4), item.high
    (1.0, 0.7225, 1.0)

    Args:
        values: (futures,) 1 where something is true, 0 where it is not, or parts of 1.
        futures: (futures,) numbers of the futures in their sample.

    """
    mean = float(values.mean())
    n = len(values) / max(1.0, design_effect(values, block_of(futures)))
    centre, width = mean + Z**2 / (2 * n), Z * np.sqrt(mean * (1 - mean) / n + Z**2 / (4 * n * n))
    low, high = ((centre + sign * width) / (1 + Z**2 / n) for sign in (-1, 1))
    return Estimate(mean, max(0.0, min(float(low), mean)), min(1.0, max(float(high), mean)))
