"""``octoplan app`` in a separate process."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

PATIENCE = 600.0
"""Seconds after which a test stops waiting for a result; no test measures speed."""

T = TypeVar("T")


@contextmanager
def served(scenario: str) -> Iterator[str]:
    """Run ``octoplan app`` on a free port and yield its address; the process is ended on exit."""
    command = [str(Path(sys.executable).with_name("octoplan")), "app", scenario, "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        line = process.stdout.readline()
        match = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert match, line
        try:
            yield match[0]
        finally:
            process.terminate()
            process.wait(PATIENCE)


def wait_for_result(probe: Callable[[], T | None]) -> T:
    """Call a function until its result is not None, and return the result."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        result = probe()
        if result is not None:
            return result
        time.sleep(0.05)
    raise AssertionError("there was no result in time")
