"""Defence of the regions on one day: the crews' queue, the other layers, and the threats that pass on."""

from typing import NamedTuple

import numpy as np

from octoplan.campaign.arrivals import Raid
from octoplan.campaign.compiled import inlined, kernel, leaf
from octoplan.campaign.crew_queue import run_with_draws
from octoplan.campaign.defence_layers import LayerState, engage_layers, open_capacity
from octoplan.campaign.engagements import empty_engagements
from octoplan.campaign.night_record import NightRecord, repeat_sorties, stock_left
from octoplan.campaign.queue_arrays import (
    KILLED,
    NO_CREW,
    NO_STOCK,
    NO_TIME,
    CrewQueue,
    Doctrine,
    Interceptors,
    queue_of_crossings,
)
from octoplan.campaign.streams import Moment
from octoplan.campaign.target_allocation import rescale
from octoplan.scenario.arrays import Floats, Ints, Records
from octoplan.scenario.limiting_factors import (
    LIMITED_BY_CREWS,
    LIMITED_BY_ENGAGEMENT_WINDOW,
    LIMITED_BY_INTERCEPTORS,
    NO_LIMITING_FACTOR,
)


class Workspace(NamedTuple):
    """Working arrays for the threats that cross one region, and the engagements drawn of all crossings.

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
    doctrine
        Engagement rules of the crews; p_contact is replaced by that of the region on the day.
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
def empty_workspace(size: int, crossings: int, record: NightRecord) -> Workspace:
    """Return uninitialised working arrays for ``size`` threats in a region and a number of crossings."""
    return Workspace(
        np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64),
        queue_of_crossings(size, empty_engagements(crossings), record.log),
    )  # fmt: skip


@leaf
def defend_region(
    parameters: DefenceParameters, doctrine: Doctrine, state: RaidState, workspace: Workspace, layers: LayerState,
    interceptors: Interceptors, tally: DefenceTally, record: NightRecord, moment: Moment, region: int, crews: int,
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
                queue.crossing[queued] = first + a
                queue_row[a] = queued
                queued += 1
        stage[a] = reached
        recognised[a] = 1 if decoy else 0
    fast = run_with_draws(queue, queued, crews, doctrine, interceptors, moment)
    if record.recording[0] == 1 and record.complete[0] == 0:
        record.ordered[region] = 0 if fast else 1
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
    interceptors: Interceptors, accounts: UnitAccounts, tally: DefenceTally, record: NightRecord, moment: Moment,
    p_contact: Floats, crews: Ints,
) -> None:  # fmt: skip
    """Simulate the defence of all regions against one raid, in topological order of the corridors.

    The first call for a night fills its record; the second, without the programme, copies from it what is the same.

    interceptors
        As in ``Interceptors``, but stock, sorties, contacts, recovered and kills have the region as first axis.
    p_contact
        (regions, threats) contact probability of a sortie on the day.
    crews
        (regions,) crews available.
    """
    doctrine = parameters.doctrine
    for r in parameters.region_order:
        accounts.use[r] *= 1.0 - parameters.smoothing
        if state.raid.crossing_start[r] == state.raid.crossing_start[r + 1]:
            continue
        regional_doctrine = Doctrine(
            doctrine.engagement, doctrine.engagement_cv, p_contact[r], doctrine.max_shots, doctrine.salvo
        )
        regional = Interceptors(
            interceptors.order, interceptors.design, interceptors.stock[r], interceptors.recovered_stock,
            interceptors.p_kill, interceptors.p_recover, interceptors.sorties[r], interceptors.contacts[r],
            interceptors.recovered[r], interceptors.kills[r],
        )  # fmt: skip
        book_sorties(regional, accounts, layers.fired, r, -1)
        demanded = repeat_night(record, p_contact[r], state, layers, regional, tally, r)
        if demanded < 0:
            demanded = record_night(
                parameters, regional_doctrine, state, workspace, layers, regional, tally, record, moment, r, crews[r]
            )
        book_sorties(regional, accounts, layers.fired, r, 1)
        accounts.use[r] += parameters.smoothing * demanded
        return_recovered(regional.order, regional.stock, regional.recovered_stock)
    record.complete[0] = record.recording[0]


@inlined
def record_night(
    parameters: DefenceParameters, doctrine: Doctrine, state: RaidState, workspace: Workspace, layers: LayerState,
    interceptors: Interceptors, tally: DefenceTally, record: NightRecord, moment: Moment, region: int, crews: int,
) -> int:  # fmt: skip
    """Simulate one night in one region and record it, or compare it with the record that is complete.

    Returns the demand for sorties.
    """
    filling, logged = record.recording[0] == 1 and record.complete[0] == 0, record.log.length[0]
    if filling:
        record.log_start[region] = logged
        add_results(record, layers, tally, region, -1)
    demanded = defend_region(
        parameters, doctrine, state, workspace, layers, interceptors, tally, record, moment, region, crews
    )
    if filling:
        add_results(record, layers, tally, region, 1)
        record.log_end[region], record.demanded[region] = record.log.length[0], demanded
        possible = record.log.length[0] <= record.log.u.shape[0] and shots_remain(layers, record.fired[region], 0)
        possible &= interceptors_remain(interceptors, crews)
        record.repeatable[region] = 1 if possible else 0
    else:
        record.log.length[0] = logged
    if record.recording[0] == 1:
        note_states(record, state, region, filling)
    return demanded


@inlined
def interceptors_remain(interceptors: Interceptors, crews: int) -> bool:
    """Whether interceptors remained in stock, or were not used for want of crews."""
    return crews == 0 or stock_left(interceptors) > 0


@inlined
def add_results(record: NightRecord, layers: LayerState, tally: DefenceTally, region: int, sign: int) -> None:
    """Add the tallies of a region to the record, or subtract them if ``sign`` is -1; see ``book_sorties``."""
    for layer in range(1, layers.fired.shape[0]):
        record.fired[region, layer] += sign * layers.fired[layer]
    for layer in range(layers.fired.shape[0]):
        for k in range(layers.shots.shape[1]):
            record.stopped_by[region, layer, k] += sign * tally.stopped_by[layer, k]
    for limit in range(record.nights.shape[1]):
        record.nights[region, limit] += sign * tally.nights[region, limit]


@inlined
def note_states(record: NightRecord, state: RaidState, region: int, filling: bool) -> None:
    """Record the states of the threats after a region, or compare them with those recorded."""
    raid, alive, u_layer, u_decoy = state.raid, state.alive, state.u_layer, state.u_decoy
    for c in range(raid.crossing_start[region], raid.crossing_start[region + 1]):
        i = raid.crossing_threat[c]
        if filling:
            record.alive[c], record.u_layer[c], record.u_decoy[c] = alive[i], u_layer[i], u_decoy[i]
        else:
            same = (record.u_layer[c] == u_layer[i]) & (record.u_decoy[c] == u_decoy[i]) | (alive[i] == 0)
            record.same[i] = 1 if same & (record.alive[c] == alive[i]) else 0


@inlined
def shots_remain(layers: LayerState, fired: Floats, later: int) -> bool:
    """Whether stocks do not limit the layers, and shots can be added in any order without rounding.

    fired
        (layers,) shots fired in a region.
    later
        1 if they are still to be fired.
    """
    for layer in range(1, fired.shape[0]):
        largest = 0.0
        for k in range(layers.shots.shape[1]):
            if layers.shots[layer, k] != np.floor(layers.shots[layer, k]):
                return False
            largest = max(largest, layers.shots[layer, k])
        if layers.stocked[layer] == 1 and layers.stock[layer] - later * fired[layer] < largest:
            return False
    return True


@inlined
def repeat_night(
    record: NightRecord, p_contact: Floats, state: RaidState, layers: LayerState, interceptors: Interceptors,
    tally: DefenceTally, region: int,
) -> int:  # fmt: skip
    """Copy one night in one region from the record if its outcome is the same without the programme.

    Returns the demand for sorties, or -1, with no change, if the night must be simulated.
    """
    if record.complete[0] == 0 or record.repeatable[region] == 0:
        return -1
    raid = state.raid
    same = 1
    for c in range(raid.crossing_start[region], raid.crossing_start[region + 1]):
        same &= record.same[raid.crossing_threat[c]]
    if same == 0 or not shots_remain(layers, record.fired[region], 1):
        return -1
    if not repeat_sorties(record, region, p_contact, interceptors):
        return -1
    for c in range(raid.crossing_start[region], raid.crossing_start[region + 1]):
        i = raid.crossing_threat[c]
        state.alive[i], state.u_layer[i], state.u_decoy[i] = record.alive[c], record.u_layer[c], record.u_decoy[c]
    for layer in range(layers.fired.shape[0]):
        layers.fired[layer] += record.fired[region, layer]
        if layers.stocked[layer] == 1:
            layers.stock[layer] -= record.fired[region, layer]
        for k in range(layers.shots.shape[1]):
            stopped = record.stopped_by[region, layer, k]
            tally.stopped_by[layer, k] += stopped
            tally.stopped[region, k] += stopped
    for limit in range(record.nights.shape[1]):
        tally.nights[region, limit] += record.nights[region, limit]
    return record.demanded[region]


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
