"""How much of the spread of a result between futures is chance, and how much is lack of knowledge.

The same draws of the assumptions are simulated twice, with independent raids, weather and outages. The covariance of
the two results is the variance of the expected result given the assumptions (lack of knowledge); the rest of the
variance is chance (a one-way random-effects analysis of variance with two replicates per group).
"""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from math import sqrt

import numpy as np

from octoplan.answer.totals import simulate_or_cancel
from octoplan.campaign.futures import BATCH
from octoplan.outcomes.finance import programme_effects
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.simulate import COUNTERFACTUAL_TALLIES, labelled_run, tallies_to_keep
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats, Ints

SAMPLE = 64
"""Number of futures that are simulated a second time."""
SECOND_SEED = 0x9E3779B97F4A7C15
"""Difference, modulo 2^64, between the seed of a run and that of its second simulation."""
QUANTILES = (0.1, 0.9)


@dataclass(frozen=True)
class Spread:
    """Spread of a result between futures.

    Attributes:
        chance: Share of the variance that is chance, with the draws of the assumptions given.
        chance_error: Its standard error.
        low: P10 of the expected result given the assumptions.
        high: P90 of it.

    """

    chance: float
    chance_error: float
    low: float
    high: float


def spread(first: Floats, second: Floats) -> Spread:
    """Spread of a result, (futures,), of which two simulations with the same assumptions are given.

    The expected result given the assumptions is estimated by the mean of both simulations, drawn towards the overall
    mean so that its variance is that due to the assumptions.
    """
    defined = np.isfinite(first) & np.isfinite(second)
    first, second = first[defined], second[defined]
    n = len(first)
    if n < 3 or np.ptp(np.concatenate([first, second])) == 0.0:
        value = float(first.mean()) if n else np.nan
        return Spread(np.nan, np.nan, value, value)
    covariance = float(np.cov(first, second)[0, 1])
    correlation = min(max(covariance / (0.5 * float(first.var(ddof=1) + second.var(ddof=1))), 0.0), 1.0)
    mean = 0.5 * (first + second)
    variance = float(mean.var(ddof=1))
    factor = np.sqrt(max(covariance, 0.0) / variance) if variance > 0.0 else 0.0
    expected = mean.mean() + min(factor, 1.0) * (mean - mean.mean())
    low, high = (float(q) for q in np.quantile(expected, QUANTILES))
    return Spread(1.0 - correlation, (1.0 - correlation**2) / sqrt(n - 1), low, high)


def second_simulation(
    run: Run, futures: int = SAMPLE, *, executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None, halt: Ints | None = None,
) -> Run:  # fmt: skip
    """The first futures of a run with the same assumptions, and independent raids, weather, outages and damage.

    Raises CancelledError if another thread sets ``halt``, (1,), to a value other than 0.
    """
    draws = run.assumptions.values[: min(futures, run.futures)]
    seed = (run.seed + SECOND_SEED) % 2**64
    results = simulate_or_cancel(
        run.compiled, draws, seed, executor=executor, batch=BATCH, keep=tallies_to_keep(),
        counterfactual=COUNTERFACTUAL_TALLIES, progress=progress, halt=halt,
    )  # fmt: skip
    return labelled_run(run.scenario, seed, draws, results, 0.0)


def all_fixed(scenario: Scenario) -> bool:
    """True if no assumption has a range, so that all variance is chance."""
    return all(assumption.is_fixed for assumption in scenario.assumptions)


def spreads(results: RunResults, second: Run) -> dict[str, Spread]:
    """Spreads of the leakers prevented and of the net benefit of a run, given its second simulation.

    Futures that failed in one of the two simulations are excluded.
    """
    run, first, again = results.run, results.effects, programme_effects(second)
    pairs = {
        "prevented": (first.leakers_prevented, again.leakers_prevented), "net": (first.net_benefit, again.net_benefit)
    }  # fmt: skip
    if all_fixed(run.scenario):
        means = {name: float(values.mean()) for name, (values, _) in pairs.items()}
        return {name: Spread(1.0, 0.0, mean, mean) for name, mean in means.items()}
    count = second.futures
    return {
        name: spread(by_number(run, values, count), by_number(second, others, count))
        for name, (values, others) in pairs.items()
    }


def by_number(run: Run, values: Floats, count: int) -> Floats:
    """(count,) values of the first futures; ``nan`` where the future failed, given (finished futures,) values."""
    all_values = np.full(run.futures, np.nan)
    all_values[run.finished_futures] = values
    return all_values[:count]
