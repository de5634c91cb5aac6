"""What a notebook displays: short escaped HTML without scripts, which begins with the answer."""

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

import octoplan as op
from octoplan.cards import Card
from octoplan.outcomes.compare import compare
from octoplan.outcomes.comparison_card import (
    MAX_DIFFERENCES,
    RESULTS,
    difference_text,
    is_distinguishable,
    largest_differences,
    main_differences,
    most_different,
    relative_size,
)
from octoplan.outcomes.format import digits, percent
from octoplan.outcomes.intervals import half_width
from octoplan.scenario import Scenario
from octoplan.scenario.scenario import with_files
from octoplan.show.answer import paragraphs as answer_paragraphs
from tests.outcomes.runs import calibrated_scenario, changed, octopus, pocket, ranged

NAME = "<script>alert(1)</script> & sons"
MAX_LENGTH = 5_000
"""Largest number of characters of a card."""


def with_markup(name: str = NAME) -> Scenario:
    """The scenario pocket with titles that would be markup if they were not escaped."""
    files = {file: data.decode() for file, data in op.load("pocket").files.items()}
    text = re.sub(r'title = ".*?"', f"title = '{name}'", files["programme.toml"])
    assert text != files["programme.toml"]
    return with_files(op.load("pocket"), {"programme.toml": text})


def paragraphs(html: str) -> list[str]:
    return [unescape(text) for text in re.findall(r"<p>(?!<small>)(.*?)</p>", html, re.DOTALL)]


def cells(html: str, row: str) -> list[str]:
    """The cells of a row of the table."""
    match = re.search(rf'<th scope="row">{re.escape(row)}</th>(.*?)</tr>', html)
    assert match, row
    return [unescape(text) for text in re.findall("<td>(.*?)</td>", match[1])]


@pytest.fixture(scope="module")
def half() -> op.Run:
    """The run of pocket with half the output."""
    return op.simulate(pocket().scenario.change({"output.bench": "x0.5"}), 60)


DISPLAYED: dict[str, Callable[[], object]] = {
    "scenario": with_markup,
    "run": lambda: op.simulate(with_markup(), 4),
    "comparison": lambda: compare(pocket(4), op.simulate(with_markup(), 4), labels=(NAME, NAME)),
    "plan": lambda: op.optimise(with_markup(), futures=2),
}


@pytest.mark.parametrize("name", DISPLAYED)
def test_html_is_short_escaped_and_has_no_script(name: str) -> None:
    """Names are text, never markup, and the HTML is short and closes its elements."""
    html = DISPLAYED[name]()._repr_html_()  # type: ignore[attr-defined]
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert len(html) < MAX_LENGTH
    for element in ("div", "table", "tbody", "tr", "td", "p", "caption"):
        assert len(re.findall(f"<{element}[ >]", html)) == html.count(f"</{element}>"), element


def test_the_answer_is_first() -> None:
    """The paragraphs of the answer come before the table."""
    html = Card("title", ("first", "second"), (("a", "b"),), ("x", "y"), "note").html()
    positions = [html.index(text) for text in ("first", "second", "title", ">x<", ">a<", "note")]
    assert positions == sorted(positions)


def test_the_card_of_a_scenario_has_its_extent() -> None:
    """Period, names and ratings are those of the scenario; a calibrated scenario says so."""
    scenario = octopus().scenario
    html = scenario._repr_html_()
    assert cells(html, "period") == ["2025-11 to 2027-10 (24 months)"]
    assert cells(html, "regions")[0].endswith(f"({len(scenario.names.regions)})")
    red = sum(row.quality == "red" for row in scenario.assumptions)
    calibrated = sum(row.is_calibrated for row in scenario.assumptions)
    assert cells(html, "assumptions")[0].startswith(f"{len(scenario.assumptions)}: {red} red")
    assert cells(html, "assumptions")[0].endswith(f"; {calibrated} calibrated")
    assert "; 2 calibrated" in cells(calibrated_scenario()._repr_html_(), "assumptions")[0]
    assert "calibrated" not in op.load("pocket")._repr_html_()


def test_the_card_of_a_run_has_the_numbers_of_the_key_results() -> None:
    """The rows state P50 and range of the main measures, after the answer if it has been computed."""
    results = octopus().key_results()
    html = octopus()._repr_html_()
    assert paragraphs(html) == []
    run = op.simulate("pocket", 8)
    answer = run.answer(4)
    assert answer is not None
    assert "The answer: answer()." in op.simulate("pocket", 8)._repr_html_()
    assert paragraphs(run._repr_html_()) == list(answer_paragraphs(answer.numbers))
    assert paragraphs(answer._repr_html_()) == paragraphs(run._repr_html_())
    row = results["leakers-prevented/excluding-decoys"]
    assert cells(html, row.measure) == [
        digits(row.interval.p50), f"{digits(row.interval.p10)} to {digits(row.interval.p90)}", "threats"
    ]  # fmt: skip
    assert cells(html, results["reach/2000"].measure)[0] in octopus().scenario.names.months


