"""The card of a plan: what it gains, how close it is to the best plan, and what it decides."""

from typing import TYPE_CHECKING

from octoplan.cards import Card
from octoplan.outcomes.format import percent

if TYPE_CHECKING:
    from octoplan.plan.optimise import Plan

MAX_VALUES = 12
"""Largest number of monthly values listed in a row."""


def plan_card(plan: "Plan") -> Card:
    """The card of a plan."""
    decisions, scenario = plan.scenario.decisions, plan.scenario
    verbs = ("stops", "stop") if plan.model.counts_threats else ("saves", "save")
    gain = (
        f"The plan {verbs[0]} {-plan.upper:,.1f} {plan.unit} compared with taking no action; no plan can {verbs[1]} "
        f"more than {-plan.lower:,.1f}. Optimality gap: {percent(plan.gap, 2)} of the plan's gain."
    )
    answer = [gain]
    if plan.unmet_goals:
        answer.append(f"Not met: {'; '.join(plan.unmet_goals)}.")
    lists: list[tuple[str, list[float] | list[int]]] = [
        *((f"output, {scenario.titles.get(f'plants.{p}', p)}", values) for p, values in decisions.output.items()),
        ("crew intake", decisions.crews.intake),
        ("kits ordered", decisions.kits.order),
    ]
    rows = (
        ("status", plan.status),
        ("futures", f"{plan.basis.planned_futures:,}"),
        *((f"{title} a month", monthly_text(values)) for title, values in lists),
    )
    note = f"The last value applies to all later months. {' '.join(map(sentence, plan.validity_warnings))}".strip()
    return Card(f"Plan for {scenario.title}", tuple(answer), rows, note=note)


def monthly_text(values: list[float] | list[int]) -> str:
    """Monthly values as text; of a long list the first values, and its last."""
    texts = [f"{value:,.15g}" for value in values]
    return ", ".join(texts if len(texts) <= MAX_VALUES else [*texts[: MAX_VALUES - 1], "...", texts[-1]])


def sentence(text: str) -> str:
    """A remark as a sentence."""
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
