"""One raid on one region: the compiled queue compared with a SimPy model and with drawing its random numbers only.

150 threats arrive uniformly over six hours. 20 crews engage them, each threat within a window of 30 minutes. An
engagement takes an exponential time of mean 6 minutes and kills with probability 0.6; a survivor rejoins the queue.
"""

import random
from collections.abc import Callable, Generator
from math import exp, sqrt

import numpy as np
import simpy

from bench.report import Measurement, fastest
from octoplan.campaign.compiled import entry
from octoplan.campaign.crew_queue import run_crew_queue
from octoplan.campaign.queue_arrays import KILLED, Doctrine, Interceptors, empty_queue
from octoplan.campaign.sorting import sort_by_time
from octoplan.campaign.streams import STREAMS, THREATS, Moment, key_of, random_words, stream_keys, to_uniform
from octoplan.scenario.arrays import Floats, Ints, StreamKeys

THREATS_PER_RAID, ARRIVAL_SPAN, CREWS, WINDOW, ENGAGEMENT, P_KILL = 150, 360.0, 20, 30.0, 6.0, 0.6
SEED = 20260101
LEAK_PROBABILITY_WITH_FREE_CREWS = (1.0 - P_KILL) * exp(-P_KILL * WINDOW / ENGAGEMENT)
"""Leak probability if a crew is always free, which is nearly so with 20 crews."""


