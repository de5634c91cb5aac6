"""The base case at medians: one future by day, in which every assumption is at its median."""

import numpy as np
import pytest

from octoplan.outcomes.median_case import median_case, run_at_medians
from tests.outcomes.runs import octopus, pocket


@pytest.mark.parametrize("name", ["pocket", "octopus"])
def test_days_of_the_base_case_sum_to_the_months_of_the_run_at_medians(name: str) -> None:
    """Daily flows sum to the months of future 0 of the run at medians, on every axis of the tally."""
    run = {"pocket": pocket, "octopus": octopus}[name]()
    case, medians = median_case(run), run_at_medians(run, 1)
    for tally in ("good", "launched", "leaked", "kills", "spend", "plant_spend"):
        assert case.month(tally) == pytest.approx(medians.data[tally].values[0], rel=1e-9, abs=1e-6), tally
    assert case.day("launched").shape == (len(case.month_of), *medians.data["launched"].shape[2:])


def test_the_base_case_has_the_random_events_of_future_0() -> None:
    """If no assumption is uncertain, the base case is future 0 of the run."""
    run = pocket()
    assert np.array_equal(median_case(run).month("kills"), run.data["kills"].values[0])
