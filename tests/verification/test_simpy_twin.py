"""An independent SimPy model of `pocket`, with separate random numbers, agrees within Monte Carlo error.

The twin is built from the scenario's README as a modeller would write it: a supplier, a plant, a lane and the raids are
processes, crews a priority resource, interceptors a container; time runs in minutes.
"""

from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
import pytest
import simpy
from numpy.typing import NDArray

from octoplan.campaign.futures import simulate_futures
from octoplan.campaign.streams import uniforms
from octoplan.campaign.tally import LAYERS
from octoplan.scenario import load

DAY = 24 * 60.0
DAYS = 90
MONTH_STARTS = {0: 620, 31: 560, 59: 620}
"""Parts ordered on the first day of each month."""
MEASURES = ("made", "delivered", "sorties", "kills", "leaked", "missiles", "spend")

Process = Generator[simpy.Event, Any, None]


@dataclass(frozen=True)
class PocketCase:
    """A variant of `pocket`: threats per day, crews, stock of other makers, probability of recovery."""

    raids: float = 2.0
    crews: int = 20
    stock: int = 0
    p_recover: float = 0.0


UNCHANGED = PocketCase()
FEW_CREWS = PocketCase(raids=30.0, crews=2, stock=5000, p_recover=0.25)
FEW_INTERCEPTORS = PocketCase(raids=30.0, crews=12, stock=600, p_recover=0.25)
"""Fifteen times as many threats, so that the order and the limits of the queue affect the results."""


def deadline_rank(minutes: float) -> int:
    """Rank of a deadline in minutes in the queue of a SimPy resource."""
    return round(minutes * 60_000)


class Twin:
    """SimPy model of one future of `pocket`; ``counts`` holds its measures."""

    def __init__(self, case: PocketCase, rng: np.random.Generator) -> None:
        self.case, self.rng, self.counts = case, rng, Counter[str]()
        self.env = env = simpy.Environment()
        self.parts = simpy.Container(env)
        self.units = simpy.Container(env, init=case.stock)
        self.crews = simpy.PriorityResource(env, capacity=case.crews)
        for process in (self.supplier(), self.plant(), self.raids(), self.payroll()):
            env.process(process)

    def run(self) -> list[float]:
        self.env.run(until=DAYS * DAY)
        return [self.counts[measure] for measure in MEASURES]

    def supplier(self) -> Process:
        for day in range(DAYS):
            if day in MONTH_STARTS:
                self.env.process(self.send_parts(MONTH_STARTS[day]))
            yield self.env.timeout(DAY)

    def send_parts(self, count: int) -> Process:
        self.counts["spend"] += 50 * count
        yield self.env.timeout(5 * DAY)
        yield self.parts.put(count)

    def plant(self) -> Process:
        yield self.env.timeout(5 * DAY)
        self.counts["spend"] += 1000
        while True:
            self.counts["spend"] += 100 + 2 * 10 * 20
            yield self.parts.get(10 * 2)
            self.counts["made"] += 10
            self.counts["spend"] += 10 * 1
            self.env.process(self.lane(10))
            yield self.env.timeout(DAY)

    def lane(self, units: int) -> Process:
        self.counts["spend"] += 5 * units
        yield self.env.timeout(2 * DAY)
        self.counts["delivered"] += units
        yield self.units.put(units)

    def payroll(self) -> Process:
        while True:
            self.counts["spend"] += 10 * self.case.crews
            yield self.env.timeout(DAY)

    def raids(self) -> Process:
        while True:
            for entry in self.rng.uniform(0.0, 60.0, self.rng.poisson(self.case.raids)):
                self.env.process(self.threat(entry))
            yield self.env.timeout(DAY)

    def threat(self, entry: float) -> Process:
        yield self.env.timeout(entry)
        stopped = yield from self.engage(self.env.now + 30.0)
        if not stopped:
            self.counts["missiles"] += 1
            self.counts["leaked"] += self.rng.random() >= 0.5

    def engage(self, deadline: float) -> Generator[simpy.Event, Any, bool]:
        """Shoot, look and shoot again until the window closes; return whether the threat is killed."""
        request = self.crews.request(priority=deadline_rank(deadline))
        while True:
            yield request | self.env.timeout(deadline - self.env.now)
            if not request.triggered:
                request.cancel()
                return False
            if self.units.level < 1:
                self.crews.release(request)
                return False
            killed = yield from self.sortie()
            if killed or self.env.now > deadline:
                self.crews.release(request)
                return killed
            next_request = self.crews.request(priority=deadline_rank(deadline))
            self.crews.release(request)
            request = next_request

    def sortie(self) -> Generator[simpy.Event, Any, bool]:
        yield self.units.get(1)
        self.counts["sorties"] += 1
        yield self.env.timeout(self.rng.exponential(6.0))
        if self.rng.random() < 0.8:
            killed = bool(self.rng.random() < 0.75)
            self.counts["kills"] += killed
            return killed
        if self.rng.random() < self.case.p_recover:
            self.env.process(self.recover())
        return False

    def recover(self) -> Process:
        yield self.env.timeout(DAY - self.env.now % DAY)
        yield self.units.put(1)


