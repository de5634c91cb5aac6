"""Arrays in a file that begins with a checksum, so that a file that is damaged or has other inputs is noticed."""

from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octoplan.outcomes.files import atomic_write


def checksum(identity: bytes, content: bytes) -> bytes:
    """SHA-256 of the identity of what determines the arrays and of the content of a file, with which it begins."""
    return sha256(identity + content).digest()


def write_arrays(path: Path, identity: bytes, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays by name atomically: a checksum, then an ``npz`` archive."""
    archive = BytesIO()
    np.savez(archive, allow_pickle=False, **arrays)
    content = archive.getvalue()
    atomic_write(path, checksum(identity, content) + content)


def read_arrays(path: Path, identity: bytes) -> dict[str, NDArray[Any]] | None:
    """The arrays of a file by name; None if there is no file, or if it is damaged or of another identity."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    content = data[sha256().digest_size :]
    if data != checksum(identity, content) + content:
        return None
    with np.load(BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)
