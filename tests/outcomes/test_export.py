"""Exports: numbers equal those of the run, and other software accepts tables and descriptors."""

import csv
import io
import json
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest

from octoplan.answer.answer import ProgrammeResults
from octoplan.api import Run, read, simulate
from octoplan.cli.export import answer_sentences, export_files
from octoplan.outcomes.descriptors import DATA_PACKAGE, RO_CRATE
from octoplan.outcomes.export import parquet, statistics_by_column, tables, tallies_by_future
from octoplan.outcomes.key_results import month_label
from octoplan.outcomes.measures import measures
from octoplan.outcomes.run_results import RunResults
from octoplan.scenario import load
from octoplan.show.answer import result_sentences
from octoplan.show.export_workbook import export_workbook
from octoplan.tables import Cell, Table
from tests.cli.test_runs import octoplan
from tests.outcomes.runs import changed, octopus, pocket

RUNS = {"pocket": pocket, "octopus": octopus}


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest) -> Run:
    return RUNS[request.param]()


def export_folder(run: Run, to: str, folder: Path) -> Path:
    """Write every file of an export to a folder and return it."""
    for name, content in export_files(run, to).items():  # type: ignore[arg-type]
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def columns(table: Table) -> dict[str, list[Cell]]:
    """The cells of a table by name of the column."""
    return {column.name: list(cells) for column, cells in zip(table.columns, table.values, strict=True)}


def test_futures_and_key_results_equal_those_of_the_run(run: Run) -> None:
    """The tables of futures and of key results have the measures and quantiles of the run."""
    by_name = {table.name: table for table in tables(run)}
    futures = columns(by_name["futures"])
    for measure in measures(run):
        expected: list[Cell] = [None if np.isnan(value) else float(value) for value in measure.values]
        if measure.form == "month":
            expected = [month_label(value, run.compiled.names.months) for value in measure.values]
        assert futures[measure.key] == expected
    results = columns(by_name["key_results"])
    row = results["key"].index("made")
    assert float(str(results["p50"][row])) == pytest.approx(run.key_results()["made"].interval.p50, rel=1e-7)
    assert set(results["period"]) >= set(run.compiled.names.months)


def test_never_infinite_and_undefined_values_are_written_alike() -> None:
    """Key results, futures and CSV use "never", "inf" and the empty cell as documented."""
    run = simulate(load("pocket"), 3, 1, counterfactual=False)
    by_name = {table.name: table for table in tables(run)}
    results, futures = columns(by_name["key_results"]), columns(by_name["futures"])
    reach, cost = (results["key"].index(key) for key in ("reach/1000", "programme/cost"))
    assert [results[name][reach] for name in ("p10", "p90", "mean", "futures")] == ["never", "never", inf, 3]
    assert [results[name][cost] for name in ("p10", "mean", "futures")] == ["", None, 0]
    assert futures["reach/1000"] == ["never"] * 3
    assert futures["programme/cost"] == [None] * 3
    row = by_name["key_results"].csv().splitlines()[1 + reach].split(",")
    assert row[-9:] == ["never", "never", "never", "inf", "", "", "", "", "3"]


def test_rows_of_tallies_have_the_quantiles_of_their_labels(run: Run) -> None:
    """A row of the table of tallies has the quantiles over futures for its month, region and class."""
    table = next(table for table in tables(run) if table.name == "tallies")
    names = run.compiled.names
    month, region, threat = names.months[1], names.regions[-1], names.threats[0]
    (row,) = [
        r for r in table.rows if r[:2] == ("with", "leaked") and r[3:6] == (month, region, threat)
    ]  # fmt: skip
    values = run.data["leaked"].sel(month=month, region=region, threat=threat).values
    assert row[7:10] == pytest.approx(tuple(np.quantile(values, (0.1, 0.5, 0.9))))
    assert row[10] == pytest.approx(values.mean())


def test_statistics_of_columns_with_infinite_values() -> None:
    """Quantiles of a column with inf are order statistics and its mean is inf; other columns are not affected."""
    values = np.array([[1.0, 1.0], [2.0, inf], [3.0, 2.0]])
    assert statistics_by_column(values).tolist() == [[1.2, 2.0, 2.8, 2.0], [1.0, 2.0, inf, inf]]


def test_tallies_by_future_keep_every_future(run: Run) -> None:
    """A tally with a row for each future and label has the sum of the run, and each value has its labels."""
    cells = {name: np.asarray(values) for name, values in columns(tallies_by_future(run)["kills"]).items()}
    rows = (cells["future"] == 2) & (cells["region"] == run.compiled.names.regions[0])
    assert np.sum(cells["value"]) == run.data["kills"].values.sum()
    assert np.sum(cells["value"][rows]) == run.data["kills"].values[2, :, 0].sum()


