"""Read a public record of raids in one of three layouts, recognised by the header of the table.

daily      one row per day, counts by class in columns
classes    one row per day and class
reports    one row per report, the layout of "Massive Missile Attacks on Ukraine" (``attack_reports.py``)

A record that cannot be read raises RecordError with all problems. Corrections, assumptions and omissions are counted by
kind.
"""

import re
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from octoplan.raids.read import attack_reports
from octoplan.raids.read.cells import INVALID, MISSING, CellCache, invalid_date_reason, parse_count, parse_day
from octoplan.raids.read.csv_reader import (
    Header,
    IntArray,
    ReadLog,
    Reports,
    Row,
    inspect_bytes,
    open_plain_file,
    read_rows,
)
from octoplan.raids.read.record import CLASSES, MISSILES, Days, Outlier, Record, find_outliers, known_reporting_rules
from octoplan.scenario.report import did_you_mean, quoted

MAX_DAYS = 7_305
"""Maximum number of days of a record, twenty years; a longer span indicates an error in a date."""

COUNT_COLUMNS = tuple(f"{name}_{count}" for name in CLASSES for count in ("launched", "destroyed", "lost"))
TOTAL_COLUMNS = ("missiles_launched", "missiles_destroyed")
DAILY_COLUMNS = ("date", *(name for name in COUNT_COLUMNS if not name.endswith("_lost")))
CLASS_COLUMNS = ("date", "class", "launched", "destroyed")
COUNT_INDEX_OF_NOTE = {"launched-missing": 0, "launched-hidden": 0, "destroyed-missing": 1, "destroyed-hidden": 1}
"""Permitted notes of a row, and the index of the count (launched, destroyed) that each marks as not reported."""
NO_LOST_COLUMN = "no column of lost weapons, so lost counts are read as 0"


def read(path: str | Path) -> Record:
    """Read a record from a file in any of the three layouts.

    Raises:
        RecordError: The file cannot be read; all its problems are listed by line.

    """
    path = Path(path)
    log = ReadLog(str(path))
    with open_plain_file(path, log) as file:
        digest, encoding = inspect_bytes(file, log)
        log.raise_problems()
        with closing(read_rows(file, encoding, log)) as table:
            header = Header.parse(next(table, (1, [])), log)
            layout = detect_layout(header, log)
            log.raise_problems()
            if layout == "daily":
                reports = read_daily(header, table, log)
            elif layout == "classes":
                reports = read_by_class(header, table, log)
            else:
                reports = attack_reports.read(header, table, log)
    return assemble_record(reports, log, digest, path.name, layout)


def detect_layout(header: Header, log: ReadLog) -> str:
    """Layout of a table by its header; empty if the header is reported as unknown."""
    names = set(header.names)
    if {"time_end", "model"} <= names:
        return "reports"
    if {"date", "class"} <= names:
        return "classes"
    if "date" in names and names & set(COUNT_COLUMNS):
        return "daily"
    if not names:
        log.add_problem(1, "is empty; expected a table with a header")
    elif len(names) == 1 and any(sign in header.names[0] for sign in ";\t|"):
        log.add_problem(header.line, "the cells are not separated by commas; save the table as CSV with commas")
    else:
        first_columns = (DAILY_COLUMNS[:3], CLASS_COLUMNS, attack_reports.REQUIRED_COLUMNS)
        layouts = " or ".join(f"{','.join(columns)},..." for columns in first_columns)
        log.add_problem(
            header.line,
            f"the header {quoted(','.join(header.names))} has none of the known layouts; expected {layouts}",
        )
    return ""


@dataclass(frozen=True)
class FirstRow:
    """First row of a day, or of a day and class: its line, and its counts with those marked by a note as MISSING."""

    line: int
    counts: tuple[int, ...]


