"""Batches of futures on any executor: the same bits whatever the batch, the thread or the machine."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.future import COMPLETED, FAILURE_REASONS, simulate_future
from octoplan.campaign.streams import scenario_keys
from octoplan.campaign.tally import TALLIES, empty_tally
from octoplan.errors import FutureFailed
from octoplan.executors import results
from octoplan.scenario.arrays import Compiled, Floats, Ints, Names, arrival_process, entity_records

BATCH = 20
"""Futures that one task of an executor simulates."""

WITHOUT_PROGRAMME = (
    "good",
    "delivered",
    "received",
    "launched",
    "leaked",
    "stopped",
    "stopped_by",
    "shots",
    "sorties",
    "contacts",
    "recovered",
    "kills",
    "nights",
    "damage",
    "spend",
    "spend_local",
)
"""The tallies that are filled for the counterfactual; the others are the programme's alone, or the same in both."""


@dataclass(frozen=True)
class SimulationResults:
    """The results of some futures.

    Attributes:
        tally: Name -> (futures, *axes), the tallies kept of the futures; rows of failed futures are zero.
        counterfactual: The same of the same futures without the programme.
        status: (futures,) 0 for a completed future, otherwise a key of ``future.FAILURE_REASONS``.
        messages: Future -> why it failed.

    """

    tally: dict[str, NDArray[np.generic]]
    counterfactual: dict[str, NDArray[np.generic]]
    status: NDArray[np.int64]
    messages: dict[int, str] = field(default_factory=dict)


def empty_tallies(names: Names, keep: tuple[str, ...], futures: int) -> dict[str, NDArray[np.generic]]:
    """The named tallies of a number of futures, zero: name -> (futures, *axes)."""
    blank = empty_tally(names)
    return {name: np.zeros((futures, *getattr(blank, name).shape), getattr(blank, name).dtype) for name in keep}


def simulate_batch(
    compiled: Compiled, assumptions: Floats, seed: int, first: int, keep: tuple[str, ...],
    counterfactual: tuple[str, ...], halt: Ints | None = None,
) -> SimulationResults:  # fmt: skip
    """Simulate the futures first, first + 1, … one for each row of assumptions, keeping the named tallies.

    Args:
        compiled: The scenario.
        assumptions: (futures, columns) draws, in the units of ``entities.KINDS``.
        seed: The seed of the random streams.
        first: Number of the first future.
        keep: Names of the tallies to keep.
        counterfactual: Names of the tallies to keep of the same futures without the programme.
        halt: (1,) anything but 0 ends the simulation.

    Returns:
        The results, without messages.

    """
    streams = scenario_keys(seed, compiled.names)
    tally, counterfactual_tally = empty_tally(compiled.names), empty_tally(compiled.names)
    kept_tallies = empty_tallies(compiled.names, keep, len(assumptions))
    kept_counterfactual = empty_tallies(compiled.names, counterfactual, len(assumptions))
    status = np.zeros(len(assumptions), np.int64)
    stop = np.zeros(1, np.int64) if halt is None else halt
    for row, draw in enumerate(assumptions):
        for array in (*tally, *counterfactual_tally):
            array[...] = 0
        entities, arrivals = entity_records(compiled, draw), arrival_process(compiled, draw, streams)
        status[row] = simulate_future(
            entities, arrivals, compiled.links, compiled.plan, streams, tally, counterfactual_tally,
            bool(counterfactual), first + row, stop,
        )  # fmt: skip
        if status[row] == COMPLETED:
            for target, source in ((kept_tallies, tally), (kept_counterfactual, counterfactual_tally)):
                for name, array in target.items():
                    array[row] = getattr(source, name)
    return SimulationResults(kept_tallies, kept_counterfactual, status)


def batches(total: int, size: int) -> Iterator[tuple[int, int]]:
    """First future of each batch, and of the one after it."""
    for start in range(0, total, size):
        yield start, min(start + size, total)


def simulate_futures(
    compiled: Compiled,
    assumptions: Floats,
    *,
    seed: int,
    first: int = 0,
    executor: Executor | None = None,
    batch: int = BATCH,
    keep: tuple[str, ...] | None = None,
    counterfactual: tuple[str, ...] = (),
    progress: Callable[[int, int], None] | None = None,
    keep_going: bool = False,
    halt: Ints | None = None,
) -> SimulationResults:
    """Simulate one future for each row of assumptions, in batches on an executor.

    Args:
        compiled: The scenario.
        assumptions: (futures, columns) draws, in the units of ``entities.KINDS``.
        seed: The seed of the random streams.
        first: Number of the first future.
        executor: Simulates the batches; a thread if none is given. The results are the same bits on any.
        batch: Futures in a batch.
        keep: Names of the tallies to keep, all by default.
        counterfactual: Names of the tallies to keep of the same futures without the programme; if there are none, those
            are not simulated.
        progress: Called with the futures done and their total after each batch.
        keep_going: Whether failed futures are left out instead of raised.
        halt: (1,) another thread sets it to anything but 0 to end the simulation; on threads only.

    Returns:
        The results of all futures.

    Raises:
        ValueError: A name in ``counterfactual`` is not in ``WITHOUT_PROGRAMME``.
        FutureFailed: A future failed, and ``keep_going`` is False; batches not yet started are cancelled.

    """
    unknown = sorted(set(counterfactual) - set(WITHOUT_PROGRAMME))
    if unknown:
        message = f"not kept without the programme: {', '.join(unknown)}; there are {', '.join(WITHOUT_PROGRAMME)}"
        raise ValueError(message)
    if executor is None:
        with ThreadPoolExecutor(1) as thread:
            return simulate_futures(
                compiled, assumptions, seed=seed, first=first, executor=thread, batch=batch, keep=keep,
                counterfactual=counterfactual, progress=progress, keep_going=keep_going, halt=halt,
            )  # fmt: skip
    names = tuple(t.name for t in TALLIES) if keep is None else keep
    total = len(assumptions)
    tally = empty_tallies(compiled.names, names, total)
    counterfactual_tallies = empty_tallies(compiled.names, counterfactual, total)
    status = np.zeros(total, np.int64)

    def submit(rows: tuple[int, int]) -> Future[SimulationResults]:
        draws = assumptions[slice(*rows)]
        return executor.submit(simulate_batch, compiled, draws, seed, first + rows[0], names, counterfactual, halt)

    done = 0
    with results(submit, batches(total, batch)) as finished:
        for (low, high), part in finished:
            for target, source in ((tally, part.tally), (counterfactual_tallies, part.counterfactual)):
                for name, array in source.items():
                    target[name][low:high] = array
            status[low:high] = part.status
            done += high - low
            if progress is not None:
                progress(done, total)
            if not keep_going and part.status.any():
                row = int(np.flatnonzero(part.status)[0])
                raise FutureFailed(first + low + row, FAILURE_REASONS[int(part.status[row])])
    messages = {first + int(row): FAILURE_REASONS[int(status[row])] for row in np.flatnonzero(status)}
    return SimulationResults(tally, counterfactual_tallies, status, messages)
