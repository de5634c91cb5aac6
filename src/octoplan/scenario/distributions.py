"""Assumptions: one row of the assumption log each, its distribution, and draws of all of them with rank correlations.

A distribution is stated by what people can say of a number: its P10 and P90 (normal, lognormal, gamma, beta), its
smallest, likeliest and largest value (triangular, pert), its ends (uniform), or a list (discrete, empirical).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from math import exp, inf, log, pi, sin
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from octoplan.errors import DistributionError

Floats = NDArray[np.float64]

Z90 = float(special.ndtri(0.9))
MOST_OUTSIDE = 0.01
"""The share of an unbounded distribution that may lie outside the lawful range of its number."""


class Distribution(Protocol):
    """A distribution of one number."""

    def quantile(self, share: Floats) -> Floats:
        """Values below which the shares, (n,) in (0, 1), of the draws lie."""

    def below(self, value: float) -> float:
        """Probability of a draw at or below the value."""


@dataclass(frozen=True)
class Fixed:
    """A number that is known."""

    value: float

    def quantile(self, share: Floats) -> Floats:
        return np.full(np.shape(share), self.value)

    def below(self, value: float) -> float:
        return float(self.value <= value)


@dataclass(frozen=True)
class Uniform:
    low: float
    high: float

    def quantile(self, share: Floats) -> Floats:
        return self.low + (self.high - self.low) * share

    def below(self, value: float) -> float:
        return float(np.clip((value - self.low) / (self.high - self.low), 0.0, 1.0))


@dataclass(frozen=True)
class Triangular:
    low: float
    mode: float
    high: float

    def quantile(self, share: Floats) -> Floats:
        width, left, right = self.high - self.low, self.mode - self.low, self.high - self.mode
        rising = self.low + np.sqrt(share * width * left)
        falling = self.high - np.sqrt((1 - share) * width * right)
        return np.where(share * width < left, rising, falling)

    def below(self, value: float) -> float:
        value = min(max(value, self.low), self.high)
        width = self.high - self.low
        if value < self.mode:
            return (value - self.low) ** 2 / (width * (self.mode - self.low))
        return 1 - ((self.high - value) ** 2 / (width * (self.high - self.mode)) if value < self.high else 0.0)


@dataclass(frozen=True)
class Normal:
    mean: float
    deviation: float

    def quantile(self, share: Floats) -> Floats:
        return self.mean + self.deviation * np.asarray(special.ndtri(share))

    def below(self, value: float) -> float:
        return float(special.ndtr((value - self.mean) / self.deviation))


@dataclass(frozen=True)
class Lognormal:
    """``mean`` and ``deviation`` are those of the logarithm."""

    mean: float
    deviation: float

    def quantile(self, share: Floats) -> Floats:
        return np.asarray(np.exp(self.mean + self.deviation * np.asarray(special.ndtri(share))), np.float64)

    def below(self, value: float) -> float:
        return float(special.ndtr((log(value) - self.mean) / self.deviation)) if value > 0 else 0.0


@dataclass(frozen=True)
class LogitNormal:
    """``mean`` and ``deviation`` are those of the logit, log(x / (1 - x))."""

    mean: float
    deviation: float

    def quantile(self, share: Floats) -> Floats:
        return np.asarray(special.expit(self.mean + self.deviation * np.asarray(special.ndtri(share))), np.float64)

    def below(self, value: float) -> float:
        if not 0.0 < value < 1.0:
            return float(value >= 1.0)
        return float(special.ndtr((special.logit(value) - self.mean) / self.deviation))


@dataclass(frozen=True)
class Gamma:
    shape: float
    scale: float

    def quantile(self, share: Floats) -> Floats:
        return np.asarray(self.scale * special.gammaincinv(self.shape, share), np.float64)

    def below(self, value: float) -> float:
        return float(special.gammainc(self.shape, value / self.scale)) if value > 0 else 0.0


@dataclass(frozen=True)
class Beta:
    """A beta distribution stretched over [low, high]; PERT is one of these."""

    a: float
    b: float
    low: float = 0.0
    high: float = 1.0

    def quantile(self, share: Floats) -> Floats:
        return self.low + (self.high - self.low) * np.asarray(special.betaincinv(self.a, self.b, share))

    def below(self, value: float) -> float:
        return float(special.betainc(self.a, self.b, np.clip((value - self.low) / (self.high - self.low), 0, 1)))


@dataclass(frozen=True)
class Steps:
    """Some values, sorted, and the probability of a draw at or below each."""

    values: tuple[float, ...]
    cumulative: tuple[float, ...]

    def quantile(self, share: Floats) -> Floats:
        index = np.searchsorted(self.cumulative, share, side="left")
        return np.asarray(self.values)[np.minimum(index, len(self.values) - 1)]

    def below(self, value: float) -> float:
        index = int(np.searchsorted(self.values, value, side="right"))
        return self.cumulative[index - 1] if index else 0.0


@dataclass(frozen=True)
class Truncated:
    """A distribution given that the number lies within [low, high]."""

    inner: Distribution
    low: float
    high: float

    def quantile(self, share: Floats) -> Floats:
        start, end = self.inner.below(self.low), self.inner.below(self.high)
        return np.clip(self.inner.quantile(start + share * (end - start)), self.low, self.high)

    def below(self, value: float) -> float:
        start, end = self.inner.below(self.low), self.inner.below(self.high)
        return float(np.clip((self.inner.below(value) - start) / (end - start), 0.0, 1.0))


def normal(low: float, high: float) -> Normal:
    """The normal distribution with P10 ``low`` and P90 ``high``."""
    return Normal((low + high) / 2, (high - low) / (2 * Z90))


def lognormal(low: float, high: float) -> Lognormal:
    """The lognormal distribution with P10 ``low`` and P90 ``high``, both above 0."""
    _above_zero("lognormal", low)
    return Lognormal((log(low) + log(high)) / 2, (log(high) - log(low)) / (2 * Z90))


def logit_normal(low: float, high: float) -> LogitNormal:
    """The logit-normal distribution with P10 ``low`` and P90 ``high``, both between 0 and 1."""
    _above_zero("logitnormal", low)
    if high >= 1.0:
        raise DistributionError(f"a logitnormal distribution lies below 1, and {high:g} does not")
    ends = special.logit(np.array([low, high]))
    return LogitNormal(float(ends.mean()), float(np.diff(ends)[0] / (2 * special.ndtri(0.9))))


def gamma(low: float, high: float) -> Gamma:
    """The gamma distribution with P10 ``low`` and P90 ``high``, both above 0.

    The ratio of the two quantiles falls as the shape grows and fixes it; the scale follows.
    """
    _above_zero("gamma", low)

    def surplus(log_shape: float) -> float:
        ends = special.gammaincinv(exp(log_shape), [0.1, 0.9])
        return float(log(ends[1] / ends[0])) - log(high / low) if ends[0] > 0 else inf

    shape = exp(_root(surplus, -5.0, 30.0, f"no gamma distribution has P10 {low:g} and P90 {high:g}; try lognormal"))
    return Gamma(shape, high / float(special.gammaincinv(shape, 0.9)))


def beta(low: float, high: float) -> Beta:
    """The beta distribution on [0, 1] with P10 ``low`` and P90 ``high``, both inside it.

    For any a + b, the mean that puts P10 in its place is found; a + b is then the one that puts P90 in its place.
    """
    if not 0 < low < high < 1:
        raise DistributionError(
            f"a beta distribution lies between 0 and 1; {low:g} and {high:g} cannot be its P10 and P90"
        )
    words = f"no beta distribution has P10 {low:g} and P90 {high:g}; try triangular"

    def logit_mean(log_size: float) -> float:
        size = exp(log_size)

        def surplus(logit: float) -> float:
            mean = float(special.expit(logit))
            return float(special.betainc(size * mean, size * float(special.expit(-logit)), low)) - 0.1

        return _root(surplus, -40.0, 40.0, words)

    def excess(log_size: float) -> float:
        mean = logit_mean(log_size)
        size = exp(log_size)
        return float(special.betainc(size * special.expit(mean), size * special.expit(-mean), high)) - 0.9

    log_size = _root(excess, -4.0, 25.0, words)
    mean, size = logit_mean(log_size), exp(log_size)
    return Beta(size * float(special.expit(mean)), size * float(special.expit(-mean)))


def _above_zero(kind: str, low: float) -> None:
    if low <= 0:
        raise DistributionError(f"a {kind} distribution lies above 0; {low:g} cannot be its P10")


def _root(function: Callable[[float], float], low: float, high: float, words: str) -> float:
    """Where a monotone function crosses 0, by bisection with a final secant (robust to plateaus and infinities)."""
    at_low, at_high = function(low), function(high)
    if not at_low * at_high <= 0 or at_low == at_high:
        raise DistributionError(words)
    for _ in range(80):
        middle = (low + high) / 2
        at = function(middle)
        if at == 0 or high - low < 1e-13 * max(1.0, abs(middle)):
            return middle
        if (at > 0) == (at_low > 0):
            low, at_low = middle, at
        else:
            high = middle
    return (low + high) / 2


def pert(low: float, mode: float, high: float) -> Beta:
    """The PERT distribution with its smallest, likeliest and largest value (Malcolm et al. 1959; weight 4)."""
    width = high - low
    return Beta(1 + 4 * (mode - low) / width, 1 + 4 * (high - mode) / width, low, high)


def steps(values: Sequence[float], weights: Sequence[float]) -> Steps:
    """The distribution over a list of values with weights above 0."""
    order = np.argsort(np.asarray(values), kind="stable")
    shares = np.cumsum(np.asarray(weights, float)[order])
    return Steps(
        tuple(np.asarray(values, float)[order].tolist()),
        tuple((shares / shares[-1]).tolist()),
    )


QUANTILED: dict[str, Callable[[float, float], Distribution]] = {
    "normal": normal,
    "lognormal": lognormal,
    "logitnormal": logit_normal,
    "gamma": gamma,
    "beta": beta,
}
"""Distributions stated by P10 and P90."""
MODED: dict[str, Callable[[float, float, float], Distribution]] = {"triangular": Triangular, "pert": pert}
"""Distributions stated by smallest, likeliest and largest value."""
LISTED = ("discrete", "empirical")
DISTRIBUTIONS = ("fixed", *QUANTILED, *MODED, "uniform", *LISTED)


def truncate(distribution: Distribution, low: float, high: float) -> Distribution:
    """The distribution within the lawful range of its number.

    Raises ``DistributionError`` if more than ``MOST_OUTSIDE`` of it lies outside.
    """
    outside = distribution.below(low) * (low > -inf) + (1 - distribution.below(high)) * (high < inf)
    if outside > MOST_OUTSIDE:
        raise DistributionError(
            f"{outside:.1%} of the distribution lies outside {bounds(low, high)}, more than {MOST_OUTSIDE:.0%}; "
            "narrow it, or choose triangular, pert or uniform with ends inside"
        )
    return Truncated(distribution, low, high) if outside > 0 else distribution


def bounds(low: float, high: float) -> str:
    """A lawful range in words."""
    if high == inf:
        return f"the lawful range (at least {low:g})" if low in (0.0, -inf) else "the lawful range (above 0)"
    return f"the lawful range ({low:g} to {high:g})"


@dataclass(frozen=True)
class Assumption:
    """One row of ``assumptions.csv``.

    ``low``, ``value`` and ``high`` are as stated, in ``unit`` (a unit of ``entities``) and, for money, in ``currency``
    at the prices of ``price_base``; ``None`` where the row has none. ``distribution`` names the kind and ``shape`` is
    the distribution itself, inside the lawful range. ``name`` may hold ``*``: it then fills several numbers.
    """

    name: str
    kind: str
    entities: tuple[str, ...]
    parameter: str
    unit: str
    currency: str
    price_base: int
    distribution: str
    low: float | None
    value: float | None
    high: float | None
    shape: Distribution
    sources: tuple[str, ...]
    quality: str
    owner: str
    date: date
    note: str
    file: str
    line: int

    @property
    def known(self) -> bool:
        """True if the row states one number without a range."""
        return isinstance(self.shape, Fixed)

    def quantile(self, share: ArrayLike) -> Floats:
        """Values in ``unit`` at the price base of the row, below which the shares of the draws lie."""
        return self.shape.quantile(np.asarray(share, float))

    @property
    def median(self) -> float:
        """The figure shown where one must stand for the assumption: the value stated, or else the median."""
        return float(self.quantile(0.5)) if self.value is None else self.value


@dataclass(frozen=True)
class Correlation:
    """Spearman's rank correlation between two assumptions, by their names."""

    a: str
    b: str
    rank: float
    sources: tuple[str, ...]
    note: str
    file: str
    line: int


