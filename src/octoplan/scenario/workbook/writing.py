"""Writing of the workbook of a scenario: grids and tables with notes, permitted values, filters and colours."""

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from octoplan.errors import FolderError
from octoplan.scenario.files import PROGRAMME
from octoplan.scenario.toml_text import parse_toml
from octoplan.scenario.workbook.csv_sheets import CSV_SHEETS, csv_rows
from octoplan.scenario.workbook.decision_sheets import DECISIONS_SHEET, decision_kinds
from octoplan.scenario.workbook.layout import ColumnLayout, LayoutCell, SheetLayout
from octoplan.scenario.workbook.sheets import ABOUT_SHEET, about_rows, scenario_layouts
from octoplan.scenario.workbook.xlsx import ESCAPED_CHARACTER, column_letters

MAX_TEXT_LENGTH = 32_767
"""Maximum number of characters in a cell."""
CONTROL_CHARACTER = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Control characters that XML does not permit."""
ROWS_TO_ADD = 300
"""Number of further rows to which notes and permitted values apply, so that rows can be added."""
TAB_COLOURS = {
    "decisions": "1F6FB2", "assumptions": "B2741F", "programme": "4F7F4F", "sources": "7F7F7F", "files": "BFBFBF",
}  # fmt: skip
RATING_COLOURS = {"green": "C6E7C8", "amber": "FFE3A3", "red": "F6BDB6"}
HEADER_FILL, UNIT_FILL = "DCE6F1", "F2F2F2"
LINE_HEIGHT, MAX_LINES = 15.0, 20
"""Height of a line in points, and largest number of lines of a row."""
MIN_WRAPPED_WIDTH = 22
"""Smallest width of a column whose texts are wrapped."""
ABOUT_WIDTHS = (24, 110)
"""Widths of the columns of the first sheet in characters."""
INPUT_COLOUR, FIXED_COLOUR = "1F3F8F", "7F7F7F"
MAX_STYLED_CELLS = 20_000
"""Largest number of cells of a sheet that have colours; styles of more take seconds."""
MAX_NOTE_LENGTH = 250
"""Maximum number of characters of the message of a selected cell."""


def write_workbook(files: Mapping[str, bytes]) -> bytes:
    """The workbook of a valid scenario, as the bytes of an Excel file.

    Args:
        files: Content of the files of the scenario by name.

    Raises:
        FolderError: A cell has more characters than a workbook holds; the message names its row.

    """
    from openpyxl import Workbook

    problems = [problem for name in files if name in CSV_SHEETS for problem in length_problems(name, files[name])]
    if problems:
        raise FolderError(*problems)
    layouts = scenario_layouts(files)
    book = Workbook()
    title = str(parse_toml(PROGRAMME, files[PROGRAMME]).tree.get("title", ""))
    fill_about(book.active, title, layouts)
    rows_of = {layout.name: len(layout.rows) for layout in layouts}
    for layout in layouts:
        fill_sheet(book.create_sheet(layout.name), layout, rows_of)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def length_problems(name: str, data: bytes) -> Iterable[str]:
    """Yield a message for each cell of a CSV file that is longer than a workbook permits."""
    rows = csv_rows(data)
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


def font(**properties: Any) -> Any:
    """A font of the workbook with properties such as ``bold`` and ``color``."""
    from openpyxl.styles import Font

    return Font(**{"name": "Calibri", "size": 11, **properties})


def fill_about(sheet: Any, title: str, layouts: Sequence[SheetLayout]) -> None:
    """Write the first sheet, which explains the others and has links to them."""
    from openpyxl.styles import Alignment

    sheet.title = ABOUT_SHEET
    sheet.sheet_view.showGridLines = False
    fit_to_page(sheet)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = ABOUT_WIDTHS
    names = {layout.name for layout in layouts}
    for number, (name, text) in enumerate(about_rows(title, layouts), start=1):
        first, second = sheet.cell(number, 1), sheet.cell(number, 2)
        set_value(first, name)
        set_value(second, text)
        second.alignment = Alignment(wrap_text=True, vertical="top")
        first.alignment = Alignment(vertical="top")
        set_height(sheet, number, [(text, ABOUT_WIDTHS[1])], 21 if number == 1 else LINE_HEIGHT)
        if number == 1:
            first.font = font(bold=True, size=16)
        elif name in names and name != "notes":
            first.hyperlink = f"#'{name}'!A1"
            first.font = font(color="1F6FB2", underline="single")
        else:
            first.font = font(bold=True)


def fill_sheet(sheet: Any, layout: SheetLayout, rows_of: Mapping[str, int]) -> None:
    """Write a sheet.

    rows_of
        Number of rows of each sheet, for lists of permitted names.
    """
    from openpyxl.styles import Alignment, PatternFill

    sheet.sheet_properties.tabColor = TAB_COLOURS[layout.group]
    sheet.freeze_panes = sheet.cell(layout.frozen_rows + 1, layout.frozen_columns + 1)
    header_fill, unit_fill = PatternFill("solid", fgColor=HEADER_FILL), PatternFill("solid", fgColor=UNIT_FILL)
    for number, column in enumerate(layout.columns, start=1):
        letters = column_letters(number)
        sheet.column_dimensions[letters].width = column.width
        cell = sheet.cell(1, number)
        set_value(cell, column.header)
        cell.font, cell.fill = font(bold=True), header_fill
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        add_note(cell, column)
        add_validation(sheet, layout, column, letters, rows_of)
    styles = [column_style(column) for column in layout.columns]
    is_large = len(layout.rows) * len(layout.columns) > MAX_STYLED_CELLS
    set_height(sheet, 1, [(column.header, column.width) for column in layout.columns])
    for row_number, row in enumerate(layout.rows, start=2):
        cells = zip(row, layout.columns, strict=False)
        set_height(sheet, row_number, [(value, column.width) for value, column in cells if is_wrapped(column)])
        for number, value in enumerate(row, start=1):
            if value is None or value == "":
                continue
            cell = sheet.cell(row_number, number)
            set_value(cell, value)
            if row_number in layout.bold_rows:
                cell.fill, cell.font = unit_fill, font(italic=True, color=FIXED_COLOUR)
                cell.alignment = Alignment(wrap_text=True, vertical="top")
            elif number <= len(styles) and not is_large:
                cell.font, number_alignment, text_alignment = styles[number - 1]
                cell.alignment = text_alignment if isinstance(value, str) and number > 1 else number_alignment
                if not isinstance(value, date) or layout.columns[number - 1].number_format != "General":
                    cell.number_format = layout.columns[number - 1].number_format
    finish_sheet(sheet, layout)


def set_height(sheet: Any, row: int, texts: Iterable[tuple[object, float]], line: float = LINE_HEIGHT) -> None:
    """Set the height of a row so that wrapped texts are visible; not every program computes it.

    texts
        The cells that are wrapped, with the width of their columns.
    """
    lines = max((text_lines(text, width) for text, width in texts if isinstance(text, str)), default=1)
    if lines > 1 or line != LINE_HEIGHT:
        sheet.row_dimensions[row].height = line * min(lines, MAX_LINES)


def text_lines(text: str, width: float) -> int:
    """Number of lines of a text in a column, with room for words that do not fit at the end of a line."""
    return sum(1 + int(len(part) * 0.95 / max(1.0, width - 1)) for part in text.split("\n"))


def column_style(column: ColumnLayout) -> tuple[Any, Any, Any]:
    """Font of the cells of a column, and the alignments of numbers and of texts, which are indented."""
    from openpyxl.styles import Alignment

    colour = FIXED_COLOUR if column.is_fixed else INPUT_COLOUR
    texts = Alignment(wrap_text=is_wrapped(column), vertical="top", horizontal="left", indent=1)
    return font(color=colour), Alignment(wrap_text=is_wrapped(column), vertical="top"), texts


def is_wrapped(column: ColumnLayout) -> bool:
    """Whether the texts of a column are wrapped."""
    return column.width >= MIN_WRAPPED_WIDTH


def set_value(cell: Any, value: LayoutCell) -> None:
    """Set the value of a cell; a text is never a formula, a number or a date."""
    if isinstance(value, str):
        cell.value, cell.data_type = escape_text(value), "s"
        cell.quotePrefix = value.startswith(("=", "+", "-", "@", "#"))
    else:
        cell.value = value
        if isinstance(value, date):
            cell.number_format = "yyyy-mm-dd"


def add_note(cell: Any, column: ColumnLayout) -> None:
    """Add the note of a column to its header."""
    from openpyxl.comments import Comment

    if column.note:
        note = Comment(note_text(column.note), "octoplan")
        note.width, note.height = 320, 30 + 18 * (1 + len(column.note) // 44)
        cell.comment = note


def note_text(text: str) -> str:
    """The text of a note; control characters, which it cannot contain, are replaced."""
    return CONTROL_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", text)


def add_validation(
    sheet: Any, layout: SheetLayout, column: ColumnLayout, letters: str, rows_of: Mapping[str, int]
) -> None:
    """Add the permitted values of a column, for its rows and those that may be added."""
    from openpyxl.worksheet.datavalidation import DataValidation

    first = layout.frozen_rows + 1
    cells = f"{letters}{first}:{letters}{first + len(layout.rows) + ROWS_TO_ADD}"
    validation = None
    if column.options:
        validation = DataValidation("list", formula1=f'"{",".join(column.options)}"', allow_blank=True)
        validation.error = f"{column.header}: {', '.join(column.options)}"
    elif column.names_of:
        last = 1 + rows_of.get(column.names_of, 0) + ROWS_TO_ADD
        validation = DataValidation("list", formula1=f"'{column.names_of}'!$A$2:$A${last}", allow_blank=True)
        validation.error = f"{column.header}: type a name of the sheet {column.names_of}"
    elif column.numbers:
        kind = "whole" if column.numbers == "whole" else "decimal"
        validation = DataValidation(kind, operator="greaterThanOrEqual", formula1="0", allow_blank=True)
        validation.error = f"type a {'whole ' if kind == 'whole' else ''}number of at least 0"
    if validation is None:
        return
    validation.showErrorMessage, validation.errorTitle = True, "octoplan"
    if column.note and not column.numbers:
        validation.showInputMessage, validation.promptTitle = True, column.header[:32]
        validation.prompt = note_text(column.note)[:MAX_NOTE_LENGTH]
    sheet.add_data_validation(validation)
    validation.add(cells)


def finish_sheet(sheet: Any, layout: SheetLayout) -> None:
    """Add filters, colours of ratings and lists of single cells, and set the visibility and the printed page."""
    from openpyxl.formatting.rule import CellIsRule
    from openpyxl.styles import PatternFill

    last_row, letters = len(layout.rows) + 1, column_letters(max(1, len(layout.columns)))
    if layout.has_filter and layout.columns:
        sheet.auto_filter.ref = f"A1:{letters}{last_row}"
    headers = [column.header for column in layout.columns]
    if layout.ratings in headers:
        rating = column_letters(headers.index(layout.ratings) + 1)
        for word, colour in RATING_COLOURS.items():
            rule = CellIsRule("equal", [f'"{word}"'], fill=PatternFill("solid", bgColor=colour))
            sheet.conditional_formatting.add(f"{rating}2:{rating}{last_row + ROWS_TO_ADD}", rule)
    if layout.name == DECISIONS_SHEET:
        add_choices(sheet, layout)
    sheet.sheet_state = "hidden" if layout.is_hidden else "visible"
    fit_to_page(sheet)
    sheet.print_title_rows = f"1:{layout.frozen_rows}"


def fit_to_page(sheet: Any) -> None:
    """Print all columns of a sheet on the width of a landscape page."""
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def add_choices(sheet: Any, layout: SheetLayout) -> None:
    """Add the permitted words of decisions that have some, such as the rule of dispatch."""
    from openpyxl.worksheet.datavalidation import DataValidation

    kinds = decision_kinds()
    value = column_letters(next(i for i, column in enumerate(layout.columns, 1) if column.header == "value"))
    for number, row in enumerate(layout.rows, start=2):
        choices = kinds[str(row[0])].schema.get("enum", [])
        if choices:
            validation = DataValidation("list", formula1=f'"{",".join(choices)}"', allow_blank=True)
            validation.showErrorMessage, validation.error = True, f"choose {' or '.join(choices)}"
            sheet.add_data_validation(validation)
            validation.add(f"{value}{number}")
