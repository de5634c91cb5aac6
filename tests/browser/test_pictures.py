"""The pictures of the documentation: complete, and taken by a script that works."""

import re
from pathlib import Path
from typing import Any

import pytest

from octoplan.show.report import report
from tests.docs.scripts import docs_script
from tests.outcomes.runs import pocket

DOCS = Path(__file__).parents[2] / "docs"
MIN_PICTURE_BYTES = 3_000
"""Minimum size of a picture in bytes; blank pictures are smaller."""


@pytest.fixture(scope="module")
def picture_script(browser: Any) -> Any:
    del browser
    return docs_script("pictures")


def test_every_view_and_part_is_in_the_docs(picture_script: Any) -> None:
    """Each view of the page and part of the report is shown at both widths, and every picture exists."""
    pages = [(DOCS / "how-to" / name).read_text("utf-8") for name in ("the-page.md", "hand-over-to-a-reviewer.md")]
    names = set(re.findall(r"pictures/([a-z0-9-]+\.jpg)", "".join(pages)))
    expected = {f"page-{view}-{width}.jpg" for view in picture_script.VIEWS for width in picture_script.WIDTHS}
    expected |= {f"report-{part}-{width}.jpg" for part in picture_script.PARTS for width in picture_script.WIDTHS}
    assert names == expected
    assert all((DOCS / "how-to" / "pictures" / name).stat().st_size > MIN_PICTURE_BYTES for name in names)


def test_pictures_of_the_page(picture_script: Any, browser: Any, pocket_app: str, tmp_path: Path) -> None:
    """The script takes pictures of a view of the page at both widths."""
    picture_script.page(browser, pocket_app, tmp_path, ("supply",))
    for width in picture_script.WIDTHS:
        assert (tmp_path / f"page-supply-{width}.jpg").stat().st_size > MIN_PICTURE_BYTES


def test_pictures_of_the_report(picture_script: Any, browser: Any, tmp_path: Path) -> None:
    """The script takes pictures of a part of a report at both widths."""
    (tmp_path / "report.html").write_text(report(pocket()), "utf-8")
    picture_script.report(browser, tmp_path / "report.html", tmp_path, ("front", "money"))
    for width in picture_script.WIDTHS:
        assert (tmp_path / f"report-money-{width}.jpg").stat().st_size > MIN_PICTURE_BYTES
