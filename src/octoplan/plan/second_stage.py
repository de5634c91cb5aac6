"""The second stage of the linear programme: production, parts, delivery, crews and losses in one future.

In the simulation a plant produces the units requested whenever it can, even if they turn out not to be needed. In the
linear programme a unit requested but not produced therefore costs slightly more than a unit produced, so that leaving a
plant idle never reduces cost.

Each kind of part has a single stock for all plants, supplied by its suppliers in proportion to their sourcing weights.
The workforce follows the units requested, as fast as workers can be hired. Units are counted in hundreds, crews and
kits in tens, money in millions.
"""

from dataclasses import dataclass

import numpy as np

from octoplan.plan.constraints import UnitFigures
from octoplan.plan.fixed_costs import calendar_windows, flow_by_window, window_index
from octoplan.plan.fixed_decisions import LINE_WINDOWS, OUTPUT_WINDOWS, FixedDecisions, windows_from
from octoplan.plan.goals import Goals
from octoplan.plan.parameters import MONTH, Parameters
from octoplan.plan.response_surface import ResponseSurface
from octoplan.plan.solver.builder import Builder
from octoplan.plan.solver.two_stage import Flags, Floats, Ints
from octoplan.plan.units import CREW, MONEY, UNIT

FIRM_SHORTAGE, FIRM_THREAT = 100.0, 5e6
"""Price of a unit short, as a multiple of the unit cost, and of a threat short, in money, if the goal is required."""

UNFILLED = 1.05
"""Cost of a unit requested but not produced, or a part ordered but not shipped, relative to one produced or shipped;
above 1, so that units and parts are produced whenever possible."""

THREATS_PER_MILLION = 0.01
"""Weight of a million of money, in threats, if the objective is most-stopped; small, to break ties by cost."""


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
        return int(self.parameters.since.shape[2])

    @property
    def unit(self) -> UnitFigures:
        """Cost and hours per good unit, and the window of output decisions of each month."""
        window = in_window(
            self.parameters, windows_from(OUTPUT_WINDOWS, 0, self.fixed.months), self.fixed.output_from
        )  # fmt: skip
        return UnitFigures(unit_cost(self.parameters, self.hours, self.yields), self.hours / self.yields, window)


def in_window(parameters: Parameters, windows: tuple[int, ...], free: Ints) -> Floats:
    """(s, p, t, windows) 1 if the plant is open and the month is in the window counted from month ``free``, else 0."""
    since = parameters.since - free[:, None]
    index = window_index(windows, np.maximum(since, 0))[..., None] == np.arange(len(windows))
    return np.asarray(index & ((since >= 0) & (parameters.since >= 0))[..., None], float)


def unit_cost(parameters: Parameters, hours: Floats, yields: Floats) -> Floats:
    """(s, p, t) undiscounted cost of a good unit, in money: parts, labour and royalty, with optimism bias.

    Parts whose orders are all fixed are excluded, because they are paid for regardless of the units requested.
    """
    _, all_fixed = parameters.stated_orders
    parts = np.einsum("stn,pn->spt", parameters.price * ~all_fixed, parameters.bill)
    labour = parameters.plant_money("labour_rate") * hours
    cost: Floats = ((parts + labour) / yields + parameters.plant_money("royalty")) * parameters.uplift[:, None, None]
    return cost


