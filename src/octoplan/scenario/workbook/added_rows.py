"""Add rows at the end of a sheet of a workbook.

Parts other than the sheet, its tables and the workbook part keep their content, and the earlier rows of the sheet keep
theirs. Ranges that reach the last row with content (filters, tables, permitted values, conditional formats) are
extended to the new rows. Blank rows where the new rows are, with their heights and formats, are replaced by the new
rows. A workbook with formulas is set to recalculate when it is next opened.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from xml.parsers import expat
from xml.sax.saxutils import escape

from octoplan.errors import FolderError
from octoplan.scenario.archives import read_members
from octoplan.scenario.workbook.csv_sheets import csv_cell
from octoplan.scenario.workbook.layout import ColumnLayout, LayoutCell
from octoplan.scenario.workbook.writing import escape_text
from octoplan.scenario.workbook.xlsx import (
    CELL_REFERENCE,
    WORKBOOK_PART,
    Sheet,
    SheetCell,
    column_letters,
    column_number,
    local_name,
    parse_part,
    parse_workbook,
)

RATING = "quality"
"""Header of the column whose formats may show the rating."""
CELL_RANGE = re.compile(r"(\$?[A-Z]{1,3}\$?)([0-9]+)(:\$?[A-Z]{1,3}\$?)([0-9]+)")
SHEET_RANGES = re.compile(
    r"(<(?:[\w.-]+:)?(?:autoFilter|conditionalFormatting|dataValidation|dimension)\b[^<]*?\s(?:sq)?ref=[\"'])([^\"']*)"
    r"|(<(?:[\w.-]+:)?sqref>)([^<]*)"
)
"""Ranges of filters, conditional formats, permitted values and the sheet, in its XML outside the rows."""
TABLE_RANGES = re.compile(r"(<(?:[\w.-]+:)?(?:table|autoFilter)\b[^<]*?\sref=[\"'])([^\"']*)()()")
"""Ranges of a table and its filter."""
TOTALS_ROW = re.compile(r"\stotalsRowCount=[\"'][1-9]")
DEFINED_NAME = re.compile(r"(<(?:[\w.-]+:)?definedName\b[^<>]*>)([^<]*)")
CALCULATION = re.compile(r"(<(?:[\w.-]+:)?calcPr\b)([^<>]*?)(/?>)")
BEFORE_CALCULATION = re.compile(
    r"(?:<|</)((?:[\w.-]+:)?)(?:sheets|functionGroups|externalReferences|definedNames)\b(?:[^<>]*/>|\s*>)"
)
"""Ends of the elements of the workbook after which the format permits the settings of calculation."""
FULL_CALCULATION = re.compile(r"\sfullCalcOnLoad=([\"'])([^\"']*)\1")
OTHER_ENCODING = re.compile(rb"<\?xml[^>]*encoding=[\"'](?!utf-8[\"'])", re.IGNORECASE)
"""Declaration of an encoding other than UTF-8."""
FORMULA = re.compile(rb"<(?:[\w.-]+:)?f[\s/>]")


@dataclass
class SheetText:
    """Where the rows of a sheet are in its XML.

    Attributes:
        prefix: Prefix of the names of its elements, such as ``x:``; empty if they have none.
        begin: Position of the first row.
        rows: Number of each row, and the position after it.
        styles: Index of the style of each cell by row and column; cells without a style are left out.

    """

    prefix: str = ""
    begin: int = 0
    rows: list[tuple[int, int]] = field(default_factory=list)
    styles: dict[tuple[int, int], str] = field(default_factory=dict)


def with_rows(data: bytes, name: str, rows: Sequence[Mapping[str, str]]) -> bytes:
    """A workbook with further rows below the last row with content of a sheet whose first row names its columns.

    A new cell has the style of the last cell of its column that has the same kind of content, or none; a rating has the
    style of the same rating.

    Args:
        data: A workbook that can be read.
        name: Name of the sheet, in any letter case.
        rows: The texts of each new row by column; cells of other columns become empty.

    Raises:
        FolderError: The file is damaged, or its XML has another encoding than UTF-8.

    """
    members = read_members(data)
    book = parse_workbook(members)
    index, sheet = next((i, s) for i, s in enumerate(book.sheets) if s.name.strip().lower() == name)
    tables = table_parts(members, sheet)
    texts = {part: utf8_text(members, part) for part in (sheet.part, WORKBOOK_PART, *tables)}
    layout = sheet_text(members[sheet.part])
    last = max(row for row, _ in sheet.cells)
    new_last = last + len(rows)
    changed = {part: with_extended_table(texts[part], last, new_last) for part in tables}
    changed[WORKBOOK_PART] = with_extended_filter(texts[WORKBOOK_PART], index, last, new_last)
    if any(FORMULA.search(content) for part, content in members.items() if part.startswith("xl/worksheets/")):
        changed[WORKBOOK_PART] = with_calculation(changed[WORKBOOK_PART])
    columns = new_columns(sheet, layout, date1904=book.date1904)
    new = "".join(row_text(layout.prefix, last + i, columns, row) for i, row in enumerate(rows, start=1))
    raw = members[sheet.part]
    before = next(end for row, end in layout.rows if row == last)
    after = max(end for row, end in layout.rows if row <= new_last)
    head, body, tail = raw[: layout.begin], raw[layout.begin : before], raw[after:]
    content = {part: text.encode() for part, text in changed.items()}
    content[sheet.part] = b"".join(
        (with_extended_ranges(head, last, new_last), body, new.encode(), with_extended_ranges(tail, last, new_last))
    )
    return with_members(data, content)


def utf8_text(members: Mapping[str, bytes], part: str) -> str:
    """The XML of a part. Raises FolderError if its encoding is not UTF-8."""
    is_other = OTHER_ENCODING.match(members[part])
    try:
        if not is_other:
            return members[part].decode()
    except UnicodeDecodeError:
        pass
    raise FolderError(
        f"part {part} of the workbook is not in UTF-8; save the workbook again as .xlsx in a spreadsheet program"
    )


def sheet_text(data: bytes) -> SheetText:
    """Where the rows of a sheet are in its XML, which is well-formed and in UTF-8."""
    layout, parser = SheetText(), expat.ParserCreate()
    position = [0, 0]

    def start(name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(":")[2]
        if tag == "sheetData":
            layout.prefix = name.removesuffix(tag)
            layout.begin = data.index(b">", parser.CurrentByteIndex) + 1
        elif tag == "row":
            position[:] = [int(attributes.get("r", position[0] + 1)), 0]
        elif tag == "c":
            match = CELL_REFERENCE.fullmatch(attributes.get("r", ""))
            position[1] = column_number(match[1]) if match else position[1] + 1
            if "s" in attributes:
                layout.styles[position[0], position[1]] = attributes["s"]

    def end(name: str) -> None:
        if name.rpartition(":")[2] == "row":
            index = parser.CurrentByteIndex
            layout.rows.append(
                (position[0], data.index(b">", index) + 1 if data[index : index + 2] == b"</" else index)
            )

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.Parse(data, True)
    return layout


@dataclass(frozen=True)
class NewColumn:
    """How the cells of new rows in a column are written.

    Attributes:
        number: Number of the column, from 1.
        header: Its header.
        cells: Its cells with content below the header, the last one first.
        styles: Style of each cell of the sheet by row and column.
        blank_style: Style of an empty cell.
        date1904: Whether dates count from 1904.

    """

    number: int
    header: str
    cells: Sequence[SheetCell]
    styles: Mapping[tuple[int, int], str]
    blank_style: str
    date1904: bool

    def cell_text(self, prefix: str, row: int, text: str) -> str:
        """The XML of a cell with a text."""
        value = csv_cell(text, [ColumnLayout(self.header)], 0)
        address = f'{prefix}c r="{column_letters(self.number)}{row}"'
        if value is None:
            return f'<{address} s="{self.blank_style}"/>' if self.blank_style else ""
        if isinstance(value, date) and not self.cells_like(value):
            value = value.isoformat()
        style = self.style_of(value)
        start = f'<{address} s="{style}"' if style else f"<{address}"
        if isinstance(value, str):
            inner = f'<{prefix}t xml:space="preserve">{escape(escape_text(value))}</{prefix}t>'
            return f'{start} t="inlineStr"><{prefix}is>{inner}</{prefix}is></{prefix}c>'
        return f"{start}><{prefix}v>{self.number_of(value)!r}</{prefix}v></{prefix}c>"

    def style_of(self, value: LayoutCell) -> str:
        """The style of a cell with a value; empty for none."""
        cell = next(iter(self.cells_like(value)), None)
        return self.styles.get((cell.row, cell.column), "") if cell else ""

    def number_of(self, value: float | date) -> float:
        """The number that is stored for a number or a date."""
        from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, to_excel

        if isinstance(value, date):
            return int(to_excel(value, CALENDAR_MAC_1904 if self.date1904 else CALENDAR_WINDOWS_1900))
        return value

    def cells_like(self, value: LayoutCell) -> list[SheetCell]:
        """The cells whose style a new cell with a value can have: its content would be displayed and read alike."""
        from openpyxl.styles.numbers import is_date_format

        if isinstance(value, str):
            texts = [cell for cell in self.cells if cell.kind == "text"]
            same = [cell for cell in texts if cell.text == value]
            has_one_style = len({self.styles.get((cell.row, cell.column)) for cell in texts}) == 1
            return same if self.header == RATING and not has_one_style else texts
        numbers = [cell for cell in self.cells if cell.kind == "number"]
        if isinstance(value, date):
            return [cell for cell in numbers if is_date_format(cell.number_format)]
        return [cell for cell in numbers if cell.number_format == "General"]


def new_columns(sheet: Sheet, layout: SheetText, *, date1904: bool) -> list[NewColumn]:
    """How the cells of new rows are written, by column."""
    first = min(row for row, _ in sheet.cells)
    last = max(row for row, _ in sheet.cells)
    columns = []
    for number in sorted(column for row, column in sheet.cells if row == first):
        header = (sheet.cells[first, number].text or "").strip()
        cells = [cell for row in range(last, first, -1) if (cell := sheet.cells.get((row, number)))]
        columns.append(NewColumn(number, header, cells, layout.styles, layout.styles.get((last, number), ""), date1904))
    return columns


def row_text(prefix: str, number: int, columns: Sequence[NewColumn], row: Mapping[str, str]) -> str:
    """The XML of a new row."""
    cells = "".join(column.cell_text(prefix, number, row.get(column.header, "")) for column in columns)
    return f'<{prefix}row r="{number}">{cells}</{prefix}row>'


def with_extended_ranges(xml: bytes, last: int, new_last: int) -> bytes:
    """XML of a sheet outside its rows, in which the ranges that reach the last row are extended to the new rows."""
    return replaced_ranges(SHEET_RANGES, xml.decode(), last, new_last).encode()


def with_extended_table(xml: str, last: int, new_last: int) -> str:
    """The XML of a table, which has the new rows unless it has a row of totals."""
    return xml if TOTALS_ROW.search(xml) else replaced_ranges(TABLE_RANGES, xml, last, new_last)


def replaced_ranges(pattern: re.Pattern[str], xml: str, last: int, new_last: int) -> str:
    """A text in which the ranges that a pattern matches are extended to the new rows."""
    return pattern.sub(
        lambda match: "".join(extended_ranges(text or "", last, new_last) for text in match.groups()), xml
    )


def extended_ranges(ranges: str, last: int, new_last: int) -> str:
    """Ranges of cells, of which those that reach the last row are extended to the last new row.

    >>> extended_ranges("I2:I335 K2:K35 $A$1:$L$35 B4", 35, 92)
    'I2:I335 K2:K92 $A$1:$L$92 B4'
    """

    def replace(match: re.Match[str]) -> str:
        has_last = int(match[2]) <= last <= int(match[4]) < new_last
        return f"{match[1]}{match[2]}{match[3]}{new_last if has_last else match[4]}"

    return CELL_RANGE.sub(replace, ranges)


def with_extended_filter(xml: str, index: int, last: int, new_last: int) -> str:
    """The XML of the workbook, in which the filter of a sheet, given by its index, is extended to the new rows."""
    marks = ('"_xlnm._FilterDatabase"', f'localSheetId="{index}"')

    def replace(match: re.Match[str]) -> str:
        has_marks = all(mark in match[1].replace("'", '"') for mark in marks)
        return match[1] + (extended_ranges(match[2], last, new_last) if has_marks else match[2])

    return DEFINED_NAME.sub(replace, xml)


def with_calculation(xml: str) -> str:
    """The XML of the workbook, set to be recalculated when a spreadsheet program opens it."""

    def replace(match: re.Match[str]) -> str:
        setting = FULL_CALCULATION.search(match[2])
        if setting and setting[2] in ("1", "true"):
            return match[0]
        return f'{match[1]} fullCalcOnLoad="1"{FULL_CALCULATION.sub("", match[2])}{match[3]}'

    if CALCULATION.search(xml):
        return CALCULATION.sub(replace, xml)
    *_, last = BEFORE_CALCULATION.finditer(xml)
    return f'{xml[: last.end()]}<{last[1]}calcPr fullCalcOnLoad="1"/>{xml[last.end() :]}'


def table_parts(members: Mapping[str, bytes], sheet: Sheet) -> list[str]:
    """The parts of the tables of a sheet."""
    folder, _, file = sheet.part.rpartition("/")
    links = f"{folder}/_rels/{file}.rels"
    if links not in members:
        return []
    return [
        posixpath.normpath(posixpath.join("/", folder, link.get("Target") or "")).lstrip("/")
        for link in parse_part(members, links)
        if local_name(link) == "Relationship" and (link.get("Type") or "").endswith("/table")
    ]


def with_members(data: bytes, content: Mapping[str, bytes]) -> bytes:
    """A zip archive with other content of some members; the order, dates and attributes of members are kept."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        target.comment = source.comment
        for entry in source.infolist():
            copy = zipfile.ZipInfo(entry.filename, entry.date_time)
            copy.compress_type, copy.external_attr = entry.compress_type, entry.external_attr
            copy.create_system = entry.create_system
            target.writestr(copy, content.get(entry.filename, source.read(entry)))
    return out.getvalue()
