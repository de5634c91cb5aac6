"""Futures needed for a standard error, against the standard deviation of means of independent samples."""

import doctest

import numpy as np
import pytest
from scipy.stats import norm

from octoplan.errors import RunError
from octoplan.explore import sample_size as module
from octoplan.explore.sample_size import sample_sizes
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.key_results import KeyResult, KeyResults
from octoplan.outcomes.precision import Precision
from octoplan.outcomes.sampling import latin_hypercube
from tests.outcomes.runs import ranged

FUTURES = 800


def values_of(seed: int, futures: int) -> np.ndarray:
    """(futures,) a sum of two assumptions, of which the sample is stratified, and of noise that is not."""
    draws = norm.ppf(latin_hypercube(seed, ("a", "b"), futures))
    return np.asarray(100.0 + draws @ (3.0, 2.0) + np.random.default_rng(seed).normal(0.0, 1.0, futures))


def table(values: np.ndarray, key: str = "leakers", form: str = "amount") -> KeyResults:
    """Key results with one measure."""
    row = KeyResult(key, "group", "title", "unit", form, interval(values))
    return KeyResults("x", "period", len(values), 0, (), (row,))


def test_the_standard_error_is_reached_with_the_futures_needed() -> None:
    """The means of 200 independent samples of the predicted size have the wanted standard deviation within 15 %.

    Without the design effect of the blocks, the number would be about ten times too large.
    """
    limit = 0.06
    needed = [sample_sizes(table(values_of(s, FUTURES)), Precision(absolute={"leakers": limit}))[0] for s in range(20)]
    futures = int(np.mean([size.needed for size in needed]))
    means = [values_of(1000 + seed, futures).mean() for seed in range(200)]
    assert np.std(means, ddof=1) == pytest.approx(limit, rel=0.15)
    assert futures < 0.3 * (14.0 / limit**2)


def test_the_interval_holds_the_true_number() -> None:
    """At least 90 of 100 intervals hold the number from the variance of the means of blocks over a long sample."""
    limit = 0.06
    blocks = values_of(999, 80_000).reshape(-1, 8).mean(axis=1)
    truth = 8.0 * blocks.var(ddof=1) / limit**2
    sizes = [sample_sizes(table(values_of(s, FUTURES)), Precision(absolute={"leakers": limit}))[0] for s in range(100)]
    assert 90 <= sum(size.low - 8 <= truth <= size.high + 8 for size in sizes) <= 100
    assert all(size.low <= size.needed <= size.high for size in sizes)


def test_a_share_of_the_mean_is_wanted() -> None:
    """A relative precision is a share of the mean, and a percentage point for a probability."""
    values = values_of(1, FUTURES)
    size = sample_sizes(table(values), Precision(0.001))[0]
    assert size.required == pytest.approx(0.001 * values.mean())
    assert size.futures == FUTURES
    assert size.needed == 8 * np.ceil(FUTURES * (size.standard_error / size.required) ** 2 / 8)
    assert size.needed % 8 == 0


def test_half_the_error_needs_four_times_the_futures() -> None:
    """Errors decrease with the square root of the number of futures."""
    results = table(values_of(1, FUTURES))
    first, second = (sample_sizes(results, Precision(absolute={"leakers": error}))[0] for error in (0.05, 0.025))
    assert second.needed == pytest.approx(4 * first.needed, abs=32)


def test_months_and_constants() -> None:
    """A month that may never come has no standard error of the mean and is omitted; a constant needs one block."""
    never = np.where(np.arange(FUTURES) % 2 == 0, np.inf, 3.0)
    assert sample_sizes(table(never, form="month"), Precision(0.01, {"leakers": 0.1})) == ()
    assert sample_sizes(table(np.full(FUTURES, 5.0)), Precision(0.01))[0].needed == 8


def test_the_key_results_of_a_run() -> None:
    """The most demanding measure comes first; twice the error of a run needs a quarter of its futures."""
    run = ranged()
    results = run.key_results()
    sizes = sample_sizes(results, Precision(0.02))
    assert len(sizes) > 2
    assert [size.needed for size in sizes] == sorted((size.needed for size in sizes), reverse=True)
    with pytest.raises(RunError, match="the precision names 'leekers', not a measure"):
        sample_sizes(results, Precision(0.02, {"leekers": 1.0}))
    limit = 2.0 * results["leakers"].interval.se_mean
    size = next(s for s in sample_sizes(results, Precision(absolute={"leakers": limit})) if s.measure == "leakers")
    assert size.needed == pytest.approx(run.futures / 4, abs=8)


def test_examples() -> None:
    """The examples of the docstrings give the printed results."""
    results = doctest.testmod(module)
    assert results.attempted > 0
    assert results.failed == 0