def normal_correlation(rank: float) -> float:
    """Pearson's correlation of the normals whose rank correlation is given (Pearson 1907)."""
    return 2 * sin(pi * rank / 6)


def copula(names: Sequence[str], correlations: Sequence[Correlation]) -> tuple[tuple[int, ...], Floats]:
    """Columns that are correlated, in order, and the lower Cholesky factor of their normals.

    Raises ``numpy.linalg.LinAlgError`` if the matrix is not positive definite.
    """
    index = {name: column for column, name in enumerate(names)}
    columns = tuple(sorted({index[name] for c in correlations for name in (c.a, c.b)}))
    matrix = np.eye(len(columns))
    for c in correlations:
        i, j = columns.index(index[c.a]), columns.index(index[c.b])
        matrix[i, j] = matrix[j, i] = normal_correlation(c.rank)
    return columns, np.asarray(np.linalg.cholesky(matrix), np.float64)


def correlate(uniforms: Floats, columns: Sequence[int], factor: Floats) -> Floats:
    """Uniforms with the correlated columns joined by a Gaussian copula.

    uniforms
        (futures, assumptions) independent, in (0, 1).

    Sums are written out term by term: a matrix product may round differently for another count of futures, and a
    future must not depend on its batch.
    """
    joined = uniforms.copy()
    normals = [np.asarray(special.ndtri(np.ascontiguousarray(uniforms[:, column]))) for column in columns]
    for i, column in enumerate(columns):
        total = np.zeros(len(uniforms))
        for j in range(i + 1):
            if factor[i, j] != 0.0:
                total = total + factor[i, j] * normals[j]
        joined[:, column] = np.clip(special.ndtr(total), _SMALLEST, 1 - _SMALLEST)
    return joined


