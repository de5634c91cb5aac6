"""Quantiles and means, and their standard errors."""

from itertools import product
from math import inf, isnan, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from octoplan.outcomes.intervals import interval, probability_interval, quantile_error, quantile_rank


def test_quantiles_and_mean_of_known_values() -> None:
    """For 0 to 100, P10, P50 and P90 are 10, 50 and 90, the mean is 50 and its standard error sd/sqrt(n)."""
    result = interval(np.arange(101.0))
    assert (result.p10, result.p50, result.p90, result.mean, result.futures) == (10, 50, 90, 50, 101)
    assert result.se_mean == pytest.approx(np.arange(101).std(ddof=1) / sqrt(101), rel=1e-12)


@pytest.mark.parametrize(("n", "q"), [(2, 0.5), (3, 0.5), (4, 0.9), (5, 0.1)])
def test_quantile_error_is_the_exact_bootstrap(n: int, q: float) -> None:
    """The standard error of a quantile is the standard deviation of the order statistic over all resamples."""
    data = np.array([1.0, 2.0, 4.0, 8.0, 16.0])[:n]
    resampled = [sorted(sample)[quantile_rank(n, q) - 1] for sample in product(data, repeat=n)]
    assert quantile_error(data, q) == pytest.approx(float(np.std(resampled)), rel=1e-12)


def test_error_of_the_median_of_normals() -> None:
    """The standard error of a median agrees with 1.2533 sd/sqrt(n), within sampling error."""
    draws = np.random.default_rng(7).standard_normal((400, 400))
    claimed = np.mean([interval(row).se_p50 for row in draws])
    observed = np.std([interval(row).p50 for row in draws], ddof=1)
    assert claimed == pytest.approx(sqrt(np.pi / 2) / 20, rel=0.08)
    assert claimed == pytest.approx(observed, rel=4 / sqrt(2 * 400))


def test_never_is_beyond_the_horizon() -> None:
    """Never is later than all months, and no quantile is interpolated between a month and never."""
    result = interval(np.array([3.0, 5.0, 7.0, inf]), ordinal=True)
    assert (result.p10, result.p50, result.p90, result.mean) == (3, 5, inf, inf)
    assert isnan(result.se_mean)
    assert isnan(result.se_p90)


def test_undefined_futures_are_excluded() -> None:
    """Futures with an undefined value are excluded, and the number of the other futures is given."""
    result = interval(np.array([nan, 2.0, 4.0]))
    assert (result.p50, result.mean, result.futures) == (3, 3, 2)
    assert interval(np.array([nan, nan])).futures == 0


@given(st.floats(-1e6, 1e6), st.integers(2, 40))
def test_a_constant_has_no_error(value: float, n: int) -> None:
    """A constant has standard error 0, whatever its rounding."""
    result = interval(np.full(n, value))
    assert (result.p50, result.se_mean, result.se_p10, result.se_p50, result.se_p90) == (value, 0, 0, 0, 0)


@given(arrays(np.float64, st.integers(2, 60), elements=st.floats(-1e3, 1e3)))
def test_quantiles_are_in_order_and_inside(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> None:
    """P10 <= P50 <= P90, all within the range of the values, and no standard error is negative."""
    result = interval(values)
    assert values.min() <= result.p10 <= result.p50 <= result.p90 <= values.max()
    assert min(result.se_mean, result.se_p10, result.se_p50, result.se_p90) >= 0


def test_a_chance_has_the_binomial_error() -> None:
    """A chance of 1 in 4 from 16 futures has the standard error sqrt(3/16/16), and no quantiles."""
    result = probability_interval(np.repeat([1.0, 0.0], [4, 12]))
    assert (result.mean, result.se_mean) == (0.25, sqrt(0.25 * 0.75 / 16))
    assert isnan(result.p50)


def test_infinite_values_have_an_infinite_mean_and_no_error() -> None:
    """The mean is inf with inf, -inf with -inf, and undefined with both; a constant inf has no standard error."""
    assert interval(np.array([1.0, inf])).mean == inf
    assert interval(np.array([-inf, 1.0])).mean == -inf
    assert isnan(interval(np.array([-inf, 1.0, inf])).mean)
    never = interval(np.array([inf, inf, inf]), ordinal=True)
    assert (never.p10, never.p90, never.mean, never.futures) == (inf, inf, inf, 3)
    assert isnan(never.se_p50)


def test_a_quantile_far_from_all_other_values_has_no_error() -> None:
    """The error is exactly 0 if all values that the order statistic can take are equal."""
    values = np.array([4.0] * 400 + [5.0] * 3)
    assert quantile_error(values, 0.5) == 0.0
    assert quantile_error(values, 0.99) > 0.0
