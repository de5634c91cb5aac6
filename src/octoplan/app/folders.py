"""A scenario folder as one zip file, in and out; what comes in is read, never run."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import PurePosixPath

from octoplan.errors import FolderError
from octoplan.scenario.files import (
    ASSUMPTIONS,
    CORRELATIONS,
    DECISIONS,
    GIVEN,
    PROGRAMME,
    RAIDS,
    SOURCES,
    STATE,
    WHAT_IF,
)  # fmt: skip
from octoplan.show.workbook import plain_workbook

LARGEST, UNPACKED, RATIO = 5_000_000, 20_000_000, 200
"""Bytes of a zip file, bytes of all it holds, and how many times smaller than its content it may be."""

KNOWN = (PROGRAMME, ASSUMPTIONS, DECISIONS, SOURCES, CORRELATIONS, RAIDS, GIVEN, WHAT_IF, STATE, "README.md")


def unpacked(data: bytes) -> dict[str, bytes]:
    """The files of a scenario folder by name. Raises FolderError for what is too large, hidden, linked or unknown."""
    if len(data) > LARGEST:
        raise FolderError(f"the file has {len(data):,} bytes; at most {LARGEST:,} are taken")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            faults = [fault for entry in entries if (fault := wrong(entry))]
            total = sum(entry.file_size for entry in entries)
            if swollen(total, len(data)):
                faults.append(f"it unpacks to {total:,} bytes; at most {UNPACKED:,} are taken, {RATIO} times its size")
            if faults:
                raise FolderError("; ".join(faults))
            return {PurePosixPath(entry.filename).name: content(archive, entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise FolderError(f"this is no zip file that can be read ({error}); zip the folder and try again") from None


def swollen(total: int, packed: int) -> bool:
    """True for a file that unpacks to more bytes than are taken."""
    return total > UNPACKED or total > RATIO * max(1, packed)


def brought(data: bytes) -> dict[str, bytes]:
    """The files of an upload: a zip of a scenario folder, or a workbook with a sheet for each file."""
    return from_workbook(data) if is_workbook(data) else unpacked(data)


def is_workbook(data: bytes) -> bool:
    """True for a zip file that says it is an Excel workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False


def from_workbook(data: bytes) -> dict[str, bytes]:
    """The files that the sheets of a workbook state: a CSV file cell by cell, any other a line a row.

    A formula is taken as the text it is, and refused by the check of its file. Raises FolderError for what is too
    large or no sheet of a scenario.
    """
    from openpyxl import load_workbook

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        total = sum(entry.file_size for entry in archive.infolist())
    if len(data) > LARGEST or swollen(total, len(data)):
        raise FolderError(f"the workbook unpacks to {total:,} bytes; at most {UNPACKED:,} are taken")
    try:
        book = load_workbook(io.BytesIO(data), read_only=True)
        sheets = {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:
        raise FolderError(f"this workbook cannot be read ({error}); save it anew as .xlsx") from None
    unknown = [name for name in sheets if name not in KNOWN]
    if unknown:
        raise FolderError(f"{', '.join(map(repr, unknown))}: no sheet of a scenario; there are {', '.join(KNOWN)}")
    return {name: written(name, rows).encode() for name, rows in sheets.items()}


def written(name: str, rows: Iterable[tuple[object, ...]]) -> str:
    """The text of a file that a sheet states."""
    if not name.endswith(".csv"):
        return "".join(f"{said(row[0]) if row else ''}\n" for row in rows)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([said(cell) for cell in row] for row in rows)
    return out.getvalue()


def said(cell: object) -> str:
    """A cell as it would be typed."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    text = str(cell)
    return text[1:] if text.startswith((" =", " +", " -", " @")) else text


def as_workbook(files: Mapping[str, bytes]) -> bytes:
    """The files as a workbook with a sheet for each; numbers are numbers, and no text is a formula."""
    sheets = {}
    for name, data in files.items():
        text = data.decode("utf-8-sig")
        lines = list(csv.reader(io.StringIO(text))) if name.endswith(".csv") else [[line] for line in text.splitlines()]
        wide = max(map(len, lines), default=1)
        filled = [[celled(cell, name) for cell in [*line, *[""] * (wide - len(line))]] for line in lines]
        sheets[name] = filled
    return plain_workbook(sheets)


def celled(text: str, name: str) -> str | float | int:
    """A cell of a file: a number where it is written as one and would be read back the same."""
    if name.endswith(".csv"):
        for kind in (int, float):
            try:
                value = kind(text)
            except ValueError:
                continue
            if said(value) == text:
                return value
    return text


def wrong(entry: zipfile.ZipInfo) -> str:
    """Why an entry is not taken; empty for a plain file of a scenario, at the top or in one folder."""
    path = PurePosixPath(entry.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in entry.filename or len(path.parts) > 2:
        return f"{entry.filename!r} lies outside a scenario folder"
    if (entry.external_attr >> 16) & 0o170000 == 0o120000:
        return f"{entry.filename!r} is a link"
    if path.name not in KNOWN:
        return f"{entry.filename!r} is no file of a scenario; there are {', '.join(KNOWN)}"
    return ""


def content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """An entry's bytes, as many as it declares."""
    with archive.open(entry) as file:
        found = file.read(entry.file_size + 1)
    if len(found) != entry.file_size:
        raise FolderError(f"{entry.filename!r} is larger than it says")
    return found


def packed(name: str, files: Mapping[str, bytes]) -> bytes:
    """The files as a zip file that holds one folder."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, data in files.items():
            archive.writestr(zipfile.ZipInfo(f"{name}/{file}"), data)
    return out.getvalue()
