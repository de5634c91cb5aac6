"""Learning in the plan's linear programme: hours and yields at the experience of the plan, by a fixed point.

Hours per unit fall with cumulative output, which the plan decides, but a linear programme needs them beforehand. They
are taken from the plan before, and plan and hours are updated in turn until they agree.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from octoplan.plan.solver.two_stage import Floats

DAMPING, TOLERANCE, ITERATIONS = 0.5, 0.01, 8
"""Weight of the old value in an iteration; largest relative change at convergence; most iterations."""


@dataclass(frozen=True)
class FixedPoint:
    """The result of a fixed-point iteration.

    change
        Largest relative change that one more iteration would make.
    """

    value: Floats
    iterations: int
    change: float

    @property
    def converged(self) -> bool:
        """Whether one more iteration would change nothing by more than the tolerance."""
        return self.change <= TOLERANCE


def relative_change(value: Floats, following: Floats) -> float:
    """Largest change of an entry, relative to the largest entry."""
    return float(np.abs(following - value).max(initial=0.0) / max(1e-12, float(np.abs(value).max(initial=0.0))))


def fixed_point(
    step: Callable[[Floats], Floats],
    start: Floats,
    *,
    tolerance: float = TOLERANCE,
    iterations: int = ITERATIONS,
    change_of: Callable[[Floats, Floats], float] = relative_change,
) -> FixedPoint:
    """A solution of value = step(value) by damped iteration: value <- d value + (1 - d) step(value), d = ``DAMPING``.

    Stops where ``change_of(value, step(value))`` is at most the tolerance.
    """
    value = start
    change = np.inf
    for iteration in range(1, iterations + 1):
        following = step(value)
        change = change_of(value, following)
        if change <= tolerance:
            return FixedPoint(value, iteration, change)
        value = DAMPING * value + (1.0 - DAMPING) * following
    return FixedPoint(value, iterations, change)


def mean_hours(first: Floats, slope: Floats, wright: Floats, before: Floats, units: Floats) -> Floats:
    """Mean labour hours of the units before + 1, ..., before + units; those of the next unit where units is below 1.

    With b = log2 slope, Wright's cumulative-average form gives, exactly,
    first ((before + units)^(1 + b) - before^(1 + b)) / units; Crawford's unit form is the sum of first n^b, by the
    midpoint integral from before + 1/2 to before + units + 1/2 (Wright 1936; Crawford 1944).

    first, slope, wright, before, units
        Of one shape: hours of the first unit; hours at doubled output relative to those before; 1 for Wright's form,
        0 for Crawford's; cumulative units before; units.
    """
    b = np.log2(slope)
    count = np.maximum(units, 1.0)
    low = np.where(wright > 0.0, before, before + 0.5)
    total = first * ((low + count) ** (1.0 + b) - low ** (1.0 + b))
    return np.asarray(total / (np.where(wright > 0.0, 1.0, 1.0 + b) * count))


def experience(started: Floats, retained: Floats) -> Floats:
    """Units of experience at the start of each month, (..., months), from the units started in them.

    retained
        (...) share of the experience left after a month's design releases.
    """
    total = np.zeros_like(started)
    for month in range(1, started.shape[-1]):
        total[..., month] = (total[..., month - 1] + started[..., month - 1]) * retained
    return total
