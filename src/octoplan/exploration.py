"""Public function that explores a scenario or a run, and the class of what it returns."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import fields
from pathlib import Path

from octoplan.cards import Card
from octoplan.explore import findings, folder
from octoplan.explore.evaluate import Evaluations
from octoplan.explore.exploration import Progress, explore_run
from octoplan.explore.folder import PAGE_FILE, write_exploration
from octoplan.explore.result_tables import tables
from octoplan.explore.settings import NO_SETTINGS, read_settings
from octoplan.outcomes.run import Run
from octoplan.outcomes.simulate import simulate
from octoplan.outcomes.store import MANIFEST_FILE
from octoplan.outcomes.store import read as read_run
from octoplan.scenario.loading import scenario_of
from octoplan.scenario.scenario import Scenario
from octoplan.show.explore_page import page
from octoplan.show.explore_text import conclusion
from octoplan.tables import Table

FUTURES = 1000
"""Number of futures of a scenario by default."""


class Exploration(findings.Exploration):
    """The main drivers of the results of a run, where the plan fails, and what is worth finding out."""

    @property
    def tables(self) -> dict[str, Table]:
        """Tables such as ``ranking``, ``tornado``, ``information`` and ``robustness``, with 95 % intervals."""
        return {table.name: table for table in tables(self)}

    @property
    def page(self) -> str:
        """The page ``explore.html``."""
        return page(self)

    def _repr_html_(self) -> str:
        rows = tuple((topic.topic, topic.text) for topic in conclusion(self))
        return Card(f"Exploration of {self.scenario.title}", rows=rows, note="All tables: tables.").html()

    def __repr__(self) -> str:
        return f"<Exploration of {self.scenario.title!r}: {self.findings.futures} futures, seed {self.findings.seed}>"

    def save(self, path: str | Path) -> None:
        """Write the folder of the exploration atomically.

        Raises StoreError if the path exists and is not an empty folder.
        """
        write_exploration(self, Path(path), {PAGE_FILE: self.page})


def explore_scenario(
    scenario: Scenario | str | Path | Run,
    futures: int | None = None,
    seed: int = 1,
    *,
    measures: Sequence[str] = (),
    settings: str | Path | None = None,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> Exploration:
    """Find the main drivers of the results, what would change the decision, and what is worth finding out.

    Args:
        scenario: A run or the path of its folder, or a scenario, its name or its path, which is then simulated.
        futures: Number of futures of a scenario, 1,000 by default; of a run, all its futures are used.
        seed: Seed of the random draws; of a run, its seed. The same seed gives the same exploration.
        measures: Keys of the measures to explore; by default the ten key results.
        settings: Path of an ``explore.toml`` with groups, decisions to compare, trials and requirements.
        executor: Executor that simulates batches of futures, with no effect on the results.
        progress: Called with the name of the part, the number of futures simulated, and their total.

    Returns:
        The exploration. ``save`` writes its folder.

    Raises:
        RunError: The run has too few futures, or a measure or assumption is unknown.
        ScenarioError: The scenario or the settings cannot be read.

    Example:
        >>> import octoplan as op
        >>> scenario = op.load("pocket").change({"threats.drone.damage": "50000 to 200000"})
        >>> op.explore_scenario(scenario, futures=64).findings.failed
        0

    """
    if isinstance(scenario, Run):
        run = scenario
    elif not isinstance(scenario, Scenario) and (Path(scenario) / MANIFEST_FILE).is_file():
        run = read_run(scenario)
    else:
        count = None if progress is None else lambda done, total: progress("futures", done, total)
        number = FUTURES if futures is None else futures
        run = simulate(scenario_of(scenario), number, seed, executor=executor, keep_going=True, progress=count)
    read = NO_SETTINGS if settings is None else read_settings(Path(settings), run.scenario)
    evaluations = Evaluations(executor=executor, progress=progress)
    return public_exploration(explore_run(run, read, evaluations, tuple(measures)))


def read_exploration(path: str | Path) -> Exploration:
    """Read the folder of an exploration.

    Raises StoreError if the folder is not an exploration, and ScenarioError if its scenario cannot be read.

    >>> import octoplan as op
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     op.explore_scenario("pocket", futures=32).save(f"{folder}/explored")
    ...     op.read_exploration(f"{folder}/explored")
    <Exploration of 'Pocket': 32 futures, seed 1>
    """
    return public_exploration(folder.read_exploration(Path(path)))


def public_exploration(internal: findings.Exploration) -> Exploration:
    """The same exploration as an instance of the class with the public methods."""
    return Exploration(*(getattr(internal, field.name) for field in fields(internal)))
