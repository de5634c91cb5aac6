"""From a scenario to a plan: design runs, response surface, learning, the two-stage programme, and its checks."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from math import ceil, inf
from time import perf_counter

import numpy as np

from octoplan.errors import PlanError
from octoplan.plan import check
from octoplan.plan.basis import Basis, Execution, UnusedFutures, basis_of
from octoplan.plan.decisions import decision_tables, down, rewritten
from octoplan.plan.goals import BATCH_GAP, Goals, SearchSettings, goals_of
from octoplan.plan.learning import FixedPoint, fixed_point
from octoplan.plan.model import Model, ModelInputs, build
from octoplan.plan.parameters import Parameters, experience_from, parameters_of
from octoplan.plan.response_surface import Progress, ResponseSurface
from octoplan.plan.second_stage_tables import FutureTable, block, second_stages, shadow_prices, tables_of
from octoplan.plan.solver import lshaped
from octoplan.plan.solver import optimality_gap as gaps
from octoplan.plan.solver.risk import NEUTRAL
from octoplan.plan.solver.two_stage import Flags, Floats, Scenarios, Solution, relative_gap
from octoplan.plan.units import UNIT
from octoplan.scenario import Scenario
from octoplan.scenario.scenario import with_decisions

LEARNING_FUTURES = 20
"""Futures over which experience is iterated; the plan itself is made over all."""

OPEN_ITERATIONS = 2
"""Iterations of learning in which any plant may open."""

LEARNING_GAP, LEARNING_SECONDS = 0.01, 15.0
"""Relative optimality gap, and seconds, at which the search of one iteration of learning may stop."""

TOLERATED_SHORTFALL = 0.01
"""Share of what is due over the horizon that may be short and still counts as reached."""

NOT_MET = "goals not met"
"""Status of a plan that does not achieve what was asked of it, although its search ended."""


@dataclass(frozen=True)
class Plan:
    """A plan with bounds on the optimum, in millions of the reporting currency or in hundreds of threats.

    scenario, text
        The scenario with the plan as its decisions, and their ``decisions.toml``.
    tables
        What the linear model expects by month in each future, with the assumptions as they are.
    shadow_prices
        By limiting factor, the value of one more in each future, money or threats, (futures, *axes).
    solution
        First stage, bounds and status of the search. Costs are relative to no decisions, so that below 0 saves.
    unmet
        Sentences on what was asked of the plan and is not achieved.
    learning
        The experience that the plan was made with, by month since opening.
    basis, parameters, model, second_stage
        Futures and response surface; parameters and programme of every future with the assumptions as they are, and
        its second stage under the plan, (futures, y).
    gap_estimate
        The optimality gap estimated on further futures, where asked for.
    information
        The costs behind VSS and EVPI on the futures planned for; None under a risk measure or a confidence.
    attained
        Share of the futures planned for in which the target and the share of threats stopped are reached; None where
        neither is asked for.
    """

    scenario: Scenario
    goals: Goals
    text: str
    tables: Mapping[str, FutureTable]
    shadow_prices: Mapping[str, FutureTable]
    solution: Solution
    unmet: tuple[str, ...]
    seconds: float
    learning: FixedPoint
    remarks: tuple[str, ...]
    basis: Basis
    parameters: Parameters
    model: Model
    second_stage: Floats
    gap_estimate: gaps.GapEstimate | None
    information: gaps.InformationValues | None
    attained: float | None

    @property
    def status(self) -> str:
        """The status of the search, such as ``optimal``, or ``goals not met``."""
        return NOT_MET if self.unmet else self.solution.status

    @property
    def surface(self) -> ResponseSurface:
        """The response surface of losses."""
        return self.basis.surface

    @property
    def lower(self) -> float:
        """Lower bound on the cost of any plan, relative to no decisions, in ``unit``."""
        return self.solution.lower

    @property
    def upper(self) -> float:
        """Cost of the plan relative to no decisions, in ``unit``."""
        return self.solution.upper

    @property
    def gap(self) -> float:
        """Relative optimality gap."""
        return self.solution.gap

    @property
    def unit(self) -> str:
        """The unit of ``lower`` and ``upper``."""
        return "hundred threats" if self.model.counts_threats else f"M {self.scenario.currency}"


def optimise(
    scenario: Scenario,
    goals: Goals | None = None,
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
    """The plan of least expected cost, or for other goals, over some futures of a scenario.

    goals
        The scenario's ``[plan]`` table where None.
    futures, seed
        Futures planned for, and the seed of their draws.
    gap
        Relative optimality gap at which the search may stop.
    time_limit
        Seconds for the last search; the best plan until then is returned with its gap.
    batches, batch
        Batches of further futures, and futures in each, on which the optimality gap of the linear model is estimated.
    frozen
        First months, from the date of the scenario's state if it has one, whose decisions stay.
    executor, progress
        Threads to work on; a function called with what is in progress, how much is done and how much there is.

    Raises PlanError for settings or goals that are not possible, with every problem and the smallest changes that would
    make constraints hold together.

    Example:
    -------
    >>> import octoplan as op
    >>> plan = op.optimise(op.load("pocket"), futures=2)
    >>> plan.status
    'optimal'

    """
    # longer than a screen for its documented arguments; the steps are calls
    start = perf_counter()
    settings = SearchSettings(futures, seed, gap, time_limit, batches, batch, frozen)
    goals = goals_of(scenario) if goals is None else goals
    execution = Execution(executor, progress)
    basis = basis_of(scenario, goals, settings, execution)
    learning = experience_of_plan(basis, goals, execution)
    model, solution, attained = search(basis, goals, learning.value, settings, execution)
    parameters, as_assumed = basis.as_assumed(model)
    second, duals = second_stages(as_assumed, solution.x)
    tables = tables_of(parameters, second, as_assumed)
    result = written_and_checked(scenario, goals, basis, model, solution, tables, attained)
    gap_estimate = information = None
    if batches and goals.confidence is None:
        gap_estimate = estimated_gap(basis, goals, model, solution, settings, execution)
    if solution.status == "optimal" and basis.risk(goals).neutral and goals.confidence is None:
        information = information_values(basis, model, solution, executor)
    return Plan(
        result.scenario, goals, result.text, tables, shadow_prices(as_assumed, duals, parameters), solution,
        result.unmet, perf_counter() - start, learning,
        remarks(basis, solution, learning) + result.remarks, basis, parameters, as_assumed, second,
        gap_estimate, information, attained,
    )  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """A plan as written and checked: text, scenario, what it does not achieve, and remarks on its budgets."""

    text: str
    scenario: Scenario
    unmet: tuple[str, ...]
    remarks: tuple[str, ...]


def written_and_checked(
    scenario: Scenario, goals: Goals, basis: Basis, model: Model, solution: Solution,
    tables: Mapping[str, FutureTable], attained: float | None,
) -> Checked:  # fmt: skip
    """The plan as ``decisions.toml``, the scenario with it, what it does not achieve, and remarks.

    Decisions are rounded to whole numbers, and rounded down where the nearest ones exceed a budget or a bound.

    Raises PlanError where the written decisions violate a constraint, as ``check`` recomputes it.
    """
    plants, violations = scenario.names.plants, list[str]()
    for rounding in (np.round, down):
        text = rewritten(scenario, decision_tables(model, solution.x, plants, rounding))
        planned = with_decisions(scenario, text)
        result = check.WrittenPlan(
            scenario, planned, goals, basis.parameters, basis.fixed, model.hours, model.yields, basis.planned
        )
        outcome = check.Outcome(
            solution.costs,
            basis.groups,
            solution.upper,
            attained,
            tables["produced"].values[: basis.planned],
        )
        violations = [*check.violations(result), *check.inconsistencies(result, outcome)]
        if not violations:
            return Checked(text, planned, tuple(check.unmet(result, outcome)), tuple(check.budget_remarks(result)))
    raise PlanError("\n".join(f"the plan as written violates what was asked of it: {line}" for line in violations))


def experience_of_plan(basis: Basis, goals: Goals, execution: Execution) -> FixedPoint:
    """The experience at which the best plan produces that experience, on the first futures."""
    runs = basis.runs.first(min(LEARNING_FUTURES, basis.planned))
    parameters, slope = parameters_of(runs), runs.number("plants", "slope").mean(0)
    return fixed_point(
        learning_step(parameters, basis, goals, execution),
        present_experience(parameters),
        change_of=lambda before, after: hours_change(slope, before, after),
    )


def hours_change(slope: Floats, before: Floats, after: Floats) -> float:
    """Relative error of the hours of all units of a plan, if they were learnt with the experience before.

    slope, before, after
        (p,) learning slope; (p, t) experience at the start of each month since opening.
    """
    units = np.maximum(0.0, np.diff(after, axis=1))
    b = np.log2(slope)[:, None]
    due, assumed = (float((units * (1.0 + e[:, :-1] + 0.5 * units) ** b).sum()) for e in (after, before))
    return abs(assumed / due - 1.0) if due > 0.0 else 0.0


def present_experience(parameters: Parameters) -> Floats:
    """(p, t + 1) experience under the scenario's present decisions, as simulated."""
    good = parameters.runs.tally("good").transpose(0, 2, 1)
    return experience_from(parameters, good, np.ones_like(good))


