"""Marginal analysis: what small changes of a scenario would add, by simulations paired with the futures of a run."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from math import nan

import numpy as np
from scipy.special import stdtrit

from octoplan.answer.options import Option, gate_options, options
from octoplan.answer.totals import BATCH, KEPT, Effect, Totals, effect, simulate_or_cancel, totals
from octoplan.outcomes.run import Run
from octoplan.scenario.arrays import Floats, Ints

SAMPLE = 32
"""Number of futures of a marginal analysis, unless another number is asked for."""
MORE = 0.1
"""Increase of what an option adds."""
RELEVANT_SHARE = 0.01
"""Smallest improvement that counts as relevant, as a share of the leakers or, without raids, of the units made."""
MILLION = 1e6
"""Amount of money per which gains are given."""
BOUGHT = ("units", "crews", "kits", "crews-and-kits")
"""Keys of the options that are simulated with twice as much if a little more has no effect."""
UNDEFINED = Effect(nan, nan)
"""Gain per million of a change without a clear cost."""


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
        prevented_per_million, units_per_million: Leakers prevented and good units made per million of cost; undefined
            (``nan``) unless the cost is above zero.

    """

    key: str
    noun: str
    title: str
    prevented: Effect
    units: Effect
    cost: Effect
    avoided: Effect
    net: Effect
    prevented_per_million: Effect = UNDEFINED
    units_per_million: Effect = UNDEFINED


EFFECTS = {
    "prevented": "leakers prevented, excluding decoys",
    "units": "good units made",
    "cost": "spend of all payers",
    "avoided": "mean damage avoided given the assumptions",
    "net": "damage avoided less spend",
}
"""Effects of a change, by field of ``Marginal``."""
RATIOS = ("prevented_per_million", "units_per_million")
"""Fields of ``Marginal`` that are gains per million of cost."""


@dataclass(frozen=True)
class MarginalAnalysis:
    """Effects of the options of a scenario.

    Attributes:
        more: Increase of what an option adds, as a share.
        futures: Number of futures simulated for each option.
        effects: The effects, in the order of the options.
        doubled: Effects of twice as much of what can be bought, if a little more has no relevant effect.
        smallest: Smallest improvement that counts as relevant: leakers prevented, or units if there are no raids.

    """

    more: float
    futures: int
    effects: tuple[Marginal, ...]
    doubled: tuple[Marginal, ...] = ()
    smallest: float = 0.0

    @property
    def tested(self) -> int:
        """Number of changes tested, those with twice as much included."""
        return len(self.effects) + len(self.doubled)

    def is_positive(self, item: Effect) -> bool:
        """True if the effect of a change is above zero, at a level of 95 % for all changes tested together."""
        return is_positive(item, self.tested, self.futures)

    def is_relevant(self, item: Effect) -> bool:
        """True if an improvement is clearly above zero, and at least the smallest that counts as relevant."""
        return self.is_positive(item) and item.mean >= self.smallest

    @property
    def note(self) -> str:
        """Sentences on how the changes were tested."""
        small, twice = len(self.effects), len(self.doubled)
        doubled = f", and {twice:,} with twice as much," if twice else ""
        futures = f"{self.futures:,} futures" if self.futures > 1 else "one future"
        return (
            f"{small:,} small changes{doubled} were each simulated over {futures} of the run; an effect "
            "is clear if it differs from zero at a confidence level of 95 % for all changes together."
        )

    def __getitem__(self, key: str) -> Marginal:
        for item in self.effects:
            if item.key == key:
                return item
        raise KeyError(f"no option {key!r}; the options are {', '.join(item.key for item in self.effects)}")

    def __contains__(self, key: object) -> bool:
        return any(item.key == key for item in self.effects)


def is_positive(item: Effect, tested: int, futures: int) -> bool:
    """True if one of several effects is above zero, at a level of 95 % for all together (Bonferroni's inequality).

    >>> is_positive(Effect(1.2, 1.0), 1, 32), is_positive(Effect(1.2, 1.0), 10, 32), is_positive(Effect(1.0, 0.0), 9, 1)
    (True, False, True)

    Args:
        item: The effect, with its 95 % confidence interval.
        tested: Number of effects tested.
        futures: Number of futures from which the interval is computed.

    """
    if item.half_width == 0.0 or futures < 2:
        return item.sign > 0
    alone, together = (float(stdtrit(futures - 1, 1.0 - 0.025 / number)) for number in (1, max(tested, 1)))
    return item.mean > item.half_width * together / alone


