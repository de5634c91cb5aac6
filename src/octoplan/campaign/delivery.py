"""Delivery: lanes, dispatch of units to the regions, and deliveries of other makers."""

import numpy as np

from octoplan.campaign.apportionment import apportion
from octoplan.campaign.compiled import kernel, leaf
from octoplan.campaign.money import Ledger, pay, pay_plant
from octoplan.campaign.production import current_block
from octoplan.campaign.streams import LOSS, TRANSIT, Moment, binomial, duration, key_of
from octoplan.campaign.structures import structure
from octoplan.campaign.supply import OutageState
from octoplan.campaign.tally import FREIGHT, MAKERS
from octoplan.scenario.arrays import Floats, Ints, Records


@structure
class DeliveryTally:
    """Tallies of delivery; see ``tally.TALLIES``. ``tally_row`` is the (days,) row of the tallies for each day."""

    sent: Ints
    delivered: Ints
    lane_down: Ints
    received: Ints
    diverted: Ints
    tally_row: Ints


@structure
class UnitStocks:
    """Interceptors in transit and in the regions. The cohort of a block is ``design * blocks + block``.

    stock
        (regions, cohorts) units in the region.
    due
        (days, regions, cohorts) units that arrive, by day.
    position
        (designs, regions) units in the region or in transit to it.
    use
        (regions,) exponentially smoothed demand for sorties, per day.
    credit
        (lanes,) unused capacity of the lane, in units.
    transit, produced, scrapped, lost, spent, arriving, diverted
        (designs,) units in transit; and running totals of units started (or received from other makers), scrapped, lost
        in transit, launched and not recovered, dispatched and not lost, and of those, diverted from the regions.
    """

    stock: Ints
    due: Ints
    position: Ints
    use: Floats
    credit: Floats
    transit: Ints
    produced: Ints
    scrapped: Ints
    lost: Ints
    spent: Ints
    arriving: Ints
    diverted: Ints


@kernel
def initial_unit_stocks(use: Floats, lanes: int, designs: int, blocks: int, days: int) -> UnitStocks:
    """Return empty stocks of units on the first day; ``use`` is (regions,) the initial demand for sorties per day."""
    regions = use.shape[0]
    return UnitStocks(
        np.zeros((regions, designs * blocks), np.int64),
        np.zeros((days, regions, designs * blocks), np.int64),
        np.zeros((designs, regions), np.int64),
        use,
        np.zeros(lanes),
        np.zeros(designs, np.int64),
        np.zeros(designs, np.int64),
        np.zeros(designs, np.int64),
        np.zeros(designs, np.int64),
        np.zeros(designs, np.int64),
        np.zeros(designs, np.int64),
        np.zeros(designs, np.int64),
    )


@kernel
def allocate_to_regions(weight: Floats, position: Ints, use: Floats, units: int, allocation: Ints) -> None:
    """Allocate units of a design to regions, into ``allocation`` (regions,), by weight or to equalise days of cover.

    To equalise cover, the target stock of a region is its share of total use, applied to all units in the regions, in
    transit and to be allocated. Units are allocated in proportion to each region's shortfall against its target.

    weight
        (regions,) weights from the plan; -1 to equalise days of cover.
    position
        (regions,) units in the region or in transit to it.
    use
        (regions,) demand for sorties per day.
    """
    if weight[0] >= 0.0:
        apportion(units, weight, allocation)
        return
    lacking = np.empty(allocation.shape[0])
    cover = (position.sum() + units) / use.sum()
    for r in range(allocation.shape[0]):
        lacking[r] = max(0.0, cover * use[r] - position[r])
    apportion(units, lacking, allocation)


@kernel
def open_lanes(lanes: Records, up: Ints, credit: Floats, lane_down: Ints) -> None:
    """Set the capacity of each lane for one day, and count the lanes that are down.

    A lane that is up has its daily capacity plus the fraction of a unit that remained on the day before.

    up, credit, lane_down
        (lanes,) 1 if up; capacity in units; days down.
    """
    for lane in range(credit.shape[0]):
        fraction = credit[lane] - np.floor(credit[lane])
        credit[lane] = lanes[lane].capacity + fraction if up[lane] == 1 else 0.0
        lane_down[lane] += 1 - up[lane]


@kernel
def arrival_days(lanes: Records, moment: Moment) -> Ints:
    """Day of arrival of units dispatched today, (lanes,): one gamma-distributed transit time per lane and day."""
    arrival = np.empty(lanes.shape[0], np.int64)
    for lane in range(lanes.shape[0]):
        key = key_of(moment.keys, TRANSIT, lane)
        transit = duration(key, moment.future, moment.day, 0, lanes[lane].transit, lanes[lane].transit_cv)
        arrival[lane] = moment.day + max(1, int(transit + 0.5))
    return arrival


