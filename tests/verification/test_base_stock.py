"""One plant, one part, random demand: the base-stock policy that orders parts, against newsvendor theory.

Parts ordered on a day arrive a lead time L later; each morning the inventory position is raised to S, and the day's
Poisson demand follows. So the net inventory at the end of a day is S less the demand of L + 1 days.
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
RATIO = SHORTAGE / (SHORTAGE + HOLDING)


@entry
def keep_stock(
    keys: StreamKeys, suppliers: Records, target: float, demand: float, days: int, warm: int,
    on_hand: Floats, backorders: Floats, filled: Floats,
) -> None:  # fmt: skip
    """Simulate the policy: mean stock, mean backorders, and share of days without backorders, of each replication."""
    sourcing, up, payer = np.ones(1), np.full(1, 1), np.full(1, 0)
    ledger = Ledger(np.zeros((1, 16, 1)), np.zeros((1, 1, 1)), np.zeros((1, 1, 16)), np.ones(1), 0.0, 0)
    tally = SupplyTally(np.zeros((1, 1), np.int64), np.zeros((1, 1, 1), np.int64), np.zeros((1, 1), np.int64))
    for run in range(on_hand.shape[0]):
        stocks = initial_part_stocks(suppliers, sourcing, 1, 1, days)
        held = owed = clear = 0
        for day in range(days):
            quantity = base_stock_order(target, stocks.on_hand[0, 0], stocks.on_order[0, 0])
            place_base_stock_order(suppliers, sourcing, stocks, up, 0, 0, quantity)
            ship_parts(suppliers, payer, stocks, up, ledger, tally, Moment(keys, run, day))
            receive_parts(stocks, day)
            stocks.on_hand[0, 0] -= poisson(key_of(keys, GOOD_UNITS, 0), run, day, 0, demand)
            if day >= warm:
                held += max(0, stocks.on_hand[0, 0])
                owed += max(0, -stocks.on_hand[0, 0])
                clear += 1 if stocks.on_hand[0, 0] >= 0 else 0
        counted = days - warm
        on_hand[run], backorders[run], filled[run] = held / counted, owed / counted, clear / counted


def stocked(seed: int, target: int, lead: int, runs: int) -> tuple[Floats, Floats, Floats]:
    """See ``keep_stock``: each (runs,), 10,000 days a run."""
    on_hand, backorders, filled = np.empty(runs), np.empty(runs), np.empty(runs)
    supplier = records("suppliers", lead=lead, capacity=1e6, min_order=1)
    keep_stock(
        streams(seed), supplier, float(target), DEMAND, 10_000 + 2 * lead, 2 * lead, on_hand, backorders, filled
    )  # fmt: skip
    return on_hand, backorders, filled


@pytest.mark.parametrize("lead", [0, 4])
def test_stock_and_backorders(lead: int) -> None:
    """Expected stock, backorders and ready rate at the newsvendor level are those of Poisson demand over L + 1 days."""
    law = poisson_law(DEMAND * (lead + 1))
    target = int(law.ppf(RATIO))
    support = np.arange(1000)
    on_hand, backorders, ready = stocked(91 + lead, target, lead, 300 if lead == 0 else 1200)
    assert_mean(ready, float(law.cdf(target)))
    assert_mean(on_hand, float((np.maximum(0, target - support) * law.pmf(support)).sum()))
    assert_mean(backorders, float((np.maximum(0, support - target) * law.pmf(support)).sum()))


@pytest.mark.parametrize("lead", [0, 4])
def test_the_cheapest_base_stock_is_the_newsvendor_quantile(lead: int) -> None:
    """The smallest S with P(D <= S) >= p / (p + h) costs significantly less than its neighbours."""
    best = int(poisson_law(DEMAND * (lead + 1)).ppf(RATIO))

    def cost(target: int) -> NDArray[np.float64]:
        on_hand, backorders, _ = stocked(95 + lead, target, lead, 100)
        return HOLDING * on_hand + SHORTAGE * backorders

    cheapest = cost(best)
    for other in (best - 2, best - 1, best + 1, best + 2):
        dearer = cost(other) - cheapest
        assert dearer.mean() > 4.0 * dearer.std(ddof=1) / np.sqrt(len(dearer)), other
