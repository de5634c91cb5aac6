"""Files and folders written whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from octoplan.errors import StoreError


def check_unused(path: Path) -> None:
    """Raise StoreError unless a folder can be written at the path: nothing is there, or an empty folder."""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise StoreError(f"{path} exists and is no folder; name another with --out")
    if path.is_dir() and any(path.iterdir()):
        raise StoreError(f"{path} exists and is not empty; remove it or name another with --out")


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """A temporary folder that is renamed to the path when the block succeeds and removed when it fails.

    Raises StoreError where the path is in use, before the block or when it is renamed.
    """
    check_unused(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield part
        part.chmod(0o755)
        try:
            part.replace(path)
        except OSError as error:
            if path.is_symlink() or path.exists():
                raise StoreError(
                    f"{path} was taken meanwhile by another process; remove it or name another with --out"
                ) from error
            raise
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def atomic_write(path: Path, content: str | bytes) -> None:
    """Write a temporary file in the same folder and rename it, so that no reader sees an incomplete file.

    Raises StoreError where the path is a folder.
    """
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name a file with --out")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        part.chmod(0o644)
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
