"""Model, state and tallies of one future, and its initial state."""

import numpy as np

from octoplan.campaign.compiled import kernel
from octoplan.campaign.crews import CrewState, initial_crews
from octoplan.campaign.defence import DefenceParameters
from octoplan.campaign.delivery import UnitStocks, initial_unit_stocks
from octoplan.campaign.layer_levels import contact_probabilities, monthly_levels
from octoplan.campaign.money import Ledger
from octoplan.campaign.production import PlantState, initial_plant_state
from octoplan.campaign.queue_arrays import Doctrine
from octoplan.campaign.resupply import LotState, initial_lots
from octoplan.campaign.routes import Routes, routes
from octoplan.campaign.streams import CAUSE, LANE, SUPPLIER
from octoplan.campaign.structures import by_reference, structure
from octoplan.campaign.supply import OutageState, PartStocks, initial_outages, initial_part_stocks
from octoplan.campaign.tally import Tally
from octoplan.scenario.arrays import (
    ArrivalProcess,
    DecisionArrays,
    EntityRecords,
    Floats,
    Ints,
    Links,
    Records,
    StreamKeys,
)

SMOOTHING = 1.0 / 28.0
"""Weight of the latest day in the exponentially smoothed demand for sorties, from which days of cover are computed."""

EntityReference, LinksReference, DecisionReference, TallyReference = (
    by_reference(EntityRecords),
    by_reference(Links),
    by_reference(DecisionArrays),
    by_reference(Tally),
)
"""Structures with the fields of these named tuples, which kernels pass by reference."""


@structure
class Constants:
    """Quantities that are constant over the days of one future.

    routes
        Network of corridors.
    defence
        Parameters of the defence.
    p_recover
        (designs,) probability that an interceptor is recovered given no contact.
    design
        (cohorts,) design of each cohort.
    shots
        (layers, threats) shots per engagement.
    limited, stocked
        (layers,) limited: 1 if the engagements per region and day are limited; stocked: 1 if shots come from a stock.
    released
        (designs, blocks) day of each release.
    rates
        (days, currencies) price of one unit of each currency.
    counted
        (threats,) 1 for the classes whose kill probabilities rank the cohorts of interceptors: those that interceptors
        can engage, without decoys unless there are only decoys.
    level
        (months, layers) level of each layer, by which the logit of its probabilities is shifted.
    p_contact
        (months, regions, threats) contact probability of a sortie.
    """

    routes: Routes
    defence: DefenceParameters
    p_recover: Floats
    design: Ints
    shots: Floats
    limited: Ints
    stocked: Ints
    released: Floats
    rates: Floats
    counted: Ints
    level: Floats
    p_contact: Floats


@structure
class Model:
    """Inputs of one future.

    These are entity parameters, the arrival process, the calendar and links between entities, decisions, keys of the
    random streams, and constants.
    """

    entities: EntityRecords
    arrivals: ArrivalProcess
    links: Links
    plan: DecisionArrays
    keys: StreamKeys
    constants: Constants


@structure
class State:
    """State carried from one day to the next.

    layer_stock
        (layers,) shots in the country's stock.
    power_until
        (regions,) day on which power is restored.
    lots
        Lots of resupply of the layers.
    makers_carry
        (makers,) fraction of a unit carried over to the next day.
    """

    suppliers: OutageState
    causes: OutageState
    lanes: OutageState
    parts: PartStocks
    plants: PlantState
    units: UnitStocks
    crews: CrewState
    layer_stock: Floats
    lots: LotState
    power_until: Floats
    makers_carry: Floats


@structure
class RaidBranch:
    """The part of the state and the tallies that the raids of a branch change.

    units
        Stocks of units.
    layer_stock
        (layers,) shots in the country's stock.
    power_until
        (regions,) day on which power is restored.
    down_until
        (plants,) day on which repairs after a strike end.
    """

    units: UnitStocks
    layer_stock: Floats
    power_until: Floats
    down_until: Floats
    tally: Tally


@structure
class Branch:
    """State and tallies of a future with the programme, or of its counterfactual.

    raids
        The part that raids change.
    programme
        True with the programme, False for the counterfactual.
    """

    state: State
    tally: Tally
    raids: RaidBranch
    programme: bool


@kernel
def branch_of(state: State, tally: Tally, programme: bool) -> Branch:
    """Return the branch with a state and tallies."""
    raids = RaidBranch(state.units, state.layer_stock, state.power_until, state.plants.down_until, tally)
    return Branch(state, tally, raids, programme)