def test_a_run_without_a_finished_future_has_a_card(tmp_path: Path) -> None:
    """If every future failed, the card says so."""
    folder = changed(tmp_path / "a", assumptions={"raids.level,1,,,fixed": "raids.level,1e7,,,fixed"})
    run = op.simulate(folder, 2, keep_going=True)
    assert run.failed == 2
    assert "2 FAILED" in run._repr_html_()


def test_a_comparison_begins_with_its_largest_differences(half: op.Run) -> None:
    """The sentence has leakers, damage and spend, then the largest differences, if their interval excludes zero."""
    comparison = compare(pocket(), half, labels=("full", "half"))
    sentence = paragraphs(comparison._repr_html_())[0]
    assert sentence.startswith(
        "half against full: leakers, all classes +0.283 threats (+3.4 %; 95 % CI +0.118 to +0.449); damage by leakers "
    )
    assert sentence.endswith(" GBP (2025) (+3.3 %; 95 % CI +147 to +455).")
    assert len(sentence.split("; ")) >= MAX_DIFFERENCES
    listed = [row for row in main_differences(comparison.differences[0]) if row.measure in sentence]
    others = [row for row in main_differences(comparison.differences[0]) if row not in listed]
    assert len(listed) == MAX_DIFFERENCES
    assert all(is_distinguishable(row) for row in listed)
    assert {row.key for row in listed} == set(RESULTS)
    without_leakers = [row for row in comparison.differences[0] if row.key != "leakers"]
    shorter = most_different(main_differences(without_leakers), MAX_DIFFERENCES)
    largest = max((row for row in others if is_distinguishable(row)), key=relative_size)
    assert [row.key for row in shorter if row.key not in RESULTS] == [largest.key]


def test_a_difference_that_may_be_zero_is_not_in_the_sentence() -> None:
    """A mean difference whose 95 % CI includes zero is not stated as a difference."""
    scenario = ranged().scenario
    runs = [op.simulate(scenario, 40), op.simulate(scenario.change({"crews.course_cost": 1}), 40)]
    row = next(row for row in compare(*runs).differences[0] if row.key == "leakers")
    noise = replace(row, is_zero=False, first_mean=100.0)
    noise = replace(noise, interval=replace(row.interval, mean=1.0, se_mean=1.0))
    sure = replace(noise, interval=replace(row.interval, mean=3.0, se_mean=1.0))
    assert half_width(noise.interval) == pytest.approx(2.02, abs=0.01)
    sentence = "b against a: no difference of a main measure is distinguishable from zero."
    assert largest_differences("b", "a", [noise]) == sentence
    assert largest_differences("b", "a", [sure]).startswith(
        f"b against a: {row.measure} +3.00 threats (+3.0 %; 95 % CI"
    )
    assert largest_differences("b", "a", [replace(row, is_zero=True)]) == "b and a are equal in every future."
    rounding = replace(noise, interval=replace(row.interval, mean=1e-9, se_mean=0.0))
    assert largest_differences("b", "a", [rounding]) == sentence
    unknown = replace(sure, interval=replace(row.interval, mean=float("inf")))
    assert largest_differences("b", "a", [unknown]) == sentence
    single = replace(sure, interval=replace(sure.interval, se_mean=float("nan"), futures=1))
    assert difference_text(single) == f"{row.measure} +3.00 threats (+3.0 %)"


def test_more_than_two_runs_have_a_sentence_each(half: op.Run) -> None:
    """Each run is compared with the first, and the rows name the run."""
    html = compare(pocket(), pocket(), half)._repr_html_()
    first, second = paragraphs(html)
    assert first == "run 2 and run 1 are equal in every future."
    assert second.startswith("run 3 against run 1: ")
    assert cells(html, "good units made by the programme")[0] == "run 3"


def test_the_card_of_a_plan_has_its_gain_and_decisions() -> None:
    """The gain and the gap are those of the plan, and its monthly decisions are listed."""
    plan = op.optimise("pocket", futures=2)
    html = plan._repr_html_()
    answer = paragraphs(html)[0]
    assert f"saves {-plan.upper:,.1f} M GBP" in answer
    assert f"gap: {percent(plan.gap, 2)} of" in answer
    output = ", ".join(f"{value:,.15g}" for value in plan.scenario.decisions.output["bench"])
    title = plan.scenario.titles.get("plants.bench", "bench")
    assert cells(html, f"output, {title} a month") == [output]
    unmet = replace(plan, unmet_goals=("a target of <2000>",))
    assert paragraphs(unmet._repr_html_())[1] == "Not met: a target of <2000>."
