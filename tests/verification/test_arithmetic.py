"""Logarithm, exponential, power and normal quantile, compared with the standard library and scipy."""

import math

import numpy as np
import pytest
from scipy.special import ndtri

from octoplan.campaign import arithmetic
from octoplan.campaign.compiled import entry
from octoplan.scenario.arrays import Floats

TOLERANCE = 1e-15


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


def largest_relative_error(value: Floats, exact: Floats) -> float:
    """Largest difference, relative to the exact values."""
    return float(np.max(np.abs(value - exact) / np.where(exact == 0.0, 1.0, np.abs(exact))))


def uniform_numbers(low: float, high: float, count: int, seed: int) -> Floats:
    return np.random.default_rng(seed).uniform(low, high, count)


def test_logarithm() -> None:
    """Accurate to 1e-15 relative to the standard library, over all normal numbers and near 1."""
    x = np.concatenate(
        [
            np.exp(uniform_numbers(-708.0, 709.0, 100_000, 1)),
            uniform_numbers(0.4, 2.9, 100_000, 2),
            1.0 + uniform_numbers(-1e-3, 1e-3, 50_000, 3),
            1.0 + uniform_numbers(-1e-12, 1e-12, 50_000, 4),
            [np.finfo(float).tiny, np.finfo(float).max, 1.0, 2.0, 0.5, 1.0 - 2.0**-53, 1.0 + 2.0**-52, 2.0**-54],
        ]
    )
    assert largest_relative_error(logs(x), np.array([math.log(v) for v in x])) < TOLERANCE
    assert logs(np.ones(1))[0] == 0.0


def test_exponential() -> None:
    """Accurate to 1e-15 if the result is a normal number; 0 below that range and infinite above it."""
    x = np.concatenate(
        [uniform_numbers(-708.0, 709.0, 100_000, 5), uniform_numbers(-2.0, 2.0, 100_000, 6), [0.0, -708.0, 709.0]]
    )
    assert largest_relative_error(exps(x), np.array([math.exp(v) for v in x])) < TOLERANCE
    assert exps(np.array([0.0, -708.5, -1e300, 709.5, 1e300])).tolist() == [1.0, 0.0, 0.0, math.inf, math.inf]


@pytest.mark.parametrize("y", [-0.32, 0.5, 1.0, 2.5])
def test_power(y: float) -> None:
    """Relative error of at most 1e-15 (1 + |y log x|); 0 ** y is 0, and x ** 0 is 1."""
    x = np.exp(uniform_numbers(-20.0, 20.0, 50_000, 7))
    exact = np.array([math.pow(v, y) for v in x])
    assert (np.abs(powers(x, y) - exact) <= TOLERANCE * (1.0 + np.abs(y * np.log(x))) * exact).all()
    assert powers(np.array([0.0, 3.0]), 0.0).tolist() == [1.0, 1.0]
    assert powers(np.zeros(1), 2.0)[0] == 0.0


def test_normal_quantile() -> None:
    """Accurate to 4e-15 relative to scipy, in the centre and in both tails; odd about 1/2."""
    tails = np.exp(uniform_numbers(math.log(2.0**-54), math.log(0.5), 100_000, 8))
    u = np.concatenate(
        [uniform_numbers(0.0, 1.0, 100_000, 9), tails, 1.0 - tails[tails > 2.0**-52], [2.0**-54, 0.075, 0.925]]
    )
    u = u[(u > 0.0) & (u < 1.0) & (np.abs(u - 0.5) > 1e-9)]
    assert largest_relative_error(quantiles(u), ndtri(u)) < 4e-15
    assert quantiles(np.array([0.5]))[0] == 0.0
    exact = np.arange(1, 1 << 12) / (1 << 12)
    assert np.array_equal(quantiles(exact), -quantiles(1.0 - exact))
    assert (np.diff(quantiles(np.sort(u))) >= -1e-15).all()
