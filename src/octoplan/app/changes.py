"""What a page has changed against its scenario: words by name, as the address bar holds them and files take them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from octoplan.errors import Problem, ScenarioError
from octoplan.plan.decisions import rewritten
from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.csv_text import records_of, with_rows
from octoplan.scenario.distributions import FROM_QUANTILES
from octoplan.scenario.entities import BY_NAME
from octoplan.scenario.files import ASSUMPTIONS, DECISIONS
from octoplan.scenario.quantities import range_of
from octoplan.scenario.scenario import with_files
from octoplan.scenario.toml_text import parse_toml

ASSUMPTION, DECISION = "b.", "d."
"""What the names of the two kinds of change begin with in an address."""

TIMES = re.compile(r"[x×]\s*([0-9.]+)")


@dataclass(frozen=True)
class Changes:
    """Text by name: a value or a range for an assumption; a factor (``x1.5``) or a list by month for a decision."""

    assumptions: Mapping[str, str] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.assumptions or self.decisions)


def read(query: Mapping[str, str]) -> Changes:
    """The changes of an address; what is named otherwise is left alone."""
    parts = {
        prefix: {name.removeprefix(prefix): words for name, words in query.items() if name.startswith(prefix)}
        for prefix in (ASSUMPTION, DECISION)
    }
    return Changes(parts[ASSUMPTION], parts[DECISION])


def changed(scenario: Scenario, changes: Changes) -> Scenario:
    """The scenario with the changes written into its files; raises ``ScenarioError`` with all that cannot be."""
    if not changes:
        return scenario
    problems: list[Problem] = []
    files = {}
    if changes.assumptions:
        files[ASSUMPTIONS] = believed(scenario, changes.assumptions, problems)
    if changes.decisions:
        files[DECISIONS] = chosen(scenario, changes.decisions, problems)
    if problems:
        raise ScenarioError(problems)
    return with_files(scenario, files)


def believed(scenario: Scenario, words: Mapping[str, str], problems: list[Problem]) -> str:
    """``assumptions.csv`` with other figures; what came with a fit stays."""
    known = {assumption.name: assumption for assumption in scenario.assumptions}
    rows: dict[str, dict[str, str]] = {}
    stated = {row["name"] for row in records_of(scenario.files[ASSUMPTIONS])}
    for name, text in words.items():
        if name not in known:
            problems.append(Problem(ASSUMPTIONS, 0, f"there is no assumption {name!r} in {scenario.title}"))
            continue
        if name not in stated:
            said = f"{name} was fitted to a record ({known[name].file}); fit it anew, or add a what-if"
            problems.append(Problem(ASSUMPTIONS, 0, said))
            continue
        rows[name] = row_of(known[name], text)
    return with_rows(scenario.files[ASSUMPTIONS], "name", rows)


def row_of(assumption: Assumption, text: str) -> dict[str, str]:
    """The row of an assumption with a new value or a new range from P10 to P90, in its unit if none is named."""
    text = text.strip()
    ranged = range_of(text) is not None
    named = bool(re.search(r"[A-Za-z%]", re.sub(r"\bto\b|[eE][+-]?\d", "", text)))
    return {
        "name": assumption.name,
        "value": text,
        "distribution": kind_of(assumption) if ranged else "fixed",
        "unit": "" if named else assumption.unit,
        "price_base": str(assumption.price_base) if assumption.currency else "",
        "source": "; ".join(assumption.sources),
        "quality": assumption.quality,
        "owner": assumption.owner,
        "date": assumption.date.isoformat(),
        "note": f"Changed in the page; before: {assumption.note}" if assumption.note else "Changed in the page",
    }


def kind_of(assumption: Assumption) -> str:
    """The kind of distribution that a typed range has: the row's where its ends are P10 and P90 in it, or else one that
    stays within what the number may be.
    """
    if assumption.distribution in FROM_QUANTILES:
        return assumption.distribution
    lawful = next(p for p in BY_NAME[assumption.kind].parameters if p.name == assumption.parameter)
    if lawful.low < 0.0:
        return "normal"
    return "beta" if lawful.high == 1.0 else "gamma"


def chosen(scenario: Scenario, words: Mapping[str, str], problems: list[Problem]) -> str:
    """``decisions.toml`` with other lists by month."""
    tree = parse_toml(DECISIONS, scenario.files[DECISIONS]).tree
    tables: dict[str, dict[str, Any]] = {}
    for name, text in words.items():
        section, _, item = name.partition(".")
        own = tree.get(section, {}).get(item)
        if own is None or isinstance(own, dict | str):
            problems.append(Problem(DECISIONS, 0, f"there is no list by month {name!r} in {scenario.title}"))
            continue
        try:
            tables.setdefault(section, {})[item] = months(own if isinstance(own, list) else [own], text)
        except ValueError:
            said = f"{name}: {text!r} cannot be read; write a factor such as x1.5, or figures such as 60, 60, 80"
            problems.append(Problem(DECISIONS, 0, said))
    return rewritten(scenario, tables)


def months(own: list[float], text: str) -> list[float]:
    """A list times a factor, whole where it was whole; or the list that the text is."""
    times = TIMES.fullmatch(text.strip())
    if times is None:
        return [number(part) for part in text.split(",")]
    factor = float(times[1])
    return [round(each * factor) if isinstance(each, int) else each * factor for each in own]


def number(text: str) -> float:
    """A whole number as one, since crews and kits are counted."""
    return int(text) if text.strip().lstrip("+-").isdigit() else float(text)
