"""The plan as a two-stage programme in months (model.md section 6).

First stage: output asked of each plant and lines installed, by windows of months since it opens; crew intake and kit
orders by windows of calendar months. Second stage, in each future: what is made, bought, stocked, shipped, used, and
the losses that it saves (``curves``). Since output counts from an opening day that nobody knows, what the first stage
means for a calendar month differs from future to future: the technology is random.

A plant of the campaign makes what it is asked wherever it can, whether the units turn out to be wanted or not. So what
is asked and not made costs a little more than if it were made: no future can save by idling, and nothing is asked in
vain.

Parts of one kind are one store for all plants, bought from their suppliers by sourcing weight. Workers follow what is
asked, as fast as they can be hired. Units are counted in hundreds, crews and kits in tens, money in millions.
"""

from dataclasses import dataclass, replace

import numpy as np

from octoplan.errors import PlanError
from octoplan.plan.fixed_costs import Paid, by_window, calendar_of, committed, windows_of
from octoplan.plan.fixed_decisions import LINES, OUTPUT, Given, given_of, windows_from
from octoplan.plan.goals import Aims, known
from octoplan.plan.limits import Asked, Limit, limits, reconcile
from octoplan.plan.parameters import MONTH, Facts, hours_and_yields
from octoplan.plan.response_surface import Curves
from octoplan.plan.solver.builder import Sheet
from octoplan.plan.solver.recourse import costs
from octoplan.plan.solver.risk import measured
from octoplan.plan.solver.two_stage import Flags, Floats, Ints, Scenarios, TwoStage
from octoplan.plan.units import CREW, MONEY, UNIT

HARD, HARD_THREAT = 100.0, 5e6
"""What a unit short costs, in unit costs, and a threat short, in money, where a confidence asks that none be."""

VAIN = 1.05
"""What a unit asked and not made, or a part ordered and not shipped, costs of what one costs that is: a little more, so
that what can be made is made."""

MONEY_IN_THREATS = 0.01
"""Threats that a million counts as where the aim is to stop the most."""


@dataclass(frozen=True)
class Model:
    """The programme with the numbers of its columns and rows by name, and what is read off them.

    hours, good
        (s, p, t) labour hours of a started unit, share of good ones.
    idle
        (s,) cost, in millions or hundreds of threats, if nothing were decided; taken off every cost of the programme,
        lest losses that no plan moves make any gap look small.
    given
        What was settled beforehand.
    limits
        What the aims ask of the first stage.
    """

    sheet: Sheet
    problem: TwoStage
    scenarios: Scenarios
    hours: Floats
    good: Floats
    idle: Floats
    given: Given
    limits: tuple[Limit, ...]

    @property
    def counts_threats(self) -> bool:
        """Whether the aim is to stop the most threats, rather than the least cost."""
        return "halted" in self.sheet.y.blocks and bool(self.problem.second.cost[self.sheet.y.blocks["halted"]].any())

    @property
    def objective_unit(self) -> float:
        """Money, or threats, that the objective counts as one."""
        return UNIT if self.counts_threats else MONEY


def chosen(facts: Facts, windows: tuple[int, ...], first: Ints) -> Floats:
    """(s, p, t, windows) 1 where the month of an open plant falls into the window, counted from its month ``first``."""
    since = facts.since - first[:, None]
    found = windows_of(windows, np.maximum(since, 0))[..., None] == np.arange(len(windows))
    return np.asarray(found & ((since >= 0) & (facts.since >= 0))[..., None], float)


@dataclass(frozen=True)
class Draft:
    """What the blocks of the programme are made of: the sheet, what is known, what is wanted, what is settled.

    hours, good
        (s, p, t) labour hours of a started unit, share of good ones.
    """

    sheet: Sheet
    facts: Facts
    aims: Aims
    given: Given
    hours: Floats
    good: Floats

    @property
    def months(self) -> int:
        return int(self.facts.since.shape[2])

    @property
    def asked(self) -> Asked:
        by_output = chosen(self.facts, windows_from(OUTPUT, 0, self.given.months), self.given.output_from)
        return Asked(unit_cost(self.facts, self.hours, self.good), self.hours / self.good, by_output)


