"""The exceptions of octoplan, all of them importable from ``octoplan``.

::

    OctoplanError
    ├── ScenarioError          a scenario with errors; lists every problem with file and line
    │   └── RecordError        a record of raids that cannot be read
    ├── QuantityError          a number or a unit that cannot be read (also a ValueError)
    ├── DistributionError      parameters that do not define a distribution of the kind (also a ValueError)
    ├── FitError               a record to which the raid process cannot be fitted (also a ValueError)
    ├── FutureFailed           a future that could not be completed
    ├── RunError               a run that cannot be simulated, read or compared
    │   ├── Unfinished         a run stopped by a failed future
    │   ├── Incomparable       runs with different raids or units of money
    │   ├── ClusterError       a run stopped by the loss of the cluster's workers
    │   └── StoreError         a folder or file that cannot be written, or is not a run
    ├── PlanError              a plan that cannot be computed (also a ValueError)
    ├── CalibrationError       observations to which a scenario cannot be calibrated (also a ValueError)
    ├── TableError             a table that exceeds the limits of a file format
    ├── FolderError            an upload that is not a valid scenario folder
    ├── JobError               a job of the app that cannot be started
    └── RequestError           an invalid request to the app, with its HTTP status

``except OctoplanError`` catches every error caused by input. Exceptions that are used within one module only are not
listed.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """One problem of a scenario: file, line (0 if it concerns the whole file) and message."""

    file: str
    line: int
    message: str

    def __str__(self) -> str:
        position = f"{self.file}:{self.line}" if self.line else self.file
        return f"{position}: {' '.join(self.message.split())}"


@dataclass(frozen=True, order=True)
class CellProblem(Problem):
    """A problem of a cell of a workbook: ``file`` ends with the name of the sheet, ``line`` is the row of the cell.

    ``column`` has the letters of the column. ``line`` is 0 if the problem concerns the whole sheet.
    """

    column: str = "A"

    def __str__(self) -> str:
        address = f"{self.file}!{self.column}{self.line}" if self.line else self.file
        return f"{address}: {' '.join(self.message.split())}"


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
    """A record of raids that cannot be read or lacks the requested period; the error lists every problem."""


class QuantityError(OctoplanError, ValueError):
    """A number or a unit that cannot be read; the message quotes the text and states what is expected."""


class DistributionError(OctoplanError, ValueError):
    """Parameters that do not define a distribution of the stated kind; the message suggests a remedy."""


class FitError(OctoplanError, ValueError):
    """A record to which the raid process cannot be fitted."""


class FutureFailed(OctoplanError):
    """A future that could not be completed; ``future`` is its number."""

    def __init__(self, future: int, reason: str) -> None:
        super().__init__(future, reason)
        self.future, self.reason = future, reason

    def __str__(self) -> str:
        return f"future {self.future} failed: {self.reason}"


class RunError(OctoplanError):
    """A run that cannot be simulated, read or compared."""


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
    """Runs that cannot be compared because their raids or units of money differ; the message lists the differences."""


class StoreError(RunError):
    """A folder or file that cannot be written, or a folder that is not a complete run."""


class PlanError(OctoplanError, ValueError):
    """A plan that cannot be computed; the message states the reason and a remedy."""


class CalibrationError(OctoplanError, ValueError):
    """Observations to which a scenario cannot be calibrated; the message states the reason and a remedy."""


class TableError(OctoplanError):
    """A table that exceeds the limits of a file format; the message names sheet, row and column."""


class FolderError(OctoplanError):
    """An uploaded file that is not a valid scenario folder.

    Attributes:
        problems: Messages for the user.

    """

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        return "; ".join(self.problems)


class JobError(OctoplanError):
    """A job of the app that cannot be started."""


class RequestError(OctoplanError):
    """An invalid request to the app.

    Attributes:
        status: The HTTP status of the response.
        problems: The messages for the user.

    """

    def __init__(self, status: int, *problems: str) -> None:
        super().__init__(status, *problems)
        self.status, self.problems = status, problems

    def __str__(self) -> str:
        return "; ".join(self.problems)
