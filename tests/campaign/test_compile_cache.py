"""Cache of compiled kernels: contents of the key, and fallback folders."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType

import pytest

from octoplan.campaign import compile_cache
from octoplan.campaign.compile_cache import cache_folder, source_hash
from tests.campaign.kernel_process import start_process

SOURCE = '''
from octoplan.campaign.compiled import entry, kernel
import numpy as np

RATE = 2.0
UNUSED = 1

@kernel
def inner(x: float) -> float:
    """The rate times x."""
    return RATE * x

@entry
def outer(x: float) -> float:
    """The value of ``inner`` plus one."""
    return inner(x) + 1.0
'''

START = """
import os, sys
from octoplan.campaign.compile_cache import cache_folder
from octoplan.campaign.streams import uniforms
if len(sys.argv) > 1:
    uniforms(1, ("all modules are read",), 1)
    os.setgroups([]); os.setgid(int(sys.argv[1])); os.setuid(int(sys.argv[1]))
    os.environ.clear()
    cache_folder.cache_clear()
else:
    assert 0.0 < uniforms(1, ("a",), 1)[0, 0] < 1.0
print(cache_folder())
"""


def hash_of(source: str) -> str:
    """The hash of ``outer`` in a module of this source."""
    space: dict[str, object] = {"__name__": "kernels"}
    exec(compile(source, "<kernels>", "exec"), space)  # the module under test
    outer = space["outer"]
    assert isinstance(outer, FunctionType)
    function: Callable[..., object] = outer.__wrapped__  # type: ignore[attr-defined]
    return source_hash(function)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""The rate times x."""', '"""The rate times x, in units a day."""'),
        ("UNUSED = 1", "UNUSED = 2  # unused"),
        ("import numpy as np\n", "import numpy as np\n\n# a comment\n\n"),
    ],
)
def test_what_kernels_do_not_use_is_not_hashed(old: str, new: str) -> None:
    """Docstrings, comments, line numbers and unused constants do not change the hash."""
    assert old in SOURCE
    assert hash_of(SOURCE) == hash_of(SOURCE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"), [("2.0", "3.0"), ("RATE * x", "RATE / x"), ("@kernel", "@leaf"), ("+ 1.0", "+ 2")]
)
def test_what_kernels_use_is_hashed(old: str, new: str) -> None:
    """A constant, the code of a callee, or its decorator changes the hash."""
    changed = SOURCE.replace("entry, kernel", "entry, kernel, leaf")
    assert old in changed
    assert hash_of(changed) != hash_of(changed.replace(old, new))


def start(*user: str, **variables: str) -> tuple[str, str]:
    """Folder of compiled kernels and standard error of a process with some environment variables, others unset."""
    bare = {key: value for key, value in os.environ.items() if key not in {"HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR"}}
    done = subprocess.run(
        [sys.executable, "-c", START, *user], env=bare | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr


def test_an_unwritable_home_falls_back_to_temporary_files(tmp_path: Path) -> None:
    """Without a writable home or cache folder, the cache is a temporary folder."""
    blocked = tmp_path / "file"
    blocked.touch()
    temporary = tmp_path / "temporary"
    temporary.mkdir(mode=0o700)
    for variables in ({"HOME": str(blocked)}, {"HOME": str(blocked / "none"), "XDG_CACHE_HOME": str(blocked)}):
        folder, errors = start(TMPDIR=str(temporary), **variables)
        assert folder.startswith(str(temporary))
        assert errors == ""


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can become another user")
def test_an_unknown_user_runs() -> None:
    """A user without name and home directory gets a temporary cache folder."""
    folder, errors = start("54321", TMPDIR="/tmp")
    assert folder == "/tmp/octoplan-54321"
    assert errors == ""


def test_no_folder_at_all_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """If no folder is writable, there is no cache folder and one warning is logged."""
    blocked = tmp_path / "file"
    blocked.touch()
    for name in ("HOME", "XDG_CACHE_HOME", "NUMBA_CACHE_DIR"):
        monkeypatch.setenv(name, str(blocked))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(blocked))
    cache_folder.cache_clear()
    assert cache_folder() is None
    cache_folder.cache_clear()
    assert len(caplog.records) == 1


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="owners of folders are those of POSIX")
def test_a_folder_others_can_write_to_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Machine code is never loaded from a temporary folder that another user could write to."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    folder = tmp_path / f"octoplan-{os.getuid()}"
    folder.mkdir()
    folder.chmod(0o777)
    assert compile_cache.temporary_folder() is None


