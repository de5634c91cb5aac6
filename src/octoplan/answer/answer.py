"""The numbers of an answer, from the results of a run, its marginal analysis and its second simulation."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cached_property, partial
from math import hypot
from typing import Any

import numpy as np

from octoplan.answer.chance import SAMPLE as CHANCE_SAMPLE
from octoplan.answer.chance import Spread, all_fixed, second_simulation, spreads
from octoplan.answer.marginal import SAMPLE, Marginal, MarginalAnalysis, has_raids, marginal_analysis
from octoplan.answer.totals import Effect, effect_of
from octoplan.answer.turning import Turn, turns
from octoplan.executors import thread_pool
from octoplan.outcomes.intervals import Interval, interval
from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.sensitivity import is_unconfirmed
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats, Ints
from octoplan.scenario.assumptions import Assumption


@dataclass(frozen=True, eq=False)
class Result:
    """A result of a run over its futures: their quantiles and mean, and the confidence interval of the mean."""

    values: Floats
    futures: Ints
    ordinal: bool = False

    @cached_property
    def interval(self) -> Interval:
        """Quantiles and mean over the futures; quantiles of an ordinal result, a month, are values of it."""
        return interval(self.values, ordinal=self.ordinal, futures=self.futures)

    @property
    def mean(self) -> Effect:
        """Mean with its 95 % confidence interval."""
        return effect_of(self.interval)


@dataclass(frozen=True, eq=False)
class ProgrammeResults:
    """What a programme makes, stops, costs and is worth, from the futures of a run alone.

    Attributes:
        results: The results of the run.

    """

    results: RunResults

    @property
    def scenario(self) -> Scenario:
        """The scenario of the run."""
        return self.results.run.scenario

    def of_measure(self, key: str) -> Result | None:
        """A measure of the run as a result; None if the run does not have it or it is undefined in every future."""
        measure = self.results.measures.get(key)
        if measure is None or not np.isfinite(measure.values).any():
            return None
        return Result(measure.values, self.results.run.finished_futures, measure.form == "month")

    @cached_property
    def prevented(self) -> Result:
        """Leakers prevented by the programme, excluding decoys."""
        return Result(self.results.leakers_prevented, self.results.run.finished_futures)

    @cached_property
    def cost(self) -> Result:
        """Cost of the programme, in real terms."""
        return Result(self.results.effects.cost, self.results.run.finished_futures)

    @cached_property
    def avoided(self) -> Result:
        """Damage avoided by the programme, in real terms."""
        return Result(self.results.effects.damage_avoided, self.results.run.finished_futures)

    @cached_property
    def saved(self) -> Result:
        """Spend on other layers, such as missiles, that the programme saves, in real terms."""
        return Result(self.results.effects.saved, self.results.run.finished_futures)

    @cached_property
    def net(self) -> Result:
        """Damage avoided and spend saved on other layers, less cost, undiscounted and in real terms."""
        return Result(self.results.net_benefit, self.results.run.finished_futures)

    @cached_property
    def has_raids(self) -> bool:
        """True if a threat is launched in some future."""
        return has_raids(self.results.run)


@dataclass(frozen=True, eq=False)
class Answer(ProgrammeResults):
    """What a run says on its question, as numbers; ``octoplan.show.answer`` states them in words.

    Attributes:
        results: The results of the run.
        marginal: Effects of small changes.
        spreads: Spreads of the ``prevented`` leakers and of the ``net`` benefit, split into chance and the rest.
        turns: The net benefit at both ends of the assumptions with the largest effects.

    """

    marginal: MarginalAnalysis
    spreads: dict[str, Spread]
    turns: tuple[Turn, ...]

    @cached_property
    def limits(self) -> tuple[Marginal, ...]:
        """The changes whose small increase clearly improves the result by at least 1 %, the largest improvement first.

        If there are none, those of which twice as much does so. The result is the leakers prevented, as a share of the
        leakers, or the good units made if there are no raids.
        """
        for changes in (self.marginal.effects, self.marginal.doubled):
            improving = [item for item in changes if self.marginal.is_relevant(self.improvement(item))]
            if improving:
                return tuple(sorted(improving, key=lambda item: -self.improvement(item).mean))
        return ()

    @cached_property
    def is_limited_most(self) -> bool:
        """True if the first of ``limits`` improves the result by more than any other change, beyond both intervals.

        Changes that contain one another, such as crews and crews with kits, are not compared.
        """
        best = self.limits[0]
        tested = self.marginal.effects if best in self.marginal.effects else self.marginal.doubled
        others = (item for item in tested if not contains(best.key, item.key))
        gaps = ((self.improvement(best), self.improvement(item)) for item in others)
        return all(first.mean - second.mean > hypot(first.half_width, second.half_width) for first, second in gaps)

    @cached_property
    def ample(self) -> tuple[Marginal, ...]:
        """The changes of which twice as much does not improve the result either.

        More interceptors are among them only if more can be made.
        """
        return tuple(
            item
            for item in self.marginal.doubled
            if self.improvement(item).sign <= 0 and (item.key != "units" or item.units.sign > 0)
        )

    def improvement(self, item: Marginal) -> Effect:
        """The effect by which changes are ordered: leakers prevented, or units if there are no raids."""
        return item.prevented if self.has_raids else item.units

    @cached_property
    def paying(self) -> tuple[Marginal, ...]:
        """The changes that clearly avoid more damage than they cost, the largest difference first."""
        tested = (*self.marginal.effects, *self.marginal.doubled)
        pays = [item for item in tested if self.marginal.is_positive(item.net)]
        return tuple(sorted(pays, key=lambda item: -item.net.mean)) if self.has_raids else ()

    @cached_property
    def turning(self) -> tuple[Turn, ...]:
        """Assumptions at one end of which the programme pays and at the other not."""
        return tuple(turn for turn in self.turns if turn.turns_over)

    @cached_property
    def driver(self) -> Assumption | None:
        """The assumption with the largest effect on the net benefit; None if no effect is distinguishable."""
        names = [turn.name for turn in self.turns if turn.difference.sign != 0]
        return self.assumption(names[0]) if names else None

    @property
    def all_fixed(self) -> bool:
        """True if no assumption has a range."""
        return all_fixed(self.scenario)

    def assumption(self, name: str) -> Assumption:
        """The row of assumptions with a name."""
        return self.scenario.assumptions[self.scenario.columns.index(name)]

    @cached_property
    def unconfirmed(self) -> int:
        """Number of assumptions that are rated red and not informed by observations."""
        return sum(is_unconfirmed(self.scenario, assumption) for assumption in self.scenario.assumptions)

    @property
    def mostly_unconfirmed(self) -> bool:
        """True if more than half of the assumptions are unconfirmed."""
        return 2 * self.unconfirmed > len(self.scenario.assumptions)


def contains(first: str, second: str) -> bool:
    """True if one of two changes contains the other, by their keys.

    >>> contains("crews-and-kits", "kits"), contains("gates", "gates/uk-1"), contains("crews", "kits")
    (True, True, False)
    """
    parts, others = (set(key.replace("/", "-and-").split("-and-")) for key in (first, second))
    return parts <= others or others <= parts


def answer_of(
    results: RunResults, futures: int = SAMPLE, *, executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None, halt: Ints | None = None,
) -> Answer | None:  # fmt: skip
    """The answer of a run, for which small changes are simulated; None if every future of the run failed.

    Args:
        results: The results of the run.
        futures: Number of futures of the marginal analysis, and half of those that are simulated a second time.
        executor: Executor of the batches of futures.
        progress: Called with the number of futures simulated and their total.
        halt: (1,) set to a value other than 0 by another thread to stop with CancelledError.

    """
    if not results.has_finished_futures:
        return None
    run, repeated = results.run, futures * CHANCE_SAMPLE // SAMPLE
    marginal, second, ends = run_tasks(
        partial(marginal_analysis, run, futures, executor=executor, progress=progress, halt=halt),
        partial(second_simulation, run, repeated, executor=executor, halt=halt),
        partial(turns, results, futures, executor=executor, halt=halt) if has_raids(run) else tuple,
        together=executor is not None,
    )
    return Answer(results, marginal, spreads(results, second), ends)


def run_tasks(*tasks: Callable[[], Any], together: bool) -> list[Any]:
    """Run tasks and return their results in order.

    Tasks run at the same time in threads if ``together``, so that no core of their executor waits for the last futures
    of one task; otherwise they run one after the other, until one raises an exception.
    """
    if not together:
        return [task() for task in tasks]
    with thread_pool(len(tasks)) as threads:
        return [result.result() for result in [threads.submit(task) for task in tasks]]
