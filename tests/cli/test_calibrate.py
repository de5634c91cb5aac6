"""``octoplan calibrate``: its folder, what it prints, interruptions, and options that are refused."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

import octoplan as op
from octoplan.calibrate import waves
from octoplan.cli.main import main as cli
from octoplan.outcomes.store import read
from octoplan.scenario import load
from tests.calibrate.trial import OBSERVATIONS, RANGES, trial

HEADER, *ROWS = OBSERVATIONS.splitlines()
JANUARY, FEBRUARY = ([row for row in ROWS if row.startswith(month)] for month in ("2026-01", "2026-02"))


def octoplan(*arguments: str) -> int | str | None:
    """The exit code of a command run in this process."""
    with pytest.raises(SystemExit) as stop:
        cli(arguments)
    return stop.value.code


def write(folder: Path, *rows: str, sources: str = "") -> str:
    """Write the trial scenario with rows of observations and further rows of sources, and return its path."""
    folder.mkdir()
    files = {name: content.decode() for name, content in trial(f"{HEADER}\n").files.items()}
    files["observations.csv"] += "".join(f"{row}\n" for row in rows)
    files["sources.csv"] += sources
    for name, text in files.items():
        (folder / name).write_text(text)
    return str(folder)


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder and of its subfolders, by path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the scenario ``trial``, observed in January, and ``new``, calibrated on one thread."""
    folder = tmp_path_factory.mktemp("calibrated")
    scenario = write(folder / "trial", *JANUARY)
    assert octoplan("calibrate", scenario, "--out", str(folder / "new"), "--threads", "1") == 0
    return folder


def test_a_calibrated_folder(calibrated: Path) -> None:
    """The folder is a scenario with posterior rows, their priors, joint draws, and the evidence; nothing is left."""
    scenario, prior = load(calibrated / "new"), load(calibrated / "trial")
    assert sorted(path.name for path in calibrated.iterdir()) == ["new", "trial"]
    posterior = [assumption.name for assumption in scenario.assumptions if assumption.is_calibrated]
    assert "engagement.drone.town.p_contact" in posterior
    assert "kits.price" not in posterior
    assert [row["name"] for row in rows_of(calibrated / "new" / "prior.csv")] == posterior
    lines = (calibrated / "new" / "posterior.csv").read_text().splitlines()
    assert sorted(lines[0].split(",")) == sorted(posterior)
    assert len(lines) == 1 + waves.WAVE
    for name in posterior:
        assert scenario.priors[name].marginal == next(a.marginal for a in prior.assumptions if a.name == name)
    contact = next(a for a in scenario.assumptions if a.name == "engagement.drone.town.p_contact")
    assert contact.note.startswith("Calibrated: prior 0.250 to 0.500, median 0.369; informed by sorties 2026-01, ")
    unchanged = {"decisions.toml", "programme.toml", "observations.csv", "sources.csv"}
    assert all(scenario.files[name] == prior.files[name] for name in unchanged)


def test_the_evidence(calibrated: Path) -> None:
    """The evidence has a row for each uncertain assumption and each observation, the method, and the page."""
    folder = calibrated / "new" / "calibration"
    names = {"assumptions.csv", "observations.csv", "pairs.csv", "method.json", "calibration.html"}
    assert {path.name for path in folder.iterdir()} == names
    uncertain = {a.name for a in load(calibrated / "trial").assumptions if not a.is_fixed}
    learned = rows_of(folder / "assumptions.csv")
    assert {row["assumption"] for row in learned} == uncertain
    assert {row["assumption"]: row["informed"] for row in learned}["kits.price"] == "0"
    compared = rows_of(folder / "observations.csv")
    assert [row["observation"] for row in compared] == [f"{row.split(',')[1]} 2026-01" for row in JANUARY]
    assert [(row["used"], row["observed"]) for row in compared] == [("1", row.split(",")[2]) for row in JANUARY]
    method = json.loads((folder / "method.json").read_text())
    assert (method["seed"], method["raids"], method["failed"][0]) == (1, "simulated", 0)
    assert method["scenario"] == load(calibrated / "trial").hash
    assert method["informed"] == [row["assumption"] for row in learned if row["informed"] == "1"]
    assert "<title>Calibration: Pocket" in (folder / "calibration.html").read_text()


def test_check_and_run_of_a_calibrated_scenario(calibrated: Path, tmp_path: Path, capfd: Any) -> None:
    """The folder is checked, and simulated with the joint draws of its posterior."""
    new = calibrated / "new"
    columns = len(rows_of(new / "prior.csv"))
    assert octoplan("check", str(new)) == 0
    assert f"{columns} rows are calibrated, with {waves.WAVE:,} joint draws" in capfd.readouterr().out
    assert octoplan("run", str(new), "--futures", "8", "--out", str(tmp_path / "run")) == 0
    draws = read(tmp_path / "run").assumptions
    joint = {tuple(row.values()) for row in rows_of(new / "posterior.csv")}
    names = list(rows_of(new / "posterior.csv")[0])
    for line in draws.sel(assumption=names).values:
        assert tuple(f"{value:.6g}" for value in line) in joint


