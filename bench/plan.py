"""The plan of the scenario ``octopus``: the complete command, with gap estimate and out-of-sample evaluation."""

import json
import tempfile
from pathlib import Path

from bench.octopus import octoplan_command, simulation_seconds_in_process
from bench.report import Measurement, run_process

GIGABYTE = 1e9


def measure() -> list[Measurement]:
    """Measure ``octoplan plan octopus`` with default options in a separate process; the kernels are compiled first."""
    simulation_seconds_in_process(2, 1)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "plan")
        plan_command = run_process(octoplan_command(), "plan", "octopus", "--out", str(out))
        plan_evidence = json.loads((out / "evidence.json").read_text("utf-8"))
    gap_bound = plan_evidence["gap_estimated"]["below_95"] / -plan_evidence["upper"]
    count = plan_evidence["evaluation"]["plan"]["cost"]["futures"]
    note = f"64 futures, gap on {plan_evidence['gap_estimated']['batches']} batches of 48, {count} unseen futures"
    return [
        Measurement(
            "octoplan plan octopus",
            "under 90 s",
            f"{plan_command.wall_seconds:.0f} s",
            plan_command.wall_seconds < 90.0,
            note,
        ),
        Measurement(
            "peak memory of the plan",
            "under 2 GB",
            f"{plan_command.peak_bytes / GIGABYTE:.2f} GB",
            plan_command.peak_bytes < 2.0 * GIGABYTE,
        ),
        Measurement(
            "optimality gap, upper 95 % bound",
            "below 1.2 % of the saving",
            f"{100 * gap_bound:.1f} %",
            gap_bound < 0.012,
        ),
    ]
