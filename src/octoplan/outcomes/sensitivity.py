"""Sensitivity of a result to each assumption, from the draws of a run: the mean result for low and for high values of
the assumption, and the value of the assumption at which the result changes sign (the switching value).

Effects are conditional means over the futures of the run, without further simulation: correlated assumptions share
their effects, and interactions between assumptions are not separated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from octoplan.outcomes.run import Run
from octoplan.scenario import Scenario
from octoplan.scenario.arrays import Floats
from octoplan.scenario.assumptions import Assumption
from octoplan.scenario.calibrated import is_informed

TAIL = 0.2
"""Share of futures in the lower tail of an assumption, and in its upper tail."""
MIN_TAIL_FUTURES = 5
"""Minimum number of futures in each tail."""
MIN_Z = 3.3
"""Number of standard errors above which an effect is distinguishable from zero; the false-positive rate is 0.1 %."""
LARGE_EFFECT_SHARE = 0.5
"""Smallest effect, as a share of the largest, of a main driver."""
DRIVER_ERROR = 0.05
"""Probability that an assumption without an effect is among the main drivers of a result."""
MIN_FUTURES_OF_DRIVERS = 100
"""Minimum number of futures at which main drivers are named; with fewer, standard errors of tails are too uncertain."""
KINDS_OF_PRICES = ("currencies", "countries", "finance")
"""Kinds of entities whose assumptions concern amounts of money only."""
SWITCHING_VALUE_RANGE = (0.01, 0.99)
"""Quantiles of an assumption between which a switching value is reported."""


@dataclass(frozen=True)
class Sensitivity:
    """Sensitivity of a result to one assumption.

    low, high, error
        Mean result over the fifth of futures in which the assumption is lowest, and over the fifth in which it is
        highest; standard error of the difference between the two means.
    p10_p90
        P10 and P90 of the assumption, in its unit; money at the scenario's price base.
    switching_value
        Value of the assumption at which the regression line of the result is zero; None if it lies outside P1 to P99
        of the draws, or the effect is not distinguishable from zero.
    switching_value_error
        Standard error of the switching value by the delta method; 0 if there is no switching value.
    futures
        Number of futures used: those in which the result is finite.

    """

    assumption: Assumption
    low: float
    high: float
    error: float
    p10_p90: tuple[float, float]
    switching_value: float | None
    switching_value_error: float
    futures: int

    @property
    def difference(self) -> float:
        """Effect of the assumption: the high mean minus the low mean."""
        return self.high - self.low

    @property
    def distinguishable(self) -> bool:
        """True if the effect is distinguishable from zero."""
        return abs(self.difference) > MIN_Z * self.error


def sensitivities(run: Run, values: Floats) -> tuple[Sensitivity, ...]:
    """Sensitivity of a result to each uncertain assumption, largest effect first.

    The tuple is empty if a tail has fewer than ``MIN_TAIL_FUTURES`` futures, or if the result is the same in all
    futures.

    values
        (finished futures,) the result; futures in which the result is not finite are excluded.
    """
    uncertain = {assumption.name: assumption for assumption in run.scenario.assumptions if not assumption.is_fixed}
    finite = np.isfinite(values)
    rows, result = np.flatnonzero(run.status == 0)[finite], np.asarray(values, np.float64)[finite]
    if int(TAIL * len(result)) < MIN_TAIL_FUTURES or np.ptp(result) == 0.0:
        return ()
    columns = ((name, run.assumptions.values[rows, column]) for column, name in enumerate(run.scenario.columns))
    effects = [
        sensitivity(uncertain[name], draws, result)
        for name, draws in columns
        if name in uncertain and np.ptp(draws) > 0.0
    ]
    return tuple(sorted(effects, key=lambda effect: -abs(effect.difference)))


def sensitivity(assumption: Assumption, draws: Floats, result: Floats) -> Sensitivity:
    """Sensitivity of a result to one assumption; ``draws`` and ``result`` are (futures,)."""
    order = np.argsort(draws, kind="stable")
    tail = int(TAIL * len(order))
    low, high = result[order[:tail]], result[order[-tail:]]
    error = sqrt((low.var(ddof=1) + high.var(ddof=1)) / tail)
    p10, p90, p1, p99 = (float(q) for q in np.quantile(draws, (0.1, 0.9, *SWITCHING_VALUE_RANGE)))
    difference = float(high.mean() - low.mean())
    zero, zero_error = zero_crossing(draws, result) if abs(difference) > MIN_Z * error else (None, 0.0)
    if zero is None or not p1 <= zero <= p99:
        zero, zero_error = None, 0.0
    return Sensitivity(
        assumption, float(low.mean()), float(high.mean()), error, (p10, p90), zero, zero_error, len(result)
    )


def main_drivers(run: Run, results: Mapping[str, Floats]) -> dict[str, tuple[Assumption, ...]]:
    """Main drivers of some results: the assumptions with a large effect, the largest first.

    An effect, as in ``sensitivities``, is large if it is distinguishable from zero and at least ``LARGE_EFFECT_SHARE``
    of the largest. The level of the test is ``DRIVER_ERROR`` for all assumptions of a result together. There are no
    main drivers with fewer than ``MIN_FUTURES_OF_DRIVERS`` futures.

    results
        (finished futures,) each result, by name; futures in which the result is not finite are excluded.
    """
    columns = [i for i, assumption in enumerate(run.scenario.assumptions) if not assumption.is_fixed]
    draws = run.assumptions.values[run.finished_futures][:, columns]
    orders: dict[bytes, NDArray[np.int64]] = {}
    drivers = {}
    for name, values in results.items():
        finite = np.isfinite(values)
        result = np.asarray(values, np.float64)[finite]
        if not columns or len(result) < MIN_FUTURES_OF_DRIVERS or np.ptp(result) == 0.0:
            drivers[name] = tuple[Assumption, ...]()
            continue
        if finite.tobytes() not in orders:
            orders[finite.tobytes()] = np.argsort(draws[finite], axis=0, kind="stable")
        differences, errors = tail_differences(orders[finite.tobytes()], result)
        effects = np.where(differences > threshold(len(result), len(columns)) * errors, differences, 0.0)
        large = np.flatnonzero((effects > 0.0) & (effects >= LARGE_EFFECT_SHARE * effects.max()))
        ranked = sorted(large.tolist(), key=lambda i: -effects[i])
        drivers[name] = tuple(run.scenario.assumptions[columns[i]] for i in ranked)
    return drivers


def threshold(futures: int, assumptions: int) -> float:
    """Standard errors above which an effect makes a driver: Student's quantile for ``DRIVER_ERROR`` (Bonferroni)."""
    degrees = 2 * int(TAIL * futures) - 2
    return max(MIN_Z, float(stdtrit(degrees, 1 - DRIVER_ERROR / (2 * assumptions))))


