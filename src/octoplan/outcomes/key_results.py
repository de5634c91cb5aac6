"""The table of key results, and the table as text, CSV and HTML."""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from html import escape
from itertools import groupby
from math import isnan
from typing import Any

import numpy as np
from rich.table import Table
from rich.text import Text

from octoplan.outcomes.format import digits, empty_table, scaled, to_text
from octoplan.outcomes.intervals import Interval

HEAD = ("measure", "P10", "P50", "P90", "± P50", "mean", "± mean", "unit")
NOTE = (
    "± is one standard error: of the mean sd/√n, of a quantile Maritz–Jarrett's. Rows that are 0 in every future "
    "are left out."
)
POINTS = ("p10", "p50", "p90")
CSV_COLUMNS = ("period", "key", "group", "measure", "unit", *Interval.__dataclass_fields__)


@dataclass(frozen=True)
class KeyResult:
    """One row of the key results; ``interval`` holds its P10, P50, P90, mean and standard errors."""

    key: str
    group: str
    measure: str
    unit: str
    form: str
    interval: Interval


@dataclass(frozen=True)
class KeyResults:
    """The table of key results of a run: rows by key, iteration in reading order, ``str`` for a terminal.

    ``period`` is the month, or the first and last; ``months`` are the labels that measures of months refer to.
    """

    title: str
    period: str
    futures: int
    failed: int
    summary: str
    months: tuple[str, ...]
    rows: tuple[KeyResult, ...]

    def __getitem__(self, key: str) -> KeyResult:
        for row in self.rows:
            if row.key == key:
                return row
        raise KeyError(f"no measure {key!r}; known are {', '.join(row.key for row in self.rows)}")

    def __contains__(self, key: object) -> bool:
        return any(row.key == key for row in self.rows)

    def __iter__(self) -> Iterator[KeyResult]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def columns(self) -> dict[str, list[Any]]:
        """The table as named columns of equal length: key, group, measure, unit, then those of ``Interval``."""
        records = [
            {"key": r.key, "group": r.group, "measure": r.measure, "unit": r.unit, **asdict(r.interval)}
            for r in self.rows
        ]
        return {name: [record[name] for record in records] for name in (records[0] if records else ())}

    def to_csv(self) -> str:
        """The table as CSV: columns as in ``columns``, months by their label, ``never`` for beyond the horizon."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        writer.writerows(csv_rows(self))
        return out.getvalue()

    def __str__(self) -> str:
        return to_text(rich_table(self), self.summary)

    def _repr_html_(self) -> str:
        return html_table(self)


def csv_rows(table: KeyResults) -> Iterator[tuple[Any, ...]]:
    """The rows of a table under ``CSV_COLUMNS``; empty where a number is not defined."""
    for row in table.rows:
        cells = (
            csv_cell(value, row.form == "month" and name in POINTS, table)
            for name, value in asdict(row.interval).items()
        )
        yield (table.period, row.key, row.group, row.measure, row.unit, *cells)


def csv_cell(value: float, is_month: bool, table: KeyResults) -> str:
    """One number as the text of a CSV cell."""
    if isnan(value):
        return ""
    return month_label(value, table.months) if is_month else f"{value:.8g}"


def month_label(value: float, months: tuple[str, ...]) -> str:
    """Label of the row of a month; ``never`` beyond the horizon."""
    return months[int(value)] if np.isfinite(value) and int(value) < len(months) else "never"


def row_cells(row: KeyResult, months: tuple[str, ...]) -> tuple[str, ...]:
    """The cells of a row under ``HEAD``."""
    i = row.interval
    if row.form == "month":
        points = ["–" if isnan(v) else month_label(v, months) for v in (i.p10, i.p50, i.p90)]
        return (row.measure, *points, digits(i.se_p50, 2), "–", "–", "month (± in months)")
    if row.form == "chance":
        return (row.measure, "", "", "", "", digits(i.mean), digits(i.se_mean, 2), row.unit)
    size, unit = scaled(row.unit, (i.p10, i.p50, i.p90, i.mean))
    figures = [digits(v / size) for v in (i.p10, i.p50, i.p90)]
    return (
        row.measure,
        *figures,
        digits(i.se_p50 / size, 2),
        digits(i.mean / size),
        digits(i.se_mean / size, 2),
        unit,
    )


def caption(table: KeyResults) -> str:
    """Title, period and numbers of futures simulated and failed."""
    failed = f"; {table.failed:,} FAILED and left out of every measure" if table.failed else "; none failed"
    return f"{table.title}, {table.period}: {table.futures:,} futures{failed}"


def nonzero(table: KeyResults) -> list[KeyResult]:
    """The rows that are not 0 in every future; a CSV has all rows."""
    return [row for row in table.rows if row.form != "amount" or row.interval.mean != 0 or row.interval.p90 != 0]


def without_mean(cells: tuple[str, ...]) -> tuple[str, ...]:
    """The cells of a row without the mean's columns; a chance takes the place of P50."""
    measure, low, middle, high, error, mean, error_mean, unit = cells
    if not middle:
        middle, error = mean, error_mean
    return measure, low, middle, high, error, unit


def rich_table(table: KeyResults, *, narrow: bool = False) -> Table:
    """The key results as a rich table, by group; a narrow one leaves the means out."""
    rich = empty_table(caption(table), NOTE, without_mean(HEAD) if narrow else HEAD)
    for group, rows in groupby(nonzero(table), key=lambda row: row.group):
        rich.add_section()
        rich.add_row(Text(group, style="bold"))
        for row in rows:
            cells = row_cells(row, table.months)
            rich.add_row(*map(Text, without_mean(cells) if narrow else cells))
    return rich


def html_table(table: KeyResults) -> str:
    """The key results as an HTML table without style of its own."""
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in HEAD)
    body = []
    for group, rows in groupby(nonzero(table), key=lambda row: row.group):
        body.append(f"<tr class='group'><th colspan='{len(HEAD)}' scope='colgroup'>{escape(group)}</th></tr>")
        for row in rows:
            first, *rest = (escape(cell) for cell in row_cells(row, table.months))
            body.append(f"<tr><th scope='row'>{first}</th>" + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>")
    return (
        f"<table class='headlines'><caption>{escape(caption(table))}. {escape(NOTE)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )
