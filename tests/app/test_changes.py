"""Texts of an address become the files of a changed scenario, or problems with their place."""

from dataclasses import replace

import pytest

from octoplan.app.changes import Changes, changed, parse_monthly_values, read
from octoplan.errors import QuantityError, RequestError, ScenarioError
from octoplan.scenario import Scenario, load
from octoplan.scenario.csv_text import cells_of, csv_text
from octoplan.scenario.scenario import read_files


def with_file(scenario: Scenario, name: str, content: bytes) -> Scenario:
    return read_files({**scenario.files, name: content}, "x")


def test_no_change_returns_the_baseline() -> None:
    """Without a change the same scenario comes back."""
    baseline = load("octopus")
    assert changed(baseline, read({"view": "supply", "of": baseline.hash})) is baseline


def test_a_figure_and_a_range() -> None:
    """A figure fixes an assumption; a range has its ends as P10 and P90, in the row's unit; other rows stay."""
    baseline = load("octopus")
    scenario = changed(baseline, read({"a.crews.on_duty": "0.3", "a.crews.course": "30 to 60"}))
    rows = {assumption.name: assumption for assumption in scenario.assumptions}
    assert rows["crews.on_duty"].is_fixed
    assert rows["crews.on_duty"].median == 0.3
    assert rows["crews.course"].quantile([0.1, 0.9]) == pytest.approx([30.0, 60.0])
    assert rows["crews.course"].note.startswith("Changed in the page")
    for before in baseline.assumptions:
        if before.name not in ("crews.on_duty", "crews.course"):
            assert replace(rows[before.name], file="", line=0) == replace(before, file="", line=0)


def test_a_range_of_a_fixed_share_stays_a_share() -> None:
    """A range for a number between 0 and 1 that was fixed stays within its bounds."""
    scenario = changed(load("pocket"), read({"a.crews.on_duty": "0.5 to 0.95"}))
    row = next(assumption for assumption in scenario.assumptions if assumption.name == "crews.on_duty")
    low, ten, ninety, high = row.quantile([0.0, 0.1, 0.9, 1.0])
    assert (ten, ninety) == pytest.approx((0.5, 0.95))
    assert 0.0 <= low <= high <= 1.0


def test_a_factor_and_a_list() -> None:
    """A factor multiplies every month, rounded where the baseline is whole; a list replaces them."""
    baseline = load("octopus")
    scenario = changed(baseline, read({"d.crews.intake": "x1.5", "d.output.uk-1": "10, 20.5"}))
    assert list(scenario.decisions.crews.intake) == [round(1.5 * n) for n in baseline.decisions.crews.intake]
    assert list(scenario.decisions.output["uk-1"]) == [10, 20.5]
    assert parse_monthly_values([60, 60.5], "×2") == [120, 121.0]


def test_cells_are_written_under_their_columns() -> None:
    """The order of columns in the file does not matter, nor do a byte order mark and the ends of lines."""
    baseline = load("pocket")
    rows = [[row[0], *row[:0:-1]] for row in cells_of(baseline.files["assumptions.csv"])]
    text = csv_text(rows).replace("\n", "\r\n")
    scenario = changed(
        with_file(baseline, "assumptions.csv", b"\xef\xbb\xbf" + text.encode()), read({"a.crews.initial": "5"})
    )
    row = next(row for row in scenario.assumptions if row.name == "crews.initial")
    before = next(row for row in baseline.assumptions if row.name == "crews.initial")
    assert (row.median, row.low, row.high) == (5.0, None, None)
    assert (row.owner, row.date, row.quality) == (before.owner, before.date, before.quality)
    assert row.note == f"Changed in the page; before: {before.note}"


def test_decisions_keep_their_comments_and_byte_order_mark_is_accepted() -> None:
    """Only the changed value differs; a byte order mark and Windows line ends are accepted."""
    baseline = load("pocket")
    text = baseline.files["decisions.toml"].decode()
    commented = "\ufeff# the plan of March\r\n" + text.replace("\n", "  # kept\r\n", 1)
    scenario = changed(with_file(baseline, "decisions.toml", commented.encode()), read({"d.kits.order": "5, 6"}))
    content = scenario.files["decisions.toml"].decode()
    assert list(scenario.decisions.kits.order) == [5, 6]
    assert "# the plan of March" in content
    assert "# kept" in content
    assert scenario.decisions.output == baseline.decisions.output


def test_every_problem_is_reported_at_once() -> None:
    """Unknown names, fitted rows and texts that are not figures are all reported, and nothing is changed."""
    texts = {"no.such": "1", "packages.drones.routine_mean": "5"}
    with pytest.raises(ScenarioError) as error:
        changed(load("octopus"), Changes(texts, {"crews.intake": "many", "doctrine.queue": "x2"}))
    report = "\n".join(str(problem) for problem in error.value.problems)
    assert "no assumption 'no.such'" in report
    assert "fitted to a record" in report
    assert "'many' cannot be read" in report
    assert "no monthly list 'doctrine.queue'" in report


@pytest.mark.parametrize("text", ["7", "lots", "", "nan", "inf", "1e999", "-1", "5 to", "9 to 5", "x2", "1,5", "\x00"])
def test_what_a_file_refuses_is_refused_with_its_line(text: str) -> None:
    """A text that the row cannot hold is refused by the check of the file, with the row's line."""
    with pytest.raises(ScenarioError, match=r"assumptions\.csv:\d+"):
        changed(load("pocket"), read({"a.crews.on_duty": text}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "many",
        "nan",
        "inf",
        "1e999",
        "x",
        "xnan",
        "x1e308",
        "x-1",
        "-5",
        "1;2",
        "1e13",
        "60.000",
        "²",
        "1_0",
        "1,,2",
    ],
)
def test_a_monthly_list_that_cannot_be_is_refused(text: str) -> None:
    """A factor or a list with an invalid number is refused."""
    with pytest.raises(ScenarioError, match=r"decisions\.toml"):
        changed(load("pocket"), read({"d.output.bench": text}))


def test_a_figure_with_two_readings_names_both() -> None:
    """60.000 can be 60 or 60,000."""
    with pytest.raises(QuantityError, match=r"'60\.000' can be read as 60 or as 60,000"):
        parse_monthly_values([1], "60.000")


def test_an_unknown_kind_of_change_is_refused() -> None:
    """A name with another prefix is reported, not left out; parameters without a prefix are left alone."""
    with pytest.raises(RequestError, match=r"'c\.crews' is not the name of a change"):
        read({"c.crews": "1", "view": "supply"})
