"""A small scenario with uncertain assumptions and observations, and problems with a known posterior."""

import csv
import io

import numpy as np
from numpy.typing import NDArray

from octoplan.calibrate.problem import Problem
from octoplan.scenario import Scenario, load
from octoplan.scenario.changes import with_default_rows
from octoplan.scenario.scenario import with_files

Floats = NDArray[np.float64]

RANGES = {
    "packages.raid.routine_mean": ("20", "", "", "fixed"),
    "threats.drone.engagement": ("", "12", "30", "lognormal"),
    "engagement.drone.town.p_contact": ("", "0.25", "0.5", "beta"),
    "effects.missile.drone.p": ("", "0.3", "0.7", "beta"),
    "layers.missile.correlation": ("0.03", "", "", "fixed"),
    "crews.initial": ("", "6", "14", "lognormal"),
    "crews.on_duty": ("", "0.4", "0.8", "beta"),
    "kits.initial": ("40", "", "", "fixed"),
    "kits.price": ("", "500", "2000", "lognormal"),
    "plants.bench.yield_first": ("", "0.7", "0.95", "beta"),
    "plants.bench.yield_mature": ("0.95", "", "", "fixed"),
    "plants.bench.yield_units": ("200", "", "", "fixed"),
    "makers.other.stock": ("20000", "", "", "fixed"),
}
"""Rows of pocket that are replaced: value, low, high and distribution."""

OBSERVATIONS = """\
period,measure,value,low,high,sd,kind,source,note
2026-01,stopped/drone,78,,,1,share,study,
2026-01,sorties,1300,,,60,count,study,
2026-01,kills,350,,,15,count,study,
2026-02,stopped/drone,77,,,1,share,study,
2026-02,sorties,1150,,,60,count,study,
2026-02,made,240,,,5,count,study,
"""

SOURCES = "id,title,publisher,date,url,licence\nstudy,A study,Example,2026-03-01,,\n"


def trial(observations: str = OBSERVATIONS, ranges: dict[str, tuple[str, str, str, str]] = RANGES) -> Scenario:
    """Pocket with uncertain assumptions on raids, crews, layers and yield, and with observations."""
    scenario = load("pocket")
    rows = list(csv.reader(io.StringIO(with_default_rows(scenario).decode().replace("default: ", ""))))
    for row in rows:
        if row[0] in ranges:
            row[1:5] = ranges[row[0]]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    files = {"assumptions.csv": text.getvalue(), "sources.csv": SOURCES, "observations.csv": observations}
    return with_files(scenario, files)


def linear_problem(
    slope: Floats, observed: Floats, chance: float = 0.3, error: float = 0.05, likelihood_error: float | None = None
) -> Problem:
    """Measures that are linear in the scores plus chance: the posterior is normal and known.

    Args:
        slope: (scores, measures) slopes.
        observed: (measures,) observed values.
        chance: Standard deviation of the chance part of a measure.
        error: Standard deviation of the observation error.
        likelihood_error: The standard deviation that the likelihood assumes, if not ``error``.

    """
    scores, measures = slope.shape

    def simulate(points: Floats, first: int) -> Floats:
        return points @ slope + chance * np.random.default_rng([7, first]).standard_normal((len(points), measures))

    assumed = error if likelihood_error is None else likelihood_error
    parents = tuple(np.array([score]) for score in range(scores))
    return Problem(
        scores, lambda points: points, parents, np.arange(scores), simulate, lambda values: values, observed,
        assumed**2 * np.eye(measures), tuple(f"measure {i}" for i in range(measures)),
    )  # fmt: skip


def exact_posterior(slope: Floats, observed: Floats, variance: float) -> tuple[Floats, Floats]:
    """Mean and covariance of the posterior of a linear problem; ``variance`` of chance and error together."""
    covariance = np.asarray(np.linalg.inv(np.eye(len(slope)) + slope @ slope.T / variance), np.float64)
    return covariance @ slope @ observed / variance, covariance
