"""Queue with abandonment of one region on one night, with threats as customers and crews as servers.

With Poisson arrivals and exponential times it is the M/M/c+M queue (Palm 1957). A threat can be engaged from its
arrival to its deadline, engagement times are gamma distributed, and a surviving threat returns to the queue until it
has been engaged ``max_shots`` times (shoot-look-shoot). Waiting threats are served earliest deadline first (EDF), or by
class value first.
"""

import numpy as np

from octoplan.campaign.compiled import leaf
from octoplan.campaign.engagements import AHEAD, CONTACT, HIT, RECOVERED, engagement_time
from octoplan.campaign.fast_path import fast_path, fast_path_likely
from octoplan.campaign.queue_arrays import (
    ALIVE,
    FURTHER_HIT,
    KILL,
    KILLED,
    NO_CREW,
    NO_HIT,
    NO_SHOTS,
    NO_STOCK,
    NO_TIME,
    CrewQueue,
    Doctrine,
    Interceptors,
    sortie_result,
)
from octoplan.campaign.sorting import sort_by_time
from octoplan.campaign.streams import SHOTS, Moment, first_bit, key_of, random_words, to_uniform
from octoplan.scenario.arrays import Floats, Ints


@leaf
def order_service(queue: CrewQueue, count: int) -> None:
    """Determine the order of service of the first ``count`` threats: by rank, then deadline, then arrival."""
    rank, deadline, service_position, threat_at = queue.rank, queue.deadline, queue.service_position, queue.threat_at
    in_order = True
    for i in range(1, count):
        in_order &= (rank[i] > rank[i - 1]) | ((rank[i] == rank[i - 1]) & (deadline[i] >= deadline[i - 1]))
    if not in_order:
        sort_by_time(deadline, 0, count, threat_at, queue.end, queue.slot)
        for p in range(count):
            queue.end[p] = rank[threat_at[p]]
        sort_by_time(queue.end, 0, count, service_position, queue.sorted, queue.slot)
        for p in range(count):
            queue.target[p] = threat_at[service_position[p]]
        for p in range(count):
            threat_at[p] = queue.target[p]
            service_position[threat_at[p]] = p
        return
    for i in range(count):
        service_position[i] = threat_at[i] = i


