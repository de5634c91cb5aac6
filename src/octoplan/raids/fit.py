"""Fit the raid process to a record: the posterior distribution of its parameters, and diagnostics of the fit.

The mode of the posterior is found by a quasi-Newton search, its mean and covariance by adaptive importance sampling
around the mode. The posterior is then represented by the normal distribution with that mean and covariance.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import logsumexp, softmax
from scipy.stats import kstest, multivariate_t, norm

from octoplan.errors import FitError
from octoplan.raids import process
from octoplan.raids.process import GRID_POINTS, INITIAL_INTENSITY, PARAMETERS, Floats, Ints

DEFAULT_FIT_DAYS = 120
"""Number of days at the end of a record to which the process is fitted by default (docs/decisions/0007)."""

MIN_FIT_DAYS = 30
"""Minimum number of days with known counts for a fit."""

GRADIENT_STEP = 1e-4
"""Step of the central differences of the gradient, on the unconstrained scale."""

HESSIAN_STEP = 1e-2
"""Step of the second differences of the Hessian, on the unconstrained scale."""

FORECAST_DRAWS = 400
"""Number of draws in each one-day-ahead forecast."""

ROUND_SIZES = (256, 256, 512)
"""Number of points in each round of importance sampling.

The proposal of a round has the mean and covariance of the points of all earlier rounds.
"""

PROPOSAL_DEGREES_OF_FREEDOM = 5
"""Degrees of freedom of the Student's t proposals, whose tails are wider than those of the posterior."""

MIN_EFFECTIVE_SIZE = 64
"""Minimum effective sample size for the moments of a proposal; weights are flattened until the sample reaches it."""


