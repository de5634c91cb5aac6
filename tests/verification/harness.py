"""Helpers of the verification tests: random streams, records, queues, raids, and the test of a sample mean."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.arithmetic import log
from octoplan.campaign.compiled import entry, kernel
from octoplan.campaign.crew_queue import run_crew_queue
from octoplan.campaign.queue_arrays import KILLED, Doctrine, Interceptors, empty_queue
from octoplan.campaign.streams import STREAMS, Moment, key_of, random_words, stream_keys, to_uniform, uniforms
from octoplan.campaign.streams import THREATS as ARRIVALS
from octoplan.scenario import load
from octoplan.scenario.arrays import RECORD_DTYPES, Compiled, EntityRecords, Floats, Records, StreamKeys

MAX_RELATIVE_ERROR = 0.0033
"""Largest permitted relative standard error: a deviation of 1 % is then three standard errors."""

UNLIMITED_UNITS = 1 << 40
"""A stock of interceptors that is never exhausted."""


def streams(seed: int, rows: int = 1) -> StreamKeys:
    """Keys of the random streams, with ``rows`` streams of each kind."""
    names = [f"{kind}/{row}" for kind in STREAMS for row in range(rows)]
    return StreamKeys(stream_keys(seed, names), np.arange(len(STREAMS)) * rows)


def assert_mean(samples: NDArray[np.floating[Any]] | NDArray[np.int64], exact: float) -> None:
    """Assert that a sample mean is within four standard errors of the exact value, and precise enough to detect 1 %."""
    mean = float(samples.mean())
    error = float(samples.std(ddof=1)) / sqrt(len(samples))
    assert error < MAX_RELATIVE_ERROR * abs(exact), f"standard error {error:.3g} is too wide for {exact:.8g}"
    assert abs(mean - exact) < 4.0 * error, f"{mean:.8g} is not {exact:.8g}; standard error {error:.3g}"


def records(kind: str, rows: int = 1, **fields: object) -> Records:
    """Records of a kind with the given field values; other fields are 0."""
    table = np.zeros(rows, RECORD_DTYPES[kind])
    for name, value in fields.items():
        table[name] = value
    return table


def blank_entities(**changes: Records) -> EntityRecords:
    """One zero-filled record of each kind, except for ``changes``."""
    return EntityRecords(**({name: records(name) for name in EntityRecords._fields} | changes))


def pocket(futures: int, seed: int, **changes: float) -> tuple[Compiled, Floats]:
    """The compiled scenario ``pocket`` and its draws, with changed assumptions (a dot in a name is written ``__``)."""
    scenario = load("pocket")
    assumptions = scenario.quantiles(uniforms(seed, [f"belief/{name}" for name in scenario.columns], futures))
    for name, value in changes.items():
        assumptions[:, scenario.columns.index(name.replace("__", "."))] = value
    return scenario.compile(), assumptions


@kernel
def one_cohort(classes: int, units: int, p_kill: float) -> Interceptors:
    """Interceptors of one design and one block, with the same kill probability against every class."""
    return Interceptors(
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
        np.full(1, units),
        np.zeros(1, np.int64),
        np.full((1, classes), p_kill),
        np.zeros(1),
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
        np.zeros((1, classes), np.int64),
    )


@entry
def simulate_queue(
    keys: StreamKeys, count: int, warm_up: int, crews: int, rate: float, window: float, cv: float, p_contact: float,
    max_shots: int, probes: float, probe_window: float, lost: Floats,
) -> None:  # fmt: skip
    """Simulate a queue of ``crews`` servers, exponential service of mean 1, Poisson arrivals, first come first served.

    Windows are constant at cv 0, exponential at cv 1. A share ``probes`` of the arrivals are probes: they wait like
    other arrivals, with a window uniform on (0, ``probe_window``), but need no service time and do not affect others.
    The first ``warm_up`` arrivals are not counted. Fills ``lost``, (replications, 2): shares of threats and of probes
    that were not killed.
    """
    state = empty_queue(count)
    mean = np.array([1.0, 0.0])
    doctrine = Doctrine(mean, mean, np.full(2, p_contact), np.full(2, max_shots), np.full(2, 1))
    for run in range(lost.shape[0]):
        time = 0.0
        for i in range(count):
            w0, w1, w2, _ = random_words(key_of(keys, ARRIVALS, 0), run, 0, i, 0)
            time -= log(to_uniform(w0)) / rate
            threat_class = 1 if to_uniform(w1) < probes else 0
            patience = window if cv == 0.0 else -window * log(to_uniform(w2))
            state.arrival[i], state.rank[i], state.threat_class[i], state.number[i], state.source[i] = (
                time,
                time,
                threat_class,
                i,
                0,
            )
            state.deadline[i] = time + (probe_window * to_uniform(w2) if threat_class == 1 else patience)
        run_crew_queue(state, count, crews, doctrine, one_cohort(2, UNLIMITED_UNITS, 1.0), Moment(keys, run, 0))
        lost_count, arrived = np.zeros(2), np.zeros(2)
        for i in range(warm_up, count):
            arrived[state.threat_class[i]] += 1.0
            lost_count[state.threat_class[i]] += 1.0 if state.outcome[i] != KILLED else 0.0
        lost[run, 0], lost[run, 1] = lost_count[0] / arrived[0], lost_count[1] / arrived[1]


def lost_shares(
    seed: int, runs: int, crews: int, rate: float, *, window: float, cv: float = 0.0, p_contact: float = 1.0,
    max_shots: int = 1, probes: float = 0.0, probe_window: float = 0.0,
) -> Floats:  # fmt: skip
    """Lost shares of threats and of probes, (runs, 2), in independent queues of 100,000 arrivals."""
    lost = np.empty((runs, 2))
    simulate_queue(
        streams(seed), 100_000, 2000, crews, float(rate), float(window), float(cv), float(p_contact), max_shots,
        float(probes), float(probe_window), lost,
    )  # fmt: skip
    return lost


@entry
def simulate_simultaneous_raids(
    keys: StreamKeys, threat_class: NDArray[np.int64], salvo: NDArray[np.int64], crews: int, units: int,
    p_contact: float, p_kill: float, survivors: NDArray[np.int64], sorties: NDArray[np.int64],
) -> None:  # fmt: skip
    """Simulate raids of simultaneous threats with windows of length 0; fills survivors and sorties, (raids,).

    ``threat_class``, (threats,), is the class of each threat; ``salvo``, (classes,), the interceptors launched
    together at a threat of the class.
    """
    count, classes = threat_class.shape[0], salvo.shape[0]
    state = empty_queue(count)
    doctrine = Doctrine(np.ones(classes), np.zeros(classes), np.full(classes, p_contact), np.full(classes, 1), salvo)
    for raid in range(survivors.shape[0]):
        for i in range(count):
            state.arrival[i], state.deadline[i], state.rank[i] = 0.0, 0.0, 0.0
            state.threat_class[i], state.number[i], state.source[i] = threat_class[i], i, 0
        interceptors = one_cohort(classes, units, p_kill)
        run_crew_queue(state, count, crews, doctrine, interceptors, Moment(keys, raid, 0))
        survivors[raid] = count
        for i in range(count):
            survivors[raid] -= 1 if state.outcome[i] == KILLED else 0
        sorties[raid] = interceptors.sorties[0]


def raids(
    seed: int, number: int, threat_class: list[int], salvo: list[int], *, crews: int, units: int = UNLIMITED_UNITS,
    p_contact: float, p_kill: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    """Survivors and sorties of independent raids, each (raids,); see ``simulate_simultaneous_raids``."""
    survivors, sorties = np.empty(number, np.int64), np.empty(number, np.int64)
    simulate_simultaneous_raids(
        streams(seed), np.array(threat_class), np.array(salvo), crews, units, p_contact, p_kill, survivors, sorties
    )
    return survivors, sorties
