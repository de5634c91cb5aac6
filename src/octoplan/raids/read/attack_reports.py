"""Read "Massive Missile Attacks on Ukraine", one row per report and model, compiled by P. Ivaniuk (Kaggle).

National reports of long-range weapons are read and dated by their end. Three kinds of reports are omitted, and recorded
as corrections: reports of regional commands, whose weapons the national command has already counted; reports of
short-range weapons; and repeated reports. ``models.csv`` assigns a class to each model, or marks it as short-range.
"""

import re
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import numpy as np

from octoplan.errors import RecordError
from octoplan.raids.read.cells import INVALID, CellCache, parse_count, parse_moment
from octoplan.raids.read.csv_reader import Header, IntArray, ReadLog, Reports, Row
from octoplan.raids.read.record import CLASSES, Flags
from octoplan.scenario.csv_text import read_csv
from octoplan.scenario.files import utf8_text
from octoplan.scenario.report import Report, did_you_mean, quoted

REQUIRED_COLUMNS = ("time_start", "time_end", "model", "launched", "destroyed")
USED_COLUMNS = (*REQUIRED_COLUMNS, "not_reach_goal", "target", "affected_region", "source")
UNUSED_COLUMNS = (
    "launch_place",
    "target_main",
    "carrier",
    "still_attacking",
    "border_crossing",
    "cross_border_belarus",
    "back_russia",
    "is_shahed",
    "num_hit_location",
    "num_fall_fragment_location",
    "turbojet",
    "turbojet_destroyed",
    "destroyed_details",
    "launched_details",
    "launch_place_details",
)

MODELS_FILE = Path(__file__).with_name("models.csv")
SHORT_RANGE, ANY_CLASS = "short-range", "any"
CYRILLIC_TO_LATIN = str.maketrans("ХСКхск", "XCKxck")  # Cyrillic letters that occur in designations

NATIONAL_SOURCES = re.compile(r"(?:https?://[^/]+/)?(?:kpszsu|generalstaff|cincafu)", re.IGNORECASE)
"""Addresses of pages of the Air Force, the General Staff and the Commander-in-Chief."""
REGIONAL_SOURCES = re.compile(r"(?:https?://[^/]+/)?pvk", re.IGNORECASE)
"""Addresses of pages of the air commands (повітряні командування) of the south, east, west and centre."""
GROUP_OFFSET = 2**34
"""Minutes between the time axes of successive groups, more than any difference between times."""


@dataclass(frozen=True)
class ReportColumns:
    """Reports as columns of integers; each array has one element per report.

    Args:
        content_hash: (n,) hash of the cells that must agree in duplicates: all cells except the times.
        start: (n,) minutes since 1970; the first minute of a day given without a time.
        end: (n,) minutes since 1970; the last minute of a day given without a time.
        klass: (n,) index of the class in ``CLASSES``.
        national: (n,) 1 if the source of the report is a national command.
        regional: (n,) 1 if the report concerns part of the country.
        has_time: (n,) 1 if the start or end has a time of day.
        group: (n,) number of the group of models: one group for all drones, and one for each missile model.
        launched: (n,) weapons, or MISSING.
        destroyed: (n,) weapons, or MISSING.
        lost: (n,) weapons, or MISSING.
        line: (n,) line of the file.

    """

    content_hash: IntArray
    start: IntArray
    end: IntArray
    klass: IntArray
    national: IntArray
    regional: IntArray
    has_time: IntArray
    group: IntArray
    launched: IntArray
    destroyed: IntArray
    lost: IntArray
    line: IntArray

    def select(self, rows: Flags) -> "ReportColumns":
        return self if rows.all() else ReportColumns(*(values[rows] for values in vars(self).values()))


TYPE_CODES = "qqqbbbbqiiiq"
"""Array type codes of the columns of ``ReportColumns``; with them ten million rows take half a gigabyte."""


@dataclass(frozen=True)
class ModelCell:
    """Classification of a cell of model names.

    Args:
        klass: Index of the class; None if the report is omitted.
        reason: Reason for omitting the report.
        group: Number of the group of models: one group for all drones, and one for each missile model.
        unknown_models: Names that are not in the table of models.

    """

    klass: int | None
    reason: str = ""
    group: int = 0
    unknown_models: tuple[str, ...] = ()