@pytest.mark.parametrize("to", ["csv", "parquet", "xlsx"])
def test_descriptors_are_accepted(run: Run, to: str, tmp_path: Path) -> None:
    """Frictionless accepts every row, and an RO-Crate reader finds every file and the run."""
    frictionless = pytest.importorskip("frictionless")
    crate_of = pytest.importorskip("rocrate.rocrate").ROCrate
    folder = export_folder(run, to, tmp_path / "out")
    if to == "csv":
        report = frictionless.validate(str(folder / DATA_PACKAGE))
        assert report.valid, report.flatten(["fieldName", "rowNumber", "message"])[:5]
        assert len(report.tasks) == 7
    else:
        assert list(frictionless.Package.metadata_validate(json.loads((folder / DATA_PACKAGE).read_text()))) == []
    ro_crate = crate_of(str(folder))
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {RO_CRATE}
    assert {entity.id for entity in ro_crate.get_entities() if entity.type == "File"} == files
    action = ro_crate.get("#run")
    assert action["instrument"]["softwareVersion"] == run.version
    assert {entity.id for entity in action["object"]} == {f"scenario/{name}" for name in run.scenario.files}
    root = ro_crate.root_dataset
    assert root["name"]
    assert root["license"]
    assert root["datePublished"]
    for entity in ro_crate.get_entities():
        if entity.type == "File":
            assert int(entity["contentSize"]) == (folder / entity.id).stat().st_size


def test_parquet_holds_the_same_cells(run: Run, tmp_path: Path) -> None:
    """A Parquet file read back has the columns, descriptions and cells of its table."""
    pq = pytest.importorskip("pyarrow.parquet")
    table = next(entity for entity in tables(run) if entity.name == "assumptions")
    (tmp_path / "a.parquet").write_bytes(parquet(table))
    read_back = pq.read_table(tmp_path / "a.parquet")
    assert read_back.column_names == [c.name for c in table.columns]
    assert [tuple(row.values()) for row in read_back.to_pylist()] == list(table.rows)
    assert read_back.schema.field("p10").metadata[b"description"].startswith(b"P10")


def test_a_cell_is_never_a_formula(tmp_path: Path) -> None:
    """A note that begins like a formula stays text in the workbook."""
    scenario = changed(tmp_path / "evil", assumptions={"every leaker causes the same damage": "=cmd|' /C calc'!A0"})
    book = openpyxl.load_workbook(io.BytesIO(export_files(simulate(scenario, 2, 1), "xlsx")["tables.xlsx"]))
    notes = [cell.value for row in book["assumptions"].iter_rows() for cell in row if "cmd" in str(cell.value)]
    assert notes == ["=cmd|' /C calc'!A0"]
    assert not [c for sheet in book for row in sheet.iter_rows() for c in row if c.data_type == "f"]


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """``octoplan export`` writes a folder, and refuses a folder that is not empty and an unknown format."""
    out = tmp_path / "run"
    assert octoplan("run", "pocket", "--futures", "3", "--out", str(out)) == 0
    assert octoplan("export", str(out), "--to", "csv") == 0
    assert octoplan("export", str(out), "--to", "xlsx") == 0
    summary = openpyxl.load_workbook(tmp_path / "run-xlsx" / "tables.xlsx")["summary"]
    expected = answer_sentences(out, read(out))
    texts = [summary[f"A{row}"].value for row in range(4, 4 + len(expected))]
    assert tuple(texts) == expected
    assert len(texts) >= 3
    text = (tmp_path / "run-csv" / "futures.csv").read_text("utf-8")
    assert len(list(csv.reader(io.StringIO(text)))) == 4
    capsys.readouterr()
    assert octoplan("export", str(out), "--to", "csv") == 2
    assert "not empty" in capsys.readouterr().err
    assert octoplan("export", str(out), "--to", "pdf") == 2


def export_book(run: Run) -> Any:
    """The workbook of the tables of a run, as read by openpyxl."""
    return openpyxl.load_workbook(io.BytesIO(export_files(run, "xlsx")["tables.xlsx"]))


@pytest.fixture(scope="module")
def pocket_book() -> Any:
    return export_book(pocket())


