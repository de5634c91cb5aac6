"""Batches of futures on any executor: the same bits whatever the batch, the thread or the machine."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign import day, tally
from octoplan.campaign.streams import keys
from octoplan.errors import FutureFailed
from octoplan.executors import results
from octoplan.scenario.arrays import Compiled, Floats, Ints, Names, world

BATCH = 20

SHADOWED = (
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
"""The tallies that are filled for the same futures without the programme; the others are those of the programme or
the same in both worlds."""


@dataclass(frozen=True)
class Flown:
    """Flown futures.

    tally, without
        name -> (futures, *axes), the tallies that were kept of the futures and of the same futures without the
        programme; a failed future's rows are zero.
    status
        (futures,) 0 flown, otherwise a row of ``day.REASONS``.
    messages
        future -> why it failed.
    """

    tally: dict[str, NDArray[np.generic]]
    without: dict[str, NDArray[np.generic]]
    status: NDArray[np.int64]
    messages: dict[int, str] = field(default_factory=dict)


def rows(names: Names, kept: tuple[str, ...], futures: int) -> dict[str, NDArray[np.generic]]:
    """Room for the named tallies of a number of futures."""
    blank = tally.empty(names)
    return {name: np.zeros((futures, *getattr(blank, name).shape), getattr(blank, name).dtype) for name in kept}


def fly_batch(
    compiled: Compiled, assumptions: Floats, seed: int, first: int, keep: tuple[str, ...], without: tuple[str, ...],
    halt: Ints | None = None,
) -> Flown:  # fmt: skip
    """Fly the futures first, first + 1, … one for each row of assumptions, keeping the named tallies.

    assumptions
        (futures, columns) in the units of ``entities.KINDS``.
    """
    streams = keys(seed, compiled.names)
    whole, shadow = tally.empty(compiled.names), tally.empty(compiled.names)
    kept = rows(compiled.names, keep, len(assumptions))
    apart = rows(compiled.names, without, len(assumptions))
    status = np.zeros(len(assumptions), np.int64)
    calls = np.zeros(1, np.int64) if halt is None else halt
    for row, draw in enumerate(assumptions):
        for array in (*whole, *shadow):
            array[...] = 0
        drawn = world(compiled, draw)
        links, plan, shadowed = compiled.links, compiled.plan, bool(without)
        status[row] = day.fly(drawn, links, plan, streams, whole, shadow, shadowed, first + row, calls)
        if status[row] == day.FLOWN:
            for filled, source in ((kept, whole), (apart, shadow)):
                for name, array in filled.items():
                    array[row] = getattr(source, name)
    return Flown(kept, apart, status)


def batches(total: int, size: int) -> Iterator[tuple[int, int]]:
    """First and last future of each batch."""
    for start in range(0, total, size):
        yield start, min(start + size, total)


def fly(
    compiled: Compiled,
    assumptions: Floats,
    *,
    seed: int,
    first: int = 0,
    executor: Executor | None = None,
    batch: int = BATCH,
    keep: tuple[str, ...] | None = None,
    without: tuple[str, ...] = (),
    progress: Callable[[int, int], None] | None = None,
    keep_going: bool = False,
    halt: Ints | None = None,
) -> Flown:
    """Fly one future for each row of assumptions, in batches on an executor (this thread if none is given).

    assumptions
        (futures, columns) in the units of ``entities.KINDS``.
    keep
        names of the tallies to keep, all by default; the others never leave their batch.
    without
        names of the tallies to keep of the same futures without the programme; if none, those are not flown.
    progress
        called with the futures done and their total after each batch.
    halt
        (1,) set to anything but 0 by another thread, it calls the flights off; on threads only.
    Raises ``ValueError`` for a name in ``without`` that is not in ``SHADOWED``, and ``FutureFailed`` for the first
    failed future unless ``keep_going``. Batches not yet begun are cancelled when anything raises.
    """
    names = tuple(t.name for t in tally.TALLIES) if keep is None else keep
    total = len(assumptions)
    kept, apart = rows(compiled.names, names, total), rows(compiled.names, without, total)
    status = np.zeros(total, np.int64)
    unknown = sorted(set(without) - set(SHADOWED))
    if unknown:
        message = f"not kept without the programme: {', '.join(unknown)}; there are {', '.join(SHADOWED)}"
        raise ValueError(message)
    if executor is None:
        with ThreadPoolExecutor(1) as alone:
            return fly(
                compiled, assumptions, seed=seed, first=first, executor=alone, batch=batch, keep=keep, without=without,
                progress=progress, keep_going=keep_going, halt=halt,
            )  # fmt: skip

    def submit(rows: tuple[int, int]) -> Future[Flown]:
        part = assumptions[slice(*rows)]
        return executor.submit(fly_batch, compiled, part, seed, first + rows[0], names, without, halt)

    done = 0
    with results(submit, batches(total, batch)) as flights:
        for (low, high), flown in flights:
            for filled, source in ((kept, flown.tally), (apart, flown.without)):
                for name, array in source.items():
                    filled[name][low:high] = array
            status[low:high] = flown.status
            done += high - low
            if progress is not None:
                progress(done, total)
            if not keep_going and flown.status.any():
                row = int(np.flatnonzero(flown.status)[0])
                raise FutureFailed(first + low + row, day.REASONS[int(flown.status[row])])
    failed = np.flatnonzero(status)
    return Flown(kept, apart, status, {first + int(row): day.REASONS[int(status[row])] for row in failed})
