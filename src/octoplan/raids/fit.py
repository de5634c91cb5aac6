"""The raid process fitted to a record: the posterior of its parameters, and what that says about the fit."""

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
from octoplan.raids.process import BEGIN, COORDINATES, STEPS, Floats, Ints

MEMORY = 120
"""Days at the end of a record to which the process is fitted by default (decision 7)."""

FEWEST = 30
"""Days below which nothing is fitted."""

STEP = 1e-2
"""Step of the second differences on the scale of the fit."""

PATHS = 400
"""Draws behind each one-day-ahead probability."""

ROUNDS = (256, 256, 512)
"""Points of the posterior that are weighed, round by round; each round is drawn around what the last found."""

FREEDOM = 5
"""Degrees of freedom of the laws they are drawn from: tails wider than the posterior's."""

ENOUGH = 64
"""Effective points that the next round's law is made from at least: below, their weights are evened out."""


@dataclass(frozen=True)
class Posterior:
    """A joint normal distribution of the parameters on the scale of the fit, and of x on the eve.

    mean, covariance
        (coordinates + 1,), (coordinates + 1, coordinates + 1) in the order of ``COORDINATES``, then ``BEGIN``.
    salvo
        probability that the last day was a salvo day.
    """

    mean: Floats
    covariance: Floats
    salvo: float

    def draw(self, draws: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
        """Natural parameters (draws, coordinates), x on the eve in standard deviations, 1 where it was a salvo day."""
        theta = rng.multivariate_normal(self.mean, self.covariance, draws, method="eigh")
        return process.natural(theta[:, :-1]), theta[:, -1], (rng.random(draws) < self.salvo).astype(np.float64)

    def quantiles(self, share: float) -> Floats:
        """One quantile of each parameter, natural, in the order of ``mean``."""
        value = self.mean + norm.ppf(share) * np.sqrt(np.diag(self.covariance))
        return np.array([c.natural(v) for c, v in zip((*COORDINATES, BEGIN), value, strict=True)])


@dataclass(frozen=True)
class Diagnostics:
    """What can be told of a fit from inside.

    log_likelihood
        of the days fitted, at the mode.
    gradient
        largest slope of the log posterior at the mode, any coordinate; 0 at a true mode.
    salvo_days
        expected number of salvo days among those fitted.
    edge
        largest probability, on any day, that x stands on the first or last point of its grid.
    uniformity
        p-value of a Kolmogorov-Smirnov test that one-day-ahead forecasts of drones were calibrated.
    learned
        (coordinates,) share of the prior variance that the record took away.
    points
        effective number of points behind the posterior.
    """

    log_likelihood: float
    gradient: float
    salvo_days: float
    edge: float
    uniformity: float
    learned: Floats
    points: float

    def warnings(self) -> list[str]:
        """What a user should know before trusting the fit, in words."""
        said = []
        if self.salvo_days < 2.0:
            said.append("hardly any salvo day is seen: how many come, and how large, rests on the prior alone")
        if self.gradient > 0.5:
            said.append(f"the search did not reach a top (slope {self.gradient:.2g}): do not use this fit")
        if self.points < 50.0:
            said.append(f"the intervals rest on {self.points:.0f} effective points: they are rough")
        if self.edge > 0.01:
            said.append("the slow intensity runs to the edge of its grid: the record moves more than the process can")
        if self.uniformity < 0.01:
            said.append(f"one-day-ahead forecasts of drones are not calibrated (p {self.uniformity:.2g})")
        return said


@dataclass(frozen=True)
class Fit:
    """The process fitted to some days of a record.

    mode
        (coordinates,) the most probable parameters, on the scale of the fit.
    states
        (days, 2, steps) probabilities of regime and x on each day, given all days, at the mode.
    grid
        (steps,) values of x.
    shift
        logs of the factors on the drones and missiles of a day in ``posterior`` that no day fitted speaks of
        (``forecast.levelled``).
    """

    posterior: Posterior
    mode: Floats
    states: Floats
    grid: Floats
    diagnostics: Diagnostics
    shift: tuple[float, float] = (0.0, 0.0)

    @property
    def salvo(self) -> Floats:
        """(days,) probability that each day was a salvo day."""
        return np.asarray(self.states[:, 1].sum(axis=1))

    @property
    def level(self) -> Floats:
        """(days,) expected slow log-intensity of each day."""
        return np.asarray((self.states.sum(axis=1) * self.grid).sum(axis=1))


Objective = Callable[[Floats], float]
Run = Callable[..., Iterable[Any]]
"""Something like ``map``: it calls a function on each of several points, perhaps on several threads."""


def objective(counts: Ints, known: NDArray[np.bool_], steps: int) -> Objective:
    """Minus the log posterior of the parameters on the scale of the fit."""

    def minus(theta: Floats) -> float:
        value = process.see(counts, known, process.natural(theta), steps).log_likelihood + process.log_prior(theta)
        return -value if np.isfinite(value) else 1e12

    return minus


def start(counts: Ints) -> Floats:
    """Where the search begins: the priors' means, with the sizes of the record."""
    theta = np.array([c.mean for c in COORDINATES])
    drones, missiles = counts.mean(axis=0)
    theta[process.M0] = np.log(0.75 * drones + 0.5)
    theta[process.M1] = theta[process.M0] + process.RATIOS[0][2].mean
    theta[process.N0], theta[process.N1] = np.log(0.4 * missiles + 0.1), np.log(5.0 * missiles + 0.5)
    theta[process.QUIET] = COORDINATES[process.QUIET].fitted(
        np.array((np.sum(counts[:, 0] == 0) + 1) / (len(counts) + 4))
    )
    return theta


def slope(minus: Objective, theta: Floats, run: Run) -> Floats:
    """Gradient by central differences."""
    moves = 1e-4 * np.eye(len(theta))
    values = np.array(list(run(minus, [*(theta + moves), *(theta - moves)])))
    return np.asarray((values[: len(theta)] - values[len(theta) :]) / 2e-4)


def curvature(minus: Objective, theta: Floats, run: Run) -> Floats:
    """Matrix of second derivatives by differences of width ``STEP``."""
    n = len(theta)
    moves = STEP * np.eye(n)
    pairs = [(i, j) for i in range(n) for j in range(i)]
    points = [theta, *(theta + moves), *(theta - moves), *(theta + moves[i] + moves[j] for i, j in pairs)]
    values = list(run(minus, points))
    top, up, down, both = values[0], values[1 : n + 1], values[n + 1 : 2 * n + 1], values[2 * n + 1 :]
    found = np.diag([(up[i] - 2.0 * top + down[i]) / STEP**2 for i in range(n)])
    for (i, j), value in zip(pairs, both, strict=True):
        found[i, j] = found[j, i] = (value - up[i] - up[j] + top) / STEP**2
    return found


def laplace(hessian: Floats) -> Floats:
    """Covariance of the parameters: the inverse curvature, no direction wider than the priors allow."""
    widest = max(c.sd for c in COORDINATES)
    values, vectors = np.linalg.eigh(hessian)
    return np.asarray((vectors / np.maximum(values, 1.0 / widest**2)) @ vectors.T)


@dataclass(frozen=True)
class Points:
    """Points on the scale of the fit, with what the record says at each.

    theta
        (points, coordinates).
    height
        (points,) log posterior density, up to a constant.
    eve
        (points, 3) mean and variance of x on the eve, in standard deviations; chance that it was a salvo day.
    """

    theta: Floats
    height: Floats
    eve: Floats

    def __add__(self, other: "Points") -> "Points":
        return Points(*(np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)))


