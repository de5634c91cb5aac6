"""The record of raids: weapons launched, destroyed and lost by day and class, with the corrections made in reading it.

Counts under different reporting rules are not comparable. ``breaks.csv`` lists the known rules that apply to part of
the public record; their first and last days are breaks in reporting.
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
"""Measures that a reporting rule can affect: a count, the meaning of a zero, or the period covered by a report."""

REPORTING_RULES_FILE = Path(__file__).with_name("breaks.csv")

OUTLIER_RATIO = 10
"""Minimum ratio of an outlier to the largest count that is not an outlier."""
OUTLIER_COUNT = 100
"""Minimum count of an outlier; counts of rare classes vary between 1 and 20 on ordinary days."""
OUTLIER_SHARE = 0.01
"""Maximum share of days that are outliers, but at least one day; more large counts indicate a change of level."""


@dataclass(frozen=True)
class Correction:
    """One kind of correction, assumption or omission made in reading a file.

    Args:
        kind: Description of the correction, assumption or omission.
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
    """A launched count so far above the other counts of its class that it may be a typing error.

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
            f"any ordinary day (next largest: {self.next_largest:,}); if it is an error, correct it, or leave the cell "
            f"empty to treat the count as unknown"
        )


@dataclass(frozen=True)
class ReportingRule:
    """How the publisher of a record counted or reported some classes of weapon in a period.

    A break in reporting is a day on which such a rule begins or ceases to apply: counts before and after it are not
    comparable.

    Args:
        first: First day on which the rule applies.
        last: Last day; None if the rule still applies.
        classes: Classes to which the rule applies.
        measure: The measure affected, one of ``MEASURES``.
        reason: Why counts under the rule differ from others.
        source: Publisher or compiler of the reports.

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


def read_reporting_rules(path: Path) -> tuple[ReportingRule, ...]:
    """Read the reporting rules of a table, in its order.

    Raises:
        RecordError: The table has problems; all of them are listed.

    """
    report = Report(str(path.parent))
    text = utf8_text(path.name, path.read_bytes(), report)
    columns = ("from", "to", "classes", "measure", "reason", "source")
    rules: list[ReportingRule] = []
    for row in (read_csv(path.name, text, columns, report) if text else None) or ():
        errors: list[str] = []
        first, last = _iso_date(row["from"], errors), _iso_date(row["to"], errors) if row["to"] else None
        classes = CLASSES if row["classes"] == "all" else tuple(row["classes"].split())
        errors += [f"class {quoted(name)}: {did_you_mean(name, CLASSES)}" for name in classes if name not in CLASSES]
        if not classes:
            errors.append("has no class; write 'all', or names separated by spaces")
        if row["measure"] not in MEASURES:
            errors.append(f"measure {quoted(row['measure'])}: {did_you_mean(row['measure'], MEASURES)}")
        if first and last and last < first:
            errors.append(f"ends on {last}, before it begins on {first}")
        errors += [f"has no {column}" for column in ("reason", "source") if not row[column]]
        for error in errors:
            report.add(path.name, row.line, error)
        if first and not errors:
            rules.append(ReportingRule(first, last, classes, row["measure"], row["reason"], row["source"]))
    if report.problems:
        raise RecordError(report.problems)
    return tuple(rules)


def _iso_date(text: str, errors: list[str]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        errors.append(f"{quoted(text)} is not a date; write a date such as 2025-08-01")
        return None


@cache
def known_reporting_rules() -> tuple[ReportingRule, ...]:
    """The known reporting rules of the public record."""
    return read_reporting_rules(REPORTING_RULES_FILE)


def breaks_between(
    first: Day, second: Day, measure: str, classes: Iterable[str] = CLASSES
) -> tuple[ReportingRule, ...]:
    """Breaks in reporting that make a measure incomparable between two days: rules that apply on only one of them.

    The stopped count is the sum of destroyed and lost. The break of August 2025, from which lost weapons are included
    in destroyed, therefore does not affect it.

    Args:
        first: One of the days.
        second: The other day, in any order.
        measure: One of ``MEASURES``.
        classes: Classes of weapons; rules that apply to none of them are ignored.

    Returns:
        The reporting rules; empty if the two days are comparable.

    """
    if measure not in MEASURES:
        raise ValueError(f"measure {quoted(measure)}: {did_you_mean(measure, MEASURES)}")
    concerned_classes = set(classes)
    return tuple(
        rule
        for rule in known_reporting_rules()
        if rule.measure == measure
        and concerned_classes & set(rule.classes)
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
        is_known: (n, classes) False if a report withholds the launched count; ``launched`` is then incomplete.
        digest: SHA-256 of the file, in hex.
        source: Name of the file.
        layout: "daily", "classes", "reports" or "months".
        corrections: Corrections and assumptions made in reading.
        reporting_rules: The known reporting rules that apply on any of the days.
        outliers: Launched counts that may be typing errors.

    """

    days: Days
    classes: tuple[str, ...]
    launched: Ints
    destroyed: Ints
    lost: Ints
    is_known: Flags
    digest: str
    source: str
    layout: str
    corrections: tuple[Correction, ...]
    reporting_rules: tuple[ReportingRule, ...]
    outliers: tuple[Outlier, ...] = ()

    def __post_init__(self) -> None:
        if not (np.diff(self.days) == np.timedelta64(1, "D")).all():
            raise ValueError("the days of a record must follow one another without a gap")
        for values in (self.launched, self.destroyed, self.lost, self.is_known):
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
        stopped_counts: Ints = np.minimum(self.destroyed + self.lost, self.launched)
        return stopped_counts

    @property
    def all_known(self) -> Flags:
        """Whether the launched counts of all classes are known on each day: (n,)."""
        return np.asarray(self.is_known.all(axis=1))

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
            raise RecordError(
                [Problem(self.source, 0, f"contains {span}; {start} to {stop} is not within this period")]
            )
        part = slice(int((start - self.days[0]).astype(int)), int((stop - self.days[0]).astype(int)) + 1)
        return replace(
            self,
            days=self.days[part],
            launched=self.launched[part],
            destroyed=self.destroyed[part],
            lost=self.lost[part],
            is_known=self.is_known[part],
            reporting_rules=tuple(rule for rule in self.reporting_rules if rule.overlaps(start, stop)),
            outliers=tuple(outlier for outlier in self.outliers if start <= to_day(outlier.day) <= stop),
        )


def find_outliers(launched: Ints, is_known: Flags) -> list[tuple[int, int, int]]:
    """Find counts at least ``OUTLIER_RATIO`` times the next largest count of their class.

    Args:
        launched: (n, classes) weapons.
        is_known: (n, classes) True for known counts; other counts are ignored.

    Returns:
        Day index, class index and the next largest count of each outlier, by class and day.

    """
    outliers = []
    max_outliers = max(1, int(OUTLIER_SHARE * len(launched)))
    for column in range(launched.shape[1]):
        counts = np.where(is_known[:, column], launched[:, column], 0)
        order = np.argsort(-counts, kind="stable")
        descending_counts = counts[order]
        for count in range(min(max_outliers, len(descending_counts) - 1), 0, -1):
            smallest, next_largest = int(descending_counts[count - 1]), int(descending_counts[count])
            if smallest >= OUTLIER_COUNT and smallest >= OUTLIER_RATIO * next_largest:
                outliers += [(int(day), column, next_largest) for day in np.sort(order[:count])]
                break
    return outliers
