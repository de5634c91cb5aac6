"""Scenario discovery by the patient rule induction method (PRIM): boxes of futures with many cases of interest.

A box is peeled in small steps from all futures: each step removes about a twentieth of its futures at the low or high
end of the assumption where that raises the density of cases most for the number removed. Limits that are not
significant are then dropped from the chosen step, and futures as dense as the box are added again at its limits
(pasting). Friedman and Fisher (1999), *Stat. Comput.* 9, 123; Bryant and Lempert (2010), *Technol. Forecast. Soc.
Change* 77, 34; for assumptions with few values Kwakkel and Jaxa-Rozen (2016), *Environ. Model. Softw.* 79, 311.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import ceil

import numpy as np
from scipy.special import kolmogorov

from octoplan.explore.boxes import (
    SIGNIFICANCE,
    UNBOUNDED,
    Bools,
    Region,
    all_futures,
    correlation,
    outside_of,
    simplified,
)
from octoplan.scenario.arrays import Floats, Ints

PEELED_SHARE = 0.05
"""Share of the futures in a box that a step of peeling removes."""
MIN_MASS = 0.05
"""Smallest share of all futures in a box."""
PASTED_SHARE = 0.01
"""Share of the futures in a box that a step of pasting adds."""
SCREENED = 0.01
"""Largest p-value of a difference between cases and other futures with which an assumption is peeled."""
MIN_PASTED = 3
"""Minimum number of futures that a step of pasting adds, unless fewer are left."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Futures in which boxes are sought.

    Attributes:
        draws: (n, k) draws of the assumptions.
        cases: (n,) True for the cases of interest.
        order: (k, n) futures in ascending order of each assumption.

    """

    draws: Floats
    cases: Bools
    order: Ints

    @cached_property
    def level(self) -> float:
        """Largest quasi-p-value of a significant limit: 1 % over the number of assumptions with several values."""
        return SIGNIFICANCE / max(int((np.ptp(self.draws, axis=0) > 0.0).sum()), 1)

    def part(self, rows: Bools) -> "Sample":
        """The sample of the futures in ``rows``, (n,)."""
        position = np.cumsum(rows) - 1
        order = position[self.order[rows[self.order]]].reshape(len(self.order), -1)
        return Sample(self.draws[rows], self.cases[rows], order)


def sample_of(draws: Floats, cases: Bools) -> Sample:
    """The sample with its futures sorted by each assumption."""
    return Sample(draws, cases, np.argsort(draws, axis=0, kind="stable").T)


def screened(sample: Sample) -> Ints:
    """Columns whose draws differ between cases and other futures: Kolmogorov-Smirnov p-value of at most ``SCREENED``.

    Peeling all of hundreds of assumptions would spend most steps on differences that are random.
    """
    order, cases = sample.order, sample.cases
    values = np.take_along_axis(sample.draws.T, order, axis=1)
    hits = cases[order]
    total, others = int(cases.sum()), int((~cases).sum())
    distance = np.abs(hits.cumsum(axis=1) / total - (~hits).cumsum(axis=1) / others)
    is_last = np.ones(values.shape, bool)
    is_last[:, :-1] = values[:, 1:] > values[:, :-1]
    largest = np.where(is_last, distance, 0.0).max(axis=1)
    return np.flatnonzero(kolmogorov(np.sqrt(total * others / len(cases)) * largest) <= SCREENED)


def peeled(sample: Sample) -> list[Region]:
    """The peeling trajectory: the region of all futures, then one region for each step.

    It ends when a step would leave less than ``MIN_MASS`` of the futures, or none would raise the density.
    """
    draws, cases = sample.draws, sample.cases
    regions, hits = [all_futures(draws.shape[1])], int(cases.sum())
    columns = screened(sample) if 0 < hits < len(cases) else np.zeros(0, int)
    if not len(columns):
        return regions
    order = sample.order[columns]
    values = np.take_along_axis(draws.T[columns], order, axis=1)
    n, minimum = len(draws), max(ceil(MIN_MASS * len(draws)), 1)
    while (futures := order.shape[1]) > hits > 0:
        cut = max(int(PEELED_SHARE * futures), 1)
        if futures - cut < minimum:
            break
        sides = (values, order), (values[:, ::-1], order[:, ::-1])
        removed, removed_hits = (np.array(pair) for pair in zip(*(cuts(*s, cases, cut) for s in sides), strict=True))
        remaining = futures - removed
        density = np.divide(hits - removed_hits, remaining, out=np.zeros(removed.shape), where=remaining >= minimum)
        gain = np.where(remaining >= minimum, (density - hits / futures) / removed, 0.0)
        side, column = (int(index) for index in np.unravel_index(int(gain.argmax()), gain.shape))
        if gain[side, column] <= 0.0:
            break
        count = int(removed[side, column])
        ordered, rows = sides[side][0][column], sides[side][1][column, :count]
        bound = between(ordered[count], ordered[count - 1])
        regions.append(regions[-1].with_bound(int(columns[column]), side, bound))
        is_left = np.ones(n, bool)
        is_left[rows] = False
        hits -= int(removed_hits[side, column])
        left = is_left[order]
        order, values = (array[left].reshape(len(array), -1) for array in (order, values))
    return regions


def cuts(values: Floats, order: Ints, cases: Bools, cut: int) -> tuple[Ints, Ints]:
    """(k,) futures and cases removed from the start of each row by a step; futures with equal values stay together.

    Args:
        values: (k, m) sorted values of each assumption, from the end at which futures are removed.
        order: (k, m) their futures.
        cases: (n,) True for the cases of interest.
        cut: Number of futures to remove, less than m.

    """
    removed = np.full(len(values), cut)
    hits = cases[order[:, :cut]].sum(axis=1)
    tied = np.flatnonzero(values[:, cut] == values[:, cut - 1])
    if len(tied):
        equal = values[tied] == values[tied, cut - 1][:, None]
        removed[tied] = values.shape[1] - equal[:, ::-1].argmax(axis=1)
        is_removed = np.arange(values.shape[1]) < removed[tied][:, None]
        hits[tied] = (cases[order[tied]] & is_removed).sum(axis=1)
    return removed, hits


def between(inside: float, outside: float) -> float:
    """A bound between a value that meets it and one that does not: the midpoint, or the first if rounding forbids it.

    >>> between(2.0, 1.0)
    1.5
    """
    middle = inside + 0.5 * (outside - inside)
    return float(inside if middle == outside else middle)


def pasted(region: Region, sample: Sample) -> Region:
    """The region extended, a few futures at a time, at the limit where that keeps its density or raises it most."""
    sides, outside = outside_of(region, sample.draws)
    while sides:
        violations = outside.sum(axis=0)
        inside = violations == 0
        chunk = max(int(PASTED_SHARE * inside.sum()), MIN_PASTED)
        extensions = [
            extension(sample, np.flatnonzero((violations == 1) & outside[row]), column, side, chunk)
            for row, (column, side) in enumerate(sides)
        ]
        best = max(range(len(sides)), key=lambda row: extensions[row][0])
        density, bound = extensions[best]
        if density < sample.cases[inside].mean():
            break
        column, side = sides[best]
        region = region.with_bound(column, side, bound)
        values = sample.draws[:, column]
        outside[best] = values < bound if side == 0 else values > bound
        if np.isinf(bound):
            sides.pop(best)
            outside = np.delete(outside, best, axis=0)
    return region


def extension(sample: Sample, rows: Ints, column: int, side: int, chunk: int) -> tuple[float, float]:
    """Density of the futures nearest to a limit outside it, and the limit that includes them.

    Args:
        sample: The futures.
        rows: Futures that lie outside this limit only; without any, the limit is not needed and the density 1.
        column: The assumption.
        side: 0 for the lower limit, 1 for the upper.
        chunk: Number of futures, unless fewer are left or values are equal.

    """
    if not len(rows):
        return 1.0, UNBOUNDED[side]
    values = sample.draws[rows, column]
    nearest = np.argsort(values if side else -values, kind="stable")
    ordered = values[nearest]
    if chunk >= len(rows) or ordered[chunk - 1] == ordered[-1]:
        return float(sample.cases[rows].mean()), UNBOUNDED[side]
    count = chunk + int((ordered[chunk:] == ordered[chunk - 1]).sum())
    return float(sample.cases[rows[nearest[:count]]].mean()), between(ordered[count - 1], ordered[count])


def tidied(region: Region, sample: Sample) -> Region:
    """The region without the limits that are not significant, then pasted, until neither changes it."""
    for _ in range(region.low.size):
        shorter = simplified(region, sample.draws, sample.cases, sample.level)
        longer = pasted(shorter, sample)
        if longer.same(region):
            break
        region = longer
    return region


def proposal(regions: Sequence[Region], sample: Sample) -> Region:
    """The region that is described by default, with the limits that are significant only.

    Of the steps of a trajectory, tidied: the one that restricts the fewest assumptions, among those whose correlation
    between lying in the box and being a case is within one standard error, (1 - r^2) / sqrt(n), of the highest r.
    """
    tidy = [tidied(region, sample) for region in regions]
    scores = [correlation(region.contains(sample.draws), sample.cases) for region in tidy]
    highest = max(scores)
    sufficient = highest - (1.0 - highest**2) / len(sample.draws) ** 0.5
    eligible = [row for row, score in enumerate(scores) if score >= sufficient]
    return tidy[min(eligible, key=lambda row: (len(tidy[row].columns), -scores[row]))]
