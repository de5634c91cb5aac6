"""Optimise a plan: design runs, response surface, learning curve, linear programme, rounding and checks."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import ceil, inf
from pathlib import Path
from time import perf_counter

import numpy as np

from octoplan.errors import PlanError
from octoplan.outcomes.format import percent
from octoplan.outcomes.sampling import BLOCK_FUTURES
from octoplan.plan import check
from octoplan.plan.basis import Basis, Execution, UnusedFutures, basis_of
from octoplan.plan.card import plan_card
from octoplan.plan.decisions import decision_tables, rewrite_decisions, round_down
from octoplan.plan.goals import BATCH_GAP_RATIO, Goals, SearchSettings, goals_of
from octoplan.plan.learning import FixedPoint, fixed_point
from octoplan.plan.model import Model, ModelInputs, build
from octoplan.plan.parameters import Parameters, experience_from, parameters_of
from octoplan.plan.response_surface import Progress, ResponseSurface
from octoplan.plan.second_stage_tables import FutureTable, block, second_stages, shadow_prices, tables_of
from octoplan.plan.solver import lshaped
from octoplan.plan.solver import optimality_gap as gaps
from octoplan.plan.solver.lshaped import TIME_LIMIT
from octoplan.plan.solver.risk import NEUTRAL
from octoplan.plan.solver.two_stage import Flags, Floats, Scenarios, Solution, relative_gap
from octoplan.plan.units import MONEY_SCALE, UNIT_SCALE
from octoplan.scenario.loading import scenario_of
from octoplan.scenario.scenario import Scenario

LEARNING_FUTURES = 20
"""Number of futures in the iterations of the learning curve; the plan itself is optimised over all futures."""

NEGLIGIBLE_LABOUR = 0.02
"""Labour cost, as a share of the gain of a plan without further goals, below which the learning curve hardly matters;
errors are then relative to this share."""

OPEN_ITERATIONS = 2
"""Number of iterations of the learning curve after which plants without output stay closed."""

LEARNING_GAP, LEARNING_SEARCH_ITERATIONS = 0.01, 200
"""Relative optimality gap, and number of iterations of the L-shaped method, at which the search in one iteration of the
learning curve stops."""

SHORTFALL_TOLERANCE = 0.01
"""Largest shortfall at which a target counts as reached, as a share of the amount due over the horizon."""

GOALS_NOT_MET = "goals not met"
"""Status of a plan that does not achieve all goals although the search ended."""


@dataclass(frozen=True)
class Plan:
    """A plan, its expected results, and bounds on the optimum.

    Costs are differences from taking no action, in millions of the reporting currency or in hundreds of threats;
    negative values are savings.

    scenario, text
        The scenario with the plan as its decisions, and the text of its ``decisions.toml``.
    goals
        Objective and constraints of the plan.
    tables
        Monthly quantities of the linear model in each future, at baseline assumptions.
    shadow_prices
        Shadow price of each limiting factor in each future, in money or threats per unit, (futures, *axes).
    solution
        First stage, bounds, costs and status of the search.
    unmet_goals
        Goals that the plan does not achieve, one sentence each.
    seconds
        Duration of the optimisation.
    learning
        Experience by plant and month since opening at which labour hours and yields are computed.
    validity_warnings
        Sentences on the limits of the plan's validity.
    basis
        Futures and response surfaces of all named scenarios.
    parameters, model, second_stage
        Parameters and linear model of every future at baseline assumptions, and the second stage under the plan,
        (futures, y).
    gap_estimate
        Optimality gap estimated on further futures; None without batches.
    information_values
        Value of the stochastic solution and expected value of perfect information; None under a risk measure or a
        confidence.
    attained_share
        Share of the futures used in the optimisation in which the target and the share of threats stopped are reached;
        None if the goals have neither.
    """

    scenario: Scenario
    goals: Goals
    text: str
    tables: Mapping[str, FutureTable]
    shadow_prices: Mapping[str, FutureTable]
    solution: Solution
    unmet_goals: tuple[str, ...]
    seconds: float
    learning: FixedPoint
    validity_warnings: tuple[str, ...]
    basis: Basis
    parameters: Parameters
    model: Model
    second_stage: Floats
    gap_estimate: gaps.GapEstimate | None
    information_values: gaps.InformationValues | None
    attained_share: float | None

    @property
    def status(self) -> str:
        """Status of the search, such as ``optimal``; ``goals not met`` if the plan does not achieve all goals."""
        return GOALS_NOT_MET if self.unmet_goals else self.solution.status

    def _repr_html_(self) -> str:
        return plan_card(self).html()

    @property
    def surface(self) -> ResponseSurface:
        """The response surface of losses."""
        return self.basis.surface

    @property
    def lower(self) -> float:
        """Lower bound on the cost of any plan, relative to taking no action, in ``unit``."""
        return self.solution.lower

    @property
    def upper(self) -> float:
        """Cost of the plan, relative to taking no action, in ``unit``."""
        return self.solution.upper

    @property
    def gap(self) -> float:
        """Relative optimality gap, as a share of the plan's gain."""
        return self.solution.gap

    @property
    def unit(self) -> str:
        """Unit of ``lower`` and ``upper``."""
        return "hundred threats" if self.model.counts_threats else f"M {self.scenario.currency}"


