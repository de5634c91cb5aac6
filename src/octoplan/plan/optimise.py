"""From a scenario to a plan: pilot, curves, learning, the two-stage programme, and what it says."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from math import ceil, inf
from time import perf_counter

import numpy as np

from octoplan.errors import PlanError
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.plan import decisions
from octoplan.plan.check import broken
from octoplan.plan.fixed_decisions import Given, given_of
from octoplan.plan.goals import Aims, aims_of
from octoplan.plan.learning import Settled, settle
from octoplan.plan.model import Model, build
from octoplan.plan.parameters import Facts, facts_of, learnt_from
from octoplan.plan.response_surface import Curves, Pilot, begins, fit, fly_pilot, leakers, opened_before
from octoplan.plan.second_stage_tables import Table, block, follow, priced, tables_of
from octoplan.plan.solver import lshaped
from octoplan.plan.solver import optimality_gap as gap
from octoplan.plan.solver.risk import NEUTRAL, Risk
from octoplan.plan.solver.two_stage import Flags, Floats, Scenarios, Solved, relative_gap
from octoplan.plan.units import UNIT
from octoplan.scenario import Scenario
from octoplan.scenario.scenario import with_decisions

PRACTICE = 20
"""Futures over which learning is settled; the plan itself is made over all."""

FREE = 2
"""Turns of learning in which any plant may open."""

TURN = 15.0
"""Seconds that one turn of learning may search for."""

BATCH_GAP = 0.2
"""Share of the plan's own gap at which the search of a batch may stop, since what it leaves open counts against it."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Basis:
    """What a plan is made from: the futures and what is known of them.

    every
        Futures of each named scenario, those of the assumptions as they are first; the first ``counted`` of each are
        planned for, the others judge the plan.
    """

    pilot: Pilot
    facts: Facts
    curves: Curves
    counts: Curves | None
    given: Given
    every: int
    counted: int

    @property
    def groups(self) -> int:
        return len(self.pilot) // self.every

    def part(self, scenarios: Scenarios, low: int, high: int) -> Scenarios:
        """The futures low, low + 1, … high - 1 of each named scenario, equally likely."""
        rows = (np.arange(self.groups)[:, None] * self.every + np.arange(low, high)).ravel()
        return Scenarios(np.full(len(rows), 1.0 / len(rows)), lambda s: scenarios.realise(int(rows[s])))

    def believed(self, model: Model) -> tuple[Facts, Model]:
        """Facts and programme of the futures with the assumptions as they are."""
        every = self.every
        if self.groups == 1:
            return self.facts, model
        own = replace(
            model, scenarios=self.first(model.scenarios), hours=model.hours[:every], good=model.good[:every],
            idle=model.idle[:every],
        )  # fmt: skip
        return facts_of(only(self.pilot, every)), own

    def first(self, scenarios: Scenarios) -> Scenarios:
        return Scenarios(np.full(self.every, 1.0 / self.every), scenarios.realise)

    def planned_for(self, scenarios: Scenarios) -> Scenarios:
        return self.part(scenarios, 0, self.counted)

    def risk(self, aims: Aims) -> Risk:
        return replace(aims.risk, groups=self.groups)


@dataclass(frozen=True)
class Plan:
    """A plan with its bounds, in millions of the reporting currency, or in hundreds of threats (``model``).

    scenario
        The scenario with the plan as its decisions.
    text
        Its ``decisions.toml``.
    tables
        Month by month, what the linear model expects in each of its futures with the assumptions as they are.
    worth
        By row, what one more unit of its right side is worth in each future, money or threats, (futures, *axes).
    lower, upper, gap
        The least cost over these futures lies between the bounds; cost is counted from doing nothing, so below 0 saves.
    facts, model, followed
        What is known of every future with the assumptions as they are, the programme over them, and its second stage
        under the plan, (futures, y).
    sampled
        The gap estimated on further futures, where asked for.
    values
        What knowing the future and minding the chance are worth on the futures planned for; none under a risk.
    attained
        Share of the futures planned for in which what the aims ask to be reached is reached; none if nothing is.
    learning
        How far hours and output have settled: the change of hours that one more turn would make.
    """

    scenario: Scenario
    aims: Aims
    text: str
    tables: Mapping[str, Table]
    worth: Mapping[str, Table]
    lower: float
    upper: float
    status: str
    iterations: int
    seconds: float
    learning: Settled
    remarks: tuple[str, ...]
    basis: Basis
    facts: Facts
    model: Model
    solved: Solved
    followed: Floats
    sampled: gap.Gap | None
    values: gap.Values | None
    attained: float | None

    @property
    def curves(self) -> Curves:
        return self.basis.curves

    @property
    def gap(self) -> float:
        return self.solved.gap

    @property
    def unit(self) -> str:
        """What ``lower`` and ``upper`` are counted in."""
        return "hundred threats" if self.model.counts_threats else f"M {self.scenario.currency}"


