"""Distributions, their quantiles, and rank correlations."""

from collections.abc import Callable
from math import exp, inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from octoplan.errors import DistributionError
from octoplan.scenario.distributions import (
    QUANTILED,
    Correlation,
    Distribution,
    Fixed,
    Floats,
    Triangular,
    Uniform,
    beta,
    copula,
    correlate,
    gamma,
    lognormal,
    normal,
    pert,
    steps,
    truncate,
)

ENDS = np.array([0.1, 0.9])
SHARES = np.linspace(0.001, 0.999, 199)

magnitudes = st.floats(-4, 6).map(lambda x: 10**x)
ratios = st.floats(1.01, 100)


def holds(distribution: Distribution) -> None:
    """Quantiles never fall, and the probability below a quantile is its share."""
    values = distribution.quantile(SHARES)
    assert np.isfinite(values).all()
    assert (np.diff(values) >= 0).all()
    for share, value in zip(SHARES[::33], values[::33], strict=True):
        assert distribution.below(float(value)) == pytest.approx(share, abs=1e-6)


@given(low=magnitudes, ratio=ratios, kind=st.sampled_from(["normal", "lognormal", "gamma"]))
def test_p10_and_p90_come_back(low: float, ratio: float, kind: str) -> None:
    """A normal, lognormal or gamma belief has the P10 and P90 it was stated with."""
    distribution = QUANTILED[kind](low, low * ratio)
    assert distribution.quantile(ENDS) == pytest.approx([low, low * ratio], rel=1e-6)
    holds(distribution)


@given(
    ends=st.tuples(st.floats(0.001, 0.999), st.floats(0.001, 0.999))
    .map(sorted)
    .filter(lambda ends: ends[1] - ends[0] > 1e-3)
)
def test_p10_and_p90_of_a_beta_come_back(ends: list[float]) -> None:
    """A beta belief has the P10 and P90 it was stated with, and lies between 0 and 1."""
    distribution = beta(*ends)
    assert distribution.quantile(ENDS) == pytest.approx(ends, rel=1e-6)
    values = distribution.quantile(SHARES)
    assert 0 <= values.min() <= values.max() <= 1
    assert (np.diff(values) >= 0).all()


@given(low=st.floats(-1e3, 1e3), width=st.floats(0.1, 1e3), mode=st.floats(0, 1))
def test_smallest_likeliest_and_largest_come_back(low: float, width: float, mode: float) -> None:
    """Triangular and PERT reach their ends, not beyond, and are densest at their mode."""
    middle, high = low + mode * width, low + width
    for kind in (Triangular, pert):
        distribution: Distribution = kind(low, middle, high)
        ends = distribution.quantile(np.array([0.0, 1.0]))
        assert ends == pytest.approx([low, high])
        holds(distribution)
        if not 0.05 < mode < 0.95:
            continue
        step = width * 0.001
        around = [distribution.below(x + step) - distribution.below(x - step) for x in np.linspace(low, high, 41)[1:-1]]
        assert distribution.below(middle + step) - distribution.below(middle - step) >= 0.98 * max(around)


def test_quantiles_agree_with_an_independent_implementation() -> None:
    """Each distribution has the quantiles that scipy's own implementation gives."""
    z = stats.norm.ppf(0.9)
    triangle = stats.triang((3 - 2) / 7, loc=2, scale=7)
    cases: list[tuple[Distribution, Callable[[Floats], Floats]]] = [
        (normal(5, 9), stats.norm(7, 2 / z).ppf),
        (lognormal(1, exp(2)), stats.lognorm(1 / z, scale=exp(1)).ppf),
        (Triangular(2, 3, 9), triangle.ppf),
        (pert(2, 3, 9), stats.beta(1 + 4 / 7, 1 + 24 / 7, loc=2, scale=7).ppf),
        (Uniform(2, 9), stats.uniform(2, 7).ppf),
    ]
    for distribution, quantile in cases:
        assert distribution.quantile(SHARES) == pytest.approx(quantile(SHARES), rel=1e-10)


def test_a_pert_has_its_published_mean() -> None:
    """PERT's mean is (low + 4 mode + high) / 6 (Malcolm et al. 1959)."""
    shares = (np.arange(200_000) + 0.5) / 200_000
    assert pert(2, 3, 9).quantile(shares).mean() == pytest.approx((2 + 4 * 3 + 9) / 6, rel=1e-4)


