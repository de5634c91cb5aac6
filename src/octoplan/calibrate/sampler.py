"""Posterior draws of the scores given an emulator, by elliptical slice sampling.

The prior of the scores is standard normal, and the likelihood is normal with the covariance of the emulator's residuals
plus that of observation error and discrepancy. Chains begin with draws from the Laplace approximation of the posterior,
which is also the normal reference of the sampler (Murray, Adams and MacKay 2010; Nishihara, Murray and Adams 2014).
The method has no tuning parameters. If the posterior is normal, each step is an independent draw.
"""

from dataclasses import dataclass

import numpy as np
from arviz_stats.base import array_stats
from scipy import linalg, optimize, special

from octoplan.calibrate.emulator import Emulator
from octoplan.calibrate.problem import Problem
from octoplan.scenario.arrays import Floats, Ints

STEPS = 40
"""Steps of each chain, of which the second half is used for the diagnostics."""
MOST_STEPS = 480
"""Steps after which the chains end even if they have not converged."""
LARGEST_R_HAT = 1.02
"""R-hat below which the chains have converged (Vehtari et al. 2021 recommend 1.01 for the final inference)."""
MOST_SHRINKS = 60
"""Largest number of times that the interval of angles is shrunk in one step."""
WIDENING = 1.1
"""Factor on the standard deviations of the reference, whose tails should not be lighter than those of the posterior."""


@dataclass(frozen=True, eq=False)
class Likelihood:
    """Normal likelihood of the observed measures given the scores.

    Attributes:
        problem: The problem.
        emulator: Expected measures as a function of the features.
        scores: (informed,) columns of the scores on which the active features depend.
        factor: (measures, measures) lower Cholesky factor of the covariance.
        power: Exponent of the likelihood, 1 for the posterior, smaller for a wider density.

    """

    problem: Problem
    emulator: Emulator
    scores: Ints
    factor: Floats
    power: float

    def residuals(self, informed: Floats) -> Floats:
        """(futures, measures) standardised residuals of the observed measures, given (futures, informed) scores."""
        full = np.zeros((len(informed), self.problem.scores))
        full[:, self.scores] = informed
        expected = self.emulator.predict(self.problem.features(full))
        scaled = linalg.solve_triangular(self.factor, (self.problem.observed - expected).T, lower=True).T
        return np.asarray(scaled * np.sqrt(self.power), np.float64)

    def log_likelihood(self, informed: Floats) -> Floats:
        """(futures,) logarithm of the likelihood with ``power``, up to a constant that depends on the covariance."""
        constant = self.power * np.log(np.diag(self.factor)).sum()
        return np.asarray(-0.5 * (self.residuals(informed) ** 2).sum(axis=1) - constant)

    def log_posterior(self, informed: Floats) -> Floats:
        """(futures,) logarithm of the posterior density of the informed scores, up to a constant."""
        return np.asarray(self.log_likelihood(informed) - 0.5 * (informed**2).sum(axis=1))


def likelihood(problem: Problem, emulator: Emulator, power: float = 1.0) -> Likelihood:
    """The likelihood of a problem with an emulator."""
    factor = np.asarray(np.linalg.cholesky(emulator.covariance + problem.covariance), np.float64)
    return Likelihood(problem, emulator, problem.informed_scores(emulator.active), factor, power)


@dataclass(frozen=True, eq=False)
class Approximation:
    """Normal approximation of a posterior: its mode, (informed,), and a lower Cholesky factor of its covariance."""

    mode: Floats
    factor: Floats

    def scores_of(self, points: Floats) -> Floats:
        """Scores of (draws, informed) points that are standard normal under the approximation."""
        return np.asarray(self.mode + points @ self.factor.T, np.float64)


def laplace(density: Likelihood) -> Approximation:
    """The Laplace approximation of a posterior, by nonlinear least squares from the prior mean."""

    def residuals(point: Floats) -> Floats:
        return np.concatenate([point, density.residuals(point[None])[0]])

    def jacobian(point: Floats) -> Floats:
        step = 1e-4 * np.eye(len(point))
        slope = (density.residuals(point + step) - density.residuals(point - step)) / 2e-4
        return np.concatenate([np.eye(len(point)), slope.T])

    size = len(density.scores)
    solution = optimize.least_squares(residuals, np.zeros(size), jac=jacobian, max_nfev=200)
    slope = jacobian(solution.x)
    covariance = WIDENING**2 * np.linalg.inv(slope.T @ slope)
    return Approximation(solution.x, np.asarray(np.linalg.cholesky(covariance), np.float64))


