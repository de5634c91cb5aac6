"""Routes of threats through the feed-forward network of corridors between regions."""

import numpy as np

from octoplan.campaign.compiled import kernel, leaf
from octoplan.campaign.sorting import sort_by_time
from octoplan.campaign.structures import structure
from octoplan.campaign.target_allocation import rescale
from octoplan.scenario.arrays import Floats, Ints, Links, Records


@structure
class Routes:
    """The network of corridors in one future.

    corridors
        Records of corridors.
    incoming_start, incoming
        (regions + 1,), (corridors,) corridors into region r are ``incoming[incoming_start[r]:incoming_start[r + 1]]``.
    share
        (corridors,) cumulative shares of the corridors into each region, in the order of ``incoming``.
    depth
        Number of corridors on the longest route.
    """

    corridors: Records
    incoming_start: Ints
    incoming: Ints
    share: Floats
    depth: int


@kernel
def routes(corridors: Records, links: Links) -> Routes:
    """Return the network of corridors of one future."""
    share, depth = corridor_shares(corridors, links), longest_route(corridors, links)
    return Routes(corridors, links.incoming_start, links.incoming, share, depth)


@kernel
def corridor_shares(corridors: Records, links: Links) -> Floats:
    """Cumulative shares of the corridors into each region, in the order of ``links.incoming``; (corridors,)."""
    share = np.zeros(links.incoming.shape[0])
    for r in range(links.incoming_start.shape[0] - 1):
        total = 0.0
        for i in range(links.incoming_start[r], links.incoming_start[r + 1]):
            total += corridors[links.incoming[i]].share
        running = 0.0
        for i in range(links.incoming_start[r], links.incoming_start[r + 1]):
            running += corridors[links.incoming[i]].share / total if total > 0.0 else 0.0
            share[i] = running
    return share


@kernel
def longest_route(corridors: Records, links: Links) -> int:
    """Number of corridors on the longest route from the border to any region."""
    depth = np.zeros(links.region_order.shape[0], np.int64)
    longest = 0
    for r in links.region_order:
        for i in range(links.incoming_start[r], links.incoming_start[r + 1]):
            origin = corridors[links.incoming[i]].origin
            depth[r] = max(depth[r], 1 + (depth[origin] if origin >= 0 else 0))
        longest = max(longest, depth[r])
    return longest


@leaf
def trace_route(
    corridors: Records, incoming_start: Ints, incoming: Ints, share: Floats, region: int, u: float, route: Ints
) -> tuple[int, int]:
    """Draw the route of a threat by tracing back from its destination, into ``route`` (depth,), last corridor first.

    One uniform number u selects all corridors: after each choice it is rescaled within the chosen share, where it is
    again uniform on (0, 1).

    Returns the number of corridors, and the region in which the threat enters (-1 for the border).
    """
    steps = 0
    current = region
    while current >= 0:
        i = incoming_start[current]
        last = incoming_start[current + 1] - 1
        if i > last or share[last] <= 0.0:
            break
        while i < last and share[i] <= u:
            i += 1
        lower = share[i - 1] if i > incoming_start[current] else 0.0
        while lower >= share[i]:
            i -= 1
            lower = share[i - 1] if i > incoming_start[current] else 0.0
        u = rescale(u, lower, share[i])
        route[steps] = incoming[i]
        steps += 1
        current = corridors[incoming[i]].origin
    return steps, current


@kernel
def sort_crossings(regions: int, region: Ints, threat: Ints, minute: Floats) -> tuple[Ints, Ints, Floats]:
    """Sort crossings by region and time; return the three crossing arrays of a ``Raid``. The sort is stable.

    region, threat, minute
        (crossings,) region, threat and minute of each crossing; ``threat`` and ``minute`` may have unused
        rows at the end.
    """
    count = region.shape[0]
    start = np.zeros(regions + 1, np.int64)
    for i in range(count):
        start[region[i] + 1] += 1
    for r in range(regions):
        start[r + 1] += start[r]
    fill, threat_of, time = start.copy(), np.empty(count, np.int64), np.empty(count)
    for i in range(count):
        slot = fill[region[i]]
        fill[region[i]] += 1
        threat_of[slot], time[slot] = threat[i], minute[i]
    order, buckets = np.empty(count, np.int64), np.empty(count + 1, np.int64)
    sorted_threat, sorted_time = np.empty(count, np.int64), np.empty(count)
    for r in range(regions):
        sort_by_time(time, start[r], start[r + 1], order[start[r] :], sorted_time[start[r] :], buckets)
    for i in range(count):
        sorted_threat[i] = threat_of[order[i]]
    return start, sorted_threat, sorted_time
