"""Draws of all assumptions: uniforms joined by a Gaussian copula, turned into values, carried to one price base."""

from collections.abc import Sequence

import numpy as np
from scipy import special

from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.distributions import Floats

_SMALLEST = 2.0**-53


def correlate(uniforms: Floats, columns: Sequence[int], factor: Floats) -> Floats:
    """Uniforms with the correlated columns joined by a Gaussian copula.

    Sums are written out term by term: a matrix product may round differently for another count of futures, and a
    future must not depend on its batch.

    Args:
        uniforms: (futures, assumptions), independent, in (0, 1).
        columns: The columns to join.
        factor: Lower Cholesky factor of the correlation matrix of their normal scores, (columns, columns).

    Returns:
        (futures, assumptions) uniforms; the other columns are unchanged.

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
    """Draws of every assumption, money carried to the price base.

    Money stays in the currency of its row. A row in prices of another year is multiplied by
    ``(1 + inflation) ** (price_base - year of the row)``, with the inflation of that future.

    Args:
        assumptions: The assumptions, one for each column.
        uniforms: (futures, assumptions) in (0, 1), already correlated.
        inflation: (assumptions,) the column with the inflation of the row's currency; -1 where there is no money.
        price_base: The year of the prices to return.

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
    """A whole power by repeated multiplication, with the same bits for any count of futures."""
    result = np.ones_like(base)
    for _ in range(abs(exponent)):
        result = result * base
    return result if exponent >= 0 else 1 / result
