"""Expected value of information for a choice between decisions, from the futures of one run.

The value of knowing X before the choice is E max_d E[b_d | X] - max_d E[b_d], b_d the net benefit of decision d. As in
Strong, Oakley and Brennan (2014, *Medical Decision Making* 34, 311) E[b_d | X] is a regression of simulated benefits
on X: the draws of one assumption or a group (EVPPI), or the summary of simulated data from a trial (EVSI; Strong,
Oakley, Brennan and Breeze 2015, *Medical Decision Making* 35, 570). Heath, Manolopoulou and Baio (2017, *Medical
Decision Making* 37, 747) and Heath et al. (2018, 38, 163; 2020, 40, 314) review and compare such estimators.

**The estimator.** The mean of the largest fitted value is biased upwards, because the maximum picks errors of the fit.
Here, instead, the regression of the other folds (``explore.regression``) chooses a decision in each future, and the
choice is valued by the simulated benefits of that future, which the regression has not seen, less those of the
decision that is best on average in all futures. This is the value of a feasible rule of decision; if X is worth
nothing, it is 0 or slightly negative on average, because the best of several means is an overestimate.

**The interval.** The lower end is that of the 95 % confidence interval of these paired differences, from Student's t
with the variance between whole blocks of futures (``outcomes.intervals``). The upper end is the larger of that of the
same interval and of the 97.5 % quantile of the value according to unpenalised regressions drawn from their sampling
distribution (as in Strong et al. 2014, section on standard errors). The second is above 0 where the futures are too few
to see a small value, which the paired differences, all 0, would not show.
"""

from collections.abc import Iterable

import numpy as np

from octoplan.errors import RunError
from octoplan.explore.regression import cross_fitted, folds_of, terms_by_column
from octoplan.explore.resampling import REPLICATES, check_finite, generator
from octoplan.explore.results import Estimate, Information
from octoplan.outcomes.intervals import half_width, interval
from octoplan.scenario.arrays import Floats, Ints

FUTURES_PER_TERM = 10
"""Fewest futures for each term of a regression without penalty."""


def clairvoyance(benefits: Floats, futures: Ints) -> Estimate:
    """Expected value of knowing each future, chance included: an upper bound of all values of information.

    Args:
        benefits: (n, decisions) net benefit of each decision in each future, in money.
        futures: (n,) numbers of the futures in the sample.

    Raises:
        RunError: There are fewer than two decisions.
        ValueError: Benefits are not finite.

    """
    benefits = checked_benefits(benefits, futures)
    return mean_with_interval(benefits.max(axis=1) - benefits[:, preferred(benefits)], futures)


def evpi(benefits: Floats, draws: Floats, futures: Ints, seed: int) -> Estimate:
    """Expected value of perfect information on all assumptions, (n, k) draws, but not on chance.

    A regression on many assumptions needs many futures: with fewer the value is a lower bound, and the interval reaches
    up to that of ``clairvoyance``, the only upper bound then. ``evpi_of_pairs`` needs no regression.
    """
    return evppi(benefits, draws, futures, seed)


def evpi_of_pairs(first: Floats, second: Floats, futures: Ints, rows: Ints | None = None) -> Estimate:
    """Expected value of perfect information on all assumptions, from two simulations with the same assumptions.

    Chance is independent in the two. The decision that is best in one, valued in the other, is a feasible rule, and its
    value is not above that of perfect information on average. The decision that is best for the mean of both knows half
    of chance, and its value is not below. The value of knowing all of chance in one (``clairvoyance``) exceeds that of
    perfect information by about twice as much as that of knowing half: taking twice their difference off is nearly
    unbiased (the jackknife; Quenouille 1956, *Biometrika* 43, 353). The interval reaches from the lower end of that of
    the rule to the upper end of that for the mean of both. Futures without a second simulation contribute their value
    of clairvoyance, from which the mean differences of the others are taken off (a control variate).

    Args:
        first: (n, decisions) net benefit of each decision in each future, in money.
        second: (m, decisions) the same with other random numbers.
        futures: (n,) numbers of the futures in the sample.
        rows: (m,) rows of the futures that were simulated a second time; all by default.

    Raises:
        RunError: There are fewer than two decisions.
        ValueError: Numbers are not finite.

    """
    rows = np.arange(len(first)) if rows is None else rows
    first, second = checked_benefits(first, futures), checked_benefits(second, rows)
    now, pairs = preferred(first), np.arange(len(rows))
    again = first[rows]
    mean = 0.5 * (again + second)
    rule = 0.5 * (again[pairs, second.argmax(axis=1)] + second[pairs, again.argmax(axis=1)])
    of_one, of_mean = 0.5 * (again.max(axis=1) + second.max(axis=1)), mean.max(axis=1)
    known = first.max(axis=1) - first[:, now]
    known[rows] = of_one - mean[:, now]
    value, low, high = (
        mean_less(known, chance, rows, futures)
        for chance in (2.0 * (of_one - of_mean), of_one - rule, of_one - of_mean)
    )
    return Estimate(min(max(value.value, low.low), high.high), low.low, high.high)


def mean_less(values: Floats, reductions: Floats, rows: Ints, futures: Ints) -> Estimate:
    """Mean of (n,) values less that of (m,) reductions, which only some of the rows have; with its interval."""
    combined = values - reductions.mean()
    combined[rows] -= len(values) / len(rows) * (reductions - reductions.mean())
    return mean_with_interval(combined, futures)


