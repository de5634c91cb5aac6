"""The record of raids: what was launched, destroyed and lost each day by class, with what was repaired in reading it.

Counts under different rules of reporting must not be compared in silence: the known breaks are data (``breaks.csv``),
a record carries those inside its span, and ``break_between`` finds those between two days.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octoplan.errors import Problem, RecordError
from octoplan.scenario.files import Report, did_you_mean, read_csv, shown, text_of

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Days = NDArray[np.datetime64]
Day = str | date | np.datetime64

CLASSES = ("drones", "cruise", "ballistic", "antiship", "other", "mixed")
"""Drones are attack types and decoys together; a mixed row names missiles of several classes."""
MISSILES = CLASSES[1:]

MEASURES = ("launched", "destroyed", "lost", "stopped", "zeros", "reports")
"""What a break can concern: the counts, what a zero means, and what one report covers."""

BREAKS = Path(__file__).with_name("breaks.csv")


@dataclass(frozen=True)
class Repair:
    """One kind of thing that was put right or assumed in reading: how often, and where for example (file and line)."""

    kind: str
    count: int
    example: str

    def __str__(self) -> str:
        return f"{self.count:,} × {self.kind} ({self.example})"


@dataclass(frozen=True)
class Break:
    """A rule of reporting that holds for some classes and one measure from a day until another (None: until now)."""

    first: date
    last: date | None
    classes: tuple[str, ...]
    measure: str
    reason: str
    source: str

    def holds(self, day: Day) -> bool:
        return self.meets(day, day)

    def meets(self, first: Day, last: Day) -> bool:
        """Whether any of the days from first to last is under the rule."""
        ends = np.datetime64("9999-12-31") if self.last is None else _day(self.last)
        return bool(_day(self.first) <= _day(last) and _day(first) <= ends)


def _day(day: Day) -> np.datetime64:
    if isinstance(day, np.datetime64):
        found: np.datetime64 = day.astype("datetime64[D]")
        return found
    return np.datetime64(date.fromisoformat(day) if isinstance(day, str) else day, "D")


def read_breaks(path: Path) -> tuple[Break, ...]:
    """The breaks of a table, in its order; raises RecordError with everything wrong in it."""
    report = Report(str(path.parent))
    text = text_of(path.name, path.read_bytes(), report)
    columns = ("from", "to", "classes", "measure", "reason", "source")
    found: list[Break] = []
    for row in (read_csv(path.name, text, columns, report) if text else None) or ():
        faults: list[str] = []
        first, last = _date(row["from"], faults), _date(row["to"], faults) if row["to"] else None
        classes = CLASSES if row["classes"] == "all" else tuple(row["classes"].split())
        faults += [f"class {shown(each)}: {did_you_mean(each, CLASSES)}" for each in classes if each not in CLASSES]
        if not classes:
            faults.append("has no class; write 'all', or names parted by spaces")
        if row["measure"] not in MEASURES:
            faults.append(f"measure {shown(row['measure'])}: {did_you_mean(row['measure'], MEASURES)}")
        if first and last and last < first:
            faults.append(f"ends on {last}, before it begins on {first}")
        faults += [f"has no {column}" for column in ("reason", "source") if not row[column]]
        for fault in faults:
            report.add(path.name, row.line, fault)
        if first and not faults:
            found.append(Break(first, last, classes, row["measure"], row["reason"], row["source"]))
    if report.problems:
        raise RecordError(report.problems)
    return tuple(found)


def _date(text: str, faults: list[str]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults.append(f"{shown(text)} is no date; write it as 2025-08-01")
        return None


@cache
def breaks() -> tuple[Break, ...]:
    """The known breaks in the public record."""
    return read_breaks(BREAKS)


def break_between(a: Day, b: Day, measure: str, classes: Iterable[str] = CLASSES) -> tuple[Break, ...]:
    """The breaks that part two days: a rule on the measure, for any of the classes, that holds on one day only.

    Empty where the two may be compared. What is stopped is destroyed and lost together, so the break of August 2025,
    which moved the one into the other, does not part it.
    """
    if measure not in MEASURES:
        raise ValueError(f"measure {shown(measure)}: {did_you_mean(measure, MEASURES)}")
    wanted = set(classes)
    return tuple(
        each
        for each in breaks()
        if each.measure == measure and wanted & set(each.classes) and each.holds(a) != each.holds(b)
    )


@dataclass(frozen=True, eq=False)
class Record:
    """Raids by day and class, every calendar day from the first to the last.

    days        (n,) datetime64[D], contiguous
    classes     names of the columns
    launched    (n, classes) weapons; where not known, the sum of the reports that give a count
    destroyed   (n, classes) weapons
    lost        (n, classes) weapons that did not reach a target, where reported apart
    known       (n, classes) False where a report hides how many were launched: no such count may be read as zero
    digest      SHA-256 of the file, in hex
    source      name of the file
    layout      daily, classes or reports
    repairs     what was put right or assumed
    breaks      the known breaks inside the span
    """

    days: Days
    classes: tuple[str, ...]
    launched: Ints
    destroyed: Ints
    lost: Ints
    known: Flags
    digest: str
    source: str
    layout: str
    repairs: tuple[Repair, ...]
    breaks: tuple[Break, ...]

    def __post_init__(self) -> None:
        if not (np.diff(self.days) == np.timedelta64(1, "D")).all():
            raise ValueError("the days of a record follow one another without a gap")
        for values in (self.launched, self.destroyed, self.lost, self.known):
            if values.shape != (len(self.days), len(self.classes)):
                raise ValueError(f"has shape {values.shape}, expected {(len(self.days), len(self.classes))}")
            values.setflags(write=False)
        self.days.setflags(write=False)

    def __len__(self) -> int:
        return len(self.days)

    @property
    def drones(self) -> Ints:
        """Drones launched: (n,)."""
        return self._sum("drones")

    @property
    def missiles(self) -> Ints:
        """Missiles of all classes launched: (n,)."""
        return self._sum(*MISSILES)

    @property
    def stopped(self) -> Ints:
        """Destroyed and lost, at most what is known to be launched: (n, classes)."""
        capped: Ints = np.minimum(self.destroyed + self.lost, self.launched)
        return capped

    @property
    def whole(self) -> Flags:
        """Days on which every launched count is known: (n,)."""
        return np.asarray(self.known.all(axis=1))

    def _sum(self, *classes: str) -> Ints:
        total: Ints = self.launched[:, [self.classes.index(each) for each in classes if each in self.classes]].sum(
            axis=1
        )
        return total

    def between(self, first: Day, last: Day) -> "Record":
        """The part from one day to another, both inside; raises RecordError where they are not."""
        start, stop = _day(first), _day(last)
        if not (len(self) and self.days[0] <= start <= stop <= self.days[-1]):
            span = f"{self.days[0]} to {self.days[-1]}" if len(self) else "no day"
            raise RecordError([Problem(self.source, 0, f"holds {span}; {start} to {stop} is no part of it")])
        part = slice(int((start - self.days[0]).astype(int)), int((stop - self.days[0]).astype(int)) + 1)
        return replace(
            self,
            days=self.days[part],
            launched=self.launched[part],
            destroyed=self.destroyed[part],
            lost=self.lost[part],
            known=self.known[part],
            breaks=tuple(each for each in self.breaks if each.meets(start, stop)),
        )
