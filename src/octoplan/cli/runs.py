"""The commands that make runs and read them: ``octoplan run``, ``compare``, ``report`` and ``state``."""

import os
import shlex
import sys
from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

from cyclopts import Parameter

if TYPE_CHECKING:
    from rich.progress import Progress

    from octoplan.outcomes.run import Run
    from octoplan.scenario import Scenario

BAD, FAILED, STOPPED = 2, 1, 130
"""Exit codes: what was asked cannot be, the run could not finish, Ctrl-C."""


@contextmanager
def spoken() -> Iterator[None]:
    """Errors become a clear line on stderr and an exit code, never a traceback; Ctrl-C says that nothing is left."""
    from octoplan.errors import RunError, Unfinished

    try:
        yield
    except Unfinished as error:
        leave(f"{error}", FAILED)
    except RunError as error:
        leave(str(error), BAD)
    except MemoryError:
        leave("there is not enough memory for so many futures; ask for fewer, or keep fewer tallies", FAILED)
    except OSError as error:
        leave(f"{error.filename or 'the disk'}: {error.strerror or error}; nothing was written", FAILED)
    except KeyboardInterrupt:
        leave("stopped; nothing was written", STOPPED)


def leave(words: str, code: int) -> NoReturn:
    sys.stderr.write(f"{words}\n")
    raise SystemExit(code)


def run(
    scenario: str,
    *,
    futures: int = 1000,
    seed: int = 1,
    out: Path | None = None,
    threads: int | None = None,
    cluster: str | None = None,
    keep: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())] = (),
    keep_going: Annotated[bool, Parameter(negative=())] = False,
    nominal: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Fly a scenario through many futures, print the headlines, and write a run folder.

    Parameters
    ----------
    scenario
        A scenario folder, or the name of a shipped one.
    futures
        How many futures to fly.
    seed
        What the draws depend on; the same seed gives the same run, bit for bit.
    out
        The run folder; runs/SCENARIO-SEED-FUTURES if not given. Must not exist, or be empty.
    threads
        Threads to fly on; all cores if not given. They change no result.
    cluster
        Address of a dask.distributed scheduler to fly on instead.
    keep
        Tallies to keep beside those the headlines need, or 'all'.
    keep_going
        Keep the other futures when one fails, and count it as failed.
    nominal
        Inflate money by the assumption on the reporting currency's inflation.

    """
    with spoken():
        from octoplan.outcomes.run import kept
        from octoplan.outcomes.store import REPORT, free, save
        from octoplan.scenario import load
        from octoplan.show.tables import rich_table, wide

        name = Path(scenario.rstrip("/")).name or "scenario"
        place = out or Path("runs") / f"{name}-{seed}-{futures}"
        check(futures, seed, threads, cluster)
        kept(keep)
        free(place)
        made = flown(load(scenario), futures, seed, threads, cluster, keep, keep_going)
        table = save(made, place, nominal=nominal, command=shlex.join(["octoplan", *sys.argv[1:]]))
        console = wide()
        console.print(rich_table(table, narrow=console.width < 110))
        console.print(f"\n[bold]{table.summary}[/bold]\n")
        for future, text in sorted(made.messages.items())[:10]:
            console.print(f"future {future} failed: {text}", style="red", markup=False)
        console.print(f"run folder  {place}\nreport      {place / REPORT}", highlight=False, soft_wrap=True)


def check(futures: int, seed: int, threads: int | None, cluster: str | None) -> None:
    """Refuse numbers that cannot be before anything is read."""
    from octoplan.errors import RunError

    if futures < 1:
        raise RunError(f"--futures {futures}: at least 1 is needed")
    if not 0 <= seed < 2**64:
        raise RunError(f"--seed {seed}: it must lie between 0 and 2**64 - 1")
    if threads is not None and threads < 1:
        raise RunError(f"--threads {threads}: at least 1 is needed")
    if threads is not None and cluster is not None:
        raise RunError("--threads and --cluster: a run flies on one or the other")


def flown(
    scenario: "Scenario",
    futures: int,
    seed: int,
    threads: int | None,
    cluster: str | None,
    keep: tuple[str, ...],
    keep_going: bool,
) -> "Run":
    """Simulate with a progress bar on stderr."""
    from octoplan.outcomes.run import simulate

    with executor(threads, cluster) as pool, bar() as progress:
        task = progress.add_task("flying futures", total=None)
        return simulate(
            scenario,
            futures,
            seed,
            executor=pool,
            keep=keep,
            keep_going=keep_going,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


def bar() -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("flights"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


@contextmanager
def executor(threads: int | None, cluster: str | None) -> Iterator[Executor]:
    """Threads at home, or the workers of a cluster; work not begun is dropped when the block is left."""
    if cluster is None:
        pool = ThreadPoolExecutor(threads or cores())
        try:
            yield pool
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return
    from octoplan.errors import RunError

    try:
        from distributed import Client, KilledWorker
    except ImportError as error:
        raise RunError("--cluster needs dask.distributed: pip install 'octoplan[cluster]'") from error
    try:
        client: Any = Client(cluster, timeout="15s", set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError) as error:
        raise RunError(f"--cluster {cluster}: no scheduler answers there ({error})") from error
    with client:
        try:
            yield client.get_executor()
        except (KilledWorker, CancelledError) as error:
            leave(f"the cluster at {cluster} lost its workers ({error}); nothing was written", FAILED)


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def compare(
    first: Path,
    *others: Path,
    nominal: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Differences of runs from the first, future by future, with intervals of their own.

    Parameters
    ----------
    first
        The run folder the others are compared with.
    others
        Run folders of the same seed, futures, months and raids.
    nominal
        Inflate money by the assumption on the reporting currency's inflation.

    """
    with spoken():
        from octoplan.errors import RunError
        from octoplan.outcomes.compare import compare as compared
        from octoplan.outcomes.store import read
        from octoplan.show.tables import compare_tables, wide

        paths = (first, *others)
        if not others:
            raise RunError("octoplan compare needs at least two run folders")
        found = compared(*map(read, paths), labels=labels(paths), nominal=nominal)
        console = wide()
        for table in compare_tables(found):
            console.print(table)
        if found.left_out:
            console.print(f"not in every run, left out: {', '.join(found.left_out)}", style="dim", highlight=False)


