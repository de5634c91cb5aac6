"""Results of a run that the report and the tables need, each computed on first use and cached."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from octoplan.outcomes.daily import daily_tallies
from octoplan.outcomes.finance import CostEstimate, ProgrammeEffects, cost_estimate, programme_effects
from octoplan.outcomes.key_results import KeyResults
from octoplan.outcomes.measure_values import MeasureValues, measure_values
from octoplan.outcomes.measures import tabulate
from octoplan.outcomes.median_case import run_at_medians
from octoplan.outcomes.run import Run, first_futures
from octoplan.outcomes.sensitivity import Sensitivity, acts_on_threats, sensitivities
from octoplan.outcomes.view import Measure
from octoplan.scenario.arrays import Floats


@dataclass(frozen=True, eq=False)
class RunResults:
    """Cached results of a run: measures, sensitivity, cost estimate and daily tallies.

    nominal
        If True, money is inflated by the assumption on the reporting currency's inflation.
    computed_values
        Values of the measures, if they were computed during the simulation.
    """

    run: Run
    nominal: bool = False
    computed_values: MeasureValues | None = None

    @cached_property
    def values(self) -> MeasureValues:
        """Values of all measures of the run and of its months."""
        return self.computed_values or measure_values(self.run, nominal=self.nominal)

    @cached_property
    def measures(self) -> Mapping[str, Measure]:
        """All measures of the whole run by key, in the order of the tables."""
        return {measure.key: measure for measure in self.values.of_run()}

    @cached_property
    def key_results(self) -> KeyResults:
        """The key results of the whole run."""
        return tabulate(self.run, tuple(self.measures.values()))

    def key_results_by_month(self) -> Iterator[KeyResults]:
        """Yield the key results of each month."""
        for month, measures in zip(self.run.compiled.names.months, self.values.by_month(), strict=True):
            yield tabulate(self.run, measures, month)

    @property
    def has_finished_futures(self) -> bool:
        """True if at least one future of the run finished."""
        return self.run.failed < self.run.futures

    @cached_property
    def effects(self) -> ProgrammeEffects:
        """Effects of the programme, read from the tallies of the run once."""
        return programme_effects(self.run)

    @property
    def net_benefit(self) -> Floats:
        """(futures,) damage avoided and spend saved on other layers, minus the cost, undiscounted, in real terms."""
        return self.effects.net_benefit

    @property
    def leakers_prevented(self) -> Floats:
        """(futures,) leakers prevented by the programme, excluding decoys."""
        return self.effects.leakers_prevented

    @cached_property
    def net_benefit_sensitivity(self) -> tuple[Sensitivity, ...]:
        """Sensitivity of the net benefit to each assumption; empty if every future failed."""
        return sensitivities(self.run, self.net_benefit) if self.has_finished_futures else ()

    @cached_property
    def leakers_sensitivity(self) -> tuple[Sensitivity, ...]:
        """Sensitivity of the leakers prevented to assumptions that can act on them; empty if every future failed."""
        if not self.has_finished_futures:
            return ()
        items = sensitivities(self.run, self.leakers_prevented)
        return tuple(item for item in items if acts_on_threats(self.run.scenario, item.assumption))

    @cached_property
    def run_at_medians(self) -> Run:
        """The run with all assumptions at their medians, simulated on first use."""
        return run_at_medians(self.run)

    @property
    def computed_medians(self) -> Run | None:
        """The run at medians if it has been simulated."""
        return self.__dict__.get("run_at_medians")

    @property
    def computed_days(self) -> xr.Dataset | None:
        """The daily tallies of the first finished future if they have been simulated."""
        return self.__dict__.get("daily_tallies")

    @cached_property
    def cost_estimate(self) -> CostEstimate | None:
        """Cost of the programme with its point estimate; None if a future of the run at medians failed."""
        return None if self.run_at_medians.status.any() else cost_estimate(self.run, self.run_at_medians)

    @cached_property
    def daily_tallies(self) -> xr.Dataset | None:
        """Daily tallies of the first finished future, simulated on first use; None if every future failed."""
        finished = np.flatnonzero(self.run.status == 0)
        return daily_tallies(self.run, int(finished[0])) if len(finished) else None


def over_common_futures(results: Sequence[RunResults]) -> list[RunResults]:
    """Results over the futures that all runs have: the first futures of the longer runs."""
    common = min(result.run.futures for result in results)
    return [
        result if result.run.futures == common else RunResults(first_futures(result.run, common), result.nominal)
        for result in results
    ]
