"""Switching values: the value of an assumption at which another decision has the higher mean net benefit.

The difference in net benefit between the decision preferred now and each other one is regressed on one assumption at a
time, over the futures of the base run: on a line, or on a restricted cubic spline (Harrell 2015, *Regression Modeling
Strategies*, section 2.4.5) if this predicts held-out blocks of futures clearly better. The assumption has an effect on
the difference if the coefficients differ from zero, by Hotelling's test with the covariance between blocks of futures,
at a level of 5 % for all assumptions and decisions together (Bonferroni). Only then has it a switching value: where the
difference to the best other decision changes its sign, between P1 and P99 of the draws.

Correlated assumptions share their effects; the intervals are percentiles of a bootstrap over blocks of futures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from octoplan.explore.results import Estimate, SwitchingValue
from octoplan.outcomes.intervals import MIN_BLOCKS
from octoplan.outcomes.sampling import block_of
from octoplan.scenario.arrays import Floats, Ints

KNOTS = (0.05, 0.275, 0.5, 0.725, 0.95)
"""Quantiles of an assumption at the knots of its spline, as Harrell recommends for five."""
RANGE = (0.01, 0.99)
"""Quantiles of an assumption between which a switching value is reported."""
ENDS = (0.1, 0.9)
"""Quantiles of an assumption at which the differences between decisions are given."""
POINTS = 199
"""Number of points of a curve between P1 and P99."""
REPLICATES = 400
"""Number of bootstrap samples."""
LEVEL = 0.05
"""Probability that an assumption without an effect has a switching value, for all of them together."""
FOLDS = 5
"""Number of folds of blocks by which the curve is chosen."""
RIDGE = 1e-12
"""Share of the sums of squares added to them, for a fit if an assumption is constant in a bootstrap sample."""


def switching_values(
    names: Sequence[str], draws: Floats, benefits: Floats, decisions: Sequence[str], futures: Ints, seed: int
) -> tuple[SwitchingValue, ...]:
    """Switching values of the assumptions that have one, those nearest to the median first.

    Args:
        names: (k,) names of the assumptions.
        draws: (futures, k) draws.
        benefits: (futures, decisions) net benefit of each decision.
        decisions: Names of the decisions.
        futures: (futures,) number of each future in the base run.
        seed: Seed of the bootstrap.

    Returns:
        Switching values; none if there are fewer than ``MIN_BLOCKS`` blocks of futures.

    Raises:
        ValueError: If there are fewer than two decisions, arrays differ in length, or a number is not finite.

    """
    check(names, draws, benefits, decisions, futures)
    order = np.argsort(futures, kind="stable")
    draws, benefits, futures = draws[order], benefits[order], futures[order]
    preferred = int(benefits.mean(axis=0).argmax())
    others = [j for j in range(len(decisions)) if j != preferred]
    advantages = benefits[:, [preferred]] - benefits[:, others]
    blocks = np.unique(block_of(futures), return_inverse=True)[1]
    count = int(blocks.max()) + 1
    varying = [column for column in range(len(names)) if np.ptp(draws[:, column]) > 0.0]
    if count < MIN_BLOCKS:
        return ()
    level = LEVEL / max(1, len(varying) * len(others))
    resamples = block_weights(count, seed)
    values = []
    for column in varying:
        curves = [chosen_curve(draws[:, column], advantage, blocks, level) for advantage in advantages.T]
        if any(curve.is_significant for curve in curves):
            value = crossing(names[column], draws[:, column], curves, [decisions[i] for i in (preferred, *others)],
                             resamples)  # fmt: skip
            values += [value] if value else []
    return tuple(sorted(values, key=lambda value: abs(value.quantile - 0.5)))


def check(names: Sequence[str], draws: Floats, benefits: Floats, decisions: Sequence[str], futures: Ints) -> None:
    """Raise ValueError if the arguments of ``switching_values`` do not fit together."""
    if len(decisions) < 2:
        raise ValueError("a switching value needs two decisions between which to choose")
    if draws.shape != (len(futures), len(names)) or benefits.shape != (len(futures), len(decisions)):
        raise ValueError(f"draws {draws.shape} and benefits {benefits.shape} do not fit {len(futures)} futures")
    if not (np.isfinite(draws).all() and np.isfinite(benefits).all()):
        raise ValueError("a draw or a benefit is not finite")


def block_weights(count: int, seed: int) -> Floats:
    """(replicates, blocks) number of times that each block of futures is in each bootstrap sample."""
    generator = np.random.default_rng([seed, crc32(b"switching values")])
    chosen = generator.integers(0, count, (REPLICATES, count))
    return np.array([np.bincount(row, minlength=count) for row in chosen], np.float64)


@dataclass(frozen=True, eq=False)
class Curve:
    """Regression of a result on one assumption.

    Attributes:
        knots: Knots of the spline; none for a line.
        squares: (blocks, terms, terms) sums of products of the terms, by block of futures.
        products: (blocks, terms) sums of products of the terms and the result.
        center, scale: Mean and standard deviation of the assumption.
        is_significant: True if the result depends on the assumption.

    """

    knots: Floats
    squares: Floats
    products: Floats
    center: float
    scale: float
    is_significant: bool

    def coefficients(self, weights: Floats) -> Floats:
        """(samples, terms) coefficients from (samples, blocks) weights of the blocks."""
        squares = np.einsum("sb,bij->sij", weights, self.squares) + RIDGE * np.diag(np.diag(self.squares.sum(axis=0)))
        products = weights @ self.products
        return np.asarray(np.linalg.solve(squares, products[..., None])[..., 0])

    def at(self, values: Floats, weights: Floats) -> Floats:
        """(samples, values) the curve at some values of the assumption, from weights of the blocks."""
        return np.asarray(self.coefficients(weights) @ self.terms(values).T)

    def terms(self, values: Floats) -> Floats:
        """(values, terms) 1, the standardised value, and the terms of the spline, as far as the curve has them."""
        terms = spline_terms((values - self.center) / self.scale, (self.knots - self.center) / self.scale)
        return terms[:, : self.products.shape[1]]

    @property
    def mean(self) -> "Curve":
        """The constant curve at the mean of the result."""
        return Curve(np.zeros(0), self.squares[:, :1, :1], self.products[:, :1], self.center, self.scale, False)


def spline_terms(values: Floats, knots: Floats) -> Floats:
    """(values, terms) terms of a restricted cubic spline, linear beyond the outer knots; without knots, of a line.

    The term of knot j is (x - t_j)+^3 - (x - t_k-1)+^3 (t_k - t_j)/(t_k - t_k-1) + (x - t_k)+^3 (t_k-1 - t_j)/(t_k -
    t_k-1), divided by (t_k - t_1)^2 (Harrell 2015, equation 2.25).
    """
    columns = [np.ones_like(values), values]
    if len(knots):
        last, end = knots[-2:]
        cubes = [np.maximum(values - knot, 0.0) ** 3 for knot in knots]
        for knot, cube in zip(knots[:-2], cubes[:-2], strict=True):
            tail = cubes[-2] * (end - knot) / (end - last) - cubes[-1] * (last - knot) / (end - last)
            columns.append((cube - tail) / (end - knots[0]) ** 2)
    return np.column_stack(columns)


def chosen_curve(draws: Floats, values: Floats, blocks: Ints, level: float) -> Curve:
    """Regression of values on draws: the mean if no dependence is found, otherwise a line or a spline.

    The spline is chosen if its errors in held-out blocks are smaller by more than the standard error of the difference.

    Args:
        draws: (futures,) draws of one assumption.
        values: (futures,) results.
        blocks: (futures,) index of the block of each future.
        level: Level of the test of dependence; half of it for the line, half for the spline.

    """
    line = fitted_curve(draws, values, blocks, np.zeros(0), level / 2)
    knots = np.unique(np.quantile(draws, KNOTS))
    if len(knots) < len(KNOTS):
        return line if line.is_significant else line.mean
    spline = fitted_curve(draws, values, blocks, knots, level / 2)
    if not (line.is_significant or spline.is_significant):
        return line.mean
    gain = held_out_errors(line, draws, values, blocks) - held_out_errors(spline, draws, values, blocks)
    is_better = gain.mean() > gain.std(ddof=1) / np.sqrt(len(gain))
    return replace(spline if is_better else line, is_significant=True)


def fitted_curve(draws: Floats, values: Floats, blocks: Ints, knots: Floats, level: float) -> Curve:
    """A curve with given knots, and whether its coefficients other than the constant differ from zero."""
    center, scale = float(draws.mean()), float(draws.std())
    terms = spline_terms((draws - center) / scale, (knots - center) / scale)
    squares = sum_by_block(terms[:, :, None] * terms[:, None, :], blocks)
    products = sum_by_block(terms * values[:, None], blocks)
    curve = Curve(knots, squares, products, center, scale, is_significant=False)
    fit = curve.coefficients(np.ones((1, len(squares))))[0]
    scores = products - squares @ fit
    return Curve(knots, squares, products, center, scale, differs_from_zero(fit, squares.sum(axis=0), scores, level))


def differs_from_zero(fit: Floats, squares: Floats, scores: Floats, level: float) -> bool:
    """Hotelling's test that all coefficients but the first are zero, with the covariance of (blocks, terms) scores.

    T^2 = b' V^-1 b, with V = squares^-1 (B/(B - 1) sum of s s') squares^-1 the covariance between B blocks, and
    (B - q)/(q (B - 1)) T^2 has an F distribution with q and B - q degrees of freedom.
    """
    blocks, tested = len(scores), len(fit) - 1
    inverse = np.linalg.inv(squares)
    covariance = blocks / (blocks - 1) * inverse @ (scores.T @ scores) @ inverse
    effects, covariance = fit[1:], covariance[1:, 1:]
    size = float(np.abs(np.diag(covariance)).max())
    if size <= np.finfo(float).eps ** 2 * float(effects @ effects):
        return bool(np.any(effects != 0.0))
    statistic = float(effects @ np.linalg.pinv(covariance, rcond=1e-12, hermitian=True) @ effects)
    ratio = (blocks - tested) / (tested * (blocks - 1)) * statistic
    return bool(fdtrc(tested, blocks - tested, ratio) < level)


def held_out_errors(curve: Curve, draws: Floats, values: Floats, blocks: Ints) -> Floats:
    """(blocks,) sums of squared errors of each block of futures, predicted from the other folds of blocks."""
    count = len(curve.squares)
    fold = np.arange(count) % FOLDS
    weights = (fold[None] != np.arange(FOLDS)[:, None]).astype(np.float64)
    coefficients = curve.coefficients(weights)
    predicted = (curve.terms(draws) * coefficients[fold[blocks]]).sum(axis=1)
    return sum_by_block((values - predicted) ** 2, blocks)


def sum_by_block(values: Floats, blocks: Ints) -> Floats:
    """(blocks, ...) sums of (futures, ...) values over the futures of each block, which are in ascending order."""
    starts = np.flatnonzero(np.diff(blocks, prepend=-1))
    return np.asarray(np.add.reduceat(values, starts, axis=0), np.float64)


def crossing(
    name: str, draws: Floats, curves: Sequence[Curve], decisions: Sequence[str], resamples: Floats
) -> SwitchingValue | None:
    """The switching value of one assumption that is nearest to its median, with its interval; None if there is none.

    Args:
        name: Name of the assumption.
        draws: (futures,) its draws.
        curves: Regressions of the difference between the preferred decision and each other one.
        decisions: Names of the decisions: the preferred one, then the others.
        resamples: (replicates, blocks) weights of the blocks.

    """
    low, high = (float(end) for end in np.quantile(draws, RANGE))
    grid = np.linspace(low, high, POINTS)
    all_blocks = np.ones((1, resamples.shape[1]))
    by_decision = np.stack([curve.at(grid, all_blocks)[0] for curve in curves])
    least = by_decision.min(axis=0)
    steps, zeros = crossings(grid, least)
    if not len(zeros):
        return None
    nearest_to_median = int(np.abs(zeros - np.median(draws)).argmin())
    step, value = int(steps[nearest_to_median]), float(zeros[nearest_to_median])
    is_falling = bool(least[step + 1] < 0.0)
    other = int(by_decision[:, step + 1 if is_falling else step].argmin())
    below, above = (decisions[0], decisions[other + 1]) if is_falling else (decisions[other + 1], decisions[0])
    samples = np.stack([curve.at(grid, resamples) for curve in curves]).min(axis=0)
    nearest = np.array([nearest_crossing(grid, row, value, is_falling=is_falling) for row in samples])
    interval = np.quantile(nearest, (0.025, 0.975), method="inverted_cdf")
    ends = np.quantile(draws, ENDS)
    differences = end_estimates(curves[other], ends, all_blocks, resamples, sign=-1.0 if is_falling else 1.0)
    return SwitchingValue(
        name, Estimate(value, float(interval[0]), float(interval[1])), float((draws <= value).mean()), below, above,
        (float(ends[0]), float(ends[1])), differences,
    )  # fmt: skip


def crossings(grid: Floats, values: Floats) -> tuple[Ints, Floats]:
    """Steps of a grid in which values change their sign, and the zeros where they do, by linear interpolation."""
    steps = np.flatnonzero((values[:-1] < 0.0) != (values[1:] < 0.0))
    shares = values[steps] / (values[steps] - values[steps + 1])
    return steps, np.asarray(grid[steps] + shares * (grid[steps + 1] - grid[steps]), np.float64)


def nearest_crossing(grid: Floats, values: Floats, value: float, *, is_falling: bool) -> float:
    """The crossing nearest to a value; without one, infinite on the side on which it would be."""
    zeros = crossings(grid, values)[1]
    if len(zeros):
        return float(zeros[np.abs(zeros - value).argmin()])
    return np.inf if (values[0] >= 0.0) == is_falling else -np.inf


def end_estimates(
    curve: Curve, ends: NDArray[np.float64], all_blocks: Floats, resamples: Floats, *, sign: float
) -> tuple[Estimate, Estimate]:
    """Difference in net benefit at P10 and at P90, with 95 % percentile intervals."""
    values, samples = sign * curve.at(ends, all_blocks)[0], sign * curve.at(ends, resamples)
    intervals = np.quantile(samples, (0.025, 0.975), axis=0)
    first, second = (
        Estimate(float(value), float(low), float(high)) for value, low, high in zip(values, *intervals, strict=True)
    )
    return first, second
