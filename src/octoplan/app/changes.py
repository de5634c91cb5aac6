"""Changes made on the page: read from its address and written into the files of the baseline scenario."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from octoplan.errors import Problem, QuantityError, RequestError, ScenarioError
from octoplan.scenario import Scenario
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.csv_text import replace_rows, row_dicts
from octoplan.scenario.distributions import FROM_QUANTILES
from octoplan.scenario.entities import KIND_BY_NAME
from octoplan.scenario.files import ASSUMPTIONS, DECISIONS
from octoplan.scenario.numerals import ambiguous_readings
from octoplan.scenario.quantities import parse_number, parse_range
from octoplan.scenario.report import did_you_mean, quoted
from octoplan.scenario.scenario import with_files
from octoplan.scenario.toml_text import parse_toml, with_values

ASSUMPTION_PREFIX, DECISION_PREFIX = "a.", "d."
"""Prefixes of the names of the two kinds of change in an address."""
CHANGE_NAME_PATTERN = re.compile(r"[a-z]\..*", re.DOTALL)
"""Parameters of an address that are changes: one letter, a dot and a name."""
FACTOR_PATTERN = re.compile(r"[x×]\s*(.+)", re.DOTALL)
"""Text of a factor, such as x1.5."""


@dataclass(frozen=True)
class Changes:
    """Changes against the baseline, as typed on the page.

    Attributes:
        assumptions: A value or a range such as ``5 to 9``, by name of the assumption.
        decisions: A factor such as ``x1.5`` or a list of monthly values, by name of the decision.

    """

    assumptions: Mapping[str, str] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.assumptions or self.decisions)


def read_changes(query: Mapping[str, str]) -> Changes:
    """Read the changes from the parameters of an address; other parameters are ignored.

    Raises:
        RequestError: A change has neither the prefix of an assumption nor that of a decision.

    """
    unknown = [
        name
        for name in query
        if CHANGE_NAME_PATTERN.fullmatch(name) and not name.startswith((ASSUMPTION_PREFIX, DECISION_PREFIX))
    ]
    if unknown:
        expected = f"an assumption begins with {ASSUMPTION_PREFIX!r}, a decision with {DECISION_PREFIX!r}"
        raise RequestError(422, *(f"{quoted(name)} is not the name of a change; {expected}" for name in unknown[:10]))
    assumptions, decisions = (
        {name.removeprefix(prefix): text for name, text in query.items() if name.startswith(prefix)}
        for prefix in (ASSUMPTION_PREFIX, DECISION_PREFIX)
    )
    return Changes(assumptions, decisions)


def apply_changes(scenario: Scenario, changes: Changes) -> Scenario:
    """The scenario with the changes written into its files. Raises ScenarioError with every problem."""
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
    """``assumptions.csv`` with new values in the rows of the changed assumptions; other rows are not rewritten."""
    assumptions_by_name = {assumption.name: assumption for assumption in scenario.assumptions}
    rows_by_name = {row["name"]: row for row in row_dicts(scenario.files[ASSUMPTIONS])}
    changed_rows = {}
    for name, text in texts.items():
        if name not in assumptions_by_name:
            message = (
                f"there is no assumption {quoted(name)} in {scenario.title}; {did_you_mean(name, assumptions_by_name)}"
            )
            problems.append(Problem(ASSUMPTIONS, 0, message))
        elif name not in rows_by_name:
            message = (
                f"{name} was fitted to a record of raids ({assumptions_by_name[name].file}) and cannot be changed on "
                "the page; fit the record again, or add a factor to what-if.csv"
            )
            problems.append(Problem(ASSUMPTIONS, 0, message))
        else:
            cells = changed_cells(assumptions_by_name[name], text, scenario.priors.get(name))
            changed_rows[name] = {**rows_by_name[name], **cells}
    return replace_rows(scenario.files[ASSUMPTIONS], "name", changed_rows)


def changed_cells(assumption: Assumption, text: str, prior: Assumption | None = None) -> dict[str, str]:
    """New cells, by column, in the row of a changed assumption.

    Args:
        assumption: The assumption of the baseline.
        text: A value, or a range from P10 to P90, in the unit of the assumption unless the text has a unit.
        prior: The row before calibration, if the assumption is calibrated.

    """
    text = text.strip()
    has_unit = bool(re.search(r"[A-Za-z%]", re.sub(r"\bto\b|[eE][+-]?\d", "", text)))
    return {
        "value": text,
        "low": "",
        "high": "",
        "distribution": distribution_of_range(prior or assumption) if is_range(text) else "fixed",
        "unit": "" if has_unit else assumption.unit,
        "price_base": str(assumption.price_base) if assumption.currency else "",
        "note": f"Changed on the page; note of the baseline: {assumption.note}"
        if assumption.note
        else "Changed on the page",
    }


def is_range(text: str) -> bool:
    """True if the text is a range, such as ``5 to 9``."""
    try:
        return parse_range(text) is not None
    except QuantityError:
        return False


def distribution_of_range(assumption: Assumption) -> str:
    """Distribution for a range: that of the row if P10 and P90 define it, else one on the permitted range."""
    if assumption.distribution in FROM_QUANTILES:
        return assumption.distribution
    parameter = next(p for p in KIND_BY_NAME[assumption.kind].parameters if p.name == assumption.parameter)
    if parameter.low < 0.0:
        return "normal"
    return "beta" if parameter.high == 1.0 else "gamma"


def edited_decisions(scenario: Scenario, texts: Mapping[str, str], problems: list[Problem]) -> str:
    """``decisions.toml`` with new monthly values; comments and layout are preserved."""
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
            expected = "write a factor such as x1.5, or monthly values such as 60, 60, 80"
            problems.append(Problem(DECISIONS, 0, f"{name}: {quoted(text)} cannot be read: {error}; {expected}"))
    return with_values(scenario.files[DECISIONS], tables)


def parse_monthly_values(baseline: list[float], text: str) -> list[float]:
    """Monthly values from the text of a change: a factor such as x1.5 on the baseline, or a list of values.

    Products of integers are rounded to integers.
    """
    match = FACTOR_PATTERN.fullmatch(text.strip())
    if match is None:
        return [int_or_float(part) for part in text.split(",")]
    factor = int_or_float(match[1])
    products = [value * factor for value in baseline]
    if not all(map(isfinite, products)):
        raise QuantityError(f"{match[1]!r} is too large for a factor")
    return [round(new) if isinstance(old, int) else new for old, new in zip(baseline, products, strict=True)]


def int_or_float(text: str) -> float:
    """Convert text to a number, an integer if it has only digits. Raises QuantityError if the text is ambiguous."""
    text = text.strip()
    readings = ambiguous_readings(text)
    if readings:
        raise QuantityError(f"{text!r} can be read as {readings[0]} or as {readings[1]}")
    number = parse_number(text)
    return int(text) if re.fullmatch("[+-]?[0-9]+", text) else number
