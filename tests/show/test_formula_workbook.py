"""The formula workbook, computed by LibreOffice, compared with the simulation."""

import io
import shutil
import subprocess
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from octoplan.api import simulate
from octoplan.errors import RunError
from octoplan.outcomes.median_case import median_case
from octoplan.outcomes.run import Run
from octoplan.scenario import load
from octoplan.scenario.changes import with_default_rows
from octoplan.scenario.scenario import with_files, with_state
from octoplan.show.formula_workbook import formula_workbook
from tests.outcomes.runs import changed

LIBREOFFICE = shutil.which("soffice")
needs_libreoffice = pytest.mark.skipif(
    LIBREOFFICE is None, reason="LibreOffice is not installed: apt-get install libreoffice-calc"
)
RESULT_SHEETS = ("Production", "Stock", "Spend", "Spend by payer")


def computed_workbook(content: bytes, folder: Path) -> Any:
    """The workbook with the values of its formulas as computed by LibreOffice."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "in.xlsx").write_bytes(content)
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    command = [str(LIBREOFFICE), profile, "--headless", "--convert-to", "xlsx", "--outdir", str(folder / "out"),
               str(folder / "in.xlsx")]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    return openpyxl.load_workbook(folder / "out" / "in.xlsx", data_only=True, read_only=True)


def columns(book: Any, sheet: str) -> dict[str, list[Any]]:
    head, *rows = book[sheet].iter_rows(values_only=True)
    return {name: [row[i] for row in rows] for i, name in enumerate(head)}


def with_assumption(content: bytes, name: str, value: float) -> bytes:
    """The workbook with one value changed on its sheet of assumptions."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    (cell,) = [row[1] for row in book["Assumptions"].iter_rows(min_row=2) if row[0].value == name]
    cell.value = value
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def assert_equal_to_simulation(book: Any, run: Run) -> None:
    """Assert that units equal those of the simulation exactly, and money to a relative error of 1e-9."""
    case = median_case(run)
    names = run.compiled.names
    production = columns(book, "Production")
    for p, plant in enumerate(names.plants):
        assert production[f"good units {plant}"] == case.month("good")[:, p].tolist()
    stock = columns(book, "Stock")
    last = [int(day) for day in run.compiled.links.month_days.cumsum() - 1]
    for d, design in enumerate(names.designs):
        assert stock[f"stock {design}"] == case.day("stock")[last, :, d].sum(axis=1).tolist()
    spent = columns(book, "Spend")
    assert spent["total"] == pytest.approx(case.month("spend").sum(axis=(1, 2)).tolist(), rel=1e-9)
    payers = columns(book, "Spend by payer")
    for i, payer in enumerate(names.payers):
        assert payers[payer] == pytest.approx(case.month("spend")[:, :, i].sum(axis=1).tolist(), rel=1e-9, abs=1e-3)


@needs_libreoffice
@pytest.mark.parametrize("name", ["pocket", "octopus"])
def test_formulas_equal_the_run_at_medians(name: str, tmp_path: Path) -> None:
    """Monthly good units, stock and spend by plant, design and payer are those of the simulation at medians."""
    run = simulate(load(name), 1, 1)
    book = computed_workbook(formula_workbook(median_case(run)), tmp_path)
    assert_equal_to_simulation(book, run)
    read_me = columns(book, "Read me")
    differences = dict(zip(read_me["text"], read_me["value"], strict=True))
    assert differences["units and stock"] == 0
    assert differences["money"] == pytest.approx(0.0, abs=1e-3)
    for sheet in RESULT_SHEETS:
        sheet_columns = columns(book, sheet)
        assert [header for header in sheet_columns if header.startswith("difference")]
        assert all(
            isinstance(cell, int | float)
            for header, cells in sheet_columns.items()
            if header != "month"
            for cell in cells
        )


@needs_libreoffice
@pytest.mark.parametrize(
    ("name", "row", "value"),
    [
        ("plants.bench.line_rate", ("line_rate,10", "line_rate,8"), 8.0),
        ("plants.bench.labour_rate", ("labour_rate,20", "labour_rate,31"), 31.0),
        ("gates.licence.duration", ("licence.duration,5", "licence.duration,12"), 12.0),
    ],
)
def test_a_changed_assumption_changes_formulas_and_simulation_alike(
    name: str, row: tuple[str, str], value: float, tmp_path: Path
) -> None:
    """A value changed in the workbook gives the results of a simulation with the same value in the scenario."""
    first = simulate(load("pocket"), 1, 1)
    second = simulate(changed(tmp_path / "other", assumptions={row[0]: row[1]}), 1, 1)
    book = computed_workbook(with_assumption(formula_workbook(median_case(first)), name, value), tmp_path / "office")
    case = median_case(second)
    assert columns(book, "Production")["good units bench"] == case.month("good")[:, 0].tolist()
    spent = columns(book, "Spend")
    assert spent["labour"] == pytest.approx(case.month("spend")[:, 1].sum(axis=1).tolist(), rel=1e-9)
    before = median_case(first)
    assert (
        not (before.month("good") == case.month("good")).all()
        or not (before.month("spend") == case.month("spend")).all()
    )


def test_a_scenario_with_a_known_state_is_refused() -> None:
    """The formulas begin on the first day, so a scenario with state.csv raises RunError."""
    scenario = with_state(load("pocket"), "name,value,unit,source,note\ndate,2026-02-01,,,\n")
    with pytest.raises(RunError, match=r"state\.csv"):
        formula_workbook(median_case(simulate(scenario, 1, 1)))


@needs_libreoffice
def test_other_makers_deliver_their_share_in_service(tmp_path: Path) -> None:
    """With a share in service, the formulas for deliveries and their cost are those of the simulation."""
    scenario = load("pocket")
    rows = with_default_rows(scenario).decode().replace("default: ", "")
    rows = rows.replace("rate_start,0", "rate_start,7").replace("full,0", "full,9")
    rows += "service.pocket.share,0.3,,,fixed,1,,,red,tests,2026-11-22,\n"
    run = simulate(with_files(scenario, {"assumptions.csv": rows}), 1, 1)
    book = computed_workbook(formula_workbook(median_case(run)), tmp_path)
    assert_equal_to_simulation(book, run)
    assert columns(book, "Spend")["other-makers"][0] == pytest.approx(1000 * int(31 * 9 * 0.3), abs=2000)
    assert "service.pocket.share" in columns(book, "Assumptions")["assumption"]
