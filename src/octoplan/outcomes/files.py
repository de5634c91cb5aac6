"""Atomic writing of files and folders: a path holds the complete content or nothing."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from octoplan.errors import StoreError


def check_output_folder(path: Path) -> None:
    """Check that a path is available for output. Raises StoreError if it exists and is not an empty folder."""
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise StoreError(f"{path} exists and is not a folder; choose another path with --out")
    if path.is_dir() and any(path.iterdir()):
        raise StoreError(f"{path} exists and is not empty; remove it or choose another folder with --out")


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """A temporary folder that is renamed to the path when the block succeeds and removed when it fails.

    Raises StoreError if the path exists and is not an empty folder, before the block or when the folder is renamed.
    """
    check_output_folder(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o755)
        try:
            temporary.replace(path)
        except OSError as error:
            if path.is_symlink() or path.exists():
                raise StoreError(
                    f"{path} was created by another process during the run; remove it or choose another path with --out"
                ) from error
            raise
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        name_path(error, path)
        raise


def atomic_write(path: Path, content: str | bytes) -> None:
    """Write a file atomically: to a temporary file in the same folder, which is then renamed.

    Raises StoreError if the path is a folder.
    """
    if path.is_dir():
        raise StoreError(f"{path} is a folder; give the path of a file with --out")
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        name_path(error, path)
        raise


def name_path(error: BaseException, path: Path) -> None:
    """Name the path in an error of the operating system that names none, such as a full disk."""
    if isinstance(error, OSError) and error.filename is None and error.errno is not None:
        error.filename = str(path)
