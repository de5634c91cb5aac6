"""Every chart of a run, made from simulated runs of the built-in scenarios."""

import json
import re
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest
import xarray as xr

import octoplan as op
from octoplan.answer.totals import effect
from octoplan.outcomes.finance import leakers_prevented, net_benefit
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.view import total
from octoplan.show.charts import CHARTS
from octoplan.show.cost_and_benefit import axis_range, outside_note
from octoplan.show.html import PageFigure
from octoplan.show.money_charts import cost_per_kill_title, undefined_cost
from octoplan.show.options import options
from octoplan.show.overview import deliveries_and_leakers
from octoplan.show.region_maps import tile_positions, wrap_name
from octoplan.show.rounding import percent, plus_minus
from octoplan.show.series import median, month_in_full
from octoplan.show.supply_charts import deliveries
from octoplan.show.theme import PALETTE, add_band, monthly_quantiles, new_figure, undefined_note
from tests.answer.variants import run_of
from tests.outcomes.runs import octopus, pocket

RUNS = {"pocket": pocket, "octopus": octopus}


def draw(name: str, run: Run) -> go.Figure:
    """A chart of a run that has data for it."""
    figure = CHARTS[name].draw(run)
    assert figure is not None
    return figure


def traces(figure: go.Figure, name: str) -> list[object]:
    return [trace for trace in figure.data if trace.name == name]


@pytest.mark.parametrize("scenario", RUNS)
@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_draws_every_run(scenario: str, name: str) -> None:
    """A chart has data, a title that states a result, and a title on each axis with numbers."""
    figure = draw(name, RUNS[scenario]())
    assert figure.data
    title = figure.layout.title.text
    assert re.search(r"\d|No |The net benefit|The sign", title)
    assert "nan" not in title
    assert len(title) < 115
    if name in {"cost-per-kill", "waterfall"}:
        assert figure.layout.xaxis.title.text
    elif name not in {"leakers-by-region", "damage-by-region", "threat-flow"}:
        assert figure.layout.yaxis.title.text


@pytest.mark.parametrize("name", CHARTS)
def test_no_chart_fetches_a_map(name: str) -> None:
    """Charts use traces that fetch nothing; regions are tiles, not outlines of a map."""
    for trace in draw(name, octopus()).data:
        assert trace.type in {"scatter", "bar", "heatmap", "sankey"}


def test_production_shows_good_units() -> None:
    """In ``pocket``, 260, 280 and 310 units are made, all at its single plant."""
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
    """The bars of a month sum to 100 %."""
    figure = draw(name, RUNS[scenario]())
    total = np.sum([np.nan_to_num(trace.y) for trace in figure.data], axis=0)
    assert total == pytest.approx(np.full(len(total), 100.0))


def test_spend_panels_agree() -> None:
    """Spend by payer and by purpose have the same total; categories of the plants sum to the spend on plants."""
    figure = op.show.spend(octopus())
    panels: dict[str, float] = {}
    for trace in figure.data:
        panels[trace.xaxis] = panels.get(trace.xaxis, 0.0) + float(np.sum(trace.y))
    assert panels["x"] == pytest.approx(panels["x2"])
    (plants,) = traces(figure, "the programme's plants")
    assert panels["x3"] == pytest.approx(float(np.sum(plants.y)))  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["leakers-by-region", "damage-by-region"])
def test_maps_show_every_region_once(name: str) -> None:
    """Each region has one tile in each of the two maps, with its mean level and its mean paired difference."""
    run = octopus()
    level, difference = draw(name, run).data
    left, top = np.min(list(run.scenario.tiles.values()), axis=0)
    real = [threat for threat in run.scenario.names.threats if threat != "decoy"]

    def of(data: xr.Dataset) -> xr.DataArray:
        if name == "damage-by-region":
            return data["damage"].sum("month").mean("future") / 1e6
        return data["leaked"].sel(threat=real).sum(["month", "threat"]).mean("future")

    values, without = of(run.data), of(run.counterfactual)
    assert np.isfinite(np.array(level.z, float)).sum() == len(run.scenario.names.regions)
    for region, (column, row) in run.scenario.tiles.items():
        assert level.z[row - top][column - left] == pytest.approx(float(values.sel(region=region)))
        expected = float((without - values).sel(region=region))
        assert difference.z[row - top][column - left] == pytest.approx(expected, abs=1e-9)


