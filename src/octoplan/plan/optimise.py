"""From a scenario to a plan: pilot, curves, learning, the two-stage programme, and what it says."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from math import inf
from time import perf_counter

import numpy as np

from octoplan.plan import decisions, lshaped
from octoplan.plan.check import broken
from octoplan.plan.curves import Curves, Pilot, fit, fly_pilot
from octoplan.plan.facts import Facts, facts_of, learnt_from
from octoplan.plan.gap import Gap, estimate
from octoplan.plan.learning import Settled, settle
from octoplan.plan.model import CREW, MONEY, UNIT, Aims, Model, build
from octoplan.plan.recourse import Chunk
from octoplan.plan.solver import Outcome, duals, run, values
from octoplan.plan.twostage import Floats, PlanError, Scenarios, Solved
from octoplan.scenario import Scenario
from octoplan.scenario.scenario import with_decisions

PRACTICE = 20
"""Futures over which learning is settled; the plan itself is made over all."""

FREE = 2
"""Turns of learning in which any plant may open."""

TURN = 15.0
"""Seconds that one turn of learning may search for."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Table:
    """One quantity of the plan: its unit, the names along its axes, and values by future (futures, *axes)."""

    unit: str
    axes: Mapping[str, tuple[str, ...]]
    values: Floats


@dataclass(frozen=True)
class Plan:
    """A plan with its bounds, in millions of the reporting currency.

    scenario
        The scenario with the plan as its decisions.
    text
        Its ``decisions.toml``.
    tables
        Month by month, what the linear model expects in each of its futures.
    worth
        By row, what one more unit of its right side is worth in each future, money, (futures, *axes).
    lower, upper, gap
        The least cost over these futures lies between the bounds; cost is counted from doing nothing, so below 0 saves.
    idle
        Cost of doing nothing, which ``lower`` and ``upper`` leave out.
    followed
        The second stage of every future under the plan, (futures, y).
    sampled
        The gap estimated on further futures, where asked for.
    learning
        How far hours and output have settled: the change of hours that one more turn would make.
    """

    scenario: Scenario
    text: str
    tables: Mapping[str, Table]
    worth: Mapping[str, Table]
    lower: float
    upper: float
    idle: float
    status: str
    iterations: int
    seconds: float
    learning: Settled
    remarks: tuple[str, ...]
    facts: Facts
    curves: Curves
    model: Model
    solved: Solved
    followed: Floats
    sampled: Gap | None

    @property
    def gap(self) -> float:
        return self.solved.gap


def part(scenarios: Scenarios, low: int, high: int) -> Scenarios:
    """The scenarios low, low + 1, … high - 1, equally likely."""
    return Scenarios(np.full(high - low, 1.0 / (high - low)), lambda s: scenarios.realise(low + s))


@dataclass
class Spare:
    """Futures that no plan was made for, dealt out batch by batch: a seed always gets the batch it got first."""

    scenarios: Scenarios
    begin: int
    dealt: dict[int, int] = field(default_factory=dict)

    def sample(self, n: int, seed: int) -> Scenarios:
        low = self.begin + n * self.dealt.setdefault(seed, len(self.dealt))
        return part(self.scenarios, low, low + n)


def only(pilot: Pilot, futures: int) -> Pilot:
    """The first futures of a pilot."""
    flown = tuple({name: array[:futures] for name, array in one.items()} for one in pilot.flown)
    return replace(pilot, beliefs=pilot.beliefs[:futures], flown=flown)


