"""What reviewers of public money ask of a run: point estimate, contingency, discounting, net benefit."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan

import numpy as np

from octoplan.campaign.tally import BIAS, LAYERS
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import View, by_future, view_of
from octoplan.scenario.arrays import Floats

RATES = (0.0, 0.015, 0.035, 0.05, 0.07)
"""Discount rates a year: none, the Green Book's for health, its standard rate, and two above."""
LEVELS = (0.5, 0.7, 0.8, 0.9)
"""Confidence levels at which contingency is given (GAO Cost Estimating and Assessment Guide, 2020)."""


def programme_cost(view: View, *, bias: bool = True) -> Floats:
    """(futures, months) spend on interceptors, crews and kits less that of the counterfactual.

    Spend on other layers is excluded, and so is optimism bias where ``bias`` is False.
    """
    added = view.money("spend").sum(axis=3) - view.money("spend", counterfactual=True).sum(axis=3)
    excluded = [LAYERS] if bias else [LAYERS, BIAS]
    return np.asarray(added.sum(axis=2) - added[:, :, excluded].sum(axis=2), np.float64)


@dataclass(frozen=True)
class CostEstimate:
    """The programme's cost over futures, and a point estimate.

    values, without_bias
        (futures,) cost with optimism bias and without it; ``nan`` where the counterfactual was not simulated.
    point
        The cost with every assumption at its median and without optimism bias; ``nan`` where it is not defined.
    """

    values: Floats
    without_bias: Floats
    point: float

    @cached_property
    def percentile(self) -> float:
        """Share of futures that cost no more than the point estimate; ``nan`` where no cost is defined."""
        defined = self.values[~np.isnan(self.values)]
        return float((defined <= self.point).mean()) if len(defined) and not isnan(self.point) else nan

    def contingency(self, level: float) -> float:
        """What must be added to the point estimate so that this share of futures costs no more."""
        defined = self.values[~np.isnan(self.values)]
        return float(np.quantile(defined, level)) - self.point if len(defined) else nan


def cost_estimate(run: Run, medians: Run) -> CostEstimate:
    """The programme's cost in a run, with the mean cost of the run at medians as its point estimate."""
    view = view_of(run)
    point = programme_cost(view_of(medians), bias=False).sum(axis=1)
    return CostEstimate(
        values=programme_cost(view).sum(axis=1),
        without_bias=programme_cost(view, bias=False).sum(axis=1),
        point=float(point.mean()) if len(point) else nan,
    )


def damage_avoided(view: View) -> Floats:
    """(futures, months) damage of the counterfactual less the damage of the run."""
    avoided = view.money("damage", counterfactual=True) - view.money("damage")
    return np.asarray(avoided.sum(axis=2), np.float64)


def net_benefit(run: Run, rate: float | None = None) -> Floats:
    """(futures,) damage avoided less the programme's cost; discounted to the start at a rate a year if one is given."""
    view = view_of(run)
    discount = (1.0 + (rate or 0.0)) ** -view.years
    return np.asarray(((damage_avoided(view) - programme_cost(view)) * discount).sum(axis=1), np.float64)


def by_discount_rate(run: Run) -> Mapping[float, tuple[Floats, Floats]]:
    """Present value of the programme's cost and of its net benefit, (futures,) each, at each of ``RATES``."""
    view = view_of(run)
    cost = programme_cost(view)
    return {rate: ((cost * (1.0 + rate) ** -view.years).sum(axis=1), net_benefit(run, rate)) for rate in RATES}


def leakers_prevented(run: Run) -> Floats:
    """(futures,) leakers of the counterfactual less those of the run, excluding decoys."""
    view = view_of(run)
    rows = view.not_decoys
    before, after = view.tally("leaked", counterfactual=True)[..., rows], view.tally("leaked")[..., rows]
    return np.asarray(by_future(before) - by_future(after), float)
