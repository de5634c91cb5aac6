"""The short way through a night on which no threat waits for a crew gives what the queue gives."""

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.compiled import entry, kernel
from octoplan.campaign.defence import Arsenal, Doctrine, Queue, empty_queue, event_by_event, unhindered
from octoplan.campaign.streams import STREAMS, stack
from octoplan.scenario.arrays import Floats, Ints, Keys

SEED, NIGHTS = 5, 4_000


@kernel
def lined_up(arrival: Floats, kind: Ints, window: float) -> Queue:
    """A queue of the threats, all with the same window."""
    count = arrival.shape[0]
    queue = empty_queue(count)
    for i in range(count):
        queue.arrival[i], queue.deadline[i], queue.rank[i] = arrival[i], arrival[i] + window, 0.0
        queue.kind[i], queue.number[i], queue.source[i] = kind[i], i, 0
    return queue


@entry
def fought(
    short: bool, keys: Keys, night: int, arrival: Floats, kind: Ints, window: float, crews: int, shots: int,
    salvo: int, units: int, cv: float, out: Ints,
) -> bool:  # fmt: skip
    """Fight a night the short way or event by event; every count of it into ``out``. Whether it was fought."""
    count = arrival.shape[0]
    queue = lined_up(arrival, kind, window)
    cvs = np.array([cv, cv])
    doctrine = Doctrine(
        np.array([6.0, 9.0]), cvs, np.array([0.5, 0.7]), np.array([shots, shots + 1]), np.array([salvo, 1])
    )
    arsenal = Arsenal(
        np.array([0, 1, 2]), np.array([0, 0, 1]), np.array([0, units, units // 2]), np.zeros(3, np.int64),
        np.array([[0.5, 0.5], [0.6, 0.7], [0.8, 0.9]]), np.full(2, 0.5), np.zeros(2, np.int64),
        np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros((2, 2), np.int64),
    )  # fmt: skip
    if short:
        if not unhindered(queue, count, crews, doctrine, arsenal, keys, night, 0):
            return False
    else:
        event_by_event(queue, count, crews, doctrine, arsenal, keys, night, 0)
    n = 0
    for i in range(count):
        out[n], out[n + 1] = queue.fate[i], queue.shots[i]
        n += 2
    for counts in (arsenal.stock, arsenal.returned, arsenal.sorties, arsenal.contacts, arsenal.recovered):
        for found in counts:
            out[n] = found
            n += 1
    for found in arsenal.kills.flat:
        out[n] = found
        n += 1
    return True


def test_the_short_way_is_the_queue() -> None:
    """Fates, shots, stocks and counts are equal on every night on which the short way is open."""
    keys = Keys(stack(SEED, STREAMS), np.arange(len(STREAMS)))
    rng = np.random.default_rng(SEED)
    taken = 0
    for night in range(NIGHTS):
        count, span = int(rng.integers(1, 60)), float(rng.choice([1, 30, 300]))
        arrival = np.sort(rng.random(count) * span)
        setting = (
            arrival, rng.integers(0, 2, count), float(rng.choice([0, 10, 40])), int(rng.integers(1, 40)),
            int(rng.integers(1, 5)), int(rng.integers(1, 4)), int(rng.choice([0, 5, 50, 500])),
            float(rng.choice([0.0, 0.5, 1.0])),
        )  # fmt: skip
        one: NDArray[np.int64] = np.zeros(200, np.int64)
        other = one.copy()
        if fought(True, keys, night, *setting, one):
            taken += 1
            fought(False, keys, night, *setting, other)
            assert np.array_equal(one, other), night
    assert taken > NIGHTS // 10
