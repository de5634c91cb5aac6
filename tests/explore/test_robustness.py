"""Regret, satisficing, the worst tenth, and rank stability, against small tables and known distributions."""

import doctest

import numpy as np
import pytest
from scipy.stats import norm

from octoplan.errors import RunError
from octoplan.explore import robustness as module
from octoplan.explore.results import Robustness
from octoplan.explore.robustness import resamples, robustness, share, tail_mean

SIZE = 4000
FUTURES = np.arange(SIZE)


def normal_benefits(means: tuple[float, ...], seed: int = 1) -> np.ndarray:
    """(futures, decisions) independent normal benefits with standard deviation 1."""
    return np.random.default_rng(seed).normal(means, 1.0, (SIZE, len(means)))


def rows(benefits: np.ndarray, limit: float = 0.0, seed: int = 1) -> tuple[Robustness, ...]:
    """Robustness of decisions named by numbers; the requirement is a net benefit of at least ``limit``."""
    names = tuple(map(str, range(benefits.shape[1])))
    return robustness(names, names, benefits, benefits >= limit, np.arange(len(benefits)), seed)


def test_a_table_by_hand() -> None:
    """Savage's regret: a has 0, 2 and 4, b has 3, 0 and 0; b is the best in two futures of three."""
    first, second = rows(np.array([[5.0, 2.0], [1.0, 3.0], [0.0, 4.0]]), 2.0)
    assert (first.mean.value, second.mean.value) == (2.0, 3.0)
    assert (first.regret_mean.value, second.regret_mean.value) == (2.0, 1.0)
    assert (first.regret_max, second.regret_max) == (4.0, 3.0)
    assert first.regret_p90.value == pytest.approx(3.6)
    assert (first.satisficing.value, second.satisficing.value) == pytest.approx((1 / 3, 1.0))
    assert (first.best.value, second.best.value) == pytest.approx((1 / 3, 2 / 3))
    assert (first.tail.value, second.tail.value) == (0.0, 2.0)


def test_normal_benefits_have_the_closed_forms() -> None:
    """Two normal decisions: regret is the positive part of N(d, 2); the tail of N(m, 1) is m - phi(z) / 0.1."""
    first, second = rows(normal_benefits((1.0, 0.5)))
    gap, deviation = 0.5, np.sqrt(2.0)
    expected = deviation * norm.pdf(gap / deviation) - gap * norm.sf(gap / deviation)
    assert first.regret_mean.low < expected < first.regret_mean.high
    assert second.regret_mean.low < expected + gap < second.regret_mean.high
    assert first.best.low < norm.cdf(gap / deviation) < first.best.high
    tail = 1.0 - norm.pdf(norm.ppf(0.1)) / 0.1
    assert first.tail.low < tail < first.tail.high
    assert first.satisficing.low < norm.cdf(1.0) < first.satisficing.high
    p90 = deviation * norm.ppf(0.9) - gap
    assert first.regret_p90.low < p90 < first.regret_p90.high
    assert 1.0 == first.first > second.first == 0.0


def test_rank_stability_is_half_for_equals() -> None:
    """The rank of two equal decisions depends on the sample only; identical ones share it."""
    stabilities = []
    for seed in range(40):
        benefits = normal_benefits((0.0, 0.0), seed)[:160]
        stabilities.append(rows(benefits)[0].first)
    assert 0.35 < np.mean(stabilities) < 0.65
    same = np.repeat(normal_benefits((0.0,)), 2, axis=1)
    assert [(item.first, item.best.value) for item in rows(same)] == [(0.5, 0.5), (0.5, 0.5)]


def test_intervals_cover_the_mean_regret() -> None:
    """The 95 % intervals hold the mean regret in 88 % to 100 % of 100 samples."""
    deviation = np.sqrt(2.0)
    expected = deviation * norm.pdf(0.0)
    items = [rows(normal_benefits((0.0, 0.0), seed)[:400])[0].regret_mean for seed in range(100)]
    assert sum(item.low < expected < item.high for item in items) >= 88
    assert all(item.low < item.value < item.high for item in items)


def test_blocks_of_futures_are_drawn_together() -> None:
    """A bootstrap sample has all futures of a block as often; with few blocks, single futures are drawn."""
    for sample in resamples(np.arange(160), 1, "x", 5):
        counts = np.bincount(sample, minlength=160).reshape(20, 8)
        assert (counts == counts[:, :1]).all()
    assert any(len(np.unique(np.bincount(s, minlength=16)[:8])) > 1 for s in resamples(np.arange(16), 1, "x", 5))
    gaps = np.delete(np.arange(160), [3, 4, 5, 100])
    sample = resamples(gaps, 1, "x", 1)[0]
    assert set((gaps[sample] // 8).tolist()) <= set(range(20))
    assert len(sample) != 156 or len(np.unique(sample)) < 156


def test_the_seed_determines_the_intervals() -> None:
    """The same call gives the same bits, another seed other intervals; numpy's global state has no effect."""
    benefits = normal_benefits((0.0, 0.1))[:200]
    np.random.seed(1)  # noqa: NPY002 the global state that must have no effect
    first = rows(benefits)
    np.random.seed(2)  # noqa: NPY002
    assert rows(benefits) == first
    assert rows(benefits, seed=2)[0].regret_mean != first[0].regret_mean
    assert rows(benefits, seed=2)[0].regret_mean.value == first[0].regret_mean.value


def test_the_tail_has_exactly_a_tenth() -> None:
    """Of 15 futures, the worst counts fully and the second by half; with fewer than ten, the worst alone."""
    values = np.arange(15.0)[::-1, None]
    assert tail_mean(values).tolist() == pytest.approx([0.5 / 1.5])
    assert tail_mean(values[:4]).tolist() == [11.0]
    assert tail_mean(values, 1.0).tolist() == [7.0]


def test_a_share_of_all_or_none_has_an_interval() -> None:
    """Wilson's interval for 0 of n reaches z^2 / (n + z^2)."""
    none, full = share(np.zeros(96), np.arange(96)), share(np.ones(96), np.arange(96))
    expected = 1.959964**2 / (96 + 1.959964**2)
    assert none.low == 0.0
    assert none.high == pytest.approx(expected, rel=1e-6)
    assert full.low == pytest.approx(1.0 - expected, rel=1e-6)
    assert full.high == 1.0


def test_invalid_input_is_refused() -> None:
    """One decision has no regret; a value that is not finite and arrays of different lengths are errors."""
    benefits = normal_benefits((0.0, 0.0))[:20]
    with pytest.raises(RunError, match="two or more are needed, and there is 1; state another decision"):
        rows(benefits[:, :1])
    with pytest.raises(ValueError, match="all of them finite"):
        rows(np.where(benefits == benefits.max(), np.nan, benefits))
    with pytest.raises(ValueError, match="all of them finite"):
        rows(benefits[:0])
    with pytest.raises(ValueError, match="need arrays of shape"):
        robustness(("a", "b"), ("a", "b"), benefits, benefits[:5] > 0, np.arange(20), 1)


def test_examples() -> None:
    """The examples of the docstrings give the printed results."""
    results = doctest.testmod(module, extraglobs={"np": np})
    assert results.attempted > 0
    assert results.failed == 0
