"""The command line. Commands are imported when they are called, so that ``octoplan --help`` starts fast."""

import gc
import os
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from stat import S_IMODE
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

from cyclopts import App, CycloptsError, Parameter

from octoplan.cli.console import (
    EXIT_INTERRUPTED,
    EXIT_REFUSED,
    EXIT_SUCCESS,
    StandardStream,
    clear_written_paths,
    message_and_code,
    print_line,
    print_warning,
    render,
    report_written,
    standard_streams,
    terminal,
)  # fmt: skip
from octoplan.errors import StoreError

if TYPE_CHECKING:
    from rich.table import Table

    from octoplan.scenario import Scenario

app = App(
    name="octoplan",
    help="A planner for a co-produced interceptor programme: parts, plants, crews, raids and money in one model.",
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)
app.command("octoplan.cli.runs:run", help="Simulate a scenario over many futures and print the key results.")
app.command("octoplan.cli.runs:compare", help="Compare runs on the same futures, with confidence intervals.")
app.command("octoplan.cli.runs:report", help="Write the report of a run, with other runs for comparison.")
app.command(
    "octoplan.cli.runs:state", help="Write the state of a run on a date, for a scenario that continues from it."
)
app.command(
    "octoplan.cli.plan:plan",
    help="Optimise where to produce, how fast, and with which crews, and evaluate the plan out of sample.",
)
app.command(
    "octoplan.cli.calibrate:calibrate",
    help="Fit assumptions to observations, and write the scenario with posterior ranges.",
)
app.command(
    "octoplan.cli.explore:explore",
    help="Find the main drivers of the results, where the plan fails, and what is worth finding out.",
)
app.command("octoplan.cli.export:export", help="Write a run as tables: xlsx, parquet or csv, with descriptors.")
app.command("octoplan.cli.app:app", help="Serve the interactive page of a scenario.")
raids = App(name="raids", help="Records of raids: read, fit, evaluate the fit, and fit again with new days.")
raids.command("octoplan.cli.raids:fit", help="Fit the raid process to a record and write the fit for a scenario.")
raids.command("octoplan.cli.raids:show", help="Show a record of raids as one HTML page that can be opened offline.")
raids.command(
    "octoplan.cli.raids:update", help="Test the new days of a record against an earlier fit, and fit again with them."
)
raids.command("octoplan.cli.raids:score", help="Score forecasts of the fitted process and of benchmarks out of sample.")
app.command(raids)
app.command(
    "octoplan.cli.raids:backtest",
    help="Simulate a scenario with recorded raids, and compare months with published figures.",
)

INTERRUPT_REPEAT_DELAY = 2.0
"""Seconds after which an interrupt is repeated, because some libraries ignore an interrupt during their import."""

ALLOCATIONS_BETWEEN_COLLECTIONS = 100_000
"""Threshold of Python's garbage collector: imports and reports create many objects that live until the end."""


LINEAR_ALGEBRA_THREADS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables of the environment with the number of threads of numpy's linear algebra, which are read at its import."""


def console() -> NoReturn:
    """Entry point of the command ``octoplan``: ``main``, but after Ctrl-C it exits without waiting for threads.

    A thread may be compiling for a minute, or wait for a lock that was not released at the interrupt. Linear algebra
    uses one thread, because matrices are small and futures are simulated in parallel.
    """
    for variable in LINEAR_ALGEBRA_THREADS:
        os.environ.setdefault(variable, "1")
    signal.signal(signal.SIGINT, interrupt)
    sys.unraisablehook = report_unraisable
    gc.set_threshold(ALLOCATIONS_BETWEEN_COLLECTIONS)
    try:
        main()
    except SystemExit as exit_request:
        if exit_request.code == EXIT_INTERRUPTED:
            os._exit(EXIT_INTERRUPTED)
        raise


def interrupt(signal_number: int, _: FrameType | None) -> NoReturn:
    """Handle Ctrl-C: raise ``KeyboardInterrupt``, and repeat the signal if the command has not ended after a while."""
    repeat = threading.Timer(INTERRUPT_REPEAT_DELAY, os.kill, (os.getpid(), signal_number))
    repeat.daemon = True
    repeat.start()
    raise KeyboardInterrupt


