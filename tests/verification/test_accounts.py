"""The accounts: units made = under way + in stock + spent + lost + scrapped, every day of every future, exactly."""

import numpy as np
import pytest

from octoplan.campaign.accounts import account_imbalance
from octoplan.campaign.compiled import entry
from octoplan.campaign.delivery import initial_unit_stocks
from octoplan.campaign.futures import SimulatedFutures, simulate_futures
from octoplan.campaign.streams import uniforms
from octoplan.scenario import Scenario, load
from octoplan.scenario.arrays import Records
from tests.verification.harness import records

SEED = 111


def flown(name: str, futures: int) -> tuple[Scenario, SimulatedFutures]:
    scenario = load(name)
    assumptions = scenario.quantiles(uniforms(SEED, [f"belief/{column}" for column in scenario.columns], futures))
    return scenario, simulate_futures(scenario.compile(), assumptions, seed=SEED)


@pytest.mark.parametrize(("name", "futures"), [("pocket", 200), ("octopus", 12)])
def test_accounts_close(name: str, futures: int) -> None:
    """The largest daily difference of any design's account is 0, and stock is never negative."""
    _, found = flown(name, futures)
    assert not found.tally["imbalance"].any()
    assert not found.status.any()
    assert np.asarray(found.tally["stock"], np.int64).min() >= 0


def drawn_stock(scenario: Scenario, futures: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Units of other makers that stand in the regions at the start, by future."""
    drawn = scenario.quantiles(uniforms(SEED, [f"belief/{column}" for column in scenario.columns], futures))
    return np.floor(drawn[:, scenario.columns.index("makers.other.stock")] + 0.5).astype(np.int64)


def test_the_books_of_the_tallies_close_too() -> None:
    """From the tallies: what other makers had and delivered is in stock or spent at the end of every month."""
    scenario, found = flown("octopus", 4)
    tally = {name: np.asarray(values, np.int64) for name, values in found.tally.items() if values.dtype.kind == "i"}
    other = scenario.names.designs.index("other")
    stood = drawn_stock(scenario, 4)
    came = tally["received"][..., other].sum(2).cumsum(1) + stood[:, np.newaxis]
    gone = (tally["sorties"] - tally["recovered"])[..., other].sum(2).cumsum(1)
    assert (came > 0).all()
    assert (gone > 0).any()
    assert np.array_equal(came, gone + tally["stock"][..., other].sum(2))


def test_the_books_of_the_programme_close_too() -> None:
    """From the tallies alone: good units are at the plant, under way, in a region, spent, or lost on the way."""
    scenario, found = flown("octopus", 4)
    tally = {name: np.asarray(values, np.int64) for name, values in found.tally.items() if values.dtype.kind == "i"}
    octopus = scenario.names.designs.index("octopus")
    good = tally["good"].sum(2).cumsum(1)
    spent = (tally["sorties"] - tally["recovered"])[..., octopus].sum(2).cumsum(1)
    held = tally["plant_stock"].sum(2) + tally["transit"][..., octopus] + tally["stock"][..., octopus].sum(2)
    lost = good - spent - held
    assert good[:, -1].min() > 0
    assert (lost >= 0).all()
    assert (np.diff(lost, axis=1) >= 0).all()
    assert (lost <= 0.1 * good).all()


@entry
def judge(plants: Records, field: int, change: int) -> int:
    """The imbalance of a closed depot of 2 designs x 2 blocks, 3 regions and 2 plants after a change of one field."""
    depot = initial_unit_stocks(np.ones(3), 1, 2, 2, 5)
    waiting = np.zeros((2, 2), np.int64)
    depot.made[0], depot.scrapped[0], depot.lost[0], depot.spent[0], depot.transit[0] = 100, 5, 3, 40, 12
    depot.stock[0, 0], depot.stock[2, 1], waiting[0, 1] = 10, 20, 10
    depot.made[1], depot.stock[1, 3], depot.spent[1], waiting[1, 0] = 50, 25, 15, 10
    if field == 1:
        depot.made[0] += change
    if field == 2:
        depot.scrapped[0] += change
    if field == 3:
        depot.lost[0] += change
    if field == 4:
        depot.spent[1] += change
    if field == 5:
        depot.transit[0] += change
    if field == 6:
        depot.stock[2, 1] += change
    if field == 7:
        waiting[1, 0] += change
    if field == 8:  # a unit of one design turns into one of the other
        depot.stock[0, 0] -= change
        depot.stock[0, 2] += change
    if field == 9:  # totals agree, a stock is negative
        depot.stock[0, 0] -= 10 + change
        depot.stock[1, 0] += 10 + change
    return account_imbalance(plants, waiting, depot)


def plants() -> Records:
    return records("plants", 2, design=[0, 1])


def test_closed_accounts_show_no_imbalance() -> None:
    """A depot whose units are all accounted for has imbalance 0."""
    assert judge(plants(), 0, 0) == 0


@pytest.mark.parametrize("field", range(1, 10))
@pytest.mark.parametrize("change", [1, 7])
def test_the_check_can_fail(field: int, change: int) -> None:
    """Units that appear, vanish, change their design, or are owed by a region are seen, to the last one."""
    assert judge(plants(), field, change) == change
