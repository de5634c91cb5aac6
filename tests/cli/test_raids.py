"""``octoplan raids`` and ``octoplan backtest``: files that a scenario reads, and clear refusals with exit code 2."""

import os
import subprocess
import sys
import tomllib
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from octoplan.cli.main import main
from octoplan.scenario import load
from tests.raids.test_process import simulated
from tests.scenario.test_raids import folder


def record_file(path: Path, days: int, first: str = "2025-06-01", start: str = "") -> Path:
    """A record with one row per day and class, its text preceded by ``start``."""
    lines = ["date,class,launched,destroyed,lost"]
    for offset, (drones, missiles) in enumerate(simulated(days, 41)):
        day = np.datetime64(first) + offset
        lines += [f"{day},drones,{drones},{drones // 2},0", f"{day},cruise,{missiles},{missiles // 2},0"]
    path.write_text(start + "\n".join(lines) + "\n", "utf-8")
    return path


def exit_code(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    return int(raised.value.code or 0)


def test_a_scenario_reads_the_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A record is fitted, the file added to a scenario, and the scenario loads with it."""
    out = tmp_path / "raids.toml"
    assert exit_code(["raids", "fit", str(record_file(tmp_path / "r.csv", 150)), "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "fitted to 120 days" in printed
    assert "raids.salvo_share" in printed
    assert "stopped share, drones 2025-07 to 2025-07-31: 0." in printed
    assert "stopped share, cruise since 2025-08: 0." in printed
    stopped = tomllib.loads(out.read_text("utf-8"))["stopped"]
    assert set(stopped) == {"drones", "cruise"}
    assert stopped["drones"]["first"] == date(2025, 8, 1)
    low, high = stopped["drones"]["share_95"]
    assert low < stopped["drones"]["share"] < high
    scenario = load(folder(tmp_path, 'raids = "raids.toml"', raids_toml=out.read_text("utf-8")))
    assert scenario.row_of("raids", "begin").file.endswith("raids.toml")


def test_an_outlier_is_named_before_and_after_the_fit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A day ten times any other is a warning on standard error, in the output and in the file of the fit."""
    path = record_file(tmp_path / "r.csv", 60)
    lines = path.read_text("utf-8").splitlines()
    lines[99] = "2025-07-20,drones,15000,12000,0"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    out = tmp_path / "raids.toml"
    assert exit_code(["raids", "fit", str(path), "--out", str(out)]) == 0
    printed = capsys.readouterr()
    warning = f"warning: {path}:100: 15,000 drones launched on 2025-07-20"
    assert printed.err.startswith(warning)
    assert warning in printed.out
    assert f"{path}:100: 15,000 drones" in tomllib.loads(out.read_text("utf-8"))["diagnostics"]["warnings"][0]


def test_hidden_counts_are_not_fitted_as_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows noted launched-hidden give the same fit as rows without a count, and the number of days is printed."""
    lines = record_file(tmp_path / "r.csv", 60).read_text("utf-8").splitlines()
    texts = []
    for name, row in (("hidden", "2025-07-20,drones,0,12,0,launched-hidden"), ("empty", "2025-07-20,drones,,12,0,")):
        rows = [f"{line},{'note' if not number else ''}" for number, line in enumerate(lines)]
        rows[99] = row
        path, out = tmp_path / "r.csv", tmp_path / f"{name}.toml"
        path.write_text("\n".join(rows) + "\n", "utf-8")
        assert exit_code(["raids", "fit", str(path), "--out", str(out)]) == 0
        assert "the launched count is unknown on 1 of these days" in capsys.readouterr().out
        tree = tomllib.loads(out.read_text("utf-8"))
        texts.append((tree["assumptions"], tree["correlations"], tree["record"]["unknown_days"]))
    assert texts[0] == texts[1]
    assert texts[0][2] == 1


def test_show_writes_a_page(tmp_path: Path) -> None:
    """The page of a record is written completely."""
    out = tmp_path / "page.html"
    assert exit_code(["raids", "show", str(record_file(tmp_path / "r.csv", 60)), "--out", str(out)]) == 0
    assert out.read_text("utf-8").rstrip().endswith("</html>")


def test_show_draws_alerts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table of alerts by region is summarised and drawn; one that cannot be read is listed by file and line."""
    alerts, out = tmp_path / "alerts.csv", tmp_path / "page.html"
    alerts.write_text("region,alerts\nUpland,30\nLowland,10\n")
    record = str(record_file(tmp_path / "r.csv", 60))
    assert exit_code(["raids", "show", record, "--alerts", str(alerts), "--out", str(out)]) == 0
    assert "alerts.csv: 2 regions, 40 alerts" in capsys.readouterr().out
    assert "Two of 2 regions had 100 % of all alerts (alerts measure exposure, not destinations)" in out.read_text(
        "utf-8"
    )
    alerts.write_text("region,alerts\nUpland,-3\n")
    assert exit_code(["raids", "show", record, "--alerts", str(alerts), "--out", str(out)]) == 2
    assert "alerts.csv:2: alerts '-3' is negative" in capsys.readouterr().err


@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_update_fits_again(tmp_path: Path, capsys: pytest.CaptureFixture[str], start: str) -> None:
    """New days replace the fit, with or without byte order marks, and the output states whether they agree with it."""
    out = tmp_path / "raids.toml"
    record = str(record_file(tmp_path / "r.csv", 70, start=start))
    assert exit_code(["raids", "fit", record, "--to", "2025-07-10", "--out", str(out)]) == 0
    before = start + out.read_text("utf-8")
    out.write_text(before, "utf-8")
    assert exit_code(["raids", "update", record, "--fit", str(out)]) == 0
    assert "30 new days since 2025-07-10" in capsys.readouterr().out
    assert out.read_text("utf-8") != before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["raids", "fit", "none.csv"], "none.csv"),
        (["raids", "fit", "r.csv", "--from", "2025-07-01", "--to", "2025-07-05"], "5 known days are too few"),
        (["raids", "fit", "r.csv", "--to", "2031-01-01"], "is not within this period"),
        (["raids", "update", "r.csv", "--fit", "r.csv"], "is not valid TOML"),
        (["raids", "update", "r.csv", "--fit", "none.toml"], "none.toml: No such file or directory"),
        (["raids", "score", "r.csv", "--draws", "10"], "--draws 10: must be between 100 and 100,000"),
        (["raids", "score", "r.csv", "--every", "0"], "--every 0: must be between 1 and 10,000"),
        (["raids", "score", "r.csv", "--from", "2024-01-01"], "r.csv: origins from 2024-01-01"),
        (["backtest", "octopus", "r.csv", "--from", "November", "--to", "2025-12"], "write a month such as 2025-11"),
        (["backtest", "octopus", "r.csv", "--from", "2025-12", "--to", "2025-11"], "is before the first"),
        (["backtest", "octopus", "--from", "2024-12", "--to", "2025-11"], "is not within the scenario's months"),
    ],
)
def test_impossible_requests_are_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    """A missing file, too few days, days outside the record and an invalid fit: exit code 2, and nothing written."""
    monkeypatch.chdir(tmp_path)
    record_file(tmp_path / "r.csv", 60)
    assert exit_code(arguments) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "raids.toml").exists()


