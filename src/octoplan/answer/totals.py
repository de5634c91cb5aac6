"""Totals of simulated futures from which the effects of changes are computed."""

from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError, Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from octoplan.campaign.futures import SimulationResults, simulate_futures
from octoplan.outcomes.intervals import Interval, half_width, interval
from octoplan.outcomes.view import sum_by_future
from octoplan.scenario.arrays import Compiled, Floats, Ints, draws_of

BATCH = 2
"""Number of futures in one task of the executor."""
KEPT = ("good", "leaked", "spend", "exchange")
"""Tallies from which totals are computed."""
KEPT_COUNTERFACTUAL = ("good", "leaked", "spend")
"""The same tallies without the programme; exchange rates do not depend on it."""


@dataclass(frozen=True)
class Effect:
    """Mean of paired differences, with its 95 % confidence interval.

    Attributes:
        mean: Mean difference.
        half_width: Half-width of the interval, from the standard error and Student's t; ``nan`` with one future.

    """

    mean: float
    half_width: float

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.mean - self.half_width

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.mean + self.half_width

    @property
    def sign(self) -> int:
        """1 or -1 if the interval excludes zero, otherwise 0."""
        return int(self.low > 0.0) - int(self.high < 0.0)


def effect(differences: Floats, futures: Ints) -> Effect:
    """Effect from (futures,) paired differences; ``futures`` has the number of each future in its sample."""
    return effect_of(interval(differences, futures=futures))


def effect_of(result: Interval) -> Effect:
    """The mean of an interval, with its 95 % confidence interval."""
    return Effect(result.mean, half_width(result))


def simulate_or_cancel(
    compiled: Compiled, assumptions: Floats, seed: int, *, executor: Executor | None, batch: int, keep: tuple[str, ...],
    counterfactual: tuple[str, ...] = (), progress: Callable[[int, int], None] | None = None, halt: Ints | None = None,
    first: int = 0,
) -> SimulationResults:  # fmt: skip
    """Simulate futures as ``simulate_futures`` does; failed futures are recorded in the results.

    Raises CancelledError if another thread sets ``halt``, (1,), to a value other than 0.
    """
    results = simulate_futures(
        compiled, assumptions, seed=seed, first=first, executor=executor, batch=batch, keep=keep,
        counterfactual=counterfactual, progress=progress, keep_going=True, halt=halt,
    )  # fmt: skip
    if halt is not None and halt[0]:
        raise CancelledError
    return results


@dataclass(frozen=True, eq=False)
class Totals:
    """Totals of each future: (futures,) good units, leakers excluding decoys, damage, and spend.

    Attributes:
        units: Good units made.
        leakers: Leakers, excluding decoys.
        damage: Mean damage of the leakers of each class given the assumptions; the damage drawn would add noise.
        spend: Spend of all payers on interceptors, crews, kits and other layers.

    """

    units: Floats
    leakers: Floats
    damage: Floats
    spend: Floats


def totals(
    compiled: Compiled, assumptions: Floats, tally: Mapping[str, NDArray[Any]], exchange: NDArray[Any] | None = None
) -> Totals:
    """Totals of futures, from the tallies ``KEPT`` or ``KEPT_COUNTERFACTUAL``, (futures, *axes).

    Args:
        compiled: The scenario.
        assumptions: (futures, columns) draws.
        tally: The tallies by name.
        exchange: The tally of exchange rates, if ``tally`` does not have it.

    """
    threats = compiled.template.threats
    leaked = tally["leaked"].sum(axis=2)
    rates = tally["exchange"] if exchange is None else exchange
    damage = leaked * rates[:, :, threats["damage_currency"]]
    damage = damage * draws_of(compiled, assumptions, "threats", "damage")[:, None]
    not_decoy = np.asarray(threats["decoy"] != 1)
    summed = (tally["good"], leaked[..., not_decoy], damage, tally["spend"])
    return Totals(*(np.asarray(sum_by_future(values), np.float64) for values in summed))
