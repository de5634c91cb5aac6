"""Backtest: a simulation with recorded raids, compared with published figures."""

import csv
import io
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy.stats import binom

from octoplan.errors import RecordError, RunError
from octoplan.outcomes.backtest import (
    Backtest,
    BacktestPeriod,
    FigureComparison,
    PublishedFigure,
    backtest,
    class_factors,
    inside_other_bands,
    leave_one_out_quantiles,
    published_figures,
    recorded_stopped_shares,
    with_recorded_raids,
)
from octoplan.raids.read.record import CLASSES, Record
from octoplan.scenario import load
from octoplan.scenario.arrays import Floats

FIRST, LAST = date(2025, 11, 1), date(2025, 12, 1)


def record(days: int = 61, first: date = FIRST) -> Record:
    """10, 11, 12, ... drones a day, all but one stopped; one cruise missile a day, stopped on alternate days."""
    launched, destroyed, lost = (np.zeros((days, len(CLASSES)), np.int64) for _ in range(3))
    launched[:, 0] = 10 + np.arange(days)
    destroyed[:, 0], lost[:, 0] = 7 + np.arange(days), 2
    launched[:, 1], destroyed[:, 1] = 1, np.arange(days) % 2
    known = np.ones(launched.shape, bool)
    start = np.datetime64(first) + np.arange(days)
    return Record(start, CLASSES, launched, destroyed, lost, known, "cd" * 32, "test.csv", "daily", (), ())


def with_unknown(raids: Record, day: int) -> Record:
    known = raids.is_known.copy()
    known[day, 0] = False
    return replace(raids, is_known=known)


@pytest.fixture(scope="module")
def two_months() -> Backtest:
    return backtest(load("octopus"), record(), FIRST, LAST, futures=6, seed=4)


def test_the_simulated_raids_are_those_of_the_record(two_months: Backtest) -> None:
    """Every future has the drones and missiles of the record in each month, and only the months of the backtest."""
    launched = two_months.run.data["launched"].sum("region")
    assert list(launched["month"].values) == ["2025-11", "2025-12"]
    drones = launched.sel(threat=["attack-drone", "decoy"]).sum("threat").values
    assert (drones == [10 * 30 + 435, 31 * 40 + 465]).all()
    missiles = launched.sel(threat=["cruise", "ballistic"]).sum("threat").values
    assert (missiles == [30, 31]).all()


def test_a_later_month_is_simulated_from_the_start(two_months: Backtest) -> None:
    """A backtest of December alone has the same figures and values as that of November and December."""
    december = backtest(load("octopus"), record(), LAST, LAST, futures=6, seed=4)
    assert {comparison.figure.month for comparison in december.comparisons} == {"2025-12"}
    expected = [comparison for comparison in two_months.comparisons if comparison.figure.month == "2025-12"]
    for alone, comparison in zip(december.comparisons, expected, strict=True):
        assert alone.figure == comparison.figure
        assert alone.values.tolist() == comparison.values.tolist()


def test_a_partial_last_month_is_compared_over_its_days() -> None:
    """With a record to 10 December, raids and stopped shares cover its days only, and a note says so."""
    result = backtest(load("octopus"), record(40), FIRST, LAST, futures=6, seed=4)
    launched = result.run.data["launched"].sum("region")
    drones = launched.sel(threat=["attack-drone", "decoy"]).sum("threat").values
    assert (drones == [10 * 30 + 435, sum(range(40, 50))]).all()
    shares = {(item.figure.month, item.figure.key): item.figure.value for item in result.comparisons}
    assert shares["2025-12", "stopped/drones"] == pytest.approx(100 * (445 - 10) / 445)
    assert "2025-12 is compared only with the record, which ends on 2025-12-10" in str(result)


def test_published_figures_of_a_partial_month_are_omitted() -> None:
    """Figures published for a whole month are not compared with part of it."""
    scenario = load("octopus")
    complete, partial = (record(days) for days in (120, 110))
    keys = [
        {item.figure.key for item in backtest(scenario, raids, FIRST, date(2026, 2, 1), futures=2).comparisons}
        for raids in (complete, partial)
    ]
    others = {figure.key for figure in published_figures(scenario) if figure.month == "2026-02"}
    assert others <= keys[0]
    assert not others & keys[1]


