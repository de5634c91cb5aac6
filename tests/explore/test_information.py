"""Values of information against closed forms of linear decision problems with normal assumptions.

With two decisions whose benefits differ by D, the value of knowing X is E max(0, E[D | X]) - max(0, E D). If E[D | X]
is normal with mean mu and standard deviation s, it is s phi(mu / s) + mu Phi(mu / s) - max(mu, 0), the unit normal loss
(Raiffa and Schlaifer 1961).
"""

from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
import pytest
from scipy.stats import norm

from octoplan.errors import RunError
from octoplan.explore.information import best_size, clairvoyance, evpi, evpi_of_pairs, evppi, evsi, net_gain
from octoplan.explore.results import Estimate, Information
from octoplan.outcomes.sampling import latin_hypercube
from octoplan.scenario.arrays import Floats, Ints

WEIGHTS = np.array([1.0, 0.5, 0.3, 0.0])
"""Effects of four standard normal assumptions on the difference of benefits; the last is worth nothing."""
DATA_SETS = 200


@dataclass(frozen=True)
class Problem:
    """Draws of the assumptions, benefits of two decisions, and the numbers of the futures."""

    draws: Floats
    benefits: Floats
    futures: Ints


def problem(seed: int, futures: int = 256, mean: float = 0.5, chance: float = 1.0) -> Problem:
    """A data set: the difference of benefits is linear in the assumptions, plus chance; both have much in common."""
    draws = norm.ppf(latin_hypercube(seed, ["a", "b", "c", "d"], futures))
    random = np.random.default_rng(seed)
    common = 3.0 * random.standard_normal(futures)
    differences = mean + draws @ WEIGHTS + chance * random.standard_normal(futures)
    return Problem(draws, np.column_stack([common, common + differences]), np.arange(futures))


def loss(mean: float, deviation: float) -> float:
    """Closed form of the value of information."""
    ratio = mean / deviation
    return float(deviation * norm.pdf(ratio) + mean * norm.cdf(ratio) - max(mean, 0.0))


def deviation_of(columns: list[int], chance: float = 0.0) -> float:
    """Standard deviation of the expected difference given some assumptions, and chance."""
    return sqrt(float((WEIGHTS[columns] ** 2).sum()) + chance**2)


def holds(estimate: Estimate, value: float) -> bool:
    """True if the interval holds the value."""
    return estimate.low <= value <= estimate.high


def coverage(estimates: list[Estimate], value: float) -> float:
    """Share of intervals that hold the value."""
    return float(np.mean([holds(estimate, value) for estimate in estimates]))


def bias(estimates: list[Estimate], value: float) -> float:
    """Mean error of estimates in standard errors of this mean."""
    values = np.array([estimate.value for estimate in estimates])
    return float((values.mean() - value) / (values.std(ddof=1) / sqrt(len(values))))


@pytest.mark.parametrize("columns", [[0], [1], [0, 1]])
def test_coverage_of_partial_information(columns: list[int]) -> None:
    """Of 200 data sets, 90 to 99 % of the intervals hold the closed form, for one assumption and for a group."""
    exact = loss(0.5, deviation_of(columns))
    samples = [problem(seed) for seed in range(DATA_SETS)]
    estimates = [evppi(item.benefits, item.draws[:, columns], item.futures, 1) for item in samples]
    assert 0.90 <= coverage(estimates, exact) <= 0.99
    assert np.mean([estimate.value for estimate in estimates]) == pytest.approx(exact, abs=0.01)


def sample_information(size: int) -> tuple[list[Estimate], float]:
    """Estimates of 200 data sets, and the exact value, of the mean of normal observations with a deviation of 2."""
    estimates = []
    for seed in range(DATA_SETS):
        item = problem(seed)
        errors = np.random.default_rng([seed, size]).standard_normal(256)
        estimates.append(evsi(item.benefits, item.draws[:, 0] + 2.0 / sqrt(size) * errors, item.futures, 1))
    return estimates, loss(0.5, sqrt(size / (size + 4.0)))


@pytest.mark.parametrize("size", [5, 20, 50])
def test_coverage_of_sample_information(size: int) -> None:
    """The same for observations of the first assumption."""
    estimates, exact = sample_information(size)
    assert 0.90 <= coverage(estimates, exact) <= 0.99
    assert np.mean([estimate.value for estimate in estimates]) == pytest.approx(exact, abs=0.01)


def test_coverage_of_a_small_value() -> None:
    """One observation is worth about as much as the estimate errs: the cautious upper end then covers more often."""
    estimates, exact = sample_information(1)
    assert coverage(estimates, exact) >= 0.95
    assert np.mean([estimate.value for estimate in estimates]) == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize("mean", [0.0, 0.1, 0.5])
