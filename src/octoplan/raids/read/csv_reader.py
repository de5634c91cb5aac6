"""Bytes of a record to rows and cells: their encoding and digest, the line of each row, and what was found wrong."""

import codecs
import csv
import hashlib
import io
import os
import re
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Any, BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from octoplan.errors import Problem, RecordError
from octoplan.raids.read.record import Repair
from octoplan.scenario.files import did_you_mean, shown

MOST_ROWS = 20_000_000
"""The longest record that is read; the public one has some thousands of rows a year."""
MOST_IN_LINE = 100_000
MOST_LISTED = 50
MOST_SHOWN = 3
MOST_COUNT = 1_000_000
MOST_KEPT = 100_000
BLOCK = 2**20

MISSING, BAD = -1, -2
"""What stands in the place of a count that is not reported, and of a cell that is no count."""

Row = tuple[int, list[str]]
Whole = NDArray[np.integer[Any]]
T = TypeVar("T")


@dataclass
class Findings:
    """What is wrong with a file, and what was repaired in it, counted as it is met; ``place`` is the file's path."""

    place: str
    problems: list[Problem] = field(default_factory=list)
    more: int = 0
    last: int = 0
    repairs: dict[str, tuple[int, dict[str, int]]] = field(default_factory=dict)

    def fault(self, line: int, message: str) -> None:
        if len(self.problems) < MOST_LISTED:
            self.problems.append(Problem(self.place, line, message))
        else:
            self.more += 1
            self.last = max(self.last, line)

    def repair(self, kind: str, line: int, words: str = "", count: int = 1) -> None:
        """Count a repair; the first few with words of their own become its example."""
        before, examples = self.repairs.get(kind, (0, {}))
        if len(examples) < MOST_SHOWN:
            examples.setdefault(words, line)
        self.repairs[kind] = (before + count, examples)

    def repaired(self) -> tuple[Repair, ...]:
        return tuple(
            Repair(kind, count, "; ".join(self._where(line, words) for words, line in examples.items()))
            for kind, (count, examples) in self.repairs.items()
        )

    def _where(self, line: int, words: str) -> str:
        """A place in the file (line 0 where it has none), and what stands there."""
        return f"{Path(self.place).name}{f':{line}' * bool(line)}{f': {words}' * bool(words)}"

    def close(self) -> None:
        """Raise what has been found, if anything."""
        if self.more:
            self.problems.append(Problem(self.place, self.last, f"… and {self.more:,} more problems up to here"))
            self.more = 0
        if self.problems:
            raise RecordError(self.problems)


@contextmanager
def opened(path: Path, found: Findings) -> Iterator[BinaryIO]:
    """The file's bytes; raises RecordError where there are none to be had, or where they change while they are read."""
    try:
        _check_plain(path)
        with path.open("rb") as file:
            before = os.fstat(file.fileno())
            yield file
            after = os.fstat(file.fileno())
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                found.fault(0, "was changed while it was read; read it again")
    except OSError as error:
        found.fault(0, f"cannot be read: {error.strerror or error}")
    found.close()


def _check_plain(path: Path) -> None:
    if not S_ISREG(path.stat().st_mode):  # a pipe would be waited for, a device may never end
        raise OSError(0, "it is not a plain file")


ARCHIVES = {b"PK\x03\x04": "a zip archive or a workbook", b"\x1f\x8b": "a gzip archive"}


def survey(file: BinaryIO, found: Findings) -> tuple[str, str]:
    """SHA-256 of the bytes, and what they are text in; the encoding is empty after reporting that they are no text."""
    digest, lines, ends, carry = hashlib.sha256(), 0, 0, ""
    block = file.read(BLOCK)
    encoding = _guess(block, found)
    decoder = codecs.getincrementaldecoder(encoding or "latin-1")()
    fault, more = "", True
    while more:
        digest.update(block)
        more = bool(block)
        try:
            text = carry + ("" if fault else decoder.decode(block, final=not more))
        except UnicodeDecodeError as error:
            fault = f"byte 0x{error.object[error.start]:02x} is no {encoding} text"
            lines += error.object.count(b"\n", 0, error.start)
        else:
            ends += text.count("\r\n")
            lines += text.count("\n")
            carry = text[-1:] if text.endswith("\r") else ""
        block = file.read(BLOCK)
    if fault and encoding == "utf-8" and _cyrillic(file):
        encoding, fault = "cp1251", ""
        found.repair("text in the encoding cp1251 (Windows, Cyrillic)", 1)
    if fault:
        found.fault(lines + 1, f"{fault}; save the file as UTF-8")
    if ends:
        found.repair("lines that end in CR LF", 1, count=ends)
    return digest.hexdigest(), "" if fault else encoding


