"""A scenario as a workbook with a sheet for each file: the cells of a CSV file, or the lines of a TOML file.

Reading gives a remark for each cell that could be read in two ways, and an error for each cell that cannot be read.
Writing and reading again returns the same files.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import isfinite

from octoplan.app.xlsx import ESCAPE, NUMBER, Book, Sheet, SheetCell, letters, read_book
from octoplan.errors import FolderError
from octoplan.scenario.csv_text import csv_text
from octoplan.scenario.files import decode
from octoplan.scenario.report import did_you_mean
from octoplan.show.workbook import MAX_TEXT_LENGTH, plain_workbook
from octoplan.tables import Cell

DIGITS = 15
"""Significant digits of a number that spreadsheet programs keep."""
MAX_MESSAGES = 20
LITERAL = re.compile(r'"([^"]*)"|\\(.)|\[[^\]]*\]|[_*].')
"""Parts of a number format that are literal text or not displayed."""
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def read_workbook(parts: Mapping[str, bytes], names: Sequence[str]) -> tuple[dict[str, bytes], list[str]]:
    """The files of a scenario from the sheets of a workbook, and remarks on how they were read.

    Args:
        parts: The members of the workbook's archive by name.
        names: Permitted names of sheets.

    Raises:
        FolderError: A sheet is unknown or occurs twice, or cells cannot be read; the message names each of them.

    """
    book = read_book(parts)
    problems = dict.fromkeys(
        f"there is no file {sheet.name!r} in a scenario; {did_you_mean(sheet.name, names)}"
        for sheet in book.sheets
        if sheet.name not in names
    )
    titles = [sheet.name for sheet in book.sheets]
    problems |= dict.fromkeys(f"the sheet {name!r} occurs twice" for name in titles if titles.count(name) > 1)
    remarks: dict[str, None] = {}
    files = {}
    if not problems:
        for sheet in book.sheets:
            files[sheet.name] = _FileReader(sheet, book, problems, remarks).text().encode()
    if problems:
        raise FolderError(*first_messages(problems))
    return files, first_messages(remarks)


def first_messages(messages: Iterable[str]) -> list[str]:
    """The first ``MAX_MESSAGES`` messages, and the number of those omitted."""
    listed = list(messages)
    return [*listed[:MAX_MESSAGES], *([f"and {len(listed) - MAX_MESSAGES} more"] if len(listed) > MAX_MESSAGES else [])]


class _FileReader:
    """Converts one sheet to the text of a file, and collects problems and remarks."""

    def __init__(self, sheet: Sheet, book: Book, problems: dict[str, None], remarks: dict[str, None]) -> None:
        self.sheet, self.book, self.problems, self.remarks = sheet, book, problems, remarks
        self.rows = max((row for row, _ in sheet.cells), default=0)
        self.columns = max((column for _, column in sheet.cells), default=0)

    def text(self) -> str:
        """The text of the file."""
        self.check_hidden()
        self.check_merged()
        return self.table() if self.sheet.name.endswith(".csv") else self.lines()

    def lines(self) -> str:
        """A text file: one line in each cell of column A."""
        for (_, column), cell in self.sheet.cells.items():
            if column > 1:
                self.problem(cell, f"holds {quoted_content(cell)}; the lines of {self.sheet.name} must be in column A")
        texts = [self.cell_text(self.sheet.cells.get((row, 1))) for row in range(1, self.rows + 1)]
        return "".join(f"{text}\n" for text in texts)

    def table(self) -> str:
        """A CSV file with the columns of its header."""
        cells = self.sheet.cells
        first = min((row for row, _ in cells), default=1)
        header = [self.cell_text(cells.get((first, column))).strip() for column in range(1, self.columns + 1)]
        while header and not header[-1]:
            header.pop()
        unit = header.index("unit") + 1 if "unit" in header else 0
        for (_, column), cell in cells.items():
            if column > len(header) and (cell.text or "").strip():
                self.problem(cell, f"holds {quoted_content(cell)} in a column without a heading")
        table = []
        for row in range(1, self.rows + 1):
            units = self.cell_text(cells.get((row, unit))).strip() if unit else None
            texts = [self.table_cell_text(cells.get((row, column)), units) for column in range(1, len(header) + 1)]
            table.append(texts if any(texts) else [])
        return csv_text(table)

    def table_cell_text(self, cell: SheetCell | None, unit: str | None) -> str:
        """Text of a cell of a table; a number displayed in per cent is converted to the unit of its row."""
        text = self.cell_text(cell)
        if cell is None or cell.kind != "number" or not text or not NUMBER.fullmatch(text):
            return text
        code = LITERAL.sub("", cell.number_format)
        if "%" in code:
            scaled = f"{(Decimal(text) * 100).normalize():f}"
            reading = text
            if unit is not None and ("%" in unit or "percent" in unit):
                reading = scaled
            elif unit == "":
                reading = f"{scaled} %"
            measure = f" with the unit {unit}" if unit else ""
            self.remark(cell, f"holds {text} and is displayed as {scaled} %; read as {reading}{measure}")
            return reading
        literals = "".join(quoted or escape_text for quoted, escape_text in LITERAL.findall(cell.number_format))
        if re.search(r"[^\W\d_]", literals) or re.search(r"[0#],+(?:[;.]|$)", code):
            self.remark(cell, f"holds {text} and is displayed in the format {cell.number_format}; read as {text}")
        return text

    def cell_text(self, cell: SheetCell | None) -> str:
        """The text of a cell as a user would type it; empty if it cannot be read, which is reported."""
        if cell is None:
            return ""
        if cell.kind == "error":
            self.problem(cell, f"holds the error {cell.text}; type its value")
            return ""
        if cell.formula or cell.text is None:
            if cell.text is None:
                formula = cell.formula[:60]
                self.problem(cell, f"holds the formula ={formula} without a stored value; type its value")
                return ""
            self.remark(
                cell, f"holds the formula ={cell.formula[:60]}; read as {quoted_content(cell)}, its stored value"
            )
        if cell.kind == "boolean":
            return "TRUE" if cell.text == "1" else "FALSE"
        if cell.kind == "text":
            return re.sub("\r\n?", "\n", cell.text)
        return self.number(cell, cell.text)

    def number(self, cell: SheetCell, text: str) -> str:
        """Text of a number, or of a date if the cell is displayed as a date."""
        value = float(text)
        if not isfinite(value):
            self.problem(cell, f"holds {text[:60]}, which is too large for a number")
            return ""
        date_text = self.date_text(cell, value)
        if date_text is not None:
            return date_text
        if significant_digits(text) > DIGITS and abs(value) >= 10.0**DIGITS:
            self.remark(cell, f"holds {text}; spreadsheet programs keep {DIGITS} digits, so the last ones may be lost")
        return number_text(text)

    def date_text(self, cell: SheetCell, value: float) -> str | None:
        """A date such as 2026-11-22, or a time such as 10:30:00; None if the cell is displayed as a number."""
        from openpyxl.styles.numbers import is_date_format
        from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

        if not is_date_format(cell.number_format):
            return None
        try:
            date = from_excel(value, CALENDAR_MAC_1904 if self.book.date1904 else CALENDAR_WINDOWS_1900)
        except (OverflowError, ValueError):
            self.problem(cell, f"holds {value:g}, displayed as a date that does not exist")
            return ""
        return str(date).removesuffix(" 00:00:00")

    def check_hidden(self) -> None:
        """Add remarks on hidden sheets, rows and columns with content."""
        sheet, rows = self.sheet, {row for row, _ in self.sheet.cells}
        if sheet.hidden:
            self.remarks[f"the sheet {sheet.name} is hidden; it was read"] = None
        hidden = [row for row in sheet.hidden_rows if row in rows]
        if hidden:
            self.remarks[f"{sheet.name}: hidden rows were read: {number_ranges(hidden)}"] = None
        columns = {column for _, column in sheet.cells}
        hidden = [c for c in sorted(columns) if any(first <= c <= last for first, last in sheet.hidden_columns)]
        if hidden:
            names = ", ".join(map(letters, hidden))
            self.remarks[f"{sheet.name}: hidden columns were read: {names}"] = None

    def check_merged(self) -> None:
        """Report merged cells of a table, since only the first of them has a value."""
        for reference in self.sheet.merged:
            match = re.fullmatch(r"[A-Z]{1,3}([0-9]{1,7}):[A-Z]{1,3}([0-9]{1,7})", reference)
            rows = range(int(match[1]), int(match[2]) + 1) if match else range(1)
            inside = any(row in rows for row, _ in self.sheet.cells)
            if inside and (self.sheet.name.endswith(".csv") or len(rows) > 1):
                reason = "are merged, and only the first of them holds a value; split them"
                self.problems[f"{self.sheet.name}!{reference} {reason}"] = None

    def problem(self, cell: SheetCell, message: str) -> None:
        """Report a cell that cannot be read."""
        self.problems[f"{self.sheet.name}!{cell.address} {message}"] = None

    def remark(self, cell: SheetCell, message: str) -> None:
        """Add a remark on a cell with more than one possible reading."""
        self.remarks[f"{self.sheet.name}!{cell.address} {message}"] = None


def quoted_content(cell: SheetCell) -> str:
    """Content of a cell in quotes, for messages."""
    text = cell.text or ""
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def number_ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers as text, with consecutive numbers as ranges: ``3, 5 to 9``."""
    ends: list[list[int]] = []
    for number in numbers:
        if ends and number == ends[-1][1] + 1:
            ends[-1][1] = number
        else:
            ends.append([number, number])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in ends)


