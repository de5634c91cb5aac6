"""The second stage of the linear programme: production, parts, delivery, crews and losses in one future.

In the simulation a plant produces the units requested whenever it can, even if they turn out not to be needed. In the
linear programme a unit requested but not produced therefore costs slightly more than a unit produced, so that leaving a
plant idle never reduces cost.

Each kind of part has a single stock for all plants, supplied by its suppliers in proportion to their sourcing weights.
The workforce follows the units requested, as fast as workers can be hired. Units are counted in hundreds, crews and
kits in tens, money in millions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from octoplan.plan.constraints import UnitCosts
from octoplan.plan.fixed_costs import calendar_windows, in_service_by_window, window_index
from octoplan.plan.fixed_decisions import LINE_WINDOWS, OUTPUT_WINDOWS, FixedDecisions, shifted_windows
from octoplan.plan.goals import Goals
from octoplan.plan.parameters import DAYS_PER_MONTH, Parameters, serving_share
from octoplan.plan.response_surface import ResponseSurface
from octoplan.plan.solver.builder import Builder
from octoplan.plan.solver.two_stage import Flags, Floats, Ints
from octoplan.plan.units import CREW_SCALE, MONEY_SCALE, UNIT_SCALE

REQUIRED_SHORTAGE_PRICE_RATIO, REQUIRED_THREAT_PRICE = 100.0, 5e6
"""Penalty per unit short of a required target, as a multiple of the unit cost; per threat short of one, in money."""

UNFILLED_COST_RATIO = 1.05
"""Cost of a unit requested but not produced relative to a unit produced, and of a part ordered but not shipped relative
to a part shipped; above 1, so that units are produced and parts are shipped whenever possible."""

THREATS_PER_MILLION = 0.01
"""Threats stopped that are worth a million of money if the objective is most-stopped; small, so that cost only breaks
ties."""


@dataclass(frozen=True)
class Formulation:
    """A linear programme under construction, and its inputs.

    hours, yields
        (s, p, t) labour hours of a started unit; share of started units that are good.
    """

    builder: Builder
    parameters: Parameters
    goals: Goals
    fixed: FixedDecisions
    hours: Floats
    yields: Floats

    @property
    def months(self) -> int:
        """Number of months planned."""
        return int(self.parameters.since_opening.shape[2])

    @property
    def unit_costs(self) -> UnitCosts:
        """Cost and labour hours per good unit, and the window of output decisions that contains each month."""
        window = in_window(
            self.parameters, shifted_windows(OUTPUT_WINDOWS, 0, self.fixed.months), self.fixed.output_free_from
        )  # fmt: skip
        return UnitCosts(unit_cost(self.parameters, self.hours, self.yields), self.hours / self.yields, window)


def in_window(parameters: Parameters, windows: tuple[int, ...], first_free: Ints) -> Floats:
    """(s, p, t, windows) 1 if the plant is open and the month is in the window, else 0.

    windows, first_free
        First months of the windows; (p,) month since opening from which they are counted.
    """
    since_opening = parameters.since_opening - first_free[:, None]
    index = window_index(windows, np.maximum(since_opening, 0))[..., None] == np.arange(len(windows))
    return np.asarray(index & ((since_opening >= 0) & (parameters.since_opening >= 0))[..., None], float)


def unit_cost(parameters: Parameters, hours: Floats, yields: Floats) -> Floats:
    """(s, p, t) undiscounted cost of a good unit, in money: parts, labour and royalty, with optimism bias.

    Parts whose orders are all stated in decisions.toml are excluded, because their cost does not depend on the units
    requested.
    """
    _, all_fixed = parameters.stated_orders
    parts = np.einsum("stn,pn->spt", parameters.price * ~all_fixed, parameters.bill)
    labour = parameters.plant_money("labour_rate") * hours
    cost: Floats = ((parts + labour) / yields + parameters.plant_money("royalty")) * parameters.uplift[:, None, None]
    return cost


def add_production(formulation: Formulation, unit_costs: UnitCosts) -> tuple[Ints, Ints]:
    """Add units requested, and units produced within requests, lines and labour.

    Returns the columns ``produced`` and ``requested``, (p, t) each.
    """
    builder, parameters, fixed = formulation.builder, formulation.parameters, formulation.fixed
    shape = parameters.since_opening.shape[1:]
    discount, scale = parameters.discount[:, None], UNIT_SCALE / MONEY_SCALE
    labour = parameters.plant_money("labour_rate") * unit_costs.hours + parameters.plant_money("royalty")
    labour = labour * parameters.uplift[:, None, None]
    produced = builder.second_stage_columns("produced", shape, cost=labour * discount * scale)
    requested = builder.second_stage_columns("requested", shape)
    by_fixed = fixed.output(parameters.since_opening) * parameters.open_share / UNIT_SCALE
    rows = builder.second_stage_rows("requested", shape, low=by_fixed, high=by_fixed)
    builder.add_terms("recourse", rows, requested, 1.0)
    output = builder.x.blocks["output"][:, None, :]
    builder.add_terms("technology", rows[..., None], output, -unit_costs.window * parameters.open_share[..., None])
    shortfall = builder.second_stage_columns(
        "not produced", shape, cost=UNFILLED_COST_RATIO * unit_costs.cost * discount * scale
    )
    rows = builder.second_stage_rows("balance of requests", shape, low=0.0, high=0.0)
    builder.add_terms("recourse", rows, produced, 1.0)
    builder.add_terms("recourse", rows, shortfall, 1.0)
    builder.add_terms("recourse", rows, requested, -1.0)
    per_line = parameters.plant("line_rate")[..., None] * parameters.up_days * formulation.yields / UNIT_SCALE
    rows = builder.second_stage_rows("lines", shape, high=per_line * fixed.lines(parameters.since_opening))
    builder.add_terms("recourse", rows, produced, 1.0)
    by_window = in_window(parameters, shifted_windows(LINE_WINDOWS, 0, fixed.months), fixed.lines_free_from)
    lines = builder.x.blocks["lines"][:, None, :]
    builder.add_terms("technology", rows[..., None], lines, -by_window * per_line[..., None])
    add_workforce(formulation, produced, requested)
    return produced, requested


def add_workforce(formulation: Formulation, produced: Ints, requested: Ints) -> None:
    """Limit production by labour: by the workers at the end of the previous month and half of those hired in the month.

    As in the simulation, the workforce follows the units requested: at most ``hire_rate`` workers are hired a day.
    Workers who are not needed leave; those of the initial workforce leave at the same daily rate.
    """
    builder, parameters, runs = formulation.builder, formulation.parameters, formulation.parameters.runs
    shape, since_opening = parameters.since_opening.shape[1:], parameters.since_opening
    opens = (since_opening == 0) | ((since_opening > 0) & (np.arange(shape[1]) == 0))
    initial_workers = np.where(parameters.months_open > 0, runs.initial_stock("heads"), parameters.plant("heads"))[
        ..., None
    ]
    days = parameters.open_share * runs.days
    hired = parameters.plant("hire_rate")[..., None] * days
    units_a_day = parameters.plant("hours_per_head")[..., None] / formulation.hours * formulation.yields / UNIT_SCALE
    workers = builder.second_stage_columns("workers", shape)
    capacity = units_a_day * parameters.up_days
    rows = builder.second_stage_rows("labour", shape, high=capacity * (opens * initial_workers + 0.5 * hired))
    builder.add_terms("recourse", rows, produced, 1.0)
    builder.add_terms("recourse", rows[:, 1:], workers[:, :-1], -(capacity * ~opens)[:, :, 1:] * CREW_SCALE)
    rows = builder.second_stage_rows("hiring", shape, high=(opens * initial_workers + hired) / CREW_SCALE)
    builder.add_terms("recourse", rows, workers, 1.0)
    builder.add_terms("recourse", rows[:, 1:], workers[:, :-1], -1.0 * ~opens[:, :, 1:])
    remaining = np.maximum(0.0, initial_workers - np.cumsum(hired, 2)) * (since_opening >= 0)
    rows = builder.second_stage_rows("workers needed", shape, high=units_a_day * days * remaining)
    builder.add_terms("recourse", rows, workers, units_a_day * days * CREW_SCALE)
    builder.add_terms("recourse", rows, requested, -1.0)


@dataclass(frozen=True)
class PartBlocks:
    """Columns and rows of parts, (t, n) each.

    bought, unfilled, position
        Columns of parts bought, orders that no supplier can ship yet, and the stock position.
    stock_rows, position_rows
        Rows of the balances of stock and of the stock position.
    """

    bought: Ints
    unfilled: Ints
    stock_rows: Ints
    position: Ints
    position_rows: Ints


def add_parts(formulation: Formulation, produced: Ints, requested: Ints) -> None:
    """Add parts: purchases within the capacity of suppliers, arrivals after the lead time, and use in units started.

    The stock position (on hand and on order) is at least the base stock of the ordering policy, which depends on the
    units requested. Orders that no supplier can ship yet count towards the position, at a slightly higher price. Orders
    in decisions.toml are fixed; if all orders of a part are stated there, no other orders are placed.
    """
    blocks = add_part_balance(formulation)
    add_lead_times(formulation, blocks)
    fix_stated_orders(formulation, blocks)
    builder, parameters = formulation.builder, formulation.parameters
    _, all_fixed = parameters.stated_orders
    bill, months = parameters.bill, produced.shape[1]
    base_stock_rows = builder.second_stage_rows(
        "base stock", blocks.position.shape, low=np.where(all_fixed, -np.inf, 0.0)
    )
    builder.add_terms("recourse", base_stock_rows, blocks.position, 1.0)
    started_per_good = (1.0 / formulation.yields).mean(0)
    started_when_mature = 1.0 / np.maximum(parameters.plant("yield_mature").mean(0), 0.01)
    for p in range(len(bill)):
        for n in np.flatnonzero(bill[p]).tolist():
            for rows in (blocks.stock_rows, blocks.position_rows):
                builder.add_terms("recourse", rows[:, n], produced[p], bill[p, n] * started_per_good[p])
            if parameters.base_stock_months[n] > 0.0:
                months_ahead = min(round(parameters.base_stock_months[n]), months - 1)
                stock_need = -parameters.base_stock_months[n] * bill[p, n] * started_when_mature[p]
                builder.add_terms(
                    "recourse", base_stock_rows[: months - months_ahead, n], requested[p, months_ahead:], stock_need
                )
                for month in range(months - months_ahead, months):  # as in the simulation, not beyond the last day
                    builder.add_terms("recourse", base_stock_rows[month, n], requested[p, -1], stock_need)


def add_part_balance(formulation: Formulation) -> PartBlocks:
    """Add monthly balances of stock and stock position of each part; consumption is added by ``add_parts``."""
    builder, parameters, runs = formulation.builder, formulation.parameters, formulation.parameters.runs
    shape = (formulation.months, parameters.bill.shape[1])
    price = (
        parameters.price * parameters.uplift[:, None, None] * parameters.discount[..., None] * UNIT_SCALE / MONEY_SCALE
    )
    bought = builder.second_stage_columns("bought", shape, cost=price)
    unfilled = builder.second_stage_columns("unfilled", shape, cost=UNFILLED_COST_RATIO * price)
    stock = builder.second_stage_columns("part stock", shape)
    position = builder.second_stage_columns("stock position", shape)
    rows = builder.second_stage_rows("supply", shape, high=parameters.supply / UNIT_SCALE)
    builder.add_terms("recourse", rows, bought, 1.0)
    on_hand, on_order = (runs.initial_stock(name).sum(1)[:, None] / UNIT_SCALE for name in ("part_stock", "part_due"))
    is_first_month = (np.arange(formulation.months) == 0)[:, None]
    arriving = on_order * arrival_share(parameters.lead_months, formulation.months)
    stock_rows = builder.second_stage_rows(
        "parts", shape, low=is_first_month * on_hand + arriving, high=is_first_month * on_hand + arriving
    )  # fmt: skip
    position_rows = builder.second_stage_rows(
        "stock position", shape, low=is_first_month * (on_hand + on_order), high=is_first_month * (on_hand + on_order)
    )  # fmt: skip
    for block, level in ((stock_rows, stock), (position_rows, position)):
        builder.add_terms("recourse", block, level, 1.0)
        builder.add_terms("recourse", block[1:], level[:-1], -1.0)
    builder.add_terms("recourse", position_rows, bought, -1.0)
    builder.add_terms("recourse", position_rows, unfilled, -1.0)
    return PartBlocks(bought, unfilled, stock_rows, position, position_rows)


def add_lead_times(formulation: Formulation, blocks: PartBlocks) -> None:
    """Add arrivals of parts after their mean lead time, interpolated between the two adjacent whole months."""
    lead_months = formulation.parameters.lead_months
    whole_months = np.floor(lead_months).astype(np.int64)
    for n in range(len(lead_months)):
        for months_waited, share in (
            (whole_months[n], 1.0 - lead_months[n] + whole_months[n]),
            (whole_months[n] + 1, lead_months[n] - whole_months[n]),
        ):
            if months_waited < formulation.months and share > 0.0:
                arrivals, orders = (
                    blocks.stock_rows[months_waited:, n],
                    blocks.bought[: formulation.months - months_waited, n],
                )
                formulation.builder.add_terms("recourse", arrivals, orders, -share)


def fix_stated_orders(formulation: Formulation, blocks: PartBlocks) -> None:
    """Fix the orders stated in decisions.toml; if all orders of a part are stated, no other orders are allowed."""
    stated, all_fixed = formulation.parameters.stated_orders
    stated = stated.sum(0)
    cells = np.nonzero(all_fixed | (stated > 0.0))
    orders = stated[cells] / UNIT_SCALE
    rows = formulation.builder.second_stage_rows(
        "stated orders", (len(orders),), low=orders, high=np.where(all_fixed[cells], orders, np.inf)
    )
    formulation.builder.add_terms("recourse", rows, blocks.bought[cells], 1.0)
    formulation.builder.add_terms("recourse", rows, blocks.unfilled[cells], 1.0)


def arrival_share(lead_months: Floats, months: int) -> Floats:
    """(t, n) share of the parts on order at the start that arrive in each month, uniformly over the mean lead time.

    lead_months
        (n,) mean lead time in months.
    """
    cumulative_share = np.minimum(1.0, np.arange(months + 1)[:, None] / np.maximum(lead_months, 1e-9))
    return np.diff(cumulative_share, axis=0)


def add_delivery(formulation: Formulation, produced: Ints) -> None:
    """Add stocks at plants, shipments to the regions within the capacity of lanes, and losses in transit."""
    builder, parameters, runs = formulation.builder, formulation.parameters, formulation.parameters.runs
    plants, months = produced.shape
    links = runs.compiled.links
    arcs = [(p, lane) for p in range(plants) for lane in links.plant_lanes[p].tolist() if lane >= 0]
    lanes = np.array([lane for _, lane in arcs], np.int64)
    freight = parameters.freight[:, :, lanes].transpose(0, 2, 1) * parameters.uplift[:, None, None]
    freight = freight * parameters.discount[:, None]
    shipped = builder.second_stage_columns("shipped", (len(arcs), months), cost=freight * UNIT_SCALE / MONEY_SCALE)
    plant_stock = builder.second_stage_columns("plant stock", (plants, months))
    is_first_month = np.arange(months) == 0
    at_plant = runs.initial_stock("plant_stock")[..., None] * is_first_month / UNIT_SCALE
    rows = builder.second_stage_rows("plant stock", (plants, months), low=at_plant, high=at_plant)
    builder.add_terms("recourse", rows, plant_stock, 1.0)
    builder.add_terms("recourse", rows[:, 1:], plant_stock[:, :-1], -1.0)
    builder.add_terms("recourse", rows, produced, -1.0)
    for a, (p, _) in enumerate(arcs):
        builder.add_terms("recourse", rows[p], shipped[a], 1.0)
    capacity = runs.draws("lanes", "capacity")[:, None] * parameters.lane_days / UNIT_SCALE
    rows = builder.second_stage_rows("lanes", (parameters.freight.shape[2], months), high=capacity.transpose(0, 2, 1))
    for a, lane in enumerate(lanes.tolist()):
        builder.add_terms("recourse", rows[lane], shipped[a], 1.0)
    add_regional_stock(formulation, shipped, arcs)


def add_regional_stock(formulation: Formulation, shipped: Ints, arcs: Sequence[tuple[int, int]]) -> None:
    """Add the balance of units in the regions: units arrive, some of them a month late, and are used or kept in stock.

    shipped, arcs
        (arcs, t) columns of units shipped, with an arc for each plant and lane; plant and lane of each arc.
    """
    builder, runs, months = formulation.builder, formulation.parameters.runs, formulation.months
    compiled = runs.compiled
    used = builder.second_stage_columns("used", (months,))
    stock = builder.second_stage_columns("stock", (months,))
    programme = np.isin(np.arange(len(compiled.names.designs)), compiled.template.plants["design"])
    units = (runs.initial_stock("stock").sum(1) + runs.initial_stock("transit"))[:, programme].sum(1)[:, None]
    initial_stock = units * (np.arange(months) == 0) / UNIT_SCALE
    rows = builder.second_stage_rows("units", (months,), low=initial_stock, high=initial_stock)
    builder.add_terms("recourse", rows, stock, 1.0)
    builder.add_terms("recourse", rows[1:], stock[:-1], -1.0)
    builder.add_terms("recourse", rows, used, 1.0)
    late_share = np.minimum(1.0, runs.draws("lanes", "transit").mean(0) / DAYS_PER_MONTH)
    serving = serving_share(runs)
    for a, (plant, lane) in enumerate(arcs):
        builder.add_terms("recourse", rows, shipped[a], -serving[plant, lane] * (1.0 - late_share[lane]))
        if late_share[lane] > 0.0:
            builder.add_terms("recourse", rows[1:], shipped[a, :-1], -serving[plant, lane] * late_share[lane])


def add_defence(formulation: Formulation, surface: ResponseSurface) -> None:
    """Add equipped crews, units used and losses avoided, limited by the response surface."""
    builder, parameters, months = formulation.builder, formulation.parameters, formulation.months
    used = builder.y.blocks["used"]
    equipped_crews = builder.second_stage_columns("equipped", (months,))
    for name, block, in_service, per_start in (
        ("crews", "intake", parameters.crews, parameters.crews_per_intake),
        ("kits", "kits", parameters.kits, parameters.kits_per_order),
    ):
        starts = formulation.fixed.intake_or_orders(name, parameters.runs.first_month)
        rows = builder.second_stage_rows(
            name, (months,), high=(in_service + np.einsum("b,sbt->st", starts, per_start)) / CREW_SCALE
        )  # fmt: skip
        builder.add_terms("recourse", rows, equipped_crews, 1.0)
        by_window = in_service_by_window(
            per_start, calendar_windows(name, formulation.fixed), parameters.runs.first_month
        )
        builder.add_terms("technology", rows[:, None], builder.x.blocks[block][None, :], -by_window)
    losses_avoided = builder.second_stage_columns("losses avoided", (months,), lower=-np.inf, cost=-parameters.discount)
    limit_savings(formulation, surface, "losses avoided", losses_avoided, MONEY_SCALE)
    crew_nights = surface.nights_per_crew[..., None] * CREW_SCALE
    limit = surface.threats[..., None] * surface.use_planes[:, None, :, 0] / UNIT_SCALE
    rows = builder.second_stage_rows("units used", (months, surface.use_planes.shape[1]), high=limit)
    builder.add_terms("recourse", rows, used[:, None], 1.0)
    builder.add_terms(
        "recourse", rows, equipped_crews[:, None], -surface.use_planes[:, None, :, 1] * crew_nights / UNIT_SCALE
    )


def limit_savings(formulation: Formulation, surface: ResponseSurface, name: str, column: Ints, scale: float) -> None:
    """Limit savings by each plane of the response surface, a function of equipped crews and units used.

    column, scale
        (t,) columns of the savings; size of their unit, in money or in threats.
    """
    builder, months = formulation.builder, formulation.months
    used, equipped_crews = builder.y.blocks["used"], builder.y.blocks["equipped"]
    constant = (surface.threats[..., None] * surface.planes[:, None, :, 0] + surface.offsets[..., None]) / scale
    rows = builder.second_stage_rows(name, (months, surface.planes.shape[1]), high=constant)
    builder.add_terms("recourse", rows, column[:, None], 1.0)
    crew_nights = surface.nights_per_crew[..., None] * CREW_SCALE
    builder.add_terms("recourse", rows, equipped_crews[:, None], -surface.planes[:, None, :, 1] * crew_nights / scale)
    per_unit = surface.planes[:, None, :, 2] * np.ones((months, 1)) * UNIT_SCALE / scale
    builder.add_terms("recourse", rows, used[:, None], -per_unit)


def add_target_shortfall(
    formulation: Formulation, produced: Ints, unit_costs: UnitCosts, exempt_futures: Flags | None
) -> None:
    """Add units short of the target at a penalty; no units are due in an exempt future."""
    target, builder, months = formulation.goals.target, formulation.builder, formulation.months
    if target is None:
        return
    price = target.price
    if formulation.goals.confidence is not None:
        price = max(price, REQUIRED_SHORTAGE_PRICE_RATIO * float(unit_costs.cost.mean()))
    column = builder.second_stage_columns(
        "shortfall", (months,), upper=target.rate / UNIT_SCALE, cost=price * UNIT_SCALE / MONEY_SCALE
    )  # fmt: skip
    month = np.arange(months) + formulation.parameters.runs.first_month
    due = np.where(month >= target.month, target.rate / UNIT_SCALE, 0.0) * goal_indicator(formulation, exempt_futures)
    rows = builder.second_stage_rows("target", (months,), low=due)
    builder.add_terms("recourse", rows, produced, 1.0)
    builder.add_terms("recourse", rows, column, 1.0)


def goal_indicator(formulation: Formulation, exempt_futures: Flags | None) -> Floats:
    """(s, 1) 0 in exempt futures; 1 in the others, in which the target and the share of threats stopped apply."""
    indicator = (
        np.ones(len(formulation.parameters.since_opening))
        if exempt_futures is None
        else (~exempt_futures).astype(float)
    )
    return indicator[:, None]


def add_threats_stopped(formulation: Formulation, surface: ResponseSurface, exempt_futures: Flags | None) -> None:
    """Add threats stopped by interceptors: as the objective, as a share to be reached, or both.

    surface
        Response surface of threats stopped.
    """
    builder, goals = formulation.builder, formulation.goals
    if goals.objective == "most-stopped":
        builder.y.cost = [THREATS_PER_MILLION / UNIT_SCALE * cost for cost in builder.y.cost]
    column = builder.second_stage_columns(
        "threats stopped", (formulation.months,), lower=-np.inf, cost=-1.0 * (goals.objective == "most-stopped")
    )
    limit_savings(formulation, surface, "threats stopped", column, UNIT_SCALE)
    if goals.stopped_share is not None:
        launched = formulation.parameters.runs.tally("launched").sum((1, 2, 3))
        due = (goals.stopped_share * launched - (launched - surface.losses_without_interceptors.sum(1)))[
            :, None
        ] / UNIT_SCALE
        relaxation = np.where(goal_indicator(formulation, exempt_futures) > 0.0, 0.0, np.inf)
        shortfall = builder.second_stage_columns(
            "stop shortfall", (1,), cost=REQUIRED_THREAT_PRICE * UNIT_SCALE / MONEY_SCALE
        )
        row = builder.second_stage_rows("share stopped", (1,), low=due - relaxation)
        builder.add_terms("recourse", row, column, 1.0)
        builder.add_terms("recourse", row[0], shortfall, 1.0)