def build(
    facts: Facts,
    curves: Curves,
    aims: Aims,
    learnt: Floats,
    *,
    given: Given | None = None,
    counts: Curves | None = None,
    shut: Flags | None = None,
    excused: Flags | None = None,
    counted: int | None = None,
) -> Model:
    """The programme over the futures of the facts. Raises PlanError for aims that contradict each other.

    counts
        Curves of threats stopped in place of money, where the aims count threats.
    shut
        (p,) plants that may have no line.
    excused
        (s,) futures in which target and share of threats stopped need not be reached.
    counted
        The first futures of each named scenario, whose risk of doing nothing is taken off under one; all if not given.
    """
    compiled = facts.pilot.compiled
    given = given or given_of(compiled, aims.fixed, facts.pilot.begin, np.full(facts.since.shape[1], -1))
    draft = Draft(Sheet(len(facts.since)), facts, aims, given, *hours_and_yields(facts, learnt))
    sheet, asked = draft.sheet, draft.asked
    decide(draft, shut)
    made, wanted = produced(draft, asked)
    parts_of(sheet, facts, made, wanted, draft.good)
    delivered(sheet, facts, made)
    stopped(draft, curves)
    total(draft, (facts.discount * curves.bare).sum(1))
    short(draft, made, asked, excused)
    if counts is not None:
        halted(draft, counts, excused)
    found = limits(sheet, facts, aims, given, asked)
    problem, scenarios = sheet.finish()
    contradiction(problem, compiled.names.plants, compiled.template)
    reconcile(problem, found)
    idle = idle_costs(problem, scenarios, aims, counted)
    weight = problem.second.cost[sheet.y.blocks["total"][0]]
    total_row = np.arange(problem.recourse.shape[0]) == sheet.rows["total"][0]
    lowered = [replace(r, lower=r.lower - total_row * off / weight) for r, off in zip(scenarios, idle, strict=True)]
    return Model(
        sheet,
        problem,
        Scenarios(scenarios.probability, lowered.__getitem__),
        draft.hours,
        draft.good,
        idle,
        given,
        found,
    )


def idle_costs(problem: TwoStage, scenarios: Scenarios, aims: Aims, counted: int | None) -> Floats:
    """(s,) cost of each future if nothing is decided beyond what the limits ask for and what is given.

    At mean cost each future is counted from its own, which moves no plan and leaves less luck in the sums; a risk
    looks at whole costs, so there the risk of doing nothing is taken off all.
    """
    least = np.clip(0.0, problem.first.lower, problem.first.upper)
    found = costs(problem, scenarios, least)
    if aims.risk.weight == 0.0 and not aims.worst:
        return found
    each = found.reshape(1 + len(aims.worst), -1)[:, :counted]
    alike = np.full(each.size, 1.0 / each.size)
    return np.full(len(found), measured(replace(aims.risk, groups=len(each)), each.ravel(), alike))


def decide(draft: Draft, shut: Flags | None) -> None:
    """The first stage: output and lines by windows since opening, crews begun and kits ordered by the calendar."""
    sheet, facts, aims, given = draft.sheet, draft.facts, draft.aims, draft.given
    plan, plants = given.plan, facts.since.shape[1]
    output, lines = (windows_from(windows, 0, given.months) for windows in (OUTPUT, LINES))
    rate = facts.plant("line_rate")
    most = plan.lines.max(1) * 2.0 if aims.most_lines is None else np.full(plants, aims.most_lines)
    most = np.maximum(most if shut is None else np.where(shut, 0.0, most), given.last_lines)
    asked_most = most * rate.max(0) * 31.0 / UNIT
    for plant, rate_most in aims.most.items():
        row = known(plant, facts.pilot.compiled.names.plants, "plant")
        asked_most[row] = min(asked_most[row], rate_most / UNIT)
    asked_most[given.output_from >= given.months] = 0.0
    most[given.lines_from >= given.months] = 0.0
    asked = sheet.decide("asked", (plants, len(output)), upper=asked_most[:, None])
    line = sheet.decide(
        "lines",
        (plants, len(lines)),
        lower=np.minimum(given.last_lines, most)[:, None],
        upper=most[:, None],
        whole=True,
    )
    crews_most = max(4.0 * max(plan.intake.max(), plan.kit_orders.max()), 1.0)
    crews_most = crews_most if aims.most_crews is None else aims.most_crews
    for name, of in (("intake", "crews"), ("kits", "kits")):
        sheet.decide(name, (len(calendar_of(of, given)),), upper=crews_most / CREW)
    if len(lines) > 1:
        more = sheet.rule("lines never fall", (plants, len(lines) - 1), low=0.0)
        sheet.put("first", more, line[:, 1:], 1.0)
        sheet.put("first", more, line[:, :-1], -1.0)
    frame = windows_of(lines, np.array(output))
    ability = rate.mean(0)[:, None] * MONTH / UNIT
    there = np.minimum(given.output_from[:, None] + np.array(output), given.months - 1)
    fixed = given.lines_from >= given.months
    installed = np.where(fixed[:, None], given.plan.lines[np.arange(plants)[:, None], there], 0.0)
    within = sheet.rule("asked of lines", (plants, len(output)), high=ability * installed)
    sheet.put("first", within, asked, 1.0)
    sheet.put("first", within, line[:, frame], -ability * ~fixed[:, None])


