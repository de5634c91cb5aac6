"""The raid process (docs/background/model.md, section 2): likelihood, filtered and smoothed states, and simulation.

The hidden regime r of a day (0 routine, 1 salvo) follows a two-state Markov chain. The slow log-intensity x is an AR(1)
process with mean 0 and stationary standard deviation w. On each day the count of package j (drones, missiles) is 0 with
probability q (drones only), and otherwise

    y_j | r, x ~ Poisson(m_jr exp(x - w^2/2) e_j),    e_j lognormal with mean 1 and coefficient of variation c_jr,

so that the intensity is a mixture of two lognormal distributions. Given r and x the packages are independent.

The likelihood is that of a hidden Markov model with x discretised on a grid (Zucchini, MacDonald and Langrock 2016,
chapter 11); the discretisation is the only approximation.
"""

from dataclasses import dataclass
from math import lgamma, log, pi

import numba
import numpy as np
from numpy.polynomial.hermite import hermgauss
from numpy.typing import NDArray
from scipy.special import expit, logit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Parameter:
    """A parameter of the raid process and its prior, which is normal on the unconstrained scale.

    Args:
        name: Name of the assumption in a scenario.
        scale: Transform to the unconstrained scale: "log", "logit" or "identity".
        mean: Prior mean on the unconstrained scale.
        sd: Prior standard deviation on the unconstrained scale.

    """

    name: str
    scale: str
    mean: float
    sd: float

    def from_unconstrained(self, value: Floats) -> Floats:
        """Transform a value on the unconstrained scale to the parameter."""
        if self.scale == "log":
            return np.exp(value)
        return expit(value) if self.scale == "logit" else value

    def to_unconstrained(self, value: Floats) -> Floats:
        """Transform a value of the parameter to the unconstrained scale."""
        if self.scale == "log":
            return np.log(value)
        return logit(value) if self.scale == "logit" else value


PARAMETERS = (
    Parameter("raids.salvo_share", "logit", -2.2, 1.0),
    Parameter("raids.salvo_stay", "logit", -2.0, 1.2),
    Parameter("raids.wander", "log", log(0.3), 0.5),
    Parameter("raids.wander_time", "log", log(40.0), 0.7),
    Parameter("packages.drones.routine_mean", "log", log(50.0), 3.0),
    Parameter("packages.drones.routine_cv", "log", log(0.45), 0.5),
    Parameter("packages.drones.salvo_mean", "log", log(175.0), 3.0),
    Parameter("packages.drones.salvo_cv", "log", log(0.35), 0.6),
    Parameter("packages.drones.quiet", "logit", -3.5, 2.0),
    Parameter("packages.missiles.routine_mean", "log", log(2.0), 1.5),
    Parameter("packages.missiles.routine_cv", "log", log(3.0), 0.8),
    Parameter("packages.missiles.salvo_mean", "log", log(20.0), 3.0),
    Parameter("packages.missiles.salvo_cv", "log", log(0.8), 0.7),
)
"""The fitted parameters. The priors are weak and affect only parameters that the record hardly identifies."""

INITIAL_INTENSITY = Parameter("raids.begin", "identity", 0.0, 1.0)
"""The slow log-intensity on the last day of the record, in units of its stationary standard deviation."""

(
    SALVO_SHARE,
    SALVO_STAY,
    WANDER,
    WANDER_TIME,
    DRONES_ROUTINE_MEAN,
    DRONES_ROUTINE_CV,
    DRONES_SALVO_MEAN,
    DRONES_SALVO_CV,
    DRONES_QUIET_SHARE,
    MISSILES_ROUTINE_MEAN,
    MISSILES_ROUTINE_CV,
    MISSILES_SALVO_MEAN,
    MISSILES_SALVO_CV,
) = range(len(PARAMETERS))
"""Indices of the parameters in ``PARAMETERS``.

CV is the coefficient of variation; the quiet share is the share of days without drones in addition to days with a
random count of 0.
"""