def optimise(
    scenario: Scenario,
    aims: Aims | None = None,
    *,
    futures: int = 60,
    seed: int = 1,
    gap: float = 0.005,
    time_limit: float = inf,
    batches: int = 0,
    batch: int = 20,
    executor: ThreadPoolExecutor | None = None,
    progress: Progress | None = None,
) -> Plan:
    """The plan of least expected cost, or of the aims, over some futures of the scenario.

    gap
        Of the plan's worth against doing nothing, at which the search may stop.
    time_limit
        Seconds for the last search; the best plan until then is returned with its gap.
    batches, batch
        Batches of further futures, and futures in each, on which the gap to the true optimum of the linear model is
        estimated (``gap.estimate``); none by default.

    Raises PlanError where no plan is possible, with what contradicts it.
    """
    begun = perf_counter()
    aims = aims or Aims()
    if futures < 1:
        raise PlanError(f"there are {futures} futures to plan for; draw at least one")
    every = futures + batches * batch
    pilot = fly_pilot(scenario, every, seed, executor=executor, progress=progress)
    some = only(pilot, min(PRACTICE, futures))
    few, slope = facts_of(some), some.number("plants", "slope").mean(0)
    learning = settle(
        step_of(few, fit(some), aims, executor, progress), first_guess(few),
        change_of=lambda before, after: hours_moved(slope, before, after),
    )  # fmt: skip
    facts, curves = facts_of(pilot), fit(pilot)
    model = build(facts, curves, aims, learning.value, counted=futures)

    def told(iteration: int, lower: float, upper: float) -> None:
        if progress is not None:
            progress(f"bounds {lower:,.1f} to {upper:,.1f} M", iteration, 0)

    solved = lshaped.solve(
        model.problem, part(model.scenarios, 0, futures), risk=aims.risk, gap=gap, time_limit=time_limit,
        executor=executor, progress=told,
    )  # fmt: skip
    sampled = None
    if batches:
        spare = Spare(model.scenarios, futures)
        sampled = estimate(
            model.problem, spare, solved.x, size=batch, seed=seed, batches=batches, risk=aims.risk, gap=gap,
            executor=executor,
            progress=None if progress is None else lambda done, of: progress("estimating the gap", done, of),
        )  # fmt: skip
    names, months = pilot.compiled.names, facts.since.shape[2]
    text = decisions.rewritten(scenario, decisions.chosen(model, solved.x, names.plants, months))
    planned = with_decisions(scenario, text)
    faults = broken(planned, aims, pilot)
    if faults:
        raise PlanError(f"the plan written down breaks what was asked of it: {faults[0]}")
    followed, worth = follow(model, solved.x)
    remarks = list(solved.remarks)
    if not learning.found:
        remarks.append(
            f"learning is not settled: one more turn would move the hours of all its units by {learning.change:.1%}"
        )
    if (pilot.compiled.plan.orders >= 0.0).any():
        remarks.append(
            "orders fixed in decisions.toml stay as they are; the plan counts on parts being ordered as needed"
        )
    return Plan(
        planned, text, tables_of(facts, followed, model), priced(model, worth, facts), solved.lower,
        solved.upper, model.idle, solved.status, solved.iterations, perf_counter() - begun, learning, tuple(remarks),
        facts, curves, model, solved, followed, sampled,
    )  # fmt: skip


def hours_moved(slope: Floats, before: Floats, after: Floats) -> float:
    """How far the hours of all units of the plan after would be off if they were learnt as before, relative.

    slope, before, after
        (p,) and (p, t) experience at the start of each month since opening.
    """
    made = np.maximum(0.0, np.diff(after, axis=1))
    b = np.log2(slope)[:, None]
    due, counted = (float((made * (1.0 + e[:, :-1] + 0.5 * made) ** b).sum()) for e in (after, before))
    return abs(counted / due - 1.0) if due > 0.0 else 0.0


def first_guess(facts: Facts) -> Floats:
    """(p, t + 1) experience under the scenario's own plan as it was flown."""
    good = facts.pilot.tally("good").transpose(0, 2, 1)
    return learnt_from(facts, good, np.ones_like(good))


def step_of(
    facts: Facts, curves: Curves, aims: Aims, executor: ThreadPoolExecutor | None, progress: Progress | None
) -> Callable[[Floats], Floats]:
    """One turn of learning: the experience of the plan that is best at a given experience.

    After ``FREE`` turns plants that made nothing in the turn before stay shut: of plants that hardly differ, each turn
    would otherwise pick those that learnt most in the last, and never settle.
    """
    turns, shut = [0], np.zeros(facts.since.shape[1], bool)

    def step(learnt: Floats) -> Floats:
        turns[0] += 1
        if progress is not None:
            progress("settling what is learnt", turns[0], 0)
        model = build(facts, curves, aims, learnt, shut)
        found = lshaped.solve(
            model.problem, model.scenarios, risk=aims.risk, gap=0.01, time_limit=TURN, executor=executor
        )
        followed, _ = follow(model, found.x)
        made = block(model, followed, "made") * UNIT
        if turns[0] >= FREE:
            shut[:] = made.sum((0, 2)) < len(facts.pilot)
        return learnt_from(facts, made, model.good)

    return step


