"""Charts of a plan: gates and openings, output by month, the order schedule, crews and kits.

Lines are P50 over the futures used in the optimisation, bands P10 to P90; stacked bars are means, which add up.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from textwrap import wrap

import numpy as np
import plotly.graph_objects as go

from octoplan.plan.optimise import Plan
from octoplan.plan.results import schedule
from octoplan.plan.results.schedule import OPENING, Milestone, Order
from octoplan.plan.solver.two_stage import Floats
from octoplan.show.theme import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LEGEND_STYLE,
    ORANGE,
    VERMILION,
    add_band,
    add_bars,
    fit_legend,
    label,
    legend_lines,
    new_figure,
    with_opacity,
)

ROW_HEIGHT, TOP_MARGIN = 44, 64
"""Height in pixels of a row, whose label is above its markers, and of the space above the first row."""

MAX_LABEL_LENGTH = 46
"""Maximum number of characters in a line of a row label, for narrow screens."""

MIN_UNITS = 1.0
"""Smallest number of units over the horizon at which a plan, or a plant, counts as producing."""

MAX_LABELLED_MONTHS = 6
"""Maximum number of months for which the axis has a tick for every month, as plotly would repeat some labels."""

MIN_TARGET_SHARE = 0.99
"""Smallest output, as a share of the target, at which the target counts as met."""


def title_of(plan: Plan, section: str, name: str) -> str:
    """Title of an entity of the scenario, escaped for a figure."""
    return label(plan.scenario.titles.get(f"{section}.{name}", name))


def add_row_labels(chart: go.Figure, labels: Sequence[str], row: int = 1) -> None:
    """Add a label above each row of a panel at the left edge; rows are counted downwards from 0.

    row
        Row of the panel in the figure, from 1.
    """
    axis = "" if row == 1 else str(row)
    for number, text in enumerate(labels):
        chart.add_annotation(
            x=0.0, xref=f"x{axis} domain", xanchor="left", y=number, yref=f"y{axis}", yanchor="bottom", yshift=7,
            text=text, showarrow=False, font={"size": 12, "color": BLACK}, align="left",
        )  # fmt: skip
    chart.update_yaxes(
        range=[len(labels) - 0.5, -0.9], tickvals=list(range(len(labels))), showticklabels=False, zeroline=False,
        row=row, col=1,
    )  # fmt: skip


def long_day(day: date) -> str:
    """Text of a day, such as 6 January 2026."""
    return f"{day.day} {day:%B %Y}"


def gantt(plan: Plan) -> go.Figure:
    """Gantt chart of gates and openings by country, P50 with P10 to P90."""
    rows = milestones_by_country(plan)
    labels, marks = [], []
    for heading, milestones in rows:
        labels.append(f"<b>{heading}</b>")
        for milestone in milestones:
            marks.append((len(labels), milestone))
            labels.append(milestone_label(plan, milestone))
    chart = new_figure(opening_title(plan), height=TOP_MARGIN + 70 + ROW_HEIGHT * len(labels))
    for row, milestone in marks:
        low, middle, high = (schedule.day_of(plan, float(d)) for d in np.quantile(milestone.days, (0.1, 0.5, 0.9)))
        requested = units_requested(plan, milestone.plant) >= MIN_UNITS
        hex_colour = GREY if milestone.name != OPENING else BLUE if requested else ORANGE
        symbol = "diamond" if milestone.name == OPENING else "circle"
        hover = f"{labels[row]}<br>P10 {long_day(low)}, P50 {long_day(middle)}, P90 {long_day(high)}<extra></extra>"
        chart.add_trace(
            go.Scatter(
                x=[low, high], y=[row, row], mode="lines", line={"color": with_opacity(hex_colour, 0.45), "width": 9},
                hoverinfo="skip", showlegend=False,
            )
        )  # fmt: skip
        chart.add_trace(
            go.Scatter(
                x=[middle], y=[row], mode="markers", name=milestone.name, showlegend=False, hovertemplate=hover,
                marker={"color": hex_colour, "size": 11, "symbol": symbol},
            )
        )  # fmt: skip
    add_row_labels(chart, labels)
    last = max(float(np.quantile(milestone.days, 0.9)) for _, milestone in marks)
    set_day_axis(chart, plan.scenario.start, schedule.day_of(plan, last))
    return chart.update_layout(hovermode="closest", margin={"l": 14, "b": 50})


def milestones_by_country(plan: Plan) -> list[tuple[str, list[Milestone]]]:
    """Gates and openings by country, sorted by P50; gates that several countries need come first."""
    countries: dict[str, set[str]] = {}
    milestones: dict[str, Milestone] = {}
    for milestone in schedule.gates(plan):
        name = f"{OPENING} {milestone.plant}" if milestone.name == OPENING else milestone.name
        countries.setdefault(name, set()).add(milestone.country)
        milestones[name] = milestone
    groups: dict[str, list[Milestone]] = {}
    for name, milestone_countries in sorted(countries.items(), key=lambda item: -len(item[1])):
        single = len(milestone_countries) == 1
        heading = title_of(plan, "countries", next(iter(milestone_countries))) if single else "Several countries"
        groups.setdefault(heading, []).append(milestones[name])
    return [(heading, sorted(group, key=lambda item: float(np.median(item.days)))) for heading, group in groups.items()]


def units_requested(plan: Plan, plant: str) -> float:
    """Units requested from a plant over the horizon, mean over futures."""
    names = plan.parameters.runs.compiled.names.plants
    return float(plan.tables["requested"].values[:, names.index(plant)].sum(1).mean())


def milestone_label(plan: Plan, milestone: Milestone) -> str:
    """Row label of a milestone in the Gantt chart."""
    day = schedule.day_of(plan, float(np.median(milestone.days)))
    if milestone.name != OPENING:
        title = plan.scenario.titles.get(f"gates.{milestone.name}", milestone.name)
        return "<br>".join(map(label, wrap(f"{title}, {day:%b\u00a0%Y}", MAX_LABEL_LENGTH)))
    units = units_requested(plan, milestone.plant)
    requests = f"{units:,.0f} units requested" if units >= MIN_UNITS else "no units requested"
    title = plan.scenario.titles.get(f"plants.{milestone.plant}", milestone.plant)
    lines = wrap(f"{title} opens, {day:%b\u00a0%Y}, {requests}", MAX_LABEL_LENGTH)
    return "<br>".join(f"<b>{label(line)}</b>" for line in lines)


def opening_title(plan: Plan) -> str:
    """Title of the Gantt chart: the opening of the plant with most units requested; of equals, the first to open."""
    opened = schedule.openings(plan)
    opening = max(
        opened.values(), key=lambda item: (round(units_requested(plan, item.plant)), -float(np.median(item.days)))
    )
    name = title_of(plan, "plants", opening.plant)
    middle, high = (schedule.day_of(plan, float(d)) for d in np.quantile(opening.days, (0.5, 0.9)))
    if np.ptp(opening.days) == 0.0:
        return f"{name} opens on {long_day(middle)} in every future"
    if (middle.year, middle.month) == (high.year, high.month):
        return f"{name} opens by {long_day(middle)} in half of the futures, and after {long_day(high)} in a tenth"
    return f"{name} opens by {middle:%B %Y} in half of the futures, and not before {high:%B %Y} in a tenth"


def produces(plan: Plan) -> bool:
    """Whether the plan produces at least ``MIN_UNITS`` units."""
    return bool(schedule.produced(plan).sum((1, 2)).mean() >= MIN_UNITS)


def output(plan: Plan) -> go.Figure:
    """Chart of units produced by plant, units delivered to the regions, and the target if there is one."""
    months, produced, due = plan.parameters.runs.months, schedule.produced(plan), schedule.target(plan)
    if not produces(plan) and due is None:
        chart = new_figure("The plan produces no unit in any month", height=240)
        chart.add_trace(go.Scatter(x=list(months), y=np.zeros(len(months)), line={"color": BLACK}, name="produced"))
        chart.add_annotation(
            x=0.5, y=0.75, xref="paper", yref="paper", showarrow=False, text="no units are requested from any plant"
        )
        chart.update_yaxes(title="units a month", range=[0, 100])
        return chart.update_layout(showlegend=False)
    panel_titles = ("produced by plant, mean over futures", "delivered to the regions, P50 with P10 to P90")
    chart = new_figure(output_title(plan, produced, due), panel_titles, rows=2, height=640)
    for p, name in enumerate(plan.scenario.names.plants):
        if produced[:, p].sum(1).mean() >= MIN_UNITS:
            add_bars(chart, months, produced[:, p].mean(0), title_of(plan, "plants", name), p)
    if due is not None:
        rates = [rate if rate > 0.0 else None for rate in due.tolist()]
        line = {"color": BLACK, "width": 2, "dash": "dash"}
        chart.add_trace(go.Scatter(x=list(months), y=rates, name="target", mode="lines", line=line), row=1, col=1)
    add_band(chart, months, schedule.delivered(plan), "delivered", GREEN, row=2, legend=False)
    chart.update_yaxes(title="units a month")
    return add_legend_below(align_month_axes(chart, months))


def align_month_axes(chart: go.Figure, months: Sequence[str]) -> go.Figure:
    """Set the same range of months on the axes of all panels."""
    first, last = (date.fromisoformat(f"{month}-01") for month in (months[0], months[-1]))
    step = "M1" if len(months) <= MAX_LABELLED_MONTHS else None
    return chart.update_xaxes(range=[first - timedelta(days=16), last + timedelta(days=16)], tick0=first, dtick=step)


def set_day_axis(chart: go.Figure, first: date, last: date) -> go.Figure:
    """Set the range of an axis of days, with a margin at both ends; ticks name days if the period is short."""
    margin = timedelta(days=max(3, (last - first).days // 30))
    day_format = "%b<br>%Y" if (last - first).days > 120 else "%-d %b<br>%Y"
    return chart.update_xaxes(
        range=[first - margin, last + margin],
        tickformat=day_format,
        hoverformat="%Y-%m-%d",
        showgrid=True,
        gridcolor="#E3E3E3",
    )


def output_title(plan: Plan, produced: Floats, due: Floats | None) -> str:
    """Title of the chart of output: how often the target is met, or the output of the last months."""
    months = plan.parameters.runs.months
    if due is not None:
        first = int(np.flatnonzero(due)[0])
        short = plan.tables["shortfall"].values
        met = 100.0 * (short <= (1.0 - MIN_TARGET_SHARE) * due).mean(0)
        return (
            f"{due.max():,.0f} units a month are produced in {met[first]:.0f} % of futures in "
            f"{month_text(months[first])}, when they are due, and in {met[-1]:.0f} % in {month_text(months[-1])}"
        )
    last = min(6, len(months))
    rate = produced[:, :, -last:].sum(1).mean()
    return f"In its last {last} months the plan produces {rate:,.0f} good units a month, mean over futures"


def month_text(month: str) -> str:
    """Text of a month: 2026-07 becomes July 2026."""
    return f"{date.fromisoformat(f'{month}-01'):%B %Y}"


def orders(plan: Plan) -> go.Figure:
    """Chart of order dates by supplier, sorted by descending lead time."""
    order_list = schedule.orders(plan)
    chart = new_figure(order_title(plan, order_list))
    if not order_list:
        chart.add_annotation(x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False, text="no part is needed")
        chart.update_xaxes(visible=False).update_yaxes(visible=False)
        return chart.update_layout(height=160, margin={"b": 20})
    leads = {order.supplier: order.lead_time for order in order_list}
    rows = sorted(leads, key=lambda name: (-leads[name], name))
    largest_cost = max(order.cost for order in order_list)
    for late, hex_colour, name in (
        (False, BLUE, "place by this day"),
        (True, VERMILION, "already late on the first day planned"),
    ):
        group = [order for order in order_list if bool(order.days_late) == late]
        if not group:
            continue
        chart.add_trace(
            go.Scatter(
                x=[order.place_by for order in group], y=[rows.index(order.supplier) for order in group],
                mode="markers",
                name=name, text=[order_label(plan, order) for order in group],
                hovertemplate="%{text}<extra></extra>",
                marker={
                    "color": with_opacity(hex_colour, 0.9 if late else 0.6), "line": {"color": hex_colour, "width": 1},
                    "sizemode": "area",
                    "size": [order.cost for order in group], "sizeref": 2.0 * largest_cost / 22.0**2, "sizemin": 2,
                    "symbol": "x" if late else "circle",
                },
            )
        )  # fmt: skip
    add_row_labels(chart, [f"{title_of(plan, 'suppliers', name)} · {leads[name]} days" for name in rows])
    start = schedule.first_day(plan)
    chart.add_vline(x=start.isoformat(), line={"color": BLACK, "width": 1, "dash": "dot"})
    set_day_axis(chart, min(start, order_list[0].place_by), max(order.place_by for order in order_list))
    chart.update_layout(height=TOP_MARGIN + 60 + ROW_HEIGHT * len(rows), hovermode="closest", margin={"l": 14})
    return fit_legend(chart)


def order_label(plan: Plan, order: Order) -> str:
    """Hover text of an order."""
    late = f"<br>already late: due {order.days_late} days before the first day planned" if order.days_late else ""
    return (
        f"{title_of(plan, 'suppliers', order.supplier)}<br>place by {long_day(order.place_by)} for "
        f"{month_text(order.month)}, first needed on {long_day(order.first_need)}<br>{order.parts.mean():,.0f} parts, "
        f"{order.cost / 1e3:,.1f} k {plan.scenario.currency}{late}"
    )


def order_title(plan: Plan, orders: Sequence[Order]) -> str:
    """Title of the chart of orders: the number of late orders or, if there are none, the first order."""
    if not orders:
        return "No parts are ordered, because no unit is produced"
    late = [order for order in orders if order.days_late]
    if late:
        worst = max(late, key=lambda order: order.days_late)
        return (
            f"{len(late)} of {len(orders)} orders should have been placed before the start: "
            f"{title_of(plan, 'suppliers', worst.supplier)} {worst.days_late} days before it"
        )
    first = orders[0]
    text = f"first of {len(orders)} orders" if orders[1:] else "only order"
    return (
        f"The {text} must be placed with {title_of(plan, 'suppliers', first.supplier)} by {long_day(first.place_by)}, "
        f"{first.lead_time} days before the parts are needed"
    )


def crews(plan: Plan) -> go.Figure:
    """Chart of monthly crew intake and kits ordered, and of equipped crews."""
    months, (intake, kits) = plan.parameters.runs.months, schedule.intake_and_orders(plan)
    equipped_crews = plan.tables["equipped"].values
    chart = new_figure(
        f"{sum(intake):,} crews enter training and {sum(kits):,} kits are ordered; half of the futures have "
        f"{np.median(equipped_crews[:, -1]):,.0f} or more equipped crews in {month_text(months[-1])}",
        ("crew intake and kits ordered a month", "crews with a kit, P50 with P10 to P90"),
        rows=2,
        height=560,
    )
    for name, values, index in (("crew intake", intake, 0), ("kits ordered", kits, 1)):
        add_bars(chart, months, np.array(values, float), name, index)
    add_band(chart, months, equipped_crews, "equipped crews", GREEN, row=2, legend=False)
    chart.update_yaxes(title="a month", row=1).update_yaxes(title="crews", row=2)
    return add_legend_below(align_month_axes(chart, months).update_layout(barmode="group"))


def add_legend_below(chart: go.Figure) -> go.Figure:
    """Place one legend below all panels, and align the titles of the panels at the left."""
    lines = max(1, legend_lines([trace.name for trace in chart.data if trace.name and trace.showlegend is not False]))
    height, margin = chart.layout.height + 22 * lines, 52 + 22 * lines
    legend = {**LEGEND_STYLE, "orientation": "h", "x": 0.0, "y": (margin - 46) / height}
    chart.update_annotations(x=0.0, xanchor="left", xshift=-58, yshift=4, font={"size": 13})
    return chart.update_layout(height=height, margin={"b": margin}, legend=legend)
