"""Stopped shares by class and epoch of reporting: a beta-binomial, since the outcomes of one day resemble one another.

The likelihood is summed over counts, not over days, and holds down to no correlation at all (Smith 1983, algorithm AS
189). Intervals are of the profile likelihood: two numbers, no random number needed, lopsided where the share nears 1,
and closed at 0 where the days show no more scatter than chance.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from math import exp, nan

import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit
from scipy.stats import chi2

from octoplan.raids.read.record import Flags, Record
from octoplan.scenario.arrays import Ints

LEVEL = 0.95
COUNTED = ("launched", "destroyed", "lost", "stopped")
"""Measures whose breaks part the shares; what a zero means and how often is reported do not change a day's sums."""
FARTHEST = 16.0
"""Bound on the logits of share and correlation: beyond it a day of a million weapons tells no difference."""


@dataclass(frozen=True)
class Interval:
    """A number and its 95 % interval; the number is nan where the days do not tell it."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        ends = f"({self.low:.2f} to {self.high:.2f})"
        return f"not told by these days {ends}" if np.isnan(self.value) else f"{self.value:.2f} {ends}"


@dataclass(frozen=True)
class Stopped:
    """The stopped share of a class in one epoch of reporting, and the correlation of the outcomes of one day.

    first, last  days of the epoch inside the part of the record; ``ended`` where the record goes on after it
    days         on which the class was launched, the count known
    share        mean share stopped of those launched
    correlation  intra-day, 1/(a + b + 1) for days whose share is Beta(a, b)
    """

    klass: str
    first: date
    last: date
    ended: bool
    days: int
    launched: int
    stopped: int
    share: Interval
    correlation: Interval

    @property
    def epoch(self) -> str:
        """The epoch in words: a month where it begins or ends with one, else a day."""
        if self.ended:
            return f"{begins(self.first)} to {self.last}"
        return f"since {begins(self.first)}"

    def __str__(self) -> str:
        return f"stopped share, {self.klass} {self.epoch}: {self.share}, intra-day correlation {self.correlation}"


def begins(day: date) -> str:
    return f"{day:%Y-%m}" if day.day == 1 else str(day)


@dataclass(frozen=True, eq=False)
class Counts:
    """What the likelihood needs of days of (stopped, launched): how many days have more than j, for each j from 0.

    stopped, missed, launched  days, each (the most of a day,)
    """

    stopped: Ints
    missed: Ints
    launched: Ints

    @classmethod
    def of(cls, stopped: Ints, launched: Ints) -> "Counts":
        return cls(above(stopped), above(launched - stopped), above(launched))

    def log_likelihood(self, share: float, correlation: float) -> float:
        """Beta-binomial log-likelihood, less the binomial coefficients.

        Σ_j A_j log(m + jθ) + B_j log(1 - m + jθ) - N_j log(1 + jθ), with θ = ρ/(1 - ρ) and A, B, N the days with more
        than j stopped, missed, launched (Smith 1983).
        """
        step = correlation / (1.0 - correlation) * np.arange(len(self.launched))
        gained = self.stopped @ np.log(share + step[: len(self.stopped)])
        gained += self.missed @ np.log(1.0 - share + step[: len(self.missed)])
        return float(gained - self.launched @ np.log1p(step))


def above(counts: Ints) -> Ints:
    """Days whose count is more than j, for j from 0 to the most less 1: (most,)."""
    found: Ints = len(counts) - np.cumsum(np.bincount(counts))[:-1]
    return found


def fit_share(stopped: Ints, launched: Ints) -> tuple[Interval, Interval]:
    """Mean share and intra-day correlation of greatest likelihood for days of counts, each with its interval.

    stopped, launched
        (days,) weapons, 0 <= stopped <= launched, at least one launched each day.

    Raises ValueError for no day, and for counts that cannot be. The correlation is not told (nan, 0 to 1) where all or
    none were stopped, or fewer than two days saw two or more launched; the share is then that of the sums.
    """
    if not len(stopped) or (launched < 1).any() or (stopped < 0).any() or (stopped > launched).any():
        raise ValueError(f"{len(stopped)} days of stopped and launched: each needs 0 <= stopped <= launched >= 1")
    counts = Counts.of(stopped, launched)
    mean = float(stopped.sum() / launched.sum())

    def at(x: float, y: float) -> float:
        return counts.log_likelihood(1.0 / (1.0 + exp(-x)), 1.0 / (1.0 + exp(-y)))

    def by_share(x: float) -> float:
        return peak(lambda y: at(x, y))[1]

    def by_correlation(y: float) -> float:
        return peak(lambda x: at(x, y))[1]

    best, most = peak(by_share) if 0.0 < mean < 1.0 else (np.inf if mean else -np.inf, 0.0)
    told = 0.0 < mean < 1.0 and int((launched > 1).sum()) > 1
    share = Interval(float(expit(best)) if told else mean, *ends(by_share, best, most))
    if not told:
        return share, Interval(nan, 0.0, 1.0)
    scatter, most = peak(by_correlation)
    if most - by_correlation(-FARTHEST) < 1e-6:
        scatter = -np.inf
    return share, Interval(float(expit(scatter)), *ends(by_correlation, scatter, most))


def peak(height: Callable[[float], float]) -> tuple[float, float]:
    """Where a function of one logit is highest, and how high."""
    found = minimize_scalar(
        lambda x: -height(x), bounds=(-FARTHEST, FARTHEST), method="bounded", options={"xatol": 1e-4}
    )
    return float(found.x), -float(found.fun)


def ends(height: Callable[[float], float], best: float, most: float) -> tuple[float, float]:
    """Ends of the interval in which a profile is within chi2(1)/2 of its peak; 0 or 1 where it does not fall so far."""
    fall = most - 0.5 * float(chi2.ppf(LEVEL, 1))

    def gap(x: float) -> float:
        return height(x) - fall

    inside = float(np.clip(best, -FARTHEST, FARTHEST))
    found = []
    for side, edge in ((-FARTHEST, 0.0), (FARTHEST, 1.0)):
        beyond = inside != side and gap(side) < 0.0 < gap(inside)
        found.append(float(expit(brentq(gap, inside, side, xtol=1e-4))) if beyond else edge)
    return found[0], found[1]


def shares(record: Record, part: slice = slice(None)) -> tuple[Stopped, ...]:
    """The stopped share of each class in each epoch between known breaks that has a day of it, in a part of a record.

    Days count where the class was launched and how many is known; no more is stopped than launched (``Record``).
    """
    days = record.days[part]
    chosen = record.between(days[0], days[-1])
    return tuple(
        share_of(chosen, klass, slice(start, stop), ended=bool(chosen.days[stop - 1] < record.days[-1]))
        for klass in chosen.classes
        for start, stop in epochs(chosen, klass)
        if thrown(chosen, klass)[start:stop].any()
    )


def thrown(record: Record, klass: str) -> Flags:
    """Days on which a known count of a class, one or more, was launched: (n,)."""
    column = record.classes.index(klass)
    return np.asarray(record.known[:, column] & (record.launched[:, column] > 0))


def epochs(record: Record, klass: str) -> Iterator[tuple[int, int]]:
    """The first day of each epoch of a class and the day after its last, as places in the record."""
    edges = {0, len(record)}
    for each in record.breaks:
        if each.measure in COUNTED and klass in each.classes:
            last = each.last or date.max
            for day, later in ((each.first, 0), (last, 1)):
                edges.add(int(np.searchsorted(record.days, np.datetime64(day))) + later)
    inside = sorted(edge for edge in edges if edge <= len(record))
    return pairwise(inside)


def share_of(record: Record, klass: str, epoch: slice, *, ended: bool) -> Stopped:
    """The share of one class in one epoch."""
    column, days = record.classes.index(klass), record.days[epoch]
    here = thrown(record, klass)[epoch]
    launched, stopped = (counts[epoch, column][here] for counts in (record.launched, record.stopped))
    return Stopped(
        klass, days[0].astype(date), days[-1].astype(date), ended, len(launched),
        int(launched.sum()), int(stopped.sum()), *fit_share(stopped, launched),
    )  # fmt: skip


def latest(found: Sequence[Stopped]) -> tuple[Stopped, ...]:
    """The last epoch of each class."""
    return tuple({each.klass: each for each in found}.values())
