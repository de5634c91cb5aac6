"""Charts of supply: deliveries, production by plant, stock, and the limiting factors of the plants."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from octoplan.outcomes.format import digits
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import View, ratio, sum_by_future, total, view_of
from octoplan.scenario import limiting_factors
from octoplan.scenario.arrays import Floats
from octoplan.show.series import NO_LIMIT_COLOUR, OWNER_NAMES, median, month_in_full, month_total, monthly_share
from octoplan.show.theme import (
    BLACK,
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    add_band,
    add_bars,
    fit_legend,
    label,
    label_months,
    new_figure,
    with_opacity,
)

PLANT_COLOURS = (GREY, VERMILION, BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW, BLACK)
"""Colours of the limiting factors, in their order, and then of the most frequent limiting parts."""
OTHER_PARTS_COLOUR = "#7F6A4F"
MAX_PARTS, MIN_PART_SHARE = 5, 0.5
"""Maximum number of parts displayed separately, and smallest percentage of plant-days that such a part limits."""
RECENT_MONTHS = 6
"""Number of months, at the end of the run, averaged in a title."""
FAN_BANDS = ((0.1, 0.9, 0.16), (0.25, 0.75, 0.34))
"""Lower quantile, upper quantile and opacity of each band of the fan chart."""
MEDIAN = "median (P50)"
"""Name of the line of the fan chart."""
TARGET_LABEL_WIDTH = 46
"""Width in pixels of the label of a target right of the chart."""


def deliveries(run: Run) -> go.Figure:
    """Fan chart of units delivered a month, P10 to P90, with the scenario's targets.

    >>> import octoplan as op
    >>> [trace.name for trace in op.show.deliveries(op.simulate("pocket", futures=4)).data]
    ['median (P50)']
    """
    view, delivered = view_of(run), total(run, "delivered", "plant")
    chart = new_figure(deliveries_title(view, delivered, run.scenario.output_targets), height=430)
    add_deliveries(chart, run, delivered)
    chart.update_yaxes(title="units delivered a month")
    return fit_legend(chart)


def add_deliveries(chart: go.Figure, run: Run, delivered: NDArray[np.int64]) -> None:
    """Add a fan of (futures, months) units delivered a month and the scenario's targets to the first panel.

    A band is omitted if it has no width in any month. Targets are labelled right of the panel.
    """
    months, rates = list(view_of(run).names.months), run.scenario.output_targets
    lines = {q: np.quantile(delivered, q, axis=0) for q in (0.1, 0.25, 0.5, 0.75, 0.9)}
    for low, high, opacity in FAN_BANDS:
        if np.array_equal(lines[low], lines[high]):
            continue
        chart.add_trace(
            go.Scatter(
                x=[*months, *reversed(months)],
                y=[*lines[high], *reversed(lines[low])],
                fill="toself",
                mode="lines",
                fillcolor=with_opacity(BLUE, opacity),
                line={"width": 0},
                name=f"P{100 * low:.0f} to P{100 * high:.0f}",
                hoverinfo="skip",
            ), row=1, col=1,
        )  # fmt: skip
    chart.add_trace(
        go.Scatter(
            x=months,
            y=lines[0.5],
            name=MEDIAN,
            mode="lines",
            line={"color": BLUE, "width": 2.8},
            customdata=np.stack([lines[0.1], lines[0.9]], axis=-1),
            hovertemplate="P50 %{y:,.0f} (P10 %{customdata[0]:,.0f}, P90 %{customdata[1]:,.0f})<extra></extra>",
        ), row=1, col=1,
    )  # fmt: skip
    for rate in rates:
        chart.add_hline(y=rate, row=1, col=1, line={"color": BLACK, "width": 1.2, "dash": "dash"})
        text = f"target<br>{rate:,}" if rate == max(rates) else f"{rate:,}"
        chart.add_annotation(
            xref="x domain", x=1.0, yref="y", y=rate, text=text, showarrow=False, xanchor="left", yanchor="middle",
            align="left", font={"size": 11},
        )  # fmt: skip
    chart.update_layout(margin={"r": max(chart.layout.margin.r, TARGET_LABEL_WIDTH if rates else 0)})
    label_months(chart, months, 1, 1)
    axis_end = max([float(lines[0.9].max()), *rates, 1.0])
    chart.update_yaxes(range=[0, 1.06 * axis_end], row=1, col=1)


def deliveries_title(view: View, delivered: NDArray[np.int64], rates: Sequence[int], *, brief: bool = False) -> str:
    """Title with the months by which 50 % and, unless ``brief``, 90 % of futures deliver the highest target."""
    months = [month_in_full(month) for month in view.names.months]
    if not delivered.any():
        return "No units are delivered"
    if not rates:
        return f"{median(delivered[:, -1]):,.0f} units reach the regions in {months[-1]} (P50)"
    rate = max(rates)
    reach = f"{rate:,} units a month reach the regions"
    share = (np.maximum.accumulate(delivered, axis=1) >= rate).mean(axis=0)
    if not share[-1]:
        return f"In no future {reach} by {months[-1]}"
    half, nine_in_ten = (next((months[i] for i in range(len(months)) if share[i] >= q), None) for q in (0.5, 0.9))
    if half is None:
        return f"In {100 * share[-1]:.0f} % of futures {reach} by {months[-1]}"
    if brief:
        return f"{reach} by {half} (P50)"
    rest = (
        f", in {100 * share[-1]:.0f} % by {months[-1]}" if nine_in_ten is None else f", in nine of ten by {nine_in_ten}"
    )
    return f"In half of the futures {reach} by {half}{rest}"


def production(run: Run) -> go.Figure:
    """Chart of good units made and delivered a month, and of good units made by plant.

    >>> import octoplan as op
    >>> op.show.production(op.simulate("pocket", futures=4)).data[0].name
    'made, P10 to P90'
    """
    view = view_of(run)
    months, good, delivered = view.names.months, month_total(run, "good"), month_total(run, "delivered")
    recent_months = min(RECENT_MONTHS, len(months))
    chart = new_figure(
        f"In its last {recent_months} months the programme makes {median(good[:, -recent_months:].mean(axis=1)):,.0f} "
        f"good units a month and delivers {median(delivered[:, -recent_months:].mean(axis=1)):,.0f}",
        ("made and delivered, P50 with P10 to P90", "made, by plant (mean; hatching by country)"),
        height=460,
    )
    add_band(chart, months, good, "made", BLUE)
    add_band(chart, months, delivered, "delivered", ORANGE, dash="dash")
    by_plant = total(run, "good").mean(axis=0)
    index = 0
    for shape, rows in zip(("", "/", ".", "x", "-", "|"), view.plants_by_country.values(), strict=False):
        for plant in rows:
            name = label(view.title("plants", view.names.plants[plant]))
            add_bars(chart, months, by_plant[:, plant], name, index, column=2, shape=shape)
            index += 1
    chart.update_yaxes(title="units a month")
    return fit_legend(chart)


def stock(run: Run) -> go.Figure:
    """Chart of stock in the regions, units received and sorties by month, for the programme and other makers.

    >>> import octoplan as op
    >>> op.show.stock(op.simulate("pocket", futures=4)).data[0].name
    'both, same design, P10 to P90'
    """
    view = view_of(run)
    months = view.names.months
    in_stock, received, sorties = (total(run, name, "region") for name in ("stock", "received", "sorties"))
    chart = new_figure(
        stock_title(100 * ratio(sum_by_future(sorties), sum_by_future(received))),
        ("stock in the regions at the end of the month", "received (dashed) and sorties (solid)"),
        height=450,
    )
    for (owner, rows), hex_colour in zip(view.designs_by_owner.items(), (BLUE, ORANGE, GREEN), strict=False):
        name = OWNER_NAMES[owner]
        add_band(chart, months, in_stock[:, :, rows].sum(axis=2), name, hex_colour)
        add_band(
            chart,
            months,
            received[:, :, rows].sum(axis=2),
            f"{name}, received",
            hex_colour,
            column=2,
            dash="dash",
            legend=False,
        )
        add_band(chart, months, sorties[:, :, rows].sum(axis=2), f"{name}, sorties", hex_colour, column=2, legend=False)
    chart.update_yaxes(title="units", col=1)
    chart.update_yaxes(title="units a month", col=2)
    return fit_legend(chart)


def stock_title(sorties_per_hundred: Floats) -> str:
    """Title with ``sorties_per_hundred``, the (futures,) sorties per 100 units received, NaN if none are received."""
    if np.isnan(sorties_per_hundred).all():
        return "No unit reaches a region in any future"
    number = median(sorties_per_hundred)
    text = f"{number:,.0f}" if np.isfinite(number) else digits(number)
    return f"{text} sorties for each 100 units that the regions receive"


def plant_limits(run: Run) -> go.Figure:
    """Chart of the limiting factors of plant-days with output planned; the most frequent parts are shown separately.

    >>> import octoplan as op
    >>> op.show.plant_limits(op.simulate("pocket", futures=4)).data[0].name
    'gates not passed'
    """
    view = view_of(run)
    counts = total(run, "plant_limit", "plant").astype(np.float64)
    counts[:, :, limiting_factors.NO_OUTPUT_PLANNED] = 0.0
    share, days = monthly_share(counts), counts.sum(axis=(0, 1))
    planned = days.sum()
    percent = 100 * days / max(planned, 1.0)
    factors, met = limiting_factors.PLANT_LIMITS, limiting_factors.OUTPUT_AS_PLANNED
    layers = [(factor.title, [i]) for i, factor in enumerate(factors) if factor.is_limiting]
    parts = list(range(len(factors), len(percent)))
    frequent = sorted((i for i in parts if percent[i] >= MIN_PART_SHARE), key=lambda i: -percent[i])[:MAX_PARTS]
    layers += [(f"part: {label(view.title('parts', view.names.parts[i - len(factors)]))}", [i]) for i in frequent]
    coloured_layers = [(*layer, PLANT_COLOURS[n % len(PLANT_COLOURS)]) for n, layer in enumerate(layers)]
    coloured_layers.append(("other parts", [i for i in parts if i not in frequent], OTHER_PARTS_COLOUR))
    worst = max(coloured_layers, key=lambda layer: percent[layer[1]].sum())
    chart = new_figure(
        f"{100 - percent[met]:.0f} % of plant-days miss the planned output; largest cause: {worst[0]} "
        f"({percent[worst[1]].sum():.0f} %)"
        if planned
        else "No plant has output planned on any day"
    )
    for name, rows, hex_colour in [*coloured_layers, (factors[met].title, [met], NO_LIMIT_COLOUR)]:
        if percent[rows].sum() > 0:
            add_bars(
                chart,
                view.names.months,
                share[:, rows].sum(axis=1),
                name,
                0,
                hex_colour=hex_colour,
                number_format=".1f",
            )
    chart.update_yaxes(title="% of plant-days with output planned", range=[0, 100])
    return fit_legend(chart)
