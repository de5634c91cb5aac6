"""The command line: creating and checking a scenario, and exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from octoplan.api import read
from octoplan.cli.main import main as cli
from octoplan.scenario import builtin_scenarios, load
from octoplan.scenario.workbook.writing import write_workbook
from tests.scenario.folder import write


def octoplan(*arguments: str) -> int | str | None:
    """The exit code of a command run in this process."""
    with pytest.raises(SystemExit) as stop:
        cli(arguments)
    return stop.value.code


@pytest.mark.parametrize("name", builtin_scenarios())
def test_new_copies_a_builtin_scenario(tmp_path: Path, name: str) -> None:
    """A new folder holds the same scenario, and no temporary files remain."""
    assert octoplan("new", str(tmp_path / "a" / "mine"), "--from", name) == 0
    assert load(tmp_path / "a" / "mine").hash == load(name).hash
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["mine"]


def test_new_accepts_only_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that is not empty is not changed."""
    (tmp_path / "empty").mkdir()
    assert octoplan("new", str(tmp_path / "empty"), "--from", "pocket") == 0
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    for name in ("full", "file"):
        assert octoplan("new", str(tmp_path / name)) == 2
        assert f"{tmp_path / name}: exists and is not an empty folder" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["notes.txt"]


def test_new_suggests_the_nearest_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For an unknown origin the nearest name is suggested, and nothing is written."""
    assert octoplan("new", str(tmp_path / "x"), "--from", "octopuss") == 2
    assert "there is no such folder or workbook; did you mean 'octopus'?" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_check_summarises_the_assumption_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A valid folder gives counts by kind and quality, the oldest row, rows without a source, and warnings."""
    folder = write(tmp_path / "small")
    path = folder / "assumptions.csv"
    path.write_text(path.read_text().replace("plants.*.heads,20,,,fixed,1,,study,amber,tests,2026-02-03", OLD))
    assert octoplan("check", str(folder)) == 0
    output = capsys.readouterr().out
    scenario = load(folder)
    rows = {line.split()[0]: line.split()[1:] for line in output.splitlines() if line.strip()}
    plants = [assumption for assumption in scenario.assumptions if assumption.kind == "plants"]
    assert rows["plants"] == [str(len(plants)), str(len(plants) - 1), "1"]
    assert rows["all"] == [str(len(scenario.assumptions)), "0", str(len(scenario.assumptions) - 1), "1"]
    assert rows["oldest"][:2] == ["2020-01-01", "plants.*.heads"]
    assert rows["unsourced"][0] == "1,"
    assert f"warning: {folder}/sources.csv: the source 'news' is not used by any row" in output


OLD = "plants.*.heads,20,,,fixed,1,,,red,tests,2020-01-01"


def test_check_writes_the_schemas_of_any_folder(tmp_path: Path) -> None:
    """The schemas are written even if the folder has errors, because an editor needs them then."""
    assert octoplan("check", str(tmp_path / "nowhere"), "--schema", str(tmp_path / "schemas")) == 2
    assert {json.loads(path.read_text())["title"] for path in (tmp_path / "schemas").iterdir()} == {
        "programme.toml",
        "decisions.toml",
        "a row of assumptions.csv",
        "a row of observations.csv",
    }


@pytest.mark.parametrize("arguments", [["chek"], ["check"], ["check", "pocket", "--colour"], ["new"]])
def test_wrong_commands_and_arguments_are_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A wrong command or argument is reported, and the exit code is 2."""
    assert octoplan(*arguments) == 2
    output = capsys.readouterr()
    assert "Traceback" not in output.out + output.err
    assert output.out + output.err


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the path, and the exit code is 2."""
    (tmp_path / "file").write_text("")
    assert octoplan("new", str(tmp_path / "file" / "below")) == 2
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_ctrl_c_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Interrupted while it copies, `new` ends with 130, and no files remain."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("octoplan.cli.main.Path.rename", interrupted)
    assert octoplan("new", str(tmp_path / "mine")) == 130
    assert capsys.readouterr().err == "stopped; nothing was written\n"
    assert list(tmp_path.iterdir()) == []


def test_help_waits_for_no_heavy_library() -> None:
    """`octoplan --help` lists every command without loading heavy libraries; `python -m bench help` times it."""
    code = """
import sys
from octoplan.cli.main import main
try:
    main(["--help"])
finally:
    heavy = {"highspy", "numba", "numpy", "pandas", "pydantic", "plotly", "scipy", "xarray"}
    print(*sorted(heavy & set(sys.modules)), file=sys.stderr)
"""
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr
    assert process.stderr.strip() == ""
    assert all(command in process.stdout for command in ("new", "check", "run", "compare", "report"))


def test_new_writes_workbooks_and_folders_from_each_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A workbook of a scenario, a folder of the workbook, and a folder of a folder hold the same scenario."""
    book, folder, copy = (str(tmp_path / name) for name in ("book.xlsx", "folder", "copy"))
    assert octoplan("new", book, "--from", "pocket") == 0
    assert octoplan("check", book) == 0
    assert f"Pocket: 2026-01 to 2026-03, prices of 2025, {book}" in capsys.readouterr().out
    assert octoplan("new", folder, "--from", book) == 0
    assert octoplan("new", copy, "--from", folder) == 0
    assert {load(path).hash for path in (book, folder, copy)} == {load("pocket").hash}
    assert octoplan("new", book, "--from", "pocket") == 2
    assert "book.xlsx: exists; choose another name" in capsys.readouterr().err


def test_check_names_the_cells_of_a_workbook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The errors of a workbook are listed with sheet and cell, and the exit code is 2."""
    path = tmp_path / "book.xlsx"
    path.write_bytes(write_workbook(load("pocket").files))
    book = openpyxl.load_workbook(path)
    book["output"]["B4"] = "plenty"
    del book["doctrine"]
    book.save(path)
    assert octoplan("check", str(path)) == 2
    errors = capsys.readouterr().err.splitlines()
    assert errors[0].startswith(f"{path}: doctrine: the sheet is missing")
    assert errors[1].startswith(f"{path}: output!B4: holds 'plenty', which is not a number")
    assert errors[2] == "2 problems"


