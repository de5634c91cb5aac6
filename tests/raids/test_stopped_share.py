"""Stopped shares: the beta-binomial against its own law, its intervals as often right as they claim, epochs by rule."""

from dataclasses import replace
from datetime import date
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import betabinom, binom

from octoplan.raids.read.readers import read
from octoplan.raids.read.record import CLASSES, Break, Flags, Record
from octoplan.raids.stopped_share import Counts, fit_share, latest, shares
from octoplan.scenario.arrays import Ints
from tests.raids.read.test_readers import PUBLIC, public

RECORDS = 200


def record(launched: Ints, destroyed: Ints, first: str = "2026-01-01", breaks: tuple[Break, ...] = ()) -> Record:
    """A record of drones alone."""
    days = np.datetime64(first) + np.arange(len(launched))
    columns = np.zeros((2, len(days), len(CLASSES)), np.int64)
    columns[:, :, 0] = launched, destroyed
    known: Flags = np.ones(columns[0].shape, bool)
    nothing = np.zeros_like(columns[0])
    return Record(days, CLASSES, columns[0], columns[1], nothing, known, "0" * 64, "made.csv", "daily", (), breaks)


def simulated(share: float, correlation: float, launched: Ints, seed: int) -> Ints:
    """Stopped of those launched each day, the day's share drawn from a beta."""
    rng = np.random.default_rng(seed)
    scale = 1 / correlation - 1
    drawn: Ints = rng.binomial(launched, rng.beta(share * scale, (1 - share) * scale, launched.shape))
    return drawn


@given(
    days=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(any), min_size=1, max_size=8),
    share=st.floats(0.02, 0.98),
    correlation=st.floats(0.01, 0.9),
)
def test_the_likelihood_is_that_of_the_law(days: list[tuple[int, int]], share: float, correlation: float) -> None:
    """Summed over counts, the likelihood is that of the days, less binomial coefficients."""
    stopped, missed = np.array(days, np.int64).T
    launched = stopped + missed
    scale = 1 / correlation - 1
    law = betabinom.logpmf(stopped, launched, share * scale, (1 - share) * scale).sum()
    counted = law - (binom.logpmf(stopped, launched, 0.5) + launched * np.log(2)).sum()
    assert Counts.of(stopped, launched).log_likelihood(share, correlation) == pytest.approx(counted, abs=1e-7)


def test_no_correlation_is_the_binomial() -> None:
    """At no correlation the likelihood is the binomial's, without a limit to be taken."""
    stopped, launched = np.array([7, 900]), np.array([9, 1000])
    expected = 907 * np.log(0.8) + 102 * np.log(0.2)
    assert Counts.of(stopped, launched).log_likelihood(0.8, 0.0) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(("share", "correlation", "days", "mean"), [(0.85, 0.03, 60, 170.0), (0.35, 0.3, 60, 5.0)])
def test_intervals_hold_the_truth_as_often_as_they_say(
    share: float, correlation: float, days: int, mean: float
) -> None:
    """Of simulated records 95 % give intervals that hold the share and the correlation behind them, to 99.9 % luck."""
    low, high = (end / RECORDS for end in binom.interval(0.999, RECORDS, 0.95))
    launched = 1 + np.random.default_rng(8).poisson(mean, (RECORDS, days))
    held = np.array(
        [
            [
                each.low <= true <= each.high
                for each, true in zip(fit_share(stopped, sent), (share, correlation), strict=True)
            ]
            for stopped, sent in zip(simulated(share, correlation, launched, 9), launched, strict=True)
        ]
    )
    assert (low <= held.mean(axis=0)).all()
    assert (held.mean(axis=0) <= high).all()


def test_much_data_gives_the_numbers_back() -> None:
    """Four thousand days recover share and correlation, inside narrow intervals."""
    launched = np.full(4000, 40)
    share, correlation = fit_share(simulated(0.8, 0.05, launched, 3), launched)
    assert share.value == pytest.approx(0.8, abs=0.006)
    assert correlation.value == pytest.approx(0.05, abs=0.006)
    assert correlation.low < correlation.value < correlation.high < correlation.low + 0.02


def test_days_without_scatter_beyond_chance_have_no_correlation() -> None:
    """The same share every day: the correlation is 0, and so is the low end of its interval."""
    share, correlation = fit_share(np.full(50, 80), np.full(50, 100))
    assert (correlation.value, correlation.low) == (0.0, 0.0)
    assert 0.0 < correlation.high < 0.01
    assert (share.value, share.low, share.high) == pytest.approx((0.8, 0.789, 0.811), abs=1e-3)


