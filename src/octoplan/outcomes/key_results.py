"""The key results of a run, and their formatting as text, CSV and HTML."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from math import isnan
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment

from octoplan.outcomes.format import ResultTable, Sections, digits, error_text, scaled, to_text
from octoplan.outcomes.intervals import Interval

if TYPE_CHECKING:
    import pandas as pd

HEADINGS = ("measure", "P10", "P50", "P90", "SE P50", "mean", "SE mean", "unit")
NOTE = "SE: standard error, from the variance between blocks of futures. Rows that are 0 in every future are omitted."
FUTURES_NOTE = " futures: number of futures in which the measure is defined, if it is not defined in all."
QUANTILE_NAMES = ("p10", "p50", "p90")
TABLE_TEMPLATE = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string("""\
<table class='key-results'>
<caption>{{ caption }}. {{ note }}</caption>
<thead><tr>{% for name in headings %}<th scope='col'>{{ name }}</th>{% endfor %}</tr></thead>
<tbody>
{% for group, rows in sections %}
<tr class='group'><th colspan='{{ headings|length }}' scope='colgroup'>{{ group }}</th></tr>
{% for row in rows %}
<tr><th scope='row'>{{ row[0] }}</th>{% for cell in row[1:] %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
{% endfor %}
</tbody></table>
""")
CSV_COLUMNS = ("period", "key", "group", "measure", "unit", *Interval.__dataclass_fields__)


@dataclass(frozen=True)
class KeyResult:
    """Key result of one measure; ``interval`` has its quantiles, mean and standard errors."""

    key: str
    group: str
    measure: str
    unit: str
    form: str
    interval: Interval


@dataclass(frozen=True)
class KeyResults:
    """The key results of a run: a mapping by key that iterates over its rows; ``str`` formats it for a terminal.

    period
        The month, or the first and last month.
    futures, failed_futures
        Number of futures of the run, and how many of them failed.
    months
        Labels of the months of the run.
    """

    title: str
    period: str
    futures: int
    failed_futures: int
    months: tuple[str, ...]
    rows: tuple[KeyResult, ...]

    def __getitem__(self, key: str) -> KeyResult:
        for row in self.rows:
            if row.key == key:
                return row
        raise KeyError(f"no measure {key!r}; the measures are {', '.join(row.key for row in self.rows)}")

    def __contains__(self, key: object) -> bool:
        return any(row.key == key for row in self.rows)

    def __iter__(self) -> Iterator[KeyResult]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def columns(self) -> dict[str, list[Any]]:
        """The table as lists of equal length by column: key, group, measure, unit, and the fields of ``Interval``."""
        records = [
            {"key": r.key, "group": r.group, "measure": r.measure, "unit": r.unit, **asdict(r.interval)}
            for r in self.rows
        ]
        return {name: [record[name] for record in records] for name in (records[0] if records else ())}

    def to_frame(self) -> "pd.DataFrame":
        """The table as a pandas DataFrame: the columns of ``columns``, indexed by key.

        The quantiles of a measure in months are numbers of months after the first, and infinite for never.

        Example:
            >>> import octoplan as op
            >>> op.simulate("pocket", futures=4).key_results().to_frame().loc["made", "p50"]
            np.float64(850.0)

        """
        import pandas as pd  # takes long to import

        return pd.DataFrame(self.columns()).set_index("key")

    def to_csv(self) -> str:
        """The table as CSV, with the columns of ``CSV_COLUMNS``; a month after the horizon is ``never``."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(CSV_COLUMNS)
        writer.writerows(csv_rows(self))
        return out.getvalue()

    def __str__(self) -> str:
        return to_text(result_table(self))

    def _repr_html_(self) -> str:
        return html_table(self)


def csv_rows(table: KeyResults) -> Iterator[tuple[str, ...]]:
    """Rows of CSV text with the columns of ``CSV_COLUMNS``."""
    for row in table.rows:
        cells = (statistic_cell(name, value, row.form, table.months) for name, value in asdict(row.interval).items())
        yield (table.period, row.key, row.group, row.measure, row.unit, *cells)


def statistic_cell(name: str, value: float, form: str, months: tuple[str, ...]) -> str:
    """A statistic of a measure, such as its mean, as the text of a CSV cell.

    Undefined values are empty, infinite values ``inf`` or ``-inf``. Quantiles of a measure of form ``month`` are the
    label of the month, or ``never``.
    """
    if isnan(value):
        return ""
    if form == "month" and (name in QUANTILE_NAMES or np.isinf(value)):
        return month_label(value, months)
    return f"{value:.8g}"


def month_label(value: float, months: tuple[str, ...]) -> str:
    """Label of the month with an index; "never" if the month is after the horizon."""
    return months[int(value)] if np.isfinite(value) and int(value) < len(months) else "never"


def row_cells(row: KeyResult, months: tuple[str, ...]) -> tuple[str, ...]:
    """A key result as a row of text, with the columns of ``HEADINGS``."""
    i = row.interval
    if row.form == "month":
        quantiles = ["–" if isnan(v) else month_label(v, months) for v in (i.p10, i.p50, i.p90)]
        mean = "never" if np.isinf(i.mean) else "–"
        return (row.measure, *quantiles, error_text(i.se_p50, "month"), mean, "–", "month (SE in months)")
    if row.form == "chance":
        return (row.measure, "", "", "", "", digits(i.mean), digits(i.se_mean, 2), row.unit)
    size, unit = scaled(row.unit, (i.p10, i.p50, i.p90, i.mean))
    quantiles = [digits(v / size) for v in (i.p10, i.p50, i.p90)]
    return (
        row.measure,
        *quantiles,
        error_text(i.se_p50 / size, unit),
        digits(i.mean / size),
        error_text(i.se_mean / size, unit),
        unit,
    )


def table_caption(table: KeyResults) -> str:
    """Caption of the table: title, period, and numbers of futures simulated and failed."""
    failures = (
        f"; {table.failed_futures:,} FAILED, excluded from every measure" if table.failed_futures else "; none failed"
    )
    return f"{table.title}, {table.period}: {table.futures:,} futures{failures}"


def nonzero_rows(table: KeyResults) -> list[KeyResult]:
    """The rows that are not 0 in every future."""
    return [row for row in table.rows if row.form != "amount" or row.interval.mean != 0 or row.interval.p90 != 0]


def with_futures_column(
    headings: tuple[str, ...], rows: Sequence[tuple[tuple[str, ...], int]], total: int
) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows of a table, with a column of numbers of futures if a row is not defined in all futures.

    rows
        The cells of each row, and the number of futures in which it is defined.
    total
        Number of finished futures.
    """
    if all(futures == total for _, futures in rows):
        return headings, [cells for cells, _ in rows]
    lines = [(*cells[:-1], "" if futures == total else f"{futures:,}", cells[-1]) for cells, futures in rows]
    return (*headings[:-1], "futures", headings[-1]), lines


def table_layout(table: KeyResults) -> tuple[str, tuple[str, ...], Sections]:
    """Note, column headings and groups of rows of the table of key results."""
    rows = nonzero_rows(table)
    cells = [(row_cells(row, table.months), row.interval.futures) for row in rows]
    headings, lines = with_futures_column(HEADINGS, cells, table.futures - table.failed_futures)
    sections = groupby(zip(rows, lines, strict=True), key=lambda pair: pair[0].group)
    note = NOTE if headings == HEADINGS else NOTE + FUTURES_NOTE
    return note, headings, tuple((group, tuple(line for _, line in pairs)) for group, pairs in sections)


def result_table(table: KeyResults) -> ResultTable:
    """The key results as a table for a terminal, by group."""
    note, headings, sections = table_layout(table)
    return ResultTable(table_caption(table), note, headings, sections)


def html_table(table: KeyResults) -> str:
    """The key results as an unstyled HTML table."""
    note, headings, sections = table_layout(table)
    return TABLE_TEMPLATE.render(caption=table_caption(table), note=note, headings=headings, sections=sections)
