"""The page and the report of the built-in scenario: time to ready, slider to first figures, load, time to write."""

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench.octopus import command_line
from bench.report import Row, run_process

MOVES, LOADS = 40, 5
AGES = (0.3, 0.6, 1.0, 1.6)
"""Seconds between two moves, used in turn: some while the previous answer is being refined, some after."""

MOVE = """async value => {
  const slider = document.querySelector("[data-name='d.crews.intake'] input[type=range]");
  const begun = performance.now();
  const done = new Promise(seen => {
    const watch = new MutationObserver(() => {
      if (document.body.dataset.futures === '2') { watch.disconnect(); seen(performance.now() - begun); }
    });
    watch.observe(document.body, {attributes: true});
  });
  slider.value = value;
  slider.dispatchEvent(new Event('input'));
  return done;
}"""


@contextmanager
def serving() -> Iterator[str]:
    """``octoplan app octopus`` on a free port."""
    command = [command_line(), "app", "octopus", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        line = process.stdout.readline() if process.stdout else ""
        try:
            yield re.findall(r"http://\S+/", line)[0]
        finally:
            process.terminate()
            process.wait(30)


def page(address: str) -> tuple[list[float], list[float]]:
    """Seconds until the page is ready in a fresh browser, and milliseconds from a move to the first new figures."""
    from playwright.sync_api import sync_playwright

    ready, moves = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(LOADS):
            page_view = browser.new_context().new_page()
            start = time.perf_counter()
            page_view.goto(address)
            page_view.locator("body[data-ready=yes]").wait_for()
            ready.append(time.perf_counter() - start)
            page_view.locator("body[data-futures='128']").wait_for(timeout=120_000)
        for move in range(MOVES):
            moves.append(float(page_view.evaluate(MOVE, 0.25 + 0.05 * move)))
            page_view.wait_for_timeout(1000 * AGES[move % len(AGES)])
        browser.close()
    return ready[1:], moves


def answered(address: str) -> int:
    """The number of twenty concurrent requests that are answered to their last line."""
    import requests

    def is_answered(i: int) -> bool:
        body: dict[str, Any] = {"view": "results", "most": 8, "changes": {"d.kits.order": f"x{1 + i / 20}"}}
        lines = requests.post(f"{address}api/answer", json=body, timeout=300).text.splitlines()
        return bool(json.loads(lines[-1])["futures"] == 8)

    with ThreadPoolExecutor(20) as pool:
        return sum(pool.map(is_answered, range(20)))


def measure() -> list[Row]:
    """The page in headless Chromium on the same cores as its server, and the report of 1,000 futures."""
    with serving() as address:
        ready, moves = page(address)
        count = answered(address)
    ordered = sorted(moves)
    middle, late = median(ordered), ordered[int(0.95 * len(ordered))]
    with tempfile.TemporaryDirectory() as folder:
        run, out = Path(folder, "run"), Path(folder, "report.html")
        run_process(command_line(), "run", "octopus", "--futures", "1000", "--out", str(run))
        report = run_process(command_line(), "report", str(run), "--out", str(out))
        size = out.stat().st_size / 1e6
    note = f"{MOVES} moves, 0.3 to 1.6 s apart"
    return [
        Row("page ready, fresh browser", "under 2 s", f"{median(ready):.2f} s", median(ready) < 2.0),
        Row("slider to first figures, median", "under 250 ms", f"{middle:.0f} ms", middle < 250.0, note),
        Row("slider to first figures, p95", "under 600 ms", f"{late:.0f} ms", late < 600.0, note),
        Row("20 requests at once, answered", "20", str(count), count == 20),
        Row("octoplan report, 1,000 futures", "under 10 s", f"{report.wall:.1f} s", report.wall < 10.0),
        Row("its size", "under 8 MB", f"{size:.1f} MB", size < 8.0),
    ]