def test_stopped_shares_of_a_record() -> None:
    """A month's stopped share is the ratio of stopped to launched, excluding days with an unknown launched count."""
    raids = with_unknown(record(), 60)
    figures = recorded_stopped_shares(raids, ["2025-11", "2025-12"], ["cruise", "ballistic"])
    shares = {(figure.month, figure.key): figure.value for figure in figures}
    assert shares["2025-11", "stopped/drones"] == pytest.approx(100 * (735 - 30) / 735)
    december = sum(40 + day for day in range(30))
    assert shares["2025-12", "stopped/drones"] == pytest.approx(100 * (december - 30) / december)
    assert shares["2025-11", "stopped/cruise"] == pytest.approx(50)
    assert ("2025-11", "stopped/ballistic") not in shares


def test_the_table_counts_the_figures_inside(two_months: Backtest) -> None:
    """Every figure is in the table once with its band, and the number inside the band agrees with the rows."""
    rows = list(csv.DictReader(io.StringIO(two_months.table().csv(significant=6))))
    assert {(row["month"], row["key"]) for row in rows} == {
        (month, key) for month in ("2025-11", "2025-12") for key in ("stopped/drones", "stopped/cruise")
    }
    for row, comparison in zip(rows, two_months.comparisons, strict=True):
        low, value, high = (float(row[name]) for name in ("p10", "published", "p90"))
        assert (low <= value <= high) == bool(int(row["inside"])) == comparison.is_inside_band
        assert row["futures"] == "6"
    assert two_months.figures_inside_band == sum(int(row["inside"]) for row in rows)
    assert f"{two_months.figures_inside_band} of 4 published figures" in str(two_months)
    assert "requires at least 40 futures" in str(two_months)


def comparison_of(values: Floats, published: float = 5.0, month: str = "2025-11") -> FigureComparison:
    return FigureComparison(PublishedFigure(month, "sorties", published, "x"), "title", "unit", values)


def test_the_ends_of_the_band_are_inside() -> None:
    """A figure at an end of the band is inside, a figure beyond it is not; undefined futures are excluded."""
    assert comparison_of(np.linspace(4.5, 9.5, 11)).is_inside_band
    assert not comparison_of(np.linspace(4.6, 9.6, 11)).is_inside_band
    partly = comparison_of(np.array([*np.linspace(4.5, 9.5, 11), np.nan]))
    assert partly.quantiles == pytest.approx((5.0, 7.0, 9.0))
    assert "(defined in 11 of 12 futures)" in str(Backtest((partly,), None))  # type: ignore[arg-type]


def test_leave_one_out_quantiles() -> None:
    """Leave-one-out quantiles equal those of numpy for the remaining sample."""
    values = np.sort(np.random.default_rng(1).normal(size=17))
    for probability in (0.1, 0.5, 0.9):
        expected = [np.quantile(np.delete(values, i), probability) for i in range(17)]
        assert leave_one_out_quantiles(values, probability) == pytest.approx(expected, rel=1e-12)


def test_each_future_is_compared_with_the_band_of_the_others() -> None:
    """Of 1,001 distinct values, the 102nd to the 900th lie within the band of the other values."""
    values = np.random.default_rng(2).permutation(np.arange(1001.0))
    assert sorted(values[inside_other_bands(values)]) == list(range(101, 900))
    undefined = np.where(values < 5, np.nan, values)
    assert not inside_other_bands(undefined)[np.isnan(undefined)].any()


