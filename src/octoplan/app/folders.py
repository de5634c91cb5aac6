"""A scenario folder as one zip file, in and out; what comes in is read, never run."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath

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

LARGEST, UNPACKED, RATIO = 5_000_000, 20_000_000, 200
"""Bytes of a zip file, bytes of all it holds, and how many times smaller than its content it may be."""

KNOWN = (PROGRAMME, ASSUMPTIONS, DECISIONS, SOURCES, CORRELATIONS, RAIDS, GIVEN, WHAT_IF, STATE, "README.md")


class FolderError(Exception):
    """A zip file that is no scenario folder, in words for its user."""


def unpacked(data: bytes) -> dict[str, bytes]:
    """The files of a scenario folder by name. Raises FolderError for what is too large, hidden, linked or unknown."""
    if len(data) > LARGEST:
        raise FolderError(f"the file has {len(data):,} bytes; at most {LARGEST:,} are taken")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            faults = [fault for entry in entries if (fault := wrong(entry))]
            total = sum(entry.file_size for entry in entries)
            if total > UNPACKED or total > RATIO * max(1, len(data)):
                faults.append(f"it unpacks to {total:,} bytes; at most {UNPACKED:,} are taken, {RATIO} times its size")
            if faults:
                raise FolderError("; ".join(faults))
            return {PurePosixPath(entry.filename).name: content(archive, entry) for entry in entries}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise FolderError(f"this is no zip file that can be read ({error}); zip the folder and try again") from None


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
