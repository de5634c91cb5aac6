"""Every block of commands and of Python in the tutorial and the how-to guides runs, in the order of its page."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PAGES = (DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_blocks_of_a_page_run(page: Path, tmp_path: Path) -> None:
    """As a reader would type them, in one folder; the first that fails is shown with what it said."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for kind, text in BLOCK.findall(page.read_text("utf-8")):
        command = ["bash", "-euc", text] if kind == "sh" else [sys.executable, "-c", text]
        environment = {**os.environ, "PATH": path}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{page.name}:\n{text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def test_pages_have_blocks() -> None:
    """The tutorial and most guides have something to run; one that has not says why in its text."""
    runs = {page.stem for page in PAGES if BLOCK.search(page.read_text("utf-8"))}
    assert "tutorial" in runs
    assert {page.stem for page in PAGES} - runs <= {"new-raids", "the-page"}
