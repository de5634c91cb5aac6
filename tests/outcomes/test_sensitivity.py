"""Sensitivities and switching values of results whose dependence on an assumption is known."""

import numpy as np
import pytest
from scipy.stats import linregress

from octoplan.outcomes.run_results import RunResults
from octoplan.outcomes.sensitivity import (
    LARGE_EFFECT_SHARE,
    MIN_FUTURES_OF_DRIVERS,
    MIN_TAIL_FUTURES,
    Sensitivity,
    acts_on_threats,
    main_drivers,
    sensitivities,
    sensitivity,
    threshold,
    unconfirmed_drivers,
    zero_crossing,
)
from octoplan.scenario.arrays import Floats
from tests.outcomes.runs import calibrated, pocket, ranged

FUTURES = 400


def draws(name: str) -> Floats:
    run = ranged()
    values: Floats = run.assumptions.values[:, run.scenario.columns.index(name)]
    return values


def uncertain() -> list[str]:
    """Names of the assumptions that are drawn from a range."""
    return [assumption.name for assumption in ranged().scenario.assumptions if not assumption.is_fixed]


def test_a_line_has_its_slope_and_its_switching_value() -> None:
    """The effect is the slope times the distance between tail means; the switching value is the root of the line."""
    name = uncertain()[0]
    x = draws(name)
    at = float(np.quantile(x, 0.6))
    top = sensitivities(ranged(), 7.0 * (x - at))[0]
    fifth = FUTURES // 5
    ordered = np.sort(x)
    low, high = ordered[:fifth], ordered[-fifth:]
    assert top.assumption.name == name
    assert (top.low, top.high) == pytest.approx((7.0 * (low.mean() - at), 7.0 * (high.mean() - at)), rel=1e-9)
    assert top.difference == pytest.approx(7.0 * (high.mean() - low.mean()), rel=1e-9)
    assert top.error == pytest.approx(7.0 * np.sqrt((low.var(ddof=1) + high.var(ddof=1)) / fifth), rel=1e-9)
    assert top.switching_value == pytest.approx(at, rel=1e-9)
    assert top.switching_value_error == pytest.approx(0.0, abs=1e-6)
    assert top.distinguishable
    assert top.p10_p90 == pytest.approx(tuple(np.quantile(x, (0.1, 0.9))), rel=1e-12)
    assert top.futures == FUTURES


def test_effects_are_sorted_by_size() -> None:
    """The largest effect comes first, whatever its sign."""
    first, second = (draws(name) for name in uncertain()[:2])
    effects = sensitivities(ranged(), -5.0 * first / first.std() + 2.0 * second / second.std())
    assert [effect.assumption.name for effect in effects[:2]] == uncertain()[:2]
    assert effects[0].difference < 0 < effects[1].difference


@pytest.mark.parametrize(("level", "reported"), [(0.005, False), (0.02, True), (0.98, True), (0.995, False)])
def test_a_switching_value_is_reported_between_p1_and_p99(level: float, reported: bool) -> None:
    """A result that changes sign beyond P1 or P99 of the draws has no switching value, and an error of 0."""
    x = draws(uncertain()[0])
    top = sensitivities(ranged(), x - float(np.quantile(x, level)))[0]
    assert top.distinguishable
    assert (top.switching_value is not None) == reported
    assert reported or top.switching_value_error == 0.0


def test_noise_has_no_effect_distinguishable_from_zero() -> None:
    """In at least 19 of 20 samples of noise no assumption has an effect distinguishable from zero."""
    rng = np.random.default_rng(3)
    groups = (sensitivities(ranged(), rng.normal(size=FUTURES)) for _ in range(20))
    assert sum(any(effect.distinguishable for effect in group) for group in groups) <= 1


def test_an_effect_is_distinguishable_beyond_3_3_standard_errors() -> None:
    """The limit is 3.3 standard errors, on either side."""
    assumption = ranged().scenario.assumptions[0]

    def effect(size: float) -> Sensitivity:
        return Sensitivity(assumption, 1.0, 1.0 + size, 1.0, (0.0, 1.0), None, 0.0, 10)

    assert [effect(size).distinguishable for size in (3.2, 3.4, -3.2, -3.4)] == [False, True, False, True]


def test_too_few_futures_or_a_constant_have_no_sensitivity() -> None:
    """Fewer than five futures in a fifth, or a result that is the same in all futures, give no sensitivity."""
    assert MIN_TAIL_FUTURES == 5
    assert sensitivities(pocket(20), np.arange(20.0)) == ()
    assert sensitivities(ranged(), np.ones(FUTURES)) == ()
    x = draws(uncertain()[0])
    assert sensitivities(ranged(), np.where(np.arange(FUTURES) < 24, x, np.nan)) == ()
    assert sensitivities(ranged(), np.where(np.arange(FUTURES) < 25, x, np.nan)) != ()


