"""Long jobs beside the server: each a process of its own, with its progress, its cancellation and its result."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from octoplan.errors import JobError
from octoplan.scenario import Scenario

MOST = 2
"""Jobs of one session at work at once."""

KINDS = ("plan", "run")


@dataclass
class Job:
    """A process that flies a scenario's folder in a folder of its own.

    about
        What its page had in hand: the scenario's hash and what was changed in it.
    """

    name: str
    kind: str
    about: Mapping[str, Any]
    folder: Path
    process: subprocess.Popen[bytes]
    begun: float = field(default_factory=time.time)
    cancelled: bool = False

    def told(self) -> dict[str, Any]:
        """State, seconds, progress as last said, and what the result holds."""
        code = self.process.poll()
        state = "at work" if code is None else "done" if code == 0 else "cancelled" if self.cancelled else "failed"
        progress = self.folder / "progress.json"
        said = json.loads(progress.read_text("utf-8")) if progress.exists() else {"what": "starting"}
        end = time.time() if code is None else max(file.stat().st_mtime for file in self.folder.glob("*.*"))
        told = {"id": self.name, "kind": self.kind, **self.about, "state": state, "seconds": round(end - self.begun)}
        if state == "failed":
            told["error"] = (self.folder / "error.txt").read_text("utf-8")[-2000:].strip()
        return {**told, **said}

    def cancel(self) -> None:
        """Kill the process and all it began, and wait for its end."""
        if self.process.poll() is None:
            self.cancelled = True
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Jobs:
    """The jobs of every session, apart from each other; their folders go when the server ends."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="octoplan-app-"))
        self.of: dict[str, dict[str, Job]] = {}

    def start(
        self, session: str, scenario: Scenario, kind: str, options: Mapping[str, Any], about: Mapping[str, Any]
    ) -> Job:  # fmt: skip
        """Begin a job of a session. Raises JobError for one too many or of no known kind."""
        own = self.of.setdefault(session, {})
        if kind not in KINDS:
            raise JobError(f"there is no job {kind!r}; there are {', '.join(KINDS)}")
        if sum(job.process.poll() is None for job in own.values()) >= MOST:
            raise JobError(f"{MOST} jobs are at work; cancel one or wait")
        name = os.urandom(8).hex()
        folder = self.folder / name
        (folder / "scenario").mkdir(parents=True)
        for file, content in scenario.files.items():
            (folder / "scenario" / file).write_bytes(content)
        (folder / "options.json").write_text(json.dumps({"kind": kind, **options}), "utf-8")
        with (folder / "error.txt").open("wb") as errors:
            process = subprocess.Popen(  # noqa: S603 (our own module, on a folder of our own)
                [sys.executable, "-m", "octoplan.app.work", str(folder)], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True,
            )  # fmt: skip
        own[name] = Job(name, kind, about, folder, process)
        return own[name]

    def find(self, session: str, name: str) -> Job | None:
        """A job of this session; those of others are not there."""
        return self.of.get(session, {}).get(name)

    def close(self) -> None:
        for own in self.of.values():
            for job in own.values():
                job.cancel()
        shutil.rmtree(self.folder, ignore_errors=True)
