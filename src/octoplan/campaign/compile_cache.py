"""Compiled kernels on disk: machine code is kept as long as nothing it was compiled from changes.

The key of a kernel is a hash of its bytecode and that of all kernels it calls, directly or not, with the constants and
structures they use, the versions of Python, numba, llvmlite and numpy, the types of its arguments and the processor.
Comments, docstrings, line numbers, names of local variables and the modules around the kernels are not part of it.
"""

import hashlib
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from inspect import Parameter, signature
from pathlib import Path
from pickle import UnpicklingError, loads
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any
from uuid import uuid4

from numba.core.compiler import CompileResult
from numba.core.serialize import dumps

LOGGER = logging.getLogger(__name__)
OWNER_ONLY = 0o700


def is_writable(folder: Path) -> bool:
    """Whether files can be written to a folder, made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def candidate_folders() -> Iterator[Path]:
    """Folders for compiled kernels, by preference; without a home directory the user's cache is left out."""
    if folder := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(folder)
    if folder := os.environ.get("XDG_CACHE_HOME"):
        yield Path(folder) / "octoplan"
    with suppress(RuntimeError):
        yield Path.home() / ".cache" / "octoplan"


def temporary_folder() -> Path | None:
    """A folder of this user alone among the temporary files, or None: code that another user wrote is never loaded."""
    owner = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    folder = Path(tempfile.gettempdir()) / f"octoplan-{owner}"
    try:
        folder.mkdir(mode=OWNER_ONLY, exist_ok=True)
        status = folder.lstat()
    except OSError:
        return None
    foreign = hasattr(os, "getuid") and (folder.is_symlink() or status.st_uid != owner or status.st_mode & 0o022)
    return folder if not foreign and is_writable(folder) else None


@cache
def cache_folder() -> Path | None:
    """The folder of compiled kernels; None, and a line on standard error, if no folder can be written to."""
    folder = next(filter(is_writable, candidate_folders()), None) or temporary_folder()
    if folder is None:
        LOGGER.warning(
            "no folder can be written to: compiled kernels are not kept, and every start compiles them again"
        )
    return folder


def hashed_parts(value: Any) -> Iterator[bytes]:
    """What a value that kernels use consists of: bytecode, constants, fields."""
    if isinstance(value, CodeType):
        documented = value.co_consts[:1] and isinstance(value.co_consts[0], str)
        constants = value.co_consts[1:] if documented else value.co_consts
        yield value.co_code + repr((value.co_names, value.co_argcount)).encode()
        for constant in constants:
            yield from hashed_parts(constant)
    elif isinstance(value, type):
        fields = getattr(value, "__annotations__", {})
        yield repr((value.__name__, list(fields))).encode()
    else:
        yield repr(value).encode()


def python_function(value: Any) -> Any:
    """The Python function of a kernel or an intrinsic; anything else as it is."""
    return getattr(value, "py_func", None) or getattr(value, "_defn", None) or value


def referenced_names(code: CodeType) -> Iterator[str]:
    """The names that a function and those inside it refer to."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from referenced_names(constant)


def referenced_values(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """What a function refers to by name: globals, members of this project's modules, and cells of its closure."""
    names = sorted(set(referenced_names(function.__code__)))
    for name in names:
        value = function.__globals__.get(name)
        if isinstance(value, ModuleType):
            if value.__name__.partition(".")[0] == __name__.partition(".")[0]:
                yield from ((member, vars(value)[member]) for member in names if member in vars(value))
        elif name in function.__globals__ and not isinstance(value, BuiltinFunctionType):
            yield name, value
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        yield name, cell.cell_contents


def source_hash(function: Callable[..., Any]) -> str:
    """Hash of everything that a kernel is compiled from."""
    total = hashlib.sha256(repr((sys.version, *map(version, ("numba", "llvmlite", "numpy")))).encode())
    waiting: list[Any] = [function]
    known: set[int] = set()
    while waiting:
        current = waiting.pop()
        if id(current) in known:
            continue
        known.add(id(current))
        total.update(repr((current.__qualname__, default_values(current))).encode())
        for part in hashed_parts(current.__code__):
            total.update(part)
        for name, value in referenced_values(current):
            inner = python_function(value)
            total.update(repr((name, sorted(getattr(value, "targetoptions", {}).items()))).encode())
            if isinstance(inner, FunctionType):
                waiting.append(inner)
            else:
                for part in hashed_parts(inner):
                    total.update(part)
    return total.hexdigest()


def default_values(function: FunctionType) -> tuple[tuple[str, str], ...]:
    """The default values of a function's parameters."""
    parameters = signature(function).parameters.items()
    return tuple((name, repr(p.default)) for name, p in parameters if p.default is not Parameter.empty)


class KernelCache:
    """The machine code of one kernel on disk, as numba's dispatcher reads and writes it (``numba.core.caching``).

    A file holds one signature: the hash of its content, then the content. Files that are damaged or cannot be written
    are passed over.
    """

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self.name, self.hash, self.folder = function.__name__, source_hash(function), folder

    @property
    def cache_path(self) -> str:
        return str(self.folder)

    def path(self, types: Any, codegen: Any) -> Path:
        """The file of a signature on this processor."""
        key = hashlib.sha256(repr((self.hash, str(types), codegen.magic_tuple())).encode()).hexdigest()
        return self.folder / f"{self.name}-{key[:24]}.nbc"

    def load_overload(self, types: Any, target_context: Any) -> Any:
        """The compiled kernel for argument types, or None."""
        target_context.refresh()
        try:
            content = self.path(types, target_context.codegen()).read_bytes()
            if hashlib.sha256(content[32:]).digest() != content[:32]:
                return None
            return CompileResult._rebuild(target_context, *loads(content[32:]))  # noqa: S301, SLF001  # written here, for this user
        except (OSError, UnpicklingError):
            return None

    def save_overload(self, types: Any, compiled: Any) -> None:
        """Keep a compiled kernel."""
        if compiled.lifted or compiled.library.has_dynamic_globals:
            return
        content = dumps(compiled._reduce())  # noqa: SLF001  # as numba's own cache does
        path = self.path(types, compiled.codegen)
        part = path.with_suffix(f".{uuid4().hex[:8]}.part")
        try:
            part.write_bytes(hashlib.sha256(content).digest() + content)
            part.replace(path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def enable(self) -> None:
        """It is always on."""

    def disable(self) -> None:
        """It is always on."""

    def flush(self) -> None:
        """Nothing waits to be written."""
