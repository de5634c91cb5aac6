"""Rows in the order of their times."""

import numpy as np

from octoplan.campaign.compiled import leaf
from octoplan.scenario.arrays import Floats, Ints


@leaf
def sort_by_time(when: Floats, first: int, last: int, order: Ints, slot: Ints) -> None:
    """Fill ``order`` with the rows first..last of ``when`` from early to late, equal times in row order.

    A bucket a row, then insertion: linear for times spread over a raid. ``slot`` is working room of one more.
    """
    count = last - first
    early = np.inf
    late = -np.inf
    for i in range(first, last):
        early = min(early, when[i])
        late = max(late, when[i])
    if count <= 24:
        for a in range(count):
            order[a] = first + a
        insertion(when, order, count)
        return
    scale = (count - 1) / (late - early) if late > early else 0.0
    for b in range(count + 1):
        slot[b] = 0
    for i in range(first, last):
        slot[int((when[i] - early) * scale) + 1] += 1
    for b in range(count):
        slot[b + 1] += slot[b]
    for i in range(first, last):
        b = int((when[i] - early) * scale)
        order[slot[b]] = i
        slot[b] += 1
    insertion(when, order, count)


@leaf
def insertion(when: Floats, order: Ints, count: int) -> None:
    """Sort ``order`` by time, in place; quick where little is out of order."""
    for a in range(1, count):
        item = order[a]
        b = a
        while b > 0 and when[order[b - 1]] > when[item]:
            order[b] = order[b - 1]
            b -= 1
        order[b] = item