def report_unraisable(ignored: "sys.UnraisableHookArgs") -> None:
    """Report an exception that cannot be raised, unless it is Ctrl-C during a callback, which ``interrupt`` repeats."""
    if not issubclass(ignored.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(ignored)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit with one of the exit codes of ``octoplan.cli.console``."""
    clear_written_paths()
    with standard_streams() as (output, _):
        code = execute(arguments, output)
    raise SystemExit(code)


def execute(arguments: Sequence[str] | None, output: StandardStream) -> int:
    """Run a command and return its exit code; errors and failures to print are reported on standard error."""
    try:
        app(
            arguments,
            exit_on_error=False,
            result_action="return_value",
            console=terminal(),
            error_console=terminal(stderr=True),
        )
        output.flush()
        if output.error is not None and not isinstance(output.error, BrokenPipeError):
            raise OSError(output.error.errno, output.error.strerror, output.name)  # noqa: TRY301 (one place reports)
    except CycloptsError:  # cyclopts has printed it
        return EXIT_REFUSED
    except BaseException as error:  # noqa: BLE001 (unexpected errors are raised again)
        message, code = message_and_code(error)
        print_warning(message)
        return code
    return EXIT_SUCCESS


@app.command
def new(path: Path, *, origin: Annotated[str, Parameter(name="--from")] = "octopus") -> None:
    """Create a scenario, as a folder or as a workbook, from a copy of another.

    Parameters
    ----------
    path
        The folder to create, which must be empty or not exist; or the workbook to write, with the ending .xlsx.
    origin
        The scenario to copy: the name of a built-in scenario, a scenario folder, or a workbook.

    """
    from octoplan.scenario.loading import is_workbook

    if is_workbook(path):
        write_scenario_workbook(path, origin)
    else:
        write_scenario_folder(path, origin)
    report_written(path, f"{path}: a copy of {origin}; edit it, then run: octoplan check {path}")


def write_scenario_workbook(path: Path, origin: str) -> None:
    """Write a scenario as a workbook. Raises StoreError if the file exists."""
    from octoplan.outcomes.files import atomic_write
    from octoplan.scenario import load
    from octoplan.scenario.workbook.writing import write_workbook

    if path.exists():
        raise StoreError(f"{path}: exists; choose another name")
    atomic_write(path, write_workbook(load(origin).files))


def write_scenario_folder(folder: Path, origin: str) -> None:
    """Write a scenario as a folder; of a built-in scenario or a folder, a README is copied too.

    Raises StoreError if the folder exists and is not empty.
    """
    from octoplan.scenario import load

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StoreError(f"{folder}: exists and is not an empty folder; choose another")
    files = {**readme_of(origin), **load(origin).files}
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".octoplan-", dir=folder.parent) as temporary:
        copy = Path(temporary, "scenario")
        copy.mkdir()
        for name, content in files.items():
            (copy / name).write_bytes(content)
        if folder.exists():
            folder.rmdir()
        copy.rename(folder)


def readme_of(origin: str) -> dict[str, bytes]:
    """The README of a scenario folder by name; empty if there is none."""
    from octoplan.scenario.builtin import find_folder
    from octoplan.scenario.loading import is_workbook

    if is_workbook(Path(origin)):
        return {}
    readme = find_folder(origin)[0] / "README.md"
    return {readme.name: readme.read_bytes()} if readme.is_file() else {}


@app.command
def check(folder: str, *, schema: Path | None = None, fill: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Check a scenario, and list all errors or summarise the assumptions.

    Parameters
    ----------
    folder
        A scenario folder or workbook (.xlsx), or the name of a built-in scenario.
    schema
        Folder to write the JSON Schemas of programme.toml, decisions.toml and a row of assumptions.csv and of
        observations.csv to.
    fill
        Add a row at the end of assumptions.csv, or of the sheet assumptions of a workbook, for each assumption that has
        a default value because it has no row. The rows are rated red, with a note. Results do not change. In a
        workbook, filters, tables, permitted values and conditional formats are extended to the new rows, and formulas
        are recalculated when it is next opened; its other content stays.

    """
    from octoplan.scenario import load

    if schema is not None:
        from octoplan.scenario.schema import write_schemas

        for path in write_schemas(schema):
            report_written(path)
    scenario = load(folder)
    if fill:
        fill_defaults(folder, scenario)
        scenario = load(folder)
    first, last = scenario.names.months[0], scenario.names.months[-1]
    print_line(f"{scenario.title}: {first} to {last}, prices of {scenario.price_base}, {folder}")
    if scenario.known_from:
        print_line(f"the simulation starts from the state known on {scenario.known_from}")
    render(quality_table(scenario))
    for line in assumption_summary(scenario):
        print_line(line)
    for warning in scenario.warnings:
        print_line(f"warning: {warning}")


def fill_defaults(folder: str, scenario: "Scenario") -> None:
    """Write rows with the default values of a scenario to its folder or workbook.

    A link stays a link to the file, and the file keeps its permissions. Raises StoreError for a built-in scenario, and
    for a workbook to which rows cannot be added.
    """
    from octoplan.outcomes.files import atomic_write
    from octoplan.scenario.changes import with_default_rows
    from octoplan.scenario.files import ASSUMPTIONS
    from octoplan.scenario.filling import filled_workbook
    from octoplan.scenario.loading import is_workbook

    path = Path(folder)
    is_folder = path.is_dir()
    if not is_folder and not is_workbook(path):
        raise StoreError(
            f"{folder}: --fill does not change a built-in scenario; copy it with: octoplan new FOLDER --from {folder}"
        )
    if is_folder:
        path /= ASSUMPTIONS
    number = sum(assumption.is_default for assumption in scenario.assumptions)
    if number:
        file = path.resolve()
        permissions = S_IMODE(file.stat().st_mode)
        atomic_write(file, with_default_rows(scenario) if is_folder else filled_workbook(file.read_bytes(), folder))
        file.chmod(permissions)
        report_written(path, f"{path}: {number} {'rows' if number > 1 else 'row'} with default values added")
    else:
        print_line(f"{path}: every assumption has a row; nothing to add")


QUALITIES = ("green", "amber", "red")


def quality_table(scenario: "Scenario") -> "Table":
    """Number of rows of the assumption log by kind and quality."""
    from rich import box
    from rich.table import Table

    counts = Counter(
        (assumption.kind, quality) for assumption in scenario.assumptions for quality in (assumption.quality, "all")
    )
    counts += Counter(("all", quality) for _, quality in counts.elements())
    table = Table("kind", "rows", *QUALITIES, box=box.SIMPLE)
    for column in table.columns[1:]:
        column.justify = "right"
    for kind in dict.fromkeys(assumption.kind for assumption in scenario.assumptions):
        table.add_row(kind, *(str(counts[kind, quality] or "") for quality in ("all", *QUALITIES)))
    table.add_section()
    table.add_row("all", *(str(counts["all", quality]) for quality in ("all", *QUALITIES)))
    return table


def assumption_summary(scenario: "Scenario") -> list[str]:
    """Lines with the numbers of assumptions, ranges and correlations, the oldest assumption, and the scenario hash."""
    assumptions = scenario.assumptions
    stated = [assumption for assumption in assumptions if not assumption.is_default]
    oldest = min(stated, key=lambda assumption: assumption.date)
    supplied = sum(not assumptions[column].is_default for column in scenario.draw_columns.values())
    unsourced = sum(not assumption.sources for assumption in assumptions)
    uncertain = sum(not assumption.is_fixed for assumption in assumptions)
    return [
        f"{len(stated)} rows supply {supplied} parameters; {uncertain} have a range",
        *default_summary(scenario),
        f"{len(scenario.correlations)} pairs are correlated",
        *calibration_summary(scenario),
        f"oldest    {oldest.date} {oldest.name} (line {oldest.line})",
        f"unsourced {unsourced}, all rated red" if unsourced else "unsourced none",
        f"hash      {scenario.hash[:16]}",
    ]


def default_summary(scenario: "Scenario") -> list[str]:
    """Lines with the assumptions that have a default value, and what it means; empty without any."""
    defaults = [assumption for assumption in scenario.assumptions if assumption.is_default]
    if not defaults:
        return []
    return [
        f"{len(defaults)} assumptions have no row and therefore a default value, rated red (check --fill adds rows):",
        *(f"  {a.name} = {a.value:g}: {a.note.removeprefix('default: ')}" for a in defaults),
    ]


def calibration_summary(scenario: "Scenario") -> list[str]:
    """Lines with the number of calibrated rows, and of observations and the days they cover; empty without either."""
    lines = []
    if joint := scenario.joint_draws:
        lines.append(f"{len(joint.columns)} rows are calibrated, with {len(joint.values):,} joint draws")
    if observations := scenario.observations:
        first, last = min(o.first for o in observations), max(o.last for o in observations)
        lines.append(f"{len(observations)} observations, {first} to {last}")
    return lines
