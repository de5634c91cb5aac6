"""Sensitivity of a result to each assumption, from the draws of a run: the mean result for low and for high values of
the assumption, and the value at which the result changes sign (the switching value).

Effects are conditional means over the futures of the run, without further simulation: correlated assumptions share
their effects, and interactions between assumptions are not separated.
"""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from octoplan.outcomes.run import Run
from octoplan.scenario.arrays import Floats
from octoplan.scenario.assumptions import Assumption

TAIL = 0.2
"""Share of futures in the lower tail of an assumption, and in its upper tail."""
MIN_TAIL_FUTURES = 5
"""Minimum number of futures in each tail."""
MIN_Z = 3.3
"""Number of standard errors from which an effect is distinguishable from zero; false-positive rate 0.1 %."""
SWITCH_RANGE = (0.01, 0.99)
"""Quantiles of an assumption between which a switching value is reported."""


@dataclass(frozen=True)
class Sensitivity:
    """Sensitivity of a result to one assumption.

    low, high
        Mean result over the fifth of futures in which the assumption is lowest, and over that in which it is highest;
        ``error`` is the standard error of their difference.
    p10_p90
        P10 and P90 of the assumption, in its unit; money at the scenario's price base.
    switch
        Switching value: the assumption at which the regression line of the result is zero; None if it lies outside
        P1 to P99 of the draws, or the effect is not distinguishable from zero.
    switch_error
        Standard error of ``switch`` by the delta method.
    futures
        Number of futures used: those in which the result is finite.
    """

    assumption: Assumption
    low: float
    high: float
    error: float
    p10_p90: tuple[float, float]
    switch: float | None
    switch_error: float
    futures: int

    @property
    def size(self) -> float:
        """Effect of the assumption: high less low."""
        return self.high - self.low

    @property
    def distinguishable(self) -> bool:
        """True if the effect is distinguishable from zero."""
        return abs(self.size) > MIN_Z * self.error


def sensitivities(run: Run, values: Floats) -> tuple[Sensitivity, ...]:
    """Sensitivity of a result to each uncertain assumption, sorted by size of effect.

    Empty if a tail has fewer than ``MIN_TAIL_FUTURES`` futures, or the result is the same in all futures.

    values
        (finished futures,) the result; futures in which it is not finite are excluded.
    """
    uncertain = {assumption.name: assumption for assumption in run.scenario.assumptions if not assumption.known}
    finite = np.isfinite(values)
    draws, figure = run.assumptions.values[run.status == 0][finite], np.asarray(values, np.float64)[finite]
    if int(TAIL * len(figure)) < MIN_TAIL_FUTURES or np.ptp(figure) == 0.0:
        return ()
    effects = [
        sensitivity(uncertain[name], draws[:, column], figure)
        for column, name in enumerate(run.scenario.columns)
        if name in uncertain and np.ptp(draws[:, column]) > 0.0
    ]
    return tuple(sorted(effects, key=lambda effect: -abs(effect.size)))


def sensitivity(assumption: Assumption, draws: Floats, figure: Floats) -> Sensitivity:
    """Sensitivity of a result to one assumption; ``draws`` and ``figure`` are (futures,)."""
    order = np.argsort(draws, kind="stable")
    tail = int(TAIL * len(order))
    low, high = figure[order[:tail]], figure[order[-tail:]]
    error = sqrt((low.var(ddof=1) + high.var(ddof=1)) / tail)
    p10, p90, least, most = (float(q) for q in np.quantile(draws, (0.1, 0.9, *SWITCH_RANGE)))
    size = float(high.mean() - low.mean())
    switch, switch_error = switching_value(draws, figure) if abs(size) > MIN_Z * error else (None, 0.0)
    if switch is None or not least <= switch <= most:
        switch, switch_error = None, 0.0
    return Sensitivity(
        assumption, float(low.mean()), float(high.mean()), error, (p10, p90), switch, switch_error, len(figure)
    )


def switching_value(draws: Floats, figure: Floats) -> tuple[float | None, float]:
    """Value of an assumption at which the regression line of a result is zero, with its standard error.

    The value is None if the slope is zero. For the line a + b (x - m), with m the mean of the draws, it is m - a/b; its
    variance by the delta method is (var(a) + (a/b)^2 var(b)) / b^2.
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