def test_an_assumption_worth_nothing(mean: float) -> None:
    """Of 200 null data sets, at least 93 % have 0 in or above the interval, and the mean is not above 0.

    The decisions are equally good on average, nearly so, or not.
    """
    samples = [problem(seed, mean=mean) for seed in range(DATA_SETS)]
    estimates = [evppi(item.benefits, item.draws[:, [3]], item.futures, 1) for item in samples]
    assert np.mean([estimate.low <= 0.0 for estimate in estimates]) >= 0.93
    assert bias(estimates, 0.0) <= 2.0
    assert np.mean([estimate.high > 0.0 for estimate in estimates]) > 0.9


def test_the_largest_fitted_value_would_be_biased() -> None:
    """The usual estimator, the mean of the largest fitted value of the same futures, is above 0 for a null assumption.

    This shows that the null data sets can tell a biased estimator from an unbiased one.
    """
    values = []
    for seed in range(50):
        item = problem(seed, mean=0.1)
        fit = np.polynomial.Polynomial.fit(item.draws[:, 3], item.benefits[:, 1] - item.benefits[:, 0], 6)
        fitted = fit(item.draws[:, 3])
        values.append(Estimate(float(np.maximum(fitted, 0.0).mean() - max(fitted.mean(), 0.0)), 0.0, 0.0))
    assert bias(values, 0.0) > 5.0


def test_all_assumptions_and_chance() -> None:
    """EVPI is the value of all assumptions; it exceeds that of each, and clairvoyance, which also knows chance, it."""
    item = problem(1, 2000)
    perfect = evpi(item.benefits, item.draws, item.futures, 1)
    clairvoyant = clairvoyance(item.benefits, item.futures)
    first = evppi(item.benefits, item.draws[:, :1], item.futures, 1)
    assert holds(perfect, loss(0.5, deviation_of([0, 1, 2])))
    assert holds(clairvoyant, loss(0.5, deviation_of([0, 1, 2], chance=1.0)))
    assert first.value < perfect.value < clairvoyant.value
    assert clairvoyant.high - clairvoyant.low < 0.1


def test_coverage_of_clairvoyance() -> None:
    """Of 200 data sets, 90 to 99 % of the intervals hold the closed form."""
    samples = [problem(seed) for seed in range(DATA_SETS)]
    estimates = [clairvoyance(item.benefits, item.futures) for item in samples]
    assert 0.90 <= coverage(estimates, loss(0.5, deviation_of([0, 1, 2], chance=1.0))) <= 0.99


def simulated_again(item: Problem, seed: int, mean: float, chance: float) -> Floats:
    """Benefits with the same assumptions and other chance."""
    random = np.random.default_rng([seed, 1])
    common = 3.0 * random.standard_normal(len(item.futures))
    differences = mean + item.draws @ WEIGHTS + chance * random.standard_normal(len(item.futures))
    return np.column_stack([common, common + differences])


@pytest.mark.parametrize(("mean", "chance"), [(0.5, 0.3), (0.5, 1.0), (0.0, 0.3)])
def test_perfect_information_from_two_simulations(mean: float, chance: float) -> None:
    """The intervals, from a lower to an upper bound, hold the closed form; the value is close, without a regression."""
    exact = loss(mean, deviation_of([0, 1, 2]))
    estimates = []
    for seed in range(DATA_SETS):
        item = problem(seed, mean=mean, chance=chance)
        again = simulated_again(item, seed, mean, chance)
        estimates.append(evpi_of_pairs(item.benefits, again, item.futures))
    assert coverage(estimates, exact) >= 0.95
    assert np.mean([estimate.value for estimate in estimates]) == pytest.approx(exact, abs=0.015)
    assert all(estimate.low <= estimate.value <= estimate.high for estimate in estimates)


def test_some_futures_simulated_again() -> None:
    """A quarter of the futures simulated again is enough, in any order, where chance is small."""
    exact = loss(0.5, deviation_of([0, 1, 2]))
    estimates = []
    for seed in range(DATA_SETS):
        item = problem(seed, chance=0.3)
        rows = np.arange(64)[::-1]
        again = simulated_again(item, seed, 0.5, 0.3)[rows]
        estimates.append(evpi_of_pairs(item.benefits, again, item.futures, rows))
        assert estimates[-1].value <= clairvoyance(item.benefits, item.futures).value + 0.02
    assert coverage(estimates, exact) >= 0.95
    assert np.mean([estimate.value for estimate in estimates]) == pytest.approx(exact, abs=0.01)
    assert np.std([estimate.value for estimate in estimates]) < 0.04


def test_two_simulations_without_chance() -> None:
    """Without chance the value is the mean of the larger benefit less the larger mean, as for the clairvoyant."""
    item = problem(1, chance=0.0)
    pairs, clairvoyant = (
        evpi_of_pairs(item.benefits, item.benefits, item.futures), clairvoyance(item.benefits, item.futures)
    )  # fmt: skip
    assert [pairs.value, pairs.low, pairs.high] == pytest.approx([clairvoyant.value, clairvoyant.low, clairvoyant.high])
    with pytest.raises(RunError, match="two decisions or more"):
        evpi_of_pairs(item.benefits[:, :1], item.benefits[:, :1], item.futures)
    with pytest.raises(ValueError, match="not finite"):
        evpi_of_pairs(item.benefits, np.full((256, 2), np.nan), item.futures)


