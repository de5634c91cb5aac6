"""CSV files of a scenario: reading rows with their line numbers, and replacing rows without changing the others."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from octoplan.scenario.files import decode
from octoplan.scenario.report import Report, quoted

MAX_ROWS = 20_000
"""Largest number of rows of a file, without its header."""
MAX_CELL_LENGTH = 131_072
"""Largest number of characters in a cell, the default limit of Python's CSV reader."""

_CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Row:
    """A row of a CSV file: number of its first line, cells by column, and name of the file."""

    line: int
    cells: Mapping[str, str]
    file: str

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


def read_csv(file: str, text: str, columns: tuple[str, ...], report: Report) -> list[Row] | None:
    """Read the rows of a CSV file with exactly the given columns, in any order.

    Blank rows and columns without header and content are skipped, because spreadsheets write them for formatted cells.
    An invalid row is reported and omitted.

    Returns:
        The rows; None, after reporting the problem, if the header is invalid or there are too many rows.

    """
    rows: list[Row] = []
    header: list[str] | None = None
    for line, cells in _csv_rows(file, text, report):
        if not any(cells):
            continue
        if header is None:
            header = cells
            if not _check_header(file, line, header, columns, report):
                return None
        elif len(rows) == MAX_ROWS:
            report.add(file, line, f"has more than {MAX_ROWS:,} rows; the limit is {MAX_ROWS:,}")
            return None
        elif problem := _row_error(header, cells):
            report.add(file, line, problem)
        else:
            rows.append(Row(line, {c: cell for c, cell in zip(header, cells, strict=False) if c}, file))
    if header is None:
        report.add(file, 1, "has no header; expected " + ",".join(columns))
        return None
    return rows


def _row_error(header: list[str], cells: list[str]) -> str:
    """Reason why a row is invalid; empty if it is valid."""
    last_named = max((i for i, column in enumerate(header, 1) if column), default=0)
    last_filled = max((i for i, cell in enumerate(cells, 1) if cell), default=0)
    if len(cells) < last_named or last_filled > len(header):
        return f"the row has {len(cells)} cells, expected {len(header)}; put cells that contain a comma in quotes"
    for index, (column, cell) in enumerate(zip(header, cells, strict=False), 1):
        if cell and not column:
            return f"{quoted(cell)} is in column {index}, which has no header; remove the cell or add a header"
        if _CONTROL_CHARACTER.search(cell):
            return f"the cell {quoted(cell)} contains a control character; remove the character"
    return ""


def _csv_rows(file: str, text: str, report: Report) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of the first line and the cells of each row; stop after reporting malformed CSV."""
    reader = csv.reader(io.StringIO(re.sub("\r\n?", "\n", text)), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            report.add(file, line, f"is not valid CSV: {error}")
            return
        if any(len(cell) > MAX_CELL_LENGTH for cell in cells):
            report.add(file, line, f"is not valid CSV: a cell has more than {MAX_CELL_LENGTH:,} characters")
            return
        yield line, [cell.strip() for cell in cells]


def _check_header(file: str, line: int, header: list[str], columns: tuple[str, ...], report: Report) -> bool:
    """True if the header names each of the columns once and no others; otherwise the errors are reported."""
    expected = ",".join(columns)
    names = [column for column in header if column]
    if len(names) == 1 and any(separator in names[0] for separator in ";\t"):
        report.add(file, line, f"the cells are not separated by commas; expected the header {expected}")
        return False
    problems = [f"has no column '{column}'" for column in columns if column not in header]
    for index, column in enumerate(header):
        if column and column not in columns:
            problems.append(f"has an unknown column {quoted(column)}")
        elif column and column in header[:index]:
            problems.append(f"has the column '{column}' twice")
    if problems:
        report.add(file, line, f"the header {'; '.join(problems[:6])}; expected {expected}")
    return not problems


def cells_of(data: bytes) -> list[list[str]]:
    r"""The cells of each row of a valid CSV file, including the header and blank rows.

    >>> cells_of(b"a,b\n1,\n")
    [['a', 'b'], ['1', '']]
    """
    return list(csv.reader(io.StringIO(decode(data))))


def row_dicts(data: bytes) -> list[dict[str, str]]:
    r"""The rows of a valid CSV file, as dictionaries by column.

    >>> row_dicts(b"a,b\n1, x\n")
    [{'a': '1', 'b': 'x'}]
    """
    rows = [[cell.strip() for cell in cells] for cells in cells_of(data)]
    header, *body = [cells for cells in rows if any(cells)]
    return [dict(zip(header, cells, strict=False)) for cells in body]


def csv_text(rows: Iterable[Iterable[object]], line_ending: str = "\n") -> str:
    r"""CSV text of rows of cells.

    >>> csv_text([["a", "b"], [1, "x, y"]])
    'a,b\n1,"x, y"\n'
    """
    output = io.StringIO()
    csv.writer(output, lineterminator=line_ending).writerows(rows)
    return output.getvalue()


def append_rows(data: bytes, rows: Iterable[Mapping[str, str]]) -> bytes:
    r"""A CSV file with further rows at its end; what it has is unchanged, byte for byte.

    The further rows have the line ending of its first line.

    Args:
        data: The content of a valid CSV file.
        rows: The cells of each new row by column; cells of other columns become empty.

    >>> append_rows(b"name,note,value\r\na,,1", [{"name": "b", "value": "5"}])
    b'name,note,value\r\na,,1\r\nb,,5\r\n'

    """
    first_ending = re.search(rb"\r\n|\r|\n", data)
    line_ending = first_ending[0] if first_ending else b"\n"
    header = next(cells for cells in cells_of(data) if any(cell.strip() for cell in cells))
    added = csv_text(([row.get(column.strip(), "") for column in header] for row in rows), line_ending.decode())
    return data + (b"" if data.endswith((b"\r", b"\n")) else line_ending) + added.encode()


def replace_rows(data: bytes, key_column: str, replacements: Mapping[str, Mapping[str, str]]) -> str:
    r"""The text of a CSV file with some rows replaced and the columns in unchanged order.

    Args:
        data: The content of a valid CSV file.
        key_column: Name of the column that identifies a row.
        replacements: By key, the cells of the new row by column; cells of other columns become empty.

    Raises:
        KeyError: If the file has no row with one of the keys.

    >>> replace_rows(b"note,name,value\nold,a,1\n,b,2\n", "name", {"a": {"name": "a", "value": "5"}})
    'note,name,value\n,a,5\n,b,2\n'

    """
    rows = cells_of(data)
    header_index = next(index for index, cells in enumerate(rows) if any(cell.strip() for cell in cells))
    header = [column.strip() for column in rows[header_index]]
    key_index = header.index(key_column)
    body = list(enumerate(rows))[header_index + 1 :]
    index_of = {cells[key_index].strip(): index for index, cells in body if len(cells) > key_index}
    for name, cells in replacements.items():
        rows[index_of[name]] = [cells.get(column, "") for column in header]
    return csv_text(rows)