def test_the_expected_number_inside_allows_for_dependence() -> None:
    """The number inside is binomial for independent measures, and 0 or all for perfectly dependent measures."""
    rng = np.random.default_rng(3)
    run = None
    independent = tuple(comparison_of(rng.normal(size=4000)) for _ in range(20))
    common = rng.normal(size=4000)
    dependent = tuple(comparison_of(common + scale) for scale in range(20))
    assert Backtest(independent, run).expected_inside_band() == binom.interval(0.95, 20, 0.8)  # type: ignore[arg-type]
    assert Backtest(dependent, run).expected_inside_band() == (0, 20)  # type: ignore[arg-type]
    few = tuple(comparison_of(values.values[:39]) for values in independent)
    assert Backtest(few, run).expected_inside_band() is None  # type: ignore[arg-type]
    assert str(Backtest(dependent, run)).endswith("0 to 20 are expected (95 % interval)")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "first", "last", "message"),
    [
        ("octopus", date(2025, 10, 1), LAST, "is not within the scenario's months, 2025-11 to"),
        ("octopus", FIRST, date(2027, 11, 1), "from 2025-11 to 2027-11 is not within the scenario's months"),
        ("octopus", LAST, FIRST, "the last month, 2025-11, is before the first, 2025-12"),
        (
            "pocket",
            date(2026, 1, 1),
            date(2026, 1, 1),
            "the packages of the scenario must be named drones",
        ),
    ],
)
def test_months_outside_the_scenario_are_refused(name: str, first: date, last: date, message: str) -> None:
    """Months before the start or after the end, a reversed period, and other packages are errors."""
    with pytest.raises(RunError, match=message):
        BacktestPeriod.from_dates(load(name), first, last)


def test_a_record_without_the_required_days_is_refused() -> None:
    """A record that begins late or ends before the last month is refused with a message that states its days."""
    scenario = load("octopus")
    with pytest.raises(RunError, match="begins on 2025-11-05, but the scenario is simulated from its start on 2025-11"):
        with_recorded_raids(scenario, record(60, date(2025, 11, 5)), 2)
    with pytest.raises(RecordError, match="contains 2025-11-01 to 2025-11-30; 2025-11-01 to 2025-12-31 is not within"):
        with_recorded_raids(scenario, record(30), 2)


def test_unknown_counts_are_not_simulated_as_zero() -> None:
    """A day with an unknown launched count cannot be simulated; the message states class and date."""
    scenario, raids = load("octopus"), with_unknown(record(), 40)
    with pytest.raises(RunError, match="the launched count is unknown on 1 day, the first on 2025-12-11 for drones"):
        with_recorded_raids(scenario, raids, 2)
    assert len(with_recorded_raids(scenario, raids, 1).raid_counts) == 30


def test_published_figures_are_the_observations_of_whole_months() -> None:
    """Spans of months, dates and stopped shares are omitted; each figure has the address of its source."""
    figures = published_figures(load("octopus"))
    assert {(figure.month, figure.key) for figure in figures} == {
        ("2026-02", key) for key in ("sorties", "kills", "intercepted/drones")
    }
    assert all(figure.source.startswith("https://") for figure in figures)
    assert published_figures(load("pocket")) == ()


def test_given_raids_have_the_recorded_classes() -> None:
    """Cruise and ballistic missiles of a day have their recorded shares; other missiles have those of the weights.

    Drones, whose classes are not recorded, keep the weights of the scenario.
    """
    scenario, raids = load("octopus"), record()
    launched = raids.launched.copy()
    day, columns = 5, {name: CLASSES.index(name) for name in ("cruise", "ballistic", "other")}
    launched[day, 1:] = 0
    launched[day, [columns["cruise"], columns["ballistic"], columns["other"]]] = (6, 1, 5)
    factors = class_factors(scenario, replace(raids, launched=launched), 90)
    names = scenario.names.threats
    mix = np.array([scenario.row_of("threats", "mix", name).median for name in names])
    missiles = [names.index("cruise"), names.index("ballistic")]
    weights = (mix * factors[day])[missiles]
    share = mix[missiles[0]] / mix[missiles].sum()
    assert weights[0] / weights.sum() == pytest.approx((6 + 5 * share) / 12)
    assert (factors[:, [names.index("attack-drone"), names.index("decoy")]] == 1.0).all()
    assert (factors[61:] == 1.0).all()


def test_simulated_missiles_follow_the_recorded_classes() -> None:
    """With cruise missiles only in the record, no ballistic missile is simulated."""
    raids = record()
    launched = raids.launched.copy()
    column = CLASSES.index("cruise")
    launched[:, column] = launched[:, 1:].sum(axis=1)
    launched[:, [c for c in range(1, len(CLASSES)) if c != column]] = 0
    result = backtest(load("octopus"), replace(raids, launched=launched), FIRST, FIRST, futures=3)
    by_class = result.run.data["launched"].sum(("month", "region")).values
    names = result.run.compiled.names.threats
    assert by_class[:, names.index("ballistic")].sum() == 0
    assert by_class[:, names.index("cruise")].min() > 0
