"""Data of the panels: the decisions and assumptions of a scenario with their values, ranges and sources."""

from typing import Any

import numpy as np

from octoplan.app.everyday import group_of, search_text, title_of
from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.descriptions import describe, unit_text
from octoplan.scenario.files import ASSUMPTIONS, DECISIONS
from octoplan.scenario.toml_text import parse_toml

LISTED_FIRST = (
    "crews.on_duty", "crews.course", "kits.lead", "engagement.attack-drone.p_contact", "engagement.*.p_contact",
    "engagement.p_contact", "gates.licence.duration", "makers.licensees.output", "crews.washout", "crews.attrition",
    "kits.attrition", "plants.uk-1.labour_rate", "plants.*.labour_rate",
)  # fmt: skip
"""Names of the assumptions that the panel lists, in this order, until the user searches for others."""

MAX_FACTOR = 3.0
"""Largest factor that the slider of a decision offers."""

QUANTILE_LEVELS = (0.01, 0.1, 0.5, 0.9, 0.99)
"""Levels of the quantiles of an assumption: P10, P50 and P90 between those at the ends of its slider."""


def decisions(scenario: Scenario) -> list[dict[str, Any]]:
    """Decisions with monthly values, as JSON data: crew intake, kits ordered, and output and lines by plant."""
    chosen = scenario.decisions
    toml = parse_toml(DECISIONS, scenario.files[DECISIONS])
    entries = [
        ("crews.intake", "crews", chosen.crews.intake), ("kits.order", "kits", chosen.kits.order),
        *((f"output.{plant}", "units a month", values) for plant, values in chosen.output.items()),
        *((f"lines.{plant}", "lines", values) for plant, values in chosen.lines.items()),
    ]  # fmt: skip
    return [
        {
            "name": name, "title": decision_title(scenario, name), "unit": unit, "monthly": monthly_text(values),
            "max_factor": MAX_FACTOR,
            "file": DECISIONS, "line": toml.line(*name.split(".")), "group": group_of(name.partition(".")[0]),
            "search": search_text(name, decision_title(scenario, name), unit),
        }
        for name, unit, values in entries
    ]  # fmt: skip


def decision_title(scenario: Scenario, name: str) -> str:
    """Name that people know of a decision, such as "Output, Kyiv" for ``output.ua-1``; its path if there is none."""
    table, _, entity = name.partition(".")
    if table in ("output", "lines"):
        return f"{table.capitalize()}, {plant_title(scenario, entity)}"
    return {"crews.intake": "Crew intake each month", "kits.order": "Kits ordered each month"}.get(name, name)


def monthly_text(values: Any) -> str:
    """Monthly values as comma-separated text."""
    return ", ".join(f"{value:g}" for value in (values if isinstance(values, list) else [values]))


def plant_title(scenario: Scenario, plant: str) -> str:
    """Title of a plant, or its name if it has no title."""
    return scenario.titles.get(f"plants.{plant}", plant)


def assumptions(scenario: Scenario) -> list[dict[str, Any]]:
    """All rows of the assumption log as JSON data, beginning with ``LISTED_FIRST``."""
    rank = {name: i for i, name in enumerate(LISTED_FIRST)}
    rows = sorted(scenario.assumptions, key=lambda assumption: rank.get(assumption.name, len(rank)))
    return [assumption_data(scenario, assumption, assumption.name in rank) for assumption in rows]


def assumption_data(scenario: Scenario, assumption: Assumption, listed_first: bool) -> dict[str, Any]:
    """An assumption as JSON data: quantiles, rating, sources, and line in the log."""
    low, p10, p50, p90, high = (float(x) for x in assumption.quantile(np.array(QUANTILE_LEVELS)))
    if assumption.is_fixed:
        low, high = sorted((0.5 * p50, 1.5 * p50)) if p50 else (0.0, 1.0)
    prior = scenario.prior_of(assumption)
    sources = [scenario.sources[name] for name in assumption.sources if name in scenario.sources]
    title, group = title_of(scenario, assumption), group_of(assumption.kind)
    source_texts = [text for source in sources for text in (source.title, source.publisher)]
    return {
        "name": assumption.name, "title": title, "group": group, "unit": unit_text(assumption),
        "search": search_text(assumption.name, title, describe(scenario, assumption), assumption.note, *source_texts),
        "low": low, "p10": p10, "p50": p50, "p90": p90, "high": high,
        "fixed": assumption.is_fixed, "distribution": assumption.distribution, "quality": assumption.quality,
        "owner": assumption.owner, "date": assumption.date.isoformat(), "note": assumption.note,
        "line": assumption.line, "file": assumption.file,
        "editable": assumption.is_default or assumption.file.endswith(ASSUMPTIONS),
        "listed_first": listed_first, "prior": prior and prior_data(assumption, prior),
        "sources": [{"title": s.title, "publisher": s.publisher, "date": s.date, "url": s.url} for s in sources],
    }  # fmt: skip


def prior_data(assumption: Assumption, prior: Assumption) -> dict[str, Any]:
    """The row of a calibrated assumption before calibration as JSON data; the year of its prices if that differs."""
    p10, p50, p90 = (float(x) for x in prior.quantile(np.array(QUANTILE_LEVELS[1:-1])))
    prices = prior.price_base if prior.price_base != assumption.price_base else None
    return {"p10": p10, "p50": p50, "p90": p90, "fixed": prior.is_fixed, "prices": prices}
