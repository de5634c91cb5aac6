"""The fit of the raid process: its steps compared with closed forms, and fits of simulated records."""

import numpy as np
import pytest
from numpy.typing import NDArray

from octoplan.errors import FitError
from octoplan.raids import process
from octoplan.raids.fit import (
    MIN_EFFECTIVE_SIZE,
    PosteriorPoints,
    effective_sample_size,
    fit,
    flattened_weights,
    gradient,
    hessian,
    laplace_covariance,
    moments,
    negative_log_posterior,
    one_day_ahead_pits,
    posterior_of_points,
    starting_point,
)
from octoplan.raids.process import PARAMETERS, constrain_parameters, filter_states
from tests.raids.test_process import TRUTH, P, simulated

Floats = NDArray[np.float64]


def test_derivatives_of_a_quadratic_function() -> None:
    """Gradient and Hessian of a quadratic function are exact up to rounding."""
    rng = np.random.default_rng(1)
    square = rng.normal(size=(4, 4))
    matrix, centre, point = square @ square.T, rng.normal(size=4), rng.normal(size=4)

    def quadratic(x: Floats) -> float:
        return float(0.5 * (x - centre) @ matrix @ (x - centre))

    assert gradient(quadratic, point, map) == pytest.approx(matrix @ (point - centre), rel=1e-6)
    assert hessian(quadratic, point, map) == pytest.approx(matrix, abs=1e-8)


def test_laplace_covariance_is_the_bounded_inverse() -> None:
    """The covariance is the inverse Hessian; directions without curvature have the largest prior variance."""
    widest = max(parameter.sd for parameter in PARAMETERS)
    assert laplace_covariance(np.diag([4.0, 25.0])) == pytest.approx(np.diag([0.25, 0.04]))
    assert laplace_covariance(np.diag([4.0, -1.0])) == pytest.approx(np.diag([0.25, widest**2]))


def test_moments_and_effective_size_by_hand() -> None:
    """Weights 1/2, 1/4 and 1/4 of three points have an effective size of 8/3 and these moments."""
    theta, weights = np.array([[0.0, 2.0], [4.0, 2.0], [8.0, 6.0]]), np.array([0.5, 0.25, 0.25])
    mean, covariance = moments(theta, weights)
    assert mean.tolist() == [3.0, 3.0]
    assert covariance.tolist() == [[11.0, 5.0], [5.0, 3.0]]
    assert effective_sample_size(weights) == pytest.approx(8 / 3)


def test_the_state_of_the_last_day_adds_its_variance() -> None:
    """The variance of x on the last day is the variance of its means over points plus the mean of its variances."""
    points = PosteriorPoints(np.array([[0.0], [2.0]]), np.zeros(2), np.array([[1.0, 0.5, 0.2], [3.0, 1.5, 0.6]]))
    posterior = posterior_of_points(points, np.array([0.5, 0.5]))
    assert posterior.mean.tolist() == [1.0, 2.0]
    assert posterior.covariance.tolist() == [[1.0, 1.0], [1.0, 1.0 + 1.0]]
    assert posterior.salvo_probability == pytest.approx(0.4)


def test_weights_are_flattened_only_as_far_as_needed() -> None:
    """Weights are raised to the largest power 0.8^k, k = 0, 1, ..., with the minimum effective sample size."""
    assert flattened_weights(np.zeros(100)) == pytest.approx(np.full(100, 0.01))
    log_weights = np.linspace(0, 50, 100)
    weights = flattened_weights(log_weights)
    assert effective_sample_size(weights) >= MIN_EFFECTIVE_SIZE
    steeper = np.exp(np.log(weights / weights[0]) / 0.8)
    assert effective_sample_size(steeper / steeper.sum()) < MIN_EFFECTIVE_SIZE


def test_one_day_ahead_pits_of_the_true_process_are_uniform() -> None:
    """With the true parameters the PITs of 600 days have the mean and variance of a uniform distribution."""
    counts = simulated(600, 9)
    is_known = np.ones(600, bool)
    pits = one_day_ahead_pits(counts, is_known, P, filter_states(counts, is_known, P))
    assert len(pits) == 599
    assert abs(pits.mean() - 0.5) < 4 * np.sqrt(1 / 12 / 599)
    assert abs(pits.var() - 1 / 12) < 4 * np.sqrt(1 / 180 / 599)


def test_a_fit_is_a_function_of_its_record() -> None:
    """Fits of the same days with one and two threads are bit-identical."""
    counts = simulated(60, 11)
    single, double = fit(counts), fit(counts, threads=2)
    assert np.array_equal(single.posterior.mean, double.posterior.mean)
    assert np.array_equal(single.posterior.covariance, double.posterior.covariance)


