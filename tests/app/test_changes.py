"""Words of an address become files of a scenario, or problems in words."""

import pytest

from octoplan.app.changes import Changes, changed, months, read
from octoplan.errors import ScenarioError
from octoplan.scenario import load


def test_nothing_changed_is_the_scenario() -> None:
    """Without a change the scenario itself comes back, hash and all."""
    own = load("octopus")
    assert changed(own, read({"view": "supply", "of": own.hash})) is own


def test_a_figure_and_a_range() -> None:
    """A figure makes a row known; a range has its ends as P10 and P90, in the row's unit."""
    own = load("octopus")
    other = changed(own, read({"b.crews.on_duty": "0.3", "b.crews.course": "30 to 60"}))
    rows = {assumption.name: assumption for assumption in other.assumptions}
    assert rows["crews.on_duty"].known
    assert rows["crews.on_duty"].median == 0.3
    assert rows["crews.course"].quantile([0.1, 0.9]) == pytest.approx([30.0, 60.0])
    assert rows["crews.course"].note.startswith("Changed in the page")
    assert {b.name: b.quantile(0.5) for b in own.assumptions if b.name not in rows} == {}


def test_a_known_share_given_a_range_stays_a_share() -> None:
    """A range for a number between 0 and 1 that was known stays within its bounds."""
    other = changed(load("pocket"), read({"b.crews.on_duty": "0.5 to 0.95"}))
    row = next(assumption for assumption in other.assumptions if assumption.name == "crews.on_duty")
    low, ten, ninety, high = row.quantile([0.0, 0.1, 0.9, 1.0])
    assert (ten, ninety) == pytest.approx((0.5, 0.95))
    assert 0.0 <= low <= high <= 1.0


def test_a_factor_and_a_list() -> None:
    """A factor multiplies every month, whole where it was whole; a list replaces them."""
    own = load("octopus")
    other = changed(own, read({"d.crews.intake": "x1.5", "d.output.uk-1": "10, 20.5"}))
    assert list(other.decisions.crews.intake) == [round(1.5 * n) for n in own.decisions.crews.intake]
    assert list(other.decisions.output["uk-1"]) == [10, 20.5]
    assert months([60, 60.5], "×2") == [120, 121.0]


def test_everything_wrong_is_said_at_once() -> None:
    """Unknown names, fitted rows and words that are no figures are all reported, and nothing is changed."""
    words = {"no.such": "1", "packages.drones.routine_mean": "5"}
    with pytest.raises(ScenarioError) as found:
        changed(load("octopus"), Changes(words, {"crews.intake": "many", "doctrine.queue": "x2"}))
    said = "\n".join(str(problem) for problem in found.value.problems)
    assert "no assumption 'no.such'" in said
    assert "fitted to a record" in said
    assert "'many' cannot be read" in said
    assert "no list by month 'doctrine.queue'" in said


def test_what_the_scenario_refuses_is_refused_with_its_line() -> None:
    """A figure outside the lawful range is refused by the same check as a file, with the row's line."""
    with pytest.raises(ScenarioError, match=r"assumptions\.csv:\d+"):
        changed(load("pocket"), read({"b.crews.on_duty": "7"}))
