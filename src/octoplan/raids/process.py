"""The raid process of model.md section 2, seen from a record: its likelihood, its hidden states, and futures of it.

A hidden regime (routine, salvo) and a slow log-intensity x, AR(1) with standard deviation w around 0. On a day, the
count of package j is 0 with the share ``quiet`` of days and otherwise Poisson around a lognormal intensity of mean
m_j exp(x - w^2/2) and of the regime's coefficient of variation. Given regime and x the two packages are independent.

The likelihood is that of a hidden Markov model in which x lives on a grid (Zucchini, MacDonald and Langrock 2016,
chapter 11); it is exact up to the step of the grid.
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

PACKAGES = ("drones", "missiles")
"""The packages of a record, as its two columns."""


@dataclass(frozen=True)
class Coordinate:
    """One parameter of the process: its name in a scenario, the scale it is fitted on, its prior there (normal)."""

    name: str
    scale: str
    mean: float
    sd: float

    def natural(self, value: Floats) -> Floats:
        """From the scale of the fit to the parameter."""
        if self.scale == "log":
            return np.exp(value)
        return expit(value) if self.scale == "logit" else value

    def fitted(self, value: Floats) -> Floats:
        """From the parameter to the scale of the fit."""
        if self.scale == "log":
            return np.log(value)
        return logit(value) if self.scale == "logit" else value


COORDINATES = (
    Coordinate("raids.salvo_share", "logit", -2.2, 1.0),
    Coordinate("raids.salvo_stay", "logit", -2.0, 1.2),
    Coordinate("raids.wander", "log", log(0.3), 0.5),
    Coordinate("raids.wander_time", "log", log(40.0), 0.7),
    Coordinate("packages.drones.routine_mean", "log", log(50.0), 3.0),
    Coordinate("packages.drones.routine_cv", "log", log(0.45), 0.5),
    Coordinate("packages.drones.salvo_mean", "log", log(175.0), 3.0),
    Coordinate("packages.drones.salvo_cv", "log", log(0.35), 0.6),
    Coordinate("packages.drones.quiet", "logit", -3.5, 2.0),
    Coordinate("packages.missiles.routine_mean", "log", log(2.0), 1.5),
    Coordinate("packages.missiles.routine_cv", "log", log(3.0), 0.8),
    Coordinate("packages.missiles.salvo_mean", "log", log(20.0), 3.0),
    Coordinate("packages.missiles.salvo_cv", "log", log(0.8), 0.7),
)
"""The parameters that a record speaks of. Priors are weak; they decide only what the record leaves open."""

BEGIN = Coordinate("raids.begin", "identity", 0.0, 1.0)
"""The slow log-intensity on the eve of the forecast, in standard deviations of its wander."""

SHARE, STAY, WANDER, TIME, M0, C0, M1, C1, QUIET, N0, D0, N1, D1 = range(len(COORDINATES))

RATIOS = (
    (M1, M0, Coordinate("packages.drones.salvo_mean over routine_mean", "log", log(3.5), 0.5)),
    (N1, N0, Coordinate("packages.missiles.salvo_mean over routine_mean", "log", log(10.0), 0.8)),
)
"""Priors of the ratios that tell salvo days from routine days."""

STEPS = 41
"""Points of the grid of x, over four standard deviations either way."""

NODES, WEIGHTS = hermgauss(9)
LOG_WEIGHTS = np.log(WEIGHTS) + NODES * NODES
HALF_LOG_2PI = 0.5 * log(2.0 * pi)
NOTHING = -1e300


KEY = 20221010
"""Key of the draws behind a fit, so that it is a function of its record."""


def steady() -> np.random.Generator:
    """Random numbers that are the same each time."""
    return np.random.Generator(np.random.Philox(key=KEY))


def natural(theta: Floats) -> Floats:
    """Parameters from the scale of the fit, (..., coordinates) in the order of ``COORDINATES``."""
    return np.stack([c.natural(theta[..., i]) for i, c in enumerate(COORDINATES)], axis=-1)


def log_prior(theta: Floats) -> float:
    """Log density of the priors at one point, up to a constant."""
    found = sum(((theta[i] - c.mean) / c.sd) ** 2 for i, c in enumerate(COORDINATES))
    found += sum(((theta[i] - theta[j] - c.mean) / c.sd) ** 2 for i, j, c in RATIOS)
    return float(-0.5 * found)


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def log_counts(y: int, mu: float, s: float, grid: Floats, wanted: NDArray[np.bool_], out: Floats) -> None:
    """Log probability of a Poisson count whose log-intensity is normal (mu + x, s), at each wanted x of a grid.

    Adaptive Gauss-Hermite of 9 nodes (Liu and Pierce 1994): the integrand is log-concave, Newton steps find its top,
    and its curvature there sets the nodes. The top at one x is where the search for the next begins. out is (steps,).
    """
    precision = 1.0 / (s * s)
    rest = -np.log(s) - HALF_LOG_2PI - lgamma(y + 1.0)
    z, before, pull = np.nan, 0.0, 0.0
    for k in range(grid.shape[0]):
        if not wanted[k]:
            continue
        m = mu + grid[k]
        if np.isnan(z):
            z = (np.log(y) * y + m * precision) / (y + precision) if y > 0 else m - 1.0
        else:
            z += pull * (m - before)
        intensity, curve = 0.0, 1.0
        for _ in range(60):
            intensity = np.exp(z)
            curve = intensity + precision
            step = min(max((y - intensity - (z - m) * precision) / curve, -1.0), 1.0)
            z += step
            if abs(step) < 1e-3:
                break
        before, pull = m, precision / curve
        top = y * z - np.exp(z) - 0.5 * (z - m) * (z - m) * precision
        width = np.sqrt(2.0 / curve)
        total = 0.0
        for i in range(NODES.shape[0]):
            v = z + width * NODES[i]
            total += np.exp(y * v - np.exp(v) - 0.5 * (v - m) * (v - m) * precision - top + LOG_WEIGHTS[i])
        out[k] = top + np.log(total * width) + rest


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def spread(cv: float) -> float:
    """Standard deviation of the log of a lognormal number with a coefficient of variation."""
    return float(np.sqrt(np.log(1.0 + cv * cv)))


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def transitions(grid: Floats, p: Floats) -> Floats:
    """Probabilities of x from one day (rows) to the next (columns), AR(1) on the grid."""
    keep = np.exp(-1.0 / p[TIME])
    sd = p[WANDER] * np.sqrt(1.0 - keep * keep)
    found = np.empty((grid.shape[0], grid.shape[0]))
    for i in range(grid.shape[0]):
        for j in range(grid.shape[0]):
            apart = (grid[j] - keep * grid[i]) / sd
            found[i, j] = np.exp(-0.5 * apart * apart)
        total = found[i].sum()
        if total > 0.0:
            found[i] /= total
        else:
            found[i, i] = 1.0
    return found


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def likelihood_of_day(y: Ints, grid: Floats, p: Floats, before: Floats, out: Floats) -> None:
    """Log likelihood of a day's two counts in each regime and grid point, (2, steps); skipped where ``before`` is 0."""
    other = np.empty(grid.shape[0])
    half = 0.5 * p[WANDER] * p[WANDER]
    for regime in range(2):
        mean, cv = (p[M1], p[C1]) if regime == 1 else (p[M0], p[C0])
        mean_2, cv_2 = (p[N1], p[D1]) if regime == 1 else (p[N0], p[D0])
        s, s_2 = spread(cv), spread(cv_2)
        wanted = before[regime] >= 1e-13
        log_counts(y[0], np.log(mean) - 0.5 * s * s - half, s, grid, wanted, out[regime])
        log_counts(y[1], np.log(mean_2) - 0.5 * s_2 * s_2 - half, s_2, grid, wanted, other)
        for k in range(grid.shape[0]):
            if not wanted[k]:
                out[regime, k] = NOTHING
                continue
            one = np.log(1.0 - p[QUIET]) + out[regime, k]
            if y[0] == 0:
                one = np.log(p[QUIET] + np.exp(one))
            out[regime, k] = one + other[k]


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def forward(counts: Ints, known: NDArray[np.bool_], p: Floats, grid: Floats, alpha: Floats, each: Floats) -> float:
    """Filter the hidden states through the days; returns the log likelihood.

    counts, known
        (days, 2) counts of drones and missiles; (days,) False for a day that tells nothing.
    grid
        (steps,) values of x.
    alpha
        (days, 2, steps) filtered probabilities of regime and x, filled.
    each
        (days,) log likelihood of each day given those before, filled.
    """
    steps = grid.shape[0]
    move = transitions(grid, p)
    enter = min(1.0, p[SHARE] * (1.0 - p[STAY]) / (1.0 - p[SHARE]))
    before, found = np.empty((2, steps)), np.empty((2, steps))
    for k in range(steps):
        weight = np.exp(-0.5 * (grid[k] / p[WANDER]) ** 2)
        before[0, k], before[1, k] = (1.0 - p[SHARE]) * weight, p[SHARE] * weight
    before /= before.sum()
    total = 0.0
    for t in range(counts.shape[0]):
        if t > 0:
            moved = np.dot(alpha[t - 1], move)
            for k in range(steps):
                before[0, k] = moved[0, k] * (1.0 - enter) + moved[1, k] * (1.0 - p[STAY])
                before[1, k] = moved[0, k] * enter + moved[1, k] * p[STAY]
        found[:] = 0.0
        if known[t]:
            likelihood_of_day(counts[t], grid, p, before, found)
        top = found.max()
        for r in range(2):
            for k in range(steps):
                alpha[t, r, k] = before[r, k] * np.exp(found[r, k] - top) if found[r, k] > NOTHING else 0.0
        mass = alpha[t].sum()
        alpha[t] /= mass
        each[t] = top + np.log(mass)
        total += each[t]
    return total


