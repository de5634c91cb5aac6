"""The workbook of a plan, read back: the plan's numbers, dates and words, and no formula."""

from datetime import date
from io import BytesIO

import pytest
from openpyxl import load_workbook

from octoplan.plan.results import sheets as account
from octoplan.plan.results.sheets import Leaf
from octoplan.show.workbook import workbook
from tests.plan.pockets import aimed


def test_the_workbook_holds_the_plan() -> None:
    """Sheets stand in order, heads are frozen, and figures and days are those of the plan."""
    plan = aimed()
    leaves = account.leaves(plan, None)
    book = load_workbook(BytesIO(workbook(leaves)))
    assert book.sheetnames == [leaf.name for leaf in leaves]
    assert all(sheet.freeze_panes == "A2" for sheet in book)
    made = [row for row in book["Output"].iter_rows(min_row=2, values_only=True) if row[0] == "made"]
    assert [row[2].date() for row in made] == [date(2026, month, 1) for month in (1, 2, 3)]
    assert [row[3] for row in made] == pytest.approx(plan.tables["made"].values[:, 0].mean(0), abs=1e-6)
    orders = list(book["Orders"].iter_rows(min_row=2, values_only=True))
    assert [row[0].date() for row in orders] == [date(2026, 1, 1), date(2026, 1, 27), date(2026, 2, 24)]
    sources = {row[0]: row for row in book["Sources"].iter_rows(min_row=2, values_only=True)}
    assert sources["suppliers.works.price"][1] == 50
    assert sources["suppliers.works.price"][5] == "GBP"
    assert all(cell.data_type != "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def test_text_that_looks_like_a_formula_stays_text() -> None:
    """A name that begins like a formula is shown as it is written, and computed by nobody."""
    names = ("=1+1", "+1", "-1", "@sum", '=HYPERLINK("x")')
    sheet = load_workbook(BytesIO(workbook([Leaf("x", ("name",), tuple((name,) for name in names))])))["x"]
    cells = [sheet.cell(row, 1) for row in range(2, 2 + len(names))]
    assert [cell.value for cell in cells] == list(names)
    assert {cell.data_type for cell in cells} == {"s"}
    assert all(cell.quotePrefix for cell in cells)


def test_odd_cells_do_not_spoil_the_file() -> None:
    """Signs that a workbook cannot hold are left out, what is not finite is empty, and days are days."""
    rows = (("bell\x07", float("nan"), None), ("never", float("inf"), date(2026, 1, 31)))
    sheet = load_workbook(BytesIO(workbook([Leaf("x", ("name", "value", "day"), rows)])))["x"]
    assert [sheet.cell(row, 1).value for row in (2, 3)] == ["bell", "never"]
    assert [sheet.cell(row, 2).value for row in (2, 3)] == [None, None]
    assert sheet["C3"].value.date() == date(2026, 1, 31)
    assert sheet["C3"].number_format == "yyyy-mm-dd"
