"""The page and the report of the scenario ``octopus``: times until the page is ready, responds, and is written."""

import json
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from bench.octopus import octoplan_command
from bench.report import Measurement, run_process

MOVES, SETTLED_MOVES, PAGE_LOADS = 40, 12, 5
PAUSES = (0.3, 0.6, 1.0, 1.6)
"""Seconds between two moves of a slider, used in turn; after the short ones the page is still simulating."""
STEPS = [5 + move for move in range(MOVES)]
"""Positions, in steps from its lower end, of a slider that is moved by one step at a time, as with the arrow keys."""
JUMPS = [5 * (17 * move % MOVES) for move in range(MOVES)]
"""Positions of a slider that is moved further: none was asked for before, and none is simulated in advance."""
SETTLED = [position + 2 for position in JUMPS[:SETTLED_MOVES]]
"""Positions of which no settled answer was asked for before."""
STEPPED, JUMPED = "d.crews.intake", "a.crews.on_duty"
"""Names of the sliders that are moved; the second has 200 steps."""

MOVE_SLIDER_SCRIPT = """async ([name, position, kind]) => {
  const slider = document.querySelector(`[data-name='${name}'] input[type=range]`);
  const start = performance.now();
  const delay = new Promise(resolve => {
    const watch = new MutationObserver(() => {
      if (document.body.dataset[kind]) { watch.disconnect(); resolve(performance.now() - start); }
    });
    watch.observe(document.body, {attributes: true});
  });
  slider.value = Number(slider.min) + position * Number(slider.step);
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


def time_moves(tab: Any, name: str, positions: Sequence[int], kind: str, pauses: Sequence[float]) -> list[float]:
    """Milliseconds from each move of a slider to its results, in ascending order.

    kind
        ``futures`` for the first figures, ``settled`` for settled figures.
    """
    delays = []
    for move, position in enumerate(positions):
        delays.append(float(tab.evaluate(MOVE_SLIDER_SCRIPT, [name, position, kind])))
        tab.wait_for_timeout(1000 * pauses[move % len(pauses)])
    return sorted(delays)


def time_page(address: str) -> tuple[list[float], list[float], list[float], list[float]]:
    """Seconds until the page is ready, and milliseconds from slider moves to results: by steps, by jumps, and settled.

    Each browser session is new; the first load, which reads the files of the page from disk, is left out.
    """
    from playwright.sync_api import sync_playwright

    load_times = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for _ in range(PAGE_LOADS):
            tab = browser.new_context().new_page()
            start = time.perf_counter()
            tab.goto(address)
            tab.locator("body[data-ready=yes]").wait_for()
            load_times.append(time.perf_counter() - start)
            tab.locator("body[data-futures='128']").wait_for(timeout=120_000)
        steps = time_moves(tab, STEPPED, STEPS, "futures", PAUSES)
        jumps = time_moves(tab, JUMPED, JUMPS, "futures", PAUSES)
        settled = time_moves(tab, JUMPED, SETTLED, "settled", PAUSES[:1])
        browser.close()
    return load_times[1:], steps, jumps, settled


def count_answers(address: str) -> int:
    """The number of twenty concurrent requests that receive a complete response."""
    import requests

    def is_complete(i: int) -> bool:
        body: dict[str, Any] = {"view": "results", "most": 16, "changes": {"d.kits.order": f"x{1 + i / 20}"}}
        lines = requests.post(f"{address}api/answer", json=body, timeout=300).text.splitlines()
        return bool(json.loads(lines[-1])["futures"] == 16)

    with ThreadPoolExecutor(20) as pool:
        return sum(pool.map(is_complete, range(20)))


def measure() -> list[Measurement]:
    """Measure the page in headless Chromium on the same cores as its server, and the report of 1,000 futures."""
    with served_page() as address:
        load_times, steps, jumps, settled = time_page(address)
        answers = count_answers(address)
    p95 = sorted(steps + jumps)[int(0.95 * 2 * MOVES)]
    with tempfile.TemporaryDirectory() as folder:
        run, out = Path(folder, "run"), Path(folder, "report.html")
        run_process(octoplan_command(), "run", "octopus", "--futures", "1000", "--out", str(run))
        report = run_process(octoplan_command(), "report", str(run), "--out", str(out))
        size = out.stat().st_size / 1e6
    note = f"{MOVES} moves, 0.3 to 1.6 s apart"

    def moves(title: str, limit: float, delay: float, note: str) -> Measurement:
        return Measurement(title, f"under {limit:,.0f} ms", f"{delay:,.0f} ms", delay < limit, note)

    return [
        Measurement(
            "page ready in a new browser session", "under 2 s", f"{median(load_times):.2f} s", median(load_times) < 2.0
        ),
        moves("slider moved by a step to first figures, median", 100.0, median(steps), note),
        moves("slider moved further to first figures, median", 100.0, median(jumps), note),
        moves("slider moves to first figures, P95", 600.0, p95, "both kinds of moves"),
        moves("slider moved to settled figures, median", 1_000.0, median(settled), f"{SETTLED_MOVES} moves"),
        Measurement("20 concurrent requests: completed", "20", str(answers), answers == 20),
        Measurement(
            "octoplan report of 1,000 futures", "under 10 s", f"{report.wall_seconds:.1f} s", report.wall_seconds < 10.0
        ),
        Measurement("size of the report", "under 8 MB", f"{size:.1f} MB", size < 8.0),
    ]
