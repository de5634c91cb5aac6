"""Simulation of nights on which no threat has to wait for a crew, without a queue."""

import numpy as np

from octoplan.campaign.compiled import leaf
from octoplan.campaign.engagements import AHEAD, CONTACT, HIT, RECOVERED, draw_engagements
from octoplan.campaign.queue_arrays import (
    ALIVE,
    BINS,
    FURTHER_HIT,
    KILL,
    KILLED,
    NO_HIT,
    NO_SHOTS,
    NO_TIME,
    CrewQueue,
    Doctrine,
    Interceptors,
    sortie_result,
)
from octoplan.campaign.sorting import sort_by_time
from octoplan.campaign.streams import SHOTS, Moment, key_of, random_words, to_uniform


@leaf
def fast_path_likely(queue: CrewQueue, count: int, crews: int, doctrine: Doctrine) -> bool:
    """Whether ``fast_path`` is likely to succeed, judged by the load per crew; this affects speed but not results."""
    if count <= crews:
        return True
    span = queue.arrival[count - 1] - queue.arrival[0]
    return 2.0 * count * doctrine.engagement[queue.threat_class[0]] <= crews * span


@leaf
def first_cohort(interceptors: Interceptors) -> int:
    """Return the first cohort, in order of use, with an interceptor in stock; -1 if there is none."""
    for cohort in interceptors.order:
        if interceptors.stock[cohort] > 0:
            return cohort
    return -1


@leaf
def fast_path(
    queue: CrewQueue, count: int, crews: int, doctrine: Doctrine, interceptors: Interceptors, moment: Moment
) -> bool:
    """Simulate a night assuming that a crew is free at each arrival; return whether the assumption holds.

    It holds if at each arrival at least one crew is not engaged, where each crew stays with its threat until the
    outcome, and if one cohort has enough interceptors. All results are then bit-identical to those of
    ``simulate_events``. Otherwise stocks and counts are unchanged, and ``simulate_events`` uses the engagements drawn.
    ``count`` and ``crews`` must be at least 1.
    """
    # longer than 50 lines because it is the innermost loop of most nights and its state must stay in registers
    arrival, deadline, classes, crossing = queue.arrival, queue.deadline, queue.threat_class, queue.crossing
    outcomes, shots, end, active = queue.outcome, queue.shots, queue.end, queue.active
    engagements, log = queue.engagements, queue.log
    draws, undrawn, minutes, random_numbers = (
        engagements.draws, engagements.undrawn, engagements.minutes, engagements.result,
    )  # fmt: skip
    cohort = first_cohort(interceptors)
    if cohort < 0:
        return False
    design = interceptors.design[cohort]
    p_recover = interceptors.p_recover[design]
    launched = contacts = recovered = shot = 0
    logged, capacity = log.length[0], log.u.shape[0]
    for i in range(count):
        active[i], end[i] = i, arrival[i]
    left = count
    while left > 0:
        missing = 0
        for j in range(left):
            undrawn[missing] = active[j]
            missing += (draws[crossing[active[j]]] <= shot) | (shot >= AHEAD)
        if missing > 0:
            draw_engagements(
                engagements, missing, shot, queue.source, queue.number, classes, crossing, doctrine.engagement,
                doctrine.engagement_cv, moment,
            )  # fmt: skip
        row = min(shot, AHEAD) * draws.shape[0]
        shot += 1
        survivors = 0
        for j in range(left):
            i = active[j]
            k = classes[i]
            time = end[i] + minutes[row + crossing[i]]
            end[i] = time
            p_contact, p_kill, salvo = doctrine.p_contact[k], interceptors.p_kill[cohort, k], doctrine.salvo[k]
            u = to_uniform(random_numbers[row + crossing[i]])
            killed = u < p_contact * p_kill
            contacts += u < p_contact
            recovered += (u >= p_contact) & (u - p_contact < (1.0 - p_contact) * p_recover)
            if logged < capacity:
                log.threat_class[logged], log.u[logged], log.hit[logged] = k, u, KILL if killed else NO_HIT
            logged += 1
            for s in range(1, salvo):
                key = key_of(moment.keys, SHOTS, queue.source[i])
                u = to_uniform(random_words(key, moment.future, moment.day, queue.number[i], 64 * (shot - 1) + s)[3])
                result = sortie_result(u, p_contact, p_kill, p_recover)
                contacts += result <= CONTACT
                recovered += result == RECOVERED
                if logged < capacity:
                    log.threat_class[logged], log.u[logged] = k, u
                    log.hit[logged] = NO_HIT if result != HIT else (FURTHER_HIT if killed else KILL)
                logged += 1
                killed |= result == HIT
            launched += salvo
            outcome = NO_SHOTS if shot >= doctrine.max_shots[k] else (NO_TIME if time > deadline[i] else ALIVE)
            outcome = KILLED if killed else outcome
            outcomes[i], shots[i] = outcome, shot
            active[survivors] = i
            survivors += outcome == ALIVE
        left = survivors
    if launched > interceptors.stock[cohort] or not crew_free_at_each_arrival(queue, count, crews):
        return False
    log.length[0] = logged
    interceptors.stock[cohort] -= launched
    interceptors.sorties[design] += launched
    interceptors.contacts[design] += contacts
    interceptors.recovered[design] += recovered
    interceptors.recovered_stock[cohort] += recovered
    for i in range(count):
        interceptors.kills[design, classes[i]] += outcomes[i] == KILLED
    return True


@leaf
def crew_free_at_each_arrival(queue: CrewQueue, count: int, crews: int) -> bool:
    """Whether a crew is free at each arrival, if each threat occupies one crew from its arrival to its ``end``."""
    busy = True
    for i in range(count):
        busy &= (queue.arrival[i] < queue.end[i]) & (queue.end[i] < np.inf)
    if not busy:
        return False
    if count <= crews or crew_free_in_each_bin(queue, count, crews):
        return True
    sort_by_time(queue.end, 0, count, queue.target, queue.sorted, queue.slot)
    ended = 0
    for i in range(count):
        while queue.sorted[ended] <= queue.arrival[i]:
            ended += 1
        if i + 1 - ended > crews:
            return False
    return True


@leaf
def crew_free_in_each_bin(queue: CrewQueue, count: int, crews: int) -> bool:
    """Whether, in each of ``BINS`` bins of time, fewer crews are engaged at any time of the bin than there are.

    This is sufficient for a free crew at each arrival and takes a fraction of the time of the exact check.
    """
    arrival, end, change = queue.arrival, queue.end, queue.slot
    start = arrival[0]
    span = arrival[count - 1] - start
    scale = BINS / span if span > 0.0 else 0.0
    for b in range(BINS + 2):
        change[b] = 0
    for i in range(count):
        change[int((arrival[i] - start) * scale)] += 1
        change[int(min((end[i] - start) * scale, float(BINS))) + 1] -= 1
    engaged = largest = 0
    for b in range(BINS + 1):
        engaged += change[b]
        largest = max(largest, engaged)
    return largest <= crews
