"""Raids of a scenario from a fit and from daily counts, both named in ``programme.toml``, and what-if factors."""

import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from scipy.special import ndtri

from octoplan.campaign.streams import uniforms
from octoplan.errors import ScenarioError
from octoplan.raids import fit as fitting
from octoplan.raids.fit_file import FITTED_PARAMETERS, correlation_matrix, fit_toml
from octoplan.raids.read.record import CLASSES, Record
from octoplan.scenario import Scenario, load
from octoplan.scenario.builtin import builtin_folder
from tests.raids.test_process import simulated

DAYS = 90

STATED_ROWS = """
raids.salvo_share,0.12,0.1,0.14,pert,1
raids.salvo_stay,0.05,0,0.15,pert,1
raids.level,0.948,0.898,0.998,normal,1
raids.wander,0.32,0.2,0.42,pert,1
raids.wander_time,40,20,70,pert,day
raids.begin,0,-1.28,1.28,normal,1
packages.drones.routine_mean,144,136,152,normal,1/day
packages.drones.routine_cv,0.47,0.4,0.55,pert,1
packages.drones.salvo_mean,502,462,542,normal,1/day
packages.drones.salvo_cv,0.1,0.05,0.2,pert,1
packages.missiles.routine_mean,2.5,2.1,2.9,normal,1/day
packages.missiles.routine_cv,4,2.5,6,pert,1
packages.missiles.salvo_mean,36,32,40,normal,1/day
packages.missiles.salvo_cv,0.35,0.2,0.5,pert,1
packages.*.quiet,0,,,fixed,1
packages.*.coupling,0.2,0,0.5,pert,1
"""
"""Assumptions on the parameters of raids that a fit would supply."""


@pytest.fixture(scope="module")
def fitted() -> fitting.Fit:
    return fitting.fit(simulated(DAYS, 21))


def record() -> Record:
    counts = simulated(DAYS, 21)
    launched = np.zeros((DAYS, len(CLASSES)), np.int64)
    launched[:, 0], launched[:, 1] = counts.T
    days = np.datetime64("2025-08-03") + np.arange(DAYS)
    zeros = np.zeros_like(launched)
    return Record(
        days,
        CLASSES,
        launched,
        zeros,
        zeros.copy(),
        np.ones(launched.shape, bool),
        "ab" * 32,
        "path_of_copy.csv",
        "daily",
        (),
        (),
    )


def folder(path: Path, line: str, **files: str) -> Path:
    """A copy of octopus without its fit, with a line added at the top of programme.toml, and with further files."""
    path_of_copy = path / "mine"
    shutil.copytree(builtin_folder("octopus"), path_of_copy)
    (path_of_copy / "raids.toml").unlink()
    programme = path_of_copy / "programme.toml"
    lines = [line for line in programme.read_text().splitlines() if not line.startswith("raids =")]
    programme.write_text("\n".join([line, *lines]) + "\n")
    with (path_of_copy / "assumptions.csv").open("a") as rows:
        rows.writelines(f"{row},,raid-record,amber,tests,2026-02-03,\n" for row in STATED_ROWS.split())
    with (path_of_copy / "correlations.csv").open("a") as rows:
        rows.write("packages.drones.routine_mean,packages.missiles.routine_mean,0.3,,\n")
    for name, text in files.items():
        (path_of_copy / name.replace("_", ".")).write_text(text)
    return path_of_copy


def with_fit(path: Path, fitted: fitting.Fit) -> Scenario:
    text = fit_toml(fitted, record(), slice(0, DAYS), date(2026, 1, 2))
    return load(folder(path, 'raids = "raids.toml"', raids_toml=text))


def test_draws_have_the_distribution_of_the_fit(tmp_path: Path, fitted: fitting.Fit) -> None:
    """Draws of the scenario have the quantiles and correlations of the posterior distribution."""
    scenario = with_fit(tmp_path, fitted)
    draws = scenario.quantiles(uniforms(3, [f"belief/{name}" for name in scenario.columns], 40_000))
    normal = []
    for row, parameter in enumerate(FITTED_PARAMETERS):
        fitted_scale = parameter.to_unconstrained(draws[:, scenario.columns.index(parameter.name)])
        mean, sd = fitted.posterior.mean[row], np.sqrt(fitted.posterior.covariance[row, row])
        assert np.quantile(fitted_scale, [0.1, 0.5, 0.9]) == pytest.approx(
            mean + sd * ndtri([0.1, 0.5, 0.9]), abs=0.03 * sd
        )
        normal.append(fitted_scale)
    assert np.abs(np.corrcoef(normal) - correlation_matrix(fitted.posterior.covariance)).max() < 0.03


def test_rows_replaced_by_a_fit_are_reported(tmp_path: Path, fitted: fitting.Fit) -> None:
    """Rows that the fit overrides give a warning, and each fitted parameter refers to its line in the fit."""
    scenario = with_fit(tmp_path, fitted)
    messages = [str(warning) for warning in scenario.warnings]
    rows, starred, pairs = 14, 2, 1
    assert sum("overrides this row" in word for word in messages) == rows + starred + pairs
    assumption = scenario.row_of("raids", "wander")
    text = (tmp_path / "mine" / "raids.toml").read_text().splitlines()
    assert text[assumption.line - 1] == '[assumptions."raids.wander"]'
    assert Path(assumption.file).name == "raids.toml"
    assert scenario.sources["raids.toml"].title == "Record of raids, path_of_copy.csv"


def test_daily_counts_are_compiled(tmp_path: Path) -> None:
    """The compiled scenario has the stated counts of the first days, and no other counts."""
    table = "date,drones,missiles\n2025-11-01,120,3\n2025-11-02,0,40\n"
    compiled = load(folder(tmp_path, 'raids = "raids.csv"', raids_csv=table)).compile()
    assert compiled.links.observed_counts.tolist() == [[120, 3], [0, 40]]


