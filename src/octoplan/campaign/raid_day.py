"""The raid of one day: threats, defence with and without the programme, and damage by leakers."""

import numpy as np

from octoplan.campaign.arithmetic import exp, log, normal_quantile
from octoplan.campaign.arrivals import Raid, draw_raid
from octoplan.campaign.compiled import kernel, leaf
from octoplan.campaign.defence import (
    DefenceTally,
    RaidState,
    UnitAccounts,
    Workspace,
    defend_regions,
    empty_workspace,
)
from octoplan.campaign.defence_layers import LayerState, layer_probabilities
from octoplan.campaign.future_state import Model, RaidBranch, day_ledger
from octoplan.campaign.money import pay
from octoplan.campaign.night_record import NightRecord, empty_record
from octoplan.campaign.production import current_block
from octoplan.campaign.queue_arrays import Interceptors
from octoplan.campaign.separate import separate
from octoplan.campaign.streams import DAMAGE, STRIKE, Moment, key_of, random_words, to_uniform
from octoplan.campaign.structures import structure
from octoplan.campaign.tally import LAYERS
from octoplan.scenario.arrays import BEST_FIRST, OLDEST_FIRST, Floats, Ints, Records
from octoplan.scenario.limiting_factors import NIGHT_LIMITS as LIMITS

NIGHT_LIMITS = len(LIMITS)
"""Number of limiting factors of a night."""


@structure
class Night:
    """Inputs of the defence on one night, identical with and without the programme.

    raid
        Threats of the night.
    crews
        (regions,) crews available.
    order
        Cohorts released, in order of use.
    p_kill
        (cohorts, threats) kill probability given contact.
    p_stop
        (layers, threats) probability that an engagement of a layer stops a threat.
    workspace
        Working arrays with a row for each threat.
    record
        Record of the night with the programme.
    """

    raid: Raid
    crews: Ints
    order: Ints
    p_kill: Floats
    p_stop: Floats
    workspace: Workspace
    record: NightRecord


@kernel
def kill_probabilities(lethality: Records, released: Floats, threats: int, day: int) -> Floats:
    """Kill probability given contact by cohort and class on one day, (cohorts, threats).

    p(t) = p_floor + (p_kill - p_floor) exp(-(t - release) / decay); 0 for a block not yet released.

    lethality
        Records of (design, threat) pairs.
    released
        (designs, blocks) day of each release.
    """
    designs, blocks = released.shape
    p = np.zeros((designs * blocks, threats))
    for d in range(designs):
        for b in range(blocks):
            age = day - released[d, b]
            if age < 0.0:
                break
            for k in range(threats):
                pair = lethality[d * threats + k]
                if pair.p_kill > 0.0:
                    p[d * blocks + b, k] = pair.p_floor + (pair.p_kill - pair.p_floor) * exp(-age / pair.decay)
    return p


@leaf
def sort_by_mean(order: Ints, p_kill: Floats, counted: Ints, mean: Floats) -> None:
    """Sort cohorts by descending mean kill probability over the counted classes; equal ones keep their order.

    mean
        (cohorts,) working array.
    """
    for i in range(order.shape[0]):
        cohort = order[i]
        mean[cohort] = 0.0
        for k in range(counted.shape[0]):
            mean[cohort] += counted[k] * p_kill[cohort, k]
        j = i
        while j > 0 and mean[order[j - 1]] < mean[cohort]:
            order[j] = order[j - 1]
            j -= 1
        order[j] = cohort


