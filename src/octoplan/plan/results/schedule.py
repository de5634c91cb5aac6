"""The schedule of a plan: gates and openings, lines added, order dates, workforce and deliveries.

Days are counted from the start of the programme, day 0. They are rounded up, since a plant works from the first full
day after its last gate.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from scipy.special import gammainc

from octoplan.plan.gates import gate_days, opening_days
from octoplan.plan.optimise import Plan
from octoplan.plan.parameters import DAYS_PER_MONTH, serving_share
from octoplan.plan.solver.two_stage import Flags, Floats, Ints

OPENING = "opens"
"""Name of the milestone at which a plant opens."""

ON_TIME_PROBABILITY = 0.9
"""Probability with which an order placed on its order date arrives in time."""

MIN_PARTS = 0.5
"""Mean number of parts over futures below which an order is omitted."""


@dataclass(frozen=True)
class Milestone:
    """A gate that a plant needs, or the opening of the plant.

    days
        (futures,) days from the start to the milestone.
    """

    plant: str
    country: str
    name: str
    days: Floats


@dataclass(frozen=True)
class LineAddition:
    """Production lines added at a plant.

    month
        First day of the calendar month if the plant opens on its P50 day.
    lines, total
        Lines added, and lines after the addition.
    """

    plant: str
    months_since_opening: int
    month: date
    lines: int
    total: int


@dataclass(frozen=True)
class Order:
    """Parts from one supplier for the production of one month.

    first_need
        First day of the month on which a producing plant is open, in the future with the earliest opening.
    lead_time
        Days within which a share ``ON_TIME_PROBABILITY`` of deliveries arrive, over futures and deliveries.
    place_by
        Day by which the order must be placed: ``first_need`` minus ``lead_time``.
    arrival
        Expected day of arrival if the order is placed on ``place_by``, or on the first day planned if that is later.
    days_late
        Days from ``place_by`` to the first day planned; 0 if ``place_by`` is not earlier.
    parts
        (futures,) parts needed for the month's production.
    cost
        Mean cost of the parts in the reporting currency, at the exchange rate of the month in which the order is
        placed, without optimism bias.
    """

    supplier: str
    part: str
    month: str
    first_need: date
    lead_time: int
    place_by: date
    arrival: date
    days_late: int
    parts: Floats
    cost: float


@dataclass(frozen=True)
class Workforce:
    """Workers that a plant needs for its output.

    workers
        (futures, months) number of workers.
    """

    plant: str
    workers: Floats

    @property
    def net_hires(self) -> Floats:
        """(months,) net hires: monthly change in the mean number of workers."""
        return np.diff(self.workers.mean(0), prepend=0.0)


def day_of(plan: Plan, days: float) -> date:
    """The date a number of days after the start of the programme; fractions of a day are rounded up."""
    return plan.scenario.start + timedelta(days=int(np.ceil(days)))


def first_day(plan: Plan) -> date:
    """The first day planned: the start of the programme, or the date of the known state."""
    return plan.scenario.start + timedelta(days=int(month_starts(plan)[0]))


def intake_and_orders(plan: Plan) -> tuple[list[int], list[int]]:
    """Crew intake and kits ordered in each month planned."""
    decisions, begin = plan.scenario.compile().plan, plan.parameters.runs.first_month
    return decisions.intake[begin:].tolist(), decisions.kit_orders[begin:].tolist()


def month_starts(plan: Plan) -> Ints:
    """(months + 1,) days from the start to the first day of each month planned, and to the end of the horizon."""
    runs = plan.parameters.runs
    return np.concatenate([[0], np.cumsum(runs.compiled.links.month_days)])[runs.first_month :]


def with_predecessors(predecessors: Ints, needed: Ints) -> Flags:
    """(gates,) whether a gate is needed, directly or as a predecessor of a needed gate.

    predecessors, needed
        (gates, gates) 1 if the column's gate must be passed before the row's; (gates,) 1 if directly needed.
    """
    required = needed.astype(bool)
    for _ in range(len(predecessors)):
        required |= predecessors[required].astype(bool).any(0)
    return required


def gates(plan: Plan) -> list[Milestone]:
    """Milestones of each plant: the gates that it needs, sorted by P50, and then its opening."""
    runs = plan.parameters.runs
    names, links = runs.compiled.names, runs.compiled.links
    days, opens = gate_days(runs.draws("gates", "duration"), links), opening_days(runs)
    country_of_plant = np.asarray(runs.compiled.template.plants["country"])
    milestones = []
    for p, plant in enumerate(names.plants):
        country = names.countries[country_of_plant[p]]
        needed = np.flatnonzero(with_predecessors(links.gate_predecessors, links.plant_gates[p]))
        order = needed[np.argsort(np.median(days[:, needed], 0), kind="stable")]
        milestones += [Milestone(plant, country, names.gates[g], days[:, g]) for g in order]
        milestones.append(Milestone(plant, country, OPENING, opens[:, p]))
    return milestones


def openings(plan: Plan) -> dict[str, Milestone]:
    """The opening of each plant, by plant."""
    return {milestone.plant: milestone for milestone in gates(plan) if milestone.name == OPENING}


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


def lead_time_quantile(plan: Plan, share: float) -> Ints:
    """(suppliers,) quantile of the lead time: smallest number of days within which a share of deliveries arrive.

    As in the simulation, the lead time of a delivery is gamma-distributed, with a mean and a coefficient of variation
    that differ between futures, and is rounded to whole days. Its distribution over futures and deliveries is the
    mixture P(lead <= d) = mean over futures of G(d + 1/2; mean, cv). It excludes waiting for a supplier's capacity or
    for the end of an outage.
    """
    runs = plan.parameters.runs
    means, variation = (runs.draws("suppliers", name) for name in ("lead", "lead_cv"))
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
    """(futures, months, suppliers) parts needed for the units started, allocated to suppliers by sourcing share."""
    compiled = plan.parameters.runs.compiled
    bill = compiled.links.bill[compiled.template.plants["design"]].astype(float)
    started = produced(plan) / plan.model.yields
    of_part = np.einsum("spt,pn->stn", started, bill)
    part = np.asarray(compiled.template.suppliers["part"])
    needed: Floats = of_part[:, :, part] * plan.parameters.supplier_shares
    return needed


def first_need_days(plan: Plan) -> Floats:
    """(futures, months, parts) first day on which a part is needed in each month; infinite if it is not needed.

    The day is the later of the first of the month and the opening of the first plant that uses the part in that month.
    """
    runs = plan.parameters.runs
    compiled = runs.compiled
    uses = compiled.links.bill[compiled.template.plants["design"]] > 0
    begin = np.maximum(month_starts(plan)[None, None, :-1], np.ceil(runs.tally("opened"))[..., None])
    begin = np.where(produced(plan) > 1e-6, begin, np.inf)
    return np.stack([begin[:, uses[:, n]].min(1, initial=np.inf) for n in range(uses.shape[1])], 2)


def orders(plan: Plan) -> list[Order]:
    """The order schedule, sorted by order date and, on the same date, by descending lead time.

    Each order arrives in time with probability ``ON_TIME`` if its supplier ships on the day of the order. Quantities
    are those used in production; the base stock of the ordering policy is additional.
    """
    runs, start = plan.parameters.runs, plan.scenario.start
    names, part_of = runs.compiled.names, np.asarray(runs.compiled.template.suppliers["part"])
    needed, first, begin = parts_needed(plan), first_need_days(plan).min(0), month_starts(plan)
    lead_times, means = lead_time_quantile(plan, ON_TIME_PROBABILITY), runs.draws("suppliers", "lead").mean(0)
    price = runs.money_draws("suppliers", "price")
    schedule = []
    for s, supplier in enumerate(names.suppliers):
        for t in np.flatnonzero(needed[:, :, s].mean(0) >= MIN_PARTS).tolist():
            first_need, lead_time = int(first[t, part_of[s]]), int(lead_times[s])
            place_by = max(first_need - lead_time, int(begin[0]))
            order_month = int(np.searchsorted(begin, place_by, "right")) - 1
            schedule.append(
                Order(
                    supplier, names.parts[part_of[s]], runs.months[t], start + timedelta(days=first_need), lead_time,
                    start + timedelta(days=first_need - lead_time),
                    start + timedelta(days=place_by + int(means[s] + 0.5)), place_by - (first_need - lead_time),
                    needed[:, t, s], float((needed[:, t, s] * price[:, order_month, s]).mean()),
                )
            )  # fmt: skip
    return sorted(schedule, key=lambda order: (order.place_by, -order.lead_time, order.supplier))


def workforces(plan: Plan) -> list[Workforce]:
    """Workforce needed by each plant: labour hours of the units started divided by the monthly hours of a worker.

    Workers work on the days on which the plant is open and not down.
    """
    parameters, model = plan.parameters, plan.model
    hours = produced(plan) / model.yields * model.hours
    hours_per_worker = parameters.plant("hours_per_head")[..., None] * parameters.up_days
    workers = np.divide(hours, hours_per_worker, out=np.zeros_like(hours), where=hours_per_worker > 0.0)
    return [Workforce(name, workers[:, p]) for p, name in enumerate(parameters.runs.compiled.names.plants)]


def delivered(plan: Plan) -> Floats:
    """(futures, months) units that arrive and serve the regions: shipped less losses and other uses, some late."""
    runs = plan.parameters.runs
    arcs = [(p, w) for p, ways in enumerate(runs.compiled.links.plant_lanes.tolist()) for w in ways if w >= 0]
    plants, lanes = np.array(arcs, np.int64).reshape(-1, 2).T
    arriving_share = serving_share(runs)[plants, lanes, None]
    delayed_share = np.minimum(1.0, runs.draws("lanes", "transit").mean(0) / DAYS_PER_MONTH)[lanes, None]
    arrivals = np.maximum(plan.tables["shipped"].values, 0.0) * arriving_share
    units: Floats = (arrivals * (1.0 - delayed_share)).sum(1)
    units[:, 1:] += (arrivals * delayed_share).sum(1)[:, :-1]
    return units


def target(plan: Plan) -> Floats | None:
    """(months,) good units due under the target, 0 before its first month; None without a target."""
    goal, runs = plan.goals.target, plan.parameters.runs
    if goal is None:
        return None
    return np.where(np.arange(len(runs.months)) + runs.first_month >= goal.month, goal.rate, 0.0)
