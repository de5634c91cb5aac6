"""Arrivals: number of threats per package and day, and the class, destination and route of each threat."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.arithmetic import exp, log
from octoplan.campaign.compiled import kernel
from octoplan.campaign.routes import Routes, sort_crossings, trace_route
from octoplan.campaign.streams import (
    COUNT,
    LEVEL,
    PACKAGE,
    QUIET,
    REGIME,
    SHOCK,
    THREATS,
    Moment,
    key_of,
    normal,
    poisson,
    random_words,
    to_uniform,
    uniform,
)
from octoplan.campaign.target_allocation import find_cell, package_factor, rescale_within_row, target_allocation
from octoplan.scenario.arrays import ArrivalProcess, Floats, Ints

LARGEST_RAID = 200_000
"""Largest number of threats of one package on one day; a future that exceeds it fails."""

ThreatCounts = NDArray[np.int32]
"""Threat counts. 32 bits suffice for a day, a class and a region, since no package exceeds ``LARGEST_RAID``."""


class Raid(NamedTuple):
    """The threats of one day and the regions that they cross.

    threat, package, number, target
        (threats,) class, package, index among the package's threats of the day, destination region.
    u_layer, u_decoy
        (threats,) uniform numbers that decide which layer stops a threat, and where a decoy is recognised.
    crossing_start, crossing_threat, crossing_time
        Threats that cross region r, in order of time: ``crossing_threat[crossing_start[r]:crossing_start[r + 1]]``, at
        the minutes ``crossing_time`` after the start of the raid.
    """

    threat: Ints
    package: Ints
    number: Ints
    target: Ints
    u_layer: Floats
    u_decoy: Floats
    crossing_start: Ints
    crossing_threat: Ints
    crossing_time: Floats


@kernel
def package_counts(arrivals: ArrivalProcess, future: int, days: int) -> Ints:
    """Number of threats by day and package, (days, packages): observed counts for the first days, then simulated ones.

    Counts are Poisson with intensity level * mean(regime) * exp(x + y). The regime (routine or salvo) is a two-state
    Markov chain. x is the slow log-intensity, AR(1) with mean -wander^2 / 2 so that exp(x) has mean 1. y is a lognormal
    shock of the day, correlated between packages (one factor with loading ``coupling``). On a quiet day, with
    probability ``quiet``, a package has no threats. The process starts on the first simulated day.
    """
    process = arrivals.process[0]
    packages = arrivals.packages.shape[0]
    counts = np.zeros((days, packages), np.int64)
    keep = exp(-1.0 / process.wander_time)
    fresh = np.sqrt(1.0 - keep * keep)
    salvo = False
    slow = process.begin * process.wander
    first = min(arrivals.observed_counts.shape[0], days)
    for day in range(first):
        for package in range(packages):
            counts[day, package] = arrivals.observed_counts[day, package]
    for day in range(first, days):
        moment = Moment(arrivals.keys, future, day)
        salvo = next_regime(arrivals, moment, salvo, day == first)
        slow = keep * slow + fresh * (process.wander * normal(key_of(arrivals.keys, LEVEL, 0), future, day, 0))
        scale = process.level * exp(
            (day - first) / 365.25 * log(1.0 + process.growth) + slow - 0.5 * process.wander * process.wander
        )
        shock = normal(key_of(arrivals.keys, SHOCK, 0), future, day, 0)
        for package in range(packages):
            counts[day, package] = package_count(arrivals, moment, package, salvo, scale, shock)
    return counts


@kernel
def next_regime(arrivals: ArrivalProcess, moment: Moment, salvo: bool, first: bool) -> bool:
    """Draw whether a day is a salvo day: a two-state Markov chain whose stationary share is ``salvo_share``.

    With share s and persistence p = ``salvo_stay``, a routine day is followed by a salvo day with probability
    s (1 - p) / (1 - s). The first day is drawn from the stationary distribution.
    """
    process = arrivals.process[0]
    u = uniform(key_of(moment.keys, REGIME, 0), moment.future, moment.day, 0)
    share = min(1.0, process.salvo_share * arrivals.salvo_factor[moment.day])
    enter = min(1.0, share * (1.0 - process.salvo_stay) / (1.0 - share)) if share < 1.0 else 1.0
    return u < (share if first else (process.salvo_stay if salvo else enter))


@kernel
def package_count(
    arrivals: ArrivalProcess, moment: Moment, package: int, salvo: bool, scale: float, shock: float
) -> int:
    """Draw the number of threats of one package on one day, given the regime, scale and common shock of the day.

    Returns ``LARGEST_RAID`` + 1, which makes the future fail, if the intensity exceeds ``LARGEST_RAID``.
    """
    future, day = moment.future, moment.day
    parameters = arrivals.packages[package]
    mean = parameters.salvo_mean if salvo else parameters.routine_mean
    mean *= package_factor(arrivals.threats, arrivals.threat_factor[day], package)
    cv = parameters.salvo_cv if salvo else parameters.routine_cv
    if mean <= 0.0 or uniform(key_of(moment.keys, QUIET, package), future, day, 0) < parameters.quiet:
        return 0
    sigma = np.sqrt(log(1.0 + cv * cv))
    own_shock = normal(key_of(moment.keys, PACKAGE, package), future, day, 0)
    z = parameters.coupling * shock + np.sqrt(1.0 - parameters.coupling * parameters.coupling) * own_shock
    intensity = scale * mean * exp(sigma * z - 0.5 * sigma * sigma)
    if not intensity <= LARGEST_RAID:
        return LARGEST_RAID + 1
    return poisson(key_of(moment.keys, COUNT, package), future, day, 0, intensity)


@kernel
def draw_raid(arrivals: ArrivalProcess, routes: Routes, moment: Moment, count: Ints) -> Raid:
    """Draw the classes, destinations, routes and crossing times of the threats of one day.

    Each threat uses one block of four random words from the stream of its package: one for class, destination and
    route, one for the minute of entry, one for the layers, and one for decoy recognition. The route is traced back from
    the destination.

    count
        (packages,) number of threats.
    """
    # longer than 50 lines because one loop over the threats fills all arrays
    regions = routes.incoming_start.shape[0] - 1
    total = count.sum()
    threat = np.empty(total, np.int64)
    package_of = np.empty(total, np.int64)
    number = np.empty(total, np.int64)
    target = np.empty(total, np.int64)
    u_layer, u_decoy = np.empty(total), np.empty(total)
    depth = routes.depth + 1
    crossed_region = np.empty(total * depth, np.int64)
    crossing_threat = np.empty(total * depth, np.int64)
    minute = np.empty(total * depth)
    route = np.empty(depth, np.int64)
    first_words = np.empty((2, total), np.uint64)
    corridors, threats, incoming_start, incoming = (
        routes.corridors,
        arrivals.threats,
        routes.incoming_start,
        routes.incoming,
    )
    share = routes.share
    crossings = 0
    n = 0
    for package in range(count.shape[0]):
        if count[package] == 0:
            continue
        span = arrivals.packages[package].span
        allocation = target_allocation(arrivals, moment, package)
        key = key_of(moment.keys, THREATS, package)
        for i in range(count[package]):
            first_words[0, n + i], first_words[1, n + i], w2, w3 = random_words(key, moment.future, moment.day, i, 0)
            u_layer[n + i], u_decoy[n + i] = to_uniform(w2), to_uniform(w3)
        for i in range(count[package]):
            k, region = divmod(find_cell(allocation, first_words[0, n]), regions)
            u = rescale_within_row(allocation.classes, k, to_uniform(first_words[0, n]))
            u = rescale_within_row(allocation.destinations, region, u)
            time = to_uniform(first_words[1, n]) * span
            threat[n], package_of[n], number[n], target[n] = k, package, i, region
            steps, entry = 0, region
            if threats[k].direct == 0:
                steps, entry = trace_route(corridors, incoming_start, incoming, share, region, u, route)
            if entry >= 0:
                crossed_region[crossings], crossing_threat[crossings], minute[crossings] = entry, n, time
                crossings += 1
            for step in range(steps - 1, -1, -1):
                time += corridors[route[step]].transit
                crossed_region[crossings] = corridors[route[step]].into
                crossing_threat[crossings], minute[crossings] = n, time
                crossings += 1
            n += 1
    start, crossing, time_of_crossing = sort_crossings(regions, crossed_region[:crossings], crossing_threat, minute)
    return Raid(
        threat, package_of, number, target, u_layer, u_decoy, start, crossing, time_of_crossing
    )  # fmt: skip


@kernel
def count_arrivals(arrivals: ArrivalProcess, future: int, count: Ints, launched: ThreatCounts) -> None:
    """Count the threats of one future by class and destination, as ``draw_raid`` draws them, without routes and times.

    count
        (days, packages) number of threats.
    launched
        (days, threats * regions) counts, updated in place.
    """
    for day in range(count.shape[0]):
        moment = Moment(arrivals.keys, future, day)
        for package in range(count.shape[1]):
            if count[day, package] > 0:
                allocation = target_allocation(arrivals, moment, package)
                key = key_of(arrivals.keys, THREATS, package)
                for i in range(count[day, package]):
                    launched[day, find_cell(allocation, random_words(key, future, day, i, 0)[0])] += 1
