"""Raids: how many come on a day (model.md section 2) and by which way they come."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.aiming import aims, cell, left_of, package_times, rest
from octoplan.campaign.arithmetic import exp, log
from octoplan.campaign.compiled import kernel, leaf, structure
from octoplan.campaign.ordering import sort_by_time
from octoplan.campaign.streams import (
    COUNT,
    LEVEL,
    PACKAGE,
    QUIET,
    REGIME,
    SHOCK,
    THREATS,
    normal,
    poisson,
    stream,
    uniform,
    unit,
    words,
)
from octoplan.scenario.arrays import Floats, Ints, Keys, Links, Records, World

LARGEST_RAID = 200_000
"""Threats of one day beyond which a future is given up as failed."""


Counts = NDArray[np.int32]
"""Numbers of threats in four bytes: those of a day, a class and a region lie below the largest raid."""


class Raid(NamedTuple):
    """The threats of one day and the regions they cross.

    threat, package, number, target
        (threats,) class, package, rank within the package's day, destination.
    luck, guise
        (threats,) uniform numbers that decide which layer stops it, and where it is recognised as a decoy; what a
        decision leaves of them is uniform again, so each serves the whole way.
    start, who, when
        region r is crossed, from early to late, by the threats ``who[start[r]:start[r + 1]]`` at the minutes ``when``
        of the raid.
    """

    threat: Ints
    package: Ints
    number: Ints
    target: Ints
    luck: Floats
    guise: Floats
    start: Ints
    who: Ints
    when: Floats


@structure
class Roads:
    """What does not change from day to day in the raids of one future.

    ways
        (corridors,) cumulative shares of the corridors into each region, in the order of ``links.into``.
    depth
        most corridors that one threat can take.
    """

    ways: Floats
    depth: int


@kernel
def counts(world: World, links: Links, keys: Keys, future: int, days: int) -> Ints:
    """Threats of each package on each day, shape (days, packages): those given, then those drawn.

    A two-state Markov regime (routine, salvo) times a slowly wandering log-intensity (AR(1) around 0, so that
    exp of it has mean 1) times a lognormal shock a day, correlated between packages; Poisson around that, and none on
    quiet days. The process begins on the first day drawn.
    """
    raids = world.raids[0]
    packages = world.packages.shape[0]
    found = np.zeros((days, packages), np.int64)
    stay = raids.salvo_stay
    keep = exp(-1.0 / raids.wander_time)
    fresh = np.sqrt(1.0 - keep * keep)
    salvo = False
    level = raids.begin * raids.wander
    first = min(links.given.shape[0], days)
    found[:first] = links.given[:first]
    for day in range(first, days):
        u = uniform(stream(keys, REGIME, 0), future, day, 0)
        share = min(1.0, raids.salvo_share * links.salvo_times[day])
        enter = min(1.0, share * (1.0 - stay) / (1.0 - share)) if share < 1.0 else 1.0
        salvo = u < (share if day == first else (stay if salvo else enter))
        level = keep * level + fresh * (raids.wander * normal(stream(keys, LEVEL, 0), future, day, 0))
        scale = raids.level * exp(
            (day - first) / 365.25 * log(1.0 + raids.growth) + level - 0.5 * raids.wander * raids.wander
        )
        shock = normal(stream(keys, SHOCK, 0), future, day, 0)
        for package in range(packages):
            own = world.packages[package]
            mean = own.salvo_mean if salvo else own.routine_mean
            mean *= package_times(world.threats, links.threat_times[day], package)
            cv = own.salvo_cv if salvo else own.routine_cv
            if mean <= 0.0 or uniform(stream(keys, QUIET, package), future, day, 0) < own.quiet:
                continue
            spread = np.sqrt(log(1.0 + cv * cv))
            alone = normal(stream(keys, PACKAGE, package), future, day, 0)
            z = own.coupling * shock + np.sqrt(1.0 - own.coupling * own.coupling) * alone
            intensity = scale * mean * exp(spread * z - 0.5 * spread * spread)
            if not intensity <= LARGEST_RAID:
                found[day, package] = LARGEST_RAID + 1
            else:
                found[day, package] = poisson(stream(keys, COUNT, package), future, day, 0, intensity)
    return found


@kernel
def roads(world: World, links: Links) -> Roads:
    """The constants of one future's raids."""
    return Roads(ways_in(world.corridors, links), deepest(world.corridors, links))


@kernel
def ways_in(corridors: Records, links: Links) -> Floats:
    """Cumulative shares of the corridors into each region, in the order of ``links.into``; shape (corridors,)."""
    found = np.zeros(links.into.shape[0])
    for r in range(links.into_start.shape[0] - 1):
        total = 0.0
        for i in range(links.into_start[r], links.into_start[r + 1]):
            total += corridors[links.into[i]].share
        running = 0.0
        for i in range(links.into_start[r], links.into_start[r + 1]):
            running += corridors[links.into[i]].share / total if total > 0.0 else 0.0
            found[i] = running
    return found


