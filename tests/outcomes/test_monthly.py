"""A record from published monthly totals, allocated to days by the raid process."""

import doctest
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from octoplan.errors import RecordError
from octoplan.outcomes import monthly
from octoplan.outcomes.backtest import recorded_stopped_shares, with_recorded_raids
from octoplan.outcomes.monthly import apportion, published_totals, record_from_monthly_totals
from octoplan.raids.read.readers import read
from octoplan.raids.read.record import Record
from octoplan.scenario import load

PUBLIC_RECORD = Path(__file__).parents[3] / "shared" / "data" / "raids" / "daily.csv"


@pytest.fixture(scope="module")
def record() -> Record:
    return record_from_monthly_totals(load("octopus"), 5)


def test_monthly_sums_are_those_published(record: Record) -> None:
    """Counts of each class sum to the published totals, and no day has more stopped than launched."""
    month_of_day = record.days.astype("datetime64[M]").astype(str)
    for (month, klass), (launched, stopped) in published_totals().items():
        if month >= "2025-11":
            column, rows = record.classes.index(klass), month_of_day == month
            assert record.launched[rows, column].sum() == launched
            assert record.destroyed[rows, column].sum() == stopped
    assert (record.destroyed <= record.launched).all()
    assert len(record) == 151


def test_days_vary_as_raids_do(record: Record) -> None:
    """Daily counts are overdispersed against Poisson, and missiles are correlated with drones."""
    assert record.drones.var() / record.drones.mean() > 40
    assert np.corrcoef(record.drones, record.missiles)[0, 1] > 0.4


def test_days_depend_on_the_scenario_alone(record: Record) -> None:
    """The same scenario gives the same days, also if raids of its first days are given."""
    scenario = load("octopus")
    assert np.array_equal(record_from_monthly_totals(scenario, 5).launched, record.launched)
    with_given_days = with_recorded_raids(scenario, record, 5)
    assert np.array_equal(record_from_monthly_totals(with_given_days, 5).launched, record.launched)


def test_months_that_were_not_published_are_refused() -> None:
    """A backtest beyond the last published month is refused with the days of the record."""
    scenario = load("octopus")
    with pytest.raises(RecordError, match=r"contains 2025-11-01 to 2026-03-31"):
        with_recorded_raids(scenario, record_from_monthly_totals(scenario, 7), 7)


@given(st.integers(0, 5000), st.lists(st.floats(0, 1e4), min_size=1, max_size=40))
def test_apportioned_parts_are_within_one_of_their_quota(total: int, weights: list[float]) -> None:
    """Parts sum to the total, and each is within one of its proportional share."""
    parts = apportion(total, np.array(weights))
    assert parts.sum() == total
    shares = np.array(weights) / sum(weights) if sum(weights) > 0 else np.full(len(weights), 1 / len(weights))
    assert (np.abs(parts - total * shares) < 1 + 1e-6).all()
    assert (parts >= 0).all()


def test_the_examples_of_the_docstrings_hold() -> None:
    """The examples in the docstrings give the printed results."""
    assert doctest.testmod(monthly).failed == 0


@pytest.mark.skipif(not PUBLIC_RECORD.exists(), reason="needs the public record next to the project")
def test_totals_are_those_of_the_public_record() -> None:
    """The published totals in the package are those of the public record."""
    record = read(PUBLIC_RECORD)
    month_of_day = record.days.astype("datetime64[M]").astype(str)
    rest = ("antiship", "other", "mixed")
    for (month, klass), (launched, stopped) in published_totals().items():
        columns = [record.classes.index(name) for name in (rest if klass == "other" else (klass,))]
        assert record.launched[month_of_day == month][:, columns].sum() == launched
        assert record.stopped[month_of_day == month][:, columns].sum() == stopped


def test_figures_come_from_the_months(record: Record) -> None:
    """The stopped share of a month is the published one."""
    figures = recorded_stopped_shares(record, ["2026-02"], ["cruise", "ballistic"])
    shares = {(figure.month, figure.key): figure.value for figure in figures}
    launched, stopped = published_totals()["2026-02", "cruise"]
    assert shares["2026-02", "stopped/cruise"] == pytest.approx(100 * stopped / launched)