def learning_step(
    parameters: Parameters, basis: Basis, goals: Goals, execution: Execution
) -> Callable[[Floats], Floats]:  # fmt: skip
    """One iteration of learning: the experience of the best plan at a given experience.

    After ``OPEN_ITERATIONS`` plants that produced nothing in the iteration before stay closed: among plants that hardly
    differ each iteration would otherwise choose those with most experience from the last, and never converge.
    """
    iterations, closed = [0], np.zeros(parameters.since.shape[1], bool)
    count = len(parameters.runs)
    inputs = ModelInputs(
        parameters, basis.surface.first(count), replace(goals, worst={}), np.zeros(0), basis.fixed,
        None if basis.threat_surface is None else basis.threat_surface.first(count), closed,
    )  # fmt: skip

    def step(experience: Floats) -> Floats:
        iterations[0] += 1
        execution.report("iterating the learning curve", iterations[0], 0)
        model = build(replace(inputs, experience=experience))
        solution = lshaped.solve(
            model.problem, model.scenarios, risk=goals.risk, gap=LEARNING_GAP, time_limit=LEARNING_SECONDS,
            executor=execution.executor,
        )  # fmt: skip
        second, _ = second_stages(model, solution.x)
        produced = block(model, second, "produced") * UNIT
        if iterations[0] >= OPEN_ITERATIONS and not (goals.share or goals.units or goals.jobs):
            closed[:] = produced.sum((0, 2)) < count
        return experience_from(parameters, produced, model.yields)

    return step


