"""The page in headless Chromium; a test fails if the page requests anything from another machine."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from octoplan.scenario import load
from tests.app.serving import PATIENCE, served
from tests.outcomes.runs import changed

CHROMIUM = shutil.which("chromium")
TIMEOUT = int(1000 * PATIENCE)
"""Milliseconds after which a test stops waiting for the page; no test measures speed."""


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    sync_playwright = pytest.importorskip("playwright.sync_api").sync_playwright
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def pocket_app(browser: Any) -> Iterator[str]:
    del browser
    with served("pocket") as address:
        yield address


@pytest.fixture(scope="session")
def octopus_app(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page of octopus over its first 6 months, as a future of 24 months takes several times as long."""
    del browser
    folder = tmp_path_factory.mktemp("scenarios") / "octopus"
    changed(folder, load("octopus"), programme={"months = 24": "months = 6"})
    with served(str(folder)) as address:
        yield address


class Sessions:
    """New browser sessions; requests to other machines than 127.0.0.1 and errors in a page are recorded."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser
        self.contexts: list[Any] = []
        self.errors: list[str] = []

    def page(self, **options: Any) -> Any:
        context = self.browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        context.set_default_timeout(TIMEOUT)
        self.contexts.append(context)
        page = context.new_page()
        page.on("request", self.record_request)
        page.on("pageerror", lambda error: self.errors.append(f"error in the page: {error}"))
        page.on("console", self.record_message)
        return page

    def record_request(self, request: Any) -> None:
        if not request.url.startswith(("http://127.0.0.1:", "data:", "blob:http://127.0.0.1:")):
            self.errors.append(f"requested {request.url}")

    def record_message(self, message: Any) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            self.errors.append(f"message in the console: {message.text}")


@pytest.fixture
def sessions(browser: Any) -> Iterator[Sessions]:
    """Browser sessions; the test fails if a page requested anything from another machine or had an error."""
    opened_sessions = Sessions(browser)
    yield opened_sessions
    for context in opened_sessions.contexts:
        context.close()
    assert opened_sessions.errors == []
