"""A scenario as a workbook with a sheet for each file: the cells of a CSV file, or the lines of a TOML file.

Reading gives a warning for each cell that could be read in two ways, and an error for each cell that cannot be read.
Writing and reading again returns the same files.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from math import isfinite

from octoplan.app.xlsx import ESCAPED_CHARACTER, NUMBER_TEXT, Sheet, SheetCell, Workbook, column_letters, parse_workbook
from octoplan.errors import FolderError
from octoplan.scenario.csv_text import csv_text
from octoplan.scenario.files import decode
from octoplan.scenario.report import did_you_mean
from octoplan.show.workbook import MAX_TEXT_LENGTH, plain_workbook
from octoplan.tables import Cell

SPREADSHEET_DIGITS = 15
"""Significant digits that spreadsheet programs keep of a number."""
MAX_MESSAGES = 20
"""Maximum number of messages about an upload."""
LITERAL_IN_FORMAT = re.compile(r'"([^"]*)"|\\(.)|\[[^\]]*\]|[_*].')
"""Parts of a number format that are literal text or not displayed."""
CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Control characters that XML does not permit."""


def read_workbook(parts: Mapping[str, bytes], names: Sequence[str]) -> tuple[dict[str, bytes], list[str]]:
    """Read the files of a scenario from the sheets of a workbook, with warnings about how they were read.

    Args:
        parts: The members of the workbook's archive by name.
        names: Permitted names of sheets.

    Raises:
        FolderError: A sheet is unknown or occurs twice, or cells cannot be read; the message names each of them.

    """
    book = parse_workbook(parts)
    problems = dict.fromkeys(
        f"the sheet {sheet.name!r} is not a file of a scenario; {did_you_mean(sheet.name, names)}"
        for sheet in book.sheets
        if sheet.name not in names
    )
    titles = [sheet.name for sheet in book.sheets]
    problems |= dict.fromkeys(f"the sheet {name!r} occurs twice" for name in titles if titles.count(name) > 1)
    warnings: dict[str, None] = {}
    files = {}
    if not problems:
        for sheet in book.sheets:
            files[sheet.name] = _FileReader(sheet, book, problems, warnings).file_text().encode()
    if problems:
        raise FolderError(*first_messages(problems))
    return files, first_messages(warnings)


def first_messages(messages: Iterable[str]) -> list[str]:
    """The first ``MAX_MESSAGES`` messages, and the number of those omitted."""
    listed = list(messages)
    return [*listed[:MAX_MESSAGES], *([f"and {len(listed) - MAX_MESSAGES} more"] if len(listed) > MAX_MESSAGES else [])]


