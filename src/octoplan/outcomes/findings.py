"""Everything that the pages say of a run: measured once, and simulated further at most once, when first asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import xarray as xr

from octoplan.outcomes.daily import daily_tallies
from octoplan.outcomes.finance import CostEstimate, cost_estimate, leakers_prevented, net_benefit
from octoplan.outcomes.key_results import KeyResults
from octoplan.outcomes.measures import measures, tabulate
from octoplan.outcomes.median_case import run_at_medians
from octoplan.outcomes.run import Run
from octoplan.outcomes.sensitivity import Sensitivity, sensitivities
from octoplan.outcomes.view import Measure
from octoplan.scenario.arrays import Floats


@dataclass(frozen=True, eq=False)
class Findings:
    """What is computed from a run, each when it is first read.

    nominal
        True inflates money by the assumption on the reporting currency's inflation.
    """

    run: Run
    nominal: bool = False

    @cached_property
    def measures(self) -> Mapping[str, Measure]:
        """Every measure of the whole run, by key, in reading order."""
        return {measure.key: measure for measure in measures(self.run, nominal=self.nominal)}

    @cached_property
    def key_results(self) -> KeyResults:
        """The key results of the whole run."""
        return tabulate(self.run, tuple(self.measures.values()))

    @property
    def any_finished(self) -> bool:
        """True where at least one future was simulated to its end."""
        return self.run.failed < self.run.futures

    @cached_property
    def net_benefit(self) -> Floats:
        """(futures,) damage avoided less the programme's cost, undiscounted and real."""
        return net_benefit(self.run)

    @cached_property
    def leakers_prevented(self) -> Floats:
        """(futures,) leakers prevented by the programme, excluding decoys."""
        return leakers_prevented(self.run)

    @cached_property
    def net_benefit_sensitivity(self) -> tuple[Sensitivity, ...]:
        """Sensitivity of the net benefit to each assumption; empty where no future finished."""
        return sensitivities(self.run, self.net_benefit) if self.any_finished else ()

    @cached_property
    def leakers_sensitivity(self) -> tuple[Sensitivity, ...]:
        """Sensitivity of the leakers prevented to each assumption; empty where no future finished."""
        return sensitivities(self.run, self.leakers_prevented) if self.any_finished else ()

    @cached_property
    def medians(self) -> Run:
        """The run at medians; simulates."""
        return run_at_medians(self.run)

    @cached_property
    def cost_estimate(self) -> CostEstimate | None:
        """The programme's cost and its point estimate; None where a future at medians failed."""
        return None if self.medians.status.any() else cost_estimate(self.run, self.medians)

    @cached_property
    def days(self) -> xr.Dataset | None:
        """The tallies of the first finished future by day; None where no future finished. Simulates."""
        finished = np.flatnonzero(self.run.status == 0)
        return daily_tallies(self.run, int(finished[0])) if len(finished) else None
