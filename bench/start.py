"""Start-up times: the first run, before any kernel is compiled, and ``octoplan --help``."""

import shlex
import sys
import tempfile
from pathlib import Path

from bench.octopus import octoplan_command
from bench.report import Measurement, run_process


def first_run() -> list[Measurement]:
    """Measure compilation with an empty kernel cache, a first run, and ``make demo`` without the installation."""
    with tempfile.TemporaryDirectory() as folder:
        cache, demo_cache = str(Path(folder) / "cache"), str(Path(folder) / "demo")
        command = (sys.executable, "-c", "import octoplan; octoplan.simulate(octoplan.load('octopus'), 1)")
        cold, warm = (run_process(*command, NUMBA_CACHE_DIR=cache) for _ in range(2))
        compilation = cold.wall_seconds - warm.wall_seconds
        demo = run_process(*demo_command(str(Path(folder) / "run")), NUMBA_CACHE_DIR=demo_cache)
    note = f"processor time {cold.processor_seconds - warm.processor_seconds:.1f} s"
    rows = (
        ("compilation of the model, nothing cached", 15.0, compilation, note),
        ("make demo after the packages are installed, nothing cached", 35.0, demo.wall_seconds, ""),
    )
    return [
        Measurement(name, f"under {limit:.0f} s", f"{seconds:.1f} s", seconds < limit, note)
        for name, limit, seconds, note in rows
    ]


def demo_command(folder: str) -> list[str]:
    """The command that ``make demo`` runs after the installation, with another folder for its results."""
    makefile = (Path(__file__).parents[1] / "Makefile").read_text()
    line = next(line for line in makefile.splitlines() if line.startswith("\t$(BIN)/octoplan run"))
    return shlex.split(line.replace("$(BIN)/octoplan", octoplan_command()).replace("runs/demo", folder))


def help_page() -> list[Measurement]:
    """Measure the fastest of seven starts of the command line."""
    fastest = min(run_process(octoplan_command(), "--help").wall_seconds for _ in range(7))
    return [Measurement("octoplan --help", "under 0.3 s", f"{fastest:.3f} s", fastest < 0.3)]