def marginal_analysis(
    run: Run, futures: int = SAMPLE, *, more: float = MORE, executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None, halt: Ints | None = None,
) -> MarginalAnalysis:  # fmt: skip
    """Simulate each option over the first futures of a run, and compare it with the run future by future.

    Args:
        run: The run.
        futures: Number of futures, at most those of the run.
        more: Increase of what an option adds, as a share.
        executor: Executor of the batches of futures.
        progress: Called with the number of futures simulated and their total.
        halt: (1,) set to a value other than 0 by another thread to stop with CancelledError.

    """
    count = min(futures, run.futures)
    assumptions, titles = run.assumptions.values[:count], dict(run.scenario.titles)
    baseline = totals(run.compiled, assumptions, {name: run.data[name][:count].values for name in KEPT})

    def simulated(candidates: list[Option]) -> tuple[Marginal, ...]:
        effects = []
        for number, option in enumerate(candidates):
            results = simulate_or_cancel(
                option.compiled, option.assumptions, run.seed, executor=executor, batch=BATCH, keep=KEPT, halt=halt
            )
            finished = np.flatnonzero((run.status[:count] == 0) & (results.status == 0))
            effects.append(
                compared(option, baseline, totals(option.compiled, option.assumptions, results.tally), finished)
            )
            if progress is not None:
                progress((number + 1) * count, len(candidates) * count)
        return tuple(effects)

    compiled, raids = run.compiled, has_raids(run)

    tested = options(compiled, assumptions, titles, more)
    level = (baseline.leakers if raids else baseline.units)[run.status[:count] == 0]
    smallest = RELEVANT_SHARE * float(level.mean()) if len(level) else 0.0

    def improvement(item: Marginal) -> Effect:
        return item.prevented if raids else item.units

    effects = simulated(tested)
    clear = {item.key for item in effects if is_positive(improvement(item), len(tested), count)}
    best = max(effects, key=lambda item: improvement(item).mean, default=None)
    if best is not None and best.key == "gates" and best.key in clear:  # of one plant they improve no more than of all
        effects += simulated(list(gate_options(compiled, assumptions, titles)))
    relevant = {item.key for item in effects if item.key in clear and improvement(item).mean >= smallest}
    twice = options(compiled, assumptions, titles, 1.0)
    doubled = [item for item in twice if item.key in BOUGHT and item.key not in relevant]
    return MarginalAnalysis(more, count, effects, simulated(doubled), smallest)


def has_raids(run: Run) -> bool:
    """True if a threat is launched in one of the first futures of a run."""
    return bool((run.data["launched"][:SAMPLE] > 0).any())


def compared(option: Option, baseline: Totals, changed: Totals, finished: Ints) -> Marginal:
    """Effects of an option in the futures that finished with it and without it."""
    prevented, units = baseline.leakers - changed.leakers, changed.units - baseline.units
    cost, avoided = changed.spend - baseline.spend, baseline.damage - changed.damage
    effects = (effect(values[finished], finished) for values in (prevented, units, cost, avoided, avoided - cost))
    ratios = (per_million(values[finished], cost[finished], finished) for values in (prevented, units))
    return Marginal(option.key, option.noun, option.title, *effects, *ratios)


def per_million(gain: Floats, cost: Floats, futures: Ints) -> Effect:
    """Mean gain per million of mean cost, with the confidence interval of a ratio estimator.

    Undefined if the cost is not above zero. The standard error of the ratio r of two means is that of the mean of
    (gain - r cost) / mean cost (Cochran 1977, Sampling Techniques, section 2.11).

    Args:
        gain: (futures,) paired differences of what is gained.
        cost: (futures,) paired differences of cost.
        futures: (futures,) number of each future in its sample.

    """
    if effect(cost, futures).sign <= 0:
        return UNDEFINED
    ratio = float(gain.mean() / cost.mean())
    residuals = effect((gain - ratio * cost) / cost.mean(), futures)
    return Effect(MILLION * ratio, MILLION * residuals.half_width)