def number_text(text: str) -> str:
    """Shortest decimal text of a number in a workbook, such as 20 for 2.0E1."""
    value = float(text)
    if re.fullmatch("[+-]?[0-9]+", text):
        return str(int(text))
    return str(int(value)) if value.is_integer() and abs(value) < 10.0**DIGITS else repr(value)


def significant_digits(text: str) -> int:
    """Number of significant digits in the text of a number."""
    return len(re.sub("[eE].*|[^0-9]", "", text).strip("0"))


def write_workbook(files: Mapping[str, bytes]) -> bytes:
    """A workbook with one sheet for each file; numbers are stored as numbers, and text is never a formula.

    Raises:
        FolderError: A cell has more characters than a workbook holds; the message names its row.

    """
    tables = {name: cells_of(name, data) for name, data in files.items()}
    problems = [problem for name, rows in tables.items() for problem in length_problems(name, rows)]
    if problems:
        raise FolderError(*problems)
    return plain_workbook({
        name: [[cell_value(text, as_number=name.endswith(".csv")) for text in row] for row in rows]
        for name, rows in tables.items()
    })  # fmt: skip


def cells_of(name: str, data: bytes) -> list[list[str]]:
    """Rows of cells of a file; in a file other than CSV each line is one cell."""
    text = re.sub("\r\n?", "\n", decode(data))
    if name.endswith(".csv"):
        return list(csv.reader(io.StringIO(text, newline="")))
    return [[line] for line in text.removesuffix("\n").split("\n")]


