"""Classification trees of planted and of random failures."""

import numpy as np
import pytest

from octoplan.explore.boxes import Bools
from octoplan.explore.results import Leaf
from octoplan.explore.tree import MAX_DEPTH, MIN_LEAF, tree_leaves
from octoplan.scenario.arrays import Floats

FUTURES = 1000


def uniform(k: int, seed: int = 1, n: int = FUTURES) -> Floats:
    return np.random.default_rng(seed).random((n, k))


def leaves_of(draws: Floats, cases: Bools, seed: int = 1) -> tuple[Leaf, ...]:
    return tree_leaves(draws, cases, [f"a{i}" for i in range(draws.shape[1])], np.arange(len(draws)), seed)


def planted(draws: Floats) -> Bools:
    return np.asarray((draws[:, 1] > 0.4) & (draws[:, 3] < 0.5))


@pytest.mark.parametrize("k", [5, 100])
def test_a_planted_box_is_a_leaf(k: int) -> None:
    """The densest leaf has the limits of the planted box, and every tree without a fold asks the same questions."""
    draws = uniform(k)
    leaf = leaves_of(draws, planted(draws))[0]
    limits = {limit.name: (limit.low, limit.high) for limit in leaf.limits}
    assert limits == {
        "a1": (pytest.approx(0.4, abs=0.01), np.inf), "a3": (-np.inf, pytest.approx(0.5, abs=0.01))
    }  # fmt: skip
    assert min(leaf.density, leaf.coverage) > 0.98
    assert [limit.reproduced for limit in leaf.limits] == [pytest.approx(1.0)] * 2


def test_the_leaves_divide_the_futures() -> None:
    """Each future and case is in one leaf; leaves are sorted by density, and small and complex ones do not occur."""
    draws = uniform(8)
    cases = planted(draws) ^ (np.random.default_rng(1).random(FUTURES) < 0.15)
    leaves = leaves_of(draws, cases)
    assert len(leaves) > 1
    assert sum(leaf.futures for leaf in leaves) == FUTURES
    assert sum(leaf.coverage for leaf in leaves) == pytest.approx(1.0)
    assert [leaf.density for leaf in leaves] == sorted((leaf.density for leaf in leaves), reverse=True)
    assert min(leaf.futures for leaf in leaves) >= MIN_LEAF * FUTURES
    assert max(len(leaf.limits) for leaf in leaves) <= MAX_DEPTH
    for leaf in leaves:
        inside = np.ones(FUTURES, bool)
        for limit in leaf.limits:
            column = draws[:, int(limit.name[1:])]
            inside &= (column >= limit.low) & (column <= limit.high)
        assert int(inside.sum()) == leaf.futures
        assert float(cases[inside].mean()) == pytest.approx(leaf.density)


def test_noise_has_a_tree_without_a_question() -> None:
    """At most 5 % of 100 data sets without a dependence have more than one leaf."""
    trees = 0
    for seed in range(100):
        cases = np.random.default_rng(1000 + seed).random(320) < 0.3
        leaves = leaves_of(uniform(15, seed, 320), cases, seed)
        trees += len(leaves) > 1
        if len(leaves) == 1:
            assert leaves == (Leaf((), 320, float(cases.mean()), 1.0),)
    assert trees <= 5


def test_draws_that_differ_by_less_than_32_bits_differ() -> None:
    """Questions are exact for draws that are equal in 32 bits."""
    draws = 1e9 + uniform(3)
    cases = draws[:, 2] > 1e9 + 0.5
    leaf = leaves_of(draws, cases)[0]
    assert (leaf.density, leaf.coverage) == (1.0, 1.0)


def test_the_same_call_gives_the_same_tree() -> None:
    """The tree depends on the seed only."""
    draws = uniform(8)
    assert leaves_of(draws, planted(draws)) == leaves_of(draws, planted(draws))


def test_a_missing_value_is_refused() -> None:
    """Draws that are not finite, and a sample without cases, are errors."""
    draws = uniform(3)
    with pytest.raises(ValueError, match="no futures are cases"):
        leaves_of(draws, np.zeros(FUTURES, bool))
    draws[0, 0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        leaves_of(draws, draws[:, 1] > 0.5)
