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
        Tallies of ``campaign.tally``, (future, *axes), with units and long names.
    counterfactual
        The same futures without the programme; other makers' interceptors remain.
    assumptions
        Draws, (future, assumption), in the units of ``scenario.entities``.
    status
        (futures,) 0 where the future was simulated to its end; ``messages`` says why each other one failed.
    wall
        Seconds the simulation took.
    version
        Version of octoplan that simulated it.
    """

    scenario: Scenario
    seed: int
    data: xr.Dataset
    counterfactual: xr.Dataset
    assumptions: xr.DataArray
    status: Ints
    messages: dict[int, str]
    wall: float
    version: str

    @property
    def futures(self) -> int:
        """Number of futures, failed ones included."""
        return len(self.status)

    @property
    def failed(self) -> int:
        """Number of futures that failed; no measure counts them."""
        return int(np.count_nonzero(self.status))

    @cached_property
    def compiled(self) -> Compiled:
        """The compiled scenario of the run."""
        return self.scenario.compile()

    def assumption(self, kind: str, parameter: str) -> Floats:
        """Draws of one parameter, (futures, entities of the kind), in the unit of ``entities``; 0 where it has none."""
        columns = self.compiled.slots[kind, parameter]
        values = self.assumptions.values[:, np.maximum(columns, 0)]
        return np.where(columns >= 0, values, 0.0)

    def __repr__(self) -> str:
        failed = f", {self.failed} failed" if self.failed else ""
        return f"<Run of {self.scenario.title!r}: {self.futures} futures{failed}, seed {self.seed}>"
