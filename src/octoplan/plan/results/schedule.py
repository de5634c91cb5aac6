"""The schedule of a plan: gates and openings, lines added, orders by the day to place them, workforce, deliveries.

Days count from the start of the programme, day 0. Fractions of a day are rounded up: a plant works from the first day
that begins after its last gate.
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
"""Probability with which an order placed on its day arrives in time."""

LEAST_PARTS = 0.5
"""Mean parts below which no order is listed."""


@dataclass(frozen=True)
class Milestone:
    """A gate that a plant needs, or its opening: (futures,) days from the start until it is passed."""

    plant: str
    country: str
    name: str
    days: Floats


@dataclass(frozen=True)
class LineAddition:
    """Lines added in a month since the plant opened, and the calendar month for an opening at P50."""

    plant: str
    since: int
    month: date
    lines: int
    total: int


@dataclass(frozen=True)
class Order:
    """Parts from one supplier for the production of one month.

    need
        First day of the month on which a producing plant is open, in the earliest future.
    lead
        Days within which ``ON_TIME`` of deliveries arrive, over futures and deliveries.
    place
        Day by which the order must be placed, ``need`` less ``lead``.
    arrival
        Expected day of arrival if it is placed then, or on the first day planned where that is past.
    late
        Days from ``place`` to the first day planned, 0 where it is not before.
    parts
        (futures,) parts needed in the month.
    money
        Mean price of the parts in the reporting currency, at the exchange rate of the month of ``place``, without
        optimism bias.
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
    """(futures, months) workers that a plant needs for its output."""

    plant: str
    workers: Floats

    @property
    def joiners(self) -> Floats:
        """(months,) change of the mean workforce from month to month."""
        return np.diff(self.workers.mean(0), prepend=0.0)


def day_of(plan: Plan, days: float) -> date:
    """The first whole day that many days after the start."""
    return plan.scenario.start + timedelta(days=int(np.ceil(days)))


def first_day(plan: Plan) -> date:
    """The first day planned: the programme's start, or the date of its state."""
    return plan.scenario.start + timedelta(days=int(first_days(plan)[0]))


def intake_and_orders(plan: Plan) -> tuple[list[int], list[int]]:
    """Crew intake and kit orders of each month planned."""
    decisions, begin = plan.scenario.compile().plan, plan.parameters.runs.begin
    return decisions.intake[begin:].tolist(), decisions.kit_orders[begin:].tolist()


def first_days(plan: Plan) -> Ints:
    """(months + 1,) days from the start to the first day of each month planned, and to the end of the horizon."""
    runs = plan.parameters.runs
    return np.concatenate([[0], np.cumsum(runs.compiled.links.month_days)])[runs.begin :]


def with_predecessors(after: Ints, needed: Ints) -> Flags:
    """(gates,) whether a gate is needed, itself or as a predecessor of one that is.

    after, needed
        (gates, gates) 1 where the first waits for the second; (gates,) 1 where needed.
    """
    required = needed.astype(bool)
    for _ in range(len(after)):
        required |= after[required].astype(bool).any(0)
    return required


def gates(plan: Plan) -> list[Milestone]:
    """The gates that each plant needs, in the order of their P50, then its opening."""
    runs = plan.parameters.runs
    names, links = runs.compiled.names, runs.compiled.links
    days, opens = gate_days(runs.number("gates", "duration"), links), opening_days(runs)
    home = np.asarray(runs.compiled.template.plants["country"])
    milestones = []
    for p, plant in enumerate(names.plants):
        country = names.countries[home[p]]
        needed = np.flatnonzero(with_predecessors(links.gate_after, links.plant_gates[p]))
        order = needed[np.argsort(np.median(days[:, needed], 0), kind="stable")]
        milestones += [Milestone(plant, country, names.gates[g], days[:, g]) for g in order]
        milestones.append(Milestone(plant, country, OPENS, opens[:, p]))
    return milestones


def openings(plan: Plan) -> dict[str, Milestone]:
    """The opening of each plant."""
    return {milestone.plant: milestone for milestone in gates(plan) if milestone.name == OPENS}


