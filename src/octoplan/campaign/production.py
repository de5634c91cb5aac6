"""Production (model.md section 4): gates, blocks, learning, labour, and the day at each plant."""

import numpy as np

from octoplan.campaign.arithmetic import exp, log, power
from octoplan.campaign.compiled import kernel, leaf, structure
from octoplan.campaign.money import Ledger, pay_plant
from octoplan.campaign.streams import GOOD_UNITS, RELEASE, Moment, binomial, duration, key_of
from octoplan.campaign.supply import PartStocks, base_stock_order, place_base_stock_order, place_planned_order
from octoplan.campaign.tally import CAPITAL, LABOUR, OVERHEAD, ROYALTY
from octoplan.scenario.arrays import Floats, Ints, Keys, Links, Plan, Records
from octoplan.scenario.limiting_factors import BY_GATE, BY_LABOUR, BY_LINE, BY_STRIKE, IDLE, MET, PLANT_LIMITS

FIRST_PART = len(PLANT_LIMITS)
"""Column of the first part among the limiting factors of a plant."""
WRIGHT = 1
"""Row of ``wright`` in the choices of ``plants.learning``; row 0 is Crawford's unit theory."""
LOWEST_YIELD = 0.01
"""Yield below which orders, hiring and starts are no longer scaled up."""
HIRING_HORIZON = 30
"""Days ahead that the number of workers is adapted to."""


@structure
class ProductionTally:
    """The tallies of the plants, see ``tally.TALLIES``."""

    started: Ints
    good: Ints
    hours_paid: Floats
    hours_worked: Floats
    plant_limit: Ints
    plant_down: Floats


@structure
class PlantState:
    """The plants.

    opens
        (plants,) day on which the last gate is passed; infinite for a plant outside the programme.
    planned
        (plants, days) good units planned for the day.
    lines
        (plants, days) lines installed on the day.
    lines_paid
        (plants,) most lines that the plant has had so far.
    payer
        (plants,) who pays for the plant.
    experience, heads, carry
        (plants,) units of experience; workers; fraction of a unit carried over from yesterday.
    block
        (plants,) block made now, -1 before the plant opens.
    down_until
        (plants,) day until which the plant is down after a hit.
    stock
        (plants, blocks) good units waiting at the plant.
    """

    opens: Floats
    planned: Floats
    lines: Floats
    lines_paid: Floats
    payer: Ints
    experience: Floats
    heads: Floats
    carry: Floats
    block: Ints
    down_until: Floats
    stock: Ints


@leaf
def hours_of_unit(first: float, slope: float, theory: int, n: float) -> float:
    """Labour hours of the n-th unit, n >= 1, with b = log2(slope).

    Crawford's unit theory: first n^b. Wright's cumulative average theory: first (n^(1 + b) - (n - 1)^(1 + b)).

    first
        Hours of the first unit.
    slope
        Learning slope: the share of hours left after each doubling of units.
    theory
        ``WRIGHT``, or 0 for Crawford.
    """
    b = log(slope) / log(2.0)
    if theory == WRIGHT:
        return first * (power(n, 1.0 + b) - power(n - 1.0, 1.0 + b))
    return first * power(n, b)


@kernel
def gate_days(gates: Records, after: Ints, earliest: Floats, latest: Floats) -> Floats:
    """Day on which each gate is passed, (gates,): its duration after the last of its predecessors (critical path).

    after
        (gates, gates) 1 where the gate of the column precedes that of the row.
    earliest, latest
        (gates,) days between which a gate is known to be passed, whatever its duration.
    """
    count = gates.shape[0]
    passed = np.zeros(count)
    for _ in range(count):
        for g in range(count):
            start = 0.0
            for predecessor in range(count):
                if after[g, predecessor] == 1:
                    start = max(start, passed[predecessor])
            passed[g] = min(max(start + gates[g].duration, earliest[g]), latest[g])
    return passed


