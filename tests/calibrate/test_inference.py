"""Inference on problems with a known posterior."""

from dataclasses import replace

import numpy as np
import pytest

from octoplan.calibrate.emulator import fit, t_statistics
from octoplan.calibrate.sampler import likelihood, pareto_smoothed, sample, systematic
from octoplan.calibrate.waves import LARGEST_K, Inference, Wave, first_wave, infer
from octoplan.errors import CalibrationError
from tests.calibrate.trial import exact_posterior, linear_problem

SLOPE = np.array([[1.0, 0.0, 0.5], [0.6, 0.8, 0.0], [0.0, -0.7, 0.4], [0.0, 0.0, 0.0], [0.5, 0.5, 0.5]])
OBSERVED = np.array([1.2, -0.6, 0.9])
VARIANCE = 0.3**2 + 0.05**2
NONE = np.zeros(0, np.int64)


@pytest.fixture(scope="module")
def inference() -> Inference:
    return infer(linear_problem(SLOPE, OBSERVED), 1)


def test_posterior_of_a_linear_problem_is_exact(inference: Inference) -> None:
    """Mean and covariance of the draws are those of the conjugate posterior, within sampling error and 3 % of a sd."""
    mean, covariance = exact_posterior(SLOPE, OBSERVED, VARIANCE)
    draws = inference.posterior_scores
    size = 1.0 / (inference.weights**2).sum()
    sd = np.sqrt(np.diag(covariance))
    assert size > 250
    assert np.abs(draws.mean(axis=0) - mean) == pytest.approx(0.0 * mean, abs=(4.0 / np.sqrt(size) + 0.05) * sd.max())
    assert np.cov(draws.T) == pytest.approx(covariance, abs=0.15)
    assert inference.pareto_k[-1] <= LARGEST_K


def test_what_is_not_informed_keeps_its_prior(inference: Inference) -> None:
    """A score that moves no measure is not among the informed ones, and its draws are standard normal."""
    assert 3 not in inference.density.scores
    draws = inference.posterior_scores[:, 3]
    assert draws.mean() == pytest.approx(0.0, abs=0.15)
    assert draws.std() == pytest.approx(1.0, abs=0.12)


def test_what_is_not_calibrated_keeps_its_prior_and_counts_as_error() -> None:
    """The posterior of the others is exact if the effect of a score that is not calibrated is added to the variance."""
    slope = np.array([[1.0], [1.0]])
    problem = replace(linear_problem(slope, np.array([1.0])), calibrated=np.array([0]))
    inference = infer(problem, 2)
    assert inference.density.scores.tolist() == [0]
    mean, covariance = exact_posterior(slope[:1], np.array([1.0]), VARIANCE + 1.0)
    draws = inference.posterior_scores
    assert draws[:, 0].mean() == pytest.approx(mean[0], abs=0.1)
    assert draws[:, 0].var() == pytest.approx(covariance[0, 0], abs=0.1)
    assert draws[:, 1].mean() == pytest.approx(0.0, abs=0.12)


def test_confounded_scores_keep_their_ridge() -> None:
    """Two scores with the same effect: their sum is known, their difference is not, so they are correlated."""
    slope = np.array([[1.0], [1.0]])
    draws = infer(linear_problem(slope, np.array([0.5]), chance=0.1), 3).posterior_scores
    _, covariance = exact_posterior(slope, np.array([0.5]), 0.1**2 + 0.05**2)
    exact = covariance[0, 1] / covariance[0, 0]
    assert exact == pytest.approx(-0.988, abs=0.001)
    assert np.asarray(np.corrcoef(draws.T))[0, 1] == pytest.approx(exact, abs=0.01)
    assert np.std(draws[:, 0] - draws[:, 1]) == pytest.approx(np.sqrt(2.0), rel=0.1)


def test_inference_is_reproducible_and_depends_on_the_seed() -> None:
    problem = linear_problem(SLOPE, OBSERVED)
    first, again, other = infer(problem, 5, size=256), infer(problem, 5, size=256), infer(problem, 6, size=256)
    assert (first.posterior_scores == again.posterior_scores).all()
    assert (first.posterior_scores != other.posterior_scores).any()


def test_waves_that_are_given_are_not_simulated_again() -> None:
    """With the waves of an earlier run the result is the same, and nothing is simulated."""
    problem = linear_problem(SLOPE, OBSERVED)
    waves_of_first: dict[int, Wave] = {}

    def keep(number: int, simulate: object) -> Wave:
        if number not in waves_of_first:
            waves_of_first[number] = simulate()  # type: ignore[operator]
        return waves_of_first[number]

    first = infer(problem, 5, size=256, store=keep)
    waves = dict(waves_of_first)

    def refuse(number: int, simulate: object) -> Wave:
        del simulate
        return waves[number]

    assert (infer(problem, 5, size=256, store=refuse).posterior_scores == first.posterior_scores).all()