def test_the_maps_add_up_to_the_title() -> None:
    """The differences of all regions add up to the leakers prevented, which are in the title."""
    run = octopus()
    figure = draw("leakers-by-region", run)
    total = float(leakers_prevented(run).mean())
    assert np.nansum(np.array(figure.data[1].z, float)) == pytest.approx(total)
    assert figure.layout.title.text.startswith(
        f"Leakers prevented: {plus_minus(effect(leakers_prevented(run), run.finished_futures))} threats; "
    )


@pytest.mark.parametrize("scenario", RUNS)
def test_the_bars_of_the_waterfall_add_up(scenario: str) -> None:
    """With and without the programme, launched less stopped is leaked; each bar ends where the next starts."""
    run = RUNS[scenario]()
    figure = draw("waterfall", run)
    assert [trace.name for trace in figure.data][:2] == ["without the programme", "with the programme"]
    for trace in figure.data:
        launched, *stopped, leaked = trace.x
        assert launched - sum(stopped) == pytest.approx(leaked)
        starts = list(trace.base)[1:-1]
        ends = [start + length for start, length in zip(starts, stopped, strict=True)]
        assert ends == pytest.approx([launched, *starts[:-1]])
    without, levels = figure.data[:2]
    assert without.x[-1] - levels.x[-1] == pytest.approx(float(leakers_prevented(run).mean()))


def test_most_is_more_than_half() -> None:
    """The flow says that a layer stops most threats only if it stops more than half of those stopped."""
    assert "most of them by: Interceptors (9" in draw("threat-flow", pocket()).layout.title.text
    title = draw("threat-flow", octopus()).layout.title.text
    share = int(re.search(r"\((\d+) %\)", title)[1])  # type: ignore[index]
    assert ("most" in title) == (share > 50)
    assert ("the largest share by" in title) == (share <= 50)


def test_decoys_have_a_panel_of_their_own() -> None:
    """The waterfall of octopus, which has decoys, has two panels; that of pocket has one."""
    run = octopus()
    assert len(draw("waterfall", pocket()).data) == 2
    figure = draw("waterfall", run)
    decoys = [trace for trace in figure.data if trace.yaxis == "y2"]
    launched = float(run.data["launched"].sel(threat="decoy").sum(["month", "region"]).mean())
    assert [trace.x[0] for trace in decoys] == pytest.approx([launched, launched])


def test_each_future_is_on_its_side_of_the_break_even_line() -> None:
    """Points above the line avoid more than they cost; legend and title have the shares of both sides."""
    run = op.simulate(op.load("pocket").change({"threats.drone.damage": 1720, "layers.missile.cost": 0}), 60)
    figure = draw("cost-and-benefit", run)
    share = float((net_benefit(run) > 0.0).mean())
    assert 0.0 < share < 1.0
    above, below, line = figure.data
    assert np.all(np.array(above.y) > np.array(above.x))
    assert np.all(np.array(below.y) <= np.array(below.x))
    assert list(line.x) == list(line.y)
    assert len(above.x) + len(below.x) == run.futures
    assert above.name == f"avoids more than it costs: {percent(share)}"
    assert f"in {percent(share)} of futures" in figure.layout.title.text


@pytest.mark.parametrize("name", ["waterfall", "leakers-by-region", "damage-by-region", "cost-and-benefit"])
def test_charts_of_threats_are_left_out_without_raids(name: str) -> None:
    """A scenario without raids has no chart of threats and damage."""
    assert CHARTS[name].draw(run_of("production only")) is None


def test_palette_colours_are_distinct() -> None:
    """No colour is in the palette twice."""
    assert len(set(PALETTE)) == len(PALETTE)


def test_quantiles_exclude_undefined_values() -> None:
    """Quantiles are over the futures in which a ratio is defined, and NaN if there are none."""
    values = np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]])
    medians = monthly_quantiles(values, 0.5)
    assert medians[0] == 2
    assert np.isnan(medians[1])


