"""Sheets as columns of cells, with formulas, written row by row: quick for large ones."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

from octoplan.show.workbook import ACTIVE

Cell = str | float | int | None


@dataclass
class Sheet:
    """Columns by their heads; a head that begins with ``given`` holds numbers of chance, others inputs or formulas."""

    name: str
    columns: dict[str, list[Cell]] = field(default_factory=dict)

    def add(self, head: str, cells: Iterable[Cell]) -> str:
        """Add a column; returns its letter."""
        self.columns[head] = list(cells)
        return letter(len(self.columns))

    def at(self, head: str) -> str:
        """The letter of a column that was added."""
        return letter(list(self.columns).index(head) + 1)

    @property
    def quoted(self) -> str:
        return f"'{self.name}'!"

    def span(self, head: str) -> str:
        """All cells of a column below its head, as other sheets refer to them."""
        column, last = self.at(head), len(self.columns[head]) + 1
        return f"{self.quoted}${column}$2:${column}${last}"


def letter(number: int) -> str:
    """The letters of a column counted from 1."""
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(number))


def plain(cell: Cell) -> Cell:
    """A cell that is never taken for a formula."""
    if not isinstance(cell, str):
        return cell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    clean = str(ILLEGAL_CHARACTERS_RE.sub("", cell))
    return f" {clean}" if clean.startswith(ACTIVE) else clean


def book(sheets: Sequence[Sheet]) -> bytes:
    """A workbook of sheets as the bytes of its file."""
    from openpyxl import Workbook

    made = Workbook(write_only=True)
    for sheet in sheets:
        fill(made.create_sheet(sheet.name), sheet)
    out = BytesIO()
    made.save(out)
    return out.getvalue()


def rows_book(sheets: Iterable[tuple[str, Iterable[Sequence[Cell]]]]) -> bytes:
    """A workbook of named sheets given row by row."""
    from openpyxl import Workbook

    made = Workbook(write_only=True)
    for name, rows in sheets:
        page = made.create_sheet(name)
        for row in rows:
            page.append(list(row))
    out = BytesIO()
    made.save(out)
    return out.getvalue()


SHADES = {"given": "D9D9D9", "run": "E2EFDA", "difference": "FCE4D6"}


def fill(page: Any, sheet: Sheet) -> None:
    """Write a sheet: heads coloured by what stands below them, frozen."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill

    page.freeze_panes = "B2"
    heads = []
    for i, head in enumerate(sheet.columns):
        page.column_dimensions[letter(i + 1)].width = width(sheet, head)
        cell = WriteOnlyCell(page, head)
        shade = "FFF2CC" if (sheet.name, head) == ("Assumptions", "value") or sheet.name == "Decisions" else \
            SHADES.get(head.split(":")[0], "DDEBF7")  # fmt: skip
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor=shade)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        heads.append(cell)
    page.append(heads)
    for i, row in enumerate(zip(*sheet.columns.values(), strict=True)):
        page.append([apart(cell, i) for cell in row])


def apart(cell: Cell, row: int) -> Cell:
    """A formula in brackets on every other row.

    LibreOffice works out a run of like formulas on several threads and loses some where they read one another.
    """
    return f"=({cell[1:]})" if row % 2 and isinstance(cell, str) and cell.startswith("=") else cell


def width(sheet: Sheet, head: str) -> float:
    """Characters of a column: of its text, at least a number's."""
    texts = [len(c) for c in sheet.columns[head] if isinstance(c, str) and not c.startswith("=")]
    return float(min(max([12, *texts]) + 1, 90))
