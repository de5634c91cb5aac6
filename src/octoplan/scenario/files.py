"""Reading the scenario folder: bytes to text, TOML and CSV, with the line of everything, and the report of problems."""

import csv
import difflib
import io
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from stat import S_ISREG
from typing import Any

from octoplan.errors import Problem, ScenarioError

PROGRAMME = "programme.toml"
ASSUMPTIONS = "assumptions.csv"
DECISIONS = "decisions.toml"
SOURCES = "sources.csv"
CORRELATIONS = "correlations.csv"
GIVEN = "raids.csv"
RAIDS = "raids.toml"
WHAT_IF = "what-if.csv"
STATE = "state.csv"

REQUIRED = (PROGRAMME, ASSUMPTIONS, DECISIONS, SOURCES)
OPTIONAL = (CORRELATIONS, GIVEN, RAIDS, WHAT_IF, STATE)

MOST_BYTES = 4 * 2**20
"""The largest file that is read; a scenario of a thousand rows is a twentieth of it."""
MOST_ROWS = 20_000
MOST_DEPTH = 8
MOST_IN_LINE = 10_000

Keys = tuple[str, ...]


@dataclass
class Report:
    """Collects the problems and warnings of one folder, so that all are listed at once."""

    folder: str
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def place(self, file: str) -> str:
        return str(Path(self.folder, file))

    def add(self, file: str, line: int, message: str) -> None:
        self.problems.append(Problem(self.place(file), line, message))

    def warn(self, file: str, line: int, message: str) -> None:
        self.warnings.append(Problem(self.place(file), line, message))

    def close(self) -> None:
        """Raise what has been collected, if anything."""
        if self.problems:
            raise ScenarioError(self.problems)


def shown(value: object, most: int = 60) -> str:
    """A value as it is quoted in a message: on one line, and cut when long."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 4]}...{text[-1]}"


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """The end of a message about an unknown word: the nearest known one, or what is known."""
    words = list(known)
    near = difflib.get_close_matches(str(word)[:100], words, n=1)
    if near:
        return f"did you mean '{near[0]}'?"
    if not words:
        return "none is declared"
    return f"known: {', '.join(words[:12])}{', ...' if len(words) > 12 else ''}"


def read_folder(folder: Path, report: Report) -> dict[str, bytes]:
    """The files of a scenario exactly as they are on disk, those that can be read.

    Sizes are looked at before anything is read: a file above ``MOST_BYTES``, or one that is not a plain file, is
    refused. A file whose name is nearly that of a scenario's file is refused too, rather than passed over.
    """
    found: dict[str, bytes] = {}
    for name in REQUIRED + OPTIONAL:
        try:
            size = _size(folder / name)
            if size > MOST_BYTES:
                report.add(name, 0, f"has {size:,} bytes; a file of a scenario may have {MOST_BYTES:,} at the most")
                continue
            with (folder / name).open("rb") as file:
                found[name] = file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            if name in REQUIRED:
                report.add(name, 0, "is missing; a scenario needs " + ", ".join(REQUIRED))
        except OSError as error:
            report.add(name, 0, f"cannot be read: {error.strerror or error}")
    for name in sorted(path.name for path in folder.iterdir()):
        near = difflib.get_close_matches(name.lower(), REQUIRED + OPTIONAL, n=1, cutoff=0.85)
        if near and name not in REQUIRED + OPTIONAL:
            report.add(name, 0, f"is not a file of a scenario; did you mean '{near[0]}'? rename or remove it")
    return found


def _size(path: Path) -> int:
    status = path.stat()
    if not S_ISREG(status.st_mode):
        raise OSError(0, "it is not a plain file")
    return status.st_size


def text_of(name: str, data: bytes, report: Report) -> str | None:
    """The text of a UTF-8 file, with or without byte order mark; ``None`` after reporting why there is none."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        report.add(name, 1, "is UTF-16 text; save it as UTF-8")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        report.add(name, line, f"byte 0x{data[error.start]:02x} is not UTF-8 text; save the file as UTF-8")
        return None
    if not text.strip():
        report.add(name, 1, "is empty")
        return None
    return text


@dataclass(frozen=True)
class Toml:
    """A TOML file: its tree and the line of every key."""

    tree: dict[str, Any]
    lines: Mapping[Keys, int]

    def line(self, *path: object) -> int:
        """The line of a key, or of the nearest table above it."""
        keys = tuple(map(str, path))
        for length in range(len(keys), 0, -1):
            if keys[:length] in self.lines:
                return self.lines[keys[:length]]
        return 1


