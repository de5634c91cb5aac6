"""Scoring rules compared with closed forms and brute force."""

import doctest
from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import nbinom, norm

from octoplan.raids import scoring_rules
from octoplan.raids.scoring_rules import crps, energy_score, log_score, pit

SMALL_ENSEMBLES = st.lists(st.integers(0, 50), min_size=1, max_size=8)


def test_docstring_examples() -> None:
    """The examples in the docstrings give the results shown."""
    assert doctest.testmod(scoring_rules, extraglobs={"np": np}).failed == 0


@given(SMALL_ENSEMBLES, st.integers(0, 60))
def test_crps_is_the_double_sum(ensemble: list[int], observed: int) -> None:
    """The CRPS is the mean distance from the observation less half the mean distance between pairs of draws."""
    distance = sum(abs(x - observed) for x in ensemble) / len(ensemble)
    difference = sum(abs(x - y) for x, y in product(ensemble, ensemble)) / len(ensemble) ** 2
    assert crps(np.array(ensemble, float), observed) == pytest.approx(distance - difference / 2, abs=1e-12)


@pytest.mark.parametrize("y", [-1.5, 0.0, 0.4, 3.0])
def test_crps_of_a_normal_distribution(y: float) -> None:
    """The CRPS of many normal quantiles is that of the normal distribution (Gneiting and Raftery 2007, section 4.2)."""
    m = 20_000
    exact = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / sqrt(np.pi)
    assert crps(norm.ppf((np.arange(m) + 0.5) / m), y) == pytest.approx(exact, abs=1e-4)


@pytest.mark.parametrize("y", [0.0, 0.7, 5.0])
def test_crps_of_an_exponential_distribution(y: float) -> None:
    """The CRPS of many exponential quantiles is that of the distribution: y - 2(1 - exp(-y)) + 1/2."""
    m = 20_000
    quantiles = -np.log1p(-(np.arange(m) + 0.5) / m)
    assert crps(quantiles, y) == pytest.approx(y - 2 * (1 - np.exp(-y)) + 0.5, abs=2e-4)


@given(SMALL_ENSEMBLES, st.integers(0, 60))
def test_energy_score_in_one_dimension_is_crps(ensemble: list[int], observed: int) -> None:
    """The energy score of one series is its CRPS."""
    draws = np.array(ensemble, float)
    score = energy_score(draws[:, None], np.array([float(observed)]))
    assert score == pytest.approx(crps(draws, observed), abs=1e-12)


def test_energy_score_is_the_double_sum() -> None:
    """The energy score includes all pairs of draws, also if the draws exceed one block."""
    ensemble, observed = np.random.default_rng(1).normal(size=(600, 2)), np.array([0.3, -1.0])
    distance = np.linalg.norm(ensemble - observed, axis=1).mean()
    difference = np.linalg.norm(ensemble[:, None] - ensemble[None], axis=2).mean()
    assert energy_score(ensemble, observed) == pytest.approx(distance - difference / 2, rel=1e-12)


def test_energy_score_is_sensitive_to_dependence() -> None:
    """Of two forecasts with equal marginal distributions, the forecast with the true dependence scores better."""
    rng = np.random.default_rng(2)
    common = rng.normal(size=(1500, 1))
    dependent = common + 0.3 * rng.normal(size=(1500, 2))
    independent = np.column_stack([dependent[:, 0], rng.permutation(dependent[:, 1])])
    scores = [[energy_score(draws[:400], y) for y in dependent[500:700]] for draws in (dependent, independent)]
    assert np.mean(scores[0]) < np.mean(scores[1])


@pytest.mark.parametrize("ensemble", [[0, 0, 0, 4, 6], [7] * 9, [0] * 9, [100, 150, 220, 400]])
def test_log_score_probabilities_sum_to_one(ensemble: list[int]) -> None:
    """The probabilities of the counts below 8,000 and of the Cauchy tail above them sum to 1."""
    probabilities = np.exp([-log_score(np.array(ensemble, float), k) for k in range(8000)])
    z = np.median(np.log(np.array(ensemble) + 0.5))
    beyond = (0.5 - np.arctan(np.log(8000) - z) / np.pi) / (len(ensemble) + 1)
    assert probabilities.sum() + beyond == pytest.approx(1, abs=1e-9)


def test_log_score_by_hand() -> None:
    """Two draws of 5 give a kernel within the interval of 5, with weight 2/3, and a Cauchy tail with weight 1/3."""
    z = np.log(5.5)
    tail = (np.arctan(np.log(6) - z) - np.arctan(np.log(5) - z)) / np.pi
    assert log_score(np.array([5.0, 5.0]), 5) == pytest.approx(-np.log((2 + tail) / 3), rel=1e-9)


def test_log_score_approaches_that_of_the_distribution() -> None:
    """The expected score of many draws exceeds the entropy by less than 0.04 nats."""
    distribution = nbinom(2.0, 2 / 152)
    counts = np.arange(3000)
    draws = distribution.rvs(size=4000, random_state=np.random.default_rng(5)).astype(float)
    scores = np.array([log_score(draws, float(k)) for k in counts])
    entropy = -distribution.pmf(counts) @ distribution.logpmf(counts)
    assert 0 < distribution.pmf(counts) @ scores - entropy < 0.04


def test_log_score_is_always_finite() -> None:
    """The score is finite for observed counts far from all draws."""
    assert np.isfinite(log_score(np.zeros(100), 1e6))
    assert np.isfinite(log_score(np.full(100, 1e6), 0))


def test_pit_by_hand() -> None:
    """Two draws below, three equal draws and u = 1/2 give (2 + 4/2)/(9 + 1)."""
    assert pit(np.array([0, 1, 2, 2, 2, 5, 6, 7, 8.0]), 2, 0.5) == pytest.approx(0.4)
