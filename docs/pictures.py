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
WIDE, HIGH = 1000, 900
WIDTHS = {1280: 2600, 390: 3000}
"""Pixels of the two screens, and of a picture's height at the most."""
VIEWS = ("results", "raids", "supply", "defence", "money", "plan", "sensitivity", "log", "compare", "runs")
WHOLE = ("results", "supply")
"""Views shown with the panels beside them; the others from their tabs on."""
PARTS = ("front", "supply", "defence", "money", "sensitivity", "measures", "log", "sources", "assurance")
FOLDER = Path(__file__).parent / "how-to" / "pictures"
OCTOPLAN = str(Path(sys.executable).with_name("octoplan"))


def figures(page: str, folder: str, prefix: str, *names: str) -> None:
    with sync_playwright() as engines, engines.chromium.launch(**LAUNCH) as browser:
        view = browser.new_page(viewport={"width": WIDE, "height": HIGH})
        view.goto(Path(page).resolve().as_uri())
        view.add_style_tag(content=".modebar { display: none }")
        for name in names:
            view.locator(f"figure#{name}").screenshot(path=Path(folder, f"{prefix}-{name}.png"))


def taken(shown: Any, path: Path, width: int, top: float = 0.0, height: float = 1e9) -> None:
    """A picture of a part of a page, from a height on."""
    whole = float(shown.evaluate("document.documentElement.scrollHeight")) - top
    clip = {"x": 0, "y": top, "width": width, "height": min(whole, height, WIDTHS[width])}
    shown.screenshot(path=path, full_page=True, clip=clip, type="jpeg", quality=60)


def plan(shown: Any) -> None:
    shown.get_by_label("Share of country").fill("uk")
    shown.get_by_role("button", name="Find a plan").click()
    shown.get_by_role("heading", name="Result", exact=True).wait_for(timeout=600_000)


def runs(shown: Any) -> None:
    shown.get_by_label("Futures").fill("2000")
    shown.get_by_role("button", name="Simulate").click()
    shown.get_by_role("heading", name="Result", exact=True).wait_for(timeout=600_000)


def compare(shown: Any) -> None:
    shown.get_by_role("button", name="Keep the current changes").click()
    shown.locator("#view table").wait_for(timeout=240_000)


DEEDS = {"plan": plan, "runs": runs, "compare": compare}
"""What is done on a view that is empty until somebody does something."""


def page(browser: Any, address: str, folder: Path, views: tuple[str, ...] = VIEWS) -> None:
    """Every view of the page at both widths; what was done at one is still there at the other."""
    shown = browser.new_page()
    done = set()
    for view in views:
        for width in WIDTHS:
            shown.set_viewport_size({"width": width, "height": HIGH})
            shown.goto(f"{address}?view={view}&d.crews.intake=x1.5")
            shown.locator("body[data-ready=yes]").wait_for()
            if view in DEEDS and view not in done:
                DEEDS[view](shown)
                done.add(view)
            most = 512 if view in ("sensitivity", "log") else 128
            shown.locator(f"body[data-futures='{most}']").wait_for(timeout=240_000)
            shown.wait_for_timeout(2500)
            top = 0.0 if view in WHOLE else shown.locator("#tabs").bounding_box()["y"]
            taken(shown, folder / f"page-{view}-{width}.jpg", width, top)


def report(browser: Any, file: Path, folder: Path, parts: tuple[str, ...] = PARTS) -> None:
    """Every part of a report at both widths."""
    for width in WIDTHS:
        shown = browser.new_page(viewport={"width": width, "height": HIGH})
        shown.goto(file.resolve().as_uri())
        shown.wait_for_timeout(2500)
        for part in parts:
            box = shown.locator("div.front" if part == "front" else f"section#{part}").bounding_box()
            if box is not None:
                taken(shown, folder / f"report-{part}-{width}.jpg", width, box["y"], box["height"])


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as engines, engines.chromium.launch(**LAUNCH) as browser:
        everything(browser)


def everything(browser: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder, "run")
        subprocess.run([OCTOPLAN, "run", "octopus", "--out", str(run)], check=True, capture_output=True)  # noqa: S603
        report(browser, run / "report.html", FOLDER)
    command = [OCTOPLAN, "app", "octopus", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        said = process.stdout.readline() if process.stdout else ""
        try:
            page(browser, re.findall(r"http://[^ ]+/", said)[0], FOLDER)
        finally:
            process.terminate()


if __name__ == "__main__":
    figures(*sys.argv[1:]) if len(sys.argv) > 1 else main()
