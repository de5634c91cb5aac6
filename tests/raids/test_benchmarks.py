"""Benchmark forecasters: days that are drawn, fitted trends, and exponential smoothing."""

from math import exp, log

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import digamma
from scipy.stats import nbinom

from octoplan.raids.benchmarks import (
    MAX_PER_DAY,
    Climatology,
    ExponentialSmoothing,
    NegativeBinomialTrend,
    ResampledDays,
    Trend,
    benchmarks,
    fit_trend,
    has_statsmodels,
)
from octoplan.raids.score import Forecaster
from octoplan.scenario.arrays import Ints

PAIRED_DAYS = np.column_stack([np.arange(100, 200), 1000 + np.arange(100, 200)])
"""A hundred days with distinct numbers of drones; the missiles of each day are its drones plus 1,000."""


def counts_with_trend(n: int, level: float, slope: float, r: float, seed: int) -> Ints:
    """Counts of n days with a log-linear trend, whose log mean is ``level`` on the last day."""
    mean = np.exp(level + slope * np.arange(1 - n, 1))
    counts: Ints = np.random.default_rng(seed).negative_binomial(r, r / (r + mean))
    return counts


def name_of(forecaster: Forecaster) -> str:
    return forecaster.name


FORECASTERS = [*benchmarks(), Climatology(50), NegativeBinomialTrend(400)]


@pytest.mark.parametrize("forecaster", FORECASTERS, ids=name_of)
def test_futures_are_counts_that_depend_on_the_seed(forecaster: Forecaster) -> None:
    """Futures are non-negative integers of the expected shape, equal for equal seeds and different for other seeds."""
    counts = np.column_stack([counts_with_trend(400, 5, 0, 2, 1), counts_with_trend(400, 1, 0, 0.3, 2)])
    before = counts.copy()
    paths = forecaster.paths(counts, 12, 30, 5)
    assert paths.shape == (30, 12, 2)
    assert paths.dtype == np.int64
    assert (paths >= 0).all()
    assert np.array_equal(paths, forecaster.paths(counts, 12, 30, 5))
    assert not np.array_equal(paths, forecaster.paths(counts, 12, 30, 6))
    assert np.array_equal(before, counts)


def test_benchmarks_have_distinct_names() -> None:
    """Benchmarks have distinct names; exponential smoothing is included only if statsmodels is installed."""
    names = [forecaster.name for forecaster in benchmarks()]
    assert len(set(names)) == len(names)
    assert any(isinstance(forecaster, ExponentialSmoothing) for forecaster in benchmarks()) == has_statsmodels()
    assert {"climatology", "last 28 days", "last 90 days"} <= set(names)


@pytest.mark.parametrize("forecaster", [Climatology(), Climatology(40), ResampledDays(28)], ids=name_of)
def test_drones_and_missiles_are_drawn_jointly(forecaster: Forecaster) -> None:
    """The drones and the missiles of a simulated day are from the same day of the record."""
    paths = forecaster.paths(PAIRED_DAYS, 9, 200, 1)
    assert (paths[..., 1] - paths[..., 0] == 1000).all()


def test_resampled_days_are_from_the_last_days() -> None:
    """Days are drawn from the last 28 with equal probability, and successive days are independent."""
    index = ResampledDays(28).paths(PAIRED_DAYS, 50, 2000, 2)[..., 0] - 172
    frequency = np.bincount(index.ravel(), minlength=28)
    assert (index.min(), index.max()) == (0, 27)
    assert abs(frequency - 100_000 / 28).max() < 5 * np.sqrt(100_000 / 28)
    assert abs(np.corrcoef(index[:, 0], index[:, 1])[0, 1]) < 4 / np.sqrt(2000)


def test_resampling_a_short_record_uses_all_of_it() -> None:
    """All days of a record shorter than the requested number are used."""
    assert set(ResampledDays(28).paths(PAIRED_DAYS[:3], 50, 20, 1)[..., 0].ravel()) == {100, 101, 102}


def test_climatology_preserves_successive_days() -> None:
    """Futures of climatology are consecutive days of the circular record, from a random first day."""
    index = Climatology().paths(PAIRED_DAYS, 150, 3000, 3)[..., 0] - 100
    assert (np.diff(index, axis=1) % 100 == 1).all()
    assert set(index[:, 0]) == set(range(100))
    assert set(Climatology(10).paths(PAIRED_DAYS, 1, 500, 3)[..., 0].ravel()) == set(range(190, 200))


@pytest.mark.parametrize("forecaster", FORECASTERS[:5], ids=name_of)
def test_an_empty_record_has_no_forecast(forecaster: Forecaster) -> None:
    """An empty record, and a period of zero days, are errors."""
    with pytest.raises(ValueError, match="no days to forecast from"):
        forecaster.paths(PAIRED_DAYS[:0], 7, 10, 1)
    with pytest.raises(ValueError, match="the last 0 of 100 days"):
        ResampledDays(0).paths(PAIRED_DAYS, 7, 10, 1)


@pytest.mark.parametrize(("level", "slope", "r"), [(5.0, 0.004, 2.0), (3.0, -0.003, 0.5), (1.0, 0.0, 0.2)])
def test_a_known_trend_is_recovered(level: float, slope: float, r: float) -> None:
    """The mean of each estimate over 60 records is the true parameter, within four standard errors.

    The estimate of log r has a known small-sample bias of order 1/n, for which a hundredth is allowed.
    """
    fits = [fit_trend(counts_with_trend(730, level, slope, r, seed)) for seed in range(60)]
    for estimates, true_value, bias in (
        ([fit.level for fit in fits], level, 0.0),
        ([fit.slope for fit in fits], slope, 0.0),
        ([log(fit.r) for fit in fits], log(r), 0.01),
    ):
        assert abs(np.mean(estimates) - true_value) < 4 * np.std(estimates, ddof=1) / np.sqrt(60) + bias


