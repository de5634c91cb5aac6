"""Parts (model.md section 4): suppliers, their outages, orders, and what is on hand at each plant."""

import numpy as np

from octoplan.campaign.arithmetic import log
from octoplan.campaign.compiled import kernel, leaf, structure
from octoplan.campaign.money import Books, pay_plant
from octoplan.campaign.sharing import share_out
from octoplan.campaign.streams import LEAD, duration, stream, unit, words
from octoplan.campaign.tally import PARTS
from octoplan.scenario.arrays import Floats, Ints, Keys, Records


@structure
class Outage:
    """On/off renewal processes of several things: (n,) 1 while up, day of the next change, changes so far."""

    up: Ints
    change: Floats
    changes: Ints


@structure
class SupplyLog:
    """The tallies of supply, see ``tally.TALLIES``."""

    part_shipped: Ints
    part_sold: Ints
    supplier_down: Ints


@structure
class Stores:
    """Parts of the plants.

    on_hand, on_order
        (plants, parts) parts in store; parts ordered and not yet arrived.
    backlog
        (plants, suppliers) parts ordered and not yet shipped.
    due
        (days, plants, parts) parts that arrive on the day.
    ordered
        (suppliers,) parts ordered from each so far.
    credit
        (suppliers,) parts the supplier has capacity for: grows on the days it is up, to a month's worth at the most.
    lead
        (parts,) mean lead time in days, weighted by sourcing.
    """

    on_hand: Ints
    on_order: Ints
    backlog: Ints
    due: Ints
    ordered: Ints
    credit: Floats
    lead: Floats


@kernel
def begin_outages(things: Records, keys: Keys, kind: int, future: int, stationary: bool) -> Outage:
    """The processes on day 0: in their stationary state, or all up; exponential times to the first change.

    things
        (n,) records with ``mtbf`` and ``mttr``.
    """
    n = things.shape[0]
    outage = Outage(np.ones(n, np.int64), np.zeros(n), np.zeros(n, np.int64))
    for i in range(n):
        own = things[i]
        w0, w1, _, _ = words(stream(keys, kind, i), future, 0, 0, 0)
        if stationary and unit(w0) >= own.mtbf / (own.mtbf + own.mttr):
            outage.up[i] = 0
        outage.change[i] = -log(unit(w1)) * (own.mtbf if outage.up[i] == 1 else own.mttr)
    return outage


@kernel
def run_outages(things: Records, keys: Keys, kind: int, future: int, day: int, outage: Outage) -> None:
    """Carry the processes forward to the start of a day (renewal-reward availability MTBF / (MTBF + MTTR))."""
    for i in range(things.shape[0]):
        own = things[i]
        while outage.change[i] <= day:
            outage.up[i] = 1 - outage.up[i]
            outage.changes[i] += 1
            u = unit(words(stream(keys, kind, i), future, 0, outage.changes[i], 0)[0])
            outage.change[i] += -log(u) * (own.mtbf if outage.up[i] == 1 else own.mttr)


@kernel
def empty_stores(suppliers: Records, sourcing: Floats, plants: int, parts: int, days: int) -> Stores:
    """Stores on the first day: nothing on hand, nothing on order."""
    lead = np.zeros(parts)
    weight = np.zeros(parts)
    for s in range(suppliers.shape[0]):
        own = suppliers[s]
        lead[own.part] += sourcing[s] * own.lead
        weight[own.part] += sourcing[s]
    for n in range(parts):
        lead[n] = lead[n] / weight[n] if weight[n] > 0.0 else 0.0
    return Stores(
        np.zeros((plants, parts), np.int64),
        np.zeros((plants, parts), np.int64),
        np.zeros((plants, suppliers.shape[0]), np.int64),
        np.zeros((days, plants, parts), np.int64),
        np.zeros(suppliers.shape[0], np.int64),
        np.zeros(suppliers.shape[0]),
        lead,
    )


@kernel
def shipping(supplier_causes: Ints, suppliers: Outage, causes: Outage, ships: Ints) -> None:
    """Which suppliers ship today, into ``ships`` (suppliers,): up, and no common cause that they share in force."""
    for s in range(ships.shape[0]):
        ships[s] = suppliers.up[s]
        for z in range(causes.up.shape[0]):
            if supplier_causes[s, z] == 1 and causes.up[z] == 0:
                ships[s] = 0


@leaf
def shortfall(target: float, on_hand: int, on_order: int) -> int:
    """Parts that bring the inventory position (on hand and on order) up to the base stock."""
    return max(0, int(np.ceil(target - on_hand - on_order - 1e-9)))