@kernel
def deepest(corridors: Records, links: Links) -> int:
    """Most corridors that one threat can take."""
    depth = np.zeros(links.region_order.shape[0], np.int64)
    for r in links.region_order:
        for i in range(links.into_start[r], links.into_start[r + 1]):
            origin = corridors[links.into[i]].origin
            depth[r] = max(depth[r], 1 + (depth[origin] if origin >= 0 else 0))
    return 0 if depth.shape[0] == 0 else depth.max()


@leaf
def walk_back(
    corridors: Records, start: Ints, into: Ints, ways: Floats, region: int, u: float, back: Ints
) -> tuple[int, int]:
    """The corridors by which a threat came to a region, last first, into ``back``; returns their number and the
    region it entered first without one (-1 if it came from the border).

    One uniform number u decides at every fork: what is left of it within the chosen share is uniform again.
    """
    steps = 0
    here = region
    while here >= 0:
        i = start[here]
        last = start[here + 1] - 1
        if i > last or ways[last] <= 0.0:
            break
        while i < last and ways[i] <= u:
            i += 1
        below = ways[i - 1] if i > start[here] else 0.0
        while below >= ways[i]:
            i -= 1
            below = ways[i - 1] if i > start[here] else 0.0
        u = rest(u, below, ways[i])
        back[steps] = into[i]
        steps += 1
        here = corridors[into[i]].origin
    return steps, here


@kernel
def place(world: World, links: Links, roads: Roads, keys: Keys, future: int, day: int, count: Ints) -> Raid:
    """The raid of a day, given the count of each package: classes, destinations, and the regions crossed when.

    Each threat is one block of its package's stream: a word for class, destination and way, one for the time of
    entry, two for its luck. Its way is walked back from the destination, corridor by corridor, to the border.
    """
    regions = world.regions.shape[0]
    total = count.sum()
    threat = np.empty(total, np.int64)
    package_of = np.empty(total, np.int64)
    number = np.empty(total, np.int64)
    target = np.empty(total, np.int64)
    luck, guise = np.empty(total), np.empty(total)
    depth = roads.depth + 1
    where = np.empty(total * depth, np.int64)
    whose = np.empty(total * depth, np.int64)
    times = np.empty(total * depth)
    back = np.empty(depth, np.int64)
    corridors, threats, into_start, into = world.corridors, world.threats, links.into_start, links.into
    ways = roads.ways
    crossed = 0
    n = 0
    for package in range(count.shape[0]):
        if count[package] == 0:
            continue
        span = world.packages[package].span
        where_to = aims(world, links, keys, package, future, day)
        key = stream(keys, THREATS, package)
        for i in range(count[package]):
            w0, w1, w2, w3 = words(key, future, day, i, 0)
            k, region = divmod(cell(where_to, w0), regions)
            u = left_of(where_to.destinations, region, left_of(where_to.mix, k, unit(w0)))
            time = unit(w1) * span
            threat[n], package_of[n], number[n], target[n] = k, package, i, region
            luck[n], guise[n] = unit(w2), unit(w3)
            steps, entry = 0, region
            if threats[k].direct == 0:
                steps, entry = walk_back(corridors, into_start, into, ways, region, u, back)
            if entry >= 0:
                where[crossed], whose[crossed], times[crossed] = entry, n, time
                crossed += 1
            for step in range(steps - 1, -1, -1):
                time += corridors[back[step]].transit
                where[crossed], whose[crossed], times[crossed] = corridors[back[step]].into, n, time
                crossed += 1
            n += 1
    start, who, when = line_up(regions, where[:crossed], whose, times)
    return Raid(threat, package_of, number, target, luck, guise, start, who, when)


@kernel
def launch(world: World, links: Links, keys: Keys, future: int, count: Ints, launched: Counts) -> None:
    """Count the threats that ``place`` places by class and destination, without their ways and times.

    count
        (days, packages) threats of each package.
    launched
        (days, threats * regions) added to.
    """
    for day in range(count.shape[0]):
        for package in range(count.shape[1]):
            if count[day, package] > 0:
                where_to = aims(world, links, keys, package, future, day)
                key = stream(keys, THREATS, package)
                for i in range(count[day, package]):
                    launched[day, cell(where_to, words(key, future, day, i, 0)[0])] += 1


@kernel
def line_up(regions: int, where: Ints, whose: Ints, times: Floats) -> tuple[Ints, Ints, Floats]:
    """Crossings sorted by region, then by time, then as given: ``start``, ``who`` and ``when`` of a ``Raid``.

    where, whose, times
        (crossings,) region, threat and minute of each; the last two may be longer.
    """
    count = where.shape[0]
    start = np.zeros(regions + 1, np.int64)
    for i in range(count):
        start[where[i] + 1] += 1
    for r in range(regions):
        start[r + 1] += start[r]
    fill, row, when = start.copy(), np.empty(count, np.int64), np.empty(count)
    for i in range(count):
        slot = fill[where[i]]
        fill[where[i]] += 1
        row[slot], when[slot] = i, times[i]
    order, room = np.empty(count, np.int64), np.empty(count + 1, np.int64)
    for r in range(regions):
        sort_by_time(when, start[r], start[r + 1], order[start[r] :], room)
    who, early = np.empty(count, np.int64), np.empty(count)
    for i in range(count):
        who[i] = whose[row[order[i]]]
        early[i] = when[order[i]]
    return start, who, early
