"""Raids without the campaign: the threats of many futures by day, class and destination, on any executor."""

from concurrent.futures import Executor, Future

import numpy as np

from octoplan.campaign.compiled import entry
from octoplan.campaign.futures import BATCH, batches
from octoplan.campaign.raiding import LARGEST_RAID, Counts, counts, launch
from octoplan.campaign.streams import keys
from octoplan.executors import results
from octoplan.scenario.arrays import Compiled, Floats, Keys, Links, World, world

FAILED = -1
"""Stands in every count of a future of which a day is beyond the largest raid."""


@entry
def launch_future(world: World, links: Links, keys: Keys, future: int, launched: Counts) -> None:
    """Threats of one future, (days, threats * regions) zeros before, or ``FAILED`` throughout."""
    count = counts(world, links, keys, future, launched.shape[0])
    if count.size > 0 and count.max() > LARGEST_RAID:
        launched[:] = FAILED
    else:
        launch(world, links, keys, future, count, launched)


def launch_batch(compiled: Compiled, assumptions: Floats, seed: int, first: int) -> Counts:
    """Threats of the futures first, first + 1, … a row of assumptions each: (futures, days, threats * regions)."""
    days, names, streams = len(compiled.links.month_of), compiled.names, keys(seed, compiled.names)
    launched = np.zeros((len(assumptions), days, len(names.threats) * len(names.regions)), np.int32)
    for row, draw in enumerate(assumptions):
        launch_future(world(compiled, draw), compiled.links, streams, first + row, launched[row])
    return launched


def launch_all(compiled: Compiled, assumptions: Floats, *, seed: int, executor: Executor | None = None) -> Counts:
    """Threats by future, day, class and destination, (futures, days, threats, regions), as a flown future meets them.

    One future for each row of assumptions, (futures, columns) in the units of ``entities.KINDS``, in batches on an
    executor (this thread if none is given): the same numbers on any. ``FAILED`` throughout where a future failed.
    """
    names, days = compiled.names, len(compiled.links.month_of)
    launched = np.empty((len(assumptions), days, len(names.threats), len(names.regions)), np.int32)
    flat = launched.reshape(*launched.shape[:2], -1)
    if executor is None:
        for low, high in batches(len(assumptions), BATCH):
            flat[low:high] = launch_batch(compiled, assumptions[low:high], seed, low)
        return launched

    def submit(rows: tuple[int, int]) -> Future[Counts]:
        return executor.submit(launch_batch, compiled, assumptions[slice(*rows)], seed, rows[0])

    with results(submit, batches(len(assumptions), BATCH)) as done:
        for rows, counted in done:
            flat[slice(*rows)] = counted
    return launched