def produced(draft: Draft, asked: Asked) -> tuple[Ints, Ints]:
    """What is made, at most what is asked, what lines and what workers can; and what is wanted."""
    sheet, facts, given, good = draft.sheet, draft.facts, draft.given, draft.good
    shape = facts.since.shape[1:]
    discount, worth = facts.discount[:, None], UNIT / MONEY
    labour = facts.plant_money("labour_rate") * asked.hours + facts.plant_money("royalty")
    labour = labour * facts.uplift[:, None, None]
    made = sheet.follow("made", shape, cost=labour * discount * worth)
    wanted = sheet.follow("wanted", shape)
    settled = given.output(facts.since) * facts.open_share / UNIT
    rows = sheet.row("wanted", shape, low=settled, high=settled)
    sheet.put("recourse", rows, wanted, 1.0)
    decided = sheet.x.blocks["asked"][:, None, :]
    sheet.put("technology", rows[..., None], decided, -asked.by_output * facts.open_share[..., None])
    missed = sheet.follow("missed", shape, cost=VAIN * asked.units * discount * worth)
    rows = sheet.row("asked", shape, low=0.0, high=0.0)
    sheet.put("recourse", rows, made, 1.0)
    sheet.put("recourse", rows, missed, 1.0)
    sheet.put("recourse", rows, wanted, -1.0)
    able = facts.plant("line_rate")[..., None] * facts.up_days * good / UNIT
    rows = sheet.row("lines", shape, high=able * given.lines(facts.since))
    sheet.put("recourse", rows, made, 1.0)
    by_lines = chosen(facts, windows_from(LINES, 0, given.months), given.lines_from)
    sheet.put("technology", rows[..., None], sheet.x.blocks["lines"][:, None, :], -by_lines * able[..., None])
    hands(draft, made, wanted)
    return made, wanted


def total(draft: Draft, losses: Floats) -> None:
    """All that a decision costs whatever is made, and the losses if no interceptor flew, (s,) money, in one column."""
    sheet, facts = draft.sheet, draft.facts
    every = Paid(np.ones(facts.since.shape[1], bool), crews=True, kits=True)
    stands = committed(facts, draft.given, facts.discount, every)
    column = sheet.follow("total", (1,), lower=-np.inf, cost=1.0)
    row = sheet.row("total", (1,), low=(stands.fixed + losses)[:, None] / MONEY)
    sheet.put("recourse", row, column, 1.0)
    for name, values, scale in (
        ("lines", stands.lines, 1.0), ("intake", stands.intake, CREW), ("kits", stands.kits, CREW),
    ):  # fmt: skip
        columns = sheet.x.blocks[name].ravel()
        sheet.put("technology", row[0], columns, -values.reshape(len(values), -1) * scale / MONEY)


def short(draft: Draft, made: Ints, asked: Asked, excused: Flags | None) -> None:
    """Units short of the target, paid for and capped at what is due; free in an excused future."""
    target, sheet, months = draft.aims.target, draft.sheet, draft.months
    if target is None:
        return
    price = target.price
    if draft.aims.confidence is not None:
        price = max(price, HARD * float(asked.units.mean()))
    column = sheet.follow("short", (months,), upper=target.rate / UNIT, cost=price * UNIT / MONEY)
    month = np.arange(months) + draft.facts.pilot.begin
    due = np.where(month >= target.month, target.rate / UNIT, 0.0) * required(draft, excused)
    rows = sheet.row("target", (months,), low=due)
    sheet.put("recourse", rows, made, 1.0)
    sheet.put("recourse", rows, column, 1.0)


