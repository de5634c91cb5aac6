"""One day of one future: the morning's arrivals, the plants, the night's raid, the damage, the accounts."""

import numpy as np

from octoplan.campaign.arithmetic import exp, log, normal_quantile
from octoplan.campaign.compiled import by_reference, entry, kernel, leaf, structure
from octoplan.campaign.crews import Corps, enlist, fit_tonight, muster, pay_corps, serve, weather
from octoplan.campaign.defence import (
    Accounts,
    Arsenal,
    Bench,
    CombatLog,
    Doctrine,
    Queue,
    Shield,
    chances_today,
    empty_bench,
    empty_queue,
    sweep,
)
from octoplan.campaign.delivery import Depot, LaneLog, arrive, dispatch, empty_depot, others_deliver
from octoplan.campaign.money import Books, exchange, pay
from octoplan.campaign.production import PlantLog, Works, current, make, open_works, order_parts, releases
from octoplan.campaign.raiding import LARGEST_RAID, Raid, Roads, counts, place, roads
from octoplan.campaign.state import know_corps, know_units
from octoplan.campaign.streams import CAUSE, DAMAGE, LANE, STRIKE, SUPPLIER, stream, unit, words
from octoplan.campaign.supply import (
    Outage,
    Stores,
    SupplyLog,
    begin_outages,
    empty_stores,
    receive,
    run_outages,
    ship_parts,
    shipping,
)
from octoplan.campaign.tally import LAYERS, Tally
from octoplan.scenario.arrays import Floats, Ints, Keys, Links, Plan, Records, World

FLOWN, TOO_MANY, UNBALANCED, NOT_A_NUMBER, HALTED = range(5)
REASONS = {
    TOO_MANY: f"a day has more than {LARGEST_RAID} threats of one package",
    UNBALANCED: "the unit accounts do not close",
    NOT_A_NUMBER: "a result is not a finite number",
    HALTED: "it was called off",
}
"""Why a future is stored as failed."""

SMOOTHING = 1.0 / 28.0
"""Weight of today in the smoothed use that days of cover are counted with."""

Worlds, Linked, Planned, Tallied = by_reference(World), by_reference(Links), by_reference(Plan), by_reference(Tally)
"""The same things by reference, as the kernels pass them on."""


@structure
class State:
    """Everything that lasts from one day to the next.

    released
        (designs, blocks) day of each release.
    rates
        (days, currencies) price of one unit of each currency.
    layer_stock
        (layers,) shots left in the country.
    power_until
        (regions,) day until which the power is out.
    makers_carry
        (makers,) part of a unit left over from yesterday.
    """

    suppliers: Outage
    causes: Outage
    lanes: Outage
    stores: Stores
    works: Works
    depot: Depot
    corps: Corps
    released: Floats
    rates: Floats
    layer_stock: Floats
    power_until: Floats
    makers_carry: Floats


@structure
class Standing:
    """What does not change from day to day in the raids and the defence of one future.

    roads
        the constants of the raids.
    p_contact
        (regions, threats) contact probability of a sortie.
    engagement, engagement_cv
        (threats,) mean minutes of an engagement and their coefficient of variation.
    p_recover
        (designs,) probability that a unit without contact is recovered.
    design
        (cohorts,) design of each cohort.
    shots
        (layers, threats) shots of one engagement.
    limited, stocked
        (layers,) 1 where engagements a region-day, or shots, can run out.
    """

    roads: Roads
    p_contact: Floats
    engagement: Floats
    engagement_cv: Floats
    p_recover: Floats
    design: Ints
    shots: Floats
    limited: Ints
    stocked: Ints


@structure
class Night:
    """What a night brings, whether there is a programme or not.

    raid
        the threats.
    fit
        (regions,) crews able to fly.
    order
        (cohorts,) cohorts in the order of use.
    p_kill
        (cohorts, threats) kill probability given contact.
    p
        (layers, threats) probability that an engagement of a layer stops a threat.
    bench, queue
        working room for as many threats as come.
    """

    raid: Raid
    fit: Ints
    order: Ints
    p_kill: Floats
    p: Floats
    bench: Bench
    queue: Queue


