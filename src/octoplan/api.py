"""What users hold in Python: the functions of ``import octoplan as op``, and a run with its conveniences."""

from concurrent.futures import Executor
from dataclasses import fields
from pathlib import Path

from octoplan.outcomes import measures, run, store
from octoplan.outcomes import simulate as simulation
from octoplan.outcomes.findings import Findings
from octoplan.outcomes.key_results import KeyResults
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
        """Every measure with its quantiles and standard errors, of the whole run or of one month.

        month
            A month of the run such as ``"2026-02"``; measures that need the whole run are left out.
        nominal
            True inflates money by the assumption on the reporting currency's inflation.
        """
        return measures.key_results(self, month, nominal=nominal)

    def month(self, month: str) -> KeyResults:
        """The key results of one month, such as ``run.month("2026-02")``."""
        return self.key_results(month)

    def save(self, path: str | Path) -> None:
        """Write the run folder with its report, whole or not at all; raises StoreError when the path is in use."""
        findings = Findings(self)
        store.save(self, path, results=findings.key_results, pages={store.REPORT: report_page([findings])})


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
        Runs batches of futures; the results are the same bits on any, or on none.
    keep
        Names of tallies to keep in addition to those that every run keeps; ``("all",)`` keeps all.
    keep_going
        False raises Unfinished when a future fails; True keeps the others and counts it as failed.
    counterfactual
        False omits the same futures without the programme, and leaves the measures that need them undefined.
    progress
        Called with the futures done and their total.

    Raises RunError for an invalid number of futures, seed or name of a tally, and Unfinished as said.

    >>> import octoplan as op
    >>> op.simulate(op.load("pocket"), futures=4)
    <Run of 'Pocket': 4 futures, seed 1>
    """
    return with_conveniences(
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

    Raises StoreError for a folder that is not a whole run, ScenarioError for a scenario this version cannot read.
    """
    return with_conveniences(store.read(path))


def with_conveniences(data: run.Run) -> Run:
    """The same run, with the methods of ``Run``."""
    return Run(*(getattr(data, field.name) for field in fields(data)))