@kernel
def cohort_order(prefer: Ints, stock_order: int, released: Floats, p_kill: Floats, counted: Ints, day: int) -> Ints:
    """Released cohorts in order of use: designs by preference, blocks of a design newest or oldest first.

    If ``stock_order`` is ``BEST_FIRST``, the cohorts of all designs are in the order of their mean kill probability;
    equal ones are ordered by preference, and newest first.

    prefer
        (designs,) designs in order of preference.
    stock_order
        ``OLDEST_FIRST``, ``NEWEST_FIRST`` or ``BEST_FIRST``.
    released
        (designs, blocks) day of each release.
    p_kill
        (cohorts, threats) kill probability given contact on the day.
    counted
        (threats,) 1 for the classes whose kill probabilities are averaged.
    """
    designs, blocks = released.shape
    order = np.empty(designs * blocks, np.int64)
    n = 0
    for d in prefer:
        latest = current_block(released[d], day)
        for b in range(latest + 1):
            order[n] = d * blocks + (b if stock_order == OLDEST_FIRST else latest - b)
            n += 1
    if stock_order == BEST_FIRST:
        sort_by_mean(order[:n], p_kill, counted, np.empty(designs * blocks))
    return order[:n]


@kernel
def draw_night(model: Model, crews: Ints, count: Ints, moment: Moment, compared: bool) -> Night:
    """Draw the raid of one night and compute the kill and stopping probabilities.

    crews
        (regions,) crews available.
    count
        (packages,) number of threats.
    compared
        Whether the counterfactual is simulated, for which the night is recorded.
    """
    entities, plan, released = model.entities, model.plan, model.constants.released
    raid = draw_raid(model.arrivals, model.constants.routes, moment, count)
    size, crossings, classes = raid.threat.shape[0], raid.crossing_threat.shape[0], entities.threats.shape[0]
    p_kill = kill_probabilities(entities.lethality, released, classes, moment.day)
    level = model.constants.level[model.links.month_of[moment.day]]
    record = empty_record(compared, crossings, size, crews.shape[0], entities.layers.shape[0], classes, NIGHT_LIMITS)
    return Night(
        raid,
        crews,
        cohort_order(plan.prefer, plan.stock_order[0], released, p_kill, model.constants.counted, moment.day),
        p_kill,
        layer_probabilities(entities.layers, entities.effects, entities.readiness, level, size, moment),
        empty_workspace(size, crossings, record),
        record,
    )


@kernel
def simulate_raid(model: Model, branch: RaidBranch, night: Night, moment: Moment) -> None:
    """Simulate the defence against a raid in all regions, and the damage by leakers."""
    entities, constants, units, tally = model.entities, model.constants, branch.units, branch.tally
    ledger = day_ledger(model, tally, moment.day)
    row, raid, layers = ledger.row, night.raid, entities.layers.shape[0]
    layer_state = LayerState(
        model.plan.layer_order, night.p_stop, constants.shots, constants.limited, constants.stocked, np.zeros(layers),
        branch.layer_stock, np.zeros(layers),
    )  # fmt: skip
    raid_state = RaidState(raid, np.ones(raid.threat.shape[0], np.int64), raid.u_layer.copy(), raid.u_decoy.copy())
    interceptors = Interceptors(
        night.order, constants.design, units.stock, np.zeros(constants.design.shape[0], np.int64), night.p_kill,
        constants.p_recover, tally.sorties[row], tally.contacts[row], tally.recovered[row], tally.kills[row],
    )  # fmt: skip
    defend_regions(
        constants.defence, raid_state, night.workspace, layer_state, interceptors,
        UnitAccounts(units.spent, units.position, units.use),
        DefenceTally(tally.stopped[row], tally.stopped_by[row], tally.nights[row]), night.record, moment,
        constants.p_contact[model.links.month_of[moment.day]], night.crews,
    )  # fmt: skip
    for layer in range(layers):
        fired = layer_state.fired[layer]
        tally.shots[row, layer] += fired
        if layer > 0:
            shot = entities.layers[layer]
            pay(ledger, LAYERS, shot.payer, shot.cost_currency, fired * shot.cost)
    count_leakers(raid.threat, raid.target, raid_state.alive, tally.launched[row], tally.leaked[row])
    alive = raid_state.alive
    apply_damage(
        entities.threats, entities.regions, raid, alive, ledger.rate, tally.damage[row], branch.power_until, moment
    )
    strike_plants(entities.threats, entities.plants, raid, alive, branch.down_until, moment)


