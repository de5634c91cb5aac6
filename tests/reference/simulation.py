"""Simulation of one future with the kernels, and where two tallies differ."""

from collections.abc import Iterable, Iterator

import numpy as np

from octoplan.campaign.future import COMPLETED, simulate_future
from octoplan.campaign.streams import scenario_keys
from octoplan.campaign.tally import Tally, empty_tally
from octoplan.scenario.arrays import Compiled, Floats, arrival_process, entity_records

SHARED = ("launched", "leaked", "stopped", "stopped_by", "shots", "received", "sorties", "contacts", "recovered",
          "kills", "nights", "damage", "spend", "spend_local")  # fmt: skip
"""Tallies that are filled without the programme, too."""


def simulated(compiled: Compiled, assumptions: Floats, seed: int, future: int) -> tuple[Tally, Tally]:
    """The tallies of a future as the kernels simulate it, with the programme and without."""
    tally, counterfactual = empty_tally(compiled.names), empty_tally(compiled.names)
    keys = scenario_keys(seed, compiled.names)
    entities, arrivals = entity_records(compiled, assumptions), arrival_process(compiled, assumptions, keys)
    status = simulate_future(
        entities, arrivals, compiled.links, compiled.plan, keys, tally, counterfactual, True, future,
        np.zeros(1, np.int64),
    )  # fmt: skip
    assert status == COMPLETED
    return tally, counterfactual


def differences(found: Tally, expected: Tally, names: Iterable[str]) -> Iterator[str]:
    """The tallies that differ, with the first element that does."""
    for name in names:
        ours, theirs = getattr(found, name), getattr(expected, name)
        if not np.array_equal(ours, theirs):
            index = tuple(int(axis[0]) for axis in np.nonzero(ours != theirs))
            yield f"{name}{list(index)}: {ours[index]!r}, expected {theirs[index]!r}"