@dataclass(frozen=True)
class ColumnIndices:
    """Indices of the columns of a table; None if the table has no column of classes or notes.

    ``counts`` begins with launched and destroyed if the table has a column of classes.
    """

    date: int
    klass: int | None
    note: int | None
    counts: tuple[int, ...]

    @classmethod
    def from_header(cls, header: Header, count_names: Sequence[str]) -> "ColumnIndices":
        klass, note = (header.names.index(name) if name in header.names else None for name in ("class", "note"))
        return cls(header.names.index("date"), klass, note, tuple(header.names.index(name) for name in count_names))


def unique_rows(
    header: Header, table: Iterable[Row], count_names: Sequence[str], log: ReadLog
) -> dict[tuple[int, int], FirstRow]:
    """Read the rows of a table by day and class (0 if there is no column of classes), without duplicates.

    Rows with the same day and class must have the same counts; contradictory rows are reported.
    """
    columns = ColumnIndices.from_header(header, count_names)
    max_rows = MAX_DAYS * (1 if columns.klass is None else len(CLASSES))
    days, counts, classes = CellCache(parse_day), CellCache(parse_count), CellCache(class_index)
    rows: dict[tuple[int, int], FirstRow] = {}
    latest_day = -(10**9)
    for line, cells in table:
        if not header.fits(log, line, cells):
            continue
        day, klass = days[cells[columns.date]], 0 if columns.klass is None else classes[cells[columns.klass]]
        if day is None or klass is None:
            report_invalid_key(cells, columns, line, log)
            continue
        values = tuple([counts[cells[column]] for column in columns.counts])
        if INVALID in values:
            header.report_invalid_counts(log, line, cells, columns.counts)
            continue
        if columns.note is not None and cells[columns.note].strip():
            values = apply_note(cells[columns.note], values, line, log)
        first = rows.get((day, klass))
        if first is None:
            if len(rows) == max_rows:
                log.add_problem(line, f"has more than {MAX_DAYS:,} days, the maximum for a record")
                return rows
            rows[day, klass] = FirstRow(line, values)
            if day < latest_day:
                log.add_correction("rows not in order of date, sorted", line)
            latest_day = max(day, latest_day)
        elif first.counts == values:
            log.add_correction("duplicate rows, counted once", line, f"as line {first.line}")
        else:
            log.add_problem(line, contradiction_message(cells[columns.date].strip(), count_names, first, values))
    return rows


def report_invalid_key(cells: list[str], columns: ColumnIndices, line: int, log: ReadLog) -> None:
    """Report a row whose date or class cannot be read."""
    if parse_day(cells[columns.date]) is None:
        log.add_problem(line, f"{quoted(cells[columns.date])} {invalid_date_reason(cells[columns.date])}")
    if columns.klass is not None and class_index(cells[columns.klass]) is None:
        log.add_problem(line, f"class {quoted(cells[columns.klass])}: {did_you_mean(cells[columns.klass], CLASSES)}")


def contradiction_message(day: str, count_names: Sequence[str], first: FirstRow, values: tuple[int, ...]) -> str:
    """Message for a row that contradicts the first row of the same day and class."""
    name, earlier, value = next(
        (name, a, b) for name, a, b in zip(count_names, first.counts, values, strict=True) if a != b
    )
    numbers = ["not reported" if count == MISSING else str(count) for count in (earlier, value)]
    difference = f"{name} is {numbers[0]} there and {numbers[1]} here"
    return f"{day} is already on line {first.line}: {difference}; keep one of the rows"


def apply_note(text: str, values: tuple[int, ...], line: int, log: ReadLog) -> tuple[int, ...]:
    """Replace the counts that the note of a row marks as not reported by MISSING.

    Args:
        text: Notes in ``COUNT_INDEX_OF_NOTE``, separated by spaces, commas or semicolons; unknown notes are reported.
        values: Launched, destroyed and, if the table has the column, lost.
        line: Line of the row.
        log: Receives problems and corrections.

    """
    counts = list(values)
    for note in re.split(r"[\s,;]+", text.strip().lower()):
        if note and note not in COUNT_INDEX_OF_NOTE:
            permitted = ", ".join(COUNT_INDEX_OF_NOTE)
            log.add_problem(
                line, f"note {quoted(note)} is unknown and may change the meaning of the counts; known: {permitted}"
            )
        elif note:
            index = COUNT_INDEX_OF_NOTE[note]
            if counts[index] > 0:
                log.add_correction(
                    "counts that a note marks as not reported, left out", line, f"{counts[index]}, {note}"
                )
            counts[index] = MISSING
    return tuple(counts)


