"""The tornado: bars of effects from the futures of a run and of simulated ones, in the scenario's words."""

from dataclasses import replace
from html import unescape

import numpy as np
import pytest

from octoplan.explore.impact import impacts as rate_impacts
from octoplan.explore.impact import result_effects
from octoplan.explore.results import Estimate, Impact, TornadoBar
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.sensitivity import Sensitivity, sensitivities
from octoplan.outcomes.view import Measure
from octoplan.scenario.descriptions import row_reference
from octoplan.show.provenance import impact_reasons, impacts, quality_matrix, row_anchor
from octoplan.show.report import report
from octoplan.show.tornado import MAX_LABEL, MONTHS, interval_part, measure_tornado, row_label, row_of, tornado
from tests.outcomes.runs import octopus, ranged

DAMAGE, LABOUR, KILL = "threats.drone.damage", "plants.bench.labour_rate", "lethality.pocket.drone.p_kill"


def bar(name: str, low: float, high: float, half_width: float, measure: str = "leakers") -> TornadoBar:
    ends = Estimate(low, low - 9.0, low + 9.0), Estimate(high, high - 9.0, high + 9.0)
    difference = Estimate(high - low, high - low - half_width, high - low + half_width)
    return TornadoBar(name, measure, (0.61, 0.87), *ends, difference, 15.0, 64)


BARS = (bar(LABOUR, 14.0, 16.0, 3.0), bar(KILL, 20.0, 10.0, 2.0), bar(DAMAGE, 15.0, 15.0, 0.0))


def test_a_bar_has_the_means_and_the_interval_of_their_difference() -> None:
    """Each half of a bar goes from the midpoint to a mean; the lines at both ends add up to the interval."""
    chart = tornado(ranged().scenario, BARS, "leakers", "")
    low, high = chart.data[:2]
    assert [(trace.base[0], trace.base[0] + trace.x[0]) for trace in (low, high)] == [(15.0, 20.0), (15.0, 10.0)]
    assert (low.error_x.array[0], low.error_x.arrayminus[0]) == (1.0, 1.0)
    assert (low.name, high.name) == ("P10 of the assumption", "P90 of the assumption")
    assert len(chart.data) == 4


def test_bars_are_ordered_and_those_without_a_length_omitted() -> None:
    """Distinguishable effects come first, then the others in grey and marked n.s.; a difference of zero has no bar."""
    chart = tornado(ranged().scenario, BARS, "leakers", "")
    assert len(chart.layout.yaxis.ticktext) == 2
    assert chart.layout.yaxis.ticktext[0].startswith("Kill probability given contact")
    assert chart.layout.yaxis.ticktext[1].endswith("(n.s.)")
    assert [trace.y[0] for trace in chart.data] == [0, 0, 1, 1]
    assert chart.data[2].marker.color == chart.data[3].marker.color != chart.data[0].marker.color
    assert "has the largest effect on leakers: from 20 to 10" in chart.layout.title.text


def test_the_values_of_the_assumption_are_at_the_ends() -> None:
    """The P10 stands next to the mean at the P10, outside the line of the interval, and the P90 on the other side."""
    chart = tornado(ranged().scenario, BARS[1:2], "leakers", "")
    p10, p90 = chart.layout.annotations[:2]
    assert (p10.text, p10.x, p10.xanchor) == ("0.610", 21.0, "left")
    assert (p90.text, p90.x, p90.xanchor) == ("0.870", 9.0, "right")
    assert chart.layout.xaxis.range[0] < p90.x
    assert p10.x < chart.layout.xaxis.range[1]


def test_a_line_reaches_inwards_at_most_to_the_middle() -> None:
    """Where the interval is longer than the bar, its inner halves do not cross."""
    row = row_of(bar(KILL, 10.0, 12.0, 8.0), ranged().scenario)
    assert [interval_part(row, 0, direction) for direction in (1.0, -1.0)] == [1.0, 4.0]
    assert [interval_part(row, 1, direction) for direction in (1.0, -1.0)] == [4.0, 1.0]


def test_the_pointer_shows_the_row() -> None:
    """Over a bar stand the assumption in words, its value with the unit, the difference, and the row of the log."""
    run = ranged()
    hover = tornado(run.scenario, BARS[:1], "leakers", "").data[1].customdata[0]
    assumption = run.scenario.assumptions[run.scenario.columns.index(LABOUR)]
    assert hover[1] == " (P90 0.870 GBP/hour)"
    assert hover[5] == row_reference(assumption)
    assert hover[6] == row_anchor(LABOUR) == "row-plants.bench.labour_rate"


def test_a_bar_links_to_a_row_of_the_report() -> None:
    """Every assumption of a tornado in the report has a row of the log with the identifier to which its bar links."""
    run = ranged()
    chart = tornado(run.scenario, RunResults(run).net_benefit_sensitivity, "the net benefit", "")
    text = report(run)
    anchors = {item[6] for trace in chart.data for item in trace.customdata}
    assert anchors
    assert all(f"<tr id='{anchor}'>" in text for anchor in anchors)
    assert len(set(map(row_anchor, octopus().scenario.columns))) == len(octopus().scenario.columns)


