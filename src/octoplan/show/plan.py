"""A plan in pictures, month by month: gates and openings, output, the order calendar, crews and kits.

Lines are P50 over the futures planned for, bands and bars P10 to P90; stacked bars are means, because means add up.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from html import escape
from textwrap import wrap

import numpy as np
import plotly.graph_objects as go

from octoplan.plan.optimise import Plan
from octoplan.plan.results import schedule as calendar
from octoplan.plan.results.schedule import OPENS, Order, Step
from octoplan.plan.solver.two_stage import Floats
from octoplan.show.theme import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    LEGEND,
    ORANGE,
    VERMILION,
    add_band,
    add_bars,
    faded,
    fit_legend,
    legend_lines,
    new_figure,
)

ROW, TOP = 44, 64
"""Pixels of a row that holds a name and, under it, its marks; pixels above the first."""

BROAD = 46
"""Characters that a name above a row may have on a narrow screen before it takes two lines."""

MADE = 1.0
"""Units over the horizon below which a plan makes none."""

FEW = 6
"""Months that an axis names one by one; left to itself it would name some twice."""

MET = 0.99
"""Share of the target rate at which it counts as met."""


def titled(plan: Plan, section: str, name: str) -> str:
    """The human title of an entity, safe inside a figure."""
    return escape(plan.scenario.titles.get(f"{section}.{name}", name))


def listed(chart: go.Figure, labels: Sequence[str], row: int = 1) -> None:
    """Names above their rows at the left edge, where a narrow screen has room for them; rows count downwards from 0."""
    axis = "" if row == 1 else str(row)
    for place, label in enumerate(labels):
        chart.add_annotation(
            x=0.0, xref=f"x{axis} domain", xanchor="left", y=place, yref=f"y{axis}", yanchor="bottom", yshift=7,
            text=label, showarrow=False, font={"size": 12, "color": BLACK}, align="left",
        )  # fmt: skip
    chart.update_yaxes(
        range=[len(labels) - 0.5, -0.9], tickvals=list(range(len(labels))), showticklabels=False, zeroline=False,
        row=row, col=1,
    )  # fmt: skip


def long_day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def gantt(plan: Plan) -> go.Figure:
    """Each gate and each plant's opening: P50 and P10 to P90, by country."""
    rows = grouped(plan)
    labels, marks = [], []
    for head, steps in rows:
        labels.append(f"<b>{head}</b>")
        for step in steps:
            marks.append((len(labels), step))
            labels.append(step_label(plan, step))
    chart = new_figure(opening_words(plan), height=TOP + 70 + ROW * len(labels))
    for place, step in marks:
        low, middle, high = (calendar.day_of(plan, float(d)) for d in np.quantile(step.days, (0.1, 0.5, 0.9)))
        hexed = GREY if step.name != OPENS else BLUE if asked_of(plan, step.plant) >= MADE else ORANGE
        said = f"{labels[place]}<br>P10 {long_day(low)}, P50 {long_day(middle)}, P90 {long_day(high)}<extra></extra>"
        chart.add_trace(
            go.Scatter(
                x=[low, high], y=[place, place], mode="lines", line={"color": faded(hexed, 0.45), "width": 9},
                hoverinfo="skip", showlegend=False,
            )
        )  # fmt: skip
        chart.add_trace(
            go.Scatter(
                x=[middle], y=[place], mode="markers", name=step.name, showlegend=False, hovertemplate=said,
                marker={"color": hexed, "size": 11, "symbol": "diamond" if step.name == OPENS else "circle"},
            )
        )  # fmt: skip
    listed(chart, labels)
    last = max(float(np.quantile(step.days, 0.9)) for _, step in marks)
    by_day(chart, plan.scenario.start, calendar.day_of(plan, last))
    return chart.update_layout(hovermode="closest", margin={"l": 14, "b": 50})


def grouped(plan: Plan) -> list[tuple[str, list[Step]]]:
    """Gates, each once, and openings by country, in the order of their P50; a gate of several comes first."""
    countries: dict[str, set[str]] = {}
    steps: dict[str, Step] = {}
    for step in calendar.gates(plan):
        name = f"{OPENS} {step.plant}" if step.name == OPENS else step.name
        countries.setdefault(name, set()).add(step.country)
        steps[name] = step
    found: dict[str, list[Step]] = {}
    for name, where in sorted(countries.items(), key=lambda one: -len(one[1])):
        head = titled(plan, "countries", next(iter(where))) if len(where) == 1 else "Several countries"
        found.setdefault(head, []).append(steps[name])
    return [(head, sorted(own, key=lambda step: float(np.median(step.days)))) for head, own in found.items()]


def asked_of(plan: Plan, plant: str) -> float:
    """Units asked of a plant over the horizon, mean over futures."""
    names = plan.facts.pilot.compiled.names.plants
    return float(plan.tables["asked"].values[:, names.index(plant)].sum(1).mean())