RATIO_PRIORS = (
    (
        DRONES_SALVO_MEAN,
        DRONES_ROUTINE_MEAN,
        Parameter("packages.drones.salvo_mean over routine_mean", "log", log(3.5), 0.5),
    ),
    (
        MISSILES_SALVO_MEAN,
        MISSILES_ROUTINE_MEAN,
        Parameter("packages.missiles.salvo_mean over routine_mean", "log", log(10.0), 0.8),
    ),
)
"""Priors of the ratios of salvo to routine means, which identify the regimes: index of the numerator, index of the
denominator, and prior."""

GRID_POINTS = 41
"""Number of points of the grid of x, which extends four stationary standard deviations to either side of 0."""

QUADRATURE_NODES, QUADRATURE_WEIGHTS = (values[4:] for values in hermgauss(9))
"""Nodes and weights of Gauss-Hermite quadrature with 9 nodes: the central node 0 and the four positive nodes.

The negative nodes mirror the positive ones.
"""
HALF_LOG_2PI = 0.5 * log(2.0 * pi)
LOG_ZERO = -1e300
"""Finite substitute for the logarithm of zero."""

FIXED_SEED = 20221010
"""Fixed seed of the random numbers in a fit, so that the fit is a deterministic function of the record."""


def fixed_generator() -> np.random.Generator:
    """A random number generator with the fixed seed."""
    return np.random.Generator(np.random.Philox(key=FIXED_SEED))


def constrain_parameters(theta: Floats) -> Floats:
    """Transform points on the unconstrained scale to parameters, both (..., parameters)."""
    return np.stack([parameter.from_unconstrained(theta[..., i]) for i, parameter in enumerate(PARAMETERS)], axis=-1)