def search(
    basis: Basis, goals: Goals, experience: Floats, settings: SearchSettings, execution: Execution
) -> tuple[Model, Solution, float | None]:
    """The programme at an experience, its solution, and the share of futures that reach target and threats stopped.

    With a confidence the programme is solved twice: the futures with the largest shortfall in the first solution are
    excused in the second, as many as the confidence allows (sampling and discarding, Campi and Garatti 2011).
    """
    inputs = ModelInputs(
        basis.parameters, basis.surface, goals, experience, basis.fixed, basis.threat_surface,
        planned_futures=basis.planned,
    )  # fmt: skip

    def report(iteration: int, lower: float, upper: float) -> None:
        gap = relative_gap(lower, upper)
        execution.report(f"bounds {lower:,.1f} to {upper:,.1f}, gap {gap:.2%}", iteration, 0)

    def solve(
        sought: Goals, tolerance: float | None, excused: Flags | None = None
    ) -> tuple[Model, Solution]:  # fmt: skip
        model = build(replace(inputs, goals=sought, excused=excused))
        return model, lshaped.solve(
            model.problem, basis.planned_for(model.scenarios), risk=basis.risk(goals), gap=settings.gap,
            tolerance=tolerance, time_limit=settings.time_limit, executor=execution.executor, progress=report,
        )  # fmt: skip

    if goals.target is None and goals.stopped is None:
        return *solve(goals, None), None
    without = replace(goals, target=None, stopped=None, confidence=None)
    tolerance = settings.gap * abs(solve(without, None)[1].upper)
    model, solution = solve(goals, tolerance)
    short = shortfalls_of(basis, model, solution.x)
    spared = 0 if goals.confidence is None else basis.planned - ceil(basis.planned * goals.confidence - 1e-9)
    if spared:
        model, solution = solve(goals, tolerance, hardest_futures(basis, short, spared))
        required = build(replace(inputs, planned_futures=None))
        short = shortfalls_of(basis, required, solution.x)
    return model, solution, float((short <= TOLERATED_SHORTFALL).mean())


