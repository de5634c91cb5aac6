"""Preparation of a calibration: periods, and rows for the levels of months."""

from datetime import date

import numpy as np
import pytest

from octoplan.calibrate.futures import LEVEL_UNIT
from octoplan.calibrate.options import days_of, published_raids
from octoplan.calibrate.setup import Period, prepare, without_derived_levels
from octoplan.errors import CalibrationError
from octoplan.raids.read.record import CLASSES, Record
from octoplan.scenario import Scenario, load
from octoplan.scenario.calibrated import calibrated_files, rows_correlated_with, with_priors
from octoplan.scenario.csv_text import csv_text, row_dicts
from octoplan.scenario.scenario import read_files, with_files
from tests.calibrate.trial import OBSERVATIONS, RANGES, trial

FIRST = date(2025, 11, 1)
WHOLE = Period(date(2026, 1, 1), date(2026, 3, 31))


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


DRIFT = """\
drift.interceptor.sd,,0.1,0.4,lognormal,1,,,red,analysis,2026-01-01,
drift.interceptor.memory,60,,,fixed,day,,,red,analysis,2026-01-01,
"""


def with_rows(scenario: Scenario, rows: str) -> Scenario:
    """The scenario with further rows of assumptions."""
    return with_files(scenario, {"assumptions.csv": scenario.files["assumptions.csv"].decode() + rows})


def stated_level(month: str, cells: str) -> str:
    return f"levels.interceptor.{month}.level,{cells},1,,,red,analysis,2026-01-01,\n"


@pytest.mark.parametrize(("cells", "low", "high"), [("0.3,,,fixed", 0.3, 0.3), (",-0.1,0.3,normal", -0.1, 0.3)])
def test_a_stated_level_keeps_its_prior_and_the_levels_of_later_months_continue_from_it(
    cells: str, low: float, high: float
) -> None:
    """A level stated in the scenario is an assumption like any other; derived levels follow the kernel's recursion."""
    assumptions = prepare(with_rows(trial(), DRIFT + stated_level("2026-01", cells)), WHOLE).assumptions
    columns = assumptions.scenario.draw_columns
    january, february = (columns["levels", "level", ("interceptor", month)] for month in ("2026-01", "2026-02"))
    scores = np.random.default_rng(3).standard_normal((4000, len(assumptions.columns)))
    draws = assumptions.draws(scores)
    assert np.quantile(draws[:, january], [0.1, 0.9]) == pytest.approx([low, high], abs=0.02)
    keep, sd = np.exp(-365.25 / 12 / 60), draws[:, columns["drift", "sd", ("interceptor",)]]
    innovation = scores[:, assumptions.position[february]]
    expected = keep * draws[:, january] + np.sqrt(1 - keep**2) * sd * innovation
    assert draws[:, february] == pytest.approx(expected)
    features = assumptions.features(scores)[:, assumptions.position[february]]
    assert features * LEVEL_UNIT == pytest.approx(expected, abs=1e-3)
    if january in assumptions.position:
        assert assumptions.position[january] in assumptions.parents[assumptions.position[february]]


def test_a_level_stated_for_every_month_is_one_assumption() -> None:
    """With a row for all months there are no derived levels."""
    setup = prepare(with_rows(trial(), DRIFT + stated_level("*", ",-0.1,0.3,normal")), WHOLE)
    assert setup.assumptions.paths == ()


def test_rows_of_derived_levels_are_valid_for_any_standard_deviation_and_any_order_of_columns() -> None:
    """The rows are written in the order of the columns of the file, within the range of stated levels."""
    scenario = with_rows(trial(), DRIFT.replace("0.1,0.4,lognormal", "3,4.9,uniform"))
    reverse = [list(row.values())[::-1] for row in row_dicts(scenario.files["assumptions.csv"])]
    header = list(row_dicts(scenario.files["assumptions.csv"])[0])[::-1]
    reversed_columns = with_files(scenario, {"assumptions.csv": csv_text([header, *reverse])})
    for variant in (scenario, reversed_columns):
        level = prepare(variant, WHOLE).scenario.row_of("levels", "level", "interceptor", "2026-02")
        assert (level.distribution, level.quality) == ("normal", "red")


