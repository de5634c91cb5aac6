"""Sheets of rows as one Excel workbook: numbers are numbers, dates are dates, and no text is ever a formula."""

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from math import ceil, isfinite
from typing import Any

from octoplan.plan.results.sheets import Cell, Leaf

NARROW, BROAD = 9, 64
"""Characters of the narrowest and the broadest column; what is longer breaks into lines."""

LINE = 15
"""Points of a line."""

ACTIVE = ("=", "+", "-", "@")
"""Signs with which a formula may begin."""


def workbook(leaves: Sequence[Leaf]) -> bytes:
    """The workbook as the bytes of its file: a sheet for each leaf, its head frozen, its columns filtered."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.active)
    for leaf in leaves:
        fill(book.create_sheet(leaf.name), leaf)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def fill(sheet: Any, leaf: Leaf) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    wide = [broad(name, [row[i] for row in leaf.rows]) for i, name in enumerate(leaf.head)]
    for i, width in enumerate(wide, start=1):
        sheet.column_dimensions[get_column_letter(i)].width = width
    for row, cells in enumerate((leaf.head, *leaf.rows), start=1):
        lines = 1
        for column, (value, width) in enumerate(zip(cells, wide, strict=True), start=1):
            put(sheet.cell(row, column), value, leaf.head[column - 1])
            if isinstance(value, str):
                lines = max(lines, ceil(1.1 * len(value) / width))
                sheet.cell(row, column).alignment = Alignment(wrap_text=True, vertical="top")
            else:
                sheet.cell(row, column).alignment = Alignment(vertical="top")
        sheet.row_dimensions[row].height = LINE * lines
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E6EEF5")
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions


def put(cell: Any, value: Cell, head: str) -> None:
    """A value with the form in which it is read; text stays text, what is not finite stays empty."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.data_type = "s"
        cell.quotePrefix = value.startswith(ACTIVE)
    elif isinstance(value, date):
        cell.value, cell.number_format = value, "mmm yyyy" if "month" in head else "yyyy-mm-dd"
    elif value is not None and isfinite(value):
        cell.value, cell.number_format = value, form(value)


def form(value: float) -> str:
    """The number format that shows three digits at least."""
    if value == round(value) or abs(value) >= 1000.0:
        return "#,##0"
    return "#,##0.0" if abs(value) >= 10.0 else "0.00" if abs(value) >= 1.0 else "General"


def broad(head: str, column: Sequence[Cell]) -> float:
    """Width of a column in characters: of its text and dates, and of a head in three lines."""
    longest = max((len(value) for value in column if isinstance(value, str)), default=0)
    words = max(len(word) for word in head.split())
    return float(min(max(NARROW, longest, words + 3, ceil(len(head) / 3) + 3, 12) + 2, BROAD))