def production(form: Formulation, unit: UnitFigures) -> tuple[Ints, Ints]:
    """Add units requested and units produced, which are limited by requests, lines and labour.

    Returns the columns ``produced`` and ``requested``, (p, t) each.
    """
    builder, parameters, fixed = form.builder, form.parameters, form.fixed
    shape = parameters.since.shape[1:]
    discount, scale = parameters.discount[:, None], UNIT / MONEY
    labour = parameters.plant_money("labour_rate") * unit.hours + parameters.plant_money("royalty")
    labour = labour * parameters.uplift[:, None, None]
    produced = builder.second_stage_columns("produced", shape, cost=labour * discount * scale)
    requested = builder.second_stage_columns("requested", shape)
    by_fixed = fixed.output(parameters.since) * parameters.open_share / UNIT
    rows = builder.second_stage_rows("requested", shape, low=by_fixed, high=by_fixed)
    builder.add_terms("recourse", rows, requested, 1.0)
    output = builder.x.blocks["output"][:, None, :]
    builder.add_terms("technology", rows[..., None], output, -unit.window * parameters.open_share[..., None])
    shortfall = builder.second_stage_columns("not produced", shape, cost=UNFILLED * unit.cost * discount * scale)
    rows = builder.second_stage_rows("balance of requests", shape, low=0.0, high=0.0)
    builder.add_terms("recourse", rows, produced, 1.0)
    builder.add_terms("recourse", rows, shortfall, 1.0)
    builder.add_terms("recourse", rows, requested, -1.0)
    per_line = parameters.plant("line_rate")[..., None] * parameters.up_days * form.yields / UNIT
    rows = builder.second_stage_rows("lines", shape, high=per_line * fixed.lines(parameters.since))
    builder.add_terms("recourse", rows, produced, 1.0)
    by_window = in_window(parameters, windows_from(LINE_WINDOWS, 0, fixed.months), fixed.lines_from)
    lines = builder.x.blocks["lines"][:, None, :]
    builder.add_terms("technology", rows[..., None], lines, -by_window * per_line[..., None])
    workforce(form, produced, requested)
    return produced, requested


def workforce(form: Formulation, produced: Ints, requested: Ints) -> None:
    """Limit production by labour: workers at the end of the previous month, and half of those hired in the month.

    As in the simulation, the workforce follows the units requested: at most ``hire_rate`` workers are hired a day, and
    workers who are not needed leave; those of the initial workforce leave at the same daily rate.
    """
    builder, parameters, runs = form.builder, form.parameters, form.parameters.runs
    shape, since = parameters.since.shape[1:], parameters.since
    opens = (since == 0) | ((since > 0) & (np.arange(shape[1]) == 0))
    first = np.where(parameters.opened > 0, runs.initial("heads"), parameters.plant("heads"))[..., None]
    days = parameters.open_share * runs.days
    hired = parameters.plant("hire_rate")[..., None] * days
    units_a_day = parameters.plant("hours_per_head")[..., None] / form.hours * form.yields / UNIT
    workers = builder.second_stage_columns("workers", shape)
    capacity = units_a_day * parameters.up_days
    rows = builder.second_stage_rows("labour", shape, high=capacity * (opens * first + 0.5 * hired))
    builder.add_terms("recourse", rows, produced, 1.0)
    builder.add_terms("recourse", rows[:, 1:], workers[:, :-1], -(capacity * ~opens)[:, :, 1:] * CREW)
    rows = builder.second_stage_rows("hiring", shape, high=(opens * first + hired) / CREW)
    builder.add_terms("recourse", rows, workers, 1.0)
    builder.add_terms("recourse", rows[:, 1:], workers[:, :-1], -1.0 * ~opens[:, :, 1:])
    remaining = np.maximum(0.0, first - np.cumsum(hired, 2)) * (since >= 0)
    rows = builder.second_stage_rows("workers needed", shape, high=units_a_day * days * remaining)
    builder.add_terms("recourse", rows, workers, units_a_day * days * CREW)
    builder.add_terms("recourse", rows, requested, -1.0)


@dataclass(frozen=True)
class PartBlocks:
    """Columns and rows of parts, (t, n) each: parts bought, orders unfilled, stock balance, stock position."""

    bought: Ints
    unfilled: Ints
    stock_rows: Ints
    position: Ints
    position_rows: Ints


def parts(form: Formulation, produced: Ints, requested: Ints) -> None:
    """Add parts: purchases within supplier capacity, arrival after the lead time, use in the units started.

    The stock position (on hand and on order) is at least the base stock of the ordering policy, which depends on the
    units requested. Orders that no supplier can ship yet count towards the position, at a slightly higher price. Orders
    in decisions.toml are fixed; if all orders of a part are stated there, no other orders are placed.
    """
    blocks = part_balance(form)
    lead_times(form, blocks)
    fix_stated_orders(form, blocks)
    builder, parameters = form.builder, form.parameters
    _, all_fixed = parameters.stated_orders
    bill, months = parameters.bill, produced.shape[1]
    base = builder.second_stage_rows("base stock", blocks.position.shape, low=np.where(all_fixed, -np.inf, 0.0))
    builder.add_terms("recourse", base, blocks.position, 1.0)
    started_per_good = (1.0 / form.yields).mean(0)
    started_when_mature = 1.0 / np.maximum(parameters.plant("yield_mature").mean(0), 0.01)
    for p in range(len(bill)):
        for n in np.flatnonzero(bill[p]).tolist():
            for rows in (blocks.stock_rows, blocks.position_rows):
                builder.add_terms("recourse", rows[:, n], produced[p], bill[p, n] * started_per_good[p])
            if parameters.base_stock_months[n] > 0.0:
                ahead = min(round(parameters.base_stock_months[n]), months - 1)
                need = -parameters.base_stock_months[n] * bill[p, n] * started_when_mature[p]
                builder.add_terms("recourse", base[: months - ahead, n], requested[p, ahead:], need)
                for month in range(months - ahead, months):  # like the campaign, no farther than the last day
                    builder.add_terms("recourse", base[month, n], requested[p, -1], need)


