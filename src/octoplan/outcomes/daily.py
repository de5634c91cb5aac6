"""One future told day by day: what came, what stopped it and what got through, on every day of it."""

from datetime import timedelta

import numpy as np
import xarray as xr

from octoplan.campaign.day import FLOWN, REASONS
from octoplan.campaign.futures import fly_batch
from octoplan.campaign.tally import TALLIES, axes
from octoplan.errors import RunError
from octoplan.outcomes.run import Run

TOLD = ("launched", "leaked", "stopped", "stopped_by", "shots", "sorties", "kills", "nights", "damage", "fit")
"""The tallies told by day unless others are asked for."""


def told_by_day(run: Run, future: int, keep: tuple[str, ...] = TOLD) -> xr.Dataset:
    """The tallies of one future of a run with a row for each day where the run has one for each month.

    The same future is flown again with the same draws, so that days sum to the run's months, to the unit.

    keep
        Names of ``campaign.tally.TALLIES``; those that are stocks are told at the end of each day.

    Raises RunError for a future that the run does not have or that failed.
    """
    if not 0 <= future < run.futures:
        raise RunError(f"there is no future {future}; the run has {run.futures:,}, from 0")
    days = len(run.compiled.links.month_of)
    dates = [run.scenario.start + timedelta(days=day) for day in range(days)]
    compiled = run.compiled._replace(
        names=run.compiled.names._replace(months=tuple(map(str, dates))),
        links=run.compiled.links._replace(row_of=np.arange(days)),
    )
    draws = run.assumptions.values[future : future + 1]
    flown = fly_batch(compiled, draws, run.seed, future, keep, ())
    if flown.status[0] != FLOWN:
        raise RunError(f"future {future} failed: {REASONS[int(flown.status[0])]}")
    labels = {**axes(run.compiled.names), "day": np.array(dates, "datetime64[ns]")}
    found = {}
    for each in TALLIES:
        if each.name in keep:
            dims = tuple("day" if axis == "month" else axis for axis in each.axes)
            values = flown.tally[each.name][0].reshape([len(labels[axis]) for axis in dims])
            found[each.name] = (dims, values, {"units": each.unit, "long_name": each.meaning})
    used = {axis for dims, _, _ in found.values() for axis in dims}
    return xr.Dataset(found, coords={axis: list(labels[axis]) for axis in used}, attrs={"future": future})
