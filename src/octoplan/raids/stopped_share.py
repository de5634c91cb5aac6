"""Estimate the share of weapons stopped, by class and period of unchanged reporting, with a beta-binomial model.

The model allows for correlated outcomes on the same day. Of n weapons launched on a day, the number stopped is
Binomial(n, π) with π ~ Beta(a, b); the mean share is m = a/(a + b) and the intra-day correlation ρ = 1/(a + b + 1). The
likelihood is summed over counts rather than days and is defined for ρ = 0 (Smith 1983, algorithm AS 189). Intervals are
profile-likelihood intervals: they are asymmetric if the share is near 1, and the interval of ρ begins at 0 if the
days vary no more than binomially.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import isnan, nan

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit
from scipy.stats import chi2

from octoplan.raids.read.record import Flags, Record
from octoplan.scenario.arrays import Ints

CONFIDENCE_LEVEL = 0.95
"""Confidence level of the intervals."""
COUNT_MEASURES = ("launched", "destroyed", "lost", "stopped")
"""Measures whose reporting rules divide a record into spans; rules on other measures do not change daily sums."""
MAX_LOGIT = 16.0
"""Bound on the logits of share and correlation; beyond it the likelihood is flat even for a million weapons a day."""


@dataclass(frozen=True)
class Estimate:
    """An estimate with its 95 % interval; the value is nan if the record does not identify it."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        interval = f"({self.low:.2f} to {self.high:.2f})"
        return f"not identified {interval}" if isnan(self.value) else f"{self.value:.2f} {interval}"


@dataclass(frozen=True)
class StoppedShare:
    """Estimate of the stopped share of one class between two breaks in reporting.

    Args:
        klass: The class of weapon.
        first: First day of the span, within the analysed period.
        last: Last day of the span, within the analysed period.
        record_continues: True if the record continues after the last day of the span.
        days: Number of days on which the class was launched and the count is known.
        launched: Weapons launched on these days.
        stopped: Weapons destroyed or lost on these days.
        share: Mean over days of the share of weapons stopped, m.
        correlation: Intra-day correlation of outcomes, ρ.

    """

    klass: str
    first: date
    last: date
    record_continues: bool
    days: int
    launched: int
    stopped: int
    share: Estimate
    correlation: Estimate

    @property
    def span(self) -> str:
        """The span as text: "2025-08 to 2025-12-31" or, if it lasts to the end of the record, "since 2026-01"."""
        if self.record_continues:
            return f"{month_or_day(self.first)} to {self.last}"
        return f"since {month_or_day(self.first)}"

    def __str__(self) -> str:
        return f"stopped share, {self.klass} {self.span}: {self.share}, intra-day correlation {self.correlation}"


def month_or_day(day: date) -> str:
    """The month, such as 2025-08, for the first day of a month; otherwise the day, such as 2025-08-14."""
    return f"{day:%Y-%m}" if day.day == 1 else str(day)


@dataclass(frozen=True, eq=False)
class ExceedanceCounts:
    """Sufficient statistics of the beta-binomial likelihood: numbers of days with more than j weapons, j = 0, 1, ...

    Args:
        stopped: (largest daily count,) days with more than j weapons stopped.
        leaked: (largest daily count,) days with more than j weapons launched but not stopped.
        launched: (largest daily count,) days with more than j weapons launched.

    """

    stopped: Ints
    leaked: Ints
    launched: Ints

    @classmethod
    def from_counts(cls, stopped: Ints, launched: Ints) -> "ExceedanceCounts":
        """Statistics of daily counts of weapons stopped and launched, each (days,)."""
        return cls(days_above(stopped), days_above(launched - stopped), days_above(launched))

    def log_likelihood(self, share: float, correlation: float) -> float:
        """Beta-binomial log likelihood without the binomial coefficients (Smith 1983).

        Σ_j A_j log(m + jθ) + B_j log(1 - m + jθ) - N_j log(1 + jθ) with θ = ρ/(1 - ρ), where A, B and N are the
        numbers of days with more than j weapons stopped, leaked and launched.
        """
        theta_multiples = correlation / (1.0 - correlation) * np.arange(len(self.launched))
        value = self.stopped @ np.log(share + theta_multiples[: len(self.stopped)])
        value += self.leaked @ np.log(1.0 - share + theta_multiples[: len(self.leaked)])
        return float(value - self.launched @ np.log1p(theta_multiples))


def days_above(counts: Ints) -> Ints:
    """Number of days with a count above j, for j from 0 to the largest count minus 1: (largest count,)."""
    days: Ints = len(counts) - np.cumsum(np.bincount(counts))[:-1]
    return days


