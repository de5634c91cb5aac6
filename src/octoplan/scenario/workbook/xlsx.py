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

WORKBOOK_PART, RELATIONSHIPS_PART, STYLES_PART, SHARED_STRINGS_PART = (
    "xl/workbook.xml",
    "xl/_rels/workbook.xml.rels",
    "xl/styles.xml",
    "xl/sharedStrings.xml",
)
"""Paths of the parts of a workbook in its archive."""
MAX_CELLS, MAX_ROW, MAX_COLUMN = 300_000, 20_001, 200
"""Maximum number of cells in a workbook, and last row and column that may have content."""

CellKind = Literal["number", "text", "boolean", "error"]
CELL_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
NUMBER_TEXT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
ESCAPED_CHARACTER = re.compile("_x([0-9A-Fa-f]{4})_")


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
    kind: CellKind
    text: str | None
    number_format: str = "General"
    formula: str = ""

    @property
    def address(self) -> str:
        """Address of the cell, such as B5."""
        return f"{column_letters(self.column)}{self.row}"


@dataclass
class Sheet:
    """A worksheet: its cells by row and column, hidden rows, first and last columns of hidden ranges, merged ranges.

    ``part`` is the path of its XML in the workbook's archive.
    """

    name: str
    hidden: bool
    cells: dict[tuple[int, int], SheetCell] = field(default_factory=dict)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[tuple[int, int]] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    part: str = ""


@dataclass(frozen=True)
class Workbook:
    """The worksheets of a workbook in order; ``date1904`` is True if dates count from 1904 instead of 1900."""

    sheets: tuple[Sheet, ...]
    date1904: bool


def parse_workbook(parts: Mapping[str, bytes]) -> Workbook:
    """Read the worksheets of a workbook.

    Args:
        parts: The members of the workbook's archive by name.

    Raises:
        FolderError: A part is missing or is not well-formed, or a sheet is too large.

    """
    root = parse_part(parts, WORKBOOK_PART)
    workbook_properties = next(children(root, "workbookPr"), None)
    date1904 = workbook_properties is not None and workbook_properties.get("date1904") in ("1", "true")
    targets = {
        link.get("Id"): link for link in parse_part(parts, RELATIONSHIPS_PART) if local_name(link) == "Relationship"
    }
    strings, formats = shared_strings(parts), number_formats(parts)
    sheets, remaining_cells = [], MAX_CELLS
    for listed in children(root, "sheets"):
        for entry in listed:
            name = entry.get("name") or ""
            link = targets.get(next((value for key, value in entry.items() if key.endswith("}id")), None))
            if link is None or not (link.get("Type") or "").endswith("/worksheet"):
                raise FolderError(f"the sheet {name!r} is not a worksheet; remove it")
            part = str(PurePosixPath("/xl", link.get("Target") or "")).lstrip("/")
            sheet = Sheet(name, entry.get("state", "visible") != "visible", part=part)
            remaining_cells = _SheetReader(sheet, strings, formats, remaining_cells).read(parts, part)
            sheets.append(sheet)
    if not sheets:
        raise FolderError("the workbook has no sheet")
    return Workbook(tuple(sheets), date1904)


