"""Long jobs in separate processes, with progress, cancellation and results."""

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

MAX_RUNNING_JOBS, MAX_STORED_JOBS = 2, 50
"""Maximum number of concurrent jobs, and of stored jobs, per session."""

PROGRESS_FILE, RESULT_FILE, PROBLEMS_FILE, OPTIONS_FILE, LOG_FILE = (
    "progress.json",
    "result.json",
    "problems.json",
    "options.json",
    "log.txt",
)
"""Names of the files in the folder of a job, which also contains the folder ``scenario``."""


@dataclass
class Job:
    """A process that simulates or plans a scenario, with its working folder.

    Attributes:
        name: A random identifier.
        kind: ``plan`` or ``run``.
        subject: Hash of the baseline (``of``) and changes, as reported in the status.
        started, ended: Unix times.

    """

    name: str
    kind: str
    subject: Mapping[str, Any]
    folder: Path
    process: subprocess.Popen[bytes]
    started: float = field(default_factory=time.time)
    ended: float | None = None
    cancelled: bool = False

    def status(self) -> dict[str, Any]:
        """Status as JSON data: state of the job, elapsed seconds, last progress, and problems if it failed."""
        exit_code = self.process.poll()
        if exit_code is not None and self.ended is None:
            self.ended = max((file.stat().st_mtime for file in self.folder.glob("*.*")), default=time.time())
        end = time.time() if self.ended is None else self.ended
        status = {"id": self.name, "kind": self.kind, **self.subject, "seconds": max(0, round(end - self.started))}
        progress = read_json(self.folder / PROGRESS_FILE) or {"step": "starting"}
        if exit_code is None:
            return {**progress, **status, "state": "running"}
        if self.cancelled:
            return {**progress, **status, "state": "cancelled"}
        if exit_code == 0 and (self.folder / RESULT_FILE).exists():
            return {**progress, **status, "state": "done"}
        problems = read_json(self.folder / PROBLEMS_FILE) or [
            f"the job ended without a result ({exit_description(exit_code)})"
        ]
        return {**progress, **status, "state": "failed", "problems": problems}

    def cancel(self) -> None:
        """Kill the process and its child processes, and wait until it has ended."""
        if self.process.poll() is None:
            self.cancelled = True
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def read_json(path: Path) -> Any:
    """Content of a JSON file; None if the file does not exist."""
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None


def exit_description(exit_code: int) -> str:
    """Description of the exit code of a process."""
    if exit_code == -signal.SIGKILL:
        return "it was killed, possibly because memory ran out; use fewer futures"
    return f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"


class Jobs:
    """The jobs of all sessions; a session can access only its jobs. Folders are deleted when the server stops."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="octoplan-app-"))
        self.by_session: dict[str, dict[str, Job]] = {}

    def jobs_of_session(self, session: str) -> list[Job]:
        """The jobs of a session, oldest first."""
        return list(self.by_session.get(session, {}).values())

    def start(
        self, session: str, scenario: Scenario, kind: str, options: Mapping[str, Any], subject: Mapping[str, Any]
    ) -> Job:  # fmt: skip
        """Start a job of a session.

        Raises:
            JobError: The session has the maximum number of running jobs, or the process cannot be started.

        """
        jobs = self.by_session.setdefault(session, {})
        if sum(job.process.poll() is None for job in jobs.values()) >= MAX_RUNNING_JOBS:
            raise JobError(
                f"{MAX_RUNNING_JOBS} jobs are running in this browser, which is the maximum; cancel one or wait"
            )
        name = os.urandom(8).hex()
        folder = self.folder / name
        try:
            (folder / "scenario").mkdir(parents=True)
            for file, content in scenario.files.items():
                (folder / "scenario" / file).write_bytes(content)
            (folder / OPTIONS_FILE).write_text(json.dumps({"kind": kind, **options}), "utf-8")
            with (folder / LOG_FILE).open("wb") as log:
                process = subprocess.Popen(  # noqa: S603 (a module of the package, on a folder created above)
                    [sys.executable, "-m", "octoplan.app.work", str(folder)], stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL, stderr=log, start_new_session=True,
                )  # fmt: skip
        except OSError as error:
            raise JobError(f"the job cannot be started: {error.strerror or error}") from None
        jobs[name] = Job(name, kind, subject, folder, process)
        self.remove_old(jobs)
        return jobs[name]

    def remove_old(self, jobs: dict[str, Job]) -> None:
        """Delete the oldest finished jobs and their folders if there are more than ``MAX_STORED_JOBS``."""
        for job in [job for job in jobs.values() if job.process.poll() is not None][
            : max(0, len(jobs) - MAX_STORED_JOBS)
        ]:
            shutil.rmtree(job.folder, ignore_errors=True)
            del jobs[job.name]

    def find_job(self, session: str, name: str) -> Job | None:
        """The job of a session with the given name; None if the session has no such job."""
        return self.by_session.get(session, {}).get(name)

    def close(self) -> None:
        """Cancel every job and remove the folders."""
        for jobs in self.by_session.values():
            for job in jobs.values():
                job.cancel()
        shutil.rmtree(self.folder, ignore_errors=True)
