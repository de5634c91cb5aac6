"""Kernels that are compiled separately from the entry that calls them, at the same time in a second process.

An entry calls a separate kernel through its address. A change in one of the two compiles only that one again.
"""

import ctypes
import hashlib
import logging
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from inspect import Parameter, Signature, signature
from time import monotonic
from typing import Any, ParamSpec, TypeVar, cast

from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.core.serialize import dumps
from numba.extending import intrinsic

from octoplan.campaign.compiled import called_from_python, kernel_cache, linked
from octoplan.executors import cores

P = ParamSpec("P")
R = TypeVar("R")

LOGGER = logging.getLogger(__name__)
PATIENCE = 10.0
"""Seconds that a process waits for the second one, beyond the time that its own half took."""


def address_name(name: str, arguments: tuple[Any, ...]) -> str:
    """Name of the global variable that holds the address of a separate kernel for some types of arguments."""
    return f"octoplan.{name}.{hashlib.sha256(str(arguments).encode()).hexdigest()[:16]}"


def call_through_address(function: Callable[..., None]) -> Any:
    """An intrinsic that calls a separate kernel through its address."""
    name = function.__name__

    def call(_context: Any, *arguments: Any) -> Any:
        typed = types.void(*map(types.unliteral, arguments))

        def build(context: Any, builder: Any, sig: Any, values: Any) -> Any:
            kind = context.call_conv.get_function_type(sig.return_type, sig.args).as_pointer()
            address = cgutils.add_global_variable(builder.module, kind, address_name(name, sig.args))
            address.linkage = "common"  # the only kind that is neither optimised away nor an error if it is undefined
            address.initializer = cgutils.get_null_value(kind)
            function = builder.load(address)
            status, _ = context.call_conv.call_function(builder, function, sig.return_type, sig.args, values)
            with cgutils.if_unlikely(builder, status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return context.get_dummy_value()

        return typed, build

    context = Parameter("context", Parameter.POSITIONAL_ONLY)
    parameters = (Parameter(name, Parameter.POSITIONAL_ONLY) for name in signature(function).parameters)
    call.__signature__ = Signature([context, *parameters])  # type: ignore[attr-defined]  # numba takes no ``*arguments``
    return intrinsic(call)


class SeparateKernel:
    """A kernel without result that is compiled and cached on its own."""

    def __init__(self, function: Callable[..., None]) -> None:
        self.name, self.module = function.__name__, function.__module__
        self.dispatcher = linked(function, no_cpython_wrapper=True)

    def is_cached(self, arguments: tuple[Any, ...]) -> bool:
        """Whether there is machine code for some types of arguments in the cache."""
        cache = kernel_cache(self.dispatcher)
        return cache is not None and cache.path(arguments, cpu_target.target_context.codegen()).exists()

    def address(self, arguments: tuple[Any, ...]) -> int:
        """Address of the machine code for some types of arguments, which is loaded or compiled."""
        kernel_cache(self.dispatcher)
        self.dispatcher.compile(arguments)
        compiled = self.dispatcher.overloads[arguments]
        return int(compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name))

    def link(self, arguments: tuple[Any, ...]) -> None:
        """Store the address in the code of the entry that calls this kernel. The types must be those of the call."""
        engine = cpu_target.target_context.codegen()._engine  # noqa: SLF001  # as numba sets its environments
        variable = engine.get_global_value_address(address_name(self.name, arguments))
        if not variable:
            raise RuntimeError(f"{self.name} is not called with the declared types of arguments: {arguments}")
        ctypes.c_void_p.from_address(variable).value = self.address(arguments)

    @contextmanager
    def compiled_at_the_same_time(self, arguments: tuple[Any, ...]) -> Iterator[None]:
        """Compile this kernel in a second process while the context is active, if there is a second core and a cache.

        If the process fails or takes too long, nothing is cached, and ``address`` compiles the kernel.
        """
        process, start = None, monotonic()
        if cores() > 1 and not self.is_cached(arguments):
            process = second_process(self, arguments)
        try:
            yield
            if process is not None:
                process.wait(PATIENCE + monotonic() - start)
        except subprocess.TimeoutExpired:
            LOGGER.info("the second process takes too long")
        finally:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()


def second_process(kernel: SeparateKernel, arguments: tuple[Any, ...]) -> "subprocess.Popen[bytes] | None":
    """Start a process that compiles a separate kernel and writes it to the cache; None if it cannot be started."""
    command = [
        sys.executable,
        "-c",
        f"import sys; sys.path[:] = {[*map(str, sys.path)]!r}; from {__name__} import main; main()",
    ]
    cache = kernel_cache(kernel.dispatcher)
    if cache is None or not sys.executable or getattr(sys, "frozen", False):  # no interpreter, or an application
        return None
    environment = os.environ | {"NUMBA_CACHE_DIR": cache.cache_path}
    try:
        process = subprocess.Popen(  # noqa: S603  # this interpreter
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    except OSError:
        return None
    with suppress(OSError), cast("Any", process.stdin) as stream:
        stream.write(pickle.dumps((kernel.module, kernel.name)) + dumps(arguments))
    return process


def main() -> None:
    """Compile the kernel that standard input names."""
    module, name = pickle.load(sys.stdin.buffer)  # noqa: S301  # written by the process that started this one
    __import__(module)  # defines the structures among the types of arguments
    kernel = getattr(sys.modules[module], name).separate
    kernel.address(pickle.load(sys.stdin.buffer))  # noqa: S301


def separate(function: Callable[P, None]) -> Callable[P, None]:
    """Compile a kernel separately from the entry that calls it, which must be declared with ``entry_with``."""
    call = call_through_address(function)
    call.separate = SeparateKernel(function)
    return cast("Callable[P, None]", call)


def entry_with(
    called: Callable[..., None], arguments_of: Callable[..., tuple[Any, ...]]
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare an entry that calls a separate kernel.

    Args:
        called: The separate kernel.
        arguments_of: Returns the types of the kernel's arguments, given those of the entry, without compiling it.

    """

    def declare(function: Callable[P, R]) -> Callable[P, R]:
        dispatcher, kernel = linked(function), cast("Any", called).separate
        compile_entry, add_overload = dispatcher._compiler.compile, dispatcher.add_overload  # noqa: SLF001  # as in ``linked``

        def compile_both(args: Any, return_type: Any) -> Any:
            with kernel.compiled_at_the_same_time(arguments_of(*args)):
                return compile_entry(args, return_type)

        def add_linked(compiled: Any) -> None:
            kernel.link(arguments_of(*compiled.signature.args))
            add_overload(compiled)

        dispatcher._compiler.compile, dispatcher.add_overload = compile_both, add_linked  # noqa: SLF001
        return cast("Callable[P, R]", called_from_python(dispatcher))

    return declare