@kernel
def order_by_plan(suppliers: Records, sourcing: Floats, stores: Stores, plant: int, part: int, quantity: int) -> None:
    """Split a planned order among the part's suppliers by sourcing weight, up or not."""
    weight = np.zeros(suppliers.shape[0])
    for s in range(weight.shape[0]):
        if suppliers[s].part == part:
            weight[s] = sourcing[s]
    taken = np.empty(weight.shape[0], np.int64)
    share_out(quantity, weight, taken)
    for s in range(weight.shape[0]):
        stores.backlog[plant, s] += taken[s]
        stores.on_order[plant, part] += taken[s]
        stores.ordered[s] += taken[s]


@kernel
def next_supplier(suppliers: Records, sourcing: Floats, stores: Stores, ships: Ints, part: int, quantity: int) -> int:
    """The supplier that an order goes to, -1 for none: of those that ship today and have room for it, the one that
    stands furthest behind its sourcing weight.

    A supplier has room while what it has yet to ship is below a month of its capacity; the order, or what room it
    leaves of it, must reach the minimum order.
    """
    chosen = -1
    least = np.inf
    for s in range(ships.shape[0]):
        own = suppliers[s]
        if own.part == part and ships[s] == 1 and sourcing[s] > 0.0:
            taken = min(quantity, room_of(own, stores.backlog[:, s].sum()))
            behind = stores.ordered[s] / sourcing[s]
            if taken > 0 and taken >= own.min_order and behind < least:
                least = behind
                chosen = s
    return chosen


@kernel
def room_of(own: Records, backlog: int) -> int:
    """Parts a supplier can still be asked for: a month of its capacity, or its minimum order, less its backlog."""
    return int(max(1.0, 30.4375 * own.capacity, own.min_order)) - backlog


@kernel
def order_by_need(
    suppliers: Records, sourcing: Floats, stores: Stores, ships: Ints, plant: int, part: int, quantity: int
) -> None:
    """Order parts for a plant from one supplier after another; what none can take waits for the next review."""
    while quantity > 0:
        s = next_supplier(suppliers, sourcing, stores, ships, part, quantity)
        if s < 0:
            return
        taken = min(quantity, room_of(suppliers[s], stores.backlog[:, s].sum()))
        stores.backlog[plant, s] += taken
        stores.on_order[plant, part] += taken
        stores.ordered[s] += taken
        quantity -= taken


@kernel
def ship_parts(
    suppliers: Records, payer: Ints, keys: Keys, books: Books, diary: SupplyLog, stores: Stores, ships: Ints,
    row: int, future: int, day: int,
) -> None:  # fmt: skip
    """Suppliers that are up ship their backlog within capacity, plants taking turns; parts are paid when shipped.

    payer
        (plants,) who pays for each plant.
    """
    plants, days = stores.on_hand.shape[0], stores.due.shape[0]
    for s in range(ships.shape[0]):
        own = suppliers[s]
        if ships[s] == 0:
            diary.supplier_down[row, s] += 1
            continue
        stores.credit[s] = min(stores.credit[s] + own.capacity, max(1.0, 30.4375 * own.capacity))
        begin = first_in_turn(stores.backlog[:, s], day)
        for turn in range(plants):
            p = (begin + turn) % plants
            quantity = min(stores.backlog[p, s], int(stores.credit[s]))
            if quantity == 0:
                continue
            stores.backlog[p, s] -= quantity
            stores.credit[s] -= quantity
            diary.part_shipped[row, s] += quantity
            diary.part_sold[row, p, s] += quantity
            lead = duration(stream(keys, LEAD, s * plants + p), future, day, 0, own.lead, own.lead_cv)
            arrival = day + int(lead + 0.5)
            if arrival < days:
                stores.due[arrival, p, own.part] += quantity
            pay_plant(books, row, p, PARTS, payer[p], own.price_currency, quantity * own.price)


@leaf
def first_in_turn(backlog: Ints, day: int) -> int:
    """The plant that a supplier serves first today: those with a backlog, (plants,), take turns day by day."""
    waiting = 0
    for p in range(backlog.shape[0]):
        waiting += backlog[p] > 0
    if waiting == 0:
        return 0
    skip = day % waiting
    for p in range(backlog.shape[0]):
        if backlog[p] > 0:
            if skip == 0:
                return p
            skip -= 1
    return 0


@kernel
def receive(stores: Stores, day: int) -> None:
    """Parts due today go into store."""
    for p in range(stores.on_hand.shape[0]):
        for n in range(stores.on_hand.shape[1]):
            arrived = stores.due[day, p, n]
            stores.on_hand[p, n] += arrived
            stores.on_order[p, n] -= arrived