def required(draft: Draft, excused: Flags | None) -> Floats:
    """(s, 1) 1 where what is to be reached counts."""
    found = np.ones(len(draft.facts.since)) if excused is None else (~excused).astype(float)
    return found[:, None]


def halted(draft: Draft, counts: Curves, excused: Flags | None) -> None:
    """Threats that interceptors keep from their destinations, as the objective or as a share to reach.

    To stop the most, money stays in the objective as a hundredth of a threat for a million, which only chooses between
    equals. A threat short of a share costs ``HARD_THREAT``.
    """
    sheet, aims = draft.sheet, draft.aims
    if aims.objective == "most-stopped":
        sheet.y.cost = [MONEY_IN_THREATS / UNIT * cost for cost in sheet.y.cost]
    column = sheet.follow("halted", (draft.months,), lower=-np.inf, cost=-1.0 * (aims.objective == "most-stopped"))
    planes(draft, counts, "halted", column, UNIT)
    if aims.stopped is not None:
        launched = draft.facts.pilot.tally("launched").sum((1, 2, 3))
        due = (aims.stopped * launched - (launched - counts.bare.sum(1)))[:, None] / UNIT
        free = np.where(required(draft, excused) > 0.0, 0.0, np.inf)
        lacking = sheet.follow("lacking", (1,), cost=HARD_THREAT * UNIT / MONEY)
        row = sheet.row("share stopped", (1,), low=due - free)
        sheet.put("recourse", row, column, 1.0)
        sheet.put("recourse", row[0], lacking, 1.0)


def contradiction(problem: TwoStage, plants: tuple[str, ...], template: object) -> None:
    """Raises PlanError where nothing could be decided at all."""
    if not len(problem.first):
        raise PlanError(f"there is nothing to decide for {', '.join(plants)} in {template}; add plants or months")


def hands(draft: Draft, made: Ints, wanted: Ints) -> None:
    """What workers can make: those there at the end of the month before, and half of those hired in the month.

    As in the campaign, workers follow what is asked: at most ``hire_rate`` a day are hired, and nobody is kept whom the
    units asked do not need, but for the first ones, who leave at the same rate.
    """
    sheet, facts, pilot = draft.sheet, draft.facts, draft.facts.pilot
    shape, since = facts.since.shape[1:], facts.since
    opens = (since == 0) | ((since > 0) & (np.arange(shape[1]) == 0))
    first = np.where(facts.opened > 0, pilot.on_the_eve("heads"), facts.plant("heads"))[..., None]
    days = facts.open_share * pilot.days
    hired = facts.plant("hire_rate")[..., None] * days
    a_head = facts.plant("hours_per_head")[..., None] / draft.hours * draft.good / UNIT
    workers = sheet.follow("workers", shape)
    able = a_head * facts.up_days
    rows = sheet.row("labour", shape, high=able * (opens * first + 0.5 * hired))
    sheet.put("recourse", rows, made, 1.0)
    sheet.put("recourse", rows[:, 1:], workers[:, :-1], -(able * ~opens)[:, :, 1:] * CREW)
    rows = sheet.row("hiring", shape, high=(opens * first + hired) / CREW)
    sheet.put("recourse", rows, workers, 1.0)
    sheet.put("recourse", rows[:, 1:], workers[:, :-1], -1.0 * ~opens[:, :, 1:])
    left = np.maximum(0.0, first - np.cumsum(hired, 2)) * (since >= 0)
    rows = sheet.row("needed", shape, high=a_head * days * left)
    sheet.put("recourse", rows, workers, a_head * days * CREW)
    sheet.put("recourse", rows, wanted, -1.0)


def unit_cost(facts: Facts, hours: Floats, good: Floats) -> Floats:
    """(s, p, t) parts, labour, royalty and optimism bias of a good unit, money, not discounted.

    Parts that are all ordered already cost a unit nothing more.
    """
    _, closed = facts.placed
    parts = np.einsum("stn,pn->spt", facts.price * ~closed, facts.bill)
    labour = facts.plant_money("labour_rate") * hours
    found: Floats = ((parts + labour) / good + facts.plant_money("royalty")) * facts.uplift[:, None, None]
    return found


