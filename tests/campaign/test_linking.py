"""Compilation of an entry with all functions that it calls as one module."""

import gc
import subprocess
import sys

import numpy as np
import pytest
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Flags
from numba.core.registry import cpu_target
from numba.core.targetconfig import TargetConfig

from octoplan.campaign.compiled import entry, kernel, leaf
from octoplan.campaign.linking import LinkedLibrary, quick_flags
from octoplan.campaign.structures import by_reference, structure
from octoplan.scenario.arrays import Floats, StreamKeys


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries are compiled, not loaded from the cache of an earlier run."""
    monkeypatch.setattr("octoplan.campaign.compiled.cache_folder", lambda: None)


@leaf
def scaled(value: float, factor: int) -> float:
    """A product."""
    return value * factor


@kernel
def total(values: Floats, factor: int) -> float:
    """The sum of products; an error for more than ten of them."""
    if values.shape[0] > 10:
        raise ValueError("more than ten values")
    result = 0.0
    for value in values:
        result += scaled(value, factor)
    return result


@entry
def totals(values: Floats) -> float:
    """The sum of products with 2 and with 3."""
    return total(values, 2) + total(values, 3)


def test_kernels_are_compiled_once_for_constants() -> None:
    """Calls with different constants share one compiled kernel, whose value is that of Python."""
    assert totals(np.arange(4.0)) == 30.0
    assert len(total.signatures) == 1  # type: ignore[attr-defined]
    assert len(scaled.signatures) == 1  # type: ignore[attr-defined]


def test_only_the_entry_is_translated() -> None:
    """Kernels stay LLVM code; machine code exists for the entry alone."""
    totals(np.arange(4.0))
    (inner,) = total.overloads.values()  # type: ignore[attr-defined]
    assert isinstance(inner.library, LinkedLibrary)
    assert not inner.library.translated


def test_an_error_in_a_kernel_reaches_the_caller() -> None:
    """A kernel that is called by an entry can raise an exception with its message."""
    with pytest.raises(ValueError, match="more than ten values"):
        totals(np.arange(11.0))


def test_compilation_leaves_numba_as_it_was() -> None:
    """After a compilation, numba's own functions are compiled as before, and garbage is collected as often."""
    threshold, wrapper = gc.get_threshold(), cpu_target.target_context.create_cfunc_wrapper

    @entry
    def double(x: float) -> float:
        return 2.0 * x

    assert double(2.0) == 4.0
    assert cpu_target.target_context.codegen()._library_class is JITCodeLibrary
    assert cpu_target.target_context.create_cfunc_wrapper == wrapper
    assert Flags.__eq__ is TargetConfig.__eq__
    assert Flags.__hash__ is TargetConfig.__hash__
    assert gc.get_threshold() == threshold


def test_quick_flags_are_numbas() -> None:
    """Flags are equal during a compilation if numba considers them equal, whether set or default."""
    default, without, same = Flags(), Flags(), Flags()
    without.nrt, same.nrt = not default.nrt, default.nrt
    pairs = [(a, b) for a in (default, without, same) for b in (default, without, same)]
    numbas = [(a == b, hash(a) == hash(b)) for a, b in pairs]
    with quick_flags():
        assert [(a == b, hash(a) == hash(b)) for a, b in pairs] == numbas
        assert default != 1


def test_an_entry_takes_structures_of_arrays() -> None:
    """Python passes the arrays of a named tuple by reference; kernels change them in place."""
    keys = by_reference(StreamKeys)

    @entry
    def add(values: StreamKeys, number: int) -> int:
        values.start[0] += number
        return values.start.sum() + values.by_stream.shape[1]  # type: ignore[no-any-return]

    arrays = StreamKeys(np.zeros((3, 2), np.uint64), np.arange(4))
    assert add(keys(*arrays), 5) == 13
    assert arrays.start[0] == 5
    assert add(keys(*arrays), -5) == 8


def test_structures_with_the_same_fields_are_different_types() -> None:
    """Structures are distinguished by their class and by the types of their fields."""

    @structure
    class First:
        x: float

    @structure
    class Second:
        x: float

    @entry
    def difference(x: float) -> float:
        return First(x).x - Second(int(x)).x

    assert difference(2.5) == 0.5


def test_the_runtime_is_translated_before_the_first_entry() -> None:
    """Cached code of other processes calls numba's runtime, which needs an address in a process that compiles first."""
    script = (
        "from octoplan.campaign import compiled\n"
        "from numba.core.runtime import rtsys\n"
        "compiled.cache_folder = lambda: None\n"
        "assert compiled.entry(lambda x: 2.0 * x)(2.0) == 4.0\n"
        "print(rtsys.library.get_pointer_to_function('NRT_decref') != 0, type(rtsys.library).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "JITCodeLibrary"]


def test_reference_counting_is_part_of_the_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions of the runtime that count references are copied into the module of an entry, where they are inlined."""
    linked: list[LinkedLibrary] = []
    link = LinkedLibrary.link

    def record(library: LinkedLibrary) -> None:
        link(library)
        linked.append(library)

    monkeypatch.setattr(LinkedLibrary, "link", record)

    @entry
    def slices(values: Floats) -> Floats:
        return values[1:]

    assert slices(np.arange(3.0)).tolist() == [1.0, 2.0]
    functions = [function for library in linked for function in library._final_module.functions]
    declared = {function.name for function in functions if function.is_declaration}
    assert len(linked) == 1
    assert not declared & {"NRT_incref", "NRT_decref"}
