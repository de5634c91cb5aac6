"""Stopped shares: the likelihood compared with scipy, the coverage of intervals, and the spans between breaks."""

from dataclasses import replace
from datetime import date
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit
from scipy.stats import betabinom, binom

from octoplan.raids.read.readers import read
from octoplan.raids.read.record import CLASSES, Flags, Record, ReportingRule
from octoplan.raids.stopped_share import ExceedanceCounts, fit_beta_binomial, last_spans, stopped_shares
from octoplan.scenario.arrays import Floats, Ints
from tests.raids.read.test_readers import PUBLIC, public

RECORDS = 200


def record(
    launched: Ints, destroyed: Ints, first: str = "2026-01-01", reporting_rules: tuple[ReportingRule, ...] = ()
) -> Record:
    """A record of drones only."""
    days = np.datetime64(first) + np.arange(len(launched))
    columns = np.zeros((2, len(days), len(CLASSES)), np.int64)
    columns[:, :, 0] = launched, destroyed
    is_known: Flags = np.ones(columns[0].shape, bool)
    zeros = np.zeros_like(columns[0])
    return Record(
        days, CLASSES, columns[0], columns[1], zeros, is_known, "0" * 64, "drones.csv", "daily", (), reporting_rules
    )


def simulated(share: float, correlation: float, launched: Ints, seed: int) -> Ints:
    """Weapons stopped on each day, (days,), drawn from the beta-binomial distribution."""
    rng = np.random.default_rng(seed)
    scale = 1 / correlation - 1
    stopped: Ints = rng.binomial(launched, rng.beta(share * scale, (1 - share) * scale, launched.shape))
    return stopped


@given(
    days=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(any), min_size=1, max_size=8),
    share=st.floats(0.02, 0.98),
    correlation=st.floats(0.01, 0.9),
)
def test_the_likelihood_matches_scipy(days: list[tuple[int, int]], share: float, correlation: float) -> None:
    """The log likelihood is the sum of the beta-binomial log probabilities of scipy, less the binomial coefficients."""
    stopped, leaked = np.array(days, np.int64).T
    launched = stopped + leaked
    scale = 1 / correlation - 1
    exact = betabinom.logpmf(stopped, launched, share * scale, (1 - share) * scale).sum()
    expected = exact - (binom.logpmf(stopped, launched, 0.5) + launched * np.log(2)).sum()
    assert ExceedanceCounts.from_counts(stopped, launched).log_likelihood(share, correlation) == pytest.approx(
        expected, abs=1e-7
    )


def test_without_correlation_the_likelihood_is_binomial() -> None:
    """Without correlation the likelihood is that of the binomial distribution."""
    stopped, launched = np.array([7, 900]), np.array([9, 1000])
    expected = 907 * np.log(0.8) + 102 * np.log(0.2)
    assert ExceedanceCounts.from_counts(stopped, launched).log_likelihood(0.8, 0.0) == pytest.approx(
        expected, rel=1e-12
    )


@pytest.mark.parametrize(("share", "correlation", "days", "mean"), [(0.85, 0.03, 60, 170.0), (0.35, 0.3, 60, 5.0)])
def test_intervals_have_their_nominal_coverage(share: float, correlation: float, days: int, mean: float) -> None:
    """95 % intervals contain the true share and correlation of simulated records, within 99.9 % binomial limits."""
    low, high = (end / RECORDS for end in binom.interval(0.999, RECORDS, 0.95))
    launched = 1 + np.random.default_rng(8).poisson(mean, (RECORDS, days))
    covered = np.array(
        [
            [
                estimate.low <= true <= estimate.high
                for estimate, true in zip(fit_beta_binomial(stopped, sent), (share, correlation), strict=True)
            ]
            for stopped, sent in zip(simulated(share, correlation, launched, 9), launched, strict=True)
        ]
    )
    assert (low <= covered.mean(axis=0)).all()
    assert (covered.mean(axis=0) <= high).all()


@pytest.mark.parametrize(("share", "correlation"), [(0.8, 0.05), (0.3, 0.4)])
def test_estimates_match_an_independent_search(share: float, correlation: float) -> None:
    """A search of the likelihood from scipy over both parameters finds the same maximum.

    At the ends of the interval of the share its profile is 1.9207 below the maximum.
    """
    launched = np.full(60, 25)
    stopped = simulated(share, correlation, launched, 3)

    def negative_log_likelihood(logits: Floats) -> float:
        m, rho = expit(logits)
        densities = betabinom.logpmf(stopped, launched, m * (1 / rho - 1), (1 - m) * (1 / rho - 1))
        return -float(np.sum(densities))

    optimum = minimize(
        negative_log_likelihood, [0.0, 0.0], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10}
    )
    estimates = fit_beta_binomial(stopped, launched)
    assert [estimate.value for estimate in estimates] == pytest.approx(expit(optimum.x), rel=1e-3)
    for end in (estimates[0].low, estimates[0].high):
        share_logit = logit(end)
        profile = minimize_scalar(
            lambda y, x=share_logit: negative_log_likelihood(np.array([x, y])), bounds=(-9, 5), method="bounded"
        )
        assert profile.fun - optimum.fun == pytest.approx(1.9207, abs=1e-3)