def labels(paths: tuple[Path, ...]) -> tuple[str, ...]:
    """The folders' names where they tell the runs apart, else their paths."""
    names = tuple(path.resolve().name for path in paths)
    return names if len(set(names)) == len(names) else tuple(map(str, paths))


def report(
    run: Path,
    *others: Path,
    out: Path | None = None,
    plan: Path | None = None,
    nominal: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Write the decision report of a run folder, beside others if named: one HTML file that needs no network.

    Parameters
    ----------
    run
        A run folder.
    others
        Run folders of further options, flown through the same raids.
    out
        The file to write; report.html in the first run folder if not given.
    plan
        A folder that octoplan plan wrote; the report then has an annex on the plan.
    nominal
        Inflate money by the assumption on the reporting currency's inflation.

    """
    with spoken():
        from rich.console import Console

        from octoplan.outcomes.store import REPORT, read, write_whole
        from octoplan.show.report import report as page

        place, paths = out or run / REPORT, (run, *others)
        text = page(*map(read, paths), labels=labels(paths), plan=plan, nominal=nominal)
        write_whole(place, text)
        Console().print(str(place), highlight=False, soft_wrap=True)


def state(
    run: Path,
    *,
    day: Annotated[date, Parameter(name="--date")],
    future: int | None = None,
    out: Path | None = None,
) -> None:
    """Write what a run held on a date as the state.csv of a scenario that goes on from there.

    Parameters
    ----------
    run
        A run folder; parts, workers and experience are there if it was made with --keep part_stock part_due heads
        experience.
    day
        The first day of a month of the run, such as 2026-03-01.
    future
        The future to take; the median over futures of each quantity if not given.
    out
        The file to write; printed if not given.

    """
    with spoken():
        from octoplan.errors import StoreError
        from octoplan.outcomes.state import state_of
        from octoplan.outcomes.store import read, write_whole

        if out is not None and out.exists():
            raise StoreError(f"{out} exists; remove it or name another with --out")
        found = state_of(read(run), day, str(run), future)
        if found.missing:
            names = " ".join(found.missing)
            sys.stderr.write(f"left out, for the run did not keep it: {names}; run it again with --keep {names}\n")
        if out is None:
            sys.stdout.write(found.text)
        else:
            write_whole(out, found.text)
