"""``octoplan explore``: its folder, what it prints, interruptions, and requests that are refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from octoplan.cli.explore import conclusion_lines
from octoplan.cli.main import main as cli
from octoplan.exploration import read_exploration
from octoplan.explore import evaluate, parts
from octoplan.explore.base import Base
from octoplan.explore.findings import Findings
from octoplan.outcomes.simulate import simulate
from octoplan.outcomes.store import save
from tests.explore.sample_findings import sample_scenario

FUTURES = "40"


def octoplan(*arguments: object) -> int | str | None:
    """The exit code of a command run in this process."""
    with pytest.raises(SystemExit) as stop:
        cli(list(map(str, arguments)))
    return stop.value.code


def contents(folder: Path) -> dict[str, bytes]:
    """The files of a folder and of its subfolders, by path, without the wall times."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    assert files.pop("seconds.json")
    return files


@contextmanager
def counting() -> Iterator[list[int]]:
    """Numbers of further futures that are simulated, by batch."""
    numbers: list[int] = []
    simulate_rows = evaluate.simulate_rows

    def counted(*arguments: Any) -> Any:
        numbers.append(len(arguments[1]))
        return simulate_rows(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate, "simulate_rows", counted)
        yield numbers


@dataclass(frozen=True)
class Explored:
    """A folder with the sample scenario and ``new``, its exploration, for which futures were simulated."""

    folder: Path
    simulated: list[int]


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Explored:
    """The sample scenario, explored on one thread."""
    folder = tmp_path_factory.mktemp("explored")
    (folder / "sample").mkdir()
    for name, content in sample_scenario().files.items():
        (folder / "sample" / name).write_bytes(content)
    with counting() as numbers:
        assert octoplan(*command(folder), "--out", folder / "new", "--threads", 1) == 0
    return Explored(folder, numbers)


def command(folder: Path) -> tuple[object, ...]:
    """The command that explores the sample scenario."""
    return "explore", folder / "sample", "--futures", FUTURES, "--measure", "net-benefit"


def test_an_interrupted_exploration_continues(
    explored: Explored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was simulated before an interruption is kept, and the same command ends in the same files on two threads."""

    def interrupted(_: Base, __: Findings) -> Findings:
        raise KeyboardInterrupt

    arguments = (*command(explored.folder), "--out", tmp_path / "new", "--threads", 2)
    with monkeypatch.context() as patch, counting() as first:
        patch.setitem(parts.PARTS, "decisions", interrupted)
        assert octoplan(*arguments) == 130
    assert "the same command continues from the futures simulated so far" in capsys.readouterr().err
    hidden = tmp_path / ".new.futures"
    names = {path.name for path in hidden.iterdir()}
    assert "run" in names
    assert len(names) > 1
    with counting() as second:
        assert octoplan(*arguments) == 0
    assert sum(first) > 0
    assert sum(first) + sum(second) == sum(explored.simulated)
    assert not hidden.exists()
    assert contents(tmp_path / "new") == contents(explored.folder / "new")


def test_what_was_simulated_outlives_a_refusal_and_a_damaged_run(
    explored: Explored, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A requirement that is always met is refused, and then a run is damaged: further futures are simulated once."""
    (tmp_path / "explore.toml").write_text('requirements = ["made >= 0"]\n', "utf-8")
    arguments = (*command(explored.folder), "--out", tmp_path / "new")
    with counting() as first:
        assert octoplan(*arguments, "--settings", tmp_path / "explore.toml") == 2
    assert "met in all" in capsys.readouterr().err
    draws = tmp_path / ".new.futures" / "run" / "draws.nc"
    draws.write_bytes(draws.read_bytes()[:2000])
    with counting() as second:
        assert octoplan(*arguments) == 0
    assert sum(first) + sum(second) == sum(explored.simulated)
    assert contents(tmp_path / "new") == contents(explored.folder / "new")


def test_the_conclusion_is_printed(explored: Explored, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The conclusion comes first, in at most 20 lines, and then where the page is; a run gives the same files."""
    run = simulate(sample_scenario(), int(FUTURES), seed=1)
    save(run, tmp_path / "run")
    assert octoplan("explore", tmp_path / "run", "--measure", "net-benefit", "--out", tmp_path / "new") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Main drivers of the result: ")
    assert lines[-1] == f"page        {tmp_path / 'new' / 'explore.html'}"
    assert len(lines) <= 20
    assert contents(tmp_path / "new") == contents(explored.folder / "new")
    assert read_exploration(tmp_path / "new").findings.futures == int(FUTURES)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("pocket", "--futures", 20), "--futures 20: at least 32 are needed"),
        (("pocket", "--measure", "leakerz"), "did you mean 'leakers'?"),
        (("pocket", "--settings", "no.toml"), "no.toml: cannot be read"),
        (("nowhere",), "nowhere"),
    ],
)
def test_refused(
    tmp_path: Path, arguments: tuple[object, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A request that is not possible is refused with a sentence, before anything is simulated or written."""
    assert octoplan("explore", *arguments, "--out", tmp_path / "new") == 2
    output = capsys.readouterr()
    assert message in output.err
    assert "Traceback" not in output.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("count", "length"), [(3, 5), (7, 60), (7, 400)])
def test_at_most_twenty_lines(count: int, length: int) -> None:
    """Long paragraphs are shortened, so that the conclusion has at most 20 lines; short ones are complete."""
    paragraphs = [f"topic {number}: {' '.join(['word'] * length)}" for number in range(count)]
    lines = conclusion_lines(paragraphs, 80)
    assert len(lines) <= 20
    assert sum(line.startswith("topic") for line in lines) == count
    assert any("…" in line for line in lines) == (length > 50)


def test_more_futures_than_the_run_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run folder has only its futures."""
    save(simulate(sample_scenario(), 32, seed=1), tmp_path / "run")
    assert octoplan("explore", tmp_path / "run", "--futures", 64, "--out", tmp_path / "new") == 2
    assert "has 32 futures; give at most as many" in capsys.readouterr().err


def test_a_folder_that_is_not_empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder with files is not overwritten."""
    (tmp_path / "file").write_text("text")
    assert octoplan("explore", "pocket", "--out", tmp_path) == 2
    assert "is not empty" in capsys.readouterr().err