def evppi(benefits: Floats, draws: Floats, futures: Ints, seed: int) -> Estimate:
    """Expected value of partial perfect information: of knowing an assumption, or a group of them, before the choice.

    Args:
        benefits: (n, decisions) net benefit of each decision in each future, in money.
        draws: (n, d) draws of the assumption or of the group.
        futures: (n,) numbers of the futures in the sample.
        seed: Seed of the regressions drawn for the upper end of the interval.

    Raises:
        RunError: There are fewer than two decisions, or no column of the draws has a range.
        ValueError: Numbers are not finite.

    """
    draws = np.asarray(draws, np.float64).reshape(len(draws), -1)
    if not np.ptp(draws, axis=0).any():
        raise RunError("an assumption without a range has no value of information: it is known already")
    return value_of_rule(benefits, draws, futures, seed)


def evsi(benefits: Floats, summaries: Floats, futures: Ints, seed: int) -> Estimate:
    """Expected value of sample information: of seeing the data of a trial before the choice.

    A summary that is the same in all futures is worth nothing.

    Args:
        benefits: (n, decisions) net benefit of each decision in each future, in money.
        summaries: (n, s) summary statistics of the data of the trial, simulated once in each future; or (n,).
        futures: (n,) numbers of the futures in the sample.
        seed: Seed of the regressions drawn for the upper end of the interval.

    Raises:
        RunError: There are fewer than two decisions.
        ValueError: Numbers are not finite.

    """
    summaries = np.asarray(summaries, np.float64).reshape(len(summaries), -1)
    if not np.ptp(summaries, axis=0).any():
        checked_benefits(benefits, futures)
        return Estimate(0.0, 0.0, 0.0)
    return value_of_rule(benefits, summaries, futures, seed)


def net_gain(information: Information) -> Estimate:
    """Value of a trial less its cost."""
    value, cost = information.value, information.cost
    return Estimate(value.value - cost, value.low - cost, value.high - cost)


def best_size(rows: Iterable[Information]) -> Information:
    """The row with the largest value less cost; of equal rows the first.

    Raises:
        ValueError: There is no row.

    """
    return max(rows, key=lambda row: net_gain(row).value)


def value_of_rule(benefits: Floats, known: Floats, futures: Ints, seed: int) -> Estimate:
    """Value of choosing with the known quantities, (n, d), instead of without them; see the module."""
    benefits = checked_benefits(benefits, futures)
    differences = benefits - benefits[:, [preferred(benefits)]]
    chosen = cross_fitted(known, differences, folds_of(futures)).argmax(axis=1)
    estimate = mean_with_interval(differences[np.arange(len(differences)), chosen], futures)
    return Estimate(estimate.value, estimate.low, max(estimate.high, upper_limit(differences, known, futures, seed)))


def preferred(benefits: Floats) -> int:
    """The decision of the largest mean benefit: the choice without further information."""
    return int(benefits.mean(axis=0).argmax())


def upper_limit(differences: Floats, known: Floats, futures: Ints, seed: int) -> float:
    """97.5 % quantile of the value according to regressions without penalty, drawn from their sampling distribution.

    Fits and draws both add errors, which the maximum over decisions picks: the limit is cautious. Splines are used if
    there are ``FUTURES_PER_TERM`` futures for each term, otherwise lines; otherwise it is the upper end of
    ``clairvoyance``.
    """
    n = len(differences)
    columns = [terms for terms, _ in terms_by_column(known, known)]
    for terms in (columns, [column[:, :1] for column in columns]):
        design = np.column_stack([np.ones(n), *terms])
        if FUTURES_PER_TERM * design.shape[1] <= n:
            break
    else:
        return clairvoyance(differences, futures).high
    left, sizes, _ = np.linalg.svd(design, full_matrices=False)
    basis = left[:, sizes > 1e-9 * sizes[0]]
    fitted = basis @ (basis.T @ differences)
    residuals = differences - fitted
    variances, directions = np.linalg.eigh(residuals.T @ residuals / (n - basis.shape[1]))
    root = directions * np.sqrt(np.maximum(variances, 0.0))
    errors = generator(seed, "regressions").standard_normal((REPLICATES * basis.shape[1], len(root))) @ root.T
    by_decision = np.ascontiguousarray(errors.T).reshape(len(root), REPLICATES, -1)
    sampled = fitted.T[:, None, :] + by_decision @ basis.T
    values = sampled.max(axis=0).mean(axis=1) - sampled.mean(axis=2).max(axis=0)
    return float(np.quantile(values, 0.975))


def mean_with_interval(differences: Floats, futures: Ints) -> Estimate:
    """Mean of paired differences with its 95 % confidence interval, from the variance between blocks of futures."""
    result = interval(differences, futures=futures)
    half = half_width(result)
    return Estimate(result.mean, result.mean - half, result.mean + half)


def checked_benefits(benefits: Floats, futures: Ints) -> Floats:
    """The benefits as an array; raises an error if they are of fewer than two decisions, or not finite."""
    benefits = np.asarray(benefits, np.float64)
    if benefits.ndim != 2 or benefits.shape[1] < 2:
        raise RunError("the value of information is that for a choice between decisions: state two decisions or more")
    if len(benefits) != len(futures):
        raise ValueError(f"there are benefits of {len(benefits)} futures, and numbers of {len(futures)}")
    check_finite(benefits=benefits)
    return benefits
