"""The report of a run: a self-contained page, annexes for the data of the run, and provenance."""

import json
import re
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from octoplan.answer.answer import answer_of
from octoplan.api import Run, simulate
from octoplan.errors import RunError
from octoplan.outcomes.run_results import RunResults
from octoplan.scenario import load
from octoplan.scenario.descriptions import row_reference
from octoplan.show.answer import sentences
from octoplan.show.charts import CHARTS
from octoplan.show.report import annex_contents, report, report_page
from tests.outcomes.runs import changed, octopus, pocket, ranged

RUNS = {"pocket": pocket, "octopus": octopus}
PERMANENT_ANNEXES = ("supply", "defence", "money", "measures", "log", "method", "checks", "assurance")
MAX_BYTES = 8_000_000


class Page(HTMLParser):
    """Addresses, identifiers and figures of an HTML page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.figures: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.links += [value or "" for name, value in attrs if name in {"src", "href"}]
        self.ids += [attributes["id"] or ""] if "id" in attributes else []
        self.figures += [attributes["id"] or ""] if tag == "figure" else []


def sections(text: str) -> list[str]:
    return re.findall(r"<section class='annex' id='(.*?)'", text)


@pytest.fixture(scope="module", params=RUNS)
def run(request: pytest.FixtureRequest) -> Run:
    return RUNS[request.param]()


def test_the_report_is_self_contained(run: Run) -> None:
    """The page fetches nothing, all links resolve, and plotly and every chart are included once."""
    answer = answer_of(RunResults(run), 4)
    text = report(run, answer=answer)
    page = Page(text)
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert set(CHARTS) <= set(page.figures)
    assert len(page.figures) == len(set(page.figures))
    assert text.count("plotly.js v") == 1
    assert len(text.encode()) < MAX_BYTES
    assert answer is not None
    page_text = unescape(text)
    assert all(sentence.text.removeprefix("Next: ")[1:] in page_text for sentence in sentences(answer))


def test_annexes_can_be_drawn_before_the_answer(run: Run) -> None:
    """The report is the same, and the chart of the marginal million follows that of the spend."""
    results = RunResults(run)
    contents, answer = annex_contents([results]), answer_of(results, 4)
    text = report_page([results], answer=answer, contents=contents)
    assert text == report(run, answer=answer)
    figures = Page(text).figures
    assert "marginal-million" not in Page(report(run)).figures
    if "marginal-million" in figures:
        assert figures.index("marginal-million") == figures.index("spend") + 1


def test_the_log_has_every_assumption_with_its_line(run: Run) -> None:
    """The assumptions log has each assumption with its file and line."""
    text = report(run)
    log = text[text.index("id='log'") : text.index("id='method'")]
    for assumption in run.scenario.assumptions:
        assert f"<th scope='row'>{assumption.name}</th>" in log
        assert f"<td>{row_reference(assumption)}</td>" in log


def test_annexes_without_content_are_omitted() -> None:
    """The annexes on plan, differences and failed futures are omitted if there are none."""
    text = report(pocket())
    assert set(PERMANENT_ANNEXES) <= set(sections(text))
    assert not {"plan", "differences", "failures"} & set(sections(text))


def test_one_future_has_no_tornado() -> None:
    """With one future there is no sensitivity analysis; the rest of the report is complete."""
    text = report(simulate(load("pocket"), 1, 1))
    assert "sensitivity" not in sections(text)
    assert "What would change the answer" not in text
    assert set(PERMANENT_ANNEXES) <= set(sections(text))
    assert "nan" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL).lower().replace("finance", "")


def test_many_futures_give_a_sensitivity_analysis() -> None:
    """With enough futures there are tornados, and the front page cites the assumptions that would change the answer."""
    text = report(ranged())
    assert "sensitivity" in sections(text)
    assert {"tornado-net-benefit", "tornado-leakers-prevented"} & set(Page(text).figures)
    assert re.search(r"What would change the answer.*?assumptions\.csv:\d+", text, re.DOTALL)


def test_two_options_are_compared(tmp_path: Path) -> None:
    """A second run has a column among the options and an annex of differences; a run under other raids is refused."""
    scenario = changed(tmp_path / "more", decisions={"intake = 0": "intake = 4"})
    option = simulate(scenario, 60, 1)
    text = report(pocket(), option, labels=("as planned", "more crews"))
    assert "<th scope='col'>more crews minus as planned</th>" in text
    assert "differences" in sections(text)
    with pytest.raises(RunError, match="seed"):
        report(pocket(), simulate(scenario, 60, 2), labels=("a", "b"))


def test_failed_futures_are_reported() -> None:
    """Failed futures are counted and listed; if all futures failed, the report has no results."""
    run = pocket()
    status = run.status.copy()
    status[3] = 1
    text = report(replace(run, status=status, messages={3: "it <broke>"}))
    assert "failures" in sections(text)
    assert "future 3: it &lt;broke&gt;" in text
    text = report(replace(run, status=status * 0 + 1, messages={}))
    assert "there are no results" in text
    assert "supply" not in sections(text)


def test_governance_is_on_the_front_pages(tmp_path: Path) -> None:
    """Question, people, unsuitable uses, review date and decisions taken are those of the scenario, escaped."""
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
    """The content of a plan folder is in the report; another folder raises RunError."""
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
    """The unit of inflated money in a nominal report is marked as nominal."""
    assert "GBP (nominal)" in report(run, nominal=True)
    assert "GBP (nominal)" not in report(run)


def test_runs_of_different_lengths_are_reported_over_the_futures_of_both(tmp_path: Path) -> None:
    """The report of runs with 12 and 8 futures is that of the first 8 futures of each, options included."""
    dearer = changed(tmp_path / "s", assumptions={"works.price,50": "works.price,60"})
    long, short = simulate(load("pocket"), 12), simulate(load("pocket"), 8)
    other = simulate(dearer, 8)
    expected, text = report(short, other), report(long, other)
    options = re.compile(r"<h2[^>]*>Options<.*?</table>", re.DOTALL)
    assert options.search(text)[0] == options.search(expected)[0]  # type: ignore[index]
    assert "8 futures" in text
    assert "12 futures" not in text


def test_the_printed_pages_have_a_header(tmp_path: Path) -> None:
    """Title, date and, at the foot, the run are strings of the style sheet, in which no markup is active."""
    scenario = changed(tmp_path / "named", programme={'title = "Pocket"': "title = 'A \"b\" </style><b>'"})
    run = simulate(scenario, 2, 3)
    text = report(run)
    boxes = dict(re.findall(r'@(top-left|top-right|bottom-left) \{ content: "(.*?)"', text))
    decoded = {k: re.sub(r"\\([0-9a-f]{6})", lambda code: chr(int(code[1], 16)), v) for k, v in boxes.items()}
    left, right, below = (decoded[name] for name in ("top-left", "top-right", "bottom-left"))
    assert left == 'A "b" </style><b>'
    assert re.fullmatch(r"Report of \d{1,2} [A-Z][a-z]+ \d{4}", right)
    assert below == f"2 futures · seed 3 · scenario {scenario.hash[:12]} · octoplan {run.version}"
    page = text[text.index("<main>") : text.index("<section class='annex'")]
    assert page.count(below) == page.count(scenario.hash[:12]) == page.count("seed 3") == 1
    assert "Simulated months: January 2026 to March 2026." in page
    assert "counter(page)" in text
    assert "counter(pages)" in text
