"""What the verification tests share: streams and worlds of their own, and how an estimate is judged."""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.arithmetic import log
from octoplan.campaign.compiled import entry, kernel
from octoplan.campaign.defence import KILLED, Arsenal, Doctrine, empty_queue, intercept
from octoplan.campaign.streams import STREAMS, stack, stream, uniforms, unit, words
from octoplan.campaign.streams import THREATS as ARRIVALS
from octoplan.scenario import load
from octoplan.scenario.arrays import RECORDS, Compiled, Floats, Keys, Records, World

ONE_PER_CENT = 0.0033
"""Standard error, as a share of the value, at which a fault of 1 % stands three standard errors off."""

PLENTY = 1 << 40


def streams(seed: int, rows: int = 1) -> Keys:
    """Keys of every kind of stream, each kind with some rows of its own."""
    names = [f"{kind}/{row}" for kind in STREAMS for row in range(rows)]
    return Keys(stack(seed, names), np.arange(len(STREAMS)) * rows)


def agrees(samples: NDArray[np.floating[Any]] | NDArray[np.int64], exact: float) -> None:
    """The mean of independent samples is the exact value, seen sharply enough to notice a fault of 1 %."""
    mean = float(samples.mean())
    error = float(samples.std(ddof=1)) / sqrt(len(samples))
    assert error < ONE_PER_CENT * abs(exact), f"standard error {error:.3g} is too wide for {exact:.8g}"
    assert abs(mean - exact) < 4.0 * error, f"{mean:.8g} is not {exact:.8g}; standard error {error:.3g}"


def records(kind: str, rows: int = 1, **fields: object) -> Records:
    """Records of a kind with some fields set, the others zero."""
    found = np.zeros(rows, RECORDS[kind])
    for name, value in fields.items():
        found[name] = value
    return found


def blank_world(**given: Records) -> World:
    """A world of one zero record a kind, some of them given."""
    return World(**({name: records(name) for name in World._fields} | given))


def pocket(futures: int, seed: int, **changes: float) -> tuple[Compiled, Floats]:
    """The scenario ``pocket`` with some assumptions changed (dots in names as ``__``): compiled, and its draws."""
    scenario = load("pocket")
    assumptions = scenario.quantiles(uniforms(seed, [f"belief/{name}" for name in scenario.columns], futures))
    for name, value in changes.items():
        assumptions[:, scenario.columns.index(name.replace("__", "."))] = value
    return scenario.compile(), assumptions


@kernel
def arsenal(kinds: int, units: int, p_kill: float) -> Arsenal:
    """One design with one block, some units, and the same kill probability against every class."""
    return Arsenal(
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
        np.full(1, units),
        np.zeros(1, np.int64),
        np.full((1, kinds), p_kill),
        np.zeros(1),
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
        np.zeros(1, np.int64),
        np.zeros((1, kinds), np.int64),
    )


@entry
def queue(
    keys: Keys, count: int, warm: int, crews: int, rate: float, window: float, cv: float, p_contact: float,
    max_shots: int, probes: float, probe_window: float, lost: Floats,
) -> None:  # fmt: skip
    """Run a queue of ``crews`` with exponential engagements of mean 1, fed by Poisson arrivals, in order of arrival.

    A window is ``window`` long at cv 0, exponential of that mean at cv 1. A share ``probes`` of the arrivals are
    probes: they wait their turn like the others for a time uniform below ``probe_window``, but take no time, so
    that the others do not feel them. Those among the first ``warm`` arrivals are not counted. Each row of ``lost``
    (replications, 2) becomes the share of threats, and of probes, that were not killed.
    """
    room = empty_queue(count)
    mean = np.array([1.0, 0.0])
    doctrine = Doctrine(mean, mean, np.full(2, p_contact), np.full(2, max_shots), np.full(2, 1))
    for run in range(lost.shape[0]):
        time = 0.0
        for i in range(count):
            w0, w1, w2, _ = words(stream(keys, ARRIVALS, 0), run, 0, i, 0)
            time -= log(unit(w0)) / rate
            kind = 1 if unit(w1) < probes else 0
            patience = window if cv == 0.0 else -window * log(unit(w2))
            room.arrival[i], room.rank[i], room.kind[i], room.number[i], room.source[i] = time, time, kind, i, 0
            room.deadline[i] = time + (probe_window * unit(w2) if kind == 1 else patience)
        intercept(room, count, crews, doctrine, arsenal(2, PLENTY, 1.0), keys, run, 0)
        missed, seen = np.zeros(2), np.zeros(2)
        for i in range(warm, count):
            seen[room.kind[i]] += 1.0
            missed[room.kind[i]] += 1.0 if room.fate[i] != KILLED else 0.0
        lost[run, 0], lost[run, 1] = missed[0] / seen[0], missed[1] / seen[1]


def losses(
    seed: int, runs: int, crews: int, rate: float, *, window: float, cv: float = 0.0, p_contact: float = 1.0,
    max_shots: int = 1, probes: float = 0.0, probe_window: float = 0.0,
) -> Floats:  # fmt: skip
    """Shares of threats, and of probes, that a queue loses in independent runs of 100,000: (runs, 2), see ``queue``."""
    lost = np.empty((runs, 2))
    queue(
        streams(seed), 100_000, 2000, crews, float(rate), float(window), float(cv), float(p_contact), max_shots,
        float(probes), float(probe_window), lost,
    )  # fmt: skip
    return lost


@entry
def volley(
    keys: Keys, kind: NDArray[np.int64], salvo: NDArray[np.int64], crews: int, units: int, p_contact: float,
    p_kill: float, survivors: NDArray[np.int64], sorties: NDArray[np.int64],
) -> None:  # fmt: skip
    """Raids of simultaneous threats with windows of no length: survivors and sorties of each raid, (raids,).

    kind, salvo
        (threats,) class of each threat; (classes,) interceptors launched together at one of the class.
    """
    count, kinds = kind.shape[0], salvo.shape[0]
    room = empty_queue(count)
    doctrine = Doctrine(np.ones(kinds), np.zeros(kinds), np.full(kinds, p_contact), np.full(kinds, 1), salvo)
    for raid in range(survivors.shape[0]):
        for i in range(count):
            room.arrival[i], room.deadline[i], room.rank[i] = 0.0, 0.0, 0.0
            room.kind[i], room.number[i], room.source[i] = kind[i], i, 0
        own = arsenal(kinds, units, p_kill)
        intercept(room, count, crews, doctrine, own, keys, raid, 0)
        survivors[raid] = count
        for i in range(count):
            survivors[raid] -= 1 if room.fate[i] == KILLED else 0
        sorties[raid] = own.sorties[0]


def raids(
    seed: int, number: int, kind: list[int], salvo: list[int], *, crews: int, units: int = PLENTY, p_contact: float,
    p_kill: float,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    """Survivors and sorties of some independent raids, each (raids,), see ``volley``."""
    survivors, sorties = np.empty(number, np.int64), np.empty(number, np.int64)
    volley(streams(seed), np.array(kind), np.array(salvo), crews, units, p_contact, p_kill, survivors, sorties)
    return survivors, sorties
