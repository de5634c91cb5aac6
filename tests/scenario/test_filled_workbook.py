"""Rows with default values added to a workbook: the scenario of the filled folder, and all else of the workbook."""

import io
import re
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Border, Font, PatternFill, Side
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table

from octoplan.errors import FolderError, StoreError
from octoplan.scenario import load
from octoplan.scenario.archives import read_members
from octoplan.scenario.changes import with_default_rows
from octoplan.scenario.filling import filled_workbook
from octoplan.scenario.loading import workbook_scenario
from octoplan.scenario.workbook.added_rows import with_members, with_rows
from octoplan.scenario.workbook.writing import write_workbook
from tests.scenario.test_workbook import edited, needs_libreoffice, saved_by_libreoffice

POCKET = load("pocket")
COUNT = sum(a.is_default for a in POCKET.assumptions)
"""Number of default values of the scenario, all of which get a row."""
BOOK = write_workbook(POCKET.files)
LAST = 1 + sum(not a.is_default for a in POCKET.assumptions)
"""Last row of the sheet of the assumptions."""


def opened(data: bytes) -> Any:
    """A workbook as openpyxl reads it."""
    return openpyxl.load_workbook(io.BytesIO(data))


def assert_is_filled(data: bytes) -> bytes:
    """The filled workbook, after a check that its scenario is that of the filled folder."""
    before = workbook_scenario(data, "")
    filled = filled_workbook(data, "book.xlsx")
    scenario = workbook_scenario(filled, "")
    assert scenario.files == {**before.files, "assumptions.csv": with_default_rows(before)}
    assert not any(a.is_default for a in scenario.assumptions)
    assert len(scenario.warnings) == len(before.warnings)
    return filled


def use_the_workbook(book: Any) -> None:
    """What users add: sheets of notes with formulas and a chart, formats, a hidden row, notes and permitted values."""
    sheet, notes = book["assumptions"], book.create_sheet("notes of mine")
    notes["A1"], notes["A2"] = '=COUNTIF(assumptions!I:I,"red")', 5
    chart = BarChart()
    chart.add_data(Reference(notes, min_col=1, min_row=1, max_row=2))
    notes.add_chart(chart, "C3")
    sheet.column_dimensions["A"].width = 61
    sheet.row_dimensions[3].hidden = True
    sheet["B5"].comment = Comment("ask the plant", "me")
    sheet["A6"].fill = PatternFill("solid", fgColor="FFFF00")
    sheet["A7"].font = Font(bold=True)
    extra = DataValidation("decimal", operator="greaterThan", formula1="-1")
    sheet.add_data_validation(extra)
    extra.add(f"B2:B{LAST}")
    sheet.conditional_formatting.add(f"L2:L{LAST}", CellIsRule("equal", ['"x"'], font=Font(bold=True)))
    sheet.protection.sheet = True


def test_only_the_rows_are_added() -> None:
    """Every part but the sheet and the list of sheets keeps its bytes; the sheet keeps all but the ends of ranges."""
    data = edited(use_the_workbook, BOOK)
    filled = assert_is_filled(data)
    before, after = read_members(data), read_members(filled)
    assert list(before) == list(after)
    assert sorted(name for name in before if before[name] != after[name]) == [
        "xl/workbook.xml", "xl/worksheets/sheet8.xml",
    ]  # fmt: skip
    old, new = (parts["xl/worksheets/sheet8.xml"].decode() for parts in (before, after))
    rows = re.search(f'<row r="{LAST + 1}">.*(?=</sheetData>)', new)
    assert rows is not None
    new_last = LAST + COUNT
    ends = {f"A1:L{LAST}": f"A1:L{new_last}", f"B2:B{LAST}": f"B2:B{new_last}", f"L2:L{LAST}": f"L2:L{new_last}"}
    for text, longer in ends.items():
        assert text in old
        old = old.replace(f'"{text}"', f'"{longer}"')
    assert new.replace(rows[0], "") == old
    names = f"'assumptions'!$A$1:$L${LAST}"
    expected = before["xl/workbook.xml"].decode().replace(names, names.replace(str(LAST), str(new_last)))
    assert after["xl/workbook.xml"].decode() == expected


def test_the_new_rows_look_like_the_others() -> None:
    """Names, numbers, dates and texts have the formats of their columns, and ratings are coloured by the same rule."""
    sheet = opened(assert_is_filled(BOOK))["assumptions"]
    assert sheet.max_row == LAST + COUNT
    for column in range(1, 13):
        old, new = sheet.cell(LAST, column), sheet.cell(sheet.max_row, column)
        if type(new.value) is type(old.value):
            assert old.style_id == new.style_id
    assert isinstance(sheet.cell(sheet.max_row, 11).value, datetime)
    assert {sheet.cell(row, 9).value for row in range(LAST + 1, sheet.max_row + 1)} == {"red"}
    assert any(f"I{sheet.max_row}" in cells for cells in sheet.conditional_formatting)
    assert sheet.auto_filter.ref == f"A1:L{sheet.max_row}"