@numba.njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def smooth(alpha: Floats, p: Floats, grid: Floats) -> Floats:
    """Probabilities of regime and x given all days, (days, 2, steps), from the filtered ones (Kim 1994)."""
    days, _, steps = alpha.shape
    move = transitions(grid, p)
    enter = min(1.0, p[SHARE] * (1.0 - p[STAY]) / (1.0 - p[SHARE]))
    to = np.array([[1.0 - enter, enter], [1.0 - p[STAY], p[STAY]]])
    found = alpha.copy()
    for t in range(days - 2, -1, -1):
        ahead = np.dot(to.T, np.dot(alpha[t], move))
        ratio = np.zeros((2, steps))
        for r in range(2):
            for k in range(steps):
                ratio[r, k] = found[t + 1, r, k] / ahead[r, k] if ahead[r, k] > 0.0 else 0.0
        found[t] = alpha[t] * np.dot(to, np.dot(ratio, move.T))
        found[t] /= found[t].sum()
    return found


@dataclass(frozen=True)
class Seen:
    """What a record shows of the hidden states at given parameters.

    log_likelihood
        of all days.
    each
        (days,) of each day given those before.
    alpha
        (days, 2, steps) filtered probabilities of regime and x.
    grid
        (steps,) values of x.
    """

    log_likelihood: float
    each: Floats
    alpha: Floats
    grid: Floats