def log_prior(theta: Floats) -> float:
    """Log prior density at a point on the unconstrained scale, (parameters,), up to a constant."""
    squares = sum(((theta[i] - prior.mean) / prior.sd) ** 2 for i, prior in enumerate(PARAMETERS))
    squares += sum(((theta[i] - theta[j] - prior.mean) / prior.sd) ** 2 for i, j, prior in RATIO_PRIORS)
    return float(-0.5 * squares)


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def log_poisson_lognormal(y: int, mu: float, s: float, grid: Floats, mask: NDArray[np.bool_], out: Floats) -> None:
    """Log probability of a Poisson count whose log-intensity is normal with mean mu + x and standard deviation s.

    The integral is evaluated by adaptive Gauss-Hermite quadrature with 9 nodes (Liu and Pierce 1994). The integrand is
    log-concave. Newton's method finds its mode z, starting from the mode at the previous x, and the nodes are scaled by
    the curvature c at the mode. At z + d, with d = sqrt(2/c) times a node, the log integrand is its value at z, plus
    g d - e^z (e^d - 1 - d - d^2/2) - node^2, where g is its derivative at z; the last term is part of the weights.

    Args:
        y: The count.
        mu: Mean of the log-intensity at x = 0.
        s: Standard deviation of the log-intensity.
        grid: (grid_points,) values of x.
        mask: (grid_points,) True for the values of x at which the probability is computed.
        out: (grid_points,) log probabilities, updated in place where ``mask`` is True.

    """
    precision = 1.0 / (s * s)
    constant = -np.log(s) - HALF_LOG_2PI - lgamma(y + 1.0)
    z, previous_mean, gain = np.nan, 0.0, 0.0
    for k in range(grid.shape[0]):
        if not mask[k]:
            continue
        m = mu + grid[k]
        if np.isnan(z):
            z = (np.log(y) * y + m * precision) / (y + precision) if y > 0 else m - 1.0
        else:
            z += gain * (m - previous_mean)
        intensity, curve = 0.0, 1.0
        for _ in range(60):
            intensity = np.exp(z)
            curve = intensity + precision
            step = min(max((y - intensity - (z - m) * precision) / curve, -1.0), 1.0)
            z += step
            if abs(step) < 1e-3:
                break
        previous_mean, gain = m, precision / curve
        intensity = np.exp(z)
        slope = y - intensity - (z - m) * precision
        width = np.sqrt(2.0 / (intensity + precision))
        total = QUADRATURE_WEIGHTS[0]
        for i in range(1, QUADRATURE_NODES.shape[0]):
            d = width * QUADRATURE_NODES[i]
            growth, half_square = np.exp(d), 0.5 * d * d
            total += QUADRATURE_WEIGHTS[i] * (
                np.exp(slope * d - intensity * (growth - 1.0 - d - half_square))
                + np.exp(-slope * d - intensity * (1.0 / growth - 1.0 + d - half_square))
            )
        mode_value = y * z - intensity - 0.5 * (z - m) * (z - m) * precision
        out[k] = mode_value + np.log(total * width) + constant


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def log_sd(cv: float) -> float:
    """Standard deviation of the logarithm of a lognormal variable with coefficient of variation cv."""
    return float(np.sqrt(np.log(1.0 + cv * cv)))


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def transition_matrix(grid: Floats, p: Floats) -> Floats:
    """Transition probabilities of the AR(1) process x on the grid, from one day (rows) to the next (columns).

    Returns:
        (grid_points, grid_points) probabilities; each row sums to 1.

    """
    persistence = np.exp(-1.0 / p[WANDER_TIME])
    sd = p[WANDER] * np.sqrt(1.0 - persistence * persistence)
    matrix = np.empty((grid.shape[0], grid.shape[0]))
    for i in range(grid.shape[0]):
        for j in range(grid.shape[0]):
            residual = (grid[j] - persistence * grid[i]) / sd
            matrix[i, j] = np.exp(-0.5 * residual * residual)
        total = matrix[i].sum()
        if total > 0.0:
            matrix[i] /= total
        else:
            matrix[i, i] = 1.0
    return matrix


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def missile_log_likelihood(numbers: Ints, grid: Floats, p: Floats) -> Floats:
    """Log probability of numbers of missiles on a day, in each regime and at each grid point.

    Args:
        numbers: (n,) missiles, each number once: most days of a record have one of few numbers.
        grid: (grid_points,) values of x.
        p: (parameters,) in the order of ``PARAMETERS``.

    Returns:
        (n, 2, grid_points) log probabilities.

    """
    out = np.empty((numbers.shape[0], 2, grid.shape[0]))
    everywhere = np.ones(grid.shape[0], np.bool_)
    half_variance = 0.5 * p[WANDER] * p[WANDER]
    for regime in range(2):
        mean, cv = (
            (p[MISSILES_SALVO_MEAN], p[MISSILES_SALVO_CV])
            if regime == 1
            else (p[MISSILES_ROUTINE_MEAN], p[MISSILES_ROUTINE_CV])
        )
        sd = log_sd(cv)
        for i in range(numbers.shape[0]):
            log_poisson_lognormal(
                numbers[i], np.log(mean) - 0.5 * sd * sd - half_variance, sd, grid, everywhere, out[i, regime]
            )
    return out


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def day_log_likelihood(drones: int, missiles: Floats, grid: Floats, p: Floats, predicted: Floats, out: Floats) -> None:
    """Log likelihood of the drones and missiles of a day, in each regime and at each grid point.

    Args:
        drones: Number of drones.
        missiles: (2, grid_points) log probabilities of the number of missiles, from ``missile_log_likelihood``.
        grid: (grid_points,) values of x.
        p: (parameters,) in the order of ``PARAMETERS``.
        predicted: (2, grid_points) predicted probabilities of regime and x; negligible probabilities are skipped.
        out: (2, grid_points) log likelihoods, updated in place; ``LOG_ZERO`` for skipped states.

    """
    half_variance = 0.5 * p[WANDER] * p[WANDER]
    for regime in range(2):
        mean, cv = (
            (p[DRONES_SALVO_MEAN], p[DRONES_SALVO_CV])
            if regime == 1
            else (p[DRONES_ROUTINE_MEAN], p[DRONES_ROUTINE_CV])
        )
        sd = log_sd(cv)
        mask = predicted[regime] >= 1e-13
        log_poisson_lognormal(drones, np.log(mean) - 0.5 * sd * sd - half_variance, sd, grid, mask, out[regime])
        for k in range(grid.shape[0]):
            if not mask[k]:
                out[regime, k] = LOG_ZERO
                continue
            log_probability = np.log(1.0 - p[DRONES_QUIET_SHARE]) + out[regime, k]
            if drones == 0:
                log_probability = np.log(p[DRONES_QUIET_SHARE] + np.exp(log_probability))
            out[regime, k] = log_probability + missiles[regime, k]


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def filter_forward(
    counts: Ints,
    is_known: NDArray[np.bool_],
    p: Floats,
    grid: Floats,
    probabilities: Floats,
    daily_log_likelihood: Floats,
) -> float:
    """Filter the hidden states forward in time, and return the log likelihood of all days.

    Args:
        counts: (days, 2) drones and missiles.
        is_known: (days,) False for days with unknown counts.
        p: (parameters,) in the order of ``PARAMETERS``.
        grid: (grid_points,) values of x.
        probabilities: (days, 2, grid_points) filtered probabilities of regime and x, updated in place.
        daily_log_likelihood: (days,) log likelihood of each day given the days before it, updated in place.

    """
    grid_points = grid.shape[0]
    transition = transition_matrix(grid, p)
    salvo_entry = min(1.0, p[SALVO_SHARE] * (1.0 - p[SALVO_STAY]) / (1.0 - p[SALVO_SHARE]))
    predicted, log_density = np.empty((2, grid_points)), np.empty((2, grid_points))
    for k in range(grid_points):
        weight = np.exp(-0.5 * (grid[k] / p[WANDER]) ** 2)
        predicted[0, k], predicted[1, k] = (1.0 - p[SALVO_SHARE]) * weight, p[SALVO_SHARE] * weight
    predicted /= predicted.sum()
    numbers = np.unique(counts[is_known, 1])
    missiles = missile_log_likelihood(numbers, grid, p)
    total = 0.0
    for t in range(counts.shape[0]):
        if t > 0:
            propagated = np.dot(probabilities[t - 1], transition)
            for k in range(grid_points):
                predicted[0, k] = propagated[0, k] * (1.0 - salvo_entry) + propagated[1, k] * (1.0 - p[SALVO_STAY])
                predicted[1, k] = propagated[0, k] * salvo_entry + propagated[1, k] * p[SALVO_STAY]
        log_density[:] = 0.0
        if is_known[t]:
            row = np.searchsorted(numbers, counts[t, 1])
            day_log_likelihood(counts[t, 0], missiles[row], grid, p, predicted, log_density)
        largest = log_density.max()
        for r in range(2):
            for k in range(grid_points):
                probabilities[t, r, k] = (
                    predicted[r, k] * np.exp(log_density[r, k] - largest) if log_density[r, k] > LOG_ZERO else 0.0
                )
        mass = probabilities[t].sum()
        probabilities[t] /= mass
        daily_log_likelihood[t] = largest + np.log(mass)
        total += daily_log_likelihood[t]
    return total


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def smooth_states(probabilities: Floats, p: Floats, grid: Floats) -> Floats:
    """Smoothed probabilities of regime and x given all days: (days, 2, grid_points) (Kim 1994).

    Args:
        probabilities: (days, 2, grid_points) filtered probabilities of regime and x.
        p: (parameters,) in the order of ``PARAMETERS``.
        grid: (grid_points,) values of x.

    """
    days, _, grid_points = probabilities.shape
    transition = transition_matrix(grid, p)
    salvo_entry = min(1.0, p[SALVO_SHARE] * (1.0 - p[SALVO_STAY]) / (1.0 - p[SALVO_SHARE]))
    regimes = np.array([[1.0 - salvo_entry, salvo_entry], [1.0 - p[SALVO_STAY], p[SALVO_STAY]]])
    smoothed = probabilities.copy()
    for t in range(days - 2, -1, -1):
        predicted = np.dot(regimes.T, np.dot(probabilities[t], transition))
        ratio = np.zeros((2, grid_points))
        for r in range(2):
            for k in range(grid_points):
                ratio[r, k] = smoothed[t + 1, r, k] / predicted[r, k] if predicted[r, k] > 0.0 else 0.0
        smoothed[t] = probabilities[t] * np.dot(regimes, np.dot(ratio, transition.T))
        smoothed[t] /= smoothed[t].sum()
    return smoothed


