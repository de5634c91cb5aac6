"""Levels of the defence layers, which vary from month to month, and their effect on probabilities."""

import numpy as np

from octoplan.campaign.arithmetic import exp, log
from octoplan.campaign.compiled import kernel, leaf
from octoplan.campaign.streams import DRIFT, key_of, normal
from octoplan.scenario.arrays import Floats, Records, StreamKeys

DAYS_PER_MONTH = 365.25 / 12.0


@leaf
def shift_logit(p: float, shift: float) -> float:
    """Return the probability whose logit is that of p plus ``shift``; 0 and 1 remain as they are."""
    if shift == 0.0 or p <= 0.0 or p >= 1.0:
        return p
    return p / (p + (1.0 - p) * exp(-shift))


@kernel
def monthly_levels(drift: Records, levels: Records, keys: StreamKeys, future: int, months: int) -> Floats:
    """Level of each layer in each month of one future, (months, layers), on the logit scale.

    The level is a stationary first-order autoregression from month to month,

        x(0) = sd z(0),  x(m) = k x(m - 1) + sd sqrt(1 - k^2) z(m),  k = exp(-(365.25 / 12) / memory),

    with standard normal z. A stated level replaces that of its month, and the autoregression continues from it.

    drift, levels
        Records of the layers, and of the pairs (layer, month).
    """
    level = np.zeros((months, drift.shape[0]))
    for layer in range(drift.shape[0]):
        key, sd = key_of(keys, DRIFT, layer), drift[layer].sd
        keep = exp(-DAYS_PER_MONTH / drift[layer].memory)
        for month in range(months):
            stated = levels[layer * months + month].level
            if not np.isnan(stated):
                level[month, layer] = stated
            elif month == 0:
                level[month, layer] = sd * normal(key, future, month, 0)
            else:
                noise = sd * np.sqrt(1.0 - keep * keep) * normal(key, future, month, 0)
                level[month, layer] = keep * level[month - 1, layer] + noise
    return level


@leaf
def readiness_shift(readiness: Records, layer: int, threats: int) -> float:
    """Shift of the logit of a layer's probabilities on a day: slope log(min(n, full) / reference), n threats launched.

    The number of threats n, and ``full``, count as at least 1.

    readiness
        Records of the layers.
    """
    row = readiness[layer]
    if row.slope == 0.0:
        return 0.0
    return row.slope * log(min(max(float(threats), 1.0), max(row.full, 1.0)) / row.reference)


@kernel
def contact_probabilities(engagement: Records, level: Floats, regions: int) -> Floats:
    """Probability that a sortie contacts a threat, by month, (months, regions, threats).

    engagement
        Records of the pairs (threat, region).
    level
        (months, layers) levels, of which row 0 is that of the interceptors.
    """
    threats = engagement.shape[0] // regions
    p = np.empty((level.shape[0], regions, threats))
    for month in range(level.shape[0]):
        for r in range(regions):
            for k in range(threats):
                p[month, r, k] = shift_logit(engagement[k * regions + r].p_contact, level[month, 0])
    return p
