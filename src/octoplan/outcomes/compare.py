"""Comparison of runs on common random numbers: paired differences, future by future, with their intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from math import inf, isfinite, isinf, isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from octoplan.errors import Incomparable, RunError
from octoplan.outcomes.comparison_card import (
    ROUNDING_TOLERANCE,
    comparison_card,
    difference_unit,
    most_different,
)
from octoplan.outcomes.format import ResultTable, digits, error_text, scaled, to_text
from octoplan.outcomes.identity import raid_identity, same_arrivals
from octoplan.outcomes.intervals import Interval, interval
from octoplan.outcomes.key_results import FUTURES_NOTE, with_futures_column
from octoplan.outcomes.run import Run, first_futures
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.store import read
from octoplan.outcomes.view import Measure
from octoplan.scenario.arrays import Floats, Ints

if TYPE_CHECKING:
    import pandas as pd

SAMPLE_PROPERTIES = {
    "seed": "another seed draws other raids, outages and exchange rates",
    "start": "raids fall on other days",
    "months": "measures over other periods cannot be subtracted",
}
"""Properties of runs that must be equal, with the explanation of a difference for the message."""

RAID_INPUTS = {
    "raids": "other assumptions on the raid process",
    "packages": "other packages, or other assumptions on them",
    "splits": "other regions, or another split of raids between them",
    "threats": "other classes of threat, or another mix of them",
    "days given": "other dated raids from a file",
    "what-ifs": "other what-ifs on raids",
    "streams": "other names of packages or regions, which name the random streams",
}
"""Inputs that may differ if the arrivals are the same, with the explanation of a difference for the message."""

HEADINGS = ("measure", "P10", "P50", "P90", "mean", "SE mean", "var. ratio", "unit")
NOTE = (
    "SE mean: standard error of the mean paired difference. Var. ratio: variance of the difference between two "
    "independent runs over that of these paired runs. Rows in which no future differs are omitted."
)
LARGEST_RATIO = 1_000
"""Largest variance ratio that is printed; a larger one is given as above it."""
INFINITE_NOTE = (
    " ∞: infinite, or never reached, in the second run but not in the first; -∞: in the first but not in the second. "
    "The difference is undefined in futures in which both values are infinite or one is undefined."
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
    is_zero
        True if the measure is equal in every future, apart from rounding.
    first_mean
        Mean of the measure in the first run, over the futures in which the difference is defined.
    """

    key: str
    group: str
    measure: str
    unit: str
    form: str
    interval: Interval
    variance_ratio: float
    is_zero: bool
    first_mean: float


@dataclass(frozen=True)
class Comparison:
    """Paired differences between the first run and one or more other runs.

    labels
        Names of the runs, beginning with the first.
    futures
        Number of futures that every run completed.
    differences
        The differences of each run except the first, in the order of ``labels``.
    omitted_measures
        Keys of the measures that at least one run lacks.
    """

    labels: tuple[str, ...]
    futures: int
    differences: tuple[tuple[Difference, ...], ...]
    omitted_measures: tuple[str, ...]

    def __getitem__(self, key: str) -> Difference:
        """The difference of a measure between the second run and the first."""
        for row in self.differences[0]:
            if row.key == key:
                return row
        raise KeyError(f"no measure {key!r}; the measures are {', '.join(row.key for row in self.differences[0])}")

    def to_frame(self) -> "pd.DataFrame":
        """The differences as a pandas DataFrame, indexed by key, and by the label of the run if there are several.

        The columns are those of ``KeyResults.to_frame``, the variance ratio, and whether no future differs.

        Example:
            >>> import octoplan as op
            >>> half = op.load("pocket").change({"output.bench": "x0.5"})
            >>> comparison = op.compare(op.simulate("pocket", futures=4), op.simulate(half, futures=4))
            >>> comparison.to_frame().loc["made", "mean"]
            np.float64(-425.0)

        """
        import pandas as pd  # takes long to import

        rows = [
            {"run": label, "key": row.key, "group": row.group, "measure": row.measure, "unit": difference_unit(row),
             **asdict(row.interval), "variance_ratio": row.variance_ratio, "is_zero": row.is_zero}
            for label, differences in zip(self.labels[1:], self.differences, strict=True)
            for row in differences
        ]  # fmt: skip
        frame = pd.DataFrame(rows)
        return (
            frame.set_index(["run", "key"]) if len(self.differences) > 1 else frame.drop(columns="run").set_index("key")
        )

    def __str__(self) -> str:
        return to_text(*comparison_tables(self))

    def _repr_html_(self) -> str:
        return comparison_card(self).html()


