"""Draws of all assumptions: correlated uniforms, converted to values, with money at one price base."""

from collections.abc import Sequence

import numpy as np
from scipy import special

from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.distributions import Floats

_SMALLEST = 2.0**-53


def correlate(uniforms: Floats, columns: Sequence[int], factor: Floats) -> Floats:
    """Uniform draws with a Gaussian copula applied to the correlated columns.

    Sums are computed term by term, because a matrix product may round differently for another number of futures, and
    the draws of a future must not depend on the batch.

    Args:
        uniforms: (futures, assumptions) independent uniform draws in (0, 1).
        columns: The correlated columns.
        factor: (columns, columns) lower Cholesky factor of the correlation matrix of the normal scores.

    Returns:
        (futures, assumptions) uniform draws; columns without correlation are unchanged.

    """
    joined = uniforms.copy()
    normals = [np.asarray(special.ndtri(np.ascontiguousarray(uniforms[:, column]))) for column in columns]
    for i, column in enumerate(columns):
        total = np.zeros(len(uniforms))
        for j in range(i + 1):
            if factor[i, j] != 0.0:
                total = total + factor[i, j] * normals[j]
        joined[:, column] = np.clip(special.ndtr(total), _SMALLEST, 1 - _SMALLEST)
    return joined


def draws(assumptions: Sequence[Assumption], uniforms: Floats, inflation: Sequence[int], price_base: int) -> Floats:
    """Draws of every assumption, with money at the price base.

    Money stays in the currency of its row. A row in prices of another year is multiplied by
    ``(1 + inflation) ** (price_base - year of the row)``, with the inflation of that future.

    Args:
        assumptions: The assumptions, one for each column.
        uniforms: (futures, assumptions) correlated uniform draws in (0, 1).
        inflation: (assumptions,) column with the inflation of the row's currency; -1 for rows that are not money.
        price_base: Year of the prices of the draws returned.

    Returns:
        (futures, assumptions) in the units of ``entities``.

    """
    values = np.empty_like(uniforms)
    for column, assumption in enumerate(assumptions):
        values[:, column] = assumption.shape.quantile(np.ascontiguousarray(uniforms[:, column]))
    for column, assumption in enumerate(assumptions):
        years = price_base - assumption.price_base
        if inflation[column] >= 0 and years:
            values[:, column] *= _power(1 + values[:, inflation[column]], years)
    return values


def _power(base: Floats, exponent: int) -> Floats:
    """Integer power by repeated multiplication, which is bit-identical for any number of futures."""
    result = np.ones_like(base)
    for _ in range(abs(exponent)):
        result = result * base
    return result if exponent >= 0 else 1 / result
