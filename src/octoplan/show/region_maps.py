"""Schematic maps by region, with one tile for each: leakers and damage, with and without the programme."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go

from octoplan.answer.totals import Effect, effect
from octoplan.outcomes.intervals import interval
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import View, by_future, view_of
from octoplan.scenario.arrays import Floats
from octoplan.show.rounding import number, plus_minus, with_range
from octoplan.show.series import month_total
from octoplan.show.theme import BLACK, MILLION, capitalised, label, new_figure

TILE_HEIGHT, PANEL_GAP, MIN_PANEL_HEIGHT = 58, 56, 96
"""Height of a tile, distance between the two maps, and least height of a map, in pixels."""
MAX_COLUMNS = 8
"""Number of tiles in a row of regions to which the scenario gives no tile."""
WHITE_TEXT_SHARE = 0.55
"""Share of the largest value above which the text of a tile is white."""
COLOURS = (("#F2F6FA", "#6BAED6", "#08306B"), ("#F3F8F4", "#74C4A4", "#00573F"))
"""Colours from none to the largest value, of the levels and of the differences."""


class Quantity(NamedTuple):
    """What a map shows: its name, its unit, what its reduction is called, and its values by future and region."""

    name: str
    unit: str
    reduction: str
    values: Callable[[bool, View], Floats]


def leakers_by_region(run: Run) -> go.Figure | None:
    """Maps of the leakers of each region with and without the programme, and of those prevented; decoys excluded.

    None if no threat is launched.

    >>> import octoplan as op
    >>> op.show.leakers_by_region(op.simulate("pocket", futures=4)).data[0].type
    'heatmap'
    """

    def leaked(counterfactual: bool, view: View) -> Floats:
        tally = view.tally("leaked", counterfactual=counterfactual)
        return np.asarray(tally[..., view.not_decoys].sum(axis=(1, 3)), np.float64)

    return region_maps(run, Quantity("leakers", "threats", "leakers prevented", leaked))


def damage_by_region(run: Run) -> go.Figure | None:
    """Maps of the damage in each region with and without the programme, and of the damage avoided.

    None if no threat is launched.

    >>> import octoplan as op
    >>> op.show.damage_by_region(op.simulate("pocket", futures=4)).data[0].type
    'heatmap'
    """

    def damage(counterfactual: bool, view: View) -> Floats:
        return np.asarray(view.money("damage", counterfactual=counterfactual).sum(axis=1) / MILLION, np.float64)

    return region_maps(run, Quantity("damage", f"M {view_of(run).unit}", "damage avoided", damage))


def region_maps(run: Run, quantity: Quantity) -> go.Figure | None:
    """Maps of a quantity with the programme, and of its paired reduction by the programme, over the whole period.

    None if no threat is launched.
    """
    if not month_total(run, "launched").any():
        return None
    regions = view_of(run).names.regions
    levels, without = by_future(run, partial(quantity.values, False)), by_future(run, partial(quantity.values, True))
    futures = run.finished_futures
    reductions = [effect(column, futures) for column in (without - levels).T]
    total = effect((without - levels).sum(axis=1), futures)
    titles = [label(view_of(run).title("regions", name)) for name in regions]
    tiles = tile_positions(run.scenario.tiles, regions)
    rows = 1 + max(row for _, row in tiles)
    height = max(MIN_PANEL_HEIGHT, TILE_HEIGHT * rows)
    panels = (
        f"{quantity.name} with the programme (without it), {quantity.unit}",
        f"{quantity.reduction}, {quantity.unit} ± half-width of the 95 % CI",
    )
    chart = new_figure(map_title(quantity, titles, reductions, total), panels, rows=2)
    means, means_without = levels.mean(axis=0), without.mean(axis=0)
    cells = [f"{number(a)} ({number(b)})" for a, b in zip(means, means_without, strict=True)]
    hover = [
        f"{title}: {with_range(interval(a))} with, {with_range(interval(b))} without"
        for title, a, b in zip(titles, levels.T, without.T, strict=True)
    ]
    draw_tiles(chart, 1, tiles, means, titles, cells, hover)
    cells = [plus_minus(item) for item in reductions]
    hover = [f"{title}, {quantity.reduction}: {cell}" for title, cell in zip(titles, cells, strict=True)]
    draw_tiles(chart, 2, tiles, np.array([item.mean for item in reductions]), titles, cells, hover)
    return stacked(chart, height)


def map_title(quantity: Quantity, titles: Sequence[str], reductions: Sequence[Effect], total: Effect) -> str:
    """Title with the reduction in all regions, and the region with the largest one that excludes zero."""
    clear = [region for region, item in enumerate(reductions) if item.sign > 0]
    text = f"{capitalised(quantity.reduction)}: {plus_minus(total)} {quantity.unit}"
    if not clear:
        return f"{text}; in each region it is not distinguishable from zero"
    top = max(clear, key=lambda region: reductions[region].mean)
    return f"{text}; largest in: {titles[top]} ({plus_minus(reductions[top])})"


def tile_positions(tiles: Mapping[str, Sequence[int]], regions: Sequence[str]) -> list[tuple[int, int]]:
    """Column and row of the tile of each region, from 0; regions without a tile are below the others."""
    left = min((tile[0] for tile in tiles.values()), default=0)
    top = min((tile[1] for tile in tiles.values()), default=0)
    below = max((tile[1] - top + 1 for tile in tiles.values()), default=0)
    others = [name for name in regions if name not in tiles]
    extra = {name: (i % MAX_COLUMNS, below + i // MAX_COLUMNS) for i, name in enumerate(others)}
    return [extra[name] if name in extra else (tiles[name][0] - left, tiles[name][1] - top) for name in regions]


def draw_tiles(
    chart: go.Figure, panel: int, tiles: Sequence[tuple[int, int]], values: Floats, titles: Sequence[str],
    cells: Sequence[str], hover: Sequence[str],
) -> None:  # fmt: skip
    """Draw a map in a panel: colours by value, and the title and the text of the cell of each region.

    A value of zero or less has the lightest colour.
    """
    columns, rows = zip(*tiles, strict=True)
    grid = np.full((max(rows) + 1, max(columns) + 1), np.nan)
    texts = np.full(grid.shape, "", dtype=object)
    largest = max(float(values.max()), 1e-9)
    axis = "" if panel == 1 else panel
    annotations = list(chart.layout.annotations)  # assigned together: add_annotation validates all earlier ones again
    for region, (column, row) in enumerate(tiles):
        grid[row, column], texts[row, column] = values[region], hover[region]
        annotations.append(
            go.layout.Annotation(
                x=column, y=row, xref=f"x{axis}", yref=f"y{axis}", showarrow=False,
                text=f"{wrap_name(titles[region])}<br><b>{cells[region]}</b>",
                font={"size": 9, "color": "white" if values[region] > WHITE_TEXT_SHARE * largest else BLACK},
            )
        )  # fmt: skip
    chart.layout.annotations = annotations
    chart.add_trace(
        go.Heatmap(
            z=grid, text=texts, hovertemplate="%{text}<extra></extra>", zmin=0, zmax=largest, xgap=3, ygap=3,
            colorscale=[[share, colour] for share, colour in zip((0, 0.5, 1), COLOURS[panel - 1], strict=True)],
            hoverongaps=False, showscale=False,
        ), row=panel, col=1,
    )  # fmt: skip


def stacked(chart: go.Figure, height: int) -> go.Figure:
    """The figure with its two maps below each other, each of a height in pixels, and their titles above them."""
    total = 2 * height + PANEL_GAP
    lower, upper = height / total, (height + PANEL_GAP) / total
    chart.update_layout(
        height=total + 106, hovermode="closest", margin={"l": 12, "r": 12, "b": 12},
        yaxis={"domain": [upper, 1.0]}, yaxis2={"domain": [0.0, lower]},
    )  # fmt: skip
    for annotation, bottom in zip(chart.layout.annotations[:2], (1.0, lower), strict=True):
        annotation.update(x=0.0, xanchor="left", y=bottom)
    chart.update_xaxes(visible=False)
    return chart.update_yaxes(visible=False, autorange="reversed", rangemode="normal")


def wrap_name(name: str, width: int = 14) -> str:
    """A name with line breaks for a tile; words in brackets are on a separate line."""
    plain, bracket, suffix = name.partition(" (")
    lines = plain.split(" ")[:1]
    for word in plain.split(" ")[1:]:
        if len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return "<br>".join([*lines, bracket.strip() + suffix] if bracket else lines)
