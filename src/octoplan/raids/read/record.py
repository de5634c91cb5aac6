"""The record of raids: weapons launched, destroyed and lost by day and class, with the repairs made in reading it.

Counts under different reporting rules are not comparable. ``breaks.csv`` lists the known changes of these rules. A
record contains the breaks within its span, and ``breaks_between`` returns those that separate two days.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from octoplan.errors import Problem, RecordError
from octoplan.scenario.csv_text import read_csv
from octoplan.scenario.files import utf8_text
from octoplan.scenario.report import Report, did_you_mean, quoted

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Days = NDArray[np.datetime64]
Day = str | date | np.datetime64

CLASSES = ("drones", "cruise", "ballistic", "antiship", "other", "mixed")
"""Weapon classes. Drones are one-way attack drones and decoys together; a mixed count names several missile classes."""
MISSILES = CLASSES[1:]

MEASURES = ("launched", "destroyed", "lost", "stopped", "zeros", "reports")
"""Measures that a break can affect: a count, the meaning of a zero, or the period covered by one report."""

BREAKS = Path(__file__).with_name("breaks.csv")

OUTLIER_RATIO = 10
"""Minimum ratio of an outlier to the next largest count."""
OUTLIER_COUNT = 100
"""Minimum count of an outlier, since rare classes vary between 1 and 20 on ordinary days."""
OUTLIER_SHARE = 0.01
"""Maximum share of days that are outliers (at least one day); more frequent large counts are a change of level."""


@dataclass(frozen=True)
class Repair:
    """One kind of correction or assumption made in reading a file.

    Args:
        kind: Description of the correction or assumption.
        count: Number of cases.
        example: File, line and content of the first few cases.

    """

    kind: str
    count: int
    example: str

    def __str__(self) -> str:
        return f"{self.count:,} × {self.kind} ({self.example})"


@dataclass(frozen=True)
class Outlier:
    """A launched count so far above all others of its class that it may be a typing error.

    Args:
        day: The day of the count.
        klass: Class of the weapons.
        launched: Weapons launched according to the record.
        next_largest: Largest daily count of the class that is not an outlier.
        location: File and line of the count.

    """

    day: date
    klass: str
    launched: int
    next_largest: int
    location: str

    def __str__(self) -> str:
        return (
            f"{self.location}: {self.launched:,} {self.klass} launched on {self.day}, at least {OUTLIER_RATIO} times "
            f"any ordinary day (next largest: {self.next_largest:,}); if it is an error, correct it or leave the cell "
            f"empty, which is read as not known"
        )


@dataclass(frozen=True)
class Break:
    """A reporting rule that applies to some classes and one measure from its first to its last day.

    Args:
        first: First day on which the rule applies.
        last: Last day; None if the rule still applies.
        classes: Classes to which the rule applies.
        measure: One of ``MEASURES``.
        reason: Effect of the rule on the counts.
        source: Publisher of the reports.

    """

    first: date
    last: date | None
    classes: tuple[str, ...]
    measure: str
    reason: str
    source: str

    def applies_on(self, day: Day) -> bool:
        """Whether the rule applies on a day."""
        return self.overlaps(day, day)

    def overlaps(self, first: Day, last: Day) -> bool:
        """Whether the rule applies on any day from first to last."""
        end = np.datetime64("9999-12-31") if self.last is None else to_day(self.last)
        return bool(to_day(self.first) <= to_day(last) and to_day(first) <= end)


def to_day(day: Day) -> np.datetime64:
    """A day as numpy's datetime64[D]."""
    if isinstance(day, np.datetime64):
        converted: np.datetime64 = day.astype("datetime64[D]")
        return converted
    return np.datetime64(date.fromisoformat(day) if isinstance(day, str) else day, "D")


def read_breaks(path: Path) -> tuple[Break, ...]:
    """Read a table of breaks, in its order.

    Raises:
        RecordError: The table has problems; all of them are listed.

    """
    report = Report(str(path.parent))
    text = utf8_text(path.name, path.read_bytes(), report)
    columns = ("from", "to", "classes", "measure", "reason", "source")
    rules: list[Break] = []
    for row in (read_csv(path.name, text, columns, report) if text else None) or ():
        faults: list[str] = []
        first, last = _iso_date(row["from"], faults), _iso_date(row["to"], faults) if row["to"] else None
        classes = CLASSES if row["classes"] == "all" else tuple(row["classes"].split())
        faults += [f"class {quoted(name)}: {did_you_mean(name, CLASSES)}" for name in classes if name not in CLASSES]
        if not classes:
            faults.append("has no class; write 'all', or names separated by spaces")
        if row["measure"] not in MEASURES:
            faults.append(f"measure {quoted(row['measure'])}: {did_you_mean(row['measure'], MEASURES)}")
        if first and last and last < first:
            faults.append(f"ends on {last}, before it begins on {first}")
        faults += [f"has no {column}" for column in ("reason", "source") if not row[column]]
        for fault in faults:
            report.add(path.name, row.line, fault)
        if first and not faults:
            rules.append(Break(first, last, classes, row["measure"], row["reason"], row["source"]))
    if report.problems:
        raise RecordError(report.problems)
    return tuple(rules)


