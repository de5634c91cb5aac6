"""Cross-fitted regression of results on assumptions: each prediction is from a fit that has not seen its future.

The regression is a smoothing-spline analysis of variance with ridge penalties: a linear term and cubic B-splines of
each column (a level for each value if a column has few values), and products of the terms of two columns if there are
few columns. Terms are orthogonal within a column and have variance 1, so that one penalty suits all. The terms and the
penalty with the least generalised cross-validation score are used, with degrees of freedom counted 1.4 times (Kim and
Gu 2004, *J. R. Stat. Soc. B* 66, 337), which guards against overfitting.
"""

from itertools import combinations

import numpy as np
from sklearn.preprocessing import SplineTransformer

from octoplan.outcomes.sampling import block_of
from octoplan.scenario.arrays import Floats, Ints

FOLDS = 5
KNOTS = 7
"""Number of knots of a spline, at quantiles of the column."""
FEW_VALUES = 6
"""A column with at most this many values has a level for each of them instead of a spline."""
FEW_COLUMNS = 5
"""Products of the terms of two columns are included if there are at most this many columns."""
PENALTIES = 10.0 ** np.arange(-4.0, 4.1, 0.5)
"""Candidates for the ridge penalty per future of the sample."""
FREEDOM_FACTOR = 1.4
"""Factor on the degrees of freedom in the score of a fit."""


def folds_of(futures: Ints, count: int = FOLDS) -> Ints:
    """Fold of each future, 0 to ``count`` - 1, with all futures of a block of the sample in the same fold.

    Args:
        futures: (futures,) numbers of the futures in the sample.
        count: Number of folds; there are fewer if there are fewer blocks.

    Raises:
        ValueError: There are fewer than two blocks, so that none could be held out.

    """
    blocks, index = np.unique(block_of(np.asarray(futures)), return_inverse=True)
    if len(blocks) < 2:
        raise ValueError(f"{len(blocks)} block of futures cannot be divided into folds: two are needed")
    return index.astype(np.int64) % min(count, len(blocks))


def cross_fitted(draws: Floats, values: Floats, folds: Ints) -> Floats:
    """Out-of-fold predictions of results from assumptions, in the shape of ``values``.

    Columns with one value are ignored. Without another column, the mean of the other folds is predicted. Beyond the
    range of the training folds, a column counts as its nearest end.

    Args:
        draws: (futures, k) draws of assumptions.
        values: (futures,) or (futures, m) results.
        folds: (futures,) fold of each future, for instance from ``folds_of``.

    Raises:
        ValueError: Numbers are not finite, shapes differ, or there is only one fold.

    """
    draws, values, folds = np.asarray(draws, np.float64), np.asarray(values, np.float64), np.asarray(folds)
    if draws.ndim != 2 or len(draws) != len(values) or folds.shape != (len(values),):
        raise ValueError(f"draws {draws.shape}, values {values.shape} and folds {folds.shape} are not of one sample")
    if not (np.isfinite(draws).all() and np.isfinite(values).all()):
        raise ValueError("draws or values are not finite")
    if len(np.unique(folds)) < 2:
        raise ValueError("all futures are in one fold: two are needed")
    predicted = np.empty_like(values)
    for fold in np.unique(folds):
        held_out = folds == fold
        predicted[held_out] = predictions(draws[~held_out], values[~held_out], draws[held_out])
    return predicted


def predictions(draws: Floats, values: Floats, others: Floats) -> Floats:
    """Predictions for the draws ``others``, (n, k), from a regression of values on draws."""
    results = values.reshape(len(values), -1)
    mean = results.mean(axis=0)
    best = np.full(results.shape[1], np.inf)
    predicted = np.tile(mean, (len(others), 1))
    for train, test in candidate_terms(draws, others):
        scores, fitted = ridge(train, results - mean, test)
        better = scores < best
        predicted[:, better] = fitted[:, better] + mean[better]
        best = np.where(better, scores, best)
    return predicted.reshape(len(others), *values.shape[1:])


Terms = list[tuple[Floats, Floats]]
"""Terms of each column, (n, terms) each, for the draws to which a regression is fitted and for others."""


