"""Raids drawn without simulating the campaign, and their labels."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

import octoplan
from octoplan.errors import RunError
from tests.outcomes.runs import FUTURES, changed, pocket


def test_the_raids_are_those_of_the_run() -> None:
    """Raids summed by month equal the threats launched in a run with the same seed."""
    run = pocket()
    raids = octoplan.draw_raids(run.scenario, FUTURES, run.seed)
    months = raids.launched.groupby(raids.day.dt.strftime("%Y-%m")).sum()
    due = run.data.launched.transpose("future", "month", "threat", "region")
    assert np.array_equal(months.transpose("future", "strftime", "threat", "region"), due)
    assert months.strftime.values.tolist() == due.month.values.tolist()
    assert not raids.failed.any()


def test_days_have_their_dates() -> None:
    """The days are those of the scenario, and the other axes have its names."""
    scenario = octoplan.load("pocket")
    raids = octoplan.draw_raids(scenario, 2)
    days = len(scenario.compile().links.month_of)
    last = scenario.start + timedelta(days=days - 1)
    assert raids.day.values[[0, -1]].astype("datetime64[D]").tolist() == [scenario.start, last]
    assert raids.launched.dims == ("future", "day", "threat", "region")
    assert tuple(raids.threat.values) == scenario.names.threats
    assert tuple(raids.region.values) == scenario.names.regions
    assert raids.launched.attrs["units"] == "threat"


def test_a_failed_future_is_marked(tmp_path: Path) -> None:
    """If a raid is too large, the future is marked as failed and none of its counts is 0."""
    many = {"routine_mean,2": "routine_mean,20000", "raids.level,1": "raids.level,20"}
    raids = octoplan.draw_raids(changed(tmp_path / "pocket", assumptions=many), 3)
    assert raids.failed.all()
    assert (raids.launched == -1).all()


@pytest.mark.parametrize(("futures", "seed", "message"), [(0, 1, "0 futures"), (2, -1, "seed -1")])
def test_invalid_numbers_of_futures_and_seeds_are_refused(futures: int, seed: int, message: str) -> None:
    """An invalid number of futures or seed is refused with a message."""
    with pytest.raises(RunError, match=message):
        octoplan.draw_raids(octoplan.load("pocket"), futures, seed)
