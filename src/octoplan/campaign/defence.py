"""Defence of one region on one day (model.md section 3): crews and interceptors as a queue, then the other layers."""

from typing import NamedTuple

import numpy as np

from octoplan.campaign.aiming import rest
from octoplan.campaign.arithmetic import log, normal_quantile
from octoplan.campaign.compiled import kernel, leaf
from octoplan.campaign.ordering import sort_by_time
from octoplan.campaign.raiding import Raid
from octoplan.campaign.streams import LAYER_DAY, SHOTS, Key, Word, beta, duration, stream, unit, words
from octoplan.scenario.arrays import Floats, Ints, Keys, Records
from octoplan.scenario.limiting_factors import BY_CREWS, BY_ENGAGEMENT_TIME, BY_INTERCEPTORS, NO_LIMIT

ALIVE, KILLED, NO_STOCK, NO_CREW, NO_TIME, NO_SHOTS = range(6)
"""Fate of a threat at the interceptors: not engaged, killed, or what let it by: no interceptor left, no crew free
in its window, window closed between shots, the doctrine's shots used up."""

HIT, TOUCHED, BACK, GONE = range(4)
"""What comes of a sortie: a kill, a contact without one, a unit recovered without contact, a unit gone without it."""


class Queue(NamedTuple):
    """Threats that the crews of a region may engage, in order of arrival.

    arrival, deadline
        (threats,) minutes; an engagement may begin from the one to the other.
    rank
        (threats,) lower is engaged first; equal ranks by deadline, then by arrival.
    kind, number, source
        (threats,) class, index of its random numbers, row of the stream they come from.
    fate, shots
        (threats,) results: fate as above, engagements fought.
    end, target, waiting
        (threats + 1,) working room: when engagements end and of which threat, and the threats that wait.
    """

    arrival: Floats
    deadline: Floats
    rank: Floats
    kind: Ints
    number: Ints
    source: Ints
    fate: Ints
    shots: Ints
    end: Floats
    target: Ints
    waiting: Ints


class Doctrine(NamedTuple):
    """How crews fight each class: (threats,) mean minutes of an engagement and their coefficient of variation,
    contact probability a sortie, engagements at the most, interceptors launched together.
    """

    engagement: Floats
    engagement_cv: Floats
    p_contact: Floats
    max_shots: Ints
    salvo: Ints


class Arsenal(NamedTuple):
    """Interceptors at hand by cohort (a block of a design), and the counts of what became of them.

    order
        (cohorts,) cohorts in the order of use.
    design
        (cohorts,) design of the cohort.
    stock
        (cohorts,) units left; falls with each launch.
    returned
        (cohorts,) units recovered without contact, ready again the next day; added to.
    p_kill
        (cohorts, threats) kill probability given contact.
    p_recover
        (designs,) probability that a unit without contact is recovered.
    sorties, contacts, recovered
        (designs,) counts, added to.
    kills
        (designs, threats) counts, added to.
    """

    order: Ints
    design: Ints
    stock: Ints
    returned: Ints
    p_kill: Floats
    p_recover: Floats
    sorties: Ints
    contacts: Ints
    recovered: Ints
    kills: Ints


