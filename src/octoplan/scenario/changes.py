"""Changes of assumptions and decisions by name, as new texts of the files of a scenario."""

import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import TYPE_CHECKING, Any

from octoplan.errors import Problem, QuantityError
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.binding import dotted_name
from octoplan.scenario.csv_text import append_rows, replace_rows, row_dicts
from octoplan.scenario.decisions import Decisions
from octoplan.scenario.defaults import NOTE_PREFIX, has_default_value
from octoplan.scenario.distributions import FROM_MODE, FROM_QUANTILES
from octoplan.scenario.entities import KIND_BY_NAME
from octoplan.scenario.files import ASSUMPTIONS, DECISIONS
from octoplan.scenario.numerals import ambiguous_readings
from octoplan.scenario.parameter_types import range_distribution
from octoplan.scenario.quantities import parse_number, parse_range
from octoplan.scenario.report import did_you_mean, quoted
from octoplan.scenario.toml_text import parse_toml, with_values

if TYPE_CHECKING:
    from octoplan.scenario.scenario import Scenario

CHANGES = "changes"
"""File named in the problems of changes that belong to no file."""
FACTOR_PATTERN = re.compile(r"[x×]\s*(.+)", re.DOTALL)
"""Text of a factor, such as x1.5."""

KeyPath = tuple[str, ...]
"""Keys that lead to a value in ``decisions.toml``."""


def split_changes(
    scenario: "Scenario", changes: Mapping[str, object], problems: list[Problem]
) -> tuple[dict[str, object], dict[str, object]]:
    """The changes of assumptions and the changes of decisions, by name.

    A name is that of a row of ``assumptions.csv``, or else the path of keys of a value in ``decisions.toml``, joined by
    points. A name that is neither is a problem, which is appended to ``problems``.
    """
    rows = {assumption.name: assumption for assumption in scenario.assumptions}
    stated = {".".join(path): value for path, value in leaves(scenario.decisions.model_dump())}
    assumptions: dict[str, object] = {}
    decisions: dict[str, object] = {}
    for name, value in changes.items():
        table = str(name).partition(".")[0]
        is_table = table in Decisions.model_fields and (table not in KIND_BY_NAME or isinstance(value, Mapping))
        if name in rows:
            assumptions[name] = value
        elif name in stated or is_table:
            decisions[name] = value
        elif row := row_that_supplies(scenario, name):
            message = f"{name} has no row; the row {row} supplies it, together with others: change that row"
            problems.append(Problem(CHANGES, 0, message))
        else:
            message = (
                f"there is no assumption or decision {quoted(name)} in {scenario.title}; "
                f"{did_you_mean(name, (*rows, *stated))}"
            )
            problems.append(Problem(CHANGES, 0, message))
    return assumptions, decisions


def row_that_supplies(scenario: "Scenario", name: str) -> str:
    """Name of the row that supplies a parameter, such as ``suppliers.*.lead``; empty if there is no such parameter."""
    columns = (column for key, column in scenario.draw_columns.items() if dotted_name(key[0], key[1], key[2]) == name)
    return next((scenario.assumptions[column].name for column in columns), "")


