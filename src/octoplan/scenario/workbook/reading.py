"""Reading of the workbook of a scenario: the content of its files, and the cell of every line and key."""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from octoplan.scenario.files import DECISIONS, PROGRAMME, RAID_FIT
from octoplan.scenario.report import did_you_mean
from octoplan.scenario.schema import NAME_PATTERN
from octoplan.scenario.workbook.cell_text import CellAddress, CellMessages, SheetReader
from octoplan.scenario.workbook.csv_sheets import CSV_SHEETS, CsvSheet, read_csv_sheet
from octoplan.scenario.workbook.decision_sheets import (
    DECISIONS_SHEET,
    DOCTRINE_SHEET,
    read_decisions_sheet,
    read_doctrine,
)
from octoplan.scenario.workbook.layout import SheetLayout, sheet_of
from octoplan.scenario.workbook.month_grids import GRIDS, read_grid
from octoplan.scenario.workbook.programme_sheets import programme_layouts, read_programme
from octoplan.scenario.workbook.sheets import (
    ABOUT_SHEET,
    FIT_SHEET,
    KNOWN_SHEETS,
    NOTES_PREFIX,
    REQUIRED_SHEETS,
    TEXT_SHEET,
    decision_layouts,
)
from octoplan.scenario.workbook.tree import EDIT_ERRORS, CellTree, comparable, edited_text, tree_text
from octoplan.scenario.workbook.xlsx import parse_workbook


@dataclass
class WorkbookContent:
    """The files of a scenario from a workbook.

    Attributes:
        files: Content of the files by name.
        trees: The tree of each TOML file, with the cell of every key.
        tables: The sheet of each CSV file.
        messages: Problems and warnings about sheets and cells.

    """

    files: dict[str, bytes] = field(default_factory=dict)
    trees: dict[str, CellTree] = field(default_factory=dict)
    tables: dict[str, CsvSheet] = field(default_factory=dict)
    messages: CellMessages = field(default_factory=CellMessages)


def read_workbook(parts: Mapping[str, bytes]) -> WorkbookContent:
    """Read the files of a scenario from a workbook; what cannot be read is among the problems.

    Args:
        parts: The members of the workbook's archive by name.

    Raises:
        FolderError: The file is damaged, or a sheet is too large.

    """
    book, content = parse_workbook(parts), WorkbookContent()
    readers: dict[str, SheetReader] = {}
    for sheet in book.sheets:
        name = sheet_name(sheet.name)
        if name is None:
            if not sheet.name.strip().lower().startswith(NOTES_PREFIX):
                message = unknown_sheet_message(sheet.name, book_is_old(book.sheets))
                content.messages.add(CellAddress(sheet.name), message)
        elif name in readers:
            content.messages.add(CellAddress(sheet.name), "a sheet of this name occurs twice; delete one of them")
        elif name in (ABOUT_SHEET, TEXT_SHEET):
            readers[name] = SheetReader(sheet, CellMessages(), date1904=book.date1904)
        else:
            readers[name] = SheetReader(sheet, content.messages, date1904=book.date1904)
    for name in REQUIRED_SHEETS:
        if name not in readers:
            message = "the sheet is missing; restore it from a copy of the workbook, with its headers"
            content.messages.add(CellAddress(name), message)
    read_toml_sheets(readers, content)
    for file, (name, _) in CSV_SHEETS.items():
        if name in readers:
            content.tables[file] = read_csv_sheet(readers[name])
            content.files[file] = content.tables[file].text.encode()
    if FIT_SHEET in readers:
        content.files[RAID_FIT] = column_text(readers[FIT_SHEET], 1).encode()
    return content


def sheet_name(title: str) -> str | None:
    """Name of the sheet of a scenario with a title, in any letter case; None if there is none."""
    name = title.strip().lower()
    return name if name in KNOWN_SHEETS else None


def book_is_old(sheets: Iterable[Any]) -> bool:
    """Whether a workbook has the sheets of octoplan 0.1, with the lines of the files in column A."""
    return any(sheet.name == PROGRAMME for sheet in sheets)


def unknown_sheet_message(title: str, is_old: bool) -> str:
    """Message about a sheet that has no meaning."""
    if is_old and "." in title:
        return "the workbook has the sheets of an earlier version of octoplan; write it again with octoplan new"
    suggestion = did_you_mean(title.strip().lower(), KNOWN_SHEETS)
    if "mean" not in suggestion:
        suggestion = "a workbook has the sheets that its sheet 'about' lists."
    return (
        f"this is not a sheet of a scenario; {suggestion} Rename it, delete it, or begin its name with "
        f"'{NOTES_PREFIX}' to keep it unread"
    )