def test_a_list_draws_its_values_by_weight() -> None:
    """A discrete belief takes each value as often as its weight says, whatever their order."""
    distribution = steps([9, 1, 5], [1, 2, 1])
    shares = (np.arange(4000) + 0.5) / 4000
    values, counts = np.unique(distribution.quantile(shares), return_counts=True)
    assert values.tolist() == [1, 5, 9]
    assert counts.tolist() == [2000, 1000, 1000]
    assert [distribution.below(x) for x in (0.9, 1, 5, 9)] == [0.0, 0.5, 0.75, 1.0]


def test_a_known_number_is_the_same_in_every_future() -> None:
    """A fixed belief ignores its uniform."""
    assert (Fixed(7.5).quantile(SHARES) == 7.5).all()


@pytest.mark.parametrize("kind", ["lognormal", "gamma", "beta"])
def test_what_lies_above_zero_has_no_p10_at_zero(kind: str) -> None:
    """A distribution above 0 refuses a P10 of 0."""
    with pytest.raises(DistributionError, match=r"above 0|between 0 and 1"):
        QUANTILED[kind](0.0, 0.5)


def test_a_truncated_belief_is_the_conditional_distribution() -> None:
    """Inside the lawful range the distribution is the one stated, given that it lies inside."""
    inner = normal(1.0, 7.0)
    outside = inner.below(0.0)
    with pytest.raises(DistributionError, match=r"% of the distribution lies outside"):
        truncate(inner, 0.0, inf)
    inner = normal(2.2, 7.0)
    outside = inner.below(0.0)
    assert 0 < outside < 0.01
    cut = truncate(inner, 0.0, inf)
    assert cut.quantile(SHARES) == pytest.approx(inner.quantile(outside + SHARES * (1 - outside)))
    assert cut.quantile(np.array([1e-300])).min() >= 0.0
    holds(cut)


def test_what_lies_inside_is_left_as_it_is() -> None:
    """A distribution that cannot leave its lawful range is not touched."""
    inner = gamma(1, 3)
    assert truncate(inner, 0.0, inf) is inner


def correlation(a: str, b: str, rank: float) -> Correlation:
    return Correlation(a, b, rank, (), "", "correlations.csv", 2)


def spearman(a: Floats, b: Floats) -> float:
    return float(np.corrcoef(stats.rankdata(a), stats.rankdata(b))[0, 1])


@pytest.mark.parametrize("rank", [-0.9, -0.3, 0.5, 0.95])
def test_rank_correlations_are_reproduced(rank: float) -> None:
    """Spearman's correlation of the draws is the one stated, within 4 standard errors."""
    count = 40_000
    uniforms = np.random.default_rng(1).random((count, 3))
    joined = correlate(uniforms, *copula(("a", "b", "c"), [correlation("a", "c", rank)]))
    assert abs(spearman(joined[:, 0], joined[:, 2]) - rank) < 4 / sqrt(count)
    assert abs(spearman(joined[:, 0], joined[:, 1])) < 4 / sqrt(count)
    assert (joined[:, :2] == uniforms[:, :2]).mean() > 0.4  # b is untouched, and a leads
    assert stats.kstest(joined[:, 2], "uniform").pvalue > 1e-3


def test_three_beliefs_can_be_correlated_at_once() -> None:
    """Every pair of a correlated group keeps its own rank correlation."""
    pairs = [correlation("a", "b", 0.7), correlation("b", "c", -0.4), correlation("a", "c", -0.2)]
    uniforms = np.random.default_rng(2).random((40_000, 3))
    joined = correlate(uniforms, *copula(("a", "b", "c"), pairs))
    found = [spearman(joined[:, i], joined[:, j]) for i, j in ((0, 1), (1, 2), (0, 2))]
    assert found == pytest.approx([0.7, -0.4, -0.2], abs=0.02)


def test_draws_do_not_depend_on_the_batch() -> None:
    """A future's correlated uniforms are the same bits alone and among others."""
    uniforms = np.random.default_rng(3).random((101, 4))
    joint = copula(("a", "b", "c", "d"), [correlation("a", "b", 0.7), correlation("d", "b", 0.5)])
    together = correlate(uniforms, *joint)
    assert all(np.array_equal(together[i : i + 1], correlate(uniforms[i : i + 1], *joint)) for i in range(101))
