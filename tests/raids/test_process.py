"""The raid process: its likelihood compared with brute force, and its simulated counts with moments and likelihood."""

from itertools import product
from math import exp, lgamma, log, pi

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.stats import chi2

from octoplan.raids import process
from octoplan.raids.fit import gradient, hessian
from octoplan.raids.process import (
    PARAMETERS,
    constrain_parameters,
    filter_states,
    log_poisson_lognormal,
    simulate_counts,
    smooth_states,
    transition_matrix,
)

Floats = NDArray[np.float64]

TRUTH = {
    "raids.salvo_share": 0.15,
    "raids.salvo_stay": 0.1,
    "raids.wander": 0.3,
    "raids.wander_time": 25.0,
    "packages.drones.routine_mean": 120.0,
    "packages.drones.routine_cv": 0.4,
    "packages.drones.salvo_mean": 480.0,
    "packages.drones.salvo_cv": 0.3,
    "packages.drones.quiet": 0.03,
    "packages.missiles.routine_mean": 1.5,
    "packages.missiles.routine_cv": 3.0,
    "packages.missiles.salvo_mean": 35.0,
    "packages.missiles.salvo_cv": 0.5,
}
P = np.array([TRUTH[parameter.name] for parameter in PARAMETERS])


@pytest.mark.parametrize("y", [0, 1, 7, 150, 948])
@pytest.mark.parametrize(("mu", "s"), [(-1.0, 1.9), (4.6, 0.4), (6.2, 0.25), (3.0, 0.05)])
def test_count_probability(y: int, mu: float, s: float) -> None:
    """The probability of a count is the integral of Poisson probabilities over the normal log-intensity."""

    def integrand(z: float) -> float:
        return exp(y * z - exp(z) - lgamma(y + 1.0) - 0.5 * ((z - mu) / s) ** 2 - log(s) - 0.5 * log(2.0 * pi))

    mode = max(np.linspace(mu - 12 * s, mu + 12 * s, 4001), key=integrand)
    exact = sum(
        quad(integrand, a, b, epsabs=0.0, epsrel=1e-11, limit=400)[0]
        for a, b in ((mu - 14 * s, mode), (mode, mu + 14 * s))
    )
    if exact > 1e-200:
        offset, out = 0.3, np.empty(3)
        grid, mask = np.array([0.0, 0.5 * offset, offset]), np.array([True, False, True])
        log_poisson_lognormal(y, mu - offset, s, grid, mask, out)
        assert out[2] == pytest.approx(log(exact), abs=1e-3)


def test_likelihood_is_the_sum_over_hidden_paths() -> None:
    """On a coarse grid the likelihood is the sum over all paths of states; smoothing gives state probabilities."""
    counts = np.array([[130, 0], [0, 3], [520, 30], [90, 1]])
    grid_points = 3
    filtered = filter_states(counts, np.ones(4, bool), P, grid_points)
    grid = filtered.grid
    transition = transition_matrix(grid, P)
    enter = P[process.SALVO_SHARE] * (1 - P[process.SALVO_STAY]) / (1 - P[process.SALVO_SHARE])
    regimes = np.array([[1 - enter, enter], [1 - P[process.SALVO_STAY], P[process.SALVO_STAY]]])
    stationary = np.exp(-0.5 * (grid / P[process.WANDER]) ** 2)
    stationary /= stationary.sum()
    everywhere, weights = np.full((2, grid_points), 1.0), np.zeros((4, 2, grid_points))
    densities = []
    missiles = process.missile_log_likelihood(counts[:, 1], grid, P)
    for day, (drones, _) in enumerate(counts):
        out = np.empty((2, grid_points))
        process.day_log_likelihood(drones, missiles[day], grid, P, everywhere, out)
        densities.append(np.exp(out))
    total = 0.0
    for path in product(range(2), range(grid_points), repeat=4):
        r, k = path[::2], path[1::2]
        p = (
            (P[process.SALVO_SHARE] if r[0] else 1 - P[process.SALVO_SHARE])
            * stationary[k[0]]
            * densities[0][r[0], k[0]]
        )
        for t in range(1, 4):
            p *= regimes[r[t - 1], r[t]] * transition[k[t - 1], k[t]] * densities[t][r[t], k[t]]
        total += p
        for t in range(4):
            weights[t, r[t], k[t]] += p
    assert filtered.log_likelihood == pytest.approx(log(total), rel=1e-12)
    assert filtered.daily_log_likelihood.sum() == pytest.approx(log(total), rel=1e-12)
    assert smooth_states(filtered.probabilities, P, grid) == pytest.approx(weights / total, rel=1e-9)


def test_a_finer_grid_changes_little() -> None:
    """The log likelihood of a year changes by less than 0.02 when the grid is four times finer."""
    counts = simulated(365, 3)
    is_known = np.ones(len(counts), bool)
    assert filter_states(counts, is_known, P, 41).log_likelihood == pytest.approx(
        filter_states(counts, is_known, P, 161).log_likelihood, abs=0.02
    )