def test_an_interrupted_calibration_continues(
    calibrated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Interrupted in its second wave, a calibration keeps the first, and the same command gives the same files.

    It continues on two threads and gives the bits of the calibration on one thread.
    """
    arguments = ("calibrate", str(calibrated / "trial"), "--out", str(tmp_path / "new"))
    simulated: list[int] = []

    def counted(problem: Any, scores: Any, begin: int) -> waves.Wave:
        simulated.append(begin)
        return simulate(problem, scores, begin)

    def interrupted(problem: Any, scores: Any, begin: int) -> waves.Wave:
        if begin > 0:
            raise KeyboardInterrupt
        return simulate(problem, scores, begin)

    simulate = waves.simulated_wave
    monkeypatch.setattr(waves, "simulated_wave", interrupted)
    assert octoplan(*arguments, "--threads", "2") == 130
    output = capsys.readouterr().err
    assert "the same command continues from the waves simulated so far" in output
    assert output.rstrip().endswith(f"stopped; {tmp_path / '.new.waves'} was written")
    assert contents(tmp_path).keys() == {".new.waves/wave-0.wave"}
    monkeypatch.setattr(waves, "simulated_wave", counted)
    assert octoplan(*arguments, "--threads", "2") == 0
    assert simulated[0] == waves.FIRST_WAVE
    assert [path.name for path in tmp_path.iterdir()] == ["new"]
    assert contents(tmp_path / "new") == contents(calibrated / "new")


def test_python_gives_the_folder_of_the_command(calibrated: Path, tmp_path: Path) -> None:
    """``calibrate_to_observations`` returns the calibrated scenario, its tables and its page, and writes its folder."""
    reported: list[tuple[int, int]] = []
    calibration = op.calibrate_to_observations(
        load(calibrated / "trial"), progress=lambda done, total: reported.append((done, total))
    )
    calibration.save(tmp_path / "new")
    assert contents(tmp_path / "new") == contents(calibrated / "new")
    assert calibration.scenario.hash == load(calibrated / "new").hash
    assert list(calibration.tables) == ["assumptions", "observations", "pairs"]
    assert calibration.page == (calibrated / "new" / "calibration" / "calibration.html").read_text()
    futures = sum(json.loads((calibrated / "new" / "calibration" / "method.json").read_text())["futures"])
    assert reported[-1][0] == futures
    assert all(done <= total for done, total in reported)


def test_calibrating_again_starts_from_the_priors(calibrated: Path, tmp_path: Path) -> None:
    """A calibrated scenario has the posterior of its priors, whose files are the same bytes."""
    assert octoplan("calibrate", str(calibrated / "new"), "--out", str(tmp_path / "again")) == 0
    first, again = contents(calibrated / "new"), contents(tmp_path / "again")
    different = {name for name in first if first[name] != again[name]}
    assert first.keys() == again.keys()
    assert different <= {"calibration/method.json", "calibration/calibration.html"}


def test_observations_held_out_or_outside_the_period(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Observations held out are compared and have no weight; those outside the period are named."""
    march = "2026-03,sorties,2500,,,80,count,study,"
    scenario = write(tmp_path / "trial", *JANUARY, *FEBRUARY, march)
    held_out = ("--to", "2026-02", "--hold-out", "2026-02", "--out", str(tmp_path / "new"), "--seed", "2")
    assert octoplan("calibrate", scenario, *held_out) == 0
    output = capsys.readouterr().out
    assert "3 observations inform " in output
    assert "held out, inside the 80 % band: " in output
    assert "not used, outside the period: sorties 2026-03" in output
    rows = rows_of(tmp_path / "new" / "calibration" / "observations.csv")
    assert [row["used"] for row in rows] == ["1"] * len(JANUARY) + ["0"] * len(FEBRUARY)
    assert json.loads((tmp_path / "new" / "calibration" / "method.json").read_text())["not_used"] == ["sorties 2026-03"]

    changed = [",".join((*row.split(",")[:2], "20", *row.split(",")[3:])) for row in FEBRUARY]
    other = write(tmp_path / "other", *JANUARY, *changed, march)
    assert octoplan("calibrate", other, *held_out[:-3], str(tmp_path / "new2"), "--seed", "2") == 0
    assert (tmp_path / "new2" / "posterior.csv").read_bytes() == (tmp_path / "new" / "posterior.csv").read_bytes()


def test_contradicting_observations_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two figures of the same measure that cannot both be right give a warning that names both."""
    rows = ("2026-01,sorties,2600,,,20,count,study,", "2026-01,sorties,1500,,,20,count,study; news,", JANUARY[2])
    scenario = write(tmp_path / "trial", *rows, sources="news,News,Example,2026-03-01,,\n")
    assert octoplan("calibrate", scenario, "--out", str(tmp_path / "new")) == 0
    warnings = capsys.readouterr().err
    for value in ("2600", "1500"):
        assert f"sorties 2026-01: {value} contradicts the prior and the other observations (probability " in warnings
    assert "kills 2026-01: " not in warnings


def test_observations_that_inform_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An observation of what is the same in all futures leaves every file of the scenario as it is."""
    scenario = write(tmp_path / "trial", "2026-01,kits,40,,,5,count,study,")
    assert octoplan("calibrate", scenario, "--out", str(tmp_path / "new")) == 0
    assert "1 observation informs none of 7 uncertain assumptions; the others keep their" in capsys.readouterr().out
    new = contents(tmp_path / "new")
    assert {name: new[name] for name in new if "/" not in name} == contents(tmp_path / "trial")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--from", "2026-13"), "--from: period '2026-13' is not valid; write a day such as 2026-02-14"),
        (("--to", "soon"), "--to: period 'soon' is not valid"),
        (("--to", "2026-04"), "--to: period '2026-04' is not within the scenario, which has the days from 2026-01-01"),
        (
            ("--from", "2026-03", "--to", "2026-01"),
            "2026-01-31, is before the first, 2026-03-01; exchange them",
        ),
        (("--hold-out", "2025-12"), "--hold-out: period '2025-12' is not within the scenario"),
        (("--hold-out", "2026-01", "2026-02"), "from 2026-01-01 to 2026-02-28: all are held out"),
        (("--from", "2026-03"), "2026-03-01 is after the last observation, which ends on 2026-02-28; begin earlier"),
        (("--from", "2026-03", "--to", "2026-03"), "stopped/drone 2026-01 and 5 others are not wholly within these"),
        (("--seed", "-1"), "--seed -1: must be between 0 and 18,446,744,073,709,551,615"),
        (("--threads", "0"), "--threads 0: must be between 1 and 1,024"),
        (("--record", "nowhere.csv"), "nowhere.csv: cannot be read: No such file or directory"),
    ],
)
def test_bad_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    """Invalid options end with code 2 and one message before any simulation, and nothing is written."""
    scenario = write(tmp_path / "trial", *ROWS)
    assert octoplan("calibrate", scenario, "--out", str(tmp_path / "new"), *arguments) == 2
    output = capsys.readouterr()
    assert message in output.err
    assert len(output.err.rstrip().splitlines()) <= 2
    assert output.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["trial"]


