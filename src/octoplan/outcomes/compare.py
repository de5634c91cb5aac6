"""Comparison of runs on common random numbers: paired differences, future by future, with their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import inf, isfinite, isinf, isnan, nan

import numpy as np
from numpy.typing import NDArray

from octoplan.errors import Incomparable, RunError
from octoplan.outcomes.format import ResultTable, digits, scaled, to_text
from octoplan.outcomes.identity import raid_identity, same_arrivals
from octoplan.outcomes.intervals import Interval, interval
from octoplan.outcomes.key_results import FUTURES_NOTE, with_futures
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.view import Measure
from octoplan.scenario.arrays import Floats

SAMPLE = {
    "seed": "another seed draws other raids, outages and exchange rates",
    "futures": "each future of one run is paired with the same future of the other",
    "start": "raids fall on other days",
    "months": "measures over other periods cannot be subtracted",
}
"""Properties that must be equal in runs that are compared, with the reason shown in the message."""

RAIDS = {
    "raids": "other assumptions on the raid process",
    "packages": "other packages, or other assumptions on them",
    "splits": "other regions, or another split of raids between them",
    "threats": "other classes of threat, or another mix of them",
    "days given": "other dated raids in a file",
    "what-ifs": "other what-ifs on raids",
    "streams": "other names of packages or regions, which name the random streams",
}
"""Inputs that may differ if the arrivals are the same, with the explanation shown in the message."""

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
    """Difference of one measure between a run and the first run, paired by future.

    interval
        Quantiles and mean of the paired differences. A difference is undefined if either value is undefined or both
        are infinite; it is infinite if one value is infinite (never reached, or a ratio with denominator 0).
    variance_ratio
        Variance of the difference between two independent runs over that of the paired runs. Independent runs need
        this multiple of the futures for the same standard error. ``nan`` if a difference is infinite.
    same
        True if the difference is zero in every future.
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
    """Paired differences of one or more runs from the first run.

    labels
        Name of each run, the first run included.
    futures
        Number of futures that no run failed.
    differences
        The differences of each run but the first, in the order of ``labels``.
    left_out
        Keys of measures that are missing from at least one run.
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
        raise KeyError(f"no measure {key!r}; the measures are {', '.join(row.key for row in self.differences[0])}")

    def __str__(self) -> str:
        return to_text(*comparison_tables(self))


def compare(*runs: Run, labels: Sequence[str] = (), nominal: bool = False) -> Comparison:
    """Paired differences of each run from the first, over the futures that no run failed.

    labels
        Names of the runs; "run 1", "run 2", ... by default.
    nominal
        If True, money is inflated by the assumption on the reporting currency's inflation.

    Raises Incomparable, with the inputs that differ, if the runs have different raids.

    >>> import octoplan as op
    >>> run = op.simulate(op.load("pocket"), futures=4)
    >>> op.compare(run, run)["made"].interval.mean
    0.0
    """
    return compare_results([RunResults(run, nominal) for run in runs], labels)


def compare_results(results: Sequence[RunResults], labels: Sequence[str] = ()) -> Comparison:
    """Paired differences of runs whose measures have been computed; see ``compare``."""
    runs = [result.run for result in results]
    if len(runs) < 2:
        raise RunError(f"cannot compare {len(runs)} run: at least 2 are needed")
    names = tuple(labels) or tuple(f"run {i + 1}" for i in range(len(runs)))
    if len(names) != len(runs):
        raise RunError(f"{len(names)} labels for {len(runs)} runs: each run needs one")
    for run, label in zip(runs[1:], names[1:], strict=True):
        check_comparable(runs[0], run, names[0], label)
    finished = np.logical_and.reduce([run.status == 0 for run in runs])
    tables = [result.measures for result in results]
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
    """Check that two runs have the same raids and unit of money. Raises Incomparable if they do not."""
    ours, theirs = raid_identity(first), raid_identity(second)
    differ = [name for name in (*SAMPLE, *RAIDS) if ours[name] != theirs[name]]
    if any(name in SAMPLE for name in differ):
        differ = [name for name in differ if name != "streams"]
    if any(name in SAMPLE for name in differ) or (differ and not same_arrivals(first, second)):
        reasons = "; ".join(f"{name}{both_values(name, first, second)} ({(SAMPLE | RAIDS)[name]})" for name in differ)
        raise Incomparable(
            f"cannot compare {second_label} with {label}: their raids are not the same; they differ in {reasons}. "
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
    """The two values of a property that differs, such as " 2 against 1"; empty for inputs without a single value."""
    values: Mapping[str, tuple[object, object]] = {
        "seed": (second.seed, first.seed),
        "futures": (second.futures, first.futures),
        "start": (second.scenario.start, first.scenario.start),
        "months": (second.scenario.months, first.scenario.months),
    }
    return f" {values[name][0]} against {values[name][1]}" if name in values else ""


def difference(second: Measure, second_rows: NDArray[np.bool_], first: Measure, rows: NDArray[np.bool_]) -> Difference:
    """Difference of one measure between a run and the first run, over the futures that both completed.

    second_rows, rows
        For each completed future of the run and of the first run: True if both runs completed it.
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
    """Variance of the difference between independent runs over that of paired runs; inf if the paired one is 0."""
    defined = ~np.isnan(paired)
    if not defined.any() or np.isinf(paired).any():
        return nan
    independent = float(a[defined].var() + b[defined].var())
    variance = float(paired[defined].var())
    if variance > 0:
        return independent / variance
    return inf if isfinite(independent) and independent > 0 else nan


def difference_cells(row: Difference) -> tuple[str, ...]:
    """A difference as a row of text, with the columns of ``HEAD``."""
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
    """One table of differences for each run but the first."""
    return [
        comparison_table(comparison, label, differences)
        for label, differences in zip(comparison.labels[1:], comparison.differences, strict=True)
    ]


def comparison_table(comparison: Comparison, label: str, differences: Sequence[Difference]) -> ResultTable:
    """Table of the differences between one run and the first; measures equal in every future are omitted."""
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
