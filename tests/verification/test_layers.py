"""Layers beside the interceptors: a day's outcomes are beta-binomial."""

import numpy as np

from octoplan.campaign.compiled import entry
from octoplan.campaign.defence import chances_today, through
from octoplan.campaign.streams import THREATS, stream, unit, words
from octoplan.scenario.arrays import Ints, Keys, Records
from tests.verification.harness import agrees, records, streams

P, RHO, SIZE = 0.4, 0.03, 25


@entry
def hold(layers: Records, effects: Records, order: Ints, keys: Keys, size: int, stopped_by: Ints) -> None:
    """Threats that each layer stops of one day's raid of a future, layers without a limit: (futures, layers)."""
    count = layers.shape[0]
    shots, endless, nothing, fired = np.ones((count, 1)), np.zeros(count, np.int64), np.zeros(count), np.zeros(count)
    for future in range(stopped_by.shape[0]):
        p = chances_today(layers, effects, keys, future, 0)
        stopped_by[future] = 0
        for i in range(size):
            luck = unit(words(stream(keys, THREATS, 0), future, 0, i, 0)[0])
            _, _, by = through(0, luck, 0, False, order, p, shots, endless, endless, nothing, nothing, fired)
            if by >= 0:
                stopped_by[future, by] += 1


def test_a_layers_day_is_beta_binomial() -> None:
    """n threats at a layer with correlation r: stopped has mean n p and variance n p (1 - p) (1 + (n - 1) r)."""
    stopped = np.empty((300_000, 2), np.int64)
    layers, effects = records("layers", 2, correlation=[0.0, RHO]), records("effects", 2, p=[0.0, P], shots=1.0)
    hold(layers, effects, np.array([[1, -1]]), streams(141, 2), SIZE, stopped)
    agrees(stopped[:, 1], SIZE * P)
    agrees((stopped[:, 1] - SIZE * P) ** 2.0, SIZE * P * (1 - P) * (1 + (SIZE - 1) * RHO))


def test_layers_in_series_use_one_luck_up() -> None:
    """Two layers with p and q, one luck a threat: the second stops (1 - p) q of all, as if it were drawn anew."""
    stopped = np.empty((240_000, 3), np.int64)
    layers, effects = records("layers", 3), records("effects", 3, p=[0.0, P, 0.7], shots=1.0)
    hold(layers, effects, np.array([[2, 1, -1]]), streams(142, 3), SIZE, stopped)
    agrees(stopped[:, 2], SIZE * 0.7)
    agrees(stopped[:, 1], SIZE * 0.3 * P)
    agrees((stopped[:, 1] - SIZE * 0.3 * P) ** 2.0, SIZE * 0.3 * P * (1 - 0.3 * P))
