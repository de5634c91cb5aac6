"""Public functions take a scenario by its name or the path of its folder, and runs by the path of theirs."""

import shutil
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import octoplan as op


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder of ``pocket``."""
    path = tmp_path_factory.mktemp("scenarios") / "copy"
    shutil.copytree(str(files("octoplan") / "scenarios" / "pocket"), path)
    return path


def test_a_run_of_a_name_is_that_of_the_scenario(folder: Path) -> None:
    """A name, a path and the scenario give the same run."""
    runs = [op.simulate(scenario, futures=3) for scenario in (op.load("pocket"), "pocket", folder, str(folder))]
    for run in runs[1:]:
        assert run.scenario.hash == runs[0].scenario.hash
        assert run.data.equals(runs[0].data)


def test_every_function_that_takes_a_scenario_takes_a_name(folder: Path) -> None:
    """Precision, raids, plans and calibrations accept what ``load`` accepts."""
    assert op.simulate_to_precision("pocket", op.Precision(0.5)).scenario.title == "Pocket"
    raids = [op.draw_raids(scenario, futures=2).launched.values for scenario in ("pocket", folder)]
    assert np.array_equal(*raids)
    assert op.optimise(folder, futures=2).scenario.title == "Pocket"
    with pytest.raises(op.CalibrationError, match="no observation"):
        op.calibrate_to_observations(str(folder))


@pytest.mark.parametrize(
    "call",
    [
        op.simulate,
        op.draw_raids,
        op.optimise,
        op.calibrate_to_observations,
        op.explore_scenario,
        lambda name: op.simulate_to_precision(name, op.Precision(0.5)),
    ],
)
def test_an_unknown_name_is_refused(call: Any) -> None:
    """A name that is neither a folder nor a built-in scenario is refused as by ``load``."""
    with pytest.raises(op.ScenarioError, match=r"there is no such folder or workbook; did you mean 'pocket'\?"):
        call("pockets")


def test_runs_are_compared_by_the_paths_of_their_folders(tmp_path: Path) -> None:
    """Folders and runs give the same comparison; a folder that is not a run is refused."""
    first = op.simulate("pocket", futures=3)
    second = op.simulate(op.load("pocket").change({"output.bench": 100}), futures=3)
    for name, run in (("first", first), ("second", second)):
        run.save(tmp_path / name)
    by_path = op.compare(tmp_path / "first", str(tmp_path / "second"))
    assert str(by_path) == str(op.compare(first, second))
    assert by_path["made"].interval.mean < 0
    with pytest.raises(op.StoreError):
        op.compare(first, tmp_path)
