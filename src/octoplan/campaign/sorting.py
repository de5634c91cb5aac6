"""Stable sorting by time."""

import numpy as np

from octoplan.campaign.compiled import leaf
from octoplan.scenario.arrays import Floats, Ints


@leaf
def sort_by_time(time: Floats, first: int, last: int, order: Ints, value: Floats, buckets: Ints) -> None:
    """Sort the rows from ``first`` up to but excluding ``last`` by their times in ``time``, into ``order``.

    The sort is stable. The method is a bucket sort with one bucket per row, followed by an insertion sort; its run time
    is linear if the times are evenly distributed.

    order, value
        (last - first,) sorted row numbers, and their times.
    buckets
        (last - first + 1,) working array.
    """
    count = last - first
    if count <= 24:
        for a in range(count):
            order[a], value[a] = first + a, time[first + a]
        insertion_sort(value, order, count)
        return
    earliest = np.inf
    latest = -np.inf
    for i in range(first, last):
        earliest = min(earliest, time[i])
        latest = max(latest, time[i])
    scale = (count - 1) / (latest - earliest) if latest > earliest else 0.0
    for b in range(count + 1):
        buckets[b] = 0
    for i in range(first, last):
        buckets[int((time[i] - earliest) * scale) + 1] += 1
    for b in range(count):
        buckets[b + 1] += buckets[b]
    for i in range(first, last):
        b = int((time[i] - earliest) * scale)
        order[buckets[b]], value[buckets[b]] = i, time[i]
        buckets[b] += 1
    insertion_sort(value, order, count)


@leaf
def insertion_sort(value: Floats, order: Ints, count: int) -> None:
    """Sort ``count`` times, and ``order`` with them, in place; run time is linear if they are nearly sorted."""
    for a in range(1, count):
        time, item = value[a], order[a]
        b = a
        while b > 0 and value[b - 1] > time:
            value[b], order[b] = value[b - 1], order[b - 1]
            b -= 1
        value[b], order[b] = time, item
