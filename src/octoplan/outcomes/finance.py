"""Financial appraisal of a run: point estimate, contingency, present value and net benefit."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan

import numpy as np

from octoplan.campaign.tally import BIAS, LAYERS
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import View, by_future, view_of
from octoplan.scenario.arrays import Floats

DISCOUNT_RATES = (0.0, 0.015, 0.035, 0.05, 0.07)
"""Annual discount rates: zero, the Green Book's health rate (1.5 %) and standard rate (3.5 %), and two higher rates."""
CONFIDENCE_LEVELS = (0.5, 0.7, 0.8, 0.9)
"""Confidence levels at which contingency is given (GAO Cost Estimating and Assessment Guide, 2020)."""


def programme_cost(view: View, *, bias: bool = True) -> Floats:
    """(futures, months) spend on interceptors, crews and kits less that of the counterfactual.

    Spend on other layers is excluded. Optimism bias is included unless ``bias`` is False.
    """
    added = view.money("spend").sum(axis=3) - view.money("spend", counterfactual=True).sum(axis=3)
    excluded = [LAYERS] if bias else [LAYERS, BIAS]
    return np.asarray(added.sum(axis=2) - added[:, :, excluded].sum(axis=2), np.float64)


@dataclass(frozen=True)
class CostEstimate:
    """Cost of the programme: its distribution over futures, and a point estimate.

    values, without_bias
        (futures,) cost with and without optimism bias; ``nan`` if the counterfactual was not simulated.
    point
        Cost without optimism bias and with all assumptions at their medians; ``nan`` if undefined.
    """

    values: Floats
    without_bias: Floats
    point: float

    @cached_property
    def percentile(self) -> float:
        """Share of futures in which the cost does not exceed the point estimate; ``nan`` if no cost is defined."""
        defined = self.values[~np.isnan(self.values)]
        return float((defined <= self.point).mean()) if len(defined) and not isnan(self.point) else nan

    def contingency(self, level: float) -> float:
        """Contingency at a confidence level: the quantile of the cost less the point estimate."""
        defined = self.values[~np.isnan(self.values)]
        return float(np.quantile(defined, level)) - self.point if len(defined) else nan


def cost_estimate(run: Run, medians: Run) -> CostEstimate:
    """Cost of the programme in a run; the point estimate is the mean cost of the run at medians."""
    view = view_of(run)
    point = programme_cost(view_of(medians), bias=False).sum(axis=1)
    return CostEstimate(
        values=programme_cost(view).sum(axis=1),
        without_bias=programme_cost(view, bias=False).sum(axis=1),
        point=float(point.mean()) if len(point) else nan,
    )


def damage_avoided(view: View) -> Floats:
    """(futures, months) damage in the counterfactual less damage in the run."""
    avoided = view.money("damage", counterfactual=True) - view.money("damage")
    return np.asarray(avoided.sum(axis=2), np.float64)


def net_benefit(run: Run, rate: float | None = None) -> Floats:
    """(futures,) damage avoided less the programme's cost, discounted to the start if an annual rate is given."""
    view = view_of(run)
    discount = (1.0 + (rate or 0.0)) ** -view.years
    return np.asarray(((damage_avoided(view) - programme_cost(view)) * discount).sum(axis=1), np.float64)


def by_discount_rate(run: Run) -> Mapping[float, tuple[Floats, Floats]]:
    """Present values, (futures,) each, of the programme's cost and net benefit, by discount rate."""
    view = view_of(run)
    cost = programme_cost(view)
    return {rate: ((cost * (1.0 + rate) ** -view.years).sum(axis=1), net_benefit(run, rate)) for rate in DISCOUNT_RATES}


def leakers_prevented(run: Run) -> Floats:
    """(futures,) leakers in the counterfactual less leakers in the run, excluding decoys."""
    view = view_of(run)
    rows = view.not_decoys
    before, after = view.tally("leaked", counterfactual=True)[..., rows], view.tally("leaked")[..., rows]
    return np.asarray(by_future(before) - by_future(after), float)
