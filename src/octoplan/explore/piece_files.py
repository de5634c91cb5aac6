"""Results of evaluations on disk, so that an interrupted exploration goes on where it stopped."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from octoplan.outcomes.checked_arrays import read_arrays, write_arrays
from octoplan.scenario.arrays import Floats, Ints

SUFFIX = ".piece"
"""Suffix of the files of pieces."""


class Piece(NamedTuple):
    """Results of consecutive futures.

    measures
        (futures, measures) values of all measures; ``nan`` for failed futures.
    totals, without
        (futures, 4) units, leakers, damage and spend with the programme, and without it.
    status
        (futures,) 0 if the future was completed.
    """

    measures: Floats
    totals: Floats
    without: Floats
    status: Ints


@dataclass(frozen=True)
class PieceFiles:
    """Pieces as files of a folder; the name of a file is the digest of all that determines its results.

    Attributes:
        folder: The folder, which is created when the first piece is written.

    """

    folder: Path

    def path(self, digest: bytes) -> Path:
        """Path of the piece with a digest."""
        return self.folder / f"{digest.hex()[:32]}{SUFFIX}"

    def read(self, digest: bytes) -> Piece | None:
        """The piece with a digest; None if there is none or its file is damaged."""
        arrays = read_arrays(self.path(digest), digest)
        return None if arrays is None else Piece(**arrays)

    def write(self, digest: bytes, piece: Piece) -> None:
        """Write a piece atomically."""
        write_arrays(self.path(digest), digest, piece._asdict())


def content_digest(*values: Any) -> bytes:
    """SHA-256 of values: numbers, text, bytes, arrays, and mappings and sequences of these.

    >>> content_digest(np.arange(3), {"a": 1}) == content_digest(np.arange(3), {"a": 1})
    True
    >>> content_digest(("a", "b")) == content_digest(("ab",))
    False
    """
    digest = sha256()
    add_content(digest, values)
    return digest.digest()


def add_content(digest: Any, value: Any) -> None:
    """Add a value to a hash, each with its type and length, so that different values have different contents."""
    if isinstance(value, np.ndarray):
        content = repr((value.shape, np.lib.format.dtype_to_descr(value.dtype))).encode()
        digest.update(b"array %d " % len(content) + content)
        digest.update(np.ascontiguousarray(value).tobytes())
    elif isinstance(value, Mapping):
        add_content(digest, [item for pair in value.items() for item in pair])
    elif isinstance(value, list | tuple):
        digest.update(b"sequence %d " % len(value))
        for item in value:
            add_content(digest, item)
    elif isinstance(value, bytes | str | bool | int | float):
        content = value if isinstance(value, bytes) else repr(value).encode()
        digest.update(f"{type(value).__name__} {len(content)} ".encode() + content)
    else:
        raise TypeError(f"a value of type {type(value).__name__} has no digest")