def fit_beta_binomial(stopped: Ints, launched: Ints) -> tuple[Estimate, Estimate]:
    """Maximum-likelihood estimates of the mean share and the intra-day correlation.

    The correlation is not identified if all weapons or none were stopped, or if two or more weapons were launched on
    fewer than two days. Its value is then nan with the interval 0 to 1, and the share is total stopped over total
    launched.

    Args:
        stopped: (days,) weapons stopped, from 0 to the number launched.
        launched: (days,) weapons launched, at least 1.

    Raises:
        ValueError: There is no day, or a count is outside its range.

    """
    if not len(stopped) or (launched < 1).any() or (stopped < 0).any() or (stopped > launched).any():
        raise ValueError(
            f"the counts of {len(stopped)} days are invalid; at least one day is needed, and on each day "
            "0 <= stopped <= launched and launched >= 1"
        )
    exceedances = ExceedanceCounts.from_counts(stopped, launched)
    mean = float(stopped.sum() / launched.sum())

    def log_likelihood(share_logit: float, correlation_logit: float) -> float:
        return exceedances.log_likelihood(float(expit(share_logit)), float(expit(correlation_logit)))

    def share_profile(share_logit: float) -> float:
        return maximise(lambda logit: log_likelihood(share_logit, logit))[1]

    def correlation_profile(correlation_logit: float) -> float:
        return maximise(lambda logit: log_likelihood(logit, correlation_logit))[1]

    logit, maximum = maximise(share_profile) if 0.0 < mean < 1.0 else (np.inf if mean else -np.inf, 0.0)
    is_identified = 0.0 < mean < 1.0 and int((launched > 1).sum()) > 1
    share = Estimate(float(expit(logit)) if is_identified else mean, *profile_interval(share_profile, logit, maximum))
    if not is_identified:
        return share, Estimate(nan, 0.0, 1.0)
    logit, maximum = maximise(correlation_profile)
    if maximum - correlation_profile(-MAX_LOGIT) < 1e-6:
        logit = -np.inf
    return share, Estimate(float(expit(logit)), *profile_interval(correlation_profile, logit, maximum))


def maximise(function: Callable[[float], float]) -> tuple[float, float]:
    """Maximise a function of a logit; return the maximiser and the maximum."""
    optimum = minimize_scalar(
        lambda logit: -function(logit), bounds=(-MAX_LOGIT, MAX_LOGIT), method="bounded", options={"xatol": 1e-4}
    )
    return float(optimum.x), -float(optimum.fun)


def profile_interval(profile: Callable[[float], float], logit: float, maximum: float) -> tuple[float, float]:
    """Ends of the profile-likelihood interval, at which the profile is half a chi-squared quantile below its maximum.

    Args:
        profile: Profile log likelihood as a function of a logit.
        logit: Logit that maximises the profile; infinite if the profile is monotonic.
        maximum: Maximum of the profile.

    Returns:
        The ends as probabilities; 0 or 1 if the profile does not fall to this level.

    """
    threshold = maximum - 0.5 * float(chi2.ppf(CONFIDENCE_LEVEL, 1))

    def excess_over_threshold(value: float) -> float:
        return profile(value) - threshold

    interior = float(np.clip(logit, -MAX_LOGIT, MAX_LOGIT))
    ends = []
    for limit, end_value in ((-MAX_LOGIT, 0.0), (MAX_LOGIT, 1.0)):
        has_crossing = interior != limit and excess_over_threshold(limit) < 0.0 < excess_over_threshold(interior)
        ends.append(
            float(expit(brentq(excess_over_threshold, interior, limit, xtol=1e-4))) if has_crossing else end_value
        )
    return ends[0], ends[1]


def stopped_shares(record: Record, part: slice = slice(None)) -> tuple[StoppedShare, ...]:
    """Estimate the stopped share of each class in each span between breaks in reporting, for part of a record.

    Only days with a known launched count of at least 1 are used; spans without such a day are omitted.

    Args:
        record: The record.
        part: The days of the record to analyse.

    """
    days = record.days[part]
    record_part = record.between(days[0], days[-1])
    return tuple(
        stopped_share_in_span(
            record_part, klass, slice(start, stop), record_continues=bool(record_part.days[stop - 1] < record.days[-1])
        )
        for klass in record_part.classes
        for start, stop in spans(record_part, klass)
        if is_known_raid(record_part, klass)[start:stop].any()
    )


def is_known_raid(record: Record, klass: str) -> Flags:
    """Whether the launched count of a class is known and at least 1 on each day: (n,)."""
    column = record.classes.index(klass)
    return np.asarray(record.is_known[:, column] & (record.launched[:, column] > 0))


def spans(record: Record, klass: str) -> Iterator[tuple[int, int]]:
    """Yield the spans of a class between breaks in reporting, as indices (first day, day after the last)."""
    break_indices = {0, len(record)}
    for rule in record.reporting_rules:
        if rule.measure in COUNT_MEASURES and klass in rule.classes:
            last = rule.last or date.max
            for day, offset in ((rule.first, 0), (last, 1)):
                break_indices.add(int(np.searchsorted(record.days, np.datetime64(day))) + offset)
    return pairwise(sorted(index for index in break_indices if index <= len(record)))


def stopped_share_in_span(record: Record, klass: str, span: slice, *, record_continues: bool) -> StoppedShare:
    """Estimate the stopped share of one class in one span."""
    column, days = record.classes.index(klass), record.days[span]
    is_raid = is_known_raid(record, klass)[span]
    launched, stopped = (counts[span, column][is_raid] for counts in (record.launched, record.stopped))
    return StoppedShare(
        klass, days[0].astype(date), days[-1].astype(date), record_continues, len(launched),
        int(launched.sum()), int(stopped.sum()), *fit_beta_binomial(stopped, launched),
    )  # fmt: skip


def last_spans(shares: Sequence[StoppedShare]) -> tuple[StoppedShare, ...]:
    """The estimate for the last span of each class."""
    return tuple({share.klass: share for share in shares}.values())
