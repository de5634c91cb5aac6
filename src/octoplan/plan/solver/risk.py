"""A mixture of mean and tail: (1 - weight) E + weight CVaR (Rockafellar and Uryasev 2000); or the worst of groups."""

from dataclasses import dataclass

import numpy as np

from octoplan.errors import PlanError
from octoplan.plan.solver.two_stage import Floats


@dataclass(frozen=True)
class Risk:
    """Weight of the tail, 0 to 1, and the level beyond which costs are tail: 0.9 for the dearest tenth.

    groups
        Runs of equally many scenarios, in their order; with more than one, the dearest mean of a group is what counts.
    """

    weight: float
    level: float
    groups: int = 1

    def __post_init__(self) -> None:
        if not (0.0 <= self.weight <= 1.0 and 0.0 <= self.level < 1.0):
            raise PlanError(
                f"a tail weight of {self.weight} at level {self.level} has no meaning; "
                "the weight lies in 0 to 1, the level in 0 to below 1"
            )
        if self.groups > 1 and self.weight > 0.0:
            raise PlanError("the worst of groups and a tail are two measures of risk; ask for one of them")

    @property
    def neutral(self) -> bool:
        """Whether the mean alone counts, of one group."""
        return self.weight == 0.0 and self.groups == 1


NEUTRAL = Risk(0.0, 0.0)
"""The mean alone."""


def value_at_risk(costs: Floats, probability: Floats, level: float) -> float:
    """The least cost that is not exceeded with a probability of at least ``level``; scenarios of no chance left out."""
    order = np.argsort(costs, kind="stable")
    order = order[probability[order] > 0.0]
    reached = np.cumsum(probability[order])
    return float(costs[order[min(int(np.searchsorted(reached, level - 1e-12)), len(order) - 1)]])


def tail_mean(costs: Floats, probability: Floats, level: float) -> float:
    """CVaR: the mean of the dearest 1 - level of costs (scenarios,), a scenario on the border counted in part."""
    eta = value_at_risk(costs, probability, level)
    return eta + float(probability @ np.maximum(costs - eta, 0.0)) / (1.0 - level)


def measured(risk: Risk, costs: Floats, probability: Floats) -> float:
    """(1 - weight) E + weight CVaR of costs (scenarios,), or the dearest mean of a group.

    Infinite if a scenario that may come cannot be met.
    """
    if risk.groups > 1:
        each = zip(np.split(costs, risk.groups), np.split(probability, risk.groups), strict=True)
        return max(measured(NEUTRAL, own, p / p.sum()) for own, p in each)
    possible = probability > 0.0
    costs, probability = costs[possible], probability[possible]
    if not np.isfinite(costs).all():
        return float("inf")
    average = float(probability @ costs)
    if risk.weight == 0.0:
        return average
    return (1.0 - risk.weight) * average + risk.weight * tail_mean(costs, probability, risk.level)


def weighed(risk: Risk, costs: Floats) -> Floats:
    """(futures,) numbers whose mean is the measure of equally likely costs, and whose spread gives its error.

    The tail counts by the influence of each cost on its mean (Trindade et al. 2007).
    """
    eta = value_at_risk(costs, np.full(len(costs), 1.0 / len(costs)), risk.level)
    tail = eta + np.maximum(costs - eta, 0.0) / (1.0 - risk.level)
    found: Floats = (1.0 - risk.weight) * costs + risk.weight * tail
    return found
