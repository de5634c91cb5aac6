"""The raid process fitted to a record: the posterior of its parameters, and what that says about the fit."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import kstest, norm

from octoplan.raids import process
from octoplan.raids.process import BEGIN, COORDINATES, STEPS, Floats, Ints

MEMORY = 120
"""Days back from the last that a fit looks at unless told otherwise (docs/decisions/0007-memory-of-the-fit.md)."""

FEWEST = 30
"""Days below which nothing is fitted."""

STEP = 1e-2
"""Step of the second differences on the scale of the fit."""

PATHS = 400
"""Draws behind each one-day-ahead probability."""

PROBES = 64
"""Draws of the posterior at which the hidden states of the last day are looked at."""


class FitError(ValueError):
    """A record that the process cannot be fitted to."""


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
    """

    log_likelihood: float
    gradient: float
    salvo_days: float
    edge: float
    uniformity: float
    learned: Floats

    def warnings(self) -> list[str]:
        """What a user should know before trusting the fit, in words."""
        said = []
        if self.salvo_days < 2.0:
            said.append("hardly any salvo day is seen: how many come, and how large, rests on the prior alone")
        if self.gradient > 0.5:
            said.append(f"the search did not reach a top (slope {self.gradient:.2g}): do not use this fit")
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
    """

    posterior: Posterior
    mode: Floats
    states: Floats
    grid: Floats
    diagnostics: Diagnostics

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
    theta[process.M1] = theta[process.M0] + process.RATIO.mean
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


def posterior(
    counts: Ints,
    known: NDArray[np.bool_],
    mode: Floats,
    covariance: Floats,
    steps: int,
    run: Run,
) -> Posterior:
    """Join x on the eve to the parameters: its filtered mean is regressed on them over draws of the posterior.

    The draws come from a fixed key, so that a fit is a function of its record.
    """
    rng = np.random.Generator(np.random.Philox(key=20221010))
    half = rng.multivariate_normal(np.zeros(len(mode)), covariance, PROBES // 2, method="eigh")
    moves = np.concatenate([half, -half])

    def eve(move: Floats) -> tuple[float, float, float]:
        p = process.natural(mode + move)
        seen = process.see(counts, known, p, steps)
        weight, x = seen.alpha[-1].sum(axis=0), seen.grid / p[process.WANDER]
        mean = float(weight @ x)
        return mean, float(weight @ (x - mean) ** 2), float(seen.alpha[-1, 1].sum())

    found = np.array(list(run(eve, list(moves))))
    design = np.column_stack([np.ones(len(moves)), moves])
    slopes, *_ = np.linalg.lstsq(design, found[:, 0], rcond=None)
    beta, rest = slopes[1:], found[:, 0] - design @ slopes
    joint = np.empty((len(mode) + 1, len(mode) + 1))
    joint[:-1, :-1] = covariance
    joint[-1, :-1] = joint[:-1, -1] = covariance @ beta
    joint[-1, -1] = beta @ covariance @ beta + found[:, 1].mean() + rest.var()
    return Posterior(np.append(mode, slopes[0]), joint, float(found[:, 2].mean()))


def one_day_ahead(counts: Ints, known: NDArray[np.bool_], p: Floats, seen: process.Seen, first: int = 1) -> Floats:
    """Probability integral transforms of drones on each known day from ``first`` on, forecast the day before.

    Randomised for counts (Czado, Gneiting and Held 2009) from a fixed key; uniform if the process at p is true.
    """
    rng = np.random.Generator(np.random.Philox(key=20221010))
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
    """Fit the process to days of a record by maximum posterior, with the normal approximation around the mode.

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
        joint = posterior(counts, known, mode, covariance, steps, pool.map)
        steepest = float(np.abs(slope(minus, mode, pool.map)).max())
    seen = process.see(counts, known, process.natural(mode), steps)
    states = process.smooth(seen.alpha, process.natural(mode), seen.grid)
    learned = 1.0 - np.diag(covariance) / np.array([c.sd**2 for c in COORDINATES])
    edge = float(states[:, :, [0, -1]].sum(axis=1).max())
    uniformity = float(kstest(one_day_ahead(counts, known, process.natural(mode), seen), "uniform").pvalue)
    diagnostics = Diagnostics(
        seen.log_likelihood, steepest, float(states[:, 1].sum()), edge, uniformity, np.clip(learned, 0.0, 1.0)
    )
    return Fit(joint, mode, states, seen.grid, diagnostics)


@dataclass(frozen=True)
class Fitted:
    """The fitted process as a forecaster: fitted to the last ``memory`` days before each origin."""

    memory: int = MEMORY
    name: str = "fitted process"

    def paths(self, counts: Ints, horizon: int, draws: int, seed: int) -> Ints:
        """Futures after the last day of a record, (draws, horizon, 2); each with parameters of its own."""
        rng = np.random.Generator(np.random.Philox(key=seed))
        p, begin, salvo = fit(counts[-self.memory :]).posterior.draw(draws, rng)
        return process.draw(p, begin, salvo, horizon, rng)
