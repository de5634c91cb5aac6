"""Every chart of a run: a function from the run to a plotly figure whose title says what is seen.

Lines are P50 over the finished futures, bands P10 to P90. Stacked bars are means, because means add up.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from octoplan.campaign.tally import (
    BIAS,
    CAPITAL,
    COSTS,
    CREWS,
    FREIGHT,
    KITS,
    LABOUR,
    MAKERS,
    OVERHEAD,
    PARTS,
    ROYALTY,
    TRAINING,
)
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import View, ratio, view_of
from octoplan.scenario import limiting_factors
from octoplan.scenario.arrays import Floats
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
    colour,
    fit_legend,
    new_figure,
)

Chart = Callable[[Run], go.Figure]

NEUTRAL = "#D9D9D9"
"""Colour of days without a limiting factor."""
NIGHT_COLOURS = (BLUE, VERMILION, ORANGE, PURPLE, GREEN)
PLANT_COLOURS = (GREY, VERMILION, BLUE, ORANGE, GREEN, PURPLE, SKY, YELLOW, BLACK)
"""Colours of the limiting factors, and then of the parts, in their order."""
OWNER_WORDS = {"the programme": "programme", "other makers": "other makers"}
PROGRAMME_COSTS = (PARTS, LABOUR, OVERHEAD, ROYALTY, FREIGHT, CAPITAL, BIAS)
SEEN = 0.5
"""Per cent of plant-days below which a part is not drawn on its own."""


def month_sum(view: View, name: str, *, counterfactual: bool = False) -> NDArray[Any]:
    """A tally summed over everything but futures and months."""
    values = view.tally(name, counterfactual=counterfactual)
    total: NDArray[Any] = values.reshape(*values.shape[:2], -1).sum(axis=2)
    return total


def middle(values: NDArray[Any]) -> float:
    """P50 over futures, leaving out those in which it is not defined."""
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def production(run: Run) -> go.Figure:
    """Good units made and delivered a month, in all and by plant."""
    view = view_of(run)
    months, made, sent = view.names.months, month_sum(view, "good"), month_sum(view, "delivered")
    last = min(6, len(months))
    chart = new_figure(
        f"In its last {last} months the programme makes {middle(made[:, -last:].mean(axis=1)):,.0f} good units a month "
        f"and delivers {middle(sent[:, -last:].mean(axis=1)):,.0f}",
        ("made and delivered, P50 with P10 to P90", "made, by plant (mean; hatching tells countries apart)"),
        height=460,
    )
    add_band(chart, months, made, "made", BLUE)
    add_band(chart, months, sent, "delivered", ORANGE, dash="dash")
    good = view.tally("good").mean(axis=0)
    index = 0
    for shape, rows in zip(("", "/", ".", "x", "-", "|"), view.plants_by_country.values(), strict=False):
        for plant in rows:
            name = view.title("plants", view.names.plants[plant])
            add_bars(chart, months, good[:, plant], name, index, column=2, shape=shape)
            index += 1
    chart.update_yaxes(title="units a month")
    return fit_legend(chart)


def stock(run: Run) -> go.Figure:
    """Units in the regions, and units received and flown a month, the programme's and other makers'."""
    view = view_of(run)
    months = view.names.months
    standing, received, sorties = (view.tally(name).sum(axis=2) for name in ("stock", "received", "sorties"))
    flown = middle(100 * ratio(sorties.sum(axis=(1, 2)), received.sum(axis=(1, 2))))
    chart = new_figure(
        f"{flown:,.0f} sorties are flown for each 100 units the regions receive",
        ("stock in the regions at month's end", "received (dashed) and flown (solid) a month"),
        height=450,
    )
    for i, (owner, rows) in enumerate(view.designs_by_owner.items()):
        name = OWNER_WORDS.get(owner, owner)
        add_band(chart, months, standing[:, :, rows].sum(axis=2), name, (BLUE, ORANGE, GREEN)[i])
        add_band(chart, months, received[:, :, rows].sum(axis=2), f"{name}, received", (BLUE, ORANGE, GREEN)[i],
             column=2, dash="dash", legend=False)  # fmt: skip
        add_band(chart, months, sorties[:, :, rows].sum(axis=2), f"{name}, flown", (BLUE, ORANGE, GREEN)[i],
             column=2, legend=False)  # fmt: skip
    chart.update_yaxes(title="units", col=1)
    chart.update_yaxes(title="units a month", col=2)
    return fit_legend(chart)


def sorties(run: Run) -> go.Figure:
    """Sorties and kills a month, and kills a sortie."""
    view = view_of(run)
    months = view.names.months
    flown, kills = month_sum(view, "sorties"), month_sum(view, "kills")
    each = ratio(kills.sum(axis=1), flown.sum(axis=1))
    chart = new_figure(
        f"It takes {1 / middle(each):,.1f} sorties to kill one threat" if middle(each) > 0 else "No threat is killed",
        ("sorties and kills a month, all makers", "kills a sortie, by maker"),
        height=450,
    )
    add_band(chart, months, flown, "sorties", BLUE)
    add_band(chart, months, kills, "kills", VERMILION, dash="dash")
    by_design, by_kill = view.tally("sorties").sum(axis=2), view.tally("kills").sum(axis=(2, 4))
    for i, (owner, rows) in enumerate(view.designs_by_owner.items()):
        values = ratio(by_kill[:, :, rows].sum(axis=2), by_design[:, :, rows].sum(axis=2))
        name = OWNER_WORDS.get(owner, owner)
        add_band(chart, months, values, name, (GREEN, PURPLE, BLACK)[i], column=2, form=".2f")
    chart.update_yaxes(title="a month", col=1)
    chart.update_yaxes(title="kills a sortie", col=2)
    return fit_legend(chart)


def stopped(run: Run) -> go.Figure:
    """Stopped share by class, month by month."""
    view = view_of(run)
    months, names = view.names.months, view.names.threats
    launched, leaked = (view.tally(name).sum(axis=2) for name in ("launched", "leaked"))
    share = 100 * ratio(launched - leaked, launched)
    whole = 100 * ratio((launched - leaked).sum(axis=1), launched.sum(axis=1))
    worst = min(
        (t for t in range(len(names)) if view.not_decoys[t]),
        key=lambda t: np.nan_to_num(middle(whole[:, t]), nan=101.0),
    )
    chart = new_figure(
        f"{view.title('threats', names[worst])} gets through most: {middle(whole[:, worst]):.0f} % are stopped"
        if len(names) > 1
        else f"{middle(whole[:, 0]):.0f} % of {view.title('threats', names[0])} is stopped",
        tuple(f"{view.title('threats', name)}: {middle(whole[:, t]):.0f} %" for t, name in enumerate(names)),
        rows=1 if len(names) < 3 else 2,
        height=380 if len(names) < 3 else 620,
    )
    columns = -(-len(names) // (1 if len(names) < 3 else 2))
    for t, name in enumerate(names):
        add_band(chart, months, share[:, :, t], view.title("threats", name), colour(t), row=t // columns + 1,
             column=t % columns + 1, legend=False, form=".0f")  # fmt: skip
    chart.update_yaxes(range=[0, 101], title="stopped, %")
    return fit_legend(chart)


def nights(run: Run) -> go.Figure:
    """Limiting factors of the region-nights with threats that interceptors can engage."""
    view = view_of(run)
    counted = view.tally("nights").sum(axis=2).astype(np.float64)
    share = monthly_share(counted)
    total = counted.sum(axis=(0, 1))
    held = total[1:] / total[1:].sum() if total[1:].sum() else total[1:]
    top = int(np.argmax(held)) + 1
    factors = limiting_factors.NIGHT_LIMITS
    chart = new_figure(
        f"Limited by {factors[top].title}: {100 * held[top - 1]:.0f} % of the region-nights on which threats passed "
        "the interceptors"
        if held.sum()
        else "No threat that interceptors could engage passed them",
    )
    colours = (NEUTRAL, *NIGHT_COLOURS)
    for i in (*range(1, len(factors)), 0):
        add_bars(
            chart, view.names.months, share[:, i], factors[i].title, i, hexed=colours[i % len(colours)], form=".1f"
        )
    chart.update_yaxes(title="% of region-nights with threats", range=[0, 100])
    return fit_legend(chart)


def monthly_share(counted: Floats) -> Floats:
    """(months, factors) per cent of each limiting factor in the month, over all futures together."""
    total = counted.sum(axis=0)
    return 100 * ratio(total, total.sum(axis=1, keepdims=True))


def plants(run: Run) -> go.Figure:
    """Limiting factors of the plant-days with output planned; the five most frequent parts one by one."""
    view = view_of(run)
    counted = view.tally("plant_limit").sum(axis=2).astype(np.float64)
    counted[:, :, limiting_factors.IDLE] = 0.0
    share = monthly_share(counted)
    total = counted.sum(axis=(0, 1))
    total = 100 * total / max(total.sum(), 1.0)
    factors = limiting_factors.PLANT_LIMITS
    layers = [(factor.title, [i]) for i, factor in enumerate(factors) if factor.limits]
    parts = list(range(len(factors), len(total)))
    frequent = sorted((i for i in parts if total[i] >= SEEN), key=lambda i: -total[i])[:5]
    layers += [(f"part: {view.title('parts', view.names.parts[i - len(factors)])}", [i]) for i in frequent]
    coloured = [(*layer, PLANT_COLOURS[n % len(PLANT_COLOURS)]) for n, layer in enumerate(layers)]
    coloured.append(("other parts", [i for i in parts if i not in frequent], "#7F6A4F"))
    worst = max(coloured, key=lambda layer: total[layer[1]].sum())
    met = limiting_factors.MET
    chart = new_figure(
        f"{100 - total[met]:.0f} % of plant-days miss the output planned; most of them for: {worst[0]} "
        f"({total[worst[1]].sum():.0f} %)"
    )
    for name, rows, hexed in [*coloured, (factors[met].title, [met], NEUTRAL)]:
        if total[rows].sum() > 0:
            add_bars(chart, view.names.months, share[:, rows].sum(axis=1), name, 0, hexed=hexed, form=".1f")
    chart.update_yaxes(title="% of plant-days with output planned", range=[0, 100])
    return fit_legend(chart)


def spend(run: Run, *, nominal: bool = False) -> go.Figure:
    """Spend a month on interceptors, by payer, by purpose, and of the programme's plants by category; means."""
    view = view_of(run, nominal=nominal)
    months = view.names.months
    spent = view.money("spend")
    values = spent.mean(axis=0) / 1e6
    purposes = {
        "the programme's plants": PROGRAMME_COSTS,
        "other makers": (MAKERS,),
        "crews, training": (CREWS, TRAINING),
        "kits": (KITS,),
    }
    side = [cost for rows in purposes.values() for cost in rows]
    interceptors = spent[:, :, side].sum(axis=(1, 2, 3)) / 1e6
    ours = spent[:, :, list(PROGRAMME_COSTS)].sum(axis=(1, 2, 3)) / 1e6
    chart = new_figure(
        f"Interceptors, crews and kits cost {middle(interceptors):,.0f} M {view.run.scenario.currency} in all (P50), "
        f"the programme's plants {middle(ours):,.0f} M",
        ("by payer", "by purpose", "the programme's plants"),
        height=470,
    )
    for i, payer in enumerate(view.names.payers):
        add_bars(chart, months, values[:, side, i].sum(axis=1), view.title("payers", payer), i, form=",.2f")
    index = len(view.names.payers)
    for name, rows in purposes.items():
        add_bars(chart, months, values[:, list(rows)].sum(axis=(1, 2)), name, index, column=2, form=",.2f")
        index += 1
    for c in PROGRAMME_COSTS:
        add_bars(chart, months, values[:, c].sum(axis=1), COSTS[c].replace("-", " "), index, column=3, form=",.2f")
        index += 1
    chart.update_yaxes(title=f"M {view.unit} a month, mean", col=1)
    return fit_legend(chart)


def leakers(run: Run) -> go.Figure:
    """Leakers for each 30 days by region on a tile grid, decoys left out: one square a region."""
    view = view_of(run)
    decoy = run.compiled.template.threats["decoy"] == 1
    days = float(view.days.sum())
    counts = view.tally("leaked")[..., ~decoy].sum(axis=(1, 3)) * 30 / days
    low, centre, high = np.quantile(counts, (0.1, 0.5, 0.9), axis=0)
    tiles = {r: run.scenario.tiles[name] for r, name in enumerate(view.names.regions) if name in run.scenario.tiles}
    top = int(np.argmax(centre))
    chart = new_figure(
        f"Most leakers reach {view.title('regions', view.names.regions[top])}: {centre[top]:,.1f} in 30 days "
        f"(P10 {low[top]:,.1f}, P90 {high[top]:,.1f})",
        height=560,
    )
    columns, rows = zip(*tiles.values(), strict=True) if tiles else ((0,), (0,))
    grid = np.full((max(rows) - min(rows) + 1, max(columns) - min(columns) + 1), np.nan)
    words = np.full(grid.shape, "", dtype=object)
    largest = max(float(centre.max()), 1e-9)
    for r, (x, y) in tiles.items():
        place = (y - min(rows), x - min(columns))
        grid[place] = centre[r]
        name = view.title("regions", view.names.regions[r])
        words[place] = f"{name}: {centre[r]:,.1f} ({low[r]:,.1f} to {high[r]:,.1f})"
        chart.add_annotation(
            x=place[1],
            y=place[0],
            text=f"{broken(name)}<br><b>{centre[r]:,.1f}</b>",
            showarrow=False,
            font={"size": 10, "color": "white" if centre[r] > 0.55 * largest else BLACK},
        )
    chart.add_trace(
        go.Heatmap(
            z=grid,
            text=words,
            hovertemplate="%{text}<extra></extra>",
            colorscale=[[0, "#F2F6FA"], [0.5, "#6BAED6"], [1, "#08306B"]],
            zmin=0,
            zmax=largest,
            xgap=3,
            ygap=3,
            hoverongaps=False,
            colorbar={"title": {"text": "leakers in<br>30 days, P50"}, "thickness": 14, "len": 0.7},
        )
    )
    chart.update_layout(hovermode="closest", margin={"l": 12, "b": 12})
    chart.update_xaxes(visible=False)
    chart.update_yaxes(visible=False, autorange="reversed", rangemode="normal")
    return chart


def broken(name: str, width: int = 14) -> str:
    """A name on lines short enough for a tile, words in brackets on a line of their own."""
    plain, bracket, aside = name.partition(" (")
    lines = plain.split(" ")[:1]
    for word in plain.split(" ")[1:]:
        if len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return "<br>".join([*lines, bracket.strip() + aside] if bracket else lines)


def crews(run: Run) -> go.Figure:
    """Trained crews, kits, and crews fit to fly on a night."""
    view = view_of(run)
    people, kits = view.tally("crews").astype(np.float64), view.tally("kits").astype(np.float64)
    fit = view.tally("fit") / view.days
    chart = new_figure(
        f"Of {middle(people[:, -1]):,.0f} trained crews and {middle(kits[:, -1]):,.0f} kits at the end, "
        f"{middle(fit.mean(axis=1)):,.0f} crews are fit to fly on a mean night"
    )
    add_band(chart, view.names.months, people, "trained crews", BLUE)
    add_band(chart, view.names.months, kits, "kits", ORANGE, dash="dash")
    add_band(chart, view.names.months, fit, "crews fit to fly on a night", GREEN, dash="dot")
    chart.update_yaxes(title="crews, kits")
    return fit_legend(chart)


CHARTS: dict[str, tuple[Chart, str]] = {
    "production": (
        production,
        (
            "Left: what the plants make and what reaches the regions; the gap between the lines is on its way, "
            "waiting or lost. Right: which plants carry it."
        ),
    ),
    "stock": (
        stock,
        (
            "A stock that only grows means that units are not what is short. Solid below dashed on the right: more "
            "arrive than can be flown."
        ),
    ),
    "sorties": (
        sorties,
        (
            "Kills a sortie is the product of contacts a sortie and kills a contact (both in the table). A saw-tooth"
            " shows the other side adapting and new blocks answering."
        ),
    ),
    "stopped": (stopped, "Share of launched threats stopped by any layer, by class and month."),
    "nights": (
        nights,
        (
            "Each region-night with threats that interceptors can engage is counted once, under what let most of "
            "them past. Buy what the largest coloured part names."
        ),
    ),
    "plants": (
        plants,
        (
            "Each day of a plant with output asked is counted once, under what kept it below what was asked. Plants "
            "whose gates are not passed yet count under gates."
        ),
    ),
    "crews": (
        crews,
        "A crew flies only with a kit, fit, and in flying weather; the lowest line is what the nights get.",
    ),
    "leakers": (
        leakers,
        (
            "One square a region, so that small regions stay visible. Decoys are left out. The figure is the P50; "
            "hover for P10 to P90."
        ),
    ),
    "spend": (
        spend,
        (
            "Means, because means add up. Only the right panel is spent because of the programme; optimism bias is a "
            "category of its own. The other layers' shots are in the table, not here."
        ),
    ),
}
"""Every chart by name, with what to read in it."""
