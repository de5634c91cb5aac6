"""The HTML page of a plan: decisions, schedule, limiting factors, alternatives, and limits of validity."""

from octoplan.outcomes.format import digits, percent
from octoplan.plan.optimise import Plan
from octoplan.plan.results import narrative, schedule
from octoplan.plan.results.evaluation import Evaluation
from octoplan.plan.results.folder import PlanResults
from octoplan.plan.results.schedule import ON_TIME_PROBABILITY
from octoplan.show.alternatives import alternatives, frontier, half_width
from octoplan.show.html import PageFigure, render
from octoplan.show.plan import crews, gantt, orders, output, produces

CAPTIONS = {
    "gantt": (
        "Each bar runs from P10 to P90 over the futures used in the optimisation; the mark is P50. A circle is a "
        "gate, a diamond the opening of a plant: blue if the plan requests units of it, orange if it requests none."
    ),
    "output": (
        "Means and P50s can differ. In the linear model, units leave their plant when crews can use them; the "
        "simulation ships them as soon as a lane has capacity."
    ),
    "none": "No unit saves more than it costs, so the plan orders no parts and needs no workers.",
    "crews": (
        "Some crews do not complete their training; kits arrive after their lead time. A crew is equipped when it "
        "has a kit."
    ),
    "alternatives": (
        "All plans are simulated over the same futures, which were not used in the optimisation. Blue: more "
        "expensive than the plan at 95 % confidence; grey: no significant difference; vermilion: cheaper at 95 % "
        "confidence. Regret is the cost above that of the cheapest of these plans in the same future."
    ),
    "frontier": (
        "One plan for each share, all simulated over the same futures; intervals are of paired differences. The dotted "
        "line marks the cheapest share. Hollow grey points are dominated: another share is significantly better in "
        "cost, threats stopped or resilience, and significantly worse in none."
    ),
}

MAX_LIST_ITEMS = 8
"""Maximum number of items displayed of a list, the most important first."""

ALTERNATIVES_HEADER = (
    "plan",
    "cost",
    "minus the plan's",
    "± 95 %",
    "regret P10",
    "regret mean",
    "regret P90",
    "units",
    "stopped",
)


def page(results: PlanResults) -> str:
    """The page as HTML; alternatives, comparison with the simulation and frontier are omitted if not computed."""
    plan, evaluation, front = results.plan, results.evaluation, results.frontier
    title, currency = plan.scenario.title, plan.scenario.currency
    figures = [PageFigure("gantt", gantt(plan), CAPTIONS["gantt"])]
    if produces(plan):
        figures.append(PageFigure("output", output(plan), CAPTIONS["output"]))
        figures.append(PageFigure("orders", orders(plan), order_caption(plan)))
    else:
        figures.append(PageFigure("output", output(plan), CAPTIONS["none"]))
    figures.append(PageFigure("crews", crews(plan), CAPTIONS["crews"]))
    return render(
        "plan.html",
        title=f"{title}: octoplan plan",
        heading=f"{title}: the plan",
        details=details(plan),
        summary=summary(plan),
        unmet=plan.unmet_goals,
        bottlenecks=narrative.bottlenecks(plan),
        shortfalls=narrative.shortfalls(plan) if "shortfall" in plan.tables else None,
        figures=figures,
        alternatives=None
        if evaluation is None
        else PageFigure("alternatives", alternatives(evaluation, currency), CAPTIONS["alternatives"]),
        table_note="" if evaluation is None else table_note(evaluation, currency),
        table_head=ALTERNATIVES_HEADER,
        table_rows=[] if evaluation is None else table_rows(evaluation),
        units=[] if evaluation is None else narrative.units_lines(evaluation, currency),
        frontier=None
        if front is None
        else PageFigure("frontier", frontier(front, currency, plan.scenario.titles), CAPTIONS["frontier"]),
        switching_values=() if front is None else front.switching_values,
        validity=validity(results),
        limit=MAX_LIST_ITEMS,
    )


def details(plan: Plan) -> str:
    """One line with period, futures, status, optimality gap, scenario and duration."""
    scenario, months = plan.scenario, plan.parameters.runs.months
    return (
        f"{months[0]} to {months[-1]} · {plan.basis.planned_futures:,} futures used in the optimisation · "
        f"{plan.status} · optimality gap {percent(plan.gap, 2)} of the plan's gain · "
        f"scenario {scenario.hash[:12]} · {plan.seconds:,.0f} s"
    )


def summary(plan: Plan) -> str:
    """Sentences on the decisions of the plan and its savings."""
    units = float(plan.tables["requested"].values.mean(0).sum())
    by_plant = narrative.requested_by_plant(plan)
    intake, kits = schedule.intake_and_orders(plan)
    requests = f"It requests {units:,.0f} units ({by_plant})" if by_plant else "It requests no unit"
    if plan.model.counts_threats:
        gain = f"stops {-100.0 * plan.upper:,.0f} more threats on average"
        bound = f"no plan can stop more than {-100.0 * plan.lower:,.0f} more"
    else:
        currency = plan.scenario.currency
        gain = (
            f"{'saves' if plan.upper <= 0.0 else 'costs'} {abs(plan.upper):,.1f} M {currency}, discounted, on average"
        )
        bound = f"no plan can save more than {-plan.lower:,.1f} M {currency}"
    return (
        f"{requests}, takes {sum(intake):,} crews into training and orders {sum(kits):,} kits. Compared with "
        f"taking no action it {gain}; {bound}."
    )


def order_caption(plan: Plan) -> str:
    """Caption of the order schedule."""
    largest = max((order.cost for order in schedule.orders(plan)), default=0.0) / 1e3
    return (
        "Each dot is an order for the parts used in one month's production, at its latest order date; its area is "
        f"proportional to its value (largest: {largest:,.0f} k {plan.scenario.currency}). An order placed and shipped "
        f"on that date arrives in time with a probability of {percent(ON_TIME_PROBABILITY)}. The number next to each "
        "supplier is the lead time, in days, that this probability requires. The dotted line marks the first day "
        "planned. Orders for the base stock are additional."
    )


def table_note(evaluation: Evaluation, currency: str) -> str:
    """Caption of the table of alternatives."""
    futures = evaluation.quantiles("plan", "cost").futures
    return (
        f"Means over {futures:,} unseen futures; cost and regret in M {currency}, units and threats over the horizon."
    )


def table_rows(evaluation: Evaluation) -> list[tuple[str, ...]]:
    """Rows of the table of alternatives, with the columns of ``ALTERNATIVES_HEADER``."""
    rows = []
    for name in evaluation.plans:
        difference, regret = evaluation.difference(name), evaluation.regret(name)
        units, stopped = (evaluation.quantiles(name, measure).mean for measure in ("produced", "stopped"))
        cells = (
            evaluation.quantiles(name, "cost").mean,
            difference.mean,
            half_width(difference),
            regret.p10,
            regret.mean,
            regret.p90,
            units,
            stopped,
        )
        rows.append((name, *map(digits, cells)))
    return rows


def validity(results: PlanResults) -> list[str]:
    """Sentences on validity: remarks, accuracy, estimated optimality gap, linear model compared with simulation."""
    plan = results.plan
    assumptions = plan.scenario.assumptions
    red = sum(assumption.quality == "red" for assumption in assumptions)
    return [
        *plan.validity_warnings,
        f"accuracy of the response surface: {plan.surface.accuracy}",
        *narrative.solution_quality(plan),
        *narrative.discrepancy_lines(results.discrepancies),
        *narrative.budget_warnings(plan, results.discrepancies),
        f"{red:,} of the {len(assumptions):,} assumptions are rated red.",
    ]
