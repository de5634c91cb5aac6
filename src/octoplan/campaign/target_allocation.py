"""Allocation of the threats of a package to classes and destination regions (model.md section 2).

One uniform number decides both: it falls within the cumulative share of a class, and what is left of it, uniform again,
within the cumulative share of a region. So pairs of class and region divide (0, 1) into cells, and an indexed search
(Chen and Asau 1974) finds the cell of a number in about one step.
"""

from typing import NamedTuple

import numpy as np

from octoplan.campaign.compiled import inlined, kernel, leaf
from octoplan.campaign.streams import SPLIT, Moment, Word, gamma, gamma_try, key_of, random_words, to_uniform
from octoplan.scenario.arrays import ArrivalProcess, Floats, Ints, Records

UNIFORM_BITS = 52
"""Bits of a uniform number: the edges of cells are counted in units of 2^-52."""
BUCKETS, BUCKET_BITS = 256, 44
"""Buckets of the index, and bits of a number within one bucket."""
MARGIN = 1 << 12
"""Units around an edge within which rounding may matter (three at most); numbers that close are searched exactly."""


class TargetAllocation(NamedTuple):
    """Shares of classes and destinations in a package on one day.

    classes
        (threats,) cumulative shares of the classes.
    destinations
        (regions,) cumulative shares of the regions.
    edge
        (threats * regions,) end of the cell of class k and region r, row ``k * regions + r``, plus the margin, in units
        of 2^-52.
    first_cell
        (BUCKETS + 1,) for each bucket the first row of ``edge`` that its numbers can be below.
    """

    classes: Floats
    destinations: Floats
    edge: Ints
    first_cell: Ints


@kernel
def target_allocation(arrivals: ArrivalProcess, moment: Moment, package: int) -> TargetAllocation:
    """The shares of classes and destinations in a package on a day."""
    classes = class_shares(arrivals.threats, arrivals.threat_factor[moment.day], package)
    destinations = region_shares(arrivals, moment, package)
    edge = cell_edges(classes, destinations)
    return TargetAllocation(classes, destinations, edge, cell_index(edge))


@kernel
def cell_edges(classes: Floats, destinations: Floats) -> Ints:
    """The ends of the cells plus the margin, (threats * regions,), in units of 2^-52; none is above the last."""
    regions = destinations.shape[0]
    edge = np.empty(classes.shape[0] * regions, np.int64)
    below = 0.0
    for k in range(classes.shape[0]):
        for r in range(regions):
            end = below + destinations[r] * (classes[k] - below) if r < regions - 1 else classes[k]
            edge[k * regions + r] = np.int64(end * float(1 << UNIFORM_BITS)) + MARGIN
        below = classes[k]
    edge[-1] = (1 << UNIFORM_BITS) + MARGIN
    return edge


@kernel
def cell_index(edge: Ints) -> Ints:
    """For each bucket the number of edges at or below its beginning, (BUCKETS + 1,); the last row is unused."""
    first_cell = np.zeros(BUCKETS + 1, np.int64)
    for end in edge:
        first_cell[min((end + (1 << BUCKET_BITS) - 1) >> BUCKET_BITS, BUCKETS)] += 1
    for bucket in range(BUCKETS):
        first_cell[bucket + 1] += first_cell[bucket]
    return first_cell


@inlined
def find_cell(allocation: TargetAllocation, word: Word) -> int:
    """The cell, class * regions + region, of the uniform number of a word: what two calls of ``pick_row`` give."""
    number = np.int64(word >> np.uint64(64 - UNIFORM_BITS))
    cell = allocation.first_cell[number >> BUCKET_BITS]
    while number >= allocation.edge[cell]:
        cell += 1
    return cell if number < allocation.edge[cell] - 2 * MARGIN else cell_by_search(allocation, to_uniform(word))


@leaf
def cell_by_search(allocation: TargetAllocation, u: float) -> int:
    """The cell of a uniform number u by exact search: first the class, then the region."""
    k, u = pick_row(allocation.classes, u)
    region, _ = pick_row(allocation.destinations, u)
    return k * allocation.destinations.shape[0] + region


