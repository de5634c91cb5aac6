"""Preparation of a calibration: periods, and rows for the levels of months."""

from datetime import date

import numpy as np
import pytest

from octoplan.calibrate.setup import Period, prepare, without_derived_levels
from octoplan.errors import CalibrationError
from octoplan.scenario import Scenario, load
from octoplan.scenario.calibrated import calibrated_files, rows_correlated_with, with_priors
from octoplan.scenario.scenario import with_files
from tests.calibrate.trial import OBSERVATIONS, trial

FIRST = date(2025, 11, 1)


@pytest.fixture(scope="module")
def octopus() -> Scenario:
    """The scenario with its priors."""
    return without_derived_levels(with_priors(load("octopus")))


def test_the_priors_of_a_calibrated_scenario_have_no_derived_levels(octopus: Scenario) -> None:
    """The scenario in the package is calibrated: it has levels of the months observed, and its priors have none."""
    assert level_months(load("octopus")) >= {"2025-11", "2026-03"}
    assert level_months(octopus) == set()


def level_months(scenario: Scenario) -> set[str]:
    """Months with a row for the level of a layer."""
    return {assumption.entities[1] for assumption in scenario.assumptions if assumption.kind == "levels"}


def test_levels_are_those_of_the_months_used(octopus: Scenario) -> None:
    """A calibrated scenario that is calibrated to fewer months has the same assumptions as its priors have."""
    three, two = (Period(FIRST, last) for last in (date(2026, 1, 31), date(2025, 12, 31)))
    setup = prepare(octopus, three)
    assert level_months(setup.scenario) == {"2025-11", "2025-12", "2026-01"}
    levels = [a.name for a in setup.scenario.assumptions if a.kind == "levels"]
    names = rows_correlated_with(setup.scenario, levels)
    columns = [setup.assumptions.scenario.columns.index(name) for name in names]
    scores = np.random.default_rng(1).standard_normal((128, len(setup.assumptions.columns)))
    draws = setup.assumptions.draws(scores)[:, columns]
    files = calibrated_files(setup.scenario, names, draws, {})
    calibrated = with_files(setup.scenario, {name: content.decode() for name, content in files.items()})
    for period in (two, three):
        fresh, again = prepare(octopus, period), prepare(calibrated, period)
        assert again.assumptions.scenario.columns == fresh.assumptions.scenario.columns
        scores = np.random.default_rng(2).standard_normal((5, len(fresh.assumptions.columns)))
        assert (again.assumptions.draws(scores) == fresh.assumptions.draws(scores)).all()
        assert level_months(again.scenario) == level_months(fresh.scenario)
    assert without_derived_levels(setup.scenario).columns == octopus.columns


@pytest.mark.parametrize(
    ("period", "rows", "reason"),
    [
        (Period(date(2026, 3, 1), date(2026, 3, 31)), 6, "stopped/drone 2026-01 and 5 others are not wholly within"),
        (Period(date(2026, 3, 1), date(2026, 3, 31)), 1, "stopped/drone 2026-01 is not wholly within these days"),
        (Period(date(2026, 1, 1), date(2026, 3, 31), ((date(2026, 1, 1), date(2026, 2, 28)),)), 6, "all are held out"),
        (Period(date(2026, 1, 1), date(2026, 3, 31)), 0, "there is none; add rows to observations.csv"),
    ],
)
def test_a_calibration_without_observations_is_refused(period: Period, rows: int, reason: str) -> None:
    """The message says why no observation is used."""
    scenario = trial("".join(OBSERVATIONS.splitlines(keepends=True)[: rows + 1]))
    with pytest.raises(CalibrationError, match=f"^no observation is used from {period.first} to .*{reason}"):
        prepare(scenario, period)


@pytest.mark.parametrize("cells", ["2026-01,spend,0,,,100,money", "2026-01,kills/sortie,0,,,0.1,share"])
def test_a_value_of_nothing_on_a_logarithmic_scale_is_refused(cells: str) -> None:
    """Money and ratios are compared by their logarithms; the message names the row and what would do."""
    scenario = trial(f"{OBSERVATIONS}{cells},study,\n")
    with pytest.raises(CalibrationError, match=r"observations.csv:8: .* 2026-01 is 0 and .* over a longer period"):
        prepare(scenario, Period(date(2026, 1, 1), date(2026, 3, 31)))
