"""The plan as a two-stage programme in months (model.md section 6).

First stage: output asked of each plant and lines installed, by windows of months since it opens; crew intake and kit
orders by windows of calendar months. Second stage, in each future: what is made, bought, stocked, shipped, used, and
the losses that it saves (``curves``). Since output counts from an opening day that nobody knows, what the first stage
means for a calendar month differs from future to future: the technology is random.

A plant of the campaign makes what it is asked wherever it can, whether the units turn out to be wanted or not. So what
is asked and not made costs as much as if it were made: no future can save by idling, and nothing is asked in vain.

Parts of one kind are one store for all plants, bought from their suppliers by sourcing weight. Labour is what can have
been hired since the opening. Units are counted in hundreds, crews and kits in tens, money in millions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from octoplan.plan.curves import Curves
from octoplan.plan.facts import MONTH, Facts, hours_and_yields
from octoplan.plan.recourse import costs
from octoplan.plan.risk import NEUTRAL, Risk
from octoplan.plan.sheet import Sheet
from octoplan.plan.twostage import Flags, Floats, Ints, PlanError, Scenarios, TwoStage

UNIT, CREW, MONEY = 100.0, 10.0, 1e6

OUTPUT, LINES, CALENDAR = (0, 1, 2, 3, 6, 9, 13), (0, 3, 9), (0, 3, 6, 9, 12, 18)
"""First months of the windows: of output and of lines since opening, of intake and kit orders in the calendar."""


@dataclass(frozen=True)
class Target:
    """Good units a month from a month (row, from 0) on, and the price of a unit short of it."""

    rate: float
    month: int
    price: float


@dataclass(frozen=True)
class Aims:
    """What is wanted of a plan, and what it may not do.

    budgets
        By payer, money over the horizon for what the plan decides, at mean prices if all that is asked is made.
    share
        By country, least and greatest share of the units asked.
    most_lines
        Lines a plant may have; twice what the scenario's plan gives it if not given.
    most_crews
        Crews begun, and kits ordered, in a month at most; four times the scenario's own most if not given.
    """

    risk: Risk = NEUTRAL
    budgets: Mapping[str, float] = field(default_factory=dict)
    share: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    target: Target | None = None
    most_lines: float | None = None
    most_crews: float | None = None


@dataclass(frozen=True)
class Model:
    """The programme with the numbers of its columns and rows by name, and what is read off them.

    hours, good
        (s, p, t) labour hours of a started unit, share of good ones.
    idle
        Mean cost, in millions, if nothing were decided; taken off every cost of the programme, lest losses that no plan
        moves make any gap look small.
    """

    sheet: Sheet
    problem: TwoStage
    scenarios: Scenarios
    hours: Floats
    good: Floats
    idle: float


def starts(windows: tuple[int, ...], months: int) -> tuple[int, ...]:
    """The windows that begin within the horizon."""
    return tuple(w for w in windows if w < months)


def windows_of(first: tuple[int, ...], months: Ints) -> Ints:
    """The window of each month."""
    return np.asarray(np.searchsorted(np.array(first), months, "right") - 1)


def chosen(facts: Facts, windows: tuple[int, ...]) -> Floats:
    """(s, p, t, windows) 1 where the month of an open plant falls into the window."""
    since = facts.since
    found = windows_of(windows, np.maximum(since, 0))[..., None] == np.arange(len(windows))
    return np.asarray(found & (since >= 0)[..., None], float)


def build(
    facts: Facts, curves: Curves, aims: Aims, learnt: Floats, shut: Flags | None = None, counted: int | None = None
) -> Model:
    """The programme over the futures of the facts. Raises PlanError for aims that contradict each other.

    shut
        (p,) plants that may have no line.
    counted
        The first futures, whose mean cost of doing nothing is taken off; all if not given.
    """
    futures, plants, months = facts.since.shape
    pilot, plan = facts.pilot, facts.pilot.compiled.plan
    names, template = pilot.compiled.names, pilot.compiled.template
    hours, good = hours_and_yields(facts, learnt)
    sheet = Sheet(futures)
    output, lines, calendar = (starts(w, months) for w in (OUTPUT, LINES, CALENDAR))

    # first stage
    rate = facts.plant("line_rate")
    most = plan.lines.max(1) * 2.0 if aims.most_lines is None else np.full(plants, aims.most_lines)
    most = most if shut is None else np.where(shut, 0.0, most)
    crews_most = max(4.0 * max(plan.intake.max(), plan.kit_orders.max()), 1.0)
    crews_most = crews_most if aims.most_crews is None else aims.most_crews
    unit = unit_cost(facts, hours, good)
    asked = sheet.decide("asked", (plants, len(output)), upper=(most * rate.max(0) * 31.0 / UNIT)[:, None])
    line = sheet.decide("lines", (plants, len(lines)), upper=most[:, None], whole=True)
    intake = sheet.decide("intake", (len(calendar),), upper=crews_most / CREW)
    kit = sheet.decide("kits", (len(calendar),), upper=crews_most / CREW)
    if len(lines) > 1:
        more = sheet.rule("lines never fall", (plants, len(lines) - 1), low=0.0)
        sheet.put("first", more, line[:, 1:], 1.0)
        sheet.put("first", more, line[:, :-1], -1.0)

    frame = windows_of(lines, np.array(output))
    ability = rate.mean(0)[:, None] * MONTH / UNIT
    within = sheet.rule("asked of lines", (plants, len(output)), high=0.0)
    sheet.put("first", within, asked, 1.0)
    sheet.put("first", within, line[:, frame], -ability)

    # production: made <= asked, <= lines, <= labour
    by_output, by_lines = chosen(facts, output), chosen(facts, lines)
    uplift, discount = facts.uplift[:, None], facts.discount
    labour = (facts.plant_money("labour_rate") * hours / good + facts.plant_money("royalty")) * uplift[..., None]
    made = sheet.follow("made", (plants, months), cost=labour * discount[:, None] * UNIT / MONEY)
    wanted = sheet.follow("wanted", (plants, months))
    rows = sheet.row("wanted", (plants, months), low=0.0, high=0.0)
    sheet.put("recourse", rows, wanted, 1.0)
    sheet.put("technology", rows[..., None], asked[:, None, :], -by_output * facts.open_share[..., None])
    vain = unit * discount[:, None] * UNIT / MONEY
    missed = sheet.follow("missed", (plants, months), cost=vain)
    rows = sheet.row("asked", (plants, months), low=0.0, high=0.0)
    sheet.put("recourse", rows, made, 1.0)
    sheet.put("recourse", rows, missed, 1.0)
    sheet.put("recourse", rows, wanted, -1.0)
    rows = sheet.row("lines", (plants, months), high=0.0)
    sheet.put("recourse", rows, made, 1.0)
    able = rate[..., None] * facts.up_days * good / UNIT
    sheet.put("technology", rows[..., None], line[:, None, :], -by_lines * able[..., None])
    sheet.put("recourse", sheet.row("labour", (plants, months), high=hands(facts, hours, good)), made, 1.0)

    parts_of(sheet, facts, made, wanted, good)
    delivered(sheet, facts, made)
    stopped(sheet, facts, curves, intake, kit, calendar)

    # what a decision costs whatever follows
    lines_cost, crews_cost, kits_cost = decided(facts, lines, calendar)
    fixed = standing_cost(facts) + (discount * curves.bare).sum(1)
    total = sheet.follow("total", (1,), lower=-np.inf, cost=1.0)
    row = sheet.row("total", (1,), low=fixed[:, None] / MONEY)
    sheet.put("recourse", row, total, 1.0)
    for columns, values, scale in (
        (line, lines_cost, 1.0), (intake, crews_cost, CREW), (kit, kits_cost, CREW),
    ):  # fmt: skip
        sheet.put("technology", row[0], columns.ravel(), -values.reshape(futures, -1) * scale / MONEY)

    aimed(sheet, facts, aims, made, unit, by_output)
    problem, scenarios = sheet.finish()
    contradiction(problem, names.plants, template)
    idle = float(costs(problem, scenarios, np.zeros(len(problem.first)))[:counted].mean())
    total_row = sheet.rows["total"]
    lowered = [
        replace(r, lower=np.where(np.arange(len(r.lower)) == total_row, r.lower - idle, r.lower)) for r in scenarios
    ]
    return Model(sheet, problem, Scenarios(scenarios.probability, lowered.__getitem__), hours, good, idle)


def contradiction(problem: TwoStage, plants: tuple[str, ...], template: object) -> None:
    """Raises PlanError where nothing could be decided at all."""
    if not len(problem.first):
        raise PlanError(f"there is nothing to decide for {', '.join(plants)} in {template}; add plants or months")


def hands(facts: Facts, hours: Floats, good: Floats) -> Floats:
    """(s, p, t) good units that the workers there can be in mid-month could make, in hundreds."""
    links = facts.pilot.compiled.links
    ends = np.cumsum(links.month_days)
    middle = (ends - 0.5 * links.month_days)[None, None]
    opened = facts.pilot.tally("opened")[..., None]
    heads = facts.plant("heads")[..., None] + facts.plant("hire_rate")[..., None] * np.maximum(0.0, middle - opened)
    found: Floats = heads * facts.plant("hours_per_head")[..., None] * facts.up_days / hours * good / UNIT
    return np.where(facts.since >= 0, found, 0.0)


def unit_cost(facts: Facts, hours: Floats, good: Floats) -> Floats:
    """(s, p, t) parts, labour, royalty and optimism bias of a good unit, money, not discounted."""
    bill = facts.pilot.compiled.links.bill[facts.pilot.compiled.template.plants["design"]]
    parts = np.einsum("stn,pn->spt", facts.price, bill.astype(float))
    labour = facts.plant_money("labour_rate") * hours
    found: Floats = ((parts + labour) / good + facts.plant_money("royalty")) * facts.uplift[:, None, None]
    return found


def parts_of(sheet: Sheet, facts: Facts, made: Ints, wanted: Ints, good: Floats) -> None:
    """Parts bought, within what suppliers can ship, arrive after their lead and are spent on the units started.

    Parts on hand and on order never fall below the base stock of the policy, which follows what is asked, made or
    not; what no supplier can ship yet counts as ordered, at its price.
    """
    compiled = facts.pilot.compiled
    bill = compiled.links.bill[compiled.template.plants["design"]].astype(float)
    months, parts = made.shape[1], bill.shape[1]
    price = facts.price * facts.uplift[:, None, None] * facts.discount[..., None] * UNIT / MONEY
    bought, owed = (sheet.follow(name, (months, parts), cost=price) for name in ("bought", "owed"))
    store, position = (sheet.follow(name, (months, parts)) for name in ("part stock", "parts in hand"))
    rows = sheet.row("supply", (months, parts), high=facts.supply / UNIT)
    sheet.put("recourse", rows, bought, 1.0)
    rows, held_rows = (sheet.row(name, (months, parts), low=0.0, high=0.0) for name in ("parts", "parts in hand"))
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
    base = sheet.row("base stock", (months, parts), low=0.0)
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


def delivered(sheet: Sheet, facts: Facts, made: Ints) -> None:
    """Units wait at their plant, travel down its lanes within their capacity, and reach the regions but for losses."""
    compiled, pilot = facts.pilot.compiled, facts.pilot
    plants, months = made.shape
    arcs = [(p, lane) for p in range(plants) for lane in compiled.links.plant_lanes[p].tolist() if lane >= 0]
    lane = np.array([a[1] for a in arcs], np.int64)
    freight = facts.freight[:, :, lane].transpose(0, 2, 1) * facts.uplift[:, None, None] * facts.discount[:, None]
    ship = sheet.follow("shipped", (len(arcs), months), cost=freight * UNIT / MONEY)
    wait = sheet.follow("plant stock", (plants, months))
    rows = sheet.row("plant stock", (plants, months), low=0.0, high=0.0)
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
    rows = sheet.row("units", (months,), low=0.0, high=0.0)
    sheet.put("recourse", rows, stock, 1.0)
    sheet.put("recourse", rows[1:], stock[:-1], -1.0)
    sheet.put("recourse", rows, used, 1.0)
    kept = 1.0 - pilot.number("lanes", "loss").mean(0)
    late = np.minimum(1.0, pilot.number("lanes", "transit").mean(0) / MONTH)
    for a, (_, way) in enumerate(arcs):
        sheet.put("recourse", rows, ship[a], -kept[way] * (1.0 - late[way]))
        if late[way] > 0.0:
            sheet.put("recourse", rows[1:], ship[a, :-1], -kept[way] * late[way])


def by_window(flow: Floats, calendar: tuple[int, ...]) -> Floats:
    """(s, t, windows) what stands in a month of one begun in each month of a window, from (s, begun, t)."""
    window = windows_of(calendar, np.arange(flow.shape[1]))
    return np.stack([flow[:, window == w].sum(1) for w in range(len(calendar))], 2)


def stopped(
    sheet: Sheet, facts: Facts, curves: Curves, intake: Ints, kit: Ints, calendar: tuple[int, ...]
) -> None:  # fmt: skip
    """Equipped crews, units spent and losses saved, under the planes of the campaign."""
    months = facts.since.shape[2]
    used = sheet.y.blocks["used"]
    equipped = sheet.follow("equipped", (months,))
    for name, begun, base, flow in (
        ("crews", intake, facts.crews, facts.graduates), ("kits", kit, facts.kits, facts.arrivals),
    ):  # fmt: skip
        rows = sheet.row(name, (months,), high=base / CREW)
        sheet.put("recourse", rows, equipped, 1.0)
        sheet.put("technology", rows[:, None], begun[None, :], -by_window(flow, calendar))
    saved = sheet.follow("saved", (months,), lower=-np.inf, cost=-facts.discount)
    rows = sheet.row("saved", (months, curves.saved.shape[1]), high=held(curves.saved[..., 0], curves, curves.shift))
    sheet.put("recourse", rows, saved[:, None], 1.0)
    nights = curves.nights[..., None] * CREW
    sheet.put("recourse", rows, equipped[:, None], -curves.saved[:, None, :, 1] * nights / MONEY)
    by_unit = curves.saved[:, None, :, 2] * np.ones((months, 1)) * UNIT / MONEY
    sheet.put("recourse", rows, used[:, None], -by_unit)
    limit = curves.threats[..., None] * curves.spent[:, None, :, 0] / UNIT
    rows = sheet.row("spent", (months, curves.spent.shape[1]), high=limit)
    sheet.put("recourse", rows, used[:, None], 1.0)
    sheet.put("recourse", rows, equipped[:, None], -curves.spent[:, None, :, 1] * nights / UNIT)


def held(slope: Floats, curves: Curves, shift: Floats) -> Floats:
    """(s, t, planes) what a plane gives with no crew, in millions."""
    found: Floats = (curves.threats[..., None] * slope[:, None] + shift[..., None]) / MONEY
    return found


def decided(facts: Facts, lines: tuple[int, ...], calendar: tuple[int, ...]) -> tuple[Floats, Floats, Floats]:
    """Discounted money for each line (s, p, windows), crew begun and kit ordered (s, windows).

    A line is paid when it is added; a crew for its course and for its pay while it serves.
    """
    pilot, discount = facts.pilot, facts.discount
    months = discount.shape[1]
    capital = facts.plant_money("line_capital") * facts.uplift[:, None, None] * discount[:, None]
    begins = [((facts.since == first) * capital).sum(2) for first in lines]
    steps = np.stack([*begins, np.zeros_like(begins[0])], 2)
    begun = windows_of(calendar, np.arange(months))[:, None] == np.arange(len(calendar))
    pay = pilot.money("crews", "cost")[:, :, 0] * pilot.compiled.links.month_days * discount
    crews = (pilot.money("crews", "course_cost")[:, :, 0] * discount) @ begun.astype(float)
    crews += np.einsum("st,stw->sw", pay, by_window(facts.graduates, calendar))
    kits = (pilot.money("kits", "price")[:, :, 0] * discount) @ begun.astype(float)
    return steps[..., :-1] - steps[..., 1:], crews, kits


def standing_cost(facts: Facts) -> Floats:
    """(s,) discounted money for open plants and for the crews there are without any intake."""
    pilot, days = facts.pilot, facts.pilot.compiled.links.month_days
    overhead = facts.plant_money("overhead") * facts.open_share * days * facts.uplift[:, None, None]
    crews = pilot.money("crews", "cost")[:, :, 0] * days * facts.crews
    found: Floats = ((overhead.sum(1) + crews) * facts.discount).sum(1)
    return found


def aimed(
    sheet: Sheet, facts: Facts, aims: Aims, made: Ints, unit: Floats, by_output: Floats
) -> None:  # fmt: skip
    """Rows of the aims: shares by country, budgets by payer, a target rate with its shortage."""
    compiled = facts.pilot.compiled
    names, asked = compiled.names, sheet.x.blocks["asked"]
    home = np.asarray(compiled.template.plants["country"])
    months_asked = (by_output * facts.open_share[..., None]).sum(2).mean(0)
    for country, (least, greatest) in aims.share.items():
        known(country, names.countries, "country")
        if not 0.0 <= least <= greatest <= 1.0:
            raise PlanError(
                f"a share of {country} between {least:g} and {greatest:g} cannot be; write 0 <= a <= b <= 1"
            )
        inside = (home == names.countries.index(country))[:, None]
        if least > 0.0 and not (inside * months_asked).any():
            raise PlanError(f"a share of {least:g} of {country} cannot be: no plant of it opens within the horizon")
        for bound, sign in ((least, 1.0), (greatest, -1.0)):
            row = sheet.rule(f"share of {country}", (1,), low=0.0)
            sheet.put("first", row[0], asked.ravel(), (sign * (inside - bound) * months_asked).ravel())
    for payer, limit in aims.budgets.items():
        known(payer, names.payers, "payer")
        budget(sheet, facts, payer, limit, unit, by_output)
    if aims.target is not None:
        short = sheet.follow(
            "short", (made.shape[1],), upper=aims.target.rate / UNIT, cost=aims.target.price * UNIT / MONEY
        )
        due = np.where(np.arange(made.shape[1]) >= aims.target.month, aims.target.rate / UNIT, 0.0)
        rows = sheet.row("target", (made.shape[1],), low=due)
        sheet.put("recourse", rows, made, 1.0)
        sheet.put("recourse", rows, short, 1.0)


def budget(sheet: Sheet, facts: Facts, payer: str, limit: float, unit: Floats, by_output: Floats) -> None:
    """One payer's budget: what is asked, at mean undiscounted prices, with what stands whatever is decided."""
    pilot = facts.pilot
    compiled = pilot.compiled
    row_of = compiled.names.payers.index(payer)
    pays = np.asarray(compiled.template.countries["payer"])[compiled.template.plants["country"]] == row_of
    days = compiled.links.month_days
    uplift = facts.uplift[:, None, None]
    overhead = (facts.plant_money("overhead") * facts.open_share * days * uplift).sum(2).mean(0) @ pays
    trains = int(compiled.template.crews["payer"][0]) == row_of
    equips = int(compiled.template.kits["payer"][0]) == row_of
    crew_pay = pilot.money("crews", "cost")[:, :, 0] * days
    stands = float(overhead) + trains * float((crew_pay * facts.crews).sum(1).mean())
    if stands > limit:
        raise PlanError(
            f"a budget of {limit / MONEY:.4g} M for {payer} cannot hold: plants that open and crews that stand already "
            f"cost it {stands / MONEY:.4g} M whatever is decided; raise it by {(stands - limit) / MONEY:.4g} M"
        )
    row = sheet.rule(f"budget of {payer}", (1,), high=(limit - stands) / MONEY)
    freight = np.zeros(facts.since.shape)
    for p, ways in enumerate(compiled.links.plant_lanes.tolist()):
        if int(compiled.template.lanes["payer"][ways[0]]) == row_of:
            freight[:, p] = facts.freight[:, :, ways[0]] * facts.uplift[:, None]
    spent = by_output * (facts.open_share * (unit * pays[:, None] + freight))[..., None]
    sheet.put("first", row[0], sheet.x.blocks["asked"].ravel(), spent.sum(2).mean(0).ravel() * UNIT / MONEY)
    lines = starts(LINES, facts.since.shape[2])
    capital = facts.plant_money("line_capital") * uplift
    begins = [((facts.since == first) * capital).sum(2).mean(0) for first in lines]
    steps = np.stack([*begins, np.zeros_like(begins[0])], 1) * pays[:, None]
    sheet.put("first", row[0], sheet.x.blocks["lines"].ravel(), (steps[:, :-1] - steps[:, 1:]).ravel() / MONEY)
    calendar = starts(CALENDAR, facts.since.shape[2])
    begun = windows_of(calendar, np.arange(len(days)))[:, None] == np.arange(len(calendar))
    if trains:
        crews = pilot.money("crews", "course_cost")[:, :, 0].mean(0) @ begun
        crews = crews + np.einsum("st,stw->sw", crew_pay, by_window(facts.graduates, calendar)).mean(0)
        sheet.put("first", row[0], sheet.x.blocks["intake"], crews * CREW / MONEY)
    if equips:
        kits = pilot.money("kits", "price")[:, :, 0].mean(0) @ begun
        sheet.put("first", row[0], sheet.x.blocks["kits"], kits * CREW / MONEY)


def known(name: str, names: tuple[str, ...], what: str) -> None:
    if name not in names:
        raise PlanError(f"there is no {what} {name!r}; known are {', '.join(names)}")
