"""Where a requirement is missed: the box of futures, and the classification tree, that describe the failures best."""

from collections.abc import Sequence

import numpy as np

from octoplan.errors import RunError
from octoplan.explore.prim import prim
from octoplan.explore.requirements import Requirement, outcome
from octoplan.explore.results import Box, Discovery
from octoplan.explore.tree import tree_leaves
from octoplan.scenario.arrays import Floats, Ints

MIN_CASES = 20
"""Minimum number of futures that miss a requirement, and that meet it, from which boxes are made."""

NOTHING_FOUND = (
    "No box is described: no limits on assumptions are significant, or futures within them miss the requirement no "
    "more often, in held-out futures, than random futures do."
)
"""Why no box is proposed."""


def discover(
    requirement: Requirement,
    values: Floats,
    draws: Floats,
    names: Sequence[str],
    futures: Ints,
    seed: int,
    step: int | None = None,
) -> Discovery:
    """The futures in which a requirement is missed, described by limits on assumptions.

    Args:
        requirement: The requirement.
        values: (n,) values of its measure; ``nan`` where it is undefined or the future failed.
        draws: (n, k) draws of the assumptions.
        names: Names of the k assumptions.
        futures: (n,) numbers of the futures in the sample.
        seed: Seed of the resamples.
        step: Step of the peeling trajectory that is described; by default, the one proposed.

    Raises:
        RunError: The requirement is met, or missed, in all futures, so that there is nothing to tell apart.
        ValueError: Arrays are not of one sample, or draws are not finite.

    """
    result = outcome(requirement, values)
    rows = np.flatnonzero(result.defined)
    cases, excluded = result.missed[rows], result.undefined
    refuse_one_sided(requirement, int(cases.sum()), len(cases))
    sample = draws[rows], cases, names, futures[rows], seed
    count = int(cases.sum())
    rarer = min(count, len(cases) - count)
    if rarer < MIN_CASES:
        side = "miss" if rarer == count else "meet"
        note = (
            f"Only {rarer} of {len(cases):,} futures {side} the requirement, too few to say where: "
            f"{MIN_CASES} are needed."
        )
        boxes = (Box((), 1.0, count / len(cases), 1.0),)
        return Discovery(
            requirement.met_text,
            len(cases),
            count,
            boxes,
            0,
            note=note,
            missed_text=requirement.missed_text,
            excluded=excluded,
        )
    trajectory, leaves = prim(*sample, step), tree_leaves(*sample)
    return Discovery(
        requirement.met_text, len(cases), count, trajectory.boxes, trajectory.chosen, leaves,
        "" if trajectory.chosen else NOTHING_FOUND, requirement.missed_text, excluded, trajectory.p_value,
    )  # fmt: skip


def refuse_one_sided(requirement: Requirement, cases: int, futures: int) -> None:
    """Raise RunError if a requirement is met, or missed, in all futures."""
    if futures == 0:
        raise RunError(f"{requirement.text}: the result is undefined in all futures")
    if cases in (0, futures):
        side = "met" if cases == 0 else "missed"
        remedy = "stricter" if cases == 0 else "less strict"
        raise RunError(
            f"{requirement.text}: the requirement is {side} in all {futures:,} futures, so that no assumption tells "
            f"them apart; state a {remedy} limit"
        )
