"""Shapley effects of correlated factors against the closed form of a linear Gaussian model."""

import numpy as np
import pytest

from octoplan.explore.shapley import MAX_FACTORS, ShapleyEffects, shapley_effects, shapley_weights
from octoplan.scenario.arrays import Floats

CORRELATION = np.array([[1.0, 0.8, 0.0, 0.0], [0.8, 1.0, 0.3, 0.0], [0.0, 0.3, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
SLOPES = np.array([1.0, 0.5, -0.7, 0.0])
NOISE = 0.5
"""Variance of the result that no factor explains."""


def sample(seed: int, futures: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    draws: Floats = rng.normal(size=(futures, 4)) @ np.linalg.cholesky(CORRELATION).T
    return draws, draws @ SLOPES + np.sqrt(NOISE) * rng.normal(size=futures)


def exact() -> tuple[Floats, float]:
    """Shapley effects and explained share: v(S) = c' C^-1 c / V, with c the covariance of the result with S."""
    covariance = CORRELATION @ SLOPES
    worth = np.zeros(16)
    for subset in range(1, 16):
        members = [i for i in range(4) if subset >> i & 1]
        c = covariance[members]
        worth[subset] = c @ np.linalg.solve(CORRELATION[np.ix_(members, members)], c)
    worth /= SLOPES @ CORRELATION @ SLOPES + NOISE
    return shapley_weights(4) @ worth, float(worth[-1])


def effects(draws: Floats, values: Floats, factors: list[list[int]], seed: int = 1) -> ShapleyEffects:
    return shapley_effects(draws, values, np.arange(len(draws)), factors, seed)


def values_of(estimate: ShapleyEffects) -> list[float]:
    return [effect.value for effect in estimate.effects]


SINGLE = [[0], [1], [2], [3]]


def test_weights_are_those_of_two_correlated_factors() -> None:
    """For two factors the effect is half of what a factor explains alone, and half of what it adds to the other."""
    assert shapley_weights(2).tolist() == [[-0.5, 0.5, -0.5, 0.5], [-0.5, -0.5, 0.5, 0.5]]


def test_two_correlated_gaussian_factors_have_the_published_effects() -> None:
    """b1^2 s1^2 (1 - r^2 / 2) + r b1 b2 s1 s2 + b2^2 s2^2 r^2 / 2, over the variance (Iooss and Prieur 2019)."""
    rng, r, slopes = np.random.default_rng(5), -0.6, np.array([1.0, 1.5])
    x = rng.normal(size=(20_000, 2))
    x[:, 1] = r * x[:, 0] + np.sqrt(1 - r**2) * x[:, 1]
    cross, squares = r * slopes[0] * slopes[1], slopes**2
    variance = squares.sum() + 2 * cross
    published = squares * (1 - r**2 / 2) + cross + squares[::-1] * r**2 / 2
    estimate = effects(x, x @ slopes, [[0], [1]])
    assert values_of(estimate) == pytest.approx(published / variance, abs=0.01)
    assert estimate.explained.value == pytest.approx(1.0, abs=1e-3)


def test_correlated_gaussian_factors_have_their_exact_effects() -> None:
    """With many futures effects are within 0.01 of the closed form, and their sum is the explained share."""
    estimate = effects(*sample(1, 20_000), SINGLE)
    shares, explained = exact()
    assert values_of(estimate) == pytest.approx(shares, abs=0.01)
    assert estimate.explained.value == pytest.approx(explained, abs=0.01)
    assert sum(values_of(estimate)) == pytest.approx(estimate.explained.value, abs=1e-12)


def test_intervals_hold_exact_effects() -> None:
    """At 1,000 futures, at least 43 of 50 intervals hold the exact effect; those of a null factor hold 0."""
    shares, explained = exact()
    inside = np.zeros(5)
    for seed in range(50):
        draws, values = sample(seed, 1000)
        estimate = effects(draws, values, SINGLE, seed)
        for i, (effect, share) in enumerate(
            zip((*estimate.effects, estimate.explained), (*shares, explained), strict=True)
        ):
            inside[i] += effect.low <= share + 1e-12 and share - 1e-12 <= effect.high
    assert (inside >= 43).all()
    assert inside[3] >= 48


def test_a_product_is_divided_between_its_factors() -> None:
    """The variance of a product of two independent factors is shared equally; alone, neither explains anything."""
    rng = np.random.default_rng(2)
    draws = rng.normal(size=(8000, 3))
    estimate = effects(draws, draws[:, 0] * draws[:, 1], [[0], [1], [2]])
    assert values_of(estimate) == pytest.approx([0.5, 0.5, 0.0], abs=0.01)


def test_a_curve_is_explained() -> None:
    """An effect that is not a line counts in full."""
    rng = np.random.default_rng(3)
    draws = rng.uniform(-1.0, 1.0, size=(4000, 2))
    values = draws[:, 0] ** 2 / np.sqrt(4 / 45) + rng.normal(size=4000)
    assert values_of(effects(draws, values, [[0], [1]])) == pytest.approx([0.5, 0.0], abs=0.03)


def test_many_columns_can_be_one_factor() -> None:
    """The rest of the assumptions as one factor has the sum of their effects, if independent of the others."""
    rng = np.random.default_rng(4)
    draws = rng.normal(size=(4000, 30))
    values = draws[:, 0] + draws[:, 1:10].sum(axis=1) / 3.0
    estimate = effects(draws, values, [[0], list(range(1, 30))])
    assert values_of(estimate) == pytest.approx([0.5, 0.5], abs=0.02)


def test_the_same_seed_gives_the_same_interval() -> None:
    """Another seed changes intervals and not estimates."""
    draws, values = sample(1, 512)
    first, again, other = (effects(draws, values, SINGLE, seed) for seed in (1, 1, 2))
    assert first == again
    assert first.effects[0] != other.effects[0]
    assert values_of(first) == values_of(other)


def test_impossible_questions_are_refused() -> None:
    """Too many factors, and numbers that are not finite; a constant result has no effects."""
    draws, values = sample(1, 64)
    with pytest.raises(ValueError, match=f"9 factors; expected 1 to {MAX_FACTORS}"):
        effects(np.ones((64, 9)), values, [[i] for i in range(9)])
    broken = values.copy()
    broken[3] = np.inf
    with pytest.raises(ValueError, match="values has values that are not finite"):
        effects(draws, broken, SINGLE)
    assert np.isnan(values_of(effects(draws, np.ones(64), SINGLE))).all()


def test_assumptions_without_a_range_explain_nothing() -> None:
    """A factor that is the same in all futures has the effect 0, alone and next to others."""
    draws, values = sample(1, 512)
    draws[:, 3] = 7.0
    assert effects(draws, values, SINGLE).effects[3].value == pytest.approx(0.0, abs=1e-12)
    assert values_of(effects(draws, values, [[3]])) == pytest.approx([0.0], abs=1e-12)
