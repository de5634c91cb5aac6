"""Cache of compiled kernels on disk.

The cache key is a hash of the bytecode of the kernel and of all kernels that it calls, directly or indirectly, of the
constants and structures that they use, of the versions of Python, numba, llvmlite and numpy, of the argument types and
of the processor. Comments, docstrings, line numbers and names of local variables do not affect it.
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
    """Whether files can be written to a folder, which is created if it does not exist."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def candidate_folders() -> Iterator[Path]:
    """Possible cache folders in order of preference; the last only if there is a home directory."""
    if folder := os.environ.get("NUMBA_CACHE_DIR"):
        yield Path(folder)
    if folder := os.environ.get("XDG_CACHE_HOME"):
        yield Path(folder) / "octoplan"
    with suppress(RuntimeError):
        yield Path.home() / ".cache" / "octoplan"


def temporary_folder() -> Path | None:
    """A temporary folder that only this user can write to, or None; code written by another user is never loaded."""
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
    """The cache folder; None, with a warning on standard error, if no candidate folder is writable."""
    folder = next(filter(is_writable, candidate_folders()), None) or temporary_folder()
    if folder is None:
        LOGGER.warning(
            "no folder can be written to: compiled kernels are not kept, and every start compiles them again"
        )
    return folder


def hashed_parts(value: Any) -> Iterator[bytes]:
    """Bytes that identify a value used by a kernel: bytecode and constants, fields of a class, or the repr."""
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
    """The Python function of a kernel or an intrinsic; any other value unchanged."""
    return getattr(value, "py_func", None) or getattr(value, "_defn", None) or value


def referenced_names(code: CodeType) -> Iterator[str]:
    """Global and attribute names used by a function and its nested functions."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from referenced_names(constant)


def referenced_values(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """Names and values used by a function: globals, members of this project's modules, and closure variables."""
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
    """Hash of the kernel's code, the code of its callees, and the constants and library versions used."""
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


def with_arguments(compiled: Any, types: Any) -> Any:
    """A compiled kernel whose signature has the given types of arguments, or those of a given signature.

    Types of structures that were read from a file are equal to no type of this process, so that the dispatcher would
    not find the kernel at the next call, and would read it again.
    """
    arguments = tuple(getattr(types, "args", types))
    return compiled._replace(signature=compiled.signature.replace(args=arguments))


def digest(path: Path, content: bytes) -> bytes:
    """SHA-256 hash of the name and the content of a file, so that a copy under another name is not executed."""
    return hashlib.sha256(path.name.encode() + content).digest()


class KernelCache:
    """The machine code of one kernel on disk, as numba's dispatcher reads and writes it (``numba.core.caching``).

    Each file holds the machine code for one signature, preceded by the SHA-256 hash of its name and content. Damaged
    files are ignored, and write errors are not raised.
    """

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self.name, self.hash, self.folder = function.__name__, source_hash(function), folder

    @property
    def cache_path(self) -> str:
        return str(self.folder)

    def path(self, types: Any, codegen: Any) -> Path:
        """Path of the file for an argument signature on this processor."""
        key = hashlib.sha256(repr((self.hash, str(types), codegen.magic_tuple())).encode()).hexdigest()
        return self.folder / f"{self.name}-{key[:24]}.nbc"

    def load_overload(self, types: Any, target_context: Any) -> Any:
        """Load the machine code for an argument signature; None if it is not cached or the file is damaged."""
        target_context.refresh()
        try:
            path = self.path(types, target_context.codegen())
            content = path.read_bytes()
            if digest(path, content[32:]) != content[:32]:
                return None
            compiled = CompileResult._rebuild(target_context, *loads(content[32:]))  # noqa: S301, SLF001  # written here, for this user
        except (OSError, UnpicklingError):
            return None
        return with_arguments(compiled, types)

    def save_overload(self, types: Any, compiled: Any) -> None:
        """Write the machine code of a kernel to the cache."""
        if compiled.lifted or compiled.library.has_dynamic_globals:
            return
        content = dumps(compiled._reduce())  # noqa: SLF001  # as numba's own cache does
        path = self.path(types, compiled.codegen)
        part = path.with_suffix(f".{uuid4().hex[:8]}.part")
        try:
            part.write_bytes(digest(path, content) + content)
            part.replace(path)
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def enable(self) -> None:
        """Do nothing: the cache is always enabled. Required by numba's interface."""

    def disable(self) -> None:
        """Do nothing: the cache is always enabled. Required by numba's interface."""

    def flush(self) -> None:
        """Do nothing: writes are immediate. Required by numba's interface."""
