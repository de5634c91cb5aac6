"""Unit accounts: produced = in transit + in stock + spent + lost + scrapped + diverted, every day of every future."""

import numpy as np
import pytest

from octoplan.campaign.accounts import unit_imbalance
from octoplan.campaign.compiled import entry
from octoplan.campaign.delivery import initial_unit_stocks
from octoplan.campaign.futures import SimulationResults, simulate_futures
from octoplan.campaign.streams import uniforms
from octoplan.scenario import Scenario, load
from octoplan.scenario.arrays import Records
from tests.verification.harness import pocket, records

SEED = 111


def simulate_scenario(name: str, futures: int) -> tuple[Scenario, SimulationResults]:
    scenario = load(name)
    assumptions = scenario.quantiles(uniforms(SEED, [f"belief/{column}" for column in scenario.columns], futures))
    return scenario, simulate_futures(scenario.compile(), assumptions, seed=SEED)


@pytest.mark.parametrize(("name", "futures"), [("pocket", 200), ("octopus", 12)])
def test_accounts_balance(name: str, futures: int) -> None:
    """The unit account of every design balances on every day, and no stock is negative."""
    _, results = simulate_scenario(name, futures)
    assert not results.tally["imbalance"].any()
    assert not results.status.any()
    assert np.asarray(results.tally["stock"], np.int64).min() >= 0


def initial_stock_of_other_makers(scenario: Scenario, futures: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Initial stock of other makers' units, (futures,)."""
    drawn = scenario.quantiles(uniforms(SEED, [f"belief/{column}" for column in scenario.columns], futures))
    return np.floor(drawn[:, scenario.columns.index("makers.other.stock")] + 0.5).astype(np.int64)


def test_monthly_tallies_of_other_makers_balance() -> None:
    """Initial stock plus deliveries of other makers equal stock plus units spent at the end of each month."""
    scenario, results = simulate_scenario("octopus", 4)
    tally = {name: np.asarray(values, np.int64) for name, values in results.tally.items() if values.dtype.kind == "i"}
    other = scenario.names.designs.index("other")
    initial = initial_stock_of_other_makers(scenario, 4)
    received_units = tally["received"][..., other].sum(2).cumsum(1) + initial[:, np.newaxis]
    spent_units = (tally["sorties"] - tally["recovered"])[..., other].sum(2).cumsum(1)
    assert (received_units > 0).all()
    assert (spent_units > 0).any()
    assert np.array_equal(received_units, spent_units + tally["stock"][..., other].sum(2))


def test_monthly_tallies_of_the_programme_balance() -> None:
    """Good units are at a plant, in transit, in a region, spent, diverted to other uses, or lost in transit."""
    scenario, results = simulate_scenario("octopus", 4)
    tally = {name: np.asarray(values, np.int64) for name, values in results.tally.items() if values.dtype.kind == "i"}
    octopus = scenario.names.designs.index("octopus")
    good = tally["good"].sum(2).cumsum(1)
    spent = (tally["sorties"] - tally["recovered"])[..., octopus].sum(2).cumsum(1)
    held = tally["plant_stock"].sum(2) + tally["transit"][..., octopus] + tally["stock"][..., octopus].sum(2)
    diverted = tally["diverted"][..., octopus].cumsum(1)
    lost = good - spent - held - diverted
    assert good[:, -1].min() > 0
    assert (lost >= 0).all()
    assert (np.diff(lost, axis=1) >= 0).all()
    assert (lost <= 0.1 * good).all()


@entry
def imbalance_after(plants: Records, field: int, change: int) -> int:
    """Imbalance of balanced accounts (2 designs, 2 blocks, 3 regions, 2 plants) after a change of one field."""
    stocks = initial_unit_stocks(np.ones(3), 1, 2, 2, 5)
    waiting = np.zeros((2, 2), np.int64)
    stocks.produced[0], stocks.scrapped[0], stocks.lost[0], stocks.spent[0], stocks.transit[0] = 104, 5, 3, 40, 12
    stocks.diverted[0] = 4
    stocks.stock[0, 0], stocks.stock[2, 1], waiting[0, 1] = 10, 20, 10
    stocks.produced[1], stocks.stock[1, 3], stocks.spent[1], waiting[1, 0] = 50, 25, 15, 10
    if field == 1:
        stocks.produced[0] += change
    if field == 2:
        stocks.scrapped[0] += change
    if field == 3:
        stocks.lost[0] += change
    if field == 4:
        stocks.spent[1] += change
    if field == 5:
        stocks.transit[0] += change
    if field == 6:
        stocks.stock[2, 1] += change
    if field == 7:
        waiting[1, 0] += change
    if field == 8:  # a unit of one design turns into one of the other
        stocks.stock[0, 0] -= change
        stocks.stock[0, 2] += change
    if field == 10:
        stocks.diverted[0] += change
    if field == 9:  # the total is unchanged, but a stock is negative
        stocks.stock[0, 0] -= 10 + change
        stocks.stock[1, 0] += 10 + change
    return unit_imbalance(plants, waiting, stocks)


def plants() -> Records:
    return records("plants", 2, design=[0, 1])


def test_balanced_accounts_have_no_imbalance() -> None:
    """Balanced unit accounts have imbalance 0."""
    assert imbalance_after(plants(), 0, 0) == 0


@pytest.mark.parametrize("field", range(1, 11))
@pytest.mark.parametrize("change", [1, 7])
def test_an_error_in_the_accounts_is_detected(field: int, change: int) -> None:
    """Units that appear, vanish or change design, and negative stocks, give an imbalance of their exact number."""
    assert imbalance_after(plants(), field, change) == change


def test_counts_beyond_32_bits_are_exact() -> None:
    """An initial stock of 3,000,000,000 units is counted exactly at the end of each month, with deliveries added."""
    compiled, assumptions = pocket(2, SEED, makers__other__stock=3e9, crews__initial=0.0)
    results = simulate_futures(compiled, assumptions, seed=SEED).tally
    delivered = results["received"].sum((2, 3)).cumsum(1)
    assert (results["stock"].sum((2, 3)) == 3_000_000_000 + delivered).all()
