"""Supply of parts: suppliers, outages, orders, and stocks of parts at the plants."""

import numpy as np

from octoplan.campaign.apportionment import apportion
from octoplan.campaign.arithmetic import log
from octoplan.campaign.compiled import kernel, leaf
from octoplan.campaign.money import Ledger, pay_plant
from octoplan.campaign.streams import LEAD, Moment, duration, key_of, random_words, to_uniform
from octoplan.campaign.structures import structure
from octoplan.campaign.tally import PARTS
from octoplan.scenario.arrays import Floats, Ints, Records, StreamKeys

MONTH = 30.4375
"""Days in a mean month."""


@structure
class OutageState:
    """State of on/off renewal processes of suppliers, lanes or common causes.

    up
        (n,) 1 if up, 0 during an outage.
    next_change
        (n,) time of the next change, in days.
    change_count
        (n,) number of changes so far.
    """

    up: Ints
    next_change: Floats
    change_count: Ints


@structure
class SupplyTally:
    """Tallies of supply; see ``tally.TALLIES``."""

    part_shipped: Ints
    part_sold: Ints
    supplier_down: Ints


@structure
class PartStocks:
    """Stocks of parts at the plants, and orders placed with suppliers.

    on_hand, on_order
        (plants, parts) parts in stock; parts ordered and not received.
    backlog
        (plants, suppliers) parts ordered and not shipped.
    due
        (days, plants, parts) parts that arrive, by day.
    ordered
        (suppliers,) cumulative orders in parts.
    credit
        (suppliers,) unused shipping capacity in parts, which accumulates on days on which the supplier is up, to at
        most one month's capacity.
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
def initial_outages(records: Records, keys: StreamKeys, kind: int, future: int, stationary: bool) -> OutageState:
    """Return the renewal processes on day 0, with exponential times to the first change.

    records
        (n,) records with ``mtbf`` and ``mttr`` in days.
    kind
        Kind of random stream; see ``streams.STREAMS``.
    stationary
        If True, a process starts in its stationary distribution, up with probability MTBF / (MTBF + MTTR); if False,
        all start up.
    """
    n = records.shape[0]
    outages = OutageState(np.ones(n, np.int64), np.zeros(n), np.zeros(n, np.int64))
    for i in range(n):
        record = records[i]
        w0, w1, _, _ = random_words(key_of(keys, kind, i), future, 0, 0, 0)
        if stationary and to_uniform(w0) >= record.mtbf / (record.mtbf + record.mttr):
            outages.up[i] = 0
        outages.next_change[i] = -log(to_uniform(w1)) * (record.mtbf if outages.up[i] == 1 else record.mttr)
    return outages


@kernel
def advance_outages(records: Records, kind: int, moment: Moment, outages: OutageState) -> None:
    """Advance the renewal processes to the start of a day; the long-run availability is MTBF / (MTBF + MTTR)."""
    for i in range(records.shape[0]):
        record = records[i]
        key = key_of(moment.keys, kind, i)
        while outages.next_change[i] <= moment.day:
            outages.up[i] = 1 - outages.up[i]
            outages.change_count[i] += 1
            u = to_uniform(random_words(key, moment.future, 0, outages.change_count[i], 0)[0])
            outages.next_change[i] += -log(u) * (record.mtbf if outages.up[i] == 1 else record.mttr)


@kernel
def initial_part_stocks(suppliers: Records, sourcing: Floats, plants: int, parts: int, days: int) -> PartStocks:
    """Return empty stocks of parts on the first day.

    sourcing
        (suppliers,) sourcing weights from the plan.
    """
    lead = np.zeros(parts)
    weight = np.zeros(parts)
    for s in range(suppliers.shape[0]):
        supplier = suppliers[s]
        lead[supplier.part] += sourcing[s] * supplier.lead
        weight[supplier.part] += sourcing[s]
    for n in range(parts):
        lead[n] = lead[n] / weight[n] if weight[n] > 0.0 else 0.0
    return PartStocks(
        np.zeros((plants, parts), np.int64),
        np.zeros((plants, parts), np.int64),
        np.zeros((plants, suppliers.shape[0]), np.int64),
        np.zeros((days, plants, parts), np.int64),
        np.zeros(suppliers.shape[0], np.int64),
        np.zeros(suppliers.shape[0]),
        lead,
    )


@kernel
def available_suppliers(supplier_causes: Ints, suppliers: OutageState, causes: OutageState) -> Ints:
    """Return 1 for suppliers that ship today, (suppliers,): those that are up and whose common causes are all up.

    supplier_causes
        (suppliers, causes) 1 if an outage of the cause is an outage of the supplier.
    """
    up = np.empty(suppliers.up.shape[0], np.int64)
    for s in range(up.shape[0]):
        up[s] = suppliers.up[s]
        for cause in range(causes.up.shape[0]):
            if supplier_causes[s, cause] == 1 and causes.up[cause] == 0:
                up[s] = 0
    return up


@leaf
def base_stock_order(base_stock: float, on_hand: int, on_order: int) -> int:
    """Order quantity that raises the inventory position (on hand plus on order) to the base stock, rounded up."""
    return max(0, int(np.ceil(base_stock - on_hand - on_order - 1e-9)))


@kernel
def place_order(stocks: PartStocks, plant: int, part: int, supplier: int, quantity: int) -> None:
    """Record an order of a plant with a supplier."""
    stocks.backlog[plant, supplier] += quantity
    stocks.on_order[plant, part] += quantity
    stocks.ordered[supplier] += quantity


@kernel
def place_planned_order(
    suppliers: Records, sourcing: Floats, stocks: PartStocks, plant: int, part: int, quantity: int
) -> None:
    """Split a planned order among the suppliers of the part by sourcing weight, regardless of outages."""
    weight = np.zeros(suppliers.shape[0])
    for s in range(weight.shape[0]):
        if suppliers[s].part == part:
            weight[s] = sourcing[s]
    shares = np.empty(weight.shape[0], np.int64)
    apportion(quantity, weight, shares)
    for s in range(weight.shape[0]):
        place_order(stocks, plant, part, s, shares[s])


@kernel
def next_supplier(suppliers: Records, sourcing: Floats, stocks: PartStocks, up: Ints, part: int, quantity: int) -> int:
    """Supplier that receives the next order of a part; -1 if no supplier can accept it.

    Among suppliers that ship today, it is the one with the lowest cumulative orders relative to its sourcing weight.
    The quantity that its remaining capacity allows must reach its minimum order.

    up
        (suppliers,) 1 if the supplier ships today.
    """
    best = -1
    least = np.inf
    for s in range(up.shape[0]):
        supplier = suppliers[s]
        if supplier.part == part and up[s] == 1 and sourcing[s] > 0.0:
            possible = min(quantity, remaining_capacity(supplier, stocks.backlog[:, s].sum()))
            relative = stocks.ordered[s] / sourcing[s]
            if possible > 0 and possible >= supplier.min_order and relative < least:
                least = relative
                best = s
    return best


@kernel
def remaining_capacity(supplier: Records, backlog: int) -> int:
    """Parts that a supplier can accept: the larger of a month's capacity and its minimum order, less its backlog."""
    return int(max(1.0, MONTH * supplier.capacity, supplier.min_order)) - backlog