@dataclass(frozen=True)
class FilteredStates:
    """Filtered hidden states of a record: their probabilities on each day given the counts up to that day.

    Args:
        log_likelihood: Log likelihood of all days.
        daily_log_likelihood: (days,) log likelihood of each day given the days before it.
        probabilities: (days, 2, grid_points) filtered probabilities of regime and x.
        grid: (grid_points,) values of x.

    """

    log_likelihood: float
    daily_log_likelihood: Floats
    probabilities: Floats
    grid: Floats


def filter_states(
    counts: Ints, is_known: NDArray[np.bool_], p: Floats, grid_points: int = GRID_POINTS
) -> FilteredStates:
    """Filter the hidden states of a record for given parameters.

    Args:
        counts: (days, 2) drones and missiles.
        is_known: (days,) False for days with unknown counts.
        p: (parameters,) in the order of ``PARAMETERS``.
        grid_points: Number of points of the grid of x.

    """
    grid = np.linspace(-4.0 * p[WANDER], 4.0 * p[WANDER], grid_points)
    probabilities, daily_log_likelihood = np.empty((len(counts), 2, grid_points)), np.empty(len(counts))
    total = filter_forward(
        np.ascontiguousarray(counts), is_known, np.asarray(p, np.float64), grid, probabilities, daily_log_likelihood
    )
    return FilteredStates(float(total), daily_log_likelihood, probabilities, grid)


