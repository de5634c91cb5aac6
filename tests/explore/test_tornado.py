"""Tornado: means at the P10 and the P90 of an assumption, paired, for every measure."""

from functools import lru_cache

import numpy as np
import pytest

from octoplan.explore.evaluate import Evaluations, Results, results_of
from octoplan.explore.results import TornadoBar
from octoplan.explore.tornado import FUTURES, bar, counted, screen, tornado_bars
from octoplan.outcomes.simulate import simulate
from octoplan.outcomes.view import Measure
from octoplan.scenario.arrays import Floats
from tests.outcomes.runs import ranged

DAMAGE, LABOUR, KILL = "threats.drone.damage", "plants.bench.labour_rate", "lethality.pocket.drone.p_kill"


@lru_cache(maxsize=1)
def base() -> Results:
    return results_of(ranged())


@lru_cache(maxsize=1)
def bars() -> dict[tuple[str, str], TornadoBar]:
    run = ranged()
    items = tornado_bars(
        Evaluations(), run.scenario, run.assumptions.values, run.seed, (DAMAGE, LABOUR, KILL), base(), 32
    )
    assert len({(item.name, item.measure) for item in items}) == len(items) == 3 * len(base().described)
    return {(item.name, item.measure): item for item in items}


def draws(name: str) -> Floats:
    values: Floats = ranged().assumptions.values[:, ranged().scenario.columns.index(name)]
    return values


def test_the_ends_are_those_of_the_draws() -> None:
    """An assumption is at its P10 and its P90 of all futures of the base run."""
    for name in (DAMAGE, LABOUR, KILL):
        assert bars()[name, "leakers"].ends == pytest.approx(np.quantile(draws(name), (0.1, 0.9)), rel=1e-12)


@pytest.mark.parametrize(("end", "level"), [("low", 0.1), ("high", 0.9)])
def test_a_mean_is_that_of_the_scenario_with_this_value(end: str, level: float) -> None:
    """A scenario whose assumption is fixed at the value has the same futures, and the same mean of every measure."""
    value = float(np.quantile(draws(KILL), level))
    run = simulate(ranged().scenario.change({KILL: value}), 32, ranged().seed)
    for key, values in results_of(run).measures.items():
        finite = values[np.isfinite(values)]
        if len(finite) == 32:
            expected = finite.mean() * (100.0 if key.startswith("never/") else 1.0)
            assert getattr(bars()[KILL, key], end).value == pytest.approx(expected, rel=1e-9), key


def test_what_an_assumption_cannot_change_is_the_same_at_both_ends() -> None:
    """A wage changes no leaker, and the damage of a leaker no unit: the difference is zero, and so is its interval."""
    for item in (bars()[LABOUR, "leakers"], bars()[DAMAGE, "made"], bars()[DAMAGE, "spend"]):
        assert (item.difference.value, item.difference.low, item.difference.high) == (0.0, 0.0, 0.0)
        assert item.low.value == item.high.value == pytest.approx(item.unchanged, rel=1e-12)
        assert item.futures == 32


def test_damage_is_proportional_to_the_damage_of_a_leaker() -> None:
    """The damages of all leakers grow with their mean."""
    item = bars()[DAMAGE, "damage"]
    assert item.high.value / item.low.value == pytest.approx(item.ends[1] / item.ends[0], rel=1e-6)
    assert item.difference.low > 0.0


def test_the_difference_is_paired() -> None:
    """Its interval is that of the differences of the same futures, narrower than that of independent futures."""
    item = bars()[KILL, "leakers"]
    independent = np.hypot(item.low.high - item.low.value, item.high.high - item.high.value)
    assert item.difference.value == pytest.approx(item.high.value - item.low.value, rel=1e-9)
    assert item.difference.high - item.difference.value < 0.6 * independent
    assert item.difference.high < 0.0


def test_chances_are_percentages_and_never_is_after_the_last_month() -> None:
    """Means of chances are in per cent; a target never reached counts as reached in the month after the last."""
    month = Measure("reach/5", "", "", "month", np.zeros(0), "month")
    chance = Measure("never/5", "", "", "%", np.zeros(0), "chance")
    money = Measure("programme/cost/leaker", "", "", "GBP", np.zeros(0))
    values = np.array([0.0, 2.0, np.inf])
    assert counted(values, month, 3).tolist() == [0.0, 2.0, 3.0]
    assert counted(np.array([0.0, 1.0]), chance, 3).tolist() == [0.0, 100.0]
    assert counted(values, money, 3).tolist() == [0.0, 2.0, np.inf]


def test_futures_without_a_result_are_excluded_and_counted() -> None:
    """A future in which the result is undefined or infinite at one end is in neither mean."""
    low, high = np.array([1.0, np.nan, 3.0, 4.0]), np.array([2.0, 5.0, np.inf, 7.0])
    item = bar("a", "b", (0.0, 1.0), np.array([1.5, 1.0, 1.0, np.inf]), low, high)
    assert (item.low.value, item.high.value, item.difference.value, item.futures) == (2.5, 4.5, 2.0, 2)
    assert item.unchanged == 1.5
    nothing = bar("a", "b", (0.0, 1.0), low, low, np.full(4, np.nan))
    assert nothing.futures == 0
    assert np.isnan([nothing.low.value, nothing.difference.low, nothing.unchanged]).all()


def test_no_more_futures_than_the_run_has() -> None:
    """A run of few futures is simulated at the ends with as many."""
    run = ranged()
    items = tornado_bars(
        Evaluations(), run.scenario, run.assumptions.values[:5], run.seed, (KILL,), results_of(ranged()), FUTURES
    )
    assert {item.futures for item in items if item.measure == "leakers"} == {5}


@pytest.mark.parametrize(
    ("name", "message"),
    [("crews.initial", "crews.initial has no range"), ("crew.initial", "did you mean.*crews.initial")],
)
def test_an_assumption_without_ends_is_refused(name: str, message: str) -> None:
    """An unknown assumption and one without a range are named."""
    run = ranged()
    with pytest.raises(ValueError, match=message):
        tornado_bars(Evaluations(), run.scenario, run.assumptions.values, run.seed, (name,), base())


def test_the_largest_effects_are_screened() -> None:
    """The assumptions with the largest effects relative to the spread of a result come first, fixed ones never."""
    rng = np.random.default_rng(2)
    columns = rng.uniform(size=(400, 30))
    columns[:, 4] = 1.0
    first = 5.0 * columns[:, 3] + 2.5 * columns[:, 7] + 0.1 * rng.normal(size=400)
    second = 1e9 * (columns[:, 9] + 0.2 * rng.normal(size=400))
    first[::7] = np.nan
    names = tuple(f"a{i}" for i in range(30))
    results = {"first": first, "second": second, "never": np.full(400, np.inf), "same": np.ones(400)}
    chosen = screen(names, columns, results, 3)
    assert set(chosen[:2]) == {"a3", "a9"}
    assert chosen[2] == "a7"
    assert len(screen(names, columns, results, 50)) == 29
    assert screen(names, columns, {"never": np.full(400, np.inf)}) == ()
    assert screen(names[:1], np.ones((400, 1)), {"first": first}) == ()