def test_effects_of_a_run_and_simulated_ones_have_the_same_chart() -> None:
    """An effect from the futures of a run is drawn in the same way, between its tail means."""
    run = ranged()
    items = sensitivities(run, run.assumptions.values[:, run.scenario.columns.index(KILL)])
    low, high = tornado(run.scenario, items[:1], "it", "").data
    assert low.base[0] + low.x[0] == pytest.approx(items[0].low)
    assert high.base[0] + high.x[0] == pytest.approx(items[0].high)
    assert high.name == "highest fifth of the assumption"
    error = replace(items[0], error=0.5)
    assert row_of(error, run.scenario).half_width == 1.0
    with pytest.raises(TypeError, match="str is no effect"):
        row_of("effect", run.scenario)  # type: ignore[arg-type]


def test_long_names_keep_what_they_apply_to() -> None:
    """A long name is shortened in its meaning, so that its entities remain."""
    scenario = octopus().scenario
    labels = {}
    for assumption in scenario.assumptions:
        effect = Sensitivity(assumption, 0.0, 1.0, 0.1, (0.0, 1.0), None, 0.0, 9)
        text = unescape(row_label(scenario, row_of(effect, scenario)))
        labels[assumption.name] = text
        assert len(text.replace("<br>", " ")) <= MAX_LABEL
    assert "further licensees" in labels["gates.ua-pool-tooling.duration"]


def test_a_measure_has_its_title_and_a_scaled_unit() -> None:
    """Money is in thousands or millions, months are counted, and bars of other measures are not drawn."""
    scenario = ranged().scenario
    money = Measure("spend", "", "spend", "GBP (2025)", np.zeros(0))
    bars = [bar(KILL, 2e6, 3e6, 1e5, "spend"), *BARS]
    chart = measure_tornado(scenario, bars, money)
    assert chart is not None
    assert chart.layout.xaxis.title.text == "mean of spend, M GBP (2025)"
    assert chart.layout.title.text.endswith("the largest effect on spend: from 2.00 to 3.00 M GBP (2025)")
    chart = measure_tornado(scenario, bars, replace(money, title="spend: all payers"))
    assert chart is not None
    assert "effect on spend: from" in chart.layout.title.text
    assert "spend: all payers" in chart.layout.xaxis.title.text
    month = Measure("leakers", "", "first month", "month", np.zeros(0), "month")
    chart = measure_tornado(scenario, bars, month)
    assert chart is not None
    assert chart.layout.xaxis.title.text == f"mean of first month, {MONTHS}"
    undefined = replace(BARS[0], difference=Estimate(np.nan, np.nan, np.nan))
    assert measure_tornado(scenario, [undefined, BARS[2]], month) is None


def test_no_effect_has_an_empty_chart() -> None:
    """Without an effect the title says so."""
    title = tornado(ranged().scenario, (), "leakers", "").layout.title.text
    assert title == "No single assumption has an effect on leakers that is distinguishable from zero"


def rated() -> dict[str, Impact]:
    results = RunResults(ranged())
    return impacts(ranged(), results.net_benefit, results.net_benefit_sensitivity, results.leakers_sensitivity)


def test_impacts_of_a_run_are_those_of_an_exploration() -> None:
    """The log of a report has the ratings of ``explore.impact``, from the futures of the run."""
    run, results = ranged(), RunResults(ranged())
    effects = [
        result_effects("net benefit", "GBP (2025)", results.net_benefit_sensitivity),
        result_effects("leakers prevented", "threats", results.leakers_sensitivity),
    ]
    expected = {item.name: item for item in rate_impacts(run.scenario.assumptions, effects)}
    assert {name for name, item in rated().items() if item != expected[name] and item.rating != "red"} == set()
    assert rated()[KILL].rating in {"red", "amber"}
    assert rated()["crews.initial"].rating == "not rated"


def test_the_programme_that_pays_only_with_costly_damage_has_a_red_assumption() -> None:
    """If the net benefit is negative below a value of the damage and positive above it, its impact is red."""
    run = ranged()
    damage = run.assumptions.values[:, run.scenario.columns.index(DAMAGE)]
    net = damage - float(np.quantile(damage, 0.4))
    ratings = impacts(run, net, sensitivities(run, net), ())
    assert ratings[DAMAGE].rating == "red"
    assert "below" in ratings[DAMAGE].reason
    assert "“without the programme” is better on average, above it “with the programme”" in ratings[DAMAGE].reason
    reasons = impact_reasons(run.scenario, ratings)
    assert reasons[0].startswith("Mean damage of one leaker (drone) (assumptions.csv:")
    assert "impact red, quality" in reasons[0]


def test_the_matrix_counts_every_assumption() -> None:
    """The rows of the table add up to the assumptions of the scenario."""
    table = quality_matrix(ranged().scenario.assumptions, rated())
    assert table.head == ("quality", "impact: red", "impact: amber", "impact: green", "impact: not rated", "rows")
    assert [row[0] for row in table.rows] == ["■ red", "▲ amber", "● green"]
    assert all(sum(map(int, row[1:5])) == int(row[5]) for row in table.rows)
    assert sum(int(row[5]) for row in table.rows) == len(ranged().scenario.assumptions)
