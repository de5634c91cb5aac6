"""Risk measures: (1 - weight) mean + weight CVaR (Rockafellar and Uryasev 2000), or the largest group mean."""

from dataclasses import dataclass

import numpy as np

from octoplan.errors import PlanError
from octoplan.plan.solver.two_stage import Floats


@dataclass(frozen=True)
class Risk:
    """A risk measure.

    weight, level
        Weight of the conditional value at risk, 0 to 1, and its level, such as 0.9 for the most expensive tenth.
    groups
        Number of equally large groups of consecutive scenarios; if above 1, the measure is the largest group mean.

    Raises PlanError if values are out of range, or if a positive weight is combined with groups.
    """

    weight: float
    level: float
    groups: int = 1

    def __post_init__(self) -> None:
        if not (0.0 <= self.weight <= 1.0 and 0.0 <= self.level < 1.0):
            raise PlanError(
                f"a tail weight of {self.weight} at level {self.level} is out of range; "
                "the weight must be from 0 to 1, the level from 0 to below 1"
            )
        if self.groups > 1 and self.weight > 0.0:
            raise PlanError("groups and a tail weight state two different risk measures; choose one")

    @property
    def neutral(self) -> bool:
        """Whether the measure is the mean of all scenarios."""
        return self.weight == 0.0 and self.groups == 1


NEUTRAL = Risk(0.0, 0.0)
"""The risk-neutral measure: the mean."""


def value_at_risk(costs: Floats, probability: Floats, level: float) -> float:
    """Value at risk: the smallest cost not exceeded with a probability of at least ``level``."""
    order = np.argsort(costs, kind="stable")
    order = order[probability[order] > 0.0]
    cumulative = np.cumsum(probability[order])
    return float(costs[order[min(int(np.searchsorted(cumulative, level - 1e-12)), len(order) - 1)]])


def cvar(costs: Floats, probability: Floats, level: float) -> float:
    """Conditional value at risk: the mean of the largest 1 - level of the costs, (scenarios,).

    The scenario at the quantile is counted in part (Rockafellar and Uryasev 2002).
    """
    threshold = value_at_risk(costs, probability, level)
    return threshold + float(probability @ np.maximum(costs - threshold, 0.0)) / (1.0 - level)


def risk_measure(risk: Risk, costs: Floats, probability: Floats) -> float:
    """Risk measure of costs, (scenarios,); infinite if a scenario of positive probability is infeasible."""
    if risk.groups > 1:
        groups = zip(np.split(costs, risk.groups), np.split(probability, risk.groups), strict=True)
        return max(risk_measure(NEUTRAL, group, p / p.sum()) for group, p in groups)
    possible_scenarios = probability > 0.0
    costs, probability = costs[possible_scenarios], probability[possible_scenarios]
    if not np.isfinite(costs).all():
        return float("inf")
    average = float(probability @ costs)
    if risk.weight == 0.0:
        return average
    return (1.0 - risk.weight) * average + risk.weight * cvar(costs, probability, risk.level)


def risk_values(risk: Risk, costs: Floats) -> Floats:
    """(futures,) values whose mean is the risk measure of equally likely costs, with the same sampling error.

    The values are those of the influence function of the measure (Trindade, Uryasev, Shapiro and Zrazhevsky 2007).
    """
    threshold = value_at_risk(costs, np.full(len(costs), 1.0 / len(costs)), risk.level)
    tail = threshold + np.maximum(costs - threshold, 0.0) / (1.0 - risk.level)
    values: Floats = (1.0 - risk.weight) * costs + risk.weight * tail
    return values
