"""The plan as a two-stage stochastic linear programme with monthly periods.

First stage: output requested of each plant and lines installed, by windows of months since the plant opens; crew intake
and kit orders, by windows of calendar months. Second stage (``second_stage``), in each future: units produced, parts
bought, stocks, units shipped and used, and losses avoided. Output decisions are stated by month since the plant opens,
on an uncertain day, so their coefficients in a calendar month differ between futures: the technology matrix is random.
"""

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
    windows_from,
)
from octoplan.plan.goals import Goals, index_of
from octoplan.plan.parameters import MONTH, Parameters, hours_and_yields
from octoplan.plan.response_surface import ResponseSurface
from octoplan.plan.second_stage import Formulation
from octoplan.plan.solver.builder import Builder
from octoplan.plan.solver.recourse import costs
from octoplan.plan.solver.risk import risk_measure
from octoplan.plan.solver.two_stage import Flags, Floats, Scenarios, TwoStage
from octoplan.plan.units import CREW, MONEY, UNIT

LONGEST_MONTH = 31.0
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
        The decisions that the plan may not change.
    constraints
        The constraints of the goals on the first stage.
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
        """Whether the objective is to stop most threats, rather than least cost."""
        blocks = self.builder.y.blocks
        return "threats stopped" in blocks and bool(self.problem.second.cost[blocks["threats stopped"]].any())

    @property
    def objective_unit(self) -> float:
        """Size of one unit of the objective, in money or in threats."""
        return UNIT if self.counts_threats else MONEY


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
    closed
        (p,) true for plants that may not have lines.
    excused
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
    closed: Flags | None = None
    excused: Flags | None = None
    planned_futures: int | None = None


def build(inputs: ModelInputs) -> Model:
    """Build the linear programme over the futures of the parameters.

    Raises PlanError if the constraints are infeasible.
    """
    parameters, goals, surface = inputs.parameters, inputs.goals, inputs.surface
    runs, plants = parameters.runs, parameters.since.shape[1]
    fixed = inputs.fixed or fixed_decisions(runs.compiled, goals.fixed, runs.begin, np.full(plants, -1))
    builder = Builder(len(parameters.since))
    form = Formulation(builder, parameters, goals, fixed, *hours_and_yields(parameters, inputs.experience))
    unit = form.unit
    first_stage(form, inputs.closed)
    produced, requested = second_stage.production(form, unit)
    second_stage.parts(form, produced, requested)
    second_stage.delivery(form, produced)
    second_stage.defence(form, surface)
    fixed_and_lost(form, (parameters.discount * surface.without).sum(1))
    second_stage.target_shortfall(form, produced, unit, inputs.excused)
    if inputs.threat_surface is not None:
        second_stage.threats_stopped(form, inputs.threat_surface, inputs.excused)
    constraints = constraints_of(ConstraintData(builder, parameters, fixed, unit), goals)
    problem, scenarios = builder.finish()
    check_feasible(problem, constraints)
    inaction = inaction_costs(problem, scenarios, goals, inputs.planned_futures)
    shifted = less_inaction(builder, problem, scenarios, inaction)
    return Model(builder, problem, shifted, form.hours, form.yields, inaction, fixed, constraints)


def inaction_costs(problem: TwoStage, scenarios: Scenarios, goals: Goals, planned_futures: int | None) -> Floats:
    """(s,) cost of taking no action, to be subtracted from the cost of each future.

    No action means that free decisions are at their lower bounds. If the mean is minimised, each future has its own
    cost of inaction, which leaves the optimal plan unchanged and reduces the variance of the costs. Under a risk
    measure, the risk of inaction is a constant for all futures.
    """
    least = np.clip(0.0, problem.first.lower, problem.first.upper)
    inaction = costs(problem, scenarios, least)
    if goals.risk.weight == 0.0 and not goals.worst:
        return inaction
    planned = inaction.reshape(1 + len(goals.worst), -1)[:, :planned_futures]
    probability = np.full(planned.size, 1.0 / planned.size)
    risk = risk_measure(replace(goals.risk, groups=len(planned)), planned.ravel(), probability)
    return np.full(len(inaction), risk)


