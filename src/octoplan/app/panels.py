"""What can be moved: the decisions and the beliefs of a scenario, with their defaults, ranges and sources."""

from typing import Any

import numpy as np

from octoplan.scenario import Scenario
from octoplan.scenario.beliefs import Belief
from octoplan.scenario.files import ASSUMPTIONS

FIRST = (
    "crews.on_duty", "crews.course", "kits.lead", "engagement.attack-drone.p_contact", "engagement.*.p_contact",
    "engagement.p_contact", "gates.licence.duration", "makers.licensees.output", "crews.washout", "crews.attrition",
    "kits.attrition", "plants.uk-1.labour_rate", "plants.*.labour_rate",
)  # fmt: skip
"""Beliefs shown before anybody searches, as far as a scenario has them."""

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


def beliefs(scenario: Scenario) -> list[dict[str, Any]]:
    """Every row of the log, those worth a look at first in front."""
    order = {name: i for i, name in enumerate(FIRST)}
    rows = sorted(scenario.beliefs, key=lambda belief: order.get(belief.name, len(order)))
    return [row(scenario, belief, belief.name in order) for belief in rows]


def row(scenario: Scenario, belief: Belief, early: bool) -> dict[str, Any]:
    """A belief as plain data: its place in the log, figure, range, rating and sources."""
    low, p10, p50, p90, high = (float(x) for x in belief.quantile(np.array(SHARES)))
    if belief.known:
        low, high = sorted((0.5 * p50, 1.5 * p50)) if p50 else (0.0, 1.0)
    sources = [scenario.sources[name] for name in belief.sources if name in scenario.sources]
    return {
        "name": belief.name, "unit": "" if belief.unit == "1" else belief.unit, "low": low, "p10": p10, "p50": p50,
        "p90": p90, "high": high, "known": belief.known, "distribution": belief.distribution, "quality": belief.quality,
        "owner": belief.owner, "date": belief.date.isoformat(), "note": belief.note, "line": belief.line,
        "file": belief.file, "fixed": not belief.file.endswith(ASSUMPTIONS), "early": early,
        "sources": [{"title": s.title, "publisher": s.publisher, "date": s.date, "url": s.url} for s in sources],
    }  # fmt: skip
