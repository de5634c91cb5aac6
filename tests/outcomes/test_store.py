"""The run folder: a saved run is read back unchanged, and writing is atomic."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from octoplan.errors import StoreError
from octoplan.outcomes import store
from octoplan.outcomes.files import atomic_write
from octoplan.outcomes.identity import raid_identity
from octoplan.outcomes.measures import key_results
from octoplan.outcomes.store import read, save
from tests.outcomes.runs import FUTURES, octopus, pocket


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a run of pocket."""
    path = tmp_path_factory.mktemp("runs") / "pocket"
    save(pocket(), path, command="octoplan run pocket")
    return path


def test_a_saved_run_is_read_back_unchanged(folder: Path) -> None:
    """Tallies, counterfactual, assumptions, status and key results of a saved run are bit-identical to the run."""
    run = read(folder)
    xr.testing.assert_identical(run.data, pocket().data)
    xr.testing.assert_identical(run.counterfactual, pocket().counterfactual)
    xr.testing.assert_identical(run.assumptions, pocket().assumptions)
    assert run.status.tolist() == pocket().status.tolist()
    assert raid_identity(run) == raid_identity(pocket())
    assert key_results(run).to_csv() == key_results(pocket()).to_csv()


def test_a_saved_run_of_octopus_is_read_back_unchanged(tmp_path: Path) -> None:
    """The same for octopus, with all axes of the tallies."""
    save(octopus(), tmp_path / "run")
    xr.testing.assert_identical(read(tmp_path / "run").data, octopus().data)


def test_contents_of_a_run_folder(folder: Path) -> None:
    """A run folder has the files of the scenario, a manifest, draws in NetCDF, and a summary by month."""
    assert sorted(path.name for path in folder.iterdir()) == [
        "counterfactual.nc",
        "draws.nc",
        "run.json",
        "scenario",
        "summary.csv",
    ]
    for name, content in pocket().scenario.files.items():
        assert (folder / "scenario" / name).read_bytes() == content
    manifest = json.loads((folder / "run.json").read_text())
    assert (manifest["seed"], manifest["futures"], manifest["failed"]) == (1, FUTURES, {})
    assert manifest["scenario_hash"] == pocket().scenario.hash
    assert manifest["command"] == "octoplan run pocket"
    with xr.open_dataset(folder / "draws.nc", engine="h5netcdf") as draws:
        assert draws["kills"].attrs["units"] == "threat"
        assert draws["assumptions"].sizes == {"future": FUTURES, "assumption": len(pocket().scenario.columns)}
    rows = list(csv.DictReader((folder / "summary.csv").read_text().splitlines()))
    february = {row["key"]: row for row in rows if row["period"] == "2026-02"}
    assert (february["made"]["p10"], february["made"]["p90"], february["made"]["se_mean"]) == ("280", "280", "0")
    assert list(dict.fromkeys(row["period"] for row in rows)) == ["2026-01 to 2026-03", "2026-01", "2026-02", "2026-03"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError, ValueError])
def test_an_interrupted_write_leaves_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: type[BaseException]
) -> None:
    """If the last file cannot be written, neither the folder nor a temporary folder remains."""

    def stop(*_: object) -> None:
        raise failure

    monkeypatch.setattr(store, "write_summary", stop)
    with pytest.raises(failure):
        save(pocket(), tmp_path / "deep" / "run")
    assert list((tmp_path / "deep").iterdir()) == []


def test_existing_files_are_not_overwritten(tmp_path: Path) -> None:
    """A file, or a folder that is not empty, is not changed; an empty folder is used."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    for name in ("full", "file"):
        with pytest.raises(StoreError, match=r"choose another \w+ with --out"):
            save(pocket(), tmp_path / name)
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["notes"]
    save(pocket(), tmp_path / "empty")
    assert read(tmp_path / "empty").futures == FUTURES


def copied(folder: Path, to: Path) -> Path:
    for path in folder.rglob("*"):
        if path.is_file():
            target = to / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return to


def test_folders_that_are_not_complete_runs_are_refused(tmp_path: Path, folder: Path) -> None:
    """A folder without a run, a damaged file, and a scenario changed after the run are refused with a message."""
    with pytest.raises(StoreError, match=r"is not a run folder: run\.json is missing"):
        read(tmp_path)
    damaged = copied(folder, tmp_path / "damaged")
    (damaged / "run.json").write_text("{")
    with pytest.raises(StoreError, match=r"run\.json cannot be read"):
        read(damaged)
    old = copied(folder, tmp_path / "old")
    about = json.loads((old / "run.json").read_text())
    (old / "run.json").write_text(json.dumps(about | {"format": 1, "octoplan": "0.1.0"}))
    (old / "counterfactual.nc").rename(old / "baseline.nc")
    with pytest.raises(StoreError, match=r"written by octoplan 0\.1\.0 in format 1; this version reads format 2"):
        read(old)
    partial = copied(folder, tmp_path / "partial")
    (partial / "counterfactual.nc").unlink()
    with pytest.raises(StoreError, match=r"is an incomplete run folder, without counterfactual\.nc"):
        read(partial)
    cut = copied(folder, tmp_path / "cut")
    (cut / "draws.nc").write_bytes((folder / "draws.nc").read_bytes()[:5000])
    with pytest.raises(StoreError, match=r"the draws in .* cannot be read"):
        read(cut)
    touched = copied(folder, tmp_path / "touched")
    rows = touched / "scenario" / "assumptions.csv"
    rows.write_text(rows.read_text().replace("works.price,50", "works.price,60"))
    with pytest.raises(StoreError, match="was changed after the run"):
        read(touched)


def test_a_file_is_written_atomically(tmp_path: Path) -> None:
    """If a text cannot be encoded, the old file is kept and no temporary file remains."""
    path = tmp_path / "page.html"
    atomic_write(path, "old")
    with pytest.raises(UnicodeEncodeError):
        atomic_write(path, "\ud800")
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def test_counts_are_stored_as_integers(folder: Path) -> None:
    """Counts are stored in the integer type of their tally."""
    with xr.open_dataset(folder / "draws.nc", engine="h5netcdf") as draws:
        assert draws["kills"].dtype == np.int32
