"""How a measurement is taken and printed."""

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
class Ran:
    """A finished process: wall seconds, peak resident bytes, what it printed."""

    wall: float
    peak: int
    printed: str


def best(work: Callable[[], object], times: int) -> float:
    """Processor seconds of the cheapest of some repetitions: what the work costs when nothing disturbs it."""
    found = []
    for _ in range(times):
        begun = process_time()
        work()
        found.append(process_time() - begun)
    return min(found)


def ran(*command: str, **environment: str) -> Ran:
    """Run a command to its end. Raises RuntimeError with its last words if it fails."""
    begun = perf_counter()
    process = Popen(command, stdout=PIPE, stderr=DEVNULL, text=True, env=os.environ | environment)  # noqa: S603
    assert process.stdout is not None
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stdout.close()
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}: {printed[-500:]}")
    kilobyte = 1 if platform.system() == "Darwin" else 1024
    return Ran(wall, usage.ru_maxrss * kilobyte, printed)


def cores() -> Sequence[int]:
    """The cores this process may use."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)


@contextmanager
def only(count: int) -> Iterator[None]:
    """Keep this process, and those it starts, to the first few of its cores where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:count]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def show(rows: Sequence[Row]) -> None:
    """Print what was measured, its target, and whether it was met."""
    for row in rows:
        print(f"{'ok  ' if row.ok else 'MISS'}  {row.name:<36} {row.measured:>22}   target: {row.target}", flush=True)
        if row.note:
            print(f"      {row.note}", flush=True)


def machine() -> str:
    """The processor, its cores that this process may use, and the Python that runs."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    count = len(cores())
    return f"{model}, {count} cores; {platform.system()} {platform.release()}; Python {platform.python_version()}"
