"""Every chart and the page they stand on, drawn from real runs."""

import re

import numpy as np
import plotly.graph_objects as go
import pytest

import octoplan as op
from octoplan.outcomes.run import Run
from octoplan.show.charts import CHARTS
from octoplan.show.defence_charts import wrapped_name
from octoplan.show.theme import PALETTE, quantile
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
    found = quantile(values, 0.5)
    assert found[0] == 2
    assert np.isnan(found[1])


def test_names_fit_their_tile() -> None:
    """Long names break at words, and an aside in brackets has a line of its own."""
    assert wrapped_name("Kyiv city") == "Kyiv city"
    assert wrapped_name("Zaporizhzhia oblast (partly occupied)") == "Zaporizhzhia<br>oblast<br>(partly occupied)"
