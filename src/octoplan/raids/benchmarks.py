"""The rivals: simple and general forecasters of raids that a fitted process has to be better than.

Each is handed the counts up to an origin and draws possible futures after it, in whole weapons; none knows more. All
but ``General`` are a few lines, so that whoever doubts a comparison can check what was compared.
"""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from math import log, sqrt
from warnings import catch_warnings, simplefilter

import numpy as np
from scipy.optimize import minimize
from scipy.special import digamma, gammaln

from octoplan.raids.score import Forecaster
from octoplan.scenario.arrays import Floats, Ints

MOST = 1e6
"""Weapons of a class a day beyond which no trend or model is followed."""
STEEPEST, NARROWEST, WIDEST = log(1e3), log(1e6), log(1e-3)
"""Bounds of the trend over its window and of log r: to all purposes Poisson, and far wider than any record."""

SMOOTHERS = ((None, False), ("add", False), ("add", True))
"""Trend and whether it is damped, of the smoothers that the general forecaster chooses from."""


def generator(seed: int) -> np.random.Generator:
    """A stream of random numbers of its own for one forecast."""
    return np.random.Generator(np.random.Philox(seed))


def trailing(counts: Ints, days: int | None) -> Ints:
    """The last days of a record, all of it for None; raises ValueError where there is none."""
    if not len(counts) or (days is not None and days < 1):
        raise ValueError(f"the last {days} of {len(counts)} days are nothing to forecast from")
    return counts if days is None else counts[-days:]


@dataclass(frozen=True)
class Climatology:
    """Stretches of the record as they were, each as likely as another; the end of the record is joined to its start.

    What follows what on successive days is kept, and so is the pair; where the present stands is not looked at.
    ``days`` takes the last so many days alone.
    """

    days: int | None = None

    @property
    def name(self) -> str:
        return "climatology" if self.days is None else f"climatology of {self.days} days"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Possible futures: (draws, horizon, 2)."""
        seen = trailing(counts, self.days)
        starts = generator(seed).integers(0, len(seen), draws)
        drawn: Ints = seen[(starts[:, None] + np.arange(horizon)) % len(seen)]
        return drawn


@dataclass(frozen=True)
class Resampled:
    """Days drawn with replacement from the last ``days``, drones and missiles of a day together."""

    days: int

    @property
    def name(self) -> str:
        return f"last {self.days} days"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Possible futures: (draws, horizon, 2)."""
        seen = trailing(counts, self.days)
        drawn: Ints = seen[generator(seed).integers(0, len(seen), (draws, horizon))]
        return drawn


@dataclass(frozen=True)
class Trend:
    """A negative binomial with log-linear mean: log mean of day d after the origin (d = 0 is its own), and r.

    log mean = level + slope·d, variance = mean + mean²/r.
    """

    level: float
    slope: float
    r: float

    def means(self, horizon: int) -> Floats:
        """Mean count of each day after the origin, at most ``MOST``: (horizon,)."""
        means: Floats = np.exp(np.minimum(self.level + self.slope * np.arange(1, horizon + 1), log(MOST)))
        return means


def fit_trend(seen: Ints) -> Trend:
    """Level, slope and r of greatest likelihood for the counts of successive days, the last that of the origin.

    The likelihood is that of the NB2 regression (Cameron and Trivedi 2013, section 3.3), log r the third unknown;
    the gradient is exact. The slope is bounded to a thousandfold over the window.
    """
    n = len(seen)
    counts = seen.astype(np.float64)
    time = np.arange(1 - n, 1) / n

    def lost(unknowns: Floats) -> tuple[float, Floats]:
        mean, r = np.exp(unknowns[0] + unknowns[1] * time), np.exp(unknowns[2])
        share = np.log1p(mean / r)
        gain = gammaln(counts + r) - gammaln(r) + counts * (np.log(mean / r) - share) - r * share
        by_mean = (counts - mean) / (1 + mean / r)
        by_r = r * (digamma(counts + r) - digamma(r) - share) - by_mean
        return -float(gain.sum()), -np.array([by_mean.sum(), by_mean @ time, by_r.sum()])

    mean = max(float(counts.mean()), 0.5 / n)
    over = max(float(counts.var()) - mean, 0.01 * mean)
    start = np.array([log(mean), 0.0, np.clip(log(mean**2 / over), WIDEST, NARROWEST)])
    bounds = [(log(mean) - STEEPEST, log(mean) + STEEPEST), (-STEEPEST, STEEPEST), (WIDEST, NARROWEST)]
    found = minimize(lost, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return Trend(float(found.x[0]), float(found.x[1]) / n, float(np.exp(found.x[2])))


@dataclass(frozen=True)
class NegativeBinomialTrend:
    """A negative binomial with log-linear trend for each class, fitted to the last ``days`` and carried on.

    The two classes are drawn apart, and so are the days given the trend; the fit is taken for the truth. Half a year
    is the window that did best over a day and a week before 2025, and well over a month: a shorter one runs away,
    a longer one is late.
    """

    days: int = 180

    @property
    def name(self) -> str:
        return f"negative binomial, trend of {self.days} days"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Possible futures: (draws, horizon, 2)."""
        seen, rng = trailing(counts, self.days), generator(seed)
        drawn = np.empty((draws, horizon, counts.shape[1]), np.int64)
        for each in range(counts.shape[1]):
            trend = fit_trend(seen[:, each])
            rates = rng.gamma(trend.r, 1 / trend.r, (draws, horizon)) * trend.means(horizon)
            drawn[..., each] = rng.poisson(rates)
        return drawn


@dataclass(frozen=True)
class General:
    """Exponential smoothing by statsmodels on square roots, each class apart: level, trend or damped trend by AICc.

    The root gives counts that vary with their level an even spread, and keeps a nought near a small count: on days
    before 2025 it forecast better than log(1 + count), whose back-transform doubles the mean of a month. Futures are
    simulated on that scale with normal errors, and rounded to whole weapons. Raises RuntimeError where statsmodels
    is not installed.
    """

    days: int = 365

    @property
    def name(self) -> str:
        return f"ETS of {self.days} days"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Possible futures: (draws, horizon, 2)."""
        seen, rng = trailing(counts, self.days), generator(seed)
        if not has_general():
            raise RuntimeError("the general forecaster needs statsmodels; install octoplan[score]")
        ets = import_module("statsmodels.tsa.exponential_smoothing.ets").ETSModel
        drawn = np.empty((draws, horizon, counts.shape[1]), np.int64)
        for each in range(counts.shape[1]):
            roots = np.sqrt(seen[:, each].astype(np.float64))
            models = [ets(roots, trend=trend, damped_trend=damped) for trend, damped in SMOOTHERS]
            with catch_warnings():
                simplefilter("ignore")
                best = min((model.fit(disp=False) for model in models), key=lambda fitted: float(fitted.aicc))
            ahead: Floats = best.simulate(horizon, anchor="end", repetitions=draws, rng=rng).T
            drawn[..., each] = np.rint(np.clip(ahead, 0, sqrt(MOST)) ** 2)
        return drawn


def has_general() -> bool:
    """Whether statsmodels is installed."""
    return find_spec("statsmodels") is not None


def rivals() -> tuple[Forecaster, ...]:
    """The rivals of every comparison; the general one where its library is installed."""
    always = (Climatology(), Climatology(365), Resampled(28), Resampled(90), NegativeBinomialTrend())
    return (*always, General()) if has_general() else always
