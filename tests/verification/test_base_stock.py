"""The base-stock policy for one plant, one part and random demand, compared with newsvendor theory.

Parts arrive a lead time L after the order; each morning the inventory position is raised to S, and the day's
Poisson demand follows. The net inventory at the end of a day is therefore S minus the demand of L + 1 days.
"""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import poisson as poisson_law

from octoplan.campaign.compiled import entry
from octoplan.campaign.money import Ledger
from octoplan.campaign.streams import GOOD_UNITS, Moment, key_of, poisson
from octoplan.campaign.supply import (
    SupplyTally,
    base_stock_order,
    initial_part_stocks,
    place_base_stock_order,
    receive_parts,
    ship_parts,
)
from octoplan.scenario.arrays import Floats, Records, StreamKeys
from tests.verification.harness import assert_mean, records, streams

DEMAND, HOLDING, SHORTAGE = 8.0, 1.0, 9.0
CRITICAL_RATIO = SHORTAGE / (SHORTAGE + HOLDING)


@entry
def simulate_policy(
    keys: StreamKeys, suppliers: Records, target: float, demand: float, days: int, warm_up: int,
    on_hand: Floats, backorders: Floats, filled: Floats,
) -> None:  # fmt: skip
    """Simulate the policy; fills mean stock, mean backorders and share of days without backorders, (replications,)."""
    sourcing, up, payer = np.ones(1), np.full(1, 1), np.full(1, 0)
    ledger = Ledger(np.zeros((1, 16, 1)), np.zeros((1, 1, 1)), np.zeros((1, 1, 16)), np.ones(1), 0.0, 0)
    tally = SupplyTally(np.zeros((1, 1), np.int64), np.zeros((1, 1, 1), np.int64), np.zeros((1, 1), np.int64))
    for run in range(on_hand.shape[0]):
        stocks = initial_part_stocks(suppliers, sourcing, 1, 1, days)
        stock_days = backorder_days = days_without_backorders = 0
        for day in range(days):
            quantity = base_stock_order(target, stocks.on_hand[0, 0], stocks.on_order[0, 0])
            place_base_stock_order(suppliers, sourcing, stocks, up, 0, 0, quantity)
            ship_parts(suppliers, payer, stocks, up, ledger, tally, Moment(keys, run, day))
            receive_parts(stocks, day)
            stocks.on_hand[0, 0] -= poisson(key_of(keys, GOOD_UNITS, 0), run, day, 0, demand)
            if day >= warm_up:
                stock_days += max(0, stocks.on_hand[0, 0])
                backorder_days += max(0, -stocks.on_hand[0, 0])
                days_without_backorders += 1 if stocks.on_hand[0, 0] >= 0 else 0
        counted = days - warm_up
        on_hand[run], backorders[run], filled[run] = (
            stock_days / counted,
            backorder_days / counted,
            days_without_backorders / counted,
        )


def policy_results(seed: int, target: int, lead: int, runs: int) -> tuple[Floats, Floats, Floats]:
    """Mean stock, mean backorders and share of days without backorders, each (runs,), over 10,000 days per run."""
    on_hand, backorders, filled = np.empty(runs), np.empty(runs), np.empty(runs)
    supplier = records("suppliers", lead=lead, capacity=1e6, min_order=1)
    simulate_policy(
        streams(seed), supplier, float(target), DEMAND, 10_000 + 2 * lead, 2 * lead, on_hand, backorders, filled
    )  # fmt: skip
    return on_hand, backorders, filled


@pytest.mark.parametrize("lead", [0, 4])
def test_stock_and_backorders(lead: int) -> None:
    """Expected stock, backorders and ready rate at the newsvendor level are those of Poisson demand over L + 1 days."""
    demand = poisson_law(DEMAND * (lead + 1))
    target = int(demand.ppf(CRITICAL_RATIO))
    support = np.arange(1000)
    on_hand, backorders, ready = policy_results(91 + lead, target, lead, 300 if lead == 0 else 1200)
    assert_mean(ready, float(demand.cdf(target)))
    assert_mean(on_hand, float((np.maximum(0, target - support) * demand.pmf(support)).sum()))
    assert_mean(backorders, float((np.maximum(0, support - target) * demand.pmf(support)).sum()))


@pytest.mark.parametrize("lead", [0, 4])
def test_the_cheapest_base_stock_is_the_newsvendor_quantile(lead: int) -> None:
    """The smallest S with P(D <= S) >= p / (p + h) costs significantly less than its neighbours."""
    best = int(poisson_law(DEMAND * (lead + 1)).ppf(CRITICAL_RATIO))

    def cost(target: int) -> NDArray[np.float64]:
        on_hand, backorders, _ = policy_results(95 + lead, target, lead, 100)
        return HOLDING * on_hand + SHORTAGE * backorders

    cheapest = cost(best)
    for other in (best - 2, best - 1, best + 1, best + 2):
        extra_cost = cost(other) - cheapest
        assert extra_cost.mean() > 4.0 * extra_cost.std(ddof=1) / np.sqrt(len(extra_cost)), other
