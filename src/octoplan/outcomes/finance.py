"""Financial appraisal of a run: point estimate, contingency, present value and net benefit."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan

import numpy as np

from octoplan.campaign.tally import BIAS, LAYERS
from octoplan.outcomes.run import Run
from octoplan.outcomes.view import View, by_future, sum_by_future, view_of
from octoplan.scenario.arrays import Floats

DISCOUNT_RATES = (0.0, 0.015, 0.035, 0.05, 0.07)
"""Annual discount rates: zero, the Green Book's health rate (1.5 %) and standard rate (3.5 %), and two higher rates."""
CONFIDENCE_LEVELS = (0.5, 0.7, 0.8, 0.9)
"""Confidence levels at which contingency is given (GAO Cost Estimating and Assessment Guide, 2020)."""


def programme_cost(view: View, *, bias: bool = True) -> Floats:
    """(futures, months) spend on interceptors, crews and kits minus the same spend in the counterfactual.

    Spend on other layers is excluded. Optimism bias is included unless ``bias`` is False.
    """
    incremental_spend = view.money("spend").sum(axis=3) - view.money("spend", counterfactual=True).sum(axis=3)
    excluded_costs = [LAYERS] if bias else [LAYERS, BIAS]
    excluded_spend = incremental_spend[:, :, excluded_costs].sum(axis=2)
    return np.asarray(incremental_spend.sum(axis=2) - excluded_spend, np.float64)


@dataclass(frozen=True)
class CostEstimate:
    """Cost of the programme: its distribution over futures, and a point estimate.

    values, values_without_bias
        (futures,) cost with and without optimism bias; ``nan`` if the counterfactual was not simulated.
    point_estimate
        Cost without optimism bias and with all assumptions at their medians; ``nan`` if undefined.
    """

    values: Floats
    values_without_bias: Floats
    point_estimate: float

    @cached_property
    def confidence_level(self) -> float:
        """Share of futures in which the cost does not exceed the point estimate; ``nan`` if no cost is defined."""
        defined = self.values[~np.isnan(self.values)]
        return (
            float((defined <= self.point_estimate).mean()) if len(defined) and not isnan(self.point_estimate) else nan
        )

    def contingency(self, level: float) -> float:
        """Contingency at a confidence level: the quantile of the cost minus the point estimate."""
        defined = self.values[~np.isnan(self.values)]
        return float(np.quantile(defined, level)) - self.point_estimate if len(defined) else nan


def cost_estimate(run: Run, medians: Run) -> CostEstimate:
    """Cost of the programme in a run; the point estimate is the mean cost of ``medians``, the run at medians."""
    median_costs = programme_cost(view_of(medians), bias=False).sum(axis=1)
    return CostEstimate(
        values=by_future(run, lambda view: programme_cost(view).sum(axis=1)),
        values_without_bias=by_future(run, lambda view: programme_cost(view, bias=False).sum(axis=1)),
        point_estimate=float(median_costs.mean()) if len(median_costs) else nan,
    )


def damage_avoided(view: View) -> Floats:
    """(futures, months) damage in the counterfactual minus damage in the run."""
    avoided = view.money("damage", counterfactual=True) - view.money("damage")
    return np.asarray(avoided.sum(axis=2), np.float64)


def spend_saved_on_layers(view: View) -> Floats:
    """(futures, months) spend on other layers, such as missiles, in the counterfactual minus that in the run."""
    saved = view.money("spend", counterfactual=True)[:, :, LAYERS] - view.money("spend")[:, :, LAYERS]
    return np.asarray(saved.sum(axis=2), np.float64)


def net_benefit_by_month(view: View) -> Floats:
    """(futures, months) damage avoided and spend saved on other layers, minus the programme's cost."""
    return damage_avoided(view) + spend_saved_on_layers(view) - programme_cost(view)


def net_benefit(run: Run, rate: float | None = None) -> Floats:
    """(futures,) damage avoided and spend saved on other layers, minus the programme's cost, over all months.

    Discounted to the start of the run if a rate is given.
    """
    discount = (1.0 + (rate or 0.0)) ** -view_of(run).years

    def of_view(view: View) -> Floats:
        return np.asarray((net_benefit_by_month(view) * discount).sum(axis=1), np.float64)

    return by_future(run, of_view)


def present_values_by_rate(run: Run) -> Mapping[float, tuple[Floats, Floats]]:
    """Present values, (futures,) each, of the programme's cost and net benefit, by discount rate."""
    cost, net, years = by_future(run, programme_cost), by_future(run, net_benefit_by_month), view_of(run).years
    discounts = {rate: (1.0 + rate) ** -years for rate in DISCOUNT_RATES}
    return {rate: ((cost * discount).sum(axis=1), (net * discount).sum(axis=1)) for rate, discount in discounts.items()}


def leakers_prevented(run: Run) -> Floats:
    """(futures,) leakers in the counterfactual minus leakers in the run, excluding decoys."""
    return by_future(run, leakers_prevented_in)


def leakers_prevented_in(view: View) -> Floats:
    """(futures,) leakers in the counterfactual minus leakers in the run, excluding decoys, in the months of a view."""
    classes = view.not_decoys
    without, leaked = view.tally("leaked", counterfactual=True)[..., classes], view.tally("leaked")[..., classes]
    return np.asarray(sum_by_future(without) - sum_by_future(leaked), float)


@dataclass(frozen=True)
class ProgrammeEffects:
    """What the programme prevents, costs and avoids, (futures,) each, undiscounted and in real terms.

    Attributes:
        leakers_prevented: Leakers in the counterfactual minus leakers in the run, excluding decoys.
        cost: Cost of the programme.
        damage_avoided: Damage in the counterfactual minus damage in the run.
        saved: Spend on other layers in the counterfactual minus that in the run.
        net_benefit: Damage avoided and spend saved on other layers, minus the cost.

    """

    leakers_prevented: Floats
    cost: Floats
    damage_avoided: Floats
    saved: Floats
    net_benefit: Floats


def programme_effects(run: Run) -> ProgrammeEffects:
    """The effects of the programme in a run, in one pass over its parts."""

    def of_view(view: View) -> Floats:
        amounts = (programme_cost, damage_avoided, spend_saved_on_layers, net_benefit_by_month)
        return np.column_stack((leakers_prevented_in(view), *(amount(view).sum(axis=1) for amount in amounts)))

    return ProgrammeEffects(*(np.ascontiguousarray(column) for column in by_future(run, of_view).T))