@dataclass(frozen=True)
class Posterior:
    """Normal distribution of the parameters on the unconstrained scale and of x on the last day.

    Args:
        mean: (parameters + 1,) in the order of ``PARAMETERS``, followed by x in stationary standard deviations.
        covariance: (parameters + 1, parameters + 1).
        salvo_probability: Probability that the last day was a salvo day.

    """

    mean: Floats
    covariance: Floats
    salvo_probability: float

    def draw(self, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """Draw the parameters and the state on the last day, as arguments of ``process.simulate_counts``.

        Returns:
            Parameters (draws, parameters); x on the last day, in stationary standard deviations (draws,); and 1 if the
            last day was a salvo day, otherwise 0 (draws,).

        """
        theta = rng.multivariate_normal(self.mean, self.covariance, draws, method="eigh")
        is_salvo = rng.random(draws) < self.salvo_probability
        return process.constrain_parameters(theta[:, :-1]), theta[:, -1], is_salvo.astype(np.float64)

    def quantiles(self, probability: float) -> Floats:
        """Quantiles of the parameters and x on the last day: (parameters + 1,) in the order of ``mean``."""
        values = self.mean + norm.ppf(probability) * np.sqrt(np.diag(self.covariance))
        pairs = zip((*PARAMETERS, INITIAL_INTENSITY), values, strict=True)
        return np.array([parameter.from_unconstrained(value) for parameter, value in pairs])


@dataclass(frozen=True)
class Diagnostics:
    """Diagnostics of a fit.

    Args:
        log_likelihood: Log likelihood of the fitted days at the mode.
        largest_gradient: Largest absolute derivative of the log posterior at the estimated mode; 0 at an exact mode.
        salvo_days: Expected number of salvo days among the fitted days.
        grid_edge_probability: Probability that x is at the first or last point of its grid, largest over the days.
        pit_p_value: p-value of a Kolmogorov-Smirnov test that one-day-ahead forecasts of drones are calibrated.
        variance_reduction: (parameters,) relative reduction of the variance from prior to posterior.
        effective_sample_size: Effective sample size of the importance sample (Kish 1965).

    """

    log_likelihood: float
    largest_gradient: float
    salvo_days: float
    grid_edge_probability: float
    pit_p_value: float
    variance_reduction: Floats
    effective_sample_size: float

    def warnings(self) -> list[str]:
        """Warnings about the reliability of the fit, one sentence each."""
        warnings = []
        if self.salvo_days < 2.0:
            warnings.append(
                "the fitted days contain hardly any salvo day: the frequency and size of salvos come from the prior"
            )
        if self.largest_gradient > 0.5:
            warnings.append(f"the search did not converge (gradient {self.largest_gradient:.2g}): do not use this fit")
        if self.effective_sample_size < 50.0:
            warnings.append(
                f"the intervals are imprecise: the effective sample size is {self.effective_sample_size:.0f}"
            )
        if self.grid_edge_probability > 0.01:
            warnings.append("the intensity of raids in the record varies more than the process allows")
        if self.pit_p_value < 0.01:
            warnings.append(f"one-day-ahead forecasts of drones are not calibrated (p = {self.pit_p_value:.2g})")
        return warnings


@dataclass(frozen=True)
class Fit:
    """The raid process fitted to a period of a record.

    Args:
        posterior: Distribution of the parameters and of the state on the last day.
        mode: (parameters,) the posterior mode, on the unconstrained scale.
        states: (days, 2, grid_points) probabilities of regime and x given all days, for the parameters at the mode.
        grid: (grid_points,) values of x.
        diagnostics: Diagnostics of the fit.
        level_shift: Logarithms of the factors by which ``forecast.combine_level`` multiplied the means of drones and
            missiles in ``posterior``; (0, 0) if the level was not combined with other forecasts.

    """

    posterior: Posterior
    mode: Floats
    states: Floats
    grid: Floats
    diagnostics: Diagnostics
    level_shift: tuple[float, float] = (0.0, 0.0)

    @property
    def salvo_probability(self) -> Floats:
        """Probability that each day was a salvo day: (days,)."""
        return np.asarray(self.states[:, 1].sum(axis=1))

    @property
    def log_intensity(self) -> Floats:
        """Expected slow log-intensity x of each day: (days,)."""
        return np.asarray((self.states.sum(axis=1) * self.grid).sum(axis=1))


Objective = Callable[[Floats], float]
MapFunction = Callable[..., Iterable[Any]]
"""A function with the signature of ``map``, which may apply its first argument in parallel."""


def negative_log_posterior(counts: Ints, is_known: NDArray[np.bool_], grid_points: int) -> Objective:
    """Return the negative log posterior density as a function of the parameters on the unconstrained scale."""

    def objective(theta: Floats) -> float:
        log_likelihood = process.filter_states(
            counts, is_known, process.constrain_parameters(theta), grid_points
        ).log_likelihood
        value = log_likelihood + process.log_prior(theta)
        return -value if np.isfinite(value) else 1e12

    return objective


def starting_point(counts: Ints) -> Floats:
    """Starting point of the search for the mode, on the unconstrained scale: (parameters,).

    It has the prior means, except for the levels and the share of quiet days, which are estimated from the record.
    """
    theta = np.array([parameter.mean for parameter in PARAMETERS])
    drones, missiles = counts.mean(axis=0)
    theta[process.DRONES_ROUTINE_MEAN] = np.log(0.75 * drones + 0.5)
    theta[process.DRONES_SALVO_MEAN] = theta[process.DRONES_ROUTINE_MEAN] + process.RATIO_PRIORS[0][2].mean
    theta[process.MISSILES_ROUTINE_MEAN], theta[process.MISSILES_SALVO_MEAN] = (
        np.log(0.4 * missiles + 0.1),
        np.log(5.0 * missiles + 0.5),
    )
    theta[process.DRONES_QUIET_SHARE] = PARAMETERS[process.DRONES_QUIET_SHARE].to_unconstrained(
        np.array((np.sum(counts[:, 0] == 0) + 1) / (len(counts) + 4))
    )
    return theta


def gradient(objective: Objective, theta: Floats, map_function: MapFunction) -> Floats:
    """Gradient of the objective at theta by central differences: (parameters,)."""
    offsets = GRADIENT_STEP * np.eye(len(theta))
    values = np.array(list(map_function(objective, [*(theta + offsets), *(theta - offsets)])))
    return np.asarray((values[: len(theta)] - values[len(theta) :]) / (2 * GRADIENT_STEP))


def hessian(objective: Objective, theta: Floats, map_function: MapFunction) -> Floats:
    """Hessian of the objective at theta by finite differences with step ``HESSIAN_STEP``: (parameters, parameters)."""
    n = len(theta)
    offsets = HESSIAN_STEP * np.eye(n)
    pairs = [(i, j) for i in range(n) for j in range(i)]
    points = [theta, *(theta + offsets), *(theta - offsets), *(theta + offsets[i] + offsets[j] for i, j in pairs)]
    values = list(map_function(objective, points))
    value_at_theta, values_plus, values_minus, values_of_pairs = (
        values[0],
        values[1 : n + 1],
        values[n + 1 : 2 * n + 1],
        values[2 * n + 1 :],
    )
    matrix = np.diag([(values_plus[i] - 2.0 * value_at_theta + values_minus[i]) / HESSIAN_STEP**2 for i in range(n)])
    for (i, j), value in zip(pairs, values_of_pairs, strict=True):
        matrix[i, j] = matrix[j, i] = (value - values_plus[i] - values_plus[j] + value_at_theta) / HESSIAN_STEP**2
    return matrix


def laplace_covariance(hessian_at_mode: Floats) -> Floats:
    """Covariance of the Laplace approximation: inverse Hessian, eigenvalues capped at the largest prior variance."""
    largest_sd = max(parameter.sd for parameter in PARAMETERS)
    values, vectors = np.linalg.eigh(hessian_at_mode)
    return np.asarray((vectors / np.maximum(values, 1.0 / largest_sd**2)) @ vectors.T)


@dataclass(frozen=True)
class PosteriorPoints:
    """Points of the parameter space, with the posterior density and the state on the last day at each point.

    Args:
        theta: (points, parameters) on the unconstrained scale.
        log_density: (points,) log posterior density, up to a constant.
        last_state: (points, 3) mean and variance of x on the last day, in stationary standard deviations, and the
            probability that it was a salvo day.

    """

    theta: Floats
    log_density: Floats
    last_state: Floats

    def __add__(self, other: "PosteriorPoints") -> "PosteriorPoints":
        names = (item.name for item in fields(self))
        return PosteriorPoints(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in names))


