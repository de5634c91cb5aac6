"""The Latin hypercube sample of the assumptions."""

import numpy as np
import pytest

from octoplan.outcomes.sampling import BLOCK_FUTURES, latin_hypercube

NAMES = [f"assumption-{i}" for i in range(40)]


def test_each_block_has_one_draw_in_each_interval() -> None:
    draws = latin_hypercube(3, NAMES, 10 * BLOCK_FUTURES)
    intervals = np.sort(np.floor(draws.reshape(10, BLOCK_FUTURES, len(NAMES)) * BLOCK_FUTURES), axis=1)
    assert (intervals == np.arange(BLOCK_FUTURES)[None, :, None]).all()
    assert ((draws > 0) & (draws < 1)).all()


def test_a_longer_sample_begins_with_a_shorter_one() -> None:
    longer = latin_hypercube(3, NAMES, 100)
    for futures in (1, 7, 8, 9, 50, 99):
        assert np.array_equal(latin_hypercube(3, NAMES, futures), longer[:futures])


def test_a_column_depends_on_its_name_and_the_seed_only() -> None:
    draws = latin_hypercube(3, NAMES, 20)
    assert np.array_equal(latin_hypercube(3, [NAMES[7], "another", NAMES[2]], 20)[:, [0, 2]], draws[:, [7, 2]])
    assert not np.array_equal(latin_hypercube(4, NAMES, 20), draws)


def test_draws_are_uniform_and_independent_between_columns() -> None:
    """Moments of 20,000 draws are those of independent uniform numbers, within 5 standard errors."""
    draws = latin_hypercube(5, NAMES, 20_000)
    assert np.abs(np.mean((draws - 0.5) ** 2) - 1 / 12) < 5 * np.sqrt(1 / 180 / draws.size)
    correlations = np.asarray(np.corrcoef(draws.T))[np.triu_indices(len(NAMES), 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(len(draws))
    assert np.abs(correlations.mean()) < 5 / np.sqrt(len(draws) * len(correlations))


@pytest.mark.parametrize("futures", [64, 1000])
def test_the_mean_of_an_additive_function_has_far_less_variance(futures: int) -> None:
    """Ten squares are summed: variance between seeds is below a tenth of that of independent draws."""
    means = [np.mean(latin_hypercube(seed, NAMES[:10], futures) ** 2) for seed in range(40)]
    independent = (1 / 5 - 1 / 9) / (10 * futures)
    assert np.var(means, ddof=1) < independent / 10