@kernel
def dispatch(
    plants: Records, lanes: Records, service: Records, plant_lanes: Ints, weight: Floats, waiting: Ints,
    stocks: UnitStocks, outages: OutageState, ledger: Ledger, tally: DeliveryTally, moment: Moment,
) -> None:  # fmt: skip
    """Dispatch the units in stock at the plants by their lanes, in order of preference and within capacity.

    A binomial number of units is lost in transit. Of the others, the share that serves the regions is allocated to
    them.

    service
        Records of the designs.
    plant_lanes
        (plants, columns) lanes of each plant in order of preference; unused columns are -1.
    weight
        (regions,) weights from the plan; -1 to equalise days of cover.
    waiting
        (plants, blocks) good units in stock at the plants.
    """
    row = ledger.row
    open_lanes(lanes, outages.up, stocks.credit, tally.lane_down[row])
    arrival = arrival_days(lanes, moment)
    allocation = np.empty(stocks.use.shape[0], np.int64)
    for p in range(plants.shape[0]):
        design = plants[p].design
        for lane in plant_lanes[p]:
            ready = waiting[p].sum()
            if lane < 0 or ready == 0:
                break
            units = min(ready, int(stocks.credit[lane]))
            if units == 0:
                continue
            stocks.credit[lane] -= units
            tally.sent[row, p, lane] += units
            pay_plant(ledger, p, FREIGHT, lanes[lane].payer, lanes[lane].cost_currency, units * lanes[lane].cost)
            key = key_of(moment.keys, LOSS, p * lanes.shape[0] + lane)
            lost = binomial(key, moment.future, moment.day, 0, units, lanes[lane].loss)
            stocks.lost[design] += lost
            diverted = divert(stocks, design, service[design].share, units - lost)
            tally.diverted[row, design] += diverted
            allocate_to_regions(weight, stocks.position[design], stocks.use, units - lost - diverted, allocation)
            remove_units(waiting[p], lost + diverted)
            ship_units(tally, waiting[p], stocks, p, design, allocation, arrival[lane])


@kernel
def divert(stocks: UnitStocks, design: int, share: float, units: int) -> int:
    """Divert units from the regions, so that the units that serve them are the share of all, rounded; returns those.

    share
        Share of the design's units that serves the regions.
    units
        Units dispatched today and not lost.
    """
    stocks.arriving[design] += units
    total = stocks.arriving[design]
    diverted = total - int(total * share + 0.5) - stocks.diverted[design]
    stocks.diverted[design] += diverted
    return diverted


@leaf
def remove_units(waiting: Ints, removed: int) -> None:
    """Subtract units that do not reach the regions from the stock of a plant, (blocks,), oldest block first."""
    b = 0
    while removed > 0:
        units = min(removed, waiting[b])
        waiting[b] -= units
        removed -= units
        b += 1


@kernel
def ship_units(
    tally: DeliveryTally, waiting: Ints, stocks: UnitStocks, plant: int, design: int, allocation: Ints, arrival: int
) -> None:
    """Move units from the stock of a plant to transit, oldest block first.

    waiting
        (blocks,) good units in stock at the plant; must cover the allocation.
    allocation
        (regions,) units for each region.
    """
    blocks = waiting.shape[0]
    b = 0
    for r in range(allocation.shape[0]):
        units = allocation[r]
        stocks.transit[design] += units
        stocks.position[design, r] += units
        if arrival < tally.tally_row.shape[0]:
            tally.delivered[tally.tally_row[arrival], plant] += units
        while units > 0:
            shipped = min(units, waiting[b])
            waiting[b] -= shipped
            units -= shipped
            if arrival < tally.tally_row.shape[0]:
                stocks.due[arrival, r, design * blocks + b] += shipped
            if units > 0:
                b += 1


@kernel
def receive_units(tally: DeliveryTally, stocks: UnitStocks, day: int) -> None:
    """Move the units that arrive today from transit to the stocks of the regions."""
    blocks = stocks.stock.shape[1] // stocks.transit.shape[0]
    row = tally.tally_row[day]
    for r in range(stocks.stock.shape[0]):
        for c in range(stocks.stock.shape[1]):
            units = stocks.due[day, r, c]
            if units > 0:
                stocks.stock[r, c] += units
                stocks.transit[c // blocks] -= units
                tally.received[row, r, c // blocks] += units


@kernel
def deliver_other_makers(
    makers: Records, weight: Floats, ledger: Ledger, tally: DeliveryTally, stocks: UnitStocks, released: Floats,
    service: Records, carry: Floats, day: int,
) -> None:  # fmt: skip
    """Deliver the units of other makers: initial stock on day 0, and a daily rate that rises linearly to a maximum.

    Of the daily rate, only the share that serves the regions is delivered and paid for.

    weight
        (regions,) weights from the plan; -1 to equalise days of cover.
    released
        (designs, blocks) day of each release.
    service
        Records of the designs.
    carry
        (makers,) fraction of a unit carried over to the next day.
    """
    allocation = np.empty(stocks.use.shape[0], np.int64)
    for i in range(makers.shape[0]):
        maker = makers[i]
        ramped = min(1.0, day / maker.ramp) if maker.ramp > 0.0 else 1.0
        carry[i] += (maker.rate_start + (maker.rate_full - maker.rate_start) * ramped) * service[maker.design].share
        units = int(carry[i])
        carry[i] -= units
        pay(ledger, MAKERS, maker.payer, maker.price_currency, units * maker.price)
        cohort = maker.design * released.shape[1] + current_block(released[maker.design], day)
        if day == 0:
            initial = int(maker.stock + 0.5)
            allocate_to_regions(weight, stocks.position[maker.design], stocks.use, initial, allocation)
            add_to_stock(stocks, maker.design, cohort, allocation)
        allocate_to_regions(weight, stocks.position[maker.design], stocks.use, units, allocation)
        add_to_stock(stocks, maker.design, cohort, allocation)
        for r in range(allocation.shape[0]):
            tally.received[ledger.row, r, maker.design] += allocation[r]


@kernel
def add_to_stock(stocks: UnitStocks, design: int, cohort: int, units: Ints) -> None:
    """Add units of other makers, (regions,), to the stocks of the regions and to the total produced."""
    for r in range(units.shape[0]):
        stocks.produced[design] += units[r]
        stocks.stock[r, cohort] += units[r]
        stocks.position[design, r] += units[r]
