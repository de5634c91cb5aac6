"""Benchmarks: simple and general forecasters with which the fitted process is compared.

Each draws futures after an origin from the counts up to it, in whole weapons.
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

MAX_PER_DAY = 1e6
"""Weapons of a class on one day at which every forecast is cut off."""
MAX_TREND = log(1e3)
"""Largest change of the log mean over the window of a trend."""
MIN_LOG_R, MAX_LOG_R = log(1e-3), log(1e6)
"""Bounds of the log dispersion parameter: far more dispersed than any record, and practically Poisson."""

SMOOTHERS = ((None, False), ("add", False), ("add", True))
"""Trend component, and whether it is damped, of the exponential smoothing models that are compared by AICc."""


def generator(seed: int) -> np.random.Generator:
    """The random number generator of one forecast."""
    return np.random.Generator(np.random.Philox(seed))


def trailing(counts: Ints, days: int | None) -> Ints:
    """The last days of a record, or all of it for None; raises ValueError where there is none."""
    if not len(counts) or (days is not None and days < 1):
        raise ValueError(f"no days to forecast from: the last {days} of {len(counts)} days")
    return counts if days is None else counts[-days:]


@dataclass(frozen=True)
class Climatology:
    """Stretches of the record from a random first day, the end of the record joined to its beginning.

    The dependence between successive days, and between drones and missiles, is kept; the current level is ignored.

    Args:
        days: Days at the end of the record that are used; None for all.

    """

    days: int | None = None

    @property
    def name(self) -> str:
        return "climatology" if self.days is None else f"climatology of {self.days} days"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Possible futures: (draws, horizon, 2)."""
        recent = trailing(counts, self.days)
        starts = generator(seed).integers(0, len(recent), draws)
        paths: Ints = recent[(starts[:, None] + np.arange(horizon)) % len(recent)]
        return paths


@dataclass(frozen=True)
class Resampled:
    """Days paths with replacement from the last ``days`` days, drones and missiles of a day together."""

    days: int

    @property
    def name(self) -> str:
        return f"last {self.days} days"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Possible futures: (draws, horizon, 2)."""
        recent = trailing(counts, self.days)
        paths: Ints = recent[generator(seed).integers(0, len(recent), (draws, horizon))]
        return paths


@dataclass(frozen=True)
class Trend:
    """A negative binomial distribution with a log-linear trend: log mean = level + slope·d, variance = mean + mean²/r.

    Args:
        level: Log mean on the day of the origin, d = 0.
        slope: Change of the log mean per day.
        r: Dispersion parameter.

    """

    level: float
    slope: float
    r: float

    def means(self, horizon: int) -> Floats:
        """Mean count of each day after the origin, at most ``MAX_PER_DAY``: (horizon,)."""
        means: Floats = np.exp(np.minimum(self.level + self.slope * np.arange(1, horizon + 1), log(MAX_PER_DAY)))
        return means


def fit_trend(counts: Ints) -> Trend:
    """Maximum-likelihood trend of the counts of successive days, of which the last is the origin.

    The likelihood is that of NB2 regression (Cameron and Trivedi 2013, section 3.3) in level, slope and log r, with an
    exact gradient. The trend is bounded by ``MAX_TREND`` over the window.

    Args:
        counts: (n,) counts.

    """
    n = len(counts)
    values = counts.astype(np.float64)
    time = np.arange(1 - n, 1) / n

    def negative_log_likelihood(theta: Floats) -> tuple[float, Floats]:
        mean, r = np.exp(theta[0] + theta[1] * time), np.exp(theta[2])
        log_ratio = np.log1p(mean / r)
        terms = gammaln(values + r) - gammaln(r) + values * (np.log(mean / r) - log_ratio) - r * log_ratio
        by_mean = (values - mean) / (1 + mean / r)
        by_r = r * (digamma(values + r) - digamma(r) - log_ratio) - by_mean
        return -float(terms.sum()), -np.array([by_mean.sum(), by_mean @ time, by_r.sum()])

    mean = max(float(values.mean()), 0.5 / n)
    excess_variance = max(float(values.var()) - mean, 0.01 * mean)
    start = np.array([log(mean), 0.0, np.clip(log(mean**2 / excess_variance), MIN_LOG_R, MAX_LOG_R)])
    bounds = [(log(mean) - MAX_TREND, log(mean) + MAX_TREND), (-MAX_TREND, MAX_TREND), (MIN_LOG_R, MAX_LOG_R)]
    optimum = minimize(negative_log_likelihood, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return Trend(float(optimum.x[0]), float(optimum.x[1]) / n, float(np.exp(optimum.x[2])))


@dataclass(frozen=True)
class NegativeBinomialTrend:
    """A negative binomial with a log-linear trend, fitted to each package's last ``days`` days and extrapolated.

    Packages, and days given the trend, are independent; the uncertainty of the trend is ignored. Half a year was the
    best window for sums of a day and of a week before 2025.
    """

    days: int = 180

    @property
    def name(self) -> str:
        return f"negative binomial, trend of {self.days} days"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Possible futures: (draws, horizon, 2)."""
        recent, rng = trailing(counts, self.days), generator(seed)
        paths = np.empty((draws, horizon, counts.shape[1]), np.int64)
        for package in range(counts.shape[1]):
            trend = fit_trend(recent[:, package])
            rates = rng.gamma(trend.r, 1 / trend.r, (draws, horizon)) * trend.means(horizon)
            paths[..., package] = rng.poisson(rates)
        return paths


@dataclass(frozen=True)
class ExponentialSmoothing:
    """Exponential smoothing (statsmodels) of square roots: no trend, a trend or a damped trend, chosen by AICc.

    The square root stabilises the variance of counts. On days before 2025 it forecast better than log(1 + count), whose
    back-transform doubles the mean of a month. Packages are independent; futures are simulated on the transformed scale
    with normal errors and rounded to whole weapons.

    Raises:
        RuntimeError: statsmodels is not installed.

    """

    days: int = 365

    @property
    def name(self) -> str:
        return f"ETS of {self.days} days"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Possible futures: (draws, horizon, 2)."""
        recent, rng = trailing(counts, self.days), generator(seed)
        if not has_statsmodels():
            raise RuntimeError("exponential smoothing needs statsmodels: pip install 'octoplan[score]'")
        ets = import_module("statsmodels.tsa.exponential_smoothing.ets").ETSModel
        paths = np.empty((draws, horizon, counts.shape[1]), np.int64)
        for package in range(counts.shape[1]):
            roots = np.sqrt(recent[:, package].astype(np.float64))
            models = [ets(roots, trend=trend, damped_trend=damped) for trend, damped in SMOOTHERS]
            with catch_warnings():
                simplefilter("ignore")
                best = min((model.fit(disp=False) for model in models), key=lambda fitted: float(fitted.aicc))
            ahead: Floats = best.simulate(horizon, anchor="end", repetitions=draws, rng=rng).T
            paths[..., package] = np.rint(np.clip(ahead, 0, sqrt(MAX_PER_DAY)) ** 2)
        return paths


def has_statsmodels() -> bool:
    """Whether statsmodels is installed."""
    return find_spec("statsmodels") is not None


def benchmarks() -> tuple[Forecaster, ...]:
    """The benchmarks of every comparison; exponential smoothing only where statsmodels is installed."""
    simple = (Climatology(), Climatology(365), Resampled(28), Resampled(90), NegativeBinomialTrend())
    return (*simple, ExponentialSmoothing()) if has_statsmodels() else simple
