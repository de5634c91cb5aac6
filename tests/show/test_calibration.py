"""The page of a calibration: charts show the numbers of the evidence, and sentences and titles state them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from html import unescape

import numpy as np
import plotly.graph_objects as go
import pytest

from octoplan.calibrate.evidence import Evidence, Learned
from octoplan.calibrate.setup import Period, prepare
from octoplan.calibrate.waves import first_wave, infer
from octoplan.calibration import Calibration
from octoplan.scenario import Scenario, load
from octoplan.scenario.changes import with_default_rows
from octoplan.scenario.descriptions import subject
from octoplan.scenario.distributions import Z_P90
from octoplan.scenario.entities import KINDS
from octoplan.scenario.scenario import with_files
from octoplan.show.calibration import FEWEST_DRAWS, few_draws, page, rest, summary
from octoplan.show.calibration_bands import band_charts, by_measure, tick_texts
from octoplan.show.calibration_charts import (
    MAX_ASSUMPTIONS,
    MAX_PAIRS,
    POINTS,
    learned_chart,
    learned_title,
    levels_by_layer,
    levels_chart,
    pairs_chart,
)
from octoplan.show.calibration_text import change, quantiles_text, separation_sentence

HEAD = "period,measure,value,low,high,sd,kind,source,note\n"
OBSERVATIONS = """\
2026-01,kills/sortie,0.5,,,0.03,share,study,
2026-02,kills/sortie,0.52,,,0.03,share,study,
2026-03,kills/sortie,0.5,,,0.03,share,study,
2026-02,stopped/drone,70,,,4,share,study,
2026-01,opened/bench,2026-01-09,,,2,date,study,
2026-01 to 2026-02,programme/cost,2000000,,,1000000,money,study,
"""
RANGES = {
    "labour_rate,20,,,fixed": "labour_rate,20,15,25,normal",
    "line_capital,1000,,,fixed": "line_capital,,1000000,3000000,lognormal",
    "p_kill,0.75,,,fixed": "p_kill,,0.5,0.9,beta",
    "p_contact,0.8,,,fixed": "p_contact,,0.4,0.9,beta",
    "licence.duration,5,,,fixed": "licence.duration,,3,12,gamma",
    "drone.damage,100000,,,fixed": "drone.damage,,50000,200000,lognormal",
}
MARCH = (date(2026, 3, 1), date(2026, 3, 31))
QUARTER = (date(2026, 1, 1), date(2026, 3, 31))


def observed_pocket(observations: str, ranges: Mapping[str, str], title: str = "") -> Scenario:
    """The scenario pocket with observations and uncertain rows; ``title`` is that of its drone."""
    files = {name: content.decode() for name, content in load("pocket").files.items()}
    files["assumptions.csv"] = with_default_rows(load("pocket")).decode()
    for old, new in ranges.items():
        assert old in files["assumptions.csv"]
        files["assumptions.csv"] = files["assumptions.csv"].replace(old, new)
    files["sources.csv"] += "study,A study,A press,2026-01-01,https://example.org/study,CC-BY-4.0\n"
    files["programme.toml"] = files["programme.toml"].replace(
        "[threats.drone]\n", f"[threats.drone]\ntitle = '{title or 'Drone'}'\n"
    )
    return with_files(load("pocket"), {**files, "observations.csv": HEAD + observations})


def evidence_of(scenario: Scenario, period: Period) -> Evidence:
    """A calibration with waves of a few futures."""
    setup = prepare(scenario, period)
    problem = setup.problem()
    return Evidence(setup, infer(problem, 1, first=first_wave(problem, 1, 256), size=128))


@pytest.fixture(scope="module")
def evidence() -> Evidence:
    """A calibration whose rate of kills informs only a product of two probabilities; March is held out."""
    scenario = observed_pocket(OBSERVATIONS, RANGES, "Drone <b>&</b>")
    return evidence_of(scenario, Period(*QUARTER, (MARCH,)))


@pytest.fixture(scope="module")
def uninformed() -> Evidence:
    """A calibration with one observation, on which the only uncertain row has no effect."""
    scenario = observed_pocket(OBSERVATIONS.splitlines()[1], dict([next(iter(RANGES.items()))]))
    return evidence_of(scenario, Period(*QUARTER))


def traces(chart: go.Figure, name: str) -> list[go.Scatter]:
    return [trace for trace in chart.data if trace.name == name]


def rest_of(evidence: Evidence, learned: Sequence[Learned]) -> Iterator[str]:
    """The sentences on assumptions that keep their priors, for given results."""
    changed = replace(evidence)
    vars(changed)["learned"] = tuple(learned)
    return rest(changed)


def plain(text: str) -> str:
    """Text of a page without scripts, with spaces that may be broken."""
    return " ".join(
        re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL).replace("\N{NO-BREAK SPACE}", " ").split()
    )


def test_the_chart_of_assumptions_shows_the_quantiles(evidence: Evidence) -> None:
    """Bars reach from P10 to P90 of the standardised draws, in the order of the information; text has the medians."""
    rows = evidence.informed
    chart = learned_chart(evidence, rows)
    names = [assumption.name for assumption in evidence.setup.assumptions.scenario.assumptions]
    scores = [evidence.setup.assumptions.columns.tolist().index(names.index(row.assumption.name)) for row in rows]
    for name, values in zip(("prior", "posterior"), evidence.standardised, strict=True):
        low, middle, high = np.quantile(values[:, scores], (0.1, 0.5, 0.9), axis=0)
        (bars,), (dots,) = traces(chart, name), traces(chart, f"{name}, P50")
        assert bars.x[0::3] == pytest.approx(low)
        assert bars.x[1::3] == pytest.approx(high)
        assert dots.x == pytest.approx(middle)
    assert [trace.y[0] < trace.y[3] for trace in traces(chart, "prior")] == [True]
    assert chart.layout.yaxis.range[0] > chart.layout.yaxis.range[1]
    labels = [text.replace("<br>", " ") for text in chart.layout.yaxis.ticktext]
    assert [text.lower() for text in labels] == [
        subject(evidence.setup.scenario, row.assumption).replace("&", "&amp;").replace("<", "&lt;")
        .replace(">", "&gt;").lower() for row in rows
    ]  # fmt: skip
    licence = next(i for i, row in enumerate(rows) if row.assumption.name == "gates.licence.duration")
    prior, posterior = rows[licence].prior[1], rows[licence].posterior[1]
    assert chart.layout.annotations[licence].text == f"{prior:.2f} → {posterior:.2f}\N{NO-BREAK SPACE}days"
    (dots,) = traces(chart, "posterior, P50")
    assert dots.customdata[licence][1] == f"{quantiles_text(rows[licence].posterior)}\N{NO-BREAK SPACE}days"


def test_the_chart_of_assumptions_is_limited(evidence: Evidence) -> None:
    """At most ``MAX_ASSUMPTIONS`` are drawn, and the title counts all."""
    rows = evidence.informed[:1] * (MAX_ASSUMPTIONS + 5)
    chart = learned_chart(evidence, rows)
    assert len(chart.layout.yaxis.ticktext) == MAX_ASSUMPTIONS
    assert chart.layout.title.text.startswith(f"{MAX_ASSUMPTIONS + 5} assumptions are informed")


def test_the_title_counts_the_assumptions_moved_and_narrowed(evidence: Evidence) -> None:
    """A shift of half a standard deviation is counted, and a range narrower by a quarter."""
    row = evidence.informed[0]
    rows = [replace(row, shift=-0.5, narrowing=0.76), replace(row, shift=0.49, narrowing=0.75)]
    assert "1 moved by half a prior standard deviation or more, 1 with a range" in learned_title(rows)
    assert learned_title([replace(row, shift=0.1, narrowing=1.0)]).startswith("1 assumption is informed: none moved")


def test_bands_and_observations(evidence: Evidence) -> None:
    """Panels show the bands and the observations with their errors, in units of the axis; March is marked."""
    charts = band_charts(evidence.setup.scenario, evidence.comparisons)
    by_label = {row.target.label: row for row in evidence.comparisons}
    months = [by_label[f"kills/sortie 2026-0{month}"] for month in (1, 2, 3)]
    for name in ("prior", "posterior"):
        (bars,) = traces(charts["periods"], name)
        assert bars.y[0::3] == pytest.approx([getattr(row, name)[0] for row in months])
        assert bars.y[1::3] == pytest.approx([getattr(row, name)[2] for row in months])
        assert traces(charts["periods"], f"{name}, P50")[0].y == pytest.approx([getattr(r, name)[1] for r in months])
    (observed,), (held_out,) = (traces(charts["periods"], name) for name in ("observed", "observed, held out"))
    assert (list(observed.x), list(observed.y), list(held_out.x), list(held_out.y)) == ([0, 1], [0.5, 0.52], [2], [0.5])
    assert observed.error_y.array == pytest.approx([Z_P90 * 0.03] * 2)
    assert observed.marker.symbol != held_out.marker.symbol
    assert ["held" in text for text in charts["periods"].layout.xaxis.ticktext] == [False, False, True]
    costs = by_label["programme/cost 2026-01 to 2026-02"]
    cost_bars = traces(charts["single"], "posterior")[-1]
    assert cost_bars.y[:2] == pytest.approx([costs.posterior[0] / 1e6, costs.posterior[2] / 1e6])
    assert traces(charts["single"], "observed")[-1].y[0] == 2.0
    titles = [annotation.text.replace("<br>", " ") for annotation in charts["single"].layout.annotations]
    assert titles[1].endswith("days after 2026-01-01")
    assert titles[2] == "Cost of the programme, 2026-01 to 2026-02,\N{NO-BREAK SPACE}M GBP (2025)"


def test_titles_of_the_bands_count_the_observations_inside(evidence: Evidence) -> None:
    """The counts of the titles are those of the observations inside the posterior band."""
    charts = band_charts(evidence.setup.scenario, evidence.comparisons)
    for name, chart in charts.items():
        rows = [
            row
            for group in by_measure(evidence.comparisons)
            if (len(group) > 1) == (name == "periods")
            for row in group
        ]
        used = [row.is_inside for row in rows if row.target.used]
        assert f": {sum(used)} of {len(used)} observations used" in chart.layout.title.text
    assert charts["periods"].layout.title.text.endswith(" of 1 held out")


@pytest.mark.parametrize("measures", range(1, 9))
def test_each_measure_has_a_panel(evidence: Evidence, measures: int) -> None:
    """Any number of measures have one panel each, at most three of a single period in a row."""
    row = evidence.comparisons[0]
    rows = [
        replace(row, target=replace(row.target, key=replace(row.target.key, name=f"m{number}")))
        for number in range(measures)
    ]
    for name, comparisons in (("single", rows), ("periods", rows + rows)):
        chart = band_charts(evidence.setup.scenario, comparisons)[name]
        axes = [trace.xaxis for trace in traces(chart, "observed")]
        assert len(axes) == len(set(axes)) == measures
        starts = [chart.layout[f"xaxis{axis[1:]}"].domain[0] for axis in axes]
        assert len(set(starts)) <= {"single": 3, "periods": 2}[name]


def test_long_labels_of_periods_take_the_whole_width(evidence: Evidence) -> None:
    """Panels stand next to each other until the labels of many periods would need more than a few lines."""
    scenario, row = evidence.setup.scenario, evidence.comparisons[0]

    def chart(periods: int) -> go.Figure:
        rows = [
            replace(row, target=replace(row.target, label=f"x days with at most {n} launched", key=key))
            for key in (row.target.key, replace(row.target.key, name="other"))
            for n in range(periods)
        ]
        return band_charts(scenario, rows)["periods"]

    assert chart(2).layout.xaxis.domain[1] < 0.5
    assert chart(7).layout.xaxis.domain == (0.0, 1.0)
    group = by_measure([replace(row, target=replace(row.target, label="x <b>", used=False))])[0]
    assert tick_texts(group, 1) == ["&lt;b&gt;<br><b>held out</b>"]


def test_the_joint_picture_shows_the_draws(evidence: Evidence) -> None:
    """Points are joint draws of the two assumptions of a pair, of which at most ``MAX_PAIRS`` are drawn."""
    (pair,) = evidence.not_separated
    chart = pairs_chart(evidence, [pair] * (MAX_PAIRS + 1))
    columns = [evidence.setup.assumptions.scenario.columns.index(a.name) for a in (pair.first, pair.second)]
    for name, draws in (("prior", evidence.prior_draws), ("posterior", evidence.posterior_draws)):
        panels = traces(chart, f"draws of the {name}")
        assert len(panels) == MAX_PAIRS
        assert np.stack([panels[0].x, panels[0].y], axis=1) == pytest.approx(draws[:POINTS, columns])
    assert f"the strongest has correlation {pair.correlation:.2f}" in chart.layout.title.text
    assert pairs_chart(evidence, [pair]).layout.title.text.startswith(
        "The observations do not distinguish two assumptions"
    )
    assert pair.correlation < -0.5


def test_sentences_on_what_is_not_separated(evidence: Evidence) -> None:
    """A negative correlation opposes the assumptions, a positive one does not; the sentence has their meanings."""
    (pair,) = evidence.not_separated
    scenario = evidence.setup.scenario
    first, second = sorted((pair.first, pair.second), key=lambda assumption: -len(assumption.kind))
    pair = replace(pair, first=second, second=first)
    assert (pair.first.parameter, pair.second.parameter) == ("p_kill", "p_contact")
    contact = "probability that a launched interceptor contacts its threat (Drone <b>&</b>, town)"
    sentence = separation_sentence(scenario, pair)
    assert sentence.startswith(
        "A higher kill probability given contact, at the release of a block (pocket, Drone <b>&</b>)"
    )
    assert f"together with a lower {contact} fits the observations as well as the reverse" in sentence
    assert f"together with a higher {contact}" in separation_sentence(scenario, replace(pair, correlation=0.6))


def test_every_parameter_has_a_change_in_words() -> None:
    """The words of a change are those of its unit of time or number, for each declared parameter."""
    meanings = {(kind.name, p.name): p.meaning.partition(":")[0] for kind in KINDS for p in kind.parameters}
    assert all(re.match("more |a (higher|longer|greater) ", change(text, higher=True)) for text in meanings.values())
    assert change(meanings["crews", "initial"], higher=False) == "fewer trained crews at the start"
    assert change(meanings["threats", "engagement"], higher=False) == "a shorter engagement duration"
    assert change(meanings["crews", "course"], higher=True) == "a greater length of the training course"
    assert change(meanings["lanes", "loss"], higher=True) == "a higher probability that a unit is lost in transit"


def level_rows(evidence: Evidence, layer: str, medians: Mapping[str, float], information: float) -> list[Learned]:
    """Levels of a layer by month, with bands of 0.2 around medians."""
    row = evidence.learned[0]
    return [
        replace(
            row, assumption=replace(row.assumption, kind="levels", entities=(layer, month), name=f"{layer}.{month}"),
            prior=(-0.3, 0.0, 0.3), posterior=(median - 0.1, median, median + 0.1), information=information,
        )
        for month, median in medians.items()
    ]  # fmt: skip


def test_levels_by_month(evidence: Evidence) -> None:
    """Lines show the levels of a layer in the order of its months, with bands; the title has the extreme months."""
    rows = [
        *level_rows(evidence, "missile", {"2026-02": 0.2, "2026-01": -0.1}, 0.5),
        *level_rows(evidence, "interceptor", {"2026-01": 0.0, "2026-02": 0.1}, 0.0),
    ]
    chart = levels_chart(evidence.setup.scenario, levels_by_layer([*evidence.learned, *rows]))
    lines = traces(chart, "posterior, P50 with P10 to P90")
    assert [list(line.y) for line in lines] == [[0.0, 0.1], [-0.1, 0.2]]
    assert list(lines[1].x) == ["2026-01-01", "2026-02-01"]
    bands = traces(chart, "prior, P10 to P90")
    assert list(bands[0].y) == [0.3, 0.3, -0.3, -0.3]
    assert chart.layout.title.text == "The level of missile varies most: from -0.10 in Jan 2026 to 0.20 in Feb 2026"
    single = levels_by_layer(level_rows(evidence, "missile", {"2026-01": -0.1}, 0.5))
    assert levels_chart(evidence.setup.scenario, single).layout.title.text == "Level of missile: -0.10 in Jan 2026"


def test_levels_that_are_not_informed_have_no_chart(evidence: Evidence) -> None:
    assert levels_by_layer(level_rows(evidence, "missile", {"2026-01": 0.0}, 0.0)) == {}


def test_the_summary_has_the_counts_of_the_evidence(evidence: Evidence) -> None:
    """The first sentences state what is informed, what lies in the band, and what changed most."""
    text = plain(page(evidence, "Pocket"))
    informed, total = len(evidence.informed), len(evidence.learned)
    assert total == 6
    assert informed == 5
    assert "5 observations inform 5 of 6 uncertain assumptions; the other keeps its prior." in text
    used = sum(row.is_inside for row in evidence.comparisons if row.target.used)
    held_out = sum(row.is_inside for row in evidence.comparisons if not row.target.used)
    prior = sum(row.prior[0] <= row.target.value <= row.prior[2] for row in evidence.comparisons if row.target.used)
    assert f"{used} of 5 observations used and {held_out} of 1 held out (with the priors, {prior} of those" in text
    assert f"What changed most: {subject(evidence.setup.scenario, evidence.informed[0].assumption)[:20]}" in text
    assert "None was held out" not in text


def test_contradictions_are_named_in_a_box(evidence: Evidence) -> None:
    """The observation that no setting of the rows can produce is named with its value and probability."""
    (contradiction,) = evidence.contradictions
    assert contradiction.target.label == "stopped/drone 2026-02"
    text = plain(page(evidence, "Pocket"))
    box = re.search("<div class='warning'>(.*?)</div>", text)
    assert box
    assert f"(stopped/drone 2026-02): 70.0 % observed, probability {contradiction.probability:.1g}" in box[1]
    assert "kills/sortie" not in box[1]


def test_a_posterior_with_few_draws_is_marked(evidence: Evidence) -> None:
    """Few effective draws give a warning with their number."""
    inference = evidence.inference
    many = replace(inference, weights=np.full(1000, 1e-3))
    assert FEWEST_DRAWS == 200
    assert few_draws(replace(evidence, inference=many)) == ""
    assert "about 20 effective draws" in few_draws(
        replace(evidence, inference=replace(many, weights=np.full(20, 0.05)))
    )


def test_tables_have_the_rows_of_the_evidence(evidence: Evidence) -> None:
    """Every observation has a row with its value and use, and dates are dates; the rest counts the rows by rating."""
    text = plain(page(evidence, "Pocket"))
    assert "<td>opened/bench</td><td>Jan 2026</td><td></td><td>2026-01-09 ± 2.0 days</td>" in text
    assert text.count("<td>held out</td>") == 1
    assert text.count("<td>used</td>") == 5
    for row in evidence.informed:
        assert f"<td>{quantiles_text(row.prior)}</td><td>{quantiles_text(row.posterior)}</td>" in text
    damage = next(row for row in evidence.learned if row.assumption.parameter == "damage")
    amber = replace(damage, assumption=replace(damage.assumption, quality="amber"))
    rows = [*evidence.informed, damage, damage, amber]
    assert next(rest_of(evidence, rows)).startswith(
        "3 uncertain assumptions are not informed by the observations and keep their priors: 2 red and 1 amber."
    )
    assert "1 uncertain assumption is not informed" in next(rest_of(evidence, rows[:-2]))
    assert next(rest_of(evidence, rows[:-3])) == "Every uncertain assumption is informed."


def test_the_method_is_stated(evidence: Evidence) -> None:
    """Futures, waves, Pareto k, failed futures, effective draws and seed are those of the inference."""
    text, inference = plain(page(evidence, "Pocket")), evidence.inference
    futures = [len(wave.scores) for wave in inference.waves]
    assert f"{sum(futures):,}: {' + '.join(map(str, futures))}, in {len(futures)} waves" in text
    assert f"{inference.pareto_k[-1]:.2f} (limit 0.7)" in text
    size = 1.0 / float((inference.weights**2).sum())
    assert f"128; effective number {size:.0f}" in text
    assert "<th scope='row'>seed</th><td>1</td>" in text


def test_the_page_is_self_contained_and_escapes_names(evidence: Evidence) -> None:
    """The page loads no other file, escapes HTML in titles, and has every figure once."""
    text = page(evidence, "Pocket <script>alert(1)</script>")
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", text)
    assert "<script>alert" not in text
    assert "Drone <b>" not in text
    assert "Drone &lt;b&gt;" in text
    assert re.findall("<figure id='(.*?)'>", text) == ["assumptions", "pairs", "bands-periods", "bands-single"]


def test_no_informed_assumption_one_observation_none_held_out(uninformed: Evidence) -> None:
    """The page says that nothing is informed and that nothing was held out, and shows the only observation."""
    assert uninformed.informed == ()
    text = page(uninformed, "Pocket")
    plain_text = plain(text)
    assert "1 observation informs 0 of 1 uncertain assumption." in plain_text
    assert "None was held out" in plain_text
    assert "The observations inform no assumption" in plain_text
    assert "What changed most" not in plain_text
    assert "1 uncertain assumption is not informed and keeps its prior; it is rated red." in plain_text
    assert re.findall("<figure id='(.*?)'>", text) == ["bands-single"]


def test_the_card_begins_with_the_summary_and_escapes_names(evidence: Evidence, uninformed: Evidence) -> None:
    """A notebook displays the sentences of the page and the informed assumptions, without markup of names."""
    html = Calibration(evidence, "simulated")._repr_html_()
    sentences = [*summary(evidence)]
    assert [unescape(text) for text in re.findall("<p>(?!<small>)(.*?)</p>", html)][: len(sentences)] == sentences
    assert html.count('<th scope="row">') == min(len(evidence.informed), 8)
    assert "<b>" not in html
    assert "Drone &lt;b&gt;" in html
    assert "<script" not in html
    assert '<th scope="row">' not in Calibration(uninformed, "simulated")._repr_html_()