def months_later(first: date, months: int) -> date:
    """The first day of the month that many months after the month of a day."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def lines(plan: Plan) -> list[LineAddition]:
    """Lines added at each plant, by month since it opened."""
    compiled, opens_of = plan.scenario.compile(), openings(plan)
    additions = []
    for plant, series in zip(compiled.names.plants, compiled.plan.lines.astype(int).tolist(), strict=True):
        opens = day_of(plan, float(np.median(opens_of[plant].days)))
        for since, (before, now) in enumerate(zip([0, *series[:-1]], series, strict=True)):
            if now > before:
                additions.append(LineAddition(plant, since, months_later(opens, since), now - before, now))
    return additions


def lead_within(plan: Plan, share: float) -> Ints:
    """(suppliers,) fewest whole days within which at least a share of deliveries arrive.

    As in the campaign, the lead time of a delivery is gamma distributed with an assumed mean and coefficient of
    variation, rounded to whole days. Over futures and deliveries its distribution is the mixture
    P(lead <= d) = mean over futures of G(d + 1/2; mean, cv). Waiting for a supplier's capacity, or for the end of an
    outage, comes on top.
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
    """(futures, plants, months) good units produced, negative rounding errors of the solver set to 0."""
    return np.maximum(plan.tables["produced"].values, 0.0)


def parts_needed(plan: Plan) -> Floats:
    """(futures, months, suppliers) parts for the units started, split between suppliers by sourcing."""
    compiled = plan.parameters.runs.compiled
    bill = compiled.links.bill[compiled.template.plants["design"]].astype(float)
    started = produced(plan) / plan.model.yields
    of_part = np.einsum("spt,pn->stn", started, bill)
    part = np.asarray(compiled.template.suppliers["part"])
    needed: Floats = of_part[:, :, part] * plan.parameters.sourcing
    return needed


def first_needed(plan: Plan) -> Floats:
    """(futures, months, parts) day on which a month first needs a part, infinite where it does not.

    The first day of the month, or the day on which the first plant opens that uses the part in the month.
    """
    runs = plan.parameters.runs
    compiled = runs.compiled
    uses = compiled.links.bill[compiled.template.plants["design"]] > 0
    begin = np.maximum(first_days(plan)[None, None, :-1], np.ceil(runs.tally("opened"))[..., None])
    begin = np.where(produced(plan) > 1e-6, begin, np.inf)
    return np.stack([begin[:, uses[:, n]].min(1, initial=np.inf) for n in range(uses.shape[1])], 2)


def orders(plan: Plan) -> list[Order]:
    """The order schedule by the day on which each order must be placed, longest lead times first within a day.

    Each order arrives in time with probability ``ON_TIME`` if its supplier ships on the day of the order. Quantities
    are what production uses; the base stock of the ordering policy comes on top.
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
    """The workforce that each plant needs: hours of the units started over the hours of a worker in the month.

    Workers work on the days on which the plant is open and not down.
    """
    parameters, model = plan.parameters, plan.model
    hours = produced(plan) / model.yields * model.hours
    per_worker = parameters.plant("hours_per_head")[..., None] * parameters.up_days
    workers = np.divide(hours, per_worker, out=np.zeros_like(hours), where=per_worker > 0.0)
    return [Workforce(name, workers[:, p]) for p, name in enumerate(parameters.runs.compiled.names.plants)]


def delivered(plan: Plan) -> Floats:
    """(futures, months) units that reach the regions: shipped less losses, part of them a month late by transit."""
    runs = plan.parameters.runs
    lane = np.array([w for ways in runs.compiled.links.plant_lanes.tolist() for w in ways if w >= 0], np.int64)
    arriving = (1.0 - runs.number("lanes", "loss").mean(0))[lane, None]
    late = np.minimum(1.0, runs.number("lanes", "transit").mean(0) / MONTH)[lane, None]
    arrivals = np.maximum(plan.tables["shipped"].values, 0.0) * arriving
    units: Floats = (arrivals * (1.0 - late)).sum(1)
    units[:, 1:] += (arrivals * late).sum(1)[:, :-1]
    return units


def target(plan: Plan) -> Floats | None:
    """(months,) good units due by the target, 0 before its month; None where there is no target."""
    goal, runs = plan.goals.target, plan.parameters.runs
    if goal is None:
        return None
    return np.where(np.arange(len(runs.months)) + runs.begin >= goal.month, goal.rate, 0.0)
