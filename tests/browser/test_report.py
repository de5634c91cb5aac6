"""The report in headless Chromium, as it is printed on A4 paper."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from octoplan.answer.answer import answer_of
from octoplan.api import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.show.report import report
from tests.answer.variants import run_of
from tests.browser.conftest import Sessions
from tests.outcomes.runs import octopus, ranged

MM = 96.0 / 25.4
"""CSS pixels in a millimetre."""
WIDTH, HEIGHT = (210.0 - 2 * 12.0) * MM, (297.0 - 16.0 - 13.0) * MM
"""Size in pixels of an A4 page within its margins."""
LANDSCAPE_WIDTH = (297.0 - 2 * 12.0) * MM
RUNS: dict[str, Callable[[], Run]] = {
    "octopus": octopus,
    "ranged": ranged,
    "production only": lambda: run_of("production only"),
}


def printed(sessions: Sessions, run: Run, folder: Path) -> Any:
    """The report of a run with its answer, in the style of print, as wide as a page of A4."""
    answer = answer_of(RunResults(run), 4)
    (folder / "report.html").write_text(report(run, answer=answer), "utf-8")
    page = sessions.page(viewport={"width": round(WIDTH), "height": round(HEIGHT)})
    page.emulate_media(media="print")
    page.goto((folder / "report.html").as_uri())
    page.locator("#deliveries-and-leakers .main-svg").first.wait_for()
    return page


@pytest.fixture
def local_sessions(browser: Any) -> Any:
    """Browser sessions of files of this machine."""
    sessions = Sessions(browser)
    yield sessions
    for context in sessions.contexts:
        context.close()


@pytest.mark.parametrize("name", RUNS)
def test_the_first_page_fits_on_a4(name: str, local_sessions: Sessions, tmp_path: Path) -> None:
    """Question, answer, chart, options, confidence and next step are in this order on one page of A4."""
    run = RUNS[name]()
    page = printed(local_sessions, run, tmp_path)
    box = page.locator("#page-one").bounding_box()
    assert box["height"] <= HEIGHT
    parts = ["question", "answer", "deliveries-and-leakers", "options"]
    parts += [part for part in ("confidence", "next") if name != "production only"]
    tops = [page.locator(f"#page-one #{part}").bounding_box()["y"] for part in parts]
    assert tops == sorted(tops)


@pytest.mark.parametrize("name", RUNS)
def test_nothing_is_wider_than_the_paper(name: str, local_sessions: Sessions, tmp_path: Path) -> None:
    """Tables and charts end within the margins; the log and the sources are printed in landscape."""
    page = printed(local_sessions, RUNS[name](), tmp_path)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    too_wide = """width => [...document.querySelectorAll('section:not(#log, #sources)')]
      .flatMap(section => [...section.querySelectorAll('table, .main-svg, p, pre, li')])
      .filter(item => item.getBoundingClientRect().right > width + 1).map(item => item.outerHTML.slice(0, 80))"""
    page.wait_for_function(f"width => !({too_wide})(width).length", arg=WIDTH)
    page.set_viewport_size({"width": round(LANDSCAPE_WIDTH), "height": 700})
    for annex in ("log", "sources"):
        for table in page.locator(f"#{annex} table").all():
            box = table.bounding_box()
            assert box["x"] + box["width"] <= LANDSCAPE_WIDTH + 1


def test_a_bar_of_a_tornado_leads_to_the_row_of_its_assumption(local_sessions: Sessions, tmp_path: Path) -> None:
    """A click on a bar scrolls to the row of the assumptions log, on a wide and on a narrow screen."""
    (tmp_path / "report.html").write_text(report(ranged()), "utf-8")
    for width in (1280, 390):
        page = local_sessions.page(viewport={"width": width, "height": 900})
        page.goto((tmp_path / "report.html").as_uri())
        bar = page.locator("#tornado-net-benefit .bars .point path").first
        bar.scroll_into_view_if_needed()
        box = bar.bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.wait_for_function("location.hash.startsWith('#row-')")
        name = page.evaluate("location.hash.slice('#row-'.length)")
        assert name in ranged().scenario.columns
        row = page.locator(f"[id='row-{name}']").bounding_box()
        assert -1 <= row["y"] < 900
