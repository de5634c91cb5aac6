"""The second simulation of the futures of a run, and the value of perfect information from it."""

from dataclasses import replace

import numpy as np

from octoplan.answer.chance import SECOND_SEED
from octoplan.explore.decisions import benefits, decisions_of, simulate_decisions
from octoplan.explore.evaluate import Evaluations
from octoplan.explore.information import clairvoyance, evpi_of_pairs
from octoplan.explore.perfect_information import perfect_information, second_benefits
from tests.outcomes.runs import ranged


def test_a_second_simulation_has_the_assumptions_of_the_first() -> None:
    """The spend and damage are those of the scenarios with the draws of the run and another seed."""
    run, evaluations = ranged(), Evaluations()
    decisions = decisions_of(run.scenario, {"less": {"output.bench": "x0.1"}})
    second = second_benefits(run, decisions, evaluations, 24)
    assert evaluations.simulated == 48
    assert second.futures.tolist() == list(range(24))
    for column, decision in enumerate(decisions):
        results = evaluations.evaluate(
            "", decision.scenario, run.assumptions.values[:24], (run.seed + SECOND_SEED) % 2**64
        )
        amounts = results.without if decision.is_counterfactual else results.totals
        assert amounts is not None
        assert np.array_equal(second.values[:, column], -(amounts.damage + amounts.spend))


def test_futures_completed_in_both() -> None:
    """Pairs are matched by the number of the future; a future that one of them lacks is left out."""
    run, evaluations = ranged(), Evaluations()
    decisions = decisions_of(run.scenario)
    first = benefits(decisions, simulate_decisions(run, decisions, evaluations))
    value = perfect_information(run, first, evaluations, 64)
    second = second_benefits(run, decisions, evaluations, 64)
    assert value == evpi_of_pairs(first.values, second.values, first.futures, np.arange(64))
    assert value.low <= value.value <= clairvoyance(first.values, first.futures).value
    some = np.delete(np.arange(400), [3, 17])
    partial = replace(first, values=first.values[some], futures=first.futures[some])
    paired = np.delete(np.arange(64), [3, 17])
    expected = evpi_of_pairs(partial.values, second.values[paired], some, np.arange(62))
    assert perfect_information(run, partial, evaluations, 64) == expected
    every_future = second_benefits(run, decisions, evaluations, 400)
    most = perfect_information(run, first, evaluations, 10_000)
    assert most == evpi_of_pairs(first.values, every_future.values, first.futures)
