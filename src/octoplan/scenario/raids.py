"""Where a scenario's raids come from, beside its rows of assumptions: a table of days given, and a fit to a record."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from octoplan.scenario.arrays import Ints
from octoplan.scenario.assumptions import ASSUMPTION_COLUMNS, Source
from octoplan.scenario.correlations import CORRELATION_COLUMNS
from octoplan.scenario.csv_text import Row
from octoplan.scenario.files import GIVEN, RAIDS
from octoplan.scenario.numerals import ambiguous_readings
from octoplan.scenario.programme import Programme
from octoplan.scenario.report import Report, quoted
from octoplan.scenario.toml_text import Toml

MOST_A_DAY = 200_000
"""Threats of one package and day that a table may give; more is a slip of the pen."""

_WHOLE = re.compile(r"[0-9]{1,9}")


def read_given(rows: Sequence[Row], programme: Programme, report: Report) -> Ints:
    """The counts of the first days, (days, packages): one row a day from the scenario's start, none left out."""
    packages = programme.names("packages")
    found = np.zeros((len(rows), len(packages)), np.int64)
    for day, row in enumerate(rows):
        expected = programme.start + timedelta(days=day)
        if row["date"] != expected.isoformat():
            words = (
                f"date {quoted(row['date'])} is not valid; expected {expected}: one row for each day, from the start"
            )
            report.add(GIVEN, row.line, words)
        for column, package in enumerate(packages):
            text = row[package]
            if not _WHOLE.fullmatch(text) or int(text) > MOST_A_DAY:
                readings = ambiguous_readings(text)
                hint = f"; it can be read as {readings[0]} or as {readings[1]}" if readings else ""
                message = f"{package} {quoted(text)} is not a whole number from 0 to {MOST_A_DAY:,}{hint}"
                report.add(GIVEN, row.line, message)
            else:
                found[day, column] = int(text)
    if len(rows) > programme.days():
        words = f"has {len(rows)} days; the scenario has {programme.days()}: give fewer, or raise months"
        report.add(GIVEN, rows[programme.days()].line, words)
    return found


def source_of(toml: Toml) -> Source:
    """The record that a fit was made from, as a source of assumptions."""
    record = toml.tree.get("record", {})
    told = {key: str(record[key]) for key in ("title", "publisher", "date", "url", "licence") if key in record}
    blank = {"title": "a record of raids", "publisher": "", "date": "", "url": "", "licence": ""}
    return Source(RAIDS, **(blank | told))


def tables_of(toml: Toml, key: str, report: Report) -> dict[str, Mapping[str, Any]]:
    """The tables under a key by name; anything else there is reported."""
    tables = toml.tree.get(key, {})
    found: dict[str, Mapping[str, Any]] = {}
    for name, table in tables.items() if isinstance(tables, dict) else [(key, None)]:
        if isinstance(table, dict):
            found[name] = table
        else:
            report.add(
                RAIDS, toml.line(key, name), f'{key} {quoted(name)} is not valid; expected a table [{key}."name"]'
            )
    return found


def assumption_rows(toml: Toml, report: Report) -> list[Row]:
    """The assumptions that a fit states, as rows of the log."""
    columns = tuple(column for column in ASSUMPTION_COLUMNS if column != "name")
    found = []
    for name, table in tables_of(toml, "assumptions", report).items():
        line = toml.line("assumptions", name)
        for key in table:
            if key not in columns:
                words = f"unknown key {quoted(key)}; an assumption has {', '.join(columns)}"
                report.add(RAIDS, toml.line("assumptions", name, key), words)
        found.append(Row(line, {"name": name} | {column: _cell(table.get(column, "")) for column in columns}, RAIDS))
    return found


def correlation_rows(toml: Toml, report: Report) -> list[Row]:
    """The rank correlations that a fit states: ``[correlations."a"]`` holds ``"b" = rank``."""
    blank = dict.fromkeys(CORRELATION_COLUMNS, "")
    return [
        Row(toml.line("correlations", a, b), blank | {"a": a, "b": b, "rank_correlation": _cell(rank)}, RAIDS)
        for a, table in tables_of(toml, "correlations", report).items()
        for b, rank in table.items()
    ]


def _cell(value: Any) -> str:
    return format(value, ".17g") if isinstance(value, float) else str(value)


def with_fit(rows: Sequence[Row], fitted: Sequence[Row], keys: tuple[str, ...], report: Report) -> list[Row]:
    """The rows of a file and of a fit, which takes the place of rows that name only what it states; each is remarked.

    keys
        the columns that hold names: one in the log, two in the table of correlations.
    """
    taken = {row[key] for row in fitted for key in keys}
    stay = []
    for row in rows:
        if all(row[key] in taken for key in keys):
            words = f"{', '.join(row[key] for key in keys)}: {RAIDS} overrides this row"
            report.warn(row.file, row.line, words)
        else:
            stay.append(row)
    return [*stay, *fitted]


def fitted_rows(toml: Toml, report: Report) -> tuple[list[Row], list[Row]]:
    """The assumptions and the rank correlations that a fit states."""
    if not toml.tree.get("assumptions"):
        report.add(RAIDS, 1, "holds no [assumptions]; write it with: octoplan raids fit FILE --out raids.toml")
    return assumption_rows(toml, report), correlation_rows(toml, report)


def warn_of_gap(toml: Toml, given: Ints, programme: Programme, report: Report) -> None:
    """Remark on a fit whose last day is not the eve of the first day drawn: its level is taken to stand there."""
    last = toml.tree.get("record", {}).get("last")
    eve = programme.start + timedelta(days=len(given) - 1)
    if isinstance(last, date) and last != eve:
        words = (
            f"the fit ends on {last}, and the days that it draws begin after {eve}; its level is taken to stand there"
        )
        report.warn(RAIDS, toml.line("record", "last"), words)


def check_named(named: Mapping[str, bool], programme: Programme, report: Report) -> None:
    """Every file that ``raids`` names must be there; one that is there and not named is remarked on."""
    for name, there in named.items():
        if name in programme.raids and not there:
            report.add("programme.toml", programme.line("raids"), f"raids names {name}, which is not in the folder")
        if there and name not in programme.raids:
            report.warn(name, 0, f'is not used; to use it write raids = "{name}" at the top of programme.toml')
