"""Learning inside a linear plan: hours and yields from the plan's own experience, settled by a damped fixed point.

Hours a unit fall with what has been made, which the plan decides; a linear programme needs them beforehand. So they
are taken from the last plan, and the two are settled in turn (model.md section 6).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from octoplan.plan.solver.two_stage import Floats

DAMPING, STOP, ROUNDS = 0.5, 0.01, 8
"""Share of the old value kept at a turn; largest relative change at which it is settled; turns at most."""


@dataclass(frozen=True)
class Settled:
    """A fixed point: its value, the turns taken, and the largest relative change that one more turn would make."""

    value: Floats
    rounds: int
    change: float

    @property
    def found(self) -> bool:
        return self.change <= STOP


def relative(value: Floats, following: Floats) -> float:
    """Largest change, against the largest entry."""
    return float(np.abs(following - value).max(initial=0.0) / max(1e-12, float(np.abs(value).max(initial=0.0))))


def settle(
    step: Callable[[Floats], Floats],
    start: Floats,
    *,
    stop: float = STOP,
    rounds: int = ROUNDS,
    change_of: Callable[[Floats, Floats], float] = relative,
) -> Settled:
    """value = step(value), by turns value <- DAMPING value + (1 - DAMPING) step(value).

    Ends where one turn would change nothing by more than ``stop``, as ``change_of`` value and step(value) judges it.
    """
    value = start
    change = np.inf
    for turn in range(1, rounds + 1):
        following = step(value)
        change = change_of(value, following)
        if change <= stop:
            return Settled(value, turn, change)
        value = DAMPING * value + (1.0 - DAMPING) * following
    return Settled(value, rounds, change)


def mean_hours(first: Floats, slope: Floats, wright: Floats, begun: Floats, made: Floats) -> Floats:
    """Mean labour hours of the units begun + 1 … begun + made; those of the next unit where none is made.

    Wright: exact, first ((begun + made)^(1 + b) - begun^(1 + b)) / made with b = log2 slope. Crawford: the sum of
    first n^b by the midpoint integral, from begun + 1/2 to begun + made + 1/2. All arguments of one shape.
    """
    b = np.log2(slope)
    step = np.maximum(made, 1.0)
    low = np.where(wright > 0.0, begun, begun + 0.5)
    total = first * ((low + step) ** (1.0 + b) - low ** (1.0 + b))
    return np.asarray(total / (np.where(wright > 0.0, 1.0, 1.0 + b) * step))


def experience(started: Floats, kept: Floats) -> Floats:
    """Units of experience at the start of each month, (…, months), from the units started in them.

    kept
        (…) share of the experience left after a month's design releases, ``retained`` to their mean number.
    """
    found = np.zeros_like(started)
    for month in range(1, started.shape[-1]):
        found[..., month] = (found[..., month - 1] + started[..., month - 1]) * kept
    return found
