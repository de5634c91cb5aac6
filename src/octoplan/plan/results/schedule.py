"""A plan by its dates: gates and openings, lines added, orders with the day they must be placed, workers, deliveries.

Days count from the programme's start, which is day 0. What is not whole is rounded up: a plant works on the first day
that begins after its last gate.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from scipy.special import gammainc

from octoplan.plan.gates import opened, passed
from octoplan.plan.optimise import Plan
from octoplan.plan.parameters import MONTH
from octoplan.plan.solver.two_stage import Flags, Floats, Ints

OPENS = "opens"
SURE = 0.9
"""Confidence with which an order placed on its day arrives in time."""

FEWEST = 0.5
"""Parts needed on average below which a supplier is asked for nothing."""


@dataclass(frozen=True)
class Step:
    """A gate that a plant waits for, or its opening: (futures,) days after the start on which it is passed."""

    plant: str
    country: str
    name: str
    days: Floats


@dataclass(frozen=True)
class Added:
    """Lines that a plant is given in a month since its opening month, and the calendar month at the P50 opening."""

    plant: str
    since: int
    month: date
    lines: int
    total: int


@dataclass(frozen=True)
class Order:
    """Parts of one supplier that the production of one month needs.

    need
        First day in the month on which a plant that makes units is open, in the earliest of the futures.
    lead
        Whole days within which ``SURE`` of deliveries arrive, over futures and the luck of each delivery.
    place
        Day by which the order must be placed, ``need`` less ``lead``.
    arrival
        Day of arrival expected if it is placed then, or on the first day planned where that is past.
    late
        Days by which ``place`` lies before the first day planned, 0 where it does not.
    parts
        (futures,) parts needed in the month; 0 in a future in which none is.
    money
        Mean price of the parts, reporting currency at the exchange rate of the month of ``place``, without optimism
        bias.
    """

    supplier: str
    part: str
    month: str
    need: date
    lead: int
    place: date
    arrival: date
    late: int
    parts: Floats
    money: float


@dataclass(frozen=True)
class Team:
    """(futures, months) workers a plant needs for what it makes; joiners are the change of their mean, (months,)."""

    plant: str
    workers: Floats

    @property
    def joiners(self) -> Floats:
        return np.diff(self.workers.mean(0), prepend=0.0)


def day_of(plan: Plan, days: float) -> date:
    """The first whole day on or after so many days since the start."""
    return plan.scenario.start + timedelta(days=int(np.ceil(days)))


def first_day(plan: Plan) -> date:
    """The first day planned: the programme's start, or the date of its state."""
    return plan.scenario.start + timedelta(days=int(first_days(plan)[0]))


def begun(plan: Plan) -> tuple[list[int], list[int]]:
    """Crews begun and kits ordered in each month planned."""
    decided, begin = plan.scenario.compile().plan, plan.facts.pilot.begin
    return decided.intake[begin:].tolist(), decided.kit_orders[begin:].tolist()


def first_days(plan: Plan) -> Ints:
    """(months + 1,) days from the start to the first day of each month planned, and to the end."""
    pilot = plan.facts.pilot
    return np.concatenate([[0], np.cumsum(pilot.compiled.links.month_days)])[pilot.begin :]


def waits_for(after: Ints, needed: Ints) -> Flags:
    """(gates,) gates that must be passed for those needed: themselves, and what they wait for in turn."""
    found = needed.astype(bool)
    for _ in range(len(after)):
        found |= after[found].astype(bool).any(0)
    return found


def gates(plan: Plan) -> list[Step]:
    """Of each plant the gates it waits for, in the order of their P50, then its opening."""
    pilot = plan.facts.pilot
    names, links = pilot.compiled.names, pilot.compiled.links
    days, opens = passed(pilot.number("gates", "duration"), links), opened(pilot)
    home = np.asarray(pilot.compiled.template.plants["country"])
    found = []
    for p, plant in enumerate(names.plants):
        country = names.countries[home[p]]
        own = np.flatnonzero(waits_for(links.gate_after, links.plant_gates[p]))
        order = own[np.argsort(np.median(days[:, own], 0), kind="stable")]
        found += [Step(plant, country, names.gates[g], days[:, g]) for g in order]
        found.append(Step(plant, country, OPENS, opens[:, p]))
    return found


def openings(plan: Plan) -> dict[str, Step]:
    """The opening of each plant."""
    return {step.plant: step for step in gates(plan) if step.name == OPENS}


def months_on(first: date, months: int) -> date:
    """The first day of the month so many months after that of a day."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, 1)


def lines(plan: Plan) -> list[Added]:
    """Lines added at each plant, by months since it opens."""
    decided, opens_of = plan.scenario.compile(), openings(plan)
    found = []
    for plant, series in zip(decided.names.plants, decided.plan.lines.astype(int).tolist(), strict=True):
        opens = day_of(plan, float(np.median(opens_of[plant].days)))
        for since, (before, now) in enumerate(zip([0, *series[:-1]], series, strict=True)):
            if now > before:
                found.append(Added(plant, since, months_on(opens, since), now - before, now))
    return found


def lead_within(plan: Plan, share: float) -> Ints:
    """(suppliers,) fewest whole days within which at least the share of deliveries arrive.

    The lead of a delivery is, as in the campaign, a gamma time whose mean and coefficient of variation are assumptions,
    rounded to whole days; its distribution over futures and deliveries is the mixture of these over the futures,
    P(lead <= d) = mean over futures of G(d + 1/2; mean, cv). What waits for a supplier's capacity, or for the end of
    an outage, waits longer.
    """
    pilot = plan.facts.pilot
    means, spreads = (pilot.number("suppliers", name) for name in ("lead", "lead_cv"))
    shape = 1.0 / np.maximum(spreads, 1e-6) ** 2
    found = np.zeros(means.shape[1], np.int64)
    for s in range(len(found)):
        low, high = -1, int(50.0 * means[:, s].max()) + 1
        while high - low > 1:
            middle = (low + high) // 2
            until = middle + 0.5
            ratio = until / np.maximum(means[:, s], 1e-12)
            chance = np.where(spreads[:, s] > 0.0, gammainc(shape[:, s], shape[:, s] * ratio), ratio > 1.0)
            low, high = (low, middle) if chance.mean() >= share else (middle, high)
        found[s] = high
    return found


def made(plan: Plan) -> Floats:
    """(futures, plants, months) good units made, without the solver's negative grains."""
    return np.maximum(plan.tables["made"].values, 0.0)


