"""Whether the programme pays, given one assumption: the net benefit with the assumption at its P10 and at its P90.

The other assumptions are as drawn in the futures of the run, so that the two results are paired.
"""

from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from octoplan.answer.totals import BATCH, KEPT, KEPT_COUNTERFACTUAL, Effect, effect, simulate_or_cancel, totals
from octoplan.campaign.futures import SimulationResults
from octoplan.outcomes.run import Run
from octoplan.outcomes.run_results import RunResults
from octoplan.scenario.arrays import Floats, Ints
from octoplan.scenario.assumptions import Assumption

CANDIDATES = 2
"""Number of assumptions that are simulated at both ends."""
ENDS = (0.1, 0.9)
"""Quantiles of an assumption at which it is simulated."""


@dataclass(frozen=True)
class Turn:
    """The mean net benefit with one assumption at both ends of its range.

    Attributes:
        name: Name of the assumption.
        ends: P10 and P90 of its draws, in its unit; money at the scenario's price base.
        low: Net benefit with the assumption at its P10.
        high: Net benefit with the assumption at its P90.
        difference: The paired difference of the two.

    """

    name: str
    ends: tuple[float, float]
    low: Effect
    high: Effect
    difference: Effect

    @property
    def turns_over(self) -> bool:
        """True if the programme pays at one end and not at the other, one of the two and the difference clearly."""
        is_clear = self.difference.sign != 0 and (self.low.sign != 0 or self.high.sign != 0)
        return is_clear and self.low.mean * self.high.mean < 0.0


def candidates(results: RunResults) -> tuple[Assumption, ...]:
    """The assumptions with the largest effects on net benefit and leakers prevented, relative to their errors.

    The mean damages of a leaker follow, which need no simulation.
    """
    names: dict[str, Assumption] = {}
    for items in (results.leakers_sensitivity, results.net_benefit_sensitivity):
        ranked = sorted(items, key=lambda item: -abs(item.difference) / item.error if item.error > 0.0 else 0.0)
        for item in ranked[: CANDIDATES if items is results.net_benefit_sensitivity else 1]:
            names.setdefault(item.assumption.name, item.assumption)
    largest = list(names.values())[:CANDIDATES]
    damages = (a for a in results.run.scenario.assumptions if is_damage(a) and not a.is_fixed and a not in largest)
    return (*largest, *damages)


def turns(
    results: RunResults, futures: int, *, executor: Executor | None = None, halt: Ints | None = None
) -> tuple[Turn, ...]:
    """The net benefit at both ends of the assumptions with the largest effects, the largest difference first.

    Args:
        results: The results of the run.
        futures: Number of futures, at most those of the run.
        executor: Executor of the batches of futures.
        halt: (1,) set to a value other than 0 by another thread to stop with CancelledError.

    """
    run = results.run
    count = min(futures, run.futures)
    results_by_end: list[Turn] = []
    for assumption in candidates(results):
        column = run.scenario.columns.index(assumption.name)
        ends = tuple(float(q) for q in np.quantile(run.assumptions.values[:, column], ENDS))
        (low, low_status), (high, high_status) = (
            net_at(run, column, value, count, executor, halt, simulate=not is_damage(assumption)) for value in ends
        )
        finished = np.flatnonzero((low_status == 0) & (high_status == 0))
        low, high = low[finished], high[finished]
        effects = (effect(values, finished) for values in (low, high, high - low))
        results_by_end.append(Turn(assumption.name, (ends[0], ends[1]), *effects))
    return tuple(sorted(results_by_end, key=lambda turn: -abs(turn.difference.mean)))


def is_damage(assumption: Assumption) -> bool:
    """True for the mean damage of a leaker, which changes no threat, unit or price: the futures need no simulation."""
    return (assumption.kind, assumption.parameter) == ("threats", "damage")


def net_at(
    run: Run, column: int, value: float, count: int, executor: Executor | None, halt: Ints | None, *,
    simulate: bool = True,
) -> tuple[Floats, Ints]:  # fmt: skip
    """(futures,) net benefit and status of the first futures of a run, with one assumption at a value.

    Without ``simulate``, the tallies are those of the run.
    """
    assumptions = run.assumptions.values[:count].copy()
    assumptions[:, column] = value
    if simulate:
        results = simulate_or_cancel(
            run.compiled, assumptions, run.seed, executor=executor, batch=BATCH, keep=KEPT,
            counterfactual=KEPT_COUNTERFACTUAL, halt=halt,
        )  # fmt: skip
    else:
        tally = {name: run.data[name][:count].values for name in KEPT}
        counterfactual = {name: run.counterfactual[name][:count].values for name in KEPT_COUNTERFACTUAL}
        results = SimulationResults(tally, counterfactual, run.status[:count])
    with_programme = totals(run.compiled, assumptions, results.tally)
    without = totals(run.compiled, assumptions, results.counterfactual, results.tally["exchange"])
    net = without.damage - with_programme.damage + without.spend - with_programme.spend
    return net, results.status
