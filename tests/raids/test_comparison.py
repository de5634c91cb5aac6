"""Comparisons of forecasters: nominal coverage and size of intervals and tests, and the table of scores."""

import csv
import io
from dataclasses import replace
from itertools import product
from math import isnan, sqrt

import numpy as np
import pytest
from scipy.stats import binom

from octoplan.raids.comparison import (
    INTERVAL_LEVELS,
    SCORE_COLUMNS,
    block_mean,
    coverage,
    pit_p_value,
    score_difference,
    score_table,
    table_text,
)
from octoplan.raids.score import PAIR, SERIES, Scores, origins, score
from octoplan.scenario.arrays import Floats
from tests.raids.test_score import NegativeBinomial, simulated_record

LONG_RECORD = simulated_record(2000)
WEEKLY = np.arange(29, 1990, 7)


def scores_with(losses: Floats, step: int = 7, horizons: tuple[int, ...] = (7,)) -> Scores:
    """Scores with the given CRPS of drones, (o, horizons)."""
    shape = (len(losses), len(horizons), 2)
    crps = np.zeros(shape)
    crps[..., 0] = losses
    days = np.datetime64("2025-01-06") + step * np.arange(len(losses))
    zeros, quantiles = np.zeros(shape), np.zeros((*shape, 7))
    return Scores(
        "constructed", days, horizons, 1, 1, zeros[:, 0], zeros, zeros, quantiles, crps, zeros, zeros, crps[..., 0]
    )


@pytest.mark.parametrize("series", SERIES)
def test_the_true_process_is_calibrated(series: str) -> None:
    """Forecasts by the true process have uniform PITs and nominal coverage, within 99.9 % binomial limits."""
    scores = score(*LONG_RECORD, NegativeBinomial(), WEEKLY, horizons=(1, 7), draws=400)
    n = len(WEEKLY)
    for horizon in scores.horizons:
        assert pit_p_value(scores, horizon, series) > 0.001
        for level in coverage(scores, horizon, series):
            assert level.independent_origins == n
            low, high = binom.interval(0.999, n, level.level)
            assert low <= level.share * n <= high


def test_too_narrow_forecasts_are_rejected() -> None:
    """With half the standard deviation, too few sums are inside every interval, and calibration is rejected."""
    scores = score(*LONG_RECORD, NegativeBinomial("narrow", r=8.0), WEEKLY, horizons=(7,), draws=400)
    assert pit_p_value(scores, 7) < 1e-4
    for level in coverage(scores, 7):
        assert level.share < level.low
        assert not level.is_adequate
    assert scores.pit_histogram(7)[[0, -1]].sum() > 0.3 * scores.pit_histogram(7).sum()


def test_the_calibration_test_has_its_nominal_size() -> None:
    """One in ten calibrated forecasts has a p-value below 0.1, with few or many origins."""
    rng = np.random.default_rng(4)
    for n in (20, 60):
        base = scores_with(np.zeros((n, 1)))
        p_values = [pit_p_value(replace(base, pit=rng.random((n, 1, 2))), 7) for _ in range(400)]
        low, high = binom.interval(0.999, 400, 0.1)
        assert low <= sum(p < 0.1 for p in p_values) <= high


def test_overlapping_sums_have_no_calibration_test() -> None:
    """Sums with days in common are dependent: calibration is not tested, and only disjoint sums are independent."""
    base = scores_with(np.zeros((60, 2)), horizons=(7, 30))
    assert isnan(pit_p_value(base, 30))
    assert not isnan(pit_p_value(base, 7))
    assert [level.independent_origins for level in coverage(base, 30)] == [12, 12, 12]


def test_binomial_limits_by_hand() -> None:
    """The binomial 95 % limits of the number inside a 50 % interval at 60 origins are 22 and 38."""
    half = coverage(scores_with(np.zeros((60, 1))), 7)[0]
    assert (half.level, half.share) == (0.5, 0)
    assert (half.low * 60, half.high * 60) == (22, 38)
    assert INTERVAL_LEVELS == (0.5, 0.8, 0.95)


def test_the_standard_error_is_the_limit_of_the_bootstrap() -> None:
    """The interval is that of the circular block bootstrap with many resamples and Student's t."""
    values = np.random.default_rng(6).normal(size=24).cumsum()
    starts = np.random.default_rng(7).integers(0, 24, (40_000, 4))
    means = values[(starts[..., None] + np.arange(6)) % 24].reshape(40_000, -1).mean(axis=1)
    interval = block_mean(values, 6)
    assert interval.blocks == 4
    half = 3.182446 * means.std() * sqrt(4 / 3)
    assert (interval.high - interval.low) / 2 == pytest.approx(half, rel=4 / sqrt(2 * 40_000))
    assert (interval.high + interval.low) / 2 == pytest.approx(interval.mean) == pytest.approx(values.mean())


def test_the_block_interval_by_hand() -> None:
    """Four values in blocks of two have block means 2, 4, 4 and 2 about 3, and a standard error of 1."""
    interval = block_mean(np.array([1.0, 3.0, 5.0, 3.0]), 2)
    assert interval.mean == 3
    assert interval.high - 3 == pytest.approx(12.706205 * 1.0, rel=1e-6)