def _iso_date(text: str, faults: list[str]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults.append(f"{quoted(text)} is not a date; write it as 2025-08-01")
        return None


@cache
def known_breaks() -> tuple[Break, ...]:
    """The known breaks in the public record."""
    return read_breaks(BREAKS)


def breaks_between(first: Day, second: Day, measure: str, classes: Iterable[str] = CLASSES) -> tuple[Break, ...]:
    """The breaks that make a measure incomparable between two days: rules that apply on exactly one of them.

    The stopped count is the sum of destroyed and lost, so the break of August 2025, which moved weapons from one to the
    other, does not concern it.

    Args:
        first: One of the days.
        second: The other day, in any order.
        measure: One of ``MEASURES``.
        classes: Classes of weapons; rules that apply to none of them are ignored.

    Returns:
        The breaks; empty if the two days are comparable.

    """
    if measure not in MEASURES:
        raise ValueError(f"measure {quoted(measure)}: {did_you_mean(measure, MEASURES)}")
    concerned = set(classes)
    return tuple(
        rule
        for rule in known_breaks()
        if rule.measure == measure
        and concerned & set(rule.classes)
        and rule.applies_on(first) != rule.applies_on(second)
    )


@dataclass(frozen=True, eq=False)
class Record:
    """Raids by day and class, every calendar day from the first to the last.

    Args:
        days: (n,) datetime64[D], contiguous.
        classes: Names of the columns.
        launched: (n, classes) weapons; if unknown, the sum over the reports that state a count.
        destroyed: (n, classes) weapons.
        lost: (n, classes) weapons that did not reach a target, where reported separately.
        known: (n, classes) False if a report withholds the launched count; ``launched`` is then incomplete.
        digest: SHA-256 of the file, in hex.
        source: Name of the file.
        layout: "daily", "classes", "reports" or "months".
        repairs: Corrections and assumptions made in reading.
        breaks: The known breaks within the span.
        outliers: Launched counts that may be typing errors.

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
    outliers: tuple[Outlier, ...] = ()

    def __post_init__(self) -> None:
        if not (np.diff(self.days) == np.timedelta64(1, "D")).all():
            raise ValueError("the days of a record must follow one another without a gap")
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
        return self._launched_in("drones")

    @property
    def missiles(self) -> Ints:
        """Missiles of all classes launched: (n,)."""
        return self._launched_in(*MISSILES)

    @property
    def packages(self) -> Ints:
        """Drones and missiles launched: (n, 2)."""
        return np.column_stack([self.drones, self.missiles])

    @property
    def stopped(self) -> Ints:
        """Destroyed and lost together, at most the launched count: (n, classes)."""
        capped: Ints = np.minimum(self.destroyed + self.lost, self.launched)
        return capped

    @property
    def all_known(self) -> Flags:
        """Days on which the launched counts of all classes are known: (n,)."""
        return np.asarray(self.known.all(axis=1))

    def _launched_in(self, *classes: str) -> Ints:
        columns = [self.classes.index(name) for name in classes if name in self.classes]
        total: Ints = self.launched[:, columns].sum(axis=1)
        return total

    def between(self, first: Day, last: Day) -> "Record":
        """The part of the record from one day to another, both included.

        Raises:
            RecordError: The record does not contain all of these days.

        """
        start, stop = to_day(first), to_day(last)
        if not (len(self) and self.days[0] <= start <= stop <= self.days[-1]):
            span = f"{self.days[0]} to {self.days[-1]}" if len(self) else "no day"
            raise RecordError([Problem(self.source, 0, f"holds {span}; {start} to {stop} is not within it")])
        part = slice(int((start - self.days[0]).astype(int)), int((stop - self.days[0]).astype(int)) + 1)
        return replace(
            self,
            days=self.days[part],
            launched=self.launched[part],
            destroyed=self.destroyed[part],
            lost=self.lost[part],
            known=self.known[part],
            breaks=tuple(rule for rule in self.breaks if rule.overlaps(start, stop)),
            outliers=tuple(outlier for outlier in self.outliers if start <= to_day(outlier.day) <= stop),
        )


def find_outliers(launched: Ints, known: Flags) -> list[tuple[int, int, int]]:
    """Find counts at least ``OUTLIER_RATIO`` times the next largest count of their class.

    Args:
        launched: (n, classes) weapons.
        known: (n, classes) True for counts that are known; others are ignored.

    Returns:
        Day index, class index and the next largest count of each outlier, by class and day.

    """
    outliers = []
    most = max(1, int(OUTLIER_SHARE * len(launched)))
    for column in range(launched.shape[1]):
        counts = np.where(known[:, column], launched[:, column], 0)
        order = np.argsort(-counts, kind="stable")
        ranked = counts[order]
        for number in range(min(most, len(ranked) - 1), 0, -1):
            smallest, below = int(ranked[number - 1]), int(ranked[number])
            if smallest >= OUTLIER_COUNT and smallest >= OUTLIER_RATIO * below:
                outliers += [(int(day), column, below) for day in np.sort(order[:number])]
                break
    return outliers
