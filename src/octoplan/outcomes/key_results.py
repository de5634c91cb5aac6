"""The table of key results, and the table as text, CSV and HTML."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from html import escape
from itertools import groupby
from math import isnan
from typing import Any

import numpy as np

from octoplan.outcomes.format import ResultTable, Sections, digits, scaled, to_text
from octoplan.outcomes.intervals import Interval

HEAD = ("measure", "P10", "P50", "P90", "SE P50", "mean", "SE mean", "unit")
NOTE = (
    "SE: standard error; sd/√n of the mean, Maritz–Jarrett of a quantile. Rows that are 0 in every future are omitted."
)
FUTURES_NOTE = " futures: number of futures in which a measure is defined, where it is not defined in all."
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
        return to_text(result_table(self), self.summary)

    def _repr_html_(self) -> str:
        return html_table(self)


def csv_rows(table: KeyResults) -> Iterator[tuple[str, ...]]:
    """The rows of a table under ``CSV_COLUMNS``."""
    for row in table.rows:
        cells = (csv_cell(name, value, row.form, table.months) for name, value in asdict(row.interval).items())
        yield (table.period, row.key, row.group, row.measure, row.unit, *cells)


def csv_cell(name: str, value: float, form: str, months: tuple[str, ...]) -> str:
    """One number of an interval as the text of a CSV cell.

    Empty where it is not defined; ``inf`` or ``-inf`` where it is infinite. Of a month, quantiles are its label, and
    ``never`` stands for a month beyond the last.
    """
    if isnan(value):
        return ""
    if form == "month" and (name in POINTS or np.isinf(value)):
        return month_label(value, months)
    return f"{value:.8g}"


def month_label(value: float, months: tuple[str, ...]) -> str:
    """Label of the row of a month; ``never`` beyond the horizon."""
    return months[int(value)] if np.isfinite(value) and int(value) < len(months) else "never"


def row_cells(row: KeyResult, months: tuple[str, ...]) -> tuple[str, ...]:
    """The cells of a row under ``HEAD``."""
    i = row.interval
    if row.form == "month":
        points = ["–" if isnan(v) else month_label(v, months) for v in (i.p10, i.p50, i.p90)]
        mean = "never" if np.isinf(i.mean) else "–"
        return (row.measure, *points, digits(i.se_p50, 2), mean, "–", "month (SE in months)")
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
    failed = f"; {table.failed:,} FAILED, excluded from every measure" if table.failed else "; none failed"
    return f"{table.title}, {table.period}: {table.futures:,} futures{failed}"


def nonzero(table: KeyResults) -> list[KeyResult]:
    """The rows that are not 0 in every future; a CSV has all rows."""
    return [row for row in table.rows if row.form != "amount" or row.interval.mean != 0 or row.interval.p90 != 0]


def with_futures(
    head: tuple[str, ...], rows: Sequence[tuple[tuple[str, ...], int]], total: int
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The head and the rows, with a column of the futures in which each is defined where one is not defined in all.

    rows
        The cells of each row, and the futures in which it is defined.
    total
        Futures that could define it.
    """
    if all(futures == total for _, futures in rows):
        return head, [cells for cells, _ in rows]
    insert = [(*cells[:-1], "" if futures == total else f"{futures:,}", cells[-1]) for cells, futures in rows]
    return (*head[:-1], "futures", head[-1]), insert


def laid_out(table: KeyResults) -> tuple[str, tuple[str, ...], Sections]:
    """The note, the head and the groups of rows of a table as text."""
    rows = nonzero(table)
    cells = [(row_cells(row, table.months), row.interval.futures) for row in rows]
    head, lines = with_futures(HEAD, cells, table.futures - table.failed)
    sections = groupby(zip(rows, lines, strict=True), key=lambda pair: pair[0].group)
    note = NOTE if head == HEAD else NOTE + FUTURES_NOTE
    return note, head, tuple((group, tuple(line for _, line in pairs)) for group, pairs in sections)


def result_table(table: KeyResults) -> ResultTable:
    """The key results for a terminal, by group."""
    note, head, sections = laid_out(table)
    return ResultTable(caption(table), note, head, sections)


def html_table(table: KeyResults) -> str:
    """The key results as an HTML table without style of its own."""
    note, names, sections = laid_out(table)
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in names)
    body = []
    for group, rows in sections:
        body.append(f"<tr class='group'><th colspan='{len(names)}' scope='colgroup'>{escape(group)}</th></tr>")
        for cells in rows:
            first, *rest = map(escape, cells)
            body.append(f"<tr><th scope='row'>{first}</th>" + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>")
    return (
        f"<table class='headlines'><caption>{escape(caption(table))}. {escape(note)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )
