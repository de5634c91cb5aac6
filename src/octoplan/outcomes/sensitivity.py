"""Sensitivity of a figure to each assumption, from a run's own draws: its mean where the assumption is low and where it
is high, and the value at which it changes sign (the switching value).

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
"""Share of the futures that count as those in which an assumption is low, and as those in which it is high."""
LEAST = 5
"""Futures that each of them must have."""
SURE = 3.3
"""Standard errors beyond which a swing is not luck: of a thousand assumptions without any, one would pass."""
REACH = (0.01, 0.99)
"""Quantiles of an assumption between which a switching value is looked for."""


@dataclass(frozen=True)
class Sensitivity:
    """The mean of a figure where an assumption lies in its lowest and in its highest fifth of futures.

    low, high
        The two means, in the figure's unit; ``error`` is the standard error of their difference.
    at
        The assumption's P10 and P90, in its unit, money at the scenario's price base.
    switch
        Where a straight line through all futures crosses zero, likewise; None beyond P1 to P99, or where the swing
        may be luck.
    switch_error
        Its standard error, by the delta method.
    """

    assumption: Assumption
    low: float
    high: float
    error: float
    at: tuple[float, float]
    switch: float | None
    switch_error: float

    @property
    def size(self) -> float:
        """High less low."""
        return self.high - self.low

    @property
    def sure(self) -> bool:
        """True where the swing is more than luck explains."""
        return abs(self.size) > SURE * self.error


def sensitivities(run: Run, values: Floats) -> tuple[Sensitivity, ...]:
    """The swing of a figure with each uncertain assumption, the largest first; empty where the run has too few futures.

    values
        (finished futures,) the figure; futures in which it is not finite are left out.
    """
    assumptions = {assumption.name: assumption for assumption in run.scenario.assumptions if not assumption.known}
    finite = np.isfinite(values)
    draws, figure = run.assumptions.values[run.status == 0][finite], np.asarray(values, np.float64)[finite]
    if int(TAIL * len(figure)) < LEAST or np.ptp(figure) == 0.0:
        return ()
    found = [
        sensitivity(assumptions[name], draws[:, column], figure)
        for column, name in enumerate(run.scenario.columns)
        if name in assumptions and np.ptp(draws[:, column]) > 0.0
    ]
    return tuple(sorted(found, key=lambda each: -abs(each.size)))


def sensitivity(assumption: Assumption, draws: Floats, figure: Floats) -> Sensitivity:
    """The swing of a figure, (n,), with one assumption's draws, (n,)."""
    order = np.argsort(draws, kind="stable")
    tail = int(TAIL * len(order))
    low, high = figure[order[:tail]], figure[order[-tail:]]
    error = sqrt((low.var(ddof=1) + high.var(ddof=1)) / tail)
    p10, p90, least, most = (float(q) for q in np.quantile(draws, (0.1, 0.9, *REACH)))
    gone = float(high.mean() - low.mean())
    switch, switch_error = crossing(draws, figure) if abs(gone) > SURE * error else (None, 0.0)
    if switch is None or not least <= switch <= most:
        switch, switch_error = None, 0.0
    return Sensitivity(assumption, float(low.mean()), float(high.mean()), error, (p10, p90), switch, switch_error)


def crossing(draws: Floats, figure: Floats) -> tuple[float | None, float]:
    """Where the least-squares line of a figure over draws is zero, with its standard error; None for a flat line."""
    centre, n = float(draws.mean()), len(draws)
    spread = float(((draws - centre) ** 2).sum())
    slope = float((draws - centre) @ (figure - figure.mean())) / spread
    if slope == 0.0 or n < 3:
        return None, 0.0
    gap = -float(figure.mean()) / slope
    rest = figure - figure.mean() - slope * (draws - centre)
    noise = float(rest @ rest) / (n - 2)
    return centre + gap, sqrt(noise * (1.0 / n + gap * gap / spread)) / abs(slope)
