"""Boxes of futures: limits on assumptions, the futures within them, and how far each limit could be random."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from octoplan.scenario.arrays import Floats, Ints

SIGNIFICANCE = 0.01
"""Probability, after correction for the number of assumptions, that a limit of a proposed box is random."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Region:
    """Lower and upper bounds of all assumptions, (k,), inclusive; infinite where an assumption is not restricted."""

    low: Floats
    high: Floats

    @property
    def columns(self) -> Ints:
        """Columns of the restricted assumptions."""
        return np.flatnonzero(np.isfinite(self.low) | np.isfinite(self.high))

    def contains(self, draws: Floats) -> Bools:
        """(n,) True for the draws, (n, k), within all bounds."""
        columns = self.columns
        inside = (draws[:, columns] >= self.low[columns]) & (draws[:, columns] <= self.high[columns])
        return np.asarray(inside.all(axis=1))

    def with_bound(self, column: int, side: int, value: float) -> "Region":
        """The region with another bound of one assumption: the lower one if ``side`` is 0, otherwise the upper one."""
        bounds = self.low.copy(), self.high.copy()
        bounds[side][column] = value
        return Region(*bounds)

    def same(self, other: "Region") -> bool:
        """True if all bounds are equal."""
        return bool(np.array_equal(self.low, other.low) and np.array_equal(self.high, other.high))


UNBOUNDED = (-np.inf, np.inf)
"""The bound of an assumption that is not restricted, by side."""


def all_futures(count: int) -> Region:
    """The region without bounds on ``count`` assumptions."""
    return Region(np.full(count, UNBOUNDED[0]), np.full(count, UNBOUNDED[1]))


def sides_of(region: Region) -> list[tuple[int, int]]:
    """Column and side, 0 for lower and 1 for upper, of each finite bound."""
    return [(int(c), s) for c in region.columns for s in (0, 1) if np.isfinite((region.low, region.high)[s][c])]


def outside_of(region: Region, draws: Floats) -> tuple[list[tuple[int, int]], Bools]:
    """The finite bounds of a region, and (bounds, n) True where a draw lies outside the bound."""
    sides = sides_of(region)
    outside = np.zeros((len(sides), len(draws)), bool)
    for row, (column, side) in enumerate(sides):
        values = draws[:, column]
        outside[row] = values < region.low[column] if side == 0 else values > region.high[column]
    return sides, outside


def random_probabilities(outside: Bools, cases: Bools) -> Floats:
    """Quasi-p-values of the restrictions of a box (Bryant and Lempert 2010, *Technol. Forecast. Soc. Change* 77, 34).

    For each restriction: the probability that as many futures as lie in the box, drawn at random from those that lie in
    the box without the restriction, have at least as many cases. The exact one-sided test is hypergeometric: futures
    are drawn without replacement. Bryant and Lempert take the binomial one, its limit for a restriction that leaves few
    of the futures, which is too high where it leaves most of them. The probability is a measure of size only, because
    the limits were chosen to make it small.

    Args:
        outside: (restrictions, n) True where a future does not meet the restriction.
        cases: (n,) True for the cases of interest.

    """
    violations = outside.sum(axis=0)
    inside = violations == 0
    once = violations == 1
    futures, hits = int(inside.sum()), int((inside & cases).sum())
    without = futures + (outside & once).sum(axis=1)
    hits_without = hits + (outside & once & cases).sum(axis=1)
    probability = hypergeom.sf(hits - 1, without, hits_without, futures)
    return np.asarray(np.where(without > futures, probability, 1.0), np.float64)


def simplified(region: Region, draws: Floats, cases: Bools, level: float) -> Region:
    """The region without the bounds whose quasi-p-value exceeds ``level``, the least significant removed first."""
    sides, outside = outside_of(region, draws)
    low, high = region.low.copy(), region.high.copy()
    while sides:
        probabilities = random_probabilities(outside, cases)
        worst = int(probabilities.argmax())
        if probabilities[worst] <= level:
            break
        column, side = sides.pop(worst)
        (low, high)[side][column] = UNBOUNDED[side]
        outside = np.delete(outside, worst, axis=0)
    return Region(low, high)


def limit_probabilities(region: Region, draws: Floats, cases: Bools) -> Floats:
    """(restricted assumptions,) quasi-p-values, both bounds of an assumption taken as one restriction."""
    columns = region.columns
    values = draws[:, columns]
    outside = (values < region.low[columns]) | (values > region.high[columns])
    return random_probabilities(outside.T, cases)


def correlation(inside: Bools, cases: Bools) -> float:
    """Correlation of lying in a box with being a case (phi coefficient); 0 if all or no futures lie in the box.

    It is 1 for a box of all cases and nothing else. Unlike the product of coverage and density, it is 0 for a box of
    random futures however frequent the cases are.
    """
    mass, share = float(inside.mean()), float(cases.mean())
    if not (0.0 < mass < 1.0 and 0.0 < share < 1.0):
        return 0.0
    joint = float((inside & cases).mean())
    return (joint - mass * share) / float(np.sqrt(mass * (1.0 - mass) * share * (1.0 - share)))
