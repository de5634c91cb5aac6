"""Arrays of the crews' queue of one region on one night, and the result of a sortie."""

from typing import NamedTuple

import numpy as np

from octoplan.campaign.compiled import kernel, leaf
from octoplan.campaign.engagements import CONTACT, EXPENDED, HIT, RECOVERED, Engagements, empty_engagements
from octoplan.scenario.arrays import Floats, Ints, Words

ALIVE, KILLED, NO_STOCK, NO_CREW, NO_TIME, NO_SHOTS = range(6)
"""Outcomes of a threat in the queue: undecided; killed; or passed because no interceptor was in stock, no crew was free
before the deadline, the deadline passed before the next shot, or ``max_shots`` was reached."""

BINS = 128
"""Bins of time in which ``crew_free_throughout`` counts engaged crews."""


NO_HIT, KILL, FURTHER_HIT = range(3)
"""Entries of a log of sorties: no kill, a kill, and a hit on a threat killed by an earlier sortie of the salvo."""


class SortieLog(NamedTuple):
    """Sorties of a night, from which it can be repeated with other interceptors.

    length
        (1,) number of sorties; entries beyond the length of the other arrays are lost.
    threat_class, u, hit
        (capacity,) class of the threat, uniform number that decides the sortie, and one of ``NO_HIT``, ``KILL`` and
        ``FURTHER_HIT``.
    """

    length: Ints
    threat_class: Ints
    u: Floats
    hit: Ints


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
    crossing
        (threats,) row of the threat in ``engagements``.
    outcome, shots
        (threats,) results: outcome (``ALIVE`` to ``NO_SHOTS``) and number of engagements.
    end, target
        (threats + 1,) heap of engagements in progress: minute at which each ends, and the threat being engaged.
    service_position, threat_at
        (threats,) place of each threat in the order of service; threat in each place.
    waiting
        (threats // 64 + 1,) set of the places of the threats that wait, one bit each.
    sorted
        (threats,) working array for sorted times.
    slot
        (max(threats, ``BINS``) + 2,) working array.
    active
        (threats,) threats that are engaged next, if a crew is always free.
    engagements
        Engagements that have been drawn.
    log
        Sorties of the night.
    """

    arrival: Floats
    deadline: Floats
    rank: Floats
    threat_class: Ints
    number: Ints
    source: Ints
    crossing: Ints
    outcome: Ints
    shots: Ints
    end: Floats
    target: Ints
    service_position: Ints
    threat_at: Ints
    waiting: Words
    sorted: Floats
    slot: Ints
    active: Ints
    engagements: Engagements
    log: SortieLog


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
    """Return a queue with capacity for ``size`` threats that keeps no log of sorties."""
    log = SortieLog(np.zeros(1, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))
    return queue_of_crossings(size, empty_engagements(size), log)


@kernel
def queue_of_crossings(size: int, engagements: Engagements, log: SortieLog) -> CrewQueue:
    """Return a queue with capacity for ``size`` threats, given the arrays for engagements and the log of sorties."""
    # few allocations, cut into arrays, because each takes as long as drawing ten random numbers
    floats = np.empty(5 * size + 1)
    ints = np.empty(11 * size + max(size, BINS) + 3, np.int64)
    for i in range(size):
        ints[i] = i
    return CrewQueue(
        floats[:size],
        floats[size : 2 * size],
        floats[2 * size : 3 * size],
        ints[size : 2 * size],
        ints[2 * size : 3 * size],
        ints[3 * size : 4 * size],
        ints[:size],
        ints[4 * size : 5 * size],
        ints[5 * size : 6 * size],
        floats[3 * size : 4 * size + 1],
        ints[6 * size : 7 * size + 1],
        ints[7 * size + 1 : 8 * size + 1],
        ints[8 * size + 1 : 9 * size + 1],
        np.empty((size >> 6) + 1, np.uint64),
        floats[4 * size + 1 :],
        ints[10 * size + 1 :],
        ints[9 * size + 1 : 10 * size + 1],
        engagements,
        log,
    )


@leaf
def sortie_result(u: float, p_contact: float, p_kill: float, p_recover: float) -> int:
    """Result of a sortie for a uniform number u in (0, 1).

    ``HIT`` if u < p_contact p_kill, ``CONTACT`` if u < p_contact, ``RECOVERED`` if
    u < p_contact + (1 - p_contact) p_recover, otherwise ``EXPENDED``.
    """
    if u < p_contact:
        return HIT if u < p_contact * p_kill else CONTACT
    return RECOVERED if u - p_contact < (1.0 - p_contact) * p_recover else EXPENDED
