"""Workbooks read back: values are unchanged, text is never a formula, and the limits of Excel are kept."""

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from octoplan import TableError
from octoplan.plan.results import sheets as plan_tables
from octoplan.show import workbook as excel
from octoplan.show.workbook import Formula, sheet_name, workbook
from octoplan.tables import Cell, Column, Table
from tests.plan.pockets import plan_with_target


def read_sheet(*rows: tuple[Cell, ...], types: tuple[str, ...] = ("string",), **options: Any) -> Any:
    """The first sheet of a workbook with one table, as read by openpyxl."""
    columns = tuple(Column(f"c{i}", column_type) for i, column_type in enumerate(types))  # type: ignore[arg-type]
    return load_workbook(BytesIO(workbook([Table.from_rows("x", "X", columns, rows)], **options))).worksheets[0]


def test_the_workbook_of_a_plan() -> None:
    """Sheets are in order, headers are frozen, and numbers and dates are those of the plan."""
    plan = plan_with_target()
    tables = plan_tables.sheets(plan, None)
    book = load_workbook(BytesIO(workbook(tables)))
    assert book.sheetnames == [table.name for table in tables]
    assert all(sheet.freeze_panes == "B2" for sheet in book)
    produced = [row for row in book["Output"].iter_rows(min_row=2, values_only=True) if row[0] == "produced"]
    assert [row[2].date() for row in produced] == [date(2026, month, 1) for month in (1, 2, 3)]
    assert [row[3] for row in produced] == pytest.approx(plan.tables["produced"].values[:, 0].mean(0), abs=1e-6)
    orders = list(book["Orders"].iter_rows(min_row=2, values_only=True))
    assert [row[0].date() for row in orders] == [date(2026, 1, 1), date(2026, 1, 27), date(2026, 2, 24)]
    sources = {row[0]: row for row in book["Sources"].iter_rows(min_row=2, values_only=True)}
    assert sources["suppliers.works.price"][1] == 50
    assert sources["suppliers.works.price"][5] == "GBP"
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@sum", '=HYPERLINK("x")', "#N/A", "\t=1", "=" + "A" * 300])
def test_text_is_never_evaluated(text: str) -> None:
    """Text that begins like a formula or equals an error value is stored as quoted text."""
    cell = read_sheet((text,))["A2"]
    assert cell.value == text
    assert cell.data_type == "s"
    assert cell.quotePrefix


def test_only_a_formula_is_evaluated() -> None:
    """A cell of type Formula is stored as a formula."""
    cell = read_sheet((Formula("=1+1"),))["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "f")


def test_a_header_is_never_a_formula() -> None:
    """The label of a column is stored as text even if it begins like a formula."""
    book = load_workbook(BytesIO(workbook([Table("x", "X", (Column("a", "string", label="=1+1"),), ((),))])))
    assert (book["x"]["A1"].value, book["x"]["A1"].data_type) == ("=1+1", "s")


def test_values_that_excel_cannot_represent() -> None:
    """NaN is empty; infinity, long integers and dates before March 1900 are text; control characters are replaced."""
    sheet = read_sheet(
        (float("nan"), float("inf"), 10**15 + 1, date(1899, 1, 2), "bell\x07"),
        (1.5, -float("inf"), 7, date(2026, 1, 31), "x"),
        types=("number", "number", "integer", "date", "string"),
    )
    assert [cell.value for cell in sheet[2]] == [None, "inf", "1000000000000001", "1899-01-02", "bell\ufffd"]
    assert [cell.value for cell in sheet[3]][:3] == [1.5, "-inf", 7]
    assert sheet["D3"].value.date() == date(2026, 1, 31)
    assert sheet["D3"].number_format == "yyyy-mm-dd"


def test_text_too_long_for_a_cell_is_refused() -> None:
    """32,767 characters are accepted and one more is refused; Excel counts characters beyond U+FFFF twice."""
    assert read_sheet(("x" * 32_767,))["A2"].value == "x" * 32_767
    with pytest.raises(TableError, match=r"sheet 'x', row 3, column 'c0': the text has 32,768 characters"):
        read_sheet(("short",), ("x" * 32_768,))
    with pytest.raises(TableError, match="an Excel cell holds 32,767"):
        read_sheet(("\N{ROCKET}" * 16_384,))


def test_rows_beyond_a_sheet_continue_on_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table with more rows than a sheet holds is split, with a header on each sheet, and no row is lost."""
    monkeypatch.setattr(excel, "MAX_ROWS", 4)
    table = Table("counts", "Counts", (Column("n", "integer"),), (list(range(7)),))
    book = load_workbook(BytesIO(workbook([table])))
    assert book.sheetnames == ["counts", "counts (2)", "counts (3)"]
    cells = [[row[0] for row in sheet.iter_rows(values_only=True)] for sheet in book]
    assert cells == [["n", 0, 1, 2], ["n", 3, 4, 5], ["n", 6]]


def test_columns_beyond_a_sheet_are_refused() -> None:
    """A table with 16,385 columns is refused; the message has its name and a remedy."""
    columns = tuple(Column(f"c{i}", "integer") for i in range(16_385))
    with pytest.raises(TableError, match=r"'wide' has 16,385 columns.*csv or parquet"):
        workbook([Table("wide", "Wide", columns, ((),) * 16_385)])


def test_names_of_sheets_are_short_legal_and_unique() -> None:
    """Sheet names have at most 31 characters, no forbidden characters, and differ regardless of case."""
    assert sheet_name("plant a/b", ()) == "plant a-b"
    assert len(sheet_name("x" * 40, ())) == 31
    assert sheet_name("Plant", ["plant"]) == "Plant (2)"
    assert sheet_name("y" * 40, ["y" * 31]) == "y" * 27 + " (2)"
