"""Read the rows of a CSV file: detect its encoding, compute its digest, parse its header, and log its problems."""

import codecs
import csv
import hashlib
import io
import os
import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from octoplan.errors import Problem, RecordError
from octoplan.raids.read.cells import INVALID, invalid_count_reason, invalid_date_reason, parse_count, parse_moment
from octoplan.raids.read.record import Correction
from octoplan.scenario.report import did_you_mean, quoted

MAX_ROWS = 20_000_000
"""Maximum number of rows of a table; the public record has about a thousand a year."""
MAX_LINE_LENGTH = 100_000
"""Maximum length of a line, in characters."""
MAX_PROBLEMS = 50
"""Maximum number of problems that are listed; further problems are only counted."""
MAX_EXAMPLES = 3
"""Maximum number of examples of each kind of correction."""
BLOCK_SIZE = 2**20
"""Number of bytes that are read at a time."""

Row = tuple[int, list[str]]
"""Number of the line on which a row begins, and the cells of the row."""
IntArray = NDArray[np.integer[Any]]


@dataclass
class ReadLog:
    """The problems and corrections of one file, collected while it is read.

    Args:
        path: Path of the file, as shown in messages.
        problems: The first ``MAX_PROBLEMS`` problems.
        unlisted_problems: Number of problems beyond this maximum.
        last_unlisted_line: Largest line number of these problems.

    """

    path: str
    problems: list[Problem] = field(default_factory=list)
    unlisted_problems: int = 0
    last_unlisted_line: int = 0
    _corrections: dict[str, tuple[int, dict[str, int]]] = field(default_factory=dict)

    def add_problem(self, line: int, message: str) -> None:
        """Record a problem; line 0 stands for the whole file."""
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(self.path, line, message))
        else:
            self.unlisted_problems += 1
            self.last_unlisted_line = max(self.last_unlisted_line, line)

    def add_correction(self, kind: str, line: int, detail: str = "", count: int = 1) -> None:
        """Count corrections of a kind; the first ``MAX_EXAMPLES`` with distinct details become its examples."""
        count_before, examples = self._corrections.get(kind, (0, {}))
        if len(examples) < MAX_EXAMPLES:
            examples.setdefault(detail, line)
        self._corrections[kind] = (count_before + count, examples)

    def corrections(self) -> tuple[Correction, ...]:
        """The corrections by kind, in the order of their first occurrence."""
        return tuple(
            Correction(kind, count, "; ".join(self._example(line, detail) for detail, line in examples.items()))
            for kind, (count, examples) in self._corrections.items()
        )

    def _example(self, line: int, detail: str) -> str:
        return f"{Path(self.path).name}{f':{line}' * bool(line)}{f': {detail}' * bool(detail)}"

    def raise_problems(self) -> None:
        """Raise RecordError with all problems reported so far, if there are any."""
        if self.unlisted_problems:
            self.problems.append(
                Problem(
                    self.path, self.last_unlisted_line, f"… and {self.unlisted_problems:,} more problems up to here"
                )
            )
            self.unlisted_problems = 0
        if self.problems:
            raise RecordError(self.problems)


@contextmanager
def open_plain_file(path: Path, log: ReadLog) -> Iterator[BinaryIO]:
    """Open a file for reading bytes, as a context manager.

    Raises:
        RecordError: The file cannot be opened or read, is not a plain file, or changed while it was read.

    """
    try:
        _check_plain(path)
        with path.open("rb") as file:
            status_before = os.fstat(file.fileno())
            yield file
            status_after = os.fstat(file.fileno())
            if (status_before.st_size, status_before.st_mtime_ns) != (status_after.st_size, status_after.st_mtime_ns):
                log.add_problem(0, "was changed while it was read; read it again")
    except OSError as error:
        log.add_problem(0, f"cannot be read: {error.strerror or error}")
    log.raise_problems()


def _check_plain(path: Path) -> None:
    if not S_ISREG(path.stat().st_mode):  # a pipe would block, a device may never end
        raise OSError(0, "it is not a plain file")


