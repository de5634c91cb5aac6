"""Standard streams, messages and exit codes, in processes as a user starts them."""

import logging
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from octoplan.cli.console import (
    check_number,
    clear_written_paths,
    compilation_notice,
    message_and_code,
    printable,
    record_written_path,
)
from octoplan.errors import ClusterError, RunError, Unfinished
from octoplan.scenario import load
from tests.cli.test_runs import octoplan
from tests.outcomes.runs import changed

OCTOPLAN = str(Path(sys.executable).with_name("octoplan"))
CODEPAGES = ("cp1252", "cp1251", "ascii", "utf-16")
C_LOCALE = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def execute(command: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The result of a shell command, in a folder and an environment; ``octoplan`` is that of the tests."""
    path = f"{Path(OCTOPLAN).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, env={**os.environ, "PATH": path, **environment}, capture_output=True,
        timeout=120, check=False,
    )  # fmt: skip


COMMANDS = """
import shlex, sys
from octoplan.cli.main import main
for command in sys.argv[1:]:
    try:
        main(shlex.split(command))
    except SystemExit as stop:
        if stop.code:
            raise
"""


def execute_in_one_process(commands: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """The result of commands that run in one process until one fails, in a folder and an environment."""
    return subprocess.run(
        [sys.executable, "-c", COMMANDS, *commands], cwd=folder, env={**os.environ, **environment},
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run."""
    folder = tmp_path_factory.mktemp("console") / "run"
    result = execute(f"octoplan run pocket --futures 2 --out {folder}", folder.parent)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.mark.parametrize("encoding", CODEPAGES)
def test_characters_missing_from_a_code_page_are_substituted(run_folder: Path, tmp_path: Path, encoding: str) -> None:
    """Commands that print tables and messages substitute what the encoding of the stream lacks."""
    commands = [f"compare {run_folder} {run_folder}", "run pocket --futures 2", "check nowhere"]
    result = execute_in_one_process(commands, tmp_path, PYTHONIOENCODING=encoding, COLUMNS="120")
    assert result.returncode == 2, result.stderr
    assert "equal in every future" in " ".join(result.stdout.decode(encoding, "replace").split())
    assert "Traceback" not in result.stderr.decode(encoding, "replace")
    if encoding == "ascii":
        assert re.search(rb"never[ |]+-[ |]+month", result.stdout)


def test_a_path_in_another_alphabet_in_the_c_locale(tmp_path: Path) -> None:
    """Names that the locale cannot decode reach the folder, the report and run.json unchanged."""
    result = execute("octoplan run pocket --futures 2 --out 'Дрон [x] y'", tmp_path, **C_LOCALE)
    assert result.returncode == 0, result.stderr
    assert "--out 'Дрон [x] y'" in (tmp_path / "Дрон [x] y" / "run.json").read_text("utf-8")
    result = execute("octoplan report 'Дрон [x] y' 'Дрон [x] y' --out page.html", tmp_path, **C_LOCALE)
    assert result.returncode == 0, result.stderr
    assert "Дрон [x] y" in (tmp_path / "page.html").read_text("utf-8")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no /dev/full")  # noqa: PTH110 (a device)
def test_a_full_device_as_output_does_not_lose_the_run(tmp_path: Path) -> None:
    """The run folder is complete, the message names stdout and the folder, and the exit code is 1."""
    result = execute("octoplan run pocket --futures 2 --out r > /dev/full", tmp_path)
    assert result.returncode == 1
    assert result.stderr.decode().splitlines()[-1] == "stdout: No space left on device; r was written"
    assert (tmp_path / "r" / "report.html").exists()
    result = execute("octoplan check pocket > /dev/full", tmp_path)
    assert result.returncode == 1
    assert result.stderr == b"stdout: No space left on device; nothing was written\n"
    assert execute("octoplan check pocket > /dev/full 2> /dev/full", tmp_path).returncode == 1
    assert execute("octoplan check nowhere 2> /dev/full", tmp_path).returncode == 2
    assert execute("octoplan check pocket 2> /dev/full", tmp_path).returncode == 0


def test_a_closed_pipe_is_no_error(tmp_path: Path) -> None:
    """With a pipe that closes early, or closed streams, a command ends with 0 and writes its files."""
    result = execute("octoplan run pocket --futures 2 --out r | head -1; exit ${PIPESTATUS[0]}", tmp_path)
    assert (result.returncode, len(result.stdout.splitlines())) == (0, 1)
    assert b"Traceback" not in result.stderr
    assert (tmp_path / "r" / "run.json").exists()
    assert execute("octoplan run pocket --futures 2 --out s >&-", tmp_path).returncode == 0
    assert (tmp_path / "s" / "run.json").exists()
    assert execute("octoplan check pocket >&- 2>&- <&-", tmp_path).returncode == 0


def test_brackets_are_printed_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Titles, names and paths with brackets are not read as markup, in tables, messages and errors."""
    folder = tmp_path / "a [draft] b"
    changed(folder, programme={'"Pocket"': '"Pocket [/bold] [red] :smile:"'})
    monkeypatch.chdir(tmp_path)
    for arguments in (["check", str(folder)], ["run", str(folder), "--futures", "2", "--out", "runs/[draft] x"]):
        assert octoplan(*arguments) == 0
        output = capsys.readouterr().out
        assert "Pocket [/bold] [red] :smile:" in output
    assert "run folder  runs/[draft] x\n" in output
    for arguments in (["check", "[/x]"], ["run", "pocket", "--keep", "[/x]"], ["[/x]"], ["check", "pocket", "[/x]"]):
        assert octoplan(*arguments) == 2
        assert "[/x]" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["-dash", "$HOME ~ 'with' (space)\nand Ґрунт"])
def test_names_of_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A folder of any name can be created, checked, simulated and reported."""
    monkeypatch.chdir(tmp_path)
    assert octoplan("new", f"./{name}", "--from", "pocket") == 0
    assert octoplan("check", f"./{name}") == 0
    assert octoplan("run", f"./{name}", "--futures", "2", f"--out={name} out") == 0
    assert octoplan("report", f"./{name} out") == 0
    assert (tmp_path / f"{name} out" / "report.html").exists()


@pytest.mark.parametrize(
    "environment",
    [
        {"TZ": "Asia/Kathmandu", "COLUMNS": "1", "LC_ALL": "xx_YY.none"},
        {"TZ": ":no/such zone", "COLUMNS": "-5", "TERM": "dumb", "NO_COLOR": "1"},
        {"COLUMNS": "wide", "HOME": "/nonexistent", **C_LOCALE},
    ],
    ids=str,
)
def test_environments(run_folder: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    """Time zone, locale, terminal and home change no exit code, nor the hash of a scenario."""
    commands = ["check pocket", f"compare {run_folder} {run_folder}"]
    result = execute_in_one_process(commands, tmp_path, **environment)
    assert result.returncode == 0, result.stderr
    assert f"hash      {load('pocket').hash[:16]}\n".encode() in result.stdout


def test_messages_list_the_written_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """A message says that nothing was written only if no file was written."""
    monkeypatch.setattr("octoplan.cli.console._written_paths", [])
    failures = (KeyboardInterrupt(), MemoryError(), OSError(28, "No space left on device", "page.html"),
                Unfinished(3, "future 3 failed"), ClusterError("the workers were lost"))  # fmt: skip
    codes = (130, 1, 1, 1, 1)
    assert [message_and_code(error)[0].endswith("; nothing was written") for error in failures] == [True] * 5
    record_written_path(Path("r"))
    record_written_path(Path("page.html"))
    assert [message_and_code(error)[0].endswith("; r, page.html was written") for error in failures] == [True] * 5
    assert tuple(message_and_code(error)[1] for error in failures) == codes
    clear_written_paths()
    assert message_and_code(KeyboardInterrupt()) == ("stopped; nothing was written", 130)


def test_refusals_and_failures_have_their_codes() -> None:
    """An unusable path is refused (2), a lack of resources is a failure (1), and an unexpected error is raised."""
    assert message_and_code(FileNotFoundError(2, "No such file or directory", "x")) == (
        "x: No such file or directory",
        2,
    )
    assert message_and_code(PermissionError(13, "Permission denied", "x"))[1] == 2
    assert message_and_code(OSError(5, "Input/output error"))[1] == 1
    assert message_and_code(RunError("no")) == ("no", 2)
    with pytest.raises(ZeroDivisionError):
        message_and_code(ZeroDivisionError())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 1e9])