@kernel
def begin(
    world: World, links: Links, plan: Plan, keys: Keys, released: Floats, rates: Floats, future: int
) -> State:  # fmt: skip
    """The state before the first day, given the days of the releases and the exchange rates."""
    days, blocks = links.month_of.shape[0], released.shape[1]
    designs, regions, plants = world.designs.shape[0], world.regions.shape[0], world.plants.shape[0]
    corps = muster(int(world.crews[0].initial + 0.5), int(world.kits[0].initial + 0.5), days, regions)
    sorties = max(1.0, min(corps.trained[0], corps.kits[0]) * world.crews[0].on_duty)
    layer_stock = np.zeros(world.layers.shape[0])
    for layer in range(1, world.layers.shape[0]):
        layer_stock[layer] = world.layers[layer].stock
    use = plan.crew_weight / plan.crew_weight.sum() * sorties
    return State(
        begin_outages(world.suppliers, keys, SUPPLIER, future, True),
        begin_outages(world.causes, keys, CAUSE, future, False),
        begin_outages(world.lanes, keys, LANE, future, True),
        empty_stores(world.suppliers, plan.sourcing, plants, links.bill.shape[1], days),
        open_works(world.gates, world.plants, world.countries, links, plan, blocks),
        empty_depot(use, world.lanes.shape[0], designs, blocks, days),
        corps,
        released,
        rates,
        layer_stock,
        np.zeros(regions),
        np.zeros(world.makers.shape[0]),
    )


@kernel
def standing(world: World, links: Links, blocks: int) -> Standing:
    """The constants of one future."""
    regions, threats, designs = world.regions.shape[0], world.threats.shape[0], world.designs.shape[0]
    layers = world.layers.shape[0]
    p_contact = np.empty((regions, threats))
    engagement, engagement_cv = np.empty(threats), np.empty(threats)
    for k in range(threats):
        engagement[k], engagement_cv[k] = world.threats[k].engagement, world.threats[k].engagement_cv
        for r in range(regions):
            p_contact[r, k] = world.engagement[k * regions + r].p_contact
    p_recover = np.empty(designs)
    design = np.empty(designs * blocks, np.int64)
    for d in range(designs):
        p_recover[d] = world.designs[d].p_recover
        design[d * blocks : (d + 1) * blocks] = d
    shots, limited, stocked = np.zeros((layers, threats)), np.zeros(layers, np.int64), np.zeros(layers, np.int64)
    for layer in range(1, layers):
        limited[layer], stocked[layer] = world.layers[layer].limited, world.layers[layer].stocked
        for k in range(threats):
            shots[layer, k] = world.effects[layer * threats + k].shots
    return Standing(
        roads(world, links), p_contact, engagement, engagement_cv, p_recover, design, shots, limited, stocked
    )  # fmt: skip


@kernel
def run_all_outages(world: World, keys: Keys, state: State, future: int, day: int) -> None:
    """Carry suppliers, common causes and lanes forward to a day."""
    run_outages(world.suppliers, keys, SUPPLIER, future, day, state.suppliers)
    run_outages(world.causes, keys, CAUSE, future, day, state.causes)
    run_outages(world.lanes, keys, LANE, future, day, state.lanes)


@kernel
def programme_day(
    world: World, links: Links, plan: Plan, keys: Keys, tally: Tally, state: State, books: Books, future: int, day: int
) -> None:
    """The programme's own morning: parts ordered, shipped and received; units made, received and sent."""
    month, row = links.month_of[day], links.row_of[day]
    first = day == 0 or links.month_of[day - 1] != month
    works, stores, depot = state.works, state.stores, state.depot
    ships = np.empty(world.suppliers.shape[0], np.int64)
    shipping(links.supplier_causes, state.suppliers, state.causes, ships)
    order_parts(world.plants, world.suppliers, plan, works, stores, links.bill, ships, month, first, day)
    supplied = SupplyLog(tally.part_shipped, tally.part_sold, tally.supplier_down)
    ship_parts(world.suppliers, works.payer, keys, books, supplied, stores, ships, row, future, day)
    receive(stores, day)
    produced = PlantLog(
        tally.made, tally.good, tally.hours_paid, tally.hours_worked, tally.plant_limit, tally.plant_down
    )
    make(
        world.plants, keys, books, produced, works, stores, links.bill, depot.made, depot.scrapped,
        state.released, state.power_until, row, future, day,
    )  # fmt: skip
    delivered = LaneLog(tally.sent, tally.delivered, tally.lane_down, tally.received, links.row_of)
    arrive(delivered, depot, day)
    dispatch(
        world.plants, world.lanes, links.plant_lanes, plan.dispatch_weight, keys, books, delivered,
        works.stock, depot, state.lanes, future, day,
    )  # fmt: skip


