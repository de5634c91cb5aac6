"""``octoplan export``: a run as tables that other tools read, with descriptors and a workbook of live formulas."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from octoplan.cli.console import wrote

if TYPE_CHECKING:
    from octoplan.outcomes.run import Run
    from octoplan.tables import Table

Format = Literal["xlsx", "parquet", "csv"]
SCENARIO = "scenario"
TABLES, FORMULA_WORKBOOK = "tables.xlsx", "formula-workbook.xlsx"


def export(run: Path, *, to: Format, out: Path | None = None) -> None:
    """Write a run as tables: one folder with data, descriptors (Frictionless, RO-Crate) and the scenario's files.

    Parameters
    ----------
    run
        A run folder.
    to
        xlsx: a workbook of the tables, and a formula workbook that recomputes the base case at medians; csv: a
        file a table; parquet: the same, and every future of every tally.
    out
        The folder to write; RUN-xlsx, RUN-parquet or RUN-csv beside the run if not given.

    """
    from octoplan.outcomes.files import atomic_folder
    from octoplan.outcomes.store import read

    folder = out or run.with_name(f"{run.resolve().name}-{to}")
    with atomic_folder(folder) as part:
        for name, content in contents(read(run), to).items():
            (part / name).parent.mkdir(exist_ok=True)
            (part / name).write_bytes(content)
    wrote(folder, str(folder))


def contents(run: "Run", to: Format) -> dict[str, bytes]:
    """Every file of an export by its path."""
    from octoplan.outcomes.descriptors import CRATE, PACKAGE, crate, package

    found, tables = workbooks(run) if to == "xlsx" else filed(run, to)
    scenario = {f"{SCENARIO}/{name}": content for name, content in run.scenario.files.items()}
    described = json.dumps(package(run, tables, found), indent=1, ensure_ascii=False).encode()
    every = {**found, **scenario, PACKAGE: described}
    told = json.dumps(crate(run, every, tuple(scenario)), indent=1, ensure_ascii=False).encode()
    return {**every, CRATE: told}


Filed = tuple[dict[str, bytes], list[tuple["Table", str]]]


def filed(run: "Run", to: Format) -> Filed:
    """A file for each table; Parquet has every future of each tally beside."""
    from octoplan.outcomes.export import by_future, parquet, tables

    every = [*tables(run), *(by_future(run).values() if to == "parquet" else ())]
    named = [(table, f"{table.name}.{to}") for table in every]
    return {path: parquet(table) if to == "parquet" else table.csv().encode() for table, path in named}, named


def workbooks(run: "Run") -> Filed:
    """The tables as one workbook, and the one with live formulas where the scenario has a case at medians."""
    from octoplan.outcomes.export import tables
    from octoplan.outcomes.median_case import median_case
    from octoplan.show.formula_workbook import formula_workbook
    from octoplan.show.workbook import workbook

    every = tables(run, draws=False)
    found = {TABLES: workbook(every)}
    if run.scenario.known_from is None:
        found[FORMULA_WORKBOOK] = formula_workbook(median_case(run))
    return found, [(table, TABLES) for table in every]