def test_a_workbook_is_simulated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``octoplan run`` accepts a workbook, and the run folder holds its scenario."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "book.xlsx").write_bytes(write_workbook(load("pocket").files))
    assert octoplan("run", "book.xlsx", "--futures", "2") == 0
    assert read(tmp_path / "runs" / "book-1-2").scenario.hash == load("pocket").hash


def test_check_lists_and_fills_the_defaults(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --fill each default is listed; with it each has a row, and a second time there is nothing to add."""
    folder = tmp_path / "mine"
    assert octoplan("new", str(folder), "--from", "pocket") == 0
    capsys.readouterr()
    assert octoplan("check", str(folder)) == 0
    listed = capsys.readouterr().out
    count = sum(a.is_default for a in load(folder).assumptions)
    assert f"{count} assumptions have no row and therefore a default value, rated red" in listed
    assert "  plants.bench.slope = 1: no learning\n" in listed
    before = (folder / "assumptions.csv").read_text()
    assert octoplan("check", str(folder), "--fill") == 0
    assert f"{count} rows with default values added" in capsys.readouterr().out.replace("\n", " ")
    after = (folder / "assumptions.csv").read_text()
    assert after.startswith(before)
    added = after.removeprefix(before).splitlines()
    assert len(added) == count
    assert all(",red," in line and ",default: " in line for line in added)
    assert octoplan("check", str(folder), "--fill") == 0
    output = capsys.readouterr().out
    assert "nothing to add" in output
    assert "default value, rated red" not in output
    assert (folder / "assumptions.csv").read_text() == after


def test_fill_keeps_what_the_file_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file behind a link, with a byte order mark and Windows line endings, gets rows at its end only."""
    folder, file = tmp_path / "mine", tmp_path / "shared.csv"
    assert octoplan("new", str(folder), "--from", "pocket") == 0
    link = folder / "assumptions.csv"
    before = b"\xef\xbb\xbf" + link.read_bytes().replace(b"\n", b"\r\n")
    link.unlink()
    file.write_bytes(before)
    file.chmod(0o600)
    link.symlink_to("../shared.csv")
    assert octoplan("check", str(folder), "--fill") == 0
    assert "rows with default values added" in capsys.readouterr().out.replace("\n", " ")
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o600
    after = file.read_bytes()
    assert after.startswith(before)
    assert after.count(b"\n") == after.count(b"\r\n") > before.count(b"\r\n")
    assert not any(a.is_default for a in load(folder).assumptions)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_fill_writes_to_a_workbook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A workbook behind a link gets the rows that the folder gets, and keeps its permissions; then nothing is added."""
    folder, link, file = tmp_path / "mine", tmp_path / "book.xlsx", tmp_path / "shared.xlsx"
    for path in (folder, file):
        assert octoplan("new", str(path), "--from", "pocket") == 0
        capsys.readouterr()
    link.symlink_to("shared.xlsx")
    file.chmod(0o600)
    count = sum(a.is_default for a in load(link).assumptions)
    for path in (folder, link):
        assert octoplan("check", str(path), "--fill") == 0
        assert f"{count} rows with default values added" in capsys.readouterr().out.replace("\n", " ")
    assert link.is_symlink()
    assert file.stat().st_mode & 0o777 == 0o600
    filled = load(link)
    assert filled.files == load(folder).files
    assert sum(a.quality == "red" and a.note.startswith("default: ") for a in filled.assumptions) == count
    content = file.read_bytes()
    assert octoplan("check", str(link), "--fill") == 0
    assert "nothing to add" in capsys.readouterr().out
    assert file.read_bytes() == content
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_fill_refuses_a_workbook_that_would_be_misread(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Merged cells below the table would take the new rows: the file keeps its bytes, and the message names them."""
    path = tmp_path / "book.xlsx"
    path.write_bytes(write_workbook(load("pocket").files))
    book = openpyxl.load_workbook(path)
    sheet = book["assumptions"]
    sheet.merge_cells(f"A{sheet.max_row + 2}:C{sheet.max_row + 3}")
    book.save(path)
    content = path.read_bytes()
    assert octoplan("check", str(path), "--fill") == 2
    error = capsys.readouterr().err.replace("\n", " ")
    assert "nothing was written" in error
    assert "are merged" in error
    assert path.read_bytes() == content


def test_fill_changes_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A built-in scenario is refused, with what would do; a folder with errors is not changed."""
    folder = tmp_path / "mine"
    assert octoplan("check", "pocket", "--fill") == 2
    assert "copy it with: octoplan new FOLDER --from pocket" in capsys.readouterr().err.replace("\n", " ")
    assert octoplan("new", str(folder), "--from", "pocket") == 0
    path = folder / "assumptions.csv"
    path.write_text(
        "".join(line for line in path.read_text().splitlines(keepends=True) if not line.startswith("crews.initial,"))
    )
    before = path.read_text()
    assert octoplan("check", str(folder), "--fill") == 2
    assert "crews.initial is missing" in capsys.readouterr().err
    assert path.read_text() == before
