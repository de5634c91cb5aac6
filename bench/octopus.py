"""The shipped scenario at full length: time, memory, cores, growth with the futures.

``python -m bench.octopus FUTURES THREADS`` prints the seconds one simulation takes once all is compiled.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

from bench.report import Row, cores, only, ran

FUTURES = 1000
GIGABYTE = 1e9


def seconds(futures: int, threads: int) -> float:
    """Wall seconds of one simulation, the counterfactual included, in this process; compiled before."""
    import octoplan

    scenario = octoplan.load("octopus")
    with ThreadPoolExecutor(threads) as executor:
        octoplan.simulate(scenario, 2, seed=2)
        begun = perf_counter()
        octoplan.simulate(scenario, futures, seed=1, executor=executor)
        return perf_counter() - begun


def apart(futures: int, threads: int) -> float:
    """The same in a process of its own, kept to as many cores as it has threads."""
    with only(threads):
        return float(ran(sys.executable, "-m", "bench.octopus", str(futures), str(threads)).printed)


def command_line() -> str:
    return str(Path(sys.executable).with_name("octoplan"))


def measure() -> list[Row]:
    """Full runs, each in a process of its own."""
    threads = min(2, len(cores()))
    apart(2, 1)
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "run")
        whole = ran(command_line(), "run", "octopus", "--futures", str(FUTURES), "--seed", "1", "--out", out)
    rows = [
        Row(
            f"octopus, {FUTURES} futures x 24 months",
            "under 30 s",
            f"{whole.wall:.1f} s",
            whole.wall < 30.0,
            "octoplan run with counterfactual, headlines, draws and report; compiled before",
        ),
        Row("its peak memory", "under 1.5 GB", f"{whole.peak / GIGABYTE:.2f} GB", whole.peak < 1.5 * GIGABYTE),
    ]
    if threads == 2:
        one, two = apart(FUTURES // 2, 1), apart(FUTURES // 2, 2)
        note = f"{FUTURES // 2} futures: {one:.2f} s on one core, {two:.2f} s on two"
        rows.append(
            Row("two cores against one", "at least 1.8 times", f"{one / two:.2f} times", one / two >= 1.8, note)
        )
    each = {futures: 1e3 * apart(futures, threads) / futures for futures in (FUTURES // 4, FUTURES // 2, FUTURES)}
    growth = max(each.values()) / min(each.values())
    note = ", ".join(f"{futures} futures: {each[futures]:.2f} ms each" for futures in each)
    rows.append(Row("linear in futures", "within 10 %", f"{100 * (growth - 1):.0f} %", growth <= 1.1, note))
    return rows


if __name__ == "__main__":
    print(seconds(int(sys.argv[1]), int(sys.argv[2])))
