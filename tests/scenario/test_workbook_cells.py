"""Cells of a workbook: a cell that could be misread gives a warning or is refused, by sheet and address."""

import csv
import io
import random
import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from openpyxl.styles import Font

from octoplan.errors import FolderError, ScenarioError
from octoplan.scenario import Scenario, builtin_scenarios, load
from octoplan.scenario.archives import read_members
from octoplan.scenario.changes import with_default_rows
from octoplan.scenario.loading import workbook_scenario
from octoplan.scenario.workbook.reading import read_workbook
from octoplan.scenario.workbook.writing import MAX_TEXT_LENGTH, write_workbook

P_CONTACT = "engagement.drone.town.p_contact"
FILES = {**load("pocket").files, "assumptions.csv": with_default_rows(load("pocket"))}


def no_change(book: Any) -> None:
    """Make no change, so that openpyxl only reads and writes the workbook."""
    del book


def edited_workbook(change: Callable[[Any], None], files: dict[str, bytes] = FILES) -> bytes:
    """The workbook of the pocket scenario after a change."""
    book = openpyxl.load_workbook(io.BytesIO(write_workbook(files)))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def with_changed_part(data: bytes, part: str, change: Callable[[str], str]) -> bytes:
    """A workbook with the XML of one part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content.decode()) if name == part else content)
    return out.getvalue()


def cell_of(book: Any, name: str, column: int = 2) -> Any:
    """A cell in the row of an assumption; column 2 has the value."""
    sheet = book["assumptions"]
    row = next(row for row in sheet.iter_rows() if row[0].value == name)
    return row[column - 1]


def scenario_of(data: bytes) -> tuple[Scenario, list[str]]:
    scenario = workbook_scenario(data, "")
    return scenario, list(map(str, scenario.warnings))


def value_of(scenario: Scenario, name: str) -> float:
    return next(row.median for row in scenario.assumptions if row.name == name)


def with_cell(name: str, **cells: str) -> dict[str, bytes]:
    """The files of pocket with cells of one assumption replaced."""
    rows = list(csv.reader(io.StringIO(FILES["assumptions.csv"].decode())))
    row = next(row for row in rows if row[0] == name)
    for column, text in cells.items():
        row[rows[0].index(column)] = text
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return {**FILES, "assumptions.csv": out.getvalue().encode()}


@pytest.mark.parametrize("name", builtin_scenarios())
def test_a_workbook_restores_the_scenario(name: str) -> None:
    """Downloading a built-in scenario as .xlsx and uploading it returns the same hash, without a warning."""
    scenario = load(name)
    restored, warnings = scenario_of(write_workbook(scenario.files))
    assert restored.hash == scenario.hash
    assert warnings == []


@pytest.mark.parametrize("name", builtin_scenarios())
def test_a_workbook_that_a_spreadsheet_program_saved_restores_the_scenario(name: str) -> None:
    """A workbook rewritten with shared strings and styles gives the same files."""
    files = dict(load(name).files)
    assert workbook_scenario(edited_workbook(no_change, files), "").files == files


TEXTS = (
    "=1+1", "+5", "-", "- a list", " - indented", "@name", "'quoted", '"', "a\tb", " two  spaces ", "_x000D_",
    "_x0041_x",
    "5 to 9", "2026-11-22", "007", "1.50", "1e5", "nan", "inf", "-0.0", "0.30000000000000004", "12345678901234567",
    "TRUE", "#REF!", "85%", "1_000", "٣", "😀 Сумы", "a\nb", "<b>&amp;</b>", "99999999999999999999", "0.1", "1E5", "+7",
)  # fmt: skip


def test_every_text_is_restored() -> None:
    """No text is read as a formula, number, date or escape after it was written to a workbook."""
    rows = [["id", "title", "publisher", "date", "url", "licence"]]
    rows += [[f"s{i}", text, text, text, text, text] for i, text in enumerate(TEXTS)]
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    content = read_workbook(read_members(write_workbook({**FILES, "sources.csv": out.getvalue().encode()})))
    assert list(csv.reader(io.StringIO(content.files["sources.csv"].decode()))) == rows
    assert not content.messages.warnings
    assert not content.messages.problems


@pytest.mark.parametrize(
    ("unit", "text", "expected"), [("%", "80", "85"), ("1", "0.8", "0.85"), ("percent", "80", "85")]
)
def test_a_percentage_is_read_in_the_unit_of_its_row(unit: str, text: str, expected: str) -> None:
    """A cell that holds 0.85 and shows 85% is 85 with the unit %, and 0.85 with the unit 1; a warning says so."""

    def change(book: Any) -> None:
        cell = cell_of(book, P_CONTACT)
        cell.value, cell.number_format = 0.85, "0%"

    scenario, warnings = scenario_of(edited_workbook(change, with_cell(P_CONTACT, value=text, unit=unit)))
    assert value_of(scenario, P_CONTACT) == pytest.approx(0.85, abs=1e-12)
    assert len(warnings) == 1
    assert f"is displayed as 85 %; read as {expected} with the unit {unit}" in warnings[0]


def test_a_percentage_without_a_unit_has_the_unit_per_cent() -> None:
    """If the cell of the unit is empty, a cell that shows 7% is read as 7 %."""

    def change(book: Any) -> None:
        cell = cell_of(book, P_CONTACT)
        cell.value, cell.number_format = 0.07, "0.0%"

    scenario, _ = scenario_of(edited_workbook(change, with_cell(P_CONTACT, value="80 %", unit="")))
    assert value_of(scenario, P_CONTACT) == pytest.approx(0.07, abs=1e-12)


def test_a_literal_per_cent_sign_does_not_scale_the_number() -> None:
    """With the format 0"%" the number 85 is shown as 85% and read as 85."""

    def change(book: Any) -> None:
        cell = cell_of(book, P_CONTACT)
        cell.value, cell.number_format = 85, '0"%"'

    scenario, warnings = scenario_of(edited_workbook(change, with_cell(P_CONTACT, value="80", unit="%")))
    assert value_of(scenario, P_CONTACT) == pytest.approx(0.85, abs=1e-12)
    assert warnings == []


def test_a_format_with_words_gives_a_warning() -> None:
    """A cell that holds 20 and shows 20 hundred is read as 20 in the unit of its row, with a warning."""

    def change(book: Any) -> None:
        cell_of(book, "crews.initial").number_format = '0" hundred"'

    scenario, warnings = scenario_of(edited_workbook(change))
    assert value_of(scenario, "crews.initial") == 20
    assert "hundred" in warnings[0]


def test_a_stale_dimension_is_ignored() -> None:
    """A sheet that declares one cell and has more is read to its end."""
    data = edited_workbook(no_change)
    for number in range(1, 28):
        part = f"xl/worksheets/sheet{number}.xml"
        data = with_changed_part(data, part, lambda xml: re.sub('<dimension ref="[^"]*"', '<dimension ref="A1"', xml))
    assert workbook_scenario(data, "").files == FILES


def test_a_date_is_read_as_a_date() -> None:
    """A date is accepted in the column of dates, and refused in a column of numbers."""

    def day(book: Any) -> None:
        cell_of(book, "crews.initial", 11).value = datetime(2026, 5, 9)  # noqa: DTZ001 (a cell has no time zone)

    def value(book: Any) -> None:
        cell_of(book, "crews.initial").value = datetime(2026, 5, 9)  # noqa: DTZ001

    scenario, _ = scenario_of(edited_workbook(day))
    assert next(row.date for row in scenario.assumptions if row.name == "crews.initial").isoformat() == "2026-05-09"
    with pytest.raises(ScenarioError, match=r"assumptions!B\d+: crews.initial: value '2026-05-09'"):
        scenario_of(edited_workbook(value))


def test_a_workbook_may_count_dates_from_1904() -> None:
    """The same day number is four years later in a workbook of the 1904 date system."""

    def day(book: Any) -> None:
        cell = cell_of(book, "crews.initial", 11)
        cell.value, cell.number_format = 44_000, "yyyy-mm-dd"

    data = with_changed_part(
        edited_workbook(day), "xl/workbook.xml", lambda xml: xml.replace("<workbookPr />", '<workbookPr date1904="1"/>')
    )
    rows = csv.reader(io.StringIO(read_workbook(read_members(data)).files["assumptions.csv"].decode()))
    assert next(row[10] for row in rows if row[0] == "crews.initial") == "2024-06-19"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("=1+1", r"assumptions!B\d+: holds the formula =1\+1 without a stored value"),
        ("#REF!", r"assumptions!B\d+: holds the error #REF!"),
    ],
)
def test_formulas_without_a_value_and_errors_are_refused(value: str, message: str) -> None:
    """A cell without a value is refused with its address."""

    def change(book: Any) -> None:
        cell_of(book, "crews.initial").value = value

    with pytest.raises(ScenarioError, match=message):
        workbook_scenario(edited_workbook(change), "")


def test_a_formula_is_read_as_its_stored_value() -> None:
    """A formula with a stored value is read as this value, with a warning."""
    data = edited_workbook(lambda book: setattr(cell_of(book, "crews.initial"), "value", "=10*2"))
    part = "xl/worksheets/sheet8.xml"
    data = with_changed_part(data, part, lambda xml: xml.replace("<f>10*2</f><v></v>", "<f>10*2</f><v>25</v>").replace(
        "<f>10*2</f><v />", "<f>10*2</f><v>25</v>"))  # fmt: skip
    scenario, warnings = scenario_of(data)
    assert value_of(scenario, "crews.initial") == 25
    assert "holds the formula =10*2; read as '25', its stored value" in warnings[0]


def test_a_boolean_is_not_a_number() -> None:
    """TRUE in the column of values is refused."""
    with pytest.raises(ScenarioError, match=r"crews.initial: value 'TRUE' is not a number"):
        scenario_of(edited_workbook(lambda book: setattr(cell_of(book, "crews.initial"), "value", True)))


def test_a_number_stored_as_text_is_read_as_a_number() -> None:
    """A cell of text that contains only a number is read as the number."""

    def change(book: Any) -> None:
        cell = cell_of(book, "crews.initial")
        cell.value, cell.data_type = " 25 ", "s"

    assert value_of(scenario_of(edited_workbook(change))[0], "crews.initial") == 25


def test_formatted_text_is_read_as_plain_text() -> None:
    """The runs of a text in several fonts are joined."""
    from openpyxl.cell.rich_text import CellRichText, TextBlock
    from openpyxl.cell.text import InlineFont

    def change(book: Any) -> None:
        cell_of(book, "crews.initial", 12).value = CellRichText("plain ", TextBlock(InlineFont(b=True), "bold"), " end")

    scenario, _ = scenario_of(edited_workbook(change))
    assert next(row.note for row in scenario.assumptions if row.name == "crews.initial") == "plain bold end"


def hide_row(book: Any) -> None:
    book["assumptions"].row_dimensions[5].hidden = True


def hide_column(book: Any) -> None:
    book["assumptions"].column_dimensions["L"].hidden = True


def hide_sheet(book: Any) -> None:
    book["sources"].sheet_state = "hidden"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (hide_row, "assumptions: hidden rows were read: 5"),
        (hide_column, "assumptions: hidden columns were read: L"),
        (hide_sheet, "sources: the sheet is hidden; it was read"),
    ],
)
def test_hidden_content_is_read_with_a_warning(change: Callable[[Any], None], message: str) -> None:
    """Hidden rows, columns and sheets are read, with a warning."""
    scenario, warnings = scenario_of(edited_workbook(change))
    assert scenario.files == FILES
    assert message in warnings


def formatted_blanks(book: Any) -> None:
    sheet = book["assumptions"]
    for row, column in ((5, 15), (200, 3), (1, 20)):
        sheet.cell(row, column).font = Font(bold=True)
        sheet.cell(row, column).value = "" if column == 15 else None


def test_empty_cells_with_a_format_are_ignored() -> None:
    """Formatted cells without content to the right of and below a table do not belong to it."""
    assert workbook_scenario(edited_workbook(formatted_blanks), "").files == FILES


def merge(book: Any) -> None:
    book["assumptions"].merge_cells("B3:B5")


def column_without_heading(book: Any) -> None:
    book["assumptions"]["N3"] = "my comment"


def rename_sheet(book: Any) -> None:
    book["assumptions"].title = "Assumption"


def remove_sheet(book: Any) -> None:
    del book["decisions"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (merge, r"assumptions!B3: the cells B3:B5 are merged"),
        (column_without_heading, r"assumptions!N3: holds 'my comment' in a column without a header"),
        (rename_sheet, "Assumption: this is not a sheet of a scenario; did you mean 'assumptions'"),
        (remove_sheet, "decisions: the sheet is missing; restore it"),
        (lambda book: book.create_sheet("Sheet1"), "Sheet1: this is not a sheet of a scenario"),
    ],
)
def test_content_that_cannot_be_read_is_refused(change: Callable[[Any], None], message: str) -> None:
    """Merged cells, content outside the table, and unknown or missing sheets are refused by name."""
    with pytest.raises(ScenarioError, match=message):
        workbook_scenario(edited_workbook(change), "")


def test_two_sheets_of_one_name_are_refused() -> None:
    """A sheet that occurs twice is ambiguous."""
    data = with_changed_part(edited_workbook(lambda book: book.create_sheet("raid counts")), "xl/workbook.xml",
                     lambda xml: xml.replace('name="raid counts"', 'name="sources"'))  # fmt: skip
    with pytest.raises(ScenarioError, match="sources: a sheet of this name occurs twice"):
        workbook_scenario(data, "")


def test_a_sheet_missing_from_the_archive_is_refused() -> None:
    """A workbook is refused if its archive lacks a sheet that the workbook lists."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(edited_workbook(no_change))) as old, zipfile.ZipFile(out, "w") as new:
        for name in old.namelist():
            if name != "xl/worksheets/sheet4.xml":
                new.writestr(name, old.read(name))
    with pytest.raises(FolderError, match=r"no part xl/worksheets/sheet4\.xml for 'crews and kits'"):
        workbook_scenario(out.getvalue(), "")


