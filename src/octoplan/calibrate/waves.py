"""Waves of simulations: from the prior to the posterior, each wave drawn from the posterior of the wave before.

The first wave is a scrambled Sobol' sequence of the prior. Each further wave simulates draws from the posterior of the
emulator fitted so far, and the emulator is fitted again to all waves but the first (iterated refocussing, as in history
matching: Craig et al. 1997, Vernon et al. 2010). The last wave is weighted by the ratio of the likelihood of the
emulator that includes it to that of the emulator from which it was drawn (Pareto-smoothed importance sampling, Vehtari
et al. 2024), so that the final draws are draws that have been simulated by the full model.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import special, stats
from scipy.stats import qmc

from octoplan.calibrate.emulator import Emulator, fit
from octoplan.calibrate.problem import Problem
from octoplan.calibrate.sampler import (
    LARGEST_R_HAT,
    Likelihood,
    PosteriorSample,
    likelihood,
    pareto_smoothed,
    sample,
    systematic,
)
from octoplan.errors import CalibrationError
from octoplan.scenario.arrays import Floats, Ints

FIRST_WAVE = 2048
"""Futures of the first wave, a power of 2 as the Sobol' sequence requires."""
WAVE = 1024
"""Futures of each further wave, and number of joint draws of the posterior."""
MOST_WAVES = 9
LARGEST_K = 0.7
"""Pareto k above which importance weights are not reliable (Vehtari et al. 2024)."""
FIRST_POWER = 0.25
"""Exponent of the likelihood for the second wave, which is drawn wider than the posterior of the first emulator."""
SUFFICIENT_SIZE = 0.6
"""Effective number of draws, as a share of the draws, from which on no further wave is simulated."""
SMALLEST_SIZE = 0.25
"""Smallest effective number of draws, as a share of the draws, with which the last wave is accepted."""


@dataclass(frozen=True, eq=False)
class Wave:
    """One wave of simulations.

    Attributes:
        scores: (futures, scores) simulated.
        measures: (futures, targets) in their units; ``nan`` where undefined.

    """

    scores: Floats
    measures: Floats

    @property
    def failed(self) -> int:
        """Number of futures without any measure, which failed."""
        return int(np.isnan(self.measures).all(axis=1).sum())


@dataclass(frozen=True, eq=False)
class Inference:
    """Result of a calibration, on the scale of scores.

    Attributes:
        waves: The waves of simulations, the first from the prior, the last from the posterior.
        draws: (draws,) rows of the last wave, with repetitions: the joint draws of the posterior.
        weights: (futures,) normalised importance weights of the last wave.
        pareto_k: Pareto k of the weights after each wave but the first.
        density: The likelihood of the last emulator.
        r_hat: R-hat of the chains from which the last wave was drawn.

    """

    waves: tuple[Wave, ...]
    draws: Ints
    weights: Floats
    pareto_k: tuple[float, ...]
    density: Likelihood
    r_hat: float

    @property
    def prior_wave(self) -> Wave:
        """The wave drawn from the prior."""
        return self.waves[0]

    @property
    def posterior_wave(self) -> Wave:
        """The wave from which the posterior draws are taken."""
        return self.waves[-1]

    @property
    def effective_draws(self) -> float:
        """Effective number of posterior draws (Kish 1965)."""
        return float(1.0 / (self.weights**2).sum())

    @property
    def posterior_scores(self) -> Floats:
        """(draws, scores) of the posterior draws."""
        return self.posterior_wave.scores[self.draws]


def sobol_scores(scores: int, futures: int, seed: int) -> Floats:
    """(futures, scores) standard normal scores of a scrambled Sobol' sequence (Owen 1998)."""
    sequence = qmc.Sobol(scores, scramble=True, rng=np.random.default_rng([seed, 0]))
    uniform = np.clip(sequence.random(futures), 2.0**-53, 1.0 - 2.0**-53)
    return np.asarray(special.ndtri(uniform), np.float64)


def first_wave(problem: Problem, seed: int, futures: int = FIRST_WAVE) -> Wave:
    """Simulate a wave from the prior."""
    return simulated_wave(problem, sobol_scores(problem.scores, futures, seed), 0)


def simulated_wave(problem: Problem, scores: Floats, begin: int) -> Wave:
    """Simulate a wave whose first future has the number ``begin``."""
    return Wave(scores, problem.simulate(scores, begin))


def fitted(problem: Problem, waves: tuple[Wave, ...], required: Ints) -> Emulator:
    """The emulator of the complete futures of some waves. Raises CalibrationError if there are too few."""
    scores = np.concatenate([wave.scores for wave in waves])
    measures = problem.scaled(np.concatenate([wave.measures for wave in waves]))
    complete = np.isfinite(measures).all(axis=1)
    futures, scores = len(scores), scores[complete]
    if 2 * len(scores) < futures:
        failed = sum(wave.failed for wave in waves)
        raise CalibrationError(
            f"in only {len(scores):,} of {futures:,} futures are all observed measures defined ({failed:,} failed or "
            "have none); check the observations whose measure is often undefined, such as a share of nothing"
        )
    return fit(problem.features(scores), measures[complete], problem.calibrated, required)