@dataclass
class Spare:
    """Futures that no plan was made for, dealt out batch by batch: a seed always gets the batch it got first."""

    basis: Basis
    scenarios: Scenarios
    dealt: dict[int, int] = field(default_factory=dict)

    def sample(self, n: int, seed: int) -> Scenarios:
        low = self.basis.counted + n * self.dealt.setdefault(seed, len(self.dealt))
        return self.basis.part(self.scenarios, low, low + n)


def only(pilot: Pilot, futures: int) -> Pilot:
    """The first futures of a pilot."""
    flown = tuple({name: array[:futures] for name, array in one.items()} for one in pilot.flown)
    return replace(pilot, assumptions=pilot.assumptions[:futures], flown=flown)


def optimise(
    scenario: Scenario,
    aims: Aims | None = None,
    *,
    futures: int = 60,
    seed: int = 1,
    gap: float = 0.005,
    time_limit: float = inf,
    batches: int = 0,
    batch: int = 40,
    frozen: int = 0,
    executor: ThreadPoolExecutor | None = None,
    progress: Progress | None = None,
) -> Plan:
    """The plan of least expected cost, or of the aims, over some futures of the scenario.

    aims
        What the scenario's ``[plan]`` asks for if not given.
    gap
        Of the plan's worth against doing nothing, at which the search may stop.
    time_limit
        Seconds for the last search; the best plan until then is returned with its gap.
    batches, batch
        Batches of further futures, and futures in each, on which the gap to the true optimum of the linear model is
        estimated (``gap.estimate``); none by default.
    frozen
        Months, from the date of the scenario's state on if it has one, whose decisions stay as they are.

    Raises PlanError where no plan is possible, with what contradicts it.
    """
    begun = perf_counter()
    aims = aims or aims_of(scenario)
    if futures < 1:
        raise PlanError(f"there are {futures} futures to plan for; draw at least one")
    basis = basis_of(scenario, aims, frozen, futures, batches * batch, seed, executor, progress)
    learning = learnt(basis, aims, executor, progress)
    model, solved, attained = solve(basis, aims, learning.value, gap, time_limit, executor, progress)
    sampled, values = None, None
    if batches and aims.confidence is None:
        sampled = judged(basis, aims, model, solved, batches, batch, seed, gap, executor, progress)
    if solved.status == "optimal" and basis.risk(aims).neutral and aims.confidence is None:
        values = worth_of_knowing(basis, model, solved, executor)
    names = basis.pilot.compiled.names
    text = decisions.rewritten(scenario, decisions.chosen(model, solved.x, names.plants))
    planned = with_decisions(scenario, text)
    faults = broken(planned, aims, basis.pilot)
    if faults:
        raise PlanError(f"the plan written down breaks what was asked of it: {faults[0]}")
    facts, own = basis.believed(model)
    followed, worth = follow(own, solved.x)
    return Plan(
        planned, aims, text, tables_of(facts, followed, own), priced(own, worth, facts), solved.lower, solved.upper,
        solved.status, solved.iterations, perf_counter() - begun, learning, remarks(basis, solved, learning), basis,
        facts, own, solved, followed, sampled, values, attained,
    )  # fmt: skip


