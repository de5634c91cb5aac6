"""Apportionment: sharing whole units out by weight."""

from octoplan.campaign.compiled import leaf
from octoplan.scenario.arrays import Floats, Ints


@leaf
def apportion(units: int, weight: Floats, shares: Ints) -> None:
    """Share whole units out by weight, into ``shares``: cumulative totals are rounded, so that shares add up exactly.

    A row of weight 0 gets nothing and does not change the shares of others. Without any weight nothing is shared out.

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