def infer(
    problem: Problem, seed: int, *, first: Wave | None = None,
    store: Callable[[int, Callable[[], Wave]], Wave] | None = None, size: int = WAVE,
) -> Inference:  # fmt: skip
    """Infer the posterior of a problem.

    Args:
        problem: The problem.
        seed: Seed of all random numbers of the inference.
        first: The first wave, if it has been simulated.
        store: Returns wave i, from its number and a function that simulates it; for example from a file.
        size: Futures of each wave after the first, and number of posterior draws.

    Raises:
        CalibrationError: After ``MOST_WAVES`` waves, chains have not converged or weights are not reliable.

    """
    stored = store or (lambda _number, simulate: simulate())
    waves = [first if first is not None else stored(0, lambda: first_wave(problem, seed))]
    emulator = fitted(problem, (waves[0],), np.zeros(0, np.int64))
    pareto_k: list[float] = []
    while len(waves) < MOST_WAVES:
        number = len(waves)
        density = likelihood(problem, emulator, FIRST_POWER if number == 1 else 1.0)
        draws = sample(density, size, np.random.default_rng([seed, number]))
        begin = sum(len(wave.scores) for wave in waves)
        wave = stored(number, partial(simulated_wave, problem, draws.scores, begin))
        waves.append(wave)
        emulator = fitted(problem, tuple(waves[1:]), emulator.active)
        final = likelihood(problem, emulator)
        weights, k = smoothed_weights(final, draws, density, wave)
        pareto_k.append(k)
        share = SUFFICIENT_SIZE if len(waves) < MOST_WAVES else SMALLEST_SIZE
        if k <= LARGEST_K and draws.r_hat <= LARGEST_R_HAT and 1.0 / (weights**2).sum() >= share * size:
            rows = systematic(weights, size, np.random.default_rng([seed, 2**20]))
            return Inference(tuple(waves), rows, weights, tuple(pareto_k), final, draws.r_hat)
    raise CalibrationError(
        f"the posterior has not converged after {MOST_WAVES} waves, so the draws do not represent it: Pareto k is "
        f"{pareto_k[-1]:.2f} (at most {LARGEST_K} is required), R-hat {draws.r_hat:.2f} (at most {LARGEST_R_HAT}). The "
        "observations may contradict the model or one another: " + contradiction_text(problem, waves[0])
    )


def conditional_probabilities(problem: Problem, prior: Wave) -> Floats:
    """(measures,) probability of each observation given the prior and the other observations.

    Prior predictive and observation error are taken as jointly normal: with precision matrix Q and residual r of the
    prior mean, observation i given the others deviates by (Q r)_i / sqrt(Q_ii) standard deviations. Two-sided.

    prior
        The wave drawn from the prior.
    """
    simulated = problem.scaled(prior.measures)
    simulated = simulated[np.isfinite(simulated).all(axis=1)]
    precision = np.linalg.inv(np.cov(simulated.T).reshape(len(problem.observed), -1) + problem.covariance)
    deviation = precision @ (problem.observed - simulated.mean(axis=0)) / np.sqrt(np.diag(precision))
    return np.asarray(2.0 * stats.norm.sf(np.abs(deviation)), np.float64)


def contradiction_text(problem: Problem, prior: Wave) -> str:
    """The observations that are least probable given the prior and the other observations, and remedies."""
    probabilities = conditional_probabilities(problem, prior)
    worst = np.argsort(probabilities, kind="stable")[:3]
    names = ", ".join(f"{problem.labels[row]} (probability {probabilities[row]:.1g})" for row in worst)
    return f"the least probable are {names}. Widen their errors or the priors that limit them, or leave them out"


def smoothed_weights(density: Likelihood, draws: PosteriorSample, last: Likelihood, wave: Wave) -> tuple[Floats, float]:
    """Pareto-smoothed weights of a wave, (futures,), and Pareto k; incomplete futures have weight 0.

    The weight of a draw is the ratio of the likelihood of ``density`` to that of ``last``, from which it was drawn.
    """
    log_ratio = density.log_likelihood(draws.scores[:, density.scores]) - last.log_likelihood(
        draws.scores[:, last.scores]
    )
    complete = np.isfinite(density.problem.scaled(wave.measures)).all(axis=1)
    weights = np.zeros(len(log_ratio))
    weights[complete], k = pareto_smoothed(log_ratio[complete])
    return weights, k
