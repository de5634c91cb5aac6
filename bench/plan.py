"""The shipped scenario planned: the whole command, with the gap's estimate and the flight through unseen futures."""

import json
import tempfile
from pathlib import Path

from bench.octopus import apart, command_line
from bench.report import Row, ran

GIGABYTE = 1e9


def measure() -> list[Row]:
    """``octoplan plan octopus`` as it stands, in a process of its own; compiled before."""
    apart(2, 1)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "plan")
        whole = ran(command_line(), "plan", "octopus", "--out", str(out))
        told = json.loads((out / "evidence.json").read_text("utf-8"))
    below = told["gap_estimated"]["below_95"] / -told["upper"]
    count = told["flown"]["plan"]["cost"]["futures"]
    note = f"60 futures, gap on {told['gap_estimated']['batches']} batches of 40, {count} unseen futures"
    return [
        Row("octoplan plan octopus", "under 300 s", f"{whole.wall:.0f} s", whole.wall < 300.0, note),
        Row("its peak memory", "under 2 GB", f"{whole.peak / GIGABYTE:.2f} GB", whole.peak < 2.0 * GIGABYTE),
        Row("its gap, below with 95 %", "2 % of what it saves", f"{100 * below:.1f} %", below <= 0.02),
    ]