def test_names_fit_their_tile() -> None:
    """Long names are broken between words, and words in brackets are on a separate line."""
    assert wrap_name("Kyiv city") == "Kyiv city"
    assert wrap_name("Zaporizhzhia oblast (partly occupied)") == "Zaporizhzhia<br>oblast<br>(partly occupied)"


MARKUP = "<b>Alpha</b> [jet] & %{y} [/Geran]"
"""A title with characters that HTML, plotly and rich interpret as markup."""


@pytest.fixture(scope="module")
def marked() -> Run:
    """A run in which all entities that charts name have titles with markup."""
    run = pocket()
    names = run.scenario.names
    sections = ("countries", "plants", "parts", "payers", "threats", "packages", "regions", "layers", "suppliers")
    titles = {f"{section}.{name}": f"{MARKUP} {name}" for section in sections for name in getattr(names, section)}
    return replace(run, scenario=replace(run.scenario, titles=titles))


@pytest.mark.parametrize("name", CHARTS)
def test_markup_in_a_title_is_shown_as_written(name: str, marked: Run) -> None:
    """Titles of entities are escaped for plotly in labels, legends and hover texts."""
    text = json.dumps(draw(name, marked).to_plotly_json(), default=str)
    assert "<b>Alpha" not in text
    assert "%{y} [/Geran]" not in text
    if name in {
        "production",
        "stopped-share",
        "threat-flow",
        "waterfall",
        "leakers-by-region",
        "damage-by-region",
        "spend",
    }:
        assert "&lt;b&gt;Alpha&lt;/b&gt; [jet] &amp; &#37;{y} [/Geran]" in text


def test_the_title_of_a_page_figure_is_plain_text(marked: Run) -> None:
    """The title of a figure on a page is not escaped, since the template escapes it."""
    figure = PageFigure("x", draw("leakers-by-region", marked), "")
    assert f"largest in: {MARKUP} " in figure.title


def test_quantiles_include_infinite_values() -> None:
    """Infinite values are the largest, and quantiles are not interpolated between them and finite values."""
    values = np.array([[1.0], [2.0], [np.inf]])
    assert [monthly_quantiles(values, q)[0] for q in (0.1, 0.5, 0.9)] == [1.0, 2.0, np.inf]


def test_a_band_gives_the_number_of_futures_used() -> None:
    """If a value is undefined in some futures of a month, hover text and note give the number of futures used."""
    values = np.array([[1.0, np.nan], [3.0, 5.0]])
    chart = new_figure("x")
    add_band(chart, ("2026-01", "2026-02"), values, "ratio", "#000000")
    assert list(chart.data[1].text) == ["", ", 1 of 2 futures"]
    assert undefined_note("without a sortie", {"ours": values, "theirs": np.ones((2, 2))}) == (
        "Undefined without a sortie: monthly quantiles are based on 1 to 2 of 2 futures (ours)."
    )
    assert undefined_note("without a sortie", {"": np.ones((2, 2))}) == ""


def test_infinite_and_undefined_costs_per_kill() -> None:
    """Infinite costs per kill are included in quantiles; undefined ones are excluded, and their number is reported."""
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
    assert undefined_cost("interceptors", np.array([nan, inf, 3.0])) == (
        "Undefined for interceptors in 1 of 3 futures, which have no kill and no spend. "
        "Infinite for interceptors in 1 of 3 futures, which have spend and no kill."
    )


def test_a_median_of_infinite_values_is_infinite() -> None:
    """The P50 in a title excludes undefined values and includes infinite ones."""
    assert median(np.array([1.0, np.inf, np.inf, np.nan])) == np.inf
    assert median(np.array([1.0, 2.0, np.nan])) == 1.5


def test_regions_without_a_tile_are_below_the_others() -> None:
    """A region to which the scenario gives no tile is drawn below the others, and no tile is taken twice."""
    run = octopus()
    tiles, regions = dict(run.scenario.tiles), run.scenario.names.regions
    del tiles[regions[0]], tiles[regions[1]]
    positions = tile_positions(tiles, regions)
    assert len(set(positions)) == len(regions)
    assert positions[0][1] == positions[1][1] == max(row for _, row in positions[2:]) + 1
    assert tile_positions({}, ("a", "b")) == [(0, 0), (1, 0)]