@kernel
def train(world: World, links: Links, plan: Plan, keys: Keys, corps: Corps, future: int, day: int) -> tuple[int, int]:
    """One day of crews and kits; returns the courses begun and the kits ordered, on the month's first day."""
    month = links.month_of[day]
    begun = ordered = 0
    if day == 0 or links.month_of[day - 1] != month:
        begun, ordered = plan.intake[month], plan.kit_orders[month]
        enlist(world.crews, world.kits, keys, corps, begun, ordered, future, day)
    serve(world.crews, world.kits, keys, corps, future, day)
    return begun, ordered


@kernel
def supplies(
    world: World, links: Links, plan: Plan, tally: Tally, state: State, books: Books, trained: int, begun: int,
    ordered: int, day: int,
) -> None:  # fmt: skip
    """What comes whether there is a programme or not: other makers' units, shots of the layers, the crews' pay."""
    delivered = LaneLog(tally.sent, tally.delivered, tally.lane_down, tally.received, links.row_of)
    others_deliver(
        world.makers, plan.dispatch_weight, books, delivered, state.depot, state.released, state.makers_carry, day
    )
    pay_corps(world.crews, world.kits, books, links.row_of[day], trained, begun, ordered)
    for layer in range(1, world.layers.shape[0]):
        state.layer_stock[layer] += world.layers[layer].resupply


@kernel
def lethality(chances: Records, released: Floats, threats: int, day: int) -> Floats:
    """Kill probability given contact of each cohort and class today, (cohorts, threats).

    p(t) = p_floor + (p_kill - p_floor) exp(-(t - release) / decay); 0 for a block not yet released.
    """
    designs, blocks = released.shape
    found = np.zeros((designs * blocks, threats))
    for d in range(designs):
        for b in range(blocks):
            age = day - released[d, b]
            if age < 0.0:
                break
            for k in range(threats):
                own = chances[d * threats + k]
                if own.p_kill > 0.0:
                    fresh = own.p_kill - own.p_floor
                    found[d * blocks + b, k] = own.p_floor + fresh * exp(-age / own.decay)
    return found


@kernel
def order_of_use(prefer: Ints, newest_first: bool, released: Floats, day: int) -> Ints:
    """Cohorts in the order in which crews use them: designs as preferred, blocks newest or oldest first."""
    designs, blocks = released.shape
    order = np.empty(designs * blocks, np.int64)
    n = 0
    for d in prefer:
        latest = current(released[d], day)
        for b in range(latest + 1):
            order[n] = d * blocks + (latest - b if newest_first else b)
            n += 1
    return order[:n]


@kernel
def nightfall(
    world: World, links: Links, plan: Plan, keys: Keys, still: Standing, released: Floats, fit: Ints, count: Ints,
    future: int, day: int,
) -> Night:  # fmt: skip
    """The raid of the night and the chances of those who meet it, given the crews and the count of each package."""
    raid = place(world, links, still.roads, keys, future, day, count)
    size = raid.threat.shape[0]
    return Night(
        raid,
        fit,
        order_of_use(plan.prefer, plan.newest_first[0] == 1, released, day),
        lethality(world.lethality, released, world.threats.shape[0], day),
        chances_today(world.layers, world.effects, keys, future, day),
        empty_bench(size),
        empty_queue(size),
    )


@kernel
def fight(
    world: World, links: Links, plan: Plan, keys: Keys, tally: Tally, state: State, still: Standing, books: Books,
    night: Night, future: int, day: int,
) -> None:  # fmt: skip
    """The raid, region by region along the corridors; what is alive at its destination leaks and does damage."""
    row = links.row_of[day]
    depot, raid, layers = state.depot, night.raid, world.layers.shape[0]
    shield = Shield(
        plan.layer_order, night.p, still.shots, still.limited, still.stocked, np.zeros(layers), state.layer_stock,
        np.zeros(layers),
    )  # fmt: skip
    diary = CombatLog(tally.stopped[row], tally.stopped_by[row], tally.nights[row])
    alive = np.ones(raid.threat.shape[0], np.int64)
    luck, guise = raid.luck.copy(), raid.guise.copy()
    doctrine = Doctrine(still.engagement, still.engagement_cv, still.p_contact[0], plan.max_shots, plan.salvo)
    arsenals = Arsenal(
        night.order, still.design, depot.stock, np.zeros(still.design.shape[0], np.int64), night.p_kill,
        still.p_recover, tally.sorties[row], tally.contacts[row], tally.recovered[row], tally.kills[row],
    )  # fmt: skip
    sweep(
        world.threats, world.engagement, world.posts, still.p_contact, plan.value, plan.by_value[0] == 1, SMOOTHING,
        keys, diary, raid, alive, luck, guise, night.bench, shield, night.queue, doctrine, arsenals,
        Accounts(depot.spent, depot.position, depot.use), links.region_order, night.fit, future, day,
    )  # fmt: skip
    for layer in range(shield.fired.shape[0]):
        tally.shots[row, layer] += shield.fired[layer]
        own = world.layers[layer]
        if layer > 0:
            pay(books, row, LAYERS, own.payer, own.cost_currency, shield.fired[layer] * own.cost)
    count_leakers(raid.threat, raid.target, alive, tally.launched[row], tally.leaked[row])
    harm(
        world.threats, world.regions, world.plants, keys, raid, alive, state.rates[day], tally.damage[row],
        state.power_until, state.works.down_until, future, day,
    )  # fmt: skip