def test_unknown_counts_before_an_origin_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A benchmark cannot use a day whose count is not known, so scoring refuses it with its date."""
    path = record_file(tmp_path / "r.csv", 200)
    text = path.read_text("utf-8").splitlines()
    text[21] = "2025-06-11,drones,,5,0"
    path.write_text("\n".join(text) + "\n", "utf-8")
    arguments = ["raids", "score", str(path), "--from", "2025-11-01", "--to", "2025-11-15", "--draws", "100"]
    assert exit_code(arguments) == 2
    assert "are unknown, the first on 2025-06-11" in capsys.readouterr().err


def test_score_writes_the_table_and_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The fitted process and every benchmark are in the table at every horizon."""
    out, page = tmp_path / "score.csv", tmp_path / "score.html"
    record = str(record_file(tmp_path / "r.csv", 200))
    dates = ["--from", "2025-11-01", "--to", "2025-11-15", "--every", "14", "--draws", "100"]
    assert exit_code(["raids", "score", record, *dates, "--out", str(out), "--page", str(page)]) == 0
    assert page.read_text("utf-8").rstrip().endswith("</html>")
    rows = out.read_text("utf-8").splitlines()
    assert rows[0].startswith("horizon,series,forecaster,origins,score")
    forecasters = {row.split(",")[2].strip('"') for row in rows[1:]}
    assert forecasters >= {"fitted process", "climatology"}
    assert len(rows) - 1 == len(forecasters) * 4 * 3
    assert "fitted process" in capsys.readouterr().out


def test_backtest_prints_the_published_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Months of a built-in scenario with a record: a line per figure, and the number of those inside the band."""
    record = str(record_file(tmp_path / "r.csv", 205))
    arguments = ["backtest", "octopus", record, "--from", "2025-11", "--to", "2025-12", "--futures", "4"]
    assert exit_code([*arguments, "--out", str(tmp_path / "b.csv")]) == 0
    printed = capsys.readouterr().out
    assert "published figures inside the 80 % band" in printed
    assert "2025-12 is compared only with the record, which ends on 2025-12-22" in printed
    assert (tmp_path / "b.csv").read_text("utf-8").count("\n") == 1 + 2 * 2
    arguments[arguments.index("2025-11")] = "2025-12"
    assert exit_code([*arguments, "--out", str(tmp_path / "c.csv")]) == 0
    rows = (tmp_path / "b.csv").read_text("utf-8").splitlines()
    assert (tmp_path / "c.csv").read_text("utf-8").splitlines() == [rows[0], *rows[3:]]


@pytest.mark.parametrize("encoding", ["ascii", "cp1251", "cp1252"])
def test_output_in_any_code_page(tmp_path: Path, encoding: str) -> None:
    """Standard output in a poor code page, or on a full disk, does not keep a fit from being written."""
    path = record_file(tmp_path / "r.csv", 40)
    path.write_text(path.read_text("utf-8").replace(",lost", ",note").replace(",0\n", ",\n"), "utf-8")
    command = [sys.executable, "-c", "from octoplan.cli.main import console; console()"]
    environment = os.environ | {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    with (tmp_path / "out.txt").open("wb") as stdout:
        done = subprocess.run(
            [*command, "raids", "fit", str(path), "--out", str(tmp_path / "f.toml")],
            env=environment, stdout=stdout, stderr=subprocess.PIPE, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    assert "1 x no column of lost weapons" in (tmp_path / "out.txt").read_text(encoding) or encoding != "ascii"
    assert (tmp_path / "f.toml").exists()