def step_label(plan: Plan, step: Step) -> str:
    """What a row of the Gantt says above its marks."""
    day = calendar.day_of(plan, float(np.median(step.days)))
    if step.name != OPENS:
        title = plan.scenario.titles.get(f"gates.{step.name}", step.name)
        return "<br>".join(map(escape, wrap(f"{title}, {day:%b\u00a0%Y}", BROAD)))
    units = asked_of(plan, step.plant)
    asked = f"asked {units:,.0f} units" if units >= MADE else "asked nothing"
    return f"<b>{escape(step.plant)} opens</b>, {day:%b %Y}, {asked}"


def opening_words(plan: Plan) -> str:
    """When the plant asked most opens, or the first to open where none is asked."""
    opened = calendar.openings(plan)
    most = max(opened.values(), key=lambda step: (round(asked_of(plan, step.plant)), -float(np.median(step.days))))
    middle, high = (calendar.day_of(plan, float(d)) for d in np.quantile(most.days, (0.5, 0.9)))
    if np.ptp(most.days) == 0.0:
        return f"{most.plant} opens on {long_day(middle)} in every future"
    if (middle.year, middle.month) == (high.year, high.month):
        return f"Half the futures open {most.plant} by {long_day(middle)}; one in ten not before {long_day(high)}"
    return f"Half the futures open {most.plant} by {middle:%B %Y}; one in ten not before {high:%B %Y}"


def makes(plan: Plan) -> bool:
    """Whether the plan makes any unit."""
    return bool(calendar.made(plan).sum((1, 2)).mean() >= MADE)


def output(plan: Plan) -> go.Figure:
    """Units made by plant, what reaches the regions, and the target where there is one."""
    months, made, due = plan.facts.pilot.months, calendar.made(plan), calendar.target(plan)
    if not makes(plan) and due is None:
        chart = new_figure("The plan makes no unit in any month", height=240)
        chart.add_trace(go.Scatter(x=list(months), y=np.zeros(len(months)), line={"color": BLACK}, name="made"))
        chart.add_annotation(
            x=0.5, y=0.75, xref="paper", yref="paper", showarrow=False, text="0 units asked of every plant"
        )
        chart.update_yaxes(title="units a month", range=[0, 100])
        return chart.update_layout(showlegend=False)
    panels = ("made by plant, mean over futures", "reaching the regions, P50 with P10 to P90")
    chart = new_figure(output_words(plan, made, due), panels, rows=2, height=640)
    for p, name in enumerate(plan.scenario.names.plants):
        if made[:, p].sum(1).mean() >= MADE:
            add_bars(chart, months, made[:, p].mean(0), escape(name), p)
    if due is not None:
        wanted = [each if each > 0.0 else None for each in due.tolist()]
        line = {"color": BLACK, "width": 2, "dash": "dash"}
        chart.add_trace(go.Scatter(x=list(months), y=wanted, name="target", mode="lines", line=line), row=1, col=1)
    add_band(chart, months, calendar.delivered(plan), "delivered", GREEN, row=2, legend=False)
    chart.update_yaxes(title="units a month")
    return legend_line(aligned(chart, months))


def aligned(chart: go.Figure, months: Sequence[str]) -> go.Figure:
    """Bars and lines of all panels over the same months."""
    first, last = (date.fromisoformat(f"{month}-01") for month in (months[0], months[-1]))
    step = "M1" if len(months) <= FEW else None
    return chart.update_xaxes(range=[first - timedelta(days=16), last + timedelta(days=16)], tick0=first, dtick=step)


