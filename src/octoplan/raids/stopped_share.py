"""Stopped shares by class and span of reporting, as a beta-binomial, since outcomes on the same day are correlated.

On a day with n launched, the number stopped is Binomial(n, π) with π ~ Beta(a, b): mean share m = a/(a + b) and
intra-day correlation ρ = 1/(a + b + 1). The likelihood is summed over counts rather than days and is defined down to
ρ = 0 (Smith 1983, algorithm AS 189). Intervals are profile-likelihood intervals, which are asymmetric where the share
is near 1 and closed at 0 where the days vary no more than a binomial.
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

LEVEL = 0.95
"""Confidence level of the intervals."""
COUNT_MEASURES = ("launched", "destroyed", "lost", "stopped")
"""Measures whose breaks separate spans; the meaning of a zero and the period of a report do not change daily sums."""
MAX_LOGIT = 16.0
"""Bound on the logits of share and correlation; the likelihood of a million weapons a day is flat beyond it."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; the number is nan where the data do not identify it."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        interval = f"({self.low:.2f} to {self.high:.2f})"
        return f"not identified by these days {interval}" if isnan(self.value) else f"{self.value:.2f} {interval}"


@dataclass(frozen=True)
class StoppedShare:
    """The stopped share of a class in one span between breaks of reporting.

    Args:
        klass: The class.
        first: First day of the span within the chosen part of the record.
        last: Last day of the span within the chosen part of the record.
        ended: Whether the record continues after the span.
        days: Days on which the class was launched and the count is known.
        launched: Weapons launched on these days.
        stopped: Weapons destroyed or lost on these days.
        share: Mean share of a day's weapons that is stopped, m.
        correlation: Intra-day correlation of outcomes, ρ.

    """

    klass: str
    first: date
    last: date
    ended: bool
    days: int
    launched: int
    stopped: int
    share: Estimate
    correlation: Estimate

    @property
    def span(self) -> str:
        """The span in words; a month where it begins with one, otherwise a day."""
        if self.ended:
            return f"{month_or_day(self.first)} to {self.last}"
        return f"since {month_or_day(self.first)}"

    def __str__(self) -> str:
        return f"stopped share, {self.klass} {self.span}: {self.share}, intra-day correlation {self.correlation}"


def month_or_day(day: date) -> str:
    return f"{day:%Y-%m}" if day.day == 1 else str(day)


@dataclass(frozen=True, eq=False)
class ExceedanceCounts:
    """The sufficient statistics of the likelihood: numbers of days with more than j weapons, for j = 0, 1, ...

    Args:
        stopped: (largest stopped count of a day,) days with more than j stopped.
        missed: (largest missed count of a day,) days with more than j launched and not stopped.
        launched: (largest launched count of a day,) days with more than j launched.

    """

    stopped: Ints
    missed: Ints
    launched: Ints

    @classmethod
    def of(cls, stopped: Ints, launched: Ints) -> "ExceedanceCounts":
        return cls(days_above(stopped), days_above(launched - stopped), days_above(launched))

    def log_likelihood(self, share: float, correlation: float) -> float:
        """Beta-binomial log likelihood without the binomial coefficients (Smith 1983).

        Σ_j A_j log(m + jθ) + B_j log(1 - m + jθ) - N_j log(1 + jθ) with θ = ρ/(1 - ρ), where A, B and N are the days
        with more than j stopped, missed and launched.
        """
        step = correlation / (1.0 - correlation) * np.arange(len(self.launched))
        value = self.stopped @ np.log(share + step[: len(self.stopped)])
        value += self.missed @ np.log(1.0 - share + step[: len(self.missed)])
        return float(value - self.launched @ np.log1p(step))


def days_above(counts: Ints) -> Ints:
    """Days whose count is more than j, for j from 0 to the largest count less 1: (largest count,)."""
    days: Ints = len(counts) - np.cumsum(np.bincount(counts))[:-1]
    return days


