"""Application of the known state at a date (``state.csv``), which replaces the simulated state."""

import numpy as np

from octoplan.campaign.apportionment import apportion
from octoplan.campaign.compiled import kernel, leaf
from octoplan.campaign.crews import CrewState
from octoplan.campaign.delivery import UnitStocks, allocate_to_regions
from octoplan.campaign.production import PlantState, current_block
from octoplan.campaign.streams import COURSE, Moment, binomial, key_of
from octoplan.campaign.supply import PartStocks
from octoplan.scenario.arrays import EntityRecords, Floats, Ints, KnownState, Records

IN_COURSE = 1
"""Random-number index of the crews in training at the date of the known state; the intake of that day has index 0."""


@leaf
def schedule_evenly(units: int, first: int, span: float, due: Ints) -> None:
    """Add units to ``due`` (days,) evenly over ``span`` days from ``first``; units beyond the horizon are dropped."""
    days = max(1, int(span + 0.5))
    scheduled = 0
    for i in range(days):
        cumulative = units * (i + 1) // days
        if first + i < due.shape[0]:
            due[first + i] += cumulative - scheduled
        scheduled = cumulative


@kernel
def rescale_cohorts(cohorts: Ints, units: int, latest: int) -> None:
    """Scale ``cohorts`` (blocks,) to a total of ``units``; if they are empty, all units belong to the latest block."""
    weight = cohorts.astype(np.float64)
    if weight.sum() > 0.0:
        apportion(units, weight, cohorts)
    else:
        cohorts[latest] = units


@kernel
def apply_known_crews(crews: Records, kits: Records, known: KnownState, state: CrewState, moment: Moment) -> None:
    """Set crews and kits to their known values at the start of a day.

    Of the crews in training a binomial number finishes, with probability 1 - washout, evenly over the length of the
    course. Kits on order arrive evenly over their lead time.
    """
    day = moment.day
    if known.crews[0] >= 0:
        state.trained[0] = known.crews[0]
    if known.crews[1] >= 0:
        state.graduates[day:] = 0
        key = key_of(moment.keys, COURSE, 0)
        finishing = binomial(key, moment.future, day, IN_COURSE, known.crews[1], 1.0 - crews[0].washout)
        schedule_evenly(finishing, day, crews[0].course, state.graduates)
    if known.kits[0] >= 0:
        state.kits[0] = known.kits[0]
    if known.kits[1] >= 0:
        state.arriving[day:] = 0
        schedule_evenly(known.kits[1], day, kits[0].lead, state.arriving)


@kernel
def apply_known_plants(plants: Records, known: KnownState, state: PlantState, released: Floats, day: int) -> None:
    """Set experience, workers and unit stocks of the programme's plants to their known values at the start of a day.

    released
        (designs, blocks) day of each release.
    """
    for p in range(plants.shape[0]):
        if state.opens[p] == np.inf:
            continue
        if known.experience[p] >= 0.0:
            state.experience[p] = known.experience[p]
        if known.heads[p] >= 0.0:
            state.heads[p] = known.heads[p]
        if known.plant_stock[p] >= 0:
            block = state.block[p]
            latest = block if block >= 0 else current_block(released[plants[p].design], day)
            rescale_cohorts(state.stock[p], known.plant_stock[p], latest)


@kernel
def apply_known_parts(suppliers: Records, known: KnownState, state: PlantState, stocks: PartStocks, day: int) -> None:
    """Set the parts of the programme's plants to their known values at the start of a day.

    Parts on order count as shipped and paid for, and arrive evenly over the mean lead time of the part.
    """
    for p in range(stocks.on_hand.shape[0]):
        if state.opens[p] == np.inf:
            continue
        for n in range(stocks.on_hand.shape[1]):
            if known.on_hand[p, n] >= 0:
                stocks.on_hand[p, n] = known.on_hand[p, n]
            if known.on_order[p, n] >= 0:
                for s in range(suppliers.shape[0]):
                    if suppliers[s].part == n:
                        stocks.backlog[p, s] = 0
                stocks.due[day:, p, n] = 0
                stocks.on_order[p, n] = known.on_order[p, n]
                schedule_evenly(known.on_order[p, n], day, stocks.lead[n], stocks.due[:, p, n])


@leaf
def made_by_a_plant(plants: Records, design: int) -> bool:
    """Whether any plant of the scenario produces the design."""
    for p in range(plants.shape[0]):
        if plants[p].design == design:
            return True
    return False


@kernel
def apply_known_stocks(
    plants: Records, weight: Floats, known: KnownState, stocks: UnitStocks, released: Floats, programme: bool, day: int
) -> None:
    """Set the units in the regions to their known values at the start of a day.

    If only a total over regions is known, it is allocated like a delivery.

    weight
        (regions,) weights from the plan; -1 to equalise days of cover.
    released
        (designs, blocks) day of each release.
    programme
        If False (counterfactual), designs that a plant produces are not changed.
    """
    regions, blocks = stocks.stock.shape[0], released.shape[1]
    stated = np.empty(regions, np.int64)
    under_way = np.empty(regions, np.int64)
    for d in range(released.shape[0]):
        if not programme and made_by_a_plant(plants, d):
            continue
        first = d * blocks
        for r in range(regions):
            stated[r] = known.stock[r, d]
        if known.total_stock[d] >= 0:
            for r in range(regions):
                under_way[r] = stocks.position[d, r] - stocks.stock[r, first : first + blocks].sum()
            allocate_to_regions(weight, under_way, stocks.use, known.total_stock[d], stated)
        for r in range(regions):
            if stated[r] >= 0:
                cohorts = stocks.stock[r, first : first + blocks]
                stocks.position[d, r] += stated[r] - cohorts.sum()
                rescale_cohorts(cohorts, stated[r], current_block(released[d], day))


@kernel
def restate_accounts(plants: Records, waiting: Ints, stocks: UnitStocks) -> None:
    """Reset the total units produced so that the unit accounts balance with the known state.

    waiting
        (plants, blocks) good units in stock at the plants.
    """
    designs = stocks.produced.shape[0]
    blocks = stocks.stock.shape[1] // designs
    for d in range(designs):
        stocks.produced[d] = stocks.scrapped[d] + stocks.lost[d] + stocks.spent[d] + stocks.transit[d]
        stocks.produced[d] += stocks.diverted[d]
        for r in range(stocks.stock.shape[0]):
            stocks.produced[d] += stocks.stock[r, d * blocks : (d + 1) * blocks].sum()
    for p in range(plants.shape[0]):
        stocks.produced[plants[p].design] += waiting[p].sum()


@kernel
def apply_known_units(
    entities: EntityRecords, weight: Floats, known: KnownState, plants: PlantState, parts: PartStocks,
    stocks: UnitStocks, released: Floats, programme: bool, day: int,
) -> None:  # fmt: skip
    """Set plants, parts and units to the known state at the start of a day.

    Without the programme, only the units of other makers are set.

    weight
        (regions,) weights from the plan; -1 to equalise days of cover.
    released
        (designs, blocks) day of each release.
    """
    if programme:
        apply_known_plants(entities.plants, known, plants, released, day)
        apply_known_parts(entities.suppliers, known, plants, parts, day)
    apply_known_stocks(entities.plants, weight, known, stocks, released, programme, day)
    restate_accounts(entities.plants, plants.stock, stocks)