@entry
def simulate_raids(keys: StreamKeys, first: int, leaked: Ints, shots: Ints) -> None:
    """Simulate raids from number ``first`` on; fills the leakers and engagements of each raid, (raids,)."""
    size = THREATS_PER_RAID
    arrival_times, sorted_times = np.empty(size + 3), np.empty(size)
    order, slot = np.empty(size, np.int64), np.empty(size + 1, np.int64)
    queue = empty_queue(size)
    unit, zero = np.ones(1), np.zeros(1, np.int64)
    doctrine = Doctrine(ENGAGEMENT * unit, unit, P_KILL * unit, np.full(1, 1 << 30), np.ones(1, np.int64))
    stock, kills = np.empty(1, np.int64), np.zeros((1, 1), np.int64)
    interceptors = Interceptors(
        zero, zero, stock, np.zeros(1, np.int64), np.ones((1, 1)), np.zeros(1),
        np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64), kills,
    )  # fmt: skip
    key = key_of(keys, THREATS, 0)
    for raid in range(leaked.shape[0]):
        future = first + raid
        for block in range((size + 3) // 4):
            four_words = random_words(key, future, 0, block, 0)
            for w in range(4):
                arrival_times[4 * block + w] = ARRIVAL_SPAN * to_uniform(four_words[w])
        sort_by_time(arrival_times, 0, size, order, sorted_times, slot)
        for a in range(size):
            queue.arrival[a], queue.deadline[a], queue.rank[a] = sorted_times[a], sorted_times[a] + WINDOW, 0.0
            queue.threat_class[a], queue.number[a], queue.source[a] = 0, order[a], 0
        stock[0] = 1 << 40
        run_crew_queue(queue, size, CREWS, doctrine, interceptors, Moment(keys, future, 0))
        leaked[raid] = shots[raid] = 0
        for a in range(size):
            shots[raid] += queue.shots[a]
            if queue.outcome[a] != KILLED:
                leaked[raid] += 1


def kernel_raids(raids: int, first: int = 0) -> tuple[Ints, Ints]:
    """Leakers and engagements of ``raids`` raids, each (raids,), with the random streams of a scenario."""
    keys = StreamKeys(stream_keys(SEED, STREAMS), np.arange(len(STREAMS)))
    leaked, shots = np.empty(raids, np.int64), np.empty(raids, np.int64)
    simulate_raids(keys, first, leaked, shots)
    return leaked, shots


def simulate_threat(
    env: simpy.Environment, crews: simpy.PriorityResource, rng: random.Random, leaks: list[float]
) -> Generator[simpy.Event, object, None]:
    """Process of one threat: it arrives, is engaged while its window is open, and leaks if it survives the window."""
    yield env.timeout(rng.uniform(0.0, ARRIVAL_SPAN))
    deadline = env.now + WINDOW
    while env.now <= deadline:
        with crews.request(priority=deadline) as request:  # type: ignore[arg-type]  # SimPy accepts any number as a priority
            yield request | env.timeout(deadline - env.now)
            if not request.triggered:
                break
            yield env.timeout(rng.expovariate(1.0 / ENGAGEMENT))
        if rng.random() < P_KILL:
            return
    leaks.append(env.now)


def simpy_raids(raids: int, seed: int = SEED) -> Ints:
    """Leakers of ``raids`` raids in the SimPy model, (raids,)."""
    rng = random.Random(seed)  # noqa: S311 (a simulation, not a secret)
    leaked = np.empty(raids, np.int64)
    for raid in range(raids):
        env = simpy.Environment()
        crews = simpy.PriorityResource(env, CREWS)
        leaks: list[float] = []
        for _ in range(THREATS_PER_RAID):
            env.process(simulate_threat(env, crews, rng, leaks))
        env.run()
        leaked[raid] = len(leaks)
    return leaked


def numpy_draws(raids: int, engagements: int) -> Callable[[], None]:
    """A function that draws the random numbers of the raids, raid by raid, into preallocated arrays.

    One uniform number for each arrival and each outcome, and one exponential number for each engagement.
    """
    rng = np.random.default_rng(SEED)
    per_raid = round(engagements / raids)
    uniforms, exponentials = np.empty(THREATS_PER_RAID + per_raid), np.empty(per_raid)

    def draw() -> None:
        for _ in range(raids):
            rng.random(out=uniforms)
            rng.standard_exponential(out=exponentials)

    return draw


def leak_probability(leaked: Ints) -> tuple[float, float]:
    """Leak probability and its standard error over independent raids."""
    per_raid: Floats = leaked / THREATS_PER_RAID
    return float(per_raid.mean()), float(per_raid.std(ddof=1)) / sqrt(len(per_raid))


def measure() -> list[Measurement]:
    """Measure ratios of processor seconds; the alternatives are timed one after the other in this process."""
    raids, simpy_raid_count = 20_000, 800
    kernel_raids(1)
    leaked, shots = kernel_raids(raids)
    twin_leaked = simpy_raids(simpy_raid_count)
    kernel = fastest(lambda: kernel_raids(raids), 5) / raids
    simpy_seconds = fastest(lambda: simpy_raids(simpy_raid_count // 4), 4) / (simpy_raid_count // 4)
    engagements = int(shots.sum())
    draws = fastest(numpy_draws(raids, engagements), 5) / raids
    (p, p_se), (simpy_p, simpy_p_se) = leak_probability(leaked), leak_probability(twin_leaked)
    z = abs(p - simpy_p) / sqrt(p_se**2 + simpy_p_se**2)
    numbers = THREATS_PER_RAID + 2 * engagements / raids
    speedup = simpy_seconds / kernel
    return [
        Measurement("raid compared with SimPy", "at least 300 times", f"{speedup:.0f} times", speedup >= 300,
            f"{1e6 * kernel:.1f} us per raid; SimPy {1e3 * simpy_seconds:.2f} ms"),
        Measurement("raid compared with its random numbers", "at most 4 times", f"{kernel / draws:.2f} times",
            kernel / draws <= 4,
            f"{numbers:.0f} numbers per raid from numpy's default_rng (PCG64): {1e6 * draws:.2f} us;"
            f" {THREATS_PER_RAID + engagements / raids:.0f} random, {engagements / raids:.0f} standard_exponential"),
        Measurement("difference in leak probability", "within 3 standard errors", f"{z:.1f} standard errors", z <= 3,
            f"kernel {p:.5f} (se {p_se:.5f}), SimPy {simpy_p:.5f} (se {simpy_p_se:.5f}),"
            f" with free crews {LEAK_PROBABILITY_WITH_FREE_CREWS:.5f}"),
    ]  # fmt: skip