def parts_of(sheet: Sheet, facts: Facts, made: Ints, wanted: Ints, good: Floats) -> None:
    """Parts bought, within what suppliers can ship, arrive after their lead and are spent on the units started.

    Parts on hand and on order never fall below the base stock of the policy, which follows what is asked, made or
    not; what no supplier can ship yet counts as ordered, at its price and a little more. Orders that stand in
    decisions.toml are placed, and where all of a part's do, no other is.
    """
    bill, pilot = facts.bill, facts.pilot
    months, parts = made.shape[1], bill.shape[1]
    price = facts.price * facts.uplift[:, None, None] * facts.discount[..., None] * UNIT / MONEY
    bought, owed = (
        sheet.follow("bought", (months, parts), cost=price),
        sheet.follow("owed", (months, parts), cost=VAIN * price),
    )
    store, position = (sheet.follow(name, (months, parts)) for name in ("part stock", "parts in hand"))
    rows = sheet.row("supply", (months, parts), high=facts.supply / UNIT)
    sheet.put("recourse", rows, bought, 1.0)
    there, due = (pilot.on_the_eve(name).sum(1)[:, None] / UNIT for name in ("part_stock", "part_due"))
    first = (np.arange(months) == 0)[:, None]
    come = due * arrived(facts.lag, months)
    rows = sheet.row("parts", (months, parts), low=first * there + come, high=first * there + come)
    held_rows = sheet.row("parts in hand", (months, parts), low=first * (there + due), high=first * (there + due))
    for block, stock in ((rows, store), (held_rows, position)):
        sheet.put("recourse", block, stock, 1.0)
        sheet.put("recourse", block[1:], stock[:-1], -1.0)
    sheet.put("recourse", held_rows, bought, -1.0)
    sheet.put("recourse", held_rows, owed, -1.0)
    whole = np.floor(facts.lag).astype(np.int64)
    for n in range(parts):
        for wait, share in ((whole[n], 1.0 - facts.lag[n] + whole[n]), (whole[n] + 1, facts.lag[n] - whole[n])):
            if wait < months and share > 0.0:
                sheet.put("recourse", rows[wait:, n], bought[: months - wait, n], -share)
    scrap = (1.0 / good).mean(0)
    settled, closed = facts.placed
    settled = settled.sum(0)
    at = np.nonzero(closed | (settled > 0.0))
    placed = settled[at] / UNIT
    rows_of = sheet.row("ordered", (len(placed),), low=placed, high=np.where(closed[at], placed, np.inf))
    sheet.put("recourse", rows_of, bought[at], 1.0)
    sheet.put("recourse", rows_of, owed[at], 1.0)
    base = sheet.row("base stock", (months, parts), low=np.where(closed, -np.inf, 0.0))
    sheet.put("recourse", base, position, 1.0)
    mature = 1.0 / np.maximum(facts.plant("yield_mature").mean(0), 0.01)
    for p in range(len(bill)):
        for n in np.flatnonzero(bill[p]).tolist():
            for block in (rows, held_rows):
                sheet.put("recourse", block[:, n], made[p], bill[p, n] * scrap[p])
            if facts.pipe[n] > 0.0:
                ahead = min(round(facts.pipe[n]), months - 1)
                need = -facts.pipe[n] * bill[p, n] * mature[p]
                sheet.put("recourse", base[: months - ahead, n], wanted[p, ahead:], need)
                for month in range(months - ahead, months):  # the campaign, too, looks no farther than the last day
                    sheet.put("recourse", base[month, n], wanted[p, -1], need)


def arrived(lag: Floats, months: int) -> Floats:
    """(t, n) share of the parts on order on the eve that arrives in each month: evenly over the mean lead."""
    upto = np.minimum(1.0, np.arange(months + 1)[:, None] / np.maximum(lag, 1e-9))
    return np.diff(upto, axis=0)