def candidate_terms(draws: Floats, others: Floats) -> Terms:
    """Terms to choose from, for ``draws`` and ``others``: linear; with splines; and with products, if few columns."""
    columns = terms_by_column(draws, others)
    if not columns:
        return []
    linear = stacked([(train[:, :1], test[:, :1]) for train, test in columns])
    candidates = [linear, stacked(columns)]
    if 1 < len(columns) <= FEW_COLUMNS:
        pairs = [
            (products(first[0], second[0]), products(first[1], second[1])) for first, second in combinations(columns, 2)
        ]
        linear_pairs = [(train[:, :1], test[:, :1]) for train, test in pairs]
        candidates += [stacked([linear, *linear_pairs]), stacked([*columns, *linear_pairs]), stacked(columns + pairs)]
    return candidates


def terms_by_column(draws: Floats, others: Floats) -> Terms:
    """Terms of each column that has a range, for ``draws`` and ``others``."""
    return [column_terms(a, b) for a, b in zip(draws.T, others.T, strict=True) if np.ptp(a) > 0.0]


def stacked(terms: Terms) -> tuple[Floats, Floats]:
    """Terms next to each other."""
    return np.hstack([train for train, _ in terms]), np.hstack([test for _, test in terms])


def products(first: Floats, second: Floats) -> Floats:
    """All products of a term of the first column with one of the second; that of the linear terms comes first."""
    return np.asarray((first[:, :, None] * second[:, None, :]).reshape(len(first), -1))


def column_terms(train: Floats, test: Floats) -> tuple[Floats, Floats]:
    """Terms of one column, (n, terms), the linear first: orthogonal, with mean 0 and variance 1 in ``train``."""
    test = np.clip(test, train.min(), train.max())
    center, scale = train.mean(), train.std()
    levels = np.unique(train)
    if len(levels) <= FEW_VALUES:
        curves = [(column[:, None] == levels).astype(np.float64) for column in (train, test)]
    else:
        knots = np.unique(np.quantile(train, np.linspace(0.0, 1.0, KNOTS)))
        splines = SplineTransformer(knots=knots[:, None], degree=3, extrapolation="constant").fit(train[:, None])
        curves = [np.asarray(splines.transform(column[:, None])) for column in (train, test)]
    lines = [np.column_stack([np.ones(len(column)), (column - center) / scale]) for column in (train, test)]
    straight = np.linalg.lstsq(lines[0], curves[0], rcond=None)[0]
    bends = [curve - line @ straight for curve, line in zip(curves, lines, strict=True)]
    _, sizes, directions = np.linalg.svd(bends[0], full_matrices=False)
    significant = sizes > 1e-6 * np.sqrt(len(train))
    scaled = directions[significant].T / sizes[significant] * np.sqrt(len(train))
    first, second = (np.column_stack([line[:, 1], bend @ scaled]) for line, bend in zip(lines, bends, strict=True))
    return first, second


def ridge(train: Floats, values: Floats, test: Floats) -> tuple[Floats, Floats]:
    """Scores, (m,), and predictions, (n, m), of ridge regressions with the best penalty for each of m results.

    ``values`` have mean 0. The score is that of generalised cross-validation (Golub, Heath and Wahba 1979,
    *Technometrics* 21, 215).
    """
    n = len(train)
    center = train.mean(axis=0)
    left, sizes, right = np.linalg.svd(train - center, full_matrices=False)
    projected = left.T @ values
    outside = (values**2).sum(axis=0) - (projected**2).sum(axis=0)
    shrinkage = sizes**2 / (sizes**2 + n * PENALTIES[:, None])
    residual = outside + ((1.0 - shrinkage) ** 2) @ projected**2
    free = n - 1.0 - FREEDOM_FACTOR * shrinkage.sum(axis=1)
    scores = np.where(free[:, None] > 0.0, n * residual / np.maximum(free, 1.0)[:, None] ** 2, np.inf)
    chosen = scores.argmin(axis=0)
    safe = np.where(sizes > 0.0, sizes, 1.0)
    coefficients = right.T @ (shrinkage[chosen].T / safe[:, None] * projected)
    return scores.min(axis=0), (test - center) @ coefficients
