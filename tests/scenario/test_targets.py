"""Targets for the monthly output: decisions of the scenario, reported by measures and sentences."""

import pytest

import octoplan as op
from octoplan.errors import ScenarioError
from octoplan.scenario.scenario import with_files


def test_targets_are_decisions() -> None:
    """The first month with each target is a measure; targets are sorted, and a change replaces them."""
    scenario = op.load("pocket").change({"targets.output": [400, 200]})
    assert scenario.output_targets == (200, 400)
    results = op.simulate(scenario, 4).key_results()
    assert results["reach/200"].interval.p50 == 0.0
    assert "reach/2000" not in results


def test_milestones_of_the_programme_are_read_with_a_warning() -> None:
    pocket = op.load("pocket")
    programme = pocket.files["programme.toml"].decode().replace("months = 3", "months = 3\nmilestones = [500]")
    decisions = pocket.files["decisions.toml"].decode().replace("[targets]\noutput = [1000, 2000]", "[targets]")
    old = with_files(pocket, {"programme.toml": programme, "decisions.toml": decisions})
    assert old.output_targets == (500,)
    assert [warning.message for warning in old.warnings] == [
        "milestones: targets are decisions; move the list to decisions.toml as output in a table [targets]"
    ]


@pytest.mark.parametrize("text", ["[0]", "[1.5]", "[-3]", '["many"]'])
def test_targets_that_are_not_positive_whole_numbers_are_refused(text: str) -> None:
    pocket = op.load("pocket")
    decisions = pocket.files["decisions.toml"].decode().replace("[1000, 2000]", text)
    with pytest.raises(ScenarioError, match=r"decisions\.toml:\d+: targets\.output"):
        with_files(pocket, {"decisions.toml": decisions})
