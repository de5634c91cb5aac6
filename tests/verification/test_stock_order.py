"""Order in which crews use the cohorts of interceptors."""

from math import exp, inf, log

import numpy as np
import pytest

from octoplan.campaign.compiled import entry
from octoplan.campaign.future_state import counted_classes
from octoplan.campaign.raid_day import cohort_order, kill_probabilities
from octoplan.scenario.arrays import BEST_FIRST, NEWEST_FIRST, OLDEST_FIRST, Floats, Ints, Records
from tests.verification.harness import records

DECAY = 90.0


@entry
def order_on_day(
    threats: Records, lethality: Records, released: Floats, prefer: Ints, stock_order: int, day: int
) -> Ints:
    """Cohorts in order of use on a day."""
    p_kill = kill_probabilities(lethality, released, threats.shape[0], day)
    return cohort_order(prefer, stock_order, released, p_kill, counted_classes(threats), day)


def order(
    day: int, stock_order: int, p_kill: list[float], p_floor: list[float], *, released: list[list[float]],
    prefer: tuple[int, int] = (0, 1), flags: dict[str, list[int]] | None = None,
) -> list[int]:  # fmt: skip
    """Cohorts of two designs in order of use; ``p_kill`` and ``p_floor`` by design and class."""
    classes = len(p_kill) // 2
    lethality = records("lethality", 2 * classes, p_kill=p_kill, p_floor=p_floor, decay=DECAY)
    rows = records("threats", classes, **(flags or {"interceptable": [1] * classes}))
    return [int(c) for c in order_on_day(rows, lethality, np.array(released), np.array(prefer), stock_order, day)]


ONE_BLOCK = [[0.0], [0.0]]


@pytest.mark.parametrize("prefer", [(0, 1), (1, 0)])
def test_the_best_design_changes_when_the_kill_probabilities_cross(prefer: tuple[int, int]) -> None:
    """A design that is better at first and worse later is used first until the probabilities cross.

    p(0) = .8 falls to .2 and .5 stays: they cross at t = decay log(.6 / .3).
    """
    crossing = DECAY * log(0.6 / 0.3)
    for day in range(0, 200, 5):
        first = 0 if day < crossing else 1
        assert 0.2 + 0.6 * exp(-day / DECAY) > 0.5 or first == 1
        best = order(day, BEST_FIRST, [0.8, 0.5], [0.2, 0.5], released=ONE_BLOCK, prefer=prefer)
        assert best == [first, 1 - first]
        for by_age in (NEWEST_FIRST, OLDEST_FIRST):
            assert order(day, by_age, [0.8, 0.5], [0.2, 0.5], released=ONE_BLOCK, prefer=prefer) == list(prefer)


def test_blocks_of_all_designs_are_sorted_together() -> None:
    """Old blocks of a good design come after a new block of the other; blocks not yet released are not used."""
    released = [[0.0, 100.0, 300.0], [0.0, inf, inf]]
    arguments = [0.9, 0.6], [0.3, 0.6]
    assert order(110, BEST_FIRST, *arguments, released=released) == [1, 3, 0]
    assert order(110, NEWEST_FIRST, *arguments, released=released) == [1, 0, 3]
    assert order(110, OLDEST_FIRST, *arguments, released=released) == [0, 1, 3]
    assert order(10, BEST_FIRST, *arguments, released=released) == [0, 3]


def test_equal_cohorts_are_used_by_preference_and_newest_first() -> None:
    """Without differences in kill probability, the order is that of ``prefer``, newest block first."""
    released = [[0.0, 40.0], [0.0, 60.0]]
    equal = [0.5, 0.5], [0.5, 0.5]
    assert order(80, BEST_FIRST, *equal, released=released) == [1, 0, 3, 2]
    assert order(80, BEST_FIRST, *equal, released=released, prefer=(1, 0)) == [3, 2, 1, 0]


def test_decoys_and_classes_out_of_reach_are_not_counted() -> None:
    """The mean is over interceptable classes other than decoys, and over all interceptable ones if all are decoys."""
    p = [0.5, 0.9, 0.9, 0.6, 0.1, 0.0]
    flags = {"interceptable": [1, 1, 0], "decoy": [0, 1, 0]}
    assert order(0, BEST_FIRST, p, p, released=ONE_BLOCK, flags=flags) == [1, 0]
    assert order(0, BEST_FIRST, p, p, released=ONE_BLOCK, flags=flags | {"decoy": [1, 1, 0]}) == [0, 1]
    two = [0.9, 0.2, 0.6, 0.6]
    assert order(0, BEST_FIRST, two, two, released=ONE_BLOCK) == [1, 0], "mean .55 against .6"
