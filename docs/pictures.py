"""Takes pictures of figures for the docs: ``python docs/pictures.py PAGE TO-FOLDER PREFIX FIGURE [FIGURE…]``.

A figure of a page (``plan.html``) becomes ``TO-FOLDER/PREFIX-FIGURE.png``. Needs Debian's ``chromium``.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

CHROMIUM = "/usr/bin/chromium"
WIDE, HIGH = 1000, 900


def main(page: str, folder: str, prefix: str, *figures: str) -> None:
    with sync_playwright() as engines, engines.chromium.launch(executable_path=CHROMIUM) as browser:
        view = browser.new_page(viewport={"width": WIDE, "height": HIGH})
        view.goto(Path(page).resolve().as_uri())
        view.add_style_tag(content=".modebar { display: none }")
        for name in figures:
            view.locator(f"figure#{name}").screenshot(path=Path(folder, f"{prefix}-{name}.png"))


if __name__ == "__main__":
    main(*sys.argv[1:])
