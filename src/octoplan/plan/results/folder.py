"""Contents of a plan folder: data behind the plan for JSON, and monthly quantities as one table."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from octoplan.outcomes.intervals import interval
from octoplan.plan.optimise import Plan
from octoplan.plan.results import narrative
from octoplan.plan.results.evaluation import Discrepancy, Evaluation
from octoplan.plan.results.frontier import Frontier
from octoplan.tables import Cell, Column, Table

MEASURES = ("cost", "spend", "loss", "damage", "stopped", "leaked", "produced")
"""Measures written to ``evidence.json`` for each plan of the evaluation."""


BREAK_EVEN_FIELDS = ("value", "low", "high", "pays_above", "slope", "monotone", "p10", "p90")
"""Fields of a break-even value written to ``evidence.json``; an end of an interval without a bound is ``never``."""


@dataclass(frozen=True)
class PlanResults:
    """A plan with optional evaluation, comparison of linear model and simulation, frontier, and remedies."""

    plan: Plan
    evaluation: Evaluation | None = None
    discrepancies: Mapping[str, Discrepancy] = field(default_factory=dict)
    frontier: Frontier | None = None
    remedies: tuple[str, ...] = ()

    @property
    def lines(self) -> list[str]:
        """The results as sentences: the title, then warnings, then the rest."""
        title, *summary = narrative.summary(self.plan)
        lines = [title, *self.warnings, *summary, *self.remedies]
        lines += narrative.discrepancy_lines(self.discrepancies)
        if self.evaluation is not None:
            lines += narrative.evaluation_lines(self.evaluation, self.plan.scenario.currency)
        return lines if self.frontier is None else [*lines, *narrative.frontier_lines(self.frontier)]

    @property
    def warnings(self) -> list[str]:
        """Warnings of alternatives that are significantly cheaper than the plan, and of budgets that are exceeded."""
        currency = self.plan.scenario.currency
        cheaper = [] if self.evaluation is None else narrative.cheaper_alternatives(self.evaluation, currency)
        budgets = narrative.budget_warnings(self.plan, self.discrepancies)
        return [*(f"warning: {sentence}" for sentence in cheaper), *budgets]


def plan_table(plan: Plan) -> Table:
    """Table of all quantities of a plan by item and month: mean, P10 and P90 over futures."""
    columns = (
        Column("quantity", "string"), Column("item", "string"), Column("month", "string"), Column("unit", "string"),
        Column("mean", "number"), Column("p10", "number"), Column("p90", "number"),
    )  # fmt: skip
    rows: list[tuple[Cell, ...]] = []
    for name, table in plan.tables.items():
        for item, values in narrative.values_by_item(table):
            low, high = np.quantile(values, (0.1, 0.9), axis=0)
            for month, *statistics in zip(table.axes["month"], values.mean(0), low, high, strict=True):
                rows.append((name, item, month, table.unit, *map(float, statistics)))
    return Table.from_rows("plan", "Plan", columns, rows)


def evidence(results: PlanResults) -> dict[str, Any]:
    """Data behind the plan for JSON: bounds, status, constraints, limiting factors, evaluation, frontier."""
    plan = results.plan
    estimate, information = plan.gap_estimate, plan.information_values
    data: dict[str, Any] = {
        "scenario": plan.scenario.title,
        "objective": plan.goals.objective,
        "unit": plan.unit,
        "status": plan.status,
        "status_of_search": plan.solution.status,
        "not_met": list(plan.unmet_goals),
        "lower": plan.lower,
        "upper": plan.upper,
        "gap": plan.gap,
        "gap_estimated": None
        if estimate is None
        else {"mean": estimate.mean, "below_95": estimate.upper_bound(), "batches": len(estimate.plan_costs)},
        "value_of_stochastic_solution": None if information is None else information.vss,
        "expected_value_of_perfect_information": None if information is None else information.evpi,
        "attained": plan.attained_share,
        "iterations": plan.solution.iterations,
        "seconds": plan.seconds,
        "learning": {"iterations": plan.learning.iterations, "change": plan.learning.change},
        "response_surface": str(plan.surface.accuracy),
        "constraints": {
            constraint.name: {"value": json_value(constraint.at(plan.solution.x)), "unit": constraint.unit}
            for constraint in plan.model.constraints
        },
        "limiting_factors": narrative.bottlenecks(plan),
        "short": narrative.shortfalls(plan),
        "remedies": list(results.remedies),
        "remarks": list(plan.validity_warnings),
        "linear_model_and_simulation": {
            name: {key: json_value(value) for key, value in asdict(item).items()}
            for name, item in results.discrepancies.items()
        },
    }
    if results.evaluation is not None:
        data["evaluation"] = evaluation_data(results.evaluation)
        data["units"] = units_data(results.evaluation)
    if results.frontier is not None:
        data["frontier"] = frontier_data(results.frontier)
    return data


def json_value(value: Any) -> Any:
    """A value for JSON: None for NaN, ``never`` for infinity."""
    if isinstance(value, float) and not np.isfinite(value):
        return None if np.isnan(value) else "never"
    return value


def interval_data(quantiles: Any) -> dict[str, Any]:
    """An interval as data for JSON."""
    return {name: json_value(value) for name, value in asdict(quantiles).items()}


def evaluation_data(evaluation: Evaluation) -> dict[str, Any]:
    """The out-of-sample evaluation as data for JSON, by plan."""
    return {
        name: {
            **{measure: interval_data(evaluation.quantiles(name, measure)) for measure in MEASURES},
            "cost_minus_plan": interval_data(evaluation.difference(name)),
            "stopped_minus_plan": interval_data(evaluation.difference(name, "stopped")),
            "regret": interval_data(evaluation.regret(name)),
        }
        for name in evaluation.plans
    }


def units_data(evaluation: Evaluation) -> dict[str, Any] | None:
    """Cost of units, given the plan's crews and kits, with break-even values, as data for JSON."""
    value = evaluation.units_value
    if value is None:
        return None
    return {
        "plan": value.plan,
        "minus": value.alternative,
        "units": value.units,
        "cost": interval_data(value.difference),
        "assumptions_with_effects": value.effects,
        "break_even": [
            {
                "name": item.quantity.name,
                "meaning": item.quantity.meaning,
                "unit": item.quantity.unit,
                **{key: json_value(getattr(item, key)) for key in BREAK_EVEN_FIELDS},
            }
            for item in value.break_evens
        ],
    }


def frontier_data(front: Frontier) -> dict[str, Any]:
    """The frontier as data for JSON, by share."""
    return {
        "country": front.country,
        "switching_values": list(front.switching_values),
        "rate": front.rate,
        "shares": [
            {
                "share": float(front.shares[i]),
                "cost": interval_data(interval(front.cost[i])),
                "stopped": interval_data(interval(front.stopped[i])),
                "month_reached": interval_data(front.month_reached(i)),
                "never_reached": front.share_never_reached(i),
                "jobs": {country: interval_data(interval(count[i])) for country, count in front.jobs.items()},
                "dominated": bool(front.dominated[i]),
            }
            for i in range(len(front.shares))
        ],
    }
