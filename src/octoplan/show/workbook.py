"""Tables as an Excel workbook: numbers and dates are stored as such, and text is never evaluated as a formula.

The limits are those of Excel (Microsoft, "Excel specifications and limits"). A table with more rows than a sheet holds
continues on further sheets; too many columns or too long a text raise TableError.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from io import BytesIO
from itertools import islice
from math import ceil, isfinite
from typing import Any

from numpy.typing import NDArray

from octoplan.errors import TableError
from octoplan.tables import Cell, Column, Table

MAX_ROWS, MAX_COLUMNS, MAX_TEXT_LENGTH, MAX_FORMULA_LENGTH, MAX_SHEET_NAME_LENGTH = 1_048_576, 16_384, 32_767, 8_192, 31
MAX_EXACT_INTEGER = 10**15
"""Integers of at least this size lose digits in Excel and are written as text."""
FIRST_EXCEL_DATE = date(1900, 3, 1)
"""Earlier dates are wrong in the calendar of Excel and are written as text."""

MIN_WIDTH, MAX_WIDTH = 9, 64
"""Minimum and maximum width of a column in characters; longer text is wrapped."""
SAMPLED_ROWS = 1_000
"""Number of first rows from which the width of a column is determined."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet program evaluate a typed or pasted text as a formula."""
FORBIDDEN_CHARACTERS = str.maketrans(dict.fromkeys("[]:*?/\\", "-"))
"""Translation table of the characters that a sheet name cannot have."""
HEADER_FILL = "E6EEF5"


class Formula(str):
    """Text beginning with ``=`` that the workbook evaluates as a formula; other text is never evaluated."""

    __slots__ = ()


def workbook(tables: Iterable[Table], *, fills: Mapping[tuple[str, str], str] | None = None) -> bytes:
    """An Excel workbook with a sheet for each table, with a frozen header row and column filters.

    fills
        Colours of header cells by (table, column), as RRGGBB; other header cells have the default colour.

    Raises TableError, with sheet, row and column, if a limit of Excel is exceeded.
    """
    with new_book() as book:
        names: list[str] = []
        for table in tables:
            for part, rows in table_parts(table):
                name = sheet_name(f"{table.name} ({part + 1})" if part else table.name, names)
                names.append(name)
                fill_sheet(book.create_sheet(name), table, rows, fills or {})
        return workbook_bytes(book)


def table_parts(table: Table) -> Iterator[tuple[int, Iterator[tuple[Cell, ...]]]]:
    """Number and rows of each part of a table that fits into a sheet; read the rows of a part before the next."""
    rows = table.rows
    for part in range(max(1, ceil(len(table) / (MAX_ROWS - 1)))):
        yield part, islice(rows, MAX_ROWS - 1)


