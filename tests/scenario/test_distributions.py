"""Distributions: quantiles, construction from stated values, and truncation."""

from collections.abc import Callable
from math import exp, inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from octoplan.errors import DistributionError
from octoplan.scenario.distributions import (
    FROM_QUANTILES,
    Distribution,
    Fixed,
    Floats,
    Triangular,
    Uniform,
    beta,
    discrete,
    gamma,
    lognormal,
    normal,
    pert,
    truncate,
)

P10_AND_P90 = np.array([0.1, 0.9])
PROBABILITIES = np.linspace(0.001, 0.999, 199)

magnitudes = st.floats(-4, 6).map(lambda x: 10**x)
ratios = st.floats(1.01, 100)


def check_quantiles(distribution: Distribution) -> None:
    """Check that quantiles are finite and monotone, and that the cdf is their inverse."""
    values = distribution.quantile(PROBABILITIES)
    assert np.isfinite(values).all()
    assert (np.diff(values) >= 0).all()
    for probability, value in zip(PROBABILITIES[::33], values[::33], strict=True):
        assert distribution.cdf(float(value)) == pytest.approx(probability, abs=1e-6)


@given(low=magnitudes, ratio=ratios, kind=st.sampled_from(["normal", "lognormal", "gamma"]))
def test_p10_and_p90_are_reproduced(low: float, ratio: float, kind: str) -> None:
    """A normal, lognormal or gamma distribution has the stated P10 and P90."""
    distribution = FROM_QUANTILES[kind](low, low * ratio)
    assert distribution.quantile(P10_AND_P90) == pytest.approx([low, low * ratio], rel=1e-6)
    check_quantiles(distribution)


@given(
    ends=st.tuples(st.floats(0.001, 0.999), st.floats(0.001, 0.999))
    .map(sorted)
    .filter(lambda ends: ends[1] - ends[0] > 1e-3)
)
def test_p10_and_p90_of_a_beta_are_reproduced(ends: list[float]) -> None:
    """A beta distribution has the stated P10 and P90, and its values are between 0 and 1."""
    distribution = beta(*ends)
    assert distribution.quantile(P10_AND_P90) == pytest.approx(ends, rel=1e-6)
    values = distribution.quantile(PROBABILITIES)
    assert 0 <= values.min() <= values.max() <= 1
    assert (np.diff(values) >= 0).all()


@given(low=st.floats(-1e3, 1e3), width=st.floats(0.1, 1e3), mode=st.floats(0, 1))
def test_minimum_mode_and_maximum_are_reproduced(low: float, width: float, mode: float) -> None:
    """Triangular and PERT distributions have the stated minimum and maximum, and the largest density at the mode."""
    middle, high = low + mode * width, low + width
    for construct in (Triangular, pert):
        distribution: Distribution = construct(low, middle, high)
        ends = distribution.quantile(np.array([0.0, 1.0]))
        assert ends == pytest.approx([low, high])
        check_quantiles(distribution)
        if not 0.05 < mode < 0.95:
            continue
        step = width * 0.001
        around = [distribution.cdf(x + step) - distribution.cdf(x - step) for x in np.linspace(low, high, 41)[1:-1]]
        assert distribution.cdf(middle + step) - distribution.cdf(middle - step) >= 0.98 * max(around)


def test_quantiles_agree_with_an_independent_implementation() -> None:
    """Each distribution has the quantiles of the scipy implementation."""
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
        assert distribution.quantile(PROBABILITIES) == pytest.approx(quantile(PROBABILITIES), rel=1e-10)


def test_a_pert_has_its_published_mean() -> None:
    """PERT's mean is (low + 4 mode + high) / 6 (Malcolm et al. 1959)."""
    probabilities = (np.arange(200_000) + 0.5) / 200_000
    assert pert(2, 3, 9).quantile(probabilities).mean() == pytest.approx((2 + 4 * 3 + 9) / 6, rel=1e-4)


def test_values_of_a_list_are_drawn_by_weight() -> None:
    """The values of a discrete distribution, in any order, have probabilities in proportion to their weights."""
    distribution = discrete([9, 1, 5], [1, 2, 1])
    probabilities = (np.arange(4000) + 0.5) / 4000
    values, counts = np.unique(distribution.quantile(probabilities), return_counts=True)
    assert values.tolist() == [1, 5, 9]
    assert counts.tolist() == [2000, 1000, 1000]
    assert [distribution.cdf(x) for x in (0.9, 1, 5, 9)] == [0.0, 0.5, 0.75, 1.0]


def test_a_fixed_number_is_the_same_in_every_future() -> None:
    """All quantiles of a fixed number are the number."""
    assert (Fixed(7.5).quantile(PROBABILITIES) == 7.5).all()


@pytest.mark.parametrize("kind", ["lognormal", "gamma", "beta"])
def test_a_positive_distribution_refuses_a_p10_of_zero(kind: str) -> None:
    """Distributions of values above 0 refuse a P10 of 0."""
    with pytest.raises(DistributionError, match=r"above 0|between 0 and 1"):
        FROM_QUANTILES[kind](0.0, 0.5)


def test_a_truncated_distribution_is_the_conditional_distribution() -> None:
    """A truncated distribution is the distribution conditional on the permitted range."""
    distribution = normal(1.0, 7.0)
    outside = distribution.cdf(0.0)
    with pytest.raises(DistributionError, match=r"% of the distribution lies outside"):
        truncate(distribution, 0.0, inf)
    distribution = normal(2.2, 7.0)
    outside = distribution.cdf(0.0)
    assert 0 < outside < 0.01
    truncated = truncate(distribution, 0.0, inf)
    assert truncated.quantile(PROBABILITIES) == pytest.approx(
        distribution.quantile(outside + PROBABILITIES * (1 - outside))
    )
    assert truncated.quantile(np.array([1e-300])).min() >= 0.0
    check_quantiles(truncated)


def test_a_distribution_inside_its_range_is_unchanged() -> None:
    """A distribution whose values are all in the permitted range is not truncated."""
    distribution = gamma(1, 3)
    assert truncate(distribution, 0.0, inf) is distribution
