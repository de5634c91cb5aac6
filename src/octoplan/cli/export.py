"""``octoplan export``: write the tables of a run for other software, with descriptors and a formula workbook."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from octoplan.cli.console import report_written

if TYPE_CHECKING:
    from octoplan.outcomes.run import Run
    from octoplan.tables import Table

Format = Literal["xlsx", "parquet", "csv"]
SCENARIO = "scenario"
TABLES, FORMULA_WORKBOOK = "tables.xlsx", "formula-workbook.xlsx"


def export(run: Path, *, to: Format, out: Path | None = None) -> None:
    """Write the tables of a run to a folder with descriptors (Frictionless, RO-Crate) and the scenario's files.

    Parameters
    ----------
    run
        A run folder.
    to
        xlsx: a workbook of the tables, and a formula workbook that recomputes the base case at medians; csv: a
        file a table; parquet: the same, and every future of every tally.
    out
        The folder to write; RUN-xlsx, RUN-parquet or RUN-csv in the same folder as the run by default.

    """
    from octoplan.outcomes.files import atomic_folder
    from octoplan.outcomes.store import read

    folder = out or run.with_name(f"{run.resolve().name}-{to}")
    with atomic_folder(folder) as part:
        for name, content in contents(read(run), to).items():
            (part / name).parent.mkdir(exist_ok=True)
            (part / name).write_bytes(content)
    report_written(folder, str(folder))


def contents(run: "Run", to: Format) -> dict[str, bytes]:
    """Content of every file of an export, by path."""
    from octoplan.outcomes.descriptors import DATA_PACKAGE, RO_CRATE, data_package, ro_crate

    data, tables = workbooks(run) if to == "xlsx" else table_files(run, to)
    scenario = {f"{SCENARIO}/{name}": content for name, content in run.scenario.files.items()}
    described = {**data, **scenario, DATA_PACKAGE: as_json(data_package(run, tables, data))}
    return {**described, RO_CRATE: as_json(ro_crate(run, described, tuple(scenario)))}


def as_json(content: dict[str, Any]) -> bytes:
    return json.dumps(content, indent=1, ensure_ascii=False).encode()


Files = tuple[dict[str, bytes], list[tuple["Table", str]]]
"""The content of files by path, and each table with the path of its file."""


def table_files(run: "Run", to: Format) -> Files:
    """One file for each table; in Parquet also one for each tally, with all futures."""
    from octoplan.outcomes.export import parquet, tables, tallies_by_future

    exported = [*tables(run), *(tallies_by_future(run).values() if to == "parquet" else ())]
    paths = [(table, f"{table.name}.{to}") for table in exported]
    return {path: parquet(table) if to == "parquet" else table.csv().encode() for table, path in paths}, paths


def workbooks(run: "Run") -> Files:
    """A workbook of the tables, and the formula workbook of the base case at medians.

    The formula workbook is omitted if the scenario starts from a known state.
    """
    from octoplan.outcomes.export import tables
    from octoplan.outcomes.median_case import median_case
    from octoplan.show.formula_workbook import formula_workbook
    from octoplan.show.workbook import workbook

    exported = tables(run, draws=False)
    data = {TABLES: workbook(exported)}
    if run.scenario.known_from is None:
        data[FORMULA_WORKBOOK] = formula_workbook(median_case(run))
    return data, [(table, TABLES) for table in exported]