def test_futures_without_a_finite_result_are_excluded_and_not_counted() -> None:
    """Futures in which the result is infinite or undefined do not affect the sensitivity."""
    x = draws(uncertain()[0])
    excluded = np.arange(FUTURES) % 4 == 0
    result = np.where(excluded, np.where(np.arange(FUTURES) % 8 == 0, np.inf, np.nan), x)
    top = sensitivities(ranged(), result)[0]
    rest = np.sort(x[~excluded])
    assert top.low == pytest.approx(rest[: len(rest) // 5].mean(), rel=1e-12)
    assert top.futures == 300


def test_a_flat_line_and_two_points_have_no_switching_value() -> None:
    """If the slope is zero, or there are only two points, there is no switching value."""
    x = np.arange(10.0)
    assert zero_crossing(x, np.full(10, 3.0)) == (None, 0.0)
    assert zero_crossing(x[:2], x[:2]) == (None, 0.0)
    value, error = zero_crossing(np.array([0.0, 1.0, 2.0]), np.array([1.0, 0.0, -1.0]))
    assert value == pytest.approx(1.0, rel=1e-12)
    assert error == pytest.approx(0.0, abs=1e-9)


def test_an_effect_that_is_not_distinguishable_from_zero_has_no_switching_value() -> None:
    """A regression line through noise crosses zero, but no switching value is reported."""
    rng = np.random.default_rng(8)
    x = np.linspace(-1.0, 1.0, 100)
    effect = sensitivity(ranged().scenario.assumptions[0], x, rng.normal(size=100) + 0.01 * x)
    assert not effect.distinguishable
    assert (effect.switching_value, effect.switching_value_error) == (None, 0.0)


def test_a_switching_value_has_the_error_of_its_line() -> None:
    """Over 1,000 noisy lines the mean standard error is the standard deviation of the values, within sampling error."""
    rng = np.random.default_rng(5)
    x = np.linspace(0.0, 1.0, 200)
    pairs = [zero_crossing(x, 2.0 * x - 1.0 + rng.normal(scale=0.5, size=200)) for _ in range(1000)]
    values, errors = (np.array(column, float) for column in zip(*pairs, strict=True))
    assert values.mean() == pytest.approx(0.5, abs=4 * values.std() / np.sqrt(1000))
    assert values.std() == pytest.approx(errors.mean(), rel=4 / np.sqrt(2 * 1000))


def test_the_line_is_that_of_scipy() -> None:
    """Value and standard error are those of ``scipy.stats.linregress``, by the delta method."""
    rng = np.random.default_rng(3)
    x, noise = rng.normal(3.0, 2.0, 50), rng.normal(size=50)
    value, error = zero_crossing(x, 2.0 * x + noise)
    line = linregress(x - x.mean(), 2.0 * x + noise)
    distance = -line.intercept / line.slope
    assert value == pytest.approx(x.mean() + distance, rel=1e-12)
    assert error == pytest.approx(np.hypot(line.intercept_stderr, distance * line.stderr) / line.slope, rel=1e-12)


def test_main_drivers_are_the_large_effects() -> None:
    """Main drivers are the distinguishable effects of at least half the largest, in the order of their size."""
    first, second, third = (draws(name) / draws(name).std() for name in uncertain()[:3])
    noise = np.random.default_rng(2).normal(size=FUTURES)
    results = {"sum": 4.0 * first - 5.0 * second + third + 0.1 * noise, "noise": noise, "constant": np.ones(FUTURES)}
    results["partly"] = np.where(np.arange(FUTURES) % 3 == 0, np.inf, results["sum"])
    drivers = main_drivers(ranged(), results)
    for name in ("sum", "partly"):
        effects = [item for item in sensitivities(ranged(), results[name]) if item.distinguishable]
        largest = abs(effects[0].difference)
        large = [item.assumption for item in effects if abs(item.difference) >= LARGE_EFFECT_SHARE * largest]
        assert drivers[name] == tuple(large)
        assert [assumption.name for assumption in large] == [uncertain()[1], uncertain()[0]]
    assert drivers["noise"] == drivers["constant"] == ()


def test_few_futures_have_no_main_drivers() -> None:
    """Below the minimum number of futures with a finite result no driver is named."""
    x = draws(uncertain()[0])
    for futures, expected in ((MIN_FUTURES_OF_DRIVERS - 1, 0), (MIN_FUTURES_OF_DRIVERS, 1)):
        result = np.where(np.arange(FUTURES) < futures, x, np.nan)
        assert len(main_drivers(ranged(), {"x": result})["x"]) == expected


def test_an_assumption_without_an_effect_is_rarely_a_main_driver() -> None:
    """Of 400 results that are noise, at most the stated share and its sampling error have a driver."""
    rng = np.random.default_rng(11)
    results = {str(i): rng.normal(size=FUTURES) for i in range(400)}
    false_drivers = sum(bool(drivers) for drivers in main_drivers(ranged(), results).values())
    assert false_drivers <= 400 * 0.05 + 3 * np.sqrt(400 * 0.05 * 0.95)
    assert threshold(FUTURES, 4) >= 3.3
    assert threshold(100, 300) > threshold(1000, 300) > threshold(1000, 100)


def test_only_red_assumptions_that_are_not_informed_are_unconfirmed() -> None:
    """Of the main drivers, those are named that are rated red and not informed, with joint draws or without."""
    names = ("lethality.pocket.drone.p_kill", "threats.drone.damage", "plants.bench.labour_rate")
    for run, expected in ((ranged(), set(names)), (calibrated(), set(names[1:]))):
        columns = [run.assumptions.values[:, run.scenario.columns.index(name)] for name in names]
        result = sum(column / column.std() for column in columns)
        assert {a.name for a in main_drivers(run, {"sum": result})["sum"]} == set(names)
        assert {a.name for a in unconfirmed_drivers(run, {"sum": result})["sum"]} == expected


def test_prices_do_not_act_on_threats_unless_there_is_a_budget() -> None:
    """Prices, exchange rates and optimism bias cannot change leakers; with a budget, what is bought depends on them."""
    scenario = ranged().scenario
    acting = {a.name for a in scenario.assumptions if not a.is_fixed and acts_on_threats(scenario, a)}
    assert acting == {"lethality.pocket.drone.p_kill"}
    names = {item.assumption.name for item in RunResults(ranged()).leakers_sensitivity}
    assert names == acting
    limited = scenario.with_decisions(scenario.files["decisions.toml"].decode() + '\n[budget]\ntreasury = "1 MGBP"\n')
    assert all(acts_on_threats(limited, a) for a in limited.assumptions)
