"""Questions that reviewers of public money ask of a run: the point estimate and its contingency, the discount rate,
what a pound buys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import xarray as xr

from octoplan.campaign.futures import fly_batch
from octoplan.campaign.tally import BIAS, LAYERS
from octoplan.outcomes.measures import View, over, real, view_of
from octoplan.outcomes.run import COUNTERFACTUAL, KEPT, Run, labelled
from octoplan.scenario.arrays import Floats

RATES = (0.0, 0.015, 0.035, 0.05, 0.07)
"""Discount rates a year that are tried: none, the Green Book's for health, its standard rate, and two above."""
LEVELS = (0.5, 0.7, 0.8, 0.9)
"""Confidence levels to which contingency is given (GAO Cost Estimating and Assessment Guide, 2020)."""
CHANCES = 4
"""Futures of chance over which a run at medians is taken."""


def at_medians(run: Run, futures: int = CHANCES) -> Run:
    """The run with every assumption at its median: what is left is chance, that of the run's own first futures."""
    draw = run.scenario.quantiles(np.full((1, len(run.scenario.columns)), 0.5))
    draws = np.repeat(draw, futures, axis=0)
    flown = fly_batch(run.compiled, draws, run.seed, 0, KEPT, COUNTERFACTUAL)
    return replace(
        run,
        data=labelled(run.scenario, flown.tally),
        counterfactual=labelled(run.scenario, flown.without),
        assumptions=xr.DataArray(draws, dims=("future", "assumption")),
        status=flown.status,
        messages=flown.messages,
    )


def own_cost(view: View, *, bias: bool = True) -> Floats:
    """(futures, months) what the programme adds to the spend on interceptors, crews and kits; layers apart."""
    gone = view.money("spend").sum(axis=3) - view.money("spend", base=True).sum(axis=3)
    left_out = [LAYERS] if bias else [LAYERS, BIAS]
    return np.asarray(gone.sum(axis=2) - gone[:, :, left_out].sum(axis=2), np.float64)


@dataclass(frozen=True)
class Cost:
    """The programme's cost over futures beside one central estimate.

    values, without_bias
        (futures,) cost with optimism bias and without it.
    point
        The cost with every assumption at its median, without optimism bias, as a spreadsheet would have it.
    """

    values: Floats
    without_bias: Floats
    point: float

    @cached_property
    def percentile(self) -> float:
        """Share of futures that cost no more than the point estimate."""
        return float((self.values <= self.point).mean())

    def contingency(self, level: float) -> float:
        """What must be added to the point estimate so that this share of futures stays within it."""
        return float(np.quantile(self.values, level)) - self.point


def cost(run: Run, medians: Run) -> Cost:
    """The programme's cost in a run, and the point estimate from the run at medians."""
    view, middle = view_of(run), view_of(medians)
    point = own_cost(middle, bias=False).sum(axis=1)
    return Cost(
        own_cost(view).sum(axis=1), own_cost(view, bias=False).sum(axis=1), float(point.mean()) if len(point) else 0.0
    )


def saved(view: View) -> Floats:
    """(futures, months) damage avoided by the programme."""
    gone = view.money("damage", base=True) - view.money("damage")
    return np.asarray(gone.sum(axis=2), np.float64)


def net(run: Run, rate: float | None = None) -> Floats:
    """(futures,) damage avoided less the programme's cost; discounted to the start at a rate a year if one is given."""
    view = view_of(run)
    worth = (1.0 + (rate or 0.0)) ** -view.years
    return np.asarray(((saved(view) - own_cost(view)) * worth).sum(axis=1), np.float64)


def by_rate(run: Run) -> Mapping[float, tuple[Floats, Floats]]:
    """Present cost of the programme and present net benefit, (futures,) each, at each of ``RATES``."""
    view = view_of(run)
    spent = own_cost(view)
    return {rate: ((spent * (1.0 + rate) ** -view.years).sum(axis=1), net(run, rate)) for rate in RATES}


def fewer(run: Run) -> Floats:
    """(futures,) leakers fewer than without the programme, decoys left out."""
    view = view_of(run)
    kept = real(view)
    return np.asarray(over(view.take("leaked", base=True)[..., kept]) - over(view.take("leaked")[..., kept]), float)