@leaf
def count_leakers(threat: Ints, target: Ints, alive: Ints, launched: Ints, leaked: Ints) -> None:
    """Count the threats of a raid by destination and class, and those still alive there."""
    for i in range(threat.shape[0]):
        launched[target[i], threat[i]] += 1
        leaked[target[i], threat[i]] += alive[i]


@kernel
def harm(
    threats: Records, regions: Records, plants: Records, keys: Keys, raid: Raid, alive: Ints, rate: Floats,
    damage: Floats, power_until: Floats, down_until: Floats, future: int, day: int,
) -> None:  # fmt: skip
    """Harm of the leakers: damage in the reporting currency, power taken down, plants hit.

    Damage is lognormal with the class's mean and coefficient of variation; times to repair are exponential. A decoy
    harms neither power nor plants.

    damage, power_until
        (regions,) added to; days until which the power is out.
    down_until
        (plants,) days until which the plants are down.
    """
    threat, target, packages, numbers = raid.threat, raid.target, raid.package, raid.number
    for i in range(threat.shape[0]):
        if alive[i] == 0:
            continue
        k, r, package, number = threat[i], target[i], packages[i], numbers[i]
        own, region = threats[k], regions[r]
        key = stream(keys, DAMAGE, package * regions.shape[0] + r)
        w0, w1, w2, _ = words(key, future, day, number, 0)
        spread = np.sqrt(log(1.0 + own.damage_cv * own.damage_cv))
        worth = own.damage * exp(spread * normal_quantile(unit(w0)) - 0.5 * spread * spread)
        damage[r] += worth * rate[own.damage_currency]
        if own.decoy == 1:
            continue
        if unit(w1) < region.power_exposure:
            power_until[r] = max(power_until[r], day + 1.0 - log(unit(w2)) * region.power_days)
        for p in range(plants.shape[0]):
            if plants[p].region == r:
                key = stream(keys, STRIKE, package * plants.shape[0] + p)
                w0, w1, _, _ = words(key, future, day, number, 0)
                if unit(w0) < plants[p].exposure:
                    down_until[p] = max(down_until[p], day + 1.0) - log(unit(w1)) * plants[p].hit_days


@kernel
def close_row(links: Links, tally: Tally, state: State, day: int) -> None:
    """Write down the stocks that stand at the end of a row's last day."""
    row = links.row_of[day]
    works, depot = state.works, state.depot
    designs, blocks = state.released.shape
    for p in range(works.heads.shape[0]):
        tally.heads[row, p] = works.heads[p]
        tally.experience[row, p] = works.experience[p]
        tally.plant_stock[row, p] = works.stock[p].sum()
        for n in range(state.stores.on_hand.shape[1]):
            tally.part_stock[row, p, n] = state.stores.on_hand[p, n]
            tally.part_due[row, p, n] = state.stores.on_order[p, n]
    for d in range(designs):
        tally.transit[row, d] = depot.transit[d]
        tally.block[row, d] = current(state.released[d], day) + 1
        for r in range(depot.stock.shape[0]):
            tally.stock[row, r, d] = depot.stock[r, d * blocks : (d + 1) * blocks].sum()
    for c in range(state.rates.shape[1]):
        tally.exchange[row, c] = state.rates[day, c]
    tally.crews[row] = state.corps.trained[0]
    tally.kits[row] = state.corps.kits[0]


@kernel
def imbalance(plants: Records, waiting: Ints, depot: Depot) -> int:
    """Units made less those under way, in stock, spent, lost and scrapped, the largest of any design: 0 when closed.

    waiting
        (plants, blocks) units at the plants.
    """
    designs = depot.made.shape[0]
    blocks = depot.stock.shape[1] // designs
    worst = 0
    for d in range(designs):
        left = depot.made[d] - depot.scrapped[d] - depot.lost[d] - depot.spent[d] - depot.transit[d]
        for r in range(depot.stock.shape[0]):
            for c in range(d * blocks, (d + 1) * blocks):
                left -= depot.stock[r, c]
                worst = max(worst, -depot.stock[r, c])
        for p in range(plants.shape[0]):
            if plants[p].design == d:
                left -= waiting[p].sum()
        worst = max(worst, abs(left))
    return worst