def tail_differences(order: NDArray[np.int64], result: Floats) -> tuple[Floats, Floats]:
    """(assumptions,) absolute effects on a result, as in ``Sensitivity``, and their standard errors.

    order
        (futures, assumptions) futures in ascending order of each assumption.
    result
        (futures,) the result.
    """
    tail = int(TAIL * len(result))
    low, high = result[order[:tail]], result[order[-tail:]]
    errors = np.sqrt((low.var(axis=0, ddof=1) + high.var(axis=0, ddof=1)) / tail)
    return np.abs(high.mean(axis=0) - low.mean(axis=0)), errors


def acts_on_threats(scenario: Scenario, assumption: Assumption) -> bool:
    """False if an assumption cannot change units, crews or threats: prices, unless a budget limits what is bought.

    Prices are all amounts of money, exchange rates, inflation, discounting, and statistics of countries.
    """
    return bool(scenario.decisions.budget) or not (assumption.currency or assumption.kind in KINDS_OF_PRICES)


def unconfirmed_drivers(run: Run, results: Mapping[str, Floats]) -> dict[str, tuple[Assumption, ...]]:
    """The main drivers of some results that are rated red and not informed by a calibration; see ``main_drivers``."""
    return {
        name: tuple(assumption for assumption in drivers if is_unconfirmed(run.scenario, assumption))
        for name, drivers in main_drivers(run, results).items()
    }


def is_unconfirmed(scenario: Scenario, assumption: Assumption) -> bool:
    """True if an assumption is rated red and not informed by a calibration."""
    return assumption.quality == "red" and not is_informed(scenario, assumption)


def zero_crossing(draws: Floats, result: Floats) -> tuple[float | None, float]:
    """Value of an assumption at which the regression line of a result is zero, with its standard error.

    For the line a + b (x - m), with m the mean of the draws, the value is m - a/b; its variance by the delta method is
    (var(a) + (a/b)^2 var(b)) / b^2. The value is None if the slope is zero or there are fewer than three draws.
    """
    if len(draws) < 3:
        return None, 0.0
    mean = float(draws.mean())
    centred = draws - mean
    variance, covariance, _, result_variance = np.cov(centred, result, bias=True).flat
    slope = covariance / variance
    if slope == 0.0:
        return None, 0.0
    correlation = np.clip(covariance / np.sqrt(variance * result_variance), -1.0, 1.0)
    intercept = result.mean() - slope * centred.mean()
    slope_error = np.sqrt((1 - correlation**2) * result_variance / variance / (len(draws) - 2))
    intercept_error = slope_error * np.sqrt(variance + centred.mean() ** 2)
    distance = -intercept / slope
    return float(mean + distance), sqrt(intercept_error**2 + (distance * slope_error) ** 2) / abs(float(slope))
