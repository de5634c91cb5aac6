"""The schedule of a plan: gates and openings, lines added, order dates, workforce and deliveries.

Days are counted from the start of the programme, day 0, and rounded up: a plant works from the first full day after its
last gate.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from scipy.special import gammainc

from octoplan.plan.gates import gate_days, opening_days
from octoplan.plan.optimise import Plan
from octoplan.plan.parameters import MONTH
from octoplan.plan.solver.two_stage import Flags, Floats, Ints

OPENS = "opens"
ON_TIME = 0.9
"""Probability with which an order placed on its order date arrives in time."""

LEAST_PARTS = 0.5
"""Mean number of parts below which an order is omitted."""


@dataclass(frozen=True)
class Milestone:
    """A gate that a plant needs, or its opening. ``days``: (futures,) days from the start until it is passed."""

    plant: str
    country: str
    name: str
    days: Floats


@dataclass(frozen=True)
class LineAddition:
    """Lines added at a plant, with months since opening, the calendar month for a P50 opening, and total lines."""

    plant: str
    since: int
    month: date
    lines: int
    total: int


@dataclass(frozen=True)
class Order:
    """Parts from one supplier for the production of one month.

    need
        First day of the month on which a producing plant is open, in the future with the earliest opening.
    lead
        Days within which a share ``ON_TIME`` of deliveries arrive, over futures and deliveries.
    place_by
        Day by which the order must be placed: ``need`` minus ``lead``.
    arrival
        Expected day of arrival if placed on that day, or on the first day planned if that is later.
    late
        Days from ``place_by`` to the first day planned; 0 if ``place_by`` is not earlier.
    parts
        (futures,) parts needed for the month's production.
    money
        Mean cost of the parts in the reporting currency, at the exchange rate of the month in which the order is
        placed, without optimism bias.
    """

    supplier: str
    part: str
    month: str
    need: date
    lead: int
    place_by: date
    arrival: date
    late: int
    parts: Floats
    money: float


@dataclass(frozen=True)
class Workforce:
    """Workers that a plant needs for its output, (futures, months)."""

    plant: str
    workers: Floats

    @property
    def net_hires(self) -> Floats:
        """(months,) net hires: monthly change of the mean workforce."""
        return np.diff(self.workers.mean(0), prepend=0.0)


def day_of(plan: Plan, days: float) -> date:
    """The date a number of days after the start, rounded up to a whole day."""
    return plan.scenario.start + timedelta(days=int(np.ceil(days)))


def first_day(plan: Plan) -> date:
    """The first day planned: the start of the programme, or the date of its state."""
    return plan.scenario.start + timedelta(days=int(first_days(plan)[0]))


def intake_and_orders(plan: Plan) -> tuple[list[int], list[int]]:
    """Crew intake and kits ordered in each month planned."""
    decisions, begin = plan.scenario.compile().plan, plan.parameters.runs.begin
    return decisions.intake[begin:].tolist(), decisions.kit_orders[begin:].tolist()


def first_days(plan: Plan) -> Ints:
    """(months + 1,) days from the start to the first day of each month planned, and to the end of the horizon."""
    runs = plan.parameters.runs
    return np.concatenate([[0], np.cumsum(runs.compiled.links.month_days)])[runs.begin :]


def with_predecessors(after: Ints, needed: Ints) -> Flags:
    """(gates,) whether a gate is needed, directly or as a predecessor of a needed gate.

    after, needed
        (gates, gates) 1 if the column's gate must be passed before the row's; (gates,) 1 if directly needed.
    """
    required = needed.astype(bool)
    for _ in range(len(after)):
        required |= after[required].astype(bool).any(0)
    return required


def gates(plan: Plan) -> list[Milestone]:
    """The gates that each plant needs, sorted by P50, followed by its opening."""
    runs = plan.parameters.runs
    names, links = runs.compiled.names, runs.compiled.links
    days, opens = gate_days(runs.number("gates", "duration"), links), opening_days(runs)
    home = np.asarray(runs.compiled.template.plants["country"])
    milestones = []
    for p, plant in enumerate(names.plants):
        country = names.countries[home[p]]
        needed = np.flatnonzero(with_predecessors(links.gate_predecessors, links.plant_gates[p]))
        order = needed[np.argsort(np.median(days[:, needed], 0), kind="stable")]
        milestones += [Milestone(plant, country, names.gates[g], days[:, g]) for g in order]
        milestones.append(Milestone(plant, country, OPENS, opens[:, p]))
    return milestones


def openings(plan: Plan) -> dict[str, Milestone]:
    """The opening of each plant, by plant."""
    return {milestone.plant: milestone for milestone in gates(plan) if milestone.name == OPENS}


def months_later(first: date, months: int) -> date:
    """The first day of the month that is a number of months after the month of ``first``."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def lines(plan: Plan) -> list[LineAddition]:
    """Lines added at each plant, by month since opening."""
    compiled, opens_of = plan.scenario.compile(), openings(plan)
    additions = []
    for plant, series in zip(compiled.names.plants, compiled.plan.lines.astype(int).tolist(), strict=True):
        opens = day_of(plan, float(np.median(opens_of[plant].days)))
        for since, (before, now) in enumerate(zip([0, *series[:-1]], series, strict=True)):
            if now > before:
                additions.append(LineAddition(plant, since, months_later(opens, since), now - before, now))
    return additions


