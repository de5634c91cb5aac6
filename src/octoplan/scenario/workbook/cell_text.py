"""Texts and values of the cells of a sheet, with a problem or warning for each cell that may be misread."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from math import isfinite

from octoplan.errors import CellProblem
from octoplan.scenario.workbook.xlsx import NUMBER_TEXT, Sheet, SheetCell, column_letters

SPREADSHEET_DIGITS = 15
"""Significant digits that spreadsheet programs keep of a number."""
LITERAL_IN_FORMAT = re.compile(r'"([^"]*)"|\\(.)|\[[^\]]*\]|[_*].')
"""Parts of a number format that are literal text or not displayed."""
CONSTANT_FORMULAS = ("TRUE()", "FALSE()")
"""Formulas by which LibreOffice stores true and false."""
TRUTH = {"yes": True, "true": True, "no": False, "false": False}
"""Texts for true and false."""
MAX_QUOTED_LENGTH = 60
"""Largest number of characters of a cell that a message quotes."""


@dataclass(frozen=True)
class CellAddress:
    """Address of a cell: name of the sheet, row and column from 1; row 0 stands for the whole sheet."""

    sheet: str
    row: int = 0
    column: int = 1

    def problem(self, message: str) -> CellProblem:
        """A problem at this address."""
        return CellProblem(quoted_sheet(self.sheet), self.row, message, column_letters(self.column))


def quoted_sheet(name: str) -> str:
    """Name of a sheet as in a reference of a spreadsheet program: in quotes if it is more than letters and digits.

    >>> quoted_sheet("part orders")
    "'part orders'"
    """
    return name if re.fullmatch(r"\w+", name) else "'" + name.replace("'", "''") + "'"


@dataclass
class CellMessages:
    """Problems and warnings about the cells of a workbook, by address and message, in order of appearance."""

    problems: dict[tuple[CellAddress, str], None] = field(default_factory=dict)
    warnings: dict[tuple[CellAddress, str], None] = field(default_factory=dict)

    def add(self, address: CellAddress, message: str) -> None:
        """Add a problem, which makes the workbook invalid."""
        self.problems[address, message] = None

    def warn(self, address: CellAddress, message: str) -> None:
        """Add a warning: the cell is read, but its content may be a mistake."""
        self.warnings[address, message] = None


class SheetReader:
    """Texts of the cells of a sheet; cells that are empty, or that cannot be read and are reported, have no text."""

    def __init__(self, sheet: Sheet, messages: CellMessages, *, date1904: bool = False) -> None:
        self.sheet, self.messages, self.date1904 = sheet, messages, date1904
        self.last_row = max((row for row, _ in sheet.cells), default=0)
        self.last_column = max((column for _, column in sheet.cells), default=0)
        self.check_hidden()
        self.check_merged()

    def address(self, row: int, column: int = 1) -> CellAddress:
        """Address of a cell of the sheet."""
        return CellAddress(self.sheet.name, row, column)

    def cell(self, row: int, column: int) -> SheetCell | None:
        """The cell at a position; None if it is empty."""
        return self.sheet.cells.get((row, column))

    def text(self, row: int, column: int) -> str:
        """The text of a cell as a user would type it: 20, 0.5, TRUE, 2026-11-22."""
        cell = self.cell(row, column)
        if cell is None:
            return ""
        address = self.address(row, column)
        if cell.kind == "error":
            self.messages.add(address, f"holds the error {cell.text}; type a value instead")
            return ""
        if cell.text is None:
            message = f"holds the formula ={cell.formula[:60]} without a stored value; type a value instead"
            self.messages.add(address, message)
            return ""
        if cell.formula and cell.formula not in CONSTANT_FORMULAS:
            message = f"holds the formula ={cell.formula[:60]}; read as {quoted_content(cell)}, its stored value"
            self.messages.warn(address, message)
        if cell.kind == "boolean":
            return "TRUE" if cell.text == "1" else "FALSE"
        if cell.kind == "text":
            return re.sub("\r\n?", "\n", cell.text)
        return self._number_or_date_text(cell, cell.text, address)

    def _number_or_date_text(self, cell: SheetCell, text: str, address: CellAddress) -> str:
        """Text of a number, or of a date if the cell is displayed as a date."""
        value = float(text)
        if not isfinite(value):
            self.messages.add(address, f"holds {text[:60]}, which is too large for a number; type a smaller number")
            return ""
        date_text = self._date_text(cell, value, address)
        if date_text is not None:
            return date_text
        if significant_digits(text) > SPREADSHEET_DIGITS and abs(value) >= 10.0**SPREADSHEET_DIGITS:
            self.messages.warn(
                address,
                f"holds {text}; spreadsheet programs keep {SPREADSHEET_DIGITS} digits, so the last ones may be lost",
            )
        return number_text(text)

    def _date_text(self, cell: SheetCell, value: float, address: CellAddress) -> str | None:
        """A date such as 2026-11-22, or a time such as 10:30:00; None if the cell is displayed as a number."""
        from openpyxl.styles.numbers import is_date_format
        from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

        if not is_date_format(cell.number_format):
            return None
        try:
            calendar = CALENDAR_MAC_1904 if self.date1904 else CALENDAR_WINDOWS_1900
            return str(from_excel(value, calendar)).removesuffix(" 00:00:00")
        except (OverflowError, ValueError):
            self.messages.add(address, f"holds {value:g}, displayed as a date that does not exist; type a date")
            return ""

    def number_in_unit(self, row: int, column: int, unit: str | None) -> str:
        """Text of a cell; a number displayed as a percentage is converted to the unit of its row, with a warning.

        unit
            The unit; None if the sheet has no column of units.
        """
        text, cell = self.text(row, column), self.cell(row, column)
        if cell is None or cell.kind != "number" or cell.number_format == "General":
            return text
        if not NUMBER_TEXT.fullmatch(text):
            return text
        code, address = LITERAL_IN_FORMAT.sub("", cell.number_format), self.address(row, column)
        if "%" in code:
            scaled = f"{(Decimal(text) * 100).normalize():f}"
            reading = text
            if unit is not None and ("%" in unit or "percent" in unit):
                reading = scaled
            elif unit == "":
                reading = f"{scaled} %"
            unit_text = f" with the unit {unit}" if unit else ""
            message = f"holds {text} and is displayed as {scaled} %; read as {reading}{unit_text}"
            self.messages.warn(address, message)
            return reading
        literals = "".join(quoted or escaped for quoted, escaped in LITERAL_IN_FORMAT.findall(cell.number_format))
        if re.search(r"[^\W\d_]", literals) or re.search(r"[0#],+(?:[;.]|$)", code):
            message = f"holds {text} and is displayed in the format {cell.number_format}; read as {text}"
            self.messages.warn(address, message)
        return text

    def number(self, row: int, column: int, *, integer: bool = False, percent: bool = True) -> int | float | None:
        """The number in a cell; None, after reporting the problem, if it is empty or not a number.

        integer
            If True, only whole numbers are valid.
        percent
            If False, a number displayed as a percentage is a problem.
        """
        cell, address = self.cell(row, column), self.address(row, column)
        if not percent and is_percentage(cell):
            message = "is displayed as a percentage; choose the number format General and type the number"
            self.messages.add(address, message)
            return None
        text = (self.number_in_unit(row, column, "1") if percent else self.text(row, column)).strip()
        if not text:
            return None
        if problem := number_problem(text, integer=integer):
            self.messages.add(address, problem)
            return None
        return parse_number(text)

    def date(self, row: int, column: int) -> date | None:
        """The date in a cell; None, after reporting the problem, if it is empty or not a date."""
        text = self.text(row, column).strip()
        if not text:
            return None
        try:
            return date.fromisoformat(f"{text}-01" if re.fullmatch(r"[0-9]{4}-[0-9]{2}", text) else text)
        except ValueError:
            message = f"holds {quoted_text(text)}, which is not a date; type a date such as 2026-11-22"
            self.messages.add(self.address(row, column), message)
            return None

    def truth(self, row: int, column: int) -> bool | None:
        """True or False from a cell; None, after reporting the problem, if it is empty or anything else."""
        text = self.text(row, column).strip()
        if text and text.lower() not in TRUTH:
            self.messages.add(self.address(row, column), f"holds {quoted_text(text)}; type yes or no")
            return None
        return TRUTH[text.lower()] if text else None

    def check_hidden(self) -> None:
        """Add warnings about hidden sheets, rows and columns with content."""
        sheet, rows, address = self.sheet, {row for row, _ in self.sheet.cells}, self.address(0)
        if sheet.hidden:
            self.messages.warn(address, "the sheet is hidden; it was read")
        hidden = [row for row in sheet.hidden_rows if row in rows]
        if hidden:
            self.messages.warn(address, f"hidden rows were read: {number_ranges(hidden)}")
        columns = {column for _, column in sheet.cells}
        hidden = [c for c in sorted(columns) if any(first <= c <= last for first, last in sheet.hidden_columns)]
        if hidden:
            self.messages.warn(address, f"hidden columns were read: {', '.join(map(column_letters, hidden))}")

    def check_merged(self) -> None:
        """Report merged cells, because only the first of them has a value."""
        for reference in self.sheet.merged:
            match = re.fullmatch(r"([A-Z]{1,3})([0-9]{1,7}):[A-Z]{1,3}([0-9]{1,7})", reference)
            if match is None:
                continue
            if any(int(match[2]) <= row <= int(match[3]) for row, _ in self.sheet.cells):
                message = f"the cells {reference} are merged, so that only the first holds a value; unmerge them"
                column = sum(26**power * (ord(letter) - 64) for power, letter in enumerate(reversed(match[1])))
                self.messages.add(self.address(int(match[2]), column), message)


def is_percentage(cell: SheetCell | None) -> bool:
    """Whether a cell has a number that is displayed as a percentage."""
    return cell is not None and cell.kind == "number" and "%" in LITERAL_IN_FORMAT.sub("", cell.number_format)


def quoted_text(text: str) -> str:
    """A text in quotes, shortened for messages."""
    return repr(text if len(text) <= MAX_QUOTED_LENGTH else f"{text[: MAX_QUOTED_LENGTH - 3]}...")


def quoted_content(cell: SheetCell) -> str:
    """Content of a cell in quotes, for messages."""
    return quoted_text(cell.text or "")


def number_problem(text: str, *, integer: bool = False) -> str:
    """Reason why a text is not a number, and what to type instead; empty if it is a number."""
    if re.fullmatch(r"[+-]?[0-9]+,[0-9]+", text):
        point, plain = text.replace(",", "."), text.replace(",", "")
        readings = f"{point} or {plain}" if re.fullmatch(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}", text) else point
        return f"holds the text {text!r} with a comma; type {readings} as a number, with your program's decimal mark"
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*", text):
        return f"holds the date {text}; choose the number format General and type the number"
    if not NUMBER_TEXT.fullmatch(text) or not isfinite(float(text)):
        return f"holds {quoted_text(text)}, which is not a number; type a number such as 40 or 0.5"
    if integer and not float(text).is_integer():
        return f"holds {text}; type a whole number"
    return ""


def parse_number(text: str) -> int | float:
    """The number in a text: an integer if it is written without point and exponent or has no fraction.

    >>> parse_number("20"), parse_number("2.50")
    (20, 2.5)
    """
    return int(number_text(text)) if re.fullmatch("[+-]?[0-9]+", number_text(text)) else float(text)


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


def is_exact_in_spreadsheet(text: str) -> bool:
    """Whether a text is a number that a spreadsheet program stores and displays without loss."""
    return (
        NUMBER_TEXT.fullmatch(text) is not None
        and isfinite(float(text))
        and number_text(text) == text
        and significant_digits(text) <= SPREADSHEET_DIGITS
        and abs(float(text)) < 10.0**SPREADSHEET_DIGITS
    )
