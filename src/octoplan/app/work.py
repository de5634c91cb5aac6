"""``python -m octoplan.app.work FOLDER``: runs one job of the page in a separate process."""

import json
import sys
import time
import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from octoplan.app.answers import Sample, chart_data
from octoplan.app.engine import SEED
from octoplan.app.jobs import OPTIONS_FILE, PROBLEMS_FILE, PROGRESS_FILE, RESULT_FILE
from octoplan.app.plan_job import plan_job
from octoplan.app.views import CaptionedChart
from octoplan.errors import OctoplanError, ScenarioError
from octoplan.executors import cores
from octoplan.outcomes.files import atomic_write
from octoplan.outcomes.measures import tabulate
from octoplan.outcomes.simulate import simulate
from octoplan.plan.response_surface import Progress
from octoplan.scenario import Scenario, load
from octoplan.show.charts import CHARTS, page_figures

PROGRESS_INTERVAL = 0.25
"""Minimum number of seconds between reports of progress."""


def main(folder: Path) -> int:
    """Run the job in a folder and return the exit code; problems are written to a file, tracebacks to the log."""
    try:
        options = json.loads((folder / OPTIONS_FILE).read_text("utf-8"))
        job = {"plan": plan_job, "run": run_job}[options["kind"]]
        result = job(load(folder / "scenario"), options, progress_writer(folder))
        atomic_write(folder / RESULT_FILE, json.dumps(result))
    except OctoplanError as error:
        problems = error.problems if isinstance(error, ScenarioError) else [error]
        atomic_write(folder / PROBLEMS_FILE, json.dumps(list(map(str, problems))))
        return 2
    except MemoryError:
        atomic_write(folder / PROBLEMS_FILE, json.dumps(["not enough memory; use fewer futures"]))
        return 1
    except Exception as error:  # noqa: BLE001 (any error is reported on the page)
        traceback.print_exc()
        message = f"octoplan failed ({type(error).__name__}: {str(error)[:300]}); please report it"
        atomic_write(folder / PROBLEMS_FILE, json.dumps([message]))
        return 1
    return 0


def progress_writer(folder: Path) -> Progress:
    """A callback that writes progress to a file, at most once per ``PROGRESS_INTERVAL``."""
    last = 0.0

    def progress(step: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= PROGRESS_INTERVAL or done == total:
            last = time.monotonic()
            atomic_write(folder / PROGRESS_FILE, json.dumps({"step": step, "done": done, "total": total}))

    return progress


def run_job(scenario: Scenario, options: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Simulate a large run: sentences of the answer on its results, key results and charts."""
    with ThreadPoolExecutor(cores()) as executor:
        run = simulate(
            scenario, options["futures"], SEED, executor=executor, keep_going=True,
            progress=lambda done, total: progress("simulating", done, total),
        )  # fmt: skip
    sample = Sample(run)
    return {
        "lines": [
            *(sentence.text for sentence in sample.sentences),
            f"{run.futures:,} futures, {run.failed:,} failed",
        ],
        "charts": [
            chart_data(CaptionedChart(item.name, item.chart, item.caption)) for item in page_figures(run, *CHARTS)
        ],
        "table": tabulate(run, tuple(sample.measures.values())).to_csv(),
    }


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