def optimise(
    scenario: Scenario | str | Path,
    goals: Goals | None = None,
    *,
    futures: int = 64,
    seed: int = 1,
    gap: float = 0.002,
    time_limit: float = inf,
    batches: int = 0,
    batch: int = 48,
    frozen: int = 0,
    executor: ThreadPoolExecutor | None = None,
    progress: Progress | None = None,
) -> Plan:
    """Optimise the decisions of a scenario over random futures.

    scenario
        A scenario, or what ``load`` reads: the name of a built-in scenario or the path of a folder.
    goals
        Objective and constraints; if None, those in the scenario's ``[plan]`` table, by default least expected cost.
    futures, seed
        Number of futures over which the plan is optimised, and the seed of their draws.
    gap
        Relative optimality gap at which the search may stop.
    time_limit
        Time limit of the final search, in seconds; if it is reached, the best plan found by then is returned, with its
        gap and a warning.
    batches, batch
        Number of batches of further futures, and futures per batch, on which the optimality gap of the linear model is
        estimated; 0 batches for no estimate.
    frozen
        Number of months whose decisions stay as in the scenario, counted from the date of its state or from its start.
    executor
        Threads on which to work; the calling thread if None.
    progress
        Callback that receives the activity, the number of steps done, and the total number (0 if unknown).

    Raises PlanError if settings or goals are invalid, or if the constraints are infeasible; the message lists every
    problem, or the smallest changes that make the constraints feasible.

    >>> import octoplan as op
    >>> plan = op.optimise("pocket", futures=2)
    >>> plan.status
    'optimal'
    """
    start = perf_counter()
    settings = SearchSettings(futures, seed, gap, time_limit, batches, batch, frozen)
    scenario = scenario_of(scenario)
    goals = goals_of(scenario) if goals is None else goals
    execution = Execution(executor, progress)
    basis = basis_of(scenario, goals, settings, execution)
    learning = experience_of_plan(basis, goals, execution)
    model, solution, attained_share = search(basis, goals, learning.value, settings, execution)
    parameters, baseline_model = basis.restricted_to_baseline(model)
    second_stage, duals = second_stages(baseline_model, solution.x)
    tables = tables_of(parameters, second_stage, baseline_model)
    result = round_and_check(scenario, goals, basis, model, solution, tables, attained_share)
    gap_estimate = vss_and_evpi = None
    if batches and goals.confidence is None:
        gap_estimate = estimate_gap(basis, goals, model, solution, settings, execution)
    if solution.status == "optimal" and basis.risk(goals).neutral and goals.confidence is None:
        vss_and_evpi = information_values(basis, model, solution, executor)
    return Plan(
        result.scenario, goals, result.text, tables, shadow_prices(baseline_model, duals, parameters), solution,
        result.unmet_goals, perf_counter() - start, learning,
        validity_warnings(basis, solution, learning) + result.budget_warnings, basis, parameters, baseline_model,
        second_stage,
        gap_estimate, vss_and_evpi, attained_share,
    )  # fmt: skip