@pytest.mark.parametrize(("n", "horizon"), [(60, 1), (60, 5), (48, 13)])
def test_the_block_interval_has_its_nominal_coverage(n: int, horizon: int) -> None:
    """88 to 97 % of the intervals of moving sums contain the true mean of zero."""
    rng = np.random.default_rng(8)
    series = rng.standard_normal((1500, n + horizon - 1))
    sums = [np.convolve(values, np.ones(horizon), "valid") for values in series]
    significant = sum(block_mean(values, max(horizon, 4)).is_significant for values in sums)
    assert 0.88 <= 1 - significant / 1500 <= 0.97


def test_fewer_than_two_blocks_have_no_interval() -> None:
    """With fewer than two blocks the mean is defined and the interval is nan."""
    interval = block_mean(np.arange(7.0), 4)
    assert (interval.mean, isnan(interval.low), isnan(interval.high)) == (3, True, True)
    assert not interval.is_significant
    assert isnan(block_mean(np.array([]), 4).mean)


def test_equal_forecasters_rarely_differ_significantly() -> None:
    """At most one in twenty pairs of equal forecasters differ significantly, within the 99.9 % binomial limit."""
    significant = 0
    for seed in range(30):
        past = simulated_record(460, seed)
        first, second = (
            score(*past, NegativeBinomial(), WEEKLY[:60], horizons=(7,), draws=60, seed=s) for s in (seed, seed + 100)
        )
        significant += sum(score_difference(first, second, 7, series).is_significant for series in SERIES)
    assert significant <= binom.ppf(0.999, 60, 0.05)


def test_a_worse_forecaster_is_significantly_worse() -> None:
    """A forecaster with half the mean is worse for each series and the pair; equal scores do not differ."""
    true = score(*LONG_RECORD, NegativeBinomial(), WEEKLY, horizons=(7,), draws=200)
    worse = score(*LONG_RECORD, NegativeBinomial("half", (75.0, 3.0)), WEEKLY, horizons=(7,), draws=200)
    for series in (*SERIES, PAIR):
        assert score_difference(true, true, 7, series).mean == 0
        assert score_difference(worse, true, 7, series).low > 0
        assert score_difference(true, worse, 7, series).high < 0


def test_blocks_span_the_overlap_of_sums() -> None:
    """At weekly origins, 90-day sums have blocks of 13 origins, and 7-day sums blocks of four."""
    lower, higher = (scores_with(np.full((52, 2), loss), horizons=(7, 90)) for loss in (0.0, 1.0))
    assert (score_difference(higher, lower, 90).blocks, score_difference(higher, lower, 7).blocks) == (4, 13)
    assert score_difference(higher, lower, 7).mean == 1


def test_only_scores_of_the_same_sums_are_compared() -> None:
    """A comparison of scores with other origins or other counts is refused."""
    scores = scores_with(np.zeros((20, 1)))
    with pytest.raises(ValueError, match="same origins"):
        score_difference(scores, scores_with(np.zeros((19, 1))), 7)
    with pytest.raises(ValueError, match="same origins and counts"):
        score_difference(scores, replace(scores, observed=scores.observed + 1), 7)


def test_the_table_has_a_row_for_every_forecaster() -> None:
    """The table has a row for each horizon, series and forecaster; undefined cells are empty."""
    counts, days = simulated_record(200)
    rows = origins(days, "2020-03-01", "2020-07-10", 7)
    scores = [score(counts, days, NegativeBinomial(name), rows, horizons=(1, 30), draws=50) for name in ("a", "b")]
    table = score_table(scores)
    names = [column.name for column in SCORE_COLUMNS]
    cells = [dict(zip(names, row, strict=True)) for row in table.rows]
    keys = [(row["horizon"], row["series"], row["forecaster"]) for row in cells]
    assert keys == list(product((1, 30), (*SERIES, PAIR), "ab"))
    text = list(csv.DictReader(io.StringIO(table.csv(significant=8))))
    for text_row, row in zip(text, cells, strict=True):
        for name, value in row.items():
            if value is None:
                assert text_row[name] == ""
            elif isinstance(value, str):
                assert text_row[name] == value
            else:
                assert float(text_row[name]) == pytest.approx(value, rel=1e-7)
    assert cells[0]["score"] == scores[0].crps[:, 0, 0].mean()
    assert cells[0]["log_score"] == scores[0].log_score[:, 0, 0].mean()
    assert (cells[0]["difference"], cells[0]["low"], cells[0]["high"]) == (0, 0, 0)
    assert cells[0]["origins"] == len(rows)
    assert cells[6]["origins"] == int((rows + 30 < 200).sum()) < len(rows)
    assert (cells[4]["series"], cells[4]["mean"], cells[4]["pit_p"]) == (PAIR, None, None)
    lines = table_text(table).splitlines()
    assert len(lines) == 13
    assert len({len(line) for line in lines}) == 1


def test_a_horizon_that_was_never_observed_has_empty_cells() -> None:
    """A horizon that ends after the record at every origin has a row with no origins and empty cells."""
    counts, days = simulated_record(60)
    scores = score(counts, days, NegativeBinomial(), np.array([40, 45]), horizons=(90,), draws=20)
    row = next(score_table([scores]).rows)
    assert row[3] == 0
    assert [cell for name, cell in zip((c.name for c in SCORE_COLUMNS), row, strict=True) if name == "blocks"] == [0.0]
    assert row[4:8] == (None,) * 4
    assert row[9:] == (None,) * 7
