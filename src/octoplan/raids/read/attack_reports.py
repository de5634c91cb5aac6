"""Read "Massive Missile Attacks on Ukraine", one row per report and model, compiled by P. Ivaniuk (Kaggle).

National reports of long-range weapons are read and dated by their end. Three kinds of reports are omitted and recorded
as repairs: reports of regional commands, whose weapons the national command has already counted; reports of short-range
weapons; and repeated reports. ``models.csv`` assigns each model a class, or marks it as short-range.
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
from octoplan.raids.read.cells import BAD, CellCache, parse_count, parse_moment
from octoplan.raids.read.csv_reader import Header, IntArray, ReadLog, Reports, Row
from octoplan.raids.read.record import CLASSES, Flags
from octoplan.scenario.csv_text import read_csv
from octoplan.scenario.files import utf8_text
from octoplan.scenario.report import Report, did_you_mean, quoted

REQUIRED = ("time_start", "time_end", "model", "launched", "destroyed")
USED = (*REQUIRED, "not_reach_goal", "target", "affected_region", "source")
UNUSED = (
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

MODELS = Path(__file__).with_name("models.csv")
SHORT, ANY = "short-range", "any"
LOOKALIKES = str.maketrans("ХСКхск", "XCKxck")  # Cyrillic letters that occur in designations

NATIONAL = re.compile(r"(?:https?://[^/]+/)?(?:kpszsu|generalstaff|cincafu)", re.IGNORECASE)
"""Pages of the Air Force, the General Staff and the Commander-in-Chief."""
REGIONAL = re.compile(r"(?:https?://[^/]+/)?pvk", re.IGNORECASE)
"""Pages of the air commands (повітряні командування) of the south, east, west and centre."""
GROUP_OFFSET = 2**34
"""Minutes by which the times of groups are offset on a common axis; larger than any difference of times."""


@dataclass(frozen=True)
class ReportColumns:
    """Reports as columns of integers, one element of each array per report.

    Args:
        key: (n,) hash of all cells except the times.
        start: (n,) minutes since 1970; the first minute of a day given without a time.
        end: (n,) minutes since 1970; the last minute of a day given without a time.
        klass: (n,) index of the class in ``CLASSES``.
        national: (n,) 1 if a national command is known to have published the report.
        regional: (n,) 1 if the report concerns part of the country.
        timed: (n,) 1 if the start or end has a time of day.
        group: (n,) one number for all drones, and one for each missile model.
        launched: (n,) weapons, or MISSING.
        destroyed: (n,) weapons, or MISSING.
        lost: (n,) weapons, or MISSING.
        line: (n,) line of the file.

    """

    key: IntArray
    start: IntArray
    end: IntArray
    klass: IntArray
    national: IntArray
    regional: IntArray
    timed: IntArray
    group: IntArray
    launched: IntArray
    destroyed: IntArray
    lost: IntArray
    line: IntArray

    def select(self, rows: Flags) -> "ReportColumns":
        return self if rows.all() else ReportColumns(*(values[rows] for values in vars(self).values()))


TYPE_CODES = "qqqbbbbqiiiq"
"""Widths of the integers of ``ReportColumns``, so that ten million rows take half a gigabyte."""


@dataclass(frozen=True)
class ModelCell:
    """Classification of a cell of model names.

    Args:
        klass: Index of the class; None if the report is omitted.
        reason: Reason for omitting the report.
        group: One number for all drones, and one for each missile model.
        unknown: Names that are not in the table of models.

    """

    klass: int | None
    reason: str = ""
    group: int = 0
    unknown: tuple[str, ...] = ()


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
            report.add(path.name, row.line, "has no pattern; write a name, or its beginning and *")
        elif pattern in classes:
            report.add(path.name, row.line, f"{quoted(pattern)} is in the table already")
        if klass not in (*CLASSES[:-1], SHORT, ANY):
            report.add(
                path.name, row.line, f"class {quoted(klass)}: {did_you_mean(klass, (*CLASSES[:-1], SHORT, ANY))}"
            )
        classes[pattern] = klass
    if report.problems:
        raise RecordError(report.problems)
    return tuple(classes.items())


@cache
def known_models() -> tuple[tuple[str, str], ...]:
    """The table of models that the package ships."""
    return read_models(MODELS)


_SEPARATOR = re.compile(r"\s+and\s+|\s*[,;+&]\s*|\s*/\s*(?=[^\W\d_])")


def class_of_model(name: str) -> str | None:
    """Class of a model name, by the first matching pattern; None if no pattern matches."""
    text = " ".join(name.split())
    for spelling in (text.casefold(), text.translate(LOOKALIKES).casefold()):
        for pattern, klass in known_models():
            if fnmatchcase(spelling, pattern):
                return klass
    return None


def classify(cell: str, groups: dict[str, int]) -> ModelCell:
    """The class of a cell of model names; "mixed" for missiles of several classes.

    A report that names short-range weapons together with others is left out, since its count cannot be divided.

    Args:
        cell: Model names, separated by "and", commas or slashes.
        groups: Number of each group so far; a new group is added.

    """
    classes: set[str] = set()
    unknown: list[str] = []
    for name in _SEPARATOR.split(cell.strip()):
        klass = class_of_model(name)
        if klass is None:
            unknown.append(name)
        classes.add(klass or "other")
    has_short = SHORT in classes
    classes -= {SHORT, ANY}
    if has_short:
        kind = "reports of long- and short-range weapons in one count" if classes else "reports of short-range weapons"
        return ModelCell(None, f"{kind}, left out")
    if not classes:
        classes, unknown = {"other"}, [cell.strip()]
    klass = classes.pop() if len(classes) == 1 else "mixed"
    key = klass if klass == "drones" else cell.strip().casefold()
    return ModelCell(CLASSES.index(klass), "", groups.setdefault(key, len(groups)), tuple(unknown))


def read(header: Header, table: Iterable[Row], log: ReadLog) -> Reports:
    """Read the national reports of long-range weapons in a table, without duplicates."""
    header.check(log, REQUIRED, USED, strict=False)
    for name in header.names:
        if name and name not in (*USED, *UNUSED):
            log.repair("unknown columns, skipped", header.line, quoted(name))
    for name, meaning in (("not_reach_goal", "none lost"), ("source", "publisher not known")):
        if name not in header.names:
            log.repair(f"no column {name}, read as {meaning}", header.line)
    columns = collect(header, table, log)
    columns = columns.select(first_of_duplicates(columns, log))
    columns = columns.select(~within_national(columns, log))
    return Reports(columns.end // 1440, columns.klass, columns.launched, columns.destroyed, columns.lost, columns.line)


def collect(header: Header, table: Iterable[Row], log: ReadLog) -> ReportColumns:
    """Read all reports of long-range weapons except those of regional commands; duplicates are not yet removed."""
    at = {name: header.names.index(name) for name in USED if name in header.names}
    start_at, end_at, model_at, source_at = at["time_start"], at["time_end"], at["model"], at.get("source")
    count_at = [at[name] for name in ("launched", "destroyed", "not_reach_goal") if name in at]
    groups: dict[str, int] = {}
    counts, models = CellCache(parse_count), CellCache(lambda cell: classify(cell, groups))
    columns = [array(code) for code in TYPE_CODES]
    appends = [column.append for column in columns]
    for line, cells in table:
        if not header.fits(log, line, cells):
            continue
        start, end, model = parse_moment(cells[start_at]), parse_moment(cells[end_at]), models[cells[model_at]]
        values = [counts[cells[column]] for column in count_at]
        if start is None or end is None or BAD in values:
            header.report_bad_times(log, line, cells, (start_at, end_at))
            header.report_bad_counts(log, line, cells, count_at)
            continue
        source = "" if source_at is None else cells[source_at].strip()
        if model.klass is None or REGIONAL.match(source):
            log.repair(model.reason or "reports of a regional command, left out", line, cells[model_at])
            continue
        for name in model.unknown:
            log.repair("models not in the table of models, counted as other", line, quoted(name))
        last_minute = end[0] if end[1] else end[0] + 1439
        if last_minute < start[0]:
            log.repair("reports that end before they begin, dated by their end", line)
        regional = concerns_region(cells, at)
        cells[end_at] = ""
        if source:  # with the same source, rows that differ only in their times are one report
            cells[start_at] = ""
        lost = values[2] if len(values) > 2 else 0
        values_of_row = (
            hash(tuple(cells)), start[0], last_minute, model.klass, NATIONAL.match(source) is not None, regional,
            start[1] or end[1], model.group, values[0], values[1], lost, line,
        )  # fmt: skip
        for append, value in zip(appends, values_of_row, strict=True):
            append(value)
    return ReportColumns(*(np.frombuffer(column, column.typecode) for column in columns))


def concerns_region(cells: list[str], at: dict[str, int]) -> bool:
    """Whether a report concerns part of the country, by the column target or, if empty, by a single affected region."""
    target = cells[at["target"]] if "target" in at else ""
    if target.strip():
        return "ukraine" not in target.casefold()
    region = cells[at["affected_region"]].strip("[]'\" ") if "affected_region" in at else ""
    return bool(region) and not re.search(r",|\band\b", region)


def first_of_duplicates(columns: ReportColumns, log: ReadLog) -> Flags:
    """Whether each report is retained when duplicates are removed: (reports,).

    Reports that differ only in their times are duplicates if their times of day agree (the same report with another
    date), or if their periods overlap or begin at the same time, since successive waves of a raid do not overlap. The
    duplicate that ends last is retained.
    """
    retained = np.ones(len(columns.key), np.bool_)
    keys = np.sort(columns.key)
    repeated = np.flatnonzero(np.isin(columns.key, keys[1:][keys[1:] == keys[:-1]]))
    if len(repeated):
        clocks = np.stack((columns.key[repeated], columns.start[repeated] % 1440, columns.end[repeated] % 1440))
        order = np.lexsort(clocks)
        new_clock = np.r_[True, (np.diff(clocks[:, order]) != 0).any(axis=0)]
        drop_earlier(columns, repeated[order], new_clock, retained, log)
        repeated = repeated[retained[repeated]]
        repeated = repeated[np.lexsort((columns.start[repeated], columns.key[repeated]))]
        new_key = np.r_[True, np.diff(columns.key[repeated]) != 0]
        begin = columns.start[repeated] + np.cumsum(new_key) * GROUP_OFFSET
        latest_end = np.maximum.accumulate(begin - columns.start[repeated] + columns.end[repeated])
        separate = np.r_[True, (begin[1:] >= latest_end[:-1]) & (np.diff(begin) > 0)]
        drop_earlier(columns, repeated, separate, retained, log)
    return retained


def drop_earlier(columns: ReportColumns, rows: IntArray, begins: Flags, retained: Flags, log: ReadLog) -> None:
    """Retain the report that ends last in each set of duplicates, and record the others as repairs.

    Args:
        columns: All reports.
        rows: (n,) indices of reports, sorted so that duplicates are adjacent.
        begins: (n,) True for the first report of each set of duplicates.
        retained: (reports,) set to False for the reports that are dropped.
        log: Receives the repairs.

    """
    number = np.cumsum(begins)
    rows = rows[np.lexsort((-columns.line[rows], columns.end[rows], number))]
    last = rows[np.r_[begins[1:], True]][number - 1]
    same_times = (columns.start[rows] == columns.start[last]) & (columns.end[rows] == columns.end[last])
    for kind, dropped in (
        ("duplicate reports, counted once", (rows != last) & same_times),
        ("reports repeated with other times, counted once by the last", (rows != last) & ~same_times),
    ):
        note_dropped(columns, log, kind, rows[dropped], last[dropped])
    retained[rows[rows != last]] = False


def note_dropped(columns: ReportColumns, log: ReadLog, kind: str, dropped: IntArray, counted: IntArray) -> None:
    """Record reports that are dropped as duplicates of retained reports; the first dropped report is the example."""
    if len(dropped):
        first = columns.line[dropped].argmin()
        log.repair(kind, int(columns.line[dropped[first]]), f"as line {columns.line[counted[first]]}", len(dropped))


def within_national(columns: ReportColumns, log: ReadLog) -> Flags:
    """Whether each report repeats part of a report on the whole country: (reports,).

    A regional report is such a repetition if a report on the whole country of the same group (drones, or the same
    missile model) has a period that contains its period, or one of its days if no time of day is stated. Regional
    reports of a national command are counted separately, because these commands divide their counts by region.
    """
    inside = np.zeros(len(columns.key), np.bool_)
    country = np.flatnonzero(columns.regional == 0)
    part = np.flatnonzero((columns.regional == 1) & (columns.national == 0))
    if not (len(country) and len(part)):
        return inside
    country = country[np.lexsort((columns.start[country], columns.group[country]))]
    offset = columns.group[country] * GROUP_OFFSET
    ends = columns.end[country] + offset
    latest_end = np.maximum.accumulate(ends)
    ends_latest = np.maximum.accumulate(np.where(ends == latest_end, np.arange(len(ends)), 0))
    day, timed = columns.end[part] // 1440 * 1440, columns.timed[part] == 1
    part_offset = columns.group[part] * GROUP_OFFSET
    begin, end = np.where(timed, columns.start[part], day + 1439), np.where(timed, columns.end[part], day)
    nearest = np.searchsorted(columns.start[country] + offset, begin + part_offset, side="right") - 1
    contained = (nearest >= 0) & (latest_end[nearest] >= end + part_offset)
    kind = "regional reports within one of the whole country, left out"
    note_dropped(columns, log, kind, part[contained], country[ends_latest[nearest[contained]]])
    inside[part[contained]] = True
    return inside