def class_index(text: str) -> int | None:
    """Index of a class in ``CLASSES``; None if the class is unknown."""
    name = text.strip().lower()
    return CLASSES.index(name) if name in CLASSES else None


def read_daily(header: Header, table: Iterable[Row], log: ReadLog) -> Reports:
    """Read the counts of a table with one row per day and the classes in columns."""
    header.check(log, DAILY_COLUMNS, (*COUNT_COLUMNS, *TOTAL_COLUMNS), strict=True)
    names = [name for name in (*COUNT_COLUMNS, *TOTAL_COLUMNS) if name in header.names]
    rows: list[tuple[int, ...]] = []
    for (day, _), first in unique_rows(header, table, names, log).items():
        counts = dict(zip(names, first.counts, strict=True))
        check_totals(counts, first.line, log)
        for klass, name in enumerate(CLASSES):
            lost = counts.get(f"{name}_lost", 0)
            rows.append((day, klass, counts[f"{name}_launched"], counts[f"{name}_destroyed"], lost, first.line))
    if not any(name.endswith("_lost") for name in names):
        log.add_correction(NO_LOST_COLUMN, header.line)
    return to_reports(rows)


def check_totals(counts: dict[str, int], line: int, log: ReadLog) -> None:
    """Record a correction if a total of missiles differs from the sum of its classes, which is used."""
    for name in TOTAL_COLUMNS:
        parts = [counts[f"{klass}_{name.removeprefix('missiles_')}"] for klass in MISSILES]
        if counts.get(name, MISSING) != MISSING and MISSING not in parts and counts[name] != sum(parts):
            detail = f"{name} is {counts[name]}, its classes sum to {sum(parts)}"
            log.add_correction(
                "totals of missiles that differ from the sum of their classes, which is used", line, detail
            )


def read_by_class(header: Header, table: Iterable[Row], log: ReadLog) -> Reports:
    """Read the counts of a table with one row per day and class."""
    header.check(log, CLASS_COLUMNS, ("lost", "note"), strict=True)
    names = [name for name in ("launched", "destroyed", "lost") if name in header.names]
    rows = [
        (day, klass, *(*first.counts, 0)[:3], first.line)
        for (day, klass), first in unique_rows(header, table, names, log).items()
    ]
    if "lost" not in names:
        log.add_correction(NO_LOST_COLUMN, header.line)
    return to_reports(rows)


def to_reports(rows: list[tuple[int, ...]]) -> Reports:
    """Reports from rows of day, class, launched, destroyed, lost and line."""
    return Reports(*np.array(rows, np.int64).reshape(-1, 6).T)


