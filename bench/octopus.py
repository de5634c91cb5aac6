"""The built-in scenario at full length: time, memory, speed-up on two cores, growth with the number of futures.

``python -m bench.octopus FUTURES THREADS`` prints the seconds that one simulation takes once the kernels are compiled.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

from bench.report import Row, cores, limit_cores, run_process

FUTURES = 1000
GIGABYTE = 1e9


def seconds(futures: int, threads: int) -> float:
    """Wall seconds of one simulation with its counterfactual in this process; the kernels are compiled first."""
    import octoplan

    scenario = octoplan.load("octopus")
    with ThreadPoolExecutor(threads) as executor:
        octoplan.simulate(scenario, 2, seed=2)
        start = perf_counter()
        octoplan.simulate(scenario, futures, seed=1, executor=executor)
        return perf_counter() - start


def seconds_in_process(futures: int, threads: int) -> float:
    """``seconds`` measured in a separate process, limited to one core for each thread."""
    with limit_cores(threads):
        return float(run_process(sys.executable, "-m", "bench.octopus", str(futures), str(threads)).printed)


def command_line() -> str:
    return str(Path(sys.executable).with_name("octoplan"))


def measure() -> list[Row]:
    """Full runs, each in a separate process."""
    threads = min(2, len(cores()))
    seconds_in_process(2, 1)
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "run")
        command = run_process(command_line(), "run", "octopus", "--futures", str(FUTURES), "--seed", "1", "--out", out)
    rows = [
        Row(
            f"octopus, {FUTURES} futures x 24 months",
            "under 30 s",
            f"{command.wall:.1f} s",
            command.wall < 30.0,
            "octoplan run with counterfactual, key results, draws and report; kernels compiled before",
        ),
        Row("its peak memory", "under 1.5 GB", f"{command.peak / GIGABYTE:.2f} GB", command.peak < 1.5 * GIGABYTE),
    ]
    if threads == 2:
        one_core, two_cores = seconds_in_process(FUTURES // 2, 1), seconds_in_process(FUTURES // 2, 2)
        note = f"{FUTURES // 2} futures: {one_core:.2f} s on one core, {two_cores:.2f} s on two"
        rows.append(
            Row(
                "speed-up on two cores",
                "at least 1.8",
                f"{one_core / two_cores:.2f}",
                one_core / two_cores >= 1.8,
                note,
            )
        )
    milliseconds = {
        futures: 1e3 * seconds_in_process(futures, threads) / futures
        for futures in (FUTURES // 4, FUTURES // 2, FUTURES)
    }
    growth = max(milliseconds.values()) / min(milliseconds.values())
    note = ", ".join(f"{futures} futures: {milliseconds[futures]:.2f} ms a future" for futures in milliseconds)
    rows.append(Row("linear in futures", "within 10 %", f"{100 * (growth - 1):.0f} %", growth <= 1.1, note))
    return rows


if __name__ == "__main__":
    print(seconds(int(sys.argv[1]), int(sys.argv[2])))
