"""Raids alone: what comes in many futures, day by day, without flying them."""

from concurrent.futures import Executor
from datetime import timedelta

import numpy as np
import xarray as xr

from octoplan.campaign.arrival_batches import FAILED, simulate_arrivals
from octoplan.campaign.future import FAILURE_REASONS, TOO_MANY
from octoplan.outcomes.simulate import draw_assumptions
from octoplan.scenario import Scenario


def draw_raids(
    scenario: Scenario, futures: int = 1000, seed: int = 1, *, executor: Executor | None = None
) -> xr.Dataset:
    """Threats by future, day, class and destination: those that ``simulate`` flies with the same scenario and seed.

    executor
        Runs batches of futures; the results are the same numbers on any, or on none.

    ``launched`` is (future, day, threat, region) in four bytes a number, 0.3 GB for 1,000 futures of `octopus`;
    ``failed`` (future,) is True where a day is beyond the largest raid, and every count there is -1.
    Raises RunError for a number of futures or a seed that cannot be.
    """
    assumptions = draw_assumptions(scenario, futures, seed)
    compiled = scenario.compile()
    launched = simulate_arrivals(compiled, assumptions, seed=seed, executor=executor)
    days = [scenario.start + timedelta(days=day) for day in range(launched.shape[1])]
    about = {"units": "threat", "long_name": "threats by destination", "where_failed": FAILED}
    failed = launched[:, 0, 0, 0] == FAILED
    return xr.Dataset(
        {
            "launched": (("future", "day", "threat", "region"), launched, about),
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