def weigh(counts: Ints, known: NDArray[np.bool_], theta: Floats, steps: int, run: Run) -> Points:
    """The log posterior density and the hidden states of the last day, at each of several points."""

    def one(at: Floats) -> tuple[float, float, float, float]:
        p = process.natural(at)
        seen = process.see(counts, known, p, steps)
        height = seen.log_likelihood + process.log_prior(at)
        if not np.isfinite(height):
            return -np.inf, 0.0, 1.0, 0.0
        weight, x = seen.alpha[-1].sum(axis=0), seen.grid / p[process.WANDER]
        mean = float(weight @ x)
        return height, mean, float(weight @ (x - mean) ** 2), float(seen.alpha[-1, 1].sum())

    found = np.array(list(run(one, list(theta))))
    return Points(theta, found[:, 0], found[:, 1:])


def sampled(
    counts: Ints, known: NDArray[np.bool_], mode: Floats, covariance: Floats, steps: int, run: Run
) -> tuple[Points, Floats]:
    """Weighted points of the posterior: adaptive importance sampling from Student's laws, all rounds weighed together.

    The weight of a point is its density over that of the mixture of all laws drawn from (Cornuet, Marin, Mira and
    Robert 2012). The draws come from a fixed key, so that a fit is a function of its record.
    """
    rng = process.steady()
    n = len(mode)
    found = Points(np.empty((0, n)), np.empty(0), np.empty((0, 3)))
    laws = [multivariate_t(mode, 1.3 * covariance, FREEDOM)]
    for i, draws in enumerate(ROUNDS, 1):
        found += weigh(counts, known, laws[-1].rvs(draws, random_state=rng), steps, run)
        shares = np.log(np.array(ROUNDS[:i]) / len(found.theta))
        heights = [share + law.logpdf(found.theta) for share, law in zip(shares, laws, strict=True)]
        logs = found.height - logsumexp(heights, axis=0)
        laws.append(multivariate_t(*moments(found.theta, even(logs)), FREEDOM, allow_singular=True))
    return found, tempered(logs, 1.0)