def basis_of(
    scenario: Scenario, aims: Aims, frozen: int, futures: int, spare: int, seed: int, executor: Executor | None,
    progress: Progress | None,
) -> Basis:  # fmt: skip
    """Fly the design through the futures of the assumptions as they are, and of each named scenario.

    frozen
        Months from the first planned on, or from the date of a state, whose decisions stay.
    """
    every = futures + spare
    compiled, drawn = scenario.compile(), draw_assumptions(scenario, every, seed)
    begin = begins(compiled)
    if begin + frozen >= len(compiled.names.months):
        first = compiled.names.months[begin]
        raise PlanError(f"with {frozen} months frozen from {first} on nothing is left to decide; freeze fewer")
    given = given_of(compiled, aims.fixed, begin + frozen, opened_before(compiled, begin))
    assumptions = [drawn, *(scaled_assumptions(scenario, drawn, factors) for factors in aims.worst.values())]
    pilot = fly_pilot(compiled, assumptions, seed, executor=executor, progress=progress)
    counted = aims.objective == "most-stopped" or aims.stopped is not None
    counts = fit(pilot, leakers) if counted else None
    return Basis(pilot, facts_of(pilot), fit(pilot), counts, given, every, futures)


def scaled_assumptions(scenario: Scenario, drawn: Floats, factors: Mapping[str, float]) -> Floats:
    """Draws with the assumptions whose names match a pattern times its factor. Raises PlanError where none matches."""
    found = drawn.copy()
    for pattern, factor in factors.items():
        matches = np.array([fnmatchcase(name, pattern) for name in scenario.columns])
        if not matches.any():
            raise PlanError(
                f"no assumption is called {pattern!r}; write a name of the assumption log, such as raids.level"
            )
        found[:, matches] *= factor
    return found


def learnt(
    basis: Basis, aims: Aims, executor: ThreadPoolExecutor | None, progress: Progress | None
) -> Settled:  # fmt: skip
    """The experience of the plan that is best at it, on the first futures."""
    some = only(basis.pilot, min(PRACTICE, basis.counted))
    few, slope = facts_of(some), some.number("plants", "slope").mean(0)
    return settle(
        step_of(few, basis, aims, executor, progress), first_guess(few),
        change_of=lambda before, after: hours_moved(slope, before, after),
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
    facts: Facts, basis: Basis, aims: Aims, executor: ThreadPoolExecutor | None, progress: Progress | None
) -> Callable[[Floats], Floats]:
    """One turn of learning: the experience of the plan that is best at a given experience.

    After ``FREE`` turns plants that made nothing in the turn before stay shut: of plants that hardly differ, each turn
    would otherwise pick those that learnt most in the last, and never settle.
    """
    turns, shut = [0], np.zeros(facts.since.shape[1], bool)
    curves = basis.curves.first(len(facts.pilot))
    counts = None if basis.counts is None else basis.counts.first(len(facts.pilot))
    alone = replace(aims, worst={})

    def step(experience: Floats) -> Floats:
        turns[0] += 1
        if progress is not None:
            progress("settling what is learnt", turns[0], 0)
        model = build(facts, curves, alone, experience, given=basis.given, counts=counts, shut=shut)
        found = lshaped.solve(
            model.problem, model.scenarios, risk=aims.risk, gap=0.01, time_limit=TURN, executor=executor
        )
        followed, _ = follow(model, found.x)
        made = block(model, followed, "made") * UNIT
        if turns[0] >= FREE and not (aims.share or aims.units or aims.jobs):
            shut[:] = made.sum((0, 2)) < len(facts.pilot)
        return learnt_from(facts, made, model.good)

    return step


