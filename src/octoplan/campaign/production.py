"""Production (model.md section 4): gates, blocks, learning, labour, and the day at each plant."""

import numpy as np

from octoplan.campaign.arithmetic import exp, log, power
from octoplan.campaign.compiled import kernel, leaf, structure
from octoplan.campaign.money import Books, pay_plant
from octoplan.campaign.streams import MADE, RELEASE, binomial, duration, stream
from octoplan.campaign.supply import Stores, order_by_need, order_by_plan, shortfall
from octoplan.campaign.tally import (
    CAPITAL,
    LABOUR,
    OVERHEAD,
    ROYALTY,
)
from octoplan.scenario.arrays import Floats, Ints, Keys, Links, Plan, Records
from octoplan.scenario.limiting_factors import BY_GATE, BY_LABOUR, BY_LINE, BY_STRIKE, IDLE, MET, PLANT_LIMITS

FIRST_PART = len(PLANT_LIMITS)
"""Column of the first part among the limiting factors of a plant."""
WRIGHT = 1
"""Row of ``wright`` in the choices of ``plants.learning``; row 0 is Crawford's unit theory."""
LOWEST_YIELD = 0.01
"""Yield below which orders, hiring and starts are no longer scaled up."""


@structure
class PlantLog:
    """The tallies of the plants, see ``tally.TALLIES``."""

    made: Ints
    good: Ints
    hours_paid: Floats
    hours_worked: Floats
    plant_limit: Ints
    plant_down: Floats


@structure
class Works:
    """The plants.

    opens
        (plants,) day on which the last gate is passed; infinite for a plant outside the programme.
    asked
        (plants, days) good units the plan asks for on the day.
    lines
        (plants, days) lines in place on the day.
    built
        (plants,) most lines the plant has had so far.
    payer
        (plants,) who pays for the plant.
    experience, heads, carry
        (plants,) units of experience; workers; part of a unit left over from yesterday.
    block
        (plants,) block made now, -1 before the plant opens.
    down_until
        (plants,) day until which the plant is down after a hit.
    stock
        (plants, blocks) good units waiting to leave.
    """

    opens: Floats
    asked: Floats
    lines: Floats
    built: Floats
    payer: Ints
    experience: Floats
    heads: Floats
    carry: Floats
    block: Ints
    down_until: Floats
    stock: Ints


@leaf
def hours_of_unit(first: float, slope: float, theory: int, n: float) -> float:
    """Labour hours of the n-th unit, n >= 1, learning slope ``slope`` (hours left after each doubling).

    Crawford: first n^b with b = log2 slope. Wright: the n-th step of the cumulative total first n^(1 + b).
    """
    b = log(slope) / log(2.0)
    if theory == WRIGHT:
        return first * (power(n, 1.0 + b) - power(n - 1.0, 1.0 + b))
    return first * power(n, b)


@kernel
def gate_days(gates: Records, after: Ints, earliest: Floats, latest: Floats) -> Floats:
    """Day on which each gate is passed, (gates,): its duration after the last of those it waits for (critical path).

    after
        (gates, gates) 1 where the row's gate waits for the column's.
    earliest, latest
        (gates,) days between which a gate is known to be passed, whatever its duration.
    """
    count = gates.shape[0]
    passed = np.zeros(count)
    for _ in range(count):
        for g in range(count):
            begin = 0.0
            for other in range(count):
                if after[g, other] == 1:
                    begin = max(begin, passed[other])
            passed[g] = min(max(begin + gates[g].duration, earliest[g]), latest[g])
    return passed


