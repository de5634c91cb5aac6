"""The exceptions of octoplan, all of them importable from ``octoplan``.

::

    OctoplanError
    ├── ScenarioError          a scenario folder that cannot be used; holds every problem with file and line
    │   └── RecordError        a record of raids that cannot be read
    ├── QuantityError          a figure or a unit that cannot be read (also a ValueError)
    ├── DistributionError      figures that no distribution of the stated kind has (also a ValueError)
    ├── FitError               a record that the raid process cannot be fitted to (also a ValueError)
    ├── FutureFailed           a future that could not be simulated to its end
    ├── RunError               a run that cannot be made, read or compared
    │   ├── Unfinished         a run stopped by a failed future
    │   ├── Incomparable       runs that did not meet the same raids, or differ in their unit of money
    │   ├── ClusterError       a run stopped by the loss of the cluster's workers
    │   └── StoreError         a folder that cannot hold, or does not hold, a run
    ├── PlanError              a plan that cannot be made (also a ValueError)
    ├── TableError             a table that a file format cannot hold
    ├── FolderError            an upload that is not a scenario folder
    ├── JobError               a job of the app that cannot be started
    └── RequestError           a request to the app that is refused, with its HTTP status

``except OctoplanError`` catches every error that comes from input. Signals that never leave their module are not part
of the tree.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One problem of a scenario: its file, its line (0 for the file as a whole), and the message."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        position = f"{self.file}:{self.line}" if self.line else self.file
        return f"{position}: {' '.join(self.message.split())}"


class OctoplanError(Exception):
    """Base class of the exceptions of octoplan."""


class ScenarioError(OctoplanError):
    """A scenario that cannot be used.

    Attributes:
        problems: Every problem of the folder, sorted by file and line. ``str()`` lists them, one on each line.

    """

    problems: tuple[Problem, ...]

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class RecordError(ScenarioError):
    """A record of raids that cannot be read, or lacks the period requested; reported like a scenario's problems."""


class QuantityError(OctoplanError, ValueError):
    """A figure or a unit that cannot be read; the message quotes it and says what is expected."""


class DistributionError(OctoplanError, ValueError):
    """Figures that no distribution of the stated kind has; the message says which and suggests a remedy."""


class FitError(OctoplanError, ValueError):
    """A record that the raid process cannot be fitted to."""


class FutureFailed(OctoplanError):
    """A future that could not be simulated to its end; ``future`` is its number."""

    def __init__(self, future: int, reason: str) -> None:
        super().__init__(future, reason)
        self.future, self.reason = future, reason

    def __str__(self) -> str:
        return f"future {self.future} failed: {self.reason}"


class RunError(OctoplanError):
    """A run that cannot be made, read or compared; the message is for the user."""


class Unfinished(RunError):
    """A run stopped because a future failed; ``future`` is its number."""

    def __init__(self, future: int, message: str) -> None:
        super().__init__(future, message)
        self.future, self.message = future, message

    def __str__(self) -> str:
        return self.message


class ClusterError(RunError):
    """A run stopped because the cluster lost its workers."""


class Incomparable(RunError):
    """Runs whose differences would mix chance with what was changed; the message says what differs."""


class StoreError(RunError):
    """A folder that cannot hold, or does not hold, a run."""


class PlanError(OctoplanError, ValueError):
    """A plan that cannot be made; the message says why and what would make it possible."""


class TableError(OctoplanError):
    """A table that a file format cannot hold; the message names sheet, row and column."""


class FolderError(OctoplanError):
    """An uploaded file that is not a scenario folder.

    Attributes:
        problems: The messages for the user.

    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "; ".join(self.problems)


class JobError(OctoplanError):
    """A job of the app that cannot be started; the message is for the user."""


class RequestError(OctoplanError):
    """A request to the app that is refused.

    Attributes:
        status: The HTTP status of the response.
        problems: The messages for the user.

    """

    def __init__(self, status: int, *problems: str) -> None:
        super().__init__(status, *problems)
        self.status, self.problems = status, problems

    def __str__(self) -> str:
        return "; ".join(self.problems)
