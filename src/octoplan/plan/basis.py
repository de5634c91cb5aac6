"""The futures that a plan is made for and judged on, simulated under the design of the response surface."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

import numpy as np

from octoplan.errors import PlanError
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.plan.fixed_decisions import FixedDecisions, check_fixed, fixed_decisions
from octoplan.plan.goals import Goals, SearchSettings, name_problems, raise_problems
from octoplan.plan.model import Model
from octoplan.plan.parameters import Parameters, parameters_of
from octoplan.plan.response_surface import (
    DesignRuns,
    Progress,
    ResponseSurface,
    first_month,
    fit_surface,
    leakers,
    opened_before,
    run_design,
)
from octoplan.plan.solver.risk import Risk
from octoplan.plan.solver.two_stage import Floats, Scenarios
from octoplan.scenario import Scenario


@dataclass(frozen=True)
class Execution:
    """Where a search runs, and what it reports to: threads, and a callback for progress; either may be None."""

    executor: ThreadPoolExecutor | None = None
    progress: Progress | None = None

    def report(self, activity: str, done: int, total: int) -> None:
        """Report progress, if anything listens; a total of 0 means that it is not known."""
        if self.progress is not None:
            self.progress(activity, done, total)


@dataclass(frozen=True)
class Basis:
    """What a plan is made from.

    runs, parameters, surface, threat_surface
        Futures of each named scenario, those of the assumptions as they are first; the response surface of threats
        stopped only where the goals count threats.
    fixed
        Decisions that the plan may not change.
    futures, planned
        Futures of each named scenario; the first ``planned`` of each are planned for, the others judge the plan.
    """

    runs: DesignRuns
    parameters: Parameters
    surface: ResponseSurface
    threat_surface: ResponseSurface | None
    fixed: FixedDecisions
    futures: int
    planned: int

    @property
    def groups(self) -> int:
        """Named scenarios, the assumptions as they are included."""
        return len(self.runs) // self.futures

    def part(self, scenarios: Scenarios, low: int, high: int) -> Scenarios:
        """The futures low, low + 1, ..., high - 1 of each named scenario, equally likely."""
        rows = (np.arange(self.groups)[:, None] * self.futures + np.arange(low, high)).ravel()
        return Scenarios(np.full(len(rows), 1.0 / len(rows)), lambda s: scenarios.realise(int(rows[s])))

    def as_assumed(self, model: Model) -> tuple[Parameters, Model]:
        """Parameters and programme of the futures with the assumptions as they are."""
        n = self.futures
        if self.groups == 1:
            return self.parameters, model
        scenarios = Scenarios(np.full(n, 1.0 / n), model.scenarios.realise)
        first = replace(
            model, scenarios=scenarios, hours=model.hours[:n], yields=model.yields[:n], inaction=model.inaction[:n]
        )
        return parameters_of(self.runs.first(n)), first

    def planned_for(self, scenarios: Scenarios) -> Scenarios:
        """The futures that are planned for."""
        return self.part(scenarios, 0, self.planned)

    def risk(self, goals: Goals) -> Risk:
        """The risk measure of the goals over the named scenarios."""
        return replace(goals.risk, groups=self.groups)


@dataclass
class UnusedFutures:
    """A sampler of futures that no plan was made for: each seed receives the next batch, and always the same one."""

    basis: Basis
    scenarios: Scenarios
    batch_of: dict[int, int] = field(default_factory=dict)

    def sample(self, n: int, seed: int) -> Scenarios:
        """A batch of n futures of each named scenario."""
        low = self.basis.planned + n * self.batch_of.setdefault(seed, len(self.batch_of))
        return self.basis.part(self.scenarios, low, low + n)


def basis_of(scenario: Scenario, goals: Goals, settings: SearchSettings, execution: Execution) -> Basis:
    """Check the goals against the scenario, then simulate the design over the futures of each named scenario.

    Raises PlanError that lists the goals the scenario does not allow, before anything is simulated.
    """
    raise_problems(list(name_problems(scenario, goals)))
    compiled = scenario.compile()
    begin, months = first_month(compiled), compiled.names.months
    if begin + settings.frozen >= len(months):
        raise PlanError(
            f"with {settings.frozen} months frozen from {months[begin]} on nothing is left to decide; "
            f"the horizon ends with {months[-1]}; freeze at most {len(months) - begin - 1}"
        )
    opened = opened_before(compiled, begin)
    fixed = fixed_decisions(compiled, goals.fixed, begin + settings.frozen, opened)
    check_fixed(fixed, goals, compiled.names.plants, begin, opened)
    draws = draw_assumptions(scenario, settings.futures_needed, settings.seed)
    assumptions = [draws, *(scaled_assumptions(scenario, draws, factors) for factors in goals.worst.values())]
    runs = run_design(
        compiled, assumptions, settings.seed, executor=execution.executor, progress=execution.progress
    )  # fmt: skip
    counts_threats = goals.objective == "most-stopped" or goals.stopped is not None
    return Basis(
        runs, parameters_of(runs), fit_surface(runs), fit_surface(runs, leakers) if counts_threats else None, fixed,
        settings.futures_needed, settings.futures,
    )  # fmt: skip


def scaled_assumptions(scenario: Scenario, draws: Floats, factors: Mapping[str, float]) -> Floats:
    """Draws with the assumptions whose names match a pattern multiplied by its factor.

    drawn
        (futures, columns).
    """
    scaled = draws.copy()
    for pattern, factor in factors.items():
        scaled[:, [fnmatchcase(name, pattern) for name in scenario.columns]] *= factor
    return scaled
