"""The raid process: its likelihood against brute force, its draws against their moments."""

from itertools import product
from math import exp, lgamma, log, pi

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import quad

from octoplan.raids import process
from octoplan.raids.process import COORDINATES, draw, log_counts, natural, see, smooth, transitions

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
P = np.array([TRUTH[c.name] for c in COORDINATES])


@pytest.mark.parametrize("y", [0, 1, 7, 150, 948])
@pytest.mark.parametrize(("mu", "s"), [(-1.0, 1.9), (4.6, 0.4), (6.2, 0.25), (3.0, 0.05)])
def test_count_probability(y: int, mu: float, s: float) -> None:
    """The probability of a count is the integral of Poisson over the normal log-intensity."""

    def integrand(z: float) -> float:
        return exp(y * z - exp(z) - lgamma(y + 1.0) - 0.5 * ((z - mu) / s) ** 2 - log(s) - 0.5 * log(2.0 * pi))

    top = max(np.linspace(mu - 12 * s, mu + 12 * s, 4001), key=integrand)
    exact = sum(
        quad(integrand, a, b, epsabs=0.0, epsrel=1e-11, limit=400)[0]
        for a, b in ((mu - 14 * s, top), (top, mu + 14 * s))
    )
    if exact > 1e-200:
        apart, found = 0.3, np.empty(3)
        log_counts(y, mu - apart, s, np.array([0.0, 0.5 * apart, apart]), np.array([True, False, True]), found)
        assert found[2] == pytest.approx(log(exact), abs=1e-3)


def test_likelihood_is_the_sum_over_hidden_paths() -> None:
    """On a coarse grid the filter's likelihood equals the sum over every path of regime and x, and the smoother
    gives the paths' own probabilities.
    """
    counts = np.array([[130, 0], [0, 3], [520, 30], [90, 1]])
    steps = 3
    seen = see(counts, np.ones(4, bool), P, steps)
    grid = seen.grid
    move = transitions(grid, P)
    enter = P[process.SHARE] * (1 - P[process.STAY]) / (1 - P[process.SHARE])
    regimes = np.array([[1 - enter, enter], [1 - P[process.STAY], P[process.STAY]]])
    first = np.exp(-0.5 * (grid / P[process.WANDER]) ** 2)
    first /= first.sum()
    ones, state = np.full((2, steps), 1.0), np.zeros((4, 2, steps))
    total = 0.0
    each = []
    for row in counts:
        found = np.empty((2, steps))
        process.likelihood_of_day(row, grid, P, ones, found)
        each.append(np.exp(found))
    for path in product(range(2), range(steps), repeat=4):
        r, k = path[::2], path[1::2]
        p = (P[process.SHARE] if r[0] else 1 - P[process.SHARE]) * first[k[0]] * each[0][r[0], k[0]]
        for t in range(1, 4):
            p *= regimes[r[t - 1], r[t]] * move[k[t - 1], k[t]] * each[t][r[t], k[t]]
        total += p
        for t in range(4):
            state[t, r[t], k[t]] += p
    assert seen.log_likelihood == pytest.approx(log(total), rel=1e-12)
    assert smooth(seen.alpha, P, grid) == pytest.approx(state / total, rel=1e-9)


def test_a_finer_grid_changes_little() -> None:
    """The likelihood of a year hardly depends on the step of the grid."""
    counts = simulated(365, 3)
    known = np.ones(len(counts), bool)
    assert see(counts, known, P, 41).log_likelihood == pytest.approx(
        see(counts, known, P, 161).log_likelihood, abs=0.02
    )


def test_an_unknown_day_tells_nothing() -> None:
    """Whatever stands on a day that is not known, the likelihood is the same."""
    counts = simulated(60, 4)
    known = np.arange(60) != 30
    other = counts.copy()
    other[30] = 9999, 0
    assert see(counts, known, P).log_likelihood == see(other, known, P).log_likelihood


def simulated(days: int, seed: int) -> NDArray[np.int64]:
    """One record of the process at ``TRUTH``, its first state drawn from the stationary law."""
    rng = np.random.default_rng(seed)
    salvo = (rng.random(1) < TRUTH["raids.salvo_share"]).astype(float)
    return np.asarray(draw(P[None], rng.standard_normal(1), salvo, days, rng)[0])


def test_draws_have_the_stated_moments() -> None:
    """Means, the share of quiet days and the autocovariance of x come out as the parameters say."""
    rng = np.random.default_rng(5)
    n = 200_000
    salvo = (rng.random(n) < TRUTH["raids.salvo_share"]).astype(float)
    found = draw(np.tile(P, (n, 1)), rng.standard_normal(n), salvo, 4, rng).astype(float)
    share, quiet = TRUTH["raids.salvo_share"], TRUTH["packages.drones.quiet"]
    mean = (1 - quiet) * ((1 - share) * 120.0 + share * 480.0)
    for day in range(4):
        error = found[:, day, 0].std() / np.sqrt(n)
        assert abs(found[:, day, 0].mean() - mean) < 4 * error
        assert error < 0.0033 * mean
    zeros = (found[:, :, 0] == 0).mean()
    assert abs(zeros - quiet) < 4 * np.sqrt(quiet * (1 - quiet) / n)
    missiles = (1 - share) * 1.5 + share * 35.0
    assert abs(found[:, 0, 1].mean() - missiles) < 4 * found[:, 0, 1].std() / np.sqrt(n)


def test_scales_go_there_and_back() -> None:
    """A parameter is what its place on the scale of the fit says."""
    theta = np.array([c.fitted(np.array(TRUTH[c.name])) for c in COORDINATES], float)
    assert natural(theta) == pytest.approx(P, rel=1e-12)