def compare(*runs: Run | str | Path, labels: Sequence[str] = (), nominal: bool = False) -> Comparison:
    """Paired differences between each run and the first, over the futures that every run completed.

    Runs with different numbers of futures are compared over the first futures of the longer ones.

    runs
        Runs, or the paths of run folders.
    labels
        Names of the runs; "run 1", "run 2", ... by default.
    nominal
        If True, money is inflated by the assumption on the reporting currency's inflation.

    Raises Incomparable, with the inputs that differ, if the runs have different raids, RunError if there are fewer than
    two runs or another number of labels, and StoreError if a folder is not a complete run.

    >>> import octoplan as op
    >>> pocket = op.load("pocket")
    >>> first, second = (op.simulate(s, futures=4) for s in (pocket, pocket.change({"output.bench": "x0.5"})))
    >>> op.compare(first, second)["made"].interval.mean
    -425.0
    """
    return compare_results([RunResults(run if isinstance(run, Run) else read(run), nominal) for run in runs], labels)


def compare_results(results: Sequence[RunResults], labels: Sequence[str] = ()) -> Comparison:
    """Paired differences of runs whose measures have been computed; see ``compare``."""
    runs = [result.run for result in results]
    if len(runs) < 2:
        raise RunError(f"cannot compare {len(runs)} run: at least 2 are needed")
    names = tuple(labels) or tuple(f"run {i + 1}" for i in range(len(runs)))
    if len(names) != len(runs):
        raise RunError(f"{len(names)} labels for {len(runs)} runs: each run needs one label")
    common = min(run.futures for run in runs)
    first = first_futures(runs[0], common)
    for run, label in zip(runs[1:], names[1:], strict=True):
        check_comparable(first, first_futures(run, common), names[0], label)
    measures = [result.measures for result in results]
    shared_keys = [key for key in measures[0] if all(key in by_key for by_key in measures)]
    all_keys = dict.fromkeys(key for by_key in measures for key in by_key)
    rows, futures = rows_of_common_futures(runs)
    differences = tuple(
        tuple(difference(by_key[key], second_rows, measures[0][key], rows[0], futures) for key in shared_keys)
        for by_key, second_rows in zip(measures[1:], rows[1:], strict=True)
    )
    omitted_measures = tuple(key for key in all_keys if key not in shared_keys)
    return Comparison(names, len(futures), differences, omitted_measures)


def rows_of_common_futures(runs: Sequence[Run]) -> tuple[list[Ints], Ints]:
    """The futures that every run completed: their rows among the finished futures of each run, and their numbers."""
    common = min(run.futures for run in runs)
    completed = [run.status[:common] == 0 for run in runs]
    finished = np.logical_and.reduce(completed)
    return [np.flatnonzero(finished[done]) for done in completed], np.flatnonzero(finished)


def check_comparable(first: Run, second: Run, label: str, second_label: str) -> None:
    """Check that two runs have the same raids and unit of money. Raises Incomparable if they do not."""
    first_identity, second_identity = raid_identity(first), raid_identity(second)
    differ = [name for name in (*SAMPLE_PROPERTIES, *RAID_INPUTS) if first_identity[name] != second_identity[name]]
    if any(name in SAMPLE_PROPERTIES for name in differ):
        differ = [name for name in differ if name != "streams"]
    if any(name in SAMPLE_PROPERTIES for name in differ) or (differ and not same_arrivals(first, second)):
        reasons = "; ".join(
            f"{name}{both_values(name, first, second)} ({(SAMPLE_PROPERTIES | RAID_INPUTS)[name]})" for name in differ
        )
        raise Incomparable(
            f"cannot compare {second_label} with {label}: their raids are not the same; they differ in {reasons}. "
            "Simulate both with the same seed, months and raids"
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
        "start": (second.scenario.start, first.scenario.start),
        "months": (second.scenario.months, first.scenario.months),
    }
    return f" {values[name][0]} against {values[name][1]}" if name in values else ""


