"""Reading a public record of raids: the layout is known by its header, and what is wrong is listed or said.

daily      one row a day, counts by class in columns
classes    one row a day and class
reports    one row a report, as "Massive Missile Attacks on Ukraine" has them (``reports.py``)

A record that cannot be read raises RecordError with every problem; whatever was put right, assumed or left out is a
counted repair of the record.
"""

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from octoplan.raids.read import attack_reports as reports
from octoplan.raids.read.csv_reader import (
    BAD,
    MISSING,
    Findings,
    Header,
    Remembered,
    Reports,
    Row,
    Whole,
    count_of,
    day_of,
    opened,
    rows,
    survey,
)
from octoplan.raids.read.record import CLASSES, MISSILES, Days, Record, breaks
from octoplan.scenario.files import did_you_mean, shown

MOST_DAYS = 7_305
"""Twenty years: a longer span is a slip in a date."""

COUNTS = tuple(f"{each}_{count}" for each in CLASSES for count in ("launched", "destroyed", "lost"))
TOTALS = ("missiles_launched", "missiles_destroyed")
DAILY = ("date", *(name for name in COUNTS if not name.endswith("_lost")))
BY_CLASS = ("date", "class", "launched", "destroyed")
NOTES = {"launched-missing": 0, "destroyed-missing": 1}
"""Notes of a row that say which of its counts was not reported."""
NO_LOST = "no column of lost weapons, read as none lost apart from those destroyed"


def read(path: str | Path) -> Record:
    """The record in a file of any of the layouts; raises RecordError with everything that is wrong with it."""
    path = Path(path)
    found = Findings(str(path))
    with opened(path, found) as file:
        digest, encoding = survey(file, found)
        found.close()
        with closing(rows(file, encoding, found)) as table:
            header = Header.of(*next(table, (1, [])))
            layout = recognised(header, found)
            found.close()
            if layout == "daily":
                told = daily(header, table, found)
            elif layout == "classes":
                told = by_class(header, table, found)
            else:
                told = reports.read(header, table, found)
    return assembled(told, found, digest, path.name, layout)


def recognised(header: Header, found: Findings) -> str:
    """The layout that a header belongs to; empty after reporting that it belongs to none."""
    names = set(header.names)
    if {"time_end", "model"} <= names:
        return "reports"
    if {"date", "class"} <= names:
        return "classes"
    if "date" in names and names & set(COUNTS):
        return "daily"
    if not names:
        found.fault(1, "is empty; expected a table with a header")
    elif len(names) == 1 and any(sign in header.names[0] for sign in ";\t|"):
        found.fault(header.line, "the cells are not parted by commas; save the table as CSV with commas")
    else:
        known = f"{','.join(DAILY[:3])},... or {','.join(BY_CLASS)},... or {','.join(reports.REQUIRED)},..."
        found.fault(header.line, f"the header {shown(','.join(header.names))} is of no known layout; expected {known}")
    return ""


@dataclass(frozen=True)
class Entry:
    """The first row of a day, or of a day and class."""

    line: int
    cells: list[str]
    counts: tuple[int, ...]


def once(header: Header, table: Iterable[Row], names: Sequence[str], found: Findings) -> dict[tuple[int, int], Entry]:
    """The rows of a table by day and class (0 where it has no column of classes), the named counts read.

    A key that comes again must have the same counts; which of two stories is true cannot be known.
    """
    places = [header.names.index(name) for name in names]
    date_at = header.names.index("date")
    class_at = header.names.index("class") if "class" in header.names else None
    most = MOST_DAYS * (1 if class_at is None else len(CLASSES))
    days, counts, classes = Remembered(day_of), Remembered(count_of), Remembered(class_of)
    kept: dict[tuple[int, int], Entry] = {}
    latest = -(10**9)
    for line, cells in table:
        if not header.fits(found, line, cells):
            continue
        day, klass = days[cells[date_at]], 0 if class_at is None else classes[cells[class_at]]
        if day is None or klass is None:
            if day is None:
                found.fault(line, f"{shown(cells[date_at])} is no date; write it as 2025-01-31")
            if class_at is not None and klass is None:
                found.fault(line, f"class {shown(cells[class_at])}: {did_you_mean(cells[class_at], CLASSES)}")
            continue
        before = kept.get((day, klass))
        if before is not None and before.cells == cells:
            found.repair("rows told twice alike, counted once", line, f"as line {before.line}")
            continue
        values = tuple([counts[cells[place]] for place in places])
        if BAD in values:
            header.no_counts(found, line, cells, places)
        elif before is None:
            if len(kept) == most:
                found.fault(line, f"has more than {MOST_DAYS:,} days; a record may have so many at the most")
                return kept
            kept[day, klass] = Entry(line, cells, values)
            if day < latest:
                found.repair("rows out of order of date, sorted", line)
            latest = max(day, latest)
        elif before.counts == values:
            found.repair("rows told twice alike, counted once", line, f"as line {before.line}")
        else:
            at = next(place for place, a, b in zip(places, before.counts, values, strict=True) if a != b)
            what = f"{header.names[at]} is {shown(before.cells[at])} there and {shown(cells[at])} here"
            found.fault(
                line, f"{cells[date_at].strip()} is told on line {before.line} already: {what}; keep one of them"
            )
    return kept


def class_of(text: str) -> int | None:
    """The place of a class among CLASSES; None for what is none."""
    name = text.strip().lower()
    return CLASSES.index(name) if name in CLASSES else None


