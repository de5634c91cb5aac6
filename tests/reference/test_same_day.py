"""Kernels and the reference implementation give identical results."""

import re
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
from octoplan.scenario.calibrated import with_priors
from tests.reference.campaign import Campaign
from tests.reference.simulation import COUNTERFACTUAL_TALLIES, differences, simulate_with_kernels
from tests.reference.strategies import Case, scenarios, stated_scenarios

SLOW_EXAMPLES_ALLOWED = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def as_arrays(campaign: Campaign) -> tally.Tally:
    """Tallies of the reference implementation as arrays of the shapes that kernels fill."""
    names = campaign.scenario.names
    labels = tally.axis_labels(names)
    arrays = tally.empty_tally(names)
    for row in tally.TALLIES:
        for labels_of_value, value in campaign.tally.get(row.name, {}).items():
            index = tuple(labels[axis].index(label) for axis, label in zip(row.axes, labels_of_value, strict=True))
            getattr(arrays, row.name)[index] = value
    return arrays


def reference_tally(compiled: Compiled, assumptions: Floats, seed: int, future: int) -> tally.Tally:
    """Tallies of one future by the reference implementation, with the unit accounts checked every day."""
    campaign = Campaign(compiled, entity_records(compiled, assumptions), seed, future)
    for _ in campaign.days():
        assert_accounts(campaign)
    return as_arrays(campaign)


def assert_identical_results(compiled: Compiled, assumptions: Floats, seed: int, future: int) -> None:
    expected, counterfactual = simulate_with_kernels(compiled, assumptions, seed, future)
    without_programme = compiled._replace(
        plan=compiled.plan._replace(in_programme=np.zeros_like(compiled.plan.in_programme))
    )
    assert not list(differences(expected, reference_tally(compiled, assumptions, seed, future), expected._fields))
    assert not list(
        differences(
            counterfactual, reference_tally(without_programme, assumptions, seed, future), COUNTERFACTUAL_TALLIES
        )
    )


def assert_accounts(campaign: Campaign) -> None:
    """Units produced equal units at plants, in transit, in regions, spent, lost and scrapped; no stock is negative."""
    at_plants, in_transit, in_regions = campaign.at_plants, campaign.in_transit, campaign.in_regions
    for design in campaign.scenario.names.designs:
        removed = campaign.spent[design] + campaign.lost[design] + campaign.scrapped[design]
        removed += campaign.diverted[design]
        assert campaign.produced[design] == at_plants[design] + in_transit[design] + in_regions[design] + removed
    stores: list[Counter[Any]] = [*campaign.stock.values(), *(state.stock for state in campaign.plants.values())]
    stores += [campaign.on_hand, campaign.backlog, campaign.spent, campaign.lost, campaign.scrapped]
    assert all(count >= 0 for store in stores for count in store.values())
    assert campaign.trained >= 0
    assert campaign.kits >= 0


@given(scenarios())
@settings(SLOW_EXAMPLES_ALLOWED, max_examples=150)
def test_random_scenarios(case: Case) -> None:
    """All tallies of random scenarios are bit-identical, and the unit accounts balance every day."""
    assert_identical_results(case.compiled, case.assumptions, case.seed, case.future)


@given(stated_scenarios())
@settings(SLOW_EXAMPLES_ALLOWED, max_examples=100)
def test_random_states(case: Case) -> None:
    """Tallies with a known state are bit-identical, with and without the programme."""
    assert_identical_results(case.compiled, case.assumptions, case.seed, case.future)


def test_pocket() -> None:
    """The built-in scenario `pocket` over its full horizon."""
    scenario = load("pocket")
    draws = scenario.quantiles(uniforms(7, [f"belief/{name}" for name in scenario.columns], 2))
    for future, assumptions in enumerate(draws):
        assert_identical_results(scenario.compile(), assumptions, 7, future)


@pytest.mark.parametrize("future", [0, 1])
def test_octopus(tmp_path: Path, future: int) -> None:
    """The first two months of the built-in scenario `octopus` with its priors, and levels of these months."""
    for file, content in with_priors(load("octopus")).files.items():
        if file != "observations.csv":  # of months that the shorter scenario does not have
            lines = content.decode().splitlines(keepends=True)
            later = re.compile(r"levels\.[a-z-]+\.2026-")
            (tmp_path / file).write_text("".join(line for line in lines if not later.match(line)), "utf-8")
    programme = tmp_path / "programme.toml"
    text = programme.read_text()
    assert "months = 24" in text
    programme.write_text(text.replace("months = 24", "months = 2"))
    scenario = load(tmp_path)
    draws = scenario.quantiles(uniforms(1, [f"belief/{name}" for name in scenario.columns], 2))
    assert_identical_results(scenario.compile(), draws[future], 1, future)
