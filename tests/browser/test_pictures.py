"""The pictures of the docs: there for every view and part, and taken by a script that still works."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

from octoplan.show.report import report
from tests.outcomes.runs import pocket

DOCS = Path(__file__).parents[2] / "docs"
LEAST = 3_000
"""Bytes below which a picture would be blank."""


@pytest.fixture(scope="module")
def camera(browser: Any) -> Any:
    del browser
    spec = importlib.util.spec_from_file_location("pictures", DOCS / "pictures.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_view_and_part_is_in_the_docs(camera: Any) -> None:
    """Each view of the page and part of the report is shown at both widths, and every picture named is there."""
    pages = [(DOCS / "how-to" / name).read_text("utf-8") for name in ("the-page.md", "hand-over-to-a-reviewer.md")]
    names = set(re.findall(r"pictures/([a-z0-9-]+\.jpg)", "".join(pages)))
    expected = {f"page-{view}-{width}.jpg" for view in camera.VIEWS for width in camera.WIDTHS}
    expected |= {f"report-{part}-{width}.jpg" for part in camera.PARTS for width in camera.WIDTHS}
    assert names == expected
    assert all((DOCS / "how-to" / "pictures" / name).stat().st_size > LEAST for name in names)


def test_the_page_is_photographed(camera: Any, browser: Any, pocket_app: str, tmp_path: Path) -> None:
    """The script's own pictures of a view of the real page, wide and narrow."""
    camera.page(browser, pocket_app, tmp_path, ("supply",))
    for width in camera.WIDTHS:
        assert (tmp_path / f"page-supply-{width}.jpg").stat().st_size > LEAST


def test_the_report_is_photographed(camera: Any, browser: Any, tmp_path: Path) -> None:
    """The script's own pictures of a part of a real report, wide and narrow."""
    (tmp_path / "report.html").write_text(report(pocket()), "utf-8")
    camera.report(browser, tmp_path / "report.html", tmp_path, ("front", "money"))
    for width in camera.WIDTHS:
        assert (tmp_path / f"report-money-{width}.jpg").stat().st_size > LEAST