def read_models(path: Path) -> tuple[tuple[str, str], ...]:
    """Read patterns of model names and their classes, in the order of the table.

    Raises:
        RecordError: The table has problems; all of them are listed.

    """
    report = Report(str(path.parent))
    text = utf8_text(path.name, path.read_bytes(), report)
    classes: dict[str, str] = {}
    for row in (read_csv(path.name, text, ("pattern", "class", "note"), report) if text else None) or ():
        pattern, klass = row["pattern"].casefold(), row["class"]
        if not pattern:
            report.add(path.name, row.line, "has no pattern; write a name, or the beginning of names and *")
        elif pattern in classes:
            report.add(path.name, row.line, f"{quoted(pattern)} is already in the table")
        if klass not in (*CLASSES[:-1], SHORT_RANGE, ANY_CLASS):
            report.add(
                path.name,
                row.line,
                f"class {quoted(klass)}: {did_you_mean(klass, (*CLASSES[:-1], SHORT_RANGE, ANY_CLASS))}",
            )
        classes[pattern] = klass
    if report.problems:
        raise RecordError(report.problems)
    return tuple(classes.items())


@cache
def shipped_models() -> tuple[tuple[str, str], ...]:
    """Patterns of model names and their classes in the table of the package."""
    return read_models(MODELS_FILE)


_MODEL_SEPARATOR = re.compile(r"\s+and\s+|\s*[,;+&]\s*|\s*/\s*(?=[^\W\d_])")


def class_of_model(name: str) -> str | None:
    """Class of a model name, by the first matching pattern; None if no pattern matches."""
    text = " ".join(name.split())
    for spelling in (text.casefold(), text.translate(CYRILLIC_TO_LATIN).casefold()):
        for pattern, klass in shipped_models():
            if fnmatchcase(spelling, pattern):
                return klass
    return None


def classify_models(cell: str, groups: dict[str, int]) -> ModelCell:
    """Classify a cell of model names; missiles of several classes are "mixed".

    A report that names both short-range and other weapons is omitted, because its count cannot be divided.

    Args:
        cell: Model names, separated by "and", commas or slashes.
        groups: Number of each group found so far; a new group is added.

    """
    classes: set[str] = set()
    unknown_models: list[str] = []
    for name in _MODEL_SEPARATOR.split(cell.strip()):
        klass = class_of_model(name)
        if klass is None:
            unknown_models.append(name)
        classes.add(klass or "other")
    has_short_range = SHORT_RANGE in classes
    classes -= {SHORT_RANGE, ANY_CLASS}
    if has_short_range:
        kind = "reports of long- and short-range weapons in one count" if classes else "reports of short-range weapons"
        return ModelCell(None, f"{kind}, left out")
    if not classes:
        classes, unknown_models = {"other"}, [cell.strip()]
    klass = classes.pop() if len(classes) == 1 else "mixed"
    key = klass if klass == "drones" else cell.strip().casefold()
    return ModelCell(CLASSES.index(klass), "", groups.setdefault(key, len(groups)), tuple(unknown_models))


