"""Inputs to the search for a plan: futures simulated under the design of experiments, and the response surface."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import numpy as np

from octoplan.errors import PlanError
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.plan.fixed_decisions import FixedDecisions, check_fixed, fixed_decisions
from octoplan.plan.goals import Goals, SearchSettings, batch_start, name_problems, raise_problems
from octoplan.plan.model import Model
from octoplan.plan.parameters import Parameters, parameters_of
from octoplan.plan.response_surface import (
    DesignRuns,
    Progress,
    ResponseSurface,
    first_month,
    fit_surface,
    known_opening_months,
    leakers,
    simulate_design,
)
from octoplan.plan.solver.risk import Risk
from octoplan.plan.solver.two_stage import Floats, Scenarios
from octoplan.scenario import Scenario


@dataclass(frozen=True)
class Execution:
    """Threads on which a search runs, and a callback that receives its progress; either may be None."""

    executor: ThreadPoolExecutor | None = None
    progress: Progress | None = None

    def report(self, activity: str, done: int, total: int) -> None:
        """Report progress to the callback, if there is one; a total of 0 means that the total is unknown."""
        if self.progress is not None:
            self.progress(activity, done, total)


@dataclass(frozen=True)
class Basis:
    """Inputs to the search for a plan: futures and response surfaces.

    runs, parameters
        Design runs of the futures of each named scenario, starting with the baseline assumptions, and parameters of
        these futures.
    surface, threat_surface
        Response surfaces of losses and of threats stopped; the latter is None unless the goals count threats.
    fixed
        Decisions that the plan may not change.
    futures, planned_futures
        Futures of each named scenario: all, and the first ones, over which the plan is optimised. The others are used
        to estimate its optimality gap.
    """

    runs: DesignRuns
    parameters: Parameters
    surface: ResponseSurface
    threat_surface: ResponseSurface | None
    fixed: FixedDecisions
    futures: int
    planned_futures: int

    @property
    def groups(self) -> int:
        """Number of named scenarios, including the baseline assumptions."""
        return len(self.runs) // self.futures

    def scenario_batch(self, scenarios: Scenarios, start: int, stop: int) -> Scenarios:
        """The futures low, low + 1, ..., high - 1 of each named scenario, as equally likely scenarios."""
        rows = (np.arange(self.groups)[:, None] * self.futures + np.arange(start, stop)).ravel()
        return Scenarios(np.full(len(rows), 1.0 / len(rows)), lambda s: scenarios.realise(int(rows[s])))

    def restricted_to_baseline(self, model: Model) -> tuple[Parameters, Model]:
        """Parameters and linear programme, restricted to the futures at baseline assumptions."""
        n = self.futures
        if self.groups == 1:
            return self.parameters, model
        scenarios = Scenarios(np.full(n, 1.0 / n), model.scenarios.realise)
        baseline_model = replace(
            model, scenarios=scenarios, hours=model.hours[:n], yields=model.yields[:n], inaction=model.inaction[:n]
        )
        return parameters_of(self.runs.first_futures(n)), baseline_model

    def planned_for(self, scenarios: Scenarios) -> Scenarios:
        """The scenarios of the futures over which the plan is optimised."""
        return self.scenario_batch(scenarios, 0, self.planned_futures)

    def risk(self, goals: Goals) -> Risk:
        """The risk measure of the goals over the named scenarios."""
        return replace(goals.risk, groups=self.groups)


@dataclass
class UnusedFutures:
    """A sampler of futures over which the plan was not optimised; each new seed draws the next unused batch."""

    basis: Basis
    scenarios: Scenarios
    batch_by_seed: dict[int, int] = field(default_factory=dict)

    def sample(self, n: int, seed: int) -> Scenarios:
        """A batch of n futures of each named scenario; the same seed always returns the same batch."""
        batch = self.batch_by_seed.setdefault(seed, len(self.batch_by_seed))
        start = batch_start(self.basis.planned_futures, n, batch)
        return self.basis.scenario_batch(self.scenarios, start, start + n)


def basis_of(scenario: Scenario, goals: Goals, settings: SearchSettings, execution: Execution) -> Basis:
    """Check the goals, simulate the design runs in each named scenario, and fit the response surfaces.

    Raises PlanError, before any simulation, if the goals name items that are not in the scenario, if no month is left
    to plan, or if a fixed decision exceeds a bound.
    """
    raise_problems(list(name_problems(scenario, goals)))
    compiled = scenario.compile()
    first_planned, months = first_month(compiled), compiled.names.months
    if first_planned + settings.frozen >= len(months):
        raise PlanError(
            f"with {settings.frozen} months frozen from {months[first_planned]} no month is left to plan; "
            f"the horizon ends with {months[-1]}; freeze at most {len(months) - first_planned - 1}"
        )
    opening_month = known_opening_months(compiled, first_planned)
    fixed = fixed_decisions(compiled, goals.fixed, first_planned + settings.frozen, opening_month)
    check_fixed(fixed, goals, compiled.names.plants, first_planned, opening_month)
    draws = draw_assumptions(scenario, settings.futures_needed, settings.seed)
    assumptions = [
        draws,
        *(scaled_assumptions(scenario, draws, factors) for factors in goals.stress_scenarios.values()),
    ]
    runs = simulate_design(
        compiled, assumptions, settings.seed, executor=execution.executor, progress=execution.progress
    )  # fmt: skip
    counts_threats = goals.objective == "most-stopped" or goals.stopped_share is not None
    return Basis(
        runs, parameters_of(runs), fit_surface(runs), fit_surface(runs, leakers) if counts_threats else None, fixed,
        settings.futures_needed, settings.futures,
    )  # fmt: skip


def scaled_assumptions(scenario: Scenario, draws: Floats, factors: Mapping[str, float]) -> Floats:
    """Draws in which every assumption whose name matches a pattern is multiplied by the factor of the pattern.

    draws
        (futures, columns), in the units of the assumptions.
    """
    scaled = draws.copy()
    for pattern, factor in factors.items():
        scaled[:, [fnmatchcase(name, pattern) for name in scenario.columns]] *= factor
    return scaled
