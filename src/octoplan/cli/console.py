"""Standard streams, messages, progress bars, checks of numbers and exit codes of all commands.

Exit codes, documented in ``docs/reference/cli.md``:

====  ===================================================================================================
0     the command did what was requested
1     the command could not finish: a future failed, memory or disk space ran out, or output was not printed
2     the request was refused: a wrong option, a scenario with errors, a path that cannot be read or written
130   the command was interrupted with Ctrl-C
====  ===================================================================================================
"""

import codecs
import errno
import io
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO, cast

from cyclopts import Parameter

from octoplan.errors import ClusterError, OctoplanError, RunError, ScenarioError, Unfinished

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.progress import Progress

EXIT_SUCCESS, EXIT_FAILED, EXIT_REFUSED, EXIT_INTERRUPTED = 0, 1, 2, 130

MAX_FUTURES, MAX_THREADS, MAX_SEED = 1_000_000, 1_024, 2**64 - 1

MIN_WIDTH, PIPE_WIDTH = 40, 120
"""Minimum width of tables, and width of tables printed to a file or pipe, in characters."""

RESOURCE_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.EFBIG}
"""System errors caused by a lack of resources, not by the request."""

SUBSTITUTES = {
    "±": "+/-", "×": "x", "∞": "inf", "√": "sqrt ", "–": "-", "—": "-", "…": "...", "’": "'", "→": "->", "≥": ">=",
    "≤": "<=",
}  # fmt: skip
"""Substitutes for characters that an encoding lacks; other characters are replaced by a question mark."""


ListOption = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=())]
"""Option of a command that takes several texts."""


def substitute_characters(error: UnicodeError) -> tuple[str, int]:
    """Handler of encoding errors that replaces characters by their ``SUBSTITUTES``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    characters = error.object[error.start : error.end]
    return "".join(SUBSTITUTES.get(character, "?") for character in characters), error.end


codecs.register_error("octoplan.substitute", substitute_characters)


class StandardStream:
    """Wrapper of standard output or standard error whose failures do not stop a command.

    Characters that the encoding lacks are substituted. When writing fails (a full disk, a reader that has closed its
    end), the remaining output is discarded and ``error`` holds the reason; the command continues and writes its files.
    """

    def __init__(self, stream: TextIO | None, name: str) -> None:
        if stream is None:  # the descriptor was closed before Python started
            stream = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115 (open until the process ends)
        self.stream, self.name = stream, name
        self.error: OSError | None = None
        self.errors = stream.errors
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="octoplan.substitute")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def write(self, text: str) -> int:
        if self.error is None:
            try:
                self.stream.write(text)
            except OSError as error:
                self.discard(error)
        return len(text)

    def flush(self) -> None:
        if self.error is None:
            try:
                self.stream.flush()
            except OSError as error:
                self.discard(error)

    def discard(self, error: OSError) -> None:
        """Redirect the remaining output to the null device, so that Python does not fail again at exit."""
        self.error = error
        with suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self.stream.fileno())
            os.close(null)

    def restore(self) -> TextIO:
        """Restore and return the original stream."""
        if isinstance(self.stream, io.TextIOWrapper):
            self.stream.reconfigure(errors=self.errors)
        return self.stream


@contextmanager
def standard_streams() -> Iterator[tuple[StandardStream, StandardStream]]:
    """Make ``sys.stdout`` and ``sys.stderr`` robust while a command runs."""
    output, errors = StandardStream(sys.stdout, "stdout"), StandardStream(sys.stderr, "stderr")
    sys.stdout, sys.stderr = cast("TextIO", output), cast("TextIO", errors)
    try:
        yield output, errors
    finally:
        output.flush()
        errors.flush()
        sys.stdout, sys.stderr = output.restore(), errors.restore()


def print_line(text: object) -> None:
    """Print a line on standard output and flush; markup is not interpreted."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def print_warning(text: object) -> None:
    """Print a line on standard error."""
    sys.stderr.write(f"{text}\n")


_written_paths: list[Path] = []


def record_written_path(path: Path) -> None:
    """Record that a file or folder was written, for the message of a command that fails later."""
    _written_paths.append(path)


