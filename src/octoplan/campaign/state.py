"""What is known on the morning of a date takes the place of what was simulated until then."""

import numpy as np

from octoplan.campaign.compiled import kernel, leaf
from octoplan.campaign.crews import Corps
from octoplan.campaign.delivery import Depot, destinations
from octoplan.campaign.production import Works, current
from octoplan.campaign.sharing import share_out
from octoplan.campaign.streams import COURSE, binomial, stream
from octoplan.campaign.supply import Stores
from octoplan.scenario.arrays import Floats, Ints, Keys, Known, Records, World

IN_COURSE = 1
"""Index of the draw of those in a course on the date; an intake of that day has 0."""


@leaf
def spread(units: int, first: int, span: float, due: Ints) -> None:
    """Add units to ``due`` (days,), evenly over a time from day ``first`` on; those due after the last day are lost."""
    days = max(1, int(span + 0.5))
    given = 0
    for i in range(days):
        upto = units * (i + 1) // days
        if first + i < due.shape[0]:
            due[first + i] += upto - given
        given = upto


@kernel
def rescale(cohorts: Ints, units: int, latest: int) -> None:
    """Make ``cohorts`` (blocks,) add up to some units, in the proportions that stand there; the latest if none does."""
    weight = cohorts.astype(np.float64)
    if weight.sum() > 0.0:
        share_out(units, weight, cohorts)
    else:
        cohorts[latest] = units


@kernel
def know_corps(
    crews: Records, kits: Records, keys: Keys, known: Known, corps: Corps, future: int, morning: int
) -> None:
    """Crews and kits as known on the morning of a day.

    Of those in their course a binomial of 1 - washout finishes, evenly over the length of the course; kits on order
    arrive evenly over their lead.
    """
    if known.crews[0] >= 0:
        corps.trained[0] = known.crews[0]
    if known.crews[1] >= 0:
        corps.graduates[morning:] = 0
        stay = 1.0 - crews[0].washout
        finish = binomial(stream(keys, COURSE, 0), future, morning, IN_COURSE, known.crews[1], stay)
        spread(finish, morning, crews[0].course, corps.graduates)
    if known.kits[0] >= 0:
        corps.kits[0] = known.kits[0]
    if known.kits[1] >= 0:
        corps.arriving[morning:] = 0
        spread(known.kits[1], morning, kits[0].lead, corps.arriving)


@kernel
def know_works(plants: Records, known: Known, works: Works, released: Floats, morning: int) -> None:
    """Experience, workers and waiting units of the plants of the programme as known on the morning of a day."""
    for p in range(plants.shape[0]):
        if works.opens[p] == np.inf:
            continue
        if known.experience[p] >= 0.0:
            works.experience[p] = known.experience[p]
        if known.heads[p] >= 0.0:
            works.heads[p] = known.heads[p]
        if known.plant_stock[p] >= 0:
            made = works.block[p]
            latest = made if made >= 0 else current(released[plants[p].design], morning)
            rescale(works.stock[p], known.plant_stock[p], latest)


@kernel
def know_stores(suppliers: Records, known: Known, works: Works, stores: Stores, morning: int) -> None:
    """Parts of the plants of the programme as known on the morning of a day.

    Those on order are shipped and paid for, and arrive evenly over the part's mean lead.
    """
    for p in range(stores.on_hand.shape[0]):
        if works.opens[p] == np.inf:
            continue
        for n in range(stores.on_hand.shape[1]):
            if known.on_hand[p, n] >= 0:
                stores.on_hand[p, n] = known.on_hand[p, n]
            if known.on_order[p, n] >= 0:
                for s in range(suppliers.shape[0]):
                    if suppliers[s].part == n:
                        stores.backlog[p, s] = 0
                stores.due[morning:, p, n] = 0
                stores.on_order[p, n] = known.on_order[p, n]
                spread(known.on_order[p, n], morning, stores.lead[n], stores.due[:, p, n])


@leaf
def made_here(plants: Records, design: int) -> bool:
    """Whether a plant makes the design."""
    for p in range(plants.shape[0]):
        if plants[p].design == design:
            return True
    return False


@kernel
def know_regions(
    plants: Records, planned: Floats, known: Known, depot: Depot, released: Floats, programme: bool, morning: int
) -> None:
    """Units in the regions as known on the morning of a day; a total is shared out like a delivery.

    programme
        False leaves the designs alone that a plant makes: without the programme nobody knows how many there would be.
    """
    regions, blocks = depot.stock.shape[0], released.shape[1]
    wanted = np.empty(regions, np.int64)
    under_way = np.empty(regions, np.int64)
    for d in range(released.shape[0]):
        if not programme and made_here(plants, d):
            continue
        first = d * blocks
        wanted[:] = known.stock[:, d]
        if known.total_stock[d] >= 0:
            for r in range(regions):
                under_way[r] = depot.position[d, r] - depot.stock[r, first : first + blocks].sum()
            destinations(planned, under_way, depot.use, known.total_stock[d], wanted)
        for r in range(regions):
            if wanted[r] >= 0:
                cohorts = depot.stock[r, first : first + blocks]
                depot.position[d, r] += wanted[r] - cohorts.sum()
                rescale(cohorts, wanted[r], current(released[d], morning))


@kernel
def reopen_accounts(plants: Records, waiting: Ints, depot: Depot) -> None:
    """Restate the units made so that each account closes on what is known; it is held to the unit from then on.

    waiting
        (plants, blocks) units at the plants.
    """
    designs = depot.made.shape[0]
    blocks = depot.stock.shape[1] // designs
    for d in range(designs):
        depot.made[d] = depot.scrapped[d] + depot.lost[d] + depot.spent[d] + depot.transit[d]
        for r in range(depot.stock.shape[0]):
            depot.made[d] += depot.stock[r, d * blocks : (d + 1) * blocks].sum()
    for p in range(plants.shape[0]):
        depot.made[plants[p].design] += waiting[p].sum()


@kernel
def know_units(
    world: World, planned: Floats, known: Known, works: Works, stores: Stores, depot: Depot, released: Floats,
    programme: bool, morning: int,
) -> None:  # fmt: skip
    """Plants, parts and units as known on the morning of a day; without the programme only what others make."""
    if programme:
        know_works(world.plants, known, works, released, morning)
        know_stores(world.suppliers, known, works, stores, morning)
    know_regions(world.plants, planned, known, depot, released, programme, morning)
    reopen_accounts(world.plants, works.stock, depot)