@dataclass(frozen=True)
class CheckedPlan:
    """A plan rounded to whole numbers: text, scenario with the plan, goals not met, and warnings on budgets."""

    text: str
    scenario: Scenario
    unmet_goals: tuple[str, ...]
    budget_warnings: tuple[str, ...]


def round_and_check(
    scenario: Scenario, goals: Goals, basis: Basis, model: Model, solution: Solution,
    tables: Mapping[str, FutureTable], attained_share: float | None,
) -> CheckedPlan:  # fmt: skip
    """The plan rounded to whole numbers, after an independent check of its constraints.

    Decisions are rounded to the nearest whole number, or rounded down if the nearest numbers violate a constraint.

    Raises PlanError if the rounded decisions violate a constraint, as recomputed by ``check``.
    """
    plants, violations = scenario.names.plants, list[str]()
    for rounding in (np.round, round_down):
        text = rewrite_decisions(scenario, decision_tables(model, solution.x, plants, rounding))
        planned_scenario = scenario.with_decisions(text)
        result = check.RoundedPlan(
            scenario,
            planned_scenario,
            goals,
            basis.parameters,
            basis.fixed,
            model.hours,
            model.yields,
            basis.planned_futures,
        )
        outcome = check.SearchResult(
            solution.costs,
            basis.groups,
            solution.upper,
            attained_share,
            tables["produced"].values[: basis.planned_futures],
        )
        violations = [*check.violations(result), *check.inconsistencies(result, outcome)]
        if not violations:
            return CheckedPlan(
                text, planned_scenario, tuple(check.unmet_goals(result, outcome)), tuple(check.budget_warnings(result))
            )
    raise PlanError("\n".join(f"the plan as rounded violates a constraint: {line}" for line in violations))


def experience_of_plan(basis: Basis, goals: Goals, execution: Execution) -> FixedPoint:
    """Fixed point of the learning curve: the experience that results from the plan optimised at this experience."""
    runs = basis.runs.first_futures(min(LEARNING_FUTURES, basis.planned_futures))
    parameters = parameters_of(runs)
    step = LearningStep(parameters, basis, goals, execution)
    wage = (parameters.plant("hours_first")[..., None] * parameters.plant_money("labour_rate")).mean((0, 2))
    slope = parameters.plant("slope").mean(0)
    return fixed_point(
        step,
        baseline_experience(parameters),
        change_of=lambda previous, current: labour_change(
            wage / MONEY_SCALE, slope, previous, current, NEGLIGIBLE_LABOUR * step.gain
        ),
    )


def labour_change(wage: Floats, slope: Floats, previous: Floats, current: Floats, negligible: float) -> float:
    """Relative error of a plan's labour cost computed at the experience of the previous iteration.

    wage, slope
        (p,) labour cost of the first unit, and learning slope.
    previous, current
        (p, t) experience at the start of each month since opening, of the previous iteration and of the plan.
    negligible
        Labour cost to which the error is relative if the plan's is smaller.
    """
    units = np.maximum(0.0, np.diff(current, axis=1))
    b = np.log2(slope)[:, None]
    current_cost, previous_cost = (
        float((wage[:, None] * units * (1.0 + e[:, :-1] + 0.5 * units) ** b).sum()) for e in (current, previous)
    )
    reference = max(current_cost, negligible)
    return abs(previous_cost - current_cost) / reference if reference > 0.0 else 0.0


def baseline_experience(parameters: Parameters) -> Floats:
    """(p, t + 1) experience by month since opening under the baseline decisions, from the simulation."""
    good = parameters.runs.tally("good").transpose(0, 2, 1)
    return experience_from(parameters, good, np.ones_like(good))


