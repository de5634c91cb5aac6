"""Flying one future with the kernels, and where two tallies differ."""

from collections.abc import Iterable, Iterator

import numpy as np

from octoplan.campaign import day as kernels
from octoplan.campaign import tally
from octoplan.campaign.streams import keys
from octoplan.scenario.arrays import Compiled, Floats, world

SHARED = ("launched", "leaked", "stopped", "stopped_by", "shots", "received", "sorties", "contacts", "recovered",
          "kills", "nights", "damage", "spend", "spend_local")  # fmt: skip
"""Tallies that the flight without the programme fills too."""


def flown(compiled: Compiled, assumptions: Floats, seed: int, future: int) -> tuple[tally.Tally, tally.Tally]:
    """The tallies of a future as the kernels live it, with the programme and without."""
    whole, shadow = tally.empty(compiled.names), tally.empty(compiled.names)
    drawn, streams = world(compiled, assumptions), keys(seed, compiled.names)
    ended = kernels.fly(
        drawn, compiled.links, compiled.plan, streams, whole, shadow, True, future, np.zeros(1, np.int64)
    )
    assert ended == kernels.FLOWN
    return whole, shadow


def differences(found: tally.Tally, expected: tally.Tally, names: Iterable[str]) -> Iterator[str]:
    """The tallies that differ, with the first place where they do."""
    for name in names:
        ours, theirs = getattr(found, name), getattr(expected, name)
        if not np.array_equal(ours, theirs):
            place = tuple(int(axis[0]) for axis in np.nonzero(ours != theirs))
            yield f"{name}{list(place)}: {ours[place]!r}, expected {theirs[place]!r}"