def _guess(head: bytes, found: Findings) -> str:
    """The encoding that the first bytes speak for; empty after reporting that they are no text."""
    for magic, words in ARCHIVES.items():
        if head.startswith(magic):
            found.fault(0, f"is {words}; unpack it, or save the table as CSV, and name the CSV file")
            return ""
    if head.startswith(codecs.BOM_UTF8):
        found.repair("byte order mark", 1)
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and not head.startswith(codecs.BOM_UTF32_LE):
        found.repair("text in the encoding UTF-16", 1)
        return "utf-16"
    if b"\0" not in head:
        return "utf-8"
    even, odd = head[:1024:2].count(0), head[1:1024:2].count(0)
    if bool(even) == bool(odd):
        found.fault(0, "is no text: it holds zero bytes; save the table as CSV in UTF-8")
        return ""
    found.repair("text in the encoding UTF-16", 1)
    return "utf-16-le" if odd else "utf-16-be"


def _cyrillic(file: BinaryIO) -> bool:
    """Whether bytes read as cp1251 give Cyrillic words: none that mixes alphabets, and one of two letters or more."""
    file.seek(0)
    seen = False
    text = io.TextIOWrapper(file, "cp1251")
    try:
        for line in iter(lambda: text.readline(MOST_IN_LINE), ""):
            if line.isascii():
                continue
            for word in re.findall(r"[^\W\d_]+", line):
                cyrillic = sum("\u0400" <= letter <= "\u04ff" for letter in word)
                if not word.isascii() and cyrillic < len(word):
                    return False
                seen |= cyrillic > 1
    except UnicodeDecodeError:
        return False
    finally:
        text.detach()
    return seen


def rows(file: BinaryIO, encoding: str, found: Findings) -> Generator[Row]:
    """The rows that hold anything, each with the line it begins on; stops after reporting what is no CSV."""
    file.seek(0)
    text = io.TextIOWrapper(file, encoding, newline="")
    reader = csv.reader(_lines(text), strict=True)
    line, count = 1, 0
    try:
        for cells in reader:
            if any(cells):
                count += 1
                if count > MOST_ROWS + 1:
                    found.fault(line, f"has more than {MOST_ROWS:,} rows; a record may have so many at the most")
                    return
                yield line, cells
            else:
                found.repair("blank lines, passed over", line)
            line = reader.line_num + 1
    except (csv.Error, UnicodeDecodeError) as error:
        found.fault(line, f"is not CSV here: {error}; nothing after it was read")
    finally:
        text.detach()


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    while line := text.readline(MOST_IN_LINE):
        if len(line) == MOST_IN_LINE and line[-1] not in "\r\n":
            raise csv.Error(f"a line has more than {MOST_IN_LINE:,} characters")
        yield line


@dataclass(frozen=True)
class Header:
    """The line of a header and its names, in small letters with underscores."""

    line: int
    names: tuple[str, ...]

    @classmethod
    def of(cls, line: int, cells: list[str]) -> "Header":
        return cls(line, tuple(re.sub(r"[ _]+", "_", cell.strip().lower()) for cell in cells))

    def check(self, found: Findings, required: Iterable[str], optional: Iterable[str], *, strict: bool) -> None:
        """Raise what the header lacks or has twice, and where strict what it has too much."""
        expected = (*required, *optional)
        faults = [f"has no column '{name}'" for name in required if name not in self.names]
        for place, name in enumerate(self.names):
            if name in expected and name in self.names[:place]:
                faults.append(f"has the column '{name}' twice")
            elif strict and name not in expected:
                faults.append(f"has an unknown column {shown(name)} ({did_you_mean(name, expected)})")
        if faults:
            found.fault(self.line, f"the header {'; '.join(faults[:6])}")
        found.close()

    def fits(self, found: Findings, line: int, cells: list[str]) -> bool:
        """Whether a row has as many cells as the header; reports one that has not."""
        if len(cells) == len(self.names):
            return True
        words = "put a cell that holds a comma in quotes" if len(cells) > len(self.names) else "is the file cut off?"
        found.fault(line, f"has {len(cells)} cells, expected {len(self.names)}; {words}")
        return False

    def no_counts(self, found: Findings, line: int, cells: list[str], places: Iterable[int]) -> None:
        """Report the cells of a row that are no counts."""
        for place in places:
            if count_of(cells[place]) == BAD:
                found.fault(line, f"{self.names[place]}: {shown(cells[place])} {why_no_count(cells[place])}")

    def no_times(self, found: Findings, line: int, cells: list[str], places: Iterable[int]) -> None:
        """Report the cells of a row that are no times."""
        for place in places:
            if moment_of(cells[place]) is None:
                words = "is no time; write it as 2025-01-31 07:30, or 2025-01-31"
                found.fault(line, f"{self.names[place]}: {shown(cells[place])} {words}")


