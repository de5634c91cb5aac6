"""Daily tallies of a future sum to its monthly tallies."""

import numpy as np
import pytest

from octoplan.api import simulate
from octoplan.errors import RunError
from octoplan.outcomes.daily import DAILY_TALLIES, daily_tallies
from octoplan.scenario import load

FLOWS = (
    "launched", "leaked", "stopped", "stopped_by", "shots", "sorties", "kills", "nights", "damage", "spend", "good",
    "made", "delivered", "received", "hours_worked", "part_shipped", "plant_limit", "crews_available",
)  # fmt: skip
STOCKS = ("stock", "transit", "crews", "kits", "part_stock", "part_due", "experience", "heads", "plant_stock")


@pytest.mark.parametrize("name", ["pocket", "octopus"])
def test_days_sum_to_the_months_of_the_run(name: str) -> None:
    """Daily flows sum to those of the month, and stocks equal those of its last day, for each tally."""
    run = simulate(load(name), 2, 3, keep=("all",))
    days = daily_tallies(run, 1, FLOWS + STOCKS)
    month_of = run.compiled.links.month_of
    last = np.flatnonzero(np.append(month_of[1:] != month_of[:-1], True))
    for tally in FLOWS:
        months = np.zeros(run.data[tally].shape[1:])
        np.add.at(months, month_of, days[tally].values)
        assert months == pytest.approx(run.data[tally].values[1], rel=1e-9, abs=1e-6), tally
    for tally in STOCKS:
        assert (days[tally].values[last] == run.data[tally].values[1]).all(), tally


def test_daily_tallies_have_dates_and_units() -> None:
    """Days are dates from the scenario's start, and every tally has its unit."""
    run = simulate(load("pocket"), 1, 1)
    days = daily_tallies(run, 0)
    assert str(days["day"].values[0])[:10] == run.scenario.start.isoformat()
    assert str(days["day"].values[-1])[:10] == "2026-03-31"
    assert set(days.data_vars) == set(DAILY_TALLIES)
    assert all(days[tally].attrs["units"] for tally in DAILY_TALLIES)


@pytest.mark.parametrize("future", [-1, 2])
def test_an_unknown_future_is_refused(future: int) -> None:
    """A future outside the run is refused."""
    with pytest.raises(RunError, match="there is no future"):
        daily_tallies(simulate(load("pocket"), 2, 1), future)