def evaluate_points(
    counts: Ints, is_known: NDArray[np.bool_], theta: Floats, grid_points: int, map_function: MapFunction
) -> PosteriorPoints:
    """Evaluate the log posterior density and the state on the last day at each point of theta, (points, parameters)."""

    def evaluate_point(point: Floats) -> tuple[float, float, float, float]:
        p = process.constrain_parameters(point)
        filtered = process.filter_states(counts, is_known, p, grid_points)
        log_density = filtered.log_likelihood + process.log_prior(point)
        if not np.isfinite(log_density):
            return -np.inf, 0.0, 1.0, 0.0
        weight, x = filtered.probabilities[-1].sum(axis=0), filtered.grid / p[process.WANDER]
        mean = float(weight @ x)
        return log_density, mean, float(weight @ (x - mean) ** 2), float(filtered.probabilities[-1, 1].sum())

    values = np.array(list(map_function(evaluate_point, list(theta))))
    return PosteriorPoints(theta, values[:, 0], values[:, 1:])


def importance_sample(
    counts: Ints,
    is_known: NDArray[np.bool_],
    mode: Floats,
    covariance: Floats,
    grid_points: int,
    map_function: MapFunction,
) -> tuple[PosteriorPoints, Floats]:
    """Weighted points of the posterior, by adaptive importance sampling with Student's t proposals.

    The weight of a point is its posterior density over the density of the mixture of all proposals (Cornuet, Marin,
    Mira and Robert 2012). The draws use a fixed key, so that a fit is a function of its record.

    Returns:
        The points and their weights, (points,), which sum to 1.

    """
    rng = process.fixed_generator()
    n = len(mode)
    points = PosteriorPoints(np.empty((0, n)), np.empty(0), np.empty((0, 3)))
    proposals = [multivariate_t(mode, 1.3 * covariance, PROPOSAL_DEGREES_OF_FREEDOM)]
    for number, size in enumerate(ROUND_SIZES, 1):
        points += evaluate_points(
            counts, is_known, proposals[-1].rvs(size, random_state=rng), grid_points, map_function
        )
        log_mixture_weights = np.log(np.array(ROUND_SIZES[:number]) / len(points.theta))
        log_mixture = [
            share + proposal.logpdf(points.theta)
            for share, proposal in zip(log_mixture_weights, proposals, strict=True)
        ]
        log_weights = points.log_density - logsumexp(log_mixture, axis=0)
        mean, sample_covariance = moments(points.theta, flattened_weights(log_weights))
        proposals.append(multivariate_t(mean, sample_covariance, PROPOSAL_DEGREES_OF_FREEDOM, allow_singular=True))
    return points, np.asarray(softmax(log_weights))


def flattened_weights(log_weights: Floats) -> Floats:
    """Normalised weights raised to the largest power 0.8^k with an effective sample size of ``MIN_EFFECTIVE_SIZE``.

    k = 0, 1, ... is the number of flattening steps.
    """
    power = 1.0
    while effective_sample_size(softmax(power * log_weights)) < MIN_EFFECTIVE_SIZE:
        power *= 0.8
    return np.asarray(softmax(power * log_weights))


def effective_sample_size(weights: Floats) -> float:
    """Effective sample size of weights that sum to 1 (Kish 1965): 1/Σw²."""
    return float(1.0 / np.sum(weights**2))


