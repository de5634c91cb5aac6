"""Standard errors of a plan's results are those of futures in independent blocks."""

import numpy as np
import pytest

from octoplan.outcomes.intervals import standard_error
from octoplan.outcomes.sampling import BLOCK_FUTURES
from octoplan.plan.results import narrative
from octoplan.plan.results.evaluation import Z_95, discrepancy
from octoplan.plan.results.frontier import Frontier, dominated
from octoplan.plan.solver.two_stage import Floats

BLOCKS = 16


def stratified(seed: int) -> tuple[Floats, float]:
    """Values of futures that vary by about 5 within blocks and 0.5 between them, and sd of block means / sqrt(B)."""
    within = np.tile(np.linspace(-7.0, 7.0, BLOCK_FUTURES), BLOCKS)
    between = np.random.default_rng(seed).normal(0.0, 0.5, BLOCKS)
    return within + np.repeat(between, BLOCK_FUTURES), float(between.std(ddof=1)) / BLOCKS**0.5


def test_the_standard_error_is_that_of_the_block_means() -> None:
    """From 16 blocks on; with fewer blocks, or one future in each, it is sd/sqrt(n)."""
    values, error = stratified(1)
    independent = float(values.std(ddof=1)) / len(values) ** 0.5
    assert standard_error(values) == pytest.approx(error)
    assert error < 0.5 * independent
    assert standard_error(values, np.arange(len(values))) == pytest.approx(independent)
    few = values[: (BLOCKS - 1) * BLOCK_FUTURES]
    assert standard_error(few) == pytest.approx(float(few.std(ddof=1)) / len(few) ** 0.5)


def test_the_linear_model_is_compared_with_the_error_between_blocks() -> None:
    """A difference of three such errors between linear model and simulation is significant."""
    values, error = stratified(2)
    simulated = values - values.mean() + 3.0 * error
    item = discrepancy("units", np.zeros(len(values)), simulated)
    assert item.error == pytest.approx(error)
    assert item.difference == pytest.approx(3.0 * error)
    assert item.significant


def test_a_share_is_dominated_by_the_error_between_blocks() -> None:
    """A share that costs three such errors more is dominated; one that costs one more is not."""
    values, error = stratified(3)
    noise = values - values.mean()
    costs = np.array([noise, 2.0 * noise + 3.0 * error, 2.0 * noise + error])
    assert dominated([-costs]).tolist() == [False, True, False]


def test_the_frontier_states_the_interval_between_blocks() -> None:
    values, error = stratified(4)
    noise = 1000.0 * (values - values.mean())
    costs = np.array([np.zeros(len(noise)), noise + 500.0])
    flat = np.zeros_like(costs)
    front = Frontier(
        "uk", 1.0, np.array([0.0, 1.0]), costs, flat, flat, flat, {"uk": flat}, np.zeros(2, bool), ()
    )  # fmt: skip
    assert narrative.frontier_lines(front)[2].split()[1:4] == ["500.0", "±", f"{1000.0 * Z_95 * error:,.1f}"]
