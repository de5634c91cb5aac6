"""Measurements of processes and functions, and their output."""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from time import perf_counter, process_time


@dataclass(frozen=True)
class Measurement:
    """A measured value and its target, both as text."""

    name: str
    target: str
    measured: str
    is_met: bool
    note: str = ""


@dataclass(frozen=True)
class ProcessResult:
    """Result of a process: wall time, processor time, peak resident memory, and standard output."""

    wall_seconds: float
    processor_seconds: float
    peak_bytes: int
    output: str


def fastest(work: Callable[[], object], times: int) -> float:
    """Processor seconds of the fastest of several repetitions, which other processes disturb least."""
    seconds = []
    for _ in range(times):
        start = process_time()
        work()
        seconds.append(process_time() - start)
    return min(seconds)


def run_process(*command: str, **environment: str) -> ProcessResult:
    """Run a command to its end. Raises RuntimeError with the end of its output if it fails."""
    start = perf_counter()
    process = Popen(command, stdout=PIPE, stderr=DEVNULL, text=True, env=os.environ | environment)  # noqa: S603
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_seconds = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {output[-500:]}")
    kilobyte = 1 if platform.system() == "Darwin" else 1024
    return ProcessResult(wall_seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * kilobyte, output)


def cores() -> Sequence[int]:
    """Numbers of the cores that this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


@contextmanager
def limit_cores(count: int) -> Iterator[None]:
    """Limit this process and its children to the first ``count`` of its cores, if the system permits it."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def print_measurements(rows: Sequence[Measurement]) -> None:
    """Print each measurement with its target, and whether the target was met."""
    for row in rows:
        print(
            f"{'ok  ' if row.is_met else 'MISS'}  {row.name:<36} {row.measured:>22}   target: {row.target}", flush=True
        )
        if row.note:
            print(f"      {row.note}", flush=True)


def machine_description() -> str:
    """The processor, the number of cores available to this process, the system and the Python version."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    count = len(cores())
    return f"{model}, {count} cores; {platform.system()} {platform.release()}; Python {platform.python_version()}"
