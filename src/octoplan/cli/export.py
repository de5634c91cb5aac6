"""``octoplan export``: write the tables of a run for other software, with descriptors and a formula workbook."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from octoplan.cli.console import report_written

if TYPE_CHECKING:
    from collections.abc import Sequence

    from octoplan.outcomes.run import Run
    from octoplan.tables import Table

Format = Literal["xlsx", "parquet", "csv"]
SCENARIO_FOLDER = "scenario"
TABLES_WORKBOOK, FORMULA_WORKBOOK = "tables.xlsx", "formula-workbook.xlsx"


def export(run: Path, *, to: Format, out: Path | None = None) -> None:
    """Write the tables of a run to a folder with descriptors (Frictionless, RO-Crate) and the scenario's files.

    Parameters
    ----------
    run
        A run folder.
    to
        xlsx: a workbook with a summary, charts and the tables, and a formula workbook that recomputes the base case at
        medians. csv: one file for each table. parquet: one file for each table, and one for each tally with every
        future.
    out
        The folder to write; RUN-xlsx, RUN-parquet or RUN-csv in the same folder as the run by default.

    """
    from octoplan.outcomes.files import atomic_folder
    from octoplan.outcomes.store import read

    folder = out or run.with_name(f"{run.resolve().name}-{to}")
    with atomic_folder(folder) as temporary:
        stored = read(run)
        sentences = answer_sentences(run, stored) if to == "xlsx" else ()
        for name, content in export_files(stored, to, sentences).items():
            (temporary / name).parent.mkdir(exist_ok=True)
            (temporary / name).write_bytes(content)
    report_written(folder, str(folder))


def answer_sentences(folder: Path, run: "Run") -> tuple[str, ...]:
    """The paragraphs of the answer of a run folder, and how it was computed; empty if the run has none."""
    from octoplan.answer.answer_file import stored_answer
    from octoplan.outcomes.run_results import RunResults
    from octoplan.show.answer import note, paragraphs

    answer = stored_answer(folder, RunResults(run))
    return () if answer is None else (*paragraphs(answer), note(answer))


def export_files(run: "Run", to: Format, sentences: "Sequence[str]" = ()) -> dict[str, bytes]:
    """Content of every file of an export, by path.

    sentences
        Sentences of the answer, for the summary of a workbook.
    """
    from octoplan.outcomes.descriptors import DATA_PACKAGE, RO_CRATE, data_package, ro_crate

    table_contents, tables = workbooks(run, sentences) if to == "xlsx" else table_files(run, to)
    scenario = {f"{SCENARIO_FOLDER}/{name}": content for name, content in run.scenario.files.items()}
    described = {**table_contents, **scenario, DATA_PACKAGE: json_bytes(data_package(run, tables, table_contents))}
    return {**described, RO_CRATE: json_bytes(ro_crate(run, described, tuple(scenario)))}


def json_bytes(content: dict[str, Any]) -> bytes:
    """JSON text of the content, encoded in UTF-8."""
    return json.dumps(content, indent=1, ensure_ascii=False).encode()


TableFiles = tuple[dict[str, bytes], list[tuple["Table", str]]]
"""The content of files by path, and each table with the path of its file."""


def table_files(run: "Run", to: Format) -> TableFiles:
    """One file for each table; in Parquet also one for each tally, with all futures."""
    from octoplan.outcomes.export import parquet, tables, tallies_by_future

    exported_tables = [*tables(run), *(tallies_by_future(run).values() if to == "parquet" else ())]
    paths = [(table, f"{table.name}.{to}") for table in exported_tables]
    return {path: parquet(table) if to == "parquet" else table.csv().encode() for table, path in paths}, paths


def workbooks(run: "Run", sentences: "Sequence[str]") -> TableFiles:
    """A workbook with a summary, charts and the tables, and the formula workbook of the base case at medians.

    The formula workbook is omitted if the scenario starts from a known state.
    """
    from octoplan.outcomes.export import tables
    from octoplan.outcomes.median_case import median_case
    from octoplan.outcomes.run_results import RunResults
    from octoplan.show.export_workbook import export_workbook
    from octoplan.show.formula_workbook import formula_workbook

    exported_tables = tables(run, draws=False)
    contents = {TABLES_WORKBOOK: export_workbook(RunResults(run), exported_tables, sentences)}
    if run.scenario.known_from is None:
        contents[FORMULA_WORKBOOK] = formula_workbook(median_case(run))
    return contents, [(table, TABLES_WORKBOOK) for table in exported_tables]