def leaves(tree: Mapping[str, Any], path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Yield the path of keys and the value of each value in nested tables."""
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*path, str(key)))
        else:
            yield (*path, str(key)), value


def edited_files(
    scenario: "Scenario",
    assumptions: Mapping[str, object],
    decisions: Mapping[str, object],
    note: str,
    problems: list[Problem],
) -> dict[str, str]:
    """The texts of the files of a scenario that changes replace, by name.

    Args:
        scenario: The baseline.
        assumptions: New values by name of the row: a number, text such as ``"5 to 9 days"``, or (low, value, high).
        decisions: New values by path of keys: a number, text, a list of monthly values, a factor such as ``"x1.5"``, or
            a mapping for a table.
        note: Beginning of the note of a changed row, such as ``"Changed on the page"``.
        problems: Problems of changes that are not possible are appended to this list; these changes are left out.

    """
    files = {}
    if assumptions:
        files[ASSUMPTIONS] = edited_assumptions(scenario, assumptions, note, problems)
    if decisions:
        files[DECISIONS] = edited_decisions(scenario, decisions, problems)
    return files


def edited_assumptions(
    scenario: "Scenario", values: Mapping[str, object], note: str, problems: list[Problem]
) -> str:  # fmt: skip
    """``assumptions.csv`` with new values in the rows of the changed assumptions; other rows are not rewritten.

    If an assumption with a default value is changed, rows are added for all default values.
    """
    assumptions_by_name = {assumption.name: assumption for assumption in scenario.assumptions}
    changes_default = any(name in values for name, a in assumptions_by_name.items() if a.is_default)
    data = with_default_rows(scenario) if changes_default else scenario.files[ASSUMPTIONS]
    rows_by_name = {row["name"]: row for row in row_dicts(data)}
    changed_rows = {}
    for name, value in values.items():
        if name not in assumptions_by_name:
            message = (
                f"there is no assumption {quoted(name)} in {scenario.title}; {did_you_mean(name, assumptions_by_name)}"
            )
            problems.append(Problem(ASSUMPTIONS, 0, message))
        elif name not in rows_by_name:
            message = (
                f"{name} was fitted to a record of raids ({assumptions_by_name[name].file}), so that no value can "
                "replace it; fit the record again, or add a factor to what-if.csv"
            )
            problems.append(Problem(ASSUMPTIONS, 0, message))
        else:
            assumption = assumptions_by_name[name]
            try:
                cells = changed_cells(assumption, value, scenario.priors.get(name), note)
            except QuantityError as error:
                problems.append(Problem(ASSUMPTIONS, 0, f"{name}: {error}"))
            else:
                changed_rows[name] = {**rows_by_name[name], **cells}
    return replace_rows(data, "name", changed_rows)


def with_default_rows(scenario: "Scenario") -> bytes:
    """``assumptions.csv`` with a row for each assumption that has a default value, after its other rows.

    All of them are written, because some default values are used only if related parameters have no row either.
    """
    data = scenario.files[ASSUMPTIONS]
    added = default_rows_of(scenario)
    return append_rows(data, added) if added else data


def default_rows_of(scenario: "Scenario") -> list[dict[str, str]]:
    """The cells, by column, of a row for each assumption that has a default value and no row."""
    return [default_cells(assumption) for assumption in scenario.assumptions if assumption.is_default]


def default_cells(assumption: Assumption) -> dict[str, str]:
    """The cells, by column, of a row with the default value of an assumption."""
    return {
        "name": assumption.name,
        "value": f"{assumption.value:.15g}",
        "distribution": assumption.distribution,
        "unit": assumption.unit,
        "price_base": str(assumption.price_base) if assumption.currency else "",
        "quality": assumption.quality,
        "date": assumption.date.isoformat(),
        "note": assumption.note,
    }


def changed_cells(assumption: Assumption, value: object, prior: Assumption | None, note: str) -> dict[str, str]:
    """New cells, by column, in the row of a changed assumption.

    Args:
        assumption: The assumption of the baseline.
        value: A number, a text with a value or a range from P10 to P90, or (low, value, high); in the unit of the
            assumption unless a text has a unit.
        prior: The row before calibration, if the assumption is calibrated.
        note: Beginning of the note.

    Raises:
        QuantityError: If the value is of another type.

    """
    low, middle, high = texts_of(value)
    has_unit = any(
        re.search(r"[A-Za-z%]", re.sub(r"\bto\b|[eE][+-]?\d|\b(inf|nan)\b", "", text)) for text in (low, middle, high)
    )
    row = prior or assumption
    if low or high:
        distribution = row.distribution if row.distribution in FROM_MODE else distribution_of_range(row)
    else:
        distribution = distribution_of_range(row) if is_range(middle) else "fixed"
    if has_default_value(assumption):
        note = f"{note} from the default value {assumption.value:g} ({assumption.note.removeprefix(NOTE_PREFIX)})"
    elif assumption.note:
        note = f"{note}; note of the baseline: {assumption.note}"
    return {
        "value": middle,
        "low": low,
        "high": high,
        "distribution": distribution,
        "unit": "" if has_unit else assumption.unit,
        "price_base": str(assumption.price_base) if assumption.currency else "",
        "note": note,
    }


def texts_of(value: object) -> tuple[str, str, str]:
    """Low, value and high of an assumption as texts; low and high are empty unless the value is (low, value, high).

    Raises:
        QuantityError: If the value is not a number, a text, or three of them.

    """
    value = plain_value(value)
    items = value if isinstance(value, list) and len(value) == 3 else [value]
    if not all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in items):
        raise QuantityError(
            f"{quoted(value)} is not a value of an assumption; write a number, a text such as '5 to 9', or the three "
            "numbers (low, value, high)"
        )
    texts = [item.strip() if isinstance(item, str) else repr(item) for item in items]
    if len(texts) == 1:
        return "", texts[0], ""
    if not all(texts):
        raise QuantityError(f"{quoted(value)} has an empty text; write the three numbers (low, value, high)")
    return texts[0], texts[1], texts[2]


def plain_value(value: object) -> Any:
    """A value with arrays and tuples as lists, and numbers of numpy and pandas as numbers of Python."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [plain_value(item) for item in value] if isinstance(value, tuple | list) else value


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
    return range_distribution(parameter)


def edited_decisions(scenario: "Scenario", values: Mapping[str, object], problems: list[Problem]) -> str:
    """``decisions.toml`` with new values; comments and layout are preserved."""
    tree = parse_toml(DECISIONS, scenario.files[DECISIONS]).tree
    defaults = scenario.decisions.model_dump()
    tables: dict[str, Any] = {}
    for name, stated_value in values.items():
        path = tuple(str(name).split("."))
        new_values = leaves(stated_value, path) if isinstance(stated_value, Mapping) else [(path, stated_value)]
        for keys, new_value in new_values:
            try:
                baseline = value_at(tree, keys)
                value = changed_decision(value_at(defaults, keys) if baseline is None else baseline, new_value)
                set_value(tables, keys, value)
            except QuantityError as error:
                problems.append(Problem(DECISIONS, 0, f"{'.'.join(keys)}: {error}"))
    return with_values(scenario.files[DECISIONS], tables)


def value_at(tree: Mapping[str, Any], keys: KeyPath) -> Any:
    """The value at a path of keys in nested tables; None if there is none.

    Raises:
        QuantityError: If a value on the path is not a table.

    """
    value: Any = tree
    for depth, key in enumerate(keys):
        if not isinstance(value, Mapping):
            raise QuantityError(f"{'.'.join(keys[:depth])} is a value, not a table; it has no {quoted(key)}")
        value = value.get(key)
        if value is None:
            return None
    return value


def set_value(tables: dict[str, Any], keys: KeyPath, value: Any) -> None:
    """Set the value at a path of keys, adding tables where there are none.

    Raises:
        QuantityError: If another change states a value where this one needs a table, or a table for this value.

    """
    for key in keys[:-1]:
        tables = tables.setdefault(key, {})
        if not isinstance(tables, dict):
            raise QuantityError(f"another change makes {key} a value; state it once")
    if isinstance(tables.get(keys[-1]), dict):
        raise QuantityError("another change makes it a table; state it once")
    tables[keys[-1]] = value


def changed_decision(baseline: Any, value: object) -> Any:
    """The new value of a decision.

    Args:
        baseline: Its value in the scenario; None if it has none.
        value: A number, a list, or a text. Where the baseline is not a text, the text is a factor such as ``x1.5``, or
            values separated by commas.

    Raises:
        QuantityError: If the value is not possible.

    """
    value = plain_value(value)
    if isinstance(baseline, Mapping):
        raise QuantityError(f"is a table; name one of its values, such as {next(iter(baseline), 'NAME')}")
    items = value if isinstance(value, list) else [value]
    if not items or not all(isinstance(item, str | int | float) for item in items):
        raise QuantityError(f"{quoted(value)} is not a decision; write a number, a list of numbers, or a text")
    if not isinstance(value, str) or is_text(baseline):
        return with_whole_numbers(value) if has_whole_numbers(baseline) else value
    is_list = isinstance(baseline, list)
    try:
        values = parse_monthly_values(baseline if is_list else [] if baseline is None else [baseline], value)
    except (QuantityError, OverflowError) as error:
        if baseline is None and not FACTOR_PATTERN.fullmatch(value.strip()):
            return value
        expected = "write a factor such as x1.5, or monthly values such as 60, 60, 80"
        raise QuantityError(f"{quoted(value)} cannot be read: {error}; {expected}") from None
    return values if is_list or len(values) > 1 else values[0]


def has_whole_numbers(baseline: Any) -> bool:
    """True if the value of a decision is a whole number, or a list of whole numbers."""
    return all(isinstance(item, int) for item in (baseline if isinstance(baseline, list) else [baseline]))


def with_whole_numbers(value: Any) -> Any:
    """The value with floating-point numbers such as 80.0, which a computation returns, as whole numbers."""
    if isinstance(value, list):
        return [with_whole_numbers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def is_text(baseline: Any) -> bool:
    """True if the value of a decision is a text, or a list of texts."""
    items = baseline if isinstance(baseline, list) else [baseline]
    return bool(items) and all(isinstance(item, str) for item in items)


def parse_monthly_values(baseline: list[float], text: str) -> list[float]:
    """Monthly values from the text of a change: a factor such as x1.5 on the baseline, or a list of values.

    Products of integers are rounded to integers.

    Raises:
        QuantityError: If the text is neither, or a factor has no baseline.

    """
    match = FACTOR_PATTERN.fullmatch(text.strip())
    if match is None:
        return [int_or_float(part) for part in text.split(",")]
    factor = int_or_float(match[1])
    if not baseline:
        raise QuantityError("there is no value in the scenario that a factor could multiply")
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
