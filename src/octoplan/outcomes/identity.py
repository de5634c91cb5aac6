"""Which raids a run met: two runs are comparable only if the same threats arrive in both, future by future.

``raid_identity`` hashes what the arrival kernels (``campaign.launches``) are given: the records of the raid process
with the draws filled in, the days given, the what-ifs, and the keys of the random streams. Equal hashes mean equal
arrivals. Different hashes need not mean different arrivals (a parameter may have no effect), so ``same_arrivals``
compares the arrivals themselves.
"""

import hashlib
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.launches import launch_batch
from octoplan.campaign.streams import STREAMS, keys
from octoplan.outcomes.run import Run
from octoplan.scenario.arrays import Ints

FUTURES_AT_ONCE = 20
"""Futures whose arrivals are held in memory at the same time."""

RAID_STREAMS = tuple(kind for kind in STREAMS if kind.startswith("raids/"))
"""The random streams that arrivals are drawn from."""


def raid_identity(run: Run) -> dict[str, str]:
    """Hash of everything that decides the arrivals of a run, by what it stands for.

    Of the threats only the package and the mix decide arrivals. Costs, damage, routes, engagement times and decisions
    do not, and are not part of the identity.
    """
    compiled = run.compiled
    names, links, template = compiled.names, compiled.links, compiled.template
    return {
        "seed": digest(run.seed),
        "futures": digest(run.futures),
        "start": digest(str(run.scenario.start)),
        "months": digest(names.months, links.month_of),
        "raids": digest(template.raids, *parameters(run, "raids").values()),
        "packages": digest(names.packages, template.packages, *parameters(run, "packages").values()),
        "splits": digest(names.packages, names.regions, template.splits, *parameters(run, "splits").values()),
        "threats": digest(names.threats, template.threats["package"], parameters(run, "threats")["mix"]),
        "days given": digest(links.given),
        "what-ifs": digest(links.salvo_times, links.threat_times),
        "streams": digest(stream_keys(run)),
    }


def parameters(run: Run, kind: str) -> Mapping[str, NDArray[Any]]:
    """Draws of every parameter of a kind, name to (futures, entities)."""
    return {name: run.assumption(owner, name) for owner, name in sorted(run.compiled.slots) if owner == kind}


def stream_keys(run: Run) -> NDArray[np.uint64]:
    """(streams, 2) the keys of the random streams that arrivals are drawn from."""
    table = keys(run.seed, run.compiled.names)
    ends = [*table.start[1:], len(table.words)]
    rows = [table.words[table.start[i] : ends[i]] for i, kind in enumerate(STREAMS) if kind in RAID_STREAMS]
    return np.concatenate(rows)


def same_arrivals(first: Run, other: Run) -> bool:
    """True where the same threats arrive in both runs on every day of every future, by class and destination.

    The monthly tallies are compared first; only where they agree are the arrivals of each day drawn again.
    """
    if first.futures != other.futures or not first.data["launched"].equals(other.data["launched"]):
        return False
    if first.scenario.start != other.scenario.start:
        return False
    return all(
        np.array_equal(daily_arrivals(first, start), daily_arrivals(other, start))
        for start in range(0, first.futures, FUTURES_AT_ONCE)
    )


def daily_arrivals(run: Run, start: int) -> NDArray[np.int32]:
    """(futures, days, threats * regions) threats that arrive in ``FUTURES_AT_ONCE`` futures from ``start``."""
    draws = run.assumptions.values[start : start + FUTURES_AT_ONCE]
    return launch_batch(run.compiled, draws, run.seed, start)


def digest(*values: int | str | tuple[str, ...] | Ints | NDArray[Any]) -> str:
    """Short SHA-256 hash of values; of arrays their shape and content, whatever their memory layout."""
    total = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            content = repr((value.shape, value.dtype.str)).encode() + np.ascontiguousarray(value).tobytes()
        else:
            content = repr(value).encode()
        total.update(struct.pack("<Q", len(content)))
        total.update(content)
    return total.hexdigest()[:16]
