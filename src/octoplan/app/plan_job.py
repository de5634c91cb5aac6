"""The job of the page that searches for a plan, and its result as JSON data."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from octoplan.app.answers import chart_data
from octoplan.app.changes import DECISION_PREFIX
from octoplan.app.engine import SEED
from octoplan.app.plan_form import plan_options
from octoplan.app.views import CaptionedChart
from octoplan.executors import cores
from octoplan.outcomes.format import percent
from octoplan.outcomes.intervals import Interval, interval
from octoplan.outcomes.key_results import month_label
from octoplan.plan.goals import goals_of
from octoplan.plan.optimise import Plan, optimise
from octoplan.plan.response_surface import Progress
from octoplan.plan.results import narrative, schedule
from octoplan.plan.results.alternatives import BASELINE
from octoplan.plan.results.evaluation import Evaluation, evaluate
from octoplan.plan.results.folder import PlanResults
from octoplan.plan.results.frontier import Frontier, frontier
from octoplan.plan.solver.two_stage import Floats
from octoplan.scenario import Scenario
from octoplan.show import alternatives, plan
from octoplan.show.theme import capitalised

SEARCH_TIME_LIMIT = 120.0
"""Time limit of the search for a plan, in seconds."""
FRONTIER_FUTURES = 30
"""Number of futures for the frontier."""

MEASURES = (
    ("cost", "cost: discounted spend and losses", "M {currency}"), ("spend", "discounted spend", "M {currency}"),
    ("damage", "damage", "M {currency}"), ("stopped", "threats stopped", ""), ("leaked", "leakers", ""),
    ("produced", "good units made", ""),
)  # fmt: skip
"""Measures of the paired change of a plan: name in the evaluation, title and unit."""


def plan_job(scenario: Scenario, options: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Find a plan and evaluate it out of sample; if a country is given, also compute the frontier of its share."""
    country = options.get("frontier")
    with ThreadPoolExecutor(cores()) as executor:
        best_plan = optimise(
            scenario, goals_of(scenario, plan_options(scenario, options.get("goals"))), futures=options["futures"],
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
    return plan_content(PlanResults(best_plan, evaluation, frontier=frontier_curve))


def plan_content(results: PlanResults) -> dict[str, Any]:
    """The result of a search as JSON data: what speaks against the plan, tables, the calendar, charts, decisions."""
    best_plan, evaluation, front = results.plan, results.evaluation, results.frontier
    assert evaluation is not None  # noqa: S101 (the job has evaluated the plan)
    scenario = best_plan.scenario
    charts = [("gantt", plan.gantt(best_plan)), ("output", plan.output(best_plan))]
    charts += [("orders", plan.orders(best_plan))] if plan.produces(best_plan) else []
    charts += [("alternatives", alternatives.alternatives(evaluation, scenario.currency))]
    if front is not None:
        charts.insert(0, ("frontier", alternatives.frontier(front, scenario.currency, scenario.titles)))
    planned = scenario.decisions
    tables = {
        "output": planned.output, "lines": planned.lines, "crews": {"intake": planned.crews.intake},
        "kits": {"order": planned.kits.order},
    }  # fmt: skip
    return {
        "cautions": cautions(best_plan, evaluation),
        "conclusion": conclusion(best_plan, evaluation),
        "paired": paired_changes(evaluation, scenario.currency),
        "unseen": evaluation.quantiles("plan", "cost").futures,
        "calendar": calendar(best_plan),
        "constraints": [
            {"name": item.name, "text": item.text(best_plan.solution.x)} for item in best_plan.model.constraints
        ],
        "alternatives": alternative_rows(evaluation),
        "remarks": list(best_plan.validity_warnings),
        "limits": [*narrative.bottlenecks(best_plan)[: narrative.MAX_LISTED], *narrative.shortfalls(best_plan)],
        "lines": results.lines,
        "decisions": best_plan.text,
        "changes": decision_changes(tables),
        "charts": [chart_data(CaptionedChart(name, chart, note="")) for name, chart in charts],
        **({} if front is None else {"frontier": frontier_points(front, scenario)}),
    }


def cautions(best_plan: Plan, evaluation: Evaluation) -> list[str]:
    """Sentences that speak against the plan: significantly cheaper alternatives, and goals that are not met."""
    sentences = [
        *narrative.cheaper_alternatives(evaluation, best_plan.scenario.currency),
        *(f"a goal is not met: {sentence}" for sentence in best_plan.unmet_goals),
    ]
    return [f"{capitalised(sentence)}." for sentence in sentences]


def conclusion(best_plan: Plan, evaluation: Evaluation) -> list[str]:
    """What the plan does: the change of its cost, its units, and how often the goals are reached."""
    currency = best_plan.scenario.currency
    cost = evaluation.difference(BASELINE)
    half = alternatives.half_width(cost)
    relation = (
        "costs less than" if cost.mean - half > 0.0 else "costs more than" if cost.mean + half < 0.0
        else "is not distinguishable in cost from"
    )  # fmt: skip
    units = requested_by_plant(best_plan)
    difference = f"{-cost.mean:+,.1f} ± {half:,.1f} M {currency} of discounted spend and losses"
    futures = f"{cost.futures:,} futures that the search did not use"
    sentences = [
        f"The plan {relation} the scenario's decisions: {difference}, over {futures}.",
        f"Units requested over the horizon: {units or 'none'}.",
    ]
    if not narrative.cheaper(evaluation):
        sentences.append("No alternative that was simulated is significantly cheaper.")
    if best_plan.attained_share is not None:
        sentences.append(f"The goals are reached in {percent(best_plan.attained_share)} of the futures of the search.")
    return sentences


def requested_by_plant(best_plan: Plan) -> str:
    """Units requested of each plant over the horizon, by title; plants without requests are omitted."""
    scenario, units = best_plan.scenario, best_plan.tables["requested"].values.mean(0).sum(1)
    titles = [scenario.titles.get(f"plants.{name}", name) for name in scenario.names.plants]
    return "; ".join(f"{title}: {u:,.0f}" for title, u in zip(titles, units, strict=True) if u >= 1.0)


def change_data(difference: Interval, sign: float = 1.0) -> dict[str, float]:
    """A paired difference as JSON data: mean, half-width of its 95 % CI, and number of futures."""
    return {
        "mean": sign * difference.mean + 0.0, "half": alternatives.half_width(difference),
        "futures": difference.futures,
    }  # fmt: skip


def paired_changes(evaluation: Evaluation, currency: str) -> list[dict[str, Any]]:
    """Change of each measure from the scenario's decisions to the plan, over the same futures."""
    return [
        {
            "title": title, "unit": unit.format(currency=currency),
            "change": change_data(evaluation.difference(BASELINE, name), -1.0),
        }
        for name, title, unit in MEASURES
    ]  # fmt: skip


def alternative_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """The alternatives minus the plan: cost, threats stopped and leakers, and the mean regret; cheapest first.

    An alternative is ``preferred`` if it is significantly cheaper, so that the plan is not recommended.
    """
    others = sorted((n for n in evaluation.plans if n != "plan"), key=lambda name: evaluation.difference(name).mean)
    return [
        {
            "name": name, "preferred": name in narrative.cheaper(evaluation),
            "cost": change_data(evaluation.difference(name)),
            "stopped": change_data(evaluation.difference(name, "stopped")),
            "leaked": change_data(evaluation.difference(name, "leaked")), "regret": evaluation.regret(name).mean,
        }
        for name in others
    ]  # fmt: skip


def calendar(best_plan: Plan) -> dict[str, Any]:
    """Decisions by calendar month as JSON data: output, lines, crew intake and kits, means over the futures.

    Output is that of plants that are open, and lines are those of a plant that opens on its median day.
    """
    scenario, begin = best_plan.scenario, best_plan.parameters.runs.first_month
    months, openings = best_plan.parameters.runs.months, schedule.openings(best_plan)
    compiled = scenario.compile()
    starts = np.concatenate([[0], np.cumsum(compiled.links.month_days)])
    rows = []
    for p, plant in enumerate(scenario.names.plants):
        title = scenario.titles.get(f"plants.{plant}", plant)
        opens = float(np.median(openings[plant].days))
        since = begin + np.arange(len(months)) - (int(np.searchsorted(starts, opens, "right")) - 1)
        series = np.asarray(compiled.plan.lines[p], float)
        lines = np.where(since >= 0, series[np.clip(since, 0, len(series) - 1)], 0.0)
        for quantity, table in (("units requested", "requested"), ("units produced", "produced")):
            values = best_plan.tables[table].values[:, p].mean(0)
            rows.append(calendar_row(title, quantity, values))
        note = f"opens on {schedule.day_of(best_plan, opens)} in the median future"
        rows.append({**calendar_row(title, "lines", lines), "note": note})
    intake, kits = schedule.intake_and_orders(best_plan)
    rows += [calendar_row("Crews", "start training", intake), calendar_row("Kits", "ordered", kits)]
    return {"months": list(months), "first": begin, "rows": [row for row in rows if any(row["values"])]}


def calendar_row(item: str, quantity: str, values: Sequence[float] | Floats) -> dict[str, Any]:
    """A row of the calendar; values are rounded to whole numbers, and rounding errors of the solver are 0."""
    return {"item": item, "quantity": quantity, "values": [max(0, round(float(value))) for value in values]}


def decision_changes(tables: Mapping[str, Any]) -> dict[str, str]:
    """Decisions of a plan as changes of the page, by name.

    tables
        Tables of ``decisions.toml``: output, lines, crews and kits.
    """
    return {
        f"{DECISION_PREFIX}{table}.{name}": ", ".join(f"{value:.12g}" for value in values)
        for table, entries in tables.items()
        for name, values in entries.items()
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
            "changes": decision_changes(frontier_curve.decisions[i]), "worst": float(worst[i]),
            "reached": month_label(month, scenario.names.months), "jobs": ", ".join(jobs),
        })  # fmt: skip
    rate = f"{frontier_curve.rate:,.0f}"
    return {
        "country": titles[frontier_curve.country],
        "rate": rate,
        "cheapest": frontier_curve.cheapest,
        "points": points,
    }