def daily(header: Header, table: Iterable[Row], found: Findings) -> Reports:
    """One row a day, counts by class in columns."""
    header.check(found, DAILY, (*COUNTS, *TOTALS), strict=True)
    names = [name for name in (*COUNTS, *TOTALS) if name in header.names]
    out: list[tuple[int, ...]] = []
    for (day, _), entry in once(header, table, names, found).items():
        of = dict(zip(names, entry.counts, strict=True))
        check_totals(of, entry.line, found)
        for klass, each in enumerate(CLASSES):
            lost = of.get(f"{each}_lost", 0)
            out.append((day, klass, of[f"{each}_launched"], of[f"{each}_destroyed"], lost, entry.line))
    if not any(name.endswith("_lost") for name in names):
        found.repair(NO_LOST, header.line)
    return as_reports(out)


def check_totals(of: dict[str, int], line: int, found: Findings) -> None:
    """Say where a total over the missiles is not the sum of their classes; the classes are what is read."""
    for name in TOTALS:
        parts = [of[f"{each}_{name.removeprefix('missiles_')}"] for each in MISSILES]
        if of.get(name, MISSING) != MISSING and MISSING not in parts and of[name] != sum(parts):
            words = f"{name} is {of[name]}, its classes make {sum(parts)}"
            found.repair("totals of missiles that are not the sum of their classes, which were read", line, words)


def by_class(header: Header, table: Iterable[Row], found: Findings) -> Reports:
    """One row a day and class."""
    header.check(found, BY_CLASS, ("lost", "note"), strict=True)
    names = [name for name in ("launched", "destroyed", "lost") if name in header.names]
    out: list[tuple[int, ...]] = []
    for (day, klass), entry in once(header, table, names, found).items():
        values = [*entry.counts, 0][:3]
        note = entry.cells[header.names.index("note")].strip() if "note" in header.names else ""
        if note in NOTES:
            values[NOTES[note]] = MISSING
        out.append((day, klass, *values, entry.line))
    if "lost" not in names:
        found.repair(NO_LOST, header.line)
    return as_reports(out)


def as_reports(out: list[tuple[int, ...]]) -> Reports:
    return Reports(*np.array(out, np.int64).reshape(-1, 6).T)


def assembled(told: Reports, found: Findings, digest: str, source: str, layout: str) -> Record:
    """The record that reports make, day by day; raises RecordError where they make none."""
    check_span(told, found)
    first, size = int(told.day.min()), len(CLASSES)
    shape = (int(told.day.max()) - first + 1, size)
    at = (told.day - first) * size + told.klass
    known, seen = np.ones(shape, np.bool_), np.zeros(shape, np.bool_)
    known.ravel()[at[told.launched == MISSING]] = False
    seen.ravel()[at] = True
    sums = np.zeros((3, *shape), np.int64)
    for total, counts in zip(sums, repaired_counts(told, found), strict=True):
        np.add.at(total.ravel(), at, counts)
    days = np.datetime64(first, "D") + np.arange(len(seen))
    say_days(found, "days without a report, read as days without a raid", days[~seen.any(axis=1)])
    inside = tuple(each for each in breaks() if each.meets(days[0], days[-1]))
    for each in inside:
        if each.measure == "zeros":
            places = [CLASSES.index(name) for name in each.classes]
            none = ((sums[0] == 0) & known)[:, places].all(axis=1)
            under = np.array([each.holds(day) for day in days])
            say_days(
                found, f"days without {' or '.join(each.classes)}, kept as none: {each.reason}", days[under & none]
            )
    launched, destroyed, lost = sums
    return Record(days, CLASSES, launched, destroyed, lost, known, digest, source, layout, found.repaired(), inside)


def check_span(told: Reports, found: Findings) -> None:
    """Report a record of no day, or of more days than a slip in a date would explain."""
    if not len(told.day):
        found.fault(0, "has a header but no report of a long-range weapon; is it the whole file?")
    else:
        ends = told.day.argmin(), told.day.argmax()
        days = int(told.day[ends[1]] - told.day[ends[0]]) + 1
        if days > MOST_DAYS:
            first, last = (np.datetime64(int(told.day[end]), "D") for end in ends)
            words = f"the record would have {days:,} days, from {first} (line {told.line[ends[0]]}) to {last}"
            found.fault(
                int(told.line[ends[1]]), f"{words} (here); {MOST_DAYS:,} are the most: one of the dates is wrong"
            )
    found.close()


def repaired_counts(told: Reports, found: Findings) -> tuple[Whole, Whole, Whole]:
    """Launched, destroyed and lost of each report, none missing and no more stopped than launched."""
    hidden = told.launched == MISSING
    destroyed, lost = np.maximum(told.destroyed, 0), np.maximum(told.lost, 0)
    short = ~hidden & (destroyed + lost > told.launched)
    launched = np.where(short, destroyed + lost, np.maximum(told.launched, 0))
    for kind, where in (
        ("launched counts not reported, so not known", hidden),
        ("destroyed counts not reported, read as none destroyed", told.destroyed == MISSING),
        ("launched counts below those destroyed and lost, raised to their sum", short),
    ):
        if where.any():
            example = int(np.flatnonzero(where)[told.line[where].argmin()])
            words = CLASSES[told.klass[example]]
            if where is short:
                words += f" {told.launched[example]}, raised to {launched[example]}"
            found.repair(kind, int(told.line[example]), words, int(where.sum()))
    return launched, destroyed, lost


def say_days(found: Findings, kind: str, days: Days) -> None:
    if len(days):
        found.repair(kind, 0, str(days[0]), len(days))
