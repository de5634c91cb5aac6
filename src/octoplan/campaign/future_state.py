"""What a future consists of: its model, its state from day to day, and the state on the first day."""

import numpy as np

from octoplan.campaign.compiled import by_reference, kernel, structure
from octoplan.campaign.crew_queue import Doctrine
from octoplan.campaign.crews import CrewState, initial_crews
from octoplan.campaign.defence import DefenceParameters
from octoplan.campaign.delivery import UnitStocks, initial_unit_stocks
from octoplan.campaign.production import PlantState, initial_plant_state
from octoplan.campaign.routes import Routes, routes
from octoplan.campaign.streams import CAUSE, LANE, SUPPLIER
from octoplan.campaign.supply import OutageState, PartStocks, initial_outages, initial_part_stocks
from octoplan.campaign.tally import Tally
from octoplan.scenario.arrays import ArrivalProcess, EntityRecords, Floats, Ints, Keys, Links, Plan

SMOOTHING = 1.0 / 28.0
"""Weight of today in the exponentially smoothed use of units, by which days of cover are counted."""

EntityReference, LinksReference, PlanReference, TallyReference = (
    by_reference(EntityRecords),
    by_reference(Links),
    by_reference(Plan),
    by_reference(Tally),
)
"""The same classes by reference, as kernels pass them on."""


@structure
class Constants:
    """What does not change from day to day in one future.

    routes
        The network of corridors.
    defence
        The parameters of the defence.
    p_recover
        (designs,) probability that a unit without contact is recovered.
    design
        (cohorts,) design of each cohort.
    shots
        (layers, threats) shots of one engagement.
    limited, stocked
        (layers,) 1 where engagements a region-day, or shots, can run out.
    released
        (designs, blocks) day of each release.
    rates
        (days, currencies) price of one unit of each currency.
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


@structure
class Model:
    """One future of a scenario: entities with their assumptions, structure, decisions, streams and constants."""

    entities: EntityRecords
    arrivals: ArrivalProcess
    links: Links
    plan: Plan
    keys: Keys
    constants: Constants


@structure
class State:
    """Everything that lasts from one day to the next.

    layer_stock
        (layers,) shots left in the country.
    power_until
        (regions,) day until which the power is out.
    makers_carry
        (makers,) fraction of a unit carried over from yesterday.
    """

    suppliers: OutageState
    causes: OutageState
    lanes: OutageState
    parts: PartStocks
    plants: PlantState
    units: UnitStocks
    crews: CrewState
    layer_stock: Floats
    power_until: Floats
    makers_carry: Floats


@structure
class Branch:
    """A future with the programme, or the same future without it: its state and its tally.

    programme
        Whether the plants of the programme take part.
    """

    state: State
    tally: Tally
    programme: bool


@kernel
def constants_of_future(
    entities: EntityRecords, links: Links, plan: Plan, released: Floats, rates: Floats
) -> Constants:
    """The constants of one future, given the days of the releases and the exchange rates."""
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
    return Constants(
        routes(entities.corridors, links), defence_parameters(entities, links, plan), p_recover, design, shots, limited,
        stocked, released, rates,
    )  # fmt: skip


@kernel
def defence_parameters(entities: EntityRecords, links: Links, plan: Plan) -> DefenceParameters:
    """The parameters of the defence in one future."""
    regions, threats = entities.regions.shape[0], entities.threats.shape[0]
    p_contact = np.empty((regions, threats))
    engagement, engagement_cv = np.empty(threats), np.empty(threats)
    for k in range(threats):
        engagement[k], engagement_cv[k] = entities.threats[k].engagement, entities.threats[k].engagement_cv
        for r in range(regions):
            p_contact[r, k] = entities.engagement[k * regions + r].p_contact
    doctrine = Doctrine(engagement, engagement_cv, p_contact[0], plan.max_shots, plan.salvo)
    return DefenceParameters(
        entities.threats, entities.engagement, entities.posts, p_contact, doctrine, plan.value, plan.by_value[0] == 1,
        SMOOTHING, links.region_order,
    )  # fmt: skip


@kernel
def initial_state(
    entities: EntityRecords, links: Links, plan: Plan, keys: Keys, released: Floats, future: int
) -> State:
    """The state before the first day, given the days of the releases, (designs, blocks)."""
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
        np.zeros(regions),
        np.zeros(entities.makers.shape[0]),
    )
