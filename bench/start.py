"""Start-up time: the first run with nothing compiled, and ``octoplan --help``."""

import sys
import tempfile
from pathlib import Path

from bench.octopus import FUTURES, command_line
from bench.report import Row, run_process


def first_run() -> list[Row]:
    """The first run in a fresh process with an empty kernel cache, and the part of it spent on compilation."""
    with tempfile.TemporaryDirectory() as folder:
        out, cache = str(Path(folder) / "run"), str(Path(folder) / "cache")
        command = (command_line(), "run", "octopus", "--futures", str(FUTURES), "--seed", "1", "--out", out)
        first = run_process(*command, NUMBA_CACHE_DIR=cache)
        two = (sys.executable, "-c", "import octoplan; octoplan.simulate(octoplan.load('octopus'), 2)")
        cold = run_process(*two, NUMBA_CACHE_DIR=str(Path(folder) / "second"))
        warm = run_process(*two, NUMBA_CACHE_DIR=cache)
    note = f"of which compilation {cold.wall - warm.wall:.1f} s, measured separately"
    return [Row("first run, nothing compiled", "under 60 s", f"{first.wall:.1f} s", first.wall < 60.0, note)]


def help_page() -> list[Row]:
    """The fastest of seven starts of the command line."""
    fastest = min(run_process(command_line(), "--help").wall for _ in range(7))
    return [Row("octoplan --help", "under 0.3 s", f"{fastest:.3f} s", fastest < 0.3)]