_SMALLEST = 2.0**-53


def draws(assumptions: Sequence[Assumption], uniforms: Floats, inflation: Sequence[int], price_base: int) -> Floats:
    """Draws of every assumption, money carried to the price base.

    uniforms
        (futures, assumptions) in (0, 1), correlated already.
    inflation
        (assumptions,) column of the inflation of the assumption's currency; -1 where there is no money.

    Returns (futures, assumptions) in the units of ``entities``. Money stays in the currency of its row; a row in prices
    of another year is multiplied by ``(1 + inflation) ** (price_base - row's year)``, with that future's inflation.
    """
    values = np.empty_like(uniforms)
    for column, assumption in enumerate(assumptions):
        values[:, column] = assumption.shape.quantile(np.ascontiguousarray(uniforms[:, column]))
    for column, assumption in enumerate(assumptions):
        years = price_base - assumption.price_base
        if inflation[column] >= 0 and years:
            values[:, column] *= _power(1 + values[:, inflation[column]], years)
    return values


def _power(base: Floats, exponent: int) -> Floats:
    """A whole power by repeated multiplication: exactly the same for any count of futures."""
    result = np.ones_like(base)
    for _ in range(abs(exponent)):
        result = result * base
    return result if exponent >= 0 else 1 / result


def spread(distribution: Distribution) -> float:
    """P90 less P10."""
    ends = distribution.quantile(np.array([0.1, 0.9]))
    return float(ends[1] - ends[0])
