"""The value of knowing all assumptions but not chance, from a second simulation of the futures of a run."""

from collections.abc import Sequence

import numpy as np

from octoplan.answer.chance import SECOND_SEED
from octoplan.explore.decisions import Benefits, Decision, benefits, draws_for
from octoplan.explore.evaluate import Evaluations
from octoplan.explore.information import evpi_of_pairs
from octoplan.explore.results import Estimate
from octoplan.outcomes.run import Run

FUTURES = 256
"""Number of futures that are simulated a second time."""


def perfect_information(run: Run, first: Benefits, evaluations: Evaluations, futures: int = FUTURES) -> Estimate:
    """Expected value of perfect information for the choice between decisions; see ``information.evpi_of_pairs``.

    Args:
        run: The run.
        first: Net benefits of the decisions in the futures of the run.
        evaluations: Simulates futures.
        futures: Number of futures to simulate a second time, at most those of the run.

    Raises:
        RunError: No future was completed by all decisions.

    """
    second = second_benefits(run, first.decisions, evaluations, min(futures, run.futures))
    _, rows, again = np.intersect1d(first.futures, second.futures, return_indices=True)
    return evpi_of_pairs(first.values, second.values[again], first.futures, rows)


def second_benefits(run: Run, decisions: Sequence[Decision], evaluations: Evaluations, futures: int) -> Benefits:
    """Net benefits of decisions in the first futures of a run, with the same assumptions and other random numbers."""
    seed = (run.seed + SECOND_SEED) % 2**64
    by_scenario = {}
    for decision in decisions:
        scenario = run.scenario if decision.is_counterfactual else decision.scenario
        if scenario.hash not in by_scenario:
            is_base = scenario.hash == run.scenario.hash
            by_scenario[scenario.hash] = evaluations.evaluate(
                f"{decision.title}, again", scenario, draws_for(scenario, run)[:futures], seed, counterfactual=is_base
            )
    scenarios = (run.scenario if item.is_counterfactual else item.scenario for item in decisions)
    return benefits(decisions, [by_scenario[scenario.hash] for scenario in scenarios])