ARCHIVE_SIGNATURES = {b"PK\x03\x04": "a zip archive or a workbook", b"\x1f\x8b": "a gzip archive"}


def inspect_bytes(file: BinaryIO, log: ReadLog) -> tuple[str, str]:
    """SHA-256 digest of a file, in hex, and its encoding; the encoding is empty if the file is reported as not text."""
    digest, lines, crlf_ends, pending_cr = hashlib.sha256(), 0, 0, ""
    block = file.read(BLOCK_SIZE)
    encoding = _encoding_of_head(block, log)
    decoder = codecs.getincrementaldecoder(encoding or "latin-1")()
    failure, more = "", True
    while more:
        digest.update(block)
        more = bool(block)
        try:
            text = pending_cr + ("" if failure else decoder.decode(block, final=not more))
        except UnicodeDecodeError as error:
            failure = f"byte 0x{error.object[error.start]:02x} is not {encoding} text"
            lines += error.object.count(b"\n", 0, error.start)
        else:
            crlf_ends += text.count("\r\n")
            lines += text.count("\n")
            pending_cr = text[-1:] if text.endswith("\r") else ""
        block = file.read(BLOCK_SIZE)
    if failure and encoding == "utf-8" and _is_cyrillic_in_cp1251(file):
        encoding, failure = "cp1251", ""
        log.add_correction("text in the encoding cp1251 (Windows, Cyrillic)", 1)
    if failure:
        log.add_problem(lines + 1, f"{failure}; save the file as UTF-8")
    if crlf_ends:
        log.add_correction("lines that end in CR LF", 1, count=crlf_ends)
    return digest.hexdigest(), "" if failure else encoding


def _encoding_of_head(head: bytes, log: ReadLog) -> str:
    """Encoding of a file by its first bytes; empty if the bytes are reported as not text."""
    for signature, description in ARCHIVE_SIGNATURES.items():
        if head.startswith(signature):
            log.add_problem(0, f"is {description}; unpack it, or save the table as CSV, and name the CSV file")
            return ""
    if head.startswith(codecs.BOM_UTF8):
        log.add_correction("byte order mark", 1)
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not head.startswith(codecs.BOM_UTF32_LE):
        log.add_correction("text in the encoding UTF-16", 1)
        return "utf-16"
    if b"\0" not in head:
        return "utf-8"
    even, odd = head[:1024:2].count(0), head[1:1024:2].count(0)
    if bool(even) == bool(odd):
        log.add_problem(0, "is not text: it contains zero bytes; save the table as CSV in UTF-8")
        return ""
    log.add_correction("text in the encoding UTF-16", 1)
    return "utf-16-le" if odd else "utf-16-be"


def _is_cyrillic_in_cp1251(file: BinaryIO) -> bool:
    """Whether the text decoded as cp1251 has a Cyrillic word of two or more letters and no word of mixed alphabets."""
    file.seek(0)
    has_word = False
    text = io.TextIOWrapper(file, "cp1251")
    try:
        for line in iter(lambda: text.readline(MAX_LINE_LENGTH), ""):
            if line.isascii():
                continue
            for word in re.findall(r"[^\W\d_]+", line):
                cyrillic = sum("\u0400" <= letter <= "\u04ff" for letter in word)
                if not word.isascii() and cyrillic < len(word):
                    return False
                has_word |= cyrillic > 1
    except UnicodeDecodeError:
        return False
    finally:
        text.detach()
    return has_word