def read_toml_sheets(readers: Mapping[str, SheetReader], content: WorkbookContent) -> None:
    """Read ``programme.toml`` and ``decisions.toml`` from their sheets."""
    programme = read_programme(readers)
    start = programme.values.get("start")
    names = programme.values.get("plants", {})
    plants = tuple(filter(re.compile(NAME_PATTERN).fullmatch, names)) if "plants" in readers else None
    decisions = read_decisions(readers, start if isinstance(start, date) else None, plants)
    originals = original_texts(readers)
    content.trees = {PROGRAMME: programme, DECISIONS: decisions}
    text = file_text(programme.values, originals.get(PROGRAMME, ""), canonical_programme, has_order=True)
    content.files[PROGRAMME] = text.encode()

    def canonical(tree: dict[str, Any]) -> dict[str, Any]:
        return canonical_decisions(tree, programme.values)

    text = file_text(decisions.values, originals.get(DECISIONS, ""), canonical, has_order=False)
    content.files[DECISIONS] = text.encode()


def read_decisions(readers: Mapping[str, SheetReader], start: date | None, plants: Sequence[str] | None) -> CellTree:
    """The tree of ``decisions.toml`` from the sheets that exist."""
    tree = CellTree()
    if DECISIONS_SHEET in readers:
        read_decisions_sheet(readers[DECISIONS_SHEET], tree)
    for grid in GRIDS:
        if grid.sheet in readers:
            if grid.keys:
                tree.addresses.setdefault(grid.keys, readers[grid.sheet].address(0))
            read_grid(grid, readers[grid.sheet], tree, start, plants)
    if DOCTRINE_SHEET in readers:
        read_doctrine(readers[DOCTRINE_SHEET], tree)
    return tree


def original_texts(readers: Mapping[str, SheetReader]) -> dict[str, str]:
    """The text of each TOML file in the hidden sheet; empty if the sheet does not exist."""
    reader = readers.get(TEXT_SHEET)
    if reader is None:
        return {}
    return {reader.text(1, column): column_text(reader, column) for column in (1, 2)}


def column_text(reader: SheetReader, column: int) -> str:
    """The lines below the header of a column, until its last cell with content."""
    last = max((row for row, other in reader.sheet.cells if other == column), default=0)
    return "".join(f"{reader.text(row, column)}\n" for row in range(2, last + 1))


def file_text(
    tree: dict[str, Any],
    original: str,
    canonical: Callable[[dict[str, Any]], dict[str, Any]],
    *,
    has_order: bool,
) -> str:
    """The text of a TOML file with the content of a tree.

    The sheets decide what the file contains; the original text gives comments and layout. It is used unchanged if it
    has the same content, and edited if that gives the content of the sheets. Otherwise the text is written again.

    Args:
        tree: The content.
        original: The text before the workbook was edited; empty if it is not known.
        canonical: Function that gives the tree that the sheets of a text would have.
        has_order: Whether the order of the tables is part of the content.

    """
    content = comparable(tree, has_order=has_order)
    try:
        before = canonical(tomllib.loads(original))
        if comparable(before, has_order=has_order) == content:
            return original
        edited = edited_text(original, before, tree)
        if comparable(canonical(tomllib.loads(edited)), has_order=has_order) == content:
            return edited
    except EDIT_ERRORS:
        pass
    return tree_text(tree)


def canonical_programme(tree: dict[str, Any]) -> dict[str, Any]:
    """The tree that is read from the sheets of a programme."""
    return read_programme(layout_readers(programme_layouts(tree))).values


def canonical_decisions(tree: dict[str, Any], programme: dict[str, Any]) -> dict[str, Any]:
    """The tree that is read from the sheets of the decisions of a programme."""
    readers = layout_readers(decision_layouts(tree, programme))
    return read_decisions(readers, programme.get("start"), tuple(programme.get("plants", {}))).values


def layout_readers(layouts: Iterable[SheetLayout]) -> dict[str, SheetReader]:
    """Readers of sheets that have not been written to a workbook, by name."""
    return {layout.name: SheetReader(sheet_of(layout), CellMessages()) for layout in layouts}
