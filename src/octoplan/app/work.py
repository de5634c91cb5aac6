"""``python -m octoplan.app.work FOLDER``: runs one job of the page in a separate process."""

import json
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from octoplan.app.answers import Sample, chart_data
from octoplan.app.engine import SEED
from octoplan.app.jobs import OPTIONS_FILE, PROBLEMS_FILE, PROGRESS_FILE, RESULT_FILE
from octoplan.app.views import CaptionedChart
from octoplan.errors import OctoplanError, ScenarioError
from octoplan.executors import cores
from octoplan.outcomes.files import atomic_write
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.key_results import month_label
from octoplan.outcomes.measures import tabulate
from octoplan.outcomes.simulate import simulate
from octoplan.plan.goals import goals_of, options_with
from octoplan.plan.optimise import optimise
from octoplan.plan.results.evaluation import evaluate
from octoplan.plan.results.folder import PlanResults
from octoplan.plan.results.frontier import Frontier, frontier
from octoplan.scenario import Scenario, load
from octoplan.show import alternatives, plan
from octoplan.show.charts import CHARTS, page_figures

PROGRESS_INTERVAL = 0.25
"""Minimum number of seconds between reports of progress."""
SEARCH_TIME_LIMIT = 120.0
"""Time limit of the search for a plan, in seconds."""
FRONTIER_FUTURES = 30
"""Number of futures for the frontier."""

Progress = Callable[[str, int, int], None]
"""Callback that receives the name of a step, and how much of how much is done."""


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


def plan_job(scenario: Scenario, options: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Find a plan and evaluate it out of sample; if a country is given, also compute the frontier of its share."""
    goals = {name: options[name] for name in ("target", "by", "confidence") if name in options}
    country = options.get("frontier")
    with ThreadPoolExecutor(cores()) as executor:
        best_plan = optimise(
            scenario, goals_of(scenario, options_with(scenario, goals)), futures=options["futures"],
            time_limit=SEARCH_TIME_LIMIT, executor=executor, progress=progress,
        )  # fmt: skip
        evaluation = evaluate(
            scenario, best_plan, futures=options["unseen"], seed=SEED, executor=executor, progress=progress
        )
        frontier_curve = None
        if country:
            frontier_curve = frontier(
                scenario, best_plan, country, futures=FRONTIER_FUTURES, seed=SEED, executor=executor, progress=progress
            )
    charts = [("gantt", plan.gantt(best_plan)), ("output", plan.output(best_plan))]
    charts += [("orders", plan.orders(best_plan))] if plan.produces(best_plan) else []
    charts += [
        ("crews", plan.crews(best_plan)),
        ("alternatives", alternatives.alternatives(evaluation, scenario.currency)),
    ]
    lines = PlanResults(best_plan, evaluation, frontier=frontier_curve).lines
    content: dict[str, Any] = {"decisions": best_plan.text}
    if frontier_curve is not None:
        charts.insert(0, ("frontier", alternatives.frontier(frontier_curve, scenario.currency)))
        content["frontier"] = frontier_points(frontier_curve, scenario)
    return {
        **content,
        "lines": lines,
        "charts": [chart_data(CaptionedChart(name, chart, note="")) for name, chart in charts],
    }


def frontier_points(frontier_curve: Frontier, scenario: Scenario) -> dict[str, Any]:
    """The frontier as JSON data: for each share the cost relative to the cheapest share, threats stopped, and jobs."""
    worst = 100.0 * alternatives.resilience(frontier_curve)
    titles = {
        country: scenario.titles.get(f"countries.{country}", country)
        for country in (frontier_curve.country, *frontier_curve.jobs)
    }
    points = []
    for i, share in enumerate(frontier_curve.shares.tolist()):
        cost = interval(frontier_curve.cost[i] - frontier_curve.cost[frontier_curve.cheapest])
        month = float(np.median(frontier_curve.months_to_rate[i]))
        jobs = [f"{titles[country]} {counts[i].mean():,.0f}" for country, counts in frontier_curve.jobs.items()]
        points.append({
            "share": 100.0 * share, "cost": cost.mean, "half": alternatives.half_width(cost),
            "dominated": bool(frontier_curve.dominated[i]),
            "stopped": 100.0 * float(frontier_curve.stopped_share[i].mean()),
            "worst": float(worst[i]), "reached": month_label(month, scenario.names.months), "jobs": ", ".join(jobs),
        })  # fmt: skip
    rate = f"{frontier_curve.rate:,.0f}"
    return {
        "country": titles[frontier_curve.country],
        "rate": rate,
        "cheapest": frontier_curve.cheapest,
        "points": points,
    }


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