def in_other_columns(book: Any) -> None:
    """The columns in another order."""
    sheet = book["assumptions"]
    for row in sheet.iter_rows():
        values = [cell.value for cell in row]
        for cell, value in zip(row, reversed(values), strict=True):
            cell.value, cell.number_format = value, "General"
            if isinstance(value, date):
                cell.number_format = "yyyy-mm-dd"


def in_percent(book: Any) -> None:
    """The value of the last row is displayed as a percentage, and formatted blank rows follow."""
    sheet = book["assumptions"]
    sheet.cell(LAST, 2).number_format = "0.00"
    for row in (LAST + 1, LAST + 3, LAST + COUNT + 4):
        sheet.cell(row, 2).number_format = "0%"
        sheet.cell(row, 4).border = Border(Side("thin"))
        sheet.row_dimensions[row].height = 40


def as_a_table(book: Any) -> None:
    """The cells are a table of the spreadsheet program."""
    sheet = book["assumptions"]
    sheet.auto_filter.ref = None
    sheet.add_table(Table(displayName="rows", ref=f"A1:L{LAST}"))


def hand_coloured(book: Any) -> None:
    """A row is rated green and its rating is coloured by hand; dates are texts."""
    sheet = book["assumptions"]
    book["sources"].append(["paper", "A", "B", "https://example.org", "2026-11-22", "CC"])
    sheet.cell(LAST, 8).value, sheet.cell(LAST, 9).value = "paper", "amber"
    sheet.cell(LAST, 9).fill = PatternFill("solid", fgColor="00FF00")
    for row in range(2, LAST + 1):
        sheet.cell(row, 11).value, sheet.cell(row, 11).number_format = "2026-11-22", "@"


def in_another_place(book: Any) -> None:
    """The name of the sheet has capitals, blank rows are above its header, and dates count from 1904."""
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    sheet = book["assumptions"]
    sheet.title = "moved"
    sheet.title = "Assumptions"
    sheet.insert_rows(1, 2)
    book.epoch = CALENDAR_MAC_1904


EDITS: list[Callable[[Any], object]] = [
    in_other_columns, in_percent, as_a_table, hand_coloured, in_another_place, use_the_workbook,
]  # fmt: skip


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: str(edit.__name__))
def test_an_edited_workbook_is_filled(edit: Callable[[Any], object]) -> None:
    """However the sheet was edited, the filled workbook has the scenario of the filled folder."""
    data = edited(edit, BOOK)
    sheet = next(s for s in opened(assert_is_filled(data)) if s.title.lower() == "assumptions")
    if edit is as_a_table:
        assert sheet.tables["rows"].ref == f"A1:L{LAST + COUNT}"
    if edit is in_percent:
        assert {sheet.cell(row, 2).number_format for row in range(LAST + 1, LAST + COUNT + 1)} == {"General"}
        assert sheet.cell(LAST + COUNT + 4, 2).number_format == "0%"
    if edit is hand_coloured:
        assert sheet.cell(LAST + COUNT, 9).style_id == sheet.cell(LAST - 1, 9).style_id != sheet.cell(LAST, 9).style_id
    if edit is use_the_workbook:
        assert sheet.row_dimensions[3].hidden
        assert sheet["B5"].comment.text == "ask the plant"
        assert sheet.protection.sheet


def test_rows_without_numbers_and_names_with_a_prefix() -> None:
    """Rows and cells may have no address, and elements a prefix, as other programs write them."""
    members = read_members(BOOK)
    part = "xl/worksheets/sheet8.xml"
    text = members[part].decode()
    columns = re.sub(r'<row r="\d+"', "<row", text)
    prefixed = re.sub(r"<(/?)(?=\w)", r"<\1x:", columns).replace("xmlns=", "xmlns:x=")
    for xml in (columns, prefixed, "\ufeff" + prefixed):
        assert_is_filled(with_members(BOOK, {part: xml.encode()}))


def test_another_encoding_is_refused() -> None:
    """A sheet in UTF-16 is read but not edited: the message says what would do."""
    part = "xl/worksheets/sheet8.xml"
    text = '<?xml version="1.0" encoding="UTF-16"?>' + read_members(BOOK)[part].decode()
    data = with_members(BOOK, {part: text.encode("utf-16")})
    assert workbook_scenario(data, "").hash == POCKET.hash
    with pytest.raises(FolderError, match=f"part {part} of the workbook is not in UTF-8; save the workbook again"):
        with_rows(data, "assumptions", [{"name": "a"}])
    with pytest.raises(StoreError, match=r"book.xlsx: .*nothing was written: .*not in UTF-8"):
        filled_workbook(data, "book.xlsx")


