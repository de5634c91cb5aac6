"""Share of the units that serves the regions: exact counts, accounts and money."""

from math import floor

import numpy as np
import pytest

from octoplan.campaign.compiled import entry
from octoplan.campaign.delivery import divert, initial_unit_stocks
from octoplan.campaign.futures import SimulationResults, simulate_futures
from octoplan.campaign.streams import uniforms
from octoplan.campaign.tally import MAKERS
from octoplan.scenario import load
from octoplan.scenario.arrays import Ints
from octoplan.scenario.changes import with_default_rows
from octoplan.scenario.scenario import with_files

SEED, FUTURES = 171, 6


@entry
def fill_diverted(share: float, units: Ints, diverted: Ints) -> None:
    """Fill the units diverted of each dispatch."""
    stocks = initial_unit_stocks(np.ones(1), 1, 1, 1, 1)
    for i in range(units.shape[0]):
        diverted[i] = divert(stocks, 0, share, units[i])


@pytest.mark.parametrize("share", [0.0, 0.1, 1 / 3, 0.5, 0.87, 1.0])
def test_the_share_holds_exactly_at_all_times(share: float) -> None:
    """After every dispatch, the units that serve the regions are the share of all dispatched so far, rounded."""
    units = np.random.default_rng(SEED).integers(0, 9, 20_000)
    diverted = np.empty(len(units), np.int64)
    fill_diverted(share, units, diverted)
    assert (diverted >= 0).all()
    assert (diverted <= units).all()
    expected = [floor(float(total) * share + 0.5) for total in units.cumsum()]
    assert ((units - diverted).cumsum() == expected).all()
    assert bool(diverted.any()) == (share < 1.0)
    assert bool((units - diverted).any()) == (share > 0.0)


def simulate(share: str, stream: str = "40") -> SimulationResults:
    """Results of ``pocket`` with a delivery rate of other makers, an initial stock and a share."""
    scenario = load("pocket")
    text = with_default_rows(scenario).decode().replace("default: ", "")
    for name, value in (("stock", "500"), ("rate_start", stream), ("rate_full", stream)):
        assert f"makers.other.{name},0," in text
        text = text.replace(f"makers.other.{name},0,", f"makers.other.{name},{value},")
    row = f"service.pocket.share,{share},,,fixed,1,,,red,tests,2026-11-22,\n" if share else ""
    changed = with_files(scenario, {"assumptions.csv": text + row})
    draws = changed.quantiles(uniforms(SEED, changed.columns, FUTURES))
    return simulate_futures(changed.compile(), draws, seed=SEED, counterfactual=("received", "spend"))


def test_all_units_serve_the_regions_without_a_row_and_with_a_share_of_1() -> None:
    """A share of 1 gives bit-identical results, and nothing is diverted."""
    without, with_row = simulate(""), simulate("1")
    for name, values in without.tally.items():
        assert np.array_equal(values, with_row.tally[name]), name
    assert not without.tally["diverted"].any()


def test_a_share_of_the_programmes_units_is_diverted_and_the_accounts_balance() -> None:
    """Of the programme's units the rounded share is delivered; production is the same, and the accounts balance."""
    all_served, part = simulate("", "0"), simulate("0.3", "0")
    assert not part.tally["imbalance"].any()
    assert np.array_equal(part.tally["good"], all_served.tally["good"])
    assert np.array_equal(part.tally["sent"], all_served.tally["sent"])
    diverted = part.tally["diverted"].astype(int).sum((1, 2))
    sent = part.tally["sent"].astype(int).sum((1, 2, 3))
    assert (diverted > 0).all()
    assert np.array_equal(sent - diverted, np.floor(sent * 0.3 + 0.5)), "pocket loses no unit in transit"
    under_way = part.tally["transit"][:, -1].astype(int).sum(1)
    assert np.array_equal(part.tally["delivered"].astype(int).sum((1, 2)) + under_way, sent - diverted)


def test_other_makers_deliver_and_are_paid_for_the_share_only() -> None:
    """Of other makers' units the share is delivered and booked, with and without the programme, within one unit."""
    all_served, part = simulate(""), simulate("0.25")
    price = 1000.0
    for kind in ("tally", "counterfactual"):
        all_of, share_of = getattr(all_served, kind), getattr(part, kind)
        paid = [float(results["spend"][0, :, MAKERS].sum()) for results in (all_of, share_of)]
        assert paid == [40 * 90 * price, 10 * 90 * price]
    received = [r.counterfactual["received"][0].astype(int).sum() for r in (all_served, part)]
    assert received == [40 * 90, 10 * 90]


def test_the_initial_stock_is_unaffected() -> None:
    """With a share of 0, the initial stock of other makers is in the regions, and nothing is delivered."""
    nothing = simulate("0")
    assert not nothing.tally["received"].any()
    used = (nothing.tally["sorties"].astype(int) - nothing.tally["recovered"]).sum((1, 2, 3))
    assert np.array_equal(nothing.tally["stock"][:, -1].astype(int).sum((1, 2)) + used, np.full(FUTURES, 500))
