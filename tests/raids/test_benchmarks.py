"""The rivals are what their names say: a comparison is worth what it is compared with."""

from math import exp, log

import numpy as np
import pytest
from scipy.stats import nbinom

from octoplan.raids.benchmarks import (
    MOST,
    Climatology,
    General,
    NegativeBinomialTrend,
    Resampled,
    Trend,
    fit_trend,
    has_general,
    rivals,
)
from octoplan.raids.score import Forecaster
from octoplan.scenario.arrays import Ints

RNG = np.random.default_rng(1)
PAIRED = np.column_stack([np.arange(100, 200), 1000 + np.arange(100, 200)])
"""A hundred days, each known by its drones; the missiles of a day are a thousand more."""


def trending(n: int, level: float, slope: float, r: float, seed: int) -> Ints:
    """Counts of n days whose log mean is level on the last."""
    mean = np.exp(level + slope * np.arange(1 - n, 1))
    counts: Ints = np.random.default_rng(seed).negative_binomial(r, r / (r + mean))
    return counts


ALL = [*rivals(), Climatology(50), NegativeBinomialTrend(400)]


@pytest.mark.parametrize("rival", ALL, ids=lambda rival: rival.name)
def test_a_rival_draws_counts_from_its_seed(rival: Forecaster) -> None:
    """Every rival draws whole counts of the right shape: the same from the same seed, others from another."""
    counts = np.column_stack([trending(400, 5, 0, 2, 1), trending(400, 1, 0, 0.3, 2)])
    before = counts.copy()
    drawn = rival.paths(counts, 12, 30, 5)
    assert drawn.shape == (30, 12, 2)
    assert drawn.dtype == np.int64
    assert (drawn >= 0).all()
    assert np.array_equal(drawn, rival.paths(counts, 12, 30, 5))
    assert not np.array_equal(drawn, rival.paths(counts, 12, 30, 6))
    assert np.array_equal(before, counts)


def test_rivals_have_names_of_their_own() -> None:
    """Each rival can be told from the others in a table, and the general one is there if it can be."""
    names = [each.name for each in rivals()]
    assert len(set(names)) == len(names)
    assert any(isinstance(each, General) for each in rivals()) == has_general()
    assert {"climatology", "last 28 days", "last 90 days"} <= set(names)


@pytest.mark.parametrize("rival", [Climatology(), Climatology(40), Resampled(28)], ids=lambda rival: rival.name)
def test_pairs_are_kept_together(rival: Forecaster) -> None:
    """The drones and the missiles of a day that is drawn are those of one day."""
    drawn = rival.paths(PAIRED, 9, 200, 1)
    assert (drawn[..., 1] - drawn[..., 0] == 1000).all()


def test_resampled_days_are_the_last_and_all_of_them() -> None:
    """Days are drawn from the last 28, each about as often, and a day's draw says nothing of the next."""
    drawn = Resampled(28).paths(PAIRED, 50, 2000, 2)[..., 0] - 172
    often = np.bincount(drawn.ravel(), minlength=28)
    assert (drawn.min(), drawn.max()) == (0, 27)
    assert abs(often - 100_000 / 28).max() < 5 * np.sqrt(100_000 / 28)
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1]) < 4 / np.sqrt(2000)


def test_resampling_takes_the_record_there_is() -> None:
    """A record shorter than the days asked for is drawn from whole."""
    assert set(Resampled(28).paths(PAIRED[:3], 50, 20, 1)[..., 0].ravel()) == {100, 101, 102}


def test_climatology_keeps_successive_days() -> None:
    """A climatology's futures are stretches of the record, from any day, its end joined to its start."""
    drawn = Climatology().paths(PAIRED, 150, 3000, 3)[..., 0] - 100
    assert (np.diff(drawn, axis=1) % 100 == 1).all()
    assert set(drawn[:, 0]) == set(range(100))
    assert set(Climatology(10).paths(PAIRED, 1, 500, 3)[..., 0].ravel()) == set(range(190, 200))


