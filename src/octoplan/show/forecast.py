"""The raids: what was published by month, and what the scenario draws for the months to come."""

import csv

import numpy as np
import plotly.graph_objects as go

from octoplan.outcomes.monthly import MONTHLY
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import view_of
from octoplan.show.theme import (
    BLACK,
    BLUE,
    ORANGE,
    add_band,
    fit_legend,
    new_figure,
)

FAMILIES = {"drones": BLUE, "missiles": ORANGE}


def published() -> dict[str, dict[str, int]]:
    """Launched by family and month, from the public record; cruise, ballistic and other missiles together."""
    found: dict[str, dict[str, int]] = {family: {} for family in FAMILIES}
    with MONTHLY.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            months = found["drones" if row["class"] == "drones" else "missiles"]
            months[row["month"]] = months.get(row["month"], 0) + int(row["launched"])
    return found


def launches(run: Run) -> go.Figure:
    """Threats launched a month by family: dots as published, a band over futures from the scenario's start on."""
    view, known = view_of(run), published()
    package = run.compiled.template.threats["package"]
    launched = view.tally("launched").sum(axis=2)
    months = view.names.months
    mine = {
        family: [k for k in range(launched.shape[2]) if (view.names.packages[package[k]] == "missiles") == missiles]
        for family, missiles in (("drones", False), ("missiles", True))
    }
    there = {family: rows for family, rows in mine.items() if rows}
    chart = new_figure(words(launched, there), tuple(f"{family} a month" for family in there), height=430)
    for column, (family, rows) in enumerate(there.items(), start=1):
        add_band(chart, months, launched[:, :, rows].sum(axis=2), f"{family}, drawn (line: P50)",
             FAMILIES[family], column=column)  # fmt: skip
        dots = dict(sorted(known[family].items()))
        if dots:
            chart.add_trace(
                go.Scatter(
                    x=list(dots), y=list(dots.values()), mode="markers", name="published",
                    marker={"color": BLACK, "size": 6}, hovertemplate="published: %{y:,}<extra></extra>",
                ), row=1, col=column,
            )  # fmt: skip
    chart.update_yaxes(title="launched a month", rangemode="tozero")
    return fit_legend(chart)


def words(launched: np.ndarray, there: dict[str, list[int]]) -> str:
    """How many come in the first and in the last month."""
    told = []
    for family, rows in there.items():
        first, last = (np.median(launched[:, m][:, rows].sum(axis=1)) for m in (0, -1))
        told.append(f"{family} from {first:,.0f} to {last:,.0f}")
    return f"From the first month to the last, launched a month (P50): {', '.join(told)}"
