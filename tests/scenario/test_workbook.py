"""A scenario as a workbook: restored without loss, also after LibreOffice; mistakes are named by sheet and cell."""

import io
import shutil
import subprocess
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import openpyxl
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from octoplan.errors import FolderError, ScenarioError
from octoplan.scenario import Scenario, builtin_scenarios, load
from octoplan.scenario.archives import read_members
from octoplan.scenario.loading import workbook_scenario
from octoplan.scenario.scenario import read_files
from octoplan.scenario.workbook.cell_text import quoted_sheet
from octoplan.scenario.workbook.sheets import REQUIRED_SHEETS
from octoplan.scenario.workbook.writing import write_workbook
from octoplan.scenario.workbook.xlsx import SheetCell, Workbook, parse_workbook
from tests.scenario.folder import FILES as TEXTS
from tests.scenario.random_files import random_files

FILES = {name: text.encode() for name, text in TEXTS.items()}
SMALL = write_workbook(FILES)
"""The workbook of the small scenario."""
ASSUMPTIONS = TEXTS["assumptions.csv"].splitlines()

LIBREOFFICE = shutil.which("soffice")
needs_libreoffice = pytest.mark.skipif(
    LIBREOFFICE is None, reason="LibreOffice is not installed: apt-get install libreoffice-calc"
)


def edited(change: Callable[[Any], object], data: bytes = SMALL) -> bytes:
    """A workbook after a change with openpyxl, which also writes its styles and strings again."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def saved_by_libreoffice(workbooks: Iterable[bytes], folder: Path) -> list[bytes]:
    """Workbooks as LibreOffice saves them, in one start of it."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, data in enumerate(workbooks):
        paths.append(folder / f"{number}.xlsx")
        paths[-1].write_bytes(data)
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    command = [str(LIBREOFFICE), profile, "--headless", "--convert-to", "xlsx", "--outdir", str(folder / "saved")]
    subprocess.run([*command, *map(str, paths)], check=True, capture_output=True, timeout=600)
    return [(folder / "saved" / path.name).read_bytes() for path in paths]


def assert_same_arrays(first: Any, second: Any) -> None:
    """Two compiled scenarios have the same arrays."""
    if isinstance(first, np.ndarray):
        np.testing.assert_array_equal(first, second)
    elif isinstance(first, dict):
        assert first.keys() == second.keys()
        for key, value in first.items():
            assert_same_arrays(value, second[key])
    elif isinstance(first, tuple):
        assert len(first) == len(second)
        for one_array, other in zip(first, second, strict=True):
            assert_same_arrays(one_array, other)
    else:
        assert first == second


def assert_equal_scenarios(first: Scenario, second: Scenario) -> None:
    """Two scenarios have the same arrays, rows, sources, titles and options of the plan."""
    assert_same_arrays(first.compile(), second.compile())
    assert [a.name for a in first.assumptions] == [a.name for a in second.assumptions]
    np.testing.assert_array_equal(first.medians, second.medians)
    assert first.sources == second.sources
    assert first.decisions.plan == second.decisions.plan
    assert (first.title, first.titles, first.tiles) == (second.title, second.titles, second.tiles)
    assert first.programme.governance == second.programme.governance
    assert first.programme.entities == second.programme.entities


@pytest.mark.parametrize("name", builtin_scenarios())
def test_a_workbook_restores_a_builtin_scenario(name: str) -> None:
    """Every file of a built-in scenario is restored byte by byte, without a warning; also after openpyxl saved it."""
    scenario = load(name)
    data = write_workbook(scenario.files)
    for content in (data, edited(lambda book: book, data)):
        restored = workbook_scenario(content, "")
        assert restored.files == scenario.files
        assert restored.hash == scenario.hash
        assert len(restored.warnings) == len(scenario.warnings)


@pytest.mark.parametrize("name", builtin_scenarios())
def test_the_visible_sheets_hold_a_builtin_scenario(name: str) -> None:
    """Without the hidden texts, the sheets give a scenario with the same arrays, decisions, rows and sources."""
    scenario = load(name)
    data = edited(lambda book: book.remove(book["original text"]), write_workbook(scenario.files))
    restored = workbook_scenario(data, "")
    assert_equal_scenarios(restored, scenario)
    assert restored.decisions == scenario.decisions


