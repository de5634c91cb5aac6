"""Delivery (model.md section 4): lanes, dispatch to the regions, and the stream of other makers."""

import numpy as np

from octoplan.campaign.compiled import kernel, structure
from octoplan.campaign.money import Books, pay, pay_plant
from octoplan.campaign.production import current
from octoplan.campaign.sharing import share_out
from octoplan.campaign.streams import LOSS, TRANSIT, binomial, duration, stream
from octoplan.campaign.supply import Outage
from octoplan.campaign.tally import FREIGHT, MAKERS
from octoplan.scenario.arrays import Floats, Ints, Keys, Records


@structure
class LaneLog:
    """The tallies of delivery, see ``tally.TALLIES``, and the (days,) row of each day."""

    sent: Ints
    delivered: Ints
    lane_down: Ints
    received: Ints
    row_of: Ints


@structure
class Depot:
    """Interceptors on their way and in the regions. Cohort = design x blocks + block.

    stock
        (regions, cohorts) units in the region.
    due
        (days, regions, cohorts) units that arrive on the day.
    position
        (designs, regions) units in the region or on their way there.
    use
        (regions,) smoothed sorties wanted a day.
    credit
        (lanes,) units the lane has capacity for today.
    transit, made, scrapped, lost, spent
        (designs,) units under way; and the running accounts: units made (started, or from other makers), scrapped,
        lost on the way, flown and not recovered.
    """

    stock: Ints
    due: Ints
    position: Ints
    use: Floats
    credit: Floats
    transit: Ints
    made: Ints
    scrapped: Ints
    lost: Ints
    spent: Ints


@kernel
def empty_depot(use: Floats, lanes: int, designs: int, blocks: int, days: int) -> Depot:
    """The depot on the first day: empty, with the use expected of each region."""
    regions = use.shape[0]
    return Depot(
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
    )


@kernel
def destinations(planned: Floats, position: Ints, use: Floats, units: int, out: Ints) -> None:
    """Share units of a design out to the regions, into ``out`` (regions,): by plan, or to equalise days of cover.

    Equal cover: the region's wanted level is its share of use times all units there, under way and to be shared;
    units go in proportion to what each is short of it.

    planned
        (regions,) weights of the plan, -1 for equal cover.
    position, use
        (regions,) units there or under way; use a day.
    """
    if planned[0] >= 0.0:
        share_out(units, planned, out)
        return
    short = np.empty(out.shape[0])
    level = (position.sum() + units) / use.sum()
    for r in range(out.shape[0]):
        short[r] = max(0.0, level * use[r] - position[r])
    share_out(units, short, out)


@kernel
def open_lanes(lanes: Records, up: Ints, credit: Floats, lane_down: Ints) -> None:
    """Give each lane that is up the day's capacity, fractions carried over; count the lanes that are down."""
    for lane in range(credit.shape[0]):
        left = credit[lane] - np.floor(credit[lane])
        credit[lane] = lanes[lane].capacity + left if up[lane] == 1 else 0.0
        lane_down[lane] += 1 - up[lane]


@kernel
def arrivals(lanes: Records, keys: Keys, future: int, day: int) -> Ints:
    """Day on which what leaves down each lane today arrives, (lanes,): what leaves together travels together."""
    found = np.empty(lanes.shape[0], np.int64)
    for lane in range(lanes.shape[0]):
        own = lanes[lane]
        takes = duration(stream(keys, TRANSIT, lane), future, day, 0, own.transit, own.transit_cv)
        found[lane] = day + max(1, int(takes + 0.5))
    return found