class LearningStep:
    """The iteration step: maps experience, (p, t + 1), to the experience under the plan optimised at that experience.

    After ``OPEN_ITERATIONS`` calls, plants that produced nothing in the previous call stay closed. Otherwise each
    iteration could move production between nearly equal plants, and the iterations might not converge.
    """

    def __init__(self, parameters: Parameters, basis: Basis, goals: Goals, execution: Execution) -> None:
        count = len(parameters.runs)
        self.goals, self.execution, self.iterations = goals, execution, 0
        self.closed_plants = np.zeros(parameters.since_opening.shape[1], bool)
        self.inputs = ModelInputs(
            parameters, basis.surface.first_futures(count), replace(goals, stress_scenarios={}), np.zeros(0),
            basis.fixed, None if basis.threat_surface is None else basis.threat_surface.first_futures(count),
            self.closed_plants,
        )  # fmt: skip
        self.gain = 0.0
        """Gain of the last plan over taking no action, in millions; 0 if it has goals other than cost."""

    def __call__(self, experience: Floats) -> Floats:
        """The experience under the plan optimised at a given experience."""
        self.iterations += 1
        self.execution.report("iterating the learning curve", self.iterations, 0)
        goals, executor, parameters = self.goals, self.execution.executor, self.inputs.parameters
        model = build(replace(self.inputs, experience=experience), executor)
        solution = lshaped.solve(
            model.problem, model.scenarios, risk=goals.risk, gap=LEARNING_GAP,
            max_iterations=LEARNING_SEARCH_ITERATIONS, executor=executor,
        )  # fmt: skip
        second_stage, _ = second_stages(model, solution.x)
        produced = block(model, second_stage, "produced") * UNIT_SCALE
        if goals == Goals(risk=goals.risk, fixed=goals.fixed, stress_scenarios=goals.stress_scenarios):
            self.gain = max(0.0, -solution.upper)
        if self.iterations >= OPEN_ITERATIONS and not (goals.share or goals.units or goals.jobs):
            self.closed_plants[:] = produced.sum((0, 2)) < len(produced)
        return experience_from(parameters, produced, model.yields)


def search(
    basis: Basis, goals: Goals, experience: Floats, settings: SearchSettings, execution: Execution
) -> tuple[Model, Solution, float | None]:
    """The linear model at a given experience, its solution, and the share of futures in which its goals are reached.

    These goals are the target and the share of threats stopped; without either, the share is None. With a confidence
    the model is solved twice. In the second solution the goals do not apply to the futures with the largest shortfall
    in the first, as many as the confidence allows (sampling and discarding, Campi and Garatti 2011).
    """
    inputs = ModelInputs(
        basis.parameters, basis.surface, goals, experience, basis.fixed, basis.threat_surface,
        planned_futures=basis.planned_futures,
    )  # fmt: skip

    def report(iteration: int, lower: float, upper: float) -> None:
        gap = relative_gap(lower, upper)
        execution.report(f"bounds {lower:,.1f} to {upper:,.1f}, gap {percent(gap, 2)}", iteration, 0)

    def solve(
        model_goals: Goals, tolerance: float | None, exempt_futures: Flags | None = None
    ) -> tuple[Model, Solution]:  # fmt: skip
        model = build(replace(inputs, goals=model_goals, exempt_futures=exempt_futures), execution.executor)
        return model, lshaped.solve(
            model.problem, basis.planned_for(model.scenarios), risk=basis.risk(goals), gap=settings.gap,
            tolerance=tolerance, time_limit=settings.time_limit, executor=execution.executor, progress=report,
        )  # fmt: skip

    if goals.target is None and goals.stopped_share is None:
        return *solve(goals, None), None
    goals_without_targets = replace(goals, target=None, stopped_share=None, confidence=None)
    tolerance = settings.gap * abs(solve(goals_without_targets, None)[1].upper)
    model, solution = solve(goals, tolerance)
    shortfalls = shortfalls_of(basis, model, solution.x)
    exempt_count = (
        0 if goals.confidence is None else basis.planned_futures - ceil(basis.planned_futures * goals.confidence - 1e-9)
    )
    if exempt_count:
        model, solution = solve(goals, tolerance, largest_shortfalls(basis, shortfalls, exempt_count))
        planned_model = build(replace(inputs, planned_futures=None), execution.executor)
        shortfalls = shortfalls_of(basis, planned_model, solution.x)
    return model, solution, float((shortfalls <= SHORTFALL_TOLERANCE).mean())


