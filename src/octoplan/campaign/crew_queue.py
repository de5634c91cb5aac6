"""Queue with abandonment of one region on one night, with threats as customers and crews as servers.

With Poisson arrivals and exponential times it is the M/M/c+M queue (Palm 1957). A threat can be engaged from its
arrival to its deadline, engagement times are gamma distributed, and a surviving threat returns to the queue until it
has been engaged ``max_shots`` times (shoot-look-shoot). Waiting threats are served earliest deadline first (EDF), or by
class value first.
"""

from typing import NamedTuple

import numpy as np

from octoplan.campaign.arithmetic import log, normal_quantile
from octoplan.campaign.compiled import kernel, leaf
from octoplan.campaign.sorting import sort_by_time
from octoplan.campaign.streams import SHOTS, Key, Moment, Word, duration, key_of, random_words, to_uniform
from octoplan.scenario.arrays import Floats, Ints

ALIVE, KILLED, NO_STOCK, NO_CREW, NO_TIME, NO_SHOTS = range(6)
"""Outcomes of a threat in the queue: undecided; killed; or passed because no interceptor was in stock, no crew was free
before the deadline, the deadline passed before the next shot, or ``max_shots`` was reached."""

HIT, CONTACT, RECOVERED, EXPENDED = range(4)
"""Results of a sortie: contact with a kill, contact without a kill, no contact and unit recovered, no contact and unit
expended."""


class CrewQueue(NamedTuple):
    """Threats that the crews of a region can engage, in order of arrival, and working arrays of the queue.

    arrival, deadline
        (threats,) minutes after the start of the raid; engagements can begin between the two times.
    rank
        (threats,) the lowest rank is engaged first; ties are broken by deadline, then by arrival.
    threat_class
        (threats,) row of the threat's class.
    number, source
        (threats,) index and stream row of the threat's random numbers.
    outcome, shots
        (threats,) results: outcome (``ALIVE`` to ``NO_SHOTS``) and number of engagements.
    end, target
        (threats + 1,) heap of engagements in progress: minute at which each ends, and the threat being engaged.
    waiting
        (threats + 1,) heap of waiting threats.
    """

    arrival: Floats
    deadline: Floats
    rank: Floats
    threat_class: Ints
    number: Ints
    source: Ints
    outcome: Ints
    shots: Ints
    end: Floats
    target: Ints
    waiting: Ints


class Doctrine(NamedTuple):
    """Engagement rules and parameters of the crews of a region, by class of threat.

    engagement
        (threats,) mean engagement time in minutes.
    engagement_cv
        (threats,) coefficient of variation of the engagement time.
    p_contact
        (threats,) probability of contact per sortie.
    max_shots
        (threats,) largest number of engagements of one threat.
    salvo
        (threats,) interceptors launched per engagement.
    """

    engagement: Floats
    engagement_cv: Floats
    p_contact: Floats
    max_shots: Ints
    salvo: Ints


class Interceptors(NamedTuple):
    """Interceptors in a region by cohort, one block of a design, and their sortie counts.

    order
        cohorts released, in order of use.
    design
        (cohorts,) design of each cohort.
    stock
        (cohorts,) units in stock, updated in place.
    recovered_stock
        (cohorts,) units recovered without contact, available again the next day; updated in place.
    p_kill
        (cohorts, threats) kill probability given contact.
    p_recover
        (designs,) probability of recovery given no contact.
    sorties, contacts, recovered
        (designs,) counts, updated in place.
    kills
        (designs, threats) counts, updated in place.
    """

    order: Ints
    design: Ints
    stock: Ints
    recovered_stock: Ints
    p_kill: Floats
    p_recover: Floats
    sorties: Ints
    contacts: Ints
    recovered: Ints
    kills: Ints


@kernel
def empty_queue(size: int) -> CrewQueue:
    """Return an uninitialised queue with capacity for ``size`` threats."""
    return CrewQueue(
        np.empty(size),
        np.empty(size),
        np.empty(size),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.empty(size + 1),
        np.empty(size + 1, np.int64),
        np.empty(size + 1, np.int64),
    )


@leaf
def engaged_before(rank: Floats, deadline: Floats, a: int, b: int) -> bool:
    """Whether threat a is engaged before threat b: by rank, then deadline, then arrival."""
    if rank[a] != rank[b]:
        return rank[a] < rank[b]
    if deadline[a] != deadline[b]:
        return deadline[a] < deadline[b]
    return a < b


