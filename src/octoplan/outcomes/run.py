"""A run: the results of one scenario simulated over many futures, and of the same futures without the programme."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import xarray as xr

from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Compiled, Floats, Ints, draws_of


@dataclass(frozen=True, eq=False)
class Run:
    """The results of one scenario simulated over many futures.

    data
        Tallies of ``campaign.tally``, (futures, *axes), with units and long names.
    counterfactual
        Tallies of the same futures without the programme; the interceptors of other makers remain.
    assumptions
        Draws, (futures, assumptions), in the units of ``scenario.entities``.
    status
        (futures,) 0 if the future was completed; ``messages`` has the error of each failed future.
    wall_time
        Wall time of the simulation in seconds.
    version
        Version of octoplan that simulated the run.
    block
        Number of futures read at a time if the tallies are on disk; 0 if they are in memory.
    """

    scenario: Scenario
    seed: int
    data: xr.Dataset
    counterfactual: xr.Dataset
    assumptions: xr.DataArray
    status: Ints
    messages: dict[int, str]
    wall_time: float
    version: str
    block: int = 0

    @property
    def futures(self) -> int:
        """Number of futures, including failed futures."""
        return len(self.status)

    @property
    def failed(self) -> int:
        """Number of failed futures, which are excluded from every measure."""
        return int(np.count_nonzero(self.status))

    @property
    def finished_futures(self) -> Ints:
        """Numbers of the futures that did not fail."""
        return np.flatnonzero(self.status == 0)

    @cached_property
    def compiled(self) -> Compiled:
        """The scenario of the run, compiled for the simulation."""
        return self.scenario.compile()

    @cached_property
    def medians(self) -> Floats:
        """(assumptions,) medians of the assumptions."""
        return self.scenario.medians

    def part(self, rows: slice) -> "Run":
        """The run of the futures in a range of rows; tallies on disk are not read."""
        futures = range(self.futures)[rows]
        part = replace(
            self,
            data=self.data.isel(future=rows),
            counterfactual=self.counterfactual.isel(future=rows) if self.counterfactual else self.counterfactual,
            assumptions=self.assumptions[rows],
            status=self.status[rows],
            messages={row: self.messages[future] for row, future in enumerate(futures) if future in self.messages},
            block=0,
        )
        part.__dict__.update(compiled=self.compiled, medians=self.medians)
        return part

    def load(self) -> "Run":
        """The run with its tallies in memory."""
        run = replace(self, data=self.data.load(), counterfactual=self.counterfactual.load(), block=0)
        run.__dict__.update(compiled=self.compiled, medians=self.medians)
        return run

    def parts(self) -> Iterator["Run"]:
        """Consecutive parts of a run on disk, each of which fits in memory; the run itself if it is in memory."""
        if not self.block:
            yield self
            return
        for start in range(0, self.futures, self.block):
            yield self.part(slice(start, start + self.block))

    def assumption(self, kind: str, parameter: str) -> Floats:
        """(futures, entities) draws of one parameter of the entities of a kind, as ``draws_of`` returns them."""
        return draws_of(self.compiled, self.assumptions.values, kind, parameter)

    def __repr__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return f"<Run of {self.scenario.title!r}: {self.futures} futures{failed}, seed {self.seed}>"


def first_futures(run: Run, futures: int) -> Run:
    """The first ``futures`` futures of a run, identical to a run of that many futures."""
    if run.futures <= futures:
        return run
    first = slice(0, futures)
    return replace(
        run, data=run.data.isel(future=first), counterfactual=run.counterfactual.isel(future=first),
        assumptions=run.assumptions.isel(future=first), status=run.status[first],
        messages={future: message for future, message in run.messages.items() if future < futures},
    )  # fmt: skip
