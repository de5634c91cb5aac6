"""Defence of the regions on one day: the crews' queue, the other layers, and the threats that pass on."""

from typing import NamedTuple

import numpy as np

from octoplan.campaign.arrivals import Raid
from octoplan.campaign.compiled import kernel, leaf
from octoplan.campaign.crew_queue import (
    KILLED,
    NO_CREW,
    NO_STOCK,
    NO_TIME,
    CrewQueue,
    Doctrine,
    Interceptors,
    empty_queue,
    run_crew_queue,
)
from octoplan.campaign.streams import LAYER_DAY, Moment, beta, key_of
from octoplan.campaign.target_allocation import rescale
from octoplan.scenario.arrays import Floats, Ints, Records
from octoplan.scenario.limiting_factors import (
    LIMITED_BY_CREWS,
    LIMITED_BY_ENGAGEMENT_WINDOW,
    LIMITED_BY_INTERCEPTORS,
    NO_LIMITING_FACTOR,
)


class LayerState(NamedTuple):
    """State of the defence layers in one region on one day; row 0 is the interceptors and is unused.

    order
        (threats, layers) layers in the order of the class's doctrine; unused columns are -1.
    p_stop
        (layers, threats) probability on this day that an engagement stops a threat.
    shots
        (layers, threats) shots per engagement.
    limited, stocked
        (layers,) limited: 1 if the engagements per region and day are limited; stocked: 1 if shots come from a stock.
    capacity
        (layers,) engagements that remain in the region on this day.
    stock
        (layers,) shots in the country's stock.
    fired
        (layers,) shots fired on this day, updated in place.
    """

    order: Ints
    p_stop: Floats
    shots: Floats
    limited: Ints
    stocked: Ints
    capacity: Floats
    stock: Floats
    fired: Floats


class Workspace(NamedTuple):
    """Working arrays for the threats that cross one region.

    stage
        (threats,) number of layers of the doctrine that have been tried.
    queue_row
        (threats,) row in the crews' queue, -1 for a threat not in the queue.
    recognised
        (threats,) 1 for a decoy that has been recognised.
    queue
        The crews' queue.
    """

    stage: Ints
    queue_row: Ints
    recognised: Ints
    queue: CrewQueue


class RaidState(NamedTuple):
    """State of a raid as it crosses the regions.

    raid
        The threats and their routes.
    alive
        (threats,) 1 until the threat is stopped.
    u_layer, u_decoy
        (threats,) uniform numbers that decide which layer stops a threat, and where a decoy is recognised;
        each decision rescales the number to a uniform one on (0, 1).
    """

    raid: Raid
    alive: Ints
    u_layer: Floats
    u_decoy: Floats


class DefenceParameters(NamedTuple):
    """Parameters of the defence in one future.

    threats, engagement, posts
        Records of the classes, of (threat, region) and of (layer, region); see ``entities.KINDS``.
    p_contact
        (regions, threats) contact probability of a sortie.
    doctrine
        Engagement rules of the crews; p_contact is replaced by that of the region.
    value
        (threats,) priority of the class in the queue; higher is engaged first.
    by_value
        True if the queue is ordered by value and then deadline, False if by deadline only.
    smoothing
        Weight of the latest day in the exponentially smoothed demand for sorties.
    region_order
        (regions,) regions in topological order of the corridors.
    """

    threats: Records
    engagement: Records
    posts: Records
    p_contact: Floats
    doctrine: Doctrine
    value: Floats
    by_value: bool
    smoothing: float
    region_order: Ints


class DefenceTally(NamedTuple):
    """Tallies of the defence for one month; see ``tally.TALLIES``.

    stopped
        (regions, threats) threats stopped.
    stopped_by
        (layers, threats) threats stopped.
    nights
        (regions, night limits) region-nights by limiting factor.
    """

    stopped: Ints
    stopped_by: Ints
    nights: Ints


class UnitAccounts(NamedTuple):
    """Unit accounts that the sorties of a night change.

    spent
        (designs,) units launched and not recovered, updated in place.
    position
        (designs, regions) units in the region or in transit to it.
    use
        (regions,) exponentially smoothed demand for sorties, per day.
    """

    spent: Ints
    position: Ints
    use: Floats


@kernel
def empty_workspace(size: int) -> Workspace:
    """Return uninitialised working arrays for ``size`` threats."""
    return Workspace(
        np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64), empty_queue(size)
    )  # fmt: skip


