"""Comparison of runs on common random numbers: paired differences, future by future, with their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf, isfinite, isinf, isnan, nan

import numpy as np
from numpy.typing import NDArray

from octoplan.errors import Incomparable, RunError
from octoplan.outcomes.findings import Findings
from octoplan.outcomes.format import ResultTable, digits, scaled, to_text
from octoplan.outcomes.identity import raid_identity, same_arrivals
from octoplan.outcomes.intervals import Interval, interval
from octoplan.outcomes.key_results import FUTURES_NOTE, with_futures
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import Measure
from octoplan.scenario.arrays import Floats

SAMPLE = {
    "seed": "another seed draws other raids, outages and exchange rates",
    "futures": "each future of one run is paired with the same future of the other",
    "start": "raids fall on other days",
    "months": "measures over other periods cannot be subtracted",
}
"""What must be equal whatever arrives, and why."""

RAIDS = {
    "raids": "other assumptions on the raid process",
    "packages": "other packages, or other assumptions on them",
    "splits": "other regions, or another split of raids between them",
    "threats": "other classes of threat, or another mix of them",
    "days given": "other raids given by date in a file",
    "what-ifs": "other what-ifs on raids",
    "streams": "other names of packages or regions, which name the random streams",
}
"""What may differ as long as the same threats arrive, and what a difference means."""

HEAD = ("measure", "P10", "P50", "P90", "mean", "SE mean", "var. ratio", "unit")
NOTE = (
    "SE mean: standard error of the mean paired difference. Var. ratio: variance of the difference between two "
    "independent runs over that of these paired runs. Rows in which no future differs are omitted."
)
INFINITE_NOTE = (
    " ∞: infinite, or never reached, in the second run but not in the first; -∞: in the first but not in the second. "
    "Futures in which both are infinite, or one is undefined, have no difference."
)


@dataclass(frozen=True)
class Difference:
    """One measure of a run less the same measure of the first run, paired by future.

    interval
        Of the differences over the futures in which they are defined: not where either value is undefined, nor where
        both are infinite. A difference is infinite where one value is (never reached, or a ratio over 0).
    variance_ratio
        Variance of the difference between two independent runs over that of the paired runs: how many times the futures
        independent runs would need for the same standard error. ``nan`` where a difference is infinite.
    same
        True where no future differs.
    """

    key: str
    group: str
    measure: str
    unit: str
    form: str
    interval: Interval
    variance_ratio: float
    same: bool


@dataclass(frozen=True)
class Comparison:
    """Differences of each further run from the first.

    futures
        Number of futures that every run finished; failed ones are excluded.
    differences
        Of each further run, in the order of ``labels``.
    left_out
        Keys of measures that not all runs have.
    """

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
        return to_text(*comparison_tables(self))


def compare(*runs: Run, labels: Sequence[str] = (), nominal: bool = False) -> Comparison:
    """Differences of each run from the first, on the futures that every run finished.

    labels
        A name for each run.
    nominal
        True inflates money by the assumption on the reporting currency's inflation.

    Raises Incomparable where the same threats do not arrive in the same futures, saying what differs.

    >>> import octoplan as op
    >>> run = op.simulate(op.load("pocket"), futures=4)
    >>> op.compare(run, run)["made"].interval.mean
    0.0
    """
    return compare_findings([Findings(run, nominal) for run in runs], labels)


def compare_findings(findings: Sequence[Findings], labels: Sequence[str] = ()) -> Comparison:
    """As ``compare``, of runs that are measured already."""
    runs = [result.run for result in findings]
    if len(runs) < 2:
        raise RunError(f"cannot compare {len(runs)} run: at least 2 are needed")
    names = tuple(labels) or tuple(f"run {i + 1}" for i in range(len(runs)))
    if len(names) != len(runs):
        raise RunError(f"{len(names)} labels for {len(runs)} runs: each run needs one")
    for run, label in zip(runs[1:], names[1:], strict=True):
        check_comparable(runs[0], run, names[0], label)
    finished = np.logical_and.reduce([run.status == 0 for run in runs])
    tables = [result.measures for result in findings]
    shared = [key for key in tables[0] if all(key in table for table in tables)]
    every_key = dict.fromkeys(key for table in tables for key in table)
    rows = [finished[run.status == 0] for run in runs]
    differences = tuple(
        tuple(difference(table[key], second_rows, tables[0][key], rows[0]) for key in shared)
        for table, second_rows in zip(tables[1:], rows[1:], strict=True)
    )
    left_out = tuple(key for key in every_key if key not in shared)
    return Comparison(names, int(finished.sum()), differences, left_out)


def check_comparable(first: Run, second: Run, label: str, second_label: str) -> None:
    """Raise Incomparable unless the same threats arrive in both runs, and money has the same unit."""
    ours, theirs = raid_identity(first), raid_identity(second)
    differ = [name for name in (*SAMPLE, *RAIDS) if ours[name] != theirs[name]]
    if any(name in SAMPLE for name in differ):
        differ = [name for name in differ if name != "streams"]
    if any(name in SAMPLE for name in differ) or (differ and not same_arrivals(first, second)):
        reasons = "; ".join(f"{name}{both_values(name, first, second)} ({(SAMPLE | RAIDS)[name]})" for name in differ)
        raise Incomparable(
            f"cannot compare {second_label} with {label}: they did not meet the same raids; they differ in {reasons}. "
            "Simulate both with the same seed, futures, months and raids"
        )
    for name in ("currency", "price_base"):
        first_value, second_value = getattr(first.scenario, name), getattr(second.scenario, name)
        if first_value != second_value:
            raise Incomparable(
                f"cannot compare {second_label} with {label}: {name} {second_value} against {first_value}; amounts of "
                "money in different units cannot be subtracted"
            )


def both_values(name: str, first: Run, second: Run) -> str:
    """The two values of what differs, where they are numbers or dates."""
    values: Mapping[str, tuple[object, object]] = {
        "seed": (second.seed, first.seed),
        "futures": (second.futures, first.futures),
        "start": (second.scenario.start, first.scenario.start),
        "months": (second.scenario.months, first.scenario.months),
    }
    return f" {values[name][0]} against {values[name][1]}" if name in values else ""


def difference(second: Measure, second_rows: NDArray[np.bool_], first: Measure, rows: NDArray[np.bool_]) -> Difference:
    """One measure of a run less that of the first, on the futures that both finished.

    other_rows, rows
        True for those among the finished futures of each run.
    """
    scale = 100.0 if first.form == "chance" else 1.0
    a, b = scale * first.values[rows].astype(np.float64), scale * second.values[second_rows].astype(np.float64)
    with np.errstate(invalid="ignore"):
        paired = b - a
    return Difference(
        key=first.key,
        group=first.group,
        measure=first.title,
        unit=first.unit,
        form=first.form,
        interval=interval(paired),
        variance_ratio=variance_ratio(a, b, paired),
        same=bool(np.array_equal(a, b, equal_nan=True)),
    )


def variance_ratio(a: Floats, b: Floats, paired: Floats) -> float:
    """Variance of independent differences over that of paired ones; inf where the paired ones are constant."""
    defined = ~np.isnan(paired)
    if not defined.any() or np.isinf(paired).any():
        return nan
    independent = float(a[defined].var() + b[defined].var())
    variance = float(paired[defined].var())
    if variance > 0:
        return independent / variance
    return inf if isfinite(independent) and independent > 0 else nan


def difference_cells(row: Difference) -> tuple[str, ...]:
    """The cells of a difference under ``HEAD``."""
    i = row.interval
    ratio = row.variance_ratio
    reduction = "–" if isnan(ratio) else "exact" if isinf(ratio) else digits(ratio)
    if row.form == "chance":
        return (row.measure, "", "", "", digits(i.mean), digits(i.se_mean, 2), reduction, "% points")
    size, unit = scaled(row.unit, (i.p10, i.p50, i.p90, i.mean))
    unit = {"%": "% points", "month": "months"}.get(unit, unit)
    figures = [digits(v / size) for v in (i.p10, i.p50, i.p90, i.mean)]
    return (row.measure, *figures, digits(i.se_mean / size, 2), reduction, unit)


def comparison_tables(comparison: Comparison) -> list[ResultTable]:
    """A table for each run compared with the first."""
    return [
        comparison_table(comparison, label, differences)
        for label, differences in zip(comparison.labels[1:], comparison.differences, strict=True)
    ]


def comparison_table(comparison: Comparison, label: str, differences: Sequence[Difference]) -> ResultTable:
    """The differences of one run from the first in which any future differs."""
    rows = [row for row in differences if not row.same]
    cells = [(difference_cells(row), row.interval.futures) for row in rows]
    head, lines = with_futures(HEAD, cells, comparison.futures)
    sections = groupby(zip(rows, lines, strict=True), key=lambda pair: pair[0].group)
    infinite = any(isinf(v) for row in rows for v in (row.interval.p10, row.interval.p90, row.interval.mean))
    return ResultTable(
        f"{label} minus {comparison.labels[0]}, on the same {comparison.futures:,} futures",
        NOTE + (FUTURES_NOTE if head != HEAD else "") + (INFINITE_NOTE if infinite or head != HEAD else ""),
        head,
        tuple((group, tuple(line for _, line in pairs)) for group, pairs in sections),
    )