def part_balance(form: Formulation) -> PartBlocks:
    """Add monthly balances of stock and stock position of each part; consumption is added by ``parts``."""
    builder, parameters, runs = form.builder, form.parameters, form.parameters.runs
    shape = (form.months, parameters.bill.shape[1])
    price = parameters.price * parameters.uplift[:, None, None] * parameters.discount[..., None] * UNIT / MONEY
    bought = builder.second_stage_columns("bought", shape, cost=price)
    unfilled = builder.second_stage_columns("unfilled", shape, cost=UNFILLED * price)
    stock = builder.second_stage_columns("part stock", shape)
    position = builder.second_stage_columns("stock position", shape)
    rows = builder.second_stage_rows("supply", shape, high=parameters.supply / UNIT)
    builder.add_terms("recourse", rows, bought, 1.0)
    on_hand, on_order = (runs.initial(name).sum(1)[:, None] / UNIT for name in ("part_stock", "part_due"))
    first = (np.arange(form.months) == 0)[:, None]
    arriving = on_order * arrival_share(parameters.lag, form.months)
    stock_rows = builder.second_stage_rows(
        "parts", shape, low=first * on_hand + arriving, high=first * on_hand + arriving
    )  # fmt: skip
    position_rows = builder.second_stage_rows(
        "stock position", shape, low=first * (on_hand + on_order), high=first * (on_hand + on_order)
    )  # fmt: skip
    for block, level in ((stock_rows, stock), (position_rows, position)):
        builder.add_terms("recourse", block, level, 1.0)
        builder.add_terms("recourse", block[1:], level[:-1], -1.0)
    builder.add_terms("recourse", position_rows, bought, -1.0)
    builder.add_terms("recourse", position_rows, unfilled, -1.0)
    return PartBlocks(bought, unfilled, stock_rows, position, position_rows)


def lead_times(form: Formulation, blocks: PartBlocks) -> None:
    """Add arrivals of parts after their mean lead time, interpolated between the two adjacent whole months."""
    lag = form.parameters.lag
    full = np.floor(lag).astype(np.int64)
    for n in range(len(lag)):
        for wait, share in ((full[n], 1.0 - lag[n] + full[n]), (full[n] + 1, lag[n] - full[n])):
            if wait < form.months and share > 0.0:
                arrivals, orders = blocks.stock_rows[wait:, n], blocks.bought[: form.months - wait, n]
                form.builder.add_terms("recourse", arrivals, orders, -share)


def fix_stated_orders(form: Formulation, blocks: PartBlocks) -> None:
    """Fix the orders stated in decisions.toml; if all orders of a part are stated, no other orders are allowed."""
    stated, all_fixed = form.parameters.stated_orders
    stated = stated.sum(0)
    cells = np.nonzero(all_fixed | (stated > 0.0))
    orders = stated[cells] / UNIT
    rows = form.builder.second_stage_rows(
        "given orders", (len(orders),), low=orders, high=np.where(all_fixed[cells], orders, np.inf)
    )
    form.builder.add_terms("recourse", rows, blocks.bought[cells], 1.0)
    form.builder.add_terms("recourse", rows, blocks.unfilled[cells], 1.0)


def arrival_share(lag: Floats, months: int) -> Floats:
    """(t, n) share of the parts on order at the start that arrive in each month, uniformly over the mean lead time.

    lag
        (n,) mean lead time in months.
    """
    until = np.minimum(1.0, np.arange(months + 1)[:, None] / np.maximum(lag, 1e-9))
    return np.diff(until, axis=0)


