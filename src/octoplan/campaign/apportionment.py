"""Apportionment of whole units in proportion to weights."""

from octoplan.campaign.compiled import leaf
from octoplan.scenario.arrays import Floats, Ints


@leaf
def apportion(units: int, weight: Floats, shares: Ints) -> None:
    """Apportion whole units in proportion to weights, into ``shares``, by rounding cumulative totals.

    The shares sum to ``units``. A row of weight 0 receives 0 and does not affect other rows. If all weights are 0, all
    shares are 0.

    weight, shares
        (rows,) weights; units of each row.
    """
    total = weight.sum()
    allocated = 0
    running = 0.0
    last = -1
    for r in range(weight.shape[0]):
        shares[r] = 0
        if weight[r] > 0.0:
            running += weight[r]
            cumulative = min(units, int(units * (running / total) + 0.5))
            shares[r] = cumulative - allocated
            allocated = cumulative
            last = r
    if last >= 0:
        shares[last] += units - allocated