@contextmanager
def resumable_folder(
    folder: Path, content: str, pattern: str = "*", *, final: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Create the folder of what a command simulates, and remove it at the end, but keep it if the command does not end.

    It is created before anything is simulated, so that a folder that cannot be written is an error at once.

    Args:
        folder: The folder.
        content: What the folder has, for the warning that it is kept.
        pattern: Pattern of the files that are worth keeping.
        final: Errors after which nothing is kept, because the same command would end with them again.

    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except final:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except BaseException:
        if any(folder.glob(pattern)):
            record_written_path(folder)
            print_warning(f"the same command continues from the {content} simulated so far")
        else:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def report_written(path: Path, message: str | None = None) -> None:
    """Record that a file or folder was written, and print a message."""
    record_written_path(path)
    print_line(f"wrote {path}" if message is None else message)


def clear_written_paths() -> None:
    """Clear the record of written files and folders before a command."""
    _written_paths.clear()


def written_clause() -> str:
    """A clause for messages that lists the files and folders written by the command."""
    return f"{', '.join(map(printable, _written_paths))} was written" if _written_paths else "nothing was written"


def printable(text: str | Path) -> str:
    """Text from the command line in valid Unicode; undecodable bytes are replaced."""
    return str(text).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def message_and_code(error: BaseException) -> tuple[str, int]:
    """Message and exit code for an exception that ended a command; an unexpected exception is raised again."""
    match error:
        case KeyboardInterrupt():
            return f"stopped; {written_clause()}", EXIT_INTERRUPTED
        case ScenarioError():
            count = len(error.problems)
            return f"{error}\n{count} {'problem' if count == 1 else 'problems'}", EXIT_REFUSED
        case Unfinished() | ClusterError():
            return f"{error}; {written_clause()}", EXIT_FAILED
        case OctoplanError():
            return str(error), EXIT_REFUSED
        case MemoryError():
            return f"not enough memory: simulate fewer futures or keep fewer tallies; {written_clause()}", EXIT_FAILED
        case OSError():
            text = f"{error.filename or 'octoplan'}: {error.strerror or error}"
            return (
                (f"{text}; {written_clause()}", EXIT_FAILED) if error.errno in RESOURCE_ERRORS else (text, EXIT_REFUSED)
            )
    raise error


def scenario_name(scenario: str) -> str:
    """Name of a scenario's folder, of its workbook without the suffix, or of the built-in scenario."""
    path = Path(scenario).resolve()
    return (path.stem if path.suffix.lower() == ".xlsx" else path.name) or "scenario"


def terminal(*, stderr: bool = False) -> "Console":
    """A rich console without interpretation of markup and emoji codes.

    Its width is that of the terminal or of the environment variable COLUMNS, but at least ``MIN_WIDTH``; if neither is
    known, it is ``PIPE_WIDTH``.
    """
    from rich.console import Console

    console = Console(stderr=stderr, markup=False, emoji=False, highlight=False)
    has_known_width = console.is_terminal or os.environ.get("COLUMNS", "").isdigit()
    console.width = max(console.width, MIN_WIDTH) if has_known_width else PIPE_WIDTH
    return console


def render(*parts: "RenderableType") -> None:
    """Print tables and paragraphs on standard output, wrapped to its width."""
    console = terminal()
    for part in parts:
        console.print(part)


def progress_bar(unit: str = "futures") -> "Progress":
    """A progress bar on standard error; ``unit`` names what is counted."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit, markup=False),
        TimeRemainingColumn(),
        console=terminal(stderr=True),
    )


def track(progress: "Progress", description: str) -> Callable[[int, int], None]:
    """Add a task to a progress bar, and return a callback that takes the number completed and the total."""
    task = progress.add_task(description, total=None)
    return lambda completed, total: progress.update(task, completed=completed, total=total)


class CompilationNotice(logging.Handler):
    """Prints one line on standard error when the first kernel is compiled."""

    printed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Print the line."""
        del record
        if not self.printed:
            self.printed = True
            print_warning("compiling the model once for this machine, about 15 s on two cores")


@contextmanager
def compilation_notice() -> Iterator[None]:
    """Print a line on a terminal when kernels are compiled while the context is active."""
    logger, notice = logging.getLogger("octoplan.campaign.compiled"), CompilationNotice()
    level = logger.level
    if sys.stderr.isatty():
        logger.addHandler(notice)
        logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(notice)
        logger.setLevel(level)


def check_number(option: str, value: float | None, low: float, high: float) -> None:
    """Check that the value of an option lies within bounds, inclusive, or is None. Raises RunError if it does not."""
    if value is not None and not low <= value <= high:
        raise RunError(f"{option} {value}: must be between {low:,} and {high:,}")


def check_simulation(futures: int, seed: int, threads: int | None = None, cluster: str | None = None) -> None:
    """Check the options of a simulation. Raises RunError if an option is invalid."""
    check_number("--futures", futures, 1, MAX_FUTURES)
    check_number("--seed", seed, 0, MAX_SEED)
    check_number("--threads", threads, 1, MAX_THREADS)
    if threads is not None and cluster is not None:
        raise RunError("--threads and --cluster cannot be combined; give only one of them")