@leaf
def push_waiting(rank: Floats, deadline: Floats, heap: Ints, size: int, item: int) -> None:
    """Add a threat to the binary heap of the ``size`` threats waiting for a crew."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if not engaged_before(rank, deadline, item, heap[parent]):
            break
        heap[child] = heap[parent]
        child = parent
    heap[child] = item


@leaf
def pop_waiting(rank: Floats, deadline: Floats, heap: Ints, size: int) -> None:
    """Remove the first threat from the binary heap of the ``size`` threats waiting."""
    last = size - 1
    item = heap[last]
    parent = 0
    while True:
        child = 2 * parent + 1
        if child >= last:
            break
        if child + 1 < last and engaged_before(rank, deadline, heap[child + 1], heap[child]):
            child += 1
        if not engaged_before(rank, deadline, heap[child], item):
            break
        heap[parent] = heap[child]
        parent = child
    heap[parent] = item


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
def engagement_time(
    key: Key, future: int, day: int, number: int, attempt: int, mean: float, cv: float
) -> tuple[float, Word]:
    """Draw a gamma-distributed engagement time in minutes, and the random word that decides the first sortie.

    The first trial of the rejection sampler (Marsaglia and Tsang 2000) uses three words of a random block, the sortie
    the fourth. Further trials, which are rare, use the blocks at index ``number`` + 2^40.
    """
    w0, w1, w2, result = random_words(key, future, day, number, attempt)
    if cv == 1.0:
        return -mean * log(to_uniform(w0)), result
    if cv <= 0.0:
        return mean, result
    shape = 1.0 / (cv * cv)
    if shape >= 1.0:
        d = shape - 1.0 / 3.0
        x = normal_quantile(to_uniform(w0))
        v = 1.0 + x / np.sqrt(9.0 * d)
        if v > 0.0:
            v = v * v * v
            u = to_uniform(w1)
            if u < 1.0 - 0.0331 * x * x * x * x or log(u) < 0.5 * x * x + d * (1.0 - v + log(v)):
                return mean / shape * d * v, result
    return duration(key, future, day, number + (1 << 40), mean, cv, attempt), result


@leaf
def sortie_result(u: float, p_contact: float, p_kill: float, p_recover: float) -> int:
    """Result of a sortie for a uniform number u in (0, 1).

    ``HIT`` if u < p_contact p_kill, ``CONTACT`` if u < p_contact, ``RECOVERED`` if
    u < p_contact + (1 - p_contact) p_recover, otherwise ``EXPENDED``.
    """
    if u < p_contact:
        return HIT if u < p_contact * p_kill else CONTACT
    return RECOVERED if u - p_contact < (1.0 - p_contact) * p_recover else EXPENDED


@leaf
def fast_path_likely(queue: CrewQueue, count: int, crews: int, doctrine: Doctrine) -> bool:
    """Whether ``fast_path`` is likely to succeed, judged by the load per crew; this affects speed but not results."""
    if crews == 0 or count <= crews:
        return crews > 0
    span = queue.arrival[count - 1] - queue.arrival[0]
    return 2.0 * count * doctrine.engagement[queue.threat_class[0]] <= crews * span


@leaf
def fast_path(
    queue: CrewQueue, count: int, crews: int, doctrine: Doctrine, interceptors: Interceptors, moment: Moment
) -> bool:
    """Simulate a night assuming that a crew is free at each arrival; return whether the assumption holds.

    It holds if at each arrival at least one crew is not engaged, where each crew stays with its threat until the
    outcome, and if one cohort has enough interceptors. All results are then bit-identical to those of
    ``simulate_events``. Otherwise stocks and counts are unchanged. ``crews`` must be at least 1.
    """
    # longer than 50 lines because it is the innermost loop of most nights and its state must stay in registers
    arrival, deadline, classes = queue.arrival, queue.deadline, queue.threat_class
    outcomes, shots, end = queue.outcome, queue.shots, queue.end
    order, stock = interceptors.order, interceptors.stock
    position = 0
    while position < order.shape[0] and stock[order[position]] <= 0:
        position += 1
    if position >= order.shape[0]:
        return False
    cohort = order[position]
    design = interceptors.design[cohort]
    available, p_recover = stock[cohort], interceptors.p_recover[design]
    future, day = moment.future, moment.day
    launched = contacts = recovered = 0
    for i in range(count):
        k, number, key = classes[i], queue.number[i], key_of(moment.keys, SHOTS, queue.source[i])
        time, last, p_contact = arrival[i], deadline[i], doctrine.p_contact[k]
        mean, cv = doctrine.engagement[k], doctrine.engagement_cv[k]
        p_kill, max_shots, salvo = interceptors.p_kill[cohort, k], doctrine.max_shots[k], doctrine.salvo[k]
        shot = 0
        outcome = ALIVE
        while outcome == ALIVE:
            minutes, word = engagement_time(key, future, day, number, 64 * shot, mean, cv)
            for s in range(salvo):
                if s > 0:
                    word = random_words(key, future, day, number, 64 * shot + s)[3]
                result = sortie_result(to_uniform(word), p_contact, p_kill, p_recover)
                contacts += result <= CONTACT
                recovered += result == RECOVERED
                if result == HIT:
                    outcome = KILLED
            shot += 1
            launched += salvo
            time += minutes
            if outcome != KILLED:
                if shot >= max_shots:
                    outcome = NO_SHOTS
                elif time > last:
                    outcome = NO_TIME
        end[i], outcomes[i], shots[i] = time, outcome, shot
        if launched > available or not arrival[i] < time < np.inf:
            return False
    if count > crews and not crew_free_at_each_arrival(queue, count, crews):
        return False
    stock[cohort] -= launched
    interceptors.sorties[design] += launched
    interceptors.contacts[design] += contacts
    interceptors.recovered[design] += recovered
    interceptors.recovered_stock[cohort] += recovered
    for i in range(count):
        if outcomes[i] == KILLED:
            interceptors.kills[design, classes[i]] += 1
    return True


@leaf
def crew_free_at_each_arrival(queue: CrewQueue, count: int, crews: int) -> bool:
    """Whether a crew is free at each arrival, if each threat occupies one crew from its arrival to its ``end``."""
    sort_by_time(queue.end, 0, count, queue.target, queue.waiting)
    ended = 0
    for i in range(count):
        while queue.end[queue.target[ended]] <= queue.arrival[i]:
            ended += 1
        if i + 1 - ended > crews:
            return False
    return True


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
    likely = count > 0 and fast_path_likely(queue, count, crews, doctrine)
    if not (likely and fast_path(queue, count, crews, doctrine, interceptors, moment)):
        simulate_events(queue, count, crews, doctrine, interceptors, moment)


@leaf
def simulate_events(
    queue: CrewQueue, count: int, crews: int, doctrine: Doctrine, interceptors: Interceptors, moment: Moment
) -> None:
    """Simulate the queue of ``run_crew_queue`` by discrete events: arrivals of threats and ends of engagements."""
    # longer than 50 lines because most of the run time of saturated nights is spent here, and a split would move its
    # state out of registers
    arrival, deadline, rank, classes = queue.arrival, queue.deadline, queue.rank, queue.threat_class
    outcomes, shots = queue.outcome, queue.shots
    order, stock = interceptors.order, interceptors.stock
    end, target, waiting = queue.end, queue.target, queue.waiting
    future, day = moment.future, moment.day
    for i in range(count):
        outcomes[i] = ALIVE
        shots[i] = 0
    busy = queued = arrived = position = 0
    cohorts = order.shape[0]
    while busy > 0 or arrived < count:
        if busy > 0 and (arrived >= count or end[0] <= arrival[arrived]):
            time, i = end[0], target[0]
            pop_engagement(end, target, busy)
            busy -= 1
            if outcomes[i] != KILLED:
                if shots[i] >= doctrine.max_shots[classes[i]]:
                    outcomes[i] = NO_SHOTS
                elif time > deadline[i]:
                    outcomes[i] = NO_TIME
                else:
                    push_waiting(rank, deadline, waiting, queued, i)
                    queued += 1
        else:
            time = arrival[arrived]
            push_waiting(rank, deadline, waiting, queued, arrived)
            queued += 1
            arrived += 1
        while queued > 0 and busy < crews:
            i = waiting[0]
            pop_waiting(rank, deadline, waiting, queued)
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
            mean, cv, p_contact = doctrine.engagement[k], doctrine.engagement_cv[k], doctrine.p_contact[k]
            minutes, word = engagement_time(key, future, day, number, 64 * shot, mean, cv)
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
                result = sortie_result(
                    to_uniform(word), p_contact, interceptors.p_kill[cohort, k], interceptors.p_recover[design]
                )
                if result <= CONTACT:
                    interceptors.contacts[design] += 1
                    if result == HIT and outcomes[i] != KILLED:
                        outcomes[i] = KILLED
                        interceptors.kills[design, k] += 1
                elif result == RECOVERED:
                    interceptors.recovered[design] += 1
                    interceptors.recovered_stock[cohort] += 1
            push_engagement(end, target, busy, time + minutes, i)
            busy += 1
    for w in range(queued):
        outcomes[waiting[w]] = NO_CREW