def twins(case: PocketCase, count: int, seed: int) -> NDArray[np.float64]:
    """Measures of several futures of the twin, shape (futures, measures)."""
    rng = np.random.default_rng(seed)
    return np.array([Twin(case, rng).run() for _ in range(count)], float)


def kernels(case: PocketCase, count: int, seed: int) -> NDArray[np.float64]:
    """Measures of several futures simulated by the kernels, shape (futures, measures)."""
    scenario = load("pocket")
    assumptions = scenario.quantiles(uniforms(seed, [f"belief/{name}" for name in scenario.columns], count))
    for name, value in {
        "packages.raid.routine_mean": case.raids,
        "crews.initial": case.crews,
        "makers.other.stock": case.stock,
        "designs.pocket.p_recover": case.p_recover,
    }.items():
        assumptions[:, scenario.columns.index(name)] = value
    tally = simulate_futures(scenario.compile(), assumptions, seed=seed).tally
    shots = tally["shots"].astype(float)
    spend = tally["spend"].astype(float)
    results = {
        "made": tally["made"],
        "delivered": tally["delivered"],
        "sorties": tally["sorties"],
        "kills": tally["kills"],
        "leaked": tally["leaked"],
        "missiles": shots[:, :, 1],
        "spend": np.delete(spend, LAYERS, axis=2),
    }
    assert np.allclose(spend[:, :, LAYERS, 0], 500_000.0 * shots[:, :, 1])
    return np.array([results[measure].reshape(count, -1).sum(1) for measure in MEASURES], float).T


@pytest.mark.parametrize(
    ("case", "futures", "max_relative_error"),
    [(UNCHANGED, 1000, 0.012), (FEW_CREWS, 80, 0.008), (FEW_INTERCEPTORS, 80, 0.006)],
    ids=["unchanged", "few-crews", "few-interceptors"],
)
def test_twin(case: PocketCase, futures: int, max_relative_error: float) -> None:
    """Units, sorties, kills, leakers, missiles and spend agree within four standard errors, small against the means.

    Deterministic measures (units made and delivered, spend without missiles) are equal.
    """
    twin_results, kernel_results = twins(case, futures, seed=20260122), kernels(case, 4 * futures, seed=11)
    for column, measure in enumerate(MEASURES):
        twin_values, kernel_values = twin_results[:, column], kernel_results[:, column]
        error = sqrt(twin_values.var(ddof=1) / len(twin_values) + kernel_values.var(ddof=1) / len(kernel_values))
        assert error <= max_relative_error * kernel_values.mean(), measure
        assert abs(twin_values.mean() - kernel_values.mean()) <= 4.0 * error + 1e-9 * kernel_values.mean(), measure
