"""How kernels are compiled: ``@kernel`` marks a pure function of arrays that runs as machine code."""

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
    """A kernel that allocates no array and uses no structure, only arrays and tuples of them: no reference counting.

    In the innermost loops reference counting would take a quarter of the time.
    """
    compiled = numba.njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
    return cast("Callable[P, R]", compiled(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """A leaf that is always inlined.

    By default the compiler does not inline larger functions, and a loop around such a call keeps its invariant code
    and is not vectorised.
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
    """A small frozen class that kernels construct and pass by reference.

    A named tuple is passed by value: with the hundred arrays of a campaign every call would copy a thousand words, and
    compilation would be as slow.
    """
    reference = type(f"{cls.__name__}Reference", (types.StructRef,), {})
    structref.register(reference)
    structref.define_constructor(cls, reference, list(cls.__annotations__))
    return cls


def by_reference(named_tuple: type[T]) -> type[T]:
    """The structure with the fields of a named tuple, constructed in a kernel by ``Structure(*values)``."""
    fields = list(named_tuple._fields)  # type: ignore[attr-defined]
    twin = type(named_tuple.__name__, (), {"__annotations__": dict.fromkeys(fields, Any)})
    return cast("type[T]", structure(twin))
