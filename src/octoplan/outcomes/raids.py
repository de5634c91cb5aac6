"""Draws of raids: the threats that arrive in each future on each day, without simulating the campaign."""

from concurrent.futures import Executor
from datetime import timedelta
from pathlib import Path

import numpy as np
import xarray as xr

from octoplan.campaign.arrival_batches import FAILED, simulate_arrivals
from octoplan.campaign.future import FAILURE_REASONS, TOO_MANY
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.scenario.loading import scenario_of
from octoplan.scenario.scenario import Scenario


def draw_raids(
    scenario: Scenario | str | Path, futures: int = 1000, seed: int = 1, *, executor: Executor | None = None
) -> xr.Dataset:
    """Draw threats by future, day, class and destination, as in ``simulate`` with the same scenario and seed.

    scenario
        A scenario, or what ``load`` reads: the name of a built-in scenario or the path of a folder.
    executor
        Executor that runs batches of futures, with no effect on the results; by default they run in this thread.

    Returns a dataset of ``launched``, (future, day, threat, region), in 4-byte integers (0.3 GB for 1,000 futures of
    `octopus`), and ``failed``, (future,), True if a raid exceeds the largest size that the simulation accepts; every
    count of such a future is -1.

    Raises RunError if the number of futures or the seed is invalid.

    >>> import octoplan as op
    >>> raids = op.draw_raids("pocket", futures=2)
    >>> dict(raids.launched.sizes)
    {'future': 2, 'day': 90, 'threat': 1, 'region': 1}
    """
    scenario = scenario_of(scenario)
    assumptions = draw_assumptions(scenario, futures, seed)
    compiled = scenario.compile()
    launched = simulate_arrivals(compiled, assumptions, seed=seed, executor=executor)
    days = [scenario.start + timedelta(days=day) for day in range(launched.shape[1])]
    attributes = {"units": "threat", "long_name": "threats by destination", "where_failed": FAILED}
    failed = launched[:, 0, 0, 0] == FAILED
    return xr.Dataset(
        {
            "launched": (("future", "day", "threat", "region"), launched, attributes),
            "failed": ("future", failed, {"long_name": f"the future failed: {FAILURE_REASONS[TOO_MANY]}"}),
        },
        coords={
            "future": np.arange(futures),
            "day": np.array(days, "datetime64[ns]"),
            "threat": list(compiled.names.threats),
            "region": list(compiled.names.regions),
        },
        attrs={"title": scenario.title, "seed": seed},
    )
