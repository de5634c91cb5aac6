"""Values of all measures in each future, for a whole run and for each of its months, computed part by part."""

import tempfile
import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import IO

import numpy as np
from numpy.typing import NDArray

from octoplan.outcomes.measures import measures_of
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import Measure, MonthsView, view_of
from octoplan.scenario.arrays import Floats

VALUES_IN_MEMORY = 2**24
"""Bytes of monthly values above which they are moved from memory to a temporary file."""


class MeasureValues:
    """Values of the measures of a run, to which the futures of further parts are appended.

    The values of the whole run stay in memory; those of the months, which are many more, in a temporary file once they
    exceed ``VALUES_IN_MEMORY``.
    """

    def __init__(self, months: int, *, nominal: bool = False) -> None:
        self.months, self.nominal = months, nominal
        self.run_parts: list[tuple[Measure, ...]] = []
        self.month_measures: tuple[Measure, ...] = ()
        self.month_file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=VALUES_IN_MEMORY)  # noqa: SIM115
        weakref.finalize(self, self.month_file.close)
        self.part_futures: list[int] = []

    def append(self, part: Run) -> None:
        """Compute and append the measures of the futures of a run in memory."""
        self.run_parts.append(measures_of(view_of(part, nominal=self.nominal)))
        monthly = measures_of(MonthsView(part, slice(None), all_months=False, nominal=self.nominal))
        self.month_measures = tuple(replace(measure, values=measure.values[:0]) for measure in monthly)
        values = np.array([measure.values.reshape(-1, self.months).T for measure in monthly], np.float64)
        self.month_file.write(np.ascontiguousarray(values.swapaxes(0, 1)).tobytes())
        self.part_futures.append(values.shape[2])

    def of_run(self) -> tuple[Measure, ...]:
        """All measures of the whole run, in the order of the tables."""
        if len(self.run_parts) > 1:
            self.run_parts = [tuple(map(joined, zip(*self.run_parts, strict=True)))]
        return self.run_parts[0]

    def by_month(self) -> Iterator[tuple[Measure, ...]]:
        """Yield all measures of each month."""
        for month in range(self.months):
            values = self.month_values(month)
            yield tuple(
                replace(measure, values=row.astype(measure.values.dtype))
                for measure, row in zip(self.month_measures, values, strict=True)
            )

    def month_values(self, month: int) -> Floats:
        """(measures, finished futures) values in one month."""
        measures, offset, parts = len(self.month_measures), 0, []
        for futures in self.part_futures:
            self.month_file.seek(8 * (offset + month * measures * futures))
            content = self.month_file.read(8 * measures * futures)
            parts.append(np.frombuffer(content, np.float64).reshape(measures, futures))
            offset += self.months * measures * futures
        self.month_file.seek(0, 2)
        return np.concatenate(parts, axis=1)


def joined(parts: tuple[Measure, ...]) -> Measure:
    """One measure with the values of several parts of a run."""
    values: NDArray[np.float64] = np.concatenate([part.values for part in parts])
    return replace(parts[0], values=values)


def measure_values(run: Run, *, nominal: bool = False) -> MeasureValues:
    """Values of all measures of a run and of its months, in one pass over the tallies."""
    values = MeasureValues(len(run.compiled.names.months), nominal=nominal)
    for part in run.parts():
        values.append(part.load() if run.block else part)
    return values
