"""The fast path for nights without waiting gives the same results as the event simulation."""

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.compiled import entry, kernel
from octoplan.campaign.crew_queue import simulate_events
from octoplan.campaign.fast_path import fast_path
from octoplan.campaign.queue_arrays import CrewQueue, Doctrine, Interceptors, empty_queue
from octoplan.campaign.streams import STREAMS, Moment, stream_keys
from octoplan.scenario.arrays import Floats, Ints, StreamKeys

SEED, NIGHTS = 5, 4_000


@kernel
def queue_of(arrival: Floats, threat_class: Ints, window: float) -> CrewQueue:
    """A queue of the threats, all with the same window."""
    count = arrival.shape[0]
    queue = empty_queue(count)
    for i in range(count):
        queue.arrival[i], queue.deadline[i], queue.rank[i] = arrival[i], arrival[i] + window, 0.0
        queue.threat_class[i], queue.number[i], queue.source[i] = threat_class[i], i, 0
    return queue


@entry
def fight_night(
    fast: bool, keys: StreamKeys, night: int, arrival: Floats, threat_class: Ints, window: float, crews: int,
    shots: int, salvo: int, units: int, cv: float, results: Ints,
) -> bool:  # fmt: skip
    """Simulate a night by the fast path or by events, into ``results``; whether the fast path applied.

    Where it does not apply, events are simulated with the engagements that it has drawn.
    """
    count = arrival.shape[0]
    queue = queue_of(arrival, threat_class, window)
    moment = Moment(keys, night, 0)
    doctrine = Doctrine(
        np.array([6.0, 9.0]), np.array([cv, cv]), np.array([0.5, 0.7]), np.array([shots, shots + 1]),
        np.array([salvo, 1]),
    )  # fmt: skip
    interceptors = Interceptors(
        np.array([0, 1, 2]), np.array([0, 0, 1]), np.array([0, units, units // 2]), np.zeros(3, np.int64),
        np.array([[0.5, 0.5], [0.6, 0.7], [0.8, 0.9]]), np.full(2, 0.5), np.zeros(2, np.int64),
        np.zeros(2, np.int64), np.zeros(2, np.int64), np.zeros((2, 2), np.int64),
    )  # fmt: skip
    applies = fast and fast_path(queue, count, crews, doctrine, interceptors, moment)
    if not applies:
        simulate_events(queue, count, crews, doctrine, interceptors, moment)
    n = 0
    for i in range(count):
        results[n], results[n + 1] = queue.outcome[i], queue.shots[i]
        n += 2
    for counts in (
        interceptors.stock, interceptors.recovered_stock, interceptors.sorties, interceptors.contacts,
        interceptors.recovered,
    ):  # fmt: skip
        for value in counts:
            results[n] = value
            n += 1
    for value in interceptors.kills.flat:
        results[n] = value
        n += 1
    return applies


def test_the_fast_path_gives_the_results_of_the_event_simulation() -> None:
    """Outcomes, shots, stocks and counts are equal on all nights, whether or not the fast path applies."""
    keys = StreamKeys(stream_keys(SEED, STREAMS), np.arange(len(STREAMS)))
    rng = np.random.default_rng(SEED)
    fast_nights = 0
    for night in range(NIGHTS):
        count, span = int(rng.integers(1, 60)), float(rng.choice([1, 30, 300]))
        arrival = np.sort(rng.random(count) * span)
        setting = (
            arrival, rng.integers(0, 2, count), float(rng.choice([0, 10, 40])), int(rng.integers(1, 40)),
            int(rng.integers(1, 5)), int(rng.integers(1, 4)), int(rng.choice([0, 5, 50, 500])),
            float(rng.choice([0.0, 0.5, 1.0])),
        )  # fmt: skip
        by_fast_path: NDArray[np.int64] = np.zeros(200, np.int64)
        by_events = by_fast_path.copy()
        fast_nights += fight_night(True, keys, night, *setting, by_fast_path)
        fight_night(False, keys, night, *setting, by_events)
        assert np.array_equal(by_fast_path, by_events), night
    assert fast_nights > NIGHTS // 10