def test_numbers_out_of_bounds_are_refused(value: float) -> None:
    """An undefined, infinite, negative or too large number is refused with a message that states the bounds."""
    with pytest.raises(RunError, match=r"--budget .*: must be between 0 and 100"):
        check_number("--budget", value, 0, 100)


@pytest.mark.parametrize(
    "arguments",
    [
        "run pocket --futures 0", "run pocket --futures -3", "run pocket --futures 1000000000",
        "run pocket --futures nan", "run pocket --futures inf", "run pocket --futures 1e400", "run pocket --seed -1",
        "run pocket --seed 18446744073709551616", "run pocket --threads 1000000", "run pocket --threads 0",
        "app pocket --no-browser --port -1", "app pocket --no-browser --port 70000",
        "app pocket --no-browser --port nan", "app pocket --no-browser --threads 1000000",
        "app pocket --no-browser --host no.such.host.invalid", f"app pocket --no-browser --host {'x' * 80}.y",
        "state {run} --date 2026-02-01 --future -1", "state {run} --date 2026-02-01 --future 1000000000",
        "state {run} --date 2026-02-30", "state {run} --date 9999-01-01", "compare {run}", "report nowhere",
        "export nowhere --to csv", "export {run} --to pdf", "new pocket/x --from ''",
    ],
)  # fmt: skip
def test_options_out_of_bounds_are_refused(
    run_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: str,
) -> None:
    """The refusal has a message and exit code 2, and nothing is written."""
    monkeypatch.chdir(tmp_path)
    assert octoplan(*shlex.split(arguments.format(run=run_folder))) == 2
    assert capsys.readouterr().err.strip()
    assert list(tmp_path.iterdir()) == []


def test_text_of_undecodable_bytes_is_readable() -> None:
    """Surrogates, which stand for bytes that the locale cannot decode, become the UTF-8 they came from."""
    assert printable("Дрон".encode().decode("ascii", "surrogateescape")) == "Дрон"
    assert printable(b"\xff".decode("ascii", "surrogateescape")) == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("is_terminal", [True, False])
def test_the_compilation_notice_is_printed_once_on_a_terminal(
    is_terminal: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line is printed when compilation begins, once, on a terminal only, and not after the command."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    logger = logging.getLogger("octoplan.campaign.compiled")
    level = logger.level
    with compilation_notice():
        assert capsys.readouterr().err == ""
        logger.info("compiling %s", "first")
        logger.info("compiling %s", "second")
        lines = capsys.readouterr().err.splitlines()
    assert lines == ["compiling the model once for this machine, about 15 s on two cores"] * is_terminal
    logger.info("compiling %s", "third")
    assert capsys.readouterr().err == ""
    assert logger.level == level
