"""The command line. Commands are imported when they are called, so that ``octoplan --help`` answers at once."""

import os
import shutil
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

from cyclopts import App, CycloptsError, Parameter

if TYPE_CHECKING:
    from rich.table import Table

    from octoplan.scenario import Scenario

app = App(
    name="octoplan",
    help="A planner for a co-produced interceptor programme: parts, plants, crews, raids and money in one model.",
    version_flags=["--version"],
    suppress_keyboard_interrupt=False,
)
app.command("octoplan.cli.runs:run", help="Fly a scenario through many futures and print the headlines.")
app.command("octoplan.cli.runs:compare", help="Differences of runs, future by future, with intervals of their own.")
app.command("octoplan.cli.runs:report", help="Draw the report of a run folder again.")
app.command("octoplan.cli.runs:state", help="Write what a run held on a date, for a scenario that goes on from there.")
app.command(
    "octoplan.cli.plan:plan",
    help="Plan where to make them, how fast, and with which crews; fly it against rivals.",
)
app.command("octoplan.cli.export:export", help="Write a run as tables: xlsx, parquet or csv, with descriptors.")
app.command("octoplan.cli.app:app", help="Show a scenario as a page on which sliders move and the answer moves.")
raids = App(name="raids", help="The record of raids: read it, fit it, score the fit, take new days in.")
raids.command("octoplan.cli.raids:fit", help="Fit the raid process to a record and write it for a scenario.")
raids.command("octoplan.cli.raids:show", help="Draw a record at a glance: one page that needs no network.")
raids.command("octoplan.cli.raids:update", help="Take new days of a record in, and say if they left the fit.")
raids.command("octoplan.cli.raids:score", help="Score the fitted process and its rivals on days they have not seen.")
app.command(raids)
app.command(
    "octoplan.cli.raids:backtest",
    help="Fly a scenario through the raids that happened, beside what was published.",
)


AGAIN = 2.0
"""Seconds after which an interruption is repeated: some libraries swallow one that meets them while they load."""

INTERRUPTED = 130
"""Exit code after Ctrl-C."""


def console() -> NoReturn:
    """The command ``octoplan``: as ``main``, but after Ctrl-C it ends at once and waits for no thread at work.

    A thread may be compiling for a minute, or wait for a lock that the interruption left taken.
    """
    signal.signal(signal.SIGINT, interrupt)
    try:
        main()
    except SystemExit as end:
        if end.code == INTERRUPTED:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(INTERRUPTED)
        raise


def interrupt(number: int, _: FrameType | None) -> NoReturn:
    """What Ctrl-C does: ``KeyboardInterrupt``, and once more after a while should the command still be there."""
    again = threading.Timer(AGAIN, os.kill, (os.getpid(), number))
    again.daemon = True
    again.start()
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit: 0 if it did what was asked, 2 if what was asked cannot be, 130 after Ctrl-C."""
    try:
        app(arguments, exit_on_error=False, result_action="return_value")
    except CycloptsError:  # printed already, with the usage
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        _leave("stopped; nothing was left behind", INTERRUPTED)
    except BrokenPipeError:  # whoever read the output has what they wanted
        sys.stderr.close()
        raise SystemExit(0) from None
    except Exception as error:
        from octoplan.errors import ScenarioError

        if isinstance(error, ScenarioError):
            count = len(error.problems)
            _leave(f"{error}\n{count} {'problem' if count == 1 else 'problems'}", 2)
        if isinstance(error, OSError):
            _leave(f"{error.filename or 'octoplan'}: {error.strerror or error}", 2)
        raise
    raise SystemExit(0)


def _leave(words: str, code: int) -> NoReturn:
    sys.stderr.write(f"{words}\n")
    raise SystemExit(code) from None


@app.command
def new(folder: Path, *, origin: Annotated[str, Parameter(name="--from")] = "octopus") -> None:
    """Begin a scenario: a copy of a shipped one, to be changed.

    Parameters
    ----------
    folder
        Where to put it; must not exist, or be empty.
    origin
        The shipped scenario to copy.

    """
    from octoplan.scenario.scenario import shipped_folder

    source = shipped_folder(origin)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        _leave(f"{folder}: is there already and not an empty folder; choose another place", 2)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".octoplan-", dir=folder.parent) as beside:
        whole = Path(beside, "scenario")
        shutil.copytree(source, whole, copy_function=shutil.copyfile, ignore=shutil.ignore_patterns("_*", ".*"))
        if folder.exists():
            folder.rmdir()
        whole.rename(folder)
    sys.stdout.write(f"{folder}: a copy of {origin}; change it, then: octoplan check {folder}\n")


@app.command
def check(folder: str, *, schema: Path | None = None) -> None:
    """Check a scenario: list everything wrong with it, or sum up what it assumes.

    Parameters
    ----------
    folder
        A scenario folder, or the name of a shipped one.
    schema
        Folder to write the JSON Schemas of programme.toml, decisions.toml and a row of assumptions.csv to.

    """
    from rich.console import Console

    from octoplan.scenario import load

    if schema is not None:
        from octoplan.scenario.schema import write

        for path in write(schema):
            sys.stdout.write(f"wrote {path}\n")
    scenario = load(folder)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    last = scenario.names.months[-1]
    console.print(f"{scenario.title}: {scenario.names.months[0]} to {last}, prices of {scenario.price_base}, {folder}")
    if scenario.known_from:
        console.print(f"what is known on {scenario.known_from} takes the place of what is simulated until then")
    console.print(_by_quality(scenario))
    for line in _brief(scenario):
        console.print(line)
    for warning in scenario.warnings:
        console.print(f"warning: {warning}")


QUALITIES = ("green", "amber", "red")


def _by_quality(scenario: "Scenario") -> "Table":
    """Rows of the assumption log by kind and quality."""
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


def _brief(scenario: "Scenario") -> list[str]:
    """The assumption log in a few lines."""
    assumptions = scenario.assumptions
    oldest = min(assumptions, key=lambda assumption: assumption.date)
    unsourced = [assumption for assumption in assumptions if not assumption.sources]
    ranged = sum(not assumption.known for assumption in assumptions)
    return [
        f"{len(assumptions)} rows fill {len(scenario.slots)} numbers; {ranged} have a range",
        f"{len(scenario.correlations)} pairs are correlated",
        f"oldest    {oldest.date} {oldest.name} (line {oldest.line})",
        f"unsourced {len(unsourced)}, all rated red" if unsourced else "unsourced none",
        f"hash      {scenario.hash[:16]}",
    ]
