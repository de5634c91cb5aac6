"""Start-up times: the first run, before any kernel is compiled, and ``octoplan --help``."""

import sys
import tempfile
from pathlib import Path

from bench.octopus import FUTURES, octoplan_command
from bench.report import Measurement, run_process


def first_run() -> list[Measurement]:
    """Measure the first run with an empty kernel cache, and the time that it spends on compilation."""
    with tempfile.TemporaryDirectory() as folder:
        out, cache = str(Path(folder) / "run"), str(Path(folder) / "cache")
        command = (octoplan_command(), "run", "octopus", "--futures", str(FUTURES), "--seed", "1", "--out", out)
        first = run_process(*command, NUMBA_CACHE_DIR=cache)
        two = (sys.executable, "-c", "import octoplan; octoplan.simulate(octoplan.load('octopus'), 2)")
        cold = run_process(*two, NUMBA_CACHE_DIR=str(Path(folder) / "second"))
        warm = run_process(*two, NUMBA_CACHE_DIR=cache)
    note = f"of which compilation {cold.wall_seconds - warm.wall_seconds:.1f} s, measured separately"
    return [
        Measurement(
            "first run, kernels not compiled",
            "under 60 s",
            f"{first.wall_seconds:.1f} s",
            first.wall_seconds < 60.0,
            note,
        )
    ]


def help_page() -> list[Measurement]:
    """Measure the fastest of seven starts of the command line."""
    fastest = min(run_process(octoplan_command(), "--help").wall_seconds for _ in range(7))
    return [Measurement("octoplan --help", "under 0.3 s", f"{fastest:.3f} s", fastest < 0.3)]
