"""Decorators that compile functions of arrays to machine code with numba."""

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

CACHE_LOCK = Lock()


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that is called only by other kernels, not from Python."""
    compiled = numba.njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
    return cast("Callable[P, R]", compiled(function))


def leaf(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a kernel without reference counting; it must not allocate arrays or use structures.

    In the innermost loops, reference counting would take a quarter of the run time.
    """
    compiled = numba.njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
    return cast("Callable[P, R]", compiled(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a leaf that is always inlined, so that loops around its calls can be vectorised."""
    compiled = numba.njit(
        nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False, forceinline=True
    )
    return cast("Callable[P, R]", compiled(function))


def entry(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that is called from Python.

    It releases the interpreter lock, and its machine code is cached on disk.
    The cache key is computed at the first call, because the kernels that the function calls must be defined by then.
    """
    dispatcher = numba.njit(nogil=True, error_model="numpy")(function)
    prepared = False

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal prepared
        if not prepared:
            with CACHE_LOCK:
                folder = cache_folder()
                if folder is not None and not prepared:
                    dispatcher._cache = KernelCache(function, folder)  # noqa: SLF001  # numba has no other way to a cache of one's own
                prepared = True
        return cast("R", dispatcher(*args, **kwargs))

    return call


@dataclass_transform(frozen_default=True)
def structure(cls: type[T]) -> type[T]:
    """Declare a frozen class that kernels construct and pass by reference.

    Named tuples are passed by value; with about a hundred arrays, each call would copy a thousand words, and
    compilation would be slow.
    """
    reference = type(f"{cls.__name__}Reference", (types.StructRef,), {})
    structref.register(reference)
    structref.define_constructor(cls, reference, list(cls.__annotations__))
    return cls


def by_reference(named_tuple: type[T]) -> type[T]:
    """Return a structure with the fields of a named tuple; kernels construct it with ``Structure(*named_tuple)``."""
    fields = list(named_tuple._fields)  # type: ignore[attr-defined]
    twin = type(named_tuple.__name__, (), {"__annotations__": dict.fromkeys(fields, Any)})
    return cast("type[T]", structure(twin))
