"""Sensitivity of a figure to each assumption, from the draws of a run: its mean where the assumption is low and where
it is high, and the value at which it changes sign (the switching value).

Each assumption is varied alone, over all others as drawn with it: correlated assumptions share their effect, and an
interaction of two shows only as far as one of them carries it. Nothing is simulated for it.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from octoplan.outcomes.run import Run
from octoplan.scenario.arrays import Floats
from octoplan.scenario.assumptions import Assumption

TAIL = 0.2
"""Share of the futures in which an assumption counts as low, and share in which it counts as high."""
MIN_TAIL = 5
"""Least number of futures in each tail."""
SURE = 3.3
"""Standard errors beyond which an effect is distinguishable from zero: of 1,000 assumptions without effect, one is."""
REACH = (0.01, 0.99)
"""Quantiles of an assumption between which a switching value is reported."""


@dataclass(frozen=True)
class Sensitivity:
    """The means of a figure in the fifths of the futures in which an assumption is lowest and highest.

    low, high
        The two means, in the unit of the figure; ``error`` is the standard error of their difference.
    at
        P10 and P90 of the assumption, in its unit, money at the scenario's price base.
    switch
        The value of the assumption at which the least-squares line through all futures is zero; None beyond P1 to P99
        of the draws, or where the effect is not distinguishable from zero.
    switch_error
        Standard error of ``switch`` by the delta method.
    futures
        Number of futures in which the figure is finite, and on which all of this rests.
    """

    assumption: Assumption
    low: float
    high: float
    error: float
    at: tuple[float, float]
    switch: float | None
    switch_error: float
    futures: int

    @property
    def size(self) -> float:
        """The effect: high less low."""
        return self.high - self.low

    @property
    def sure(self) -> bool:
        """True where the effect is distinguishable from zero."""
        return abs(self.size) > SURE * self.error


def sensitivities(run: Run, values: Floats) -> tuple[Sensitivity, ...]:
    """The sensitivity of a figure to each uncertain assumption, the largest effect first.

    Empty where fewer than ``MIN_TAIL`` futures are in each tail, or where the figure is the same in all futures.

    values
        (finished futures,) the figure; futures in which it is not finite are excluded and not counted.
    """
    uncertain = {assumption.name: assumption for assumption in run.scenario.assumptions if not assumption.known}
    finite = np.isfinite(values)
    draws, figure = run.assumptions.values[run.status == 0][finite], np.asarray(values, np.float64)[finite]
    if int(TAIL * len(figure)) < MIN_TAIL or np.ptp(figure) == 0.0:
        return ()
    effects = [
        sensitivity(uncertain[name], draws[:, column], figure)
        for column, name in enumerate(run.scenario.columns)
        if name in uncertain and np.ptp(draws[:, column]) > 0.0
    ]
    return tuple(sorted(effects, key=lambda effect: -abs(effect.size)))


def sensitivity(assumption: Assumption, draws: Floats, figure: Floats) -> Sensitivity:
    """The sensitivity of a figure, (futures,), to one assumption with the draws, (futures,)."""
    order = np.argsort(draws, kind="stable")
    tail = int(TAIL * len(order))
    low, high = figure[order[:tail]], figure[order[-tail:]]
    error = sqrt((low.var(ddof=1) + high.var(ddof=1)) / tail)
    p10, p90, least, most = (float(q) for q in np.quantile(draws, (0.1, 0.9, *REACH)))
    size = float(high.mean() - low.mean())
    switch, switch_error = switching_value(draws, figure) if abs(size) > SURE * error else (None, 0.0)
    if switch is None or not least <= switch <= most:
        switch, switch_error = None, 0.0
    return Sensitivity(
        assumption, float(low.mean()), float(high.mean()), error, (p10, p90), switch, switch_error, len(figure)
    )


def switching_value(draws: Floats, figure: Floats) -> tuple[float | None, float]:
    """Where the least-squares line of a figure over the draws is zero, and its standard error; None for a flat line.

    With the line a + b (x - m) through the mean m of the draws, the value is m - a/b, and its variance by the delta
    method (var(a) + (a/b)^2 var(b)) / b^2.
    """
    from scipy.stats import linregress  # takes half a second to import

    if len(draws) < 3:
        return None, 0.0
    mean = float(draws.mean())
    line = linregress(draws - mean, figure)
    if line.slope == 0.0:
        return None, 0.0
    distance = -line.intercept / line.slope
    error = sqrt(line.intercept_stderr**2 + (distance * line.stderr) ** 2) / abs(line.slope)
    return float(mean + distance), float(error)