@kernel
def layer_probabilities(layers: Records, effects: Records, moment: Moment) -> Floats:
    """Probability on one day that an engagement of each layer stops a threat of each class, (layers, threats).

    It is beta distributed with mean ``p`` of the layer and class and the layer's intra-class correlation within a day,
    so that the number stopped of n threats is beta-binomial.
    """
    count = layers.shape[0]
    threats = effects.shape[0] // count
    p = np.zeros((count, threats))
    for layer in range(1, count):
        for k in range(threats):
            row = layer * threats + k
            key = key_of(moment.keys, LAYER_DAY, row)
            p[layer, k] = beta(key, moment.future, moment.day, effects[row].p, layers[layer].correlation)
    return p


@leaf
def engage_layers(layers: LayerState, k: int, u: float, stage: int, recognised: bool) -> tuple[float, int, int]:
    """Engage one threat of class k by the layers of its doctrine, from position ``stage`` up to the interceptors.

    A layer engages while it has capacity and shots. It stops the threat if the uniform number u is below p; otherwise
    (u - p) / (1 - p), which is uniform on (0, 1), decides at the next layer. Layers with a stock of shots do not engage
    recognised decoys.

    Returns the rescaled u, the position reached, and the layer that stopped the threat (-1 if it was not stopped).
    """
    while stage < layers.p_stop.shape[0]:
        layer = layers.order[k, stage]
        if layer <= 0:
            break
        stage += 1
        if layers.stocked[layer] == 1 and (recognised or layers.stock[layer] < layers.shots[layer, k]):
            continue
        if layers.limited[layer] == 1:
            if layers.capacity[layer] < 1.0:
                continue
            layers.capacity[layer] -= 1.0
        if layers.stocked[layer] == 1:
            layers.stock[layer] -= layers.shots[layer, k]
        layers.fired[layer] += layers.shots[layer, k]
        p = layers.p_stop[layer, k]
        if u < p:
            return u, stage, layer
        u = rescale(u, p, 1.0)
    return u, stage, -1


@leaf
def open_capacity(layers: LayerState, posts: Records, region: int, regions: int, day: int) -> None:
    """Set the engagements available to each layer in a region on one day: integers whose mean is the daily capacity."""
    for layer in range(1, layers.p_stop.shape[0]):
        capacity = posts[layer * regions + region].capacity
        layers.capacity[layer] = np.floor(capacity * (day + 1)) - np.floor(capacity * day)


@leaf
def defend_region(
    parameters: DefenceParameters, doctrine: Doctrine, state: RaidState, workspace: Workspace, layers: LayerState,
    interceptors: Interceptors, tally: DefenceTally, moment: Moment, region: int, crews: int,
) -> int:  # fmt: skip
    """Simulate one night in one region: layers that precede the interceptors, the crews' queue, and layers that follow.

    Crews do not engage recognised decoys. Threats that remain ``alive`` continue to their next region.

    Returns the demand for sorties: sorties launched, plus one salvo for each threat not engaged because no interceptor
    was in stock.
    """
    # longer than 50 lines because two passes over the threats, before and after the queue, share all local arrays
    raid, queue, threats = state.raid, workspace.queue, parameters.threats
    alive, u_layer, u_decoy = state.alive, state.u_layer, state.u_decoy
    stage, queue_row, recognised = workspace.stage, workspace.queue_row, workspace.recognised
    regions = parameters.region_order.shape[0]
    open_capacity(layers, parameters.posts, region, regions, moment.day)
    first = raid.crossing_start[region]
    count = raid.crossing_start[region + 1] - first
    queued = 0
    for a in range(count):
        i = raid.crossing_threat[first + a]
        queue_row[a] = -1
        if alive[i] == 0:
            continue
        k = raid.threat[i]
        decoy = False
        if threats[k].decoy == 1:
            p = threats[k].p_discriminate
            decoy = u_decoy[i] < p
            u_decoy[i] = rescale(u_decoy[i], 0.0, p) if decoy else rescale(u_decoy[i], p, 1.0)
        u, reached, by = engage_layers(layers, k, u_layer[i], 0, decoy)
        u_layer[i] = u
        if by >= 0:
            alive[i] = 0
            tally.stopped[region, k] += 1
            tally.stopped_by[by, k] += 1
            continue
        if reached < layers.p_stop.shape[0] and layers.order[k, reached] == 0:
            reached += 1
            if not decoy:
                arrival = raid.crossing_time[first + a]
                queue.arrival[queued] = arrival
                queue.deadline[queued] = arrival + parameters.engagement[k * regions + region].window
                queue.rank[queued] = -parameters.value[k] if parameters.by_value else 0.0
                queue.threat_class[queued], queue.number[queued] = k, raid.number[i]
                queue.source[queued] = raid.package[i] * regions + region
                queue_row[a] = queued
                queued += 1
        stage[a] = reached
        recognised[a] = 1 if decoy else 0
    if queued > 0:
        run_crew_queue(queue, queued, crews, doctrine, interceptors, moment)
    for a in range(count):
        i = raid.crossing_threat[first + a]
        if alive[i] == 0:
            continue
        k = raid.threat[i]
        by = 0
        if queue_row[a] < 0 or queue.outcome[queue_row[a]] != KILLED:
            u, _, by = engage_layers(layers, k, u_layer[i], stage[a], recognised[a] == 1)
            u_layer[i] = u
        if by >= 0:
            alive[i] = 0
            tally.stopped[region, k] += 1
            tally.stopped_by[by, k] += 1
    return count_night(queue, queued, doctrine.salvo, tally.nights[region])