@kernel
def initial_plant_state(
    gates: Records, plants: Records, countries: Records, links: Links, plan: Plan, blocks: int
) -> PlantState:
    """The plants on the first day: each opens when its last gate is passed, one outside the programme never."""
    count, days = plants.shape[0], links.month_of.shape[0]
    passed = gate_days(gates, links.gate_after, links.known_state.gate_earliest, links.known_state.gate_latest)
    opens = np.full(count, np.inf)
    planned = np.zeros((count, days))
    lines = np.zeros((count, days))
    payer = np.empty(count, np.int64)
    for p in range(count):
        payer[p] = countries[plants[p].country].payer
        if plan.programme[p] == 0:
            continue
        opens[p] = 0.0
        for g in range(passed.shape[0]):
            if links.plant_gates[p, g] == 1:
                opens[p] = max(opens[p], passed[g])
        for day in range(days):
            if day >= opens[p]:
                month = links.month_of[day]
                since = month - links.month_of[int(np.ceil(opens[p]))]
                planned[p, day] = plan.output[p, since] / links.month_days[month]
                lines[p, day] = plan.lines[p, since]
    return PlantState(
        opens,
        planned,
        lines,
        np.zeros(count),
        payer,
        np.zeros(count),
        np.zeros(count),
        np.zeros(count),
        np.full(count, -1),
        np.zeros(count),
        np.zeros((count, blocks), np.int64),
    )


@kernel
def release_days(designs: Records, keys: Keys, future: int, days: int) -> Floats:
    """Day of each design's releases (blocks), (designs, blocks): the first on day 0, then at gamma intervals.

    The second axis is as long as the design with most releases needs; infinite where there is no further release.
    """
    released = np.full((designs.shape[0], 64), np.inf)
    most = 1
    for d in range(designs.shape[0]):
        design = designs[d]
        day = 0.0
        b = 0
        while day < days:
            if b == released.shape[1]:
                wider = np.full((designs.shape[0], 4 * b), np.inf)
                wider[:, :b] = released
                released = wider
            released[d, b] = day
            b += 1
            day += duration(key_of(keys, RELEASE, d), future, 0, b, design.release_interval, design.release_cv)
        most = max(most, b)
    return released[:, :most].copy()


@leaf
def current_block(released: Floats, day: float) -> int:
    """The latest block released by a day.

    released
        (blocks,) release days of one design.
    """
    b = 0
    while b + 1 < released.shape[0] and released[b + 1] <= day:
        b += 1
    return b


@kernel
def order_parts(
    plants: Records, suppliers: Records, links: Links, plan: Plan, state: PlantState, stocks: PartStocks, up: Ints,
    day: int,
) -> None:  # fmt: skip
    """Parts orders of the day: those of the plan on the first day of a month; otherwise base stock, reviewed daily.

    The base stock is the planned use of lead time and cover, at the rate planned for the day one lead time and cover
    ahead, with mature yields.

    up
        (suppliers,) 1 where the supplier ships today.
    """
    days = state.planned.shape[1]
    month = links.month_of[day]
    first = day == 0 or links.month_of[day - 1] != month
    for p in range(plants.shape[0]):
        plant = plants[p]
        if state.opens[p] == np.inf:
            continue
        for n in range(stocks.on_hand.shape[1]):
            per_unit = links.bill[plant.design, n]
            ordered = plan.orders[p, n, month]
            if ordered >= 0.0:
                if first and ordered > 0.0:
                    place_planned_order(suppliers, plan.sourcing, stocks, p, n, int(ordered + 0.5))
                continue
            span = stocks.lead[n] + plan.cover[0]
            rate = state.planned[p, min(day + int(span), days - 1)] * per_unit / max(plant.yield_mature, LOWEST_YIELD)
            if rate > 0.0:
                quantity = base_stock_order(rate * span, stocks.on_hand[p, n], stocks.on_order[p, n])
                if quantity > 0:
                    place_base_stock_order(suppliers, plan.sourcing, stocks, up, p, n, quantity)


