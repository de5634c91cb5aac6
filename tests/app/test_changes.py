"""Changes in an address: written into the files of the scenario, or refused with file and line."""

from dataclasses import replace

import pytest

from octoplan.app.changes import Changes, apply_changes, read_changes
from octoplan.errors import QuantityError, RequestError, ScenarioError
from octoplan.scenario import Scenario, load
from octoplan.scenario.changes import parse_monthly_values
from octoplan.scenario.csv_text import cells_of, csv_text
from octoplan.scenario.scenario import read_files


def with_file(scenario: Scenario, name: str, content: bytes) -> Scenario:
    return read_files({**scenario.files, name: content}, "x")


def test_no_change_returns_the_baseline() -> None:
    """Without a change the result is the baseline itself."""
    baseline = load("octopus")
    assert apply_changes(baseline, read_changes({"view": "supply", "of": baseline.hash})) is baseline


def test_a_value_and_a_range() -> None:
    """A value fixes an assumption; a range states P10 and P90, in the unit of the row; other rows do not change."""
    baseline = load("octopus")
    scenario = apply_changes(baseline, read_changes({"a.crews.on_duty": "0.3", "a.crews.course": "30 to 60"}))
    rows = {assumption.name: assumption for assumption in scenario.assumptions}
    assert rows["crews.on_duty"].is_fixed
    assert rows["crews.on_duty"].median == 0.3
    assert rows["crews.course"].quantile([0.1, 0.9]) == pytest.approx([30.0, 60.0])
    assert rows["crews.course"].note.startswith("Changed on the page")
    for before in baseline.assumptions:
        if before.name not in ("crews.on_duty", "crews.course"):
            assert replace(rows[before.name], file="", line=0) == replace(before, file="", line=0)


def test_a_range_of_a_fixed_share_stays_a_share() -> None:
    """If a fixed share gets a range, its distribution stays between 0 and 1."""
    scenario = apply_changes(load("pocket"), read_changes({"a.crews.on_duty": "0.5 to 0.95"}))
    row = next(assumption for assumption in scenario.assumptions if assumption.name == "crews.on_duty")
    low, ten, ninety, high = row.quantile([0.0, 0.1, 0.9, 1.0])
    assert (ten, ninety) == pytest.approx((0.5, 0.95))
    assert 0.0 <= low <= high <= 1.0


def test_a_factor_and_a_list() -> None:
    """A factor multiplies every monthly value, rounded if the baseline is an integer; a list replaces the values."""
    baseline = load("octopus")
    scenario = apply_changes(baseline, read_changes({"d.crews.intake": "x1.5", "d.output.uk-1": "10, 20.5"}))
    assert list(scenario.decisions.crews.intake) == [round(1.5 * n) for n in baseline.decisions.crews.intake]
    assert list(scenario.decisions.output["uk-1"]) == [10, 20.5]
    assert parse_monthly_values([60, 60.5], "×2") == [120, 121.0]


def test_cells_are_written_under_their_columns() -> None:
    """The order of columns, a byte order mark and Windows line ends do not matter."""
    baseline = load("pocket")
    rows = [[row[0], *row[:0:-1]] for row in cells_of(baseline.files["assumptions.csv"])]
    text = csv_text(rows).replace("\n", "\r\n")
    scenario = apply_changes(
        with_file(baseline, "assumptions.csv", b"\xef\xbb\xbf" + text.encode()), read_changes({"a.crews.initial": "5"})
    )
    row = next(row for row in scenario.assumptions if row.name == "crews.initial")
    before = next(row for row in baseline.assumptions if row.name == "crews.initial")
    assert (row.median, row.low, row.high) == (5.0, None, None)
    assert (row.owner, row.date, row.quality) == (before.owner, before.date, before.quality)
    assert row.note == f"Changed on the page; note of the baseline: {before.note}"


def test_decisions_keep_their_comments_and_byte_order_mark_is_accepted() -> None:
    """Only the changed value differs; a byte order mark and Windows line ends are accepted."""
    baseline = load("pocket")
    text = baseline.files["decisions.toml"].decode()
    commented = "\ufeff# the plan of March\r\n" + text.replace("\n", "  # kept\r\n", 1)
    scenario = apply_changes(
        with_file(baseline, "decisions.toml", commented.encode()), read_changes({"d.kits.order": "5, 6"})
    )
    content = scenario.files["decisions.toml"].decode()
    assert list(scenario.decisions.kits.order) == [5, 6]
    assert "# the plan of March" in content
    assert "# kept" in content
    assert scenario.decisions.output == baseline.decisions.output


def test_every_problem_is_reported_at_once() -> None:
    """Unknown names, fitted assumptions and invalid values are all reported, and nothing is changed."""
    texts = {"no.such": "1", "packages.drones.routine_mean": "5"}
    with pytest.raises(ScenarioError) as error:
        apply_changes(load("octopus"), Changes(texts, {"crews.intake": "many", "doctrine.queue": "x2"}))
    report = "\n".join(str(problem) for problem in error.value.problems)
    assert "no assumption 'no.such'" in report
    assert "fitted to a record" in report
    assert "'many' cannot be read" in report
    assert "doctrine.queue: 'x2' is not valid" in report


@pytest.mark.parametrize("text", ["7", "lots", "", "nan", "inf", "1e999", "-1", "5 to", "9 to 5", "x2", "1,5", "\x00"])
def test_a_value_that_the_file_refuses_is_refused_with_its_line(text: str) -> None:
    """A value that is not valid in ``assumptions.csv`` is refused with the line of its row."""
    with pytest.raises(ScenarioError, match=r"assumptions\.csv:\d+"):
        apply_changes(load("pocket"), read_changes({"a.crews.on_duty": text}))


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
def test_an_invalid_monthly_list_is_refused(text: str) -> None:
    """A factor or a list with an invalid number is refused."""
    with pytest.raises(ScenarioError, match=r"decisions\.toml"):
        apply_changes(load("pocket"), read_changes({"d.output.bench": text}))


def test_an_ambiguous_number_is_refused_with_both_readings() -> None:
    """60.000 can be read as 60 or as 60,000."""
    with pytest.raises(QuantityError, match=r"'60\.000' can be read as 60 or as 60,000"):
        parse_monthly_values([1], "60.000")


def test_an_unknown_kind_of_change_is_refused() -> None:
    """A change with an unknown prefix is refused, not ignored; parameters without a prefix are ignored."""
    with pytest.raises(RequestError, match=r"'c\.crews' is not the name of a change"):
        read_changes({"c.crews": "1", "view": "supply"})
