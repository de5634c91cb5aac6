"""The commands ``octoplan run``, ``compare``, ``report`` and ``state``."""

import shlex
import sys
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from octoplan.cli.console import (
    ListOption,
    check_simulation,
    compilation_notice,
    print_line,
    print_warning,
    printable,
    progress_bar,
    record_written_path,
    render,
    report_written,
    scenario_name,
    track,
)
from octoplan.errors import RunError, StoreError
from octoplan.executors import executor, thread_pool

if TYPE_CHECKING:
    from octoplan.answer.answer import Answer
    from octoplan.outcomes.precision import Step
    from octoplan.outcomes.run_results import RunResults

Flag = Annotated[bool, Parameter(negative=())]
AllMeasures = Annotated[bool, Parameter(name="--all", negative=())]

DEFAULT_PRECISION = ("10%",)
"""Precision of a run for which neither the precision nor the number of futures is given."""

LARGEST_DIFFERENCES = 10
"""Number of differences that are printed of each run."""

MAX_FAILURE_MESSAGES = 10
"""Maximum number of failed futures whose error messages are printed."""


def run(
    scenario: str,
    *,
    futures: int | None = None,
    precision: ListOption = (),
    seed: int = 1,
    out: Path | None = None,
    threads: int | None = None,
    cluster: str | None = None,
    keep: ListOption = (),
    keep_going: Flag = False,
    nominal: Flag = False,
    marginal: int = 32,
    all_measures: AllMeasures = False,
) -> None:
    """Simulate a scenario over many futures, print the answer and key results, and write a run folder.

    Parameters
    ----------
    scenario
        A scenario folder or workbook (.xlsx), or the name of a built-in scenario.
    futures
        Number of futures to simulate; with --precision the maximum number.
    precision
        Simulate until the standard error of the P50 of each of the ten key results is at most this percentage of the
        P50, such as 2%; for shares and probabilities, this many percentage points; if P10 and P90 have different signs,
        this percentage of the range from P10 to P90. MEASURE=AMOUNT, such as leakers=50, sets the standard error of one
        measure in its unit. The default without --futures is 10%, with at most 10,000 futures.
    seed
        Seed of the random draws; the same seed gives the same run, bit for bit.
    out
        The run folder; runs/SCENARIO-SEED-FUTURES by default, or runs/SCENARIO-SEED without --futures. It must be
        empty or not exist.
    threads
        Number of threads; one for each core by default. It does not change the results.
    cluster
        Address of a dask.distributed scheduler; its workers simulate instead of threads.
    keep
        Tallies to keep in addition to those that the key results need, or 'all'.
    keep_going
        If a future fails, continue with the others and count it as failed.
    nominal
        Report money in nominal terms, with the inflation assumed for the reporting currency.
    marginal
        Number of futures in which small changes of the scenario are tested for the answer, such as 10 % more crews.
    all_measures
        Print every measure instead of the key results of the answer.

    """
    from octoplan.answer.answer import answer_of
    from octoplan.outcomes.files import atomic_folder, check_output_folder
    from octoplan.outcomes.precision import MAX_FUTURES, check_measures, extend_to_precision, parse_precision
    from octoplan.outcomes.simulate import tallies_to_keep
    from octoplan.outcomes.store import REPORT_FILE, write_pages, write_results
    from octoplan.outcomes.streamed_run import StreamedRun
    from octoplan.scenario import load
    from octoplan.show.report import annex_contents, run_pages

    if marginal < 2:
        raise RunError(f"--marginal {marginal}: at least 2 futures are needed for an interval")
    limit = MAX_FUTURES if futures is None else futures
    check_simulation(limit, seed, threads, cluster)
    tallies_to_keep(keep)
    required = parse_precision(precision or DEFAULT_PRECISION) if precision or futures is None else None
    number = "" if futures is None else f"-{futures}"
    folder = out or Path("runs") / f"{scenario_name(scenario)}-{seed}{number}"
    check_output_folder(folder)
    loaded = load(scenario)
    command = printable(shlex.join(["octoplan", *sys.argv[1:]]))
    with (
        atomic_folder(folder) as temporary,
        StreamedRun(temporary, loaded, seed, keep=keep, keep_going=keep_going, nominal=nominal) as streamed,
    ):
        with (
            executor(threads, cluster) as pool, thread_pool(1) as background, compilation_notice(),
            progress_bar() as progress,
        ):  # fmt: skip
            extend = partial(streamed.extend, executor=pool, progress=track(progress, "simulating"))
            if required is None:
                extend(limit)
            else:
                check_measures(loaded, required, seed)
                extend_to_precision(extend, required, limit, report=lambda step: print_line(step_text(step, limit)))
            results = streamed.results()
            track_changes = track(progress, "testing small changes")
            testing = background.submit(answer_of, results, marginal, executor=pool, progress=track_changes)
            contents = annex_contents([results])  # drawn and written while changes are simulated
            write_results(results, temporary, command=command)
            answer = testing.result()
        write_pages(run_pages(results, answer, contents), temporary)
    record_written_path(folder)
    print_answer(results, answer, all_measures=all_measures)
    print_line(f"run folder  {folder}\nreport      {folder / REPORT_FILE}")


