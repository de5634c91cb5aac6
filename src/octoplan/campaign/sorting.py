"""Sorting of rows by time."""

import numpy as np

from octoplan.campaign.compiled import leaf
from octoplan.scenario.arrays import Floats, Ints


@leaf
def sort_by_time(when: Floats, first: int, last: int, order: Ints, buckets: Ints) -> None:
    """Fill ``order`` with the rows first..last of ``when``, earliest first, equal times in the order of the rows.

    Bucket sort with one bucket a row, then insertion sort: linear for times spread over a raid.

    order
        (last - first,) result.
    buckets
        (last - first + 1,) working array.
    """
    count = last - first
    earliest = np.inf
    latest = -np.inf
    for i in range(first, last):
        earliest = min(earliest, when[i])
        latest = max(latest, when[i])
    if count <= 24:
        for a in range(count):
            order[a] = first + a
        insertion_sort(when, order, count)
        return
    scale = (count - 1) / (latest - earliest) if latest > earliest else 0.0
    for b in range(count + 1):
        buckets[b] = 0
    for i in range(first, last):
        buckets[int((when[i] - earliest) * scale) + 1] += 1
    for b in range(count):
        buckets[b + 1] += buckets[b]
    for i in range(first, last):
        b = int((when[i] - earliest) * scale)
        order[buckets[b]] = i
        buckets[b] += 1
    insertion_sort(when, order, count)


@leaf
def insertion_sort(when: Floats, order: Ints, count: int) -> None:
    """Sort the first ``count`` rows of ``order`` by time, in place; fast where they are nearly sorted."""
    for a in range(1, count):
        item = order[a]
        b = a
        while b > 0 and when[order[b - 1]] > when[item]:
            order[b] = order[b - 1]
            b -= 1
        order[b] = item
