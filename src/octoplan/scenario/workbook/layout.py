"""The layout of a sheet: its rows, and for each column the note, the width and the permitted values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from octoplan.scenario.workbook.cell_text import is_exact_in_spreadsheet
from octoplan.scenario.workbook.xlsx import Sheet, SheetCell

LayoutCell = str | int | float | bool | date | None
FIRST_SPREADSHEET_DATE = date(1900, 3, 1)
"""Earlier dates are wrong in the calendar of spreadsheet programs and are stored as text."""
LIST_SEPARATOR = "; "
"""Separator of the items of a list in a cell."""


@dataclass(frozen=True)
class ColumnLayout:
    """A column of a sheet.

    Attributes:
        header: Text of the header.
        note: Note on the header cell, and message when a cell is selected.
        width: Width in characters; longer text is wrapped.
        options: Permitted texts.
        names_of: Name of the sheet whose first column has the permitted texts.
        numbers: Whether cells have numbers of at least 0: ``"any"`` or ``"whole"``; empty for other cells.
        number_format: Number format of the cells.
        is_fixed: Whether octoplan fills the column, so that it is not read.

    """

    header: str
    note: str = ""
    width: float = 16
    options: tuple[str, ...] = ()
    names_of: str = ""
    numbers: str = ""
    number_format: str = "General"
    is_fixed: bool = False


@dataclass(frozen=True)
class SheetLayout:
    """A sheet of the workbook of a scenario.

    Attributes:
        name: Name of the sheet.
        group: Group of sheets: ``decisions``, ``assumptions``, ``programme``, ``sources`` or ``files``.
        purpose: What the sheet contains and how it is edited, for the first sheet of the workbook.
        columns: The columns; their headers are the first row.
        rows: Rows of cells below the header.
        frozen_rows: Number of rows at the top that stay visible.
        frozen_columns: Number of columns at the left that stay visible.
        has_filter: Whether the header has filters.
        is_hidden: Whether the sheet is hidden.
        ratings: Header of the column whose ratings green, amber and red are coloured; empty if there is none.

    """

    name: str
    group: str
    purpose: str
    columns: tuple[ColumnLayout, ...]
    rows: Sequence[Sequence[LayoutCell]]
    frozen_rows: int = 1
    frozen_columns: int = 1
    has_filter: bool = True
    is_hidden: bool = False
    ratings: str = ""
    bold_rows: tuple[int, ...] = field(default=())


def number_cell(number: float) -> LayoutCell:
    """A number as a cell: text if a spreadsheet program would not keep all of its digits."""
    text = str(int(number)) if float(number).is_integer() and abs(number) < 10**15 else repr(number)
    return number if is_exact_in_spreadsheet(text) else text


def date_cell(day: date) -> LayoutCell:
    """A date as a cell: text if the calendar of spreadsheet programs does not have it."""
    return day if day >= FIRST_SPREADSHEET_DATE else day.isoformat()


def list_text(items: Sequence[object]) -> str:
    """The items of a list in one cell."""
    return LIST_SEPARATOR.join(map(str, items))


def list_items(text: str) -> list[str]:
    """The items of a list in the text of a cell, separated by semicolons, commas or line breaks.

    >>> list_items("licence; tooling")
    ['licence', 'tooling']
    """
    return [item.strip() for item in re.split(r"[;,\n]", text) if item.strip()]


def sheet_of(layout: SheetLayout) -> Sheet:
    """The sheet that a reader would see of a layout, without writing a workbook."""
    sheet = Sheet(layout.name, layout.is_hidden)
    header = [column.header for column in layout.columns]
    for row_number, row in enumerate([header, *layout.rows], start=1):
        for column_number, value in enumerate(row, start=1):
            if value is None or value == "":
                continue
            cell = SheetCell(row_number, column_number, "text", str(value))
            if isinstance(value, bool):
                cell = SheetCell(row_number, column_number, "boolean", "1" if value else "0")
            elif isinstance(value, int | float):
                cell = SheetCell(row_number, column_number, "number", repr(value))
            sheet.cells[row_number, column_number] = cell
    return sheet
