"""The command ``octoplan explore``."""

import shutil
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from octoplan.cli.console import (
    ListOption,
    check_simulation,
    compilation_notice,
    print_line,
    progress_bar,
    record_written_path,
    render,
    resumable_folder,
    scenario_name,
    terminal,
    track,
)
from octoplan.errors import OctoplanError, RunError
from octoplan.executors import executor

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from rich.progress import Progress as ProgressBar
    from rich.progress import TaskID

    from octoplan.exploration import Exploration
    from octoplan.outcomes.run import Run
    from octoplan.outcomes.simulate import Progress
    from octoplan.scenario import Scenario


MAX_LINES = 20
"""Largest number of lines of the conclusion."""


def explore(
    scenario_or_run: str,
    *,
    futures: int | None = None,
    seed: int = 1,
    out: Path | None = None,
    measure: ListOption = (),
    settings: Path | None = None,
    threads: int | None = None,
    cluster: str | None = None,
) -> None:
    """Find the main drivers of the results, where the plan fails, and what is worth finding out.

    Parameters
    ----------
    scenario_or_run
        A scenario folder or workbook, the name of a built-in scenario, or a run folder.
    futures
        Number of futures, 1,000 by default. Of a run folder, the first futures are used; by default all of them.
    seed
        Seed of the random draws; the same seed gives the same exploration, bit for bit. A run folder has its own seed.
    out
        The folder to write; explored/SCENARIO-SEED-FUTURES by default. It must be empty or not exist; explore.html is
        the page to read first. If the command is interrupted, a hidden folder next to it keeps the futures simulated so
        far, and the same command continues from them.
    measure
        Keys of the measures to explore, such as leakers/excluding-decoys; the ten key results by default.
    settings
        A file such as explore.toml, with groups of assumptions, decisions to compare, trials and requirements.
    threads
        Number of threads; one for each core by default. It does not change the results.
    cluster
        Address of a dask.distributed scheduler; its workers simulate instead of threads.

    """
    from octoplan.exploration import FUTURES, public_exploration
    from octoplan.explore.base import MIN_FUTURES, measures_to_explore
    from octoplan.explore.evaluate import Evaluations
    from octoplan.explore.exploration import explore_run
    from octoplan.explore.folder import PAGE_FILE
    from octoplan.explore.settings import NO_SETTINGS, read_settings
    from octoplan.outcomes.files import check_output_folder

    check_simulation(FUTURES if futures is None else futures, seed, threads, cluster)
    if futures is not None and futures < MIN_FUTURES:
        raise RunError(f"--futures {futures}: at least {MIN_FUTURES} are needed")
    source = source_of(scenario_or_run, futures, seed)
    folder = out or Path("explored") / f"{scenario_name(scenario_or_run)}-{source.seed}-{source.futures}"
    check_output_folder(folder)
    measures_to_explore(source.scenario, measure)
    read = NO_SETTINGS if settings is None else read_settings(settings, source.scenario)
    hidden = folder.absolute().parent / f".{folder.absolute().name}.futures"
    with (
        resumable_folder(hidden, "futures"),
        executor(threads, cluster) as pool,
        compilation_notice(),
        progress_bar() as progress,
    ):
        run = source.run(hidden / "run", pool, track(progress, "simulating"))
        parts = PartProgress(progress)
        evaluations = Evaluations(hidden, pool, parts)
        exploration = public_exploration(explore_run(run, read, evaluations, measure))
        exploration.save(folder)
    record_written_path(folder)
    print_conclusion(exploration)
    print_line(f"folder      {folder}\npage        {folder / PAGE_FILE}")


class PartProgress:
    """Shows the part of an exploration that is simulated, with the number of its futures that are done."""

    def __init__(self, progress: "ProgressBar") -> None:
        self.progress = progress
        self.tasks: dict[str, TaskID] = {}

    def __call__(self, name: str, completed: int, total: int) -> None:
        """Set the number of futures of a part that are done."""
        if name not in self.tasks:
            for task in self.tasks.values():
                self.progress.update(task, visible=False)
            self.tasks[name] = self.progress.add_task(name, total=total)
        self.progress.update(self.tasks[name], completed=completed, total=total)


@dataclass(frozen=True)
class Source:
    """What is explored: a scenario that is simulated first, or a run that was read.

    Attributes:
        scenario: The scenario.
        futures: Number of futures.
        seed: Seed of the run.
        earlier: The run that was read; None if the scenario is to be simulated.

    """

    scenario: "Scenario"
    futures: int
    seed: int
    earlier: "Run | None" = None

    def run(self, folder: Path, pool: "Executor", progress: "Progress") -> "Run":
        """The run: as given, or as simulated by an earlier call of an interrupted command, or simulated now."""
        from octoplan.outcomes.files import atomic_folder
        from octoplan.outcomes.store import read, write_results
        from octoplan.outcomes.streamed_run import StreamedRun

        if self.earlier is not None:
            return self.earlier
        if (earlier := self.simulated_earlier(folder)) is not None:
            return earlier
        shutil.rmtree(folder, ignore_errors=True)
        with (
            atomic_folder(folder) as temporary,
            StreamedRun(temporary, self.scenario, self.seed, keep_going=True) as streamed,
        ):
            streamed.extend(self.futures, executor=pool, progress=progress)
            write_results(streamed.results(), temporary)
        return read(folder, in_memory=False)

    def simulated_earlier(self, folder: Path) -> "Run | None":
        """The run that an interrupted command wrote; None if there is none, or if it is another or damaged one."""
        from octoplan.outcomes.store import read

        if not folder.exists():
            return None
        try:
            run = read(folder, in_memory=False)
        except OctoplanError:
            return None
        same = (run.scenario.hash, run.seed, run.futures) == (self.scenario.hash, self.seed, self.futures)
        return run if same else None


def source_of(path: str, futures: int | None, seed: int) -> Source:
    """What is explored, from the path of a run folder, or the path or name of a scenario."""
    from octoplan.exploration import FUTURES
    from octoplan.outcomes.run import first_futures
    from octoplan.outcomes.store import MANIFEST_FILE, read
    from octoplan.scenario import load

    if not (Path(path) / MANIFEST_FILE).is_file():
        return Source(load(path), FUTURES if futures is None else futures, seed)
    run = read(path, in_memory=False)
    if futures is not None and futures > run.futures:
        raise RunError(
            f"--futures {futures}: {path} has {run.futures:,} futures; give at most as many, or simulate the scenario "
            "with more"
        )
    chosen = run if futures is None else first_futures(run, futures)
    return Source(run.scenario, chosen.futures, run.seed, chosen)


def print_conclusion(exploration: "Exploration") -> None:
    """Print the conclusion in at most ``MAX_LINES`` lines, and the notes on parts that were not possible."""
    from octoplan.show.explore_text import conclusion

    width = terminal().width
    for line in conclusion_lines([f"{topic.topic}: {topic.text}" for topic in conclusion(exploration)], width):
        print_line(line)
    for note in exploration.findings.notes:
        render(f"note: {note}")


def conclusion_lines(paragraphs: list[str], width: int) -> list[str]:
    """Paragraphs as lines of a width; long ones are shortened if there would be more than ``MAX_LINES`` lines.

    >>> conclusion_lines(["Main drivers: crews"], 80)
    ['Main drivers: crews']
    """
    lines: list[str] = []
    for most in (None, 4, 3, 2):
        wrapped = [textwrap.wrap(text, width, max_lines=most, placeholder=" …") for text in paragraphs]
        lines = [line for paragraph in wrapped for line in paragraph]
        if len(lines) <= MAX_LINES:
            break
    return lines
