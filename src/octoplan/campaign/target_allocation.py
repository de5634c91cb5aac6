"""Distribution of a package's threats over classes and destination regions.

One uniform number determines the class and the region: pairs of class and region partition (0, 1) into cells whose
lengths are the probabilities of the pairs. An indexed search (Chen and Asau 1974) finds the cell of a number in about
one step.
"""

from typing import NamedTuple

import numpy as np

from octoplan.campaign.compiled import inlined, kernel, leaf
from octoplan.campaign.streams import SPLIT, Moment, Word, gamma, gamma_try, key_of, random_words, to_uniform
from octoplan.scenario.arrays import ArrivalProcess, Floats, Ints, Records

UNIFORM_BITS = 52
"""Bits of a uniform number; cell edges are integers in units of 2^-52."""
BUCKETS, BUCKET_BITS = 256, 44
"""Number of buckets of the index, and bits of a number within a bucket."""
MARGIN = 1 << 12
"""Distance from an edge, in units of 2^-52, within which the exact search is used; rounding errors are at most 3."""


class TargetAllocation(NamedTuple):
    """Shares of classes and destinations of a package on one day, and the search index.

    classes
        (threats,) cumulative shares of the classes.
    destinations
        (regions,) cumulative shares of the regions.
    edge
        (threats * regions,) upper end of the cell of class k and region r, row ``k * regions + r``, plus ``MARGIN``, in
        units of 2^-52.
    first_cell
        (BUCKETS + 1,) first row of ``edge`` above the lower end of each bucket.
    """

    classes: Floats
    destinations: Floats
    edge: Ints
    first_cell: Ints


@kernel
def target_allocation(arrivals: ArrivalProcess, moment: Moment, package: int) -> TargetAllocation:
    """Draw the shares of classes and destinations of a package on a day."""
    classes = class_shares(arrivals.threats, arrivals.threat_factor[moment.day], package)
    destinations = region_shares(arrivals, moment, package)
    edge = cell_edges(classes, destinations)
    return TargetAllocation(classes, destinations, edge, cell_index(edge))


@kernel
def cell_edges(classes: Floats, destinations: Floats) -> Ints:
    """Upper ends of the cells plus ``MARGIN``, (threats * regions,), in units of 2^-52."""
    regions = destinations.shape[0]
    edge = np.empty(classes.shape[0] * regions, np.int64)
    lower = 0.0
    for k in range(classes.shape[0]):
        for r in range(regions):
            end = lower + destinations[r] * (classes[k] - lower) if r < regions - 1 else classes[k]
            edge[k * regions + r] = np.int64(end * float(1 << UNIFORM_BITS)) + MARGIN
        lower = classes[k]
    edge[-1] = (1 << UNIFORM_BITS) + MARGIN
    return edge


@kernel
def cell_index(edge: Ints) -> Ints:
    """Number of edges at or below the lower end of each bucket, (BUCKETS + 1,); the last row is unused."""
    first_cell = np.zeros(BUCKETS + 1, np.int64)
    for end in edge:
        first_cell[min((end + (1 << BUCKET_BITS) - 1) >> BUCKET_BITS, BUCKETS)] += 1
    for bucket in range(BUCKETS):
        first_cell[bucket + 1] += first_cell[bucket]
    return first_cell


@inlined
def find_cell(allocation: TargetAllocation, word: Word) -> int:
    """Cell, class * regions + region, of the uniform number of a random word; same result as ``cell_by_search``."""
    number = np.int64(word >> np.uint64(64 - UNIFORM_BITS))
    cell = allocation.first_cell[number >> BUCKET_BITS]
    while number >= allocation.edge[cell]:
        cell += 1
    return cell if number < allocation.edge[cell] - 2 * MARGIN else cell_by_search(allocation, to_uniform(word))


@leaf
def cell_by_search(allocation: TargetAllocation, u: float) -> int:
    """Cell of a uniform number u by exact search for the class and then for the region."""
    k, u = pick_row(allocation.classes, u)
    region, _ = pick_row(allocation.destinations, u)
    return k * allocation.destinations.shape[0] + region


@inlined
def rescale_within_row(cumulative: Floats, row: int, u: float) -> float:
    """Rescale a uniform number u within the share of its row to (0, 1), where it is again uniform."""
    return rescale(u, cumulative[row - 1] if row > 0 else 0.0, cumulative[row])


@leaf
def package_factor(threats: Records, factor: Floats, package: int) -> float:
    """What-if factor on the mean count of a package: the mean of the factors of its classes, weighted by ``mix``.

    factor
        (threats,) what-if factors on the counts of the classes.
    """
    plain = weighted = 0.0
    for k in range(threats.shape[0]):
        if threats[k].package == package:
            plain += threats[k].mix
            weighted += threats[k].mix * factor[k]
    return weighted / plain if weighted != plain else 1.0


@kernel
def class_shares(threats: Records, factor: Floats, package: int) -> Floats:
    """Cumulative shares of the classes of a package, (threats,), in proportion to ``mix`` times ``factor``.

    If all factors are 0, which matters only on days with observed counts, shares are in proportion to ``mix``.
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
    """Draw the cumulative shares of the regions in a package on a day, (regions,), from a Dirichlet distribution.

    Its mean is the ``share`` of ``splits``. The draw is a vector of independent gamma numbers of shape
    concentration * share, divided by their sum, so that counts by region are Dirichlet-multinomial.
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
    """Perform the first trial of the gamma rejection sampler for all regions, into ``value``; -1 if rejected.

    All random words are drawn before the arithmetic, which can then be vectorised. This halves the run time.

    shape, value
        (regions,) shape parameters; gamma numbers or -1.
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
    """Row whose share contains the uniform number u, and u rescaled within the share; rows of share 0 are never picked.

    cumulative
        (rows,) cumulative shares.
    """
    row = 0
    for running in cumulative:
        row += running <= u
    row = min(row, cumulative.shape[0] - 1)
    while row > 0 and cumulative[row] == cumulative[row - 1]:
        row -= 1
    return row, rescale_within_row(cumulative, row, u)


@leaf
def rescale(u: float, lower: float, upper: float) -> float:
    """Rescale a number u, uniform between two bounds, to (0, 1)."""
    return min((u - lower) / (upper - lower), 1.0 - 1e-16)