def test_unknown_days_have_no_influence() -> None:
    """A fit does not depend on the counts of days that are marked as unknown."""
    counts = simulated(45, 11)
    is_known = np.arange(45) % 7 != 3
    zeroed = np.where(is_known[:, None], counts, 0)
    first, second = fit(counts, is_known), fit(zeroed, is_known)
    assert np.array_equal(first.posterior.mean, second.posterior.mean)
    assert np.array_equal(first.posterior.covariance, second.posterior.covariance)
    assert np.array_equal(starting_point(counts[is_known]), starting_point(zeroed[is_known]))


def test_a_year_recovers_the_parameters() -> None:
    """The true parameters have a plausible distance from the posterior mean, and the mode is a local maximum."""
    counts = simulated(365, 12)
    result = fit(counts, threads=2)
    truth = np.array([parameter.to_unconstrained(np.array(TRUTH[parameter.name])) for parameter in PARAMETERS])
    posterior = result.posterior
    distance = truth - posterior.mean[:-1]
    squared = distance @ np.linalg.solve(posterior.covariance[:-1, :-1], distance)
    assert 1 < squared < 34.5  # 99.9 % of a chi-squared distribution with 13 degrees of freedom are below 34.5
    objective = negative_log_posterior(counts, np.ones(365, bool), process.GRID_POINTS)
    lowest = objective(result.mode)
    for index, sd in enumerate(np.sqrt(np.diag(posterior.covariance)[:-1])):
        for side in (-0.1, 0.1):
            neighbour = result.mode.copy()
            neighbour[index] += side * sd
            assert objective(neighbour) > lowest
    assert np.median(result.diagnostics.variance_reduction) > 0.9
    assert not result.diagnostics.warnings()


def record_with_known_regimes(days: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """A record simulated without the package, and whether each day is a salvo day."""
    rng = np.random.default_rng(seed)
    share, stay = TRUTH["raids.salvo_share"], TRUTH["raids.salvo_stay"]
    enter = share * (1 - stay) / (1 - share)
    keep, x = np.exp(-1 / TRUTH["raids.wander_time"]), 0.0
    salvo, is_salvo, counts = False, np.zeros(days, bool), np.zeros((days, 2), np.int64)
    for day in range(days):
        salvo = bool(rng.random() < (stay if salvo else enter))
        x = keep * x + TRUTH["raids.wander"] * np.sqrt(1 - keep**2) * rng.standard_normal()
        is_salvo[day], regime = salvo, "salvo" if salvo else "routine"
        for column, package in enumerate(("drones", "missiles")):
            mean, cv = (TRUTH[f"packages.{package}.{regime}_{name}"] for name in ("mean", "cv"))
            s = np.sqrt(np.log1p(cv**2))
            log_intensity = np.log(mean) + x - 0.5 * TRUTH["raids.wander"] ** 2 + s * rng.standard_normal() - s * s / 2
            counts[day, column] = rng.poisson(np.exp(log_intensity))
    return counts, is_salvo


def test_salvo_days_are_identified() -> None:
    """The expected number of salvo days among 150 is within one of the true number, and the days are identified."""
    counts, is_salvo = record_with_known_regimes(150, 13)
    result = fit(counts, threads=2)
    assert abs(result.diagnostics.salvo_days - is_salvo.sum()) < 1
    error_probability = np.where(is_salvo, 1 - result.salvo_probability, result.salvo_probability)
    assert error_probability.mean() < 0.01
    assert (error_probability > 0.5).sum() <= 1


def test_a_record_without_salvos_gives_a_warning() -> None:
    """The fit of a record without salvo days warns that the frequency and size of salvos come from the prior."""
    rng = np.random.default_rng(14)
    result = fit(np.column_stack([rng.poisson(100, 90), rng.poisson(1, 90)]))
    assert any("salvos come from the prior" in warning for warning in result.diagnostics.warnings())


@pytest.mark.parametrize(
    ("counts", "message"),
    [
        (np.ones((10, 2), np.int64), "10 known days are too few"),
        (np.full((40, 2), -3), "a count of -3 is negative"),
        (np.zeros((40, 2), np.int64), "no drone was launched"),
    ],
)
def test_a_record_that_cannot_be_fitted_is_refused(counts: NDArray[np.int64], message: str) -> None:
    """Too few days, negative counts and a record without drones are errors."""
    with pytest.raises(FitError, match=message):
        fit(counts)


def test_quantiles_are_those_of_the_posterior() -> None:
    """On the unconstrained scale P50 is the mean, and P10 is 1.2816 standard deviations below the mean."""
    posterior = fit(simulated(40, 11)).posterior
    assert posterior.quantiles(0.5)[:-1] == pytest.approx(constrain_parameters(posterior.mean[:-1]))
    low = posterior.mean - 1.2815516 * np.sqrt(np.diag(posterior.covariance))
    assert posterior.quantiles(0.1)[:-1] == pytest.approx(constrain_parameters(low[:-1]), rel=1e-6)
    assert posterior.quantiles(0.1)[-1] == pytest.approx(low[-1], rel=1e-6)
