"""Presets: each changes what it says, and only those that a scenario can express are offered."""

from pathlib import Path

import numpy as np
import pytest

from octoplan.app.changes import apply_changes, read_changes
from octoplan.app.presets import Preset, presets
from octoplan.outcomes.run import Run
from octoplan.outcomes.simulate import simulate
from octoplan.scenario import Scenario, load
from tests.outcomes.runs import changed


@pytest.fixture(scope="module")
def octopus(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """The first 6 months of octopus."""
    folder = tmp_path_factory.mktemp("scenarios") / "octopus"
    changed(folder, load("octopus"), programme={"months = 24": "months = 6"})
    return load(folder)


@pytest.fixture(scope="module")
def baseline(octopus: Scenario) -> Run:
    return simulate(octopus, 2, 1)


def preset_of(scenario: Scenario, name: str) -> Preset:
    """The preset of a name."""
    return next(preset for preset in presets(scenario) if preset.name == name)


def run_of(scenario: Scenario, name: str) -> Run:
    """Two futures of a preset."""
    return simulate(apply_changes(scenario, read_changes(preset_of(scenario, name).changes)), 2, 1)


def test_octopus_has_all_presets_and_pocket_those_that_it_can_express(octopus: Scenario) -> None:
    """With one plant there is no choice of country, without crew intake nothing to double, without makers no half."""
    assert [preset.name for preset in presets(octopus)] == [
        "no-programme", "double-crews-and-kits", "all-made-in-uk", "all-made-in-ua", "other-makers-deliver-half",
    ]  # fmt: skip
    assert [preset.name for preset in presets(load("pocket"))] == ["no-programme"]
    titles = {preset.name: preset.title for preset in presets(octopus)}
    assert titles["all-made-in-ua"] == "All made in Ukraine"


@pytest.mark.parametrize("name", ["octopus", "pocket"])
def test_no_programme_is_the_counterfactual(octopus: Scenario, name: str) -> None:
    """Without the programme nothing is made, and leakers and spend are those of the counterfactual."""
    run = run_of(octopus if name == "octopus" else load("pocket"), "no-programme")
    assert not run.data["good"].any()
    for tally in ("leaked", "spend"):
        assert np.array_equal(run.data[tally], run.counterfactual[tally])


def test_crews_and_kits_are_doubled(octopus: Scenario) -> None:
    """Crew intake and kits ordered are twice as large in every month."""
    twice = apply_changes(octopus, read_changes(preset_of(octopus, "double-crews-and-kits").changes)).decisions
    assert twice.crews.intake == [2 * value for value in octopus.decisions.crews.intake]
    assert twice.kits.order == [2 * value for value in octopus.decisions.kits.order]


@pytest.mark.parametrize(("country", "other"), [("ua", "uk"), ("uk", "ua")])
def test_all_is_made_in_one_country(octopus: Scenario, baseline: Run, country: str, other: str) -> None:
    """Plants elsewhere make nothing, those in the country more; the requests of the last month add up to the same."""
    run = run_of(octopus, f"all-made-in-{country}")
    plants = run.compiled.names.plants
    rows = [plant.startswith(country) for plant in plants]
    assert run.data["good"].sel(plant=[plant for plant in plants if plant.startswith(other)]).sum() == 0
    assert (run.data["good"] - baseline.data["good"]).sum(("future", "month")).values[rows].sum() > 0
    last = [
        sum(version.output[plant][-1] for plant in plants) for version in (run.scenario.decisions, octopus.decisions)
    ]
    assert last[0] == pytest.approx(last[1], rel=0.01)


def test_other_makers_deliver_half(octopus: Scenario) -> None:
    """The median and both ends of the deliveries of other makers are about half of those of the baseline."""
    half = apply_changes(octopus, read_changes(preset_of(octopus, "other-makers-deliver-half").changes))
    for parameter in ("rate_start", "rate_full"):
        before, after = (
            next(row for row in version.assumptions if row.name == f"makers.other.{parameter}").quantile(
                [0.1, 0.5, 0.9]
            )
            for version in (octopus, half)
        )
        assert after == pytest.approx(0.5 * before, rel=0.05)


def test_presets_have_distinct_names_and_notes(octopus: Scenario) -> None:
    """Names are those of links, and titles and notes are sentences in words."""
    offered = presets(octopus)
    for values in ([p.name for p in offered], [p.title for p in offered], [p.note for p in offered]):
        assert len(set(values)) == len(offered)
    for preset in offered:
        assert preset.name == preset.name.lower().replace(" ", "-")
        assert preset.note.endswith(".")


def test_a_scenario_without_plants_has_no_preset_without_them(tmp_path: Path) -> None:
    """A programme that makes nothing already offers no preset without the programme."""
    folder = tmp_path / "pocket"
    changed(folder, load("pocket"), decisions={"bench = [310, 280, 310]": "bench = 0"})
    assert presets(load(folder)) == []