def delivery(form: Formulation, produced: Ints) -> None:
    """Add stocks at plants, and shipments on their lanes within capacity, to the regions less transit losses."""
    builder, parameters, runs = form.builder, form.parameters, form.parameters.runs
    plants, months = produced.shape
    links = runs.compiled.links
    arcs = [(p, lane) for p in range(plants) for lane in links.plant_lanes[p].tolist() if lane >= 0]
    lanes = np.array([lane for _, lane in arcs], np.int64)
    freight = parameters.freight[:, :, lanes].transpose(0, 2, 1) * parameters.uplift[:, None, None]
    freight = freight * parameters.discount[:, None]
    shipped = builder.second_stage_columns("shipped", (len(arcs), months), cost=freight * UNIT / MONEY)
    waiting = builder.second_stage_columns("plant stock", (plants, months))
    first = np.arange(months) == 0
    at_plant = runs.initial("plant_stock")[..., None] * first / UNIT
    rows = builder.second_stage_rows("plant stock", (plants, months), low=at_plant, high=at_plant)
    builder.add_terms("recourse", rows, waiting, 1.0)
    builder.add_terms("recourse", rows[:, 1:], waiting[:, :-1], -1.0)
    builder.add_terms("recourse", rows, produced, -1.0)
    for a, (p, _) in enumerate(arcs):
        builder.add_terms("recourse", rows[p], shipped[a], 1.0)
    capacity = runs.number("lanes", "capacity")[:, None] * parameters.lane_days / UNIT
    rows = builder.second_stage_rows("lanes", (parameters.freight.shape[2], months), high=capacity.transpose(0, 2, 1))
    for a, lane in enumerate(lanes.tolist()):
        builder.add_terms("recourse", rows[lane], shipped[a], 1.0)
    regional_stock(form, shipped, lanes)


def regional_stock(form: Formulation, shipped: Ints, lanes: Ints) -> None:
    """Add the balance of units in the regions: arrivals are used or kept in stock; transit delays some by a month.

    shipped, lanes
        (arcs, t) columns of units shipped by plant and lane; (arcs,) lane of each arc.
    """
    builder, runs, months = form.builder, form.parameters.runs, form.months
    compiled = runs.compiled
    used = builder.second_stage_columns("used", (months,))
    stock = builder.second_stage_columns("stock", (months,))
    programme = np.isin(np.arange(len(compiled.names.designs)), compiled.template.plants["design"])
    units = (runs.initial("stock").sum(1) + runs.initial("transit"))[:, programme].sum(1)[:, None]
    present = units * (np.arange(months) == 0) / UNIT
    rows = builder.second_stage_rows("units", (months,), low=present, high=present)
    builder.add_terms("recourse", rows, stock, 1.0)
    builder.add_terms("recourse", rows[1:], stock[:-1], -1.0)
    builder.add_terms("recourse", rows, used, 1.0)
    arriving = 1.0 - runs.number("lanes", "loss").mean(0)
    late = np.minimum(1.0, runs.number("lanes", "transit").mean(0) / MONTH)
    for a, lane in enumerate(lanes.tolist()):
        builder.add_terms("recourse", rows, shipped[a], -arriving[lane] * (1.0 - late[lane]))
        if late[lane] > 0.0:
            builder.add_terms("recourse", rows[1:], shipped[a, :-1], -arriving[lane] * late[lane])


def defence(form: Formulation, surface: ResponseSurface) -> None:
    """Add equipped crews, units used and losses avoided, limited by the response surface."""
    builder, parameters, months = form.builder, form.parameters, form.months
    used = builder.y.blocks["used"]
    equipped = builder.second_stage_columns("equipped", (months,))
    for name, block, present, flow in (
        ("crews", "intake", parameters.crews, parameters.graduates),
        ("kits", "kits", parameters.kits, parameters.arrivals),
    ):
        starts = form.fixed.starts(name, parameters.runs.begin)
        rows = builder.second_stage_rows(
            name, (months,), high=(present + np.einsum("b,sbt->st", starts, flow)) / CREW
        )  # fmt: skip
        builder.add_terms("recourse", rows, equipped, 1.0)
        by_window = flow_by_window(flow, calendar_windows(name, form.fixed), parameters.runs.begin)
        builder.add_terms("technology", rows[:, None], builder.x.blocks[block][None, :], -by_window)
    avoided = builder.second_stage_columns("losses avoided", (months,), lower=-np.inf, cost=-parameters.discount)
    savings(form, surface, "losses avoided", avoided, MONEY)
    nights = surface.nights[..., None] * CREW
    limit = surface.threats[..., None] * surface.use_planes[:, None, :, 0] / UNIT
    rows = builder.second_stage_rows("units used", (months, surface.use_planes.shape[1]), high=limit)
    builder.add_terms("recourse", rows, used[:, None], 1.0)
    builder.add_terms("recourse", rows, equipped[:, None], -surface.use_planes[:, None, :, 1] * nights / UNIT)