KERNELS = """
from octoplan.campaign.compiled import entry, kernel, leaf
from octoplan.campaign.structures import structure
import numpy as np

@structure
class Pair:
    first: np.ndarray
    second: float

@leaf
def largest(values):
    best = values[0]
    for value in values:
        best = max(best, value)
    return best

@kernel
def pair_of(values):
    return Pair(values[1:], largest(values))

@entry
def outer(values):
    pair = pair_of(values)
    if pair.first.shape[0] > 100:
        raise ValueError("too long")
    return pair.first.sum() + pair.second

@entry
def least(values):
    return values.min()
"""


def run_kernels(folder: Path, cache: Path, *entries: str) -> "subprocess.Popen[str]":
    """Start a process that calls entries of the module in a folder, ``outer`` by default."""
    return start_process(folder, cache, KERNELS, *(entries or ("outer",)))


def test_later_processes_load_what_the_first_compiled(tmp_path: Path) -> None:
    """A compiled entry is stored with all functions that it calls; another process loads it and compiles nothing."""
    for compilations in (["compiling outer"], []):
        output, errors = run_kernels(tmp_path, tmp_path / "cache").communicate()
        assert json.loads(output) == [[9.0], compilations], errors
    (stored,) = (tmp_path / "cache").iterdir()
    assert stored.name.startswith("outer-")


def test_a_process_can_load_and_compile_in_any_order(tmp_path: Path) -> None:
    """An entry that was compiled after another was loaded can itself be loaded after a compilation."""
    cache = tmp_path / "cache"
    run_kernels(tmp_path, cache, "least").communicate()
    output, errors = run_kernels(tmp_path, cache, "least", "outer").communicate()
    assert json.loads(output) == [[0.0, 9.0], ["compiling outer"]], errors
    next(cache.glob("least-*")).unlink()
    output, errors = run_kernels(tmp_path, cache, "least", "outer").communicate()
    assert json.loads(output or "null") == [[0.0, 9.0], ["compiling least"]], errors


def test_processes_may_compile_at_the_same_time(tmp_path: Path) -> None:
    """Processes that start together with an empty cache all succeed, and leave one complete file."""
    processes = [run_kernels(tmp_path, tmp_path / "cache") for _ in range(3)]
    for process in processes:
        output, errors = process.communicate()
        assert json.loads(output)[0] == [9.0], errors
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".nbc"]
    output, _ = run_kernels(tmp_path, tmp_path / "cache").communicate()
    assert json.loads(output) == [[9.0], []]


def test_a_damaged_file_is_compiled_again(tmp_path: Path) -> None:
    """A file that was cut short is ignored and replaced."""
    run_kernels(tmp_path, tmp_path / "cache").communicate()
    (stored,) = (tmp_path / "cache").iterdir()
    content = stored.read_bytes()
    stored.write_bytes(content[: len(content) // 2])
    output, errors = run_kernels(tmp_path, tmp_path / "cache").communicate()
    assert json.loads(output) == [[9.0], ["compiling outer"]], errors
    assert stored.stat().st_size > len(content) // 2


LOADS = """
import octoplan as op
from octoplan.campaign.compile_cache import KernelCache

load, loads = KernelCache.load_overload, []
KernelCache.load_overload = lambda self, types, target: loads.append(self.name) or load(self, types, target)
pocket = op.load("pocket")
op.simulate(pocket, 1)
first = len(loads)
op.simulate(pocket, 40)
print(first, len(loads) - first)
"""


def test_a_kernel_is_loaded_once_for_all_calls() -> None:
    """A process that loads the kernels from the cache does not load them again at later calls."""
    for _ in range(2):  # the second process certainly loads what the first one may have compiled
        done = subprocess.run([sys.executable, "-c", LOADS], capture_output=True, text=True, check=True)
    first, later = map(int, done.stdout.split())
    assert first > 0
    assert later == 0


def test_a_file_under_the_name_of_another_is_compiled_again(tmp_path: Path) -> None:
    """Machine code of one entry that was copied to the file of another is not executed."""
    cache = tmp_path / "cache"
    run_kernels(tmp_path, cache, "least", "outer").communicate()
    (least,), (outer,) = cache.glob("least-*"), cache.glob("outer-*")
    outer.write_bytes(least.read_bytes())
    output, errors = run_kernels(tmp_path, cache, "outer").communicate()
    assert json.loads(output or "null") == [[9.0], ["compiling outer"]], errors
