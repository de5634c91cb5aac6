"""Takes the pictures of the docs. Needs Debian's ``chromium``.

``python docs/pictures.py``: every view of the page and every part of the report, wide and narrow, on ``octopus``.
``python docs/pictures.py PAGE TO-FOLDER PREFIX FIGURE [FIGURE…]``: figures of a page of a plan, as PNG.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

LAUNCH: Any = {"executable_path": "/usr/bin/chromium", "args": ["--no-sandbox"]}
WIDE, HIGH, FIRST_HIGH = 1000, 900, 720
WIDTHS = {1280: 2600, 390: 3000}
"""Pixels of the two screens, and the largest height of a picture."""
PATIENCE = 600_000
"""Milliseconds after which a state that has not come is given up."""
VIEWS = ("results", "raids", "supply", "defence", "money", "plan", "sensitivity", "log", "compare", "runs")
VIEWS_WITH_MORE_FUTURES = ("sensitivity", "log")
"""Views that are refined to 512 futures, the others to 128."""
WITH_PANELS = ("results", "supply")
"""Views pictured with the panels; the others from their tabs on."""
PARTS = ("front", "supply", "defence", "money", "sensitivity", "measures", "log", "sources", "assurance")
FOLDER = Path(__file__).parent / "how-to" / "pictures"
OCTOPLAN = str(Path(sys.executable).with_name("octoplan"))
DRAWN = "() => [...document.querySelectorAll('.plot, .js-plotly-plot')].every(plot => plot.querySelector('.main-svg'))"


def figures(page: str, folder: str, prefix: str, *names: str) -> None:
    """Pictures of figures of a page on disk."""
    with sync_playwright() as engines, engines.chromium.launch(**LAUNCH) as browser:
        view = browser.new_page(viewport={"width": WIDE, "height": HIGH})
        view.goto(Path(page).resolve().as_uri())
        view.add_style_tag(content=".modebar { display: none }")
        for name in names:
            view.locator(f"figure#{name}").screenshot(path=Path(folder, f"{prefix}-{name}.png"))


def save_picture(tab: Any, path: Path, width: int, top: float = 0.0, height: float = 1e9) -> None:
    """A picture of a part of a page, once its charts are drawn."""
    tab.wait_for_function(DRAWN, timeout=PATIENCE)
    rest = float(tab.evaluate("document.documentElement.scrollHeight")) - top
    clip = {"x": 0, "y": top, "width": width, "height": min(rest, height, WIDTHS[width])}
    tab.screenshot(path=path, full_page=True, clip=clip, type="jpeg", quality=60)


def start_plan(tab: Any) -> None:
    """Find a plan with a frontier."""
    tab.get_by_label("Frontier of the share of").select_option("uk")
    tab.get_by_role("button", name="Find a plan").click()
    tab.get_by_role("heading", name="Result", exact=True).wait_for(timeout=PATIENCE)


def start_run(tab: Any) -> None:
    """Simulate a large run."""
    tab.get_by_label("Futures").fill("2000")
    tab.get_by_role("button", name="Simulate").click()
    tab.get_by_role("heading", name="Result", exact=True).wait_for(timeout=PATIENCE)


def add_variant(tab: Any) -> None:
    """Keep the changes as a variant."""
    tab.get_by_role("button", name="Keep the current changes").click()
    tab.locator("#view table").wait_for(timeout=PATIENCE)


ACTIONS = {"plan": start_plan, "runs": start_run, "compare": add_variant}
"""What fills a view that is empty at first."""


def page(browser: Any, address: str, folder: Path, views: tuple[str, ...] = VIEWS) -> None:
    """Every view of the page at both widths; what fills a view at the first width is still there at the second."""
    tab = browser.new_page()
    filled = set()
    for view in views:
        for width in WIDTHS:
            tab.set_viewport_size({"width": width, "height": HIGH})
            tab.goto(f"{address}?view={view}&d.crews.intake=x1.5")
            tab.locator("body[data-ready=yes]").wait_for(timeout=PATIENCE)
            if view in ACTIONS and view not in filled:
                ACTIONS[view](tab)
                filled.add(view)
            futures = 512 if view in VIEWS_WITH_MORE_FUTURES else 128
            tab.locator(f"body[data-futures='{futures}']").wait_for(timeout=PATIENCE)
            if view in WITH_PANELS:
                tab.locator("body[data-answered=yes]").wait_for(timeout=PATIENCE)
            top = 0.0 if view in WITH_PANELS else tab.locator("#tabs").bounding_box()["y"]
            save_picture(tab, folder / f"page-{view}-{width}.jpg", width, top)


def first_view(browser: Any, address: str, folder: Path) -> None:
    """What a wide screen shows first, with the answer, for the README."""
    tab = browser.new_page(viewport={"width": 1280, "height": FIRST_HIGH})
    tab.goto(address)
    tab.locator("body[data-ready=yes]").wait_for(timeout=PATIENCE)
    tab.locator("body[data-futures='128']").wait_for(timeout=PATIENCE)
    tab.locator("body[data-answered=yes]").wait_for(timeout=PATIENCE)
    tab.wait_for_function(DRAWN, timeout=PATIENCE)
    tab.screenshot(path=folder / "first-view.jpg", type="jpeg", quality=60)


def report(browser: Any, file: Path, folder: Path, parts: tuple[str, ...] = PARTS) -> None:
    """Every part of a report at both widths."""
    for width in WIDTHS:
        tab = browser.new_page(viewport={"width": width, "height": HIGH})
        tab.goto(file.resolve().as_uri())
        for part in parts:
            box = tab.locator("div.front" if part == "front" else f"section#{part}").bounding_box()
            if box is not None:
                save_picture(tab, folder / f"report-{part}-{width}.jpg", width, box["y"], box["height"])


def main() -> None:
    """Pictures of every view of the page and of every part of a report, on octopus."""
    FOLDER.mkdir(exist_ok=True)
    with (
        sync_playwright() as engines,
        engines.chromium.launch(**LAUNCH) as browser,
        tempfile.TemporaryDirectory() as folder,
    ):
        run = Path(folder, "run")
        subprocess.run([OCTOPLAN, "run", "octopus", "--out", str(run)], check=True, capture_output=True)  # noqa: S603
        report(browser, run / "report.html", FOLDER)
        command = [OCTOPLAN, "app", "octopus", "--port", "0", "--no-browser"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
            line = process.stdout.readline() if process.stdout else ""
            try:
                address = re.findall(r"http://[^ ]+/", line)[0]
                first_view(browser, address, FOLDER)
                page(browser, address, FOLDER)
            finally:
                process.terminate()


if __name__ == "__main__":
    figures(*sys.argv[1:]) if len(sys.argv) > 1 else main()
