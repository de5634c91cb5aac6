"""The plan as a two-stage stochastic linear programme with monthly periods.

First stage: output requested of each plant and lines installed, by windows of months since the plant opens; crew intake
and kit orders, by windows of calendar months. Second stage (``second_stage``), in each future: units produced, parts
bought, stocks, units shipped and used, and losses avoided. Output decisions are stated by month since the plant opens,
on an uncertain day, so their coefficients in a calendar month differ between futures: the technology matrix is random.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from octoplan.plan import second_stage
from octoplan.plan.constraints import ConstraintData, GoalConstraint, check_feasible, constraints_of
from octoplan.plan.fixed_costs import CostFilter, calendar_windows, fixed_costs, window_index
from octoplan.plan.fixed_decisions import (
    LINE_WINDOWS,
    OUTPUT_WINDOWS,
    FixedDecisions,
    fixed_decisions,
    shifted_windows,
)
from octoplan.plan.goals import Goals, index_of
from octoplan.plan.parameters import DAYS_PER_MONTH, Parameters, hours_and_yields
from octoplan.plan.response_surface import ResponseSurface
from octoplan.plan.second_stage import Formulation
from octoplan.plan.solver.builder import Builder
from octoplan.plan.solver.recourse import second_stage_costs
from octoplan.plan.solver.risk import risk_measure
from octoplan.plan.solver.two_stage import Flags, Floats, Scenarios, TwoStage
from octoplan.plan.units import CREW_SCALE, MONEY_SCALE, UNIT_SCALE

MAX_DAYS_PER_MONTH = 31.0
"""Days of the longest month."""


@dataclass(frozen=True)
class Model:
    """The linear programme, with the indices of its columns and rows by name.

    hours, yields
        (s, p, t) labour hours of a started unit; share of started units that are good.
    inaction
        (s,) cost of taking no action, in units of the objective; subtracted from the cost of every future, because
        losses that no plan can avoid would make any relative optimality gap look small.
    fixed
        Decisions that the plan may not change.
    constraints
        Constraints on the first stage that follow from the goals.
    """

    builder: Builder
    problem: TwoStage
    scenarios: Scenarios
    hours: Floats
    yields: Floats
    inaction: Floats
    fixed: FixedDecisions
    constraints: tuple[GoalConstraint, ...]

    @property
    def counts_threats(self) -> bool:
        """Whether the objective is the number of threats stopped instead of cost."""
        blocks = self.builder.y.blocks
        return "threats stopped" in blocks and bool(self.problem.second.cost[blocks["threats stopped"]].any())

    @property
    def objective_unit(self) -> float:
        """Size of one unit of the objective, in money or in threats."""
        return UNIT_SCALE if self.counts_threats else MONEY_SCALE


@dataclass(frozen=True)
class ModelInputs:
    """Inputs to the linear programme.

    parameters, surface
        The futures, and the response surface of losses in each.
    goals, fixed
        Objective and constraints; decisions that may not change (if None, those named in the goals).
    experience
        (p, months + 1) units of experience at the start of each month since opening.
    threat_surface
        The response surface of threats stopped; required if the goals count threats.
    closed_plants
        (p,) true for plants that may not have lines.
    exempt_futures
        (s,) true for futures in which the target and the share of threats stopped need not be reached.
    planned_futures
        Number of futures of each named scenario, from the first, over which the risk of taking no action is computed;
        all if None.
    """

    parameters: Parameters
    surface: ResponseSurface
    goals: Goals
    experience: Floats
    fixed: FixedDecisions | None = None
    threat_surface: ResponseSurface | None = None
    closed_plants: Flags | None = None
    exempt_futures: Flags | None = None
    planned_futures: int | None = None


def build(inputs: ModelInputs, executor: ThreadPoolExecutor | None = None) -> Model:
    """Build the linear programme over the futures of the parameters.

    executor
        Threads on which to compute the cost of taking no action; the calling thread if None.

    Raises PlanError if the constraints are infeasible.
    """
    parameters, goals, surface = inputs.parameters, inputs.goals, inputs.surface
    runs, plants = parameters.runs, parameters.since_opening.shape[1]
    fixed = inputs.fixed or fixed_decisions(runs.compiled, goals.fixed, runs.first_month, np.full(plants, -1))
    builder = Builder(len(parameters.since_opening))
    formulation = Formulation(builder, parameters, goals, fixed, *hours_and_yields(parameters, inputs.experience))
    unit_costs = formulation.unit_costs
    add_first_stage(formulation, inputs.closed_plants)
    produced, requested = second_stage.add_production(formulation, unit_costs)
    second_stage.add_parts(formulation, produced, requested)
    second_stage.add_delivery(formulation, produced)
    second_stage.add_defence(formulation, surface)
    add_total_cost(formulation, (parameters.discount * surface.losses_without_interceptors).sum(1))
    second_stage.add_target_shortfall(formulation, produced, unit_costs, inputs.exempt_futures)
    if inputs.threat_surface is not None:
        second_stage.add_threats_stopped(formulation, inputs.threat_surface, inputs.exempt_futures)
    constraints = constraints_of(ConstraintData(builder, parameters, fixed, unit_costs), goals)
    problem, scenarios = builder.finish()
    check_feasible(problem, constraints)
    inaction = inaction_costs(problem, scenarios, goals, inputs.planned_futures, executor)
    shifted = subtract_inaction(builder, problem, scenarios, inaction)
    return Model(builder, problem, shifted, formulation.hours, formulation.yields, inaction, fixed, constraints)


def inaction_costs(
    problem: TwoStage, scenarios: Scenarios, goals: Goals, planned_futures: int | None,
    executor: ThreadPoolExecutor | None,
) -> Floats:  # fmt: skip
    """(s,) cost of taking no action, to be subtracted from the cost of each future.

    No action means that free decisions are at their lower bounds. If the mean is minimised, each future has its own
    cost of inaction, which leaves the optimal plan unchanged and reduces the variance of the costs. Under a risk
    measure, the risk of inaction is a constant for all futures.
    """
    lower_bounds = np.clip(0.0, problem.first.lower, problem.first.upper)
    inaction = second_stage_costs(problem, scenarios, lower_bounds, executor)
    if goals.risk.weight == 0.0 and not goals.stress_scenarios:
        return inaction
    optimised_inaction = inaction.reshape(1 + len(goals.stress_scenarios), -1)[:, :planned_futures]
    probability = np.full(optimised_inaction.size, 1.0 / optimised_inaction.size)
    risk = risk_measure(replace(goals.risk, groups=len(optimised_inaction)), optimised_inaction.ravel(), probability)
    return np.full(len(inaction), risk)


def subtract_inaction(builder: Builder, problem: TwoStage, scenarios: Scenarios, inaction: Floats) -> Scenarios:
    """The scenarios with the cost of inaction, (s,), subtracted from their total cost."""
    weight = problem.second.cost[builder.y.blocks["total"][0]]
    total_row = np.arange(problem.recourse.shape[0]) == builder.rows["total"][0]
    shifted = [
        replace(scenario, lower=scenario.lower - total_row * cost / weight)
        for scenario, cost in zip(scenarios, inaction, strict=True)
    ]
    return Scenarios(scenarios.probability, shifted.__getitem__)


def add_first_stage(formulation: Formulation, closed_plants: Flags | None) -> None:
    """Add the first stage: output and lines by window since opening, crew intake and kit orders by calendar window."""
    builder, goals, fixed = formulation.builder, formulation.goals, formulation.fixed
    plan, plants = fixed.plan, formulation.parameters.since_opening.shape[1]
    rate = formulation.parameters.plant("line_rate")
    max_lines = plan.lines.max(1) * 2.0 if goals.max_lines is None else np.full(plants, goals.max_lines)
    max_lines = np.maximum(
        max_lines if closed_plants is None else np.where(closed_plants, 0.0, max_lines), fixed.last_fixed_lines
    )
    output_limits = max_lines * rate.max(0) * MAX_DAYS_PER_MONTH / UNIT_SCALE
    for plant, bound in goals.max_output.items():
        row = index_of(plant, formulation.parameters.runs.compiled.names.plants, "plant")
        output_limits[row] = min(output_limits[row], bound / UNIT_SCALE)
    output_limits[fixed.output_free_from >= fixed.months] = 0.0
    max_lines[fixed.lines_free_from >= fixed.months] = 0.0
    output_windows, line_windows = (
        shifted_windows(windows, 0, fixed.months) for windows in (OUTPUT_WINDOWS, LINE_WINDOWS)
    )
    output = builder.first_stage_columns("output", (plants, len(output_windows)), upper=output_limits[:, None])
    lines = builder.first_stage_columns(
        "lines", (plants, len(line_windows)), lower=np.minimum(fixed.last_fixed_lines, max_lines)[:, None],
        upper=max_lines[:, None], integer=True,
    )  # fmt: skip
    max_crews = max(4.0 * max(plan.intake.max(), plan.kit_orders.max()), 1.0)
    max_crews = max_crews if goals.max_crews is None else goals.max_crews
    for name, kind in (("intake", "crews"), ("kits", "kits")):
        builder.first_stage_columns(name, (len(calendar_windows(kind, fixed)),), upper=max_crews / CREW_SCALE)
    if len(line_windows) > 1:
        rows = builder.first_stage_rows("lines never fall", (plants, len(line_windows) - 1), low=0.0)
        builder.add_terms("first", rows, lines[:, 1:], 1.0)
        builder.add_terms("first", rows, lines[:, :-1], -1.0)
    per_line = rate.mean(0)[:, None] * DAYS_PER_MONTH / UNIT_SCALE
    window_month = np.minimum(fixed.output_free_from[:, None] + np.array(output_windows), fixed.months - 1)
    lines_fixed = fixed.lines_free_from >= fixed.months
    fixed_lines = np.where(lines_fixed[:, None], plan.lines[np.arange(plants)[:, None], window_month], 0.0)
    rows = builder.first_stage_rows("output within lines", (plants, len(output_windows)), high=per_line * fixed_lines)
    builder.add_terms("first", rows, output, 1.0)
    line_window = window_index(line_windows, np.array(output_windows))
    builder.add_terms("first", rows, lines[:, line_window], -per_line * ~lines_fixed[:, None])


def add_total_cost(formulation: Formulation, losses: Floats) -> None:
    """Add the column ``total``: costs that do not depend on output, plus losses without interceptors.

    losses
        (s,) losses without interceptors, in money.
    """
    builder, parameters = formulation.builder, formulation.parameters
    all_costs = CostFilter(np.ones(parameters.since_opening.shape[1], bool), crews=True, kits=True)
    fixed = fixed_costs(parameters, formulation.fixed, parameters.discount, all_costs)
    column = builder.second_stage_columns("total", (1,), lower=-np.inf, cost=1.0)
    row = builder.second_stage_rows("total", (1,), low=(fixed.constant + losses)[:, None] / MONEY_SCALE)
    builder.add_terms("recourse", row, column, 1.0)
    for name, values, scale in (
        ("lines", fixed.lines, 1.0), ("intake", fixed.intake, CREW_SCALE), ("kits", fixed.kits, CREW_SCALE),
    ):  # fmt: skip
        columns = builder.x.blocks[name].ravel()
        builder.add_terms("technology", row[0], columns, -values.reshape(len(values), -1) * scale / MONEY_SCALE)
