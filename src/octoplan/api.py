"""Public functions of the package, and the class of the runs that they return."""

from concurrent.futures import Executor
from dataclasses import fields
from pathlib import Path

from octoplan.outcomes import measures, run, store
from octoplan.outcomes import simulate as simulation
from octoplan.outcomes.key_results import KeyResults
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.simulate import Progress
from octoplan.scenario import Scenario
from octoplan.show.report import report_page


class Run(run.Run):
    """The results of a simulation: tallies, draws, key results, and the folder they are saved to.

    >>> import octoplan as op
    >>> run = op.simulate(op.load("pocket"), futures=20, seed=1)
    >>> run.key_results()["made"].interval.p50
    850.0
    >>> run.month("2026-02")["made"].interval.p50
    280.0
    """

    def key_results(self, month: str | None = None, *, nominal: bool = False) -> KeyResults:
        """Key results of the whole run or of one month: all measures with quantiles and standard errors.

        month
            A month of the run, such as ``"2026-02"``; measures that need the whole run are then omitted.
        nominal
            If True, money is inflated by the assumption on the reporting currency's inflation.
        """
        return measures.key_results(self, month, nominal=nominal)

    def month(self, month: str) -> KeyResults:
        """The key results of one month, such as ``run.month("2026-02")``."""
        return self.key_results(month)

    def save(self, path: str | Path) -> None:
        """Write the run folder and its report atomically.

        Raises StoreError if the path exists and is not an empty folder.
        """
        results = RunResults(self)
        store.save(self, path, key_results=results.key_results, pages={store.REPORT_FILE: report_page([results])})


def simulate(
    scenario: Scenario,
    futures: int = 1000,
    seed: int = 1,
    *,
    executor: Executor | None = None,
    keep: tuple[str, ...] = (),
    keep_going: bool = False,
    counterfactual: bool = True,
    progress: Progress | None = None,
) -> Run:
    """Simulate a scenario over futures, each with and without the programme.

    executor
        Executor that runs batches of futures, with no effect on the results; by default they run in this thread.
    keep
        Names of additional tallies to keep; ``("all",)`` keeps all.
    keep_going
        If False, Unfinished is raised when a future fails; if True, failed futures are counted and excluded.
    counterfactual
        If False, the counterfactual is not simulated; measures that compare with the counterfactual are then undefined.
    progress
        Called with the number of futures completed and their total.

    Raises RunError if the number of futures, the seed or the name of a tally is invalid, and Unfinished if a future
    fails and ``keep_going`` is False.

    >>> import octoplan as op
    >>> op.simulate(op.load("pocket"), futures=4)
    <Run of 'Pocket': 4 futures, seed 1>
    """
    return public_run(
        simulation.simulate(
            scenario,
            futures,
            seed,
            executor=executor,
            keep=keep,
            keep_going=keep_going,
            counterfactual=counterfactual,
            progress=progress,
        )
    )


def read(path: str | Path) -> Run:
    """Read a run folder.

    Raises StoreError if the folder is not a complete run, and ScenarioError if its scenario cannot be read.
    """
    return public_run(store.read(path))


def public_run(internal_run: run.Run) -> Run:
    """The same run as an instance of ``Run``, the class with the public methods."""
    return Run(*(getattr(internal_run, field.name) for field in fields(internal_run)))
