"""Simulation of arrivals only: threats by future, day, class and destination, in batches on an executor."""

from concurrent.futures import Executor, Future

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.arrivals import LARGEST_RAID, ThreatCounts, count_arrivals, package_counts
from octoplan.campaign.compiled import entry
from octoplan.campaign.futures import BATCH, batches
from octoplan.campaign.streams import scenario_keys
from octoplan.executors import run_tasks
from octoplan.scenario.arrays import ArrivalProcess, Compiled, Floats, arrival_process

FAILED = -1
"""Value of all counts of a future in which a package exceeds ``LARGEST_RAID`` threats on a day."""


@entry
def arrivals_of_future(arrivals: ArrivalProcess, future: int, launched: ThreatCounts) -> None:
    """Count the threats of one future into ``launched`` (days, threats * regions), or set all counts to ``FAILED``.

    ``launched`` must be 0 on entry.
    """
    count = package_counts(arrivals, future, launched.shape[0])
    if count.size > 0 and count.max() > LARGEST_RAID:
        launched[:] = FAILED
    else:
        count_arrivals(arrivals, future, count, launched)


def simulate_arrivals_batch(compiled: Compiled, assumptions: Floats, seed: int, first: int) -> ThreatCounts:
    """Threat counts of one future per row of assumptions, numbered from ``first``.

    Returns (futures, days, threats * regions) counts.
    """
    days, names, streams = len(compiled.links.month_of), compiled.names, scenario_keys(seed, compiled.names)
    launched = np.zeros((len(assumptions), days, len(names.threats) * len(names.regions)), np.int32)
    for row, draw in enumerate(assumptions):
        arrivals_of_future(arrival_process(compiled, draw, streams), first + row, launched[row])
    return launched


def arrival_inputs(compiled: Compiled, assumptions: Floats, seed: int) -> dict[str, NDArray[np.generic]]:
    """Inputs of the arrival kernels in all futures; equal inputs imply equal arrivals.

    Args:
        compiled: The scenario.
        assumptions: (futures, columns) draws, in the units of ``entities.KINDS``.
        seed: The seed of the run.

    Returns:
        Arrays by field name of ``ArrivalProcess``: records are (futures, rows), keys of random streams (streams, 2).

    """
    arrivals = arrival_process(compiled, assumptions, scenario_keys(seed, compiled.names))
    return {**arrivals._asdict(), "keys": arrivals.keys.by_stream}


def simulate_arrivals(
    compiled: Compiled, assumptions: Floats, *, seed: int, executor: Executor | None = None
) -> ThreatCounts:
    """Number of threats by future, day, class and destination; identical to those of ``simulate_futures``.

    Args:
        compiled: The scenario.
        assumptions: (futures, columns) draws, in the units of ``entities.KINDS``.
        seed: The seed of the random streams.
        executor: Runs batches of futures; the calling thread if None. The counts do not depend on it.

    Returns:
        (futures, days, threats, regions) counts; all counts of a failed future are ``FAILED``.

    """
    names, days = compiled.names, len(compiled.links.month_of)
    launched = np.empty((len(assumptions), days, len(names.threats), len(names.regions)), np.int32)
    flat = launched.reshape(*launched.shape[:2], -1)
    if executor is None:
        for low, high in batches(len(assumptions), BATCH):
            flat[low:high] = simulate_arrivals_batch(compiled, assumptions[low:high], seed, low)
        return launched

    def submit(rows: tuple[int, int]) -> Future[ThreatCounts]:
        return executor.submit(simulate_arrivals_batch, compiled, assumptions[slice(*rows)], seed, rows[0])

    with run_tasks(submit, batches(len(assumptions), BATCH)) as done:
        for rows, counts in done:
            flat[slice(*rows)] = counts
    return launched