def test_a_scenario_without_uncertain_assumptions_is_refused() -> None:
    """There is nothing to fit if every row is fixed."""
    fixed = {name: (cells[0] or "0.5", "", "", "fixed") for name, cells in RANGES.items()}
    with pytest.raises(CalibrationError, match=r"^all rows of assumptions.csv are fixed; state low and high of those"):
        prepare(trial(ranges=fixed), WHOLE).problem()


def daily_record(days: int, launched: int = 30) -> Record:
    """A record of the first days of 2026 with the same number of drones on each, of which four fifths are stopped."""
    counts = np.zeros((days, len(CLASSES)), np.int64)
    counts[:, CLASSES.index("drones")] = launched
    dates = np.datetime64("2026-01-01") + np.arange(days)
    lost, known = np.zeros_like(counts), np.ones(counts.shape, np.bool_)
    return Record(dates, CLASSES, counts, counts * 4 // 5, lost, known, "0" * 64, "record.csv", "daily", (), ())


def drones() -> Scenario:
    """The trial scenario with a package named drones, as records have it."""
    files = {name: content.decode() for name, content in trial().files.items()}
    files = {name: text.replace("packages.raid", "packages.drones") for name, text in files.items()}
    files["programme.toml"] = files["programme.toml"].replace('package = "raid"', 'package = "drones"')
    files["assumptions.csv"] = files["assumptions.csv"].replace("splits.raid", "splits.drones")
    return read_files({name: text.encode() for name, text in files.items()}, "trial")


def test_observations_of_days_after_the_record_are_not_used() -> None:
    """There are no raids after the end of a record, so that a whole month cannot be compared with a part of it."""
    setup = prepare(drones(), WHOLE, daily_record(40))
    assert setup.unused == ("stopped/drone 2026-02", "sorties 2026-02", "made 2026-02")
    assert "stopped/drones 2026-02" in [target.label for target in setup.targets]


def test_assumptions_on_raids_are_calibrated_only_if_the_raids_are_not_given(octopus: Scenario) -> None:
    def not_calibrated(record: Record | None) -> set[str]:
        setup = prepare(octopus, Period(FIRST, date(2026, 1, 31)), record)
        assumptions = setup.assumptions
        names = [assumptions.scenario.assumptions[column].name for column in assumptions.columns]
        return set(names) - {names[score] for score in setup.calibrated}

    assert not_calibrated(None) == set()
    left_out = not_calibrated(published_raids(octopus))
    assert {"packages.drones.span", "splits.*.lviv.share", "threats.attack-drone.mix"} <= left_out
    assert {name.split(".")[0] for name in left_out} == {"raids", "packages", "splits", "threats"}


def test_raids_of_the_same_size_have_no_targets_by_size() -> None:
    """The same days are not two observations."""
    labels = [target.label for target in prepare(drones(), WHOLE, daily_record(90)).targets]
    assert not any("launched" in label for label in labels)
    assert len(set(labels)) == len(labels)


def test_a_record_of_other_packages_is_refused() -> None:
    """The message names the packages and what would do."""
    with pytest.raises(CalibrationError, match=r"^record.csv counts drones and missiles, .* are raid; calibrate"):
        prepare(trial(), WHOLE, daily_record(90))


def test_a_period_can_be_given_in_words() -> None:
    """Python and the command line read the same texts, and name the option of one that is not a period."""
    scenario = trial()
    assert days_of(scenario, "first", "2026-02") == (date(2026, 2, 1), date(2026, 2, 28))
    assert days_of(scenario, "first", date(2026, 2, 3)) == (date(2026, 2, 3), date(2026, 2, 3))
    with pytest.raises(CalibrationError, match=r"^held_out: "):
        days_of(scenario, "held_out", "2027-13")
