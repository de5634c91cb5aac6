"""Tables: the headlines for a terminal, for plain text and for a page."""

from collections.abc import Iterable
from html import escape
from itertools import groupby
from math import floor, inf, isinf, isnan, log10
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from octoplan.outcomes.measures import KeyResult, KeyResults, month_label

if TYPE_CHECKING:
    from octoplan.outcomes.compare import Comparison, Difference

SCALES = ((1e9, "bn "), (1e6, "M "), (1e3, "k "), (1.0, ""))
HEAD = ("measure", "P10", "P50", "P90", "± P50", "mean", "± mean", "unit")
NOTE = (
    "± is one standard error: of the mean sd/√n, of a quantile Maritz–Jarrett's. Rows that are 0 in every future "
    "are left out."
)


def digits(value: float, places: int = 3) -> str:
    """A number with three significant digits, whole from a hundred on, thousands apart."""
    if isnan(value):
        return "–"
    if isinf(value):
        return "∞" if value > 0 else "-∞"
    if value == 0:
        return "0"
    if abs(value) < 1e-6:
        return f"{value:.0e}"
    shown = max(0, places - 1 - floor(log10(abs(value))))
    return f"{value:,.{min(shown, 6)}f}"


def scaled(unit: str, values: Iterable[float]) -> tuple[float, str]:
    """Divisor and unit that keep money readable; counts and ratios stay as they are."""
    if not unit.endswith(")"):
        return 1.0, "" if unit == "1" else unit
    largest = max((abs(v) for v in values if abs(v) < inf), default=0.0)
    for size, prefix in SCALES:
        if largest >= size:
            return size, prefix + unit
    return 1.0, unit


def cells(row: KeyResult, months: tuple[str, ...]) -> tuple[str, ...]:
    """The cells of a headline under ``HEAD``."""
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


def counted(table: KeyResults) -> str:
    """Futures flown and failed, in words."""
    failed = f"; {table.failed:,} FAILED and left out of every measure" if table.failed else "; none failed"
    return f"{table.title}, {table.period}: {table.futures:,} futures{failed}"


def columns(table: Table, head: tuple[str, ...]) -> None:
    for i, name in enumerate(head):
        last = i == len(head) - 1
        table.add_column(
            name, justify="left" if i == 0 or last else "right", no_wrap=i > 0, style="dim" if last else None
        )


def shown(key_results: KeyResults) -> list[KeyResult]:
    """The rows worth a line: those that are not 0 in every future; a CSV has them all."""
    return [row for row in key_results.rows if row.form != "amount" or row.interval.mean != 0 or row.interval.p90 != 0]


def blank(title: str, caption: str) -> Table:
    return Table(
        title=title,
        caption=caption,
        title_justify="left",
        caption_justify="left",
        pad_edge=False,
        box=SIMPLE_HEAD,
        title_style="bold",
    )


def narrowed(line: tuple[str, ...]) -> tuple[str, ...]:
    """The cells of a row without the mean's columns; a chance stands where its P50 would."""
    measure, low, middle, high, error, mean, error_mean, unit = line
    if not middle:
        middle, error = mean, error_mean
    return measure, low, middle, high, error, unit


def rich_table(key_results: KeyResults, *, narrow: bool = False) -> Table:
    """The headlines as a rich table, grouped; a narrow one leaves the means out."""
    table = blank(counted(key_results), NOTE)
    columns(table, narrowed(HEAD) if narrow else HEAD)
    for group, rows in groupby(shown(key_results), key=lambda row: row.group):
        table.add_section()
        table.add_row(group, style="bold")
        for row in rows:
            line = cells(row, key_results.months)
            table.add_row(*(narrowed(line) if narrow else line))
    return table


def plain(key_results: KeyResults) -> str:
    """The headlines as text of 120 columns, the verdict under them."""
    return printed(rich_table(key_results), key_results.summary)


def printed(*parts: Table | str) -> str:
    console = Console(width=120, no_color=True, highlight=False, markup=False, emoji=False, force_terminal=False)
    with console.capture() as captured:
        for part in parts:
            if part:
                console.print(part)
    return captured.get().rstrip()


def html_table(key_results: KeyResults) -> str:
    """The headlines as an HTML table without style of its own."""
    head = "".join(f"<th scope='col'>{escape(name)}</th>" for name in HEAD)
    body = []
    for group, rows in groupby(shown(key_results), key=lambda row: row.group):
        body.append(f"<tr class='group'><th colspan='{len(HEAD)}' scope='colgroup'>{escape(group)}</th></tr>")
        for row in rows:
            first, *rest = (escape(cell) for cell in cells(row, key_results.months))
            body.append(f"<tr><th scope='row'>{first}</th>" + "".join(f"<td>{cell}</td>" for cell in rest) + "</tr>")
    return (
        f"<table class='headlines'><caption>{escape(counted(key_results))}. {escape(NOTE)}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"
    )


COMPARE_HEAD = ("difference", "P10", "P50", "P90", "mean", "± mean", "narrower", "unit")


def difference_cells(row: "Difference") -> tuple[str, ...]:
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


def compare_tables(comparison: "Comparison") -> list[Table]:
    """One rich table for each run compared with the first."""
    tables = []
    for label, differences in zip(comparison.labels[1:], comparison.differences, strict=True):
        table = blank(
            f"{label} minus {comparison.labels[0]}, on the same {comparison.futures:,} futures",
            "± is one standard error of the mean paired difference; 'narrower': variance of a difference of unrelated "
            "runs over that of these paired ones. Rows in which no future differs are left out.",
        )
        columns(table, COMPARE_HEAD)
        moved = [row for row in differences if row.interval.futures and not row.same]
        for group, rows in groupby(moved, key=lambda row: row.group):
            table.add_section()
            table.add_row(group, style="bold")
            for row in rows:
                table.add_row(*difference_cells(row))
        tables.append(table)
    return tables
