"""The forecast takes its level from the combination, and all other parameters from the fitted process."""

from datetime import date

import numpy as np
import pytest

from octoplan.errors import RecordError
from octoplan.raids.fit import DEFAULT_FIT_DAYS, fit
from octoplan.raids.forecast import (
    COMBINATION_DRAWS,
    COMBINED_BENCHMARKS,
    LEVEL_HORIZON,
    MEAN_INDICES,
    FittedProcess,
    combine_level,
    fitted_days,
    log_sums,
)
from octoplan.raids.process import FIXED_SEED, constrain_parameters, fixed_generator, simulate_counts
from octoplan.raids.read.record import CLASSES, Record
from tests.raids.test_process import simulated


def test_forecasts_include_the_uncertainty_of_the_fit() -> None:
    """Thirty-day totals after a short record vary more than those of the process at its mode; a seed repeats them."""
    counts, draws = simulated(60, 15), 4000
    result = fit(counts)
    rng = np.random.default_rng(16)
    mode = np.tile(constrain_parameters(result.mode), (draws, 1))
    initial, salvo = np.full(draws, result.posterior.mean[-1]), np.zeros(draws)
    at_mode = simulate_counts(mode, initial, salvo, 30, rng).sum(axis=1)[:, 0]
    forecast = FittedProcess().paths(counts, 30, draws, 1).sum(axis=1)[:, 0]
    assert forecast.std() > 1.2 * at_mode.std()
    assert np.array_equal(forecast, FittedProcess().paths(counts, 30, draws, 1).sum(axis=1)[:, 0])


def test_the_level_is_that_of_the_combination() -> None:
    """After counts double in the last month, shift and added variance are those of the pooled log totals."""
    counts = simulated(200, 17)
    counts[-28:] *= 2
    result = fit(counts[-DEFAULT_FIT_DAYS:])
    combined = combine_level(result, counts)
    rng = fixed_generator()
    parameters, initial, salvo = result.posterior.draw(COMBINATION_DRAWS, rng)
    process_sums = log_sums(simulate_counts(parameters, initial, salvo, LEVEL_HORIZON, rng))
    sums = [
        process_sums,
        *(
            log_sums(benchmark.paths(counts, LEVEL_HORIZON, COMBINATION_DRAWS, FIXED_SEED))
            for benchmark in COMBINED_BENCHMARKS
        ),
    ]
    means, variances = (np.array([getattr(values, name)(axis=0) for values in sums]) for name in ("mean", "var"))
    pooled_variance = variances.mean(axis=0) + means.var(axis=0)
    for package, indices in enumerate(MEAN_INDICES):
        shift = means[:, package].mean() - means[0, package]
        assert abs(shift) > 0.02
        assert combined.level_shift[package] == pytest.approx(shift, rel=1e-9)
        mean_shifts = combined.posterior.mean[indices] - result.posterior.mean[indices]
        assert mean_shifts == pytest.approx([shift, shift], rel=1e-9)
        variance_increase = (combined.posterior.covariance - result.posterior.covariance)[np.ix_(indices, indices)]
        expected = max(0.0, pooled_variance[package] - variances[0, package])
        assert variance_increase == pytest.approx(np.full((2, 2), expected), rel=1e-6, abs=1e-12)


def test_log_sums_shift_with_the_log_means() -> None:
    """Means larger by a tenth add log 1.1 to the mean log total of a package, within four standard errors."""
    posterior = fit(simulated(60, 15)).posterior
    parameters, initial, salvo = posterior.draw(20_000, np.random.default_rng(3))
    larger = parameters.copy()
    larger[:, MEAN_INDICES[0]] *= 1.1
    before, after = (
        log_sums(simulate_counts(p, initial, salvo, LEVEL_HORIZON, np.random.default_rng(4)))[:, 0]
        for p in (parameters, larger)
    )
    assert np.mean(after - before) == pytest.approx(np.log(1.1), abs=4 * np.std(after - before) / np.sqrt(20_000))


def test_only_the_level_changes() -> None:
    """All parameters except the four means keep their mean and covariance."""
    counts = simulated(150, 19)
    result = fit(counts[-DEFAULT_FIT_DAYS:])
    before, after = result.posterior, combine_level(result, counts).posterior
    unchanged = [i for i in range(len(before.mean)) if i not in {*MEAN_INDICES[0], *MEAN_INDICES[1]}]
    assert np.array_equal(before.mean[unchanged], after.mean[unchanged])
    assert np.array_equal(before.covariance[unchanged], after.covariance[unchanged])


def test_a_short_record_keeps_its_level() -> None:
    """With fewer than ninety days, which cannot identify a trend, the fit is returned unchanged."""
    counts = simulated(60, 20)
    result = fit(counts)
    assert combine_level(result, counts) is result


def test_the_last_days_are_fitted_by_default() -> None:
    """By default the 120 days up to the last day are fitted; days outside the record are refused."""
    days = np.datetime64("2025-01-01") + np.arange(200)
    zeros = np.zeros((200, len(CLASSES)), np.int64)
    is_known = np.ones(zeros.shape, bool)
    record = Record(days, CLASSES, zeros, zeros.copy(), zeros.copy(), is_known, "", "a.csv", "daily", (), ())
    assert fitted_days(record, None, None) == slice(80, 200)
    assert fitted_days(record, None, date(2025, 1, 31)) == slice(0, 31)
    assert fitted_days(record, date(2025, 1, 11), date(2025, 1, 31)) == slice(10, 31)
    with pytest.raises(RecordError, match="is not within this period"):
        fitted_days(record, None, date(2026, 1, 31))