def empirical(count: int) -> dict[str, bytes]:
    """The files of pocket with an empirical distribution of ``count`` values in one cell."""
    numbers = random.Random(3)
    values = "; ".join(f"{numbers.uniform(10, 30):.4f}" for _ in range(count))
    return with_cell("crews.initial", value=values, distribution="empirical")


def test_a_long_cell_is_restored_or_refused() -> None:
    """A list that fits into a cell is restored; a longer list is refused when the workbook is written."""
    files = empirical(3_500)
    assert max(map(len, files["assumptions.csv"].decode().split(","))) < MAX_TEXT_LENGTH
    assert workbook_scenario(write_workbook(files), "").files == files
    with pytest.raises(FolderError, match=r"assumptions\.csv, row \d+: crews\.initial, column value, has 41,398 char"):
        write_workbook(empirical(4_600))


def test_a_number_beyond_fifteen_digits_gives_a_warning() -> None:
    """A number with more digits than spreadsheet programs keep is read with a warning."""
    data = edited_workbook(lambda book: setattr(cell_of(book, "crews.initial", 12), "value", 12345678901234567))
    assert any("keep 15 digits" in warning for warning in scenario_of(data)[1])


@pytest.mark.parametrize(
    "xml",
    [
        '<row r="1048576"><c r="A1048576"><v>1</v></c></row>', '<row r="200"><c r="XFD200"><v>1</v></c></row>',
        '<row r="200"><c r="A7"><v>1</v></c></row>', '<row r="2"><c r="A2"><v>1</v></c></row>',
        '<row r="-1"></row>', '<row r="200"><c r="A200" t="s"><v>99999</v></c></row>',
        '<row r="200"><c r="A200" s="999"><v>1</v></c></row>', '<row r="200"><c r="A200"><v>one</v></c></row>',
        '<row r="200"><c r="A200"><v>1e999</v></c></row>', '<row r="200"><c r="A200" t="str"><v>_xD800_</v></c></row>',
    ],
)  # fmt: skip
def test_invalid_cells_are_refused(xml: str) -> None:
    """Cells beyond the limits, rows out of order, missing texts or styles, and invalid values are refused."""
    data = with_changed_part(edited_workbook(no_change), "xl/worksheets/sheet8.xml",
                     lambda text: text.replace("</sheetData>", f"{xml}</sheetData>"))  # fmt: skip
    with pytest.raises((FolderError, ScenarioError), match="assumptions"):
        workbook_scenario(data, "")


def test_a_document_type_is_refused() -> None:
    """A part that could declare entities is not parsed."""
    data = with_changed_part(edited_workbook(no_change), "xl/workbook.xml",
                     lambda xml: '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + xml[xml.index("<workbook") :])  # fmt: skip
    with pytest.raises(FolderError, match="declares a document type"):
        workbook_scenario(data, "")


def test_the_size_of_a_sheet_is_bounded() -> None:
    """An empty cell in the last row and column is ignored, and a merged range of a whole sheet is not expanded."""
    far = '<row r="1048576"><c r="XFD1048576" s="0"/></row></sheetData>'
    data = with_changed_part(edited_workbook(no_change), "xl/worksheets/sheet8.xml",
                     lambda xml: xml.replace("</sheetData>", far))  # fmt: skip
    assert workbook_scenario(data, "").files == FILES
    merged = '</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    data = with_changed_part(edited_workbook(no_change), "xl/worksheets/sheet8.xml",
                     lambda xml: xml.replace("</sheetData>", merged))  # fmt: skip
    with pytest.raises(ScenarioError, match=r"assumptions!A1: the cells A1:XFD1048576 are merged"):
        workbook_scenario(data, "")
