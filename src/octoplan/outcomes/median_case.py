"""The case at medians: one future in which every assumption stands at its median, told day by day."""

from dataclasses import dataclass

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from octoplan.campaign.tally import TALLIES
from octoplan.outcomes.daily import told_by_day
from octoplan.outcomes.finance import at_medians
from octoplan.outcomes.run import Run
from octoplan.scenario.arrays import Compiled, Ints, World, world

NEEDED = tuple(t.name for t in TALLIES if t.name != "imbalance")


@dataclass(frozen=True)
class Case:
    """Future 0 of a run with every assumption at its median; its chance is that of the run's future 0.

    days
        Every tally with a row for each day; ``world`` holds the numbers believed, as the campaign reads them.
    """

    run: Run
    days: xr.Dataset
    world: World

    @property
    def compiled(self) -> Compiled:
        return self.run.compiled

    @property
    def month_of(self) -> Ints:
        """(days,) month of each day, from 0."""
        return self.compiled.links.month_of

    def day(self, tally: str) -> NDArray[np.float64]:
        """A tally by day."""
        return np.asarray(self.days[tally].values)

    def month(self, tally: str) -> NDArray[np.float64]:
        """The same summed by month."""
        daily = self.day(tally)
        total = np.zeros((len(self.compiled.names.months), *daily.shape[1:]))
        np.add.at(total, self.month_of, daily)
        return total


def median_case(run: Run) -> Case:
    """The case at medians of a run; raises RunError where that future fails."""
    middle = at_medians(run, 1)
    days = told_by_day(middle, 0, NEEDED)
    return Case(middle, days, world(run.compiled, middle.assumptions.values[0]))