@needs_libreoffice
def test_libreoffice_keeps_a_scenario(tmp_path: Path) -> None:
    """A built-in scenario, the small one and random ones are restored byte by byte after LibreOffice saved them."""
    scenarios = [
        *(load(name).files for name in builtin_scenarios()),
        FILES,
        *(random_files(Random(i)) for i in range(3)),
    ]
    saved = saved_by_libreoffice([write_workbook(files) for files in scenarios], tmp_path)
    for files, data in zip(scenarios, saved, strict=True):
        assert workbook_scenario(data, "").files == files


@pytest.mark.slow
@needs_libreoffice
def test_libreoffice_keeps_a_hundred_random_scenarios(tmp_path: Path) -> None:
    """A hundred random scenarios are restored byte by byte after LibreOffice saved them: two minutes."""
    scenarios = [random_files(Random(seed)) for seed in range(100)]
    for files, data in zip(
        scenarios, saved_by_libreoffice([write_workbook(files) for files in scenarios], tmp_path), strict=True
    ):
        assert workbook_scenario(data, "").files == files


@settings(max_examples=15, phases=(Phase.explicit, Phase.reuse, Phase.generate))
@given(st.integers(0, 2**32))
def test_a_random_scenario_is_restored(seed: int) -> None:
    """A workbook restores the files of a random scenario; without its hidden texts it restores an equal scenario."""
    files = random_files(Random(seed))
    data = write_workbook(files)
    assert workbook_scenario(data, "").files == files
    without_texts = edited(lambda book: book.remove(book["original text"]), data)
    restored = workbook_scenario(without_texts, "")
    assert "#" not in restored.files["decisions.toml"].decode().splitlines()[0]
    assert_equal_scenarios(restored, read_files(files, ""))


def row_of(book: Any, sheet: str, name: str) -> int:
    """Row of a sheet whose first cell has a text."""
    return next(row for row in range(1, book[sheet].max_row + 1) if book[sheet].cell(row, 1).value == name)


def put(sheet: str, address: str, value: object, number_format: str = "") -> Callable[[Any], None]:
    """A change that sets a cell; a text is stored as text."""

    def change(book: Any) -> None:
        cell = book[sheet][address]
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"
        if number_format:
            cell.number_format = number_format

    return change


def put_row(sheet: str, name: str, column: int, value: object, number_format: str = "") -> Callable[[Any], None]:
    """A change that sets a cell of the row with a name."""

    def change(book: Any) -> None:
        letters = openpyxl.utils.get_column_letter(column)
        put(sheet, f"{letters}{row_of(book, sheet, name)}", value, number_format)(book)

    return change


def test_an_edit_keeps_comments_and_other_lines() -> None:
    """Changed numbers, a new plant option and a removed value change their lines of the files and no others."""
    files = dict(load("pocket").files)

    def change(book: Any) -> None:
        put("output", "B4", 500)(book)
        put("crews and kits", "B5", 7)(book)
        put("plants", "B2", "Works")(book)
        put_row("decisions", "plan.target", 4, 120)(book)

    restored = workbook_scenario(edited(change, write_workbook(files)), "")
    decisions = restored.files["decisions.toml"].decode()
    assert "bench = [310, 500, 310]     # ten a day" in decisions
    assert "intake = [0, 0, 7]" in decisions
    assert "[plan]\ntarget = 120" in decisions
    assert "part-set = [620, 560, 620]  # two a unit, at the start of each month" in decisions
    before, after = files["programme.toml"].decode(), restored.files["programme.toml"].decode()
    assert set(after.splitlines()) - set(before.splitlines()) == {'title = "Works"'}
    assert before.splitlines()[0] in after
    assert restored.decisions.output == {"bench": [310, 500, 310]}
    assert restored.decisions.crews.intake == [0, 0, 7]
    assert restored.titles["plants.bench"] == "Works"


def test_the_order_of_rows_is_the_order_of_entities() -> None:
    """Plants in another order in the sheet are in this order in the scenario."""

    def change(book: Any) -> None:
        rows = [[cell.value for cell in book["plants"][row]] for row in (3, 2)]
        for row, cells in zip((2, 3), rows, strict=True):
            for column, value in enumerate(cells, start=1):
                book["plants"].cell(row, column).value = value

    assert read_files(FILES, "").names.plants == ("works", "yard")
    assert workbook_scenario(edited(change), "").names.plants == ("yard", "works")


