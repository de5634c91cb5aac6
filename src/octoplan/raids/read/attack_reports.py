"""Reading "Massive Missile Attacks on Ukraine": one row a report and model, put together by P. Ivaniuk (Kaggle).

What is read are national reports of long-range weapons, dated by their end. The commands of a region report again
what the national command has counted, short-range weapons are no raid, and a report may stand in the table twice:
all of these are left out, counted, and shown. Which class a model is of, or that it is of short range, is data
(``models.csv``).
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
from octoplan.raids.read.csv_reader import BAD, Findings, Header, Remembered, Reports, Row, Whole, count_of, moment_of
from octoplan.raids.read.record import CLASSES, Flags
from octoplan.scenario.files import Report, did_you_mean, read_csv, shown, text_of

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
LOOKALIKES = str.maketrans("ХСКхск", "XCKxck")  # Cyrillic letters that stand in designations

NATIONAL = re.compile(r"(?:https?://[^/]+/)?(?:kpszsu|generalstaff|cincafu)", re.IGNORECASE)
"""Pages of the Air Force, the General Staff and the Commander-in-Chief."""
REGIONAL = re.compile(r"(?:https?://[^/]+/)?pvk", re.IGNORECASE)
"""Pages of the air commands (повітряні командування) of the south, east, west and centre."""
FAR = 2**34
"""More minutes than any two times lie apart."""


@dataclass(frozen=True)
class Sheet:
    """Reports as whole numbers, one element each.

    key          one number for all cells but the times
    start, end   minutes since 1970; a day without a clock goes from its first minute to its last
    klass        place of the class
    national     whether a national command is known to have published it
    place        whether it is of a part of the country
    clock        whether its times have a clock
    group        one number for all drones, or for a missile
    """

    key: Whole
    start: Whole
    end: Whole
    klass: Whole
    national: Whole
    place: Whole
    clock: Whole
    group: Whole
    launched: Whole
    destroyed: Whole
    lost: Whole
    line: Whole

    def only(self, kept: Flags) -> "Sheet":
        return self if kept.all() else Sheet(*(values[kept] for values in vars(self).values()))


TYPES = "qqqbbbbqiiiq"
"""How wide the numbers of a sheet are, so that ten million rows fit in half a gigabyte."""


@dataclass(frozen=True)
class Named:
    """What a cell of models names: the place of its class, or why it is left out; its group; names not in the table."""

    klass: int | None
    left_out: str = ""
    group: int = 0
    unknown: tuple[str, ...] = ()


def read_models(path: Path) -> tuple[tuple[str, str], ...]:
    """Patterns of model names and their classes, in order; raises RecordError with everything wrong in the table."""
    report = Report(str(path.parent))
    text = text_of(path.name, path.read_bytes(), report)
    found: dict[str, str] = {}
    for row in (read_csv(path.name, text, ("pattern", "class", "note"), report) if text else None) or ():
        pattern, klass = row["pattern"].casefold(), row["class"]
        if not pattern:
            report.add(path.name, row.line, "has no pattern; write a name, or its beginning and *")
        elif pattern in found:
            report.add(path.name, row.line, f"{shown(pattern)} stands in the table already")
        if klass not in (*CLASSES[:-1], SHORT, ANY):
            report.add(path.name, row.line, f"class {shown(klass)}: {did_you_mean(klass, (*CLASSES[:-1], SHORT, ANY))}")
        found[pattern] = klass
    if report.problems:
        raise RecordError(report.problems)
    return tuple(found.items())


@cache
def models() -> tuple[tuple[str, str], ...]:
    """The table of models that the package has."""
    return read_models(MODELS)


_PARTS = re.compile(r"\s+and\s+|\s*[,;+&]\s*|\s*/\s*(?=[^\W\d_])")


def class_of_model(name: str) -> str | None:
    """The class of one model's name by the first pattern it fits; None where it fits none."""
    text = " ".join(name.split())
    for each in (text.casefold(), text.translate(LOOKALIKES).casefold()):
        for pattern, klass in models():
            if fnmatchcase(each, pattern):
                return klass
    return None


