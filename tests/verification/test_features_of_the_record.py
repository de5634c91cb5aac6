"""Features of the public record that octopus must reproduce: larger shares stopped in large raids, months that differ.

Needs the record of raids in ../shared. docs/background/calibration.md has the results.
"""

import itertools
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from octoplan.executors import executor
from octoplan.outcomes.backtest import with_recorded_raids
from octoplan.outcomes.daily import daily_tallies
from octoplan.outcomes.simulate import simulate
from octoplan.raids.read.readers import read
from octoplan.raids.read.record import Record
from octoplan.scenario import Scenario, load
from octoplan.scenario.calibrated import with_priors

Floats = NDArray[np.float64]

RECORD = Path(__file__).parents[3] / "shared" / "data" / "raids" / "daily.csv"
MONTHS = 5
FUTURES, DAILY_FUTURES = 400, 60
SIZES = (0, 100, 150, 250, 400, 10_000)
FEWEST_DRONES = 30
"""Drones launched from which on a day counts for the slope."""
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, eq=False)
class Features:
    """Features of histories: (histories,) each, and stopped shares by size of raid, (histories, sizes)."""

    monthly_sd: Floats
    slope: Floats
    share_by_size: Floats


def slope_of(launched: Floats, leaked: Floats) -> float:
    """Slope of the logarithm of drones not stopped on that of drones launched, over days."""
    days = (launched > FEWEST_DRONES) & (leaked > 0)
    return float(np.polyfit(np.log(launched[days]), np.log(leaked[days]), 1)[0])


def by_size(launched: Floats, leaked: Floats) -> Floats:
    """Share stopped on the days of each class of size."""
    classes = [(launched > low) & (launched <= high) for low, high in itertools.pairwise(SIZES)]
    return np.array([1.0 - leaked[days].sum() / launched[days].sum() for days in classes])


def simulated_features(scenario: Scenario, record: Record) -> Features:
    """Features of simulated futures with the recorded raids."""
    with executor() as pool:
        run = simulate(with_recorded_raids(scenario, record, MONTHS), FUTURES, 1, executor=pool, counterfactual=False)
    names = run.compiled.names.threats
    drones = [names.index("attack-drone"), names.index("decoy")]
    launched, leaked = (
        run.data[name].sum("region").values[..., drones].sum(axis=-1) for name in ("launched", "leaked")
    )
    days = []
    for future in range(DAILY_FUTURES):
        tallies = daily_tallies(run, future, ("launched", "leaked")).sum("region")
        days.append([tallies[name].values[:, drones].sum(axis=1).astype(float) for name in ("launched", "leaked")])
    return Features(
        (100.0 * (1.0 - leaked / launched)).std(axis=1, ddof=1),
        np.array([slope_of(*day) for day in days]),
        np.array([by_size(*day) for day in days]),
    )


def recorded_features(record: Record) -> Features:
    """Features of the record itself."""
    period = record.between(date(2025, 11, 1), date(2026, 3, 31))
    launched = period.drones.astype(float)
    leaked = np.asarray(launched - period.stopped[:, period.classes.index("drones")], np.float64)
    months = period.days.astype("datetime64[M]")
    shares = [100.0 * (1.0 - leaked[months == m].sum() / launched[months == m].sum()) for m in np.unique(months)]
    return Features(
        np.array([np.std(shares, ddof=1)]), np.array([slope_of(launched, leaked)]), by_size(launched, leaked)[None]
    )


def lines(name: str, features: Features) -> Iterator[str]:
    """The features as text, for the documentation."""
    sd, slope = (np.quantile(values, QUANTILES).round(2) for values in (features.monthly_sd, features.slope))
    varied = 100 * np.mean(features.monthly_sd >= 3.5)
    yield f"{name}: monthly sd {sd}, at least 3.5 points in {varied:.0f} %; slope {slope}; "
    yield f"    share stopped by size {features.share_by_size.mean(axis=0).round(3)}\n"


@pytest.mark.slow
@pytest.mark.skipif(not RECORD.exists(), reason="needs the record of raids, ../shared/data/raids/daily.csv")
def test_octopus_reproduces_the_features_of_the_record() -> None:
    """The record's standard deviation of months and its slope lie within P5 to P95 of the calibrated futures."""
    record = read(RECORD)
    recorded, octopus = recorded_features(record), load("octopus")
    calibrated = simulated_features(octopus, record)
    for name, features in (
        ("record", recorded), ("priors", simulated_features(with_priors(octopus), record)), ("calibrated", calibrated)
    ):  # fmt: skip
        sys.stdout.writelines(lines(name, features))
    for truth, values in ((recorded.monthly_sd[0], calibrated.monthly_sd), (recorded.slope[0], calibrated.slope)):
        low, high = np.quantile(values, (0.05, 0.95))
        assert low < truth < high
