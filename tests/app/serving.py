"""``octoplan app`` as a process of its own."""

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

PATIENCE = 600.0
"""Seconds after which a state that has not come is given up; no test measures speed."""

T = TypeVar("T")


@contextmanager
def served(scenario: str) -> Iterator[str]:
    """``octoplan app`` on a free port; yields its address and ends it."""
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


def awaited(probe: Callable[[], T | None]) -> T:
    """The first result of a probe that is not None, asked again until it comes."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        result = probe()
        if result is not None:
            return result
        time.sleep(0.05)
    raise AssertionError("the state did not come")
