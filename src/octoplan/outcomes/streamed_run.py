"""Simulation of a run whose draws are written to disk as its futures finish, so that memory does not grow with them."""

import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import Self

import numpy as np
import xarray as xr

from octoplan.campaign.future import FAILURE_REASONS
from octoplan.campaign.futures import BATCH, SimulationResults, batches, empty_tallies, simulate_batch
from octoplan.errors import Unfinished
from octoplan.outcomes.draws_file import DrawsWriter, futures_per_block, read_draws
from octoplan.outcomes.key_results import KeyResults
from octoplan.outcomes.measure_values import MeasureValues
from octoplan.outcomes.measures import tabulate
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.simulate import (
    COUNTERFACTUAL_TALLIES,
    Progress,
    draw_assumptions,
    labelled_run,
    tallies_to_keep,
    to_dataset,
)
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Compiled, Floats

MIN_BATCH = 2
"""Smallest number of futures in a batch of a short run."""
TASKS_AHEAD = 64
"""Number of batches submitted to the executor before the first of them is written."""


@dataclass
class StreamedRun:
    """A run that is simulated in steps; its draws are written to a folder block by block, and its measures kept.

    Use it as a context manager: the files are closed at the end.

    folder
        Folder for the draws.
    keep, keep_going
        As for ``simulate``.
    nominal
        If True, money is inflated by the assumption on the reporting currency's inflation.
    """

    folder: Path
    scenario: Scenario
    seed: int
    keep: tuple[str, ...] = ()
    keep_going: bool = False
    nominal: bool = False
    status: list[int] = field(default_factory=list)
    wall_time: float = 0.0

    def __post_init__(self) -> None:
        self.tallies = tallies_to_keep(self.keep)
        self.writer = DrawsWriter(self.folder)
        self.draws: Floats = np.empty((0, len(self.scenario.columns)))
        self.waiting: list[SimulationResults] = []
        self.first_block: list[SimulationResults] = []
        self.datasets: tuple[xr.Dataset, ...] = ()

    @cached_property
    def compiled(self) -> Compiled:
        """The scenario, compiled for the simulation."""
        return self.scenario.compile()

    @cached_property
    def values(self) -> MeasureValues:
        """Values of all measures in the futures simulated until now."""
        return MeasureValues(len(self.scenario.names.months), nominal=self.nominal)

    @cached_property
    def block(self) -> int:
        """Number of futures that are written at a time."""
        names = self.scenario.names
        arrays = [
            *empty_tallies(names, self.tallies, 1).values(),
            *empty_tallies(names, COUNTERFACTUAL_TALLIES, 1).values(),
        ]
        return futures_per_block(sum(array.nbytes for array in arrays))

    def extend(
        self, futures: int, *, executor: Executor, batch: int | None = None, progress: Progress | None = None
    ) -> KeyResults:
        """Simulate further futures, until the run has a total number of futures; return the key results of all.

        Without ``batch``, batches of a short run are smaller, so that all cores end at about the same time.

        Raises RunError if the number of futures or the seed is invalid, and Unfinished if a future fails and
        ``keep_going`` is False.
        """
        start, first = time.perf_counter(), len(self.status)
        self.draws = draw_assumptions(self.scenario, futures, self.seed)
        new_draws = self.draws[first:]
        size = batch or min(BATCH, max(MIN_BATCH, ceil(len(new_draws) / TASKS_AHEAD)))
        for results in batches_in_order(self.compiled, new_draws, self.seed, first, executor, self.tallies, size):
            self.check(results)
            self.status += results.status.tolist()
            self.waiting.append(results)
            self.write_blocks()
            if progress is not None:
                progress(len(self.status), futures)
        self.write(len(self.status) - self.writer.futures)
        self.wall_time += time.perf_counter() - start
        return tabulate(self.without_tallies(), self.values.of_run())

    def check(self, results: SimulationResults) -> None:
        """Check that no future of a batch failed, unless failures are accepted. Raises Unfinished."""
        if results.status.any() and not self.keep_going:
            row = int(np.flatnonzero(results.status)[0])
            future, reason = len(self.status) + row, FAILURE_REASONS[int(results.status[row])]
            raise Unfinished(
                future, f"future {future} failed: {reason}; use keep_going (--keep-going) to keep the other futures"
            )

    def write_blocks(self) -> None:
        """Write whole blocks of the futures that are waiting."""
        block = self.block
        while len(self.status) - self.writer.futures >= block - self.writer.futures % block:
            self.write(block - self.writer.futures % block)

    def write(self, futures: int) -> None:
        """Write the first futures of those that are waiting, and append the values of their measures."""
        if not futures:
            return
        results = joined(self.waiting)
        self.waiting = [results_slice(results, slice(futures, None))] if len(results.status) > futures else []
        start = self.writer.futures
        first = results_slice(results, slice(futures))
        part = self.labelled(self.draws[start : start + futures], first)
        self.writer.append(part)
        self.first_block = [*self.first_block, first] if self.writer.futures <= self.block else []
        self.values.append(part)

    def labelled(self, draws: Floats, results: SimulationResults) -> Run:
        """A run in memory of some of the futures."""
        run = labelled_run(self.scenario, self.seed, draws, results, 0.0)
        run.__dict__["compiled"] = self.compiled
        return run

    def without_tallies(self) -> Run:
        """The run of all futures simulated until now, without tallies."""
        messages = {future: FAILURE_REASONS[code] for future, code in enumerate(self.status) if code}
        return self.labelled(self.draws, SimulationResults({}, {}, np.array(self.status), messages))

    def results(self) -> RunResults:
        """The results of all futures, whose tallies stay on disk if they fill more than a block.

        No futures can be added after this.
        """
        self.writer.close()
        if self.first_block:
            block, data, counterfactual = 0, *self.first_tallies()
        else:
            self.datasets = read_draws(self.folder, in_memory=False)
            block, (data, counterfactual) = self.block, self.datasets
            data = data.drop_vars(["assumptions", "status", "assumption"])
        run = replace(
            self.without_tallies(), data=data, counterfactual=counterfactual, wall_time=self.wall_time, block=block
        )
        return RunResults(run, self.nominal, self.values)

    def first_tallies(self) -> tuple[xr.Dataset, xr.Dataset]:
        """Tallies of the first block of futures, and those of its counterfactual."""
        tallies = joined(self.first_block)
        return to_dataset(self.scenario, tallies.tally), to_dataset(self.scenario, tallies.counterfactual)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.writer.close()
        for data in self.datasets:
            data.close()


