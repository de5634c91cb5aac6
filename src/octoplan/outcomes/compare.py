"""Runs against each other on common random numbers: differences future by future, with intervals of their own."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf, isfinite, isinf, isnan, nan

import numpy as np
from numpy.typing import NDArray
from rich.table import Table
from rich.text import Text

from octoplan.errors import RunError
from octoplan.outcomes.findings import Findings
from octoplan.outcomes.format import digits, empty_table, scaled, to_text
from octoplan.outcomes.identity import raid_identity
from octoplan.outcomes.intervals import Interval, interval
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import Measure

Truths = NDArray[np.bool_]

WHY = {
    "seed": "another seed draws other raids, outages and exchange rates",
    "futures": "future 7 of one must be future 7 of the other, and all must be there",
    "start": "the raids of another start fall on other days",
    "months": "measures over other months cannot be subtracted",
    "raids": "the raid process is believed to be another",
    "packages": "the packages, or what is believed of them, differ",
    "splits": "the regional split, or the regions, differ",
    "threats": "the classes of threat, or their mix, differ",
    "corridors": "the corridors, or what is believed of them, differ",
}


class Incomparable(RunError):
    """Runs whose differences would mix luck with choice."""


@dataclass(frozen=True)
class Difference:
    """One measure of a run minus the same of the first run, paired by future.

    ``variance_ratio`` is the variance of the difference of two unrelated runs over that of this paired one: how
    many times the futures unrelated runs would need for the same standard error.
    """

    key: str
    group: str
    measure: str
    unit: str
    form: str
    interval: Interval
    variance_ratio: float

    @property
    def same(self) -> bool:
        """True where no future differs."""
        return self.interval.mean == 0 and self.interval.se_mean == 0


@dataclass(frozen=True)
class Comparison:
    """Differences of each further run from the first; ``left_out`` names measures that not all runs have."""

    labels: tuple[str, ...]
    futures: int
    differences: tuple[tuple[Difference, ...], ...]
    left_out: tuple[str, ...]

    def __getitem__(self, key: str) -> Difference:
        """The difference of a measure between the second run and the first."""
        for row in self.differences[0]:
            if row.key == key:
                return row
        raise KeyError(f"no measure {key!r}; known are {', '.join(row.key for row in self.differences[0])}")

    def __str__(self) -> str:
        return to_text(*compare_tables(self))


def compare(*runs: Run, labels: Sequence[str] = (), nominal: bool = False) -> Comparison:
    """Differences of each run from the first on the futures that every run finished.

    Raises Incomparable when the runs did not meet the same raids in the same futures, saying what differs.
    """
    return compare_findings([Findings(run, nominal) for run in runs], labels)


def compare_findings(findings: Sequence[Findings], labels: Sequence[str] = ()) -> Comparison:
    """As ``compare``, of runs that are measured already."""
    runs = [each.run for each in findings]
    if len(runs) < 2:
        raise RunError(f"cannot compare {len(runs)} run: at least 2 are needed")
    named = tuple(labels) or tuple(f"run {i + 1}" for i in range(len(runs)))
    if len(named) != len(runs):
        raise RunError(f"{len(named)} labels for {len(runs)} runs: each run needs one")
    for run, label in zip(runs[1:], named[1:], strict=True):
        refuse(runs[0], run, named[0], label)
    finished = np.logical_and.reduce([run.status == 0 for run in runs])
    tables = [each.measures for each in findings]
    shared = [key for key in tables[0] if all(key in table for table in tables)]
    every = dict.fromkeys(key for table in tables for key in table)
    kept = [finished[run.status == 0] for run in runs]
    differences = tuple(
        tuple(difference(tables[0][key], kept[0], table[key], rows) for key in shared)
        for table, rows in zip(tables[1:], kept[1:], strict=True)
    )
    return Comparison(named, int(finished.sum()), differences, tuple(key for key in every if key not in shared))


def refuse(first: Run, other: Run, label: str, other_label: str) -> None:
    """Raise Incomparable unless both runs met the same raids, future by future."""
    here, there = raid_identity(first), raid_identity(other)
    differ = [name for name in WHY if here[name] != there[name]]
    if differ:
        said = "; ".join(f"{name}{numbers(name, first, other)} ({WHY[name]})" for name in differ)
        raise Incomparable(
            f"cannot compare {other_label} with {label}: they did not meet the same raids; they differ in {said}. "
            "Fly both on the same seed, futures, months and raid assumptions"
        )
    for name in ("currency", "price_base"):
        here_too, there_too = getattr(first.scenario, name), getattr(other.scenario, name)
        if here_too != there_too:
            raise Incomparable(
                f"cannot compare {other_label} with {label}: {name} {there_too} against {here_too}; money of one is "
                "not money of the other"
            )


def numbers(name: str, first: Run, other: Run) -> str:
    """The two values of what differs, where they are numbers."""
    pairs = {
        "seed": (other.seed, first.seed),
        "futures": (other.futures, first.futures),
        "start": (other.scenario.start, first.scenario.start),
        "months": (other.scenario.months, first.scenario.months),
    }
    return f" {pairs[name][0]} against {pairs[name][1]}" if name in pairs else ""


def difference(first: Measure, first_rows: Truths, other: Measure, rows: Truths) -> Difference:
    """The paired difference; futures in which either is undefined or never are left out and not counted."""
    a, b = first.values[first_rows].astype(np.float64), other.values[rows].astype(np.float64)
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    scale = 100.0 if first.form == "chance" else 1.0
    paired = scale * (b - a)
    spread = float(paired.var()) if len(paired) else nan
    unpaired = scale**2 * float(a.var() + b.var()) if len(paired) else nan
    narrower = unpaired / spread if spread > 0 else (inf if isfinite(unpaired) and unpaired > 0 else nan)
    return Difference(first.key, first.group, first.title, first.unit, first.form, interval(paired), narrower)


COMPARE_HEAD = ("difference", "P10", "P50", "P90", "mean", "± mean", "narrower", "unit")


def difference_cells(row: Difference) -> tuple[str, ...]:
    """The cells of a difference under ``COMPARE_HEAD``."""
    i = row.interval
    narrower = (
        "–" if isnan(row.variance_ratio) else "exact" if isinf(row.variance_ratio) else f"{digits(row.variance_ratio)}×"
    )
    if row.form == "chance":
        return (row.measure, "", "", "", digits(i.mean), digits(i.se_mean, 2), narrower, "% points")
    size, unit = scaled(row.unit, (i.p10, i.p50, i.p90, i.mean))
    unit = {"%": "% points", "month": "months"}.get(unit, unit)
    figures = [digits(v / size) for v in (i.p10, i.p50, i.p90, i.mean)]
    return (row.measure, *figures, digits(i.se_mean / size, 2), narrower, unit)


def compare_tables(comparison: Comparison) -> list[Table]:
    """One rich table for each run compared with the first."""
    tables = []
    for label, differences in zip(comparison.labels[1:], comparison.differences, strict=True):
        table = empty_table(
            f"{label} minus {comparison.labels[0]}, on the same {comparison.futures:,} futures",
            "± is one standard error of the mean paired difference; 'narrower': variance of a difference of unrelated "
            "runs over that of these paired ones. Rows in which no future differs are left out.",
            COMPARE_HEAD,
        )
        moved = [row for row in differences if row.interval.futures and not row.same]
        for group, rows in groupby(moved, key=lambda row: row.group):
            table.add_section()
            table.add_row(Text(group, style="bold"))
            for row in rows:
                table.add_row(*map(Text, difference_cells(row)))
        tables.append(table)
    return tables