def largest_shortfalls(basis: Basis, shortfalls: Floats, count: int) -> Flags:
    """(futures,) True for the ``count`` futures with the largest shortfall in each named scenario.

    shortfalls
        (planned futures,) shortfall as a share of the amount due.
    """
    exempt_futures = np.zeros(len(basis.runs), bool)
    for group in range(basis.groups):
        group_shortfalls = shortfalls[group * basis.planned_futures : (group + 1) * basis.planned_futures]
        exempt_futures[group * basis.futures + np.argsort(-group_shortfalls, kind="stable")[:count]] = True
    return exempt_futures


def shortfalls_of(basis: Basis, model: Model, x: Floats) -> Floats:
    """(planned futures,) shortfall under the first stage x, as a share of the amount due."""
    futures = basis.planned_for(model.scenarios)
    second_stage, _ = second_stages(replace(model, scenarios=futures), x)
    return shortfall_share(model, futures, second_stage)


def shortfall_share(model: Model, futures: Scenarios, second_stage: Floats) -> Floats:
    """(futures,) shortfall as a share of the amount due; with two goals, output and threats stopped, the larger share.

    second_stage
        (futures, y) second stage.
    """
    share = np.zeros(len(second_stage))
    for name, row in (("shortfall", "target"), ("stop shortfall", "share stopped")):
        if name in model.builder.y.blocks:
            amount_due = np.array([np.maximum(0.0, future.lower[model.builder.rows[row]]).sum() for future in futures])
            shortfalls = block(model, second_stage, name).sum(1) / np.maximum(amount_due, 1e-9) * (amount_due > 0.0)
            share = np.maximum(share, shortfalls)
    return share


def estimate_gap(
    basis: Basis, goals: Goals, model: Model, solution: Solution, settings: SearchSettings, execution: Execution
) -> gaps.GapEstimate:
    """Estimate the optimality gap of a solution on batches of futures over which it was not optimised."""
    return gaps.estimate(
        model.problem, UnusedFutures(basis, model.scenarios), solution.x, size=settings.batch, seed=settings.seed,
        batches=settings.batches, block=BLOCK_FUTURES, risk=basis.risk(goals), gap=BATCH_GAP_RATIO * settings.gap,
        executor=execution.executor,
        progress=lambda done, total: execution.report("estimating the optimality gap", done, total),
    )  # fmt: skip


def information_values(
    basis: Basis, model: Model, solution: Solution, executor: ThreadPoolExecutor | None
) -> gaps.InformationValues:
    """Costs from which VSS and EVPI follow, over the futures used in the optimisation."""
    futures = basis.planned_for(model.scenarios)
    expected_value_solution = gaps.expected_value_solution(model.problem, futures)
    return gaps.InformationValues(
        gaps.wait_and_see(model.problem, futures, 1e-3, executor), solution.upper,
        gaps.cost(model.problem, futures, expected_value_solution, NEUTRAL, executor), expected_value_solution,
    )  # fmt: skip


def validity_warnings(basis: Basis, solution: Solution, learning: FixedPoint) -> tuple[str, ...]:
    """Sentences on the limits of the plan's validity."""
    sentences = list(solution.numerical_warnings)
    if solution.status == TIME_LIMIT:
        sentences.append(
            "the search ended at its time limit, so that another run may give a slightly different plan; "
            "for a plan that is the same in every run, allow more time or a larger gap"
        )
    if not learning.converged:
        sentences.append(
            "the learning curve has not converged: one more iteration would change the labour cost of the plan by "
            f"{percent(learning.change, 1)}"
        )
    if (basis.runs.compiled.plan.orders >= 0.0).any():
        sentences.append("orders in decisions.toml are fixed; the plan does not change them")
    return tuple(sentences)
