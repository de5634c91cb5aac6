"""A plan as sheets of rows, for a workbook or for CSV: what is decided and expected, by when, on which assumptions.

A figure that differs between futures stands as its mean, P10 and P90.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date

import numpy as np

from octoplan.plan.optimise import Plan
from octoplan.plan.results import narrative as words
from octoplan.plan.results import schedule as calendar
from octoplan.plan.results.evaluation import WIDE, Flights
from octoplan.plan.second_stage_tables import Table as MonthlyTable
from octoplan.plan.solver.two_stage import Floats
from octoplan.tables import Cell, Column, ColumnType, Table

Row = tuple[Cell, ...]

GRAIN = 1e-6
"""Size below which a figure is the solver's, and 0; a limit that is worth more binds."""


def sheet(name: str, head: tuple[str, ...], rows: Iterable[Row]) -> Table:
    """A table from its rows; a head with its unit in brackets becomes the label of a column."""
    cells = tuple(rows)
    columns = [
        Column(
            re.sub(r"[^a-z0-9]+", "_", label.lower().replace("%", "percent")).strip("_"),
            column_type(label, [row[i] for row in cells]),
            unit=label.partition("(")[2].rstrip(")"),
            label=label,
        )
        for i, label in enumerate(head)
    ]
    return Table.from_rows(name, name, columns, cells)


def column_type(label: str, cells: Iterable[Cell]) -> ColumnType:
    """The type of a column, from its label and its cells."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if date in kinds and kinds == {date}:
        return "yearmonth" if "month" in label else "date"
    return "string" if str in kinds and kinds == {str} else "number"


def leaves(plan: Plan, flights: Flights | None) -> list[Table]:
    """All sheets in reading order; that of the rivals only where they were flown."""
    found = [
        summary(plan), decisions(plan), gates(plan), output(plan), hiring(plan), orders(plan), crews(plan),
        dispatch(plan), binding(plan),
    ]  # fmt: skip
    if flights is not None:
        found.append(rivals(plan, flights))
    return [*found, sources(plan)]


def spread(values: Floats) -> Iterator[tuple[float, float, float]]:
    """Mean, P10 and P90 of (futures, months), month by month; the solver's grains are 0."""
    found = np.stack([values.mean(0), *np.quantile(values, (0.1, 0.9), axis=0)], 1)
    for mean, low, high in np.where(np.abs(found) < GRAIN, 0.0, found):
        yield float(mean), float(low), float(high)


def first_of(month: str) -> date:
    return date.fromisoformat(f"{month}-01")


def summary(plan: Plan) -> Table:
    """What was found, within which bounds, and the sentences that say why."""
    scenario = plan.scenario
    money = "hundred threats" if plan.model.counts_threats else f"million {scenario.currency}, discounted"
    better = "stopped" if plan.model.counts_threats else "saved"
    asked = plan.tables["asked"].values.mean(0).sum(1).tolist()
    rows: list[Row] = [
        ("scenario", scenario.title, ""),
        ("first day planned", calendar.first_day(plan), ""),
        ("months planned", len(plan.facts.pilot.months), "months"),
        ("futures planned for", plan.basis.counted, "futures"),
        ("status of the search", plan.status, ""),
        (f"{better} against doing nothing", -plan.upper, money),
        (f"{better} at most by any plan", -plan.lower, money),
        ("gap", 100.0 * plan.gap, "% of that"),
        *((limit.name, limit.at(plan.solved.x), limit.unit) for limit in plan.model.limits),
        *((f"asked of {name}", units, "units") for name, units in zip(scenario.names.plants, asked, strict=True)),
    ]
    if plan.sampled is not None:
        batches = f"{money}, over {len(plan.sampled.plan)} batches"
        rows.append(("gap to the true optimum of the linear model", plan.sampled.mean, batches))
        rows.append(("the same, below with 95 % confidence", plan.sampled.below(), money))
    for name, said in (
        ("binds", words.binding(plan)), ("short", words.shortfalls(plan)), ("remark", plan.remarks),
        ("curves", (str(plan.curves.error),)),
    ):  # fmt: skip
        rows += [(name, line, "") for line in said]
    return sheet("Summary", ("what", "value", "unit"), tuple(rows))


