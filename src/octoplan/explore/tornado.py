"""Tornado: the mean of every measure with one assumption at its P10 and at its P90, the others as drawn.

The futures are the first of the base run, with the same random numbers, so that the differences are paired. One
simulation of an end serves all measures. Assumptions that are correlated with the one at its ends keep their draws: an
effect is that of the one assumption alone, unlike those estimated from the draws of a run (``outcomes.sensitivity``).
"""

from collections.abc import Mapping, Sequence
from math import isfinite, nan

import numpy as np

from octoplan.explore.evaluate import Evaluations, Results
from octoplan.explore.results import Estimate, TornadoBar
from octoplan.outcomes.intervals import half_width, interval
from octoplan.outcomes.sensitivity import MIN_TAIL_FUTURES, TAIL, tail_differences
from octoplan.outcomes.view import Measure
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats, Ints
from octoplan.scenario.report import did_you_mean

MAX_ASSUMPTIONS = 12
"""Number of assumptions that are simulated at their ends."""
FUTURES = 64
"""Number of futures at each end."""
ENDS = (0.1, 0.9)
"""Quantiles of an assumption at which it is simulated."""


def screen(
    names: Sequence[str], draws: Floats, values: Mapping[str, Floats], count: int = MAX_ASSUMPTIONS
) -> tuple[str, ...]:
    """The assumptions with the largest effects on some results, by which those to simulate are chosen.

    The effect on a result is the mean where the assumption is in its highest fifth less that where it is in its lowest,
    from the futures of the run; effects on different results are compared as shares of the standard deviations of the
    results. Futures in which a result is not finite are excluded; a result that is finite in too few is ignored.

    Args:
        names: (k,) names of the assumptions.
        draws: (futures, k) draws.
        values: (futures,) values of each result, by key.
        count: Largest number of assumptions.

    Returns:
        Names, the largest effect first; fewer than ``count`` if fewer vary.

    """
    varying = np.flatnonzero(np.ptp(draws, axis=0) > 0.0)
    largest = np.zeros(len(varying))
    for result in values.values():
        finite = np.isfinite(result)
        chosen = result[finite]
        if not len(varying) or int(TAIL * len(chosen)) < MIN_TAIL_FUTURES or np.ptp(chosen) == 0.0:
            continue
        order = np.argsort(draws[finite][:, varying], axis=0, kind="stable")
        differences, _ = tail_differences(order, chosen)
        largest = np.maximum(largest, differences / chosen.std())
    ranked = sorted(np.flatnonzero(largest > 0.0).tolist(), key=lambda i: -largest[i])
    return tuple(names[varying[i]] for i in ranked[:count])


def tornado_bars(
    evaluations: Evaluations, scenario: Scenario, draws: Floats, seed: int, names: Sequence[str], base: Results,
    futures: int = FUTURES,
) -> tuple[TornadoBar, ...]:  # fmt: skip
    """Bars of all measures for some assumptions; two simulations for each assumption.

    In the means, the month in which a target is reached counts as the one after the last if it is never reached.
    Futures in which a result is otherwise not finite at one of the ends are excluded from its bar.

    Args:
        evaluations: Simulates the futures.
        scenario: The scenario.
        draws: (all futures, columns) draws of the base run.
        seed: Seed of the base run.
        names: Names of the assumptions.
        base: Results of the base run, of at least the first ``futures`` futures.
        futures: Number of futures, at most those of the base run.

    Returns:
        Bars by assumption, in the order of the names, and by measure.

    Raises:
        ValueError: If an assumption is unknown or does not vary.

    """
    count = min(futures, len(draws))
    months = len(scenario.names.months)
    unchanged = {measure.key: base.measures[measure.key][:count] for measure in base.described}
    bars: list[TornadoBar] = []
    for name in names:
        column = column_of(scenario, draws, name)
        ends = tuple(float(end) for end in np.quantile(draws[:, column], ENDS))
        low, high = (
            at_value(evaluations, scenario, draws[:count], seed, column, end, name=f"{name} at P{100 * level:.0f}")
            for level, end in zip(ENDS, ends, strict=True)
        )
        for measure in low.described:
            values = (
                counted(results[measure.key], measure, months) for results in (unchanged, low.measures, high.measures)
            )
            bars.append(bar(name, measure.key, (ends[0], ends[1]), *values))
    return tuple(bars)


def column_of(scenario: Scenario, draws: Floats, name: str) -> int:
    """Column of an assumption that varies. Raises ValueError if there is none of this name or it does not vary."""
    if name not in scenario.columns:
        raise ValueError(f"there is no assumption {name!r}; {did_you_mean(name, scenario.columns)}")
    column = scenario.columns.index(name)
    if np.ptp(draws[:, column]) == 0.0:
        raise ValueError(f"the assumption {name} has no range, so that it has no P10 and P90; give it a low and a high")
    return column


def at_value(
    evaluations: Evaluations, scenario: Scenario, draws: Floats, seed: int, column: int, value: float, *, name: str
) -> Results:
    """Results of the futures with one assumption at a value."""
    changed = draws.copy()
    changed[:, column] = value
    return evaluations.evaluate(name, scenario, changed, seed)


def counted(values: Floats, measure: Measure, months: int) -> Floats:
    """Values from which means are computed: percentages of chances, and the month after the last instead of never."""
    if measure.form == "chance":
        return 100.0 * values
    return np.where(np.isposinf(values), float(months), values) if measure.form == "month" else values


def bar(name: str, measure: str, ends: tuple[float, float], unchanged: Floats, low: Floats, high: Floats) -> TornadoBar:
    """A bar from (futures,) values as drawn, at the P10 and at the P90; futures without a finite value are excluded."""
    defined = np.flatnonzero(np.isfinite(low) & np.isfinite(high))
    finite = unchanged[defined][np.isfinite(unchanged[defined])]
    return TornadoBar(
        name, measure, ends, estimate(low[defined], defined), estimate(high[defined], defined),
        estimate(high[defined] - low[defined], defined), float(finite.mean()) if len(finite) else nan, len(defined),
    )  # fmt: skip


def estimate(values: Floats, futures: Ints) -> Estimate:
    """Mean with its 95 % confidence interval from Student's t, which accounts for the blocks of futures."""
    result = interval(values, futures=futures)
    width = half_width(result) if isfinite(result.mean) else nan
    return Estimate(result.mean, result.mean - width, result.mean + width)