def test_an_observation_far_outside_the_model_is_refused_or_reaches_it() -> None:
    """If half of the futures have no defined measure, the message says so."""
    problem = linear_problem(SLOPE, OBSERVED)
    wave = first_wave(problem, 1, 256)
    measures = wave.measures.copy()
    measures[:200, 1] = np.nan
    with pytest.raises(CalibrationError, match="in only 56 of 256 futures"):
        infer(problem, 1, first=Wave(wave.scores, measures))


def test_futures_without_a_measure_have_no_weight() -> None:
    """An undefined measure excludes its future from the fit and from the draws, and a failed future is counted."""
    problem = linear_problem(SLOPE, OBSERVED)

    def store(number: int, simulate: object) -> Wave:
        wave: Wave = simulate()  # type: ignore[operator]
        measures = wave.measures.copy()
        measures[: 3 * number] = np.nan
        return Wave(wave.scores, measures)

    result = infer(problem, 1, size=256, store=store)
    last = len(result.waves) - 1
    assert result.posterior_wave.failed == 3 * last > 0
    assert (result.weights[: 3 * last] == 0.0).all()
    assert result.draws.min() >= 3 * last


def test_emulator_finds_the_active_features_and_their_error() -> None:
    """A quadratic with interaction: active features, residual sd and predictions within 3 % of the residual spread."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((1500, 30))
    truth = 1.0 + x[:, 3] - 0.5 * x[:, 7] ** 2 + 0.4 * x[:, 3] * x[:, 7] + 0.6 * x[:, 7]
    y = (truth + 0.2 * rng.standard_normal(1500))[:, None]
    emulator = fit(x, y, np.arange(x.shape[1]), NONE)
    assert emulator.active.tolist() == [3, 7]
    assert np.sqrt(emulator.covariance[0, 0]) == pytest.approx(0.2, rel=0.05)
    assert np.std(emulator.predict(x)[:, 0] - truth) < 0.02
    assert emulator.r2[0] == pytest.approx(1 - 0.04 / y.var(), abs=0.01)


def test_t_statistics_of_constant_and_repeated_features_are_finite() -> None:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((200, 4))
    x[:, 1], x[:, 2] = 5.0, x[:, 0]
    statistics = t_statistics(x, x[:, :1] + 0.1 * rng.standard_normal((200, 1)))
    assert np.isfinite(statistics).all()
    assert statistics[1, 0] == 0.0
    assert np.abs(statistics[[0, 2], 0]).max() > 50


def test_power_widens_the_posterior() -> None:
    """With the likelihood to the power 1/4 the variance of the sampled posterior is that of four times the error."""
    problem = linear_problem(SLOPE[:2, :1], np.array([1.0]))
    wave = first_wave(problem, 1, 1024)
    emulator = fit(wave.scores, wave.measures, problem.calibrated, NONE)
    draws = sample(likelihood(problem, emulator, 0.25), 4096, np.random.default_rng(1)).scores
    _, covariance = exact_posterior(SLOPE[:2, :1], np.array([1.0]), 4.0 * VARIANCE)
    assert np.cov(draws.T) == pytest.approx(covariance, abs=0.06)


def test_pareto_k_shows_weights_that_are_not_reliable() -> None:
    """Weights of a Pareto tail: k is its exponent."""
    rng = np.random.default_rng(4)
    for exponent in (0.2, 0.9):
        _, k = pareto_smoothed(exponent * rng.exponential(size=20_000))
        assert k == pytest.approx(exponent, abs=0.1)


def test_systematic_resampling_keeps_the_weights() -> None:
    rows = systematic(np.array([0.5, 0.0, 0.3, 0.2]), 1000, np.random.default_rng(1))
    assert np.bincount(rows, minlength=4) == pytest.approx([500, 0, 300, 200], abs=1)


def test_a_measure_that_does_not_vary_has_no_coefficient_of_determination() -> None:
    """A measure that is the same in all futures has no variation to explain, and does not change the other's fit."""
    features = np.random.default_rng(4).standard_normal((400, 3))
    y = features[:, 0] + 0.2 * np.random.default_rng(5).standard_normal(400)
    emulator = fit(features, np.column_stack([y, np.full(400, 7.0)]), np.arange(features.shape[1]), NONE)
    assert np.isnan(emulator.r2[1])
    assert emulator.r2[0] == pytest.approx(1 - 0.04 / y.var(), abs=0.02)
    assert (emulator.predict(features)[:, 1] == 7.0).all()
