"""``octoplan raids``: what it writes a scenario reads, and what cannot be is a clear line and exit code 2."""

import tomllib
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from octoplan.cli.main import main
from octoplan.scenario import load
from tests.raids.test_process import simulated
from tests.scenario.test_raids import folder


def table(path: Path, days: int, first: str = "2025-06-01") -> Path:
    """A record in the layout of one row a day and class."""
    lines = ["date,class,launched,destroyed,lost"]
    for offset, (drones, missiles) in enumerate(simulated(days, 41)):
        day = np.datetime64(first) + offset
        lines += [f"{day},drones,{drones},{drones // 2},0", f"{day},cruise,{missiles},{missiles // 2},0"]
    path.write_text("\n".join(lines) + "\n")
    return path


def ends(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0)


def test_fit_writes_what_a_scenario_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A record is fitted, the file put into a scenario, and the scenario loads with it."""
    out = tmp_path / "raids.toml"
    assert ends(["raids", "fit", str(table(tmp_path / "r.csv", 150)), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "fitted to 120 days" in said
    assert "raids.salvo_share" in said
    assert "stopped share, drones 2025-07 to 2025-07-31: 0." in said
    assert "stopped share, cruise since 2025-08: 0." in said
    stopped = tomllib.loads(out.read_text())["stopped"]
    assert set(stopped) == {"drones", "cruise"}
    assert stopped["drones"]["first"] == date(2025, 8, 1)
    low, high = stopped["drones"]["share_95"]
    assert low < stopped["drones"]["share"] < high
    scenario = load(folder(tmp_path, 'raids = "raids.toml"', raids_toml=out.read_text()))
    assert scenario.row_of("raids", "begin").file.endswith("raids.toml")


def test_show_writes_a_page(tmp_path: Path) -> None:
    """The page of a record stands where it was asked for, whole."""
    out = tmp_path / "page.html"
    assert ends(["raids", "show", str(table(tmp_path / "r.csv", 150)), "--out", str(out)]) == 0
    assert out.read_text().rstrip().endswith("</html>")


def test_show_draws_alerts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A table of alerts by region is told and drawn; one that cannot be read is listed by file and line."""
    alerts, out = tmp_path / "alerts.csv", tmp_path / "page.html"
    alerts.write_text("region,alerts\nUpland,30\nLowland,10\n")
    record = str(table(tmp_path / "r.csv", 150))
    assert ends(["raids", "show", record, "--alerts", str(alerts), "--out", str(out)]) == 0
    assert "alerts.csv: 2 regions, 40 alerts" in capsys.readouterr().out
    assert "Two of 2 regions hold 100 % of all alerts: exposure, not targets" in out.read_text()
    alerts.write_text("region,alerts\nUpland,-3\n")
    assert ends(["raids", "show", record, "--alerts", str(alerts), "--out", str(out)]) == 2
    assert "alerts.csv:2: alerts '-3' is no count" in capsys.readouterr().err


def test_update_takes_new_days_in(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """New days move the fit in place, and the words say whether they were expected."""
    out = tmp_path / "raids.toml"
    record = str(table(tmp_path / "r.csv", 150))
    assert ends(["raids", "fit", record, "--to", "2025-09-28", "--out", str(out)]) == 0
    before = out.read_text()
    assert ends(["raids", "update", record, "--fit", str(out)]) == 0
    assert "30 new days since 2025-09-28" in capsys.readouterr().out
    assert out.read_text() != before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["raids", "fit", "none.csv"], "none.csv"),
        (["raids", "fit", "r.csv", "--from", "2025-07-01", "--to", "2025-07-05"], "5 known days are too few"),
        (["raids", "fit", "r.csv", "--to", "2031-01-01"], "is no part of it"),
        (["raids", "update", "r.csv", "--fit", "r.csv"], "is not TOML"),
    ],
)
def test_what_cannot_be_is_a_clear_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    """A missing file, too few days, days outside the record and a fit that is none: exit code 2, nothing written."""
    monkeypatch.chdir(tmp_path)
    table(tmp_path / "r.csv", 60)
    assert ends(arguments) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "raids.toml").exists()


def test_score_writes_the_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The fitted process and every rival stand in the table at every horizon; the table and its page are written."""
    out = tmp_path / "score.csv"
    record = str(table(tmp_path / "r.csv", 200))
    dates = ["--from", "2025-11-01", "--to", "2025-11-15", "--every", "14", "--draws", "100"]
    page = tmp_path / "score.html"
    assert ends(["raids", "score", record, *dates, "--out", str(out), "--page", str(page)]) == 0
    assert page.read_text().rstrip().endswith("</html>")
    rows = out.read_text().splitlines()
    assert rows[0].startswith("horizon,of,forecaster,origins,score")
    named = {row.split(",")[2] for row in rows[1:]}
    assert named >= {"fitted process", "climatology"}
    assert len(rows) - 1 == len(named) * 4 * 3
    assert "fitted process" in capsys.readouterr().out


def test_backtest_prints_what_was_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two months of octoplan's own scenario through a record: a line a figure and the count of those inside."""
    record = str(table(tmp_path / "r.csv", 220))
    arguments = ["backtest", "octopus", record, "--from", "2025-11", "--to", "2025-12", "--futures", "4"]
    assert ends([*arguments, "--out", str(tmp_path / "b.csv")]) == 0
    said = capsys.readouterr().out
    assert "published figures inside the 80 % band" in said
    assert (tmp_path / "b.csv").read_text().count("\n") == 1 + 2 * 2
    assert ends(["backtest", "octopus", record, "--from", "November", "--to", "2025-12"]) == 2
    assert "write months such as 2025-11" in capsys.readouterr().err
