"""Every chart and the page they stand on, drawn from real runs."""

import json
import re
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

import octoplan as op
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import Measure
from octoplan.show.charts import CHARTS
from octoplan.show.defence_charts import wrap_name
from octoplan.show.html import PageFigure
from octoplan.show.money_charts import cost_per_kill_title, undefined_cost
from octoplan.show.series import median
from octoplan.show.theme import PALETTE, add_band, monthly_quantiles, new_figure, undefined_note
from tests.outcomes.runs import octopus, pocket

RUNS = {"pocket": pocket, "octopus": octopus}


def draw(name: str, run: Run) -> go.Figure:
    """A chart of a run that has something to draw."""
    figure = CHARTS[name].draw(run)
    assert figure is not None
    return figure


def traces(figure: go.Figure, name: str) -> list[object]:
    return [trace for trace in figure.data if trace.name == name]


@pytest.mark.parametrize("scenario", RUNS)
@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_draws_every_run(scenario: str, name: str) -> None:
    """A chart has data, a title that is a sentence about this run, and a unit on each axis that has numbers."""
    figure = draw(name, RUNS[scenario]())
    assert figure.data
    title = figure.layout.title.text
    assert re.search(r"\d|No |The net benefit|The sign", title)
    assert "nan" not in title
    assert len(title) < 115
    if name == "cost-per-kill":
        assert figure.layout.xaxis.title.text
    elif name not in {"leakers-by-region", "threat-flow"}:
        assert figure.layout.yaxis.title.text


@pytest.mark.parametrize("name", CHARTS)
def test_no_chart_needs_a_network(name: str) -> None:
    """No chart is a map that fetches outlines: regions are tiles."""
    for trace in draw(name, octopus()).data:
        assert trace.type in {"scatter", "bar", "heatmap", "sankey"}


def test_production_shows_what_was_made() -> None:
    """Pocket's line of units made is 260, 280, 310, and its one plant's bars the same."""
    figure = op.show.production(pocket())
    (line,) = traces(figure, "made")
    assert list(line.y) == [260, 280, 310]  # type: ignore[attr-defined]
    (bars,) = traces(figure, "bench")
    assert list(bars.y) == [260, 280, 310]  # type: ignore[attr-defined]
    assert (
        figure.layout.title.text == "In its last 3 months the programme makes 283 good units a month and delivers 277"
    )


@pytest.mark.parametrize("name", ["night-limits", "plant-limits"])
@pytest.mark.parametrize("scenario", RUNS)
def test_limiting_factors_stack_to_a_hundred(scenario: str, name: str) -> None:
    """The bars of a month are shares of a whole."""
    figure = draw(name, RUNS[scenario]())
    total = np.sum([np.nan_to_num(trace.y) for trace in figure.data], axis=0)
    assert total == pytest.approx(np.full(len(total), 100.0))


def test_spend_panels_agree() -> None:
    """Payers and purposes are two cuts of the same money; the plants' categories are the programme's part of it."""
    figure = op.show.spend(octopus())
    panels: dict[str, float] = {}
    for trace in figure.data:
        panels[trace.xaxis] = panels.get(trace.xaxis, 0.0) + float(np.sum(trace.y))
    assert panels["x"] == pytest.approx(panels["x2"])
    (plants,) = traces(figure, "the programme's plants")
    assert panels["x3"] == pytest.approx(float(np.sum(plants.y)))  # type: ignore[attr-defined]


def test_tiles_show_every_region_once() -> None:
    """The map has one square for each region that has a tile, with its leakers in 30 days."""
    run = octopus()
    figure = op.show.leakers_by_region(run)
    heat = figure.data[0]
    assert np.isfinite(np.array(heat.z, float)).sum() == len(run.scenario.tiles)
    assert len(figure.layout.annotations) == len(run.scenario.tiles)
    real = [threat for threat in run.scenario.names.threats if threat != "decoy"]
    leaked = run.data["leaked"].sel(threat=real).sum(["month", "threat"]) * 30 / run.compiled.links.month_days.sum()
    left, top = np.min(list(run.scenario.tiles.values()), axis=0)
    for region, (column, row) in run.scenario.tiles.items():
        assert heat.z[row - top][column - left] == pytest.approx(np.median(leaked.sel(region=region)))


def test_colours_differ() -> None:
    """No two series of the palette share a colour."""
    assert len(set(PALETTE)) == len(PALETTE)


def test_bands_ignore_futures_without_a_value() -> None:
    """A month in which a ratio is defined in some futures has their quantile; one without any has none."""
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    medians = monthly_quantiles(values, 0.5)
    assert medians[0] == 2
    assert np.isnan(medians[1])


def test_names_fit_their_tile() -> None:
    """Long names break at words, and an aside in brackets has a line of its own."""
    assert wrap_name("Kyiv city") == "Kyiv city"
    assert wrap_name("Zaporizhzhia oblast (partly occupied)") == "Zaporizhzhia<br>oblast<br>(partly occupied)"


MARKUP = "<b>Alpha</b> [jet] & %{y} [/Geran]"
"""A title with the markup of HTML, plotly and rich."""