def test_rows_and_columns_can_be_added() -> None:
    """A new payer, a new order of parts, a longer horizon, a budget and a note of the user are read."""

    def change(book: Any) -> None:
        book["payers"].append(["city", "The city"])
        book["part orders"]["C1"] = "yard: camera"
        for row in range(3, 7):
            book["part orders"].cell(row, 3).value = 10 * row
        book["programme"].cell(row_of(book, "programme", "months"), 2).value = 6
        book["decisions"].append(["budget", "city", None, 5, "MGBP"])
        book.create_sheet("notes of Tom")["A1"] = "agreed on Monday"

    scenario = workbook_scenario(edited(change), "")
    assert scenario.names.payers == ("home", "away", "city")
    assert scenario.decisions.orders.explicit["yard"] == {"camera": [30, 40, 50, 60]}
    assert len(scenario.names.months) == 6
    assert scenario.budgets["city"] == 5e6


def test_sheets_have_permitted_values_notes_filters_and_colours() -> None:
    """Grids permit numbers of at least 0, ratings have colours, and headers are frozen and have filters and notes."""
    book = openpyxl.load_workbook(io.BytesIO(SMALL))
    assumptions, output, plants = book["assumptions"], book["output"], book["plants"]
    assert assumptions.auto_filter.ref == f"A1:L{len(ASSUMPTIONS)}"
    assert assumptions.freeze_panes == "B2"
    assert {rule.formula[0] for rules in assumptions.conditional_formatting for rule in rules.rules} == {
        '"green"', '"amber"', '"red"',
    }  # fmt: skip
    assert "P10" in assumptions["C1"].comment.text
    assert isinstance(assumptions["K2"].value, datetime)
    assert output.freeze_panes == "B3"
    assert [cell.value for cell in output[2]] == ["unit", "good units a month", "good units a month"]
    assert [row[1].value for row in output.iter_rows(min_row=3)] == [0, 0, 250, 250]
    kinds = {validation.type for validation in output.data_validations.dataValidation}
    assert kinds == {"decimal"}
    lists = {v.formula1 for v in plants.data_validations.dataValidation}
    assert {"'countries'!$A$2:$A$303", '"crawford,wright"'} <= lists
    assert book["crews and kits"]["A3"].value == datetime(2025, 11, 1)  # noqa: DTZ001 (a cell has no time zone)
    assert book["original text"].sheet_state == "hidden"
    assert book.sheetnames[0] == "about"
    assert all(sheet.column_dimensions["A"].width > 10 for sheet in book)


def renamed_sheet(book: Any) -> None:
    book["assumptions"].title = "Assumption list"


def repeated_row(sheet: str) -> Callable[[Any], None]:
    return lambda book: book[sheet].append([cell.value for cell in book[sheet][2]])


def sheet_without(sheet: str) -> Callable[[Any], None]:
    return lambda book: book.remove(book[sheet])


