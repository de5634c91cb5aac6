"""Reading of uploaded zip archives: sizes are limited, and the checksum of every member is verified."""

import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterable

from octoplan.errors import FolderError

MAX_ARCHIVE_BYTES, MAX_UNPACKED_BYTES, MAX_COMPRESSION_RATIO = 5_000_000, 20_000_000, 200
"""Maximum size of an archive and total size of its members, in bytes, and maximum compression ratio."""
MAX_MEMBERS = 2_000
"""Maximum number of members, folders included."""

ENCRYPTED_FLAG = 0x1
SYMLINK_TYPE, REGULAR_FILE_TYPE = 0o120000, 0o100000
"""Flag of an encrypted member, and Unix file types in the attributes of a member."""
ZIP_ERRORS = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, LookupError, OverflowError,
    struct.error, zlib.error, lzma.LZMAError, MemoryError,
)  # fmt: skip
"""Exceptions that the zip reader and the decompressors raise for damaged archives."""

END_OF_CENTRAL_DIRECTORY = struct.Struct("<4s4H2LH")
"""Layout of the record at the end of a zip archive, which declares the number of members."""


def read_members(data: bytes) -> dict[str, bytes]:
    """Read the members of a zip archive: content by name.

    Raises:
        FolderError: The archive is damaged, encrypted, too large, or has two members with the same name.

    """
    if len(data) > MAX_ARCHIVE_BYTES:
        raise FolderError(f"the file has {len(data):,} bytes; at most {MAX_ARCHIVE_BYTES:,} are accepted")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            problems = list(archive_problems(archive, data)) + list(entry_problems(archive.infolist()))
            if problems:
                raise FolderError(*problems[:20])
            return {entry.filename: read_member(archive, entry) for entry in entries}
    except ZIP_ERRORS as error:
        reason = str(error) or type(error).__name__
        raise FolderError(f"the file is not a zip archive that can be read ({reason}); zip the folder again") from None


def archive_problems(archive: zipfile.ZipFile, data: bytes) -> Iterable[str]:
    """Yield the problems of an archive as a whole: sizes above the limits, or a wrong number of members."""
    entries = archive.infolist()
    total = sum(entry.file_size for entry in entries)
    if total > MAX_UNPACKED_BYTES or total > MAX_COMPRESSION_RATIO * len(data):
        yield (
            f"the archive unpacks to {total:,} bytes; at most {MAX_UNPACKED_BYTES:,} bytes and "
            f"{MAX_COMPRESSION_RATIO} times the size of the archive are accepted"
        )
    if len(entries) > MAX_MEMBERS:
        yield f"the archive has {len(entries):,} members; at most {MAX_MEMBERS:,} are accepted"
    end = data.rfind(b"PK\5\6", 0, len(data) - END_OF_CENTRAL_DIRECTORY.size + 4)
    declared = END_OF_CENTRAL_DIRECTORY.unpack_from(data, end)[4] if end >= 0 else len(entries)
    if declared not in (len(entries), 0xFFFF):
        yield f"the archive declares {declared:,} members and has {len(entries):,}; the file is damaged"


def entry_problems(entries: Iterable[zipfile.ZipInfo]) -> Iterable[str]:
    """Yield the problems of single members: names that occur twice, links, encryption and damage."""
    names: set[str] = set()
    for entry in entries:
        name = entry.filename
        if name in names:
            yield f"{name!r} occurs twice in the archive"
        names.add(name)
        file_type = (entry.external_attr >> 16) & 0o170000
        if "\0" in entry.orig_filename:
            yield f"{entry.orig_filename!r} is not a file name"
        elif entry.is_dir():
            if entry.file_size or entry.compress_size > len(b"\3\0"):
                yield f"{name!r} is a folder with content; the file is damaged"
        elif file_type == SYMLINK_TYPE:
            yield f"{name!r} is a symbolic link, not a file"
        elif file_type not in (0, REGULAR_FILE_TYPE):
            yield f"{name!r} is not a regular file"
        elif entry.flag_bits & ENCRYPTED_FLAG:
            yield f"{name!r} is encrypted; zip the folder without a password"


def read_member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Read the content of a member. Raises FolderError if its size or checksum is wrong."""
    try:
        with archive.open(entry) as file:
            content = file.read(entry.file_size + 1)
    except ZIP_ERRORS as error:
        reason = str(error) or type(error).__name__
        raise FolderError(f"{entry.filename!r} is damaged ({reason}); zip the folder again") from None
    if len(content) != entry.file_size or zlib.crc32(content) != entry.CRC:
        raise FolderError(
            f"{entry.filename!r} does not have the size and checksum that the archive declares; zip the folder again"
        )
    return content
