"""Given-data first-order indices against exact ones, and on assumptions without an effect."""

import numpy as np
import pytest

from octoplan.explore.variance import MIN_FUTURES, FirstOrder, bins_of, given_first_order
from octoplan.outcomes.sampling import latin_hypercube
from octoplan.scenario.arrays import Floats
from tests.explore.functions import ISHIGAMI_FIRST, g_function, g_indices, ishigami

LARGE = 2**16


def uniforms(seed: int, columns: int, futures: int) -> Floats:
    return latin_hypercube(seed, [f"x{i}" for i in range(columns)], futures)


def indices(draws: Floats, values: Floats, seed: int = 1) -> FirstOrder:
    values = values[:, None] if values.ndim == 1 else values
    return given_first_order(draws, values, np.arange(len(draws)), seed)


def test_ishigami_and_g_functions_have_their_exact_indices() -> None:
    """With many futures, indices are within 0.01 of the exact ones."""
    u = uniforms(1, 3, LARGE)
    assert indices(u, ishigami(u)).values[:, 0] == pytest.approx(ISHIGAMI_FIRST, abs=0.01)
    u = uniforms(2, 8, LARGE)
    assert indices(u, g_function(u)).values[:, 0] == pytest.approx(g_indices()[0], abs=0.01)


def test_intervals_hold_exact_indices() -> None:
    """At 1,000 futures, at least 88 % of 100 intervals hold the exact index, and 95 % those of an index of 0."""
    inside = np.zeros(3)
    for seed in range(100):
        u = uniforms(seed, 3, 1000)
        estimate = indices(u, ishigami(u), seed)
        inside += (estimate.low[:, 0] <= ISHIGAMI_FIRST) & (estimate.high[:, 0] >= ISHIGAMI_FIRST)
    assert inside[0] >= 88
    assert inside[1] >= 88
    assert inside[2] >= 95


def test_null_assumptions_have_zero_in_their_intervals() -> None:
    """Of 300 assumptions without an effect, at least 95 % have 0 in the interval, and the mean index is 0."""
    u = uniforms(3, 302, 1000)
    noise = np.random.default_rng(0).normal(size=1000)
    estimate = indices(u, u[:, 0] + 2.0 * u[:, 1] + noise)
    low, high, null = estimate.low[2:, 0], estimate.high[2:, 0], estimate.values[2:, 0]
    assert np.mean((low <= 0.0) & (high >= 0.0)) >= 0.95
    assert abs(null.mean()) < 3.0 * null.std() / np.sqrt(len(null)) + 1.0 / 1000
    assert (estimate.low[:2, 0] > 0.0).all()
    assert (high - low).mean() < 0.06


def test_each_value_of_a_discrete_assumption_is_a_bin() -> None:
    """The index of a discrete assumption with unequal probabilities is exact, whatever the coding of its values."""
    u = uniforms(4, 2, LARGE)
    level: Floats = np.searchsorted([0.6, 0.95], u[:, 0]).astype(np.float64)
    effect = np.array([0.0, 5.0, -3.0])[level.astype(int)]
    p = np.array([0.6, 0.35, 0.05])
    variance = p @ np.array([0.0, 25.0, 9.0]) - (p @ np.array([0.0, 5.0, -3.0])) ** 2
    noise = 4.0 * (u[:, 1] - 0.5)
    exact = variance / (variance + 16.0 / 12.0)
    assert indices(level[:, None], effect + noise).values[0, 0] == pytest.approx(exact, abs=0.005)
    assert bins_of(level).max() == 2


def test_bins_are_equally_probable_and_keep_ties_together() -> None:
    """A continuous assumption has sqrt(n) bins of equal size; equal draws are never in two bins."""
    sizes = np.bincount(bins_of(np.random.default_rng(1).permutation(1024).astype(np.float64)))
    assert sizes.tolist() == [32] * 32
    draws = np.repeat(np.arange(100.0), 10)
    draws[:400] = -1.0
    bins = bins_of(draws)
    assert np.unique(bins[:400]).size == 1
    assert bins.max() + 1 == np.unique(bins).size


def test_results_do_not_depend_on_unit_or_on_other_results() -> None:
    """An index is the same for a result in other units, and with other results at the same time."""
    u = uniforms(5, 3, 512)
    y = ishigami(u)
    together = indices(u, np.column_stack([y, 1e9 * y + 1e12, u[:, 2]]))
    alone = indices(u, y)
    for name in ("values", "low", "high"):
        assert getattr(together, name)[:, 0] == pytest.approx(getattr(alone, name)[:, 0], rel=1e-12, abs=1e-13)
        assert getattr(together, name)[:, 1] == pytest.approx(getattr(alone, name)[:, 0], rel=1e-3, abs=1e-3)


def test_the_same_seed_gives_the_same_interval() -> None:
    """Intervals are the same bits for the same seed; another seed changes them and not the estimate."""
    u = uniforms(6, 3, 512)
    first, second, other = (indices(u, ishigami(u), seed) for seed in (1, 1, 2))
    assert first.low.tobytes() == second.low.tobytes()
    assert first.high.tobytes() == second.high.tobytes()
    assert (first.low[:2] != other.low[:2]).all()
    assert first.values.tobytes() == other.values.tobytes()


def test_constants_have_no_variance_to_explain() -> None:
    """A constant assumption has index 0 exactly; a constant result, or too few futures, have none."""
    u = uniforms(7, 2, 64)
    fixed = np.column_stack([u[:, 0], np.full(64, 3.0)])
    estimate = indices(fixed, np.column_stack([u[:, 0], np.full(64, 8.1)]))
    assert [array[1, 0] for array in (estimate.values, estimate.low, estimate.high)] == [0.0, 0.0, 0.0]
    assert np.isnan([estimate.values[:, 1], estimate.low[:, 1], estimate.high[:, 1]]).all()
    few = MIN_FUTURES - 1
    assert np.isnan(indices(fixed[:few], u[:few, 0]).values).all()


def test_values_that_are_not_finite_are_refused() -> None:
    """One undefined result is an error, and never an index of zero."""
    u = uniforms(8, 2, 64)
    y = u[:, 0].copy()
    y[5] = np.nan
    with pytest.raises(ValueError, match="values has values that are not finite"):
        indices(u, y)
    with pytest.raises(ValueError, match="draws has values that are not finite"):
        indices(np.where(u > 0.99, np.inf, u), u[:, 0])
