"""Taking and printing a measurement."""

import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, PIPE, Popen
from time import perf_counter, process_time


@dataclass(frozen=True)
class Row:
    """One measurement against its target."""

    name: str
    target: str
    measured: str
    ok: bool
    note: str = ""


@dataclass(frozen=True)
class ProcessResult:
    """A finished process: wall seconds, peak resident memory in bytes, standard output."""

    wall: float
    peak: int
    printed: str


def fastest(work: Callable[[], object], times: int) -> float:
    """Processor seconds of the fastest of several repetitions: the cost when nothing else disturbs it."""
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
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {printed[-500:]}")
    kilobyte = 1 if platform.system() == "Darwin" else 1024
    return ProcessResult(wall, usage.ru_maxrss * kilobyte, printed)


def cores() -> Sequence[int]:
    """The cores this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


@contextmanager
def limit_cores(count: int) -> Iterator[None]:
    """Limit this process and its children to the first ``count`` of its cores, where the system allows."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def print_rows(rows: Sequence[Row]) -> None:
    """Print each measurement with its target, and whether the target was met."""
    for row in rows:
        print(f"{'ok  ' if row.ok else 'MISS'}  {row.name:<36} {row.measured:>22}   target: {row.target}", flush=True)
        if row.note:
            print(f"      {row.note}", flush=True)


def machine() -> str:
    """The processor, the number of cores available to this process, the system and the Python version."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    count = len(cores())
    return f"{model}, {count} cores; {platform.system()} {platform.release()}; Python {platform.python_version()}"