@pytest.fixture(scope="module")
def marked() -> Run:
    """A run in which everything that a chart names has a title with markup."""
    run = pocket()
    names = run.scenario.names
    sections = ("countries", "plants", "parts", "payers", "threats", "packages", "regions", "layers", "suppliers")
    titles = {f"{section}.{name}": f"{MARKUP} {name}" for section in sections for name in getattr(names, section)}
    return replace(run, scenario=replace(run.scenario, titles=titles))


@pytest.mark.parametrize("name", CHARTS)
def test_markup_in_a_title_is_shown_as_written(name: str, marked: Run) -> None:
    """Plotly is given the title of an entity with its signs escaped, in labels, legends and hover texts alike."""
    text = json.dumps(draw(name, marked).to_plotly_json(), default=str)
    assert "<b>Alpha" not in text
    assert "%{y} [/Geran]" not in text
    if name in {"production", "stopped-share", "threat-flow", "leakers-by-region", "spend"}:
        assert "&lt;b&gt;Alpha&lt;/b&gt; [jet] &amp; &#37;{y} [/Geran]" in text


def test_a_title_on_a_page_is_the_text_as_written(marked: Run) -> None:
    """The title above a figure is plain text, which the page escapes once."""
    figure = PageFigure("x", draw("leakers-by-region", marked), "")
    assert figure.title.startswith(f"{MARKUP} ")


def test_a_quantile_counts_what_is_infinite() -> None:
    """An infinite figure is later than all others; no quantile lies between it and a number."""
    values = np.array([[1.0], [2.0], [np.inf]])
    assert [monthly_quantiles(values, q)[0] for q in (0.1, 0.5, 0.9)] == [1.0, 2.0, np.inf]


def test_a_band_says_on_how_many_futures_it_rests() -> None:
    """Months in which a figure is undefined in some futures say so on pointing at them, and in a note."""
    values = np.array([[1.0, np.nan], [3.0, 5.0]])
    chart = new_figure("x")
    add_band(chart, ("2026-01", "2026-02"), values, "ratio", "#000000")
    assert list(chart.data[1].text) == ["", ", 1 of 2 futures"]
    assert undefined_note("without a sortie", {"ours": values, "theirs": np.ones((2, 2))}) == (
        "Undefined without a sortie: monthly quantiles are based on 1 to 2 of 2 futures (ours)."
    )
    assert undefined_note("without a sortie", {"": np.ones((2, 2))}) == ""


def test_costs_without_a_kill_stay_in_the_count() -> None:
    """A cost per kill that is infinite counts in the quantiles; one that is undefined is reported with its number."""
    nan, inf = np.nan, np.inf
    assert cost_per_kill_title(np.array([1.0, 2.0, nan]), np.array([10.0, 10.0, nan])) == (
        "A kill by missile costs 7.5 times one by interceptor (P10 5.5, P90 9.5)"
    )
    assert cost_per_kill_title(np.array([1.0, 1.0, 1.0]), np.array([5.0, inf, inf])) == (
        "A kill by missile costs ∞ times one by interceptor (P10 5.0, P90 ∞)"
    )
    assert cost_per_kill_title(np.array([nan]), np.array([nan])) == (
        "The costs per kill cannot be compared: no future has kills"
    )
    cost = Measure("cost/kill", "Money", "cost", "GBP", np.array([nan, inf, 3.0]))
    assert undefined_cost("interceptors", cost) == (
        "Undefined for interceptors in 1 of 3 futures, which have no kill and no spend. "
        "Infinite for interceptors in 1 of 3 futures, which have spend and no kill."
    )


def test_a_median_of_infinite_figures_is_infinite() -> None:
    """Undefined figures are left out of a title's P50, infinite ones are not."""
    assert median(np.array([1.0, np.inf, np.inf, np.nan])) == np.inf
    assert median(np.array([1.0, 2.0, np.nan])) == 1.5


def test_regions_without_a_tile_are_counted() -> None:
    """The map says how many regions it does not draw, and how many leakers they have."""
    run = octopus()
    tiles = dict(run.scenario.tiles)
    dropped = run.scenario.names.regions[0]
    del tiles[dropped]
    figure = op.show.leakers_by_region(replace(run, scenario=replace(run.scenario, tiles=tiles)))
    subtitle = figure.layout.title.subtitle.text
    assert subtitle.startswith(f"1 of {len(run.scenario.names.regions)} regions have no tile and are not drawn")


def test_a_short_axis_names_each_month_once() -> None:
    """Three months have three ticks."""
    axis = op.show.night_limits(pocket()).layout.xaxis
    assert (axis.tick0, axis.dtick) == ("2026-01-01", "M1")


def test_nothing_planned_is_no_shortfall() -> None:
    """Where no plant has output planned on any day, no share of days misses it."""
    run = pocket()
    data = run.data.copy()
    data["plant_limit"] = data["plant_limit"] * 0
    figure = op.show.plant_limits(replace(run, data=data))
    assert figure.layout.title.text == "No plant has output planned on any day"


def test_a_class_without_launches_is_named_so() -> None:
    """A class of which none is launched has no share, and is not the one of which least are stopped."""
    run = octopus()
    data, threats = run.data.copy(deep=True), run.scenario.names.threats
    for name in ("launched", "leaked"):
        data[name].loc[{"threat": threats[-1]}] = 0
    figure = op.show.stopped_share(replace(run, data=data))
    assert figure.layout.annotations[-1].text.endswith(": none launched")
    assert "nan" not in figure.layout.title.text
