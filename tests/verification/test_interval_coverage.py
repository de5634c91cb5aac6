"""Coverage of the 95 % confidence intervals of mean, P10, P50 and P90."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import norm

import octoplan as op
from octoplan.executors import executor
from octoplan.outcomes.intervals import QUANTILE_LEVELS, Interval, interval
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.sampling import latin_hypercube
from octoplan.outcomes.simulate import simulate

Z95 = 1.96
Values = NDArray[np.float64]


def covered(estimate: Interval, truth: Values) -> NDArray[np.bool_]:
    """Whether the intervals of the mean, P10, P50 and P90 contain the true values, (4,)."""
    estimates = np.array([estimate.mean, estimate.p10, estimate.p50, estimate.p90])
    errors = np.array([estimate.se_mean, estimate.se_p10, estimate.se_p50, estimate.se_p90])
    return np.abs(estimates - truth) <= Z95 * errors


def coverage_of_runs(scenario: op.Scenario, seeds: int, futures: int) -> Values:
    """Coverage of the intervals of mean, P10, P50 and P90, (measures, 4), with the pooled runs as the long run.

    Measures with fewer than 1,000 different values in the long run are excluded, because their quantiles are tied.
    """
    values: dict[str, list[Values]] = {}
    with executor(None, None) as pool:
        for seed in range(seeds):
            run = simulate(scenario, futures, 1000 + seed, executor=pool)
            for key, measure in RunResults(run).measures.items():
                if measure.form == "amount":
                    values.setdefault(key, []).append(measure.values)
    coverage = []
    for samples in values.values():
        long_run = np.concatenate(samples)
        if np.isfinite(long_run).all() and len(np.unique(long_run)) >= 1000:
            truth = np.array([long_run.mean(), *np.quantile(long_run, QUANTILE_LEVELS)])
            coverage.append(np.mean([covered(interval(sample), truth) for sample in samples], axis=0))
    return np.array(coverage)


def test_intervals_of_a_known_distribution_cover_it() -> None:
    """Exponential of a sum of five assumptions and a chance term: 92 to 98 % of 1,000 intervals contain the truth."""
    names, futures, seeds = [f"assumption-{i}" for i in range(5)], 256, 1000
    deviation = np.sqrt(len(names) + 1.0) / 4.0
    truth = np.array([np.exp(deviation**2 / 2.0), *np.exp(deviation * norm.ppf(QUANTILE_LEVELS))])
    hits = np.zeros(4)
    for seed in range(seeds):
        chance = np.random.default_rng(seed).standard_normal(futures)
        total = ndtri(latin_hypercube(seed, names, futures)).sum(1) + chance
        hits += covered(interval(np.exp(total / 4.0)), truth)
    assert ((hits / seeds >= 0.92) & (hits / seeds <= 0.98)).all(), hits / seeds


def test_stratification_is_seen_in_the_standard_error() -> None:
    """The standard error of the mean agrees with the deviation between seeds, a third of that of independent draws."""
    names, futures = [f"assumption-{i}" for i in range(5)], 512
    estimates = []
    for seed in range(300):
        chance = np.random.default_rng(seed).standard_normal(futures)
        estimates.append(interval(ndtri(latin_hypercube(seed, names, futures)).sum(1) + 0.5 * chance))
    observed = float(np.std([i.mean for i in estimates], ddof=1))
    claimed = float(np.mean([i.se_mean for i in estimates]))
    assert claimed == pytest.approx(observed, rel=4 / np.sqrt(2 * 300))
    assert claimed < np.sqrt(5.25 / futures) / 3.0


@pytest.mark.slow
def test_intervals_of_pocket_cover_the_long_run() -> None:
    """Over 200 seeds, the mean coverage of each statistic is 92 to 98 %."""
    coverage = coverage_of_runs(op.load("pocket"), 200, 512).mean(0)
    assert ((coverage >= 0.92) & (coverage <= 0.98)).all(), coverage


@pytest.mark.slow
def test_intervals_of_a_short_octopus_cover_the_long_run(tmp_path: Path) -> None:
    """Over 50 seeds of three months of octopus, the mean coverage of each statistic is 92 to 98 %."""
    folder = tmp_path / "octopus"
    shutil.copytree(Path(op.__file__).parent / "scenarios" / "octopus", folder)
    programme = folder / "programme.toml"
    text = programme.read_text("utf-8")
    assert "months = 24" in text
    programme.write_text(text.replace("months = 24", "months = 3"), "utf-8")
    coverage = coverage_of_runs(op.load(str(folder)), 50, 512).mean(0)
    assert ((coverage >= 0.92) & (coverage <= 0.98)).all(), coverage
