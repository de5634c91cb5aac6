"""Remedies for a missed target: single changes, and the smallest amount of each that makes the target reachable."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from octoplan.outcomes.format import percent
from octoplan.plan.gates import opening_days
from octoplan.plan.model import Model, ModelInputs, build
from octoplan.plan.optimise import LEARNING_FUTURES, SHORTFALL_TOLERANCE, Plan, shortfall_share
from octoplan.plan.parameters import Parameters, parameters_of
from octoplan.plan.response_surface import DesignRuns, Progress
from octoplan.plan.second_stage_tables import second_stages
from octoplan.plan.solver import lshaped
from octoplan.plan.solver.two_stage import Floats, recourse_cost

DEFAULT_CONFIDENCE = 0.9
"""Share of futures in which the target should be reached, if the goals state no confidence."""

WEEKS_EARLIER, CAPACITY_FACTORS = (1, 2, 3, 4, 6, 8, 10, 13, 17, 21, 26), (1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0)
"""Numbers of weeks by which a gate is passed earlier, and factors on a capacity, that are tried."""

SEARCH_GAP, SEARCH_ITERATIONS = 5e-3, 200
"""Optimality gap, relative to the plan's cost, or number of iterations at which the search in a trial stops."""


@dataclass(frozen=True)
class Lever:
    """A possible change to the inputs.

    text, parameters
        Functions of the amount: its description, and the parameters after the change.
    amounts
        Amounts to try, in increasing order.
    """

    text: Callable[[float], str]
    amounts: tuple[float, ...]
    parameters: Callable[[float], Parameters]


def remedies(
    plan: Plan, *, executor: ThreadPoolExecutor | None = None, progress: Progress | None = None
) -> list[str]:  # fmt: skip
    """Sentences on single changes with which the target would be reached with the required confidence.

    Each change is evaluated on the first of the futures used in the optimisation, with the target as a hard constraint.
    Empty if there is no target or the plan reaches it.
    """
    confidence = DEFAULT_CONFIDENCE if plan.goals.confidence is None else plan.goals.confidence
    if plan.goals.target is None or plan.attained_share is None or plan.attained_share >= confidence:
        return []
    trial = Trial(plan, confidence, executor)
    unchanged, cost = trial.reached(trial.parameters)
    if unchanged >= confidence:
        extra = f"{max(0.0, cost - trial.plan_cost):,.1f} M {plan.scenario.currency}"
        sentence = f"the target can be reached in {percent(unchanged)} of futures for {extra} more than the plan costs"
        return [f"{sentence}; to plan for it, set --confidence"]
    lines = [
        f"without other changes, no amount of spend reaches the target in more than {percent(unchanged)} of futures"
    ]
    candidates = list(levers(plan, trial.runs, trial.parameters))
    for done, lever in enumerate(candidates):
        if progress is not None:
            progress("looking for remedies", done, len(candidates))
        amount = trial.least_amount(lever)
        if amount is not None:
            lines.append(
                f"remedy: the target would be reached in {percent(confidence)} of futures with {lever.text(amount)}"
            )
    if len(lines) == 1:
        lines.append(
            "no single change of a gate, a part's supply, hiring or line output is sufficient; combine several changes"
        )
    return lines