@pytest.mark.parametrize(("stopped", "end"), [(30, 1.0), (0, 0.0)])
def test_all_or_none_stopped_tell_no_correlation(stopped: int, end: float) -> None:
    """A share of all or none is known as well as days that stand or fall whole: 20 days, exp(-1.92/20) at 95 %."""
    share, correlation = fit_share(np.full(20, stopped), np.full(20, 30))
    assert isnan(correlation.value)
    assert (correlation.low, correlation.high) == (0.0, 1.0)
    assert share.value == end
    other = share.low if stopped else 1 - share.high
    assert other == pytest.approx(np.exp(-1.9207 / 20), abs=1e-3)
    assert (share.high if stopped else share.low) == end


def test_one_day_tells_no_correlation() -> None:
    """One day has a share, with an interval twice as wide as its binomial, and no correlation."""
    share, correlation = fit_share(np.array([60]), np.array([100]))
    assert isnan(correlation.value)
    assert share.value == 0.6
    assert share.low < 0.41
    assert share.high > 0.75
    assert "not told by these days (0.00 to 1.00)" in str(correlation)


def test_single_weapons_tell_a_share_alone() -> None:
    """Days of one weapon each are a binomial: its likelihood interval, no correlation."""
    share, correlation = fit_share(np.array([1] * 12 + [0] * 8), np.ones(20, np.int64))
    assert isnan(correlation.value)
    assert (share.low, share.value, share.high) == pytest.approx((0.384, 0.6, 0.793), abs=2e-3)


@pytest.mark.parametrize(("stopped", "launched"), [([], []), ([0], [0]), ([3], [2]), ([-1], [2])])
def test_counts_that_cannot_be_are_refused(stopped: list[int], launched: list[int]) -> None:
    """No day, none launched, more stopped than launched, or less than none."""
    with pytest.raises(ValueError, match="each needs 0 <= stopped <= launched"):
        fit_share(np.array(stopped, np.int64), np.array(launched, np.int64))


def test_an_epoch_ends_where_counting_changed() -> None:
    """A break of what is counted parts a class it concerns; one of how often is reported parts nothing."""
    launched = np.full(90, 20)
    counted = Break(date(2026, 2, 1), None, ("drones",), "launched", "why", "who")
    others = (replace(counted, measure="reports"), replace(counted, classes=("cruise",)))
    whole = record(launched, launched // 2)
    (one,) = shares(replace(whole, breaks=others))
    assert (one.first, one.last, one.days, one.launched, one.stopped) == (
        date(2026, 1, 1),
        date(2026, 3, 31),
        90,
        1800,
        900,
    )
    before, after = shares(replace(whole, breaks=(counted, *others)))
    assert (before.epoch, after.epoch) == ("2026-01 to 2026-01-31", "since 2026-02")
    assert (before.days, after.days) == (31, 59)
    assert latest([before, after]) == (after,)
    (early,) = shares(replace(whole, breaks=others), slice(10, 31))
    assert (early.epoch, early.days) == ("2026-01-11 to 2026-01-31", 21)
    spell = replace(counted, last=date(2026, 2, 14))
    assert [each.days for each in shares(replace(whole, breaks=(spell,)))] == [31, 14, 45]


def test_days_without_a_known_raid_are_left_out() -> None:
    """A day without a drone and one of hidden count are no days of it; more stopped than launched is all stopped."""
    launched, destroyed = np.array([10, 0, 10, 4, 8]), np.array([5, 0, 8, 9, 8])
    made = record(launched, destroyed)
    hidden = made.known.copy()
    hidden[2, 0] = False
    (found,) = shares(replace(made, known=hidden))
    assert (found.days, found.launched, found.stopped) == (3, 22, 17)
    assert str(found).startswith("stopped share, drones since 2026-01: 0.")


@public
def test_the_public_record_of_2026_has_the_models_correlation() -> None:
    """The drones of the first quarter of 2026 have the intra-day correlation that the model assumes, about 0.03."""
    found = read(PUBLIC / "daily.csv").between("2026-01-01", "2026-03-31")
    drones = shares(found)[0]
    assert drones.correlation.low < 0.03 < drones.correlation.high
    assert drones.share.low < 0.86 < drones.share.high