@kernel
def place_base_stock_order(
    suppliers: Records, sourcing: Floats, stocks: PartStocks, up: Ints, plant: int, part: int, quantity: int
) -> None:
    """Order parts for a plant from its suppliers in turn; the remainder is ordered at a later daily review."""
    while quantity > 0:
        s = next_supplier(suppliers, sourcing, stocks, up, part, quantity)
        if s < 0:
            return
        possible = min(quantity, remaining_capacity(suppliers[s], stocks.backlog[:, s].sum()))
        place_order(stocks, plant, part, s, possible)
        quantity -= possible


@kernel
def ship_parts(
    suppliers: Records, payer: Ints, stocks: PartStocks, up: Ints, ledger: Ledger, tally: SupplyTally, moment: Moment
) -> None:
    """Ship the backlog of suppliers that are up, within capacity, plants in rotation; parts are paid on shipment.

    payer
        (plants,) payer of the plant's costs.
    up
        (suppliers,) 1 if the supplier ships today.
    """
    plants, days, row = stocks.on_hand.shape[0], stocks.due.shape[0], ledger.row
    for s in range(up.shape[0]):
        supplier = suppliers[s]
        if up[s] == 0:
            tally.supplier_down[row, s] += 1
            continue
        stocks.credit[s] = min(stocks.credit[s] + supplier.capacity, max(1.0, MONTH * supplier.capacity))
        first = first_plant_in_turn(stocks.backlog[:, s], moment.day)
        for turn in range(plants):
            p = (first + turn) % plants
            quantity = min(stocks.backlog[p, s], int(stocks.credit[s]))
            if quantity == 0:
                continue
            stocks.backlog[p, s] -= quantity
            stocks.credit[s] -= quantity
            tally.part_shipped[row, s] += quantity
            tally.part_sold[row, p, s] += quantity
            key = key_of(moment.keys, LEAD, s * plants + p)
            lead = duration(key, moment.future, moment.day, 0, supplier.lead, supplier.lead_cv)
            arrival = moment.day + int(lead + 0.5)
            if arrival < days:
                stocks.due[arrival, p, supplier.part] += quantity
            pay_plant(ledger, p, PARTS, payer[p], supplier.price_currency, quantity * supplier.price)


@leaf
def first_plant_in_turn(backlog: Ints, day: int) -> int:
    """Plant that a supplier serves first today, rotating daily among plants with a backlog.

    backlog
        (plants,) parts ordered from the supplier and not shipped.
    """
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
def receive_parts(stocks: PartStocks, day: int) -> None:
    """Add the parts that arrive today to the stocks of the plants."""
    for p in range(stocks.on_hand.shape[0]):
        for n in range(stocks.on_hand.shape[1]):
            arrived = stocks.due[day, p, n]
            stocks.on_hand[p, n] += arrived
            stocks.on_order[p, n] -= arrived
