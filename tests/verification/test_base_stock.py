"""One plant, one part, random demand: the base-stock policy that orders parts, against newsvendor theory.

Parts ordered on a day arrive a lead time L later; the position is brought to S each morning and the day's Poisson
demand follows. So what is left at the end of a day is S less the demand of L + 1 days.
"""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import poisson as poisson_law

from octoplan.campaign.compiled import entry
from octoplan.campaign.money import Books
from octoplan.campaign.streams import MADE, poisson, stream
from octoplan.campaign.supply import SupplyLog, empty_stores, order_by_need, receive, ship_parts, shortfall
from octoplan.scenario.arrays import Floats, Keys, Records
from tests.verification.harness import agrees, records, streams

DEMAND, HOLDING, SHORTAGE = 8.0, 1.0, 9.0
RATIO = SHORTAGE / (SHORTAGE + HOLDING)


@entry
def keep_stock(
    keys: Keys, suppliers: Records, target: float, demand: float, days: int, warm: int,
    on_hand: Floats, backorders: Floats, filled: Floats,
) -> None:  # fmt: skip
    """Run the policy: mean parts on hand, mean parts owed, and share of days with nothing owed, of each replication."""
    sourcing, ships, payer = np.ones(1), np.full(1, 1), np.full(1, 0)
    books = Books(np.zeros((1, 16, 1)), np.zeros((1, 1, 1)), np.zeros((1, 1, 16)), np.ones(1), 0.0)
    diary = SupplyLog(np.zeros((1, 1), np.int64), np.zeros((1, 1, 1), np.int64), np.zeros((1, 1), np.int64))
    for run in range(on_hand.shape[0]):
        stores = empty_stores(suppliers, sourcing, 1, 1, days)
        held = owed = clear = 0
        for day in range(days):
            quantity = shortfall(target, stores.on_hand[0, 0], stores.on_order[0, 0])
            order_by_need(suppliers, sourcing, stores, ships, 0, 0, quantity)
            ship_parts(suppliers, payer, keys, books, diary, stores, ships, 0, run, day)
            receive(stores, day)
            stores.on_hand[0, 0] -= poisson(stream(keys, MADE, 0), run, day, 0, demand)
            if day >= warm:
                held += max(0, stores.on_hand[0, 0])
                owed += max(0, -stores.on_hand[0, 0])
                clear += 1 if stores.on_hand[0, 0] >= 0 else 0
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
    agrees(ready, float(law.cdf(target)))
    agrees(on_hand, float((np.maximum(0, target - support) * law.pmf(support)).sum()))
    agrees(backorders, float((np.maximum(0, support - target) * law.pmf(support)).sum()))


@pytest.mark.parametrize("lead", [0, 4])
def test_the_cheapest_base_stock_is_the_newsvendor_quantile(lead: int) -> None:
    """The least S with P(D <= S) >= p / (p + h) costs less than its neighbours, on the same demands, beyond doubt."""
    best = int(poisson_law(DEMAND * (lead + 1)).ppf(RATIO))

    def cost(target: int) -> NDArray[np.float64]:
        on_hand, backorders, _ = stocked(95 + lead, target, lead, 100)
        return HOLDING * on_hand + SHORTAGE * backorders

    cheapest = cost(best)
    for other in (best - 2, best - 1, best + 1, best + 2):
        dearer = cost(other) - cheapest
        assert dearer.mean() > 4.0 * dearer.std(ddof=1) / np.sqrt(len(dearer)), other