def batches_in_order(
    compiled: Compiled, draws: Floats, seed: int, first: int, executor: Executor, keep: tuple[str, ...], batch: int
) -> Iterator[SimulationResults]:
    """Yield the results of each batch of futures in the order of the futures, a bounded number of batches ahead.

    first
        Number of the first future.
    """
    pending: deque[Future[SimulationResults]] = deque()
    try:
        for low, high in batches(len(draws), batch):
            arguments = (compiled, draws[low:high], seed, first + low, keep, COUNTERFACTUAL_TALLIES)
            pending.append(executor.submit(simulate_batch, *arguments))
            if len(pending) >= TASKS_AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for task in pending:
            task.cancel()


def results_slice(results: SimulationResults, rows: slice) -> SimulationResults:
    """The results of a range of futures."""
    tally, counterfactual = (
        {name: values[rows] for name, values in tallies.items()} for tallies in (results.tally, results.counterfactual)
    )
    return SimulationResults(tally, counterfactual, results.status[rows])


def joined(results: list[SimulationResults]) -> SimulationResults:
    """The results of successive batches as one."""
    if len(results) == 1:
        return results[0]
    tally, counterfactual = (
        {name: np.concatenate([getattr(part, kind)[name] for part in results]) for name in getattr(results[0], kind)}
        for kind in ("tally", "counterfactual")
    )
    return SimulationResults(tally, counterfactual, np.concatenate([part.status for part in results]))
