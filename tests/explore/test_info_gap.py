"""Information-gap robustness, against exact functions of the assumptions and a run with known effects."""

import doctest
from math import inf

import numpy as np
import pytest
from scipy.stats import norm

from octoplan.errors import RunError
from octoplan.explore import info_gap as module
from octoplan.explore.info_gap import (
    HORIZONS,
    critical_horizon,
    draws_at,
    info_gap,
    main_assumptions,
    moved_assumption,
    value_at,
)
from octoplan.explore.results import InfoGap, MovedAssumption
from octoplan.outcomes.finance import net_benefit
from octoplan.outcomes.sampling import latin_hypercube
from tests.outcomes.runs import pocket, ranged

SIZE = 64
UNIFORMS = latin_hypercube(1, ("a", "b", "noise"), SIZE)
DRAWS = norm.ppf(UNIFORMS)
"""(futures, 3) standard normal draws."""
MOVED = (MovedAssumption("a", 0.0, 1.0, 2.0), MovedAssumption("b", 0.0, -1.0, -2.0))
FUTURES = np.arange(SIZE)


def curve(limit: float, *, at_least: bool = True, noise: float = 0.0, draws: np.ndarray = DRAWS) -> InfoGap:
    """The curve of 10 - 4 a + 2 b and noise: 10 - 6 h up to a horizon of 1; of its negative if it must be at most."""

    def evaluate(changed: np.ndarray) -> np.ndarray:
        result = 10.0 - 4.0 * changed[:, 0] + 2.0 * changed[:, 1] + noise * changed[:, 2]
        return result if at_least else -result

    return info_gap("a", evaluate, draws, MOVED, (0, 1), limit, np.arange(len(draws)), 1, at_least=at_least)


def test_a_linear_result_has_its_exact_critical_horizon() -> None:
    """10 - 6 h is 7 at h = 0.5 and 5.5 at h = 0.75; each assumption has its value there."""
    result = curve(7.0)
    assert [item.value for item in result.result] == pytest.approx([10.0, 8.5, 7.0, 5.5, 4.0, -2.0])
    assert curve(6.1).critical == pytest.approx(0.65)
    assert [item.critical for item in curve(6.1).moved] == pytest.approx([0.65, -0.65])
    assert (curve(6.1).critical_low, curve(6.1).critical_high) == pytest.approx((0.65, 0.65))
    assert curve(1.0).critical == pytest.approx(1.25)
    assert curve(1.0).moved[0].critical == pytest.approx(1.5)


def test_a_largest_permitted_result_is_the_mirror_image() -> None:
    """A result that must be at most a limit has the critical horizon of its negative."""
    assert curve(-6.1, at_least=False).critical == pytest.approx(curve(6.1).critical)


def test_a_requirement_that_is_always_or_never_met() -> None:
    """The critical horizon is infinite if the requirement is met at all horizons, and 0 if it is missed at medians."""
    assert curve(-3.0).critical == inf
    assert np.isnan(curve(-3.0).moved[0].critical)
    missed = curve(11.0)
    assert (missed.critical, missed.critical_low, missed.critical_high) == (0.0, 0.0, 0.0)
    assert missed.moved[0].critical == 0.0


def test_the_interval_holds_the_critical_horizon() -> None:
    """With noise that no horizon changes, at least 88 of 100 intervals hold 0.65."""
    held = 0
    for seed in range(100):
        draws = np.random.default_rng(seed).normal(size=(256, 3))
        result = curve(6.1, noise=5.0, draws=draws)
        held += result.critical_low <= 0.65 <= result.critical_high
        assert 0.0 < result.critical_high - result.critical_low < 0.5
    assert held >= 88


def test_a_result_that_recovers_counts_until_it_is_first_missed() -> None:
    """Robustness is the largest horizon up to which the requirement is met throughout."""
    assert critical_horizon(np.array([1.0, -1.0, 1.0, 1.0, 1.0, 1.0])) == 0.125
    assert critical_horizon(np.array([1.0, 0.0, 0.0, 1.0, 1.0, 1.0])) == inf


def test_undefined_results_are_excluded_at_all_horizons_and_counted() -> None:
    """A future that fails at one horizon is left out at every horizon, so that results stay paired."""

    def failing(changed: np.ndarray) -> np.ndarray:
        values = changed[:, 2].copy()
        if changed[0, 0] == 1.0:
            values[[3, 9]] = np.nan
        return values

    result = info_gap("a", failing, DRAWS, MOVED, (0, 1), -9.0, FUTURES, 1, at_least=True)
    assert (result.futures, result.excluded) == (SIZE, 2)
    assert len({item.value for item in result.result}) == 1
    assert result.result[0].value == pytest.approx(np.delete(DRAWS[:, 2], [3, 9]).mean())
    with pytest.raises(RunError, match="undefined in each of 64 futures"):
        info_gap("a", lambda c: c[:, 0] * np.nan, DRAWS, MOVED, (0, 1), 0.0, FUTURES, 1, at_least=True)


def test_the_other_assumptions_stay_as_drawn() -> None:
    """Only the columns of the moved assumptions change, and the draws given are not modified."""
    before = DRAWS.copy()
    changed = draws_at(DRAWS, MOVED, (0, 2), 1.5)
    assert (changed[:, 0] == 2.0).all()
    assert (changed[:, 2] == -2.0).all()
    assert np.array_equal(changed[:, 1], DRAWS[:, 1])
    assert np.array_equal(DRAWS, before)


def test_values_stay_within_the_draws() -> None:
    """The ends are P10, P1 or P90, P99 of the draws, also if these are skewed."""
    draws = np.exp(DRAWS[:, 0])
    item = moved_assumption("a", draws, increases=True)
    assert item.end == pytest.approx(np.quantile(draws, 0.9))
    assert value_at(item, max(HORIZONS)) == item.extreme <= draws.max()
    assert moved_assumption("a", draws, increases=False).end == pytest.approx(np.quantile(draws, 0.1))


def test_directions_are_unfavourable() -> None:
    """Less damage a leaker is unfavourable to the net benefit, and more damage is for a largest permitted damage."""
    run = ranged()
    values = net_benefit(run)
    moved = {item.name: item for item in main_assumptions(run, values, at_least=True)}
    assert "threats.drone.damage" in moved
    damage = run.assumptions.values[:, run.scenario.columns.index("threats.drone.damage")]
    assert moved["threats.drone.damage"].end == pytest.approx(np.quantile(damage, 0.1))
    most = {item.name: item for item in main_assumptions(run, values, at_least=False)}
    assert most["threats.drone.damage"].end == pytest.approx(np.quantile(damage, 0.9))
    assert len(main_assumptions(run, values, at_least=True, count=1)) == 1


def test_invalid_input_is_refused() -> None:
    """Without an assumption that can move there is no curve."""
    with pytest.raises(RunError, match="name at least one with a range"):
        info_gap("a", lambda c: c[:, 0], DRAWS, (), (), 0.0, FUTURES, 1, at_least=True)
    with pytest.raises(ValueError, match="are invalid"):
        info_gap("a", lambda c: c[:, 0], DRAWS, MOVED, (0,), 0.0, FUTURES, 1, at_least=True)
    with pytest.raises(RunError, match="no assumption can be moved"):
        main_assumptions(pocket(), net_benefit(pocket()), at_least=True)


def test_examples() -> None:
    """The examples of the docstrings give the printed results."""
    results = doctest.testmod(module, extraglobs={"np": np})
    assert results.attempted > 0
    assert results.failed == 0