START = datetime(2025, 12, 1)  # noqa: DTZ001 (a cell has no time zone)
MISTAKES: dict[str, tuple[Callable[[Any], object], tuple[str, ...]]] = {
    "text in a number cell": (put("output", "B5", "about 250"), ("output!B5: holds 'about 250'", "type a number")),
    "a number with its unit": (put("output", "B5", "250 units"), ("output!B5: holds '250 units'", "type a number")),
    "a month deleted": (lambda b: b["output"].delete_rows(4), ("output!A4: holds 3; expected 2", "missing row")),
    "a calendar month deleted": (
        lambda b: b["crews and kits"].delete_rows(4),
        ("'crews and kits'!A4: holds 2026-01; expected 2025-12",),
    ),
    "a plant renamed in one sheet": (
        put("plants", "A2", "workshop"),
        ("output!B1: output.works: there is no 'works'", "lines!B1:", "'part orders'!B1:", "did you mean 'workshop'"),
    ),
    "a plant renamed in a grid": (put("output", "B1", "work"), ("output!B1:", "did you mean 'works'", "output!A1:")),
    "a comma as decimal mark": (put("output", "B5", "0,5"), ("output!B5: holds the text '0,5'", "type 0.5")),
    "a comma between thousands": (put("output", "B5", "1,200"), ("output!B5:", "type 1.200 or 1200")),
    "a comma in an assumption": (
        put_row("assumptions", "plants.*.heads", 2, "0,5"),
        ("assumptions!B13: plants.*.heads: value '0,5' has a comma",),
    ),
    "merged cells": (lambda b: b["plants"].merge_cells("C2:C3"), ("plants!C2: the cells C2:C3 are merged", "unmerge")),
    "a deleted column": (lambda b: b["plants"].delete_cols(3), ("plants!A1: the sheet has no column 'country'; add",)),
    "a deleted column of assumptions": (
        lambda b: b["assumptions"].delete_cols(6),
        ("assumptions!A1: the header has no column 'unit'",),
    ),
    "a deleted column of a grid": (lambda b: b["lines"].delete_cols(2), ("lines!A1: the sheet has no column 'works'",)),
    "a renamed header": (put("plants", "C1", "land"), ("plants!C1: 'land' is not a column of this sheet",)),
    "a repeated row": (repeated_row("plants"), ("plants!A4: 'works' is already in row 2; keep one",)),
    "a repeated assumption": (repeated_row("assumptions"), ("assumptions!A113:", "is in row 2 already; keep one")),
    "a repeated decision": (
        lambda b: b["decisions"].append(["sourcing", "motors-a", None, 0.5]),
        ("decisions!A31: 'sourcing: motors-a' is already in row 23",),
    ),
    "a percentage in a grid": (put("output", "B5", 2.5, "0%"), ("output!B5: is displayed as a percentage", "General")),
    "a date as text": (put("programme", "B3", "01/11/2025"), ("programme!B3: holds '01/11/2025'", "2026-11-22")),
    "a date as text in an assumption": (
        put_row("assumptions", "raids.salvo_share", 11, "03.02.2026"),
        ("assumptions!K55: raids.salvo_share: date '03.02.2026' is not a date; write one such as",),
    ),
    "a date in a number cell": (put("output", "B5", START), ("output!B5: holds the date 2025-12-01", "General")),
    "#N/A": (lambda b: setattr(b["output"]["B5"], "value", "#N/A"), ("output!B5: holds the error #N/A; type a value",)),
    "a formula without a value": (
        lambda b: setattr(b["output"]["B5"], "value", "=1+1"),
        ("output!B5: holds the formula =1+1 without a stored value; type",),
    ),
    "no sheet of decisions": (sheet_without("decisions"), ("decisions: the sheet is missing; restore it",)),
    "no sheet of assumptions": (sheet_without("assumptions"), ("assumptions: the sheet is missing; restore it",)),
    "no sheet of plants": (sheet_without("plants"), ("plants: the sheet is missing; restore it",)),
    "a renamed sheet": (
        renamed_sheet,
        ("'Assumption list': this is not a sheet of a scenario; did you mean 'assumptions'? Rename it",),
    ),
    "a further sheet": (
        lambda b: b.create_sheet("Sheet1"),
        ("Sheet1: this is not a sheet", "begin its name with 'notes'"),
    ),
    "a note below a grid": (put("output", "A9", "Source: ministry"), ("output!A9: holds 'Source: ministry'", "notes")),
    "a note below a table": (put("plants", "A9", "Source: x"), ("plants!A9:", "is not a name")),
    "a note below the assumptions": (
        put("assumptions", "A200", "agreed"),
        ("assumptions!A200: unknown kind 'agreed'",),
    ),
    "a note next to a table": (put("plants", "K2", "ask Tom"), ("plants!K2: holds 'ask Tom'", "clear the cell")),
    "a note next to a grid": (
        put("output", "F5", "ask Tom"),
        ("output!F5: holds 'ask Tom'", "type a header, or clear"),
    ),
    "an empty cell between months": (put("output", "B4", None), ("output!B4: is empty", "0 for none")),
    "a negative number": (put("output", "B5", -4), ("output!B5: output.works: -4 is not valid; expected at least 0",)),
    "half a crew": (put("crews and kits", "B4", 40.5), ("'crews and kits'!B4: holds 40.5; type a whole number",)),
    "an unknown part": (put("suppliers", "C2", "moter"), ("suppliers!C2:", "did you mean 'motor'?")),
    "an unknown gate in a list": (put("plants", "F2", "licence; lisence"), ("plants!F2:", "did you mean 'licence'?")),
    "maybe": (put("threats", "D3", "maybe"), ("threats!D3: holds 'maybe'; type yes or no",)),
    "an unknown rating": (
        put_row("assumptions", "plants.*.heads", 9, "orange"),
        ("assumptions!I13: plants.*.heads: quality 'orange'", "expected green, amber or red"),
    ),
    "an unknown distribution": (
        put_row("assumptions", "plants.*.slope", 5, "betta"),
        ("assumptions!E17:", "did you mean 'beta'?"),
    ),
    "an unknown unit": (
        put_row("assumptions", "gates.licence.duration", 6, "weekz"),
        ("assumptions!F9:", "did you mean 'week'?"),
    ),
    "an unknown source": (
        put_row("assumptions", "plants.*.heads", 8, "studdy"),
        ("assumptions!H13:", "did you mean 'study'?"),
    ),
    "a moved start": (put("programme", "B3", START), ("'crews and kits'!A3: holds '2025-11'", "type 2025-12 here")),
    "months in letters": (put("programme", "B4", "four"), ("programme!B4: holds 'four'", "type a number")),
    "an unknown field": (put("programme", "A4", "month"), ("programme!A4: 'month'", "did you mean 'months'?")),
    "another unit of a grid": (
        put("output", "B2", "units a week"),
        ("output!B2: holds the unit 'units a week'", "convert"),
    ),
    "no row of units": (lambda b: b["output"].delete_rows(2), ("output!A2: holds '1'; expected 'unit'",)),
    "an unknown rule": (
        put_row("decisions", "dispatch.rule", 4, "equal"),
        ("decisions!D3: dispatch.rule: 'equal' is not valid; expected 'cover' or 'share'",),
    ),
    "an amount without a unit": (
        put_row("decisions", "orders.cover", 5, None),
        ("decisions!D2: has no unit; type the unit", "in the column unit"),
    ),
    "a target in letters": (put_row("decisions", "plan.target", 4, "many"), ("decisions!D10: holds 'many'", "type a")),
    "an unknown decision": (
        put_row("decisions", "plan.target", 1, "plan.targit"),
        ("decisions!A10: 'plan.targit' is not a decision of this sheet; did you mean 'plan.target'?",),
    ),
    "a weight of an unknown supplier": (
        put_row("decisions", "sourcing", 2, "motors-z"),
        ("decisions!B23: sourcing.motors-z: there is no 'motors-z' in the sheet suppliers",),
    ),
    "a class without a doctrine": (lambda b: b["doctrine"].delete_rows(2), ("doctrine: doctrine.drone:", "add it")),
    "an unknown layer": (put("doctrine", "B2", "interceptor; guns"), ("doctrine!B2:", "did you mean 'gun'?")),
    "no part of a design": (put("bill of materials", "C2", 0), ("'bill of materials'!C2:", "expected a whole number")),
    "an order without a part": (
        put("part orders", "B1", "works motor"),
        ("'part orders'!B1:", "such as 'uk-1: motor'"),
    ),
    "a missing assumption": (
        lambda b: b["assumptions"].delete_rows(row_of(b, "assumptions", "crews.initial")),
        ("assumptions: crews.initial is missing; add a row",),
    ),
}
"""Natural mistakes: the change of the workbook, and what the report names."""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_by_sheet_and_cell(mistake: str) -> None:
    """The report of a mistake names its sheet and cell and says what to do."""
    change, expected = MISTAKES[mistake]
    with pytest.raises(ScenarioError) as raised:
        workbook_scenario(edited(change), "book.xlsx")
    for text in expected:
        assert text in str(raised.value)
    assert all(str(problem).startswith("book.xlsx: ") for problem in raised.value.problems)
    assert len(raised.value.problems) <= 8


