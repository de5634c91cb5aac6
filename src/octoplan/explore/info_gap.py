"""How wrong the assumptions may be before a requirement is missed (information-gap robustness).

The main assumptions are moved together from their medians towards their unfavourable ends, the others are as drawn; the
robustness of a decision is the largest distance up to which the mean result meets the requirement (Ben-Haim 2006,
Info-Gap Decision Theory, chapter 3). The distance, the horizon of uncertainty, is 1 at P10 or P90 of each assumption.
Correlations are not kept: that all assumptions are at their unfavourable ends is less probable than 10 %.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf

import numpy as np

from octoplan.answer.totals import effect
from octoplan.errors import RunError
from octoplan.explore.resampling import LEVELS
from octoplan.explore.results import Estimate, InfoGap, MovedAssumption
from octoplan.explore.robustness import resamples
from octoplan.outcomes.run import Run
from octoplan.outcomes.sensitivity import sensitivities
from octoplan.scenario.arrays import Floats, Ints

HORIZONS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5)
"""Horizons at which the result is computed."""
LARGEST = 1.5
"""Horizon at P1 or P99 of the assumptions."""
MAIN_ASSUMPTIONS = 8
"""Largest number of assumptions that are moved."""

Evaluate = Callable[[Floats], Floats]
"""(futures,) result given (futures, columns) draws; ``nan`` where a future failed or the result is undefined."""


def main_assumptions(
    run: Run, values: Floats, *, at_least: bool, count: int = MAIN_ASSUMPTIONS
) -> tuple[MovedAssumption, ...]:
    """The assumptions with the largest effects on a result, with their unfavourable ends.

    They are those whose effect (``outcomes.sensitivity``) is distinguishable from zero, or if there are none the one
    with the largest effect, which is then uncertain.

    Args:
        run: A run.
        values: (finished futures,) the result.
        at_least: True if the requirement is a smallest permitted result, so that less is unfavourable.
        count: Largest number of assumptions.

    Raises:
        RunError: If no effect can be estimated: too few futures, no assumption with a range, or the same result in all
            futures.

    """
    items = sensitivities(run, values)
    if not items:
        raise RunError(
            "no assumption can be moved: the result is the same in all futures, no assumption has a range, or the run "
            f"has too few futures ({run.futures})"
        )
    items = tuple(item for item in items if item.distinguishable)[:count] or items[:1]
    moved = []
    for item in items:
        draws = run.assumptions.values[:, run.scenario.columns.index(item.assumption.name)]
        moved.append(moved_assumption(item.assumption.name, draws, increases=(item.difference > 0.0) != at_least))
    return tuple(moved)


def moved_assumption(name: str, draws: Floats, *, increases: bool) -> MovedAssumption:
    """An assumption from its (futures,) draws, with P90 and P99 as its ends if it ``increases``, else P10 and P1."""
    levels = (0.5, 0.9, 0.99) if increases else (0.5, 0.1, 0.01)
    return MovedAssumption(name, *(float(value) for value in np.quantile(draws, levels)))


def value_at(item: MovedAssumption, horizon: float) -> float:
    """Value of an assumption at a horizon: linear from the median to the end at 1, and on to the extreme at 1.5.

    >>> item = MovedAssumption("lead", 10.0, 20.0, 40.0)
    >>> [value_at(item, horizon) for horizon in (0.0, 0.5, 1.0, 1.25)]
    [10.0, 15.0, 20.0, 30.0]
    """
    return float(np.interp(horizon, (0.0, 1.0, LARGEST), (item.median, item.end, item.extreme)))


def info_gap(
    decision: str, evaluate: Evaluate, draws: Floats, moved: Sequence[MovedAssumption], columns: Sequence[int],
    limit: float, futures: Ints, seed: int, *, at_least: bool,
) -> InfoGap:  # fmt: skip
    """How far assumptions may move before the mean result misses a requirement.

    The same futures are evaluated at each horizon, so that the results are paired. The interval of the critical horizon
    has the percentiles of bootstrap samples of the futures (``robustness.resamples``).

    Args:
        decision: Name of the decision.
        evaluate: Computes the result given draws.
        draws: (futures, columns) draws.
        moved: The assumptions that are moved together.
        columns: Column of each of them.
        limit: Smallest permitted mean result, or the largest if ``at_least`` is False.
        futures: (futures,) numbers of the futures in their sample.
        seed: Seed of the bootstrap.
        at_least: True if the result must be at least the limit.

    Raises:
        RunError: If no assumption is given, or the result is undefined in every future.
        ValueError: If the limit is not finite, or there are not as many columns as assumptions.

    """
    if not moved:
        raise RunError("no assumption is moved; name at least one with a range")
    if not np.isfinite(limit) or len(columns) != len(moved):
        raise ValueError(f"the limit {limit} and the {len(columns)} columns of {len(moved)} assumptions are invalid")
    results = np.column_stack([evaluate(draws_at(draws, moved, columns, horizon)) for horizon in HORIZONS])
    defined = np.isfinite(results).all(axis=1)
    if not defined.any():
        raise RunError(f"{decision}: the result is undefined in each of {len(draws)} futures at some horizon")
    results, futures = results[defined], futures[defined]
    effects = [effect(column, futures) for column in results.T]
    sign = 1.0 if at_least else -1.0
    margins = np.array([results[rows].mean(axis=0) - limit for rows in resamples(futures, seed, "info-gap")])
    low, high = np.quantile([critical_horizon(sign * row) for row in margins], LEVELS, method="inverted_cdf")
    critical = critical_horizon(sign * (results.mean(axis=0) - limit))
    return InfoGap(
        decision, HORIZONS, tuple(Estimate(item.mean, item.low, item.high) for item in effects), critical, float(low),
        float(high), limit,
        tuple(replace(item, critical=value_at(item, critical)) if critical < inf else item for item in moved),
        len(draws), int((~defined).sum()),
    )  # fmt: skip


def draws_at(draws: Floats, moved: Sequence[MovedAssumption], columns: Sequence[int], horizon: float) -> Floats:
    """(futures, columns) draws with the moved assumptions at a horizon in every future."""
    changed = draws.copy()
    for item, column in zip(moved, columns, strict=True):
        changed[:, column] = value_at(item, horizon)
    return changed


def critical_horizon(margins: Floats) -> float:
    """First horizon at which a margin is lost, by linear interpolation between horizons.

    ``inf`` if it is never lost, 0 if it is lost from the start.

    >>> critical_horizon(np.array([3.0, 2.0, 1.0, -1.0, -2.0, -3.0]))
    0.625

    Args:
        margins: (horizons,) results less the limit, with the sign at which at least 0 is required.

    """
    lost = np.flatnonzero(margins < 0.0)
    if not len(lost):
        return inf
    if lost[0] == 0:
        return 0.0
    after = int(lost[0])
    before, loss = margins[after - 1], margins[after]
    return float(HORIZONS[after - 1] + (HORIZONS[after] - HORIZONS[after - 1]) * before / (before - loss))
