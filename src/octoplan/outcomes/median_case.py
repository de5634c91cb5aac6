"""The base case: every assumption at its median, as a run over a few futures and as one future by day."""

from dataclasses import dataclass, replace

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from octoplan.campaign.futures import simulate_batch
from octoplan.campaign.tally import TALLIES
from octoplan.outcomes.daily import daily_tallies
from octoplan.outcomes.run import Run
from octoplan.outcomes.simulate import COUNTERFACTUAL_TALLIES, DEFAULT_TALLIES, to_dataset
from octoplan.scenario.arrays import Compiled, EntityRecords, Ints, entity_records

MEDIAN_RUN_FUTURES = 4
"""Number of futures in a run at medians."""

DAILY_BASE_CASE_TALLIES = tuple(tally.name for tally in TALLIES if tally.name != "imbalance")
"""Names of the tallies that the base case has by day."""


def run_at_medians(run: Run, futures: int = MEDIAN_RUN_FUTURES) -> Run:
    """A run with every assumption at its median; its futures differ only in random events."""
    draws = np.repeat(run.medians[None], futures, axis=0)
    simulated = simulate_batch(run.compiled, draws, run.seed, 0, DEFAULT_TALLIES, COUNTERFACTUAL_TALLIES)
    return replace(
        run,
        data=to_dataset(run.scenario, simulated.tally),
        counterfactual=to_dataset(run.scenario, simulated.counterfactual),
        assumptions=xr.DataArray(draws, dims=("future", "assumption")),
        status=simulated.status,
        messages=simulated.messages,
        block=0,
    )


@dataclass(frozen=True)
class MedianCase:
    """Future 0 of a run with every assumption at its median; its random events are those of the run's future 0.

    days
        Daily values of all tallies.
    records
        Parameters of all entities, as arrays for the simulation.
    """

    run: Run
    days: xr.Dataset
    records: EntityRecords

    @property
    def compiled(self) -> Compiled:
        return self.run.compiled

    @property
    def month_of(self) -> Ints:
        """(days,) month of each day, from 0."""
        return self.compiled.links.month_of

    def day(self, tally: str) -> NDArray[np.float64]:
        """(days, *axes) values of a tally by day."""
        return np.asarray(self.days[tally].values)

    def month(self, tally: str) -> NDArray[np.float64]:
        """(months, *axes) values of a tally summed by month."""
        daily = self.day(tally)
        total = np.zeros((len(self.compiled.names.months), *daily.shape[1:]))
        np.add.at(total, self.month_of, daily)
        return total


def median_case(run: Run) -> MedianCase:
    """The base case at medians of a run. Raises RunError if the future fails."""
    medians = run_at_medians(run, 1)
    days = daily_tallies(medians, 0, DAILY_BASE_CASE_TALLIES)
    return MedianCase(medians, days, entity_records(run.compiled, medians.assumptions.values[0]))
