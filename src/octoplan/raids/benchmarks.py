"""Benchmark forecasters with which the fitted process is compared.

Each benchmark draws integer counts for the days after the origin, using only the counts up to the origin.
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
"""Maximum of a forecast mean or count, in weapons a day."""
MAX_TREND = log(1e3)
"""Maximum absolute change of the log mean over the period to which a trend is fitted."""
MIN_LOG_R, MAX_LOG_R = log(1e-3), log(1e6)
"""Bounds of the log dispersion parameter: more dispersed than any record, and practically Poisson."""

SMOOTHING_MODELS = ((None, False), ("add", False), ("add", True))
"""Exponential smoothing models compared by AICc: trend component, and whether the trend is damped."""


def random_generator(seed: int) -> np.random.Generator:
    """Random number generator for one forecast."""
    return np.random.Generator(np.random.Philox(seed))


def last_days(counts: Ints, days: int | None) -> Ints:
    """The last ``days`` days of a record, or all of them if ``days`` is None: (n, 2).

    Raises:
        ValueError: The record is empty, or ``days`` is below 1.

    """
    if not len(counts) or (days is not None and days < 1):
        raise ValueError(f"no days to forecast from: the last {days} of {len(counts)} days")
    return counts if days is None else counts[-days:]


@dataclass(frozen=True)
class Climatology:
    """Forecaster that draws runs of consecutive days of the record, each from a random first day.

    The record is treated as circular. The dependence between successive days, and between drones and missiles, is
    preserved; the current level is ignored.

    Args:
        days: Number of days at the end of the record to draw from; None for all days.

    """

    days: int | None = None

    @property
    def name(self) -> str:
        return "climatology" if self.days is None else f"climatology of {self.days} days"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Simulated counts for the days after the record: (draws, horizon, 2)."""
        recent_counts = last_days(counts, self.days)
        starts = random_generator(seed).integers(0, len(recent_counts), draws)
        paths: Ints = recent_counts[(starts[:, None] + np.arange(horizon)) % len(recent_counts)]
        return paths


@dataclass(frozen=True)
class ResampledDays:
    """Forecaster that draws days with replacement from the last ``days`` days, drones and missiles jointly."""

    days: int

    @property
    def name(self) -> str:
        return f"last {self.days} days"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Simulated counts for the days after the record: (draws, horizon, 2)."""
        recent_counts = last_days(counts, self.days)
        paths: Ints = recent_counts[random_generator(seed).integers(0, len(recent_counts), (draws, horizon))]
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
    """Maximum-likelihood estimate of the trend of daily counts; the last day is the origin.

    The likelihood is that of NB2 regression (Cameron and Trivedi 2013, section 3.3) in level, slope and log r, with an
    analytical gradient. The change of the log mean over the window is at most ``MAX_TREND``.

    Args:
        counts: (n,) weapons a day.

    """
    n = len(counts)
    values = counts.astype(np.float64)
    time = np.arange(1 - n, 1) / n

    def negative_log_likelihood(theta: Floats) -> tuple[float, Floats]:
        mean, r = np.exp(theta[0] + theta[1] * time), np.exp(theta[2])
        log_ratio = np.log1p(mean / r)
        terms = gammaln(values + r) - gammaln(r) + values * (np.log(mean / r) - log_ratio) - r * log_ratio
        mean_derivative = (values - mean) / (1 + mean / r)
        r_derivative = r * (digamma(values + r) - digamma(r) - log_ratio) - mean_derivative
        return -float(terms.sum()), -np.array([mean_derivative.sum(), mean_derivative @ time, r_derivative.sum()])

    mean = max(float(values.mean()), 0.5 / n)
    excess_variance = max(float(values.var()) - mean, 0.01 * mean)
    start = np.array([log(mean), 0.0, np.clip(log(mean**2 / excess_variance), MIN_LOG_R, MAX_LOG_R)])
    bounds = [(log(mean) - MAX_TREND, log(mean) + MAX_TREND), (-MAX_TREND, MAX_TREND), (MIN_LOG_R, MAX_LOG_R)]
    optimum = minimize(negative_log_likelihood, start, jac=True, method="L-BFGS-B", bounds=bounds)
    return Trend(float(optimum.x[0]), float(optimum.x[1]) / n, float(np.exp(optimum.x[2])))


@dataclass(frozen=True)
class NegativeBinomialTrend:
    """Forecaster that extrapolates a negative binomial distribution with a log-linear trend, fitted to ``days`` days.

    Drones and missiles have separate trends and are independent. Given the trend, days are independent; the uncertainty
    of the trend is ignored. A window of 180 days gave the best forecasts of 1-day and 7-day sums before 2025.
    """

    days: int = 180

    @property
    def name(self) -> str:
        return f"negative binomial, trend of {self.days} days"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Simulated counts for the days after the record: (draws, horizon, 2)."""
        recent_counts, rng = last_days(counts, self.days), random_generator(seed)
        paths = np.empty((draws, horizon, counts.shape[1]), np.int64)
        for package in range(counts.shape[1]):
            trend = fit_trend(recent_counts[:, package])
            rates = rng.gamma(trend.r, 1 / trend.r, (draws, horizon)) * trend.means(horizon)
            paths[..., package] = rng.poisson(rates)
        return paths


@dataclass(frozen=True)
class ExponentialSmoothing:
    """Forecaster by exponential smoothing (statsmodels) of the square roots of counts.

    The trend model is chosen by AICc from no trend, a trend and a damped trend. The square root stabilises the variance
    of counts. On records before 2025 it forecast better than log(1 + count), whose back-transform doubles the mean of a
    month. Drones and missiles are independent. Futures are simulated on the square-root scale with normal errors, and
    their squares are rounded to whole weapons.

    Raises:
        RuntimeError: statsmodels is not installed.

    """

    days: int = 365

    @property
    def name(self) -> str:
        return f"ETS of {self.days} days"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Simulated counts for the days after the record: (draws, horizon, 2)."""
        recent_counts, rng = last_days(counts, self.days), random_generator(seed)
        if not has_statsmodels():
            raise RuntimeError("exponential smoothing needs statsmodels: pip install 'octoplan[score]'")
        ets_model = import_module("statsmodels.tsa.exponential_smoothing.ets").ETSModel
        paths = np.empty((draws, horizon, counts.shape[1]), np.int64)
        for package in range(counts.shape[1]):
            square_roots = np.sqrt(recent_counts[:, package].astype(np.float64))
            models = [ets_model(square_roots, trend=trend, damped_trend=damped) for trend, damped in SMOOTHING_MODELS]
            with catch_warnings():
                simplefilter("ignore")
                best_fit = min((model.fit(disp=False) for model in models), key=lambda fitted: float(fitted.aicc))
            simulated_roots: Floats = best_fit.simulate(horizon, anchor="end", repetitions=draws, rng=rng).T
            paths[..., package] = np.rint(np.clip(simulated_roots, 0, sqrt(MAX_PER_DAY)) ** 2)
        return paths


def has_statsmodels() -> bool:
    """Whether statsmodels is installed."""
    return find_spec("statsmodels") is not None


def benchmarks() -> tuple[Forecaster, ...]:
    """The benchmarks used in every comparison; exponential smoothing is included only if statsmodels is installed."""
    without_smoothing = (Climatology(), Climatology(365), ResampledDays(28), ResampledDays(90), NegativeBinomialTrend())
    return (*without_smoothing, ExponentialSmoothing()) if has_statsmodels() else without_smoothing
