"""The folder of an exploration: written, read, and refused."""

import csv
import json
from pathlib import Path

import pytest

from octoplan.errors import StoreError
from octoplan.explore.folder import (
    FINDINGS_FILE,
    SECONDS_FILE,
    checksum,
    exploration_files,
    read_exploration,
    write_exploration,
)
from octoplan.explore.result_tables import tables
from tests.explore.sample_findings import DAMAGE, sample_exploration


def saved(folder: Path) -> Path:
    """A folder with the made-up exploration."""
    path = folder / "explored"
    write_exploration(sample_exploration(), path, {"explore.html": "page"})
    return path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """All findings come back, undefined and infinite numbers included; so does the scenario."""
    path, original = saved(tmp_path), sample_exploration()
    read = read_exploration(path)
    assert exploration_files(read) == exploration_files(original)
    assert read.scenario.hash == original.scenario.hash
    assert read.seconds == original.seconds
    assert (path / "explore.html").read_text() == "page"


def test_same_bytes(tmp_path: Path) -> None:
    """Files depend on what was found alone."""
    contents = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        path = saved(tmp_path / name)
        contents.append({file.name: file.read_bytes() for file in sorted(path.iterdir()) if file.is_file()})
    assert contents[0] == contents[1]
    assert {FINDINGS_FILE, SECONDS_FILE, "ranking.csv", "trials.csv"} <= contents[0].keys()


def test_tables_have_intervals() -> None:
    """Every table has one file, and every estimate the ends of its interval next to it."""
    files = exploration_files(sample_exploration())
    for table in tables(sample_exploration()):
        rows = list(csv.DictReader(files[f"{table.name}.csv"].splitlines()))
        assert len(rows) == len(table)
    row = next(row for row in csv.DictReader(files["switching.csv"].splitlines()) if row["assumption"] == DAMAGE)
    assert [row[name] for name in ("unit", "value", "value_low", "value_high")] == ["GBP", "72000", "63000", "81000"]
    for name in ("information", "trials", "robustness", "info-gap", "mix"):
        assert {row["unit"] for row in csv.DictReader(files[f"{name}.csv"].splitlines())} == {"GBP (2025)"}
    undefined = list(csv.DictReader(files["switching.csv"].splitlines()))[1]
    assert undefined["value"] == ""


def test_no_exploration(tmp_path: Path) -> None:
    """A folder without findings is refused, with what would do."""
    with pytest.raises(StoreError, match="give a folder written by octoplan explore"):
        read_exploration(tmp_path)


@pytest.mark.parametrize("key", ["seed", "rankings", "robustness"])
def test_damaged_findings(tmp_path: Path, key: str) -> None:
    """Findings of another form are refused."""
    path = saved(tmp_path)
    content = json.loads((path / FINDINGS_FILE).read_text())
    content[key] = "nonsense"
    content["checksum"] = checksum(
        {name: value for name, value in content.items() if name not in {"format", "checksum"}}
    )
    (path / FINDINGS_FILE).write_text(json.dumps(content))
    with pytest.raises(StoreError, match=r"cannot be read: .*explore the run again"):
        read_exploration(path)


def test_other_format(tmp_path: Path) -> None:
    """A folder of another format is refused with its version."""
    path = saved(tmp_path)
    content = json.loads((path / FINDINGS_FILE).read_text()) | {"format": 99}
    (path / FINDINGS_FILE).write_text(json.dumps(content))
    with pytest.raises(StoreError, match="in format 99; this version reads format 1"):
        read_exploration(path)


def test_changed_scenario(tmp_path: Path) -> None:
    """A scenario that was changed after the exploration is refused."""
    path = saved(tmp_path)
    file = path / "scenario" / "assumptions.csv"
    file.write_text(file.read_text().replace("example", "other"))
    with pytest.raises(StoreError, match="was changed after the exploration"):
        read_exploration(path)


def test_edited_findings(tmp_path: Path) -> None:
    """A number of the findings that was edited is noticed."""
    write_exploration(sample_exploration(), tmp_path / "e", {})
    file = tmp_path / "e" / FINDINGS_FILE
    content = json.loads(file.read_text("utf-8"))
    content["seed"] += 1
    file.write_text(json.dumps(content), "utf-8")
    with pytest.raises(StoreError, match="was changed after the exploration"):
        read_exploration(tmp_path / "e")
