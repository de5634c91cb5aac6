"""How a kernel is compiled: ``@kernel`` marks a pure function of arrays that runs as machine code."""

from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, ParamSpec, TypeVar, cast, dataclass_transform

import numba
from numba import types
from numba.experimental import structref

from octoplan.campaign.compile_cache import KernelCache, cache_folder

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

PREPARING = Lock()


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function to machine code where another kernel calls it; it cannot be called from Python."""
    compiled = numba.njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
    return cast("Callable[P, R]", compiled(function))


def leaf(function: Callable[P, R]) -> Callable[P, R]:
    """A kernel that makes no array and meets no structure, only arrays and tuples of them: it counts no references.

    In the innermost loops that counting would cost a quarter of the time.
    """
    compiled = numba.njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
    return cast("Callable[P, R]", compiled(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """A leaf that is written out wherever it is called.

    Left to itself the compiler calls the larger ones, and a loop around such a call neither keeps what stays the
    same from turn to turn nor works on several turns at once.
    """
    compiled = numba.njit(
        nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False, forceinline=True
    )
    return cast("Callable[P, R]", compiled(function))


def entry(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that Python calls: it releases the interpreter lock and its machine code is kept on disk.

    What it was compiled from is hashed at the first call, when all kernels that it calls are there.
    """
    dispatcher = numba.njit(nogil=True, error_model="numpy")(function)
    prepared = False

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal prepared
        if not prepared:
            with PREPARING:
                folder = cache_folder()
                if folder is not None and not prepared:
                    dispatcher._cache = KernelCache(function, folder)  # noqa: SLF001  # numba has no other way to a cache of one's own
                prepared = True
        return cast("R", dispatcher(*args, **kwargs))

    return call


@dataclass_transform(frozen_default=True)
def structure(cls: type[T]) -> type[T]:
    """A small frozen class that kernels make and pass on by reference.

    A named tuple would do the same by value: with the hundred arrays of a campaign in hand every call would
    copy a thousand words, and compile as slowly.
    """
    reference = type(f"{cls.__name__}Reference", (types.StructRef,), {})
    structref.register(reference)
    structref.define_constructor(cls, reference, list(cls.__annotations__))
    return cls


def by_reference(named_tuple: type[T]) -> type[T]:
    """The structure with the fields of a named tuple, made in a kernel by ``Structure(*values)``."""
    fields = list(named_tuple._fields)  # type: ignore[attr-defined]
    twin = type(named_tuple.__name__, (), {"__annotations__": dict.fromkeys(fields, Any)})
    return cast("type[T]", structure(twin))