def test_a_long_record_recovers_share_and_correlation() -> None:
    """From 4,000 days the share is estimated within 3.5 standard errors of 0.2 %; the interval has the correlation."""
    launched = np.full(4000, 40)
    share, correlation = fit_beta_binomial(simulated(0.8, 0.05, launched, 3), launched)
    error = np.sqrt(0.8 * 0.2 * (1 + 39 * 0.05) / 40 / 4000)
    assert abs(share.value - 0.8) < 3.5 * error
    assert (share.high - share.low) / 2 == pytest.approx(1.96 * error, rel=0.05)
    assert correlation.low < 0.05 < correlation.high < correlation.low + 0.008


def test_days_with_equal_shares_have_no_correlation() -> None:
    """If the share is the same every day, the correlation is 0, and so is the low end of its interval."""
    share, correlation = fit_beta_binomial(np.full(50, 80), np.full(50, 100))
    assert (correlation.value, correlation.low) == (0.0, 0.0)
    assert 0.0 < correlation.high < 0.01
    assert (share.value, share.low, share.high) == pytest.approx((0.8, 0.789, 0.811), abs=1e-3)


@pytest.mark.parametrize(("stopped", "end"), [(30, 1.0), (0, 0.0)])
def test_all_or_none_stopped_do_not_identify_a_correlation(stopped: int, end: float) -> None:
    """If all or none are stopped, days may be perfectly correlated: the interval of 20 days ends at exp(-1.92/20)."""
    share, correlation = fit_beta_binomial(np.full(20, stopped), np.full(20, 30))
    assert isnan(correlation.value)
    assert (correlation.low, correlation.high) == (0.0, 1.0)
    assert share.value == end
    end_inside = share.low if stopped else 1 - share.high
    assert end_inside == pytest.approx(np.exp(-1.9207 / 20), abs=1e-3)
    assert (share.high if stopped else share.low) == end


def test_one_day_does_not_identify_a_correlation() -> None:
    """One day has a share, with an interval twice as wide as the binomial interval, but no correlation."""
    share, correlation = fit_beta_binomial(np.array([60]), np.array([100]))
    assert isnan(correlation.value)
    assert share.value == 0.6
    assert share.low < 0.41
    assert share.high > 0.75
    assert "not identified (0.00 to 1.00)" in str(correlation)


def test_single_weapons_identify_only_a_share() -> None:
    """Days with one weapon each have the likelihood interval of a binomial share, but no correlation."""
    share, correlation = fit_beta_binomial(np.array([1] * 12 + [0] * 8), np.ones(20, np.int64))
    assert isnan(correlation.value)
    assert (share.low, share.value, share.high) == pytest.approx((0.384, 0.6, 0.793), abs=2e-3)


@pytest.mark.parametrize(("stopped", "launched"), [([], []), ([0], [0]), ([3], [2]), ([-1], [2])])
def test_invalid_counts_are_refused(stopped: list[int], launched: list[int]) -> None:
    """No day, a day without weapons launched, more stopped than launched, and negative counts are errors."""
    with pytest.raises(ValueError, match="0 <= stopped <= launched and launched >= 1"):
        fit_beta_binomial(np.array(stopped, np.int64), np.array(launched, np.int64))


def test_spans_end_at_breaks_in_reporting() -> None:
    """A reporting rule on counts separates spans of its classes; a rule on the period of reports does not."""
    launched = np.full(90, 20)
    count_rule = ReportingRule(date(2026, 2, 1), None, ("drones",), "launched", "why", "who")
    unrelated = (replace(count_rule, measure="reports"), replace(count_rule, classes=("cruise",)))
    complete = record(launched, launched // 2)
    (single,) = stopped_shares(replace(complete, reporting_rules=unrelated))
    assert (single.first, single.last, single.days, single.launched, single.stopped) == (
        date(2026, 1, 1),
        date(2026, 3, 31),
        90,
        1800,
        900,
    )
    before, after = stopped_shares(replace(complete, reporting_rules=(count_rule, *unrelated)))
    assert (before.span, after.span) == ("2026-01 to 2026-01-31", "since 2026-02")
    assert (before.days, after.days) == (31, 59)
    assert last_spans([before, after]) == (after,)
    (early,) = stopped_shares(replace(complete, reporting_rules=unrelated), slice(10, 31))
    assert (early.span, early.days) == ("2026-01-11 to 2026-01-31", 21)
    temporary = replace(count_rule, last=date(2026, 2, 14))
    assert [share.days for share in stopped_shares(replace(complete, reporting_rules=(temporary,)))] == [31, 14, 45]


def test_days_without_a_known_raid_are_omitted() -> None:
    """Days without drones or with unknown counts are omitted; the stopped count is at most the launched count."""
    launched, destroyed = np.array([10, 0, 10, 4, 8]), np.array([5, 0, 8, 9, 8])
    complete = record(launched, destroyed)
    is_known = complete.is_known.copy()
    is_known[2, 0] = False
    (share,) = stopped_shares(replace(complete, is_known=is_known))
    assert (share.days, share.launched, share.stopped) == (3, 22, 17)
    assert str(share).startswith("stopped share, drones since 2026-01: 0.")


@public
def test_the_public_record_agrees_with_the_correlation_of_the_model() -> None:
    """The drones of the first quarter of 2026 have the intra-day correlation that the model assumes, about 0.03."""
    record = read(PUBLIC / "daily.csv").between("2026-01-01", "2026-03-31")
    drones = stopped_shares(record)[0]
    assert drones.correlation.low < 0.03 < drones.correlation.high
    assert drones.share.low < 0.86 < drones.share.high
