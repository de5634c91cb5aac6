"""A run: the results of one scenario simulated over many futures, and of the same futures without the programme."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Compiled, Floats, Ints


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

    def assumption(self, kind: str, parameter: str) -> Floats:
        """(futures, entities) draws of one parameter of the entities of a kind; 0 if an entity lacks the parameter."""
        columns = self.compiled.draw_columns[kind, parameter]
        values = self.assumptions.values[:, np.maximum(columns, 0)]
        return np.where(columns >= 0, values, 0.0)

    def __repr__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return f"<Run of {self.scenario.title!r}: {self.futures} futures{failed}, seed {self.seed}>"
