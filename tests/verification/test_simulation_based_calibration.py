"""Simulation-based calibration (Talts, Betancourt, Simpson, Vehtari and Gelman 2018).

Data sets are simulated with assumptions drawn from the prior. If the inference is right, the rank of the true value of
an assumption among independent posterior draws is uniform, and central posterior intervals cover it with their level.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from octoplan.calibrate.problem import Problem
from octoplan.calibrate.setup import Period, prepare
from octoplan.calibrate.waves import Wave, first_wave, infer
from octoplan.errors import CalibrationError
from octoplan.executors import executor
from octoplan.raids.read.readers import read
from octoplan.scenario import load
from tests.calibrate.trial import linear_problem, trial

Floats = NDArray[np.float64]

DRAWS = 99
"""Posterior draws among which the true value is ranked."""
BINS = 10
LEVELS = (0.5, 0.8, 0.95)
RECORD = Path(__file__).parents[3] / "shared" / "data" / "raids" / "daily.csv"
FIRST_TRUE_FUTURE = 1_000_000
"""Number of the future of the first simulated data set, far from those of the inference."""


@dataclass(frozen=True, eq=False)
class Ranks:
    """Ranks of true values.

    Attributes:
        ranks: (data sets, features) number of posterior draws below the true value, 0 to ``DRAWS``.
        refused: Number of data sets for which the inference was refused.

    """

    ranks: NDArray[np.int64]
    refused: int

    def p_values(self) -> Floats:
        """(features,) p-values of the chi-squared test of uniformity in ``BINS`` bins."""
        edges = np.linspace(0, DRAWS + 1, BINS + 1)
        return np.array([stats.chisquare(np.histogram(column, edges)[0]).pvalue for column in self.ranks.T])

    def coverage(self, level: float) -> float:
        """Share of true values within the central posterior interval of a level, over data sets and features."""
        position = (self.ranks + 0.5) / (DRAWS + 1)
        return float((np.abs(position - 0.5) <= level / 2).mean())


def data_sets(problem: Problem, number: int, seed: int) -> Iterable[tuple[Floats, Problem]]:
    """True scores, and the problem whose observed measures were simulated with them and an observation error."""
    for i in range(number):
        rng = np.random.default_rng([seed, i])
        scores = rng.standard_normal((1, problem.scores))
        measures = problem.scaled(problem.simulate(scores, FIRST_TRUE_FUTURE + i))[0]
        error = rng.multivariate_normal(np.zeros(len(measures)), problem.covariance)
        if np.isfinite(measures).all():
            yield scores, replace(problem, observed=measures + error)


def ranks_of(
    problem: Problem, number: int, features: NDArray[np.int64], first: Wave, *, assumed: float = 1.0, size: int = 1024
) -> Ranks:
    """Ranks of the true features in the posteriors of simulated data sets.

    Args:
        problem: The problem, with any observed measures.
        number: Number of data sets.
        features: Columns of the features that are ranked.
        first: The first wave, which all data sets share.
        assumed: Factor of the standard deviations that the likelihood assumes; 1 if it is right.
        size: Futures of each further wave.

    """
    rows, refused = [], 0
    for i, (scores, data) in enumerate(data_sets(problem, number, 11)):
        wrong = replace(data, covariance=assumed**2 * data.covariance)
        try:
            inference = infer(wrong, 100 + i, first=first, size=size)
        except CalibrationError:
            refused += 1
            continue
        rng = np.random.default_rng([12, i])
        chosen = rng.choice(len(inference.posterior_scores), DRAWS, replace=False)
        posterior = problem.features(inference.posterior_scores[chosen])[:, features]
        rows.append((posterior < problem.features(scores)[:, features]).sum(axis=0))
    return Ranks(np.array(rows), refused)


def test_ranks_of_a_linear_problem_are_uniform_and_a_wrong_likelihood_is_seen() -> None:
    """40 data sets: coverage of 80 % intervals within 10 points; below 65 % if the sd of the likelihood is halved."""
    slope = 2.0 * np.random.default_rng(5).standard_normal((4, 6))
    problem = linear_problem(slope, np.zeros(6), chance=0.01, error=0.5)
    first, features = first_wave(problem, 1, 512), np.arange(4)
    right = ranks_of(problem, 40, features, first, size=256)
    wrong = ranks_of(problem, 25, features, first, assumed=0.5, size=256)
    assert right.refused == 0
    assert right.coverage(0.8) == pytest.approx(0.8, abs=0.1)
    assert (right.p_values() > 0.001).all()
    assert wrong.coverage(0.8) < 0.65


@pytest.mark.slow
def test_small_scenario() -> None:
    """200 data sets of the small scenario: uniform ranks, coverage within 4 points; a sd halved fails."""
    setup = prepare(trial(), Period(date(2026, 1, 1), date(2026, 1, 31)), seed=3)
    with executor() as pool:
        problem = setup.problem(pool)
        first = first_wave(problem, 3)
        features = np.arange(problem.scores)
        right = ranks_of(problem, 200, features, first, size=512)
    report("small scenario", right)
    assert right.refused <= 2
    assert (right.p_values() > 0.01 / len(features)).all()
    for level in LEVELS:
        assert right.coverage(level) == pytest.approx(level, abs=0.04)


OCTOPUS_ROWS = (
    "engagement.*.*.p_contact", "crews.on_duty", "crews.initial", "threats.*.engagement", "service.other.share",
    "effects.electronic-warfare.attack-drone.p", "effects.gun.attack-drone.p", "effects.gun.cruise.p",
    "effects.abm.ballistic.p", "posts.missile.*.capacity", "readiness.gun.slope", "readiness.electronic-warfare.slope",
    "drift.gun.sd", "levels.gun.2026-03.level", "levels.electronic-warfare.2026-03.level", "lethality.octopus.*.p_kill",
)  # fmt: skip
"""Rows of octopus whose ranks are tested: informed ones, ones informed only jointly, and one that is not informed."""


@pytest.mark.slow
@pytest.mark.skipif(not RECORD.exists(), reason="needs the record of raids, ../shared/data/raids/daily.csv")
def test_octopus() -> None:
    """50 data sets of octopus, five months: uniform ranks, and coverage within 6 points."""
    setup = prepare(load("octopus"), Period(date(2025, 11, 1), date(2026, 3, 31)), read(RECORD), seed=5)
    names = [setup.assumptions.scenario.columns[column] for column in setup.assumptions.columns]
    features = np.array([names.index(name) for name in OCTOPUS_ROWS])
    with executor() as pool:
        problem = setup.problem(pool)
        ranks = ranks_of(problem, 50, features, first_wave(problem, 5), size=512)
    report("octopus", ranks)
    assert ranks.refused <= 2
    assert (ranks.p_values() > 0.01 / len(features)).all()
    for level in LEVELS:
        assert ranks.coverage(level) == pytest.approx(level, abs=0.06)


def report(title: str, ranks: Ranks) -> None:
    """Print the result, for the documentation."""
    coverage = ", ".join(f"{100 * ranks.coverage(level):.1f} % of {100 * level:.0f} %" for level in LEVELS)
    text = f"{title}: {len(ranks.ranks)} data sets, {ranks.refused} refused; coverage {coverage}; "
    smallest = f"smallest p-value of uniform ranks {ranks.p_values().min():.3f} of {ranks.ranks.shape[1]}"
    sys.stdout.write(f"{text}{smallest}\n")