@inlined
def remainder_of_row(cumulative: Floats, row: int, u: float) -> float:
    """What is left of a uniform number u that fell within the share of a row: uniform in (0, 1) again."""
    return remainder(u, cumulative[row - 1] if row > 0 else 0.0, cumulative[row])


@leaf
def package_factor(threats: Records, factor: Floats, package: int) -> float:
    """Factor of what-ifs on a package's mean count: the mean of the factors on its classes, weighted by ``mix``.

    factor
        (threats,) factors on the counts of the classes.
    """
    plain = weighted = 0.0
    for k in range(threats.shape[0]):
        if threats[k].package == package:
            plain += threats[k].mix
            weighted += threats[k].mix * factor[k]
    return weighted / plain if weighted != plain else 1.0


@kernel
def class_shares(threats: Records, factor: Floats, package: int) -> Floats:
    """Cumulative shares of the classes within a package, (threats,), in proportion to ``mix`` times ``factor``.

    Where all factors are 0, which is possible only on days whose counts are given, the shares are those of ``mix``.
    """
    share = np.zeros(threats.shape[0])
    plain = package_factor(threats, factor, package) == 0.0
    total = 0.0
    for k in range(threats.shape[0]):
        if threats[k].package == package:
            total += threats[k].mix * (1.0 if plain else factor[k])
        share[k] = total
    for k in range(threats.shape[0]):
        share[k] /= total
    return share


@kernel
def region_shares(arrivals: ArrivalProcess, moment: Moment, package: int) -> Floats:
    """Cumulative shares of the regions in a package on a day, (regions,): Dirichlet around the stated shares.

    A Dirichlet draw is independent gamma draws of shape concentration * share, divided by their sum. Counts given these
    shares are Dirichlet-multinomial.
    """
    splits, concentration = arrivals.splits, arrivals.packages[package].concentration
    regions = splits.shape[0] // arrivals.packages.shape[0]
    base = package * regions
    total = 0.0
    for r in range(regions):
        total += splits[base + r].share
    weight, shape = np.empty(regions), np.empty(regions)
    for r in range(regions):
        shape[r] = concentration * splits[base + r].share / total
    first_gamma_tries(moment, base, shape, weight)
    total_weight = 0.0
    for r in range(regions):
        if weight[r] < 0.0:
            weight[r] = gamma(key_of(moment.keys, SPLIT, base + r), moment.future, moment.day, 0, shape[r], 1)
        total_weight += weight[r]
    running = 0.0
    for r in range(regions):
        running += weight[r] / total_weight if total_weight > 0.0 else splits[base + r].share / total
        weight[r] = running
    return weight


@kernel
def first_gamma_tries(moment: Moment, base: int, shape: Floats, value: Floats) -> None:
    """The first try at each region's gamma number, into ``value``, -1 where it is rejected.

    All random words are drawn before any arithmetic, so that the arithmetic is vectorised: half the time of ``gamma``
    region by region.

    shape, value
        (regions,) shape parameters; results.
    """
    regions = shape.shape[0]
    word = np.empty((3, regions), np.uint64)
    for r in range(regions):
        key = key_of(moment.keys, SPLIT, base + r)
        word[0, r], word[1, r], word[2, r], _ = random_words(key, moment.future, moment.day, 0, 0)
    for r in range(regions):
        value[r] = gamma_try(word[0, r], word[1, r], word[2, r], shape[r])
    for r in range(regions):
        if shape[r] <= 0.0:
            value[r] = 0.0


@leaf
def pick_row(cumulative: Floats, u: float) -> tuple[int, float]:
    """The row whose share holds the uniform number u, and what is left of u; never a row with share 0.

    cumulative
        (rows,) cumulative shares.
    """
    row = 0
    for running in cumulative:
        row += running <= u
    row = min(row, cumulative.shape[0] - 1)
    while row > 0 and cumulative[row] == cumulative[row - 1]:
        row -= 1
    return row, remainder_of_row(cumulative, row, u)


@leaf
def remainder(u: float, below: float, above: float) -> float:
    """A uniform number u that fell between two bounds, rescaled to (0, 1): uniform again, given where it fell."""
    return min((u - below) / (above - below), 1.0 - 1e-16)
