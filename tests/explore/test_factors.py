"""Independent factors: what is drawn together is one factor, and nothing else."""

import numpy as np
import pytest

from octoplan.errors import RunError
from octoplan.explore.factors import CALIBRATED, Factor, components, correlated_columns, factors_of, uncertain_columns
from octoplan.explore.results import CHANCE, OTHERS
from octoplan.outcomes.sampling import latin_hypercube
from octoplan.scenario import Scenario, load
from tests.outcomes.runs import calibrated_scenario, ranged

GROUP = {"windows": ["engagement.*.*.window", "plants.uk-1.labour_rate"]}


@pytest.fixture(scope="module")
def octopus() -> Scenario:
    return load("octopus")


def by_name(factors: tuple[Factor, ...]) -> dict[str, Factor]:
    return {factor.name: factor for factor in factors}


def test_components_divide_the_uncertain_assumptions(octopus: Scenario) -> None:
    """Every uncertain assumption is in exactly one set; correlated pairs and calibrated rows are in the same set."""
    sets = components(octopus)
    assert sorted(column for columns in sets for column in columns) == list(uncertain_columns(octopus))
    set_of = {column: columns for columns in sets for column in columns}
    copula = octopus.copula
    correlation = copula.cholesky_factor @ copula.cholesky_factor.T
    for i, first in enumerate(copula.columns):
        for j, second in enumerate(copula.columns):
            assert abs(correlation[i, j]) < 1e-12 or second in set_of[first]
    assert octopus.joint_draws is not None
    assert set_of[int(octopus.joint_draws.columns[0])] == tuple(octopus.joint_draws.columns.tolist())
    correlated = {*copula.columns, *octopus.joint_draws.columns.tolist()}
    assert correlated_columns(octopus) == correlated


def test_inputs_of_a_factor_move_its_draws_only(octopus: Scenario) -> None:
    """Other inputs for one set leave the draws of all others as they are, to the last bit."""
    inputs, others = (latin_hypercube(seed, octopus.columns, 8) for seed in (1, 2))
    before = octopus.quantiles(inputs)
    inflation = {octopus.columns.index(f"currencies.{name}.inflation") for name in octopus.names.currencies}
    for columns in components(octopus):
        if len(columns) == 1 or inflation & set(columns):
            continue
        changed = inputs.copy()
        changed[:, list(columns)] = others[:, list(columns)]
        moved = set(np.flatnonzero((octopus.quantiles(changed) != before).any(axis=0)).tolist())
        assert 1 < len(moved) <= len(moved & set(columns))


def test_factors_are_groups_then_assumptions_others_and_chance(octopus: Scenario) -> None:
    """Factors have no column in common and together all uncertain ones; an assumption in a group is no other factor."""
    factors, _ = factors_of(octopus, ["raids.wander", "engagement.*.kyiv-city.window"], GROUP)
    assert [factor.name for factor in factors] == ["windows", "raids.salvo_share+13", OTHERS, CHANCE]
    columns = [column for factor in factors for column in factor.columns]
    assert sorted(columns) == list(uncertain_columns(octopus))
    assert by_name(factors)["raids.salvo_share+13"].title.endswith("and 13 assumptions correlated with it")
    assert by_name(factors)[CHANCE].columns == ()


def test_a_group_that_cuts_correlated_assumptions_is_widened(octopus: Scenario) -> None:
    """The widened group is stated, with the names of what is added."""
    factors, notes = factors_of(octopus, [], GROUP)
    names = {octopus.columns[column] for column in factors[0].columns}
    assert {"engagement.*.kyiv-city.window", "engagement.*.kyiv-oblast.window", "plants.uk-2.labour_rate"} < names
    added = "plants.uk-2.labour_rate, engagement.*.kyiv-city.window and engagement.*.kyiv-oblast.window"
    assert notes == (f"The group windows includes {added} too, because they depend on its assumptions.",)
    assert factors_of(octopus, [], {"windows": sorted(names)}) == (factors, ())


def test_calibrated_assumptions_are_one_factor() -> None:
    """A calibrated assumption stands for all that are drawn jointly with it; an independent one for itself."""
    scenario = calibrated_scenario()
    names = ["threats.drone.damage", "lethality.pocket.drone.p_kill", "plants.bench.labour_rate"]
    factors, _ = factors_of(scenario, names)
    assert [factor.name for factor in factors] == [CALIBRATED, "plants.bench.labour_rate", OTHERS, CHANCE]
    assert {scenario.columns[column] for column in factors[0].columns} == set(names[:2])
    assert factors[0].title == "the 2 calibrated assumptions, which are drawn jointly"


@pytest.mark.parametrize(
    ("names", "groups", "message"),
    [
        (["raids.wandr"], {}, "there is no assumption 'raids.wandr'; did you mean 'raids.wander'"),
        ([], {"a": ["raids.wandr"]}, "there is no assumption 'raids.wandr'; did you mean 'raids.wander'"),
        ([], {"chance": ["raids.wander"]}, "a group cannot have the name 'chance'"),
        ([], {"raids.begin": ["raids.wander"]}, "a group cannot have the name 'raids.begin'"),
        ([], {"a": ["raids.wander"], "b": ["raids.begin"]}, "the groups 'a' and 'b' are not independent: .*11 more"),
    ],
)
def test_wrong_factors_are_refused(
    octopus: Scenario, names: list[str], groups: dict[str, list[str]], message: str
) -> None:
    """A message says what is wrong and what would do."""
    with pytest.raises(RunError, match=message):
        factors_of(octopus, names, groups)


def test_an_assumption_without_a_range_is_refused() -> None:
    """It is the same in all futures, alone or as a group."""
    scenario = ranged().scenario
    with pytest.raises(RunError, match=r"'crews\.initial' has no range"):
        factors_of(scenario, ["crews.initial"])
    with pytest.raises(RunError, match="none of its assumptions has a range"):
        factors_of(scenario, [], {"crew": ["crews.initial"]})