def hardest_futures(basis: Basis, short: Floats, count: int) -> Flags:
    """(futures,) the futures planned for with the largest shortfall, so many in each named scenario.

    short
        (futures planned for,).
    """
    excused = np.zeros(len(basis.runs), bool)
    for group in range(basis.groups):
        of_group = short[group * basis.planned : (group + 1) * basis.planned]
        excused[group * basis.futures + np.argsort(-of_group, kind="stable")[:count]] = True
    return excused


def shortfalls_of(basis: Basis, model: Model, x: Floats) -> Floats:
    """(futures planned for,) share of what is due that is short under a first stage."""
    futures = basis.planned_for(model.scenarios)
    second, _ = second_stages(replace(model, scenarios=futures), x)
    return shortfall_share(model, futures, second)


def shortfall_share(model: Model, futures: Scenarios, second: Floats) -> Floats:
    """(futures,) share of what is due that is short, the larger of the target and the threats to be stopped.

    second
        (futures, y).
    """
    share = np.zeros(len(second))
    for name, row in (("shortfall", "target"), ("stop shortfall", "share stopped")):
        if name in model.builder.y.blocks:
            due = np.array([np.maximum(0.0, future.lower[model.builder.rows[row]]).sum() for future in futures])
            short = block(model, second, name).sum(1) / np.maximum(due, 1e-9) * (due > 0.0)
            share = np.maximum(share, short)
    return share


def estimated_gap(
    basis: Basis, goals: Goals, model: Model, solution: Solution, settings: SearchSettings, execution: Execution
) -> gaps.GapEstimate:
    """The optimality gap of a solution on batches of futures that it was not made for."""
    return gaps.estimate(
        model.problem, UnusedFutures(basis, model.scenarios), solution.x, size=settings.batch, seed=settings.seed,
        batches=settings.batches, risk=basis.risk(goals), gap=BATCH_GAP * settings.gap, executor=execution.executor,
        progress=lambda done, total: execution.report("estimating the optimality gap", done, total),
    )  # fmt: skip


def information_values(
    basis: Basis, model: Model, solution: Solution, executor: ThreadPoolExecutor | None
) -> gaps.InformationValues:
    """The costs behind VSS and EVPI on the futures planned for."""
    futures = basis.planned_for(model.scenarios)
    expected = gaps.expected_value_solution(model.problem, futures)
    return gaps.InformationValues(
        gaps.wait_and_see(model.problem, futures, 1e-3, executor), solution.upper,
        gaps.cost(model.problem, futures, expected, NEUTRAL, executor), expected,
    )  # fmt: skip


def remarks(basis: Basis, solution: Solution, learning: FixedPoint) -> tuple[str, ...]:
    """Sentences on the limits of the plan's validity."""
    sentences = list(solution.remarks)
    if not learning.converged:
        sentences.append(
            "the learning curve has not converged: one more iteration would change the hours of all units by "
            f"{learning.change:.1%}"
        )
    if (basis.runs.compiled.plan.orders >= 0.0).any():
        sentences.append("orders in decisions.toml are placed as they are; the plan is made around them")
    return tuple(sentences)
