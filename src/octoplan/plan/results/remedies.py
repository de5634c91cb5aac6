"""Remedies for a target that is missed: single changes, and the least amount of each that makes it reachable."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from octoplan.plan.gates import opening_days
from octoplan.plan.model import Model, ModelInputs, build
from octoplan.plan.optimise import LEARNING_FUTURES, TOLERATED_SHORTFALL, Plan, shortfall_share
from octoplan.plan.parameters import Parameters, parameters_of
from octoplan.plan.response_surface import DesignRuns, Progress
from octoplan.plan.second_stage_tables import second_stages
from octoplan.plan.solver import lshaped
from octoplan.plan.solver.two_stage import Floats, recourse_cost

DEFAULT_CONFIDENCE = 0.9
"""Share of futures in which the target should be reached where the goals have no confidence."""

WEEKS, FACTORS = (1, 2, 3, 4, 6, 8, 10, 13, 17, 21, 26), (1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0)
"""Weeks by which a gate is advanced, and factors on a capacity, that are tried."""

SEARCH_GAP, SEARCH_SECONDS = 5e-3, 20.0
"""Optimality gap, relative to the plan's cost, and seconds at which the search of one trial may stop."""


@dataclass(frozen=True)
class Lever:
    """Something that can be changed: its description by amount, the amounts from least to most, and their effect."""

    text: Callable[[float], str]
    amounts: tuple[float, ...]
    parameters: Callable[[float], Parameters]


def remedies(
    plan: Plan, *, executor: ThreadPoolExecutor | None = None, progress: Progress | None = None
) -> list[str]:  # fmt: skip
    """Sentences on single changes with which the target would be reached with the confidence asked for.

    They are tried on the first futures, with plans for which the target is a firm requirement. Empty where there is no
    target, or it is reached.
    """
    confidence = DEFAULT_CONFIDENCE if plan.goals.confidence is None else plan.goals.confidence
    if plan.goals.target is None or plan.attained is None or plan.attained >= confidence:
        return []
    trial = Trial(plan, confidence, executor)
    unchanged, cost = trial.reached(trial.parameters)
    if unchanged >= confidence:
        extra = f"{max(0.0, cost - trial.plan_cost):,.1f} M {plan.scenario.currency}"
        sentence = f"the target can be reached in {unchanged:.0%} of futures for {extra} more than the plan costs"
        return [f"{sentence}; ask for it with a confidence"]
    lines = [f"no spending reaches the target in more than {unchanged:.0%} of futures without other changes"]
    candidates = list(levers(plan, trial.runs, trial.parameters))
    for done, lever in enumerate(candidates):
        if progress is not None:
            progress("looking for remedies", done, len(candidates))
        amount = trial.least_amount(lever)
        if amount is not None:
            lines.append(f"remedy: it would be reached in {confidence:.0%} of futures with {lever.text(amount)}")
    if len(lines) == 1:
        lines.append(
            "no single change of a gate, of a part's supply, of hiring or of line output suffices; combine them"
        )
    return lines