def named(cell: str, groups: dict[str, int]) -> Named:
    """What a cell of models names. All of one class is of that class, of several is mixed.

    A row that names short-range weapons beside others is left out whole: its counts cannot be told apart.
    """
    classes: set[str] = set()
    unknown: list[str] = []
    for name in _PARTS.split(cell.strip()):
        klass = class_of_model(name)
        if klass is None:
            unknown.append(name)
        classes.add(klass or "other")
    short = SHORT in classes
    classes -= {SHORT, ANY}
    if short:
        kind = "reports of long- and short-range weapons in one count" if classes else "reports of short-range weapons"
        return Named(None, f"{kind}, left out")
    if not classes:
        classes, unknown = {"other"}, [cell.strip()]
    klass = classes.pop() if len(classes) == 1 else "mixed"
    key = klass if klass == "drones" else cell.strip().casefold()
    return Named(CLASSES.index(klass), "", groups.setdefault(key, len(groups)), tuple(unknown))


def read(header: Header, table: Iterable[Row], found: Findings) -> Reports:
    """The national reports of long-range weapons in a table, each once."""
    header.check(found, REQUIRED, USED, strict=False)
    for name in header.names:
        if name not in (*USED, *UNUSED):
            found.repair("columns not known, passed over", header.line, shown(name))
    for name, words in (("not_reach_goal", "none lost"), ("source", "published by nobody known")):
        if name not in header.names:
            found.repair(f"no column {name}, read as {words}", header.line)
    sheet = gathered(header, table, found)
    sheet = sheet.only(once(sheet, found))
    sheet = sheet.only(~within(sheet, found))
    return Reports(sheet.end // 1440, sheet.klass, sheet.launched, sheet.destroyed, sheet.lost, sheet.line)


def gathered(header: Header, table: Iterable[Row], found: Findings) -> Sheet:
    """The national reports of long-range weapons in a table, as often as they stand in it."""
    at = {name: header.names.index(name) for name in USED if name in header.names}
    start_at, end_at, model_at, source_at = at["time_start"], at["time_end"], at["model"], at.get("source")
    places = [at[name] for name in ("launched", "destroyed", "not_reach_goal") if name in at]
    groups: dict[str, int] = {}
    counts, names = Remembered(count_of), Remembered(lambda cell: named(cell, groups))
    columns = [array(code) for code in TYPES]
    add = [column.append for column in columns]
    for line, cells in table:
        if not header.fits(found, line, cells):
            continue
        start, end, model = moment_of(cells[start_at]), moment_of(cells[end_at]), names[cells[model_at]]
        values = [counts[cells[place]] for place in places]
        if start is None or end is None or BAD in values:
            header.no_times(found, line, cells, (start_at, end_at))
            header.no_counts(found, line, cells, places)
            continue
        source = "" if source_at is None else cells[source_at].strip()
        if model.klass is None or REGIONAL.match(source):
            found.repair(model.left_out or "reports of a region's command, left out", line, cells[model_at])
            continue
        for name in model.unknown:
            found.repair("models not in the table, counted as other", line, shown(name))
        finish = end[0] if end[1] else end[0] + 1439
        if finish < start[0]:
            found.repair("reports that end before they begin, dated by the end all the same", line)
        place = of_a_place(cells, at)
        cells[end_at] = ""
        if source:  # a report under the same source is known again whatever its times
            cells[start_at] = ""
        add[0](hash(tuple(cells)))
        add[1](start[0])
        add[2](finish)
        add[3](model.klass)
        add[4](NATIONAL.match(source) is not None)
        add[5](place)
        add[6](start[1] or end[1])
        add[7](model.group)
        add[8](values[0])
        add[9](values[1])
        add[10](values[2] if len(values) > 2 else 0)
        add[11](line)
    return Sheet(*(np.frombuffer(column, column.typecode) for column in columns))


def of_a_place(cells: list[str], at: dict[str, int]) -> bool:
    """Whether a report is of a part of the country: its target says so, or else the one region it names."""
    target = cells[at["target"]] if "target" in at else ""
    if target.strip():
        return "ukraine" not in target.casefold()
    region = cells[at["affected_region"]].strip("[]'\" ") if "affected_region" in at else ""
    return bool(region) and not re.search(r",|\band\b", region)


def once(sheet: Sheet, found: Findings) -> Flags:
    """Which reports are kept so that each counts once: (reports,).

    Reports alike in all but their times are one report where the times are the same; where they overlap or begin at
    once, since two waves of a raid follow one another; and where whole days lie between, as in one dated again.
    Of these the one that ends last is kept.
    """
    kept = np.ones(len(sheet.key), np.bool_)
    keys = np.sort(sheet.key)
    twice = np.flatnonzero(np.isin(sheet.key, keys[1:][keys[1:] == keys[:-1]]))
    if len(twice):
        clocks = np.stack((sheet.key[twice], sheet.start[twice] % 1440, sheet.end[twice] % 1440))
        order = np.lexsort(clocks)
        fresh = np.r_[True, (np.diff(clocks[:, order]) != 0).any(axis=0)]
        drop(sheet, twice[order], fresh, kept, found)
        twice = twice[kept[twice]]
        twice = twice[np.lexsort((sheet.start[twice], sheet.key[twice]))]
        begin = sheet.start[twice] + np.cumsum(np.r_[True, np.diff(sheet.key[twice]) != 0]) * FAR
        reach = np.maximum.accumulate(begin - sheet.start[twice] + sheet.end[twice])
        drop(sheet, twice, np.r_[True, (begin[1:] >= reach[:-1]) & (np.diff(begin) > 0)], kept, found)
    return kept


def drop(sheet: Sheet, run: Whole, fresh: Flags, kept: Flags, found: Findings) -> None:
    """Keep the one that ends last of each stretch of a run of reports, begun where fresh, and say what is dropped."""
    stretch = np.cumsum(fresh)
    run = run[np.lexsort((-sheet.line[run], sheet.end[run], stretch))]
    last = run[np.r_[fresh[1:], True]][stretch - 1]
    same = (sheet.start[run] == sheet.start[last]) & (sheet.end[run] == sheet.end[last])
    for kind, lost in (
        ("reports told twice alike, counted once", (run != last) & same),
        ("reports told again with other times, counted once by the last", (run != last) & ~same),
    ):
        say(sheet, found, kind, run[lost], last[lost])
    kept[run[run != last]] = False


def say(sheet: Sheet, found: Findings, kind: str, these: Whole, those: Whole) -> None:
    """Count what is dropped for another report, with the first of it."""
    if len(these):
        first = sheet.line[these].argmin()
        found.repair(kind, int(sheet.line[these[first]]), f"as line {sheet.line[those[first]]}", len(these))


def within(sheet: Sheet, found: Findings) -> Flags:
    """Which reports are of a place and part of one of the whole country: (reports,).

    That is, of drones too or of the same missile, and inside its time, or on one of its days where no clock is given.
    A report known to be of a national command is no part: the national commands tell apart what they give by place.
    """
    inside = np.zeros(len(sheet.key), np.bool_)
    whole, part = np.flatnonzero(sheet.place == 0), np.flatnonzero((sheet.place == 1) & (sheet.national == 0))
    if not (len(whole) and len(part)):
        return inside
    whole = whole[np.lexsort((sheet.start[whole], sheet.group[whole]))]
    offset = sheet.group[whole] * FAR
    ends = sheet.end[whole] + offset
    reach = np.maximum.accumulate(ends)
    farthest = np.maximum.accumulate(np.where(ends == reach, np.arange(len(ends)), 0))
    day, clock, own = sheet.end[part] // 1440 * 1440, sheet.clock[part] == 1, sheet.group[part] * FAR
    begin, end = np.where(clock, sheet.start[part], day + 1439), np.where(clock, sheet.end[part], day)
    near = np.searchsorted(sheet.start[whole] + offset, begin + own, side="right") - 1
    held = (near >= 0) & (reach[near] >= end + own)
    kind = "reports of a place inside one of the whole country, left out"
    say(sheet, found, kind, part[held], whole[farthest[near[held]]])
    inside[part[held]] = True
    return inside
