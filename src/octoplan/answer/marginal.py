"""Marginal analysis: what small changes of a scenario would add, by simulations paired with the futures of a run."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from octoplan.answer.options import Option, options
from octoplan.campaign.futures import simulate_futures
from octoplan.outcomes.intervals import standard_error
from octoplan.outcomes.run import Run
from octoplan.outcomes.sampling import block_of
from octoplan.scenario.arrays import Floats, Ints

SAMPLE = 32
"""Number of futures of a marginal analysis, unless another number is asked for."""
MORE = 0.1
"""Increase of what an option adds."""
BATCH = 4
"""Number of futures in one task of the executor."""
BOUGHT = ("units", "crews", "kits", "crews-and-kits")
"""Keys of the options that are simulated with twice as much if a little more has no effect."""
KEPT = ("good", "leaked", "spend")
"""Tallies from which the effects are computed."""


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
    n = len(differences)
    if n < 2:
        return Effect(float(differences.mean()) if n else np.nan, np.nan)
    error = standard_error(differences, block_of(futures))
    return Effect(float(differences.mean()), float(stdtrit(n - 1, 0.975)) * error)


@dataclass(frozen=True)
class Marginal:
    """What one option adds.

    Attributes:
        key, noun, title: Those of the option.
        prevented: Leakers prevented, excluding decoys.
        units: Good units made.
        cost: Spend of all payers on interceptors, crews, kits and layers, in the reporting currency.
        avoided: Mean damage avoided given the assumptions, in the reporting currency.
        net: Damage avoided less cost.

    """

    key: str
    noun: str
    title: str
    prevented: Effect
    units: Effect
    cost: Effect
    avoided: Effect
    net: Effect


@dataclass(frozen=True)
class MarginalAnalysis:
    """Effects of the options of a scenario.

    Attributes:
        more: Increase of what an option adds, as a share.
        futures: Number of futures simulated for each option.
        effects: The effects, in the order of the options.
        doubled: Effects of twice as much, of the options that can be bought and have no distinguishable effect.

    """

    more: float
    futures: int
    effects: tuple[Marginal, ...]
    doubled: tuple[Marginal, ...] = ()

    @property
    def note(self) -> str:
        """A sentence on how the changes were tested."""
        return f"Each of {len(self.effects)} small changes was simulated over {self.futures} futures of the run."

    def __getitem__(self, key: str) -> Marginal:
        for item in self.effects:
            if item.key == key:
                return item
        raise KeyError(f"no option {key!r}; the options are {', '.join(item.key for item in self.effects)}")

    def __contains__(self, key: object) -> bool:
        return any(item.key == key for item in self.effects)


@dataclass(frozen=True, eq=False)
class Totals:
    """Totals of each future: (futures,) good units, leakers excluding decoys, damage and spend."""

    units: Floats
    leakers: Floats
    damage: Floats
    spend: Floats


def marginal_analysis(
    run: Run, futures: int = SAMPLE, *, more: float = MORE, executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> MarginalAnalysis:  # fmt: skip
    """Simulate each option over the first futures of a run, and compare it with the run future by future.

    Args:
        run: The run.
        futures: Number of futures, at most those of the run.
        more: Increase of what an option adds, as a share.
        executor: Executor of the batches of futures.
        progress: Called with the number of futures simulated and their total.

    """
    count = min(futures, run.futures)
    assumptions, titles = run.assumptions.values[:count], dict(run.scenario.titles)
    baseline = totals(run, {name: run.data[name][:count].values for name in KEPT})

    def simulated(candidates: list[Option]) -> tuple[Marginal, ...]:
        effects = []
        for number, option in enumerate(candidates):
            results = simulate_futures(
                option.compiled, option.assumptions, seed=run.seed, executor=executor, batch=BATCH, keep=KEPT,
                keep_going=True,
            )  # fmt: skip
            finished = np.flatnonzero((run.status[:count] == 0) & (results.status == 0))
            effects.append(compared(option, baseline, totals(run, results.tally), finished))
            if progress is not None:
                progress((number + 1) * count, len(candidates) * count)
        return tuple(effects)

    effects = simulated(options(run.compiled, assumptions, titles, more))
    raids = has_raids(run)
    without_effect = {
        item.key for item in effects if item.key in BOUGHT and (item.prevented if raids else item.units).sign <= 0
    }
    doubled = [item for item in options(run.compiled, assumptions, titles, 1.0) if item.key in without_effect]
    return MarginalAnalysis(more, count, effects, simulated(doubled))


def has_raids(run: Run) -> bool:
    """True if a threat is launched in one of the first futures of a run."""
    return bool((run.data["launched"][:SAMPLE] > 0).any())


def totals(run: Run, tally: Mapping[str, NDArray[Any]]) -> Totals:
    """Totals of the first futures of a run, from the tallies ``KEPT``, (futures, *axes), of these or changed futures.

    Damage is the mean damage of the leakers of each class, given the assumptions: the damage drawn would add noise.
    """
    threats = run.compiled.template.threats
    leaked = tally["leaked"].sum(axis=2)
    price = np.asarray(run.data["exchange"][: len(leaked)].values)[:, :, threats["damage_currency"]]
    damage = leaked * price * run.assumption("threats", "damage")[: len(leaked), None]
    not_decoy = np.asarray(threats["decoy"] != 1)
    return Totals(
        by_future(tally["good"]), by_future(leaked[..., not_decoy]), by_future(damage), by_future(tally["spend"])
    )


def by_future(values: NDArray[Any]) -> Floats:
    """(futures,) sums over all other axes."""
    return np.asarray(values.reshape(len(values), -1).sum(axis=1), np.float64)


def compared(option: Option, baseline: Totals, changed: Totals, finished: Ints) -> Marginal:
    """Effects of an option in the futures that finished with it and without it."""
    prevented, units = baseline.leakers - changed.leakers, changed.units - baseline.units
    cost, avoided = changed.spend - baseline.spend, baseline.damage - changed.damage
    effects = (effect(values[finished], finished) for values in (prevented, units, cost, avoided, avoided - cost))
    return Marginal(option.key, option.noun, option.title, *effects)