@separate
def simulate_raids(
    model: Model, branch: RaidBranch, counterfactual: RaidBranch, compared: bool, crews: Ints, count: Ints,
    moment: Moment,
) -> None:  # fmt: skip
    """Draw the raid of one night and simulate it, and again without the programme in ``counterfactual``.

    compared
        Whether to simulate the counterfactual.
    crews
        (regions,) crews available.
    count
        (packages,) number of threats.
    """
    night = draw_night(model, crews, count, moment, compared)
    simulate_raid(model, branch, night, moment)
    if compared:
        simulate_raid(model, counterfactual, night, moment)


@leaf
def count_leakers(threat: Ints, target: Ints, alive: Ints, launched: Ints, leaked: Ints) -> None:
    """Count the threats launched and the leakers of a raid by destination and class.

    threat, target, alive
        (threats,) class, destination region, and 1 for leakers.
    launched, leaked
        (regions, classes) counts, updated in place.
    """
    for i in range(threat.shape[0]):
        launched[target[i], threat[i]] += 1
        leaked[target[i], threat[i]] += alive[i]


@kernel
def apply_damage(
    threats: Records, regions: Records, raid: Raid, alive: Ints, rate: Floats, damage: Floats, power_until: Floats,
    moment: Moment,
) -> None:  # fmt: skip
    """Draw the damage and the power cuts caused by leakers.

    Damage is lognormal with the mean and the coefficient of variation cv of the class, sigma^2 = log(1 + cv^2). A
    leaker other than a decoy cuts the region's power with probability ``power_exposure``, for an exponential time of
    mean ``power_days``.

    alive
        (threats,) 1 for leakers.
    rate
        (currencies,) value of one unit of each currency in the reporting currency.
    damage, power_until
        (regions,) damage in the reporting currency, and day on which power is restored; updated in place.
    """
    for i in range(raid.threat.shape[0]):
        if alive[i] == 0:
            continue
        threat, r = threats[raid.threat[i]], raid.target[i]
        region = regions[r]
        key = key_of(moment.keys, DAMAGE, raid.package[i] * regions.shape[0] + r)
        w0, w1, w2, _ = random_words(key, moment.future, moment.day, raid.number[i], 0)
        sigma = np.sqrt(log(1.0 + threat.damage_cv * threat.damage_cv))
        amount = threat.damage * exp(sigma * normal_quantile(to_uniform(w0)) - 0.5 * sigma * sigma)
        damage[r] += amount * rate[threat.damage_currency]
        if threat.decoy == 0 and to_uniform(w1) < region.power_exposure:
            until = moment.day + 1.0 - log(to_uniform(w2)) * region.power_days
            power_until[r] = max(power_until[r], until)


@kernel
def strike_plants(
    threats: Records, plants: Records, raid: Raid, alive: Ints, down_until: Floats, moment: Moment
) -> None:
    """Draw the strikes of leakers on plants in their region; repair times are exponential with mean ``hit_days``.

    A leaker other than a decoy strikes each plant in its destination region with probability ``exposure``.

    alive
        (threats,) 1 for leakers.
    down_until
        (plants,) day on which repairs end, updated in place.
    """
    for i in range(raid.threat.shape[0]):
        if alive[i] == 0 or threats[raid.threat[i]].decoy == 1:
            continue
        for p in range(plants.shape[0]):
            if plants[p].region == raid.target[i]:
                key = key_of(moment.keys, STRIKE, raid.package[i] * plants.shape[0] + p)
                w0, w1, _, _ = random_words(key, moment.future, moment.day, raid.number[i], 0)
                if to_uniform(w0) < plants[p].exposure:
                    repair = -log(to_uniform(w1)) * plants[p].hit_days
                    down_until[p] = max(down_until[p], moment.day + 1.0) + repair