def less_inaction(builder: Builder, problem: TwoStage, scenarios: Scenarios, inaction: Floats) -> Scenarios:
    """The scenarios with the cost of inaction, (s,), subtracted from their total cost."""
    weight = problem.second.cost[builder.y.blocks["total"][0]]
    total_row = np.arange(problem.recourse.shape[0]) == builder.rows["total"][0]
    shifted = [
        replace(scenario, lower=scenario.lower - total_row * cost / weight)
        for scenario, cost in zip(scenarios, inaction, strict=True)
    ]
    return Scenarios(scenarios.probability, shifted.__getitem__)


def first_stage(form: Formulation, closed: Flags | None) -> None:
    """Add the first stage: output and lines by window since opening, crew intake and kit orders by calendar window."""
    builder, goals, fixed = form.builder, form.goals, form.fixed
    plan, plants = fixed.plan, form.parameters.since.shape[1]
    rate = form.parameters.plant("line_rate")
    most_lines = plan.lines.max(1) * 2.0 if goals.most_lines is None else np.full(plants, goals.most_lines)
    most_lines = np.maximum(most_lines if closed is None else np.where(closed, 0.0, most_lines), fixed.last_lines)
    most_output = most_lines * rate.max(0) * LONGEST_MONTH / UNIT
    for plant, most in goals.most.items():
        row = index_of(plant, form.parameters.runs.compiled.names.plants, "plant")
        most_output[row] = min(most_output[row], most / UNIT)
    most_output[fixed.output_from >= fixed.months] = 0.0
    most_lines[fixed.lines_from >= fixed.months] = 0.0
    output_windows, line_windows = (
        windows_from(windows, 0, fixed.months) for windows in (OUTPUT_WINDOWS, LINE_WINDOWS)
    )
    output = builder.first_stage_columns("output", (plants, len(output_windows)), upper=most_output[:, None])
    lines = builder.first_stage_columns(
        "lines", (plants, len(line_windows)), lower=np.minimum(fixed.last_lines, most_lines)[:, None],
        upper=most_lines[:, None], integer=True,
    )  # fmt: skip
    most_crews = max(4.0 * max(plan.intake.max(), plan.kit_orders.max()), 1.0)
    most_crews = most_crews if goals.most_crews is None else goals.most_crews
    for name, kind in (("intake", "crews"), ("kits", "kits")):
        builder.first_stage_columns(name, (len(calendar_windows(kind, fixed)),), upper=most_crews / CREW)
    if len(line_windows) > 1:
        rows = builder.first_stage_rows("lines never fall", (plants, len(line_windows) - 1), low=0.0)
        builder.add_terms("first", rows, lines[:, 1:], 1.0)
        builder.add_terms("first", rows, lines[:, :-1], -1.0)
    per_line = rate.mean(0)[:, None] * MONTH / UNIT
    last = np.minimum(fixed.output_from[:, None] + np.array(output_windows), fixed.months - 1)
    lines_fixed = fixed.lines_from >= fixed.months
    installed = np.where(lines_fixed[:, None], plan.lines[np.arange(plants)[:, None], last], 0.0)
    rows = builder.first_stage_rows("output within lines", (plants, len(output_windows)), high=per_line * installed)
    builder.add_terms("first", rows, output, 1.0)
    frame = window_index(line_windows, np.array(output_windows))
    builder.add_terms("first", rows, lines[:, frame], -per_line * ~lines_fixed[:, None])


def fixed_and_lost(form: Formulation, losses: Floats) -> None:
    """Add costs that do not depend on output, and losses without interceptors, (s,) money, as the column ``total``."""
    builder, parameters = form.builder, form.parameters
    all_costs = CostFilter(np.ones(parameters.since.shape[1], bool), crews=True, kits=True)
    fixed = fixed_costs(parameters, form.fixed, parameters.discount, all_costs)
    column = builder.second_stage_columns("total", (1,), lower=-np.inf, cost=1.0)
    row = builder.second_stage_rows("total", (1,), low=(fixed.constant + losses)[:, None] / MONEY)
    builder.add_terms("recourse", row, column, 1.0)
    for name, values, scale in (
        ("lines", fixed.lines, 1.0), ("intake", fixed.intake, CREW), ("kits", fixed.kits, CREW),
    ):  # fmt: skip
        columns = builder.x.blocks[name].ravel()
        builder.add_terms("technology", row[0], columns, -values.reshape(len(values), -1) * scale / MONEY)
