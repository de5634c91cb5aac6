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


def test_a_report_fits_a_phone_as_the_page_does(browser: Any, pocket_app: str, tmp_path: Path) -> None:
    """At 390 pixels charts of a report have the sizes and margins that they have on the page, within the screen."""
    (tmp_path / "report.html").write_text(report(pocket()), "utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto((tmp_path / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    sizes = {}
    for medium, box in (("report", "#{}"), ("page", "figure[data-name={}]")):
        if medium == "page":
            page.goto(pocket_app + "?view=supply")
        for name in ("deliveries", "production", "stock"):
            plot = page.locator(box.format(name)).locator(".js-plotly-plot")
            plot.locator(".main-svg").first.wait_for()
            sizes[medium, name] = plot.evaluate(
                "({layout}) => [layout.height, layout.width, layout.margin.l, layout.margin.b, layout.legend?.y]"
            )
    page.close()
    for name in ("deliveries", "production", "stock"):
        assert sizes["report", name] == sizes["page", name]
