"""Decisions that are compared, and their net benefits, against runs of the changed scenarios."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from octoplan.api import Run, simulate
from octoplan.errors import RunError, ScenarioError
from octoplan.explore.decisions import (
    AS_DECIDED,
    DOUBLED,
    NO_PROGRAMME,
    Changes,
    benefits,
    decisions_of,
    draws_for,
    simulate_decisions,
)
from octoplan.explore.evaluate import Evaluations
from octoplan.outcomes.finance import net_benefit
from octoplan.scenario import load
from octoplan.scenario.scenario import with_files
from tests.outcomes.runs import pocket, ranged


def compared(run: Run, stated: Mapping[str, Changes]) -> np.ndarray:
    """(futures, decisions) net benefits."""
    decisions = decisions_of(run.scenario, stated)
    return benefits(decisions, simulate_decisions(run, decisions, Evaluations())).values


def test_the_two_decisions_that_are_always_compared() -> None:
    """As decided and no programme come first; twice the crews and kits follow if the scenario has both."""
    assert [item.name for item in decisions_of(load("pocket"))] == [AS_DECIDED, NO_PROGRAMME]
    decisions = decisions_of(load("octopus"))
    assert [item.name for item in decisions] == [AS_DECIDED, NO_PROGRAMME, DOUBLED]
    assert [item.is_counterfactual for item in decisions] == [False, True, False]
    base, double = load("octopus").decisions, decisions[2].scenario.decisions
    assert double.crews.intake == [2 * crews for crews in base.crews.intake]
    assert double.kits.order == [2 * kits for kits in base.kits.order]
    assert len(decisions_of(load("octopus"), {})) == 2


def test_the_net_benefit_of_the_programme_is_that_of_the_run() -> None:
    """The damage of pocket is a fixed amount per leaker, so that its mean is the damage drawn."""
    run = pocket()
    values = compared(run, {})
    assert values[:, 0] - values[:, 1] == pytest.approx(net_benefit(run), rel=1e-9)


def test_another_decision_is_simulated_in_the_same_futures() -> None:
    """The net benefit is minus damage and spend in a run of the changed scenario with the same seed."""
    run = pocket(24)
    values = compared(run, {"less": {"output.bench": "x0.1"}})
    changed = simulate(run.scenario.change({"output.bench": "x0.1"}), 24, 1)
    spend = changed.data["spend"].sum(("month", "cost", "payer")).values
    leakers = changed.data["leaked"].sum(("month", "region", "threat")).values
    assert values[:, 2] == pytest.approx(-(100_000.0 * leakers + spend), rel=1e-12)
    assert (values[:, 2] != values[:, 0]).any()
    assert np.array_equal(values[:, :2], compared(run, {}))


def test_another_file_of_decisions_is_the_same_as_its_changes(tmp_path: Path) -> None:
    """A decision may be stated as changes, or as a file."""
    run = pocket(16)
    changed = run.scenario.change({"crews.intake": [4, 0, 0]})
    (tmp_path / "decisions.toml").write_bytes(changed.files["decisions.toml"])
    values = compared(run, {"changes": {"crews.intake": [4, 0, 0]}, "file": tmp_path / "decisions.toml"})
    assert np.array_equal(values[:, 2], values[:, 3])


def test_a_failed_future_is_excluded_from_all_decisions_and_counted() -> None:
    """A future that one decision fails to complete is left out for all of them."""
    run = pocket(16)
    decisions = decisions_of(run.scenario, {"less": {"output.bench": "x0.5"}})
    base, without, less = simulate_decisions(run, decisions, Evaluations())
    status = less.status.copy()
    status[[3, 5]] = 1
    damage = np.where(status != 0, np.nan, less.totals.damage)
    failing = replace(less, status=status, totals=replace(less.totals, damage=damage))
    result = benefits(decisions, (base, without, failing))
    assert result.failed == 2
    assert result.futures.tolist() == [0, 1, 2, 4, *range(6, 16)]
    assert np.array_equal(result.values, benefits(decisions, (base, without, less)).values[result.futures])
    assert (result.against_no_programme[:, 1] == 0.0).all()
    with pytest.raises(RunError, match="none of the 16 futures was completed by all"):
        benefits(decisions, (base, without, replace(failing, status=np.ones(16, np.int64))))


def test_all_errors_are_reported_together() -> None:
    """An assumption, an unknown name and a reserved name are each refused with the name of the decision."""
    stated: dict[str, Changes] = {
        "a": {"crews.on_duty": 0.5, "kits.ordr": 1},
        "b": {"output.bench": "x2"},
        AS_DECIDED: {"output.bench": 1},
        "c": Path("no-such-file.toml"),
    }
    with pytest.raises(ScenarioError) as error:
        decisions_of(load("pocket"), stated)
    messages = str(error.value).splitlines()
    assert len(messages) == 4
    assert any("'a': crews.on_duty is an assumption, not a decision" in message for message in messages)
    assert any("did you mean 'kits.order'" in message for message in messages)
    assert any("always compared" in message for message in messages)
    assert any("'c': cannot be read" in message for message in messages)


def test_a_comparison_needs_two_decisions_and_the_counterfactual() -> None:
    """One decision, or a run without counterfactual, is refused with a sentence."""
    run = pocket(16)
    decisions = decisions_of(run.scenario)
    with pytest.raises(RunError, match="needs two decisions or more, and there is 1; state another one"):
        benefits(decisions[:1], simulate_decisions(run, decisions[:1], Evaluations()))
    alone = simulate(load("pocket"), 8, 1, counterfactual=False)
    with pytest.raises(RunError, match="without its counterfactual"):
        simulate_decisions(alone, decisions, Evaluations())


def test_draws_belong_to_the_names_of_the_assumptions() -> None:
    """A scenario with its assumptions in another order has the same draws of each."""
    run = ranged()
    header, *lines = run.scenario.files["assumptions.csv"].decode().splitlines(keepends=True)
    scenario = with_files(run.scenario, {"assumptions.csv": "".join([header, *reversed(lines)])})
    assert scenario.columns != run.scenario.columns
    columns = [run.scenario.columns.index(name) for name in scenario.columns]
    assert np.array_equal(draws_for(scenario, run), run.assumptions.values[:, columns])
    assert np.array_equal(draws_for(run.scenario, run), run.assumptions.values)
