"""What can be moved: the decisions and the assumptions of a scenario, with their defaults, ranges and sources."""

from typing import Any

import numpy as np

from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.files import ASSUMPTIONS

FIRST = (
    "crews.on_duty", "crews.course", "kits.lead", "engagement.attack-drone.p_contact", "engagement.*.p_contact",
    "engagement.p_contact", "gates.licence.duration", "makers.licensees.output", "crews.washout", "crews.attrition",
    "kits.attrition", "plants.uk-1.labour_rate", "plants.*.labour_rate",
)  # fmt: skip
"""Assumptions shown before anybody searches, as far as a scenario has them."""

MOST = 3.0
"""Times the plan that a decision's slider reaches."""

SHARES = (0.01, 0.1, 0.5, 0.9, 0.99)


def decisions(scenario: Scenario) -> list[dict[str, Any]]:
    """The lists by month that can be scaled: crews and kits first, then output and lines by plant."""
    own = scenario.decisions
    titled = [
        ("crews.intake", "Crews begun a month", "crews", own.crews.intake),
        ("kits.order", "Kits ordered a month", "kits", own.kits.order),
        *((f"output.{p}", f"Output, {title(scenario, p)}", "units a month", v) for p, v in own.output.items()),
        *((f"lines.{p}", f"Lines, {title(scenario, p)}", "lines", v) for p, v in own.lines.items()),
    ]
    return [
        {"name": name, "title": words, "unit": unit, "own": listed(values), "most": MOST}
        for name, words, unit, values in titled
    ]


def listed(values: Any) -> str:
    """A list by month as it is typed."""
    return ", ".join(f"{value:g}" for value in (values if isinstance(values, list) else [values]))


def title(scenario: Scenario, plant: str) -> str:
    return scenario.titles.get(f"plants.{plant}", plant)


def assumptions(scenario: Scenario) -> list[dict[str, Any]]:
    """Every row of the log, those worth a look at first in front."""
    order = {name: i for i, name in enumerate(FIRST)}
    rows = sorted(scenario.assumptions, key=lambda assumption: order.get(assumption.name, len(order)))
    return [row(scenario, assumption, assumption.name in order) for assumption in rows]


def row(scenario: Scenario, assumption: Assumption, early: bool) -> dict[str, Any]:
    """An assumption as plain data: its place in the log, figure, range, rating and sources."""
    low, p10, p50, p90, high = (float(x) for x in assumption.quantile(np.array(SHARES)))
    if assumption.known:
        low, high = sorted((0.5 * p50, 1.5 * p50)) if p50 else (0.0, 1.0)
    sources = [scenario.sources[name] for name in assumption.sources if name in scenario.sources]
    return {
        "name": assumption.name, "unit": "" if assumption.unit == "1" else assumption.unit,
        "low": low, "p10": p10, "p50": p50,
        "p90": p90, "high": high, "known": assumption.known,
        "distribution": assumption.distribution, "quality": assumption.quality,
        "owner": assumption.owner, "date": assumption.date.isoformat(), "note": assumption.note,
        "line": assumption.line,
        "file": assumption.file, "fixed": not assumption.file.endswith(ASSUMPTIONS), "early": early,
        "sources": [{"title": s.title, "publisher": s.publisher, "date": s.date, "url": s.url} for s in sources],
    }  # fmt: skip
