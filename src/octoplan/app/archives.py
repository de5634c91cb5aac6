"""Reading of uploaded zip archives: sizes are limited, and every member is checked against its checksum."""

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable

from octoplan.errors import FolderError

MAX_BYTES, MAX_UNPACKED, MAX_RATIO = 5_000_000, 20_000_000, 200
"""Maximum size of an archive and of its members together, in bytes, and maximum compression ratio."""
MAX_MEMBERS = 2_000

ENCRYPTED = 0x1
LINK, PLAIN_FILE = 0o120000, 0o100000
ZIP_ERRORS = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, LookupError, OverflowError,
    struct.error, zlib.error, lzma.LZMAError, MemoryError,
)  # fmt: skip
"""Exceptions of the zip reader and the decompressors for damaged archives."""

END_OF_DIRECTORY = struct.Struct("<4s4H2LH")


def members(data: bytes) -> dict[str, bytes]:
    """Content of the members of a zip archive by name.

    Raises:
        FolderError: The archive is damaged, encrypted, too large, or has two members with the same name.

    """
    if len(data) > MAX_BYTES:
        raise FolderError(f"the file has {len(data):,} bytes; at most {MAX_BYTES:,} are accepted")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            problems = list(archive_problems(archive, data)) + list(entry_problems(archive.infolist()))
            if problems:
                raise FolderError(*problems[:20])
            return {entry.filename: content(archive, entry) for entry in entries}
    except ZIP_ERRORS as error:
        reason = str(error) or type(error).__name__
        raise FolderError(f"the file is not a zip archive that can be read ({reason}); zip the folder again") from None


def archive_problems(archive: zipfile.ZipFile, data: bytes) -> Iterable[str]:
    """Problems of an archive as a whole: sizes beyond the limits, or a wrong number of members."""
    entries = archive.infolist()
    total = sum(entry.file_size for entry in entries)
    if total > MAX_UNPACKED or total > MAX_RATIO * len(data):
        yield f"it unpacks to {total:,} bytes; at most {MAX_UNPACKED:,} are accepted, and {MAX_RATIO} times its size"
    if len(entries) > MAX_MEMBERS:
        yield f"it has {len(entries):,} members; at most {MAX_MEMBERS:,} are accepted"
    end = data.rfind(b"PK\5\6", 0, len(data) - END_OF_DIRECTORY.size + 4)
    declared = END_OF_DIRECTORY.unpack_from(data, end)[4] if end >= 0 else len(entries)
    if declared not in (len(entries), 0xFFFF):
        yield f"it declares {declared:,} members and has {len(entries):,}; the file is damaged"


def entry_problems(entries: Iterable[zipfile.ZipInfo]) -> Iterable[str]:
    """Problems of members: names that occur twice, links, encryption, damage."""
    names: set[str] = set()
    for entry in entries:
        name = entry.filename
        if name in names:
            yield f"{name!r} occurs twice"
        names.add(name)
        kind = (entry.external_attr >> 16) & 0o170000
        if "\0" in entry.orig_filename:
            yield f"{entry.orig_filename!r} is not a file name"
        elif entry.is_dir():
            if entry.file_size or entry.compress_size > len(b"\3\0"):
                yield f"{name!r} is a folder with content; the file is damaged"
        elif kind == LINK:
            yield f"{name!r} is a link"
        elif kind not in (0, PLAIN_FILE):
            yield f"{name!r} is not a plain file"
        elif entry.flag_bits & ENCRYPTED:
            yield f"{name!r} is encrypted; zip the folder without a password"


def content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Content of a member. Raises FolderError if its size or checksum is wrong."""
    try:
        with archive.open(entry) as file:
            data = file.read(entry.file_size + 1)
    except ZIP_ERRORS as error:
        reason = str(error) or type(error).__name__
        raise FolderError(f"{entry.filename!r} is damaged ({reason}); zip the folder again") from None
    if len(data) != entry.file_size or zlib.crc32(data) != entry.CRC:
        raise FolderError(f"{entry.filename!r} does not have the size and checksum it declares; zip the folder again")
    return data
