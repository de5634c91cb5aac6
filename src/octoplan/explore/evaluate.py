"""Simulations of an exploration: all measures of many futures, in pieces that are kept on disk.

An interrupted exploration goes on with the pieces that are there, and ends in the same bits.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from octoplan.answer.totals import KEPT, KEPT_COUNTERFACTUAL, Totals, totals
from octoplan.campaign.futures import SimulationResults, batches, empty_tallies, simulate_batch
from octoplan.executors import run_tasks, thread_pool
from octoplan.explore.piece_files import Piece, PieceFiles, content_digest
from octoplan.outcomes.measures import measures_of
from octoplan.outcomes.run import Run
from octoplan.outcomes.simulate import COUNTERFACTUAL_TALLIES, tallies_to_keep, to_dataset
from octoplan.outcomes.view import Measure, view_of
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Compiled, Floats, Ints

PIECE = 128
"""Number of futures in a piece."""
BATCH = 8
"""Number of futures in one task of the executor."""

Progress = Callable[[str, int, int], None]
"""Callback with the name of an evaluation, the number of its futures that are done, and their total."""


@dataclass(frozen=True, eq=False)
class Results:
    """Results of futures; those of failed futures are ``nan``.

    Attributes:
        measures: (futures,) values by key of the measure: ``inf`` for a month that never comes, ``nan`` if undefined.
        described: The measures without values: key, group, title, unit and form.
        totals: Units, leakers, mean damage and spend of each future, with the programme.
        without: The same without the programme; None if the counterfactual was not simulated.
        status: (futures,) 0 if the future was completed.
        first: Number of the first future.

    """

    measures: Mapping[str, Floats]
    described: tuple[Measure, ...]
    totals: Totals
    without: Totals | None
    status: Ints
    first: int = 0

    @property
    def futures(self) -> Ints:
        """(futures,) number of each future in its sample."""
        return np.arange(self.first, self.first + len(self.status))

    @property
    def finished(self) -> Ints:
        """Rows of the futures that did not fail."""
        return np.flatnonzero(self.status == 0)

    @cached_property
    def net_benefit(self) -> Floats:
        """(futures,) mean damage and spend without the programme less those with it; ``nan`` without a counterfactual.

        The damage is the mean damage of the leakers given the assumptions, so that it has less noise than the measure
        ``net-benefit``, of the same expected value.
        """
        if self.without is None:
            return np.full(len(self.status), np.nan)
        return self.without.damage - self.totals.damage + self.without.spend - self.totals.spend


@dataclass(frozen=True, eq=False)
class Case:
    """What is simulated: a scenario as arrays, with the labels and budgets of the scenario that it was changed from.

    Attributes:
        scenario: The scenario.
        compiled: Its arrays, or those of a changed scenario with the same entities.
        medians: (columns,) medians of the draws.
        counterfactual: True if the futures are simulated without the programme too.

    """

    scenario: Scenario
    compiled: Compiled
    medians: Floats
    counterfactual: bool

    def run(self, draws: Floats, seed: int, simulated: SimulationResults) -> Run:
        """A run with the tallies of some futures, from which their measures are computed."""
        run = Run(
            scenario=self.scenario, seed=seed, data=to_dataset(self.scenario, simulated.tally),
            counterfactual=to_dataset(self.scenario, simulated.counterfactual),
            assumptions=xr.DataArray(draws, dims=("future", "assumption")), status=simulated.status, messages={},
            wall_time=0.0, version="",
        )  # fmt: skip
        run.__dict__.update(compiled=self.compiled, medians=self.medians)
        return run

    @property
    def tallies(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of the tallies from which the measures are computed, with and without the programme."""
        return tallies_to_keep(), COUNTERFACTUAL_TALLIES if self.counterfactual else ()

    @cached_property
    def described(self) -> tuple[Measure, ...]:
        """The measures of the case, without values."""
        tallies, counterfactual = (empty_tallies(self.compiled.names, names, 0) for names in self.tallies)
        simulated = SimulationResults(tallies, counterfactual, np.zeros(0, np.int64))
        return measures_of(view_of(self.run(np.zeros((0, len(self.medians))), 0, simulated)))

    @cached_property
    def digest(self) -> bytes:
        """Hash of what determines the results of the case, except draws, seed and numbers of the futures."""
        keys = tuple(measure.key for measure in self.described)
        return content_digest(
            version("octoplan"), self.scenario.hash, self.compiled, self.medians, self.counterfactual, keys
        )