def read(header: Header, table: Iterable[Row], log: ReadLog) -> Reports:
    """Read the national reports of long-range weapons in a table, without duplicates."""
    header.check(log, REQUIRED_COLUMNS, USED_COLUMNS, strict=False)
    for name in header.names:
        if name and name not in (*USED_COLUMNS, *UNUSED_COLUMNS):
            log.add_correction("unknown columns, skipped", header.line, quoted(name))
    for name, meaning in (("not_reach_goal", "lost counts are read as 0"), ("source", "publishers are unknown")):
        if name not in header.names:
            log.add_correction(f"no column {name}, so {meaning}", header.line)
    columns = collect_reports(header, table, log)
    columns = columns.select(retained_reports(columns, log))
    columns = columns.select(~is_part_of_national_report(columns, log))
    return Reports(columns.end // 1440, columns.klass, columns.launched, columns.destroyed, columns.lost, columns.line)


def collect_reports(header: Header, table: Iterable[Row], log: ReadLog) -> ReportColumns:
    """Read all reports of long-range weapons, duplicates included, except the reports of regional commands."""
    column_of = {name: header.names.index(name) for name in USED_COLUMNS if name in header.names}
    start_column, end_column, model_column, source_column = (
        column_of["time_start"],
        column_of["time_end"],
        column_of["model"],
        column_of.get("source"),
    )
    count_columns = [column_of[name] for name in ("launched", "destroyed", "not_reach_goal") if name in column_of]
    groups: dict[str, int] = {}
    counts, models = CellCache(parse_count), CellCache(lambda cell: classify_models(cell, groups))
    columns = [array(code) for code in TYPE_CODES]
    appends = [column.append for column in columns]
    for line, cells in table:
        if not header.fits(log, line, cells):
            continue
        start, end, model = (
            parse_moment(cells[start_column]),
            parse_moment(cells[end_column]),
            models[cells[model_column]],
        )
        values = [counts[cells[column]] for column in count_columns]
        if start is None or end is None or INVALID in values:
            header.report_invalid_times(log, line, cells, (start_column, end_column))
            header.report_invalid_counts(log, line, cells, count_columns)
            continue
        source = "" if source_column is None else cells[source_column].strip()
        if model.klass is None or REGIONAL_SOURCES.match(source):
            log.add_correction(model.reason or "reports from a regional command, left out", line, cells[model_column])
            continue
        for name in model.unknown_models:
            log.add_correction("models not in the table of models, counted as other", line, quoted(name))
        last_minute = end[0] if end[1] else end[0] + 1439
        if last_minute < start[0]:
            log.add_correction("reports that end before they begin, dated by their end", line)
        regional = concerns_region(cells, column_of)
        cells[end_column] = ""
        if source:  # rows with the same source that differ only in their times are one report
            cells[start_column] = ""
        lost = values[2] if len(values) > 2 else 0
        values_of_row = (
            hash(tuple(cells)), start[0], last_minute, model.klass, NATIONAL_SOURCES.match(source) is not None,
            regional, start[1] or end[1], model.group, values[0], values[1], lost, line,
        )  # fmt: skip
        for append, value in zip(appends, values_of_row, strict=True):
            append(value)
    return ReportColumns(*(np.frombuffer(column, column.typecode) for column in columns))


def concerns_region(cells: list[str], column_of: dict[str, int]) -> bool:
    """Whether a report concerns only part of the country.

    The column target decides; if it is empty, a single affected region means that the report concerns a part.
    """
    target = cells[column_of["target"]] if "target" in column_of else ""
    if target.strip():
        return "ukraine" not in target.casefold()
    region = cells[column_of["affected_region"]].strip("[]'\" ") if "affected_region" in column_of else ""
    return bool(region) and not re.search(r",|\band\b", region)


def retained_reports(columns: ReportColumns, log: ReadLog) -> Flags:
    """Whether each report is retained when duplicates are removed: (reports,).

    Reports that differ only in their times are duplicates if their times of day agree (the same report with another
    date), or if their periods overlap or begin at the same time, because successive waves of a raid do not overlap. Of
    several duplicates the one that ends last is retained.
    """
    is_retained = np.ones(len(columns.content_hash), np.bool_)
    keys = np.sort(columns.content_hash)
    repeated_rows = np.flatnonzero(np.isin(columns.content_hash, keys[1:][keys[1:] == keys[:-1]]))
    if len(repeated_rows):
        keys_and_clocks = np.stack(
            (
                columns.content_hash[repeated_rows],
                columns.start[repeated_rows] % 1440,
                columns.end[repeated_rows] % 1440,
            )
        )
        order = np.lexsort(keys_and_clocks)
        is_first_of_clock = np.r_[True, (np.diff(keys_and_clocks[:, order]) != 0).any(axis=0)]
        drop_superseded(columns, repeated_rows[order], is_first_of_clock, is_retained, log)
        repeated_rows = repeated_rows[is_retained[repeated_rows]]
        repeated_rows = repeated_rows[np.lexsort((columns.start[repeated_rows], columns.content_hash[repeated_rows]))]
        is_first_of_key = np.r_[True, np.diff(columns.content_hash[repeated_rows]) != 0]
        begin = columns.start[repeated_rows] + np.cumsum(is_first_of_key) * GROUP_OFFSET
        latest_end = np.maximum.accumulate(begin - columns.start[repeated_rows] + columns.end[repeated_rows])
        is_first_of_period = np.r_[True, (begin[1:] >= latest_end[:-1]) & (np.diff(begin) > 0)]
        drop_superseded(columns, repeated_rows, is_first_of_period, is_retained, log)
    return is_retained


def drop_superseded(columns: ReportColumns, rows: IntArray, is_first: Flags, is_retained: Flags, log: ReadLog) -> None:
    """Retain the report that ends last in each set of duplicates, and record the others as corrections.

    Args:
        columns: All reports.
        rows: (n,) indices of reports, sorted so that duplicates are adjacent.
        is_first: (n,) True for the first report of each set of duplicates.
        is_retained: (reports,) set to False for the reports that are dropped.
        log: Receives the corrections.

    """
    number = np.cumsum(is_first)
    rows = rows[np.lexsort((-columns.line[rows], columns.end[rows], number))]
    last = rows[np.r_[is_first[1:], True]][number - 1]
    same_times = (columns.start[rows] == columns.start[last]) & (columns.end[rows] == columns.end[last])
    for kind, is_dropped in (
        ("duplicate reports, counted once", (rows != last) & same_times),
        ("reports repeated with other times, of which the last is counted", (rows != last) & ~same_times),
    ):
        record_omissions(columns, log, kind, rows[is_dropped], last[is_dropped])
    is_retained[rows[rows != last]] = False


def record_omissions(
    columns: ReportColumns, log: ReadLog, kind: str, dropped_rows: IntArray, retained_rows: IntArray
) -> None:
    """Record reports that are omitted because retained reports include them; the first is the example."""
    if len(dropped_rows):
        first = columns.line[dropped_rows].argmin()
        log.add_correction(
            kind,
            int(columns.line[dropped_rows[first]]),
            f"as line {columns.line[retained_rows[first]]}",
            len(dropped_rows),
        )


def is_part_of_national_report(columns: ReportColumns, log: ReadLog) -> Flags:
    """Whether each report repeats part of a report on the whole country: (reports,).

    A regional report does so if a report on the whole country about the same group (drones, or the same missile model)
    has a period that contains the period of the regional report, or one of its days if it states no time of day.
    Regional reports of a national command are not repetitions, because these commands divide their counts by region.
    """
    is_part = np.zeros(len(columns.content_hash), np.bool_)
    nationwide = np.flatnonzero(columns.regional == 0)
    regional = np.flatnonzero((columns.regional == 1) & (columns.national == 0))
    if not (len(nationwide) and len(regional)):
        return is_part
    nationwide = nationwide[np.lexsort((columns.start[nationwide], columns.group[nationwide]))]
    offset = columns.group[nationwide] * GROUP_OFFSET
    ends = columns.end[nationwide] + offset
    latest_end = np.maximum.accumulate(ends)
    ends_latest = np.maximum.accumulate(np.where(ends == latest_end, np.arange(len(ends)), 0))
    day, has_time = columns.end[regional] // 1440 * 1440, columns.has_time[regional] == 1
    part_offset = columns.group[regional] * GROUP_OFFSET
    begin, end = np.where(has_time, columns.start[regional], day + 1439), np.where(has_time, columns.end[regional], day)
    nearest = np.searchsorted(columns.start[nationwide] + offset, begin + part_offset, side="right") - 1
    is_contained = (nearest >= 0) & (latest_end[nearest] >= end + part_offset)
    kind = "regional reports that are part of a national report, left out"
    record_omissions(columns, log, kind, regional[is_contained], nationwide[ends_latest[nearest[is_contained]]])
    is_part[regional[is_contained]] = True
    return is_part