def test_a_scenario_without_observations(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """There is nothing to fit to, and the message says what would do."""
    assert octoplan("calibrate", "pocket", "--out", str(tmp_path / "new")) == 2
    assert capsys.readouterr().err == (
        "no observation is used from 2026-01-01 to 2026-03-31: there is none; add rows to observations.csv, or give a "
        "record of raids\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_empty_is_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The folder of the scenario, or another that is not empty, is not replaced."""
    scenario = write(tmp_path / "trial", *ROWS)
    before = contents(tmp_path)
    assert octoplan("calibrate", scenario, "--out", scenario) == 2
    assert "exists and is not empty; remove it or choose another folder with --out" in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The new folder cannot be inside a file, which is noticed at once."""
    scenario = write(tmp_path / "trial", *ROWS)
    before = contents(tmp_path)
    monkeypatch.setattr(waves, "simulated_wave", None)
    assert octoplan("calibrate", scenario, "--out", str(tmp_path / "trial" / "observations.csv" / "new")) == 2
    assert "observations.csv" in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_a_scenario_with_one_uncertain_assumption(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One assumption is informed by one observation."""
    scenario = Path(write(tmp_path / "trial", JANUARY[0]))
    rows = rows_of(scenario / "assumptions.csv")
    for row in rows:
        if row["name"] in RANGES and row["name"] != "effects.missile.drone.p":
            row |= {"value": row["value"] or row["low"], "low": "", "high": "", "distribution": "fixed"}
    with (scenario / "assumptions.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    assert octoplan("calibrate", str(scenario), "--out", str(tmp_path / "new")) == 0
    assert "1 observation informs 1 of 1 uncertain assumptions" in capsys.readouterr().out
    assert [row["name"] for row in rows_of(tmp_path / "new" / "prior.csv")] == ["effects.missile.drone.p"]
