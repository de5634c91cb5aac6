"""The plan of the built-in scenario: the whole command, with the gap estimate and the out-of-sample evaluation."""

import json
import tempfile
from pathlib import Path

from bench.octopus import command_line, seconds_in_process
from bench.report import Row, run_process

GIGABYTE = 1e9


def measure() -> list[Row]:
    """``octoplan plan octopus`` with its defaults in a separate process; the kernels are compiled first."""
    seconds_in_process(2, 1)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "plan")
        command = run_process(command_line(), "plan", "octopus", "--out", str(out))
        evidence = json.loads((out / "evidence.json").read_text("utf-8"))
    gap_bound = evidence["gap_estimated"]["below_95"] / -evidence["upper"]
    count = evidence["evaluation"]["plan"]["cost"]["futures"]
    note = f"60 futures, gap on {evidence['gap_estimated']['batches']} batches of 40, {count} unseen futures"
    return [
        Row("octoplan plan octopus", "under 300 s", f"{command.wall:.0f} s", command.wall < 300.0, note),
        Row("its peak memory", "under 2 GB", f"{command.peak / GIGABYTE:.2f} GB", command.peak < 2.0 * GIGABYTE),
        Row(
            "its optimality gap, upper 95 % bound",
            "at most 2 % of the saving",
            f"{100 * gap_bound:.1f} %",
            gap_bound <= 0.02,
        ),
    ]
