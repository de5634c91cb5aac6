"""Resupply in lots is a stationary compound renewal process: mean and variance against renewal theory."""

from math import exp, floor, sqrt

import numpy as np
import pytest

from octoplan.campaign.compiled import entry
from octoplan.campaign.resupply import initial_lots, resupply
from octoplan.campaign.streams import Moment
from octoplan.scenario.arrays import Floats, Records, StreamKeys
from tests.verification.harness import assert_mean, records, streams

SUPPLY, INTERVAL, DAYS, FUTURES = 1.5, 4.0, 30, 200_000


@entry
def fill_supply(layers: Records, lots: Records, keys: StreamKeys, supply: Floats) -> None:
    """Fill the shots supplied by the end of each day, (futures, days), to layer 1."""
    for future in range(supply.shape[0]):
        state = initial_lots(lots, keys, future)
        stock = np.zeros(2)
        for day in range(supply.shape[1]):
            resupply(layers, lots, stock, state, Moment(keys, future, day))
            supply[future, day] = stock[1]


def supply(
    seed: int, interval_cv: float, size_cv: float, *, interval: float = INTERVAL, futures: int = FUTURES
) -> Floats:
    """Shots supplied by the end of each day, (futures, days)."""
    filled = np.empty((futures, DAYS))
    lots = records("lots", 2, interval=[0.0, interval], interval_cv=interval_cv, size_cv=size_cv)
    fill_supply(records("layers", 2, resupply=SUPPLY), lots, streams(seed, 2), filled)
    return filled


def number_of_lots(interval_cv: float, days: int) -> Floats:
    """Probabilities of the number of lots in some days of a stationary renewal process, from 0.

    Constant intervals: the whole number of intervals, or one more. Exponential: Poisson. Gamma of shape 2: every second
    event of a Poisson process of twice the rate, from a random one of two phases.
    """
    p = np.zeros(200)
    mean = days / INTERVAL
    if interval_cv == 0.0:
        p[floor(mean) + 1] = mean - floor(mean)
        p[floor(mean)] = 1.0 - p[floor(mean) + 1]
        return p
    events_per_lot = 1 if interval_cv == 1.0 else 2
    term = exp(-mean * events_per_lot)
    for n in range(150):
        for phase in range(events_per_lot):
            p[(n + phase) // events_per_lot] += term / events_per_lot
        term *= mean * events_per_lot / (n + 1)
    return p


@pytest.mark.parametrize("size_cv", [0.0, 0.6])
@pytest.mark.parametrize("interval_cv", [0.0, sqrt(0.5), 1.0])
def test_mean_and_variance_are_those_of_the_renewal_process(interval_cv: float, size_cv: float) -> None:
    """In d days the mean supply is d times ``resupply``; the variance is E(N) cv^2 size^2 + Var(N) size^2."""
    supplied = supply(161, interval_cv, size_cv)
    size = SUPPLY * INTERVAL
    for days in (1, 7, DAYS):
        p = number_of_lots(interval_cv, days)
        lots = np.arange(len(p))
        assert p @ lots == pytest.approx(days / INTERVAL, rel=1e-9)
        variance = (p @ lots * size_cv**2 + p @ lots**2 - (p @ lots) ** 2) * size**2
        column = supplied[:, days - 1]
        error = column.std() / sqrt(FUTURES)
        assert abs(column.mean() - days * SUPPLY) < 4.5 * error
        squared = (column - days * SUPPLY) ** 2
        assert abs(squared.mean() - variance) < 4.5 * max(squared.std() / sqrt(FUTURES), 1e-9 * variance)


def test_the_number_of_lots_has_the_exact_distribution() -> None:
    """With constant sizes and gamma intervals of shape 2, each number of lots has its exact probability."""
    lots = np.rint(supply(162, sqrt(0.5), 0.0)[:, DAYS - 1] / (SUPPLY * INTERVAL)).astype(int)
    p = number_of_lots(sqrt(0.5), DAYS)
    for n in range(20):
        assert abs((lots == n).mean() - p[n]) < 4.5 * sqrt(max(p[n] * (1 - p[n]), 1e-6) / FUTURES)


def test_the_first_day_is_as_good_as_any_other() -> None:
    """The mean supply of each day is ``resupply``, also with very irregular intervals (a coefficient of 2)."""
    by_day = np.diff(supply(163, 2.0, 0.0, interval=2.0, futures=1_000_000), axis=1, prepend=0.0)
    for day in (0, 1, DAYS - 1):
        assert_mean(by_day[:, day], SUPPLY)


def test_a_constant_lot_a_day_is_the_daily_resupply() -> None:
    """With one constant lot a day, and without lots, the same shots arrive every day."""
    daily = np.arange(1, DAYS + 1) * SUPPLY
    assert (supply(164, 0.0, 0.0, interval=1.0, futures=20) == daily).all()
    assert (supply(164, 0.0, 0.0, interval=0.0, futures=20) == daily).all()
