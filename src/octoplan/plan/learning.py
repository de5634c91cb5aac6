"""Learning curve in the linear programme: labour hours and yields at the experience of the plan, as a fixed point.

Labour hours per unit fall with cumulative output, which depends on the plan, but a linear programme needs them as
constants. Each iteration therefore computes them from the plan of the previous one, until plan and hours agree.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from octoplan.plan.solver.two_stage import Floats

DAMPING, TOLERANCE, MAX_ITERATIONS = 0.5, 0.01, 8
"""Weight of the previous value in the next; largest relative change at convergence; maximum number of iterations."""


@dataclass(frozen=True)
class FixedPoint:
    """The result of a fixed-point iteration.

    value, iterations
        The last value, and the number of iterations made.
    change
        Relative change of the value in one more iteration.
    """

    value: Floats
    iterations: int
    change: float

    @property
    def converged(self) -> bool:
        """Whether one more iteration would change the value by at most ``TOLERANCE``."""
        return self.change <= TOLERANCE


def relative_change(value: Floats, next_value: Floats) -> float:
    """Largest absolute change of an entry, relative to the largest absolute entry of ``value``."""
    return float(np.abs(next_value - value).max(initial=0.0) / max(1e-12, float(np.abs(value).max(initial=0.0))))


def fixed_point(
    step: Callable[[Floats], Floats],
    initial_value: Floats,
    *,
    tolerance: float = TOLERANCE,
    iterations: int = MAX_ITERATIONS,
    change_of: Callable[[Floats, Floats], float] = relative_change,
) -> FixedPoint:
    """Solve value = step(value) by damped iteration: value <- d value + (1 - d) step(value), with d = ``DAMPING``.

    The iteration stops when ``change_of(value, step(value))`` is at most the tolerance.
    """
    value = initial_value
    change = np.inf
    for iteration in range(1, iterations + 1):
        next_value = step(value)
        change = change_of(value, next_value)
        if change <= tolerance:
            return FixedPoint(value, iteration, change)
        value = DAMPING * value + (1.0 - DAMPING) * next_value
    return FixedPoint(value, iterations, change)


def mean_hours(
    first_unit_hours: Floats, slope: Floats, is_wright: Floats, units_before: Floats, units: Floats
) -> Floats:
    """Mean labour hours per unit of the next ``units`` units; of a single unit if ``units`` is below 1.

    With b = log2 slope, Wright's cumulative-average form gives, exactly,
    h ((n + m)^(1 + b) - n^(1 + b)) / m, with h = ``first_unit_hours``, n = ``units_before`` and m = ``units``.
    Crawford's unit form is the mean of h i^b, approximated by the integral from n + 1/2 to n + m + 1/2 (Wright 1936;
    Crawford 1944).

    first_unit_hours, slope, is_wright, units_before, units
        Arrays of the same shape: hours of the first unit; ratio of hours after to hours before a doubling of cumulative
        output; 1 for Wright's form, 0 for Crawford's; cumulative units already produced; number of units.
    """
    b = np.log2(slope)
    count = np.maximum(units, 1.0)
    lower_limit = np.where(is_wright > 0.0, units_before, units_before + 0.5)
    total = first_unit_hours * ((lower_limit + count) ** (1.0 + b) - lower_limit ** (1.0 + b))
    return np.asarray(total / (np.where(is_wright > 0.0, 1.0, 1.0 + b) * count))


def experience(units_started: Floats, retained_share: Floats) -> Floats:
    """Experience in units at the initial_value of each month, (..., months), from the units started in the months.

    retained_share
        (...) share of experience retained per month, given the interval of design releases.
    """
    total = np.zeros_like(units_started)
    for month in range(1, units_started.shape[-1]):
        total[..., month] = (total[..., month - 1] + units_started[..., month - 1]) * retained_share
    return total
