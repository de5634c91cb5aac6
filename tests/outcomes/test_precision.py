"""Simulation to a required precision."""

from math import inf
from typing import Any

import pytest

import octoplan as op
from octoplan.errors import RunError
from octoplan.outcomes.main_measures import main_keys
from octoplan.outcomes.precision import (
    FIRST_STEP,
    Precision,
    Step,
    error_ratios,
    largest_error,
    next_futures,
    parse_precision,
    simulate_to_precision,
    step_of,
)
from octoplan.scenario import load
from tests.outcomes.runs import octopus


def test_a_percentage_and_absolute_amounts_are_read() -> None:
    assert parse_precision(["1%"]) == Precision(0.01, {})
    assert parse_precision(["leakers=50", "2.5 %", "damage=1e8"]) == Precision(0.025, {"leakers": 50.0, "damage": 1e8})
    assert parse_precision(["leakers=50"]).relative == inf


def test_every_text_that_is_no_precision_is_reported() -> None:
    with pytest.raises(RunError) as caught:
        parse_precision(["0.01", "leakers=2%", "-1%", "0%", "x=nan", "1%"])
    lines = str(caught.value).splitlines()
    assert len(lines) == 5
    assert all("1%, or MEASURE=AMOUNT" in line for line in lines)


def test_the_run_is_that_of_the_same_number_of_futures() -> None:
    """A run in steps has the same bits as a run of as many futures, and every key result is precise enough."""
    steps: list[Step] = []
    precision = Precision(0.03)
    run = simulate_to_precision(load("pocket"), precision, 3, report=steps.append)
    assert len(steps) > 1
    assert [step.futures for step in steps] == sorted({step.futures for step in steps})
    assert steps[-1].unmet == 0
    assert all(step.unmet > 0 for step in steps[:-1])
    results = op.simulate(load("pocket"), run.futures, 3)
    assert results.data.identical(run.data)
    assert results.counterfactual.identical(run.counterfactual)
    assert results.assumptions.identical(run.assumptions)
    assert max(error_ratios(results.key_results(), precision).values()) <= 1.0


@pytest.mark.parametrize("required", [{"relative": 0.0}, {"relative": -1.0}, {"absolute": {"leakers": float("nan")}}])
def test_a_precision_is_above_zero(required: dict[str, Any]) -> None:
    with pytest.raises(RunError, match="it must be above 0"):
        Precision(**required)


def test_the_limit_ends_a_run_that_is_not_precise_enough() -> None:
    steps: list[Step] = []
    run = simulate_to_precision(load("pocket"), Precision(1e-4), limit=FIRST_STEP + 3, report=steps.append)
    assert run.futures == FIRST_STEP + 3
    assert steps[-1].unmet > 0


def test_an_absolute_precision_replaces_the_relative_one() -> None:
    results = op.simulate(load("pocket"), FIRST_STEP).key_results()
    damage, share = results["damage"], results["stopped/raid"]
    assert largest_error(damage, Precision(0.1, {"damage": 7.0})) == 7.0
    assert largest_error(damage, Precision(0.1)) == pytest.approx(0.1 * damage.interval.p50)
    assert largest_error(share, Precision(0.1)) == pytest.approx(10.0)
    assert step_of(results, Precision(inf, {"damage": 1e-6})).measure == damage.measure


def test_an_unknown_measure_is_refused_before_the_simulation() -> None:
    steps: list[Step] = []
    with pytest.raises(RunError, match="'sharks', not a measure of this run"):
        simulate_to_precision(load("pocket"), Precision(inf, {"sharks": 1.0}), report=steps.append)
    assert steps == []


def test_the_next_step_follows_the_square_root_law() -> None:
    """Half the standard error needs four times as many futures; growth is at most fourfold."""
    assert next_futures(Step(200, "x", "units", 1.4, 1.0, 1), 10_000) == pytest.approx(200 * 1.96, abs=8)
    assert next_futures(Step(200, "x", "units", 10.0, 1.0, 1), 10_000) == 800
    assert next_futures(Step(200, "x", "units", 10.0, 1.0, 1), 500) == 500
    assert next_futures(Step(200, "x", "units", 1.001, 1.0, 1), 10_000) > 200


def test_a_percentage_restricts_the_ten_key_results_only() -> None:
    """Other measures are restricted if they are named."""
    results = octopus().key_results()
    ten = set(main_keys(row.key for row in results))
    assert set(error_ratios(results, Precision(0.1))) <= ten
    ratios = error_ratios(results, Precision(0.1, {"damage": 1e6, "leakers": 5.0}))
    assert {"damage", "leakers"} <= set(ratios) <= ten | {"damage", "leakers"}
