"""Emulator: a quadratic regression of the observed measures on the scores of the assumptions.

The residual covariance contains what the active assumptions do not explain: the chance of a future, the effects of the
other assumptions, and lack of fit. It is the covariance of the measures of one future given the active assumptions.
"""

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from octoplan.scenario.arrays import Floats, Ints

SIGNIFICANT_T = 6.0
"""Smallest t statistic, in a regression on all features, of a feature that becomes active: with 2,000 futures, it
explains 2 % of the variance that the other features leave unexplained. Weaker features stay in the
residuals."""

MOST_ACTIVE = 90
"""Largest number of active features: those with the largest t statistics."""

CURVED = 10
"""Number of features, those with the largest t statistics, whose squares and products are terms of the regression."""

PENALTIES = (1e-6, 1.0, 10.0, 100.0, 1000.0)
"""Ridge penalties on standardised terms, of which leave-one-out cross-validation selects one."""


@dataclass(frozen=True, eq=False)
class Emulator:
    """A regression of measures on features.

    Attributes:
        active: (active,) columns of the features that the regression uses.
        products: (products, 2) positions in ``active`` whose products are terms, squares included.
        centre, scale: (terms,) mean and standard deviation of each term.
        intercept: (measures,) mean of each measure.
        coefficients: (terms, measures) coefficients of the standardised terms.
        covariance: (measures, measures) covariance of the leave-one-out residuals.
        r2: (measures,) leave-one-out coefficient of determination; ``nan`` for a measure that does not vary.

    """

    active: Ints
    products: Ints
    centre: Floats
    scale: Floats
    intercept: Floats
    coefficients: Floats
    covariance: Floats
    r2: Floats

    def predict(self, features: Floats) -> Floats:
        """(futures, measures) expected measures, given (futures, features)."""
        values = terms(features[:, self.active], self.products)
        predicted: Floats = (values - self.centre) / self.scale @ self.coefficients + self.intercept
        return predicted


def terms(active: Floats, products: Ints) -> Floats:
    """(futures, terms) of the regression: the active features, and products of pairs."""
    return np.concatenate([active, active[:, products[:, 0]] * active[:, products[:, 1]]], axis=1)


def t_statistics(features: Floats, measures: Floats) -> Floats:
    """(features, measures) t statistics of ordinary least squares on all features.

    Features that are constant, or an exact combination of others, have t statistics of 0.
    """
    x, y = features - features.mean(axis=0), measures - measures.mean(axis=0)
    varying = np.flatnonzero(x.std(axis=0) > 0.0)
    _, triangle, order = linalg.qr(x[:, varying], mode="economic", pivoting=True)
    diagonal = np.abs(np.diag(triangle))
    rank = int((diagonal > 1e-8 * diagonal[0]).sum()) if len(diagonal) else 0
    columns = varying[np.sort(order[:rank])]
    x = x[:, columns]
    inverse = linalg.inv(x.T @ x)
    coefficients = inverse @ (x.T @ y)
    freedom = max(1, len(x) - len(columns) - 1)
    variance = np.maximum(((y - x @ coefficients) ** 2).sum(axis=0) / freedom, 1e-300)
    statistics = np.zeros((features.shape[1], measures.shape[1]))
    statistics[columns] = coefficients / np.sqrt(np.diag(inverse)[:, None] * variance)
    return statistics


def active_features(statistics: Floats, candidates: Ints, required: Ints) -> Ints:
    """(active,) columns of the candidates that act on a measure, and those ``required``, in ascending order."""
    largest = np.abs(statistics).max(axis=1, initial=0.0)
    ranked = candidates[np.argsort(-largest[candidates], kind="stable")[:MOST_ACTIVE]]
    return np.union1d(required, ranked[largest[ranked] > SIGNIFICANT_T]).astype(np.int64)


def leading_products(statistics: Floats, active: Ints) -> Ints:
    """(products, 2) pairs of positions in ``active``, with squares, of the features with the largest t statistics."""
    largest = np.abs(statistics[active]).max(axis=1, initial=0.0)
    leading = np.sort(np.argsort(-largest, kind="stable")[:CURVED])
    pairs = [(int(i), int(j)) for n, i in enumerate(leading) for j in leading[n:]]
    return np.array(pairs, np.int64).reshape(-1, 2)


def fit(features: Floats, measures: Floats, candidates: Ints, required: Ints) -> Emulator:
    """Fit an emulator by ridge regression, with the penalty of the smallest leave-one-out error.

    Args:
        features: (futures, features) scores of the assumptions.
        measures: (futures, measures), all finite; a measure may be the same in all futures.
        candidates: Columns of features that can be active.
        required: Columns of features that are active in any case.

    """
    statistics = t_statistics(features, measures)
    active = active_features(statistics, candidates, required)
    products = leading_products(statistics, active)
    if 4 * (len(active) + len(products)) > len(features):
        products = products[:0]
    raw = terms(features[:, active], products)
    centre, scale = raw.mean(axis=0), raw.std(axis=0)
    scale = np.where(scale > 0.0, scale, 1.0)
    intercept = np.where(np.ptp(measures, axis=0) == 0.0, measures[0], measures.mean(axis=0))
    left, singular, right = linalg.svd((raw - centre) / scale, full_matrices=False)
    y = measures - intercept
    spread = np.maximum(y.std(axis=0), 1e-300)
    best, smallest = None, np.inf
    for penalty in PENALTIES:
        shrink = singular**2 / (singular**2 + penalty)
        leverage = (left**2 * shrink).sum(axis=1) + 1.0 / len(y)
        residuals = (y - left @ (shrink[:, None] * (left.T @ y))) / np.maximum(1.0 - leverage, 1e-3)[:, None]
        error = float(((residuals / spread) ** 2).sum())
        if error < smallest:
            best, smallest = (penalty, residuals), error
    if best is None:
        raise ValueError("measures are not finite")
    penalty, residuals = best
    coefficients = right.T @ ((singular / (singular**2 + penalty))[:, None] * (left.T @ y))
    covariance = residuals.T @ residuals / len(residuals)
    variation = (y**2).sum(axis=0)
    r2 = 1.0 - (residuals**2).sum(axis=0) / np.where(variation > 0.0, variation, np.nan)
    return Emulator(active, products, centre, scale, intercept, coefficients, covariance, r2)
