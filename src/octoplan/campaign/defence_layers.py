"""Defence layers other than the interceptors: probabilities of a day, engagements, and daily capacity."""

from typing import NamedTuple

import numpy as np

from octoplan.campaign.compiled import kernel, leaf
from octoplan.campaign.layer_levels import readiness_shift, shift_logit
from octoplan.campaign.streams import LAYER_DAY, Moment, beta, key_of
from octoplan.campaign.target_allocation import rescale
from octoplan.scenario.arrays import Floats, Ints, Records


class LayerState(NamedTuple):
    """State of the defence layers in one region on one day; row 0 is the interceptors and is unused.

    order
        (threats, layers) layers in the order of the class's doctrine; unused columns are -1.
    p_stop
        (layers, threats) probability on this day that an engagement stops a threat.
    shots
        (layers, threats) shots per engagement.
    limited, stocked
        (layers,) limited: 1 if the engagements per region and day are limited; stocked: 1 if shots come from a stock.
    capacity
        (layers,) engagements that remain in the region on this day.
    stock
        (layers,) shots in the country's stock.
    fired
        (layers,) shots fired on this day, updated in place.
    """

    order: Ints
    p_stop: Floats
    shots: Floats
    limited: Ints
    stocked: Ints
    capacity: Floats
    stock: Floats
    fired: Floats


@kernel
def layer_probabilities(
    layers: Records, effects: Records, readiness: Records, level: Floats, threats_launched: int, moment: Moment
) -> Floats:
    """Probability on one day that an engagement of each layer stops a threat of each class, (layers, threats).

    It is beta distributed with mean ``p`` of the layer and class, shifted on the logit scale by the layer's level and
    readiness, and the layer's intra-class correlation within a day, so that the number stopped of n threats is
    beta-binomial.

    layers, effects, readiness
        Records of the layers, of the pairs (layer, threat) and of the layers.
    level
        (layers,) level in the month.
    threats_launched
        Number of threats launched on the day.
    """
    count = layers.shape[0]
    threats = effects.shape[0] // count
    p = np.zeros((count, threats))
    for layer in range(1, count):
        shift = level[layer] + readiness_shift(readiness, layer, threats_launched)
        for k in range(threats):
            row = layer * threats + k
            key = key_of(moment.keys, LAYER_DAY, row)
            mean = shift_logit(effects[row].p, shift)
            p[layer, k] = beta(key, moment.future, moment.day, mean, layers[layer].correlation)
    return p


@leaf
def engage_layers(layers: LayerState, k: int, u: float, stage: int, recognised: bool) -> tuple[float, int, int]:
    """Engage one threat of class k by the layers of its doctrine, from position ``stage`` up to the interceptors.

    A layer engages while it has capacity and shots. It stops the threat if the uniform number u is below p; otherwise
    (u - p) / (1 - p), which is uniform on (0, 1), decides at the next layer. Layers with a stock of shots do not engage
    recognised decoys.

    Returns the rescaled u, the position reached, and the layer that stopped the threat (-1 if it was not stopped).
    """
    while stage < layers.p_stop.shape[0]:
        layer = layers.order[k, stage]
        if layer <= 0:
            break
        stage += 1
        if layers.stocked[layer] == 1 and (recognised or layers.stock[layer] < layers.shots[layer, k]):
            continue
        if layers.limited[layer] == 1:
            if layers.capacity[layer] < 1.0:
                continue
            layers.capacity[layer] -= 1.0
        if layers.stocked[layer] == 1:
            layers.stock[layer] -= layers.shots[layer, k]
        layers.fired[layer] += layers.shots[layer, k]
        p = layers.p_stop[layer, k]
        if u < p:
            return u, stage, layer
        u = rescale(u, p, 1.0)
    return u, stage, -1


@leaf
def open_capacity(layers: LayerState, posts: Records, region: int, regions: int, day: int) -> None:
    """Set the engagements available to each layer in a region on one day: integers whose mean is the daily capacity."""
    for layer in range(1, layers.p_stop.shape[0]):
        capacity = posts[layer * regions + region].capacity
        layers.capacity[layer] = np.floor(capacity * (day + 1)) - np.floor(capacity * day)