@leaf
def workforce(heads: float, units: float, hours: float, hours_per_head: float, hire_rate: float) -> float:
    """Workers tomorrow: adapted to the number that some units a day need, by at most ``hire_rate`` a day.

    hours
        Labour hours a unit.
    hours_per_head
        Hours that a worker works a day.
    """
    if hours_per_head <= 0.0:
        return heads
    step = units * hours / hours_per_head - heads
    return max(0.0, heads + min(max(step, -hire_rate), hire_rate))


@kernel
def cut_in_block(plant: Records, state: PlantState, released: Floats, p: int, day: int) -> None:
    """Cut the latest block in at plant p once its retool time is over; the share ``retained`` of experience is kept.

    released
        (blocks,) release days of the plant's design.
    """
    if state.block[p] < 0:
        state.block[p] = current_block(released, day)
        state.heads[p] = plant.heads
        return
    block = current_block(released, day - plant.retool)
    if block > state.block[p]:
        state.block[p] = block
        state.experience[p] *= plant.retained


@leaf
def units_from_parts(bill: Ints, on_hand: Ints) -> tuple[int, int]:
    """Units that the parts on hand allow, and the part that allows fewest (-1 if the design needs no parts).

    bill, on_hand
        (parts,) parts in one unit; parts in stock.
    """
    most = 1 << 60
    scarce = -1
    for n in range(bill.shape[0]):
        if bill[n] > 0:
            units = on_hand[n] // bill[n]
            if units < most:
                most = units
                scarce = n
    return most, scarce


@leaf
def open_share(plant: Records, down_until: float, power_until: Floats, day: int) -> float:
    """Share of today on which a plant can work, hits and power cuts subtracted.

    power_until
        (regions,) day until which the power is out.
    """
    share = 1.0 - min(1.0, max(0.0, down_until - day))
    if plant.region >= 0:
        share *= 1.0 - plant.power_loss * min(1.0, max(0.0, power_until[plant.region] - day))
    return share


@leaf
def limit_of_day(required: float, by_line: float, by_labour: float, working: float, short: bool, scarce: int) -> int:
    """The limiting factor of a plant's day, a column of ``plant_limit``; a part if units ready to start lack it.

    required
        Starts needed for the planned output.
    by_line, by_labour
        Starts that lines and labour allow on a full day.
    working
        Share of the day on which the plant can work.
    short, scarce
        Whether fewer units start than are ready for lack of parts, and of which part.
    """
    enough = required * (1.0 - 1e-9)
    if required <= 0.0:
        return IDLE
    if short:
        return FIRST_PART + scarce
    if min(by_line, by_labour) * working >= enough:
        return MET
    if min(by_line, by_labour) >= enough:
        return BY_STRIKE
    return BY_LINE if by_line <= by_labour else BY_LABOUR


@kernel
def pay_running_cost(plant: Records, state: PlantState, ledger: Ledger, p: int, day: int, hours: float) -> None:
    """Pay overhead and labour of an open plant p, and the capital of lines beyond those it has had before.

    hours
        Labour hours paid today.
    """
    payer = state.payer[p]
    pay_plant(ledger, p, OVERHEAD, payer, plant.overhead_currency, plant.overhead)
    pay_plant(ledger, p, LABOUR, payer, plant.labour_rate_currency, hours * plant.labour_rate)
    new = state.lines[p, day] - state.lines_paid[p]
    if new > 0.0:
        state.lines_paid[p] = state.lines[p, day]
        pay_plant(ledger, p, CAPITAL, payer, plant.line_capital_currency, new * plant.line_capital)


@leaf
def share_of_good_units(plant: Records, experience: float) -> float:
    """Yield after some units of experience: it rises from ``yield_first`` to ``yield_mature`` exponentially."""
    return plant.yield_mature - (plant.yield_mature - plant.yield_first) * exp(-experience / plant.yield_units)