def test_formulas_of_the_user_are_computed_again() -> None:
    """A workbook with formulas is computed when it is opened, because they may count the new rows."""
    part = "xl/workbook.xml"
    for calculation in ('<calcPr calcId="1"/>', '<calcPr fullCalcOnLoad="0" calcId="1"/>'):
        data = edited(use_the_workbook, BOOK)
        text = re.sub(r"<calcPr[^>]*/>", calculation, read_members(data)[part].decode())
        filled = assert_is_filled(with_members(data, {part: text.encode()}))
        assert '<calcPr fullCalcOnLoad="1" calcId="1"/>' in read_members(filled)[part].decode()


@pytest.mark.parametrize("prefix", ["", "x:"])
@pytest.mark.parametrize("has_names", [True, False])
def test_a_workbook_without_settings_of_calculation_gets_them(prefix: str, has_names: bool) -> None:
    """The element is after the sheets and the names, where the format permits it, in the namespace of the others."""
    part = "xl/workbook.xml"
    data = edited(use_the_workbook, BOOK)
    text = re.sub(r"<calcPr[^>]*/>", '<oleSize ref="A1"/>', read_members(data)[part].decode())
    if not has_names:
        text = re.sub(r"<definedNames>.*</definedNames>", "", text)
    if prefix:
        text = re.sub(r"<(/?)(?=\w)", rf"<\1{prefix}", text).replace("xmlns=", "xmlns:x=")
    filled = assert_is_filled(with_members(data, {part: text.encode()}))
    before = "definedNames" if has_names else "sheets"
    expected = f'</{prefix}{before}><{prefix}calcPr fullCalcOnLoad="1"/><{prefix}oleSize'
    assert expected in read_members(filled)[part].decode()
    assert not prefix or opened(filled).calculation.fullCalcOnLoad


def test_a_workbook_without_formulas_is_not_recalculated() -> None:
    """The settings of calculation of a workbook without formulas keep their bytes."""
    part = "xl/workbook.xml"
    text = read_members(BOOK)[part].decode()
    for calculation in ("", '<calcPr calcId="1"/>'):
        data = with_members(BOOK, {part: re.sub(r"<calcPr[^>]*/>", calculation, text).encode()})
        filled = read_members(assert_is_filled(data))[part].decode()
        assert re.findall(r"<calcPr[^>]*/>", filled) == ([calculation] if calculation else [])


def test_members_keep_dates_and_comments() -> None:
    """The archive keeps the order, dates and attributes of its members, and its comment."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.comment = b"mine"
        archive.writestr(zipfile.ZipInfo("b", (2001, 2, 3, 4, 5, 6)), "1")
        archive.writestr(zipfile.ZipInfo("a"), "2")
    with zipfile.ZipFile(io.BytesIO(with_members(out.getvalue(), {"a": b"3"}))) as archive:
        assert archive.comment == b"mine"
        assert next((e.filename, e.date_time) for e in archive.infolist()) == ("b", (2001, 2, 3, 4, 5, 6))
        assert (archive.read("b"), archive.read("a")) == (b"1", b"3")


def random_part(numbers: Random) -> dict[str, bytes]:
    """The files of the scenario, of which some default values have rows already, in any order."""
    lines = with_default_rows(POCKET).decode().splitlines(keepends=True)
    header, stated, defaults = lines[0], lines[1:LAST], lines[LAST:]
    rows = [*stated, *numbers.sample(defaults, numbers.randint(0, len(defaults) - 1))]
    numbers.shuffle(rows)
    return {**POCKET.files, "assumptions.csv": "".join([header, *rows]).encode()}


def test_random_parts_are_completed() -> None:
    """Whichever default values have rows already, the others are added."""
    for seed in range(20):
        assert_is_filled(write_workbook(random_part(Random(seed))))


@needs_libreoffice
def test_libreoffice_keeps_a_filled_workbook(tmp_path: Path) -> None:
    """Saved by LibreOffice before it is filled, and again after, a workbook has the scenario of the filled folder."""
    used = edited(use_the_workbook, BOOK)
    saved = saved_by_libreoffice([BOOK, used, edited(as_a_table, BOOK)], tmp_path / "before")
    filled = [assert_is_filled(data) for data in saved]
    filled_files = {**POCKET.files, "assumptions.csv": with_default_rows(POCKET)}
    for data in saved_by_libreoffice([*filled, filled_workbook(used, "")], tmp_path / "after"):
        assert workbook_scenario(data, "").files == filled_files
    notes = opened(saved_by_libreoffice([filled[1]], tmp_path / "notes")[0])["notes of mine"]
    assert notes["A1"].value == '=COUNTIF(assumptions!I:I,"red")'
    assert len(notes._charts) == 1
