"""Resupply of the shots of the layers: every day, or in lots."""

import numpy as np

from octoplan.campaign.compiled import kernel
from octoplan.campaign.streams import LOT, Moment, duration, gamma, key_of, uniform
from octoplan.campaign.structures import structure
from octoplan.scenario.arrays import Floats, Ints, Records, StreamKeys

INTERVAL, SIZE, RESIDUAL = range(3)
"""Random-number indices of a lot: the time since the lot before, its size, and the share of the first interval left."""


@structure
class LotState:
    """State of the lots of resupply.

    number
        (layers,) number of lots that have arrived.
    arrival
        (layers,) time at which the next lot arrives, in days from the start; infinite for a layer without lots.
    """

    number: Ints
    arrival: Floats


@kernel
def initial_lots(lots: Records, keys: StreamKeys, future: int) -> LotState:
    """Return the state before the first day, from which the arrivals of lots are a stationary renewal process.

    The interval in which the first day lies is length-biased: if intervals are gamma-distributed with shape k and mean
    m, it is gamma-distributed with shape k + 1 and scale m / k (mean m if they are constant), and a uniform share of it
    remains (Cox 1962, chapter 5).

    lots
        Records of the layers.
    """
    arrival = np.full(lots.shape[0], np.inf)
    for layer in range(lots.shape[0]):
        mean, cv = lots[layer].interval, lots[layer].interval_cv
        if mean > 0.0:
            key = key_of(keys, LOT, layer)
            shape = 1.0 / (cv * cv)
            interval = mean if cv <= 0.0 else mean / shape * gamma(key, future, 0, INTERVAL, shape + 1.0)
            arrival[layer] = interval * uniform(key, future, 0, RESIDUAL)
    return LotState(np.zeros(lots.shape[0], np.int64), arrival)


@kernel
def resupply(layers: Records, lots: Records, stock: Floats, state: LotState, moment: Moment) -> None:
    """Add the resupply of one day to the stocks of shots, (layers,).

    A layer without lots receives ``resupply`` shots. Otherwise each lot that arrives during the day has a gamma-
    distributed size with mean ``resupply`` times ``interval``, so that the mean supply is the same.

    layers, lots
        Records of the layers.
    """
    for layer in range(1, stock.shape[0]):
        mean = lots[layer].interval
        if mean <= 0.0:
            stock[layer] += layers[layer].resupply
            continue
        key = key_of(moment.keys, LOT, layer)
        while state.arrival[layer] < moment.day + 1.0:
            n = state.number[layer]
            stock[layer] += duration(key, moment.future, n, SIZE, layers[layer].resupply * mean, lots[layer].size_cv)
            state.number[layer] = n + 1
            state.arrival[layer] += duration(key, moment.future, n + 1, INTERVAL, mean, lots[layer].interval_cv)