class Trial:
    """Plans over the first of the futures used in the optimisation, with the target as a hard constraint."""

    def __init__(self, plan: Plan, confidence: float, executor: ThreadPoolExecutor | None) -> None:
        self.plan, self.confidence, self.executor = plan, confidence, executor
        self.runs = plan.parameters.runs.first_futures(min(LEARNING_FUTURES, plan.basis.planned_futures))
        self.parameters = parameters_of(self.runs)
        self.goals = replace(plan.goals, confidence=1.0, stress_scenarios={}, stopped_share=None)
        self.plan_cost = self.cost(self.model(self.parameters), plan.solution.x)
        self.tolerance = SEARCH_GAP * max(1.0, abs(self.plan_cost))

    def model(self, parameters: Parameters) -> Model:
        """The linear programme with other parameters for the same futures."""
        surface = self.plan.surface.first_futures(len(self.runs))
        inputs = ModelInputs(parameters, surface, self.goals, self.plan.learning.value, self.plan.basis.fixed)
        return build(inputs, self.executor)

    def reached(self, parameters: Parameters) -> tuple[float, float]:
        """Share of futures in which the optimal plan reaches the target, and its cost in millions without penalties."""
        model = self.model(parameters)
        solution = lshaped.solve(
            model.problem, model.scenarios, tolerance=self.tolerance, max_iterations=SEARCH_ITERATIONS,
            executor=self.executor,
        )  # fmt: skip
        second, _ = second_stages(model, solution.x)
        short = shortfall_share(model, model.scenarios, second)
        return float((short <= SHORTFALL_TOLERANCE).mean()), self.cost(model, solution.x)

    def cost(self, model: Model, x: Floats) -> float:
        """Mean cost of the first stage x without penalties for shortages, in millions."""
        second, _ = second_stages(model, x)
        columns = model.builder.y.blocks["shortfall"]
        costs = np.array([recourse_cost(model.problem, scenario) for scenario in model.scenarios])
        costs[:, columns] = 0.0
        return float(model.problem.first.cost @ x + (costs * second).sum(1).mean())

    def least_amount(self, lever: Lever) -> float | None:
        """Smallest amount of a change that reaches the target, by bisection; None if the largest is not enough."""
        if self.reached(lever.parameters(lever.amounts[-1]))[0] < self.confidence:
            return None
        low, high = -1, len(lever.amounts) - 1
        while high - low > 1:
            middle = (low + high) // 2
            enough = self.reached(lever.parameters(lever.amounts[middle]))[0] >= self.confidence
            low, high = (low, middle) if enough else (middle, high)
        return lever.amounts[high]


def levers(plan: Plan, runs: DesignRuns, parameters: Parameters) -> Iterator[Lever]:
    """Yield the possible changes: earlier gates, more supply of limiting parts, faster hiring, more output per line."""
    names, links = runs.compiled.names, runs.compiled.links
    for g in np.flatnonzero(links.plant_gates.any(0)).tolist():
        yield Lever(partial(gate_text, names.gates[g]), WEEKS_EARLIER, partial(with_earlier_gate, runs, g))
    limiting = plan.shadow_prices["supply"].values.mean((0, 1)) > 0.0
    for n in np.flatnonzero(limiting).tolist():
        yield Lever(
            partial(factor_text, f"supply of {names.parts[n]}"),
            CAPACITY_FACTORS,
            partial(with_supply_factor, parameters, n),
        )
    for parameter, name in (("hire_rate", "hiring rate of every plant"), ("line_rate", "output of every line")):
        yield Lever(partial(factor_text, name), CAPACITY_FACTORS, partial(with_plant_factor, runs, parameter))


def gate_text(gate: str, weeks: float) -> str:
    """Description of a gate passed some weeks earlier."""
    return f"the gate {gate} {weeks:g} week{'s' * (weeks > 1)} earlier"


def factor_text(name: str, factor: float) -> str:
    """Description of a capacity multiplied by a factor."""
    return f"{factor:g} times the {name}"


def with_supply_factor(parameters: Parameters, part: int, factor: float) -> Parameters:
    """The parameters with the supply of one part multiplied by a factor."""
    factors = np.where(np.arange(parameters.supply.shape[2]) == part, factor, 1.0)
    return replace(parameters, supply=parameters.supply * factors)


def with_plant_factor(runs: DesignRuns, parameter: str, factor: float) -> Parameters:
    """The parameters with one parameter of all plants multiplied by a factor."""
    assumptions = runs.assumptions.copy()
    assumptions[:, sorted(set(runs.compiled.draw_columns["plants", parameter].tolist()) - {-1})] *= factor
    return parameters_of(replace(runs, assumptions=assumptions))


def with_earlier_gate(runs: DesignRuns, gate: int, weeks: float) -> Parameters:
    """The parameters with the duration of a gate reduced by some weeks, not below 0, and the resulting openings."""
    column = runs.compiled.draw_columns["gates", "duration"][gate]
    assumptions = runs.assumptions.copy()
    assumptions[:, column] = np.maximum(0.0, assumptions[:, column] - 7.0 * weeks)
    shifted = replace(runs, assumptions=assumptions)
    first = {**runs.tallies[0], "opened": opening_days(shifted)}
    return parameters_of(replace(shifted, tallies=(first, *runs.tallies[1:])))
