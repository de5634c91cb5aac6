"""Joint draws of calibrated assumptions (``posterior.csv``): a column for each calibrated row, a line for each draw."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from octoplan.errors import QuantityError
from octoplan.scenario.arrays import Floats, Ints
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.csv_text import read_csv
from octoplan.scenario.distributions import POSTERIOR_DISTRIBUTION, Sample, line_numbers
from octoplan.scenario.files import ASSUMPTIONS, POSTERIOR, PRIOR
from octoplan.scenario.quantities import parse_number
from octoplan.scenario.report import Report, quoted

MIN_LINES = 100
"""Smallest number of joint draws."""


@dataclass(frozen=True)
class PosteriorColumn:
    """A column of ``posterior.csv``: its numbers in the unit of its row of assumptions, and their lines in the file."""

    numbers: tuple[float, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class JointDraws:
    """The joint draws of the posterior rows of a scenario.

    Attributes:
        columns: (rows,) columns of the posterior rows among the assumptions, in ascending order.
        values: (lines, rows) draws in the unit of each parameter, in the order of the first row.

    """

    columns: Ints
    values: Floats

    def draw(self, uniforms: Floats) -> Floats:
        """(futures, rows) one line of draws for each uniform draw in (0, 1) of ``uniforms``, (futures,)."""
        return self.values[line_numbers(uniforms, len(self.values))]


def joint_draws(assumptions: Sequence[Assumption]) -> JointDraws | None:
    """The joint draws of the assumptions that have a posterior; None if there are none.

    The lines are in the order of the first posterior row, so that its draws are its empirical quantiles.
    """
    samples = {i: a.marginal.values for i, a in enumerate(assumptions) if isinstance(a.marginal, Sample)}
    if not samples:
        return None
    values = np.column_stack([np.asarray(sample, np.float64) for sample in samples.values()])
    return JointDraws(np.array(list(samples), np.int64), values[np.argsort(values[:, 0], kind="stable")])


def read_posterior(text: str, report: Report) -> dict[str, PosteriorColumn] | None:
    """The columns of ``posterior.csv`` by name of the row; None if the file cannot be read, which is reported."""
    rows = read_csv(POSTERIOR, text, _header(text), report)
    if rows is None:
        return None
    if len(rows) < MIN_LINES:
        report.add(POSTERIOR, 0, f"has {len(rows)} joint draws; at least {MIN_LINES} are needed")
        return None
    lines = tuple(row.line for row in rows)
    columns: dict[str, PosteriorColumn] = {}
    for name in rows[0].cells:
        numbers: list[float] = []
        for row in rows:
            try:
                numbers.append(parse_number(row[name]))
            except QuantityError as error:
                report.add(POSTERIOR, row.line, f"{name}: {error}")
                break
        columns[name] = PosteriorColumn(tuple(numbers), lines)
    return columns if all(len(column.numbers) == len(rows) for column in columns.values()) else None


def _header(text: str) -> tuple[str, ...]:
    """The distinct names in the header of a CSV file; empty if it is not valid CSV."""
    try:
        for cells in csv.reader(io.StringIO(text), strict=True):
            if names := [cell.strip() for cell in cells if cell.strip()]:
                return tuple(dict.fromkeys(names))
    except csv.Error:
        pass
    return ()


def check_columns(columns: Sequence[str], assumptions: Mapping[str, Assumption | None], report: Report) -> None:
    """Report columns of ``posterior.csv`` whose row was deleted, and warn of others that no posterior row uses.

    A default value instead of a calibrated row is a problem: without the row, the scenario is another one.

    Args:
        columns: Names of the columns.
        assumptions: The assumptions by name, including default values; None for an invalid row.
        report: Collects the problems and warnings.

    """
    defaults = [assumption for assumption in assumptions.values() if assumption and assumption.is_default]
    for name in columns:
        default = next((assumption for assumption in defaults if supplies(assumption, name)), None)
        if default:
            message = (
                f"the column {name} is not used: {ASSUMPTIONS} has no such row, and its default value "
                f"{default.median:g} would replace the calibrated one; restore the row, or remove this column and the "
                f"row in {PRIOR}"
            )
            report.add(POSTERIOR, 1, message)
        elif name not in assumptions:
            report.warn(POSTERIOR, 1, f"the column {quoted(name)} is not used: {ASSUMPTIONS} has no such row")
        elif (row := assumptions[name]) and row.distribution != POSTERIOR_DISTRIBUTION:
            message = f"the column {name} is not used, because the row states its own distribution ({row.distribution})"
            report.warn(POSTERIOR, 1, message)


def supplies(assumption: Assumption, name: str) -> bool:
    """Whether an assumption supplies a parameter that a row with this name would supply; both may have wildcards."""
    parts, others = assumption.name.split("."), name.split(".")
    return len(parts) == len(others) and all(
        part == other or "*" in (part, other) for part, other in zip(parts, others, strict=True)
    )