def delivered(sheet: Sheet, facts: Facts, made: Ints) -> None:
    """Units wait at their plant, travel down its lanes within their capacity, and reach the regions but for losses."""
    compiled, pilot = facts.pilot.compiled, facts.pilot
    plants, months = made.shape
    arcs = [(p, lane) for p in range(plants) for lane in compiled.links.plant_lanes[p].tolist() if lane >= 0]
    lane = np.array([a[1] for a in arcs], np.int64)
    freight = facts.freight[:, :, lane].transpose(0, 2, 1) * facts.uplift[:, None, None] * facts.discount[:, None]
    ship = sheet.follow("shipped", (len(arcs), months), cost=freight * UNIT / MONEY)
    wait = sheet.follow("plant stock", (plants, months))
    first = np.arange(months) == 0
    waits = pilot.on_the_eve("plant_stock")[..., None] * first / UNIT
    rows = sheet.row("plant stock", (plants, months), low=waits, high=waits)
    sheet.put("recourse", rows, wait, 1.0)
    sheet.put("recourse", rows[:, 1:], wait[:, :-1], -1.0)
    sheet.put("recourse", rows, made, -1.0)
    for a, (p, _) in enumerate(arcs):
        sheet.put("recourse", rows[p], ship[a], 1.0)
    room = pilot.number("lanes", "capacity")[:, None] * facts.lane_days / UNIT
    rows = sheet.row("lanes", (facts.freight.shape[2], months), high=room.transpose(0, 2, 1))
    for a, (_, way) in enumerate(arcs):
        sheet.put("recourse", rows[way], ship[a], 1.0)
    used = sheet.follow("used", (months,))
    stock = sheet.follow("stock", (months,))
    own = np.isin(np.arange(len(compiled.names.designs)), compiled.template.plants["design"])
    there = (pilot.on_the_eve("stock").sum(1) + pilot.on_the_eve("transit"))[:, own].sum(1)[:, None] * first / UNIT
    rows = sheet.row("units", (months,), low=there, high=there)
    sheet.put("recourse", rows, stock, 1.0)
    sheet.put("recourse", rows[1:], stock[:-1], -1.0)
    sheet.put("recourse", rows, used, 1.0)
    kept = 1.0 - pilot.number("lanes", "loss").mean(0)
    late = np.minimum(1.0, pilot.number("lanes", "transit").mean(0) / MONTH)
    for a, (_, way) in enumerate(arcs):
        sheet.put("recourse", rows, ship[a], -kept[way] * (1.0 - late[way]))
        if late[way] > 0.0:
            sheet.put("recourse", rows[1:], ship[a, :-1], -kept[way] * late[way])


def stopped(draft: Draft, curves: Curves) -> None:
    """Equipped crews, units spent and losses saved, under the planes of the campaign."""
    sheet, facts, months = draft.sheet, draft.facts, draft.months
    used = sheet.y.blocks["used"]
    equipped = sheet.follow("equipped", (months,))
    for name, block, base, flow in (
        ("crews", "intake", facts.crews, facts.graduates), ("kits", "kits", facts.kits, facts.arrivals),
    ):  # fmt: skip
        begun = draft.given.begun(name, facts.pilot.begin)
        rows = sheet.row(name, (months,), high=(base + np.einsum("b,sbt->st", begun, flow)) / CREW)
        sheet.put("recourse", rows, equipped, 1.0)
        windows = by_window(flow, calendar_of(name, draft.given), facts.pilot.begin)
        sheet.put("technology", rows[:, None], sheet.x.blocks[block][None, :], -windows)
    saved = sheet.follow("saved", (months,), lower=-np.inf, cost=-facts.discount)
    planes(draft, curves, "saved", saved, MONEY)
    nights = curves.nights[..., None] * CREW
    limit = curves.threats[..., None] * curves.spent[:, None, :, 0] / UNIT
    rows = sheet.row("spent", (months, curves.spent.shape[1]), high=limit)
    sheet.put("recourse", rows, used[:, None], 1.0)
    sheet.put("recourse", rows, equipped[:, None], -curves.spent[:, None, :, 1] * nights / UNIT)


def planes(draft: Draft, curves: Curves, name: str, column: Ints, size: float) -> None:
    """What crews and units spent save, (t,) columns in ``size``, under the planes of the curves."""
    sheet, months = draft.sheet, draft.months
    used, equipped = sheet.y.blocks["used"], sheet.y.blocks["equipped"]
    bare = (curves.threats[..., None] * curves.saved[:, None, :, 0] + curves.shift[..., None]) / size
    rows = sheet.row(name, (months, curves.saved.shape[1]), high=bare)
    sheet.put("recourse", rows, column[:, None], 1.0)
    nights = curves.nights[..., None] * CREW
    sheet.put("recourse", rows, equipped[:, None], -curves.saved[:, None, :, 1] * nights / size)
    by_unit = curves.saved[:, None, :, 2] * np.ones((months, 1)) * UNIT / size
    sheet.put("recourse", rows, used[:, None], -by_unit)
