"""Scenarios with known limits: variants of pocket, and answers of their runs, computed once."""

from functools import lru_cache

from octoplan.answer.answer import Answer, answer_of
from octoplan.api import Run, simulate
from octoplan.outcomes.run_results import RunResults
from octoplan.scenario import Scenario, load

FUTURES = 48
PARTS: dict[str, object] = {"orders.bench.part-set": [1240, 1120, 1240], "plants.bench.heads": 100}
"""Parts and workers for twice the output of pocket."""
CHANGES: dict[str, dict[str, object]] = {
    "few interceptors": {"output.bench": [31, 28, 31]},
    "one crew": {"crews.initial": 1, "kits.initial": 1, **PARTS},
    "one kit": {"kits.initial": 1, **PARTS},
    "no more parts": {"kits.initial": 1},
    "ample": {"crews.initial": 60, "kits.initial": 60, **PARTS},
    "production only": {"packages.raid.routine_mean": 0, "packages.raid.salvo_mean": 0},
    "nothing made": {"output.bench": 0},
}
"""Changes to pocket, whose 10 interceptors a day and 20 crews meet 2 threats a day, by the name of the variant."""


def variant(name: str) -> Scenario:
    """A variant of pocket."""
    return load("pocket").change(CHANGES[name])


@lru_cache(maxsize=16)
def run_of(name: str, seed: int = 1) -> Run:
    """A run of a variant."""
    return simulate(variant(name), FUTURES, seed)


@lru_cache(maxsize=16)
def answer(name: str) -> Answer:
    """The answer of the run of a variant."""
    result = answer_of(RunResults(run_of(name)))
    assert result is not None
    return result
