"""Production: gates, releases, learning, labour, and daily output of each plant."""

import numpy as np

from octoplan.campaign.arithmetic import exp, log, power
from octoplan.campaign.compiled import kernel, leaf
from octoplan.campaign.money import Ledger, pay_plant
from octoplan.campaign.streams import GOOD_UNITS, RELEASE, Moment, binomial, duration, key_of
from octoplan.campaign.structures import structure
from octoplan.campaign.supply import PartStocks, base_stock_order, place_base_stock_order, place_planned_order
from octoplan.campaign.tally import CAPITAL, LABOUR, OVERHEAD, ROYALTY
from octoplan.scenario.arrays import DecisionArrays, Floats, Ints, Links, Records, StreamKeys
from octoplan.scenario.limiting_factors import (
    LIMITED_BY_GATE,
    LIMITED_BY_LABOUR,
    LIMITED_BY_LINE,
    LIMITED_BY_STRIKE,
    NO_OUTPUT_PLANNED,
    OUTPUT_AS_PLANNED,
    PLANT_LIMITS,
)

FIRST_PART = len(PLANT_LIMITS)
"""Column of the first part in the tally ``plant_limit``."""
WRIGHT = 1
"""Code of Wright's cumulative average theory in ``plants.learning``; 0 is Crawford's unit theory."""
LOWEST_YIELD = 0.01
"""Lower bound on the yield by which orders, hiring and starts are divided."""
HIRING_HORIZON = 30
"""Planning horizon of hiring in days: workers are hired for the larger of the output planned now and at the horizon."""


@structure
class ProductionTally:
    """Tallies of the plants; see ``tally.TALLIES``. ``started`` is the tally ``made``."""

    started: Ints
    good: Ints
    hours_paid: Floats
    hours_worked: Floats
    plant_limit: Ints
    plant_down: Floats


@structure
class PlantState:
    """State of the plants.

    opens
        (plants,) day on which the last gate is passed; infinite for a plant outside the programme.
    planned
        (plants, days) planned output of good units.
    lines
        (plants, days) lines installed.
    lines_paid
        (plants,) largest number of lines installed so far.
    payer
        (plants,) payer of the plant's costs.
    experience, heads, carry
        (plants,) cumulative units of experience; workers; fraction of a unit carried over to the next day.
    block
        (plants,) block in production; -1 before the plant opens.
    down_until
        (plants,) day on which repairs after a strike end.
    stock
        (plants, blocks) good units in stock at the plant.
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
        Learning slope: the ratio of hours after a doubling of cumulative units to hours before.
    theory
        ``WRIGHT``, or 0 for Crawford.
    """
    b = log(slope) / log(2.0)
    if theory == WRIGHT:
        return first * (power(n, 1.0 + b) - power(n - 1.0, 1.0 + b))
    return first * power(n, b)


@kernel
def gate_days(gates: Records, after: Ints, earliest: Floats, latest: Floats) -> Floats:
    """Day on which each gate is passed, (gates,), by the critical path method.

    A gate is passed its duration after the last of its predecessors, bounded by ``earliest`` and ``latest``.

    after
        (gates, gates) 1 if the column's gate is a predecessor of the row's gate.
    earliest, latest
        (gates,) bounds on the day from the known state.
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
    gates: Records, plants: Records, countries: Records, links: Links, plan: DecisionArrays, blocks: int
) -> PlantState:
    """Return the state of the plants on the first day; a plant opens when its last gate is passed.

    Plants outside the programme never open (``opens`` is infinite).
    """
    count, days = plants.shape[0], links.month_of.shape[0]
    passed = gate_days(gates, links.gate_predecessors, links.known_state.gate_earliest, links.known_state.gate_latest)
    opens = np.full(count, np.inf)
    planned = np.zeros((count, days))
    lines = np.zeros((count, days))
    payer = np.empty(count, np.int64)
    for p in range(count):
        payer[p] = countries[plants[p].country].payer
        if plan.in_programme[p] == 0:
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
def release_days(designs: Records, keys: StreamKeys, future: int, days: int) -> Floats:
    """Day of each release (block) of each design, (designs, blocks): the first on day 0, then at gamma intervals.

    The second axis has the length of the largest number of releases of any design; other rows are padded with infinity.
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
                for row in range(designs.shape[0]):
                    for block in range(b):
                        wider[row, block] = released[row, block]
                released = wider
            released[d, b] = day
            b += 1
            day += duration(key_of(keys, RELEASE, d), future, 0, b, design.release_interval, design.release_cv)
        most = max(most, b)
    return released[:, :most].copy()


