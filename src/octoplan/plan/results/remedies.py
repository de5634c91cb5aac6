"""The cheapest ways out where a target is not reached: one thing changed at a time, and by how much it would take."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from octoplan.plan.gates import opened
from octoplan.plan.model import Model, build
from octoplan.plan.optimise import MISS, PRACTICE, Plan, lacking_share, only
from octoplan.plan.parameters import Facts, facts_of
from octoplan.plan.response_surface import Pilot
from octoplan.plan.results.evaluation import Progress
from octoplan.plan.second_stage_tables import follow
from octoplan.plan.solver import lshaped
from octoplan.plan.solver.two_stage import Floats

GOAL = 0.9
"""Share of futures in which the target should be reached where the aims name no confidence."""

WEEKS, TIMES = (1, 2, 3, 4, 6, 8, 10, 13, 17, 21, 26), (1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0)
"""How much sooner a gate, how many times a capacity, is tried."""

SEARCH, TIME = 5e-3, 20.0
"""Share of what the plan saves, and seconds, at which the search of one trial may stop."""


@dataclass(frozen=True)
class Lever:
    """One thing that could be changed: in words by amount, the amounts from least to most, and the facts it makes."""

    words: Callable[[float], str]
    amounts: tuple[float, ...]
    facts: Callable[[float], Facts]


def ways_out(
    plan: Plan, *, executor: ThreadPoolExecutor | None = None, progress: Progress | None = None
) -> list[str]:  # fmt: skip
    """What would let the target be reached with the confidence asked for (``GOAL`` if none), each change by itself.

    Judged over the first futures, on plans that pay whatever a unit short of the target is worth; empty where there is
    no target, or it is reached.
    """
    goal = GOAL if plan.aims.confidence is None else plan.aims.confidence
    if plan.aims.target is None or plan.attained is None or plan.attained >= goal:
        return []
    trial = Trial(plan, goal, executor)
    as_it_is, cost = trial.reached(trial.facts)
    if as_it_is >= goal:
        more = cost - trial.paid
        dearer = f"{max(0.0, more):,.1f} M {plan.scenario.currency} more than the plan costs"
        return [f"the target can be reached in {as_it_is:.0%} of futures for {dearer}: ask for it with a confidence"]
    found = [f"no outlay reaches the target in more than {as_it_is:.0%} of futures as things stand"]
    every = list(levers(plan, trial.pilot, trial.facts))
    for done, lever in enumerate(every):
        if progress is not None:
            progress("looking for ways out", done, len(every))
        amount = trial.least(lever)
        if amount is not None:
            found.append(f"it would be reached in {goal:.0%} with {lever.words(amount)}")
    if len(found) == 1:
        found.append("no single change of a gate, of a part's supply, of hiring or of lines would do; combine them")
    return found


class Trial:
    """The programme over the first futures, with a target that must be reached whatever a unit short is worth."""

    def __init__(self, plan: Plan, goal: float, executor: ThreadPoolExecutor | None) -> None:
        self.plan, self.goal, self.executor = plan, goal, executor
        self.pilot = only(plan.facts.pilot, min(PRACTICE, plan.basis.counted))
        self.facts = facts_of(self.pilot)
        self.aims = replace(plan.aims, confidence=1.0, worst={}, stopped=None)
        self.paid = self.money(self.model(self.facts), plan.solved.x)
        self.tolerance = SEARCH * max(1.0, abs(self.paid))

    def model(self, facts: Facts) -> Model:
        """The programme over some facts of the same futures."""
        curves = self.plan.curves.first(len(self.pilot))
        return build(facts, curves, self.aims, self.plan.learning.value, given=self.plan.basis.given)

    def reached(self, facts: Facts) -> tuple[float, float]:
        """Share of the futures that reach the target under the best plan, and its cost but for shortages, millions."""
        model = self.model(facts)
        found = lshaped.solve(
            model.problem, model.scenarios, tolerance=self.tolerance, time_limit=TIME, executor=self.executor
        )  # fmt: skip
        followed, _ = follow(model, found.x)
        lacking = lacking_share(model, model.scenarios, followed)
        return float((lacking <= MISS).mean()), self.money(model, found.x)

    def money(self, model: Model, x: Floats) -> float:
        """Mean cost of a first stage, shortages left out, millions."""
        followed, _ = follow(model, x)
        columns = model.sheet.y.blocks["short"]
        cost = np.array([
            self.of(model, row, s) - float(row[columns] @ model.problem.second.cost[columns])
            for s, row in enumerate(followed)
        ])  # fmt: skip
        return float(model.problem.first.cost @ x + cost.mean())

    def of(self, model: Model, row: Floats, s: int) -> float:
        cost = model.problem.second.cost.copy()
        cost[model.problem.random_cost] = model.scenarios.realise(s).cost
        return float(cost @ row)

    def least(self, lever: Lever) -> float | None:
        """The least amount of a lever that reaches the goal, by bisection; none where the most does not."""
        if self.reached(lever.facts(lever.amounts[-1]))[0] < self.goal:
            return None
        low, high = -1, len(lever.amounts) - 1
        while high - low > 1:
            middle = (low + high) // 2
            enough = self.reached(lever.facts(lever.amounts[middle]))[0] >= self.goal
            low, high = (low, middle) if enough else (middle, high)
        return lever.amounts[high]


def levers(plan: Plan, pilot: Pilot, facts: Facts) -> Iterator[Lever]:
    """Each gate sooner; more of each part that binds; faster hiring, and more from a line."""
    compiled = pilot.compiled
    names = compiled.names
    for g in np.flatnonzero(compiled.links.plant_gates.any(0)).tolist():
        yield Lever(partial(gate_words, names.gates[g]), WEEKS, partial(sooner, pilot, g))
    binds = plan.worth["supply"].values.mean((0, 1)) > 0.0
    for n in np.flatnonzero(binds).tolist():
        yield Lever(partial(times_words, f"supply of {names.parts[n]}"), TIMES, partial(supplied, facts, n))
    for parameter, words in (("hire_rate", "hiring at every plant"), ("line_rate", "output of every line")):
        yield Lever(partial(times_words, words), TIMES, partial(times_all, pilot, parameter))


def gate_words(gate: str, weeks: float) -> str:
    return f"the gate {gate} {weeks:g} week{'s' * (weeks > 1)} sooner"


def times_words(what: str, times: float) -> str:
    return f"{times:g} times the {what}"


def supplied(facts: Facts, part: int, times: float) -> Facts:
    """The facts with the supply of a part multiplied."""
    return replace(facts, supply=facts.supply * np.where(np.arange(facts.supply.shape[2]) == part, times, 1.0))


def times_all(pilot: Pilot, parameter: str, times: float) -> Facts:
    """The facts with a number of all plants multiplied."""
    assumptions = pilot.assumptions.copy()
    assumptions[:, sorted(set(pilot.compiled.slots["plants", parameter].tolist()) - {-1})] *= times
    return facts_of(replace(pilot, assumptions=assumptions))


def sooner(pilot: Pilot, gate: int, weeks: float) -> Facts:
    """The facts with a gate passed some weeks sooner, at most at once, and plants opened by their critical path."""
    column = pilot.compiled.slots["gates", "duration"][gate]
    assumptions = pilot.assumptions.copy()
    assumptions[:, column] = np.maximum(0.0, assumptions[:, column] - 7.0 * weeks)
    moved = replace(pilot, assumptions=assumptions)
    first = {**pilot.flown[0], "opened": opened(moved)}
    return facts_of(replace(moved, flown=(first, *pilot.flown[1:])))