@contextmanager
def new_book() -> Iterator[Any]:
    """Context manager of an empty workbook, written row by row; temporary files are closed after a TableError."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    try:
        yield book
    except TableError:
        for sheet in book.worksheets:
            if not sheet.closed:
                sheet.close()
        raise


def workbook_bytes(book: Any) -> bytes:
    """The workbook as the bytes of an Excel file."""
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def sheet_name(text: str, others: Collection[str]) -> str:
    """A valid sheet name: at most 31 characters, and unique without regard to case."""
    name = text.translate(FORBIDDEN_CHARACTERS).strip("'")[:MAX_SHEET_NAME_LENGTH] or "sheet"
    existing, number = {sheet.lower() for sheet in others}, 1
    unique = name
    while unique.lower() in existing:
        number += 1
        suffix = f" ({number})"
        unique = name[: MAX_SHEET_NAME_LENGTH - len(suffix)] + suffix
    return unique


def column_letter(number: int) -> str:
    """The letters of a column; columns are counted from 1."""
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(number))


def fill_sheet(
    sheet: Any,
    table: Table,
    rows: Iterator[tuple[Cell, ...]],
    fills: Mapping[tuple[str, str], str],
    *,
    is_named: bool = False,
) -> None:
    """Write a header and rows to an empty sheet. Raises TableError if a limit of Excel is exceeded.

    is_named
        If True, the cells are an Excel table, so that formulas can name its columns: ``futures[made]``.
    """
    columns = table.columns
    if len(columns) > MAX_COLUMNS:
        raise TableError(
            f"table {table.name!r} has {len(columns):,} columns, an Excel sheet holds {MAX_COLUMNS:,}; "
            "write it as csv or parquet"
        )
    for number, (column, values) in enumerate(zip(columns, table.values, strict=True), start=1):
        sheet.column_dimensions[column_letter(number)].width = column_width(header(column), values[:SAMPLED_ROWS])
    sheet.freeze_panes = "B2"
    sheet.append([header_cell(sheet, column, fills.get((table.name, column.name), HEADER_FILL)) for column in columns])
    last = 1
    for last, row in enumerate(rows, start=2):
        sheet.append(
            [
                excel_cell(sheet, cell, last, header(column), column.type)
                for cell, column in zip(row, columns, strict=True)
            ]
        )
    reference = f"A1:{column_letter(max(1, len(columns)))}{last}"
    if is_named and last > 1:
        add_named_table(sheet, [header(column) for column in columns], reference)
    else:
        sheet.auto_filter.ref = reference


def add_named_table(sheet: Any, headers: Sequence[str], reference: str) -> None:
    """Make the cells of a sheet an Excel table with the name of the sheet, with filters and striped rows.

    The sheet has filters only if two headers are equal regardless of letter case, which Excel does not permit.
    """
    from openpyxl.worksheet.filters import AutoFilter
    from openpyxl.worksheet.table import Table as ExcelTable
    from openpyxl.worksheet.table import TableColumn, TableStyleInfo

    if len({text.lower() for text in headers}) < len(headers):
        sheet.auto_filter.ref = reference
        return
    table = ExcelTable(displayName=re.sub(r"\W+", "_", sheet.title), ref=reference)
    table.tableColumns = [TableColumn(id=number, name=text) for number, text in enumerate(headers, start=1)]
    table.autoFilter = AutoFilter(ref=reference)
    table.tableStyleInfo = TableStyleInfo(name="TableStyleLight1", showRowStripes=True)
    sheet.tables.add(table)


def header(column: Column) -> str:
    """Header of a column: its label or, if it has none, its name."""
    return column.label or column.name


def header_cell(sheet: Any, column: Column, fill: str) -> Any:
    """A header cell: bold text on a fill colour, RRGGBB."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill

    cell = text_cell(sheet, header(column), 1, header(column))
    if isinstance(cell, str):
        cell = WriteOnlyCell(sheet, cell)
    cell.font, cell.fill = Font(name="Calibri", size=11, bold=True), PatternFill("solid", fgColor=fill)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def excel_cell(sheet: Any, cell: Cell, row: int, column: str, column_type: str = "") -> Any:
    """A cell for openpyxl; numbers and dates that Excel cannot represent become text.

    row, column
        Position of the cell, for the message of a TableError.
    """
    from openpyxl.cell import WriteOnlyCell

    if isinstance(cell, Formula):
        if len(cell) > MAX_FORMULA_LENGTH:
            raise TableError(
                f"sheet {sheet.title!r}, row {row:,}, column {column!r}: the formula has {len(cell):,} characters, "
                f"Excel accepts at most {MAX_FORMULA_LENGTH:,}; shorten it"
            )
        return str(cell)
    if isinstance(cell, str):
        return text_cell(sheet, cell, row, column)
    if isinstance(cell, date):
        if cell < FIRST_EXCEL_DATE:
            return cell.isoformat()
        day = WriteOnlyCell(sheet, cell)
        day.number_format = "mmm yyyy" if column_type == "yearmonth" else "yyyy-mm-dd"
        return day
    if cell is None or cell != cell:  # noqa: PLR0124  not a number
        return None
    if not isfinite(cell) or (isinstance(cell, int) and abs(cell) >= MAX_EXACT_INTEGER):
        return str(cell)
    if column_type not in ("number", "integer"):
        return cell
    number = WriteOnlyCell(sheet, cell)
    number.number_format = number_format(float(cell))
    return number


def text_cell(sheet: Any, text: str, row: int, column: str) -> Any:
    """A text cell that is never evaluated; invalid control characters are replaced by U+FFFD."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ERROR_CODES, ILLEGAL_CHARACTERS_RE

    if len(text) > MAX_TEXT_LENGTH // 2 and len(text.encode("utf-16-le")) // 2 > MAX_TEXT_LENGTH:
        raise TableError(
            f"sheet {sheet.title!r}, row {row:,}, column {column!r}: the text has {len(text):,} characters, an Excel "
            f"cell holds {MAX_TEXT_LENGTH:,}; shorten it, or write csv"
        )
    clean = ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", text)
    if not clean.startswith(FORMULA_STARTS) and clean not in ERROR_CODES:
        return wrapped_text_cell(sheet, clean) if len(clean) > MAX_WIDTH else clean
    cell = WriteOnlyCell(sheet, clean)
    cell.data_type, cell.quotePrefix = "s", True
    return cell


def wrapped_text_cell(sheet: Any, text: str) -> Any:
    """A text cell with wrapped lines."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment

    cell = WriteOnlyCell(sheet, text)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    return cell


def number_format(value: float) -> str:
    """Excel number format that displays at least three digits of a value."""
    if value == round(value) or abs(value) >= 1000.0:
        return "#,##0"
    return "#,##0.0" if abs(value) >= 10.0 else "0.00" if abs(value) >= 1.0 else "General"


def column_width(head: str, values: Sequence[Cell] | NDArray[Any]) -> float:
    """Width of a column in characters that fits its longest text, and its header in three lines."""
    longest = max((len(v) for v in values if isinstance(v, str) and not isinstance(v, Formula)), default=0)
    longest_word = max((len(word) for word in head.split()), default=0)
    return float(min(max(MIN_WIDTH, longest, longest_word + 3, ceil(len(head) / 3) + 3, 12) + 2, MAX_WIDTH))
