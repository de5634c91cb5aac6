"""The documentation site builds without warnings and contains the pages."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html", "-d", tmp_path / "trees",
         ROOT / "docs", tmp_path / "site"], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    page = (tmp_path / "site/tutorial.html").read_text("utf-8")
    assert "From installation to a first decision" in page
    assert "octoplan.simulate" in (tmp_path / "site/reference/api.html").read_text("utf-8")
    assert "first-look.ipynb" in (tmp_path / "site/index.html").read_text("utf-8")
    assert "fonts.googleapis" not in page