@pytest.mark.parametrize(
    ("line", "files", "message"),
    [
        ('raids = "raids.toml"', {}, "raids names raids.toml, which is not in the folder"),
        ("raids = 3", {}, "3 is not valid; expected"),
        (
            'raids = "raids.csv"',
            {"raids_csv": "date,drones,missiles\n2025-11-02,1,2\n"},
            "raids.csv:2: date '2025-11-02'",
        ),
        (
            'raids = "raids.csv"',
            {"raids_csv": "date,drones,missiles\n2025-11-01,-1,2\n"},
            "drones '-1' is not a whole number",
        ),
        ('raids = "raids.csv"', {"raids_csv": "date,drones\n2025-11-01,1\n"}, "raids.csv:1"),
        ('raids = "raids.toml"', {"raids_toml": "title = 1\n"}, "has no [assumptions]"),
        (
            'raids = "raids.toml"',
            {"raids_toml": "[assumptions]\nx = 1\n"},
            "raids.toml:2: assumptions 'x' is not valid",
        ),
        (
            'raids = "raids.toml"',
            {"raids_toml": '[assumptions."raids.wander"]\nvalue = -1.0\ndistribution = "fixed"\nunit = "1"\n'},
            "raids.toml:1: raids.wander",
        ),
    ],
)
def test_invalid_files_are_reported_with_their_line(
    tmp_path: Path, line: str, files: dict[str, str], message: str
) -> None:
    """Invalid files are reported with file and line."""
    with pytest.raises(ScenarioError) as error:
        load(folder(tmp_path, line, **files))
    assert message in str(error.value)


def test_a_file_that_the_programme_does_not_name_gives_a_warning(tmp_path: Path) -> None:
    """A file that the programme does not name is not used, and the warning says how to use it."""
    scenario = load(folder(tmp_path, "", raids_csv="date,drones,missiles\n2025-11-01,1,2\n"))
    assert any('raids = "raids.csv"' in str(warning) for warning in scenario.warnings)
    assert scenario.compile().links.observed_counts.shape == (0, 2)


def test_a_gap_between_the_fit_and_the_first_simulated_raids_gives_a_warning(
    tmp_path: Path, fitted: fitting.Fit
) -> None:
    """A fit that ends on the day before the first simulated raids gives no warning; daily counts delay that day."""
    text = fit_toml(fitted, record(), slice(0, DAYS), date(2026, 1, 2))
    on_time = load(folder(tmp_path, 'raids = "raids.toml"', raids_toml=text))
    assert not any("the fit ends on" in str(warning) for warning in on_time.warnings)
    table = "date,drones,missiles\n2025-11-01,120,3\n"
    shutil.rmtree(tmp_path / "mine")
    late = load(folder(tmp_path, 'raids = ["raids.csv", "raids.toml"]', raids_csv=table, raids_toml=text))
    assert late.compile().links.observed_counts.tolist() == [[120, 3]]
    assert any(
        "the fit ends on 2025-10-31, but simulated raids begin after 2025-11-01" in str(w) for w in late.warnings
    )


HEAD = "name,what,times,from,to,note\n"


def test_what_ifs_are_factors_on_days_and_classes(tmp_path: Path) -> None:
    """Factors on salvos, a package and a class apply from one date to another, inclusive, and are multiplied."""
    rows = (
        "salvos twice as frequent from March,salvos,2,2026-03-01,,\n"
        "30 % more decoys,decoy,1.3,,,a guess\n"
        "half the drones for two days,drones,0.5,2025-11-02,2025-11-03,\n"
        "no cruise missiles,cruise,0,,,\n"
        "a hundred times as many ballistic missiles on one day,ballistic,100,2025-11-04,2025-11-04,\n"
    )
    path_of_copy = folder(tmp_path, "")
    (path_of_copy / "what-if.csv").write_text(HEAD + rows)
    scenario = load(path_of_copy)
    links = scenario.compile().links
    march = (date(2026, 3, 1) - date(2025, 11, 1)).days
    assert (links.salvo_factor[:march] == 1).all()
    assert (links.salvo_factor[march:] == 2).all()
    factor_of = dict(zip(scenario.names.threats, links.threat_factor.T, strict=True))
    assert factor_of["decoy"][:4].tolist() == [1.3, 0.65, 0.65, 1.3]
    assert factor_of["attack-drone"][:4].tolist() == [1.0, 0.5, 0.5, 1.0]
    assert (factor_of["cruise"] == 0).all()
    assert factor_of["ballistic"][:5].tolist() == [1, 1, 1, 100, 1]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("more,decoys,1.3,,,", "what: 'decoys' is not declared; did you mean 'decoy'"),
        ("more,decoy,-1,,,", "times: -1 is not valid"),
        ("more,decoy,many,,,", "times"),
        ("more,decoy,2,March,,", "from: 'March' is not a date"),
        ("more,decoy,2,2025-12-02,2025-12-01,", "no day of the scenario lies between from and to"),
        ("more,decoy,2,2031-01-01,,", "no day of the scenario lies between from and to"),
        (",decoy,2,,,", "name is missing"),
        ("more,decoy,2,,,\nmore,salvos,2,,,", "is in line 2 already"),
    ],
)
def test_invalid_what_if_factors_are_reported(tmp_path: Path, row: str, message: str) -> None:
    """An invalid what-if factor is reported with file and line."""
    path_of_copy = folder(tmp_path, "")
    (path_of_copy / "what-if.csv").write_text(HEAD + row + "\n")
    with pytest.raises(ScenarioError) as error:
        load(path_of_copy)
    assert "what-if.csv:" in str(error.value)
    assert message in str(error.value)