def length_problems(name: str, rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """A message for each cell longer than the limit of a workbook."""
    header = rows[0] if rows else []
    for number, row in enumerate(rows, start=1):
        for column, text in enumerate(row):
            size = len(escape_text(text).encode("utf-16-le")) // 2
            if size > MAX_TEXT_LENGTH:
                title = f" {row[0][:60]}, column {header[column]}," if column and column < len(header) else ""
                yield (
                    f"{name}, row {number}:{title} has {size:,} characters; a cell of a workbook holds "
                    f"{MAX_TEXT_LENGTH:,}. Download the scenario as .zip instead"
                )


def escape_text(text: str) -> str:
    """A text in which control characters are replaced by escapes such as ``_x000D_``."""
    text = ESCAPE.sub(lambda match: f"_x005F{match[0]}", text)
    return CONTROL.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def cell_value(text: str, *, as_number: bool) -> Cell:
    """A cell: a number if reading it again gives the same text, else text."""
    if as_number and NUMBER.fullmatch(text) and isfinite(float(text)):
        value = int(text) if re.fullmatch("[+-]?[0-9]+", text) else float(text)
        if number_text(str(value)) == text and significant_digits(text) <= DIGITS and abs(value) < 10.0**DIGITS:
            return value
    return escape_text(text) if text else None
