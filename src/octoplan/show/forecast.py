"""Chart of raids by month: published counts, and counts simulated from a scenario."""

import numpy as np
import plotly.graph_objects as go

from octoplan.outcomes.monthly import published_totals
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import total, view_of
from octoplan.scenario.arrays import Ints
from octoplan.show.theme import (
    BLACK,
    BLUE,
    ORANGE,
    add_band,
    fit_legend,
    new_figure,
)

PACKAGE_COLOURS = {"drones": BLUE, "missiles": ORANGE}


def published_launches() -> dict[str, dict[str, int]]:
    """Published numbers of weapons launched, by package and month; missiles of all classes are added."""
    launches: dict[str, dict[str, int]] = {package: {} for package in PACKAGE_COLOURS}
    for (month, klass), (launched, _) in sorted(published_totals().items()):
        months = launches["drones" if klass == "drones" else "missiles"]
        months[month] = months.get(month, 0) + launched
    return launches


def launches(run: Run) -> go.Figure:
    """Chart of threats launched by month and package: published counts as dots, P50 and P10 to P90 over futures.

    >>> import octoplan as op
    >>> op.show.launches(op.simulate("pocket", futures=4)).data[0].name
    'drones, simulated (line: P50), P10 to P90'
    """
    view, published = view_of(run), published_launches()
    package_of = run.compiled.template.threats["package"]
    launched = total(run, "launched", "region")
    is_missile = np.array([view.names.packages[package] == "missiles" for package in package_of])
    by_package = {
        name: launched[:, :, rows].sum(axis=2)
        for name, rows in (("drones", ~is_missile), ("missiles", is_missile))
        if rows.any()
    }
    chart = new_figure(launches_title(by_package), tuple(f"{name} a month" for name in by_package), height=430)
    for column, (name, counts) in enumerate(by_package.items(), start=1):
        label = f"{name}, simulated (line: P50)"
        add_band(chart, view.names.months, counts, label, PACKAGE_COLOURS[name], column=column)
        if published[name]:
            chart.add_trace(
                go.Scatter(
                    x=list(published[name]), y=list(published[name].values()), mode="markers", name="published",
                    marker={"color": BLACK, "size": 6}, hovertemplate="published: %{y:,}<extra></extra>",
                ), row=1, col=column,
            )  # fmt: skip
    chart.update_yaxes(title="launched a month", rangemode="tozero")
    return fit_legend(chart)


def launches_title(by_package: dict[str, Ints]) -> str:
    """Title with the median launched by package in the first and last month.

    Args:
        by_package: (futures, months) threats launched, by name of the package.

    """
    changes = []
    for name, counts in by_package.items():
        first, last = np.median(counts[:, 0]), np.median(counts[:, -1])
        changes.append(f"{name} from {first:,.0f} to {last:,.0f}")
    return f"Launched in the first and last month (P50): {', '.join(changes)}"