def case_of(scenario: Scenario, compiled: Compiled | None, draws: Floats, *, counterfactual: bool) -> Case:
    """The case of an evaluation; further columns of the draws, as of an option, have the values of the first future."""
    medians = np.concatenate([scenario.medians, draws[0, len(scenario.medians) :]])
    return Case(scenario, scenario.compile() if compiled is None else compiled, medians, counterfactual)


def measures_of_scenario(scenario: Scenario) -> tuple[Measure, ...]:
    """All measures of a run of a scenario, without values."""
    return case_of(scenario, None, scenario.medians[None], counterfactual=True).described


def simulate_rows(case: Case, draws: Floats, seed: int, first: int, halt: Ints | None) -> Piece:
    """Simulate the futures of some draws, numbered from ``first``, and compute their measures and totals."""
    tallies, counterfactual_tallies = case.tallies
    simulated = simulate_batch(case.compiled, draws, seed, first, tallies, counterfactual_tallies, halt)
    run = case.run(draws, seed, simulated)
    return piece_of(run, [run.data[name].values for name in KEPT])


def piece_of(run: Run, tallies: list[NDArray[Any]]) -> Piece:
    """Measures and totals of the futures of a run in memory; ``tallies`` are those of ``KEPT``."""
    finished = run.finished_futures
    measures = measures_of(view_of(run))
    values = np.full((run.futures, len(measures)), np.nan)
    for column, measure in enumerate(measures):
        values[finished, column] = measure.values
    tally = dict(zip(KEPT, tallies, strict=True))
    with_programme = total_rows(totals(run.compiled, run.assumptions.values, tally), run.status)
    without = np.full_like(with_programme, np.nan)
    if run.counterfactual:
        tally = {name: run.counterfactual[name].values for name in KEPT_COUNTERFACTUAL}
        exchange = run.data["exchange"].values
        without = total_rows(totals(run.compiled, run.assumptions.values, tally, exchange), run.status)
    return Piece(values, with_programme, without, run.status)


def total_rows(result: Totals, status: Ints) -> Floats:
    """(futures, 4) totals in the order of their fields; ``nan`` for failed futures."""
    rows = np.column_stack([result.units, result.leakers, result.damage, result.spend])
    rows[status != 0] = np.nan
    return rows


def results_of(run: Run) -> Results:
    """Results of the futures of a run, as ``Evaluations.evaluate`` computes them; nothing is simulated."""
    case = case_of(run.scenario, None, run.assumptions.values, counterfactual=bool(run.counterfactual))
    parts = (part.load() if run.block else part for part in run.parts())
    pieces = [piece_of(part, [part.data[name].values for name in KEPT]) for part in parts]
    return as_results(case, joined(pieces), 0)


def as_results(case: Case, piece: Piece, first: int) -> Results:
    """The results of all futures of an evaluation."""
    columns = (np.ascontiguousarray(column) for column in piece.measures.T)
    measures = {measure.key: column for measure, column in zip(case.described, columns, strict=True)}
    with_programme, without = (
        Totals(*(np.ascontiguousarray(column) for column in rows.T)) for rows in (piece.totals, piece.without)
    )
    return Results(
        measures, case.described, with_programme, without if case.counterfactual else None, piece.status, first
    )


def joined(pieces: list[Piece]) -> Piece:
    """The rows of several pieces, in their order."""
    return Piece(*(np.concatenate(arrays) for arrays in zip(*pieces, strict=True)))