def test_the_workbook_begins_with_a_summary(pocket_book: Any) -> None:
    """The first sheet has the title, the summary and at most ten key results, equal to those of the run."""
    sheet, results = pocket_book.worksheets[0], pocket().key_results()
    assert sheet.title == "summary"
    assert sheet["A1"].value == "Pocket"
    assert str(sheet["A2"].value).startswith(f"{results.period}; {results.futures:,} futures")
    sentences = result_sentences(ProgrammeResults(RunResults(pocket())))
    assert sheet["A4"].value == " ".join(sentence.text for sentence in sentences)
    rows = {row[0]: row[1:] for row in sheet.iter_rows(min_row=7, max_col=6, values_only=True) if row[5]}
    output = results["made"]
    expected = output.interval
    assert rows[output.measure] == (expected.p10, expected.p50, expected.p90, expected.mean, "units")
    assert len(rows) == 10


def test_the_workbook_has_native_charts_of_its_cells(pocket_book: Any) -> None:
    """Deliveries, spend, stopped threats and cost are charts on the summary that refer to cells of other sheets."""
    charts = pocket_book["summary"]._charts
    assert [type(chart).__name__ for chart in charts] == ["AreaChart", "BarChart", "BarChart", "ScatterChart"]
    assert {chart.y_axis.scaling.min for chart in charts[1:]} == {0}
    cells = {series.val.numRef.f for chart in charts[:3] for series in chart.series}
    months = len(pocket().compiled.names.months)
    assert {f"'deliveries'!$B$2:$B${months + 1}", f"'spend by payer'!$B$2:$B${months + 1}"} <= cells
    run = pocket()
    delivered = run.data["delivered"].values.sum(axis=2)
    sheet = pocket_book["deliveries"]
    assert sheet["A2"].value.isoformat() == f"{run.compiled.names.months[0]}-01T00:00:00"
    assert sheet["A2"].number_format == "mmm yyyy"
    for row in range(months):
        low, middle, high = np.quantile(delivered[:, row], (0.1, 0.5, 0.9))
        assert [c.value for c in sheet[row + 2][1:]] == pytest.approx([low, middle, high, high - low])
    stopped = [[c.value for c in row[1:]] for row in pocket_book["stopped by layer"].iter_rows(min_row=2)]
    assert np.array(stopped) == pytest.approx(run.data["stopped_by"].values.sum(axis=3).mean(axis=0))
    spend = sum(row[1].value for row in pocket_book["spend by payer"].iter_rows(min_row=2))
    assert spend > 0
    costs = [row[0].value for row in pocket_book["cost curve"].iter_rows(min_row=2)]
    assert costs == sorted(costs)
    assert len(costs) == run.futures


def test_columns_of_the_workbook_have_names_formats_and_dates(pocket_book: Any) -> None:
    """Tables are Excel tables with a name and filters; months are dates, and numbers in texts are numbers."""
    names = {
        name: table
        for sheet in pocket_book
        for name, table in zip(sheet.tables.keys(), sheet.tables.values(), strict=True)
    }
    assert {"key_results", "futures", "tallies", "assumptions", "deliveries", "spend_by_payer"} <= names.keys()
    results = pocket_book["key_results"]
    headers = [cell.value for cell in results[1]]
    assert [column.name for column in names["key_results"].tableColumns] == headers
    assert results.freeze_panes == "B2"
    row = next(row for row in results.iter_rows(min_row=2) if row[headers.index("key")].value == "made")
    assert row[headers.index("p50")].value == pocket().key_results()["made"].interval.p50
    assert row[headers.index("p50")].number_format == "#,##0"
    tallies = pocket_book["tallies"]
    month = [cell.value for cell in tallies[1]].index("month")
    dates = {row[month].value for row in tallies.iter_rows(min_row=2)} - {None}
    assert {f"{value:%Y-%m}" for value in dates} == set(pocket().compiled.names.months)


def test_a_summary_has_the_sentences_that_are_passed() -> None:
    """Sentences of an answer replace the summary of the key results."""
    book = openpyxl.load_workbook(
        io.BytesIO(export_workbook(RunResults(pocket()), tables(pocket(), draws=False), ["It costs 2.", "It pays."]))
    )
    assert [book["summary"][f"A{row}"].value for row in (4, 5, 6)] == ["It costs 2.", "It pays.", None]


def test_a_run_without_the_counterfactual_has_its_charts() -> None:
    """Without the counterfactual there is no curve of cost; the other charts remain."""
    book = export_book(simulate(load("pocket"), 3, 1, counterfactual=False))
    assert "cost curve" not in book.sheetnames
    assert len(book["summary"]._charts) == 3
