"""The page and the report of the scenario ``octopus``: times until the page is ready, responds, and is written."""

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

from bench.octopus import octoplan_command
from bench.report import Measurement, run_process

SLIDER_MOVES, PAGE_LOADS = 40, 5
PAUSES = (0.3, 0.6, 1.0, 1.6)
"""Seconds between two moves of a slider, used in turn; after the short ones the page is still simulating."""

MOVE_SLIDER_SCRIPT = """async value => {
  const slider = document.querySelector("[data-name='d.crews.intake'] input[type=range]");
  const start = performance.now();
  const delay = new Promise(resolve => {
    const watch = new MutationObserver(() => {
      if (document.body.dataset.futures === '2') { watch.disconnect(); resolve(performance.now() - start); }
    });
    watch.observe(document.body, {attributes: true});
  });
  slider.value = value;
  slider.dispatchEvent(new Event('input'));
  return delay;
}"""


@contextmanager
def served_page() -> Iterator[str]:
    """Run ``octoplan app octopus`` on a free port and yield its address."""
    command = [octoplan_command(), "app", "octopus", "--port", "0", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        line = process.stdout.readline() if process.stdout else ""
        try:
            yield re.findall(r"http://\S+/", line)[0]
        finally:
            process.terminate()
            process.wait(30)


def time_page(address: str) -> tuple[list[float], list[float]]:
    """Seconds until the page is ready in a new browser session, and milliseconds from slider moves to new results."""
    from playwright.sync_api import sync_playwright

    load_times, delays = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(PAGE_LOADS):
            tab = browser.new_context().new_page()
            start = time.perf_counter()
            tab.goto(address)
            tab.locator("body[data-ready=yes]").wait_for()
            load_times.append(time.perf_counter() - start)
            tab.locator("body[data-futures='128']").wait_for(timeout=120_000)
        for move in range(SLIDER_MOVES):
            delays.append(float(tab.evaluate(MOVE_SLIDER_SCRIPT, 0.25 + 0.05 * move)))
            tab.wait_for_timeout(1000 * PAUSES[move % len(PAUSES)])
        browser.close()
    return load_times[1:], delays


def count_answers(address: str) -> int:
    """The number of twenty concurrent requests that receive a complete response."""
    import requests

    def is_complete(i: int) -> bool:
        body: dict[str, Any] = {"view": "results", "most": 8, "changes": {"d.kits.order": f"x{1 + i / 20}"}}
        lines = requests.post(f"{address}api/answer", json=body, timeout=300).text.splitlines()
        return bool(json.loads(lines[-1])["futures"] == 8)

    with ThreadPoolExecutor(20) as pool:
        return sum(pool.map(is_complete, range(20)))


def measure() -> list[Measurement]:
    """Measure the page in headless Chromium on the same cores as its server, and the report of 1,000 futures."""
    with served_page() as address:
        load_times, delays = time_page(address)
        answers = count_answers(address)
    sorted_delays = sorted(delays)
    median_delay, p95_delay = median(sorted_delays), sorted_delays[int(0.95 * len(sorted_delays))]
    with tempfile.TemporaryDirectory() as folder:
        run, out = Path(folder, "run"), Path(folder, "report.html")
        run_process(octoplan_command(), "run", "octopus", "--futures", "1000", "--out", str(run))
        report = run_process(octoplan_command(), "report", str(run), "--out", str(out))
        size = out.stat().st_size / 1e6
    note = f"{SLIDER_MOVES} moves, 0.3 to 1.6 s apart"
    return [
        Measurement(
            "page ready in a new browser session", "under 2 s", f"{median(load_times):.2f} s", median(load_times) < 2.0
        ),
        Measurement(
            "slider move to new results, median", "under 250 ms", f"{median_delay:.0f} ms", median_delay < 250.0, note
        ),
        Measurement("slider move to new results, P95", "under 600 ms", f"{p95_delay:.0f} ms", p95_delay < 600.0, note),
        Measurement("20 concurrent requests: completed", "20", str(answers), answers == 20),
        Measurement(
            "octoplan report of 1,000 futures", "under 10 s", f"{report.wall_seconds:.1f} s", report.wall_seconds < 10.0
        ),
        Measurement("size of the report", "under 8 MB", f"{size:.1f} MB", size < 8.0),
    ]
