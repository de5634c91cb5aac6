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
import plotly.graph_objects as go

from octoplan.app.engine import SEED, figure_data
from octoplan.app.jobs import OPTIONS, PROBLEMS, PROGRESS, RESULT
from octoplan.app.views import Figure
from octoplan.errors import OctoplanError, ScenarioError
from octoplan.executors import cores
from octoplan.outcomes.files import atomic_write
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.key_results import month_label
from octoplan.outcomes.measures import key_results
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
TIME_LIMIT = 120.0
"""Time limit of the search for a plan, in seconds."""
FRONTIER_FUTURES = 30

Progress = Callable[[str, int, int], None]


def main(folder: Path) -> int:
    """Run the job in a folder and return its exit code; problems are written to a file, tracebacks to the log."""
    try:
        options = json.loads((folder / OPTIONS).read_text("utf-8"))
        work = {"plan": plan_job, "run": run_job}[options["kind"]]
        result = work(load(folder / "scenario"), options, progress_file(folder))
        atomic_write(folder / RESULT, json.dumps(result))
    except OctoplanError as error:
        problems = error.problems if isinstance(error, ScenarioError) else [error]
        atomic_write(folder / PROBLEMS, json.dumps(list(map(str, problems))))
        return 2
    except MemoryError:
        atomic_write(folder / PROBLEMS, json.dumps(["not enough memory; use fewer futures"]))
        return 1
    except Exception as error:  # noqa: BLE001 (any error is reported on the page)
        traceback.print_exc()
        message = f"octoplan failed ({type(error).__name__}: {str(error)[:300]}); please report it"
        atomic_write(folder / PROBLEMS, json.dumps([message]))
        return 1
    return 0


def progress_file(folder: Path) -> Progress:
    """A callback that writes progress to a file, at most once in ``PROGRESS_INTERVAL``."""
    last = 0.0

    def progress(step: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= PROGRESS_INTERVAL or done == total:
            last = time.monotonic()
            atomic_write(folder / PROGRESS, json.dumps({"step": step, "done": done, "total": total}))

    return progress


def plan_job(scenario: Scenario, options: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """A plan with its out-of-sample evaluation and, if a country is given, the frontier of its share."""
    goals = {name: options[name] for name in ("target", "by", "confidence") if name in options}
    country = options.get("frontier")
    with ThreadPoolExecutor(cores()) as executor:
        optimised = optimise(
            scenario, goals_of(scenario, options_with(scenario, goals)), futures=options["futures"],
            time_limit=TIME_LIMIT, executor=executor, progress=progress,
        )  # fmt: skip
        evaluated = evaluate(
            scenario, optimised, futures=options["unseen"], seed=SEED, executor=executor, progress=progress
        )
        curve = None
        if country:
            curve = frontier(
                scenario, optimised, country, futures=FRONTIER_FUTURES, seed=SEED, executor=executor, progress=progress
            )
    charts = [("gantt", plan.gantt(optimised)), ("output", plan.output(optimised))]
    charts += [("orders", plan.orders(optimised))] if plan.produces(optimised) else []
    charts += [
        ("crews", plan.crews(optimised)),
        ("alternatives", alternatives.alternatives(evaluated, scenario.currency)),
    ]
    lines = PlanResults(optimised, evaluated, frontier=curve).lines
    content: dict[str, Any] = {"decisions": optimised.text}
    if curve is not None:
        charts.insert(0, ("frontier", alternatives.frontier(curve, scenario.currency)))
        content["frontier"] = frontier_points(curve, scenario)
    return {**content, "lines": lines, "figures": [chart_data(name, chart) for name, chart in charts]}


def chart_data(name: str, chart: go.Figure, note: str = "") -> dict[str, Any]:
    """A chart as JSON data for the page."""
    return figure_data(Figure(name, chart, note))


def frontier_points(curve: Frontier, scenario: Scenario) -> dict[str, Any]:
    """Points of the frontier: cost relative to the cheapest share, threats stopped and jobs, for each share."""
    worst = 100.0 * alternatives.resilience(curve)
    titles = {country: scenario.titles.get(f"countries.{country}", country) for country in (curve.country, *curve.jobs)}
    points = []
    for i, share in enumerate(curve.shares.tolist()):
        cost = interval(curve.cost[i] - curve.cost[curve.cheapest])
        month = float(np.median(curve.months_to_rate[i]))
        jobs = [f"{titles[country]} {counts[i].mean():,.0f}" for country, counts in curve.jobs.items()]
        points.append({
            "share": 100.0 * share, "cost": cost.mean, "half": alternatives.half_width(cost),
            "dominated": bool(curve.dominated[i]), "stopped": 100.0 * float(curve.stopped_share[i].mean()),
            "worst": float(worst[i]), "reached": month_label(month, scenario.names.months), "jobs": ", ".join(jobs),
        })  # fmt: skip
    rate = f"{curve.rate:,.0f}"
    return {"country": titles[curve.country], "rate": rate, "cheapest": curve.cheapest, "points": points}


def run_job(scenario: Scenario, options: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """A large run: its summary, its key results and its figures."""
    with ThreadPoolExecutor(cores()) as executor:
        run = simulate(
            scenario, options["futures"], SEED, executor=executor, keep_going=True,
            progress=lambda done, total: progress("simulating", done, total),
        )  # fmt: skip
    results = key_results(run)
    return {
        "lines": [results.summary, f"{run.futures:,} futures, {run.failed:,} failed"],
        "figures": [chart_data(item.name, item.chart, item.caption) for item in page_figures(run, *CHARTS)],
        "table": results.to_csv(),
    }


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
