"""The designed sample: which inputs are exchanged in which block."""

import numpy as np
import pytest

from octoplan.answer.chance import SECOND_SEED
from octoplan.explore.design import Design, design, mixed
from octoplan.explore.factors import Factor, factors_of
from octoplan.explore.results import CHANCE, OTHERS
from octoplan.outcomes.simulate import draw_assumptions
from tests.outcomes.runs import calibrated_scenario, ranged

NAMES = ["plants.bench.labour_rate", "threats.drone.damage"]


def designed(futures: int = 16) -> Design:
    scenario = calibrated_scenario()
    return design(scenario, factors_of(scenario, NAMES)[0], futures, 1)


def test_the_first_sample_is_that_of_the_run() -> None:
    """Block A has the draws, seed and futures of a run with the same seed; block B those of an independent run."""
    blocks = {block.name: block for block in designed().blocks}
    second = (1 + SECOND_SEED) % 2**64
    for name, seed in (("A", 1), ("B", second)):
        block = blocks[name]
        assert block.draws.tobytes() == draw_assumptions(calibrated_scenario(), 16, seed).tobytes()
        assert (block.seed, block.first) == (seed, 0)


def test_each_mixed_block_has_one_factor_of_the_second_sample() -> None:
    """The columns of the factor are those of B, all others those of A; only chance has the streams of B."""
    sample = designed()
    blocks = {block.name: block for block in sample.blocks}
    a, b = blocks["A"], blocks["B"]
    assert [factor.name for factor in sample.factors][-2:] == [OTHERS, CHANCE]
    for factor in sample.factors:
        block = blocks[mixed(factor.name)]
        exchanged = np.zeros(a.draws.shape[1], bool)
        exchanged[list(factor.columns)] = True
        assert (block.draws[:, exchanged] == b.draws[:, exchanged]).all()
        assert (block.draws[:, ~exchanged] == a.draws[:, ~exchanged]).all()
        assert block.seed == (b.seed if factor.name == CHANCE else a.seed)
    assert len(sample.blocks) == len(sample.factors) + 2


def test_a_longer_design_begins_with_a_shorter() -> None:
    """More futures continue a sample."""
    for short, long in zip(designed(16).blocks, designed(32).blocks, strict=True):
        assert short.draws.tobytes() == long.draws[:16].tobytes()


def test_wrong_designs_are_refused() -> None:
    """Incomplete blocks of futures, and factors with a common column."""
    scenario = ranged().scenario
    with pytest.raises(ValueError, match="12 futures in a block; expected a multiple of 8"):
        design(scenario, (), 12, 1)
    with pytest.raises(ValueError, match="factors share a column"):
        design(scenario, (Factor("a", "", (1, 2)), Factor("b", "", (2,))), 8, 1)
