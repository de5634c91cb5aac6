"""A plan as tables for a workbook or CSV: decisions, expected quantities, dates, limiting factors and assumptions.

Quantities that differ between futures are given as mean, P10 and P90.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date

import numpy as np

from octoplan.plan.optimise import Plan
from octoplan.plan.results import narrative, schedule
from octoplan.plan.results.break_even import UnitsValue
from octoplan.plan.results.evaluation import Z_95, Evaluation
from octoplan.plan.second_stage_tables import FutureTable
from octoplan.plan.solver.two_stage import Floats
from octoplan.scenario.descriptions import row_reference
from octoplan.tables import Cell, Column, ColumnType, Table

Row = tuple[Cell, ...]

ROUNDING_ERROR = narrative.ROUNDING_ERROR
"""Absolute value below which a number is taken as a rounding error of the solver and set to 0."""


def sheet(name: str, head: tuple[str, ...], rows: Iterable[Row]) -> Table:
    """A table from column headings and rows; a unit in brackets in a heading becomes the unit of the column."""
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
    """Type of a column, from its heading and its cells."""
    kinds = {type(cell) for cell in cells if cell is not None}
    if date in kinds and kinds == {date}:
        return "yearmonth" if "month" in label else "date"
    return "string" if str in kinds and kinds == {str} else "number"


def sheets(plan: Plan, evaluation: Evaluation | None) -> list[Table]:
    """All sheets of the plan, in order; the sheet of alternatives is omitted if they were not evaluated."""
    tables = [
        summary(plan), decisions(plan), gates(plan), output(plan), hiring(plan), orders(plan), crews(plan),
        dispatch(plan), limiting_factors(plan),
    ]  # fmt: skip
    if evaluation is not None:
        tables.append(alternatives(plan, evaluation))
        tables += [units(plan, evaluation.units_value)] if evaluation.units_value is not None else []
    return [*tables, sources(plan)]


def mean_and_quantiles(values: Floats) -> Iterator[tuple[float, float, float]]:
    """Yield mean, P10 and P90 for each month of (futures, months) values, with rounding errors set to 0."""
    statistics = np.stack([values.mean(0), *np.quantile(values, (0.1, 0.9), axis=0)], 1)
    for mean, low, high in np.where(np.abs(statistics) < ROUNDING_ERROR, 0.0, statistics):
        yield float(mean), float(low), float(high)


def month_start(month: str) -> date:
    """First day of a month given as text, such as 2026-07."""
    return date.fromisoformat(f"{month}-01")


def summary(plan: Plan) -> Table:
    """Sheet with status, bounds, constraints, limiting factors and remarks."""
    scenario = plan.scenario
    unit = "hundred threats" if plan.model.counts_threats else f"million {scenario.currency}, discounted"
    gain = "stopped" if plan.model.counts_threats else "saved"
    requested = plan.tables["requested"].values.mean(0).sum(1).tolist()
    rows: list[Row] = [
        ("scenario", scenario.title, ""),
        ("first day planned", schedule.first_day(plan), ""),
        ("months planned", len(plan.parameters.runs.months), "months"),
        ("futures used in the optimisation", plan.basis.planned_futures, "futures"),
        ("status", plan.status, ""),
        (f"{gain} compared with taking no action", -plan.upper, unit),
        (f"upper bound on what any plan has {gain}", -plan.lower, unit),
        ("optimality gap", 100.0 * plan.gap, "% of the gain"),
        *((c.name, none_if_nan(c.at(plan.solution.x)), c.unit) for c in plan.model.constraints),
        *((f"requested of {name}", u, "units") for name, u in zip(scenario.names.plants, requested, strict=True)),
    ]  # fmt: skip
    if plan.gap_estimate is not None:
        batches = f"{unit}, over {len(plan.gap_estimate.plan_costs)} batches"
        rows.append(("optimality gap of the linear model, estimated", plan.gap_estimate.mean, batches))
        rows.append(("upper bound on that gap with 95 % confidence", plan.gap_estimate.upper_bound(), unit))
    for name, lines in (
        ("not met", plan.unmet_goals), ("limiting factor", narrative.bottlenecks(plan)),
        ("short of the target", narrative.shortfalls(plan)), ("remark", plan.validity_warnings),
        ("accuracy of the response surface", (str(plan.surface.accuracy),)),
    ):  # fmt: skip
        rows += [(name, line, "") for line in lines]
    return sheet("Summary", ("item", "value", "unit"), rows)


def none_if_nan(value: float) -> float | None:
    """The value, or None if it is NaN."""
    return None if np.isnan(value) else value


def decisions(plan: Plan) -> Table:
    """Sheet of decisions: output and lines by month since opening, crew intake and kits ordered by calendar month."""
    compiled, opened = plan.scenario.compile(), schedule.openings(plan)
    months, rows = [month_start(month) for month in compiled.names.months], list[Row]()
    for decision, unit, table in (
        ("output", "units a month", compiled.plan.output), ("lines", "lines", compiled.plan.lines),
    ):  # fmt: skip
        for plant, values in zip(compiled.names.plants, table.tolist(), strict=True):
            opens = schedule.day_of(plan, float(np.median(opened[plant].days)))
            rows += [
                (decision, plant, since, schedule.months_later(opens, since), value, unit)
                for since, value in enumerate(values)
            ]
    for addition in schedule.lines(plan):
        rows.append(
            ("lines added", addition.plant, addition.months_since_opening, addition.month, addition.lines, "lines")
        )
    for decision, unit, values in (
        ("crew intake", "crews a month", compiled.plan.intake),
        ("kits ordered", "kits a month", compiled.plan.kit_orders),
    ):
        rows += [(decision, "", None, month, value, unit) for month, value in zip(months, values.tolist(), strict=True)]
    head = ("decision", "plant", "months since opening", "calendar month (at P50 opening)", "value", "unit")
    return sheet("Decisions", head, rows)


def gates(plan: Plan) -> Table:
    """Sheet of the days on which gates are passed and plants open."""
    horizon = int(schedule.month_starts(plan)[-1])
    rows: list[Row] = []
    for milestone in schedule.gates(plan):
        days = [schedule.day_of(plan, float(day)) for day in np.quantile(milestone.days, (0.1, 0.5, 0.9))]
        beyond = float(np.mean(np.ceil(milestone.days) >= horizon))
        rows.append((milestone.plant, milestone.country, milestone.name, *days, 100.0 * beyond))
    head = ("plant", "country", "gate", "day P10", "day P50", "day P90", "beyond the horizon (% of futures)")
    return sheet("Gates", head, rows)


def monthly_rows(rows: Iterable[tuple[str, str, Floats]], months: Iterable[str]) -> Iterator[Row]:
    """Yield a row for each quantity, item and month, from values (futures, months)."""
    dates = [month_start(month) for month in months]
    for quantity, item, values in rows:
        for month, statistics in zip(dates, mean_and_quantiles(values), strict=True):
            yield (quantity, item, month, *statistics)


def output(plan: Plan) -> Table:
    """Sheet of units requested and produced by plant and month, and units short of the target."""
    rows = [
        (name, item, values)
        for name in ("requested", "produced")
        for item, values in narrative.values_by_item(plan.tables[name])
    ]
    if "shortfall" in plan.tables:
        rows.append(("short of the target", "all plants", plan.tables["shortfall"].values))
    head = ("quantity", "plant", "month", "mean (units)", "P10 (units)", "P90 (units)")
    return sheet("Output", head, monthly_rows(rows, plan.parameters.runs.months))


def hiring(plan: Plan) -> Table:
    """Sheet of the workforce needed by plant and month, and net hires (the change of its mean)."""
    months, rows = [month_start(month) for month in plan.parameters.runs.months], list[Row]()
    for team in schedule.workforces(plan):
        for month, statistics, net_hires in zip(
            months, mean_and_quantiles(team.workers), team.net_hires.tolist(), strict=True
        ):  # fmt: skip
            rows.append((team.plant, month, *statistics, net_hires))
    head = ("plant", "month", "mean (workers)", "P10 (workers)", "P90 (workers)", "net hires (workers)")
    return sheet("Hiring", head, rows)


def orders(plan: Plan) -> Table:
    """Sheet of the order schedule."""
    rows: list[Row] = []
    for order in schedule.orders(plan):
        low, high = np.quantile(order.parts, (0.1, 0.9)).tolist()
        rows.append(
            (
                order.place_by, order.supplier, order.part, month_start(order.month), order.first_need, order.lead_time,
                "already late" if order.days_late else "", order.days_late, order.arrival,
                float(order.parts.mean()), low, high,
                100.0 * float((order.parts > 0.0).mean()), order.cost,
            )
        )  # fmt: skip
    head = (
        "place by", "supplier", "part", "month of need", "first day of need", "lead time within 90 % (days)",
        "already late", "late (days)", "arrival expected", "needed mean (parts)", "needed P10 (parts)",
        "needed P90 (parts)", "needed in (% of futures)", f"price mean ({plan.scenario.currency})",
    )  # fmt: skip
    return sheet("Orders", head, rows)


def crews(plan: Plan) -> Table:
    """Sheet of crew intake, kits ordered and equipped crews by month."""
    rows = zip(
        (month_start(month) for month in plan.parameters.runs.months), *schedule.intake_and_orders(plan),
        *zip(*mean_and_quantiles(plan.tables["equipped"].values), strict=True), strict=True,
    )  # fmt: skip
    head = (
        "month", "intake (crews)", "ordered (kits)", "equipped mean (crews)", "equipped P10 (crews)",
        "equipped P90 (crews)",
    )  # fmt: skip
    return sheet("Crews and kits", head, rows)


def dispatch(plan: Plan) -> Table:
    """Sheet of units shipped by plant and lane, and units delivered to the regions."""
    rows = [("shipped", arc, values) for arc, values in narrative.values_by_item(plan.tables["shipped"])]
    rows.append(("delivered", "all lanes", schedule.delivered(plan)))
    head = ("quantity", "plant and lane", "month", "mean (units)", "P10 (units)", "P90 (units)")
    return sheet("Dispatch", head, monthly_rows(rows, plan.parameters.runs.months))


def limiting_factors(plan: Plan) -> Table:
    """Sheet of limiting factors and their shadow prices, for months with a positive shadow price in some future."""
    rows: list[Row] = []
    for name, table in plan.shadow_prices.items():
        unit = f"{plan.scenario.currency} per {table.unit}"
        for item, share, month, statistics in active_months(table):
            rows.append((name, item, month, 100.0 * share, *statistics, unit))
    head = (
        "limiting factor", "item", "month", "limits in (% of futures)", "shadow price mean", "shadow price P10",
        "shadow price P90", "unit",
    )  # fmt: skip
    return sheet("Limiting factors", head, rows)


def active_months(table: FutureTable) -> Iterator[tuple[str, float, date, tuple[float, float, float]]]:
    """Yield item, share of futures with a positive shadow price, month, and mean, P10 and P90 of the shadow price.

    Months without a positive shadow price in any future are omitted.
    """
    months = [month_start(month) for month in table.axes["month"]]
    for item, prices in narrative.values_by_item(table):
        shares = (prices > ROUNDING_ERROR).mean(0).tolist()
        for month, share, statistics in zip(months, shares, mean_and_quantiles(prices), strict=True):
            if share > 0.0:
                yield item, share, month, statistics


def alternatives(plan: Plan, evaluation: Evaluation) -> Table:
    """Sheet of the plan and its alternatives over unseen futures: cost, paired difference in cost, regret."""
    rows: list[Row] = []
    for name in evaluation.plans:
        cost, difference, regret = (
            evaluation.quantiles(name, "cost"), evaluation.difference(name), evaluation.regret(name),
        )  # fmt: skip
        units, stopped = (evaluation.quantiles(name, measure).mean for measure in ("produced", "stopped"))
        half_width = Z_95 * difference.se_mean
        rows.append(
            (name, cost.mean, difference.mean, difference.mean - half_width, difference.mean + half_width, regret.mean,
             regret.p10, regret.p90, units, stopped, cost.futures)
        )  # fmt: skip
    money = f"M {plan.scenario.currency}"
    head = (
        "plan", f"cost mean ({money})", f"cost minus the plan's, mean ({money})", f"low end of 95 % interval ({money})",
        f"high end of 95 % interval ({money})", f"regret mean ({money})", f"regret P10 ({money})",
        f"regret P90 ({money})", "produced mean (units)", "stopped mean (threats)", "futures",
    )  # fmt: skip
    return sheet("Alternatives", head, rows)


def units(plan: Plan, value: UnitsValue) -> Table:
    """Sheet of the cost of units, given the plan's crews and kits, and of break-even values of assumptions."""
    money, i = f"M {plan.scenario.currency}", value.difference
    half_width = Z_95 * i.se_mean
    rows: list[Row] = [
        (f"{value.plan} minus {value.alternative}", None, i.mean, i.mean - half_width, i.mean + half_width, i.p10,
         i.p90, money, None)
    ]  # fmt: skip
    for item in value.break_evens:
        pays = "units pay above" if item.pays_above else "units pay below"
        ends = (none_if_infinite(end) for end in (item.low, item.high))
        rows.append(
            (f"{item.quantity.meaning}: {item.quantity.name}", pays, item.value, *ends, item.p10, item.p90,
             item.quantity.unit, item.slope)
        )  # fmt: skip
    head = (
        "item", "break-even", "value", "low end of 95 % interval", "high end of 95 % interval", "P10", "P90", "unit",
        f"change of the difference per unit ({money})",
    )  # fmt: skip
    return sheet("Units", head, rows)


def none_if_infinite(value: float) -> float | None:
    """The value, or None if it is infinite."""
    return None if np.isinf(value) else value


def sources(plan: Plan) -> Table:
    """Sheet of all assumptions, with their sources."""
    entries = plan.scenario.sources
    rows: list[Row] = []
    for assumption in plan.scenario.assumptions:
        titles = "; ".join(entries[key].title if key in entries else key for key in assumption.sources)
        links = "; ".join(entries[key].url for key in assumption.sources if key in entries and entries[key].url)
        unit = assumption.unit.replace("money", assumption.currency or "money")
        rows.append(
            (assumption.name, assumption.value, assumption.low, assumption.high, assumption.distribution, unit,
             assumption.price_base if assumption.currency else None, titles, links, assumption.quality,
             assumption.owner, assumption.date, assumption.note, row_reference(assumption))
        )  # fmt: skip
    head = (
        "assumption", "value", "low", "high", "distribution", "unit", "price base (year)", "source",
        "address", "quality", "owner", "date", "note", "row",
    )  # fmt: skip
    return sheet("Sources", head, rows)