def step_text(step: "Step", limit: int) -> str:
    """How many key results lack the required precision after a step of the simulation, and the least precise one.

    limit
        Maximum number of futures.
    """
    from octoplan.outcomes.format import digits, scaled

    if not step.measure:
        return f"{step.futures:,} futures: no key result has a required precision"
    if step.unmet == 0:
        return f"{step.futures:,} futures: precision reached"
    size, unit = scaled(step.unit, (step.required,))
    error, required = (f"{digits(value / size)} {unit}".rstrip() for value in (step.standard_error, step.required))
    key_results = "1 key result is" if step.unmet == 1 else f"{step.unmet} key results are"
    state = "not yet" if step.futures < limit else "at the maximum number of futures, and not"
    return (
        f"{step.futures:,} futures: {key_results} {state} precise enough\n"
        f"  ({step.measure}: standard error {error}, at most {required} required)"
    )


def print_answer(results: "RunResults", answer: "Answer | None", *, all_measures: bool) -> None:
    """Print the answer, the key results on which it rests or all measures, and the messages of futures that failed."""
    from octoplan.outcomes.key_results import result_table
    from octoplan.show.answer import note, paragraphs
    from octoplan.show.front import answer_table

    if answer is not None:
        render(*(f"{text}\n" for text in paragraphs(answer)), f"{note(answer)}\n")
    run = results.run
    render(result_table(results.key_results) if all_measures or answer is None else answer_table(results))
    for future, message in sorted(run.messages.items())[:MAX_FAILURE_MESSAGES]:
        print_line(f"future {future} failed: {message}")


def compare(first: Path, *others: Path, nominal: Flag = False, all_measures: AllMeasures = False) -> None:
    """Compare runs by paired differences over the same futures: a sentence, and ten measures that differ.

    Parameters
    ----------
    first
        The run folder with which the others are compared.
    others
        Run folders with the same seed, months and raids; of a longer run, the first futures are used.
    nominal
        Report money in nominal terms, with the inflation assumed for the reporting currency.
    all_measures
        Print the differences of all measures.

    """
    from octoplan.outcomes.compare import compare as paired_differences
    from octoplan.outcomes.compare import comparison_tables
    from octoplan.outcomes.comparison_card import comparison_card
    from octoplan.outcomes.store import read

    paths = (first, *others)
    if not others:
        raise RunError("octoplan compare needs at least two run folders")
    comparison = paired_differences(*map(read, paths), labels=labels(paths), nominal=nominal)
    tables = comparison_tables(comparison, None if all_measures else LARGEST_DIFFERENCES)
    render(*(f"{sentence}\n" for sentence in comparison_card(comparison).answer))
    render(*(table for table in tables if table.sections))
    if not all_measures:
        print_line("all measures: --all")
    if comparison.omitted_measures:
        print_line(f"measures omitted because at least one run lacks them: {', '.join(comparison.omitted_measures)}")


def labels(paths: tuple[Path, ...]) -> tuple[str, ...]:
    """The names of the folders if they differ, otherwise their paths."""
    names = tuple(printable(path.resolve().name) for path in paths)
    return names if len(set(names)) == len(names) else tuple(map(printable, paths))


def report(
    run: Path, *others: Path, out: Path | None = None, plan: Path | None = None, explore: Path | None = None,
    nominal: Flag = False,
) -> None:  # fmt: skip
    """Write the report of a run as a self-contained HTML file, optionally with other runs for comparison.

    Parameters
    ----------
    run
        A run folder.
    others
        Run folders of other options with the same raids.
    out
        The file to write; report.html in the first run folder by default.
    plan
        A plan folder written by octoplan plan; adds an annex on the plan.
    explore
        A folder written by octoplan explore, of the scenario of the first run; adds an annex on it.
    nominal
        Report money in nominal terms, with the inflation assumed for the reporting currency.

    """
    from octoplan.answer.answer_file import stored_answer
    from octoplan.explore.folder import read_exploration
    from octoplan.outcomes.files import atomic_write
    from octoplan.outcomes.store import REPORT_FILE, read_results
    from octoplan.show.report import report_page

    path, paths = out or run / REPORT_FILE, (run, *others)
    results = [read_results(folder, nominal=nominal) for folder in paths]
    answer = stored_answer(run, results[0])
    counts = [result.run.futures for result in results]
    if len(set(counts)) > 1:
        numbers = ", ".join(f"{count:,}" for count in counts)
        print_warning(f"the runs have {numbers} futures: the report is over the first {min(counts):,} futures of each")
    exploration = None if explore is None else read_exploration(explore)
    atomic_write(path, report_page(results, labels(paths), plan, answer=answer, exploration=exploration))
    report_written(path, str(path))


def state(
    run: Path,
    *,
    day: Annotated[date, Parameter(name="--date")],
    future: int | None = None,
    out: Path | None = None,
) -> None:
    """Write the state of a run on a date, as the state.csv of a scenario that continues from it.

    Parameters
    ----------
    run
        A run folder. Parts, workers and experience are included if the run was simulated with
        --keep part_stock part_due heads experience.
    day
        The first day of a month of the run, such as 2026-03-01.
    future
        Number of the future; by default each quantity is the median over futures.
    out
        The file to write; by default the state is printed on standard output.

    """
    from octoplan.outcomes.files import atomic_write
    from octoplan.outcomes.state import state_of
    from octoplan.outcomes.store import read

    if out is not None and out.exists():
        raise StoreError(f"{out} exists; remove it or choose another file with --out")
    extract = state_of(read(run), day, str(run), future)
    if extract.missing_tallies:
        names = " ".join(extract.missing_tallies)
        print_warning(
            f"omitted, because the run did not keep these tallies: {names}; to include them, run again with --keep "
            f"{names}"
        )
    if out is None:
        sys.stdout.write(extract.text)
    else:
        atomic_write(out, extract.text)
        report_written(out)