def test_an_unknown_day_has_no_influence() -> None:
    """The likelihood does not depend on the counts of a day that is marked as unknown."""
    counts = simulated(60, 4)
    is_known = np.arange(60) != 30
    changed = counts.copy()
    changed[30] = 9999, 0
    assert filter_states(counts, is_known, P).log_likelihood == filter_states(changed, is_known, P).log_likelihood


def simulated(days: int, seed: int) -> NDArray[np.int64]:
    """One record simulated with the parameters ``TRUTH``, from an initial state in the stationary distribution."""
    rng = np.random.default_rng(seed)
    salvo = (rng.random(1) < TRUTH["raids.salvo_share"]).astype(float)
    return np.asarray(simulate_counts(P[None], rng.standard_normal(1), salvo, days, rng)[0])


def test_simulated_counts_have_the_stated_moments() -> None:
    """Means and the share of quiet days agree with the parameters within four standard errors, less than 1.4 %."""
    rng = np.random.default_rng(5)
    n = 200_000
    salvo = (rng.random(n) < TRUTH["raids.salvo_share"]).astype(float)
    counts = simulate_counts(np.tile(P, (n, 1)), rng.standard_normal(n), salvo, 4, rng).astype(float)
    share, quiet = TRUTH["raids.salvo_share"], TRUTH["packages.drones.quiet"]
    mean = (1 - quiet) * ((1 - share) * 120.0 + share * 480.0)
    for day in range(4):
        error = counts[:, day, 0].std() / np.sqrt(n)
        assert abs(counts[:, day, 0].mean() - mean) < 4 * error
        assert error < 0.0033 * mean
    zeros = (counts[:, :, 0] == 0).mean()
    assert abs(zeros - quiet) < 4 * np.sqrt(quiet * (1 - quiet) / n)
    missiles = (1 - share) * 1.5 + share * 35.0
    assert abs(counts[:, 0, 1].mean() - missiles) < 4 * counts[:, 0, 1].std() / np.sqrt(n)


def test_the_slow_intensity_is_autoregressive() -> None:
    """Without regimes and shocks, log counts have the variance w² and the autocorrelation exp(-lag/time)."""
    rng = np.random.default_rng(6)
    n, wander, time = 40_000, 0.5, 3.0
    p = P.copy()
    p[process.SALVO_SHARE], p[process.WANDER], p[process.WANDER_TIME], p[process.DRONES_QUIET_SHARE] = (
        1e-9,
        wander,
        time,
        0.0,
    )
    p[process.DRONES_ROUTINE_MEAN], p[process.DRONES_ROUTINE_CV] = 1e6 * exp(-2.0), 1e-3
    counts = simulate_counts(np.tile(p, (n, 1)), rng.standard_normal(n), np.zeros(n), 3, rng)[:, :, 0]
    logs = np.log(counts / p[process.DRONES_ROUTINE_MEAN]) + 0.5 * wander**2
    covariance = np.cov(logs.T)
    error = 4 * wander**2 * np.sqrt(2 / n)
    for lag in range(3):
        assert abs(covariance[0, lag] - wander**2 * exp(-lag / time)) < error
    assert abs(logs.mean()) < 4 * wander / np.sqrt(n)


def test_the_likelihood_agrees_with_simulated_counts() -> None:
    """On 20,000 simulated days, a Newton step of the likelihood from the truth is within 3.5 standard errors.

    With little slow variation the standard error of the routine mean is a third of a percent.
    """
    p = P.copy()
    p[process.WANDER], p[process.WANDER_TIME] = 0.02, 2.0
    rng = np.random.default_rng(7)
    counts = simulate_counts(p[None], rng.standard_normal(1), np.zeros(1), 20_000, rng)[0]
    is_known = np.ones(len(counts), bool)
    indices = [i for i in range(len(PARAMETERS)) if i not in {process.WANDER, process.WANDER_TIME}]
    theta = np.array(
        [prior.to_unconstrained(np.array(value)) for prior, value in zip(PARAMETERS, p, strict=True)], float
    )

    def negative_log_likelihood(values: Floats) -> float:
        point = theta.copy()
        point[indices] = values
        return -filter_states(counts, is_known, constrain_parameters(point), 9).log_likelihood

    slope = gradient(negative_log_likelihood, theta[indices], map)
    information = hessian(negative_log_likelihood, theta[indices], map)
    step, covariance = np.linalg.solve(information, slope), np.linalg.inv(information)
    errors = np.sqrt(np.diag(covariance))
    assert (abs(step) < 3.5 * errors).all()
    assert slope @ step < chi2.ppf(0.999, len(indices))
    assert errors[indices.index(process.DRONES_ROUTINE_MEAN)] < 0.0034
    assert errors[indices.index(process.DRONES_SALVO_MEAN)] < 0.0066


def test_scales_are_inverse_to_each_other() -> None:
    """Transforming parameters to the unconstrained scale and back returns the parameters."""
    theta = np.array([parameter.to_unconstrained(np.array(TRUTH[parameter.name])) for parameter in PARAMETERS], float)
    assert constrain_parameters(theta) == pytest.approx(P, rel=1e-12)
