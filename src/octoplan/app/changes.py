"""The changes of a page against its baseline: texts by name, as the address bar holds them and files take them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from octoplan.errors import Problem, QuantityError, RequestError, ScenarioError
from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.csv_text import records_of, with_rows
from octoplan.scenario.distributions import FROM_QUANTILES
from octoplan.scenario.entities import BY_NAME
from octoplan.scenario.files import ASSUMPTIONS, DECISIONS
from octoplan.scenario.numerals import ambiguous_readings
from octoplan.scenario.quantities import number_of, range_of
from octoplan.scenario.report import did_you_mean, quoted
from octoplan.scenario.scenario import with_files
from octoplan.scenario.toml_text import parse_toml, with_values

ASSUMPTION, DECISION = "a.", "d."
"""Prefixes of the names of the two kinds of change in an address."""
CHANGE_NAME = re.compile(r"[a-z]\..*", re.DOTALL)

FACTOR = re.compile(r"[x×]\s*(.+)", re.DOTALL)


@dataclass(frozen=True)
class Changes:
    """Texts by name: a figure or range for an assumption; a factor (``x1.5``) or a monthly list for a decision."""

    assumptions: Mapping[str, str] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.assumptions or self.decisions)


def read(query: Mapping[str, str]) -> Changes:
    """The changes of an address, whose other parameters are left alone.

    Raises:
        RequestError: A name begins with a prefix that is neither an assumption's nor a decision's.

    """
    unknown = [name for name in query if CHANGE_NAME.fullmatch(name) and not name.startswith((ASSUMPTION, DECISION))]
    if unknown:
        expected = f"an assumption begins with {ASSUMPTION!r}, a decision with {DECISION!r}"
        raise RequestError(422, *(f"{quoted(name)} is not the name of a change; {expected}" for name in unknown[:10]))
    assumptions, decisions = (
        {name.removeprefix(prefix): text for name, text in query.items() if name.startswith(prefix)}
        for prefix in (ASSUMPTION, DECISION)
    )
    return Changes(assumptions, decisions)


def changed(scenario: Scenario, changes: Changes) -> Scenario:
    """The scenario with the changes written into its files; raises ``ScenarioError`` with every problem."""
    if not changes:
        return scenario
    problems: list[Problem] = []
    files = {}
    if changes.assumptions:
        files[ASSUMPTIONS] = edited_assumptions(scenario, changes.assumptions, problems)
    if changes.decisions:
        files[DECISIONS] = edited_decisions(scenario, changes.decisions, problems)
    if problems:
        raise ScenarioError(problems)
    return with_files(scenario, files)


def edited_assumptions(scenario: Scenario, texts: Mapping[str, str], problems: list[Problem]) -> str:
    """``assumptions.csv`` with other figures: only the rows of the assumptions named are rewritten."""
    known = {assumption.name: assumption for assumption in scenario.assumptions}
    rows = {row["name"]: row for row in records_of(scenario.files[ASSUMPTIONS])}
    changed_rows = {}
    for name, text in texts.items():
        if name not in known:
            message = f"there is no assumption {quoted(name)} in {scenario.title}; {did_you_mean(name, known)}"
            problems.append(Problem(ASSUMPTIONS, 0, message))
        elif name not in rows:
            message = f"{name} was fitted to a record ({known[name].file}); fit it again, or add a what-if"
            problems.append(Problem(ASSUMPTIONS, 0, message))
        else:
            changed_rows[name] = {**rows[name], **changed_cells(known[name], text)}
    return with_rows(scenario.files[ASSUMPTIONS], "name", changed_rows)


def changed_cells(assumption: Assumption, text: str) -> dict[str, str]:
    """The cells that a change writes into an assumption's row, by column.

    Args:
        assumption: The assumption of the baseline.
        text: A figure, or a range from P10 to P90; in the assumption's unit unless the text names one.

    """
    text = text.strip()
    names_unit = bool(re.search(r"[A-Za-z%]", re.sub(r"\bto\b|[eE][+-]?\d", "", text)))
    return {
        "value": text,
        "low": "",
        "high": "",
        "distribution": distribution_of_range(assumption) if is_range(text) else "fixed",
        "unit": "" if names_unit else assumption.unit,
        "price_base": str(assumption.price_base) if assumption.currency else "",
        "note": f"Changed in the page; before: {assumption.note}" if assumption.note else "Changed in the page",
    }


def is_range(text: str) -> bool:
    """True for two figures with ``to`` between them."""
    try:
        return range_of(text) is not None
    except QuantityError:
        return False


def distribution_of_range(assumption: Assumption) -> str:
    """The distribution of a typed range: the row's if its ends are P10 and P90, else one within the lawful range."""
    if assumption.distribution in FROM_QUANTILES:
        return assumption.distribution
    parameter = next(p for p in BY_NAME[assumption.kind].parameters if p.name == assumption.parameter)
    if parameter.low < 0.0:
        return "normal"
    return "beta" if parameter.high == 1.0 else "gamma"


def edited_decisions(scenario: Scenario, texts: Mapping[str, str], problems: list[Problem]) -> str:
    """``decisions.toml`` with other monthly lists; comments and layout stay."""
    tree = parse_toml(DECISIONS, scenario.files[DECISIONS]).tree
    tables: dict[str, dict[str, Any]] = {}
    for name, text in texts.items():
        section, _, item = name.partition(".")
        table = tree.get(section)
        baseline = table.get(item) if isinstance(table, dict) else None
        if baseline is None or isinstance(baseline, dict | str | bool):
            problems.append(Problem(DECISIONS, 0, f"there is no monthly list {quoted(name)} in {scenario.title}"))
            continue
        try:
            tables.setdefault(section, {})[item] = parse_monthly_values(
                baseline if isinstance(baseline, list) else [baseline], text
            )
        except (QuantityError, OverflowError) as error:
            expected = "write a factor such as x1.5, or figures such as 60, 60, 80"
            problems.append(Problem(DECISIONS, 0, f"{name}: {quoted(text)} cannot be read: {error}; {expected}"))
    return with_values(scenario.files[DECISIONS], tables)


def parse_monthly_values(baseline: list[float], text: str) -> list[float]:
    """A monthly list times a factor, rounded where the baseline is whole; or the list that the text states."""
    match = FACTOR.fullmatch(text.strip())
    if match is None:
        return [parse_number(part) for part in text.split(",")]
    factor = parse_number(match[1])
    products = [value * factor for value in baseline]
    if not all(map(isfinite, products)):
        raise QuantityError(f"{match[1]!r} is too large for a factor")
    return [round(new) if isinstance(old, int) else new for old, new in zip(baseline, products, strict=True)]


def parse_number(text: str) -> float:
    """A finite number; a whole one as an integer, since crews and kits are counted."""
    text = text.strip()
    readings = ambiguous_readings(text)
    if readings:
        raise QuantityError(f"{text!r} can be read as {readings[0]} or as {readings[1]}")
    number = number_of(text)
    return int(text) if re.fullmatch("[+-]?[0-9]+", text) else number