@pytest.mark.parametrize("rival", ALL[:5], ids=lambda rival: rival.name)
def test_no_past_no_forecast(rival: Forecaster) -> None:
    """From a record without a day nothing is forecast; that is an error."""
    with pytest.raises(ValueError, match="nothing to forecast from"):
        rival.paths(PAIRED[:0], 7, 10, 1)
    with pytest.raises(ValueError, match="the last 0 of 100 days"):
        Resampled(0).paths(PAIRED, 7, 10, 1)


@pytest.mark.parametrize(("level", "slope", "r"), [(5.0, 0.004, 2.0), (3.0, -0.003, 0.5), (1.0, 0.0, 0.2)])
def test_a_known_trend_is_found(level: float, slope: float, r: float) -> None:
    """Over 60 records the mean of each fitted parameter is the true one, within four of its standard errors."""
    fits = [fit_trend(trending(730, level, slope, r, seed)) for seed in range(60)]
    for found, true in (
        ([each.level for each in fits], level),
        ([each.slope for each in fits], slope),
        ([log(each.r) for each in fits], log(r)),
    ):
        assert abs(np.mean(found) - true) < 4 * np.std(found, ddof=1) / np.sqrt(60) + 0.01 * abs(true)


def test_the_fit_is_of_greatest_likelihood() -> None:
    """No neighbour of the fit makes the counts likelier, by the library's own chances of them."""
    seen = trending(300, 4, 0.005, 1.5, 4)

    def likelihood(trend: Trend) -> float:
        mean = np.exp(trend.level + trend.slope * np.arange(-299, 1))
        return float(nbinom.logpmf(seen, trend.r, trend.r / (trend.r + mean)).sum())

    best = fit_trend(seen)
    for change in ((0.03, 0, 1), (-0.03, 0, 1), (0, 2e-4, 1), (0, -2e-4, 1), (0, 0, 1.05), (0, 0, 0.95)):
        assert likelihood(Trend(best.level + change[0], best.slope + change[1], best.r * change[2])) < likelihood(best)


def test_counts_without_dispersion_are_poisson() -> None:
    """Poisson counts are fitted as such, and counts that are all nought forecast nought."""
    assert fit_trend(RNG.poisson(50, 400)).r > 100
    drawn = NegativeBinomialTrend(60).paths(np.zeros((60, 2), np.int64), 30, 100, 1)
    assert drawn.sum() <= 100 * 30 * 2 * exp(-5)


def test_a_trend_is_carried_on_from_the_origin() -> None:
    """The mean of the first day after the origin is a day of trend above that of the origin's own, and so on."""
    means = Trend(5.0, 0.01, 2.0).means(3)
    assert means == pytest.approx(np.exp([5.01, 5.02, 5.03]))
    assert Trend(5.0, 1.0, 2.0).means(90).max() == pytest.approx(MOST)
    counts = np.column_stack([trending(365, 5, 0.004, 2, 1)] * 2)
    fitted, drawn = fit_trend(counts[:, 0]), NegativeBinomialTrend(365).paths(counts, 30, 20_000, 1)
    sums = drawn[..., 0].sum(axis=1)
    expected = fitted.means(30)
    assert abs(sums.mean() - expected.sum()) < 4 * sums.std() / np.sqrt(20_000)
    assert sums.var() == pytest.approx((expected + expected**2 / fitted.r).sum(), rel=0.06)


@pytest.mark.skipif(has_general(), reason="statsmodels is installed")
def test_general_says_what_to_install() -> None:
    """Without its library the general forecaster says which extra brings it, and is no rival."""
    with pytest.raises(RuntimeError, match=r"install octoplan\[score\]"):
        General().paths(PAIRED, 7, 10, 1)
    assert not any(isinstance(each, General) for each in rivals())


@pytest.mark.skipif(not has_general(), reason="needs statsmodels")
def test_general_follows_the_level() -> None:
    """The general forecaster's days are about the level of the last weeks, those of each class about its own."""
    counts = np.column_stack([trending(400, 5, 0, 10, 1), trending(400, 3, 0, 10, 2)])
    drawn = General().paths(counts, 7, 2000, 1)
    assert np.median(drawn, axis=(0, 1)) == pytest.approx(np.median(counts, axis=0), rel=0.2)