def test_all_mistakes_are_in_one_report() -> None:
    """Mistakes in several sheets are reported at once, in the order of sheets and rows."""

    def change(book: Any) -> None:
        for mistake in ("text in a number cell", "an unknown rating", "an unknown part", "an unknown layer"):
            MISTAKES[mistake][0](book)
        put("assumptions", "C100", "two")(book)

    with pytest.raises(ScenarioError) as raised:
        workbook_scenario(edited(change), "")
    cells = [str(problem).split(": ")[0] for problem in raised.value.problems]
    assert cells == ["assumptions!I13", "assumptions!C100", "doctrine!B2", "output!B5", "suppliers!C2"]


def test_warnings_name_sheets_and_cells() -> None:
    """A percentage, a text in a column that octoplan fills, and an unused source are warnings with their cells."""

    def change(book: Any) -> None:
        put_row("assumptions", "raids.salvo_share", 2, 0.1, "0%")(book)
        put_row("decisions", "plan.target", 6, "ask Tom")(book)

    warnings = list(map(str, workbook_scenario(edited(change), "").warnings))
    assert any(w.startswith("assumptions!B55: holds 0.1 and is displayed as 10 %; read as 0.1") for w in warnings)
    assert any(w.startswith("decisions!F10: this column is filled by octoplan") for w in warnings)
    assert any("'news' is not used" in w for w in warnings)


