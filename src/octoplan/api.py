"""Public functions of the package, and the class of the runs that they return."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import fields
from pathlib import Path

from octoplan.answer.answer import answer_of
from octoplan.answer.answer_file import stored_answer
from octoplan.answer.marginal import SAMPLE
from octoplan.outcomes import measures, run, store
from octoplan.outcomes import simulate as simulation
from octoplan.outcomes.key_results import KeyResults
from octoplan.outcomes.precision import MAX_FUTURES, Precision, Step
from octoplan.outcomes.precision import simulate_to_precision as simulation_to_precision
from octoplan.outcomes.run_card import run_card
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.simulate import Progress
from octoplan.scenario.loading import scenario_of
from octoplan.scenario.scenario import Scenario
from octoplan.show.answer import AnswerText, paragraphs
from octoplan.show.report import run_pages


class Run(run.Run):
    """The results of a simulation: tallies, draws, key results, and the folder they are saved to.

    >>> import octoplan as op
    >>> run = op.simulate("pocket", futures=20, seed=1)
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

        >>> import octoplan as op
        >>> table = op.simulate("pocket", futures=4).key_results().to_frame()
        >>> table.loc["made", ["group", "unit"]].tolist()
        ['Units', 'units']
        """
        return measures.key_results(self, month, nominal=nominal)

    def month(self, month: str) -> KeyResults:
        """The key results of one month, such as ``run.month("2026-02")``.

        >>> import octoplan as op
        >>> op.simulate("pocket", futures=4).month("2026-02")["made"].interval.mean
        280.0
        """
        return self.key_results(month)

    def answer(self, marginal: int = SAMPLE, *, executor: Executor | None = None) -> AnswerText | None:
        """The answer of the run in words, for which small changes of the scenario are simulated.

        marginal
            Number of futures in which small changes are simulated.
        executor
            Executor that runs batches of futures, with no effect on the results.

        Returns None if every future failed. The answer that was stored with a run is used again.

        >>> import octoplan as op
        >>> answer = op.simulate("pocket", futures=8).answer()
        >>> answer.numbers.marginal["units"].prevented.mean
        0.0
        """
        stored: AnswerText | None = self.__dict__.get("stored_answer")
        if stored is not None and stored.numbers.marginal.futures == min(marginal, self.futures):
            return stored
        numbers = answer_of(RunResults(self), marginal, executor=executor)
        if numbers is not None:
            self.__dict__["stored_answer"] = AnswerText(numbers)
        return None if numbers is None else AnswerText(numbers)

    def _repr_html_(self) -> str:
        stored: AnswerText | None = self.__dict__.get("stored_answer")
        return run_card(self.key_results(), paragraphs(stored.numbers) if stored else ()).html()

    def save(self, path: str | Path) -> None:
        """Write the run folder, its answer and its report atomically; see ``answer`` for what is simulated.

        Raises StoreError if the path exists and is not an empty folder.

        >>> import octoplan as op
        >>> import os, tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     op.simulate("pocket", futures=4).save(f"{folder}/run")
        ...     "report.html" in os.listdir(f"{folder}/run")
        True
        """
        results, answer = RunResults(self), self.answer()
        store.save(self, path, results=results, pages=run_pages(results, answer.numbers if answer else None))


def simulate(
    scenario: Scenario | str | Path,
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

    scenario
        A scenario, or what ``load`` reads: the name of a built-in scenario or the path of a folder.
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

    Raises RunError if the number of futures, the seed or the name of a tally is invalid, Unfinished if a future fails
    and ``keep_going`` is False, and ScenarioError if the scenario cannot be read.

    >>> import octoplan as op
    >>> op.simulate("pocket", futures=4)
    <Run of 'Pocket': 4 futures, seed 1>
    """
    return public_run(
        simulation.simulate(
            scenario_of(scenario),
            futures,
            seed,
            executor=executor,
            keep=keep,
            keep_going=keep_going,
            counterfactual=counterfactual,
            progress=progress,
        )
    )


def simulate_to_precision(
    scenario: Scenario | str | Path,
    precision: Precision,
    seed: int = 1,
    *,
    limit: int = MAX_FUTURES,
    executor: Executor | None = None,
    keep: tuple[str, ...] = (),
    keep_going: bool = False,
    progress: Progress | None = None,
    report: Callable[[Step], None] | None = None,
) -> Run:
    """Simulate a scenario until the standard errors of its key results are no larger than required.

    The run is identical to one of ``simulate`` with the same number of futures. It ends with ``limit`` futures if the
    precision is not reached by then.

    scenario
        As for ``simulate``.
    executor, keep, keep_going, progress
        As for ``simulate``.
    report
        Called after each step with the measure that is furthest from its required precision.

    Raises RunError if the precision names an unknown measure, and what ``simulate`` raises.

    >>> import octoplan as op
    >>> op.simulate_to_precision("pocket", op.Precision(0.2))
    <Run of 'Pocket': 128 futures, seed 1>
    """
    return public_run(
        simulation_to_precision(
            scenario_of(scenario),
            precision,
            seed,
            limit=limit,
            executor=executor,
            keep=keep,
            keep_going=keep_going,
            progress=progress,
            report=report,
        )
    )


def read(path: str | Path) -> Run:
    """Read a run folder.

    Raises StoreError if the folder is not a complete run, and ScenarioError if its scenario cannot be read.

    >>> import octoplan as op
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     op.simulate("pocket", futures=4).save(f"{folder}/run")
    ...     op.read(f"{folder}/run")
    <Run of 'Pocket': 4 futures, seed 1>
    """
    run = public_run(store.read(path))
    answer = stored_answer(Path(path), RunResults(run))
    if answer is not None:
        run.__dict__["stored_answer"] = AnswerText(answer)
    return run


def public_run(internal_run: run.Run) -> Run:
    """The same run as an instance of ``Run``, the class with the public methods."""
    return Run(*(getattr(internal_run, field.name) for field in fields(internal_run)))
