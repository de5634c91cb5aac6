"""``octoplan run``, ``compare`` and ``report``."""

import subprocess
import sys
from pathlib import Path

import pytest

from octoplan.cli.main import main as cli
from octoplan.cli.runs import step_text
from octoplan.outcomes.precision import Step
from octoplan.outcomes.store import read
from tests.outcomes.runs import changed


def octoplan(*arguments: str) -> int | str | None:
    """The exit code of a command run in this process."""
    with pytest.raises(SystemExit) as stop:
        cli(arguments)
    return stop.value.code


def test_run_compare_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run prints its key results, its summary and its paths; two runs are compared; a report is written again."""
    out = str(tmp_path / "one")
    assert octoplan("run", "pocket", "--futures", "5", "--out", out, "--threads", "2", "--keep", "heads") == 0
    output = capsys.readouterr()
    assert "5 futures; none failed" in output.out
    assert "good units" in output.out
    assert output.out.startswith("The programme makes 850 interceptors in 3 months")
    assert "Nothing tested limits the defence: none of the 11 changes tested clearly improves it." in " ".join(
        output.out.split()
    )
    assert f"report      {out}/report.html" in output.out.replace("\n", "")
    assert "heads" in read(out).data

    folder = tmp_path / "half"
    changed(folder, decisions={"[310, 280, 310]": "[155, 140, 155]"})
    second = str(tmp_path / "two")
    assert octoplan("run", str(folder), "--futures", "5", "--out", second) == 0
    capsys.readouterr()
    assert octoplan("compare", out, second) == 0
    output = capsys.readouterr()
    assert "two minus one, on the same 5 futures" in output.out
    assert "-425" in output.out

    page = tmp_path / "page.html"
    assert octoplan("report", out, "--out", str(page), "--nominal") == 0
    assert "GBP (nominal)" in page.read_text()


def test_threads_change_nothing(tmp_path: Path) -> None:
    """One thread and two threads give bit-identical draws."""
    for threads in ("1", "2"):
        arguments = ("run", "pocket", "--futures", "50", "--threads", threads, "--out", str(tmp_path / threads))
        assert octoplan(*arguments) == 0
    assert read(tmp_path / "1").data.identical(read(tmp_path / "2").data)


def test_default_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --out the run folder is runs/SCENARIO-SEED-FUTURES."""
    monkeypatch.chdir(tmp_path)
    assert octoplan("run", "pocket", "--futures", "2", "--seed", "9") == 0
    assert read(Path("runs/pocket-9-2")).seed == 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--futures", "0"), "--futures 0: must be between 1 and 1,000,000"),
        (("--seed", "-1"), "--seed -1: must be between 0 and 18,446,744,073,709,551,615"),
        (("--threads", "0"), "--threads 0: must be between 1 and 1,024"),
        (("--keep", "everything"), "cannot keep 'everything': no such tally; the tallies are made"),
        (("--futures", "many"), "many"),
        (("--cluster", "nonsense://x"), "--cluster nonsense://x: no scheduler answers at this address"),
        (("--threads", "2", "--cluster", "tcp://127.0.0.1:1"), "--threads and --cluster"),
    ],
)
def test_bad_arguments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    """Invalid options end with code 2 and a message, and nothing is written."""
    assert octoplan("run", "pocket", "--out", str(tmp_path / "out"), *arguments) == 2
    output = capsys.readouterr()
    assert message in output.err + output.out
    assert "Traceback" not in output.err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_empty_is_refused_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run of a million futures into a folder that is not empty is refused before it starts."""
    (tmp_path / "notes").write_text("mine")
    assert octoplan("run", "pocket", "--futures", "1000000", "--out", str(tmp_path)) == 2
    assert "exists and is not empty; remove it or choose another folder with --out" in capsys.readouterr().err


def test_a_broken_scenario_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The errors of the folder are listed, with code 2."""
    assert octoplan("run", str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")) == 2
    assert "there is no such folder" in capsys.readouterr().err


def test_a_run_that_cannot_finish(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the failed future and its error, with code 1 and no folder; --keep-going counts it."""
    old = "raids.level,1,,,fixed"
    changed(tmp_path / "s", assumptions={old: 'raids.level,"1:4; 1e7:1",,,discrete'})
    arguments = ("run", str(tmp_path / "s"), "--futures", "20", "--out", str(tmp_path / "out"))
    assert octoplan(*arguments) == 1
    assert "failed: a day has more than" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert octoplan(*arguments, "--keep-going") == 0
    output = capsys.readouterr().out
    run = read(tmp_path / "out")
    assert f"{run.failed} FAILED" in output
    assert f"future {min(run.messages)} failed: " in output


def test_compare_refuses_with_the_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Runs with different seeds, a single run, and a folder that is not a run are refused with the reason."""
    for seed in ("1", "2"):
        assert octoplan("run", "pocket", "--futures", "2", "--seed", seed, "--out", str(tmp_path / seed)) == 0
    capsys.readouterr()
    assert octoplan("compare", str(tmp_path / "1"), str(tmp_path / "2")) == 2
    assert "seed 2 against 1 (another seed draws other raids" in capsys.readouterr().err
    assert octoplan("compare", str(tmp_path / "1")) == 2
    assert "at least two run folders" in capsys.readouterr().err
    assert octoplan("compare", str(tmp_path / "1"), str(tmp_path)) == 2
    assert "is not a run folder" in capsys.readouterr().err


INTERRUPTED = """
import os, signal, sys, threading
import octoplan.cli.main as cli
import octoplan.outcomes.simulate, octoplan.show.report
timer = threading.Timer(3, os.kill, (os.getpid(), signal.SIGINT))
timer.daemon = True
timer.start()
sys.argv = ["octoplan", "run", "pocket", "--futures", "60000", "--threads", "1", "--out", sys.argv[1]]
cli.console()
"""


def test_ctrl_c_writes_nothing(tmp_path: Path) -> None:
    """An interrupted run ends with code 130, a message on stderr, and no folder."""
    arguments = [sys.executable, "-c", INTERRUPTED, str(tmp_path / "out")]
    process = subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)
    assert process.returncode == 130
    assert process.stderr.rstrip().endswith("stopped; nothing was written")
    assert "Traceback" not in process.stderr
    assert list(tmp_path.iterdir()) == []


SWALLOWED = """
import signal, sys, time
import octoplan.cli.main as cli

def app(*_, **__):
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        time.sleep(100)

cli.app = app
cli.console()
"""


def test_a_swallowed_ctrl_c_is_repeated() -> None:
    """A library that swallows an interruption does not prevent the command from ending with code 130."""
    process = subprocess.run([sys.executable, "-c", SWALLOWED], capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode == 130
    assert process.stderr == "stopped; nothing was written\n"


CLUSTER = """
import os, signal
from pathlib import Path
import octoplan as op
from distributed import Client, LocalCluster
from octoplan.cli.runs import run
from octoplan.executors import ClusterExecutor

if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        run("pocket", futures=30, out=Path("far"), cluster=cluster.scheduler_address)
        workers = [worker.pid for worker in cluster.workers.values()]

        def kill_one(done: int, total: int) -> None:
            if workers:
                os.kill(workers.pop(), signal.SIGKILL)
                workers.clear()

        with Client(cluster) as client:
            lamed = op.simulate(op.load("pocket"), 300, executor=ClusterExecutor(client), progress=kill_one)
    assert workers == []
    assert op.read("far").data.identical(op.simulate(op.load("pocket"), 30).data)
    assert lamed.data.identical(op.simulate(op.load("pocket"), 300).data)
"""


def test_a_cluster_gives_the_same_bits(tmp_path: Path) -> None:
    """Two local workers give the same draws as this process, also if one of them is killed during the run."""
    pytest.importorskip("distributed")
    (tmp_path / "script.py").write_text(CLUSTER)
    arguments = [sys.executable, "script.py"]
    process = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert process.returncode == 0, process.stderr


def test_the_package_is_cheap_to_import() -> None:
    """``import octoplan`` and its commands load no heavy libraries."""
    code = "import sys, octoplan, octoplan.cli.runs; print(*sorted({'numba', 'xarray', 'plotly'} & set(sys.modules)))"
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert process.stdout.strip() == ""


def test_public_names() -> None:
    """All public names exist, and an unknown name is an AttributeError."""
    import octoplan

    for name in octoplan.__all__:
        assert getattr(octoplan, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'lode'"):
        octoplan.lode  # noqa: B018


def test_ctrl_c_during_a_callback_is_repeated_without_a_traceback() -> None:
    """Python ignores an exception in a callback of a deleted object: the interrupt is repeated, and nothing printed."""
    script = (
        "import os, signal, time, weakref\n"
        "import octoplan.cli.main as cli\n"
        "class Thing: pass\n"
        "def main():\n"
        "    thing = Thing()\n"
        "    weakref.finalize(thing, lambda: None)\n"
        "    reference = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGINT))\n"
        "    del thing\n"
        "    time.sleep(30)\n"
        "cli.app = lambda *_, **__: main()\n"
        "cli.console()\n"
    )
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode == 130
    assert "Traceback" not in process.stderr


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (
            Step(128, "damage", "GBP (2025)", 184_321.0, 178_900.0, 1),
            (
                "128 futures: 1 key result is not yet precise enough\n"
                "  (damage: standard error 184 k GBP (2025), at most 179 k GBP (2025) required)"
            ),
        ),
        (
            Step(128, "leakers", "threats", 60.31, 50.0, 2),
            (
                "128 futures: 2 key results are not yet precise enough\n"
                "  (leakers: standard error 60.3 threats, at most 50.0 threats required)"
            ),
        ),
        (
            Step(5_000, "leakers", "threats", 60.31, 50.0, 2),
            (
                "5,000 futures: 2 key results are at the maximum number of futures, and not precise enough\n"
                "  (leakers: standard error 60.3 threats, at most 50.0 threats required)"
            ),
        ),
        (Step(1_024, "leakers", "threats", 40.31, 50.0, 0), "1,024 futures: precision reached"),
        (
            Step(64, "stock of missiles", "months", 0.000053, 0.00001, 1),
            (
                "64 futures: 1 key result is not yet precise enough\n"
                "  (stock of missiles: standard error 0.000053 months, at most 0.000010 months required)"
            ),
        ),
        (Step(128, "", "", 0.0, float("inf"), 0), "128 futures: no key result has a required precision"),
    ],
)
def test_a_step_names_the_least_precise_measure_in_its_unit(step: Step, text: str) -> None:
    """Both standard errors have three significant digits, in months too, so that they can be compared."""
    assert step_text(step, 5_000) == text
