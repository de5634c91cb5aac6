"""The cross-fitted regression: whole blocks in folds, no future in its own fit, and the curves it can follow."""

from collections.abc import Callable

import numpy as np
import pytest

from octoplan.explore.regression import cross_fitted, folds_of
from octoplan.scenario.arrays import Floats

FUTURES = np.arange(400)


def sample(columns: int, futures: int = 400, label: int = 0) -> Floats:
    """Independent standard normal draws."""
    return np.random.default_rng([label, columns]).standard_normal((futures, columns))


def explained(draws: Floats, values: Floats) -> float:
    """Share of the variance of the values that out-of-fold predictions explain."""
    residuals = values - cross_fitted(draws, values, folds_of(np.arange(len(values))))
    return float(1.0 - residuals.var() / values.var())


def test_blocks_are_whole_and_folds_even() -> None:
    """All futures of a block are in one fold, also if some are missing, and folds differ by at most one block."""
    futures = np.delete(np.arange(103), [3, 16, 17, 50])
    folds = folds_of(futures)
    assert set(folds) == set(range(5))
    assert all(len(set(folds[futures // 8 == block])) == 1 for block in range(13))
    blocks = [len(set(futures[folds == fold] // 8)) for fold in range(5)]
    assert max(blocks) - min(blocks) <= 1


def test_fewer_blocks_than_folds() -> None:
    """With two blocks there are two folds, and with one there is an error."""
    assert folds_of(np.arange(16)).tolist() == [0] * 8 + [1] * 8
    with pytest.raises(ValueError, match="two are needed"):
        folds_of(np.arange(8))


def test_held_out_values_do_not_matter() -> None:
    """Predictions of a fold are the same to the last bit if the values of that fold change."""
    draws, folds = sample(3), folds_of(FUTURES)
    values = draws[:, 0] + draws[:, 1] ** 2
    changed = np.where(folds == 2, 1e6, values)
    held_out = folds == 2
    first, second = cross_fitted(draws, values, folds), cross_fitted(draws, changed, folds)
    np.testing.assert_array_equal(first[held_out], second[held_out])
    assert (first[~held_out] != second[~held_out]).all()


def test_a_line_is_recovered() -> None:
    """A linear function without noise is predicted to a thousandth of its standard deviation, save at the very ends."""
    draws = sample(2)
    values = 5.0 + 3.0 * draws[:, 0] - 2.0 * draws[:, 1]
    errors = np.abs(cross_fitted(draws, values, folds_of(FUTURES)) - values) / values.std()
    assert np.quantile(errors, 0.95) < 1e-3


CURVES: list[tuple[Callable[[Floats], Floats], float]] = [
    (lambda x: np.sin(2.0 * x[:, 0]), 0.97),
    (lambda x: np.maximum(x[:, 0], 0.0) + x[:, 1] ** 2, 0.95),
    (lambda x: x[:, 0] * x[:, 1], 0.97),
    (lambda x: np.exp(x[:, 0]) * x[:, 1], 0.85),
]


@pytest.mark.parametrize(("curve", "share"), CURVES)
def test_curves_and_interactions(curve: Callable[[Floats], Floats], share: float) -> None:
    """Curves of a column and products of two columns are followed."""
    draws = sample(2)
    assert explained(draws, curve(draws)) > share


def test_levels_of_a_column_with_few_values() -> None:
    """A column of three values has a level for each, in any order of the levels."""
    draws = np.random.default_rng(1).integers(0, 3, (400, 1)).astype(float)
    assert explained(draws, np.array([0.0, 7.0, 1.0])[draws[:, 0].astype(int)]) > 0.999


def test_mostly_one_value() -> None:
    """A column of which 95 % is one value is followed where it differs."""
    draws = np.maximum(sample(1) - 1.64, 0.0)
    assert explained(draws, draws[:, 0] ** 2) > 0.5


def test_noise_is_not_fitted() -> None:
    """Of pure noise nothing is explained out of fold, and what is lost by trying is below 2 % on average."""
    shares = [explained(sample(4, label=i), sample(1, label=100 + i)[:, 0]) for i in range(20)]
    assert -0.02 < np.mean(shares) < 0.005


def test_many_columns() -> None:
    """With more terms than futures the few columns with an effect are still seen."""
    draws = sample(100)
    values = draws[:, 0] + draws[:, 1] + 0.5 * sample(1, label=9)[:, 0]
    assert explained(draws, values) > 0.5


def test_columns_without_range() -> None:
    """Columns with one value change nothing; with only such columns the mean of the other folds is predicted."""
    draws, folds = sample(2), folds_of(FUTURES)
    values = draws[:, 0] + sample(1, label=3)[:, 0]
    fixed = np.full((400, 1), 3.0)
    np.testing.assert_array_equal(
        cross_fitted(np.hstack([fixed, draws]), values, folds), cross_fitted(draws, values, folds)
    )
    means = cross_fitted(fixed, values, folds)
    assert means[folds == 1] == pytest.approx(values[folds != 1].mean())


def test_several_results_at_once() -> None:
    """Each result is fitted as if alone."""
    draws, folds = sample(3), folds_of(FUTURES)
    values = np.column_stack([draws[:, 0], np.sin(3.0 * draws[:, 1]), np.ones(400)])
    together = cross_fitted(draws, values, folds)
    assert together.shape == (400, 3)
    alone = np.column_stack([cross_fitted(draws, column, folds) for column in values.T])
    np.testing.assert_allclose(together, alone, atol=1e-10)


def test_unusable_input() -> None:
    """Numbers that are not finite, arrays of different length and a single fold raise errors."""
    draws, folds, values = sample(1), folds_of(FUTURES), np.ones(400)
    with pytest.raises(ValueError, match="not finite"):
        cross_fitted(np.where(draws == draws[7], np.nan, draws), values, folds)
    with pytest.raises(ValueError, match="not finite"):
        cross_fitted(draws, np.where(FUTURES == 7, np.inf, values), folds)
    with pytest.raises(ValueError, match="not of one sample"):
        cross_fitted(draws, values[1:], folds)
    with pytest.raises(ValueError, match="one fold"):
        cross_fitted(draws, values, np.zeros(400, np.int64))