def difference(second: Measure, second_rows: Ints, first: Measure, first_rows: Ints, futures: Ints) -> Difference:
    """Difference of one measure between a run and the first run, over the futures that both completed.

    second_rows, first_rows
        Rows of the futures that both runs completed, in the values of the run and of the first run.
    futures
        Numbers of the futures that both runs completed.
    """
    scale = 100.0 if first.form == "chance" else 1.0
    a, b = scale * first.values[first_rows].astype(np.float64), scale * second.values[second_rows].astype(np.float64)
    with np.errstate(invalid="ignore"):
        paired = b - a
    return Difference(
        key=first.key,
        group=first.group,
        measure=first.title,
        unit=first.unit,
        form=first.form,
        interval=interval(paired, futures=futures),
        variance_ratio=variance_ratio(a, b, paired),
        is_zero=bool(np.allclose(a, b, rtol=ROUNDING_TOLERANCE, atol=0.0, equal_nan=True)),
        first_mean=float(a[~np.isnan(paired)].mean()) if not np.isnan(paired).all() else nan,
    )


def variance_ratio(a: Floats, b: Floats, paired: Floats) -> float:
    """Variance of the difference between independent runs over that of paired runs; inf if the paired variance is 0."""
    defined = ~np.isnan(paired)
    if not defined.any() or np.isinf(paired).any():
        return nan
    independent = float(a[defined].var() + b[defined].var())
    variance = float(paired[defined].var())
    if variance > 0:
        return independent / variance
    return inf if isfinite(independent) and independent > 0 else nan


def difference_cells(row: Difference) -> tuple[str, ...]:
    """A difference as a row of text, with the columns of ``HEADINGS``."""
    i = row.interval
    ratio = row.variance_ratio
    large = "exact" if isinf(ratio) else f"> {LARGEST_RATIO:,}"
    ratio_text = "–" if isnan(ratio) else large if ratio > LARGEST_RATIO else digits(ratio)
    if row.form == "chance":
        return (row.measure, "", "", "", digits(i.mean), digits(i.se_mean, 2), ratio_text, difference_unit(row))
    size, unit = scaled(difference_unit(row), (i.p10, i.p50, i.p90, i.mean))
    figures = [digits(v / size) for v in (i.p10, i.p50, i.p90, i.mean)]
    return (row.measure, *figures, error_text(i.se_mean / size, unit), ratio_text, unit)


def comparison_tables(comparison: Comparison, largest: int | None = None) -> list[ResultTable]:
    """One table of differences for each run except the first.

    largest
        Number of differences in a table (``most_different``); all of them if None.
    """
    return [
        comparison_table(comparison, label, differences if largest is None else most_different(differences, largest))
        for label, differences in zip(comparison.labels[1:], comparison.differences, strict=True)
    ]


def comparison_table(comparison: Comparison, label: str, differences: Sequence[Difference]) -> ResultTable:
    """Table of the differences between one run and the first; measures equal in every future are omitted."""
    rows = [row for row in differences if not row.is_zero]
    cells = [(difference_cells(row), row.interval.futures) for row in rows]
    headings, lines = with_futures_column(HEADINGS, cells, comparison.futures)
    sections = groupby(zip(rows, lines, strict=True), key=lambda pair: pair[0].group)
    infinite = any(isinf(v) for row in rows for v in (row.interval.p10, row.interval.p90, row.interval.mean))
    return ResultTable(
        f"{label} minus {comparison.labels[0]}, on the same {comparison.futures:,} futures",
        NOTE
        + (FUTURES_NOTE if headings != HEADINGS else "")
        + (INFINITE_NOTE if infinite or headings != HEADINGS else ""),
        headings,
        tuple((group, tuple(line for _, line in pairs)) for group, pairs in sections),
    )
