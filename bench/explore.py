"""``explore`` on ``octopus``: wall time, peak memory, and the share of the time in which futures are simulated.

``python -m bench.explore FUTURES`` prints that share for one exploration on two threads, without compilation of the
kernels.
"""

import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from time import perf_counter
from typing import Any, TypeVar

import octoplan as op
from bench.report import Measurement, run_process
from octoplan.exploration import explore_scenario

FUTURES = 1000
MAX_SECONDS, MAX_BYTES, MIN_SHARE = 600.0, 3e9, 0.9
T = TypeVar("T")


class RecordingExecutor(ThreadPoolExecutor):
    """Threads that record when each of their tasks began and ended; the tasks are batches of futures."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self.spans: list[tuple[float, float]] = []

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        """Run a task as the base class does, and record its span."""

        def recorded() -> T:
            start = perf_counter()
            try:
                return fn(*args, **kwargs)
            finally:
                self.spans.append((start, perf_counter()))

        return super().submit(recorded)


def covered(spans: Sequence[tuple[float, float]]) -> float:
    """Length of the union of some spans.

    >>> covered([(0.0, 2.0), (1.0, 3.0), (5.0, 6.0)])
    4.0
    """
    total, end = 0.0, float("-inf")
    for begin, finish in sorted(spans):
        total += max(0.0, finish - max(begin, end))
        end = max(end, finish)
    return total


def simulated_share(futures: int) -> float:
    """Share of the wall time of an exploration of octopus in which at least one future is being simulated."""
    scenario = op.load("octopus")
    op.simulate(scenario, 2, seed=2)
    with RecordingExecutor(2) as executor:
        start = perf_counter()
        explore_scenario(scenario, futures, executor=executor)
        wall = perf_counter() - start
    return covered(executor.spans) / wall


def measure() -> list[Measurement]:
    """Wall time, peak memory and simulated share of an exploration of octopus."""
    process = run_process(sys.executable, "-m", "bench.explore", str(FUTURES))
    share = float(process.output)
    seconds, peak = process.wall_seconds, process.peak_bytes
    return [
        Measurement(
            f"explore octopus, {FUTURES:,} futures", f"<= {MAX_SECONDS:.0f} s", f"{seconds:.0f} s",
            seconds <= MAX_SECONDS, "all parts, two threads",
        ),
        Measurement("its peak memory", f"<= {MAX_BYTES / 1e9:.0f} GB", f"{peak / 1e9:.2f} GB", peak <= MAX_BYTES),
        Measurement(
            "share of its time in which futures are simulated", f">= {100 * MIN_SHARE:.0f} %", f"{100 * share:.1f} %",
            share >= MIN_SHARE,
        ),
    ]  # fmt: skip


if __name__ == "__main__":
    print(simulated_share(int(sys.argv[1])))