@leaf
def count_night(queue: CrewQueue, queued: int, salvo: Ints, nights: Ints) -> int:
    """Count a region-night by limiting factor, the cause for which most threats passed; returns the demand for sorties.

    nights
        (night limits,) counts of the region, updated in place; see ``limiting_factors.NIGHT_LIMITS``.
    """
    if queued == 0:
        return 0
    no_stock = no_crew = no_time = demanded = 0
    for j in range(queued):
        demanded += queue.shots[j] * salvo[queue.threat_class[j]]
        if queue.outcome[j] == NO_STOCK:
            no_stock += 1
            demanded += salvo[queue.threat_class[j]]
        elif queue.outcome[j] == NO_CREW:
            no_crew += 1
        elif queue.outcome[j] == NO_TIME:
            no_time += 1
    if no_stock + no_crew + no_time == 0:
        nights[NO_LIMITING_FACTOR] += 1
    elif no_stock >= no_crew and no_stock >= no_time:
        nights[LIMITED_BY_INTERCEPTORS] += 1
    elif no_crew >= no_time:
        nights[LIMITED_BY_CREWS] += 1
    else:
        nights[LIMITED_BY_ENGAGEMENT_WINDOW] += 1
    return demanded


@leaf
def defend_regions(
    parameters: DefenceParameters, state: RaidState, workspace: Workspace, layers: LayerState,
    interceptors: Interceptors, accounts: UnitAccounts, tally: DefenceTally, moment: Moment, crews: Ints,
) -> None:  # fmt: skip
    """Simulate the defence of all regions against one raid, in topological order of the corridors.

    interceptors
        As in ``Interceptors``, but stock, sorties, contacts, recovered and kills have the region as first axis.
    crews
        (regions,) crews available.
    """
    doctrine = parameters.doctrine
    for r in parameters.region_order:
        accounts.use[r] *= 1.0 - parameters.smoothing
        if state.raid.crossing_start[r] == state.raid.crossing_start[r + 1]:
            continue
        regional_doctrine = Doctrine(
            doctrine.engagement, doctrine.engagement_cv, parameters.p_contact[r], doctrine.max_shots, doctrine.salvo
        )
        regional = Interceptors(
            interceptors.order, interceptors.design, interceptors.stock[r], interceptors.recovered_stock,
            interceptors.p_kill, interceptors.p_recover, interceptors.sorties[r], interceptors.contacts[r],
            interceptors.recovered[r], interceptors.kills[r],
        )  # fmt: skip
        book_sorties(regional, accounts, layers.fired, r, -1)
        demanded = defend_region(
            parameters, regional_doctrine, state, workspace, layers, regional, tally, moment, r, crews[r]
        )
        book_sorties(regional, accounts, layers.fired, r, 1)
        accounts.use[r] += parameters.smoothing * demanded
        return_recovered(regional.order, regional.stock, regional.recovered_stock)


@leaf
def return_recovered(order: Ints, stock: Ints, recovered: Ints) -> None:
    """Return the recovered units of a region to its stock at the end of the night; both arrays are (cohorts,)."""
    for c in order:
        stock[c] += recovered[c]
        recovered[c] = 0


@leaf
def book_sorties(interceptors: Interceptors, accounts: UnitAccounts, fired: Floats, region: int, sign: int) -> None:
    """Add the month-to-date sorties of a region to the unit accounts, or subtract them if ``sign`` is -1.

    A night calls this function with -1 at its start and with 1 at its end, so that the net entry is its own sorties.
    """
    for design in range(interceptors.sorties.shape[0]):
        used = sign * (interceptors.sorties[design] - interceptors.recovered[design])
        accounts.spent[design] += used
        accounts.position[design, region] -= used
        fired[0] += sign * interceptors.sorties[design]
