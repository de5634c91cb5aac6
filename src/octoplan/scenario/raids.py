"""Files that replace assumptions on raids: daily counts in ``raids.csv``, and a fitted process in ``raids.toml``."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from octoplan.scenario.arrays import Ints
from octoplan.scenario.assumptions import ASSUMPTION_COLUMNS, Source
from octoplan.scenario.correlations import CORRELATION_COLUMNS
from octoplan.scenario.csv_text import Row
from octoplan.scenario.files import RAID_COUNTS, RAID_FIT
from octoplan.scenario.numerals import ambiguous_readings
from octoplan.scenario.programme import Programme
from octoplan.scenario.report import Report, quoted
from octoplan.scenario.toml_text import Toml

MAX_COUNT = 200_000
"""Largest daily count of threats of a package."""

_COUNT_PATTERN = re.compile(r"[0-9]{1,9}")


def read_raid_counts(rows: Sequence[Row], programme: Programme, report: Report) -> Ints:
    """Read the observed counts of threats on the first days, (days, packages), and report problems.

    There must be one row for each day, beginning with the first day of the scenario.
    """
    packages = programme.names("packages")
    counts = np.zeros((len(rows), len(packages)), np.int64)
    for day, row in enumerate(rows):
        expected = programme.start + timedelta(days=day)
        if row["date"] != expected.isoformat():
            problem = (
                f"date {quoted(row['date'])} is not valid; expected {expected}: one row for each day from the start"
            )
            report.add(RAID_COUNTS, row.line, problem)
        for column, package in enumerate(packages):
            text = row[package]
            if not _COUNT_PATTERN.fullmatch(text) or int(text) > MAX_COUNT:
                readings = ambiguous_readings(text)
                hint = f"; it can be read as {readings[0]} or as {readings[1]}" if readings else ""
                problem = f"{package} {quoted(text)} is not a whole number from 0 to {MAX_COUNT:,}{hint}"
                report.add(RAID_COUNTS, row.line, problem)
            else:
                counts[day, column] = int(text)
    if len(rows) > programme.days():
        problem = f"the file has {len(rows)} days and the scenario {programme.days()}; remove days, or raise months"
        report.add(RAID_COUNTS, rows[programme.days()].line, problem)
    return counts


def record_source(toml: Toml) -> Source:
    """The record to which the process was fitted, as a source of assumptions."""
    record = toml.tree.get("record", {})
    if not isinstance(record, dict):
        record = {}
    stated_fields = {key: str(record[key]) for key in ("title", "publisher", "date", "url", "licence") if key in record}
    default_fields = {"title": "a record of raids", "publisher": "", "date": "", "url": "", "licence": ""}
    return Source(RAID_FIT, **(default_fields | stated_fields))


def tables_under(toml: Toml, key: str, report: Report) -> dict[str, Mapping[str, Any]]:
    """The tables under a key, by name; values that are not tables are reported."""
    value = toml.tree.get(key, {})
    tables: dict[str, Mapping[str, Any]] = {}
    for name, table in value.items() if isinstance(value, dict) else [(key, None)]:
        if isinstance(table, dict):
            tables[name] = table
        else:
            problem = f'{key} {quoted(name)} is not valid; expected a table [{key}."name"]'
            report.add(RAID_FIT, toml.line(key, name), problem)
    return tables


def assumption_rows(toml: Toml, report: Report) -> list[Row]:
    """The assumptions of a fit, as rows of ``assumptions.csv``."""
    columns = tuple(column for column in ASSUMPTION_COLUMNS if column != "name")
    rows = []
    for name, table in tables_under(toml, "assumptions", report).items():
        line = toml.line("assumptions", name)
        for key in table:
            if key not in columns:
                problem = f"unknown key {quoted(key)}; an assumption has {', '.join(columns)}"
                report.add(RAID_FIT, toml.line("assumptions", name, key), problem)
        rows.append(
            Row(line, {"name": name} | {column: _cell_text(table.get(column, "")) for column in columns}, RAID_FIT)
        )
    return rows


def correlation_rows(toml: Toml, report: Report) -> list[Row]:
    """The rank correlations of a fit, as rows of ``correlations.csv``.

    The fit states them as ``"b" = rank_correlation`` in the table ``[correlations."a"]``.
    """
    empty = dict.fromkeys(CORRELATION_COLUMNS, "")
    return [
        Row(toml.line("correlations", a, b), empty | {"a": a, "b": b, "rank_correlation": _cell_text(rank)}, RAID_FIT)
        for a, table in tables_under(toml, "correlations", report).items()
        for b, rank in table.items()
    ]


def _cell_text(value: Any) -> str:
    return format(value, ".17g") if isinstance(value, float) else str(value)


def override_by_fit(rows: Sequence[Row], fitted: Sequence[Row], keys: tuple[str, ...], report: Report) -> list[Row]:
    """Combine the rows of a file with the rows of a fit.

    Rows of the file whose names all occur in the fit are omitted, with a warning.

    Args:
        rows: The rows of the file.
        fitted: The rows of the fit.
        keys: Columns with names: one for assumptions, two for correlations.
        report: Collects the warnings.

    """
    fitted_names = {row[key] for row in fitted for key in keys}
    remaining_rows = []
    for row in rows:
        if all(row[key] in fitted_names for key in keys):
            names = ", ".join(row[key] for key in keys)
            report.warn(row.file, row.line, f"{names}: {RAID_FIT} overrides this row")
        else:
            remaining_rows.append(row)
    return [*remaining_rows, *fitted]


def fitted_rows(toml: Toml, report: Report) -> tuple[list[Row], list[Row]]:
    """The assumptions and the rank correlations of a fit."""
    if not toml.tree.get("assumptions"):
        report.add(RAID_FIT, 1, "has no [assumptions]; create the file with: octoplan raids fit FILE --out raids.toml")
    return assumption_rows(toml, report), correlation_rows(toml, report)


def warn_of_gap(toml: Toml, raid_counts: Ints, programme: Programme, report: Report) -> None:
    """Warn if a fit does not end on the day before the first simulated raids, the day to which its level is applied."""
    record = toml.tree.get("record", {})
    last = record.get("last") if isinstance(record, dict) else None
    day_before = programme.start + timedelta(days=len(raid_counts) - 1)
    if isinstance(last, date) and last != day_before:
        report.warn(
            RAID_FIT,
            toml.line("record", "last"),
            f"the fit ends on {last}, but simulated raids begin after {day_before}; the level of {last} is used",
        )


def check_raid_files(files_present: Mapping[str, bool], programme: Programme, report: Report) -> None:
    """Compare the files that the key ``raids`` names with those in the folder.

    Report files that are named but not in the folder; warn of files that are in the folder but not named.
    """
    for name, is_present in files_present.items():
        if name in programme.raids and not is_present:
            report.add("programme.toml", programme.line("raids"), f"raids names {name}, which is not in the folder")
        if is_present and name not in programme.raids:
            report.warn(name, 0, f'is not used; to use this file write raids = "{name}" at the top of programme.toml')