def solve(
    basis: Basis, aims: Aims, experience: Floats, gap: float, time_limit: float,
    executor: ThreadPoolExecutor | None, progress: Progress | None = None,
) -> tuple[Model, Solved, float | None]:  # fmt: skip
    """The programme at an experience, the best first stage found, and the share of futures that reach what they must.

    With a confidence, the plan is made twice: the futures that fall short the most under the first are excused in the
    second, as many as the confidence allows (sampling and discarding, Campi and Garatti 2011).
    """

    def told(iteration: int, lower: float, upper: float) -> None:
        if progress is not None:
            progress(f"bounds {lower:,.1f} to {upper:,.1f}, gap {relative_gap(lower, upper):.2%}", iteration, 0)

    def solved(sought: Aims, tolerance: float | None, excused: Flags | None = None) -> tuple[Model, Solved]:
        model = build(
            basis.facts, basis.curves, sought, experience, given=basis.given, counts=basis.counts, excused=excused,
            counted=basis.counted,
        )  # fmt: skip
        found = lshaped.solve(
            model.problem, basis.planned_for(model.scenarios), risk=basis.risk(aims), gap=gap, tolerance=tolerance,
            time_limit=time_limit, executor=executor, progress=told,
        )  # fmt: skip
        return model, found

    if aims.target is None and aims.stopped is None:
        return *solved(aims, None), None
    tolerance = gap * abs(solved(replace(aims, target=None, stopped=None, confidence=None), None)[1].upper)
    model, found = solved(aims, tolerance)
    lacking = shortages(basis, model, found.x)
    spared = 0 if aims.confidence is None else basis.counted - ceil(basis.counted * aims.confidence - 1e-9)
    if spared:
        excused = np.zeros(len(basis.pilot), bool)
        for group in range(basis.groups):
            own = lacking[group * basis.counted : (group + 1) * basis.counted]
            excused[group * basis.every + np.argsort(-own, kind="stable")[:spared]] = True
        model, found = solved(aims, tolerance, excused)
        lacking = shortages(basis, build_required(basis, aims, experience), found.x)
    return model, found, float((lacking <= MISS).mean())


MISS = 0.01
"""Share of what is due over the horizon that may be short and still counts as reached."""


def build_required(basis: Basis, aims: Aims, experience: Floats) -> Model:
    """The programme with nobody excused."""
    return build(basis.facts, basis.curves, aims, experience, given=basis.given, counts=basis.counts)


def shortages(basis: Basis, model: Model, x: Floats) -> Floats:
    """(futures planned for,) share of what is due that each lacks under a first stage: of the target or of threats."""
    futures = basis.planned_for(model.scenarios)
    followed, _ = follow(replace(model, scenarios=futures), x)
    return lacking_share(model, futures, followed)


def lacking_share(model: Model, futures: Scenarios, followed: Floats) -> Floats:
    """(futures,) the greater share of what is due that the second stage lacks: of the target, or of threats to stop."""
    found = np.zeros(len(followed))
    for name, row in (("short", "target"), ("lacking", "share stopped")):
        if name in model.sheet.y.blocks:
            due = np.array([np.maximum(0.0, r.lower[model.sheet.rows[row]]).sum() for r in futures])
            found = np.maximum(found, block(model, followed, name).sum(1) / np.maximum(due, 1e-9) * (due > 0.0))
    return found


def judged(
    basis: Basis, aims: Aims, model: Model, solved: Solved, batches: int, batch: int, seed: int, tolerance: float,
    executor: ThreadPoolExecutor | None, progress: Progress | None,
) -> gap.Gap:  # fmt: skip
    """The gap of a plan on batches of futures that it was not made for."""
    return gap.estimate(
        model.problem, Spare(basis, model.scenarios), solved.x, size=batch, seed=seed, batches=batches,
        risk=basis.risk(aims), gap=BATCH_GAP * tolerance, executor=executor,
        progress=None if progress is None else lambda done, of: progress("estimating the gap", done, of),
    )  # fmt: skip


def worth_of_knowing(
    basis: Basis, model: Model, solved: Solved, executor: ThreadPoolExecutor | None
) -> gap.Values:  # fmt: skip
    """What knowing each future beforehand, and minding the chance, are worth."""
    futures = basis.planned_for(model.scenarios)
    naive = gap.mean_plan(model.problem, futures)
    return gap.Values(
        gap.wait_and_see(model.problem, futures, 1e-3, executor), solved.upper,
        gap.cost(model.problem, futures, naive, NEUTRAL, executor), naive,
    )  # fmt: skip


def remarks(basis: Basis, solved: Solved, learning: Settled) -> tuple[str, ...]:
    """What a reader of the plan should mind."""
    found = list(solved.remarks)
    if not learning.found:
        found.append(
            f"learning is not settled: one more turn would move the hours of all its units by {learning.change:.1%}"
        )
    if (basis.pilot.compiled.plan.orders >= 0.0).any():
        found.append("orders that stand in decisions.toml are placed as they are; the plan is made around them")
    return tuple(found)
