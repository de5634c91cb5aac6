"""Draws of all assumptions: correlated uniform draws, converted to values, with money at one price base."""

from collections.abc import Sequence

import numpy as np
from scipy import special

from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.distributions import Floats
from octoplan.scenario.posterior import JointDraws

_MIN_UNIFORM = 2.0**-53
"""Smallest uniform draw; the largest is 1 minus this value."""


def correlate(uniforms: Floats, columns: Sequence[int], cholesky_factor: Floats) -> Floats:
    """Correlate columns of uniform draws by a Gaussian copula.

    The draws of a future do not depend on the other futures in the array: sums are computed term by term, because a
    matrix product may round differently for another number of futures.

    Args:
        uniforms: (futures, assumptions) independent uniform draws in (0, 1).
        columns: Indices of the correlated columns.
        cholesky_factor: (columns, columns) lower Cholesky factor of the correlation matrix of the normal scores.

    Returns:
        (futures, assumptions) uniform draws; the other columns are unchanged.

    """
    correlated_uniforms = uniforms.copy()
    normal_scores = [np.asarray(special.ndtri(np.ascontiguousarray(uniforms[:, column]))) for column in columns]
    for i, column in enumerate(columns):
        score = np.zeros(len(uniforms))
        for j in range(i + 1):
            if cholesky_factor[i, j] != 0.0:
                score = score + cholesky_factor[i, j] * normal_scores[j]
        correlated_uniforms[:, column] = np.clip(special.ndtr(score), _MIN_UNIFORM, 1 - _MIN_UNIFORM)
    return correlated_uniforms


def draws(
    assumptions: Sequence[Assumption],
    uniforms: Floats,
    inflation_columns: Sequence[int],
    price_base: int,
    joint: JointDraws | None = None,
) -> Floats:
    """Draws of all assumptions, with money at one price base.

    Money remains in the currency of its row. An amount in prices of another year is multiplied by
    ``(1 + inflation) ** (price_base - year of the row)``, with the inflation drawn for the same future.

    Args:
        assumptions: The assumptions, one for each column.
        uniforms: (futures, assumptions) correlated uniform draws in (0, 1).
        inflation_columns: (assumptions,) column with the inflation of the currency; -1 if the row is not money.
        price_base: Year of the prices of the draws returned.
        joint: Joint draws of the posterior rows, of which the uniform draw of the first posterior row chooses one line
            for each future; without them the posterior rows are drawn independently of one another.

    Returns:
        (futures, assumptions) draws in the units of ``entities``.

    """
    values = np.empty_like(uniforms)
    for column, assumption in enumerate(assumptions):
        values[:, column] = assumption.marginal.quantile(np.ascontiguousarray(uniforms[:, column]))
    if joint is not None:
        values[:, joint.columns] = joint.draw(np.ascontiguousarray(uniforms[:, joint.columns[0]]))
    for column, assumption in enumerate(assumptions):
        years = price_base - assumption.price_base
        if inflation_columns[column] >= 0 and years:
            values[:, column] *= _integer_power(1 + values[:, inflation_columns[column]], years)
    return values


def _integer_power(base: Floats, exponent: int) -> Floats:
    """Integer power by repeated multiplication, which is bit-identical for any number of futures."""
    result = np.ones_like(base)
    for _ in range(abs(exponent)):
        result = result * base
    return result if exponent >= 0 else 1 / result
