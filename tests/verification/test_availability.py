"""Outages of suppliers and lanes, and common causes: renewal-reward availability MTBF / (MTBF + MTTR)."""

from math import exp

import numpy as np
import pytest

from octoplan.campaign.compiled import entry
from octoplan.campaign.streams import CAUSE, LANE, SUPPLIER, Moment
from octoplan.campaign.supply import OutageState, advance_outages, available_suppliers, initial_outages
from octoplan.scenario.arrays import Floats, Ints, Records, StreamKeys
from tests.verification.harness import assert_mean, records, streams

MTBF, MTTR = 40.0, 10.0
UNAVAILABILITY = MTTR / (MTBF + MTTR)


@entry
def down_shares(keys: StreamKeys, processes: Records, kind: int, stationary: bool, days: int, down: Floats) -> None:
    """Fill ``down``, (futures, records), with the share of days on which each supplier or lane is down."""
    for future in range(down.shape[0]):
        outages = initial_outages(processes, keys, kind, future, stationary)
        for day in range(days):
            advance_outages(processes, kind, Moment(keys, future, day), outages)
            for i in range(processes.shape[0]):
                down[future, i] += (1 - outages.up[i]) / days


@entry
def down_on_day(keys: StreamKeys, processes: Records, kind: int, day: int, down: Floats) -> None:
    """Fill ``down``, (futures, records): 1 if a cause that is not in force on day 0 is in force on a day, else 0."""
    for future in range(down.shape[0]):
        outages = initial_outages(processes, keys, kind, future, False)
        advance_outages(processes, kind, Moment(keys, future, day), outages)
        for i in range(processes.shape[0]):
            down[future, i] = 1 - outages.up[i]


@pytest.mark.parametrize(("kind", "seed"), [(SUPPLIER, 101), (LANE, 102)])
def test_availability(kind: int, seed: int) -> None:
    """Suppliers and lanes are down for MTTR / (MTBF + MTTR) of the days, from the first day on."""
    down = np.zeros((60_000, 2))
    down_shares(streams(seed, 2), records("lanes", 2, mtbf=MTBF, mttr=[MTTR, 30.0]), kind, True, 200, down)
    assert_mean(down[:, 0], UNAVAILABILITY)
    assert_mean(down[:, 1], 30.0 / 70.0)
    first = np.zeros((500_000, 1))
    down_shares(streams(seed), records("lanes", mtbf=MTBF, mttr=MTTR), kind, True, 1, first)
    assert_mean(first[:, 0], UNAVAILABILITY)


@pytest.mark.parametrize("day", [0, 5, 20, 200])
def test_a_common_cause_is_not_in_force_at_the_start(day: int) -> None:
    """A common cause is in force on day t with probability (1 - A) (1 - exp(-(1/MTBF + 1/MTTR) t)), never on day 0."""
    down = np.zeros((1_200_000, 1))
    down_on_day(streams(103), records("causes", mtbf=MTBF, mttr=MTTR), CAUSE, day, down)
    exact = UNAVAILABILITY * (1.0 - exp(-day * (1.0 / MTBF + 1.0 / MTTR)))
    if day == 0:
        assert not down.any()
    else:
        assert_mean(down[:, 0], exact)


@entry
def suppliers_up(shared: Ints, supplier_up: Ints, cause_up: Ints) -> Ints:
    next_change, changes = np.zeros(1), np.zeros(1, np.int64)
    return available_suppliers(
        shared, OutageState(supplier_up, next_change, changes), OutageState(cause_up, next_change, changes)
    )  # fmt: skip


def test_a_common_cause_stops_its_suppliers() -> None:
    """A supplier ships if it is up and none of its common causes is in force."""
    shared = np.array([[1, 0], [1, 1], [0, 1], [0, 0], [0, 0]])
    up = suppliers_up(shared, np.array([1, 1, 1, 1, 0]), np.array([0, 1]))
    assert up.tolist() == [0, 0, 1, 1, 0]