def test_three_decisions() -> None:
    """The benefits 0, X - 0.5 and 2 X - 2 are crossed by their maximum at 0.5 and 1.5: a sum of two losses."""
    futures = 2000
    x = norm.ppf(latin_hypercube(1, ["x"], futures))[:, 0]
    noise = 0.5 * np.random.default_rng(1).standard_normal((futures, 3))
    benefits = np.column_stack([0.0 * x, x - 0.5, 2.0 * x - 2.0]) + noise
    exact = sum(norm.pdf(point) - point * norm.sf(point) for point in (0.5, 1.5))
    estimate = evppi(benefits, x[:, None], np.arange(futures), 1)
    assert holds(estimate, exact)
    assert estimate.value == pytest.approx(exact, abs=0.03)


def test_a_curve_between_two_decisions() -> None:
    """A benefit that is best in the middle, as a line would not show: E max(0, 1 - X^2) = 2 phi(1), and E = 0."""
    futures = 2000
    x = norm.ppf(latin_hypercube(1, ["x"], futures))
    benefits = np.column_stack([np.zeros(futures), 1.0 - x[:, 0] ** 2])
    benefits[:, 1] += np.random.default_rng(1).standard_normal(futures)
    estimate = evppi(benefits, x, np.arange(futures), 1)
    assert holds(estimate, 2.0 * float(norm.pdf(1.0)))
    assert estimate.low > 0.4


def test_too_few_futures_for_many_assumptions() -> None:
    """With more assumptions than the futures can tell, the value is a lower bound, and the interval ends above EVPI."""
    item = problem(2)
    others = np.random.default_rng(2).standard_normal((256, 60))
    estimate = evpi(item.benefits, np.hstack([item.draws, others]), item.futures, 1)
    assert holds(estimate, loss(0.5, deviation_of([0, 1, 2])))
    assert estimate.high >= clairvoyance(item.benefits, item.futures).high


def test_the_same_seed_gives_the_same_bits() -> None:
    """The estimate depends on the seed in its upper end only."""
    item = problem(3)
    first, again, other = (evppi(item.benefits, item.draws[:, [3]], item.futures, seed) for seed in (1, 1, 2))
    assert first == again
    assert (first.value, first.low) == (other.value, other.low)
    assert first.high != other.high


def test_money_scales() -> None:
    """In other units of money, or with an amount added to all benefits, the value is the same amount of money."""
    item = problem(4)
    first = evppi(item.benefits, item.draws[:, :1], item.futures, 1)
    scaled = evppi(1e6 * (item.benefits + 7.0), item.draws[:, :1], item.futures, 1)
    assert [scaled.value, scaled.low, scaled.high] == pytest.approx(
        [1e6 * first.value, 1e6 * first.low, 1e6 * first.high], rel=1e-6
    )


def test_a_decision_that_is_always_best() -> None:
    """If one decision is better by 100 standard deviations, nothing is worth finding out."""
    item = problem(5, mean=100.0)
    assert evppi(item.benefits, item.draws, item.futures, 1) == Estimate(0.0, 0.0, 0.0)
    assert clairvoyance(item.benefits, item.futures) == Estimate(0.0, 0.0, 0.0)


def test_unusable_input() -> None:
    """One decision, an assumption without a range, and numbers that are not finite are refused."""
    item = problem(6)
    with pytest.raises(RunError, match="two decisions or more"):
        evppi(item.benefits[:, :1], item.draws, item.futures, 1)
    with pytest.raises(RunError, match="two decisions or more"):
        clairvoyance(item.benefits[:, :1], item.futures)
    with pytest.raises(RunError, match="without a range"):
        evppi(item.benefits, np.full((256, 2), 3.0), item.futures, 1)
    missing = np.where(item.benefits == item.benefits[9, 0], np.nan, item.benefits)
    for estimator in (evppi, evpi, evsi):
        with pytest.raises(ValueError, match="not finite"):
            estimator(missing, item.draws, item.futures, 1)
        with pytest.raises(ValueError, match="not finite"):
            estimator(item.benefits, np.where(item.draws > 2.0, np.inf, item.draws), item.futures, 1)
    with pytest.raises(ValueError, match="256 futures"):
        evsi(item.benefits, item.draws, item.futures[1:], 1)


def test_best_size_of_a_trial() -> None:
    """The best size has the largest value less cost; of equal ones the first, and its net gain may be negative."""
    row = Information("trial", "Trial", Estimate(5.0, 4.0, 7.0), size=10, cost=1.0)
    rows = [row, replace(row, value=Estimate(9.0, 8.0, 9.5), size=20, cost=2.0), replace(row, size=40, cost=9.0)]
    assert best_size(rows).size == 20
    assert net_gain(rows[1]) == Estimate(7.0, 6.0, 7.5)
    assert best_size([row, replace(row, size=11)]).size == 10
    assert net_gain(best_size(rows[2:])).value == -4.0