class _FileReader:
    """Converts one sheet to the text of a file, and collects problems and warnings."""

    def __init__(self, sheet: Sheet, book: Workbook, problems: dict[str, None], warnings: dict[str, None]) -> None:
        self.sheet, self.book, self.problems, self.warnings = sheet, book, problems, warnings
        self.last_row = max((row for row, _ in sheet.cells), default=0)
        self.last_column = max((column for _, column in sheet.cells), default=0)

    def file_text(self) -> str:
        """Text of the file, after checks for hidden and merged cells."""
        self.check_hidden()
        self.check_merged()
        return self.table_text() if self.sheet.name.endswith(".csv") else self.line_text()

    def line_text(self) -> str:
        """Text of a file other than CSV, with one line in each cell of column A."""
        for (_, column), cell in self.sheet.cells.items():
            if column > 1:
                self.add_problem(
                    cell, f"holds {quoted_content(cell)}; the lines of {self.sheet.name} must be in column A"
                )
        texts = [self.cell_text(self.sheet.cells.get((row, 1))) for row in range(1, self.last_row + 1)]
        return "".join(f"{text}\n" for text in texts)

    def table_text(self) -> str:
        """Text of a CSV file with the columns of its header."""
        cells = self.sheet.cells
        first = min((row for row, _ in cells), default=1)
        header = [self.cell_text(cells.get((first, column))).strip() for column in range(1, self.last_column + 1)]
        while header and not header[-1]:
            header.pop()
        unit = header.index("unit") + 1 if "unit" in header else 0
        for (_, column), cell in cells.items():
            if column > len(header) and (cell.text or "").strip():
                self.add_problem(cell, f"holds {quoted_content(cell)} in a column without a heading")
        table = []
        for row in range(1, self.last_row + 1):
            units = self.cell_text(cells.get((row, unit))).strip() if unit else None
            texts = [self.table_cell_text(cells.get((row, column)), units) for column in range(1, len(header) + 1)]
            table.append(texts if any(texts) else [])
        return csv_text(table)

    def table_cell_text(self, cell: SheetCell | None, unit: str | None) -> str:
        """Text of a cell of a table; a number displayed as a percentage is converted to the unit of its row."""
        text = self.cell_text(cell)
        if cell is None or cell.kind != "number" or not text or not NUMBER_TEXT.fullmatch(text):
            return text
        code = LITERAL_IN_FORMAT.sub("", cell.number_format)
        if "%" in code:
            scaled = f"{(Decimal(text) * 100).normalize():f}"
            reading = text
            if unit is not None and ("%" in unit or "percent" in unit):
                reading = scaled
            elif unit == "":
                reading = f"{scaled} %"
            unit_text = f" with the unit {unit}" if unit else ""
            self.add_warning(cell, f"holds {text} and is displayed as {scaled} %; read as {reading}{unit_text}")
            return reading
        literals = "".join(quoted or escaped for quoted, escaped in LITERAL_IN_FORMAT.findall(cell.number_format))
        if re.search(r"[^\W\d_]", literals) or re.search(r"[0#],+(?:[;.]|$)", code):
            self.add_warning(cell, f"holds {text} and is displayed in the format {cell.number_format}; read as {text}")
        return text

    def cell_text(self, cell: SheetCell | None) -> str:
        """The text of a cell as a user would type it; empty if it cannot be read, which is reported."""
        if cell is None:
            return ""
        if cell.kind == "error":
            self.add_problem(cell, f"holds the error {cell.text}; type a value instead")
            return ""
        if cell.formula or cell.text is None:
            if cell.text is None:
                formula = cell.formula[:60]
                self.add_problem(cell, f"holds the formula ={formula} without a stored value; type a value instead")
                return ""
            self.add_warning(
                cell, f"holds the formula ={cell.formula[:60]}; read as {quoted_content(cell)}, its stored value"
            )
        if cell.kind == "boolean":
            return "TRUE" if cell.text == "1" else "FALSE"
        if cell.kind == "text":
            return re.sub("\r\n?", "\n", cell.text)
        return self.number_or_date_text(cell, cell.text)

    def number_or_date_text(self, cell: SheetCell, text: str) -> str:
        """Text of a number, or of a date if the cell is displayed as a date."""
        value = float(text)
        if not isfinite(value):
            self.add_problem(cell, f"holds {text[:60]}, which is too large for a number")
            return ""
        date_text = self.date_text(cell, value)
        if date_text is not None:
            return date_text
        if significant_digits(text) > SPREADSHEET_DIGITS and abs(value) >= 10.0**SPREADSHEET_DIGITS:
            self.add_warning(
                cell,
                f"holds {text}; spreadsheet programs keep {SPREADSHEET_DIGITS} digits, so the last ones may be lost",
            )
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
            self.add_problem(cell, f"holds {value:g}, displayed as a date that does not exist")
            return ""
        return str(date).removesuffix(" 00:00:00")

    def check_hidden(self) -> None:
        """Add warnings about hidden sheets, rows and columns with content."""
        sheet, rows = self.sheet, {row for row, _ in self.sheet.cells}
        if sheet.hidden:
            self.warnings[f"the sheet {sheet.name} is hidden; it was read"] = None
        hidden = [row for row in sheet.hidden_rows if row in rows]
        if hidden:
            self.warnings[f"{sheet.name}: hidden rows were read: {number_ranges(hidden)}"] = None
        columns = {column for _, column in sheet.cells}
        hidden = [c for c in sorted(columns) if any(first <= c <= last for first, last in sheet.hidden_columns)]
        if hidden:
            names = ", ".join(map(column_letters, hidden))
            self.warnings[f"{sheet.name}: hidden columns were read: {names}"] = None

    def check_merged(self) -> None:
        """Report merged cells of a table, because only the first of them has a value."""
        for reference in self.sheet.merged:
            match = re.fullmatch(r"[A-Z]{1,3}([0-9]{1,7}):[A-Z]{1,3}([0-9]{1,7})", reference)
            rows = range(int(match[1]), int(match[2]) + 1) if match else range(1)
            inside = any(row in rows for row, _ in self.sheet.cells)
            if inside and (self.sheet.name.endswith(".csv") or len(rows) > 1):
                reason = "are merged, so that only the first of them holds a value; unmerge them"
                self.problems[f"{self.sheet.name}!{reference} {reason}"] = None

    def add_problem(self, cell: SheetCell, message: str) -> None:
        """Report a cell that cannot be read."""
        self.problems[f"{self.sheet.name}!{cell.address} {message}"] = None

    def add_warning(self, cell: SheetCell, message: str) -> None:
        """Add a warning about a cell with more than one possible reading."""
        self.warnings[f"{self.sheet.name}!{cell.address} {message}"] = None


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
    return str(int(value)) if value.is_integer() and abs(value) < 10.0**SPREADSHEET_DIGITS else repr(value)


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
    """Yield a message for each cell that is longer than a workbook permits."""
    header = rows[0] if rows else []
    for number, row in enumerate(rows, start=1):
        for column, text in enumerate(row):
            length = len(escape_text(text).encode("utf-16-le")) // 2
            if length > MAX_TEXT_LENGTH:
                title = f" {row[0][:60]}, column {header[column]}," if column and column < len(header) else ""
                yield (
                    f"{name}, row {number}:{title} has {length:,} characters; a cell of a workbook holds "
                    f"at most {MAX_TEXT_LENGTH:,}. Download the scenario as .zip instead"
                )


def escape_text(text: str) -> str:
    """A text in which control characters are replaced by escapes such as ``_x000D_``."""
    text = ESCAPED_CHARACTER.sub(lambda match: f"_x005F{match[0]}", text)
    return CONTROL_CHARACTER.sub(lambda match: f"_x{ord(match[0]):04X}_", text)


def cell_value(text: str, *, as_number: bool) -> Cell:
    """A cell: a number if reading it again gives the same text, else text."""
    if as_number and NUMBER_TEXT.fullmatch(text) and isfinite(float(text)):
        value = int(text) if re.fullmatch("[+-]?[0-9]+", text) else float(text)
        if (
            number_text(str(value)) == text
            and significant_digits(text) <= SPREADSHEET_DIGITS
            and abs(value) < 10.0**SPREADSHEET_DIGITS
        ):
            return value
    return escape_text(text) if text else None