class Trial:
    """The programme over the first futures, with the target as a firm requirement."""

    def __init__(self, plan: Plan, confidence: float, executor: ThreadPoolExecutor | None) -> None:
        self.plan, self.confidence, self.executor = plan, confidence, executor
        self.runs = plan.parameters.runs.first(min(LEARNING_FUTURES, plan.basis.planned))
        self.parameters = parameters_of(self.runs)
        self.goals = replace(plan.goals, confidence=1.0, worst={}, stopped=None)
        self.plan_cost = self.cost(self.model(self.parameters), plan.solution.x)
        self.tolerance = SEARCH_GAP * max(1.0, abs(self.plan_cost))

    def model(self, parameters: Parameters) -> Model:
        """The programme with other parameters of the same futures."""
        surface = self.plan.surface.first(len(self.runs))
        return build(ModelInputs(parameters, surface, self.goals, self.plan.learning.value, self.plan.basis.fixed))

    def reached(self, parameters: Parameters) -> tuple[float, float]:
        """Share of futures in which the best plan reaches the target, and its cost without shortages, millions."""
        model = self.model(parameters)
        solution = lshaped.solve(
            model.problem, model.scenarios, tolerance=self.tolerance, time_limit=SEARCH_SECONDS, executor=self.executor
        )
        second, _ = second_stages(model, solution.x)
        short = shortfall_share(model, model.scenarios, second)
        return float((short <= TOLERATED_SHORTFALL).mean()), self.cost(model, solution.x)

    def cost(self, model: Model, x: Floats) -> float:
        """Mean cost of a first stage without the price of shortages, millions."""
        second, _ = second_stages(model, x)
        columns = model.builder.y.blocks["shortfall"]
        costs = np.array([recourse_cost(model.problem, scenario) for scenario in model.scenarios])
        costs[:, columns] = 0.0
        return float(model.problem.first.cost @ x + (costs * second).sum(1).mean())

    def least_amount(self, lever: Lever) -> float | None:
        """The least amount of a lever that reaches the target, by bisection; None where the largest does not."""
        if self.reached(lever.parameters(lever.amounts[-1]))[0] < self.confidence:
            return None
        low, high = -1, len(lever.amounts) - 1
        while high - low > 1:
            middle = (low + high) // 2
            enough = self.reached(lever.parameters(lever.amounts[middle]))[0] >= self.confidence
            low, high = (low, middle) if enough else (middle, high)
        return lever.amounts[high]


def levers(plan: Plan, runs: DesignRuns, parameters: Parameters) -> Iterator[Lever]:
    """Each gate earlier; more of each part that limits output; faster hiring, and more output of a line."""
    names, links = runs.compiled.names, runs.compiled.links
    for g in np.flatnonzero(links.plant_gates.any(0)).tolist():
        yield Lever(partial(gate_text, names.gates[g]), WEEKS, partial(gate_earlier, runs, g))
    limiting = plan.shadow_prices["supply"].values.mean((0, 1)) > 0.0
    for n in np.flatnonzero(limiting).tolist():
        yield Lever(partial(factor_text, f"supply of {names.parts[n]}"), FACTORS, partial(more_supply, parameters, n))
    for parameter, name in (("hire_rate", "hiring rate of every plant"), ("line_rate", "output of every line")):
        yield Lever(partial(factor_text, name), FACTORS, partial(all_plants, runs, parameter))


def gate_text(gate: str, weeks: float) -> str:
    """A gate earlier, in words."""
    return f"the gate {gate} {weeks:g} week{'s' * (weeks > 1)} earlier"


def factor_text(name: str, factor: float) -> str:
    """A capacity times a factor, in words."""
    return f"{factor:g} times the {name}"


def more_supply(parameters: Parameters, part: int, factor: float) -> Parameters:
    """The parameters with the supply of a part multiplied."""
    factors = np.where(np.arange(parameters.supply.shape[2]) == part, factor, 1.0)
    return replace(parameters, supply=parameters.supply * factors)


def all_plants(runs: DesignRuns, parameter: str, factor: float) -> Parameters:
    """The parameters with an assumption on all plants multiplied."""
    assumptions = runs.assumptions.copy()
    assumptions[:, sorted(set(runs.compiled.slots["plants", parameter].tolist()) - {-1})] *= factor
    return parameters_of(replace(runs, assumptions=assumptions))


def gate_earlier(runs: DesignRuns, gate: int, weeks: float) -> Parameters:
    """The parameters with a gate that takes some weeks less, at least 0, and openings by the critical path."""
    column = runs.compiled.slots["gates", "duration"][gate]
    assumptions = runs.assumptions.copy()
    assumptions[:, column] = np.maximum(0.0, assumptions[:, column] - 7.0 * weeks)
    moved = replace(runs, assumptions=assumptions)
    first = {**runs.tallies[0], "opened": opening_days(moved)}
    return parameters_of(replace(moved, tallies=(first, *runs.tallies[1:])))