@kernel
def dispatch(
    plants: Records, lanes: Records, plant_lanes: Ints, planned: Floats, keys: Keys, books: Books, diary: LaneLog,
    waiting: Ints, depot: Depot, outage: Outage, future: int, day: int,
) -> None:  # fmt: skip
    """Send what waits at the plants down their lanes, in order of preference, while lanes are up and have capacity.

    Some units are lost on the way; the others are shared out to the regions.

    waiting
        (plants, blocks) good units at the plants.
    """
    row = diary.row_of[day]
    open_lanes(lanes, outage.up, depot.credit, diary.lane_down[row])
    arrival = arrivals(lanes, keys, future, day)
    out = np.empty(depot.use.shape[0], np.int64)
    for p in range(plants.shape[0]):
        design = plants[p].design
        for lane in plant_lanes[p]:
            ready = waiting[p].sum()
            if lane < 0 or ready == 0:
                break
            units = min(ready, int(depot.credit[lane]))
            if units == 0:
                continue
            depot.credit[lane] -= units
            own = lanes[lane]
            diary.sent[row, p, lane] += units
            pay_plant(books, row, p, FREIGHT, own.payer, own.cost_currency, units * own.cost)
            loss = stream(keys, LOSS, p * lanes.shape[0] + lane)
            lost = binomial(loss, future, day, 0, units, own.loss)
            depot.lost[design] += lost
            destinations(planned, depot.position[design], depot.use, units - lost, out)
            send(diary, waiting[p], depot, p, design, out, lost, arrival[lane])


@kernel
def send(
    diary: LaneLog, waiting: Ints, depot: Depot, plant: int, design: int, out: Ints, lost: int, arrival: int
) -> None:
    """Put units of a plant on their way to the regions, oldest block first, the lost ones before all others.

    waiting
        (blocks,) good units at the plant; enough for ``out`` (regions,) and the lost.
    """
    blocks = waiting.shape[0]
    b = 0
    while lost > 0:
        gone = min(lost, waiting[b])
        waiting[b] -= gone
        lost -= gone
        b += 1
    b = 0
    for r in range(out.shape[0]):
        units = out[r]
        depot.transit[design] += units
        depot.position[design, r] += units
        if arrival < diary.row_of.shape[0]:
            diary.delivered[diary.row_of[arrival], plant] += units
        while units > 0:
            taken = min(units, waiting[b])
            waiting[b] -= taken
            units -= taken
            if arrival < diary.row_of.shape[0]:
                depot.due[arrival, r, design * blocks + b] += taken
            if units > 0:
                b += 1


@kernel
def arrive(diary: LaneLog, depot: Depot, day: int) -> None:
    """Units due today reach their regions."""
    blocks = depot.stock.shape[1] // depot.transit.shape[0]
    row = diary.row_of[day]
    for r in range(depot.stock.shape[0]):
        for c in range(depot.stock.shape[1]):
            units = depot.due[day, r, c]
            if units > 0:
                depot.stock[r, c] += units
                depot.transit[c // blocks] -= units
                diary.received[row, r, c // blocks] += units


@kernel
def others_deliver(
    makers: Records, planned: Floats, books: Books, diary: LaneLog, depot: Depot, released: Floats, carry: Floats,
    day: int,
) -> None:  # fmt: skip
    """Units of other makers reach the regions: their stock on day 0, then a rate ramping linearly to its full value.

    released
        (designs, blocks) release days.
    carry
        (makers,) part of a unit left over from yesterday.
    """
    row = diary.row_of[day]
    out = np.empty(depot.use.shape[0], np.int64)
    for i in range(makers.shape[0]):
        own = makers[i]
        ramped = min(1.0, day / own.ramp) if own.ramp > 0.0 else 1.0
        carry[i] += own.rate_start + (own.rate_full - own.rate_start) * ramped
        units = int(carry[i])
        carry[i] -= units
        pay(books, row, MAKERS, own.payer, own.price_currency, units * own.price)
        cohort = own.design * released.shape[1] + current(released[own.design], day)
        if day == 0:
            stand = int(own.stock + 0.5)
            destinations(planned, depot.position[own.design], depot.use, stand, out)
            take_in(depot, own.design, cohort, out)
        destinations(planned, depot.position[own.design], depot.use, units, out)
        take_in(depot, own.design, cohort, out)
        for r in range(out.shape[0]):
            diary.received[row, r, own.design] += out[r]


@kernel
def take_in(depot: Depot, design: int, cohort: int, out: Ints) -> None:
    """Units of other makers, (regions,), stand in their regions."""
    for r in range(out.shape[0]):
        depot.made[design] += out[r]
        depot.stock[r, cohort] += out[r]
        depot.position[design, r] += out[r]
