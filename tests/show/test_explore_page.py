"""The page and the conclusion of an exploration, and its annex of the report."""

import re
from dataclasses import replace
from typing import Any

import pytest

from octoplan.api import simulate
from octoplan.errors import RunError
from octoplan.explore.findings import Exploration
from octoplan.explore.results import Estimate, Share
from octoplan.show.explore_charts import main_charts, rank_chart
from octoplan.show.explore_page import page
from octoplan.show.explore_text import conclusion, interval_text, main_ranking, shares_of
from octoplan.show.report import report
from tests.explore.sample_findings import DAMAGE, P_KILL, sample_exploration, sample_scenario


def topics(exploration: Exploration) -> dict[str, str]:
    """The conclusion by topic."""
    return {topic.topic: topic.text for topic in conclusion(exploration)}


def changed(**fields: Any) -> Exploration:
    """The made-up exploration with other findings."""
    exploration = sample_exploration()
    return replace(exploration, findings=replace(exploration.findings, **fields))


def test_the_conclusion_names_drivers_in_words() -> None:
    """Drivers are named by their meaning with their shares, the largest first, and chance apart from them."""
    text = topics(sample_exploration())["Main drivers of the result"]
    assert "mean damage of one leaker (drone), 42 % (39 to 45)" in text
    assert text.index("mean damage") < text.index("kill probability")
    assert text.endswith("makes up 30 % (25 to 35).")


def test_the_conclusion_states_what_changes_the_decision() -> None:
    """A switching value states the side, the interval and the share of futures; an undefined one is left out."""
    text = topics(sample_exploration())["What would change the decision"]
    assert "below 72,000 GBP (63,000 to 81,000), as in 30 % of futures: No programme." in text
    assert "kill probability" not in text
    assert "changes that" in topics(changed(switching=()))["What would change the decision"]


def test_the_conclusion_states_values_of_information() -> None:
    """Only what is distinguishable from zero is worth finding out; the best size of a trial has the largest gain."""
    text = topics(sample_exploration())["What is worth finding out"]
    assert "Knowing mean damage of one leaker (drone) before deciding is worth 2.5 M GBP (2025) (1.9 to 3.1)." in text
    assert "kill probability" not in text
    assert "Test sorties: the best size is 100, worth 1.50 M GBP (2025) (1.30 to 1.70)" in text


def test_a_trial_that_does_not_pay() -> None:
    """Of a trial whose every size costs more than it is worth, no size is recommended."""
    findings = sample_exploration().findings
    assert findings.information is not None
    trials = tuple(replace(trial, cost=1e9) for trial in findings.information.trials)
    text = topics(changed(information=replace(findings.information, trials=trials)))["What is worth finding out"]
    assert "no size examined is clearly worth its cost" in text


def test_the_conclusion_says_what_is_not_converged() -> None:
    """A ranking whose note says so has not converged; a sample that is too small is named."""
    findings = sample_exploration().findings
    rough = tuple(replace(ranking, note="The indices have not converged.") for ranking in findings.rankings)
    assert "has not converged" in topics(changed(rankings=rough))["Is the sample large enough"]
    text = topics(sample_exploration())["Is the sample large enough"]
    assert "1 of 1 key results need more than 256 futures" in text
    assert "has converged" in text


def test_first_order_indices_are_those_of_the_run() -> None:
    """The run has more futures than the designed sample, whose first-order indices are shown for groups alone."""
    ranking = main_ranking(sample_exploration().findings)
    assert ranking is not None
    better = replace(ranking.from_run[0], first=Estimate(0.40, 0.39, 0.41))
    merged = shares_of(replace(ranking, from_run=(better, *ranking.from_run[1:])))
    share = next(share for share in merged if share.name == DAMAGE)
    assert share.first == better.first
    assert share.total == ranking.designed[0].total


def test_rank_chart_has_chance_in_its_own_row_at_the_end() -> None:
    """Factors by size, then all other assumptions and chance; bars lie between 0 and 100 %."""
    ranking = main_ranking(sample_exploration().findings)
    assert ranking is not None
    wide = Share(P_KILL, "kill", Estimate(1.4, 0.5, 2.0), Estimate(-0.2, -0.5, 0.1))
    chart = rank_chart(sample_exploration(), replace(ranking, from_run=(), designed=(wide, *ranking.designed[2:])))
    names = chart.layout.yaxis.ticktext
    assert [name.split("<br>")[0].split(" ")[0] for name in names] == ["Kill", "All", "Chance"]
    assert list(chart.data[0].x) == [1.0, 0.01]
    assert chart.data[1].x[0] == 0.0


def test_what_a_purchase_gains_for_its_cost() -> None:
    """The net benefit of a purchase is stated for each unit of money spent."""
    figure, _ = main_charts(sample_exploration())["mix"]
    assert list(figure.data[0].x) == [pytest.approx(3.1), pytest.approx(0.8)]
    assert "per GBP (2025) spent" in figure.layout.xaxis.title.text
    clear, uncertain = figure.data[0].marker.color
    assert clear != uncertain


def test_page_has_every_part() -> None:
    """Each part with findings has its section and its charts, and every number comes with an interval or a caption."""
    text = page(sample_exploration())
    headings = re.findall(r"<h2 id='([a-z0-9-]+)'", text)
    assert headings == [
        "notes",
        "rank",
        "tornado",
        "switching",
        "impact",
        "information",
        "robustness",
        "info-gap",
        "mix",
        "sample-size",
        "reading",
        "method",
    ]
    for name in main_charts(sample_exploration()):
        assert f"<figure id='explore-{name}'>" in text
    assert "what it cannot say" in text


def test_a_bar_leads_to_the_row_of_its_assumption() -> None:
    """The table of impacts has an anchor for the assumption of a bar of the tornado, on the page alone."""
    anchor = f"row-{DAMAGE}"
    text = page(sample_exploration())
    assert f"<tr id='{anchor}'>" in text
    assert text.count(anchor) > 1
    assert f"a reason for {DAMAGE}" in text
    assert f"a reason for {P_KILL}" not in text


def test_page_escapes_texts() -> None:
    """Titles of decisions and notes are text, not markup."""
    text = page(changed(notes=("a <b>bold</b> note",)))
    assert "a &lt;b&gt;bold&lt;/b&gt; note" in text
    assert "<b>bold</b>" not in text


def test_parts_without_findings_are_left_out() -> None:
    """Sections without content are omitted."""
    text = page(changed(mix=(), information=None, info_gap=(), robustness=()))
    assert not re.search(r"<h2 id='(mix|information|info-gap|robustness)'", text)


def test_infinite_interval() -> None:
    """An interval without an end says so."""
    assert interval_text(Estimate(5.0, 4.0, float("inf"))) == "5.00 (4.00 to ∞)"


def test_annex_of_the_report() -> None:
    """The report of a run has an annex with the same charts if an exploration is given."""
    run = simulate(sample_scenario(), 16, seed=1)
    text = report(run, exploration=sample_exploration())
    assert re.search(r"Annex [A-Z]\. Exploration", text)
    for name in main_charts(sample_exploration()):
        assert f"<figure id='explore-{name}'>" in text
    assert "<section class='annex' id='explore'>" not in report(run)


def test_exploration_of_another_scenario() -> None:
    """An exploration of another scenario is no annex of a report."""
    with pytest.raises(RunError, match="explore the run"):
        report(simulate("pocket", 16, seed=1), exploration=sample_exploration())