def decisions(plan: Plan) -> Table:
    """What is decided: output and lines by month since a plant opens, intake and kits by month of the calendar."""
    decided, opened = plan.scenario.compile(), calendar.openings(plan)
    months, rows = [first_of(month) for month in decided.names.months], list[Row]()
    for what, unit, table in (("output", "units a month", decided.plan.output), ("lines", "lines", decided.plan.lines)):
        for plant, series in zip(decided.names.plants, table.tolist(), strict=True):
            opens = calendar.day_of(plan, float(np.median(opened[plant].days)))
            rows += [
                (what, plant, since, calendar.months_on(opens, since), value, unit)
                for since, value in enumerate(series)
            ]
    for added in calendar.lines(plan):
        rows.append(("lines added", added.plant, added.since, added.month, added.lines, "lines"))
    for what, unit, chosen in (
        ("crews begun", "crews a month", decided.plan.intake),
        ("kits ordered", "kits a month", decided.plan.kit_orders),
    ):
        rows += [(what, "", None, month, value, unit) for month, value in zip(months, chosen.tolist(), strict=True)]
    head = ("decision", "plant", "months since opening", "calendar month (at P50 opening)", "value", "unit")
    return sheet("Decisions", head, tuple(rows))


def gates(plan: Plan) -> Table:
    """The day on which each gate is passed and each plant opens."""
    horizon = int(calendar.first_days(plan)[-1])
    rows: list[Row] = []
    for step in calendar.gates(plan):
        days = [calendar.day_of(plan, float(day)) for day in np.quantile(step.days, (0.1, 0.5, 0.9))]
        beyond = float(np.mean(np.ceil(step.days) >= horizon))
        rows.append((step.plant, step.country, step.name, *days, 100.0 * beyond))
    head = ("plant", "country", "gate", "day P10", "day P50", "day P90", "beyond the horizon (% of futures)")
    return sheet("Gates", head, tuple(rows))


def over_months(rows: Iterable[tuple[str, str, Floats]], months: Iterable[str]) -> Iterator[Row]:
    """A row for each quantity, item and month."""
    dates = [first_of(month) for month in months]
    for quantity, item, values in rows:
        for month, figures in zip(dates, spread(values), strict=True):
            yield (quantity, item, month, *figures)


def output(plan: Plan) -> Table:
    """Units asked and made by plant and month."""
    told = [(name, item, values) for name in ("asked", "made") for item, values in words.series(plan.tables[name])]
    if "short" in plan.tables:
        told.append(("short of the target", "all plants", plan.tables["short"].values))
    head = ("quantity", "plant", "month", "mean (units)", "P10 (units)", "P90 (units)")
    return sheet("Output", head, tuple(over_months(told, plan.facts.pilot.months)))


def hiring(plan: Plan) -> Table:
    """Workers needed by plant and month; joiners are the change of their mean."""
    months, rows = [first_of(month) for month in plan.facts.pilot.months], list[Row]()
    for team in calendar.hiring(plan):
        for month, figures, joiners in zip(months, spread(team.workers), team.joiners.tolist(), strict=True):
            rows.append((team.plant, month, *figures, joiners))
    head = ("plant", "month", "mean (workers)", "P10 (workers)", "P90 (workers)", "joiners (workers)")
    return sheet("Hiring", head, tuple(rows))


def orders(plan: Plan) -> Table:
    """The order calendar."""
    rows = []
    for order in calendar.orders(plan):
        low, high = np.quantile(order.parts, (0.1, 0.9)).tolist()
        rows.append(
            (
                order.place, order.supplier, order.part, first_of(order.month), order.need, order.lead,
                "already late" if order.late else "", order.late, order.arrival, float(order.parts.mean()), low, high,
                100.0 * float((order.parts > 0.0).mean()), order.money,
            )
        )  # fmt: skip
    head = (
        "place by", "supplier", "part", "month of need", "first day of need", "lead within 90 % (days)",
        "already late", "late (days)", "arrival expected", "needed mean (parts)", "needed P10 (parts)",
        "needed P90 (parts)", "needed in (% of futures)", f"price mean ({plan.scenario.currency})",
    )  # fmt: skip
    return sheet("Orders", head, tuple(rows))