class Remembered(dict[str, T]):
    """What a function makes of the texts that come again and again in a column."""

    def __init__(self, make: Callable[[str], T]) -> None:
        super().__init__()
        self.make = make

    def __missing__(self, text: str) -> T:
        if len(self) >= MOST_KEPT:  # a column of ever new texts must not fill the memory
            self.clear()
        made = self[text] = self.make(text)
        return made


NOTHING = {"", "nan", "na", "n/a", "none", "null"}
_COUNT = re.compile(r"([0-9]{1,7})(?:\.0*)?")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[ ,'\u00a0\u2009\u202f\u2019][0-9]{3})+(?:\.0*)?")
_DECIMAL = re.compile(r"[0-9]*[.,][0-9]+(?:e[+-]?[0-9]+)?", re.IGNORECASE)


def count_of(text: str) -> int:
    """A count; MISSING for an empty cell, BAD for what is none. Written as 93.0 where a table had empty cells."""
    text = text.strip()
    if found := _COUNT.fullmatch(text):
        return int(found[1]) if int(found[1]) <= MOST_COUNT else BAD
    return MISSING if text.lower() in NOTHING else BAD


def why_no_count(text: str) -> str:
    """What is wrong with a cell that is no count, and what would do."""
    text = text.strip()
    if text.startswith(("-", "\u2212")):
        return "is negative; a count is 0 or more"
    if _GROUPED.fullmatch(text):
        return "has a thousands separator; write the digits alone"
    if _DECIMAL.fullmatch(text):
        return "is no whole number; weapons are counted whole"
    if text.isdecimal():
        return f"is more than {MOST_COUNT:,}, the most that one row may hold"
    return "is no count; write a whole number, or leave the cell empty where none was reported"


Moment = tuple[int, bool]
"""Minutes since 1970 (to midnight where only a day is given), and whether there is a clock."""

_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(?::[0-5][0-9](?:\.[0-9]+)?)?")
_EPOCH = date(1970, 1, 1).toordinal()


def moment_of(text: str) -> Moment | None:
    """A day with or without its time; None for what is neither."""
    words = text.replace("T", " ", 1).split()
    day = _minutes_to(words[0]) if words else None
    minute = _minutes_of(words[1]) if len(words) == 2 else 0
    return None if day is None or minute is None or len(words) > 2 else (day + minute, len(words) == 2)


@lru_cache(maxsize=2**14)
def _minutes_to(day: str) -> int | None:
    if (found := _DATE.fullmatch(day)) is None:
        return None
    try:
        return 1440 * (date(int(found[1]), int(found[2]), int(found[3])).toordinal() - _EPOCH)
    except ValueError:
        return None


@lru_cache(maxsize=2**14)
def _minutes_of(clock: str) -> int | None:
    found = _CLOCK.fullmatch(clock)
    return None if found is None else 60 * int(found[1]) + int(found[2])


def day_of(text: str) -> int | None:
    """Days since 1970 of a date; None for what is none, or has a time of day."""
    moment = moment_of(text)
    return None if moment is None or moment[0] % 1440 else moment[0] // 1440


@dataclass(frozen=True)
class Reports:
    """Reports in any order, one element each: day since 1970, place of its class, counts (or MISSING), and line."""

    day: Whole
    klass: Whole
    launched: Whole
    destroyed: Whole
    lost: Whole
    line: Whole