def moments(theta: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Mean (parameters,) and covariance (parameters, parameters) of weighted points."""
    mean = weights @ theta
    deviations = theta - mean
    return mean, deviations.T @ (deviations * weights[:, None])


def posterior_of_points(points: PosteriorPoints, weights: Floats) -> Posterior:
    """Normal approximation of the posterior, with the mean and covariance of the weighted points."""
    mean, covariance = moments(np.column_stack([points.theta, points.last_state[:, 0]]), weights)
    covariance[-1, -1] += weights @ points.last_state[:, 1]
    return Posterior(mean, covariance, float(weights @ points.last_state[:, 2]))


def one_day_ahead_pits(
    counts: Ints, is_known: NDArray[np.bool_], p: Floats, filtered: process.FilteredStates, first: int = 1
) -> Floats:
    """Probability integral transforms of daily drones under forecasts made one day ahead.

    The transforms are randomised for counts (Czado, Gneiting and Held 2009) with a fixed seed, and are uniform on
    0 to 1 if the counts follow the process with parameters p.

    Args:
        counts: (days, 2) drones and missiles.
        is_known: (days,) False for days with unknown counts.
        p: (parameters,) in the order of ``PARAMETERS``.
        filtered: Filtered states of these days for the parameters p.
        first: Index of the first day to forecast.

    Returns:
        (known days from ``first``,) the transforms.

    """
    rng = process.fixed_generator()
    rows, pits = np.tile(p, (FORECAST_DRAWS, 1)), []
    for day in range(first, len(counts)):
        if is_known[day]:
            weight = filtered.probabilities[day - 1]
            cells = rng.choice(weight.size, FORECAST_DRAWS, p=weight.ravel())
            salvo, x = cells // len(filtered.grid), filtered.grid[cells % len(filtered.grid)]
            forecast = process.simulate_counts(rows, x / p[process.WANDER], salvo, 1, rng)[:, 0, 0]
            share_below, share_equal = np.mean(forecast < counts[day, 0]), np.mean(forecast == counts[day, 0])
            pits.append(share_below + rng.random() * share_equal)
    return np.array(pits)


def fit(
    counts: Ints,
    is_known: NDArray[np.bool_] | None = None,
    *,
    grid_points: int = GRID_POINTS,
    threads: int = 1,
    start: Floats | None = None,
) -> Fit:
    """Fit the raid process to daily counts.

    Args:
        counts: (days, 2) drones and missiles.
        is_known: (days,) False for days with unknown counts; by default all are known.
        grid_points: Number of points of the grid of x.
        threads: Number of threads that evaluate the likelihood; it does not change the fit.
        start: (parameters,) starting point of the search for the mode, on the unconstrained scale.

    Raises:
        FitError: There are fewer than ``MIN_FIT_DAYS`` known days, a count is negative, or no drone was launched.

    """
    counts = np.asarray(counts, np.int64)
    is_known = np.ones(len(counts), bool) if is_known is None else is_known
    check_counts(counts[is_known])
    objective = negative_log_posterior(counts, is_known, grid_points)
    with ThreadPoolExecutor(threads) as pool:
        untyped_minimize: Any = minimize
        optimum = untyped_minimize(
            objective, starting_point(counts[is_known]) if start is None else start, method="L-BFGS-B",
            jac=lambda theta: gradient(objective, theta, pool.map), options={"maxiter": 200, "ftol": 1e-9},
        )  # fmt: skip
        mode = np.asarray(optimum.x, np.float64)
        covariance = laplace_covariance(hessian(objective, mode, pool.map))
        points, weights = importance_sample(counts, is_known, mode, covariance, grid_points, pool.map)
        largest_gradient = float(np.abs(gradient(objective, mode, pool.map)).max())
    p = process.constrain_parameters(mode)
    filtered = process.filter_states(counts, is_known, p, grid_points)
    states = process.smooth_states(filtered.probabilities, p, filtered.grid)
    posterior = posterior_of_points(points, weights)
    prior_variance = np.array([parameter.sd**2 for parameter in PARAMETERS])
    diagnostics = Diagnostics(
        log_likelihood=filtered.log_likelihood,
        largest_gradient=largest_gradient,
        salvo_days=float(states[:, 1].sum()),
        grid_edge_probability=float(states[:, :, [0, -1]].sum(axis=1).max()),
        pit_p_value=float(kstest(one_day_ahead_pits(counts, is_known, p, filtered), "uniform").pvalue),
        variance_reduction=np.clip(1.0 - np.diag(posterior.covariance)[:-1] / prior_variance, 0.0, 1.0),
        effective_sample_size=effective_sample_size(weights),
    )
    return Fit(posterior, mode, states, filtered.grid, diagnostics)


def check_counts(counts: Ints) -> None:
    """Check the counts of the known days, (n, 2).

    Raises:
        FitError: There are fewer than ``MIN_FIT_DAYS`` days, a count is negative, or no drone was launched.

    """
    if len(counts) < MIN_FIT_DAYS:
        raise FitError(f"{len(counts)} known days are too few to fit; at least {MIN_FIT_DAYS} are needed")
    if (counts < 0).any():
        raise FitError(f"a count of {int(counts.min())} is negative; a count is 0 or more")
    if not counts[:, 0].any():
        raise FitError("no drone was launched on any of these days; there is nothing to fit")
