"""Reading of the cells of an Excel workbook from the XML of its parts.

Only the content of cells is used: the declared dimension of a sheet is ignored, merged ranges are reported
and not expanded, and nothing is computed. A sheet is read once from top to bottom, so that its cost depends on the
size of the file and not on where its cells lie.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Literal
from xml.etree import ElementTree as ET

from octoplan.errors import FolderError
from octoplan.show.workbook import MAX_COLUMNS, column_letter

BOOK, BOOK_LINKS, STYLES, STRINGS = (
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "xl/sharedStrings.xml",
)
MAX_CELLS, MAX_ROW, MAX_COLUMN = 300_000, 20_001, 200
"""Maximum number of cells in a workbook, and last row and column that may have content."""

Kind = Literal["number", "text", "boolean", "error"]
REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True)
class SheetCell:
    """One cell with content.

    Attributes:
        text: Content in the file: the digits of a number, a text, ``1`` or ``0``, or an error such as ``#REF!``. None
            for a formula without a stored value.
        number_format: The format in which a number is displayed.
        formula: The formula without the equals sign; empty if the cell has none.

    """

    row: int
    column: int
    kind: Kind
    text: str | None
    number_format: str = "General"
    formula: str = ""

    @property
    def address(self) -> str:
        """Address of the cell, such as B5."""
        return f"{letters(self.column)}{self.row}"


@dataclass
class Sheet:
    """A worksheet: cells by row and column, and its hidden and merged ranges."""

    name: str
    hidden: bool
    cells: dict[tuple[int, int], SheetCell] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Book:
    """The worksheets of a workbook in order; ``date1904`` is True if dates count from 1904 instead of 1900."""

    sheets: tuple[Sheet, ...]
    date1904: bool


def read_book(parts: Mapping[str, bytes]) -> Book:
    """The worksheets of a workbook.

    Args:
        parts: The members of the workbook's archive by name.

    Raises:
        FolderError: A part is missing or is not well-formed, or a sheet is too large.

    """
    root = parse_part(parts, BOOK)
    properties = next(children(root, "workbookPr"), None)
    date1904 = properties is not None and properties.get("date1904") in ("1", "true")
    targets = {link.get("Id"): link for link in parse_part(parts, BOOK_LINKS) if local_name(link) == "Relationship"}
    strings, formats = shared_strings(parts), number_formats(parts)
    sheets, cells_left = [], MAX_CELLS
    for listed in children(root, "sheets"):
        for entry in listed:
            name = entry.get("name") or ""
            link = targets.get(next((value for key, value in entry.items() if key.endswith("}id")), None))
            if link is None or not (link.get("Type") or "").endswith("/worksheet"):
                raise FolderError(f"the sheet {name!r} is not a worksheet; remove it")
            part = str(PurePosixPath("/xl", link.get("Target") or "")).lstrip("/")
            sheet = Sheet(name, entry.get("state", "visible") != "visible")
            cells_left = _SheetReader(sheet, strings, formats, cells_left).read(parts, part)
            sheets.append(sheet)
    if not sheets:
        raise FolderError("the workbook has no sheet")
    return Book(tuple(sheets), date1904)


class _SheetReader:
    """Reads the cells of one sheet in a single pass."""

    def __init__(self, sheet: Sheet, strings: list[str], formats: list[str], cells_left: int) -> None:
        self.sheet, self.strings, self.formats, self.cells_left = sheet, strings, formats, cells_left
        self.row = self.column = 0

    def read(self, parts: Mapping[str, bytes], part: str) -> int:
        """Read the cells of the sheet; returns the number of further cells that the workbook may have."""
        sheet, table = self.sheet, None
        for event, element in parse_events(parts, part, sheet.name):
            tag = local_name(element)
            if event == "start":
                if tag == "row":
                    self.start_row(element)
                elif tag == "sheetData":
                    table = element
            elif tag == "c":
                self.add(element)
            elif tag == "row" and table is not None:
                table.clear()
            elif tag == "col" and element.get("hidden") in ("1", "true"):
                sheet.hidden_columns.append((whole_number(element, "min", sheet), whole_number(element, "max", sheet)))
            elif tag == "mergeCell":
                sheet.merged.append(element.get("ref") or "")
        return self.cells_left

    def start_row(self, element: ET.Element) -> None:
        """Start the next row. Raises FolderError if rows are not in order."""
        row = whole_number(element, "r", self.sheet) if "r" in element.attrib else self.row + 1
        if row <= self.row:
            raise FolderError(f"the sheet {self.sheet.name!r} states row {row} after row {self.row}; save it again")
        self.row, self.column = row, 0
        if element.get("hidden") in ("1", "true"):
            self.sheet.hidden_rows.append(row)

    def add(self, element: ET.Element) -> None:
        """Add one cell unless it is empty."""
        self.cells_left -= 1
        if self.cells_left < 0:
            raise FolderError(f"the workbook has more than {MAX_CELLS:,} cells; remove formatting from empty cells")
        self.column = self.column_of(element)
        parts = {local_name(child): child for child in element}
        if not parts:
            return
        kind, text = self.content(element.get("t", "n"), parts)
        if not text and "f" not in parts:
            return
        formula = (parts["f"].text or "") if "f" in parts else ""
        cell = SheetCell(self.row, self.column, kind, text, self.format_of(element), formula)
        if cell.row > MAX_ROW or cell.column > MAX_COLUMN:
            limit = f"row {MAX_ROW:,} and column {letters(MAX_COLUMN)}"
            raise FolderError(f"{self.sheet.name}!{cell.address} has content beyond {limit}; clear it")
        self.sheet.cells[cell.row, cell.column] = cell

    def column_of(self, element: ET.Element) -> int:
        """Column of a cell. Raises FolderError if it is not to the right of the cell before."""
        reference = element.get("r")
        if reference is None:
            return self.column + 1
        match = REFERENCE.fullmatch(reference)
        column = number_of_letters(match[1]) if match else 0
        if match is None or int(match[2]) != self.row or column <= self.column:
            raise FolderError(
                f"the sheet {self.sheet.name!r} has a cell {reference!r} in row {self.row}; save it again"
            )
        return column

    def content(self, code: str, parts: Mapping[str, ET.Element]) -> tuple[Kind, str | None]:
        """The kind and the text of a cell from its type and its child elements; None if no value is stored."""
        stored = parts.get("v")
        text = None if stored is None else stored.text
        address = f"{self.sheet.name}!{letters(self.column)}{self.row}"
        if code == "inlineStr":
            return "text", unescaped(string_of(parts["is"]) if "is" in parts else "", address)
        if code in ("str", "d"):
            plain = unescaped(text or "", address)
            return "text", None if stored is None else plain.removesuffix("T00:00:00") if code == "d" else plain
        if not text:
            return "number", None
        if code == "s":
            if not text.isascii() or not text.strip().isdigit() or int(text) >= len(self.strings):
                raise FolderError(
                    f"{address} refers to the text {text!r}, which the workbook does not have; save it again"
                )
            return "text", unescaped(self.strings[int(text)], address)
        if code == "e":
            return "error", text
        if code == "b" and text in ("0", "1"):
            return "boolean", text
        if code != "n" or not NUMBER.fullmatch(text.strip()):
            raise FolderError(f"{address} holds {text[:60]!r} as {code!r}, which is not a value; save it again")
        return "number", text.strip()

    def format_of(self, element: ET.Element) -> str:
        """The number format of a cell's style."""
        style = whole_number(element, "s", self.sheet) if "s" in element.attrib else 0
        if style >= len(self.formats):
            if "s" not in element.attrib:
                return "General"
            raise FolderError(
                f"the sheet {self.sheet.name!r} uses a style that the workbook does not have; save it again"
            )
        return self.formats[style]


