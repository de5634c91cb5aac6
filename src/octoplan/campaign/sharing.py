"""Sharing whole things out by weight."""

from octoplan.campaign.compiled import leaf
from octoplan.scenario.arrays import Floats, Ints


@leaf
def share_out(units: int, weight: Floats, out: Ints) -> None:
    """Share whole units out by weight, into ``out``: running totals are rounded, so shares add up exactly.

    A row of weight 0 gets nothing and moves nobody else's share. With no weight at all nothing is shared.
    """
    total = weight.sum()
    given = 0
    running = 0.0
    last = -1
    for r in range(weight.shape[0]):
        out[r] = 0
        if weight[r] > 0.0:
            running += weight[r]
            upto = min(units, int(units * (running / total) + 0.5))
            out[r] = upto - given
            given = upto
            last = r
    if last >= 0:
        out[last] += units - given