def test_a_known_maximum_likelihood_estimate() -> None:
    """Counts that are symmetric in time have a slope of 0, the sample mean, and the r that solves the score equation.

    Σ ψ(y + r) - nψ(r) - n log(1 + m/r) = 0 at the sample mean m (Cameron and Trivedi 2013, section 3.3).
    """
    first_half = np.array([3, 40, 7, 0, 22, 15, 90, 4, 11, 28])
    counts = np.concatenate([first_half, first_half[::-1]])
    mean, n = counts.mean(), len(counts)

    def score_equation(r: float) -> float:
        return float(digamma(counts + r).sum() - n * digamma(r) - n * np.log1p(mean / r))

    fit = fit_trend(counts)
    assert fit.slope == pytest.approx(0, abs=1e-5)
    assert fit.means(1)[0] == pytest.approx(mean, rel=1e-3)
    assert exp(fit.level - 9.5 * fit.slope) == pytest.approx(mean, rel=1e-4)
    assert fit.r == pytest.approx(brentq(score_equation, 1e-2, 1e2), rel=1e-3)


def test_the_fit_has_the_largest_likelihood() -> None:
    """Parameters near the fit have a smaller likelihood, computed with the negative binomial distribution of scipy."""
    counts = counts_with_trend(300, 4, 0.005, 1.5, 4)

    def log_likelihood(trend: Trend) -> float:
        mean = np.exp(trend.level + trend.slope * np.arange(-299, 1))
        return float(nbinom.logpmf(counts, trend.r, trend.r / (trend.r + mean)).sum())

    fit = fit_trend(counts)
    for level, slope, ratio in (
        (0.01, 0, 1), (-0.01, 0, 1), (0, 1e-4, 1), (0, -1e-4, 1), (0, 0, 1.01), (0, 0, 0.99),
    ):  # fmt: skip
        neighbour = Trend(fit.level + level, fit.slope + slope, fit.r * ratio)
        assert log_likelihood(neighbour) < log_likelihood(fit)


def test_counts_without_overdispersion_have_a_large_r() -> None:
    """The r fitted to Poisson counts is large, and forecasts from a record of zeros are almost all zero."""
    assert fit_trend(np.random.default_rng(1).poisson(50, 400)).r > 100
    paths = NegativeBinomialTrend(60).paths(np.zeros((60, 2), np.int64), 30, 100, 1)
    assert paths.sum() <= 100 * 30 * 2 * exp(-5)


def test_a_trend_continues_after_the_origin() -> None:
    """The log mean of day d after the origin is level + slope·d, and the mean is at most the maximum."""
    assert Trend(5.0, 0.01, 2.0).means(3) == pytest.approx(np.exp([5.01, 5.02, 5.03]))
    assert Trend(5.0, 1.0, 2.0).means(90).max() == pytest.approx(MAX_PER_DAY)


def test_simulated_days_have_the_moments_of_the_trend() -> None:
    """Days have the mean and the variance mean + mean²/r of the fit, within four standard errors of at most 0.25 %."""
    draws = 20_000
    counts = np.column_stack([counts_with_trend(365, 5, 0.004, 2, 1)] * 2)
    fit, paths = fit_trend(counts[:, 0]), NegativeBinomialTrend(365).paths(counts, 30, draws, 1).astype(float)
    mean = fit.means(30)[:, None]
    variance = mean + mean**2 / fit.r
    standardised = (paths - mean) / np.sqrt(variance)
    squares = standardised**2
    for values, expected in ((standardised * np.sqrt(variance) / mean, 0.0), (squares, 1.0)):
        error = values.std() / np.sqrt(values.size)
        assert error < 0.0025
        assert abs(values.mean() - expected) < 4 * error


@pytest.mark.skipif(has_statsmodels(), reason="statsmodels is installed")
def test_exponential_smoothing_without_statsmodels() -> None:
    """Without statsmodels, exponential smoothing is no benchmark, and its error names the extra to install."""
    with pytest.raises(RuntimeError, match=r"octoplan\[score\]"):
        ExponentialSmoothing().paths(PAIRED_DAYS, 7, 10, 1)
    assert not any(isinstance(forecaster, ExponentialSmoothing) for forecaster in benchmarks())


@pytest.mark.skipif(not has_statsmodels(), reason="needs statsmodels")
def test_exponential_smoothing_of_a_constant_is_that_constant() -> None:
    """After days with constant drones and missiles every future has the same constants."""
    counts = np.column_stack([np.full(100, 144), np.full(100, 9)])
    assert np.array_equal(ExponentialSmoothing().paths(counts, 7, 50, 1), np.broadcast_to([144, 9], (50, 7, 2)))


@pytest.mark.skipif(not has_statsmodels(), reason="needs statsmodels")
def test_exponential_smoothing_follows_the_level() -> None:
    """The median square root of forecasts is within four standard errors of the mean square root of the counts."""
    counts = np.column_stack([counts_with_trend(400, 5, 0, 10, 1), counts_with_trend(400, 3, 0, 10, 2)])
    roots = np.sqrt(counts)
    paths = ExponentialSmoothing().paths(counts, 7, 4000, 1)
    error = 4 * roots.std(axis=0) * np.sqrt(1 / 400 + np.pi / 2 / 28_000)
    assert (abs(np.median(np.sqrt(paths), axis=(0, 1)) - roots.mean(axis=0)) < error).all()