def needs(plan: Plan) -> Floats:
    """(futures, months, suppliers) parts that go into the units started, split among suppliers by sourcing."""
    compiled = plan.facts.pilot.compiled
    bill = compiled.links.bill[compiled.template.plants["design"]].astype(float)
    started = made(plan) / plan.model.good
    of_part = np.einsum("spt,pn->stn", started, bill)
    seller = np.asarray(compiled.template.suppliers["part"])
    found: Floats = of_part[:, :, seller] * plan.facts.sourcing
    return found


def first_needs(plan: Plan) -> Floats:
    """(futures, months, parts) day since the start on which the month first needs the part, infinite where it does not.

    It is the month's first day, or that on which the first plant opens which makes units of the part in the month.
    """
    pilot = plan.facts.pilot
    compiled = pilot.compiled
    uses = compiled.links.bill[compiled.template.plants["design"]] > 0
    begin = np.maximum(first_days(plan)[None, None, :-1], np.ceil(pilot.tally("opened"))[..., None])
    begin = np.where(made(plan) > 1e-6, begin, np.inf)
    found = [begin[:, uses[:, n]].min(1, initial=np.inf) for n in range(uses.shape[1])]
    return np.stack(found, 2)


def orders(plan: Plan) -> list[Order]:
    """The order calendar, by the day each order must be placed, those of the longest lead first within a day.

    Each order arrives in time with the confidence ``SURE``, whatever the future, as far as its supplier ships on the
    day it is ordered. Quantities are what production uses up; the stock that the policy keeps ready comes on top.
    """
    pilot, start = plan.facts.pilot, plan.scenario.start
    names, part_of = pilot.compiled.names, np.asarray(pilot.compiled.template.suppliers["part"])
    needed, first, begin = needs(plan), first_needs(plan).min(0), first_days(plan)
    leads, means = lead_within(plan, SURE), pilot.number("suppliers", "lead").mean(0)
    price = pilot.money("suppliers", "price")
    found = []
    for s, supplier in enumerate(names.suppliers):
        for t in np.flatnonzero(needed[:, :, s].mean(0) >= FEWEST).tolist():
            need, lead = int(first[t, part_of[s]]), int(leads[s])
            place = max(need - lead, int(begin[0]))
            paid = int(np.searchsorted(begin, place, "right")) - 1
            found.append(
                Order(
                    supplier, names.parts[part_of[s]], pilot.months[t], start + timedelta(days=need), lead,
                    start + timedelta(days=need - lead), start + timedelta(days=place + int(means[s] + 0.5)),
                    place - (need - lead), needed[:, t, s], float((needed[:, t, s] * price[:, paid, s]).mean()),
                )
            )  # fmt: skip
    return sorted(found, key=lambda order: (order.place, -order.lead, order.supplier))


def hiring(plan: Plan) -> list[Team]:
    """Workers each plant needs for what it makes: hours of the units started over the hours a head gives in the month.

    A head gives its hours on the days on which the plant is open and not down.
    """
    facts, model = plan.facts, plan.model
    hours = made(plan) / model.good * model.hours
    gives = facts.plant("hours_per_head")[..., None] * facts.up_days
    workers = np.divide(hours, gives, out=np.zeros_like(hours), where=gives > 0.0)
    return [Team(name, workers[:, p]) for p, name in enumerate(facts.pilot.compiled.names.plants)]


def delivered(plan: Plan) -> Floats:
    """(futures, months) units that reach the regions: shipped less what is lost, part of it a month late by transit."""
    pilot = plan.facts.pilot
    lane = np.array([w for own in pilot.compiled.links.plant_lanes.tolist() for w in own if w >= 0], np.int64)
    kept = (1.0 - pilot.number("lanes", "loss").mean(0))[lane, None]
    late = np.minimum(1.0, pilot.number("lanes", "transit").mean(0) / MONTH)[lane, None]
    leaves = np.maximum(plan.tables["shipped"].values, 0.0) * kept
    found: Floats = (leaves * (1.0 - late)).sum(1)
    found[:, 1:] += (leaves * late).sum(1)[:, :-1]
    return found


def target(plan: Plan) -> Floats | None:
    """(months,) good units that the aims want made, 0 before they are due; None where no rate is aimed at."""
    aimed, pilot = plan.aims.target, plan.facts.pilot
    if aimed is None:
        return None
    return np.where(np.arange(len(pilot.months)) + pilot.begin >= aimed.month, aimed.rate, 0.0)
