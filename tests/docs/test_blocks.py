"""All blocks of commands and of Python in the tutorial and the how-to guides run, in the order of the page."""

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
    """The blocks of a page run in one folder with ``docs`` in it; the first that fails is reported with its output."""
    (tmp_path / "docs").symlink_to(DOCS)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for kind, text in BLOCK.findall(page.read_text("utf-8")):
        command = ["bash", "-euc", text] if kind == "sh" else [sys.executable, "-c", text]
        environment = {**os.environ, "PATH": path}
        process = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert process.returncode == 0, f"{page.name}:\n{text}\n{process.stdout[-2000:]}\n{process.stderr[-2000:]}"


def test_pages_have_blocks() -> None:
    """The tutorial and all guides but one have blocks that run."""
    runs = {page.stem for page in PAGES if BLOCK.search(page.read_text("utf-8"))}
    assert "tutorial" in runs
    assert {page.stem for page in PAGES} - runs <= {"the-page"}
