"""The published months as a record: their totals to the last weapon, over days as uneven as the process draws them."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoplan.errors import RecordError
from octoplan.outcomes.backtest import of_record, through
from octoplan.outcomes.monthly import published_months, spread, totals
from octoplan.raids.read.readers import read
from octoplan.raids.read.record import Record
from octoplan.scenario import load

FIRST = date(2025, 11, 1)
RECORD = Path(__file__).parents[3] / "shared" / "data" / "raids" / "daily.csv"


@pytest.fixture(scope="module")
def record() -> Record:
    return published_months(load("octopus"), FIRST, 5)


def test_months_are_those_published(record: Record) -> None:
    """Launched and stopped of each class sum to what was published, and no day stops more than came."""
    of_day = record.days.astype("datetime64[M]").astype(str)
    for (month, each), (launched, stopped) in totals().items():
        if month >= "2025-11":
            column, rows = record.classes.index(each), of_day == month
            assert record.launched[rows, column].sum() == launched
            assert record.destroyed[rows, column].sum() == stopped
    assert (record.destroyed <= record.launched).all()
    assert len(record) == 151


def test_days_are_a_raid_process(record: Record) -> None:
    """The days of a month are as uneven as raids are, and the missiles come with the drones."""
    assert record.drones.var() / record.drones.mean() > 40
    assert np.corrcoef(record.drones, record.missiles)[0, 1] > 0.4


def test_days_are_a_function_of_the_scenario(record: Record) -> None:
    """The same scenario gives the same days, and one that is given its days gives them too."""
    scenario = load("octopus")
    assert np.array_equal(published_months(scenario, FIRST, 5).launched, record.launched)
    given_days = through(scenario, record, FIRST, 5)
    assert np.array_equal(published_months(given_days, FIRST, 5).launched, record.launched)


def test_months_not_yet_published_are_named() -> None:
    """A backtest beyond the last published month says which days there are."""
    scenario = load("octopus")
    beyond = published_months(scenario, FIRST, 7)
    with pytest.raises(RecordError, match=r"holds 2025-11-01 to 2026-03-31"):
        through(scenario, beyond, FIRST, 7)


@given(st.integers(0, 5000), st.lists(st.floats(0, 1e4), min_size=1, max_size=40))
def test_spread_is_as_even_as_whole_numbers_can_be(total: int, weights: list[float]) -> None:
    """Parts sum to the total and each is within one of its exact share."""
    found = spread(total, np.array(weights))
    assert found.sum() == total
    shares = np.array(weights) / sum(weights) if sum(weights) > 0 else np.full(len(weights), 1 / len(weights))
    assert (np.abs(found - total * shares) < 1 + 1e-6).all()
    assert (found >= 0).all()


@pytest.mark.skipif(not RECORD.exists(), reason="needs the public record beside the project")
def test_totals_are_the_records() -> None:
    """The shipped totals are those of the public record."""
    record = read(RECORD)
    of_day = record.days.astype("datetime64[M]").astype(str)
    others = ("antiship", "other", "mixed")
    for (month, each), (launched, stopped) in totals().items():
        columns = [record.classes.index(name) for name in (others if each == "other" else (each,))]
        assert record.launched[of_day == month][:, columns].sum() == launched
        assert record.stopped[of_day == month][:, columns].sum() == stopped


def test_figures_come_from_the_months(record: Record) -> None:
    """The stopped share of a month is the published one."""
    found = {(f.month, f.key): f.value for f in of_record(record, ["2026-02"], ["cruise", "ballistic"])}
    launched, stopped = totals()["2026-02", "cruise"]
    assert found["2026-02", "stopped/cruise"] == pytest.approx(100 * stopped / launched)