@kernel
def open_works(gates: Records, plants: Records, countries: Records, links: Links, plan: Plan, blocks: int) -> Works:
    """The plants on the first day; a plant opens when its last gate is passed, one outside the programme never does."""
    count, days = plants.shape[0], links.month_of.shape[0]
    passed = gate_days(gates, links.gate_after, links.known.gate_earliest, links.known.gate_latest)
    opens = np.full(count, np.inf)
    asked = np.zeros((count, days))
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
                asked[p, day] = plan.output[p, since] / links.month_days[month]
                lines[p, day] = plan.lines[p, since]
    return Works(
        opens,
        asked,
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
def releases(designs: Records, keys: Keys, future: int, days: int) -> Floats:
    """Day of each design's releases, (designs, blocks): the first on day 0, then at gamma intervals; inf for none.

    There are as many blocks as the design with most of them releases within the days.
    """
    found = np.full((designs.shape[0], 64), np.inf)
    most = 1
    for d in range(designs.shape[0]):
        own = designs[d]
        day = 0.0
        b = 0
        while day < days:
            if b == found.shape[1]:
                wider = np.full((designs.shape[0], 4 * b), np.inf)
                wider[:, :b] = found
                found = wider
            found[d, b] = day
            b += 1
            day += duration(stream(keys, RELEASE, d), future, 0, b, own.release_interval, own.release_cv)
        most = max(most, b)
    return found[:, :most].copy()


@leaf
def current(released: Floats, day: float) -> int:
    """The latest block released by a day, of one design's (blocks,) release days."""
    b = 0
    while b + 1 < released.shape[0] and released[b + 1] <= day:
        b += 1
    return b


@kernel
def order_parts(
    plants: Records, suppliers: Records, plan: Plan, works: Works, stores: Stores, bill: Ints, ships: Ints,
    month: int, first: bool, day: int,
) -> None:  # fmt: skip
    """Parts orders of the day: the plan's on the month's first day; where it is silent, base stock reviewed daily.

    The base stock is the use planned one mean lead time and cover ahead, over that time; buyers know the opening
    day that far ahead. Yields stand at the matured value.
    """
    days = works.asked.shape[1]
    for p in range(plants.shape[0]):
        own = plants[p]
        if works.opens[p] == np.inf:
            continue
        for n in range(stores.on_hand.shape[1]):
            need = bill[own.design, n]
            ordered = plan.orders[p, n, month]
            if ordered >= 0.0:
                if first and ordered > 0.0:
                    order_by_plan(suppliers, plan.sourcing, stores, p, n, int(ordered + 0.5))
                continue
            span = stores.lead[n] + plan.cover[0]
            rate = works.asked[p, min(day + int(span), days - 1)] * need / max(own.yield_mature, LOWEST_YIELD)
            if rate > 0.0:
                quantity = shortfall(rate * span, stores.on_hand[p, n], stores.on_order[p, n])
                if quantity > 0:
                    order_by_need(suppliers, plan.sourcing, stores, ships, p, n, quantity)


@leaf
def workforce(heads: float, units: float, hours: float, hours_per_head: float, hire_rate: float) -> float:
    """Tomorrow's workers: towards what the units a day need, at most ``hire_rate`` hired or let go a day."""
    if hours_per_head <= 0.0:
        return heads
    step = units * hours / hours_per_head - heads
    return max(0.0, heads + min(max(step, -hire_rate), hire_rate))


@kernel
def cut_in(own: Records, works: Works, released: Floats, plant: int, day: int) -> None:
    """Cut the latest block in once its retool time is over; the experience kept is ``retained``."""
    if works.block[plant] < 0:
        works.block[plant] = current(released, day)
        works.heads[plant] = own.heads
        return
    block = current(released, day - own.retool)
    if block > works.block[plant]:
        works.block[plant] = block
        works.experience[plant] *= own.retained


@leaf
def parts_for(bill: Ints, on_hand: Ints) -> tuple[int, int]:
    """Units the parts on hand allow, and the part that allows fewest (-1 if the design has no bill)."""
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
def available(own: Records, down_until: float, power_until: Floats, day: int) -> float:
    """Share of today on which a plant can work, hits and power cuts taken off."""
    share = 1.0 - min(1.0, max(0.0, down_until - day))
    if own.region >= 0:
        share *= 1.0 - own.power_loss * min(1.0, max(0.0, power_until[own.region] - day))
    return share


@leaf
def limit_of_day(wanted: float, by_line: float, by_labour: float, open_share: float, short: bool, scarce: int) -> int:
    """The limiting factor of a plant's day, a column of ``plant_limit``; a part if units ready to start lack it."""
    enough = wanted * (1.0 - 1e-9)
    if wanted <= 0.0:
        return IDLE
    if short:
        return FIRST_PART + scarce
    if min(by_line, by_labour) * open_share >= enough:
        return MET
    if min(by_line, by_labour) >= enough:
        return BY_STRIKE
    return BY_LINE if by_line <= by_labour else BY_LABOUR


@kernel
def running_cost(own: Records, works: Works, books: Books, plant: int, row: int, day: int, paid: float) -> None:
    """Overhead and labour of an open plant, and the capital of lines beyond those it has ever had."""
    payer = works.payer[plant]
    pay_plant(books, row, plant, OVERHEAD, payer, own.overhead_currency, own.overhead)
    pay_plant(books, row, plant, LABOUR, payer, own.labour_rate_currency, paid * own.labour_rate)
    new = works.lines[plant, day] - works.built[plant]
    if new > 0.0:
        works.built[plant] = works.lines[plant, day]
        pay_plant(books, row, plant, CAPITAL, payer, own.line_capital_currency, new * own.line_capital)


@kernel
def make(
    plants: Records, keys: Keys, books: Books, diary: PlantLog, works: Works, stores: Stores, bill: Ints,
    made: Ints, scrapped: Ints, released: Floats, power_until: Floats, row: int, future: int, day: int,
) -> None:  # fmt: skip
    """One day at every plant: units started = min(asked / yield, line rate, labour / hours a unit, parts on hand).

    Started units spend parts and labour; a binomial of them and the yield are good, the rest is scrapped. Hours a
    unit are those of the day's middle unit. The limiting factor of the day is counted. ``made`` and ``scrapped``
    (designs,) are the running accounts.
    """
    days = works.asked.shape[1]
    for p in range(plants.shape[0]):
        own = plants[p]
        if day < works.opens[p]:
            if works.opens[p] < np.inf:
                diary.plant_limit[row, p, BY_GATE] += 1
            continue
        design = own.design
        cut_in(own, works, released[design], p, day)
        experience = works.experience[p]
        good_share = own.yield_mature - (own.yield_mature - own.yield_first) * exp(-experience / own.yield_units)
        hours = hours_of_unit(own.hours_first, own.slope, own.learning, experience + 1.0)
        asked = works.asked[p, day]
        soon = max(asked, works.asked[p, min(day + 30, days - 1)]) / max(good_share, LOWEST_YIELD)
        works.heads[p] = workforce(works.heads[p], soon, hours, own.hours_per_head, own.hire_rate)
        paid = works.heads[p] * own.hours_per_head
        running_cost(own, works, books, p, row, day, paid)
        open_share = available(own, works.down_until[p], power_until, day)
        diary.plant_down[row, p] += 1.0 - open_share
        diary.hours_paid[row, p] += paid

        wanted = asked / max(good_share, LOWEST_YIELD)
        by_line = works.lines[p, day] * own.line_rate
        by_labour = paid / hours
        works.carry[p] += min(wanted, by_line * open_share, by_labour * open_share)
        ready = int(works.carry[p] + 1e-9)
        by_parts, scarce = parts_for(bill[design], stores.on_hand[p])
        started = min(ready, by_parts)
        limit = limit_of_day(wanted, by_line, by_labour, open_share, ready > by_parts, scarce)
        diary.plant_limit[row, p, limit] += 1
        works.carry[p] = min(max(0.0, works.carry[p] - started), 1.0)
        if started == 0:
            continue
        for n in range(bill.shape[1]):
            stores.on_hand[p, n] -= started * bill[design, n]
        middle = hours_of_unit(own.hours_first, own.slope, own.learning, experience + 0.5 * (started + 1))
        good = binomial(stream(keys, MADE, p), future, day, 0, started, good_share)
        works.experience[p] += started
        works.stock[p, works.block[p]] += good
        made[design] += started
        scrapped[design] += started - good
        diary.made[row, p] += started
        diary.good[row, p] += good
        diary.hours_worked[row, p] += started * middle
        pay_plant(books, row, p, ROYALTY, works.payer[p], own.royalty_currency, good * own.royalty)