@dataclass(frozen=True, eq=False)
class PosteriorSample:
    """Draws of the scores from a posterior.

    Attributes:
        scores: (draws, scores); scores that are not informed are prior draws.
        log_likelihood: (draws,) logarithm of the likelihood of each draw, with its power.
        r_hat: Largest R-hat over the informed scores; 1 at convergence.

    """

    scores: Floats
    log_likelihood: Floats
    r_hat: float


def sample(density: Likelihood, draws: int, rng: np.random.Generator) -> PosteriorSample:
    """Draw scores from a posterior, one from each of as many chains.

    Args:
        density: The likelihood.
        draws: Number of draws.
        rng: Source of random numbers.

    """
    scores = rng.standard_normal((draws, density.problem.scores))
    if len(density.scores) == 0:
        return PosteriorSample(scores, np.zeros(draws), 1.0)
    reference = laplace(density)
    points = rng.standard_normal((draws, len(density.scores)))
    steps, r_hat = 0, np.inf
    while r_hat > LARGEST_R_HAT and steps < MOST_STEPS:
        states = []
        for step in range(STEPS):
            points = elliptical_step(density, reference, points, rng)
            if step >= STEPS // 2:
                states.append(points)
        steps += STEPS
        r_hat = largest_r_hat(np.stack(states, axis=1))
    informed = reference.scores_of(points)
    scores[:, density.scores] = informed
    return PosteriorSample(scores, density.log_likelihood(informed), r_hat)


def elliptical_step(density: Likelihood, reference: Approximation, points: Floats, rng: np.random.Generator) -> Floats:
    """One step of elliptical slice sampling of each chain.

    Args:
        density: The likelihood.
        reference: The normal reference.
        points: (chains, informed) points, standard normal under the reference.
        rng: Source of random numbers.

    """

    def log_ratio(at: Floats) -> Floats:
        return np.asarray(density.log_posterior(reference.scores_of(at)) + 0.5 * (at**2).sum(axis=1))

    level = log_ratio(points) + np.log(rng.random(len(points)))
    other = rng.standard_normal(points.shape)
    angle = rng.uniform(0.0, 2.0 * np.pi, len(points))
    low, high = angle - 2.0 * np.pi, angle.copy()
    result, left = points.copy(), np.arange(len(points))
    for _ in range(MOST_SHRINKS):
        candidates = points[left] * np.cos(angle)[:, None] + other[left] * np.sin(angle)[:, None]
        accepted = log_ratio(candidates) > level[left]
        result[left[accepted]] = candidates[accepted]
        rejected = ~accepted
        if not rejected.any():
            break
        left, angle, low, high = left[rejected], angle[rejected], low[rejected], high[rejected]
        low, high = np.where(angle < 0.0, angle, low), np.where(angle >= 0.0, angle, high)
        angle = rng.uniform(low, high)
    return result


def largest_r_hat(states: Floats) -> float:
    """Largest R-hat over the scores of chains, (chains, states, scores).

    Chains are joined in eight groups, in the order of their states, because each is short.
    """
    chains = len(states) // 8 * 8
    joined = states[:chains].reshape(8, chains // 8, *states.shape[1:]).swapaxes(1, 2)
    joined = joined.reshape(8, -1, states.shape[2])
    return max(float(array_stats.rhat(joined[:, :, k], chain_axis=0, draw_axis=1)) for k in range(states.shape[2]))


def pareto_smoothed(log_ratios: Floats) -> tuple[Floats, float]:
    """Normalised importance weights with a generalised Pareto distribution fitted to the largest, and its shape k.

    k is infinite if most weights are too small to be distinguished.
    """
    centred = log_ratios - log_ratios.max()
    if np.ptp(centred) < 1e-12:
        return np.full(len(centred), 1.0 / len(centred)), 0.0
    if len(np.unique(np.exp(centred))) < len(centred) // 2:
        return np.exp(centred - special.logsumexp(centred)), np.inf
    smoothed, k = array_stats.psislw(-centred)  # the argument is the negative logarithm
    return np.exp(smoothed - special.logsumexp(smoothed)), float(k)


def systematic(weights: Floats, draws: int, rng: np.random.Generator) -> Ints:
    """(draws,) rows drawn with given probabilities by systematic resampling, in ascending order."""
    positions = (np.arange(draws) + rng.random()) / draws
    return np.minimum(np.searchsorted(np.cumsum(weights), positions), len(weights) - 1)
