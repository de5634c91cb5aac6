"""``octoplan app`` as a process of its own."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def served(scenario: str) -> Iterator[str]:
    """``octoplan app`` on a free port; gives its address and ends it."""
    command = [str(Path(sys.executable).with_name("octoplan")), "app", scenario, "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        found = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
        assert found
        try:
            yield found[0]
        finally:
            process.terminate()
            process.wait(30)
