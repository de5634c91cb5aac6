"""Decorators that compile functions of arrays to machine code with numba."""

import logging
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any, ParamSpec, TypeVar, cast

import numba
from numba import types

from octoplan.campaign.compile_cache import KernelCache, cache_folder
from octoplan.campaign.linking import one_module

P = ParamSpec("P")
R = TypeVar("R")

LOGGER = logging.getLogger(__name__)
CACHE_LOCK = Lock()


def without_literals(dispatcher: Any) -> Any:
    """Compile a kernel once for a type of argument, not again for each constant that is passed to it."""
    template = dispatcher.get_call_template

    def call_template(args: Any, kws: Any) -> Any:
        return template(tuple(map(types.unliteral, args)), {name: types.unliteral(kind) for name, kind in kws.items()})

    dispatcher.get_call_template = call_template
    return dispatcher


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that is called only by other kernels, not from Python."""
    compiled = numba.njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
    return cast("Callable[P, R]", without_literals(compiled(function)))


def leaf(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a kernel without reference counting; it must not allocate arrays or use structures.

    In the innermost loops, reference counting would take a quarter of the run time.
    """
    compiled = numba.njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)
    return cast("Callable[P, R]", without_literals(compiled(function)))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a leaf that is always inlined, so that loops around its calls can be vectorised."""
    compiled = numba.njit(
        nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False, forceinline=True
    )
    return cast("Callable[P, R]", without_literals(compiled(function)))


def entry(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that is called from Python.

    It releases the interpreter lock, and its machine code is cached on disk.
    The cache key is computed at the first call, because the kernels that the function calls must be defined by then.
    """
    dispatcher = numba.njit(nogil=True, error_model="numpy", no_cfunc_wrapper=True)(function)
    compile_nested = dispatcher._compiler.compile  # noqa: SLF001  # numba has no other way to its compiler

    def compile_linked(args: Any, return_type: Any) -> Any:
        LOGGER.info("compiling %s", function.__name__)
        with one_module():
            return compile_nested(args, return_type)

    dispatcher._compiler.compile = compile_linked  # noqa: SLF001
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
