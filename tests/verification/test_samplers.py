"""Samplers, compared with their distributions: mean and variance to 1 %, and goodness of fit."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from octoplan.campaign import streams as s
from octoplan.campaign.compiled import entry
from octoplan.campaign.engagements import engagement_time
from octoplan.scenario.arrays import Floats, Ints, StreamKeys
from tests.verification.harness import assert_mean, streams

DRAWS = 1_000_000
GAMMA, BETA, DURATION, ENGAGEMENT = range(4)
POISSON, BINOMIAL = range(2)


@entry
def draw(keys: StreamKeys, law: int, a: float, b: float, out: Floats) -> None:
    """Fill ``out`` with independent draws from a continuous distribution, one per future."""
    key = s.key_of(keys, 0, 0)
    for i in range(out.shape[0]):
        if law == GAMMA:
            out[i] = s.gamma(key, i, 3, 5, a)
        elif law == BETA:
            out[i] = s.beta(key, i, 3, a, b)
        elif law == DURATION:
            out[i] = s.duration(key, i, 3, 5, a, b)
        else:
            out[i] = engagement_time(key, i, 3, 5, 64, a, b)[0]


@entry
def draw_counts(keys: StreamKeys, law: int, n: int, p: float, out: Ints) -> None:
    """Fill ``out`` with independent draws from a discrete distribution, one per future."""
    key = s.key_of(keys, 0, 0)
    for i in range(out.shape[0]):
        out[i] = s.poisson(key, i, 3, 5, p) if law == POISSON else s.binomial(key, i, 3, 5, n, p)


def samples_of(seed: int, law: int, a: float, b: float = 0.0) -> Floats:
    out = np.empty(DRAWS)
    draw(streams(seed), law, a, b, out)
    return out


def assert_distribution(samples: Floats, law: Any) -> None:
    """Assert that mean, variance and distribution of the samples are those of the law."""
    assert_mean(samples, float(law.mean()))
    assert_mean((samples - law.mean()) ** 2, float(law.var()))
    assert stats.kstest(samples[:100_000], law.cdf).pvalue > 0.001


def assert_frequencies(samples: NDArray[np.int64], law: Any) -> None:
    """Assert that mean, variance and frequencies of the samples are those of the law; rare values are pooled."""
    assert_mean(samples, float(law.mean()))
    assert_mean((samples - law.mean()) ** 2, float(law.var()))
    low, high = int(law.ppf(1e-4)), int(law.ppf(1 - 1e-4))
    expected_counts = len(samples) * np.array([law.cdf(low), *law.pmf(np.arange(low + 1, high)), law.sf(high - 1)])
    observed = np.bincount(np.clip(samples, low, high) - low, minlength=high - low + 1)
    assert stats.chisquare(observed, expected_counts).pvalue > 0.001


@pytest.mark.parametrize("shape", [1.0, 2.3, 40.0])
def test_gamma(shape: float) -> None:
    """Gamma numbers of scale 1 have the exact distribution."""
    assert_distribution(samples_of(151, GAMMA, shape), stats.gamma(shape))


@pytest.mark.parametrize("shape", [0.05, 0.5])
def test_gamma_of_small_shape(shape: float) -> None:
    """Gamma numbers of shape below 1 have the exact distribution."""
    assert stats.kstest(samples_of(152, GAMMA, shape)[:100_000], stats.gamma(shape).cdf).pvalue > 0.001


def test_gamma_of_shape_zero() -> None:
    """A shape of 0 is the constant 0."""
    assert not samples_of(153, GAMMA, 0.0)[:1000].any()


@pytest.mark.parametrize(("mean", "correlation"), [(0.4, 0.03), (0.5, 0.3)])
def test_beta(mean: float, correlation: float) -> None:
    """A beta of mean m and intra-class correlation r has parameters m (1/r - 1) and (1 - m) (1/r - 1)."""
    weight = 1.0 / correlation - 1.0
    assert_distribution(samples_of(154, BETA, mean, correlation), stats.beta(mean * weight, (1 - mean) * weight))


@pytest.mark.parametrize(("mean", "correlation"), [(0.3, 0.0), (0.0, 0.2), (1.0, 0.2)])
def test_beta_without_spread(mean: float, correlation: float) -> None:
    """Without correlation, or with a mean of 0 or 1, every draw equals the mean."""
    assert (samples_of(155, BETA, mean, correlation)[:1000] == mean).all()


@pytest.mark.parametrize("law", [DURATION, ENGAGEMENT])
@pytest.mark.parametrize("cv", [0.4, 1.0])
def test_times(law: int, cv: float) -> None:
    """Durations and engagement times are gamma distributed with the given mean and cv, exponential at cv 1."""
    assert_distribution(samples_of(156 + law, law, 6.0, cv), stats.gamma(1 / cv**2, scale=6.0 * cv**2))


@pytest.mark.parametrize("law", [DURATION, ENGAGEMENT])
def test_times_without_spread(law: int) -> None:
    """At cv 0 every time equals the mean."""
    assert (samples_of(159, law, 6.0, 0.0)[:1000] == 6.0).all()


def test_wide_engagement_times() -> None:
    """Engagement times with a cv above 1 use the sampler for small shapes and are gamma distributed."""
    law = stats.gamma(1 / 2.25, scale=6.0 * 2.25)
    assert stats.kstest(samples_of(160, ENGAGEMENT, 6.0, 1.5)[:100_000], law.cdf).pvalue > 0.001


@pytest.mark.parametrize("mean", [3.0, 16.0, 90.0])
def test_poisson(mean: float) -> None:
    """Poisson numbers with means below and above 16, the largest mean that is drawn at once."""
    out = np.empty(DRAWS, np.int64)
    draw_counts(streams(161), POISSON, 0, mean, out)
    assert_frequencies(out, stats.poisson(mean))


@pytest.mark.parametrize(("trials", "p"), [(20, 0.3), (64, 0.9), (500, 0.1)])
def test_binomial(trials: int, p: float) -> None:
    """Binomial numbers drawn at once and in parts, with p below and above one half."""
    out = np.empty(DRAWS, np.int64)
    draw_counts(streams(162), BINOMIAL, trials, p, out)
    assert_frequencies(out, stats.binom(trials, p))


@pytest.mark.parametrize(("trials", "p", "constant"), [(7, 0.0, 0), (7, 1.0, 7), (0, 0.4, 0)])
def test_binomial_without_randomness(trials: int, p: float, constant: int) -> None:
    """Binomial numbers with no trials, p = 0 or p = 1 are constant."""
    out = np.empty(100, np.int64)
    draw_counts(streams(163), BINOMIAL, trials, p, out)
    assert (out == constant).all()
