"""Break-even values: the value of an uncertain quantity at which a difference in cost is zero on average.

The difference in each future is regressed on the quantity, and the fit is solved for zero. Errors come from a
bootstrap over blocks of futures (Davison and Hinkley 1997, section 3.8), because the futures of a block are not
independent (``sampling``).

1. The fit is a straight line. Its slope is tested with Student's t, and the tests of all quantities are held to a false
   discovery rate of 5 % (Benjamini and Hochberg 1995), since some of many quantities have a steep slope by chance.
2. The interval of the zero of the line is the set of values at which the line is not distinguishable from zero
   (Fieller 1954); it is finite where the slope is distinguishable from zero.
3. If a squared term is distinguishable from zero at 1 %, the fit is the monotone function of least squares (Barlow and
   others 1972) in the direction of the slope, and the interval is that of the quantiles of the bootstrap.

A break-even value is reported only between P1 and P99 of the quantity. Quantities that are correlated share their
effects, and the other quantities vary as they do in the futures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import stdtr, stdtrit

from octoplan.campaign.streams import uniforms
from octoplan.outcomes.intervals import Interval, interval
from octoplan.outcomes.sampling import block_of
from octoplan.scenario.arrays import Floats, Ints

FALSE_DISCOVERY_RATE = 0.05
"""Expected share of quantities without an effect among those that are said to have one."""

CURVATURE_LEVEL = 0.01
"""Level at which the squared term must differ from zero for the fit to be monotone instead of straight."""

INTERVAL_LEVEL = 0.95
"""Coverage of the intervals."""

MIN_BLOCKS = 12
"""Smallest number of blocks of futures; with fewer, errors of a bootstrap over blocks are not reliable."""

REPLICATES, MONOTONE_REPLICATES = 2_000, 400
"""Number of bootstrap replicates for the line, and for a monotone fit."""

RANGE = (0.01, 0.99)
"""Quantiles of a quantity between which a break-even value is reported."""

BOOTSTRAP_SEED = 1
"""Seed of the bootstrap; the intervals of an evaluation are the same in every run."""


@dataclass(frozen=True)
class Quantity:
    """An uncertain quantity of the futures: its name, meaning, unit and origin for sentences, and values (futures,)."""

    name: str
    meaning: str
    unit: str
    origin: str
    values: Floats


@dataclass(frozen=True)
class BreakEven:
    """The value of a quantity at which units cost as much as they save, on average.

    value, low, high
        The value, and its 95 % confidence interval.
    pays_above
        Whether units pay above the value; otherwise they pay below it.
    slope
        Change of the difference in cost, in millions, per unit of the quantity (of the straight line).
    monotone
        Whether the fit is monotone instead of straight.
    p10, p90
        Quantiles of the quantity over the futures.
    """

    quantity: Quantity
    value: float
    low: float
    high: float
    pays_above: bool
    slope: float
    monotone: bool
    p10: float
    p90: float


@dataclass(frozen=True)
class UnitsValue:
    """What units cost, given crews and kits: a plan minus the same crews and kits without units.

    plan, alternative
        Names of the plan with units and of the alternative without.
    units
        Mean number of units of the plan.
    difference
        Cost and losses of the plan minus those of the alternative, in millions; negative if units pay.
    break_evens
        Break-even values, those with the steepest slope relative to its error first.
    effects
        Number of quantities whose effect on the difference is distinguishable from zero; None if there are fewer than
        ``MIN_BLOCKS`` blocks of futures.
    """

    plan: str
    alternative: str
    units: float
    difference: Interval
    break_evens: tuple[BreakEven, ...]
    effects: int | None


@dataclass(frozen=True)
class Line:
    """The line a + b z of a difference on a standardised quantity z, with the covariance of (a, b).

    t_slope, t_curvature
        Slope, and coefficient of a squared term in a parabola, over their standard errors.
    """

    intercept: float
    slope: float
    covariance: Floats
    t_slope: float
    t_curvature: float


def value_of_units(
    plan: str, alternative: str, units: float, difference: Floats, quantities: Sequence[Quantity]
) -> UnitsValue:  # fmt: skip
    """The value of units, from the difference in cost (futures,), plan minus alternative, in millions."""
    blocks = block_of(np.arange(len(difference)))
    if blocks[-1] + 1 < MIN_BLOCKS:
        return UnitsValue(plan, alternative, units, interval(difference), (), None)
    drivers = [(q, line_of(q.values, difference, blocks)) for q in quantities if varies(q.values)]
    drivers = drivers if np.ptp(difference) > 0.0 else []
    effects = discoveries([2.0 * float(stdtr(blocks[-1], -abs(line.t_slope))) for _, line in drivers])
    drivers = sorted((drivers[i] for i in effects), key=lambda pair: -abs(pair[1].t_slope))
    values = (break_even(quantity, line, difference, blocks) for quantity, line in drivers)
    reported = tuple(value for value in values if value is not None)
    return UnitsValue(plan, alternative, units, interval(difference), reported, len(drivers))


def varies(values: Floats) -> bool:
    """Whether values differ by more than rounding errors."""
    return float(np.ptp(values)) > 1e-9 * float(np.abs(values).max(initial=0.0))


def discoveries(p_values: Sequence[float]) -> list[int]:
    """Indices of the effects distinguishable from zero at ``FALSE_DISCOVERY_RATE`` (Benjamini and Hochberg 1995).

    >>> discoveries([0.03, 0.2, 0.001])
    [0, 2]
    """
    n, order = len(p_values), np.argsort(p_values, kind="stable")
    passed = np.asarray(p_values)[order] <= FALSE_DISCOVERY_RATE * np.arange(1, n + 1) / max(1, n)
    count = int(np.flatnonzero(passed)[-1]) + 1 if passed.any() else 0
    return sorted(order[:count].tolist())


@cache
def replicate_weights(blocks: int, replicates: int) -> Floats:
    """(replicates, blocks) number of times that each block is drawn in each replicate of the bootstrap."""
    draws = uniforms(BOOTSTRAP_SEED, [f"bootstrap/{i}" for i in range(blocks)], replicates)
    rows = np.repeat(np.arange(replicates), blocks) * blocks
    counts = np.bincount(rows + (draws * blocks).astype(np.int64).ravel(), minlength=replicates * blocks)
    weights = counts.reshape(replicates, blocks).astype(float)
    weights.flags.writeable = False
    return weights


def line_of(values: Floats, difference: Floats, blocks: Ints) -> Line:
    """Least-squares line of the difference on standardised values, with errors from the bootstrap over blocks.

    Standard errors are multiplied by the root of B / (B - 1) for B blocks, as a variance of B values is.
    """
    count = int(blocks[-1]) + 1
    z = (values - values.mean()) / values.std()
    powers = z[:, None] ** np.arange(5)
    sums = np.stack([np.bincount(blocks, column, count) for column in (*powers.T, *(powers[:, :3].T * difference))], 1)
    estimate = coefficients(sums.sum(0)[None])[:, 0]
    replicates = coefficients(replicate_weights(count, REPLICATES) @ sums)
    covariance = np.cov(replicates) * count / (count - 1)
    errors = np.sqrt(np.maximum(np.diag(covariance), np.finfo(float).tiny))
    return Line(
        float(estimate[0]), float(estimate[1]), covariance[:2, :2], float(estimate[1] / errors[1]),
        float(estimate[2] / errors[2]),
    )  # fmt: skip


def coefficients(sums: Floats) -> Floats:
    """(3, rows) intercept and slope of the line, and the squared term of the parabola, from sums by row.

    sums
        (rows, 8) sums of 1, z, z^2, z^3, z^4, y, z y and z^2 y.
    """
    n, z1, z2, z3, z4, y, zy, zzy = sums.T
    slope = (n * zy - z1 * y) / (n * z2 - z1 * z1)
    intercept = (y - slope * z1) / n
    moments = np.stack([np.stack([n, z1, z2], -1), np.stack([z1, z2, z3], -1), np.stack([z2, z3, z4], -1)], -2)
    singular = np.abs(np.linalg.det(moments)) < 1e-9 * n**3
    moments[singular] = np.eye(3)
    squared = np.where(singular, 0.0, np.linalg.solve(moments, np.stack([y, zy, zzy], -1)[..., None])[..., 2, 0])
    return np.stack([intercept, slope, squared])


def break_even(quantity: Quantity, line: Line, difference: Floats, blocks: Ints) -> BreakEven | None:
    """The break-even value of a quantity with an effect; None if the fit is not zero between P1 and P99."""
    values, degrees = quantity.values, float(blocks[-1])
    p1, p10, p90, p99 = np.quantile(values, (RANGE[0], 0.1, 0.9, RANGE[1])).tolist()
    monotone = abs(line.t_curvature) > stdtrit(degrees, 1.0 - 0.5 * CURVATURE_LEVEL)
    if monotone:
        value, low, high = monotone_zero(values, difference, blocks, rising=line.slope > 0.0)
    else:
        quantile = float(stdtrit(degrees, 0.5 + 0.5 * INTERVAL_LEVEL))
        value, low, high = (float(values.mean() + z * values.std()) for z in zero_of_line(line, quantile))
    if not p1 <= value <= p99:
        return None
    slope = line.slope / float(values.std())
    return BreakEven(quantity, value, low, high, line.slope < 0.0, slope, bool(monotone), p10, p90)


def zero_of_line(line: Line, quantile: float) -> tuple[float, float, float]:
    """Zero of a line, and the ends of its confidence interval, from Student's quantile (Fieller 1954).

    The interval is the set of z with (a + b z)^2 <= q^2 (var a + 2 z cov(a, b) + z^2 var b).
    """
    (var_a, cov), (_, var_b) = line.covariance
    a, b, c = (
        line.slope**2 - quantile**2 * var_b, line.intercept * line.slope - quantile**2 * cov,
        line.intercept**2 - quantile**2 * var_a,
    )  # fmt: skip
    zero = -line.intercept / line.slope
    if a <= 0.0:
        return zero, -np.inf, np.inf
    root = float(np.sqrt(max(b * b - a * c, 0.0)))
    return zero, (-b - root) / a, (-b + root) / a


def monotone_zero(values: Floats, difference: Floats, blocks: Ints, *, rising: bool) -> tuple[float, float, float]:
    """Zero of the monotone fit of the difference, and P2.5 and P97.5 of the zeros of bootstrap replicates.

    A fit without a sign change has its zero at minus or plus infinity, on the side on which it would lie.
    """
    order = np.argsort(values, kind="stable")
    x, y, block = values[order], difference[order] if rising else -difference[order], blocks[order]
    weights = replicate_weights(int(blocks[-1]) + 1, MONOTONE_REPLICATES)
    zeros = np.sort([zero_of_fit(x, y, row[block]) for row in weights])
    tail = round(0.5 * (1.0 - INTERVAL_LEVEL) * len(zeros))
    return zero_of_fit(x, y, np.ones(len(x))), float(zeros[tail]), float(zeros[-1 - tail])


def zero_of_fit(x: Floats, y: Floats, weights: Floats) -> float:
    """Zero of the non-decreasing fit of y on sorted x, between the weighted mean positions of its steps."""
    used = weights > 0.0
    x, y, weights = x[used], y[used], weights[used]
    fit = isotonic_regression(y, weights=weights)
    starts = fit.blocks[:-1]
    centre = np.add.reduceat(weights * x, starts) / np.add.reduceat(weights, starts)
    level = fit.x[starts]
    if level[0] > 0.0:
        return -np.inf
    if level[-1] < 0.0:
        return np.inf
    return float(np.interp(0.0, level, centre))
