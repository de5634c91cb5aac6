"""Univariate distributions: their quantiles, and their construction from quantities that experts can state.

A distribution is stated by its P10 and P90 (normal, lognormal, logitnormal, gamma, beta), its minimum, mode and maximum
(triangular, pert), its minimum and maximum (uniform), or a list of values (discrete, empirical).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, inf, log
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import special

from octoplan.errors import DistributionError

Floats = NDArray[np.float64]

Z_P90 = float(special.ndtri(0.9))
"""P90 of the standard normal distribution, 1.28."""
MAX_PROBABILITY_OUTSIDE = 0.01
"""Largest probability that an unbounded distribution may have outside the permitted range of its parameter."""


class Distribution(Protocol):
    """A univariate distribution."""

    def quantile(self, probability: Floats) -> Floats:
        """Quantiles at an array of probabilities in (0, 1), in the same shape."""

    def cdf(self, value: float) -> float:
        """Probability that a draw is at most the value."""

    def __hash__(self) -> int: ...


@dataclass(frozen=True)
class Fixed:
    """The same value in all futures."""

    value: float

    def quantile(self, probability: Floats) -> Floats:
        return np.full(np.shape(probability), self.value)

    def cdf(self, value: float) -> float:
        return float(self.value <= value)


@dataclass(frozen=True)
class Uniform:
    """The uniform distribution on [low, high]."""

    low: float
    high: float

    def quantile(self, probability: Floats) -> Floats:
        return self.low + (self.high - self.low) * probability

    def cdf(self, value: float) -> float:
        return float(np.clip((value - self.low) / (self.high - self.low), 0.0, 1.0))


@dataclass(frozen=True)
class Triangular:
    """The triangular distribution with a minimum, a mode and a maximum."""

    low: float
    mode: float
    high: float

    def quantile(self, probability: Floats) -> Floats:
        width, left_width, right_width = self.high - self.low, self.mode - self.low, self.high - self.mode
        below_mode = self.low + np.sqrt(probability * width * left_width)
        above_mode = self.high - np.sqrt((1 - probability) * width * right_width)
        return np.where(probability * width < left_width, below_mode, above_mode)

    def cdf(self, value: float) -> float:
        value = min(max(value, self.low), self.high)
        width = self.high - self.low
        if value < self.mode:
            return (value - self.low) ** 2 / (width * (self.mode - self.low))
        return 1 - ((self.high - value) ** 2 / (width * (self.high - self.mode)) if value < self.high else 0.0)


@dataclass(frozen=True)
class Normal:
    """A normal distribution with a mean and a standard deviation."""

    mean: float
    standard_deviation: float

    def quantile(self, probability: Floats) -> Floats:
        return self.mean + self.standard_deviation * np.asarray(special.ndtri(probability))

    def cdf(self, value: float) -> float:
        return float(special.ndtr((value - self.mean) / self.standard_deviation))


@dataclass(frozen=True)
class Lognormal:
    """A lognormal distribution; ``mean`` and ``standard_deviation`` are those of the logarithm."""

    mean: float
    standard_deviation: float

    def quantile(self, probability: Floats) -> Floats:
        return np.asarray(
            np.exp(self.mean + self.standard_deviation * np.asarray(special.ndtri(probability))), np.float64
        )

    def cdf(self, value: float) -> float:
        return float(special.ndtr((log(value) - self.mean) / self.standard_deviation)) if value > 0 else 0.0


@dataclass(frozen=True)
class LogitNormal:
    """A logit-normal distribution; ``mean`` and ``standard_deviation`` are those of the logit, log(x / (1 - x))."""

    mean: float
    standard_deviation: float

    def quantile(self, probability: Floats) -> Floats:
        return np.asarray(
            special.expit(self.mean + self.standard_deviation * np.asarray(special.ndtri(probability))), np.float64
        )

    def cdf(self, value: float) -> float:
        if not 0.0 < value < 1.0:
            return float(value >= 1.0)
        return float(special.ndtr((special.logit(value) - self.mean) / self.standard_deviation))


@dataclass(frozen=True)
class Gamma:
    """A gamma distribution with a shape and a scale."""

    shape: float
    scale: float

    def quantile(self, probability: Floats) -> Floats:
        return np.asarray(self.scale * special.gammaincinv(self.shape, probability), np.float64)

    def cdf(self, value: float) -> float:
        return float(special.gammainc(self.shape, value / self.scale)) if value > 0 else 0.0


@dataclass(frozen=True)
class Beta:
    """A beta distribution with shape parameters a and b, scaled to [low, high]; PERT distributions are of this form."""

    a: float
    b: float
    low: float = 0.0
    high: float = 1.0

    def quantile(self, probability: Floats) -> Floats:
        return self.low + (self.high - self.low) * np.asarray(special.betaincinv(self.a, self.b, probability))

    def cdf(self, value: float) -> float:
        return float(special.betainc(self.a, self.b, np.clip((value - self.low) / (self.high - self.low), 0, 1)))


@dataclass(frozen=True)
class Discrete:
    """A discrete distribution: values in ascending order, and their cumulative probabilities."""

    values: tuple[float, ...]
    cumulative: tuple[float, ...]

    def quantile(self, probability: Floats) -> Floats:
        index = np.searchsorted(self.cumulative, probability, side="left")
        return np.asarray(self.values)[np.minimum(index, len(self.values) - 1)]

    def cdf(self, value: float) -> float:
        index = int(np.searchsorted(self.values, value, side="right"))
        return self.cumulative[index - 1] if index else 0.0

    def probabilities(self) -> Floats:
        """The probabilities of the distinct values in ascending order."""
        values, cumulative = np.asarray(self.values), np.asarray(self.cumulative)
        return np.diff(cumulative[np.append(values[1:] != values[:-1], True)], prepend=0.0)


@dataclass(frozen=True)
class Sample:
    """The empirical distribution of draws that are equally likely, such as those of a posterior.

    Attributes:
        values: (lines,) the draws, in the order of the file in which they are.

    """

    values: tuple[float, ...]

    @cached_property
    def sorted_values(self) -> Floats:
        """(lines,) the draws in ascending order."""
        return np.sort(np.asarray(self.values, np.float64))

    def quantile(self, probability: Floats) -> Floats:
        return self.sorted_values[line_numbers(probability, len(self.values))]

    def cdf(self, value: float) -> float:
        return float(np.searchsorted(self.sorted_values, value, side="right")) / len(self.values)


def line_numbers(uniforms: Floats, lines: int) -> NDArray[np.int64]:
    """Numbers of lines from uniform draws in (0, 1): the integer part of the draw times the number of lines."""
    return np.minimum((np.asarray(uniforms) * lines).astype(np.int64), lines - 1)


@dataclass(frozen=True)
class Truncated:
    """A distribution truncated to [low, high]: conditional on a value in this interval."""

    distribution: Distribution
    low: float
    high: float

    def quantile(self, probability: Floats) -> Floats:
        cdf_low, cdf_high = self.distribution.cdf(self.low), self.distribution.cdf(self.high)
        return np.clip(self.distribution.quantile(cdf_low + probability * (cdf_high - cdf_low)), self.low, self.high)

    def cdf(self, value: float) -> float:
        cdf_low, cdf_high = self.distribution.cdf(self.low), self.distribution.cdf(self.high)
        return float(np.clip((self.distribution.cdf(value) - cdf_low) / (cdf_high - cdf_low), 0.0, 1.0))


def normal(low: float, high: float) -> Normal:
    """The normal distribution with P10 ``low`` and P90 ``high``."""
    return Normal((low + high) / 2, (high - low) / (2 * Z_P90))


def lognormal(low: float, high: float) -> Lognormal:
    """The lognormal distribution with P10 ``low`` and P90 ``high``, both above 0."""
    _require_above_zero("lognormal", low)
    return Lognormal((log(low) + log(high)) / 2, (log(high) - log(low)) / (2 * Z_P90))


def logit_normal(low: float, high: float) -> LogitNormal:
    """The logit-normal distribution with P10 ``low`` and P90 ``high``, both between 0 and 1."""
    _require_above_zero("logitnormal", low)
    if high >= 1.0:
        raise DistributionError(f"values of a logitnormal distribution are below 1, so {high:g} cannot be its P90")
    ends = special.logit(np.array([low, high]))
    return LogitNormal(float(ends.mean()), float(np.diff(ends)[0] / (2 * special.ndtri(0.9))))


def gamma(low: float, high: float) -> Gamma:
    """The gamma distribution with P10 ``low`` and P90 ``high``, both above 0.

    The ratio P90 / P10 decreases in the shape parameter and so determines it; the scale then follows from P90.
    """
    _require_above_zero("gamma", low)

    def log_ratio_error(log_shape: float) -> float:
        quantiles = special.gammaincinv(exp(log_shape), [0.1, 0.9])
        return float(log(quantiles[1] / quantiles[0])) - log(high / low) if quantiles[0] > 0 else inf

    shape = exp(
        _root(log_ratio_error, -5.0, 30.0, f"no gamma distribution has P10 {low:g} and P90 {high:g}; try lognormal")
    )
    return Gamma(shape, high / float(special.gammaincinv(shape, 0.9)))


def beta(low: float, high: float) -> Beta:
    """The beta distribution on [0, 1] with P10 ``low`` and P90 ``high``, both between 0 and 1.

    For each concentration a + b exactly one mean gives this P10; a root search over a + b then gives this P90.
    """
    if not 0 < low < high < 1:
        raise DistributionError(
            f"values of a beta distribution are between 0 and 1, so {low:g} and {high:g} cannot be its P10 and P90"
        )
    message = f"no beta distribution has P10 {low:g} and P90 {high:g}; try triangular"

    def logit_mean(log_concentration: float) -> float:
        concentration = exp(log_concentration)

        def p10_error(logit: float) -> float:
            mean = float(special.expit(logit))
            return float(special.betainc(concentration * mean, concentration * float(special.expit(-logit)), low)) - 0.1

        return _root(p10_error, -40.0, 40.0, message)

    def p90_error(log_concentration: float) -> float:
        mean = logit_mean(log_concentration)
        concentration = exp(log_concentration)
        return (
            float(special.betainc(concentration * special.expit(mean), concentration * special.expit(-mean), high))
            - 0.9
        )

    log_concentration = _root(p90_error, -4.0, 25.0, message)
    mean, concentration = logit_mean(log_concentration), exp(log_concentration)
    return Beta(concentration * float(special.expit(mean)), concentration * float(special.expit(-mean)))


def _require_above_zero(kind: str, low: float) -> None:
    """Raise ``DistributionError`` if the P10 of a positive distribution is not above 0."""
    if low <= 0:
        raise DistributionError(f"values of a {kind} distribution are above 0, so {low:g} cannot be its P10")


def _root(function: Callable[[float], float], low: float, high: float, message: str) -> float:
    """The root of a monotone function between low and high. Raises ``DistributionError`` if there is no root."""
    from scipy.optimize import brentq  # takes long to import, and few scenarios need it

    value_low, value_high = function(low), function(high)
    if not value_low * value_high <= 0 or value_low == value_high:
        raise DistributionError(message)
    return float(brentq(function, low, high, xtol=1e-14, rtol=1e-15))


def pert(low: float, mode: float, high: float) -> Beta:
    """The PERT distribution with a minimum, a mode and a maximum (Malcolm et al. 1959; weight 4)."""
    width = high - low
    return Beta(1 + 4 * (mode - low) / width, 1 + 4 * (high - mode) / width, low, high)


def discrete(values: Sequence[float], weights: Sequence[float]) -> Discrete:
    """The discrete distribution of values with positive weights, in any order."""
    order = np.argsort(np.asarray(values), kind="stable")
    cumulative = np.cumsum(np.asarray(weights, float)[order])
    return Discrete(
        tuple(np.asarray(values, float)[order].tolist()),
        tuple((cumulative / cumulative[-1]).tolist()),
    )


FROM_QUANTILES: dict[str, Callable[[float, float], Distribution]] = {
    "normal": normal,
    "lognormal": lognormal,
    "logitnormal": logit_normal,
    "gamma": gamma,
    "beta": beta,
}
"""Distributions stated by P10 and P90."""
FROM_MODE: dict[str, Callable[[float, float, float], Distribution]] = {"triangular": Triangular, "pert": pert}
"""Distributions stated by minimum, mode and maximum."""
LISTED_DISTRIBUTIONS = ("discrete", "empirical")
"""Distributions stated by a list of values."""
POSTERIOR_DISTRIBUTION = "posterior"
"""Distribution of a calibrated row: the column of ``posterior.csv`` with its name."""
DISTRIBUTIONS = ("fixed", *FROM_QUANTILES, *FROM_MODE, "uniform", *LISTED_DISTRIBUTIONS, POSTERIOR_DISTRIBUTION)


def truncate(distribution: Distribution, low: float, high: float) -> Distribution:
    """The distribution truncated to the permitted range of its parameter.

    Raises ``DistributionError`` if the probability outside the range is more than ``MAX_OUTSIDE``.
    """
    outside = distribution.cdf(low) * (low > -inf) + (1 - distribution.cdf(high)) * (high < inf)
    if outside > MAX_PROBABILITY_OUTSIDE:
        raise DistributionError(
            f"{100.0 * outside:.1f} % of the distribution lies outside {describe_range(low, high)}, "
            f"more than {100.0 * MAX_PROBABILITY_OUTSIDE:.0f} %; narrow the distribution, or use triangular, pert or "
            "uniform with low and high inside the range"
        )
    return Truncated(distribution, low, high) if outside > 0 else distribution


def describe_range(low: float, high: float) -> str:
    """Description of a permitted range for a message."""
    if high == inf:
        return f"the permitted range (at least {low:g})" if low in (0.0, -inf) else "the permitted range (above 0)"
    return f"the permitted range ({low:,.15g} to {high:,.15g})"


def is_constant(distribution: Distribution) -> bool:
    """True if all draws of a distribution have the same value."""
    return isinstance(distribution, Fixed) or (
        isinstance(distribution, Discrete) and len(distribution.probabilities()) == 1
    )


def interdecile_range(distribution: Distribution) -> float:
    """P90 minus P10 of a distribution."""
    p10, p90 = distribution.quantile(np.array([0.1, 0.9]))
    return float(p90 - p10)