def see(counts: Ints, known: NDArray[np.bool_], p: Floats, steps: int = STEPS) -> Seen:
    """Filter a record of (days, 2) counts at the parameters p, natural and in the order of ``COORDINATES``."""
    grid = np.linspace(-4.0 * p[WANDER], 4.0 * p[WANDER], steps)
    alpha, each = np.empty((len(counts), 2, steps)), np.empty(len(counts))
    total = forward(np.ascontiguousarray(counts), known, np.asarray(p, np.float64), grid, alpha, each)
    return Seen(float(total), each, alpha, grid)


def draw(p: Floats, begin: Floats, salvo: Floats, horizon: int, rng: np.random.Generator) -> Ints:
    """Futures of the process, (draws, horizon, 2): one for each row of parameters.

    p
        (draws, coordinates) natural parameters.
    begin, salvo
        (draws,) x on the eve in standard deviations; 1 where the eve was a salvo day.
    """
    found = np.empty((len(p), horizon, 2), np.int64)
    keep, wander = np.exp(-1.0 / p[:, TIME]), p[:, WANDER]
    fresh = np.sqrt(1.0 - keep * keep)
    enter = np.minimum(1.0, p[:, SHARE] * (1.0 - p[:, STAY]) / (1.0 - p[:, SHARE]))
    x, state = begin * wander, salvo > 0
    means, cvs = (p[:, [M0, M1]], p[:, [N0, N1]]), (p[:, [C0, C1]], p[:, [D0, D1]])
    rows = np.arange(len(p))
    for day in range(horizon):
        state = rng.random(len(p)) < np.where(state, p[:, STAY], enter)
        x = keep * x + fresh * wander * rng.standard_normal(len(p))
        for j in range(2):
            mean, cv = means[j][rows, state.astype(int)], cvs[j][rows, state.astype(int)]
            s = np.sqrt(np.log1p(cv * cv))
            shock = s * rng.standard_normal(len(p)) - 0.5 * s * s
            intensity = mean * np.exp(np.minimum(x - 0.5 * wander * wander + shock, 20.0))
            found[:, day, j] = rng.poisson(np.minimum(intensity, 1e6))
        found[:, day, 0] *= rng.random(len(p)) >= p[:, QUIET]
    return found