def follow(model: Model, x: Floats) -> tuple[Floats, Floats]:
    """The second stage of every future under a first stage, (futures, y), and its rows' multipliers, (futures, rows).

    Raises PlanError for a future that cannot be followed.
    """
    problem, scenarios = model.problem, model.scenarios
    chunk = Chunk(problem, scenarios, np.arange(len(scenarios)))
    found, prices = [], []
    for realisation in scenarios:
        chunk.pose(realisation, x)
        if run(chunk.solver) is not Outcome.OPTIMAL:
            raise PlanError("a future cannot be followed under the plan; let shortages be paid for")
        found.append(values(chunk.solver))
        prices.append(duals(chunk.solver))
    return np.array(found), np.array(prices)


def block(model: Model, followed: Floats, name: str) -> Floats:
    """(futures, *shape) one block of the second stage."""
    return followed[:, model.sheet.y.blocks[name]]


def tables_of(facts: Facts, followed: Floats, model: Model) -> dict[str, Table]:
    """What the model expects month by month, in plain units."""
    names = facts.pilot.compiled.names
    month, plant = {"month": names.months}, {"plant": names.plants, "month": names.months}
    part = {"month": names.months, "part": names.parts}
    lanes = facts.pilot.compiled.links.plant_lanes.tolist()
    ways = tuple(f"{names.plants[p]} {names.lanes[w]}" for p, own in enumerate(lanes) for w in own if w >= 0)
    rows = (
        ("asked", "wanted", "unit", plant, UNIT), ("made", "made", "unit", plant, UNIT),
        ("bought", "bought", "part", part, UNIT), ("part stock", "part stock", "part", part, UNIT),
        ("missed", "missed", "unit", plant, UNIT), ("plant stock", "plant stock", "unit", plant, UNIT),
        ("shipped", "shipped", "unit", {"way": ways, "month": names.months}, UNIT),
        ("used", "used", "unit", month, UNIT), ("stock", "stock", "unit", month, UNIT),
        ("equipped", "equipped", "crew", month, CREW), ("saved", "saved", "money", month, MONEY),
    )  # fmt: skip
    found = {
        name: Table(unit, axes, block(model, followed, column) * scale) for name, column, unit, axes, scale in rows
    }
    if "short" in model.sheet.y.blocks:
        found["short"] = Table("unit", month, block(model, followed, "short") * UNIT)
    seller = np.asarray(facts.pilot.compiled.template.suppliers["part"])
    by_supplier = found["bought"].values[:, :, seller] * facts.sourcing
    found["bought of"] = Table("part", {"month": names.months, "supplier": names.suppliers}, by_supplier)
    return found


def priced(model: Model, worth: Floats, facts: Facts) -> dict[str, Table]:
    """What one more of each limit is worth in its future, money: of a part, a unit, a crew for a month."""
    own = facts.pilot.compiled.names
    month, plant = {"month": own.months}, {"plant": own.plants, "month": own.months}
    rows: tuple[tuple[str, str, Mapping[str, tuple[str, ...]], float], ...] = (
        ("supply", "part", {"month": own.months, "part": own.parts}, UNIT), ("labour", "unit", plant, UNIT),
        ("lines", "unit", plant, UNIT),
        ("lanes", "unit", {"lane": own.lanes, "month": own.months}, UNIT),
        ("crews", "crew-month", month, CREW), ("kits", "kit-month", month, CREW),
    )  # fmt: skip
    found = {}
    for name, unit, axes, scale in rows:
        price = -worth[:, model.sheet.rows[name]] * MONEY / scale
        found[name] = Table(unit, axes, np.maximum(0.0, price))
    return found