def test_a_workbook_of_an_earlier_version_is_explained() -> None:
    """The sheets of octoplan 0.1, with lines of TOML in column A, are refused with a remedy."""

    def change(book: Any) -> None:
        book.create_sheet("programme.toml")["A1"] = 'title = "Old"'

    with pytest.raises(ScenarioError, match="an earlier version of octoplan; write it again with octoplan new"):
        workbook_scenario(edited(change), "")


@pytest.mark.parametrize("data", [b"", b"PK\5\6" + b"\0" * 18, b"\xd0\xcf\x11\xe0 old"])
def test_other_files_are_refused(data: bytes) -> None:
    """A file that is not a workbook with the ending .xlsx is refused with a reason."""
    with pytest.raises(FolderError):
        workbook_scenario(data, "")


def test_load_reads_a_workbook(tmp_path: Path) -> None:
    """``load`` reads a workbook by its path; a missing or damaged file is one problem with its path."""
    path = tmp_path / "Small.XLSX"
    path.write_bytes(SMALL)
    assert load(path).hash == read_files(FILES, "").hash
    path.write_bytes(SMALL[:1000])
    with pytest.raises(ScenarioError, match=r"Small\.XLSX: the file is not a zip archive"):
        load(path)
    with pytest.raises(ScenarioError, match=r"none\.xlsx: cannot be read: No such file"):
        load(tmp_path / "none.xlsx")


CONTENTS = (
    "", "abc", "1,5", "-3", "1e999", "TRUE", "2026-13", "=x", "*", "a.b", "x: y: z", ":", ";;", "interceptor", "cover",
    "a\nb", "plan.worst", "months", "raids.toml", "governance.not_for", "\x7f",
)  # fmt: skip
EDITS = 60
"""Number of randomly edited workbooks; 400 take a minute."""


def randomly_edited(numbers: Random, book: Workbook) -> Workbook:
    """A copy of a workbook after some cells were cleared, changed or moved up by the deletion of a row."""
    copy = deepcopy(book)
    for _ in range(numbers.choice((1, 1, 2, 4))):
        cells = numbers.choice(copy.sheets).cells
        row, column = numbers.choice([*cells] or [(1, 1)])
        row, column = row + numbers.choice((0, 0, 1)), column + numbers.choice((0, 0, 1))
        kind = numbers.choice(("clear", "delete", "text", "number", "error", "boolean"))
        if kind == "delete":
            others = [replace(c, row=c.row - (c.row > row)) for c in cells.values() if c.row != row]
            cells.clear()
            cells.update({(c.row, c.column): c for c in others})
        elif kind == "clear":
            cells.pop((row, column), None)
        elif kind == "text":
            cells[row, column] = SheetCell(row, column, "text", numbers.choice(CONTENTS))
        elif kind == "number":
            number_format = numbers.choice(("General", "0%", "yyyy-mm-dd"))
            cells[row, column] = SheetCell(
                row, column, "number", numbers.choice(("0", "-1", "2.5", "3e9")), number_format
            )
        else:
            cells[row, column] = SheetCell(row, column, "error" if kind == "error" else "boolean", "1")
    return copy


def pick_book(book: Workbook, _: object) -> Workbook:
    return book


def test_random_edits_give_a_scenario_or_a_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is typed where, the workbook is a scenario, or its problems are reported with their sheets."""
    numbers, book = Random(20261130), parse_workbook(read_members(SMALL))
    names = {quoted_sheet(sheet.name) for sheet in book.sheets}
    reports: list[ScenarioError] = []
    for _ in range(EDITS):
        edited_book = randomly_edited(numbers, book)
        monkeypatch.setattr("octoplan.scenario.workbook.reading.parse_workbook", partial(pick_book, edited_book))
        try:
            workbook_scenario(SMALL, "")
        except ScenarioError as error:
            reports.append(error)
    assert {problem.file for report in reports for problem in report.problems} <= names
    assert len(reports) > EDITS // 2


@pytest.mark.parametrize("sheet", REQUIRED_SHEETS)
def test_a_missing_sheet_is_named(sheet: str) -> None:
    """Each sheet that every workbook has is missed by its name."""
    with pytest.raises(ScenarioError) as raised:
        workbook_scenario(edited(lambda book: book.remove(book[sheet])), "")
    assert f"{quoted_sheet(sheet)}: the sheet is missing; restore it" in str(raised.value)
