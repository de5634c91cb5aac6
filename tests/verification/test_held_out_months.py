"""Months that a calibration of octopus has not used: scores of its forecasts and of simple forecasts.

Needs the record of raids in ../shared. docs/background/calibration.md has the results of the slow test.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from octoplan.calibrate.evidence import Evidence
from octoplan.calibrate.setup import Period, prepare
from octoplan.calibrate.waves import infer
from octoplan.executors import executor
from octoplan.outcomes.backtest import recorded_stopped_shares
from octoplan.raids.read.readers import read
from octoplan.raids.read.record import Record
from octoplan.raids.scoring_rules import crps
from octoplan.scenario import load

Floats = NDArray[np.float64]

RECORD = Path(__file__).parents[3] / "shared" / "data" / "raids" / "daily.csv"
MONTHS = ("2025-11", "2025-12", "2026-01", "2026-02", "2026-03")
CLASSES = ("drones", "cruise", "ballistic")
ORIGINS = (1, 2, 3, 4)
"""Numbers of months that are used; the others are forecast."""
PAST_MONTHS = 6
"""Months whose mean and standard deviation are those of the first benchmark."""
PAST_CHANGES = 12
"""Number of past changes of the second benchmark."""
QUANTILES = (np.arange(499) + 0.5) / 499
INTERVAL = (0.1, 0.9)
BOOTSTRAP = 2000


def interval_score(sample: Floats, observed: float) -> float:
    """Interval score of the central 80 % interval (Gneiting and Raftery 2007)."""
    low, high = np.quantile(sample, INTERVAL)
    outside = max(low - observed, 0.0) + max(observed - high, 0.0)
    return float(high - low + 2.0 / (1.0 - (INTERVAL[1] - INTERVAL[0])) * outside)


def monthly_shares(record: Record, klass: str) -> dict[str, float]:
    """Stopped share in percent of each month with launches."""
    months = np.unique(record.days.astype("datetime64[M]")).astype(str).tolist()
    figures = recorded_stopped_shares(record, months, CLASSES[1:])
    return {figure.month: figure.value for figure in figures if figure.key == f"stopped/{klass}"}


def recent_months(past: Floats) -> Floats:
    """Sample of a normal distribution with the mean and the standard deviation of the last months."""
    recent = past[-PAST_MONTHS:]
    return np.asarray(stats.norm.ppf(QUANTILES, recent.mean(), recent.std(ddof=1)))


def last_month_and_changes(past: Floats, horizon: int) -> Floats:
    """The last month plus past changes over as many months as are forecast, and their negatives."""
    changes = past[horizon:] - past[:-horizon]
    changes = changes[-PAST_CHANGES:]
    return np.asarray(past[-1] + np.concatenate([changes, -changes]), np.float64)


@dataclass(frozen=True)
class Score:
    """Scores of one forecast of one month and class."""

    origin: int
    month: str
    klass: str
    forecaster: str
    crps: float
    interval: float
    inside: bool


def scores_of(evidence: Evidence, origin: int, record: Record) -> Iterator[Score]:
    """Scores of the calibrated and the uncalibrated scenario and of the benchmarks, for the months held out."""
    prior = evidence.inference.prior_wave.measures
    posterior = evidence.inference.posterior_wave.measures[evidence.inference.draws]
    labels = [target.label for target in evidence.setup.targets]
    for klass in CLASSES:
        shares = monthly_shares(record, klass)
        past = np.array([share for month, share in shares.items() if month < MONTHS[origin]])
        for horizon, month in enumerate(MONTHS[origin:], 1):
            column = labels.index(f"stopped/{klass} {month}")
            samples = {
                "calibrated": posterior[:, column],
                "uncalibrated": prior[:, column],
                "last six months": recent_months(past),
                "last month and changes": last_month_and_changes(past, horizon),
            }
            error = evidence.setup.targets[column].error
            for forecaster, values in samples.items():
                sample = values[np.isfinite(values)]
                if forecaster in ("calibrated", "uncalibrated"):
                    sample = sample + error * np.random.default_rng(column).standard_normal(len(sample))
                low, high = np.quantile(sample, INTERVAL)
                yield Score(
                    origin, month, klass, forecaster, crps(sample, shares[month]),
                    interval_score(sample, shares[month]), bool(low <= shares[month] <= high),
                )  # fmt: skip


def calibrated(origin: int, record: Record, seed: int = 1) -> Evidence:
    """Evidence of the calibration of octopus to its first months, with the others held out."""
    scenario = load("octopus")
    first, last = (date.fromisoformat(f"{month}-01") for month in (MONTHS[0], MONTHS[origin]))
    held_out = ((last, date(2026, 3, 31)),)
    setup = prepare(scenario, Period(first, date(2026, 3, 31), held_out), record, seed=seed)
    with executor() as pool:
        return Evidence(setup, infer(setup.problem(pool), seed))


def mean_difference(scores: list[Score], other: str, klass: str | None, measure: str) -> tuple[float, float, float]:
    """Mean score of a benchmark minus that of the calibrated scenario, with its 95 % block-bootstrap interval.

    Blocks are the months that are forecast.
    """
    pairs: dict[str, list[float]] = {}
    by_key = {(s.origin, s.month, s.klass, s.forecaster): getattr(s, measure) for s in scores}
    for s in scores:
        if s.forecaster == other and klass in (None, s.klass):
            difference = by_key[s.origin, s.month, s.klass, other] - by_key[s.origin, s.month, s.klass, "calibrated"]
            pairs.setdefault(s.month, []).append(difference)
    blocks = [np.array(values) for values in pairs.values()]
    rng = np.random.default_rng(1)
    means = []
    for _ in range(BOOTSTRAP):
        sample = [blocks[i] for i in rng.integers(len(blocks), size=len(blocks))]
        means.append(float(np.concatenate(sample).mean()))
    low, high = np.quantile(means, (0.025, 0.975))
    return float(np.concatenate(blocks).mean()), float(low), float(high)


def test_scores_of_a_normal_sample_have_their_closed_form() -> None:
    """CRPS of the standard normal at 0.5 is 0.3313 (Gneiting and Raftery 2007), its 80 % interval score its width."""
    sample = np.asarray(stats.norm.ppf((np.arange(20_000) + 0.5) / 20_000))
    z = 0.5
    exact = z * (2 * stats.norm.cdf(z) - 1) + 2 * stats.norm.pdf(z) - 1 / np.sqrt(np.pi)
    assert crps(sample, z) == pytest.approx(exact, abs=1e-3)
    assert interval_score(sample, 0.5) == pytest.approx(2 * 1.28155, abs=1e-3)
    assert interval_score(sample, 2.28155) == pytest.approx(2 * 1.28155 + 10.0, abs=2e-2)


def test_benchmarks_use_past_months_only() -> None:
    past = np.array([80.0, 82.0, 81.0, 85.0, 84.0, 86.0, 90.0])
    assert np.mean(recent_months(past)) == pytest.approx(past[-6:].mean())
    two_months = last_month_and_changes(past, 2)
    assert np.mean(two_months) == pytest.approx(90.0)
    assert max(two_months - 90.0) == pytest.approx(6.0)
    assert [b - a for a, b in pairwise(past)][-1] == 4.0


@pytest.mark.slow
@pytest.mark.skipif(not RECORD.exists(), reason="needs the record of raids, ../shared/data/raids/daily.csv")
def test_held_out_months() -> None:
    """On drones, the calibrated scenario is not worse than the benchmarks at 95 % (all scores are printed)."""
    record = read(RECORD)
    scores = [score for origin in ORIGINS for score in scores_of(calibrated(origin, record), origin, record)]
    for line in table(scores):
        sys.stdout.write(f"{line}\n")
    for measure in ("crps", "interval"):
        for other in ("last six months", "last month and changes"):
            assert mean_difference(scores, other, "drones", measure)[2] > 0.0, (measure, other)


def table(scores: list[Score]) -> Iterator[str]:
    """Lines of a table of the mean scores, for the documentation."""
    for last_origin in (None, 3):
        chosen = [s for s in scores if last_origin in (None, s.origin)]
        yield f"origins: {'all' if last_origin is None else 'January 2026'}"
        for name in sorted({s.forecaster for s in chosen}):
            rows = [s for s in chosen if s.forecaster == name]
            cells = []
            for klass in (*CLASSES, "all"):
                of_class = [s for s in rows if klass in (s.klass, "all")]
                means = (np.mean([getattr(s, measure) for s in of_class]) for measure in ("crps", "interval"))
                cells.append(" ".join([klass, *(f"{mean:.2f}" for mean in means)]))
            inside = f"{sum(s.inside for s in rows)} of {len(rows)}"
            yield f"{name:24} CRPS and interval score: {'; '.join(cells)}; inside {inside}"
    for other in ("uncalibrated", "last six months", "last month and changes"):
        for only in (None, "drones"):
            for measure in ("crps", "interval"):
                mean, low, high = mean_difference(scores, other, only, measure)
                yield f"{other} minus calibrated, {only or 'all'}, {measure}: {mean:.2f} ({low:.2f} to {high:.2f})"
