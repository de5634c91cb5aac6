"""Kernels that are compiled separately from the entry that calls them, in a second process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numba import types

from octoplan.campaign import separate as module
from octoplan.campaign.compiled import kernel
from octoplan.campaign.separate import SeparateKernel, entry_with, separate
from octoplan.campaign.structures import structure
from octoplan.executors import cores
from octoplan.scenario.arrays import Floats
from tests.campaign.kernel_process import start_process

KERNELS = """
from numba import types
from octoplan.campaign.compiled import kernel
from octoplan.campaign.separate import entry_with, separate
from octoplan.campaign.structures import structure
import numpy as np

@structure
class Pair:
    first: np.ndarray
    second: float

@kernel
def scaled(value):
    return 2.0 * value

@separate
def add(pair, result):
    if pair.second > 100.0:
        raise ValueError("too large")
    result[0] += pair.first.sum() + scaled(pair.second)

def types_of(values):
    return Pair.reference([("first", values), ("second", types.float64)]), values

@entry_with(add, types_of)
def outer(values):
    result = np.zeros(1)
    for _ in range(3):
        add(Pair(values, values[-1]), result)
    return result[0]
"""

BOTH, ENTRY, KERNEL = ["compiling outer", "compiling add"], ["compiling outer"], ["compiling add"]
VALUE = 36.0


def start(folder: Path, cache: Path, statement: str = "", kernels: str = KERNELS) -> "subprocess.Popen[str]":
    """Start a process that calls the entry of a module, which is written to a folder, after a statement."""
    statement = f"separate.cores = lambda: 2\n{statement}"
    return start_process(folder, cache, kernels, "outer", statement=statement)


def result(folder: Path, cache: Path, statement: str = "", kernels: str = KERNELS) -> object:
    """The value of the entry and the compilations in such a process."""
    output, errors = start(folder, cache, statement, kernels).communicate()
    assert errors == ""
    (value,), compilations = json.loads(output)
    return [value, compilations]


def test_a_second_process_compiles_the_kernel(tmp_path: Path) -> None:
    """The first process compiles the entry only, and both are stored; later processes compile nothing."""
    cache = tmp_path / "cache"
    assert result(tmp_path, cache) == [VALUE, ENTRY]
    assert sorted(path.name.partition("-")[0] for path in cache.iterdir()) == ["add", "outer"]
    assert result(tmp_path, cache) == [VALUE, []]


@pytest.mark.parametrize(
    "statement",
    [
        "separate.cores = lambda: 1",
        "sys.executable = '/nowhere/python'",
        "sys.executable = ''",
        "sys.frozen = True",
        "separate.main = None; separate.__name__ = 'no_such_module'",
        "separate.PATIENCE = -1000.0",
        "compiled.cache_folder = lambda: None",
    ],
)
def test_without_the_second_process_the_first_compiles_both(tmp_path: Path, statement: str) -> None:
    """With one core, no interpreter, a failing or slow second process or no cache, the values are the same."""
    assert result(tmp_path, tmp_path / "cache", statement) == [VALUE, BOTH]


def test_a_change_compiles_one_half(tmp_path: Path) -> None:
    """A change in the kernel compiles the kernel only, and a change in the entry the entry only."""
    cache = tmp_path / "cache"
    result(tmp_path, cache)
    other_kernel = KERNELS.replace("2.0 * value", "4.0 * value")
    assert result(tmp_path, cache, kernels=other_kernel) == [VALUE + 18.0, KERNEL]
    other_entry = other_kernel.replace("range(3)", "range(6)")
    assert result(tmp_path, cache, kernels=other_entry) == [2.0 * (VALUE + 18.0), ENTRY]


@pytest.mark.parametrize(("name", "compilations"), [("add", KERNEL), ("outer", ENTRY)])
def test_a_damaged_half_is_compiled_again(tmp_path: Path, name: str, compilations: list[str]) -> None:
    """If one of the two files is damaged, that half is compiled again."""
    cache = tmp_path / "cache"
    result(tmp_path, cache)
    (stored,) = cache.glob(f"{name}-*")
    stored.write_bytes(stored.read_bytes()[:1000])
    assert result(tmp_path, cache) == [VALUE, compilations]
    assert result(tmp_path, cache) == [VALUE, []]


def test_first_runs_at_the_same_time(tmp_path: Path) -> None:
    """Processes that start together with an empty cache all succeed, and leave one file for each half."""
    cache = tmp_path / "cache"
    for process in [start(tmp_path, cache) for _ in range(2)]:
        output, errors = process.communicate()
        assert json.loads(output)[0] == [VALUE], errors
    assert sorted(path.name.partition("-")[0] for path in cache.iterdir()) == ["add", "outer"]


@pytest.fixture
def _one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is compiled in this process, without a cache."""
    monkeypatch.setattr("octoplan.campaign.compiled.cache_folder", lambda: None)


@structure
class Values:
    """An array."""

    array: Floats


@separate
def double(values: Values) -> None:
    """Double the first value; an error if there are more than ten."""
    if values.array.shape[0] > 10:
        raise ValueError("more than ten values")
    values.array[0] *= 2.0


@kernel
def double_all(array: Floats) -> None:
    """Double the first value of each tail."""
    for i in range(array.shape[0]):
        double(Values(array[i:]))


def structure_of_values(array: types.Array) -> tuple[types.Type]:
    """Types of the arguments of ``double``."""
    return (Values.reference([("array", array)]),)  # type: ignore[attr-defined]


@pytest.mark.usefixtures("_one_process")
def test_an_error_in_a_separate_kernel_reaches_the_caller() -> None:
    """A separate kernel changes arrays in place and can raise an exception with its message."""

    @entry_with(double, structure_of_values)
    def doubled(array: Floats) -> float:
        double_all(array)
        return array[0]  # type: ignore[no-any-return]

    array = np.arange(1.0, 4.0)
    assert doubled(array) == 2.0
    assert array.tolist() == [2.0, 4.0, 6.0]
    with pytest.raises(ValueError, match="more than ten values"):
        doubled(np.arange(11.0))


@pytest.mark.usefixtures("_one_process")
def test_wrong_declared_types_are_an_error() -> None:
    """If the declared types of arguments are not those of the call, the entry does not run."""

    @entry_with(double, lambda array: (array,))
    def wrong(array: Floats) -> float:
        double(Values(array))
        return array[0]  # type: ignore[no-any-return]

    array = np.arange(4.0)
    with pytest.raises(RuntimeError, match="declared types"):
        wrong(array)
    assert array[0] == 0.0


def test_the_second_process_is_stopped_if_the_first_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in the first process ends the second."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    monkeypatch.setattr(module, "cores", lambda: 2)
    monkeypatch.setattr(module, "second_process", lambda *_: process)
    monkeypatch.setattr(SeparateKernel, "is_cached", lambda *_: False)
    with pytest.raises(KeyboardInterrupt), double.separate.compiled_at_the_same_time(()):  # type: ignore[attr-defined]
        raise KeyboardInterrupt
    assert process.poll() is not None


def test_cores_are_those_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cores are those that the process may use, or all if the system does not say."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {3}, raising=False)
    assert cores() == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 7)
    assert cores() == 7