def read_rows(file: BinaryIO, encoding: str, log: ReadLog) -> Generator[Row]:
    """Yield the non-empty rows; reading stops at a row that is not valid CSV, which is reported."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    reader = csv.reader(_lines(text), strict=True)
    line, count = 1, 0
    try:
        for cells in reader:
            if any(cells):
                count += 1
                if count > MAX_ROWS + 1:
                    log.add_problem(line, f"has more than {MAX_ROWS:,} rows, the maximum")
                    return
                yield line, cells
            else:
                log.add_correction("blank lines, skipped", line)
            line = reader.line_num + 1
    except (csv.Error, UnicodeDecodeError) as error:
        log.add_problem(line, f"is not valid CSV: {error}; reading stopped at this line")
    finally:
        text.detach()


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(MAX_LINE_LENGTH):
        if len(line) == MAX_LINE_LENGTH and line[-1] not in "\r\n":
            raise csv.Error(f"a line has more than {MAX_LINE_LENGTH:,} characters")
        yield line


@dataclass(frozen=True)
class Header:
    """The header row of a table.

    Args:
        line: Line of the header in the file.
        names: Column names in lower case with words joined by underscores; an unnamed column before the last named one
            has an empty name.

    """

    line: int
    names: tuple[str, ...]

    @classmethod
    def parse(cls, row: Row, log: ReadLog) -> "Header":
        """Parse the header; columns without a name, as written by spreadsheets, are recorded as a correction."""
        line, cells = row
        names = [re.sub(r"[ _]+", "_", cell.strip().lower()) for cell in cells]
        if unnamed := names.count("") if any(names) else 0:
            log.add_correction("columns without a name, skipped where empty", line, count=unnamed)
        while names and not names[-1]:
            names.pop()
        return cls(line, tuple(names))

    def check(self, log: ReadLog, required: Iterable[str], optional: Iterable[str], *, strict: bool) -> None:
        """Check the column names of a header.

        Raises:
            RecordError: A column is missing or repeated or, if ``strict``, unknown.

        """
        expected = (*required, *optional)
        errors = [f"has no column '{name}'" for name in required if name not in self.names]
        for index, name in enumerate(self.names):
            if name in expected and name in self.names[:index]:
                errors.append(f"has the column '{name}' twice")
            elif strict and name and name not in expected:
                errors.append(f"has an unknown column {quoted(name)} ({did_you_mean(name, expected)})")
        if errors:
            log.add_problem(self.line, f"the header {'; '.join(errors[:6])}")
        log.raise_problems()

    def fits(self, log: ReadLog, line: int, cells: list[str]) -> bool:
        """Whether the cells of a row match the named columns; if not, the row is reported.

        Empty cells after the last named column are removed from ``cells``.
        """
        width = len(self.names)
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if len(cells) != width:
            remedy = "put cells that contain a comma in quotes" if len(cells) > width else "is the file cut off?"
            log.add_problem(line, f"has {len(cells)} cells, expected {width}; {remedy}")
            return False
        if "" in self.names:
            for name, cell in zip(self.names, cells, strict=True):
                if not name and cell.strip():
                    log.add_problem(
                        line, f"{quoted(cell)} is in a column without a name; name the column or remove the cell"
                    )
                    return False
        return True

    def report_invalid_counts(self, log: ReadLog, line: int, cells: list[str], columns: Iterable[int]) -> None:
        """Report the cells of a row that are not counts."""
        for column in columns:
            if parse_count(cells[column]) == INVALID:
                log.add_problem(
                    line, f"{self.names[column]}: {quoted(cells[column])} {invalid_count_reason(cells[column])}"
                )

    def report_invalid_times(self, log: ReadLog, line: int, cells: list[str], columns: Iterable[int]) -> None:
        """Report the cells of a row that are neither a date nor a date with a time of day."""
        for column in columns:
            if parse_moment(cells[column]) is None:
                reason = invalid_date_reason(cells[column]).replace("2025-01-31", "2025-01-31 07:30, or 2025-01-31")
                log.add_problem(line, f"{self.names[column]}: {quoted(cells[column])} {reason}")


@dataclass(frozen=True)
class Reports:
    """Reports of counts by day and class, in any order; each array has one element per report.

    Args:
        day: (n,) days since 1970-01-01.
        klass: (n,) index of the class in ``CLASSES``.
        launched: (n,) weapons, or MISSING.
        destroyed: (n,) weapons, or MISSING.
        lost: (n,) weapons, or MISSING.
        line: (n,) line of the file.

    """

    day: IntArray
    klass: IntArray
    launched: IntArray
    destroyed: IntArray
    lost: IntArray
    line: IntArray
