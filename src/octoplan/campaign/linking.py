"""Compilation of an entry and of all functions that it calls as one LLVM module.

numba optimises each function together with its callees and generates machine code for it. In a deep tree of calls, the
innermost functions are then optimised and translated once more at each level, although only the code of the outermost
is executed. Here, the callees are kept as unoptimised LLVM code, and the module of the entry, which contains each of
them once, is optimised and translated once.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import llvmlite.binding as llvm
from numba.core.cgutils import normalize_ir_text
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Flags
from numba.core.compiler_lock import global_compiler_lock
from numba.core.environment import lookup_environment
from numba.core.registry import cpu_target
from numba.core.runtime import rtsys
from numba.core.targetconfig import TargetConfig

ENVIRONMENT_PREFIX = "_ZN08NumbaEnv"
"""Prefix of the names of global variables that hold the address of a function's environment."""
ALLOCATIONS_BETWEEN_COLLECTIONS = 100_000
"""Threshold of Python's garbage collector during compilation, which creates many objects that live long."""
FLAGS_HASH = hash(Flags())
"""Hash of any flags, because numba hashes only their names."""


class LinkedLibrary(JITCodeLibrary):  # type: ignore[misc]
    """Code of one function, translated to machine code only when its address is needed.

    A library whose address is not needed contributes its LLVM code to the library of the entry that calls it.
    """

    def __init__(self, codegen: Any, name: str) -> None:
        super().__init__(codegen, name)
        self.code: list[str] = []
        self.defined: set[str] = set()
        self.translated = False

    def add_ir_module(self, ir_module: Any) -> None:
        """Add LLVM code to the library."""
        self._raise_if_finalized()
        self.code.append(normalize_ir_text(str(ir_module)))
        self.defined.update(function.name for function in ir_module.functions if function.blocks)

    def finalize(self) -> None:
        """Declare that no code will be added; the code is not optimised yet."""
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """Address of a function of this library; 0 if the library does not define it."""
        if name not in self.defined:
            return 0
        self.translate()
        return int(super().get_pointer_to_function(name))

    def _get_module_for_linking(self) -> Any:
        self.translate()
        return super()._get_module_for_linking()

    def linked_libraries(self) -> list[JITCodeLibrary]:
        """Return this library and those of all functions that it calls directly or indirectly, each once."""
        known: dict[JITCodeLibrary, None] = {}
        waiting: list[JITCodeLibrary] = [self]
        while waiting:
            library = waiting.pop()
            if library not in known:
                known[library] = None
                waiting += library._linking_libraries  # noqa: SLF001  # a subclass reads the lists of its siblings
        return list(known)

    def link(self) -> None:
        """Merge the code of this library and of all functions that it calls, each once."""
        parts: list[Any] = []
        translated = []
        for library in self.linked_libraries():
            self._reload_init.update(library._reload_init)  # noqa: SLF001  # as in the method that this replaces
            if isinstance(library, LinkedLibrary):
                parts += [self.parsed(code) for code in library.code]
            else:
                translated.append(library)
        while len(parts) > 1:  # in pairs, because linking into a large module is slow
            for target, source in zip(parts[::2], parts[1::2], strict=False):
                target.link_in(source)
            parts = parts[::2]
        self._final_module.link_in(parts[0])
        for library in translated:  # last, because a function is copied only if the module calls it
            self._final_module.link_in(library._get_module_for_linking(), preserve=True)  # noqa: SLF001
        for function in self._final_module.functions:
            if not function.is_declaration:
                function.linkage = "external" if function.name in self.defined else "internal"

    def parsed(self, code: str) -> Any:
        """LLVM module whose functions can be merged with those of other modules with the same names."""
        part = llvm.parse_assembly(code)
        part.data_layout = self._codegen._data_layout  # noqa: SLF001  # as in the methods that this class replaces
        for function in part.functions:
            if not function.is_declaration and function.linkage == llvm.Linkage.external:
                function.linkage = "weak_odr"  # several parts define the destructor of a structure
        return part

    def translate(self) -> None:
        """Link, optimise and translate the code of this library, unless this has been done."""
        with global_compiler_lock:
            if not self.translated:
                self.translated = True
                self._finalized = False
                self.link()
                self._optimize_final_module()
                self._final_module.verify()
                self._finalize_final_module()
                self.set_environments()

    def set_environments(self) -> None:
        """Store the addresses of the environments of all linked functions in the translated code."""
        for variable in self._final_module.global_variables:
            environment = lookup_environment(variable.name) if variable.name.startswith(ENVIRONMENT_PREFIX) else None
            if environment is not None:
                self._codegen.set_env(variable.name, environment)


def same_flags(first: Flags, second: Any) -> Any:
    """Whether two sets of numba's compilation flags are equal: ``TargetConfig.__eq__``, faster if the same are set.

    numba compares flags 140,000 times as it compiles the model, at each use of a function.
    """
    if type(second) is Flags and first._values == second._values:  # noqa: SLF001  # the flags that were set
        return True
    return TargetConfig.__eq__(first, second)


@contextmanager
def quick_flags() -> Iterator[None]:
    """Compare and hash numba's compilation flags quickly while the context is active."""
    Flags.__eq__, Flags.__hash__ = same_flags, lambda _: FLAGS_HASH
    try:
        yield
    finally:
        del Flags.__eq__, Flags.__hash__


@contextmanager
def one_module() -> Iterator[None]:
    """Compile functions to linked libraries while the context is active; other threads wait with their compilations."""
    with global_compiler_lock, quick_flags():
        rtsys.initialize(cpu_target.target_context)  # numba's runtime is a library of its own, used by cached code too
        target = cpu_target.target_context
        codegen = target.codegen()
        set_environment, threshold = codegen.set_env, gc.get_threshold()

        def set_translated_environment(name: str, environment: Any) -> None:
            if codegen._engine.is_symbol_defined(name):  # noqa: SLF001  # otherwise ``translate`` sets it
                set_environment(name, environment)

        codegen._library_class, codegen.set_env = LinkedLibrary, set_translated_environment  # noqa: SLF001
        target.create_cfunc_wrapper = lambda *_: None  # no function is called from C
        gc.set_threshold(ALLOCATIONS_BETWEEN_COLLECTIONS, *threshold[1:])
        try:
            yield
        finally:
            del codegen._library_class, codegen.set_env, target.create_cfunc_wrapper  # noqa: SLF001
            gc.set_threshold(*threshold)
