"""Settings that all tests share, and the order in which they start."""

import gc
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from octoplan.cli.main import ALLOCATIONS_BETWEEN_COLLECTIONS, LINEAR_ALGEBRA_THREADS

for variable in LINEAR_ALGEBRA_THREADS:  # as in the commands, before numpy is imported
    os.environ.setdefault(variable, "1")

from octoplan.api import simulate  # noqa: E402
from octoplan.scenario import load  # noqa: E402

# The first example may include a compilation. In CI the examples are fixed, so that failures are reproducible.
settings.register_profile("octoplan", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.load_profile("octoplan")

gc.set_threshold(
    ALLOCATIONS_BETWEEN_COLLECTIONS
)  # as in the commands: imports and figures create many objects that live long

LONGEST = (
    "browser/test_app.py", "docs/test_blocks.py", "docs/test_notebooks.py", "browser/test_pictures.py",
    "cli/test_console.py", "cli/test_raids.py", "cli/test_runs.py", "verification/test_simpy_twin.py",
    "reference/test_same_day.py", "campaign/test_properties.py", "campaign/test_compile_cache.py",
    "outcomes/test_streamed_run.py", "raids/test_drift.py",
)  # fmt: skip
"""Modules that take longest; they start first, so that processes that share the tests end at about the same time."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the tests: modules that take longest first."""
    ranks = {Path(__file__).parent / name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[Any]) -> None:
    """Compile the model before the processes start that share the tests, which would all compile it."""
    del config, specs
    simulate(load("pocket"), 1)