def fit_beta_binomial(stopped: Ints, launched: Ints) -> tuple[Estimate, Estimate]:
    """Maximum-likelihood estimates of the mean share and the intra-day correlation.

    The correlation is not identified (nan, 0 to 1) where all or none were stopped, or where fewer than two days had two
    or more launched; the share is then the ratio of the sums.

    Args:
        stopped: (days,) weapons, at least 0 and at most those launched.
        launched: (days,) weapons, at least 1.

    Raises:
        ValueError: There is no day, or the counts are impossible.

    """
    if not len(stopped) or (launched < 1).any() or (stopped < 0).any() or (stopped > launched).any():
        raise ValueError(f"{len(stopped)} days of stopped and launched: each needs 0 <= stopped <= launched >= 1")
    counts = ExceedanceCounts.of(stopped, launched)
    mean = float(stopped.sum() / launched.sum())

    def log_likelihood(share_logit: float, correlation_logit: float) -> float:
        return counts.log_likelihood(float(expit(share_logit)), float(expit(correlation_logit)))

    def share_profile(share_logit: float) -> float:
        return maximum(lambda logit: log_likelihood(share_logit, logit))[1]

    def correlation_profile(correlation_logit: float) -> float:
        return maximum(lambda logit: log_likelihood(logit, correlation_logit))[1]

    logit, highest = maximum(share_profile) if 0.0 < mean < 1.0 else (np.inf if mean else -np.inf, 0.0)
    identified = 0.0 < mean < 1.0 and int((launched > 1).sum()) > 1
    share = Estimate(float(expit(logit)) if identified else mean, *profile_interval(share_profile, logit, highest))
    if not identified:
        return share, Estimate(nan, 0.0, 1.0)
    logit, highest = maximum(correlation_profile)
    if highest - correlation_profile(-MAX_LOGIT) < 1e-6:
        logit = -np.inf
    return share, Estimate(float(expit(logit)), *profile_interval(correlation_profile, logit, highest))


def maximum(function: Callable[[float], float]) -> tuple[float, float]:
    """The logit at which a function is largest, and its value there."""
    optimum = minimize_scalar(
        lambda logit: -function(logit), bounds=(-MAX_LOGIT, MAX_LOGIT), method="bounded", options={"xatol": 1e-4}
    )
    return float(optimum.x), -float(optimum.fun)


def profile_interval(profile: Callable[[float], float], logit: float, highest: float) -> tuple[float, float]:
    """Ends of the profile-likelihood interval: where the profile is half a chi-squared quantile below its maximum.

    Args:
        profile: Profile log likelihood as a function of a logit.
        logit: Where it is largest; infinite where it is monotonic.
        highest: Its maximum.

    Returns:
        The ends as probabilities; 0 or 1 where the profile does not fall so far.

    """
    threshold = highest - 0.5 * float(chi2.ppf(LEVEL, 1))

    def excess(value: float) -> float:
        return profile(value) - threshold

    inside = float(np.clip(logit, -MAX_LOGIT, MAX_LOGIT))
    ends = []
    for bound, edge in ((-MAX_LOGIT, 0.0), (MAX_LOGIT, 1.0)):
        crosses = inside != bound and excess(bound) < 0.0 < excess(inside)
        ends.append(float(expit(brentq(excess, inside, bound, xtol=1e-4))) if crosses else edge)
    return ends[0], ends[1]


def stopped_shares(record: Record, part: slice = slice(None)) -> tuple[StoppedShare, ...]:
    """The stopped share of each class in each span between known breaks, for part of a record.

    Days count where the class was launched and its launched count is known; spans without such a day are left out.
    """
    days = record.days[part]
    selected = record.between(days[0], days[-1])
    return tuple(
        share_in_span(selected, klass, slice(start, stop), ended=bool(selected.days[stop - 1] < record.days[-1]))
        for klass in selected.classes
        for start, stop in spans(selected, klass)
        if known_raids(selected, klass)[start:stop].any()
    )


def known_raids(record: Record, klass: str) -> Flags:
    """Days on which a known number of a class, one or more, was launched: (n,)."""
    column = record.classes.index(klass)
    return np.asarray(record.known[:, column] & (record.launched[:, column] > 0))


def spans(record: Record, klass: str) -> Iterator[tuple[int, int]]:
    """The spans of a class between breaks of its counts, as indices of the first day and of the day after the last."""
    edges = {0, len(record)}
    for rule in record.breaks:
        if rule.measure in COUNT_MEASURES and klass in rule.classes:
            last = rule.last or date.max
            for day, offset in ((rule.first, 0), (last, 1)):
                edges.add(int(np.searchsorted(record.days, np.datetime64(day))) + offset)
    return pairwise(sorted(edge for edge in edges if edge <= len(record)))


def share_in_span(record: Record, klass: str, span: slice, *, ended: bool) -> StoppedShare:
    """The stopped share of one class in one span."""
    column, days = record.classes.index(klass), record.days[span]
    raids = known_raids(record, klass)[span]
    launched, stopped = (counts[span, column][raids] for counts in (record.launched, record.stopped))
    return StoppedShare(
        klass, days[0].astype(date), days[-1].astype(date), ended, len(launched),
        int(launched.sum()), int(stopped.sum()), *fit_beta_binomial(stopped, launched),
    )  # fmt: skip


def last_spans(shares: Sequence[StoppedShare]) -> tuple[StoppedShare, ...]:
    """The last span of each class."""
    return tuple({share.klass: share for share in shares}.values())