@kernel
def empty_queue(size: int) -> Queue:
    """Room for a number of threats."""
    return Queue(
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
def sooner(rank: Floats, deadline: Floats, a: int, b: int) -> bool:
    """Whether threat a is engaged before threat b."""
    if rank[a] != rank[b]:
        return rank[a] < rank[b]
    if deadline[a] != deadline[b]:
        return deadline[a] < deadline[b]
    return a < b


@leaf
def push_waiting(rank: Floats, deadline: Floats, heap: Ints, size: int, item: int) -> None:
    """Add a threat to the heap of those waiting for a crew."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if not sooner(rank, deadline, item, heap[parent]):
            break
        heap[child] = heap[parent]
        child = parent
    heap[child] = item


@leaf
def drop_waiting(rank: Floats, deadline: Floats, heap: Ints, size: int) -> None:
    """Remove the first threat from the heap of ``size`` waiting."""
    last = size - 1
    item = heap[last]
    parent = 0
    while True:
        child = 2 * parent + 1
        if child >= last:
            break
        if child + 1 < last and sooner(rank, deadline, heap[child + 1], heap[child]):
            child += 1
        if not sooner(rank, deadline, heap[child], item):
            break
        heap[parent] = heap[child]
        parent = child
    heap[parent] = item


@leaf
def push_busy(end: Floats, target: Ints, size: int, time: float, item: int) -> None:
    """Add an engagement to the heap of those under way, by the time it ends, then by threat."""
    child = size
    while child > 0:
        parent = (child - 1) >> 1
        if end[parent] < time or (end[parent] == time and target[parent] < item):
            break
        end[child], target[child] = end[parent], target[parent]
        child = parent
    end[child], target[child] = time, item


@leaf
def drop_busy(end: Floats, target: Ints, size: int) -> None:
    """Remove the engagement that ends first from the heap of ``size`` under way."""
    last = size - 1
    time, item = end[last], target[last]
    parent = 0
    while True:
        child = 2 * parent + 1
        if child >= last:
            break
        other = child + 1
        if other < last and (end[other] < end[child] or (end[other] == end[child] and target[other] < target[child])):
            child = other
        if time < end[child] or (time == end[child] and item < target[child]):
            break
        end[parent], target[parent] = end[child], target[child]
        parent = child
    end[parent], target[parent] = time, item


@leaf
def engagement(
    key: Key, future: int, day: int, number: int, attempt: int, mean: float, cv: float
) -> tuple[float, Word]:
    """Minutes one engagement takes, gamma of given mean and coefficient of variation, and a word for its outcome.

    The first try of the gamma (Marsaglia and Tsang 2000) shares the block of the outcome; later tries, rare, have
    their own at ``number`` + 2^40.
    """
    w0, w1, w2, outcome = words(key, future, day, number, attempt)
    if cv == 1.0:
        return -mean * log(unit(w0)), outcome
    if cv <= 0.0:
        return mean, outcome
    shape = 1.0 / (cv * cv)
    if shape >= 1.0:
        d = shape - 1.0 / 3.0
        x = normal_quantile(unit(w0))
        v = 1.0 + x / np.sqrt(9.0 * d)
        if v > 0.0:
            v = v * v * v
            u = unit(w1)
            if u < 1.0 - 0.0331 * x * x * x * x or log(u) < 0.5 * x * x + d * (1.0 - v + log(v)):
                return mean / shape * d * v, outcome
    return duration(key, future, day, number + (1 << 40), mean, cv, attempt), outcome


@leaf
def outcome(u: float, p_contact: float, p_kill: float, p_recover: float) -> int:
    """What comes of a sortie with the uniform number u: see ``intercept``."""
    if u < p_contact:
        return HIT if u < p_contact * p_kill else TOUCHED
    return BACK if u - p_contact < (1.0 - p_contact) * p_recover else GONE


@leaf
def at_ease(queue: Queue, count: int, crews: int, doctrine: Doctrine) -> bool:
    """Whether crews are so many for the raid that ``unhindered`` is worth a try; decides speed, never results."""
    if crews == 0 or count <= crews:
        return crews > 0
    span = queue.arrival[count - 1] - queue.arrival[0]
    return 2.0 * count * doctrine.engagement[queue.kind[0]] <= crews * span


@leaf
def unhindered(
    queue: Queue, count: int, crews: int, doctrine: Doctrine, arsenal: Arsenal, keys: Keys, future: int, day: int
) -> bool:
    """Fight every threat as if a crew were free whenever one is wanted; True, and all is booked, if that is so.

    It is so when at no arrival all crews are busy, a crew staying with its threat to the end, and one cohort has
    interceptors enough. The outcome is then that of ``event_by_event``, number for number. Otherwise nothing is
    booked. ``crews`` is at least 1.
    """
    arrival, deadline, kinds, fate, shots = queue.arrival, queue.deadline, queue.kind, queue.fate, queue.shots
    numbers, sources, end = queue.number, queue.source, queue.end
    order, stock, kills = arsenal.order, arsenal.stock, arsenal.kills
    place = 0
    while place < order.shape[0] and stock[order[place]] <= 0:
        place += 1
    if place >= order.shape[0]:
        return False
    cohort = order[place]
    design = arsenal.design[cohort]
    room, p_recover = stock[cohort], arsenal.p_recover[design]
    flown = contacted = back = 0
    for i in range(count):
        kind, number, key = kinds[i], numbers[i], stream(keys, SHOTS, sources[i])
        time, last, p_contact = arrival[i], deadline[i], doctrine.p_contact[kind]
        mean, cv = doctrine.engagement[kind], doctrine.engagement_cv[kind]
        p_kill, most, salvo = arsenal.p_kill[cohort, kind], doctrine.max_shots[kind], doctrine.salvo[kind]
        shot = 0
        fate_i = ALIVE
        while fate_i == ALIVE:
            lasts, word = engagement(key, future, day, number, 64 * shot, mean, cv)
            for s in range(salvo):
                if s > 0:
                    word = words(key, future, day, number, 64 * shot + s)[3]
                result = outcome(unit(word), p_contact, p_kill, p_recover)
                contacted += result <= TOUCHED
                back += result == BACK
                if result == HIT:
                    fate_i = KILLED
            shot += 1
            flown += salvo
            time += lasts
            if fate_i != KILLED:
                if shot >= most:
                    fate_i = NO_SHOTS
                elif time > last:
                    fate_i = NO_TIME
        end[i], fate[i], shots[i] = time, fate_i, shot
        if flown > room or not arrival[i] < time < np.inf:
            return False
    if count > crews and not free_at_each_arrival(queue, count, crews):
        return False
    stock[cohort] -= flown
    arsenal.sorties[design] += flown
    arsenal.contacts[design] += contacted
    arsenal.recovered[design] += back
    arsenal.returned[cohort] += back
    for i in range(count):
        if fate[i] == KILLED:
            kills[design, kinds[i]] += 1
    return True


@leaf
def free_at_each_arrival(queue: Queue, count: int, crews: int) -> bool:
    """Whether a crew is free at each arrival when each threat keeps one from its arrival to its ``end``."""
    sort_by_time(queue.end, 0, count, queue.target, queue.waiting)
    gone = 0
    for i in range(count):
        while queue.end[queue.target[gone]] <= queue.arrival[i]:
            gone += 1
        if i + 1 - gone > crews:
            return False
    return True


@leaf
def intercept(
    queue: Queue, count: int, crews: int, doctrine: Doctrine, arsenal: Arsenal, keys: Keys, future: int, day: int
) -> None:
    """The saturation queue of a region's crews: fills the fate and shots of the queue's first ``count`` threats.

    A free crew takes the waiting threat that stands first, if its window is still open; the engagement takes a
    gamma time and runs to its end, window or not; a threat still alive in its window returns to the queue until
    the doctrine's shots are used up (shoot-look-shoot). At equal times engagements end before threats arrive.

    A sortie's outcome is one uniform number u: below p_contact p_kill a kill, below p_contact a contact, and of the
    rest a share p_recover is recovered. Sortie s of engagement e draws the last word of the block at index ``number``
    and attempt 64 e + s.
    """
    easy = count > 0 and at_ease(queue, count, crews, doctrine)
    if not (easy and unhindered(queue, count, crews, doctrine, arsenal, keys, future, day)):
        event_by_event(queue, count, crews, doctrine, arsenal, keys, future, day)


@leaf
def event_by_event(
    queue: Queue, count: int, crews: int, doctrine: Doctrine, arsenal: Arsenal, keys: Keys, future: int, day: int
) -> None:
    """The queue of ``intercept`` in the order of its events: arrivals, and engagements that end."""
    arrival, deadline, rank, kinds = queue.arrival, queue.deadline, queue.rank, queue.kind
    fate, shots = queue.fate, queue.shots
    numbers, sources = queue.number, queue.source
    order, design_of, stock, p_kill = arsenal.order, arsenal.design, arsenal.stock, arsenal.p_kill
    sorties, contacts, recovered, returned = arsenal.sorties, arsenal.contacts, arsenal.recovered, arsenal.returned
    kills, p_recover = arsenal.kills, arsenal.p_recover
    means, cvs, p_contacts = doctrine.engagement, doctrine.engagement_cv, doctrine.p_contact
    max_shots, salvos = doctrine.max_shots, doctrine.salvo
    end, target, waiting = queue.end, queue.target, queue.waiting
    for i in range(count):
        fate[i] = ALIVE
        shots[i] = 0
    busy = waits = come = place = 0
    cohorts = order.shape[0]
    while busy > 0 or come < count:
        if busy > 0 and (come >= count or end[0] <= arrival[come]):
            time, i = end[0], target[0]
            drop_busy(end, target, busy)
            busy -= 1
            if fate[i] != KILLED:
                if shots[i] >= max_shots[kinds[i]]:
                    fate[i] = NO_SHOTS
                elif time > deadline[i]:
                    fate[i] = NO_TIME
                else:
                    push_waiting(rank, deadline, waiting, waits, i)
                    waits += 1
        else:
            time = arrival[come]
            push_waiting(rank, deadline, waiting, waits, come)
            waits += 1
            come += 1
        while waits > 0 and busy < crews:
            i = waiting[0]
            drop_waiting(rank, deadline, waiting, waits)
            waits -= 1
            if time > deadline[i]:
                fate[i] = NO_CREW
                continue
            while place < cohorts and stock[order[place]] <= 0:
                place += 1
            if place >= cohorts:
                fate[i] = NO_STOCK
                continue
            kind, number, shot, key = kinds[i], numbers[i], shots[i], stream(keys, SHOTS, sources[i])
            shots[i] = shot + 1
            lasts, word = engagement(key, future, day, number, 64 * shot, means[kind], cvs[kind])
            p_contact = p_contacts[kind]
            for s in range(salvos[kind]):
                while place < cohorts and stock[order[place]] <= 0:
                    place += 1
                if place >= cohorts:
                    break
                if s > 0:
                    word = words(key, future, day, number, 64 * shot + s)[3]
                cohort = order[place]
                design = design_of[cohort]
                stock[cohort] -= 1
                sorties[design] += 1
                result = outcome(unit(word), p_contact, p_kill[cohort, kind], p_recover[design])
                if result <= TOUCHED:
                    contacts[design] += 1
                    if result == HIT and fate[i] != KILLED:
                        fate[i] = KILLED
                        kills[design, kind] += 1
                elif result == BACK:
                    recovered[design] += 1
                    returned[cohort] += 1
            push_busy(end, target, busy, time + lasts, i)
            busy += 1
    for w in range(waits):
        fate[waiting[w]] = NO_CREW


class Shield(NamedTuple):
    """The layers beside the interceptors, row 0 being the interceptors' own and unused.

    order
        (threats, layers) layers in the order of the class's doctrine, -1 pads.
    p
        (layers, threats) today's probability that an engagement stops a threat.
    shots
        (layers, threats) shots of one engagement.
    limited, stocked
        (layers,) 1 where engagements a region-day, or shots, can run out.
    room, stock
        (layers,) engagements left in the region today; shots left in the country.
    fired
        (layers,) shots fired today, added to.
    """

    order: Ints
    p: Floats
    shots: Floats
    limited: Ints
    stocked: Ints
    room: Floats
    stock: Floats
    fired: Floats


class Bench(NamedTuple):
    """Working room for the threats of a region: the place each has reached in its doctrine, its row in the crews' queue
    or -1, whether it is spared as a decoy.
    """

    at: Ints
    member: Ints
    spare: Ints


class CombatLog(NamedTuple):
    """The tallies of one month of defence, see ``tally.TALLIES``."""

    stopped: Ints
    stopped_by: Ints
    nights: Ints


class Accounts(NamedTuple):
    """The accounts of units that a night moves.

    spent
        (designs,) units flown and not recovered, added to.
    position
        (designs, regions) units in the region or on their way there.
    use
        (regions,) smoothed sorties wanted a day.
    """

    spent: Ints
    position: Ints
    use: Floats


@kernel
def empty_bench(size: int) -> Bench:
    """Working room for a number of threats."""
    return Bench(np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64))


@kernel
def chances_today(layers: Records, effects: Records, keys: Keys, future: int, day: int) -> Floats:
    """Today's probability that an engagement of each layer stops a threat, (layers, threats).

    Beta-distributed around the stated ones, with the layer's intra-day correlation.
    """
    count = layers.shape[0]
    threats = effects.shape[0] // count
    p = np.zeros((count, threats))
    for layer in range(1, count):
        for k in range(threats):
            row = layer * threats + k
            key = stream(keys, LAYER_DAY, row)
            p[layer, k] = beta(key, future, day, effects[row].p, layers[layer].correlation)
    return p


@leaf
def through(
    k: int, u: float, at: int, spare: bool, order: Ints, p: Floats, shots: Floats, limited: Ints, stocked: Ints,
    room: Floats, stock: Floats, fired: Floats,
) -> tuple[float, int, int]:  # fmt: skip
    """Take one threat through its layers from place ``at`` of the doctrine up to the interceptors or its end.

    A layer fights while it has room and shots; the threat's luck u is used up layer by layer. A threat recognised
    as a decoy is spared the shots that can run out. Returns what is left of u, the place reached, and the layer
    that stopped it or -1. The arrays are those of ``Shield``.
    """
    while at < p.shape[0]:
        layer = order[k, at]
        if layer <= 0:
            break
        at += 1
        if stocked[layer] == 1 and (spare or stock[layer] < shots[layer, k]):
            continue
        if limited[layer] == 1:
            if room[layer] < 1.0:
                continue
            room[layer] -= 1.0
        if stocked[layer] == 1:
            stock[layer] -= shots[layer, k]
        fired[layer] += shots[layer, k]
        chance = p[layer, k]
        if u < chance:
            return u, at, layer
        u = rest(u, chance, 1.0)
    return u, at, -1


@leaf
def defend(
    threats: Records, engagement: Records, posts: Records, value: Floats, by_value: bool, keys: Keys, diary: CombatLog,
    raid: Raid, alive: Ints, luck: Floats, guise: Floats, bench: Bench, shield: Shield, queue: Queue,
    doctrine: Doctrine, arsenal: Arsenal, region: int, regions: int, future: int, day: int, crews: int,
) -> int:  # fmt: skip
    """One region's day: its layers before the crews, the crews' queue, the layers after them.

    Recognised decoys are passed over by the crews. Survivors stay ``alive`` and go on to their next region. Returns
    the sorties that were wanted: those flown and the threats let by for lack of interceptors.

    luck, guise
        (threats,) uniform numbers left to each threat of the raid.
    """
    who, when, kinds, package, number = raid.who, raid.when, raid.threat, raid.package, raid.number
    places, spared, member = bench.at, bench.spare, bench.member
    order, p, shots, limited, stocked = shield.order, shield.p, shield.shots, shield.limited, shield.stocked
    room, stock, fired = shield.room, shield.stock, shield.fired
    arrivals, deadlines, ranks = queue.arrival, queue.deadline, queue.rank
    classes, numbers, sources, fate = queue.kind, queue.number, queue.source, queue.fate
    stopped, stopped_by = diary.stopped[region], diary.stopped_by
    layers = p.shape[0]
    for layer in range(1, layers):
        capacity = posts[layer * regions + region].capacity
        room[layer] = np.floor(capacity * (day + 1)) - np.floor(capacity * day)
    first = raid.start[region]
    count = raid.start[region + 1] - first
    queued = 0
    for a in range(count):
        i = who[first + a]
        member[a] = -1
        if alive[i] == 0:
            continue
        k = kinds[i]
        spare = False
        if threats[k].decoy == 1:
            chance = threats[k].p_discriminate
            spare = guise[i] < chance
            guise[i] = rest(guise[i], 0.0, chance) if spare else rest(guise[i], chance, 1.0)
        u, at, by = through(k, luck[i], 0, spare, order, p, shots, limited, stocked, room, stock, fired)
        luck[i] = u
        if by >= 0:
            alive[i] = 0
            stopped[k] += 1
            stopped_by[by, k] += 1
            continue
        if at < layers and order[k, at] == 0:
            at += 1
            if not spare:
                arrival = when[first + a]
                rank = -value[k] if by_value else 0.0
                window = engagement[k * regions + region].window
                arrivals[queued], deadlines[queued], ranks[queued] = arrival, arrival + window, rank
                classes[queued], numbers[queued], sources[queued] = k, number[i], package[i] * regions + region
                member[a] = queued
                queued += 1
        places[a] = at
        spared[a] = 1 if spare else 0
    if queued > 0:
        intercept(queue, queued, crews, doctrine, arsenal, keys, future, day)
    for a in range(count):
        i = who[first + a]
        if alive[i] == 0:
            continue
        k = kinds[i]
        by = 0
        if member[a] < 0 or fate[member[a]] != KILLED:
            u, at, by = through(
                k, luck[i], places[a], spared[a] == 1, order, p, shots, limited, stocked, room, stock, fired
            )
            luck[i] = u
        if by >= 0:
            alive[i] = 0
            stopped[k] += 1
            stopped_by[by, k] += 1
    return night(queue, queued, doctrine.salvo, diary.nights[region])


@leaf
def night(queue: Queue, queued: int, salvo: Ints, nights: Ints) -> int:
    """Count the region-night under its limiting factor, (night limits,); returns the sorties wanted."""
    if queued == 0:
        return 0
    no_stock = no_crew = no_time = wanted = 0
    for j in range(queued):
        wanted += queue.shots[j] * salvo[queue.kind[j]]
        if queue.fate[j] == NO_STOCK:
            no_stock += 1
            wanted += salvo[queue.kind[j]]
        elif queue.fate[j] == NO_CREW:
            no_crew += 1
        elif queue.fate[j] == NO_TIME:
            no_time += 1
    if no_stock + no_crew + no_time == 0:
        nights[NO_LIMIT] += 1
    elif no_stock >= no_crew and no_stock >= no_time:
        nights[BY_INTERCEPTORS] += 1
    elif no_crew >= no_time:
        nights[BY_CREWS] += 1
    else:
        nights[BY_ENGAGEMENT_TIME] += 1
    return wanted


@leaf
def sweep(
    threats: Records, engagement: Records, posts: Records, p_contact: Floats, value: Floats, by_value: bool,
    smoothing: float, keys: Keys, diary: CombatLog, raid: Raid, alive: Ints, luck: Floats, guise: Floats,
    bench: Bench, shield: Shield, queue: Queue, doctrine: Doctrine, arsenals: Arsenal, accounts: Accounts,
    region_order: Ints, fit: Ints, future: int, day: int,
) -> None:  # fmt: skip
    """A raid through all regions, in an order in which every corridor leads forward.

    p_contact
        (regions, threats) contact probability of a sortie.
    arsenals
        as in ``Arsenal``, its stock, sorties, contacts, recovered and kills with the region first.
    fit
        (regions,) crews able to fly.
    """
    regions = fit.shape[0]
    for r in region_order:
        accounts.use[r] *= 1.0 - smoothing
        if raid.start[r] == raid.start[r + 1]:
            continue
        local = Doctrine(doctrine.engagement, doctrine.engagement_cv, p_contact[r], doctrine.max_shots, doctrine.salvo)
        arsenal = Arsenal(
            arsenals.order, arsenals.design, arsenals.stock[r], arsenals.returned, arsenals.p_kill, arsenals.p_recover,
            arsenals.sorties[r], arsenals.contacts[r], arsenals.recovered[r], arsenals.kills[r],
        )  # fmt: skip
        balance(arsenal.sorties, arsenal.recovered, accounts.spent, accounts.position, shield.fired, r, -1)
        wanted = defend(
            threats, engagement, posts, value, by_value, keys, diary, raid, alive, luck, guise, bench, shield,
            queue, local, arsenal, r, regions, future, day, fit[r],
        )  # fmt: skip
        balance(arsenal.sorties, arsenal.recovered, accounts.spent, accounts.position, shield.fired, r, 1)
        accounts.use[r] += smoothing * wanted
        put_back(arsenal.order, arsenal.stock, arsenal.returned)


@leaf
def put_back(order: Ints, stock: Ints, returned: Ints) -> None:
    """Recovered units of a region, (cohorts,), are ready again."""
    for c in order:
        stock[c] += returned[c]
        returned[c] = 0


@leaf
def balance(sorties: Ints, recovered: Ints, spent: Ints, position: Ints, fired: Floats, region: int, sign: int) -> None:
    """Book a region's running counts (designs,) with a sign: taken off before the night, put on after it, they leave
    the night's own.
    """
    for design in range(sorties.shape[0]):
        gone = sign * (sorties[design] - recovered[design])
        spent[design] += gone
        position[design, region] -= gone
        fired[0] += sign * sorties[design]
