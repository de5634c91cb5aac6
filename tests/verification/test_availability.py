"""Outages of suppliers and lanes, and common causes: renewal-reward availability MTBF / (MTBF + MTTR)."""

from math import exp

import numpy as np
import pytest
from numpy.typing import NDArray

from octoplan.campaign.compiled import entry
from octoplan.campaign.streams import CAUSE, LANE, SUPPLIER
from octoplan.campaign.supply import Outage, begin_outages, run_outages, shipping
from octoplan.scenario.arrays import Floats, Ints, Keys, Records
from tests.verification.harness import agrees, records, streams

MTBF, MTTR = 40.0, 10.0
DOWN = MTTR / (MTBF + MTTR)


@entry
def watch(keys: Keys, things: Records, kind: int, stationary: bool, days: int, down: Floats) -> None:
    """Share of days on which each thing is down, (futures, things)."""
    for future in range(down.shape[0]):
        outage = begin_outages(things, keys, kind, future, stationary)
        for day in range(days):
            run_outages(things, keys, kind, future, day, outage)
            for i in range(things.shape[0]):
                down[future, i] += (1 - outage.up[i]) / days


@entry
def watch_one_day(keys: Keys, things: Records, kind: int, day: int, down: Floats) -> None:
    """Whether things that began up are down on a day, (futures, things)."""
    for future in range(down.shape[0]):
        outage = begin_outages(things, keys, kind, future, False)
        run_outages(things, keys, kind, future, day, outage)
        for i in range(things.shape[0]):
            down[future, i] = 1 - outage.up[i]


@pytest.mark.parametrize(("kind", "seed"), [(SUPPLIER, 101), (LANE, 102)])
def test_availability(kind: int, seed: int) -> None:
    """Suppliers and lanes are down for MTTR / (MTBF + MTTR) of the days, from the first day on."""
    down = np.zeros((60_000, 2))
    watch(streams(seed, 2), records("lanes", 2, mtbf=MTBF, mttr=[MTTR, 30.0]), kind, True, 200, down)
    agrees(down[:, 0], DOWN)
    agrees(down[:, 1], 30.0 / 70.0)
    first = np.zeros((500_000, 1))
    watch(streams(seed), records("lanes", mtbf=MTBF, mttr=MTTR), kind, True, 1, first)
    agrees(first[:, 0], DOWN)


@pytest.mark.parametrize("day", [0, 5, 20, 200])
def test_a_common_cause_begins_up(day: int) -> None:
    """A common cause is not in force on day 0; it is on day t with (1 - A) (1 - exp(-(1/MTBF + 1/MTTR) t))."""
    down = np.zeros((1_200_000, 1))
    watch_one_day(streams(103), records("causes", mtbf=MTBF, mttr=MTTR), CAUSE, day, down)
    exact = DOWN * (1.0 - exp(-day * (1.0 / MTBF + 1.0 / MTTR)))
    if day == 0:
        assert not down.any()
    else:
        agrees(down[:, 0], exact)


@entry
def which_ship(shared: Ints, supplier_up: Ints, cause_up: Ints, ships: Ints) -> None:
    nothing = np.zeros(1)
    shipping(
        shared, Outage(supplier_up, nothing, np.zeros(1, np.int64)),
        Outage(cause_up, nothing, np.zeros(1, np.int64)), ships,
    )  # fmt: skip


def test_a_common_cause_takes_down_those_that_share_it() -> None:
    """A supplier ships when it is up and none of its own causes is in force."""
    shared = np.array([[1, 0], [1, 1], [0, 1], [0, 0], [0, 0]])
    ships: NDArray[np.int64] = np.empty(5, np.int64)
    which_ship(shared, np.array([1, 1, 1, 1, 0]), np.array([0, 1]), ships)
    assert ships.tolist() == [0, 0, 1, 1, 0]
