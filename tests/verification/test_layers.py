"""Layers other than interceptors: the number of threats that a layer stops on a day is beta-binomial."""

import numpy as np

from octoplan.campaign.compiled import entry
from octoplan.campaign.defence_layers import LayerState, engage_layers, layer_probabilities
from octoplan.campaign.streams import THREATS, Moment, key_of, random_words, to_uniform
from octoplan.scenario.arrays import Ints, Records, StreamKeys
from tests.verification.harness import assert_mean, records, streams

P, RHO, SIZE = 0.4, 0.03, 25


@entry
def stop_threats(
    layers: Records, effects: Records, readiness: Records, order: Ints, keys: StreamKeys, size: int, stopped_by: Ints
) -> None:
    """Fill ``stopped_by``, (futures, layers): threats stopped on one day by layers without limits on engagements."""
    count = layers.shape[0]
    shots, unlimited, none, fired = np.ones((count, 1)), np.zeros(count, np.int64), np.zeros(count), np.zeros(count)
    for future in range(stopped_by.shape[0]):
        p = layer_probabilities(layers, effects, readiness, none, 0, Moment(keys, future, 0))
        state = LayerState(order, p, shots, unlimited, unlimited, none, none, fired)
        stopped_by[future] = 0
        for i in range(size):
            u = to_uniform(random_words(key_of(keys, THREATS, 0), future, 0, i, 0)[0])
            _, _, by = engage_layers(state, 0, u, 0, False)
            if by >= 0:
                stopped_by[future, by] += 1


def test_threats_stopped_on_a_day_are_beta_binomial() -> None:
    """With correlation r the number stopped of n has mean n p and variance n p (1 - p) (1 + (n - 1) r)."""
    stopped = np.empty((300_000, 2), np.int64)
    layers, effects = records("layers", 2, correlation=[0.0, RHO]), records("effects", 2, p=[0.0, P], shots=1.0)
    stop_threats(layers, effects, records("readiness", 2), np.array([[1, -1]]), streams(141, 2), SIZE, stopped)
    assert_mean(stopped[:, 1], SIZE * P)
    assert_mean((stopped[:, 1] - SIZE * P) ** 2.0, SIZE * P * (1 - P) * (1 + (SIZE - 1) * RHO))


def test_layers_in_series_share_one_uniform_number() -> None:
    """After a layer with p, a layer with q stops a share of (1 - p) q, although both use one uniform number."""
    stopped = np.empty((240_000, 3), np.int64)
    layers, effects = records("layers", 3), records("effects", 3, p=[0.0, P, 0.7], shots=1.0)
    stop_threats(layers, effects, records("readiness", 3), np.array([[2, 1, -1]]), streams(142, 3), SIZE, stopped)
    assert_mean(stopped[:, 2], SIZE * 0.7)
    assert_mean(stopped[:, 1], SIZE * 0.3 * P)
    assert_mean((stopped[:, 1] - SIZE * 0.3 * P) ** 2.0, SIZE * 0.3 * P * (1 - 0.3 * P))