class _SheetReader:
    """Reads the cells of one sheet in a single pass."""

    def __init__(self, sheet: Sheet, strings: list[str], formats: list[str], remaining_cells: int) -> None:
        self.sheet, self.strings, self.formats, self.remaining_cells = sheet, strings, formats, remaining_cells
        self.row = self.column = 0

    def read(self, parts: Mapping[str, bytes], part: str) -> int:
        """Read the cells of the sheet, and return the number of cells still permitted in the rest of the workbook."""
        sheet, sheet_data = self.sheet, None
        for event, element in parse_events(parts, part, sheet.name):
            tag = local_name(element)
            if event == "start":
                if tag == "row":
                    self.start_row(element)
                elif tag == "sheetData":
                    sheet_data = element
            elif tag == "c":
                self.add_cell(element)
            elif tag == "row" and sheet_data is not None:
                sheet_data.clear()
            elif tag == "col" and element.get("hidden") in ("1", "true"):
                sheet.hidden_columns.append(
                    (integer_attribute(element, "min", sheet), integer_attribute(element, "max", sheet))
                )
            elif tag == "mergeCell":
                sheet.merged.append(element.get("ref") or "")
        return self.remaining_cells

    def start_row(self, element: ET.Element) -> None:
        """Start the next row. Raises FolderError if rows are not in order."""
        row = integer_attribute(element, "r", self.sheet) if "r" in element.attrib else self.row + 1
        if row <= self.row:
            raise FolderError(
                f"the sheet {self.sheet.name!r} has row {row} after row {self.row}; save the workbook again"
            )
        self.row, self.column = row, 0
        if element.get("hidden") in ("1", "true"):
            self.sheet.hidden_rows.append(row)

    def add_cell(self, element: ET.Element) -> None:
        """Add one cell unless it is empty."""
        self.remaining_cells -= 1
        if self.remaining_cells < 0:
            raise FolderError(f"the workbook has more than {MAX_CELLS:,} cells; remove formatting from empty cells")
        self.column = self.column_of(element)
        parts = {local_name(child): child for child in element}
        if not parts:
            return
        kind, text = self.content_of(element.get("t", "n"), parts)
        if not text and "f" not in parts:
            return
        formula = (parts["f"].text or "") if "f" in parts else ""
        cell = SheetCell(self.row, self.column, kind, text, self.number_format_of(element), formula)
        if cell.row > MAX_ROW or cell.column > MAX_COLUMN:
            limit = f"row {MAX_ROW:,} and column {column_letters(MAX_COLUMN)}"
            raise FolderError(f"{self.sheet.name}!{cell.address} has content beyond {limit}; clear it")
        self.sheet.cells[cell.row, cell.column] = cell

    def column_of(self, element: ET.Element) -> int:
        """Column of a cell. Raises FolderError if the cell is not to the right of the previous cell."""
        reference = element.get("r")
        if reference is None:
            return self.column + 1
        match = CELL_REFERENCE.fullmatch(reference)
        column = column_number(match[1]) if match else 0
        if match is None or int(match[2]) != self.row or column <= self.column:
            raise FolderError(
                f"the sheet {self.sheet.name!r} has the cell {reference!r} in row {self.row}; save the workbook again"
            )
        return column

    def content_of(self, code: str, parts: Mapping[str, ET.Element]) -> tuple[CellKind, str | None]:
        """Kind and text of a cell, from its type code and child elements; the text is None if no value is stored."""
        stored = parts.get("v")
        text = None if stored is None else stored.text
        address = f"{self.sheet.name}!{column_letters(self.column)}{self.row}"
        if code == "inlineStr":
            return "text", resolve_escapes(plain_string(parts["is"]) if "is" in parts else "", address)
        if code in ("str", "d"):
            plain = resolve_escapes(text or "", address)
            return "text", None if stored is None else plain.removesuffix("T00:00:00") if code == "d" else plain
        if not text:
            return "number", None
        if code == "s":
            if not text.isascii() or not text.strip().isdigit() or int(text) >= len(self.strings):
                raise FolderError(
                    f"{address} refers to the text {text!r}, which the workbook does not have; save the workbook again"
                )
            return "text", resolve_escapes(self.strings[int(text)], address)
        if code == "e":
            return "error", text
        if code == "b" and text in ("0", "1"):
            return "boolean", text
        if code != "n" or not NUMBER_TEXT.fullmatch(text.strip()):
            raise FolderError(
                f"{address} holds {text[:60]!r}, which is not a value of type {code!r}; save the workbook again"
            )
        return "number", text.strip()

    def number_format_of(self, element: ET.Element) -> str:
        """The number format of a cell's style."""
        style = integer_attribute(element, "s", self.sheet) if "s" in element.attrib else 0
        if style >= len(self.formats):
            if "s" not in element.attrib:
                return "General"
            raise FolderError(
                f"the sheet {self.sheet.name!r} uses a style that the workbook does not have; save the workbook again"
            )
        return self.formats[style]


def shared_strings(parts: Mapping[str, bytes]) -> list[str]:
    """The shared strings of the workbook, without formatting."""
    if SHARED_STRINGS_PART not in parts:
        return []
    return [plain_string(element) for element in parse_part(parts, SHARED_STRINGS_PART) if local_name(element) == "si"]


def plain_string(element: ET.Element) -> str:
    """Plain text of a string element: its runs are joined, and phonetic hints are omitted."""
    runs = [element, *children(element, "r")]
    return "".join(text.text or "" for run in runs for text in children(run, "t"))


def number_formats(parts: Mapping[str, bytes]) -> list[str]:
    """Number formats of the cell styles, by index of the style."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS

    if STYLES_PART not in parts:
        return []
    root = parse_part(parts, STYLES_PART)
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
    """The children of an element that have the given local name; namespaces are ignored."""
    return (child for child in element if local_name(child) == name)


def integer_attribute(element: ET.Element, name: str, sheet: Sheet) -> int:
    """Value of an attribute of an element. Raises FolderError if the value is not a whole number."""
    text = element.get(name) or ""
    if not re.fullmatch("[0-9]{1,7}", text):
        raise FolderError(
            f"the sheet {sheet.name!r} has {name}={text[:60]!r}, which is not a whole number; save the workbook again"
        )
    return int(text)


def resolve_escapes(text: str, address: str) -> str:
    """Replace escapes such as ``_x000D_`` in a text. Raises FolderError if the result has invalid characters."""
    plain = ESCAPED_CHARACTER.sub(lambda match: chr(int(match[1], 16)), text)
    try:
        return plain.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise FolderError(f"{address} holds an invalid character; type the text again") from None


@lru_cache(maxsize=1_000)
def column_letters(column: int) -> str:
    """Letters of a column by its number, from 1: A for 1, AA for 27."""
    letters = ""
    while column > 0:
        column, letter = divmod(column - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def column_number(letters: str) -> int:
    """Number of a column by its letters: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