@kernel
def live(
    world: World, links: Links, plan: Plan, keys: Keys, tally: Tally, state: State, without: Tally, shadow: State,
    shadowed: bool, still: Standing, count: Ints, future: int, day: int,
) -> None:  # fmt: skip
    """One day: the morning, the weather, the raid, the accounts; and the same day without the programme.

    What is known on a morning takes its place on the evening before, so that a month ends with what the next begins.
    """
    row, known = links.row_of[day], links.known
    programme, eve = plan.programme.sum() > 0, known.day[0] == day + 1
    bias = world.finance[0].optimism_bias
    books = Books(tally.spend, tally.spend_local, tally.plant_spend, state.rates[day], bias)
    run_all_outages(world, keys, state, future, day)
    if programme:
        programme_day(world, links, plan, keys, tally, state, books, future, day)
    begun, ordered = train(world, links, plan, keys, state.corps, future, day)
    trained = state.corps.trained[0]
    supplies(world, links, plan, tally, state, books, trained, begun, ordered, day)
    weather(world.regions, keys, links.winter[day], state.corps.grounded, future, day)
    fit = np.empty(world.regions.shape[0], np.int64)
    fit_tonight(keys, state.corps, plan.crew_weight, world.crews[0].on_duty, future, day, fit)
    tally.fit[row] += fit.sum()
    night = nightfall(world, links, plan, keys, still, state.released, fit, count, future, day)
    fight(world, links, plan, keys, tally, state, still, books, night, future, day)
    if eve:
        know_corps(world.crews, world.kits, keys, known, state.corps, future, day + 1)
        know_units(
            world,
            plan.dispatch_weight,
            known,
            state.works,
            state.stores,
            state.depot,
            state.released,
            programme,
            day + 1,
        )
    tally.imbalance[0] = max(tally.imbalance[0], imbalance(world.plants, state.works.stock, state.depot))
    if day + 1 == links.row_of.shape[0] or links.row_of[day + 1] != row:
        close_row(links, tally, state, day)
    if shadowed:
        apart = Books(without.spend, without.spend_local, without.plant_spend, state.rates[day], bias)
        supplies(world, links, plan, without, shadow, apart, trained, begun, ordered, day)
        fight(world, links, plan, keys, without, shadow, still, apart, night, future, day)
        if eve:
            know_units(
                world, plan.dispatch_weight, known, shadow.works, shadow.stores, shadow.depot, shadow.released, False,
                day + 1,
            )  # fmt: skip
        tally.imbalance[0] = max(tally.imbalance[0], imbalance(world.plants, shadow.works.stock, shadow.depot))


@entry
def fly(
    assumptions: World, structure: Links, decisions: Plan, keys: Keys, results: Tally, shadow: Tally, shadowed: bool,
    future: int, halt: Ints,
) -> int:  # fmt: skip
    """One future from the first day to the last, into its tally; returns how it ended (``REASONS``).

    ``shadowed``: the same future is flown without the programme beside it, into ``shadow``: the same raids, weather,
    crews, exchange rates and other makers, and no unit of the programme. As soon as ``halt`` (1,) is not 0 the flight
    ends, for nobody waits for it.
    """
    world, links, plan = Worlds(*assumptions), Linked(*structure), Planned(*decisions)
    tally, without = Tallied(*results), Tallied(*shadow)
    days = links.month_of.shape[0]
    count = counts(world, links, keys, future, days)
    for day in range(days):
        for package in range(count.shape[1]):
            if count[day, package] > LARGEST_RAID:
                return TOO_MANY
    released, rates = releases(world.designs, keys, future, days), exchange(world.currencies, keys, future, days)
    state = begin(world, links, plan, keys, released, rates, future)
    apart = begin(world, links, plan, keys, released, rates, future) if shadowed else state
    still = standing(world, links, released.shape[1])
    for p in range(world.plants.shape[0]):
        tally.opened[p] = state.works.opens[p]
    for day in range(days):
        if halt[0] != 0:
            return HALTED
        live(world, links, plan, keys, tally, state, without, apart, shadowed, still, count[day], future, day)
    if tally.imbalance[0] != 0:
        return UNBALANCED
    if not np.isfinite(tally.spend.sum() + tally.damage.sum() + without.spend.sum() + without.damage.sum()):
        return NOT_A_NUMBER
    return FLOWN