def by_day(chart: go.Figure, first: date, last: date) -> go.Figure:
    """An axis of days from the first to the last, with room at both ends; days are named where months are few."""
    room = timedelta(days=max(3, (last - first).days // 30))
    form = "%b<br>%Y" if (last - first).days > 120 else "%-d %b<br>%Y"
    return chart.update_xaxes(
        range=[first - room, last + room], tickformat=form, hoverformat="%Y-%m-%d", showgrid=True, gridcolor="#E3E3E3"
    )


def output_words(plan: Plan, made: Floats, due: Floats | None) -> str:
    """How often the target is met, or what the last months make."""
    months = plan.facts.pilot.months
    if due is not None:
        first = int(np.flatnonzero(due)[0])
        short = plan.tables["short"].values
        met = 100.0 * (short <= (1.0 - MET) * due).mean(0)
        return (
            f"{due.max():,.0f} units a month are made in {met[first]:.0f} % of futures in {words(months[first])}, "
            f"when they are due, and in {met[-1]:.0f} % in {words(months[-1])}"
        )
    last = min(6, len(months))
    rate = made[:, :, -last:].sum(1).mean()
    return f"In its last {last} months the plan makes {rate:,.0f} good units a month, mean over futures"


def words(month: str) -> str:
    """A month such as 2026-07 as July 2026."""
    return f"{date.fromisoformat(f'{month}-01'):%B %Y}"


def orders(plan: Plan) -> go.Figure:
    """The day by which each order must be placed, by supplier; those that take longest stand first."""
    found = calendar.orders(plan)
    chart = new_figure(order_words(found))
    if not found:
        chart.add_annotation(x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False, text="no part is needed")
        chart.update_xaxes(visible=False).update_yaxes(visible=False)
        return chart.update_layout(height=160, margin={"b": 20})
    leads = {order.supplier: order.lead for order in found}
    rows = sorted(leads, key=lambda name: (-leads[name], name))
    most = max(order.money for order in found)
    for late, hexed, name in ((False, BLUE, "place by this day"), (True, VERMILION, "already late at the start")):
        some = [order for order in found if bool(order.late) == late]
        if not some:
            continue
        chart.add_trace(
            go.Scatter(
                x=[order.place for order in some], y=[rows.index(order.supplier) for order in some], mode="markers",
                name=name, text=[order_label(plan, order) for order in some],
                hovertemplate="%{text}<extra></extra>",
                marker={
                    "color": faded(hexed, 0.9 if late else 0.6), "line": {"color": hexed, "width": 1},
                    "sizemode": "area",
                    "size": [order.money for order in some], "sizeref": 2.0 * most / 22.0**2, "sizemin": 2,
                    "symbol": "x" if late else "circle",
                },
            )
        )  # fmt: skip
    listed(chart, [f"{titled(plan, 'suppliers', name)} · {leads[name]} days" for name in rows])
    start = calendar.first_day(plan)
    chart.add_vline(x=start.isoformat(), line={"color": BLACK, "width": 1, "dash": "dot"})
    by_day(chart, min(start, found[0].place), max(order.place for order in found))
    chart.update_layout(height=TOP + 60 + ROW * len(rows), hovermode="closest", margin={"l": 14})
    return fit_legend(chart)


def order_label(plan: Plan, order: Order) -> str:
    """What an order says when it is pointed at."""
    late = f"<br>already late: {order.late} days before the start" if order.late else ""
    return (
        f"{titled(plan, 'suppliers', order.supplier)}<br>place by {long_day(order.place)} for {words(order.month)}, "
        f"first needed on {long_day(order.need)}<br>{order.parts.mean():,.0f} parts, "
        f"{order.money / 1e3:,.1f} k {plan.scenario.currency}{late}"
    )


def order_words(found: Sequence[Order]) -> str:
    """How many orders are late already, or which comes first."""
    if not found:
        return "No parts are ordered, because no unit is made"
    late = [order for order in found if order.late]
    if late:
        worst = max(late, key=lambda order: order.late)
        return (
            f"{len(late)} of {len(found)} orders should have been placed before the start: "
            f"{worst.supplier} {worst.late} days before it"
        )
    first = found[0]
    which = f"first of {len(found)} orders" if found[1:] else "only order"
    return f"The {which} goes to {first.supplier}, by {long_day(first.place)}: {first.lead} days ahead of need"


def crews(plan: Plan) -> go.Figure:
    """Crews begun and kits ordered a month, and the crews that have a kit."""
    months, (intake, kits) = plan.facts.pilot.months, calendar.begun(plan)
    ready = plan.tables["equipped"].values
    chart = new_figure(
        f"{sum(intake):,} crews begin and {sum(kits):,} kits are ordered; half the futures "
        f"have {np.median(ready[:, -1]):,.0f} equipped crews or more in {words(months[-1])}",
        ("begun and ordered a month", "crews with a kit, P50 with P10 to P90"),
        rows=2,
        height=560,
    )
    for name, values, index in (("crews begun", intake, 0), ("kits ordered", kits, 1)):
        add_bars(chart, months, np.array(values, float), name, index)
    add_band(chart, months, ready, "equipped crews", GREEN, row=2, legend=False)
    chart.update_yaxes(title="a month", row=1).update_yaxes(title="crews", row=2)
    return legend_line(aligned(chart, months).update_layout(barmode="group"))


def legend_line(chart: go.Figure) -> go.Figure:
    """The figure grown by one legend for several rows of panels, whose titles stand at the left."""
    lines = max(1, legend_lines([each.name for each in chart.data if each.name and each.showlegend is not False]))
    height, room = chart.layout.height + 22 * lines, 52 + 22 * lines
    legend = {**LEGEND, "orientation": "h", "x": 0.0, "y": (room - 46) / height}
    chart.update_annotations(x=0.0, xanchor="left", xshift=-58, yshift=4, font={"size": 13})
    return chart.update_layout(height=height, margin={"b": room}, legend=legend)
