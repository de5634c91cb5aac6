"""Daily tallies of one future of a run, such as threats launched, stopped and leaked."""

from datetime import timedelta

import numpy as np
import xarray as xr

from octoplan.campaign.future import COMPLETED, FAILURE_REASONS
from octoplan.campaign.futures import simulate_batch
from octoplan.campaign.tally import TALLIES, axis_labels
from octoplan.errors import RunError
from octoplan.outcomes.run import Run

DAILY_TALLIES = (
    "launched",
    "leaked",
    "stopped",
    "stopped_by",
    "shots",
    "sorties",
    "kills",
    "nights",
    "damage",
    "crews_available",
)
"""Names of the tallies that ``daily_tallies`` returns by default."""


def daily_tallies(run: Run, future: int, keep: tuple[str, ...] = DAILY_TALLIES) -> xr.Dataset:
    """Tallies of one future by day instead of by month.

    The future is simulated again with the same draws, so that the daily tallies sum exactly to the monthly ones.

    keep
        Names of the tallies to return, from ``campaign.tally.TALLIES``; stocks are given at the end of each day.

    Raises RunError if the run has no such future or the future failed.
    """
    if not 0 <= future < run.futures:
        raise RunError(f"there is no future {future}; the run has futures 0 to {run.futures - 1:,}")
    days = len(run.compiled.links.month_of)
    dates = [run.scenario.start + timedelta(days=day) for day in range(days)]
    compiled = run.compiled._replace(
        names=run.compiled.names._replace(months=tuple(map(str, dates))),
        links=run.compiled.links._replace(tally_row=np.arange(days)),
    )
    draws = run.assumptions.values[future : future + 1]
    simulated = simulate_batch(compiled, draws, run.seed, future, keep, ())
    if simulated.status[0] != COMPLETED:
        raise RunError(f"future {future} failed: {FAILURE_REASONS[int(simulated.status[0])]}")
    labels = {**axis_labels(run.compiled.names), "day": np.array(dates, "datetime64[ns]")}
    variables = {}
    for tally in TALLIES:
        if tally.name in keep:
            dims = tuple("day" if axis == "month" else axis for axis in tally.axes)
            values = simulated.tally[tally.name][0].reshape([len(labels[axis]) for axis in dims])
            variables[tally.name] = (dims, values, {"units": tally.unit, "long_name": tally.meaning})
    used_axes = {axis for dims, _, _ in variables.values() for axis in dims}
    return xr.Dataset(variables, coords={axis: list(labels[axis]) for axis in used_axes}, attrs={"future": future})
