"""``python -m octoplan.app.work FOLDER``: one long job of the page, in a process that can be killed."""

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from octoplan.app.engine import shown
from octoplan.executors import cores
from octoplan.outcomes.files import atomic_write
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.key_results import month_label
from octoplan.plan.results.frontier import Frontier
from octoplan.scenario import Scenario, load
from octoplan.show.benchmarks import half, resilience

EVERY = 0.25
"""Seconds between two words of progress."""


def main(folder: Path) -> None:
    options = json.loads((folder / "options.json").read_text("utf-8"))
    work = {"plan": plan, "run": run}[options["kind"]]
    found = work(load(folder / "scenario"), options, reporter(folder))
    atomic_write(folder / "result.json", json.dumps(found))


def reporter(folder: Path) -> Callable[[str, int, int], None]:
    """Writes what goes on into ``progress.json``, not more often than somebody looks."""
    last = 0.0

    def told(what: str, done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last >= EVERY or done == total:
            last = time.monotonic()
            atomic_write(folder / "progress.json", json.dumps({"what": what, "done": done, "total": total}))

    return told


def plan(scenario: Scenario, options: dict[str, Any], told: Callable[[str, int, int], None]) -> dict[str, Any]:
    """A plan with its flight, and the frontier where a country is named: lines, figures and decisions."""
    from octoplan.cli.plan import wanted_of
    from octoplan.plan.goals import aims_of
    from octoplan.plan.optimise import optimise
    from octoplan.plan.results import evaluation as flight
    from octoplan.plan.results import narrative as words
    from octoplan.plan.results.frontier import frontier
    from octoplan.show.benchmarks import frontier as split
    from octoplan.show.benchmarks import rivals
    from octoplan.show.plan import crews, gantt, makes, orders, output

    wanted = {name: options[name] for name in ("target", "by", "confidence") if options.get(name) is not None}
    with ThreadPoolExecutor(cores()) as pool:
        found = optimise(
            scenario, aims_of(scenario, wanted_of(scenario, wanted)), futures=int(options.get("futures", 40)),
            time_limit=120.0, executor=pool, progress=told,
        )  # fmt: skip
        flights = flight.fly_plans(
            scenario, found, futures=int(options.get("unseen", 60)), seed=1, executor=pool, progress=told
        )
        country = options.get("frontier")
        front = (
            frontier(scenario, found, country, futures=30, seed=1, executor=pool, progress=told) if country else None
        )
    figures = [("gantt", gantt(found)), ("output", output(found))]
    figures += [("orders", orders(found))] if makes(found) else []
    figures += [("crews", crews(found)), ("rivals", rivals(flights, scenario.currency))]
    lines = words.summary(found) + words.flown(flights, scenario.currency)
    if front is not None:
        figures.insert(0, ("frontier", split(front, scenario.currency)))
        lines += words.split(front)
    answer = {"lines": lines, "figures": [shown(*each, "") for each in figures], "decisions": found.text}
    return answer if front is None else {**answer, "front": points(front, scenario)}


def points(front: Frontier, scenario: Scenario) -> dict[str, Any]:
    """Each share of the frontier with what it costs, stops and needs, against the cheapest one."""
    worst = 100.0 * resilience(front)
    titles = {country: scenario.titles.get(f"countries.{country}", country) for country in (front.country, *front.jobs)}
    found = []
    for i, share in enumerate(front.shares.tolist()):
        gone = interval(front.cost[i] - front.cost[front.cheapest])
        month = float(np.median(front.reached[i]))
        found.append({
            "share": 100.0 * share, "cost": gone.mean, "half": half(gone), "dominated": bool(front.dominated[i]),
            "stopped": 100.0 * float(front.stopped_share[i].mean()), "worst": float(worst[i]),
            "reached": month_label(month, scenario.names.months), "jobs": ", ".join(
                f"{titles[country]} {jobs[i].mean():,.0f}" for country, jobs in front.jobs.items()
            ),
        })  # fmt: skip
    return {"country": titles[front.country], "rate": f"{front.rate:,.0f}", "cheapest": front.cheapest, "points": found}


def run(scenario: Scenario, options: dict[str, Any], told: Callable[[str, int, int], None]) -> dict[str, Any]:
    """A large run: its headlines and its figures."""
    from octoplan.outcomes.measures import key_results
    from octoplan.outcomes.simulate import simulate
    from octoplan.show.charts import CHARTS

    with ThreadPoolExecutor(cores()) as pool:
        found = simulate(
            scenario, int(options.get("futures", 10_000)), 1, executor=pool, keep_going=True,
            progress=lambda done, total: told("flying futures", done, total),
        )  # fmt: skip
    table = key_results(found)
    return {
        "lines": [table.summary, f"{found.futures:,} futures, {found.failed:,} failed"],
        "figures": [shown(name, chart(found), note) for name, (chart, note) in CHARTS.items()],
        "table": table.to_csv(),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]))