def simulate_counts(p: Floats, initial_x: Floats, salvo: Floats, horizon: int, rng: np.random.Generator) -> Ints:
    """Simulate daily counts of the process in each future.

    Args:
        p: (draws, parameters), one set of parameters for each future.
        initial_x: (draws,) x on the day before the first simulated day, in stationary standard deviations.
        salvo: (draws,) 1 if the day before the first simulated day was a salvo day, otherwise 0.
        horizon: Number of days to simulate.
        rng: Random number generator.

    Returns:
        (draws, horizon, 2) drones and missiles of each day.

    """
    counts = np.empty((len(p), horizon, 2), np.int64)
    persistence, wander = np.exp(-1.0 / p[:, WANDER_TIME]), p[:, WANDER]
    innovation_sd = np.sqrt(1.0 - persistence * persistence)
    salvo_entry = np.minimum(1.0, p[:, SALVO_SHARE] * (1.0 - p[:, SALVO_STAY]) / (1.0 - p[:, SALVO_SHARE]))
    x, state = initial_x * wander, salvo > 0
    means, cvs = (
        (p[:, [DRONES_ROUTINE_MEAN, DRONES_SALVO_MEAN]], p[:, [MISSILES_ROUTINE_MEAN, MISSILES_SALVO_MEAN]]),
        (p[:, [DRONES_ROUTINE_CV, DRONES_SALVO_CV]], p[:, [MISSILES_ROUTINE_CV, MISSILES_SALVO_CV]]),
    )
    rows = np.arange(len(p))
    for day in range(horizon):
        state = rng.random(len(p)) < np.where(state, p[:, SALVO_STAY], salvo_entry)
        x = persistence * x + innovation_sd * wander * rng.standard_normal(len(p))
        for j in range(2):
            mean, cv = means[j][rows, state.astype(int)], cvs[j][rows, state.astype(int)]
            s = np.sqrt(np.log1p(cv * cv))
            shock = s * rng.standard_normal(len(p)) - 0.5 * s * s
            intensity = mean * np.exp(np.minimum(x - 0.5 * wander * wander + shock, 20.0))
            counts[:, day, j] = rng.poisson(np.minimum(intensity, 1e6))
        counts[:, day, 0] *= rng.random(len(p)) >= p[:, DRONES_QUIET_SHARE]
    return counts