def tempered(logs: Floats, power: float) -> Floats:
    """Weights, summing to 1, from logs to a power."""
    return np.asarray(softmax(power * logs))


def even(logs: Floats) -> Floats:
    """Weights to the largest power, by steps of a fifth, at which ``ENOUGH`` points are effective."""
    power = 1.0
    while effective(tempered(logs, power)) < ENOUGH:
        power *= 0.8
    return tempered(logs, power)


def effective(weights: Floats) -> float:
    """Number of equally weighted points that tell as much (Kish 1965)."""
    return float(1.0 / np.sum(weights**2))


def moments(theta: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Mean and covariance of weighted points."""
    mean = weights @ theta
    apart = theta - mean
    return mean, apart.T @ (apart * weights[:, None])


def posterior(points: Points, weights: Floats) -> Posterior:
    """The joint normal law with the mean and covariance of weighted points and of x on the eve."""
    mean, covariance = moments(np.column_stack([points.theta, points.eve[:, 0]]), weights)
    covariance[-1, -1] += weights @ points.eve[:, 1]
    return Posterior(mean, covariance, float(weights @ points.eve[:, 2]))


def one_day_ahead(counts: Ints, known: NDArray[np.bool_], p: Floats, seen: process.Seen, first: int = 1) -> Floats:
    """Probability integral transforms of drones on each known day from ``first`` on, forecast the day before.

    Randomised for counts (Czado, Gneiting and Held 2009) from a fixed key; uniform if the process at p is true.
    """
    rng = process.steady()
    rows, found = np.tile(p, (PATHS, 1)), []
    for day in range(first, len(counts)):
        if known[day]:
            weight = seen.alpha[day - 1]
            chosen = rng.choice(weight.size, PATHS, p=weight.ravel())
            salvo, x = chosen // len(seen.grid), seen.grid[chosen % len(seen.grid)]
            ahead = process.draw(rows, x / p[process.WANDER], salvo, 1, rng)[:, 0, 0]
            below, equal = np.mean(ahead < counts[day, 0]), np.mean(ahead == counts[day, 0])
            found.append(below + rng.random() * equal)
    return np.array(found)


def fit(
    counts: Ints,
    known: NDArray[np.bool_] | None = None,
    *,
    steps: int = STEPS,
    threads: int = 1,
    begin: Floats | None = None,
) -> Fit:
    """Fit the process to days of a record by its mode, and the mean and covariance of its posterior around it.

    counts, known
        (days, 2) drones and missiles; (days,) False for a day whose counts are not known (all are, by default).
    begin
        (coordinates,) where the search starts, on the scale of the fit; the result hardly depends on it.
    Raises ``FitError`` for fewer than ``FEWEST`` days, a negative count, or a record without a single drone.
    """
    counts = np.asarray(counts, np.int64)
    known = np.ones(len(counts), bool) if known is None else known
    if known.sum() < FEWEST:
        raise FitError(f"{known.sum()} known days are too few to fit; at least {FEWEST} are needed")
    if (counts[known] < 0).any():
        raise FitError(f"{int(counts[known].min())} cannot be a count of a day")
    if not counts[known, 0].any():
        raise FitError("no drone was launched on any of these days; there is nothing to fit")
    minus = objective(counts, known, steps)
    with ThreadPoolExecutor(threads) as pool:
        search: Any = minimize
        found = search(
            minus, start(counts) if begin is None else begin, method="L-BFGS-B",
            jac=lambda theta: slope(minus, theta, pool.map), options={"maxiter": 200, "ftol": 1e-9},
        )  # fmt: skip
        mode = np.asarray(found.x, np.float64)
        covariance = laplace(curvature(minus, mode, pool.map))
        points, weights = sampled(counts, known, mode, covariance, steps, pool.map)
        steepest = float(np.abs(slope(minus, mode, pool.map)).max())
    seen = process.see(counts, known, process.natural(mode), steps)
    states = process.smooth(seen.alpha, process.natural(mode), seen.grid)
    joint = posterior(points, weights)
    learned = 1.0 - np.diag(joint.covariance)[:-1] / np.array([c.sd**2 for c in COORDINATES])
    edge = float(states[:, :, [0, -1]].sum(axis=1).max())
    uniformity = float(kstest(one_day_ahead(counts, known, process.natural(mode), seen), "uniform").pvalue)
    diagnostics = Diagnostics(
        seen.log_likelihood, steepest, float(states[:, 1].sum()), edge, uniformity, np.clip(learned, 0.0, 1.0),
        effective(weights),
    )  # fmt: skip
    return Fit(joint, mode, states, seen.grid, diagnostics)
