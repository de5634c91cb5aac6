"""Logarithm, exponential, power and normal quantile against the standard library and scipy."""

import math

import numpy as np
import pytest
from scipy.special import ndtri

from octoplan.campaign import arithmetic
from octoplan.campaign.compiled import entry
from octoplan.scenario.arrays import Floats

CLOSE = 1e-15


@entry
def logs(x: Floats) -> Floats:
    return np.array([arithmetic.log(v) for v in x])


@entry
def exps(x: Floats) -> Floats:
    return np.array([arithmetic.exp(v) for v in x])


@entry
def powers(x: Floats, y: float) -> Floats:
    return np.array([arithmetic.power(v, y) for v in x])


@entry
def quantiles(u: Floats) -> Floats:
    return np.array([arithmetic.normal_quantile(v) for v in u])


def error(value: Floats, exact: Floats) -> float:
    """Largest difference, relative to the exact values."""
    return float(np.max(np.abs(value - exact) / np.where(exact == 0.0, 1.0, np.abs(exact))))


def spread(low: float, high: float, count: int, seed: int) -> Floats:
    return np.random.default_rng(seed).uniform(low, high, count)


def test_logarithm() -> None:
    """Within 1e-15 of the library's, from the smallest normal number to the largest and on both sides of 1."""
    x = np.concatenate(
        [
            np.exp(spread(-708.0, 709.0, 100_000, 1)),
            spread(0.4, 2.9, 100_000, 2),
            1.0 + spread(-1e-3, 1e-3, 50_000, 3),
            1.0 + spread(-1e-12, 1e-12, 50_000, 4),
            [np.finfo(float).tiny, np.finfo(float).max, 1.0, 2.0, 0.5, 1.0 - 2.0**-53, 1.0 + 2.0**-52, 2.0**-54],
        ]
    )
    assert error(logs(x), np.array([math.log(v) for v in x])) < CLOSE
    assert logs(np.ones(1))[0] == 0.0


def test_exponential() -> None:
    """Within 1e-15 of the library's wherever that is a normal number; 0 below and infinite above."""
    x = np.concatenate([spread(-708.0, 709.0, 100_000, 5), spread(-2.0, 2.0, 100_000, 6), [0.0, -708.0, 709.0]])
    assert error(exps(x), np.array([math.exp(v) for v in x])) < CLOSE
    assert exps(np.array([0.0, -708.5, -1e300, 709.5, 1e300])).tolist() == [1.0, 0.0, 0.0, math.inf, math.inf]


@pytest.mark.parametrize("y", [-0.32, 0.5, 1.0, 2.5])
def test_power(y: float) -> None:
    """As exact as y log x allows: within 1e-15 (1 + |y log x|); 0 ** y is 0 and x ** 0 is 1."""
    x = np.exp(spread(-20.0, 20.0, 50_000, 7))
    exact = np.array([math.pow(v, y) for v in x])
    assert (np.abs(powers(x, y) - exact) <= CLOSE * (1.0 + np.abs(y * np.log(x))) * exact).all()
    assert powers(np.array([0.0, 3.0]), 0.0).tolist() == [1.0, 1.0]
    assert powers(np.zeros(1), 2.0)[0] == 0.0


def test_normal_quantile() -> None:
    """Within 4e-15 of scipy's, in the middle and in both tails down to the smallest uniform number; odd about 1/2."""
    tails = np.exp(spread(math.log(2.0**-54), math.log(0.5), 100_000, 8))
    u = np.concatenate([spread(0.0, 1.0, 100_000, 9), tails, 1.0 - tails[tails > 2.0**-52], [2.0**-54, 0.075, 0.925]])
    u = u[(u > 0.0) & (u < 1.0) & (np.abs(u - 0.5) > 1e-9)]
    assert error(quantiles(u), ndtri(u)) < 4e-15
    assert quantiles(np.array([0.5]))[0] == 0.0
    exact = np.arange(1, 1 << 12) / (1 << 12)
    assert np.array_equal(quantiles(exact), -quantiles(1.0 - exact))
    assert (np.diff(quantiles(np.sort(u))) >= -1e-15).all()