def test_a_short_axis_labels_each_month_once() -> None:
    """An axis of three months has one tick a month."""
    axis = op.show.night_limits(pocket()).layout.xaxis
    assert (axis.tick0, axis.dtick) == ("2026-01-01", "M1")


def test_no_planned_output_has_no_limiting_factor() -> None:
    """If no plant has output planned on any day, the title says so."""
    run = pocket()
    data = run.data.copy()
    data["plant_limit"] = data["plant_limit"] * 0
    figure = op.show.plant_limits(replace(run, data=data))
    assert figure.layout.title.text == "No plant has output planned on any day"


def test_a_class_without_launches_has_no_share_stopped() -> None:
    """A class without launches has no share stopped, and is not reported as the class with the smallest share."""
    run = octopus()
    data, threats = run.data.copy(deep=True), run.scenario.names.threats
    for name in ("launched", "leaked"):
        data[name].loc[{"threat": threats[-1]}] = 0
    figure = op.show.stopped_share(replace(run, data=data))
    assert figure.layout.annotations[-1].text.endswith(": none launched")
    assert "nan" not in figure.layout.title.text


def test_deliveries_have_bands_where_futures_differ_and_targets_outside() -> None:
    """Octopus has two bands and pocket none; targets are labelled right of the panel, and the title has the month."""
    run = octopus()
    chart = deliveries(run)
    assert [trace.name for trace in chart.data] == ["P10 to P90", "P25 to P75", "median (P50)"]
    assert [trace.name for trace in deliveries(pocket()).data] == ["median (P50)"]
    labels = {note.text: (note.x, note.xref, note.xanchor) for note in chart.layout.annotations}
    outside = (1.0, "x domain", "left")
    *lower, highest = sorted(run.scenario.output_targets)
    assert labels == {f"target<br>{highest:,}": outside, **{f"{rate:,}": outside for rate in lower}}
    delivered = total(run, "delivered", "plant").max(axis=1)
    month = month_in_full(run.compiled.names.months[-1])
    assert deliveries(pocket()).layout.title.text == "In no future 2,000 units a month reach the regions by March 2026"
    assert "2,000 units a month reach the regions" in chart.layout.title.text
    assert (f"In no future 2,000 units a month reach the regions by {month}" == chart.layout.title.text) == bool(
        (delivered < 2000).all()
    )


def test_leakers_prevented_in_the_title_are_those_of_the_options() -> None:
    """The title of the first chart and the table of options state the same number; labels stand right of the lines."""
    run = octopus()
    chart = deliveries_and_leakers(run)
    row = next(row for row in options([RunResults(run)], ["octopus"]).rows if row[0].startswith("leakers"))
    prevented = chart.layout.title.text.split("leakers prevented: ")[1]
    assert row[3] in {f"-{prevented}", prevented.removeprefix("-")}
    ends = [note for note in chart.layout.annotations if note.text in {"with", "without"}]
    assert [(note.x, note.xref, note.xanchor) for note in ends] == [(1.0, "x2 domain", "left")] * 2


def test_the_axes_of_cost_and_benefit_leave_extreme_futures_out() -> None:
    """The axes hold zero and P1 to P99; a sentence has the number of futures outside, and there is none without any."""
    values = np.arange(101.0)
    values[-1] = 1e6
    low, high = axis_range(values)
    assert low == 0.0
    assert 99.0 < high < 110.0
    assert axis_range(-values)[0] < -99.0
    run = pocket()
    counterfactual = run.counterfactual.copy(deep=True)
    counterfactual["damage"].loc[{"future": 3}] *= 100
    chart = draw("cost-and-benefit", replace(run, counterfactual=counterfactual))
    points = [p for trace in chart.data if trace.mode == "markers" for p in zip(trace.x, trace.y, strict=True)]
    (left, right), (bottom, top) = chart.layout.xaxis.range, chart.layout.yaxis.range
    outside = sum(not (left <= x <= right and bottom <= y <= top) for x, y in points)
    assert outside == 1
    assert chart.layout.title.subtitle.text == outside_note(outside, len(points))
    assert outside_note(1, 128) == "1 of 128 futures lies outside of the axes"