@leaf
def current_block(released: Floats, day: float) -> int:
    """Latest block released on or before a day.

    released
        (blocks,) release days of one design.
    """
    b = 0
    while b + 1 < released.shape[0] and released[b + 1] <= day:
        b += 1
    return b


@kernel
def order_parts(
    plants: Records, suppliers: Records, links: Links, plan: DecisionArrays, state: PlantState, stocks: PartStocks,
    up: Ints, day: int,
) -> None:  # fmt: skip
    """Order parts for one day.

    Orders of the plan are placed on the first day of a month. Where the plan has none, a base-stock policy with daily
    review applies.
    The base stock is the use of parts over lead time plus cover, at the output planned for the end of that period and
    at mature yield.

    up
        (suppliers,) 1 if the supplier ships today.
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
    """Number of workers on the next day: the number required, approached by at most ``hire_rate`` workers per day.

    units
        Units to start per day.
    hours
        Labour hours per unit.
    hours_per_head
        Labour hours per worker and day.
    """
    if hours_per_head <= 0.0:
        return heads
    step = units * hours / hours_per_head - heads
    return max(0.0, heads + min(max(step, -hire_rate), hire_rate))


@kernel
def cut_in_block(plant: Records, state: PlantState, released: Floats, p: int, day: int) -> None:
    """Change production at plant p to the latest block after its retool time, retaining a share of experience.

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
    """Number of units that the parts in stock allow, and the limiting part (-1 if the design has no parts).

    bill, on_hand
        (parts,) parts per unit; parts in stock.
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
    """Share of the day on which a plant can operate, net of strike damage and power cuts.

    power_until
        (regions,) day on which power is restored.
    """
    share = 1.0 - min(1.0, max(0.0, down_until - day))
    if plant.region >= 0:
        share *= 1.0 - plant.power_loss * min(1.0, max(0.0, power_until[plant.region] - day))
    return share


@leaf
def limit_of_day(required: float, by_line: float, by_labour: float, working: float, short: bool, scarce: int) -> int:
    """Limiting factor of a plant on one day, as a column of the tally ``plant_limit``.

    required
        Units to start for the planned output.
    by_line, by_labour
        Units that lines and labour can start on a full day.
    working
        Share of the day on which the plant can operate.
    short, scarce
        Whether a shortage of parts reduces the units started, and the limiting part.
    """
    enough = required * (1.0 - 1e-9)
    if required <= 0.0:
        return NO_OUTPUT_PLANNED
    if short:
        return FIRST_PART + scarce
    if min(by_line, by_labour) * working >= enough:
        return OUTPUT_AS_PLANNED
    if min(by_line, by_labour) >= enough:
        return LIMITED_BY_STRIKE
    return LIMITED_BY_LINE if by_line <= by_labour else LIMITED_BY_LABOUR


@kernel
def pay_running_cost(plant: Records, state: PlantState, ledger: Ledger, p: int, day: int, hours: float) -> None:
    """Book overhead and labour of plant p, and capital for lines above the largest number installed so far.

    hours
        Labour hours paid on the day.
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
    """Yield, the share of good units, as a function of experience n in units.

    The yield is yield_mature - (yield_mature - yield_first) exp(-n / yield_units).
    """
    return plant.yield_mature - (plant.yield_mature - plant.yield_first) * exp(-experience / plant.yield_units)


@kernel
def produce(
    plants: Records, bill: Ints, state: PlantState, stocks: PartStocks, produced: Ints, scrapped: Ints,
    released: Floats, power_until: Floats, ledger: Ledger, tally: ProductionTally, moment: Moment,
) -> None:  # fmt: skip
    """Simulate one day of production at every plant, and record workers, limiting factor and units started.

    Units started are min(planned / yield, line rate * share, labour hours / hours per unit * share), where share is the
    part of the day on which the plant can operate, and at most the number that the parts in stock allow. Fractions of a
    unit are carried over to the next day.

    bill
        (designs, parts) parts per unit.
    produced, scrapped
        (designs,) running totals in units, updated in place.
    released
        (designs, blocks) day of each release.
    power_until
        (regions,) day on which power is restored.
    """
    # longer than 50 lines because the limits on a plant's output are computed in sequence from the same local variables
    days, day, row = state.planned.shape[1], moment.day, ledger.row
    for p in range(plants.shape[0]):
        plant = plants[p]
        if day < state.opens[p]:
            if state.opens[p] < np.inf:
                tally.plant_limit[row, p, LIMITED_BY_GATE] += 1
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
    """Start units at plant p and return the number of good units, which is binomial.

    Labour hours per unit are those of the middle unit of the day.

    bill, on_hand
        (parts,) parts per unit; parts in stock, updated in place.
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
