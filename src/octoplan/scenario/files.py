"""The files of a scenario folder: their names, and reading them from disk as UTF-8 text."""

import difflib
from pathlib import Path
from stat import S_ISREG

from octoplan.scenario.report import Report

PROGRAMME = "programme.toml"
ASSUMPTIONS = "assumptions.csv"
DECISIONS = "decisions.toml"
SOURCES = "sources.csv"
CORRELATIONS = "correlations.csv"
RAID_COUNTS = "raids.csv"
RAID_FIT = "raids.toml"
WHAT_IF = "what-if.csv"
STATE = "state.csv"
OBSERVATIONS = "observations.csv"
POSTERIOR = "posterior.csv"
PRIOR = "prior.csv"
PRIOR_CORRELATIONS = "prior-correlations.csv"
DEFAULTS = "defaults"
"""Name, in the place of a file, of assumptions that have no row and therefore a default value."""

REQUIRED_FILES = (PROGRAMME, ASSUMPTIONS, DECISIONS, SOURCES)
OPTIONAL_FILES = (
    CORRELATIONS, RAID_COUNTS, RAID_FIT, WHAT_IF, STATE, OBSERVATIONS, POSTERIOR, PRIOR, PRIOR_CORRELATIONS,
)  # fmt: skip

MAX_BYTES = 4 * 2**20
"""Largest size of a file, twenty times that of a scenario with a thousand assumptions."""


def read_folder(folder: Path, report: Report) -> dict[str, bytes]:
    """Read the files of a scenario folder, as bytes by name.

    Files larger than ``MAX_BYTES`` and files that are not regular files are reported and not read. Other files whose
    names resemble that of a scenario file are reported.

    Raises:
        OSError: If the folder cannot be listed.

    """
    files: dict[str, bytes] = {}
    for name in REQUIRED_FILES + OPTIONAL_FILES:
        try:
            size = _size(folder / name)
            if size > MAX_BYTES:
                report.add(name, 0, f"has {size:,} bytes; the limit is {MAX_BYTES:,}")
                continue
            with (folder / name).open("rb") as file:
                files[name] = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            if name in REQUIRED_FILES:
                report.add(name, 0, "is missing; a scenario needs " + ", ".join(REQUIRED_FILES))
        except OSError as error:
            report.add(name, 0, f"cannot be read: {error.strerror or error}")
    for name in sorted(path.name for path in folder.iterdir()):
        similar_names = difflib.get_close_matches(name.lower(), REQUIRED_FILES + OPTIONAL_FILES, n=1, cutoff=0.85)
        if similar_names and name not in REQUIRED_FILES + OPTIONAL_FILES:
            report.add(name, 0, f"is not a scenario file; did you mean '{similar_names[0]}'? rename or remove it")
    return files


def _size(path: Path) -> int:
    status = path.stat()
    if not S_ISREG(status.st_mode):
        raise OSError(0, "it is not a regular file")
    return status.st_size


def decode(data: bytes) -> str:
    r"""Decode UTF-8 data, without byte order mark and with ``\n`` at the end of each line.

    All readers of scenario files use this function.

    Raises:
        UnicodeDecodeError: If the data are not UTF-8.

    >>> decode(b"\xef\xbb\xbfa,b\r\n1,2\r\n")
    'a,b\n1,2\n'

    """
    return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")


def utf8_text(name: str, data: bytes, report: Report) -> str | None:
    """The text of a file; None if it is empty or not UTF-8 text, which is reported."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        report.add(name, 1, "is UTF-16 text; save it as UTF-8")
        return None
    try:
        text = decode(data)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        report.add(name, line, f"byte 0x{data[error.start]:02x} is not UTF-8 text; save the file as UTF-8")
        return None
    if not text.strip():
        report.add(name, 1, "is empty")
        return None
    return text
