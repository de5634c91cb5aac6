"""Chance and lack of knowledge, on constructed results with known shares."""

import numpy as np
import pytest

from octoplan.answer.chance import second_simulation, spread, spreads
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.simulate import simulate
from tests.answer.variants import answer, run_of
from tests.outcomes.runs import ranged


@pytest.mark.parametrize("chance", [0.05, 0.3, 0.8])
def test_the_share_of_chance_is_recovered(chance: float) -> None:
    """400 results that share their expected value: the share of chance is within three standard errors."""
    rng = np.random.default_rng(7)
    expected = np.sqrt(1.0 - chance) * rng.standard_normal(400)
    first, second = (5.0 + expected + np.sqrt(chance) * rng.standard_normal(400) for _ in range(2))
    result = spread(first, second)
    assert abs(result.chance - chance) <= 3.0 * result.chance_error
    assert result.chance_error < 0.06
    assert (result.low, result.high) == pytest.approx(np.quantile(5.0 + expected, (0.1, 0.9)), abs=0.2)


def test_undefined_results_are_left_out() -> None:
    first, second = np.array([1.0, 2.0, 3.0, np.nan]), np.array([1.1, 1.9, 3.2, 0.0])
    assert spread(first, second) == spread(first[:3], second[:3])
    assert np.isnan(spread(np.ones(5), np.ones(5)).chance)


def test_the_second_simulation_has_the_same_assumptions_and_other_raids() -> None:
    run = ranged()
    second = second_simulation(run, 40)
    assert (second.assumptions.values == run.assumptions.values[:40]).all()
    assert (second.data["launched"].values != run.data["launched"].values[:40]).any()
    assert second.futures == 40


def test_assumptions_explain_most_of_the_net_benefit_if_damage_is_uncertain() -> None:
    """The damage of a leaker varies by a factor of four, so chance is the smaller part where no missiles are saved."""
    run = simulate(ranged().scenario.change({"layers.missile.cost": 0}), 200, 1)
    result = spreads(RunResults(run), second_simulation(run, 200))["net"]
    assert 0.0 < result.chance < 0.5
    assert result.low < result.high


def test_without_ranges_all_is_chance() -> None:
    assert all(item.chance == 1.0 and item.low == item.high for item in answer("ample").spreads.values())
    assert all(assumption.is_fixed for assumption in run_of("ample").scenario.assumptions)
