"""All sheets of the workbook of a scenario, from its files."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from octoplan.scenario.entities import SECTIONS
from octoplan.scenario.files import DECISIONS, PROGRAMME, RAID_FIT, decode
from octoplan.scenario.toml_text import parse_toml
from octoplan.scenario.workbook.csv_sheets import CSV_SHEETS, csv_layout
from octoplan.scenario.workbook.decision_sheets import (
    DECISIONS_SHEET,
    DOCTRINE_SHEET,
    decisions_layout,
    doctrine_layout,
)
from octoplan.scenario.workbook.layout import ColumnLayout, SheetLayout
from octoplan.scenario.workbook.month_grids import GRIDS, grid_layout, month_after
from octoplan.scenario.workbook.programme_sheets import BILL_SHEET, LOG_SHEET, PROGRAMME_SHEET, programme_layouts

ABOUT_SHEET, FIT_SHEET, TEXT_SHEET = "about", "raid fit", "original text"
NOTES_PREFIX = "notes"
"""Sheets whose name begins with this word are not read."""
DECISION_SHEETS = (*(grid.sheet for grid in GRIDS), DOCTRINE_SHEET, DECISIONS_SHEET)
PROGRAMME_SHEETS = (PROGRAMME_SHEET, *SECTIONS, BILL_SHEET, LOG_SHEET)
REQUIRED_SHEETS = ("assumptions", "sources", *DECISION_SHEETS, *PROGRAMME_SHEETS)
"""Sheets that every workbook of a scenario has."""
KNOWN_SHEETS = (
    *REQUIRED_SHEETS, *(name for name, _ in CSV_SHEETS.values() if name not in ("assumptions", "sources")), FIT_SHEET,
    TEXT_SHEET, ABOUT_SHEET,
)  # fmt: skip
"""All names of sheets that have a meaning."""
INTRODUCTION = (
    "A scenario of octoplan as a workbook. Edit it, save it as .xlsx, then: octoplan check, octoplan run, or Upload on "
    "the page. The sheets are read by name; every error is reported with its sheet and cell."
)
FIT_NOTICE = "text of raids.toml, written by octoplan raids fit; fit again instead of editing it"


def scenario_layouts(files: Mapping[str, bytes]) -> list[SheetLayout]:
    """The sheets of a valid scenario: decisions, assumptions, programme, sources and other files.

    Args:
        files: Content of the files of the scenario by name.

    """
    programme, decisions = (parse_toml(name, files[name]) for name in (PROGRAMME, DECISIONS))
    tables = {name: csv_layout(name, files[name]) for name in CSV_SHEETS if name in files}
    first = [layout for layout in tables.values() if layout.group == "assumptions"]
    last = [layout for layout in tables.values() if layout.group != "assumptions"]
    texts = {PROGRAMME: programme.text, DECISIONS: decisions.text}
    fit = [text_layout(FIT_SHEET, FIT_NOTICE, decode(files[RAID_FIT]))] if RAID_FIT in files else []
    return [
        *decision_layouts(decisions.tree, programme.tree), *first, *programme_layouts(programme.tree), *last, *fit,
        originals_layout(texts),
    ]  # fmt: skip


def decision_layouts(decisions: Mapping[str, Any], programme: Mapping[str, Any]) -> list[SheetLayout]:
    """The sheets of the decisions."""
    start, count = programme["start"], programme["months"]
    months = [month_after(start, index) for index in range(count)] if isinstance(start, date) else []
    plants = {name: str(fields.get("title", name)) for name, fields in programme.get("plants", {}).items()}
    return [
        *(grid_layout(grid, decisions, months, plants) for grid in GRIDS),
        doctrine_layout(decisions, programme),
        decisions_layout(decisions, programme),
    ]


def text_layout(name: str, header: str, text: str) -> SheetLayout:
    """A sheet with the lines of a text."""
    rows = [[line or None] for line in text.removesuffix("\n").split("\n")]
    columns = (ColumnLayout(header, "", 110),)
    return SheetLayout(name, "files", header[0].upper() + header[1:] + ".", columns, rows, has_filter=False)


def originals_layout(texts: Mapping[str, str]) -> SheetLayout:
    """The hidden sheet with the text of the TOML files, from which comments and layout are restored."""
    lines = {name: text.removesuffix("\n").split("\n") for name, text in texts.items()}
    count = max(map(len, lines.values()))
    rows = [[column[row] or None if row < len(column) else None for column in lines.values()] for row in range(count)]
    columns = tuple(ColumnLayout(name, "", 110) for name in texts)
    purpose = "The text of programme.toml and decisions.toml, for their comments and layout; not for editing."
    return SheetLayout(TEXT_SHEET, "files", purpose, columns, rows, has_filter=False, is_hidden=True)


def about_rows(title: str, layouts: Sequence[SheetLayout]) -> list[tuple[str, str]]:
    """Texts of the first sheet of a workbook: name of a sheet or of a rule, and its explanation."""
    sheets = [(layout.name, layout.purpose) for layout in layouts if not layout.is_hidden]
    return [
        (title, ""),
        ("", INTRODUCTION),
        ("", ""),
        *sheets,
        ("", ""),
        ("blue text", "Numbers and names to edit."),
        ("grey text", "Filled by octoplan: units, meanings and this sheet. It is not read."),
        ("numbers", "Type them with the decimal mark of your spreadsheet program, without units and not as text."),
        ("notes", "Sheets whose name begins with 'notes' are for your notes; they are not read."),
    ]  # fmt: skip
