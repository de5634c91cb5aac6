"""The simulation of ``pocket`` gives exactly the results that its README computes by hand."""

from math import exp, sqrt

import numpy as np
import pytest

from octoplan.campaign.futures import SimulationResults, simulate_futures
from octoplan.campaign.streams import uniforms
from octoplan.campaign.tally import CAPITAL, COSTS, CREWS, FREIGHT, LABOUR, LAYERS, OVERHEAD, PARTS, ROYALTY
from octoplan.scenario import load

FUTURES = 1000
SEED = 20260101
MISSILE = 1
"""The missile layer's row; the interceptors are row 0."""


@pytest.fixture(scope="module")
def simulated() -> SimulationResults:
    scenario = load("pocket")
    drawn = uniforms(SEED, tuple(f"belief/{name}" for name in scenario.columns), FUTURES)
    return simulate_futures(scenario.compile(), scenario.quantiles(drawn), seed=SEED)


def always(simulated: SimulationResults, name: str, expected: list[int]) -> bool:
    """Whether a tally by month is the same in every future."""
    values = simulated.tally[name].reshape(FUTURES, len(expected))
    return bool(np.all(values == np.array(expected)))


def test_units(simulated: SimulationResults) -> None:
    """Ten a day from 6 January; two days in transit; parts for five days left at the end of each month."""
    assert always(simulated, "made", [260, 280, 310])
    assert always(simulated, "good", [260, 280, 310])
    assert always(simulated, "received", [240, 280, 310])
    assert always(simulated, "transit", [20, 20, 20])
    assert always(simulated, "part_stock", [100, 100, 100])


def test_hours(simulated: SimulationResults) -> None:
    """Two hours a unit, all paid hours worked."""
    assert always(simulated, "hours_paid", [520, 560, 620])
    assert always(simulated, "hours_worked", [520, 560, 620])


def test_money(simulated: SimulationResults) -> None:
    """Every cost except the missiles agrees with the table of the README, to the pound."""
    table = {
        PARTS: (31_000, 28_000, 31_000),
        LABOUR: (10_400, 11_200, 12_400),
        OVERHEAD: (2_600, 2_800, 3_100),
        ROYALTY: (260, 280, 310),
        FREIGHT: (1_300, 1_400, 1_550),
        CAPITAL: (1_000, 0, 0),
        CREWS: (6_200, 5_600, 6_200),
    }
    spend = simulated.tally["spend"][..., 0]
    for cost in range(len(COSTS)):
        if cost != LAYERS:
            assert np.allclose(spend[:, :, cost], table.get(cost, (0, 0, 0)), rtol=1e-12, atol=1e-9), COSTS[cost]


def test_missiles_are_paid_by_the_shot(simulated: SimulationResults) -> None:
    """A missile for each threat that interceptors did not stop, 500,000 each, and 100,000 of damage per leaker."""
    shots = simulated.tally["shots"][:, :, MISSILE].astype(float)
    leaked = simulated.tally["leaked"].sum((2, 3)).astype(float)
    assert np.allclose(simulated.tally["spend"][:, :, LAYERS, 0], 500_000 * shots)
    assert np.allclose(simulated.tally["damage"].sum(2), 100_000 * leaked)


def test_threats_pass_free_crews_as_the_formula_says(simulated: SimulationResults) -> None:
    """With a crew always available a threat survives with (1 - p) exp(-p W / m), within four standard errors."""
    launched = int(simulated.tally["launched"][:, 2].sum())
    passed = launched - int(simulated.tally["stopped_by"][:, 2, 0].sum())
    chance = (1 - 0.6) * exp(-0.6 * 30 / 6)
    assert chance == pytest.approx(0.01991483, abs=5e-9)
    assert abs(passed / launched - chance) < 4 * sqrt(chance * (1 - chance) / launched)


def test_accounts_close(simulated: SimulationResults) -> None:
    """Units made are in transit, in stock, spent, lost or scrapped, every day of every future."""
    assert not simulated.tally["imbalance"].any()