@kernel
def day_ledger(model: Model, tally: Tally, day: int) -> Ledger:
    """Return the ledger to which the costs of a day are booked."""
    rates, bias = model.constants.rates[day], model.entities.finance[0].optimism_bias
    return Ledger(tally.spend, tally.spend_local, tally.plant_spend, rates, bias, model.links.tally_row[day])


@kernel
def counted_classes(threats: Records) -> Ints:
    """Return 1 for each class that interceptors can engage, without decoys unless there are only decoys, (threats,)."""
    counted = np.zeros(threats.shape[0], np.int64)
    for k in range(threats.shape[0]):
        counted[k] = threats[k].interceptable * (1 - threats[k].decoy)
    if counted.sum() == 0:
        for k in range(threats.shape[0]):
            counted[k] = threats[k].interceptable
    return counted


@kernel
def constants_of_future(
    entities: EntityRecords, links: Links, plan: DecisionArrays, keys: StreamKeys, future: int, released: Floats,
    rates: Floats,
) -> Constants:  # fmt: skip
    """Return the constants of one future.

    released
        (designs, blocks) day of each release.
    rates
        (days, currencies) value of one unit of each currency in the reporting currency.
    """
    designs, blocks = released.shape
    layers, threats = entities.layers.shape[0], entities.threats.shape[0]
    p_recover = np.empty(designs)
    design = np.empty(designs * blocks, np.int64)
    for d in range(designs):
        p_recover[d] = entities.designs[d].p_recover
        design[d * blocks : (d + 1) * blocks] = d
    shots, limited, stocked = np.zeros((layers, threats)), np.zeros(layers, np.int64), np.zeros(layers, np.int64)
    for layer in range(1, layers):
        limited[layer], stocked[layer] = entities.layers[layer].limited, entities.layers[layer].stocked
        for k in range(threats):
            shots[layer, k] = entities.effects[layer * threats + k].shots
    level = monthly_levels(entities.drift, entities.levels, keys, future, links.month_days.shape[0])
    return Constants(
        routes(entities.corridors, links), defence_parameters(entities, links, plan), p_recover, design, shots, limited,
        stocked, released, rates, counted_classes(entities.threats), level,
        contact_probabilities(entities.engagement, level, entities.regions.shape[0]),
    )  # fmt: skip


@kernel
def defence_parameters(entities: EntityRecords, links: Links, plan: DecisionArrays) -> DefenceParameters:
    """Return the parameters of the defence in one future."""
    threats = entities.threats.shape[0]
    engagement, engagement_cv = np.empty(threats), np.empty(threats)
    for k in range(threats):
        engagement[k], engagement_cv[k] = entities.threats[k].engagement, entities.threats[k].engagement_cv
    doctrine = Doctrine(engagement, engagement_cv, np.zeros(threats), plan.max_shots, plan.salvo)
    return DefenceParameters(
        entities.threats, entities.engagement, entities.posts, doctrine, plan.value, plan.by_value[0] == 1,
        SMOOTHING, links.region_order,
    )  # fmt: skip


@kernel
def initial_state(
    entities: EntityRecords, links: Links, plan: DecisionArrays, keys: StreamKeys, released: Floats, future: int
) -> State:
    """Return the state before the first day, given the release days (designs, blocks)."""
    days, blocks = links.month_of.shape[0], released.shape[1]
    designs, regions, plants = entities.designs.shape[0], entities.regions.shape[0], entities.plants.shape[0]
    crews = initial_crews(int(entities.crews[0].initial + 0.5), int(entities.kits[0].initial + 0.5), days, regions)
    sorties = max(1.0, min(crews.trained[0], crews.kits[0]) * entities.crews[0].on_duty)
    layer_stock = np.zeros(entities.layers.shape[0])
    for layer in range(1, entities.layers.shape[0]):
        layer_stock[layer] = entities.layers[layer].stock
    use = plan.crew_weight / plan.crew_weight.sum() * sorties
    return State(
        initial_outages(entities.suppliers, keys, SUPPLIER, future, True),
        initial_outages(entities.causes, keys, CAUSE, future, False),
        initial_outages(entities.lanes, keys, LANE, future, True),
        initial_part_stocks(entities.suppliers, plan.sourcing, plants, links.bill.shape[1], days),
        initial_plant_state(entities.gates, entities.plants, entities.countries, links, plan, blocks),
        initial_unit_stocks(use, entities.lanes.shape[0], designs, blocks, days),
        crews,
        layer_stock,
        initial_lots(entities.lots, keys, future),
        np.zeros(regions),
        np.zeros(entities.makers.shape[0]),
    )
