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


def linked(function: Callable[..., Any], **options: Any) -> Any:
    """A dispatcher that compiles a function with all that it calls as one module; see ``linking``."""
    dispatcher = numba.njit(nogil=True, error_model="numpy", no_cfunc_wrapper=True, **options)(function)
    compile_nested = dispatcher._compiler.compile  # noqa: SLF001  # numba has no other way to its compiler

    def compile_linked(args: Any, return_type: Any) -> Any:
        LOGGER.info("compiling %s", function.__name__)
        with one_module():
            compiled = compile_nested(args, return_type)
            compiled.library.translate()
            return compiled

    dispatcher._compiler.compile = compile_linked  # noqa: SLF001
    return dispatcher


def kernel_cache(dispatcher: Any) -> KernelCache | None:
    """The cache of a linked dispatcher, which exists from the first call of this function; None without a folder.

    The cache key is computed then, because the kernels that the function calls must be defined.
    """
    with CACHE_LOCK:
        folder = cache_folder()
        if folder is not None and not isinstance(dispatcher._cache, KernelCache):  # noqa: SLF001  # numba has no other way
            dispatcher._cache = KernelCache(dispatcher.py_func, folder)  # noqa: SLF001
    return None if folder is None else dispatcher._cache  # noqa: SLF001


def called_from_python(dispatcher: Any) -> Any:
    """A function that Python calls, whose machine code is cached on disk."""
    prepared = False

    @wraps(dispatcher.py_func)
    def call(*args: Any, **kwargs: Any) -> Any:
        nonlocal prepared
        if not prepared:
            kernel_cache(dispatcher)
            prepared = True
        return dispatcher(*args, **kwargs)

    return call


def entry(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function that is called from Python; it releases the interpreter lock and is cached on disk."""
    return cast("Callable[P, R]", called_from_python(linked(function)))
