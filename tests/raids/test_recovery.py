"""Simulation-based calibration: coverage of the true parameters of simulated records by the intervals of the fit.

The test is slow and runs on request: ``pytest -m slow tests/raids/test_recovery.py``. Its results are in
docs/background/raids.md.
"""

import sys
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from scipy.stats import norm

from octoplan.raids.fit import fit
from octoplan.raids.process import PARAMETERS, RATIO_PRIORS, Floats, constrain_parameters, log_prior, simulate_counts

RECORDS, DAYS = 200, 180
LEVELS = (0.5, 0.8, 0.95)


def parameters_from_prior(rng: np.random.Generator) -> Floats:
    """Parameters drawn from the priors, with a level of drones in the range of the public record since 2025."""
    theta = np.array([rng.normal(c.mean, c.sd) for c in PARAMETERS])
    theta[4] = rng.normal(np.log(110.0), 0.3)
    for large, small, ratio in RATIO_PRIORS:
        theta[large] = theta[small] + rng.normal(ratio.mean, ratio.sd)
    return theta


def posterior_scores(seed: int) -> Floats:
    """Normal scores of the true parameters in the posterior of one simulated record: (parameters,)."""
    rng = np.random.default_rng(seed)
    theta = parameters_from_prior(rng)
    assert np.isfinite(log_prior(theta))
    p = constrain_parameters(theta)[None]
    initial, salvo = rng.standard_normal(1), (rng.random(1) < p[0, 0]).astype(float)
    posterior = fit(simulate_counts(p, initial, salvo, DAYS, rng)[0]).posterior
    return np.asarray((theta - posterior.mean[:-1]) / np.sqrt(np.diag(posterior.covariance))[:-1])


def coverage(scores: Floats) -> Floats:
    """Share of true parameters inside the central interval of each level: (levels, parameters)."""
    return np.array([(np.abs(scores) < norm.ppf(0.5 + level / 2)).mean(axis=0) for level in LEVELS])


@pytest.mark.slow
def test_intervals_cover_the_truth() -> None:
    """The mean coverage over 200 records and all parameters is within three percentage points of each level."""
    with ProcessPoolExecutor() as pool:
        scores = np.array(list(pool.map(posterior_scores, range(RECORDS))))
    covered = coverage(scores)
    lines = [
        f"{name:32} " + " ".join(f"{share:6.3f}" for share in column)
        for name, column in (
            *((c.name, column) for c, column in zip(PARAMETERS, covered.T, strict=True)),
            ("all", covered.mean(axis=1)),
        )
    ]
    sys.stdout.write("\n".join(lines) + "\n")
    assert covered.mean(axis=1) == pytest.approx(LEVELS, abs=0.03)