def lead_within(plan: Plan, share: float) -> Ints:
    """(suppliers,) quantile of the lead time: smallest number of days within which a share of deliveries arrive.

    As in the simulation, the lead time of a delivery is gamma-distributed, with a mean and a coefficient of variation
    that differ between futures, and is rounded to whole days. Its distribution over futures and deliveries is the
    mixture P(lead <= d) = mean over futures of G(d + 1/2; mean, cv). It excludes waiting for a supplier's capacity or
    for the end of an outage.
    """
    runs = plan.parameters.runs
    means, variation = (runs.number("suppliers", name) for name in ("lead", "lead_cv"))
    shape = 1.0 / np.maximum(variation, 1e-6) ** 2
    days = np.zeros(means.shape[1], np.int64)
    for s in range(len(days)):
        low, high = -1, int(50.0 * means[:, s].max()) + 1
        while high - low > 1:
            middle = (low + high) // 2
            until = middle + 0.5
            ratio = until / np.maximum(means[:, s], 1e-12)
            probability = np.where(variation[:, s] > 0.0, gammainc(shape[:, s], shape[:, s] * ratio), ratio > 1.0)
            low, high = (low, middle) if probability.mean() >= share else (middle, high)
        days[s] = high
    return days


def produced(plan: Plan) -> Floats:
    """(futures, plants, months) good units produced, with negative rounding errors of the solver set to 0."""
    return np.maximum(plan.tables["produced"].values, 0.0)


def parts_needed(plan: Plan) -> Floats:
    """(futures, months, suppliers) parts needed for the units started, divided between suppliers by sourcing share."""
    compiled = plan.parameters.runs.compiled
    bill = compiled.links.bill[compiled.template.plants["design"]].astype(float)
    started = produced(plan) / plan.model.yields
    of_part = np.einsum("spt,pn->stn", started, bill)
    part = np.asarray(compiled.template.suppliers["part"])
    needed: Floats = of_part[:, :, part] * plan.parameters.sourcing
    return needed


def first_needed(plan: Plan) -> Floats:
    """(futures, months, parts) first day on which a part is needed in each month; infinite if it is not needed.

    It is the first day of the month, or the opening day of the first plant that uses the part in the month if later.
    """
    runs = plan.parameters.runs
    compiled = runs.compiled
    uses = compiled.links.bill[compiled.template.plants["design"]] > 0
    begin = np.maximum(first_days(plan)[None, None, :-1], np.ceil(runs.tally("opened"))[..., None])
    begin = np.where(produced(plan) > 1e-6, begin, np.inf)
    return np.stack([begin[:, uses[:, n]].min(1, initial=np.inf) for n in range(uses.shape[1])], 2)


def orders(plan: Plan) -> list[Order]:
    """The order schedule, sorted by order date and, on the same date, by descending lead time.

    Each order arrives in time with probability ``ON_TIME`` if its supplier ships on the day of the order. Quantities
    are those used in production; the base stock of the ordering policy is additional.
    """
    runs, start = plan.parameters.runs, plan.scenario.start
    names, part_of = runs.compiled.names, np.asarray(runs.compiled.template.suppliers["part"])
    needed, first, begin = parts_needed(plan), first_needed(plan).min(0), first_days(plan)
    leads, means = lead_within(plan, ON_TIME), runs.number("suppliers", "lead").mean(0)
    price = runs.money("suppliers", "price")
    schedule = []
    for s, supplier in enumerate(names.suppliers):
        for t in np.flatnonzero(needed[:, :, s].mean(0) >= LEAST_PARTS).tolist():
            need, lead = int(first[t, part_of[s]]), int(leads[s])
            place_by = max(need - lead, int(begin[0]))
            paid = int(np.searchsorted(begin, place_by, "right")) - 1
            schedule.append(
                Order(
                    supplier, names.parts[part_of[s]], runs.months[t], start + timedelta(days=need), lead,
                    start + timedelta(days=need - lead), start + timedelta(days=place_by + int(means[s] + 0.5)),
                    place_by - (need - lead), needed[:, t, s], float((needed[:, t, s] * price[:, paid, s]).mean()),
                )
            )  # fmt: skip
    return sorted(schedule, key=lambda order: (order.place_by, -order.lead, order.supplier))


def hiring(plan: Plan) -> list[Workforce]:
    """Workforce needed by each plant: labour hours of the units started divided by the monthly hours of a worker.

    Workers work on the days on which the plant is open and not down.
    """
    parameters, model = plan.parameters, plan.model
    hours = produced(plan) / model.yields * model.hours
    per_worker = parameters.plant("hours_per_head")[..., None] * parameters.up_days
    workers = np.divide(hours, per_worker, out=np.zeros_like(hours), where=per_worker > 0.0)
    return [Workforce(name, workers[:, p]) for p, name in enumerate(parameters.runs.compiled.names.plants)]


def delivered(plan: Plan) -> Floats:
    """(futures, months) units delivered to regions: units shipped less transit losses, some delayed by a month."""
    runs = plan.parameters.runs
    lane = np.array([w for ways in runs.compiled.links.plant_lanes.tolist() for w in ways if w >= 0], np.int64)
    arriving = (1.0 - runs.number("lanes", "loss").mean(0))[lane, None]
    late = np.minimum(1.0, runs.number("lanes", "transit").mean(0) / MONTH)[lane, None]
    arrivals = np.maximum(plan.tables["shipped"].values, 0.0) * arriving
    units: Floats = (arrivals * (1.0 - late)).sum(1)
    units[:, 1:] += (arrivals * late).sum(1)[:, :-1]
    return units


def target(plan: Plan) -> Floats | None:
    """(months,) good units due under the target, 0 before its first month; None without a target."""
    goal, runs = plan.goals.target, plan.parameters.runs
    if goal is None:
        return None
    return np.where(np.arange(len(runs.months)) + runs.begin >= goal.month, goal.rate, 0.0)