def crews(plan: Plan) -> Table:
    """Crews begun and kits ordered a month, and the crews that have a kit."""
    rows = zip(
        (first_of(month) for month in plan.facts.pilot.months), *calendar.begun(plan),
        *zip(*spread(plan.tables["equipped"].values), strict=True), strict=True,
    )  # fmt: skip
    head = (
        "month", "begun (crews)", "ordered (kits)", "equipped mean (crews)", "equipped P10 (crews)",
        "equipped P90 (crews)",
    )  # fmt: skip
    return sheet("Crews and kits", head, tuple(rows))


def dispatch(plan: Plan) -> Table:
    """Units sent by plant and lane, and what reaches the regions."""
    told = [("shipped", way, values) for way, values in words.series(plan.tables["shipped"])]
    told.append(("delivered", "all lanes", calendar.delivered(plan)))
    head = ("quantity", "plant and lane", "month", "mean (units)", "P10 (units)", "P90 (units)")
    return sheet("Dispatch", head, tuple(over_months(told, plan.facts.pilot.months)))


def binding(plan: Plan) -> Table:
    """What one more of each limit is worth, in the months in which it binds in some future."""
    rows = []
    for name, table in plan.worth.items():
        unit = f"{plan.scenario.currency} a {table.unit}"
        for item, often, month, figures in bound(table):
            rows.append((name, item, month, 100.0 * often, *figures, unit))
    head = ("limit", "item", "month", "binds in (% of futures)", "worth mean", "worth P10", "worth P90", "unit")
    return sheet("Binding", head, tuple(rows))


def bound(table: MonthlyTable) -> Iterator[tuple[str, float, date, tuple[float, float, float]]]:
    """Item, share of futures, month, and mean, P10 and P90 of the worth, where there is any."""
    months = [first_of(month) for month in table.axes["month"]]
    for item, prices in words.series(table):
        often = (prices > GRAIN).mean(0).tolist()
        yield from ((item, o, m, f) for m, o, f in zip(months, often, spread(prices), strict=True) if o > 0.0)


def rivals(plan: Plan, flights: Flights) -> Table:
    """Each plan through the same unseen futures: cost, its difference to the plan's with a 95 % interval, regret."""
    rows = []
    for name in flights.flown:
        gone, regret, cost = flights.difference(name), flights.regret(name), flights.quantiles(name, "cost")
        units, stopped = (flights.quantiles(name, measure).mean for measure in ("made", "stopped"))
        half = WIDE * gone.se_mean
        rows.append(
            (name, cost.mean, gone.mean, gone.mean - half, gone.mean + half, regret.mean, regret.p10, regret.p90, units,
             stopped, cost.futures)
        )  # fmt: skip
    money = f"M {plan.scenario.currency}"
    head = (
        "plan", f"cost mean ({money})", f"cost less the plan's, mean ({money})", f"low end of 95 % ({money})",
        f"high end of 95 % ({money})", f"regret mean ({money})", f"regret P10 ({money})", f"regret P90 ({money})",
        "made mean (units)", "stopped mean (threats)", "futures",
    )  # fmt: skip
    return sheet("Rivals", head, tuple(rows))


def sources(plan: Plan) -> Table:
    """Every number believed, as its row of the assumption log states it, with where it comes from."""
    known = plan.scenario.sources
    rows = []
    for assumption in plan.scenario.assumptions:
        titles = "; ".join(known[one].title if one in known else one for one in assumption.sources)
        links = "; ".join(known[one].url for one in assumption.sources if one in known and known[one].url)
        unit = assumption.unit.replace("money", assumption.currency or "money")
        rows.append(
            (assumption.name, assumption.value, assumption.low, assumption.high, assumption.distribution, unit,
             assumption.price_base if assumption.currency else None, titles, links, assumption.quality,
             assumption.owner, assumption.date, assumption.note, f"{assumption.file}:{assumption.line}")
        )  # fmt: skip
    head = (
        "assumption", "value", "low", "high", "distribution", "unit", "price base (year)", "source",
        "address", "quality", "owner", "date", "note", "row",
    )  # fmt: skip
    return sheet("Sources", head, tuple(rows))
