"""Charts of the defence: sorties, shares stopped, limiting factors of the nights, crews."""

import numpy as np
import plotly.graph_objects as go

from octoplan.outcomes.run import Run
from octoplan.outcomes.view import View, ratio, sum_by_future, total, view_of
from octoplan.scenario import limiting_factors
from octoplan.scenario.arrays import Floats
from octoplan.show.series import NO_LIMIT_COLOUR, OWNER_NAMES, median, month_total, monthly_share
from octoplan.show.theme import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    VERMILION,
    add_band,
    add_bars,
    capitalised,
    colour,
    fit_legend,
    label,
    new_figure,
    undefined_note,
)

NIGHT_COLOURS = (BLUE, VERMILION, ORANGE, PURPLE, GREEN)
"""Colours of the limiting factors of the nights, in the order of the factors."""


def kills_per_sortie(run: Run) -> go.Figure:
    """Chart of monthly sorties and kills, and of kills per sortie by maker.

    >>> import octoplan as op
    >>> op.show.kills_per_sortie(op.simulate("pocket", futures=4)).data[0].name
    'sorties, P10 to P90'
    """
    view = view_of(run)
    months = view.names.months
    sorties, kills = month_total(run, "sorties"), month_total(run, "kills")
    chart = new_figure(
        kills_title(ratio(sum_by_future(kills), sum_by_future(sorties))),
        ("sorties and kills, all makers", "kills per sortie, by maker"),
        height=450,
    )
    add_band(chart, months, sorties, "sorties", BLUE)
    add_band(chart, months, kills, "kills", VERMILION, dash="dash")
    sorties_by_design, kills_by_design = total(run, "sorties", "region"), total(run, "kills", "region", "threat")
    by_maker = {}
    for (owner, rows), hex_colour in zip(view.designs_by_owner.items(), (GREEN, PURPLE, BLACK), strict=False):
        values = ratio(kills_by_design[:, :, rows].sum(axis=2), sorties_by_design[:, :, rows].sum(axis=2))
        add_band(chart, months, values, OWNER_NAMES[owner], hex_colour, column=2, number_format=".2f")
        by_maker[OWNER_NAMES[owner]] = values
    chart.update_layout(title_subtitle_text=undefined_note("without a sortie", by_maker))
    chart.update_yaxes(title="a month", col=1)
    chart.update_yaxes(title="kills per sortie", col=2)
    return fit_legend(chart)


def kills_title(per_sortie: Floats) -> str:
    """Title with the number of sorties per kill; ``per_sortie`` is (futures,) kills per sortie."""
    if np.isnan(per_sortie).all():
        return "No sorties are made in any future"
    number = median(per_sortie)
    if number <= 0:
        return "No threat is killed" if np.nanmax(per_sortie) <= 0 else "In most futures no threat is killed"
    return f"It takes {1 / number:,.1f} sorties to kill one threat"


def stopped_share(run: Run) -> go.Figure:
    """Chart of the share of launched threats that are stopped, by class and month.

    >>> import octoplan as op
    >>> op.show.stopped_share(op.simulate("pocket", futures=4)).data[0].name
    'drone, P10 to P90'
    """
    view = view_of(run)
    months, names = view.names.months, view.names.threats
    launched, leaked = (total(run, name, "region") for name in ("launched", "leaked"))
    share = 100 * ratio(launched - leaked, launched)
    shares = [median(values) for values in (100 * ratio((launched - leaked).sum(axis=1), launched.sum(axis=1))).T]
    titles = [label(view.title("threats", name)) for name in names]
    rows = 1 if len(names) < 3 else 2
    columns = -(-len(names) // rows)
    chart = new_figure(
        stopped_title(view, titles, shares),
        tuple(
            f"{title}: {'none launched' if np.isnan(value) else f'{value:.0f} %'}"
            for title, value in zip(titles, shares, strict=True)
        ),
        rows=rows,
        height=380 if rows == 1 else 620,
    )
    for t, title in enumerate(titles):
        add_band(
            chart,
            months,
            share[:, :, t],
            title,
            colour(t),
            row=t // columns + 1,
            column=t % columns + 1,
            legend=False,
            number_format=".0f",
        )
    by_class = {title: share[:, :, t] for t, title in enumerate(titles) if not np.isnan(shares[t])}
    chart.update_layout(title_subtitle_text=undefined_note("without a launch", by_class))
    chart.update_yaxes(range=[0, 101], title="stopped, %")
    return fit_legend(chart)


def stopped_title(view: View, titles: list[str], shares: list[float]) -> str:
    """Title with the class, excluding decoys, whose share stopped is the smallest."""
    launched = [t for t in range(len(titles)) if view.not_decoys[t] and not np.isnan(shares[t])]
    if not launched:
        return "No threat is launched"
    worst = min(launched, key=lambda t: shares[t])
    if len(launched) == 1:
        return f"{capitalised(titles[worst])}: {shares[worst]:.0f} % are stopped"
    return f"The class with the smallest share stopped is: {titles[worst]}, {shares[worst]:.0f} %"


def night_limits(run: Run) -> go.Figure:
    """Chart of the limiting factors of region-nights with threats that interceptors can engage.

    >>> import octoplan as op
    >>> op.show.night_limits(op.simulate("pocket", futures=4)).data[0].name
    'interceptors'
    """
    view = view_of(run)
    counts = total(run, "nights", "region").astype(np.float64)
    factors, share = limiting_factors.NIGHT_LIMITS, monthly_share(counts)
    limited = counts.sum(axis=(0, 1))[1:]
    limited = limited / limited.sum() if limited.sum() else limited
    top = int(np.argmax(limited)) + 1
    chart = new_figure(
        f"Limited by {factors[top].title}: {100 * limited[top - 1]:.0f} % of the region-nights on which threats passed "
        "the interceptors"
        if limited.sum()
        else "No threat that interceptors could engage passed them"
    )
    colours = (NO_LIMIT_COLOUR, *NIGHT_COLOURS)
    for i in (*range(1, len(factors)), 0):
        add_bars(
            chart,
            view.names.months,
            share[:, i],
            factors[i].label,
            i,
            hex_colour=colours[i % len(colours)],
            number_format=".1f",
        )
    chart.update_yaxes(title="% of region-nights with threats", range=[0, 100])
    return fit_legend(chart)


def crews(run: Run) -> go.Figure:
    """Chart of trained crews, kits, and crews available on a night.

    >>> import octoplan as op
    >>> op.show.crews(op.simulate("pocket", futures=4)).data[0].name
    'trained crews, P10 to P90'
    """
    view = view_of(run)
    trained, kits = total(run, "crews").astype(np.float64), total(run, "kits").astype(np.float64)
    available = total(run, "crews_available") / view.days
    chart = new_figure(
        f"Of {median(trained[:, -1]):,.0f} trained crews and {median(kits[:, -1]):,.0f} kits at the end, "
        f"{median(available.mean(axis=1)):,.0f} crews are available on an average night"
    )
    add_band(chart, view.names.months, trained, "trained crews", BLUE)
    add_band(chart, view.names.months, kits, "kits", ORANGE, dash="dash")
    add_band(chart, view.names.months, available, "crews available on a night", GREEN, dash="dot")
    chart.update_yaxes(title="crews, kits")
    return fit_legend(chart)
