"""Simulation of one day, with and without the programme: supply, production, delivery, crews and the raid."""

from octoplan.campaign.accounts import check_unit_accounts, tally_stocks
from octoplan.campaign.compiled import kernel
from octoplan.campaign.crews import advance_crews, available_crews, draw_weather, pay_crews, start_training
from octoplan.campaign.delivery import DeliveryTally, deliver_other_makers, dispatch, receive_units
from octoplan.campaign.future_state import Branch, Model, State, day_ledger
from octoplan.campaign.known_state import apply_known_crews, apply_known_units
from octoplan.campaign.layer_levels import readiness_shift, shift_logit
from octoplan.campaign.money import Ledger
from octoplan.campaign.production import ProductionTally, order_parts, produce
from octoplan.campaign.raid_day import simulate_raids
from octoplan.campaign.resupply import resupply
from octoplan.campaign.streams import CAUSE, LANE, SUPPLIER, Moment
from octoplan.campaign.supply import SupplyTally, advance_outages, available_suppliers, receive_parts, ship_parts
from octoplan.scenario.arrays import EntityRecords, Ints


@kernel
def delivery_tally(model: Model, branch: Branch) -> DeliveryTally:
    """Return the delivery tallies of a branch."""
    tally = branch.tally
    return DeliveryTally(
        tally.sent, tally.delivered, tally.lane_down, tally.received, tally.diverted, model.links.tally_row
    )


@kernel
def advance_all_outages(entities: EntityRecords, state: State, moment: Moment) -> None:
    """Advance the outages of suppliers, common causes and lanes to the start of a day."""
    advance_outages(entities.suppliers, SUPPLIER, moment, state.suppliers)
    advance_outages(entities.causes, CAUSE, moment, state.causes)
    advance_outages(entities.lanes, LANE, moment, state.lanes)


@kernel
def advance_programme(model: Model, branch: Branch, ledger: Ledger, moment: Moment) -> None:
    """Simulate one day of the programme: order, ship and receive parts; produce, receive and dispatch units."""
    entities, links, plan, released = model.entities, model.links, model.plan, model.constants.released
    tally, state, day = branch.tally, branch.state, moment.day
    plants, parts, units = state.plants, state.parts, state.units
    up = available_suppliers(links.supplier_causes, state.suppliers, state.causes)
    order_parts(entities.plants, entities.suppliers, links, plan, plants, parts, up, day)
    supply_tally = SupplyTally(tally.part_shipped, tally.part_sold, tally.supplier_down)
    ship_parts(entities.suppliers, plants.payer, parts, up, ledger, supply_tally, moment)
    receive_parts(parts, day)
    production_tally = ProductionTally(
        tally.made, tally.good, tally.hours_paid, tally.hours_worked, tally.plant_limit, tally.plant_down
    )
    produce(
        entities.plants, links.bill, plants, parts, units.produced, units.scrapped, released, state.power_until, ledger,
        production_tally, moment,
    )  # fmt: skip
    deliveries = delivery_tally(model, branch)
    receive_units(deliveries, units, day)
    dispatch(
        entities.plants, entities.lanes, entities.service, links.plant_lanes, plan.dispatch_weight, plants.stock, units,
        state.lanes, ledger, deliveries, moment,
    )  # fmt: skip


@kernel
def advance_training(model: Model, state: State, moment: Moment) -> tuple[int, int]:
    """Advance crews and kits by one day; return crew intake and kits ordered, 0 except on the first of a month."""
    links, plan, entities, day = model.links, model.plan, model.entities, moment.day
    month = links.month_of[day]
    intake = kit_order = 0
    if day == 0 or links.month_of[day - 1] != month:
        intake, kit_order = plan.intake[month], plan.kit_orders[month]
        start_training(entities.crews, entities.kits, state.crews, moment, intake, kit_order)
    advance_crews(entities.crews, entities.kits, state.crews, moment)
    return intake, kit_order


@kernel
def advance_non_programme_flows(
    model: Model, branch: Branch, ledger: Ledger, trained: int, intake: int, kit_order: int, moment: Moment
) -> None:
    """Simulate deliveries of other makers, crew costs and resupply of layers, which do not depend on the programme.

    trained, intake, kit_order
        Crews in service, crews that start training, and kits ordered on the day.
    """
    entities, state = model.entities, branch.state
    deliver_other_makers(
        entities.makers, model.plan.dispatch_weight, ledger, delivery_tally(model, branch), state.units,
        model.constants.released, entities.service, state.makers_carry, moment.day,
    )  # fmt: skip
    pay_crews(entities.crews, entities.kits, ledger, trained, intake, kit_order)
    resupply(entities.layers, entities.lots, state.layer_stock, state.lots, moment)


@kernel
def apply_known_state(model: Model, branch: Branch, day: int) -> None:
    """Set plants, parts and units of a branch to the known state at the start of a day."""
    state = branch.state
    apply_known_units(
        model.entities, model.plan.dispatch_weight, model.links.known_state, state.plants, state.parts, state.units,
        model.constants.released, branch.programme, day,
    )  # fmt: skip


@kernel
def advance(model: Model, branch: Branch, counterfactual: Branch, compared: bool, count: Ints, moment: Moment) -> None:
    """Simulate one day, and the same day without the programme in the branch ``counterfactual``.

    A known state at the start of the next day is applied at the end of this day, so that the closing stocks of a month
    equal the opening stocks of the next.

    compared
        Whether to simulate the counterfactual.
    count
        (packages,) number of threats.
    """
    entities, links, state, day = model.entities, model.links, branch.state, moment.day
    known = links.known_state.day[0] == day + 1
    ledger = day_ledger(model, branch.tally, day)
    advance_all_outages(entities, state, moment)
    if branch.programme:
        advance_programme(model, branch, ledger, moment)
    intake, kit_order = advance_training(model, state, moment)
    trained = state.crews.trained[0]
    advance_non_programme_flows(model, branch, ledger, trained, intake, kit_order, moment)
    draw_weather(entities.regions, moment, links.winter_weight[day], state.crews.grounded)
    on_duty = shift_logit(entities.crews[0].on_duty, readiness_shift(entities.readiness, 0, count.sum()))
    crews = available_crews(state.crews, model.plan.crew_weight, on_duty, moment)
    branch.tally.crews_available[ledger.row] += crews.sum()
    if compared:
        ledger = day_ledger(model, counterfactual.tally, day)
        advance_non_programme_flows(model, counterfactual, ledger, trained, intake, kit_order, moment)
    simulate_raids(model, branch.raids, counterfactual.raids, compared, crews, count, moment)
    if known:
        tomorrow = Moment(moment.keys, moment.future, day + 1)
        apply_known_crews(entities.crews, entities.kits, links.known_state, state.crews, tomorrow)
        apply_known_state(model, branch, day + 1)
    check_unit_accounts(model, branch, branch.tally.imbalance)
    tally_stocks(model, branch, day)
    if compared:
        if known:
            apply_known_state(model, counterfactual, day + 1)
        check_unit_accounts(model, counterfactual, branch.tally.imbalance)
