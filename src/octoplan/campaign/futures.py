"""Simulation of many futures in batches on an executor; results are bit-identical for any batch size and executor."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.future import COMPLETED, FAILURE_REASONS, simulate_future
from octoplan.campaign.future_state import DecisionReference, EntityReference, LinksReference, TallyReference
from octoplan.campaign.streams import scenario_keys
from octoplan.campaign.tally import TALLIES, empty_tally
from octoplan.errors import FutureFailed
from octoplan.executors import run_tasks
from octoplan.scenario.arrays import Compiled, Floats, Ints, Names, arrival_process, entity_records

BATCH = 20
"""Default number of futures per batch, the unit of work of an executor."""

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
"""Tallies available for the counterfactual; the others concern the programme only, or are the same in both."""


@dataclass(frozen=True)
class SimulationResults:
    """Tallies of the simulated futures, with and without the programme.

    Attributes:
        tally: (futures, *axes) arrays by name of the tally; rows of failed futures are 0.
        counterfactual: Tallies of the same futures without the programme, in the same form.
        status: (futures,) 0 for a completed future, otherwise a key of ``future.FAILURE_REASONS``.
        messages: Reason for failure by number of the future.

    """

    tally: dict[str, NDArray[np.generic]]
    counterfactual: dict[str, NDArray[np.generic]]
    status: NDArray[np.int64]
    messages: dict[int, str] = field(default_factory=dict)


def empty_tallies(names: Names, keep: tuple[str, ...], futures: int) -> dict[str, NDArray[np.generic]]:
    """Return zero-filled (futures, *axes) arrays by name of the tally."""
    blank = empty_tally(names)
    return {name: np.zeros((futures, *getattr(blank, name).shape), getattr(blank, name).dtype) for name in keep}


def simulate_batch(
    compiled: Compiled, assumptions: Floats, seed: int, first: int, keep: tuple[str, ...],
    counterfactual: tuple[str, ...], halt: Ints | None = None,
) -> SimulationResults:  # fmt: skip
    """Simulate one future per row of assumptions, numbered from ``first``.

    Args:
        compiled: The scenario.
        assumptions: (futures, columns) draws, in the units of ``entities.KINDS``.
        seed: The seed of the random streams.
        first: Number of the first future.
        keep: Names of the tallies to keep.
        counterfactual: Names of the tallies to keep without the programme.
        halt: (1,) a value other than 0 stops the simulation.

    Returns:
        Results with empty ``messages``.

    """
    streams = scenario_keys(seed, compiled.names)
    tally, counterfactual_tally = empty_tally(compiled.names), empty_tally(compiled.names)
    kept_tallies = empty_tallies(compiled.names, keep, len(assumptions))
    kept_counterfactual = empty_tallies(compiled.names, counterfactual, len(assumptions))
    status = np.zeros(len(assumptions), np.int64)
    stop = np.zeros(1, np.int64) if halt is None else halt
    links, plan = LinksReference(*compiled.links), DecisionReference(*compiled.plan)
    references = TallyReference(*tally), TallyReference(*counterfactual_tally)
    for row, draw in enumerate(assumptions):
        for array in (*tally, *counterfactual_tally):
            array[...] = 0
        entities, arrivals = EntityReference(*entity_records(compiled, draw)), arrival_process(compiled, draw, streams)
        status[row] = simulate_future(
            entities, arrivals, links, plan, streams, *references, bool(counterfactual), first + row, stop
        )
        if status[row] == COMPLETED:
            for target, source in ((kept_tallies, tally), (kept_counterfactual, counterfactual_tally)):
                for name, array in target.items():
                    array[row] = getattr(source, name)
    return SimulationResults(kept_tallies, kept_counterfactual, status)


def batches(total: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each batch, as half-open intervals of ``range(total)``."""
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
    """Simulate one future per row of assumptions, in batches on an executor.

    Args:
        compiled: The scenario.
        assumptions: (futures, columns) draws, in the units of ``entities.KINDS``.
        seed: The seed of the random streams.
        first: Number of the first future.
        executor: Runs the batches; a single thread if None. The results do not depend on it.
        batch: Number of futures per batch.
        keep: Names of the tallies to keep; all by default.
        counterfactual: Names of the tallies to keep without the programme; if empty, the counterfactual is not
            simulated.
        progress: Called after each batch with the number of completed futures and the total.
        keep_going: If True, failed futures are recorded in the results; if False, the first failure is raised.
        halt: (1,) set to a value other than 0 by another thread to stop the simulation; thread executors only.

    Returns:
        Results of all futures.

    Raises:
        ValueError: If ``counterfactual`` has a name that is not in ``WITHOUT_PROGRAMME``.
        FutureFailed: If a future fails and ``keep_going`` is False; batches not yet started are cancelled.

    """
    # longer than 50 lines because of the description of its parameters
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
    with run_tasks(submit, batches(total, batch)) as finished:
        for (low, high), batch_results in finished:
            for target, source in (
                (tally, batch_results.tally),
                (counterfactual_tallies, batch_results.counterfactual),
            ):
                for name, array in source.items():
                    target[name][low:high] = array
            status[low:high] = batch_results.status
            done += high - low
            if progress is not None:
                progress(done, total)
            if not keep_going and batch_results.status.any():
                row = int(np.flatnonzero(batch_results.status)[0])
                raise FutureFailed(first + low + row, FAILURE_REASONS[int(batch_results.status[row])])
    messages = {first + int(row): FAILURE_REASONS[int(status[row])] for row in np.flatnonzero(status)}
    return SimulationResults(tally, counterfactual_tallies, status, messages)
