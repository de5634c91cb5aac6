"""Alternatives to a plan, which are simulated over the same futures as the plan."""

import numpy as np

from octoplan.plan.decisions import decision_tables, rewrite_decisions
from octoplan.plan.model import Model
from octoplan.plan.optimise import Plan
from octoplan.plan.solver.optimality_gap import expected_value_solution
from octoplan.plan.solver.two_stage import Flags, Floats, first_scenarios
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Compiled

BASELINE = "baseline decisions"
"""Name of the alternative with the decisions of the scenario as loaded."""

NO_PROGRAMME = "no programme, the scenario's crews and kits"
"""Name of the alternative without the programme, with crews and kits as in the scenario."""

NO_UNITS = "no units, the plan's crews and kits"
"""Name of the alternative without the programme, with crews and kits as in the plan."""

NO_FURTHER_UNITS = "no further units, the plan's crews and kits"
"""Name of the alternative, for a plan from a known state, in which plants make nothing in the months planned; they and
the stated orders of parts are still paid for."""


def alternatives(scenario: Scenario, plan: Plan) -> dict[str, Compiled]:
    """Compiled alternatives to the plan by name.

    They are the baseline decisions, splits between countries, the expected-value plan, the plan's crews and kits
    without units, and, if the plan starts on the first day of the scenario, no programme.
    """
    baseline = scenario.compile()
    compiled = {BASELINE: baseline, **country_splits(scenario, plan)}
    model = plan.model
    first_stage = (
        expected_value_solution(model.problem, first_scenarios(model.scenarios, plan.basis.planned_futures))
        if plan.information_values is None
        else plan.information_values.expected_value_solution
    )
    compiled["expected-value plan"] = compiled_with(scenario, model, first_stage)
    planned = plan.scenario.compile()
    if plan.parameters.runs.first_month == 0:
        return {**compiled, NO_UNITS: without_programme(planned), NO_PROGRAMME: without_programme(baseline)}
    nothing = np.where(free_months(plan), 0.0, planned.plan.output)
    return {**compiled, NO_FURTHER_UNITS: planned._replace(plan=planned.plan._replace(output=nothing))}


def without_programme(compiled: Compiled) -> Compiled:
    """The same crew intake and kits ordered, and no plant in the programme: no units and no cost of plants."""
    return compiled._replace(
        plan=compiled.plan._replace(in_programme=np.zeros_like(compiled.plan.in_programme))
    )  # fmt: skip


def free_months(plan: Plan) -> Flags:
    """(plants, months since opening) whether the plan may change a plant's output in the month."""
    months = np.arange(plan.scenario.compile().plan.output.shape[1])
    is_free: Flags = months >= plan.basis.fixed.output_free_from[:, None]
    return is_free


def country_splits(scenario: Scenario, plan: Plan) -> dict[str, Compiled]:
    """Compiled splits of production by name: all units from each country, and half from each if two countries produce.

    A split requests as many units as the plan (or as the baseline decisions, if the plan requests none), with the crews
    and kits of the plan. Within a country, output is divided between plants and months as in the baseline decisions.
    Countries without output in the baseline decisions are omitted.
    """
    baseline, planned = scenario.compile(), plan.scenario.compile()
    requested = plan.tables["requested"].values.mean(0).sum(1)
    baseline_units = baseline_units_requested(plan)
    total = requested.sum() if requested.sum() >= 1.0 else baseline_units.sum()
    country_of_plant = np.asarray(baseline.template.plants["country"])
    producers = [c for c in sorted(set(country_of_plant.tolist())) if baseline_units[country_of_plant == c].sum() > 0.0]
    countries = [baseline.names.countries[c] for c in producers]
    titles = [scenario.titles[f"countries.{name}"] for name in countries]
    names = titles if len(set(titles)) == len(titles) else countries
    splits: dict[str, dict[int, float]] = {f"all in {name}": {c: 1.0} for name, c in zip(names, producers, strict=True)}
    if len(producers) == 2:
        splits["half each"] = dict.fromkeys(producers, 0.5)
    compiled, is_free = {}, free_months(plan)
    for name, shares in splits.items():
        factors = np.zeros(len(baseline_units))
        for country, share in shares.items():
            factors[country_of_plant == country] = share * total / baseline_units[country_of_plant == country].sum()
        output = np.where(is_free, baseline.plan.output * factors[:, None], baseline.plan.output)
        scaled_lines = np.ceil(baseline.plan.lines * np.maximum(1.0, factors[:, None]))
        lines = np.maximum(
            np.where(factors[:, None] > 0.0, scaled_lines, 0.0), plan.basis.fixed.last_fixed_lines[:, None]
        )
        lines = np.where(is_free, lines, baseline.plan.lines)
        compiled[name] = planned._replace(plan=planned.plan._replace(output=output, lines=lines))
    return compiled


def baseline_units_requested(plan: Plan) -> Floats:
    """(plants,) good units requested under the baseline decisions, mean over futures."""
    parameters = plan.parameters
    output = parameters.runs.compiled.plan.output
    monthly = output[np.arange(len(output))[:, None], np.maximum(parameters.since_opening, 0)]
    units: Floats = (np.where(parameters.since_opening >= 0, monthly, 0.0) * parameters.open_share).mean(0).sum(1)
    return units


def compiled_with(scenario: Scenario, model: Model, x: Floats) -> Compiled:
    """The compiled scenario with the first stage x as its decisions."""
    tables = decision_tables(model, x, scenario.names.plants)
    return scenario.with_decisions(rewrite_decisions(scenario, tables)).compile()
