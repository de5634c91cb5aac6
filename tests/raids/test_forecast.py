"""The forecast: its level is that of the combination, everything else that of the fitted process."""

from datetime import date

import numpy as np
import pytest

from octoplan.errors import RecordError
from octoplan.raids.fit import MEMORY_DAYS, fit
from octoplan.raids.forecast import (
    COMBINED_BENCHMARKS,
    DRAWS,
    HORIZON,
    MEAN_INDICES,
    FittedProcess,
    combine_level,
    fitted_days,
    log_sums,
)
from octoplan.raids.process import FIXED_SEED, constrain, draw, fixed_generator
from octoplan.raids.read.record import CLASSES, Record
from tests.raids.test_process import simulated


def test_forecasts_include_the_uncertainty_of_the_fit() -> None:
    """Thirty-day sums after a short record vary more than the process at its mode, and depend on the seed alone."""
    counts, draws = simulated(60, 15), 4000
    result = fit(counts)
    rng = np.random.default_rng(16)
    mode = np.tile(constrain(result.mode), (draws, 1))
    initial, salvo = np.full(draws, result.posterior.mean[-1]), np.zeros(draws)
    at_mode = draw(mode, initial, salvo, 30, rng).sum(axis=1)[:, 0]
    forecast = FittedProcess().paths(counts, 30, draws, 1).sum(axis=1)[:, 0]
    assert forecast.std() > 1.2 * at_mode.std()
    assert np.array_equal(forecast, FittedProcess().paths(counts, 30, draws, 1).sum(axis=1)[:, 0])


def test_the_level_is_that_of_the_combination() -> None:
    """After a doubling in the last month, the shift and the added variance are those of the pooled log sums."""
    counts = simulated(200, 17)
    counts[-28:] *= 2
    result = fit(counts[-MEMORY_DAYS:])
    combined = combine_level(result, counts)
    rng = fixed_generator()
    parameters, initial, salvo = result.posterior.draw(DRAWS, rng)
    process_sums = log_sums(draw(parameters, initial, salvo, HORIZON, rng))
    sums = [
        process_sums,
        *(log_sums(benchmark.paths(counts, HORIZON, DRAWS, FIXED_SEED)) for benchmark in COMBINED_BENCHMARKS),
    ]
    means, variances = (np.array([getattr(values, name)(axis=0) for values in sums]) for name in ("mean", "var"))
    pooled_variance = variances.mean(axis=0) + means.var(axis=0)
    for package, indices in enumerate(MEAN_INDICES):
        shift = means[:, package].mean() - means[0, package]
        assert abs(shift) > 0.02
        assert combined.level_shift[package] == pytest.approx(shift, rel=1e-9)
        moved = combined.posterior.mean[indices] - result.posterior.mean[indices]
        assert moved == pytest.approx([shift, shift], rel=1e-9)
        added = (combined.posterior.covariance - result.posterior.covariance)[np.ix_(indices, indices)]
        expected = max(0.0, pooled_variance[package] - variances[0, package])
        assert added == pytest.approx(np.full((2, 2), expected), rel=1e-6, abs=1e-12)


def test_a_larger_mean_shifts_the_log_sums_as_much() -> None:
    """A tenth more in both means of a package adds log 1.1 to the mean log of its sums, within the sampling error."""
    posterior = fit(simulated(60, 15)).posterior
    parameters, initial, salvo = posterior.draw(20_000, np.random.default_rng(3))
    larger = parameters.copy()
    larger[:, MEAN_INDICES[0]] *= 1.1
    before, after = (
        log_sums(draw(p, initial, salvo, HORIZON, np.random.default_rng(4)))[:, 0] for p in (parameters, larger)
    )
    assert np.mean(after - before) == pytest.approx(np.log(1.1), abs=4 * np.std(after - before) / np.sqrt(20_000))


def test_only_the_level_changes() -> None:
    """All parameters but the four means keep their mean and covariance."""
    counts = simulated(150, 19)
    result = fit(counts[-MEMORY_DAYS:])
    before, after = result.posterior, combine_level(result, counts).posterior
    unchanged = [i for i in range(len(before.mean)) if i not in {*MEAN_INDICES[0], *MEAN_INDICES[1]}]
    assert np.array_equal(before.mean[unchanged], after.mean[unchanged])
    assert np.array_equal(before.covariance[unchanged], after.covariance[unchanged])


def test_a_short_record_keeps_its_level() -> None:
    """Below ninety days no trend can be estimated, and the fit stays as it is."""
    counts = simulated(60, 20)
    result = fit(counts)
    assert combine_level(result, counts) is result


def test_the_last_days_are_fitted_by_default() -> None:
    """Without a first day the last 120 days up to the last one are fitted; days outside the record are refused."""
    days = np.datetime64("2025-01-01") + np.arange(200)
    zeros = np.zeros((200, len(CLASSES)), np.int64)
    known = np.ones(zeros.shape, bool)
    record = Record(days, CLASSES, zeros, zeros.copy(), zeros.copy(), known, "", "a.csv", "daily", (), ())
    assert fitted_days(record, None, None) == slice(80, 200)
    assert fitted_days(record, None, date(2025, 1, 31)) == slice(0, 31)
    assert fitted_days(record, date(2025, 1, 11), date(2025, 1, 31)) == slice(10, 31)
    with pytest.raises(RecordError, match="is not within it"):
        fitted_days(record, None, date(2026, 1, 31))
