"""Shapley effects: shares of the explained variance of a result that correlated factors divide between them.

The value v(S) of a set of factors is the share of variance that their best prediction of the result explains,
Var(E[Y | X_S]) / Var(Y). The Shapley effect of a factor is the mean of what it adds to the value of the factors before
it, over all orders of the factors (Owen 2014; Song, Nelson and Staum 2016). Effects add up to the value of all factors
whether or not factors are correlated (Owen and Prieur 2017; Iooss and Prieur 2019), which first-order and total
indices do not.

Predictions are from the draws of a run: a regression with ridge penalty on a linear term and cubic splines of each
assumption and the products of the linear terms of two, evaluated in futures which it has not seen. It is that of
``regression`` with the same terms for sets of any size, because values of different sets are compared: products for
small sets only would make a factor worth less in larger ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from octoplan.explore.regression import FREEDOM_FACTOR, PENALTIES, column_terms, folds_of
from octoplan.explore.resampling import LEVELS, MIN_BLOCKS, block_numbers, check_finite, resampled_counts
from octoplan.explore.results import Estimate
from octoplan.scenario.arrays import Floats, Ints

MAX_FACTORS = 8
"""Largest number of factors: each set of them is a regression."""
MANY_COLUMNS = 4
"""A factor with more columns than this has linear terms only."""


@dataclass(frozen=True)
class ShapleyEffects:
    """Shapley effects of factors, in their order, and the share of variance explained by all, which is their sum."""

    effects: tuple[Estimate, ...]
    explained: Estimate


@dataclass(frozen=True, eq=False)
class Terms:
    """Terms of a regression, for the futures of the fit and the others.

    Attributes:
        train: (futures, terms) terms in the fit, of mean 0.
        test: (other futures, terms) terms in the others.
        members: (terms, factors) True if a term depends on a factor.
        curved: (terms,) True for the terms of splines.

    """

    train: Floats
    test: Floats
    members: NDArray[np.bool_]
    curved: NDArray[np.bool_]


def shapley_effects(
    draws: Floats, values: Floats, futures: Ints, factors: Sequence[Sequence[int]], seed: int
) -> ShapleyEffects:
    """Shapley effects of factors on one result, from given draws.

    Percentile intervals are from a bootstrap of whole blocks of futures, with the regressions as fitted. No effect is
    negative, and all intervals reach 0 at least; an estimate can be slightly negative, because predictions from a
    factor without an effect are worse than without it in futures that the regression has not seen.

    Args:
        draws: (n, k) draws of the assumptions.
        values: (n,) the result.
        futures: (n,) number of each future in its sample.
        factors: Columns of the draws in each factor, at most ``MAX_FACTORS`` factors without a common column.
        seed: Seed of the bootstrap.

    Raises:
        ValueError: If a draw or a value is not finite, if there are too many factors, or fewer than two blocks.

    """
    if not 0 < len(factors) <= MAX_FACTORS:
        raise ValueError(f"{len(factors)} factors; expected 1 to {MAX_FACTORS}")
    check_finite(draws=draws, values=values)
    if np.ptp(values) == 0.0:
        undefined = Estimate(np.nan, np.nan, np.nan)
        return ShapleyEffects((undefined,) * len(factors), undefined)
    residuals = squared_residuals(draws, values, folds_of(futures), factors)
    blocks = block_numbers(futures)
    number = int(blocks.max()) + 1
    sums = np.column_stack([np.bincount(blocks, column, number) for column in residuals.T])
    weights = np.ones((1, number))
    if number >= MIN_BLOCKS:
        weights = np.concatenate([weights, resampled_counts(number, seed, "Shapley effects")])
    totals = weights @ sums
    worth = 1.0 - totals / totals[:, :1]
    replicates = np.column_stack([worth @ shapley_weights(len(factors)).T, worth[:, -1]])
    ends = (
        np.quantile(replicates[1:], LEVELS, axis=0) if number >= MIN_BLOCKS else np.full((2, len(factors) + 1), np.nan)
    )
    estimates = tuple(
        Estimate(float(value), float(low), float(max(high, 0.0)))
        for value, low, high in zip(replicates[0], *ends, strict=True)
    )
    return ShapleyEffects(estimates[:-1], estimates[-1])


def shapley_weights(factors: int) -> Floats:
    """(factors, 2^factors) weight of the value of each set in each Shapley effect; bit i of a set is factor i."""
    weights = np.zeros((factors, 2**factors))
    for subset in range(2**factors):
        size = subset.bit_count()
        for i in range(factors):
            if subset >> i & 1:
                weights[i, subset] = factorial(size - 1) * factorial(factors - size) / factorial(factors)
            else:
                weights[i, subset] = -factorial(size) * factorial(factors - size - 1) / factorial(factors)
    return weights


def squared_residuals(draws: Floats, values: Floats, folds: Ints, factors: Sequence[Sequence[int]]) -> Floats:
    """(n, 2^factors) squared errors of out-of-fold predictions of the result from each set of factors."""
    residuals = np.empty((len(values), 2 ** len(factors)))
    scaled = (values - values.mean()) / values.std()
    for fold in np.unique(folds):
        held_out = folds == fold
        terms = terms_of(draws[~held_out], draws[held_out], factors)
        center = scaled[~held_out].mean()
        train = scaled[~held_out] - center
        gram, covariance = terms.train.T @ terms.train, terms.train.T @ train
        for subset in range(2 ** len(factors)):
            absent = [i for i in range(len(factors)) if not subset >> i & 1]
            present = np.asarray(~terms.members[:, absent].any(axis=1))
            predicted = best_prediction(gram, covariance, train, terms, present)
            residuals[held_out, subset] = (scaled[held_out] - center - predicted) ** 2
    return residuals


def terms_of(train: Floats, test: Floats, factors: Sequence[Sequence[int]]) -> Terms:
    """Terms of a regression on all factors, given the draws of the futures of the fit and of the others."""
    groups: list[tuple[Floats, Floats, tuple[int, ...]]] = []  # terms of one column or product, the linear first
    for factor, columns in enumerate(factors):
        used = [column for column in columns if np.ptp(train[:, column]) > 0.0]
        for column in used:
            first, second = column_terms(train[:, column], test[:, column])
            terms = slice(1) if len(used) > MANY_COLUMNS else slice(None)
            groups.append((first[:, terms], second[:, terms], (factor,)))
    few = [group for group in groups if len(factors[group[2][0]]) <= MANY_COLUMNS]
    for left, right in combinations(few, 2):
        first, second = left[0][:, :1] * right[0][:, :1], left[1][:, :1] * right[1][:, :1]
        groups.append((first - first.mean(), second - first.mean(), (*left[2], *right[2])))
    members = np.zeros((sum(group[0].shape[1] for group in groups), len(factors)), bool)
    curved = np.ones(len(members), bool)
    start = 0
    for first, _, owners in groups:
        end = start + first.shape[1]
        members[start:end, list(owners)] = True
        curved[start] = False
        start = end
    stacked = [
        np.hstack([np.zeros((len(rows), 0)), *(group[i] for group in groups)]) for i, rows in enumerate((train, test))
    ]
    return Terms(stacked[0], stacked[1], members, curved)


def best_prediction(
    gram: Floats, covariance: Floats, values: Floats, terms: Terms, present: NDArray[np.bool_]
) -> Floats:
    """(other futures,) predictions from the terms that are present: without or with splines, by the smaller score.

    The score is that of generalised cross-validation, as in ``regression.ridge``; it is computed from the products of
    terms, ``gram``, and of terms and values, ``covariance``.
    """
    best, predicted = np.inf, np.zeros(len(terms.test))
    n, square = len(values), float(values @ values)
    for chosen in (present & ~terms.curved, present):
        index = np.flatnonzero(chosen)
        if not len(index):
            continue
        sizes, directions = np.linalg.eigh(gram[np.ix_(index, index)])
        significant = sizes > 1e-10 * sizes.max()
        sizes, directions = sizes[significant], directions[:, significant]
        projected = directions.T @ covariance[index]
        shrinkage = sizes / (sizes + n * PENALTIES[:, None])
        explained = ((1.0 - (1.0 - shrinkage) ** 2) * projected**2 / sizes).sum(axis=1)
        free = n - 1.0 - FREEDOM_FACTOR * shrinkage.sum(axis=1)
        scores = np.where(free > 0.0, n * (square - explained) / np.maximum(free, 1.0) ** 2, np.inf)
        least = int(scores.argmin())
        if scores[least] < best:
            best = float(scores[least])
            predicted = terms.test[:, index] @ (directions @ (shrinkage[least] * projected / sizes))
    return predicted
