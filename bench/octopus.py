"""The scenario ``octopus`` over its full horizon: time, memory, speed-up on two cores, growth with futures.

``python -m bench.octopus FUTURES THREADS`` prints the seconds of one simulation, without compilation of the kernels.
"""

import sys
import tempfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

from bench.report import Measurement, ProcessResult, cores, limit_cores, run_process

FUTURES = 1000
MEMORY_FUTURES = (1000, 2000, 4000)
"""Numbers of futures of the runs whose peak memory is measured."""
EXTRAPOLATED_FUTURES = 100_000
MAX_MEMORY_SLOPE = 25.0
"""Largest growth of the peak memory that counts as flat, in MB per 1,000 futures, whose tallies have 191 MB."""
MEGABYTE, GIGABYTE = 1e6, 1e9


def simulation_seconds(futures: int, threads: int) -> float:
    """Wall seconds of one simulation with its counterfactual in this process; the kernels are compiled first."""
    import octoplan

    scenario = octoplan.load("octopus")
    with ThreadPoolExecutor(threads) as executor:
        octoplan.simulate(scenario, 2, seed=2)
        start = perf_counter()
        octoplan.simulate(scenario, futures, seed=1, executor=executor)
        return perf_counter() - start


def simulation_seconds_in_process(futures: int, threads: int) -> float:
    """``simulation_seconds`` in a separate process, limited to one core per thread."""
    with limit_cores(threads):
        return float(run_process(sys.executable, "-m", "bench.octopus", str(futures), str(threads)).output)


def octoplan_command() -> str:
    """Path of the command ``octoplan`` of this Python installation."""
    return str(Path(sys.executable).with_name("octoplan"))


def full_run_of(futures: int) -> ProcessResult:
    """Run ``octoplan run octopus`` in a separate process."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "run")
        return run_process(octoplan_command(), "run", "octopus", "--futures", str(futures), "--seed", "1", "--out", out)


def memory_growth(peak_bytes: Mapping[int, int]) -> Measurement:
    """Growth of the peak memory between the two largest numbers of futures, and its extrapolation."""
    smaller, larger = sorted(peak_bytes)[-2:]
    slope = (peak_bytes[larger] - peak_bytes[smaller]) / (larger - smaller)
    extrapolated = peak_bytes[larger] + slope * (EXTRAPOLATED_FUTURES - larger)
    measured = ", ".join(f"{futures:,} futures: {peak / MEGABYTE:,.0f} MB" for futures, peak in peak_bytes.items())
    per_thousand = 1000 * slope / MEGABYTE
    return Measurement(
        "growth of the peak memory",
        f"under {MAX_MEMORY_SLOPE:.0f} MB per 1,000 futures",
        f"{per_thousand:.1f} MB",
        per_thousand < MAX_MEMORY_SLOPE,
        f"{measured}; {EXTRAPOLATED_FUTURES:,} futures, extrapolated: {extrapolated / GIGABYTE:.1f} GB",
    )


def measure() -> list[Measurement]:
    """Measure full runs, each in a separate process."""
    threads = min(2, len(cores()))
    simulation_seconds_in_process(2, 1)
    runs = {futures: full_run_of(futures) for futures in MEMORY_FUTURES}
    full_run = runs[FUTURES]
    rows = [
        Measurement(
            f"octopus, {FUTURES} futures x 24 months",
            "under 40 s",
            f"{full_run.wall_seconds:.1f} s",
            full_run.wall_seconds < 40.0,
            "octoplan run with counterfactual, key results, draws and report; kernels already compiled",
        ),
        Measurement(
            "peak memory of the run",
            "under 1.5 GB",
            f"{full_run.peak_bytes / GIGABYTE:.2f} GB",
            full_run.peak_bytes < 1.5 * GIGABYTE,
        ),
    ]
    rows.append(memory_growth({futures: run.peak_bytes for futures, run in runs.items()}))
    if threads == 2:
        one_core, two_cores = (
            simulation_seconds_in_process(FUTURES // 2, 1),
            simulation_seconds_in_process(FUTURES // 2, 2),
        )
        note = f"{FUTURES // 2} futures: {one_core:.2f} s on one core, {two_cores:.2f} s on two"
        rows.append(
            Measurement(
                "speed-up on two cores",
                "at least 1.8",
                f"{one_core / two_cores:.2f}",
                one_core / two_cores >= 1.8,
                note,
            )
        )
    milliseconds = {
        futures: 1e3 * simulation_seconds_in_process(futures, threads) / futures
        for futures in (FUTURES // 4, FUTURES // 2, FUTURES)
    }
    growth = max(milliseconds.values()) / min(milliseconds.values())
    note = ", ".join(f"{futures} futures: {milliseconds[futures]:.2f} ms per future" for futures in milliseconds)
    rows.append(
        Measurement(
            "variation of the time per future", "within 10 %", f"{100 * (growth - 1):.0f} %", growth <= 1.1, note
        )
    )
    return rows


if __name__ == "__main__":
    print(simulation_seconds(int(sys.argv[1]), int(sys.argv[2])))