@dataclass(eq=False)
class Evaluations:
    """Simulations of an exploration, whose results are kept in a folder.

    Attributes:
        folder: Folder of the pieces, which is created when the first is written; None keeps none.
        executor: Executor of batches of futures, with no effect on the results; a single thread by default.
        progress: Called when a piece was read and when a batch was simulated.
        halt: (1,) set to a value other than 0 by another thread to stop with CancelledError.
        piece: Number of futures in a piece, with no effect on the results.
        simulated: Number of futures that were simulated; those of pieces that were read are not counted.

    """

    folder: Path | None = None
    executor: Executor | None = None
    progress: Progress | None = None
    halt: Ints | None = None
    piece: int = PIECE
    simulated: int = field(default=0, init=False)

    def evaluate(
        self, name: str, scenario: Scenario, draws: Floats, seed: int, *, first: int = 0,
        compiled: Compiled | None = None, counterfactual: bool = True,
    ) -> Results:  # fmt: skip
        """Results of one future per row of draws.

        The results of a future depend only on its draws, its number, the seed and the scenario: not on the other
        futures, the executor, or on what is read and what is simulated.

        Args:
            name: Name of the evaluation, for the progress.
            scenario: The scenario, which has the labels and the budgets.
            draws: (futures, columns) draws of the assumptions.
            seed: Seed of the random streams.
            first: Number of the first future.
            compiled: Arrays of a changed scenario with the same entities, such as those of an option
                (``answer.options``); by default those of ``scenario``.
            counterfactual: If False, the futures are not simulated without the programme, which takes half the time;
                measures that compare with the counterfactual are then undefined.

        Returns:
            Results of the futures; failed futures have the status that says why, and ``nan`` as results.

        Raises:
            ValueError: If there are no draws.
            CancelledError: If the flag ``halt`` is set.

        """
        if not len(draws):
            raise ValueError(f"{name}: there are no draws to simulate")
        draws = np.ascontiguousarray(draws, np.float64)
        case = case_of(scenario, compiled, draws, counterfactual=counterfactual)
        files = PieceFiles(self.folder) if self.folder is not None else None
        ranges = list(batches(len(draws), self.piece))
        digests = [content_digest(case.digest, draws[low:high], seed, first + low) for low, high in ranges]
        pieces = {i: piece for i, digest in enumerate(digests) if files and (piece := files.read(digest)) is not None}
        done = sum(len(piece.status) for piece in pieces.values())
        if done:
            self.report(name, done, len(draws))
        missing = {i: rows for i, rows in enumerate(ranges) if i not in pieces}
        for number, piece in self.simulate(case, draws, seed, first, missing, name=name, done=done):
            pieces[number] = piece
            if files:
                files.write(digests[number], piece)
        return as_results(case, joined([pieces[i] for i in range(len(ranges))]), first)

    def simulate(
        self, case: Case, draws: Floats, seed: int, first: int, missing: Mapping[int, tuple[int, int]], *, name: str,
        done: int,
    ) -> Iterator[tuple[int, Piece]]:  # fmt: skip
        """Simulate the missing pieces, and yield each with its number when the last of its batches is done.

        Args:
            case: What is simulated.
            draws: (futures, columns) draws of all futures of the evaluation.
            seed: Seed of the random streams.
            first: Number of the first future.
            missing: First row and end of each missing piece, by number of the piece.
            name: Name of the evaluation, for the progress.
            done: Number of futures that were read.

        """
        tasks = [
            (number, low + start, low + end)
            for number, (low, high) in missing.items()
            for start, end in batches(high - low, BATCH)
        ]
        parts: dict[int, dict[int, Piece]] = {number: {} for number in missing}
        lacking = {number: high - low for number, (low, high) in missing.items()}
        with thread_pool(1) if self.executor is None else nullcontext(self.executor) as executor:

            def submit(task: tuple[int, int, int]) -> Future[Piece]:
                _, low, high = task
                return executor.submit(simulate_rows, case, draws[low:high], seed, first + low, self.halt)

            with run_tasks(submit, tasks) as finished:
                for (number, low, high), part in finished:
                    if self.halt is not None and self.halt[0]:
                        raise CancelledError
                    parts[number][low] = part
                    lacking[number] -= high - low
                    done += high - low
                    self.simulated += high - low
                    if not lacking[number]:
                        batches_of_piece = parts.pop(number)
                        yield number, joined([batches_of_piece[row] for row in sorted(batches_of_piece)])
                    self.report(name, done, len(draws))

    def report(self, name: str, done: int, total: int) -> None:
        """Call the progress callback, if there is one."""
        if self.progress is not None:
            self.progress(name, done, total)