@kernel
def produce(
    plants: Records, bill: Ints, state: PlantState, stocks: PartStocks, produced: Ints, scrapped: Ints,
    released: Floats, power_until: Floats, ledger: Ledger, tally: ProductionTally, moment: Moment,
) -> None:  # fmt: skip
    """One day of all plants, each with its workers, its limiting factor, and the units that it starts.

    Starts are min(planned / yield, line rate, labour hours / hours a unit) over the share of the day on which the plant
    can work, and at most what the parts on hand allow; fractions of a unit are carried over.

    bill
        (designs, parts) parts in one unit.
    produced, scrapped
        (designs,) accounts so far, added to.
    released
        (designs, blocks) day of each release.
    power_until
        (regions,) day until which the power is out.
    """
    days, day, row = state.planned.shape[1], moment.day, ledger.row
    for p in range(plants.shape[0]):
        plant = plants[p]
        if day < state.opens[p]:
            if state.opens[p] < np.inf:
                tally.plant_limit[row, p, BY_GATE] += 1
            continue
        cut_in_block(plant, state, released[plant.design], p, day)
        experience = state.experience[p]
        good_share = share_of_good_units(plant, experience)
        hours = hours_of_unit(plant.hours_first, plant.slope, plant.learning, experience + 1.0)
        planned = state.planned[p, day]
        soon = max(planned, state.planned[p, min(day + HIRING_HORIZON, days - 1)]) / max(good_share, LOWEST_YIELD)
        state.heads[p] = workforce(state.heads[p], soon, hours, plant.hours_per_head, plant.hire_rate)
        paid = state.heads[p] * plant.hours_per_head
        pay_running_cost(plant, state, ledger, p, day, paid)
        working = open_share(plant, state.down_until[p], power_until, day)
        tally.plant_down[row, p] += 1.0 - working
        tally.hours_paid[row, p] += paid

        required = planned / max(good_share, LOWEST_YIELD)
        by_line = state.lines[p, day] * plant.line_rate
        by_labour = paid / hours
        state.carry[p] += min(required, by_line * working, by_labour * working)
        ready = int(state.carry[p] + 1e-9)
        by_parts, scarce = units_from_parts(bill[plant.design], stocks.on_hand[p])
        started = min(ready, by_parts)
        limit = limit_of_day(required, by_line, by_labour, working, ready > by_parts, scarce)
        tally.plant_limit[row, p, limit] += 1
        state.carry[p] = min(max(0.0, state.carry[p] - started), 1.0)
        if started > 0:
            good = start_units(plant, bill[plant.design], state, stocks.on_hand[p], p, started, ledger, tally, moment)
            produced[plant.design] += started
            scrapped[plant.design] += started - good


@kernel
def start_units(
    plant: Records, bill: Ints, state: PlantState, on_hand: Ints, p: int, started: int, ledger: Ledger,
    tally: ProductionTally, moment: Moment,
) -> int:  # fmt: skip
    """Start units at plant p: parts and labour are used, a binomial number of units is good; returns that number.

    Hours a unit are those of the day's middle unit.

    bill, on_hand
        (parts,) parts in one unit; parts in stock.
    """
    experience = state.experience[p]
    good_share = share_of_good_units(plant, experience)
    for n in range(bill.shape[0]):
        on_hand[n] -= started * bill[n]
    middle = hours_of_unit(plant.hours_first, plant.slope, plant.learning, experience + 0.5 * (started + 1))
    good = binomial(key_of(moment.keys, GOOD_UNITS, p), moment.future, moment.day, 0, started, good_share)
    state.experience[p] += started
    state.stock[p, state.block[p]] += good
    tally.started[ledger.row, p] += started
    tally.good[ledger.row, p] += good
    tally.hours_worked[ledger.row, p] += started * middle
    pay_plant(ledger, p, ROYALTY, state.payer[p], plant.royalty_currency, good * plant.royalty)
    return good