def shared_strings(parts: Mapping[str, bytes]) -> list[str]:
    """The shared strings of the workbook, without formatting."""
    if STRINGS not in parts:
        return []
    return [string_of(element) for element in parse_part(parts, STRINGS) if local_name(element) == "si"]


def string_of(element: ET.Element) -> str:
    """Text of a string item, with its runs joined and without phonetic hints."""
    runs = [element, *children(element, "r")]
    return "".join(text.text or "" for run in runs for text in children(run, "t"))


def number_formats(parts: Mapping[str, bytes]) -> list[str]:
    """The number format of each cell style by number."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS

    if STYLES not in parts:
        return []
    root = parse_part(parts, STYLES)
    codes: dict[str, str] = {str(number): code for number, code in BUILTIN_FORMATS.items()}
    for group in children(root, "numFmts"):
        codes |= {entry.get("numFmtId", ""): entry.get("formatCode", "") for entry in group}
    return [codes.get(style.get("numFmtId", "0"), "General") for group in children(root, "cellXfs") for style in group]


def parse_part(parts: Mapping[str, bytes], part: str) -> ET.Element:
    """Root element of a part. Raises FolderError if the part is missing or not well-formed."""
    root = None
    for event, element in parse_events(parts, part, part):
        if event == "start" and root is None:
            root = element
    if root is None:
        raise FolderError(f"the workbook's part {part} is empty; save it again as .xlsx")
    return root


def parse_events(parts: Mapping[str, bytes], part: str, name: str) -> Iterator[tuple[str, ET.Element]]:
    """Start and end events of the elements of a part. Raises FolderError if it declares a document type."""
    if part not in parts:
        raise FolderError(f"the workbook has no part {part} for {name!r}; save it again as .xlsx")
    if b"<!DOCTYPE" in parts[part].replace(b"\0", b""):
        raise FolderError(f"the workbook's part {part} declares a document type; save it again as .xlsx")
    try:
        yield from ET.iterparse(io.BytesIO(parts[part]), ("start", "end"))  # noqa: S314 (no entity can be declared)
    except (ET.ParseError, ValueError, LookupError) as error:
        raise FolderError(f"the workbook's part {part} is not well-formed ({error}); save it again as .xlsx") from None


def local_name(element: ET.Element) -> str:
    """The name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: ET.Element, name: str) -> Iterator[ET.Element]:
    """Children of an element with a name; namespaces are ignored."""
    return (child for child in element if local_name(child) == name)


def whole_number(element: ET.Element, name: str, sheet: Sheet) -> int:
    """An integer attribute of an element. Raises FolderError if it is not an integer."""
    text = element.get(name) or ""
    if not re.fullmatch("[0-9]{1,7}", text):
        raise FolderError(
            f"the sheet {sheet.name!r} states {name}={text[:60]!r} where a number is needed; save it again"
        )
    return int(text)


def unescaped(text: str, address: str) -> str:
    """A text of a workbook with its escapes ``_x000D_`` resolved."""
    plain = ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    try:
        return plain.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise FolderError(f"{address} holds an invalid character; type the text again") from None


@lru_cache(maxsize=1_000)
def letters(column: int) -> str:
    """The letters of a column counted from 1; ``?`` beyond the last one."""
    return column_letter(column) if 0 < column <= MAX_COLUMNS else "?"


def number_of_letters(word: str) -> int:
    """The number of a column from its letters: A is 1, AA is 27."""
    number = 0
    for letter in word:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
