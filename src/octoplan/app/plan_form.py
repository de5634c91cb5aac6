"""The form of the page for the goals of a plan: its contents, and plan options from what was entered."""

from collections.abc import Mapping
from typing import Any

from octoplan.errors import RequestError
from octoplan.scenario import Scenario
from octoplan.scenario.amounts import parse_money
from octoplan.scenario.plan_options import PlanOptions
from octoplan.scenario.quantities import units_of

FORM_FIELDS = ("objective", "target", "by", "stopped", "confidence", "budget", "share", "most", "fixed")
"""Fields of the scenario's ``[plan]`` that the form has."""
MILLION = 1e6


def plan_form(scenario: Scenario) -> dict[str, Any]:
    """Contents of the form as JSON data: names that can be chosen, and the goals of the scenario's ``[plan]``.

    A budget by calendar year is no field of the form; it stays in force and is listed under ``kept`` with the other
    settings that the form does not have.
    """
    options, names = scenario.decisions.plan, scenario.names
    producers = {scenario.programme.link("plants", plant, "country") for plant in names.plants}
    units = units_of(names.currencies)
    budgets = {payer: text for payer, text in options.budget.items() if isinstance(text, str)}
    stated = options.model_dump(exclude_defaults=True)
    by_year = [f"budget.{payer}" for payer in options.budget if payer not in budgets]
    return {
        "payers": with_titles(scenario, "payers", names.payers),
        "countries": with_titles(scenario, "countries", [name for name in names.countries if name in producers]),
        "plants": with_titles(scenario, "plants", names.plants),
        "kept": [*(name for name in stated if name not in FORM_FIELDS), *by_year],
        "goals": {
            "objective": options.objective, "target": options.target, "by": options.by, "stopped": options.stopped,
            "confidence": options.confidence, "share": options.share, "most": options.most, "fixed": options.fixed,
            "budget": {p: parse_money(text, units, scenario.currency) / MILLION for p, text in budgets.items()},
        },
    }  # fmt: skip


def with_titles(scenario: Scenario, kind: str, names: Any) -> list[dict[str, str]]:
    """Names with their titles."""
    return [{"name": name, "title": scenario.titles.get(f"{kind}.{name}", name)} for name in names]


def plan_options(scenario: Scenario, goals: Mapping[str, Any] | None) -> PlanOptions:
    """Plan options from the goals entered in the form; those of the scenario if none were entered.

    Args:
        scenario: The scenario to be planned.
        goals: Contents of ``PlanGoals``; budgets are in millions of the reporting currency.

    Raises:
        RequestError: A budget names a payer that the scenario does not have.
        PlanError: A value is not possible; the message has a line for each.

    """
    if goals is None:
        return scenario.decisions.plan
    unknown = [payer for payer in goals.get("budget", {}) if payer not in scenario.names.payers]
    if unknown:
        expected = ", ".join(scenario.names.payers)
        raise RequestError(422, *(f"budget: there is no payer {payer!r}; expected {expected}" for payer in unknown))
    stated = scenario.decisions.plan.model_dump(exclude_unset=True)
    other_settings = {name: value for name, value in stated.items() if name not in FORM_FIELDS}
    by_year = {payer: amounts for payer, amounts in stated.get("budget", {}).items() if isinstance(amounts, dict)}
    entered = {
        payer: f"{amount * MILLION:.0f} {scenario.currency}" for payer, amount in goals.get("budget", {}).items()
    }
    if goals.get("target") is None:
        other_settings.pop("shortage", None)
    return PlanOptions.model_validate({**other_settings, **goals, "budget": {**by_year, **entered}})
