"""Record of one night with the programme, from which nights without it are copied where the outcome is the same.

With and without the programme, a raid and the crews are the same. A region's night then differs only in the
interceptors used. If no sortie has another result, threats are engaged in the same order and stopped by the same
layers: the night is copied, and only its sorties are booked to other stocks. All results are bit-identical to those of
a simulation.
"""

from typing import NamedTuple

import numpy as np

from octoplan.campaign.compiled import inlined, kernel
from octoplan.campaign.queue_arrays import KILL, NO_HIT, Interceptors, SortieLog
from octoplan.scenario.arrays import Floats, Ints

SORTIES_A_CROSSING = 8
"""Capacity of the log of sorties; nights with more, which are rare, are not copied."""


class NightRecord(NamedTuple):
    """State of the threats after each region, and the results of each region, of a night with the programme.

    recording, complete
        (1,) 1 if the night is recorded, and if the record is complete.
    alive, u_layer, u_decoy
        (crossings,) state of the threat after the region; see ``RaidState``.
    same
        (threats,) 1 if the threat has the same state without the programme.
    repeatable
        (regions,) 1 if stocks never limited the defence, so that the night can be copied.
    ordered
        (regions,) 1 if the log of sorties is in their order in time.
    log_start, log_end
        (regions,) first row, and row after the last, of the region in the log.
    demanded
        (regions,) demand for sorties.
    fired
        (regions, layers) shots fired.
    stopped_by
        (regions, layers, threats) threats stopped.
    nights
        (regions, night limits) limiting factor.
    log
        Sorties of all regions.
    """

    recording: Ints
    complete: Ints
    alive: Ints
    u_layer: Floats
    u_decoy: Floats
    same: Ints
    repeatable: Ints
    ordered: Ints
    log_start: Ints
    log_end: Ints
    demanded: Ints
    fired: Floats
    stopped_by: Ints
    nights: Ints
    log: SortieLog


@kernel
def empty_record(
    recording: bool, crossings: int, threats: int, regions: int, layers: int, classes: int, limits: int
) -> NightRecord:
    """Return an empty record; without capacity if the night is not recorded."""
    if not recording:
        crossings = threats = regions = 0
    capacity = SORTIES_A_CROSSING * crossings
    floats = np.empty(2 * crossings + capacity)
    ints = np.empty(crossings + 2 * capacity + threats, np.int64)
    by_region = np.zeros(5 * regions + 3, np.int64)
    ints[crossings + 2 * capacity :] = 1
    by_region[0] = 1 if recording else 0
    log = SortieLog(
        by_region[2:3],
        ints[crossings : crossings + capacity],
        floats[2 * crossings :],
        ints[crossings + capacity : crossings + 2 * capacity],
    )
    return NightRecord(
        by_region[:1],
        by_region[1:2],
        ints[:crossings],
        floats[:crossings],
        floats[crossings : 2 * crossings],
        ints[crossings + 2 * capacity :],
        by_region[3 : regions + 3],
        by_region[regions + 3 : 2 * regions + 3],
        by_region[2 * regions + 3 : 3 * regions + 3],
        by_region[3 * regions + 3 : 4 * regions + 3],
        by_region[4 * regions + 3 :],
        np.zeros((regions, layers)),
        np.zeros((regions, layers, classes), np.int64),
        np.zeros((regions, limits), np.int64),
        log,
    )


@inlined
def stock_left(interceptors: Interceptors) -> int:
    """Number of interceptors in stock of all cohorts released."""
    left = 0
    for cohort in interceptors.order:
        left += max(interceptors.stock[cohort], 0)
    return left


@inlined
def repeat_sorties(record: NightRecord, region: int, p_contact: Floats, interceptors: Interceptors) -> bool:
    """Repeat the recorded sorties of a region with other interceptors; False, with no change, if a result differs.

    Interceptors must remain in stock after the night, or it cannot be repeated.

    p_contact
        (classes,) contact probability of a sortie in the region.
    """
    first, last = record.log_start[region], record.log_end[region]
    if first == last:
        return True
    if stock_left(interceptors) <= last - first:
        return False
    if not same_results(record, region, p_contact, interceptors):
        return False
    classes, u, hit = record.log.threat_class, record.log.u, record.log.hit
    row = first
    for cohort in interceptors.order:
        end = min(last, row + max(interceptors.stock[cohort], 0))
        design = interceptors.design[cohort]
        p_recover = interceptors.p_recover[design]
        contacts = recovered = 0
        for s in range(row, end):
            p = p_contact[classes[s]]
            contacts += u[s] < p
            recovered += (u[s] >= p) & (u[s] - p < (1.0 - p) * p_recover)
            interceptors.kills[design, classes[s]] += hit[s] == KILL
        interceptors.stock[cohort] -= end - row
        interceptors.sorties[design] += end - row
        interceptors.contacts[design] += contacts
        interceptors.recovered[design] += recovered
        interceptors.recovered_stock[cohort] += recovered
        row = end
    return True


@inlined
def same_results(record: NightRecord, region: int, p_contact: Floats, interceptors: Interceptors) -> bool:
    """Whether the recorded sorties of a region hit the same threats with other interceptors.

    If the log is not in the order of time, one cohort must suffice.
    """
    classes, u, hit = record.log.threat_class, record.log.u, record.log.hit
    row, last = record.log_start[region], record.log_end[region]
    for cohort in interceptors.order:
        end = min(last, row + max(interceptors.stock[cohort], 0))
        if row < end < last and record.ordered[region] == 0:
            return False
        same = True
        for s in range(row, end):
            k = classes[s]
            same &= (u[s] < p_contact[k] * interceptors.p_kill[cohort, k]) == (hit[s] != NO_HIT)
        if not same:
            return False
        row = end
    return row == last
