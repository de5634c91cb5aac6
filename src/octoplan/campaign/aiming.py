"""Where the threats of a package go: their classes, their destinations, and how a number in (0, 1) finds both.

One number decides: it falls within the share of a class, and what is left of it within the share of a region. So
the regions of the classes divide (0, 1) into cells, and a guide (Chen and Asau 1974) finds the cell that holds a number
in about one step.
"""

from typing import NamedTuple

import numpy as np

from octoplan.campaign.compiled import inlined, kernel, leaf
from octoplan.campaign.streams import SPLIT, Word, gamma, gamma_try, stream, unit, words
from octoplan.scenario.arrays import Floats, Ints, Keys, Links, Records, World

FINE = 52
"""Bits of a uniform number: the edges of cells are counted in units of 2^-52."""
BUCKETS, COARSE = 256, 44
"""Buckets of the guide, and bits of a number within one."""
MARGIN = 1 << 12
"""Units around an edge in which rounding may decide: at most three are, and a number so near is decided by ``pick``."""


class Aims(NamedTuple):
    """Where the threats of a package go on one day.

    mix, destinations
        (threats,), (regions,) cumulative shares of the classes and of the regions.
    edge
        (threats * regions,) where the cell of class k and region r, row ``k * regions + r``, surely has ended:
        its end and the margin, in units.
    guide
        (BUCKETS + 1,) rows of ``edge`` that no number of the bucket lies below.
    """

    mix: Floats
    destinations: Floats
    edge: Ints
    guide: Ints


@kernel
def aims(world: World, links: Links, keys: Keys, package: int, future: int, day: int) -> Aims:
    """Where the threats of a package go on a day."""
    mix = mixed(world.threats, links.threat_times[day], package)
    concentration = world.packages[package].concentration
    destinations = split(world.splits, world.regions.shape[0], concentration, keys, package, future, day)
    edge = edges(mix, destinations)
    return Aims(mix, destinations, edge, guide(edge))


@kernel
def edges(mix: Floats, destinations: Floats) -> Ints:
    """The ends of the cells with the margin, (threats * regions,); the last is out of reach."""
    regions = destinations.shape[0]
    found = np.empty(mix.shape[0] * regions, np.int64)
    below = 0.0
    for k in range(mix.shape[0]):
        for r in range(regions):
            end = below + destinations[r] * (mix[k] - below) if r < regions - 1 else mix[k]
            found[k * regions + r] = np.int64(end * float(1 << FINE)) + MARGIN
        below = mix[k]
    found[-1] = (1 << FINE) + MARGIN
    return found


@kernel
def guide(edge: Ints) -> Ints:
    """For each bucket the edges at or below its begin, (BUCKETS + 1,); the last row is of no use."""
    found = np.zeros(BUCKETS + 1, np.int64)
    for end in edge:
        found[min((end + (1 << COARSE) - 1) >> COARSE, BUCKETS)] += 1
    for bucket in range(BUCKETS):
        found[bucket + 1] += found[bucket]
    return found


@inlined
def cell(aims: Aims, word: Word) -> int:
    """The row, class * regions + region, of the cell that holds a word's number: what two calls of ``pick`` give."""
    place = np.int64(word >> np.uint64(64 - FINE))
    found = aims.guide[place >> COARSE]
    while place >= aims.edge[found]:
        found += 1
    return found if place < aims.edge[found] - 2 * MARGIN else near_an_edge(aims, unit(word))


@leaf
def near_an_edge(aims: Aims, u: float) -> int:
    """The row of the cell that holds u, by picking twice."""
    k, u = pick(aims.mix, u)
    region, _ = pick(aims.destinations, u)
    return k * aims.destinations.shape[0] + region


@inlined
def left_of(cumulative: Floats, row: int, u: float) -> float:
    """What is left of a uniform number that fell within the share of a row."""
    return rest(u, cumulative[row - 1] if row > 0 else 0.0, cumulative[row])


@leaf
def package_times(threats: Records, times: Floats, package: int) -> float:
    """What the factors on its classes, (threats,), make of a package's mean: their mean by ``mix``."""
    plain = weighted = 0.0
    for k in range(threats.shape[0]):
        if threats[k].package == package:
            plain += threats[k].mix
            weighted += threats[k].mix * times[k]
    return weighted / plain if weighted != plain else 1.0


@kernel
def mixed(threats: Records, times: Floats, package: int) -> Floats:
    """Cumulative shares of the classes within a package, shape (threats,), with the factors of what-ifs on them.

    Factors of 0 on all of them, which only days given can meet, leave the shares as they are.
    """
    share = np.zeros(threats.shape[0])
    plain = package_times(threats, times, package) == 0.0
    total = 0.0
    for k in range(threats.shape[0]):
        if threats[k].package == package:
            total += threats[k].mix * (1.0 if plain else times[k])
        share[k] = total
    for k in range(threats.shape[0]):
        share[k] /= total
    return share


@kernel
def split(
    splits: Records, regions: int, concentration: float, keys: Keys, package: int, future: int, day: int
) -> Floats:
    """Cumulative shares of the regions in a package's day, shape (regions,): Dirichlet around the stated shares.

    splits
        (packages x regions,) stated shares.
    """
    base = package * regions
    total = 0.0
    for r in range(regions):
        total += splits[base + r].share
    weight, shape = np.empty(regions), np.empty(regions)
    for r in range(regions):
        shape[r] = concentration * splits[base + r].share / total
    first_gammas(keys, base, future, day, shape, weight)
    drawn = 0.0
    for r in range(regions):
        if weight[r] < 0.0:
            weight[r] = gamma(stream(keys, SPLIT, base + r), future, day, 0, shape[r], 1)
        drawn += weight[r]
    running = 0.0
    for r in range(regions):
        running += weight[r] / drawn if drawn > 0.0 else splits[base + r].share / total
        weight[r] = running
    return weight


@kernel
def first_gammas(keys: Keys, base: int, future: int, day: int, shape: Floats, found: Floats) -> None:
    """The first try at each region's gamma number into ``found``, -1 if rejected; all three are (regions,).

    Words first, then the arithmetic, which runs in lanes: half the time of ``gamma`` region by region.
    """
    regions = shape.shape[0]
    word = np.empty((3, regions), np.uint64)
    for r in range(regions):
        word[0, r], word[1, r], word[2, r], _ = words(stream(keys, SPLIT, base + r), future, day, 0, 0)
    for r in range(regions):
        found[r] = gamma_try(word[0, r], word[1, r], word[2, r], shape[r])
    for r in range(regions):
        if shape[r] <= 0.0:
            found[r] = 0.0


@leaf
def pick(cumulative: Floats, u: float) -> tuple[int, float]:
    """The row whose share of the cumulative shares holds u, never one without a share; and what is left of u."""
    low = 0
    for running in cumulative:
        low += running <= u
    low = min(low, cumulative.shape[0] - 1)
    while low > 0 and cumulative[low] == cumulative[low - 1]:
        low -= 1
    return low, left_of(cumulative, low, u)


@leaf
def rest(u: float, below: float, above: float) -> float:
    """What is left of a uniform number that fell between two bounds: its place between them, uniform again."""
    return min((u - below) / (above - below), 1.0 - 1e-16)
