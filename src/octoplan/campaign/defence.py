"""Defence of the regions on one day (model.md section 3): other layers, the crews' queue, and what passes on."""

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
from octoplan.campaign.target_allocation import remainder
from octoplan.scenario.arrays import Floats, Ints, Records
from octoplan.scenario.limiting_factors import BY_CREWS, BY_ENGAGEMENT_TIME, BY_INTERCEPTORS, NO_LIMIT


class LayerState(NamedTuple):
    """The layers besides the interceptors; row 0 stands for the interceptors and is unused.

    order
        (threats, layers) layers in the order of the class's doctrine, -1 pads.
    p_stop
        (layers, threats) today's probability that an engagement stops a threat.
    shots
        (layers, threats) shots of one engagement.
    limited, stocked
        (layers,) 1 where engagements a region-day, or shots, can run out.
    capacity
        (layers,) engagements left in the region today.
    stock
        (layers,) shots left in the country.
    fired
        (layers,) shots fired today, added to.
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
        (threats,) place reached in the order of layers of the class's doctrine.
    queue_row
        (threats,) row in the crews' queue, or -1.
    recognised
        (threats,) 1 for a decoy recognised as one.
    queue
        The crews' queue.
    """

    stage: Ints
    queue_row: Ints
    recognised: Ints
    queue: CrewQueue


class RaidState(NamedTuple):
    """A raid on its way through the regions.

    alive
        (threats,) 1 until the threat is stopped.
    u_layer, u_decoy
        (threats,) uniform numbers that decide which layer stops a threat, and where a decoy is recognised; what a
        decision leaves of a number is uniform again.
    """

    raid: Raid
    alive: Ints
    u_layer: Floats
    u_decoy: Floats


class DefenceParameters(NamedTuple):
    """What the defence of a future depends on.

    threats, engagement, posts
        Records of the classes, of (threat, region) and of (layer, region); see ``entities.KINDS``.
    p_contact
        (regions, threats) contact probability of a sortie.
    doctrine
        How crews fight; its p_contact is replaced by that of the region.
    value
        (threats,) worth of the class in the queue.
    by_value
        True if the queue is ordered by value, then deadline; False if by deadline alone.
    smoothing
        Weight of today in the smoothed use of units.
    region_order
        (regions,) regions in an order in which every corridor leads forward.
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
    """The tallies of one month of defence, see ``tally.TALLIES``.

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
    """The accounts of units that a night changes.

    spent
        (designs,) units launched and not recovered, added to.
    position
        (designs, regions) units in the region or on their way there.
    use
        (regions,) exponentially smoothed sorties demanded a day.
    """

    spent: Ints
    position: Ints
    use: Floats


@kernel
def empty_workspace(size: int) -> Workspace:
    """Working arrays for a number of threats."""
    return Workspace(
        np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64), empty_queue(size)
    )  # fmt: skip


@kernel
def layer_probabilities(layers: Records, effects: Records, moment: Moment) -> Floats:
    """Today's probability that an engagement of each layer stops a threat of each class, (layers, threats).

    Beta distributed around the stated mean: with the intra-day correlation rho of the layer, the number stopped of n is
    beta-binomial.
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
    """Take one threat of class k through its layers from ``stage`` of the doctrine to the interceptors or to its end.

    A layer engages while it has capacity and shots. It stops the threat if the uniform number u is below p; otherwise
    (u - p) / (1 - p) is uniform again and decides at the next layer. A threat recognised as a decoy gets no shots that
    can run out.

    Returns what is left of u, the stage reached, and the layer that stopped the threat, or -1.
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
        u = remainder(u, p, 1.0)
    return u, stage, -1


@leaf
def open_capacity(layers: LayerState, posts: Records, region: int, regions: int, day: int) -> None:
    """Set the engagements that each layer can fight in a region today: whole numbers whose running mean is capacity."""
    for layer in range(1, layers.p_stop.shape[0]):
        capacity = posts[layer * regions + region].capacity
        layers.capacity[layer] = np.floor(capacity * (day + 1)) - np.floor(capacity * day)


@leaf
def defend_region(
    parameters: DefenceParameters, doctrine: Doctrine, state: RaidState, workspace: Workspace, layers: LayerState,
    interceptors: Interceptors, tally: DefenceTally, moment: Moment, region: int, crews: int,
) -> int:  # fmt: skip
    """One region's night: its layers before the crews, the crews' queue, and the layers after them.

    Crews do not engage recognised decoys. Threats still ``alive`` go on to their next region.

    Returns the sorties demanded: those launched, and the salvos of threats that passed for lack of interceptors.

    One function of more than 50 lines: the threats of a region are passed over twice with the same arrays at hand.
    """
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
            u_decoy[i] = remainder(u_decoy[i], 0.0, p) if decoy else remainder(u_decoy[i], p, 1.0)
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
    """Count a region-night under its limiting factor, the one by which most threats passed; returns sorties demanded.

    nights
        (night limits,) counts of the region, see ``limiting_factors.NIGHT_LIMITS``.
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
        nights[NO_LIMIT] += 1
    elif no_stock >= no_crew and no_stock >= no_time:
        nights[BY_INTERCEPTORS] += 1
    elif no_crew >= no_time:
        nights[BY_CREWS] += 1
    else:
        nights[BY_ENGAGEMENT_TIME] += 1
    return demanded


@leaf
def defend_regions(
    parameters: DefenceParameters, state: RaidState, workspace: Workspace, layers: LayerState,
    interceptors: Interceptors, accounts: UnitAccounts, tally: DefenceTally, moment: Moment, crews: Ints,
) -> None:  # fmt: skip
    """A raid through all regions, in an order in which every corridor leads forward.

    interceptors
        As in ``Interceptors``; stock, sorties, contacts, recovered and kills have the region as first axis.
    crews
        (regions,) crews able to fly.
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
            interceptors.order, interceptors.design, interceptors.stock[r], interceptors.recovered_stock, interceptors.p_kill,
            interceptors.p_recover, interceptors.sorties[r], interceptors.contacts[r], interceptors.recovered[r],
            interceptors.kills[r],
        )  # fmt: skip
        book_sorties(regional, accounts, layers.fired, r, -1)
        demanded = defend_region(
            parameters, regional_doctrine, state, workspace, layers, regional, tally, moment, r, crews[r]
        )
        book_sorties(regional, accounts, layers.fired, r, 1)
        accounts.use[r] += parameters.smoothing * demanded
        return_recovered(regional.order, regional.stock, regional.recovered_stock)


@leaf
def return_recovered(order: Ints, stock: Ints, returned: Ints) -> None:
    """Put the recovered units of a region, (cohorts,), back into its stock."""
    for c in order:
        stock[c] += returned[c]
        returned[c] = 0


@leaf
def book_sorties(interceptors: Interceptors, accounts: UnitAccounts, fired: Floats, region: int, sign: int) -> None:
    """Add a region's counts of sorties so far to the accounts, with a sign.

    Subtracted before a night and added after it, the counts of the month leave those of the night.
    """
    for design in range(interceptors.sorties.shape[0]):
        used = sign * (interceptors.sorties[design] - interceptors.recovered[design])
        accounts.spent[design] += used
        accounts.position[design, region] -= used
        fired[0] += sign * interceptors.sorties[design]