def assemble_record(reports: Reports, log: ReadLog, digest: str, source: str, layout: str) -> Record:
    """Sum reports by day and class, and return the record.

    Raises:
        RecordError: There is no report, or the span is longer than ``MAX_DAYS``.

    """
    check_span(reports, log)
    first, class_count = int(reports.day.min()), len(CLASSES)
    shape = (int(reports.day.max()) - first + 1, class_count)
    cell_indices = (reports.day - first) * class_count + reports.klass
    is_known, reported = np.ones(shape, np.bool_), np.zeros(shape, np.bool_)
    is_known.ravel()[cell_indices[reports.launched == MISSING]] = False
    reported.ravel()[cell_indices] = True
    sums = np.zeros((3, *shape), np.int64)
    for total, counts in zip(sums, complete_counts(reports, log), strict=True):
        np.add.at(total.ravel(), cell_indices, counts)
    launched, destroyed, lost = sums
    days = np.datetime64(first, "D") + np.arange(len(reported))
    add_days_correction(log, "days without a report, read as days without a raid", days[~reported.any(axis=1)])
    reporting_rules = tuple(rule for rule in known_reporting_rules() if rule.overlaps(days[0], days[-1]))
    for rule in reporting_rules:
        if rule.measure == "zeros":
            columns = [CLASSES.index(name) for name in rule.classes]
            zero = ((launched == 0) & is_known)[:, columns].all(axis=1)
            applies = np.array([rule.applies_on(day) for day in days])
            add_days_correction(
                log, f"days without {' or '.join(rule.classes)}, read as 0: {rule.reason}", days[applies & zero]
            )
    outliers = tuple(
        Outlier(
            days[day].astype(object), CLASSES[klass], int(launched[day, klass]), next_largest,
            f"{log.path}:{_line_of_largest(reports, cell_indices == day * class_count + klass)}",
        )
        for day, klass, next_largest in find_outliers(launched, is_known)
    )  # fmt: skip
    return Record(
        days,
        CLASSES,
        launched,
        destroyed,
        lost,
        is_known,
        digest,
        source,
        layout,
        log.corrections(),
        reporting_rules,
        outliers,
    )


def _line_of_largest(reports: Reports, is_selected: IntArray) -> int:
    """Line of the selected report with the largest count, launched or destroyed."""
    rows = np.flatnonzero(is_selected)
    return int(reports.line[rows[np.maximum(reports.launched, reports.destroyed)[rows].argmax()]])


def check_span(reports: Reports, log: ReadLog) -> None:
    """Check the span of the reports.

    Raises:
        RecordError: There is no report, or the span is longer than ``MAX_DAYS``.

    """
    if not len(reports.day):
        log.add_problem(0, "has a header but no report of a long-range weapon; is the file complete?")
    else:
        ends = reports.day.argmin(), reports.day.argmax()
        days = int(reports.day[ends[1]] - reports.day[ends[0]]) + 1
        if days > MAX_DAYS:
            first, last = (np.datetime64(int(reports.day[end]), "D") for end in ends)
            span = f"the record would have {days:,} days, from {first} (line {reports.line[ends[0]]}) to {last} (here)"
            log.add_problem(
                int(reports.line[ends[1]]),
                f"{span}; a record has at most {MAX_DAYS:,} days, so one of the dates is wrong",
            )
    log.raise_problems()


def complete_counts(reports: Reports, log: ReadLog) -> tuple[IntArray, IntArray, IntArray]:
    """Weapons launched, destroyed and lost by report, with missing counts replaced by 0: three arrays (reports,).

    A launched count below the sum of destroyed and lost is raised to this sum. Each replacement is recorded as a
    correction. In the record a missing launched count is marked as unknown.
    """
    is_unreported = reports.launched == MISSING
    destroyed, lost = np.maximum(reports.destroyed, 0), np.maximum(reports.lost, 0)
    is_too_small = ~is_unreported & (destroyed + lost > reports.launched)
    launched = np.where(is_too_small, destroyed + lost, np.maximum(reports.launched, 0))
    for kind, cases in (
        ("launched counts not reported, treated as unknown", is_unreported),
        ("destroyed counts not reported, read as 0", reports.destroyed == MISSING),
        ("lost counts not reported, read as 0", reports.lost == MISSING),
        ("launched counts below those destroyed and lost, raised to their sum", is_too_small),
    ):
        if cases.any():
            example = int(np.flatnonzero(cases)[reports.line[cases].argmin()])
            detail = CLASSES[reports.klass[example]]
            if cases is is_too_small:
                detail += f" {reports.launched[example]}, raised to {launched[example]}"
            log.add_correction(kind, int(reports.line[example]), detail, int(cases.sum()))
    return launched, destroyed, lost


def add_days_correction(log: ReadLog, kind: str, days: Days) -> None:
    """Record a correction that concerns several days; the first day is the example."""
    if len(days):
        log.add_correction(kind, 0, str(days[0]), len(days))
