"""Fixtures: the small valid scenario, as a folder and loaded."""

from pathlib import Path

import pytest

from octoplan.scenario import Scenario, load
from tests.scenario.folder import write


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the small valid scenario to the folder ``small`` and make its parent the working directory."""
    monkeypatch.chdir(tmp_path)
    return write(Path("small"))


@pytest.fixture
def scenario(small: Path) -> Scenario:
    """The small scenario, loaded."""
    return load(small)
