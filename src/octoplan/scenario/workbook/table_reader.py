"""Reading of the rows of a sheet whose first row names its columns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from octoplan.scenario.report import did_you_mean
from octoplan.scenario.workbook.cell_text import CellAddress, SheetReader, quoted_text


@dataclass(frozen=True)
class TableRow:
    """A row of a sheet: its number, and the number of the column of each header."""

    number: int
    columns: dict[str, int]
    reader: SheetReader

    def text(self, header: str) -> str:
        """The text in a column, without white space at its ends; empty if the sheet lacks the column."""
        column = self.columns.get(header)
        return self.reader.text(self.number, column).strip() if column else ""

    def address(self, header: str) -> CellAddress:
        """Address of the cell in a column; of the first cell of the row if the sheet lacks the column."""
        return self.reader.address(self.number, self.columns.get(header, 1))

    def add(self, header: str, message: str) -> None:
        """Report a problem of the cell in a column."""
        self.reader.messages.add(self.address(header), message)


def table_rows(reader: SheetReader, headers: Sequence[str], optional: Sequence[str] = ()) -> Iterator[TableRow]:
    """The rows of a sheet that have content, after checks of the header.

    headers
        The permitted headers.
    optional
        Headers that may be missing.
    """
    columns = header_columns(reader, headers)
    for header in headers:
        if header not in columns and header not in optional:
            message = f"the sheet has no column '{header}'; add it with this header, next to the others in row 1"
            reader.messages.add(reader.address(1), message)
    for row in range(2, reader.last_row + 1):
        if any((row, column) in reader.sheet.cells for column in columns.values()):
            yield TableRow(row, columns, reader)


def header_columns(reader: SheetReader, headers: Sequence[str]) -> dict[str, int]:
    """Number of the column of each header; unknown and repeated headers and cells outside the columns are reported."""
    columns: dict[str, int] = {}
    by_lower_case = {header.lower(): header for header in headers}
    outside = set()
    for column in range(1, reader.last_column + 1):
        text = reader.text(1, column).strip()
        header = by_lower_case.get(text.lower())
        if header in columns:
            reader.messages.add(reader.address(1, column), f"the column '{header}' occurs twice; keep one of them")
        elif header is not None:
            columns[header] = column
        elif text:
            message = f"{quoted_text(text)} is not a column of this sheet; {did_you_mean(text, headers)}"
            reader.messages.add(reader.address(1, column), message)
        else:
            outside.add(column)
    report_outside(reader, outside)
    return columns


def report_outside(reader: SheetReader, columns: set[int]) -> None:
    """Report cells with content in columns that have no header."""
    for (row, column), cell in reader.sheet.cells.items():
        if column in columns and (cell.text or "").strip():
            message = (
                f"holds {quoted_text(cell.text or '')} in a column without a header; clear the cell, "
                "or move your notes to a sheet whose name begins with 'notes'"
            )
            reader.messages.add(reader.address(row, column), message)


def report_repeated(reader: SheetReader, rows: dict[str, int], text: str, row: int, column: int = 1) -> bool:
    """Whether a name occurs in an earlier row of the sheet, which is reported; otherwise its row is remembered.

    rows
        Row of each name so far, to which the name is added.
    """
    if text in rows:
        message = f"{quoted_text(text)} is already in row {rows[text]}; keep one of the two rows"
        reader.messages.add(reader.address(row, column), message)
        return True
    rows[text] = row
    return False
