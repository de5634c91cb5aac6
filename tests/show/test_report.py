"""The decision report: one file, a section for what was run, every figure with its provenance."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from octoplan.api import Run, simulate
from octoplan.errors import RunError
from octoplan.scenario import load
from octoplan.show.charts import CHARTS
from octoplan.show.report import report
from tests.outcomes.runs import changed, octopus, pocket, ranged

RUNS = {"pocket": pocket, "octopus": octopus}
ALWAYS = ("supply", "defence", "money", "measures", "log", "method", "checks", "assurance")
LARGEST = 8_000_000


class Page(HTMLParser):
    """What a page fetches, where it leads, and what has a name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.ids: list[str] = []
        self.figures: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.fetched += [value or "" for name, value in attrs if name in {"src", "href"}]
        self.ids += [attributes["id"] or ""] if "id" in attributes else []
        self.figures += [attributes["id"] or ""] if tag == "figure" else []


def sections(text: str) -> list[str]:
    return re.findall(r"<section class='annex' id='(.*?)'", text)


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest) -> Run:
    return RUNS[request.param]()


def test_the_report_is_one_file(run: Run) -> None:
    """The page fetches nothing, every link in it leads somewhere, plotly is there once, and so is every chart."""
    text = report(run)
    page = Page(text)
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.fetched)
    assert set(CHARTS) <= set(page.figures)
    assert len(page.figures) == len(set(page.figures))
    assert text.count("plotly.js v") == 1
    assert len(text.encode()) < LARGEST
    assert run.key_results().summary.split(";")[0] in text


def test_the_log_names_every_row_with_its_line(run: Run) -> None:
    """Each row of the assumption log is there with the file and line it stands on."""
    text = report(run)
    log = text[text.index("id='log'") : text.index("id='method'")]
    for assumption in run.scenario.assumptions:
        assert f"<th scope='row'>{assumption.name}</th>" in log
        assert f"<td>{Path(assumption.file).name}:{assumption.line}</td>" in log


def test_what_was_not_run_is_absent() -> None:
    """Without a plan, a second option or a failed future there is no such annex, and none is empty."""
    text = report(pocket())
    assert set(ALWAYS) <= set(sections(text))
    assert not {"plan", "differences", "failures"} & set(sections(text))


def test_one_future_has_no_tornado() -> None:
    """One future gives no sensitivities; the rest of the report is there."""
    text = report(simulate(load("pocket"), 1, 1))
    assert "sensitivity" not in sections(text)
    assert "What would change the answer" not in text
    assert set(ALWAYS) <= set(sections(text))
    assert "nan" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL).lower().replace("finance", "")


def test_many_futures_give_a_sensitivity_analysis() -> None:
    """With enough futures there are two tornados, and what would change the answer names rows."""
    text = report(ranged())
    assert "sensitivity" in sections(text)
    assert {"tornado-net-benefit", "tornado-leakers-prevented"} & set(Page(text).figures)
    assert re.search(r"What would change the answer.*?assumptions\.csv:\d+", text, re.DOTALL)


def test_two_options_stand_side_by_side(tmp_path: Path) -> None:
    """A second run has a column among the options and an annex of differences; one of other raids is refused."""
    scenario = changed(tmp_path / "more", decisions={"intake = 0": "intake = 4"})
    option = simulate(scenario, 60, 1)
    text = report(pocket(), option, labels=("as planned", "more crews"))
    assert "<th scope='col'>more crews</th>" in text
    assert "differences" in sections(text)
    with pytest.raises(RunError, match="seed"):
        report(pocket(), simulate(scenario, 60, 2), labels=("a", "b"))


def test_failed_futures_are_reported() -> None:
    """A run with failed futures counts and names them; one in which all failed still is a page without an answer."""
    run = pocket()
    status = run.status.copy()
    status[3] = 1
    text = report(replace(run, status=status, messages={3: "it <broke>"}))
    assert "failures" in sections(text)
    assert "future 3: it &lt;broke&gt;" in text
    text = report(replace(run, status=status * 0 + 1, messages={}))
    assert "there are no results" in text
    assert "supply" not in sections(text)


def test_governance_stands_on_the_first_pages(tmp_path: Path) -> None:
    """Question, people, what it is not for, sunset and decisions taken come from the scenario, every word escaped."""
    governance = (
        '[governance]\nquestion = "Why <b>so</b>?"\nanalyst = "A. Analyst"\nnot_for = ["gambling"]\n'
        'unquantified = ["the weather on the day"]\nsunset = 2027-01-31\n'
        '[[governance.log]]\ndate = 2026-01-02\ndecision = "go on"\nby = "the board"\n'
    )
    scenario = changed(tmp_path / "governed", programme={"[gates.licence]": f"{governance}[gates.licence]"})
    page = report(simulate(scenario, 5, 1))
    front = page[: page.index("<section class='annex'")]
    assert "Why &lt;b&gt;so&lt;/b&gt;?" in front
    assert "analyst: A. Analyst" in front
    assert "gambling" in front
    assert "the weather on the day" in front
    assert "2027-01-31" in front
    assert "go on" in page
    assert "approver" in page


def test_a_plan_has_an_annex(tmp_path: Path) -> None:
    """What a plan's folder says stands in the report; a folder without a plan is refused in words."""
    evidence = {
        "limiting_factors": ["crews limit the plan"], "not_met": ["1,000 by May"],
        "frontier": {"switching_values": ["it turns at 40 %"]},
    }  # fmt: skip
    (tmp_path / "evidence.json").write_text(json.dumps(evidence))
    (tmp_path / "summary.txt").write_text("saves 3 M & more")
    text = report(pocket(), plan=tmp_path)
    assert "plan" in sections(text)
    assert "crews limit the plan" in text
    assert "it turns at 40 %" in text
    assert "1,000 by May" in text
    assert "saves 3 M &amp; more" in text
    with pytest.raises(RunError, match="is not a plan folder"):
        report(pocket(), plan=tmp_path / "none")


def test_nominal_money_is_marked(run: Run) -> None:
    """A nominal report says so at every amount of money that is inflated."""
    assert "GBP (nominal)" in report(run, nominal=True)
    assert "GBP (nominal)" not in report(run)
