"""The card of a scenario: its extent, and how well its assumptions are known."""

from collections import Counter
from typing import TYPE_CHECKING

from octoplan.cards import Card
from octoplan.scenario.assumptions import QUALITIES

if TYPE_CHECKING:
    from octoplan.scenario.scenario import Scenario

MAX_NAMES = 12
"""Largest number of names listed in a row."""


def scenario_card(scenario: "Scenario") -> Card:
    """The card of a scenario."""
    names = scenario.names
    ratings = Counter(assumption.quality for assumption in scenario.assumptions)
    calibrated = sum(assumption.is_calibrated for assumption in scenario.assumptions)
    known = ", ".join(f"{ratings[quality]} {quality}" for quality in reversed(QUALITIES) if ratings[quality])
    rows = [
        ("period", f"{names.months[0]} to {names.months[-1]} ({scenario.months} months)"),
        ("money", f"{scenario.currency} at the prices of {scenario.price_base}"),
        ("plants", name_list(names.plants)),
        ("regions", name_list(names.regions)),
        ("threats", name_list(names.threats)),
        ("crew intake a month", name_list(tuple(map(str, scenario.decisions.crews.intake)))),
        ("assumptions", f"{len(scenario.assumptions)}: {known}{f'; {calibrated} calibrated' if calibrated else ''}"),
    ]  # fmt: skip
    if scenario.known_from is not None:
        rows.append(("known state", f"at {scenario.known_from.isoformat()}"))
    if scenario.warnings:
        rows.append(("warnings", f"{len(scenario.warnings)}, in the attribute warnings"))
    return Card(scenario.title, rows=tuple(rows))


def name_list(names: tuple[str, ...]) -> str:
    """The first names, and their number if not all are listed; "none" if there are none."""
    listed = ", ".join(names[:MAX_NAMES])
    return f"{listed}, ... ({len(names)})" if len(names) > MAX_NAMES else listed or "none"