def read_toml(name: str, text: str, report: Report) -> Toml | None:
    """A TOML file with its lines; ``None`` after reporting why it cannot be read."""
    text = text.replace("\r\n", "\n")
    if odd := _unreadable(text):
        report.add(name, *odd)
        return None
    try:
        tree, lines = _parsed(text)
    except RecursionError:
        report.add(name, 1, "is nested too deeply")
        return None
    except ValueError as error:
        found = re.search(r" \(at line (\d+), column (\d+)\)$", str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        words = str(error)[: found.start()] if found else re.sub(r" \(at end of document\)$", "", str(error))
        report.add(name, line, f"is not TOML here: {words}")
        return None
    if _depth(tree) > MOST_DEPTH:
        report.add(name, 1, "is nested too deeply")
        return None
    return Toml(tree, lines)


@lru_cache(maxsize=16)
def _parsed(text: str) -> tuple[dict[str, Any], Mapping[Keys, int]]:
    """The tree and lines of a TOML text; readers leave both as they are, and most files stay while one is changed."""
    return tomllib.loads(text), locate(text)


_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*"""
_LONG_KEY = re.compile(rf"^[ \t\[]*(?:{_PART}){{{MOST_DEPTH}}}|[{{,][ \t]*(?:{_PART}){{{MOST_DEPTH}}}", re.MULTILINE)


def _unreadable(text: str) -> tuple[int, str] | None:
    """The line of text that no parser should be given, and why: its time grows with the square of their length."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > MOST_IN_LINE:
            return number, f"the line has {len(line):,} characters; one may have {MOST_IN_LINE:,} at the most"
    found = _LONG_KEY.search(text)
    return (text.count("\n", 0, found.start()) + 1, "is nested too deeply") if found else None


def _depth(tree: object) -> int:
    level: list[object] = [tree]
    for depth in range(MOST_DEPTH + 2):
        nested = [item for item in level if isinstance(item, dict | list)]
        if not nested:
            return depth
        level = [value for item in nested for value in (item.values() if isinstance(item, dict) else item)]
    return MOST_DEPTH + 2


_KEY = re.compile(r"""\s*(?:([A-Za-z0-9_-]+)|"((?:\\.|[^"\\])*)"|'([^']*)')[ \t]*(\.?)""")
_TOKEN = re.compile(
    r"""\"{3}(?:\\.|[^\\])*?\"{3,5}|'{3}.*?'{3,5}|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|\#[^\n]*|.""",
    re.DOTALL,
)


def locate(text: str) -> dict[Keys, int]:
    """The line of every table and key of a valid TOML text; an inline table counts as one value."""
    lines: dict[Keys, int] = {}
    table: Keys = ()
    position, line = 0, 1
    while position < len(text):
        sign = text[position]
        if sign in " \t\r\n":
            line += sign == "\n"
            position += 1
        elif sign == "#":
            position = (text + "\n").index("\n", position)
        elif sign == "[":
            table, position = _keys(text, position + (2 if text.startswith("[[", position) else 1))
            for length in range(1, len(table) + 1):
                lines.setdefault(table[:length], line)
            position = (text + "\n").index("\n", position)
        else:
            keys, position = _keys(text, position)
            for length in range(1, len(keys) + 1):
                lines.setdefault(table + keys[:length], line)
            end = _value_end(text, position)
            line += text.count("\n", position, end)
            position = end
    return lines


def _keys(text: str, position: int) -> tuple[Keys, int]:
    keys: list[str] = []
    while found := _KEY.match(text, position):
        keys.append(next(part for part in found.groups()[:3] if part is not None))
        position = found.end()
        if not found[4]:
            break
    return tuple(keys), position


def _value_end(text: str, position: int) -> int:
    depth = 0
    for token in _TOKEN.finditer(text, position):
        if token[0] in ("[", "{"):
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
        elif token[0] == "\n" and depth <= 0:
            return token.start()
    return len(text)


@dataclass(frozen=True)
class Row:
    """One row of a table: the line it begins on, its cells by column, and its file."""

    line: int
    cells: Mapping[str, str]
    file: str

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


def read_csv(name: str, text: str, columns: tuple[str, ...], report: Report) -> list[Row] | None:
    """The rows of a CSV file whose header has exactly the columns, in any order; blank rows are passed over.

    ``None`` after reporting that the file as a whole cannot be used; a single bad row is reported and left out.
    """
    rows: list[Row] = []
    header: list[str] | None = None
    for line, cells in _records(name, text, report):
        if not any(cells):
            continue
        if header is None:
            header = cells
            if not _header_holds(name, line, header, columns, report):
                return None
        elif len(rows) == MOST_ROWS:
            report.add(name, line, f"has more than {MOST_ROWS:,} rows; a scenario may have so many at the most")
            return None
        elif len(cells) != len(header):
            report.add(
                name,
                line,
                f"has {len(cells)} cells, expected {len(header)}; put a cell that holds a comma in quotes",
            )
        elif bad := next((cell for cell in cells if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", cell)), None):
            report.add(name, line, f"{shown(bad)} holds a control character; remove it")
        else:
            rows.append(Row(line, dict(zip(header, cells, strict=True)), name))
    if header is None:
        report.add(name, 1, "has no header; expected " + ",".join(columns))
        return None
    return rows


LONGEST_CELL = 131_072
"""What Python's reader takes unless something in the process has told it otherwise."""


def _records(name: str, text: str, report: Report) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(re.sub("\r\n?", "\n", text)), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            report.add(name, line, f"is not CSV here: {error}")
            return
        if any(len(cell) > LONGEST_CELL for cell in cells):
            report.add(name, line, f"is not CSV here: a cell has more than {LONGEST_CELL:,} characters")
            return
        yield line, [cell.strip() for cell in cells]


def _header_holds(name: str, line: int, header: list[str], columns: tuple[str, ...], report: Report) -> bool:
    expected = ",".join(columns)
    if len(header) == 1 and any(sign in header[0] for sign in ";\t"):
        report.add(name, line, f"cells are not parted by commas; expected the header {expected}")
        return False
    faults = [f"has no column '{column}'" for column in columns if column not in header]
    for index, column in enumerate(header):
        if column not in columns:
            faults.append(f"has an unknown column {shown(column)}")
        elif column in header[:index]:
            faults.append(f"has the column '{column}' twice")
    if faults:
        report.add(name, line, f"the header {'; '.join(faults[:6])}; expected {expected}")
    return not faults
