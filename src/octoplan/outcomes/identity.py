"""Identity of a run's raids: two runs are comparable only if the same threats arrive in each future of both runs.

``raid_identity`` hashes the inputs of the arrival kernels (``campaign.arrival_batches``): the parameters of the raid
process in each future, dated raids from a file, what-ifs, and the keys of the random streams. Equal hashes mean
equal arrivals. Different hashes need not mean different arrivals (a parameter may have no effect), so
``same_arrivals`` compares the arrivals themselves.
"""

import hashlib
import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.arrival_batches import arrival_inputs, simulate_arrivals_batch
from octoplan.outcomes.run import Run
from octoplan.scenario.arrays import Ints

FUTURES_PER_BATCH = 20
"""Number of futures whose arrivals are held in memory at once."""

COMPONENT_OF_INPUT = {
    "process": "raids",
    "packages": "packages",
    "splits": "splits",
    "threats": "threats",
    "observed_counts": "days given",
    "salvo_factor": "what-ifs",
    "threat_factor": "what-ifs",
    "keys": "streams",
}
"""Component of the raid identity to which each input of the arrival kernels belongs."""


def raid_identity(run: Run) -> dict[str, str]:
    """Hashes of the inputs that determine the arrivals of a run, by component.

    Costs, damage, engagement times and decisions do not affect arrivals and are not included.
    """
    compiled = run.compiled
    names = compiled.names
    inputs = arrival_inputs(compiled, run.assumptions.values, run.seed)
    labels = {"packages": names.packages, "splits": (*names.packages, "/", *names.regions), "threats": names.threats}
    by_component: dict[str, list[tuple[str, ...] | NDArray[Any]]] = {}
    for name, values in inputs.items():
        component = COMPONENT_OF_INPUT[name]
        by_component.setdefault(component, [labels.get(component, ())]).append(values)
    return {
        "seed": digest(run.seed),
        "futures": digest(run.futures),
        "start": digest(str(run.scenario.start)),
        "months": digest(names.months, compiled.links.month_of),
        **{component: digest(*values) for component, values in by_component.items()},
    }


def same_arrivals(first: Run, second: Run) -> bool:
    """True if both runs have the same arrivals on every day of every future, by class and destination.

    The monthly tallies are compared first; if they agree, the daily arrivals are drawn again and compared.
    """
    if first.futures != second.futures or not first.data["launched"].equals(second.data["launched"]):
        return False
    if first.scenario.start != second.scenario.start:
        return False
    return all(
        np.array_equal(daily_arrivals(first, start), daily_arrivals(second, start))
        for start in range(0, first.futures, FUTURES_PER_BATCH)
    )


def daily_arrivals(run: Run, start: int) -> NDArray[np.int32]:
    """(futures, days, threats * regions) arrivals in up to ``FUTURES_PER_BATCH`` futures, the first being ``start``."""
    draws = run.assumptions.values[start : start + FUTURES_PER_BATCH]
    return simulate_arrivals_batch(run.compiled, draws, run.seed, start)


def digest(*values: int | str | tuple[str, ...] | Ints | NDArray[Any]) -> str:
    """First 16 digits of the SHA-256 hash of values; the memory layout of arrays does not affect the hash."""
    sha256 = hashlib.sha256()
    for value in values:
        if isinstance(value, np.ndarray):
            content = repr((value.shape, value.dtype.str)).encode() + np.ascontiguousarray(value).tobytes()
        else:
            content = repr(value).encode()
        sha256.update(struct.pack("<Q", len(content)))
        sha256.update(content)
    return sha256.hexdigest()[:16]
