"""The kernels and a plain-Python campaign live the same days, number for number."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from octoplan.campaign import tally
from octoplan.campaign.streams import uniforms
from octoplan.scenario import load
from octoplan.scenario.arrays import Compiled, Floats, entity_records
from octoplan.scenario.scenario import shipped_folder
from tests.reference.campaign import Campaign
from tests.reference.simulation import SHARED, differences, simulated
from tests.reference.strategies import Drawn, scenarios, stated_scenarios

LOOSE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def as_arrays(campaign: Campaign) -> tally.Tally:
    """The tally of the reference in the shape of the kernels'."""
    names = campaign.cast.names
    labels = tally.axis_labels(names)
    arrays = tally.empty_tally(names)
    for row in tally.TALLIES:
        for found, counted in campaign.tally.get(row.name, {}).items():
            place = tuple(labels[axis].index(label) for axis, label in zip(row.axes, found, strict=True))
            getattr(arrays, row.name)[place] = counted
    return arrays


def lived(compiled: Compiled, assumptions: Floats, seed: int, future: int) -> tally.Tally:
    """The tally of a future as the reference lives it, its accounts checked every evening."""
    campaign = Campaign(compiled, entity_records(compiled, assumptions), seed, future)
    for _ in campaign.days():
        assert_accounts(campaign)
    return as_arrays(campaign)


def assert_the_same(compiled: Compiled, assumptions: Floats, seed: int, future: int) -> None:
    whole, shadow = simulated(compiled, assumptions, seed, future)
    apart = compiled._replace(plan=compiled.plan._replace(programme=np.zeros_like(compiled.plan.programme)))
    assert not list(differences(whole, lived(compiled, assumptions, seed, future), whole._fields))
    assert not list(differences(shadow, lived(apart, assumptions, seed, future), SHARED))


def assert_accounts(campaign: Campaign) -> None:
    """Units made are at the plants, under way, in a region, spent, lost or scrapped; nothing is ever negative."""
    waiting, moving, standing = campaign.waiting, campaign.moving, campaign.standing
    for design in campaign.cast.names.designs:
        gone = campaign.spent[design] + campaign.lost[design] + campaign.scrapped[design]
        assert campaign.made[design] == waiting[design] + moving[design] + standing[design] + gone
    stores: list[Counter[Any]] = [*campaign.stock.values(), *(site.waiting for site in campaign.sites.values())]
    stores += [campaign.on_hand, campaign.backlog, campaign.spent, campaign.lost, campaign.scrapped]
    assert all(count >= 0 for store in stores for count in store.values())
    assert campaign.trained >= 0
    assert campaign.kits >= 0


@given(scenarios())
@settings(LOOSE, max_examples=150)
def test_random_scenarios(drawn: Drawn) -> None:
    """Over random scenarios every tally is equal to the last bit, and the accounts close every day."""
    assert_the_same(drawn.compiled, drawn.assumptions, drawn.seed, drawn.future)


@given(stated_scenarios())
@settings(LOOSE, max_examples=100)
def test_random_states(drawn: Drawn) -> None:
    """What is known on a date takes its place alike in both, with the programme and without, to the last bit."""
    assert_the_same(drawn.compiled, drawn.assumptions, drawn.seed, drawn.future)


def test_pocket() -> None:
    """The shipped `pocket` in full."""
    scenario = load("pocket")
    drawn = scenario.quantiles(uniforms(7, [f"belief/{name}" for name in scenario.columns], 2))
    for future, assumptions in enumerate(drawn):
        assert_the_same(scenario.compile(), assumptions, 7, future)


@pytest.mark.parametrize("future", [0, 1])
def test_octopus(tmp_path: Path, future: int) -> None:
    """The first two months of the shipped `octopus`."""
    for file in shipped_folder("octopus").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    programme = tmp_path / "programme.toml"
    text = programme.read_text()
    assert "months = 24" in text
    programme.write_text(text.replace("months = 24", "months = 2"))
    scenario = load(tmp_path)
    drawn = scenario.quantiles(uniforms(1, [f"belief/{name}" for name in scenario.columns], 2))
    assert_the_same(scenario.compile(), drawn[future], 1, future)