def savings(form: Formulation, surface: ResponseSurface, name: str, column: Ints, scale: float) -> None:
    """Limit savings by every plane of the response surface, as a function of crews and units used.

    column, scale
        (t,) columns of the savings, and the amount of one unit of them.
    """
    builder, months = form.builder, form.months
    used, equipped = builder.y.blocks["used"], builder.y.blocks["equipped"]
    constant = (surface.threats[..., None] * surface.planes[:, None, :, 0] + surface.offsets[..., None]) / scale
    rows = builder.second_stage_rows(name, (months, surface.planes.shape[1]), high=constant)
    builder.add_terms("recourse", rows, column[:, None], 1.0)
    nights = surface.nights[..., None] * CREW
    builder.add_terms("recourse", rows, equipped[:, None], -surface.planes[:, None, :, 1] * nights / scale)
    per_unit = surface.planes[:, None, :, 2] * np.ones((months, 1)) * UNIT / scale
    builder.add_terms("recourse", rows, used[:, None], -per_unit)


def target_shortfall(form: Formulation, produced: Ints, unit: UnitFigures, excused: Flags | None) -> None:
    """Add units short of the target, at their price; no units are due in an excused future."""
    target, builder, months = form.goals.target, form.builder, form.months
    if target is None:
        return
    price = target.price
    if form.goals.confidence is not None:
        price = max(price, FIRM_SHORTAGE * float(unit.cost.mean()))
    column = builder.second_stage_columns(
        "shortfall", (months,), upper=target.rate / UNIT, cost=price * UNIT / MONEY
    )  # fmt: skip
    month = np.arange(months) + form.parameters.runs.begin
    due = np.where(month >= target.month, target.rate / UNIT, 0.0) * goal_indicator(form, excused)
    rows = builder.second_stage_rows("target", (months,), low=due)
    builder.add_terms("recourse", rows, produced, 1.0)
    builder.add_terms("recourse", rows, column, 1.0)


def goal_indicator(form: Formulation, excused: Flags | None) -> Floats:
    """(s, 1) 1 in the futures in which the target and the share of threats stopped apply, 0 in excused futures."""
    counted = np.ones(len(form.parameters.since)) if excused is None else (~excused).astype(float)
    return counted[:, None]


def threats_stopped(form: Formulation, surface: ResponseSurface, excused: Flags | None) -> None:
    """Add threats stopped by interceptors, as the objective or as a share to be reached.

    surface
        Response surface of threats stopped.
    """
    builder, goals = form.builder, form.goals
    if goals.objective == "most-stopped":
        builder.y.cost = [THREATS_PER_MILLION / UNIT * cost for cost in builder.y.cost]
    column = builder.second_stage_columns(
        "threats stopped", (form.months,), lower=-np.inf, cost=-1.0 * (goals.objective == "most-stopped")
    )
    savings(form, surface, "threats stopped", column, UNIT)
    if goals.stopped is not None:
        launched = form.parameters.runs.tally("launched").sum((1, 2, 3))
        due = (goals.stopped * launched - (launched - surface.without.sum(1)))[:, None] / UNIT
        relaxed = np.where(goal_indicator(form, excused) > 0.0, 0.0, np.inf)
        shortfall = builder.second_stage_columns("stop shortfall", (1,), cost=FIRM_THREAT * UNIT / MONEY)
        row = builder.second_stage_rows("share stopped", (1,), low=due - relaxed)
        builder.add_terms("recourse", row, column, 1.0)
        builder.add_terms("recourse", row[0], shortfall, 1.0)
