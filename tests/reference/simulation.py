"""Simulation of one future with kernels, and differences between tallies."""

from collections.abc import Iterable, Iterator

import numpy as np

from octoplan.campaign.future import COMPLETED, simulate_future
from octoplan.campaign.future_state import DecisionReference, EntityReference, LinksReference, TallyReference
from octoplan.campaign.streams import scenario_keys
from octoplan.campaign.tally import Tally, empty_tally
from octoplan.scenario.arrays import Compiled, Floats, arrival_process, entity_records

COUNTERFACTUAL_TALLIES = (
    "launched", "leaked", "stopped", "stopped_by", "shots", "received", "sorties", "contacts", "recovered", "kills",
     "nights", "damage", "spend", "spend_local",
)  # fmt: skip
"""Tallies that are also filled for the counterfactual."""


def simulate_with_kernels(compiled: Compiled, assumptions: Floats, seed: int, future: int) -> tuple[Tally, Tally]:
    """Tallies of one future by the kernels, with and without the programme."""
    tally, counterfactual = empty_tally(compiled.names), empty_tally(compiled.names)
    keys = scenario_keys(seed, compiled.names)
    entities, arrivals = entity_records(compiled, assumptions), arrival_process(compiled, assumptions, keys)
    status = simulate_future(
        EntityReference(*entities), arrivals, LinksReference(*compiled.links), DecisionReference(*compiled.plan), keys,
        TallyReference(*tally), TallyReference(*counterfactual), True, future, np.zeros(1, np.int64),
    )  # fmt: skip
    assert status == COMPLETED
    return tally, counterfactual


def differences(results: Tally, expected: Tally, names: Iterable[str]) -> Iterator[str]:
    """Describe the first differing element of each tally that differs."""
    for name in names:
        kernel_values, expected_values = getattr(results, name), getattr(expected, name)
        if not np.array_equal(kernel_values, expected_values):
            index = tuple(int(axis[0]) for axis in np.nonzero(kernel_values != expected_values))
            yield f"{name}{list(index)}: {kernel_values[index]!r}, expected {expected_values[index]!r}"
