"""The page of a plan: what it decides, by when, what binds, what it costs beside its rivals, and what not to forget."""

from collections.abc import Mapping, Sequence
from html import escape

from octoplan.outcomes.format import digits
from octoplan.plan.optimise import Plan
from octoplan.plan.results import narrative as words
from octoplan.plan.results import schedule as calendar
from octoplan.plan.results.evaluation import Apart, Flights
from octoplan.plan.results.frontier import Frontier
from octoplan.plan.results.schedule import SURE
from octoplan.show.benchmarks import frontier, half, rivals
from octoplan.show.frame import framed, paged
from octoplan.show.plan import MADE, crews, gantt, makes, orders, output

NOTES = {
    "gantt": (
        "Each bar runs from P10 to P90 over the futures planned for, the mark is P50: a circle for a gate, a diamond "
        "for the opening of a plant, blue where the plan asks for units and orange where it asks for none."
    ),
    "output": (
        "Means and P50 need not agree. In the linear model units leave their plant when crews can use them; the "
        "campaign sends them as soon as a lane has room."
    ),
    "none": "The search found no unit that saves more than it costs, so no part is ordered and no worker is needed.",
    "crews": (
        "Crews begin a course, of which some wash out; kits arrive after their lead. A crew counts as equipped when it "
        "has a kit."
    ),
    "rivals": (
        "All flown through the same futures, none of which the plan was made for. Blue: dearer than the plan beyond "
        "luck; grey: not told apart; vermilion: cheaper. Regret is the cost above the best of these plans in a future."
    ),
    "frontier": (
        "One plan for each share, all flown through the same futures; intervals are of the difference future by "
        "future. The dotted line marks the cheapest share. Hollow grey points are dominated: another share is at least "
        "as good in cost, threats stopped and resilience, and better in one beyond luck."
    ),
}

MOST = 8
"""Lines of a list that are written out; lists begin with what matters most."""


def page(
    plan: Plan, flights: Flights | None = None, apart: Mapping[str, Apart] | None = None, front: Frontier | None = None
) -> str:
    """The page as text; rivals, disagreement and frontier only where they were computed."""
    title, currency = plan.scenario.title, plan.scenario.currency
    parts = [
        f"<h1>{escape(title)}: the plan</h1>{facts(plan)}<p class='verdict'>{escape(summary(plan))}</p>",
        bullets("What binds", words.binding(plan), "Nothing binds in a tenth of futures or more."),
    ]
    if "short" in plan.tables:
        parts.append(bullets("Short of the target", words.shortfalls(plan), "No month is short of it."))
    parts.append("<h2>Month by month</h2>")
    parts += [framed("gantt", gantt(plan), NOTES["gantt"])]
    if makes(plan):
        parts += [framed("output", output(plan), NOTES["output"]), framed("orders", orders(plan), order_note(plan))]
    else:
        parts += [framed("output", output(plan), NOTES["none"])]
    parts += [framed("crews", crews(plan), NOTES["crews"])]
    if flights is not None:
        parts.append(f"<h2>Beside its rivals</h2>{framed('rivals', rivals(flights, currency), NOTES['rivals'])}")
        parts.append(rival_table(flights, currency))
    if front is not None:
        parts.append(f"<h2>Who makes how much</h2>{framed('frontier', frontier(front, currency), NOTES['frontier'])}")
        parts.append(bullets("Where the choice turns", front.breaks, "No share overtakes another in this range."))
    parts.append(bullets("How far to trust it", trust(plan, apart), ""))
    return paged(f"{title}: octoplan plan", "".join(parts))


def facts(plan: Plan) -> str:
    """One line that says which plan this is."""
    scenario = plan.scenario
    said = (
        f"{plan.facts.pilot.months[0]} to {plan.facts.pilot.months[-1]} · {plan.basis.counted:,} futures planned for · "
        f"{plan.status} · gap {plan.gap:.2%} of what it saves · scenario {scenario.hash[:12]} · {plan.seconds:,.0f} s"
    )
    return f"<p class='facts'>{escape(said)}</p>"


def summary(plan: Plan) -> str:
    """What the plan asks for, and what it saves."""
    names, currency = plan.scenario.names, plan.scenario.currency
    asked = plan.tables["asked"].values.mean(0).sum(1)
    told = [f"{name} {units:,.0f}" for name, units in zip(names.plants, asked.tolist(), strict=True) if units >= MADE]
    intake, kits = calendar.begun(plan)
    made = f"It asks for {asked.sum():,.0f} units ({', '.join(told)})" if told else "It asks for no unit"
    gain = f"saves {-plan.upper:,.1f}" if plan.upper <= 0.0 else f"costs {plan.upper:,.1f}"
    return (
        f"{made}, begins {sum(intake):,} crews and orders {sum(kits):,} kits. Against doing "
        f"nothing it {gain} M {currency}, discounted and on average; no plan can save more than {-plan.lower:,.1f}."
    )


def order_note(plan: Plan) -> str:
    """How to read the order calendar."""
    most = max((order.money for order in calendar.orders(plan)), default=0.0) / 1e3
    return (
        f"A dot is an order for one month's production, its area the money, {most:,.0f} k "
        f"{plan.scenario.currency} at most. Placed by that "
        f"day it arrives with {SURE:.0%} confidence before the month first needs it, in the earliest future, as far as "
        "the supplier ships on the day it is ordered; the days beside a supplier are that lead. The dotted line is the "
        "first day planned. Quantities are what production uses; the stock kept ready comes on top."
    )


def bullets(title: str, lines: Sequence[str], none: str) -> str:
    """A list under a heading, its first lines in full, or what is said where it is empty."""
    body = "".join(f"<li>{escape(line)}</li>" for line in lines[:MOST])
    if len(lines) > MOST:
        body += f"<li>and {len(lines) - MOST} more: see evidence.json and plan.xlsx</li>"
    return f"<h2>{escape(title)}</h2>" + (f"<ul>{body}</ul>" if lines else f"<p>{escape(none)}</p>")


def rival_table(flights: Flights, currency: str) -> str:
    """Cost, its difference to the plan's, regret, units and threats stopped of each plan flown."""
    head = ("plan", "cost", "less the plan's", "± 95 %", "regret P10", "regret mean", "regret P90", "units", "stopped")
    rows = []
    for name in flights.flown:
        gone, regret = flights.difference(name), flights.regret(name)
        units, stopped = (flights.quantiles(name, measure).mean for measure in ("made", "stopped"))
        figures = (
            flights.quantiles(name, "cost").mean, gone.mean, half(gone), regret.p10, regret.mean, regret.p90, units,
            stopped,
        )  # fmt: skip
        cells = "".join(f"<td>{digits(each)}</td>" for each in figures)
        rows.append(f"<tr><th scope='row'>{escape(name)}</th>{cells}</tr>")
    columns = "".join(f"<th scope='col'>{name}</th>" for name in head)
    count = flights.quantiles("plan", "cost").futures
    return (
        f"<p class='small'>Means over {count:,} unseen futures; cost and regret in M {currency}, units and threats "
        f"over the horizon.</p><div class='wide'><table><thead><tr>{columns}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def trust(plan: Plan, apart: Mapping[str, Apart] | None) -> list[str]:
    """Remarks, the error of the curves, the estimated gap, and the linear model against the campaign."""
    found = [*plan.remarks, f"curves: {plan.curves.error}", *words.honesty(plan), *words.apart(apart or {})]
    reds = sum(assumption.quality == "red" for assumption in plan.scenario.assumptions)
    found.append(f"{reds:,} of the {len(plan.scenario.assumptions):,} numbers it rests on are rated red.")
    return found