@leaf
def push_engagement(end: Floats, target: Ints, size: int, time: float, item: int) -> None:
    """Add an engagement to the heap of the ``size`` engagements under way, ordered by end, then by threat."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if end[parent] < time or (end[parent] == time and target[parent] < item):
            break
        end[child], target[child] = end[parent], target[parent]
        child = parent
    end[child], target[child] = time, item


@leaf
def pop_engagement(end: Floats, target: Ints, size: int) -> None:
    """Remove the engagement that ends first from the heap of the ``size`` engagements under way."""
    last = size - 1
    time, item = end[last], target[last]
    parent = 0
    while True:
        child = 2 * parent + 1
        if child >= last:
            break
        right = child + 1
        if right < last and (end[right] < end[child] or (end[right] == end[child] and target[right] < target[child])):
            child = right
        if time < end[child] or (time == end[child] and item < target[child]):
            break
        end[parent], target[parent] = end[child], target[child]
        parent = child
    end[parent], target[parent] = time, item


@leaf
def run_crew_queue(
    queue: CrewQueue, count: int, crews: int, doctrine: Doctrine, interceptors: Interceptors, moment: Moment
) -> None:
    """Simulate one night of the queue of the first ``count`` threats; update outcomes, shots, sorties and kills.

    A free crew engages the waiting threat with the lowest rank unless its deadline has passed. The engagement time is
    gamma distributed and can extend beyond the deadline. A threat that survives and is within its deadline returns to
    the queue until it has been engaged ``max_shots`` times (shoot-look-shoot). At equal times, engagements end before
    threats arrive.

    Random numbers are addressed by a counter (see ``streams.random_words``). Sortie s of engagement e, both counted
    from 0, is decided by the last of the four words at index ``number`` and attempt 64 e + s.
    """
    for i in range(count):
        queue.engagements.draws[queue.crossing[i]] = 0
    run_with_draws(queue, count, crews, doctrine, interceptors, moment)


@leaf
def run_with_draws(
    queue: CrewQueue, count: int, crews: int, doctrine: Doctrine, interceptors: Interceptors, moment: Moment
) -> bool:
    """Simulate the queue of ``run_crew_queue`` with the engagements that have been drawn; whether by the fast path."""
    if count == 0:
        return True
    if crews == 0:
        for i in range(count):
            queue.outcome[i], queue.shots[i] = NO_CREW, 0
        return True
    likely = fast_path_likely(queue, count, crews, doctrine)
    if likely and fast_path(queue, count, crews, doctrine, interceptors, moment):
        return True
    simulate_events(queue, count, crews, doctrine, interceptors, moment)
    return False


@leaf
def simulate_events(
    queue: CrewQueue, count: int, crews: int, doctrine: Doctrine, interceptors: Interceptors, moment: Moment
) -> None:
    """Simulate the queue of ``run_crew_queue`` by discrete events: arrivals of threats and ends of engagements.

    Engagements that have been drawn ahead are used. ``crews`` must be at least 1.
    """
    # longer than 50 lines because most of the run time of saturated nights is spent here, and a split would move its
    # state out of registers
    arrival, deadline, classes, outcomes, shots = (
        queue.arrival, queue.deadline, queue.threat_class, queue.outcome, queue.shots,
    )  # fmt: skip
    order, stock, draws = interceptors.order, interceptors.stock, queue.engagements.draws
    end, target, service_position, threat_at, waiting = (
        queue.end,
        queue.target,
        queue.service_position,
        queue.threat_at,
        queue.waiting,
    )
    future, day = moment.future, moment.day
    size = draws.shape[0]
    log, capacity = queue.log, queue.log.u.shape[0]
    logged = log.length[0]
    order_service(queue, count)
    for i in range(count):
        outcomes[i] = ALIVE
        shots[i] = 0
    for w in range((count >> 6) + 1):
        waiting[w] = 0
    busy = queued = arrived = position = low = 0
    cohorts = order.shape[0]
    while busy > 0 or arrived < count:
        if busy > 0 and (arrived >= count or end[0] <= arrival[arrived]):
            time, i = end[0], target[0]
            pop_engagement(end, target, busy)
            busy -= 1
            returns = False
            if outcomes[i] != KILLED:
                if shots[i] >= doctrine.max_shots[classes[i]]:
                    outcomes[i] = NO_SHOTS
                elif time > deadline[i]:
                    outcomes[i] = NO_TIME
                else:
                    returns = True
        else:
            i = arrived
            time = arrival[i]
            arrived += 1
            returns = True
        if returns:
            p = service_position[i]
            waiting[p >> 6] |= np.uint64(1) << np.uint64(p & 63)
            low = min(low, p >> 6)
            queued += 1
        while queued > 0 and busy < crews:
            while waiting[low] == 0:
                low += 1
            i = threat_at[64 * low + first_bit(waiting[low])]
            waiting[low] &= waiting[low] - np.uint64(1)
            queued -= 1
            if time > deadline[i]:
                outcomes[i] = NO_CREW
                continue
            while position < cohorts and stock[order[position]] <= 0:
                position += 1
            if position >= cohorts:
                outcomes[i] = NO_STOCK
                continue
            k, number, shot = classes[i], queue.number[i], shots[i]
            key = key_of(moment.keys, SHOTS, queue.source[i])
            shots[i] = shot + 1
            p_contact = doctrine.p_contact[k]
            c = queue.crossing[i]
            if shot < draws[c]:
                minutes, word = queue.engagements.minutes[shot * size + c], queue.engagements.result[shot * size + c]
            else:
                minutes, word = engagement_time(
                    key, future, day, number, 64 * shot, doctrine.engagement[k], doctrine.engagement_cv[k]
                )
                if shot < AHEAD:
                    queue.engagements.minutes[shot * size + c] = minutes
                    queue.engagements.result[shot * size + c] = word
                    draws[c] = shot + 1
            for s in range(doctrine.salvo[k]):
                while position < cohorts and stock[order[position]] <= 0:
                    position += 1
                if position >= cohorts:
                    break
                if s > 0:
                    word = random_words(key, future, day, number, 64 * shot + s)[3]
                cohort = order[position]
                design = interceptors.design[cohort]
                stock[cohort] -= 1
                interceptors.sorties[design] += 1
                u = to_uniform(word)
                result = sortie_result(u, p_contact, interceptors.p_kill[cohort, k], interceptors.p_recover[design])
                hit = NO_HIT
                if result <= CONTACT:
                    interceptors.contacts[design] += 1
                    if result == HIT:
                        hit = KILL if outcomes[i] != KILLED else FURTHER_HIT
                        if hit == KILL:
                            interceptors.kills[design, k] += 1
                        outcomes[i] = KILLED
                elif result == RECOVERED:
                    interceptors.recovered[design] += 1
                    interceptors.recovered_stock[cohort] += 1
                if logged < capacity:
                    log.threat_class[logged], log.u[logged], log.hit[logged] = k, u, hit
                logged += 1
            push_engagement(end, target, busy, time + minutes, i)
            busy += 1
    log.length[0] = logged
