"""Monthly decisions as grids: a row for each month and a column for each plant, part order, crews or kits."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from octoplan.scenario.report import did_you_mean
from octoplan.scenario.workbook.cell_text import SheetReader, quoted_text
from octoplan.scenario.workbook.layout import ColumnLayout, LayoutCell, SheetLayout, number_cell
from octoplan.scenario.workbook.tree import CellTree

UNIT_ROW, FIRST_ROW = 2, 3
"""Row of the units, and the first row of months."""
MAX_MONTHS = 240
ORDER_SEPARATOR = ": "
"""Separator of plant and part in the header of an order of parts."""


@dataclass(frozen=True)
class MonthGrid:
    """A sheet of monthly decisions.

    Attributes:
        sheet: Name of the sheet.
        keys: Path of keys of the table in ``decisions.toml``; empty if ``columns`` states the path of every column.
        columns: Path of keys by header, for a grid with the same columns in every scenario.
        unit: Unit of the numbers.
        corner: Header of the column of months.
        is_calendar: Whether the months are those of the calendar; otherwise they count from the opening of a plant.
        integers: Whether the numbers are integers.
        depth: Number of names in a header, such as 2 for ``plant: part``.
        purpose: What the sheet contains and how it is edited.

    """

    sheet: str
    keys: tuple[str, ...]
    columns: Mapping[str, tuple[str, ...]]
    unit: str
    corner: str
    is_calendar: bool
    integers: bool
    depth: int
    purpose: str


HELD = "The number of the last month holds for all later months."
GRIDS = (
    MonthGrid(
        "output", ("output",), {}, "good units a month", "month since opening", False, False, 1,
        "Planned good units per month of each plant; month 1 is the month in which the plant opens. " + HELD,
    ),
    MonthGrid(
        "lines", ("lines",), {}, "lines installed", "month since opening", False, False, 1,
        "Lines installed at each plant; month 1 is the month in which the plant opens. An empty column means one line. "
        + HELD,
    ),
    MonthGrid(
        "crews and kits", (), {"crew intake": ("crews", "intake"), "kits ordered": ("kits", "order")},
        "crews or kits a month", "month", True, True, 1,
        "Crews that start training, and kits ordered, in each month. " + HELD,
    ),
    MonthGrid(
        "part orders", ("orders",), {}, "parts a month", "month", True, False, 2,
        "Explicit orders of parts, with the header 'plant: part', such as 'uk-1: motor'. Parts without a column are "
        "ordered by the base-stock policy. " + HELD,
    ),
)  # fmt: skip


def monthly_series(grid: MonthGrid, tree: Mapping[str, Any]) -> dict[str, list[float] | None]:
    """Monthly numbers of a grid by header; None for a column that is not stated."""
    if grid.columns:
        return {header: as_list(tree.get(first, {}).get(last)) for header, (first, last) in grid.columns.items()}
    table = tree.get(grid.keys[0], {})
    if grid.depth == 1:
        return {name: as_list(value) for name, value in table.items()}
    return {
        f"{name}{ORDER_SEPARATOR}{part}": as_list(values)
        for name, parts in table.items()
        if isinstance(parts, Mapping)
        for part, values in parts.items()
    }


def as_list(value: Any) -> list[float] | None:
    """A number or a list of numbers as a list."""
    return value if isinstance(value, list) or value is None else [value]


def grid_layout(
    grid: MonthGrid, tree: Mapping[str, Any], months: Sequence[date], plants: Mapping[str, str]
) -> SheetLayout:
    """The sheet of a grid.

    Args:
        grid: The grid.
        tree: The content of ``decisions.toml``.
        months: First day of each month of the scenario.
        plants: Title of each plant by name.

    """
    series = monthly_series(grid, tree)
    if grid.depth == 1 and not grid.columns:
        series = {name: series.get(name) for name in (*plants, *(name for name in series if name not in plants))}
    count = max([len(months), *(len(numbers) for numbers in series.values() if numbers)])
    rows: list[list[LayoutCell]] = [["unit", *(UNIT_OF.get(name, grid.unit) for name in series)]]
    for index in range(count):
        label: LayoutCell = month_after(months[0], index) if grid.is_calendar else index + 1
        cells = [numbers[min(index, len(numbers) - 1)] if numbers else None for numbers in series.values()]
        rows.append([label, *(None if number is None else number_cell(number) for number in cells)])
    numbers = "whole" if grid.integers else "any"
    note = "months of the calendar" if grid.is_calendar else "month 1 is the month in which the plant opens"
    columns = (
        ColumnLayout(grid.corner, note, 14, number_format="mmm yyyy" if grid.is_calendar else "0"),
        *(
            ColumnLayout(
                name, f"{plants.get(name.partition(ORDER_SEPARATOR)[0], '')} {grid.purpose}".strip(),
                max(16, len(name) + 2), numbers=numbers,
            )
            for name in series
        ),
    )  # fmt: skip
    return SheetLayout(
        grid.sheet, "decisions", grid.purpose, columns, rows, frozen_rows=2, has_filter=False, bold_rows=(2,)
    )


UNIT_OF = {"crew intake": "crews a month", "kits ordered": "kits a month"}
"""Units of columns that differ from the unit of their grid."""


def month_after(first: date, count: int) -> date:
    """First day of the month that follows ``count`` months after a month."""
    year, month = divmod(first.year * 12 + first.month - 1 + count, 12)
    return date(year, month + 1, 1)


def read_grid(
    grid: MonthGrid, reader: SheetReader, tree: CellTree, start: date | None, plants: Sequence[str] | None
) -> None:
    """Read the sheet of a grid into the tree of ``decisions.toml``.

    Args:
        grid: The grid.
        reader: The sheet.
        tree: The tree, to which the lists are added.
        start: First day of the scenario; None if it is not known.
        plants: Names of the plants, each of which has a column; None if they are not known.

    """
    check_corner(grid, reader)
    rows = month_rows(grid, reader, start)
    headers: dict[str, int] = {}
    outside = set()
    for column in range(2, reader.last_column + 1):
        header = reader.text(1, column).strip()
        if not header:
            outside.add(column)
        elif header in headers:
            reader.messages.add(reader.address(1, column), f"the column {header!r} occurs twice; keep one of them")
        else:
            headers[header] = column
            read_column(grid, reader, tree, rows, header, column)
    for (row, column), cell in reader.sheet.cells.items():
        if column in outside and (cell.text or "").strip():
            message = f"holds {quoted_text(cell.text or '')} in a column without a header; type a header, or clear it"
            reader.messages.add(reader.address(row, column), message)
    expected = tuple(grid.columns) or (plants if grid.depth == 1 and plants is not None else ())
    for header in expected:
        if header not in headers and column_keys(grid, header) not in tree.addresses:
            message = f"the sheet has no column {header!r}; add it, with this header in row 1 (its cells may be empty)"
            reader.messages.add(reader.address(1), message)


def check_corner(grid: MonthGrid, reader: SheetReader) -> None:
    """Report a wrong header of the months, and a missing or changed row of units."""
    corner, unit = reader.text(1, 1).strip(), reader.text(UNIT_ROW, 1).strip()
    if corner.lower() != grid.corner:
        message = f"holds {quoted_text(corner)}; expected the header '{grid.corner}' of the column of months"
        reader.messages.add(reader.address(1), message)
    if unit.lower() != "unit":
        message = f"holds {quoted_text(unit)}; expected 'unit': row {UNIT_ROW} has the units, the months begin in row 3"
        reader.messages.add(reader.address(UNIT_ROW), message)
        return
    for column in range(2, reader.last_column + 1):
        header, text = reader.text(1, column).strip(), reader.text(UNIT_ROW, column).strip()
        expected = UNIT_OF.get(header, grid.unit)
        if header and text and text != expected:
            message = f"holds the unit {quoted_text(text)}; the numbers of this sheet are in {expected}: convert them"
            reader.messages.add(reader.address(UNIT_ROW, column), message)


def month_rows(grid: MonthGrid, reader: SheetReader, start: date | None) -> list[int]:
    """Rows of the months, which are consecutive; the first wrong one is reported and ends the list."""
    rows: list[int] = []
    last = max((row for row, _ in reader.sheet.cells), default=0)
    for row in range(FIRST_ROW, last + 1):
        if not any((row, column) in reader.sheet.cells for column in range(1, reader.last_column + 1)):
            continue
        text = reader.text(row, 1).strip()
        expected = month_after(start, len(rows)) if grid.is_calendar and start else None
        expected_text = f"{expected:%Y-%m}" if expected else str(len(rows) + 1)
        if grid.is_calendar and re.fullmatch(r"[0-9]{4}-[0-9]{2}(-01)?", text):
            if start is None:
                rows.append(row)
                continue
            text = text[:7]
        if text != expected_text:
            reader.messages.add(reader.address(row), month_problem(grid, text, expected_text, row, len(rows), start))
            break
        if len(rows) < MAX_MONTHS:
            rows.append(row)
    return rows


def month_problem(grid: MonthGrid, text: str, expected_text: str, row: int, count: int, start: date | None) -> str:
    """Message about a cell that does not have the month expected."""
    if not text:
        return f"is empty; expected the month {expected_text}, because row {row} has numbers"
    if count == 0 and grid.is_calendar and start:
        month = f"{expected_text} (sheet programme)"
        return f"holds {quoted_text(text)}; the scenario starts in {month}, so type {expected_text} here"
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}|[0-9]+", text):
        return f"holds {text}; expected {expected_text}: months follow each other without a gap; add the missing row"
    return f"holds {quoted_text(text)}, which is not a month; expected {expected_text}; move notes to a sheet 'notes'"


def column_keys(grid: MonthGrid, header: str) -> tuple[str, ...]:
    """Path of keys of a column in ``decisions.toml``."""
    if grid.columns:
        return tuple(grid.columns.get(header, ()))
    return (*grid.keys, *(name.strip() for name in header.split(ORDER_SEPARATOR.strip())))


def read_column(
    grid: MonthGrid, reader: SheetReader, tree: CellTree, rows: Sequence[int], header: str, column: int
) -> None:
    """Read one column of a grid; trailing months with the same number are one item, because it holds for later ones."""
    keys, address = column_keys(grid, header), reader.address(1, column)
    if grid.columns and not keys:
        reader.messages.add(address, f"{header!r} is not a column of this sheet; {did_you_mean(header, grid.columns)}")
        return
    if grid.depth == 2 and len(keys) != 3:
        reader.messages.add(address, f"holds {quoted_text(header)}; type the plant and the part, such as 'uk-1: motor'")
        return
    if len(keys) != len(grid.keys) + grid.depth and not grid.columns:
        reader.messages.add(address, f"{header!r} is not the name of a plant; use a name of the sheet plants")
        return
    tree.addresses[keys] = address
    tree.addresses.setdefault(keys[:2], address)
    numbers: list[float] = []
    empty_row = 0
    for index, row in enumerate(rows):
        tree.addresses[*keys, str(index)] = reader.address(row, column)
        cell = reader.cell(row, column)
        if cell is None or (not (cell.text or "").strip() and not cell.formula):
            empty_row = empty_row or row
            continue
        number = reader.number(row, column, integer=grid.integers, percent=False)
        if empty_row:
            message = f"is empty, but later months have numbers; type a number (0 for none) for {header}"
            reader.messages.add(reader.address(empty_row, column), message)
            empty_row = 0
        numbers.append(0 if number is None else number)
    while len(numbers) > 1 and numbers[-1] == numbers[-2]:
        numbers.pop()
    if numbers:
        tree.set(keys, numbers)
